#pragma once

#include <string>
#include <vector>

#include "bazaar/scenario/settings.hpp"

namespace bazaar::scenario::thelook
{

/// Lines for people on how fast the tables grow under these settings, and where that ends.
[[nodiscard]] std::vector<std::string> growth(const settings& now);

}  // namespace bazaar::scenario::thelook
