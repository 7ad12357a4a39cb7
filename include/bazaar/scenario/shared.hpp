#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>

#include "bazaar/scenario/settings.hpp"

namespace bazaar::scenario
{

/// The flag, with its value, because of which a run of these settings must be the only one in its schema. Nothing if
/// there is no such flag.
[[nodiscard]] std::optional<std::string> shared_flag(std::span<const std::pair<std::string, std::string>> recorded,
                                                     std::span<const field> fields);

}  // namespace bazaar::scenario
