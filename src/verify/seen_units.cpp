#include "seen_units.hpp"

#include <algorithm>

namespace bazaar::verify
{
namespace
{

/// So many units are believed whatever is missing below them.
constexpr unit_no many = 256;

/// Fewer must be one for so many that are missing below, and some more.
constexpr unit_no missing_each = 64, some = 3;

}  // namespace

std::optional<unit_no> seen_units::believed(unit_no window, unit_no floor, const gap_size& missing) const
{
    const auto believes = [&](auto top)
    {
        const auto demanded = *top + 1 - std::min(*top + 1, window);
        unit_no count = 0;
        for (auto at = top; at != seen_.rend() && *at >= floor; ++at)
        {
            if (++count >= many || *at <= looked_from_)
                return true;
            const auto below = std::next(at);
            const auto from = std::max(floor, below == seen_.rend() ? 0 : *below + 1);
            const auto to = std::min(*at, demanded);
            const auto gap = from >= to ? 0 : missing ? missing(from, to) : to - from;
            if (gap > 0 && count < some + gap / missing_each)
                return false;
        }
        return true;
    };
    for (auto top = seen_.rbegin(); top != seen_.rend(); ++top)
        if (believes(top))
            return *top;
    return std::nullopt;
}

}  // namespace bazaar::verify
