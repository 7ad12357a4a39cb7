#include "scenario/thelook/retaining_planner.hpp"

#include <algorithm>

#include "bazaar/base/error.hpp"
#include "bazaar/scenario/thelook/tables.hpp"
#include "bazaar/scenario/thelook/thelook.hpp"
#include "scenario/thelook/events.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

/// Of a session as long as it may be, and more, the beginning says nothing.
std::uint32_t before(time end, time after)
{
    return static_cast<std::uint32_t>(std::min(end - after, 2 * session_max).count());
}

}  // namespace

retaining_planner::retaining_planner(edition rules, std::uint64_t seed, const settings& given, time start,
                                     const price_round& round, const calendar* when)
    : rules_(rules),
      seed_(seed),
      age_(configuration(given).retain),
      lines_{line{shop_planner(rules, seed, given, start, round, when)},
             line{shop_planner(rules, seed, given, start, round, when)},
             line{shop_planner(rules, seed, given, start, round, when)}}
{
    expect(age_ > 0, "what is over goes after some time");
}

std::int64_t retaining_planner::due(const removal& what) const noexcept
{
    return std::max(what.over + age_, lines_[0].core.now());
}

time retaining_planner::next_at() const
{
    const auto& core = lines_[0].core;
    return removes_ ? core.business(due(*lines_[1].next)) : core.next_at();
}

model::decision retaining_planner::next()
{
    auto& [front, behind, last] = lines_;
    model::decision d;
    if (removes_)
    {
        front.core.check_end(next_no(), next_at());
        d = behind.next->unit;
        last_ = due(*behind.next);
        d.no = next_no();
        d.at = front.core.business(last_);
        d.tick = front.core.ticks();
        count(*behind.next);
        behind.next.reset();
        ++front.removals;
    }
    else
        d = decide(0);
    removes_ = removal_due(0);
    return d;
}

/// Whether a removal stands before the next unit of this line, by what the line behind it finds: then it is there. The one
/// place that says where removals stand, for the plan and for those who count.
bool retaining_planner::removal_due(std::size_t which)
{
    const auto& front = lines_[which].core;
    auto& back = lines_[which + 1];
    if (front.in_tick())
        return false;
    const std::int64_t limit = front.due() - age_;
    for (steer(back); !back.next && back.core.due() <= limit; steer(back))
        static_cast<void>(decide(which + 1));
    return back.next && back.next->over <= limit;
}

/// The next unit of a line before which no removal stands any more.
model::decision retaining_planner::decide(std::size_t which)
{
    auto& one = lines_[which];
    for (; which == 1 && removal_due(which); ++one.removals)
        lines_[which + 1].next.reset();
    one.core.number_next(one.units + one.removals);
    const auto d = one.core.next();
    ++one.units;
    if (which == 1)
        note(d);
    else if (which == 2 && (d.kind == kind::ghost || one.core.order_over()))
        one.next = removal{one.core.now(), {}};
    return d;
}

/// Writes down what the second line will need when an order is over, or that it is.
void retaining_planner::note(const model::decision& d)
{
    auto& here = lines_[1];
    switch (d.kind)
    {
    case kind::ghost:
    {
        removal gone{here.core.now(), {}};
        gone.unit.kind = kind::ghost_removed;
        gone.unit.depends_on(d.no, true, true);
        put(gone.unit, ghost_removed_decision{get<ghost_decision>(d).session, d.at});
        here.next = gone;
        return;
    }
    case kind::purchase:
    {
        const auto p = get<purchase_decision>(d);
        const bought from{p.session, before(d.at, p.session_after), p.moves_then, p.first != 0};
        if (!here.core.order_over())
        {
            open_.emplace_hint(open_.end(), p.order, from);
            return;
        }
        order_removed_decision what{};
        what.order = p.order;
        what.moves = p.moves;
        what.user = p.user;
        what.user_unit = p.user_unit;
        what.at[0] = d.at;
        what.touches = static_cast<std::uint32_t>(p.touches);
        order_over(d, what, from, no_unit);
        return;
    }
    default:
        break;
    }
    const state_no last = step_of(d.kind);
    if (last == first_state || !here.core.order_over())
        return;
    const auto s = get<step_decision>(d);
    order_removed_decision what{};
    what.order = s.order;
    what.moves = s.moves;
    what.user = s.user;
    what.user_unit = s.user_unit;
    what.last = last;
    what.at = s.at;
    what.at[steps_to[last]] = d.at;
    what.touches = s.touches;
    if (closes(last))
    {
        what.closing_session = s.session;
        what.closed_after = before(d.at, s.session_after);
        what.moves_closed = s.moves_then;
    }
    const auto from = open_.extract(s.order);
    expect(!from.empty(), "an order that is over was bought");
    order_over(d, what, from.mapped(), s.order_unit);
}

/// `purchase` is the unit before the last one of the order, if it has two or more.
void retaining_planner::order_over(const model::decision& last, order_removed_decision what, const bought& from,
                                   unit_no purchase)
{
    what.session = from.session;
    what.bought_after = from.after;
    what.moves_bought = from.moves;
    what.first = from.first;
    removal gone{lines_[1].core.now(), {}};
    gone.unit.kind = kind::order_removed;
    gone.unit.depends_on(purchase, true, true);
    gone.unit.depends_on(last.no, true, true);
    put(gone.unit, what);
    lines_[1].next = gone;
}

void retaining_planner::count(const removal& gone)
{
    if (gone.unit.kind == kind::ghost_removed)
    {
        removed_[events] += ghost_events(seed_, get<ghost_removed_decision>(gone.unit).session);
        return;
    }
    const auto what = get<order_removed_decision>(gone.unit);
    const auto size = order_size(seed_, what.order);
    ++removed_[orders];
    removed_[items] += size;
    removed_[events] += purchase_events(seed_, what.order, size) +
                        (closes(what.last) ? closing_events(rules_, size) : 0);
    ++removed_[orders_in + what.last];
}

void retaining_planner::apply(const model::control& entry)
{
    expect(entry.unit == next_no(), "a control entry is applied right before its unit");
    auto taken = entry;
    // Not before the last unit, a removal perhaps: else those that stand before the next one would not be the same ones.
    if (taken.what == model::control::kind::set)
        taken.at = std::max(taken.at, lines_[0].core.business(last_));
    entries_.emplace_back(lines_[0].units, taken);
    steer(lines_[0]);
    removes_ = removal_due(0);
}

/// Applies the entries that stand before the next unit of a line.
void retaining_planner::steer(line& one)
{
    for (; one.entries < forgotten_ + entries_.size(); ++one.entries)
    {
        auto entry = entries_[one.entries - forgotten_];
        if (entry.first > one.units)
            return;
        entry.second.unit = one.core.next_no();
        one.core.apply(entry.second);
    }
    const auto all = std::min({lines_[0].entries, lines_[1].entries, lines_[2].entries});
    for (; forgotten_ < all; ++forgotten_)
        entries_.pop_front();
}

std::uint64_t retaining_planner::digest() const
{
    std::uint64_t h = mix(static_cast<std::uint64_t>(age_));
    for (const auto& one : lines_)
        for (const std::uint64_t part : {one.core.digest(), one.units, one.removals, one.entries,
                                         one.next ? static_cast<std::uint64_t>(one.next->over) : 0})
            h = mix(h ^ part) + 0x9e3779b97f4a7c15U;
    return mix(h ^ open_.size() ^ mix(static_cast<std::uint64_t>(last_)));
}

void retaining_planner::figures(std::vector<figure>& out) const
{
    lines_[0].core.figures(out);
    for (std::size_t i = 0; i < removed_.size(); ++i)
        out[i].value -= removed_[i];
}

}  // namespace bazaar::scenario::thelook
