#include "bazaar/postgres/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "bazaar/base/error.hpp"
#include "bazaar/base/time.hpp"
#include "columns.hpp"
#include "copy.hpp"

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
                   "WHERE n.nspname = 'bazaard' AND c.relname IN ('run', 'control')")
               .number(0, 0) == 2;
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
    const auto object = nlohmann::ordered_json::parse(text, nullptr, false);
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
                                         "window_units, settings, settled, clean, live";

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
    const auto known = fields(record.scenario);
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
    return record;
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

void create(session& on, const run::record& record, const scenario::scenario& shop, std::size_t batch_rows)
{
    expect(batch_rows > 0, "a batch has rows");
    const id_codec ids(record.tag, record.seed);
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
    const auto tables = shop.tables();
    for (const auto number : parents_first(tables))
    {
        if (tables[number].kept_by != model::role::planned)
            continue;
        copy_rows(on, record.schema, tables[number], ids, batch_rows,
                  [&](const scenario::row_taker& take) { shop.initial_rows(number, record.start, take); });
    }
    all.commit();
}

void append(session& on, std::string_view schema, std::string_view run, const model::control& entry,
            std::string_view field_name)
{
    const auto unit = std::to_string(entry.unit);
    const auto value = std::to_string(entry.value);
    const auto at = to_string(entry.at);
    const text_parameter field = field_name.empty() ? text_parameter() : text_parameter(field_name);
    const auto answer = on.exec(
        "INSERT INTO bazaard.control (schema_name, run, sequence, unit, kind, field, value, at) "
        "SELECT r.schema_name, r.run, coalesce((SELECT max(c.sequence) + 1 FROM bazaard.control c "
        "WHERE c.schema_name = r.schema_name AND c.run = r.run), 0), $3::bigint, $4, $5, $6::bigint, "
        "$7::timestamptz "
        "FROM bazaard.run r WHERE r.schema_name = $1 AND r.run = $2",
        {schema, run, unit, model::name(entry.what), field, value, at});
    if (answer.tag() != "INSERT 0 1")
        throw error(error_kind::config, run_of(schema, run) + " is not there any more");
}

void mark(session& on, std::string_view schema, std::string_view run, progress now)
{
    const auto settled = std::to_string(now.settled);
    const auto answer = on.exec("UPDATE bazaard.run SET settled = $3::bigint, clean = $4::boolean, live = $5::boolean "
                                "WHERE schema_name = $1 AND run = $2",
                                {schema, run, settled, now.clean ? "t" : "f", now.live ? "t" : "f"});
    if (answer.tag() != "UPDATE 1")
        throw error(error_kind::config, run_of(schema, run) + " is not there any more");
}

}  // namespace bazaar::postgres
