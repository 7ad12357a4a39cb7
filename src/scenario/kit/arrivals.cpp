#include "bazaar/scenario/kit/arrivals.hpp"

#include "bazaar/base/fixed.hpp"

namespace bazaar::scenario::kit
{
namespace
{

/// Microseconds of a mean gap times 10^6: mean gap = 10^12 / rate_micro.
constexpr std::uint64_t us_micro = 1'000'000'000'000;

}  // namespace

arrivals::arrivals(std::uint64_t seed, stream name, std::uint64_t rate_micro)
    : seed_(seed), stream_(name), rate_micro_(rate_micro)
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
        const wide consumed = (now - from_q32_) * rate_micro_ / us_micro;
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

void arrivals::aim() noexcept
{
    next_q32_ = from_q32_ + static_cast<wide>(gap_q32_) * us_micro / rate_micro_;
}

}  // namespace bazaar::scenario::kit
