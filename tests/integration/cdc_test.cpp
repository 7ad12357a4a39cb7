// What a connector needs in the database: made, found again, taken away; and that its role can do with it what it has to.

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "bazaar/postgres/schema.hpp"
#include "support/daemon.hpp"
#include "support/postgres_cluster.hpp"
#include "support/postgres_server.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

/// A database with the shop's tables, and a password for the connector.
class cdc_test : public testing::Test
{
protected:
    cdc_test() { std::ofstream(password_file_) << "s3cret'\n"; }
    ~cdc_test() override
    {
        std::remove(password_file_.c_str());
        static_cast<void>(cdc("drop", {"--force", "--yes"}));
    }

    [[nodiscard]] finished cdc(const std::string& verb, std::vector<std::string> more = {})
    {
        more.insert(more.begin(), verb);
        if (verb == "setup")
            more.insert(more.end(), {"--cdc-password-file", password_file_});
        return run_bazaard("cdc", database_, more);
    }

    /// The number of lines that begin with a word.
    [[nodiscard]] static int lines(const finished& done, const std::string& word)
    {
        int found = 0;
        for (std::size_t at = 0; (at = done.out.find(word, at)) != std::string::npos; ++at)
            found += at == 0 || done.out[at - 1] == '\n' ? 1 : 0;
        return found;
    }

    [[nodiscard]] std::string published()
    {
        return one(on_,
                   "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_publication_tables WHERE pubname = "
                   "'bazaard_demo'");
    }

    std::string password_file_ = testing::TempDir() + "bazaard-cdc-password-" + std::to_string(getpid());
    postgres::connection_flags database_ = postgres_cluster::get().fresh_database();
    sql_client on_{database_};
};

constexpr auto all_tables = "debezium_signal dist_centers events heartbeat order_items orders products users";

TEST(cdc, tells_the_server_no_password)
{
    postgres_server::options how;
    how.settings = {{"wal_level", "logical"}, {"log_statement", "ddl"}};
    how.fsync = false;
    postgres_server server(how);
    const auto file = testing::TempDir() + "bazaard-cdc-secret-" + std::to_string(getpid());
    std::ofstream(file) << "s3cret'\n";
    const auto database = server.fresh_database();
    EXPECT_EQ(run_bazaard("init", database, {"--cdc", "--cdc-password-file", file}).status, 0);
    std::remove(file.c_str());
    const auto log = server.log();
    EXPECT_NE(log.find("CREATE ROLE \"bazaard_cdc\""), std::string::npos) << "the server logs the statement";
    EXPECT_NE(log.find("PASSWORD 'SCRAM-SHA-256$"), std::string::npos);
    EXPECT_EQ(log.find("s3cret"), std::string::npos);
}

TEST_F(cdc_test, makes_it_with_init_and_finds_it_afterwards)
{
    const auto first = run_bazaard(
        "init", database_,
        {"--cdc", "--cdc-password-file", password_file_, "--replica-identity", "orders=full,users=full"});
    ASSERT_EQ(first.status, 0) << first.err;
    EXPECT_EQ(lines(first, "made"), 3) << first.out;
    EXPECT_EQ(lines(first, "changed"), 2) << first.out;
    EXPECT_EQ(published(), all_tables);
    EXPECT_EQ(one(on_, "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relreplident = 'f'"),
              "orders users");
    EXPECT_EQ(one(on_, "SELECT rolcanlogin AND rolreplication AND NOT rolsuper AND NOT rolcreaterole FROM pg_roles "
                       "WHERE rolname = "
                       "'bazaard_cdc'"),
              "t");
    const auto again = cdc("setup", {"--replica-identity", "orders=full,users=full"});
    EXPECT_EQ(again.status, 0) << again.err;
    EXPECT_EQ(lines(again, "made") + lines(again, "changed") + lines(again, "differs"), 0) << again.out;
    // A run goes on beside it.
    EXPECT_EQ(run_bazaard("run", database_, {"--unpaced", "--max-iter", "20"}).status, 0);
    postgres::session session(postgres::resolve(database_));
    EXPECT_EQ(postgres::schema_differences(session, "demo", {}).size(), 0U);
}

TEST_F(cdc_test, its_role_reads_the_stream_and_writes_heartbeat_and_signals_alone)
{
    ASSERT_EQ(run_bazaard("init", database_, {}).status, 0);
    ASSERT_EQ(cdc("setup").status, 0);
    auto as_connector = postgres_cluster::get().over_tcp(database_);
    as_connector.user = "bazaard_cdc";
    as_connector.password = "s3cret'";
    sql_client link(as_connector);
    link.exec("SELECT pg_create_logical_replication_slot('bazaard_demo', 'pgoutput')");
    ASSERT_EQ(run_bazaard("run", database_, {"--unpaced", "--max-iter", "20"}).status, 0);
    EXPECT_GT(
        std::stoi(one(link, "SELECT count(*) FROM pg_logical_slot_peek_binary_changes('bazaard_demo', NULL, NULL, "
                            "'proto_version', '1', 'publication_names', 'bazaard_demo')")),
        20);
    EXPECT_EQ(one(link, "SELECT count(*) FROM demo.orders"), "20");
    link.exec("INSERT INTO demo.heartbeat (id, ts) VALUES (1, now()) ON CONFLICT (id) DO UPDATE SET ts = excluded.ts");
    link.exec("INSERT INTO demo.debezium_signal VALUES ('a', 'log', '{}')");
    for (const char* forbidden :
         {"DELETE FROM demo.orders", "UPDATE demo.users SET age = 20", "INSERT INTO demo.dist_centers DEFAULT VALUES",
          "SELECT * FROM bazaard.run", "CREATE TABLE demo.mine (id int)"})
        EXPECT_EQ(link.refusal(forbidden), "42501") << forbidden;
}

TEST_F(cdc_test, tells_what_differs_and_changes_it_when_asked_to)
{
    ASSERT_EQ(run_bazaard("init", database_, {}).status, 0);
    ASSERT_EQ(cdc("setup").status, 0);
    on_.exec("CREATE TABLE demo.mine (id int PRIMARY KEY); ALTER PUBLICATION bazaard_demo ADD TABLE demo.mine; "
             "ALTER PUBLICATION bazaard_demo DROP TABLE demo.events; "
             "ALTER PUBLICATION bazaard_demo SET (publish = 'insert')");
    const auto told = cdc("setup");
    EXPECT_EQ(told.status, 3) << told.err;
    for (const char* part : {"it lacks demo.events", "it has demo.mine", "does not publish insert, update and delete"})
        EXPECT_NE(told.out.find(part), std::string::npos) << told.out;
    EXPECT_NE(told.err.find("--apply"), std::string::npos) << told.err;
    EXPECT_NE(published(), all_tables) << "nothing was changed";
    EXPECT_EQ(cdc("setup", {"--apply"}).status, 0);
    EXPECT_EQ(published(), all_tables);
    EXPECT_EQ(cdc("setup").status, 0);

    on_.exec("DROP PUBLICATION bazaard_demo; CREATE PUBLICATION bazaard_demo FOR ALL TABLES");
    EXPECT_EQ(cdc("setup").status, 3);
    EXPECT_EQ(cdc("setup", {"--apply"}).status, 0);
    EXPECT_EQ(published(), all_tables);
}

TEST_F(cdc_test, drops_it_all_but_no_slot_that_is_in_use)
{
    ASSERT_EQ(run_bazaard("init", database_, {}).status, 0);
    ASSERT_EQ(cdc("setup").status, 0);
    EXPECT_EQ(cdc("drop").status, 64) << "nobody to ask";
    const auto receive = postgres_cluster::get().value("BAZAARD_PG_BIN") + "/pg_recvlogical";
    if (!std::filesystem::exists(receive))
        GTEST_SKIP() << "this server comes without pg_recvlogical";
    on_.exec("SELECT pg_create_logical_replication_slot('bazaard_demo', 'pgoutput')");
    const auto dsn = "host=" + *database_.host + " port=" + *database_.port + " user=" + *database_.user +
                     " dbname=" + *database_.name;
    auto receiver = process({receive, "-d", dsn, "--slot", "bazaard_demo", "--start", "-o", "proto_version=1", "-o",
                             "publication_names=bazaard_demo", "-f", "/dev/null"});
    const auto active = [&]
    { return one(on_, "SELECT active FROM pg_replication_slots WHERE slot_name = 'bazaard_demo'"); };
    for (int tries = 0; active() != "t" && tries < 500; ++tries)
        on_.exec("SELECT pg_sleep(0.02)");
    ASSERT_EQ(active(), "t");
    const auto refused = cdc("drop", {"--yes"});
    EXPECT_EQ(refused.status, 78) << refused.err;
    EXPECT_NE(refused.err.find("--force"), std::string::npos) << refused.err;
    EXPECT_EQ(published(), all_tables) << "nothing was dropped";
    const auto done = cdc("drop", {"--yes", "--force"});
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(lines(done, "dropped"), 4) << done.out;
    EXPECT_EQ(
        one(on_,
            "SELECT (SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'bazaard_demo') + (SELECT count(*) "
            "FROM pg_publication) + (SELECT count(*) FROM pg_roles WHERE rolname = 'bazaard_cdc')"),
        "0");
    const auto again = cdc("drop", {"--yes"});
    EXPECT_EQ(again.status, 0);
    EXPECT_EQ(lines(again, "not there"), 4) << again.out;
    receiver.send(SIGTERM);
    (void)receiver.wait();
}

TEST_F(cdc_test, says_what_is_missing)
{
    const auto no_tables = cdc("setup");
    EXPECT_EQ(no_tables.status, 78);
    EXPECT_NE(no_tables.err.find("table demo.orders is not there: run \"bazaard init\" first"), std::string::npos)
        << no_tables.err;
    ASSERT_EQ(run_bazaard("init", database_, {}).status, 0);
    const auto no_password = run_bazaard("cdc", database_, {"setup"});
    EXPECT_EQ(no_password.status, 64) << no_password.err;
    EXPECT_NE(no_password.err.find("--cdc-password-file"), std::string::npos) << no_password.err;
    EXPECT_EQ(one(on_, "SELECT count(*) FROM pg_publication"), "0") << "all or nothing";
    on_.exec("DROP ROLE IF EXISTS weak; CREATE ROLE weak LOGIN; GRANT USAGE ON SCHEMA demo TO weak");
    auto as_weak = database_;
    as_weak.user = "weak";
    const auto refused = run_bazaard("cdc", as_weak, {"setup", "--cdc-password-file", password_file_});
    EXPECT_EQ(refused.status, 77) << refused.err;
    EXPECT_NE(refused.err.find("it needs CREATE on the schema demo"), std::string::npos) << refused.err;
    EXPECT_EQ(refused.err.find("s3cret"), std::string::npos);
    on_.exec("DROP OWNED BY weak; DROP ROLE weak");
    for (const auto& [words, says] : std::vector<std::pair<std::vector<std::string>, std::string>>{
             {{}, "needs a word: setup, drop"},
             {{"make"}, "make is none of setup, drop"},
             {{"setup", "--replica-identity", "orders=half"}, "must be default, full or nothing"},
             {{"drop", "--slot-name", "No"}, "a-z, 0-9 and _"},
             {{"setup", "--slot-name", "no"}, "cdc setup does not do that"},
         })
    {
        const auto wrong = run_bazaard("cdc", database_, words);
        EXPECT_EQ(wrong.status, 64) << wrong.err;
        EXPECT_NE(wrong.err.find(says), std::string::npos) << wrong.err;
    }
    const auto no_table = run_bazaard("cdc", database_, {"setup", "--replica-identity", "ordres=full"});
    EXPECT_EQ(no_table.status, 64) << no_table.err;
}

}  // namespace
}  // namespace bazaar::test
