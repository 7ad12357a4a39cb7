#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/model/table.hpp"
#include "catalogue.hpp"

// What is there, compared with what must be.

namespace bazaar::postgres
{

/// A difference each, in words.
using lines = std::vector<std::string>;

/// Of the schema of a shop with these tables.
[[nodiscard]] lines compare_shop(const catalogue& there, std::string_view schema, std::span<const model::table> tables);

/// Of the schema `bazaard`.
[[nodiscard]] lines compare_own(const catalogue& there);

}  // namespace bazaar::postgres
