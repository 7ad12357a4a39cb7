#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bazaar/scenario/settings.hpp"

namespace bazaar::scenario::thelook
{

/// Lines for people on how fast the tables grow and change under these settings, with so many products, and where that ends.
[[nodiscard]] std::vector<std::string> growth(const settings& now, std::size_t products);

}  // namespace bazaar::scenario::thelook
