// Groups of units: which go together, and a sink that takes units and control entries as one.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "bazaar/base/random.hpp"
#include "bazaar/run/dispatcher.hpp"
#include "bazaar/run/runner.hpp"
#include "bazaar/scenario/registry.hpp"
#include "support/effort.hpp"

namespace bazaar
{
namespace
{

using namespace std::chrono_literals;
using run::dispatcher;
using numbers = std::vector<unit_no>;

model::decision unit_after(unit_no no, const numbers& after = {}, bool barrier = false)
{
    model::decision made;
    made.no = no;
    for (const auto earlier : after)
        made.depends_on(earlier);
    made.barrier = barrier;
    return made;
}

numbers of(const std::vector<dispatcher::task>& group)
{
    numbers all;
    for (const auto& one : group)
        all.push_back(one.unit.no);
    return all;
}

TEST(Groups, OneWaitsForOthersOfItsGroupAlone)
{
    dispatcher d({.span = 16});
    d.add(unit_after(0));
    d.add(unit_after(1, {0}));
    d.add(unit_after(2, {0, 1}));
    d.add(unit_after(3));
    d.add(unit_after(4, {2}));
    std::vector<dispatcher::task> first, second, third;
    d.take(3, first);
    EXPECT_EQ(of(first), (numbers{0, 1, 2}));
    d.take(3, second);
    EXPECT_EQ(of(second), (numbers{3})) << "4 waits for one of another group";
    d.take(3, third);
    EXPECT_EQ(of(third), numbers{});
    // What is put back waits as before, and all of it comes again.
    for (const auto& one : first)
        d.put_back(one, run::outcome::not_done);
    d.take(2, first);
    EXPECT_EQ(of(first), (numbers{0, 1}));
    for (const auto& one : first)
        d.settle(one, run::outcome::committed);
    d.settle(second.front(), run::outcome::committed);
    d.take(9, first);
    EXPECT_EQ(of(first), (numbers{2})) << "3 is settled: 4 does not follow without gap";
    d.settle(first.front(), run::outcome::committed);
    d.take(9, first);
    EXPECT_EQ(of(first), (numbers{4}));
    d.settle(first.front(), run::outcome::committed);
    EXPECT_TRUE(d.empty());
}

/// Takes groups of nine at most and commits them; whether they are these.
void expect_groups(dispatcher& d, const std::vector<numbers>& wanted)
{
    std::vector<dispatcher::task> group;
    for (const auto& one : wanted)
    {
        d.take(9, group);
        EXPECT_EQ(of(group), one);
        for (const auto& task : group)
            d.settle(task, run::outcome::committed);
    }
    EXPECT_TRUE(d.empty());
}

TEST(Groups, ABarrierADoubtARefusalAndADeletionEndOne)
{
    dispatcher barrier({.span = 16});
    for (unit_no no = 0; no < 5; ++no)
        barrier.add(unit_after(no, {}, no == 2));
    expect_groups(barrier, {{0, 1}, {2}, {3, 4}});

    dispatcher suspects({.span = 16, .replay_below = 2, .sent_below = 2, .rejected = {4}});
    for (unit_no no = 0; no < 8; ++no)
        suspects.add(unit_after(no));
    expect_groups(suspects, {{0}, {1}, {2, 3}, {5, 6, 7}});
    EXPECT_EQ(suspects.skipped(), 1U);

    dispatcher d({.span = 16});
    d.add(unit_after(0));
    d.add(unit_after(1));
    d.add(unit_after(2, {1}), true);
    std::vector<dispatcher::task> group;
    d.take(9, group);
    EXPECT_EQ(of(group), (numbers{0, 1})) << "what 2 deletes is not below the recorded mark";
    d.put_back(group[1], run::outcome::in_doubt);
    d.settle(group[0], run::outcome::committed);
    d.take(9, group);
    EXPECT_EQ(of(group), (numbers{1}));
    EXPECT_EQ(group.front().how, run::form::replay);
    d.settle(group.front(), run::outcome::already_there);
    EXPECT_FALSE(d.has_ready());
    d.marked(2);
    expect_groups(d, {{2}});
}

// ---- A sink that is durable transaction by transaction

class still_clock final : public run::clock
{
public:
    [[nodiscard]] time now() override { return time{0} + 10h; }
};

/// What is durable after a crash.
struct topic
{
    std::vector<model::decision> units;
    std::set<unit_no> numbers;
    std::vector<model::control> entries;
    std::string fault;  ///< What a sink was given that it must not be.
};

/// How a sink is wrong.
enum class wrong_sink : std::uint8_t
{
    none,
    entries_late,  ///< With the shipment after theirs.
    half,          ///< Of several units the last one is lost.
    no_entries,    ///< Refusals apart.
};

struct crash : std::runtime_error
{
    crash() : std::runtime_error("the process is gone") {}
};

/// Takes up to seven units. Is busy, in doubt, refuses a unit, or is no more, as its dice say.
class lane final : public run::sink
{
public:
    lane(topic& to, random dice, wrong_sink how, std::function<void()> often)
        : to_(to), before_(to.entries.size()), dice_(dice), how_(how), often_(std::move(often))
    {
    }

    [[nodiscard]] std::size_t units_max() const noexcept override { return 7; }

    run::written ship(const run::shipment& what) override
    {
        look(what);
        if (dice_.below(8) == 0)
            often_();
        if (dice_.below(how_ == wrong_sink::none ? 60 : 20) == 0)
            throw crash();
        const bool refused = std::any_of(what.units.begin(), what.units.end(),
                                         [](const auto& one) { return one.unit->decision.no % 61 == 7; });
        switch (dice_.below(12))
        {
        case 0:
            return {run::outcome::not_done, {"BUSY"}, "busy"};
        case 1:
            // It may have become true, or not.
            if (!refused && dice_.below(2) == 0)
                commit(what);
            return {run::outcome::in_doubt, {}, "no answer"};
        default:
            break;
        }
        if (refused)
            return {run::outcome::rejected, {"LARGE"}, "too large"};
        return {commit(what) ? run::outcome::committed : run::outcome::already_there, {}, {}};
    }

private:
    void look(const run::shipment& what)
    {
        if (what.units.empty() && what.entries.empty())
            to_.fault = "nothing is shipped";
        if (what.units.size() > units_max())
            to_.fault = "more units than it takes";
        for (const auto& one : what.units)
            if (one.how == run::form::replay && what.units.size() > 1)
                to_.fault = "a replay among others";
    }

    bool commit(const run::shipment& what)
    {
        bool fresh = what.units.empty();
        auto count = what.units.size();
        if (how_ == wrong_sink::half && count > 1)
            --count;
        for (const auto& one : what.units.first(count))
        {
            const auto& unit = one.unit->decision;
            const bool first = to_.numbers.insert(unit.no).second;
            if (first)
                to_.units.push_back(unit);
            else if (one.how == run::form::first)
                to_.fault = fmt::format("unit {} twice as a first attempt", unit.no);
            fresh = fresh || first;
        }
        if (how_ == wrong_sink::entries_late)
        {
            keep(late_, late_at_);
            late_.assign(what.entries.begin(), what.entries.end());
            late_at_ = what.entries_at;
        }
        else
            keep(what.entries, what.entries_at);
        return fresh;
    }

    void keep(std::span<const model::control> entries, std::uint64_t at)
    {
        for (const auto& one : entries)
        {
            // What is there since an attempt in doubt is there.
            if (before_ + at++ != to_.entries.size())
                continue;
            if (how_ != wrong_sink::no_entries || one.what == model::control::kind::reject)
                to_.entries.push_back(one);
        }
    }

    topic& to_;
    std::size_t before_;
    random dice_;
    wrong_sink how_;
    std::function<void()> often_;
    std::vector<model::control> late_;
    std::uint64_t late_at_ = 0;
};

const scenario::entry& shop_entry()
{
    return scenario::default_entry();
}

std::uint16_t rate_field()
{
    const auto fields = shop_entry().fields;
    const auto found = std::ranges::find(fields, std::string_view("avg-qps"), &scenario::field::name);
    return static_cast<std::uint16_t>(found - fields.begin());
}

bool same(const model::decision& a, const model::decision& b)
{
    return a.no == b.no && a.at == b.at && a.kind == b.kind && a.after_count == b.after_count && a.after == b.after &&
           a.arg == b.arg;
}

/// What is wrong with what is durable; nothing where it is the plan along the entries, each unit once and in planned order, without
/// any that was refused.
std::string fault_of(const scenario::scenario& shop, const topic& durable)
{
    if (!durable.fault.empty())
        return durable.fault;
    run::record recorded;
    std::set<unit_no> refused;
    for (const auto& one : durable.entries)
        if (one.what != model::control::kind::reject)
            recorded.log.push_back(one);
        else if (!refused.insert(one.unit).second)
            return fmt::format("unit {} is refused twice", one.unit);
    const auto plan = shop.plan(time{0});
    run::replanner walk(*plan, recorded);
    unit_no next = 0;
    for (const auto& unit : durable.units)
    {
        for (; next < unit.no; ++next)
        {
            if (!refused.contains(next))
                return fmt::format("unit {} is missing", next);
            static_cast<void>(walk.next());
        }
        if (unit.no != next || refused.contains(unit.no))
            return fmt::format("unit {} is not planned here", unit.no);
        if (!same(walk.next(), unit))
            return fmt::format("unit {} was planned otherwise", unit.no);
        ++next;
    }
    return {};
}

struct seen
{
    std::string fault;
    std::uint64_t sets = 0, rejects = 0, crashes = 0;
    std::uint64_t units = 0, answers = 0;
};

constexpr std::uint64_t ticks = 300;

/// One process: goes on from what is durable, while somebody sets the rate. True where it came to the end.
bool live(const scenario::scenario& shop, topic& durable, random dice, wrong_sink how, seen& all)
{
    boost::asio::io_context loop;
    still_clock clock;
    run::record recorded;
    run::runner::options options;
    for (const auto& one : durable.entries)
        if (one.what == model::control::kind::reject)
            options.rejected.push_back(one.unit);
        else
            recorded.log.push_back(one);
    const auto planner = shop.plan(time{0});
    run::replanner plan(*planner, recorded);
    plan.forward_to(durable.units.empty() ? 0 : durable.units.back().no + 1);
    run::runner* active = nullptr;
    std::int64_t rate = 5'000'000;
    const auto set = [&]
    {
        model::control faster;
        faster.what = model::control::kind::set;
        faster.field = rate_field();
        faster.value = rate += 1'000'000;
        active->set(faster);
    };
    options.workers = 1;
    options.window = 64;
    options.ticks_max = ticks;
    options.pace = {10s, true, false};
    options.entries_with_units = true;
    options.make_sink = [&](std::stop_token)
    { return std::make_unique<lane>(durable, dice, how, [&] { boost::asio::post(loop, set); }); };
    options.record = [&](const model::control&, const run::runner::recorded&)
    { durable.fault = "an entry is recorded by itself"; };
    options.done = [&] { loop.stop(); };
    run::runner runner(loop, shop, plan, clock, options);
    active = &runner;
    runner.start();
    loop.run();
    const auto done = runner.now();
    all.units += done.written();
    try
    {
        if (const auto failed = runner.failure())
            std::rethrow_exception(failed);
        if (planner->ticks() != ticks)
            durable.fault = "the run ended before its time";
        return true;
    }
    catch (const crash&)
    {
        ++all.crashes;
        return false;
    }
}

/// A run whose process dies now and then.
seen run_of(std::uint64_t seed, wrong_sink how)
{
    const auto shop = shop_entry().make({"main", seed, scenario::settings(shop_entry().fields), {}});
    topic durable;
    seen all;
    for (bool done = false; !done && all.fault.empty();)
    {
        done = live(*shop, durable, derive(seed, stream("groups test"), all.crashes), how, all);
        all.fault = fault_of(*shop, durable);
    }
    for (const auto& one : durable.entries)
        ++(one.what == model::control::kind::set ? all.sets : all.rejects);
    return all;
}

TEST(Groups, UnitsAndEntriesAreDurableTogetherThroughDoubtsRefusalsAndCrashes)
{
    seen all;
    for (std::uint64_t seed = 1; seed <= test::tries(20); ++seed)
    {
        const auto one = run_of(seed, wrong_sink::none);
        EXPECT_EQ(one.fault, "") << "seed " << seed;
        all.sets += one.sets;
        all.rejects += one.rejects;
        all.crashes += one.crashes;
    }
    EXPECT_GT(all.sets, test::tries(100));
    EXPECT_GT(all.rejects, test::tries(100));
    EXPECT_GT(all.crashes, test::effort() > 1 ? 0U : 30U);
}

TEST(Groups, SinksThatAreWrongAreFound)
{
    for (const auto how : {wrong_sink::entries_late, wrong_sink::half, wrong_sink::no_entries})
    {
        std::string fault;
        for (std::uint64_t seed = 1; seed <= 10 && fault.empty(); ++seed)
            fault = run_of(seed, how).fault;
        EXPECT_NE(fault, "") << static_cast<int>(how);
    }
}

TEST(Groups, EntriesGoWithTheUnitsOfOneWorker)
{
    const auto shop = shop_entry().make({"main", 5, scenario::settings(shop_entry().fields), {}});
    const auto planner = shop->plan(time{0});
    boost::asio::io_context loop;
    still_clock clock;
    const run::record recorded;
    run::replanner plan(*planner, recorded);
    run::runner::options options;
    options.workers = 2;
    options.entries_with_units = true;
    run::runner runner(loop, *shop, plan, clock, options);
    EXPECT_THROW(runner.start(), error);
}

}  // namespace
}  // namespace bazaar
