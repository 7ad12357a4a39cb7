#pragma once

#include <cstdint>

#include "bazaar/scenario/scenario.hpp"

namespace bazaar::scenario::thelook
{

/// The theLook shop: users, orders, items and sessions of a clothing shop.
[[nodiscard]] const entry& registration();

/// Version of the generated data. Since version 4, users keep their browsers and addresses, sessions and users have one
/// vocabulary of traffic sources, sessions that cancel or return look at no product, most new users buy soon, a purchase
/// goes to the place of its session, and no delay is cut off. Runs of version 3 continue with its rules.
inline constexpr std::uint32_t version_now = 4;

/// The older version that can still be planned; 0 if its tables are others, so that none can.
inline constexpr std::uint32_t version_before = 3;

[[nodiscard]] constexpr bool is_older(std::uint32_t version) noexcept
{
    return version_before != 0 && version == version_before;
}

/// Maximum time from the first to the last event of a session. `events.created_at` is at most this much before the
/// commit, and a user buys only after reaching this age.
inline constexpr microseconds session_max = std::chrono::minutes(10);

}  // namespace bazaar::scenario::thelook
