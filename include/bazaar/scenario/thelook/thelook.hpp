#pragma once

#include <cstdint>

#include "bazaar/scenario/scenario.hpp"

namespace bazaar::scenario::thelook
{

/// The theLook shop: users, orders, items and sessions of a clothing shop.
[[nodiscard]] const entry& registration();

/// Of what is generated. Since version 3, a shift or a new rate between a move and its purchase puts the session into the new home. Runs
/// of version 2 go on by the older rule.
inline constexpr std::uint32_t version_now = 3;
inline constexpr std::uint32_t version_before = 2;

/// Longest time from the first to the last event of a session. `events.created_at` is never later than that behind the
/// commit, and a user buys only after this age.
inline constexpr microseconds session_max = std::chrono::minutes(10);

}  // namespace bazaar::scenario::thelook
