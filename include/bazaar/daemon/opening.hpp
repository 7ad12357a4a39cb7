#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "bazaar/base/id.hpp"
#include "bazaar/daemon/settings.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/run/last_inserts.hpp"
#include "bazaar/run/ledger.hpp"
#include "bazaar/run/reference_clock.hpp"
#include "bazaar/run/replan.hpp"
#include "bazaar/run/saved_plan.hpp"

namespace bazaar::daemon
{

/// A run with everything that belongs to it, ready to go on at its next unit. Its lease is ours.
struct opened_run
{
    stage made;
    run::record recorded;
    bool resumed = false;           ///< It was there before.
    bool done = false;              ///< It has all ticks that were asked for: nothing was taken or touched.
    std::int64_t epoch = 1;         ///< Of the lease.
    scenario::settings current;     ///< As the log has left them.
    unit_no replay_below = 0;       ///< Units below may have been sent before.
    std::vector<unit_no> rejected;  ///< By the log.
    id_codec ids;
    std::unique_ptr<scenario::planner> planner;
    run::replanner walk;
    run::last_inserts seen;        ///< Of the units that `plan_to` has decided.
    run::last_inserts::ends ends;  ///< As the tables were when the run was opened.

    /// `saved` without a plan: it begins at unit 0.
    opened_run(stage from, run::record what, std::int64_t lease, run::restored_plan saved);
    opened_run(const opened_run&) = delete;
    opened_run& operator=(const opened_run&) = delete;

    [[nodiscard]] const scenario::scenario& shop() const { return *made.shop; }

    /// `walk.forward_to`, with an eye on where the tables have to end.
    void plan_to(unit_no no);

    /// Errors: `config` where tables end before the units that were planned.
    void check_rows() const;
};

/// Connects, makes or checks the schema, finds the run or begins it, takes its lease, and plans up to its mark. Nothing when
/// `stop` was asked for.
///
/// Errors: throws what no waiting mends; `unavailable` when the server did not come within `--wait-for-db`.
[[nodiscard]] std::unique_ptr<opened_run> open_run(const settings& opts, run::ledger& to, run::reference_clock& clock,
                                                   const run::holder& by, const std::stop_token& stop);

/// A name for the sessions of one process with a run, no other process's: "bazaard/main/5f0c12ab".
[[nodiscard]] std::string new_session_name(std::string_view run);

/// Who this is, with sessions of that name.
[[nodiscard]] run::holder holder_of_this_process(const std::string& session_name);

/// Of a run that is about to be begun.
///
/// Errors: `config` where rows of a run of that name are there already, whose record is gone.
void check_no_rows(const settings& opts, run::ledger& to, const scenario::scenario& shop);

/// The run to be, as the command line or a card has it; `now` of the database. Of no use once `stopped` says so.
///
/// Errors: `usage` for a start or an end that no run can have; `data` for that of a card.
[[nodiscard]] run::record planned_record(const settings& opts, const scenario::scenario& shop, std::uint64_t seed,
                                         time now, const std::function<bool()>& stopped);

/// Refuses flags, a card and a program that would plan another run than the recorded one. Errors: `config`.
void check_same(const settings& opts, const run::record& recorded);

/// The configuration of a run as its log has left it.
[[nodiscard]] scenario::settings steered(const scenario::scenario& shop, std::span<const model::control> log);

/// What flags ask of a run that exists: fields to set from now on. Everything else that shapes the plan must be as recorded:
/// what is not goes to `refused`, a line each.
[[nodiscard]] std::vector<model::control> changes_of(const settings& opts, const run::record& recorded,
                                                     const scenario::settings& current,
                                                     std::vector<std::string>& refused);

/// Options as they are with some of the scenario's fields given anew.
struct asked_settings
{
    settings all;                    ///< With everything else as it was.
    settings only;                   ///< As if nothing else were given.
    std::vector<std::string> wrong;  ///< A line for each that is no such field or no such value.
};

[[nodiscard]] asked_settings with_settings(const settings& before,
                                           std::span<const std::pair<std::string, std::string>> settings);

}  // namespace bazaar::daemon
