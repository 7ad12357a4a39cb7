#include "maker.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"

namespace bazaar::scenario::declared
{
namespace
{

/// Of rows that are written nowhere: in their uuids, which others have as a text or as a reference.
constexpr std::uint8_t no_place = 15;

}  // namespace

void maker::fail(const frame& of, std::string_view name, std::string_view why) const
{
    throw error(error_kind::data, fmt::format("{}, row {}: {}", name, of.row, why));
}

frame& maker::row(const row_plan& of, std::uint64_t number)
{
    auto& made = texts_.make<frame>(1).front();
    made.of = &of;
    made.row = number;
    made.draw = number;
    made.facts = texts_.make<std::uint64_t>(of.facts.size());
    made.slots = texts_.make<operand>(of.names->size());
    made.known = texts_.make<std::uint8_t>(of.names->size());
    made.relations = texts_.make<frame*>(of.links.size() + 2);
    return made;
}

frame& maker::copy(const frame& of)
{
    auto& made = row(*of.of, of.row);
    made.draw = of.draw;
    made.moment = of.moment;
    made.unit = of.unit;
    std::ranges::copy(of.facts, made.facts.begin());
    return made;
}

void maker::insert(frame& of, std::uint64_t moment, unit_no unit)
{
    const auto& plan = *of.of;
    of.moment = moment;
    of.unit = unit;
    const auto set = [&](const std::optional<item_no>& fact, std::uint64_t what)
    {
        if (fact)
            of.facts[*fact] = what;
    };
    set(plan.born_fact, moment);
    set(plan.unit_fact, unit);
    set(plan.version_fact, moment);
    set(plan.draw_fact, of.draw);
    if (plan.of->life)
        set(plan.state_fact, plan.of->life->starts);
    for (const auto counter : plan.counters)
    {
        const auto level = made(of, plan.columns[counter], of.draw);
        const auto whole = exact::rescaled(level.number, plan.columns[counter].of->type.scale, 0);
        if (level.missing || !whole || *whole < 0 || *whole > INT32_MAX)
            fail(of, plan.columns[counter].name, "a counter starts with a number from 0 to 2147483647");
        set(plan.level_facts[counter], static_cast<std::uint64_t>(*whole));
    }
    of.is_new = true;
    for (const auto one : plan.held)
        set(plan.value_facts[one], held(of, column(of, one), plan.columns[one].name));
    of.is_new = false;
}

frame& maker::seed(const row_plan& of, std::uint64_t number, std::uint64_t start, std::span<const operand> settings)
{
    auto& made = row(of, number);
    if (of.start_fact)
        made.facts[*of.start_fact] = start;
    for (std::size_t i = 0; i < of.setting_facts.size(); ++i)
        if (of.setting_facts[i])
            made.facts[*of.setting_facts[i]] = static_cast<std::uint64_t>(settings[i].number);
    for (item_no k = 0; k < of.links.size(); ++k)
    {
        const auto fact = of.row_facts[k];
        const auto to = fact ? picked_at_start(of, k, made.draw) : linked(made, k);
        if (fact)
            made.facts[*fact] = to;
        if (to == no_row || of.carried[k].empty())
            continue;
        const auto& there = seed(all_.tables[of.links[k].of->to], to, start, settings);
        for (const auto& [inner, own] : of.carried[k])
            made.facts[own] = there.facts[inner];
    }
    insert(made, start, of.unit_step == 0 && !of.closed ? no_unit : unit_of_seed(of, number));
    return made;
}

/// A number that is kept as it is.
std::uint64_t maker::held(const frame& of, const operand& what, std::string_view name) const
{
    if (what.missing)
        return no_value;
    if (what.number > INT64_MAX || what.number <= INT64_MIN)
        fail(of, name, "has more than 18 digits; a column that is made of what changes is kept as a number of 64 bits");
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(what.number));
}

operand maker::slot(frame& of, item_no which)
{
    if (of.known[which] == 0)
    {
        of.slots[which] = value_of(of, (*of.of->names)[which]);
        of.known[which] = 1;
    }
    return of.slots[which];
}

operand maker::worth(frame& of, const expression& what, std::string_view name)
{
    for (const auto one : what.slots())
        static_cast<void>(slot(of, one));
    const auto found = what.evaluate(of.slots, work_);
    switch (found.what)
    {
    case trouble::none:
        return found.value;
    case trouble::too_large:
        fail(of, name, "has more than 38 digits, or a time beyond all");
    case trouble::divided_by_zero:
        fail(of, name, "divides by 0");
    case trouble::text_too_long:
        fail(of, name, "is a text of more than 65536 bytes");
    }
    return {.missing = true};
}

operand maker::setting_of(const frame& of, item_no which) const
{
    if (!of.settings.empty())
        return of.settings[which];
    const auto& plan = of.host != nullptr ? *of.host->of : *of.of;
    const auto facts = of.host != nullptr ? of.host->facts : of.facts;
    if (which < plan.setting_facts.size() && plan.setting_facts[which])
        return of_number(static_cast<std::int64_t>(facts[*plan.setting_facts[which]]));
    return all_.constants[which];
}

operand maker::value_of(frame& of, const source& what)
{
    using form = source::form;
    auto& row = of.host != nullptr ? *of.host : of;
    switch (what.is)
    {
    case form::setting:
        return setting_of(of, what.one);
    case form::column:
        return column(row, what.one);
    case form::var:
    case form::var_cell:
    {
        // Those of the row itself, where it is set by a step of its life.
        auto& holder = row.of == of.of ? row : of;
        const auto& var = holder.of->vars[what.one];
        const auto found = made(holder, var, holder.draw);
        return what.is == form::var ? found : cell(holder, var, found, what.two);
    }
    case form::file_cell:
    {
        const auto& list = all_.file->lists[row.of->of->rows_of];
        return all_.lists[row.of->of->rows_of].cells.at(row.row * list.columns.size() + what.two);
    }
    case form::link:
    case form::before:
    {
        auto found = through(row, what.one, what.two);
        if (what.is == form::link && row.step != nullptr && !found.missing)
            found.number += moved(row, what.one, what.two);
        return found;
    }
    case form::unit_var:
    case form::unit_cell:
    {
        auto& unit = related(row, row.of->unit_relation());
        const auto& var = unit.of->vars[what.one];
        const auto found = made(unit, var, unit.draw);
        return what.is == form::unit_var ? found : cell(unit, var, found, what.two);
    }
    case form::unit_link:
    case form::unit_before:
        return through(related(row, row.of->unit_relation()), what.one, what.two);
    case form::unit_number:
        return of_number(1 +
                         (row.of->of == nullptr ? row.row : row.facts[*row.of->row_facts[row.of->unit_relation()]]));
    case form::line:
        return through(row, row.of->line_relation(), what.one);
    }
    return {.missing = true};
}

operand maker::cell(frame& /*of*/, const gen_plan& var, const operand& row, item_no column) const
{
    const auto* from = std::get_if<gen::row_of>(&var.of->how);
    if (row.missing || from == nullptr)
        return {.missing = true};
    const auto width = all_.file->lists[from->list].columns.size();
    return all_.lists[from->list].cells[static_cast<std::size_t>(row.number) * width + column];
}

/// The row that a relation leads to, with what this one knows of it.
frame& maker::related(frame& of, item_no relation)
{
    if (of.relations[relation] != nullptr)
        return *of.relations[relation];
    const auto& plan = *of.of;
    const bool is_unit = relation == plan.unit_relation();
    const bool is_line = relation == plan.line_relation();
    const auto& there = is_unit   ? all_.units[plan.unit]
                        : is_line ? all_.tables[plan.line_of]
                                  : all_.tables[plan.links[relation].of->to];
    const auto known_row = [&](item_no which) { return plan.row_facts[which] ? of.facts[*plan.row_facts[which]] : 0; };
    auto& made = row(there, is_line ? 0 : is_unit ? known_row(relation) : linked(of, relation));
    for (const auto& [inner, own] : plan.carried[relation])
        made.facts[inner] = of.facts[own];
    if (there.start_fact && plan.start_fact)
        made.facts[*there.start_fact] = of.facts[*plan.start_fact];
    if (is_unit || is_line)
    {
        made.moment = of.moment;
        for (std::size_t i = 0; i < there.setting_facts.size(); ++i)
            if (there.setting_facts[i] && plan.setting_facts[i])
                made.facts[*there.setting_facts[i]] = of.facts[*plan.setting_facts[i]];
        if (is_line && there.row_facts[there.unit_relation()])
            made.facts[*there.row_facts[there.unit_relation()]] = known_row(plan.unit_relation());
    }
    else if (there.closed || there.born_fact)
        made.moment = there.closed ? (there.start_fact ? made.facts[*there.start_fact] : 0)
                                   : made.facts[*there.born_fact];
    if (there.draw_fact)
        made.draw = made.facts[*there.draw_fact];
    of.relations[relation] = &made;
    return made;
}

operand maker::through(frame& of, item_no relation, item_no which)
{
    if (relation < of.of->links.size() && linked(of, relation) == no_row)
        return {.missing = true};
    return column(related(of, relation), which);
}

std::uint64_t maker::linked(frame& of, item_no link)
{
    const auto& plan = of.of->links[link];
    if (const auto known = of.of->row_facts[link])
        return of.facts[*known];
    return plan.pure ? picked_at_start(*of.of, link, of.draw) : no_row;
}

/// Among the rows of T0.
std::uint64_t maker::picked_at_start(const row_plan& of, item_no link, std::uint64_t index) const
{
    const auto& plan = of.links[link];
    if (plan.of->missing > 0)
    {
        auto gap = derive(all_.seed, plan.gaps, index);
        if (chance(plan.of->missing, whole_share).happens(gap.next()))
            return no_row;
    }
    const auto seeds = all_.tables[plan.of->to].seeds;
    if (seeds == 0)
        return no_row;
    auto draw = derive(all_.seed, plan.draws, index);
    return pick_row(plan, draw, 0, seeds, seeds);
}

std::int64_t maker::amount(frame& of, const row_step::movement& move)
{
    const auto found = worth(of, move.amount, of.of->name);
    const auto whole = exact::rescaled(found.number, move.amount.type().scale, 0);
    if (found.missing || !whole || *whole < 0 || *whole > INT32_MAX)
        fail(of, of.of->name, "what is taken or put must be a number from 0 to 2147483647");
    return static_cast<std::int64_t>(*whole);
}

std::int64_t maker::moved(frame& of, item_no link, item_no counter)
{
    std::int64_t sum = 0;
    if (of.step == nullptr || of.step->of == nullptr)
        return sum;
    for (const auto& move : of.step->of->moves)
        if (!move.of_unit && move.link == link && move.counter == counter)
            sum += move.put ? amount(of, move) : -amount(of, move);
    return sum;
}

frame& maker::setting_frame(frame& before, const setter& one, std::uint64_t moment, std::span<const operand> settings,
                            frame* unit)
{
    const auto draw = before.draw ^ mix(moment);
    if (one.of_unit != no_item)
    {
        // What is of the moment has the unit at hand; all else is made of nothing that it knows.
        if (unit != nullptr && one.of_moment)
            return *unit;
        auto& made = row(all_.units[one.of_unit], before.row);
        made.draw = draw;
        made.moment = moment;
        return made;
    }
    if (one.of_change == no_item && !one.of_moment)
        return before;
    auto& made = row(one.of_change == no_item ? *before.of : all_.changes[before.of->place][one.of_change], before.row);
    made.host = &before;
    made.draw = draw;
    made.moment = one.of_change == no_item ? before.moment : moment;
    made.settings = one.of_moment ? settings : std::span<const operand>{};
    return made;
}

maker::new_fact maker::set(frame& before, std::size_t which, std::uint64_t moment, std::span<const operand> settings,
                           frame* unit)
{
    const auto& plan = *before.of;
    const auto& one = plan.setters[which];
    if (const auto drawn = plan.drawn_facts[one.column])
        return {*drawn, drawn_by(moment, which)};
    const auto fact = plan.value_facts[one.column];
    if (!fact)
        return {};
    auto& in = setting_frame(before, one, moment, settings, unit);
    const auto value = one.how.of == nullptr ? of_number(static_cast<std::int64_t>(moment))
                                             : as_type(made(in, one.how, before.draw ^ mix(moment)), one.how.of->type,
                                                       plan.of->columns[one.column].how.type);
    return {*fact, held(before, value, plan.columns[one.column].name)};
}

operand maker::as_set(frame& of, item_no which, std::uint64_t drawn_word)
{
    const auto& set = of.of->setters[drawn_word >> moment_bits];
    const auto moment = moment_of(drawn_word);
    if (set.how.of == nullptr)
        return of_number(static_cast<std::int64_t>(moment));
    return as_type(made(setting_frame(of, set, moment, {}), set.how, of.draw ^ mix(moment)), set.how.of->type,
                   of.of->of->columns[which].how.type);
}

operand maker::column(frame& of, item_no which)
{
    const auto& plan = *of.of;
    const auto seen = plan.column_slots[which];
    if (seen != no_item && of.known[seen] != 0)
        return of.slots[seen];
    operand found;
    if (which == plan.of->keys.column)
        found = key_text(of);
    else if (plan.changes && which == plan.of->version)
        found = of_number(static_cast<std::int64_t>(of.facts[*plan.version_fact]));
    else if (plan.level_facts[which])
        found = of_number(static_cast<std::int64_t>(of.facts[*plan.level_facts[which]]));
    else if (plan.value_facts[which] && !of.is_new)
    {
        const auto word = of.facts[*plan.value_facts[which]];
        found = word == no_value ? operand{.missing = true} : of_number(static_cast<std::int64_t>(word));
    }
    else if (plan.of->life && plan.of->life->column == which)
        found = {.text = plan.of->life->states[of.facts[*plan.state_fact]].name};
    else if (plan.drawn_facts[which] && of.facts[*plan.drawn_facts[which]] != 0)
        found = as_set(of, which, of.facts[*plan.drawn_facts[which]]);
    else
        found = made(of, plan.columns[which], of.draw);
    if (seen != no_item)
    {
        of.slots[seen] = found;
        of.known[seen] = 1;
    }
    return found;
}

operand maker::key_text(frame& of)
{
    const auto& keys = of.of->of->keys;
    switch (keys.is)
    {
    case key::form::bigint:
        return of_number(static_cast<std::int64_t>(keys.first + of.row));
    case key::form::sequence:
        return sequence({keys.prefix, {}, keys.digits, keys.first}, of.row);
    case key::form::listed:
    {
        const auto width = all_.file->lists[keys.list].columns.size();
        return {.text = all_.file->lists[keys.list].cells.at(of.row * width + keys.list_column)};
    }
    case key::form::uuid:
        break;
    }
    const auto place = std::ranges::find_if(of.of->model, [](std::uint8_t n) { return n != model::no_column; });
    const auto unit = of.of->closed ? unit_of_seed(*of.of, of.row) : of.facts[*of.of->unit_fact];
    const auto text = texts_.make<char>(36);
    print(all_.ids.encode({place == of.of->model.end() ? no_place : *place, of.row, unit}), text.data());
    return {.text = {text.data(), text.size()}};
}

/// The row whose key a name stands for.
row_id maker::reference(frame& of, const source& what)
{
    auto& holder = what.is == source::form::unit_link ? related(of, of.of->unit_relation()) : of;
    const auto row = linked(holder, what.one);
    const auto& there = all_.tables[holder.of->links[what.one].of->to];
    if (row == no_row)
        return {0, no_row, 0};
    if (what.two != there.of->keys.column)
    {
        const auto& next = std::get<gen::reference>(there.of->columns[what.two].how.how);
        return reference(related(holder, what.one), (*there.names)[next.slot]);
    }
    const auto place = std::ranges::find_if(there.model, [](std::uint8_t n) { return n != model::no_column; });
    unit_no unit = 0;
    if (there.closed)
        unit = unit_of_seed(there, row);
    else if (there.of->keys.is == key::form::uuid)
        unit = related(holder, what.one).facts[*there.unit_fact];
    return {place == there.model.end() ? no_place : *place, row, unit};
}

}  // namespace bazaar::scenario::declared
