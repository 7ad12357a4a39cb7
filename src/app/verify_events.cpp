#include <set>

#include <fmt/format.h>

#include "app/stop_by_signal.hpp"
#include "app/told_connector.hpp"
#include "app/verify_changes.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/postgres/connection.hpp"
#include "bazaar/verify/dump.hpp"

namespace bazaar::app
{
namespace
{

/// Behind the last unit below the mark that was not refused: of those nothing is in a stream.
unit_no end_of_units(const run::record& run)
{
    std::set<unit_no> refused;
    for (const auto& entry : run.log)
        if (entry.what == model::control::kind::reject)
            refused.insert(entry.unit);
    auto end = run.settled;
    while (end > 0 && refused.contains(end - 1))
        --end;
    return end;
}

/// A dump ends somewhere: what it has to hold is known from itself, unless the run has ended or a flag says it.
unit_no demanded(const options& opts, const run::record& run, verify::judge& judge, verify::report& out)
{
    const auto highest = judge.highest_there();
    if (!highest)
        out.not_proven(fmt::format(
            "no event is of a unit of run {} with this seed: is it the right card, run and schema?", run.run));
    if (opts.up_to || !highest)
        return opts.up_to.value_or(0);
    const unit_no seen = *highest + 1;
    const auto end = end_of_units(run);
    if (run.clean && seen >= end)
        return run.settled;
    const auto sure = settled_below(seen, run);
    if (run.clean || end > seen)
        out.not_proven(fmt::format("the stream ends at unit {}, the run goes on to {}{}", seen - 1, run.settled,
                                   sure > 0 ? fmt::format("; --up-to {} leaves out what is behind", sure) : ""));
    return sure;
}

}  // namespace

int verify_events(const options& given)
{
    auto opts = given;
    const auto form = encodings_of(opts);
    begin_report_file(opts);
    const stop_by_signal signals;
    const auto stop = signals.token();
    cut to;
    if (!opts.card.empty())
    {
        to.recorded = run_of_that_card(opts);
        // Behind the mark, entries that the card does not have may steer the plan.
        to.known = to.recorded.settled;
    }
    else
    {
        postgres::connection_flags source = opts.database;
        if (opts.source_url)
        {
            source = {};
            source.url = opts.source_url;
        }
        auto on = reading_session(postgres::resolve(source, opts.run), stop);
        to = cut_now(on, opts);
    }
    const auto& recorded = to.recorded;
    const auto made = make_stage(recorded, opts.seed_dir);
    verify::report out(opts.examples);
    verify::subject of{*made.shop, recorded, id_codec(recorded.tag, recorded.seed), 0, to.known};
    verify::dump from(opts.files, made.shop->tables(), opts.schema, form);
    auto how = judge_options_of(opts);
    if (to.lsn > 0)
        how.ended_until = to.lsn;
    verify::judge judge(of, out, how);
    work_progress progress(opts);
    const bool whole = take_all(from, judge, progress, stop, "bytes");
    progress.clear();
    of.demanded = std::min(demanded(opts, recorded, judge, out), of.known);
    judge.finish(!whole);
    is_being_loaded(recorded, out);
    tell_unused(from.unused(), judge.events(), out);
    return tell(opts, out);
}

}  // namespace bazaar::app
