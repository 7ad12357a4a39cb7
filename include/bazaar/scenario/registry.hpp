#pragma once

#include <span>
#include <string_view>

#include "bazaar/scenario/scenario.hpp"

namespace bazaar::scenario
{

/// All scenarios of this program, each with a name of its own. A program with others, such as one of the tests, defines this itself.
[[nodiscard]] std::span<const entry> registry();

/// The scenario of a command line that names none.
inline constexpr std::string_view default_name = "thelook";
[[nodiscard]] const entry& default_entry();

/// The one of this name; null where there is none.
[[nodiscard]] const entry* find(std::string_view name);
[[nodiscard]] const entry* find(std::span<const entry> among, std::string_view name);

}  // namespace bazaar::scenario
