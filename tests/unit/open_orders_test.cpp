// Open orders: what goes in comes out, the first one due first, however small they lie there.

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/random.hpp"
#include "scenario/thelook/open_orders.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

constexpr time latest{(std::int64_t{1} << moment_bits) - 1};

/// A state to which the most steps lead.
constexpr auto furthest = static_cast<state_no>(std::max_element(steps_to.begin(), steps_to.end()) - steps_to.begin());

/// An order as the plan may have it, with numbers from small to the greatest.
open_order any(random& draw)
{
    const auto up_to = [&](unsigned bits) { return draw.next() >> (64 - 1 - draw.below(bits)); };
    open_order o{};
    o.due = static_cast<std::int64_t>(up_to(52)) - 1'000'000;
    o.order = up_to(40);
    o.at[0].us = 1 + static_cast<std::int64_t>(up_to(52));
    o.user = up_to(40);
    o.unit = up_to(40);
    o.user_unit = draw.below(4) == 0 ? no_unit : up_to(40);
    o.writer = up_to(40);
    o.moves = static_cast<std::uint32_t>(up_to(24));
    o.life = static_cast<state_no>(1 + draw.below(states.size() - 1));
    o.taken = static_cast<std::uint8_t>(draw.below(steps_to[o.life]));
    for (std::size_t i = 1; i <= o.taken; ++i)
        o.at[i] = o.at[i - 1] + microseconds(1 + up_to(47));
    return o;
}

TEST(open_orders, give_back_what_was_put_in)
{
    auto draw = derive(3, stream("orders"), 0);
    open_orders orders;
    std::vector<open_order> all;
    std::uint64_t digest = 0;
    for (std::uint64_t i = 0; i < 20'000; ++i)
    {
        auto o = any(draw);
        o.order = i;
        orders.push(o);
        all.push_back(o);
        digest += o.hash();
    }
    EXPECT_EQ(orders.digest(), digest);
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return a.due != b.due ? a.due < b.due : a.order < b.order; });
    for (const auto& o : all)
    {
        ASSERT_EQ(orders.first_due(), o.due);
        ASSERT_EQ(orders.first(), o);
        ASSERT_EQ(orders.pop(), o);
    }
    EXPECT_TRUE(orders.empty());
    EXPECT_EQ(orders.digest(), 0U);
}

TEST(open_orders, take_the_greatest_numbers)
{
    open_order o{};
    o.due = (std::int64_t{1} << 53) - 1;
    o.order = o.user = o.unit = o.user_unit = o.writer = no_unit;
    o.moves = (1U << 24) - 1;
    o.touches = UINT32_MAX;
    o.life = furthest;
    o.taken = static_cast<std::uint8_t>(steps_to[furthest] - 1);
    for (std::size_t i = 0; i <= o.taken; ++i)
        o.at[i] = latest - microseconds(o.taken - i);
    open_orders orders;
    orders.push(o);
    EXPECT_EQ(orders.pop(), o);
    o.due = -(std::int64_t{1} << 53);
    orders.push(o);
    EXPECT_EQ(orders.first_due(), o.due);
    EXPECT_EQ(orders.pop(), o);
}

TEST(open_orders, take_a_step_after_any_shift)
{
    auto draw = derive(5, stream("orders"), 0);
    open_order o = any(draw);
    o.life = furthest;
    open_orders orders;
    // The time from the purchase to a step has 48 bits where most orders have it: 8.9 years.
    for (const auto late : {microseconds((std::int64_t{1} << 48) - 2), microseconds((std::int64_t{1} << 48) - 1),
                            microseconds(std::chrono::years(9)), microseconds(std::chrono::years(200))})
        for (o.taken = 1; o.taken < steps_to[o.life]; ++o.taken)
        {
            o.at = {time{1}};
            for (std::size_t i = 1; i <= o.taken; ++i)
                o.at[i] = time{1} + late + microseconds(i - 1);
            orders.push(o);
            EXPECT_EQ(orders.first(), o) << late.count();
            EXPECT_EQ(orders.pop(), o) << late.count();
        }
    EXPECT_EQ(orders.digest(), 0U);
}

TEST(open_orders, refuse_what_would_not_come_out_again)
{
    auto draw = derive(4, stream("orders"), 0);
    open_order good = any(draw);
    good.life = furthest;
    good.taken = 1;
    good.at = {time{7}, time{12}};
    const auto refused = [&](auto&& change)
    {
        auto o = good;
        change(o);
        open_orders orders;
        EXPECT_THROW(orders.push(o), error);
        EXPECT_TRUE(orders.empty());
    };
    open_orders().push(good);
    refused([](auto& o) { o.due = std::int64_t{1} << 53; });
    refused([](auto& o) { o.at[0].us = -1; });
    refused([](auto& o) { o.at[1].us = latest.us + 1; });
    refused([](auto& o) { o.at[1] = o.at[0]; });
    refused([](auto& o) { o.at[1] = {}; });
    refused([](auto& o) { o.at[2] = o.at[1] + microseconds(1); });
    refused([](auto& o) { o.order = std::uint64_t{1} << 40; });
    refused([](auto& o) { o.user = std::uint64_t{1} << 40; });
    refused([](auto& o) { o.unit = std::uint64_t{1} << 40; });
    refused([](auto& o) { o.moves = 1U << 24; });
    refused([](auto& o) { o.life = first_state; });
    refused([](auto& o) { o.life = states.size(); });
    refused([](auto& o) { o.taken = steps_to[o.life]; });
}

}  // namespace
}  // namespace bazaar::scenario::thelook
