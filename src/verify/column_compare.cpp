#include "column_compare.hpp"

#include <algorithm>
#include <mutex>

#include <fmt/format.h>

namespace bazaar::verify
{
namespace
{

constexpr microseconds a_day = std::chrono::days(1);

}  // namespace

/// How far units that are not known may have come: to the moment of the last row that one of them has inserted, and W units on.
/// Their moments are planned as if nothing steered them; a pause moves them up to now.
column_compare::column_compare(tables_work& work, const block_scan& scan, unit_walk& past) : work_(work), scan_(scan)
{
    limits_.demanded = work.of.demanded;
    if (!work.with.known || work.with.ended)
        return;
    if (past.next_no() == no_unit)
        return;
    model::decision decision;
    static_cast<void>(past.next(decision));
    limits_.known = decision.at;
    while (past.next_no() < work.of.known + work.with.recorded.window)
        static_cast<void>(past.next(decision));
    const auto window = decision.at - *limits_.known;
    const auto now = work.on.exec("SELECT (extract(epoch FROM now()) * 1000000)::bigint").number(0, 0);
    const auto last = std::max({decision.at, time{now}, scan.later().at.value_or(decision.at)});
    limits_.come = last + (window + a_day);
    // A card of a run that had ended, and no row of a later unit: it did not go on.
    if (work.with.recorded.clean && scan.later().count == 0)
        return;
    limits_.went_on = true;
    limits_.removed.resize(work.tables.size());
    for (std::uint16_t kind = 0; kind < work.with.shop.kinds().size(); ++kind)
        for (const auto& part : work.with.shop.kinds()[kind].parts)
            if (part.what == model::op::erase && work.with.shop.plans(kind))
                limits_.removed[part.table] = true;
}

void column_compare::judge(suspects& rows)
{
    if (rows.size() == 0)
        return;
    work_.progress.step = "comparing columns";
    work_.progress.units_all = work_.of.known;
    row_encoder initial(work_.compared, work_.ids);
    work_.first_rows(
        [&](const row_id& id, std::span<const model::value> row)
        {
            if (rows.has(id))
                rows.planned(id, no_unit, initial.bytes(id.table, row));
        });
    std::mutex mutex;
    unit_walk walk(work_.of);
    work_.take_planned(walk, work_.of.known, work_.with.stop,
                       [&]() -> tables_work::change_taker
                       {
                           return [&](const model::unit& unit, const model::change& change, const row_id& id,
                                      row_encoder& encode)
                           {
                               if (!rows.has(id))
                                   return;
                               auto bytes = change.after.empty() ? std::string() : encode.bytes(id.table, change.after);
                               const std::lock_guard lock(mutex);
                               rows.planned(id, unit.decision.no, std::move(bytes));
                           };
                       });
    work_.check_stop();
    const auto left = rows.judge(limits_, work_.out);
    if (left_.changed == 0)
        left_.first_changed = left.first_changed;
    if (left_.removed == 0)
        left_.first_removed = left.first_removed;
    left_.changed += left.changed;
    left_.removed += left.removed;
}

void column_compare::tell() const
{
    const auto inserted = scan_.later().count;
    if (inserted + left_.changed > 0)
        work_.out.not_proven(fmt::format("{} rows are of units from {} on, where the card ends; one of them: {}",
                                         inserted + left_.changed, work_.of.known,
                                         left_.changed > 0 ? left_.first_changed : scan_.later().first));
    if (left_.removed > 0)
        work_.out.not_proven(fmt::format("{} rows are not there, which units from {} on, where the card ends, may have "
                                         "removed; one of them: {}",
                                         left_.removed, work_.of.known, left_.first_removed));
}

}  // namespace bazaar::verify
