#pragma once

#include <cstdint>

namespace bazaar::scenario::kit
{

/// A factor on a rate over the planner's own time, constant in stretches.
class rate_curve
{
public:
    /// Up to `end`, in microseconds: INT64_MAX if it stays so. `factor_q32` is above zero, in units of 2^-32.
    struct stretch
    {
        std::int64_t end = 0;
        std::uint64_t factor_q32 = 0;
    };

    rate_curve() = default;
    rate_curve(const rate_curve&) = delete;
    rate_curve& operator=(const rate_curve&) = delete;
    virtual ~rate_curve() = default;

    /// The stretch that `at`, in microseconds, is in.
    [[nodiscard]] virtual stretch at(std::int64_t at) const = 0;
};

}  // namespace bazaar::scenario::kit
