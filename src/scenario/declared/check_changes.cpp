#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "checker.hpp"
#include "shapes.hpp"

// Changes and lives.

namespace bazaar::scenario::declared
{

/// A column that changes: not one that keys, links or `where` use.
void checker::touched(item_no t, item_no column, mark at, const std::string& by)
{
    auto& work = tables_[t];
    work.changes.insert(column);
    if (work.changed_by.empty())
    {
        work.changed_at = at;
        work.changed_by = by;
    }
}

void checker::changes()
{
    for (item_no t = 0; t < made_.tables.size(); ++t)
    {
        if (tables_[t].at->value.is != shape::map)
            continue;
        const auto& entries = tables_[t].body.entries("changes");
        for (std::size_t i = 0; i < entries.size(); ++i)
        {
            made_.tables[t].changes[i].name = entries[i].key;
            if (entries[i].value.is == shape::map)
                one_change(t, entries[i], made_.tables[t].changes[i]);
        }
    }
}

void checker::one_change(item_no t, const entry& one, change& made)
{
    auto& work = tables_[t];
    const fields here(one.value, "change", joined_path(work.body.path_of("changes"), one.key));
    made.arrives = arrivals(here);
    made.pick.to = t;
    made.erase = here.boolean("erase").value_or(false);
    if (here.text("erase") == "false")
        tell(here.find("erase")->at, here.path(), "\"erase: false\" does nothing; say what to set");
    // Its own names: the row as it was, and what is drawn for the change.
    name_space names;
    names.table = t;
    names.links = work.names.links;
    names.path = here.path();
    std::vector<work_on_value> vars;
    for (const auto& var : here.entries("vars"))
    {
        vars.push_back({.at = &var});
        made.vars.push_back({var.key, {}});
        if (column_named(t, var.key) != no_item)
            tell(var.at, here.path_of("vars"), fmt::format("\"{}\" is a column, too; take another name", var.key));
    }
    names.vars = &vars;
    names.made_vars = &made.vars;
    for (std::size_t c = 0; c < work.columns.size(); ++c)
        names.add(work.columns[c].at->key, {source::form::column, static_cast<item_no>(c), 0, 0, {}});
    add_vars(names, {}, vars, source::form::var, source::form::var_cell, 0);
    add_settings(names);
    pick_of(here, made.pick, t, names);
    if (const auto* const where = here.find("where"))
    {
        made.where = of_kind(*where, names, kind::boolean, here.path_of("where"));
        for (const auto slot : made.where ? made.where->slots() : std::vector<std::uint16_t>{})
            if (names.used[slot].is == source::form::column)
                work.never_changes.insert(names.used[slot].one);
            else if (names.used[slot].is != source::form::setting)
                tell(where->value.at, here.path_of("where"), "takes columns and settings; nothing is drawn yet");
    }
    for (std::size_t v = 0; v < vars.size(); ++v)
        static_cast<void>(var_type(names, static_cast<item_no>(v)));
    made.set = assignments(here, t, names);
    for (const auto& set : made.set)
        touched(t, set.column, work.body.find("changes")->at, "changes");
    if (made.erase && work.changed_by.empty())
    {
        work.changed_at = work.body.find("changes")->at;
        work.changed_by = "changes";
    }
    made.names = std::move(names.used);
}

// --- Lives

void checker::lives()
{
    for (item_no t = 0; t < made_.tables.size(); ++t)
        if (tables_[t].at->value.is == shape::map && tables_[t].body.block("life"))
            one_life(t);
}

void checker::one_life(item_no t)
{
    const auto& body = tables_[t].body;
    const auto here = *body.block("life");
    auto& table = made_.tables[t];
    life made;
    const auto* const column = here.scalar("column");
    made.column = column == nullptr ? no_item : column_of(t, column, here.path());
    const auto& states = here.entries("states");
    for (const auto& one : states)
        made.states.push_back({one.key, {}});
    const auto known = names_of(made.states);
    made.starts = find(here.scalar("starts"), here.path(), "state", known);
    if (made.column != no_item)
    {
        const auto type = column_type(t, made.column);
        if (type && type->is != kind::text)
            tell(column->at, here.path_of("column"), "the column of a state is a text");
        touched(t, made.column, body.find("life")->at, "a life");
    }
    for (std::size_t s = 0; s < states.size(); ++s)
    {
        const auto path = joined_path(here.path_of("states"), states[s].key);
        std::uint64_t sum = 0;
        std::size_t without = 0;
        for (const auto& item : states[s].value.items)
        {
            if (item.is != shape::map)
                continue;
            life_step step;
            const fields of(item, "step", path);
            step.to = find(of.scalar("to"), path, "state", known);
            step.chance = of.share("chance").value_or(0);
            without += of.scalar("chance") == nullptr ? 1 : 0;
            sum += step.chance;
            one_step(t, of, step);
            made.states[s].steps.push_back(std::move(step));
        }
        if (sum > whole_share || without > 1)
            tell(states[s].at, here.path_of("states"),
                 without > 1 ? fmt::format("{}: only one step takes what the others leave; give the others a chance",
                                           states[s].key)
                             : fmt::format("{}: the chances add up to more than 100%", states[s].key));
        for (std::size_t i = 0; i < made.states[s].steps.size() && without == 1 && sum <= whole_share; ++i)
            if (fields(states[s].value.items[i], "step", path).scalar("chance") == nullptr)
                made.states[s].steps[i].chance = whole_share - static_cast<std::uint32_t>(sum);
    }
    if (const auto removed = here.block("removed"))
    {
        made.removed_from = find(removed->scalar("from"), removed->path(), "state", known);
        made.removed_after = removed->duration("after").value_or(0);
    }
    for (const auto& one : body.scalars("children"))
        if (const auto child = table_of(&one, body.path()); child != no_item)
        {
            const auto& links = made_.tables[child].links;
            if (std::ranges::find(links, t, &link::to) == links.end())
                tell(one.at, body.path_of("children"), fmt::format("{} has no link to {}", one.value.text, table.name));
            table.children.push_back(child);
        }
    table.life = std::move(made);
}

void checker::one_step(item_no t, const fields& here, life_step& step)
{
    step.after = here.durations("after").value_or(range{});
    if (const auto* const stamp = here.scalar("stamp"))
    {
        step.stamp = column_of(t, stamp, here.path());
        const auto type = step.stamp == no_item ? std::nullopt : column_type(t, step.stamp);
        if (type && type->is != kind::time)
            tell(stamp->at, here.path_of("stamp"), fmt::format("column {} has no times", stamp->value.text));
        if (step.stamp != no_item)
        {
            touched(t, step.stamp, tables_[t].body.find("life")->at, "a life");
            made_.tables[t].columns[step.stamp].nullable = true;
        }
    }
    step.set = assignments(here, t, tables_[t].names);
    for (const auto& set : step.set)
        touched(t, set.column, tables_[t].body.find("life")->at, "a life");
    if (const auto* const insert = here.scalar("insert"))
    {
        const auto found = std::ranges::find(made_.tables, insert->value.text, &table::name);
        if (found == made_.tables.end())
            return;
        step.insert = static_cast<item_no>(found - made_.tables.begin());
        const bool caused = std::ranges::any_of(found->links, [&](const link& one)
                                                { return one.to == t && one.pick == link::way::cause; });
        if (!caused)
            tell(insert->at, here.path_of("insert"),
                 fmt::format("{} needs a link to {} with \"pick: cause\"", found->name, made_.tables[t].name));
    }
}

}  // namespace bazaar::scenario::declared
