#include "bazaar/scenario/kit/zipf.hpp"

#include <algorithm>

#include "bazaar/base/error.hpp"
#include "bazaar/base/fixed.hpp"

namespace bazaar::scenario::kit
{
namespace
{

constexpr std::uint64_t million = 1'000'000;

/// one * e^(-ln(twice / 2) * factor / 10^6): a power with a negative exponent.
std::uint64_t times_power(std::uint64_t one, std::uint64_t twice, std::uint64_t factor_micro) noexcept
{
    const auto exponent = static_cast<__int128>(ln_q56(twice, 1)) * static_cast<std::int64_t>(factor_micro) / million;
    constexpr auto nothing = static_cast<__int128>(100) << 56;  // e^-100: none of 64 bits is left.
    return exponent > nothing ? 0 : times_exp(one, -static_cast<std::int64_t>(exponent));
}

}  // namespace

// A number g falls evenly on the area below the curve x^-alpha, times beta and counted from its far end: at x it is x^-beta, and rank k
// has all from x = k - 1/2 to k + 1/2. The curve is convex, so that is more than the rank's share, k^-alpha: what is beyond is drawn again.

zipf::zipf(std::uint64_t alpha_micro)
    : alpha_micro_(alpha_micro),
      beta_micro_(alpha_micro - million),
      beta_q60_(scaled(std::uint64_t{1} << 60, beta_micro_, million)),
      all_q60_(0)
{
    expect(alpha_micro >= 1'010'000 && alpha_micro <= 10'000'000, "alpha is from 1.01 to 10");
    // Of rank 1 there is no more than its share.
    all_q60_ = area_beyond(3) + beta_q60_;
}

std::uint64_t zipf::area_beyond(std::uint64_t twice) const noexcept
{
    return times_power(std::uint64_t{1} << 60, twice, beta_micro_);
}

std::uint64_t zipf::pick(random& draw, std::uint64_t ranks) const noexcept
{
    const auto least = area_beyond(2 * ranks + 1);
    for (;;)
    {
        const auto area = least + 1 + draw.below(all_q60_ - least);
        // x = area^(-1 / beta).
        const auto ln_x = -static_cast<__int128>(ln_q56(area, 60)) * million / static_cast<std::int64_t>(beta_micro_);
        constexpr auto most = static_cast<__int128>(30) << 56;  // e^30, beyond 2^40 ranks.
        const auto x_q20 = times_exp(std::uint64_t{1} << 20,
                                     static_cast<std::int64_t>(std::clamp<__int128>(ln_x, 0, most)));
        const auto rank = std::clamp<std::uint64_t>((x_q20 + (1 << 19)) >> 20, 1, ranks);
        if (area <= area_beyond(2 * rank + 1) + times_power(beta_q60_, 2 * rank, alpha_micro_))
            return rank;
    }
}

}  // namespace bazaar::scenario::kit
