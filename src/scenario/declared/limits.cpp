#include <algorithm>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "compiled.hpp"
#include "each_expression.hpp"

namespace bazaar::scenario::declared
{
namespace
{

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

    void table(const row_plan& of);
    void seed_link(const row_plan& of, const link& one);
    void unit_name(const row_plan& of, const source& what);
    void set_value(const row_plan& of, const setter& set);
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
            seed_link(of, *link.of);
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
    for (const auto& set : of.setters)
        set_value(of, set);
    for (const auto column : of.held)
        if (of.of->columns[column].how.type.is == kind::text &&
            std::ranges::none_of(of.setters, [&](const setter& set) { return set.of_moment && set.column == column; }))
            tell("{}.columns.{}: a text that says a level, in a row that changes; make it a number", of.name,
                 of.of->columns[column].name);
}

/// A unit inserts many rows of T0: which rows they link to has to follow from their numbers.
void limit_finder::seed_link(const row_plan& of, const link& one)
{
    if (one.once || one.pick == link::way::next || one.pick == link::way::same || one.pick == link::way::cause)
        tell("{}.links.{}: rows of T0 pick among all rows of T0; not once, in turn, or what another link has", of.name,
             one.name);
    else if (all_.tables[one.to].seeds == 0)
        tell("{}.links.{}: rows of T0 link to rows of T0, and {} has none", of.name, one.name,
             all_.tables[one.to].name);
}

void limit_finder::unit_name(const row_plan& of, const source& what)
{
    const bool of_unit = what.is >= source::form::unit_var && what.is <= source::form::unit_number;
    if (of_unit && what.unit != of.unit)
        tell("{}: says names of the unit {}, and another one inserts it, too; a table with such names has one unit",
             of.name, all_.units[what.unit].name);
}

/// A text that is set is made again from the row and the moment, whenever the row is: it is too long to be kept.
void limit_finder::set_value(const row_plan& of, const setter& set)
{
    const auto& column = of.of->columns[set.column];
    if (!set.of_moment || column.how.type.is != kind::text)
        return;
    if (set.of_unit != no_item)
        tell(
            "units.{}: sets {}.{}, a text, by what the unit knows; such a text is made of no link, var or number of it",
            all_.units[set.of_unit].name, of.name, column.name);
    else if (set.of_change != no_item)
        tell("{}.changes.{}.set.{}: a text that is set is made of columns that stay, and of no live setting", of.name,
             of.of->changes[set.of_change].name, column.name);
    else
        tell("{}.life.{}.set.{}: a text that is set is made of columns that stay, and of no live setting", of.name,
             of.of->life->states[set.state].name, column.name);
}

void limit_finder::unit(const declared::unit& of)
{
    for (const auto& one : of.rows)
        step(of, one);
}

void limit_finder::step(const declared::unit& of, const row_step& one)
{
    if (one.short_to == no_item)
        return;
    const auto& instead = all_.tables[one.short_to];
    if (instead.line_of != one.table)
        tell("units.{}: {} stands for rows of {}, too; a table stands for rows of one table", of.name, instead.name,
             all_.tables[instead.line_of].name);
    if (std::ranges::any_of(of.rows, [&](const row_step& other)
                            { return other.is == row_step::form::insert && other.table == one.short_to; }))
        tell("units.{}: inserts {}, which stands for rows that fell short, too; one of both", of.name, instead.name);
    const auto leads_there = [&](const row_plan& from)
    { return std::ranges::any_of(from.links, [&](const link_plan& to) { return to.of->to == instead.place; }); };
    if (std::ranges::any_of(all_.tables, leads_there) || std::ranges::any_of(all_.units, leads_there) ||
        instead.changes)
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
