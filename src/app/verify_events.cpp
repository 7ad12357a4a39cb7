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

/// A dump ends somewhere: what it has to hold is known from itself, unless the run has ended or a flag says it.
unit_no demanded(const options& opts, const run::record& run, const verify::judge& judge, verify::report& out)
{
    if (!judge.highest())
        out.not_proven(fmt::format(
            "no event is of a unit of run {} with this seed: is it the right card, run and schema?", run.run));
    if (opts.up_to || !judge.highest())
        return opts.up_to.value_or(0);
    const unit_no seen = *judge.highest() + 1;
    if (run.clean && seen >= run.settled)
        return run.settled;
    if (run.clean || run.settled > seen)
        out.not_proven(
            fmt::format("the stream ends at unit {}, the run goes on to {}; --up-to {} leaves out what is behind",
                        seen - 1, run.settled, settled_below(seen, run)));
    return settled_below(seen, run);
}

}  // namespace

int verify_events(const options& given)
{
    auto opts = given;
    const auto told = told_connector_of(opts);
    begin_report_file(opts);
    const stop_by_signal signals;
    const auto stop = signals.token();
    cut to;
    stage made;
    connector_limits limits;
    const auto prepare = [&](postgres::session* on)
    {
        made = make_stage(to.recorded, opts.seed_dir);
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
        postgres::connection_flags source = opts.database;
        if (opts.source_url)
        {
            source = {};
            source.url = opts.source_url;
        }
        auto on = reading_session(postgres::resolve(source, opts.run), stop);
        to = cut_now(on, opts);
        prepare(&on);
    }
    if (opts.up_to)
        static_cast<void>(demanded_below(*opts.up_to, to, opts));
    const auto& recorded = to.recorded;
    const auto tables = made.shop->tables();
    const auto chosen = chosen_tables(opts, tables);
    verify::report out(opts.examples);
    verify::subject of{*made.shop, recorded, id_codec(recorded.tag, recorded.seed), 0, to.known};
    auto form = told.how;
    for (const auto& [number, names] : limits.topics)
        for (const auto& name : names)
            form.topics.emplace(name, tables[number].name);
    verify::dump from(opts.files, tables, opts.schema, form);
    auto how = judge_options_of(opts);
    how.cut = opts.up_to.has_value();
    if (to.lsn > 0)
        how.ended_until = to.lsn;
    verify::judge judge(of, out, how);
    compare_only(chosen, tables, judge, out);
    limits.impose(judge);
    seen_changes seen(tables, of.ids);
    work_progress progress(opts);
    const bool whole = take_all(from, judge, seen, progress, stop, "bytes");
    progress.clear();
    of.demanded = std::min(demanded(opts, recorded, judge, out), of.known);
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
