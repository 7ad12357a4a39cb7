#include "own_tables.hpp"

#include <array>

#include <fmt/format.h>

namespace bazaar::postgres
{
namespace
{

using column = own_table::column;

constexpr std::string_view timestamp = "timestamp with time zone";

/// What makes the plan, and how far it is made true. The mark of settled units moves every few seconds, and with it
/// `renewed_at`: a lease whose holder does not move it for a lease time may be taken over.
constexpr std::array run_table_columns{
    column{"schema_name", "text", "NOT NULL"},
    column{"run", "text", "NOT NULL"},
    column{"tag", "integer", "NOT NULL"},
    column{"seed", "numeric(20,0)", "NOT NULL"},
    column{"scenario", "text", "NOT NULL"},
    column{"scenario_version", "bigint", "NOT NULL"},
    column{"catalogue", "numeric(20,0)", "NOT NULL"},
    column{"start", timestamp, "NOT NULL"},
    column{"window_units", "bigint", "NOT NULL"},
    column{"settings", "jsonb", "NOT NULL"},
    column{"settled", "bigint", "NOT NULL"},
    column{"clean", "boolean", "NOT NULL"},
    column{"live", "boolean", "NOT NULL"},
    column{"removing", "boolean", "NOT NULL DEFAULT false"},
    column{"renewed_at", timestamp, "NOT NULL DEFAULT clock_timestamp()"},
    column{"created_at", timestamp, "NOT NULL DEFAULT now()"},
};

/// Who owns a run. Every unit reads its row, so it changes with the owner alone: a row that moved every few seconds would
/// grow a long chain of dead versions behind any long transaction.
constexpr std::array lease_columns{
    column{"schema_name", "text", "NOT NULL"},
    column{"tag", "integer", "NOT NULL"},
    column{"run", "text", "NOT NULL"},
    column{"epoch", "bigint", "NOT NULL"},
    column{"holder", "text", "NOT NULL"},
    column{"session_name", "text", "NOT NULL"},
    column{"taken_at", timestamp, "NOT NULL DEFAULT clock_timestamp()"},
};

constexpr std::array control_columns{
    column{"schema_name", "text", "NOT NULL"},
    column{"run", "text", "NOT NULL"},
    column{"sequence", "bigint", "NOT NULL"},
    column{"unit", "bigint", "NOT NULL"},
    column{"kind", "text", "NOT NULL"},
    column{"field", "text", ""},
    column{"value", "bigint", "NOT NULL"},
    column{"at", timestamp, "NOT NULL"},
    column{"recorded_at", timestamp, "NOT NULL DEFAULT now()"},
};

constexpr std::array digest_columns{
    column{"schema_name", "text", "NOT NULL"},     column{"run", "text", "NOT NULL"},
    column{"unit", "bigint", "NOT NULL"},          column{"steps", "bigint", "NOT NULL"},
    column{"digest", "numeric(20,0)", "NOT NULL"}, column{"recorded_at", timestamp, "NOT NULL DEFAULT now()"},
};

/// A cache: the state of the planner at a checkpoint, in pieces. Two slots take turns, so that one is whole at any time.
constexpr std::array saved_plan_columns{
    column{"schema_name", "text", "NOT NULL"}, column{"run", "text", "NOT NULL"},
    column{"slot", "integer", "NOT NULL"},     column{"piece", "integer", "NOT NULL"},
    column{"unit", "bigint", "NOT NULL"},      column{"pieces", "integer", "NOT NULL"},
    column{"state", "bytea", "NOT NULL"},
};

/// The file that defines the scenario of a run, if one does.
constexpr std::array scenario_text_columns{
    column{"schema_name", "text", "NOT NULL"},
    column{"run", "text", "NOT NULL"},
    column{"body", "text", "NOT NULL"},
};

constexpr std::array<own_table, 6> tables{{
    {"run", run_table_columns, "schema_name, run", ",\n    CONSTRAINT run_tag_key UNIQUE (schema_name, tag)",
     "SELECT, INSERT, UPDATE"},
    {"lease", lease_columns, "schema_name, tag", "", "SELECT, INSERT, UPDATE"},
    {"control", control_columns, "schema_name, run, sequence", "", "SELECT, INSERT"},
    {"digest", digest_columns, "schema_name, run, unit", "", "SELECT, INSERT"},
    {"saved_plan", saved_plan_columns, "schema_name, run, slot, piece", "", "SELECT, INSERT, UPDATE"},
    {"scenario_text", scenario_text_columns, "schema_name, run", "", "SELECT, INSERT"},
}};

}  // namespace

std::span<const own_table> own_tables() noexcept
{
    return tables;
}

bool has_own_table(session& on, std::string_view name)
{
    return on.exec("SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                   "WHERE n.nspname = $1 AND c.relname = $2",
                   {own_schema, name})
               .rows() > 0;
}

std::string create_sql(const own_table& t)
{
    std::string text = fmt::format("CREATE TABLE {}.{} (\n", own_schema, t.name);
    for (const auto& c : t.columns)
        text += fmt::format("    {} {}{}{},\n", c.name, c.type, c.rest.empty() ? "" : " ", c.rest);
    return text + fmt::format("    CONSTRAINT {}_pkey PRIMARY KEY ({}){}\n)", t.name, t.key, t.constraints);
}

}  // namespace bazaar::postgres
