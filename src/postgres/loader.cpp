#include "bazaar/postgres/loader.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/identifier.hpp"
#include "catalogue.hpp"
#include "columns.hpp"
#include "copy.hpp"

namespace bazaar::postgres
{
namespace
{

/// What waits in memory before it is sent: each COPY checks its foreign keys at its end.
constexpr std::size_t batch_bytes = std::size_t{4} << 20;

/// An index over a big table takes its time.
constexpr auto patience = std::chrono::hours(24);

std::uint8_t number_of(std::span<const model::table> tables, std::string_view name)
{
    const auto at = std::ranges::find(tables, name, &model::table::name);
    expect(at != tables.end(), "a foreign key names a table of its scenario");
    return static_cast<std::uint8_t>(at - tables.begin());
}

bool writes(const model::unit_kind& kind, std::uint8_t table)
{
    return std::ranges::any_of(kind.parts, [&](const model::part& part) { return part.table == table; });
}

bool refers_to_itself(const model::table& t)
{
    return std::ranges::any_of(t.foreign_keys, [&](const model::foreign_key& link) { return link.table == t.name; });
}

load_rounds rounds_of_units(std::span<const model::table> tables, std::span<const model::unit_kind> kinds)
{
    load_rounds made{std::vector<std::size_t>(tables.size(), 1), 1};
    for (const auto& kind : kinds)
        for (const auto& part : kind.parts)
        {
            // Its rows are there from the beginning: they are only changed.
            if (tables[part.table].kept_by == model::role::fixed)
                made.of[part.table] = 0;
            for (const auto& link : tables[part.table].foreign_keys)
                if (const auto parent = number_of(tables, link.table);
                    !writes(kind, parent) && tables[parent].kept_by == model::role::planned)
                    made.of[parent] = 0;
        }
    return made;
}

/// Tables that rows refer to, parents first; then all others. No table that refers to itself is in a round with one that
/// does not.
load_rounds rounds_of_rows(std::span<const model::table> tables)
{
    load_rounds made{std::vector<std::size_t>(tables.size()), 0};
    std::vector<bool> referred(tables.size());
    for (const auto child : parents_first(tables))
    {
        auto& round = made.of[child];
        for (const auto& link : tables[child].foreign_keys)
        {
            const auto parent = number_of(tables, link.table);
            referred[parent] = true;
            if (parent != child)
                round = std::max(round, made.of[parent] + 1);
        }
        round += (round % 2 == 1) != refers_to_itself(tables[child]) ? 1U : 0U;
    }
    std::set<std::size_t> used;
    for (std::size_t i = 0; i < tables.size(); ++i)
        if (referred[i])
            used.insert(made.of[i]);
    made.last = used.size();
    for (std::size_t i = 0; i < tables.size(); ++i)
        made.of[i] = referred[i] ? static_cast<std::size_t>(std::distance(used.begin(), used.find(made.of[i])))
                                 : made.last;
    return made;
}

std::string key_name(const model::table& t)
{
    return std::string(t.name) + "_pkey";
}

std::string foreign_key_name(const model::table& t, const model::foreign_key& link)
{
    return fmt::format("{}_{}_fkey", t.name, link.column);
}

bool loaded(const model::table& t)
{
    return kept_here(t) && t.kept_by == model::role::planned;
}

}  // namespace

bool load_rounds::writes(const model::unit_kind& kind, std::size_t round) const
{
    return std::ranges::any_of(kind.parts, [&](const model::part& part) { return of[part.table] == round; });
}

load_rounds rounds_of(const scenario::scenario& shop)
{
    return shop.rewrites_whole_units() ? rounds_of_units(shop.tables(), shop.kinds()) : rounds_of_rows(shop.tables());
}

struct loader::target
{
    target(std::string_view schema, const model::table& t)
        : place(quote_qualified(schema, t.name)),
          replaced(t.kept_by == model::role::fixed),
          whole(refers_to_itself(t)),
          table(t),
          copy(replaced ? std::string(newer_rows) : place, t)
    {
    }

    void send(session& on)
    {
        if (copy.rows() == 0)
            return;
        if (!replaced)
        {
            copy.end(on);
            return;
        }
        on.exec(make_newer_rows(place));
        copy.end(on);
        on.exec(fmt::format("{}; DROP TABLE {}", take_newer_rows(place, table), newer_rows));
    }

    std::string place;
    bool replaced;
    bool whole;
    const model::table& table;
    table_copy copy;
};

loader::loader(std::string_view schema, std::span<const model::table> tables, const model::key_codec& ids)
    : targets_(tables.size()), order_(parents_first(tables)), ids_(ids)
{
    for (const auto number : order_)
        targets_[number] = std::make_unique<target>(schema, tables[number]);
}

loader::~loader() = default;

bool loader::write(session& on, const ownership& own, std::uint64_t sequence, const model::control& entry,
                   std::span<const scenario::field> fields, const std::function<void(const row_taker&)>& rows)
{
    for (const auto number : order_)
        targets_[number]->copy.clear();
    long_transaction all(on);
    const bool fresh = append(on, own, sequence, entry, fields);
    if (fresh)
    {
        std::size_t waiting = 0;
        rows(
            [&](const model::change& c)
            {
                auto& copy = targets_[c.table]->copy;
                waiting -= copy.bytes();
                copy.add(c.after, ids_);
                waiting += copy.bytes();
                // A row may refer to one of the same table that comes later.
                if (waiting < batch_bytes || targets_[c.table]->whole)
                    return;
                send(on);
                waiting = 0;
            });
        send(on);
    }
    all.commit();
    return fresh;
}

void loader::send(session& on)
{
    for (const auto number : order_)
        targets_[number]->send(on);
}

void drop_keys_and_indexes(session& on, std::string_view schema, std::span<const model::table> tables)
{
    std::string links, rest;
    for (const auto& t : tables)
    {
        if (!loaded(t))
            continue;
        const auto place = quote_qualified(schema, t.name);
        for (const auto& link : t.foreign_keys)
            links += fmt::format("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {};\n", place,
                                 quote_identifier(foreign_key_name(t, link)));
        rest += fmt::format("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {};\n", place, quote_identifier(key_name(t)));
        for (const auto& index : t.indexes)
            rest += fmt::format("DROP INDEX IF EXISTS {};\n", quote_qualified(schema, index.name));
    }
    on.exec(links + rest);
}

stages missing_keys_and_indexes(session& on, std::string_view schema, std::span<const model::table> tables)
{
    const auto there = read_catalogue(on, schema);
    const auto unchecked = on.exec("SELECT c.conname FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_namespace n ON "
                                   "n.oid = c.connamespace WHERE n.nspname = $1 AND c.contype = 'f' AND NOT "
                                   "c.convalidated",
                                   {schema});
    const auto is_unchecked = [&](std::string_view name)
    {
        for (int i = 0; i < unchecked.rows(); ++i)
            if (unchecked.get(i, 0) == name)
                return true;
        return false;
    };
    stages work(4);
    for (const auto& t : tables)
    {
        if (!loaded(t))
            continue;
        const auto& now = there.relations.find(t.name)->second;
        const auto place = quote_qualified(schema, t.name);
        const auto has_index = [&](std::string_view name)
        { return std::ranges::find(now.indexes, name, &catalogue::index::name) != now.indexes.end(); };
        if (now.key.empty())
        {
            const auto name = quote_identifier(key_name(t));
            if (!has_index(key_name(t)))
                work[0].push_back(fmt::format("CREATE UNIQUE INDEX {} ON {} ({})", name, place,
                                              quote_identifier(t.columns[t.key].name)));
            work[1].push_back(
                fmt::format("ALTER TABLE {} ADD CONSTRAINT {} PRIMARY KEY USING INDEX {}", place, name, name));
        }
        for (const auto& index : t.indexes)
            if (!has_index(index.name))
                work[0].push_back(fmt::format("CREATE {}INDEX {} ON {} ({})", index.unique ? "UNIQUE " : "",
                                              quote_identifier(index.name), place, index.columns));
        for (const auto& link : t.foreign_keys)
        {
            const auto& parent = tables[number_of(tables, link.table)];
            const auto name = foreign_key_name(t, link);
            const bool missing = std::ranges::find(now.foreign_keys, link.column, &catalogue::foreign_key::column) ==
                                 now.foreign_keys.end();
            if (missing)
                work[2].push_back(fmt::format(
                    "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}) NOT VALID", place,
                    quote_identifier(name), quote_identifier(link.column), quote_qualified(schema, parent.name),
                    quote_identifier(parent.columns[parent.key].name)));
            if (missing || is_unchecked(name))
                work[3].push_back(fmt::format("ALTER TABLE {} VALIDATE CONSTRAINT {}", place, quote_identifier(name)));
        }
    }
    return work;
}

void run_stage(session& on, const std::string& sql)
{
    on.call_deadline(patience);
    on.exec("SET statement_timeout = 0; SET lock_timeout = '60s'; SET maintenance_work_mem = '256MB'");
    on.exec(sql);
}

std::string copy_script(std::string_view schema, std::span<const model::table> tables,
                        const std::function<std::string(std::uint8_t table)>& file_of, std::string_view format,
                        const std::function<bool(std::uint8_t table)>& changed)
{
    std::string text;
    for (const auto number : parents_first(tables))
    {
        const auto& t = tables[number];
        const auto place = quote_qualified(schema, t.name);
        const auto copy = [&](std::string_view to)
        {
            return fmt::format("\\copy {} ({}) from '{}' with (format {})\n", to, copy_form(t).columns(),
                               file_of(number), format);
        };
        if (loaded(t))
            text += copy(place);
        else if (changed(number))
            text += fmt::format("BEGIN;\n{};\n{}{};\nCOMMIT;\n", make_newer_rows(place), copy(newer_rows),
                                take_newer_rows(place, t));
    }
    return text;
}

void analyze(session& on, std::string_view schema, std::span<const model::table> tables)
{
    for (const auto& t : tables)
        if (loaded(t))
            run_stage(on, "ANALYZE " + quote_qualified(schema, t.name));
}

std::vector<std::string> filled_tables(session& on, std::string_view schema, std::span<const model::table> tables)
{
    std::vector<std::string> filled;
    for (const auto& t : tables)
        if (loaded(t) && on.exec(fmt::format("SELECT FROM {} LIMIT 1", quote_qualified(schema, t.name))).rows() > 0)
            filled.emplace_back(t.name);
    return filled;
}

}  // namespace bazaar::postgres
