// What the operation of an event is called, and what it rules out.

#pragma once

#include <string_view>

#include "bazaar/verify/event.hpp"

namespace bazaar::verify
{

[[nodiscard]] std::string_view name_of(change_event::kind what) noexcept;

/// What an event says that its operation rules out; empty where it has the rows that it must have.
[[nodiscard]] std::string_view contradiction(const change_event& e) noexcept;

}  // namespace bazaar::verify
