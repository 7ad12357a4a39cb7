// Who may write in the name of a run: the lease, its epoch in the fence of every unit, and what tells one server from another.

#include <array>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/functions.hpp"
#include "bazaar/postgres/lease.hpp"
#include "bazaar/postgres/schema.hpp"
#include "bazaar/postgres/store.hpp"
#include "bazaar/postgres/writer.hpp"
#include "support/demo_scenario.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"

namespace bazaar
{
namespace
{

using namespace std::chrono_literals;
using postgres::resolve;
using postgres::session;
using run::form;
using run::outcome;
using test::demo_scenario;
using test::one;
using test::postgres_cluster;

/// A run that was begun by "the first", whose sessions are called bazaard/first.
class lease_test : public ::testing::Test
{
protected:
    lease_test()
    {
        postgres::ensure_schema(on, "shop", shop);
        run::record record;
        record.schema = "shop";
        record.tag = ids.tag();
        record.seed = seed;
        record.scenario = "demo";
        record.start = time{1'770'000'000'000'000};
        postgres::create(on, record, shop, 1000, {"the first", "bazaard/first"});
        const auto planner = shop.plan(record.start);
        for (auto& unit : plan)
            shop.build(planner->next(), unit);
    }

    [[nodiscard]] run::lease_options as(const std::string& name, std::chrono::milliseconds lease_time = 10s)
    {
        return {.by = {"the " + name, "bazaard/" + name},
                .lease_time = lease_time,
                .stop = {},
                .tell = [this](const std::string& line) { told.push_back(line); }};
    }

    /// The message of what it throws, with its kind in front.
    template <typename Call>
    [[nodiscard]] static std::string refusal(Call&& call)
    {
        try
        {
            call();
        }
        catch (const error& problem)
        {
            return std::string(name(problem.kind())) + ": " + problem.what();
        }
        return "nothing was thrown";
    }

    [[nodiscard]] postgres::writer writer(std::int64_t epoch)
    {
        return {std::make_shared<postgres::gateway>(resolve(flags)), "shop", shop, ids, {.epoch = epoch}};
    }

    [[nodiscard]] std::int64_t epoch() { return std::stoll(one(look, "SELECT epoch FROM bazaard.lease")); }

    static constexpr std::uint64_t seed = 11;
    postgres::connection_flags flags = postgres_cluster::get().fresh_database();
    demo_scenario shop{seed};
    id_codec ids{run_tag("main"), seed};
    session on{resolve(flags)};
    test::sql_client look{flags};
    postgres::ownership own{.schema = "shop", .tag = ids.tag()};
    std::array<model::unit, 3> plan;
    std::vector<std::string> told;
};

TEST_F(lease_test, is_taken_at_once_when_the_sessions_of_its_holder_are_gone)
{
    const auto begun = std::chrono::steady_clock::now();
    const auto taken = postgres::take_lease(on, own, as("second"));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->epoch, 2);
    EXPECT_FALSE(taken->clean);
    EXPECT_EQ(one(look, "SELECT holder || '|' || session_name FROM bazaard.lease"), "the second|bazaard/second");
}

TEST_F(lease_test, is_refused_while_its_holder_renews_it)
{
    const session alive(resolve(flags, "first"));
    std::stop_source stop;
    const std::jthread renews(
        [&]
        {
            session link(resolve(flags));
            while (!stop.stop_requested())
            {
                static_cast<void>(postgres::mark(link, own, {}));
                std::this_thread::sleep_for(50ms);
            }
        });
    const auto why = refusal([&] { static_cast<void>(postgres::take_lease(on, own, as("second"))); });
    stop.request_stop();
    EXPECT_TRUE(why.starts_with("temporary: run main of schema shop belongs to the first, which is alive")) << why;
    EXPECT_NE(why.find("--wait"), why.npos) << why;
    EXPECT_EQ(epoch(), 1);
}

TEST_F(lease_test, is_taken_from_a_holder_that_does_not_renew_it_although_its_sessions_are_there)
{
    const session alive(resolve(flags, "first"));
    const auto begun = std::chrono::steady_clock::now();
    ASSERT_TRUE(postgres::take_lease(on, own, as("second", 1s)));
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 1s);
    EXPECT_EQ(epoch(), 2);
    EXPECT_GE(told.size(), 2U) << "what it waits for, and that it takes over";
}

TEST_F(lease_test, waits_for_a_living_holder_when_asked_to_and_gets_it_at_its_clean_end)
{
    std::optional<session> alive(std::in_place, resolve(flags, "first"));
    session link(resolve(flags));
    auto how = as("second", 100s);
    how.wait = true;
    auto waiting = std::async(std::launch::async, [&] { return postgres::take_lease(on, own, how); });
    for (int i = 0; i < 5; ++i)
    {
        static_cast<void>(postgres::mark(link, own, {.settled = 1}));
        EXPECT_EQ(waiting.wait_for(100ms), std::future_status::timeout);
    }
    postgres::release(link, own, {.settled = 2, .clean = true});
    const auto taken = waiting.get();
    ASSERT_TRUE(taken);
    EXPECT_TRUE(taken->clean) << "and its sessions were still there";
    EXPECT_EQ(one(look, "SELECT clean FROM bazaard.run"), "f") << "not any more";
}

TEST_F(lease_test, a_stop_ends_the_waiting)
{
    const session alive(resolve(flags, "first"));
    std::stop_source stop;
    auto how = as("second", 100s);
    how.stop = stop.get_token();
    auto waiting = std::async(std::launch::async, [&] { return postgres::take_lease(on, own, how); });
    EXPECT_EQ(waiting.wait_for(300ms), std::future_status::timeout);
    stop.request_stop();
    EXPECT_FALSE(waiting.get());
}

TEST_F(lease_test, of_many_that_want_it_at_once_one_gets_it)
{
    std::vector<std::future<bool>> all;
    std::atomic<int> number = 0;
    for (int i = 0; i < 8; ++i)
        all.push_back(std::async(std::launch::async,
                                 [&]
                                 {
                                     const auto me = "one-" + std::to_string(++number);
                                     session link(resolve(flags, me));
                                     run::lease_options how{.by = {me, "bazaard/" + me}, .stop = {}};
                                     try
                                     {
                                         const auto taken = postgres::take_lease(link, own, how);
                                         auto mine = own;
                                         mine.epoch = taken->epoch;
                                         // Long enough to be seen alive by all others.
                                         for (int n = 0; n < 20; ++n)
                                         {
                                             static_cast<void>(postgres::mark(link, mine, {}));
                                             std::this_thread::sleep_for(100ms);
                                         }
                                         return true;
                                     }
                                     catch (const error& problem)
                                     {
                                         EXPECT_EQ(problem.kind(), error_kind::temporary) << problem.what();
                                         return false;
                                     }
                                 }));
    int owners = 0;
    for (auto& answer : all)
        owners += answer.get() ? 1 : 0;
    EXPECT_EQ(owners, 1);
    EXPECT_EQ(epoch(), 2);
}

TEST_F(lease_test, who_lost_it_writes_nothing_any_more)
{
    auto first = writer(1);
    EXPECT_EQ(first.write(plan[0], form::first).what, outcome::committed);
    ASSERT_TRUE(postgres::take_lease(on, own, as("second")));
    const auto rows = one(look, "SELECT count(*) FROM shop.reading");
    for (const auto how : {form::first, form::replay})
    {
        const auto why = refusal([&] { first.write(plan[1], how); });
        EXPECT_TRUE(why.starts_with("temporary: the lease of this run is another's now")) << why;
    }
    model::control shift;
    shift.value = 1;
    const auto holder = "the second has it now (epoch 2, ours was 1)";
    for (const auto& why : {refusal([&] { postgres::append(on, own, 0, shift, demo_scenario::fields()); }),
                            refusal([&] { static_cast<void>(postgres::mark(on, own, {.settled = 9})); }),
                            refusal([&] { postgres::release(on, own, {.settled = 9, .clean = true}); })})
    {
        EXPECT_TRUE(why.starts_with("temporary: the lease of")) << why;
        EXPECT_NE(why.find(holder), why.npos) << why;
    }
    postgres::append(on, own, run::checkpoint{1, 0, 5});
    EXPECT_EQ(one(look, "SELECT (SELECT count(*) FROM bazaard.control) + (SELECT count(*) FROM bazaard.digest)"), "0");
    EXPECT_EQ(one(look, "SELECT settled || ' ' || clean FROM bazaard.run"), "0 false");
    EXPECT_EQ(one(look, "SELECT count(*) FROM shop.reading"), rows);
    auto second = writer(2);
    EXPECT_EQ(second.write(plan[1], form::first).what, outcome::committed);
}

TEST_F(lease_test, a_take_over_waits_for_the_units_under_way_and_stops_those_behind_it)
{
    // A unit of the first hangs in the middle, as in a server process that was frozen.
    session other(resolve(flags));
    std::optional<postgres::transaction> held(std::in_place, other);
    other.exec("LOCK TABLE shop.sensor IN SHARE ROW EXCLUSIVE MODE");
    auto first = writer(1);
    auto unit = std::async(std::launch::async, [&] { return first.write(plan[0], form::first); });
    const auto waits = [&](const std::string& kind)
    { return one(look, "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND locktype = '" + kind + "'") == "t"; };
    while (!waits("relation"))
        std::this_thread::sleep_for(10ms);
    session link(resolve(flags));
    auto second = std::async(std::launch::async, [&] { return postgres::take_lease(link, own, as("second")); });
    while (!waits("advisory"))
        std::this_thread::sleep_for(10ms);
    EXPECT_EQ(epoch(), 1) << "not before the unit has ended";
    held.reset();
    EXPECT_EQ(unit.get().what, outcome::committed);
    ASSERT_TRUE(second.get());
    EXPECT_EQ(epoch(), 2);
    EXPECT_TRUE(refusal([&] { first.write(plan[1], form::first); }).starts_with("temporary"));
}

/// Negative control: without the fence in its function, a process that was replaced goes on writing.
TEST_F(lease_test, the_fence_is_what_stops_it)
{
    for (const auto& function : postgres::make_write_functions("shop", shop.tables(), shop.kinds()))
    {
        auto text = one(look, "SELECT pg_get_functiondef('" + function.signature + "'::regprocedure)");
        const auto begin = text.find("    PERFORM pg_catalog.pg_advisory_xact_lock_shared");
        const auto end = text.find("END IF;\n", begin) + 8;
        ASSERT_NE(begin, text.npos);
        on.exec(text.erase(begin, end - begin));
    }
    auto first = writer(1);
    ASSERT_TRUE(postgres::take_lease(on, own, as("second")));
    EXPECT_EQ(first.write(plan[0], form::first).what, outcome::committed);
}

TEST_F(lease_test, works_through_a_pooler_that_gives_each_transaction_another_session)
{
    if (!test::pgbouncer::installed())
        GTEST_SKIP() << "the package pgbouncer is not installed";
    const test::pgbouncer pooler(postgres_cluster::get(), 2);
    session link(resolve(pooler.before(flags)));
    const auto taken = postgres::take_lease(link, own, as("second", 500ms));
    ASSERT_TRUE(taken);
    own.epoch = taken->epoch;
    model::control shift;
    shift.value = 1;
    postgres::append(link, own, 0, shift, demo_scenario::fields());
    static_cast<void>(postgres::mark(link, own, {.settled = 3}));
    postgres::release(link, own, {.settled = 3, .clean = true});
    EXPECT_EQ(one(look, "SELECT settled || ' ' || clean FROM bazaard.run"), "3 true");
    EXPECT_EQ(one(look, "SELECT holder FROM bazaard.lease"), "");
}

// ---- Lives of servers

TEST(server_life_test, tells_when_commits_may_be_missing)
{
    const postgres::server_life base{"71", "00000001", "10:00", "0/5"};
    struct row
    {
        const char* what;
        postgres::server_life before, now;
        const char* says;
    };
    const auto with = [&](auto&& change)
    {
        auto life = base;
        change(life);
        return life;
    };
    const row table[] = {
        {"the same", base, base, ""},
        {"another cluster", base, with([](auto& l) { l.system = "72"; }), "another database cluster"},
        {"a promotion", base, with([](auto& l) { l.timeline = "00000002"; }), "timeline 00000002"},
        {"a restart", base, with([](auto& l) { l.started = "11:00"; }), "started again"},
        {"a crash", base, with([](auto& l) { l.recovered = "0/9"; }), "recovered from a crash"},
        {"a server that tells less", base, with([](auto& l) { l.system = "", l.timeline = ""; }), ""},
    };
    for (const auto& [what, before, now, says] : table)
    {
        const auto why = postgres::lost_commits(before, now);
        EXPECT_EQ(why.empty(), std::string(says).empty()) << what << ": " << why;
        EXPECT_NE(why.find(says), why.npos) << what << ": " << why;
    }
}

TEST_F(lease_test, a_mark_is_refused_on_a_server_that_is_another_one)
{
    postgres::gateway to(resolve(flags));
    auto link = *to.dial({});
    to.trust(link);
    own.life = *to.trusted();
    EXPECT_NO_THROW(static_cast<void>(postgres::mark(link, own, {.settled = 1})));
    for (auto part : {&postgres::server_life::system, &postgres::server_life::timeline})
    {
        auto elsewhere = own;
        elsewhere.life.*part = "0000000F";
        EXPECT_THROW(static_cast<void>(postgres::mark(link, elsewhere, {.settled = 9})), run::history_lost);
        model::control shift;
        shift.value = 1;
        EXPECT_THROW(postgres::append(link, elsewhere, 0, shift, demo_scenario::fields()), run::history_lost);
    }
    auto forgetful = own;
    forgetful.life.started = "yesterday";
    EXPECT_THROW(static_cast<void>(postgres::mark(link, forgetful, {.settled = 9})), run::history_lost);
    EXPECT_EQ(one(look, "SELECT settled FROM bazaard.run"), "1");
}

TEST_F(lease_test, a_role_without_the_right_to_read_the_control_file_has_to_do_with_less)
{
    on.exec("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC; CREATE ROLE plain LOGIN; "
            "GRANT USAGE ON SCHEMA shop, bazaard TO plain; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA "
            "bazaard TO plain");
    auto as_plain = flags;
    as_plain.user = "plain";
    postgres::gateway to(resolve(as_plain));
    auto link = *to.dial({});
    to.trust(link);
    EXPECT_FALSE(to.reads_whole_life());
    own.life = *to.trusted();
    EXPECT_EQ(own.life.system, "");
    EXPECT_NE(own.life.started, "");
    EXPECT_NO_THROW(static_cast<void>(postgres::mark(link, own, {.settled = 1})));
    on.exec("GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC; DROP OWNED BY plain; DROP ROLE plain");
}

}  // namespace
}  // namespace bazaar
