#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/daemon/settings.hpp"
#include "bazaar/run/record.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::daemon
{

/// A scenario with the seed files that it reads from.
struct stage
{
    std::vector<std::unique_ptr<std::string>> files;
    std::unique_ptr<scenario::scenario> shop;
};

/// The scenario of this name. Errors: `config` if this program has none.
[[nodiscard]] const scenario::entry& entry_named(std::string_view name);

/// Makes a scenario from given settings. Errors: `data` and `no_input` for the files of `seed_dir`, `usage` for
/// settings.
[[nodiscard]] stage make_stage(const scenario::entry& of, const std::string& run, std::uint64_t seed,
                               const scenario::settings& configuration, const std::string& seed_dir);

/// The scenario that the command line asks for. Errors: as for `make_stage`.
[[nodiscard]] stage stage_of(const settings& opts, std::uint64_t seed);

/// The scenario of a recorded run.
///
/// Errors: `config` if this program has another version of the scenario or of its seed data than the run was made with.
[[nodiscard]] stage make_stage(const run::record& recorded, const std::string& seed_dir);

/// The record of a new run, from the command line; its start is not set.
[[nodiscard]] run::record new_record(const settings& opts, std::uint64_t seed, const scenario::scenario& shop);

/// 64 bits from the operating system.
[[nodiscard]] std::uint64_t random_seed();

/// The T0 for which the run's last tick happens at `now`: decides the plan once, from 0. Returns `now` as soon as
/// `stopped` returns true.
///
/// Errors: `usage` if no run can begin so early, or the plan has fewer ticks.
[[nodiscard]] time start_to_end_at(const scenario::scenario& shop, std::uint64_t ticks, time now,
                                   const std::function<bool()>& stopped = {});

/// Fields of a scenario by its name.
[[nodiscard]] std::span<const scenario::field> fields_of(std::string_view scenario);

}  // namespace bazaar::daemon
