#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/scenario/declared/problems.hpp"
#include "bazaar/scenario/declared/tree.hpp"

/// The keys of TestDataPy's files.
namespace bazaar::scenario::declared::theirs
{

enum class form : std::uint8_t
{
    text,
    word,  ///< One of `of`.
    integer,
    number,
    boolean,
    scalar,  ///< Any.
    list,    ///< Of scalars.
    map,
    any,
};

struct key
{
    std::string_view in;  ///< Blocks, with blanks between: "master transaction"; of a field its types.
    std::string_view name;
    form is = form::text;
    std::string_view of{};
    std::string_view low{};
    std::string_view high{};
    bool required = false;
};

/// Types of fields.
[[nodiscard]] std::span<const std::string_view> field_types() noexcept;

/// True, False, yes: as their reader takes it. Nothing where it is none.
[[nodiscard]] bool is_truth(std::string_view text, bool& value) noexcept;

/// Tells of unknown and missing keys of a block and of values that are not of their form. False where `here` is no map.
bool check_block(const node& here, std::string_view block, std::string_view path, problems& to);

/// "near: a, b" of words.
[[nodiscard]] std::string near(std::string_view word, std::vector<std::string_view> known, std::size_t count = 1);

}  // namespace bazaar::scenario::declared::theirs
