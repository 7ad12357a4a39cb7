// The plan at hand: units around the newest event, found by number, version or deleted row.

#include <algorithm>
#include <utility>

#include "bazaar/verify/row_name.hpp"
#include "judge_work.hpp"

namespace bazaar::verify
{

void judge::work::plan_one()
{
    unit_state made;
    made.refused = !walk_.next(made.decision);
    if (units_.size() >= 2 * keep_ + partial_units_)
        compact();
    units_.push_back(std::move(made));
    if (erases_rows_)
        index_erases(units_.back());
}

bool judge::work::reach(time moment)
{
    if (how_.latest && moment > *how_.latest)
        return true;  // No unit is there.
    while (walk_.next_no() < subject_.known && (units_.empty() || units_.back().decision.at <= moment))
    {
        if (walk_.next_no() > limit())
            return false;
        plan_one();
    }
    return true;
}

void judge::work::compact()
{
    const auto old = units_.size() - keep_;
    // Before what tells more of them is forgotten.
    settle_doubtful(units_[old].decision.no);
    auto to = units_.begin();
    partial_units_ = 0;
    for (std::size_t i = 0; i < units_.size(); ++i)
    {
        auto& u = units_[i];
        if (i < old && !u.shared && (u.whole() || u.seen == u.left_out))
        {
            if (u.whole())
                mark_whole(u.decision.no);
            if (u.torn)
                tell_torn(u);
            tell_end(u);
            for (std::uint32_t k = 0; k < u.changes; ++k)
                by_transaction_.erase(u.each[k].transaction);
            continue;
        }
        partial_units_ += i < old ? 1U : 0U;
        if (&*to != &u)
            *to = std::move(u);
        ++to;
    }
    units_.erase(to, units_.end());
    if (erases_rows_)
        std::erase_if(erased_, [&](const auto& entry) { return by_number(entry.second) == nullptr; });
    order_.forget_before(units_.front().decision.at.us);
}

void judge::work::mark_whole(unit_no no)
{
    if (whole_.size() <= no)
        whole_.resize(no + 1);
    whole_[no] = true;
}

unit_state* judge::work::by_number(unit_no no)
{
    plan_below(no + 1);
    const auto behind = walk_.next_no() - no;  // The newest stand without a gap.
    if (no < walk_.next_no() && behind <= units_.size() && units_[units_.size() - behind].decision.no == no)
        return &units_[units_.size() - behind];
    const auto at = std::ranges::lower_bound(units_, no, {}, [](const unit_state& u) { return u.decision.no; });
    return at != units_.end() && at->decision.no == no ? &*at : nullptr;
}

void judge::work::build(const model::decision& d, model::unit& out)
{
    subject_.shop.build(d, out);
    if (d.no >= seam_)
        return;
    survivors_.keep(out, tables_);
    // Rows that the schema came with were changed, once.
    for (auto& c : out.changes)
        if (tables_[c.table].kept_by == model::role::fixed)
        {
            c.what = model::op::update;
            c.before = fixed_rows(c.table).at(c.key(tables_[c.table]).integer()).values;
        }
}

const model::unit& judge::work::built(unit_state& u)
{
    auto& unit = built_[u.decision.no % built_count];
    if (unit.changes.empty() || unit.decision.no != u.decision.no)
    {
        build(u.decision, unit);
        unit.decision = u.decision;
    }
    if (!u.each)
    {
        u.changes = static_cast<std::uint32_t>(unit.changes.size());
        u.each = std::make_unique<change_state[]>(u.changes);
        for (std::size_t i = 0; i < unit.changes.size(); ++i)
            if (left_out_[unit.changes[i].table])
            {
                u.each[i].seen = true;
                ++u.left_out;
            }
        u.seen = u.left_out;
    }
    return unit;
}

std::optional<std::size_t> judge::work::change_of(unit_state& u, const row_id& row)
{
    const auto& unit = built(u);
    for (std::size_t i = 0; i < unit.changes.size(); ++i)
    {
        const auto& c = unit.changes[i];
        if (c.table == row.table && row_named(c.table, c.key(tables_[c.table])) == row)
            return i;
    }
    return std::nullopt;
}

judge::work::place judge::work::place_in(unit_no no, const row_id& row)
{
    auto* const u = by_number(no);
    const auto i = u != nullptr && !u->refused ? change_of(*u, row) : std::nullopt;
    return i ? place{u, *i} : place{};
}

judge::work::place judge::work::by_version(const row_id& row, std::int64_t from, std::int64_t end,
                                           const change_event* e)
{
    place found;
    auto at = std::ranges::lower_bound(units_, from, {}, [](const unit_state& u) { return u.decision.at.us; });
    for (; at != units_.end() && at->decision.at.us < end; ++at)
    {
        const auto i = at->refused ? std::nullopt : change_of(*at, row);
        if (!i)
            continue;
        if (found.unit == nullptr)
            found = {&*at, *i};
        else if (e == nullptr)
            break;
        else if (!has_values(*e, built(*found.unit).changes[found.change]) &&
                 (has_values(*e, built(*at).changes[*i]) || found.unit->each[found.change].seen))
            found = {&*at, *i};
    }
    return found;
}

judge::work::place judge::work::by_version_before(const row_id& row, std::int64_t version, std::int64_t end)
{
    place last;
    auto at = std::ranges::lower_bound(units_, version, {}, [](const unit_state& u) { return u.decision.at.us; });
    for (; at != units_.end(); ++at)
        if (const auto i = at->refused ? std::nullopt : change_of(*at, row))
            if (const auto& c = built(*at).changes[*i]; !c.before.empty())
            {
                const auto found = version_of(tables_[row.table], c.before);
                if (found >= end)
                    break;
                if (found >= version)
                    last = {&*at, *i};
                if (last.unit != nullptr && !last.unit->each[last.change].seen)
                    break;
            }
    return last;
}

judge::work::place judge::work::by_erase(const row_id& row)
{
    const auto erased = erased_.find(key_of(row));
    return erased != erased_.end() ? place_in(erased->second, row) : place{};
}

void judge::work::index_erases(unit_state& u)
{
    const auto& parts = subject_.shop.kinds()[u.decision.kind].parts;
    if (u.refused || std::ranges::none_of(parts, [](const auto& part) { return part.what == model::op::erase; }))
        return;
    for (const auto& c : built(u).changes)
        if (c.what == model::op::erase)
            erased_[key_of(row_named(c.table, c.key(tables_[c.table])))] = u.decision.no;
}

std::optional<bool> judge::work::is_planned(const row_id& row)
{
    if (tables_[row.table].kept_by == model::role::fixed)
        return true;  // Its number was found among the rows.
    if (row.unit == no_unit)
        return row.row < initial_count(row.table);
    if (row.unit >= subject_.known)
        return false;
    auto* const u = row.unit < walk_.next_no() ? by_number(row.unit) : nullptr;
    if (u == nullptr)
        return std::nullopt;
    return !u->refused && change_of(*u, row).has_value();
}

std::uint64_t judge::work::initial_count(std::uint8_t table)
{
    auto& count = of_table_[table].initial;
    if (!count)
    {
        count = 0;
        subject_.shop.initial_rows(table, subject_.recorded.start, [&](std::span<const model::value>) { ++*count; });
    }
    return *count;
}

}  // namespace bazaar::verify
