#pragma once

#include <cstdint>

#include "bazaar/scenario/scenario.hpp"

namespace bazaar::scenario::thelook
{

/// The theLook shop: users, orders, items and sessions of a clothing shop.
[[nodiscard]] const entry& registration();

/// Version of the generated data. Since version 3, if there is a shift or a new rate between a move and its purchase,
/// the session comes from the new home. Runs of version 2 continue with the older rule.
inline constexpr std::uint32_t version_now = 3;

/// The older version that can still be planned; 0 if its tables are others, so that none can.
inline constexpr std::uint32_t version_before = 2;

[[nodiscard]] constexpr bool is_older(std::uint32_t version) noexcept
{
    return version_before != 0 && version == version_before;
}

/// Maximum time from the first to the last event of a session. `events.created_at` is at most this much before the
/// commit, and a user buys only after reaching this age.
inline constexpr microseconds session_max = std::chrono::minutes(10);

}  // namespace bazaar::scenario::thelook
