// Faults of the server under a daemon at work: whatever happens, each unit is there once and whole, as if nothing had
// happened, and the daemon goes on by itself.

#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "support/chaos.hpp"
#include "support/daemon.hpp"
#include "support/eventually.hpp"
#include "support/postgres_server.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

using namespace std::chrono_literals;
using stop_mode = postgres_server::stop_mode;

constexpr auto to_the_end = std::chrono::seconds(150);

class ServerFaults : public chaos_test
{
protected:
    /// A plan for a run of so many seconds. Orders live fast, so that there are updates among its units.
    [[nodiscard]] chaos_plan plan_for(double seconds, double qps = 60) const
    {
        chaos_plan made;
        made.seed = seed();
        made.qps = qps;
        made.ticks = static_cast<std::int64_t>(seconds * qps);
        made.more = {"--lifecycle", "complete", "--lifecycle-scale", "0.05"};
        return made;
    }

    [[nodiscard]] std::chrono::milliseconds some_time(int from, int to)
    {
        return std::chrono::milliseconds(from + static_cast<int>(draw(static_cast<std::uint64_t>(to - from))));
    }
};

// F1
TEST_P(ServerFaults, F1KilledInMidLoad)
{
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto plan = plan_for(8);
    auto daemon = start_bazaard("run", database, plan.disturbed());
    for (int kills = 1; kills <= 2; ++kills)
    {
        ASSERT_TRUE(wait_for_orders(server, database, kills * 100 + static_cast<std::int64_t>(draw(50))));
        server.kill_hard();
        std::this_thread::sleep_for(some_time(100, 1500));
        server.start();
        expect_progress(server, database);
    }
    expect_clean_end(plan, database, daemon.wait(to_the_end));
}

// F2
TEST_P(ServerFaults, F2StoppedFastAndImmediately)
{
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto plan = plan_for(10);
    auto daemon = start_bazaard("run", database, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, 50));
    for (const auto mode : {stop_mode::fast, stop_mode::immediate, stop_mode::fast, stop_mode::immediate})
    {
        std::this_thread::sleep_for(some_time(100, 600));
        ASSERT_TRUE(server.stop(mode));
        std::this_thread::sleep_for(some_time(0, 500));
        server.start();
        expect_progress(server, database);
    }
    expect_clean_end(plan, database, daemon.wait(to_the_end));
}

// F2: sessions that are not asked to end may go on; the administrator then loses patience.
TEST_P(ServerFaults, F2StoppedSmartly)
{
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto plan = plan_for(8);
    auto daemon = start_bazaard("run", database, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, 100));
    if (!server.stop(stop_mode::smart, some_time(1000, 2000)))
    {
        ASSERT_TRUE(server.stop(stop_mode::fast));
    }
    std::this_thread::sleep_for(some_time(0, 500));
    server.start();
    expect_progress(server, database);
    expect_clean_end(plan, database, daemon.wait(to_the_end));
}

// F3
TEST_P(ServerFaults, F3SessionsTerminatedAtRandom)
{
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const int times = long_form() ? 600 : 50;
    const auto plan = plan_for(times * 0.11 + 6);
    auto daemon = start_bazaard("run", database, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, 50));
    int ended = 0;
    // However slow the machine is, nobody is in the way when the run ends.
    const auto until = std::chrono::steady_clock::now() + times * 110ms;
    for (int i = 0; i < times && std::chrono::steady_clock::now() < until; ++i)
    {
        ended += server.terminate_random_backend(draw(~std::uint64_t{0})) ? 1 : 0;
        std::this_thread::sleep_for(100ms);
    }
    EXPECT_GE(ended, times / 3) << "there were sessions to end";
    expect_clean_end(plan, database, daemon.wait(to_the_end));
    EXPECT_GE(server.logged("terminating connection due to administrator command"), times / 3);
}

// F9: one session hangs for longer than the daemon waits, while the link stays healthy.
TEST_P(ServerFaults, F9HungBackend)
{
    if (!long_form())
        GTEST_SKIP() << "another test has this fault in the short form";
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto plan = plan_for(16, 40);
    auto daemon = start_bazaard("run", database, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, 40));
    const auto writers = server.backends("query LIKE 'SELECT %bazaard%($1%'");
    ASSERT_FALSE(writers.empty());
    const auto hung = writers[draw(writers.size())];
    server.pause_backends({hung});
    expect_progress(server, database);
    std::this_thread::sleep_for(12s);
    EXPECT_EQ(server.backends("pid = " + std::to_string(hung)).size(), 1U) << "it hangs";
    server.resume();
    expect_progress(server, database);
    EXPECT_TRUE(eventually([&] { return server.backends("pid = " + std::to_string(hung)).empty(); }))
        << "the session was given up, so it ends once it can";
    expect_clean_end(plan, database, daemon.wait(to_the_end));
}

// F9: the session hangs in the middle of a unit, with rows of it written and locked.
TEST_P(ServerFaults, F9HungBackendInMidUnit)
{
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto plan = plan_for(16, 40);
    auto daemon = start_bazaard("run", database, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, 40));
    auto link = server.superuser(*database.name);
    link.exec("BEGIN; LOCK TABLE demo.order_items IN SHARE MODE");
    std::vector<pid_t> caught;
    ASSERT_TRUE(eventually(
        [&]
        {
            caught = server.backends("wait_event_type = 'Lock' AND backend_xid IS NOT NULL");
            return !caught.empty();
        }));
    server.pause_backends({caught[draw(caught.size())]});
    link.exec("ROLLBACK");
    expect_progress(server, database);
    std::this_thread::sleep_for(12s);
    server.resume();
    expect_progress(server, database);
    expect_clean_end(plan, database, daemon.wait(to_the_end));
}

// F12: only what needs a new page fails; the sessions live on.
TEST_P(ServerFaults, F12DataDiskFull)
{
    if (const auto why = small_disk::obstacle(); !why.empty())
        GTEST_SKIP() << why;
    small_disk disk(96);
    postgres_server server;
    const auto database = server.fresh_database();
    server.superuser().exec("CREATE TABLESPACE small LOCATION '" + disk.make_directory("space") + "'");
    server.superuser().exec("ALTER DATABASE " + *database.name + " SET default_tablespace = small");
    prepare_shop(database);
    const auto plan = plan_for(10);
    auto daemon = start_bazaard("run", database, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, 100));
    disk.fill();
    EXPECT_TRUE(eventually([&] { return server.logged("No space left on device") > 0; }));
    std::this_thread::sleep_for(some_time(1000, 3000));
    disk.free();
    expect_progress(server, database);
    expect_clean_end(plan, database, daemon.wait(to_the_end));
}

// F13: the server panics, and does not come back before there is room.
TEST_P(ServerFaults, F13LogDiskFull)
{
    if (const auto why = small_disk::obstacle(); !why.empty())
        GTEST_SKIP() << why;
    small_disk disk(160);
    postgres_server::options how;
    how.wal_directory = disk.make_directory("wal");
    how.wal_segment_mb = 1;
    how.settings = {{"max_wal_size", "8MB"}, {"min_wal_size", "2MB"}};
    postgres_server server(how);
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto plan = plan_for(10);
    auto daemon = start_bazaard("run", database, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, 100));
    disk.fill();
    // Uses up the segments that are there.
    EXPECT_TRUE(eventually(
        [&]
        {
            try
            {
                server.superuser().exec("SELECT pg_switch_wal()");
            }
            catch (const sql_failure&)
            {
            }
            return server.logged("PANIC") > 0;
        }));
    std::this_thread::sleep_for(some_time(500, 3000));
    disk.free();
    // What the panic deletes may have been enough for the server to recover by itself.
    if (server.ended(3s))
        server.start();
    EXPECT_TRUE(eventually([&] { return orders_in(server, database) >= 0; }));
    expect_progress(server, database);
    expect_clean_end(plan, database, daemon.wait(to_the_end));
}

// F16: a second session locks two tables in the other order; the daemon's side is the victim.
TEST_P(ServerFaults, F16Deadlock)
{
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto plan = plan_for(8);
    auto daemon = start_bazaard("run", database, plan.disturbed());
    auto link = server.superuser(*database.name);
    link.exec("SET deadlock_timeout = '1min'");
    for (int times = 1; times <= 3; ++times)
    {
        ASSERT_TRUE(wait_for_orders(server, database, times * 60 + static_cast<std::int64_t>(draw(40))));
        link.exec("BEGIN; LOCK TABLE demo.order_items IN SHARE MODE");
        ASSERT_TRUE(eventually(
            [&] { return !server.backends("wait_event_type = 'Lock' AND backend_xid IS NOT NULL").empty(); }));
        link.exec("LOCK TABLE demo.orders IN SHARE MODE");
        link.exec("ROLLBACK");
    }
    expect_clean_end(plan, database, daemon.wait(to_the_end));
    EXPECT_GE(server.logged("deadlock detected"), 3);
}

// F16: units are undone by 40001. Sessions ask for READ COMMITTED whatever the database's default is, so a trigger has
// to raise it; sequences do not roll back, so it hits every seventh attempt.
TEST_P(ServerFaults, F16SerializationFailure)
{
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    server.superuser().exec("ALTER DATABASE " + *database.name + " SET default_transaction_isolation = serializable");
    auto plan = plan_for(8);
    plan.more.insert(plan.more.end(), {"--workers", "8"});
    auto daemon = start_bazaard("run", database, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, 60));
    auto link = server.superuser(*database.name);
    link.exec("CREATE SEQUENCE attempts START " + std::to_string(1 + draw(7)) +
              "; CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
              "IF nextval('public.attempts') % 7 = 0 THEN "
              "RAISE 'could not serialize access due to chance' USING ERRCODE = '40001'; END IF; RETURN NEW; END $$");
    for (const char* table : {"users", "orders", "order_items"})
        link.exec(std::string("CREATE TRIGGER undo BEFORE INSERT OR UPDATE ON demo.") + table +
                  " FOR EACH ROW EXECUTE FUNCTION undo()");
    expect_progress(server, database);
    ASSERT_TRUE(wait_for_orders(server, database, 300));
    for (const char* table : {"users", "orders", "order_items"})
        link.exec(std::string("DROP TRIGGER undo ON demo.") + table);
    EXPECT_GE(server.logged("could not serialize access due to chance"), 20);
    expect_clean_end(plan, database, daemon.wait(to_the_end));
    EXPECT_EQ(server.logged("could not serialize access"), server.logged("could not serialize access due to chance"));
}

// F17: somebody alters a table, slowly.
TEST_P(ServerFaults, F17ExclusiveLock)
{
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto plan = plan_for(10);
    auto daemon = start_bazaard("run", database, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, 50));
    const auto sessions = server.backends().size();
    auto link = server.superuser(*database.name);
    link.exec("BEGIN; LOCK TABLE demo.orders IN ACCESS EXCLUSIVE MODE");
    std::this_thread::sleep_for(long_form() ? 60s : 8s);
    EXPECT_LE(server.backends().size(), sessions + 1) << "sessions do not pile up";
    link.exec("ROLLBACK");
    expect_progress(server, database);
    expect_clean_end(plan, database, daemon.wait(to_the_end));
    EXPECT_GE(server.logged("due to lock timeout"), 1);
}

INSTANTIATE_TEST_SUITE_P(Seed, ServerFaults, testing::ValuesIn(chaos_seeds()), testing::PrintToStringParamName());

}  // namespace
}  // namespace bazaar::test
