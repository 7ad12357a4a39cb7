#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bazaar::scenario::declared
{

/// A place in a scenario file; lines and columns count from 1, columns in characters.
struct mark
{
    std::uint32_t line = 1;
    std::uint32_t column = 1;
    std::uint32_t file = 0;  ///< Which file it is, where one extends another: 0 is the one that was asked for.

    friend constexpr bool operator==(const mark&, const mark&) = default;
    friend constexpr auto operator<=>(const mark& a, const mark& b) noexcept
    {
        if (a.file != b.file)
            return a.file <=> b.file;
        return a.line != b.line ? a.line <=> b.line : a.column <=> b.column;
    }
};

enum class shape : std::uint8_t
{
    scalar,
    list,
    map,
};

struct entry;

/// A value of a scenario file, with its place. A tree of these is what the interpreter is given: it reads no files itself.
///
/// Scalars are text and nothing else: "NO", "1e3" and "null" are what they look like. Their type comes from where they stand.
struct node
{
    shape is = shape::scalar;
    bool quoted =
        false;  ///< Of a scalar: in quotes, or a block behind | or >. Where not, an empty one is a value left out.
    mark at;
    std::string text;            ///< Of a scalar.
    std::vector<node> items;     ///< Of a list.
    std::vector<entry> entries;  ///< Of a map, in the order of the file; no key stands twice.

    /// Where the text of a scalar begins, if it stands in one line of the file just as it is here; else the line is 0.
    mark verbatim{0, 0};

    /// The entry of that key of a map; none where it is not there, and of what is no map.
    [[nodiscard]] const entry* find(std::string_view key) const noexcept;

    /// The place of a byte of a scalar's text; the scalar's own where its text does not stand in the file as it is here.
    [[nodiscard]] mark place_of(std::size_t byte) const noexcept;
};

struct entry
{
    std::string key;
    mark at;  ///< Of the key.
    node value;
};

}  // namespace bazaar::scenario::declared
