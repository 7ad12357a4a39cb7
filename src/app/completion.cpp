#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/manual.hpp"
#include "bazaar/app/options.hpp"
#include "bazaar/base/error.hpp"

namespace bazaar::app
{
namespace
{

/// All ways to write a flag: "--db-host", "--host"; "--echo", "--no-echo".
std::vector<std::string> words_of(const flag& entry)
{
    std::vector<std::string> words;
    const auto add = [&](std::string_view name)
    {
        words.push_back(fmt::format("--{}", name));
        if (entry.form == flag_form::toggle)
            words.push_back(fmt::format("--no-{}", name));
    };
    add(entry.name);
    for (const auto alias : entry.aliases)
        add(alias);
    return words;
}

bool takes_file(const flag& entry)
{
    return entry.placeholder == "FILE";
}

bool takes_directory(const flag& entry)
{
    return entry.placeholder == "DIR";
}

/// Flags with their shape: those that take a value, by what it is.
std::string joined(std::span<const flag> table, std::string_view between, const std::function<bool(const flag&)>& which)
{
    std::vector<std::string> words;
    for (const auto& entry : table)
        if (!entry.hidden && which(entry))
            for (auto& word : words_of(entry))
                words.push_back(std::move(word));
    return fmt::format("{}", fmt::join(words, between));
}

/// Commands with a flag that is a field of this scenario.
std::vector<command> takers_of(std::span<const flag> table, const scenario::entry& of)
{
    std::vector<command> found;
    for (const auto what : all_commands)
        if (std::any_of(table.begin(), table.end(),
                        [&](const flag& one) { return one.of == &of && one.commands.has(what); }))
            found.push_back(what);
    return found;
}

/// "'demo run' | 'demo load'": a pattern for a shell's `case`.
std::string pattern_of(std::span<const flag> table, const scenario::entry& of)
{
    std::string text;
    for (const auto what : takers_of(table, of))
        text += fmt::format("{}'{} {}'", text.empty() ? "" : " | ", of.name, name(what));
    return text;
}

/// Flags of all scenarios. Where several have fields, these are offered for the one that is named before the word.
bool is_common(std::span<const flag> table, const flag& entry)
{
    return entry.of == nullptr || scenarios_in(table).size() == 1;
}

/// Those whose fields are offered for themselves.
std::vector<const scenario::entry*> told_apart(std::span<const flag> table)
{
    auto all = scenarios_in(table);
    if (all.size() == 1)
        all.clear();
    return all;
}

std::string bash(std::span<const flag> table)
{
    std::string text =
        "# bash completion for bazaard. Made by bazaard --help-completion bash.\n"
        "_bazaard()\n{\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=run verb= at words\n"
        "    COMPREPLY=()\n"
        "    # --flag=value arrives as three words.\n"
        "    if [[ $word == = ]]; then\n"
        "        word=\n"
        "    elif [[ $before == = ]]; then\n"
        "        before=${COMP_WORDS[COMP_CWORD - 2]}\n"
        "    fi\n"
        "    case $before in\n";
    for (const auto& entry : table)
        if (const auto values = choices(entry); !entry.hidden && !values.empty())
            text += fmt::format("        {}) mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$word\"); return ;;\n",
                                fmt::join(words_of(entry), " | "), fmt::join(values, " "));
    text += fmt::format("        {}) mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); return ;;\n",
                        joined(table, " | ", takes_file));
    text += fmt::format("        {}) mapfile -t COMPREPLY < <(compgen -d -- \"$word\"); return ;;\n",
                        joined(table, " | ", takes_directory));
    text += fmt::format("        {}) return ;;\n    esac\n", joined(table, " | ",
                                                                    [](const flag& entry) {
                                                                        return entry.form == flag_form::value &&
                                                                               choices(entry).empty() &&
                                                                               !takes_file(entry) &&
                                                                               !takes_directory(entry);
                                                                    }));
    std::string names;
    for (const auto what : all_commands)
        names += fmt::format("{}{}", names.empty() ? "" : " ", name(what));
    text += fmt::format("    for ((at = 1; at < COMP_CWORD; ++at)); do\n"
                        "        case \" {} \" in\n"
                        "            *\" ${{COMP_WORDS[at]}} \"*) command=${{COMP_WORDS[at]}}; break ;;\n"
                        "        esac\n"
                        "    done\n"
                        "    ((at + 1 < COMP_CWORD)) && verb=${{COMP_WORDS[at + 1]}}\n"
                        "    case \"$command $verb\" in\n",
                        names);
    const auto flags_of = [&](command what, std::string_view verb)
    {
        return joined(table, " ",
                      [&](const flag& entry) { return entry.commands.has(what, verb) && is_common(table, entry); });
    };
    for (const auto& one : all_verbs)
        text += fmt::format("        '{} {}') words='{}' ;;\n", name(one.of), one.word, flags_of(one.of, one.word));
    for (const auto what : all_commands)
        text += fmt::format("        '{} '*) words='{}' ;;\n", name(what), flags_of(what, {}));
    text += "    esac\n";
    if (const auto apart = told_apart(table); !apart.empty())
    {
        text += fmt::format("    local scenario={}\n"
                            "    for ((at = 1; at < COMP_CWORD; ++at)); do\n"
                            "        if [[ ${{COMP_WORDS[at]}} == --scenario ]]; then\n"
                            "            scenario=${{COMP_WORDS[at + 1]}}\n"
                            "            [[ $scenario != = ]] || scenario=${{COMP_WORDS[at + 2]}}\n"
                            "        fi\n"
                            "    done\n"
                            "    case \"$scenario $command\" in\n",
                            scenario::default_name);
        for (const auto* of : apart)
            text += fmt::format("        {}) words+=' {}' ;;\n", pattern_of(table, *of),
                                joined(table, " ", [&](const flag& entry) { return entry.of == of; }));
        text += "    esac\n";
    }
    text += "    if [[ $word != -* ]]; then\n"
            "        case ${COMP_WORDS[COMP_CWORD - 1]} in\n";
    for (const auto what : all_commands)
        if (const auto verbs = verbs_of(what); !verbs.empty())
            text += fmt::format("            {}) words='{}' ;;\n", name(what), fmt::join(verbs, " "));
    text += fmt::format("            bazaard | */bazaard) words='{}' ;;\n"
                        "        esac\n"
                        "    fi\n"
                        "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                        "}}\n"
                        "complete -o default -F _bazaard bazaard\n",
                        names);
    return text;
}

/// Inside single quotes of a shell.
std::string in_quotes(std::string_view text)
{
    std::string made = "'";
    for (const char c : text)
        made += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return made + "'";
}

/// Part of a specification of zsh's _arguments.
std::string part(std::string_view text)
{
    std::string made;
    for (const char c : text)
    {
        if (c == '[' || c == ']' || c == ':' || c == '\\')
            made += '\\';
        made += c;
    }
    return made;
}

std::string zsh(std::span<const flag> table)
{
    std::string text = "#compdef bazaard\n"
                       "# zsh completion for bazaard. Made by bazaard --help-completion zsh.\n"
                       "local -a commands flags\n"
                       "local what=run\n"
                       "commands=(\n";
    for (const auto& entry : command_texts())
        text += fmt::format("    {}\n", in_quotes(fmt::format("{}:{}", name(entry.what), entry.summary)));
    text += ")\n"
            "if (( ${#words} > 2 && ${commands[(I)${words[2]}:*]} )); then\n"
            "    what=${words[2]}\n"
            "fi\n"
            "case \"$what ${words[3]}\" in\n";
    const auto add = [&](const std::function<bool(const flag&)>& which)
    {
        for (const auto& entry : table)
        {
            if (entry.hidden || !which(entry))
                continue;
            std::string action;
            if (entry.form == flag_form::value)
            {
                const auto values = choices(entry);
                action = fmt::format(":{}:{}", part(entry.placeholder),
                                     !values.empty()          ? fmt::format("({})", fmt::join(values, " "))
                                     : takes_file(entry)      ? "_files"
                                     : takes_directory(entry) ? "_files -/"
                                                              : " ");
            }
            for (const auto& word : words_of(entry))
                text += fmt::format("            {}\n",
                                    in_quotes(fmt::format("{}{}[{}]{}", word, entry.form == flag_form::value ? "=" : "",
                                                          part(entry.help), action)));
        }
        text += "        )\n        ;;\n";
    };
    const auto flags_of = [&](const std::string& pattern, command what, std::string_view verb)
    {
        text += fmt::format("    {})\n        flags=(\n", pattern);
        add([&](const flag& entry) { return entry.commands.has(what, verb) && is_common(table, entry); });
    };
    for (const auto& one : all_verbs)
        flags_of(fmt::format("'{} {}'", name(one.of), one.word), one.of, one.word);
    for (const auto what : all_commands)
        flags_of(fmt::format("'{} '*", name(what)), what, {});
    text += "esac\n";
    if (const auto apart = told_apart(table); !apart.empty())
    {
        text += fmt::format("local scenario={} at\n"
                            "for (( at = 2; at < CURRENT; ++at )); do\n"
                            "    case ${{words[at]}} in\n"
                            "        --scenario) scenario=${{words[at + 1]}} ;;\n"
                            "        --scenario=*) scenario=${{words[at]#*=}} ;;\n"
                            "    esac\n"
                            "done\n"
                            "case \"$scenario $what\" in\n",
                            scenario::default_name);
        for (const auto* of : apart)
        {
            text += fmt::format("    {})\n        flags+=(\n", pattern_of(table, *of));
            add([&](const flag& entry) { return entry.of == of; });
        }
        text += "esac\n";
    }
    text += "if (( CURRENT == 2 )) && [[ ${words[2]} != -* ]]; then\n"
            "    _describe command commands\n"
            "    return\n"
            "fi\n"
            "if (( CURRENT == 3 )) && [[ ${words[3]} != -* ]]; then\n"
            "    case $what in\n";
    for (const auto what : all_commands)
        if (const auto verbs = verbs_of(what); !verbs.empty())
            text += fmt::format("        {}) compadd {} && return ;;\n", name(what), fmt::join(verbs, " "));
    return text + "    esac\n"
                  "fi\n"
                  "_arguments $flags '*:file:_files'\n";
}

std::string fish(std::span<const flag> table)
{
    std::string names;
    for (const auto what : all_commands)
        names += fmt::format("{}{}", names.empty() ? "" : " ", name(what));
    std::string pairs;
    for (const auto& one : all_verbs)
        pairs += fmt::format("{}{}-{}", pairs.empty() ? "" : " ", name(one.of), one.word);
    auto text = fmt::format("# fish completion for bazaard. Made by bazaard --help-completion fish.\n"
                            "function __bazaard_does\n"
                            "    set -l what run\n"
                            "    set -l verb\n"
                            "    for word in (commandline -opc)[2..-1]\n"
                            "        if set -q verb[1]\n"
                            "            set verb $what-$word\n"
                            "            break\n"
                            "        end\n"
                            "        if contains -- $word {}\n"
                            "            set what $word\n"
                            "            set verb $word\n"
                            "        end\n"
                            "    end\n"
                            "    contains -- $what $argv; or contains -- \"$verb\" $argv\n"
                            "    or begin\n"
                            "        contains -- $what-ANY $argv; and not contains -- \"$verb\" {}\n"
                            "    end\n"
                            "end\n"
                            "complete -c bazaard -f\n",
                            names, pairs);
    if (!told_apart(table).empty())
        text += fmt::format("function __bazaard_of\n"
                            "    set -l scenario {}\n"
                            "    set -l before\n"
                            "    for word in (commandline -opc)\n"
                            "        if test \"$before\" = --scenario\n"
                            "            set scenario $word\n"
                            "        else if string match -q -- '--scenario=*' $word\n"
                            "            set scenario (string replace -- --scenario= '' $word)\n"
                            "        end\n"
                            "        set before $word\n"
                            "    end\n"
                            "    test \"$scenario\" = $argv[1]\n"
                            "end\n",
                            scenario::default_name);
    for (const auto& entry : command_texts())
        text += fmt::format("complete -c bazaard -n __fish_use_subcommand -a {} -d {}\n", name(entry.what),
                            in_quotes(entry.summary));
    for (const auto what : all_commands)
        if (const auto verbs = verbs_of(what); !verbs.empty())
            text += fmt::format(
                "complete -c bazaard -n '__bazaard_does {} && not __fish_seen_subcommand_from {}' -a '{}'\n",
                name(what), fmt::join(verbs, " "), fmt::join(verbs, " "));
    for (const auto& entry : table)
    {
        if (entry.hidden)
            continue;
        std::string of;
        for (const auto what : all_commands)
            if (entry.commands.has_all(what))
                of += fmt::format(" {}", name(what));
            else if (entry.commands.has(what))
            {
                // Before there is a verb, the flags of all verbs.
                of += fmt::format(" {}-ANY", name(what));
                for (const auto& one : all_verbs)
                    if (one.of == what && entry.commands.has(one.what))
                        of += fmt::format(" {}-{}", name(what), one.word);
            }
        std::string values;
        if (const auto words = choices(entry); !words.empty())
            values = fmt::format(" -x -a '{}'", fmt::join(words, " "));
        else if (takes_file(entry))
            values = " -r -F";
        else if (takes_directory(entry))
            values = " -x -a '(__fish_complete_directories)'";
        else if (entry.form == flag_form::value)
            values = " -x";
        if (!is_common(table, entry))
            of += fmt::format("; and __bazaard_of {}", entry.of->name);
        for (const auto& word : words_of(entry))
            text += fmt::format("complete -c bazaard -n '__bazaard_does{}' -l {}{} -d {}\n", of, word.substr(2), values,
                                in_quotes(entry.help));
    }
    return text;
}

}  // namespace

std::vector<std::string_view> choices(const flag& entry)
{
    const auto is_word = [](std::string_view text)
    {
        return !text.empty() &&
               text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == text.npos;
    };
    std::string_view text = entry.range;
    std::string_view between = " or ";
    const bool listed = text.starts_with("one of ");
    if (listed)
    {
        text.remove_prefix(7);
        // What else there may be has no names.
        text = text.substr(0, text.find("; "));
        between = ", ";
    }
    std::vector<std::string_view> words;
    while (!text.empty())
    {
        const auto end = std::min(text.find(between), text.size());
        words.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + between.size(), text.size()));
    }
    // Scenarios' choices may be spelled otherwise; a sentence is none.
    if (words.size() < (listed ? 1U : 2U) || !std::all_of(words.begin(), words.end(), is_word))
        return {};
    return words;
}

std::string completion(std::string_view shell, std::span<const flag> table)
{
    if (shell == "bash")
        return bash(table);
    if (shell == "zsh")
        return zsh(table);
    expect(shell == "fish", "a shell that is known");
    return fish(table);
}

}  // namespace bazaar::app
