// bazaard describe: a plan in figures and charts, without a database.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/words.hpp"
#include "cli/process.hpp"
#include "support/places.hpp"
#include "support/stopped.hpp"

namespace bazaar::test
{
namespace
{

using words = std::vector<std::string>;

words joined(words first, const words& more)
{
    first.insert(first.end(), more.begin(), more.end());
    return first;
}

finished described(words more)
{
    more.insert(more.begin(), {"describe", "--progress", "off"});
    // A database that does not exist: nobody asks for it.
    return bazaard(more, {{"PGHOST", "127.0.0.1"}, {"PGPORT", "1"}});
}

const words little_shop{"--seed", "3",         "--start-time", "2024-01-01",       "--max-iter",
                        "400",    "--avg-qps", "0.001",        "--init-num-users", "50"};

/// The value in the line of this figure.
std::string value_of(const std::string& text, const std::string& title)
{
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(title + "  "))
        {
            const auto begin = line.find_first_not_of(' ', title.size());
            return line.substr(begin, line.find("  ", begin) - begin);
        }
    return "no line";
}

TEST(cli_describe, shows_twelve_figures_and_charts)
{
    const auto left = described(little_shop);
    ASSERT_EQ(left.status, 0) << left.err;
    EXPECT_TRUE(left.out.starts_with("thelook, run main, seed 3, start 2024-01-01T00:00:00.000000Z\n\n")) << left.out;
    for (const auto* title :
         {"\nTime ", "\nUnits of work ", "\nUsers ", "\nBuyers ", "\nOrders ", "\nRevenue ", "\nAverage order value ",
          "\nPieces per order ", "\nSessions ", "\nConversion ", "\nCancelled orders ", "\nReturned orders ",
          "\nOrders by hour", "\nOrders by weekday", "\nFunnel", "\nCategories by revenue", "\nBuyers by the "})
        EXPECT_NE(left.out.find(title), std::string::npos) << title << left.out;
    EXPECT_EQ(value_of(left.out, "Orders"), "400") << left.out;
    // The same again, and another shop with other flags.
    EXPECT_EQ(described(little_shop).out, left.out);
    auto other = little_shop;
    other[1] = "4";
    EXPECT_NE(described(other).out, left.out);
}

TEST(cli_describe, follows_the_flags)
{
    const auto conversion = [](const finished& left) { return value_of(left.out, "Conversion"); };
    EXPECT_NE(conversion(described(joined(little_shop, {"--ghost-create-prob", "0"}))),
              conversion(described(joined(little_shop, {"--ghost-create-prob", "1"}))));
    const auto wrong = described({"--avg-qps", "0"});
    EXPECT_EQ(wrong.status, 64);
    EXPECT_NE(wrong.err.find("--avg-qps 0: "), std::string::npos) << wrong.err;
    EXPECT_EQ(described({"--db-host", "h"}).status, 64) << "no database is needed, so none can be named";
}

TEST(cli_describe, is_the_same_for_the_same_seed)
{
    const words seeded{"--seed", "3", "--init-num-users", "50", "--avg-qps", "0.001"};
    // Midnight may come between two of them, but not twice.
    auto first = described(seeded), second = described(seeded);
    if (first.out != second.out)
        first = described(seeded);
    EXPECT_EQ(first.status, 0) << first.err;
    EXPECT_EQ(first.out, second.out);
    for (const words& more :
         {words{"--history", "20d"}, words{"--max-iter", "30"}, words{"--max-iter", "30", "--unpaced"},
          words{"--start-time", "2024-01-01", "--max-iter", "30"}})
    {
        const auto other = described(joined(seeded, more));
        EXPECT_EQ(other.status, 0) << other.err;
        EXPECT_NE(other.out, first.out) << more.front();
    }
    EXPECT_NE(described({"--init-num-users", "50", "--avg-qps", "0.001"}).out, first.out);
    const auto unseeded = described({"--init-num-users", "50", "--max-iter", "3"});
    EXPECT_NE(unseeded.err.find(" repeats it, until the day (UTC) is over"), std::string::npos) << unseeded.err;
}

/// Of a plan without a unit, too, everything is said.
TEST(cli_describe, shows_a_plan_without_units)
{
    const auto left = described({"--seed", "3", "--history", "1s", "--avg-qps", "0.000001", "--init-num-users", "5"});
    ASSERT_EQ(left.status, 0) << left.err;
    EXPECT_EQ(value_of(left.out, "Time"), "1 s") << left.out;
    EXPECT_EQ(value_of(left.out, "Units of work"), "0");
    EXPECT_EQ(value_of(left.out, "Users"), "5");
    EXPECT_EQ(value_of(left.out, "Average order value"), "-");
    EXPECT_NE(left.out.find("\nCategories by revenue\n  none\n"), std::string::npos) << left.out;
    const auto one = described({"--seed", "3", "--max-iter", "1", "--init-num-users", "1"});
    EXPECT_EQ(one.status, 0) << one.err;
    EXPECT_EQ(value_of(one.out, "Orders"), "1") << one.out;
}

TEST(cli_describe, says_in_one_line_what_is_wrong)
{
    const auto folder = testing::TempDir();
    const std::vector<std::tuple<words, int, std::string>> wrong{
        {{"--seed", "x"}, 64, "--seed x: "},
        {{"--history", "0s"}, 64, "--history 0s: "},
        {{"--history", "9999999d"}, 64, "--history 9999999d: "},
        {{"--history", "1d", "--start-time", "2024-01-01"}, 64, "give this or --start-time, not both"},
        {{"--start-time", "2999-01-01"}, 64, "must not be in the future"},
        {{"--unpaced"}, 64, "--unpaced: needs --max-iter N"},
        {{"--units", "0..3"}, 64, "--units"},
        {{"--country", "Atlantis"}, 64, "Atlantis"},
        {{"--card", folder + "no-such-card"}, 66, "no-such-card"},
        {{"--seed-dir", folder + "no-such-seeds"}, 66, "no-such-seeds"},
        {{"--html", folder}, 73, "--html " + folder},
        {{"--html", folder + "no-such-folder/page.html"}, 73, "no-such-folder"},
        {{"more"}, 64, "more"},
    };
    for (const auto& [flags, status, text] : wrong)
    {
        const auto left = described(flags);
        EXPECT_EQ(left.status, status) << text << ": " << left.err;
        EXPECT_EQ(left.out, "") << text;
        const auto line = left.err.substr(0, left.err.find('\n'));
        EXPECT_NE(line.find(text), std::string::npos) << text << ": " << left.err;
    }
}

std::size_t longest_line(const std::string& text)
{
    std::size_t longest = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        longest = std::max(longest, characters(line));
    return longest;
}

TEST(cli_describe, fits_the_terminal_and_its_locale)
{
    const auto shown = [](unsigned short columns, const std::string& locale)
    {
        const terminal screen(columns);
        const empty_pipe said;
        child one(joined({program_path(), "describe"}, little_shop),
                  {said.descriptor(), screen.descriptor(), said.descriptor()}, {{"LANG", locale}});
        // A terminal that nobody reads takes little.
        std::string text;
        std::optional<int> status;
        EXPECT_TRUE(eventually(
            [&]
            {
                text += screen.taken();
                return (status = one.wait(std::chrono::milliseconds(0))).has_value();
            }));
        EXPECT_EQ(status, 0) << said.taken();
        return text + screen.taken();
    };
    const auto narrow = shown(50, "C.UTF-8");
    EXPECT_LE(longest_line(narrow), 50U) << narrow;
    EXPECT_NE(narrow.find("█"), std::string::npos);
    EXPECT_GT(longest_line(shown(120, "C.UTF-8")), 50U);
    const auto ascii = shown(80, "C");
    EXPECT_NE(ascii.find("##"), std::string::npos) << ascii;
    EXPECT_TRUE(std::ranges::all_of(ascii, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) << ascii;
    // Through a pipe: the usual width.
    EXPECT_LE(longest_line(described(little_shop).out), 80U);
}

TEST(cli_describe, ends_with_its_reader)
{
    const auto page = testing::TempDir() + "bazaard-describe-head-" + std::to_string(getpid()) + ".html";
    const auto left = process({"/bin/sh", "-c", "\"$@\" | head -1", "sh", program_path(), "describe", "--seed", "3",
                               "--max-iter", "50", "--html", page},
                              {})
                          .wait();
    EXPECT_EQ(left.status, 0) << left.err;
    EXPECT_EQ(std::ranges::count(left.out, '\n'), 1) << left.out;
    EXPECT_EQ(left.err, "");
    EXPECT_TRUE(std::filesystem::exists(page)) << "the page waits for nobody";
    std::filesystem::remove(page);
}

TEST(cli_describe, covers_the_history_that_is_asked_for)
{
    const auto left = described({"--seed", "3", "--history", "10d", "--avg-qps", "0.002", "--init-num-users", "50"});
    ASSERT_EQ(left.status, 0) << left.err;
    EXPECT_EQ(value_of(left.out, "Time"), "10 days") << left.out;
    // Ended by its ticks, it ends with the last unit.
    const auto ticks = described(
        {"--seed", "3", "--history", "10d", "--avg-qps", "0.002", "--init-num-users", "50", "--max-iter", "200"});
    EXPECT_TRUE(value_of(ticks.out, "Time").ends_with(" hours")) << ticks.out;
}

TEST(cli_describe, says_that_it_shows_the_beginning)
{
    const auto left = described({"--seed", "3", "--init-num-users", "50"});
    ASSERT_EQ(left.status, 0) << left.err;
    EXPECT_NE(left.err.find("this is the beginning, 200,000 ticks"), std::string::npos) << left.err;
    EXPECT_EQ(described(little_shop).err.find("this is the beginning"), std::string::npos);
}

TEST(cli_describe, shows_progress_of_a_long_plan_to_whoever_looks)
{
    const words longer{"describe", "--seed", "3", "--max-iter", "300000"};
    const auto on = bazaard(joined(longer, {"--progress", "on"}));
    ASSERT_EQ(on.status, 0) << on.err;
    EXPECT_NE(on.err.find(" units | "), std::string::npos) << on.err;
    // Nobody looks at a pipe.
    const auto automatic = bazaard(longer);
    EXPECT_EQ(automatic.status, 0);
    EXPECT_EQ(automatic.err, "");
    EXPECT_EQ(automatic.out, on.out);
    const terminal screen;
    std::string file = testing::TempDir() + "bazaard-describe-XXXXXX";
    const int out = ::mkstemp(file.data());
    ASSERT_GE(out, 0);
    child one(joined({program_path()}, longer), {out, out, screen.descriptor()});
    EXPECT_NE(screen.taken_until(" units | ").find(" units | "), std::string::npos);
    EXPECT_EQ(one.wait(std::chrono::seconds(60)), 0);
    ::close(out);
    std::ifstream written(file);
    std::stringstream content;
    content << written.rdbuf();
    EXPECT_EQ(content.str(), on.out) << "progress is on stderr alone";
    std::filesystem::remove(file);
}

TEST(cli_describe, takes_a_card)
{
    const auto place = testing::TempDir() + "bazaard-describe-" + std::to_string(getpid());
    const auto loaded = bazaard({"load", "--to", place, "--seed", "8", "--max-iter", "150", "--avg-qps", "0.01",
                                 "--init-num-users", "30", "--progress", "off"});
    ASSERT_EQ(loaded.status, 0) << loaded.err;
    std::string card;
    for (const auto& file : std::filesystem::directory_iterator(place))
        if (file.path().extension() == ".json")
            card = file.path();
    ASSERT_NE(card, "");
    const auto left = described({"--card", card});
    EXPECT_EQ(left.status, 0) << left.err;
    EXPECT_TRUE(left.out.starts_with("thelook, run main, seed 8, ")) << left.out;
    // Its orders are those of the files.
    std::ifstream orders(place + "/orders.csv");
    std::size_t lines = 0;
    for (std::string line; std::getline(orders, line);)
        ++lines;
    EXPECT_EQ(value_of(left.out, "Orders"), std::to_string(lines - 1));
    std::filesystem::remove_all(place);
}

TEST(cli_describe, writes_a_page)
{
    std::string folder = testing::TempDir() + "bazaard-describe-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const auto page = folder + "/page.html";
    const auto written = [&](const words& flags)
    {
        const auto left = described(joined(flags, {"--html", page}));
        EXPECT_EQ(left.status, 0) << left.err;
        std::ifstream file(page);
        std::stringstream content;
        content << file.rdbuf();
        return content.str();
    };
    const auto first = written(little_shop);
    EXPECT_TRUE(first.starts_with("<!DOCTYPE html>"));
    EXPECT_TRUE(first.ends_with("</html>\n"));
    EXPECT_NE(first.find("<h2>Categories by revenue</h2>"), std::string::npos);
    EXPECT_NE(first.find("<b>400</b>"), std::string::npos);
    for (const auto* outside : {"<script", "http:", "https:", "url(", "@import", "src=", "href="})
        EXPECT_EQ(first.find(outside), std::string::npos) << outside;
    // It replaces what was there, as a whole.
    EXPECT_NE(written({"--seed", "4", "--max-iter", "20"}), first);
    EXPECT_EQ(written(little_shop), first);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1) << "something was left behind";
    std::filesystem::remove_all(folder);
    // It is known before anything is planned that there is no place for it.
    const auto nowhere = described(joined(little_shop, {"--html", "/nowhere/at/all.html"}));
    EXPECT_EQ(nowhere.status, 73) << nowhere.err;
    EXPECT_EQ(nowhere.out, "");
}

}  // namespace
}  // namespace bazaar::test
