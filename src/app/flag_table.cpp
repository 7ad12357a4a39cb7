#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>

#include <fmt/format.h>

#include "bazaar/app/flag.hpp"
#include "bazaar/app/flag_value.hpp"
#include "bazaar/capture/http_url.hpp"
#include "bazaar/io/offered_scenario.hpp"
#include "bazaar/io/scenario_file.hpp"
#include "bazaar/kafka/classify.hpp"
#include "bazaar/observe/http.hpp"
#include "bazaar/postgres/connection.hpp"
#include "bazaar/postgres/identifier.hpp"
#include "bazaar/postgres/secret.hpp"
#include "bazaar/run/record_check.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::app
{
namespace
{

using setter = std::function<std::string(options&, std::string_view)>;

constexpr std::string_view shop = "Shop";
constexpr std::string_view running = "Run";
constexpr std::string_view planning = "Plan";
constexpr std::string_view database = "Database";
constexpr std::string_view capture = "Change data capture";
constexpr std::string_view kafka = "Kafka";
constexpr std::string_view verifying = "Verify";
constexpr std::string_view observing = "Observation";
constexpr std::string_view general = "General";

// Who reads what. A flag that a verb does not read is refused on its command line; tests/lint/flags.py compares with the code.

/// Connects to PostgreSQL, or says where it is.
constexpr command_set on_database{command::run,
                                  command::load,
                                  command::init,
                                  command::plan,
                                  command::answers,
                                  command::explain,
                                  command::card,
                                  command::reset,
                                  command::cdc,
                                  verb::connector_config,
                                  verb::connector_register,
                                  verb::connector_status,
                                  command::doctor,
                                  command::verify,
                                  command::ctl,
                                  command::views};

/// Makes a connector's configuration.
constexpr command_set configures{verb::connector_config, verb::connector_register};

/// Speaks with Kafka Connect.
constexpr command_set on_connect{verb::connector_register, verb::connector_status, verb::connector_pause,
                                 verb::connector_resume,   verb::connector_delete, command::doctor,
                                 verb::verify_topics};

/// Speaks with Kafka.
constexpr command_set on_kafka{command::run, command::init, command::topics, command::doctor, verb::verify_topics};

/// Says how topics are made.
constexpr command_set shapes_topics = configures.with(
    {command::run, command::init, verb::topics_ensure, verb::topics_check, command::doctor});

/// Reads a stream of changes.
constexpr command_set reads_changes{verb::verify_topics, verb::verify_events, verb::verify_stream};

constexpr std::uint64_t ticks_most = 1'000'000'000'000;

/// `member` is a pointer to member, or a function that gives the member of an options object.
template <typename Member>
setter whole_number(Member member, std::uint64_t low, std::uint64_t high)
{
    return [=](options& to, std::string_view text) -> std::string
    {
        const auto number = parse_count(text);
        if (!number || *number < low || *number > high)
            return fmt::format("must be a whole number from {} to {}", low, high);
        to.*member = static_cast<std::remove_reference_t<decltype(to.*member)>>(*number);
        return {};
    };
}

template <typename Value>
struct word
{
    std::string_view text;
    Value value;
};

template <typename Value>
std::string words_of(const std::vector<word<Value>>& words)
{
    std::string text;
    for (const auto& entry : words)
        text += fmt::format("{}{}", text.empty() ? "" : ", ", entry.text);
    return text;
}

template <typename Value, typename Of>
setter choice(Value Of::*member, std::vector<word<Value>> words)
{
    return [member, words = std::move(words)](options& to, std::string_view text) -> std::string
    {
        for (const auto& entry : words)
            if (entry.text == text)
            {
                to.*member = entry.value;
                return {};
            }
        return "must be one of: " + words_of(words);
    };
}

setter mark(bool options::*member)
{
    return [member](options& to, std::string_view text) -> std::string
    {
        to.*member = text == "true";
        return {};
    };
}

setter words(std::string options::*member)
{
    return [member](options& to, std::string_view value) -> std::string
    {
        if (value.empty())
            return "must not be empty";
        to.*member = value;
        return {};
    };
}

setter secret_text(std::optional<std::string> options::*member)
{
    return [member](options& to, std::string_view value) -> std::string
    {
        if (value.empty())
            return "must not be empty";
        to.*member = std::string(value);
        return {};
    };
}

setter ask(request what)
{
    return [what](options& to, std::string_view) -> std::string
    {
        to.ask = what;
        return {};
    };
}

setter database_text(std::optional<std::string> database_flags::*member)
{
    return [member](options& to, std::string_view text) -> std::string
    {
        if (text.empty())
            return "must not be empty";
        to.database.*member = std::string(text);
        return {};
    };
}

/// A name that a connection string is now and then given for.
setter database_name(std::optional<std::string> database_flags::*member)
{
    return [member](options& to, std::string_view text) -> std::string
    {
        auto wrong = text.empty() ? "must not be empty" : postgres::name_problem(text);
        if (wrong.empty())
            to.database.*member = std::string(text);
        return wrong;
    };
}

setter duration(microseconds options::*member, microseconds low, microseconds high, std::string complaint)
{
    return [=](options& to, std::string_view text) -> std::string
    {
        const auto value = parse_duration(text);
        if (!value || (value->count() != 0 && *value < low) || *value > high)
            return complaint;
        to.*member = *value;
        return {};
    };
}

/// Nothing to do: the reader of the sources has used the value.
std::string taken(options&, std::string_view)
{
    return {};
}

/// Asks libpq, after a look at what libpq would take for something else. Returns what is wrong, or nothing.
std::string readable_url(std::string_view text, std::string_view instead)
{
    if (auto wrong = uri_problem(text); !wrong.empty())
        return fmt::format("{}, or give the password by {} instead", wrong, instead);
    static constexpr std::string_view wanted =
        "must be like postgresql://user@host:5432/dbname, or like 'host=... port=... "
        "dbname=... user=...'";
    if (text.empty())
        return "must not be empty";
    // libpq takes some that can be read in two ways, and would show the wrong part.
    if (!postgres::is_clear_uri(text) && !postgres::is_clear_line(text))
        return fmt::format("{}, percent-encoded where it must be; or give the password by {}", wanted, instead);
    try
    {
        postgres::connection_flags flags;
        flags.url = std::string(text);
        // Without a host, libpq takes a password for the port, and would show it.
        const auto port = std::string(postgres::resolve(flags).find("port"));
        return port.find_first_not_of("0123456789,") == port.npos ? std::string() : std::string(wanted);
    }
    catch (const error&)
    {
        return std::string(wanted);
    }
}

/// Scenarios write their help as a note; among the other flags it becomes a sentence.
std::string sentence(std::string_view note)
{
    std::string text(note);
    if (!text.empty() && text.front() >= 'a' && text.front() <= 'z' && text.find(':') > text.find(' '))
        text.front() = static_cast<char>(text.front() - 'a' + 'A');
    if (!text.empty() && text.back() != '.')
        text += '.';
    return text;
}

flag scenario_flag(const scenario::entry& of, std::size_t number)
{
    const auto& field = of.fields[number];
    flag made{.topic = shop,
              .name = field.name,
              .placeholder = std::string(field.placeholder.empty() ? "VALUE" : field.placeholder),
              .initial = std::string(field.initial),
              .help = sentence(field.help),
              .commands = {command::run, command::load, command::plan, command::answers, command::explain,
                           command::describe}};
    switch (field.kind)
    {
    case scenario::field_kind::number:
    case scenario::field_kind::duration:
        made.range = scenario::range(field);
        break;
    case scenario::field_kind::choice:
        made.range = "one of";
        for (std::size_t at = 0; at < field.choices.size();)
        {
            const auto end = std::min(field.choices.find(' ', at), field.choices.size());
            made.range += fmt::format("{}{}", at == 0 ? " " : ", ", field.choices.substr(at, end - at));
            at = end + 1;
        }
        break;
    case scenario::field_kind::text:
        break;
    }
    // Tables of a file may depend on them, and those are made before the run that records them.
    if (!of.text.empty() && field.kind == scenario::field_kind::choice)
        made.commands = configures.with({command::run, command::load, command::plan, command::answers, command::explain,
                                         command::describe, command::init, command::topics, verb::cdc_setup});
    made.of = &of;
    made.set = [of = &of, number](options& to, std::string_view text)
    {
        if (to.chosen->name == of->name)
            return to.configuration.set(number, text);
        // Judged, and of no use.
        return scenario::settings(of->fields).set(number, text);
    };
    return made;
}

void add_scenario(std::vector<flag>& table, std::span<const scenario::entry> scenarios)
{
    std::vector<std::string_view> names;
    for (const auto& one : scenarios)
        names.push_back(one.name);
    auto known = names;
    known.insert(known.end(), io::shipped_scenarios().begin(), io::shipped_scenarios().end());
    table.push_back(
        {.topic = running,
         .name = "scenario",
         .placeholder = "NAME",
         .initial = std::string(scenario::default_name),
         .range = fmt::format("one of {}; or a scenario file, whose path has a slash or a dot in it",
                              fmt::join(known, ", ")),
         .help = "Kind of shop, recorded with the run: a run that is there keeps its own. `bazaard scenario list` says "
                 "what there is.",
         .commands = configures.with({command::run, command::load, command::init, command::plan, command::answers,
                                      command::explain, command::card, command::reset, verb::cdc_setup, command::topics,
                                      command::doctor, command::verify, command::views, command::describe}),
         // The one that counts was chosen before any flag was set, as fields hang on it.
         .set = [names, known](options& to, std::string_view text) -> std::string
         {
             expect(to.chosen != nullptr, "a scenario is chosen first");
             if (std::ranges::find(names, text) != names.end() || io::names_scenario_file(text))
                 return {};
             const auto near = likely_meant(text, known);
             return fmt::format("must be one of: {}; or a file, such as ./mine.yaml{}", fmt::join(known, ", "),
                                near.empty() ? std::string() : fmt::format("; did you mean {}?", near));
         }});
}

void add_run(std::vector<flag>& table, std::span<const scenario::entry> scenarios)
{
    table.push_back({.topic = running,
                     .name = "run",
                     .placeholder = "NAME",
                     .initial = "main",
                     .range = "1 to 31 of a-z, 0-9 and -, not - first",
                     .help = "Name of the run within the schema. An existing run goes on where it stopped.",
                     .commands = {command::run, command::load, command::init, command::plan, command::answers,
                                  command::explain, command::card, command::reset, command::cdc, command::topics,
                                  command::doctor, command::verify, command::ctl, command::views, command::describe},
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         if (!run::is_run_name(text))
                             return "must be 1 to 31 of the characters a-z, 0-9 and -, and not begin with -";
                         to.run = text;
                         return {};
                     }});
    add_scenario(table, scenarios);
    table.push_back({.topic = running,
                     .name = "seed",
                     .placeholder = "NUMBER",
                     .initially = "recorded with the run; random for a new one",
                     .range = "from 0 to 18446744073709551615",
                     .help = "Equal seeds and equal settings make equal runs.",
                     .commands = {command::run, command::load, command::plan, command::answers, command::explain,
                                  command::describe},
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         const auto seed = parse_count(text);
                         if (!seed)
                             return "must be a whole number from 0 to 18446744073709551615";
                         to.seed = seed;
                         return {};
                     }});
    table.push_back({.topic = running,
                     .name = "start-time",
                     .placeholder = "TIME",
                     .initially = "now",
                     .range = "RFC 3339, from 2000-01-01 to now",
                     .help = "Business time at which a new run begins. In the past, the run first writes this history "
                             "as fast as it can, then goes on live.",
                     .commands = {command::run, command::load, command::plan, command::answers, command::explain,
                                  command::describe},
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         static constexpr time earliest{946'684'800'000'000};
                         const auto start = parse_time(text);
                         if (!start)
                             return "must be a date or a time of RFC 3339, for example 2026-01-31T08:00:00Z";
                         if (*start < earliest)
                             return "must not be before 2000-01-01";
                         to.start = start;
                         return {};
                     }});
    table.push_back({.topic = running,
                     .name = "history",
                     .placeholder = "DURATION",
                     .initially = "none",
                     .range = "from 1s, back to 1975-01-01 at most",
                     .help = "A new run begins so long ago, and its history up to now is written first. A run that is "
                             "there goes on as it is.",
                     .commands = {command::run, command::load, command::describe},
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         const auto value = parse_duration(text);
                         if (!value || *value < std::chrono::seconds(1) ||
                             *value > scenario::times_end - scenario::start_min)
                             return "must be a duration from 1s, back to 1975-01-01 at most, for example 90d or 12h";
                         to.history = value;
                         return {};
                     }});
    table.push_back(
        {.topic = running,
         .name = "history-as",
         .placeholder = "WHAT",
         .initial = "rows",
         .range = "rows or changes",
         .help = "rows: the history is loaded in bulk, each row as it is at its end. changes: every unit of "
                 "it is a transaction of its own, as fast as the database takes them.",
         .commands = {command::run},
         .set = choice<history_as>(&options::history_as,
                                   {{"rows", history_as::rows}, {"changes", history_as::changes}})});
    table.push_back({.topic = running,
                     .name = "fast-load",
                     .help = "Makes keys and indexes when all rows are there. Only for empty tables; nobody should use "
                             "them meanwhile.",
                     .commands = {command::run, command::load},
                     .form = flag_form::mark,
                     .set = mark(&options::fast_load)});
    table.push_back({.topic = running,
                     .name = "to",
                     .placeholder = "DIR",
                     .initially = "the database",
                     .help = "Writes the rows into files of this new directory instead, one for each table, with the "
                             "run's card and a script for psql. No database is needed.",
                     .commands = {command::load},
                     .set = words(&options::to)});
    table.push_back(
        {.topic = running,
         .name = "max-iter",
         .placeholder = "N",
         .initial = "-1",
         .range = fmt::format("-1 (endless) or from 1 to {}", ticks_most),
         .help = "Ticks (purchases with their side tasks) after which the run, or the load, ends. A load, and a "
                 "new run that is --unpaced, ends now and began in 1975 at the earliest.",
         .commands = {command::run, command::load, command::plan, command::answers, command::describe},
         .set = [](options& to, std::string_view text) -> std::string
         {
             const auto ticks = parse_count(text);
             if (text != "-1" && (!ticks || *ticks < 1 || *ticks > ticks_most))
                 return fmt::format("must be -1 (endless) or a whole number from 1 to {}", ticks_most);
             to.ticks_max = ticks;
             return {};
         }});
    table.push_back(
        {.topic = running,
         .name = "unpaced",
         .help = "Writes as fast as the database takes it: a new run ends now, one that goes on hurries to now "
                 "and is paced from there. Needs --max-iter.",
         .commands = {command::run, command::plan, command::answers, command::describe},
         .form = flag_form::mark,
         .set = mark(&options::unpaced)});
    table.push_back({.topic = running,
                     .name = "workers",
                     .placeholder = "N",
                     .initial = "4",
                     .range = "from 1 to 64",
                     .help = "Sessions that write at the same time. The rows are the same for any number.",
                     .commands = {command::run, command::load},
                     .set = whole_number(&options::workers, 1, 64)});
    table.push_back({.topic = running,
                     .name = "window",
                     .placeholder = "UNITS",
                     .initial = "1024",
                     .range = "from 16 to 65536",
                     .help = "Span of units that may be unsettled at the same time; recorded with a new run.",
                     .commands = {command::run, command::load},
                     .set = whole_number(&options::window, 16, 65'536)});
    table.push_back({.topic = running,
                     .name = "max-lag",
                     .placeholder = "DURATION",
                     .initial = "10s",
                     .range = "from 0 to 24h",
                     .help = "Lag that a live run catches up; beyond it the business time is shifted, recorded and "
                             "logged.",
                     .commands = {command::run},
                     .set = duration(&options::lag_max, microseconds(0), std::chrono::hours(24),
                                     "must be a duration from 0 to 24h, for example 500ms, 10s or 5m")});
    table.push_back({.topic = running,
                     .name = "wait-for-db",
                     .placeholder = "DURATION",
                     .initial = "60s",
                     .range = "from 0 to 24h",
                     .help = "How long a start waits for PostgreSQL.",
                     .commands = {command::run, command::load, command::init},
                     .set = duration(&options::wait_for_db, microseconds(0), std::chrono::hours(24),
                                     "must be a duration from 0 to 24h, for example 30s or 5m")});
    table.push_back({.topic = running,
                     .name = "max-outage",
                     .placeholder = "DURATION",
                     .initially = "5m with --max-iter, else no limit",
                     .range = "0 (no limit) or from 1s to 168h",
                     .help = "How long PostgreSQL may be away during the run, or refuse a unit for the time being.",
                     .commands = {command::run, command::load},
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         const auto value = parse_duration(text);
                         const bool good = value && (value->count() == 0 || *value >= std::chrono::seconds(1)) &&
                                           *value <= std::chrono::hours(168);
                         if (!good)
                             return "must be 0 (no limit) or a duration from 1s to 168h, for example 90s or 10m";
                         to.outage_max = value;
                         return {};
                     }});
    table.push_back(
        {.topic = running,
         .name = "max-rejected",
         .placeholder = "UNITS",
         .initial = "100",
         .range = "from 0 to 1000000000",
         .help = "Units that PostgreSQL may refuse for good, or whose rows somebody else has changed, before the "
                 "run ends. Counted from the start of the program.",
         .commands = {command::run},
         .set = [](options& to, std::string_view text) -> std::string
         {
             const auto units = parse_count(text);
             if (!units || *units > 1'000'000'000)
                 return "must be a whole number from 0 to 1000000000";
             to.rejected_max = *units;
             return {};
         }});
    table.push_back({.topic = running,
                     .name = "drain-timeout",
                     .placeholder = "DURATION",
                     .initial = "20s",
                     .range = "from 1s to 1h",
                     .help = "How long a stop waits for what is in flight.",
                     .commands = {command::run},
                     .set = duration(&options::drain_timeout, std::chrono::seconds(1), std::chrono::hours(1),
                                     "must be a duration from 1s to 1h, for example 20s")});
    table.push_back({.topic = running,
                     .name = "wait",
                     .help = "Waits as long as another process keeps the run, instead of ending with 75.",
                     .commands = {command::run, command::load, command::reset},
                     .form = flag_form::mark,
                     .set = mark(&options::wait)});
    table.push_back(
        {.topic = running,
         .name = "card",
         .placeholder = "FILE",
         .help = "The run of a card, as `bazaard card` prints it. `run` writes it into a database where it is not.",
         .commands = {command::run, command::load, command::plan, command::answers, command::explain, command::describe,
                      verb::verify_tables, verb::verify_topics, verb::verify_events},
         .set = [](options& to, std::string_view text) -> std::string
         {
             if (text.empty())
                 return "must not be empty";
             to.card = text;
             return {};
         }});
    table.push_back({.topic = running,
                     .name = "yes",
                     .help = "Answers what is asked before something is removed.",
                     .commands = {command::reset, verb::cdc_drop, verb::connector_delete, verb::topics_delete},
                     .form = flag_form::mark,
                     .place = flag_place::command_line,
                     .set = mark(&options::yes)});
    table.push_back(
        {.topic = running,
         .name = "heartbeat-interval",
         .placeholder = "DURATION",
         .initial = "10s",
         .range = "0 (off) or from 100ms to 24h",
         .help = "Time between two updates of the heartbeat row.",
         .commands = {command::run},
         .set = duration(&options::heartbeat_interval, std::chrono::milliseconds(100), std::chrono::hours(24),
                         "must be 0 (off) or a duration from 100ms to 24h, for example 10s or 5m")});
    table.push_back({.topic = running,
                     .name = "seed-dir",
                     .placeholder = "DIR",
                     .initially = "the built-in files",
                     .help = "Directory with seed files of your own, for example products.csv; the built-in ones stand "
                             "in for those that it lacks.",
                     .commands = {command::run, command::load, command::init, command::plan, command::answers,
                                  command::explain, command::reset, command::verify, command::describe},
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         if (text.empty())
                             return "must not be empty";
                         to.seed_dir = text;
                         return {};
                     }});
    table.push_back(
        {.topic = running,
         .name = "echo",
         .initial = "false",
         .help = "Prints every unit that is written; where nobody reads stdout, it leaves some out and says how many.",
         .commands = {command::run},
         .form = flag_form::toggle,
         .set = mark(&options::echo)});
    table.push_back(
        {.topic = running,
         .name = "plan-cache",
         .initial = "true",
         .help = "Keeps the planner's state in the database, so that a start need not plan the run again from "
                 "its beginning.",
         .commands = {command::run, command::load},
         .form = flag_form::toggle,
         .set = mark(&options::plan_cache)});
    table.push_back({.topic = running,
                     .name = "dry-run",
                     .help = "`run`: prints the first units and writes nothing, short for `plan --units 0..9`. `topics "
                             "ensure`: asks the broker whether it would, and changes nothing.",
                     .commands = {command::run, verb::topics_ensure},
                     .form = flag_form::mark,
                     .place = flag_place::command_line,
                     .set = [](options& to, std::string_view) -> std::string
                     {
                         if (to.what == command::topics)
                             to.validate = true;
                         else
                             to.what = command::plan;
                         return {};
                     }});
}

void add_plan(std::vector<flag>& table)
{
    table.push_back({.topic = planning,
                     .name = "units",
                     .placeholder = "A..B",
                     .initial = "0..9",
                     .range = fmt::format("both inclusive; at most {} units for plan", plan_units_max),
                     .help = "Units to print; of answers --as rows, the last one that has happened is B.",
                     .commands = {command::plan, command::answers},
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         const auto units = parse_units(text);
                         if (!units || units->second >= no_unit)
                             return fmt::format("must be A..B with 0 <= A <= B < {}", no_unit);
                         to.units_first = units->first;
                         to.units_last = units->second;
                         return {};
                     }});
    table.push_back(
        {.topic = planning,
         .name = "format",
         .placeholder = "FORMAT",
         .initially = "text for plan, jsonl for answers, csv for load, json for connector",
         .range = "text or jsonl for plan; jsonl or csv for answers; csv or binary for load; json, json-schema or avro "
                  "for connector",
         .help = "plan: text for people, or one JSON object per line. answers: JSON lines, or CSV as of RFC 4180 "
                 "where nothing at all stands for NULL. load --to: CSV, or PostgreSQL's binary COPY. connector: how "
                 "messages are written.",
         .commands = configures.with({command::load, command::plan, command::answers}),
         .set = [](options& to, std::string_view text) -> std::string
         {
             using capture::message_format;
             if (text == "text" || text == "jsonl" || text == "csv" || text == "binary")
                 to.plan_format = text == "text"    ? plan_format::text
                                  : text == "jsonl" ? plan_format::jsonl
                                  : text == "csv"   ? plan_format::csv
                                                    : plan_format::binary;
             else if (text == "json" || text == "json-schema" || text == "avro")
                 to.message_format = text == "json"   ? message_format::json
                                     : text == "avro" ? message_format::avro
                                                      : message_format::json_schema;
             else
                 return "must be one of: text, jsonl (plan), jsonl, csv (answers), csv, binary (load), json, "
                        "json-schema, "
                        "avro (connector)";
             return {};
         }});
    table.push_back(
        {.topic = planning,
         .name = "as",
         .placeholder = "WHAT",
         .initial = "changes",
         .range = "changes or rows",
         .help = "changes: a line for each change of the units, with the row before and after. rows: all rows "
                 "as they are behind unit B, with the unit that made them so.",
         .commands = {command::answers},
         .set = choice<answers_as>(&options::answers_as,
                                   {{"changes", answers_as::changes}, {"rows", answers_as::rows}})});
    table.push_back({.topic = planning,
                     .name = "html",
                     .placeholder = "FILE",
                     .help = "Writes the figures and charts there, too, as a page that needs no other file.",
                     .commands = {command::describe},
                     .set = words(&options::html_file)});
    table.push_back(
        {.topic = planning,
         .name = "table",
         .placeholder = "NAME[,NAME]...",
         .initially = "all of them",
         .help = "`answers`: the only table to print; CSV needs it. `verify topics`, `verify events`, `verify "
                 "stream`: the tables whose changes are compared.",
         .commands = {command::answers, verb::verify_topics, verb::verify_events, verb::verify_stream},
         .set = words(&options::table)});
}

void add_database(std::vector<flag>& table)
{
    table.push_back({.topic = database,
                     .name = "db-host",
                     .aliases = {"host"},
                     .placeholder = "HOST",
                     .initially = "PGHOST or the service file, then localhost",
                     .help = "Server, directory of its socket, or several behind commas.",
                     .commands = on_database,
                     .secret = flag_secret::host,
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         auto wrong = text.empty() ? "must not be empty" : postgres::host_problem(text);
                         if (wrong.empty())
                             to.database.host = std::string(text);
                         return wrong;
                     }});
    table.push_back({.topic = database,
                     .name = "db-port",
                     .placeholder = "PORT",
                     .initially = "PGPORT or the service file, then 5432",
                     .range = "from 1 to 65535",
                     .help = "Port, or one per host behind commas.",
                     .commands = on_database,
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         if (!is_port_list(text))
                             return "must be a whole number from 1 to 65535, or several behind commas";
                         to.database.port = std::string(text);
                         return {};
                     }});
    table.push_back({.topic = database,
                     .name = "db-user",
                     .aliases = {"user"},
                     .placeholder = "NAME",
                     .initially = "PGUSER or the service file, then db_user",
                     .help = "Role.",
                     .commands = on_database,
                     .secret = flag_secret::name,
                     .set = database_name(&database_flags::user)});
    table.push_back({.topic = database,
                     .name = "db-password",
                     .aliases = {"password"},
                     .placeholder = "PASSWORD",
                     .initially = "PGPASSWORD, password file or service file, then db_password",
                     .help = "Other users of the machine can see a command line: better use --db-password-file or a "
                             "libpq password file.",
                     .commands = on_database,
                     .secret = flag_secret::whole,
                     .set = database_text(&database_flags::password)});
    table.push_back({.topic = database,
                     .name = "db-password-file",
                     .placeholder = "FILE",
                     .help = "File whose first line is the password.",
                     .commands = on_database,
                     .set = database_text(&database_flags::password_file)});
    table.push_back({.topic = database,
                     .name = "db-name",
                     .placeholder = "NAME",
                     .initially = "PGDATABASE or the service file, then fh_dev",
                     .help = "Database.",
                     .commands = on_database,
                     .secret = flag_secret::name,
                     .set = database_name(&database_flags::name)});
    table.push_back(
        {.topic = database,
         .name = "db-url",
         .placeholder = "URL",
         .help = "Several of these in one, like postgresql://USER@HOST:PORT/NAME; the other flags go before its "
                 "parts.",
         .commands = on_database,
         .secret = flag_secret::url,
         .set = [](options& to, std::string_view text) -> std::string
         {
             auto wrong = readable_url(text, "--db-password, --db-password-file or PGPASSFILE");
             if (wrong.empty())
                 to.database.url = std::string(text);
             return wrong;
         }});
    table.push_back({.topic = database,
                     .name = "db-schema",
                     .aliases = {"schema"},
                     .placeholder = "NAME",
                     .initial = "demo",
                     .range = "1 to 63 bytes",
                     .help = "Schema of the shop's tables.",
                     .commands = {command::run, command::load, command::init, command::plan, command::answers,
                                  command::explain, command::card, command::reset, command::cdc, command::connector,
                                  command::topics, command::doctor, command::verify, command::ctl, command::views},
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         auto wrong = check_schema(text);
                         if (wrong.empty())
                             to.schema = text;
                         return wrong;
                     }});
    static constexpr std::array<std::string_view, 6> modes{"disable", "allow",     "prefer",
                                                           "require", "verify-ca", "verify-full"};
    table.push_back({.topic = database,
                     .name = "db-sslmode",
                     .placeholder = "MODE",
                     .initially = "PGSSLMODE or the service file, then prefer",
                     .range = fmt::format("one of {}", fmt::join(modes, ", ")),
                     .help = "Protection of the connection; only verify-full protects against an active attacker.",
                     .commands = on_database,
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         if (std::find(modes.begin(), modes.end(), text) == modes.end())
                             return fmt::format("must be one of: {}", fmt::join(modes, ", "));
                         to.database.sslmode = std::string(text);
                         return {};
                     }});
    table.push_back({.topic = database,
                     .name = "db-sslrootcert",
                     .placeholder = "FILE",
                     .help = "Certificates of the authorities to trust.",
                     .commands = on_database,
                     .set = database_text(&database_flags::sslrootcert)});
    table.push_back({.topic = database,
                     .name = "db-sslcert",
                     .placeholder = "FILE",
                     .help = "Certificate of the client.",
                     .commands = on_database,
                     .set = database_text(&database_flags::sslcert)});
    table.push_back({.topic = database,
                     .name = "db-sslkey",
                     .placeholder = "FILE",
                     .help = "Key of the client.",
                     .commands = on_database,
                     .set = database_text(&database_flags::sslkey)});
    table.push_back({.topic = database,
                     .name = "db-batch-size",
                     .aliases = {"batch-size"},
                     .placeholder = "ROWS",
                     .initial = "1000",
                     .range = "from 1 to 1000000",
                     .help = "Rows of one COPY when static tables and first users are loaded.",
                     .commands = {command::run, command::load},
                     .set = whole_number(&options::batch_rows, 1, 1'000'000)});
    table.push_back({.topic = database,
                     .name = "writer-role",
                     .placeholder = "NAME",
                     .range = "1 to 63 bytes",
                     .help = "Gives this role, which has to be there, what `run` and `verify` need and nothing else.",
                     .commands = {command::init},
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         if (text.empty() || text.size() > 63)
                             return "must be 1 to 63 bytes long";
                         to.writer_role = text;
                         return {};
                     }});
    table.push_back({.topic = database,
                     .name = "writer-removes",
                     .help = "Gives it DELETE, too, which a run with --retain needs.",
                     .commands = {command::init},
                     .form = flag_form::mark,
                     .set = mark(&options::writer_removes)});
    table.push_back({.topic = database,
                     .name = "writer-touches",
                     .help = "Gives it UPDATE of fixed rows, too, which a run with --touch-interval needs.",
                     .commands = {command::init},
                     .form = flag_form::mark,
                     .set = mark(&options::writer_touches)});
}

void add_views(std::vector<flag>& table, std::span<const scenario::entry> scenarios)
{
    std::vector<std::string_view> names;
    for (const auto& one : scenarios)
        for (const auto& set : one.views)
            names.push_back(set.name);
    table.push_back({.topic = database,
                     .name = "views",
                     .placeholder = "NAME",
                     .initially = "the scenario's first ones; with init: none",
                     .range = fmt::format("one of {}", fmt::join(names, ", ")),
                     .help = "Makes these views of the run, too: the same as `views create`.",
                     .commands = {command::init, command::views},
                     .set = [names](options& to, std::string_view text) -> std::string
                     {
                         if (std::ranges::find(names, text) == names.end())
                             return fmt::format("must be one of: {}", fmt::join(names, ", "));
                         to.view_set = text;
                         return {};
                     }});
    table.push_back({.topic = database,
                     .name = "views-schema",
                     .placeholder = "NAME",
                     .initially = "the name of the views",
                     .range = "1 to 63 bytes",
                     .help = "Schema of the views; it holds nothing of these names that is not theirs.",
                     .commands = {command::init, command::views},
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         auto wrong = check_schema(text);
                         if (wrong.empty())
                             to.views_schema = text;
                         return wrong;
                     }});
}

/// A name that PostgreSQL takes whole; slots have fewer characters.
setter object_name(std::string options::*member, bool slot)
{
    return [=](options& to, std::string_view text) -> std::string
    {
        auto wrong = postgres::identifier_problem(text);
        if (wrong.empty() && slot && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != text.npos)
            wrong = "must be of a-z, 0-9 and _";
        if (wrong.empty())
            to.*member = text;
        return wrong;
    };
}

/// "full", or "orders=full,users=default".
std::string set_identities(options& to, std::string_view text)
{
    std::map<std::string, postgres::replica_identity, std::less<>> all;
    for (auto rest = text; !rest.empty();)
    {
        const auto comma = std::min(rest.find(','), rest.size());
        const auto one = rest.substr(0, comma);
        rest.remove_prefix(std::min(comma + 1, rest.size()));
        const auto equals = one.find('=');
        const auto what = postgres::replica_identity_named(equals == one.npos ? one : one.substr(equals + 1));
        if (!what || equals == 0)
            return "must be default, full or nothing, or TABLE=full and the like behind commas";
        all[equals == one.npos ? "*" : std::string(one.substr(0, equals))] = *what;
    }
    if (all.empty())
        return "must not be empty";
    to.replica_identities = std::move(all);
    return {};
}

/// What a topic's name, and a connector's, may have of characters. Kafka's bound for a whole topic name is 249; schema and table
/// need room too.
bool is_topic_part(std::string_view text)
{
    return !text.empty() && text.size() <= 120 &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == text.npos;
}

void add_cdc(std::vector<flag>& table)
{
    table.push_back({.topic = capture,
                     .name = "cdc",
                     .help = "Makes what a CDC connector needs, too: the same as `cdc setup`.",
                     .commands = {command::init},
                     .form = flag_form::mark,
                     .set = mark(&options::with_cdc)});
    table.push_back({.topic = capture,
                     .name = "publication-name",
                     .placeholder = "NAME",
                     .initially = "bazaard_SCHEMA",
                     .range = "1 to 63 bytes",
                     .help = "Publication of the captured tables.",
                     .commands = configures.with({command::init, command::cdc, command::doctor, verb::verify_topics,
                                                  verb::verify_events, verb::verify_stream}),
                     .set = object_name(&options::publication, false)});
    table.push_back(
        {.topic = capture,
         .name = "slot-name",
         .placeholder = "NAME",
         .initially = "bazaard_SCHEMA",
         .range = "1 to 63 of a-z, 0-9 and _",
         .help = "Replication slot of the connector, which makes it; `cdc drop` drops it.",
         .commands = configures.with({verb::cdc_drop, verb::connector_status, command::doctor, verb::verify_topics}),
         .set = object_name(&options::slot, true)});
    table.push_back({.topic = capture,
                     .name = "cdc-user",
                     .placeholder = "NAME",
                     .initial = "bazaard_cdc",
                     .range = "1 to 63 bytes",
                     .help = "Role of the connector: LOGIN, REPLICATION, and what it needs on the captured tables.",
                     .commands = configures.with({command::init, command::cdc, command::doctor}),
                     .set = object_name(&options::cdc_user, false)});
    table.push_back({.topic = capture,
                     .name = "cdc-password-file",
                     .placeholder = "FILE",
                     .help = "File whose first line is the password of a new role of the connector.",
                     .commands = {command::init, verb::cdc_setup, command::doctor},
                     .set = words(&options::cdc_password_file)});
    table.push_back({.topic = capture,
                     .name = "replica-identity",
                     .placeholder = "WORD",
                     .initially = "left as it is",
                     .range = "default, full or nothing; or TABLE=WORD, several behind commas",
                     .help = "What updates and deletes tell of the row before: its key, or all of it.",
                     .commands = {command::init, verb::cdc_setup},
                     .set = set_identities});
    table.push_back({.topic = capture,
                     .name = "apply",
                     .help = "Changes what is there and differs.",
                     .commands = {command::init, verb::cdc_setup, verb::topics_ensure},
                     .form = flag_form::mark,
                     .set = mark(&options::apply)});
    table.push_back({.topic = capture,
                     .name = "force",
                     .help = "Drops the slot although somebody uses it: its session is ended first.",
                     .commands = {verb::cdc_drop},
                     .form = flag_form::mark,
                     .place = flag_place::command_line,
                     .set = mark(&options::force)});
    table.push_back({.topic = capture,
                     .name = "connector-name",
                     .placeholder = "NAME",
                     .initially = "bazaard-SCHEMA",
                     .range = "of A-Z, a-z, 0-9, '.', '_' and '-'",
                     .help = "Name of the connector.",
                     .commands = on_connect,
                     .set = [](options& to, std::string_view value) -> std::string
                     {
                         if (!is_topic_part(value))
                             return "must be 1 to 120 of the characters A-Z, a-z, 0-9, '.', '_' and '-'";
                         to.connector_name = value;
                         return {};
                     }});
    table.push_back(
        {.topic = capture,
         .name = "connect-url",
         .placeholder = "URL",
         .initial = "http://localhost:8083",
         .range = "http://HOST:PORT or https://HOST:PORT",
         .help = "REST interface of Kafka Connect; USER:PASSWORD@ before the host, percent-encoded, logs in. "
                 "`verify topics`, on the command line: the connector's configuration is asked for there.",
         .commands = on_connect,
         .secret = flag_secret::url,
         .set = [](options& to, std::string_view value) -> std::string
         {
             capture::http_url ignored;
             auto wrong = capture::parse_http_url(value, "8083", ignored);
             if (wrong.empty())
                 to.connect_url = value;
             else if (!uri_problem(value).empty())
                 wrong += ", or give --connect-user and --connect-password-file instead";
             return wrong;
         }});
    table.push_back({.topic = capture,
                     .name = "connect-user",
                     .placeholder = "NAME",
                     .help = "Who logs in to Kafka Connect, by HTTP's basic authentication.",
                     .commands = on_connect,
                     .secret = flag_secret::user,
                     .set = [](options& to, std::string_view value) -> std::string
                     {
                         if (value.empty())
                             return "must not be empty";
                         if (value.find(':') != value.npos)
                             return "must have no colon: the password has a flag of its own, --connect-password-file";
                         to.connect_user = value;
                         return {};
                     }});
    table.push_back({.topic = capture,
                     .name = "connect-password",
                     .placeholder = "PASSWORD",
                     .help = "Other users of the machine can see a command line: better use --connect-password-file or "
                             "BAZAARD_CONNECT_PASSWORD.",
                     .commands = on_connect,
                     .secret = flag_secret::whole,
                     .set = secret_text(&options::connect_password)});
    table.push_back({.topic = capture,
                     .name = "connect-password-file",
                     .placeholder = "FILE",
                     .help = "File whose first line is the password.",
                     .commands = on_connect,
                     .set = secret_text(&options::connect_password_file)});
    table.push_back({.topic = capture,
                     .name = "connect-ca-file",
                     .placeholder = "FILE",
                     .initially = "the system's",
                     .help = "Certificates (PEM) that the one of https must be signed with.",
                     .commands = on_connect,
                     .set = words(&options::connect_ca_file)});
    table.push_back({.topic = capture,
                     .name = "connect-cert-file",
                     .placeholder = "FILE",
                     .help = "Our own certificate (PEM), where Kafka Connect asks for one.",
                     .commands = on_connect,
                     .set = words(&options::connect_cert_file)});
    table.push_back({.topic = capture,
                     .name = "connect-key-file",
                     .placeholder = "FILE",
                     .initially = "in the file of the certificate",
                     .help = "Its key (PEM).",
                     .commands = on_connect,
                     .set = words(&options::connect_key_file)});
    table.push_back({.topic = capture,
                     .name = "connect-tls-verify",
                     .initial = "true",
                     .help = "Checks the certificate of https. Without, whoever stands between can read the password.",
                     .commands = on_connect,
                     .form = flag_form::toggle,
                     .set = mark(&options::connect_tls_verify)});
    table.push_back({.topic = capture,
                     .name = "connect-timeout",
                     .placeholder = "DURATION",
                     .initial = "60s",
                     .range = "from 1s to 1h",
                     .help = "How long `connector register` waits until the slot moves.",
                     .commands = {verb::connector_register},
                     .set = duration(&options::connect_timeout, std::chrono::seconds(1), std::chrono::hours(1),
                                     "must be a duration from 1s to 1h, for example 60s")});
    table.push_back({.topic = capture,
                     .name = "connector-db-host",
                     .placeholder = "HOST",
                     .initially = "that of this program; localhost for a socket",
                     .help = "The server, as the worker of the connector reaches it.",
                     .commands = configures,
                     .secret = flag_secret::host,
                     .set = [](options& to, std::string_view value) -> std::string
                     {
                         auto wrong = value.empty() ? "must not be empty" : postgres::host_problem(value);
                         if (wrong.empty())
                             to.connector_db_host = value;
                         return wrong;
                     }});
    table.push_back({.topic = capture,
                     .name = "connector-db-port",
                     .placeholder = "PORT",
                     .initially = "that of this program",
                     .range = "from 1 to 65535",
                     .help = "Its port.",
                     .commands = configures,
                     .set = [](options& to, std::string_view value) -> std::string
                     {
                         if (!is_port_list(value) || value.find(',') != value.npos)
                             return "must be a port from 1 to 65535";
                         to.connector_db_port = value;
                         return {};
                     }});
    table.push_back(
        {.topic = capture,
         .name = "connector-password",
         .placeholder = "REFERENCE",
         .initial = "${env:BAZAARD_DB_PASSWORD}",
         .range = "${env:NAME} or ${file:PATH:KEY}",
         .help = "Where the worker finds the password of the connector's role; never the password itself.",
         .commands = configures,
         .secret = flag_secret::reference,
         .set = [](options& to, std::string_view value) -> std::string
         {
             if (!is_reference(value))
                 return "must be a reference that the worker resolves, like ${env:NAME} or ${file:PATH:KEY}";
             to.connector_password = value;
             return {};
         }});
    table.push_back(
        {.topic = capture,
         .name = "registry-url",
         .placeholder = "URL",
         .initial = "http://localhost:8080",
         .help = "Schema registry. Of a connector with --format avro: Apicurio's address, as the worker reaches it; it "
                 "stands in the configuration, and no password belongs into it. Of `run` and `verify topics`, for "
                 "tables that go to Kafka "
                 "with schemas: the address of Confluent's API, which Apicurio has under /apis/ccompat/v7; there it "
                 "has no default.",
         .commands = configures.with({command::run, verb::verify_topics}),
         .secret = flag_secret::url,
         .set = [](options& to, std::string_view value) -> std::string
         {
             if (value.empty())
                 return "must not be empty";
             capture::http_url parts;
             const auto plain = without_references(value);
             if (auto wrong = capture::parse_http_url(plain, "8080", parts); !wrong.empty() && plain != "x")
                 return wrong;
             if (parts.user && without_secrets({.secret = flag_secret::url}, value) != value)
                 return "must have no user and no password: everybody who may look at the connector's "
                        "configuration would see them; a ${env:NAME} is resolved by the worker";
             to.registry_url = value;
             return {};
         }});
    static constexpr std::array<std::string_view, 5> modes{"initial", "initial_only", "no_data", "when_needed",
                                                           "always"};
    table.push_back({.topic = capture,
                     .name = "snapshot",
                     .placeholder = "MODE",
                     .initial = "initial",
                     .range = fmt::format("one of {}", fmt::join(modes, ", ")),
                     .help = "Which rows that are there already the connector sends first.",
                     .commands = configures,
                     .set = [](options& to, std::string_view value) -> std::string
                     {
                         if (std::find(modes.begin(), modes.end(), value) == modes.end())
                             return fmt::format("must be one of: {}", fmt::join(modes, ", "));
                         to.snapshot = value;
                         return {};
                     }});
    table.push_back({.topic = capture,
                     .name = "flat",
                     .help = "Messages are rows, not envelopes with both sides of a change.",
                     .commands = configures,
                     .form = flag_form::mark,
                     .set = mark(&options::flat)});
    table.push_back(
        {.topic = capture,
         .name = "exactly-once",
         .help =
             "Each change arrives once; the worker has to allow it. `verify`: a change that comes again is a defect.",
         .commands = configures.with(reads_changes),
         .form = flag_form::mark,
         .set = mark(&options::exactly_once)});
    table.push_back({.topic = capture,
                     .name = "partitions",
                     .placeholder = "N",
                     .initial = "1",
                     .range = "from 1 to 10000",
                     .help = "Partitions of the topic of each table; with one, all changes of a table stay in order.",
                     .commands = shapes_topics,
                     .set = whole_number(&options::partitions, 1, 10'000)});
    table.push_back({.topic = capture,
                     .name = "replication-factor",
                     .placeholder = "N",
                     .initial = "-1",
                     .range = "-1 (as the broker has it) or from 1 to 100",
                     .help = "Copies of each topic.",
                     .commands = shapes_topics,
                     .set = [](options& to, std::string_view value) -> std::string
                     {
                         const auto number = parse_count(value);
                         if (value != "-1" && (!number || *number < 1 || *number > 100))
                             return "must be -1 (as the broker has it) or a whole number from 1 to 100";
                         to.replication = value == "-1" ? -1 : static_cast<std::int32_t>(*number);
                         return {};
                     }});
    table.push_back({.topic = capture,
                     .name = "cleanup-policy",
                     .placeholder = "WORD",
                     .initial = "by-table",
                     .range = "by-table or delete",
                     .help = "by-table: the topic of a table whose rows change is compacted after a day and keeps the "
                             "newest row of each key; "
                             "delete: each topic keeps all of --retention.",
                     .commands = shapes_topics,
                     .set = choice(&options::compact, std::vector<word<bool>>{{"by-table", true}, {"delete", false}})});
    table.push_back({.topic = capture,
                     .name = "retention",
                     .placeholder = "DURATION",
                     .initial = "168h",
                     .range = "from 1m to 87600h, or forever",
                     .help = "How long topics that are not compacted keep their messages.",
                     .commands = shapes_topics,
                     .set = [](options& to, std::string_view value) -> std::string
                     {
                         const auto time = parse_duration(value);
                         if (value != "forever" &&
                             (!time || *time < std::chrono::minutes(1) || *time > std::chrono::hours(87'600)))
                             return "must be a duration from 1m to 87600h, for example 168h, or forever";
                         to.retention = value == "forever" ? std::nullopt : time;
                         return {};
                     }});
}

/// librdkafka's settings: "linger.ms=5,ssl.cipher.suites=A,B,debug=broker". A comma within a value needs no mark: what follows it
/// is no KEY=VALUE.
std::string set_kafka_conf(options& to, std::string_view text)
{
    const auto is_key = [](std::string_view part)
    {
        const auto equals = part.find('=');
        return equals != part.npos && equals > 0 &&
               part.substr(0, equals).find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == part.npos;
    };
    std::vector<std::pair<std::string, std::string>> made;
    for (auto rest = text; !rest.empty();)
    {
        const auto comma = std::min(rest.find(','), rest.size());
        const auto part = rest.substr(0, comma);
        rest.remove_prefix(std::min(comma + 1, rest.size()));
        // After a password, what librdkafka does not know is rather a part of it than a setting; nobody can be sure.
        if (is_key(part) && !made.empty() && postgres::is_secret_name(made.back().first) &&
            !::bazaar::kafka::is_setting(std::string(part.substr(0, part.find('=')))))
            return "has a comma in a password, or behind it a setting that librdkafka does not know: give the password "
                   "by "
                   "--sasl-password-file";
        if (is_key(part))
            made.emplace_back(part.substr(0, part.find('=')), part.substr(part.find('=') + 1));
        else if (!made.empty())
            made.back().second += ',' + std::string(part);
        else
            return "must be KEY=VALUE, or several behind commas";
    }
    if (made.empty())
        return "must not be empty";
    for (const auto& [name, value] : made)
        if ((name == "bootstrap.servers" || name == "metadata.broker.list") &&
            postgres::secrecy_of(value) != postgres::secrecy::none)
            return "has a list of brokers with what looks like a password";
    to.kafka_conf = std::move(made);
    return {};
}

void add_doctor(std::vector<flag>& table)
{
    table.push_back(
        {.topic = capture,
         .name = "slot-wal-warn",
         .placeholder = "SIZE",
         .initial = "1GiB",
         .range = "0 (off), or a number with KiB, MiB, GiB or TiB",
         .help = "How much of the server's log a slot may retain; beyond it `run` warns once, and `doctor` has "
                 "a finding.",
         .commands = {command::run, command::doctor},
         .set = [](options& to, std::string_view text) -> std::string
         {
             const auto bytes = parse_size(text);
             if (!bytes)
                 return "must be 0 (off) or a size, for example 512MiB or 1GiB";
             to.slot_wal_warn = *bytes;
             return {};
         }});
    table.push_back({.topic = capture,
                     .name = "skip",
                     .placeholder = "LIST",
                     .range = "connect, kafka, or both behind a comma",
                     .help = "Parts that `doctor` does not look at.",
                     .commands = {command::doctor},
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         bool skips_connect = false;
                         bool skips_kafka = false;
                         for (auto rest = text;;)
                         {
                             const auto comma = std::min(rest.find(','), rest.size());
                             const auto one = rest.substr(0, comma);
                             if (one != "connect" && one != "kafka")
                                 return "must be connect, kafka, or both behind a comma";
                             (one == "connect" ? skips_connect : skips_kafka) = true;
                             if (comma == rest.size())
                                 break;
                             rest.remove_prefix(comma + 1);
                         }
                         to.skip_connect = skips_connect;
                         to.skip_kafka = skips_kafka;
                         return {};
                     }});
    table.push_back(
        {.topic = capture,
         .name = "json",
         .help = "Prints what was found as one JSON document. Of `scenario show` only with --distributions.",
         .commands = {command::doctor, verb::ctl_status, verb::scenario_list, verb::scenario_show},
         .form = flag_form::mark,
         .set = mark(&options::json)});
}

/// What `scenario show` prints.
void add_shown(std::vector<flag>& table)
{
    table.push_back({.topic = capture,
                     .name = "tables",
                     .help = "`scenario show` prints the tables alone.",
                     .commands = {verb::scenario_show},
                     .form = flag_form::mark,
                     .set = mark(&options::show_tables)});
    table.push_back({.topic = capture,
                     .name = "topics",
                     .help = "`scenario show` prints the topics alone.",
                     .commands = {verb::scenario_show},
                     .form = flag_form::mark,
                     .set = mark(&options::show_topics)});
    table.push_back({.topic = capture,
                     .name = "sample",
                     .placeholder = "N",
                     .initially = "none",
                     .range = "from 1 to 10000000",
                     .help = "`scenario show` prints so many rows of each table, as JSON lines; with --distributions, "
                             "so many units are "
                             "judged, 100000 if not said.",
                     .commands = {verb::scenario_show},
                     .set = whole_number(&options::sample, 1, 10'000'000)});
    table.push_back(
        {.topic = capture,
         .name = "schemas",
         .help = "`scenario show` prints the DDL of the tables, and the schema of the records of each topic: Avro's, a "
                 ".proto or JSON Schema.",
         .commands = {verb::scenario_show},
         .form = flag_form::mark,
         .set = mark(&options::show_schemas)});
    table.push_back(
        {.topic = capture,
         .name = "distributions",
         .help =
             "`scenario show` draws a sample from the plan, without a server, and tells of each distribution that the "
             "file declares what was wished and what was found; 1 if one does not fit.",
         .commands = {verb::scenario_show},
         .form = flag_form::mark,
         .set = mark(&options::show_distributions)});
}

void add_kafka(std::vector<flag>& table)
{
    table.push_back({.topic = kafka,
                     .name = "bootstrap-servers",
                     .placeholder = "LIST",
                     .initial = "localhost:9092",
                     .range = "HOST:PORT, or several behind commas",
                     .help = "Brokers to begin with.",
                     .commands = on_kafka,
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         if (!is_server_list(text))
                             return "must be HOST:PORT, or several behind commas";
                         to.bootstrap_servers = text;
                         return {};
                     }});
    table.push_back({.topic = kafka,
                     .name = "topic-prefix",
                     .placeholder = "PREFIX",
                     .initial = "ecomm",
                     .range = "of A-Z, a-z, 0-9, '.', '_' and '-'",
                     .help = "First part of the topic names, PREFIX.SCHEMA.TABLE.",
                     .commands = on_kafka.with(configures),
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         if (!is_topic_part(text))
                             return "must be 1 to 120 of the characters A-Z, a-z, 0-9, '.', '_' and '-'";
                         to.topic_prefix = text;
                         return {};
                     }});
    table.push_back({.topic = kafka,
                     .name = "create-topic",
                     .initial = "false",
                     .help = "Creates the topics first, those that the connector fills or those of tables that go to "
                             "Kafka: the same as `topics ensure`.",
                     .commands = {command::run, command::init},
                     .form = flag_form::toggle,
                     .set = mark(&options::create_topics)});
    static constexpr std::array<std::string_view, 4> protocols{"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"};
    const auto one_of = [](std::string options::*member, std::span<const std::string_view> all)
    {
        return [=](options& to, std::string_view value) -> std::string
        {
            if (std::find(all.begin(), all.end(), value) == all.end())
                return fmt::format("must be one of: {}", fmt::join(all, ", "));
            to.*member = value;
            return {};
        };
    };
    table.push_back({.topic = kafka,
                     .name = "security-protocol",
                     .placeholder = "WORD",
                     .initial = "plaintext",
                     .range = fmt::format("one of {}", fmt::join(protocols, ", ")),
                     .help = "How to speak to the brokers.",
                     .commands = on_kafka,
                     .set = one_of(&options::security_protocol, protocols)});
    static constexpr std::array<std::string_view, 3> mechanisms{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"};
    table.push_back({.topic = kafka,
                     .name = "sasl-mechanism",
                     .placeholder = "WORD",
                     .initially = "PLAIN where SASL is used",
                     .range = fmt::format("one of {}", fmt::join(mechanisms, ", ")),
                     .help = "How to log in. SCRAM needs librdkafka 2.6.1 or later for Kafka 4.",
                     .commands = on_kafka,
                     .set = one_of(&options::sasl_mechanism, mechanisms)});
    table.push_back({.topic = kafka,
                     .name = "sasl-username",
                     .placeholder = "NAME",
                     .help = "Who logs in.",
                     .commands = on_kafka,
                     .set = words(&options::sasl_username)});
    table.push_back({.topic = kafka,
                     .name = "sasl-password",
                     .placeholder = "PASSWORD",
                     .help = "Other users of the machine can see a command line: better use --sasl-password-file or "
                             "BAZAARD_SASL_PASSWORD.",
                     .commands = on_kafka,
                     .secret = flag_secret::whole,
                     .set = secret_text(&options::sasl_password)});
    table.push_back({.topic = kafka,
                     .name = "sasl-password-file",
                     .placeholder = "FILE",
                     .help = "File whose first line is the password.",
                     .commands = on_kafka,
                     .set = secret_text(&options::sasl_password_file)});
    table.push_back({.topic = kafka,
                     .name = "kafka-ca-file",
                     .placeholder = "FILE",
                     .initially = "the system's",
                     .help = "Certificates (PEM) that the brokers' must be signed with.",
                     .commands = on_kafka,
                     .set = words(&options::kafka_ca_file)});
    table.push_back({.topic = kafka,
                     .name = "kafka-cert-file",
                     .placeholder = "FILE",
                     .help = "Our own certificate (PEM), where the brokers ask for one.",
                     .commands = on_kafka,
                     .set = words(&options::kafka_cert_file)});
    table.push_back({.topic = kafka,
                     .name = "kafka-key-file",
                     .placeholder = "FILE",
                     .help = "Its key (PEM).",
                     .commands = on_kafka,
                     .set = words(&options::kafka_key_file)});
    table.push_back({.topic = kafka,
                     .name = "kafka-conf",
                     .placeholder = "KEY=VALUE",
                     .range = "one, or several behind commas",
                     .help = "Any other setting by librdkafka's name; goes before the flags above.",
                     .commands = on_kafka,
                     .secret = flag_secret::whole,
                     .set = set_kafka_conf});
    table.push_back({.topic = kafka,
                     .name = "kafka-timeout",
                     .placeholder = "DURATION",
                     .initial = "10s",
                     .range = "from 1s to 10m",
                     .help = "How long to wait for an answer of the brokers.",
                     .commands = on_kafka,
                     .set = duration(&options::kafka_timeout, std::chrono::seconds(1), std::chrono::minutes(10),
                                     "must be a duration from 1s to 10m, for example 10s")});
}

/// Of tables whose rows go to Kafka without a database between.
void add_kafka_target(std::vector<flag>& table)
{
    const std::vector<word<::bazaar::kafka::delivery>> promises{
        {"transactional", ::bazaar::kafka::delivery::transactional},
        {"idempotent", ::bazaar::kafka::delivery::idempotent}};
    table.push_back({.topic = kafka,
                     .name = "kafka-delivery",
                     .placeholder = "WORD",
                     .initial = "transactional",
                     .range = "one of " + words_of(promises),
                     .help = "Of tables that go to Kafka: units in transactions, each once and whole for readers of "
                             "committed records; or without, where a record may come twice after a fault. `verify "
                             "topics` calls such a copy repeated then, and doubled otherwise.",
                     .commands = {command::run, verb::verify_topics},
                     .set = choice(&options::kafka_delivery, promises)});
    table.push_back(
        {.topic = kafka,
         .name = "register",
         .initial = "true",
         .help = "Registers schemas of records that the registry does not have; otherwise such a schema is an error.",
         .commands = {command::run},
         .form = flag_form::toggle,
         .set = mark(&options::register_schemas)});
}

setter unit_number(std::optional<unit_no> options::*member)
{
    return [member](options& to, std::string_view text) -> std::string
    {
        const auto unit = parse_count(text);
        if (!unit || *unit >= no_unit)
            return fmt::format("must be a whole number from 0 to {}", no_unit - 1);
        to.*member = unit;
        return {};
    };
}

std::string set_topic_pattern(options& to, std::string_view text)
{
    bool good = text.find("{table}") != text.npos;
    for (std::size_t at = text.find_first_of("{}"); at != text.npos; at = text.find_first_of("{}", at))
    {
        const auto end = text.find('}', at);
        const auto name = end == text.npos ? std::string_view() : text.substr(at, end + 1 - at);
        good = good && (name == "{prefix}" || name == "{schema}" || name == "{table}");
        at = end == text.npos ? text.size() : end + 1;
    }
    if (!good)
        return "must be the name of a topic with {table} in it, and {prefix} and {schema} where they stand, for "
               "example "
               "copy-{prefix}.{schema}.{table}";
    to.topic_pattern = text;
    return {};
}

void add_verify(std::vector<flag>& table)
{
    table.push_back({.topic = verifying,
                     .name = "source-url",
                     .placeholder = "URL",
                     .initially = "the database that is compared",
                     .help = "Database where the run is written, when another one is compared, like "
                             "postgresql://USER@HOST:PORT/NAME.",
                     .commands = {verb::verify_tables, verb::verify_events},
                     .secret = flag_secret::url,
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         auto wrong = readable_url(text, "PGPASSFILE or a service file");
                         if (wrong.empty())
                             to.source_url = std::string(text);
                         return wrong;
                     }});
    table.push_back(
        {.topic = verifying,
         .name = "up-to",
         .placeholder = "UNIT",
         .initially = "all that must be there",
         .range = fmt::format("from 0 to {}", no_unit - 1),
         .help = "Demands the units below this one. For tables that fill one by one, whose rows may be in any later "
                 "version, and for topics or dumps that are late.",
         .commands = {verb::verify_tables, verb::verify_topics, verb::verify_events},
         .set = unit_number(&options::up_to)});
    table.push_back({.topic = verifying,
                     .name = "report",
                     .placeholder = "FILE",
                     .help = "Writes the report there, too, as JSON.",
                     .commands = {command::verify},
                     .set = words(&options::report_file)});
    table.push_back({.topic = verifying,
                     .name = "examples",
                     .placeholder = "N",
                     .initial = "20",
                     .range = "from 0 to 10000",
                     .help = "How many of each kind of finding are shown; all are counted.",
                     .commands = {command::verify},
                     .set = whole_number(&options::examples, 0, 10'000)});
    table.push_back({.topic = verifying,
                     .name = "connector-config",
                     .placeholder = "FILE",
                     .initially = "encodings are recognised",
                     .help = "`verify topics`, `verify events`: the connector's configuration, as `connector config` "
                             "prints it, tells how values are written and what is not sent.",
                     .commands = {verb::verify_topics, verb::verify_events},
                     // It is read where it is needed, from what was given.
                     .set = [](options&, std::string_view) { return std::string(); }});
    table.push_back({.topic = verifying,
                     .name = "topic-pattern",
                     .placeholder = "PATTERN",
                     .initially = "{prefix}.{schema}.{table}, or as the connector's configuration routes them",
                     .range = "has {table}; {prefix} and {schema} stand for --topic-prefix and --db-schema",
                     .help = "`verify topics`: names of the topics of a copy, which may be late: what it does not have "
                             "yet is not proven. For example copy-{prefix}.{schema}.{table}.",
                     .commands = {verb::verify_topics},
                     .set = set_topic_pattern});
    table.push_back(
        {.topic = verifying,
         .name = "follow",
         .help = "`verify tables`, `verify topics`: compares again and again, until something is wrong or Ctrl-C.",
         .commands = {verb::verify_tables, verb::verify_topics},
         .form = flag_form::mark,
         .set = mark(&options::follow)});
    table.push_back({.topic = verifying,
                     .name = "interval",
                     .placeholder = "DURATION",
                     .initially = "5s for tables, 1m for topics",
                     .range = "from 1s to 24h",
                     .help = "How long --follow waits between two comparisons.",
                     .commands = {verb::verify_tables, verb::verify_topics},
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         const auto value = parse_duration(text);
                         if (!value || *value < std::chrono::seconds(1) || *value > std::chrono::hours(24))
                             return "must be a duration from 1s to 24h, for example 60s";
                         to.interval = value;
                         return {};
                     }});
    table.push_back({.topic = verifying,
                     .name = "from",
                     .placeholder = "FROM",
                     .initially = "0, or the first unit of a stream that has no snapshot",
                     .range = fmt::format("from 0 to {}; of `scenario new` a scenario or a file", no_unit - 1),
                     .help = "Units below may be missing in the stream of changes. What `scenario new` begins with: a "
                             "shipped scenario, a file, or a file of TestDataPy.",
                     .commands = reads_changes.with({verb::scenario_new}),
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         if (to.what != command::scenario)
                             return unit_number(&options::from_unit)(to, text);
                         to.begun_from = text;
                         return text.empty() ? "must be the name of a scenario, or a file" : "";
                     }});
    table.push_back({.topic = verifying,
                     .name = "barrier-timeout",
                     .placeholder = "DURATION",
                     .initial = "60s",
                     .range = "from 0s to 24h",
                     .help = "How long to wait until the connector, or the change stream, has come to the cut.",
                     .commands = {verb::verify_topics, verb::verify_stream},
                     .set = duration(&options::barrier_timeout, std::chrono::seconds(0), std::chrono::hours(24),
                                     "must be a duration from 0s to 24h, for example 60s")});
    table.push_back({.topic = verifying,
                     .name = "duration",
                     .placeholder = "DURATION",
                     .initial = "10s",
                     .range = "from 1s to 87600h",
                     .help = "How long `verify stream` listens.",
                     .commands = {verb::verify_stream},
                     .set = duration(&options::duration, std::chrono::seconds(1), std::chrono::hours(87'600),
                                     "must be a duration from 1s to 87600h, for example 10s")});
}

/// "9187", "0.0.0.0:9187", "[::1]:9187".
std::string set_http_listen(options& to, std::string_view text)
{
    const auto colon = text.rfind(':');
    auto host = colon == text.npos ? std::string_view("127.0.0.1") : text.substr(0, colon);
    const auto port = parse_count(colon == text.npos ? text : text.substr(colon + 1));
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != host.npos)
        host = {};
    if (host.empty() || !port || *port > std::numeric_limits<std::uint16_t>::max())
        return "must be PORT or HOST:PORT, for example 9187, 0.0.0.0:9187 or [::1]:9187";
    to.http_host = host;
    to.http_port = static_cast<std::uint16_t>(*port);
    return {};
}

/// "shop,shop.demo.svc.cluster.local".
std::string set_http_host(options& to, std::string_view text)
{
    std::vector<std::string> names;
    for (std::size_t at = 0; at <= text.size();)
    {
        const auto end = std::min(text.find(',', at), text.size());
        auto name = text.substr(at, end - at);
        if (name.ends_with('.'))
            name.remove_suffix(1);
        if (!observe::is_host_name(name))
            return "must be names of hosts without a port, with commas between them, for example "
                   "shop.demo.svc,shop.example.com";
        names.emplace_back(name);
        at = end + 1;
    }
    to.http_hosts = std::move(names);
    return {};
}

void add_observe(std::vector<flag>& table)
{
    table.push_back(
        {.topic = observing,
         .name = "control-socket",
         .placeholder = "PATH",
         .initially = "made of schema, run and database, in $XDG_RUNTIME_DIR/bazaard, /run/bazaard or "
                      "/tmp/bazaard-UID",
         .range = "none: no socket",
         .help = "Unix socket through which `ctl` reaches a `run`. Nobody but its user and root can open it.",
         .commands = {command::run, command::ctl},
         .set = words(&options::control_socket)});
    table.push_back({.topic = observing,
                     .name = "http-listen",
                     .placeholder = "[HOST:]PORT",
                     .initially = "no HTTP",
                     .range = "127.0.0.1 unless a host is given",
                     .help = "Serves /metrics, /livez, /readyz and /status by HTTP. Nothing of it is encrypted.",
                     .commands = {command::run},
                     .set = set_http_listen});
    table.push_back(
        {.topic = observing,
         .name = "http-host",
         .placeholder = "NAME,...",
         .initially = "addresses, localhost, names without a dot, the machine's name, the host of --http-listen",
         .help = "Further names under which clients may ask, such as that of a service in a cluster; a request for "
                 "another one is refused with 421.",
         .commands = {command::run},
         .set = set_http_host});
    table.push_back(
        {.topic = observing,
         .name = "http-token-file",
         .placeholder = "FILE",
         .initially = "HTTP only reads",
         .help = "File whose first line is the token that POST /control asks for, of 16 characters or more.",
         .commands = {command::run},
         .set = words(&options::http_token_file)});
    table.push_back({.topic = observing,
                     .name = "watch",
                     .help = "`ctl status`: again every second, in one line, until the daemon ends or Ctrl-C.",
                     .commands = {verb::ctl_status},
                     .form = flag_form::mark,
                     .set = mark(&options::watch)});
}

void add_general(std::vector<flag>& table)
{
    table.push_back({.topic = general,
                     .name = "config",
                     .placeholder = "FILE",
                     .help = "Reads flags from a file: lines `name = value` without the dashes, # begins a comment.",
                     .commands = all_commands,
                     .place = flag_place::environment,
                     .set = taken});
    table.push_back({.topic = general,
                     .name = "print-config",
                     .help = "Prints each value with its origin, passwords masked, and ends.",
                     .commands = all_commands,
                     .form = flag_form::mark,
                     .place = flag_place::command_line,
                     .set = ask(request::print_config)});
    const std::vector<word<log_level>> levels{{"trace", log_level::trace},
                                              {"debug", log_level::debug},
                                              {"info", log_level::info},
                                              {"warning", log_level::warning},
                                              {"error", log_level::error}};
    table.push_back({.topic = general,
                     .name = "log-level",
                     .placeholder = "LEVEL",
                     .initial = "info",
                     .range = "one of " + words_of(levels),
                     .help = "Least weight of the log lines on stderr.",
                     .commands = all_commands,
                     .set = choice(&options::level, levels)});
    const std::vector<word<log_format>> formats{
        {"auto", log_format::automatic}, {"text", log_format::text}, {"json", log_format::json}};
    table.push_back({.topic = general,
                     .name = "log-format",
                     .placeholder = "FORMAT",
                     .initial = "auto",
                     .range = "one of " + words_of(formats),
                     .help = "Form of the log lines; auto is text on a terminal and JSON otherwise.",
                     .commands = all_commands,
                     .set = choice(&options::format, formats)});
    const std::vector<word<process::progress>> modes{
        {"auto", process::progress::automatic}, {"on", process::progress::on}, {"off", process::progress::off}};
    table.push_back({.topic = general,
                     .name = "progress",
                     .placeholder = "MODE",
                     .initial = "auto",
                     .range = "one of " + words_of(modes),
                     .help = "Status line on stderr; auto refreshes it in place on a terminal and logs a line every "
                             "10 s otherwise.",
                     .commands = {command::run, command::load, command::verify, verb::ctl_status, command::describe},
                     .set = choice(&options::progress, modes)});
    table.push_back({.topic = general,
                     .name = "core-dumps",
                     .help = "Lets a crash leave a core file, which may hold passwords; debuggers of the same user may "
                             "attach.",
                     .commands = all_commands,
                     .form = flag_form::mark,
                     .set = mark(&options::core_dumps)});
    table.push_back({.topic = general,
                     .name = "help",
                     .help = "Prints this text and ends.",
                     .commands = all_commands,
                     .form = flag_form::mark,
                     .place = flag_place::command_line,
                     .letter = 'h',
                     .set = ask(request::help)});
    table.push_back({.topic = general,
                     .name = "version",
                     .help = "Prints the versions of the program and of its libraries and ends.",
                     .commands = all_commands,
                     .form = flag_form::mark,
                     .place = flag_place::command_line,
                     .set = ask(request::version)});
    table.push_back({.topic = general,
                     .name = "help-markdown",
                     .help = "Prints docs/flags.md.",
                     .commands = all_commands,
                     .form = flag_form::mark,
                     .place = flag_place::command_line,
                     .hidden = true,
                     .set = ask(request::help_markdown)});
    table.push_back({.topic = general,
                     .name = "help-man",
                     .help = "Prints the manual page.",
                     .commands = all_commands,
                     .form = flag_form::mark,
                     .place = flag_place::command_line,
                     .hidden = true,
                     .set = ask(request::help_man)});
    table.push_back({.topic = general,
                     .name = "help-completion",
                     .placeholder = "SHELL",
                     .help = "Prints what makes a shell complete commands and flags.",
                     .commands = all_commands,
                     .place = flag_place::command_line,
                     .hidden = true,
                     .set = [](options& to, std::string_view text) -> std::string
                     {
                         if (text != "bash" && text != "zsh" && text != "fish")
                             return "must be one of: bash, zsh, fish";
                         to.shell = text;
                         to.ask = request::help_completion;
                         return {};
                     }});
    table.push_back({.topic = general,
                     .name = "help-config",
                     .help = "Prints a configuration file of all defaults, as comments.",
                     .commands = all_commands,
                     .form = flag_form::mark,
                     .place = flag_place::command_line,
                     .hidden = true,
                     .set = ask(request::help_config)});
}

}  // namespace

std::vector<flag> flag_table(std::span<const scenario::entry> scenarios, const scenario::entry& chosen)
{
    std::vector<flag> table;
    const auto add_fields = [&](const scenario::entry& of)
    {
        for (std::size_t i = 0; i < of.fields.size(); ++i)
            table.push_back(scenario_flag(of, i));
    };
    add_fields(chosen);
    for (const auto& one : scenarios)
        if (one.name != chosen.name)
            add_fields(one);
    add_run(table, scenarios);
    add_plan(table);
    add_database(table);
    add_views(table, scenarios);
    add_cdc(table);
    add_doctor(table);
    add_shown(table);
    add_kafka(table);
    add_kafka_target(table);
    add_verify(table);
    add_observe(table);
    add_general(table);
    return table;
}

}  // namespace bazaar::app
