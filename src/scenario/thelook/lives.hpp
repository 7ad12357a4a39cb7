#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "bazaar/base/id.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/scenario/scenario.hpp"
#include "scenario/thelook/edition.hpp"
#include "scenario/thelook/fields.hpp"
#include "scenario/thelook/states.hpp"

namespace bazaar::scenario::thelook
{

/// When an order was bought and took each of its steps, in their order; zero: it did not.
using moments = std::array<time, steps_most + 1>;

/// Bits of the numbers that are kept of orders: rows and units, address changes of a user, moments since 1970.
inline constexpr std::size_t row_bits = 40, moves_bits = 24, moment_bits = 53;
static_assert(row_end >> row_bits == 1 && no_unit >> row_bits == 0 && times_end.us >> moment_bits == 0);

/// Number of items of an order, 1 to 4.
[[nodiscard]] std::uint32_t order_size(std::uint64_t seed, std::uint64_t order);

/// The last state that an order comes to, drawn at its creation with the configuration of that moment.
[[nodiscard]] state_no draw_life(std::uint64_t seed, std::uint64_t order, const configuration& c);

/// Time between the step to a state and the one before it, in microseconds; at least one.
[[nodiscard]] std::int64_t delay_before(edition rules, std::uint64_t seed, std::uint64_t order, state_no to,
                                        std::uint64_t scale_milli);

/// Mean time from a purchase to its first update, in microseconds; what a user is told at the start.
[[nodiscard]] std::int64_t first_update_after(const configuration& c);

/// Mean time from a purchase to the last update of the order, in seconds; for people.
[[nodiscard]] double mean_life(double share, std::uint64_t scale_milli);

}  // namespace bazaar::scenario::thelook
