// sql/thelook/schema.sql is what the tables say. BAZAARD_TEST_UPDATE=1 writes it anew.

#include <cstdlib>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "bazaar/postgres/schema.hpp"
#include "bazaar/scenario/thelook/tables.hpp"
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
    std::ifstream in(path);
    const std::string there{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    EXPECT_EQ(there, made);
}

}  // namespace
}  // namespace bazaar
