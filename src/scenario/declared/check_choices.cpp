#include "value_parts.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "checker.hpp"
#include "shapes.hpp"

// Generators of several parts: choices, rows, times, objects.

namespace bazaar::scenario::declared
{

std::string quoted_text(std::string_view text)
{
    std::string made = "'";
    for (const char c : text)
        made += c == '\'' ? "''" : std::string(1, c);
    return made + "'";
}

value_type looks_of(std::string_view text, bool quoted)
{
    if (quoted)
        return {kind::text};
    if (boolean_of(text))
        return {kind::boolean};
    const auto read = number_of(text);
    // A zero in front, as in a postcode, or a point at an end is a text's.
    const auto digits = text.substr(text.starts_with('-') ? 1 : 0);
    const bool plain = read && digits.front() != '.' && digits.back() != '.' &&
                       (digits.size() == 1 || digits.front() != '0' || digits[1] == '.');
    return plain ? value_type{kind::decimal, read->scale} : value_type{kind::text};
}

std::optional<generator> checker::choice_of_list(const entry& one, const value_place& at)
{
    const auto& text = one.value.text;
    const auto dot = text.find('.');
    const auto list = list_named(std::string_view(text).substr(0, dot));
    if (list == no_item)
    {
        no_such(one, at.path, "list", names_of(made_.lists));
        return std::nullopt;
    }
    const auto& columns = made_.lists[list].columns;
    if (columns.empty())
        return std::nullopt;
    used_.insert(made_.lists[list].name);
    item_no column = 0;
    if (dot != text.npos || columns.size() > 1)
    {
        const auto named = dot == text.npos ? std::string_view{} : std::string_view(text).substr(dot + 1);
        const auto found = std::ranges::find(columns, named, &word_list::column::name);
        if (found == columns.end())
        {
            tell(one.at, joined_path(at.path, one.key),
                 fmt::format("{} has columns; take one of: {}", made_.lists[list].name,
                             fmt::join(names_of(columns), ", ")));
            return std::nullopt;
        }
        column = static_cast<item_no>(found - columns.begin());
    }
    return of_type(gen::listed{list, column}, columns[column].type);
}

std::optional<generator> checker::choice(const entry& one, const value_place& at)
{
    if (one.value.is == shape::scalar)
        return choice_of_list(one, at);
    struct candidate
    {
        std::string_view text;
        bool quoted;
        const node* from;
    };
    std::vector<candidate> all;
    gen::choice made;
    std::uint64_t sum = 0;
    const bool is_map = one.value.is == shape::map;
    for (const auto& [word, where, weight] : one.value.entries)
    {
        all.push_back({word, false, &weight});
        const auto read = number_of(weight.text);
        const auto units = read ? units_of(*read, 6) : std::nullopt;
        if (read && (!units || *units < 0))
            tell(weight.at, word,
                 fmt::format("\"{}\" is no weight; a number from 0 with six digits at most", weight.text));
        made.weights.push_back(static_cast<std::uint64_t>(std::max<std::int64_t>(units.value_or(1), 0)));
        sum += made.weights.back();
    }
    for (const auto& item : one.value.items)
    {
        all.push_back({item.text, item.quoted, &item});
        made.weights.push_back(1);
    }
    if (is_map && sum == 0 && !all.empty())
        tell(one.at, {}, "the weights of choice add up to 0");
    value_type type{kind::text};
    for (std::size_t i = 0; i < all.size() && !at.text_wanted; ++i)
    {
        const auto looks = looks_of(all[i].text, all[i].quoted);
        if (i > 0 && looks.is != type.is)
        {
            type = {kind::text};
            break;
        }
        type = {looks.is, std::max(type.scale, looks.scale)};
    }
    for (const auto& [text, quoted, from] : all)
    {
        const bool is_template = type.is == kind::text && text.find('{') != text.npos;
        std::string source(text);
        if (type.is == kind::text && !is_template)
            source = quoted_text(text);
        else if (type.is == kind::decimal)
            source = fmt::format("round({}, {})", text, type.scale);
        auto value = compiled_text(source, *from, 0, at.in, is_template);
        if (!value)
            return std::nullopt;
        made.values.push_back(*std::move(value));
    }
    return all.empty() ? std::nullopt : std::optional(of_type(std::move(made), type));
}

std::optional<generator> checker::row_of(const fields& here, const value_place& at)
{
    const auto* const one = here.scalar("row_of");
    if (one == nullptr)
        return std::nullopt;
    const auto list = find(one, at.path, "file or list", names_of(made_.lists));
    if (!at.is_var)
        tell(one->at, at.path, "row_of is for vars; make a var of it, and take its columns as VAR.COLUMN");
    if (list == no_item || !at.is_var)
        return std::nullopt;
    used_.insert(made_.lists[list].name);
    gen::row_of made;
    made.list = list;
    const auto& columns = made_.lists[list].columns;
    for (const auto& where : here.entries("where"))
    {
        const auto found = std::ranges::find(columns, where.key, &word_list::column::name);
        if (found == columns.end())
        {
            tell(where.at, at.path,
                 fmt::format("{} has no column \"{}\"; its columns: {}", made_.lists[list].name, where.key,
                             fmt::join(names_of(columns), ", ")));
            continue;
        }
        auto is = of_kind(where, at.in, found->type.is, joined_path(at.path, where.key));
        if (is)
            made.where.push_back({static_cast<item_no>(found - columns.begin()), *std::move(is)});
    }
    return of_type(std::move(made), {kind::text});
}

std::optional<generator> checker::time_of(const entry& one, const value_place& at)
{
    if (one.value.is != shape::map)
        return one.value.text == "now" ? std::optional(of_type(gen::now{}, {kind::time})) : std::nullopt;
    const fields here(one.value, "near_time", joined_path(at.path, "time"));
    const auto head = here.head();
    const auto by = here.durations("by");
    if (head.empty() || !by)
        return std::nullopt;
    auto from = of_kind(*here.find(head), at.in, kind::time, here.path_of(head));
    if (!from)
        return std::nullopt;
    return of_type(gen::apart{*std::move(from), head == "after" ? *by : range{-by->high, -by->low}}, {kind::time});
}

std::optional<generator> checker::date_of_value(const entry& one)
{
    if (one.value.is == shape::map)
    {
        const auto read = range_of(fields(one.value, "birth", {}).text("age"));
        const auto low = read ? units_of(read->low, 0) : std::nullopt;
        const auto high = read ? units_of(read->high, 0) : std::nullopt;
        if (read && (!low || !high))
            tell(one.at, "age", "ages are whole years");
        return low && high ? std::optional(of_type(gen::day{{*low, *high}, true}, {kind::date})) : std::nullopt;
    }
    const auto read = dates_of(one.value.text);
    return read ? std::optional(of_type(gen::day{*read, false}, {kind::date})) : std::nullopt;
}

std::optional<generator> checker::by_stage(const entry& one, const value_place& at)
{
    gen::by_stage made;
    made.stages.resize(made_.clock.stages.size());
    std::optional<value_type> type;
    bool right = true;
    for (const auto& part : one.value.entries)
    {
        entry named{part.key, part.at, {}};
        named.value.text = part.key;
        const auto stage = find(&named, joined_path(at.path, "by_stage"), "stage", names_of(made_.clock.stages));
        auto how = value(part.value, {.in = at.in,
                                      .path = fmt::format("{}.by_stage.{}", at.path, part.key),
                                      .at = part.at,
                                      .text_wanted = at.text_wanted});
        right = right && how && stage != no_item;
        if (!right)
            continue;
        if (type && how->type != *type)
            tell(part.at, at.path,
                 fmt::format("by_stage: a {} and a {}; all must be of one kind, with as many digits", name(type->is),
                             name(how->type.is)));
        type = how->type;
        made.stages[stage] = *std::move(how);
    }
    return right && type ? std::optional(of_type(std::move(made), *type)) : std::nullopt;
}

/// Objects and lists.
std::optional<generator> checker::nested(const fields& here, std::string_view head, const value_place& at)
{
    if (head == "object")
    {
        gen::object made;
        for (const auto& part : here.entries("object"))
        {
            auto how = value(part.value,
                             {.in = at.in, .path = fmt::format("{}.object.{}", at.path, part.key), .at = part.at});
            if (!how)
                return std::nullopt;
            made.names.push_back(part.key);
            made.values.push_back(*std::move(how));
        }
        return of_type(std::move(made), {kind::text});
    }
    const auto block = here.block("list");
    const auto times = block ? range_of(block->text("times")) : std::nullopt;
    const auto* const of = block ? block->find("of") : nullptr;
    if (!times || of == nullptr)
        return std::nullopt;
    auto how = value(of->value, {.in = at.in, .path = block->path_of("of"), .at = of->at});
    if (!how)
        return std::nullopt;
    gen::list made;
    made.of.push_back(*std::move(how));
    made.times = {units_of(times->low, 0).value_or(0), units_of(times->high, 0).value_or(0)};
    return of_type(std::move(made), {kind::text});
}

}  // namespace bazaar::scenario::declared
