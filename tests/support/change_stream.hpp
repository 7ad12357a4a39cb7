#pragma once

#include <string>
#include <vector>

#include "bazaar/postgres/session.hpp"

namespace bazaar::test
{

/// A change as test_decoding prints it.
struct decoded
{
    std::string xid, table, op, text;
};

/// Makes the logical slot 'tap', and the tables of schema demo such that it shows rows before their updates.
void tap_stream(postgres::session& on);

/// Everything in schema demo since the last look at the slot, or since it was made.
[[nodiscard]] std::vector<decoded> read_slot(postgres::session& on);

/// What is wrong with a stream: torn or unordered units, rows that come twice, updates that change nothing.
[[nodiscard]] std::vector<std::string> stream_faults(const std::vector<decoded>& changes);

}  // namespace bazaar::test
