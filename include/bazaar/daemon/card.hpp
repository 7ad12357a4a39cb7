#pragma once

#include <string>

#include "bazaar/daemon/settings.hpp"
#include "bazaar/run/record.hpp"

namespace bazaar::daemon
{

/// What is needed to reproduce a run without its database, as JSON: seed, start, configuration, versions, control log,
/// checkpoints.
[[nodiscard]] std::string card_text(const run::record& recorded);

/// The run of a card; its schema is not set.
///
/// Errors: `no_input` if the file cannot be read, `data` with a line for each problem in it.
[[nodiscard]] run::record read_card(const std::string& file);

/// The run of --card, as from `read_card`; `usage` if --run was given and names another one.
[[nodiscard]] run::record given_card(const settings& opts);

/// Whether both plan the same units, as far as both logs go.
[[nodiscard]] bool of_same_plan(const run::record& a, const run::record& b);

}  // namespace bazaar::daemon
