#pragma once

#include <cstdint>

#include "bazaar/base/random.hpp"
#include "bazaar/scenario/kit/rate_curve.hpp"
#include "bazaar/scenario/state.hpp"

namespace bazaar::scenario::kit
{

/// Arrivals of a Poisson process on the planner's own time, in microseconds from 0.
///
/// Stores the unit-mean exponential of the current gap, so that a new rate takes effect at once and exactly: the rest
/// of the gap is rescaled, nothing is drawn again. A curve changes the rate in the same way at the end of each stretch.
class arrivals
{
public:
    /// `rate_micro` is the rate in arrivals per 10^6 seconds, above zero; `curve`, which lives as long, is a factor on it.
    arrivals(std::uint64_t seed, stream name, std::uint64_t rate_micro, const rate_curve* curve = nullptr);

    /// When the next arrival is due.
    [[nodiscard]] std::int64_t next() const noexcept { return static_cast<std::int64_t>(next_q32_ >> 32); }

    /// The next arrival has come: its gap is over, the next begins.
    void advance();

    /// From `at` on, not after `next`, arrivals come at another rate.
    void set_rate(std::uint64_t rate_micro, std::int64_t at);

    [[nodiscard]] std::uint64_t digest() const noexcept;

    void save(state_writer& to) const;
    void load(state_reader& from) noexcept;

private:
    using wide = unsigned __int128;

    void aim() noexcept;
    void aim_along_curve() noexcept;

    /// How much of a unit-mean gap passes in this time at that factor, and since `from_q32_`.
    [[nodiscard]] wide used(wide time_q32, std::uint64_t factor_q32) const noexcept;
    [[nodiscard]] wide used_until(wide moment) const noexcept;

    std::uint64_t seed_;
    stream stream_;
    std::uint64_t rate_micro_;
    const rate_curve* curve_;
    std::uint64_t count_ = 0;    ///< Gaps drawn.
    std::uint64_t gap_q32_ = 0;  ///< What is left of the unit-mean gap, as of `from_q32_`.
    wide from_q32_ = 0;          ///< Microseconds, with 32 binary digits: rates above 10,000/s keep their mean.
    wide next_q32_ = 0;
};

}  // namespace bazaar::scenario::kit
