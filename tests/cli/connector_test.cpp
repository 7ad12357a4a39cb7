// bazaard connector: what it prints, and how it speaks to Kafka Connect. A worker of the test's own answers; the real one is in the
// label of the stack.

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/capture/connector_config.hpp"
#include "cli/process.hpp"
#include "support/contents.hpp"
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
        EXPECT_EQ(test::contents(path), wanted) << file << ": BAZAARD_TEST_UPDATE=1 writes it anew";
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
    capture::connector_options how;
    how.schema = "lab";
    how.topic_prefix = "t";
    std::map<std::string, std::string> config;
    for (const auto& [name, value] : capture::connector_config(how, sensors.tables()))
        EXPECT_TRUE(config.emplace(name, value).second) << "twice: " << name;
    EXPECT_EQ(config["table.include.list"], "lab\\.sensor,lab\\.reading,lab\\.site,lab\\.pulse");
    EXPECT_NE(config["topic.creation.state.include"].find("t\\.lab\\.sensor"), std::string::npos);
    EXPECT_EQ(config["topic.creation.state.include"].find("t\\.lab\\.reading"), std::string::npos)
        << "its rows never change";
}

TEST(connector_config, names_topics_as_debezium_does)
{
    // Java counts in units of UTF-16, PostgreSQL's names are UTF-8.
    EXPECT_EQ(capture::topic_name("a", "b ü", "c"), "a.b__.c");
    EXPECT_EQ(capture::topic_name("a", "Größe_1", "c"), "a.Gr__e_1.c");
    EXPECT_EQ(capture::topic_name("a", "日本", "c"), "a.__.c");
    EXPECT_EQ(capture::topic_name("a", "😀", "c"), "a.__.c");
    EXPECT_EQ(capture::topic_name("a", "x.y-z \"%$", "c"), "a.x.y-z____.c");
    EXPECT_EQ(capture::topic_name(std::string(120, 'p'), std::string(200, 's'), "c").size(), 249U);
}

TEST(connector_config, quotes_names_where_debezium_takes_characters_for_its_own)
{
    const demo_scenario sensors(1);
    const auto made = [&](const std::string& schema)
    {
        capture::connector_options how;
        how.schema = schema;
        how.topic_prefix = "t";
        std::map<std::string, std::string> config;
        for (const auto& [name, value] : capture::connector_config(how, sensors.tables()))
            config[name] = value;
        return config;
    };
    EXPECT_EQ(made("demo")["signal.data.collection"], "demo.debezium_signal");
    EXPECT_EQ(made("my shop")["signal.data.collection"], "\"my shop\".debezium_signal");
    EXPECT_EQ(made("a\"b")["signal.data.collection"], "\"a\"\"b\".debezium_signal");
    EXPECT_EQ(made("a.b")["signal.data.collection"], "\"a.b\".debezium_signal");
    // Debezium reads it as a list and as a regular expression, too, and neither can be escaped.
    for (const char* schema : {"a,b", "a(b", "a*", "a\\b", "a$"})
        EXPECT_FALSE(made(schema).contains("signal.data.collection")) << schema;
    EXPECT_EQ(made(" a,b")["table.include.list"].substr(0, 15), "\\ a\\,b\\.sensor,");
}

TEST(connector_config, tells_of_names_that_debezium_cannot_be_told)
{
    const auto wrong =
        [](const std::string& schema, const std::string& publication = "p", const std::string& database = "fh_dev")
    {
        capture::connector_options how;
        how.schema = schema;
        how.publication = publication;
        how.database = database;
        return capture::impossible_names(how).size();
    };
    for (const char* schema : {"demo", "Größe_1", "my shop", "a\"b", "it's", "1", "a.b", "100 %", "$x", "{x}"})
        EXPECT_EQ(wrong(schema), 0U) << schema;
    for (const char* schema : {"\"a", "a\"", "a\"\"b", "it''s", "a``b", "${env:HOME}"})
        EXPECT_EQ(wrong(schema), 1U) << schema;
    for (const char* publication : {"Pub", "my pub", "a'b", "a,b", "a\"b"})
        EXPECT_EQ(wrong("demo", publication), 1U) << publication;
    EXPECT_EQ(wrong("demo", "p", "My Größe-1"), 0U);
    for (const char* database : {"a%41", "a?b", "a+b", "${x}"})
        EXPECT_EQ(wrong("demo", "p", database), 1U) << database;
    const auto asked = bazaard({"connector", "register", "--publication-name", "Pub", "--connect-url",
                                "http://127.0.0.1:" + std::to_string(free_port())});
    EXPECT_EQ(asked.status, 64) << asked.err;
    EXPECT_NE(asked.err.find("--publication-name Pub"), std::string::npos) << asked.err;
    const auto printed_too = bazaard({"connector", "config", "--publication-name", "Pub"});
    EXPECT_EQ(printed_too.status, 0);
    EXPECT_NE(printed_too.err.find("--publication-name Pub"), std::string::npos) << printed_too.err;
    EXPECT_EQ(bazaard({"connector", "config", "--publication-name", "pub"}).err, "");
    EXPECT_NE(bazaard({"connector", "config", "--db-schema", "Größe 1"}).out.find("Gr__e_1"), std::string::npos);
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
