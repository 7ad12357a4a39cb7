#pragma once

#include <span>

#include "bazaar/scenario/scenario.hpp"

namespace bazaar::scenario
{

/// All scenarios of this program; the first is the default.
[[nodiscard]] std::span<const entry> registry();

}  // namespace bazaar::scenario
