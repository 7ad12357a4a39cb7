#include <fmt/format.h>

#include "app/manual.hpp"

namespace bazaar::app
{

std::string default_config(std::span<const flag> table)
{
    std::string text =
        "# Configuration of bazaard: lines `name = value`, # begins a comment. Each line below names a flag with\n"
        "# its default, or with what it takes; remove the # to set it. Flags on the command line and\n"
        "# variables of the environment go before this file. `man bazaard` has the same in full.\n"
        "#\n"
        "# A password belongs into a file of its own: db-password-file.\n";
    for (const auto& part : chapters(table))
    {
        std::string lines;
        for (const auto& entry : table)
        {
            if (!part.has(entry) || entry.hidden || entry.place != flag_place::anywhere ||
                !entry.commands.has(command::run) || entry.secret == flag_secret::whole)
                continue;
            const std::string value = entry.form != flag_form::value ? (entry.initial == "true" ? "true" : "false")
                                      : entry.initial.empty()        ? entry.placeholder
                                                                     : entry.initial;
            const auto more = entry.form == flag_form::value ? facts(entry) : std::string();
            lines += fmt::format("\n# {}{}{}\n#{} = {}\n", entry.help, more.empty() ? "" : " ", more, entry.name,
                                 value);
        }
        if (!lines.empty())
            text += fmt::format("\n# ---- {}\n{}", part.title, lines);
    }
    return text;
}

}  // namespace bazaar::app
