#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "bazaar/base/id.hpp"

namespace bazaar::verify
{

/// Units of which something was seen. The highest one says how far a run has come, but an id may be forged or astray: it is
/// believed only where others are near, or where it demands nothing.
class seen_units
{
public:
    void add(unit_no unit) { seen_.insert(unit); }

    /// Units below `unit` were not looked at: that none was seen there says nothing.
    void not_below(unit_no unit) { looked_from_ = std::max(looked_from_, unit); }

    [[nodiscard]] bool contains(unit_no unit) const { return seen_.contains(unit); }

    /// How many of the units from `first` to before `end` are not there.
    using gap_size = std::function<unit_no(unit_no first, unit_no end)>;

    /// The highest unit that is believed. A unit is sent when all those `window` before it are settled; those below `floor`
    /// are. Without `missing` all units of a gap are
    /// taken for missing.
    [[nodiscard]] std::optional<unit_no> believed(unit_no window, unit_no floor, const gap_size& missing = {}) const;

private:
    std::set<unit_no> seen_;
    unit_no looked_from_ = 0;
};

}  // namespace bazaar::verify
