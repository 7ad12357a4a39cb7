// Changes: which one of the plan an event is, and whether it comes as planned.

#include <algorithm>

#include <fmt/format.h>

#include "bazaar/verify/row_name.hpp"
#include "event_op.hpp"
#include "judge_work.hpp"

namespace bazaar::verify
{

void judge::work::take_change(const change_event& e, const model::table& t, const row_id& row)
{
    // The unit of a row is known by its id; of events that name one far ahead see `stray`.
    if (row.unit != no_unit && row.unit > limit())
    {
        stray(e);
        return;
    }
    if (e.what == kind::create)
        take_insert(e, t, row);
    else if (e.what == kind::update)
        take_update(e, t, row);
    else
        take_erase(e, t, row);
}

void judge::work::take_insert(const change_event& e, const model::table& t, const row_id& row)
{
    const auto version = version_of(e, t);
    const auto end = version ? *version + e.after[t.version].resolution : 0;
    const bool by_id = row.unit != no_unit && row.unit >= seam_;
    if (version && !by_id)
    {
        // A load writes rows as their last unit has left them.
        if (!reach({end - 1}))
        {
            stray(e);
            return;
        }
        // Many units of one moment are slow to look through, and most rows are as their first unit has left them.
        const auto own = row.unit != no_unit ? place_in(row.unit, row) : place{};
        const bool is_own = own.unit != nullptr && has_values(e, built(*own.unit).changes[own.change]);
        const auto at = is_own ? own : by_version(row, *version, end, &e);
        if (at.unit != nullptr)
            matched(e, t, row, at);
        else if (row.unit == no_unit && seam_ == 0)
            keep_row(e, t, row, kept_row::why::first);
        else if (units_.empty() || *version <= first_at_hand())
            keep_row(e, t, row, kept_row::why::late);
        else
            foreign(e, row);
        return;
    }
    auto* u = by_number(row.unit);
    if (u == nullptr)
    {
        keep_row(e, t, row, kept_row::why::late);
        return;
    }
    const auto insert = u->refused ? std::nullopt : change_of(*u, row);
    if (!insert)
    {
        add(defect::unknown, e, row.unit);
        return;
    }
    // An update that is told as an insert has another version than the insert.
    const auto planned = version_of(t, built(*u).changes[*insert].after);
    if (version && (planned < *version || planned >= end) && reach({end - 1}))
        if (const auto update = by_version(row, *version, end, &e); update.unit != nullptr)
        {
            matched(e, t, row, update);
            return;
        }
    matched(e, t, row, {by_number(row.unit), *insert});
}

void judge::work::take_update(const change_event& e, const model::table& t, const row_id& row)
{
    if (!e.has_after)
    {
        take_update_by_before(e, t, row);
        return;
    }
    if (t.version != model::no_column && hides_version(e, t))
    {
        // Which change it is cannot be known.
        hidden_[e.table][t.version] = true;
        if (excuse_of(e.table, model::op::update) == nullptr)
        {
            const auto known = excused_columns_.find({e.table, t.version});
            excuse_operation(e.table, model::op::update,
                             known != excused_columns_.end()
                                 ? known->second
                                 : fmt::format("events do not have {}", t.columns[t.version].name));
        }
        ++unmatched_;
        return;
    }
    const auto version = version_of(e, t);
    // Nobody's unit leaves a row without a version.
    if (!version || *version == 0)
    {
        doubt(e);
        return;
    }
    const auto end = *version + e.after[t.version].resolution;
    if (row.unit == no_unit && t.kept_by == model::role::planned && end <= subject_.recorded.start.us)
    {
        // First rows alone are older than the run.
        if (keep_row(e, t, row, kept_row::why::first))
            kept_.back().as_update = !reported_op_;
        return;
    }
    if (!reach({end - 1}))
    {
        stray(e);
        return;
    }
    const auto at = by_version(row, *version, end, &e);
    // Units of one tick have the same moment: the cut may stand between them.
    if (at.unit == nullptr && is_after_the_known(end) && !of_ended_run(e) && !is_impossible({*version}) &&
        is_planned(row) != false)
    {
        later();
        return;
    }
    settle(e, t, row, at, at.unit == nullptr && (units_.empty() || *version <= first_at_hand()));
}

void judge::work::take_update_by_before(const change_event& e, const model::table& t, const row_id& row)
{
    const auto known = t.version != model::no_column && e.before.size() > t.version &&
                       e.before[t.version].what != told::state::absent &&
                       e.before[t.version].what != told::state::unreadable;
    const auto version = !known                                          ? 0
                         : e.before[t.version].what == told::state::null ? 0
                                                                         : e.before[t.version].v.integer();
    const auto end = known ? version + e.before[t.version].resolution : version;
    const auto next = known ? by_version_before(row, version, end) : place{};
    // It may be the row after the change, in the wrong place: as long as that change has not come, and the other one is none of its
    // transaction.
    const auto own = known ? by_version(row, version, end) : place{};
    const bool is_own = own.unit != nullptr && built(*own.unit).changes[own.change].what == model::op::update &&
                        !own.unit->each[own.change].seen &&
                        (next.unit == nullptr || e.transaction == 0 || next.unit->transaction != e.transaction);
    const auto at = is_own ? own : next;
    at.unit != nullptr ? matched(e, t, row, at) : doubt(e);
}

void judge::work::take_erase(const change_event& e, const model::table& t, const row_id& row)
{
    const bool erases = of_table_[e.table].erases;
    auto at = by_erase(row);
    if (at.unit == nullptr && erases)
    {
        // What tells the unit is the plan alone, so that must have come far enough.
        plan_below(std::min(limit(), std::max(highest_.value_or(row.unit), highest_read_) + 1 +
                                         2 * std::uint64_t{subject_.recorded.window}));
        at = by_erase(row);
    }
    if (at.unit == nullptr && is_planned(row) == false)
    {
        foreign(e, row);
        return;
    }
    const bool may_be_later = at.unit == nullptr && erases && walk_.next_no() >= subject_.known && !of_ended_run(e);
    if (unseen_insert(row).unit != nullptr)
    {
        doubt(e);  // The row was not made yet: this may be what should have made it.
        doubtful_.back().later = may_be_later;
        return;
    }
    if (may_be_later)
    {
        later();
        return;
    }
    settle(e, t, row, at,
           at.unit == nullptr && erases && !units_.empty() && row.unit < units_[partial_units_].decision.no);
}

void judge::work::settle(const change_event& e, const model::table& t, const row_id& row, const place& at,
                         bool forgotten)
{
    if (forgotten && e.transaction != 0)
        wait(e, true);  // Late, or its version is altered.
    else if (forgotten)
        keep_row(e, t, row, kept_row::why::late);
    else if (at.unit == nullptr || at.unit->refused)
        doubt(e);
    else
        matched(e, t, row, at);
}

void judge::work::matched(const change_event& e, const model::table& t, const row_id& row, const place& at)
{
    const auto& u = *at.unit;
    const bool sure = u.each[at.change].seen || e.what != kind::update || e.transaction == 0 ||
                      e.transaction == u.transaction || is_as_planned(e, built(*at.unit).changes[at.change]);
    sure ? match(e, t, row, at) : doubt(e);
}

void judge::work::match(const change_event& e, const model::table& t, const row_id& row, const place& at)
{
    auto& u = *at.unit;
    const auto no = u.decision.no;
    const auto& c = built(u).changes[at.change];
    auto& state = u.each[at.change];
    if (state.seen && e.transaction != 0 && state.transaction != 0 && e.transaction != state.transaction)
    {
        // Somebody else's change, which kept the version; nobody else can make or remove the row a second time.
        if (e.what == kind::update)
            foreign(e, row);
        else
            add(defect::torn, e, no, {}, fmt::format("transaction {}", state.transaction),
                fmt::format("transaction {} once more", e.transaction));
        return;
    }
    const bool op = (e.what == kind::create) == (c.what == model::op::insert) &&
                    (e.what == kind::erase) == (c.what == model::op::erase);
    if (!op && !reported_op_ && !of_table_[e.table].filtered)
        add(defect::wrong_op, e, no, {}, std::string(model::name(c.what)), std::string(name_of(e.what)));
    if (e.has_after && !c.after.empty())
        compare(defect::altered, e, no, c.after, e.after);
    if (e.has_before && !c.before.empty() && tells_whole_row(e, t))
        compare(defect::wrong_before, e, no, c.before, e.before);
    const auto key = key_of(row);
    const row_order::newest rank{no + 1, u.decision.at.us, e.lsn, c.what == model::op::erase};
    if (!retrying_)
        strays_in_row_ = 0;
    if (state.seen)
    {
        const bool sent_again = again(e, no, state.stamp);
        if (!order_.is_older(key, rank.at))
            order_.came_forward(key, rank.at);
        else if (sent_again)
            order_.went_back(key, events_, finding_of(defect::reordered, e, no));
        return;
    }
    if (state.overtaken)
        add(defect::reordered, e, no);
    state.seen = true;
    state.stamp = e.stamp;
    state.place = number_now();
    ++u.seen;
    if (u.lsn == 0)
        u.lsn = e.lsn;
    highest_ = std::max(highest_.value_or(0), no);
    lowest_ = std::min(lowest_, no);
    check_transaction(e, u, state);
    if (c.before.empty())
        return;
    order_.saw(key, rank);
    // The change before it has to have come before it.
    if (const auto earlier = change_before(c, t); earlier.unit != nullptr)
        earlier.unit->each[earlier.change].overtaken |= !earlier.unit->each[earlier.change].seen;
}

judge::work::place judge::work::change_before(const model::change& c, const model::table& t)
{
    const auto row = row_named(c.table, c.key(t));
    if (t.version != model::no_column)
    {
        const auto before = version_of(t, c.before);
        return by_version(row, before, before + 1);
    }
    return row.unit != no_unit ? place_in(row.unit, row) : place{};
}

bool judge::work::tells_whole_row(const change_event& e, const model::table& t)
{
    if (e.what != kind::erase)
        return true;
    for (std::size_t i = 0; i < t.columns.size() && i < e.before.size(); ++i)
        if (t.columns[i].kind == model::type::timestamp && !t.columns[i].nullable)
            return e.before[i].what == told::state::value && e.before[i].v.integer() != 0;
    return false;
}

bool judge::work::again(const change_event& e, unit_no unit, std::uint64_t stamp)
{
    const bool copy = e.stamp != 0 && e.stamp == stamp;
    add(copy || how_.exactly_once ? defect::doubled : defect::repeated, e, unit);
    unstamped_ += e.stamp == 0 && !how_.exactly_once ? 1U : 0U;
    return !copy && !how_.exactly_once;
}

}  // namespace bazaar::verify
