// Rows that no unit wrote, and those that are kept as prints until the end.

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "bazaar/verify/row_name.hpp"
#include "judge_work.hpp"

namespace bazaar::verify
{

std::map<std::int64_t, fixed_row>& judge::work::fixed_rows(std::uint8_t table)
{
    auto& rows = fixed_[table];
    if (rows.empty())
        subject_.shop.fixed_rows(table, [&](std::span<const model::value> row)
                                 { rows[row[tables_[table].key].integer()].values.assign(row.begin(), row.end()); });
    return rows;
}

void judge::work::take_fixed(const change_event& e, std::int64_t key)
{
    auto& row = fixed_rows(e.table).at(key);
    if (e.what == kind::erase || e.what == kind::update)
    {
        add(defect::foreign_edit, e, no_unit);
        return;
    }
    note_first(e);
    compare(defect::altered, e, no_unit, row.values, e.after);
    if (row.seen && (e.what == kind::create || (e.stamp != 0 && e.stamp == row.stamp)))
        again(e, no_unit, row.stamp);
    row.seen = true;
    row.stamp = e.stamp;
}

void judge::work::take_read(const change_event& e, const model::table& t, const row_id& row)
{
    const auto version = version_of(e, t);
    const auto* const newest = order_.of(key_of(row));
    const bool stale = newest != nullptr &&
                       (newest->erased || (version && *version + e.after[t.version].resolution <= newest->us));
    if (row.unit != no_unit)
        highest_read_ = std::max(highest_read_, row.unit);
    if (keep_row(e, t, row, kept_row::why::snapshot))
        kept_.back().stale = stale;
}

void judge::work::take_first(const change_event& e, const model::table& t, const row_id& row)
{
    // First rows are older than the run; this is an update that is told as an insert.
    const auto version = version_of(e, t);
    if (version && *version >= subject_.recorded.start.us)
    {
        take_change(e, t, row);
        return;
    }
    if (order_.is_older(key_of(row), 0))
        order_.went_back(key_of(row), events_, finding_of(defect::reordered, e, no_unit));
    keep_row(e, t, row, kept_row::why::first);
}

void judge::work::note_first(const change_event& e)
{
    using origin = change_event::origin;
    auto& known = of_table_[e.table];
    known.created = known.created || e.what == kind::create;
    known.read = known.read || e.what == kind::read;
    known.read_whole = known.read_whole || e.from == origin::snapshot_end || e.from == origin::snapshot_over;
    snapshot_over_ = snapshot_over_ || e.from == origin::snapshot_over;
    // Where the connector does not say so, what comes beside the stream is incremental.
    read_before_stream_ = read_before_stream_ || (e.what == kind::read && e.from != origin::incremental &&
                                                  (e.from != origin::unknown || !highest_));
}

bool judge::work::keep_row(const change_event& e, const model::table& t, const row_id& row, kept_row::why why)
{
    if (why != kept_row::why::late && e.what != kind::update)
        note_first(e);
    if (kept_.size() >= how_.rows_max)
    {
        ++dropped_rows_;
        return false;
    }
    if (erases_rows_ && why == kept_row::why::snapshot)
        read_.insert(key_of(row));
    reads_ = reads_ || (t.kept_by == model::role::planned && why == kept_row::why::snapshot);
    kept_row made{key_of(row), row.unit, 0, 0, 0, e.stamp, pool_.size(), 1, why};
    made.planned = row.unit == no_unit && is_planned(row).value_or(false);
    made.ended = of_ended_run(e);
    made.erased = e.what == kind::erase;
    if (!made.erased)
    {
        print_row(e.after, scratch_);
        // What the columns of one stream hide, they hide in each of its events.
        for (std::size_t i = 0; i < t.columns.size() && i < 64; ++i)
            if ((scratch_.told >> i & 1U) == 0)
                hidden_[e.table][i] = true;
        const auto version = version_of(e, t);
        made.version = version.value_or(0);
        if (made.version != 0)
            made.resolution = static_cast<std::int32_t>(e.after[t.version].resolution);
        made.unversioned = hides_version(e, t);
        made.whole = scratch_.whole;
        made.told = scratch_.told;
        pool_.insert(pool_.end(), scratch_.columns.begin(), scratch_.columns.end());
    }
    kept_.push_back(made);
    return true;
}

void judge::work::sort_kept()
{
    if (sorted_ == kept_.size())
        return;
    std::ranges::sort(kept_, [](const kept_row& a, const kept_row& b)
                      { return std::tie(a.key, a.version, a.from) < std::tie(b.key, b.version, b.from); });
    sorted_ = kept_.size();
}

std::span<kept_row> judge::work::kept_of(row_key key)
{
    const auto range = std::ranges::equal_range(std::span(kept_).first(sorted_), key, {}, &kept_row::key);
    return {range.begin(), range.end()};
}

bool judge::work::judge_kept(unit_no unit, const model::change& c, std::int64_t version)
{
    const auto& t = tables_[c.table];
    bool came = false;
    const kept_row* before = nullptr;
    for (auto& k : kept_of(key_of(row_named(c.table, c.key(t)))))
    {
        if (k.unit != row_named(c.table, c.key(t)).unit)
            continue;
        k.planned = true;
        if (k.erased != (c.what == model::op::erase))
            continue;
        // Of a row whose version is hidden it is this one if it says the same.
        const bool open = k.unversioned && k.from != kept_row::why::first;
        if (!k.erased && !open && !k.has(version) && !(k.unversioned && unit == no_unit))
            continue;
        if (!k.erased)
            print_row(c.after, k.told, subject_.ids, scratch_);
        if ((open || k.as_update) && scratch_.whole != k.whole)
            continue;
        if (k.stale)
            add_planned(defect::stale_read, unit, c, {}, "snapshot");
        if (k.as_update)
            add_planned(defect::wrong_op, unit, c, {}, {}, "insert", "update");
        if (!k.erased && scratch_.whole != k.whole)
        {
            std::string columns;
            for (std::size_t i = 0; i < scratch_.columns.size(); ++i)
                if (scratch_.columns[i] != pool_[k.columns + i])
                    columns += (columns.empty() ? "" : ", ") + std::string(t.columns[i].name);
            add_planned(defect::altered, unit, c, columns, k.from == kept_row::why::snapshot ? "snapshot" : "");
        }
        const bool same = before != nullptr && before->from == k.from;
        const bool copy = same && k.stamp != 0 && k.stamp == before->stamp;
        // Another snapshot may read a row again.
        if (copy || (same && k.from != kept_row::why::snapshot))
        {
            add_planned(copy || how_.exactly_once ? defect::doubled : defect::repeated, unit, c);
            unstamped_ += k.stamp == 0 && !how_.exactly_once ? 1U : 0U;
        }
        k.judged = true;
        came = came || k.from != kept_row::why::snapshot;
        before = &k;
    }
    return came;
}

bool judge::work::in_snapshot(const model::change& c, std::int64_t version)
{
    return std::ranges::any_of(
        kept_of(key_of(row_named(c.table, c.key(tables_[c.table])))), [&](const kept_row& k)
        { return k.from == kept_row::why::snapshot && (k.version + k.resolution > version || k.unversioned); });
}

void judge::work::judge_first_rows(bool partial)
{
    std::vector<std::vector<row_id>> missing(tables_.size());
    std::vector<std::uint64_t> counts(tables_.size());
    for (std::uint8_t number = 0; number < tables_.size(); ++number)
    {
        const auto& t = tables_[number];
        const auto judge_row = [&](std::span<const model::value> row)
        {
            ++counts[number];
            const model::change c{model::op::insert, number, {}, row};
            const auto version = version_of(t, row);
            const bool there = planned_rows(t) ? judge_kept(no_unit, c, version) || in_snapshot(c, version)
                                               : fixed_rows(number).at(c.key(t).integer()).seen;
            if (!there)
                missing[number].push_back(row_named(number, c.key(t)));
        };
        const auto& known = of_table_[number];
        if (t.kept_by == model::role::heartbeat || left_out_[number])
            continue;
        // Of fixed tables other runs, or none, may have written the first rows into the stream.
        if (t.kept_by == model::role::fixed && (known.created || known.read))
            subject_.shop.fixed_rows(number, judge_row);
        // A load changes rows of fixed tables; of others it leaves out those that do not survive.
        else if (t.kept_by == model::role::planned)
            survivors_.first_rows(subject_.shop, number, subject_.recorded.start, judge_row);
    }
    find_whole_snapshots(counts, missing);
    if (partial)
        return;
    for (std::uint8_t number = 0; number < tables_.size(); ++number)
    {
        if (missing[number].empty() || dropped_rows_ > 0 || excuse_of(number, model::op::insert) != nullptr)
            continue;
        const auto& t = tables_[number];
        const auto& known = of_table_[number];
        if (known.created || known.demanded)
            for (const auto& row : missing[number])
                report_.add({defect::lost,
                             std::string(t.name),
                             verify::key_text(t, row, subject_.ids),
                             no_unit,
                             {},
                             {},
                             {},
                             {}});
        else if (known.read || (lowest_ == 0 && !how_.from))
            report_.not_proven(fmt::format("table {}: {} of {} first rows are in no event: the stream begins behind "
                                           "them, and no whole snapshot is in it",
                                           t.name, missing[number].size(), counts[number]));
    }
}

void judge::work::find_whole_snapshots(std::span<const std::uint64_t> counts,
                                       std::span<const std::vector<row_id>> missing)
{
    std::uint64_t first = 0, there = 0;
    bool each = true;
    for (std::size_t i = 0; i < tables_.size(); ++i)
        if (tables_[i].kept_by == model::role::planned)
        {
            first += counts[i];
            there += counts[i] - missing[i].size();
            each = each && (of_table_[i].read || left_out_[i]);
        }
    for (std::size_t i = 0; i < tables_.size(); ++i)
    {
        auto& known = of_table_[i];
        const bool fixed = tables_[i].kept_by == model::role::fixed;
        const auto all = fixed ? counts[i] : first;
        const auto some = fixed ? counts[i] - missing[i].size() : there;
        const bool reported = snapshot_over_ || known.read_whole;
        known.whole = reported || (read_before_stream_ && 2 * some >= all && (!fixed || all > 0));
        known.demanded = known.whole && (reported || fixed || each);
    }
}

}  // namespace bazaar::verify
