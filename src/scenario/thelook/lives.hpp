#pragma once

#include <array>
#include <cstdint>

#include "scenario/thelook/fields.hpp"

namespace bazaar::scenario::thelook
{

/// Number of items of an order, 1 to 4.
[[nodiscard]] std::uint32_t order_size(std::uint64_t seed, std::uint64_t order);

enum class step : std::uint8_t
{
    none,
    shipped,
    delivered,
    cancelled,
    returned,
};

/// The steps that an order takes, drawn at its creation with the configuration of that moment.
using life = std::array<step, 3>;

[[nodiscard]] life draw_life(std::uint64_t seed, std::uint64_t order, const configuration& c);

/// Time between a step and the one before it, in microseconds; at least one.
[[nodiscard]] std::int64_t delay_before(std::uint64_t seed, std::uint64_t order, step what, std::uint64_t scale_milli);

/// Mean time from a purchase to its first update, in microseconds; what a user is told at the start.
[[nodiscard]] std::int64_t first_update_after(const configuration& c);

/// Mean time from a purchase to the last update of the order, in seconds; for people.
[[nodiscard]] double mean_life(double share, std::uint64_t scale_milli);

}  // namespace bazaar::scenario::thelook
