// Window, pacer, histogram, replanner, and the runner against a simulated sink: no server, no clock but a manual one.

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/random.hpp"
#include "bazaar/run/histogram.hpp"
#include "bazaar/run/pacer.hpp"
#include "bazaar/run/replan.hpp"
#include "bazaar/run/runner.hpp"
#include "bazaar/run/window.hpp"
#include "bazaar/scenario/registry.hpp"

namespace bazaar
{
namespace
{

using std::chrono::seconds;

model::decision decision(unit_no no, std::initializer_list<unit_no> after = {}, bool barrier = false)
{
    model::decision d;
    d.no = no;
    d.barrier = barrier;
    for (const auto earlier : after)
        d.depends_on(earlier);
    return d;
}

unit_no taken(run::window& w)
{
    const auto* d = w.take();
    return d == nullptr ? no_unit : d->no;
}

TEST(Window, SendsTheLowestReadyUnitFirst)
{
    run::window w(10, 16);
    for (unit_no no = 10; no < 14; ++no)
        w.add(decision(no));
    EXPECT_EQ(taken(w), 10U);
    EXPECT_EQ(taken(w), 11U);
    w.settle(11);
    EXPECT_EQ(w.settled(), 10U) << "10 is still in flight";
    w.settle(10);
    EXPECT_EQ(w.settled(), 12U);
}

TEST(Window, HoldsAUnitBackUntilAllItNamesAreSettled)
{
    run::window w(0, 16);
    w.add(decision(0));
    w.add(decision(1));
    w.add(decision(2, {0, 1}));
    w.add(decision(3));
    EXPECT_EQ(taken(w), 0U);
    EXPECT_EQ(taken(w), 1U);
    EXPECT_EQ(taken(w), 3U) << "2 waits, 3 does not";
    w.settle(1);
    EXPECT_EQ(taken(w), no_unit);
    w.settle(0);
    EXPECT_EQ(taken(w), 2U);
}

TEST(Window, BoundsTheSpanNotTheNumberInFlight)
{
    run::window w(0, 4);
    for (unit_no no = 0; no < 4; ++no)
        w.add(decision(no));
    EXPECT_FALSE(w.has_room());
    for (unit_no no = 0; no < 4; ++no)
        EXPECT_EQ(taken(w), no);
    w.settle(1);
    w.settle(2);
    w.settle(3);
    EXPECT_FALSE(w.has_room()) << "unit 0 is not settled: 4 would be 4 beyond it";
    EXPECT_EQ(w.open(), 1U);
    w.settle(0);
    EXPECT_TRUE(w.has_room());
    EXPECT_TRUE(w.empty());
    EXPECT_THROW(w.add(decision(7)), error) << "numbers follow each other";
}

TEST(Window, OneWorkerSendsInPlannedOrder)
{
    run::window w(0, 64);
    auto draw = derive(7, stream("one worker"), 0);
    for (unit_no no = 0; no < 64; ++no)
        w.add(no == 0 ? decision(no) : decision(no, {draw.below(no)}));
    for (unit_no no = 0; no < 64; ++no)
    {
        ASSERT_EQ(taken(w), no);
        w.settle(no);
    }
}

TEST(Window, ABarrierRunsAlone)
{
    run::window w(0, 16);
    w.add(decision(0));
    w.add(decision(1));
    w.add(decision(2, {}, true));
    w.add(decision(3));
    w.add(decision(4, {}, true));
    w.add(decision(5));
    EXPECT_EQ(taken(w), 0U);
    EXPECT_EQ(taken(w), 1U);
    EXPECT_EQ(taken(w), no_unit);
    w.settle(0);
    EXPECT_EQ(taken(w), no_unit) << "1 is still in flight";
    w.settle(1);
    EXPECT_EQ(taken(w), 2U);
    EXPECT_EQ(taken(w), no_unit);
    w.settle(2);
    EXPECT_EQ(taken(w), 3U);
    EXPECT_EQ(taken(w), no_unit);
    w.settle(3);
    EXPECT_EQ(taken(w), 4U);
    w.settle(4);
    EXPECT_EQ(taken(w), 5U);
}

/// Random plans, random orders of settling: every unit once, after its links, within the span.
void run_schedule(std::uint64_t seed)
{
    SCOPED_TRACE(seed);
    auto draw = derive(seed, stream("schedule"), 0);
    const std::uint32_t span = 1 + static_cast<std::uint32_t>(draw.below(40));
    const unit_no first = draw.below(1000);
    const unit_no end = first + 200;
    run::window w(first, span);
    std::vector<unit_no> in_flight;
    std::set<unit_no> settled, sent;
    std::map<unit_no, model::decision> plan;
    unit_no next = first;
    while (settled.size() < end - first)
    {
        const auto choice = draw.below(3);
        if (choice == 0 && next < end && w.has_room())
        {
            model::decision d = decision(next, {}, draw.below(20) == 0);
            for (int i = 0; i < 3; ++i)
                if (draw.below(2) == 0 && next > 0)
                    d.depends_on(next - 1 - draw.below(std::min<unit_no>(next, 60)));
            plan[next++] = d;
            w.add(d);
        }
        else if (choice == 1)
        {
            const auto no = taken(w);
            if (no == no_unit)
                continue;
            ASSERT_TRUE(sent.insert(no).second) << "twice: " << no;
            ASSERT_LT(no - w.settled(), span);
            for (std::size_t i = 0; i < plan[no].after_count; ++i)
                ASSERT_TRUE(plan[no].after[i] < first || settled.contains(plan[no].after[i]));
            if (plan[no].barrier)
            {
                ASSERT_TRUE(in_flight.empty() && w.settled() == no);
            }
            for (const auto other : in_flight)
                ASSERT_FALSE(plan[other].barrier);
            in_flight.push_back(no);
        }
        else if (!in_flight.empty())
        {
            const auto which = draw.below(in_flight.size());
            w.settle(in_flight[which]);
            settled.insert(in_flight[which]);
            in_flight.erase(in_flight.begin() + static_cast<std::ptrdiff_t>(which));
        }
    }
    EXPECT_TRUE(w.empty());
    EXPECT_EQ(w.settled(), end);
}

TEST(Window, KeepsItsPromisesUnderRandomSchedules)
{
    for (std::uint64_t seed = 0; seed < 2000; ++seed)
    {
        run_schedule(seed);
        if (HasFatalFailure())
            return;
    }
}

TEST(Pacer, NeverSendsBeforeTheBusinessTime)
{
    run::pacer p({seconds(10), true, true});
    EXPECT_EQ(p.judge(time{1000}, time{999}).wait.count(), 1);
    EXPECT_EQ(p.judge(time{1000}, time{1000}).wait.count(), 0);
}

TEST(Pacer, CatchesLagUpToTheLimitAndThenAsksForOneShift)
{
    run::pacer p({seconds(10), true, true});
    const time now{1'000'000'000};
    EXPECT_FALSE(p.judge(now - seconds(10), now).shift);
    EXPECT_EQ(p.judge(now - seconds(10), now).lag, seconds(10));
    ASSERT_TRUE(p.judge(now - seconds(11), now).shift);
    EXPECT_EQ(*p.judge(now - seconds(11), now).shift, seconds(11)) << "the next unit is then due at once";
}

TEST(Pacer, HurriesThroughHistoryWithoutAShiftUntilItIsLive)
{
    run::pacer p({seconds(10), true, false});
    const time now{1'000'000'000'000};
    EXPECT_FALSE(p.judge(now - std::chrono::hours(100), now).shift);
    EXPECT_FALSE(p.live());
    (void)p.judge(now + seconds(1), now);
    EXPECT_TRUE(p.live());
    EXPECT_TRUE(p.judge(now - std::chrono::hours(100), now).shift);
}

TEST(Pacer, AnUnpacedRunNeverShifts)
{
    run::pacer p({seconds(10), false, true});
    EXPECT_FALSE(p.judge(time{0}, time{0} + std::chrono::hours(100)).shift);
}

TEST(Histogram, QuantilesAreWithinASixteenth)
{
    run::histogram h;
    for (std::uint64_t us = 1; us <= 100'000; ++us)
        h.add(us);
    EXPECT_EQ(h.count(), 100'000U);
    EXPECT_EQ(h.max(), 100'000U);
    for (const double q : {.001, .01, .5, .9, .99, .999})
    {
        const double exact = q * 100'000;
        EXPECT_GE(static_cast<double>(h.quantile(q)), exact - 1);
        EXPECT_LE(static_cast<double>(h.quantile(q)), exact * 17 / 16 + 1);
    }
    EXPECT_EQ(h.quantile(1), 100'000U);
    EXPECT_EQ(run::histogram().quantile(.5), 0U);
}

TEST(Histogram, MergesAsIfAllHadBeenAddedToOne)
{
    run::histogram a, b, both;
    for (std::uint64_t us = 0; us < 5000; us += 7)
    {
        (us % 2 == 0 ? a : b).add(us * us);
        both.add(us * us);
    }
    a.merge(b);
    for (const double q : {0.0, .3, .5, .99, 1.0})
        EXPECT_EQ(a.quantile(q), both.quantile(q));
    EXPECT_EQ(a.sum(), both.sum());
}

// ---- The runner with a sink that only remembers.

/// A clock that stands where the test puts it.
class manual_clock final : public run::clock
{
public:
    [[nodiscard]] time now() override { return {us.load()}; }
    std::atomic<std::int64_t> us{0};
};

/// What reached the sink, in the order of its committing.
struct journal
{
    std::mutex mutex;
    std::vector<model::decision> committed;
    std::set<unit_no> seen;
    std::atomic<int> trouble{0};  ///< Writes until the next failure; 0: none.
};

/// Commits everything; now and then it doubts or is busy first.
class memory_sink final : public run::single_sink
{
public:
    explicit memory_sink(journal& to, int trouble_every) : journal_(to), every_(trouble_every) {}

    run::written write(const model::unit& unit, run::form how) override
    {
        const std::lock_guard lock(journal_.mutex);
        run::written answer;
        const bool fresh = !journal_.seen.contains(unit.decision.no);
        if (every_ > 0 && ++journal_.trouble % every_ == 0)
        {
            // A doubt may have committed or not.
            if (journal_.trouble % 2 == 0)
            {
                answer.what = run::outcome::not_done;
                return answer;
            }
            if (fresh && journal_.trouble % 3 == 0)
                commit(unit);
            answer.what = run::outcome::in_doubt;
            return answer;
        }
        EXPECT_TRUE(fresh || how == run::form::replay) << "unit " << unit.decision.no << " twice as a first attempt";
        if (fresh)
            commit(unit);
        else
            answer.what = run::outcome::already_there;
        return answer;
    }

private:
    void commit(const model::unit& unit)
    {
        journal_.seen.insert(unit.decision.no);
        journal_.committed.push_back(unit.decision);
    }

    journal& journal_;
    int every_;
};

struct outcome_of_run
{
    run::tally done;
    std::vector<model::control> log;
    std::vector<run::checkpoint> checkpoints;
    std::uint64_t digest = 0;
};

/// A log that is durable at once.
auto recorder(std::vector<model::control>& log)
{
    return [&log](const model::control& entry, const run::runner::recorded& done)
    {
        log.push_back(entry);
        done(nullptr);
    };
}

outcome_of_run run_ticks(journal& to, std::uint64_t ticks, std::uint32_t workers, int trouble_every = 0,
                         time start = time{0}, bool live = false, unit_no replay_below = 0)
{
    const auto& entry = scenario::default_entry();
    const auto shop = entry.make({"main", 5, scenario::settings(entry.fields), {}});
    const auto planner = shop->plan(start);
    boost::asio::io_context loop;
    manual_clock clock;
    clock.us = (start + std::chrono::hours(10)).us;
    outcome_of_run result;
    const run::record recorded;
    run::replanner plan(*planner, recorded);
    run::runner::options how;
    how.workers = workers;
    how.window = 128;
    how.ticks_max = ticks;
    how.pace = {seconds(10), true, live};
    how.replay_below = replay_below;
    how.make_sink = [&](std::stop_token) { return std::make_unique<memory_sink>(to, trouble_every); };
    how.record = recorder(result.log);
    how.done = [&] { loop.stop(); };
    run::runner runner(loop, *shop, plan, clock, how);
    runner.start();
    loop.run();
    EXPECT_EQ(runner.failure(), nullptr);
    result.done = runner.now();
    result.digest = planner->digest();
    return result;
}

TEST(Runner, CommitsEveryUnitOnceAndInOrderOfItsLinks)
{
    for (const std::uint32_t workers : {1U, 4U, 16U})
    {
        journal to;
        const auto result = run_ticks(to, 2000, workers);
        EXPECT_EQ(to.committed.size(), result.done.planned);
        std::map<unit_no, std::size_t> place;
        for (std::size_t i = 0; i < to.committed.size(); ++i)
            place[to.committed[i].no] = i;
        for (const auto& d : to.committed)
            for (std::size_t i = 0; i < d.after_count; ++i)
                EXPECT_LT(place.at(d.after[i]), place.at(d.no));
        if (workers == 1)
        {
            EXPECT_TRUE(std::is_sorted(to.committed.begin(), to.committed.end(),
                                       [](const auto& a, const auto& b) { return a.no < b.no; }));
        }
    }
}

TEST(Runner, ResolvesDoubtByReplayAndNeverWritesTwice)
{
    journal to;
    const auto result = run_ticks(to, 1000, 4, 17);
    EXPECT_EQ(to.committed.size(), result.done.planned);
    EXPECT_EQ(result.done.written(), result.done.planned);
    EXPECT_GT(result.done.of(run::outcome::in_doubt), 0U);
    EXPECT_GT(result.done.of(run::outcome::already_there), 0U);
}

TEST(Runner, FindsWhatWasSentBeforeTheRowsCouldTell)
{
    // Before a crash units 0..299 were settled and some of the window behind them committed; but the rows told of the first
    // ten only, as when all others had changed rows without making any.
    journal to;
    for (unit_no no = 0; no < 300; ++no)
        to.seen.insert(no);
    auto draw = derive(3, stream("sent before"), 0);
    for (unit_no no = 300; no < 300 + 128; ++no)
        if (draw.below(3) == 0)
            to.seen.insert(no);
    const auto before = to.seen.size();
    const auto result = run_ticks(to, 1000, 8, 0, time{0}, false, 10);
    EXPECT_EQ(result.done.of(run::outcome::already_there), before);
    EXPECT_EQ(to.seen.size(), result.done.planned);
}

TEST(Runner, ShiftsALiveRunThatIsTooFarBehindAndSaysSoFirst)
{
    journal history, live;
    const auto caught_up = run_ticks(history, 50, 2);
    EXPECT_EQ(caught_up.done.shifts, 0U) << "history is hurried through";
    // A live run found ten hours behind: one shift, recorded for the first unit, and all rows are of now.
    const auto& entry = scenario::default_entry();
    const auto shop = entry.make({"main", 5, scenario::settings(entry.fields), {}});
    const auto first = shop->plan(time{0})->next_at();
    const auto shifted = [&]
    {
        const auto planner = shop->plan(time{0});
        boost::asio::io_context loop;
        manual_clock clock;
        clock.us = (time{0} + std::chrono::hours(10)).us;
        std::vector<model::control> log;
        const run::record recorded;
        run::replanner plan(*planner, recorded);
        run::runner::options how;
        how.ticks_max = 1;
        how.pace = {seconds(10), true, true};
        how.make_sink = [&](std::stop_token) { return std::make_unique<memory_sink>(live, 0); };
        how.record = [&](const model::control& e, const run::runner::recorded& done)
        {
            EXPECT_EQ(planner->next_at(), first) << "the entry is durable before it takes effect";
            log.push_back(e);
            done(nullptr);
        };
        how.done = [&] { loop.stop(); };
        run::runner runner(loop, *shop, plan, clock, how);
        runner.start();
        loop.run();
        return log;
    }();
    ASSERT_EQ(shifted.size(), 1U);
    EXPECT_EQ(shifted[0].unit, 0U);
    EXPECT_EQ(live.committed.at(0).at, time{0} + std::chrono::hours(10));
}

/// A runner over theLook with what a test wants different.
struct rig
{
    explicit rig(run::record of = {}, time start = time{0}) : recorded(std::move(of)), planner(shop->plan(start)) {}

    /// Runs to the end; options as `change` leaves them.
    run::tally go(const std::function<void(run::runner::options&)>& change)
    {
        run::runner::options how;
        how.ticks_max = 200;
        how.window = 64;
        how.pace = {seconds(10), true, false};
        how.record = recorder(log);
        how.done = [this] { loop.stop(); };
        how.make_sink = [this](std::stop_token) { return std::make_unique<memory_sink>(to, 0); };
        change(how);
        run::runner runner(loop, *shop, plan, clock, how);
        active = &runner;
        runner.start();
        loop.run();
        failure = runner.failure();
        return runner.now();
    }

    /// Why it failed; empty when it did not.
    [[nodiscard]] std::string message() const
    {
        try
        {
            if (failure)
                std::rethrow_exception(failure);
        }
        catch (const error& problem)
        {
            return std::string(name(problem.kind())) + ": " + problem.what();
        }
        return {};
    }

    std::unique_ptr<scenario::scenario> shop = scenario::default_entry().make(
        {"main", 5, scenario::settings(scenario::default_entry().fields), {}});
    run::record recorded;
    std::unique_ptr<scenario::planner> planner;
    run::replanner plan{*planner, recorded};
    boost::asio::io_context loop;
    manual_clock clock;
    journal to;
    std::vector<model::control> log;
    run::runner* active = nullptr;
    std::exception_ptr failure;
};

TEST(Runner, ShiftsOnlyBehindWhatAnEarlierProcessMayHaveSent)
{
    // Of the units below 60 + W some were sent; a shift among them would plan other rows under the same ids.
    rig r;
    r.clock.us = (time{0} + std::chrono::hours(10)).us;
    for (unit_no no = 0; no < 60; ++no)
        if (no % 3 != 0)
            r.to.seen.insert(no);
    r.go(
        [&](auto& how)
        {
            how.pace = {std::chrono::hours(9), true, true};
            how.replay_below = 124;
            how.steered = [&](const model::control&) { r.clock.us += microseconds(std::chrono::hours(8)).count(); };
        });
    EXPECT_EQ(r.message(), "");
    ASSERT_GE(r.log.size(), 1U);
    EXPECT_GE(r.log[0].unit, 124U) << "and 59 was found done: 60 + W";
    EXPECT_GT(r.log[0].value, std::chrono::microseconds(std::chrono::hours(9)).count());
    for (const auto& d : r.to.committed)
        EXPECT_EQ(d.at < time{0} + std::chrono::hours(1), d.no < r.log[0].unit) << d.no;
}

TEST(Runner, AtTheEndOfThePlanEverythingBeforeIsSentFirst)
{
    rig r({}, scenario::times_end - seconds(30));
    r.clock.us = (scenario::times_end + std::chrono::hours(10)).us;
    const auto all = r.go([](auto& how) { how.ticks_max.reset(); });
    EXPECT_TRUE(r.message().starts_with("data: the plan ends here")) << r.message();
    EXPECT_GT(all.planned, 500U);
    EXPECT_EQ(all.settled, all.planned) << "none is left open";
    EXPECT_EQ(r.to.committed.size(), all.planned);
    for (const auto& d : r.to.committed)
        EXPECT_LT(d.at, scenario::times_end);
}

TEST(Runner, PlansAlongTheEntriesThatStandBehindTheMark)
{
    run::record recorded;
    recorded.log.push_back({90, model::control::kind::shift, 0, 3'600'000'000, {}});
    recorded.log.push_back({91, model::control::kind::reject, 0, 0, {}});
    rig r(recorded);
    r.clock.us = (time{0} + std::chrono::hours(10)).us;
    r.go([](auto&) {});
    EXPECT_EQ(r.message(), "");
    EXPECT_TRUE(r.log.empty());
    for (const auto& d : r.to.committed)
        EXPECT_EQ(d.at < time{0} + std::chrono::hours(1), d.no < 90) << d.no;
}

/// Far more than the loop plans while a request is on its way to it.
constexpr std::uint64_t many_ticks = 2'000;

TEST(Runner, ANewRateHoldsFromTheNextUnitOnAndIsRecordedFirst)
{
    rig r;
    r.clock.us = (time{0} + std::chrono::hours(10)).us;
    model::control faster;
    faster.what = model::control::kind::set;
    faster.field = 0;
    faster.value = 1'000'000'000;
    std::vector<model::control> effective;
    r.go(
        [&](auto& how)
        {
            how.steered = [&](const model::control& entry)
            {
                EXPECT_EQ(r.log.size(), effective.size() + 1) << "durable before it takes effect";
                effective.push_back(entry);
            };
            how.check = [](const run::checkpoint&) {};
            how.ticks_max = many_ticks;
            how.echo = [&](const model::unit& unit)
            {
                if (unit.decision.no == 50)
                    boost::asio::post(r.loop, [&] { r.active->set(faster); });
            };
        });
    EXPECT_EQ(r.message(), "");
    ASSERT_EQ(effective.size(), 1U);
    EXPECT_GE(effective[0].unit, 50U);
    // The record alone gives the same plan.
    r.recorded.log = r.log;
    const auto again = r.shop->plan(time{0});
    run::replanner walk(*again, r.recorded);
    std::map<unit_no, time> at;
    for (const auto& d : r.to.committed)
        at[d.no] = d.at;
    for (const auto& [no, moment] : at)
        EXPECT_EQ(walk.next().at, moment) << no;
}

/// Pauses a run at unit 20, has `meanwhile` done when all that was planned is settled, and goes on to the end.
void run_with_pause(rig& r, run::pacer::options pace, const std::function<void()>& meanwhile)
{
    r.clock.us = (time{0} + std::chrono::hours(10)).us;
    std::function<void()> wait_until_idle = [&]
    {
        if (r.active->now().span > 0)
            return boost::asio::post(r.loop, wait_until_idle);
        EXPECT_TRUE(r.active->now().paused);
        meanwhile();
    };
    r.go(
        [&](auto& how)
        {
            how.pace = pace;
            how.ticks_max = many_ticks;
            how.echo = [&](const model::unit& unit)
            {
                if (unit.decision.no == 20)
                    boost::asio::post(r.loop,
                                      [&]
                                      {
                                          r.active->pause(r.clock.now());
                                          wait_until_idle();
                                      });
            };
        });
    EXPECT_EQ(r.message(), "");
    // The record alone gives the same plan.
    r.recorded.log = r.log;
    const auto again = r.shop->plan(time{0});
    run::replanner walk(*again, r.recorded);
    std::sort(r.to.committed.begin(), r.to.committed.end(), [](const auto& a, const auto& b) { return a.no < b.no; });
    for (const auto& d : r.to.committed)
        EXPECT_EQ(walk.next().at, d.at) << d.no;
}

/// Live, and however late it is, only a pause makes a shift.
constexpr run::pacer::options patient{std::chrono::hours(1000), true, true};

TEST(Runner, APausePlansNothingAndEndsWithAShiftOfItsLength)
{
    rig r;
    std::uint64_t planned = 0;
    run_with_pause(r, patient,
                   [&]
                   {
                       planned = r.active->now().planned;
                       EXPECT_LT(r.planner->ticks(), many_ticks);
                       r.clock.us += 3'600'000'000;
                       EXPECT_TRUE(r.log.empty());
                       r.active->resume();
                   });
    ASSERT_EQ(r.log.size(), 1U);
    EXPECT_EQ(r.log[0].what, model::control::kind::shift);
    EXPECT_EQ(r.log[0].unit, planned) << "nothing was planned meanwhile";
    EXPECT_EQ(r.log[0].value, 3'600'000'000);
    rig undisturbed;
    undisturbed.clock.us = r.clock.us.load();
    undisturbed.go(
        [&](auto& how)
        {
            how.pace = patient;
            how.ticks_max = many_ticks;
        });
    std::map<unit_no, time> at;
    for (const auto& d : undisturbed.to.committed)
        at[d.no] = d.at;
    for (const auto& d : r.to.committed)
        EXPECT_EQ(d.at - at.at(d.no), d.no < planned ? seconds(0) : seconds(3600)) << d.no;
}

TEST(Runner, APauseOfARunThatNeverShiftsIsCaughtUp)
{
    for (const run::pacer::options pace :
         {run::pacer::options{seconds(10), false, true}, run::pacer::options{seconds(10), true, false}})
    {
        rig r;
        run_with_pause(r, pace,
                       [&]
                       {
                           r.clock.us += 3'600'000'000;
                           r.active->resume();
                       });
        EXPECT_TRUE(r.log.empty()) << "unpaced, or still in its history";
    }
}

TEST(Runner, AValueThatIsSetInAPauseHoldsFromItsMoment)
{
    rig r;
    time paused;
    run_with_pause(r, patient,
                   [&]
                   {
                       paused = r.clock.now();
                       r.clock.us += 60'000'000;
                       model::control faster;
                       faster.what = model::control::kind::set;
                       faster.value = 1'000'000'000;
                       r.active->set(faster);
                       EXPECT_EQ(r.active->now().wanted, 1U);
                       r.active->resume();
                   });
    ASSERT_EQ(r.log.size(), 2U);
    EXPECT_EQ(r.log[0].what, model::control::kind::set);
    EXPECT_LE(r.log[0].at, paused);
    EXPECT_EQ(r.log[1].what, model::control::kind::shift);
    EXPECT_EQ(r.log[1].value, 60'000'000);
    EXPECT_EQ(r.log[0].unit, r.log[1].unit);
}

TEST(Runner, AValueThatIsSetAgainBeforeItIsRecordedReplacesTheEarlierOne)
{
    rig r;
    bool first = true;
    const auto set = [&](std::uint16_t field, std::int64_t value)
    {
        model::control entry;
        entry.what = model::control::kind::set;
        entry.field = field;
        entry.value = value;
        r.active->set(entry);
    };
    const auto coming = [&]
    {
        std::vector<std::pair<int, std::int64_t>> all;
        for (const auto& entry : r.active->coming())
            all.emplace_back(entry.field, entry.value);
        return all;
    };
    using values = std::vector<std::pair<int, std::int64_t>>;
    r.clock.us = (time{0} + std::chrono::hours(10)).us;
    boost::asio::post(r.loop, [&] { set(0, 7'000'000); });
    const auto done = r.go(
        [&](auto& how)
        {
            how.record = [&](const model::control& entry, const run::runner::recorded& durable)
            {
                r.log.push_back(entry);
                if (std::exchange(first, false))
                {
                    // While one is being recorded, many come.
                    for (std::int64_t i = 1; i <= 5'000; ++i)
                        set(i % 2 == 0 ? 0 : 5, 1'000'000 + i);
                    EXPECT_EQ(r.active->now().wanted, 3U);
                    EXPECT_EQ(coming(), (values{{0, 7'000'000}, {5, 1'004'999}, {0, 1'005'000}}));
                }
                durable(nullptr);
            };
        });
    EXPECT_EQ(r.message(), "");
    ASSERT_EQ(r.log.size(), 3U) << "of 5,001";
    EXPECT_EQ(r.log[1].value, 1'004'999);
    EXPECT_EQ(r.log[2].value, 1'005'000) << "the last one holds";
    EXPECT_EQ(done.wanted, 0U);
}

TEST(Runner, PausedAgainWhileItsShiftIsBeingRecordedItCountsNoTimeTwice)
{
    rig r;
    r.clock.us = (time{0} + std::chrono::hours(10)).us;
    r.go(
        [&](auto& how)
        {
            how.pace = patient;
            how.ticks_max = many_ticks;
            how.record = [&](const model::control& entry, const run::runner::recorded& done)
            {
                r.log.push_back(entry);
                if (r.log.size() > 1)
                    return done(nullptr);
                // The first is slow, and somebody pauses again before it is there.
                r.active->pause(r.clock.now());
                r.clock.us += 5'000'000;
                done(nullptr);
                boost::asio::post(r.loop,
                                  [&]
                                  {
                                      EXPECT_TRUE(r.active->now().paused);
                                      r.active->resume();
                                  });
            };
            how.echo = [&](const model::unit& unit)
            {
                if (unit.decision.no == 20)
                    boost::asio::post(r.loop,
                                      [&]
                                      {
                                          r.active->pause(r.clock.now());
                                          r.clock.us += 60'000'000;
                                          r.active->resume();
                                      });
            };
        });
    EXPECT_EQ(r.message(), "");
    ASSERT_EQ(r.log.size(), 2U);
    EXPECT_EQ(r.log[0].value, 60'000'000);
    EXPECT_EQ(r.log[1].value, 5'000'000);
}

TEST(Runner, ADrainEndsAPause)
{
    rig r;
    run_with_pause(r, patient, [&] { r.active->drain(); });
    EXPECT_TRUE(r.log.empty());
    EXPECT_LT(r.planner->ticks(), many_ticks);
}

TEST(Runner, CountsRowsKindsAndWhatBecameOfDoubt)
{
    rig r;
    r.clock.us = (time{0} + std::chrono::hours(10)).us;
    const auto done = r.go(
        [&](auto& how) { how.make_sink = [&](std::stop_token) { return std::make_unique<memory_sink>(r.to, 17); }; });
    EXPECT_EQ(r.message(), "");
    std::uint64_t committed = 0, found = 0, answers = 0;
    for (const auto& kind : done.kinds)
    {
        committed += kind.committed;
        found += kind.already_there;
        for (std::size_t i = 0; i <= run::buckets::bounds.size(); ++i)
            answers += kind.service.at(i);
    }
    EXPECT_EQ(committed, done.of(run::outcome::committed));
    EXPECT_EQ(found, done.of(run::outcome::already_there));
    EXPECT_EQ(answers, committed + found);
    EXPECT_EQ(done.recognised, found);
    EXPECT_GT(done.replayed, 0U);
    EXPECT_EQ(done.doubtful, 0U);
    std::uint64_t troubles = 0;
    for (const auto& one : done.troubles)
        troubles += one.count;
    EXPECT_EQ(troubles, done.of(run::outcome::in_doubt) + done.of(run::outcome::not_done));
    // Rows of what was committed; of what was found there, an earlier attempt's process has counted them.
    std::uint64_t rows = 0;
    for (const auto& table : done.rows)
        rows += table[0] + table[1] + table[2];
    std::uint64_t expected = 0;
    model::unit unit;
    for (const auto& d : r.to.committed)
    {
        r.shop->build(d, unit);
        expected += unit.changes.size();
    }
    EXPECT_LE(rows, expected);
    EXPECT_GE(rows, expected * committed / (committed + found) / 2);
    auto twice = done;
    twice.add_earlier(done);
    EXPECT_EQ(twice.rows[0][0], 2 * done.rows[0][0]);
    EXPECT_EQ(twice.kinds[0].committed, 2 * done.kinds[0].committed);
}

TEST(Buckets, AValueCountsInTheFirstBucketThatHoldsIt)
{
    run::buckets b;
    for (const std::uint64_t us : {0U, 500U, 501U, 1'000U, 60'000'000U, 60'000'001U})
        b.add(us);
    EXPECT_EQ(b.at(0), 2U);
    EXPECT_EQ(b.at(1), 2U);
    EXPECT_EQ(b.at(15), 1U);
    EXPECT_EQ(b.at(16), 1U);
    EXPECT_EQ(b.sum(), 120'002'002U);
}

/// Refuses what `when` says; commits the rest.
class refusing_sink final : public run::single_sink
{
public:
    refusing_sink(journal& to, std::function<bool(unit_no)> when) : inner_(to, 0), when_(std::move(when)) {}

    run::written write(const model::unit& unit, run::form how) override
    {
        if (when_(unit.decision.no))
            return {run::outcome::rejected, {"23514"}, "a check of somebody else's"};
        return inner_.write(unit, how);
    }

private:
    memory_sink inner_;
    std::function<bool(unit_no)> when_;
};

TEST(Runner, RecordsARefusalBeforeAnythingBehindItIsSent)
{
    rig r;
    r.clock.us = (time{0} + std::chrono::hours(10)).us;
    const auto done = r.go(
        [&](auto& how)
        {
            how.rejected_max = 2;
            how.make_sink = [&](std::stop_token)
            { return std::make_unique<refusing_sink>(r.to, [](unit_no no) { return no == 20 || no == 70; }); };
            how.record = [&](const model::control& entry, const run::runner::recorded& recorded)
            {
                {
                    const std::lock_guard lock(r.to.mutex);
                    for (const auto& d : r.to.committed)
                        EXPECT_LT(d.no, entry.unit + 64) << "the window waits for the entry";
                }
                r.log.push_back(entry);
                recorded(nullptr);
            };
        });
    EXPECT_EQ(r.message(), "");
    EXPECT_EQ(done.refused(), 2U);
    EXPECT_EQ(done.written() + 2, done.planned);
    ASSERT_EQ(r.log.size(), 2U);
    for (const auto& entry : r.log)
    {
        EXPECT_EQ(entry.what, model::control::kind::reject);
        EXPECT_EQ(run::reject_code(entry.value), "23514");
        EXPECT_TRUE(entry.unit == 20 || entry.unit == 70);
    }
}

TEST(Runner, EndsWhenMoreIsRefusedThanAllowed)
{
    rig r;
    r.clock.us = (time{0} + std::chrono::hours(10)).us;
    const auto done = r.go(
        [&](auto& how)
        {
            how.rejected_max = 3;
            how.workers = 1;
            how.make_sink = [&](std::stop_token)
            { return std::make_unique<refusing_sink>(r.to, [](unit_no no) { return no >= 30; }); };
        });
    EXPECT_TRUE(r.message().starts_with("rejects: 4 units were refused for good, --max-rejected allows 3"))
        << r.message();
    EXPECT_EQ(r.log.size(), 4U);
    EXPECT_EQ(done.settled, 34U);
}

TEST(Runner, DoesNotSendAgainWhatWasRefusedBefore)
{
    rig r;
    r.clock.us = (time{0} + std::chrono::hours(10)).us;
    const auto done = r.go(
        [&](auto& how)
        {
            how.replay_below = 100;
            how.rejected = {3, 50};
        });
    EXPECT_EQ(r.message(), "");
    EXPECT_EQ(done.skipped, 2U);
    EXPECT_FALSE(r.to.seen.contains(3) || r.to.seen.contains(50));
    EXPECT_EQ(done.written() + 2, done.planned);
}

TEST(Runner, AUnitOfABrokenWorkerGoesToAnotherOne)
{
    // One worker breaks in the middle of a unit and gets no session any more until all others are done.
    class broken_sink final : public run::single_sink
    {
    public:
        broken_sink(journal& to, std::atomic<int>& number, std::stop_token stop)
            : inner_(to, 0), first_(number++ == 0), stop_(std::move(stop))
        {
        }

        bool ready() override
        {
            while (broken_ && !stop_.stop_requested())
                std::this_thread::yield();
            return !broken_;
        }

        run::written write(const model::unit& unit, run::form how) override
        {
            broken_ = first_;
            return broken_ ? run::written{run::outcome::in_doubt, {}, "the link broke"} : inner_.write(unit, how);
        }

    private:
        memory_sink inner_;
        bool first_;
        bool broken_ = false;
        std::stop_token stop_;
    };
    rig r;
    r.clock.us = (time{0} + std::chrono::hours(10)).us;
    std::atomic<int> number = 0;
    const auto done = r.go(
        [&](auto& how)
        {
            how.workers = 3;
            how.make_sink = [&](std::stop_token stop) { return std::make_unique<broken_sink>(r.to, number, stop); };
        });
    EXPECT_EQ(r.message(), "");
    EXPECT_EQ(done.written(), done.planned);
    EXPECT_EQ(r.to.committed.size(), done.planned);
    EXPECT_LE(done.of(run::outcome::in_doubt), 1U);
}

TEST(Runner, GivesAUnitUpInTime)
{
    class busy_sink final : public run::single_sink
    {
    public:
        run::written write(const model::unit&, run::form) override
        {
            return {run::outcome::not_done, {"55P03"}, "locked"};
        }
    };
    rig r;
    r.clock.us = (time{0} + std::chrono::hours(10)).us;
    r.go(
        [&](auto& how)
        {
            how.outage_max = std::chrono::milliseconds(100);
            how.make_sink = [](std::stop_token) { return std::make_unique<busy_sink>(); };
        });
    EXPECT_TRUE(r.message().starts_with("temporary: unit ") && r.message().find("--max-outage") != std::string::npos)
        << r.message();
}

TEST(Runner, AFailureOfAWorkerEndsTheRun)
{
    class broken_sink final : public run::single_sink
    {
    public:
        run::written write(const model::unit& unit, run::form) override
        {
            if (unit.decision.no == 20)
                throw error(error_kind::permission, "no more");
            return {};
        }
    };
    const auto& entry = scenario::default_entry();
    const auto shop = entry.make({"main", 5, scenario::settings(entry.fields), {}});
    const auto planner = shop->plan(time{0});
    boost::asio::io_context loop;
    manual_clock clock;
    clock.us = std::chrono::microseconds(std::chrono::hours(1)).count();
    const run::record recorded;
    run::replanner plan(*planner, recorded);
    std::vector<model::control> log;
    run::runner::options how;
    how.make_sink = [](std::stop_token) { return std::make_unique<broken_sink>(); };
    how.record = recorder(log);
    how.done = [&] { loop.stop(); };
    run::runner runner(loop, *shop, plan, clock, how);
    runner.start();
    loop.run();
    ASSERT_NE(runner.failure(), nullptr);
    EXPECT_THROW(std::rethrow_exception(runner.failure()), error);
    EXPECT_LE(runner.now().settled, 20U) << "the refused unit is not settled";
}

TEST(Replanner, WalksTheSamePlanAlongItsLog)
{
    const auto& entry = scenario::default_entry();
    const auto shop = entry.make({"main", 9, scenario::settings(entry.fields), {}});
    run::record recorded;
    auto& log = recorded.log;
    const auto original = shop->plan(time{0});
    std::vector<model::decision> decided;
    while (original->next_no() < 5000)
    {
        if (original->next_no() % 1000 == 500)
        {
            log.push_back({original->next_no(), model::control::kind::shift, 0, 12'345'678, {}});
            original->apply(log.back());
            log.push_back({original->next_no(), model::control::kind::set, 0, 50'000'000, {}});
            original->apply(log.back());
        }
        decided.push_back(original->next());
    }
    const auto again = shop->plan(time{0});
    // Refusals stand in the log and steer nothing.
    log.push_back({4000, model::control::kind::reject, 0, 0, {}});
    run::replanner walk(*again, recorded);
    walk.forward_to(2500);
    for (unit_no no = 2500; no < 5000; ++no)
    {
        const auto d = walk.next();
        ASSERT_EQ(d.at, decided[no].at);
        ASSERT_EQ(d.arg, decided[no].arg);
    }
    EXPECT_EQ(again->digest(), original->digest());
    EXPECT_TRUE(walk.at_end());
    EXPECT_EQ(walk.steps(), log.size() - 1);
}

TEST(Replanner, StopsWhereACheckpointSaysThatItPlansDifferently)
{
    const auto& entry = scenario::default_entry();
    const auto shop = entry.make({"main", 9, scenario::settings(entry.fields), {}});
    run::record recorded;
    recorded.log.push_back({700, model::control::kind::shift, 0, 12'345'678, {}});
    const auto first = shop->plan(time{0});
    run::replanner writes(*first, recorded);
    writes.forward_to(700);
    recorded.checkpoints.push_back({700, writes.steps(), first->digest()});
    writes.forward_to(1500);
    recorded.checkpoints.push_back({1500, writes.steps(), first->digest()});
    const auto walk = [&]
    {
        const auto again = shop->plan(time{0});
        run::replanner(*again, recorded).forward_to(2000);
    };
    EXPECT_NO_THROW(walk());
    for (auto& point : recorded.checkpoints)
    {
        point.digest ^= 1;
        EXPECT_THROW(walk(), error) << point.unit;
        point.digest ^= 1;
    }
    // Another plan: a shift that was forgotten shows at the next checkpoint behind it, as its steps are missing or differ.
    recorded.log[0].value += 1;
    EXPECT_THROW(walk(), error);
}

}  // namespace
}  // namespace bazaar
