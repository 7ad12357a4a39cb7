#include "bazaar/app/options.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "bazaar/app/flag.hpp"
#include "bazaar/app/flag_value.hpp"
#include "bazaar/app/options_sources.hpp"
#include "bazaar/capture/http_url.hpp"
#include "bazaar/io/small_file.hpp"
#include "bazaar/postgres/secret.hpp"
#include "bazaar/scenario/registry.hpp"

namespace bazaar::app
{
namespace
{

std::optional<command> find_command(std::string_view word)
{
    for (const auto what : all_commands)
        if (name(what) == word)
            return what;
    return std::nullopt;
}

std::string suggestion(std::string_view near, std::string_view dashes = "")
{
    return near.empty() ? std::string() : fmt::format("; did you mean {}{}?", dashes, near);
}

/// The configuration file is read once, as it may be a pipe.
class config_file
{
public:
    explicit config_file(const surroundings& around) : around_(around) {}

    /// As `surroundings::read`.
    const std::optional<std::string>& read(const std::string& path)
    {
        if (path_ != path)
        {
            path_ = path;
            failure_ = nullptr;
            contents_.reset();
            try
            {
                contents_ = around_.read(path);
            }
            catch (const error&)
            {
                failure_ = std::current_exception();
            }
        }
        if (failure_)
            std::rethrow_exception(failure_);
        return contents_;
    }

private:
    const surroundings& around_;
    std::optional<std::string> path_;
    std::optional<std::string> contents_;
    std::exception_ptr failure_;
};

/// What says where the configuration file is; null where nothing does.
const assignment* config_name(const std::vector<assignment>& line, const std::vector<assignment>& environment)
{
    const assignment* named = nullptr;
    for (const auto* values : {&environment, &line})
        for (const auto& value : *values)
            if (value.which->name == "config")
                named = &value;
    return named;
}

/// The name of a scenario that goes before all others; nothing where none is given.
std::optional<std::string> named_scenario(const reading& line, const surroundings& around,
                                          const std::vector<flag>& table, config_file& file)
{
    const auto in = [](const std::vector<assignment>& values) -> std::optional<std::string>
    {
        for (const auto& value : values)
            if (value.which->name == "scenario")
                return value.text;
        return std::nullopt;
    };
    if (auto name = in(line.values))
        return name;
    const auto environment = read_environment(around.environment, table).values;
    if (auto name = in(environment))
        return name;
    // Whoever asks for help gets it, whatever is in files.
    const bool asks = std::ranges::any_of(
        line.values, [](const assignment& value)
        { return value.which->name.starts_with("help") || value.which->name == "version"; });
    const auto* config = config_name(line.values, environment);
    if (asks || config == nullptr || config->text.empty())
        return std::nullopt;
    try
    {
        const auto& contents = file.read(config->text);
        return contents ? in(read_config(config->text, *contents, table).values) : std::nullopt;
    }
    catch (const error&)
    {
        return std::nullopt;  // Told by whoever reads the rest.
    }
}

/// Collects values from the sources, judges them, and keeps all mistakes until the end.
class judge
{
public:
    /// `of` is chosen; `is_sure` says whether what was named is known.
    judge(const std::vector<flag>& table, const surroundings& around, config_file& file, const scenario::entry& of,
          bool is_sure)
        : table_(table), around_(around), file_(file), is_sure_(is_sure), made_(of), elsewhere_(of)
    {
    }

    options decide(reading line)
    {
        words(line);
        made_.warnings.clear();
        add(usage_, line.mistakes);
        for (const auto& typed : line.unknown)
            unknown(typed, line.hush);

        // Whoever asks for help gets it, whatever else is wrong.
        for (const auto& value : line.values)
            if (value.which->place == flag_place::command_line && value.which->name != "print-config" &&
                value.which->name != "dry-run" && usage_.empty())
                value.which->set(made_, value.text);
        if (made_.ask != request::work)
            return std::move(made_);

        auto environment = read_environment(around_.environment, table_);
        add(usage_, environment.mistakes);
        made_.warnings = environment.warnings;

        const auto file = config(line.values, environment.values);
        add(config_, file.mistakes);

        take(file.values);
        take(environment.values);
        take(line.values);
        credentials();
        combine();
        advise();
        if (!usage_.empty() || !no_input_.empty() || !config_.empty())
            fail();
        return std::move(made_);
    }

private:
    static void add(std::vector<std::string>& to, const std::vector<std::string>& lines)
    {
        to.insert(to.end(), lines.begin(), lines.end());
    }

    std::vector<std::string>& mistakes(source from) { return from == source::file ? config_ : usage_; }

    void words(const reading& line)
    {
        const auto& words = line.words;
        // A word may be the second half of a password with a blank, or the password of a misspelled flag.
        plain_.secret = line.hush ? flag_secret::whole : flag_secret::none;
        // Or a connection string without its flag. Nobody behind this looks for one.
        bool odd = false;
        const bool files = words.size() > 2 && words[0] == name(command::verify) && words[1] == "events";
        for (std::size_t i = 0; i < words.size(); ++i)
            if (i < 2 || !files ? may_be_login(words[i]) : holds_secret(words[i]))
            {
                odd = true;
                usage_.emplace_back(
                    "a word that is not the value of a flag holds what looks like a connection string, or a "
                    "password: it is not repeated; give --db-url; the name of a file like that begins with ./");
            }
        if (odd)
            return;
        std::size_t next = 0;
        if (!words.empty())
        {
            if (const auto what = find_command(words[0]))
            {
                made_.what = *what;
                made_.named = true;
            }
            else
            {
                std::vector<std::string_view> names;
                for (const auto what_name : all_commands)
                    names.push_back(name(what_name));
                const auto near = line.hush ? std::string_view() : likely_meant(words[0], names);
                usage_.push_back(fmt::format("'{}': unknown command{} (commands: {})", shown(plain_, words[0]),
                                             suggestion(near), fmt::join(names, ", ")));
                return;
            }
            next = 1;
        }
        command_ = made_.what;
        if (command_ == command::explain && next < words.size())
            made_.id = words[next++];
        if (!verbs_of(command_).empty() && next < words.size())
            made_.verb = words[next++];
        if (command_ == command::verify && made_.verb == "events")
            for (; next < words.size(); ++next)
                made_.files.push_back(words[next]);
        if (command_ == command::ctl && made_.verb == "set")
            for (; next < words.size(); ++next)
                change(words[next], shown(plain_, words[next]));
        for (; next < words.size(); ++next)
            usage_.push_back(fmt::format("'{}': unexpected word after {}", shown(plain_, words[next]), name(command_)));
    }

    /// A word of `ctl set`.
    void change(std::string_view word, const std::string& shown_word)
    {
        const auto equals = word.find('=');
        if (equals == 0 || equals == word.npos || equals + 1 == word.size())
        {
            usage_.push_back(fmt::format("'{}': must be KEY=VALUE, for example avg-qps=50", shown_word));
            return;
        }
        while (word.starts_with('-'))
            word.remove_prefix(1);
        made_.changes.emplace_back(word.substr(0, word.find('=')), word.substr(word.find('=') + 1));
    }

    void unknown(const std::string& typed, bool hush)
    {
        std::vector<std::string_view> names;
        // Those of this command and scenario first: of two that are as near, the first wins.
        for (const bool own : {true, false})
            for (const auto& entry : table_)
                if ((entry.commands.has(command_, made_.verb) && !of_another(entry)) == own && !entry.hidden)
                {
                    names.push_back(entry.name);
                    names.insert(names.end(), entry.aliases.begin(), entry.aliases.end());
                }
        const auto bare = std::string_view(typed).substr(std::min(typed.find_first_not_of('-'), typed.size()));
        const auto near = likely_meant(bare, names);
        // "-avg-qps" is one with a dash too few, "-swordfish" may be a password.
        const auto name = near.empty() && hush && typed.find("pass") == typed.npos
                              ? std::string("***")
                              : shown_unknown((near.empty() ? "" : "-") + typed, table_).substr(near.empty() ? 0 : 1);
        usage_.push_back(fmt::format("{}: unknown flag{}", name, suggestion(near, "--")));
    }

    /// The file that flag or environment name; nothing read when they name none.
    reading config(const std::vector<assignment>& line, const std::vector<assignment>& environment)
    {
        const auto* named = config_name(line, environment);
        if (named == nullptr)
            return {};
        std::optional<std::string> contents;
        std::string why;
        try
        {
            if (!named->text.empty())
                contents = file_.read(named->text);
        }
        catch (const error& problem)
        {
            why = problem.what();
            if (problem.kind() != error_kind::no_input)
            {
                config_.push_back(described(*named) + why);
                return {};
            }
            why.erase(0, why.rfind(": "));
        }
        if (!contents)
        {
            no_input_.push_back(described(*named) + ": the file is missing or not readable" + why);
            return {};
        }
        config_file_ = named->text;
        return read_config(named->text, *contents, table_);
    }

    /// Judges the values of one source. Sources come in ascending precedence, so a later value replaces an earlier one.
    void take(const std::vector<assignment>& values)
    {
        for (std::size_t i = 0; i < values.size(); ++i)
        {
            const auto& value = values[i];
            const auto before = std::find_if(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(i),
                                             [&](const assignment& other) { return other.which == value.which; });
            if (before != values.begin() + static_cast<std::ptrdiff_t>(i))
            {
                twice(*before, value);
                continue;
            }
            const bool ours = value.which->commands.has(command_, made_.verb);
            if (!ours && value.from == source::command_line)
            {
                const auto takers = listed(value.which->commands);
                usage_.push_back(
                    value.which->commands.has(command_)
                        ? fmt::format("{}: {} {} does not do that; it is for {}", value.spelled, name(command_),
                                      made_.verb, takers)
                        : fmt::format("{}: is a flag of {}, not of {}", value.spelled, takers, name(command_)));
                continue;
            }
            const bool used = ours && !of_another(*value.which);
            if (ours && !used && value.from == source::command_line)
            {
                if (is_sure_)
                    usage_.push_back(fmt::format("{}: is a flag of the scenario {}, not of {}; --scenario chooses one",
                                                 value.spelled, scenarios_with(*value.which), made_.chosen->name));
                continue;
            }
            if (value.which->secret == flag_secret::none && holds_secret(value.text))
            {
                mistakes(value.from)
                    .push_back(
                        fmt::format("{}: holds what looks like a connection string with a password, which is not "
                                    "repeated: give --db-url, or the flag that it is meant for{}",
                                    described(value),
                                    value.which->placeholder == "FILE" || value.which->placeholder == "DIR"
                                        ? "; the name of a file like that begins with ./"
                                        : ""));
                refused_.push_back(value.which->name);
                continue;
            }
            // Environment and file serve all commands and scenarios: what belongs to another one is judged, but not used.
            auto& to = used ? made_ : elsewhere_;
            if (const auto wrong = value.which->set(to, value.text); !wrong.empty())
            {
                mistakes(value.from).push_back(fmt::format("{}: {}", described(value), wrong));
                refused_.push_back(value.which->name);
                continue;
            }
            if (used)
                note(value);
        }
    }

    /// Whether a flag is a field of another scenario than the chosen one.
    [[nodiscard]] bool of_another(const flag& one) const
    {
        return one.of != nullptr && one.of->name != made_.chosen->name;
    }

    /// Names of the scenarios that have this field.
    [[nodiscard]] std::string scenarios_with(const flag& field) const
    {
        std::vector<std::string_view> names;
        for (const auto& one : table_)
            if (one.of != nullptr && one.name == field.name)
                names.push_back(one.of->name);
        return fmt::format("{}", fmt::join(names, " and "));
    }

    void twice(const assignment& first, const assignment& second)
    {
        auto& lines = mistakes(second.from);
        const auto place = second.from == source::environment ? " in the environment" : "";
        if (first.spelled == second.spelled)
            lines.push_back(second.from == source::file
                                ? fmt::format("{}: {}: given twice, before in line {}", second.place, second.spelled,
                                              first.place.substr(first.place.rfind(':') + 1))
                                : fmt::format("{}{}: given twice", second.spelled, place));
        else
            lines.push_back(fmt::format("{}{}{}: given twice, also as {}",
                                        second.place.empty() ? "" : second.place + ": ", second.spelled, place,
                                        first.spelled));
    }

    void note(const assignment& value)
    {
        const auto flag_name = std::string(value.which->name);
        const bool on_line = value.from == source::command_line;
        const auto origin = on_line                             ? std::string("command line")
                            : value.from == source::environment ? "environment " + value.spelled
                                                                : value.place;
        const auto spelled = on_line || value.from == source::environment ? value.spelled
                             : value.from == source::credential           ? value.place
                                                                : fmt::format("{} in {}", value.spelled, value.place);
        made_.given[flag_name] = {shown_whole(value), origin, described(value), spelled};
        effective_[flag_name] = value;
        if (value.which->of != nullptr)
            made_.given_settings[flag_name] = value.text;
    }

    static std::string shown_whole(const assignment& value) { return without_secrets(*value.which, value.text); }

    [[nodiscard]] const assignment* effective(std::string_view flag_name) const
    {
        const auto found = effective_.find(flag_name);
        return found == effective_.end() ? nullptr : &found->second;
    }

    /// Secrets that nothing else tells: the files of systemd's credentials, each named as the flag of the secret.
    void credentials()
    {
        const auto directory = around_.environment.find("CREDENTIALS_DIRECTORY");
        if (directory == around_.environment.end() || directory->second.empty())
            return;
        for (const auto& entry : table_)
        {
            const bool secret = entry.name.ends_with("-password-file") || entry.name.ends_with("-token-file");
            if (!secret || !entry.commands.has(command_, made_.verb) || effective(entry.name) != nullptr)
                continue;
            const auto name = entry.name.substr(0, entry.name.rfind('-'));
            const auto* url = effective("db-url");
            const bool in_url = name == "db-password" && url != nullptr && shown(*url->which, url->text) != url->text;
            const bool of_sasl = name == "sasl-password" && !made_.security_protocol.starts_with("sasl");
            const bool of_connect = name == "connect-password" && made_.connect_user.empty();
            if (in_url || of_sasl || of_connect || effective(name) != nullptr)
                continue;
            const auto path = directory->second + '/' + std::string(name);
            if (has_content(path))
                take({{.which = &entry,
                       .from = source::credential,
                       .spelled = std::string(entry.name),
                       .text = path,
                       .place = "credential " + std::string(name)}});
        }
    }

    [[nodiscard]] bool has_content(const std::string& path) const
    {
        try
        {
            const auto contents = around_.read(path);
            return contents && !contents->empty();
        }
        catch (const error&)
        {
            return false;
        }
    }

    /// Of libpq's own variables those that it, and we, would show.
    void inherited()
    {
        if (const auto* url = flag_of("db-url"); url == nullptr || !url->commands.has(command_, made_.verb))
            return;
        postgres::connection_parameters given;
        if (!refused("--db-url"))
            given = postgres::resolve(made_.database);
        for (const auto& [variable, keyword] :
             {std::pair("PGHOST", "host"), std::pair("PGHOSTADDR", "hostaddr"), std::pair("PGPORT", "port"),
              std::pair("PGDATABASE", "dbname"), std::pair("PGUSER", "user"), std::pair("PGSERVICE", "service")})
        {
            const auto found = around_.environment.find(variable);
            if (found == around_.environment.end() || found->second.empty() || !given.find(keyword).empty())
                continue;
            const auto key = std::string_view(keyword);
            auto wrong = key.starts_with("host") ? postgres::host_problem(found->second)
                         : key != "port"         ? postgres::name_problem(found->second)
                         : is_port_list(found->second)
                             ? std::string()
                             : "must be a whole number from 1 to 65535, or several behind commas";
            if (!wrong.empty())
                usage_.push_back(fmt::format("{} in the environment: {}", variable, wrong));
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
            if (const auto found = around_.environment.find(variable);
                found != around_.environment.end() && holds_secret(found->second))
                usage_.push_back(fmt::format("{} in the environment: holds what looks like a connection string with a "
                                             "password, which is not repeated",
                                             variable));
        for (const auto* variable : {"PGSERVICEFILE"})
            if (const auto found = around_.environment.find(variable); found != around_.environment.end())
                if (const auto odd = io::odd_type(found->second); !odd.empty())
                    no_input_.push_back(fmt::format("{} in the environment: cannot be read: {}", variable, odd));
    }

    [[nodiscard]] const flag* flag_of(std::string_view flag_text) const { return find_flag(table_, flag_text); }

    /// What only several values together can violate.
    void combine()
    {
        inherited();
        if (const auto* start = effective("start-time"); start != nullptr && *made_.start > around_.now)
            mistakes(start->from)
                .push_back(
                    fmt::format("{}: must not be in the future; now is {}", described(*start), to_string(around_.now)));
        if (made_.unpaced && !made_.ticks_max && !refused("--max-iter"))
            mistakes(effective("unpaced")->from)
                .push_back(described(*effective("unpaced")) + ": needs --max-iter N with N >= 1");
        history();
        if (command_ == command::explain && made_.id.empty() && usage_.empty())
            usage_.emplace_back("explain: needs the ID to explain");
        if (const auto verbs = verbs_of(command_);
            !verbs.empty() && usage_.empty() && std::find(verbs.begin(), verbs.end(), made_.verb) == verbs.end())
            usage_.push_back(made_.verb.empty()
                                 ? fmt::format("{}: needs a word: {}", name(command_), fmt::join(verbs, ", "))
                                 : fmt::format("{}: {} is none of {}", name(command_), shown(plain_, made_.verb),
                                               fmt::join(verbs, ", ")));
        if (command_ == command::verify && made_.verb == "events" && made_.files.empty() && usage_.empty())
            usage_.emplace_back("verify events: needs the FILE... with the events; - is standard input");
        if (command_ == command::ctl && made_.verb == "set" && made_.changes.empty() && usage_.empty())
            usage_.emplace_back("ctl set: needs what to change, for example avg-qps=50");
        for (const char* of_http : {"http-host", "http-token-file"})
            if (const auto* given = effective(of_http);
                given != nullptr && !made_.http_port && !refused("--http-listen"))
                mistakes(given->from).push_back(described(*given) + ": needs --http-listen");
        if (const auto* format = effective("format"))
        {
            const std::string_view known = command_ == command::plan      ? "text, jsonl"
                                           : command_ == command::answers ? "jsonl, csv"
                                           : command_ == command::load    ? "csv, binary"
                                                                          : "json, json-schema, avro";
            if (fmt::format(", {},", known).find(fmt::format(" {},", format->text)) == std::string::npos)
                mistakes(format->from).push_back(fmt::format("{}: must be one of: {}", described(*format), known));
        }
        if (const auto* units = effective("units");
            units != nullptr && command_ == command::plan && made_.units_last - made_.units_first >= plan_units_max)
            mistakes(units->from)
                .push_back(fmt::format("{}: must be at most {} units", described(*units), plan_units_max));
        if (command_ == command::answers && made_.plan_format == plan_format::csv && made_.table.empty() &&
            !refused("--table"))
            mistakes(effective("format")->from)
                .push_back(described(*effective("format")) + ": needs --table NAME: a file for each table");

        if (const auto* source = effective("source-url"); source != nullptr && !made_.card.empty())
            mistakes(source->from)
                .push_back(described(*source) + ": give this or --card, not both: each says what the run is");

        one_of_two("db-password", made_.database.password, "db-password-file", made_.database.password_file);
        one_of_two("sasl-password", made_.sasl_password, "sasl-password-file", made_.sasl_password_file);
        one_of_two("connect-password", made_.connect_password, "connect-password-file", made_.connect_password_file);
        sasl();
        connect();
    }

    /// What does not fit the history of a new run.
    void history()
    {
        const auto* history = effective("history");
        const auto most = around_.now - scenario::start_min;
        if (history != nullptr && made_.history && *made_.history > most)
            mistakes(history->from)
                .push_back(fmt::format("{}: no run begins before {}, {}d ago", described(*history),
                                       to_string(scenario::start_min),
                                       std::chrono::floor<std::chrono::days>(most).count()));
        if (const auto* start = effective("start-time"); start != nullptr && history != nullptr)
            mistakes(history->from)
                .push_back(described(*history) +
                           ": give this or --start-time, not both: each says when the run begins");
        if (const auto* fast = effective("fast-load");
            fast != nullptr && made_.fast_load && made_.history_as == history_as::changes)
            mistakes(fast->from).push_back(described(*fast) + ": is of --history-as rows alone");
        if (command_ != command::load)
            return;
        const bool ends = made_.ticks_max || history != nullptr || made_.start || !made_.card.empty();
        if (!ends && usage_.empty())
            usage_.emplace_back("load: needs --history DURATION, --start-time TIME, --max-iter N or --card FILE: "
                                "how much is to be loaded");
        if (const auto* format = effective("format"); format != nullptr && made_.to.empty())
            mistakes(format->from).push_back(described(*format) + ": is of the files of --to DIR alone");
    }

    /// A password, or the file that has it: of two sources the one that goes before the other.
    void one_of_two(std::string_view name, std::optional<std::string>& value, std::string_view file_name,
                    std::optional<std::string>& file_value)
    {
        const auto* password = effective(name);
        const auto* file = effective(file_name);
        if (password == nullptr || file == nullptr)
            return;
        if (password->from == file->from)
            mistakes(file->from)
                .push_back(fmt::format("{}: give this or {}, not both", described(*file), password->spelled));
        else if (password->from > file->from)
            forget(file_name, file_value);
        else
            forget(name, value);
    }

    /// A login that nothing would use is a mistake; so is one without a name.
    void sasl()
    {
        const bool by_sasl = made_.security_protocol.starts_with("sasl");
        for (const auto* name : {"sasl-mechanism", "sasl-username", "sasl-password", "sasl-password-file"})
            if (const auto* given = effective(name); given != nullptr && !by_sasl)
                mistakes(given->from)
                    .push_back(
                        fmt::format("{}: needs --security-protocol sasl_plaintext or sasl_ssl", described(*given)));
        const bool by_tls = made_.security_protocol.ends_with("ssl");
        for (const auto* name : {"kafka-ca-file", "kafka-cert-file", "kafka-key-file"})
            if (const auto* given = effective(name); given != nullptr && !by_tls)
                mistakes(given->from)
                    .push_back(fmt::format("{}: needs --security-protocol ssl or sasl_ssl", described(*given)));
    }

    /// A login that is given twice or without a name, and TLS where there is none.
    void connect()
    {
        capture::http_url at;
        static_cast<void>(capture::parse_http_url(made_.connect_url, "8083", at));
        const auto complain = [&](const char* name, std::string_view wrong)
        {
            if (const auto* given = effective(name); given != nullptr)
                mistakes(given->from).push_back(fmt::format("{}: {}", described(*given), wrong));
        };
        for (const auto* name : {"connect-user", "connect-password", "connect-password-file"})
            if (at.user)
                complain(name, "--connect-url has a user already: give one of them");
        for (const auto* name : {"connect-password", "connect-password-file"})
            if (!at.user && made_.connect_user.empty())
                complain(name, "needs --connect-user");
        for (const auto* name : {"connect-ca-file", "connect-cert-file", "connect-key-file"})
            if (!at.tls)
                complain(name, "needs a --connect-url that begins with https://");
        if (made_.connect_cert_file.empty())
            complain("connect-key-file", "needs --connect-cert-file");
        const bool here = at.host == "localhost" || at.host == "127.0.0.1" || at.host == "::1";
        if ((at.user || !made_.connect_user.empty()) && !at.tls && !here)
            made_.warnings.push_back(fmt::format(
                "user and password go to {} as they are, as its address does not begin with https://", at.shown()));
    }

    /// Whether a complaint about this flag stands already.
    [[nodiscard]] bool refused(std::string_view flag_text) const
    {
        return std::find(refused_.begin(), refused_.end(), flag_text.substr(2)) != refused_.end() ||
               std::any_of(usage_.begin(), usage_.end(),
                           [&](const std::string& line) { return line.starts_with(flag_text); });
    }

    void forget(std::string_view flag_text, std::optional<std::string>& value)
    {
        value.reset();
        made_.given.erase(made_.given.find(flag_text));
        effective_.erase(effective_.find(flag_text));
    }

    void advise()
    {
        const auto by_url = [&](std::string_view name)
        {
            const auto* url = effective(name);
            const bool told = url != nullptr && url->from == source::command_line &&
                              shown(*url->which, url->text) != url->text;
            return told ? url : nullptr;
        };
        const auto warn = [&](const assignment& of, std::string_view instead)
        {
            made_.warnings.push_back(
                fmt::format("a password on the command line ({}) can be seen by others and stays in "
                            "the shell's history: use {}",
                            of.spelled, instead));
        };
        const auto by_flag = [&](std::string_view name)
        {
            const auto* password = effective(name);
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
        if (!around_.is_readable_by_all)
            return;
        const auto open_to_all = [&](const std::string& what, const std::string& path)
        {
            if (around_.is_readable_by_all(path))
                made_.warnings.push_back(fmt::format(
                    "{}: everybody on this machine can read the file, which has a secret: chmod o-r", what));
        };
        bool by_file = false;
        for (const auto& [flag_text, value] : effective_)
        {
            if (flag_text.ends_with("-password-file") || flag_text.ends_with("-token-file") ||
                flag_text.ends_with("-key-file") || flag_text == "db-sslkey")
                open_to_all(described(value), value.text);
            by_file = by_file || (value.from == source::file && shown_whole(value) != value.text);
        }
        if (by_file)
            open_to_all(config_file_, config_file_);
    }

    [[noreturn]] void fail()
    {
        const auto kind = !usage_.empty()      ? error_kind::usage
                          : !no_input_.empty() ? error_kind::no_input
                                               : error_kind::config;
        auto lines = std::move(usage_);
        add(lines, no_input_);
        add(lines, config_);
        throw error(kind, std::move(lines));
    }

    const std::vector<flag>& table_;
    flag plain_{};  ///< Of words that belong to no flag: hidden where a secret may be among them.
    const surroundings& around_;
    config_file& file_;
    const bool is_sure_;
    options made_;
    options elsewhere_;  ///< Takes the values of flags that this command, or this scenario, does not use.
    command command_ = command::run;
    std::map<std::string, assignment, std::less<>> effective_;
    std::string config_file_;                ///< Empty: none.
    std::vector<std::string_view> refused_;  ///< Flags whose values were.
    std::vector<std::string> usage_;
    std::vector<std::string> no_input_;
    std::vector<std::string> config_;
};

}  // namespace

surroundings process_surroundings()
{
    surroundings made;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals != std::string_view::npos)
            made.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    made.read = [](const std::string& path) -> std::optional<std::string>
    {
        // Far above any real file.
        static constexpr std::size_t longest = 1 << 20;
        return io::read_small_file(path, {}, {.most = longest, .text = false});
    };
    made.is_readable_by_all = io::is_readable_by_all;
    made.now = time{
        std::chrono::duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
    return made;
}

options parse(int argc, char** argv, const surroundings& around)
{
    const auto* of = scenario::find(around.scenarios, scenario::default_name);
    expect(of != nullptr, "the default scenario is one of those that can be chosen");
    const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    // The fields of all scenarios are flags, so words are told from values alike whatever is chosen.
    auto table = flag_table(around.scenarios, *of);
    wipe_secrets(argc, argv, table);
    config_file file(around);
    const auto name = named_scenario(read_command_line(words, table), around, table, file);
    const auto* named = name ? scenario::find(around.scenarios, *name) : of;
    if (named != nullptr && named != of)
    {
        of = named;
        table = flag_table(around.scenarios, *of);
    }
    return judge(table, around, file, *of, named != nullptr).decide(read_command_line(words, table));
}

std::vector<std::string_view> verbs_of(command what)
{
    std::vector<std::string_view> words;
    for (const auto& one : all_verbs)
        if (one.of == what)
            words.push_back(one.word);
    return words;
}

std::string_view name(command what) noexcept
{
    switch (what)
    {
    case command::run:
        return "run";
    case command::init:
        return "init";
    case command::plan:
        return "plan";
    case command::load:
        return "load";
    case command::answers:
        return "answers";
    case command::explain:
        return "explain";
    case command::card:
        return "card";
    case command::reset:
        return "reset";
    case command::cdc:
        return "cdc";
    case command::connector:
        return "connector";
    case command::topics:
        return "topics";
    case command::doctor:
        return "doctor";
    case command::verify:
        return "verify";
    case command::ctl:
        return "ctl";
    case command::scenario:
        return "scenario";
    }
    return "run";
}

command likely_command(int argc, const char* const* argv)
{
    for (int i = 1; i < argc; ++i)
        if (const auto what = find_command(argv[i]))
            return *what;
    return command::run;
}

}  // namespace bazaar::app
