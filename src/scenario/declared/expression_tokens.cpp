#include "expression_tokens.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "bazaar/base/duration.hpp"
#include "bazaar/scenario/declared/expression.hpp"

namespace bazaar::scenario::declared
{
namespace
{

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_in_name(char c)
{
    return is_letter(c) || is_digit(c);
}

/// Length of a name, "link.column" and "min-stock" among them.
std::size_t name_length(std::string_view text)
{
    std::size_t length = 1;
    for (; length < text.size(); ++length)
    {
        const bool joins = (text[length] == '-' || text[length] == '.') && length + 1 < text.size() &&
                           is_in_name(text[length + 1]);
        if (!is_in_name(text[length]) && !joins)
            break;
    }
    return length;
}

/// 'it''s': to the quote that is not doubled.
std::size_t text_length(std::string_view text, std::size_t at)
{
    for (std::size_t i = 1; i < text.size(); ++i)
    {
        if (text[i] != '\'')
            continue;
        if (i + 1 == text.size() || text[i + 1] != '\'')
            return i + 1;
        ++i;
    }
    throw syntax_error{at, "this text has no end; close it with '"};
}

token number_token(std::string_view text, std::size_t at)
{
    token made{.is = token_form::number, .at = at};
    std::size_t length = 0;
    bool point = false;
    int digits = 0;
    for (; length < text.size() && (is_digit(text[length]) || (text[length] == '.' && !point)); ++length)
    {
        if (text[length] == '.')
        {
            point = true;
            continue;
        }
        digits += made.number != 0 || text[length] != '0' ? 1 : 0;
        made.scale = static_cast<std::uint8_t>(made.scale + (point ? 1 : 0));
        if (digits > exact::digits_max || made.scale > scale_max)
            throw syntax_error{at, fmt::format("a number has at most {} digits, {} of them behind the point",
                                               exact::digits_max, scale_max)};
        made.number = made.number * 10 + (text[length] - '0');
    }
    auto unit = length;
    while (unit < text.size() && is_in_name(text[unit]))
        ++unit;
    made.source = text.substr(0, unit);
    if (unit == length)
        return made;
    // A plain number counts seconds there; one with letters must have a unit.
    const auto letters = text.substr(length, unit - length);
    constexpr std::array<std::string_view, 5> units{"ms", "s", "m", "h", "d"};
    const auto span = std::ranges::find(units, letters) == units.end() ? std::nullopt : parse_duration(made.source);
    if (!span)
        throw syntax_error{
            at, fmt::format("\"{}\" is no number or duration; e.g. 12.50, 500ms, 60s, 15m, 2h, 14d", made.source)};
    made.is = token_form::duration;
    made.number = span->count();
    return made;
}

}  // namespace

token next_token(std::string_view text, std::size_t at)
{
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t'))
        ++at;
    const auto rest = text.substr(at);
    token made{.is = token_form::end, .at = at};
    if (rest.empty())
        return made;
    const char first = rest.front();
    if (is_digit(first) || (first == '.' && rest.size() > 1 && is_digit(rest[1])))
        return number_token(rest, at);
    if (is_letter(first))
    {
        made.is = token_form::name;
        made.source = rest.substr(0, name_length(rest));
        return made;
    }
    if (first == '\'')
    {
        made.is = token_form::text;
        made.source = rest.substr(0, text_length(rest, at));
        return made;
    }
    made.is = token_form::symbol;
    for (const std::string_view symbol : {"!=", "<=", ">="})
        if (rest.starts_with(symbol))
            made.source = symbol;
    if (made.source.empty() && std::string_view("+-*/%=<>(),").find(first) != std::string_view::npos)
        made.source = rest.substr(0, 1);
    if (!made.source.empty())
        return made;
    if (first == '"')
        throw syntax_error{at, "\" begins no text in an expression; use '"};
    if (first == '&' || first == '|' || first == '!')
        throw syntax_error{at, "no word of an expression; use =, !=, and, or, not"};
    throw syntax_error{at, fmt::format("\"{}\" is no word of an expression",
                                       rest.substr(0, std::max<std::size_t>(1, rest.find_first_of(" \n\t"))))};
}

std::string unquoted(std::string_view source)
{
    std::string text;
    for (std::size_t i = 1; i + 1 < source.size(); ++i)
    {
        text += source[i];
        if (source[i] == '\'')
            ++i;
    }
    return text;
}

}  // namespace bazaar::scenario::declared
