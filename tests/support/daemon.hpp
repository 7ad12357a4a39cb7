#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bazaar/postgres/connection.hpp"
#include "cli/process.hpp"
#include "support/sql_client.hpp"

namespace bazaar::test
{

/// Flags that lead the daemon to a database.
[[nodiscard]] std::vector<std::string> database_arguments(const postgres::connection_flags& flags);

/// The daemon with a command of its own, at work beside the test.
[[nodiscard]] process start_bazaard(std::string command, const postgres::connection_flags& flags,
                                    std::vector<std::string> arguments);

/// The same, to its end; two minutes at most.
[[nodiscard]] finished run_bazaard(std::string command, const postgres::connection_flags& flags,
                                   std::vector<std::string> arguments);

/// One digest per table of theLook in schema demo, heartbeat left out: equal tables, equal digests.
[[nodiscard]] std::string table_digests(sql_client& on);

/// A named query of sql/thelook/invariants.sql, or a named statement of corruptions.sql.
struct named_sql
{
    std::string name;
    std::string sql;
};

/// The pieces of a file that begin with a comment line `-- MARK: name`, or `-- prepare`; what stands before the first is
/// passed over.
[[nodiscard]] std::vector<named_sql> read_named_sql(std::string_view file, std::string_view mark);

/// Names of the invariants that have a row, each with its first row. Reads one snapshot.
[[nodiscard]] std::string broken_invariants(sql_client& on);

}  // namespace bazaar::test
