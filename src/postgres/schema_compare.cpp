#include "schema_compare.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "bazaar/postgres/identifier.hpp"
#include "bazaar/postgres/store.hpp"
#include "columns.hpp"
#include "own_tables.hpp"

namespace bazaar::postgres
{
namespace
{

/// Columns of an index for comparing: without quotes, spaces and the words that only repeat a default.
std::string normal(std::string_view columns)
{
    std::string text;
    for (const char c : columns)
        if (c != '"')
            text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    for (const std::string_view word : {" asc", " "})
        for (auto at = text.find(word); at != text.npos; at = text.find(word, at))
            text.erase(at, word.size());
    return text;
}

void compare_columns(lines& found, const std::string& where, const model::table& t, const catalogue::relation& there)
{
    for (const auto number : live_columns(t))
    {
        const auto& wanted = t.columns[number];
        const auto place = std::ranges::find(there.columns, wanted.name, &catalogue::column::name);
        if (place == there.columns.end())
        {
            found.push_back(fmt::format("{}: column {} is missing; it must be {}{}", where, wanted.name,
                                        wanted.sql_type, wanted.nullable ? "" : " NOT NULL"));
            continue;
        }
        if (place->type != wanted.sql_type)
            found.push_back(
                fmt::format("{}: column {} is {}; it must be {}", where, wanted.name, place->type, wanted.sql_type));
        if (place->not_null == wanted.nullable)
            found.push_back(fmt::format("{}: column {} {}; it must {}", where, wanted.name,
                                        place->not_null ? "is NOT NULL" : "allows NULL",
                                        wanted.nullable ? "allow NULL" : "be NOT NULL"));
    }
    // Columns of the user's own are welcome as long as our rows need not fill them.
    for (const auto& column : there.columns)
    {
        const auto number = model::column_number(t, column.name);
        const bool ours = number != model::no_column && live(t.columns[number]);
        if (!ours && column.not_null && !column.filled)
            found.push_back(
                fmt::format("{}: column {} is not of the scenario, and is NOT NULL without a default; drop it, let "
                            "it be NULL, or give it a default",
                            where, column.name));
    }
}

void compare_keys(lines& found, const std::string& where, std::string_view schema, std::span<const model::table> tables,
                  const model::table& t, const catalogue::relation& there)
{
    const auto key = t.columns[t.key].name;
    if (there.key != key)
        found.push_back(there.key.empty()
                            ? fmt::format("{}: there is no primary key; it must be ({})", where, key)
                            : fmt::format("{}: the primary key is ({}); it must be ({})", where, there.key, key));
    for (const auto& link : t.foreign_keys)
    {
        const auto parent = std::ranges::find(tables, link.table, &model::table::name);
        expect(parent != tables.end(), "a foreign key names a table of its scenario");
        const auto target = parent->columns[parent->key].name;
        const auto place = std::ranges::find(there.foreign_keys, link.column, &catalogue::foreign_key::column);
        if (place == there.foreign_keys.end())
            found.push_back(
                fmt::format("{}: the foreign key ({}) to {} ({}) is missing", where, link.column, link.table, target));
        else if (std::ranges::none_of(there.foreign_keys,
                                      [&](const auto& one) {
                                          return one.column == link.column && one.schema == schema &&
                                                 one.table == link.table && one.target == target;
                                      }))
            found.push_back(fmt::format("{}: the foreign key ({}) goes to {}.{} ({}); it must go to {}.{} ({})", where,
                                        link.column, place->schema, place->table, place->target, schema, link.table,
                                        target));
    }
}

void compare_rest(lines& found, const std::string& where, const model::table& t, const catalogue::relation& there)
{
    for (const auto& check : t.checks)
        if (std::ranges::find(there.checks, check.name) == there.checks.end())
            found.push_back(
                fmt::format("{}: the check {} is missing: CHECK ({})", where, check.name, check.expression));
    for (const auto& wanted : t.indexes)
    {
        const bool expression = wanted.columns.find('(') != wanted.columns.npos;
        const auto fits = [&](const catalogue::index& one)
        {
            // The server writes expressions in words of its own; there the name has to do.
            const bool columns = expression ? one.name == wanted.name : normal(one.columns) == normal(wanted.columns);
            return columns && one.valid && !one.partial && (one.unique || !wanted.unique);
        };
        if (std::ranges::any_of(there.indexes, fits))
            continue;
        const auto named = std::ranges::find(there.indexes, wanted.name, &catalogue::index::name);
        const auto kind = wanted.unique ? "unique index" : "index";
        if (named == there.indexes.end())
            found.push_back(fmt::format("{}: the {} {} on ({}) is missing", where, kind, wanted.name, wanted.columns));
        else
            found.push_back(fmt::format("{}: the index {} is {}{}{}on ({}); it must be {}on ({})", where, wanted.name,
                                        named->valid ? "" : "invalid, ", named->partial ? "partial, " : "",
                                        named->unique ? "unique, " : "", named->columns,
                                        wanted.unique ? "unique, " : "", wanted.columns));
    }
}

}  // namespace

lines compare_shop(const catalogue& there, std::string_view schema, std::span<const model::table> tables)
{
    lines found;
    for (const auto& t : tables)
    {
        if (!kept_here(t))
            continue;
        const auto where = fmt::format("table {}.{}", schema, t.name);
        const auto place = there.relations.find(t.name);
        if (place == there.relations.end())
        {
            found.push_back(where + " is missing");
            continue;
        }
        if (!place->second.table)
        {
            found.push_back(where + " is not a table");
            continue;
        }
        compare_columns(found, where, t, place->second);
        compare_keys(found, where, schema, tables, t, place->second);
        compare_rest(found, where, t, place->second);
    }
    return found;
}

lines compare_own(const catalogue& there)
{
    lines found;
    for (const auto& [name, relation] : there.relations)
    {
        const auto ours = std::ranges::find(own_tables(), name, &own_table::name);
        if (ours == own_tables().end())
        {
            found.push_back(fmt::format("schema {} holds {}, which is not the daemon's: the schema has to be its own",
                                        own_schema, name));
            continue;
        }
        const auto where = fmt::format("table {}.{}", own_schema, name);
        for (const auto& [column, type, rest] : ours->columns)
        {
            const auto place = std::ranges::find(relation.columns, column, &catalogue::column::name);
            if (place == relation.columns.end())
                found.push_back(fmt::format("{}: column {} is missing", where, column));
            else if (place->type != type)
                found.push_back(fmt::format("{}: column {} is {}; it must be {}", where, column, place->type, type));
        }
        if (relation.key != ours->key)
            found.push_back(
                fmt::format("{}: the primary key is ({}); it must be ({})", where, relation.key, ours->key));
    }
    return found;
}

}  // namespace bazaar::postgres
