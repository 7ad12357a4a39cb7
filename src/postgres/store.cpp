#include "bazaar/postgres/store.hpp"
#include "bazaar/io/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "bazaar/base/error.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/postgres/functions.hpp"
#include "bazaar/postgres/trust.hpp"
#include "bazaar/run/sink.hpp"
#include "bazaar/scenario/shared.hpp"
#include "columns.hpp"
#include "copy.hpp"
#include "own_tables.hpp"
#include "owner_parameters.hpp"

namespace bazaar::postgres
{
namespace
{

std::uint64_t unsigned_number(std::string_view text)
{
    std::uint64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || end != text.data() + text.size())
        throw error(error_kind::config,
                    "the table bazaard.run holds \"" + std::string(text) + "\" where a number has to be");
    return value;
}

bool has_tables(session& on)
{
    return on.exec("SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
                   "c.relnamespace "
                   "WHERE n.nspname = 'bazaard' AND c.relname IN ('run', 'lease', 'control', 'digest')")
               .number(0, 0) == 4;
}

std::string settings_json(const run::record& record)
{
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (const auto& [name, value] : record.settings)
        object[name] = value;
    return object.dump();
}

std::vector<std::pair<std::string, std::string>> settings_of(std::string_view text)
{
    std::vector<std::pair<std::string, std::string>> settings;
    const auto object = io::read_json(text);
    if (!object.is_object())
        throw error(error_kind::config, "the table bazaard.run holds settings that are no JSON object");
    for (const auto& [name, value] : object.items())
        settings.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
    return settings;
}

/// Columns in the order that `record_of` reads them. Times as microseconds: no time zone and no date style is
/// involved.
constexpr std::string_view run_columns = "schema_name, run, tag, seed, scenario, scenario_version, "
                                         "catalogue, (extract(epoch FROM start) * 1000000)::bigint, "
                                         "window_units, settings, settled, clean, live, removing";

run::record record_of(const result& rows, int row)
{
    run::record record;
    record.schema = rows.get(row, 0);
    record.run = rows.get(row, 1);
    record.tag = static_cast<std::uint32_t>(unsigned_number(rows.get(row, 2)));
    record.seed = unsigned_number(rows.get(row, 3));
    record.scenario = rows.get(row, 4);
    record.scenario_version = static_cast<std::uint32_t>(unsigned_number(rows.get(row, 5)));
    record.catalogue = unsigned_number(rows.get(row, 6));
    record.start = {rows.number(row, 7)};
    record.window = static_cast<std::uint32_t>(unsigned_number(rows.get(row, 8)));
    record.settings = settings_of(rows.get(row, 9));
    record.settled = unsigned_number(rows.get(row, 10));
    record.clean = rows.get(row, 11) == "t";
    record.live = rows.get(row, 12) == "t";
    record.removing = rows.get(row, 13) == "t";
    return record;
}

/// jsonb forgets the order of keys; the scenario's own is the one that people know.
void order_settings(run::record& record, std::span<const scenario::field> fields)
{
    std::ranges::stable_sort(
        record.settings, {},
        [&](const auto& setting)
        { return std::ranges::find(fields, setting.first, &scenario::field::name) - fields.begin(); });
}

/// The file that defines the scenario of a run; empty if there is none.
std::string text_of(session& on, std::string_view schema, std::string_view run)
{
    const auto text = on.exec("SELECT body FROM bazaard.scenario_text WHERE schema_name = $1 AND run = $2",
                              {schema, run});
    return text.rows() > 0 ? std::string(text.get(0, 0)) : std::string();
}

/// Of a role that nobody has looked at yet.
bool may_read_text(session& on)
{
    return on.exec("SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN "
                   "pg_catalog.pg_attribute a ON a.attrelid = c.oid WHERE n.nspname = 'bazaard' AND c.relname = "
                   "'scenario_text' AND c.relkind = 'r' AND a.attname IN ('schema_name', 'run', 'body') AND "
                   "pg_catalog.has_table_privilege(c.oid, 'SELECT')")
               .rows() == 3;
}

std::string run_of(std::string_view schema, std::string_view run)
{
    return "the run \"" + std::string(run) + "\" of schema \"" + std::string(schema) + '"';
}

}  // namespace

std::optional<run::record> load(session& on, std::string_view schema, std::string_view run, const fields_of& fields)
{
    if (!has_tables(on))
        return std::nullopt;
    const auto rows = on.exec(
        fmt::format("SELECT {} FROM bazaard.run WHERE schema_name = $1 AND run = $2", run_columns), {schema, run});
    if (rows.rows() == 0)
        return std::nullopt;
    auto record = record_of(rows, 0);
    if (has_own_table(on, "scenario_text"))
        record.scenario_text = text_of(on, schema, run);
    const auto known = fields(record);
    order_settings(record, known);

    const auto entries = on.exec(
        "SELECT unit, kind, field, value, (extract(epoch FROM at) * 1000000)::bigint FROM bazaard.control "
        "WHERE schema_name = $1 AND run = $2 ORDER BY sequence",
        {schema, run});
    for (int i = 0; i < entries.rows(); ++i)
    {
        model::control entry;
        entry.unit = unsigned_number(entries.get(i, 0));
        const auto kind = model::control_kind(entries.get(i, 1));
        if (!kind)
            throw error(error_kind::config, run_of(schema, run) + " has a control entry of the unknown kind \"" +
                                                std::string(entries.get(i, 1)) + "\": a newer bazaard wrote it");
        entry.what = *kind;
        if (entry.what == model::control::kind::set)
        {
            const auto place = std::ranges::find(known, entries.get(i, 2), &scenario::field::name);
            if (place == known.end())
                throw error(error_kind::config, run_of(schema, run) + " was steered by \"" +
                                                    std::string(entries.get(i, 2)) + "\", which the scenario " +
                                                    record.scenario + " does not have");
            entry.field = static_cast<std::uint16_t>(place - known.begin());
        }
        entry.value = entries.number(i, 3);
        entry.at = {entries.number(i, 4)};
        record.log.push_back(entry);
    }

    const auto states = on.exec("SELECT unit, steps, digest FROM bazaard.digest WHERE schema_name = $1 AND run = $2 "
                                "ORDER BY unit",
                                {schema, run});
    for (int i = 0; i < states.rows(); ++i)
        record.checkpoints.push_back(
            {unsigned_number(states.get(i, 0)), unsigned_number(states.get(i, 1)), unsigned_number(states.get(i, 2))});
    return record;
}

std::optional<run::scenario_record> recorded_scenario(session& on, std::string_view schema, std::string_view run)
{
    // Nobody has looked at the search_path yet. Nothing is kept: it ends with a ROLLBACK.
    const transaction all(on, "BEGIN READ ONLY");
    on.exec("SET LOCAL search_path = ''");
    std::optional<run::scenario_record> found;
    if (examine_trust(on, schema, {}, trust_use::read).faults.empty() &&
        on.exec("SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN "
                "pg_catalog.pg_attribute a ON a.attrelid = c.oid WHERE n.nspname = 'bazaard' AND c.relname = 'run' AND "
                "c.relkind = 'r' AND a.attname IN ('schema_name', 'run', 'scenario') AND "
                "pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')")
                .rows() == 3)
    {
        const auto rows = on.exec("SELECT run, scenario FROM bazaard.run WHERE schema_name = $1 ORDER BY run <> $2, "
                                  "run LIMIT 1",
                                  {schema, run});
        if (rows.rows() > 0)
            found = run::scenario_record{std::string(rows.get(0, 0)), std::string(rows.get(0, 1))};
        if (found && may_read_text(on))
        {
            found->text = text_of(on, schema, found->run);
            const auto settings = on.exec("SELECT settings FROM bazaard.run WHERE schema_name = $1 AND run = $2",
                                          {schema, found->run});
            if (!found->text.empty() && settings.rows() > 0)
                found->settings = settings_of(settings.get(0, 0));
        }
    }
    return found;
}

std::string other_scenario(std::string_view schema, const run::scenario_record& there, std::string_view wanted)
{
    return fmt::format("schema {} has run {} of the scenario {}, and a schema is of one scenario: name another for {} "
                       "with --db-schema",
                       schema, there.run, there.scenario, wanted);
}

std::vector<run::record> list(session& on, std::string_view schema)
{
    std::vector<run::record> records;
    if (!has_tables(on))
        return records;
    const auto rows = on.exec(
        fmt::format("SELECT {} FROM bazaard.run WHERE schema_name = $1 ORDER BY run COLLATE \"C\"", run_columns),
        {schema});
    for (int i = 0; i < rows.rows(); ++i)
        records.push_back(record_of(rows, i));
    return records;
}

namespace
{

/// What the column `field` says of an entry: the field's name, or the SQLSTATE of a refusal.
std::optional<std::string> field_of(const model::control& entry, std::span<const scenario::field> fields)
{
    if (entry.what == model::control::kind::set)
        return std::string(fields[entry.field].name);
    if (entry.what == model::control::kind::reject && entry.value != 0)
        return run::reject_code(entry.value);
    return std::nullopt;
}

void insert_entry(session& on, const run::record& record, std::size_t place, std::span<const scenario::field> fields)
{
    const auto& entry = record.log[place];
    const auto sequence = std::to_string(place);
    const auto unit = std::to_string(entry.unit);
    const auto value = std::to_string(entry.value);
    const auto at = to_string(entry.at);
    const auto field = field_of(entry, fields);
    on.exec("INSERT INTO bazaard.control (schema_name, run, sequence, unit, kind, field, value, at) "
            "VALUES ($1, $2, $3::bigint, $4::bigint, $5, $6, $7::bigint, $8::timestamptz)",
            {record.schema, record.run, sequence, unit, model::name(entry.what),
             field ? text_parameter(*field) : text_parameter(), value, at});
}

/// Errors: `config` where this run or one that is there has the schema to itself, or one that is there is of another scenario.
void refuse_neighbours(session& on, const run::record& record, const scenario::scenario& shop)
{
    const auto fields = shop.configuration().fields();
    // Records of two runs in one topic would have the same keys, too.
    const auto nameless = std::ranges::find_if(shop.tables(), [](const model::table& t)
                                               { return t.kept_by == model::role::planned && !t.keys.names_unit(); });
    const bool shares_keys = nameless != shop.tables().end();
    // Of two that begin at once, the second sees the first; those that share do not wait for each other. No tag is negative.
    const auto own = scenario::shared_flag(record.settings, fields);
    on.exec(own || shares_keys ? "SELECT pg_catalog.pg_advisory_xact_lock($1::integer, -1)"
                               : "SELECT pg_catalog.pg_advisory_xact_lock_shared($1::integer, -1)",
            {std::to_string(lease_lock_key(record.schema))});
    for (const auto& other : list(on, record.schema))
    {
        if (other.scenario != record.scenario)
            throw error(error_kind::config,
                        other_scenario(record.schema, {other.run, other.scenario}, record.scenario));
        if (shares_keys && other.run != record.run)
            throw error(
                error_kind::config,
                fmt::format("the keys of table {}.{} do not say which run a row is of, so a schema has one run of "
                            "the scenario {}, and there would be runs {} and {}; name another schema with "
                            "--db-schema",
                            record.schema, nameless->name, record.scenario, other.run, record.run));
        for (const auto* one : {&other, &record})
            if (const auto flag = scenario::shared_flag(one->settings, fields); flag && other.run != record.run)
                throw error(error_kind::config,
                            fmt::format("{} has {}: it changes rows that all runs of a schema share, so it has the "
                                        "schema to itself, and there would be runs {} and {}; name another schema "
                                        "with --db-schema",
                                        run_of(one->schema, one->run), *flag, other.run, record.run));
    }
}

}  // namespace

void create(session& on, const run::record& record, const scenario::scenario& shop, std::size_t batch_rows,
            const run::holder& by, const run::first_rows& wanted)
{
    expect(batch_rows > 0, "a batch has rows");
    const model::key_codec ids(record.tag, record.seed, shop.tables());
    const auto settings = settings_json(record);
    const auto text = [](auto number) { return std::to_string(number); };
    const auto tag = text(record.tag);
    const auto seed = text(record.seed);
    const auto version = text(record.scenario_version);
    const auto catalogue = text(record.catalogue);
    const auto start = to_string(record.start);
    const auto window = text(record.window);
    const auto settled = text(record.settled);

    long_transaction all(on);
    refuse_neighbours(on, record, shop);
    try
    {
        // First, so that a second process waits here and then fails, before it has written a row.
        on.exec("INSERT INTO bazaard.run (schema_name, run, tag, seed, scenario, scenario_version, "
                "catalogue, start, "
                "window_units, settings, settled, clean, live) "
                "VALUES ($1, $2, $3::integer, $4::numeric, $5, $6::bigint, $7::numeric, $8::timestamptz, "
                "$9::bigint, "
                "$10::jsonb, $11::bigint, $12::boolean, $13::boolean)",
                {record.schema, record.run, tag, seed, record.scenario, version, catalogue, start, window, settings,
                 settled, record.clean ? "t" : "f", record.live ? "t" : "f"});
    }
    catch (const query_error& problem)
    {
        if (problem.cause().state() != "23505")
            throw;
        if (problem.cause().constraint == "run_pkey")
            throw error(error_kind::config, run_of(record.schema, record.run) + " is there already");
        throw error(error_kind::config,
                    "the name of " + run_of(record.schema, record.run) +
                        " gives the tag of another run of that schema; choose another name with --run");
    }
    if (!record.scenario_text.empty())
        on.exec("INSERT INTO bazaard.scenario_text (schema_name, run, body) VALUES ($1, $2, $3)",
                {record.schema, record.run, record.scenario_text});
    on.exec("INSERT INTO bazaard.lease (schema_name, tag, run, epoch, holder, session_name) "
            "VALUES ($1, $2::integer, $3, 1, $4, $5)",
            {record.schema, tag, record.run, by.text, by.session_name});
    for (std::size_t i = 0; i < record.log.size(); ++i)
        insert_entry(on, record, i, shop.configuration().fields());
    const auto tables = shop.tables();
    for (const auto number : parents_first(tables))
    {
        if (tables[number].kept_by != model::role::planned)
            continue;
        copy_rows(on, record.schema, tables[number], ids, batch_rows,
                  [&](const scenario::row_taker& take)
                  {
                      shop.initial_rows(number, record.start,
                                        [&](std::span<const model::value> row)
                                        {
                                            if (!wanted || wanted(number, row[tables[number].key].row().row))
                                                take(row);
                                        });
                  });
    }
    all.commit();
}

namespace
{

/// Says why a statement in the name of the run found nothing to write to.
[[noreturn]] void disowned(session& on, const ownership& own)
{
    const auto life = on.exec("SELECT " + life_sql(!own.life.system.empty()), {});
    if (const auto why = lost_commits(own.life, life_of(life, 0, 0)); !why.empty())
        throw run::history_lost(why);
    const auto tag = std::to_string(own.tag);
    const auto lease = on.exec("SELECT holder, epoch FROM bazaard.lease WHERE schema_name = $1 AND tag = $2::integer",
                               {own.schema, tag});
    if (lease.rows() == 0)
        throw error(error_kind::config, run_of(own.schema, own.run) + " is not there any more");
    const auto now = lease.get(0, 0);
    throw error(error_kind::temporary,
                fmt::format("the lease of {} is lost: {} (epoch {}, ours was {})", run_of(own.schema, own.run),
                            now.empty() ? std::string("another process took it over and has ended since")
                                        : fmt::format("{} has it now", now),
                            lease.get(0, 1), own.epoch));
}

}  // namespace

bool append(session& on, const ownership& own, std::uint64_t sequence, const model::control& entry,
            std::span<const scenario::field> fields)
{
    const owner_parameters owner(own);
    const auto place = std::to_string(sequence);
    const auto unit = std::to_string(entry.unit);
    const auto value = std::to_string(entry.value);
    const auto at = to_string(entry.at);
    const auto field_text = field_of(entry, fields);
    const auto field = field_text ? text_parameter(*field_text) : text_parameter();
    const auto answer = on.exec(
        owner.held(owner.whole_life()) +
            "INSERT INTO bazaard.control (schema_name, run, sequence, unit, kind, field, value, at) "
            "SELECT $1, own.run, $8::bigint, $9::bigint, $10, $11, $12::bigint, $13::timestamptz FROM own "
            "ON CONFLICT (schema_name, run, sequence) DO NOTHING",
        owner.with({place, unit, model::name(entry.what), field, value, at}));
    if (answer.tag() == "INSERT 0 1")
        return true;
    // Of an earlier attempt whose answer was lost, or of another process.
    const auto there = on.exec(
        "SELECT FROM bazaard.control WHERE schema_name = $1 AND run = $2 AND sequence = $3::bigint "
        "AND unit = $4::bigint AND kind = $5 AND value = $6::bigint AND at = $7::timestamptz",
        {own.schema, own.run, place, unit, model::name(entry.what), value, at});
    if (there.rows() == 0)
        disowned(on, own);
    return false;
}

void append(session& on, const ownership& own, const run::checkpoint& state)
{
    const owner_parameters owner(own);
    const auto unit = std::to_string(state.unit);
    const auto steps = std::to_string(state.steps);
    const auto digest = std::to_string(state.digest);
    on.exec(owner.held(owner.whole_life()) + "INSERT INTO bazaard.digest (schema_name, run, unit, steps, digest) "
                                             "SELECT $1, own.run, $8::bigint, $9::bigint, $10::numeric FROM own "
                                             "ON CONFLICT (schema_name, run, unit) DO NOTHING",
            owner.with({unit, steps, digest}));
}

time mark(session& on, const ownership& own, run::progress now)
{
    const owner_parameters owner(own);
    const auto settled = std::to_string(now.settled);
    const auto answer = on.exec(
        owner.held(owner.whole_life()) +
            "UPDATE bazaard.run AS r SET settled = greatest(r.settled, $8::bigint), clean = $9::boolean, live = "
            "$10::boolean, "
            "renewed_at = clock_timestamp() FROM own WHERE r.schema_name = $1 AND r.run = own.run "
            "RETURNING (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
        owner.with({settled, now.clean ? "t" : "f", now.live ? "t" : "f"}));
    if (answer.rows() == 0)
        disowned(on, own);
    return {answer.number(0, 0)};
}

void release(session& on, const ownership& own, run::progress now)
{
    transaction all(on);
    static_cast<void>(mark(on, own, now));
    const auto tag = std::to_string(own.tag);
    const auto epoch = std::to_string(own.epoch);
    on.exec("UPDATE bazaard.lease SET holder = '', session_name = '' WHERE schema_name = $1 AND tag = $2::integer AND "
            "epoch = $3::bigint",
            {own.schema, tag, epoch});
    all.commit();
}

}  // namespace bazaar::postgres
