#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/identifier.hpp"
#include "bazaar/postgres/schema.hpp"
#include "columns.hpp"

namespace bazaar::postgres
{
namespace
{

/// Words that PostgreSQL 14 to 18 take as a table's or a column's name only in quotes. In order.
constexpr std::array<std::string_view, 97> reserved{
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "placing",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "session_user",
    "similar",
    "some",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
};
constexpr std::array<std::string_view, 7> more_reserved{"variadic", "verbose", "when",  "where",
                                                        "window",   "with",    "values"};

/// Quoted only where it has to be: the text is for people, too.
std::string plain(std::string_view name)
{
    const bool simple = !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
                        std::ranges::all_of(name, [](char c)
                                            { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
    const bool word = std::ranges::find(reserved, name) != reserved.end() ||
                      std::ranges::find(more_reserved, name) != more_reserved.end();
    const auto quoted = quote_identifier(name);  // Checked in any case.
    return simple && !word ? std::string(name) : quoted;
}

void add_table(std::string& out, const std::string& place, const model::table& t)
{
    const auto numbers = live_columns(t);
    std::vector<std::string> lines;
    for (const auto number : numbers)
    {
        const auto& column = t.columns[number];
        lines.push_back(
            fmt::format("{} {}{}", plain(column.name), column.sql_type, column.nullable ? "" : " NOT NULL"));
    }
    lines.push_back(fmt::format("CONSTRAINT {} PRIMARY KEY ({})", plain(std::string(t.name) + "_pkey"),
                                plain(t.columns[t.key].name)));
    for (const auto& check : t.checks)
        lines.push_back(fmt::format("CONSTRAINT {} CHECK ({})", plain(check.name), check.expression));
    out += fmt::format("\nCREATE TABLE {}{} (\n    {}\n);\n", place, plain(t.name), fmt::join(lines, ",\n    "));
    for (const auto& index : t.indexes)
        out += fmt::format("CREATE {}INDEX {} ON {}{} ({});\n", index.unique ? "UNIQUE " : "", plain(index.name), place,
                           plain(t.name), index.columns);
}

}  // namespace

std::string schema_sql(std::span<const model::table> tables, std::string_view schema)
{
    const auto place = schema.empty() ? std::string() : quote_identifier(schema) + '.';
    std::string out = "-- Made by bazaard from the tables of its scenario; do not edit.\n"
                      "-- Names are unqualified: set search_path to the schema first.\n";
    const auto order = parents_first(tables);
    for (const auto number : order)
        add_table(out, place, tables[number]);
    bool first = true;
    for (const auto number : order)
    {
        const auto& t = tables[number];
        for (const auto& link : t.foreign_keys)
        {
            const auto parent = std::ranges::find(tables, link.table, &model::table::name);
            expect(parent != tables.end(), "a foreign key names a table of its scenario");
            if (std::exchange(first, false))
                out += '\n';
            out += fmt::format("ALTER TABLE {0}{1} ADD CONSTRAINT {2} FOREIGN KEY ({3}) REFERENCES {0}{4} ({5});\n",
                               place, plain(t.name), plain(fmt::format("{}_{}_fkey", t.name, link.column)),
                               plain(link.column), plain(link.table), plain(parent->columns[parent->key].name));
        }
    }
    return out;
}

}  // namespace bazaar::postgres
