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

constexpr std::array<life, 4> lives{{{step::cancelled},
                                     {step::shipped},
                                     {step::shipped, step::delivered},
                                     {step::shipped, step::delivered, step::returned}}};

/// An order as the plan may have it, with numbers from small to the greatest.
open_order any(random& draw)
{
    const auto up_to = [&](unsigned bits) { return draw.next() >> (64 - 1 - draw.below(bits)); };
    open_order o{};
    o.due = static_cast<std::int64_t>(up_to(52)) - 1'000'000;
    o.order = up_to(40);
    o.created.us = 1 + static_cast<std::int64_t>(up_to(52));
    o.user = up_to(40);
    o.unit = up_to(40);
    o.user_unit = draw.below(4) == 0 ? no_unit : up_to(40);
    o.writer = up_to(40);
    o.moves = static_cast<std::uint32_t>(up_to(24));
    o.steps = lives[draw.below(lives.size())];
    const auto steps = static_cast<std::uint64_t>(std::find(o.steps.begin(), o.steps.end(), step::none) -
                                                  o.steps.begin());
    o.at = static_cast<std::uint8_t>(draw.below(steps));
    if (o.at > 0)
        o.shipped = o.created + microseconds(1 + up_to(47));
    if (o.at > 1)
        o.delivered = o.shipped + microseconds(1 + up_to(47));
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
    o.created.us = (std::int64_t{1} << 53) - 1;
    o.moves = (1U << 24) - 1;
    o.touches = UINT32_MAX;
    o.steps = lives[3];
    o.at = 2;
    o.shipped = o.created + microseconds((std::int64_t{1} << 48) - 2);
    o.delivered = o.shipped + microseconds(std::int64_t{1} << 55);
    open_orders orders;
    orders.push(o);
    EXPECT_EQ(orders.pop(), o);
    o.due = -(std::int64_t{1} << 53);
    orders.push(o);
    EXPECT_EQ(orders.first_due(), o.due);
    EXPECT_EQ(orders.pop(), o);
}

TEST(open_orders, take_a_shipment_after_any_shift)
{
    auto draw = derive(5, stream("orders"), 0);
    open_order o = any(draw);
    o.steps = lives[3];
    open_orders orders;
    for (const auto years : {8, 9, 60, 200})
        for (const std::uint8_t at : {std::uint8_t{1}, std::uint8_t{2}})
        {
            o.at = at;
            o.shipped = o.created + std::chrono::years(years);
            o.delivered = at == 2 ? o.shipped + microseconds(1) : time{};
            orders.push(o);
            EXPECT_EQ(orders.first(), o) << years;
            EXPECT_EQ(orders.pop(), o) << years;
        }
    EXPECT_EQ(orders.digest(), 0U);
}

TEST(open_orders, refuse_what_would_not_come_out_again)
{
    auto draw = derive(4, stream("orders"), 0);
    open_order good = any(draw);
    good.steps = lives[2];
    good.at = 1;
    good.shipped = good.created + microseconds(5);
    good.delivered = {};
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
    refused([](auto& o) { o.created.us = -1; });
    refused([](auto& o) { o.created.us = std::int64_t{1} << 53; });
    refused([](auto& o) { o.shipped = o.created; });
    refused([](auto& o) { o.order = std::uint64_t{1} << 40; });
    refused([](auto& o) { o.user = std::uint64_t{1} << 40; });
    refused([](auto& o) { o.unit = std::uint64_t{1} << 40; });
    refused([](auto& o) { o.moves = 1U << 24; });
    refused([](auto& o) { o.steps = {}; });
    refused([](auto& o) { o.steps = {step::delivered}; });
}

}  // namespace
}  // namespace bazaar::scenario::thelook
