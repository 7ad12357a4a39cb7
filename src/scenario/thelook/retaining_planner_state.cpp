#include <algorithm>
#include <span>

#include "bazaar/scenario/thelook/tables.hpp"
#include "scenario/thelook/decisions.hpp"
#include "scenario/thelook/retaining_planner.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

constexpr auto removal_args = std::max(args_of<order_removed_decision>, args_of<ghost_removed_decision>);

void put_unit(state_writer& to, const model::decision& d)
{
    for (const std::uint64_t number :
         {d.kind, std::uint16_t{d.after_count}, std::uint16_t{d.rewrites}, std::uint16_t{d.removes}})
        to.put(number);
    for (const auto number : std::span(d.after).first(d.after_count))
        to.put(number);
    for (const auto number : std::span(d.arg).first(removal_args))
        to.put(number);
}

model::decision get_unit(state_reader& from)
{
    model::decision d;
    d.kind = static_cast<std::uint16_t>(from.get());
    d.after_count = static_cast<std::uint8_t>(from.get());
    d.rewrites = static_cast<std::uint8_t>(from.get());
    d.removes = static_cast<std::uint8_t>(from.get());
    if ((d.kind != kind::order_removed && d.kind != kind::ghost_removed) || d.after_count > d.after.size())
    {
        from.fail();
        return {};
    }
    for (auto& number : std::span(d.after).first(d.after_count))
        number = from.get();
    for (auto& number : std::span(d.arg).first(removal_args))
        number = from.get();
    return d;
}

}  // namespace

void retaining_planner::save(state_writer& to) const
{
    for (const auto& one : lines_)
    {
        one.core.save(to);
        for (const auto number : {one.units, one.removals, one.entries})
            to.put(number);
        to.put(one.next ? 1 : 0);
        if (one.next)
        {
            to.put_signed(one.next->over);
            put_unit(to, one.next->unit);
        }
    }
    to.put(removes_ ? 1 : 0);
    to.put_signed(last_);
    to.put(open_.size());
    std::uint64_t before = 0;
    for (const auto& [order, from] : open_)
    {
        to.put(order - before);
        to.put(from.session);
        to.put(from.after);
        to.put(from.moves);
        if (rules_ != edition::older)
            to.put(from.first ? 1 : 0);
        before = order;
    }
    to.put(entries_.size());
    for (const auto& [unit, entry] : entries_)
    {
        to.put(unit);
        to.put(static_cast<std::uint64_t>(entry.what));
        to.put(entry.field);
        to.put_signed(entry.value);
        to.put_signed(entry.at.us);
    }
    to.put(forgotten_);
    for (const auto number : removed_)
        to.put(number);
}

bool retaining_planner::load(state_reader& from)
{
    for (auto& one : lines_)
    {
        one.core.load_part(from);
        for (auto* number : {&one.units, &one.removals, &one.entries})
            *number = from.get();
        one.next.reset();
        if (from.get() != 0)
        {
            const auto over = from.get_from(0);
            one.next = removal{over, get_unit(from)};
        }
    }
    removes_ = from.get() != 0;
    if (removes_ && !lines_[1].next)
        from.fail();
    last_ = from.get_from(0);
    open_.clear();
    std::uint64_t order = 0;
    for (auto count = from.get_count(); count > 0 && from.good(); --count)
    {
        order += from.get();
        const auto session = from.get();
        const auto after = static_cast<std::uint32_t>(from.get());
        const auto moves = static_cast<std::uint32_t>(from.get());
        const bool first = rules_ != edition::older && from.get() != 0;
        if (session >> row_bits != 0 || moves >> moves_bits != 0)
            from.fail();
        open_.emplace_hint(open_.end(), order, bought{session, after, moves, first});
    }
    entries_.clear();
    for (auto count = from.get_count(); count > 0 && from.good(); --count)
    {
        const auto unit = from.get();
        model::control entry;  // Its unit is that of each line in turn.
        entry.what = static_cast<model::control::kind>(from.get());
        entry.field = static_cast<std::uint16_t>(from.get());
        entry.value = from.get_signed();
        entry.at.us = from.get_from(0);
        if (!lines_[0].core.may_apply(entry) && entry.what != model::control::kind::ddl)
            from.fail();
        entries_.emplace_back(unit, entry);
    }
    forgotten_ = from.get();
    for (auto& number : removed_)
        number = from.get();
    return from.done();
}

}  // namespace bazaar::scenario::thelook
