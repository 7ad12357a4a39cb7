#include "scenario/thelook/lives.hpp"

#include <algorithm>

#include "bazaar/base/fixed.hpp"
#include "bazaar/base/random.hpp"
#include "bazaar/scenario/kit/weighted.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

/// Delay of a step: `least` and an exponential of mean `mean`, at most `most`. Seconds at scale 1.
struct delay
{
    std::uint64_t least, mean, most;
};

/// By step; the first stands for none.
constexpr std::array<delay, 5> delays{{{0, 0, 0}, {5, 15, 60}, {10, 20, 90}, {3, 10, 45}, {15, 30, 120}}};

constexpr chance cancels{5, 100};
constexpr chance returns{2, 100};

}  // namespace

std::uint32_t order_size(std::uint64_t seed, std::uint64_t order)
{
    auto r = derive(seed, stream("order size"), order);
    return 1 + static_cast<std::uint32_t>(kit::pick(r, std::array<std::uint32_t, 4>{70, 20, 5, 5}));
}

life draw_life(std::uint64_t seed, std::uint64_t order, const configuration& c)
{
    auto r = derive(seed, stream("order life"), order);
    if (!c.step.happens(r.next()))
        return {};
    if (cancels.happens(r.next()))
        return {step::cancelled};
    if (!c.step.happens(r.next()))
        return {step::shipped};
    if (!c.step.happens(r.next()) || !returns.happens(r.next()))
        return {step::shipped, step::delivered};
    return {step::shipped, step::delivered, step::returned};
}

std::int64_t delay_before(std::uint64_t seed, std::uint64_t order, step what, std::uint64_t scale_milli)
{
    constexpr std::uint64_t second = 1'000'000;
    const delay& d = delays[static_cast<std::size_t>(what)];
    auto r = derive(seed, stream("order delay"), order * 8 + static_cast<std::uint64_t>(what));
    const std::uint64_t us = d.least * second +
                             scaled(exponential_q32(r.next()), d.mean * second, std::uint64_t{1} << 32);
    return static_cast<std::int64_t>(scaled(std::min(us, d.most * second), scale_milli, 1000)) + 1;
}

double mean_life(double share, std::uint64_t scale_milli)
{
    const auto mean = [&](step what)
    {
        const delay& d = delays[static_cast<std::size_t>(what)];
        return static_cast<double>((d.least + d.mean) * scale_milli) / 1e3;
    };
    const double behind = mean(step::delivered) + share * .02 * mean(step::returned);
    return share * (.05 * mean(step::cancelled) + .95 * (mean(step::shipped) + share * behind));
}

std::int64_t first_update_after(const configuration& c)
{
    return static_cast<std::int64_t>(scaled((delays[1].least + delays[1].mean) * 1'000'000, c.scale_milli, 1000));
}

}  // namespace bazaar::scenario::thelook
