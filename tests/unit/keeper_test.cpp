// The keeper against a ledger in memory: what it records, in which order, and what becomes of it when the ledger is away, is
// another's or has forgotten. Each rule has a ledger that breaks it, to see that the rule is looked at.

#include "bazaar/daemon/keeper.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "support/eventually.hpp"
#include "support/memory_ledger.hpp"

namespace bazaar
{
namespace
{

using namespace std::chrono_literals;
using test::eventually;
using test::ledger_mistake;
using test::memory_ledger;

class kept : public testing::Test
{
protected:
    kept() { server.recorded.emplace(); }

    /// Takes the lease, and keeps the run from then on.
    void start(ledger_mistake wrong = ledger_mistake::none, bazaar::daemon::keeper::options how = {})
    {
        auto ledger = std::make_unique<memory_ledger>(server, wrong);
        ASSERT_TRUE(ledger->ready({}));
        ASSERT_TRUE(ledger->take({}));
        how.mark_interval = 2ms;
        how.sequence = server.recorded->log.size();
        how.progress = [this] { return run::progress{settled, false, true}; };
        how.failed = [this](std::exception_ptr why)
        {
            try
            {
                std::rethrow_exception(why);
            }
            catch (const run::history_lost&)
            {
                failed = "forgotten";
            }
            catch (const error& problem)
            {
                failed = problem.what();
            }
            ++failures;
        };
        // What is called durable has to be there at that moment.
        how.marked = [this](unit_no mark)
        {
            const std::lock_guard lock(server.mutex);
            if (server.progress.settled != mark)
                ++wrong_marks;
            ++marks;
        };
        keeper = std::make_unique<bazaar::daemon::keeper>(std::move(ledger), std::move(how));
    }

    /// Records a shift of so many microseconds; whether it was durable when that was said.
    bool record(std::int64_t amount)
    {
        model::control entry;
        entry.what = model::control::kind::shift;
        entry.value = amount;
        std::atomic<int> done = 0;
        bool there = false, refused = false;
        keeper->record(entry,
                       [&](std::exception_ptr why)
                       {
                           const std::lock_guard lock(server.mutex);
                           refused = why != nullptr;
                           there = !server.recorded->log.empty() && server.recorded->log.back().value == amount;
                           ++done;
                       });
        if (!eventually([&] { return done > 0 || failures > 0; }))
            return false;
        if (done == 0)
        {
            keeper->stop(std::nullopt, std::nullopt);  // Says what became of it.
            EXPECT_TRUE(refused);
        }
        EXPECT_EQ(done, 1);
        return there && !refused;
    }

    [[nodiscard]] std::vector<std::string> calls()
    {
        const std::lock_guard lock(server.mutex);
        return server.calls;
    }
    [[nodiscard]] std::size_t entries()
    {
        const std::lock_guard lock(server.mutex);
        return server.recorded->log.size();
    }
    [[nodiscard]] std::size_t first_call(const std::string& name)
    {
        const auto all = calls();
        return static_cast<std::size_t>(std::ranges::find(all, name) - all.begin());
    }

    memory_ledger::server server;
    std::atomic<unit_no> settled{0};
    std::atomic<int> marks{0}, wrong_marks{0}, failures{0};
    std::string failed;
    std::unique_ptr<bazaar::daemon::keeper> keeper;
};

TEST_F(kept, an_entry_is_durable_when_it_is_said_to_be)
{
    start();
    EXPECT_TRUE(record(5));
    EXPECT_TRUE(record(6));
    EXPECT_EQ(entries(), 2U);
    EXPECT_EQ(keeper->entries(model::control::kind::shift), 2U);
}

TEST_F(kept, an_entry_that_is_durable_too_late_is_noticed)
{
    start(ledger_mistake::durable_too_late);
    EXPECT_FALSE(record(5));
}

TEST_F(kept, the_mark_is_what_was_settled)
{
    settled = 7;
    start();
    ASSERT_TRUE(eventually([&] { return marks > 2; }));
    EXPECT_EQ(wrong_marks, 0);
}

TEST_F(kept, a_mark_that_runs_ahead_is_noticed)
{
    settled = 7;
    start(ledger_mistake::mark_runs_ahead);
    ASSERT_TRUE(eventually([&] { return marks > 2; }));
    EXPECT_GT(wrong_marks, 0);
}

TEST_F(kept, a_lost_lease_ends_the_keeping)
{
    start();
    ASSERT_TRUE(record(5));
    memory_ledger other(server);
    ASSERT_TRUE(other.take({}));
    EXPECT_FALSE(record(6));
    EXPECT_EQ(failed, "the lease is another's");
    EXPECT_EQ(failures, 1);
    EXPECT_EQ(entries(), 1U);
}

TEST_F(kept, a_lost_lease_that_nobody_sees_is_noticed)
{
    start(ledger_mistake::lease_lost_unseen);
    ASSERT_TRUE(record(5));
    memory_ledger other(server);
    ASSERT_TRUE(other.take({}));
    EXPECT_TRUE(record(6));
    EXPECT_EQ(entries(), 2U) << "an entry of a process that has lost its run";
    EXPECT_EQ(failures, 0);
}

TEST_F(kept, what_is_away_is_waited_for)
{
    start();
    server.refuse = 3;
    EXPECT_TRUE(record(5));
    EXPECT_EQ(entries(), 1U) << "once, however often it was tried";
    EXPECT_EQ(failures, 0);
    EXPECT_TRUE(keeper->reachable());
}

TEST_F(kept, a_server_that_has_forgotten_ends_the_keeping)
{
    start();
    ++server.life;
    ASSERT_TRUE(eventually([&] { return failures > 0; }));
    EXPECT_EQ(failed, "forgotten");
    EXPECT_FALSE(keeper->reachable());
}

TEST_F(kept, a_plan_is_kept_once_its_units_are_settled)
{
    settled = 50;
    start();
    keeper->save({{100, 0, 1}, std::vector<std::byte>(10)});
    const int before = marks;
    ASSERT_TRUE(eventually([&] { return marks > before + 5; }));
    EXPECT_EQ(first_call("piece"), calls().size());
    settled = 100;
    ASSERT_TRUE(eventually(
        [&]
        {
            const std::lock_guard lock(server.mutex);
            return server.plan.size() == 10;
        }));
}

TEST_F(kept, a_stop_leaves_state_then_mark_then_plan)
{
    settled = 9;
    start();
    keeper->stop(run::progress{9, true, true}, run::checkpoint{9, 0, 4},
                 run::saved_plan{{9, 0, 4}, std::vector<std::byte>(3)});
    EXPECT_LT(first_call("checkpoint"), first_call("release"));
    EXPECT_LT(first_call("release"), first_call("piece"));
    EXPECT_EQ(server.progress, (run::progress{9, true, true}));
    EXPECT_FALSE(server.held);
    EXPECT_EQ(server.plan.size(), 3U);
}

TEST_F(kept, a_stop_while_it_is_away_leaves_nothing_and_ends)
{
    start();
    ASSERT_TRUE(eventually([&] { return marks > 0; }));
    server.away = true;
    keeper->stop(run::progress{9, true, true}, run::checkpoint{9, 0, 4});
    EXPECT_EQ(server.progress.settled, 0U);
    EXPECT_TRUE(server.held);
}

TEST_F(kept, chores_are_done_until_they_say_no)
{
    std::atomic<int> often = 0, once = 0;
    bazaar::daemon::keeper::options how;
    how.chores.push_back({std::chrono::milliseconds(1), [&]
                          {
                              ++often;
                              return true;
                          }});
    how.chores.push_back({std::chrono::milliseconds(1), [&]
                          {
                              ++once;
                              return false;
                          }});
    how.chores.push_back({microseconds{0}, []() -> bool { throw error(error_kind::internal, "never wanted"); }});
    start(ledger_mistake::none, std::move(how));
    ASSERT_TRUE(eventually([&] { return often > 5 && marks > 5; }));
    EXPECT_EQ(once, 1);
    EXPECT_EQ(failures, 0);
}

}  // namespace
}  // namespace bazaar
