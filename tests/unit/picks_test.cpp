// Picks of rows: by Zipf's law, recent ones, hot ones. Their shares, and that other shares are told from them.

#include "bazaar/scenario/kit/picks.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/error.hpp"
#include "bazaar/scenario/kit/zipf.hpp"

namespace bazaar::scenario::kit
{
namespace
{

std::vector<std::uint64_t> counts(std::uint64_t alpha_micro, std::uint64_t ranks, int draws, std::uint64_t seed)
{
    const zipf law(alpha_micro);
    std::vector<std::uint64_t> found(ranks + 1);
    for (int i = 0; i < draws; ++i)
    {
        auto draw = derive(seed, stream("zipf"), static_cast<std::uint64_t>(i));
        ++found.at(law.pick(draw, ranks));
    }
    return found;
}

std::vector<double> shares(double alpha, std::uint64_t ranks)
{
    std::vector<double> all(ranks + 1);
    double sum = 0;
    for (std::uint64_t k = 1; k <= ranks; ++k)
        sum += all[k] = std::pow(static_cast<double>(k), -alpha);
    for (auto& one : all)
        one /= sum;
    return all;
}

/// How many standard deviations chi-square lies above its mean. Ranks that are drawn less than ten times count as one.
double misfit(const std::vector<std::uint64_t>& found, const std::vector<double>& wanted, int draws)
{
    double square = 0;
    int cells = -1;
    double rest_wanted = 0;
    double rest_found = 0;
    const auto add = [&](double is, double should)
    {
        square += (is - should) * (is - should) / should;
        ++cells;
    };
    for (std::size_t k = 1; k < found.size(); ++k)
    {
        const double should = wanted[k] * draws;
        if (should >= 10)
            add(static_cast<double>(found[k]), should);
        else
        {
            rest_wanted += should;
            rest_found += static_cast<double>(found[k]);
        }
    }
    if (rest_wanted >= 10)
        add(rest_found, rest_wanted);
    return (square - cells) / std::sqrt(2.0 * cells);
}

/// The exponent of which these ranks are the likeliest: the one whose mean of ln k is theirs.
double exponent(const std::vector<std::uint64_t>& found)
{
    double sum = 0;
    double draws = 0;
    for (std::size_t k = 1; k < found.size(); ++k)
    {
        sum += static_cast<double>(found[k]) * std::log(static_cast<double>(k));
        draws += static_cast<double>(found[k]);
    }
    double low = .5;
    double high = 11;
    for (int i = 0; i < 40; ++i)
    {
        const double middle = (low + high) / 2;
        double mean = 0;
        const auto wanted = shares(middle, found.size() - 1);
        for (std::size_t k = 1; k < found.size(); ++k)
            mean += wanted[k] * std::log(static_cast<double>(k));
        (mean > sum / draws ? low : high) = middle;
    }
    return (low + high) / 2;
}

TEST(zipf, ranks_have_their_shares)
{
    constexpr int draws = 100'000;
    std::uint64_t seed = 0;
    for (const std::uint64_t alpha : {1'010'000, 1'500'000, 2'000'000, 10'000'000})
        for (const std::uint64_t ranks : {2, 30, 1'000})
        {
            const auto found = counts(alpha, ranks, draws, ++seed);
            EXPECT_LT(misfit(found, shares(static_cast<double>(alpha) / 1e6, ranks), draws), 4)
                << alpha << ' ' << ranks;
        }
    // A control: shares of another exponent are told apart.
    EXPECT_GT(misfit(counts(1'500'000, 30, draws, 99), shares(1.55, 30), draws), 4);
}

TEST(zipf, the_exponent_is_within_three_hundredths)
{
    constexpr int draws = 1'000'000;
    const auto found = counts(1'500'000, 1'000, draws, 7);
    EXPECT_NEAR(exponent(found), 1.5, .03);
    const auto other = counts(1'540'000, 1'000, draws / 4, 8);
    EXPECT_GT(std::abs(exponent(other) - 1.5), .03) << "a control";
}

TEST(zipf, one_rank_and_very_many_are_drawn_from)
{
    const zipf law(1'010'000);
    constexpr std::uint64_t most = std::uint64_t{1} << 40;
    std::uint64_t upper = 0;
    constexpr int draws = 20'000;
    for (std::uint64_t i = 0; i < draws; ++i)
    {
        auto draw = derive(1, stream("zipf"), i);
        ASSERT_EQ(law.pick(draw, 1), 1U);
        const auto rank = law.pick(draw, most);
        ASSERT_TRUE(rank >= 1 && rank <= most);
        upper += rank > (1 << 20) ? 1 : 0;
    }
    // The shares beyond rank m and n are as m^-.01 and n^-.01, with the sum of the first ones as 100.577 less 100 n^-.01.
    const double beyond = 100 * (std::pow(1 << 20, -.01) - std::pow(static_cast<double>(most), -.01));
    const double all = 100.577 - 100 * std::pow(static_cast<double>(most), -.01);
    EXPECT_NEAR(static_cast<double>(upper) / draws, beyond / all, 4 * std::sqrt(.25 / draws));
}

TEST(zipf, refuses_exponents_out_of_range)
{
    EXPECT_THROW(zipf(1'009'999), error);
    EXPECT_THROW(zipf(10'000'001), error);
    EXPECT_NO_THROW(zipf(1'010'000));
    EXPECT_NO_THROW(zipf(10'000'000));
}

TEST(zipf, draws_are_fixed)
{
    // Any change here makes other rows of every scenario that picks so.
    const zipf law(1'200'000);
    std::vector<std::uint64_t> found;
    for (std::uint64_t i = 0; i < 12; ++i)
    {
        auto draw = derive(42, stream("zipf"), i);
        found.push_back(law.pick(draw, 1'000'000));
    }
    EXPECT_EQ(found, (std::vector<std::uint64_t>{4, 175'315, 37'316, 1'490, 5, 44'098, 34, 1, 672, 553, 41'368, 612}));
}

// ---- Recent and hot rows

TEST(recent, weights_go_as_the_power_of_the_place)
{
    constexpr std::uint64_t rows = 50;
    constexpr int draws = 200'000;
    for (const unsigned bias : {0U, 1U, 2U, 8U})
    {
        // The places here begin with 1, as ranks do.
        std::vector<std::uint64_t> found(rows + 1);
        std::vector<double> wanted(rows + 1);
        for (int i = 0; i < draws; ++i)
        {
            auto draw = derive(3, stream("recent"), static_cast<std::uint64_t>(i));
            ++found.at(pick_recent(draw, rows, bias) + 1);
        }
        for (std::size_t k = 1; k <= rows; ++k)
            wanted[k] = std::pow(static_cast<double>(k) / rows, bias + 1) -
                        std::pow(static_cast<double>(k - 1) / rows, bias + 1);
        EXPECT_LT(misfit(found, wanted, draws), 4) << bias;
        // A control: the weights of rows that count from the other end.
        std::reverse(wanted.begin() + 1, wanted.end());
        EXPECT_TRUE(bias == 0 || misfit(found, wanted, draws) > 4) << bias;
    }
    auto draw = derive(3, stream("recent"), 0);
    EXPECT_EQ(pick_recent(draw, 1, 8), 0U);
}

TEST(hot, a_share_of_the_rows_takes_its_share_of_the_hits)
{
    constexpr std::uint64_t rows = 100;
    constexpr int draws = 200'000;
    const hot law(200'000, 700'000);
    std::vector<std::uint64_t> found(rows + 1);
    std::vector<double> wanted(rows + 1, .3 / 80);
    std::fill_n(wanted.begin(), 21, .7 / 20);
    for (int i = 0; i < draws; ++i)
    {
        auto draw = derive(4, stream("hot"), static_cast<std::uint64_t>(i));
        ++found.at(law.pick(draw, rows) + 1);
    }
    EXPECT_LT(misfit(found, wanted, draws), 4);
    // A control: one row more is hot.
    std::fill_n(wanted.begin(), 22, .7 / 21);
    EXPECT_GT(misfit(found, wanted, draws), 4);
}

TEST(hot, has_its_ends)
{
    EXPECT_EQ(hot(800'000, 1'000'000).count(1'000), 800U);
    EXPECT_EQ(hot(1, 500'000).count(10), 1U) << "rounded up";
    EXPECT_EQ(hot(333'333, 500'000).count(10), 4U);
    EXPECT_EQ(hot(1'000'000, 0).count(7), 7U);
    EXPECT_EQ(hot(500'000, 1'000'000).count(std::uint64_t{1} << 63), std::uint64_t{1} << 62);
    for (std::uint64_t i = 0; i < 1'000; ++i)
    {
        auto draw = derive(5, stream("hot"), i);
        ASSERT_LT(hot(800'000, 1'000'000).pick(draw, 1'000), 800U);
        ASSERT_GE(hot(800'000, 0).pick(draw, 1'000), 800U);
        ASSERT_LT(hot(1'000'000, 0).pick(draw, 3), 3U) << "all are hot: there are no others";
        ASSERT_EQ(hot(500'000, 500'000).pick(draw, 1), 0U);
    }
    EXPECT_THROW(hot(0, 500'000), error);
    EXPECT_THROW(hot(1'000'001, 500'000), error);
    EXPECT_THROW(hot(500'000, 1'000'001), error);
}

}  // namespace
}  // namespace bazaar::scenario::kit
