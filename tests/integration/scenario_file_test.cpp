// Shops that are files, from an empty database to clean tables: made, run, killed, continued, verified, with the file gone.

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

#include <gtest/gtest.h>

#include "bazaar/io/scenario_file.hpp"
#include "support/daemon.hpp"
#include "support/eventually.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"
#include "support/tutorial.hpp"

namespace bazaar::test
{
namespace
{

using words = std::vector<std::string>;

words operator+(words a, const words& b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

class scenario_file : public testing::Test
{
protected:
    scenario_file() { std::filesystem::create_directories(directory_); }
    ~scenario_file() override { std::filesystem::remove_all(directory_); }

    [[nodiscard]] std::string file(const std::string& name, const std::string& text) const
    {
        const auto path = directory_ + "/" + name;
        std::ofstream(path) << text;
        return path;
    }

    [[nodiscard]] finished did(const std::string& command, const words& more) const
    {
        return run_bazaard(command, database_, more);
    }

    void good(const std::string& command, const words& more) const
    {
        const auto left = did(command, more);
        EXPECT_EQ(left.status, 0) << command << ' ' << testing::PrintToString(more) << left.out << left.err;
    }

    /// Each of the file's checks returns no row, and `harm` makes one of them return one.
    void check(const std::string& name, const std::string& schema, const std::string& harm)
    {
        const auto read = io::read_scenario(name, "test");
        ASSERT_TRUE(read.spec.has_value());
        ASSERT_FALSE(read.spec->checks.empty());
        link_.exec("SET search_path = " + schema);
        for (const auto& one : read.spec->checks)
            EXPECT_EQ(rows(link_, one.sql), "") << one.name;
        link_.exec("BEGIN");
        link_.exec(harm);
        std::string found;
        for (const auto& one : read.spec->checks)
            found += rows(link_, one.sql);
        EXPECT_NE(found, "") << "a control: " << harm;
        link_.exec("ROLLBACK");
    }

    /// Runs to its end with a kill in the middle; the first run that is killed writes at least `rows` rows of `table`.
    void run_killed(const words& flags, const std::string& table, std::int64_t least)
    {
        auto daemon = start_bazaard("run", database_, flags);
        const auto count = "SELECT CASE WHEN to_regclass('" + table +
                           "') IS NULL THEN 0 ELSE (xpath('/row/c/text()', "
                           "query_to_xml('SELECT count(*) AS c FROM " +
                           table + "', false, true, '')))[1]::text::int END";
        EXPECT_TRUE(eventually([&] { return std::stoll(one(link_, count)) > least; }));
        daemon.send(SIGKILL);
        daemon.wait();
        good("run", flags);
    }

    std::string directory_ = testing::TempDir() + "bazaard-file-" + std::to_string(getpid());
    postgres::connection_flags database_ = postgres_cluster::get().fresh_database();
    sql_client link_{database_};
};

TEST_F(scenario_file, of_the_tutorial_is_run_killed_and_verified)
{
    const auto shop = file("mine.yaml", tutorial_shop());
    const words flags{"--scenario", shop, "--seed", "1", "--unpaced", "--max-iter", "1500"};
    good("init", {"--scenario", shop});
    run_killed(flags, "bookshop.orders", 100);
    EXPECT_GT(std::stoll(one(link_, "SELECT count(*) FROM bookshop.orders")), 200);
    EXPECT_GT(std::stoll(one(link_, "SELECT count(*) FROM bookshop.orders WHERE updated_at > ordered_at")), 50);
    check(shop, "bookshop", "UPDATE books SET stock = stock - 1 WHERE isbn = 'B-101'");

    // The run carries its file.
    std::filesystem::remove(shop);
    const words there{"--db-schema", "bookshop"};
    good("verify", words{"tables"} + there);
    good("card", there);
    const auto id = one(link_, "SELECT order_id FROM bookshop.orders ORDER BY order_id LIMIT 1");
    const auto told = did("explain", words{id} + there);
    EXPECT_EQ(told.status, 0) << told.err;
    EXPECT_NE(told.out.find("insert orders"), told.out.npos) << told.out;

    // Negative controls: an altered, a lost and a foreign row are named.
    link_.exec("UPDATE bookshop.orders SET total = total + 1 WHERE order_id = '" + id + "'");
    const auto altered = did("verify", words{"tables"} + there);
    EXPECT_EQ(altered.status, 1) << altered.out << altered.err;
    EXPECT_NE(altered.out.find("total"), altered.out.npos) << altered.out;
    EXPECT_NE(altered.out.find(id), altered.out.npos) << altered.out;

    // Another text is another plan.
    auto text = tutorial_shop();
    text.replace(text.find("price: 14.90"), 12, "price: 14.91");
    const auto changed = did("run",
                             words{"--scenario", file("mine.yaml", text)} + words{"--unpaced", "--max-iter", "9"});
    EXPECT_EQ(changed.status, 78) << changed.err;
    EXPECT_NE(changed.err.find("another text of the scenario bookshop"), changed.err.npos) << changed.err;
    good("reset", words{"--yes"} + there);
    EXPECT_EQ(one(link_, "SELECT count(*) FROM bookshop.orders"), "0");
}

TEST_F(scenario_file, smoothie_shop_is_run_killed_and_verified)
{
    const words flags{"--scenario", "smoothie-shop", "--sink",     "postgres", "--seed",
                      "5",          "--unpaced",     "--max-iter", "2000"};
    const auto refused = did("run", {"--scenario", "smoothie-shop", "--max-iter", "5"});
    EXPECT_EQ(refused.status, 64) << refused.err;
    EXPECT_NE(refused.err.find("--sink postgres"), refused.err.npos) << refused.err;
    run_killed(flags, "smoothies.purchases", 400);
    EXPECT_GT(std::stoll(one(link_, "SELECT count(*) FROM smoothies.purchases")), 2000);
    check("smoothie-shop", "smoothies",
          "UPDATE products SET inventory = inventory + 1 WHERE product_id = 'SF'"
          " OR true");
    good("verify", {"tables", "--db-schema", "smoothies"});
    link_.exec("DELETE FROM smoothies.stockings WHERE stocking_id = (SELECT min(stocking_id::text)::uuid FROM "
               "smoothies.stockings)");
    EXPECT_EQ(did("verify", {"tables", "--db-schema", "smoothies"}).status, 1);
}

}  // namespace
}  // namespace bazaar::test
