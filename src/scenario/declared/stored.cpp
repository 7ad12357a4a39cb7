#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "maker.hpp"

namespace bazaar::scenario::declared
{
namespace
{

using model::value;

void add_json_text(std::string_view text, fmt::memory_buffer& to)
{
    to.push_back('"');
    for (const char c : text)
    {
        if (c == '"' || c == '\\')
            to.push_back('\\');
        if (static_cast<unsigned char>(c) < 0x20)
            fmt::format_to(std::back_inserter(to), "\\u{:04x}", static_cast<unsigned char>(c));
        else
            to.push_back(c);
    }
    to.push_back('"');
}

constexpr bool fits_64(exact::integer number)
{
    return number >= std::numeric_limits<std::int64_t>::min() && number <= std::numeric_limits<std::int64_t>::max();
}

}  // namespace

std::string_view maker::text_of(const operand& what, const value_type& type)
{
    switch (type.is)
    {
    case kind::text:
        return what.text;
    case kind::boolean:
        return what.number != 0 ? "true" : "false";
    case kind::decimal:
    case kind::duration:
    {
        exact::text_buffer digits{};
        return texts_.keep(exact::to_text(what.number, type.is == kind::decimal ? type.scale : 6, digits));
    }
    case kind::time:
        return texts_.keep(to_string(time{static_cast<std::int64_t>(what.number)}));
    case kind::date:
    {
        // The day of a moment is the beginning of its text.
        constexpr std::int64_t day_us = 86'400'000'000;
        const auto at = to_string(time{static_cast<std::int64_t>(what.number) * day_us});
        return texts_.keep(std::string_view(at).substr(0, at.find('T')));
    }
    }
    return {};
}

/// Objects and lists as JSON, without blanks. Each item of a list is drawn by itself, with all that is in it.
operand maker::json(frame& of, const gen_plan& how, random& draw, std::uint64_t index)
{
    fmt::memory_buffer text;
    const auto add = [&](const gen_plan& one, std::uint64_t part_index)
    {
        const auto found = made(of, one, part_index);
        const auto& type = one.of->type;
        const bool is_json = std::holds_alternative<gen::object>(one.of->how) ||
                             std::holds_alternative<gen::list>(one.of->how);
        if (found.missing)
            text.append(std::string_view("null"));
        else if (is_json || type.is == kind::decimal || type.is == kind::boolean)
            text.append(text_of(found, type));
        else
            add_json_text(text_of(found, type), text);
    };
    const auto parts = std::span(how.parts).subspan(how.of->otherwise.size());
    if (const auto* object = std::get_if<gen::object>(&how.of->how))
    {
        text.push_back('{');
        for (std::size_t i = 0; i < parts.size(); ++i)
        {
            if (i > 0)
                text.push_back(',');
            add_json_text(object->names[i], text);
            text.push_back(':');
            add(parts[i], index);
        }
        text.push_back('}');
    }
    else
    {
        const auto& times = std::get<gen::list>(how.of->how).times;
        const auto count = draw.between(times.low, times.high);
        text.push_back('[');
        for (std::int64_t i = 0; i < count; ++i)
        {
            if (i > 0)
                text.push_back(',');
            add(parts.front(), index ^ mix(static_cast<std::uint64_t>(i) + 1));
        }
        text.push_back(']');
    }
    return {.text = texts_.keep({text.data(), text.size()})};
}

value maker::converted(const operand& what, const value_type& from, const declared::column& to)
{
    if (what.missing)
        return {};
    switch (to.kind)
    {
    case model::type::boolean:
        return value::of_bool(what.number != 0);
    case model::type::int64:
    case model::type::decimal:
    {
        const int scale = to.kind == model::type::decimal ? to.scale : 0;
        const auto number = from.is == kind::decimal ? exact::rescaled(what.number, from.scale, scale)
                                                     : std::optional(what.number);
        if (!number || !fits_64(*number))
            throw error(error_kind::data, fmt::format("{}: a number is too large for its column", to.name));
        const auto units = static_cast<std::int64_t>(*number);
        return to.kind == model::type::decimal ? value::of_decimal(units) : value::of(units);
    }
    case model::type::timestamp:
        return value::of(time{static_cast<std::int64_t>(what.number)});
    case model::type::date:
        return value::of_date(static_cast<std::int64_t>(what.number));
    case model::type::text:
    case model::type::json:
    case model::type::bytes:
        return value::of(text_of(what, from), to.kind);
    case model::type::float64:
    {
        // The nearest one to a number of few digits: a quotient of two that are exact.
        double tens = 1;
        for (int i = 0; i < from.scale; ++i)
            tens *= 10;
        return value::of(static_cast<double>(static_cast<std::int64_t>(what.number)) / tens);
    }
    case model::type::ref:
        break;
    }
    return {};
}

bool goes_nowhere(const compiled& all, const row_plan& of, const source& name)
{
    const auto& holder = name.is == source::form::unit_link ? all.units[of.unit] : of;
    const auto& there = all.tables[holder.links[name.one].of->to];
    if (name.two != there.of->keys.column)
    {
        const auto& next = std::get<gen::reference>(there.of->columns[name.two].how.how);
        return goes_nowhere(all, there, (*there.names)[next.slot]);
    }
    return there.of->keys.is != key::form::uuid &&
           std::ranges::all_of(there.model, [](std::uint8_t place) { return place == model::no_column; });
}

value maker::stored(frame& of, item_no which)
{
    const auto& plan = *of.of;
    const auto& column = plan.of->columns[which];
    if (which == plan.of->keys.column)
    {
        const auto place = std::ranges::find_if(plan.model, [](std::uint8_t n) { return n != model::no_column; });
        const auto unit = plan.closed      ? unit_of_seed(plan, of.row)
                          : plan.unit_fact ? of.facts[*plan.unit_fact]
                                           : of.unit;
        return value::of(row_id{place == plan.model.end() ? std::uint8_t{0} : *place, of.row, unit});
    }
    if (const auto* link = std::get_if<gen::reference>(&column.how.how);
        link != nullptr && column.kind == model::type::ref)
    {
        const auto& name = (*plan.names)[link->slot];
        if (goes_nowhere(all_, plan, name))
        {
            // There is no row to refer to, only its key.
            const auto found = this->column(of, which);
            if (found.missing)
                return {};
            return column.how.type.is == kind::decimal ? value::of(static_cast<std::int64_t>(found.number))
                                                       : value::of(text_of(found, column.how.type), model::type::text);
        }
        const auto row = reference(of, name);
        return row.row == no_row ? value() : value::of(row);
    }
    return converted(this->column(of, which), column.how.type, column);
}

void maker::values(frame& of, model::target where, std::span<value> to)
{
    const auto& stored_columns = of.of->stored[static_cast<std::size_t>(where)];
    for (std::size_t i = 0; i < to.size(); ++i)
    {
        to[i] = stored(of, stored_columns[i]);
        const auto& column = of.of->of->columns[stored_columns[i]];
        if (to[i].null() && !column.nullable)
            fail(of, fmt::format("{}.{}", of.of->name, column.name), "has no value, and is not NULL");
    }
}

}  // namespace bazaar::scenario::declared
