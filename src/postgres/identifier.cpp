#include "bazaar/postgres/identifier.hpp"

#include <cstddef>
#include <cstdint>

#include "bazaar/base/error.hpp"

namespace bazaar::postgres
{
namespace
{

/// Names longer than this the server would cut, in silence.
constexpr std::size_t bytes_max = 63;

std::uint8_t byte_at(std::string_view text, std::size_t i) noexcept
{
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0;
}

/// Length of the UTF-8 sequence at `i`, 0 when there is no valid one (RFC 3629, so no surrogates and nothing
/// overlong).
std::size_t sequence(std::string_view text, std::size_t i) noexcept
{
    const auto continues = [&](std::size_t at) { return (byte_at(text, at) & 0xc0) == 0x80; };
    const std::uint8_t first = byte_at(text, i);
    const std::uint8_t second = byte_at(text, i + 1);
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return continues(i + 1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef)
    {
        const bool overlong = first == 0xe0 && second < 0xa0;
        const bool surrogate = first == 0xed && second > 0x9f;
        return !overlong && !surrogate && continues(i + 1) && continues(i + 2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4)
    {
        const bool overlong = first == 0xf0 && second < 0x90;
        const bool beyond = first == 0xf4 && second > 0x8f;
        return !overlong && !beyond && continues(i + 1) && continues(i + 2) && continues(i + 3) ? 4 : 0;
    }
    return 0;
}

bool control_character(std::string_view text, std::size_t i, std::size_t length) noexcept
{
    const std::uint8_t first = byte_at(text, i);
    if (length == 1)
        return first < 0x20 || first == 0x7f;
    return length == 2 && first == 0xc2 && byte_at(text, i + 1) < 0xa0;
}

}  // namespace

std::string identifier_problem(std::string_view name)
{
    if (name.empty())
        return "must not be empty";
    for (std::size_t i = 0; i < name.size();)
    {
        const std::size_t length = sequence(name, i);
        if (length == 0)
            return "must be valid UTF-8";
        if (control_character(name, i, length))
            return "must not hold control characters";
        i += length;
    }
    if (name.size() > bytes_max)
        return "must have at most 63 bytes, has " + std::to_string(name.size());
    return {};
}

std::string quote_identifier(std::string_view name)
{
    if (const auto problem = identifier_problem(name); !problem.empty())
        throw error(error_kind::usage, "a name in the database " + problem);
    std::string text = "\"";
    for (const char c : name)
    {
        text += c;
        if (c == '"')
            text += c;
    }
    text += '"';
    return text;
}

std::string quote_qualified(std::string_view schema, std::string_view name)
{
    return quote_identifier(schema) + '.' + quote_identifier(name);
}

std::string quote_literal(std::string_view text)
{
    // The escape form reads the same whatever standard_conforming_strings says.
    const bool escapes = text.find('\\') != text.npos;
    std::string literal = escapes ? "E'" : "'";
    for (const char c : text)
    {
        if (c == '\'' || c == '\\')
            literal += c;
        literal += c;
    }
    literal += '\'';
    return literal;
}

void check_schema_name(std::string_view name)
{
    if (const auto problem = identifier_problem(name); !problem.empty())
        throw error(error_kind::usage, "--db-schema: the name " + problem);
    if (name.starts_with("pg_") || name == "information_schema")
        throw error(error_kind::usage,
                    "--db-schema: \"" + std::string(name) + "\" is a schema of PostgreSQL itself; name another");
    if (name == "bazaard")
        throw error(error_kind::usage, "--db-schema: \"bazaard\" is the daemon's own schema; name another");
}

}  // namespace bazaar::postgres
