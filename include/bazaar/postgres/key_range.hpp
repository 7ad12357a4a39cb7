#pragma once

#include <algorithm>
#include <cstdint>

#include "bazaar/base/id.hpp"

namespace bazaar::postgres
{

/// Two ids and all between them.
struct id_range
{
    uuid low{};
    uuid high{};
};

/// The ids among which the rows `first` to `last` of one run's table lie. Tag, table and row number lead an id; the
/// last 60 bits are the unit and the check.
[[nodiscard]] inline id_range key_range(const id_codec& ids, std::uint8_t table, std::uint64_t first,
                                        std::uint64_t last)
{
    id_range range{ids.encode({table, first, 0}), ids.encode({table, last, no_unit})};
    range.low[8] &= 0xf0;
    range.high[8] |= 0x0f;
    std::fill(range.low.begin() + 9, range.low.end(), std::uint8_t{0});
    std::fill(range.high.begin() + 9, range.high.end(), std::uint8_t{0xff});
    return range;
}

/// The ids of all rows of the table.
[[nodiscard]] inline id_range key_range(const id_codec& ids, std::uint8_t table)
{
    return key_range(ids, table, 0, row_end - 1);
}

}  // namespace bazaar::postgres
