#include "shape_of_scalar.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "bazaar/base/duration.hpp"
#include "bazaar/base/words.hpp"
#include "bazaar/scenario/declared/zones.hpp"
#include "shapes.hpp"

namespace bazaar::scenario::declared
{
namespace
{

struct scalar_form
{
    value_form is;
    bool (*fits)(std::string_view);
    std::string_view what;  ///< "is no …".
};

template <auto Read>
bool is_read(std::string_view text)
{
    return Read(text).has_value();
}

constexpr scalar_form scalar_forms[] = {
    {value_form::name, is_name, "name; one has a-z, 0-9, _ and -, and begins with a letter"},
    {value_form::identifier, is_identifier, "name; one has letters, digits and _, and begins with no digit"},
    {value_form::integer, is_read<integer_of>, "whole number; e.g. 12"},
    {value_form::number, is_read<number_of>, "number; e.g. 0.5"},
    {value_form::boolean, is_read<boolean_of>, "boolean; true or false"},
    {value_form::share, is_read<share_of>, "share from 0 to 1; e.g. 30% or 0.3"},
    {value_form::chance, is_read<share_of>, "share from 0 to 1; e.g. 30% or 0.3"},
    {value_form::duration, is_read<duration_of>, "duration; e.g. 30s, 15m, 2h, 14d"},
    {value_form::durations, is_read<durations_of>, "duration or range; e.g. 10s..15s"},
    {value_form::numbers, is_read<range_of>, "range; e.g. 1..3"},
    {value_form::rate, is_read<rate_of>, "rate; e.g. 8/s, 500/h"},
    {value_form::sequence, is_read<sequence_of>, "sequence; e.g. C{n}, or C{n:06} with six digits at least"},
    {value_form::pattern, is_read<pattern_of>, "pattern; e.g. [A-Z]{2}-[0-9]{4}"},
};

/// What a key of the form `setting` takes where it is no expression.
value_form form_of_setting(const key_row& row)
{
    const auto word = split_words(row.of).front();
    return word == "integer"     ? value_form::integer
           : word == "number"    ? value_form::number
           : word == "word"      ? value_form::word
           : word == "durations" ? value_form::durations
                                 : value_form::duration;
}

bool beyond(const key_row& row, std::string_view text)
{
    if (row.low.empty())
        return false;
    const auto duration_low = duration_of(row.low);
    if (duration_low && row.low != "0")
    {
        const auto read = durations_of(text);
        return read && (read->low < duration_low->count() || read->high > duration_of(row.high)->count());
    }
    const auto read = range_of(text);
    return read && (compare(read->low, *number_of(row.low)) < 0 || compare(read->high, *number_of(row.high)) > 0);
}

void check_word(const key_row& row, std::vector<std::string_view> known, const entry& one, problems& to)
{
    if (std::ranges::find(known, one.value.text) != known.end())
        return;
    if (known.size() == 1)
        return to.add(one.at, one.key, fmt::format("\"{}\"; must be {}", one.value.text, known.front()));
    const auto near = nearest(one.value.text, std::move(known), 1).front();
    to.add(one.at, fmt::format("\"{}\" is no {}; near: {}", one.value.text, row.noun, near));
}

void check_zone(const entry& one, problems& to)
{
    if (!zone_rule(one.value.text))
        to.add(one.value.at, one.key,
               fmt::format("\"{}\" is no time zone; near: {}", one.value.text, nearest_zone(one.value.text)));
}

}  // namespace

void check_scalar(const key_row& row, const entry& one, problems& to)
{
    const auto& text = one.value.text;
    auto form = row.is;
    const bool computed = expression_start(one.value) != std::string::npos;
    if (form == value_form::setting || form == value_form::chance)
    {
        if (computed)
            return;
        if (form == value_form::setting)
            form = form_of_setting(row);
    }
    if (form == value_form::word)
    {
        auto known = split_words(row.of);
        if (row.is == value_form::setting)
            known.erase(known.begin());
        return check_word(row, std::move(known), one, to);
    }
    if (form == value_form::zone)
        return check_zone(one, to);
    const auto* const found = std::ranges::find(scalar_forms, form, &scalar_form::is);
    if (found != std::end(scalar_forms) && computed)
        return to.add(one.value.at, one.key, fmt::format("takes no expression, but a {}", found->what));
    if (found != std::end(scalar_forms) && !found->fits(text))
        return to.add(one.value.at, one.key, fmt::format("\"{}\" is no {}", text, found->what));
    if (beyond(row, text))
        to.add(one.value.at, one.key, fmt::format("{}; must be {}", text, range_of_key(row)));
}

namespace
{

bool is_moment(std::string_view text)
{
    if (text.starts_with("T0+"))
        return duration_of(text.substr(3)).has_value();
    return date_of(text) || (text.size() == 16 && date_of(text.substr(0, 10)) && text[10] == ' ' &&
                             openings_of(fmt::format("{}-24:00", text.substr(11))));
}

bool is_factor(std::string_view text)
{
    const auto read = number_of(text);
    return read && units_of(*read, 6) && compare(*read, {0, 0}) >= 0 && compare(*read, {1'000, 0}) <= 0;
}

}  // namespace

void check_part(value_form form, const entry& one, problems& to)
{
    const auto& text = one.value.text;
    const auto no_value = [&](std::string_view what)
    { to.add(one.value.at, one.key, fmt::format("\"{}\" is no {}", text, what)); };
    switch (form)
    {
    case value_form::stages:
        if (!is_name(one.key))
            to.add(one.at,
                   fmt::format("\"{}\" is no name of a stage; one has a-z, 0-9, _ and -, and begins with a letter",
                               one.key));
        if (text != "open" && expression_start(one.value) == std::string::npos && !duration_of(text))
            no_value("duration; e.g. 14d, \"= SETTING\", or open for the last stage");
        return;
    case value_form::openings:
    case value_form::day_factors:
        if (!days_of(one.key))
            to.add(one.at, fmt::format("\"{}\" is no day; e.g. mon, or mon-fri", one.key));
        if (form == value_form::openings && !openings_of(text))
            no_value("opening; e.g. 08:00-12:00, 13:00-20:00, each before the next and at most to 24:00");
        if (form == value_form::day_factors && !is_factor(text))
            no_value("factor from 0 to 1000 with six digits at most; e.g. 0.8");
        return;
    case value_form::hour_factors:
    {
        const auto hour = integer_of(one.key);
        if (!hour || *hour < 0 || *hour > 23)
            to.add(one.at, fmt::format("\"{}\" is no hour; one from 0 to 23", one.key));
        if (!is_factor(text))
            no_value("factor from 0 to 1000 with six digits at most; e.g. 0.8");
        return;
    }
    case value_form::moments:
        if (!is_moment(text))
            no_value("moment; e.g. 2026-11-27, 2026-11-27 18:00, or T0+3d");
        return;
    case value_form::date:
        if (!dates_of(text))
            no_value("range of dates; e.g. 2020-01-01..2024-12-31, or {age: 18..80}");
        return;
    default:
        return;
    }
}

}  // namespace bazaar::scenario::declared
