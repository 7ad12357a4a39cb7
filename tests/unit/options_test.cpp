#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bazaar/app/commands.hpp"
#include "bazaar/app/flag.hpp"
#include "bazaar/app/flag_value.hpp"
#include "bazaar/app/help.hpp"
#include "bazaar/app/options.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/process/value_source.hpp"
#include "bazaar/scenario/registry.hpp"
#include "bazaar/verify/report.hpp"
#include "support/demo_scenario.hpp"
#include "support/effort.hpp"
#include "support/places.hpp"

namespace bazaar::app
{
namespace
{

using scenario::field;
using scenario::field_kind;

/// Fields of a scenario that exists only here.
constexpr std::array<field, 3> fields{{
    {.name = "avg-qps",
     .initial = "20",
     .scale = 3,
     .low = 1,
     .high = 1'000'000,
     .placeholder = "RATE",
     .help = "rate"},
    {.name = "country", .kind = field_kind::text, .initial = "*", .placeholder = "NAME", .help = "country"},
    {.name = "lifecycle", .kind = field_kind::choice, .initial = "partial", .choices = "partial complete"},
}};
const std::array<scenario::entry, 1> scenarios{{{.name = scenario::default_name, .fields = fields}}};

/// A command line in memory that may be overwritten, and the world around it.
struct fixture
{
    surroundings around{
        .environment = {}, .read = {}, .now = *parse_time("2026-06-01T12:00:00Z"), .scenarios = scenarios};
    std::map<std::string, std::string> files;
    std::vector<std::string> words;

    fixture()
    {
        around.read = [this](const std::string& path) -> std::optional<std::string>
        {
            const auto found = files.find(path);
            return found == files.end() ? std::nullopt : std::optional(found->second);
        };
    }

    options parse(std::vector<std::string> arguments)
    {
        words = std::move(arguments);
        words.insert(words.begin(), "bazaard");
        std::vector<char*> argv;
        for (auto& word : words)
            argv.push_back(word.data());
        argv.push_back(nullptr);
        return app::parse(static_cast<int>(words.size()), argv.data(), around);
    }

    /// Kind and lines of the refusal.
    std::pair<error_kind, std::vector<std::string>> refusal(std::vector<std::string> arguments)
    {
        try
        {
            static_cast<void>(parse(std::move(arguments)));
        }
        catch (const error& problem)
        {
            return {problem.kind(), problem.lines()};
        }
        ADD_FAILURE() << "nothing was refused";
        return {error_kind::internal, {}};
    }
};

TEST(options, defaults)
{
    const auto made = fixture().parse({});
    EXPECT_EQ(made.what, command::run);
    EXPECT_FALSE(made.named);
    EXPECT_EQ(made.ask, request::work);
    EXPECT_EQ(made.schema, "demo");
    EXPECT_EQ(made.batch_rows, 1000U);
    EXPECT_EQ(made.run, "main");
    EXPECT_EQ(made.seed, std::nullopt);
    EXPECT_EQ(made.start, std::nullopt);
    EXPECT_EQ(made.ticks_max, std::nullopt);
    EXPECT_EQ(made.workers, 4U);
    EXPECT_EQ(made.window, 1024U);
    EXPECT_EQ(made.lag_max, std::chrono::seconds(10));
    EXPECT_EQ(made.heartbeat_interval, std::chrono::seconds(10));
    EXPECT_EQ(made.database.host, std::nullopt);
    EXPECT_EQ(made.database.password, std::nullopt);
    EXPECT_EQ(made.configuration.number("avg-qps"), 20'000);
    EXPECT_TRUE(made.given.empty());
    EXPECT_TRUE(made.given_settings.empty());
    EXPECT_TRUE(made.warnings.empty());
}

TEST(options, the_written_defaults_are_the_real_ones)
{
    // Giving every documented default changes nothing.
    const auto table = flag_table(scenarios, scenarios[0]);
    std::vector<std::string> arguments;
    for (const auto& entry : table)
        if (entry.commands.has(command::run) && entry.form == flag_form::value && !entry.initial.empty())
            arguments.push_back("--" + std::string(entry.name) + "=" + entry.initial);
    fixture world;
    const auto given = world.parse(arguments);
    const auto plain = world.parse({});
    EXPECT_EQ(given.schema, plain.schema);
    EXPECT_EQ(given.batch_rows, plain.batch_rows);
    EXPECT_EQ(given.run, plain.run);
    EXPECT_EQ(given.ticks_max, plain.ticks_max);
    EXPECT_EQ(given.workers, plain.workers);
    EXPECT_EQ(given.window, plain.window);
    EXPECT_EQ(given.lag_max, plain.lag_max);
    EXPECT_EQ(given.heartbeat_interval, plain.heartbeat_interval);
    EXPECT_EQ(given.bootstrap_servers, plain.bootstrap_servers);
    EXPECT_EQ(given.topic_prefix, plain.topic_prefix);
    EXPECT_EQ(given.level, plain.level);
    EXPECT_EQ(given.format, plain.format);
    EXPECT_EQ(given.progress, plain.progress);
    EXPECT_TRUE(given.configuration == plain.configuration);
}

TEST(options, both_generations_of_the_command_line)
{
    const auto now = fixture().parse({"--db-host", "h", "--db-user", "u", "--db-password", "p", "--db-schema", "s",
                                      "--db-batch-size", "7", "--db-name", "n"});
    const auto before = fixture().parse({"--host", "h", "--user", "u", "--password", "p", "--schema", "s",
                                         "--batch-size", "7", "--db-name", "n", "--no-create-topic", "--no-echo"});
    for (const auto* made : {&now, &before})
    {
        EXPECT_EQ(made->database.host, "h");
        EXPECT_EQ(made->database.user, "u");
        EXPECT_EQ(made->database.password, "p");
        EXPECT_EQ(made->database.name, "n");
        EXPECT_EQ(made->schema, "s");
        EXPECT_EQ(made->batch_rows, 7U);
        EXPECT_TRUE(made->is_given("db-host"));
    }
}

TEST(options, commands)
{
    EXPECT_EQ(fixture().parse({"init"}).what, command::init);
    EXPECT_EQ(fixture().parse({"--seed", "1", "run"}).what, command::run);
    const auto plan = fixture().parse({"plan", "--units", "5..5", "--format", "jsonl"});
    EXPECT_EQ(plan.what, command::plan);
    EXPECT_EQ(plan.units_first, 5U);
    EXPECT_EQ(plan.units_last, 5U);
    EXPECT_EQ(plan.plan_format, plan_format::jsonl);
    EXPECT_EQ(fixture().parse({"explain", "ab-cd"}).id, "ab-cd");
    EXPECT_EQ(fixture().parse({"explain", "--", "-x"}).id, "-x");
}

TEST(options, a_dry_run_is_a_plan_of_ten_units)
{
    const auto made = fixture().parse({"--dry-run", "--avg-qps", "5", "--db-host", "h"});
    EXPECT_EQ(made.what, command::plan);
    EXPECT_EQ(made.units_first, 0U);
    EXPECT_EQ(made.units_last, 9U);
}

TEST(options, negative_numbers_are_values)
{
    EXPECT_EQ(fixture().parse({"--max-iter", "-1"}).ticks_max, std::nullopt);
    EXPECT_TRUE(fixture().parse({"--max-iter", "-1"}).is_given("max-iter"));
    EXPECT_EQ(fixture().parse({"--max-iter=3"}).ticks_max, 3U);
}

TEST(options, fields_of_the_scenario_know_whether_they_were_given)
{
    const auto made = fixture().parse({"--avg-qps", "20", "--lifecycle", "complete"});
    EXPECT_EQ(made.configuration.text("lifecycle"), "complete");
    const std::map<std::string, std::string> wanted{{"avg-qps", "20"}, {"lifecycle", "complete"}};
    EXPECT_EQ(made.given_settings, wanted);
}

TEST(options, precedence)
{
    fixture world;
    world.around.environment = {{"BAZAARD_CONFIG", "f"}, {"BAZAARD_SEED", "2"}, {"BAZAARD_ECHO", "false"}};
    world.files["f"] = "seed = 1\nworkers = 8\necho = true\nunits = 3..4\n";
    const auto made = world.parse({"--seed", "3"});
    EXPECT_EQ(made.seed, 3U);
    EXPECT_EQ(made.workers, 8U);
    EXPECT_FALSE(made.echo);
    EXPECT_EQ(made.given.at("seed").origin, "command line");
    EXPECT_EQ(made.given.at("echo").origin, "environment BAZAARD_ECHO");
    EXPECT_EQ(made.given.at("workers").origin, "f:2");
    // Keys of other commands are fine in a file, but are nothing to this one.
    EXPECT_FALSE(made.is_given("units"));
    EXPECT_EQ(world.parse({"plan"}).units_first, 3U);
}

TEST(options, a_file)
{
    fixture world;
    world.files["f"] =
        "\xef\xbb\xbf# shop\r\n\r\n  country =  New Zealand  # far\r\nschema=\"a # b\"\r\ndb-password = a#b";
    const auto made = world.parse({"--config", "f"});
    EXPECT_EQ(made.configuration.text("country"), "New Zealand");
    EXPECT_EQ(made.schema, "a # b");
    EXPECT_EQ(made.database.password, "a#b");
    EXPECT_EQ(made.given.at("db-password").text, "***");
    EXPECT_EQ(made.given.at("db-password").origin, "f:5");
}

TEST(options, mistakes_of_a_file)
{
    fixture world;
    world
        .files["f"] = "turbo = 1\nworkers\nhelp = true\necho = yes\nseed = \"1\nseed = \"1\" 2\nhost = a\ndb-host = b\n"
                      "window = 1\nwindow = 64\n";
    const auto [kind, lines] = world.refusal({"--config", "f"});
    EXPECT_EQ(kind, error_kind::config);
    const std::vector<std::string> wanted{
        "f:1: turbo: unknown name",
        "f:2: must be `name = value`",
        "f:3: help: cannot be set in a file",
        "f:4: echo yes: must be true or false",
        "f:5: seed: the closing quote is missing",
        "f:6: seed: nothing but a comment may follow the closing quote",
        "f:8: db-host: given twice, also as host",
        "f:9: window 1: must be a whole number from 16 to 65536",
        "f:10: window: given twice, before in line 9",
    };
    EXPECT_EQ(lines, wanted);

    world.files["f"] = std::string("seed = 1\0", 9);
    EXPECT_EQ(world.refusal({"--config", "f"}).second, std::vector<std::string>{"f: is not a text file"});
}

TEST(options, kinds_of_refusal)
{
    fixture world;
    world.files["bad"] = "seed = x\n";
    EXPECT_EQ(world.refusal({"--config", "bad"}).first, error_kind::config);
    EXPECT_EQ(world.refusal({"--config", "none"}).first, error_kind::no_input);
    EXPECT_EQ(world.refusal({"--config", "bad", "--workers", "0"}).first, error_kind::usage);
    world.around.environment = {{"BAZAARD_CONFIG", "none"}};
    EXPECT_EQ(world.refusal({}).second,
              std::vector<std::string>{"BAZAARD_CONFIG=none in the environment: the file is missing or not readable"});
}

TEST(options, all_mistakes_at_once)
{
    fixture world;
    world.files["f"] = "window = 1\n";
    world.around.environment = {{"BAZAARD_WORKERS", "many"}};
    const auto [kind, lines] = world.refusal({"--avg-qps", "x", "--turbo", "9", "--max-lag", "2d", "--config", "f",
                                              "--units", "1..2", "--start-time", "2026-06-01T12:00:01Z", "--unpaced"});
    EXPECT_EQ(kind, error_kind::usage);
    EXPECT_EQ(lines.size(), 8U) << testing::PrintToString(lines);
}

TEST(options, a_mistake_in_one_source_is_told_although_another_is_right)
{
    fixture world;
    world.around.environment = {{"BAZAARD_START_TIME", "2026-01-01"}, {"BAZAARD_MAX_ITER", "5"}};
    EXPECT_EQ(world.refusal({"--start-time", "noon", "--max-iter", "x", "--unpaced"}).second.size(), 2U);
}

TEST(options, a_mistake_in_a_value_brings_no_second_complaint)
{
    EXPECT_EQ(fixture().refusal({"--unpaced", "--max-iter", "x"}).second.size(), 1U);
}

TEST(options, the_value_after_an_unknown_flag_is_no_command)
{
    EXPECT_EQ(fixture().refusal({"--turbo", "9"}).second, std::vector<std::string>{"--turbo: unknown flag"});
    EXPECT_EQ(fixture().refusal({"--turbo", "init", "--workers", "2"}).second.size(), 2U);
}

TEST(options, the_start_may_be_now_but_not_later)
{
    EXPECT_EQ(fixture().parse({"--start-time", "2026-06-01T14:00:00+02:00"}).start, parse_time("2026-06-01T12:00:00Z"));
    EXPECT_EQ(fixture().refusal({"--start-time", "2026-06-01T12:00:00.000001Z"}).second.size(), 1U);
}

TEST(options, a_password_and_its_file)
{
    fixture world;
    EXPECT_EQ(world.refusal({"--password", "p", "--db-password-file", "f"}).second,
              std::vector<std::string>{"--db-password-file f: give this or --password, not both"});
    // Of different sources, the stronger one counts alone.
    world.around.environment = {{"BAZAARD_DB_PASSWORD", "p"}};
    const auto made = world.parse({"--db-password-file", "f"});
    EXPECT_EQ(made.database.password, std::nullopt);
    EXPECT_EQ(made.database.password_file, "f");
    EXPECT_FALSE(made.is_given("db-password"));
}

TEST(options, a_credential_counts_where_nothing_else_tells_the_password)
{
    fixture world;
    world.around.environment = {{"CREDENTIALS_DIRECTORY", "/c"}};
    world.around.read = [](const std::string& path) -> std::optional<std::string>
    {
        if (path == "/c/db-password" || path == "/c/sasl-password")
            return "secret";
        return path == "/c/cdc-password" ? std::optional<std::string>("") : std::nullopt;
    };
    const auto found = world.parse({});
    EXPECT_EQ(found.database.password_file, "/c/db-password");
    EXPECT_EQ(found.given.at("db-password-file").origin, "credential db-password");
    // Not where it would be of no use, and not an empty one.
    EXPECT_EQ(found.sasl_password_file, std::nullopt);
    EXPECT_EQ(world.parse({"--security-protocol", "sasl_ssl", "--sasl-username", "u"}).sasl_password_file,
              "/c/sasl-password");
    EXPECT_EQ(world.parse({"init"}).cdc_password_file, "");
    // Whoever says it otherwise is heard.
    EXPECT_EQ(world.parse({"--db-password-file", "f"}).database.password_file, "f");
    EXPECT_EQ(world.parse({"--db-password", "p"}).database.password_file, std::nullopt);
    EXPECT_EQ(world.parse({"--db-url", "postgresql://u:p@h/d"}).database.password_file, std::nullopt);
    EXPECT_EQ(world.parse({"--db-url", "postgresql://u@h/d"}).database.password_file, "/c/db-password");
    world.around.environment.clear();
    EXPECT_EQ(world.parse({}).database.password_file, std::nullopt);
}

TEST(options, settings_of_librdkafka_behind_commas)
{
    using pairs = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(fixture().parse({"topics", "check", "--kafka-conf", "a.b=1,ssl.cipher.suites=A,B,c=,d=e=f"}).kafka_conf,
              (pairs{{"a.b", "1"}, {"ssl.cipher.suites", "A,B"}, {"c", ""}, {"d", "e=f"}}));
    fixture world;
    const auto made = world.parse({"topics", "check", "--kafka-conf", "sasl.password=geheim"});
    EXPECT_EQ(made.given.at("kafka-conf").text.find("geheim"), std::string::npos);
    EXPECT_EQ(world.words[4].find("geheim"), std::string::npos);
}

TEST(options, secrets_are_overwritten_in_place)
{
    fixture world;
    const auto made = world.parse({"--password", "geheim", "--db-url", "postgresql://u:geheim@h/d", "--db-host", "h"});
    EXPECT_EQ(made.database.password, "geheim");
    EXPECT_EQ(made.database.url, "postgresql://u:geheim@h/d");
    EXPECT_EQ(world.words[2], "xxxxxx");
    EXPECT_EQ(world.words[4].find("geheim"), std::string::npos);
    EXPECT_EQ(world.words[6], "h");
    EXPECT_EQ(made.warnings.size(), 1U);

    world.refusal({"--db-password=geheim", "--avg-qps", "0"});
    EXPECT_EQ(world.words[1], "--db-password=xxxxxx");
    world.refusal({"--db-passwrod", "geheim"});
    EXPECT_EQ(world.words[2], "xxxxxx");
    world.refusal({"--dbpassword=geheim"});
    EXPECT_EQ(world.words[1], "--dbpassword=xxxxxx");
}

TEST(options, help_is_given_whatever_else_is_wrong)
{
    const auto made = fixture().parse({"plan", "--help", "--units", "x"});
    EXPECT_EQ(made.ask, request::help);
    EXPECT_EQ(made.what, command::plan);
    EXPECT_TRUE(made.named);
}

TEST(options, unknown_variables_are_warnings)
{
    fixture world;
    world.around.environment = {{"BAZAARD_AVG_QSP", "1"}, {"BAZAARD_TEST_X", "1"}, {"BAZAARD_PG_BIN", "x"},
                                {"BAZAARD_CACHE", "x"},   {"BAZAARD_SEED", ""},    {"HOME", "/"}};
    const auto made = world.parse({});
    EXPECT_EQ(made.warnings, std::vector<std::string>{
                                 "BAZAARD_AVG_QSP in the environment is not known; did you mean BAZAARD_AVG_QPS?"});
    EXPECT_FALSE(made.is_given("seed"));
}

TEST(options, control_characters_of_a_value_do_not_reach_the_terminal)
{
    EXPECT_EQ(fixture().refusal({"--run", "a\x1b[2J\nb"}).second.at(0).find("--run a\\x1b[2J\\x0ab: must"), 0U);
}

/// All commands, each with each of its verbs.
std::vector<std::vector<std::string>> all_doings()
{
    std::vector<std::vector<std::string>> all;
    for (const auto what : all_commands)
    {
        for (const auto word : verbs_of(what))
            all.push_back({std::string(name(what)), std::string(word)});
        if (verbs_of(what).empty())
            all.push_back({std::string(name(what))});
    }
    return all;
}

TEST(flags, that_a_verb_does_not_take_are_refused_on_its_command_line_and_no_others)
{
    const auto table = flag_table(scenarios, scenarios[0]);
    std::size_t refused = 0;
    std::size_t taken = 0;
    std::size_t turn = 0;
    for (const auto& doing : all_doings())
        for (const auto& entry : table)
        {
            // Where one in ten is tried, it is not the same flag for each verb.
            turn += &entry == &table.front() ? 2 : 1;
            if (turn % test::effort() != 0)
                continue;
            if (entry.place == flag_place::command_line && entry.name != "yes" && entry.name != "force" &&
                entry.name != "dry-run")
                continue;
            const auto spelled = "--" + std::string(entry.name);
            const auto told = doing.front() + (doing.size() > 1 ? ' ' + doing[1] : "");
            auto line = doing;
            line.push_back(spelled);
            if (entry.form == flag_form::value)
                line.push_back(entry.initial.empty() ? "1" : entry.initial);
            std::vector<std::string> lines;
            try
            {
                static_cast<void>(fixture().parse(line));
            }
            catch (const error& problem)
            {
                lines = problem.lines();
            }
            // One line that names the flag, the verb and who takes it.
            const bool of_others = std::ranges::any_of(
                lines,
                [&](const std::string& one)
                {
                    const bool verb = one.starts_with(spelled + ": " + told + " does not do that; it is for ");
                    const bool command = one.starts_with(spelled + ": is a flag of ") &&
                                         one.ends_with(", not of " + doing.front());
                    return (verb || command) && one.find(listed(entry.commands)) != one.npos;
                });
            const bool takes = entry.commands.has(*std::ranges::find(all_commands, doing.front(), name),
                                                  doing.size() > 1 ? doing[1] : "");
            EXPECT_EQ(of_others, !takes) << told << ' ' << spelled << testing::PrintToString(lines);
            ++(takes ? taken : refused);
            // What is shared by all verbs is not refused.
            if (takes || entry.place == flag_place::command_line)
                continue;
            fixture world;
            world.around.environment = {{environment_name(entry.name), entry.form != flag_form::value ? "true"
                                                                       : entry.initial.empty()        ? "1"
                                                                                                      : entry.initial}};
            auto bare = doing;
            try
            {
                EXPECT_FALSE(world.parse(bare).is_given(entry.name)) << told << ' ' << spelled;
            }
            catch (const error& problem)
            {
                for (const auto& one : problem.lines())
                    EXPECT_EQ(one.find("does not do that"), one.npos) << one;
            }
        }
    EXPECT_GT(refused, test::tries(1'500));
    EXPECT_GT(taken, test::tries(500));
}

TEST(flags, of_all_scenarios_are_complete_and_unique)
{
    // Fields of two scenarios may be alike, and none is like another flag.
    std::vector<scenario::entry> all(scenario::registry().begin(), scenario::registry().end());
    all.push_back(test::demo_scenario::entry());
    const auto table = flag_table(all, all.front());
    std::set<std::string_view> names;
    std::set<std::pair<std::string_view, std::string_view>> of_scenarios;
    for (const auto& entry : table)
    {
        if (entry.of != nullptr)
        {
            EXPECT_TRUE(of_scenarios.emplace(entry.of->name, entry.name).second) << entry.of->name << ' ' << entry.name;
            EXPECT_EQ(std::ranges::count_if(table,
                                            [&](const flag& other) {
                                                return other.of == nullptr && find_flag({&other, 1}, entry.name);
                                            }),
                      0)
                << entry.of->name << ' ' << entry.name;
        }
        EXPECT_TRUE(names.insert(entry.name).second || entry.of != nullptr) << entry.name;
        for (const auto alias : entry.aliases)
            EXPECT_TRUE(names.insert(alias).second) << alias;
        EXPECT_TRUE(entry.set) << entry.name;
        EXPECT_TRUE(entry.help.ends_with('.')) << entry.name << ": " << entry.help;
        EXPECT_EQ(entry.placeholder.empty(), entry.form != flag_form::value) << entry.name;
        EXPECT_NE(listed(entry.commands), "") << entry.name;
    }
    for (const auto* name : {"avg-qps",
                             "max-iter",
                             "init-num-users",
                             "country",
                             "state",
                             "postal-code",
                             "user-create-prob",
                             "user-update-prob",
                             "order-update-prob",
                             "ghost-create-prob",
                             "host",
                             "user",
                             "password",
                             "db-name",
                             "schema",
                             "batch-size",
                             "echo",
                             "bootstrap-servers",
                             "topic-prefix",
                             "create-topic",
                             "scenario",
                             "db-host",
                             "db-user",
                             "db-password",
                             "db-schema",
                             "db-batch-size"})
        EXPECT_TRUE(names.contains(name)) << name;
}

TEST(flag_values, durations)
{
    EXPECT_EQ(parse_duration("500ms"), microseconds(500'000));
    EXPECT_EQ(parse_duration("10s"), microseconds(10'000'000));
    EXPECT_EQ(parse_duration("5m"), std::chrono::minutes(5));
    EXPECT_EQ(parse_duration("2h"), std::chrono::hours(2));
    EXPECT_EQ(parse_duration("90d"), std::chrono::hours(90 * 24));
    EXPECT_EQ(parse_duration("7"), std::chrono::seconds(7));
    EXPECT_EQ(parse_duration("0.5"), microseconds(500'000));
    EXPECT_EQ(parse_duration("0"), microseconds(0));
    for (const auto* text : {"", "s", "-1s", "1w", "1 s", "nan", "9e99h", "9000000000000h"})
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
    for (const auto* text : {"0", "500ms", "90s", "5m", "36h", "7d", "1.5"})
        EXPECT_EQ(parse_duration(to_string(parse_duration(text).value())), parse_duration(text)) << text;
    EXPECT_EQ(to_string(std::chrono::hours(168)), "7d");
    EXPECT_EQ(to_string(microseconds(1'500'000)), "1500ms");
    EXPECT_EQ(to_string(microseconds(123)), "0.000123");
}

TEST(flag_values, units)
{
    EXPECT_EQ(parse_units("0..9"), std::pair(std::uint64_t{0}, std::uint64_t{9}));
    for (const auto* text : {"", "1", "..", "1..", "..1", "2..1", "-1..2", "1...2", "1..2..3"})
        EXPECT_EQ(parse_units(text), std::nullopt) << text;
}

TEST(flag_values, servers)
{
    for (const auto* text : {"a:1", "a.b-c:9092,d:65535", "[::1]:9092", "10.0.0.1:9092"})
        EXPECT_TRUE(is_server_list(text)) << text;
    for (const auto* text : {"", "a", "a:", ":1", "a:0", "a:65536", "a:1,", "a b:1", "::1:9092", "a:1;b:2"})
        EXPECT_FALSE(is_server_list(text)) << text;
}

TEST(flag_values, schemas)
{
    for (const auto* text : {"demo", "a b", "Österreich", "information_schemas"})
        EXPECT_EQ(check_schema(text), "") << text;
    for (const auto* text : {"", "pg_temp", "information_schema", "bazaard", "a\nb", "\xc3", "\xed\xa0\x80"})
        EXPECT_NE(check_schema(text), "") << text;
}

TEST(flag_values, masked_urls)
{
    const std::vector<std::pair<std::string, std::string>> table{
        {"postgresql://u:s3cret@h:1/d", "postgresql://u:***@h:1/d"},
        {"postgresql://u@h:1/d", "postgresql://u@h:1/d"},
        {"postgresql://h:1/d", "postgresql://h:1/d"},
        {"postgresql://u:s3@cr/et?x@h/d", "postgresql://u:***@h/d"},
        {"postgresql://h/d?password=s3cret&sslmode=require", "postgresql://h/d?password=***&sslmode=require"},
        {"postgresql://h/d?a=b&sslpassword=s3cret", "postgresql://h/d?a=b&sslpassword=***"},
        {"postgresql://h/d?p%61ssword=s3cret", "postgresql://h/d?p%61ssword=***"},
        {"host=h password=s3cret user=u", "host=h password=*** user=u"},
        {"host=h password = 's3 \\' cret' user=u", "host=h password = *** user=u"},
        {"password=s3cret", "password=***"},
    };
    for (const auto& [url, wanted] : table)
        EXPECT_EQ(masked_url(url), wanted);
}

TEST(flag_values, passwords_of_a_uri_that_are_not_percent_encoded)
{
    // What libpq, or any other reader of URIs, takes for the end of the password.
    for (const auto* password : {"tuna@fish", "tuna/fish", "tuna?fish", "tuna#fish", "tuna%fish", "tuna%4", "%",
                                 "tuna fish", "tuna[fish", "@", "1/2", "1?2", "a@b/c?d#e", "a/b?c=d", "tuna%00fish"})
        for (const auto* rest : {"h/d", "h:5432/d?sslmode=require", "h,i:5433/d", "[::1]:1"})
        {
            const auto uri = fmt::format("postgresql://u:{}@{}", password, rest);
            const auto wrong = uri_problem(uri);
            EXPECT_NE(wrong, "") << uri;
            EXPECT_EQ(wrong.find("tuna"), wrong.npos) << wrong;
            fixture world;
            world.around.environment = {{"BAZAARD_SOURCE_URL", uri}};
            const auto [kind, lines] = world.refusal({"run", "--db-url", uri});
            EXPECT_EQ(kind, error_kind::usage);
            ASSERT_EQ(lines.size(), 2U) << testing::PrintToString(lines);
            EXPECT_TRUE(lines[0].starts_with("BAZAARD_SOURCE_URL in the environment: user or password has "))
                << lines[0];
            EXPECT_TRUE(lines[1].starts_with("--db-url: user or password has ")) << lines[1];
            EXPECT_NE(lines[1].find("--db-password, --db-password-file or PGPASSFILE"), lines[1].npos);
            EXPECT_EQ(world.words[3].find("tuna"), std::string::npos) << "wiped";
        }
    // Without a host, the password stands in the place of the port.
    const auto [kind, lines] = fixture().refusal({"run", "--db-url", "postgresql://u:tunafish"});
    EXPECT_EQ(kind, error_kind::usage);
    EXPECT_EQ(lines.at(0).find("tuna"), std::string::npos) << lines.at(0);
    // Negative control: these are read as they are meant.
    for (const auto* uri : {"postgresql://u:p@h/d", "postgresql://u:tu%40na%2F%3f%23%25@h:1/d", "postgresql://h/d",
                            "postgresql:///d?host=/tmp&user=me@server", "postgresql://u:a:b@h/d",
                            "postgresql://u:a!$&'()*+,;=~-._@h/d", "postgresql://u@h:1,i:2/d?password=p%40q",
                            "postgresql://u:p@h/d?options=-c%20a%3Db@c", "host=h password=a@b/c user=u"})
    {
        EXPECT_EQ(uri_problem(uri), "") << uri;
        EXPECT_NO_THROW(static_cast<void>(fixture().parse({"run", "--db-url", uri}))) << uri;
    }
}

TEST(flag_values, what_cannot_be_taken_apart_is_masked_whole)
{
    const flag url{.secret = flag_secret::url};
    const flag plain{};
    for (const auto* text : {"postgresql://u:tuna@fish@h/d", "postgresql://u:sw/fish@h/d", "http://u:sw?fish@h"})
        for (const auto& which : {url, plain})
            EXPECT_EQ(shown(which, text), "***") << text;
    const std::vector<std::pair<std::string, std::string>> table{
        {"postgresql://u:tuna", "postgresql://u:***"},
        {"postgresql://u:tuna,fish", "postgresql://u:***"},
        {"postgresql://h/d?password=a&fish&sslmode=require", "postgresql://h/d?password=***&sslmode=require"},
        {"postgresql://h/d?password=a&fish", "postgresql://h/d?password=***"},
        {"host=h password=tuna fish user=u", "host=h password=*** user=u"},
        {"host=h password=tuna fish=more", "host=h password=***"},
        {"postgresql://h:5432/d", "postgresql://h:5432/d"},
        {"postgresql://[::1]:5432/d", "postgresql://[::1]:5432/d"},
    };
    for (const auto& [text, wanted] : table)
        EXPECT_EQ(masked_url(text), wanted);
}

TEST(options, the_login_of_kafka_connect)
{
    const auto parse = [](std::vector<std::string> more)
    {
        more.insert(more.begin(), {"connector", "status"});
        return fixture().parse(more);
    };
    const auto refusal = [](std::vector<std::string> more)
    {
        more.insert(more.begin(), {"connector", "status"});
        const auto [kind, lines] = fixture().refusal(more);
        EXPECT_EQ(kind, error_kind::usage);
        return lines.at(0);
    };
    EXPECT_EQ(parse({"--connect-url", "https://u:p%40@h/kafka/"}).given.at("connect-url").text,
              "https://u:***@h/kafka/");
    EXPECT_EQ(parse({"--connect-url", "https://h", "--connect-user", "u", "--connect-password-file", "f"}).connect_user,
              "u");
    EXPECT_EQ(parse({"--connect-url", "http://u:p@h"}).warnings.size(), 2U) << "on the command line, and in the clear";
    EXPECT_EQ(parse({"--connect-url", "http://localhost:8083"}).warnings.size(), 0U);
    EXPECT_NE(refusal({"--connect-url", "http://u:sw@fish@h"}).find("--connect-url: user or password has an @"),
              std::string::npos);
    EXPECT_NE(refusal({"--connect-url", "https://u:p@h", "--connect-user", "v"}).find("has a user already"),
              std::string::npos);
    EXPECT_NE(refusal({"--connect-password", "p"}).find("--connect-password: needs --connect-user"), std::string::npos);
    EXPECT_NE(refusal({"--connect-ca-file", "f"}).find("begins with https://"), std::string::npos);
    for (const auto* text : {"ftp://h", "h:1", "https://", "https://h:0", "https://h:a", "https://h?x=1", ""})
        EXPECT_NE(refusal({"--connect-url", text}), "") << text;
    const auto registry = [](const char* text) {
        return fixture().parse({"connector", "config", "--format", "avro", "--registry-url", text}).registry_url;
    };
    EXPECT_EQ(registry("https://r:1/apis"), "https://r:1/apis");
    EXPECT_EQ(registry("${env:REGISTRY}"), "${env:REGISTRY}");
    EXPECT_THROW(registry("https://u:p@r"), error);
}

/// A value that the flag refuses; nothing where it takes whatever is no empty text.
std::optional<std::string> bad_value(const flag& entry)
{
    for (const auto* text : {"-7", "no such!", "x:y:z", "http://u:p@@h", "99999999999999999999999", "pg_x"})
    {
        options to(scenarios[0]);
        if (!entry.set(to, text).empty())
            return text;
    }
    return std::nullopt;
}

TEST(flags, say_in_a_refusal_where_the_value_came_from)
{
    std::size_t checked = 0;
    for (const auto& entry : flag_table(scenarios, scenarios[0]))
    {
        if (entry.place != flag_place::anywhere)
            continue;
        const auto bad = entry.form == flag_form::value ? bad_value(entry) : std::optional<std::string>("maybe");
        if (!bad)
            continue;
        // One that takes the flag, with the words that it needs.
        std::vector<std::string> doing;
        for (const auto& one : all_doings())
            if (doing.empty() &&
                entry.commands.has(*std::ranges::find(all_commands, one.front(), name), one.size() > 1 ? one[1] : ""))
                doing = one;
        if (doing.front() == "load")
            doing.insert(doing.end(), {"--card", "c.json"});
        if (doing.front() == "scenario" && doing[1] == "show")
            doing.emplace_back("smoothie-shop");
        ASSERT_FALSE(doing.empty()) << entry.name;
        auto spellings = entry.aliases;
        spellings.push_back(entry.name);
        for (const auto spelled : spellings)
        {
            const auto dashed = "--" + std::string(spelled);
            const auto first_of = [&](fixture& world, std::vector<std::string> line)
            {
                const auto lines = world.refusal(std::move(line)).second;
                return lines.empty() ? std::string() : lines.front();
            };
            if (entry.form == flag_form::value)
            {
                fixture by_line;
                auto line = doing;
                line.insert(line.end(), {dashed, *bad});
                EXPECT_TRUE(first_of(by_line, line).starts_with(dashed)) << dashed;
            }
            fixture by_environment;
            by_environment.around.environment = {{environment_name(spelled), *bad}};
            const auto told = first_of(by_environment, doing);
            EXPECT_TRUE(told.starts_with(environment_name(spelled)) && told.find("in the environment: ") != told.npos)
                << told;
            EXPECT_EQ(told.find(dashed + ' '), told.npos) << told;
            fixture by_file;
            by_file.files["f"] = "# shop\n" + std::string(spelled) + " = \"" + *bad + "\"\n";
            auto line = doing;
            line.insert(line.end(), {"--config", "f"});
            const auto of_file = first_of(by_file, line);
            EXPECT_TRUE(of_file.starts_with("f:2: " + std::string(spelled))) << of_file;
            EXPECT_EQ(of_file.find(dashed), of_file.npos) << of_file;
            ++checked;
        }
    }
    EXPECT_GT(checked, 75U);
}

TEST(flags, at_fault_later_are_spelled_as_they_were_given)
{
    fixture world;
    world.files["f"] = "card = c.json\n";
    world.around.environment = {
        {"BAZAARD_SEED_DIR", "/no/seeds"}, {"BAZAARD_DB_HOST", "h"}, {"BAZAARD_DB_URL", "host=i"}};
    const auto given = world.parse({"--config", "f", "--db-port", "7", "--max-outage", "9s"});
    process::name_sources(given.given);
    EXPECT_EQ(process::as_given("--seed-dir /no/seeds: is no directory"),
              "BAZAARD_SEED_DIR=/no/seeds in the environment: is no directory");
    EXPECT_EQ(process::as_given("--seed-dir has none"), "BAZAARD_SEED_DIR has none");
    EXPECT_EQ(process::as_given("--card c.json: cannot be read"), "f:1: card c.json: cannot be read");
    EXPECT_EQ(process::as_given("--db-url cannot be read"), "BAZAARD_DB_URL cannot be read");
    EXPECT_EQ(process::as_given("no answer at h: refused; is it running, and are --db-host and --db-port right?"),
              "no answer at h: refused; is it running, and are BAZAARD_DB_HOST and --db-port right?");
    // What came from the command line, other flags, and advice.
    for (const auto* line :
         {"--max-outage 9s: too long", "--seed 7: is another one", "--seed-directory: is none",
          "is read-only; name the primary with --db-host", "give the same --seed-dir, or begin another"})
        EXPECT_EQ(process::as_given(line), line);
    process::name_sources(fixture().parse({"--seed-dir", "/no/seeds"}).given);
    EXPECT_EQ(process::as_given("--seed-dir /no/seeds: is no directory"), "--seed-dir /no/seeds: is no directory");
}

TEST(likely_meant_flag, is_near)
{
    constexpr std::array<std::string_view, 4> names{"avg-qps", "run", "seed", "seed-dir"};
    EXPECT_EQ(likely_meant("avg_qps", names), "avg-qps");
    EXPECT_EQ(likely_meant("avgqps", names), "avg-qps");
    EXPECT_EQ(likely_meant("seed-d", names), "seed-dir");
    EXPECT_EQ(likely_meant("rnu", names), "run");
    EXPECT_EQ(likely_meant("x", names), "");
    EXPECT_EQ(likely_meant("frobnicate", names), "");
}

TEST(exit_codes, are_those_of_the_document)
{
    std::ifstream document(test::source_dir() + "/docs/exit-codes.md");
    std::map<std::string, std::string> written;  // name -> code
    for (std::string line; std::getline(document, line);)
    {
        std::istringstream cells(line);
        std::string empty;
        std::string code;
        std::string word;
        if (!std::getline(cells, empty, '|') || !std::getline(cells, code, '|') || !std::getline(cells, word, '|'))
            continue;
        code = code.substr(1, code.size() - 2);
        if (code.find_first_not_of("0123456789") == std::string::npos)
            written[word.substr(1, word.size() - 2)] = code;
    }
    std::map<std::string, std::string> real{{"clean", "0"}, {"findings", std::to_string(findings)}};
    for (const auto what : {verify::verdict::clean, verify::verdict::mismatch, verify::verdict::not_proven})
        real[std::string(verify::name(what))] = std::to_string(verify::exit_code(what));
    for (auto number = static_cast<int>(error_kind::rejects); number <= static_cast<int>(error_kind::config); ++number)
    {
        const auto kind = static_cast<error_kind>(number);
        real[std::string(name(kind))] = std::to_string(exit_code(kind));
    }
    EXPECT_EQ(written, real);
}

}  // namespace
}  // namespace bazaar::app
