#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bazaar/daemon/settings.hpp"
#include "bazaar/run/record_reader.hpp"
#include "bazaar/scenario/scenario.hpp"

// Which scenario a command is about: that of the run where there is one, else the one of the command line.

namespace bazaar::daemon
{

/// Errors: `config` where the command line asks for another scenario than that of the run, `usage` where it is that of --card.
void check_scenario(const settings& opts, const run::record& recorded);

/// What the command line asks for that a run of this scenario cannot give, a line each: another scenario, or fields of one. `whose` is
/// what has it, "run main".
[[nodiscard]] std::vector<std::string> misfits(const settings& opts, std::string_view scenario, std::string_view whose);

/// Makes them those for a run of this scenario. Fields of another one are as if nobody had given them.
void take_scenario(settings& opts, const scenario::entry& of);

/// Makes them those for the run of their card: --run and --scenario are as the card has them.
///
/// Errors: those of `read_card`; `usage` where one of these was given, and is another one, or a field of another scenario.
void take_card(settings& opts);

/// The scenario whose tables are in the place: that of the run where it is recorded, else of the place's other runs, else the one of the
/// command line. Asks with care: nothing need be trusted yet.
///
/// Errors: `config` where the command line asks for another one.
[[nodiscard]] const scenario::entry& scenario_in(run::record_reader& in, const settings& opts);

/// That of the run where it is recorded, else the one of the command line. Errors: `config` with the `misfits`.
[[nodiscard]] const scenario::entry& scenario_of_run(run::record_reader& in, const settings& opts);

}  // namespace bazaar::daemon
