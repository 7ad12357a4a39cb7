#include "scenario/thelook/lives.hpp"

#include <algorithm>

#include "bazaar/base/fixed.hpp"
#include "bazaar/base/random.hpp"
#include "bazaar/scenario/kit/weighted.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

/// Whether an order that goes on, and takes none of the steps that stand before this one, takes it.
constexpr auto taken_steps = []
{
    std::array<chance, states.size()> made{};
    for (std::size_t i = 1; i < states.size(); ++i)
    {
        std::uint32_t left = 100;
        for (std::size_t before = 1; before < i; ++before)
            left -= came_from[before] == came_from[i] ? states[before].percent : 0;
        made[i] = chance(states[i].percent, left);
    }
    return made;
}();

/// The state after this one, of an order that goes on; the same: it stays there.
state_no next_state(state_no at, random& draw)
{
    for (std::size_t i = at + 1U; i < states.size(); ++i)
        if (came_from[i] == at && states[i].percent != all_others && taken_steps[i].happens(draw.next()))
            return static_cast<state_no>(i);
    return most_go_to[at] != first_state ? most_go_to[at] : at;
}

/// Whether there is no step from a state.
constexpr auto ends = []
{
    std::array<bool, states.size()> made{};
    made.fill(true);
    for (std::size_t i = 1; i < states.size(); ++i)
        made[came_from[i]] = false;
    return made;
}();

constexpr std::uint64_t second = 1'000'000;

/// Of a delay, in microseconds at scale 1; for people. What would end behind `most` ends before it, so the mean is a little less than
/// that of the exponential.
double mean_us(state_no to)
{
    const delay& d = states[to].after;
    const double mean = static_cast<double>(d.mean) * second;
    const double most = static_cast<double>(d.most - d.least) * second;
    const double cut = static_cast<double>(times_exp(second, -static_cast<std::int64_t>(most / mean * 0x1p56))) /
                       second;
    return static_cast<double>(d.least) * second + mean - most * cut / (1 - cut);
}

}  // namespace

std::uint32_t order_size(std::uint64_t seed, std::uint64_t order)
{
    auto r = derive(seed, stream("order size"), order);
    return 1 + static_cast<std::uint32_t>(kit::pick(r, std::array<std::uint32_t, 4>{70, 20, 5, 5}));
}

state_no draw_life(std::uint64_t seed, std::uint64_t order, const configuration& c)
{
    auto r = derive(seed, stream("order life"), order);
    state_no at = first_state;
    while (!ends[at] && c.step.happens(r.next()))
    {
        const auto next = next_state(at, r);
        if (next == at)
            break;
        at = next;
    }
    return at;
}

std::int64_t delay_before(edition rules, std::uint64_t seed, std::uint64_t order, state_no to,
                          std::uint64_t scale_milli)
{
    const delay& d = states[to].after;
    auto r = derive(seed, stream("order delay"), order * 8 + to);
    const std::uint64_t most = (d.most - d.least) * second;
    const std::uint64_t drawn = scaled(exponential_q32(r.next()), d.mean * second, std::uint64_t{1} << 32);
    // An exponential forgets how long it has lasted: what is left behind the end is again one of those that end before it.
    const std::uint64_t more = rules == edition::older ? std::min(drawn, most) : drawn % most;
    return static_cast<std::int64_t>(scaled(d.least * second + more, scale_milli, 1000)) + 1;
}

double mean_life(double share, std::uint64_t scale_milli)
{
    double sum = 0;
    for (state_no s = 1; s < states.size(); ++s)
        sum += share_of(s, share) * mean_us(s);
    return sum * static_cast<double>(scale_milli) / 1e9;
}

std::int64_t first_update_after(const configuration& c)
{
    static_assert(most_go_to[first_state] != first_state, "most orders begin with the same step");
    return static_cast<std::int64_t>(mean_us(most_go_to[first_state]) * static_cast<double>(c.scale_milli) / 1000);
}

}  // namespace bazaar::scenario::thelook
