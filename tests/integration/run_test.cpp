// The whole daemon on a real PostgreSQL: same rows whatever the speed, whole transactions, invariants at every commit.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "bazaar/base/time.hpp"
#include "support/change_stream.hpp"
#include "support/daemon.hpp"
#include "support/eventually.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;

sql_client connect(const postgres::connection_flags& flags)
{
    return sql_client(flags);
}

std::string wall(seconds ago)
{
    const auto now = std::chrono::system_clock::now().time_since_epoch() - ago;
    return to_string(time{std::chrono::duration_cast<microseconds>(now).count()});
}

std::int64_t count(sql_client& on, const std::string& what)
{
    return std::stoll(one(on, "SELECT count(*) FROM demo." + what));
}

TEST(Run, SameSeedGivesBitEqualTablesAtAnySpeedAndWithAnyNumberOfWorkers)
{
    auto& cluster = postgres_cluster::get();
    const auto start = wall(seconds(2));
    std::vector<std::string> same{"--seed", "11", "--start-time", start, "--avg-qps", "120", "--max-iter", "600"};
    std::map<std::string, std::string> digests;
    const auto add = [&](const std::string& name, std::vector<std::string> more)
    {
        const auto database = cluster.fresh_database();
        auto words = same;
        words.insert(words.end(), more.begin(), more.end());
        const auto done = run_bazaard("run", database, words);
        ASSERT_EQ(done.status, 0) << done.err;
        auto link = connect(database);
        EXPECT_EQ(one(link, "SELECT count(*) FROM bazaard.control"), "0") << "no shift";
        digests[name] = table_digests(link);
    };
    add("paced", {"--workers", "4"});
    for (const char* workers : {"1", "4", "16"})
        add(std::string("unpaced ") + workers, {"--workers", workers, "--unpaced"});
    for (const auto& [name, digest] : digests)
        EXPECT_EQ(digest, digests["paced"]) << name;
    // Negative control: another seed, other rows.
    same[1] = "12";
    add("another seed", {"--unpaced"});
    EXPECT_NE(digests["another seed"], digests["paced"]);
}

TEST(Run, TheLogShowsEachUnitWholeParentsFirstAndNoIdleUpdate)
{
    const auto database = postgres_cluster::get().fresh_database();
    ASSERT_EQ(run_bazaard("init", database, {}).status, 0);
    auto link = connect(database);
    tap_stream(link);
    const auto done = run_bazaard("run", database,
                                  {"--seed", "3", "--max-iter", "400", "--unpaced", "--lifecycle", "complete",
                                   "--init-num-users", "100", "--avg-qps", "2"});
    ASSERT_EQ(done.status, 0) << done.err;
    const auto changes = read_slot(link);
    const auto inserted = std::count_if(changes.begin(), changes.end(),
                                        [](const auto& c) { return c.table == "order_items" && c.op == "INSERT"; });
    EXPECT_EQ(inserted, count(link, "order_items"));
    EXPECT_GT(std::count_if(changes.begin(), changes.end(), [](const auto& c) { return c.op == "UPDATE"; }), 500);
    EXPECT_EQ(stream_faults(changes), std::vector<std::string>{});

    // Negative controls: each fault made by hand is found.
    const auto faults_of = [&](const std::string& sql)
    {
        link.exec(sql);
        auto found = changes;
        const auto more = read_slot(link);
        found.insert(found.end(), more.begin(), more.end());
        return stream_faults(found).size();
    };
    EXPECT_GE(faults_of("UPDATE demo.users SET age = age WHERE id = (SELECT id FROM demo.users LIMIT 1)"), 1U);
    EXPECT_GE(
        faults_of("UPDATE demo.orders SET status = status WHERE id = (SELECT id FROM demo.orders WHERE returned_at IS "
                  "NULL AND cancelled_at IS NULL LIMIT 1)"),
        1U)
        << "also where some columns are NULL";
    EXPECT_GE(faults_of("INSERT INTO demo.order_items SELECT (jsonb_populate_record(i, jsonb_build_object('id', "
                        "gen_random_uuid(), 'product_id', (SELECT max(p.id) FROM demo.products p WHERE p.id NOT IN "
                        "(SELECT product_id FROM demo.order_items))))).* FROM demo.order_items i LIMIT 1"),
              1U);
    auto twice = changes;
    twice.push_back(*std::find_if(changes.begin(), changes.end(),
                                  [](const auto& c) { return c.table == "users" && c.op == "INSERT"; }));
    EXPECT_GE(stream_faults(twice).size(), 1U);
    link.exec("SELECT pg_drop_replication_slot('tap')");
}

TEST(Run, InvariantsHoldAtEveryCommitAndTheSummaryTellsTheTables)
{
    ASSERT_GE(read_named_sql("invariants.sql", "name").size(), 20U);
    const auto database = postgres_cluster::get().fresh_database();
    auto daemon = start_bazaard("run", database,
                                {"--seed", "5", "--avg-qps", "200", "--lifecycle", "complete", "--lifecycle-scale",
                                 "0.05", "--init-num-users", "50", "--erase-prob", "0.05", "--touch-interval",
                                 "100ms"});
    auto link = connect(database);
    const auto orders = [&]
    { return one(link, "SELECT to_regclass('demo.orders') IS NOT NULL") == "t" ? count(link, "orders") : 0; };
    ASSERT_TRUE(eventually([&] { return orders() > 10; }));
    int looks = 0;
    ASSERT_TRUE(eventually(
        [&]
        {
            ++looks;
            EXPECT_EQ(broken_invariants(link), "") << "in the middle of the run";
            return orders() > 1000 || testing::Test::HasFailure();
        }));
    EXPECT_GE(looks, 2);
    daemon.send(SIGINT);
    const auto done = daemon.wait();
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(broken_invariants(link), "");
    // The summary counts by the planner; the tables agree.
    std::istringstream words(done.out.substr(done.out.find("rows ") + 5));
    for (std::string name, number; words >> name >> number && name != "states";)
    {
        std::erase(number, ',');
        EXPECT_EQ(std::stoll(number), count(link, name)) << name;
    }
    std::istringstream states(done.out.substr(done.out.find("states ") + 7));
    for (std::string name, number; states >> name >> number && name != "lag";)
    {
        std::erase(number, ',');
        EXPECT_EQ(std::stoll(number), count(link, "orders WHERE status = '" + name + "'")) << name;
    }
}

TEST(Run, EachBrokenInvariantIsFound)
{
    const auto database = postgres_cluster::get().fresh_database();
    ASSERT_EQ(run_bazaard("run", database,
                          {"--seed", "5", "--max-iter", "1500", "--unpaced", "--lifecycle", "complete", "--avg-qps",
                           "5", "--erase-prob", "0.1"})
                  .status,
              0);
    auto link = connect(database);
    ASSERT_EQ(broken_invariants(link), "");
    const auto invariants = read_named_sql("invariants.sql", "name");
    std::string prepare;
    std::set<std::string> broken;
    for (const auto& corruption : read_named_sql("corruptions.sql", "breaks"))
    {
        if (corruption.name == "prepare")
        {
            prepare = corruption.sql;
            continue;
        }
        link.exec("BEGIN; SET LOCAL search_path = demo, pg_catalog; SET LOCAL statement_timeout = '60s'");
        link.exec(prepare);
        link.exec(corruption.sql);
        const auto query = std::find_if(invariants.begin(), invariants.end(),
                                        [&](const auto& q) { return q.name == corruption.name; });
        ASSERT_NE(query, invariants.end()) << corruption.name;
        EXPECT_NE(rows(link, query->sql), "") << "not noticed: " << corruption.name << '\n' << corruption.sql;
        link.exec("ROLLBACK");
        broken.insert(corruption.name);
    }
    for (const auto& query : invariants)
        EXPECT_TRUE(broken.contains(query.name)) << query.name << " has no corruption";
}

TEST(Run, GoesOnAfterACleanStopWithTheShiftThatThePauseNeeds)
{
    const auto database = postgres_cluster::get().fresh_database();
    auto link = connect(database);
    const auto orders = [&]
    { return one(link, "SELECT to_regclass('demo.orders') IS NOT NULL") == "t" ? count(link, "orders") : 0; };
    std::string again;
    for (int part = 0; part < 3; ++part)
    {
        const auto before = orders();
        auto daemon = start_bazaard("run", database, {"--seed", "8", "--avg-qps", "40", "--max-lag", "50ms"});
        ASSERT_TRUE(eventually([&] { return orders() > before + 20; }));
        daemon.send(part == 1 ? SIGTERM : SIGINT);
        const auto done = daemon.wait();
        ASSERT_EQ(done.status, 0) << done.err;
        EXPECT_EQ(one(link, "SELECT clean AND live FROM bazaard.run"), "t");
        again = one(link, "SELECT now()");
    }
    EXPECT_GE(std::stoi(one(link, "SELECT count(*) FROM bazaard.control WHERE kind = 'shift'")), 2);
    EXPECT_EQ(broken_invariants(link), "");
    EXPECT_EQ(one(link, "SELECT count(*) FROM demo.orders WHERE updated_at > now()"), "0");
    // One plan all along: it can be planned again from the record, rows and times.
    const auto unit = one(link, "SELECT settled - 1 FROM bazaard.run");
    const auto planned = run_bazaard("plan", database, {"--units", unit + ".." + unit});
    EXPECT_EQ(planned.status, 0) << planned.err;
    EXPECT_TRUE(planned.out.starts_with("unit " + unit)) << planned.out;
}

TEST(Run, AKilledDaemonLeavesNothingTornAndGoesOn)
{
    auto& cluster = postgres_cluster::get();
    const std::vector<std::string> same{"--seed",    "21", "--start-time",     wall(seconds(600)),
                                        "--avg-qps", "50", "--touch-interval", "100ms"};
    auto calm = same;
    calm.insert(calm.end(), {"--max-iter", "1200"});
    const auto undisturbed = cluster.fresh_database();
    ASSERT_EQ(run_bazaard("run", undisturbed, calm).status, 0);
    const auto database = cluster.fresh_database();
    auto link = connect(database);
    const auto orders = [&]
    { return one(link, "SELECT to_regclass('demo.orders') IS NOT NULL") == "t" ? count(link, "orders") : 0; };
    for (int kill = 1; kill <= 4; ++kill)
    {
        // With an end: on a busy machine it writes far more before it is killed.
        auto daemon = start_bazaard("run", database, calm);
        ASSERT_TRUE(eventually([&] { return orders() > kill * 200; }))
            << "kill " << kill << ", orders " << orders() << '\n'
            << daemon.wait(seconds(1)).err;
        daemon.send(SIGKILL);
        (void)daemon.wait();
        EXPECT_EQ(broken_invariants(link), "");
    }
    ASSERT_EQ(run_bazaard("run", database, calm).status, 0);
    auto other = connect(undisturbed);
    EXPECT_EQ(table_digests(link), table_digests(other));
}

TEST(Run, TouchesTheHeartbeatWhileLive)
{
    const auto database = postgres_cluster::get().fresh_database();
    auto daemon = start_bazaard("run", database, {"--avg-qps", "1", "--heartbeat-interval", "100ms"});
    auto link = connect(database);
    std::set<std::string> beats;
    EXPECT_TRUE(eventually(
        [&]
        {
            if (one(link, "SELECT to_regclass('demo.heartbeat') IS NOT NULL") == "t" && count(link, "heartbeat") == 1)
                beats.insert(one(link, "SELECT ts FROM demo.heartbeat"));
            return beats.size() > 3;
        }));
    daemon.send(SIGTERM);
    EXPECT_EQ(daemon.wait().status, 0);
}

TEST(Run, WorksThroughPgBouncerInTransactionMode)
{
    if (!pgbouncer::installed())
        GTEST_SKIP() << "the package pgbouncer is not installed";
    auto& cluster = postgres_cluster::get();
    const std::vector<std::string> same{"--seed",    "31",         "--start-time", wall(seconds(600)),
                                        "--unpaced", "--max-iter", "300"};
    const auto direct = cluster.fresh_database();
    ASSERT_EQ(run_bazaard("run", direct, same).status, 0);
    const auto database = cluster.fresh_database();
    const pgbouncer pooler(cluster, 2);
    const auto done = run_bazaard("run", pooler.before(database), same);
    ASSERT_EQ(done.status, 0) << done.err;
    auto one_side = connect(direct);
    auto other_side = connect(database);
    EXPECT_EQ(table_digests(one_side), table_digests(other_side));
}

TEST(Run, AWriterWithoutTheRightToCreateRunsOnceTheOwnerHasMadeTheSchema)
{
    auto& cluster = postgres_cluster::get();
    auto database = cluster.fresh_database();
    ASSERT_EQ(run_bazaard("init", database, {}).status, 0);
    auto link = connect(database);
    link.exec("DROP ROLE IF EXISTS shop_writer");
    link.exec("CREATE ROLE shop_writer LOGIN PASSWORD 'writer'");
    link.exec("GRANT USAGE ON SCHEMA demo, bazaard TO shop_writer; "
              "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA demo, bazaard TO shop_writer; "
              "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bazaard TO shop_writer");
    auto writer = cluster.over_tcp(database);
    writer.user = "shop_writer";
    writer.password = "writer";
    const auto done = run_bazaard("run", writer, {"--unpaced", "--max-iter", "100"});
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(count(link, "orders"), 100);
}

}  // namespace
}  // namespace bazaar::test
