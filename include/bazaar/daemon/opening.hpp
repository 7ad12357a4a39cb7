#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "bazaar/base/id.hpp"
#include "bazaar/daemon/settings.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/model/key_codec.hpp"
#include "bazaar/run/last_inserts.hpp"
#include "bazaar/run/ledger.hpp"
#include "bazaar/run/reference_clock.hpp"
#include "bazaar/run/replan.hpp"
#include "bazaar/run/saved_plan.hpp"

namespace bazaar::daemon
{

/// A run with everything that belongs to it, ready to continue at its next unit. Its lease is ours.
struct opened_run
{
    stage made;
    run::record recorded;
    bool resumed = false;           ///< The run existed before.
    bool done = false;              ///< It has all requested ticks: no lease was taken, nothing was changed.
    std::int64_t epoch = 1;         ///< Epoch of the lease.
    scenario::settings current;     ///< As changed by the log.
    unit_no replay_below = 0;       ///< Units below may have been sent before.
    std::vector<unit_no> rejected;  ///< According to the log.
    model::key_codec ids;
    std::unique_ptr<scenario::planner> planner;
    run::replanner walk;
    run::last_inserts seen;        ///< For the units that `plan_to` has decided.
    run::last_inserts::ends ends;  ///< As the tables were when the run was opened.

    /// If `saved` has no plan, planning begins at unit 0.
    opened_run(stage from, run::record what, std::int64_t lease, run::restored_plan saved);
    opened_run(const opened_run&) = delete;
    opened_run& operator=(const opened_run&) = delete;

    [[nodiscard]] const scenario::scenario& shop() const { return *made.shop; }

    /// Like `walk.forward_to`, and notes where the tables have to end.
    void plan_to(unit_no no);

    /// Errors: `config` if tables end before the units that were planned.
    void check_rows() const;
};

/// Connects, makes or checks the schema, finds the run or begins it, takes its lease, and plans up to its mark. Null if
/// `stop` was requested.
///
/// Errors: throws errors that waiting does not fix; `unavailable` if the server was not available within
/// `--wait-for-db`.
[[nodiscard]] std::unique_ptr<opened_run> open_run(const settings& opts, run::ledger& to, run::reference_clock& clock,
                                                   const run::holder& by, const std::stop_token& stop);

/// A unique name for the sessions of one process with a run: "bazaard/main/5f0c12ab".
[[nodiscard]] std::string new_session_name(std::string_view run);

/// This process as a holder, with sessions of that name.
[[nodiscard]] run::holder holder_of_this_process(const std::string& session_name);

/// Checks for leftovers of a run that is about to be begun.
///
/// Errors: `config` if there are rows of a run of that name, but no record of it.
void check_no_rows(const settings& opts, run::ledger& to, const scenario::scenario& shop);

/// The record of a new run, from the command line or a card; `now` is the database's time. The result must not be used
/// if `stopped` returns true.
///
/// Errors: `usage` for a start or an end that no run can have; `data` if it is from a card.
[[nodiscard]] run::record planned_record(const settings& opts, const scenario::scenario& shop, std::uint64_t seed,
                                         time now, const std::function<bool()>& stopped);

/// Refuses flags, a card or a program that would plan another run than the recorded one. Errors: `config`.
void check_same(const settings& opts, const run::record& recorded);

/// The configuration of a run, as changed by its log.
[[nodiscard]] scenario::settings steered(const scenario::scenario& shop, std::span<const model::control> log);

/// Changes of an existing run that the flags request: fields to set from now on. Everything else that affects the plan
/// must be as recorded: differences are added to `refused`, one line each.
[[nodiscard]] std::vector<model::control> changes_of(const settings& opts, const run::record& recorded,
                                                     const scenario::settings& current,
                                                     std::vector<std::string>& refused);

/// The settings, with new values for some of the scenario's fields.
struct asked_settings
{
    settings all;                    ///< Everything else is unchanged.
    settings only;                   ///< As if nothing else had been given.
    std::vector<std::string> wrong;  ///< A line for each unknown field or invalid value.
};

[[nodiscard]] asked_settings with_settings(const settings& before,
                                           std::span<const std::pair<std::string, std::string>> settings);

}  // namespace bazaar::daemon
