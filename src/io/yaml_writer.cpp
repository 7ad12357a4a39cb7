#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "bazaar/base/words.hpp"
#include "bazaar/io/yaml.hpp"

// Trees as scenario files.

namespace bazaar::io
{
namespace
{

using scenario::declared::entry;
using scenario::declared::node;
using scenario::declared::shape;

constexpr std::size_t line_most = 100;

/// Whether a text is read as it stands, between braces or not.
bool is_plain(std::string_view text)
{
    if (text.empty() || text.front() == ' ' || text.back() == ' ' || text.back() == ':' ||
        std::string_view("-?:,[]{}#&*!|>'\"%@`~").find(text.front()) != std::string_view::npos)
        return false;
    const auto is_odd = [](char c)
    { return (c >= 0 && c < ' ') || c == 0x7f || std::string_view(",[]{}").find(c) != std::string_view::npos; };
    return std::ranges::none_of(text, is_odd) && text.find(": ") == text.npos && text.find(" #") == text.npos;
}

std::string quoted(std::string_view text)
{
    std::string made = "\"";
    for (const char c : text)
    {
        if (c == '"' || c == '\\')
            made += fmt::format("\\{}", c);
        else if (c == '\n')
            made += "\\n";
        else if ((c >= 0 && c < ' ') || c == 0x7f)
            made += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        else
            made += c;
    }
    return made + '"';
}

std::string scalar_text(std::string_view text, bool in_quotes)
{
    const bool is_number = text.size() > 1 && text.front() == '-' &&
                           text.find_first_not_of("0123456789.", 1) == text.npos;
    return !in_quotes && (is_plain(text) || is_number) ? std::string(text) : quoted(text);
}

/// {a: b, c: [d]}, in one line.
std::string in_braces(const node& of)
{
    if (of.is == shape::scalar)
        return scalar_text(of.text, of.quoted);
    std::string made;
    for (const auto& item : of.items)
        made += fmt::format("{}{}", made.empty() ? "" : ", ", in_braces(item));
    for (const auto& one : of.entries)
        made += fmt::format("{}{}: {}", made.empty() ? "" : ", ", scalar_text(one.key, false), in_braces(one.value));
    return fmt::format("{}{}{}", of.is == shape::map ? '{' : '[', made, of.is == shape::map ? '}' : ']');
}

/// Below `depth` of these a map stands in lines of its own, however short it is: tables, a table, its columns.
constexpr std::size_t open_depth = 3;

void in_lines(std::string& to, const node& of, std::size_t depth)
{
    const std::string indent(depth * 2, ' ');
    for (const auto& item : of.items)
        to += fmt::format("{}- {}\n", indent, in_braces(item));
    for (const auto& one : of.entries)
    {
        if (depth == 1 && one.value.is == shape::map && one.value.entries.size() > 2 && &one != &of.entries.front())
            to += '\n';
        const auto key = fmt::format("{}{}:", indent, scalar_text(one.key, false));
        const auto text = in_braces(one.value);
        const bool is_open = !one.value.entries.empty() && depth < open_depth &&
                             one.value.entries.front().value.is != shape::scalar;
        const bool is_long = key.size() + 1 + text.size() > line_most && one.value.is != shape::scalar;
        const bool is_columns = one.key == "columns" && one.value.is == shape::map;
        if (!is_open && !is_long && !is_columns)
        {
            to += fmt::format("{} {}\n", key, text);
            continue;
        }
        to += key + '\n';
        in_lines(to, one.value, depth + 1);
    }
}

}  // namespace

std::string write_yaml(const node& root)
{
    std::string made;
    in_lines(made, root, 0);
    return made;
}

}  // namespace bazaar::io
