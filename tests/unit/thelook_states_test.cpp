// The table of states: what makes it one, and that what follows from it is what lives are.

#include <array>
#include <cmath>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/error.hpp"
#include "scenario/thelook/decisions.hpp"
#include "scenario/thelook/lives.hpp"
#include "unit/thelook_ledger.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

using table_of_states = std::array<state_row, states.size()>;

// What may be harmed: a state with a parent that is not the first one, and one that has a sibling.
constexpr state_no grandchild = []
{
    state_no s = 1;
    while (came_from[s] == first_state)
        ++s;
    return s;
}();
constexpr state_no with_sibling = []
{
    state_no s = 1;
    while (states[s].percent == all_others)
        ++s;
    return s;
}();

struct harm
{
    std::string_view name;
    std::function<void(table_of_states&)> make;
    std::string_view says;

    friend std::ostream& operator<<(std::ostream& out, const harm& h) { return out << h.name; }
};

class harmed_states : public testing::TestWithParam<harm>
{
};

TEST_P(harmed_states, do_not_compile)
{
    auto table = states;
    ASSERT_EQ(wrong_with(table), "");
    GetParam().make(table);
    EXPECT_EQ(wrong_with(table), GetParam().says);
}

const std::vector<harm> harms{
    {"first_has_a_parent", [](auto& t) { t[0].from = t[1].status; }, "the first state is that of a purchase"},
    {"first_is_no_purchase", [](auto& t) { t[0].kind = kind::ghost; }, "the first state is that of a purchase"},
    {"child_before_parent", [](auto& t) { std::swap(t[came_from[grandchild]], t[grandchild]); },
     "a state comes from one that stands before it"},
    {"parent_of_another_name", [](auto& t) { t[1].from = "processing"; },
     "a state comes from one that stands before it"},
    {"its_own_parent", [](auto& t) { t[1].from = t[1].status; }, "a state comes from one that stands before it"},
    {"goes_on_when_closed", [](auto& t) { t[came_from[grandchild]].closing = "cancel"; },
     "a step with a session of its own is the last one"},
    {"stamps_the_other_way", [](auto& t) { std::swap(t[came_from[grandchild]].item_stamp, t[grandchild].item_stamp); },
     "stamps stand in the order in which they are taken"},
    {"no_mean", [](auto& t) { t[1].after.mean = 0; }, "a delay is at least, in the mean and at most"},
    {"most_below_mean", [](auto& t) { t[1].after.most = t[1].after.mean; },
     "a delay is at least, in the mean and at most"},
    {"kind_of_another", [](auto& t) { t.back().kind = t[1].kind; },
     "each state has a status, a kind of unit and stamps of its own"},
    {"kind_of_the_purchase", [](auto& t) { t[1].kind = kind::purchase; },
     "each state has a status, a kind of unit and stamps of its own"},
    {"stamp_of_another",
     [](auto& t) { t[with_sibling].order_stamp = t[most_go_to[came_from[with_sibling]]].order_stamp; },
     "each state has a status, a kind of unit and stamps of its own"},
    {"two_of_all_others", [](auto& t) { t[with_sibling].percent = all_others; },
     "shares of a state's steps are 100 per cent"},
    {"nobody_left", [](auto& t) { t[with_sibling].percent = 100; }, "shares of a state's steps are 100 per cent"},
};

INSTANTIATE_TEST_SUITE_P(thelook, harmed_states, testing::ValuesIn(harms),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(states, too_many_are_none)
{
    const std::vector<state_row> nine(9, states[1]);
    EXPECT_EQ(wrong_with(nine), "there are 2 to 8 states");
    EXPECT_EQ(wrong_with(std::span(states).first(1)), "there are 2 to 8 states");
}

TEST(states, are_found_by_their_names)
{
    for (std::size_t i = 0; i < states.size(); ++i)
        EXPECT_EQ(state_named(states[i].status), i);
    EXPECT_THROW(static_cast<void>(state_named("Lost")), error);
    EXPECT_EQ(step_of(kind::purchase), first_state);
    EXPECT_EQ(step_of(kind::ghost), first_state);
    EXPECT_EQ(step_of(kind::count), first_state);
}

/// Shares of drawn lives, by the state in which they end.
std::array<double, states.size()> drawn(std::int64_t steps_nano, std::uint64_t orders)
{
    settings given(fields());
    given.set(given.find("order-update-prob"), steps_nano);
    const configuration c(given);
    std::array<double, states.size()> all{};
    for (std::uint64_t order = 0; order < orders; ++order)
        all[draw_life(5, order, c)] += 1 / static_cast<double>(orders);
    return all;
}

TEST(states, lives_come_to_them_by_their_shares)
{
    constexpr std::uint64_t orders = 200'000;
    for (const std::int64_t nano : {std::int64_t{400'000'000}, steps_mean_most})
    {
        const auto found = drawn(nano, orders);
        const double a = share_of_steps(nano);
        double mean = 0;
        for (state_no s = 0; s < states.size(); ++s)
        {
            // Who ends there or further on has come there.
            double came = 0;
            for (state_no end = 0; end < states.size(); ++end)
                for (std::size_t i = 0; i < steps_to[end]; ++i)
                    came += paths[end][i] == s ? found[end] : 0;
            mean += found[s] * steps_to[s];
            const double share = s == first_state ? 0 : share_of(s, a);
            EXPECT_NEAR(came, share, 5 * std::sqrt(share / orders) + 1e-9) << states[s].status;
        }
        EXPECT_NEAR(mean, steps_mean(a), 0.02);
    }
    EXPECT_NEAR(drawn(0, 1'000)[first_state], 1, 1e-9);
}

/// Each bit of the share decides about lives: it is that of the formula by which runs of versions 2 and 3 were begun, where the states
/// are theirs.
TEST(states, the_share_of_steps_is_the_one_of_the_polynomial_to_the_last_bit)
{
    const auto share_by = [](std::int64_t nano, auto&& mean)
    {
        double low = 0, high = 1;
        for (int i = 0; i < 60; ++i)
        {
            const double a = (low + high) / 2;
            (mean(a) < static_cast<double>(nano) / 1e9 ? low : high) = a;
        }
        return high;
    };
    // Coefficients as a person writes them: 1, 0.95, 0.019.
    std::vector<double> written;
    for (std::size_t steps = 1; steps <= steps_most; ++steps)
        written.push_back(std::stod(fmt::format("{}e-{}", come_after[steps], 2 * steps)));
    const auto polynomial = [&](double a)
    {
        double sum = 0;
        for (std::size_t i = 0; i < written.size(); ++i)
        {
            double term = written[i];
            for (std::size_t k = 0; k <= i; ++k)
                term *= a;
            sum += term;
        }
        return sum;
    };
    auto draw = derive(1, stream("shares"), 0);
    for (int i = 0; i < 20'000; ++i)
    {
        const auto nano = draw.between(1, steps_mean_most);
        ASSERT_EQ(share_of_steps(nano), share_by(nano, polynomial)) << nano;
    }
}

constexpr int many_orders = 20'000;

/// Delays of many orders before a step, in seconds, in their order.
std::vector<double> delays(edition rules, state_no s)
{
    std::vector<double> all;
    for (std::uint64_t order = 0; order < many_orders; ++order)
        all.push_back(static_cast<double>(delay_before(rules, 3, order, s, 1000) - 1) / 1e6);
    std::ranges::sort(all);
    return all;
}

/// How many of them are alike, at most.
std::size_t most_alike(const std::vector<double>& sorted)
{
    std::size_t most = 0;
    for (auto at = sorted.begin(); at != sorted.end();)
    {
        const auto end = std::upper_bound(at, sorted.end(), *at);
        most = std::max(most, static_cast<std::size_t>(end - at));
        at = end;
    }
    return most;
}

/// Greatest distance from the exponential that ends between `least` and `most` (Kolmogorov and Smirnov), times the root of their number.
double distance(const std::vector<double>& sorted, const delay& d)
{
    const auto mean = static_cast<double>(d.mean);
    const auto until = [&](double x) { return 1 - std::exp(-(x - static_cast<double>(d.least)) / mean); };
    double most = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i)
    {
        const double share = until(sorted[i]) / until(static_cast<double>(d.most));
        const auto n = static_cast<double>(sorted.size());
        most = std::max({most, share - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - share});
    }
    return most * std::sqrt(static_cast<double>(sorted.size()));
}

TEST(states, delays_are_exponential_between_their_bounds)
{
    // 1.95: one in a thousand is further away.
    constexpr double far = 1.95;
    for (state_no s = 1; s < states.size(); ++s)
    {
        const auto& d = states[s].after;
        const auto all = delays(edition::now, s);
        EXPECT_GE(all.front(), static_cast<double>(d.least));
        EXPECT_LT(all.back(), static_cast<double>(d.most));
        EXPECT_LT(distance(all, d), far) << states[s].status;
        EXPECT_LE(most_alike(all), 3U) << states[s].status;
        // The controls: cut off as the older rules do it, and with another mean.
        const auto older = delays(edition::older, s);
        EXPECT_GT(distance(older, d), far) << states[s].status;
        EXPECT_GT(most_alike(older), 100U) << states[s].status;
        EXPECT_EQ(older.back(), static_cast<double>(d.most));
        EXPECT_GT(distance(all, {d.least, d.mean + 1, d.most}), far) << states[s].status;
    }
}

TEST(states, a_decision_gives_back_what_it_was_made_of)
{
    auto draw = derive(8, stream("decisions"), 0);
    const auto up_to = [&](unsigned bits) { return draw.next() >> (64 - bits); };
    for (int i = 0; i < 1'000; ++i)
    {
        order_removed_decision r{};
        r.order = up_to(40);
        r.user = up_to(40);
        r.user_unit = up_to(40);
        r.last = static_cast<state_no>(draw.below(states.size()));
        for (auto& at : r.at)
            at.us = static_cast<std::int64_t>(up_to(53));
        r.session = up_to(40);
        r.closing_session = up_to(40);
        r.bought_after = static_cast<std::uint32_t>(up_to(32));
        r.closed_after = static_cast<std::uint32_t>(up_to(32));
        r.moves_bought = static_cast<std::uint32_t>(up_to(24));
        r.moves_closed = static_cast<std::uint32_t>(up_to(24));
        r.moves = static_cast<std::uint32_t>(up_to(24));
        r.touches = static_cast<std::uint32_t>(up_to(32));
        model::decision d;
        put(d, r);
        const auto again = get<order_removed_decision>(d);
        ASSERT_EQ(d.arg[0] & (row_end - 1), r.order);
        ASSERT_EQ(std::tie(again.order, again.user, again.user_unit, again.last, again.at, again.session,
                           again.closing_session, again.bought_after, again.closed_after, again.moves_bought,
                           again.moves_closed, again.moves, again.touches),
                  std::tie(r.order, r.user, r.user_unit, r.last, r.at, r.session, r.closing_session, r.bought_after,
                           r.closed_after, r.moves_bought, r.moves_closed, r.moves, r.touches));

        step_decision s{};
        s.order = up_to(40);
        s.user = up_to(40);
        s.order_unit = up_to(40);
        s.user_unit = no_unit;
        for (std::size_t k = 0; k < steps_most; ++k)
            s.at[k].us = static_cast<std::int64_t>(up_to(53));
        s.moves = static_cast<std::uint32_t>(up_to(24));
        s.touches = static_cast<std::uint32_t>(up_to(32));
        s.session = up_to(40);
        s.moves_then = static_cast<std::uint32_t>(up_to(24));
        s.session_after.us = static_cast<std::int64_t>(up_to(53));
        put(d, s);
        const auto step = get<step_decision>(d);
        ASSERT_EQ(d.arg[0], s.order);
        ASSERT_EQ(std::tie(step.order, step.user, step.order_unit, step.user_unit, step.at, step.moves, step.touches,
                           step.session, step.moves_then, step.session_after),
                  std::tie(s.order, s.user, s.order_unit, s.user_unit, s.at, s.moves, s.touches, s.session,
                           s.moves_then, s.session_after));
    }
}

}  // namespace
}  // namespace bazaar::scenario::thelook
