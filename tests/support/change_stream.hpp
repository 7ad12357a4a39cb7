#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bazaar/postgres/connection.hpp"
#include "support/sql_client.hpp"

namespace bazaar::test
{

/// A change as test_decoding prints it.
struct decoded
{
    std::string xid, table, op, text;
};

/// Makes the logical slot 'tap', and the tables of schema demo such that it shows rows before their updates.
void tap_stream(sql_client& on);

/// Everything in schema demo since the last look at the slot, or since it was made.
[[nodiscard]] std::vector<decoded> read_slot(sql_client& on);

/// What is wrong with a stream: torn or unordered units, rows that come twice, updates that change nothing.
[[nodiscard]] std::vector<std::string> stream_faults(const std::vector<decoded>& changes);

/// The report of `verify stream`, which is to end with this status, on so many seconds ("4s"); `meanwhile` happens after the
/// stream has begun.
[[nodiscard]] nlohmann::json verify_stream_for(const std::string& duration, int status,
                                               const postgres::connection_flags& database, sql_client& on,
                                               const std::function<void()>& meanwhile = {});

}  // namespace bazaar::test
