#pragma once

#include <cstdint>

#include "bazaar/scenario/scenario.hpp"

namespace bazaar::scenario
{

/// The rows of a table before unit 0: the initial ones of a planned table, all of a fixed one.
inline void first_rows(const scenario& shop, std::uint8_t table, time start, const row_taker& take)
{
    if (shop.tables()[table].kept_by == model::role::fixed)
        shop.fixed_rows(table, take);
    else if (shop.tables()[table].kept_by == model::role::planned)
        shop.initial_rows(table, start, take);
}

}  // namespace bazaar::scenario
