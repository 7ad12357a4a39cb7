#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace bazaar::run
{

/// Counts of durations in microseconds, in buckets no wider than 1/16 of their value.
///
/// Threads: not synchronised; use one per thread and merge them.
class histogram
{
public:
    void add(std::uint64_t us) noexcept
    {
        ++counts_[bucket(us)];
        ++total_;
        sum_ += us;
        max_ = us > max_ ? us : max_;
    }

    void merge(const histogram& other) noexcept;

    /// Upper bound of the bucket below which a share `q` of all values lies; 0 if empty. 0 <= q <= 1.
    [[nodiscard]] std::uint64_t quantile(double q) const noexcept;

    [[nodiscard]] std::uint64_t count() const noexcept { return total_; }
    [[nodiscard]] std::uint64_t max() const noexcept { return max_; }
    [[nodiscard]] std::uint64_t sum() const noexcept { return sum_; }

private:
    static constexpr std::size_t size = 61 * 16;

    /// Values below 16 have a bucket each; above, each power of two has sixteen.
    [[nodiscard]] static std::size_t bucket(std::uint64_t us) noexcept
    {
        if (us < 16)
            return static_cast<std::size_t>(us);
        const auto power = static_cast<std::size_t>(std::bit_width(us)) - 5;
        return (power + 1) * 16 + static_cast<std::size_t>((us >> power) & 15);
    }

    std::array<std::uint64_t, size> counts_{};
    std::uint64_t total_ = 0, sum_ = 0, max_ = 0;
};

}  // namespace bazaar::run
