// The scenario files of this tree: those that are right, and each that is faulty with the line that it prints.

#include "bazaar/io/scenario_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

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

// What a right file may ask for, and the planner does not do yet: a line for each, with its place.
TEST(scenario_files, that_cannot_be_planned_yet_are_refused_at_their_place)
{
    const std::string head = "bazaar: 1\nscenario: small\n";
    const std::vector<std::pair<std::string, std::vector<std::string>>> files{
        {"tables:\n"
         "  orders:\n"
         "    key: id\n"
         "    version: at\n"
         "    arrives: {rate: 1/s}\n"
         "    columns: {id: {uuid: row}, state: text, at: {time: now}}\n"
         "    life: {column: state, starts: open, states: {open: [{to: done, after: 1m}], done: []}}\n"
         "    children: [lines]\n"
         "  lines: {key: id, links: {order: {to: orders, pick: recent}}, arrives: {rate: 1/s},\n"
         "          columns: {id: {uuid: row}, order_id: = order.id}}\n",
         {":10:5: orders.children: rows of one unit that change together are not planned yet; make them by units of "
          "their own"}},
        {"settings: {most: {number: 5, live: true}}\n"
         "tables:\n"
         "  things:\n"
         "    key: id\n"
         "    version: at\n"
         "    arrives: {rate: 1/s}\n"
         "    columns: {id: {uuid: row}, n: {int: 1..5}, m: = n + 1, label: few, note: none, at: {time: now}}\n"
         "    changes:\n"
         "      again: {arrives: {rate: 1/s}, set: {n: = most}}\n"
         "      more: {arrives: {rate: 1/s}, set: {m: = n + 2}}\n"
         "      word: {arrives: {rate: 1/s}, set: {label: \"= if(n > 2, 'many', label)\"}}\n"
         "units:\n"
         "  mark:\n"
         "    arrives: {rate: 1/s}\n"
         "    links: {thing: {to: things}}\n"
         "    vars: {word: {choice: [a, b]}}\n"
         "    rows: [{change: thing, set: {note: = word, n: = thing.n * 2}}]\n",
         {":13:42: things.changes.word.set.label: a text that is set is made of columns that stay, and of no live "
          "setting",
          ":15:3: units.mark: sets things.note, a text, by what the unit knows; such a text is made of no link, var or "
          "number of it"}},
        {"tables:\n"
         "  places: {key: id, seed: 5, arrives: {rate: 1/m}, columns: {id: {uuid: row}}}\n"
         "  things: {key: id, seed: 9, links: {place: {to: places}}, columns: {id: {uuid: row}, place_id: = "
         "place.id}}\n",
         {}},
        {"tables:\n"
         "  places: {key: id, seed: 5, arrives: {rate: 1/m}, columns: {id: {uuid: row}}}\n"
         "  late: {key: id, arrives: {rate: 1/m}, columns: {id: {uuid: row}}}\n"
         "  things: {key: id, seed: 4, links: {place: {to: places, once: true}}, columns: {id: {uuid: row}, place_id: "
         "= "
         "place.id}}\n"
         "  more: {key: id, seed: 4, links: {late: {to: late}}, columns: {id: {uuid: row}, late_id: = late.id}}\n",
         {":6:38: things.links.place: rows of T0 pick among all rows of T0; not once, in turn, or what another link "
          "has",
          ":7:36: more.links.late: rows of T0 link to rows of T0, and late has none"}},
        {"tables:\n"
         "  stock: {key: id, seed: 3, version: at,\n"
         "          columns: {id: {uuid: row}, level: {counter: {starts: 100}}, at: {time: now}}}\n"
         "  sales: {key: id, links: {of: {to: stock}}, columns: {id: {uuid: row}, stock_id: = of.id}}\n"
         "  notes: {key: id, columns: {id: {uuid: row}}}\n"
         "units:\n"
         "  one: {arrives: {rate: 1/s}, rows: [{insert: sales, take: {of.level: 1}, short: notes}, {insert: notes}]}\n",
         {":9:3: units.one: inserts notes, which stands for rows that fell short, too; one of both"}},
        {"tables:\n  things: {key: id, seed: 9, columns: {id: {uuid: row}}}\n", {}},
    };
    const auto path = testing::TempDir() + "bazaard-limits-" + std::to_string(getpid()) + ".yaml";
    for (const auto& [text, lines] : files)
    {
        std::ofstream(path) << head << text;
        std::vector<std::string> expected;
        for (const auto& line : lines)
            expected.push_back(path + line);
        std::vector<std::string> found;
        try
        {
            static_cast<void>(offered_file(path, "test"));
        }
        catch (const error& refusal)
        {
            EXPECT_EQ(refusal.kind(), error_kind::data);
            found = refusal.lines();
        }
        EXPECT_EQ(found, expected) << text;
    }
    fs::remove(path);
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
