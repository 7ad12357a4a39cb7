#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace bazaar::scenario::declared
{

/// The present rule of a time zone, as `kit::time_zone` reads it, by its IANA name ("America/New_York"). It holds for all years, whatever
/// tzdata this machine has.
[[nodiscard]] std::optional<std::string_view> zone_rule(std::string_view name);

/// All that are known, sorted.
[[nodiscard]] std::vector<std::string_view> zone_names();

/// The one nearest to a wrong name.
[[nodiscard]] std::string_view nearest_zone(std::string_view name);

}  // namespace bazaar::scenario::declared
