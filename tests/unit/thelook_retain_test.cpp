// The plan with removals, against a model that remembers everything: the ledger knows which rows are there, this knows when
// they have to go.

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/duration.hpp"
#include "bazaar/base/error.hpp"
#include "scenario/thelook/decisions.hpp"
#include "unit/thelook_ledger.hpp"

namespace bazaar::test
{
namespace
{

/// What a plan without removals says of the same history: the units, as far as they do not tell numbers of units.
struct plain_unit
{
    std::uint16_t kind;
    time at;
    std::uint64_t tick;
    std::uint64_t subject;

    friend bool operator==(const plain_unit&, const plain_unit&) = default;
};

plain_unit plain(const model::decision& d)
{
    return {d.kind, d.at, d.tick, d.arg[0]};
}

bool removes(const model::decision& d)
{
    return d.kind == look::kind::order_removed || d.kind == look::kind::ghost_removed;
}

/// Where entries of the control log stand: before the unit of this number among those that remove nothing.
struct steering
{
    std::uint64_t unit;
    std::string_view field;  ///< Empty: a shift.
    std::int64_t value;
};

struct retain_history
{
    std::string_view name;
    std::string_view age;
    std::uint64_t ticks;
    given settings;
    std::vector<steering> steer{};

    friend std::ostream& operator<<(std::ostream& out, const retain_history& h) { return out << h.name; }
};

class thelook_retain : public testing::TestWithParam<std::tuple<retain_history, std::uint64_t>>
{
};

const std::vector<retain_history> retain_histories{
    {"defaults", "10m", 60'000, {}},
    {"a_second", "1s", 20'000, {{"lifecycle", "complete"}}},
    {"complete_lives", "90s", 20'000, {{"lifecycle", "complete"}, {"user-create-prob", "0.5"}}},
    {"all_dice", "30s", 10'000, {{"user-create-prob", "1"}, {"user-update-prob", "1"}, {"ghost-create-prob", "1"}}},
    {"slow_lives",
     "2h",
     10'000,
     {{"lifecycle-scale", "3600"}, {"order-update-prob", most_steps()}, {"avg-qps", "0.2"}}},
    {"few_users", "40s", 10'000, {{"init-num-users", "3"}, {"lifecycle", "complete"}, {"avg-qps", "5"}}},
    {"crowded",
     "1s",
     20'000,
     {{"avg-qps", "3000"},
      {"init-num-users", "2"},
      {"lifecycle", "complete"},
      {"lifecycle-scale", "0.01"},
      {"user-create-prob", "0"}}},
    {"steered",
     "60s",
     30'000,
     {{"lifecycle", "complete"}, {"user-create-prob", "0.5"}, {"init-num-users", "10"}},
     {{700, "avg-qps", 200'000'000},
      {701, "", 86'400'000'000},
      {701, "ghost-create-prob", 1'000'000'000},
      {9'000, "avg-qps", 500'000},
      {9'050, "", 1},
      {9'200, "avg-qps", 20'000'000},
      {20'000, "", 3'600'000'000},
      {40'000, "avg-qps", 90'000'000}}},
    {"prices_move",
     "20s",
     20'000,
     {{"lifecycle", "complete"}, {"touch-interval", "250ms"}, {"erase-prob", "0.05"}, {"user-create-prob", "0.1"}},
     {{700, "avg-qps", 200'000'000}, {9'000, "", 86'400'000'000}, {20'000, "avg-qps", 9'000'000}}},
    {"steered_often", "3s", 20'000, {{"ghost-create-prob", "0.5"}}, {}},
};

TEST_P(thelook_retain, removes_what_is_over_in_time_and_changes_nothing_else)
{
    auto [h, seed] = GetParam();
    if (h.name == "steered_often")
        for (std::uint64_t unit = 100; unit < 25'000; unit += 37)
            h.steer.push_back(unit % 3 == 0
                                  ? steering{unit, "", static_cast<std::int64_t>(unit) * 1'000}
                                  : steering{unit, "avg-qps", static_cast<std::int64_t>(unit % 90 + 1) * 1'000'000});
    auto with = h.settings;
    with.emplace_back("retain", h.age);
    const auto shop = shop_of(with, seed);
    const auto bare = shop_of(h.settings, seed);
    const auto planner = shop->plan(day_one);
    const auto other = bare->plan(day_one);
    const auto age = parse_duration(h.age)->count();
    ledger books(*shop, day_one, seed);
    model::unit unit;

    /// A unit that removes nothing, in planner's own time.
    struct past
    {
        std::int64_t own;
        bool begins;
    };
    struct over
    {
        std::int64_t since;
        bool ghost;
        std::uint64_t subject;
    };
    std::vector<over> expected;                     // In the order in which they ended; orders when known to be over.
    std::map<std::uint64_t, std::size_t> by_order;  // Place of the last unit of each.
    struct removal
    {
        over what;
        std::int64_t own, after, before;  // Of the units around it: `after` one that begins.
    };
    std::vector<removal> found;
    std::int64_t shifted = 0, last_own = 0, last_begin = 0;
    std::uint64_t core = 0, tick = 0;
    std::size_t waiting = 0;  // Of `found`, those without a unit behind them yet.
    auto steer = h.steer.begin();
    bool removed_last = false;
    while (planner->ticks() < h.ticks / (effort() > 1 ? 2 : 1) && books.problems.empty())
    {
        for (; steer != h.steer.end() && steer->unit == core && !removed_last; ++steer)
        {
            const auto what = steer->field.empty() ? model::control::kind::shift : model::control::kind::set;
            const auto field = steer->field.empty() ? 0 : shop->configuration().find(steer->field);
            model::control entry{.unit = planner->next_no(),
                                 .what = what,
                                 .field = static_cast<std::uint16_t>(field),
                                 .value = steer->value,
                                 .at = std::min(planner->next_at(), other->next_at())};
            planner->apply(entry);
            entry.unit = other->next_no();
            other->apply(entry);
            shifted += steer->field.empty() ? steer->value : 0;
        }
        const auto no = planner->next_no();
        const auto announced = planner->next_at();
        const auto d = planner->next();
        ASSERT_EQ(d.no, no);
        ASSERT_LE(announced, d.at);
        shop->build(d, unit);
        books.take(unit);
        const auto own = d.at.us - day_one.us - shifted;
        if (removes(d))
        {
            ASSERT_EQ(announced, d.at);
            ASSERT_EQ(d.removes, d.after_count == 2 ? 3 : 1);
            ASSERT_EQ(d.rewrites, d.removes);
            const bool ghost = d.kind == look::kind::ghost_removed;
            const auto subject = ghost ? d.arg[0] : d.arg[0] & (row_end - 1);
            found.push_back({{0, ghost, subject}, own, last_begin, 0});
            removed_last = true;
            continue;
        }
        ASSERT_EQ(plain(d), plain(other->next())) << "unit " << core << " of those that remove nothing";
        for (; waiting < found.size(); ++waiting)
            found[waiting].before = own;
        if (d.kind == look::kind::ghost)
            expected.push_back({own, true, d.arg[0]});
        else if (is_step(d.kind) || d.kind == look::kind::purchase)
        {
            // Of an order the last unit counts: the one before was none.
            if (const auto earlier = by_order.find(d.arg[0]); earlier != by_order.end())
                expected[earlier->second].since = -1;
            by_order[d.arg[0]] = expected.size();
            expected.push_back({own, false, d.arg[0]});
        }
        const bool follows = d.tick == tick && !is_step(d.kind) && d.kind != look::kind::price_changed;
        ASSERT_FALSE(follows && removed_last) << "a removal in the middle of tick " << tick;
        removed_last = false;
        if (!follows)
            last_begin = own;
        tick = d.tick;
        last_own = own;
        ++core;
    }
    for (const auto& problem : books.problems)
        ADD_FAILURE() << problem;
    EXPECT_EQ(figures_of(*planner), books.figures());

    // What is still to come of the orders, none of which waits longer than this.
    std::int64_t life = 0;
    for (const auto& state : look::states)
        life += static_cast<std::int64_t>(state.after.most);
    const auto scale = shop->configuration().number("lifecycle-scale");
    const auto end = day_one + microseconds(shifted + last_own + life * 1'000 * scale);
    while (other->next_at() < end)
        if (const auto d = other->next(); is_step(d.kind))
            if (const auto earlier = by_order.find(d.arg[0]); earlier != by_order.end())
                expected[earlier->second].since = -1;

    std::erase_if(expected, [](const over& o) { return o.since < 0; });
    ASSERT_LT(found.size(), expected.size());
    ASSERT_GT(found.size(), expected.size() / 3) << "this history removes too little to prove anything";
    std::int64_t before = 0;
    for (std::size_t i = 0; i < found.size(); ++i)
    {
        ASSERT_EQ(found[i].what.ghost, expected[i].ghost) << i;
        ASSERT_EQ(found[i].what.subject, expected[i].subject) << i;
        ASSERT_GE(found[i].own, expected[i].since + age) << "too early: removal " << i;
        ASSERT_GE(found[i].own, before);
        before = found[i].own;
        if (!h.steer.empty())
            continue;
        // What moved it behind its time is a unit, or a tick, that was under way.
        ASSERT_LE(found[i].after, expected[i].since + age + 20) << "too late: removal " << i;
        ASSERT_GE(found[i].before + (i + 1 == found.size() ? age : 0), expected[i].since + age);
    }
    // And what is left is not due.
    if (h.steer.empty())
    {
        EXPECT_GT(expected[found.size()].since + age, last_begin - 20);
    }
}

INSTANTIATE_TEST_SUITE_P(thelook, thelook_retain,
                         testing::Combine(testing::ValuesIn(retain_histories), testing::ValuesIn(several_seeds())),
                         [](const auto& param)
                         { return fmt::format("{}_{}", std::get<0>(param.param).name, std::get<1>(param.param)); });

TEST(thelook_retain, equal_histories_have_equal_digests_and_others_do_not)
{
    const given with{{"retain", "20s"}, {"lifecycle", "complete"}};
    const auto shop = shop_of(with);
    const auto a = shop->plan(day_one);
    const auto b = shop->plan(day_one);
    const auto shorter = shop_of({{"retain", "19s"}, {"lifecycle", "complete"}})->plan(day_one);
    EXPECT_NE(a->digest(), shorter->digest());
    for (int i = 0; i < static_cast<int>(tries(30'000)); ++i)
    {
        if (i % 5'000 == 4'999)
            for (auto* p : {a.get(), b.get()})
                p->apply({.unit = p->next_no(), .what = model::control::kind::shift, .field = 0, .value = i, .at = {}});
        const auto before = a->digest();
        const auto d = a->next();
        ASSERT_NE(a->digest(), before);
        const auto e = b->next();
        ASSERT_EQ(d.at, e.at);
        ASSERT_EQ(d.arg, e.arg);
        ASSERT_EQ(a->digest(), b->digest());
    }
}

TEST(thelook_retain, an_entry_for_another_unit_is_refused)
{
    const auto planner = shop_of({{"retain", "20s"}})->plan(day_one);
    for (int i = 0; i < 2'000; ++i)
        (void)planner->next();
    model::control entry{
        .unit = planner->next_no() - 1, .what = model::control::kind::shift, .field = 0, .value = 1, .at = {}};
    EXPECT_THROW(planner->apply(entry), error);
    ++entry.unit;
    planner->apply(entry);
}

TEST(thelook_retain, an_age_is_a_second_or_more_or_none)
{
    auto settings = scenario::settings(look::registration().fields);
    const auto number = settings.find("retain");
    EXPECT_NE(settings.set(number, "999ms"), "");
    EXPECT_NE(settings.set(number, "-5s"), "");
    EXPECT_NE(settings.set(number, "4000d"), "");
    EXPECT_NE(settings.set(number, "soon"), "");
    EXPECT_EQ(settings.set(number, "90d"), "");
    EXPECT_EQ(settings.printed(number), "90d");
    EXPECT_EQ(settings.set(number, "0"), "");
    EXPECT_EQ(settings.printed(number), "0");
}

}  // namespace
}  // namespace bazaar::test
