// What the doctor finds in plain facts: nothing in good ones, and each of its findings in facts that are wrong in one way.

#include "bazaar/capture/doctor.hpp"

#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "bazaar/app/flag_value.hpp"
#include "bazaar/postgres/cdc.hpp"
#include "support/demo_scenario.hpp"
#include "support/places.hpp"

namespace bazaar::capture
{
namespace
{

using postgres::cdc_facts;

constexpr std::int64_t mebi = 1 << 20;

const test::demo_scenario& lab()
{
    static const test::demo_scenario one(1);
    return one;
}

expectation wishes()
{
    expectation wished;
    wished.schema = "lab";
    wished.publication = "pub";
    wished.slot = "ours";
    wished.role = "reader";
    wished.connector = "lab";
    wished.tables = lab().tables();
    return wished;
}

cdc_facts good_facts()
{
    cdc_facts good;
    good.server = {.version = 150018,
                   .database = "db",
                   .user = "owner",
                   .wal_level = "logical",
                   .slots_max = 10,
                   .slots_used = 1,
                   .senders_max = 10,
                   .senders_used = 1,
                   .slot_keep_bytes = 4096 * mebi,
                   .sender_timeout = std::chrono::seconds(60)};
    good.publication = {.there = true, .inserts = true, .updates = true, .deletes = true};
    for (const auto table : postgres::captured_tables(lab().tables()))
        good.tables.push_back({.name = std::string(table), .there = true});
    good.tables.push_back({.name = std::string(postgres::signal_table), .there = true});
    for (const auto& t : good.tables)
        good.publication.tables.push_back({"lab", t.name});
    good.role = {.there = true, .login = true, .replication = true, .connect = true, .usage = true};
    good.slots = {{"ours", "pgoutput", "db", true, "reserved", mebi, mebi / 2}};
    return good;
}

const std::map<std::string, std::string>& config()
{
    static const std::map<std::string, std::string> one{
        {"connector.class", "io.debezium.connector.postgresql.PostgresConnector"},
        {"database.dbname", "db"},
        {"database.user", "reader"},
        {"database.password", "${env:P}"},
        {"plugin.name", "pgoutput"},
        {"slot.name", "ours"},
        {"publication.name", "pub"},
        {"publication.autocreate.mode", "disabled"},
        {"table.include.list", "lab\\.sensor,lab\\.pulse"},
        {"topic.prefix", "t"},
        {"signal.data.collection", "lab.debezium_signal"},
        {"heartbeat.interval.ms", "1000"},
        {"heartbeat.action.query", "INSERT"},
        {"snapshot.mode", "initial"}};
    return one;
}

connector_facts good_connector()
{
    connector_facts good;
    good.there = true;
    good.state = "RUNNING";
    good.tasks = {"RUNNING"};
    good.config = config();
    good.debezium = "3.7.0.Final";
    return good;
}

std::set<std::string> codes(std::span<const finding> found)
{
    std::set<std::string> all;
    for (const auto& one : found)
        all.emplace(one.what.code);
    return all;
}

postgres::table_facts& table(cdc_facts& facts, std::string_view name)
{
    return *std::ranges::find(facts.tables, name, &postgres::table_facts::name);
}

postgres::published_table& published(cdc_facts& facts, std::string_view name)
{
    return *std::ranges::find(facts.publication.tables, name, &postgres::published_table::name);
}

void unpublish(cdc_facts& facts, std::string_view name)
{
    std::erase_if(facts.publication.tables, [&](const auto& one) { return one.name == name; });
}

struct database_case
{
    std::string code;
    std::function<void(cdc_facts&)> breaks;
    std::string mend;  ///< Part of a remedy.
    connector_health connector = connector_health::good;
};

const std::vector<database_case>& database_cases()
{
    using health = connector_health;
    static const std::vector<database_case> all{
        {"server-version", [](cdc_facts& f) { f.server.version = 190000; }, "PostgreSQL 18"},
        {"database-encoding", [](cdc_facts& f) { f.server.encoding = "LATIN1"; }, "ENCODING 'UTF8'"},
        {"server-standby", [](cdc_facts& f) { f.server.standby = true; }, "primary"},
        {"server-read-only", [](cdc_facts& f) { f.server.read_only = "database"; },
         "BEGIN READ WRITE; ALTER DATABASE \"db\" SET default_transaction_read_only = off; COMMIT"},
        {"server-read-only", [](cdc_facts& f) { f.server.read_only = "user"; }, "ALTER ROLE \"owner\" SET"},
        {"server-read-only", [](cdc_facts& f) { f.server.read_only = "configuration file"; }, "ALTER SYSTEM SET"},
        {"server-read-only", [](cdc_facts& f) { f.server.read_only = "client"; }, "take it out of PGOPTIONS"},
        {"wal-level", [](cdc_facts& f) { f.server.wal_level = "replica"; }, "ALTER SYSTEM SET wal_level = 'logical'"},
        {"no-free-slot",
         [](cdc_facts& f)
         {
             f.slots.clear();
             f.server.slots_used = 10;
         },
         "max_replication_slots = '14'", health::unknown},
        {"no-free-sender",
         [](cdc_facts& f)
         {
             f.slots.clear();
             f.server.senders_used = 10;
         },
         "max_wal_senders = '14'", health::unknown},
        {"slot-keep-unlimited", [](cdc_facts& f) { f.server.slot_keep_bytes = -1; }, "max_slot_wal_keep_size"},
        {"slot-keep-small", [](cdc_facts& f) { f.server.slot_keep_bytes = 0; }, "max_slot_wal_keep_size"},
        {"idle-slot-timeout", [](cdc_facts& f) { f.server.idle_slot_timeout = std::chrono::hours(1); },
         "idle_replication_slot_timeout"},
        {"sender-timeout-off", [](cdc_facts& f) { f.server.sender_timeout = {}; }, "wal_sender_timeout = '60s'"},
        {"sender-timeout-short", [](cdc_facts& f) { f.server.sender_timeout = std::chrono::seconds(5); },
         "SELECT pg_reload_conf()"},
        {"long-transaction",
         [](cdc_facts& f) {
             f.transactions = {{"123", false, "u", "db", std::chrono::minutes(10)}};
         },
         "SELECT pg_terminate_backend(123)"},
        {"untrusted-object",
         [](cdc_facts& f) {
             f.untrusted = {{"table demo.orders", "its owner is \"x\"", "ALTER TABLE demo.orders OWNER TO \"me\""}};
         },
         "OWNER TO \"me\""},
        {"altered-function",
         [](cdc_facts& f) {
             f.altered = {{"function bazaard.f()", "it is not as bazaard makes it", "DROP FUNCTION bazaard.f()"}};
         },
         "DROP FUNCTION bazaard.f()"},
        {"prepared-transaction",
         [](cdc_facts& f) {
             f.transactions = {{"it's", true, "u", "db", std::chrono::hours(10)}};
         },
         "ROLLBACK PREPARED 'it''s'"},
        {"prepared-transaction",
         [](cdc_facts& f) {
             f.transactions = {{"x", true, "u", "elsewhere", std::chrono::hours(10)}};
         },
         "in database elsewhere: ROLLBACK PREPARED 'x'"},
        {"table-missing",
         [](cdc_facts& f)
         {
             for (auto& t : f.tables)
                 t.there = false;
             f.publication = {};
         },
         "bazaard init"},
        {"table-missing",
         [](cdc_facts& f)
         {
             table(f, "reading").there = false;
             unpublish(f, "reading");
         },
         "restore it"},
        {"table-unlogged",
         [](cdc_facts& f)
         {
             table(f, "reading").logged = false;
             unpublish(f, "reading");
         },
         "ALTER PUBLICATION \"pub\" ADD TABLE \"lab\".\"reading\""},
        {"key-missing", [](cdc_facts& f) { table(f, "sensor").key = false; }, "ADD PRIMARY KEY (\"id\")"},
        {"replica-identity-nothing", [](cdc_facts& f) { table(f, "sensor").identity = 'n'; },
         "ALTER TABLE \"lab\".\"sensor\" REPLICA IDENTITY DEFAULT"},
        {"replica-identity-index",
         [](cdc_facts& f)
         {
             table(f, "sensor").identity = 'i';
             table(f, "sensor").identity_index = false;
         },
         "REPLICA IDENTITY DEFAULT"},
        {"toast-columns", [](cdc_facts& f) { table(f, "sensor").out_of_line = true; }, "REPLICA IDENTITY FULL"},
        {"row-security", [](cdc_facts& f) { table(f, "sensor").row_security = true; },
         "ALTER ROLE \"reader\" BYPASSRLS"},
        {"signal-table-missing",
         [](cdc_facts& f)
         {
             table(f, "debezium_signal").there = false;
             unpublish(f, "debezium_signal");
         },
         "bazaard cdc setup --apply"},
        {"publication-missing", [](cdc_facts& f) { f.publication = {}; }, "bazaard cdc setup --apply"},
        {"publication-everything",
         [](cdc_facts& f)
         {
             f.publication.everything = true;
             f.publication.tables.push_back({"elsewhere", "more"});
         },
         "bazaard cdc setup --apply"},
        {"publication-operations", [](cdc_facts& f) { f.publication.deletes = false; }, "SET (publish ="},
        {"publication-table", [](cdc_facts& f) { unpublish(f, "sensor"); }, "ADD TABLE \"lab\".\"sensor\""},
        {"publication-heartbeat", [](cdc_facts& f) { unpublish(f, "pulse"); }, "ADD TABLE \"lab\".\"pulse\""},
        {"publication-signal", [](cdc_facts& f) { unpublish(f, "debezium_signal"); }, "ADD TABLE"},
        {"publication-extra",
         [](cdc_facts& f) {
             f.publication.tables.push_back({"lab", "mine"});
         },
         "DROP TABLE \"lab\".\"mine\""},
        {"publication-filter", [](cdc_facts& f) { published(f, "sensor").filtered = true; }, "COMMIT"},
        {"publication-columns", [](cdc_facts& f) { published(f, "sensor").some_columns = true; }, "COMMIT"},
        {"role-missing", [](cdc_facts& f) { f.role = {}; }, "bazaard cdc setup --apply --cdc-password-file FILE"},
        {"role-login", [](cdc_facts& f) { f.role.login = false; }, "ALTER ROLE \"reader\" LOGIN"},
        {"role-replication", [](cdc_facts& f) { f.role.replication = false; }, "REPLICATION"},
        {"role-expired", [](cdc_facts& f) { f.role.expires = std::chrono::seconds(-5); }, "VALID UNTIL 'infinity'"},
        {"role-expires", [](cdc_facts& f) { f.role.expires = std::chrono::hours(30); }, "VALID UNTIL 'infinity'"},
        {"role-connect", [](cdc_facts& f) { f.role.connect = false; }, "GRANT CONNECT ON DATABASE \"db\""},
        {"role-schema", [](cdc_facts& f) { f.role.usage = false; }, "GRANT USAGE ON SCHEMA \"lab\""},
        {"role-select", [](cdc_facts& f) { table(f, "sensor").may_select = false; }, "GRANT SELECT ON"},
        {"role-heartbeat", [](cdc_facts& f) { table(f, "pulse").may_update = false; }, "GRANT INSERT, UPDATE ON"},
        {"role-signal", [](cdc_facts& f) { table(f, "debezium_signal").may_insert = false; }, "GRANT INSERT ON"},
        {"slot-missing", [](cdc_facts& f) { f.slots.clear(); }, "connector register --snapshot when_needed"},
        {"slot-plugin", [](cdc_facts& f) { f.slots[0].plugin = "test_decoding"; },
         "SELECT pg_drop_replication_slot('ours')"},
        {"slot-plugin", [](cdc_facts& f) { f.slots[0].plugin.clear(); }, "SELECT pg_drop_replication_slot('ours')"},
        {"slot-database", [](cdc_facts& f) { f.slots[0].database = "elsewhere"; }, "pg_drop_replication_slot"},
        {"slot-lost",
         [](cdc_facts& f)
         {
             f.slots[0].wal_status = "lost";
             f.slots[0].active = false;
         },
         "connector register --snapshot when_needed"},
        {"slot-unreserved", [](cdc_facts& f) { f.slots[0].wal_status = "unreserved"; }, "'1024MB'"},
        {"slot-inactive", [](cdc_facts& f) { f.slots[0].active = false; }, "bazaard connector register"},
        {"slot-inactive", [](cdc_facts& f) { f.slots[0].active = false; }, "pg_drop_replication_slot('ours')",
         health::unknown},
        {"slot-lag",
         [](cdc_facts& f)
         {
             f.slots[0].retained = 3000 * mebi;
             f.slots[0].behind = 2000 * mebi;
         },
         "log of its consumer"},
        {"slot-wal", [](cdc_facts& f) { f.slots[0].retained = 3000 * mebi; }, "pg_stat_activity"},
        {"slot-wal",
         [](cdc_facts& f) {
             f.slots.push_back({"theirs", "pgoutput", "x", true, "extended", 3000 * mebi, 0});
         },
         "--slot-wal-warn above 2.9 GiB"},
        {"foreign-slot",
         [](cdc_facts& f) {
             f.slots.push_back({"theirs", "pgoutput", "x", false, "reserved", mebi, 0});
         },
         "SELECT pg_drop_replication_slot('theirs')"},
    };
    return all;
}

struct connector_case
{
    std::string code;
    std::function<void(connector_facts&)> breaks;
    std::string mend;
};

const std::vector<connector_case>& connector_cases()
{
    static const std::vector<connector_case> all{
        {"connect-plugin", [](connector_facts& f) { f.debezium.reset(); }, "plugin.path"},
        {"debezium-version", [](connector_facts& f) { f.debezium = "3.6.3.Final"; }, "3.7.0.Final"},
        {"debezium-version", [](connector_facts& f) { f.debezium = "2.7.4.Final"; }, "3.7.0.Final"},
        {"connector-missing",
         [](connector_facts& f)
         {
             f = {};
             f.debezium = "3.7.0.Final";
         },
         "bazaard connector register"},
        {"connector-paused", [](connector_facts& f) { f.state = "PAUSED"; }, "bazaard connector resume"},
        {"connector-paused",
         [](connector_facts& f)
         {
             f.state = "STOPPED";
             f.tasks.clear();
         },
         "bazaard connector resume"},
        {"connector-state", [](connector_facts& f) { f.tasks.clear(); }, "bazaard connector register"},
        {"connector-failed", [](connector_facts& f) { f.tasks = {"FAILED"}; }, "bazaard connector register"},
        {"connector-failed",
         [](connector_facts& f)
         {
             f.tasks = {"FAILED"};
             f.trace = "this is no longer available on the server.";
         },
         "bazaard connector register --snapshot when_needed"},
        {"connector-database", [](connector_facts& f) { f.config["database.user"] = "postgres"; }, "register"},
        {"connector-slot", [](connector_facts& f) { f.config["slot.name"] = "theirs"; }, "register"},
        {"connector-publication", [](connector_facts& f) { f.config.erase("publication.name"); }, "register"},
        {"connector-autocreate", [](connector_facts& f) { f.config.erase("publication.autocreate.mode"); }, "register"},
        {"connector-tables", [](connector_facts& f) { f.config["table.include.list"] = "lab.sensor"; }, "register"},
        {"connector-topic-prefix", [](connector_facts& f) { f.config["topic.prefix"] = "other"; }, "register"},
        {"connector-heartbeat", [](connector_facts& f) { f.config.erase("heartbeat.interval.ms"); }, "register"},
        {"connector-heartbeat", [](connector_facts& f) { f.config.erase("heartbeat.action.query"); }, "register"},
        {"connector-signal", [](connector_facts& f) { f.config.erase("signal.data.collection"); }, "register"},
        // What was chosen when it was made is kept.
        {"connector-password",
         [](connector_facts& f)
         {
             f.config["database.password"] = "hunter2";
             f.config["value.converter"] = "io.apicurio.registry.utils.converter.AvroConverter";
             f.config["snapshot.mode"] = "no_data";
             f.config["transforms"] = "flat";
             f.config["exactly.once.support"] = "required";
             f.config["topic.creation.default.partitions"] = "3";
             f.config["topic.creation.default.replication.factor"] = "2";
         },
         "bazaard connector register --format avro --snapshot no_data --flat --exactly-once --partitions 3 "
         "--replication-factor 2"},
    };
    return all;
}

void expect_only(std::span<const finding> found, const std::string& code, const std::string& mend)
{
    EXPECT_EQ(codes(found), std::set<std::string>{code});
    ASSERT_EQ(found.size(), 1U);
    const auto& one = found.front();
    EXPECT_FALSE(one.subject.empty());
    EXPECT_FALSE(one.wrong.empty());
    std::string steps;
    for (const auto& step : one.mend)
        steps += step.text + '\n';
    EXPECT_NE(steps.find(mend), std::string::npos) << steps;
    EXPECT_EQ((one.subject + one.wrong + steps).find("hunter2"), std::string::npos) << "a password";
}

TEST(doctor, finds_nothing_in_good_facts)
{
    for (const auto connector : {connector_health::good, connector_health::bad, connector_health::unknown})
        EXPECT_EQ(codes(judge_database(good_facts(), wishes(), connector)), std::set<std::string>{});
    EXPECT_EQ(codes(judge_connector(good_connector(), wishes(), config())), std::set<std::string>{});
    // Neither in what is a matter of taste.
    auto facts = good_facts();
    table(facts, "sensor").identity = 'f';
    table(facts, "sensor").out_of_line = true;
    table(facts, "reading").out_of_line = true;
    facts.transactions = {{"1", false, "u", "db", std::chrono::minutes(9)}};
    facts.role.expires = std::chrono::hours(24 * 300);
    facts.server.idle_slot_timeout = std::chrono::hours(48);
    facts.slots.push_back({"theirs", "", "", true, "reserved", mebi, 0});
    EXPECT_EQ(codes(judge_database(facts, wishes(), connector_health::good)), std::set<std::string>{});
    auto connector = good_connector();
    connector.config["table.include.list"] = "lab.pulse, lab.sensor, lab.more";
    connector.config["database.user"] = "${file:a:b}";
    connector.debezium = "4.0.0.Final";
    EXPECT_EQ(codes(judge_connector(connector, wishes(), config())), std::set<std::string>{});
    // No connector has made a slot yet.
    facts.slots.clear();
    EXPECT_EQ(codes(judge_database(facts, wishes(), connector_health::unknown)), std::set<std::string>{});
}

TEST(doctor, finds_views_that_are_not_as_they_were_made)
{
    const postgres::views_found good{{"lab", "main", "Gr\u00f6\u00dfe 1"}, {}, {}, true};
    EXPECT_FALSE(judge_views(good, "shape", wishes()));
    const auto judged = [&](const auto& breaks)
    {
        auto found = good;
        breaks(found);
        const auto one = judge_views(found, "shape", wishes());
        EXPECT_TRUE(one);
        if (!one)
            return finding{};
        expect_only({&*one, 1}, "views-incomplete",
                    "bazaard views create --run main --views shape --views-schema 'Gr\u00f6\u00dfe 1'");
        return *one;
    };
    EXPECT_EQ(judged([](auto& f) { f.current = false; }).wrong, "another version of the program has made them");
    EXPECT_EQ(judged(
                  [](auto& f)
                  {
                      f.current = false;
                      f.missing = {"a", "f(int)"};
                  })
                  .wrong,
              "it lacks a, f(int)");
    const auto foreign = judged(
        [](auto& f)
        {
            f.current = false;
            f.foreign = {"b"};
        });
    EXPECT_EQ(foreign.wrong, "b is not what bazaard has made there");
    ASSERT_EQ(foreign.mend.size(), 2U);
    EXPECT_NE(foreign.mend[0].text.find("rename b"), std::string::npos) << foreign.mend[0].text;
}

TEST(doctor, finds_each_fault_of_a_database_alone)
{
    for (const auto& one : database_cases())
    {
        SCOPED_TRACE(one.code);
        auto facts = good_facts();
        one.breaks(facts);
        expect_only(judge_database(facts, wishes(), one.connector), one.code, one.mend);
    }
}

TEST(doctor, finds_each_fault_of_a_connector_alone)
{
    for (const auto& one : connector_cases())
    {
        SCOPED_TRACE(one.code);
        auto facts = good_connector();
        one.breaks(facts);
        expect_only(judge_connector(facts, wishes(), config()), one.code, one.mend);
    }
    expect_only(std::vector{no_connect("http://x", "nobody answers", false)}, "connect-unreachable", "--connect-url");
    expect_only(std::vector{no_connect("http://x", "401", true)}, "connect-refused", "--skip connect");
    expect_only(std::vector{impossible_name("shop", "--publication-name Pub: ...")}, "connector-names", "another name");
}

struct topic_case
{
    std::string code;
    std::function<void(std::map<std::string, kafka::found_topic>&)> breaks;
    std::string mend;
};

const std::vector<topic_case>& topic_cases()
{
    using found = std::map<std::string, kafka::found_topic>;
    static const std::vector<topic_case> all{
        {"topic-missing", [](found& f) { f.clear(); }, "bazaard topics ensure"},
        {"topic-offline", [](found& f) { f["a"].led = false; }, "brokers"},
        {"topic-partitions-few", [](found& f) { f["a"].partitions = 2; }, "bazaard topics ensure --apply"},
        {"topic-partitions-many", [](found& f) { f["a"].partitions = 4; }, "--partitions 4"},
        {"topic-copies", [](found& f) { f["a"].replication = 1; }, "kafka-reassign-partitions"},
        {"topic-settings",
         [](found& f) {
             f["a"].settings = {{"cleanup.policy", "delete"}};
         },
         "bazaard topics ensure --apply"},
    };
    return all;
}

TEST(doctor, finds_each_fault_of_topics_alone)
{
    const std::vector<model::topic> wished{{"a", "state", 3, 2, {{"cleanup.policy", "compact"}, {"retention.ms", "1"}}},
                                           {"b", "default", -1, -1, {}}};
    const std::map<std::string, kafka::found_topic> good{
        {"a", {3, 2, true, {{"cleanup.policy", "compact"}, {"retention.ms", "1"}, {"more", "x"}}, {}}},
        {"b", {7, 5, true, {}, {}}}};
    EXPECT_TRUE(judge_topics(good, wished, wishes()).empty());
    for (const auto& one : topic_cases())
    {
        SCOPED_TRACE(one.code);
        auto found = good;
        one.breaks(found);
        expect_only(judge_topics(found, wished, wishes()), one.code, one.mend);
    }
    expect_only(std::vector{no_kafka("x:1", "nobody answers", false)}, "kafka-unreachable", "--bootstrap-servers");
    expect_only(std::vector{no_kafka("x:1", "refused", true)}, "kafka-refused", "--skip kafka");
}

TEST(doctor, does_not_tell_what_follows_from_a_connector_that_is_down)
{
    auto facts = good_facts();
    facts.slots[0].active = false;
    EXPECT_TRUE(judge_database(facts, wishes(), connector_health::bad).empty());
    facts.slots.clear();
    EXPECT_TRUE(judge_database(facts, wishes(), connector_health::bad).empty());
    auto paused = good_connector();
    paused.state = "PAUSED";
    EXPECT_EQ(health(judge_connector(paused, wishes(), config())), connector_health::bad);
    EXPECT_EQ(health({}), connector_health::good);
    auto old = good_connector();
    old.debezium = "3.6.0";
    EXPECT_EQ(health(judge_connector(old, wishes(), config())), connector_health::good);
}

TEST(doctor, keeps_to_the_limit_of_retained_log)
{
    auto facts = good_facts();
    facts.slots[0].retained = 3000 * mebi;
    auto wished = wishes();
    wished.slot_wal_max = 0;
    EXPECT_TRUE(judge_database(facts, wished, connector_health::good).empty());
    wished.slot_wal_max = facts.slots[0].retained;
    EXPECT_TRUE(judge_database(facts, wished, connector_health::good).empty());
    wished.slot_wal_max -= 1;
    EXPECT_EQ(judge_database(facts, wished, connector_health::good).size(), 1U);
}

TEST(doctor, has_a_case_for_each_finding)
{
    std::set<std::string> tried{"connect-unreachable", "connect-refused", "kafka-unreachable",
                                "kafka-refused",       "connector-names", "views-incomplete"};
    for (const auto& one : topic_cases())
        tried.insert(one.code);
    for (const auto& one : database_cases())
        tried.insert(one.code);
    for (const auto& one : connector_cases())
        tried.insert(one.code);
    std::set<std::string> all;
    for (const auto& one : ailments())
    {
        EXPECT_TRUE(all.emplace(one.code).second) << one.code;
        EXPECT_TRUE(one.effect.ends_with('.')) << one.code;
    }
    EXPECT_EQ(tried, all);
}

TEST(doctor, has_its_findings_in_the_document)
{
    std::ifstream document(test::source_dir() + "/docs/doctor.md");
    std::set<std::string> rows;
    for (std::string line; std::getline(document, line);)
        if (line.starts_with("| `"))
            rows.insert(line.substr(0, line.rfind('|') + 1));
    std::set<std::string> wanted;
    std::string text;
    for (const auto& one : ailments())
    {
        const auto row = "| `" + std::string(one.code) + "` | " + std::string(name(one.weight)) + " | " +
                         std::string(one.effect) + " |";
        wanted.insert(row);
        text += row + '\n';
    }
    EXPECT_EQ(rows, wanted) << "the table must be:\n" << text;
}

std::string said(slot_watch& watch, std::vector<postgres::slot_facts> slots)
{
    std::string text;
    for (const auto& line : watch.see(slots))
        text += (line.good ? "+" : "-") + line.text + '\n';
    return text;
}

TEST(slot_watch, tells_once_of_too_much_and_once_that_it_is_well)
{
    const auto slot = [](std::int64_t retained, bool active = true, std::string status = "reserved")
    { return postgres::slot_facts{"s", "pgoutput", "db", active, std::move(status), retained, 0}; };
    slot_watch watch(100 * mebi);
    EXPECT_TRUE(watch.on());
    EXPECT_EQ(said(watch, {slot(100 * mebi)}), "");
    EXPECT_EQ(said(watch, {slot(101 * mebi, false)}),
              "-slot s keeps 101 MiB of the server's log, and nobody reads from it; bazaard doctor says what to do\n");
    EXPECT_EQ(said(watch, {slot(300 * mebi)}), "") << "again";
    EXPECT_EQ(said(watch, {slot(60 * mebi)}), "") << "not well enough: it would go to and fro";
    EXPECT_EQ(said(watch, {slot(120 * mebi)}), "");
    EXPECT_EQ(said(watch, {slot(50 * mebi)}),
              "+slot s is well again: it keeps 50 MiB of the server's log, after 300 MiB\n");
    EXPECT_EQ(said(watch, {slot(50 * mebi)}), "");
    EXPECT_NE(said(watch, {slot(200 * mebi)}).find("its consumer is behind"), std::string::npos);
    EXPECT_EQ(said(watch, {}), "+slot s is gone, and the 200 MiB of the log that it kept\n");
    EXPECT_EQ(said(watch, {}), "");
    EXPECT_NE(said(watch, {slot(200 * mebi)}), "");
    EXPECT_TRUE(said(watch, {slot(0, false, "lost")}).starts_with("-slot s is lost"));
    EXPECT_EQ(said(watch, {slot(0, false, "lost")}), "");
    EXPECT_FALSE(slot_watch(0).on());
}

TEST(sizes, are_read_and_shown)
{
    EXPECT_EQ(parse_size("0"), 0);
    EXPECT_EQ(parse_size("17"), 17);
    EXPECT_EQ(parse_size("3kB"), 3072);
    EXPECT_EQ(parse_size("512MiB"), 512 * mebi);
    EXPECT_EQ(parse_size("1GB"), 1024 * mebi);
    EXPECT_EQ(parse_size("8388607TiB"), 8388607LL << 40);
    for (const auto* wrong : {"", "GiB", "-1", "1.5GiB", "1 GiB", "1gib", "8388608TiB", "99999999999999999999"})
        EXPECT_EQ(parse_size(wrong), std::nullopt) << wrong;
    EXPECT_EQ(shown_size(0), "0 bytes");
    EXPECT_EQ(shown_size(1023), "1023 bytes");
    EXPECT_EQ(shown_size(1536), "1.5 KiB");
    EXPECT_EQ(shown_size(2ULL << 30), "2 GiB");
    EXPECT_EQ(shown_size(5ULL << 50), "5120 TiB");
}

}  // namespace
}  // namespace bazaar::capture
