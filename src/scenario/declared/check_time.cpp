#include <algorithm>

#include <fmt/format.h>

#include "bazaar/base/duration.hpp"
#include "bazaar/base/words.hpp"
#include "bazaar/scenario/declared/zones.hpp"
#include "bazaar/scenario/kit/time_zone.hpp"
#include "checker.hpp"
#include "shapes.hpp"

// Settings, stages, hours, curves, windows and arrivals.

namespace bazaar::scenario::declared
{
namespace
{

constexpr std::int64_t one_day_us = 86'400'000'000;

}  // namespace

// --- Settings

void checker::settings()
{
    for (const auto& one : root_.entries("settings"))
        one_setting(one);
}

void checker::one_setting(const entry& one)
{
    const fields here(one.value, "setting", joined_path("settings", one.key));
    setting made;
    made.name = one.key;
    if (one.value.is != shape::map || here.head().empty())
        return made_.settings.push_back(std::move(made));
    const auto head = here.head();
    made.help = here.text("help");
    made.initial = here.text(head);
    made.live = here.boolean("live").value_or(false);
    if (head == "text")
        made.kind = field_kind::text;
    else if (head == "choice")
    {
        made.kind = field_kind::choice;
        for (const auto& word : here.scalars("choice"))
            made.choices.push_back(word.value.text);
        const auto* const first = here.scalar("default");
        made.initial = first != nullptr ? first->value.text : made.choices.empty() ? "" : made.choices.front();
        if (first != nullptr && std::ranges::find(made.choices, made.initial) == made.choices.end())
            tell(first->at, here.path(), fmt::format("\"{}\" is no word of choice", made.initial));
    }
    else
    {
        const bool number_here = head == "number";
        made.kind = number_here ? field_kind::number : field_kind::duration;
        made.scale = number_here ? static_cast<int>(here.integer("scale").value_or(0)) : 0;
        constexpr std::int64_t most = 1'000'000'000'000'000'000;
        const auto units = [&](std::string_view key) -> std::optional<std::int64_t>
        {
            const auto* const there = here.scalar(key);
            if (there == nullptr)
                return std::nullopt;
            const auto read = number_here ? here.units(key, made.scale) : here.duration(key);
            if (!read && (number_here ? number_of(there->value.text).has_value() : key != head))
                tell(there->value.at, key,
                     number_here ? fmt::format("{} has more than {} digits behind the point; raise scale",
                                               there->value.text, made.scale)
                                 : fmt::format("\"{}\" is no duration; e.g. 30s, 15m, 2h, 14d", there->value.text));
            else if (!read && key != head)
                tell(there->value.at, key, fmt::format("\"{}\" is no number; e.g. 0.5", there->value.text));
            return read;
        };
        made.low = units("from").value_or(number_here ? -most : 0);
        made.high = units("to").value_or(number_here ? most : 36'500 * one_day_us);
        const auto first = units(head);
        if (made.low > made.high)
            tell(one.at, here.path(), "from is more than to");
        else if (first && (*first < made.low || *first > made.high))
            tell(here.find(head)->value.at, head,
                 fmt::format("{}; must be from {} to {}", made.initial,
                             here.scalar("from") != nullptr ? here.text("from") : "0",
                             here.scalar("to") != nullptr ? here.text("to") : "36500d"));
    }
    made_.settings.push_back(std::move(made));
}

std::optional<setting_expression> checker::of_settings(const node& value, std::string_view path, kind wanted,
                                                       bool whole)
{
    if (value.is != shape::scalar || is_left_out(value))
        return std::nullopt;
    const auto start = expression_start(value);
    const bool computed = start != std::string::npos;
    // A constant that is none was told of.
    if (!computed &&
        !(wanted == kind::duration ? duration_of(value.text).has_value() : number_of(value.text).has_value()))
        return std::nullopt;
    std::vector<known_name> known;
    for (std::size_t i = 0; i < made_.settings.size(); ++i)
        known.push_back({made_.settings[i].name, setting_type(made_.settings[i]), static_cast<std::uint16_t>(i)});
    std::vector<fault> faults;
    const auto from = computed ? start : 0;
    // "0" is a duration here, but a number in an expression.
    const std::string text = !computed && wanted == kind::duration && value.text == "0" ? "0s"
                                                                                        : value.text.substr(from);
    auto made = expression::compile(text, known, faults);
    for (const auto& one : faults)
        tell(value.place_of(from + one.at), {}, one.what);
    if (made)
        for (const auto slot : made->slots())
            used_.insert(made_.settings[slot].name);
    if (made && made->type().is != wanted)
        tell(value.at, path, fmt::format("takes a {}, not a {}", name(wanted), name(made->type().is)));
    else if (made && whole && made->type().scale != 0)
        tell(value.at, path, "takes a whole number; take round() or floor()");
    return made;
}

// --- The clock

void checker::clock()
{
    auto& made = made_.clock;
    const auto here = root_.block("clock");
    if (here && here->scalar("zone") != nullptr)
        made.zone_name = here->text("zone");
    const auto rule = zone_rule(made.zone_name);
    made.zone_rule = made.zone_name == "UTC" ? "" : std::string(rule.value_or(""));
    const auto* const stages = here ? here->find("stages") : nullptr;
    if (stages != nullptr && stages->value.is == shape::map)
        for (const auto& one : stages->value.entries)
        {
            stage next{one.key, std::nullopt};
            const bool open = one.value.text == "open";
            if (!open)
                next.lasts = of_settings(one.value, joined_path("clock.stages", one.key), kind::duration, false);
            else if (&one != &stages->value.entries.back())
                tell(one.at, "clock.stages",
                     fmt::format("\"{}\" is open, but not the last; only the last stage has no end", one.key));
            made.stages.push_back(std::move(next));
        }
    if (made.stages.empty())
        made.stages.push_back({"live", std::nullopt});
    if (!here)
        return;
    opening_times(*here);
    curves(*here);
    windows(*here);
}

void checker::opening_times(const fields& clock)
{
    for (const auto& one : clock.entries("hours"))
    {
        opening_hours hours;
        hours.name = one.key;
        std::array<bool, 7> named{};
        for (const auto& part : one.value.entries)
        {
            const auto days = days_of(part.key);
            const auto openings = openings_of(part.value.text);
            for (std::size_t day = 0; days && day < 7; ++day)
            {
                if ((*days >> day & 1U) == 0)
                    continue;
                if (std::exchange(named[day], true))
                {
                    tell(part.at, joined_path("clock.hours", one.key),
                         fmt::format("\"{}\" names a day that was named before", part.key));
                    break;
                }
                if (openings)
                    hours.days[day] = *openings;
            }
        }
        if (one.value.is == shape::map && one.value.entries.empty())
            tell(one.at, joined_path("clock.hours", one.key), "never open; name a day");
        made_.clock.hours.push_back(std::move(hours));
    }
}

void checker::curves(const fields& clock)
{
    const auto factor = [](const node& value) -> std::uint32_t
    {
        const auto read = number_of(value.text);
        const auto units = read ? units_of(*read, 6) : std::nullopt;
        return units && *units >= 0 && *units <= 1'000'000'000 ? static_cast<std::uint32_t>(*units) : whole_share;
    };
    for (const auto& one : clock.entries("curves"))
    {
        curve made;
        made.name = one.key;
        made.days.fill(whole_share);
        made.hours.fill(whole_share);
        const fields here(one.value, "curve", joined_path("clock.curves", one.key));
        if (one.value.is == shape::map)
        {
            for (const auto& part : here.entries("days"))
                for (std::size_t day = 0; day < 7; ++day)
                    if ((days_of(part.key).value_or(0) >> day & 1U) != 0)
                        made.days[day] = factor(part.value);
            std::array<std::optional<std::uint32_t>, 24> set;
            for (const auto& part : here.entries("hours"))
            {
                const auto hour = integer_of(part.key);
                if (hour && *hour >= 0 && *hour < 24)
                    set[static_cast<std::size_t>(*hour)] = factor(part.value);
            }
            // Each holds until the next; before the first one, the last of the day before.
            std::uint32_t holds = whole_share;
            for (const auto& value : set)
                holds = value.value_or(holds);
            for (std::size_t hour = 0; hour < 24; ++hour)
                made.hours[hour] = holds = set[hour].value_or(holds);
            if (std::ranges::all_of(made.hours, [](auto f) { return f == 0; }) ||
                std::ranges::all_of(made.days, [](auto f) { return f == 0; }))
                tell(one.at, here.path(), "all factors are 0; nothing would ever come");
        }
        made_.clock.curves.push_back(made);
    }
}

void checker::windows(const fields& clock)
{
    const auto zone = kit::time_zone::parse(made_.clock.zone_rule).value_or(kit::time_zone{});
    for (const auto& one : clock.entries("windows"))
    {
        window made;
        made.name = one.key;
        if (one.value.is == shape::map)
        {
            const fields here(one.value, "window", joined_path("clock.windows", one.key));
            made.each = here.duration("each").value_or(0);
            made.chance = here.share("chance").value_or(whole_share);
            made.lasts = here.durations("for").value_or(range{});
            if (const auto times = here.units("times", 6))
                made.times = static_cast<std::uint32_t>(std::clamp<std::int64_t>(*times, 0, 1'000'000'000));
            if (made.each > 0 && made.lasts.high > made.each)
                tell(here.find("for")->at, here.path(),
                     fmt::format("lasts up to {}, longer than its period of {}",
                                 to_string(microseconds(made.lasts.high)), here.text("each")));
            for (const auto& moment : here.scalars("at"))
            {
                const std::string_view text = moment.value.text;
                const bool after_start = text.starts_with("T0+");
                const auto lasts = after_start ? duration_of(text.substr(3)) : std::nullopt;
                const auto day = date_of(text.substr(0, 10));
                if (lasts)
                    made.at.push_back({true, lasts->count()});
                else if (day && (text.size() == 10 || text.size() == 16))
                {
                    const auto clock_time = openings_of(
                        fmt::format("{}-24:00", text.size() == 16 ? text.substr(11) : "00:00"));
                    const std::int64_t minutes = clock_time ? clock_time->front().open : 0;
                    made.at.push_back({false, zone.moment(*day * one_day_us + minutes * 60'000'000).us});
                }
            }
            const auto before = [](const window::moment& a, const window::moment& b)
            { return a.after_start == b.after_start && a.us >= b.us; };
            if (std::ranges::adjacent_find(made.at, before) != made.at.end())
                tell(here.find("at")->at, here.path(), "moments must ascend");
        }
        made_.clock.windows.push_back(std::move(made));
    }
}

// --- Arrivals

bool checker::is_open(item_no stage) const
{
    const auto clock = root_.block("clock");
    const auto* const stages = clock ? clock->find("stages") : nullptr;
    const auto* const found = stages == nullptr ? nullptr : stages->value.find(made_.clock.stages[stage].name);
    return found == nullptr || found->value.text == "open";
}

void checker::stages_of(const fields& here, arrival& into)
{
    for (const auto& one : here.scalars("in"))
    {
        const auto which = find(&one, here.path(), "stage", names_of(made_.clock.stages));
        if (which == no_item)
            continue;
        if (std::ranges::find(into.stages, which) != into.stages.end())
            tell(one.at, here.path(), fmt::format("stage \"{}\" stands twice", one.value.text));
        else
            into.stages.push_back(which);
    }
    if (here.find("in") == nullptr)
        for (std::size_t i = 0; i < made_.clock.stages.size(); ++i)
            into.stages.push_back(static_cast<item_no>(i));
    std::ranges::sort(into.stages);
}

arrival checker::one_arrival(const fields& here)
{
    arrival made;
    stages_of(here, made);
    const auto head = here.head();
    made.is = head == "count" ? arrival::form::count : head == "every" ? arrival::form::every : arrival::form::rate;
    made.rate = rate_of(here.text("rate")).value_or(0);
    made.gap = here.durations("every").value_or(range{});
    made.even = here.text("spacing") == "even" || made.is == arrival::form::every;
    const auto expression_of = [&](std::string_view key, bool whole) -> std::optional<setting_expression>
    {
        const auto* const there = here.scalar(key);
        return there == nullptr ? std::nullopt : of_settings(there->value, here.path_of(key), kind::decimal, whole);
    };
    made.count = expression_of("count", true);
    made.speed = expression_of("speed", false);
    made.max = expression_of("max", true);
    if (head == "rate" && made.rate == 0 && rate_of(here.text("rate")))
        tell(here.find("rate")->value.at, "rate", "a rate of 0; leave the arrival out");
    if (made.is == arrival::form::count)
    {
        const auto* const at = here.find("count");
        if (made.stages.size() != 1)
            tell(at->at, here.path(), "count counts in one stage; name it: in: STAGE");
        else if (is_open(made.stages.front()))
            tell(at->at, here.path(),
                 fmt::format("count has no end in the open stage {}; take rate or every",
                             made_.clock.stages[made.stages.front()].name));
    }
    const auto named = [&](std::string_view key, std::string_view what, const std::vector<std::string_view>& known)
    {
        const auto* const there = here.scalar(key);
        return there == nullptr ? no_item : find(there, here.path(), what, known);
    };
    made.hours = named("hours", "hours", names_of(made_.clock.hours));
    made.curve = named("curve", "curve", names_of(made_.clock.curves));
    for (const auto& one : here.scalars("windows"))
    {
        const auto which = find(&one, here.path(), "window", names_of(made_.clock.windows));
        if (which == no_item)
            continue;
        if (!made_.clock.windows[which].times)
            tell(one.at, here.path(),
                 fmt::format("window \"{}\" has no factor, so it does nothing here; give it times", one.value.text));
        made.windows.push_back(which);
    }
    return made;
}

std::vector<arrival> checker::arrivals(const fields& parent)
{
    std::vector<arrival> all;
    for (const auto& here : parent.blocks("arrives"))
        all.push_back(one_arrival(here));
    return all;
}

}  // namespace bazaar::scenario::declared
