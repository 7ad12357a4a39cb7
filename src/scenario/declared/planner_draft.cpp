#include <algorithm>

#include "bazaar/base/error.hpp"
#include "planner.hpp"

namespace bazaar::scenario::declared
{
namespace
{

/// No row that may be picked: there is no unit.
constexpr std::uint64_t no_candidate = no_row + 1;

/// Whether a row that a change does not want will never be wanted: `where` reads what does not change, and settings.
bool wants_for_ever(const compiled& all, const action& what)
{
    const auto& change = all.file->tables[what.table].changes[what.change];
    return !change.where ||
           std::ranges::none_of(change.where->slots(),
                                [&](std::uint16_t slot)
                                {
                                    const auto& name = change.names[slot];
                                    return name.is == source::form::setting && all.file->settings[name.one].live;
                                });
}

}  // namespace

bool file_planner::work_out(draft& to)
{
    const auto& what = all_.actions[to.action];
    to.lines = 0;
    to.moved = 0;
    to.unwanted = 0;
    to.passed = 0;
    to.unit = nullptr;
    if (what.is == action::form::unit)
    {
        to.unit = &make_.row(*what.unit, to.ordinal);
        to.unit->moment = static_cast<std::uint64_t>(to.at);
        line ignored;
        if (!pick_links(to, *what.unit, ignored, to.ordinal, nullptr))
            return false;
        to.unit_links = ignored.links;
        know(to, *what.unit, *to.unit, to.unit_links);
        return insert_lines(to, what);
    }
    if (what.is == action::form::insert)
        return insert_lines(to, what);
    return work_out_change(to, what);
}

bool file_planner::insert_lines(draft& to, const action& what)
{
    std::size_t kept = change_linked(to, what);
    for (std::size_t i = 0; i < what.steps.size(); ++i)
    {
        const auto& step = what.steps[i];
        std::int64_t times = 1;
        if (step.of != nullptr && step.of->times)
        {
            const auto drawn = make_.made(*to.unit, step.times, to.ordinal);
            const auto whole = exact::rescaled(drawn.number, step.of->times->type.scale, 0);
            times = drawn.missing || !whole
                        ? 0
                        : static_cast<std::int64_t>(std::clamp<exact::integer>(*whole, 0, step.of->times_most));
        }
        for (std::int64_t n = 0; n < times; ++n)
        {
            if (!insert_line(to, what, i, static_cast<std::size_t>(n)))
                return false;
            const auto& made = to.line_of[to.lines - 1];
            kept += !made.is_short || step.of->short_to != no_item ? 1 : 0;
        }
    }
    return kept > 0;
}

/// Rows of the unit's links that it changes: how many.
std::size_t file_planner::change_linked(draft& to, const action& what)
{
    for (std::size_t i = 0; i < what.changes.size(); ++i)
        if (const auto row = to.unit_links[what.changes[i]->link]; row != no_row)
            moving(to, what.changes[i]->table, row).changes |= std::uint32_t{1} << i;
    return to.moved;
}

bool file_planner::insert_line(draft& to, const action& what, std::size_t step, std::size_t number)
{
    expect(to.lines < lines_in_all, "a unit has 48 lines at most");
    const auto& how = what.steps[step];
    const auto& of = all_.tables[how.table];
    auto& one = to.line_of[to.lines];
    one = {};
    one.step = static_cast<std::uint8_t>(step);
    one.number = static_cast<std::uint8_t>(number);
    std::uint64_t row = rows_[how.table].end();
    for (std::size_t i = 0; i < to.lines; ++i)
        row += what.steps[to.line_of[i].step].table == how.table && !to.line_of[i].is_short ? 1 : 0;
    const auto draw = how.draw_of(of, to.ordinal, number, row);
    if (!pick_links(to, of, one, draw, how.of))
        return false;
    one.made = &make_.row(of, row);
    one.made->draw = draw;
    one.made->moment = static_cast<std::uint64_t>(to.at);
    one.made->step = how.of != nullptr ? &how : nullptr;
    know(to, of, *one.made, one.links);
    ++to.lines;
    if (how.of != nullptr && !how.of->moves.empty())
        one.is_short = !move_counters(to, how, one);
    return true;
}

bool file_planner::pick_links(draft& to, const row_plan& of, line& one, std::uint64_t draw, const row_step* step)
{
    for (item_no i = 0; i < of.links.size(); ++i)
    {
        const bool distinct = (step != nullptr && step->distinct == i) || of.links[i].of->once ||
                              of.links[i].of->pick == link::way::next;
        one.links[i] = pick(to, of, i, one, draw, distinct);
        if (one.links[i] == no_candidate)
            return false;
    }
    return true;
}

std::uint64_t file_planner::pick(const draft& to, const row_plan& of, item_no link, const line& one, std::uint64_t draw,
                                 bool distinct)
{
    const auto& plan = of.links[link];
    if (plan.of->missing > 0)
    {
        auto gap = derive(all_.seed, plan.gaps, draw);
        if (chance(plan.of->missing, whole_share).happens(gap.next()))
            return no_row;
    }
    if (plan.of->pick == link::way::cause)
        return rows_[plan.of->to].has(to.row) ? to.row : no_candidate;
    if (plan.of->pick == link::way::same)
        return pick_same(to, of, plan, one);
    auto numbers = derive(all_.seed, plan.draws, draw);
    if (plan.pure)
    {
        const auto seeds = all_.tables[plan.of->to].seeds;
        return seeds == 0 ? no_candidate : pick_row(plan, numbers, 0, seeds, seeds);
    }
    return pick_free(to, of, link, one, numbers, distinct);
}

std::uint64_t file_planner::pick_same(const draft& to, const row_plan& of, const link_plan& link, const line& one)
{
    const auto row = link.of->with_of_unit ? to.unit_links[link.of->with] : one.links[link.of->with];
    if (link.of->then == no_item || row == no_row)
        return row;
    const auto& holder = link.of->with_of_unit ? all_.units[of.unit] : of;
    auto& there = remembered(all_.tables[holder.links[link.of->with].of->to], row);
    return make_.linked(there, link.of->then);
}

bool file_planner::is_taken(const draft& to, item_no link, const line& one, std::uint64_t row)
{
    for (std::size_t i = 0; i < to.lines; ++i)
        if (to.line_of[i].step == one.step && to.line_of[i].links[link] == row)
            return true;
    return false;
}

std::uint64_t file_planner::pick_free(const draft& to, const row_plan& of, item_no link, const line& one, random& draw,
                                      bool distinct) const
{
    auto cursor = cursors_[of.owner][link];
    std::uint64_t row = no_row;
    for (std::size_t i = 0; i < tries_most; ++i)
    {
        row = pick_among(of, link, to.at, cursor, draw);
        if (row == no_row)
            return no_candidate;
        if (!distinct || !is_taken(to, link, one, row))
            return row;
        cursor = row + 1;
    }
    const auto& among = rows_[of.links[link].of->to];
    const auto first = first_within(of, link, to.at);
    for (auto left = among.end() - first; left > 0; --left)
    {
        row = living(among, row + 1, first);
        const bool untaken = !of.links[link].of->once || untaken_[of.owner][link].has(row);
        if (row != no_row && untaken && !is_taken(to, link, one, row))
            return row;
    }
    return no_candidate;
}

/// That row, or the next one that is there; after the last one, the first.
std::uint64_t file_planner::living(const row_memory& among, std::uint64_t row, std::uint64_t first) const
{
    for (auto left = among.end() - first + 1; left > 0; --left, ++row)
    {
        if (row >= among.end() || row < first)
            row = first;
        if (among.has(row))
            return row;
    }
    return no_row;
}

/// The oldest row that a link may lead to.
std::uint64_t file_planner::first_within(const row_plan& of, item_no link, std::int64_t at) const
{
    const auto& plan = *of.links[link].of;
    const auto& among = rows_[plan.to];
    if (plan.within == 0)
        return among.begin();
    const auto& there = all_.tables[plan.to];
    auto row = std::max(among.begin(), cursors_[of.owner][link]);
    if (there.closed)
        return clock_.start().us + plan.within >= at ? among.begin() : among.end();
    const auto born = there.kept_places[*there.born_fact];
    while (row < among.end() && static_cast<std::int64_t>(among.of(row)[born]) + plan.within < at)
        ++row;
    return row;
}

std::uint64_t file_planner::pick_among(const row_plan& of, item_no link, std::int64_t at, std::uint64_t cursor,
                                       random& draw) const
{
    const auto& plan = of.links[link];
    const auto& among = rows_[plan.of->to];
    if (plan.of->once && plan.of->pick != link::way::next)
        return pick_untaken(of, link, at, draw);
    const auto first = first_within(of, link, at);
    const auto count = among.end() - first;
    if (count == 0 || among.count() == 0)
        return no_row;
    if (plan.of->pick == link::way::next)
    {
        if (plan.of->once && cursor >= among.end())
            return no_row;
        const auto row = living(among, cursor, first);
        return plan.of->once && row < cursor ? no_row : row;
    }
    auto row = pick_row(plan, draw, first, count, all_.tables[plan.of->to].seeds);
    for (std::size_t i = 1; i < tries_most && !among.has(row); ++i)
        row = pick_row(plan, draw, first, count, all_.tables[plan.of->to].seeds);
    return living(among, row, first);
}

std::uint64_t file_planner::pick_untaken(const row_plan& of, item_no link, std::int64_t at, random& draw) const
{
    const auto& set = untaken_[of.owner][link];
    std::uint64_t old = 0;
    const auto first = first_within(of, link, at);
    for (auto row = set.begin(); row < first; ++row)
        old += set.has(row) ? 1 : 0;
    if (set.size() == old)
        return no_row;
    return set.select(old + pick_row(of.links[link], draw, 0, set.size() - old, 0));
}

file_planner::candidates file_planner::among(const row_plan& of, item_no link, std::int64_t at, std::uint64_t row) const
{
    const auto& plan = *of.links[link].of;
    const auto& rows = rows_[plan.to];
    candidates made;
    made.first = first_within(of, link, at);
    made.count = rows.end() - made.first;
    if (plan.once && plan.pick != link::way::next)
    {
        const auto& untaken = untaken_[of.owner][link];
        const auto old = untaken.count_below(made.first);
        made.count = made.living = untaken.size() - old;
        made.rank = untaken.count_below(row) - old;
        return made;
    }
    made.living = rows.count_between(made.first, rows.end());
    made.rank = rows.count_between(made.first, row);
    for (auto gone = row; gone > made.first && !rows.has(gone - 1); --gone)
        ++made.before;
    return made;
}

std::uint64_t file_planner::living_among(const row_plan& of, item_no link, std::int64_t at, std::uint64_t rows) const
{
    const auto first = first_within(of, link, at);
    return rows_[of.links[link].of->to].count_between(first, first + rows);
}

std::uint64_t file_planner::kept_value(const row_plan& of, item_no fact, std::uint64_t row) const
{
    const auto& what = of.facts[fact];
    if (what.is == fact::form::start)
        return static_cast<std::uint64_t>(clock_.start().us);
    const auto place = of.kept_places[fact];
    expect(place != no_item, "a fact of a row that is linked to is remembered");
    return rows_[of.place].of(row)[place];
}

/// A row as it is now.
frame& file_planner::remembered(const row_plan& of, std::uint64_t row)
{
    auto& made = make_.row(of, row);
    for (item_no i = 0; i < of.facts.size(); ++i)
        if (of.facts[i].is == fact::form::start || of.kept_places[i] != no_item)
            made.facts[i] = kept_value(of, i, row);
    made.moment = static_cast<std::uint64_t>(of.closed ? clock_.start().us : 0);
    if (of.born_fact)
        made.moment = made.facts[*of.born_fact];
    if (of.draw_fact)
        made.draw = made.facts[*of.draw_fact];
    return made;
}

/// All that is known of a row that a unit inserts, or of the unit itself.
void file_planner::know(draft& to, const row_plan& of, frame& made, std::span<const std::uint64_t> links)
{
    for (item_no i = 0; i < of.facts.size(); ++i)
    {
        const auto& what = of.facts[i];
        if (what.is == fact::form::start)
            made.facts[i] = static_cast<std::uint64_t>(clock_.start().us);
        else if (what.is == fact::form::stage)
            made.facts[i] = clock_.stage_at({to.at});
        else if (what.is == fact::form::setting)
            made.facts[i] = static_cast<std::uint64_t>(values_[what.one].number);
        else if (what.is == fact::form::row)
            made.facts[i] = what.one < of.links.size() ? links[what.one] : to.ordinal;
    }
    know_nested(to, of, made, links);
    if (of.of != nullptr)
        make_.insert(made, made.moment, no_unit);
}

void file_planner::know_nested(const draft& to, const row_plan& of, frame& made, std::span<const std::uint64_t> links)
{
    for (item_no i = 0; i < of.facts.size(); ++i)
    {
        const auto& what = of.facts[i];
        if (what.is != fact::form::nested)
            continue;
        if (what.one == of.unit_relation() && to.unit != nullptr)
            made.facts[i] = to.unit->facts[what.inner];
        if (what.one >= of.links.size() || links[what.one] == no_row)
            continue;
        const auto& there = all_.tables[of.links[what.one].of->to];
        made.facts[i] = kept_value(there, what.inner, links[what.one]);
        if (there.facts[what.inner].is != fact::form::level)
            continue;
        if (const auto* moved = moving(to, there.place, links[what.one]))
            for (std::size_t c = 0; c < there.counters.size(); ++c)
                if (there.counters[c] == there.facts[what.inner].one)
                    made.facts[i] = static_cast<std::uint64_t>(moved->levels[c]);
    }
}

const file_planner::moved_row* file_planner::moving(const draft& to, item_no table, std::uint64_t row) const
{
    for (std::size_t i = 0; i < to.moved; ++i)
        if (to.moved_of[i].table == table && to.moved_of[i].row == row)
            return &to.moved_of[i];
    return nullptr;
}

file_planner::moved_row& file_planner::moving(draft& to, item_no table, std::uint64_t row)
{
    for (std::size_t i = 0; i < to.moved; ++i)
        if (to.moved_of[i].table == table && to.moved_of[i].row == row)
            return to.moved_of[i];
    expect(to.moved < moved_most, "a unit moves the counters of 48 rows at most");
    auto& made = to.moved_of[to.moved++];
    made.table = table;
    made.row = row;
    made.changes = 0;
    const auto& plan = all_.tables[table];
    for (std::size_t c = 0; c < plan.counters.size(); ++c)
        made.levels[c] = static_cast<std::int64_t>(kept_value(plan, *plan.level_facts[plan.counters[c]], row));
    return made;
}

/// False where something is taken that is not there: then nothing is.
bool file_planner::move_counters(draft& to, const step_plan& step, line& one)
{
    const auto& of = all_.tables[step.table];
    const auto each = [&](const auto& what)
    {
        for (const auto& move : step.of->moves)
        {
            const auto& holder = move.of_unit ? all_.units[of.unit] : of;
            const auto row = move.of_unit ? to.unit_links[move.link] : one.links[move.link];
            if (row == no_row)
                continue;
            const auto& there = all_.tables[holder.links[move.link].of->to];
            const auto counter = std::ranges::find(there.counters, move.counter) - there.counters.begin();
            if (!what(moving(to, there.place, row).levels[static_cast<std::size_t>(counter)], move))
                return false;
        }
        return true;
    };
    const auto amount = [&](const row_step::movement& move) { return make_.amount(*one.made, move); };
    const auto moved = to.moved;
    if (step.of->when_short != row_step::shortage::none &&
        !each([&](std::int64_t level, const row_step::movement& move) { return move.put || amount(move) <= level; }))
    {
        to.moved = moved;
        return false;
    }
    return each(
        [&](std::int64_t& level, const row_step::movement& move)
        {
            level += move.put ? amount(move) : -amount(move);
            return true;
        });
}

bool file_planner::is_wanted(const draft& to, const action& what, std::uint64_t row)
{
    const auto& change = all_.file->tables[what.table].changes[what.change];
    if (!change.where)
        return true;
    auto& made = make_.row(all_.changes[what.table][what.change], row);
    made.host = &remembered(all_.tables[what.table], row);
    made.moment = static_cast<std::uint64_t>(to.at);
    made.settings = values_;
    const auto found = make_.worth(made, *change.where, change.name);
    return !found.missing && found.number != 0;
}

bool file_planner::work_out_change(draft& to, const action& what)
{
    const auto& among = rows_[what.table];
    if (what.change == no_item)
    {
        if (!among.has(to.row))
            return false;
        return what.steps.empty() || insert_lines(to, what);
    }
    return among.count() > 0 && pick_to_change(to, what);
}

/// A row that a change may pick; `next` looks from `cursor` on.
std::uint64_t file_planner::candidate(const row_plan& change, std::int64_t at, std::uint64_t cursor, random& draw) const
{
    const auto& plan = change.links.front();
    if (is_limited(*plan.of))
        return pick_among(change, 0, at, cursor, draw);
    const auto& among = rows_[change.place];
    const auto first = among.begin();
    return living(among, pick_row(plan, draw, first, among.end() - first, all_.tables[change.place].seeds), first);
}

bool file_planner::pick_to_change(draft& to, const action& what)
{
    const auto& change = all_.changes[what.table][what.change];
    const auto& pick = *change.links.front().of;
    const bool in_turn = pick.pick == link::way::next;
    const bool for_ever = wants_for_ever(all_, what);
    auto cursor = in_turn ? cursors_[change.owner].front() : 0;
    auto draw = derive(all_.seed, change.links.front().draws, to.ordinal);
    for (std::size_t i = 0; (in_turn && for_ever) || i < tries_most; ++i)
    {
        texts_.clear();
        const auto row = candidate(change, to.at, cursor, draw);
        if (row == no_row)
            return false;
        if (is_wanted(to, what, row))
        {
            to.row = row;
            return true;
        }
        cursor = row + 1;
        if (!for_ever)
            continue;
        if (in_turn)
            to.passed = cursor;
        else if (pick.once)
            to.unwanted_of[to.unwanted++] = row;
    }
    return false;
}

}  // namespace bazaar::scenario::declared
