#include "bazaar/scenario/kit/time_zone.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace bazaar::scenario::kit
{
namespace
{

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t hour_seconds = 3'600;
constexpr std::int64_t day_seconds = 86'400;

constexpr std::int64_t floor_divided(std::int64_t a, std::int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

std::int64_t days_to(std::chrono::year_month_day date)
{
    return std::chrono::sys_days(date).time_since_epoch().count();
}

/// Years beyond these have no calendar in std, and no shop either.
int year_of(std::int64_t seconds)
{
    const auto days = std::clamp<std::int64_t>(floor_divided(seconds, day_seconds), -11'000'000, 11'000'000);
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
    return static_cast<int>(date.year());
}

}  // namespace

/// Takes a rule to pieces. Each function answers with nothing when its piece is not there.
struct time_zone::text_reader
{
    std::string_view rest;

    bool take(char c)
    {
        const bool there = rest.starts_with(c);
        rest.remove_prefix(there ? 1 : 0);
        return there;
    }

    std::optional<int> number(int least, int most)
    {
        int value = 0;
        std::size_t digits = 0;
        for (; digits < rest.size() && digits < 4 && rest[digits] >= '0' && rest[digits] <= '9'; ++digits)
            value = value * 10 + (rest[digits] - '0');
        rest.remove_prefix(digits);
        return digits > 0 && value >= least && value <= most ? std::optional(value) : std::nullopt;
    }

    /// EST, or <+0330>.
    bool name()
    {
        const bool quoted = take('<');
        const auto is_of_name = [&](char c)
        {
            const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            return letter || (quoted && (c == '+' || c == '-' || (c >= '0' && c <= '9')));
        };
        const auto length = static_cast<std::size_t>(std::ranges::find_if_not(rest, is_of_name) - rest.begin());
        rest.remove_prefix(length);
        return length >= 3 && (!quoted || take('>'));
    }

    /// [+-]hh[:mm[:ss]], in seconds.
    std::optional<std::int64_t> hours(int most)
    {
        const bool negative = take('-');
        if (!negative)
            take('+');
        const auto hour = number(0, most);
        if (!hour)
            return std::nullopt;
        std::int64_t seconds = *hour * hour_seconds;
        for (const std::int64_t unit : {60, 1})
        {
            if (!take(':'))
                break;
            const auto part = number(0, 59);
            if (!part)
                return std::nullopt;
            seconds += *part * unit;
        }
        return negative ? -seconds : seconds;
    }

    /// M3.2.0/2, J60, 59/-1:30
    std::optional<change> day()
    {
        change made;
        if (take('M'))
        {
            made.form = day_form::week_of_month;
            const auto month = number(1, 12);
            const auto week = take('.') ? number(1, 5) : std::nullopt;
            const auto day = take('.') ? number(0, 6) : std::nullopt;
            if (!month || !week || !day)
                return std::nullopt;
            made.month = *month;
            made.week = *week;
            made.day = *day;
        }
        else
        {
            const bool julian = take('J');
            made.form = julian ? day_form::julian : day_form::of_year;
            const auto day = julian ? number(1, 365) : number(0, 365);
            if (!day)
                return std::nullopt;
            made.day = *day;
        }
        if (take('/'))
        {
            const auto seconds = hours(167);
            if (!seconds)
                return std::nullopt;
            made.seconds = *seconds;
        }
        return made;
    }
};

std::optional<time_zone> time_zone::parse(std::string_view rule)
{
    text_reader from{rule};
    time_zone made;
    if (!from.name())
        return std::nullopt;
    const auto behind = from.hours(24);
    if (!behind)
        return std::nullopt;
    made.winter_ = made.summer_ = -*behind;
    if (from.rest.empty())
        return made;
    made.has_summer_ = true;
    made.summer_ += hour_seconds;
    if (!from.name())
        return std::nullopt;
    if (!from.rest.starts_with(','))
    {
        const auto summer = from.hours(24);
        if (!summer)
            return std::nullopt;
        made.summer_ = -*summer;
    }
    const auto begin = from.take(',') ? from.day() : std::nullopt;
    const auto end = from.take(',') ? from.day() : std::nullopt;
    if (!begin || !end || !from.rest.empty())
        return std::nullopt;
    made.begin_ = *begin;
    made.end_ = *end;
    return made;
}

/// The day of a change in a year, from 1970 on.
std::int64_t time_zone::day_of(const change& when, int year) noexcept
{
    namespace chrono = std::chrono;
    const chrono::year in{year};
    const auto first = days_to(in / 1 / 1);
    if (when.form == day_form::of_year)
        return first + when.day;
    if (when.form == day_form::julian)
        return first + when.day - 1 + (in.is_leap() && when.day >= 60 ? 1 : 0);
    const auto month = in / chrono::month(static_cast<unsigned>(when.month));
    const chrono::weekday wanted(static_cast<unsigned>(when.day));
    // The fifth is the last, be it the fourth.
    return when.week == 5 ? days_to(chrono::sys_days(month / wanted[chrono::last]))
                          : days_to(chrono::sys_days(month / wanted[static_cast<unsigned>(when.week)]));
}

/// By the last change up to that moment, as changes may lie in the year beside their own.
bool time_zone::is_summer(std::int64_t utc_seconds) const noexcept
{
    const int year = year_of(utc_seconds + winter_);
    auto last = std::numeric_limits<std::int64_t>::min();
    bool summer = false;
    for (int one = year - 1; one <= year + 1; ++one)
    {
        const auto ends = day_of(end_, one) * day_seconds + end_.seconds - summer_;
        const auto begins = day_of(begin_, one) * day_seconds + begin_.seconds - winter_;
        if (ends <= utc_seconds && ends > last)
        {
            last = ends;
            summer = false;
        }
        // A summer that ends where the next begins has no end.
        if (begins <= utc_seconds && begins >= last)
        {
            last = begins;
            summer = true;
        }
    }
    return summer;
}

microseconds time_zone::offset(time at) const noexcept
{
    const bool summer = has_summer_ && is_summer(floor_divided(at.us, second_us));
    return microseconds((summer ? summer_ : winter_) * second_us);
}

time time_zone::moment(std::int64_t local) const noexcept
{
    const time as_summer{local - summer_ * second_us};
    const time as_winter{local - winter_ * second_us};
    const auto shows = [&](time at) { return this->local(at) == local; };
    const auto [first, second] = std::minmax(as_summer, as_winter);
    // Of a time that no clock shows, the later one has the offset of before.
    return shows(first) ? first : second;
}

}  // namespace bazaar::scenario::kit
