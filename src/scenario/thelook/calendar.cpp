#include "scenario/thelook/calendar.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "bazaar/base/fixed.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

constexpr std::int64_t hour_us = 3'600'000'000;
constexpr std::int64_t day_hours = 24;
constexpr std::uint64_t one_q32 = std::uint64_t{1} << 32;

/// In thousandths of the mean, from midnight on: least between 5 and 7, most between 18 and 20.
constexpr std::array<std::uint32_t, 24> hours{854, 696,  579,  495,  439,  409,  403,  424,  475,  556,  665,  796,
                                              938, 1084, 1233, 1391, 1556, 1713, 1823, 1839, 1739, 1540, 1296, 1057};

/// In thousandths of the mean, from Monday on.
constexpr std::array<std::uint32_t, 7> weekdays{1060, 980, 970, 1050, 1000, 950, 990};

/// In thousandths, from January on, without the days around Black Friday.
constexpr std::array<std::uint32_t, 12> months{912, 872, 932, 932, 962, 942, 942, 962, 942, 992, 1259, 1269};

/// In hundredths, from Black Friday to the Monday after it.
constexpr std::array<std::uint32_t, 4> black_friday{220, 140, 140, 180};

/// Days differ by as much in both directions, in thousandths: sales, weather, news.
constexpr std::int64_t day_noise = 150;

constexpr std::uint64_t most_eager = 1839 * 1060;  ///< The largest product of an hour and a weekday.

/// Countries whose clocks are one and far from the sun's, or which the longitude of a border would cut in two.
struct zone
{
    std::string_view country;
    std::int8_t hours;
};
constexpr std::array<zone, 11> zones{{{"Austria", 1},
                                      {"Belgium", 1},
                                      {"China", 8},
                                      {"Colombia", -5},
                                      {"France", 1},
                                      {"Germany", 1},
                                      {"Japan", 9},
                                      {"Poland", 1},
                                      {"South Korea", 9},
                                      {"Spain", 1},
                                      {"United Kingdom", 0}}};

/// Categories that sell by season: most in one month north of the equator, half a year later south of it.
struct season
{
    std::string_view category;
    std::uint32_t month;  ///< From 0 on.
    std::int64_t swing;   ///< More and less than the mean, in thousandths.
};
constexpr std::array<season, 11> seasons{{{"", 0, 0},
                                          {"Swim", 5, 800},
                                          {"Shorts", 5, 700},
                                          {"Dresses", 5, 300},
                                          {"Skirts", 5, 300},
                                          {"Jumpsuits & Rompers", 5, 300},
                                          {"Outerwear & Coats", 11, 800},
                                          {"Sweaters", 11, 600},
                                          {"Fashion Hoodies & Sweatshirts", 11, 400},
                                          {"Leggings", 11, 200},
                                          {"Socks & Hosiery", 11, 200}}};
constexpr std::int64_t season_most = 1800;

/// Of a year in months, in thousandths.
constexpr std::array<std::int64_t, 12> cosine{1000, 866, 500, 0, -500, -866, -1000, -866, -500, 0, 500, 866};

std::int64_t floor_of(std::int64_t value, std::int64_t unit)
{
    return value / unit - (value % unit < 0 ? 1 : 0);
}

std::int8_t zone_of(const place& where)
{
    const auto* const known = std::ranges::find(zones, where.country, &zone::country);
    if (known != zones.end())
        return known->hours;
    constexpr std::int64_t degrees = 15'000'000;
    return static_cast<std::int8_t>(floor_of(where.longitude + degrees / 2, degrees));
}

/// Hour of the week, from Monday on, of an hour since 1970, which began on a Thursday.
std::size_t hour_of_week(std::int64_t hour)
{
    constexpr std::int64_t week = 7 * day_hours;
    constexpr std::int64_t thursday = 3 * day_hours;
    return static_cast<std::size_t>(((hour + thursday) % week + week) % week);
}

std::uint64_t eagerness(std::size_t hour_of_week)
{
    return std::uint64_t{hours[hour_of_week % day_hours]} * weekdays[hour_of_week / day_hours];
}

/// Days since Black Friday, which follows the fourth Thursday of November, in its year.
std::int64_t since_black_friday(std::chrono::year year, std::int64_t day)
{
    const std::chrono::sys_days thanksgiving{year / std::chrono::November / std::chrono::Thursday[4]};
    return day - (thanksgiving.time_since_epoch().count() + 1);
}

}  // namespace

calendar::calendar(std::uint64_t seed, const configuration& of, const catalogue& c, const shoppers& who)
    : seed_(seed),
      catalogue_(c),
      shoppers_(who),
      retail_(of.retail_calendar),
      growth_q56_(ln_q56(1000 + of.growth_milli) - ln_q56(1000))
{
    for (const auto& p : c.products())
    {
        const auto* const known = std::ranges::find(seasons, p.category, &season::category);
        seasons_.push_back(known != seasons.end() ? static_cast<std::uint8_t>(known - seasons.begin())
                                                  : std::uint8_t{0});
    }
    const auto places = c.places();
    std::array<std::uint64_t, 32> people{};
    for (std::size_t i = 0; i < places.size(); ++i)
    {
        zones_.push_back(zone_of(places[i]));
        people[static_cast<std::size_t>(zones_.back() + 16)] += c.population().weight(i, i + 1);
    }
    for (std::int64_t hour = 0; hour < week_hours; ++hour)
    {
        constexpr std::int64_t monday = 4 * day_hours;  // 1970-01-05.
        unsigned __int128 sum = 0;
        for (std::int64_t zone = 0; zone < std::ssize(people); ++zone)
            sum += static_cast<unsigned __int128>(people[static_cast<std::size_t>(zone)]) *
                   eagerness(hour_of_week(monday + hour + zone - 16));
        world_[static_cast<std::size_t>(hour)] = static_cast<std::uint64_t>(
            sum * one_q32 / (std::uint64_t{1'000'000} * c.population().total()));
    }
}

std::uint64_t calendar::day_factor(std::int64_t day) const
{
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
    std::uint64_t factor = scaled(one_q32, months[static_cast<unsigned>(date.month()) - 1], 1000);
    if (const auto since = since_black_friday(date.year(), day); since >= 0 && since < std::ssize(black_friday))
        factor = scaled(factor, black_friday[static_cast<std::size_t>(since)], 100);
    auto draw = derive(seed_, stream("calendar day"), static_cast<std::uint64_t>(day));
    return scaled(factor, static_cast<std::uint64_t>(1000 + draw.between(-day_noise, day_noise)), 1000);
}

std::uint64_t calendar::grown(std::uint64_t value, time at, time start) const
{
    if (growth_q56_ == 0)
        return value;
    constexpr std::int64_t year_hours = 8766;
    const std::int64_t since = std::max<std::int64_t>(0, floor_of((at - start).count(), hour_us));
    return times_exp(value, static_cast<std::int64_t>(static_cast<__int128>(growth_q56_) * since / year_hours));
}

std::uint64_t calendar::factor_q32(time at, time start) const
{
    const std::int64_t hour = floor_of(at.us, hour_us);
    if (!retail_)
        return std::max<std::uint64_t>(1, grown(one_q32, at, start));
    const std::uint64_t factor = scaled(world_[hour_of_week(hour)], day_factor(floor_of(hour, day_hours)), one_q32);
    return std::max<std::uint64_t>(1, grown(factor, at, start));
}

bool calendar::buys(std::uint64_t user, std::uint32_t moves, time at, random& draw) const
{
    if (!retail_)
        return true;
    const auto where = &shoppers_.home(user, moves) - catalogue_.places().data();
    const std::int64_t hour = floor_of(at.us, hour_us) + zones_[static_cast<std::size_t>(where)];
    return draw.below(most_eager) < eagerness(hour_of_week(hour));
}

bool calendar::in_season(const product& what, const place& where, time at, random& draw) const
{
    if (!retail_)
        return true;
    const auto& by = seasons[seasons_[static_cast<std::size_t>(&what - catalogue_.products().data())]];
    const std::chrono::year_month_day date{
        std::chrono::sys_days{std::chrono::days{floor_of(at.us, day_hours * hour_us)}}};
    const std::size_t month = static_cast<unsigned>(date.month()) - 1 + (where.latitude < 0 ? 6 : 0);
    const std::int64_t share = 1000 + by.swing * cosine[(month + 12 - by.month) % 12] / 1000;
    return draw.between(0, season_most - 1) < share;
}

kit::rate_curve::stretch calendar_clock::at(std::int64_t at) const
{
    const std::int64_t moment = start_.us + shift_ + at;
    // Nothing is planned behind the end of times, nor with a state that was not saved by a planner.
    if (moment >= times_end.us || moment < 0)
        return {INT64_MAX, one_q32};
    const std::int64_t end = (moment / hour_us + 1) * hour_us;
    return {at + (end - moment), of_.factor_q32({moment}, start_)};
}

}  // namespace bazaar::scenario::thelook
