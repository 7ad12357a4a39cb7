#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace bazaar::run
{

/// Counts of durations in a few fixed buckets, as a monitoring system stores them.
///
/// Threads: not synchronised; a shared one needs a lock.
class buckets
{
public:
    /// Upper bounds, inclusive, in microseconds; one more bucket counts longer durations.
    static constexpr std::array<std::uint64_t, 16> bounds{
        500,     1'000,   2'500,     5'000,     10'000,    25'000,     50'000,     100'000,
        250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000, 30'000'000, 60'000'000};

    void add(std::uint64_t us) noexcept
    {
        ++counts_[static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), us) - bounds.begin())];
        sum_ += us;
    }

    void merge(const buckets& other) noexcept
    {
        for (std::size_t i = 0; i < counts_.size(); ++i)
            counts_[i] += other.counts_[i];
        sum_ += other.sum_;
    }

    [[nodiscard]] std::uint64_t at(std::size_t bucket) const noexcept { return counts_[bucket]; }
    [[nodiscard]] std::uint64_t sum() const noexcept { return sum_; }

private:
    std::array<std::uint64_t, bounds.size() + 1> counts_{};
    std::uint64_t sum_ = 0;
};

}  // namespace bazaar::run
