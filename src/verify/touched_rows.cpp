#include "touched_rows.hpp"

#include <algorithm>
#include <map>

#include "bazaar/verify/row_name.hpp"
#include "seen_units.hpp"

namespace bazaar::verify
{

void touched_rows::add(const model::unit& unit, const shapes& compared, std::span<const model::table> tables,
                       row_encoder& encode)
{
    for (const auto& change : unit.changes)
    {
        if (!compared[change.table])
            continue;
        const auto id = row_named(change.table, change.key(tables[change.table]));
        const auto [place, fresh] = places_.try_emplace(key_of(id), static_cast<std::uint32_t>(rows_.size()));
        if (fresh)
            rows_.push_back({id, change.before.empty() ? 0 : encode.hash(change.table, change.before)});
        versions_.push_back({unit.decision.no, change.after.empty() ? 0 : encode.hash(change.table, change.after),
                             place->second, ++rows_[place->second].versions});
    }
}

touched_rows::row* touched_rows::find(const row_id& id)
{
    const auto place = places_.find(key_of(id));
    return place == places_.end() || rows_[place->second].id != id ? nullptr : &rows_[place->second];
}

/// A version that was read proves its unit, and so does the removal of the row by a later one. A row that is not there proves
/// little: a unit that removes rows is there only when most of its rows are gone, and those of most of its tables.
bool touched_rows::is_there(const unit_state& one, const std::vector<bool>& removed) const
{
    struct votes
    {
        int gone = 0, kept = 0;
    };
    std::map<std::uint8_t, votes> by_table;
    votes rows, tables;
    for (auto i = one.first; i < one.end; ++i)
    {
        const auto& v = versions_[i];
        const auto& r = rows_[v.row];
        const bool read = r.times > 0;
        if (r.has(v.ordinal) && (read || removed[v.row]))
            return true;
        if (r.has(v.ordinal) && v.hash == 0)
            ++by_table[r.id.table].gone;
        else if (read && r.lacks(v.ordinal))
            ++by_table[r.id.table].kept;
    }
    for (const auto& [table, of] : by_table)
    {
        rows.gone += of.gone;
        rows.kept += of.kept;
        tables.gone += of.gone > of.kept ? 1 : 0;
        tables.kept += of.gone < of.kept ? 1 : 0;
    }
    return rows.gone > rows.kept && tables.gone > tables.kept;
}

/// A row of it is surely as before.
bool touched_rows::is_absent(const unit_state& one) const
{
    return one.what == fate::absent && std::any_of(versions_.begin() + static_cast<std::ptrdiff_t>(one.first),
                                                   versions_.begin() + static_cast<std::ptrdiff_t>(one.end),
                                                   [&](const version& v) { return rows_[v.row].lacks(v.ordinal); });
}

/// Which units cannot be there yet, and which ones must be.
void touched_rows::judge_order(unit_no window)
{
    seen_units there;
    std::vector<unit_no> absent;
    for (const auto& one : units_)
        if (one.what == fate::there)
            there.add(one.no);
        else if (is_absent(one))
            absent.push_back(one.no);
    const auto missing = [&](unit_no first, unit_no end)
    { return static_cast<unit_no>(std::ranges::lower_bound(absent, end) - std::ranges::lower_bound(absent, first)); };
    const auto last = units_.empty() ? std::nullopt : there.believed(window, units_.front().no, missing);
    for (auto& one : units_)
        if (one.what == fate::there && (!last || one.no > *last))
            one.what = fate::early;
        else if (one.what == fate::absent && last && one.no + window <= *last)
            one.what = fate::demanded;
}

void touched_rows::settle(unit_no window, bool in_order)
{
    for (auto& one : rows_)
        one.least = one.most = one.times <= 1 && one.found == one.base ? 0 : unknown;
    for (const auto& one : versions_)
        if (auto& at = rows_[one.row]; at.times <= 1 && at.found == one.hash)
        {
            at.most = one.ordinal;
            if (!at.known())
                at.least = one.ordinal;
        }
    units_.clear();
    for (std::size_t i = 0; i < versions_.size(); ++i)
    {
        if (units_.empty() || units_.back().no != versions_[i].unit)
            units_.push_back({versions_[i].unit, fate::absent, i, i});
        units_.back().end = i + 1;
    }
    std::vector<bool> removed(rows_.size());
    for (auto one = units_.rbegin(); one != units_.rend(); ++one)
        if (is_there(*one, removed))
        {
            one->what = fate::there;
            for (auto i = one->first; i < one->end; ++i)
                if (versions_[i].hash == 0)
                    removed[versions_[i].row] = true;
        }
    if (in_order)
        judge_order(window);
    for (auto& one : rows_)
        one.wanted = one.base;
    for (const auto& one : units_)
        if (one.what == fate::there || one.what == fate::demanded)
            for (auto i = one.first; i < one.end; ++i)
                rows_[versions_[i].row].wanted = versions_[i].hash;
}

}  // namespace bazaar::verify
