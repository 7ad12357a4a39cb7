#pragma once

#include <string>
#include <string_view>

namespace bazaar::postgres
{

/// A name as SQL text, in double quotes.
///
/// Errors: throws `usage` when it is empty, longer than 63 bytes, not UTF-8, or holds NUL or control
/// characters.
[[nodiscard]] std::string quote_identifier(std::string_view name);

/// Two names as SQL text, with a point between.
[[nodiscard]] std::string quote_qualified(std::string_view schema, std::string_view name);

/// A text as an SQL literal, for the few places that take no parameter.
[[nodiscard]] std::string quote_literal(std::string_view text);

/// Refuses, with `usage`, what cannot be the schema of the shop's tables: also pg_*, information_schema and
/// bazaard.
void check_schema_name(std::string_view name);

/// What is wrong with the name, as a sentence part; empty when nothing is.
[[nodiscard]] std::string identifier_problem(std::string_view name);

}  // namespace bazaar::postgres
