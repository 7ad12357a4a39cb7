#include "seen_units.hpp"

namespace bazaar::verify
{
namespace
{

/// So many units near each other are believed whatever is missing below them.
constexpr unit_no many = 256;

/// Fewer must be one for so many that are missing below, and some more.
constexpr unit_no missing_each = 64, some = 3;

}  // namespace

std::optional<unit_no> seen_units::believed(unit_no window, unit_no floor, const gap_size& missing) const
{
    for (auto top = seen_.rbegin(); top != seen_.rend();)
    {
        // A group whose units are no further apart than a run's may be.
        auto low = top;
        unit_no count = 1;
        auto next = std::next(low);
        for (; next != seen_.rend() && *low - *next <= window; ++next, ++count)
            low = next;
        const auto below = std::max(floor, next == seen_.rend() ? 0 : *next);
        if (*low <= looked_from_ || *low <= below + window)
            return *top;
        // Those that the lowest one of the group has waited for.
        const auto gap = missing ? missing(below, *low - window) : *low - window - below;
        if (gap == 0 || count >= std::min(many, some + gap / missing_each))
            return *top;
        top = next;
    }
    return std::nullopt;
}

}  // namespace bazaar::verify
