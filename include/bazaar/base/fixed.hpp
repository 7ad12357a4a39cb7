#pragma once

#include <cstdint>

namespace bazaar
{

/// -ln(u) for u = (bits | 1) / 2^64, in units of 2^-32: a unit-mean exponential variate from 64 uniform bits.
///
/// Integers only: libm's results differ in the last bits on a CPU without FMA, and one bit in a gap can change a
/// microsecond. Error below 2^-30; the largest value is 64 ln 2, about 44.4.
[[nodiscard]] std::uint64_t exponential_q32(std::uint64_t bits) noexcept;

/// ln(value / 2^point) in units of 2^-56; `value` > 0, 0 <= point <= 64. From -44.4 to 44.4.
///
/// Error below 2^-55. Never falls by more than one unit where the value grows.
[[nodiscard]] std::int64_t ln_q56(std::uint64_t value, int point = 0) noexcept;

/// A positive number: mantissa * 2^(exponent - 63), 2^63 <= mantissa.
struct scaled_number
{
    std::uint64_t mantissa;
    int exponent;
};

/// e^x for x in units of 2^-56, so from e^-128 to e^128.
///
/// Relative error below 2^-60. Never falls by more than two units of its mantissa where x grows.
[[nodiscard]] scaled_number exp_q56(std::int64_t x) noexcept;

/// `value` * e^x to the nearest, but for the error of `exp_q56`; the largest number where it does not fit. x in units of 2^-56.
[[nodiscard]] std::uint64_t times_exp(std::uint64_t value, std::int64_t x) noexcept;

/// The normal quantile of u = (bits | 1) / 2^64, in units of 2^-32: a standard normal variate from 64 uniform bits.
///
/// Error below 2^-31; exactly odd around the middle, and from -9.1 to 9.1. Never falls by more than one unit where the bits grow.
/// Algorithm: Wichura's AS 241 (PPND16), its rational functions in integers.
[[nodiscard]] std::int64_t normal_q32(std::uint64_t bits) noexcept;

/// `value` * `numerator` / `denominator`, rounded down, without overflow in between. `denominator` > 0.
[[nodiscard]] constexpr std::uint64_t scaled(std::uint64_t value, std::uint64_t numerator,
                                             std::uint64_t denominator) noexcept
{
    return static_cast<std::uint64_t>(static_cast<unsigned __int128>(value) * numerator / denominator);
}

}  // namespace bazaar
