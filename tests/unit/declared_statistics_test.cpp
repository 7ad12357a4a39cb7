// Tests of samples against values that tables of statistics and other programs have.

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/random.hpp"
#include "bazaar/scenario/kit/zipf.hpp"
#include "bazaar/scenario/statistics.hpp"

namespace bazaar::scenario::statistics
{
namespace
{

TEST(sample_tests, functions_are_those_of_libm)
{
    for (double x = 1e-9; x < 1e12; x *= 1.37)
    {
        EXPECT_NEAR(natural_log(x), std::log(x), 1e-14 * std::max(1.0, std::abs(std::log(x)))) << x;
        EXPECT_NEAR(root(x), std::sqrt(x), 1e-14 * std::sqrt(x)) << x;
    }
    for (double x = -700; x < 700; x += 1.37)
        EXPECT_NEAR(exponential(x) / std::exp(x), 1, 1e-14) << x;
    for (double x = 0.1; x < 1e6; x *= 1.3)
        EXPECT_NEAR(log_gamma(x), std::lgamma(x), 1e-12 * std::max(1.0, std::abs(std::lgamma(x)))) << x;
    for (double z = -6; z < 6; z += 0.1)
        EXPECT_NEAR(normal_below(z), 0.5 * std::erfc(-z / std::sqrt(2.0)), 1e-13) << z;
}

TEST(sample_tests, chi_square_is_that_of_the_tables)
{
    EXPECT_NEAR(gamma_above(0.5, 3.841459 / 2), 0.05, 1e-7);
    EXPECT_NEAR(gamma_above(5, 18.307038 / 2), 0.05, 1e-7);
    EXPECT_NEAR(gamma_above(50, 124.342113 / 2), 0.05, 1e-7);
    const std::vector<double> observed{16, 18, 16, 14, 12, 12};
    const std::vector<double> expected(6, 88.0 / 6);
    const auto found = chi_square(observed, expected);
    EXPECT_NEAR(found.statistic, 2, 1e-12);
    EXPECT_EQ(found.freedom, 5U);
    EXPECT_NEAR(found.p, 0.849145036, 1e-8);
    // Cells that expect little are one; what may never be is impossible.
    const std::vector<double> rare{50, 44, 3, 3};
    const std::vector<double> rarely{50, 44, 3, 3};
    EXPECT_EQ(chi_square(rare, rarely).freedom, 2U);
    const std::vector<double> never{50, 47, 3, 0};
    EXPECT_EQ(chi_square(rare, never).p, 0);
    const std::vector<double> twice{100, 88, 6, 6};
    EXPECT_LT(chi_square(twice, rarely, 0).p, significance);
}

TEST(sample_tests, binomial_and_poisson_are_exact)
{
    EXPECT_NEAR(binomial(60, 100, 0.5).p, 0.0568879, 1e-6);
    EXPECT_NEAR(binomial(7, 10, 0.5).p, 0.34375, 1e-12);
    EXPECT_NEAR(binomial(0, 10, 0.1).p, 2 * std::pow(0.9, 10), 1e-12);
    EXPECT_EQ(binomial(0, 1'000, 0).p, 1);
    EXPECT_EQ(binomial(1, 1'000, 0).p, 0);
    EXPECT_EQ(binomial(999, 1'000, 1).p, 0);
    EXPECT_GT(binomial(500'500, 1'000'000, 0.5).p, 0.3);
    EXPECT_LT(binomial(503'000, 1'000'000, 0.5).p, significance);
    double below = 0;
    double term = std::exp(-8.0);
    for (int k = 0; k < 15; ++k, term *= 8.0 / k)
        below += term;
    EXPECT_NEAR(poisson(15, 8).p, 2 * (1 - below), 1e-10);
    EXPECT_LT(poisson(10'600, 10'000).p, significance);
    EXPECT_GT(poisson(10'060, 10'000).p, 0.4);
    EXPECT_NEAR(deviations(1.959964).p, 0.05, 1e-7);
}

TEST(sample_tests, kolmogorov_is_that_of_the_tables)
{
    // 1.3581 is the bound of 5 %.
    constexpr int n = 10'000;
    const double off = 1.3581 / (100 + 0.12 + 0.0011) - 0.5 / n;
    std::vector<double> moved;
    std::vector<double> even;
    std::vector<double> half;
    for (int i = 0; i < n; ++i)
    {
        even.push_back((i + 0.5) / n);
        moved.push_back(even.back() + off);
        half.push_back(even.back() / 2);
    }
    EXPECT_NEAR(kolmogorov(moved).p, 0.05, 2e-4);
    EXPECT_EQ(kolmogorov(even).p, 1);
    EXPECT_LT(kolmogorov(half).p, significance);
}

TEST(sample_tests, the_worst_of_several_is_corrected_for_their_number)
{
    const std::vector<outcome> all{{.p = 0.5}, {.p = 0.001}, {.p = 0.2}};
    EXPECT_NEAR(worst(all).p, 0.003, 1e-12);
    EXPECT_EQ(worst(std::vector<outcome>{{.p = 0.9}, {.p = 0.8}}).p, 1);
}

zipf_estimate zipf_of(std::uint64_t alpha_micro, std::size_t draws, bool grows)
{
    const kit::zipf law(alpha_micro);
    std::vector<rank_draw> made;
    for (std::size_t i = 0; i < draws; ++i)
    {
        auto draw = derive(7, stream("zipf"), i);
        const std::uint64_t among = grows ? 1 + i / 500 : 1'000;
        made.push_back({law.pick(draw, among), among});
    }
    return zipf_exponent(made);
}

TEST(sample_tests, the_exponent_of_zipfs_law_is_found)
{
    const auto fixed = zipf_of(1'500'000, 1'000'000, false);
    EXPECT_NEAR(fixed.alpha, 1.5, 0.03);
    EXPECT_LT(std::abs(fixed.alpha - 1.5), 5 * fixed.error);
    EXPECT_LT(fixed.error, 0.002);
    const auto growing = zipf_of(1'200'000, 100'000, true);
    EXPECT_LT(std::abs(growing.alpha - 1.2), 5 * growing.error);
    // The negative control.
    const auto other = zipf_of(1'450'000, 1'000'000, false);
    EXPECT_GT(std::abs(other.alpha - 1.5), 0.03);
    EXPECT_LT(deviations((other.alpha - 1.5) / other.error).p, significance);
}

}  // namespace
}  // namespace bazaar::scenario::statistics
