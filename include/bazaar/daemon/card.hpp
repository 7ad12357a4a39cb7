#pragma once

#include <string>

#include "bazaar/daemon/settings.hpp"
#include "bazaar/run/record.hpp"

namespace bazaar::daemon
{

/// What reproduces a run without its database, as JSON: seed, start, configuration, versions, control log, checkpoints.
[[nodiscard]] std::string card_text(const run::record& recorded);

/// The run of a card; its schema is left open.
///
/// Errors: `no_input` when the file cannot be read, `data` with a line for each thing that is wrong in it.
[[nodiscard]] run::record read_card(const std::string& file);

/// The run of --card, as `read_card` has it; `usage` when --run was given and is another one.
[[nodiscard]] run::record given_card(const settings& opts);

/// Whether both plan the same units, as far as neither log goes beyond the other.
[[nodiscard]] bool of_same_plan(const run::record& a, const run::record& b);

}  // namespace bazaar::daemon
