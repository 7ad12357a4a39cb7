// Runner, keeper, ledger and sink together, as a process of the daemon has them, against a server in memory: processes that die, lose
// their lease or their server, and go on. At the end the log plans again what must be there. A ledger that does something wrong is
// found by that. (Random schedules of one thread: exactly_once_test.)

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/random.hpp"
#include "bazaar/daemon/keeper.hpp"
#include "bazaar/run/replan.hpp"
#include "bazaar/run/runner.hpp"
#include "support/effort.hpp"
#include "support/memory_ledger.hpp"
#include "unit/thelook_ledger.hpp"

namespace bazaar
{
namespace
{

using namespace std::chrono_literals;
using test::ledger_mistake;
using test::memory_ledger;

constexpr std::uint32_t small_window = 32;
constexpr std::uint64_t few_ticks = 160;

/// What a unit leaves: enough to tell whether the same plan made it.
using unit_print = std::pair<std::int64_t, std::uint16_t>;

unit_print print_of(const model::decision& d)
{
    return {d.at.us, d.kind};
}

/// What outlives processes: the ledger's server, and the rows on it. All under the mutex of `ledger`.
struct shared_store
{
    shared_store()
    {
        ledger.recorded.emplace().window = small_window;
        ledger.progress.clean = true;
    }

    /// All of it at one moment.
    struct moment
    {
        memory_ledger::state ledger;
        std::map<unit_no, unit_print> rows;
    };

    moment now()
    {
        const std::lock_guard lock(ledger.mutex);
        return {ledger, rows};
    }

    /// Another server goes on from an earlier moment.
    void fall_back_to(const moment& earlier)
    {
        const std::lock_guard lock(ledger.mutex);
        static_cast<memory_ledger::state&>(ledger) = earlier.ledger;
        rows = earlier.rows;
        ++ledger.life;
    }

    void complain(const std::string& why)
    {
        if (wrong.empty())
            wrong = why;
    }

    const std::unique_ptr<scenario::scenario> shop = test::shop_of_few_products({});
    memory_ledger::server ledger;
    std::map<unit_no, unit_print> rows;
    std::string wrong;  ///< The first promise that was broken.
};

/// What goes wrong in one life, and how it ends.
struct life_plan
{
    ledger_mistake wrong = ledger_mistake::none;
    std::uint64_t seed = 0;  ///< Of the trouble of its sinks; 0: none.
    std::chrono::milliseconds mark_interval{2};
    unit_no never = no_unit;  ///< A unit that is not written in this life.

    /// What happens in the loop when that unit or a later one is on its way.
    struct event
    {
        unit_no at;
        std::function<void()> what;
    };
    std::vector<event> events{};  ///< In their order.

    std::function<void()> recording{};           ///< An entry is about to go to the keeper.
    std::function<void()> steered{};             ///< It was durable, and has taken effect.
    std::function<void(unit_no mark)> marked{};  ///< In the keeper's thread.
};

/// A process with the run, from its take-over to its end.
class one_life
{
public:
    one_life(shared_store& in, life_plan how) : in_(in), how_(std::move(how))
    {
        auto ledger = std::make_unique<memory_ledger>(in_.ledger, how_.wrong);
        EXPECT_TRUE(ledger->ready({}));
        ledger->trust();
        life_ = in_.ledger.life;
        const auto taken = take(*ledger);
        auto found = ledger->load("main");
        if (!taken || !found)
            throw error(error_kind::internal, "the run of the test is not there");
        recorded_ = std::move(*found);
        epoch_ = taken->epoch;
        clean_ = taken->clean;
        ledger_ = std::move(ledger);
        planner_ = in_.shop->plan(recorded_.start);
        walk_.emplace(*planner_, recorded_);
        walk_->forward_to(recorded_.settled);
    }

    /// Runs to the end of the plan, or to its own. What ended it before its time; empty: nothing.
    std::string go()
    {
        runner_.emplace(loop_, *in_.shop, *walk_, clock_, runner_options());
        bazaar::daemon::keeper::options keeping;
        keeping.sequence = recorded_.log.size();
        keeping.mark_interval = how_.mark_interval;
        keeping.progress = [this] { return run::progress{runner_->now().settled, false, true}; };
        keeping.marked = [this](unit_no mark)
        {
            runner_->marked(mark);
            if (how_.marked)
                how_.marked(mark);
        };
        keeping.failed = [this](std::exception_ptr why) { later([this, why] { runner_->fail(why); }); };
        keeper_.emplace(std::move(ledger_), std::move(keeping));
        runner_->start();
        loop_.run();
        const auto why = runner_->failure();
        const auto last = runner_->now();
        keeper_->stop(why ? std::nullopt : std::optional(run::progress{last.settled, !last.suspects, true}),
                      std::nullopt);
        return message_of(why);
    }

    // What may happen, in the loop.

    void later(std::function<void()> what) { boost::asio::post(loop_, std::move(what)); }

    void crash() { runner_->fail(std::make_exception_ptr(error(error_kind::os, "killed"))); }

    void stop() { runner_->drain(); }

    void set_rate(std::int64_t value)
    {
        model::control rate;
        rate.what = model::control::kind::set;
        rate.value = value;
        runner_->set(rate);
    }

    /// Its sinks write nothing for a while: they hear of nothing, either.
    void freeze(bool frozen)
    {
        const std::lock_guard lock(in_.ledger.mutex);
        frozen_ = frozen;
    }

private:
    /// Far beyond the whole plan.
    class far_clock final : public run::clock
    {
    public:
        [[nodiscard]] time now() override { return time{0} + std::chrono::hours(1000); }
    };

    /// As a writer of PostgreSQL: refused where the lease is another's, and where the server is another one.
    class fenced_sink final : public run::single_sink
    {
    public:
        explicit fenced_sink(one_life& of) : of_(of) {}

        run::written write(const model::unit& unit, run::form how) override
        {
            auto& in = of_.in_;
            const auto no = unit.decision.no;
            const std::lock_guard lock(in.ledger.mutex);
            if (of_.frozen_ || no == of_.how_.never)
                return {run::outcome::not_done, {}, "frozen"};
            if (of_.life_ != in.ledger.life)
                throw run::history_lost("the server is another one");
            if (of_.epoch_ != in.ledger.epoch)
                throw error(error_kind::temporary, "the lease is another's");
            const auto trouble = of_.trouble(no);
            const bool lost = trouble == run::outcome::in_doubt && no % 2 == 0;
            if (lost || trouble == run::outcome::not_done || trouble == run::outcome::rejected)
                return {trouble, {}, "as the test wants it"};
            const auto [row, fresh] = in.rows.try_emplace(no, print_of(unit.decision));
            if (!fresh && how == run::form::first)
                in.complain(fmt::format("unit {} is there and is sent as a first attempt", no));
            if (!fresh && row->second != print_of(unit.decision))
                in.complain(fmt::format("unit {} is there, and is planned otherwise now", no));
            if (trouble == run::outcome::in_doubt)
                return {trouble, {}, "the answer is lost"};
            return {fresh ? run::outcome::committed : run::outcome::already_there, {}, {}};
        }

    private:
        one_life& of_;
    };

    /// What a unit meets at this attempt. Locked.
    run::outcome trouble(unit_no no)
    {
        if (how_.seed == 0)
            return run::outcome::committed;
        auto draw = derive(how_.seed, stream("trouble"), no * 16 + tried_[no]++ % 16);
        // The same in each life: what is refused for good stays so.
        if (no % 41 == 7 && !in_.rows.contains(no))
            return run::outcome::rejected;
        if (draw.below(24) == 0)
            return run::outcome::not_done;
        return draw.below(16) == 0 ? run::outcome::in_doubt : run::outcome::committed;
    }

    run::runner::options runner_options()
    {
        run::runner::options how;
        how.window = small_window;
        how.ticks_max = few_ticks;
        how.pace = {10s, true, false};
        const auto highest = in_.now().rows;
        how.replay_below = clean_ ? 0
                                  : std::max(recorded_.settled, highest.empty() ? 0 : highest.rbegin()->first + 1) +
                                        small_window;
        for (const auto& entry : recorded_.log)
            if (entry.what == model::control::kind::reject)
                how.rejected.push_back(entry.unit);
        how.make_sink = [this](std::stop_token) { return std::make_unique<fenced_sink>(*this); };
        how.record = [this](const model::control& entry, run::runner::recorded done)
        {
            if (how_.recording)
                how_.recording();
            keeper_->record(entry, std::move(done));
        };
        how.want_mark = [this] { keeper_->mark_soon(); };
        how.steered = [this](const model::control&)
        {
            if (how_.steered)
                how_.steered();
        };
        how.echo = [this](const model::unit& unit)
        {
            for (; happened_ < how_.events.size() && unit.decision.no >= how_.events[happened_].at; ++happened_)
                later(how_.events[happened_].what);
        };
        how.done = [this] { loop_.stop(); };
        return how;
    }

    /// Waits out what an earlier life has left of trouble with the ledger.
    static std::optional<run::taken_lease> take(run::ledger& to)
    {
        for (;;)
            try
            {
                return to.take({});
            }
            catch (const run::not_now&)
            {
                std::this_thread::yield();
            }
    }

    static std::string message_of(const std::exception_ptr& why)
    {
        try
        {
            if (why)
                std::rethrow_exception(why);
        }
        catch (const error& problem)
        {
            return problem.what();
        }
        return {};
    }

    shared_store& in_;
    const life_plan how_;
    std::unique_ptr<run::ledger> ledger_;  ///< Until it is the keeper's.
    int life_ = 0;
    std::int64_t epoch_ = 0;
    bool clean_ = false;
    run::record recorded_;
    std::unique_ptr<scenario::planner> planner_;
    std::optional<run::replanner> walk_;
    std::map<unit_no, std::uint64_t> tried_;
    bool frozen_ = false;       ///< Under the mutex of the store.
    std::size_t happened_ = 0;  ///< Events that have come; one thread at a time.
    boost::asio::io_context loop_;
    far_clock clock_;
    std::optional<run::runner> runner_;
    std::optional<bazaar::daemon::keeper> keeper_;
};

/// Goes on with the run to its end, undisturbed; then compares what is there with what the log plans. What is wrong; empty: nothing.
std::string trouble_at_the_end(shared_store& in, std::unique_ptr<one_life> last = nullptr)
{
    if (!last)
        last = std::make_unique<one_life>(in, life_plan{});
    if (const auto why = last->go(); !why.empty())
        in.complain("the last process did not come to the end: " + why);
    const auto left = in.now();
    if (!in.wrong.empty())
        return in.wrong;
    const auto& recorded = *left.ledger.recorded;
    std::set<unit_no> refused;
    for (const auto& entry : recorded.log)
        if (entry.what == model::control::kind::reject)
            refused.insert(entry.unit);
    const auto planner = in.shop->plan(recorded.start);
    run::replanner again(*planner, recorded);
    while (planner->ticks() < few_ticks)
    {
        const auto d = again.next();
        const auto row = left.rows.find(d.no);
        if (row == left.rows.end() && !refused.contains(d.no))
            return fmt::format("unit {} is not there", d.no);
        if (row != left.rows.end() && refused.contains(d.no))
            return fmt::format("unit {} is there, and the log says that it was refused", d.no);
        if (row != left.rows.end() && row->second != print_of(d))
            return fmt::format("unit {} is not as the log plans it", d.no);
    }
    if (left.rows.size() + refused.size() != planner->next_no())
        return fmt::format("{} units are there, {} are planned", left.rows.size(), planner->next_no());
    if (left.ledger.progress.settled != planner->next_no())
        return fmt::format("the mark is {} at the end, {} are planned", left.ledger.progress.settled,
                           planner->next_no());
    return {};
}

// ---- A story for each mistake, in which it does harm. With a ledger that does nothing wrong the same story ends well.

/// A process changes the rate, goes on for a while under it, and is killed.
std::string killed_after_an_entry(ledger_mistake wrong)
{
    shared_store in;
    std::unique_ptr<one_life> first;
    life_plan how;
    how.wrong = wrong;
    how.mark_interval = 1h;  // Nothing else is asked of the ledger meanwhile.
    how.events = {{20, [&] { first->set_rate(1'000'000'000); }}, {110, [&] { first->crash(); }}};
    first = std::make_unique<one_life>(in, how);
    const auto ended = first->go();
    if (ended.empty())
        return {};  // On a slow machine the event may come behind the plan: nothing was tried.
    EXPECT_EQ(ended, "killed");
    return trouble_at_the_end(in);
}

/// A process is killed while the mark stands before a unit that it cannot write.
std::string killed_before_a_unit_is_written(ledger_mistake wrong)
{
    constexpr unit_no stubborn = 30;
    shared_store in;
    std::unique_ptr<one_life> first;
    life_plan how;
    how.wrong = wrong;
    how.never = stubborn;
    how.marked = [&](unit_no mark)
    {
        if (mark == stubborn)
            first->later([&] { first->crash(); });
    };
    first = std::make_unique<one_life>(in, how);
    EXPECT_EQ(first->go(), "killed");
    return trouble_at_the_end(in);
}

/// A process is frozen; another one takes the run over and reads the log; then the first goes on, and changes the rate.
std::string frozen_while_another_takes_over(ledger_mistake wrong)
{
    shared_store in;
    std::unique_ptr<one_life> first, second;
    life_plan how;
    how.wrong = wrong;
    how.events = {{40, [&] { first->set_rate(1'000'000'000); }}};
    how.recording = [&]
    {
        first->freeze(true);
        second = std::make_unique<one_life>(in, life_plan{});
    };
    how.steered = [&] { first->freeze(false); };
    first = std::make_unique<one_life>(in, how);
    const auto ended = first->go();
    if (ended.empty())
        return {};  // On a slow machine the event may come behind the plan: nothing was tried.
    EXPECT_EQ(ended, "the lease is another's");
    return trouble_at_the_end(in, std::move(second));
}

/// Another server goes on that has forgotten units, while the mark of a process is on its way.
std::string marked_after_a_failover(ledger_mistake wrong)
{
    shared_store in;
    std::unique_ptr<one_life> first;
    shared_store::moment earlier;
    std::atomic<bool> fallen = false;
    life_plan how;
    how.wrong = wrong;
    how.events = {{110, [&]
                   {
                       first->freeze(true);
                       in.fall_back_to(earlier);
                       fallen = true;
                   }}};
    how.marked = [&](unit_no)
    {
        // A mark of before may be told of only now.
        if (fallen && in.now().ledger.progress.settled > 0)
            first->freeze(false);
    };
    first = std::make_unique<one_life>(in, how);
    earlier = in.now();  // No unit is there yet, and the lease is taken.
    const auto ended = first->go();
    if (ended.empty())
        return {};  // On a slow machine the event may come behind the plan: nothing was tried.
    EXPECT_EQ(ended, "the server is another one");
    return trouble_at_the_end(in);
}

/// Whether the mistake is found. The threads meet differently each time: in one of some tries.
bool is_found(std::string (*trouble_of)(ledger_mistake), ledger_mistake what)
{
    for (int i = 0; i < 20; ++i)
        if (!trouble_of(what).empty())
            return true;
    return false;
}

TEST(LedgerRun, AnEntryHoldsForWhoeverGoesOn)
{
    EXPECT_EQ(killed_after_an_entry(ledger_mistake::none), "");
}

TEST(LedgerRun, AnEntryThatIsDurableTooLateIsFound)
{
    EXPECT_TRUE(is_found(killed_after_an_entry, ledger_mistake::durable_too_late));
}

TEST(LedgerRun, WhatIsNotWrittenIsNotBelowTheMark)
{
    EXPECT_EQ(killed_before_a_unit_is_written(ledger_mistake::none), "");
}

TEST(LedgerRun, AMarkThatRunsAheadIsFound)
{
    EXPECT_EQ(killed_before_a_unit_is_written(ledger_mistake::mark_runs_ahead), "unit 30 is not there");
}

TEST(LedgerRun, WhoHasLostTheLeaseWritesNothingMore)
{
    EXPECT_EQ(frozen_while_another_takes_over(ledger_mistake::none), "");
}

TEST(LedgerRun, ALostLeaseThatIsNotNoticedIsFound)
{
    EXPECT_TRUE(is_found(frozen_while_another_takes_over, ledger_mistake::lease_lost_unseen));
}

TEST(LedgerRun, WhatAnotherServerHasForgottenIsWrittenAgain)
{
    EXPECT_EQ(marked_after_a_failover(ledger_mistake::none), "");
}

TEST(LedgerRun, AMarkOnAnotherServerIsFound)
{
    EXPECT_TRUE(is_found(marked_after_a_failover, ledger_mistake::server_unseen));
}

// ---- Lives one after the other, each with its own trouble

/// How the life of a process ends, if it does not come to the end of the plan first.
enum class life_end : std::uint8_t
{
    killed,
    stopped,
    replaced,
    failed_over,
};

/// One life with some trouble. What ended it.
std::string live_once(shared_store& in, random& draw, std::uint64_t seed, std::optional<shared_store::moment>& earlier)
{
    std::unique_ptr<one_life> life;
    life_plan how;
    how.seed = seed;
    const auto end = static_cast<life_end>(draw.below(earlier ? 4 : 3));
    const unit_no at = draw.below(few_ticks);
    const auto rate = static_cast<std::int64_t>(1 + draw.below(1000)) * 1'000'000;
    if (draw.below(2) == 0)
        how.events.push_back({at / 2, [&, rate] { life->set_rate(rate); }});
    if (draw.below(2) == 0)
        how.events.push_back({at / 2, [&] { in.ledger.refuse = 3; }});
    how.events.push_back({at, [&, end]
                          {
                              switch (end)
                              {
                              case life_end::killed:
                                  return life->crash();
                              case life_end::stopped:
                                  return life->stop();
                              case life_end::replaced:
                                  // It takes the lease, and dies.
                                  one_life(in, life_plan{});
                                  return;
                              case life_end::failed_over:
                                  in.fall_back_to(*earlier);
                              }
                          }});
    life = std::make_unique<one_life>(in, how);
    auto why = life->go();
    if (draw.below(2) == 0)
        earlier = in.now();
    return why;
}

TEST(LedgerRun, TroubleOfManyKindsLeavesWhatTheLogPlans)
{
    std::map<std::string, int> ends;
    std::uint64_t entries = 0;
    for (std::uint64_t seed = 1; seed <= test::tries(20); ++seed)
    {
        SCOPED_TRACE(seed);
        shared_store in;
        auto draw = derive(seed, stream("lives"), 0);
        std::optional<shared_store::moment> earlier;
        for (auto lives = draw.below(6); lives > 0; --lives)
            ++ends[live_once(in, draw, seed, earlier)];
        in.ledger.refuse = 0;
        ASSERT_EQ(trouble_at_the_end(in), "");
        entries += in.ledger.recorded->log.size();
    }
    EXPECT_GT(entries, 0U);
    if (test::effort() > 1)
        return;
    for (const auto* end : {"", "killed", "the lease is another's", "the server is another one"})
        EXPECT_GT(ends[end], 0) << "no process has ended so: " << end;
}

}  // namespace
}  // namespace bazaar
