#include "bazaar/model/check.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "bazaar/model/key_codec.hpp"

namespace bazaar::model
{
namespace
{

using lines = std::vector<std::string>;

/// "character varying" of "character varying(12)".
std::string_view base_type(const column& c)
{
    return c.sql_type.substr(0, c.sql_type.find('('));
}

/// 12 of "character varying(12)"; nothing where the type has no length.
std::optional<std::size_t> length_of(const column& c)
{
    const auto open = c.sql_type.find('(');
    if (open == c.sql_type.npos)
        return std::nullopt;
    std::size_t length = 0;
    const auto* const begin = c.sql_type.data() + open + 1;
    const auto [end, failed] = std::from_chars(begin, c.sql_type.data() + c.sql_type.size(), length);
    return failed == std::errc() && end != begin ? std::optional(length) : std::nullopt;
}

/// The longest and the shortest text of a key.
std::pair<std::size_t, std::size_t> widths_of(const key_form& form)
{
    if (form.what == key_form::kind::sequence)
        return {form.prefix.size() + form.digits, form.prefix.size() + form.digits};
    std::size_t longest = 0;
    std::size_t shortest = key_codec::text_max;
    for (const auto text : form.texts)
    {
        longest = std::max(longest, text.size());
        shortest = std::min(shortest, text.size());
    }
    return {longest, std::min(shortest, longest)};
}

/// What no form of SQL, CSV or JSON has to escape.
constexpr std::string_view plain_marks = "-_./:+#";

bool is_plain(std::string_view text)
{
    return std::ranges::all_of(text,
                               [](char c)
                               {
                                   return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                                          plain_marks.find(c) != plain_marks.npos;
                               });
}

void check_sequence(const key_form& form, const std::string& place, lines& out)
{
    if (form.digits == 0 || form.digits > 18)
        out.push_back(fmt::format("{}: {} digits after \"{}\"; must be from 1 to 18", place, form.digits, form.prefix));
    else if (form.rows() == 0)
        out.push_back(fmt::format("{}: {} digits have no room for the number {} of the first row; more digits, or a "
                                  "lower first number",
                                  place, form.digits, form.first));
    if (!is_plain(form.prefix) || form.prefix.size() > 32)
        out.push_back(fmt::format("{}: the beginning \"{}\" must be up to 32 letters of ASCII, digits and {}", place,
                                  form.prefix, plain_marks));
}

void check_list(const key_form& form, const std::string& place, lines& out)
{
    if (form.texts.empty())
        out.push_back(fmt::format("{}: the file has no keys; a line for each row", place));
    for (std::size_t i = 0; i < form.rows_by_text.size(); ++i)
    {
        const auto row = form.rows_by_text[i];
        const auto text = form.texts[row];
        if (text.empty() || text.size() > key_codec::text_max || !is_plain(text))
            out.push_back(fmt::format("{}: key {} \"{}\" must be 1 to {} letters of ASCII, digits and {}", place,
                                      row + 1, text, key_codec::text_max, plain_marks));
        if (i > 0 && form.texts[form.rows_by_text[i - 1]] == text)
            out.push_back(fmt::format("{}: \"{}\" is key {} and key {}; each key once", place, text,
                                      form.rows_by_text[i - 1] + 1, row + 1));
    }
}

void check_text_column(const key_form& form, const column& key, const std::string& place, lines& out)
{
    const auto base = base_type(key);
    const auto [longest, shortest] = widths_of(form);
    const auto length = length_of(key);
    const bool fits = base == "text" || (base == "character varying" && length.value_or(longest) >= longest) ||
                      (base == "character" && length.value_or(1) == longest && shortest == longest);
    if (!fits)
        out.push_back(fmt::format("{}: type {}; keys of {} characters need text, character varying({}) or more{}",
                                  place, key.sql_type, longest, longest,
                                  shortest == longest ? fmt::format(", or character({})", longest) : ""));
}

void check_key(const table& t, lines& out)
{
    if (t.key >= t.columns.size())
    {
        out.push_back(fmt::format("table {}: has no column {} for its key", t.name, t.key));
        return;
    }
    const auto& key = t.columns[t.key];
    const auto place = fmt::format("table {}, key {}", t.name, key.name);
    if (t.kept_by != role::planned)
    {
        if (t.keys.what != key_form::kind::uuid)
            out.push_back(place + ": units do not make these rows; only a planned table has a form of keys");
        return;
    }
    if (key.kind != type::ref)
        out.push_back(place + ": must be a reference to the row itself");
    switch (t.keys.what)
    {
    case key_form::kind::uuid:
        if (key.sql_type != "uuid")
            out.push_back(fmt::format("{}: type {}; a key of this form is a uuid", place, key.sql_type));
        return;
    case key_form::kind::bigint:
        if (key.sql_type != "bigint")
            out.push_back(fmt::format("{}: type {}; a key of this form is a bigint", place, key.sql_type));
        if (t.keys.first > (std::uint64_t{1} << 62))
            out.push_back(
                fmt::format("{}: the first number {} must be up to {}", place, t.keys.first, std::uint64_t{1} << 62));
        return;
    case key_form::kind::sequence:
        check_sequence(t.keys, place, out);
        break;
    case key_form::kind::listed:
        check_list(t.keys, place, out);
        break;
    }
    check_text_column(t.keys, key, place, out);
}

/// A column that names rows of another table is of the type of their key.
void check_references(const table& t, std::span<const table> tables, lines& out)
{
    for (const auto& link : t.foreign_keys)
    {
        const auto to = std::ranges::find(tables, link.table, &table::name);
        const auto at = column_number(t, link.column);
        if (to == tables.end() || at == no_column || to->key >= to->columns.size())
        {
            out.push_back(fmt::format("table {}: its foreign key of {} to {} names no column, or no table", t.name,
                                      link.column, link.table));
            continue;
        }
        const auto& from = t.columns[at];
        const auto& key = to->columns[to->key];
        if (base_type(from) != base_type(key) || from.kind != key.kind)
            out.push_back(fmt::format("table {}, column {}: type {}; it refers to {}.{}, which is {}", t.name,
                                      from.name, from.sql_type, to->name, key.name, key.sql_type));
    }
}

std::string_view place_of(target where)
{
    return where == target::postgres ? "PostgreSQL" : "Kafka";
}

/// A unit is one transaction of one system.
void check_target(const unit_kind& kind, std::span<const table> tables, lines& out)
{
    if (kind.parts.empty())
    {
        out.push_back(fmt::format("kind of unit {}: writes nothing; it needs a part", kind.name));
        return;
    }
    const table* first = nullptr;
    for (const auto& part : kind.parts)
    {
        if (part.table >= tables.size())
        {
            out.push_back(fmt::format("kind of unit {}: writes table {}, and there are {}", kind.name, part.table,
                                      tables.size()));
            return;
        }
        const auto& t = tables[part.table];
        if (first == nullptr)
            first = &t;
        if (t.sink == first->sink)
            continue;
        out.push_back(fmt::format("kind of unit {}: writes {} in {} and {} in {}, and a unit has one target; make two "
                                  "kinds of it, the second after the first",
                                  kind.name, first->name, place_of(first->sink), t.name, place_of(t.sink)));
        return;
    }
}

}  // namespace

std::vector<std::string> problems_of(std::span<const table> tables, std::span<const unit_kind> kinds)
{
    lines out;
    for (const auto& t : tables)
        check_key(t, out);
    for (const auto& t : tables)
        check_references(t, tables, out);
    for (const auto& kind : kinds)
        check_target(kind, tables, out);
    return out;
}

}  // namespace bazaar::model
