#include "bazaar/app/flag.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>

#include <fmt/format.h>

#include "bazaar/app/flag_value.hpp"
#include "bazaar/base/words.hpp"

namespace bazaar::app
{
namespace
{

/// A name in the file system may have what looks like a login.
bool is_path(std::string_view text)
{
    return ((text.starts_with('/') && !text.starts_with("//")) || text.starts_with("./") || text.starts_with("../")) &&
           text.find("://") == text.npos;
}

}  // namespace

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

bool is_reference(std::string_view text)
{
    return text.size() > 4 && text.starts_with("${") && text.find('}') == text.size() - 1 &&
           text.find("${", 1) == text.npos && text.find(':') > 2 && text.find(':') + 2 < text.size() &&
           text.find_first_of(" \t\r\n") == text.npos;
}

std::string without_references(std::string_view text)
{
    std::string made;
    for (std::size_t i = 0; i < text.size();)
    {
        const auto end = text.substr(i).starts_with("${") ? text.find('}', i) : text.npos;
        if (end != text.npos && is_reference(text.substr(i, end + 1 - i)))
        {
            made += 'x';
            i = end + 1;
        }
        else
            made += text[i++];
    }
    return made;
}

std::string without_secrets(const flag& which, std::string_view text)
{
    const std::string hidden(postgres::mask);
    switch (which.secret)
    {
    case flag_secret::whole:
        return hidden;
    case flag_secret::url:
        if (postgres::is_clear_uri(text) || postgres::is_clear_line(text))
            return postgres::without_secrets(text);
        // References are no secrets: the same without them must have none.
        if (const auto plain = without_references(text); plain != text)
        {
            const auto before = std::string_view(plain).substr(0, plain.find('@'));
            const bool login = before.size() < plain.size() && !before.ends_with("://x:x") && !before.ends_with("://x");
            return !login && (plain == "x" || postgres::is_clear_uri(plain)) ? std::string(text) : hidden;
        }
        return hidden;
    case flag_secret::name:
        return postgres::name_problem(text).empty() ? std::string(text) : hidden;
    case flag_secret::user:
        return text.find(':') == text.npos && postgres::name_problem(text).empty() ? std::string(text) : hidden;
    case flag_secret::host:
        return postgres::host_problem(text).empty() ? std::string(text) : hidden;
    case flag_secret::reference:
        return is_reference(text) ? std::string(text) : hidden;
    case flag_secret::none:
        break;
    }
    return postgres::secrecy_of(text) == postgres::secrecy::none || is_path(text) ? std::string(text)
                                                                                  : postgres::without_secrets(text);
}

bool holds_secret(std::string_view text)
{
    static const flag plain{};
    return without_secrets(plain, text) != text;
}

std::size_t end_of_secret_name(std::string_view word, std::span<const flag> table)
{
    std::vector<std::string_view> names{"pass",   "passwd",  "password",  "passphrase",    "passcode",
                                        "pwd",    "secret",  "bearer",    "authorization", "token",
                                        "apikey", "api-key", "credential"};
    for (const auto& entry : table)
        if (entry.secret == flag_secret::whole)
            names.push_back(entry.name);
    std::string lowered(word);
    std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    // The first one, and of several there the longest.
    auto begin = word.npos, end = word.npos;
    for (const auto name : names)
        if (const auto at = lowered.find(name);
            at != lowered.npos && (at < begin || (at == begin && at + name.size() > end)))
        {
            begin = at;
            end = at + name.size();
        }
    if (end != word.npos)
        return lowered.substr(end).starts_with("-file") ? end + std::string_view("-file").size() : end;
    // A misspelled one: the beginning that is nearest to a name, if it is near.
    constexpr std::size_t near = 2, of_long = 8;
    std::size_t best = near + 1;
    for (const auto name : names)
        for (auto size = name.size() - near;
             name.size() >= of_long && size <= name.size() + near && size <= word.size(); ++size)
            if (const auto far = edit_distance(word.substr(0, size), name); far < best)
            {
                best = far;
                end = size;
            }
    return end;
}

std::string shown_unknown(std::string_view typed, std::span<const flag> table)
{
    static const flag plain{};
    const auto start = std::min(typed.find_first_not_of('-'), typed.size());
    auto known = std::min(
        typed.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", start),
        typed.size());
    // "-pPASSWORD", as other programs have it.
    if (start == 1 && typed.size() > 2)
        known = 2;
    if (const auto end = end_of_secret_name(typed.substr(start), table); end != typed.npos)
        known = std::min(known, start + end);
    return shown(plain, typed.substr(0, known)) + (known < typed.size() ? "..." : "");
}

std::string shown(const flag& which, std::string_view text)
{
    const std::string value = without_secrets(which, text);

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
