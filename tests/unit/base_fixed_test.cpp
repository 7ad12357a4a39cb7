// Logarithm, exponential and normal quantile in integers, against libm's in long double.

#include "bazaar/base/fixed.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include "bazaar/base/random.hpp"

namespace bazaar
{
namespace
{

constexpr std::uint64_t all_ones = std::numeric_limits<std::uint64_t>::max();
constexpr int draws = 100'000;

/// Bounds are powers of 2.
long double two_to(int exponent)
{
    return std::ldexp(1.0L, exponent);
}

/// Random numbers of all lengths: as many of one bit as of 64.
std::uint64_t of_any_length(random& draw)
{
    return (draw.next() | std::uint64_t{1} << 63) >> draw.below(64);
}

// ---- Logarithm

long double ln_error(std::uint64_t value, int point)
{
    const auto wanted = std::log(static_cast<long double>(value)) - point * std::log(2.0L);
    return std::abs(std::ldexp(static_cast<long double>(ln_q56(value, point)), -56) - wanted);
}

TEST(ln, is_within_its_bound_over_all_lengths_and_segments)
{
    auto draw = derive(1, stream("ln"), 0);
    for (int i = 0; i < draws; ++i)
    {
        const auto value = of_any_length(draw);
        const auto point = static_cast<int>(draw.below(65));
        ASSERT_LT(ln_error(value, point), two_to(-55)) << value << " / 2^" << point;
    }
    for (std::uint64_t segment = 256; segment <= 512; ++segment)
        for (const std::uint64_t beside : {0, 1, 2})
        {
            const auto border = segment == 512 ? all_ones : segment << 55;
            ASSERT_LT(ln_error(border - beside, 63), two_to(-55)) << segment;
            ASSERT_LT(ln_error(segment == 512 ? border : border + beside, 63), two_to(-55)) << segment;
        }
}

TEST(ln, has_its_exact_values_and_ends)
{
    EXPECT_EQ(ln_q56(1), 0);
    EXPECT_EQ(ln_q56(std::uint64_t{1} << 40, 40), 0);
    EXPECT_EQ(ln_q56(2), ln_q56(1, 0) - ln_q56(1, 1));
    EXPECT_EQ(ln_q56(2), 49'946'518'145'322'874) << "0.693147180559945309 * 2^56";
    EXPECT_EQ(ln_q56(1, 64), -3'196'577'161'300'663'915) << "64 ln 2: 64 times the one above would be 21 more";
    EXPECT_GT(ln_q56(all_ones), ln_q56(all_ones / 2));
}

TEST(ln, does_not_fall_by_more_than_one_unit)
{
    auto draw = derive(2, stream("ln"), 0);
    for (int i = 0; i < draws; ++i)
    {
        const auto value = i % 2 == 0 ? ((256 + draw.below(256)) << 55) - 1 : of_any_length(draw);
        ASSERT_GE(ln_q56(value == all_ones ? all_ones : value + 1), ln_q56(value) - 1) << value;
        // A little further it always grows: by 2^-54 and more.
        const auto further = value / 4 < all_ones / 8 ? value + (value >> 52) + 1 : value;
        ASSERT_TRUE(further == value || ln_q56(further) > ln_q56(value)) << value;
    }
}

// ---- Exponential

long double exp_error(std::int64_t x)
{
    const auto found = exp_q56(x);
    const auto wanted = std::exp(std::ldexp(static_cast<long double>(x), -56));
    return std::abs(std::ldexp(static_cast<long double>(found.mantissa), found.exponent - 63) / wanted - 1);
}

TEST(exp, is_within_its_bound_over_its_whole_range)
{
    auto draw = derive(3, stream("exp"), 0);
    for (int i = 0; i < draws; ++i)
    {
        const auto size = static_cast<std::int64_t>(of_any_length(draw) >> 1);
        // libm's own result is off by a unit of its last place, of 2^-63.
        ASSERT_LT(exp_error(i % 2 == 0 ? size : -size), two_to(-60)) << size;
    }
    for (int k = -184; k <= 184; ++k)
        for (const int beside : {-2, -1, 0, 1, 2})
        {
            const auto border = std::llround(std::ldexp(std::log(2.0L), 56) * k);
            ASSERT_LT(exp_error(border + beside), two_to(-60)) << k;
        }
    for (std::int64_t i = 0; i <= 177; ++i)
        for (const int beside : {-1, 0, 1})
            ASSERT_LT(exp_error((i << 48) + beside), two_to(-60)) << i;
}

TEST(exp, has_its_exact_values_and_ends)
{
    EXPECT_EQ(exp_q56(0).mantissa, std::uint64_t{1} << 63);
    EXPECT_EQ(exp_q56(0).exponent, 0);
    EXPECT_EQ(exp_q56(std::numeric_limits<std::int64_t>::max()).exponent, 184);
    EXPECT_EQ(exp_q56(std::numeric_limits<std::int64_t>::min()).exponent, -185);
}

TEST(exp, is_the_other_way_round_of_ln)
{
    auto draw = derive(4, stream("exp"), 0);
    for (int i = 0; i < draws; ++i)
    {
        const auto value = (draw.next() | std::uint64_t{1} << 63) >> draw.below(50);
        const auto back = times_exp(1, ln_q56(value));
        const auto off = back > value ? back - value : value - back;
        ASSERT_LE(off, (value >> 55) + 1) << value;
    }
}

TEST(exp, does_not_fall_by_more_than_two_units)
{
    auto draw = derive(5, stream("exp"), 0);
    for (int i = 0; i < draws; ++i)
    {
        const auto x = i % 2 == 0 ? static_cast<std::int64_t>(draw.below(178) << 48) - 1
                                  : static_cast<std::int64_t>(draw.next()) / 2;
        const auto low = exp_q56(x);
        const auto high = exp_q56(x + 1);
        ASSERT_TRUE(high.exponent > low.exponent || high.mantissa + 2 >= low.mantissa) << x;
    }
}

TEST(exp, times_a_number_is_rounded_and_ends_at_the_largest)
{
    constexpr std::int64_t one = std::int64_t{1} << 56;
    EXPECT_EQ(times_exp(1'000, 0), 1'000U);
    EXPECT_EQ(times_exp(1'000, one), 2'718U);
    EXPECT_EQ(times_exp(1'000, -one), 368U) << "367.88";
    EXPECT_EQ(times_exp(0, 127 * one), 0U);
    EXPECT_EQ(times_exp(1, 40 * one), 235'385'266'837'019'985U) << "e^40 = 235385266837019985.4";
    EXPECT_EQ(times_exp(1, 45 * one), all_ones);
    EXPECT_EQ(times_exp(all_ones, 0), all_ones);
    EXPECT_EQ(times_exp(all_ones, 1), all_ones);
    EXPECT_EQ(times_exp(all_ones, -127 * one), 0U);
    EXPECT_EQ(times_exp(1, -one / 2), 1U) << "0.61";
    EXPECT_EQ(times_exp(1, -one), 0U) << "0.37";
}

// ---- Normal quantile

/// How far down the standard normal variate is of whose distribution function this is the value.
long double quantile(long double tail)
{
    long double low = 0;
    long double high = 10;
    for (int i = 0; i < 80; ++i)
    {
        const auto middle = (low + high) / 2;
        (std::erfc(middle / std::sqrt(2.0L)) / 2 > tail ? low : high) = middle;
    }
    return -low;
}

void expect_normal(std::uint64_t bits, long double bound = two_to(-31))
{
    const auto below = (bits | 1) < std::uint64_t{1} << 63;
    const auto tail = std::ldexp(static_cast<long double>(below ? bits | 1 : 0 - (bits | 1)), -64);
    const auto wanted = below ? quantile(tail) : -quantile(tail);
    ASSERT_LT(std::abs(std::ldexp(static_cast<long double>(normal_q32(bits)), -32) - wanted), bound) << bits;
}

constexpr std::uint64_t borders[] = {
    std::uint64_t{1} << 63,     // The middle.
    1'383'505'805'528'216'371,  // .075 * 2^64: from the middle function to the outer one.
    256'187'346,                // e^-25 * 2^64: from the outer one to that of the tail.
};

TEST(normal, is_within_its_bound_from_the_middle_to_the_ends)
{
    auto draw = derive(6, stream("normal"), 0);
    for (int i = 0; i < draws / 10; ++i)
    {
        expect_normal(draw.next());
        expect_normal(of_any_length(draw));
        expect_normal(0 - of_any_length(draw));
    }
    for (const auto border : borders)
        for (std::uint64_t beside = 0; beside < 10; ++beside)
        {
            expect_normal(border + beside);
            expect_normal(border - beside);
        }
    for (std::uint64_t bits = 0; bits < 10; ++bits)
    {
        expect_normal(bits);
        expect_normal(all_ones - bits);
    }
}

TEST(normal, is_odd_and_ends_where_it_says)
{
    auto draw = derive(7, stream("normal"), 0);
    for (int i = 0; i < draws; ++i)
    {
        const auto bits = draw.next() | 1;
        ASSERT_EQ(normal_q32(bits), -normal_q32(0 - bits)) << bits;
    }
    EXPECT_NEAR(std::ldexp(static_cast<double>(normal_q32(0)), -32), -9.08, .01);
    EXPECT_EQ(normal_q32(0), normal_q32(1));
    EXPECT_EQ(normal_q32(std::uint64_t{1} << 63), 0);
}

TEST(normal, does_not_fall_by_more_than_one_unit)
{
    auto draw = derive(8, stream("normal"), 0);
    const auto check = [](std::uint64_t bits)
    {
        ASSERT_GE(normal_q32(bits + 2), normal_q32(bits) - 1) << bits;
        const auto further = bits + (std::min(bits, 0 - bits) >> 20) + 2;
        ASSERT_GE(normal_q32(further), normal_q32(bits)) << bits;
    };
    for (int i = 0; i < draws; ++i)
        check(std::min(of_any_length(draw), all_ones - 2));
    for (const auto border : borders)
        for (std::uint64_t beside = 0; beside < 100; ++beside)
        {
            check(border + beside);
            check(border - beside);
        }
}

TEST(normal, of_uniform_bits_is_normally_distributed)
{
    auto draw = derive(9, stream("normal"), 0);
    constexpr int n = 400'000;
    long double sum = 0;
    long double squares = 0;
    int within = 0;
    for (int i = 0; i < n; ++i)
    {
        const auto z = std::ldexp(static_cast<long double>(normal_q32(draw.next())), -32);
        sum += z;
        squares += z * z;
        within += std::abs(z) < 1 ? 1 : 0;
    }
    EXPECT_NEAR(static_cast<double>(sum / n), 0, 3.29 / std::sqrt(n));
    EXPECT_NEAR(static_cast<double>(squares / n), 1, 3.29 * std::sqrt(2.0 / n));
    EXPECT_NEAR(static_cast<double>(within) / n, .682689, 3.29 * std::sqrt(.682689 * .317311 / n));
}

TEST(fixed, the_bounds_of_these_tests_are_not_wide)
{
    // Another function that is off by a few units of its last place is found.
    EXPECT_GT(std::abs(std::ldexp(static_cast<long double>(ln_q56(3) + 4), -56) - std::log(3.0L)), two_to(-55));
    EXPECT_GT(std::abs(std::ldexp(static_cast<long double>(normal_q32(all_ones / 3) + 3), -32) + .43072729929545749L),
              two_to(-31));
    const auto e = exp_q56(std::int64_t{1} << 56);
    EXPECT_GT(std::abs(std::ldexp(static_cast<long double>(e.mantissa + 20), e.exponent - 63) / std::exp(1.0L) - 1),
              two_to(-60));
}

}  // namespace
}  // namespace bazaar
