#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "app/verify.hpp"
#include "app/work_progress.hpp"
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

/// Where a live run is now: one snapshot, then the place in the log. `shop` is that of the run, where somebody has it already.
[[nodiscard]] cut cut_now(postgres::session& on, const options& opts, const scenario::scenario* shop = nullptr);

/// The options of the judge that flags give.
[[nodiscard]] verify::judge_options judge_options_of(const options& opts);

/// Takes all events of a source; whether it came to the end. `unit` names what the source counts.
bool take_all(verify::change_source& from, verify::judge& to, work_progress& progress, const std::stop_token& stop,
              std::string_view unit);

/// Messages that are none of Debezium's: `data` when there is nothing else, otherwise a line of the report.
void tell_unused(const verify::unused_messages& unused, std::uint64_t events, verify::report& out);

}  // namespace bazaar::app
