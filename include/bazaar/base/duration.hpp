#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bazaar/base/time.hpp"

namespace bazaar
{

/// "500ms", "10s", "5m", "2h", "90d"; a plain number counts seconds. Returns nothing if the text is not a duration, or
/// is below zero.
[[nodiscard]] std::optional<microseconds> parse_duration(std::string_view text);

/// Prints a duration, zero or more, as a user would type it: in the largest unit of which it is a whole number.
[[nodiscard]] std::string to_string(microseconds duration);

}  // namespace bazaar
