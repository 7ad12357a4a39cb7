#include "bazaar/app/flag.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>

#include <fmt/format.h>

#include "bazaar/app/flag_value.hpp"
#include "bazaar/base/words.hpp"

namespace bazaar::app
{
const flag* find_flag(std::span<const flag> table, std::string_view name)
{
    for (const auto& entry : table)
        if (entry.name == name || std::find(entry.aliases.begin(), entry.aliases.end(), name) != entry.aliases.end())
            return &entry;
    return nullptr;
}

std::string environment_name(std::string_view flag_name)
{
    std::string text = "BAZAARD_";
    for (const char c : flag_name)
        text += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

std::string shown(const flag& which, std::string_view text)
{
    if (which.secret == flag_secret::whole)
        return "***";
    // A URI in the wrong place may hold a password too.
    const bool url = which.secret == flag_secret::url || text.find("://") != std::string_view::npos;
    const std::string value = url ? masked_url(text) : std::string(text);

    static constexpr std::size_t longest = 120;
    std::string safe;
    for (const char c : value)
    {
        if (safe.size() >= longest)
        {
            // Not in the middle of a character.
            if ((static_cast<unsigned char>(c) & 0xc0U) == 0x80)
            {
                safe += c;
                continue;
            }
            safe += "...";
            break;
        }
        if ((c >= 0 && c < ' ') || c == 0x7f)
            safe += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
        else
            safe += c;
    }
    return safe;
}

std::string_view likely_meant(std::string_view typed, std::span<const std::string_view> candidates)
{
    // The start of a name is as good as one mistake.
    if (typed.size() >= 3)
        for (const auto candidate : candidates)
            if (candidate.starts_with(typed))
                return candidate;

    const auto near = nearest(typed, {candidates.begin(), candidates.end()}, 1);
    if (near.empty())
        return {};
    // Of few letters, everything is near everything.
    const auto far = edit_distance(typed, near.front());
    const bool likely = far <= std::max<std::size_t>(2, typed.size() / 4) && far + 1 < near.front().size();
    return likely ? near.front() : std::string_view();
}

std::string listed(command_set commands)
{
    std::vector<std::string> names;
    for (const auto what : all_commands)
        if (commands.has_all(what))
            names.emplace_back(name(what));
        else
            for (const auto& one : all_verbs)
                if (one.of == what && commands.has(one.what))
                    names.push_back(fmt::format("{} {}", name(what), one.word));
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i)
    {
        if (i > 0)
            text += i + 1 == names.size() ? " and " : ", ";
        text += names[i];
    }
    return text;
}

}  // namespace bazaar::app
