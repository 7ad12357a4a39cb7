#include <algorithm>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "planner.hpp"

namespace bazaar::scenario::declared
{

/// The rows of T0, up to 500 of a table at a time.
model::decision file_planner::seeds()
{
    const auto& of = all_.tables[seed_table_];
    const auto what = std::ranges::find_if(all_.actions, [&](const action& one)
                                           { return one.is == action::form::seed && one.table == of.place; });
    const auto count = std::min(seed_rows, of.seeds - seed_row_);
    const auto [kind, twin_kind] = kinds_of({}, *what);
    auto made = begin(kind, last_);
    // Rows to which these refer are there.
    made.barrier = seed_row_ == 0 && !of.links.empty();
    made.arg[0] = seed_row_;
    made.arg[1] = count;
    made.arg[2] = static_cast<std::uint64_t>(clock_.start().us);
    for (std::size_t i = 0; i < what->shared.size(); ++i)
        if (what->shared[i].what.is == fact::form::setting)
            word_of(made, what->shared_at + i) = static_cast<std::uint64_t>(values_[what->shared[i].what.one].number);
        else if (what->shared[i].what.is == fact::form::start)
            word_of(made, what->shared_at + i) = static_cast<std::uint64_t>(clock_.start().us);
    for (std::uint64_t i = 0; i < count; ++i)
        add_seed(of, seed_row_ + i, made.no);
    plan_twin(*what, made, twin_kind, false);
    seed_row_ += count;
    next_seed_table();
    if (!has_seeds())
        settle();
    return made;
}

void file_planner::add_seed(const row_plan& of, std::uint64_t row, unit_no by)
{
    frame* made = nullptr;
    if (!of.kept.empty())
    {
        texts_.clear();
        made = &make_.seed(of, row, static_cast<std::uint64_t>(clock_.start().us), values_);
    }
    remember(of, made, by);
}

/// One more row, with what is kept of it.
void file_planner::remember(const row_plan& of, frame* made, std::uint64_t writer)
{
    auto& rows = rows_[of.place];
    const auto row = rows.end();
    if (row + 1 >= row_end)
        throw plan_over(next_no_, fmt::format("there are as many rows of {} as ids have room for", of.name));
    const auto numbers = rows.push();
    for (std::size_t i = 0; i < of.kept.size(); ++i)
        numbers[i] = made->facts[of.kept[i]];
    if (of.unit_fact && of.kept_places[*of.unit_fact] != no_item)
        numbers[of.kept_places[*of.unit_fact]] = writer & writer_mask;
    if (of.changes)
        numbers[writer_place(of)] = writer;
    for (const auto& [owner, link] : takers_[of.place])
        untaken_[owner][link].push();
    if (of.of->life)
        live_on(of.place, row, of.of->life->starts, 0);
    watch(of.place, row);
    for (const auto& next : followers_[of.place])
        call(next, row, row, 0);
}

void file_planner::write_step(model::decision& to, const draft& of, const action& what, std::size_t step) const
{
    const auto& how = what.steps[step];
    step_head head{rows_[how.table].end(), 0, 0};
    for (std::size_t i = 0; i < step; ++i)
        if (what.steps[i].table == how.table)
            head.first += step_head::of(word_of(to, what.steps[i].head)).count -
                          static_cast<std::uint64_t>(
                              std::popcount(step_head::of(word_of(to, what.steps[i].head)).short_ones));
    for (std::size_t i = 0; i < of.lines; ++i)
    {
        const auto& one = of.line_of[i];
        if (one.step != step)
            continue;
        if (one.is_short)
            head.short_ones |= std::uint64_t{1} << head.count;
        for (std::size_t w = 0; w < how.line_facts.size(); ++w)
            word_of(to, how.lines + head.count * how.line_facts.size() + w) = one.made->facts[how.line_facts[w]];
        ++head.count;
    }
    word_of(to, how.head) = head.word();
    if (how.of == nullptr || how.of->short_to == no_item)
        return;
    auto first = rows_[how.of->short_to].end();
    for (std::size_t i = 0; i < step; ++i)
        if (what.steps[i].of->short_to == how.of->short_to)
            first += static_cast<std::uint64_t>(
                std::popcount(step_head::of(word_of(to, what.steps[i].head)).short_ones));
    word_of(to, how.short_head) = first;
}

void file_planner::write_words(model::decision& to, const draft& of, const action& what) const
{
    if (what.words > twin_moment)
        to.more.resize(what.words - twin_moment);
    if (what.is == action::form::unit)
        to.arg[0] = of.ordinal;
    else if (what.is != action::form::insert)
    {
        to.arg[0] = of.row;
        for (std::size_t i = 0; i < what.image.size(); ++i)
            word_of(to, 1 + i) = kept_value(all_.tables[what.table], what.image[i], of.row);
    }
    for (std::size_t i = 0; i < what.shared.size(); ++i)
    {
        const auto& shared = what.shared[i];
        auto& word = word_of(to, what.shared_at + i);
        if (shared.of_unit)
            word = of.unit->facts[*what.unit->find(shared.what)];
        else if (shared.what.is == fact::form::start)
            word = static_cast<std::uint64_t>(clock_.start().us);
        else if (shared.what.is == fact::form::stage)
            word = clock_.stage_at({of.at});
        else
            word = static_cast<std::uint64_t>(values_[shared.what.one].number);
    }
    for (std::size_t i = 0; i < what.steps.size(); ++i)
        write_step(to, of, what, i);
}

void file_planner::depend_on(model::decision& to, unit_no earlier, bool rewrite)
{
    if (earlier >= no_unit || earlier == to.no)
        return;
    for (std::uint8_t i = 0; i < to.after_count; ++i)
        if (to.after[i] == earlier)
        {
            to.rewrites |= static_cast<std::uint8_t>((rewrite ? 1U : 0U) << i);
            return;
        }
    if (to.after_count < to.after.size())
        to.depends_on(earlier, rewrite);
    else
        to.barrier = true;  // It comes after all that stand before it.
}

/// After the units that inserted the rows to which it refers, and those that wrote last what it changes.
void file_planner::depend(model::decision& to, const draft& of, const action& what) const
{
    const auto writer = [&](const row_plan& there, std::uint64_t row)
    {
        const auto word = rows_[there.place].of(row)[writer_place(there)];
        depend_on(to, word & writer_mask, (word & sole_bit) != 0);
    };
    const auto referred = [&](const row_plan& holder, std::span<const std::uint64_t> links)
    {
        for (std::size_t k = 0; k < holder.links.size(); ++k)
        {
            const auto& there = all_.tables[holder.links[k].of->to];
            if (links[k] == no_row || there.model[0] == model::no_column)
                continue;
            if (there.closed)
                depend_on(to, maker::unit_of_seed(there, links[k]), false);
            else if (there.unit_fact && there.kept_places[*there.unit_fact] != no_item)
                depend_on(to, rows_[there.place].of(links[k])[there.kept_places[*there.unit_fact]], false);
        }
    };
    if (all_.kind_actions[to.kind].target != model::target::postgres)
        return;
    for (std::size_t i = 0; i < of.moved; ++i)
        writer(all_.tables[of.moved_of[i].table], of.moved_of[i].row);
    if (what.is != action::form::insert && what.is != action::form::unit)
        writer(all_.tables[what.table], of.row);
    if (of.unit != nullptr)
        referred(*what.unit, of.unit_links);
    for (std::size_t i = 0; i < of.lines; ++i)
        referred(all_.tables[what.steps[of.line_of[i].step].table], of.line_of[i].links);
}

/// The number of the unit, and whether it writes but one row with a version.
std::uint64_t file_planner::writer_of(const draft& of, const compiled& all, unit_no by)
{
    const auto& what = all.actions[of.action];
    std::size_t versions = of.moved;
    if (what.is != action::form::insert && what.is != action::form::unit)
        ++versions;
    for (std::size_t i = 0; i < of.lines; ++i)
        if (!of.line_of[i].is_short && all.tables[what.steps[of.line_of[i].step].table].of->version != no_item)
            ++versions;
    return by | (versions == 1 ? sole_bit : 0);
}

/// Bit i: slot i has a row.
std::uint64_t file_planner::written(const draft& of, const action& what)
{
    if (what.slots.empty())
        return 1;
    std::uint64_t made = 0;
    for (std::size_t i = 0; i < what.slots.size(); ++i)
    {
        const auto& one = what.slots[i];
        const auto of_step = [&](const line& made_line)
        { return made_line.step == one.of && made_line.is_short == (one.is == slot::form::instead); };
        const bool writes = one.is == slot::form::change
                                ? std::any_of(of.moved_of.begin(), of.moved_of.begin() + of.moved,
                                              [&](const moved_row& row) { return row.table == one.of; })
                                : std::any_of(of.line_of.begin(), of.line_of.begin() + of.lines, of_step);
        made |= std::uint64_t{writes ? 1U : 0U} << i;
    }
    return made;
}

std::array<std::uint16_t, 2> file_planner::kinds_of(const draft& of, const action& what)
{
    std::array<std::uint16_t, 2> made{gate::no_kind, gate::no_kind};
    const auto slots = written(of, what);
    for (const auto where : {model::target::postgres, model::target::kafka})
    {
        const auto first = std::ranges::find_if(what.gates, [&](const gate& one)
                                                { return one.where == where && (slots >> one.slot & 1U) != 0; });
        if (first == what.gates.end())
            continue;
        if (made[0] == gate::no_kind)
            made[0] = first->alone;
        else
            made[1] = first->twin;
    }
    return made;
}

model::decision file_planner::decide()
{
    const auto& of = ready_;
    if (witness_)
        witness_(*this, of, false);
    const auto& what = all_.actions[of.action];
    const auto [kind, twin_kind] = kinds_of(of, what);
    model::decision made;
    if (of.is_flow)
        ++ticks_;
    if (kind != gate::no_kind)
    {
        made = begin(kind, of.at);
        write_words(made, of, what);
        depend(made, of, what);
        plan_twin(what, made, twin_kind, of.is_flow);
    }
    else
        last_ = of.at;
    const auto by = kind == gate::no_kind ? no_unit : made.no;
    // What it writes is remembered before anything follows from it.
    const auto done = of.action;
    consume(of);
    const auto writer = writer_of(of, all_, by);
    if (what.is != action::form::insert && what.is != action::form::unit)
        change_row(of, what, writer);
    move_rows(of, what, writer);
    insert_rows(of, what, writer);
    follow_up(of, all_.actions[done]);
    advance_windows();
    return made;
}

void file_planner::plan_twin(const action& what, const model::decision& of, std::uint16_t kind, bool tick)
{
    if (kind == gate::no_kind)
        return;
    twin_.emplace(twin{of, tick});
    auto& made = twin_->what;
    made.kind = kind;
    made.arg[twin_moment] = static_cast<std::uint64_t>(what.is == action::form::seed ? clock_.start().us : of.at.us);
    made.arg[twin_of] = of.no;
    made.after_count = 0;
    made.rewrites = 0;
    made.after = {};
    made.barrier = false;
    made.depends_on(of.no);
}

void file_planner::insert_rows(const draft& of, const action& what, unit_no by)
{
    if (of.unit != nullptr)
        take(*what.unit, of.unit_links);
    for (std::size_t i = 0; i < of.lines; ++i)
    {
        const auto& one = of.line_of[i];
        const auto& step = what.steps[one.step];
        if (!one.is_short)
        {
            take(all_.tables[step.table], one.links);
            remember(all_.tables[step.table], one.made, by);
        }
        else if (step.of->short_to != no_item)
        {
            const auto& instead = all_.tables[step.of->short_to];
            expect(instead.kept.empty(), "no link leads to what stands for rows that fell short");
            remember(instead, nullptr, by);
        }
    }
}

/// Rows that may be taken once are taken.
void file_planner::take(const row_plan& plan, std::span<const std::uint64_t> links)
{
    for (item_no i = 0; i < plan.links.size(); ++i)
    {
        if (links[i] >= no_row)
            continue;
        if (plan.links[i].of->once)
            untaken_[plan.owner][i].erase(links[i]);
        if (plan.links[i].of->pick == link::way::next)
            cursors_[plan.owner][i] = links[i] + 1;
    }
}

/// What is too old for a link is too old for ever.
void file_planner::advance_windows()
{
    for (const auto& [of, link, alone] : limited_)
    {
        const auto& how = *of->links[link].of;
        auto& cursor = cursors_[of->owner][link];
        if (how.within > 0)
            cursor = first_within(*of, link, last_);
        if (how.once)
            untaken_[of->owner][link].forget_below(how.within > 0 ? cursor : rows_[how.to].begin());
        if (alone)
            rows_[how.to].forget_below(cursor);
    }
}

/// What a unit sets in a row of its links.
void file_planner::set_row(const draft& of, const action& what, const moved_row& moved)
{
    const auto& there = all_.tables[moved.table];
    auto& before = remembered(there, moved.row);
    const auto numbers = rows_[moved.table].of(moved.row);
    for (std::size_t k = 0; k < what.changes.size(); ++k)
        for (std::size_t i = 0; (moved.changes >> k & 1U) != 0 && i < there.setters.size(); ++i)
            if (const auto& set = there.setters[i];
                set.of_unit == what.table && &all_.file->units[what.table].rows[set.row] == what.changes[k])
                if (const auto made = make_.set(before, i, static_cast<std::uint64_t>(of.at), {}, of.unit);
                    made.fact != no_item)
                    numbers[there.kept_places[made.fact]] = made.word;
}

void file_planner::move_rows(const draft& of, const action& what, std::uint64_t writer)
{
    for (std::size_t i = 0; i < of.moved; ++i)
        if (of.moved_of[i].changes != 0)
            set_row(of, what, of.moved_of[i]);
    for (std::size_t i = 0; i < of.moved; ++i)
    {
        const auto& moved = of.moved_of[i];
        const auto& there = all_.tables[moved.table];
        const auto numbers = rows_[moved.table].of(moved.row);
        for (std::size_t c = 0; c < there.counters.size(); ++c)
            numbers[there.kept_places[*there.level_facts[there.counters[c]]]] = static_cast<std::uint64_t>(
                moved.levels[c]);
        if (there.version_fact)
            numbers[there.kept_places[*there.version_fact]] = static_cast<std::uint64_t>(of.at);
        auto& word = numbers[writer_place(there)];
        word = (word >> watch_bit << watch_bit) | writer;
    }
}

void file_planner::change_row(const draft& of, const action& what, std::uint64_t writer)
{
    const auto& there = all_.tables[what.table];
    if (what.change != no_item)
        if (const auto& change = all_.changes[what.table][what.change]; is_limited(*change.links.front().of))
            take(change, std::array{of.row});
    if (what.is == action::form::erase)
    {
        rows_[what.table].erase(of.row);
        for (const auto& [owner, link] : takers_[what.table])
            untaken_[owner][link].erase(of.row);
        return;
    }
    const auto numbers = rows_[what.table].of(of.row);
    auto& before = remembered(there, of.row);
    for (std::size_t i = 0; i < there.setters.size(); ++i)
        if (sets(what, there.setters[i]))
            if (const auto made = make_.set(before, i, static_cast<std::uint64_t>(of.at), values_);
                made.fact != no_item)
                numbers[there.kept_places[made.fact]] = made.word;
    if (what.is == action::form::step)
        numbers[there.kept_places[*there.state_fact]] = there.of->life->states[what.state].steps[what.step].to;
    if (there.version_fact)
        numbers[there.kept_places[*there.version_fact]] = static_cast<std::uint64_t>(of.at);
    auto& word = numbers[writer_place(there)];
    word = (word >> watch_bit << watch_bit) | writer;
}

/// What comes of a unit later.
void file_planner::follow_up(const draft& of, const action& what)
{
    if (what.is == action::form::unit)
    {
        for (const auto& next : unit_followers_[what.table])
            call(next, of.lines > 0 ? of.line_of[0].made->row : no_row, of.ordinal, of.ordinal);
        const auto& follows = all_.file->units[what.table].follows;
        if (follows && follows->is == follow::form::low && rows_[follows->of].has(of.row))
        {
            for (const auto& one : watches_[follows->of])
                if (&all_.actions[one.action] == &what)
                    rows_[follows->of].of(of.row)[writer_place(all_.tables[follows->of])] &= ~(
                        std::uint64_t{1} << (watch_bit + one.bit));
            watch(follows->of, of.row);
        }
    }
    for (std::size_t i = 0; i < of.moved; ++i)
        watch(of.moved_of[i].table, of.moved_of[i].row);
    if (what.is == action::form::step)
        live_on(what.table, of.row, all_.file->tables[what.table].life->states[what.state].steps[what.step].to,
                of.steps + 1);
}

/// A unit that follows, if chance has it.
void file_planner::call(const follower& next, std::uint64_t row, std::uint64_t index, std::uint64_t steps)
{
    auto draw = derive(all_.seed, next.draws, index);
    if (chance(next.how->chance, whole_share).happens(draw.next()))
        waiting_.push({last_ - shift_ + draw.between(next.after.low, next.after.high), row, steps, next.action});
}

/// Calls for a unit where a counter has run low; one at a time for each row.
void file_planner::watch(item_no table, std::uint64_t row)
{
    const auto& of = all_.tables[table];
    for (const auto& one : watches_[table])
    {
        if (!rows_[table].has(row))
            return;
        const auto numbers = rows_[table].of(row);
        auto& word = numbers[writer_place(of)];
        const auto bit = std::uint64_t{1} << (watch_bit + one.bit);
        const auto level = static_cast<std::int64_t>(numbers[of.kept_places[*of.level_facts[one.how->counter]]]);
        if ((word & bit) != 0 || level > one.at)
            continue;
        word |= bit;
        // Drawn anew each time that it is low.
        auto draw = derive(all_.seed, one.draws, row ^ mix(static_cast<std::uint64_t>(last_ - shift_)));
        waiting_.push({last_ - shift_ + draw.between(one.after.low, one.after.high), row, 0, one.action});
    }
}

/// Draws the next step of a life.
void file_planner::live_on(item_no table, std::uint64_t row, item_no state, std::uint64_t steps)
{
    const auto& of = all_.tables[table];
    const auto& life = *of.of->life;
    const auto own = last_ - shift_;
    const auto action_of = [&](action::form is, item_no which)
    {
        const auto at = std::ranges::find_if(all_.actions,
                                             [&](const action& one)
                                             {
                                                 return one.is == is && one.table == table && one.change == no_item &&
                                                        (is == action::form::erase ||
                                                         (one.state == state && one.step == which));
                                             });
        return static_cast<item_no>(at - all_.actions.begin());
    };
    if (life.removed_from == state)
        waiting_.push({own + life.removed_after, row, steps, action_of(action::form::erase, 0)});
    auto draw = derive(all_.seed, stream::named(of.name + " life"), row ^ mix(steps + 1));
    auto left = static_cast<std::int64_t>(draw.below(whole_share));
    const auto& ways = life.states[state].steps;
    for (item_no i = 0; i < ways.size(); ++i)
    {
        left -= ways[i].chance;
        if (left >= 0)
            continue;
        waiting_.push(
            {own + draw.between(ways[i].after.low, ways[i].after.high), row, steps, action_of(action::form::step, i)});
        return;
    }
}

}  // namespace bazaar::scenario::declared
