// Faults of the world around the server: clocks, names, slowness, and people who change the schema or the rows. What can
// be done is done once; what cannot is counted and said; nothing is undone that somebody else did.

#include <algorithm>
#include <functional>
#include <optional>
#include <regex>

#include "bazaar/base/id.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/postgres/key_range.hpp"
#include "chaos/live_faults.hpp"
#include "support/places.hpp"

namespace bazaar::test
{
namespace
{

using clock = std::chrono::steady_clock;

/// A number of the summary: what stands before a word.
std::int64_t summed(const finished& daemon, const std::string& word)
{
    std::smatch found;
    return std::regex_search(daemon.out, found, std::regex("([0-9]+) " + word)) ? std::stoll(found[1]) : -1;
}

class WorldFaults : public live_faults
{
protected:
    /// The clock of a server moves under a run; `then` looks on from there. What the daemon said.
    finished move_clock(std::chrono::seconds by, double seconds, bool shifts, const std::function<void()>& then);

    /// So many orders are there that something is under way.
    [[nodiscard]] std::int64_t some_orders() { return 100 + static_cast<std::int64_t>(draw(100)); }

    fake_clock clock_;
    std::optional<postgres_server> server_;
    postgres::connection_flags database_;
    chaos_plan plan_;
};

finished WorldFaults::move_clock(std::chrono::seconds by, double seconds, bool shifts,
                                 const std::function<void()>& then)
{
    postgres_server::options how;
    how.environment = clock_.environment();
    server_.emplace(how);
    database_ = server_->fresh_database();
    prepare_shop(database_);
    plan_ = plan_for(seconds);
    auto words = plan_.disturbed();
    if (shifts)
        words.back() = "10s";
    auto daemon = start_bazaard("run", database_, words);
    EXPECT_TRUE(wait_for_orders(*server_, database_, some_orders()));
    clock_.offset(by);
    then();
    return daemon.wait(to_the_end);
}

// ---- F20: clocks

TEST_P(WorldFaults, F20TheServersClockIsSetForward)
{
    if (!fake_clock::installed())
        GTEST_SKIP() << "the package faketime is not installed";
    const auto begin = clock::now();
    const auto future = "SELECT count(*) FROM demo.orders WHERE updated_at > clock_timestamp()";
    const auto done = move_clock(1h, 6, true,
                                 [&]
                                 {
                                     EXPECT_TRUE(eventually(
                                         [&]
                                         {
                                             EXPECT_EQ(ask(*server_, future, *database_.name), "0");
                                             return number(*server_, database_,
                                                           "SELECT count(*) FROM bazaard.control") > 0;
                                         }));
                                     expect_progress(*server_, database_);
                                     EXPECT_EQ(ask(*server_, future, *database_.name), "0");
                                 });
    EXPECT_EQ(done.status, 0);
    EXPECT_GE(std::chrono::duration<double>(clock::now() - begin).count(), 5.5) << "no burst";
    EXPECT_EQ(told(done, "the clock moves forward by"), 1);
    EXPECT_EQ(ask(*server_, "SELECT count(*) || ' ' || min(kind) FROM bazaard.control", *database_.name), "1 shift");
    EXPECT_NEAR(static_cast<double>(number(*server_, database_, "SELECT value / 1000000 FROM bazaard.control")), 3600,
                10);
    {
        auto link = server_->superuser(*database_.name);
        EXPECT_EQ(broken_invariants(link), "");
    }
    // What was shifted lies in the future of any other clock.
    expect_same_as_card(plan_, database_, server_->fresh_database());
    show(done);
}

TEST_P(WorldFaults, F20TheServersClockIsSetBack)
{
    if (!fake_clock::installed())
        GTEST_SKIP() << "the package faketime is not installed";
    const auto done = move_clock(
        -1h, 6, true,
        [&]
        {
            expect_progress(*server_, database_);
            EXPECT_TRUE(eventually(
                [&]
                {
                    return number(*server_, database_,
                                  "SELECT count(*) FROM bazaard.run WHERE renewed_at < start - interval '50 min'") == 1;
                }))
                << "negative control: the marks carry the server's time";
            expect_progress(*server_, database_);
        });
    EXPECT_EQ(told(done, "times of rows go on from where they were"), 1);
    clock_.offset(0s);
    expect_clean_end(plan_, database_, done);
}

TEST_P(WorldFaults, F20TheServersClockIsSetBackALittle)
{
    if (!fake_clock::installed())
        GTEST_SKIP() << "the package faketime is not installed";
    const auto done = move_clock(
        -3s, 5, true,
        [&]
        {
            // Which moment the rows have reached when they stand still.
            std::int64_t last = -1;
            auto since = clock::now();
            EXPECT_TRUE(eventually(
                [&]
                {
                    const auto now = orders_in(*server_, database_);
                    if (now != std::exchange(last, now))
                        since = clock::now();
                    return clock::now() - since > 500ms;
                }))
                << "it stands still";
            const auto reached = ask(*server_, "SELECT max(updated_at) FROM demo.orders", *database_.name);
            EXPECT_TRUE(eventually(
                [&]
                {
                    EXPECT_EQ(number(*server_, database_,
                                     "SELECT count(*) FROM demo.orders WHERE updated_at > clock_timestamp() AND "
                                     "updated_at > '" +
                                         reached + "'"),
                              0);
                    return orders_in(*server_, database_) > last + 100;
                }))
                << "it goes on";
        });
    EXPECT_EQ(told(done, "waiting until it has caught up"), 1);
    EXPECT_EQ(told(done, "the database's clock has caught up"), 1);
    expect_clean_end(plan_, database_, done);
}

TEST_P(WorldFaults, F20TheDaemonsOwnClockJumps)
{
    if (!fake_clock::installed())
        GTEST_SKIP() << "the package faketime is not installed";
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto plan = plan_for(5);
    auto arguments = plan.disturbed();
    arguments.back() = "10s";
    std::vector<std::string> words{test::program_path(), "run"};
    for (const auto& more : {database_arguments(database), arguments})
        words.insert(words.end(), more.begin(), more.end());
    process daemon(words, clock_.environment());
    ASSERT_TRUE(wait_for_orders(server, database, some_orders()));
    std::vector<std::string> shown;
    for (const auto by : {3600s, -3600s})
    {
        clock_.offset(by);
        const auto now = std::chrono::system_clock::now() + by;
        shown.push_back(
            to_string(time{std::chrono::duration_cast<microseconds>(now.time_since_epoch()).count()}).substr(0, 13));
        daemon.send(SIGUSR1);
        expect_progress(server, database);
    }
    const auto done = daemon.wait(to_the_end);
    for (const auto& hour : shown)
        EXPECT_GE(told(done, R"("ts":")" + hour), 1) << "negative control: its log carries its own time";
    EXPECT_EQ(told(done, R"("event":"clock")"), 0);
    expect_clean_end(plan, database, done);
}

// ---- F30: people who change the schema

TEST_P(WorldFaults, F30ANullableColumnIsAdded)
{
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto plan = plan_for(3);
    auto daemon = start_bazaard("run", database, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, some_orders()));
    auto link = server.superuser(*database.name);
    for (const char* table : {"users", "orders", "order_items", "events"})
        link.exec("ALTER TABLE demo." + std::string(table) + " ADD COLUMN remark text");
    expect_progress(server, database);
    const auto done = daemon.wait(to_the_end);
    EXPECT_EQ(one(link, "SELECT count(*) FROM demo.orders WHERE remark IS NOT NULL"), "0");
    for (const char* table : {"users", "orders", "order_items", "events"})
        link.exec("ALTER TABLE demo." + std::string(table) + " DROP COLUMN remark");
    expect_clean_end(plan, database, done);
}

// One after the other in one run: what refuses orders is put there, and taken away again.
TEST_P(WorldFaults, F30OrdersAreRefusedForGood)
{
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto clerk = clerk_of(server, database);
    auto plan = plan_for(9, 100);
    plan.more = {"--order-update-prob", "0", "--max-rejected", "5"};
    auto link = server.superuser(*database.name);
    link.exec("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$");
    struct fault
    {
        const char *put, *taken;
        int status;
        const char* says;
    };
    const fault faults[] = {
        {"CREATE TRIGGER no BEFORE INSERT ON demo.orders FOR EACH ROW EXECUTE FUNCTION no()",
         "DROP TRIGGER no ON demo.orders", 4, "not today"},
        {"ALTER TABLE demo.orders ADD COLUMN extra int NOT NULL DEFAULT 0; "
         "ALTER TABLE demo.orders ALTER COLUMN extra DROP DEFAULT",
         "ALTER TABLE demo.orders DROP COLUMN extra", 4, "\"extra\""},
        {"ALTER TABLE demo.orders ENABLE ROW LEVEL SECURITY", "ALTER TABLE demo.orders DISABLE ROW LEVEL SECURITY", 77,
         "row-level security policy"},
    };
    for (const auto& one_of : faults)
    {
        SCOPED_TRACE(one_of.put);
        const auto rejects = "SELECT count(*) FROM bazaard.control WHERE kind = 'reject'";
        const auto before = std::stoll(one(link, rejects));
        const auto orders = orders_in(server, database);
        auto daemon = start_bazaard("run", clerk, plan.disturbed());
        ASSERT_TRUE(wait_for_orders(server, database, orders + 50 + static_cast<std::int64_t>(draw(50))));
        link.exec(one_of.put);
        const auto done = daemon.wait(to_the_end);
        EXPECT_EQ(done.status, one_of.status);
        EXPECT_EQ(told(done, "bazaard: "), 1) << "one line says why";
        EXPECT_GE(told(done, one_of.says), 1);
        const auto given_up = std::stoll(one(link, rejects)) - before;
        // Those that were under way may be recorded after the daemon's last line.
        EXPECT_GE(given_up, told(done, "is given up"));
        EXPECT_LE(given_up, told(done, "is given up") + 3);
        if (one_of.status == 4)
        {
            EXPECT_EQ(told(done, "were refused for good, --max-rejected allows 5"), 1);
            EXPECT_GE(given_up, 6);
            EXPECT_LE(given_up, 6 + 3) << "no more than were under way";
        }
        else
            EXPECT_EQ(given_up, 0);
        link.exec(one_of.taken);
        show(done);
    }
    const auto done = start_bazaard("run", clerk, plan.disturbed()).wait(to_the_end);
    EXPECT_EQ(done.status, 0);
    EXPECT_EQ(told(done, "is given up"), 0);
    EXPECT_EQ(number(server, database, "SELECT count(*) FROM demo.orders") +
                  number(server, database, "SELECT count(DISTINCT unit) FROM bazaard.control WHERE kind = 'reject'"),
              plan.ticks)
        << "each order is there or given up";
    expect_same_as_card(plan, database);
    show(done);
}

// Rows that the role may not see any more are not gone.
TEST_P(WorldFaults, F30OrdersAreHidden)
{
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto clerk = clerk_of(server, database);
    const auto plan = plan_for(4);
    auto daemon = start_bazaard("run", clerk, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, 150 + static_cast<std::int64_t>(draw(100))));
    auto link = server.superuser(*database.name);
    link.exec("CREATE POLICY blind ON demo.orders FOR INSERT WITH CHECK (true); "
              "ALTER TABLE demo.orders ENABLE ROW LEVEL SECURITY");
    const auto hidden = daemon.wait(to_the_end);
    EXPECT_EQ(hidden.status, 77);
    EXPECT_EQ(one(link, "SELECT count(*) FROM bazaard.control"), "0") << "no unit is given up for want of a right";
    show(hidden);
    link.exec("ALTER TABLE demo.orders DISABLE ROW LEVEL SECURITY; DROP POLICY blind ON demo.orders");
    const auto done = start_bazaard("run", clerk, plan.disturbed()).wait(to_the_end);
    EXPECT_EQ(done.status, 0);
    expect_same_as_card(plan, database);
    show(done);
}

// What rows of a user still need goes with him: later units of his are given up one by one, all others are written.
TEST_P(WorldFaults, F30RowsAreDeletedAndEditedByHand)
{
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    auto plan = plan_for(5);
    plan.more.insert(plan.more.end(), {"--init-num-users", "20", "--max-rejected", "500"});
    auto daemon = start_bazaard("run", database, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, some_orders()));
    auto link = server.superuser(*database.name);
    const auto user = "'" +
                      one(link, "SELECT user_id FROM demo.orders GROUP BY user_id ORDER BY count(*) DESC, user_id "
                                "LIMIT 1") +
                      "'";
    const auto remove = "DELETE FROM demo.order_items WHERE order_id IN (SELECT id FROM demo.orders WHERE user_id = " +
                        user + "); DELETE FROM demo.orders WHERE user_id = " + user +
                        "; DELETE FROM demo.events WHERE user_id = " + user +
                        "; DELETE FROM demo.users WHERE id = " + user;
    link.exec("BEGIN; SELECT FROM demo.users WHERE id = " + user +
              " FOR UPDATE; SELECT FROM demo.orders WHERE user_id = " + user + " FOR UPDATE");
    link.exec(remove);
    link.exec("COMMIT");
    const auto edited = one(link,
                            "WITH chosen AS (SELECT id FROM demo.orders WHERE status = 'Processing' ORDER BY "
                            "created_at DESC LIMIT 3 FOR UPDATE), edited AS (UPDATE demo.orders SET updated_at "
                            "= updated_at + interval '1 microsecond' WHERE id IN (SELECT id FROM chosen) RETURNING "
                            "id) SELECT string_agg(quote_literal(id), ', ') FROM edited");
    const auto edit = "UPDATE demo.orders SET updated_at = updated_at + interval '1 microsecond' WHERE id IN (" +
                      edited + ")";
    const auto look = "SELECT id, status, updated_at FROM demo.orders WHERE id IN (" + edited + ") ORDER BY id";
    const auto edits = rows(link, look);
    expect_progress(server, database);
    const auto done = daemon.wait(to_the_end);
    EXPECT_EQ(done.status, 0);
    EXPECT_EQ(rows(link, look), edits) << "not written over";
    const auto rejects = number(server, database, "SELECT count(*) FROM bazaard.control WHERE kind = 'reject'");
    EXPECT_GT(
        number(server, database, "SELECT count(*) FROM bazaard.control WHERE kind = 'reject' AND field = '23503'"), 0)
        << "the user went on ordering";
    EXPECT_GE(number(server, database, "SELECT count(*) FROM bazaard.control WHERE kind = 'reject' AND field IS NULL"),
              3)
        << "the edited orders were to be shipped";
    EXPECT_EQ(told(done, "is given up"), rejects);
    EXPECT_EQ(summed(done, "foreign edits") + summed(done, "refused"), rejects);
    EXPECT_EQ(number(server, database, "SELECT count(*) FROM bazaard.control"), rejects);
    EXPECT_EQ(number(server, database, "SELECT count(*) FROM demo.users WHERE id = " + user), 0);
    expect_same_as_card(plan, database, postgres_cluster::get().fresh_database(), remove + "; " + edit);
    show(done);
}

// Taken away under the run, and given back: under another name all the while, so that there is something to give back.
TEST_P(WorldFaults, F30AColumnOrATableIsGone)
{
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto plan = plan_for(6);
    auto link = server.superuser(*database.name);
    struct fault
    {
        const char *put, *taken, *says;
    };
    const fault faults[] = {
        {"ALTER TABLE demo.orders RENAME COLUMN num_of_items TO gone",
         "ALTER TABLE demo.orders RENAME COLUMN gone TO num_of_items", "num_of_items"},
        {"ALTER TABLE demo.events RENAME TO gone", "ALTER TABLE demo.gone RENAME TO events", "demo.events"},
    };
    for (const auto& one_of : faults)
    {
        SCOPED_TRACE(one_of.put);
        const auto orders = orders_in(server, database);
        auto daemon = start_bazaard("run", database, plan.disturbed());
        ASSERT_TRUE(wait_for_orders(server, database, orders + 50 + static_cast<std::int64_t>(draw(100))));
        link.exec(one_of.put);
        const auto done = daemon.wait(to_the_end);
        EXPECT_EQ(done.status, 78);
        EXPECT_GE(told(done, "bazaard: "), 1);
        const auto line = done.err.find("bazaard: ");
        EXPECT_NE(done.err.find(one_of.says, line), done.err.npos) << done.err.substr(std::min(line, done.err.size()));
        const auto again = run_bazaard("run", database, plan.disturbed());
        EXPECT_EQ(again.status, 78);
        EXPECT_GE(told(again, one_of.says), 1) << again.err;
        link.exec(one_of.taken);
        show(done);
    }
    const auto done = start_bazaard("run", database, plan.disturbed()).wait(to_the_end);
    EXPECT_EQ(done.status, 0);
    expect_exactly_once(plan, database);
    EXPECT_EQ(number(server, database, "SELECT count(*) FROM bazaard.control"), 0);
    show(done);
}

// ---- F18, F19

// F18: a server that gets a tenth of the time that it needs.
TEST_P(WorldFaults, F18TheServerIsSlow)
{
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto plan = plan_for(long_form() ? 32 : 7);
    auto daemon = start_bazaard("run", database, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, some_orders()));
    const auto sessions = server.backends();
    const auto end = clock::now() + (long_form() ? 30s : 5s);
    int times = 0;
    while (clock::now() < end)
    {
        server.pause_backends(sessions);
        std::this_thread::sleep_for(270ms);
        server.resume();
        std::this_thread::sleep_for(30ms);
        ++times;
    }
    EXPECT_GE(times, 10);
    EXPECT_EQ(server.backends(), sessions) << "no session was given up";
    expect_progress(server, database);
    const auto done = daemon.wait(to_the_end);
    EXPECT_EQ(summed(done, "in doubt"), 0);
    std::smatch lag;
    ASSERT_TRUE(std::regex_search(done.out, lag, std::regex("max ([0-9.]+) ([mu]?s) from planned"))) << done.out;
    EXPECT_TRUE(lag[2] == "s" || std::stod(lag[1]) > 250) << "negative control: the run was behind: " << lag[0];
    expect_clean_end(plan, database, done);
}

// F19: the name of the server leads to another address from one moment to the next.
TEST_P(WorldFaults, F19TheNameLeadsToAnotherAddress)
{
    if (getuid() != 0 || process({"/usr/bin/unshare", "-m", "/bin/true"}).wait().status != 0)
        GTEST_SKIP() << "a private /etc/hosts needs root and mount namespaces";
    postgres_server server;
    auto database = server.fresh_database();
    prepare_shop(database);
    const temporary_file hosts("127.0.0.1 shop.test\n");
    auto by_name = database;
    by_name.host = "shop.test";
    const auto plan = plan_for(5);
    std::vector<std::string> words{
        "/usr/bin/unshare",   "-m", "/bin/sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\"", hosts.path(),
        test::program_path(), "run"};
    for (const auto& more : {database_arguments(by_name), plan.disturbed()})
        words.insert(words.end(), more.begin(), more.end());
    process daemon(std::move(words));
    ASSERT_TRUE(wait_for_orders(server, database, some_orders()));
    ASSERT_TRUE(server.stop(postgres_server::stop_mode::fast));
    server.set("listen_addresses", "127.0.0.2");
    server.start();
    EXPECT_ANY_THROW(postgres::session{postgres::resolve(database)})
        << "negative control: nobody is at the old address";
    EXPECT_TRUE(server.backends("client_addr IS NOT NULL").empty());
    rewrite(hosts.path(), "127.0.0.2 shop.test\n");
    expect_progress(server, database);
    const auto done = daemon.wait(to_the_end);
    database.host = "127.0.0.2";
    expect_clean_end(plan, database, done);
}

// ---- The way out, and refusals

std::string digests_of(const postgres::connection_flags& database)
{
    sql_client link(database);
    return table_digests(link);
}

TEST_P(WorldFaults, F30ResetRemovesOneRunAndNothingElse)
{
    const auto start = chaos_plan::now();
    const auto write = [&](const postgres::connection_flags& to, const std::string& run)
    {
        const auto done = run_bazaard("run", to,
                                      {"--run", run, "--seed", std::to_string(seed()), "--start-time", start,
                                       "--avg-qps", "2000", "--max-iter", "400", "--unpaced"});
        ASSERT_EQ(done.status, 0) << done.err;
    };
    auto& cluster = postgres_cluster::get();
    const auto alone = cluster.fresh_database();
    write(alone, "other");
    const auto both = cluster.fresh_database();
    write(both, "gone");
    const auto empty = digests_of(both);
    write(both, "other");
    ASSERT_NE(digests_of(both), empty);
    ASSERT_NE(digests_of(both), digests_of(alone)) << "negative control";

    // Of a stranger, in the midst of the run's own ids.
    sql_client link(both);
    const id_codec ids(run_tag("gone"), seed());
    const auto insert = [&](std::uint8_t table, const std::string& name, const std::string& changes)
    {
        const auto range = postgres::key_range(ids, table);
        const auto own = one(link, "SELECT id FROM demo." + name + " WHERE id BETWEEN '" + to_string(range.low) +
                                       "' AND '" + to_string(range.high) + "' ORDER BY id OFFSET 100 LIMIT 1");
        auto strange = *parse_uuid(own);
        EXPECT_TRUE(ids.decode(strange));
        while (ids.decode(strange))
            strange[15] ^= 1;
        const auto id = to_string(strange);
        link.exec("INSERT INTO demo." + name + " SELECT (jsonb_populate_record(t, jsonb_build_object('id', '" + id +
                  "'" + changes + "))).* FROM demo." + name + " AS t WHERE id = '" + own + "'");
        return id;
    };
    const auto users = std::stoi(one(link, "SELECT count(*) FROM demo.users"));
    ASSERT_GT(users, 0);
    const auto tables = std::vector<std::string>{"dist_centers", "products", "users", "orders", "order_items"};
    const auto place = [&](const std::string& name)
    { return static_cast<std::uint8_t>(std::find(tables.begin(), tables.end(), name) - tables.begin()); };
    const auto user = insert(place("users"), "users", ", 'email', 'stranger@example.com'");
    const auto order = insert(place("orders"), "orders", ", 'user_id', '" + user + "'");

    // Killed in the middle: it waits for a lock, behind the tables that it has emptied already.
    {
        sql_client locker(both);
        locker.exec("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; BEGIN; "
                    "LOCK TABLE demo.users IN SHARE MODE");
        auto reset = start_bazaard("reset", both, {"--run", "gone", "--yes"});
        EXPECT_TRUE(eventually(
            [&]
            {
                return one(link, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DELETE FROM%users%' AND "
                                 "wait_event_type = 'Lock'") == "1";
            }));
        reset.send(SIGKILL);
        EXPECT_EQ(reset.wait().status, 128 + SIGKILL);
        locker.exec("ROLLBACK");
    }
    EXPECT_EQ(one(link, "SELECT string_agg(run, ' ') FROM bazaard.run WHERE removing"), "gone");
    const auto refused = run_bazaard("run", both, {"--run", "gone", "--unpaced", "--max-iter", "500"});
    EXPECT_EQ(refused.status, 78);
    EXPECT_EQ(told(refused, "is being removed: finish that with bazaard reset"), 1) << refused.err;

    const auto finished_by = run_bazaard("reset", both, {"--run", "gone", "--yes"});
    EXPECT_EQ(finished_by.status, 0) << finished_by.err;
    EXPECT_EQ(one(link, "SELECT string_agg(run, ' ') FROM bazaard.run"), "other");
    EXPECT_EQ(one(link, "SELECT count(*) FROM demo.users WHERE id = '" + user + "'"), "1");
    EXPECT_EQ(one(link, "DELETE FROM demo.orders WHERE id = '" + order + "' RETURNING user_id"), user);
    link.exec("DELETE FROM demo.users WHERE id = '" + user + "'");
    EXPECT_EQ(digests_of(both), digests_of(alone));
    EXPECT_EQ(broken_invariants(link), "");

    // Begun again under its old name, it is the same again.
    write(both, "gone");
    ASSERT_EQ(run_bazaard("reset", both, {"--run", "other", "--yes"}).status, 0);
    EXPECT_EQ(digests_of(both), empty);

    // A run that is alive is nobody else's to remove.
    auto daemon = start_bazaard("run", both, {"--run", "live", "--avg-qps", "20"});
    EXPECT_TRUE(
        eventually([&] { return one(link, "SELECT count(*) FROM bazaard.run WHERE run = 'live' AND live") == "1"; }));
    const auto denied = run_bazaard("reset", both, {"--run", "live", "--yes"});
    EXPECT_EQ(denied.status, 75) << denied.err;
    EXPECT_EQ(told(denied, "which is alive"), 1) << denied.err;
    daemon.send(SIGTERM);
    EXPECT_EQ(daemon.wait().status, 0);
    EXPECT_EQ(run_bazaard("reset", both, {"--run", "live", "--yes"}).status, 0);
    EXPECT_EQ(digests_of(both), empty);
}

TEST_P(WorldFaults, F30AProgramThatPlansOtherwiseIsRefused)
{
    auto plan = plan_for(4);
    const auto database = postgres_cluster::get().fresh_database();
    prepare_shop(database);
    auto half = plan;
    half.ticks /= 2;
    ASSERT_EQ(run_bazaard("run", database, half.disturbed()).status, 0);
    sql_client link(database);
    EXPECT_NE(one(link, "SELECT count(*) FROM bazaard.digest"), "0");
    const auto before = digests_of(database);
    link.exec("UPDATE bazaard.digest SET digest = digest + 1");
    const auto refused = run_bazaard("run", database, plan.disturbed());
    EXPECT_EQ(refused.status, 78);
    EXPECT_EQ(told(refused, "bazaard: "), 1) << refused.err;
    for (const char* way :
         {"plans run main differently", "use the program that wrote the run", "--run NEW", "bazaard reset"})
        EXPECT_EQ(told(refused, way), 1) << way << '\n' << refused.err;
    EXPECT_EQ(digests_of(database), before) << "nothing was written";
    link.exec("UPDATE bazaard.digest SET digest = digest - 1");
    const auto done = run_bazaard("run", database, plan.disturbed());
    EXPECT_EQ(done.status, 0) << done.err;
    expect_exactly_once(plan, database);
    link.exec("SELECT pg_drop_replication_slot('tap')");
}

INSTANTIATE_TEST_SUITE_P(Seed, WorldFaults, testing::ValuesIn(chaos_seeds()), testing::PrintToStringParamName());

}  // namespace
}  // namespace bazaar::test
