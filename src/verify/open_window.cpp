#include "open_window.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"

namespace bazaar::verify
{
namespace
{

/// Rows that these units may touch.
constexpr std::size_t touched_max = 1'000'000;

constexpr std::size_t touched_enough = touched_max / 4;

/// Ids of one query.
constexpr std::size_t ids_max = 2'000;

}  // namespace

void open_window::plan(unit_walk& walk, const seen_units& seen, std::optional<unit_no> highest)
{
    row_encoder encode(work_.compared, work_.ids);
    model::decision decision;
    model::unit unit;
    auto end = work_.with.known.value_or(no_unit);
    bool ends = false;
    while (walk.next_no() < end)
    {
        if (!walk.next(decision))
            continue;
        if (walk.next_no() % 256 == 0)
            work_.check_stop();
        work_.with.shop.build(decision, unit);
        touched_.add(unit, work_.compared, work_.tables, encode);
        const auto inserts = std::ranges::any_of(unit.changes, [&](const model::change& c)
                                                 { return c.what == model::op::insert && work_.planned(c.table); });
        // Of a copy that is far behind its source the beginning is enough, unless its tables fill one by one.
        const bool sent = decision.no < work_.with.sent_below &&
                          !(work_.with.in_order && touched_.rows().size() > touched_enough);
        if (!ends && inserts && !sent && (!highest || decision.no > *highest) && !seen.contains(decision.no))
        {
            ends = true;
            end = std::min<unit_no>(end, decision.no + work_.with.recorded.window);
        }
        if (touched_.rows().size() > touched_max)
            throw error(error_kind::usage,
                        fmt::format("units from {} on have changed more than {} rows of which each may be in any "
                                    "version: name a later unit with --up-to",
                                    work_.of.demanded, touched_max));
    }
    work_.of.known = end;
}

void open_window::read(block_scan& scan)
{
    std::map<std::uint8_t, std::vector<row_id>> by_table;
    for (const auto& row : touched_.rows())
    {
        if (row.base != 0)
            scan.planned[row.id.table].subtract(row.id.row, row.base);
        by_table[row.id.table].push_back(row.id);
    }
    for (const auto& [table, rows] : by_table)
        for (std::size_t at = 0; at < rows.size(); at += ids_max)
        {
            work_.check_stop();
            const auto some = std::span(rows).subspan(at, std::min(ids_max, rows.size() - at));
            postgres::row_reader read(work_.on, *work_.compared[table], work_.any_of(table, some));
            while (read.next())
            {
                const auto id = work_.id_of(table, read.row());
                auto* row = id ? touched_.find(*id) : nullptr;
                if (row == nullptr)
                    continue;
                const auto hash = hash_of(read.row());
                row->found = hash;
                ++row->times;
                scan.found[table].subtract(id->row, hash);
            }
        }
    touched_.settle(work_.with.recorded.window, work_.with.in_order);
}

void open_window::tell(const touched_rows::row& row, unit_no unit, defect what, std::string expected, std::string found)
{
    finding one;
    one.what = what;
    one.table = work_.tables[row.id.table].name;
    one.key = work_.text_of(row.id);
    one.unit = unit;
    one.expected = std::move(expected);
    one.found = std::move(found);
    work_.out.add(std::move(one));
}

/// A row that a unit has not changed, though it is there or must be.
void open_window::tell_part(const touched_rows::version& version, touched_rows::fate what)
{
    const auto& row = touched_.rows()[version.row];
    const bool removes = version.hash == 0;
    if (what == touched_rows::fate::there)
        tell(row, version.unit, defect::torn, {},
             row.times == 0 ? "no row"
             : removes      ? "a row that this unit removes"
                            : "the version before");
    else if (row.times == 0)
        tell(row, version.unit, defect::missing, {}, "no row");
    else if (removes)
        tell(row, version.unit, defect::extra, "no row: this unit removes it", "a row");
    else
        tell(row, version.unit, defect::stale, {}, "the version before");
}

void open_window::judge_order()
{
    const auto rows = touched_.rows();
    const auto versions = touched_.versions();
    std::vector<bool> told(rows.size());
    for (const auto& unit : touched_.units())
        for (auto i = unit.first; i < unit.end; ++i)
        {
            const auto& v = versions[i];
            const auto& row = rows[v.row];
            if (unit.what == touched_rows::fate::early
                    ? row.times > 0 && row.has(v.ordinal)
                    : unit.what != touched_rows::fate::absent && row.lacks(v.ordinal))
            {
                told[v.row] = true;
                if (unit.what == touched_rows::fate::early)
                    tell(row, v.unit, defect::extra, "nothing of this unit: those long before it are not there", {});
                else
                    tell_part(v, unit.what);
            }
        }
    // No unit that is there has removed it.
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (rows[i].gone() && !told[i])
            tell(rows[i], rows[i].id.unit, defect::missing, {}, {});
}

void open_window::tell_not_here_yet()
{
    const auto rows = touched_.rows();
    const auto versions = touched_.versions();
    std::optional<unit_no> first;
    std::uint64_t absent = 0;
    for (const auto& unit : touched_.units())
    {
        if (unit.no >= work_.with.announced || unit.what != touched_rows::fate::absent)
            continue;
        bool lacks = false;
        for (auto i = unit.first; i < unit.end; ++i)
            if (const auto& row = rows[versions[i].row];
                row.lacks(versions[i].ordinal) || (!row.known() && row.times > 0))
                lacks = true;
        if (!lacks)
            continue;
        ++absent;
        first = first.value_or(unit.no);
    }
    if (work_.of.known < work_.with.announced)
    {
        absent += work_.with.announced - work_.of.known;
        first = first.value_or(work_.of.known);
    }
    if (first)
        work_.out.not_proven(fmt::format("{} units from unit {} on, which the source had settled, are not here yet: "
                                         "wait, or demand them with --up-to",
                                         absent, *first));
}

/// Of rows that are in no version that they may have.
void open_window::look_at_columns(column_compare& columns)
{
    suspects strange(work_.with.shop, work_.compared, work_.ids);
    for (const auto& row : touched_.rows())
    {
        if (row.known())
            continue;
        if (row.times == 0)
            strange.absent(row.id);
        else
        {
            postgres::row_reader read(work_.on, *work_.compared[row.id.table],
                                      work_.any_of(row.id.table, std::span(&row.id, 1)));
            while (read.next())
                strange.found(row.id, bytes_of(read.row()));
        }
        if (strange.size() >= suspects_max || strange.bytes() >= suspect_bytes_max)
            break;
    }
    columns.judge(strange);
}

void open_window::judge(column_compare& columns)
{
    if (work_.with.in_order)
        judge_order();
    tell_not_here_yet();
    work_.out.figure("units above them that are there",
                     static_cast<std::uint64_t>(std::ranges::count_if(
                         touched_.units(), [](const auto& unit) { return unit.what == touched_rows::fate::there; })));
    look_at_columns(columns);
}

}  // namespace bazaar::verify
