#pragma once

#include <cstdint>

#include "bazaar/base/random.hpp"

namespace bazaar::scenario::kit
{

/// Ranks 1, 2, 3, …, of which rank k is drawn with a share that goes as k^-alpha. Any number of ranks, which may grow between draws: there is
/// no table.
///
/// Algorithm: rejection-inversion (Hörmann and Derflinger 1996), in integers; 1.0 to 1.2 tries a draw.
/// Limits: alpha from 1.01 to 10, up to 2^40 ranks. A share is off by 10^-6 of itself at most; one below 2^-60 is never drawn.
class zipf
{
public:
    /// `alpha` in units of 10^-6. Errors: throws `error` where it is out of range.
    explicit zipf(std::uint64_t alpha_micro);

    /// One of the ranks 1 to `ranks`; at least one, at most 2^40.
    [[nodiscard]] std::uint64_t pick(random& draw, std::uint64_t ranks) const noexcept;

private:
    /// (twice / 2)^-(alpha - 1), in Q60; the area right of it goes as that.
    [[nodiscard]] std::uint64_t area_beyond(std::uint64_t twice) const noexcept;

    std::uint64_t alpha_micro_;
    std::uint64_t beta_micro_;  ///< alpha - 1
    std::uint64_t beta_q60_;
    std::uint64_t all_q60_;  ///< Where rank 1 begins.
};

}  // namespace bazaar::scenario::kit
