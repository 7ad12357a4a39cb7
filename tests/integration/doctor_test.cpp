// The doctor beside a real server: nothing wrong with what `init --cdc` makes; then one thing is broken at a time, found by its
// own finding alone, and gone when what the finding says was done to the letter.

#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/capture/doctor.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/scenario/registry.hpp"
#include "bazaar/scenario/settings.hpp"
#include "support/daemon.hpp"
#include "support/eventually.hpp"
#include "support/places.hpp"
#include "support/postgres_server.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

using json = nlohmann::json;

/// The environment in which the doctor and its remedies find a database.
std::map<std::string, std::string> surroundings(const postgres::connection_flags& to, const std::string& password_file)
{
    const std::string directory = test::program_path().substr(0, test::program_path().rfind('/'));
    return {{"PATH", directory + ":/usr/local/bin:/usr/bin:/bin"},
            {"BAZAARD_DB_HOST", *to.host},
            {"BAZAARD_DB_PORT", *to.port},
            {"BAZAARD_DB_USER", *to.user},
            {"BAZAARD_DB_PASSWORD", *to.password},
            {"BAZAARD_DB_NAME", *to.name},
            {"BAZAARD_CDC_PASSWORD_FILE", password_file},
            {"PGHOST", *to.host},
            {"PGPORT", *to.port},
            {"PGUSER", *to.user},
            {"PGPASSWORD", *to.password},
            {"PGDATABASE", *to.name}};
}

class doctor_test : public testing::Test
{
protected:
    static void SetUpTestSuite()
    {
        postgres_server::options how;
        how.settings = {
            {"wal_level", "logical"}, {"max_prepared_transactions", "4"}, {"max_slot_wal_keep_size", "10GB"}};
        how.fsync = false;
        server_ = std::make_unique<postgres_server>(std::move(how));
        password_ = std::make_unique<temporary_file>("s3cret\n");
    }

    static void TearDownTestSuite()
    {
        password_.reset();
        server_.reset();
    }

    static postgres_server& server() { return *server_; }

    [[nodiscard]] std::map<std::string, std::string> around() const
    {
        return surroundings(database_, password_->path());
    }

    /// The doctor's findings; `more` are flags.
    [[nodiscard]] json doctor(std::vector<std::string> more = {})
    {
        more.insert(more.begin(), {test::program_path(), "doctor", "--json", "--skip", "connect,kafka"});
        auto beside = around();
        const auto left = process(more, beside).wait();
        const auto said = json::parse(left.out, nullptr, false);
        EXPECT_TRUE(said.is_object()) << left.out << left.err;
        if (!said.is_object())
            return json::array();
        EXPECT_EQ(left.status, said["findings"].empty() ? 0 : 3) << left.err;
        EXPECT_EQ(said["examined"], json({"database"}));
        return said["findings"];
    }

    [[nodiscard]] static std::set<std::string> codes(const json& findings)
    {
        std::set<std::string> all;
        for (const auto& one : findings)
            all.insert(one["code"]);
        return all;
    }

    /// What it finds once it finds that: settings take effect a moment after they are read anew.
    [[nodiscard]] json settled(const std::set<std::string>& wanted)
    {
        auto found = doctor();
        static_cast<void>(eventually([&] { return codes(found) == wanted || (found = doctor()).is_null(); }));
        return found;
    }

    void psql(const std::string& text, const std::string& database = {})
    {
        auto beside = around();
        if (!database.empty())
            beside["PGDATABASE"] = database;
        const auto left = process({"/usr/bin/env", "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", text}, beside)
                              .wait();
        EXPECT_EQ(left.status, 0) << text << '\n' << left.err;
    }

    void restart()
    {
        ASSERT_TRUE(server().stop(postgres_server::stop_mode::fast));
        server().start();
    }

    /// Does what the finding says, to the letter.
    void mend(const json& finding)
    {
        int done = 0;
        for (const auto& step : finding["remedy"])
        {
            const std::string kind = step["kind"];
            const std::string text = step["text"];
            if (kind == "sql")
                psql(text);
            else if (kind == "restart")
                restart();
            else if (kind == "command")
            {
                const auto left = process({"/bin/sh", "-c", text}, around()).wait(std::chrono::minutes(1));
                EXPECT_EQ(left.status, 0) << text << '\n' << left.out << left.err;
            }
            done += kind == "advice" ? 0 : 1;
        }
        EXPECT_GT(done, 0) << "nothing to do: " << finding.dump(2);
    }

    void prepare()
    {
        const auto made = run_bazaard(
            "init", database_,
            {"--views", "thelook", "--views-schema", "Größe 1", "--cdc", "--cdc-password-file", password_->path()});
        ASSERT_EQ(made.status, 0) << made.err;
        ASSERT_EQ(run_bazaard("run", database_, {"--unpaced", "--max-iter", "20", "--init-num-users", "20"}).status, 0);
        ASSERT_EQ(codes(doctor()), std::set<std::string>{});
    }

    [[nodiscard]] std::string one_of_heartbeat()
    {
        auto on = server().superuser(*database_.name);
        return one(on, "SELECT coalesce(max(ts)::text, '') FROM demo.heartbeat");
    }

    void TearDown() override
    {
        auto link = server().superuser();
        link.exec("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
        auto on = server().superuser(*database_.name);
        on.exec("DROP PUBLICATION IF EXISTS bazaard_demo");
        if (one(on, "SELECT count(*) FROM pg_roles WHERE rolname = 'bazaard_cdc'") == "1")
            on.exec("DROP OWNED BY bazaard_cdc; DROP ROLE bazaard_cdc");
    }

    static inline std::unique_ptr<postgres_server> server_;
    static inline std::unique_ptr<temporary_file> password_;
    postgres::connection_flags database_ = server().fresh_database();
};

struct misconfiguration
{
    std::string code;
    std::vector<std::string>
        breaks;  ///< Statements; "restart" restarts the server, "elsewhere: ..." goes to another database.
    std::vector<std::string> tidy{};  ///< After the finding was mended.
    int version = 0;                  ///< Of the server, from which on it can be made.
};

const std::vector<misconfiguration>& misconfigurations()
{
    static const std::string slot = "SELECT pg_create_logical_replication_slot('bazaard_demo', 'pgoutput')";
    static const std::vector<misconfiguration> all{
        {"wal-level", {"ALTER SYSTEM SET wal_level = 'replica'", "restart"}},
        {"no-free-slot", {"ALTER SYSTEM SET max_replication_slots = 0", "restart"}},
        {"no-free-sender", {"ALTER SYSTEM SET max_wal_senders = 0", "restart"}},
        {"slot-keep-unlimited", {"ALTER SYSTEM SET max_slot_wal_keep_size = -1", "SELECT pg_reload_conf()"}},
        {"slot-keep-small", {"ALTER SYSTEM SET max_slot_wal_keep_size = '64MB'", "SELECT pg_reload_conf()"}},
        {"idle-slot-timeout",
         {"ALTER SYSTEM SET idle_replication_slot_timeout = '1h'", "SELECT pg_reload_conf()"},
         {},
         180000},
        {"sender-timeout-off", {"ALTER SYSTEM SET wal_sender_timeout = 0", "SELECT pg_reload_conf()"}},
        {"sender-timeout-short", {"ALTER SYSTEM SET wal_sender_timeout = '3s'", "SELECT pg_reload_conf()"}},
        {"server-read-only",
         {"DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', "
          "current_database()); END$$"},
         {"DO $$BEGIN EXECUTE format('ALTER DATABASE %I RESET default_transaction_read_only', "
          "current_database()); END$$"}},
        {"server-read-only",
         {"ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"},
         {"ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"}},
        {"untrusted-object",
         {"CREATE ROLE stranger", "ALTER TABLE demo.events OWNER TO stranger"},
         {"GRANT SELECT ON demo.events TO bazaard_cdc", "DROP ROLE stranger"}},
        {"untrusted-object",
         {"CREATE ROLE stranger", "GRANT TRIGGER ON bazaard.run TO stranger"},
         {"DROP ROLE stranger"}},
        {"altered-function",
         {"DO $do$BEGIN EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER', (SELECT oid::regprocedure FROM pg_proc "
          "WHERE "
          "pronamespace = 'bazaard'::regnamespace AND proname LIKE 'purchase%')); END$do$"}},
        {"table-unlogged",
         {"ALTER PUBLICATION bazaard_demo DROP TABLE demo.events", "ALTER TABLE demo.events SET UNLOGGED"}},
        {"key-missing", {"ALTER TABLE demo.events DROP CONSTRAINT events_pkey"}},
        {"replica-identity-nothing", {"ALTER TABLE demo.orders REPLICA IDENTITY NOTHING"}},
        {"replica-identity-index",
         {"ALTER TABLE demo.order_items REPLICA IDENTITY USING INDEX order_items_order_id_product_id_key",
          "DROP INDEX demo.order_items_order_id_product_id_key"}},
        {"toast-columns",
         {"ALTER TABLE demo.users ADD COLUMN note text",
          "UPDATE demo.users SET note = (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 300) i)"},
         {"ALTER TABLE demo.users DROP COLUMN note", "ALTER TABLE demo.users REPLICA IDENTITY DEFAULT",
          "VACUUM FULL demo.users"}},
        {"row-security",
         {"ALTER TABLE demo.users ENABLE ROW LEVEL SECURITY"},
         {"ALTER TABLE demo.users DISABLE ROW LEVEL SECURITY"}},
        {"signal-table-missing", {"DROP TABLE demo.debezium_signal"}},
        {"publication-missing", {"DROP PUBLICATION bazaard_demo"}},
        {"publication-everything", {"DROP PUBLICATION bazaard_demo", "CREATE PUBLICATION bazaard_demo FOR ALL TABLES"}},
        {"publication-everything",
         {"DROP PUBLICATION bazaard_demo", "CREATE PUBLICATION bazaard_demo FOR TABLES IN SCHEMA demo"},
         {},
         150000},
        {"publication-operations", {"ALTER PUBLICATION bazaard_demo SET (publish = 'insert, update')"}},
        {"publication-table", {"ALTER PUBLICATION bazaard_demo DROP TABLE demo.orders"}},
        {"publication-heartbeat", {"ALTER PUBLICATION bazaard_demo DROP TABLE demo.heartbeat"}},
        {"publication-signal", {"ALTER PUBLICATION bazaard_demo DROP TABLE demo.debezium_signal"}},
        {"publication-extra",
         {"CREATE TABLE demo.\"My Own\" (id int PRIMARY KEY)",
          "ALTER PUBLICATION bazaard_demo ADD TABLE demo.\"My Own\""}},
        {"publication-filter",
         {"ALTER PUBLICATION bazaard_demo DROP TABLE demo.orders",
          "ALTER PUBLICATION bazaard_demo ADD TABLE demo.orders WHERE (id IS NOT NULL)"},
         {},
         150000},
        {"publication-columns",
         {"ALTER PUBLICATION bazaard_demo DROP TABLE demo.orders",
          "ALTER PUBLICATION bazaard_demo ADD TABLE demo.orders (id, status)"},
         {},
         150000},
        {"role-missing", {"DROP OWNED BY bazaard_cdc", "DROP ROLE bazaard_cdc"}},
        {"role-login", {"ALTER ROLE bazaard_cdc NOLOGIN"}},
        {"role-replication", {"ALTER ROLE bazaard_cdc NOREPLICATION"}},
        {"role-expired", {"ALTER ROLE bazaard_cdc VALID UNTIL '2020-01-01'"}},
        {"role-expires",
         {"DO $$BEGIN EXECUTE format('ALTER ROLE bazaard_cdc VALID UNTIL %L', now() + interval '2 days'); END$$"}},
        {"role-connect",
         {"DO $$BEGIN EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC, bazaard_cdc', "
          "current_database()); END$$"}},
        {"role-schema", {"REVOKE USAGE ON SCHEMA demo FROM bazaard_cdc"}},
        {"role-select", {"REVOKE SELECT ON demo.orders FROM bazaard_cdc"}},
        {"role-heartbeat", {"REVOKE UPDATE ON demo.heartbeat FROM bazaard_cdc"}},
        {"role-signal", {"REVOKE INSERT ON demo.debezium_signal FROM bazaard_cdc"}},
        {"slot-inactive", {slot}},
        {"slot-plugin", {"SELECT pg_create_physical_replication_slot('bazaard_demo', true)"}},
        {"slot-database", {"elsewhere: " + slot}},
        {"slot-lost",
         {slot, "ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'", "SELECT pg_reload_conf()",
          "SELECT pg_logical_emit_message(false, 'a', 'b'), pg_switch_wal()", "CHECKPOINT",
          "SELECT pg_logical_emit_message(false, 'a', 'b'), pg_switch_wal()", "CHECKPOINT",
          "SELECT pg_logical_emit_message(false, 'a', 'b'), pg_switch_wal()", "CHECKPOINT",
          "ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'", "SELECT pg_reload_conf()"}},
        {"views-incomplete", {"DROP VIEW \"Größe 1\".users"}},
        {"views-incomplete", {"DROP FUNCTION \"Größe 1\".spread CASCADE"}},
        {"views-incomplete",
         {"COMMENT ON SCHEMA \"Größe 1\" IS 'Views thelook of bazaard over run main of schema demo, 0'"}},
        {"foreign-slot", {"SELECT pg_create_logical_replication_slot('somebody', 'pgoutput')"}},
    };
    return all;
}

TEST_F(doctor_test, finds_each_misconfiguration_alone_and_says_what_mends_it)
{
    prepare();
    const auto version = server().superuser().server_version();
    for (const auto& one : misconfigurations())
    {
        if (version < one.version)
            continue;
        SCOPED_TRACE(one.code + ": " + one.breaks.front());
        for (const auto& step : one.breaks)
            if (step == "restart")
                restart();
            else if (step.starts_with("elsewhere: "))
                psql(step.substr(11), "postgres");
            else
                psql(step);
        const auto found = settled({one.code});
        ASSERT_EQ(codes(found), std::set<std::string>{one.code});
        ASSERT_EQ(found.size(), 1U) << found.dump(2);
        mend(found[0]);
        ASSERT_EQ(codes(settled({})), std::set<std::string>{}) << found.dump(2);
        for (const auto& step : one.tidy)
            psql(step);
    }
}

TEST_F(doctor_test, leads_from_an_empty_database_to_one_that_can_be_captured)
{
    int rounds = 0;
    for (auto found = doctor(); !found.empty(); found = doctor())
    {
        ASSERT_LT(++rounds, 10) << found.dump(2);
        mend(found[0]);
    }
    EXPECT_GE(rounds, 2);
}

TEST_F(doctor_test, finds_transactions_that_hold_the_slots_back)
{
    prepare();
    capture::expectation wished;
    wished.schema = "demo";
    wished.publication = "bazaard_demo";
    wished.slot = "bazaard_demo";
    wished.role = "bazaard_cdc";
    wished.tables = scenario::default_entry().tables;
    postgres::session on(postgres::resolve(database_));
    const auto judge = [&]
    {
        const auto facts = postgres::read_cdc_facts(on, "demo", "bazaard_demo", "bazaard_cdc", wished.tables);
        return capture::judge_database(facts, wished, capture::connector_health::unknown);
    };
    auto open = server().superuser(*database_.name);
    open.exec("BEGIN; INSERT INTO demo.heartbeat VALUES (2, now())");
    EXPECT_TRUE(judge().empty()) << "a short one is nobody's business";
    wished.transaction_max = std::chrono::seconds(0);
    auto found = judge();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].what.code, "long-transaction");
    psql(found[0].mend[0].text);
    EXPECT_TRUE(eventually([&] { return judge().empty(); }));

    auto preparing = server().superuser(*database_.name);
    preparing.exec("BEGIN; INSERT INTO demo.heartbeat VALUES (2, now()); PREPARE TRANSACTION 'it''s'");
    found = judge();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].what.code, "prepared-transaction");
    psql(found[0].mend[0].text);
    EXPECT_TRUE(eventually([&] { return judge().empty(); }));
}

TEST_F(doctor_test, speaks_to_people_too)
{
    prepare();
    const auto ask = [&](std::vector<std::string> more)
    {
        more.insert(more.begin(), {"--skip", "connect,kafka"});
        return run_bazaard("doctor", database_, more);
    };
    const auto good = ask({});
    EXPECT_EQ(good.status, 0) << good.err;
    EXPECT_EQ(good.out, "no findings; looked at: database\n");
    psql("DROP PUBLICATION bazaard_demo");
    // What leads to the database stands in the remedy, but no password.
    const auto bad = ask({});
    EXPECT_EQ(bad.status, 3);
    EXPECT_NE(bad.out.find("error    publication-missing: publication bazaard_demo: it is not there\n"),
              std::string::npos)
        << bad.out;
    EXPECT_NE(bad.out.find("\n1 finding: 1 error; looked at: database\n"), std::string::npos) << bad.out;
    EXPECT_NE(bad.out.find("-> run: bazaard cdc setup --apply --db-host " + *database_.host + " --db-port " +
                           *database_.port),
              std::string::npos)
        << bad.out;
    EXPECT_EQ(bad.out.find(*database_.password), std::string::npos) << bad.out;
    const auto other = ask({"--db-schema", "it's"});
    EXPECT_EQ(other.status, 3);
    EXPECT_NE(other.out.find("bazaard init "), std::string::npos) << other.out;
    EXPECT_NE(other.out.find("--db-schema 'it'\\''s'"), std::string::npos) << other.out;
}

TEST_F(doctor_test, a_run_warns_once_of_a_slot_that_retains_too_much)
{
    prepare();
    psql("SELECT pg_create_physical_replication_slot('forgotten', true)");
    psql("SELECT pg_logical_emit_message(false, 'a', repeat('x', 3000000))");
    const std::vector<std::string> flags{"--avg-qps", "5", "--slot-wal-warn"};
    const auto start = [&](const std::string& limit)
    {
        auto words = flags;
        words.push_back(limit);
        return start_bazaard("run", database_, words);
    };
    auto daemon = start("2MiB");
    ASSERT_TRUE(daemon.says("slot forgotten keeps "));
    psql("SELECT pg_replication_slot_advance('forgotten', pg_current_wal_lsn())");
    ASSERT_TRUE(daemon.says("slot forgotten is well again"));
    daemon.send(SIGTERM);
    const auto done = daemon.wait();
    EXPECT_EQ(done.status, 0) << done.err;
    const auto first = done.err.find("slot forgotten keeps");
    EXPECT_EQ(done.err.find("slot forgotten keeps", first + 1), std::string::npos) << done.err;

    // Within the limit, and without one, nothing is said.
    psql("SELECT pg_logical_emit_message(false, 'a', repeat('x', 3000000))");
    for (const char* limit : {"1GiB", "0"})
    {
        auto quiet = start(limit);
        const auto beat = one_of_heartbeat();
        ASSERT_TRUE(eventually([&] { return one_of_heartbeat() != beat; }));
        quiet.send(SIGTERM);
        const auto left = quiet.wait();
        EXPECT_EQ(left.status, 0) << left.err;
        EXPECT_EQ(left.err.find("slot forgotten"), std::string::npos) << left.err;
    }
}

}  // namespace
}  // namespace bazaar::test
