#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "checker.hpp"
#include "expression_syntax.hpp"
#include "shapes.hpp"

// Types of what names stand for, and expressions over them.

namespace bazaar::scenario::declared
{

bool checker::begin(work_on_value& one, std::string_view path, std::string_view name)
{
    constexpr std::size_t deep = 200;
    if (one.is == progress::open && under_way_.size() == deep)
    {
        one.is = progress::wrong;
        tell(one.at->at, joined_path(path, one.at->key), fmt::format("more than {} values that need each other", deep));
        return false;
    }
    if (one.is == progress::open)
    {
        one.is = progress::under_way;
        under_way_.emplace_back(&one, name);
        return true;
    }
    if (one.is != progress::under_way)
        return false;
    // It is needed for itself: from where it began to here.
    const auto first = std::ranges::find(under_way_, &one, &std::pair<work_on_value*, std::string>::first);
    std::vector<std::string_view> way;
    for (auto i = first; i != under_way_.end(); ++i)
        way.push_back(i->second);
    way.push_back(first->second);
    tell(one.at->at, {}, fmt::format("{} uses itself: {}", joined_path(path, one.at->key), fmt::join(way, " -> ")));
    for (auto i = first; i != under_way_.end(); ++i)
        i->first->is = progress::wrong;
    return false;
}

void checker::end(work_on_value& one, bool right)
{
    under_way_.pop_back();
    if (one.is == progress::under_way)
        one.is = right ? progress::done : progress::wrong;
}

std::optional<value_type> checker::column_type(item_no table, item_no column)
{
    auto& work = tables_[table].columns[column];
    make_column(table, column);
    if (work.is != progress::done)
        return std::nullopt;
    const auto& made = made_.tables[table].columns[column];
    return made.how.type;
}

std::optional<value_type> checker::var_type(name_space& in, item_no which)
{
    auto& work = (*in.vars)[which];
    auto& made = (*in.made_vars)[which];
    if (begin(work, joined_path(in.path, "vars"), work.at->key))
    {
        auto how = value(work.at->value, {.in = in,
                                          .path = joined_path(joined_path(in.path, "vars"), work.at->key),
                                          .at = work.at->at,
                                          .is_var = true});
        if (how)
        {
            work.nullable = is_nullable(*how, in);
            made.how = *std::move(how);
        }
        end(work, made.how.how.index() != 0);
    }
    return work.is == progress::done ? std::optional(made.how.type) : std::nullopt;
}

std::optional<value_type> checker::type_of(const source& what, name_space& in)
{
    const auto linked = [&](const std::vector<link>& links) -> std::optional<value_type>
    { return links[what.one].to == no_item ? std::nullopt : column_type(links[what.one].to, what.two); };
    switch (what.is)
    {
    case source::form::column:
        return column_type(in.table, what.one);
    case source::form::var:
        return var_type(in, what.one);
    case source::form::link:
    case source::form::before:
        return linked(*in.links);
    case source::form::unit_var:
        return var_type(units_[what.unit].names, what.one);
    case source::form::unit_link:
    case source::form::unit_before:
        return linked(made_.units[what.unit].links);
    case source::form::line:
        return column_type(in.line, what.one);
    case source::form::var_cell:
        return var_type(in, what.one) ? std::optional(what.type) : std::nullopt;
    case source::form::unit_cell:
        return var_type(units_[what.unit].names, what.one) ? std::optional(what.type) : std::nullopt;
    default:
        return what.type;
    }
}

bool checker::is_nullable(const source& what, name_space& in)
{
    const auto linked = [&](const std::vector<link>& links)
    { return links[what.one].missing > 0 || tables_[links[what.one].to].columns[what.two].nullable; };
    switch (what.is)
    {
    case source::form::column:
        return tables_[in.table].columns[what.one].nullable;
    case source::form::var:
    case source::form::var_cell:
        return (*in.vars)[what.one].nullable;
    case source::form::unit_var:
    case source::form::unit_cell:
        return units_[what.unit].vars[what.one].nullable;
    case source::form::link:
    case source::form::before:
        return linked(*in.links);
    case source::form::unit_link:
    case source::form::unit_before:
        return linked(made_.units[what.unit].links);
    case source::form::line:
        return tables_[in.line].columns[what.one].nullable;
    case source::form::file_cell:
    {
        const auto& list = made_.lists[list_named(tables_[in.table].body.text("rows_of"))];
        for (std::size_t i = what.two; i < list.cells.size(); i += list.columns.size())
            if (list.cells[i].empty() && list.columns[what.two].type.is != kind::text)
                return true;
        return false;
    }
    default:
        return false;
    }
}

/// Finds the types of the names that an expression uses. False when one of them has none, which was told of where it stands.
bool checker::use_names(std::string_view text, bool is_template, name_space& in)
{
    std::vector<fault> faults;
    const auto all = is_template ? parse_template(text, faults) : parse_expression(text, faults);
    std::vector<bool> is_value(all.size(), true);
    std::vector<std::string> names;
    for (const auto& one : all)
        if (one.is == term_form::call && one.text == "before" && one.parts.size() == 1)
        {
            is_value[one.parts.front()] = false;
            names.push_back(fmt::format("before({})", all[one.parts.front()].text));
        }
    for (std::size_t i = 0; i < all.size(); ++i)
        if (is_value[i] && all[i].is == term_form::name)
            names.push_back(all[i].text);
    bool right = true;
    for (const auto& one : names)
    {
        const auto found = in.places.find(one);
        if (found == in.places.end())
            continue;
        const auto which = found->second;
        if (in.sources[which].is == source::form::setting)
            used_.insert(one);
        const auto type = type_of(in.sources[which], in);
        right = right && type;
        if (!type)
            continue;
        in.known[which].type = in.sources[which].type = *type;
        if (in.slots[which] == no_item)
        {
            in.slots[which] = static_cast<item_no>(in.used.size());
            in.used.push_back(in.sources[which]);
        }
        in.known[which].slot = in.slots[which];
    }
    return right;
}

std::optional<expression> checker::compiled_text(std::string_view text, const node& value, std::size_t start,
                                                 name_space& in, bool is_template)
{
    const bool right = use_names(text, is_template, in);
    std::vector<fault> faults;
    auto made = is_template ? expression::compile_template(text, in.known, faults)
                            : expression::compile(text, in.known, faults);
    if (!right)
    {
        // Of unknown names at least; types would mislead.
        const auto of_names = [](const fault& one)
        {
            return one.what.starts_with("no name \"") || one.what.find("\": no link \"") != std::string::npos ||
                   one.what.find(": no column; near: ") != std::string::npos;
        };
        std::erase_if(faults, [&](const fault& one) { return !of_names(one); });
        made.reset();
    }
    for (const auto& one : faults)
        tell(value.place_of(start + one.at), {}, one.what);
    return made;
}

std::optional<expression> checker::compiled(const node& value, std::size_t start, name_space& in, bool is_template)
{
    return compiled_text(std::string_view(value.text).substr(start), value, start, in, is_template);
}

std::optional<expression> checker::of_kind(const entry& one, name_space& in, kind wanted, std::string_view path)
{
    if (one.value.is != shape::scalar)
        return std::nullopt;
    const auto start = expression_start(one.value);
    auto made = compiled(one.value, start == std::string::npos ? 0 : start, in);
    if (!made || made->type().is == wanted)
        return made;
    tell(one.value.at, path, fmt::format("takes a {}, not a {}", name(wanted), name(made->type().is)));
    return std::nullopt;
}

std::optional<item_no> checker::plain_name(std::string_view text, const name_space& in) const
{
    while (text.ends_with(' '))
        text.remove_suffix(1);
    const auto found = in.places.find(text);
    if (found == in.places.end() || text.find('(') != text.npos)
        return std::nullopt;
    return static_cast<item_no>(found->second);
}

}  // namespace bazaar::scenario::declared
