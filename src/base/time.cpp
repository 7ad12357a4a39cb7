#include "bazaar/base/time.hpp"

#include <fmt/format.h>

namespace bazaar
{
namespace
{

constexpr std::int64_t us_per_day = 86'400'000'000;

/// The years 0001 to 9999.
constexpr std::int64_t first_us = -62'135'596'800'000'000;
constexpr std::int64_t last_us = 253'402'300'799'999'999;

/// Reads exactly `digits` decimal digits at the front and takes them off.
std::optional<int> take(std::string_view& text, std::size_t digits)
{
    if (text.size() < digits)
        return std::nullopt;
    int number = 0;
    for (std::size_t i = 0; i < digits; ++i)
    {
        if (text[i] < '0' || text[i] > '9')
            return std::nullopt;
        number = number * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return number;
}

bool take(std::string_view& text, std::string_view any_of)
{
    if (text.empty() || any_of.find(text.front()) == std::string_view::npos)
        return false;
    text.remove_prefix(1);
    return true;
}

/// "hh:mm", as microseconds.
std::optional<std::int64_t> take_hours_minutes(std::string_view& text)
{
    const auto hours = take(text, 2);
    if (!hours || *hours > 23 || !take(text, ":"))
        return std::nullopt;
    const auto minutes = take(text, 2);
    if (!minutes || *minutes > 59)
        return std::nullopt;
    return (*hours * 3'600LL + *minutes * 60LL) * 1'000'000;
}

}  // namespace

std::string to_string(time t)
{
    std::int64_t day = t.us / us_per_day;
    std::int64_t rest = t.us % us_per_day;
    if (rest < 0)
    {
        rest += us_per_day;
        --day;
    }
    // The library's calendar goes no further; such a time is nobody's, and its distance says enough.
    constexpr std::int64_t days_most = 11'248'000;
    if (day > days_most || day < -days_most)
        return fmt::format("{} us {} 1970",
                           t.us < 0 ? 0 - static_cast<std::uint64_t>(t.us) : static_cast<std::uint64_t>(t.us),
                           t.us < 0 ? "before" : "after");
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
    const auto seconds = rest / 1'000'000;
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), seconds / 3600,
                       seconds / 60 % 60, seconds % 60, rest % 1'000'000);
}

std::optional<time> parse_time(std::string_view text)
{
    const auto year = take(text, 4);
    if (!year || *year < 1 || !take(text, "-"))
        return std::nullopt;
    const auto month = take(text, 2);
    if (!month || !take(text, "-"))
        return std::nullopt;
    const auto day = take(text, 2);
    if (!day)
        return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok())
        return std::nullopt;
    std::int64_t us = std::chrono::sys_days(date).time_since_epoch().count() * us_per_day;
    if (text.empty())
        return time{us};
    if (!take(text, "Tt "))
        return std::nullopt;
    const auto clock = take_hours_minutes(text);
    if (!clock)
        return std::nullopt;
    us += *clock;
    if (take(text, ":"))
    {
        const auto seconds = take(text, 2);
        if (!seconds || *seconds > 59)
            return std::nullopt;
        us += *seconds * 1'000'000LL;
        if (take(text, "."))
        {
            std::int64_t unit = 100'000;
            const auto before = text.size();
            while (const auto digit = take(text, 1))
            {
                us += *digit * unit;
                unit /= 10;
            }
            if (before == text.size() || before - text.size() > 6)
                return std::nullopt;
        }
    }
    // An offset may lead out of the years that have a form.
    const auto within = [](std::int64_t at) -> std::optional<time>
    { return at >= first_us && at <= last_us ? std::optional(time{at}) : std::nullopt; };
    if (text == "Z" || text == "z")
        return time{us};
    const bool east = !text.empty() && text.front() == '+';
    if (!take(text, "+-"))
        return std::nullopt;
    const auto offset = take_hours_minutes(text);
    if (!offset || !text.empty())
        return std::nullopt;
    return within(east ? us - *offset : us + *offset);
}

}  // namespace bazaar
