#pragma once

#include <cstdint>

namespace bazaar
{

/// -ln(u) for u = (bits | 1) / 2^64, in units of 2^-32: a unit-mean exponential variate from 64 uniform bits.
///
/// Integers only: libm's results differ in the last bits on a CPU without FMA, and one bit in a gap can change a
/// microsecond. Error below 2^-30; the largest value is 64 ln 2, about 44.4.
[[nodiscard]] std::uint64_t exponential_q32(std::uint64_t bits) noexcept;

/// `value` * `numerator` / `denominator`, rounded down, without overflow in between. `denominator` > 0.
[[nodiscard]] constexpr std::uint64_t scaled(std::uint64_t value, std::uint64_t numerator,
                                             std::uint64_t denominator) noexcept
{
    return static_cast<std::uint64_t>(static_cast<unsigned __int128>(value) * numerator / denominator);
}

}  // namespace bazaar
