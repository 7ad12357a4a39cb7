// bazaard card, and what can be done with one: the run is planned, explained and written again without its database.

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "bazaar/scenario/thelook/thelook.hpp"
#include "cli/process.hpp"
#include "support/daemon.hpp"
#include "support/places.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

using postgres::connection_flags;

std::string version_line(std::uint32_t version)
{
    return "\"scenario_version\": " + std::to_string(version);
}

class card : public testing::Test
{
protected:
    card() { std::filesystem::create_directories(directory_); }
    ~card() override { std::filesystem::remove_all(directory_); }

    [[nodiscard]] std::string file(const std::string& text)
    {
        const auto path = directory_ + "/card" + std::to_string(++files_) + ".json";
        std::ofstream(path) << text;
        return path;
    }

    [[nodiscard]] static std::string replaced(std::string text, const std::string& what, const std::string& by)
    {
        const auto place = text.find(what);
        EXPECT_NE(place, text.npos) << what;
        return place == text.npos ? text : text.replace(place, what.size(), by);
    }

    /// A run that was steered, in a database of its own.
    [[nodiscard]] static connection_flags steered_run()
    {
        auto database = postgres_cluster::get().fresh_database();
        EXPECT_EQ(
            run_bazaard("run", database,
                        {"--seed", "18446744073709551615", "--unpaced", "--max-iter", "100", "--init-num-users", "40"})
                .status,
            0);
        EXPECT_EQ(run_bazaard("run", database, {"--unpaced", "--max-iter", "180", "--avg-qps", "55.5"}).status, 0);
        return database;
    }

    std::string directory_ = testing::TempDir() + "bazaard-card-" + std::to_string(getpid());
    int files_ = 0;
};

TEST_F(card, reproduces_the_run_in_another_database)
{
    const auto database = steered_run();
    const auto printed = run_bazaard("card", database, {});
    ASSERT_EQ(printed.status, 0) << printed.err;
    EXPECT_NE(printed.out.find("\"seed\": \"18446744073709551615\""), std::string::npos);
    EXPECT_NE(printed.out.find("\"field\": \"avg-qps\""), std::string::npos);
    const auto path = file(printed.out);

    // Planned: no server is asked.
    connection_flags nowhere;
    nowhere.host = "127.0.0.1";
    nowhere.port = std::to_string(free_port());
    const auto here = run_bazaard("plan", database, {"--units", "0..200"});
    const auto there = run_bazaard("plan", nowhere, {"--units", "0..200", "--card", path});
    EXPECT_EQ(there.status, 0) << there.err;
    EXPECT_EQ(here.out, there.out);

    sql_client link(database);
    const auto id = one(link, "SELECT id FROM demo.orders ORDER BY id DESC LIMIT 1");
    auto explained = process({test::program_path(), "explain", "--card", path, id}).wait();
    EXPECT_EQ(explained.status, 0) << explained.err;
    EXPECT_NE(explained.out.find(id), std::string::npos);

    // Written: bit-equal, and its own card says the same.
    const auto other = postgres_cluster::get().fresh_database();
    const auto written = run_bazaard("run", other, {"--card", path, "--unpaced", "--max-iter", "180"});
    ASSERT_EQ(written.status, 0) << written.err;
    sql_client second(other);
    EXPECT_EQ(table_digests(link), table_digests(second));
    const auto control = "SELECT sequence, unit, kind, field, value, at FROM bazaard.control ORDER BY sequence";
    EXPECT_EQ(rows(link, control), rows(second, control));
    EXPECT_EQ(broken_invariants(second), "");
    EXPECT_EQ(run_bazaard("run", other, {"--card", path, "--unpaced", "--max-iter", "190"}).status, 0) << "it goes on";

    // Negative control: a card that says less makes another run.
    const auto third = postgres_cluster::get().fresh_database();
    const auto without = replaced(printed.out, "\"value\": 55500000", "\"value\": 75500000");
    ASSERT_EQ(run_bazaard("run", third,
                          {"--card", file(replaced(without, "\"checkpoints\": [", "\"checkpoints\": [], \"old\": [")),
                           "--unpaced", "--max-iter", "180"})
                  .status,
              0);
    sql_client link_third(third);
    EXPECT_NE(table_digests(link), table_digests(link_third));
    // And the checkpoints of the right run tell.
    const auto caught = run_bazaard("plan", nowhere, {"--units", "300..310", "--card", file(without)});
    EXPECT_EQ(caught.status, 78);
    EXPECT_NE(caught.err.find("plans run main differently"), std::string::npos) << caught.err;
}

TEST_F(card, is_refused_when_it_is_not_right)
{
    const auto database = postgres_cluster::get().fresh_database();
    ASSERT_EQ(run_bazaard("run", database, {"--unpaced", "--max-iter", "5", "--seed", "1"}).status, 0);
    const auto good = run_bazaard("card", database, {}).out;
    const auto with_entry = replaced(good, "\"log\": []",
                                     "\"log\": [{\"unit\": 1, \"kind\": \"jump\", \"value\": true, \"at\": 5}]");
    const auto logged = [&](const std::string& entries)
    { return replaced(good, "\"log\": []", "\"log\": [" + entries + "]"); };
    struct row
    {
        const char* what;
        std::string text;
        int status;
        std::vector<std::string> says;
    };
    const row table[] = {
        {"nothing", "", 65, {"is no card"}},
        {"no JSON", "{", 65, {"is no card"}},
        {"an array", "[]", 65, {"is no card"}},
        {"an empty object",
         "{}",
         65,
         {"\"bazaard_card\" must be a whole number", "\"seed\" must be a text", "\"start\""}},
        {"another version",
         replaced(good, "\"bazaard_card\": 1", "\"bazaard_card\": 2"),
         65,
         {"\"bazaard_card\" must be 1"}},
        {"a seed that is none", replaced(good, "\"seed\": \"1\"", "\"seed\": \"-1\""), 65, {"\"seed\" must be"}},
        {"a start that is none", replaced(good, "\"start\": \"2", "\"start\": \"x2"), 65, {"\"start\" must be a time"}},
        {"a window of none",
         replaced(good, "\"window\": 1024", "\"window\": 0"),
         65,
         {"\"window\" must be from 1 to 65536"}},
        {"a window too wide",
         replaced(good, "\"window\": 1024", "\"window\": 65537"),
         65,
         {"\"window\" must be from 1 to 65536"}},
        {"a start in the first century",
         replaced(good, "\"start\": \"20", "\"start\": \"00"),
         65,
         {"\"start\" must be from"}},
        {"a start in the last century",
         replaced(good, "\"start\": \"20", "\"start\": \"99"),
         65,
         {"\"start\" must be from"}},
        {"a mark beyond all ids",
         replaced(good, "\"settled\": ", "\"settled\": 10000000000000"),
         65,
         {"\"settled\" must be below"}},
        {"a setting out of its range",
         replaced(good, "\"avg-qps\": \"20\"", "\"avg-qps\": \"0\""),
         65,
         {"\"avg-qps\" must be a number"}},
        {"a shift of nothing",
         logged(R"({"unit": 1, "kind": "shift", "value": 0, "at": "2026-01-01"})"),
         65,
         {"log entry 1: \"value\" of a shift"}},
        {"a shift back",
         logged(R"({"unit": 1, "kind": "shift", "value": -5, "at": "2026-01-01"})"),
         65,
         {"log entry 1: \"value\" of a shift"}},
        {"a shift beyond all times",
         logged(R"({"unit": 1, "kind": "shift", "value": 9223372036854775807, "at": "2026-01-01"})"),
         65,
         {"log entry 1: \"value\" of a shift"}},
        {"a rate out of its range",
         logged(R"({"unit": 1, "kind": "set", "field": "avg-qps", "value": 0, "at": "2026-01-01"})"),
         65,
         {"log entry 1: \"value\" 0 of avg-qps must be from 1 to"}},
        {"a setting that is for all of the run",
         logged(R"({"unit": 1, "kind": "set", "field": "init-num-users", "value": 5, "at": "2026-01-01"})"),
         65,
         {"log entry 1: \"field\" init-num-users"}},
        {"entries that go back",
         logged(R"({"unit": 9, "kind": "shift", "value": 1, "at": "2026-01-01"},)"
                R"({"unit": 8, "kind": "shift", "value": 1, "at": "2026-01-01"})"),
         65,
         {"log entry 2: \"unit\" 8 lies before"}},
        {"a load of too many chunks",
         logged(R"({"unit": 1000000000000, "kind": "load", "value": -2, "at": "2026-01-01"})"),
         65,
         {"a load of 1000000000000 units in chunks of 1"}},
        {"a run that cannot be", replaced(good, "\"run\": \"main\"", "\"run\": \"Main!\""), 65, {"\"run\" must be"}},
        {"a setting that is none", replaced(good, "\"avg-qps\"", "\"avg-kps\""), 65, {"avg-kps"}},
        {"an entry that is none",
         with_entry,
         65,
         {"log entry 1: \"kind\" jump", "log entry 1: \"value\"", "log entry 1: \"at\""}},
        {"another scenario", replaced(good, "\"thelook\"", "\"river\""), 78, {"\"river\" is not part of this program"}},
        {"another program",
         replaced(good, version_line(scenario::thelook::version_now), version_line(9)),
         78,
         {"version 9 of scenario"}},
        {"another run's",
         replaced(good, "\"seed\": \"1\"", "\"seed\": \"2\""),
         78,
         {"run main is there and is another one"}},
    };
    for (const auto& [what, text, status, says] : table)
    {
        const auto left = run_bazaard("run", database, {"--card", file(text), "--unpaced", "--max-iter", "9"});
        EXPECT_EQ(left.status, status) << what << '\n' << left.err;
        for (const auto& part : says)
            EXPECT_NE(left.err.find(part), std::string::npos) << what << ": " << part << '\n' << left.err;
    }
    const auto later = file(replaced(good, "\"start\": \"20", "\"start\": \"21"));
    const auto begun = run_bazaard("run", postgres_cluster::get().fresh_database(),
                                   {"--card", later, "--max-iter", "9"});
    EXPECT_EQ(begun.status, 65) << begun.err;
    EXPECT_NE(begun.err.find(later + ": \"start\" 21"), std::string::npos) << begun.err;
    EXPECT_EQ(run_bazaard("run", database, {"--card", directory_ + "/none", "--max-iter", "9"}).status, 66);
    const auto other_name = run_bazaard("run", database, {"--card", file(good), "--run", "other", "--max-iter", "9"});
    EXPECT_EQ(other_name.status, 64) << other_name.err;
    EXPECT_EQ(run_bazaard("card", database, {"--run", "none"}).status, 78);
}

/// Tables of the schema bazaard that somebody else has written to: nothing is planned by them.
TEST_F(card, of_a_record_that_no_bazaard_wrote_is_none)
{
    const auto database = postgres_cluster::get().fresh_database();
    ASSERT_EQ(run_bazaard("run", database, {"--unpaced", "--max-iter", "5", "--seed", "1"}).status, 0);
    const auto first = "INSERT INTO bazaard.control (schema_name, run, sequence, unit, kind, field, value, at) VALUES "
                       "('demo', 'main', 0, ";
    struct row
    {
        std::string sql, back, says;
    };
    const auto none = "DELETE FROM bazaard.control";
    const row table[] = {
        {first + std::string("1, 'shift', NULL, -5, now())"), none, "log entry 1: \"value\" of a shift must be from 1"},
        {first + std::string("1, 'set', 'avg-qps', 0, now())"), none,
         "log entry 1: \"value\" 0 of avg-qps must be from 1"},
        {first + std::string("1, 'set', 'init-num-users', 3, now())"), none, "log entry 1: \"field\" init-num-users"},
        {"UPDATE bazaard.run SET start = '0900-01-01'", "UPDATE bazaard.run SET start = '2020-01-01'",
         "\"start\" must be from 1975"},
        {"UPDATE bazaard.run SET settings = settings || '{\"avg-kps\": \"1\"}'",
         "UPDATE bazaard.run SET settings = settings - 'avg-kps'", "its recorded setting avg-kps"},
    };
    sql_client on(database);
    for (const auto& [sql, back, says] : table)
    {
        on.exec(sql);
        for (const auto* verb : {"run", "plan", "verify"})
        {
            const std::vector<std::string> words = verb == std::string_view("verify")
                                                       ? std::vector<std::string>{"tables"}
                                                   : verb == std::string_view("plan")
                                                       ? std::vector<std::string>{}
                                                       : std::vector<std::string>{"--max-iter", "9", "--unpaced"};
            const auto left = run_bazaard(verb, database, words);
            EXPECT_EQ(left.status, 78) << verb << ": " << sql << '\n' << left.err;
            EXPECT_NE(left.err.find(says), std::string::npos) << verb << ": " << left.err;
        }
        on.exec(back);
    }
}

TEST_F(card, of_an_older_version_goes_on_as_that_version)
{
    if (!scenario::thelook::is_older(scenario::thelook::version_before))
        GTEST_SKIP() << "no older version can be planned";
    const auto database = postgres_cluster::get().fresh_database();
    ASSERT_EQ(run_bazaard("run", database, {"--unpaced", "--max-iter", "5", "--seed", "1"}).status, 0);
    const auto now = run_bazaard("card", database, {}).out;
    using scenario::thelook::version_before, scenario::thelook::version_now;
    const auto older = file(replaced(now, version_line(version_now), version_line(version_before)));

    const auto other = postgres_cluster::get().fresh_database();
    const auto begun = run_bazaard("run", other, {"--card", older, "--unpaced", "--max-iter", "9"});
    EXPECT_EQ(begun.status, 0) << begun.err;
    const auto resumed = run_bazaard("run", other, {"--unpaced", "--max-iter", "20"});
    EXPECT_EQ(resumed.status, 0) << resumed.err;
    EXPECT_NE(run_bazaard("card", other, {}).out.find(version_line(version_before)), std::string::npos);
    const auto verified = run_bazaard("verify", other, {"tables"});
    EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
}

}  // namespace
}  // namespace bazaar::test
