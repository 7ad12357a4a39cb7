// Where a plan ends: at the last year, at the last id, at what can be counted. And what no plan can have: records and saved states of
// somebody else.

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/random.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/run/record_check.hpp"
#include "bazaar/run/replan.hpp"
#include "scenario/thelook/decisions.hpp"
#include "scenario/thelook/planner.hpp"
#include "support/effort.hpp"
#include "unit/thelook_ledger.hpp"

namespace bazaar::test
{
namespace
{

using control = model::control;
using scenario::plan_over;

constexpr auto week = std::chrono::weeks(1);
constexpr std::int64_t span_max = (scenario::times_end - scenario::start_min).count();

/// Decides to the end, of which there must be one; says where and why.
std::pair<unit_no, std::string> end_of(scenario::planner& plan,
                                       const std::function<void(const model::decision&)>& see = {})
{
    for (;;)
        try
        {
            const auto d = plan.next();
            if (see)
                see(d);
        }
        catch (const plan_over& end)
        {
            EXPECT_EQ(end.kind(), error_kind::data);
            return {plan.next_no(), end.what()};
        }
}

TEST(plan_end, comes_before_the_year_2200)
{
    for (const given& settings :
         {given{}, given{{"retain", "1h"}, {"lifecycle", "complete"}}, given{{"touch-interval", "1s"}}})
    {
        const auto shop = shop_of(settings);
        const auto plan = shop->plan(scenario::times_end - std::chrono::seconds(5000));
        const auto early = shop->plan(scenario::times_end - std::chrono::seconds(5000) - week);
        time last{};
        const auto [no, why] = end_of(*plan,
                                      [&](const model::decision& d)
                                      {
                                          EXPECT_LT(d.at, scenario::times_end);
                                          EXPECT_LE(last, d.at);
                                          last = d.at;
                                          // It ends, and is the same up to there.
                                          EXPECT_EQ(early->next().at + week, d.at);
                                      });
        EXPECT_GT(no, 80'000U);
        EXPECT_LT(scenario::times_end - last, std::chrono::seconds(1));
        EXPECT_NE(why.find("the plan ends here"), why.npos) << why;
        EXPECT_NE(why.find(std::to_string(no)), why.npos) << why;
        EXPECT_NE(why.find("2199"), why.npos) << why;
        // Each time, and nothing is decided.
        const auto digest = plan->digest();
        EXPECT_THROW(static_cast<void>(plan->next()), plan_over);
        EXPECT_EQ(plan->next_no(), no);
        EXPECT_EQ(plan->digest(), digest);
    }
}

TEST(plan_end, comes_with_the_shift_that_leaves_time)
{
    const auto shop = shop_of({});
    const auto plan = shop->plan(scenario::start_min);
    for (int i = 0; i < 100; ++i)
        plan->next();
    // As late as that, orders of before are gone on with.
    plan->apply({100, control::kind::shift, 0, span_max - 600'000'000, {}});
    const auto [no, why] = end_of(*plan);
    EXPECT_GT(no, 5'000U) << why;
    plan->apply({no, control::kind::shift, 0, span_max, {}});
    EXPECT_THROW(static_cast<void>(plan->next()), plan_over);
}

TEST(plan_end, comes_with_the_moment_of_an_entry)
{
    const auto shop = shop_of({});
    const auto plan = shop->plan(scenario::start_min);
    plan->apply({0, control::kind::set, 0, 1'000'000, *parse_time("9999-12-31T23:59:59Z")});
    EXPECT_THROW(static_cast<void>(plan->next()), plan_over);
}

/// A plan whose counters stand where they are put, as its state says.
std::string state_end(const given& settings, unit_no next_no, std::uint64_t sessions)
{
    const auto shop = shop_of(settings);
    const auto plan = shop->plan(day_one);
    std::vector<std::byte> bytes;
    scenario::state_writer to(bytes);
    plan->save(to);
    // Settings, shift, now; then unit, ticks, orders, items, events, sessions.
    std::size_t first = 2;
    for (const auto& f : shop->configuration().fields())
        first += f.steerable ? 1 : 0;
    scenario::state_reader from(bytes);
    std::vector<std::byte> read, edited;
    scenario::state_writer as_read(read), as_edited(edited);
    for (std::size_t i = 0; i < first + 6; ++i)
    {
        const auto number = from.get();
        as_read.put(number);
        as_edited.put(i == first ? next_no : i == first + 5 ? sessions : number);
    }
    edited.insert(edited.end(), bytes.begin() + static_cast<std::ptrdiff_t>(read.size()), bytes.end());
    scenario::state_reader whole(edited);
    if (!plan->load(whole))
        return "not loaded";
    return end_of(*plan).second;
}

TEST(plan_end, comes_with_the_last_id)
{
    EXPECT_NE(state_end({}, no_unit - 10, 0).find("the last one that ids have room for"), std::string::npos);
    EXPECT_NE(state_end({}, 0, look::sessions_most - 10).find("as many sessions as ids have room for"),
              std::string::npos);
}

TEST(plan_end, is_foreseen)
{
    constexpr auto century = microseconds(std::chrono::years(100));
    EXPECT_EQ(shop_of({})->ends_within(microseconds(std::chrono::years(50)), std::nullopt), "");
    EXPECT_EQ(shop_of({{"avg-qps", "100000"}})->ends_within(std::chrono::days(5), std::nullopt), "");
    EXPECT_EQ(shop_of({{"avg-qps", "100000"}})->ends_within(century, 1'000'000), "") << "the ticks end first";
    const auto fast = shop_of({{"avg-qps", "100000"}})->ends_within(century, std::nullopt);
    EXPECT_NE(fast.find("--avg-qps 100000"), fast.npos) << fast;
    const auto many = shop_of({})->ends_within(std::nullopt, 1'000'000'000'000);
    EXPECT_NE(many.find("--avg-qps 20"), many.npos) << many;
    const auto touched = shop_of({{"touch-interval", "100ms"}, {"avg-qps", "1"}})->ends_within(century, std::nullopt);
    EXPECT_NE(touched.find("--touch-interval"), touched.npos) << touched;
}

TEST(plan_end, a_start_that_ends_now_is_one_that_can_be)
{
    const time now = *parse_time("2026-11-29");
    const auto shop = shop_of({{"avg-qps", "1"}});
    const auto start = bazaar::daemon::start_to_end_at(*shop, 1'000, now);
    EXPECT_GT(start, now - std::chrono::hours(1));
    const auto slow = shop_of({{"avg-qps", "0.000001"}});
    try
    {
        static_cast<void>(bazaar::daemon::start_to_end_at(*slow, 1'000'000, now));
        ADD_FAILURE() << "it would begin 31,700 years ago";
    }
    catch (const error& problem)
    {
        EXPECT_EQ(problem.kind(), error_kind::usage);
        EXPECT_NE(std::string(problem.what()).find("--max-iter 1000000: "), std::string::npos) << problem.what();
    }
    EXPECT_EQ(bazaar::daemon::start_to_end_at(*shop, 1'000'000'000, now, [] { return true; }), now)
        << "a stop is heard";
}

TEST(plan_end, a_shop_that_keeps_hours_is_not_ahead_of_now)
{
    const auto shop = shop_of({{"avg-qps", "0.002"}, {"calendar", "retail"}});
    bool differs = false;
    for (const auto* day : {"2026-11-29", "2026-03-01", "2026-07-15"})
    {
        const time now = *parse_time(day);
        const auto last = [&](time start)
        {
            const auto plan = shop->plan(start);
            time at = start;
            while (plan->ticks() < 1'000)
                at = plan->next().at;
            return at;
        };
        const auto start = bazaar::daemon::start_to_end_at(*shop, 1'000, now);
        EXPECT_LE(last(start), now) << day;
        EXPECT_GT(last(start), now - std::chrono::hours(96)) << day;
        // Control: from a start that is found by the hours of another time it is.
        differs = differs || last(now - (last(time{}) - time{})) > now;
    }
    EXPECT_TRUE(differs);
}

TEST(moves, are_counted_to_the_last_one)
{
    if (effort() > 1)
        GTEST_SKIP() << "sixteen million units, of which nothing but the count is asked";
    // One user who moves with each tick: after 2^24 - 1 moves nothing of the count is lost.
    const auto shop = shop_of({{"init-num-users", "1"},
                               {"user-create-prob", "0"},
                               {"user-update-prob", "1"},
                               {"ghost-create-prob", "0"},
                               {"order-update-prob", "0"},
                               {"avg-qps", "1000"}});
    const auto plan = shop->plan(day_one);
    std::uint64_t moves = 0;
    std::uint32_t most = 0;
    while (plan->ticks() < (1U << 24) + 20)
        if (const auto d = plan->next(); d.kind == look::kind::user_moved)
        {
            ++moves;
            most = std::max(most, look::get<look::user_changed_decision>(d).moves);
        }
    EXPECT_EQ(moves, (1U << 24) - 1);
    EXPECT_EQ(most, (1U << 24) - 2);
}

struct rule
{
    std::string_view name;
    std::function<void(run::record&)> harm;
    std::string_view says;

    friend std::ostream& operator<<(std::ostream& out, const rule& r) { return out << r.name; }
};

run::record good_record()
{
    run::record of;
    of.start = day_one;
    of.log = {{10, control::kind::set, 0, 1, day_one},          {10, control::kind::shift, 0, 1, day_one},
              {7, control::kind::reject, 0, 0, day_one},        {20, control::kind::shift, 0, 1'000'000, day_one},
              {2'000, control::kind::load, 0, -2'049, day_one}, {2'000, control::kind::load, 0, 2, day_one}};
    return of;
}

class record_of_another : public testing::TestWithParam<rule>
{
};

TEST_P(record_of_another, is_refused_and_the_place_named)
{
    const auto fields = look::registration().fields;
    auto of = good_record();
    ASSERT_EQ(run::wrong_in(of, fields), std::vector<std::string>{});
    GetParam().harm(of);
    const auto wrong = run::wrong_in(of, fields);
    ASSERT_EQ(wrong.size(), 1U);
    EXPECT_NE(wrong[0].find(GetParam().says), std::string::npos) << wrong[0];
}

constexpr auto int_max = std::numeric_limits<std::int64_t>::max();
constexpr auto int_min = std::numeric_limits<std::int64_t>::min();

const std::vector<rule> rules{
    {"early_start", [](auto& of) { of.start = scenario::start_min - microseconds(1); }, "\"start\""},
    {"late_start", [](auto& of) { of.start = scenario::times_end; }, "\"start\""},
    {"no_window", [](auto& of) { of.window = 0; }, "\"window\""},
    {"wide_window", [](auto& of) { of.window = run::window_max + 1; }, "\"window\""},
    {"mark_beyond_ids", [](auto& of) { of.settled = no_unit; }, "\"settled\""},
    {"unit_beyond_ids", [](auto& of) { of.log[2].unit = no_unit; }, "log entry 3: \"unit\""},
    {"shift_of_nothing", [](auto& of) { of.log[1].value = 0; }, "log entry 2: \"value\" of a shift"},
    {"shift_back", [](auto& of) { of.log[1].value = int_min; }, "log entry 2: \"value\" of a shift"},
    {"shift_beyond_times", [](auto& of) { of.log[1].value = span_max + 1; }, "log entry 2: \"value\" of a shift"},
    {"shifts_beyond_times", [](auto& of) { of.log[1].value = span_max; }, "log entry 4: shifts together"},
    {"rate_of_nothing", [](auto& of) { of.log[0].value = 0; },
     "log entry 1: \"value\" 0 of avg-qps must be from 1 to 100000000000"},
    {"rate_beyond_range", [](auto& of) { of.log[0].value = int_max; }, "log entry 1: \"value\""},
    {"field_of_all_the_run", [](auto& of) { of.log[0].field = 1; }, "log entry 1: \"field\" init-num-users"},
    {"field_of_none", [](auto& of) { of.log[0].field = 999; }, "log entry 1: \"field\""},
    {"set_at_the_end_of_times", [](auto& of) { of.log[0].at = scenario::times_end; }, "log entry 1: \"at\""},
    {"entries_that_go_back", [](auto& of) { of.log[3].unit = 9; }, "log entry 4: \"unit\" 9 lies before"},
    {"load_in_no_chunks", [](auto& of) { of.log[4].value = -1; }, "in chunks of 0"},
    {"load_in_too_many_chunks", [](auto& of) { of.log[4].unit = no_unit - 1; }, "a load of 1099511627774 units"},
    {"load_of_the_least_number",
     [](auto& of)
     {
         of.log[4].value = int_min;
         of.log[5].value = 2;
     },
     "a chunk that its load does not have"},
    {"chunk_that_is_not", [](auto& of) { of.log[5].value = 3; }, "a chunk that its load does not have"},
    {"chunk_before_its_load", [](auto& of) { of.log[4].value = 1; }, "a chunk of a load before the load itself"},
};

INSTANTIATE_TEST_SUITE_P(each, record_of_another, testing::ValuesIn(rules),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

TEST(state_reader, a_step_to_where_no_time_is_fails)
{
    using scenario::state_reader;
    const auto max = std::numeric_limits<std::int64_t>::max();
    const auto min = std::numeric_limits<std::int64_t>::min();
    const auto moved = [](std::int64_t before, std::int64_t step)
    {
        std::vector<std::byte> bytes;
        scenario::state_writer(bytes).put_signed(step);
        state_reader from(bytes);
        const auto at = from.get_from(before);
        return from.good() ? std::optional(at) : std::nullopt;
    };
    EXPECT_EQ(moved(5, -7), -2);
    EXPECT_EQ(moved(0, state_reader::far), state_reader::far);
    EXPECT_EQ(moved(state_reader::far, -state_reader::far), 0);
    for (const auto before : {-state_reader::far, std::int64_t{0}, std::int64_t{1}, state_reader::far})
        for (const auto step : {min, min + 1, -2 * state_reader::far, 2 * state_reader::far, max - 1, max})
            EXPECT_EQ(moved(before, step), std::nullopt) << before << " " << step;
    EXPECT_EQ(moved(1, state_reader::far), std::nullopt);
    EXPECT_EQ(moved(-1, -state_reader::far), std::nullopt);
}

/// Bytes of any kind are a state or none; they never break an expectation.
TEST(saved_state_of_another, is_no_state_or_one_that_goes_on)
{
    for (const given& settings :
         {given{{"init-num-users", "20"}, {"lifecycle", "complete"}},
          given{{"init-num-users", "20"}, {"retain", "1s"}, {"touch-interval", "100ms"}, {"erase-prob", "0.2"}}})
    {
        const auto shop = shop_of(settings);
        const auto plan = shop->plan(day_one);
        for (int i = 0; i < 2'000; ++i)
            plan->next();
        std::vector<std::byte> good;
        scenario::state_writer to(good);
        plan->save(to);
        auto draw = derive(11, stream("bytes"), 0);
        std::size_t taken = 0;
        for (int i = 0; i < 4'000; ++i)
        {
            auto bytes = good;
            for (auto harms = 1 + draw.below(3); harms > 0; --harms)
            {
                // The first hundred, where settings and counters stand, as often as all others.
                const auto at = draw.below(2) == 0 ? draw.below(100) : draw.below(bytes.size());
                bytes[at] = static_cast<std::byte>(draw.below(2) == 0 ? draw.below(256) : 0xff);
            }
            scenario::state_reader from(bytes);
            ASSERT_NO_THROW(taken += shop->plan(day_one)->load(from) ? 1U : 0U) << i;
        }
        EXPECT_LT(taken, 4'000U);
    }
}

}  // namespace
}  // namespace bazaar::test
