#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/decimal.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/base/plain.hpp"
#include "bazaar/base/random.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/base/words.hpp"

namespace bazaar
{
namespace
{

using optional_units = std::optional<std::int64_t>;

TEST(decimal, reads_numbers_exactly)
{
    const std::vector<std::tuple<std::string_view, int, std::int64_t>> good{
        {"0", 0, 0},
        {"12", 0, 12},
        {"-12", 2, -1200},
        {"+7", 1, 70},
        {"0.5", 1, 5},
        {".5", 1, 5},
        {"5.", 2, 500},
        {"-0.05", 2, -5},
        {"1e3", 0, 1000},
        {"1.25e2", 0, 125},
        {"125e-2", 2, 125},
        {"1E+2", 0, 100},
        {"1.500", 1, 15},
        {"100e-2", 0, 1},
        {"0.1", 9, 100'000'000},
        {"0e99", 0, 0},
        {"0.000", 1, 0},
        {"-0", 3, 0},
        {"00012", 0, 12},
        {"9223372036854775807", 0, INT64_MAX},
        {"-9223372036854775807", 0, -INT64_MAX},
        {"9.223372036854775807", 18, INT64_MAX},
        {"0.000000000000000001", 18, 1},
    };
    for (const auto& [text, scale, units] : good)
        EXPECT_EQ(parse_decimal(text, scale), optional_units(units)) << text << " at scale " << scale;
}

TEST(decimal, refuses_what_is_no_number_or_does_not_fit)
{
    const std::vector<std::pair<std::string_view, int>> bad{
        {"", 0},
        {"-", 0},
        {".", 2},
        {"+.", 2},
        {"1.5", 0},
        {"1.001", 2},
        {"1,5", 2},
        {" 1", 0},
        {"1 ", 0},
        {"0x10", 0},
        {"1e", 0},
        {"1e+", 0},
        {"1e1.5", 0},
        {"1e1000", 0},
        {"1e99", 0},
        {"--1", 0},
        {"1.2.3", 2},
        {"nan", 0},
        {"inf", 0},
        {"1e-1", 0},
        {"9223372036854775808", 0},
        {"92233720368547758.08", 3},
        {"99999999999999999999999999999999999999999999", 0},
        {"1_000", 0},
    };
    for (const auto& [text, scale] : bad)
        EXPECT_EQ(parse_decimal(text, scale), std::nullopt) << text << " at scale " << scale;
}

TEST(decimal, prints_and_reads_back)
{
    EXPECT_EQ(to_decimal(5, 2), "0.05");
    EXPECT_EQ(to_decimal(-5, 2), "-0.05");
    EXPECT_EQ(to_decimal(1200, 2), "12.00");
    EXPECT_EQ(to_decimal(1200, 2, zeros::trim), "12");
    EXPECT_EQ(to_decimal(1250, 2, zeros::trim), "12.5");
    EXPECT_EQ(to_decimal(0, 3, zeros::trim), "0");
    EXPECT_EQ(to_decimal(100, 0, zeros::trim), "100");
    EXPECT_EQ(to_decimal(INT64_MIN, 0), "-9223372036854775808");
    auto draw = derive(9, stream("decimals"), 0);
    for (int i = 0; i < 20'000; ++i)
    {
        const auto units = static_cast<std::int64_t>(draw.next()) >> draw.below(64);
        const auto scale = static_cast<int>(draw.below(19));
        if (units == INT64_MIN)
            continue;
        EXPECT_EQ(parse_decimal(to_decimal(units, scale), scale), optional_units(units));
        EXPECT_EQ(parse_decimal(to_decimal(units, scale, zeros::trim), scale), optional_units(units));
    }
}

// ---- Time

constexpr std::int64_t day_us = 86'400'000'000;

TEST(time, prints_the_proleptic_calendar_in_utc)
{
    EXPECT_EQ(to_string(time{0}), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(to_string(time{-1}), "1969-12-31T23:59:59.999999Z");
    EXPECT_EQ(to_string(time{951'782'399'123'456}), "2000-02-28T23:59:59.123456Z");
    EXPECT_EQ(to_string(time{951'782'400'000'000}), "2000-02-29T00:00:00.000000Z");
    EXPECT_EQ(to_string(*parse_time("9999-12-31T23:59:59.999999Z")), "9999-12-31T23:59:59.999999Z");
    EXPECT_EQ(to_string(*parse_time("0001-01-01")), "0001-01-01T00:00:00.000000Z");
    // Nobody's times, and out of all calendars.
    EXPECT_EQ(to_string(time{INT64_MAX}), "9223372036854775807 us after 1970");
    EXPECT_EQ(to_string(time{INT64_MIN}), "9223372036854775808 us before 1970");
    EXPECT_EQ(parse_time("0001-01-01T00:00:00+00:01"), std::nullopt) << "an offset leads before the first year";
    EXPECT_EQ(parse_time("9999-12-31T23:59:59-00:01"), std::nullopt) << "or behind the last one";
}

TEST(time, reads_its_own_print_back)
{
    auto draw = derive(10, stream("moments"), 0);
    const auto low = parse_time("0001-01-01")->us;
    const auto high = parse_time("9999-12-31T23:59:59.999999Z")->us;
    for (int i = 0; i < 20'000; ++i)
    {
        const time t{draw.between(low, high)};
        ASSERT_EQ(parse_time(to_string(t)), t);
    }
}

TEST(time, counts_leap_years)
{
    for (const auto& [year, leap] :
         std::vector<std::pair<int, bool>>{{1900, false}, {2000, true}, {2023, false}, {2024, true}, {2100, false}})
    {
        const auto text = std::to_string(year);
        EXPECT_EQ(parse_time(text + "-02-29").has_value(), leap) << year;
        EXPECT_EQ(parse_time(text + "-03-01")->us - parse_time(text + "-02-28")->us, (leap ? 2 : 1) * day_us);
    }
}

TEST(time, reads_offsets_fractions_and_short_forms)
{
    const auto noon = *parse_time("2026-01-31T12:00:00Z");
    for (const std::string_view text :
         {"2026-01-31 12:00:00Z", "2026-01-31t12:00z", "2026-01-31T12:00Z", "2026-01-31T14:00:00+02:00",
          "2026-01-31T06:30-05:30", "2026-02-01T02:00:00.000000+14:00", "2026-01-31T12:00:00.0Z"})
        EXPECT_EQ(parse_time(text), noon) << text;
    EXPECT_EQ(parse_time("2026-01-31T12:00:00.5Z"), noon + microseconds(500'000));
    EXPECT_EQ(parse_time("2026-01-31T12:00:00.000001Z"), noon + microseconds(1));
    EXPECT_EQ(parse_time("2026-01-31"), noon - std::chrono::hours(12));
}

TEST(time, refuses_other_texts)
{
    for (const std::string_view text : {"",
                                        "2026",
                                        "2026-1-31",
                                        "2026-13-01",
                                        "2026-00-01",
                                        "2026-01-00",
                                        "2026-04-31",
                                        "0000-01-01",
                                        "2026-01-31T",
                                        "2026-01-31T12",
                                        "2026-01-31T12:00",
                                        "2026-01-31T24:00Z",
                                        "2026-01-31T12:60Z",
                                        "2026-01-31T12:00:60Z",
                                        "2026-01-31T12:00:00.Z",
                                        "2026-01-31T12:00:00.1234567Z",
                                        "2026-01-31T12:00:00",
                                        "2026-01-31T12:00:00+2",
                                        "2026-01-31T12:00:00+02:00Z",
                                        "2026-01-31T12:00:00Z ",
                                        " 2026-01-31",
                                        "2026-01-31X12:00Z",
                                        "-026-01-01",
                                        "2026-01-31T12:00:00 +02:00",
                                        "now"})
        EXPECT_FALSE(parse_time(text)) << text;
}

// ---- Words

TEST(words, letters_are_the_same_in_either_case)
{
    EXPECT_TRUE(same_letters("United States", "uNITED sTATES"));
    EXPECT_FALSE(same_letters("Japan", "Japa"));
    EXPECT_FALSE(same_letters("a[", "A{"));
    EXPECT_TRUE(same_letters("", ""));
}

TEST(words, distance_counts_changes_insertions_deletions_and_swaps)
{
    EXPECT_EQ(edit_distance("rate", "rate"), 0U);
    EXPECT_EQ(edit_distance("RATE", "rate"), 0U);
    EXPECT_EQ(edit_distance("rate", "rat"), 1U);
    EXPECT_EQ(edit_distance("rate", "irate"), 1U);
    EXPECT_EQ(edit_distance("rate", "rote"), 1U);
    EXPECT_EQ(edit_distance("rate", "rtae"), 1U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(words, nearest_come_first_and_ties_keep_a_common_beginning_first)
{
    const std::vector<std::string_view> flags{"max-iter", "avg-qps", "seed", "feed", "send"};
    EXPECT_EQ(nearest("sede", flags, 2), (std::vector<std::string_view>{"seed", "send"}));
    EXPECT_EQ(nearest("reed", flags, 2), (std::vector<std::string_view>{"seed", "feed"}));
    EXPECT_EQ(nearest("avgqps", flags, 1), (std::vector<std::string_view>{"avg-qps"}));
    EXPECT_TRUE(nearest("x", {}, 3).empty());
    EXPECT_EQ(nearest("x", flags, 99).size(), flags.size());
}

// ---- Errors

TEST(plain, what_moves_the_cursor_or_lies_about_the_order_is_shown_instead)
{
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", ""},
        {"Zoë, São Paulo, 東京, 🛒 \\", "Zoë, São Paulo, 東京, 🛒 \\"},
        {"\x1b[2Ja\rb\tc\nd", "\\x1b[2Ja\\x0db\\x09c\\x0ad"},
        {std::string("\0", 1), "\\x00"},
        {"\x7f", "\\x7f"},
        {"\xc2\x80|\xc2\x9b|\xc2\x9f|\xc2\xa0", "\\u0080|\\u009b|\\u009f|\xc2\xa0"},
        {"a\u202eb\u202ac\u2066d\u2069e\u200ff\u061cg\u2028h",
         "a\\u202eb\\u202ac\\u2066d\\u2069e\\u200ff\\u061cg\\u2028h"},
        {"\u2027\u202f\u2065\u206a", "\u2027\u202f\u2065\u206a"},
        // A byte of C1 alone, which a terminal of another encoding would obey; cut, overlong, half of a pair, too far.
        {"\x9b"
         "31m",
         "\\x9b31m"},
        {"\xc2", "\\xc2"},
        {"\xe2\x80", "\\xe2\\x80"},
        {"\xc0\x9b", "\\xc0\\x9b"},
        {"\xe0\x82\x9b", "\\xe0\\x82\\x9b"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
        {"\xff\xfe", "\\xff\\xfe"},
        {"\xe2\x1b[", "\\xe2\\x1b["},
    };
    for (const auto& [text, shown] : cases)
    {
        EXPECT_EQ(plain(text), shown);
        EXPECT_EQ(plain(plain(text)), shown);
    }
    EXPECT_EQ(plain_lines("a\x1b\nb\u202e\n"), "a\\x1b\nb\\u202e\n");
}

TEST(plain, every_control_is_caught_and_nothing_else_is_changed)
{
    const auto spelled = [](std::uint32_t code)
    {
        std::string text;
        if (code < 0x80)
            return text += static_cast<char>(code);
        if (code < 0x800)
            text += static_cast<char>(0xc0U | code >> 6);
        else
            (text += static_cast<char>(0xe0U | code >> 12)) += static_cast<char>(0x80U | (code >> 6 & 0x3fU));
        return text += static_cast<char>(0x80U | (code & 0x3fU));
    };
    for (std::uint32_t code = 0; code < 0xd800; ++code)
    {
        const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200e ||
                             code == 0x200f || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
        EXPECT_EQ(plain(spelled(code)) != spelled(code), control) << code;
    }
}

TEST(plain, json_keeps_its_value)
{
    EXPECT_EQ(plain_json("{\n\t\"a\": \"x\x7fy\xc2\x9bz\u202e\u00e9\"\n}\n"),
              "{\n\t\"a\": \"x\\u007fy\\u009bz\\u202e\u00e9\"\n}\n");
}

TEST(error, every_kind_has_a_code_and_a_word_of_its_own)
{
    std::vector<int> codes;
    std::vector<std::string_view> words;
    for (int kind = 0; kind <= static_cast<int>(error_kind::config); ++kind)
    {
        codes.push_back(exit_code(static_cast<error_kind>(kind)));
        words.push_back(name(static_cast<error_kind>(kind)));
        EXPECT_GT(codes.back(), 0);
        EXPECT_LT(codes.back(), 128);
        EXPECT_FALSE(words.back().empty());
        EXPECT_EQ(std::count(words.begin(), words.end(), words.back()), 1);
        EXPECT_EQ(std::count(codes.begin(), codes.end(), codes.back()), 1);
    }
}

TEST(error, keeps_all_its_lines_and_a_broken_expectation_is_internal)
{
    const error two(error_kind::data, std::vector<std::string>{"first", "second"});
    EXPECT_EQ(two.lines().size(), 2U);
    EXPECT_NE(std::string(two.what()).find("second"), std::string::npos);
    try
    {
        expect(1 + 1 == 3, "sums are right");
        FAIL();
    }
    catch (const error& e)
    {
        EXPECT_EQ(e.kind(), error_kind::internal);
        EXPECT_NE(std::string(e.what()).find("sums are right"), std::string::npos);
    }
}

}  // namespace
}  // namespace bazaar
