#include "app/verify_changes.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/daemon/report.hpp"
#include "bazaar/postgres/change_log.hpp"
#include "bazaar/postgres/writer.hpp"
#include "bazaar/run/clock.hpp"
#include "bazaar/run/load_plan.hpp"
#include "verify/row_units.hpp"

namespace bazaar::app
{

unit_no settled_below(unit_no end, const run::record& of)
{
    return end > of.window ? end - of.window : 0;
}

cut cut_of(run::record_reader& in, const options& opts, const scenario::scenario* shop)
{
    cut made;
    std::optional<unit_no> highest;
    in.at_one_moment(
        [&]
        {
            made.recorded = recorded_run(in, opts);
            daemon::stage own;
            if (shop == nullptr)
                own = daemon::make_stage(made.recorded, opts.seed_dir);
            highest = in.highest_unit(made.recorded, shop != nullptr ? *shop : *own.shop);
        });
    const auto& run = made.recorded;
    const unit_no seen = highest ? *highest + 1 : 0;
    made.demanded = run.clean ? run.settled : std::max(run.settled, settled_below(seen, run));
    made.known = std::max(run.settled, seen);
    // Any chunk of a load under way may be missing.
    if (const auto load = run::load_state::of(run.log); load && run.settled < load->seam)
    {
        made.demanded = 0;
        made.known = load->seam;
    }
    return made;
}

cut cut_now(const open_place& at, const options& opts, const scenario::scenario* shop)
{
    auto made = cut_of(at.records(), opts, shop);
    made.lsn = postgres::log_position(at.session());
    return made;
}

unit_no planned_below(postgres::session& on, const run::record& of, const scenario::scenario& shop)
{
    const model::key_codec keys(of.tag, of.seed, shop.tables());
    const verify::subject by{shop, of, keys, 0, of.settled + verify::units_ahead};
    verify::row_units units(by);
    unit_no end = 0;
    if (!units.any())
        return end;
    for (const auto& row : postgres::last_rows(on, of.schema, shop, keys))
        if (const auto unit = row ? units.find(*row).unit : no_unit; unit != no_unit && unit != unknown_unit)
            end = std::max(end, unit + 1);
    return end;
}

unit_no demanded_below(unit_no end, const cut& to, const options& opts)
{
    if (end > to.known)
        throw error(error_kind::usage, opts.card.empty()
                                           ? fmt::format("--up-to {}: the run has come to unit {}", end, to.known)
                                           : fmt::format("--up-to {}: the card ends at unit {}", end, to.known));
    return end;
}

verify::judge_options judge_options_of(const options& opts)
{
    verify::judge_options how;
    how.from = opts.from_unit;
    how.exactly_once = opts.exactly_once;
    // Clocks of two machines may differ by as much.
    constexpr auto apart = std::chrono::hours(24);
    how.latest = run::machine_time() + apart;
    return how;
}

bool take_all(verify::change_source& from, verify::judge& to, seen_changes& seen, daemon::work_progress& progress,
              const std::stop_token& stop, std::string_view unit)
{
    verify::change_event e;
    std::uint64_t taken = 0;
    constexpr std::uint64_t look_every = 1024;
    while (from.next(e))
    {
        to.take(e);
        seen.take(e, to);
        if (++taken % look_every != 0)
            continue;
        if (stop.stop_requested())
            return false;
        if (progress.due())
            progress.show(fmt::format("{} of {} {}, unit {}", daemon::grouped(from.position()),
                                      daemon::grouped(from.length()), unit, daemon::grouped(to.highest().value_or(0))),
                          static_cast<double>(from.position()), static_cast<double>(from.length()), taken, "events");
    }
    return !stop.stop_requested();
}

void tell_unused(const verify::unused_messages& unused, std::uint64_t events, verify::report& out)
{
    if (unused.broken > 0 && events == 0)
        throw error(error_kind::data, fmt::format("{}; none of {} messages is a change event of Debezium",
                                                  unused.first_broken, unused.broken + unused.other));
    if (unused.broken > 0)
        out.not_proven(fmt::format("{} messages are not Debezium's, or cut off; the first: {}", unused.broken,
                                   unused.first_broken));
    if (unused.odd > 0)
        out.not_proven(fmt::format("{} messages are not as the connector's configuration says; the first: {}",
                                   unused.odd, unused.first_odd));
    if (unused.other > 0)
        out.figure("other messages", unused.other);
}

}  // namespace bazaar::app
