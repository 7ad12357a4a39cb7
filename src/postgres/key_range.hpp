#pragma once

#include <algorithm>
#include <cstdint>

#include "bazaar/base/id.hpp"

namespace bazaar::postgres
{

/// The ids among which all of one run's rows of one table lie.
struct id_range
{
    uuid low{};
    uuid high{};
};

/// Tag, table and row number lead an id; the last 60 bits are the unit and the check.
[[nodiscard]] inline id_range key_range(const id_codec& ids, std::uint8_t table)
{
    id_range range{ids.encode({table, 0, 0}), ids.encode({table, row_end - 1, no_unit})};
    range.low[8] &= 0xf0;
    range.high[8] |= 0x0f;
    std::fill(range.low.begin() + 9, range.low.end(), std::uint8_t{0});
    std::fill(range.high.begin() + 9, range.high.end(), std::uint8_t{0xff});
    return range;
}

}  // namespace bazaar::postgres
