// A saved plan: a planner that takes it goes on as the one that was saved, and what is not exactly that plan is no plan.

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/random.hpp"
#include "bazaar/run/saved_plan.hpp"
#include "support/demo_scenario.hpp"
#include "support/effort.hpp"
#include "unit/thelook_ledger.hpp"

namespace bazaar::test
{
namespace
{

std::vector<std::byte> saved(const scenario::planner& from)
{
    std::vector<std::byte> bytes;
    scenario::state_writer to(bytes);
    from.save(to);
    return bytes;
}

bool same(const model::decision& a, const model::decision& b)
{
    return a.no == b.no && a.at == b.at && a.tick == b.tick && a.kind == b.kind && a.after_count == b.after_count &&
           a.after == b.after && a.rewrites == b.rewrites && a.removes == b.removes && a.initial == b.initial &&
           a.initial_table == b.initial_table && a.arg == b.arg;
}

struct shape
{
    std::string_view name;
    given settings;
    bool few_products = false;

    friend std::ostream& operator<<(std::ostream& out, const shape& s) { return out << s.name; }
};

class saved_state : public testing::TestWithParam<shape>
{
};

const std::vector<shape> shapes{
    {"defaults", {}},
    {"departed_users",
     {{"active-users", "20"},
      {"init-num-users", "5"},
      {"user-create-prob", "1"},
      {"lifecycle", "complete"},
      {"avg-qps", "5"}}},
    {"erased_users",
     {{"erase-prob", "0.3"}, {"user-create-prob", "0.2"}, {"init-num-users", "200"}, {"active-users", "100"}}},
    {"retaining", {{"retain", "1s"}, {"lifecycle", "complete"}, {"lifecycle-scale", "0.05"}}},
    {"prices", {{"touch-interval", "100ms"}, {"lifecycle", "complete"}}},
    {"prices_of_few", {{"touch-interval", "300ms"}, {"lifecycle", "complete"}}, true},
    {"all_that_is_off",
     {{"touch-interval", "300ms"},
      {"retain", "1s"},
      {"erase-prob", "0.1"},
      {"lifecycle", "complete"},
      {"lifecycle-scale", "0.05"}},
     true},
    {"all_dice", {{"user-create-prob", "1"}, {"user-update-prob", "1"}, {"ghost-create-prob", "1"}}},
    {"by_calendar", {{"calendar", "retail"}, {"growth", "0.5"}, {"lifecycle", "complete"}, {"init-num-users", "50"}}},
    {"by_calendar_retaining",
     {{"calendar", "retail"}, {"retain", "1h"}, {"lifecycle", "complete"}, {"lifecycle-scale", "60"}}},
    {"long_lives", {{"lifecycle", "complete"}, {"lifecycle-scale", "3600"}}},
    {"two_users_in_a_hurry",
     {{"avg-qps", "30000"},
      {"init-num-users", "2"},
      {"user-create-prob", "0"},
      {"user-update-prob", "0.5"},
      {"lifecycle", "complete"}}},
};

/// Now and then an entry: the same one for both.
void steer(const scenario::scenario& shop, random& draw, std::initializer_list<scenario::planner*> all)
{
    model::control entry{.unit = (*all.begin())->next_no(), .at = (*all.begin())->next_at()};
    if (draw.below(2) == 0)
    {
        entry.value = draw.between(1, 10'000'000'000);
    }
    else
    {
        entry.what = model::control::kind::set;
        const bool rate = draw.below(2) == 0;
        entry.field = static_cast<std::uint16_t>(shop.configuration().find(rate ? "avg-qps" : "ghost-create-prob"));
        entry.value = rate ? draw.between(100'000, 2'000'000'000) : draw.between(0, 1'000'000'000);
    }
    for (auto* plan : all)
        plan->apply(entry);
}

TEST_P(saved_state, goes_on_as_if_it_had_not_been_saved)
{
    const auto shop = GetParam().few_products ? shop_of_few_products(GetParam().settings)
                                              : shop_of(GetParam().settings);
    auto draw = derive(5, stream("moments"), GetParam().name.size());
    int between_ticks = 0;
    int within_ticks = 0;
    int before_removals = 0;
    for (int round = 0; round < 30; ++round)
    {
        const auto whole = shop->plan(day_one);
        for (auto units = 1 + draw.below(20'000); units > 0; --units)
        {
            (void)whole->next();
            if (draw.below(3'000) == 0)
                steer(*shop, draw, {whole.get()});
        }
        if (round % 2 == 1)
            steer(*shop, draw, {whole.get()});
        const auto bytes = saved(*whole);
        const auto again = shop->plan(day_one);
        scenario::state_reader from(bytes);
        ASSERT_TRUE(again->load(from));
        ASSERT_EQ(again->digest(), whole->digest());
        EXPECT_EQ(saved(*again).size(), bytes.size());
        EXPECT_EQ(figures_of(*again), figures_of(*whole));
        const auto before = whole->ticks();
        for (int i = 0; i < static_cast<int>(tries(round < 6 ? 100'000 : 10'000)); ++i)
        {
            ASSERT_EQ(again->next_at(), whole->next_at()) << i;
            const auto a = again->next();
            const auto b = whole->next();
            ASSERT_TRUE(same(a, b)) << "unit " << b.no << ", " << i << " after it was saved";
            // The first unit shows where it was saved: in the middle of a tick none begins.
            if (i == 0 && (b.kind == look::kind::order_removed || b.kind == look::kind::ghost_removed))
                ++before_removals;
            if (i == 0)
                ++(b.kind == look::kind::user_created || b.kind == look::kind::ghost ? within_ticks : between_ticks);
            if (i % 20'000 == 5'000)
                steer(*shop, draw, {again.get(), whole.get()});
            if (i % 1'000 == 0)
            {
                ASSERT_EQ(again->digest(), whole->digest());
            }
        }
        EXPECT_EQ(again->digest(), whole->digest());
        EXPECT_EQ(again->ticks(), whole->ticks());
        EXPECT_GT(whole->ticks(), before);
    }
    if (GetParam().name == "all_dice")
    {
        EXPECT_GT(within_ticks, 0);
    }
    if (GetParam().name == "retaining")
    {
        EXPECT_GT(before_removals, 0);
    }
    EXPECT_GT(between_ticks, 0);
}

INSTANTIATE_TEST_SUITE_P(thelook, saved_state, testing::ValuesIn(shapes),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(saved_state, of_another_scenario_goes_on_too)
{
    const demo_scenario shop(3);
    const auto whole = shop.plan(day_one);
    for (int i = 0; i < 1'000; ++i)
        (void)whole->next();
    const auto bytes = saved(*whole);
    const auto again = shop.plan(day_one);
    scenario::state_reader from(bytes);
    ASSERT_TRUE(again->load(from));
    for (int i = 0; i < 1'000; ++i)
        ASSERT_TRUE(same(again->next(), whole->next()));
    EXPECT_EQ(again->digest(), whole->digest());
}

// ---- What is used, and what is not

struct corruption
{
    std::string_view name;
    std::string_view told;
    std::function<void(run::record&, std::vector<std::byte>&)> make;

    friend std::ostream& operator<<(std::ostream& out, const corruption& c) { return out << c.name; }
};

class saved_plan : public testing::TestWithParam<corruption>
{
};

constexpr std::uint64_t this_program = 77;

model::control shift(unit_no unit, std::int64_t by)
{
    return {unit, model::control::kind::shift, 0, by, {}};
}

/// A run with a log, planned up to a unit, and what was saved there.
struct kept
{
    kept()
    {
        const auto& fields = look::registration().fields;
        const scenario::settings configuration(fields);
        of.scenario = shop->name();
        of.scenario_version = shop->version();
        of.catalogue = shop->catalogue();
        of.seed = 7;
        of.start = day_one;
        for (std::size_t i = 0; i < fields.size(); ++i)
            of.settings.emplace_back(fields[i].name, configuration.printed(i));
        of.log.push_back(shift(100, 1'000'000));
        of.log.push_back({150, model::control::kind::reject, 0, 0, {}});
        of.log.push_back(shift(200, 2'000'000));
        of.settled = 5'500;
        const auto plan = shop->plan(day_one);
        run::replanner walk(*plan, of);
        walk.forward_to(5'000);
        const auto made = run::save_plan(walk, of, this_program);
        bytes = made.bytes;
        EXPECT_EQ(made.at, (run::checkpoint{5'000, 2, plan->digest()}));
        of.checkpoints = {{4'000, 2, 1}, made.at};
        // It was steered again behind the saved state.
        of.log.push_back(shift(5'000, 3'000'000));
    }

    std::unique_ptr<scenario::scenario> shop = shop_of({});
    run::record of;
    std::vector<std::byte> bytes;
};

TEST(saved_plan, is_used_when_it_is_of_this_run)
{
    kept here;
    auto restored = run::restore_plan(*here.shop, here.of, here.bytes, this_program);
    ASSERT_TRUE(restored.plan) << restored.why_not;
    EXPECT_EQ(restored.plan->next_no(), 5'000U);
    here.of.checkpoints.clear();
    const auto whole = here.shop->plan(day_one);
    run::replanner a(*restored.plan, here.of, restored.steps);
    run::replanner b(*whole, here.of);
    b.forward_to(5'000);
    a.catch_up();
    EXPECT_EQ(a.steps(), 3U);
    EXPECT_EQ(a.trail(), b.trail());
    for (int i = 0; i < 10'000; ++i)
        ASSERT_TRUE(same(a.next(), b.next()));
    EXPECT_EQ(restored.plan->digest(), whole->digest());
}

const std::vector<corruption> corruptions{
    {"nothing", "cut off", [](auto&, auto& bytes) { bytes.clear(); }},
    {"half_a_head", "cut off", [](auto&, auto& bytes) { bytes.resize(40); }},
    {"without_its_last_byte", "cut off", [](auto&, auto& bytes) { bytes.pop_back(); }},
    {"one_byte_more", "cut off", [](auto&, auto& bytes) { bytes.push_back(std::byte{0}); }},
    {"another_form", "another form", [](auto&, auto& bytes) { bytes[6] = std::byte{2}; }},
    {"another_seed", "another seed", [](auto& of, auto&) { of.seed = 8; }},
    {"another_start", "another seed, start", [](auto& of, auto&) { of.start = of.start + microseconds(1); }},
    {"another_setting", "configuration", [](auto& of, auto&) { of.settings[0].second += "1"; }},
    {"another_version", "another seed", [](auto& of, auto&) { ++of.scenario_version; }},
    {"another_catalogue", "another seed", [](auto& of, auto&) { ++of.catalogue; }},
    {"beyond_the_mark", "beyond the mark", [](auto& of, auto&) { of.settled = 4'999; }},
    {"a_log_that_is_too_short", "another control log", [](auto& of, auto&) { of.log.resize(2); }},
    {"another_value_in_the_log", "another control log", [](auto& of, auto&) { ++of.log[0].value; }},
    {"another_unit_in_the_log", "another control log", [](auto& of, auto&) { --of.log[2].unit; }},
    {"no_checkpoint_there", "not recorded", [](auto& of, auto&) { of.checkpoints.pop_back(); }},
    {"another_digest_recorded", "not recorded", [](auto& of, auto&) { ++of.checkpoints.back().digest; }},
};

TEST_P(saved_plan, is_ignored_with)
{
    kept here;
    GetParam().make(here.of, here.bytes);
    const auto restored = run::restore_plan(*here.shop, here.of, here.bytes, this_program);
    EXPECT_FALSE(restored.plan);
    EXPECT_NE(restored.why_not.find(GetParam().told), std::string::npos) << restored.why_not;
}

INSTANTIATE_TEST_SUITE_P(corrupted, saved_plan, testing::ValuesIn(corruptions),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(saved_plan, of_another_program_is_ignored)
{
    kept here;
    const auto restored = run::restore_plan(*here.shop, here.of, here.bytes, this_program + 1);
    EXPECT_FALSE(restored.plan);
    EXPECT_EQ(restored.why_not, "is another program's");
}

TEST(saved_plan, with_one_changed_bit_is_ignored)
{
    const kept here;
    auto draw = derive(1, stream("bits"), 0);
    for (int i = 0; i < 200; ++i)
    {
        auto bytes = here.bytes;
        const auto place = i < 72 ? static_cast<std::size_t>(i) : draw.below(bytes.size());
        bytes[place] ^= std::byte{1} << static_cast<int>(draw.below(8));
        const auto restored = run::restore_plan(*here.shop, here.of, bytes, this_program);
        ASSERT_FALSE(restored.plan) << "byte " << place;
        ASSERT_FALSE(restored.why_not.empty());
    }
}

}  // namespace
}  // namespace bazaar::test
