#pragma once

#include <span>
#include <string_view>

#include "bazaar/scenario/scenario.hpp"

namespace bazaar::scenario
{

/// All scenarios of this program, with unique names. A program with other scenarios, such as a test program, defines
/// this function itself.
[[nodiscard]] std::span<const entry> registry();

/// The scenario of a command line that does not name one.
inline constexpr std::string_view default_name = "thelook";
[[nodiscard]] const entry& default_entry();

/// The scenario of this name; null if there is none.
[[nodiscard]] const entry* find(std::string_view name);
[[nodiscard]] const entry* find(std::span<const entry> among, std::string_view name);

}  // namespace bazaar::scenario
