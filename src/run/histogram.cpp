#include "bazaar/run/histogram.hpp"

#include <algorithm>

namespace bazaar::run
{

void histogram::merge(const histogram& other) noexcept
{
    for (std::size_t i = 0; i < counts_.size(); ++i)
        counts_[i] += other.counts_[i];
    total_ += other.total_;
    sum_ += other.sum_;
    max_ = std::max(max_, other.max_);
}

std::uint64_t histogram::quantile(double q) const noexcept
{
    const double wanted = q * static_cast<double>(total_);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i)
    {
        seen += counts_[i];
        if (counts_[i] > 0 && static_cast<double>(seen) >= wanted)
        {
            if (i < 16)
                return i;
            const auto power = i / 16 - 1;
            return std::min(max_, ((16 + i % 16 + 1) << power) - 1);
        }
    }
    return 0;
}

}  // namespace bazaar::run
