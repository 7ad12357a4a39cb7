#include "shapes.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bazaar/base/duration.hpp"
#include "bazaar/base/words.hpp"
#include "shape_of_scalar.hpp"

namespace bazaar::scenario::declared
{
namespace
{

std::string quoted_list(const std::vector<std::string_view>& words)
{
    return fmt::format("{}", fmt::join(words, ", "));
}

/// Walks the tree beside the table of keys.
class shape_walk
{
public:
    explicit shape_walk(problems& to) : to_(to) {}

    void of_block(const node& here, std::string_view name, const std::string& path);

private:
    void tell(mark at, std::string_view path, std::string_view what) { to_.add(at, path, what); }

    /// False, and told, where it is no map.
    bool is_map(const node& here, const std::string& path)
    {
        if (here.is == shape::map)
            return true;
        tell(here.at, path,
             is_left_out(here) ? "a value is missing; a map of keys must stand here" : "a map of keys must stand here");
        return false;
    }

    bool is_list(const node& here, const std::string& path)
    {
        if (here.is == shape::list)
            return true;
        tell(here.at, path, "a list must stand here, as [a, b]");
        return false;
    }

    bool is_scalar(const node& here, const std::string& path)
    {
        if (here.is == shape::scalar)
            return true;
        tell(here.at, path, fmt::format("a {} where one value must stand", here.is == shape::map ? "map" : "list"));
        return false;
    }

    void unknown(const entry& one, std::string_view name, const std::string& path);
    void heads(const node& here, const block& of, const std::string& path);
    void companions(const node& here, const key_row& row, const entry* there, const std::string& path);
    void of_key(const key_row& row, const entry& one, const std::string& path);
    void of_map(const key_row& row, const node& here, const std::string& path);
    void of_special(const key_row& row, const entry& one, const std::string& path);
    void of_value(const node& here, std::string_view block, const std::string& path);
    void of_list_of_words(const entry& one, const std::string& path);
    void of_choice(const entry& one, const std::string& path);
    void free_names(const node& here, std::string_view in, const std::string& path);
    void scalar(value_form form, const entry& one)
    {
        check_scalar(key_row{.in = "", .name = "", .is = form}, one, to_);
    }
    void scalars(value_form form, const node& map, const std::string& path);
    void words(const node& here, const std::string& path);

    problems& to_;
};

/// Whether one of the conditions of `with` holds: "number", "pick=zipf". A key that is left out has its default.
bool holds(const node& here, const key_row& row, std::string_view condition)
{
    const auto sign = condition.find('=');
    const auto name = condition.substr(0, sign);
    const auto* const other = here.find(name);
    if (sign == condition.npos)
        return other != nullptr;
    const auto wanted = condition.substr(sign + 1);
    return other != nullptr ? other->value.text == wanted : find_key(row.in, name)->initial == wanted;
}

bool any_holds(const node& here, const key_row& row)
{
    const auto all = split_words(row.with);
    return all.empty() || std::ranges::any_of(all, [&](std::string_view one) { return holds(here, row, one); });
}

void shape_walk::unknown(const entry& one, std::string_view name, const std::string& path)
{
    std::vector<std::string_view> known;
    for (const auto* const row : keys_of(name))
        known.push_back(row->name);
    tell(one.at, path, fmt::format("unknown key \"{}\"; near: {}", one.key, quoted_list(nearest(one.key, known, 1))));
}

/// Exactly one of the heads of a block.
void shape_walk::heads(const node& here, const block& of, const std::string& path)
{
    std::vector<std::string_view> all;
    const entry* first = nullptr;
    for (const auto* const row : keys_of(of.name))
        if (row->head)
            all.push_back(row->name);
    for (const auto& one : here.entries)
    {
        if (std::ranges::find(all, one.key) == all.end())
            continue;
        if (first != nullptr)
            tell(one.at, path,
                 fmt::format("\"{}\" and \"{}\" exclude each other; take one of them", first->key, one.key));
        else
            first = &one;
    }
    if (first == nullptr && !all.empty() && !of.may_have_no_head)
        tell(here.at, path, fmt::format("{} needs one of: {}", of.title, quoted_list(all)));
}

/// "pick: zipf" of "pick=zipf".
std::string shown_condition(std::string_view word)
{
    const auto sign = word.find('=');
    return fmt::format("\"{}{}{}\"", word.substr(0, sign), sign == word.npos ? "" : ": ",
                       sign == word.npos ? std::string_view{} : word.substr(sign + 1));
}

/// What a key needs beside it, and whether it is needed itself.
void shape_walk::companions(const node& here, const key_row& row, const entry* there, const std::string& path)
{
    const bool goes = any_holds(here, row);
    std::vector<std::string> with;
    for (const auto word : split_words(row.with))
        with.push_back(shown_condition(word));
    const auto words = fmt::format("{}", fmt::join(with, " or "));
    if (there == nullptr && row.required && goes)
        tell(here.at, path,
             with.empty() ? fmt::format("\"{}\" is missing", row.name)
                          : fmt::format("\"{}\" is missing; it is needed with {}", row.name, words));
    if (there != nullptr && !goes)
        tell(there->at, path, fmt::format("\"{}\" does nothing here; it goes with {}", row.name, words));
}

void shape_walk::of_block(const node& here, std::string_view name, const std::string& path)
{
    if (!is_map(here, path))
        return;
    const auto& of = block_named(name);
    for (const auto& one : here.entries)
        if (find_key(name, one.key) == nullptr)
            unknown(one, name, path);
    heads(here, of, path);
    for (const auto* const row : keys_of(name))
    {
        const auto* const there = here.find(row->name);
        companions(here, *row, there, path);
        if (there == nullptr)
            continue;
        if (is_left_out(there->value))
            tell(there->at, path, fmt::format("\"{}\" has no value", row->name));
        else
            of_key(*row, *there, joined_path(path, row->name));
    }
}

/// Names that a file gives itself.
void shape_walk::free_names(const node& here, std::string_view in, const std::string& path)
{
    const bool outside = in == "tables" || in == "columns";
    for (const auto& one : here.entries)
        if (outside ? !is_identifier(one.key) : !is_identifier(one.key) && !is_name(one.key))
            tell(one.at, path,
                 fmt::format("\"{}\" is no name; one begins with a letter and has letters, digits and _{}, 63 at most",
                             one.key, outside ? "" : " or -"));
}

void shape_walk::scalars(value_form form, const node& map, const std::string& path)
{
    if (!is_map(map, path))
        return;
    for (const auto& one : map.entries)
        if (is_scalar(one.value, joined_path(path, one.key)))
            scalar(form, one);
}

void shape_walk::words(const node& here, const std::string& path)
{
    if (!is_list(here, path))
        return;
    for (const auto& item : here.items)
        is_scalar(item, path);
}

void shape_walk::of_value(const node& here, std::string_view block, const std::string& path)
{
    if (here.is == shape::list)
        tell(here.at, path, "a list where a value must stand; a constant, \"= EXPR\" or a generator {...}");
    else if (is_left_out(here))
        tell(here.at, path, "a value is missing; a constant, \"= EXPR\" or a generator {...}");
    else if (here.is == shape::map)
        of_block(here, block, path);
}

void shape_walk::of_map(const key_row& row, const node& here, const std::string& path)
{
    if (!is_map(here, path))
        return;
    if (row.name != "by_stage" && row.name != "set")
        free_names(here, row.name, path);
    if (row.name == "tables" && here.entries.size() > tables_max)
        tell(here.entries[tables_max].at, path,
             fmt::format("{} tables; {} are the most", here.entries.size(), tables_max));
    for (const auto& one : here.entries)
    {
        const auto below = joined_path(path, one.key);
        if (row.is == value_form::named)
            of_block(one.value, row.of, below);
        else if (row.is == value_form::generators)
            of_value(one.value, "value", below);
        else if (row.is == value_form::columns)
            of_value(one.value, "column", below);
        else if (is_list(one.value, below))
            for (const auto& item : one.value.items)
                row.is == value_form::named_lists ? of_block(item, row.of, below) : void(is_scalar(item, below));
    }
}

void shape_walk::of_key(const key_row& row, const entry& one, const std::string& path)
{
    const auto& value = one.value;
    switch (row.is)
    {
    case value_form::block:
        return of_block(value, row.of, path);
    case value_form::blocks:
    case value_form::block_list:
        if (row.is == value_form::blocks && value.is != shape::list)
            return of_block(value, row.of, path);
        if (!is_list(value, path))
            return;
        if (value.items.empty())
            tell(value.at, path, "an empty list; leave the key out");
        for (std::size_t i = 0; i < value.items.size(); ++i)
            of_block(value.items[i], row.of, fmt::format("{}[{}]", path, i + 1));
        return;
    case value_form::named:
    case value_form::named_lists:
    case value_form::generators:
    case value_form::columns:
    case value_form::column_lists:
        return of_map(row, value, path);
    case value_form::generator:
    case value_form::column:
        return of_value(value, "value", path);
    case value_form::expressions:
    case value_form::texts:
        return scalars(value_form::text, value, path);
    case value_form::words:
        return words(value, path);
    case value_form::references:
        return value.is == shape::list ? words(value, path) : void(is_scalar(value, path));
    case value_form::keys_lists:
        if (is_list(value, path))
            for (const auto& item : value.items)
                words(item, path);
        return;
    default:
        break;
    }
    if (row.is >= value_form::targets)
        of_special(row, one, path);
    else if (is_scalar(value, path))
        check_scalar(row, one, to_);
}

void shape_walk::of_list_of_words(const entry& one, const std::string& path)
{
    const auto& value = one.value;
    if (value.is == shape::map)
        return scalars(value_form::number, value, path);
    if (!is_list(value, path))
        return;
    for (const auto& item : value.items)
        for (const auto& cell : item.entries)
            if (cell.value.is == shape::list)
                words(cell.value, joined_path(path, cell.key));
            else
                is_scalar(cell.value, joined_path(path, cell.key));
}

void shape_walk::of_choice(const entry& one, const std::string& path)
{
    if (one.value.is == shape::map)
        scalars(value_form::number, one.value, path);
    else if (one.value.is == shape::list)
        words(one.value, path);
    if (one.value.is != shape::scalar && one.value.items.empty() && one.value.entries.empty())
        tell(one.value.at, path, "nothing to choose from");
}

void shape_walk::of_special(const key_row& row, const entry& one, const std::string& path)
{
    const auto& value = one.value;
    const bool scalar_here = value.is == shape::scalar;
    switch (row.is)
    {
    case value_form::targets:
        return scalar_here ? void() : words(value, path);
    case value_form::stages:
    case value_form::day_factors:
    case value_form::hour_factors:
        scalars(value_form::text, value, path);
        if (value.is == shape::map)
            for (const auto& part : value.entries)
                if (part.value.is == shape::scalar)
                    check_part(row.is, part, to_);
        return;
    case value_form::openings:
        if (!is_map(value, path))
            return;
        free_names(value, row.name, path);
        for (const auto& named : value.entries)
        {
            scalars(value_form::text, named.value, joined_path(path, named.key));
            for (const auto& part : named.value.entries)
                if (part.value.is == shape::scalar)
                    check_part(row.is, part, to_);
        }
        return;
    case value_form::moments:
    {
        if (!is_list(value, path))
            return;
        for (const auto& item : value.items)
            if (is_scalar(item, path))
                check_part(row.is, {one.key, one.at, item}, to_);
        return;
    }
    case value_form::list:
        if (!is_map(value, path))
            return;
        free_names(value, row.name, path);
        for (const auto& named : value.entries)
            of_list_of_words(named, joined_path(path, named.key));
        return;
    case value_form::choice:
        return of_choice(one, path);
    case value_form::row_count:
        return value.is == shape::map ? of_block(value, "value", path) : void(is_scalar(value, path));
    case value_form::time:
        return value.is == shape::map ? of_block(value, "near_time", path)
               : value.text == "now"
                   ? void()
                   : tell(value.at, path, "must be \"now\", or {after: EXPR, by: RANGE}, or {before: EXPR, by: RANGE}");
    case value_form::date:
        return value.is == shape::map   ? of_block(value, "birth", path)
               : is_scalar(value, path) ? check_part(row.is, one, to_)
                                        : void();
    case value_form::missing:
        return is_scalar(value, path) && value.text != "true" ? scalar(value_form::share, one) : void();
    default:
        is_scalar(value, path);
    }
}

}  // namespace

void check_shapes(const node& root, problems& to)
{
    shape_walk(to).of_block(root, "file", {});
}

std::string joined_path(std::string_view path, std::string_view key)
{
    if (path.empty() && (key == "tables" || key == "units"))
        return {};
    if (key == "columns" && path.find('.') == path.npos)
        return std::string(path);
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::size_t expression_start(const node& value) noexcept
{
    if (value.is != shape::scalar || !value.text.starts_with('='))
        return std::string::npos;
    const auto start = value.text.find_first_not_of(' ', 1);
    return start == std::string::npos ? value.text.size() : start;
}

bool is_left_out(const node& value) noexcept
{
    return value.is == shape::scalar && !value.quoted && value.text.empty();
}

}  // namespace bazaar::scenario::declared
