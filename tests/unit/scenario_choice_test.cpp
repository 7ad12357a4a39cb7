// Which scenario a command line means, and what becomes of the fields of others.

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "app/chosen.hpp"
#include "bazaar/app/flag.hpp"
#include "bazaar/app/help.hpp"
#include "bazaar/app/options.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/daemon/opening.hpp"
#include "bazaar/scenario/registry.hpp"

namespace bazaar::app
{
namespace
{

using scenario::field;
using scenario::field_kind;

constexpr std::array<field, 2> of_shop{{
    {.name = "avg-qps", .initial = "20", .scale = 3, .low = 1, .high = 1'000'000, .placeholder = "N", .help = "rate"},
    {.name = "country", .kind = field_kind::text, .initial = "*", .placeholder = "NAME", .help = "where users live"},
}};

/// One of them has the name of a field of the shop, and takes other values.
constexpr std::array<field, 2> of_weather{{
    {.name = "sensors", .initial = "5", .low = 1, .high = 1000, .placeholder = "N", .help = "sensors at the start"},
    {.name = "country", .kind = field_kind::choice, .initial = "north", .choices = "north south", .help = "half"},
}};

const std::array<scenario::entry, 2> both{
    {{.name = scenario::default_name, .fields = of_shop}, {.name = "weather", .fields = of_weather}}};

/// A command line and the world around it.
struct command_case
{
    std::vector<std::string> words;
    std::map<std::string, std::string> environment{};
    std::optional<std::string> file{};  ///< Contents of "shop.conf".
    std::span<const scenario::entry> scenarios = both;
    int reads = 0;

    options parse()
    {
        surroundings around{.environment = environment,
                            .read = [this](const std::string& path) -> std::optional<std::string>
                            {
                                ++reads;
                                return path == "shop.conf" ? file : std::nullopt;
                            },
                            .now = *parse_time("2026-06-01T12:00:00Z"),
                            .scenarios = scenarios};
        auto line = words;
        line.insert(line.begin(), "bazaard");
        std::vector<char*> argv;
        for (auto& word : line)
            argv.push_back(word.data());
        argv.push_back(nullptr);
        return app::parse(static_cast<int>(line.size()), argv.data(), around);
    }

    /// Kind and lines of the refusal.
    std::pair<error_kind, std::vector<std::string>> refusal()
    {
        try
        {
            static_cast<void>(parse());
        }
        catch (const error& problem)
        {
            return {problem.kind(), problem.lines()};
        }
        ADD_FAILURE() << "nothing was refused";
        return {error_kind::internal, {}};
    }

    std::string answer()
    {
        const auto made = parse();
        return app::answer(made, scenarios, "");
    }
};

using lines = std::vector<std::string>;

bool has(const std::string& text, std::string_view what)
{
    return text.find(what) != text.npos;
}

int count(std::string_view text, std::string_view what)
{
    int found = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1))
        ++found;
    return found;
}

// ---- Which one

TEST(ScenarioChoice, is_the_default_one_where_nothing_names_one)
{
    const auto made = command_case{{"run"}}.parse();
    EXPECT_EQ(made.chosen, &both[0]);
    EXPECT_FALSE(made.is_given("scenario"));
    EXPECT_EQ(made.configuration.fields().data(), of_shop.data());
}

TEST(ScenarioChoice, comes_before_the_fields_wherever_it_stands)
{
    for (const auto& words :
         {lines{"run", "--scenario", "weather", "--sensors", "7"},
          lines{"run", "--sensors", "7", "--scenario", "weather"}, lines{"--sensors=7", "run", "--scenario=weather"}})
    {
        const auto made = command_case{words}.parse();
        EXPECT_EQ(made.chosen, &both[1]);
        EXPECT_TRUE(made.is_given("scenario"));
        EXPECT_EQ(made.configuration.number("sensors"), 7);
        EXPECT_EQ(made.given_settings, (std::map<std::string, std::string>{{"sensors", "7"}}));
    }
}

TEST(ScenarioChoice, of_a_flag_goes_before_the_environment_and_that_before_the_file)
{
    // Every combination of what the sources say: nothing, one, or the other.
    const std::array<std::string, 3> names{"", std::string(scenario::default_name), "weather"};
    int tried = 0;
    for (const auto& line : names)
        for (const auto& environment : names)
            for (const auto& file : names)
            {
                command_case w{{"run", "--config", "shop.conf"}};
                w.file = file.empty() ? "workers = 3\n" : "workers = 3\nscenario = " + file + "\n";
                if (!environment.empty())
                    w.environment["BAZAARD_SCENARIO"] = environment;
                if (!line.empty())
                    w.words.insert(w.words.end(), {"--scenario", line});
                const auto& wanted = !line.empty()          ? line
                                     : !environment.empty() ? environment
                                     : !file.empty()        ? file
                                                            : names[1];
                const auto made = w.parse();
                EXPECT_EQ(made.chosen->name, wanted) << line << '/' << environment << '/' << file;
                EXPECT_EQ(made.is_given("scenario"), !(line + environment + file).empty());
                EXPECT_EQ(made.workers, 3U);
                EXPECT_EQ(w.reads, 1) << "a pipe can be read once";
                ++tried;
            }
    EXPECT_EQ(tried, 27);
}

TEST(ScenarioChoice, is_found_in_a_file_that_the_environment_names)
{
    command_case w{{"run"}, {{"BAZAARD_CONFIG", "shop.conf"}}, "scenario = weather\nsensors = 9\n"};
    const auto made = w.parse();
    EXPECT_EQ(made.chosen->name, "weather");
    EXPECT_EQ(made.configuration.number("sensors"), 9);
    EXPECT_EQ(made.given.at("sensors").origin, "shop.conf:2");
    command_case empty{{"run"}, {{"BAZAARD_SCENARIO", ""}}};
    EXPECT_EQ(empty.parse().chosen->name, scenario::default_name) << "an empty variable counts as not set";
}

TEST(ScenarioChoice, that_is_unknown_is_a_mistake_with_the_near_name_and_no_other)
{
    const std::string wrong = ": must be one of: thelook, weather, correlated-ecommerce, river-hotel, smoothie-shop; "
                              "or a file, such as ./mine.yaml; did you mean weather?";
    EXPECT_EQ((command_case{{"run", "--scenario", "wether", "--sensors", "7"}}.refusal()),
              std::pair(error_kind::usage, lines{"--scenario wether" + wrong}));
    EXPECT_EQ((command_case{{"run"}, {{"BAZAARD_SCENARIO", "wether"}}}.refusal()),
              std::pair(error_kind::usage, lines{"BAZAARD_SCENARIO=wether in the environment" + wrong}));
    EXPECT_EQ((command_case{{"run", "--config", "shop.conf"}, {}, "scenario = wether\n"}.refusal()),
              std::pair(error_kind::config, lines{"shop.conf:1: scenario wether" + wrong}));
    EXPECT_EQ((command_case{{"run", "--scenario", "warehouse"}}.refusal()),
              std::pair(error_kind::usage,
                        lines{"--scenario warehouse: must be one of: thelook, weather, correlated-ecommerce, "
                              "river-hotel, smoothie-shop; or a file, such as ./mine.yaml"}));
    EXPECT_EQ((command_case{{"run", "--scenario="}}.refusal().second),
              lines{"--scenario '': must be one of: thelook, weather, correlated-ecommerce, river-hotel, "
                    "smoothie-shop; or a file, such as ./mine.yaml"});
    // A source that is overruled is judged, too, as with every flag.
    EXPECT_EQ(
        (command_case{{"run", "--scenario", "weather"}, {{"BAZAARD_SCENARIO", "wether"}}}.refusal().second.size()), 1U);
    EXPECT_EQ((command_case{{"run", "--scenario", "weather", "--scenario", "thelook"}}.refusal().second),
              lines{"--scenario: given twice"});
}

TEST(ScenarioChoice, is_refused_on_the_line_of_a_command_without_a_scenario)
{
    const auto [kind, told] = command_case{{"ctl", "status", "--scenario", "weather"}}.refusal();
    EXPECT_EQ(kind, error_kind::usage);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_TRUE(told[0].starts_with("--scenario: is a flag of ") && told[0].ends_with(", not of ctl")) << told[0];
    EXPECT_FALSE((command_case{{"ctl", "status"}, {{"BAZAARD_SCENARIO", "weather"}}}.parse().is_given("scenario")));
}

// ---- Fields of others

TEST(ScenarioFields, of_another_scenario_are_refused_by_name_on_the_line)
{
    EXPECT_EQ((command_case{{"run", "--sensors", "7"}}.refusal()),
              std::pair(error_kind::usage,
                        lines{"--sensors: is a flag of the scenario weather, not of thelook; --scenario chooses one"}));
    EXPECT_EQ((command_case{{"run", "--scenario", "weather", "--avg-qps", "7"}}.refusal()),
              std::pair(error_kind::usage,
                        lines{"--avg-qps: is a flag of the scenario thelook, not of weather; --scenario chooses one"}));
    // Not only in the first place, and whatever its value is.
    EXPECT_EQ((command_case{{"run", "--avg-qps", "x", "--sensors", "x"}}.refusal().second),
              (lines{"--avg-qps x: must be a number from 0.001 to 1000 with at most 3 decimals",
                     "--sensors: is a flag of the scenario weather, not of thelook; --scenario chooses one"}));
    EXPECT_EQ((command_case{{"run", "--sensor", "7"}}.refusal().second),
              lines{"--sensor: unknown flag; did you mean --sensors?"});
    EXPECT_EQ(
        (command_case{{"run", "--scenario", "weather", "--sensors", "7"}}.parse().configuration.number("sensors")), 7)
        << "it is no mistake where it belongs";
    // Of a command that has no fields, that is what is said.
    EXPECT_TRUE((command_case{{"reset", "--sensors", "7"}}.refusal().second[0].ends_with(", not of reset")));
}

TEST(ScenarioFields, of_another_scenario_are_judged_and_not_used_elsewhere)
{
    command_case good{{"run", "--config", "shop.conf"}, {{"BAZAARD_SENSORS", "7"}}, "sensors = 8\navg-qps = 30\n"};
    const auto made = good.parse();
    EXPECT_EQ(made.chosen->name, scenario::default_name);
    EXPECT_FALSE(made.is_given("sensors"));
    EXPECT_EQ(made.given_settings, (std::map<std::string, std::string>{{"avg-qps", "30"}}));
    EXPECT_TRUE(made.warnings.empty()) << made.warnings.front();
    command_case bad{{"run", "--config", "shop.conf"}, {{"BAZAARD_SENSORS", "0"}}, "sensors = 1001\n"};
    EXPECT_EQ(bad.refusal().second,
              (lines{"BAZAARD_SENSORS=0 in the environment: must be a whole number from 1 to 1000",
                     "shop.conf:1: sensors 1001: must be a whole number from 1 to 1000"}));
    command_case unknown{{"run"}, {{"BAZAARD_SENSERS", "7"}}};
    EXPECT_EQ(unknown.parse().warnings.size(), 1U) << "what no scenario has is not known";
}

TEST(ScenarioFields, of_one_name_are_those_of_the_chosen_scenario)
{
    EXPECT_EQ((command_case{{"run", "--country", "Japan"}}.parse().configuration.text("country")), "Japan");
    EXPECT_EQ(
        (command_case{{"run", "--scenario", "weather", "--country", "south"}}.parse().configuration.text("country")),
        "south");
    EXPECT_EQ((command_case{{"run", "--scenario", "weather", "--country", "Japan"}}.refusal().second),
              lines{"--country Japan: must be one of: north south"});
    EXPECT_EQ((command_case{{"run", "--scenario", "weather"}, {{"BAZAARD_COUNTRY", "Japan"}}}.refusal().second),
              lines{"BAZAARD_COUNTRY=Japan in the environment: must be one of: north south"});
}

// ---- Help and documents

TEST(ScenarioHelp, shows_the_fields_of_the_chosen_one)
{
    const auto of_default = command_case{{"run", "--help"}}.answer();
    EXPECT_TRUE(has(of_default, "\nShop of thelook\n  --avg-qps N")) << of_default;
    EXPECT_FALSE(has(of_default, "--sensors"));
    EXPECT_TRUE(has(of_default, "bazaard run --scenario NAME --help"));
    for (auto w : {command_case{{"run", "--help", "--scenario", "weather"}},
                   command_case{{"run", "--help"}, {{"BAZAARD_SCENARIO", "weather"}}}})
    {
        const auto text = w.answer();
        EXPECT_TRUE(has(text, "\nShop of weather\n  --sensors N")) << text;
        EXPECT_FALSE(has(text, "--avg-qps N")) << text;
    }
    // No file is read for it, and an unknown name does not keep anybody from it.
    command_case named{{"run", "--help", "--config", "shop.conf"}, {}, "scenario = weather\n"};
    EXPECT_TRUE(has(named.answer(), "Shop of thelook"));
    EXPECT_EQ(named.reads, 0);
    EXPECT_TRUE(has(command_case{{"run", "--help", "--scenario", "wether"}}.answer(), "Shop of thelook"));
    EXPECT_FALSE(has(command_case{{"reset", "--help"}}.answer(), "--scenario NAME --help")) << "it has no fields";
}

TEST(ScenarioHelp, is_as_ever_where_there_is_one_scenario)
{
    const std::span<const scenario::entry> one(both.data(), 1);
    for (const auto* what : {"--help", "--help-markdown", "--help-man", "--help-config"})
    {
        command_case w{{"run", what}};
        w.scenarios = one;
        const auto text = w.answer();
        EXPECT_TRUE(has(text, "Shop")) << what;
        EXPECT_FALSE(has(text, "Shop of")) << what;
        EXPECT_FALSE(has(text, "another shop")) << what;
    }
    command_case w{{"run", "--help-completion", "bash"}};
    w.scenarios = one;
    EXPECT_FALSE(has(w.answer(), "scenario="));
}

TEST(ScenarioHelp, documents_have_the_fields_of_all)
{
    for (const auto* chosen : {"thelook", "weather"})
        for (const auto& [what, heading, start] :
             {std::tuple("--help-markdown", "\n## Shop of {}\n", "\n| `--{} "),
              std::tuple("--help-man", "\n.SS Shop of {}\n", "\n.TP\n\\fB\\-\\-{}\\fR"),
              std::tuple("--help-config", "\n# ---- Shop of {}\n", "\n#{} = ")})
        {
            const auto text = command_case{{"run", what, "--scenario", chosen}}.answer();
            for (const auto* name : {"thelook", "weather"})
                EXPECT_EQ(count(text, fmt::format(fmt::runtime(heading), name)), 1) << what;
            EXPECT_EQ(count(text, fmt::format(fmt::runtime(start), "sensors")), 1) << what;
            EXPECT_EQ(count(text, fmt::format(fmt::runtime(start), "country")), 2) << what << ": both have one";
            EXPECT_EQ(count(text, fmt::format(fmt::runtime(start), "seed")), 1) << what;
        }
}

TEST(ScenarioHelp, the_printed_configuration_has_the_fields_of_the_chosen_one)
{
    const auto text = command_case{{"run", "--print-config", "--scenario", "weather"}, {{"BAZAARD_AVG_QPS", "30"}}}
                          .answer();
    EXPECT_TRUE(has(text, "\nscenario = weather  # command line\n")) << text;
    EXPECT_TRUE(has(text, "\nsensors = 5  # default\n")) << text;
    EXPECT_FALSE(has(text, "avg-qps")) << text;
    EXPECT_TRUE(has(command_case{{"run", "--print-config"}}.answer(), "\nscenario = thelook  # default\n"));
    // And it is a configuration that chooses the same.
    command_case again{{"run", "--config", "shop.conf"}, {}, text};
    EXPECT_EQ(again.parse().chosen->name, "weather");
}

TEST(ScenarioHelp, completion_offers_fields_by_scenario)
{
    const auto bash = command_case{{"run", "--help-completion", "bash"}}.answer();
    EXPECT_TRUE(has(bash, "'thelook run' | 'thelook load' | ")) << bash;
    EXPECT_TRUE(has(bash, "'weather describe') words+=' --sensors --country' ;;")) << bash;
    EXPECT_FALSE(has(bash.substr(0, bash.find("local scenario=")), "--sensors --country"));
    const auto fish = command_case{{"run", "--help-completion", "fish"}}.answer();
    EXPECT_TRUE(has(fish, "; and __bazaard_of weather' -l sensors -x")) << fish;
    EXPECT_FALSE(has(fish, "; and __bazaard_of weather' -l avg-qps"));
    const auto zsh = command_case{{"run", "--help-completion", "zsh"}}.answer();
    EXPECT_TRUE(has(zsh, "'weather describe')\n        flags+=(\n            '--sensors=")) << zsh;
}

// ---- A run that is there has its own

run::record recorded(std::string_view scenario)
{
    run::record made;
    made.run = "main";
    made.scenario = scenario;
    return made;
}

TEST(ScenarioOfRun, is_not_changed_by_a_flag)
{
    auto other = command_case{{"run", "--scenario", "weather", "--sensors", "7"}}.parse();
    other.seed = 7;
    lines refused;
    EXPECT_TRUE(daemon::changes_of(other, recorded("thelook"), scenario::settings(of_shop), refused).empty());
    ASSERT_EQ(refused.size(), 2U) << "the seed is another one, too";
    EXPECT_EQ(refused[0],
              "--scenario weather: run main is of the scenario thelook, and that cannot change; leave the flag "
              "out, name another schema with --db-schema, or remove that run with bazaard reset");
    EXPECT_TRUE(refused[1].starts_with("--seed 7: run main has 0, and that cannot change"));
    try
    {
        daemon::check_scenario(other, recorded("thelook"));
        ADD_FAILURE();
    }
    catch (const error& problem)
    {
        EXPECT_EQ(problem.kind(), error_kind::config);
        EXPECT_EQ(problem.lines(), lines{refused[0]});
    }
    daemon::check_scenario(other, recorded("weather"));
    refused.clear();
    const auto changes = daemon::changes_of(other, recorded("weather"), scenario::settings(of_weather), refused);
    EXPECT_TRUE(changes.empty()) << "it cannot be steered";
    EXPECT_EQ(refused.size(), 2U) << "seed and sensors";
}

TEST(ScenarioOfRun, is_taken_where_none_is_named)
{
    lines refused;
    const auto plain = command_case{{"run"}}.parse();
    EXPECT_TRUE(daemon::changes_of(plain, recorded("weather"), scenario::settings(of_weather), refused).empty());
    EXPECT_TRUE(refused.empty()) << refused[0];
    EXPECT_NO_THROW(daemon::check_scenario(plain, recorded("weather")));
    // But fields of another one are no fields of this.
    const auto fielded = command_case{{"run", "--avg-qps", "30"}}.parse();
    EXPECT_TRUE(daemon::changes_of(fielded, recorded("weather"), scenario::settings(of_weather), refused).empty());
    EXPECT_EQ(refused,
              lines{"--avg-qps 30: is a flag of the scenario thelook, and run main is of weather: leave it out"});
    const auto made = for_scenario(fielded, both[1]);
    EXPECT_EQ(made.chosen, &both[1]);
    EXPECT_EQ(made.configuration.number("sensors"), 5);
    EXPECT_TRUE(made.given_settings.empty());
    EXPECT_FALSE(made.is_given("avg-qps"));
    const auto same = for_scenario(fielded, both[0]);
    EXPECT_EQ(same.configuration.number("avg-qps"), 30'000) << "nothing is forgotten of the same one";
    // What is set during the run is looked for among its own.
    const std::vector<std::pair<std::string, std::string>> asked{{"sensors", "7"}};
    EXPECT_TRUE(daemon::with_settings(made, asked).wrong.empty());
    EXPECT_FALSE(daemon::with_settings(fielded, asked).wrong.empty());
}

}  // namespace
}  // namespace bazaar::app
