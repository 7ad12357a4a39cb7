// Shops that are files, while servers and programs are killed and sessions cut, and a standby takes over: each unit is there once and
// whole in the end.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/daemon.hpp"
#include "support/eventually.hpp"
#include "support/postgres_server.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

struct shipped
{
    std::string name, schema;
    std::string busy;   ///< Table that grows all the time.
    std::int64_t step;  ///< Of its rows, between two faults.
    std::string harm;   ///< Statement that alters one row.

    friend std::ostream& operator<<(std::ostream& out, const shipped& one) { return out << one.name; }
};

class scenario_faults : public testing::TestWithParam<shipped>
{
};

TEST_P(scenario_faults, leave_each_unit_once_and_whole)
{
    const auto& shop = GetParam();
    postgres_server primary;
    const auto database = primary.fresh_database();
    const auto standby = primary.make_standby();
    auto either = database;
    either.host = "127.0.0.1,127.0.0.1";
    either.port = std::to_string(primary.port()) + "," + std::to_string(standby->port());
    const std::vector<std::string> flags{"--scenario", shop.name,    "--sink", "postgres",  "--seed", "6",
                                         "--unpaced",  "--max-iter", "9000",   "--workers", "4"};
    const auto grown = [&](int steps)
    {
        return eventually(
            [&]
            {
                auto link = primary.superuser(*database.name);
                const auto busy = shop.schema + "." + shop.busy;
                return one(link, "SELECT to_regclass('" + busy + "') IS NOT NULL") == "t" &&
                       std::stoll(one(link, "SELECT count(*) FROM " + busy)) >= shop.step * steps;
            });
    };

    auto daemon = start_bazaard("run", either, flags);
    ASSERT_TRUE(grown(1));
    primary.kill_hard();
    primary.start();
    ASSERT_TRUE(grown(2));
    primary.superuser().exec(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'bazaard%'");
    ASSERT_TRUE(grown(3));
    daemon.send(SIGKILL);
    daemon.wait();
    auto again = start_bazaard("run", either, flags);
    ASSERT_TRUE(grown(4));
    primary.kill_hard();
    standby->promote();
    const auto left = again.wait(std::chrono::seconds(150));
    EXPECT_EQ(left.status, 0) << left.err;

    auto there = database;
    there.port = std::to_string(standby->port());
    const std::vector<std::string> tables{"tables", "--db-schema", shop.schema};
    const auto clean = run_bazaard("verify", there, tables);
    EXPECT_EQ(clean.status, 0) << clean.out << clean.err;
    EXPECT_NE(clean.out.find("clean"), clean.out.npos) << clean.out;

    // The control.
    sql_client link(there);
    link.exec("SET search_path = " + shop.schema);
    link.exec(shop.harm);
    const auto altered = run_bazaard("verify", there, tables);
    EXPECT_EQ(altered.status, 1) << altered.out << altered.err;
}

INSTANTIATE_TEST_SUITE_P(
    files, scenario_faults,
    testing::Values(
        shipped{"river-hotel", "cdc", "clickstream", 1000,
                "UPDATE hotel SET name = name || '!' WHERE hotel_id = (SELECT min(hotel_id) FROM hotel)"},
        shipped{"smoothie-shop", "smoothies", "purchases", 2000,
                "UPDATE products SET price = price + 1 WHERE product_id = (SELECT min(product_id) FROM products)"}),
    [](const auto& each)
    {
        auto name = each.param.name;
        std::ranges::replace(name, '-', '_');
        return name;
    });

}  // namespace
}  // namespace bazaar::test
