#include "builder.hpp"

#include <algorithm>

#include "bazaar/base/error.hpp"

namespace bazaar::scenario::declared
{

builder::builder(const compiled& all, const model::decision& what, model::unit& out)
    : all_(all),
      what_(what),
      out_(out),
      kind_(all.kind_actions.at(what.kind)),
      action_(all.actions[kind_.action]),
      make_(all, out.arena),
      moment_(kind_.twin ? what.arg[twin_moment] : static_cast<std::uint64_t>(what.at.us)),
      unit_(kind_.twin ? what.arg[twin_of] : what.no)
{
}

void builder::build()
{
    if (action_.is == action::form::seed)
        return seed();
    read_lines();
    if (action_.is != action::form::insert && action_.is != action::form::unit)
        change_row();
    insert_lines();
    if (action_.is == action::form::unit)
        move_rows();
}

/// What all rows of a unit have in common.
void builder::share(const row_plan& of, frame& to)
{
    for (std::size_t i = 0; i < action_.shared.size(); ++i)
    {
        const auto& shared = action_.shared[i];
        const auto word = word_of(what_, action_.shared_at + i);
        const auto set = [&](const std::optional<item_no>& fact)
        {
            if (fact)
                to.facts[*fact] = word;
        };
        if (shared.of_unit)
        {
            if (&of == action_.unit)
                set(of.find(shared.what));
        }
        else if (shared.what.is == fact::form::start)
            set(of.start_fact);
        else if (shared.what.is == fact::form::stage)
            set(of.stage_fact);
        else
            set(of.setting_facts[shared.what.one]);
    }
}

frame& builder::unit_frame()
{
    if (unit_frame_ == nullptr)
    {
        unit_frame_ = &make_.row(*action_.unit, what_.arg[0]);
        unit_frame_->moment = moment_;
        share(*action_.unit, *unit_frame_);
    }
    return *unit_frame_;
}

void builder::seed()
{
    const auto& of = all_.tables[action_.table];
    for (std::uint64_t i = 0; i < what_.arg[1]; ++i)
        insert(make_.seed(of, what_.arg[0] + i, what_.arg[2], settings()));
}

/// A row as its decision has it.
frame& builder::inserted(const step_plan& step, std::uint64_t line, std::uint64_t row)
{
    const auto& of = all_.tables[step.table];
    auto& made = make_.row(of, row);
    made.draw = step.draw_of(of, what_.arg[0], line, row);
    share(of, made);
    if (action_.unit != nullptr)
    {
        if (const auto fact = of.row_facts[of.unit_relation()])
            made.facts[*fact] = what_.arg[0];
        for (const auto& [inner, own] : of.carried[of.unit_relation()])
            made.facts[own] = unit_frame().facts[inner];
    }
    for (std::size_t i = 0; i < step.line_facts.size(); ++i)
        made.facts[step.line_facts[i]] = word_of(what_, step.lines + line * step.line_facts.size() + i);
    if (step.of != nullptr)
        made.step = &step;
    make_.insert(made, moment_, unit_);
    return made;
}

/// The row that stands for one that fell short.
frame& builder::instead(const made_line& of, std::uint64_t row)
{
    const auto& step = action_.steps[of.step];
    const auto& there = all_.tables[step.of->short_to];
    auto& made = make_.row(there, row);
    share(there, made);
    for (item_no i = 0; i < there.facts.size(); ++i)
    {
        const auto& what = there.facts[i];
        if (what == fact{fact::form::row, there.unit_relation()})
            made.facts[i] = what_.arg[0];
        else if (what.is == fact::form::nested && what.one == there.unit_relation())
            made.facts[i] = unit_frame().facts[what.inner];
        else if (what.is == fact::form::nested && what.one == there.line_relation())
            made.facts[i] = of.row->facts[what.inner];
        if ((what.is != fact::form::row && what.is != fact::form::nested) || what.one >= there.links.size())
            continue;
        // Its cause is what the line wanted.
        for (item_no k = 0; k < of.row->of->links.size(); ++k)
            if (of.row->of->links[k].of->to == there.links[what.one].of->to)
            {
                const auto from = what.is == fact::form::row ? fact{fact::form::row, k}
                                                             : fact{fact::form::nested, k, what.inner};
                if (const auto known = of.row->of->find(from))
                    made.facts[i] = of.row->facts[*known];
                break;
            }
    }
    make_.insert(made, moment_, unit_);
    return made;
}

void builder::read_lines()
{
    std::uint64_t count = 0;
    for (const auto& step : action_.steps)
        count += step_head::of(word_of(what_, step.head)).count;
    lines_ = out_.arena.make<made_line>(count);
    std::size_t at = 0;
    for (std::size_t i = 0; i < action_.steps.size(); ++i)
    {
        const auto& step = action_.steps[i];
        const auto head = step_head::of(word_of(what_, step.head));
        auto row = head.first;
        for (std::uint64_t n = 0; n < head.count; ++n)
        {
            const bool is_short = (head.short_ones >> n & 1U) != 0;
            lines_[at++] = {&inserted(step, n, row), i, n, is_short};
            row += is_short ? 0 : 1;
        }
    }
}

void builder::insert(frame& row)
{
    const auto place = place_of(*row.of);
    if (place != model::no_column)
        make_.values(row, kind_.target, out_.insert(place, all_.model_tables[place]));
}

void builder::insert_lines()
{
    for (const auto& one : lines_)
        if (!one.is_short)
            insert(*one.row);
    for (std::size_t i = 0; i < action_.steps.size(); ++i)
    {
        const auto& step = action_.steps[i];
        if (step.of == nullptr || step.of->short_to == no_item)
            continue;
        auto row = word_of(what_, step.short_head);
        for (const auto& one : lines_)
            if (one.step == i && one.is_short)
                insert(instead(one, row++));
    }
}

void builder::change_row()
{
    const auto& of = all_.tables[action_.table];
    const auto place = place_of(of);
    if (place == model::no_column || (kind_.target == model::target::kafka && of.of->topic.inserts_only))
        return;
    auto& before = make_.row(of, what_.arg[0]);
    for (std::size_t i = 0; i < action_.image.size(); ++i)
        before.facts[action_.image[i]] = word_of(what_, 1 + i);
    if (of.draw_fact)
        before.draw = before.facts[*of.draw_fact];
    if (of.closed && of.start_fact)
        before.moment = before.facts[*of.start_fact];
    else if (of.born_fact)
        before.moment = before.facts[*of.born_fact];
    const auto& table = all_.model_tables[place];
    if (action_.is == action::form::erase)
    {
        const auto first = out_.changes.size();
        make_.values(before, kind_.target, out_.insert(place, table));
        return out_.erase_from(first);
    }
    auto& after = make_.copy(before);
    for (std::size_t i = 0; i < of.setters.size(); ++i)
        if (sets(action_, of.setters[i]))
            if (const auto made = make_.set(before, i, moment_, settings()); made.fact != no_item)
                after.facts[made.fact] = made.word;
    if (action_.is == action::form::step)
        after.facts[*of.state_fact] = of.of->life->states[action_.state].steps[action_.step].to;
    if (of.version_fact)
        after.facts[*of.version_fact] = moment_;
    const auto rows = out_.update(place, table);
    make_.values(before, kind_.target, rows.before);
    make_.values(after, kind_.target, rows.after);
}

/// Live settings as they are, those of them that the decision has.
std::span<const operand> builder::settings()
{
    if (settings_.empty())
    {
        settings_ = out_.arena.make<operand>(all_.constants.size());
        std::ranges::copy(all_.constants, settings_.begin());
        for (std::size_t i = 0; i < action_.shared.size(); ++i)
            if (action_.shared[i].what.is == fact::form::setting)
                settings_[action_.shared[i].what.one] = of_number(
                    static_cast<std::int64_t>(word_of(what_, action_.shared_at + i)));
    }
    return settings_;
}

/// The row of that table that a line moves, as it was before the line.
frame* builder::moved_frame(const made_line& of, const row_step::movement& move, item_no table)
{
    auto& holder = move.of_unit ? unit_frame() : *of.row;
    if (holder.of->links[move.link].of->to != table || make_.linked(holder, move.link) == no_row)
        return nullptr;
    return &make_.related(holder, move.link);
}

void builder::move_rows()
{
    for (const auto& one : action_.slots)
        if (one.is == slot::form::change)
            move_rows_of(one.of);
}

/// Rows of the unit's links that it changes.
void builder::set_rows(item_no table, std::span<moved_row> rows, std::size_t& count)
{
    const auto& of = all_.tables[table];
    for (const auto* change : action_.changes)
    {
        if (change->table != table || make_.linked(unit_frame(), change->link) == no_row)
            continue;
        auto& row = moving(rows, count, make_.related(unit_frame(), change->link));
        for (std::size_t i = 0; i < of.setters.size(); ++i)
            if (const auto& set = of.setters[i];
                set.of_unit == action_.table && &all_.file->units[action_.table].rows[set.row] == change)
                if (const auto made = make_.set(*row.before, i, moment_, {}, &unit_frame()); made.fact != no_item)
                    row.after->facts[made.fact] = made.word;
    }
}

builder::moved_row& builder::moving(std::span<moved_row> rows, std::size_t& count, frame& before)
{
    const auto known = rows.first(count);
    const auto at = std::ranges::find_if(known, [&](const moved_row& one) { return one.before->row == before.row; });
    if (at != known.end())
        return *at;
    expect(count < rows.size(), "a line moves four counters at most");
    return rows[count++] = {&before, &make_.copy(before)};
}

/// One change for each row, from before the first line that moves it to behind the last one.
void builder::move_rows_of(item_no table)
{
    const auto& of = all_.tables[table];
    const auto place = place_of(of);
    if (place == model::no_column || (kind_.target == model::target::kafka && of.of->topic.inserts_only))
        return;
    const auto rows = out_.arena.make<moved_row>(lines_.size() * 4 + 4 + action_.changes.size());
    std::size_t count = 0;
    set_rows(table, rows, count);
    for (const auto& one : lines_)
    {
        if (one.is_short)
            continue;
        for (const auto& move : action_.steps[one.step].of->moves)
        {
            auto* const before = moved_frame(one, move, table);
            if (before == nullptr)
                continue;
            auto& row = moving(rows, count, *before);
            const auto amount = make_.amount(*one.row, move);
            auto& level = row.after->facts[*of.level_facts[move.counter]];
            level = static_cast<std::uint64_t>(static_cast<std::int64_t>(level) + (move.put ? amount : -amount));
        }
    }
    for (std::size_t i = 0; i < count; ++i)
    {
        if (of.version_fact)
            rows[i].after->facts[*of.version_fact] = moment_;
        const auto sides = out_.update(place, all_.model_tables[place]);
        make_.values(*rows[i].before, kind_.target, sides.before);
        make_.values(*rows[i].after, kind_.target, sides.after);
    }
}

}  // namespace bazaar::scenario::declared
