#include <array>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include <gtest/gtest.h>

#include "unit/thelook_ledger.hpp"

namespace bazaar::test
{
namespace
{

TEST(thelook_build, gives_equal_rows_twice_and_in_four_threads)
{
    const auto shop = shop_of({{"lifecycle", "complete"}, {"user-update-prob", "0.5"}});
    const auto planner = shop->plan(day_one);
    std::vector<model::decision> decisions;
    for (std::size_t i = 0; i < tries(8'000); ++i)
        decisions.push_back(planner->next());
    const auto hashes = [&]
    {
        std::vector<std::uint64_t> all;
        model::unit unit;
        for (const auto& d : decisions)
        {
            shop->build(d, unit);
            stable_hash h;
            h.add(unit);
            all.push_back(h.value());
        }
        return all;
    };
    const auto expected = hashes();
    EXPECT_EQ(hashes(), expected);
    std::array<std::vector<std::uint64_t>, 4> found;
    {
        std::vector<std::jthread> threads;
        for (auto& one : found)
            threads.emplace_back([&one, &hashes] { one = hashes(); });
    }
    for (const auto& one : found)
        EXPECT_EQ(one, expected);
}

TEST(thelook_build, is_independent_of_what_was_built_before)
{
    const auto shop = shop_of({});
    const auto planner = shop->plan(day_one);
    std::vector<model::decision> decisions;
    for (int i = 0; i < 500; ++i)
        decisions.push_back(planner->next());
    const auto hash = [&](model::unit& unit, const model::decision& d)
    {
        shop->build(d, unit);
        stable_hash h;
        h.add(unit);
        return h.value();
    };
    model::unit reused;
    std::vector<std::uint64_t> backwards;
    for (auto d = decisions.rbegin(); d != decisions.rend(); ++d)
        backwards.push_back(hash(reused, *d));
    for (std::size_t i = 0; i < decisions.size(); ++i)
    {
        model::unit fresh;
        EXPECT_EQ(hash(fresh, decisions[i]), backwards[decisions.size() - 1 - i]);
    }
}

TEST(thelook_build, two_runs_share_no_mail_and_no_id)
{
    const auto first = shop_of({});
    const auto second = shop_of({}, 7, "second");
    std::unordered_set<std::string> mails;
    for (const auto* shop : {first.get(), second.get()})
        shop->initial_rows(look::table::users, day_one,
                           [&](std::span<const model::value> row)
                           { EXPECT_TRUE(mails.emplace(row[look::users_column::email].text()).second); });
    EXPECT_EQ(mails.size(), 2'000U);
    EXPECT_NE(run_tag("main"), run_tag("second"));
}

}  // namespace
}  // namespace bazaar::test
