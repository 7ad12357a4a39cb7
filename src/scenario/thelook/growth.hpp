#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bazaar/base/time.hpp"
#include "bazaar/scenario/settings.hpp"

namespace bazaar::scenario::thelook
{

/// Lines for people on how fast the tables grow and change under these settings, with so many products, and where that ends.
[[nodiscard]] std::vector<std::string> growth(const settings& now, std::size_t products);

/// As `scenario::ends_within`.
[[nodiscard]] std::string ends_within(const settings& now, std::optional<microseconds> time,
                                      std::optional<std::uint64_t> ticks);

}  // namespace bazaar::scenario::thelook
