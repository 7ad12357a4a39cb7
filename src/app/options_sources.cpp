#include "bazaar/app/options_sources.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "bazaar/app/flag_value.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/base/words.hpp"
#include "bazaar/postgres/secret.hpp"

namespace bazaar::app
{
namespace
{

namespace po = boost::program_options;

/// Variables that scripts and tests of this project use, none of them a flag.
bool is_reserved(std::string_view variable)
{
    static constexpr std::array<std::string_view, 6> beginnings{"BAZAARD_TEST_",  "BAZAARD_PG_",    "BAZAARD_BENCH_",
                                                                "BAZAARD_CHAOS_", "BAZAARD_STACK_", "BAZAARD_CI_"};
    static constexpr std::array<std::string_view, 11> names{
        "BAZAARD_BIN",      "BAZAARD_BUILD",    "BAZAARD_CACHE",     "BAZAARD_COMMIT", "BAZAARD_DEBIAN_MIRROR",
        "BAZAARD_PROGRAM",  "BAZAARD_SANITIZE", "BAZAARD_PURE_ONLY", "BAZAARD_WERROR", "BAZAARD_DEBEZIUM_VERSION",
        "BAZAARD_SCHEDULES"};
    return std::find(names.begin(), names.end(), variable) != names.end() ||
           std::any_of(beginnings.begin(), beginnings.end(), [&](auto start) { return variable.starts_with(start); });
}

/// A long flag taken apart: "--no-echo" is the flag echo with `negated`.
struct spelling
{
    const flag* which = nullptr;
    bool negated = false;
};

spelling find_spelled(std::span<const flag> table, std::string_view name)
{
    if (const auto* which = find_flag(table, name))
        return {which, false};
    if (name.starts_with("no-"))
        if (const auto* which = find_flag(table, name.substr(3)); which != nullptr && which->form == flag_form::toggle)
            return {which, true};
    return {};
}

/// The name in "--name" or "--name=value".
std::string_view flag_name(std::string_view word)
{
    return word.substr(2, word.find('=') - 2);
}

/// Whether this word is surely a flag and so not the value of the flag before it; "-1" and "-x" are values.
bool is_flag(std::string_view word, std::span<const flag> table)
{
    if (word == "-h")
        return true;
    return word.size() > 2 && word.starts_with("--") && find_spelled(table, flag_name(word)).which != nullptr;
}

bool is_command(std::string_view word)
{
    return std::any_of(all_commands.begin(), all_commands.end(), [&](command what) { return name(what) == word; });
}

/// Whether a secret may stand anywhere on the line, as the value of a flag that is misspelled, or of a word that is no flag: then no word is
/// repeated but the values of flags that are none.
bool may_hold_secret(std::span<const std::string> words, std::span<const flag> table)
{
    for (std::size_t i = 0; i < words.size(); ++i)
    {
        const std::string_view word = words[i];
        // Who ends the flags may go on with a password that begins with a dash.
        if (word == "--")
            return true;
        const auto which = word.starts_with("--") ? find_spelled(table, flag_name(word)).which : nullptr;
        if (which == nullptr)
        {
            // "-pPASSWORD", as other programs have it; the beginning of a name; and "password:PASSWORD".
            const auto typed = word.substr(0, word.find_first_of("=: "));
            const auto bare = typed.substr(std::min(typed.find_first_not_of('-'), typed.size()));
            if ((word.starts_with("-p") && !word.starts_with("--")) || end_of_secret_name(bare, table) != bare.npos ||
                std::any_of(table.begin(), table.end(),
                            [&](const flag& one)
                            {
                                return one.secret == flag_secret::whole && bare.size() >= 3 &&
                                       bare.size() < typed.size() && one.name.starts_with(bare);
                            }))
                return true;
            continue;
        }
        if (which->secret == flag_secret::whole)
            return true;
        if (which->form == flag_form::value && word.find('=') == word.npos && i + 1 < words.size() &&
            !is_flag(words[i + 1], table))
            ++i;
    }
    return false;
}

bool is_number(std::string_view word)
{
    return word.size() > 1 && word[0] == '-' && (std::strchr("0123456789.", word[1]) != nullptr);
}

/// Boost's style parser for words that begin with a dash. It knows a toggle's "no-", never takes a flag for a value, and notes
/// a mistake and goes on where Boost's own would throw, so that all mistakes are reported at once.
class dash_style
{
public:
    dash_style(std::span<const flag> table, reading& found) : table_(table), found_(found) {}

    std::vector<po::option> operator()(std::vector<std::string>& rest)
    {
        const std::string word = rest.front();
        // Boost handles plain words, the end of flags and the one short flag.
        if (word.size() < 2 || word[0] != '-' || word == "--" || word == "-h" || is_number(word))
            return {};
        rest.erase(rest.begin());
        const auto [which, negated] = word.starts_with("--") ? find_spelled(table_, flag_name(word)) : spelling{};
        if (which == nullptr)
            return unknown(word, rest);
        return known(*which, negated, word, rest);
    }

private:
    std::vector<po::option> unknown(const std::string& word, std::vector<std::string>& rest)
    {
        const auto equals = word.find('=');
        found_.unknown.push_back(word.substr(0, equals));
        // What follows is most likely its value, not a word of its own.
        if (equals == std::string::npos && !rest.empty() && (rest.front()[0] != '-' || is_number(rest.front())) &&
            !is_command(rest.front()))
            rest.erase(rest.begin());
        return {};
    }

    std::vector<po::option> known(const flag& which, bool negated, const std::string& word,
                                  std::vector<std::string>& rest)
    {
        const auto equals = word.find('=');
        const std::string spelled = word.substr(0, equals);
        po::option made(std::string(which.name), {});
        made.original_tokens.push_back(spelled);
        if (which.form != flag_form::value)
        {
            if (equals != std::string::npos)
            {
                found_.mistakes.push_back(spelled + ": takes no value");
                return {};
            }
            // The description says that no value is allowed, so the sign goes along with the spelling.
            if (negated)
                made.original_tokens.emplace_back("false");
            return {made};
        }
        if (equals != std::string::npos)
        {
            made.value.push_back(word.substr(equals + 1));
            return {made};
        }
        if (rest.empty() || rest.front() == "--" || is_flag(rest.front(), table_))
        {
            found_.mistakes.push_back(fmt::format("{}: needs a value, {}", spelled, which.placeholder));
            return {};
        }
        made.value.push_back(rest.front());
        rest.erase(rest.begin());
        return {made};
    }

    std::span<const flag> table_;
    reading& found_;
};

po::options_description description(std::span<const flag> table)
{
    po::options_description made;
    for (const auto& entry : table)
    {
        // Fields of two scenarios may be alike.
        if (find_flag(table, entry.name) != &entry)
            continue;
        const std::string names = entry.letter == '\0' ? std::string(entry.name)
                                                       : fmt::format("{},{}", entry.name, entry.letter);
        if (entry.form == flag_form::value)
            made.add_options()(names.c_str(), po::value<std::string>());
        else
            made.add_options()(names.c_str(), "");
    }
    return made;
}

std::string_view trimmed(std::string_view text)
{
    static constexpr std::string_view blank = " \t\r";
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// Value part of a line: without comment and quotes. Returns what is wrong, or nothing.
std::string unquote(std::string_view text, std::string& value)
{
    text = trimmed(text);
    if (!text.starts_with('"'))
    {
        for (std::size_t i = 0; i < text.size(); ++i)
            if (text[i] == '#' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t'))
            {
                text = text.substr(0, i);
                break;
            }
        value = trimmed(text);
        return {};
    }
    const auto end = text.find('"', 1);
    if (end == std::string_view::npos)
        return "the closing quote is missing";
    const auto rest = trimmed(text.substr(end + 1));
    if (!rest.empty() && !rest.starts_with('#'))
        return "nothing but a comment may follow the closing quote";
    value = text.substr(1, end - 1);
    return {};
}

/// Toggles and marks are true or false outside of the command line. Returns what is wrong, or nothing.
std::string check_truth(const assignment& value)
{
    if (value.which->form == flag_form::value || value.text == "true" || value.text == "false")
        return {};
    return described(value) + ": must be true or false";
}

std::vector<std::string_view> names_for(std::span<const flag> table, flag_place place)
{
    std::vector<std::string_view> names;
    for (const auto& entry : table)
        if (entry.place <= place)
        {
            names.push_back(entry.name);
            names.insert(names.end(), entry.aliases.begin(), entry.aliases.end());
        }
    return names;
}

class config_reader
{
public:
    config_reader(const std::string& path, std::span<const flag> table) : path_(path), table_(table) {}

    void line(std::size_t number, std::string_view text)
    {
        text = trimmed(text);
        if (text.empty() || text.front() == '#')
            return;
        const auto place = fmt::format("{}:{}", path_, number);
        const auto equals = text.find('=');
        // What a line without '=' holds may be a secret: it is not repeated.
        if (equals == std::string_view::npos)
            return mistake(place, "must be `name = value`");
        const auto key = trimmed(text.substr(0, equals));
        const auto* which = find_flag(table_, key);
        if (which == nullptr)
            return unknown(place, key);
        if (which->place != flag_place::anywhere)
            return mistake(place, fmt::format("{}: cannot be set in a file", key));
        assignment made{.which = which, .from = source::file, .spelled = std::string(key), .text = {}, .place = place};
        if (const auto wrong = unquote(text.substr(equals + 1), made.text); !wrong.empty())
            return mistake(place, fmt::format("{}: {}", key, wrong));
        if (auto wrong = check_truth(made); !wrong.empty())
            found_.mistakes.push_back(std::move(wrong));
        else
            found_.values.push_back(std::move(made));
    }

    void mistake(const std::string& place, std::string_view wrong)
    {
        found_.mistakes.push_back(fmt::format("{}: {}", place, wrong));
    }

    reading take() { return std::move(found_); }

private:
    void unknown(const std::string& place, std::string_view key)
    {
        const auto near = likely_meant(key, names_for(table_, flag_place::anywhere));
        mistake(place, fmt::format("{}: unknown name{}", shown_unknown(key, table_),
                                   near.empty() ? std::string() : fmt::format("; did you mean {}?", near)));
    }

    const std::string& path_;
    std::span<const flag> table_;
    reading found_;
};

}  // namespace

std::string described(const assignment& value)
{
    auto text = value.which->form == flag_form::value || value.from != source::command_line
                    ? shown(*value.which, value.text)
                    : std::string();
    // A whole secret is not even hinted at.
    if (text == postgres::mask && value.text != postgres::mask)
        text.clear();
    else if (value.text.empty() || text.find(' ') != std::string::npos)
        text = fmt::format("'{}'", text);
    const bool bare = text.empty() || (value.which->form != flag_form::value && value.from == source::command_line);
    switch (value.from)
    {
    case source::command_line:
        return bare ? value.spelled : fmt::format("{} {}", value.spelled, text);
    case source::environment:
        return fmt::format("{}{}{} in the environment", value.spelled, bare ? "" : "=", text);
    case source::credential:
    case source::file:
        return fmt::format("{}: {}{}{}", value.place, value.spelled, bare ? "" : " ", text);
    }
    return value.spelled;
}

reading read_command_line(const std::vector<std::string>& words, std::span<const flag> table)
{
    reading found;
    found.hush = may_hold_secret(words, table);
    const auto described_flags = description(table);
    po::parsed_options parsed(&described_flags);
    try
    {
        using style = po::command_line_style::style_t;
        parsed = po::command_line_parser(words)
                     .options(described_flags)
                     .style(style::allow_long | style::long_allow_adjacent | style::allow_short |
                            style::short_allow_next | style::allow_dash_for_short)
                     .extra_style_parser(dash_style(table, found))
                     .run();
    }
    catch (const po::error& problem)
    {
        // The style above leaves Boost nothing to complain about; should it find something, it is the user's line.
        found.mistakes.emplace_back(problem.what());
        return found;
    }
    for (const auto& option : parsed.options)
    {
        if (option.string_key.empty())
        {
            found.words.insert(found.words.end(), option.value.begin(), option.value.end());
            continue;
        }
        const auto* which = find_flag(table, option.string_key);
        expect(which != nullptr, "a parsed flag is in the table");
        assignment made{.which = which,
                        .from = source::command_line,
                        .spelled = option.original_tokens.front(),
                        .text = option.value.empty() ? "true" : option.value.front(),
                        .place = {}};
        if (which->form != flag_form::value && option.original_tokens.size() > 1)
            made.text = option.original_tokens[1];
        found.values.push_back(std::move(made));
    }
    return found;
}

reading read_environment(const std::map<std::string, std::string>& environment, std::span<const flag> table)
{
    const auto names = names_for(table, flag_place::environment);
    std::map<std::string, const flag*> by_variable;
    for (const auto flag_text : names)
        by_variable.emplace(environment_name(flag_text), find_flag(table, flag_text));

    reading found;
    for (const auto& [variable, text] : environment)
    {
        if (!variable.starts_with("BAZAARD_") || is_reserved(variable) || text.empty())
            continue;
        const auto known = by_variable.find(variable);
        if (known == by_variable.end())
        {
            std::vector<std::string_view> candidates;
            for (const auto& entry : by_variable)
                candidates.push_back(entry.first);
            const auto near = likely_meant(variable, candidates);
            found.warnings.push_back(
                fmt::format("{} in the environment is not known{}", variable,
                            near.empty() ? std::string() : fmt::format("; did you mean {}?", near)));
            continue;
        }
        assignment made{
            .which = known->second, .from = source::environment, .spelled = variable, .text = text, .place = {}};
        if (auto wrong = check_truth(made); !wrong.empty())
            found.mistakes.push_back(std::move(wrong));
        else
            found.values.push_back(std::move(made));
    }
    return found;
}

reading read_config(const std::string& path, std::string_view contents, std::span<const flag> table)
{
    config_reader reader(path, table);
    static constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (contents.starts_with(byte_order_mark))
        contents.remove_prefix(byte_order_mark.size());
    if (contents.find('\0') != std::string_view::npos || !is_utf8(contents))
    {
        reader.mistake(path, "is not a text file");
        return reader.take();
    }
    for (std::size_t number = 1; !contents.empty(); ++number)
    {
        const auto end = std::min(contents.find('\n'), contents.size());
        reader.line(number, contents.substr(0, end));
        contents.remove_prefix(std::min(end + 1, contents.size()));
    }
    return reader.take();
}

bool may_be_login(std::string_view word)
{
    return holds_secret(word) || (word.find('@') != word.npos && !postgres::name_problem(word).empty());
}

void wipe_secrets(int argc, char** argv, std::span<const flag> table)
{
    const auto wipe = [](char* text)
    {
        // Not memset: a compiler may drop a store that nobody reads.
        for (volatile char* c = text; *c != '\0'; c = c + 1)
            *c = 'x';
    };
    const auto is_shown = [](const flag& which, std::string_view text)
    { return which.secret != flag_secret::whole && without_secrets(which, text) == text; };
    const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    const bool hush = may_hold_secret(words, table);
    for (int i = 1; i < argc; ++i)
    {
        const std::string_view word = words[static_cast<std::size_t>(i) - 1];
        if (word.size() < 2 || word[0] != '-' || word == "--")
        {
            // Another one than the value of a flag.
            if ((hush && !is_command(word) && word != "--") || may_be_login(word))
                wipe(argv[i]);
            continue;
        }
        const auto equals = word.find('=');
        const auto [which, negated] = word.starts_with("--") ? find_spelled(table, flag_name(word)) : spelling{};
        if (which == nullptr)
        {
            // Its value may be the password, or the end of its name.
            const auto cut = shown_unknown(word, table).find("...");
            const auto value = std::min(equals, word.size() - 1) + 1;
            if (cut < word.size() && cut != equals)
                wipe(argv[i] + cut);
            else if (hush)
                wipe(equals == word.npos ? argv[i] : argv[i] + value);
            else if (holds_secret(word.substr(value)))
                wipe(argv[i] + value);
            continue;
        }
        if (equals != word.npos)
        {
            if (!is_shown(*which, word.substr(equals + 1)))
                wipe(argv[i] + equals + 1);
            continue;
        }
        if (which->form != flag_form::value || i + 1 >= argc || std::string_view(argv[i + 1]) == "--" ||
            is_flag(argv[i + 1], table))
            continue;
        ++i;
        if (!is_shown(*which, argv[i]))
            wipe(argv[i]);
    }
}

}  // namespace bazaar::app
