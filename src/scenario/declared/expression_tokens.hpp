#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bazaar/base/exact.hpp"

namespace bazaar::scenario::declared
{

enum class token_form : std::uint8_t
{
    end,
    number,
    duration,
    text,
    name,
    symbol,
};

struct token
{
    token_form is = token_form::end;
    std::size_t at = 0;
    std::string_view source{};  ///< As it stands there.
    exact::integer number = 0;  ///< Of a number, unscaled; of a duration, in microseconds.
    std::uint8_t scale = 0;
};

/// Why a text is no expression, and where.
struct syntax_error
{
    std::size_t at;
    std::string what;
};

/// The token that begins at `at` or behind blanks there; those of `text` end at its end. Throws `syntax_error`.
[[nodiscard]] token next_token(std::string_view text, std::size_t at);

/// What a token of a text in quotes says.
[[nodiscard]] std::string unquoted(std::string_view source);

}  // namespace bazaar::scenario::declared
