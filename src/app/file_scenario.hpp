#pragma once

#include <span>
#include <string>

#include "bazaar/scenario/scenario.hpp"

namespace bazaar::app
{

/// The scenario of the file that a word of --scenario means; null where it means none.
///
/// Lifetime: of the process. Errors: `data` for what is wrong with the file, all problems at once; `no_input`.
[[nodiscard]] const scenario::entry* file_scenario(const std::string& name, std::span<const scenario::entry> others);

/// The same scenario as these settings make its tables.
[[nodiscard]] const scenario::entry& file_scenario(const scenario::entry& of, const scenario::settings& configuration);

}  // namespace bazaar::app
