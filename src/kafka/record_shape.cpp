#include "record_shape.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/exact.hpp"
#include "bazaar/kafka/encoder.hpp"
#include "outlet_rules.hpp"

namespace bazaar::kafka
{
namespace
{

/// Digits of the longest decimal that a value holds.
constexpr std::uint8_t digits_max = 19;

/// 12 of "numeric(12,2)"; where nothing is said, as many as there can be.
std::uint8_t precision_of(const model::column& c)
{
    const auto open = c.sql_type.find('(');
    unsigned digits = 0;
    if (open != c.sql_type.npos)
        std::from_chars(c.sql_type.data() + open + 1, c.sql_type.data() + c.sql_type.size(), digits);
    return digits == 0 || digits > digits_max ? digits_max : static_cast<std::uint8_t>(digits);
}

void form_time(record_field& to, time_form wished, record_format format)
{
    to.time = wished;
    if (wished == time_form::standard && format == record_format::json)
        wished = time_form::iso8601;
    switch (wished)
    {
    case time_form::standard:
    case time_form::timestamp_micros:
    case time_form::local_timestamp_micros:
        to.form = field_form::timestamp;
        to.how = conversion::micros;
        return;
    case time_form::timestamp_millis:
    case time_form::local_timestamp_millis:
        to.form = field_form::timestamp;
        to.how = conversion::millis;
        return;
    case time_form::iso8601:
        to.form = field_form::text;
        to.how = conversion::iso8601;
        return;
    case time_form::millis:
    case time_form::seconds:
        to.form = field_form::epoch;
        to.how = wished == time_form::millis ? conversion::millis : conversion::seconds;
        return;
    }
}

void form_decimal(record_field& to, const model::column& c, record_format format)
{
    to.scale = c.scale;
    to.precision = std::max(precision_of(c), c.scale);
    // Protobuf has no decimals.
    to.form = format == record_format::protobuf ? field_form::text : field_form::decimal;
    to.how = format == record_format::avro ? conversion::none : conversion::decimal_text;
}

/// Another type than the column's own.
void form_as(record_field& to, field_type wished, bool decimal)
{
    switch (wished)
    {
    case field_type::standard:
        return;
    case field_type::int32:
        to.form = field_form::int32;
        return;
    case field_type::int64:
        to.form = field_form::int64;
        return;
    case field_type::float32:
        to.form = field_form::float32;
        return;
    case field_type::float64:
        to.form = field_form::float64;
        return;
    case field_type::text:
        to.form = field_form::text;
        if (decimal)
            to.how = conversion::decimal_text;
        return;
    case field_type::uuid:
        to.form = field_form::uuid;
        return;
    }
}

record_field field_of(const outlet& to, const model::table& from, std::size_t i)
{
    const auto& c = from.columns[i];
    const auto wished = form_of(to, i);
    record_field made;
    made.name = c.name;
    made.column = static_cast<std::uint8_t>(i);
    made.nullable = c.nullable;
    switch (c.kind)
    {
    case model::type::boolean:
        made.form = field_form::boolean;
        break;
    case model::type::int64:
        made.form = field_form::int64;
        break;
    case model::type::decimal:
        form_decimal(made, c, to.format);
        break;
    case model::type::float64:
        made.form = field_form::float64;
        break;
    case model::type::text:
        break;
    case model::type::bytes:
        made.form = field_form::bytes;
        break;
    case model::type::timestamp:
        form_time(made, wished.time == time_form::standard ? to.times : wished.time, to.format);
        break;
    case model::type::date:
        made.form = to.format == record_format::avro ? field_form::date : field_form::text;
        made.how = conversion::date_text;
        break;
    case model::type::ref:
        made.form = model::spelled(c) == model::type::int64 ? field_form::int64 : field_form::text;
        made.how = conversion::key_text;
        break;
    case model::type::json:
        made.form = to.format == record_format::json ? field_form::json : field_form::text;
        break;
    }
    form_as(made, wished.type, c.kind == model::type::decimal);
    return made;
}

/// An integer as text at the end of the room.
std::string_view digits(std::int64_t number, int scale, text_room& room)
{
    exact::text_buffer buffer;
    const auto text = exact::to_text(number, scale, buffer);
    text.copy(room.data(), text.size());
    return {room.data(), text.size()};
}

void put(char*& at, unsigned number, int width)
{
    for (int i = width; i-- > 0; number /= 10)
        at[i] = static_cast<char>('0' + number % 10);
    at += width;
}

std::int64_t floored(std::int64_t number, std::int64_t by)
{
    return number / by - (number % by < 0 ? 1 : 0);
}

constexpr std::int64_t us_per_day = 86'400'000'000;

[[noreturn]] void no_such_day(const record_field& field)
{
    throw unencodable(fmt::format("field {}: a day beyond the years 0001 to 9999", field.name));
}

char* put_day(const record_field& field, std::int64_t day, char* at)
{
    if (day < first_day || day > last_day)
        no_such_day(field);
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
    put(at, static_cast<unsigned>(static_cast<int>(date.year())), 4);
    *at++ = '-';
    put(at, static_cast<unsigned>(date.month()), 2);
    *at++ = '-';
    put(at, static_cast<unsigned>(date.day()), 2);
    return at;
}

std::string_view iso8601(const record_field& field, time t, text_room& room)
{
    const auto day = floored(t.us, us_per_day);
    const auto rest = t.us - day * us_per_day;
    const auto seconds = static_cast<unsigned>(rest / 1'000'000);
    char* at = put_day(field, day, room.data());
    *at++ = 'T';
    put(at, seconds / 3600, 2);
    *at++ = ':';
    put(at, seconds / 60 % 60, 2);
    *at++ = ':';
    put(at, seconds % 60, 2);
    *at++ = '.';
    put(at, static_cast<unsigned>(rest % 1'000'000), 6);
    *at++ = 'Z';
    return {room.data(), static_cast<std::size_t>(at - room.data())};
}

}  // namespace

std::vector<record_field> fields_of(const outlet& to, const model::table& from)
{
    std::vector<record_field> made;
    const auto record = record_name(to, from);
    for (std::size_t i = 0; i < from.columns.size(); ++i)
    {
        if (form_of(to, i).hidden)
            continue;
        const auto nest = std::ranges::find_if(to.nested, [&](const auto& one)
                                               { return std::ranges::find(one.columns, i) != one.columns.end(); });
        if (nest == to.nested.end())
        {
            made.push_back(field_of(to, from, i));
            const auto number = form_of(to, i).number;
            made.back().number = number != 0 ? number : static_cast<std::uint32_t>(made.size());
            continue;
        }
        if (std::ranges::min(nest->columns) != i)
            continue;
        record_field group;
        group.name = nest->name;
        group.form = field_form::record;
        group.type_name = type_name_of(nest->name, record);
        for (const auto column : nest->columns)
        {
            group.fields.push_back(field_of(to, from, column));
            const auto number = form_of(to, column).number;
            group.fields.back().number = number != 0 ? number : static_cast<std::uint32_t>(group.fields.size());
        }
        made.push_back(std::move(group));
        made.back().number = static_cast<std::uint32_t>(made.size());
    }
    return made;
}

record_shape shape_of(const outlet& to, const model::table& from)
{
    if (auto problems = problems_of(to, from); !problems.empty())
        throw error(error_kind::config, std::move(problems));
    return {record_name(to, from), to.space, fmt::format("topic {}", to.topic), fields_of(to, from)};
}

void check_digits(const record_field& field, std::int64_t units)
{
    std::int64_t bound = 1;
    for (int i = 0; i < field.precision; ++i)
        if (__builtin_mul_overflow(bound, 10, &bound))
            return;
    if (units >= bound || units <= -bound)
        throw unencodable(fmt::format("field {}: a number with more digits than numeric({},{}) has", field.name,
                                      field.precision, field.scale));
}

std::string_view text_of(const record_field& field, const model::value& v, const model::key_codec& keys,
                         text_room& room)
{
    switch (v.kind())
    {
    case model::type::text:
    case model::type::json:
    case model::type::bytes:
        return v.text();
    case model::type::ref:
        return keys.text_of(v.row(), room);
    case model::type::timestamp:
        return iso8601(field, v.moment(), room);
    case model::type::date:
        return {room.data(), static_cast<std::size_t>(put_day(field, v.integer(), room.data()) - room.data())};
    case model::type::decimal:
        check_digits(field, v.integer());
        return digits(v.integer(), field.scale, room);
    case model::type::int64:
        return digits(v.integer(), 0, room);
    case model::type::boolean:
        return v.integer() != 0 ? "true" : "false";
    case model::type::float64:
        break;
    }
    const auto end = std::to_chars(room.data(), room.data() + room.size(), v.number()).ptr;
    return {room.data(), static_cast<std::size_t>(end - room.data())};
}

std::int64_t number_of(const record_field& field, const model::value& v, const model::key_codec& keys)
{
    if (v.kind() == model::type::ref)
        return keys.number_of(v.row());
    auto number = v.integer();
    if (field.how == conversion::millis)
        number = floored(number, 1'000);
    else if (field.how == conversion::seconds)
        number = floored(number, 1'000'000);
    if (field.form == field_form::int32 && (number > INT32_MAX || number < INT32_MIN))
        throw unencodable(fmt::format("field {}: {} does not fit an int32", field.name, number));
    if (field.form == field_form::date && (number < first_day || number > last_day))
        no_such_day(field);
    return number;
}

double double_of(const record_field& field, const model::value& v)
{
    if (v.kind() == model::type::float64)
        return v.number();
    // The nearest double to the text, as each reader of the text would have it.
    text_room room;
    const auto text = digits(v.integer(), field.scale, room);
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::string_view shortest_bytes(std::int64_t units, big_endian& room) noexcept
{
    for (std::size_t i = 0; i < room.size(); ++i)
        room[i] = static_cast<char>(static_cast<std::uint64_t>(units) >> (56 - 8 * i));
    std::size_t from = 0;
    // A first byte says nothing if it only repeats the sign.
    const auto byte = [&](std::size_t i) { return static_cast<signed char>(room[i]); };
    while (from + 1 < room.size() && (byte(from) == 0 ? byte(from + 1) >= 0 : byte(from) == -1 && byte(from + 1) < 0))
        ++from;
    return {room.data() + from, room.size() - from};
}

}  // namespace bazaar::kafka
