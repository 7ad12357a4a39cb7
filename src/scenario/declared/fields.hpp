#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/scenario/declared/keys.hpp"
#include "bazaar/scenario/declared/scalars.hpp"
#include "bazaar/scenario/declared/tree.hpp"

namespace bazaar::scenario::declared
{

/// A map of the tree as a block of the table of keys. It asks for keys of that block alone, and answers with nothing for one that is not there
/// or not of its form, of which `check_shapes` has told.
///
/// Lifetime: of the tree.
class fields
{
public:
    fields() = default;
    fields(const node& here, std::string_view block, std::string path)
        : here_(&here), block_(block), path_(std::move(path))
    {
    }

    [[nodiscard]] const node& here() const noexcept { return *here_; }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] std::string path_of(std::string_view key) const;

    /// Throws `internal` for a key that is not in the table of keys.
    [[nodiscard]] const entry* find(std::string_view key) const;

    /// A key whose value is one scalar.
    [[nodiscard]] const entry* scalar(std::string_view key) const;

    /// A key whose value is a map of that block.
    [[nodiscard]] std::optional<fields> block(std::string_view key) const;

    /// What a key holds that takes one map of a block or a list of them.
    [[nodiscard]] std::vector<fields> blocks(std::string_view key) const;

    /// The entries of a map of names; none where it is not there.
    [[nodiscard]] const std::vector<entry>& entries(std::string_view key) const;

    /// The scalars of a list, or the one scalar.
    [[nodiscard]] std::vector<entry> scalars(std::string_view key) const;

    [[nodiscard]] std::string text(std::string_view key) const;
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key) const;
    [[nodiscard]] std::optional<std::int64_t> units(std::string_view key, int scale) const;
    [[nodiscard]] std::optional<bool> boolean(std::string_view key) const;
    [[nodiscard]] std::optional<std::uint32_t> share(std::string_view key) const;
    [[nodiscard]] std::optional<std::int64_t> duration(std::string_view key) const;
    [[nodiscard]] std::optional<range> durations(std::string_view key) const;

    /// The number of the word among those of the key; 0 where it is left out.
    [[nodiscard]] std::size_t word(std::string_view key) const;

    /// The one head of the block that is there; empty where there is none.
    [[nodiscard]] std::string_view head() const;

private:
    const node* here_ = nullptr;
    std::string_view block_;
    std::string path_;
};

}  // namespace bazaar::scenario::declared
