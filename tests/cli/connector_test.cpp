// bazaard connector: what it prints, and how it speaks to Kafka Connect. A worker of the test's own answers; the real one is in the
// label of the stack.

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/postgres/connector.hpp"
#include "cli/process.hpp"
#include "support/demo_scenario.hpp"
#include "support/places.hpp"
#include "support/postgres_cluster.hpp"

namespace bazaar::test
{
namespace
{

struct variant
{
    const char* file;
    std::vector<std::string> flags;
};

const variant variants[] = {
    {"thelook.json", {}},
    {"thelook-avro.json", {"--format", "avro"}},
    {"thelook-flat.json", {"--flat", "--snapshot", "no_data"}},
    {"thelook-exactly-once.json", {"--exactly-once"}},
};

std::string printed(const std::vector<std::string>& flags)
{
    std::vector<std::string> words{"connector", "config", "--db-host", "localhost",
                                   "--db-port", "5432",   "--db-name", "fh_dev"};
    words.insert(words.end(), flags.begin(), flags.end());
    const auto left = bazaard(words);
    EXPECT_EQ(left.status, 0) << left.err;
    return left.out;
}

TEST(connector_config, the_files_are_what_it_prints)
{
    for (const auto& [file, flags] : variants)
    {
        const auto path = test::source_dir() + "/debezium/" + file;
        const auto wanted = printed(flags);
        if (std::getenv("BAZAARD_TEST_UPDATE") != nullptr)
            std::ofstream(path) << wanted;
        std::ifstream in(path);
        EXPECT_EQ((std::string{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()}), wanted)
            << file << ": BAZAARD_TEST_UPDATE=1 writes it anew";
    }
}

TEST(connector_config, holds_no_secret_and_follows_the_flags)
{
    const auto config = nlohmann::json::parse(
        printed({"--db-password",        "hunter2", "--db-schema",          "My.Shop",     "--topic-prefix",     "p",
                 "--connector-db-host",  "db",      "--connector-db-port",  "6543",        "--partitions",       "3",
                 "--replication-factor", "2",       "--slot-name",          "s",           "--publication-name", "Pub",
                 "--cdc-user",           "reader",  "--connector-password", "${file:/x:y}"}));
    EXPECT_EQ(config.dump().find("hunter2"), std::string::npos);
    EXPECT_EQ(config["database.hostname"], "db");
    EXPECT_EQ(config["database.port"], "6543");
    EXPECT_EQ(config["database.user"], "reader");
    EXPECT_EQ(config["database.password"], "${file:/x:y}");
    EXPECT_EQ(config["slot.name"], "s");
    EXPECT_EQ(config["publication.name"], "Pub");
    EXPECT_EQ(config["topic.creation.default.partitions"], "3");
    EXPECT_EQ(config["topic.creation.state.replication.factor"], "2");
    EXPECT_NE(config["table.include.list"].get<std::string>().find("My\\.Shop\\.orders"), std::string::npos);
    EXPECT_NE(config["heartbeat.action.query"].get<std::string>().find("\"My.Shop\".\"heartbeat\""), std::string::npos);
    const auto by_socket = bazaard({"connector", "config", "--db-host", "/run/postgresql"});
    EXPECT_EQ(nlohmann::json::parse(by_socket.out)["database.hostname"], "localhost");
    EXPECT_EQ(bazaard({"connector", "config", "--connector-password", "hunter2"}).status, 64);
}

TEST(connector_config, is_made_of_the_tables_of_any_scenario)
{
    const demo_scenario sensors(1);
    postgres::connector_options how;
    how.schema = "lab";
    how.topic_prefix = "t";
    std::map<std::string, std::string> config;
    for (const auto& [name, value] : postgres::connector_config(how, sensors.tables()))
        EXPECT_TRUE(config.emplace(name, value).second) << "twice: " << name;
    EXPECT_EQ(config["table.include.list"], "lab\\.sensor,lab\\.reading,lab\\.site,lab\\.pulse");
    EXPECT_NE(config["topic.creation.state.include"].find("t\\.lab\\.sensor"), std::string::npos);
    EXPECT_EQ(config["topic.creation.state.include"].find("t\\.lab\\.reading"), std::string::npos)
        << "its rows never change";
    EXPECT_EQ(postgres::topic_name("a", "b ü", "c"), "a.b___.c");
}

TEST(connector, says_what_is_wrong)
{
    const auto nowhere = "http://127.0.0.1:" + std::to_string(free_port());
    for (const char* verb : {"register", "status", "pause", "resume"})
    {
        const auto left = bazaard({"connector", verb, "--connect-url", nowhere});
        EXPECT_EQ(left.status, 69) << verb << left.err;
        EXPECT_NE(left.err.find("Kafka Connect does not answer at " + nowhere), std::string::npos) << left.err;
    }
    EXPECT_EQ(bazaard({"connector", "delete", "--connect-url", nowhere}).status, 64) << "nobody to ask";
    for (const char* url : {"localhost:8083", "ftp://localhost", "http://", "https://", "http://a:b"})
        EXPECT_EQ(bazaard({"connector", "status", "--connect-url", url}).status, 64) << url;
    for (const auto& words : std::vector<std::vector<std::string>>{{"connector"},
                                                                   {"connector", "start"},
                                                                   {"connector", "config", "--format", "jsonl"},
                                                                   {"connector", "config", "--snapshot", "never"},
                                                                   {"connector", "config", "--partitions", "0"},
                                                                   {"plan", "--format", "avro"}})
        EXPECT_EQ(bazaard(words).status, 64) << words.back();
}

TEST(doctor_command, ends_before_its_findings_where_it_cannot_look)
{
    const auto nowhere = std::to_string(free_port());
    const auto left = bazaard({"doctor", "--json", "--db-host", "127.0.0.1", "--db-port", nowhere});
    EXPECT_EQ(left.status, 69) << left.err;
    EXPECT_EQ(left.out, "");
    for (const auto& words : std::vector<std::vector<std::string>>{{"doctor", "--skip", "database"},
                                                                   {"doctor", "--skip", ""},
                                                                   {"doctor", "--skip", "kafka,"},
                                                                   {"doctor", "--slot-wal-warn", "1.5GiB"},
                                                                   {"doctor", "--slot-wal-warn", "-1"},
                                                                   {"doctor", "now"},
                                                                   {"run", "--json"}})
        EXPECT_EQ(bazaard(words).status, 64) << words.back();
}

}  // namespace
}  // namespace bazaar::test
