#pragma once

#include <cstdint>

#include "bazaar/base/id.hpp"

namespace bazaar::verify
{

/// A row of a planned table, as one number: 4 bits of the table, 40 of the row.
using row_key = std::uint64_t;

constexpr row_key key_of(std::uint8_t table, std::uint64_t row)
{
    return std::uint64_t{table} << 40 | row;
}
constexpr row_key key_of(const row_id& id)
{
    return key_of(id.table, id.row);
}
constexpr std::uint8_t table_of(row_key key)
{
    return static_cast<std::uint8_t>(key >> 40);
}
constexpr std::uint64_t row_of(row_key key)
{
    return key & (row_end - 1);
}

}  // namespace bazaar::verify
