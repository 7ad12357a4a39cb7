#include <algorithm>

#include "compiled.hpp"
#include "each_expression.hpp"

namespace bazaar::scenario::declared
{
namespace
{

/// Finds what a value that is set depends on, but the row as it was inserted and the moment.
class moment_finder
{
public:
    explicit moment_finder(compiled& all) : all_(all) {}

    void find()
    {
        for (auto& one : all_.tables)
            for (auto& set : one.setters)
                if (set.how.of != nullptr)
                    look_at(one, set);
    }

private:
    void look_at(const row_plan& of, setter& set);
    [[nodiscard]] bool name_varies(const row_plan& of, const row_plan* change, const source& what, setter* reader);
    [[nodiscard]] bool varies(const row_plan& of, const row_plan* change, const generator& how, setter* reader);
    [[nodiscard]] bool column_varies(const row_plan& of, item_no column);

    compiled& all_;
    std::vector<item_no> under_way_;  ///< Columns of one table.
};

/// Whether a column of a row may be another one later.
bool moment_finder::column_varies(const row_plan& of, item_no column)
{
    if (column == of.of->version || (of.of->life && of.of->life->column == column) ||
        std::ranges::find(of.counters, column) != of.counters.end() ||
        std::ranges::find(of.setters, column, &setter::column) != of.setters.end())
        return true;
    if (std::ranges::find(under_way_, column) != under_way_.end())
        return false;
    under_way_.push_back(column);
    const bool made = varies(of, nullptr, of.of->columns[column].how, nullptr);
    under_way_.pop_back();
    return made;
}

/// `reader` is who reads live settings at the moment; what a row is made of has them as they were.
bool moment_finder::name_varies(const row_plan& of, const row_plan* change, const source& what, setter* reader)
{
    switch (what.is)
    {
    case source::form::setting:
        if (reader == nullptr || !all_.file->settings[what.one].live)
            return false;
        reader->settings.push_back(what.one);
        return true;
    case source::form::column:
        return column_varies(of, what.one);
    case source::form::var:
    case source::form::var_cell:
        return change != nullptr ? varies(of, change, *change->vars[what.one].of, reader)
                                 : varies(of, nullptr, *of.vars[what.one].of, nullptr);
    default:
        return false;  // Rows that it refers to are known as they were.
    }
}

bool moment_finder::varies(const row_plan& of, const row_plan* change, const generator& how, setter* reader)
{
    bool made = false;
    const auto& names = change != nullptr ? *change->names : *of.names;
    each_expression(how,
                    [&](const expression& what)
                    {
                        for (const auto slot : what.slots())
                            made = name_varies(of, change, names[slot], reader) || made;
                    });
    return made;
}

bool reads_stages(const generator& how)
{
    return std::holds_alternative<gen::by_stage>(how.how) || std::ranges::any_of(how.otherwise, reads_stages);
}

void moment_finder::look_at(const row_plan& of, setter& set)
{
    const auto& how = *set.how.of;
    if (set.of_unit == no_item)
    {
        const auto* change = set.of_change == no_item ? nullptr : &all_.changes[of.place][set.of_change];
        set.of_moment = varies(of, change, how, &set);
        return;
    }
    // All names of a unit are of its moment, but settings that stay.
    const auto& names = *all_.units[set.of_unit].names;
    set.of_moment = reads_stages(how);
    each_expression(how,
                    [&](const expression& what)
                    {
                        for (const auto slot : what.slots())
                            set.of_moment = set.of_moment || names[slot].is != source::form::setting ||
                                            all_.file->settings[names[slot].one].live;
                    });
}

bool reads_levels(const compiled& all, const row_plan& of, const generator& how)
{
    bool made = false;
    each_expression(how,
                    [&](const expression& what)
                    {
                        for (const auto slot : what.slots())
                        {
                            const auto& name = (*of.names)[slot];
                            if (name.is == source::form::var || name.is == source::form::var_cell)
                                made = made || reads_levels(all, of, *of.vars[name.one].of);
                            else if (name.is == source::form::link)
                            {
                                const auto& counters = all.tables[of.links[name.one].of->to].counters;
                                made = made || std::ranges::find(counters, name.two) != counters.end();
                            }
                        }
                    });
    return made;
}

/// Whether a value of a row is made of one of these columns, or of the version.
bool is_made_of(const row_plan& of, const generator& how, const std::vector<item_no>& columns)
{
    bool made = false;
    each_expression(how,
                    [&](const expression& what)
                    {
                        for (const auto slot : what.slots())
                        {
                            const auto& name = (*of.names)[slot];
                            if (name.is == source::form::var || name.is == source::form::var_cell)
                                made = made || is_made_of(of, *of.vars[name.one].of, columns);
                            else if (name.is == source::form::column)
                                made = made || name.one == of.of->version ||
                                       std::ranges::find(columns, name.one) != columns.end();
                        }
                    });
    return made;
}

}  // namespace

std::vector<item_no> changed_with(const row_plan& of, std::vector<item_no> changed)
{
    const auto has = [](const std::vector<item_no>& all, item_no one)
    { return std::ranges::find(all, one) != all.end(); };
    for (bool more = true; more;)
    {
        more = false;
        for (item_no i = 0; i < of.of->columns.size(); ++i)
            if (!has(changed, i) && !has(of.held, i) && !has(of.counters, i) && i != of.of->keys.column &&
                is_made_of(of, of.of->columns[i].how, changed))
            {
                changed.push_back(i);
                more = true;
            }
    }
    return changed;
}

void find_held(compiled& to)
{
    moment_finder(to).find();
    for (auto& one : to.tables)
        for (item_no i = 0; one.changes && i < one.of->columns.size(); ++i)
        {
            const bool is_set = std::ranges::any_of(one.setters, [&](const setter& set)
                                                    { return set.of_moment && set.column == i; });
            // A level is known to the unit that inserts a row, as its lines leave it.
            if (is_set || reads_levels(to, one, one.of->columns[i].how))
                one.held.push_back(i);
        }
}

}  // namespace bazaar::scenario::declared
