#include "bazaar/app/help.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <exception>
#include <new>
#include <system_error>
#include <vector>

#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include "app/manual.hpp"
#include "bazaar/app/flag.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/base/plain.hpp"
#include "bazaar/base/words.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/outlet.hpp"
#include "bazaar/process/output.hpp"
#include "bazaar/process/value_source.hpp"

namespace bazaar::app
{
namespace
{

constexpr std::size_t width = 80;
constexpr std::size_t column = 30;  ///< Where the text beside the flags begins.

constexpr std::array<about, 17> commands{{
    {command::run, "bazaard [run] [FLAG]...", "Keep the shop alive: write its changes, unit by unit.",
     "Creates what is missing in the database, then writes one transaction per business action until "
     "--max-iter or a "
     "signal ends it. A run that exists goes on where it stopped; changed rates and probabilities take "
     "effect from there "
     "on."},
    {command::load, "bazaard load [FLAG]...", "Fill a new run with history in bulk, and end.",
     "Writes the rows of --history, or of --max-iter ticks, as they are at its end, by COPY in several sessions; `run` "
     "then "
     "goes on from there without a seam. When it was interrupted, the same command finishes it. `run --history` does "
     "both."},
    {command::init, "bazaard init [FLAG]...", "Create schema, functions and static tables, and end.",
     "Doing it again changes nothing. `run` does the same where it is missing, so this is for setting up "
     "with another role, "
     "or before a connector starts."},
    {command::plan, "bazaard plan [FLAG]...", "Print units of a run and write nothing.",
     "A plan is a function of seed, start time and settings. Without --seed, a run that the database has "
     "recorded is "
     "planned as it was recorded; with --seed, no database is needed."},
    {command::answers, "bazaard answers [FLAG]...",
     "Print what units change, or the rows that they leave, to compare with.",
     "The expected change events, a line for each, or the rows as of a unit: for any engine that joins them with what "
     "arrived. The run is found as by `plan`; units that its log says were refused are left out."},
    {command::explain, "bazaard explain [FLAG]... ID", "Tell the unit that made the row with this id.",
     "ID is a value of an id column of the shop's tables. The runs are looked up in the database; with "
     "--seed, none is "
     "needed."},
    {command::card, "bazaard card [FLAG]...", "Print what reproduces a run, as JSON.",
     "Seed, start, configuration, versions and control log: all that a bug report needs, and all that is needed to "
     "plan the run "
     "again when its database is gone: `plan --card FILE` prints its units, `run --card FILE` writes it into another "
     "database."},
    {command::reset, "bazaard reset [FLAG]...", "Remove one run with all its rows.",
     "Asks first; --yes answers. Rows of other runs and of anybody else stay, and so do the tables and their static "
     "rows. When it "
     "was interrupted, the same command finishes it."},
    {command::cdc, "bazaard cdc setup|drop [FLAG]...", "Make or drop what a CDC connector needs in the database.",
     "Publication for exactly the shop's tables, signal table, replica identities, and a role with the least "
     "privileges. Doing it "
     "again changes nothing; what is there and differs is changed with --apply only. `drop` also drops the slot, when "
     "nobody uses "
     "it."},
    {command::connector, "bazaard connector config|register|status|pause|resume|delete [FLAG]...",
     "Print a Debezium connector for the shop, or hand it to Kafka Connect.",
     "`config` prints the configuration, which needs no edit. `register` puts it to --connect-url and waits until the "
     "slot is active and moving; one that has failed is restarted. `cdc setup` comes before."},
    {command::topics, "bazaard topics ensure|check|delete [FLAG]...", "Make, compare or delete the Kafka topics.",
     "One topic for each table, and those that the connector fills beside them. `ensure` creates what is missing and "
     "waits "
     "until it "
     "can be written to; what differs is shown, and changed with --apply only. `check` changes nothing."},
    {command::doctor, "bazaard doctor [FLAG]...", "Look for what keeps changes from arriving, and say what mends it.",
     "Looks at the server, the tables, the publication, the connector's role, the slots, the connector and the topics, "
     "and changes nothing. Each finding comes with what it causes and with the commands that mend it. Ends with 3 when "
     "there is one. The findings are listed in docs/doctor.md."},
    {command::verify, "bazaard verify tables|topics|stream [FLAG]...; bazaard verify events [FLAG]... FILE...",
     "Plan the run again and compare it with what arrived.",
     "`tables` compares the rows of a database with the plan, while the run goes on: of the run's own database, or of "
     "another one that should hold the same, with --source-url or --card. `topics` compares Debezium's topics, "
     "`events` "
     "a dump of its messages as JSON lines, `stream` the server's own change stream. Ends with 0 when all is as "
     "planned, "
     "1 when something is missing, too many, torn or different, 2 when not all could be proven, or somebody else has "
     "changed rows. More in docs/verify.md."},
    {command::ctl, "bazaard ctl status|health|pause|resume|drain|set [FLAG]... [KEY=VALUE]...",
     "Look at a running daemon, pause it, give it another rate.",
     "Speaks with the `run` of the same --run and --db-schema on this machine, through its control socket. `health` "
     "ends with 0 when the run is ready to write and 75 when it is not; `set avg-qps=50` "
     "changes what may change during a run, as a reload does; `pause` stops planning, `resume` goes on behind a "
     "recorded "
     "shift "
     "of the business time; `drain` stops the daemon as SIGTERM does. More in docs/observe.md."},
    {command::scenario,
     "bazaard scenario list [FLAG]...; bazaard scenario check FILE...; bazaard scenario show NAME [FLAG]...; bazaard "
     "scenario new NAME --from FROM",
     "List the kinds of shop that there are; check, show and begin scenario files.",
     "`list` prints name, version and tables of each, and the flags that it brings along. --scenario chooses one for a "
     "new run. `check` tells of all mistakes of scenario files at once, each with its place, and ends with 65 when "
     "there is one. `show` prints the tables and topics of a shipped scenario or of a file. `new` writes NAME.yaml, "
     "which extends the scenario or file FROM; a file of TestDataPy is written anew in our words. The language: "
     "docs/scenario-language.md. No database is needed."},
    {command::views, "bazaard views create|drop [FLAG]...", "Make or drop views of a run in the shape of known data.",
     "For theLook: a schema in which the queries written for BigQuery's public data set thelook_ecommerce find their "
     "tables and columns. The run need not be there yet, but its tables: `init` first. Doing it again changes nothing; "
     "`reset` drops them, too. The columns are in docs/views.md."},
    {command::describe, "bazaard describe [FLAG]...", "Show the shop that the flags make, in figures and charts.",
     "Plans the run and writes nothing; no database is needed. A time that ends now ends with the last day (UTC), so "
     "that the same seed shows the same shop. Without --history, --start-time or --max-iter: 30 days, or 200,000 ticks "
     "where those are fewer. With --card: the run of the card, as far as it is settled. Progress is shown on a "
     "terminal alone."},
}};

const about& about_of(command what)
{
    return *std::find_if(commands.begin(), commands.end(), [&](const about& entry) { return entry.what == what; });
}

std::string paragraph(std::string_view text)
{
    std::string made;
    for (const auto& line : wrapped(text, width))
        made += line + '\n';
    return made;
}

/// A term and its explanation beside it, or below where the term is too long; `facts` stay together where they can.
std::string beside(const std::string& term, std::string_view text, const std::string& facts = {})
{
    std::string made = "  " + term;
    if (made.size() + 2 > column)
        made += '\n' + std::string(column, ' ');
    else
        made.resize(column, ' ');
    auto lines = wrapped(text, width - column);
    if (!facts.empty() && lines.back().size() + 1 + facts.size() <= width - column)
        lines.back() += ' ' + facts;
    else if (!facts.empty())
        for (auto& line : wrapped(facts, width - column))
            lines.push_back(std::move(line));
    bool first = true;
    for (const auto& line : lines)
    {
        made += (first ? "" : std::string(column, ' ')) + line + '\n';
        first = false;
    }
    return made;
}

std::string sources_text()
{
    return paragraph("A flag goes before the environment (BAZAARD_AVG_QPS for --avg-qps), the environment before the "
                     "file of --config (avg-qps = 20), and the file before the default.");
}

std::string overview()
{
    std::string text = paragraph(
        "bazaard keeps a realistic shop alive inside PostgreSQL, for pipelines that capture its "
        "changes.");
    text += "\nUsage: bazaard [COMMAND] [FLAG]...\n\nCommands\n";
    for (const auto& entry : commands)
        text += beside(std::string(name(entry.what)) + (entry.what == command::run ? " (default)" : ""), entry.summary);
    text += "\nExamples\n"
            "  bazaard --avg-qps 20 --db-host localhost --db-name fh_dev\n"
            "  bazaard run --seed 7 --unpaced --max-iter 10000\n"
            "  bazaard plan --seed 7 --units 0..9\n\n";
    text += sources_text();
    text += '\n' + paragraph("'bazaard COMMAND --help' lists the flags of a command, 'bazaard --version' the versions. "
                             "Exit codes: docs/exit-codes.md.");
    return text;
}

/// "of tables and topics" where a command has verbs that do not take the flag.
std::string takers(const flag& of, command what)
{
    if (of.commands.has_all(what))
        return {};
    std::vector<std::string_view> words;
    for (const auto& one : all_verbs)
        if (one.of == what && of.commands.has(one.what))
            words.push_back(one.word);
    std::string text = "of ";
    for (std::size_t i = 0; i < words.size(); ++i)
        text += fmt::format("{}{}", i == 0 ? "" : i + 1 == words.size() ? " and " : ", ", words[i]);
    return text;
}

/// The flags of a command, or of its one verb that is named, with the fields of the chosen scenario.
std::string command_help(command what, std::string_view verb, std::span<const flag> table,
                         const scenario::entry& chosen)
{
    const auto& entry = about_of(what);
    const auto verbs = verbs_of(what);
    const bool of_one = std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
    std::string text = fmt::format("{}\n\nUsage: {}\n\n{}", entry.summary, entry.usage, paragraph(entry.text));
    bool others = false;
    for (const auto& part : chapters(table))
    {
        std::string lines;
        for (const auto& one : table)
            if (part.has(one) && one.commands.has(what, verb) && !one.hidden)
                lines += beside(term(one), one.help, facts(one, of_one ? std::string() : takers(one, what)));
        const bool other = part.of != nullptr && part.of->name != chosen.name;
        if (!lines.empty() && !other)
            text += fmt::format("\n{}\n{}", part.title, lines);
        others = others || (!lines.empty() && other);
    }
    if (others)
        text += '\n' + paragraph(fmt::format("Flags of another shop: bazaard {} --scenario NAME --help.", name(what)));
    text += '\n' + paragraph("A DURATION is a number with ms, s, m or h; a plain number counts seconds.");
    return text + sources_text();
}

/// A value as a configuration file takes it.
std::string in_quotes(const std::string& text)
{
    const bool plain = !text.empty() && text.front() != ' ' && text.back() != ' ' && text.front() != '"' &&
                       text.find('#') == std::string::npos;
    return plain ? text : '"' + text + '"';
}

/// Every value with its origin, as a configuration file that gives the same (but for the passwords).
std::string config_text(const options& given, std::span<const flag> table)
{
    std::string text = fmt::format("# bazaard {}\n", name(given.what));
    std::string_view topic;
    for (const auto& entry : table)
    {
        if (entry.place == flag_place::command_line || !entry.commands.has(given.what, given.verb) ||
            (entry.of != nullptr && entry.of->name != given.chosen->name))
            continue;
        if (entry.topic != topic)
        {
            topic = entry.topic;
            text += fmt::format("\n# {}\n", topic);
        }
        const auto found = given.given.find(entry.name);
        // The file cannot name itself.
        const std::string_view off = entry.place == flag_place::environment ? "# " : "";
        if (found != given.given.end())
            text += fmt::format("{}{} = {}  # {}\n", off, entry.name, plain(in_quotes(found->second.text)),
                                plain(found->second.origin));
        else if (entry.form != flag_form::value)
            text += fmt::format("{} = {}  # default\n", entry.name, entry.initial == "true");
        else if (!entry.initial.empty())
            text += fmt::format("{} = {}  # default\n", entry.name, in_quotes(entry.initial));
        else
            text += fmt::format("# {} is not given{}{}\n", entry.name, entry.initially.empty() ? "" : ": ",
                                entry.initially);
    }
    return text;
}

/// Text of a cell: a vertical bar would end it.
std::string cell(std::string_view text)
{
    std::string made;
    for (const char c : text)
    {
        if (c == '|' || c == '*' || c == '<')
            made += '\\';
        made += c;
    }
    return made;
}

std::string markdown(std::span<const flag> table)
{
    std::string text = "# Flags\n\n"
                       "Made by `bazaard --help-markdown`; a test compares it with the program.\n\n"
                       "Each flag may also come from the environment (`--avg-qps` as `BAZAARD_AVG_QPS`) or "
                       "from the file of `--config`\n"
                       "(`avg-qps = 20`). A flag goes before the environment, the environment before the "
                       "file, the file before the\n"
                       "default; `--print-config` shows each value with its origin. Flags without a value "
                       "are `true` or `false` there.\n"
                       "An empty variable counts as not set. In a file, `#` begins a comment at the start of "
                       "a line or after a blank;\n"
                       "a value in double quotes keeps blanks and `#`.\n\n"
                       "A duration is a number with `ms`, `s`, `m` or `h`; a plain number counts seconds.\n\n"
                       "## Commands\n\n| command | what it does |\n| --- | --- |\n";
    for (const auto& entry : commands)
        text += fmt::format("| `{}` | {} |\n", entry.usage, cell(entry.summary));
    for (const auto& part : chapters(table))
    {
        text += fmt::format(
            "\n## {}\n\n| flag | default | range | commands | meaning |\n| --- | --- | --- | --- | --- |\n",
            part.title);
        for (const auto& entry : table)
        {
            if (!part.has(entry) || entry.hidden)
                continue;
            std::string notes = cell(entry.help);
            if (entry.place == flag_place::command_line)
                notes += " Command line only.";
            else if (entry.place == flag_place::environment)
                notes += " Not in a file.";
            const auto initial = default_of(entry);
            const auto shown_default = initial.empty()         ? std::string()
                                       : entry.initial.empty() ? cell(initial)
                                                               : fmt::format("`{}`", initial);
            text += fmt::format("| `{}` | {} | {} | {} | {} |\n", term(entry), shown_default, cell(entry.range),
                                listed(entry.commands), notes);
        }
    }
    return text;
}

}  // namespace

std::span<const about> command_texts()
{
    return commands;
}

std::string spellings(const flag& entry)
{
    auto text = fmt::format("--{}{}", entry.form == flag_form::toggle ? "[no-]" : "", entry.name);
    for (const auto alias : entry.aliases)
        text += fmt::format(", --{}", alias);
    if (entry.letter != '\0')
        text += fmt::format(", -{}", entry.letter);
    return text;
}

std::string default_of(const flag& entry)
{
    if (entry.form == flag_form::toggle)
        return entry.initial == "true" ? "on" : "off";
    return entry.initial.empty() ? entry.initially : entry.initial;
}

std::string term(const flag& entry)
{
    return entry.placeholder.empty() ? spellings(entry) : spellings(entry) + ' ' + entry.placeholder;
}

std::string facts(const flag& entry, const std::string& more)
{
    std::string text = entry.range;
    if (const auto initial = default_of(entry); !initial.empty())
        text += fmt::format("{}default: {}", text.empty() ? "" : "; ", initial);
    if (!more.empty())
        text += (text.empty() ? "" : "; ") + more;
    return text.empty() ? text : fmt::format("[{}]", text);
}

std::vector<const scenario::entry*> scenarios_in(std::span<const flag> table)
{
    std::vector<const scenario::entry*> found;
    for (const auto& entry : table)
        if (entry.of != nullptr && std::find(found.begin(), found.end(), entry.of) == found.end())
            found.push_back(entry.of);
    return found;
}

std::vector<chapter> chapters(std::span<const flag> table)
{
    const bool several = scenarios_in(table).size() > 1;
    std::vector<chapter> found;
    for (const auto& entry : table)
        if (std::none_of(found.begin(), found.end(), [&](const chapter& one) { return one.has(entry); }))
            found.push_back({several && entry.of != nullptr ? fmt::format("{} of {}", entry.topic, entry.of->name)
                                                            : std::string(entry.topic),
                             entry.topic, entry.of});
    return found;
}

std::string answer(const options& given, std::span<const scenario::entry> scenarios, std::string_view commit)
{
    const auto table = flag_table(scenarios, *given.chosen);
    switch (given.ask)
    {
    case request::work:
        break;
    case request::help:
        return plain_lines(given.named ? command_help(given.what, given.verb, table, *given.chosen) : overview());
    case request::version:
        return version_text(commit);
    case request::print_config:
        return config_text(given, table);
    case request::help_markdown:
        return markdown(table);
    case request::help_man:
        return man_page(table);
    case request::help_completion:
        return completion(given.shell, table);
    case request::help_config:
        return default_config(table);
    }
    return {};
}

int print(const std::string& text)
{
    process::print_out(text);
    return 0;
}

int report_failure(command what) noexcept
{
    const auto say = [](const std::string& line) { process::print_error("bazaard: " + line); };
    try
    {
        try
        {
            throw;
        }
        catch (const process::closed_output&)
        {
            return 128 + SIGPIPE;
        }
        catch (const error& problem)
        {
            for (const auto& line : problem.lines())
                say(process::as_given(line));
            if (problem.kind() == error_kind::usage)
                process::print_error(fmt::format("Try 'bazaard {} --help'.", name(what)));
            return exit_code(problem.kind());
        }
        catch (const std::bad_alloc&)
        {
            say("out of memory");
            return exit_code(error_kind::os);
        }
        // Of the event loop; Boost has one of its own.
        catch (const boost::system::system_error& problem)
        {
            say(problem.what());
            return exit_code(error_kind::os);
        }
        catch (const std::system_error& problem)
        {
            say(problem.what());
            return exit_code(error_kind::os);
        }
        catch (const std::exception& problem)
        {
            say(fmt::format("unexpected failure: {}", problem.what()));
        }
        catch (...)
        {
            say("unexpected failure");
        }
        return exit_code(error_kind::internal);
    }
    catch (...)
    {
        // No memory for the line.
        static_cast<void>(process::write_all(STDERR_FILENO, "bazaard: out of memory\n"));
        return exit_code(error_kind::os);
    }
}

}  // namespace bazaar::app
