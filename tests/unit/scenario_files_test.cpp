// The scenario files of this tree: those that are right, and each that is faulty with the line that it prints.

#include "bazaar/io/scenario_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "bazaar/base/error.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/io/offered_scenario.hpp"
#include "support/places.hpp"

namespace bazaar::io
{
namespace
{

namespace fs = std::filesystem;

std::vector<std::string> yaml_files(const std::string& folder)
{
    std::vector<std::string> all;
    for (const auto& one : fs::directory_iterator(test::source_dir() + '/' + folder))
        if (one.path().extension() == ".yaml")
            all.push_back(one.path().string());
    std::ranges::sort(all);
    return all;
}

TEST(scenario_files, that_are_right_have_no_problems)
{
    auto files = yaml_files("scenarios");
    const auto others = yaml_files("tests/scenarios");
    ASSERT_EQ(others.size(), 5U);
    files.insert(files.end(), others.begin(), others.end());
    ASSERT_GE(files.size(), 8U);
    for (const auto& file : files)
    {
        const auto read = read_scenario(file, "test");
        EXPECT_TRUE(read.spec.has_value()) << fmt::format("{}", fmt::join(read.problems, "\n"));
    }
}

TEST(scenario_files, that_are_shipped_are_inside_the_program)
{
    std::set<std::string> on_disk;
    for (const auto& file : yaml_files("scenarios"))
        on_disk.insert(fs::path(file).stem().string());
    const auto inside = shipped_scenarios();
    EXPECT_EQ(std::set<std::string>(inside.begin(), inside.end()), on_disk);
    for (const auto name : inside)
    {
        EXPECT_TRUE(names_scenario_file(name));
        const auto read = read_scenario(std::string(name), "test");
        ASSERT_TRUE(read.spec.has_value()) << name << ": " << fmt::format("{}", fmt::join(read.problems, "\n"));
        EXPECT_EQ(read.spec->name, name);
    }
    EXPECT_FALSE(names_scenario_file("thelook"));
}

TEST(scenario_files, that_are_faulty_print_what_they_say_themselves)
{
    const auto files = yaml_files("tests/scenarios/faulty");
    ASSERT_GE(files.size(), 60U);
    for (const auto& file : files)
    {
        std::ifstream in(file);
        std::string first;
        std::getline(in, first);
        constexpr std::string_view mark = "# expect: ";
        ASSERT_TRUE(first.starts_with(mark)) << file;
        const auto wanted = fmt::format("{}:{}", file, first.substr(mark.size()));
        const auto read = read_scenario(file, "test");
        EXPECT_FALSE(read.spec.has_value()) << file;
        EXPECT_NE(std::ranges::find(read.problems, wanted), read.problems.end())
            << "wanted " << wanted << "\nprinted\n"
            << fmt::format("{}", fmt::join(read.problems, "\n"));
    }
}

error_kind kind_of_refusal(const std::string& text)
{
    try
    {
        static_cast<void>(offered_text(text));
    }
    catch (const error& refusal)
    {
        return refusal.kind();
    }
    return error_kind::internal;
}

TEST(scenario_files, with_hours_begin_early_enough_for_their_last_tick)
{
    constexpr std::uint64_t ticks = 300;
    const auto& of = offered_file("smoothie-shop", "test");
    const auto shop = of.make({"main", 1, scenario::settings(of.fields), {}});
    const auto last_tick = [&](time start)
    {
        const auto plan = shop->plan(start);
        time last;
        while (plan->ticks() < ticks)
            last = plan->next().at;
        return last;
    };
    const auto long_is_it = last_tick(time{}) - time{};
    int late = 0;
    for (int hour = 0; hour < 24; hour += 2)
    {
        const auto now = *parse_time("2026-11-30") + std::chrono::hours(hour);
        const auto start = daemon::start_to_end_at(*shop, ticks, now);
        EXPECT_LE(last_tick(start), now) << hour;
        EXPECT_GT(last_tick(start), now - std::chrono::days(2)) << hour;
        late += last_tick(now - long_is_it) > now ? 1 : 0;
    }
    EXPECT_GT(late, 0) << "the control: the hours would not matter";
}

TEST(scenario_files, are_offered_again_from_the_text_that_a_run_carries)
{
    const auto& of = offered_file("river-hotel", "test");
    EXPECT_EQ(of.name, "river-hotel");
    EXPECT_EQ(of.schema, "cdc");
    EXPECT_EQ(&offered_text(of.text), &of) << "equal texts, one entry";
    const auto topics = [](const scenario::entry& one)
    { return std::ranges::count_if(one.tables, [](const model::table& t) { return t.sink == model::target::kafka; }); };
    EXPECT_EQ(topics(of), 3);
    const std::vector<scenario::declared::given_setting> given{{"sink", "postgres"}, {"pace", "2"}};
    const auto& other = offered_text(of.text, given);
    EXPECT_EQ(topics(other), 0) << "its tables are those of the settings";
    EXPECT_EQ(other.text, of.text);

    // What no program has written, and what another one has.
    std::string text(of.text);
    EXPECT_EQ(kind_of_refusal(text.substr(0, text.size() / 2)), error_kind::data);
    EXPECT_EQ(kind_of_refusal("{}"), error_kind::data);
    text.replace(text.find("\"interpreter\":1"), 15, "\"interpreter\":7");
    EXPECT_EQ(kind_of_refusal(text), error_kind::config);
}

}  // namespace
}  // namespace bazaar::io
