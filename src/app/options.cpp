#include "bazaar/app/options.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "app/file_scenario.hpp"
#include "app/options_rules.hpp"
#include "bazaar/app/flag.hpp"
#include "bazaar/app/flag_value.hpp"
#include "bazaar/app/options_sources.hpp"
#include "bazaar/capture/http_url.hpp"
#include "bazaar/io/small_file.hpp"
#include "bazaar/postgres/secret.hpp"
#include "bazaar/run/clock.hpp"
#include "bazaar/scenario/registry.hpp"

namespace bazaar::app
{
namespace
{

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
        : v_{.table = table, .around = around, .made = options(of)}, file_(file), is_sure_(is_sure), elsewhere_(of)
    {
    }

    options decide(reading line)
    {
        words(line);
        v_.made.warnings.clear();
        add(v_.usage, line.mistakes);
        for (const auto& typed : line.unknown)
            unknown(typed, line.hush);

        // Whoever asks for help gets it, whatever else is wrong.
        for (const auto& value : line.values)
            if (value.which->place == flag_place::command_line && value.which->name != "print-config" &&
                value.which->name != "dry-run" && v_.usage.empty())
                value.which->set(v_.made, value.text);
        if (v_.made.ask != request::work)
            return std::move(v_.made);

        auto environment = read_environment(v_.around.environment, v_.table);
        add(v_.usage, environment.mistakes);
        v_.made.warnings = environment.warnings;

        const auto file = config(line.values, environment.values);
        add(v_.config, file.mistakes);

        take(file.values);
        take(environment.values);
        take(line.values);
        credentials();
        judge_together(v_);
        advise(v_);
        if (!v_.usage.empty() || !v_.no_input.empty() || !v_.config.empty())
            fail();
        return std::move(v_.made);
    }

private:
    static void add(std::vector<std::string>& to, const std::vector<std::string>& lines)
    {
        to.insert(to.end(), lines.begin(), lines.end());
    }

    void words(const reading& line)
    {
        const auto& words = line.words;
        // A word may be the second half of a password with a blank, or the password of a misspelled flag.
        v_.plain.secret = line.hush ? flag_secret::whole : flag_secret::none;
        // Or a connection string without its flag. Nobody behind this looks for one.
        bool odd = false;
        const bool files = words.size() > 2 && words[0] == name(command::verify) && words[1] == "events";
        for (std::size_t i = 0; i < words.size(); ++i)
            if (i < 2 || !files ? may_be_login(words[i]) : holds_secret(words[i]))
            {
                odd = true;
                v_.usage.emplace_back(
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
                v_.made.what = *what;
                v_.made.named = true;
            }
            else
            {
                std::vector<std::string_view> names;
                for (const auto what_name : all_commands)
                    names.push_back(name(what_name));
                const auto near = line.hush ? std::string_view() : likely_meant(words[0], names);
                v_.usage.push_back(fmt::format("'{}': unknown command{} (commands: {})", shown(v_.plain, words[0]),
                                               suggestion(near), fmt::join(names, ", ")));
                return;
            }
            next = 1;
        }
        v_.what = v_.made.what;
        if (v_.what == command::explain && next < words.size())
            v_.made.id = words[next++];
        if (!verbs_of(v_.what).empty() && next < words.size())
            v_.made.verb = words[next++];
        const bool of_files = (v_.what == command::verify && v_.made.verb == "events") ||
                              (v_.what == command::scenario && v_.made.verb != "list");
        if (of_files)
            for (; next < words.size(); ++next)
                v_.made.files.push_back(words[next]);
        if (v_.what == command::ctl && v_.made.verb == "set")
            for (; next < words.size(); ++next)
                change(words[next], shown(v_.plain, words[next]));
        for (; next < words.size(); ++next)
            v_.usage.push_back(
                fmt::format("'{}': unexpected word after {}", shown(v_.plain, words[next]), name(v_.what)));
    }

    /// A word of `ctl set`.
    void change(std::string_view word, const std::string& shown_word)
    {
        const auto equals = word.find('=');
        if (equals == 0 || equals == word.npos || equals + 1 == word.size())
        {
            v_.usage.push_back(fmt::format("'{}': must be KEY=VALUE, for example avg-qps=50", shown_word));
            return;
        }
        while (word.starts_with('-'))
            word.remove_prefix(1);
        v_.made.changes.emplace_back(word.substr(0, word.find('=')), word.substr(word.find('=') + 1));
    }

    void unknown(const std::string& typed, bool hush)
    {
        std::vector<std::string_view> names;
        // Those of this command and scenario first: of two that are as near, the first wins.
        for (const bool own : {true, false})
            for (const auto& entry : v_.table)
                if ((entry.commands.has(v_.what, v_.made.verb) && !of_another(entry)) == own && !entry.hidden)
                {
                    names.push_back(entry.name);
                    names.insert(names.end(), entry.aliases.begin(), entry.aliases.end());
                }
        const auto bare = std::string_view(typed).substr(std::min(typed.find_first_not_of('-'), typed.size()));
        const auto near = likely_meant(bare, names);
        // "-avg-qps" is one with a dash too few, "-swordfish" may be a password.
        const auto name = near.empty() && hush && typed.find("pass") == typed.npos
                              ? std::string("***")
                              : shown_unknown((near.empty() ? "" : "-") + typed, v_.table).substr(near.empty() ? 0 : 1);
        v_.usage.push_back(fmt::format("{}: unknown flag{}", name, suggestion(near, "--")));
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
                v_.config.push_back(described(*named) + why);
                return {};
            }
            why.erase(0, why.rfind(": "));
        }
        if (!contents)
        {
            v_.no_input.push_back(described(*named) + ": the file is missing or not readable" + why);
            return {};
        }
        v_.config_file = named->text;
        return read_config(named->text, *contents, v_.table);
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
            const bool ours = value.which->commands.has(v_.what, v_.made.verb);
            if (!ours && value.from == source::command_line)
            {
                const auto takers = listed(value.which->commands);
                v_.usage.push_back(
                    value.which->commands.has(v_.what)
                        ? fmt::format("{}: {} {} does not do that; it is for {}", value.spelled, name(v_.what),
                                      v_.made.verb, takers)
                        : fmt::format("{}: is a flag of {}, not of {}", value.spelled, takers, name(v_.what)));
                continue;
            }
            const bool used = ours && !of_another(*value.which);
            if (ours && !used && value.from == source::command_line)
            {
                if (is_sure_)
                    v_.usage.push_back(
                        fmt::format("{}: is a flag of the scenario {}, not of {}; --scenario chooses one",
                                    value.spelled, scenarios_with(*value.which), v_.made.chosen->name));
                continue;
            }
            if (value.which->secret == flag_secret::none && holds_secret(value.text))
            {
                v_.mistakes(value.from)
                    .push_back(
                        fmt::format("{}: holds what looks like a connection string with a password, which is not "
                                    "repeated: give --db-url, or the flag that it is meant for{}",
                                    described(value),
                                    value.which->placeholder == "FILE" || value.which->placeholder == "DIR"
                                        ? "; the name of a file like that begins with ./"
                                        : ""));
                v_.refused.push_back(value.which->name);
                continue;
            }
            // Environment and file serve all commands and scenarios: what belongs to another one is judged, but not used.
            auto& to = used ? v_.made : elsewhere_;
            if (const auto wrong = value.which->set(to, value.text); !wrong.empty())
            {
                v_.mistakes(value.from).push_back(fmt::format("{}: {}", described(value), wrong));
                v_.refused.push_back(value.which->name);
                continue;
            }
            if (used)
                note(value);
        }
    }

    /// Whether a flag is a field of another scenario than the chosen one.
    [[nodiscard]] bool of_another(const flag& one) const
    {
        return one.of != nullptr && one.of->name != v_.made.chosen->name;
    }

    /// Names of the scenarios that have this field.
    [[nodiscard]] std::string scenarios_with(const flag& field) const
    {
        std::vector<std::string_view> names;
        for (const auto& one : v_.table)
            if (one.of != nullptr && one.name == field.name)
                names.push_back(one.of->name);
        return fmt::format("{}", fmt::join(names, " and "));
    }

    void twice(const assignment& first, const assignment& second)
    {
        auto& lines = v_.mistakes(second.from);
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
        v_.made.given[flag_name] = {without_secrets(*value.which, value.text), origin, described(value), spelled};
        v_.values[flag_name] = value;
        if (value.which->of != nullptr)
            v_.made.given_settings[flag_name] = value.text;
    }

    /// Secrets that nothing else tells: the files of systemd's credentials, each named as the flag of the secret.
    void credentials()
    {
        const auto directory = v_.around.environment.find("CREDENTIALS_DIRECTORY");
        if (directory == v_.around.environment.end() || directory->second.empty())
            return;
        for (const auto& entry : v_.table)
        {
            const bool secret = entry.name.ends_with("-password-file") || entry.name.ends_with("-token-file");
            if (!secret || !entry.commands.has(v_.what, v_.made.verb) || v_.effective(entry.name) != nullptr)
                continue;
            const auto name = entry.name.substr(0, entry.name.rfind('-'));
            const auto* url = v_.effective("db-url");
            const bool in_url = name == "db-password" && url != nullptr && shown(*url->which, url->text) != url->text;
            const bool of_sasl = name == "sasl-password" && !v_.made.security_protocol.starts_with("sasl");
            const bool of_connect = name == "connect-password" && v_.made.connect_user.empty();
            if (in_url || of_sasl || of_connect || v_.effective(name) != nullptr)
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
            const auto contents = v_.around.read(path);
            return contents && !contents->empty();
        }
        catch (const error&)
        {
            return false;
        }
    }

    [[noreturn]] void fail()
    {
        const auto kind = !v_.usage.empty()      ? error_kind::usage
                          : !v_.no_input.empty() ? error_kind::no_input
                                                 : error_kind::config;
        auto lines = std::move(v_.usage);
        add(lines, v_.no_input);
        add(lines, v_.config);
        throw error(kind, std::move(lines));
    }

    verdict v_;
    config_file& file_;
    const bool is_sure_;
    options elsewhere_;  ///< Takes the values of flags that this command, or this scenario, does not use.
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
    made.now = run::machine_time();
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
    if (named == nullptr && name)
        named = file_scenario(*name, around.scenarios);
    if (named != nullptr && named != of)
    {
        of = named;
        table = flag_table(around.scenarios, *of);
    }
    auto made = judge(table, around, file, *of, named != nullptr).decide(read_command_line(words, table));
    if (!of->schema.empty() && !made.is_given("db-schema"))
        made.schema = of->schema;
    if (scenario::find(around.scenarios, of->name) == nullptr)
        made.chosen = &file_scenario(*of, made.configuration);
    return made;
}

}  // namespace bazaar::app
