#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>

#include "bazaar/scenario/settings.hpp"

namespace bazaar::scenario
{

/// The flag, with its value, by which a run of these settings has its schema to itself. Nothing where there is none.
[[nodiscard]] std::optional<std::string> shared_flag(std::span<const std::pair<std::string, std::string>> recorded,
                                                     std::span<const field> fields);

}  // namespace bazaar::scenario
