#pragma once

#include "tables_work.hpp"

namespace bazaar::verify
{

/// Compares a table that no unit changes: few rows, which stand nowhere in the plan, by key.
void compare_fixed(tables_work& work, std::uint8_t table);

}  // namespace bazaar::verify
