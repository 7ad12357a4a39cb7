// The table of keys: what is made of it, and that no key is in it that does nothing.

#include "bazaar/scenario/declared/keys.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/io/scenario_file.hpp"
#include "bazaar/scenario/declared/scalars.hpp"
#include "bazaar/scenario/declared/zones.hpp"
#include "bazaar/scenario/kit/time_zone.hpp"
#include "support/places.hpp"

namespace bazaar::scenario::declared
{
namespace
{

std::string contents_of(const std::string& path)
{
    std::ifstream file(test::source_dir() + '/' + path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Compares a file of the tree with what the table makes, or writes it.
void expect_made(const std::string& path, const std::string& wanted)
{
    if (std::getenv("BAZAARD_TEST_UPDATE") != nullptr)
        std::ofstream(test::source_dir() + '/' + path, std::ios::binary) << wanted;
    EXPECT_EQ(contents_of(path), wanted)
        << "renew it: BAZAARD_TEST_UPDATE=1 unit_tests --gtest_filter='scenario_keys.*'";
}

TEST(scenario_keys, make_the_page_of_the_language)
{
    expect_made("docs/scenario-language.md", language_reference());
}

TEST(scenario_keys, make_the_schema_that_editors_use)
{
    expect_made("scenarios/scenario.schema.json", language_schema());
    const auto schema = nlohmann::json::parse(language_schema());
    const auto& blocks_there = schema.at("$defs");
    for (const auto& row : keys())
        EXPECT_TRUE(blocks_there.at(row.in).at("properties").contains(row.name)) << row.in << '.' << row.name;
    EXPECT_FALSE(blocks_there.at("link").at("properties").contains("alhpa")) << "a control";
    EXPECT_EQ(blocks_there.at("link")
                  .at("dependentSchemas")
                  .at("alpha")
                  .at("anyOf")
                  .at(0)
                  .at("properties")
                  .at("pick")
                  .at("const"),
              "zipf");
}

TEST(scenario_keys, are_rows_that_make_sense)
{
    std::set<std::string> seen;
    for (const auto& row : keys())
    {
        const auto name = std::string(row.in) + '.' + std::string(row.name);
        EXPECT_TRUE(seen.insert(name).second) << name << " stands twice";
        EXPECT_NO_THROW(static_cast<void>(block_named(row.in))) << name;
        if (row.is == value_form::block || row.is == value_form::blocks || row.is == value_form::block_list ||
            row.is == value_form::named || row.is == value_form::named_lists)
        {
            EXPECT_NO_THROW(static_cast<void>(block_named(row.of))) << name;
        }
        for (const auto word : split_words(row.with))
            EXPECT_NE(find_key(row.in, word.substr(0, word.find('='))), nullptr) << name;
        EXPECT_EQ(row.low.empty(), row.high.empty()) << name;
        EXPECT_FALSE(row.is == value_form::word && row.noun.empty()) << name;
    }
    EXPECT_GT(seen.size(), 150U);
}

TEST(scenario_keys, are_read_by_the_checker)
{
    // The checker asks for keys by name, and throws for one that is not in the table. So a key that nothing asks for is one whose name does not
    // stand in its sources.
    std::string sources;
    for (const auto* const file :
         {"check", "check_changes", "check_choices", "check_columns", "check_links", "check_names", "check_rules",
          "check_time", "check_units", "check_values", "check_words"})
        sources += contents_of("src/scenario/declared/" + std::string(file) + ".cpp");
    ASSERT_GT(sources.size(), 50'000U);
    const auto is_read = [&](std::string_view name)
    { return sources.find('"' + std::string(name) + '"') != sources.npos; };
    // Read as the other one of two, and by the reader itself.
    const std::set<std::string_view> elsewhere{"bazaar", "extends", "duration", "before"};
    for (const auto& row : keys())
        EXPECT_TRUE(elsewhere.contains(row.name) || is_read(row.name)) << row.in << '.' << row.name << " does nothing";
    EXPECT_FALSE(is_read("colour")) << "a control";
}

TEST(scenario_scalars, are_read_from_texts)
{
    EXPECT_EQ(duration_of("1.5h")->count(), 5'400'000'000);
    EXPECT_EQ(duration_of("0")->count(), 0);
    for (const auto* const wrong : {"", "5", "5 s", "s", "-5s", "1e3s", "5x", "5s..6s"})
        EXPECT_FALSE(duration_of(wrong)) << wrong;
    EXPECT_EQ(durations_of("10s..15s"), (range{10'000'000, 15'000'000}));
    EXPECT_EQ(durations_of("10s"), (range{10'000'000, 10'000'000}));
    for (const auto* const wrong : {"10-15s", "15s..10s", "10s...15s", "..5s", "10..15s"})
        EXPECT_FALSE(durations_of(wrong)) << wrong;
    EXPECT_EQ(share_of("30%"), 300'000U);
    EXPECT_EQ(share_of("0.3"), 300'000U);
    EXPECT_EQ(share_of("100%"), whole_share);
    for (const auto* const wrong : {"101%", "1.1", "-1%", "%", "0.0000001", "a"})
        EXPECT_FALSE(share_of(wrong)) << wrong;
    EXPECT_EQ(rate_of("8/s"), 8'000'000U);
    EXPECT_EQ(rate_of("500/h"), 138'889U);
    EXPECT_EQ(rate_of("1 / d"), 12U);
    for (const auto* const wrong : {"8", "8/x", "/s", "-8/s", "2000000/s"})
        EXPECT_FALSE(rate_of(wrong)) << wrong;
    EXPECT_EQ(days_of("mon-fri"), 0b0011111);
    EXPECT_EQ(days_of("sat-mon"), 0b1100001);
    EXPECT_EQ(days_of("sun"), 0b1000000);
    EXPECT_FALSE(days_of("Mon"));
    const auto openings = openings_of("08:00-12:00, 13:30-24:00");
    ASSERT_TRUE(openings && openings->size() == 2);
    EXPECT_EQ(openings->at(1).open, 810);
    EXPECT_EQ(openings->at(1).close, 1'440);
    for (const auto* const wrong :
         {"8:00-12:00", "12:00-08:00", "08:00-12:00, 11:00-13:00", "08:00", "08:00-24:01", "08:60-09:00"})
        EXPECT_FALSE(openings_of(wrong)) << wrong;
    EXPECT_EQ(date_of("1970-01-02"), 1);
    EXPECT_EQ(date_of("1969-12-31"), -1);
    EXPECT_EQ(dates_of("1970-01-01..1970-01-03"), (range{0, 2}));
    EXPECT_FALSE(date_of("1970-02-30"));
    EXPECT_EQ(compare(*number_of("0.50"), *number_of(".5")), 0);
    EXPECT_EQ(compare(*number_of("-0.51"), *number_of("-0.5")), -1);
    EXPECT_EQ(compare(*number_of("99999999999999999999999999999999999999"), *number_of("0.000000000000000001")), 1);
    EXPECT_EQ(units_of(*number_of("1.230"), 2), 123);
    EXPECT_FALSE(units_of(*number_of("1.234"), 2));
}

TEST(scenario_scalars, of_sequences_and_patterns)
{
    const auto made = sequence_of("ORDER_{n:05}x");
    ASSERT_TRUE(made);
    EXPECT_EQ(made->prefix, "ORDER_");
    EXPECT_EQ(made->suffix, "x");
    EXPECT_EQ(made->digits, 5);
    EXPECT_EQ(sequence_of("{n}")->digits, 0);
    for (const auto* const wrong : {"C", "C{m}", "C{n", "{n}{n}", "{n:5}", "{n:0}", "{n:019}", "}{n}"})
        EXPECT_FALSE(sequence_of(wrong)) << wrong;
    const auto pattern = pattern_of("[A-C]{2}-[0-9x]{1,4}\\[");
    ASSERT_TRUE(pattern && pattern->pieces.size() == 4);
    EXPECT_EQ(pattern->pieces[0].letters, "ABC");
    EXPECT_EQ(pattern->pieces[0].most, 2);
    EXPECT_EQ(pattern->pieces[2].letters, "0123456789x");
    EXPECT_EQ(pattern->pieces[2].least, 1);
    EXPECT_EQ(pattern->pieces[3].letters, "[");
    for (const auto* const wrong :
         {"", "[A-", "[]", "[B-A]", "[AA]", "a{0}", "a{3,2}", "a{256}", "(a)", "a*", "\xc3\xa9"})
        EXPECT_FALSE(pattern_of(wrong)) << wrong;
}

TEST(scenario_zones, have_rules_that_can_be_read)
{
    const auto names = zone_names();
    EXPECT_GT(names.size(), 400U);
    for (const auto name : names)
        EXPECT_TRUE(kit::time_zone::parse(*zone_rule(name))) << name;
    EXPECT_EQ(zone_rule("America/New_York"), "EST5EDT,M3.2.0,M11.1.0");
    EXPECT_EQ(zone_rule("UTC"), "UTC0");
    EXPECT_FALSE(zone_rule("America/NewYork"));
    EXPECT_EQ(nearest_zone("America/NewYork"), "America/New_York");
}

}  // namespace
}  // namespace bazaar::scenario::declared
