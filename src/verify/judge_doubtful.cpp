// Events that wait: doubtful ones for their transaction, strays for the plan.

#include <algorithm>

#include "judge_work.hpp"

namespace bazaar::verify
{
namespace
{

constexpr std::size_t doubtful_max = 10'000;  ///< Events of no planned version that wait for their transaction.

/// Events of so many transactions, one after another and far ahead of the plan, are no strays: the stream has a gap there.
constexpr std::size_t strays_max = 8;

}  // namespace

void judge::work::stray(const change_event& e)
{
    strays_.emplace_back(e, highest_.value_or(0), number_now(), false, reported_op_);
    if (retrying_)
        return;
    if (e.transaction == 0 || e.transaction != stray_transaction_)
        ++strays_in_row_;
    stray_transaction_ = e.transaction;
    if (strays_in_row_ < strays_max && strays_.size() < doubtful_max)
        return;
    for (const auto had = strays_.size(); strays_.size() >= had && reached_ < subject_.known;)
        reach_further();
}

void judge::work::reach_further()
{
    reached_ = limit();
    plan_below(reached_);
    retry_strays();
}

void judge::work::retry_strays()
{
    retried_ = limit();
    strays_in_row_ = 0;
    retrying_ = true;
    std::list<kept_event> again;
    again.swap(strays_);
    while (!again.empty())
    {
        const auto one = again.begin();
        put_back_ = false;
        reported_op_ = one->reported;
        judge_planned(one->e, tables_[one->e.table], *row_of_event(one->e));
        put_back_ ? strays_.splice(strays_.end(), again, one) : again.pop_front();
    }
    put_back_ = false;
    retrying_ = false;
}

void judge::work::wait(const change_event& e, bool late)
{
    doubtful_.emplace_back(e, highest_.value_or(0), number_now(), late, reported_op_);
    if (doubtful_.size() <= doubtful_max)
        return;
    sort_kept();
    settle_front();
}

void judge::work::settle_doubtful(unit_no before)
{
    if (doubtful_.empty() || doubtful_.front().at >= before)
        return;
    sort_kept();
    while (!doubtful_.empty() && doubtful_.front().at < before)
        settle_front();
}

void judge::work::settle_front()
{
    settle_one(doubtful_.front());
    doubtful_.pop_front();
}

void judge::work::settle_one(const kept_event& one)
{
    const auto& e = one.e;
    const auto& t = tables_[e.table];
    const auto row = *row_of_event(e);
    const auto at = unit_of_doubtful(e, t, row);
    if (at.unit == nullptr && one.later)
    {
        ++later_;
        return;
    }
    if (at.unit == nullptr || at.unit->each[at.change].seen)
    {
        one.late ? void(keep_row(e, t, row, kept_row::why::late)) : foreign(e, row);
        return;
    }
    // It came before the changes that seem to have overtaken it.
    at.unit->each[at.change].overtaken = false;
    reported_op_ = one.reported;
    match(e, t, row, at);
    const auto& change = built(*at.unit).changes[at.change];
    if (e.what != kind::erase || change.before.empty())
        return;
    // What made the row that it removed came behind it.
    const auto earlier = change_before(change, t);
    if (earlier.unit != nullptr && earlier.unit->each[earlier.change].seen &&
        static_cast<std::int32_t>(earlier.unit->each[earlier.change].place - one.place) > 0)
        add(defect::reordered, e, at.unit->decision.no);
}

judge::work::place judge::work::unit_of_doubtful(const change_event& e, const model::table& t, const row_id& row)
{
    if (const auto known = by_transaction_.find(e.transaction); e.transaction != 0 && known != by_transaction_.end())
        return place_in(known->second, row);
    if (e.what == kind::erase)
    {
        const auto erase = by_erase(row);
        if (erase.unit != nullptr && !erase.unit->each[erase.change].seen)
            return erase;
        // The row was never made, and what may have made it is told as a delete.
        const auto insert = unseen_insert(row);
        return insert.unit != nullptr ? insert : erase;
    }
    const auto version = version_of(e, t);
    const auto at = version && e.what == kind::update
                        ? by_version(row, *version, *version + e.after[t.version].resolution, &e)
                        : place{};
    // Where the unit's own event came in another transaction, in a snapshot, or before the stream, this is none of it.
    const bool elsewhere = at.unit != nullptr &&
                           (at.unit->transaction != 0 || at.unit->decision.no < how_.from.value_or(0) ||
                            in_snapshot(built(*at.unit).changes[at.change], *version));
    return elsewhere ? place{} : at;
}

judge::work::place judge::work::unseen_insert(const row_id& row)
{
    auto* const u = row.unit < walk_.next_no() && row.unit >= lowest_ ? by_number(row.unit) : nullptr;
    if (u == nullptr || u->refused || u->decision.no < how_.from.value_or(0))
        return {};
    const auto i = change_of(*u, row);
    if (!i || u->each[*i].seen || order_.of(key_of(row)) != nullptr)
        return {};
    return read_.contains(key_of(row)) ? place{} : place{u, *i};
}

}  // namespace bazaar::verify
