#include "bazaar/postgres/removal.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/identifier.hpp"
#include "bazaar/postgres/key_range.hpp"
#include "bazaar/scenario/shared.hpp"
#include "columns.hpp"
#include "copy.hpp"
#include "own_tables.hpp"

namespace bazaar::postgres
{
namespace
{

constexpr int batch_rows = 5000;

void remove_rows(session& on, std::string_view schema, const model::table& t, std::uint8_t number,
                 const model::key_codec& ids, const std::function<void(std::string_view, std::uint64_t)>& told)
{
    const auto key = quote_identifier(t.columns[t.key].name);
    const auto table = quote_qualified(schema, t.name);
    const key_sql by(t, number, ids, key);
    const auto erase = fmt::format("DELETE FROM {} WHERE {} = ANY ($1::{}[])", table, key, t.columns[t.key].sql_type);
    std::string low;
    std::uint64_t removed = 0;
    for (bool more = true; more;)
    {
        const auto rows = on.exec(fmt::format("SELECT {0} FROM {1} WHERE {2}{3} ORDER BY {0} LIMIT {4}", key, table,
                                              by.own(), low.empty() ? "" : " AND " + by.after(low), batch_rows),
                                  {});
        std::vector<std::string_view> own;
        for (int i = 0; i < rows.rows(); ++i)
        {
            // Somebody else's row among ours stays.
            if (ids.decode(number, rows.get(i, 0)))
                own.push_back(rows.get(i, 0));
        }
        if (!own.empty())
        {
            on.exec(erase, {array_text(own)});
            removed += own.size();
            told(t.name, removed);
        }
        more = rows.rows() == batch_rows;
        if (more)
            low = rows.get(batch_rows - 1, 0);
    }
}

/// Puts back the rows of a fixed table that units have changed: only a run that has the schema to itself changes them.
void restore_rows(session& on, std::string_view schema, const model::table& t, std::uint8_t number,
                  const scenario::scenario& shop, const model::key_codec& ids)
{
    const auto place = quote_qualified(schema, t.name);
    transaction all(on);
    on.exec(make_newer_rows(place));
    table_copy first(std::string(newer_rows), t);
    shop.fixed_rows(number, [&](std::span<const model::value> row) { first.add(row, ids); });
    first.end(on);
    on.exec(take_newer_rows(place, t));
    all.commit();
}

/// A schema can be dropped although the record of its run is there.
bool is_there(session& on, std::string_view schema, const model::table& t)
{
    return on.exec("SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE "
                   "n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')",
                   {schema, t.name})
               .rows() > 0;
}

bool has_changed_rows(session& on, std::string_view schema, const model::table& t)
{
    return t.kept_by == model::role::fixed && t.version != model::no_column &&
           on.exec(fmt::format("SELECT FROM {} WHERE {} IS NOT NULL LIMIT 1", quote_qualified(schema, t.name),
                               quote_identifier(t.columns[t.version].name)))
                   .rows() > 0;
}

}  // namespace

void remove_run(session& on, const ownership& own, const run::record& recorded, const scenario::scenario& shop,
                const std::function<void(std::string_view table, std::uint64_t rows)>& told)
{
    // From here on nobody goes on with the run.
    on.exec("UPDATE bazaard.run SET removing = true, clean = false WHERE schema_name = $1 AND run = $2",
            {own.schema, own.run});
    const auto tables = shop.tables();
    const model::key_codec ids(recorded.tag, recorded.seed, tables);
    const bool alone = scenario::shared_flag(recorded.settings, shop.configuration().fields()).has_value();
    for (std::uint8_t i = 0; alone && i < tables.size(); ++i)
        if (is_there(on, own.schema, tables[i]) && has_changed_rows(on, own.schema, tables[i]))
        {
            if (shop.catalogue() != recorded.catalogue)
                throw error(error_kind::config,
                            fmt::format("run {} was begun with other seed data, and changed rows of {}.{}: give the "
                                        "same --seed-dir, so that they can be put back",
                                        own.run, own.schema, tables[i].name));
            restore_rows(on, own.schema, tables[i], i, shop, ids);
        }
    auto order = parents_first(tables);
    std::ranges::reverse(order);
    for (const auto number : order)
    {
        const auto& t = tables[number];
        if (t.kept_by != model::role::planned || !is_there(on, own.schema, t))
            continue;
        try
        {
            remove_rows(on, own.schema, t, number, ids, told);
        }
        catch (const query_error& problem)
        {
            if (problem.cause().state() != "23503")
                throw;
            throw error(error_kind::config,
                        fmt::format("rows of somebody else refer to rows of run {}: {}; remove those first, then call "
                                    "bazaard reset again",
                                    own.run, problem.cause().message));
        }
    }
    const auto tag = std::to_string(own.tag);
    transaction all(on);
    for (const std::string_view table : {"control", "digest", "saved_plan", "scenario_text", "run"})
        if (has_own_table(on, table))
            on.exec(fmt::format("DELETE FROM bazaard.{} WHERE schema_name = $1 AND run = $2", table),
                    {own.schema, own.run});
    on.exec("DELETE FROM bazaard.lease WHERE schema_name = $1 AND tag = $2::integer", {own.schema, tag});
    all.commit();
}

}  // namespace bazaar::postgres
