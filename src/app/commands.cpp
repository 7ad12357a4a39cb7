#include "bazaar/app/flag.hpp"
#include "bazaar/app/options.hpp"

// The words of the command line's commands and verbs.

namespace bazaar::app
{

std::optional<command> find_command(std::string_view word)
{
    for (const auto what : all_commands)
        if (name(what) == word)
            return what;
    return std::nullopt;
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
    case command::views:
        return "views";
    case command::describe:
        return "describe";
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
