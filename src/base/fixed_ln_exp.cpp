#include <array>
#include <bit>
#include <cstddef>
#include <limits>

#include "bazaar/base/fixed.hpp"

namespace bazaar
{
namespace
{

using word = std::uint64_t;
using two_words = unsigned __int128;

/// Numbers of 128 bits with so many behind the point: the tables are made of them, and are right in all of their own bits.
constexpr int fine = 118;

/// The high half of a product: of two fractions in Q64, their product in Q64.
constexpr word high(word a, word b)
{
    return static_cast<word>((static_cast<two_words>(a) * b) >> 64);
}

/// A number of the fine kind with `bits` behind the point, to the nearest.
constexpr two_words rounded(two_words number, int bits)
{
    return (number + (static_cast<two_words>(1) << (fine - bits - 1))) >> (fine - bits);
}

/// ln(top / bottom) for small numbers 1 <= top / bottom <= 2, by 2 artanh((top - bottom) / (top + bottom)).
constexpr two_words fine_ln(word top, word bottom)
{
    const word difference = top - bottom;
    const word sum = top + bottom;
    two_words power = (static_cast<two_words>(difference) << fine) / sum;
    two_words series = 0;
    for (word k = 1; power != 0; k += 2)
    {
        series += power / k;
        power = power / sum * difference;
        power = power / sum * difference;
    }
    return 2 * series;
}

/// e^(x / 256) for 0 <= x < 256, by its series.
constexpr two_words fine_exp(word x)
{
    two_words term = static_cast<two_words>(1) << fine;
    two_words series = 0;
    for (word n = 1; term != 0; ++n)
    {
        series += term;
        term = term * x / (256 * n);
    }
    return series;
}

struct segment
{
    word ln_q64;        ///< Of its lower end, 1 + i / 256.
    word inverse_q127;  ///< 2^127 / its lower end in Q63.
};

constexpr std::array<segment, 256> make_segments()
{
    std::array<segment, 256> made{};
    for (word i = 0; i < made.size(); ++i)
    {
        const two_words inverse = (static_cast<two_words>(1) << 127) / ((256 + i) << 55);
        made[i] = {static_cast<word>(rounded(fine_ln(256 + i, 256), 64)),
                   inverse >> 64 ? ~word{0} : static_cast<word>(inverse)};
    }
    return made;
}

/// e^(i / 256) in Q63, up to e^(177 / 256), which is the last below 2.
constexpr std::array<word, 178> make_powers()
{
    std::array<word, 178> made{};
    for (word i = 0; i < made.size(); ++i)
        made[i] = static_cast<word>(rounded(fine_exp(i), 63));
    return made;
}

constexpr auto segments = make_segments();
constexpr auto powers = make_powers();
constexpr auto ln2_q64 = static_cast<word>(rounded(fine_ln(2, 1), 64));
constexpr auto ln2_q96 = static_cast<__int128>(rounded(fine_ln(2, 1), 96));

/// 1 / n in Q64, n > 1.
constexpr word part(word n)
{
    return static_cast<word>(((static_cast<two_words>(1) << 64) + n / 2) / n);
}

/// ln(1 + r) for r < 2^-8, both in Q64: its series to r^7, as the next term is below 2^-66.
word ln_of_one_and(word r)
{
    word sum = part(7);
    for (word k = 6; k > 1; --k)
        sum = part(k) - high(r, sum);
    return r - high(r, high(r, sum));
}

/// e^r - 1 for r < 2^-8, both in Q64: its series to r^6, as the next term is below 2^-68.
word exp_less_one(word r)
{
    word sum = part(720);
    for (const word divisor : {word{120}, word{24}, word{6}, word{2}})
        sum = part(divisor) + high(r, sum);
    return r + high(r, high(r, sum));
}

}  // namespace

std::int64_t ln_q56(std::uint64_t value, int point) noexcept
{
    const int zeros = std::countl_zero(value);
    const word mantissa = value << zeros;  // In [2^63, 2^64), of a number in [1, 2).
    const auto index = static_cast<std::size_t>(mantissa >> 55 & 0xff);
    const auto& low = segments[index];
    const word rest = mantissa - ((256 + index) << 55);
    const auto r = static_cast<word>((static_cast<two_words>(rest) * low.inverse_q127) >> 63);
    const auto ln_mantissa = static_cast<__int128>(low.ln_q64) + ln_of_one_and(r);
    const auto sum = static_cast<__int128>(63 - zeros - point) * ln2_q64 + ln_mantissa;
    return static_cast<std::int64_t>((sum + (1 << 7)) >> 8);
}

scaled_number exp_q56(std::int64_t x) noexcept
{
    // x = exponent * ln 2 + rest, 0 <= rest < ln 2.
    const auto fraction = static_cast<__int128>(x) << 40;
    auto exponent = static_cast<int>(x / (std::int64_t{1} << 56) * 13 / 9);
    auto rest = fraction - exponent * ln2_q96;
    for (; rest < 0; --exponent)
        rest += ln2_q96;
    for (; rest >= ln2_q96; ++exponent)
        rest -= ln2_q96;
    const auto rest_q64 = static_cast<word>(rest >> 32);
    const word power = powers[rest_q64 >> 56];
    const two_words mantissa = static_cast<two_words>(power) +
                               high(power, exp_less_one(rest_q64 & ((word{1} << 56) - 1)));
    return {mantissa >> 64 ? ~word{0} : static_cast<word>(mantissa), exponent};
}

std::uint64_t times_exp(std::uint64_t value, std::int64_t x) noexcept
{
    const auto by = exp_q56(x);
    const auto product = static_cast<two_words>(value) * by.mantissa;
    const int shift = 63 - by.exponent;
    if (value == 0 || shift > 127)
        return 0;
    if (shift < 0)
        return std::numeric_limits<word>::max();
    // Half of the last bit that is kept; a product has room for it.
    const auto whole = shift == 0 ? product : (product >> shift) + (product >> (shift - 1) & 1);
    return whole >> 64 ? std::numeric_limits<word>::max() : static_cast<word>(whole);
}

}  // namespace bazaar
