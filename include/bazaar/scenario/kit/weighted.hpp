#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bazaar/base/random.hpp"

namespace bazaar::scenario::kit
{

/// Weighted choice among numbered things by cumulative integer weights; any contiguous range can be chosen from.
class weighted
{
public:
    weighted() = default;

    void push(std::uint64_t weight) { sums_.push_back(sums_.back() + weight); }

    [[nodiscard]] std::size_t size() const noexcept { return sums_.size() - 1; }
    [[nodiscard]] std::uint64_t total() const noexcept { return sums_.back(); }

    [[nodiscard]] std::uint64_t weight(std::size_t first, std::size_t last) const noexcept
    {
        return sums_[last] - sums_[first];
    }

    /// Number of a thing, chosen by its weight. The total weight is above zero.
    [[nodiscard]] std::size_t pick(random& draw) const noexcept { return pick(draw, 0, size()); }

    /// Chooses among [first, last), whose weight is above zero.
    [[nodiscard]] std::size_t pick(random& draw, std::size_t first, std::size_t last) const noexcept
    {
        const std::uint64_t x = sums_[first] + draw.below(weight(first, last));
        const auto begin = sums_.begin() + static_cast<std::ptrdiff_t>(first) + 1;
        const auto end = sums_.begin() + static_cast<std::ptrdiff_t>(last) + 1;
        return static_cast<std::size_t>(std::upper_bound(begin, end, x) - sums_.begin()) - 1;
    }

private:
    std::vector<std::uint64_t> sums_{0};
};

/// A weighted choice among few things.
template <std::size_t N>
[[nodiscard]] constexpr std::size_t pick(random& draw, const std::array<std::uint32_t, N>& weights) noexcept
{
    std::uint64_t total = 0;
    for (const auto w : weights)
        total += w;
    std::uint64_t x = draw.below(total);
    for (std::size_t i = 0; i + 1 < N; ++i)
    {
        if (x < weights[i])
            return i;
        x -= weights[i];
    }
    return N - 1;
}

}  // namespace bazaar::scenario::kit
