#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <future>
#include <map>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "bazaar/base/decimal.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/postgres/schema.hpp"
#include "bazaar/postgres/store.hpp"
#include "bazaar/postgres/writer.hpp"
#include "support/demo_scenario.hpp"
#include "support/eventually.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"

namespace bazaar
{
namespace
{

using namespace std::chrono_literals;
using postgres::resolve;
using postgres::session;
using postgres::writer;
using run::form;
using run::outcome;
using test::demo_scenario;
using test::eventually;
using test::one;
using test::postgres_cluster;
using test::rows;

constexpr time start{1'770'000'000'000'000};

/// A schema with the initial rows of one run, and its plan.
class writer_test : public ::testing::Test
{
protected:
    writer_test()
    {
        postgres::ensure_schema(on, "shop", shop);
        run::record record;
        record.schema = "shop";
        record.tag = ids.tag();
        record.seed = seed;
        record.scenario = "demo";
        record.start = start;
        postgres::create(on, record, shop);
        for (std::size_t i = 0; i < 400; ++i)
        {
            plan.push_back(std::make_unique<model::unit>());
            shop.build(planner->next(), *plan.back());
        }
    }

    /// The first unit of a kind whose earlier units are all below it; those are written first.
    const model::unit& reach(writer& through, std::uint16_t kind)
    {
        while (plan[next]->decision.kind != kind)
            EXPECT_EQ(through.write(*plan[next++], form::first).what, outcome::committed);
        return *plan[next++];
    }

    /// What every row is, and where it lies: a row version that was written again lies elsewhere.
    std::string state(bool with_place = true)
    {
        const std::string place = with_place ? "xmin, ctid, " : "";
        return rows(look, "SELECT " + place + "t.* FROM shop.sensor t ORDER BY id") +
               rows(look, "SELECT " + place + "t.* FROM shop.reading t ORDER BY id");
    }

    /// The tables as the plan says they are after `count` units.
    std::string expected(std::size_t count)
    {
        std::map<std::string, std::string> sensors;
        std::map<std::string, std::string> readings;
        const auto put = [&](std::uint8_t table, std::span<const model::value> row)
        {
            std::string line;
            const auto columns = shop.tables()[table].columns;
            for (std::size_t i = 0; i < columns.size(); ++i)
            {
                const auto& v = row[i];
                line += i == 0 ? "" : "|";
                if (v.null())
                    line += "~";
                else if (v.kind() == model::type::ref)
                    line += to_string(ids.encode(v.row()));
                else if (v.kind() == model::type::decimal)
                    line += to_decimal(v.integer(), 2);
                else if (v.kind() == model::type::timestamp)
                    line += to_string(v.moment());
                else if (v.kind() == model::type::int64)
                    line += std::to_string(v.integer());
                else
                    line += v.text();
            }
            (table == demo_scenario::sensor ? sensors : readings)[line.substr(0, 36)] = line + '\n';
        };
        shop.initial_rows(demo_scenario::sensor, start, [&](auto row) { put(demo_scenario::sensor, row); });
        for (std::size_t i = 0; i < count; ++i)
            for (const auto& change : plan[i]->changes)
                put(change.table, change.after);
        std::string all;
        for (const auto* table : {&sensors, &readings})
            for (const auto& [id, line] : *table)
                all += line;
        return all;
    }

    std::string found()
    {
        const auto moment = [](const std::string& column)
        { return "to_char(" + column + " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"; };
        return rows(look, "SELECT id, site_id, name, note, last_value, " + moment("updated_at") +
                              " FROM shop.sensor ORDER BY id") +
               rows(look,
                    "SELECT id, sensor_id, amount, comment, " + moment("taken_at") + " FROM shop.reading ORDER BY id");
    }

    writer make(writer::options options = {}) { return writer(gateway, "shop", shop, ids, std::move(options)); }

    /// A writer that goes another way.
    writer make(const postgres::connection_flags& to, postgres::gateway::options how = {}, writer::options options = {})
    {
        return writer(std::make_shared<postgres::gateway>(resolve(to), std::move(how)), "shop", shop, ids,
                      std::move(options));
    }

    static constexpr std::uint64_t seed = 11;
    postgres::connection_flags flags = postgres_cluster::get().fresh_database();
    demo_scenario shop{seed};
    id_codec ids{run_tag("main"), seed};
    session on{resolve(flags)};
    test::sql_client look{flags};
    std::shared_ptr<postgres::gateway> gateway = std::make_shared<postgres::gateway>(resolve(flags));
    std::unique_ptr<scenario::planner> planner = shop.plan(start);
    std::vector<std::unique_ptr<model::unit>> plan;
    std::size_t next = 0;
};

TEST_F(writer_test, the_tables_become_what_the_plan_says)
{
    auto through = make();
    for (std::size_t i = 0; i < plan.size(); ++i)
    {
        const auto done = through.write(*plan[i], form::first);
        ASSERT_EQ(done.what, outcome::committed) << i << ": " << done.detail;
    }
    EXPECT_EQ(found(), expected(plan.size()));
    EXPECT_EQ(gateway->counts().connects, 1U);
    EXPECT_TRUE(through.prepares());

    std::optional<unit_no> last;
    for (const auto& unit : plan)
        for (const auto& change : unit->changes)
            if (change.what == model::op::insert)
                last = unit->decision.no;
    EXPECT_EQ(postgres::highest_unit(on, "shop", shop, ids), last);
    EXPECT_FALSE(postgres::highest_unit(on, "shop", shop, id_codec(ids.tag() ^ 1, seed)));
}

TEST_F(writer_test, an_analyze_of_few_rows_makes_no_unit_read_whole_tables)
{
    on.exec("ANALYZE shop.sensor, shop.reading");
    {
        auto through = make();
        for (const auto& unit : plan)
            ASSERT_EQ(through.write(*unit, form::first).what, outcome::committed);
    }
    // A session's counts are the server's when it has ended.
    gateway.reset();
    const auto counted = [&](const std::string& what)
    { return std::stoll(one(look, "SELECT sum(" + what + ") FROM pg_stat_user_tables WHERE schemaname = 'shop'")); };
    static_cast<void>(eventually([&] { return counted("idx_scan") >= 200 || counted("seq_scan") >= 200; }, 20s));
    EXPECT_GE(counted("idx_scan"), 200);
    EXPECT_LT(counted("seq_scan"), 20) << "the few of this test and of the opening";
}

TEST_F(writer_test, a_foreign_row_among_ours_hides_no_unit)
{
    auto through = make();
    const auto& unit = reach(through, demo_scenario::install);
    EXPECT_EQ(through.write(unit, form::first).what, outcome::committed);
    const auto before = postgres::highest_unit(on, "shop", shop, ids);
    auto id = ids.encode({demo_scenario::sensor, row_end - 1, 5});
    id[15] ^= 1;  // The check does not hold any more.
    on.exec("INSERT INTO shop.sensor VALUES ('" + to_string(id) + "', 1, 'stranger', NULL, NULL, now())");
    EXPECT_EQ(postgres::highest_unit(on, "shop", shop, ids), before);
}

TEST_F(writer_test, a_replay_of_what_is_there_writes_no_row_version)
{
    auto through = make();
    for (std::size_t i = 0; i < 60; ++i)
        ASSERT_EQ(through.write(*plan[i], form::first).what, outcome::committed);
    const auto before = state();
    for (std::size_t i = 0; i < 60; ++i)
        EXPECT_EQ(through.write(*plan[i], form::replay).what, outcome::already_there) << i;
    EXPECT_EQ(state(), before);
}

TEST_F(writer_test, a_replay_of_what_is_not_there_writes_it)
{
    auto through = make();
    for (std::size_t i = 0; i < plan.size(); ++i)
        ASSERT_EQ(through.write(*plan[i], form::replay).what, outcome::committed) << i;
    EXPECT_EQ(found(), expected(plan.size()));
}

TEST_F(writer_test, a_first_attempt_at_a_row_that_is_there_stops_the_program)
{
    auto through = make();
    const auto& unit = reach(through, demo_scenario::install);
    EXPECT_EQ(through.write(unit, form::first).what, outcome::committed);
    try
    {
        through.write(unit, form::first);
        ADD_FAILURE();
    }
    catch (const error& problem)
    {
        EXPECT_EQ(problem.kind(), error_kind::temporary);
        EXPECT_NE(std::string(problem.what()).find("another one writes the same run"), std::string::npos)
            << problem.what();
    }
}

TEST_F(writer_test, a_changed_row_is_a_foreign_edit_and_nothing_is_written)
{
    auto through = make();
    const auto& adjust = reach(through, demo_scenario::adjust);
    const auto id = to_string(ids.encode(adjust.changes[0].after[0].row()));
    const auto before = state(false);
    const std::vector<std::string> edits{
        "UPDATE shop.sensor SET updated_at = updated_at - interval '1 second' WHERE id = '" + id + "'",
        "UPDATE shop.sensor SET updated_at = '-infinity' WHERE id = '" + id + "'",
        "UPDATE shop.sensor SET updated_at = 'infinity' WHERE id = '" + id + "'",
        "UPDATE shop.sensor SET updated_at = '1970-01-01 00:00:00+00' WHERE id = '" + id + "'",
        "DELETE FROM shop.reading WHERE sensor_id = '" + id + "'; DELETE FROM shop.sensor WHERE id = '" + id + "'",
    };
    for (const auto& edit : edits)
        for (const auto how : {form::first, form::replay})
        {
            SCOPED_TRACE(edit);
            on.exec("CREATE TABLE public.s AS TABLE shop.sensor; CREATE TABLE public.r AS TABLE shop.reading");
            on.exec(edit);
            const auto edited = state();
            const auto done = through.write(adjust, how);
            EXPECT_EQ(done.what, outcome::foreign);
            EXPECT_NE(done.detail.find(id), std::string::npos) << done.detail;
            EXPECT_EQ(state(), edited);
            on.exec("TRUNCATE shop.sensor, shop.reading; INSERT INTO shop.sensor TABLE public.s; "
                    "INSERT INTO shop.reading TABLE public.r; DROP TABLE public.s, public.r");
        }
    EXPECT_EQ(state(false), before);
    // A version as new as ours is ours, but only where doubt was.
    on.exec("UPDATE shop.sensor SET updated_at = updated_at + interval '1 year' WHERE id = '" + id + "'");
    EXPECT_EQ(through.write(adjust, form::first).what, outcome::foreign);
    EXPECT_EQ(through.write(adjust, form::replay).what, outcome::already_there);
}

TEST_F(writer_test, a_later_part_that_does_not_match_undoes_the_unit)
{
    auto through = make();
    const auto& unit = reach(through, demo_scenario::record);
    const auto id = to_string(ids.encode(unit.changes[1].after[0].row()));
    on.exec("UPDATE shop.sensor SET updated_at = updated_at + interval '1 us' WHERE id = '" + id + "'");
    const auto before = state();
    for (const auto how : {form::first, form::replay})
    {
        const auto done = through.write(unit, how);
        EXPECT_EQ(done.what, outcome::foreign);
        EXPECT_STREQ(done.code.data(), "BZ001");
        EXPECT_EQ(done.detail, "rows of shop.sensor updated: planned 1, found 0");
    }
    EXPECT_EQ(state(), before);
}

TEST_F(writer_test, what_constraints_and_triggers_refuse_is_rejected)
{
    auto through = make();
    const auto& unit = reach(through, demo_scenario::install);
    const auto name = std::string(unit.changes[0].after[2].text());
    const auto before = state();
    const std::map<std::string, std::string> hurdles{
        {"ALTER TABLE shop.sensor ADD CONSTRAINT mine CHECK (name <> '" + name + "')", "23514"},
        {"INSERT INTO shop.sensor VALUES (gen_random_uuid(), 1, '" + name + "', NULL, NULL, now())", "23505"},
        {"CREATE FUNCTION public.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END "
         "$$; "
         "CREATE TRIGGER no BEFORE INSERT ON shop.sensor FOR EACH ROW EXECUTE FUNCTION public.no()",
         "P0001"},
    };
    for (const auto& [hurdle, sqlstate] : hurdles)
    {
        SCOPED_TRACE(hurdle);
        on.exec("CREATE TABLE public.s AS TABLE shop.sensor");
        on.exec(hurdle);
        for (const auto how : {form::first, form::replay})
        {
            const auto done = through.write(unit, how);
            EXPECT_EQ(done.what, outcome::rejected);
            EXPECT_EQ(std::string(done.code.data()), sqlstate);
        }
        on.exec("ALTER TABLE shop.sensor DROP CONSTRAINT IF EXISTS mine; DROP TRIGGER IF EXISTS no ON "
                "shop.sensor; "
                "DELETE FROM shop.sensor WHERE id NOT IN (SELECT id FROM public.s); DROP TABLE public.s");
    }
    EXPECT_EQ(state(), before);
    EXPECT_EQ(through.write(unit, form::first).what, outcome::committed);
}

TEST_F(writer_test, a_trigger_that_swallows_rows_is_not_taken_for_a_replay)
{
    auto through = make();
    const auto& unit = reach(through, demo_scenario::install);
    on.exec("CREATE FUNCTION public.swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; "
            "CREATE TRIGGER swallow BEFORE INSERT ON shop.sensor FOR EACH ROW EXECUTE FUNCTION public.swallow()");
    EXPECT_EQ(through.write(unit, form::first).what, outcome::foreign);
    EXPECT_EQ(through.write(unit, form::replay).what, outcome::foreign);
}

TEST_F(writer_test, a_missing_right_or_function_stops_the_program)
{
    auto through = make();
    const auto& unit = reach(through, demo_scenario::install);
    on.exec("CREATE ROLE poor LOGIN; GRANT USAGE ON SCHEMA shop, bazaard TO poor");
    auto as_poor = flags;
    as_poor.user = "poor";
    auto poor = make(as_poor);
    const auto kind_of = [&](writer& by)
    {
        try
        {
            by.write(unit, form::first);
        }
        catch (const error& problem)
        {
            return problem.kind();
        }
        return error_kind::internal;
    };
    EXPECT_EQ(kind_of(poor), error_kind::permission);
    on.exec("DROP SCHEMA bazaard CASCADE");
    auto fresh = make();
    EXPECT_EQ(kind_of(fresh), error_kind::config);
    on.exec("DROP OWNED BY poor; DROP ROLE poor");
}

TEST_F(writer_test, locks_of_others_are_not_done)
{
    auto through = make();
    const auto& unit = reach(through, demo_scenario::adjust);
    const auto id = to_string(ids.encode(unit.changes[0].after[0].row()));
    {
        postgres::transaction held(on);
        on.exec("SELECT FROM shop.sensor WHERE id = '" + id + "' FOR UPDATE");
        const auto done = through.write(unit, form::first);
        EXPECT_EQ(done.what, outcome::not_done);
        EXPECT_STREQ(done.code.data(), "55P03");
    }
    EXPECT_EQ(through.write(unit, form::first).what, outcome::committed);
}

TEST_F(writer_test, a_link_that_broke_before_is_not_done)
{
    auto through = make();
    const auto& unit = reach(through, demo_scenario::install);
    through.write(unit, form::first);
    EXPECT_EQ(one(look, "SELECT pg_terminate_backend(" + std::to_string(through.backend()) + ", 10000)"), "t");
    const auto& after = *plan[next];
    EXPECT_EQ(through.write(after, form::first).what, outcome::not_done);
    EXPECT_EQ(through.write(after, form::first).what, outcome::committed);
    EXPECT_EQ(gateway->counts().connects, 2U);
    EXPECT_EQ(gateway->counts().lost, 1U);
}

TEST_F(writer_test, a_link_that_broke_meanwhile_is_in_doubt_and_a_replay_resolves_it)
{
    auto through = make();
    const auto& unit = reach(through, demo_scenario::adjust);
    const auto id = to_string(ids.encode(unit.changes[0].after[0].row()));
    const auto before = state();
    {
        postgres::transaction held(on);
        on.exec("SELECT FROM shop.sensor WHERE id = '" + id + "' FOR UPDATE");
        // It waits for our lock, which a third session sees, and then its server process ends.
        auto waiting = std::async(std::launch::async, [&] { return through.write(unit, form::first); });
        test::sql_client killer(flags);
        while (one(killer, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                           "wait_event_type = 'Lock' "
                           "AND datname = current_database()") == "0")
            std::this_thread::yield();
        const auto done = waiting.get();
        EXPECT_EQ(done.what, outcome::in_doubt) << done.detail;
    }
    EXPECT_EQ(state(), before);
    EXPECT_EQ(through.write(unit, form::replay).what, outcome::committed);
    EXPECT_EQ(through.write(unit, form::replay).what, outcome::already_there);
    EXPECT_EQ(found(), expected(next));
}

TEST_F(writer_test, no_answer_in_time_is_in_doubt_and_a_replay_finds_the_late_commit)
{
    auto through = make(flags, {.link = {.call_deadline = 300ms}});
    const auto& unit = reach(through, demo_scenario::adjust);
    const auto id = to_string(ids.encode(unit.changes[0].after[0].row()));
    {
        postgres::transaction held(on);
        on.exec("SELECT FROM shop.sensor WHERE id = '" + id + "' FOR UPDATE");
        EXPECT_EQ(through.write(unit, form::first).what, outcome::in_doubt);
    }
    // The zombie goes on now that the lock is free; the replay waits for it or wins.
    outcome last = outcome::not_done;
    while (last == outcome::not_done || last == outcome::in_doubt)
        last = through.write(unit, form::replay).what;
    EXPECT_TRUE(last == outcome::already_there || last == outcome::committed);
    EXPECT_EQ(found(), expected(next));
}

TEST_F(writer_test, an_outage_that_lasts_is_temporary)
{
    auto nowhere = flags;
    nowhere.host = "127.0.0.1";
    nowhere.port = std::to_string(test::free_port());
    auto through = make(nowhere, {.outage = {.limit = 200ms}});
    try
    {
        through.write(*plan[0], form::first);
        ADD_FAILURE();
    }
    catch (const error& problem)
    {
        EXPECT_EQ(problem.kind(), error_kind::temporary);
        EXPECT_NE(std::string(problem.what()).find(*nowhere.port), std::string::npos);
    }
}

TEST_F(writer_test, a_stop_ends_the_waiting_for_the_server)
{
    auto nowhere = flags;
    nowhere.host = "127.0.0.1";
    nowhere.port = std::to_string(test::free_port());
    std::stop_source stop;
    writer::options patient;
    patient.stop = stop.get_token();
    auto through = make(nowhere, {}, patient);
    auto waiting = std::async(std::launch::async, [&] { return through.write(*plan[0], form::first); });
    stop.request_stop();
    EXPECT_EQ(waiting.get().what, outcome::not_done);
}

TEST_F(writer_test, deletes_are_guarded_and_recognised_like_updates)
{
    auto through = make();
    const auto& install = reach(through, demo_scenario::install);
    EXPECT_EQ(through.write(install, form::first).what, outcome::committed);

    // Its rows again, as deletes: children first.
    model::unit forget;
    forget.decision.kind = demo_scenario::forget;
    ASSERT_GT(install.changes.size(), 1U) << "the seed gives this sensor no reading";
    for (std::size_t i = 1; i < install.changes.size(); ++i)
        forget.changes.push_back({model::op::erase, demo_scenario::reading, install.changes[i].after, {}});
    forget.changes.push_back({model::op::erase, demo_scenario::sensor, install.changes[0].after, {}});

    const auto id = to_string(ids.encode(install.changes[0].after[0].row()));
    on.exec("UPDATE shop.sensor SET updated_at = updated_at + interval '1 us' WHERE id = '" + id + "'");
    const auto before = state();
    EXPECT_EQ(through.write(forget, form::first).what, outcome::foreign);
    EXPECT_EQ(state(), before);
    on.exec("UPDATE shop.sensor SET updated_at = updated_at - interval '1 us' WHERE id = '" + id + "'");
    EXPECT_EQ(through.write(forget, form::first).what, outcome::committed);
    EXPECT_EQ(one(look, "SELECT count(*) FROM shop.sensor WHERE id = '" + id + "'"), "0");
    EXPECT_EQ(through.write(forget, form::first).what, outcome::foreign);
    EXPECT_EQ(through.write(forget, form::replay).what, outcome::already_there);
}

TEST_F(writer_test, behind_a_pooler_it_finds_out_and_goes_on_unprepared)
{
    if (!test::pgbouncer::installed())
        GTEST_SKIP() << "the package pgbouncer is not installed";
    const test::pgbouncer pooler(postgres_cluster::get(), 2);
    const auto through_pooler = pooler.before(flags);
    session check(resolve(through_pooler));
    EXPECT_TRUE(check.pooled());
    EXPECT_EQ(postgres::ensure_schema(check, "shop", shop), postgres::schema_state::found);

    // Two writers share two server sessions, so statements prepared by one meet the other.
    auto first = make(through_pooler);
    auto second = make(through_pooler);
    for (std::size_t i = 0; i < plan.size(); ++i)
    {
        // Held by this transaction now and then: the pooler has to give the writer another server session.
        std::optional<postgres::transaction> held;
        if (i % 3 == 0)
            held.emplace(check);
        const auto done = (i % 2 == 0 ? first : second).write(*plan[i], form::first);
        ASSERT_EQ(done.what, outcome::committed) << i << ": " << done.detail;
    }
    EXPECT_EQ(found(), expected(plan.size()));
    EXPECT_FALSE(first.prepares() && second.prepares());
}

TEST_F(writer_test, behind_a_pooler_a_missing_database_is_a_configuration)
{
    if (!test::pgbouncer::installed())
        GTEST_SKIP() << "the package pgbouncer is not installed";
    const test::pgbouncer pooler(postgres_cluster::get(), 2);
    auto nowhere = pooler.before(flags);
    nowhere.name = "nowhere";
    try
    {
        session missing(resolve(nowhere));
        ADD_FAILURE();
    }
    catch (const error& problem)
    {
        EXPECT_EQ(problem.kind(), error_kind::config) << problem.what();
    }
}

TEST_F(writer_test, unprepared_on_demand)
{
    writer::options plain;
    plain.use = writer::statements::unprepared;
    auto through = make(plain);
    for (const auto& unit : plan)
        ASSERT_EQ(through.write(*unit, form::first).what, outcome::committed);
    EXPECT_EQ(found(), expected(plan.size()));
}

}  // namespace
}  // namespace bazaar
