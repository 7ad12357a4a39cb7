#include <array>

#include <fmt/format.h>

#include "app/manual.hpp"
#include "bazaar/app/options.hpp"
#include "bazaar/process/program.hpp"

namespace bazaar::app
{
namespace
{

struct exit_text
{
    std::string_view code;
    std::string_view when;
};

/// docs/exit-codes.md in short; a test compares the codes.
constexpr std::array<exit_text, 17> exits{{
    {"0", "Done, or drained after a signal."},
    {"1", "verify: what arrived is not what was planned."},
    {"2", "verify: nothing is wrong, but not all could be proven."},
    {"3", "Something that is there differs, and no flag allowed to change it; doctor: a finding."},
    {"4", "run: more units were refused for good than --max-rejected allows."},
    {"64", "Unknown command or flag, or a value out of range."},
    {"65", "A file with data is malformed, or an id is."},
    {"66", "A named file is missing or unreadable."},
    {"69", "PostgreSQL, Kafka or Kafka Connect could not be reached within the start's wait."},
    {"70", "A bug of this program."},
    {"71", "No memory, threads or descriptors."},
    {"73", "An output file cannot be created."},
    {"74", "Reading or writing failed midway."},
    {"75", "Away for too long, or another process owns the run. Starting again helps."},
    {"77", "Authentication, privilege or TLS was refused."},
    {"78", "The configuration file is wrong, or the database has another run or schema than expected."},
    {"128+n", "A second signal n ended it at once."},
}};

/// Text of roff: nothing in it is a request or an escape.
std::string roff(std::string_view text)
{
    std::string made;
    for (const char c : text)
    {
        if ((c == '.' || c == '\'') && (made.empty() || made.back() == '\n'))
            made += "\\&";
        if (c == '\\')
            made += "\\e";
        else if (c == '-')
            made += "\\-";
        else if (c == '\'')
            made += "\\(aq";
        else if (c == '^')
            made += "\\(ha";
        else if (c == '~')
            made += "\\(ti";
        else if (c == '`')
            made += "\\(ga";
        else
            made += c;
    }
    return made;
}

std::string bold(std::string_view text)
{
    return "\\fB" + roff(text) + "\\fR";
}

/// "--db-host, --host HOST", each in its type.
std::string tagged(const flag& entry)
{
    auto text = bold(spellings(entry));
    if (!entry.placeholder.empty())
        text += " \\fI" + roff(entry.placeholder) + "\\fR";
    return text;
}

std::string flags_of(std::span<const flag> table, const chapter& part)
{
    std::string text;
    for (const auto& entry : table)
    {
        if (!part.has(entry) || entry.hidden)
            continue;
        text += fmt::format(".TP\n{}\n{}\n", tagged(entry), roff(entry.help));
        if (const auto more = facts(entry); !more.empty())
            text += roff(more) + '\n';
        if (const auto of = listed(entry.commands); of != listed(all_commands))
            text += fmt::format(".br\nOf {}.\n", roff(of));
    }
    return text;
}

}  // namespace

std::string man_page(std::span<const flag> table)
{
    auto text = fmt::format(".\\\" Made by bazaard --help-man.\n"
                            ".TH BAZAARD 1 \"\" \"bazaard {}\" \"User Commands\"\n"
                            ".SH NAME\nbazaard \\- a realistic shop, alive in PostgreSQL, for change data capture\n"
                            ".SH SYNOPSIS\n",
                            process::program_version());
    std::string_view between;
    for (const auto& entry : command_texts())
    {
        text += fmt::format("{}{}\n", between, bold(entry.usage));
        between = ".br\n";
    }
    text += ".SH DESCRIPTION\n" +
            roff("bazaard keeps a realistic shop alive inside PostgreSQL, for pipelines that capture its changes, by a "
                 "plan that follows from a seed; and it compares what arrived with the plan.") +
            "\n.SH COMMANDS\n";
    for (const auto& entry : command_texts())
        text += fmt::format(".TP\n{}\n{}\n{}\n", bold(name(entry.what)), roff(entry.summary), roff(entry.text));
    text += ".SH OPTIONS\n" +
            roff("A flag goes before the environment, the environment before the file of --config, and the file "
                 "before the default. A DURATION is a number with ms, s, m or h; a plain number counts seconds.") +
            '\n';
    for (const auto& part : chapters(table))
        if (const auto flags = flags_of(table, part); !flags.empty())
            text += fmt::format(".SS {}\n{}", roff(part.title), flags);
    text += ".SH EXIT STATUS\n";
    for (const auto& entry : exits)
        text += fmt::format(".TP\n{}\n{}\n", bold(entry.code), roff(entry.when));
    text += ".SH SIGNALS\n"
            ".TP\n\\fBSIGTERM\\fR, \\fBSIGINT\\fR\n" +
            roff("What is in flight is finished, and the command ends; a second one ends it at once.") +
            "\n.TP\n\\fBSIGHUP\\fR\n" +
            roff("Flags, environment and file are read again; rates, probabilities and the log level take effect.") +
            "\n.TP\n\\fBSIGUSR1\\fR, \\fBSIGUSR2\\fR\n" +
            roff("Logs how the run is; switches the log level between debug and what was asked for.") +
            "\n.SH ENVIRONMENT\n.TP\n\\fBBAZAARD_\\fR\\fINAME\\fR\n" +
            roff("The flag of this name: BAZAARD_AVG_QPS is --avg-qps. An empty one counts as not set.") +
            "\n.TP\n\\fBPGHOST\\fR, \\fBPGPORT\\fR, \\fBPGUSER\\fR, \\fBPGPASSFILE\\fR, \\fBPGSERVICE\\fR, ...\n" +
            roff("Those of libpq, where no flag says otherwise.") + "\n.SH FILES\n.TP\n\\fI/etc/bazaard/\\fR\n" +
            roff("Configuration of the services of systemd: bazaard.conf, and NAME.conf of bazaard@NAME.service.") +
            "\n.SH EXAMPLES\n.nf\n" + roff("bazaard --avg-qps 20 --db-host localhost --db-name fh_dev") + '\n' +
            roff("bazaard run --seed 7 --unpaced --max-iter 10000") + '\n' +
            roff("bazaard plan --seed 7 --units 0..9") + "\n.fi\n.SH SEE ALSO\n" + "\\fBpsql\\fR(1)\n";
    return text;
}

}  // namespace bazaar::app
