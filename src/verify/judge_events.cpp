// Events: which of them are of the plan, and what one may be that contradicts itself.

#include <algorithm>

#include <fmt/format.h>

#include "bazaar/verify/row_name.hpp"
#include "event_op.hpp"
#include "judge_work.hpp"

namespace bazaar::verify
{
namespace
{

/// The run of an id: its first 18 bits.
std::uint32_t tag_of(const uuid& id) noexcept
{
    return (std::uint32_t{id[0]} << 16 | std::uint32_t{id[1]} << 8 | id[2]) >> 6;
}

}  // namespace

void judge::work::take(const change_event& e)
{
    later_ += offer(e) ? 0U : 1U;
}

bool judge::work::offer(const change_event& e)
{
    if (left_out_[e.table])
        return true;
    put_back_ = false;
    const auto excused = std::ranges::any_of(excused_columns_,
                                             [&](const auto& one) { return one.first.first == e.table; });
    judge_event(excused ? without_excused(e) : e);
    const bool taken = !put_back_;
    if (!strays_.empty() && limit() >= retried_ + reach_ / 2)
        retry_strays();
    events_ += taken ? 1U : 0U;
    return taken;
}

std::optional<row_id> judge::work::row_of_event(const change_event& e)
{
    if (e.key.what != told::state::value)
        return std::nullopt;
    if (tables_[e.table].kept_by == model::role::planned)
    {
        const auto& keys = subject_.ids;
        const auto& form = keys.form(e.table);
        if (form.names_unit())
            return keys.ids().decode(e.key.id);
        const auto row = form.is_text() ? keys.decode(e.table, e.key.v.text())
                                        : keys.decode(e.table, e.key.v.integer());
        return row ? std::optional(row_units_.find(*row)) : std::nullopt;
    }
    return fixed_rows(e.table).contains(e.key.v.integer()) ? std::optional(row_named(e.table, e.key.v)) : std::nullopt;
}

void judge::work::judge_event(const change_event& e)
{
    const auto& t = tables_[e.table];
    if (t.kept_by == model::role::heartbeat)
    {
        ++others_;
        return;
    }
    if (e.what == kind::truncate)
    {
        take_truncate(e, t);
        return;
    }
    const auto row = row_of_event(e);
    if (!row || row->table != e.table)
    {
        judge_stranger(e);
        return;
    }
    seen_ = true;
    if (row->unit != no_unit && row->unit >= subject_.known)
    {
        // A key that is but a number may be anybody's.
        if (row->unit == unknown_unit && (of_ended_run(e) || is_older_than_the_known(e, t)))
            judge_stranger(e);
        else if (of_ended_run(e))
        {
            add(defect::unknown, e, row->unit);
            ++beyond_end_;
        }
        else
            later();
        return;
    }
    const auto wrong = contradiction(e);
    reported_op_ = !wrong.empty();
    if (reported_op_)
        add(defect::wrong_op, e, row->unit, {}, std::string(name_of(e.what)),
            fmt::format("{} with {}", name_of(e.what), wrong));
    judge_planned(reported_op_ ? as_it_may_be(e) : e, t, *row);
}

bool judge::work::is_older_than_the_known(const change_event& e, const model::table& t) const
{
    const auto version = version_of(e, t);
    return version && *version + e.after[t.version].resolution <= row_units_.last_at().us;
}

void judge::work::judge_stranger(const change_event& e)
{
    const bool planned = tables_[e.table].kept_by == model::role::planned && e.key.what == told::state::value;
    const bool named = subject_.ids.form(e.table).names_unit();
    // A uuid of our form is of our run or damaged; any other key that no row has is somebody's.
    if (planned && named && !row_of_event(e) && tag_of(e.key.id) != subject_.ids.tag())
        ++others_;
    else
        add(planned && !named ? defect::foreign_edit : defect::unknown, e, no_unit);
}

void judge::work::judge_planned(const change_event& e, const model::table& t, const row_id& row)
{
    if (!planned_rows(t))
    {
        take_fixed(e, e.key.v.integer());
        return;
    }
    // One that was changed below the seam is loaded as its last unit has left it.
    const bool first = t.kept_by == model::role::fixed ||
                       (row.unit == no_unit && (seam_ == 0 || survivors_.initial(e.table, row.row)));
    if (e.what == kind::read)
        take_read(e, t, row);
    else if (e.what == kind::create && first)
        take_first(e, t, row);
    else
        take_change(e, t, row);
}

void judge::work::take_truncate(const change_event& e, const model::table& t)
{
    if (!seen_)
    {
        ++others_;  // Of before the run.
        return;
    }
    report_.add({defect::foreign_edit, std::string(t.name), "every row", no_unit, {}, {}, "truncated", place_of(e)});
}

const change_event& judge::work::as_it_may_be(const change_event& e)
{
    using origin = change_event::origin;
    mended_ = e;
    const bool from_stream = e.from == origin::stream || e.from == origin::unknown;
    if (e.what == kind::read && e.from == origin::stream)
        mended_.what = kind::create;
    else if (e.what != kind::read && !from_stream)
        mended_.what = kind::read;
    const bool erase = mended_.what == kind::erase;
    auto& row = erase ? mended_.before : mended_.after;
    auto& other = erase ? mended_.after : mended_.before;
    auto& has_row = erase ? mended_.has_before : mended_.has_after;
    auto& has_other = erase ? mended_.has_after : mended_.has_before;
    if (mended_.what == kind::update)
        return mended_;  // By the row before it, where there is no other.
    if (!has_row)
        row = other;
    has_row = true;
    other.clear();
    has_other = false;
    return mended_;
}

}  // namespace bazaar::verify
