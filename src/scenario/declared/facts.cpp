#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "compiled.hpp"

namespace bazaar::scenario::declared
{
namespace
{

using found_facts = std::vector<item_no>;

void add_once(found_facts& to, item_no one)
{
    if (std::ranges::find(to, one) == to.end())
        to.push_back(one);
}

/// Finds what has to be known of a row to make a column of it; a walk over generators, expressions and links.
class fact_finder
{
public:
    explicit fact_finder(compiled& all) : all_(all) {}

    void find_all();

private:
    item_no need(row_plan& of, fact what)
    {
        if (const auto known = of.find(what))
            return *known;
        of.facts.push_back(what);
        return static_cast<item_no>(of.facts.size() - 1);
    }

    void want(row_plan& of, fact what, found_facts& to) { add_once(to, need(of, what)); }

    void column(row_plan& of, item_no which, found_facts& to);
    void as_inserted(row_plan& of, item_no which, found_facts& to);
    void value(row_plan& of, const row_plan* change, const generator& how, found_facts& to);
    void parts(row_plan& of, const row_plan* change, const generator& how, found_facts& to);
    void names(row_plan& of, const row_plan* change, const expression& in, found_facts& to);
    void name(row_plan& of, const row_plan* change, const source& what, found_facts& to);
    void setting_of(row_plan& of, item_no which, found_facts& to);
    void link_row(row_plan& of, item_no which, found_facts& to);
    void reference(row_plan& of, const source& what, found_facts& to);
    void birth(row_plan& of, found_facts& to);
    void draw(row_plan& of, found_facts& to);

    [[nodiscard]] row_plan& target(row_plan& of, item_no relation)
    {
        if (relation == of.unit_relation())
            return all_.units[of.unit];
        if (relation == of.line_relation())
            return all_.tables[of.line_of];
        return all_.tables[of.links[relation].of->to];
    }

    void nested(row_plan& of, item_no relation, const found_facts& inner, found_facts& to);
    void through(row_plan& of, item_no relation, item_no target_column, found_facts& to);
    void causes(row_plan& of, item_no through_link, found_facts& to);
    void unit(row_plan& one);
    void shortage(row_plan& one);
    void keep_of_link(const link_plan& of, const row_plan& from);
    void keep();

    compiled& all_;
    std::vector<std::pair<const row_plan*, item_no>> under_way_;
};

void fact_finder::birth(row_plan& of, found_facts& to)
{
    want(of, {of.closed ? fact::form::start : fact::form::born}, to);
}

void fact_finder::draw(row_plan& of, found_facts& to)
{
    if (of.drawn_by_line)
        want(of, {fact::form::draw}, to);
}

void fact_finder::setting_of(row_plan& of, item_no which, found_facts& to)
{
    if (all_.file->settings[which].live && !of.closed)
        want(of, {fact::form::setting, which}, to);
}

void fact_finder::link_row(row_plan& of, item_no which, found_facts& to)
{
    const auto& link = of.links[which];
    if (!link.pure)
        return want(of, {fact::form::row, which}, to);
    draw(of, to);
}

/// The facts `inner` of the row that a relation leads to, as facts of this row.
void fact_finder::nested(row_plan& of, item_no relation, const found_facts& inner, found_facts& to)
{
    auto& there = target(of, relation);
    for (const auto one : inner)
    {
        const auto what = there.facts[one];
        const bool same_unit = relation >= of.links.size();
        if (what.is == fact::form::start || (same_unit && what.is == fact::form::setting))
            want(of, what, to);
        else if (relation == of.line_relation() && what == fact{fact::form::row, there.unit_relation()})
            want(of, {fact::form::row, of.unit_relation()}, to);
        else if (same_unit && (what.is == fact::form::born || what.is == fact::form::unit))
            want(of, what, to);
        else
            want(of, {fact::form::nested, relation, one}, to);
    }
}

/// A column of the row that a relation leads to.
void fact_finder::through(row_plan& of, item_no relation, item_no target_column, found_facts& to)
{
    found_facts inner;
    auto& there = target(of, relation);
    column(there, target_column, inner);
    nested(of, relation, inner, to);
}

/// Whose key a column is that names a row: of the link's, or of the row to which a column of that leads.
void fact_finder::reference(row_plan& of, const source& what, found_facts& to)
{
    const bool of_unit = what.is == source::form::unit_link;
    auto& holder = of_unit ? all_.units[of.unit] : of;
    found_facts there;
    link_row(holder, what.one, there);
    const auto& to_table = all_.tables[holder.links[what.one].of->to];
    if (what.two == to_table.of->keys.column)
    {
        if (to_table.of->keys.is == key::form::uuid && !to_table.closed)
        {
            found_facts unit;
            want(all_.tables[to_table.place], {fact::form::unit}, unit);
            nested(holder, what.one, unit, there);
        }
    }
    else
        through(holder, what.one, what.two, there);
    if (!of_unit)
    {
        std::ranges::for_each(there, [&](item_no one) { add_once(to, one); });
        return;
    }
    want(of, {fact::form::row, of.unit_relation()}, to);
    nested(of, of.unit_relation(), there, to);
}

void fact_finder::name(row_plan& of, const row_plan* change, const source& what, found_facts& to)
{
    using form = source::form;
    switch (what.is)
    {
    case form::setting:
        // A change reads it as it is then.
        return change != nullptr ? void() : setting_of(of, what.one, to);
    case form::column:
        return column(of, what.one, to);
    case form::var:
    case form::var_cell:
        return change != nullptr ? value(of, change, *change->vars[what.one].of, to)
                                 : value(of, nullptr, *of.vars[what.one].of, to);
    case form::file_cell:
        return;
    case form::link:
    case form::before:
        link_row(of, what.one, to);
        return through(of, what.one, what.two, to);
    case form::unit_var:
    case form::unit_cell:
    {
        found_facts inner;
        auto& unit = all_.units[of.unit];
        value(unit, nullptr, *unit.vars[what.one].of, inner);
        want(of, {fact::form::row, of.unit_relation()}, to);
        return nested(of, of.unit_relation(), inner, to);
    }
    case form::unit_link:
    case form::unit_before:
    {
        found_facts inner;
        auto& unit = all_.units[of.unit];
        link_row(unit, what.one, inner);
        through(unit, what.one, what.two, inner);
        want(of, {fact::form::row, of.unit_relation()}, to);
        return nested(of, of.unit_relation(), inner, to);
    }
    case form::unit_number:
        if (of.of != nullptr)
            want(of, {fact::form::row, of.unit_relation()}, to);
        return;
    case form::line:
        return through(of, of.line_relation(), what.one, to);
    }
}

void fact_finder::names(row_plan& of, const row_plan* change, const expression& in, found_facts& to)
{
    const auto& scope = change != nullptr ? *change->names : *of.names;
    for (const auto slot : in.slots())
        name(of, change, scope.at(slot), to);
}

void fact_finder::parts(row_plan& of, const row_plan* change, const generator& how, found_facts& to)
{
    if (const auto* stages = std::get_if<gen::by_stage>(&how.how))
    {
        if (!of.closed)
            want(of, {fact::form::stage}, to);
        for (const auto& one : stages->stages)
            value(of, change, one, to);
    }
    else if (const auto* object = std::get_if<gen::object>(&how.how))
        for (const auto& one : object->values)
            value(of, change, one, to);
    else if (const auto* list = std::get_if<gen::list>(&how.how))
        for (const auto& one : list->of)
            value(of, change, one, to);
    if (how.when)
        names(of, change, *how.when, to);
    for (const auto& one : how.otherwise)
        value(of, change, one, to);
}

void fact_finder::value(row_plan& of, const row_plan* change, const generator& how, found_facts& to)
{
    draw(of, to);
    if (const auto* made = std::get_if<gen::computed>(&how.how))
        names(of, change, made->what, to);
    else if (const auto* link = std::get_if<gen::reference>(&how.how))
        reference(of, of.names->at(link->slot), to);
    else if (const auto* chance = std::get_if<gen::chance>(&how.how))
        names(of, change, chance->share, to);
    else if (const auto* choice = std::get_if<gen::choice>(&how.how))
        for (const auto& one : choice->values)
            names(of, change, one, to);
    else if (const auto* row = std::get_if<gen::row_of>(&how.how))
        for (const auto& one : row->where)
            names(of, change, one.is, to);
    else if (const auto* apart = std::get_if<gen::apart>(&how.how))
        names(of, change, apart->from, to);
    else if (std::holds_alternative<gen::now>(how.how) || std::holds_alternative<gen::day>(how.how))
    {
        if (change == nullptr && of.of != nullptr)
            birth(of, to);
    }
    else if (const auto* level = std::get_if<gen::counter>(&how.how))
        names(of, change, level->starts, to);
    parts(of, change, how, to);
}

void fact_finder::as_inserted(row_plan& of, item_no which, found_facts& to)
{
    if (which == of.of->keys.column)
    {
        if (of.of->keys.is == key::form::uuid && !of.closed)
            want(of, {fact::form::unit}, to);
        return;
    }
    value(of, nullptr, of.of->columns[which].how, to);
}

void fact_finder::column(row_plan& of, item_no which, found_facts& to)
{
    const std::pair<const row_plan*, item_no> here{&of, which};
    if (std::ranges::find(under_way_, here) != under_way_.end())
        throw error(error_kind::data,
                    fmt::format("{}.{}: uses itself through a link", of.name, of.of->columns[which].name));
    under_way_.push_back(here);
    if (of.changes && which == of.of->version)
        want(of, {fact::form::version}, to);
    else if (const bool is_held = std::ranges::find(of.held, which) != of.held.end();
             is_held || std::ranges::find(of.counters, which) != of.counters.end())
    {
        // What it is at first is worked out once.
        found_facts at_first;
        as_inserted(of, which, at_first);
        want(of, {is_held ? fact::form::value : fact::form::level, which}, to);
    }
    else if (of.of->life && of.of->life->column == which)
        want(of, {fact::form::state}, to);
    else
    {
        as_inserted(of, which, to);
        bool is_set = false;
        for (const auto& one : of.setters)
            if (one.column == which)
            {
                is_set = true;
                if (one.of_unit != no_item)
                    continue;  // Of the row and the moment alone.
                const auto* change = one.of_change == no_item ? nullptr : &all_.changes[of.place][one.of_change];
                if (one.how.of != nullptr)
                    value(of, change, *one.how.of, to);
            }
        if (is_set)
            want(of, {fact::form::drawn, which}, to);
    }
    under_way_.pop_back();
}

/// What a row whose counter is moved through a link has to be known by.
void fact_finder::causes(row_plan& of, item_no through_link, found_facts& to)
{
    found_facts image;
    auto& there = target(of, through_link);
    image = there.image;
    link_row(of, through_link, to);
    nested(of, through_link, image, to);
}

/// What it takes to pick a row and to wait for it.
void fact_finder::keep_of_link(const link_plan& of, const row_plan& from)
{
    auto& there = all_.tables[of.of->to];
    if (there.closed)
        return;
    if (of.of->within > 0)
        want(there, {fact::form::born}, there.kept);
    const bool may_refer = there.of->to.postgres || there.of->to.setting != no_item;
    if (may_refer && (from.of == nullptr || from.of->to.postgres || from.of->to.setting != no_item))
        want(there, {fact::form::unit}, there.kept);
}

/// Which facts are remembered: those that links to these rows have, and all of rows that change.
void fact_finder::keep()
{
    for (const auto* plans : {&all_.tables, &all_.units})
        for (const auto& one : *plans)
            for (const auto& link : one.links)
                keep_of_link(link, one);
    for (const auto& changes : all_.changes)
        for (const auto& one : changes)
            if (auto& there = all_.tables[one.place]; !there.closed && one.links.front().of->within > 0)
                want(there, {fact::form::born}, there.kept);
    const auto from = [&](const row_plan& of)
    {
        for (const auto& what : of.facts)
            if (what.is == fact::form::nested && what.one < of.links.size())
                add_once(all_.tables[of.links[what.one].of->to].kept, what.inner);
    };
    std::ranges::for_each(all_.tables, from);
    std::ranges::for_each(all_.units, from);
    for (auto& one : all_.tables)
    {
        if (one.changes)
            for (const auto what : one.image)
                if (one.facts[what].is != fact::form::start)
                    add_once(one.kept, what);
        std::ranges::stable_partition(one.kept, [&](item_no what) { return changes_with_row(one.facts[what].is); });
        expect(one.facts.size() < 64, "a row is made of less than 64 facts");
    }
}

void fact_finder::find_all()
{
    for (auto& one : all_.tables)
    {
        for (item_no i = 0; i < one.of->columns.size(); ++i)
            column(one, i, one.image);
        for (const auto& set : one.setters)
            if (set.how.of != nullptr && set.of_unit == no_item &&
                std::ranges::find(one.held, set.column) != one.held.end())
                value(one, set.of_change == no_item ? nullptr : &all_.changes[one.place][set.of_change], *set.how.of,
                      one.image);
        if (one.changes && one.of->version != no_item)
            want(one, {fact::form::version}, one.image);
        // Its key names the unit, whatever others see of that.
        if (one.changes && !one.closed)
            want(one, {fact::form::unit}, one.image);
    }
    for (auto& one : all_.units)
        unit(one);
    for (auto& one : all_.tables)
        if (one.line_of != no_item)
            shortage(one);
    keep();
}

/// Rows that a unit changes through its lines, and what its vars are made of.
void fact_finder::unit(row_plan& one)
{
    found_facts ignored;
    for (const auto& var : one.vars)
        value(one, nullptr, *var.of, ignored);
    for (const auto& step : all_.file->units[one.place].rows)
    {
        if (step.times)
            value(one, nullptr, *step.times, ignored);
        if (step.is == row_step::form::change)
        {
            causes(one, step.link, ignored);
            for (const auto& set : step.set)
                value(one, nullptr, set.how, ignored);
            continue;
        }
        auto& of = all_.tables[step.table];
        for (const auto& move : step.moves)
        {
            names(of, nullptr, move.amount, ignored);
            causes(move.of_unit ? one : of, move.link, ignored);
        }
    }
}

/// What a row that stands for one that fell short knows of its cause, the line knows, too.
void fact_finder::shortage(row_plan& one)
{
    auto& wanted = all_.tables[one.line_of];
    const auto facts = one.facts;
    for (const auto& what : facts)
        if (what.is == fact::form::nested && what.one < one.links.size() &&
            one.links[what.one].of->pick == link::way::cause)
            for (item_no i = 0; i < wanted.links.size(); ++i)
                if (wanted.links[i].of->to == one.links[what.one].of->to)
                    need(wanted, {fact::form::nested, i, what.inner});
}

}  // namespace

std::optional<item_no> row_plan::find(const fact& what) const noexcept
{
    const auto at = std::ranges::find(facts, what);
    return at == facts.end() ? std::nullopt : std::optional(static_cast<item_no>(at - facts.begin()));
}

void row_plan::index_facts(std::size_t settings)
{
    carried.assign(links.size() + 2, {});
    row_facts.assign(links.size() + 2, std::nullopt);
    drawn_facts.assign(of == nullptr ? 0 : of->columns.size(), std::nullopt);
    level_facts = value_facts = drawn_facts;
    setting_facts.assign(settings, std::nullopt);
    kept_places.assign(facts.size(), no_item);
    for (item_no i = 0; i < kept.size(); ++i)
        kept_places[kept[i]] = i;
    start_fact = find({fact::form::start});
    born_fact = find({fact::form::born});
    unit_fact = find({fact::form::unit});
    draw_fact = find({fact::form::draw});
    stage_fact = find({fact::form::stage});
    version_fact = find({fact::form::version});
    state_fact = find({fact::form::state});
    for (item_no i = 0; i < facts.size(); ++i)
    {
        const auto& what = facts[i];
        if (what.is == fact::form::nested)
            carried[what.one].push_back({what.inner, i});
        else if (what.is == fact::form::row)
            row_facts[what.one] = i;
        else if (what.is == fact::form::drawn)
            drawn_facts[what.one] = i;
        else if (what.is == fact::form::level)
            level_facts[what.one] = i;
        else if (what.is == fact::form::value)
            value_facts[what.one] = i;
        else if (what.is == fact::form::setting)
            setting_facts[what.one] = i;
    }
}

void find_facts(compiled& to)
{
    fact_finder(to).find_all();
    for (auto& one : to.tables)
        one.index_facts(to.file->settings.size());
    for (auto& one : to.units)
        one.index_facts(to.file->settings.size());
}

}  // namespace bazaar::scenario::declared
