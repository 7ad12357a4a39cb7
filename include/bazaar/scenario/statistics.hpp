#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

/// Tests of samples against distributions: how likely is it that a right sample deviates so far?
///
/// Without libm, in plain floating point: nothing is generated from these numbers, they only judge.
namespace bazaar::scenario::statistics
{

[[nodiscard]] double natural_log(double x) noexcept;  ///< x > 0. To 10^-15 of itself.
[[nodiscard]] double exponential(double x) noexcept;  ///< The same.
[[nodiscard]] double root(double x) noexcept;         ///< x >= 0.
[[nodiscard]] double log_gamma(double x) noexcept;    ///< x > 0.

/// The share of a gamma variate of shape `a` above `x`.
[[nodiscard]] double gamma_above(double a, double x) noexcept;

/// The share of a beta variate below `x`.
[[nodiscard]] double beta_below(double a, double b, double x) noexcept;

/// The share of a standard normal variate below `z`.
[[nodiscard]] double normal_below(double z) noexcept;

/// What a test says. `p` is the probability of such a deviation, or a greater one, in a sample that is right.
struct outcome
{
    double statistic = 0;
    double p = 1;
    std::size_t freedom = 0;  ///< Of chi-square.
};

/// Below this a sample does not fit. So rare that a right file with a hundred distributions fails in one sample of ten thousand.
inline constexpr double significance = 1e-6;

/// Pearson's test. Cells that expect less than five are taken together; in a cell that expects nothing, nothing may be.
/// `bound` is how many numbers were taken from the sample: 1 where the expected add up to its size by construction.
[[nodiscard]] outcome chi_square(std::span<const double> observed, std::span<const double> expected,
                                 std::size_t bound = 1);

/// The same where the variance of a cell is not what it expects.
[[nodiscard]] outcome chi_square(std::span<const double> observed, std::span<const double> expected,
                                 std::span<const double> variances, std::size_t bound);

/// The exact binomial test of both sides: `hits` of `tries`, for a probability of `share`.
[[nodiscard]] outcome binomial(std::uint64_t hits, std::uint64_t tries, double share) noexcept;

/// The exact test of both sides of a Poisson variate.
[[nodiscard]] outcome poisson(std::uint64_t count, double mean) noexcept;

/// How far z deviations from the mean are, on both sides.
[[nodiscard]] outcome deviations(double z) noexcept;

/// Kolmogorov and Smirnov's test of numbers that are evenly spread from 0 to 1.
[[nodiscard]] outcome kolmogorov(std::vector<double> numbers);

/// Of several tests the one that fits worst, corrected for their number.
[[nodiscard]] outcome worst(std::span<const outcome> all) noexcept;

/// A rank from 1 on among so many.
struct rank_draw
{
    std::uint64_t rank = 1;
    std::uint64_t among = 1;
};

struct zipf_estimate
{
    double alpha = 0;
    double error = 0;  ///< Standard error.
};

/// The exponent of Zipf's law under which these ranks are most likely.
[[nodiscard]] zipf_estimate zipf_exponent(std::span<const rank_draw> draws);

}  // namespace bazaar::scenario::statistics
