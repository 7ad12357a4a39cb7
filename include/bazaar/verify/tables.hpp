#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string_view>
#include <vector>

#include "bazaar/base/id.hpp"
#include "bazaar/postgres/session.hpp"
#include "bazaar/run/record.hpp"
#include "bazaar/scenario/scenario.hpp"
#include "bazaar/verify/report.hpp"

namespace bazaar::verify
{

/// How far a comparison of tables has come.
struct tables_progress
{
    std::string_view step;          ///< "comparing", "looking at 3 blocks that differ"
    unit_no units = 0;              ///< Planned again.
    unit_no units_all = 0;          ///< To be planned again.
    std::uint64_t rows = 0;         ///< Read.
    std::uint64_t rows_about = 0;   ///< In the tables by the server's statistics; 0: unknown.
    std::uint64_t rows_wanted = 0;  ///< According to the plan, as far as it is planned.
};

/// What tables are compared with, and what is known about it.
struct tables_request
{
    const scenario::scenario& shop;
    const run::record& recorded;  ///< Its schema is that of the tables.

    unit_no demanded = 0;            ///< Units below must be there.
    bool demand_by_rows = true;      ///< So must all units up to W below the highest existing one.
    bool in_order = true;            ///< Units arrive complete and in order; not if a sink fills table by table.
    unit_no announced = 0;           ///< Units below were settled at the source before the tables were looked at.
    unit_no sent_below = 0;          ///< Units up to W from here may have been sent.
    std::optional<unit_no> known{};  ///< Nothing is known about units from here on,
    bool ended = false;              ///< except that none was ever sent.
    bool own_rows = false;           ///< The run is recorded in the database of the tables.

    std::vector<id_codec> others{};  ///< Ids of the schema's other runs.
    bool others_known = false;       ///< `others` is complete.

    unsigned threads = 1;  ///< Number of threads that make the plan's rows, besides the one that reads the tables.
    std::stop_token stop{};
    std::function<void(const tables_progress&)> progress{};
};

/// Compares the tables of one schema with the plan: finds rows that are missing, unplanned, older or different.
/// Includes fixed tables, but not heartbeat tables.
///
/// `on` must be in a transaction with one snapshot. Limits: memory grows by only 8 bytes per 4,096 rows; in tables that
/// differ in more than 512 blocks, some hundred are compared row by row, the others are counted. Threads: one, and
/// those that it starts. Errors: `config` if a table does not exist, or its rows are of another seed; those of the
/// session. A stop ends it early, and the report is partial.
void compare_tables(postgres::session& on, const tables_request& with, report& out);

}  // namespace bazaar::verify
