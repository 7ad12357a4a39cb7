#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bazaar/base/id.hpp"
#include "bazaar/base/time.hpp"

namespace bazaar::model
{

/// One entry of the control log, which changes the plan from `unit` on. Append-only; committed before the first unit
/// planned under it is sent.
struct control
{
    enum class kind : std::uint8_t
    {
        set,     ///< A steerable field of the configuration has a new value.
        shift,   ///< Business time moves forward relative to the planner's own time, by `value` microseconds.
        load,    ///< Bulk-loaded below `unit`.
        ddl,     ///< Schema version from `unit` on.
        reject,  ///< `unit` was refused for good.
    };

    unit_no unit = 0;
    kind what = kind::shift;
    std::uint16_t field = 0;  ///< For `set`: number of the scenario's field.
    std::int64_t value = 0;   ///< In the field's own units; a shift in microseconds.
    time at;                  ///< For `set`: the business time from which it applies; not before that of the last unit.
};

[[nodiscard]] std::string_view name(control::kind what) noexcept;
[[nodiscard]] std::optional<control::kind> control_kind(std::string_view name) noexcept;

}  // namespace bazaar::model
