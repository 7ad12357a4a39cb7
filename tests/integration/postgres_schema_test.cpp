#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/functions.hpp"
#include "bazaar/postgres/heartbeat.hpp"
#include "bazaar/postgres/identifier.hpp"
#include "bazaar/postgres/schema.hpp"
#include "bazaar/postgres/store.hpp"
#include "bazaar/postgres/writer.hpp"
#include "bazaar/scenario/scenario.hpp"
#include "support/demo_scenario.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"

namespace bazaar
{
namespace
{

using namespace std::string_literals;
using postgres::ensure_schema;
using postgres::schema_state;
using postgres::session;
using test::demo_scenario;
using test::demo_text;
using test::one;
using test::postgres_cluster;
using test::rows;
using test::rows_within;

struct seen
{
    error_kind kind = error_kind::internal;
    std::vector<std::string> lines;

    [[nodiscard]] bool says(std::string_view part) const
    {
        return std::ranges::any_of(lines, [&](const std::string& line) { return line.find(part) != line.npos; });
    }
};

seen error_of(const std::function<void()>& work)
{
    try
    {
        work();
    }
    catch (const error& problem)
    {
        return {problem.kind(), problem.lines()};
    }
    ADD_FAILURE() << "no error was thrown";
    return {};
}

std::string text(const seen& what)
{
    std::string all(name(what.kind));
    for (const auto& line : what.lines)
        all += "\n  " + line;
    return all;
}

class schema_test : public ::testing::Test
{
protected:
    postgres::connection_flags flags = postgres_cluster::get().fresh_database();
    test::sql_client look{flags};
    demo_scenario shop{7};
};

/// Everything that a change to the database could move.
std::string catalogue_text(session& on)
{
    return rows_within(on, "SELECT c.oid, c.relname, c.relfilenode FROM pg_class c JOIN pg_namespace n ON n.oid = "
                           "c.relnamespace "
                           "WHERE n.nspname IN ('shop', 'bazaard') ORDER BY 1") +
           rows_within(on, "SELECT oid, proname FROM pg_proc WHERE pronamespace = to_regnamespace('bazaard') ORDER "
                           "BY 1") +
           rows_within(on, "SELECT oid, conname FROM pg_constraint ORDER BY 1");
}

TEST_F(schema_test, ddl_is_the_text_that_people_read)
{
    EXPECT_EQ(postgres::schema_sql(shop.tables()),
              R"(-- Made by bazaard from the tables of its scenario; do not edit.
-- Names are unqualified: set search_path to the schema first.

CREATE TABLE site (
    id bigint NOT NULL,
    name character varying(40) NOT NULL,
    CONSTRAINT site_pkey PRIMARY KEY (id)
);

CREATE TABLE pulse (
    id integer NOT NULL,
    ts timestamp with time zone NOT NULL,
    CONSTRAINT pulse_pkey PRIMARY KEY (id)
);

CREATE TABLE sensor (
    id uuid NOT NULL,
    site_id bigint NOT NULL,
    name text NOT NULL,
    note text,
    last_value numeric(10,2),
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT sensor_pkey PRIMARY KEY (id),
    CONSTRAINT sensor_name_check CHECK (name <> '')
);
CREATE UNIQUE INDEX sensor_name_key ON sensor (name);

CREATE TABLE reading (
    id uuid NOT NULL,
    sensor_id uuid NOT NULL,
    amount numeric(10,2) NOT NULL,
    comment text,
    taken_at timestamp with time zone NOT NULL,
    CONSTRAINT reading_pkey PRIMARY KEY (id)
);
CREATE INDEX reading_sensor_idx ON reading (sensor_id, taken_at DESC);

ALTER TABLE sensor ADD CONSTRAINT sensor_site_id_fkey FOREIGN KEY (site_id) REFERENCES site (id);
ALTER TABLE reading ADD CONSTRAINT reading_sensor_id_fkey FOREIGN KEY (sensor_id) REFERENCES sensor (id);
)");
}

TEST_F(schema_test, makes_everything_once_and_then_finds_it)
{
    session on(postgres::resolve(flags));
    EXPECT_EQ(ensure_schema(on, "shop", shop), schema_state::created);
    EXPECT_EQ(rows(look, "SELECT id, name FROM shop.site ORDER BY id"), "1|North\n2|East\n3|South\n");
    EXPECT_TRUE(postgres::schema_differences(on, "shop", shop.tables()).empty());

    const auto before = catalogue_text(on);
    EXPECT_EQ(ensure_schema(on, "shop", shop), schema_state::found);
    EXPECT_EQ(catalogue_text(on), before);

    // A second shop beside the first needs functions of its own.
    EXPECT_EQ(ensure_schema(on, "Shop \"two\"", shop), schema_state::created);
    EXPECT_EQ(one(look, "SELECT count(*) FROM pg_proc WHERE pronamespace = 'bazaard'::regnamespace"), "10");
    EXPECT_EQ(ensure_schema(on, "shop", shop), schema_state::found);
}

TEST_F(schema_test, columns_of_the_users_own_are_welcome)
{
    session on(postgres::resolve(flags));
    ensure_schema(on, "shop", shop);
    on.exec("ALTER TABLE shop.sensor ADD colour text, ADD size integer NOT NULL DEFAULT 3;"
            "ALTER INDEX shop.reading_sensor_idx RENAME TO mine; CREATE TABLE shop.other (id integer)");
    EXPECT_EQ(ensure_schema(on, "shop", shop), schema_state::found);
}

struct drift
{
    std::string change;
    std::string line;  ///< Part of the difference that must be reported.
};

TEST_F(schema_test, every_kind_of_drift_is_named)
{
    session on(postgres::resolve(flags));
    ensure_schema(on, "shop", shop);
    const std::vector<drift> cases{
        {"DROP TABLE shop.reading", "table shop.reading is missing"},
        {"ALTER TABLE shop.sensor DROP COLUMN note", "table shop.sensor: column note is missing; it must be text"},
        {"ALTER TABLE shop.sensor ALTER last_value TYPE numeric(12,2)",
         "column last_value is numeric(12,2); it must be numeric(10,2)"},
        {"ALTER TABLE shop.sensor ALTER name DROP NOT NULL", "column name allows NULL; it must be NOT NULL"},
        {"ALTER TABLE shop.sensor ALTER note SET NOT NULL", "column note is NOT NULL; it must allow NULL"},
        {"ALTER TABLE shop.sensor ADD mine integer NOT NULL", "column mine is not of the scenario"},
        {"ALTER TABLE shop.reading DROP CONSTRAINT reading_pkey",
         "table shop.reading: there is no primary key; it must be (id)"},
        {"ALTER TABLE shop.reading DROP CONSTRAINT reading_pkey; ALTER TABLE shop.reading ADD PRIMARY KEY "
         "(id, taken_at)",
         "the primary key is (id, taken_at); it must be (id)"},
        {"ALTER TABLE shop.reading DROP CONSTRAINT reading_sensor_id_fkey",
         "the foreign key (sensor_id) to sensor (id) is missing"},
        {"ALTER TABLE shop.reading DROP CONSTRAINT reading_sensor_id_fkey; "
         "CREATE TABLE shop.elsewhere (id uuid PRIMARY KEY); "
         "ALTER TABLE shop.reading ADD FOREIGN KEY (sensor_id) REFERENCES shop.elsewhere",
         "the foreign key (sensor_id) goes to shop.elsewhere (id); it must go to shop.sensor (id)"},
        {"ALTER TABLE shop.sensor DROP CONSTRAINT sensor_name_check", "the check sensor_name_check is missing"},
        {"DROP INDEX shop.reading_sensor_idx", "the index reading_sensor_idx on (sensor_id, taken_at DESC) is missing"},
        {"DROP INDEX shop.sensor_name_key; CREATE INDEX sensor_name_key ON shop.sensor (name)",
         "the index sensor_name_key is on (name); it must be unique, on (name)"},
        {"DROP INDEX shop.sensor_name_key; CREATE UNIQUE INDEX sensor_name_key ON shop.sensor (name) WHERE "
         "note IS NULL",
         "the index sensor_name_key is partial, unique, on (name)"},
        {"ALTER TABLE shop.pulse RENAME TO p; CREATE VIEW shop.pulse AS SELECT * FROM shop.p",
         "table shop.pulse is not a table"},
        {"ALTER TABLE shop.reading DROP CONSTRAINT reading_sensor_id_fkey; TRUNCATE shop.sensor, shop.site, "
         "shop.reading",
         "the foreign key (sensor_id)"},
        {"CREATE TABLE bazaard.mine (id integer)", "schema bazaard holds mine"},
        {"ALTER TABLE bazaard.run DROP COLUMN settled", "table bazaard.run: column settled is missing"},
        {"ALTER TABLE bazaard.control ALTER value TYPE integer",
         "table bazaard.control: column value is integer; it must be bigint"},
        {"ALTER TABLE bazaard.control DROP CONSTRAINT control_pkey",
         "the primary key is (); it must be (schema_name, run, sequence)"},
    };
    for (const auto& one_case : cases)
    {
        SCOPED_TRACE(one_case.change);
        postgres::transaction undone(on);
        on.exec(one_case.change);
        const auto before = catalogue_text(on);
        const auto found = error_of([&] { ensure_schema(on, "shop", shop); });
        EXPECT_EQ(found.kind, error_kind::config);
        EXPECT_TRUE(found.says(one_case.line)) << text(found);
        EXPECT_EQ(catalogue_text(on), before) << "something was touched";
    }
    EXPECT_EQ(ensure_schema(on, "shop", shop), schema_state::found);
}

TEST_F(schema_test, several_differences_are_several_lines)
{
    session on(postgres::resolve(flags));
    ensure_schema(on, "shop", shop);
    on.exec("ALTER TABLE shop.sensor DROP COLUMN note; DROP INDEX shop.reading_sensor_idx; DROP TABLE "
            "shop.pulse");
    const auto found = postgres::schema_differences(on, "shop", shop.tables());
    EXPECT_EQ(found.size(), 3U);
}

TEST_F(schema_test, an_emptied_fixed_table_is_drift)
{
    session on(postgres::resolve(flags));
    ensure_schema(on, "shop", shop);
    on.exec("TRUNCATE shop.site CASCADE");
    const auto found = error_of([&] { ensure_schema(on, "shop", shop); });
    EXPECT_EQ(found.kind, error_kind::config);
    EXPECT_TRUE(found.says("table shop.site is empty")) << text(found);
}

TEST_F(schema_test, names_that_cannot_be_a_schema_are_refused)
{
    session on(postgres::resolve(flags));
    for (const auto& name : {""s, "pg_shop"s, "information_schema"s, "bazaard"s, std::string(64, 'x'), "a\nb"s, "a\0b"s,
                             "\xff"s, "\xed\xa0\x80"s, "\xc0\x80"s})
    {
        SCOPED_TRACE(name);
        EXPECT_EQ(error_of([&] { ensure_schema(on, name, shop); }).kind, error_kind::usage);
    }
    EXPECT_EQ(one(look, "SELECT count(*) FROM pg_namespace WHERE nspname NOT LIKE 'pg%'"),
              "2");  // public, information_schema
    EXPECT_EQ(postgres::quote_identifier("a\"b"), "\"a\"\"b\"");
    EXPECT_EQ(postgres::quote_identifier("Größe"), "\"Größe\"");
    EXPECT_EQ(one(look, "SELECT " + postgres::quote_literal("it's \\ \"q\"")), "it's \\ \"q\"");
}

TEST_F(schema_test, two_that_start_together_make_it_once)
{
    const auto work = [&]
    {
        session on(postgres::resolve(flags));
        return ensure_schema(on, "shop", shop);
    };
    // A third session holds the lock until both wait for it, so that they surely meet.
    session holder(postgres::resolve(flags));
    std::vector<schema_state> states;
    {
        postgres::transaction held(holder);
        holder.exec("SELECT pg_advisory_xact_lock(27710116871070308)");
        auto first = std::async(std::launch::async, work);
        auto second = std::async(std::launch::async, work);
        while (one(look, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") != "2")
            std::this_thread::yield();
        held.commit();
        states = {first.get(), second.get()};
    }
    EXPECT_EQ(std::ranges::count(states, schema_state::created), 1);
    EXPECT_EQ(one(look, "SELECT count(*) FROM shop.site"), "3");
}

TEST_F(schema_test, a_role_without_create_runs_what_the_owner_made)
{
    session owner(postgres::resolve(flags));
    owner.exec("CREATE ROLE app LOGIN PASSWORD 'app'");
    auto as_app = flags;
    as_app.user = "app";
    session app(postgres::resolve(as_app));

    auto found = error_of([&] { ensure_schema(app, "shop", shop); });
    EXPECT_EQ(found.kind, error_kind::permission);
    EXPECT_TRUE(found.says("the role \"app\" lacks CREATE on the database")) << text(found);

    ensure_schema(owner, "shop", shop);
    found = error_of([&] { ensure_schema(app, "shop", shop); });
    EXPECT_EQ(found.kind, error_kind::permission);
    EXPECT_TRUE(found.says("lacks USAGE on the schema \"shop\"")) << text(found);
    EXPECT_TRUE(found.says("lacks USAGE on the schema \"bazaard\"")) << text(found);

    owner.exec("GRANT USAGE ON SCHEMA shop, bazaard TO app; GRANT SELECT ON ALL TABLES IN SCHEMA shop TO app");
    found = error_of([&] { ensure_schema(app, "shop", shop); });
    EXPECT_TRUE(found.says("lacks INSERT on the table shop.reading")) << text(found);
    EXPECT_TRUE(found.says("lacks UPDATE on the table shop.sensor")) << text(found);
    EXPECT_FALSE(found.says("UPDATE on the table shop.reading")) << text(found);

    owner.exec("GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA shop TO app; "
               "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA bazaard TO app");
    EXPECT_EQ(ensure_schema(app, "shop", shop), schema_state::found);

    run::record record;
    record.schema = "shop";
    record.tag = run_tag(record.run);
    record.scenario = "demo";
    record.start = time{1'700'000'000'000'000};
    postgres::create(app, record, shop);
    postgres::writer writer(std::make_shared<postgres::gateway>(postgres::resolve(as_app)), "shop", shop,
                            id_codec(record.tag, record.seed));
    const auto planner = shop.plan(record.start);
    model::unit unit;
    shop.build(planner->next(), unit);
    EXPECT_EQ(writer.write(unit, run::form::first).what, run::outcome::committed);
    postgres::touch(app, "shop", shop);

    owner.exec("DROP OWNED BY app; DROP ROLE app");
}

TEST_F(schema_test, a_read_only_server_is_unavailable)
{
    {
        session on(postgres::resolve(flags));
        on.exec("ALTER DATABASE " + *flags.name + " SET default_transaction_read_only = on");
    }
    session on(postgres::resolve(flags));
    const auto found = error_of([&] { ensure_schema(on, "shop", shop); });
    EXPECT_EQ(found.kind, error_kind::unavailable);
    EXPECT_TRUE(found.says("read-only (standby or default_transaction_read_only)")) << text(found);
}

TEST_F(schema_test, function_names_carry_their_text)
{
    const auto here = postgres::make_write_function("shop", shop.tables(), shop.kinds()[demo_scenario::record]);
    const auto there = postgres::make_write_function("other", shop.tables(), shop.kinds()[demo_scenario::record]);
    EXPECT_TRUE(here.name.starts_with("record_"));
    EXPECT_EQ(here.name.size(), "record_"s.size() + 16);
    EXPECT_NE(here.name, there.name);
    const model::unit_kind wordy{"a_kind_of_unit_with_a_name_that_is_longer_than_any_name_on_the_server",
                                 shop.kinds()[0].parts};
    EXPECT_EQ(postgres::make_write_function("shop", shop.tables(), wordy).name.size(), 63U);
    // Fixed: another text under the same name would be another function.
    EXPECT_EQ(here.name,
              postgres::make_write_function("shop", shop.tables(), shop.kinds()[demo_scenario::record]).name);
}

// ---- Runs

class store_test : public schema_test
{
protected:
    store_test()
    {
        ensure_schema(on, "shop", shop);
        record.schema = "shop";
        record.run = "it's \"main\"";
        record.tag = run_tag(record.run);
        record.seed = 0xffff'ffff'ffff'fffe;
        record.scenario = "demo";
        record.scenario_version = 4'000'000'000;
        record.scenario_text = demo_text;
        record.catalogue = 0x8000'0000'0000'0001;
        record.start = *parse_time("2026-03-29T01:59:59.999999Z");
        record.window = 77;
        record.settings = {{"sensors", "5"}, {"rate", "10"}};
    }

    static std::span<const scenario::field> fields(const run::record&) { return demo_scenario::fields(); }

    session on{postgres::resolve(flags)};
    run::record record;
};

TEST_F(store_test, a_run_comes_back_as_it_was_written)
{
    EXPECT_FALSE(postgres::load(on, "shop", record.run, fields));
    postgres::create(on, record, shop, 2);
    model::control set;
    set.unit = 12;
    set.what = model::control::kind::set;
    set.field = 1;
    set.value = 2500;
    set.at = record.start + microseconds(1);
    model::control shift;
    shift.unit = 13;
    shift.value = 8LL * 3600 * 1'000'000;
    model::control reject;
    reject.what = model::control::kind::reject;
    reject.unit = 9;
    reject.value = run::reject_value({run::outcome::rejected, {"23503"}, {}});
    const postgres::ownership own{.schema = "shop", .run = record.run, .tag = record.tag};
    postgres::append(on, own, 0, set, fields({}));
    postgres::append(on, own, 1, shift, fields({}));
    postgres::append(on, own, 1, shift, fields({}));  // A doubt: the same again.
    postgres::append(on, own, 2, reject, fields({}));
    postgres::append(on, own, {11, 2, 0xffff'0000'1111'2222});
    EXPECT_NE(postgres::mark(on, own, {.settled = 11, .clean = true}).us, 0);
    EXPECT_EQ(one(look, "SELECT string_agg(coalesce(field, '-'), ' ' ORDER BY sequence) FROM bazaard.control"),
              "rate - 23503");

    const auto found = postgres::load(on, "shop", record.run, fields);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->run, record.run);
    EXPECT_EQ(found->tag, record.tag);
    EXPECT_EQ(found->seed, record.seed);
    EXPECT_EQ(found->scenario_version, record.scenario_version);
    EXPECT_EQ(found->scenario_text, record.scenario_text);
    EXPECT_EQ(found->catalogue, record.catalogue);
    EXPECT_EQ(found->start, record.start);
    EXPECT_EQ(found->window, 77U);
    EXPECT_EQ(found->settings, record.settings);
    EXPECT_EQ(found->settled, 11U);
    EXPECT_TRUE(found->clean);
    ASSERT_EQ(found->log.size(), 3U);
    EXPECT_EQ(run::reject_code(found->log[2].value), "23503");
    EXPECT_EQ(found->checkpoints, (std::vector<run::checkpoint>{{11, 2, 0xffff'0000'1111'2222}}));
    EXPECT_EQ(found->log[0].what, model::control::kind::set);
    EXPECT_EQ(found->log[0].field, 1);
    EXPECT_EQ(found->log[0].unit, 12U);
    EXPECT_EQ(found->log[0].value, 2500);
    EXPECT_EQ(found->log[0].at, set.at);
    EXPECT_EQ(found->log[1].value, shift.value);
    EXPECT_EQ(postgres::list(on, "shop").size(), 1U);
    EXPECT_TRUE(postgres::list(on, "other").empty());
}

TEST_F(store_test, initial_rows_are_written_with_the_run_or_not_at_all)
{
    postgres::create(on, record, shop, 2);
    EXPECT_EQ(one(look, "SELECT count(*) FROM shop.sensor"), "5");
    const id_codec ids(record.tag, record.seed);
    EXPECT_EQ(one(look, "SELECT name FROM shop.sensor WHERE id = '" +
                            to_string(ids.encode({demo_scenario::sensor, 3, no_unit})) + "'"),
              "sensor 3");
    EXPECT_FALSE(postgres::highest_unit(on, "shop", shop, ids)) << "initial rows are no unit's";

    auto found = error_of([&] { postgres::create(on, record, shop); });
    EXPECT_EQ(found.kind, error_kind::config);
    EXPECT_TRUE(found.says("is there already")) << text(found);

    // The demo's sensor names collide between runs: the COPY fails, and the run row with it.
    auto second = record;
    second.run = "second";
    second.tag = run_tag("second");
    found = error_of([&] { postgres::create(on, second, shop); });
    EXPECT_TRUE(found.says("sensor_name_key")) << text(found);
    EXPECT_FALSE(postgres::load(on, "shop", "second", fields));
    EXPECT_TRUE(on.idle());
    second.tag = record.tag;
    found = error_of([&] { postgres::create(on, second, shop); });
    EXPECT_TRUE(found.says("tag of another run")) << text(found);
}

TEST_F(store_test, a_run_that_is_gone_takes_no_entry)
{
    const postgres::ownership own{.schema = "shop", .run = "none", .tag = 7};
    EXPECT_EQ(error_of([&] { postgres::append(on, own, 0, model::control{}, {}); }).kind, error_kind::config);
    EXPECT_EQ(error_of([&] { postgres::mark(on, own, {}); }).kind, error_kind::config);
}

TEST_F(store_test, the_heartbeat_is_one_row_that_moves)
{
    postgres::touch(on, "shop", shop);
    const auto first = one(look, "SELECT ts FROM shop.pulse WHERE id = 1");
    postgres::touch(on, "shop", shop);
    EXPECT_EQ(one(look, "SELECT count(*) FROM shop.pulse"), "1");
    EXPECT_NE(one(look, "SELECT ts FROM shop.pulse"), first);
}

}  // namespace
}  // namespace bazaar
