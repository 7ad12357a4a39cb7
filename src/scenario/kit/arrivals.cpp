#include "bazaar/scenario/kit/arrivals.hpp"

#include <algorithm>

#include "bazaar/base/fixed.hpp"

namespace bazaar::scenario::kit
{
namespace
{

/// Microseconds of a mean gap times 10^6: mean gap = 10^12 / rate_micro.
constexpr std::uint64_t us_micro = 1'000'000'000'000;

}  // namespace

arrivals::arrivals(std::uint64_t seed, stream name, std::uint64_t rate_micro, const rate_curve* curve)
    : seed_(seed), stream_(name), rate_micro_(rate_micro), curve_(curve)
{
    advance();
}

void arrivals::advance()
{
    from_q32_ = next_q32_;
    gap_q32_ = exponential_q32(derive(seed_, stream_, count_++).next());
    aim();
}

void arrivals::set_rate(std::uint64_t rate_micro, std::int64_t at)
{
    const wide now = static_cast<wide>(at) << 32;
    if (now > from_q32_)
    {
        const wide consumed = used_until(now);
        gap_q32_ -= consumed < gap_q32_ ? static_cast<std::uint64_t>(consumed) : gap_q32_;
        from_q32_ = now;
    }
    rate_micro_ = rate_micro;
    aim();
}

std::uint64_t arrivals::digest() const noexcept
{
    return mix(mix(mix(count_) + static_cast<std::uint64_t>(next_q32_)) + static_cast<std::uint64_t>(next_q32_ >> 64)) +
           rate_micro_;
}

void arrivals::save(state_writer& to) const
{
    to.put(rate_micro_);
    to.put(count_);
    to.put(gap_q32_);
    to.put(static_cast<std::uint64_t>(from_q32_));
    to.put(static_cast<std::uint64_t>(from_q32_ >> 64));
}

void arrivals::load(state_reader& from) noexcept
{
    rate_micro_ = from.get();
    if (rate_micro_ == 0)
        rate_micro_ = from.fail() + 1;
    count_ = from.get();
    gap_q32_ = from.get();
    from_q32_ = from.get();
    from_q32_ |= static_cast<wide>(from.get()) << 64;
    aim();
}

arrivals::wide arrivals::used(wide time_q32, std::uint64_t factor_q32) const noexcept
{
    return (time_q32 * rate_micro_ / us_micro * factor_q32) >> 32;
}

arrivals::wide arrivals::used_until(wide moment) const noexcept
{
    if (curve_ == nullptr)
        return (moment - from_q32_) * rate_micro_ / us_micro;
    wide sum = 0;
    for (wide at = from_q32_, end = at; at < moment; at = end)
    {
        const auto stretch = curve_->at(static_cast<std::int64_t>(at >> 32));
        end = std::min(moment, static_cast<wide>(stretch.end) << 32);
        sum += used(end - at, stretch.factor_q32);
    }
    return sum;
}

void arrivals::aim_along_curve() noexcept
{
    wide at = from_q32_;
    for (auto left = gap_q32_;;)
    {
        const auto stretch = curve_->at(static_cast<std::int64_t>(at >> 32));
        const wide end = static_cast<wide>(stretch.end) << 32;
        const wide needed = (static_cast<wide>(left) * us_micro / rate_micro_ << 32) / stretch.factor_q32;
        if (stretch.end == INT64_MAX || needed < end - at)
        {
            next_q32_ = at + needed;
            return;
        }
        const wide gone = used(end - at, stretch.factor_q32);
        left -= gone < left ? static_cast<std::uint64_t>(gone) : left;
        at = end;
    }
}

void arrivals::aim() noexcept
{
    if (curve_ != nullptr)
    {
        aim_along_curve();
        return;
    }
    next_q32_ = from_q32_ + static_cast<wide>(gap_q32_) * us_micro / rate_micro_;
}

}  // namespace bazaar::scenario::kit
