#pragma once

#include <cstdint>
#include <vector>

#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/value.hpp"
#include "bazaar/verify/event.hpp"

namespace bazaar::verify
{

/// What is kept of a row instead of its values: enough to tell that it is another one, and in which columns.
struct row_print
{
    std::uint64_t whole = 0;            ///< Of all columns that `told` has.
    std::uint64_t told = 0;             ///< A bit for each column; none beyond the 64th.
    std::vector<std::uint8_t> columns;  ///< A byte for each column.

    friend bool operator==(const row_print&, const row_print&) = default;
};

/// Print of a planned row, as far as `mask` has its columns.
void print_row(std::span<const model::value> row, std::uint64_t mask, const model::key_codec& ids, row_print& out);

/// Print of a row that an event tells. Moments that are coarser than a microsecond are left out.
void print_row(const told_row& row, row_print& out);

}  // namespace bazaar::verify
