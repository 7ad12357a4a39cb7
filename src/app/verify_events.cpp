#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "app/connector.hpp"
#include "app/verify_changes.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/process/stop_by_signal.hpp"
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
unit_no demanded(const options& opts, const run::record& run, verify::judge& judge, const seen_changes& stream,
                 verify::report& out)
{
    auto highest = judge.highest_there();
    // Of tables that are left out the end is known all the same.
    if (highest)
        highest = std::max(*highest, stream.highest().value_or(0));
    const auto end = end_of_units(run);
    if (run.clean && end == 0 && !opts.up_to)
        return run.settled;
    if (!highest)
        out.not_proven(fmt::format(
            "no event is of a unit of run {} with this seed: is it the right card, run and schema?", run.run));
    if (opts.up_to || !highest)
        return opts.up_to.value_or(0);
    const unit_no seen = *highest + 1;
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
    const auto told = told_connector_of(opts);
    auto inputs = opts.files;
    inputs.push_back(opts.card);
    if (const auto config = opts.given.find("connector-config"); config != opts.given.end())
        inputs.push_back(config->second.text);
    check_report_file(opts, inputs);
    const process::stop_by_signal signals;
    const auto stop = signals.token();
    cut to;
    daemon::stage made;
    capture::connector_limits limits;
    const auto prepare = [&](postgres::session* on)
    {
        made = daemon::make_stage(to.recorded, opts.seed_dir);
        limits = limits_of(opts, told, on, made.shop->tables());
    };
    if (!opts.card.empty())
    {
        to.recorded = run_of_that_card(opts);
        // Behind the mark, entries that the card does not have may steer the plan.
        to.known = to.recorded.settled;
        prepare(nullptr);
    }
    else
    {
        const auto there = open_for_long(place_of_source(opts), opts, stop);
        to = cut_now(there, opts);
        prepare(&there.session());
    }
    if (opts.up_to)
        static_cast<void>(demanded_below(*opts.up_to, to, opts));
    const auto& recorded = to.recorded;
    const auto tables = made.shop->tables();
    const auto chosen = chosen_tables(opts, tables);
    limits.keep_only(chosen);
    verify::report out(opts.examples);
    verify::subject of{*made.shop, recorded, {recorded.tag, recorded.seed, tables}, 0, to.known};
    auto form = told.how;
    for (const auto& [number, names] : limits.topics)
        for (const auto& name : names)
            form.topics.emplace(name, tables[number].name);
    verify::dump from(opts.files, tables, opts.schema, form, stop);
    auto how = judge_options_of(opts);
    how.cut = opts.up_to.has_value();
    if (to.lsn > 0)
        how.ended_until = to.lsn;
    verify::judge judge(of, out, how);
    compare_only(chosen, tables, judge, out);
    limits.impose(judge);
    seen_changes seen(tables);
    daemon::work_progress progress(opts);
    const bool whole = take_all(from, judge, seen, progress, stop, "bytes");
    progress.clear();
    of.demanded = std::min(demanded(opts, recorded, judge, seen, out), of.known);
    excuse_silent(limits, seen, judge);
    judge.finish(!whole);
    if (how.cut)
        out.figure("not here yet", judge.not_here_yet());
    limits.tell(tables, out);
    tell_causes(*made.shop, chosen, seen, !told.config.empty(), out);
    is_being_loaded(recorded, out);
    tell_unused(from.unused(), judge.events(), out);
    return tell(opts, out);
}

}  // namespace bazaar::app
