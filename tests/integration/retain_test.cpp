// A run that removes what is over: the tables stop growing, nothing comes back whenever the daemon dies, and whoever deletes a row too
// early or brings one back is found, in the tables and in the stream.

#include <csignal>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/change_stream.hpp"
#include "support/daemon.hpp"
#include "support/postgres_server.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

using nlohmann::json;

class retain : public testing::Test
{
protected:
    ~retain() override { std::remove(report_file().c_str()); }

    static std::string report_file() { return testing::TempDir() + "bazaard-retain-" + std::to_string(getpid()); }

    static postgres_server::options logical()
    {
        postgres_server::options how;
        how.settings = {{"wal_level", "logical"}};
        how.fsync = false;
        return how;
    }

    [[nodiscard]] long count(const std::string& what)
    {
        return std::stol(one(on_, "SELECT count(*) FROM demo." + what));
    }

    [[nodiscard]] bool there() { return one(on_, "SELECT to_regclass('demo.orders') IS NOT NULL") == "t"; }

    void run(const postgres::connection_flags& at, std::vector<std::string> more, std::string_view ticks)
    {
        more.insert(more.end(), {"--unpaced", "--max-iter", std::string(ticks), "--progress", "off"});
        const auto done = run_bazaard("run", at, more);
        ASSERT_EQ(done.status, 0) << done.err;
    }

    json verify(const std::vector<std::string>& how, int status)
    {
        auto arguments = how;
        arguments.insert(arguments.end(), {"--report", report_file(), "--examples", "100", "--progress", "off"});
        const auto done = run_bazaard("verify", database_, arguments);
        EXPECT_EQ(done.status, status) << done.out << done.err;
        std::ifstream in(report_file());
        return json::parse(in, nullptr, false);
    }

    /// Changes of the plan, by table and operation.
    json changes(std::string_view table, std::string_view what)
    {
        const auto last = one(on_, "SELECT settled - 1 FROM bazaard.run");
        const auto done = run_bazaard("plan", database_, {"--units", "0.." + last, "--format", "jsonl"});
        EXPECT_EQ(done.status, 0) << done.err;
        auto found = json::array();
        std::istringstream lines(done.out);
        for (std::string line; std::getline(lines, line);)
        {
            const auto unit = json::parse(line);
            for (auto change : unit.at("changes"))
                if (change.at("table") == table && change.at("op") == what)
                {
                    change["unit"] = unit.at("unit");
                    found.push_back(change);
                }
        }
        return found;
    }

    postgres_server server_{logical()};
    postgres::connection_flags database_ = server_.fresh_database();
    sql_client on_{database_};
    const std::vector<std::string> short_lived_{
        "--seed",   "11",  "--init-num-users", "50",  "--lifecycle", "complete", "--lifecycle-scale", "0.1",
        "--retain", "15s", "--avg-qps",        "100", "--window",    "64"};
};

TEST_F(retain, tables_stop_growing_and_are_as_planned)
{
    // 15 s and a life of some seconds, a hundred orders each.
    for (const auto* ticks : {"3000", "5000"})
    {
        run(database_, short_lived_, ticks);
        EXPECT_LT(count("orders"), 2'600);
        EXPECT_GT(count("orders"), 1'500);
    }
    EXPECT_EQ(broken_invariants(on_), "");
    const auto clean = verify({"tables"}, 0);
    EXPECT_EQ(clean["verdict"], "clean") << clean.dump(1);
}

TEST_F(retain, a_row_deleted_too_early_is_missing_and_one_brought_back_is_extra)
{
    run(database_, short_lived_, "3000");
    const auto removed = changes("events", "delete");
    ASSERT_GT(removed.size(), 100U);
    const auto early = one(on_,
                           "DELETE FROM demo.events WHERE id = (SELECT id FROM demo.events ORDER BY id DESC LIMIT 1 "
                           "OFFSET 3000) RETURNING id");
    auto found = verify({"tables"}, 1);
    ASSERT_EQ(found["examples"].size(), 1U) << found.dump(1);
    EXPECT_EQ(found["examples"][0]["defect"], "missing");
    EXPECT_EQ(found["examples"][0]["table"], "events");
    EXPECT_EQ(found["examples"][0]["key"], early);

    const auto& back = removed[removed.size() / 2];
    on_.exec("INSERT INTO demo.events SELECT * FROM json_populate_record(NULL::demo.events, $1::json)",
             {back["before"].dump()});
    found = verify({"tables"}, 1);
    ASSERT_EQ(found["examples"].size(), 2U) << found.dump(1);
    bool named = false;
    for (const auto& example : found["examples"])
        named = named || (example["defect"] == "extra" && example["key"] == back["before"]["id"] &&
                          example["unit"] == back["unit"]);
    EXPECT_TRUE(named) << found.dump(1);
}

TEST_F(retain, a_killed_daemon_brings_nothing_back)
{
    const auto calm = server_.fresh_database();
    const std::vector<std::string> same{"--seed",       "13",       "--start-time",      "2026-01-01T00:00:00Z",
                                        "--avg-qps",    "50",       "--retain",          "2s",
                                        "--lifecycle",  "complete", "--lifecycle-scale", "0.02",
                                        "--workers",    "8",        "--init-num-users",  "50",
                                        "--erase-prob", "0.05",     "--touch-interval",  "100ms"};
    run(calm, same, "6000");
    for (int kill = 1; kill <= 6; ++kill)
    {
        auto arguments = same;
        arguments.insert(arguments.end(), {"--unpaced", "--max-iter", "1000000", "--progress", "off"});
        auto daemon = start_bazaard("run", database_, arguments);
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        const auto wanted = kill * 800L;
        // Users are never removed: they tell how far it is.
        while (std::chrono::steady_clock::now() < end &&
               !(there() && std::stol(one(on_, "SELECT coalesce(max(settled), 0) FROM bazaard.run")) > wanted))
            std::this_thread::yield();
        daemon.send(SIGKILL);
        static_cast<void>(daemon.wait());
        EXPECT_EQ(broken_invariants(on_), "") << "kill " << kill;
        const auto found = verify({"tables"}, 0);
        EXPECT_EQ(found["verdict"], "clean") << found.dump(1);
    }
    run(database_, same, "6000");
    EXPECT_EQ(broken_invariants(on_), "");
    sql_client other(calm);
    EXPECT_EQ(table_digests(on_), table_digests(other));
    EXPECT_LT(count("orders"), 1000);
    EXPECT_EQ(verify({"tables"}, 0)["verdict"], "clean");
}

class retain_stream : public retain, public testing::WithParamInterface<const char*>
{
protected:
    retain_stream()
    {
        std::ofstream(password_file()) << "secret\n";
        EXPECT_EQ(run_bazaard("init", database_, {"--cdc", "--cdc-password-file", password_file()}).status, 0);
        for (const auto* table : {"products", "users", "orders", "order_items", "events"})
            on_.exec(std::string("ALTER TABLE demo.") + table + " REPLICA IDENTITY " + GetParam());
        shop_.reset(new process(start_bazaard(
            "run", database_, {"--seed",     "5",  "--avg-qps",    "60",       "--init-num-users",  "50",
                               "--retain",   "3s", "--lifecycle",  "complete", "--lifecycle-scale", "0.02",
                               "--window",   "32", "--erase-prob", "0.05",     "--touch-interval",  "200ms",
                               "--progress", "off"})));
        while (!there() || count("orders") < 100)
            std::this_thread::yield();
    }
    ~retain_stream() override
    {
        shop_->send(SIGTERM);
        EXPECT_EQ(shop_->wait().status, 0);
        std::remove(password_file().c_str());
    }

    static std::string password_file()
    {
        return testing::TempDir() + "bazaard-retain-password-" + std::to_string(getpid());
    }

    json listen(int status, const std::function<void()>& meanwhile = {})
    {
        return verify_stream_for("5s", status, database_, on_, meanwhile);
    }

    std::unique_ptr<process> shop_;
};

TEST_P(retain_stream, is_proven_with_its_deletions)
{
    const auto report = listen(0);
    EXPECT_EQ(report["verdict"], "clean") << report.dump(1);
    EXPECT_GT(report["figures"]["demanded"], 100) << report.dump(1);
}

TEST_P(retain_stream, names_the_publication_that_has_no_deletions)
{
    on_.exec("ALTER PUBLICATION bazaard_demo SET (publish = 'insert, update')");
    const auto report = listen(2);
    EXPECT_EQ(report["counts"]["lost"], 0) << report.dump(1);
    EXPECT_NE(report["not_proven"].dump().find("does not publish deletes"), std::string::npos) << report.dump(1);
    on_.exec("ALTER PUBLICATION bazaard_demo SET (publish = 'insert, update, delete')");
}

TEST_P(retain_stream, tells_a_deletion_by_hand)
{
    const auto report = listen(2,
                               [&]
                               {
                                   on_.exec("DELETE FROM demo.events WHERE id = (SELECT id FROM demo.events ORDER BY "
                                            "id DESC LIMIT 1)");
                               });
    EXPECT_EQ(report["counts"]["foreign edit"], 1) << report.dump(1);
}

INSTANTIATE_TEST_SUITE_P(identity, retain_stream, testing::Values("DEFAULT", "FULL"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace bazaar::test
