#include <algorithm>
#include <ranges>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/scenario/declared/keys.hpp"
#include "compiled.hpp"

namespace bazaar::scenario::declared
{
namespace
{

/// Lays out the decisions of one action.
class layout
{
public:
    layout(compiled& all, action& to) : all_(all), to_(to) {}

    void make()
    {
        if (to_.is == action::form::unit)
            to_.words = 1;  // Which of its kind it is.
        else if (to_.is == action::form::seed)
            to_.words = 3;  // The first row, how many, and T0.
        else if (to_.is != action::form::insert)
            changed_row();
        if (to_.is == action::form::change || to_.is == action::form::step)
            for (const auto& one : all_.tables[to_.table].setters)
                for (const auto setting : sets(to_, one) ? one.settings : std::vector<item_no>{})
                    share_word({{fact::form::setting, setting}});
        for (const auto& one : to_.steps)
            share(all_.tables[one.table]);
        if (to_.is == action::form::seed)
            share(all_.tables[to_.table]);
        if (to_.unit != nullptr)
            share_unit();
        to_.shared_at = to_.words;
        to_.words += to_.shared.size();
        for (auto& one : to_.steps)
            place(one);
    }

private:
    /// The row, and all that it is made of.
    void changed_row()
    {
        to_.image = all_.tables[to_.table].image;
        to_.words = 1 + to_.image.size();
    }

    void share_word(const shared_word& what)
    {
        if (std::ranges::find(to_.shared, what) == to_.shared.end())
            to_.shared.push_back(what);
    }

    void share(const row_plan& of)
    {
        for (const auto& what : of.facts)
            if (what.is == fact::form::start || what.is == fact::form::stage || what.is == fact::form::setting)
                share_word({what});
    }

    void share_unit()
    {
        for (const auto& what : to_.unit->facts)
        {
            if (what.is == fact::form::start || what.is == fact::form::stage || what.is == fact::form::setting)
                share_word({what});
            else if (what.is == fact::form::row || what.is == fact::form::nested)
                share_word({what, true});
        }
        for (const auto& one : to_.steps)
            if (one.of != nullptr && one.of->short_to != no_item)
                share(all_.tables[one.of->short_to]);
    }

    void place(step_plan& one)
    {
        const auto& of = all_.tables[one.table];
        one.head = to_.words++;
        if (one.of != nullptr && one.of->short_to != no_item)
            one.short_head = to_.words++;
        for (item_no i = 0; i < of.facts.size(); ++i)
        {
            const auto& what = of.facts[i];
            if ((what.is == fact::form::row || what.is == fact::form::nested) && what.one < of.links.size())
                one.line_facts.push_back(i);
        }
        one.lines = to_.words;
        to_.words += one.line_facts.size() * (one.of == nullptr ? 1 : one.of->times_most);
    }

    compiled& all_;
    action& to_;
};

void add(compiled& to, action one)
{
    std::ranges::replace(one.name, '-', '_');
    to.actions.push_back(std::move(one));
}

void table_actions(compiled& to, const row_plan& of)
{
    using form = action::form;
    const auto make = [&](form is, const std::string& name)
    {
        action made;
        made.is = is;
        made.name = name;
        made.table = of.place;
        return made;
    };
    if (!of.of->arrives.empty())
    {
        auto one = make(form::insert, of.name);
        one.steps.push_back({.table = of.place});
        add(to, std::move(one));
    }
    for (item_no i = 0; i < of.of->changes.size(); ++i)
    {
        const auto& change = of.of->changes[i];
        auto one = make(change.erase ? form::erase : form::change, of.name + '_' + change.name);
        one.change = i;
        add(to, std::move(one));
    }
    if (!of.of->life)
        return;
    const auto& life = *of.of->life;
    for (item_no s = 0; s < life.states.size(); ++s)
        for (item_no i = 0; i < life.states[s].steps.size(); ++i)
        {
            const auto& step = life.states[s].steps[i];
            auto one = make(form::step,
                            fmt::format("{}_{}_{}", of.name, life.states[s].name, life.states[step.to].name));
            one.state = s;
            one.step = i;
            one.change = no_item;
            if (step.insert != no_item)
                one.steps.push_back({.table = step.insert});
            add(to, std::move(one));
        }
    if (life.removed_from != no_item)
    {
        auto one = make(form::erase, of.name + "_removed");
        one.change = no_item;
        add(to, std::move(one));
    }
}

/// Whether a fact is a live setting of another row: at T0 nobody says what it was there.
bool knows_settings(const compiled& all, const row_plan& of, const fact& what)
{
    if (what.is != fact::form::nested || what.one >= of.links.size())
        return false;
    const auto& there = all.tables[of.links[what.one].of->to];
    const auto& inner = there.facts[what.inner];
    return inner.is == fact::form::setting || knows_settings(all, there, inner);
}

void unit_action(compiled& to, row_plan& of, const std::vector<gen_plan>& times)
{
    action one;
    one.is = action::form::unit;
    one.name = of.name;
    one.table = of.place;
    one.unit = &of;
    const auto& rows = to.file->units[of.place].rows;
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (rows[i].is == row_step::form::change)
            one.changes.push_back(&rows[i]);
        else
            one.steps.push_back({.of = &rows[i], .table = rows[i].table, .times = times[i]});
    add(to, std::move(one));
}

}  // namespace

void make_actions(compiled& to)
{
    std::vector<std::string> problems;
    for (const auto& of : to.tables)
        if (of.seeds > 0)
        {
            action one;
            one.is = action::form::seed;
            one.name = of.name + "_seed";
            one.table = of.place;
            add(to, std::move(one));
            for (const auto& what : of.facts)
                if (knows_settings(to, of, what))
                    problems.push_back(fmt::format("{}.links.{}: rows of T0 do not use what a live setting makes of "
                                                   "another row",
                                                   of.name, of.links[what.one].of->name));
        }
    for (const auto& of : to.tables)
        table_actions(to, of);
    for (auto& of : to.units)
    {
        std::vector<gen_plan> times;
        for (const auto& step : to.file->units[of.place].rows)
            times.push_back(step.times ? plan_of(*step.times, of.name + '.' + to.tables[step.table].name + " times", to)
                                       : gen_plan{});
        unit_action(to, of, times);
    }
    std::vector<std::uint64_t> steps(to.tables.size());
    for (auto& one : to.actions)
    {
        for (auto& step : one.steps)
            if (const auto before = steps[step.table]++; before > 0)
                step.salt = mix(before);
        layout(to, one).make();
        if (one.words > words_most)
            problems.push_back(
                fmt::format("{}: {} numbers decide a unit; there is room for {}", one.name, one.words, words_most));
    }
    if (!problems.empty())
        throw error(error_kind::data, std::move(problems));
}

}  // namespace bazaar::scenario::declared
