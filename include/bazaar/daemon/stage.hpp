#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/daemon/settings.hpp"
#include "bazaar/run/record.hpp"
#include "bazaar/run/record_reader.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::daemon
{

/// A scenario with the seed files that it reads from.
struct stage
{
    std::vector<std::unique_ptr<std::string>> files;
    std::unique_ptr<scenario::scenario> shop;
};

/// The scenario of a recorded run: one of this program, or that of the file which the run carries.
///
/// Lifetime: of the process. Errors: `config` if this program has none; `data` for a file that it does not understand.
[[nodiscard]] const scenario::entry& entry_of(const run::record& of);
[[nodiscard]] const scenario::entry& entry_of(const run::scenario_record& of);

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

/// Replaces what was made of the command line by the scenario of the recorded run, where it is another one.
///
/// Errors: `config` if the command line names another text of it.
void take_recorded(const settings& opts, const run::record& recorded, stage& made);

/// How long before now a new run begins if the command line does not say it. Errors: `usage` for a --history beside it.
[[nodiscard]] microseconds past_of(const settings& opts, const scenario::scenario& shop);

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

/// Fields of the scenario of a run.
[[nodiscard]] std::span<const scenario::field> fields_of(const run::record& of);

/// Errors: `usage` if tables of the scenario go to PostgreSQL and to Kafka: a run writes to one of them.
void refuse_two_targets(const scenario::scenario& shop);

/// Errors: `usage` for tables that go to Kafka: what is loaded in bulk goes to PostgreSQL.
void refuse_topics(const scenario::scenario& shop);

}  // namespace bazaar::daemon
