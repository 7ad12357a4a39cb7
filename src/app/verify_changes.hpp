#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <tuple>
#include <vector>

#include "app/verify.hpp"
#include "bazaar/capture/connector_limits.hpp"
#include "bazaar/capture/told_connector.hpp"
#include "bazaar/daemon/work_progress.hpp"
#include "bazaar/verify/change_source.hpp"
#include "bazaar/verify/judge.hpp"

// What `verify events`, `topics` and `stream` share.

namespace bazaar::app
{

/// How far a stream of changes has to go.
struct cut
{
    run::record recorded;
    unit_no demanded = 0;   ///< Units below are there.
    unit_no known = 0;      ///< Nothing is said of units from here on.
    std::uint64_t lsn = 0;  ///< Behind all of them in the source's log; 0: not known.
};

/// Units below are settled when all that is known is that one below `end` was sent: the window bounds the span.
[[nodiscard]] unit_no settled_below(unit_no end, const run::record& of);

/// Where a live run is at one moment, but for the place in the log. `shop` is that of the run, where somebody has it already.
[[nodiscard]] cut cut_of(run::record_reader& in, const options& opts, const scenario::scenario* shop = nullptr);

/// The same, then the place in the log: all of it lies before.
[[nodiscard]] cut cut_now(const open_place& at, const options& opts, const scenario::scenario* shop = nullptr);

/// One more than the highest unit of which a row is there, where keys do not name it: the run is planned on to it. 0 where they do.
[[nodiscard]] unit_no planned_below(postgres::session& on, const run::record& of, const scenario::scenario& shop);

/// The unit of --up-to, below which all is demanded. Errors: `usage` where the run has not come so far.
[[nodiscard]] unit_no demanded_below(unit_no end, const cut& to, const options& opts);

/// The options of the judge that flags give.
[[nodiscard]] verify::judge_options judge_options_of(const options& opts);

/// What of a stream is seen at a glance.
class seen_changes
{
public:
    explicit seen_changes(std::span<const model::table> tables);

    /// After the judge has taken it, which knows the row.
    void take(const verify::change_event& e, verify::judge& by);

    [[nodiscard]] std::uint64_t count(std::uint8_t table) const;
    [[nodiscard]] std::uint64_t count(std::uint8_t table, verify::change_event::kind what) const
    {
        return counts_[table][static_cast<std::size_t>(what)];
    }
    [[nodiscard]] std::uint64_t count(verify::change_event::kind what) const;

    /// The highest unit that has inserted a row. Nothing where none has.
    [[nodiscard]] std::optional<unit_no> highest() const;

    /// All parts of the stream have come to here: the lowest of the highest units that have inserted a row into them. Nothing
    /// where none has.
    [[nodiscard]] std::optional<unit_no> come_to() const;

private:
    static constexpr std::size_t kinds = static_cast<std::size_t>(verify::change_event::kind::truncate) + 1;

    std::span<const model::table> tables_;
    std::vector<std::array<std::uint64_t, kinds>> counts_;  ///< By table.
    /// By table, stream and partition.
    std::map<std::tuple<std::uint8_t, std::string, std::int32_t>, unit_no, std::less<>> highest_;
};

/// Takes all events of a source; whether it came to the end. `unit` names what the source counts.
bool take_all(verify::change_source& from, verify::judge& to, seen_changes& seen, daemon::work_progress& progress,
              const std::stop_token& stop, std::string_view unit);

/// The tables of --table; all that are compared where it is not given. Errors: `usage` with the names of all.
[[nodiscard]] std::set<std::uint8_t> chosen_tables(const options& opts, std::span<const model::table> tables);

/// Leaves out the other ones, and says so.
void compare_only(const std::set<std::uint8_t>& chosen, std::span<const model::table> tables, verify::judge& to,
                  verify::report& out);

/// What the settings of a connector and the publication in its database keep from being proven. `on`: null where no database is
/// at hand. `told` has no configuration where none is given.
[[nodiscard]] capture::connector_limits limits_of(const options& opts, const capture::told_connector& told,
                                                  postgres::session* on, std::span<const model::table> tables);

/// Behind the last event, before the judge finishes: tables that a setting makes silent are excused if they were.
void excuse_silent(const capture::connector_limits& limits, const seen_changes& seen, verify::judge& to);

/// Settings that would explain what was found, by its form. `told`: the configuration is known.
void tell_causes(const scenario::scenario& shop, const std::set<std::uint8_t>& chosen, const seen_changes& seen,
                 bool told, verify::report& out);

/// Messages that are none of Debezium's: `data` when there is nothing else, otherwise a line of the report.
void tell_unused(const verify::unused_messages& unused, std::uint64_t events, verify::report& out);

}  // namespace bazaar::app
