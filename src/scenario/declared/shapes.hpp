#pragma once

#include <string>
#include <string_view>

#include "bazaar/scenario/declared/keys.hpp"
#include "bazaar/scenario/declared/problems.hpp"
#include "bazaar/scenario/declared/tree.hpp"

namespace bazaar::scenario::declared
{

/// Tells of all that the table of keys says of a tree: unknown keys, those that do nothing where they stand or are missing, and values that
/// are not of their form or beyond their range. What names refer to is not looked at.
void check_shapes(const node& root, problems& to);

/// "orders.links.cust.to": how problems call a key. What holds tables, units and columns is left out.
[[nodiscard]] std::string joined_path(std::string_view path, std::string_view key);

/// "= EXPR"; the byte at which the expression begins, or npos where it is none.
[[nodiscard]] std::size_t expression_start(const node& value) noexcept;

/// A value that is not there: "key:" and nothing behind it.
[[nodiscard]] bool is_left_out(const node& value) noexcept;

}  // namespace bazaar::scenario::declared
