#include "bazaar/kafka/outlet.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "bazaar/model/key_codec.hpp"
#include "outlet_rules.hpp"

namespace bazaar::kafka
{
namespace
{

using lines = std::vector<std::string>;

bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/// A name that Avro and Protobuf both accept.
bool is_identifier(std::string_view text)
{
    return !text.empty() && is_letter(text.front()) &&
           std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c); });
}

bool is_dotted(std::string_view text)
{
    for (std::size_t begin = 0;;)
    {
        const auto end = std::min(text.find('.', begin), text.size());
        if (!is_identifier(text.substr(begin, end - begin)))
            return false;
        if (end == text.size())
            return true;
        begin = end + 1;
    }
}

bool is_topic(std::string_view text)
{
    return !text.empty() && text.size() <= 249 && text != "." && text != ".." &&
           std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-'; });
}

constexpr std::string_view identifier_rule = "must be letters of ASCII, digits and _, no digit first";

void check_names(const outlet& to, const model::table& from, const std::string& place, lines& out)
{
    if (!is_topic(to.topic))
        out.push_back(fmt::format("table {}: topic \"{}\" must be 1 to 249 letters of ASCII, digits, '.', '_' and '-'",
                                  from.name, to.topic));
    if (!to.record.empty() && !is_identifier(to.record))
        out.push_back(fmt::format("{}: the record's name \"{}\" {}", place, to.record, identifier_rule));
    if (!to.space.empty() && !is_dotted(to.space))
        out.push_back(fmt::format("{}: namespace or package \"{}\": each part between dots {}", place, to.space,
                                  identifier_rule));
    if (to.key != model::no_column && to.key >= from.columns.size())
        out.push_back(fmt::format("{}: has no column {} for its key", place, to.key));
    if (!to.columns.empty() && to.columns.size() != from.columns.size())
        out.push_back(
            fmt::format("{}: describes {} columns, the table has {}", place, to.columns.size(), from.columns.size()));
}

bool is_of_avro(time_form what)
{
    return what == time_form::timestamp_micros || what == time_form::timestamp_millis ||
           what == time_form::local_timestamp_micros || what == time_form::local_timestamp_millis;
}

/// The types that a column may have beside its own.
std::set<field_type> other_types(const model::column& c)
{
    switch (model::spelled(c))
    {
    case model::type::int64:
        return {field_type::int32, field_type::int64, field_type::text};
    case model::type::decimal:
        return {field_type::float32, field_type::float64, field_type::text};
    case model::type::float64:
        return {field_type::float32, field_type::float64};
    case model::type::ref:
        return {field_type::text, field_type::uuid};
    case model::type::text:
    case model::type::json:
    case model::type::date:
        return {field_type::text};
    case model::type::boolean:
    case model::type::bytes:
    case model::type::timestamp:
        return {};
    }
    return {};
}

void check_columns(const outlet& to, const model::table& from, const std::string& place, lines& out)
{
    bool any = false;
    for (std::size_t i = 0; i < from.columns.size(); ++i)
    {
        const auto& column = from.columns[i];
        const auto form = form_of(to, i);
        if (form.hidden)
            continue;
        any = true;
        const auto field = fmt::format("{}, field {}", place, column.name);
        if (!is_identifier(column.name))
            out.push_back(fmt::format("{}: the name {}", field, identifier_rule));
        if (form.type != field_type::standard && !other_types(column).contains(form.type))
            out.push_back(fmt::format("{}: a column of type {} cannot be written as {}", field, column.sql_type,
                                      name(form.type)));
        if (form.time != time_form::standard && column.kind != model::type::timestamp)
            out.push_back(fmt::format("{}: is no timestamp, and has a form of time", field));
        const auto time = form.time == time_form::standard ? to.times : form.time;
        if (column.kind == model::type::timestamp && is_of_avro(time) && to.format != record_format::avro)
            out.push_back(
                fmt::format("{}: {} has no logical types of Avro; iso8601, millis or seconds", field, name(to.format)));
        if (form.number > 536'870'911 || (form.number >= 19'000 && form.number <= 19'999))
            out.push_back(fmt::format("{}: number {}; must be from 1 to 536870911, and not from 19000 to 19999", field,
                                      form.number));
    }
    if (!any)
        out.push_back(place + ": all columns are hidden");
}

/// Columns of a nested record, each in one and not hidden.
void check_nested(const outlet& to, const model::table& from, const std::string& place, lines& out)
{
    std::set<std::uint8_t> taken;
    std::set<std::string> types;
    for (const auto& nest : to.nested)
    {
        const auto field = fmt::format("{}, nested record {}", place, nest.name);
        if (!is_identifier(nest.name))
            out.push_back(fmt::format("{}: the name {}", field, identifier_rule));
        if (nest.columns.empty())
            out.push_back(field + ": has no columns");
        if (!types.insert(type_name_of(nest.name, record_name(to, from))).second)
            out.push_back(field + ": another one has the same name");
        for (const auto column : nest.columns)
            if (column >= from.columns.size() || form_of(to, column).hidden)
                out.push_back(fmt::format("{}: column {} is not there, or hidden", field, column));
            else if (!taken.insert(column).second)
                out.push_back(
                    fmt::format("{}: {} is in two nested records, or twice in one", field, from.columns[column].name));
        for (std::size_t i = 0; i < from.columns.size(); ++i)
            if (from.columns[i].name == nest.name && !form_of(to, i).hidden &&
                std::ranges::find(nest.columns, i) == nest.columns.end())
                out.push_back(field + ": a column has the same name");
    }
}

/// "createdAt" of "created_at": two fields that are alike in JSON are refused by Protobuf's compiler.
std::string camel(std::string_view name)
{
    std::string out;
    bool up = false;
    for (const char c : name)
    {
        if (c == '_')
            up = true;
        else
        {
            out += up && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
            up = false;
        }
    }
    return out;
}

void check_numbers(const std::vector<record_field>& fields, const std::string& place, lines& out)
{
    std::map<std::uint32_t, std::string> numbers;
    std::map<std::string, std::string> names;
    for (const auto& field : fields)
    {
        if (const auto [other, fresh] = numbers.emplace(field.number, field.name); !fresh)
            out.push_back(
                fmt::format("{}: number {} is that of {} and of {}", place, field.number, other->second, field.name));
        if (const auto [other, fresh] = names.emplace(camel(field.name), field.name); !fresh)
            out.push_back(fmt::format("{}: {} and {} are one name to Protobuf", place, other->second, field.name));
        check_numbers(field.fields, fmt::format("{}, nested record {}", place, field.name), out);
    }
}

}  // namespace

std::string_view name(record_format what) noexcept
{
    switch (what)
    {
    case record_format::json:
        return "JSON";
    case record_format::avro:
        return "Avro";
    case record_format::protobuf:
        return "Protobuf";
    }
    return "";
}

std::string_view name(field_type what) noexcept
{
    switch (what)
    {
    case field_type::standard:
        return "its own type";
    case field_type::int32:
        return "int32";
    case field_type::int64:
        return "int64";
    case field_type::float32:
        return "float";
    case field_type::float64:
        return "double";
    case field_type::text:
        return "text";
    case field_type::uuid:
        return "uuid";
    }
    return "";
}

column_form form_of(const outlet& to, std::size_t column)
{
    return column < to.columns.size() ? to.columns[column] : column_form{};
}

std::string record_name(const outlet& to, const model::table& from)
{
    return to.record.empty() ? std::string(from.name) : to.record;
}

std::string type_name_of(std::string_view nest, std::string_view record)
{
    auto made = camel(nest);
    if (!made.empty() && made.front() >= 'a' && made.front() <= 'z')
        made.front() = static_cast<char>(made.front() - 'a' + 'A');
    // A type and a field of one name, or two types, do not go together.
    if (made == nest || made == record)
        made += "Record";
    return made;
}

std::vector<std::string> problems_of(const outlet& to, const model::table& from)
{
    lines out;
    const auto place = fmt::format("table {}, topic {}", from.name, to.topic);
    if (to.record.empty() && !is_identifier(from.name))
        out.push_back(fmt::format("{}: the table's name is that of the record, and {}", place, identifier_rule));
    check_names(to, from, place, out);
    check_columns(to, from, place, out);
    check_nested(to, from, place, out);
    if (out.empty() && to.format == record_format::protobuf)
        check_numbers(fields_of(to, from), place, out);
    return out;
}

}  // namespace bazaar::kafka
