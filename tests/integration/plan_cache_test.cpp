// The saved plan in the database: kept beside the run, used by a start that can, and of no effect on any row.

#include <atomic>
#include <chrono>
#include <csignal>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/random.hpp"
#include "bazaar/daemon/keeper.hpp"
#include "bazaar/postgres/ledger.hpp"
#include "bazaar/postgres/plan_cache.hpp"
#include "bazaar/postgres/schema.hpp"
#include "bazaar/postgres/store.hpp"
#include "support/daemon.hpp"
#include "support/demo_scenario.hpp"
#include "support/eventually.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

using namespace std::chrono_literals;

run::saved_plan plan_of(unit_no unit, std::size_t size)
{
    run::saved_plan made{{unit, 0, 0}, {}};
    auto draw = derive(unit, stream("bytes"), size);
    for (std::size_t i = 0; i < size; ++i)
        made.bytes.push_back(static_cast<std::byte>(draw.next()));
    return made;
}

class plan_cache : public testing::Test
{
protected:
    plan_cache()
    {
        postgres::ensure_schema(on, "shop", shop);
        run::record record;
        record.schema = "shop";
        record.tag = own.tag;
        record.scenario = "demo";
        record.start = time{1'770'000'000'000'000};
        postgres::create(on, record, shop, 1000, {"this test", "bazaard/test"});
    }

    [[nodiscard]] std::string there()
    {
        return one(look, "SELECT coalesce(string_agg(unit || '/' || piece, ' ' ORDER BY unit, piece), '') "
                         "FROM bazaard.saved_plan WHERE pieces > 0");
    }

    /// One that marks all the time.
    [[nodiscard]] std::unique_ptr<bazaar::daemon::keeper> keep()
    {
        bazaar::daemon::keeper::options how;
        how.mark_interval = 5ms;
        how.progress = [this]
        {
            ++asked;
            return run::progress{settled, false, true};
        };
        how.failed = [](std::exception_ptr) { ADD_FAILURE() << "the keeper failed"; };
        auto ledger = std::make_unique<postgres::ledger>(std::make_shared<postgres::gateway>(postgres::resolve(flags)),
                                                         own.schema, own.run,
                                                         [](const run::record&) { return demo_scenario::fields(); });
        return std::make_unique<bazaar::daemon::keeper>(std::move(ledger), std::move(how));
    }

    std::atomic<unit_no> settled{0};
    std::atomic<int> asked{0};  ///< Marks.
    demo_scenario shop{1};
    postgres::connection_flags flags = postgres_cluster::get().fresh_database();
    postgres::session on{postgres::resolve(flags)};
    sql_client look{flags};
    postgres::ownership own{"shop", "main", run_tag("main"), 1, {}};
};

TEST_F(plan_cache, gives_back_what_was_kept_last)
{
    EXPECT_EQ(postgres::kept_plan(on, "shop", "main"), std::nullopt);
    const auto first = plan_of(100, 2'500'000);
    postgres::plan_writer writer(first);
    EXPECT_TRUE(writer.step(on, own));
    EXPECT_TRUE(writer.step(on, own));
    EXPECT_EQ(postgres::kept_plan(on, "shop", "main"), std::nullopt) << "a piece is missing";
    EXPECT_FALSE(writer.step(on, own));
    EXPECT_EQ(postgres::kept_plan(on, "shop", "main"), first.bytes);
    EXPECT_EQ(postgres::kept_plan(on, "shop", "other"), std::nullopt);

    // The one before stays until the next is whole.
    const auto second = plan_of(200, 1'500'000);
    postgres::plan_writer next(second);
    EXPECT_TRUE(next.step(on, own));
    EXPECT_EQ(postgres::kept_plan(on, "shop", "main"), first.bytes);
    EXPECT_FALSE(next.step(on, own));
    EXPECT_EQ(postgres::kept_plan(on, "shop", "main"), second.bytes);
    EXPECT_EQ(there(), "200/0 200/1");

    // The same unit again, in fewer pieces.
    const auto third = plan_of(200, 1'000);
    EXPECT_FALSE(postgres::plan_writer(third).step(on, own));
    EXPECT_EQ(postgres::kept_plan(on, "shop", "main"), third.bytes);
    EXPECT_EQ(there(), "200/0");
    EXPECT_EQ(one(look, "SELECT sum(length(state)) FROM bazaard.saved_plan"), "1000")
        << "the others give their room back";
}

TEST_F(plan_cache, is_not_written_by_another_than_the_owner)
{
    auto lost = own;
    lost.epoch = 2;
    EXPECT_FALSE(postgres::plan_writer(plan_of(100, 1'500'000)).step(on, lost));
    EXPECT_EQ(there(), "");
}

TEST_F(plan_cache, waits_until_its_units_are_settled)
{
    settled = 50;
    const auto keeper = keep();
    keeper->save(plan_of(100, 2'500'000));
    const int before = asked;
    ASSERT_TRUE(eventually([&] { return asked > before + 5; }));
    EXPECT_EQ(there(), "");
    settled = 100;
    EXPECT_TRUE(eventually([&] { return there() == "100/0 100/1 100/2"; }));
    // Another one takes the place of one that still waits.
    keeper->save(plan_of(300, 10));
    keeper->save(plan_of(101, 10));
    settled = 101;
    EXPECT_TRUE(eventually([&] { return there() == "101/0"; }));
    keeper->stop(std::nullopt, std::nullopt);
}

TEST_F(plan_cache, that_cannot_be_kept_stops_nothing)
{
    settled = 100;
    on.exec("ALTER TABLE bazaard.saved_plan RENAME TO elsewhere");
    const auto keeper = keep();
    keeper->save(plan_of(50, 10));
    const int before = asked;
    EXPECT_TRUE(eventually([&] { return asked > before + 5; }));
    EXPECT_TRUE(keeper->reachable());
    on.exec("ALTER TABLE bazaard.elsewhere RENAME TO saved_plan");
    keeper->save(plan_of(60, 10));
    EXPECT_TRUE(eventually([&] { return there() == "60/0"; }));
    keeper->stop(std::nullopt, std::nullopt);
}

// ---- The daemon

constexpr auto* used = "as it was saved";
constexpr auto* unused = "the run is planned again from its beginning";

const std::vector<std::string> same{"--seed",      "11",       "--start-time", "2026-03-01", "--avg-qps",    "2",
                                    "--lifecycle", "complete", "--max-lag",    "24h",        "--log-format", "json"};

std::vector<std::string> with(std::vector<std::string> more)
{
    more.insert(more.begin(), same.begin(), same.end());
    return more;
}

std::string digests(const postgres::connection_flags& database)
{
    sql_client link(database);
    return table_digests(link);
}

/// Kills the run when that many orders are there.
void kill_at(const postgres::connection_flags& database, std::vector<std::string> words, std::int64_t orders)
{
    sql_client link(database);
    auto daemon = start_bazaard("run", database, std::move(words));
    ASSERT_TRUE(eventually([&] { return std::stoll(one(link, "SELECT count(*) FROM demo.orders")) > orders; }));
    daemon.send(SIGKILL);
    daemon.wait();
}

TEST(PlanCache, AKilledRunGoesOnToTheSameRowsWithAndWithoutIt)
{
    auto& cluster = postgres_cluster::get();
    const auto straight = cluster.fresh_database();
    ASSERT_EQ(run_bazaard("run", straight, with({"--max-iter", "1500", "--no-plan-cache"})).status, 0);
    {
        sql_client link(straight);
        EXPECT_EQ(one(link, "SELECT count(*) FROM bazaard.saved_plan"), "0");
    }
    for (const bool cache : {true, false})
    {
        const auto database = cluster.fresh_database();
        const std::string flag = cache ? "--plan-cache" : "--no-plan-cache";
        ASSERT_EQ(run_bazaard("run", database, with({"--max-iter", "500", flag})).status, 0);
        kill_at(database, with({"--max-iter", "1500", flag}), 700);
        const auto done = run_bazaard("run", database, with({"--max-iter", "1500", flag}));
        ASSERT_EQ(done.status, 0) << done.err;
        EXPECT_EQ(done.err.find(used) != std::string::npos, cache) << done.err;
        EXPECT_EQ(done.err.find(unused), std::string::npos) << done.err;
        EXPECT_EQ(digests(database), digests(straight)) << flag;
        const auto verified = run_bazaard("verify", database, {"tables"});
        EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
        // Negative control: the digests and the verifier see one row.
        sql_client link(database);
        link.exec("DELETE FROM demo.events WHERE id = (SELECT id FROM demo.events ORDER BY id LIMIT 1)");
        EXPECT_NE(digests(database), digests(straight));
        EXPECT_EQ(run_bazaard("verify", database, {"tables"}).status, 1);
    }
}

TEST(PlanCache, WhatDoesNotFitIsIgnoredWithOneLine)
{
    auto& cluster = postgres_cluster::get();
    const auto straight = cluster.fresh_database();
    ASSERT_EQ(run_bazaard("run", straight, with({"--max-iter", "250"})).status, 0);
    struct damage
    {
        std::string sql, told;
    };
    const std::string bytes = "UPDATE bazaard.saved_plan SET state = ";
    for (const auto& [sql, told] :
         {damage{"SELECT 1", used}, damage{bytes + "set_byte(state, 500, get_byte(state, 500) # 1)", "is damaged"},
          damage{bytes + "substr(state, 1, 400)", "is cut off"}, damage{bytes + "''", "is cut off"},
          damage{bytes + "set_byte(state, 6, 9)", "another form"}, damage{"DELETE FROM bazaard.digest", "not recorded"},
          damage{"DELETE FROM bazaard.saved_plan", "goes on at unit"},
          damage{"UPDATE bazaard.saved_plan SET pieces = 2", "goes on at unit"}})
    {
        const auto database = cluster.fresh_database();
        ASSERT_EQ(run_bazaard("run", database, with({"--max-iter", "100"})).status, 0);
        {
            sql_client link(database);
            ASSERT_EQ(one(link, "SELECT count(*) FROM bazaard.saved_plan"), "1");
            link.exec(sql);
        }
        const auto done = run_bazaard("run", database, with({"--max-iter", "250"}));
        ASSERT_EQ(done.status, 0) << sql << '\n' << done.err;
        EXPECT_NE(done.err.find(told), std::string::npos) << sql << '\n' << done.err;
        EXPECT_EQ(done.err.find(used) != std::string::npos, told == used) << sql << '\n' << done.err;
        EXPECT_EQ(digests(database), digests(straight)) << sql;
    }
}

TEST(PlanCache, IsRemovedWithItsRun)
{
    const auto database = postgres_cluster::get().fresh_database();
    ASSERT_EQ(run_bazaard("run", database, with({"--max-iter", "50"})).status, 0);
    sql_client link(database);
    ASSERT_EQ(one(link, "SELECT count(*) FROM bazaard.saved_plan"), "1");
    ASSERT_EQ(run_bazaard("reset", database, {"--yes"}).status, 0);
    EXPECT_EQ(one(link, "SELECT count(*) FROM bazaard.saved_plan"), "0");
}

}  // namespace
}  // namespace bazaar::test
