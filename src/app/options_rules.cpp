#include "app/options_rules.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "bazaar/app/flag.hpp"
#include "bazaar/app/flag_value.hpp"
#include "bazaar/capture/http_url.hpp"
#include "bazaar/io/small_file.hpp"
#include "bazaar/postgres/secret.hpp"

namespace bazaar::app
{
namespace
{

class rules
{
public:
    explicit rules(verdict& of) : v_(of) {}

    void combine()
    {
        inherited();
        if (const auto* start = v_.effective("start-time"); start != nullptr && *v_.made.start > v_.around.now)
            v_.mistakes(start->from)
                .push_back(fmt::format("{}: must not be in the future; now is {}", described(*start),
                                       to_string(v_.around.now)));
        if (v_.made.unpaced && !v_.made.ticks_max && !v_.complains_of("--max-iter"))
            v_.mistakes(v_.effective("unpaced")->from)
                .push_back(described(*v_.effective("unpaced")) + ": needs --max-iter N with N >= 1");
        history();
        if (v_.what == command::explain && v_.made.id.empty() && v_.usage.empty())
            v_.usage.emplace_back("explain: needs the ID to explain");
        if (const auto verbs = verbs_of(v_.what);
            !verbs.empty() && v_.usage.empty() && std::find(verbs.begin(), verbs.end(), v_.made.verb) == verbs.end())
            v_.usage.push_back(v_.made.verb.empty()
                                   ? fmt::format("{}: needs a word: {}", name(v_.what), fmt::join(verbs, ", "))
                                   : fmt::format("{}: {} is none of {}", name(v_.what), shown(v_.plain, v_.made.verb),
                                                 fmt::join(verbs, ", ")));
        if (v_.what == command::verify && v_.made.verb == "events" && v_.made.files.empty() && v_.usage.empty())
            v_.usage.emplace_back("verify events: needs the FILE... with the events; - is standard input");
        if (v_.what == command::scenario && v_.usage.empty())
            scenario_words();
        if (v_.what == command::ctl && v_.made.verb == "set" && v_.made.changes.empty() && v_.usage.empty())
            v_.usage.emplace_back("ctl set: needs what to change, for example avg-qps=50");
        for (const char* of_http : {"http-host", "http-token-file"})
            if (const auto* given = v_.effective(of_http);
                given != nullptr && !v_.made.http_port && !v_.complains_of("--http-listen"))
                v_.mistakes(given->from).push_back(described(*given) + ": needs --http-listen");
        if (const auto* format = v_.effective("format"))
        {
            const std::string_view known = v_.what == command::plan      ? "text, jsonl"
                                           : v_.what == command::answers ? "jsonl, csv"
                                           : v_.what == command::load    ? "csv, binary"
                                                                         : "json, json-schema, avro";
            if (fmt::format(", {},", known).find(fmt::format(" {},", format->text)) == std::string::npos)
                v_.mistakes(format->from).push_back(fmt::format("{}: must be one of: {}", described(*format), known));
        }
        if (const auto* units = v_.effective("units");
            units != nullptr && v_.what == command::plan && v_.made.units_last - v_.made.units_first >= plan_units_max)
            v_.mistakes(units->from)
                .push_back(fmt::format("{}: must be at most {} units", described(*units), plan_units_max));
        if (v_.what == command::answers && v_.made.plan_format == plan_format::csv && v_.made.table.empty() &&
            !v_.complains_of("--table"))
            v_.mistakes(v_.effective("format")->from)
                .push_back(described(*v_.effective("format")) + ": needs --table NAME: a file for each table");

        if (const auto* source = v_.effective("source-url"); source != nullptr && !v_.made.card.empty())
            v_.mistakes(source->from)
                .push_back(described(*source) + ": give this or --card, not both: each says what the run is");

        one_of_two("db-password", v_.made.database.password, "db-password-file", v_.made.database.password_file);
        one_of_two("sasl-password", v_.made.sasl_password, "sasl-password-file", v_.made.sasl_password_file);
        one_of_two("connect-password", v_.made.connect_password, "connect-password-file",
                   v_.made.connect_password_file);
        sasl();
        connect();
    }

private:
    /// The words behind `scenario check`, `show` and `new`.
    void scenario_words()
    {
        const auto count = v_.made.files.size();
        if (std::ranges::any_of(v_.made.files, holds_secret))
            v_.usage.push_back(fmt::format(
                "scenario {}: a word looks like an address with a password; it takes names and files", v_.made.verb));
        if (v_.made.verb == "check" && count == 0)
            v_.usage.emplace_back("scenario check: needs the FILE... to check");
        if (v_.made.verb == "show" && count != 1)
            v_.usage.emplace_back("scenario show: needs one NAME, of a scenario or of a file");
        if (v_.made.verb == "new" && (count != 1 || v_.made.begun_from.empty()))
            v_.usage.emplace_back(
                "scenario new: needs NAME and --from, for example: scenario new mine --from smoothie-shop");
    }

    /// Of libpq's own variables those that it, and we, would show.
    void inherited()
    {
        if (const auto* url = find_flag(v_.table, "db-url");
            url == nullptr || !url->commands.has(v_.what, v_.made.verb))
            return;
        postgres::connection_parameters given;
        if (!v_.complains_of("--db-url"))
            given = postgres::resolve(v_.made.database);
        for (const auto& [variable, keyword] :
             {std::pair("PGHOST", "host"), std::pair("PGHOSTADDR", "hostaddr"), std::pair("PGPORT", "port"),
              std::pair("PGDATABASE", "dbname"), std::pair("PGUSER", "user"), std::pair("PGSERVICE", "service")})
        {
            const auto found = v_.around.environment.find(variable);
            if (found == v_.around.environment.end() || found->second.empty() || !given.find(keyword).empty())
                continue;
            const auto key = std::string_view(keyword);
            auto wrong = key.starts_with("host") ? postgres::host_problem(found->second)
                         : key != "port"         ? postgres::name_problem(found->second)
                         : is_port_list(found->second)
                             ? std::string()
                             : "must be a whole number from 1 to 65535, or several behind commas";
            if (!wrong.empty())
                v_.usage.push_back(fmt::format("{} in the environment: {}", variable, wrong));
        }
        // libpq and the server repeat the values of these where they are wrong.
        for (const auto* variable : {"PGSSLMODE",
                                     "PGREQUIRESSL",
                                     "PGTARGETSESSIONATTRS",
                                     "PGGSSENCMODE",
                                     "PGCHANNELBINDING",
                                     "PGSSLMINPROTOCOLVERSION",
                                     "PGSSLMAXPROTOCOLVERSION",
                                     "PGREQUIREPEER",
                                     "PGREQUIREAUTH",
                                     "PGKRBSRVNAME",
                                     "PGGSSLIB",
                                     "PGSSLNEGOTIATION",
                                     "PGSSLCERTMODE",
                                     "PGLOADBALANCEHOSTS",
                                     "PGCONNECT_TIMEOUT",
                                     "PGCLIENTENCODING",
                                     "PGDATESTYLE",
                                     "PGTZ",
                                     "PGGEQO",
                                     "PGOPTIONS",
                                     "PGAPPNAME"})
            if (const auto found = v_.around.environment.find(variable);
                found != v_.around.environment.end() && holds_secret(found->second))
                v_.usage.push_back(
                    fmt::format("{} in the environment: holds what looks like a connection string with a "
                                "password, which is not repeated",
                                variable));
        for (const auto* variable : {"PGSERVICEFILE"})
            if (const auto found = v_.around.environment.find(variable); found != v_.around.environment.end())
                if (const auto odd = io::odd_type(found->second); !odd.empty())
                    v_.no_input.push_back(fmt::format("{} in the environment: cannot be read: {}", variable, odd));
    }

    /// What does not fit the history of a new run.
    void history()
    {
        const auto* history = v_.effective("history");
        const auto most = v_.around.now - scenario::start_min;
        if (history != nullptr && v_.made.history && *v_.made.history > most)
            v_.mistakes(history->from)
                .push_back(fmt::format("{}: no run begins before {}, {}d ago", described(*history),
                                       to_string(scenario::start_min),
                                       std::chrono::floor<std::chrono::days>(most).count()));
        if (const auto* start = v_.effective("start-time"); start != nullptr && history != nullptr)
            v_.mistakes(history->from)
                .push_back(described(*history) +
                           ": give this or --start-time, not both: each says when the run begins");
        if (const auto* fast = v_.effective("fast-load");
            fast != nullptr && v_.made.fast_load && v_.made.history_as == history_as::changes)
            v_.mistakes(fast->from).push_back(described(*fast) + ": is of --history-as rows alone");
        if (v_.what != command::load)
            return;
        const bool ends = v_.made.ticks_max || history != nullptr || v_.made.start || !v_.made.card.empty() ||
                          v_.made.chosen->past > microseconds{};
        if (!ends && v_.usage.empty())
            v_.usage.emplace_back("load: needs --history DURATION, --start-time TIME, --max-iter N or --card FILE: "
                                  "how much is to be loaded");
        if (const auto* format = v_.effective("format"); format != nullptr && v_.made.to.empty())
            v_.mistakes(format->from).push_back(described(*format) + ": is of the files of --to DIR alone");
    }

    /// A password, or the file that has it: of two sources the one that goes before the other.
    void one_of_two(std::string_view name, std::optional<std::string>& value, std::string_view file_name,
                    std::optional<std::string>& file_value)
    {
        const auto* password = v_.effective(name);
        const auto* file = v_.effective(file_name);
        if (password == nullptr || file == nullptr)
            return;
        if (password->from == file->from)
            v_.mistakes(file->from)
                .push_back(fmt::format("{}: give this or {}, not both", described(*file), password->spelled));
        else if (password->from > file->from)
            forget(file_name, file_value);
        else
            forget(name, value);
    }

    /// A login that nothing would use is a mistake; so is one without a name.
    void sasl()
    {
        const bool by_sasl = v_.made.security_protocol.starts_with("sasl");
        for (const auto* name : {"sasl-mechanism", "sasl-username", "sasl-password", "sasl-password-file"})
            if (const auto* given = v_.effective(name); given != nullptr && !by_sasl)
                v_.mistakes(given->from)
                    .push_back(
                        fmt::format("{}: needs --security-protocol sasl_plaintext or sasl_ssl", described(*given)));
        const bool by_tls = v_.made.security_protocol.ends_with("ssl");
        for (const auto* name : {"kafka-ca-file", "kafka-cert-file", "kafka-key-file"})
            if (const auto* given = v_.effective(name); given != nullptr && !by_tls)
                v_.mistakes(given->from)
                    .push_back(fmt::format("{}: needs --security-protocol ssl or sasl_ssl", described(*given)));
    }

    /// A login that is given twice or without a name, and TLS where there is none.
    void connect()
    {
        capture::http_url at;
        static_cast<void>(capture::parse_http_url(v_.made.connect_url, "8083", at));
        const auto complain = [&](const char* name, std::string_view wrong)
        {
            if (const auto* given = v_.effective(name); given != nullptr)
                v_.mistakes(given->from).push_back(fmt::format("{}: {}", described(*given), wrong));
        };
        for (const auto* name : {"connect-user", "connect-password", "connect-password-file"})
            if (at.user)
                complain(name, "--connect-url has a user already: give one of them");
        for (const auto* name : {"connect-password", "connect-password-file"})
            if (!at.user && v_.made.connect_user.empty())
                complain(name, "needs --connect-user");
        for (const auto* name : {"connect-ca-file", "connect-cert-file", "connect-key-file"})
            if (!at.tls)
                complain(name, "needs a --connect-url that begins with https://");
        if (v_.made.connect_cert_file.empty())
            complain("connect-key-file", "needs --connect-cert-file");
        const bool here = at.host == "localhost" || at.host == "127.0.0.1" || at.host == "::1";
        if ((at.user || !v_.made.connect_user.empty()) && !at.tls && !here)
            v_.made.warnings.push_back(fmt::format(
                "user and password go to {} as they are, as its address does not begin with https://", at.shown()));
    }

    void forget(std::string_view flag_text, std::optional<std::string>& value)
    {
        value.reset();
        v_.made.given.erase(v_.made.given.find(flag_text));
        v_.values.erase(v_.values.find(flag_text));
    }

    verdict& v_;
};

}  // namespace

const assignment* verdict::effective(std::string_view flag_name) const
{
    const auto found = values.find(flag_name);
    return found == values.end() ? nullptr : &found->second;
}

bool verdict::complains_of(std::string_view flag_text) const
{
    return std::ranges::find(refused, flag_text.substr(2)) != refused.end() ||
           std::ranges::any_of(usage, [&](const std::string& line) { return line.starts_with(flag_text); });
}

void judge_together(verdict& of)
{
    rules(of).combine();
}

void advise(verdict& v)
{
    const auto by_url = [&](std::string_view name)
    {
        const auto* url = v.effective(name);
        const bool told = url != nullptr && url->from == source::command_line &&
                          shown(*url->which, url->text) != url->text;
        return told ? url : nullptr;
    };
    const auto warn = [&](const assignment& of, std::string_view instead)
    {
        v.made.warnings.push_back(fmt::format("a password on the command line ({}) can be seen by others and stays in "
                                              "the shell's history: use {}",
                                              of.spelled, instead));
    };
    const auto by_flag = [&](std::string_view name)
    {
        const auto* password = v.effective(name);
        return password != nullptr && password->from == source::command_line ? password : nullptr;
    };
    const auto* url = by_url("db-url");
    if (const auto* password = by_flag("db-password"); password != nullptr || url != nullptr)
        warn(password != nullptr ? *password : *url, "--db-password-file, a libpq password file or a service file");
    if (const auto* other = by_url("source-url"); other != nullptr)
        warn(*other, "BAZAARD_SOURCE_URL, a libpq password file or a service file");
    if (const auto* connect = by_url("connect-url"); connect != nullptr)
        warn(*connect, "--connect-user and --connect-password-file, or BAZAARD_CONNECT_URL");
    if (const auto* password = by_flag("sasl-password"); password != nullptr)
        warn(*password, "--sasl-password-file");
    if (const auto* password = by_flag("connect-password"); password != nullptr)
        warn(*password, "--connect-password-file");
    if (!v.around.is_readable_by_all)
        return;
    const auto open_to_all = [&](const std::string& what, const std::string& path)
    {
        if (v.around.is_readable_by_all(path))
            v.made.warnings.push_back(
                fmt::format("{}: everybody on this machine can read the file, which has a secret: chmod o-r", what));
    };
    bool by_file = false;
    for (const auto& [flag_text, value] : v.values)
    {
        if (flag_text.ends_with("-password-file") || flag_text.ends_with("-token-file") ||
            flag_text.ends_with("-key-file") || flag_text == "db-sslkey")
            open_to_all(described(value), value.text);
        by_file = by_file || (value.from == source::file && without_secrets(*value.which, value.text) != value.text);
    }
    if (by_file)
        open_to_all(v.config_file, v.config_file);
}

}  // namespace bazaar::app
