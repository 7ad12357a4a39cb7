#include <algorithm>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/error.hpp"
#include "unit/thelook_ledger.hpp"

namespace bazaar::test
{
namespace
{

struct history
{
    std::string_view name;
    std::uint64_t ticks;
    given settings;

    friend std::ostream& operator<<(std::ostream& out, const history& h) { return out << h.name; }
};

class thelook_history : public testing::TestWithParam<history>
{
};

const std::vector<history> histories{
    {"defaults", 300'000, {}},
    {"three_users", 60'000, {{"init-num-users", "3"}}},
    {"complete_lives", 60'000, {{"lifecycle", "complete"}}},
    {"few_active_users",
     60'000,
     {{"active-users", "20"}, {"init-num-users", "5"}, {"user-create-prob", "1"}, {"lifecycle", "complete"}, {"avg-qps", "5"}}},
    {"everyone_is_new", 60'000, {{"user-create-prob", "1"}}},
    {"slow_lives", 60'000, {{"lifecycle-scale", "3600"}, {"avg-qps", "0.2"}}},
    {"no_updates", 30'000, {{"order-update-prob", "0"}}},
    {"most_updates", 60'000, {{"order-update-prob", "1.969"}}},
    {"all_dice", 60'000, {{"user-create-prob", "1"}, {"user-update-prob", "1"}, {"ghost-create-prob", "1"}}},
    {"fast", 60'000, {{"avg-qps", "20000"}, {"init-num-users", "200"}, {"lifecycle", "complete"}}},
    {"one_city", 30'000, {{"country", "japan"}, {"state", "tokyo"}, {"user-update-prob", "0.5"}}},
};

TEST_P(thelook_history, keeps_every_rule_of_the_shop)
{
    const auto& h = GetParam();
    const auto shop = shop_of(h.settings);
    const auto planner = shop->plan(day_one);
    ledger books(*shop, day_one);
    model::unit unit;
    unit_no no = 0;
    std::uint64_t mistimed = 0;
    while (planner->ticks() < h.ticks / effort && books.problems.empty())
    {
        EXPECT_EQ(planner->next_no(), no);
        const time announced = planner->next_at();
        const auto d = planner->next();
        mistimed += d.at == announced ? 0 : 1;
        shop->build(d, unit);
        books.take(unit);
        if (no++ % 50'000 == 0)
        {
            EXPECT_EQ(figures_of(*planner), books.figures());
        }
    }
    for (const auto& problem : books.problems)
        ADD_FAILURE() << problem;
    EXPECT_EQ(mistimed, 0U) << "next_at() is the moment of the next unit";
    EXPECT_EQ(figures_of(*planner), books.figures());
    EXPECT_EQ(planner->ticks(), books.orders);
}

INSTANTIATE_TEST_SUITE_P(thelook, thelook_history, testing::ValuesIn(histories),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace bazaar::test
