#pragma once

#include <ranges>
#include <string>
#include <string_view>

namespace bazaar::postgres
{

/// A name as SQL text, in double quotes.
///
/// Errors: throws `usage` if it is empty, longer than 63 bytes, not UTF-8, or contains NUL or control characters.
[[nodiscard]] std::string quote_identifier(std::string_view name);

/// Two names as SQL text, with a point between.
[[nodiscard]] std::string quote_qualified(std::string_view schema, std::string_view name);

/// A text as an SQL literal, for the few places that accept no parameter.
[[nodiscard]] std::string quote_literal(std::string_view text);

/// Texts as the text form of an array, for a parameter or a literal of type ...[].
[[nodiscard]] std::string array_text(const std::ranges::input_range auto& some)
{
    std::string list = "{";
    for (const auto& one : some)
    {
        list += list.size() == 1 ? "\"" : ",\"";
        for (const char c : std::string_view(one))
        {
            if (c == '"' || c == '\\')
                list += '\\';
            list += c;
        }
        list += '"';
    }
    return list + '}';
}

/// Refuses, with `usage`, names that cannot be the schema of the shop's tables, including pg_*, information_schema and
/// bazaard.
void check_schema_name(std::string_view name);

/// What is wrong with the name, as part of a sentence; empty if nothing is.
[[nodiscard]] std::string identifier_problem(std::string_view name);

}  // namespace bazaar::postgres
