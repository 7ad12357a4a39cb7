#pragma once

#include <span>
#include <string>
#include <vector>

#include "bazaar/model/table.hpp"
#include "bazaar/model/unit.hpp"

namespace bazaar::model
{

/// What is wrong with the tables and kinds of unit of a scenario, a line each; nothing where they can be written. All problems at
/// once: keys that do not fit their column, columns that refer to another kind of key, kinds of unit with two targets.
[[nodiscard]] std::vector<std::string> problems_of(std::span<const table> tables, std::span<const unit_kind> kinds);

}  // namespace bazaar::model
