#include "sampler.hpp"

#include <algorithm>

namespace bazaar::scenario::declared
{

void sampler::see_values(frame& of, scope_study& to, const std::vector<gen_plan>& vars)
{
    for (std::size_t i = 0; i < vars.size(); ++i)
        if (to.vars[i].draws())
            to.vars[i].see(make_, of, vars[i], make_.made(of, vars[i], of.draw));
}

void sampler::see_columns(frame& of, item_no table)
{
    auto& to = tables_[table];
    const auto& plan = drawn_.all.tables[table];
    see_values(of, to, plan.vars);
    for (std::size_t i = 0; i < plan.columns.size(); ++i)
        if (to.values[i].draws() && i != plan.of->keys.column)
            to.values[i].see(make_, of, plan.columns[i], make_.made(of, plan.columns[i], of.draw));
}

/// The rows of T0.
void sampler::see_seeds()
{
    for (item_no i = 0; i < drawn_.all.tables.size(); ++i)
    {
        const auto& of = drawn_.all.tables[i];
        for (std::uint64_t row = 0; row < of.seeds; ++row)
        {
            inserted(i, row, start_.us);
            if (row >= units_)
                continue;
            texts_.clear();
            auto& made = make_.seed(of, row, static_cast<std::uint64_t>(start_.us), values_);
            see_columns(made, i);
            for (item_no k = 0; k < of.links.size(); ++k)
            {
                if (!of.links[k].pure && !of.row_facts[k])
                    continue;
                const auto to = make_.linked(made, k);
                tables_[i].links[k].see_missing(to == no_row);
                if (to != no_row)
                    tables_[i].links[k].see_pure(to, drawn_.all.tables[of.links[k].of->to].seeds);
            }
        }
    }
}

/// Whether no line before it can keep a row from being picked.
bool sampler::is_first(const draft& what, std::size_t line)
{
    return line == 0 || what.line_of[line - 1].step != what.line_of[line].step;
}

void sampler::see_lines(file_planner& plan, const draft& what, const action& of)
{
    for (std::size_t i = 0; i < what.lines; ++i)
    {
        const auto& line = what.line_of[i];
        const auto& step = of.steps[line.step];
        const auto& table = drawn_.all.tables[step.table];
        for (item_no k = 0; k < table.links.size(); ++k)
        {
            auto& study = tables_[step.table].links[k];
            if (table.links[k].of->pick == link::way::same || table.links[k].of->pick == link::way::cause)
                continue;
            study.see_missing(line.links[k] == no_row);
            const bool freely = is_first(what, i) || step.of == nullptr ||
                                (step.of->distinct != k && !table.links[k].of->once);
            if (line.links[k] != no_row)
                study.see_limits(line.links[k], age(table.links[k].of->to, line.links[k], what.at));
            if (line.links[k] != no_row && freely)
                study.see(plan, table, k, what.at, line.links[k]);
        }
        auto& made = make_.copy(*line.made);
        made.step = line.made->step;
        see_columns(made, step.table);
        if (!line.is_short)
            inserted(step.table, line.made->row, what.at);
    }
}

void sampler::see_unit(file_planner& plan, const draft& what, const action& of)
{
    auto& to = unit_scopes_[of.table];
    auto& made = make_.copy(*what.unit);
    see_values(made, to, of.unit->vars);
    for (item_no k = 0; k < of.unit->links.size(); ++k)
    {
        const auto& link = *of.unit->links[k].of;
        if (link.pick == link::way::same || link.pick == link::way::cause)
            continue;
        to.links[k].see_missing(what.unit_links[k] == no_row);
        if (what.unit_links[k] == no_row)
            continue;
        to.links[k].see_limits(what.unit_links[k], age(link.to, what.unit_links[k], what.at));
        to.links[k].see(plan, *of.unit, k, what.at, what.unit_links[k]);
    }
    std::size_t study = 0;
    for (std::size_t i = 0; i < of.steps.size(); ++i)
    {
        if (!of.steps[i].of->times)
            continue;
        const auto lines = std::count_if(what.line_of.begin(),
                                         what.line_of.begin() + static_cast<std::ptrdiff_t>(what.lines),
                                         [&](const auto& one) { return one.step == i; });
        auto& times = to.values[study++];
        if (times.draws())
            times.see(
                make_, made, of.steps[i].times,
                as_type({.number = static_cast<std::int64_t>(lines)}, {kind::decimal, 0}, of.steps[i].of->times->type));
    }
}

void sampler::see_unit_sets(file_planner& plan, const draft& what, const action& of)
{
    const auto moment = static_cast<std::uint64_t>(what.at);
    std::size_t study = 0;
    for (const auto& table : drawn_.all.tables)
        for (const auto& one : table.setters)
        {
            if (one.of_unit != of.table)
                continue;
            auto& to = unit_sets_[of.table][study++];
            const auto row = what.unit_links[drawn_.all.file->units[of.table].rows[one.row].link];
            if (!to.draws() || row == no_row)
                continue;
            auto& before = make_.copy(plan.remembered(table, row));
            auto& in = make_.setting_frame(before, one, moment, values_, &make_.copy(*what.unit));
            to.see(make_, in, one.how, make_.made(in, one.how, before.draw ^ mix(moment)));
        }
}

void sampler::see_change(file_planner& plan, const draft& what, const action& of)
{
    const auto& table = drawn_.all.tables[of.table];
    auto& row = make_.copy(plan.remembered(table, what.row));
    const auto moment = static_cast<std::uint64_t>(what.at);
    std::size_t study = 0;
    if (of.change == no_item)
    {
        for (const auto& one : table.setters)
        {
            if (one.how.of == nullptr || one.of_change != no_item || one.of_unit != no_item)
                continue;
            auto& to = setters_[of.table][study++];
            if (one.state != of.state || one.step != of.step || !to.draws())
                continue;
            auto& in = make_.setting_frame(row, one, moment, values_);
            to.see(make_, in, one.how, make_.made(in, one.how, row.draw ^ mix(moment)));
        }
        return;
    }
    const auto& change = drawn_.all.changes[of.table][of.change];
    auto& to = changes_[of.table][of.change];
    to.links.front().see_limits(what.row, age(of.table, what.row, what.at));
    if (!table.of->changes[of.change].where)
    {
        to.links.front().see_missing(false);
        to.links.front().see(plan, change, 0, what.at, what.row);
    }
    auto& made = make_.row(change, what.row);
    made.host = &row;
    made.draw = row.draw ^ mix(moment);
    made.moment = moment;
    made.settings = values_;
    see_values(made, to, change.vars);
    for (const auto& one : table.setters)
        if (one.how.of != nullptr && one.of_change == of.change)
        {
            auto& values = to.values[study++];
            if (values.draws())
                values.see(make_, made, one.how, make_.made(made, one.how, made.draw));
        }
}

void sampler::see_life(file_planner& /*plan*/, const draft& what, const action& of, bool left_out)
{
    if (of.is == action::form::step)
        lives_[of.table]->step(what.row, of.state, of.step, what.at, left_out);
    else if (of.is == action::form::erase && !left_out)
    {
        if (lives_[of.table])
            lives_[of.table]->leave(what.row);
        for (auto& one : followers_)
            if (one.how->is == follow::form::low && one.how->of == of.table)
                one.delays.forget(what.row);
    }
}

/// How old a row is, if it is known when it was inserted.
std::optional<std::int64_t> sampler::age(item_no table, std::uint64_t row, std::int64_t at) const
{
    const auto& all = births_[table];
    return row < all.size() ? std::optional(at - all[row]) : std::nullopt;
}

/// A row is there: its life begins, and what follows it.
void sampler::inserted(item_no table, std::uint64_t row, std::int64_t at)
{
    // Rows come in the order of their numbers.
    if (row == births_[table].size())
        births_[table].push_back(at);
    if (lives_[table])
        lives_[table]->enter(row, drawn_.all.file->tables[table].life->starts, at);
    for (auto& one : followers_)
        if (one.how->is == follow::form::after && !one.how->of_unit && one.how->of == table)
            one.delays.begin(row, at);
}

/// Counters that have run low.
void sampler::low(const draft& what)
{
    for (std::size_t i = 0; i < what.moved; ++i)
    {
        const auto& moved = what.moved_of[i];
        for (auto& one : followers_)
        {
            if (one.how->is != follow::form::low || one.how->of != moved.table)
                continue;
            const auto& counters = drawn_.all.tables[moved.table].counters;
            const auto which = std::ranges::find(counters, one.how->counter) - counters.begin();
            const auto level = setting_value(*one.how->at, values_);
            if (moved.levels.at(static_cast<std::size_t>(which)) <= level && !one.delays.has(moved.row))
                one.delays.begin(moved.row, what.at);
        }
    }
}

void sampler::see_followers(file_planner& plan, const draft& what, const action& of, bool left_out)
{
    for (auto& one : followers_)
    {
        if (one.action == what.action)
        {
            const auto key = one.how->is == follow::form::after && one.how->of_unit ? what.steps : what.row;
            const auto since = one.delays.since(key);
            const bool waits = one.how->waits != no_item && since &&
                               plan.clock().window_end(one.how->waits, *since + one.delays.after().low).has_value();
            one.delays.end(key, what.at, waits);
        }
        if (!left_out && one.how->is == follow::form::after && one.how->of_unit && of.is == action::form::unit &&
            one.how->of == of.table)
            one.delays.begin(what.ordinal, what.at);
    }
    if (!left_out)
        low(what);
}

void sampler::see(file_planner& plan, const draft& what, bool left_out)
{
    texts_.clear();
    ++seen_;
    last_ = what.at;
    const auto& of = drawn_.all.actions[what.action];
    if (what.is_flow && what.from < arrivals_.size())
        arrivals_[what.from].see(plan.arrival_of(what));
    see_life(plan, what, of, left_out);
    see_followers(plan, what, of, left_out);
    if (left_out)
        return;
    if (of.is == action::form::unit)
    {
        see_unit(plan, what, of);
        see_unit_sets(plan, what, of);
    }
    else if (of.is != action::form::insert)
        see_change(plan, what, of);
    see_lines(plan, what, of);
}

}  // namespace bazaar::scenario::declared
