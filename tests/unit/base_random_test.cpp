#include "bazaar/base/random.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "bazaar/base/fixed.hpp"

namespace bazaar
{
namespace
{

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

void expect_sequence(random draw, const std::array<std::uint64_t, 4>& expected)
{
    for (const auto word : expected)
        EXPECT_EQ(draw.next(), word);
}

TEST(random, sequences_are_fixed)
{
    // The first is SplitMix64's published sequence for seed 0. Any change here makes every run another one.
    expect_sequence(random(0), {0xe220a8397b1dcdafU, 0x6e789e6aa1b965f4U, 0x06c45d188009454fU, 0xf88bb8a8724c81ecU});
    expect_sequence(derive(0, stream("arrivals"), 0),
                    {0x3a332e5449da673cU, 0x06faf77f425c6f0aU, 0xf696b33bb7b532afU, 0xd1d45429293abf8aU});
    expect_sequence(derive(0xfeedfacecafebeefU, stream("basket"), 123'456'789),
                    {0x260bdea90e07c0cfU, 0xec17c0a27197e8f2U, 0xbb316f6e4c54d721U, 0xde26f3f156c029efU});
    EXPECT_EQ(stream("").number, 0xcbf29ce484222325U);
    EXPECT_EQ(stream::named("orders.total").number, stream("orders.total").number);
    EXPECT_EQ(stream::named("reading.caf\xc3\xa9").number, stream("reading.caf\xc3\xa9").number);
    EXPECT_EQ(stream("arrivals").number, 0xb10bc22ca203cc53U);
}

TEST(random, streams_and_indices_are_different_sequences)
{
    std::set<std::uint64_t> first;
    for (std::uint64_t index = 0; index < 10'000; ++index)
    {
        EXPECT_TRUE(first.insert(derive(1, stream("a"), index).next()).second);
        EXPECT_TRUE(first.insert(derive(1, stream("b"), index).next()).second);
        EXPECT_TRUE(first.insert(derive(2, stream("a"), index).next()).second);
    }
}

TEST(random, below_and_between_stay_in_range_and_reach_its_ends)
{
    auto draw = derive(3, stream("range"), 0);
    std::array<int, 7> seen{};
    for (int i = 0; i < 10'000; ++i)
    {
        const auto n = draw.between(-3, 3);
        ASSERT_GE(n, -3);
        ASSERT_LE(n, 3);
        ++seen[static_cast<std::size_t>(n + 3)];
    }
    for (const int count : seen)
        EXPECT_NEAR(count, 10'000 / 7, 3.29 * std::sqrt(10'000.0 / 7 * 6 / 7));
    EXPECT_EQ(draw.below(0), 0U);
    EXPECT_EQ(draw.below(1), 0U);
    EXPECT_EQ(draw.between(5, 5), 5);
    const auto wide = draw.between(std::numeric_limits<std::int64_t>::min() / 2,
                                   std::numeric_limits<std::int64_t>::max() / 2);
    EXPECT_GE(wide, std::numeric_limits<std::int64_t>::min() / 2);
}

TEST(chance, never_always_and_the_threshold_between)
{
    EXPECT_FALSE(chance().happens(0));
    EXPECT_FALSE(chance(0, 1).happens(0));
    EXPECT_TRUE(chance(1, 1).happens(most));
    EXPECT_TRUE(chance(7, 7).happens(most));
    constexpr chance half(1, 2);
    EXPECT_TRUE(half.happens(0));
    EXPECT_TRUE(half.happens((most >> 1)));
    EXPECT_FALSE(half.happens((most >> 1) + 1));
    EXPECT_TRUE(chance(1, 1'000'000'000).happens(18'446'744'072U));
    EXPECT_FALSE(chance(1, 1'000'000'000).happens(18'446'744'073U));
    EXPECT_FALSE(chance(most - 1, most).happens(most));
    EXPECT_TRUE(chance(most - 1, most).happens(most - 2));
}

TEST(chance, happens_as_often_as_it_says)
{
    constexpr int n = 100'000;
    for (const std::uint64_t permille : {1U, 50U, 310U, 969U})
    {
        auto draw = derive(4, stream("chance"), permille);
        const chance c(permille, 1000);
        int count = 0;
        for (int i = 0; i < n; ++i)
            count += c.happens(draw.next()) ? 1 : 0;
        const double p = static_cast<double>(permille) / 1000;
        EXPECT_NEAR(count, n * p, 3.29 * std::sqrt(n * p * (1 - p)));
    }
}

// ---- exponential_q32

/// The largest error against the logarithm of long double, as a multiple of 2^-29.
double exponential_error(std::uint64_t bits)
{
    const long double u = static_cast<long double>(bits | 1) * std::pow(2.0L, -64);
    const long double found = static_cast<long double>(exponential_q32(bits)) * std::pow(2.0L, -32);
    return static_cast<double>(std::fabs(found + std::log(u)) * std::pow(2.0L, 29));
}

TEST(exponential, is_the_logarithm_to_29_binary_digits)
{
    double worst = 0;
    const auto check = [&](std::uint64_t bits) { worst = std::max(worst, exponential_error(bits)); };
    for (int shift = 0; shift < 64; ++shift)
    {
        const std::uint64_t power = std::uint64_t{1} << shift;
        for (std::int64_t near = -3; near <= 3; ++near)
            check(power + static_cast<std::uint64_t>(near));
        // Both ends of every cell of the table, in every octave.
        for (std::uint64_t cell = 256; cell < 512; ++cell)
            for (std::int64_t near = -1; near <= 1; ++near)
                check(((cell << 55) >> shift) + static_cast<std::uint64_t>(near));
    }
    auto draw = derive(5, stream("logarithm"), 0);
    for (int i = 0; i < 300'000; ++i)
        check(draw.next() >> draw.below(64));
    EXPECT_LT(worst, 1.0);
}

TEST(exponential, extremes_are_fixed)
{
    EXPECT_EQ(exponential_q32(most), 0U);
    EXPECT_EQ(exponential_q32(0), 190'530'846'196U);  // 64 ln 2
    EXPECT_EQ(exponential_q32(1), 190'530'846'196U);
    EXPECT_EQ(exponential_q32(std::uint64_t{1} << 63), 2'977'044'471U);  // ln 2
    EXPECT_EQ(exponential_q32(0x123456789abcdef0U), 11'353'796'212U);
}

TEST(exponential, never_grows_with_its_argument)
{
    std::uint64_t before = exponential_q32(0);
    for (std::uint64_t i = 1; i < 200'000; ++i)
    {
        const auto now = exponential_q32(i * (most / 200'000));
        ASSERT_LE(now, before);
        before = now;
    }
}

TEST(scaled, multiplies_without_overflow_and_rounds_down)
{
    EXPECT_EQ(scaled(most, most, most), most);
    EXPECT_EQ(scaled(10, 1, 3), 3U);
    EXPECT_EQ(scaled(std::uint64_t{1} << 63, 6, 4), (std::uint64_t{1} << 62) * 3);
    EXPECT_EQ(scaled(0, most, 1), 0U);
}

}  // namespace
}  // namespace bazaar
