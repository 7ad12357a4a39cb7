#include "bazaar/scenario/statistics.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <map>

namespace bazaar::scenario::statistics
{
namespace
{

constexpr double ln_2 = 0.693147180559945309417;
constexpr double tiny = 1e-300;
constexpr double close_enough = 1e-15;
constexpr int steps_most = 1'000'000;

double absolute(double x) noexcept
{
    return x < 0 ? -x : x;
}

/// x^k.
double power(double x, int k) noexcept
{
    double made = 1;
    for (int i = 0; i < k; ++i)
        made *= x;
    return made;
}

/// The continued fraction of the incomplete beta function, by Lentz' method.
double beta_fraction(double a, double b, double x) noexcept
{
    const auto kept = [](double y) { return absolute(y) < tiny ? tiny : y; };
    double c = 1;
    double d = 1 / kept(1 - (a + b) * x / (a + 1));
    double h = d;
    for (int m = 1; m < steps_most; ++m)
    {
        const double k = m;
        const double even = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k));
        d = 1 / kept(1 + even * d);
        c = kept(1 + even / c);
        h *= d * c;
        const double odd = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1));
        d = 1 / kept(1 + odd * d);
        c = kept(1 + odd / c);
        const double factor = d * c;
        h *= factor;
        if (absolute(factor - 1) < close_enough)
            break;
    }
    return h;
}

double both_sides(double below, double above) noexcept
{
    return std::min(1.0, 2 * std::min(below, above));
}

struct cell
{
    double observed = 0;
    double expected = 0;
    double variance = 0;
};

constexpr double least_expected = 5;

/// Cells that expect enough, and one of all others.
std::vector<cell> pooled(std::span<const double> observed, std::span<const double> expected,
                         std::span<const double> variances)
{
    std::vector<cell> made;
    cell rest;
    const auto add = [](cell& to, const cell& one)
    {
        to.observed += one.observed;
        to.expected += one.expected;
        to.variance += one.variance;
    };
    for (std::size_t i = 0; i < observed.size(); ++i)
    {
        const cell one{observed[i], expected[i], variances[i]};
        if (one.expected >= least_expected)
            made.push_back(one);
        else
            add(rest, one);
    }
    if (rest.expected >= least_expected)
        made.push_back(rest);
    else if (rest.expected > 0 && !made.empty())
        add(*std::ranges::min_element(made, {}, &cell::expected), rest);
    return made;
}

}  // namespace

double natural_log(double x) noexcept
{
    const auto bits = std::bit_cast<std::uint64_t>(x);
    auto exponent = static_cast<int>(bits >> 52 & 0x7ff) - 1023;
    auto mantissa = std::bit_cast<double>((bits & ((std::uint64_t{1} << 52) - 1)) | std::uint64_t{1023} << 52);
    if (mantissa > 1.41421356237309504880)
    {
        mantissa /= 2;
        ++exponent;
    }
    const double t = (mantissa - 1) / (mantissa + 1);
    double sum = 0;
    for (int k = 25; k >= 1; k -= 2)
        sum = sum * t * t + 1.0 / k;
    return exponent * ln_2 + 2 * t * sum;
}

double exponential(double x) noexcept
{
    if (x < -708)
        return 0;
    if (x > 709)
        return std::numeric_limits<double>::infinity();
    const auto whole = static_cast<int>(x / ln_2 + (x < 0 ? -0.5 : 0.5));
    // In two parts, the first of which is exact in the product.
    const double rest = (x - whole * 0.6931471803691238) - whole * 1.9082149292705877e-10;
    double sum = 1;
    for (int k = 16; k >= 1; --k)
        sum = 1 + sum * rest / k;
    return sum * std::bit_cast<double>(static_cast<std::uint64_t>(whole + 1023) << 52);
}

double root(double x) noexcept
{
    if (x <= 0)
        return 0;
    const double near = exponential(natural_log(x) / 2);
    return (near + x / near) / 2;
}

double log_gamma(double x) noexcept
{
    double shift = 0;
    for (; x < 15; ++x)
        shift += natural_log(x);
    constexpr double half_ln_2_pi = 0.918938533204672741780;
    const double series = 1 / (12 * x) - 1 / (360 * power(x, 3)) + 1 / (1260 * power(x, 5)) - 1 / (1680 * power(x, 7));
    return (x - 0.5) * natural_log(x) - x + half_ln_2_pi + series - shift;
}

double gamma_above(double a, double x) noexcept
{
    if (x <= 0)
        return 1;
    const double scale = exponential(a * natural_log(x) - x - log_gamma(a));
    if (x < a + 1)
    {
        double term = 1 / a;
        double sum = term;
        for (double k = a + 1; term > sum * close_enough; ++k)
        {
            term *= x / k;
            sum += term;
        }
        return std::clamp(1 - sum * scale, 0.0, 1.0);
    }
    double b = x + 1 - a;
    double c = 1 / tiny;
    double d = 1 / b;
    double h = d;
    for (int i = 1; i < steps_most; ++i)
    {
        const double an = -i * (i - a);
        b += 2;
        d = an * d + b;
        d = 1 / (absolute(d) < tiny ? tiny : d);
        c = b + an / c;
        c = absolute(c) < tiny ? tiny : c;
        h *= d * c;
        if (absolute(d * c - 1) < close_enough)
            break;
    }
    return std::clamp(h * scale, 0.0, 1.0);
}

double beta_below(double a, double b, double x) noexcept
{
    if (x <= 0)
        return 0;
    if (x >= 1)
        return 1;
    const double scale = exponential(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * natural_log(x) +
                                     b * natural_log(1 - x));
    const double found = x < (a + 1) / (a + b + 2) ? scale * beta_fraction(a, b, x) / a
                                                   : 1 - scale * beta_fraction(b, a, 1 - x) / b;
    return std::clamp(found, 0.0, 1.0);
}

double normal_below(double z) noexcept
{
    const double beyond = gamma_above(0.5, z * z / 2) / 2;
    return z > 0 ? 1 - beyond : beyond;
}

outcome chi_square(std::span<const double> observed, std::span<const double> expected, std::size_t bound)
{
    return chi_square(observed, expected, expected, bound);
}

outcome chi_square(std::span<const double> observed, std::span<const double> expected,
                   std::span<const double> variances, std::size_t bound)
{
    outcome made;
    for (std::size_t i = 0; i < observed.size(); ++i)
        if (expected[i] <= 0 && observed[i] > 0)
            made.p = 0;
    const auto cells = pooled(observed, expected, variances);
    made.freedom = cells.size() > bound ? cells.size() - bound : 0;
    for (const auto& one : cells)
        made.statistic += (one.observed - one.expected) * (one.observed - one.expected) / one.variance;
    if (made.p > 0 && made.freedom > 0)
        made.p = gamma_above(static_cast<double>(made.freedom) / 2, made.statistic / 2);
    return made;
}

outcome binomial(std::uint64_t hits, std::uint64_t tries, double share) noexcept
{
    outcome made;
    made.statistic = tries == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(tries);
    if (tries == 0)
        return made;
    if (share <= 0 || share >= 1)
    {
        made.p = hits == (share <= 0 ? 0 : tries) ? 1 : 0;
        return made;
    }
    const auto k = static_cast<double>(hits);
    const auto n = static_cast<double>(tries);
    const double at_most = hits == tries ? 1 : beta_below(n - k, k + 1, 1 - share);
    const double at_least = hits == 0 ? 1 : beta_below(k, n - k + 1, share);
    made.p = both_sides(at_most, at_least);
    return made;
}

outcome poisson(std::uint64_t count, double mean) noexcept
{
    outcome made;
    made.statistic = static_cast<double>(count);
    if (mean <= 0)
    {
        made.p = count == 0 ? 1 : 0;
        return made;
    }
    const auto k = static_cast<double>(count);
    const double at_least = count == 0 ? 1 : 1 - gamma_above(k, mean);
    made.p = both_sides(gamma_above(k + 1, mean), at_least);
    return made;
}

outcome deviations(double z) noexcept
{
    return {.statistic = z, .p = gamma_above(0.5, z * z / 2)};
}

outcome kolmogorov(std::vector<double> numbers)
{
    outcome made;
    if (numbers.empty())
        return made;
    std::ranges::sort(numbers);
    const auto n = static_cast<double>(numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i)
    {
        const auto place = static_cast<double>(i);
        made.statistic = std::max({made.statistic, numbers[i] - place / n, (place + 1) / n - numbers[i]});
    }
    const double lambda = (root(n) + 0.12 + 0.11 / root(n)) * made.statistic;
    if (lambda < 0.2)
        return made;
    double sum = 0;
    for (int k = 1; k <= 100; ++k)
    {
        const double term = exponential(-2.0 * k * k * lambda * lambda);
        sum += k % 2 == 1 ? term : -term;
    }
    made.p = std::clamp(2 * sum, 0.0, 1.0);
    return made;
}

outcome worst(std::span<const outcome> all) noexcept
{
    if (all.empty())
        return {};
    auto made = *std::ranges::min_element(all, {}, &outcome::p);
    made.p = std::min(1.0, made.p * static_cast<double>(all.size()));
    return made;
}

namespace
{

/// Over all draws: the sum of what the logarithm of a rank is on the average, and of its variance.
struct log_moments
{
    double mean = 0;
    double variance = 0;
};

log_moments moments_of(const std::map<std::uint64_t, double>& by_size, std::span<const double> logs, double alpha)
{
    log_moments made;
    double weight = 0;
    double first = 0;
    double second = 0;
    std::uint64_t rank = 1;
    for (const auto& [size, draws] : by_size)
    {
        for (; rank <= size; ++rank)
        {
            const double share = exponential(-alpha * logs[rank]);
            weight += share;
            first += share * logs[rank];
            second += share * logs[rank] * logs[rank];
        }
        const double mean = first / weight;
        made.mean += draws * mean;
        made.variance += draws * (second / weight - mean * mean);
    }
    return made;
}

}  // namespace

zipf_estimate zipf_exponent(std::span<const rank_draw> draws)
{
    std::map<std::uint64_t, double> by_size;
    std::uint64_t most = 1;
    for (const auto& one : draws)
    {
        by_size[one.among] += 1;
        most = std::max(most, one.among);
    }
    std::vector<double> logs(most + 1);
    for (std::uint64_t k = 2; k <= most; ++k)
        logs[k] = natural_log(static_cast<double>(k));
    double found = 0;
    for (const auto& one : draws)
        found += logs[one.rank];
    // The mean of the logarithm falls where alpha grows.
    double low = 0;
    double high = 20;
    for (int i = 0; i < 40; ++i)
    {
        const double middle = (low + high) / 2;
        (moments_of(by_size, logs, middle).mean > found ? low : high) = middle;
    }
    zipf_estimate made{.alpha = (low + high) / 2};
    const auto variance = moments_of(by_size, logs, made.alpha).variance;
    made.error = variance > 0 ? 1 / root(variance) : std::numeric_limits<double>::infinity();
    return made;
}

}  // namespace bazaar::scenario::statistics
