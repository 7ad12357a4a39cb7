#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bazaar/daemon/settings.hpp"
#include "bazaar/run/record_reader.hpp"
#include "bazaar/scenario/scenario.hpp"

// The scenario that a command works on: that of the run if there is one, else the one of the command line.

namespace bazaar::daemon
{

/// Errors: `config` if the command line asks for another scenario than the run's, `usage` if the run is that of --card.
void check_scenario(const settings& opts, const run::record& recorded);

/// What the command line asks for that does not fit a run of this scenario, one line each: another scenario, or fields
/// of another one. `whose` says what has the scenario: "run main".
[[nodiscard]] std::vector<std::string> misfits(const settings& opts, std::string_view scenario, std::string_view whose);

/// What is wrong if the command line names another text of the run's scenario file than the run carries; else empty.
[[nodiscard]] std::string another_text(const settings& opts, const run::record& recorded);

/// The same of a recorded run, with its text.
[[nodiscard]] std::vector<std::string> misfits(const settings& opts, const run::record& recorded);

/// Changes the settings for a run of this scenario. Fields of another one are treated as not given.
void take_scenario(settings& opts, const scenario::entry& of);

/// Changes the settings for the run of their card, which determines --run and --scenario.
///
/// Errors: those of `read_card`; `usage` if one of these was given with another value, or a field of another scenario
/// was given.
void take_card(settings& opts);

/// The scenario whose tables are in the place: that of the run if it is recorded, else that of the place's other runs,
/// else the one of the command line. Can be called before any check of trust.
///
/// Errors: `config` if the command line asks for another one.
[[nodiscard]] const scenario::entry& scenario_in(run::record_reader& in, const settings& opts);

/// The scenario of the run if it is recorded, else the one of the command line. Errors: `config` with the `misfits`.
[[nodiscard]] const scenario::entry& scenario_of_run(run::record_reader& in, const settings& opts);

}  // namespace bazaar::daemon
