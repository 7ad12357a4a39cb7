// bazaard describe: a plan in figures and charts, without a database.

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cli/process.hpp"

namespace bazaar::test
{
namespace
{

using words = std::vector<std::string>;

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

words joined(words first, const words& more)
{
    first.insert(first.end(), more.begin(), more.end());
    return first;
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

TEST(cli_describe, covers_the_history_that_is_asked_for)
{
    const auto left = described({"--seed", "3", "--history", "10d", "--avg-qps", "0.002", "--init-num-users", "50"});
    ASSERT_EQ(left.status, 0) << left.err;
    // The last unit comes minutes before the end.
    EXPECT_EQ(value_of(left.out, "Time"), "9 days") << left.out;
}

TEST(cli_describe, says_that_it_shows_the_beginning)
{
    const auto left = described({"--seed", "3", "--init-num-users", "50"});
    ASSERT_EQ(left.status, 0) << left.err;
    EXPECT_NE(left.err.find("this is the beginning, 200,000 ticks"), std::string::npos) << left.err;
    EXPECT_EQ(described(little_shop).err.find("this is the beginning"), std::string::npos);
}

TEST(cli_describe, shows_progress_of_a_long_plan)
{
    auto line = joined({"describe", "--progress", "on", "--seed", "3"}, {"--max-iter", "400000"});
    const auto left = bazaard(line);
    ASSERT_EQ(left.status, 0) << left.err;
    EXPECT_NE(left.err.find(" units | "), std::string::npos) << left.err;
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
    const auto page = testing::TempDir() + "bazaard-describe-" + std::to_string(getpid()) + ".html";
    const auto left = described(joined(little_shop, {"--html", page}));
    ASSERT_EQ(left.status, 0) << left.err;
    std::ifstream file(page);
    std::stringstream content;
    content << file.rdbuf();
    EXPECT_TRUE(content.str().starts_with("<!DOCTYPE html>"));
    EXPECT_TRUE(content.str().ends_with("</html>\n"));
    EXPECT_NE(content.str().find("<h2>Categories by revenue</h2>"), std::string::npos);
    std::filesystem::remove(page);
    // It is known before anything is planned that there is no place for it.
    const auto nowhere = described(joined(little_shop, {"--html", "/nowhere/at/all.html"}));
    EXPECT_EQ(nowhere.status, 73) << nowhere.err;
    EXPECT_EQ(nowhere.out, "");
}

}  // namespace
}  // namespace bazaar::test
