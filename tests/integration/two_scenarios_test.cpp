// A program with two scenarios, on its command line: the one that is no default goes through every command, from its tables to the end of
// its rows. Nothing above the scenarios knows which of them it is.

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/postgres/store.hpp"
#include "support/daemon.hpp"
#include "support/demo_scenario.hpp"
#include "support/eventually.hpp"
#include "support/places.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"
#include "support/told_stream.hpp"

namespace bazaar::test
{
namespace
{

using json = nlohmann::json;
using words = std::vector<std::string>;

const words seeded{"--seed", "77", "--start-time", "2025-01-01", "--rate", "50", "--sensors", "9"};

words operator+(words a, const words& b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

std::vector<std::string> lines_of(const std::string& text)
{
    std::vector<std::string> all;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        all.push_back(line);
    return all;
}

class two_scenarios : public testing::Test
{
protected:
    two_scenarios() { std::filesystem::create_directories(directory_); }
    ~two_scenarios() override { std::filesystem::remove_all(directory_); }

    [[nodiscard]] std::string file(const std::string& name, const std::string& text = {}) const
    {
        const auto path = directory_ + "/" + name;
        if (!text.empty())
            std::ofstream(path) << text;
        return path;
    }

    /// The command line in schema lab of the database.
    [[nodiscard]] words line(words command, const words& more = {}) const
    {
        command.insert(command.begin(), two_scenarios_path());
        return command + database_arguments(database_) + words{"--db-schema", schema_} + more;
    }

    [[nodiscard]] finished lab(const words& command, const words& more = {}) const
    {
        return process(line(command, more)).wait(std::chrono::minutes(2));
    }

    /// Ends with this status, and says that on stderr.
    void refuses(int status, const std::string& text, const words& command, const words& more = {}) const
    {
        const auto left = lab(command, more);
        EXPECT_EQ(left.status, status) << left.out << left.err;
        EXPECT_NE(left.err.find(text), std::string::npos) << left.err;
    }

    [[nodiscard]] std::string good(const words& command, const words& more = {}) const
    {
        const auto left = lab(command, more);
        EXPECT_EQ(left.status, 0) << testing::PrintToString(command) << left.out << left.err;
        return left.out;
    }

    [[nodiscard]] std::string asked(const std::string& sql) { return one(link_, sql); }

    [[nodiscard]] std::string tables()
    {
        return asked(
            "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = 'lab'::regnamespace "
            "AND relkind = 'r'");
    }

    std::string directory_ = testing::TempDir() + "bazaard-two-" + std::to_string(getpid());
    std::string schema_ = "lab";
    postgres::connection_flags database_ = postgres_cluster::get().fresh_database();
    sql_client link_{database_};
};

TEST_F(two_scenarios, have_views_where_a_scenario_offers_some)
{
    refuses(64, "--views thelook: scenario demo has no such views", {"init"},
            {"--scenario", "demo", "--views", "thelook"});
    EXPECT_EQ(asked("SELECT count(*) FROM pg_namespace WHERE nspname = 'lab'"), "0")
        << "something was made before the refusal";
    static_cast<void>(good({"init"}, {"--scenario", "demo"}));
    refuses(64, "scenario demo has no views", {"views", "create", "--scenario", "demo"});
    EXPECT_EQ(asked("SELECT count(*) FROM pg_namespace WHERE nspname = 'thelook'"), "0");
}

/// The one that says nothing about its figures is shown by its rows and units.
TEST_F(two_scenarios, are_described)
{
    const auto left =
        process({two_scenarios_path(), "describe", "--scenario", "demo", "--seed", "1", "--max-iter", "60"}).wait();
    EXPECT_EQ(left.status, 0) << left.err;
    EXPECT_TRUE(left.out.starts_with("demo, run main, seed 1, ")) << left.out;
    EXPECT_NE(left.out.find("\nUnits by kind\n"), std::string::npos) << left.out;
    EXPECT_EQ(left.out.find("Conversion"), std::string::npos) << left.out;
}

TEST_F(two_scenarios, are_listed_and_neither_hides_the_other)
{
    const auto left = process({two_scenarios_path(), "scenario", "list", "--json"}).wait();
    ASSERT_EQ(left.status, 0) << left.err;
    const auto all = json::parse(left.out).at("scenarios");
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0]["name"], "demo");
    EXPECT_EQ(all[0]["default"], false);
    EXPECT_EQ(all[0]["tables"], (json{"sensor", "reading", "site", "pulse"}));
    EXPECT_EQ(all[0]["fields"][1]["name"], "rate");
    EXPECT_EQ(all[1]["name"], "thelook");
    EXPECT_EQ(all[1]["default"], true);
    // The default one plans what the program plans that has no other.
    const words same{"plan", "--seed", "7", "--start-time", "2025-01-01", "--units", "0..40", "--format", "jsonl"};
    const auto by_two = process(words{two_scenarios_path()} + same).wait();
    const auto by_one = process(words{program_path()} + same).wait();
    EXPECT_EQ(by_two.status, 0) << by_two.err;
    EXPECT_EQ(by_two.out, by_one.out);
    const auto of_demo = process(words{two_scenarios_path()} + same + words{"--scenario", "demo"}).wait();
    EXPECT_EQ(of_demo.status, 0) << of_demo.err;
    EXPECT_NE(of_demo.out, by_one.out);
    EXPECT_EQ(json::parse(lines_of(of_demo.out).at(0)).at("changes").is_array(), true);
    EXPECT_EQ(process(words{program_path()} + same + words{"--scenario", "demo"}).wait().status, 64);
}

TEST_F(two_scenarios, the_other_one_goes_through_every_command)
{
    // Tables and what a connector needs, made for the scenario that is named.
    static_cast<void>(good({"init"}, {"--scenario", "demo"}));
    EXPECT_EQ(tables(), "pulse reading sensor site");
    static_cast<void>(good({"cdc", "setup"}, {"--scenario", "demo", "--cdc-user", "two_cdc", "--cdc-password-file",
                                              file("password", "s3cret\n")}));
    EXPECT_EQ(asked("SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_publication_tables WHERE pubname = "
                    "'bazaard_lab'"),
              "debezium_signal pulse reading sensor site");

    // A run that records it.
    static_cast<void>(good({"run"}, words{"--scenario", "demo", "--unpaced", "--max-iter", "300"} + seeded));
    EXPECT_EQ(asked("SELECT scenario || ' ' || (settings ->> 'rate') || ' ' || settled FROM bazaard.run"),
              "demo 50 300");
    // Its rows are named by texts and numbers, which say neither run nor unit.
    EXPECT_EQ(asked("SELECT min(id) || ' ' || count(*) - (right(max(id), 9)::bigint - 200000000) FROM lab.sensor"),
              "C200000000 1");
    EXPECT_EQ(asked("SELECT min(id) || ' ' || max(id) - count(*) FROM lab.reading"), "1 0");
    EXPECT_EQ(asked("SELECT count(*) FROM lab.reading r JOIN lab.sensor s ON s.id = r.sensor_id"),
              asked("SELECT count(*) FROM lab.reading"));

    // From here on nothing names it.
    const auto planned = good({"plan"}, {"--units", "0..40", "--format", "jsonl"});
    EXPECT_EQ(planned, good({"plan"}, words{"--scenario", "demo", "--units", "0..40", "--format", "jsonl"} + seeded));
    EXPECT_NE(planned, good({"plan"}, words{"--scenario", "demo", "--units", "0..40", "--format", "jsonl", "--seed",
                                            "78", "--start-time", "2025-01-01"}));
    static_cast<void>(good({"run"}, {"--unpaced", "--max-iter", "400"}));
    EXPECT_EQ(asked("SELECT settled FROM bazaard.run"), "400");

    // What cannot be is one line.
    refuses(78,
            "--scenario thelook: run main is of the scenario demo, and that cannot change; leave the flag out, name "
            "another schema with --db-schema, or remove that run with bazaard reset",
            {"run"}, {"--scenario", "thelook", "--max-iter", "500", "--unpaced"});
    refuses(78, "--avg-qps 30: is a flag of the scenario thelook, and run main is of demo: leave it out", {"run"},
            {"--avg-qps", "30", "--max-iter", "500", "--unpaced"});
    refuses(78, "schema lab has run main of the scenario demo, and a schema is of one scenario", {"run"},
            {"--run", "other", "--max-iter", "5", "--unpaced"});
    refuses(
        78,
        "the keys of table lab.sensor do not say which run a row is of, so a schema has one run of the scenario demo",
        {"run"}, {"--run", "other", "--scenario", "demo", "--max-iter", "5", "--unpaced"});
    refuses(78, "schema lab has run main of the scenario demo", {"init"});
    refuses(78, "--scenario thelook: run main is of the scenario demo", {"plan"}, {"--scenario", "thelook"});
    refuses(78, "--scenario thelook: run main is of the scenario demo", {"verify", "tables"},
            {"--scenario", "thelook"});
    refuses(78, "--scenario thelook: run main is of the scenario demo", {"cdc", "setup"}, {"--scenario", "thelook"});
    refuses(78, "--scenario thelook: run main is of the scenario demo", {"doctor"}, {"--scenario", "thelook"});
    refuses(78, "--scenario thelook: run main is of the scenario demo", {"reset"}, {"--scenario", "thelook", "--yes"});
    EXPECT_EQ(tables(), "debezium_signal pulse reading sensor site") << "no table of the other one was made";
    EXPECT_EQ(asked("SELECT settled FROM bazaard.run"), "400");

    // Killed in the middle, again and again, and gone on with.
    for (int round = 0; round < 3; ++round)
    {
        const auto before = std::stoll(asked("SELECT count(*) FROM lab.reading"));
        process daemon(line({"run"}, {"--scenario", "demo", "--rate", "2000", "--control-socket", "none"}));
        ASSERT_TRUE(eventually([&] { return std::stoll(asked("SELECT count(*) FROM lab.reading")) > before + 200; }));
        daemon.send(SIGKILL);
        EXPECT_EQ(daemon.wait().status, 128 + SIGKILL);
    }
    const auto ticks = std::to_string(std::stoll(asked("SELECT settled FROM bazaard.run")) + 8'000);
    static_cast<void>(good({"run"}, {"--unpaced", "--max-iter", ticks}));
    EXPECT_EQ(asked("SELECT settled FROM bazaard.run"), ticks);
    static_cast<void>(good({"verify", "tables"}));

    // Rows by the plan, and the unit of one of them.
    const auto rows = good({"answers"}, {"--as", "rows", "--table", "sensor", "--format", "csv", "--units",
                                         "0.." + std::to_string(std::stoll(ticks) - 1)});
    // Some notes have two lines.
    EXPECT_EQ(std::to_string(lines_of(rows).size() - 1),
              asked("SELECT count(*) + count(*) FILTER (WHERE note LIKE '%' || chr(10) || '%') FROM lab.sensor"));
    const auto explained = good({"explain", asked("SELECT id FROM lab.reading ORDER BY taken_at LIMIT 1")});
    EXPECT_NE(explained.find(", reading row 0\n"), std::string::npos) << explained;
    const auto sensor = asked("SELECT id FROM lab.sensor ORDER BY id DESC LIMIT 1");
    EXPECT_EQ(sensor.substr(0, 6), "C20000");
    const auto made = good({"explain", sensor});
    EXPECT_NE(made.find(", sensor row " + std::to_string(std::stoll(sensor.substr(1)) - 200'000'000) + '\n'),
              std::string::npos)
        << made;
    EXPECT_NE(made.find("insert sensor  id=\"" + sensor + '"'), std::string::npos) << made;
    EXPECT_NE(good({"explain", "C200000000"}).find("made before unit 0"), std::string::npos);
    refuses(65, "C299999999: is the key of row 99999999 of table sensor, and no unit of run main below",
            {"explain", "C299999999"});
    refuses(65, "X17: is no key of run main (foreign, or damaged)", {"explain", "X17"});

    // The card says what it is of, and what a command line says besides must fit.
    const auto card = file("card.json", good({"card"}));
    auto written = json::parse(std::ifstream(card));
    EXPECT_EQ(written.at("scenario"), "demo");
    EXPECT_EQ(written.at("scenario_text"), demo_text);
    written["scenario_text"] = "demo: 2";
    refuses(78, "run main was begun with another file of scenario demo", {"plan"},
            {"--card", file("other.json", written.dump()), "--units", "0..40"});
    static_cast<void>(asked("UPDATE bazaard.scenario_text SET body = body || ' ' RETURNING 1"));
    refuses(78, "run main was begun with another file of scenario demo", {"plan"}, {"--units", "0..40"});
    static_cast<void>(asked("UPDATE bazaard.scenario_text SET body = rtrim(body, ' ') RETURNING 1"));
    EXPECT_EQ(good({"plan"}, {"--card", card, "--units", "0..40", "--format", "jsonl"}), planned);
    refuses(64, "--scenario thelook: the card " + card + " is of the scenario demo", {"plan"},
            {"--card", card, "--scenario", "thelook"});
    refuses(64, "--scenario thelook: the card " + card + " is of the scenario demo", {"load"},
            {"--card", card, "--scenario", "thelook"});
    refuses(64, "--avg-qps 30: is a flag of the scenario thelook, and the card " + card + " is of demo", {"run"},
            {"--card", card, "--avg-qps", "30"});
    static_cast<void>(good({"verify", "tables"}, {"--card", card}));

    // The doctor knows its tables, and names the scenario in what mends what it finds. (The server has findings of its own.)
    const auto found = [&] { return lab({"doctor"}, {"--skip", "connect,kafka", "--cdc-user", "two_cdc"}).out; };
    const auto well = found();
    EXPECT_EQ(well.find("lab.site"), std::string::npos) << well;
    link_.exec("ALTER PUBLICATION bazaard_lab DROP TABLE lab.site");
    const auto ill = found();
    EXPECT_NE(ill.find("site"), std::string::npos) << ill;
    EXPECT_EQ(ill.find("orders"), std::string::npos) << ill;
    link_.exec("DROP PUBLICATION bazaard_lab");
    const auto worse = found();
    EXPECT_NE(worse.find("bazaard cdc setup"), std::string::npos) << worse;
    EXPECT_NE(worse.find("--scenario demo"), std::string::npos) << worse;
    static_cast<void>(good({"cdc", "setup"}, {"--apply", "--cdc-user", "two_cdc"}));
    EXPECT_EQ(found(), well);

    // Somebody edits a row: then it is not as planned.
    link_.exec("UPDATE lab.sensor SET note = 'edited' WHERE id = '" + sensor + "'");
    const auto edited = lab({"verify", "tables"});
    EXPECT_TRUE(edited.status == 1 || edited.status == 2) << edited.status << edited.out;
    EXPECT_NE(edited.out.find(sensor), std::string::npos) << edited.out;

    // So is a row that no unit has made, whatever its key looks like.
    link_.exec("INSERT INTO lab.sensor VALUES ('X1', 1, 'stranger', NULL, NULL, now()), "
               "('C200900000', 1, 'another', NULL, NULL, now())");
    const auto foreign = lab({"verify", "tables"});
    EXPECT_NE(foreign.out.find("X1"), std::string::npos) << foreign.out;
    EXPECT_NE(foreign.out.find("C200900000"), std::string::npos) << foreign.out;
    static_cast<void>(good({"run"}, {"--unpaced", "--max-iter", std::to_string(std::stoll(ticks) + 50)}));

    // And all of it goes, but the row whose key is no run's.
    static_cast<void>(good({"reset"}, {"--yes"}));
    EXPECT_EQ(asked("DELETE FROM lab.sensor RETURNING id"), "X1");
    EXPECT_EQ(asked("SELECT (SELECT count(*) FROM lab.sensor) + (SELECT count(*) FROM lab.reading) + (SELECT count(*) "
                    "FROM bazaard.run)"),
              "0");
    EXPECT_EQ(asked("SELECT count(*) FROM lab.site"), "3");
    static_cast<void>(good({"cdc", "drop"}, {"--yes", "--force", "--cdc-user", "two_cdc"}));
}

TEST_F(two_scenarios, its_streams_are_judged)
{
    static_cast<void>(good({"init"}, {"--scenario", "demo"}));
    static_cast<void>(good({"cdc", "setup"}, {"--scenario", "demo", "--cdc-user", "two_stream", "--cdc-password-file",
                                              file("password", "s3cret\n")}));
    process daemon(line({"run"}, {"--scenario", "demo", "--seed", "77", "--rate", "200", "--control-socket", "none"}));
    ASSERT_TRUE(eventually([&] { return asked("SELECT count(*) > 50 FROM lab.reading") == "t"; }));
    const auto told = good({"verify", "stream"}, {"--duration", "3s"});
    EXPECT_NE(told.find("clean"), std::string::npos) << told;
    // What somebody writes beside the plan is found in the stream; the slot of the one before goes a moment after its end.
    const auto slots = [&]
    {
        return asked("SELECT count(*) FROM pg_replication_slots WHERE active AND confirmed_flush_lsn IS NOT NULL AND "
                     "database = current_database()");
    };
    ASSERT_TRUE(eventually([&] { return slots() == "0"; }));
    process verb(line({"verify", "stream"}, {"--duration", "5s"}));
    ASSERT_TRUE(eventually([&] { return slots() != "0"; }));
    link_.exec("UPDATE lab.reading SET amount = amount + 1 WHERE id = (SELECT max(id) FROM lab.reading)");
    const auto harmed = verb.wait(std::chrono::minutes(1));
    EXPECT_NE(harmed.status, 0) << harmed.out;
    EXPECT_LE(harmed.status, 2) << harmed.out << harmed.err;
    daemon.send(SIGTERM);
    EXPECT_EQ(daemon.wait().status, 0);
    static_cast<void>(good({"cdc", "drop"}, {"--yes", "--force", "--cdc-user", "two_stream"}));

    // A dump of events, against the card alone.
    schema_ = "demo";
    static_cast<void>(good({"run"}, words{"--scenario", "demo", "--unpaced", "--max-iter", "400"} + seeded));
    const auto card = file("card.json", good({"card"}));
    postgres::session session(postgres::resolve(database_));
    const auto recorded = postgres::load(session, "demo", "main",
                                         [](const run::record&) { return demo_scenario::fields(); });
    ASSERT_TRUE(recorded);
    scenario::settings configuration(demo_scenario::fields());
    for (const auto& [name, text] : recorded->settings)
        ASSERT_EQ(configuration.set(configuration.find(name), text), "");
    const demo_scenario shop(scenario::request{"main", recorded->seed, configuration, {}});
    const auto sent = told_stream(shop, *recorded, recorded->settled);
    const auto dump = [&](std::size_t left_out)
    {
        std::string text;
        for (std::size_t i = 0; i < sent.size(); ++i)
            if (i != left_out)
                text += sent[i].json + '\n';
        return file("events.jsonl", text);
    };
    static_cast<void>(good({"verify", "events"}, {"--card", card, dump(sent.size())}));
    std::size_t sensor = 0;
    while (sent[sensor].table != "sensor" || sent[sensor].unit == no_unit)
        ++sensor;
    const auto lacking = lab({"verify", "events"}, {"--card", card, dump(sensor)});
    EXPECT_EQ(lacking.status, 1) << lacking.out;
    EXPECT_NE(lacking.out.find(sent[sensor].key), std::string::npos) << lacking.out;
    EXPECT_EQ(sent[sensor].key.substr(0, 6), "C20000");
}

TEST_F(two_scenarios, it_is_loaded_in_bulk_and_written_into_files)
{
    const words history{"--scenario", "demo", "--max-iter", "3000", "--seed", "5", "--rate", "30"};
    static_cast<void>(good({"load"}, history));
    EXPECT_EQ(asked("SELECT scenario FROM bazaard.run"), "demo");
    static_cast<void>(good({"verify", "tables"}));
    // It goes on without its name, with other values of what can be steered.
    static_cast<void>(good({"run"}, {"--max-iter", "3100", "--unpaced"}));
    refuses(78, "--scenario thelook: run main is of the scenario demo", {"load"},
            {"--scenario", "thelook", "--max-iter", "3000"});
    static_cast<void>(good({"verify", "tables"}));
    const auto to = directory_ + "/files";
    static_cast<void>(good({"load"}, history + words{"--to", to}));
    EXPECT_TRUE(std::filesystem::exists(to + "/reading.csv"));
    EXPECT_FALSE(std::filesystem::exists(to + "/orders.csv"));
    std::ifstream written(to + "/sensor.csv");
    EXPECT_NE(std::string(std::istreambuf_iterator<char>(written), {}).find("\nC20000"), std::string::npos);
    EXPECT_EQ(json::parse(std::ifstream(to + "/card.json")).at("scenario"), "demo");
}

TEST_F(two_scenarios, it_is_watched_and_steered_in_its_own_words)
{
    static_cast<void>(good({"run"}, {"--scenario", "demo", "--seed", "3", "--max-iter", "20", "--unpaced"}));
    const auto socket = file("socket");
    process daemon(line({"run"}, {"--control-socket", socket, "--scenario", "demo", "--rate", "40"}));
    const auto status = [&]
    {
        const auto left = lab({"ctl", "status"}, {"--json", "--control-socket", socket});
        return json::parse(left.out, nullptr, false);
    };
    ASSERT_TRUE(eventually(
        [&]
        {
            const auto now = status();
            return now.is_object() && now["state"] == "running" && now["rate"]["target"] == 40.0;
        }));
    const auto now = status();
    EXPECT_EQ(now["run"]["scenario"], "demo");
    EXPECT_EQ(now["rate"]["setting"], "rate");
    EXPECT_EQ(now["settings"], (json{{"rate", "40"}}));
    EXPECT_EQ(now["shown"]["title"], "");
    EXPECT_EQ(now["sales"], json::array());
    EXPECT_EQ(now["figures"]["rows"].size(), 2U);
    EXPECT_GT(now["figures"]["rows"]["sensor"], 0);
    const auto set = lab({"ctl", "set", "rate=70"}, {"--control-socket", socket});
    EXPECT_EQ(set.status, 0) << set.out << set.err;
    EXPECT_EQ(status()["rate"]["target"], 70.0);
    const auto wrong = lab({"ctl", "set", "avg-qps=70"}, {"--control-socket", socket});
    EXPECT_EQ(wrong.status, 64) << wrong.err;
    EXPECT_NE(wrong.err.find("what can be set: rate"), std::string::npos) << wrong.err;
    // Flags are read again: the rate that they say holds.
    daemon.send(SIGHUP);
    EXPECT_TRUE(eventually([&] { return status()["rate"]["target"] == 40.0; }));
    daemon.send(SIGTERM);
    EXPECT_EQ(daemon.wait().status, 0);
    EXPECT_NE(daemon.said().find("rate is 70 from unit"), std::string::npos) << daemon.said();
}

TEST_F(two_scenarios, a_role_that_only_writes_goes_on_without_its_name)
{
    link_.exec("DROP ROLE IF EXISTS two_writer; CREATE ROLE two_writer LOGIN PASSWORD 'w'");
    static_cast<void>(good({"init"}, {"--scenario", "demo", "--writer-role", "two_writer", "--writer-removes"}));
    database_ = postgres_cluster::get().over_tcp(database_);
    database_.user = "two_writer";
    database_.password = "w";
    static_cast<void>(good({"run"}, {"--scenario", "demo", "--max-iter", "20", "--unpaced"}));
    static_cast<void>(good({"run"}, {"--max-iter", "40", "--unpaced"}));
    EXPECT_EQ(asked("SELECT settled FROM bazaard.run"), "40");
    static_cast<void>(good({"card"}));
    static_cast<void>(good({"verify", "tables"}));
    link_.exec("DROP OWNED BY two_writer; DROP ROLE two_writer");
}

TEST_F(two_scenarios, topics_and_connector_are_of_the_chosen_tables)
{
    const words config{two_scenarios_path(), "connector", "config", "--db-host", "localhost", "--db-name", "d"};
    const auto of_default = process(config).wait();
    const auto of_demo = process(config + words{"--scenario", "demo"}).wait();
    ASSERT_EQ(of_default.status, 0) << of_default.err;
    ASSERT_EQ(of_demo.status, 0) << of_demo.err;
    const auto captured = [](const finished& left)
    { return json::parse(left.out).at("table.include.list").get<std::string>(); };
    EXPECT_NE(captured(of_default).find("orders"), std::string::npos) << captured(of_default);
    EXPECT_EQ(captured(of_demo).find("orders"), std::string::npos) << captured(of_demo);
    EXPECT_NE(captured(of_demo).find("reading"), std::string::npos) << captured(of_demo);
    const auto by_environment = process(config, {{"BAZAARD_SCENARIO", "demo"}}).wait();
    EXPECT_EQ(by_environment.out, of_demo.out);
}

/// What bash offers in place of the last word.
std::set<std::string> offered(const words& typed)
{
    const std::string script =
        "source <(\"$0\" --help-completion bash); COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _bazaard; "
        "printf '%s\\n' \"${COMPREPLY[@]}\"";
    const auto left = process(words{"/bin/bash", "-c", script, two_scenarios_path()} + typed).wait();
    EXPECT_EQ(left.status, 0) << left.err;
    EXPECT_EQ(left.err, "");
    const auto lines = lines_of(left.out);
    return {lines.begin(), lines.end()};
}

TEST_F(two_scenarios, bash_completes_the_fields_of_the_one_that_is_named)
{
    using set = std::set<std::string>;
    EXPECT_EQ(offered({"bazaard", "run", "--scenario", "d"}), set{"demo"});
    EXPECT_EQ(offered({"bazaard", "run", "--sens"}), set{""});
    EXPECT_EQ(offered({"bazaard", "run", "--avg"}), set{"--avg-qps"});
    EXPECT_EQ(offered({"bazaard", "run", "--scenario", "demo", "--sens"}), set{"--sensors"});
    EXPECT_EQ(offered({"bazaard", "run", "--scenario", "=", "demo", "--sens"}), set{"--sensors"});
    EXPECT_EQ(offered({"bazaard", "run", "--scenario", "demo", "--avg"}), set{""});
    EXPECT_EQ(offered({"bazaard", "reset", "--scenario", "demo", "--sens"}), set{""}) << "it has no fields";
}

}  // namespace
}  // namespace bazaar::test
