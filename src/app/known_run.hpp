#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "bazaar/app/options.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/run/record.hpp"

namespace bazaar::app
{

/// A run to look at: recorded in a database, or made of the command line alone.
struct known_run
{
    run::record recorded;
    daemon::stage made;
};

/// What the command line says, with a random seed where it says none.
[[nodiscard]] known_run run_of_flags(const options& opts);

/// The runs of the schema with their logs, or that of the card; nothing when the command line alone is meant: with --seed, or
/// where no database was named and none answers.
///
/// Errors: those of the session, of `load` and of `read_card`.
[[nodiscard]] std::optional<std::vector<run::record>> known_runs(const options& opts);

/// The run of --run among those, or the one of the command line; the log then tells what repeats it.
///
/// Errors: those of `known_runs` and `make_stage`.
[[nodiscard]] known_run run_to_plan(const options& opts);

/// Does what walks a plan as far as --units says. Errors: `usage` where the plan has no such unit.
void within_units(const options& opts, const std::function<void()>& walk);

}  // namespace bazaar::app
