// Histories of shops that are files, loaded in bulk: each row once, as the units one by one leave it.

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <istream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/base/time.hpp"
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

/// A shop, how much of it is below the seam, and how much in all.
struct shop
{
    std::string file;  ///< Empty: the tutorial's last one.
    std::string schema;
    words flags;
    int loaded = 0;
    int all = 0;
    std::string changed;  ///< Counts rows that a unit has changed.
    std::string harm;     ///< Of one row, of which `key` stays.
    std::string column;   ///< That it changes.

    friend std::ostream& operator<<(std::ostream& out, const shop& one) { return out << one.schema; }
};

std::string ago(std::chrono::microseconds time_span)
{
    const auto now = std::chrono::system_clock::now().time_since_epoch() - time_span;
    return to_string(time{std::chrono::duration_cast<microseconds>(now).count()});
}

std::string digests(sql_client& on, const std::string& schema)
{
    std::string all;
    const auto tables = on.exec("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = '" + schema +
                                "' AND tablename NOT LIKE '%heartbeat%' ORDER BY 1");
    for (int i = 0; i < tables.rows(); ++i)
    {
        const std::string name(tables.get(i, 0));
        all += name + ' ' +
               one(on,
                   "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') FROM " +
                       schema + '.' + name + " t") +
               '\n';
    }
    return all;
}

class scenario_load : public testing::TestWithParam<shop>
{
protected:
    scenario_load()
    {
        std::filesystem::create_directories(directory_);
        std::ofstream(directory_ + "/mine.yaml", std::ios::binary) << tutorial_shop();
    }
    ~scenario_load() override { std::filesystem::remove_all(directory_); }

    [[nodiscard]] std::string file() const
    {
        return GetParam().file.empty() ? directory_ + "/mine.yaml" : GetParam().file;
    }

    [[nodiscard]] words flags(int ticks) const
    {
        return words{"--scenario", file(),       "--seed", "5",          "--start-time",
                     start_,       "--progress", "off",    "--max-iter", std::to_string(ticks)} +
               GetParam().flags;
    }

    finished did(const std::string& command, const postgres::connection_flags& at, const words& more) const
    {
        return run_bazaard(command, at, more + words{"--db-schema", GetParam().schema});
    }

    finished good(const std::string& command, const postgres::connection_flags& at, const words& more) const
    {
        auto left = did(command, at, more);
        EXPECT_EQ(left.status, 0) << command << ' ' << testing::PrintToString(more) << left.out << left.err;
        return left;
    }

    /// The file's own checks, and the plan's rows.
    void expect_clean(sql_client& on, const postgres::connection_flags& at) const
    {
        const auto read = io::read_scenario(file(), "test");
        ASSERT_TRUE(read.spec.has_value());
        on.exec("SET search_path = " + GetParam().schema);
        for (const auto& check : read.spec->checks)
            EXPECT_EQ(rows(on, check.sql), "") << check.name;
        good("verify", at, {"tables", "--progress", "off"});
    }

    /// What units one by one leave.
    [[nodiscard]] std::string expected(int ticks) const
    {
        const auto at = postgres_cluster::get().fresh_database();
        good("run", at, flags(ticks) + words{"--unpaced"});
        sql_client on(at);
        return digests(on, GetParam().schema);
    }

    const std::string directory_ = testing::TempDir() + "bazaard-file-load-" + std::to_string(getpid());
    const std::string start_ = ago(std::chrono::hours(24) * 200);
    const postgres::connection_flags database_ = postgres_cluster::get().fresh_database();
    sql_client link_{database_};
};

TEST_P(scenario_load, and_a_run_after_it_make_the_rows_of_units_one_by_one)
{
    const auto& of = GetParam();
    const auto below = expected(of.loaded);
    const auto whole = expected(of.all);
    ASSERT_NE(below, whole);
    for (const bool fast : {false, true})
    {
        SCOPED_TRACE(fast ? "fast" : "with keys and indexes");
        const auto at = fast ? postgres_cluster::get().fresh_database() : database_;
        sql_client on(at);
        good("load", at, flags(of.loaded) + (fast ? words{"--fast-load"} : words{}));
        EXPECT_EQ(digests(on, of.schema), below);
        EXPECT_GT(std::stoi(one(on, of.changed)), 0) << "rows that units have changed";
        expect_clean(on, at);
        good("run", at, flags(of.all) + words{"--unpaced"});
        EXPECT_EQ(digests(on, of.schema), whole);
        expect_clean(on, at);
        // Control: one row is not as its last unit has left it.
        on.exec(of.harm);
        const auto altered = did("verify", at, {"tables", "--progress", "off"});
        EXPECT_EQ(altered.status, 1) << altered.out << altered.err;
        EXPECT_NE(altered.out.find(of.column), altered.out.npos) << altered.out;
    }
}

TEST_P(scenario_load, goes_on_where_it_was_killed)
{
    const auto& of = GetParam();
    const auto chunks = [&]
    {
        return one(link_, "SELECT to_regclass('bazaard.control') IS NOT NULL") == "t"
                   ? std::stoi(one(link_, "SELECT count(*) FROM bazaard.control WHERE kind = 'load'"))
                   : 0;
    };
    for (int i = 0; i < 3; ++i)
    {
        const auto before = chunks();
        auto daemon = start_bazaard("load", database_,
                                    flags(of.loaded) + words{"--db-schema", of.schema, "--workers", "1"});
        EXPECT_TRUE(eventually([&] { return chunks() > before; }));
        daemon.send(SIGKILL);
        daemon.wait();
    }
    good("load", database_, flags(of.loaded));
    EXPECT_EQ(digests(link_, of.schema), expected(of.loaded));
    expect_clean(link_, database_);
}

TEST_P(scenario_load, into_files_and_answers_have_the_same_rows)
{
    const auto& of = GetParam();
    const auto to = directory_ + "/rows";
    good("load", {}, flags(of.loaded) + words{"--to", to});
    const auto lines_of = [](std::istream& in, std::size_t begin)
    {
        std::multiset<std::string> lines;
        std::string line;
        std::getline(in, line);
        while (std::getline(in, line))
            lines.insert(line.substr(std::min(begin, line.find(',') + 1)));
        return lines;
    };
    std::ifstream card(to + "/card.json");
    const auto last = nlohmann::json::parse(card).at("settled").get<unit_no>() - 1;
    std::size_t tables = 0;
    std::size_t later = 0;
    for (const auto& table : std::filesystem::directory_iterator(to))
        if (const auto name = table.path().stem().string(); table.path().extension() == ".csv")
        {
            const auto answers_of = [&](unit_no until)
            {
                std::istringstream said(good("answers", {},
                                             {"--card", to + "/card.json", "--as", "rows", "--table", name, "--format",
                                              "csv", "--units", fmt::format("0..{}", until)})
                                            .out);
                return lines_of(said, std::string::npos);
            };
            std::ifstream in(table.path());
            const auto loaded = lines_of(in, 0);
            EXPECT_GT(loaded.size(), 0U) << name;
            EXPECT_EQ(answers_of(last), loaded) << name;
            later += answers_of(last / 2) != loaded ? 1 : 0;
            ++tables;
        }
    EXPECT_GE(tables, 2U);
    EXPECT_GE(later, 2U) << "half of the history has other rows";
}

INSTANTIATE_TEST_SUITE_P(
    of, scenario_load,
    testing::Values(shop{"",
                         "bookshop",
                         {},
                         2'000,
                         2'400,
                         "SELECT count(*) FROM bookshop.orders WHERE updated_at > ordered_at",
                         "UPDATE bookshop.books SET stock = stock + 1 WHERE isbn = 'B-101'",
                         "stock"},
                    shop{"smoothie-shop",
                         "smoothies",
                         {"--sink", "postgres"},
                         3'000,
                         3'500,
                         "SELECT count(*) FROM smoothies.products WHERE inventory <> opening_inventory",
                         "UPDATE smoothies.products SET inventory = inventory + 1 WHERE product_id = (SELECT "
                         "min(product_id) FROM smoothies.products)",
                         "inventory"},
                    shop{"river-hotel",
                         "cdc",
                         {"--sink", "postgres"},
                         4'500,
                         5'000,
                         "SELECT count(*) FROM cdc.customer WHERE updated_at > created_at",
                         "UPDATE cdc.customer SET rewards_points = 1 WHERE customer_id = (SELECT "
                         "max(customer_id) FROM cdc.customer)",
                         "rewards_points"}));

}  // namespace
}  // namespace bazaar::test
