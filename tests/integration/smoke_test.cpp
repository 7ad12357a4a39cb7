// The whole daemon in a few seconds, against the server version that BAZAARD_PG_BIN names.

#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <string>
#include <vector>

#include "cli/process.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

class smoke : public testing::Test
{
protected:
    [[nodiscard]] finished run(int ticks) const
    {
        return bazaard({"run",         "--db-host",    *to.host,
                        "--db-port",   *to.port,       "--db-user",
                        *to.user,      "--db-name",    *to.name,
                        "--seed",      "2024",         "--init-num-users",
                        "100",         "--max-iter",   std::to_string(ticks),
                        "--unpaced",   "--start-time", "2024-05-01T00:00:00Z",
                        "--lifecycle", "complete",     "--lifecycle-scale",
                        "0.01",        "--log-format", "text"});
    }

    /// The number behind a name in the line "rows" of the summary; -1 when it is not there.
    static long printed(const std::string& summary, const std::string& table)
    {
        const auto begin = summary.find("\nrows ");
        const auto line = begin == summary.npos ? ""
                                                : summary.substr(begin, summary.find('\n', begin + 1) - begin) + ' ';
        const auto place = line.find(' ' + table + ' ');
        if (place == line.npos)
            return -1;
        std::string digits;
        for (auto i = place + table.size() + 2; i < line.size() && line[i] != ' '; ++i)
            if (std::isdigit(static_cast<unsigned char>(line[i])) != 0)
                digits += line[i];
        return digits.empty() ? -1 : std::stol(digits);
    }

    void expect_whole_shop(const finished& left, int ticks)
    {
        EXPECT_EQ(left.status, 0) << left.err;
        for (const std::string table : {"users", "orders", "order_items", "events"})
            EXPECT_EQ(std::to_string(printed(left.out, table)), one(on, "SELECT count(*) FROM demo." + table))
                << table << " of\n"
                << left.out;
        EXPECT_EQ(one(on, "SELECT count(*) FROM demo.orders"), std::to_string(ticks));
        EXPECT_EQ(one(on, "SELECT count(*) FROM demo.orders o WHERE num_of_items <> (SELECT count(*) FROM "
                          "demo.order_items i WHERE i.order_id = o.id)"),
                  "0");
        EXPECT_EQ(one(on, "SELECT count(*) FROM demo.order_items i JOIN demo.orders o ON o.id = i.order_id "
                          "WHERE i.status <> o.status AND o.status <> 'Returned'"),
                  "0");
        EXPECT_EQ(one(on, "SELECT count(*) FROM demo.orders WHERE updated_at > now()"), "0");
        EXPECT_EQ(rows(on, "SELECT settled > " + std::to_string(ticks) + ", clean FROM bazaard.run"), "t|t\n");
    }

    postgres::connection_flags to = postgres_cluster::get().fresh_database();
    sql_client on{to};
};

TEST_F(smoke, a_run_is_whole_and_goes_on)
{
    RecordProperty("server", one(on, "SHOW server_version"));
    const auto first = run(300);
    expect_whole_shop(first, 300);
    // Otherwise no update was tried.
    EXPECT_EQ(one(on, "SELECT count(*) > 10 FROM demo.orders WHERE status <> 'Processing'"), "t");

    const auto settled = on.exec("SELECT settled FROM bazaard.run").number(0, 0);
    const auto second = run(450);
    expect_whole_shop(second, 450);
    EXPECT_NE(second.err.find("run main goes on at unit " + std::to_string(settled) + ','), std::string::npos)
        << second.err;
    EXPECT_EQ(one(on, "SELECT count(DISTINCT xmin::text) FROM demo.products"), "1");
}

TEST_F(smoke, the_server_is_the_one_that_was_asked_for)
{
    const auto wanted = postgres_cluster::get().value("BAZAARD_PG_BIN");
    const char* named = std::getenv("BAZAARD_PG_BIN");
    if (named == nullptr)
        GTEST_SKIP() << "BAZAARD_PG_BIN names none";
    EXPECT_EQ(wanted, named);
}

}  // namespace
}  // namespace bazaar::test
