// sql/thelook/schema.sql is what the tables say. BAZAARD_TEST_UPDATE=1 writes it anew. And sql/thelook/invariants.sql, which is written by
// hand, knows all states of orders.

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/postgres/schema.hpp"
#include "bazaar/scenario/thelook/tables.hpp"
#include "scenario/thelook/states.hpp"
#include "support/contents.hpp"
#include "support/daemon.hpp"
#include "support/places.hpp"

namespace bazaar
{
namespace
{

TEST(Schema, TheCheckedInFileIsMadeOfTheTables)
{
    const std::string path = test::source_dir() + "/sql/thelook/schema.sql";
    const auto made = postgres::schema_sql(scenario::thelook::tables());
    if (std::getenv("BAZAARD_TEST_UPDATE") != nullptr)
        std::ofstream(path) << made;
    EXPECT_EQ(test::contents(path), made);
}

namespace look = scenario::thelook;

/// What must stand in which query of invariants.sql, given by the beginning of its name.
std::vector<std::pair<std::string, std::string>> words_of_states()
{
    std::vector<std::pair<std::string, std::string>> all;
    const auto columns = look::tables()[look::table::orders].columns;
    for (const auto& state : look::states)
    {
        const std::string stamp(columns[state.order_stamp].name);
        const auto status = "'" + std::string(state.status) + "'";
        for (const auto* query : {"I7 order time line", "I9 ", "I10 "})
            all.emplace_back(query, stamp);
        all.emplace_back("I9 ", "i." + stamp);
        all.emplace_back("I9 ", "o." + stamp);
        all.emplace_back("I12 ", status);
        if (state.from.empty())
            continue;
        all.emplace_back("I8 ", stamp);
        all.emplace_back("I12 ", stamp);
        if (state.closing.empty())
            continue;
        all.emplace_back("I15 ", stamp);
        all.emplace_back("I15 ", status);
        all.emplace_back("I24 one", stamp);
        all.emplace_back("I24 one", "'" + std::string(state.closing) + "'");
    }
    return all;
}

/// What does not.
std::vector<std::pair<std::string, std::string>> missing_in(const std::vector<test::named_sql>& queries)
{
    std::vector<std::pair<std::string, std::string>> all;
    for (const auto& [query, word] : words_of_states())
    {
        bool there = false;
        for (const auto& one : queries)
            there = there || (one.name.starts_with(query) && one.sql.find(word) != std::string::npos);
        if (!there)
            all.emplace_back(query, word);
    }
    return all;
}

TEST(Invariants, KnowEachState)
{
    const auto queries = test::read_named_sql("invariants.sql", "name");
    ASSERT_FALSE(queries.empty());
    EXPECT_EQ(missing_in(queries), (std::vector<std::pair<std::string, std::string>>{}));
    // The negative control: each word taken out of its query is missed.
    for (const auto& wanted : words_of_states())
    {
        auto harmed = queries;
        for (auto& one : harmed)
            for (std::size_t at;
                 one.name.starts_with(wanted.first) && (at = one.sql.find(wanted.second)) != std::string::npos;)
                one.sql.erase(at, wanted.second.size());
        const auto missed = missing_in(harmed);
        EXPECT_NE(std::find(missed.begin(), missed.end(), wanted), missed.end())
            << wanted.first << ": " << wanted.second;
    }
}

}  // namespace
}  // namespace bazaar
