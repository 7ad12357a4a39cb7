#pragma once

#include <cstdint>
#include <span>

#include "bazaar/base/random.hpp"
#include "bazaar/scenario/settings.hpp"

namespace bazaar::scenario::thelook
{

[[nodiscard]] std::span<const field> fields();

/// The settings that shape the plan, as the planner uses them.
struct configuration
{
    explicit configuration(const settings& given);

    std::uint64_t rate_micro;  ///< Ticks per 10^6 seconds.
    std::uint64_t initial_users;
    std::uint64_t active_users;
    chance user_created, user_moved, ghost, user_erased;
    chance step;                ///< Share with which each step of a life happens.
    std::int64_t retain;        ///< Age at which what is over is removed, in microseconds; 0: never.
    std::uint64_t scale_milli;  ///< Factor on the delays of a life, in thousandths.
    std::int64_t touch_us;      ///< Between two price changes; 0: there are none.
    bool retail_calendar;
    std::uint64_t growth_milli;  ///< What a year adds to the rate, in thousandths of it.
};

/// The share with which orders go on from each state, so that their mean number of steps is p / 10^9, for 0 <= p <= `steps_mean_most`.
[[nodiscard]] double share_of_steps(std::int64_t updates_nano);

/// The share under these settings, 0 to 1.
[[nodiscard]] double step_share(const settings& given);

}  // namespace bazaar::scenario::thelook
