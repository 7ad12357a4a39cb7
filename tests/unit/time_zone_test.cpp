// Local clocks by rules of POSIX, against moments that are known.

#include "bazaar/scenario/kit/time_zone.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "bazaar/base/random.hpp"

namespace bazaar::scenario::kit
{
namespace
{

constexpr std::string_view new_york = "EST5EDT,M3.2.0,M11.1.0";
constexpr std::string_view berlin = "CET-1CEST,M3.5.0,M10.5.0/3";
constexpr std::string_view sydney = "AEST-10AEDT,M10.1.0,M4.1.0/3";
constexpr std::string_view dublin = "IST-1GMT0,M10.5.0,M3.5.0/1";
constexpr std::string_view santiago = "<-04>4<-03>,M9.1.6/24,M4.1.6/24";
constexpr std::string_view nuuk = "<-02>2<-01>,M3.5.0/-1,M10.5.0/0";
constexpr std::string_view no_winter = "XXX3EDT4,0/0,J365/23";  // RFC 8536's example of a summer time without an end.

/// What a local clock shows, as a moment of UTC would be written.
std::string local(std::string_view rule, std::string_view utc)
{
    const auto zone = time_zone::parse(rule);
    const auto at = parse_time(utc);
    EXPECT_TRUE(zone && at) << rule << ' ' << utc;
    return zone && at ? to_string(time{zone->local(*at)}).substr(0, 19) : "";
}

TEST(time_zone, changes_on_the_second)
{
    EXPECT_EQ(local(new_york, "2026-03-08T06:59:59Z"), "2026-03-08T01:59:59");
    EXPECT_EQ(local(new_york, "2026-03-08T07:00:00Z"), "2026-03-08T03:00:00");
    EXPECT_EQ(local(new_york, "2026-11-01T05:59:59Z"), "2026-11-01T01:59:59");
    EXPECT_EQ(local(new_york, "2026-11-01T06:00:00Z"), "2026-11-01T01:00:00");
    EXPECT_EQ(local(berlin, "2026-03-29T00:59:59Z"), "2026-03-29T01:59:59");
    EXPECT_EQ(local(berlin, "2026-03-29T01:00:00Z"), "2026-03-29T03:00:00");
    EXPECT_EQ(local(berlin, "2024-10-27T00:59:59Z"), "2024-10-27T02:59:59");
    EXPECT_EQ(local(berlin, "2024-10-27T01:00:00Z"), "2024-10-27T02:00:00");
    EXPECT_EQ(local(sydney, "2026-01-01T00:00:00Z"), "2026-01-01T11:00:00") << "summer over the turn of the year";
    EXPECT_EQ(local(sydney, "2026-07-01T00:00:00Z"), "2026-07-01T10:00:00");
    EXPECT_EQ(local(sydney, "2026-04-04T15:59:59Z"), "2026-04-05T02:59:59");
    EXPECT_EQ(local(sydney, "2026-04-04T16:00:00Z"), "2026-04-05T02:00:00");
    EXPECT_EQ(local(dublin, "2026-01-01T12:00:00Z"), "2026-01-01T12:00:00") << "whose winter is its summer time";
    EXPECT_EQ(local(dublin, "2026-07-01T12:00:00Z"), "2026-07-01T13:00:00");
    EXPECT_EQ(local(santiago, "2026-04-05T02:59:59Z"), "2026-04-04T23:59:59") << "24 o'clock";
    EXPECT_EQ(local(santiago, "2026-04-05T03:00:00Z"), "2026-04-04T23:00:00");
    EXPECT_EQ(local(nuuk, "2026-03-29T00:59:59Z"), "2026-03-28T22:59:59") << "-1 o'clock";
    EXPECT_EQ(local(nuuk, "2026-03-29T01:00:00Z"), "2026-03-29T00:00:00");
}

TEST(time_zone, has_forms_without_a_summer_and_with_days_of_the_year)
{
    EXPECT_EQ(local("UTC0", "2026-07-01T12:00:00Z"), "2026-07-01T12:00:00");
    EXPECT_EQ(local("<+0545>-5:45", "2026-07-01T12:00:00Z"), "2026-07-01T17:45:00");
    EXPECT_EQ(local("<-0330>+3:30:15", "2026-07-01T12:00:00Z"), "2026-07-01T08:29:45");
    for (const std::string_view month : {"01", "02", "06", "10", "12"})
        EXPECT_EQ(local(no_winter, "2026-" + std::string(month) + "-28T12:00:00Z"),
                  "2026-" + std::string(month) + "-28T08:00:00");
    // J60 is the 1st of March in all years; 59 is the 29th of February where there is one.
    EXPECT_EQ(local("AAA0BBB,J60/0,J300/0", "2024-02-29T23:59:59Z"), "2024-02-29T23:59:59");
    EXPECT_EQ(local("AAA0BBB,J60/0,J300/0", "2024-03-01T00:00:00Z"), "2024-03-01T01:00:00");
    EXPECT_EQ(local("AAA0BBB,59/0,299/0", "2024-02-29T00:00:00Z"), "2024-02-29T01:00:00");
    EXPECT_EQ(local("AAA0BBB,59/0,299/0", "2025-02-28T23:59:59Z"), "2025-02-28T23:59:59");
    EXPECT_EQ(time_zone().offset(time{123}).count(), 0);
}

TEST(time_zone, finds_the_moment_of_a_local_clock)
{
    const auto moment = [](std::string_view rule, std::string_view shown)
    { return to_string(time_zone::parse(rule)->moment(parse_time(shown)->us)).substr(0, 19); };
    EXPECT_EQ(moment(new_york, "2026-07-01T08:00:00Z"), "2026-07-01T12:00:00");
    EXPECT_EQ(moment(new_york, "2026-01-01T08:00:00Z"), "2026-01-01T13:00:00");
    EXPECT_EQ(moment(new_york, "2026-11-01T01:30:00Z"), "2026-11-01T05:30:00") << "twice: the first";
    EXPECT_EQ(moment(new_york, "2026-03-08T02:30:00Z"), "2026-03-08T07:30:00") << "never: as by the clock of before";
    EXPECT_EQ(moment(dublin, "2026-10-25T01:30:00Z"), "2026-10-25T00:30:00");
    EXPECT_EQ(moment(dublin, "2026-03-29T01:30:00Z"), "2026-03-29T01:30:00");
    auto draw = derive(1, stream("zone"), 0);
    for (const auto rule : {new_york, berlin, sydney, dublin, santiago, nuuk, no_winter})
    {
        const auto zone = *time_zone::parse(rule);
        for (int i = 0; i < 2'000; ++i)
        {
            const time at{draw.between(-2'000'000'000'000'000, 4'000'000'000'000'000)};
            const auto back = zone.moment(zone.local(at));
            // Or an hour before, where the clock shows the same twice.
            ASSERT_TRUE(back == at || (back < at && zone.local(back) == zone.local(at)))
                << rule << ' ' << to_string(at);
        }
    }
}

TEST(time_zone, refuses_what_is_no_rule)
{
    for (const std::string_view rule : {"",
                                        "UTC",
                                        "ES5",
                                        "EST5EDT",
                                        "EST5EDT,M3.2.0",
                                        "EST5EDT,M3.2.0,M11.1.0,",
                                        "EST5EDT,M13.2.0,M11.1.0",
                                        "EST5EDT,M3.6.0,M11.1.0",
                                        "EST5EDT,M3.2.7,M11.1.0",
                                        "EST5EDT,J0,J10",
                                        "EST5EDT,366,10",
                                        "EST5EDT,M3.2.0/168,M11.1.0",
                                        "EST25",
                                        "EST5:60",
                                        "<EST5",
                                        "EST 5",
                                        ":America/New_York",
                                        "America/New_York",
                                        "EST5EDT,M3.2,M11.1.0",
                                        "EST5x"})
        EXPECT_FALSE(time_zone::parse(rule)) << rule;
    EXPECT_TRUE(time_zone::parse("EST5EDT4,M3.2.0/167,M11.1.0/-167"));
}

}  // namespace
}  // namespace bazaar::scenario::kit
