#include <algorithm>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "compiled.hpp"

namespace bazaar::scenario::declared
{
namespace
{

/// Calls `see` for each expression of a generator.
template <typename See>
void each_expression(const generator& how, const See& see)
{
    if (how.when)
        see(*how.when);
    for (const auto& one : how.otherwise)
        each_expression(one, see);
    const auto& what = how.how;
    if (const auto* computed = std::get_if<gen::computed>(&what))
        see(computed->what);
    else if (const auto* share = std::get_if<gen::chance>(&what))
        see(share->share);
    else if (const auto* choice = std::get_if<gen::choice>(&what))
        std::ranges::for_each(choice->values, see);
    else if (const auto* row = std::get_if<gen::row_of>(&what))
        for (const auto& one : row->where)
            see(one.is);
    else if (const auto* apart = std::get_if<gen::apart>(&what))
        see(apart->from);
    else if (const auto* stages = std::get_if<gen::by_stage>(&what))
        for (const auto& one : stages->stages)
            each_expression(one, see);
    else if (const auto* object = std::get_if<gen::object>(&what))
        for (const auto& one : object->values)
            each_expression(one, see);
    else if (const auto* list = std::get_if<gen::list>(&what))
        for (const auto& one : list->of)
            each_expression(one, see);
}

/// What a checked file may say, and the planner cannot do.
class limit_finder
{
public:
    explicit limit_finder(const compiled& all) : all_(all) {}

    std::vector<std::string> find()
    {
        for (const auto& one : all_.tables)
            table(one);
        for (const auto& one : all_.file->units)
            unit(one);
        return std::move(found_);
    }

private:
    template <typename... Values>
    void tell(fmt::format_string<Values...> form, Values&&... values)
    {
        found_.push_back(fmt::format(form, std::forward<Values>(values)...));
    }

    [[nodiscard]] bool may_change(const row_plan& of, item_no column) const
    {
        return column == of.of->version || (of.of->life && of.of->life->column == column) ||
               std::ranges::find(of.counters, column) != of.counters.end() ||
               std::ranges::any_of(of.setters, [&](const setter& one) { return one.column == column; });
    }

    void table(const row_plan& of);
    void unit_name(const row_plan& of, const source& what);
    void changes(const row_plan& of);
    void set_value(const row_plan& of, const name_scope& names, const std::string& place, const generator& how);
    void unit(const declared::unit& of);
    void step(const declared::unit& of, const row_step& one);

    const compiled& all_;
    std::vector<std::string> found_;
};

void limit_finder::table(const row_plan& of)
{
    if (!of.of->children.empty())
        tell("{}.children: rows of one unit that change together are not planned yet; make them by units of their own",
             of.name);
    if (of.seeds > 0)
        for (const auto& link : of.links)
            if (!link.pure)
                tell("{}.links.{}: rows of T0 can link to tables only of which all rows are of T0, and not once",
                     of.name, link.of->name);
    if (of.seeds > 0 && of.unit != no_item)
        tell("{}: rows of T0 are not made by the unit {}; one of both", of.name, all_.units[of.unit].name);
    const auto one_unit = [&](const expression& what)
    {
        for (const auto slot : what.slots())
            unit_name(of, (*of.names)[slot]);
    };
    for (const auto& column : of.of->columns)
    {
        each_expression(column.how, one_unit);
        if (const auto* link = std::get_if<gen::reference>(&column.how.how))
            unit_name(of, (*of.names)[link->slot]);
    }
    for (const auto& var : of.of->vars)
        each_expression(var.how, one_unit);
    changes(of);
}

void limit_finder::unit_name(const row_plan& of, const source& what)
{
    const bool of_unit = what.is >= source::form::unit_var && what.is <= source::form::unit_number;
    if (of_unit && what.unit != of.unit)
        tell("{}: says names of the unit {}, and another one inserts it, too; a table with such names has one unit",
             of.name, all_.units[what.unit].name);
}

void limit_finder::changes(const row_plan& of)
{
    for (const auto& change : of.of->changes)
    {
        if (change.pick.within > 0)
            tell("{}.changes.{}.within: a change does not look at the age of rows yet; leave it out", of.name,
                 change.name);
        if (change.pick.once)
            tell("{}.changes.{}.once: a change may pick a row again; leave it out", of.name, change.name);
        for (const auto& set : change.set)
        {
            const auto place = fmt::format("{}.changes.{}.set.{}", of.name, change.name,
                                           of.of->columns[set.column].name);
            set_value(of, change.names, place, set.how);
            for (const auto& var : change.vars)
                set_value(of, change.names, place, var.how);
        }
    }
    if (!of.of->life)
        return;
    for (const auto& state : of.of->life->states)
        for (const auto& step : state.steps)
            for (const auto& set : step.set)
                set_value(of, of.of->names,
                          fmt::format("{}.life.{}.set.{}", of.name, state.name, of.of->columns[set.column].name),
                          set.how);
}

/// A value that is set is made again from the row and the moment, whenever the row is.
void limit_finder::set_value(const row_plan& of, const name_scope& names, const std::string& place,
                             const generator& how)
{
    each_expression(how,
                    [&](const expression& what)
                    {
                        for (const auto slot : what.slots())
                        {
                            const auto& name = names[slot];
                            if (name.is == source::form::setting && all_.file->settings[name.one].live)
                                tell("{}: uses the live setting {}; it must be one that stays", place,
                                     all_.file->settings[name.one].name);
                            else if (name.is == source::form::column && may_change(of, name.one))
                                tell("{}: uses {}, which changes; a value that is set is made of columns that stay",
                                     place, of.of->columns[name.one].name);
                        }
                    });
}

void limit_finder::unit(const declared::unit& of)
{
    for (std::size_t i = 0; i < of.rows.size(); ++i)
    {
        step(of, of.rows[i]);
        if (of.rows.size() > 1 && of.rows[i].when_short != row_step::shortage::none)
            tell("units.{}: a unit in which rows may fall short has these rows alone", of.name);
    }
}

void limit_finder::step(const declared::unit& of, const row_step& one)
{
    if (one.short_to == no_item)
        return;
    const auto& instead = all_.tables[one.short_to];
    const auto leads_there = [&](const row_plan& from)
    { return std::ranges::any_of(from.links, [&](const link_plan& to) { return to.of->to == instead.place; }); };
    if (std::ranges::any_of(all_.tables, leads_there) || std::ranges::any_of(all_.units, leads_there) ||
        !instead.of->changes.empty() || instead.of->life)
        tell("units.{}: no link leads to rows of {}, which stand for others, and they do not change", of.name,
             instead.name);
    for (const auto& link : instead.links)
        if (link.of->pick != link::way::cause && !link.pure)
            tell("{}.links.{}: a row that stands for one that fell short links to its cause, or to rows of T0",
                 instead.name, link.of->name);
}

}  // namespace

void check_limits(const compiled& all)
{
    if (auto found = limit_finder(all).find(); !found.empty())
        throw error(error_kind::data, std::move(found));
}

}  // namespace bazaar::scenario::declared
