// Scenarios as the program lists them, and as a command line names them.

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/scenario/registry.hpp"
#include "cli/process.hpp"
#include "support/places.hpp"

namespace bazaar::test
{
namespace
{

using nlohmann::json;

/// Names of the flags of a scenario in docs/flags.md, whose heading names it only where there are several.
std::set<std::string> documented_fields(const std::string& scenario)
{
    std::ifstream file(source_dir() + "/docs/flags.md");
    std::set<std::string> names;
    bool there = false;
    for (std::string line; std::getline(file, line);)
    {
        if (line.starts_with("## "))
            there = line == "## Shop" || line == "## Shop of " + scenario;
        if (there && line.starts_with("| `--"))
            names.insert(line.substr(5, line.find_first_of(" `,", 5) - 5));
    }
    return names;
}

TEST(cli_scenarios, are_listed_for_programs)
{
    const auto left = bazaard({"scenario", "list", "--json"});
    ASSERT_EQ(left.status, 0) << left.err;
    const auto all = json::parse(left.out).at("scenarios");
    ASSERT_EQ(all.size(), scenario::registry().size());
    const auto& one = all[0];
    const auto& entry = scenario::default_entry();
    EXPECT_EQ(one.at("name"), "thelook");
    EXPECT_EQ(one.at("default"), true);
    EXPECT_EQ(one.at("version"), entry.version);
    ASSERT_EQ(one.at("tables").size(), entry.tables.size());
    for (std::size_t i = 0; i < entry.tables.size(); ++i)
        EXPECT_EQ(one["tables"][i], entry.tables[i].name);
    std::set<std::string> names;
    for (const auto& field : one.at("fields"))
        names.insert(field.at("name").get<std::string>());
    EXPECT_GT(names.size(), 10U);
    EXPECT_EQ(names, documented_fields("thelook"));
    const auto& rate = one["fields"][0];
    EXPECT_EQ(rate["name"], "avg-qps");
    EXPECT_EQ(rate["default"], "20");
    EXPECT_EQ(rate["range"], "from 0.000001 to 100000");
    EXPECT_EQ(rate["steerable"], true);
    EXPECT_EQ(one["fields"][1]["steerable"], false) << one["fields"][1];
    EXPECT_EQ(one.at("seed_files").size(), entry.files.size());
}

TEST(cli_scenarios, are_listed_for_people)
{
    const auto left = bazaard({"scenario", "list"});
    ASSERT_EQ(left.status, 0) << left.err;
    EXPECT_TRUE(left.out.starts_with(
        fmt::format("thelook, version {}, the default\n  tables: dist_centers, ", scenario::find("thelook")->version)))
        << left.out;
    for (const auto& name : documented_fields("thelook"))
        EXPECT_NE(left.out.find("\n    --" + name + ' '), std::string::npos) << name;
}

TEST(cli_scenarios, need_the_word_list)
{
    const auto bare = bazaard({"scenario"});
    EXPECT_EQ(bare.status, 64);
    EXPECT_NE(bare.err.find("scenario: needs a word: list"), std::string::npos) << bare.err;
    const auto wrong = bazaard({"scenario", "lists"});
    EXPECT_EQ(wrong.status, 64);
    EXPECT_NE(wrong.err.find("scenario: lists is none of list"), std::string::npos) << wrong.err;
}

TEST(cli_scenarios, of_an_unknown_name_are_refused)
{
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"plan", "--seed", "7"}, {"run"}, {"cdc", "setup"}, {"topics", "check"}, {"verify", "tables"}})
    {
        auto line = words;
        line.insert(line.end(), {"--scenario", "theloko"});
        const auto left = bazaard(line);
        EXPECT_EQ(left.status, 64) << left.err;
        EXPECT_NE(left.err.find("--scenario theloko: must be one of: thelook; did you mean thelook?"),
                  std::string::npos)
            << left.err;
    }
    const auto named = bazaard({"plan", "--seed", "7", "--start-time", "2025-01-01", "--scenario", "thelook"});
    EXPECT_EQ(named.status, 0) << named.err;
    EXPECT_EQ(named.out, bazaard({"plan", "--seed", "7", "--start-time", "2025-01-01"}).out);
    EXPECT_GT(named.out.size(), 100U);
}

}  // namespace
}  // namespace bazaar::test
