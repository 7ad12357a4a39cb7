#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bazaar/app/options.hpp"
#include "bazaar/run/record.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::app
{

/// A scenario with the seed files that it reads from.
struct stage
{
    std::vector<std::unique_ptr<std::string>> files;
    std::unique_ptr<scenario::scenario> shop;
};

/// Makes the scenario from given settings. Errors: `data` and `no_input` for the files of `seed_dir`, `usage` for settings.
[[nodiscard]] stage make_stage(const std::string& run, std::uint64_t seed, const scenario::settings& configuration,
                               const std::string& seed_dir);

/// The scenario of a recorded run.
///
/// Errors: `config` when this program has another version of the scenario or of its seed data than the run was made with.
[[nodiscard]] stage make_stage(const run::record& recorded, const std::string& seed_dir);

/// For those who need to know the tables alone: no run, no seed file of the user.
[[nodiscard]] stage stage_of_no_run();

/// What the command line says of a new run; its start is left open.
[[nodiscard]] run::record new_record(const options& opts, std::uint64_t seed, const scenario::scenario& shop);

/// 64 bits from the operating system.
[[nodiscard]] std::uint64_t random_seed();

/// T0 that makes the run's last tick happen at `now`: decides it once, from 0. `now` as soon as `stopped` says so.
///
/// Errors: `usage` where no run begins so early, or the plan has fewer ticks.
[[nodiscard]] time start_to_end_at(const scenario::scenario& shop, std::uint64_t ticks, time now,
                                   const std::function<bool()>& stopped = {});

/// Fields of a scenario by its name.
[[nodiscard]] std::span<const scenario::field> fields_of(std::string_view scenario);

}  // namespace bazaar::app
