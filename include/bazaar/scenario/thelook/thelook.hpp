#pragma once

#include "bazaar/scenario/scenario.hpp"

namespace bazaar::scenario::thelook
{

/// The theLook shop: users, orders, items and sessions of a clothing shop.
[[nodiscard]] const entry& registration();

/// Longest time from the first to the last event of a session. `events.created_at` is never later than that behind the
/// commit, and a user buys only after this age.
inline constexpr microseconds session_max = std::chrono::minutes(10);

}  // namespace bazaar::scenario::thelook
