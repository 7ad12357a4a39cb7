#pragma once

#include <cstdint>
#include <vector>

#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/value.hpp"
#include "bazaar/verify/event.hpp"

namespace bazaar::verify
{

/// A fingerprint of a row, kept instead of its values: it shows whether another row differs, and in which columns.
struct row_print
{
    std::uint64_t whole = 0;             ///< Print of all columns in `told`.
    std::uint64_t told = 0;              ///< A bit for each column; none beyond the 64th.
    std::vector<std::uint16_t> columns;  ///< Two bytes for each column.

    friend bool operator==(const row_print&, const row_print&) = default;
};

/// Print of the columns of a planned row that are in `mask`.
void print_row(std::span<const model::value> row, std::uint64_t mask, const model::key_codec& ids, row_print& out);

/// Print of a row in an event. Timestamps that are coarser than a microsecond are left out.
void print_row(const told_row& row, row_print& out);

}  // namespace bazaar::verify
