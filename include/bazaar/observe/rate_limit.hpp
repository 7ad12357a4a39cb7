#pragma once

#include <algorithm>
#include <chrono>

namespace bazaar::observe
{

/// A token bucket: limits the rate per second and the burst.
///
/// Threads: one.
class rate_limit
{
public:
    using moment = std::chrono::steady_clock::time_point;

    rate_limit(double a_second, double at_once) : rate_(a_second), most_(at_once), left_(at_once) {}

    /// Takes `cost` from the bucket, or returns false. A cost above the bucket's size takes all of it.
    [[nodiscard]] bool take(moment now, double cost = 1)
    {
        if (now > last_)
        {
            left_ = std::min(most_, left_ + rate_ * std::chrono::duration<double>(now - last_).count());
            last_ = now;
        }
        cost = std::min(cost, most_);
        if (left_ < cost)
            return false;
        left_ -= cost;
        return true;
    }

private:
    const double rate_;
    const double most_;
    double left_;
    moment last_{};
};

}  // namespace bazaar::observe
