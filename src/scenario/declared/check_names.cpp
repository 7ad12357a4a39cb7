#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bazaar/base/words.hpp"
#include "checker.hpp"
#include "shapes.hpp"

// What a file declares, and which names may stand where.

namespace bazaar::scenario::declared
{

value_type setting_type(const setting& one) noexcept
{
    switch (one.kind)
    {
    case field_kind::number:
        return {kind::decimal, static_cast<std::uint8_t>(one.scale)};
    case field_kind::duration:
        return {kind::duration};
    default:
        return {kind::text};
    }
}

void name_space::add(std::string name, source what)
{
    if (!places.emplace(name, known.size()).second)
        return;
    known.push_back({std::move(name), what.type, 0});
    sources.push_back(what);
    slots.push_back(no_item);
}

void checker::no_such(const entry& one, std::string_view path, std::string_view what,
                      const std::vector<std::string_view>& known)
{
    const auto near = nearest(one.value.text, known, 1);
    tell(one.at, joined_path(path, one.key),
         near.empty() ? fmt::format("no {} \"{}\"; there is none here", what, one.value.text)
                      : fmt::format("no {} \"{}\"; near: {}", what, one.value.text, near.front()));
}

item_no checker::find(const entry* one, std::string_view path, std::string_view what,
                      const std::vector<std::string_view>& known)
{
    if (one == nullptr)
        return no_item;
    const auto found = std::ranges::find(known, one->value.text);
    if (found != known.end())
        return static_cast<item_no>(found - known.begin());
    no_such(*one, path, what, known);
    return no_item;
}

item_no checker::table_of(const entry* one, std::string_view path)
{
    return find(one, path, "table", names_of(made_.tables));
}

item_no checker::column_of(item_no table, const entry* one, std::string_view path)
{
    return find(one, path, "column", names_of(made_.tables[table].columns));
}

item_no checker::column_named(item_no table, std::string_view name) const
{
    const auto& columns = made_.tables[table].columns;
    const auto found = std::ranges::find(columns, name, &column::name);
    return found == columns.end() ? no_item : static_cast<item_no>(found - columns.begin());
}

item_no checker::link_named(const std::vector<link>& links, std::string_view name) const
{
    const auto found = std::ranges::find(links, name, &link::name);
    return found == links.end() ? no_item : static_cast<item_no>(found - links.begin());
}

// --- What there is

void checker::declare()
{
    const auto& tables = root_.entries("tables");
    const auto& units = root_.entries("units");
    // Pointers into these stay.
    made_.tables.resize(std::min(tables.size(), tables_max));
    tables_.resize(made_.tables.size());
    made_.units.resize(units.size());
    units_.resize(units.size());
    for (std::size_t t = 0; t < made_.tables.size(); ++t)
    {
        made_.tables[t].name = tables[t].key;
        tables_[t].at = &tables[t];
        tables_[t].body = fields(tables[t].value, "table", tables[t].key);
    }
    for (std::size_t u = 0; u < units.size(); ++u)
    {
        made_.units[u].name = units[u].key;
        units_[u].at = &units[u];
        units_[u].body = fields(units[u].value, "unit", units[u].key);
        if (std::ranges::find(made_.tables, units[u].key, &table::name) != made_.tables.end())
            tell(units[u].at, {},
                 fmt::format("unit \"{}\" has the name of a table; each needs a name of its own", units[u].key));
    }
    for (item_no t = 0; t < made_.tables.size(); ++t)
        declare_table(t);
    for (item_no u = 0; u < made_.units.size(); ++u)
        declare_unit(u);
    declare_rows();
}

namespace
{

/// Columns and vars of a block, to be filled later.
template <typename T>
void declare_values(const std::vector<entry>& entries, std::vector<work_on_value>& work, std::vector<T>& made)
{
    // More than may be are told of elsewhere, and cost no time here.
    const auto count = std::min(entries.size(), 4 * function_arguments_max);
    work.resize(count);
    made.resize(count);
    for (std::size_t i = 0; i < count; ++i)
    {
        made[i].name = entries[i].key;
        work[i].at = &entries[i];
    }
}

constexpr std::size_t links_max = 64;

bool is_word_of_expressions(std::string_view name)
{
    constexpr std::string_view words[] = {"and", "or", "not", "in", "true", "false"};
    return std::ranges::find(words, name) != std::end(words);
}

}  // namespace

void checker::declare_table(item_no t)
{
    auto& work = tables_[t];
    auto& made = made_.tables[t];
    if (work.at->value.is != shape::map)
        return;
    declare_values(work.body.entries("columns"), work.columns, made.columns);
    declare_values(work.body.entries("vars"), work.vars, made.vars);
    for (const auto& one : work.columns)
        if (is_word_of_expressions(one.at->key))
            tell(one.at->at, work.body.path(),
                 fmt::format("\"{}\" is a word of expressions; take another name", one.at->key));
    for (const auto& one : work.vars)
        if (column_named(t, one.at->key) != no_item || is_word_of_expressions(one.at->key))
            tell(one.at->at, work.body.path_of("vars"),
                 fmt::format("\"{}\" is a {}, too; take another name", one.at->key,
                             is_word_of_expressions(one.at->key) ? "word of expressions" : "column"));
    declare_links(work.body, made.links);
    made.changes.resize(work.body.entries("changes").size());
}

void checker::declare_links(fields& body, std::vector<link>& links)
{
    for (const auto& one : body.entries("links"))
    {
        if (links.size() == links_max)
        {
            tell(one.at, body.path_of("links"), fmt::format("more than {} links", links_max));
            break;
        }
        link next;
        next.name = one.key;
        next.to = no_item;
        if (one.value.is == shape::map)
            next.to = table_of(fields(one.value, "link", {}).scalar("to"), joined_path(body.path_of("links"), one.key));
        links.push_back(std::move(next));
    }
}

void checker::declare_unit(item_no u)
{
    auto& work = units_[u];
    auto& made = made_.units[u];
    if (work.at->value.is != shape::map)
        return;
    declare_values(work.body.entries("vars"), work.vars, made.vars);
    declare_links(work.body, made.links);
}

/// Which steps make the rows of each table: what they know may stand in its columns.
void checker::declare_rows()
{
    for (item_no t = 0; t < made_.tables.size(); ++t)
    {
        auto& work = tables_[t];
        if (work.at->value.is != shape::map)
            continue;
        if (work.body.find("arrives") != nullptr || work.body.find("seed") != nullptr)
            work.made_by.push_back({});
        const auto life = work.body.block("life");
        if (!life)
            continue;
        for (const auto& state : life->entries("states"))
            for (const auto& item : state.value.items)
                if (item.is == shape::map)
                {
                    const fields step(item, "step", joined_path(joined_path(life->path(), "states"), state.key));
                    const auto to = table_of(step.scalar("insert"), step.path());
                    if (to != no_item)
                        tables_[to].made_by.push_back({insertion::form::life, no_item, t, no_item});
                }
    }
    for (item_no u = 0; u < made_.units.size(); ++u)
    {
        const auto& work = units_[u];
        if (work.at->value.is != shape::map)
            continue;
        item_no cause = no_item;
        if (const auto follows = work.body.block("follows"))
        {
            const auto low = follows->text("low");
            const auto of = follows->head() == "low" ? low.substr(0, low.find('.')) : follows->text("of");
            const auto found = std::ranges::find(made_.tables, of, &table::name);
            if (found != made_.tables.end())
                cause = static_cast<item_no>(found - made_.tables.begin());
        }
        for (const auto& row : work.body.blocks("rows"))
        {
            const auto to = table_of(row.scalar("insert"), row.path());
            if (to == no_item)
                continue;
            tables_[to].made_by.push_back({insertion::form::unit, u, cause, no_item});
            const auto* const otherwise = row.scalar("short");
            if (otherwise == nullptr || otherwise->value.text == "drop" || otherwise->value.text == "none")
                continue;
            auto known = names_of(made_.tables);
            known.insert(known.end(), {"drop", "none"});
            const auto line = find(otherwise, row.path(), "table", known);
            // The row that fell short of is that of the link that is taken from.
            item_no from = no_item;
            for (const auto& moved : row.entries("take"))
            {
                const auto which = link_named(made_.tables[to].links, moved.key.substr(0, moved.key.find('.')));
                from = which == no_item ? from : made_.tables[to].links[which].to;
            }
            if (line != no_item)
                tables_[line].made_by.push_back({insertion::form::shortage, u, from, to});
        }
    }
}

// --- Which names may stand where

item_no checker::list_of_var(const work_on_value& var) const
{
    const auto* const one = var.at->value.find("row_of");
    return one == nullptr ? no_item : list_named(one->value.text);
}

void checker::add_settings(name_space& to)
{
    for (std::size_t i = 0; i < made_.settings.size(); ++i)
    {
        source what{source::form::setting, static_cast<item_no>(i), 0, 0, setting_type(made_.settings[i])};
        to.add(made_.settings[i].name, what);
    }
}

void checker::add_vars(name_space& to, const std::string& prefix, const std::vector<work_on_value>& vars,
                       source::form plain, source::form cell, item_no unit)
{
    for (std::size_t v = 0; v < vars.size(); ++v)
    {
        const auto which = static_cast<item_no>(v);
        const bool is_row = vars[v].at->value.find("row_of") != nullptr;
        if (!is_row)
            to.add(prefix + vars[v].at->key, {plain, which, 0, unit, {}});
        const auto list = is_row ? list_of_var(vars[v]) : no_item;
        if (list == no_item)
            continue;
        const auto& columns = made_.lists[list].columns;
        for (std::size_t c = 0; c < columns.size(); ++c)
            to.add(fmt::format("{}{}.{}", prefix, vars[v].at->key, columns[c].name),
                   {cell, which, static_cast<item_no>(c), unit, columns[c].type});
    }
}

/// The columns of the row that a link has picked.
void checker::add_row(name_space& to, const std::string& prefix, item_no table, source::form form, item_no one,
                      item_no unit)
{
    if (table == no_item)
        return;
    for (std::size_t c = 0; c < made_.tables[table].columns.size(); ++c)
    {
        const auto& column = tables_[table].columns[c];
        const source what{form, one, static_cast<item_no>(c), unit, {}};
        to.add(fmt::format("{}.{}", prefix, column.at->key), what);
        if (column.at->value.find("counter") == nullptr)
            continue;
        auto earlier = what;
        earlier.is = form == source::form::unit_link ? source::form::unit_before : source::form::before;
        to.add(fmt::format("before({}.{})", prefix, column.at->key), earlier);
    }
}

void checker::scope_of_table(item_no t)
{
    auto& work = tables_[t];
    auto& names = work.names;
    names.table = t;
    names.vars = &work.vars;
    names.made_vars = &made_.tables[t].vars;
    names.links = &made_.tables[t].links;
    names.path = work.body.path();
    for (std::size_t c = 0; c < work.columns.size(); ++c)
        names.add(work.columns[c].at->key, {source::form::column, static_cast<item_no>(c), 0, 0, {}});
    const auto& links = made_.tables[t].links;
    for (std::size_t l = 0; l < links.size(); ++l)
        add_row(names, links[l].name, links[l].to, source::form::link, static_cast<item_no>(l), 0);
    add_vars(names, {}, work.vars, source::form::var, source::form::var_cell, 0);
    const auto list = list_named(work.body.text("rows_of"));
    for (std::size_t c = 0; list != no_item && c < made_.lists[list].columns.size(); ++c)
        names.add(fmt::format("{}.{}", made_.lists[list].name, made_.lists[list].columns[c].name),
                  {source::form::file_cell, 0, static_cast<item_no>(c), 0, made_.lists[list].columns[c].type});
    for (const auto& made_by : work.made_by)
    {
        if (made_by.line != no_item)
        {
            names.line = made_by.line;
            for (std::size_t c = 0; c < tables_[made_by.line].columns.size(); ++c)
                names.add(fmt::format("line.{}", tables_[made_by.line].columns[c].at->key),
                          {source::form::line, static_cast<item_no>(c), 0, made_by.unit, {}});
        }
        if (made_by.unit == no_item)
            continue;
        const auto& unit = made_.units[made_by.unit];
        const auto prefix = unit.name + ".";
        names.add(prefix + "number", {source::form::unit_number, 0, 0, made_by.unit, {kind::decimal, 0}});
        add_vars(names, prefix, units_[made_by.unit].vars, source::form::unit_var, source::form::unit_cell,
                 made_by.unit);
        for (std::size_t l = 0; l < unit.links.size(); ++l)
            add_row(names, prefix + unit.links[l].name, unit.links[l].to, source::form::unit_link,
                    static_cast<item_no>(l), made_by.unit);
    }
    add_settings(names);
}

void checker::scope_of_unit(item_no u)
{
    auto& work = units_[u];
    auto& names = work.names;
    names.unit = u;
    names.vars = &work.vars;
    names.made_vars = &made_.units[u].vars;
    names.links = &made_.units[u].links;
    names.path = work.body.path();
    const auto& links = made_.units[u].links;
    for (std::size_t l = 0; l < links.size(); ++l)
        add_row(names, links[l].name, links[l].to, source::form::link, static_cast<item_no>(l), 0);
    add_vars(names, {}, work.vars, source::form::var, source::form::var_cell, 0);
    names.add(made_.units[u].name + ".number", {source::form::unit_number, 0, 0, u, {kind::decimal, 0}});
    add_settings(names);
}

void checker::scopes()
{
    for (item_no t = 0; t < made_.tables.size(); ++t)
        if (tables_[t].at->value.is == shape::map)
            scope_of_table(t);
    for (item_no u = 0; u < made_.units.size(); ++u)
        if (units_[u].at->value.is == shape::map)
            scope_of_unit(u);
}

}  // namespace bazaar::scenario::declared
