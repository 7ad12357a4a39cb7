#include "bazaar/scenario/settings.hpp"

#include <fmt/format.h>

#include "bazaar/base/decimal.hpp"
#include "bazaar/base/duration.hpp"
#include "bazaar/base/error.hpp"

namespace bazaar::scenario
{
namespace
{

bool has_word(std::string_view words, std::string_view word)
{
    while (!words.empty())
    {
        const auto end = words.find(' ');
        if (words.substr(0, end) == word)
            return true;
        if (end == std::string_view::npos)
            break;
        words.remove_prefix(end + 1);
    }
    return false;
}

}  // namespace

std::string range(const field& f)
{
    if (f.kind == field_kind::duration)
        return fmt::format("{}from {} to {}", f.zero_too ? "0 or " : "", to_string(microseconds(f.low)),
                           to_string(microseconds(f.high)));
    return fmt::format("from {} to {}", to_decimal(f.low, f.scale, zeros::trim),
                       to_decimal(f.high, f.scale, zeros::trim));
}

bool takes(const field& f, std::int64_t units) noexcept
{
    return (f.kind == field_kind::number || f.kind == field_kind::duration) &&
           ((units >= f.low && units <= f.high) || (f.zero_too && units == 0));
}

const field* pace_of(std::span<const field> fields) noexcept
{
    for (const auto& one : fields)
        if (one.pace)
            return &one;
    return nullptr;
}

settings::settings(std::span<const field> fields) : fields_(fields), values_(fields.size())
{
    for (std::size_t i = 0; i < fields.size(); ++i)
        expect(set(i, fields[i].initial).empty(), "the default of a field is in its range");
}

std::string settings::set(std::size_t number, std::string_view text)
{
    const auto& f = fields_[number];
    auto& kept = values_[number];
    switch (f.kind)
    {
    case field_kind::number:
    {
        const auto units = parse_decimal(text, f.scale);
        if (!units || *units < f.low || *units > f.high)
        {
            if (f.scale == 0)
                return fmt::format("must be a whole number {}", range(f));
            return fmt::format("must be a number {} with at most {} decimals", range(f), f.scale);
        }
        kept.number = *units;
        return {};
    }
    case field_kind::duration:
    {
        const auto given = parse_duration(text);
        if (!given || ((given->count() < f.low || given->count() > f.high) && !(f.zero_too && given->count() == 0)))
            return fmt::format("must be a duration {}", range(f));
        kept.number = given->count();
        return {};
    }
    case field_kind::choice:
        if (text.empty() || !has_word(f.choices, text))
            return fmt::format("must be one of: {}", f.choices);
        kept.text = text;
        return {};
    case field_kind::text:
        if (text.empty())
            return "must not be empty";
        kept.text = text;
        return {};
    }
    return {};
}

void settings::set(std::size_t number, std::int64_t units)
{
    expect(takes(fields_[number], units), "a field is set within its range");
    values_[number].number = units;
}

std::size_t settings::find(std::string_view name) const
{
    for (std::size_t i = 0; i < fields_.size(); ++i)
        if (fields_[i].name == name)
            return i;
    broken(fmt::format("the scenario has a field {}", name));
}

std::int64_t settings::number(std::string_view name) const
{
    return values_[find(name)].number;
}

const std::string& settings::text(std::string_view name) const
{
    return values_[find(name)].text;
}

std::string settings::printed(std::size_t number) const
{
    const auto& f = fields_[number];
    switch (f.kind)
    {
    case field_kind::number:
        return to_decimal(values_[number].number, f.scale, zeros::trim);
    case field_kind::duration:
        return to_string(microseconds(values_[number].number));
    case field_kind::choice:
    case field_kind::text:
        break;
    }
    return values_[number].text;
}

}  // namespace bazaar::scenario
