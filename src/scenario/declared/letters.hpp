#pragma once

#include <cstddef>
#include <string_view>

namespace bazaar::scenario::declared
{

/// How many characters a text of UTF-8 has.
[[nodiscard]] std::size_t length(std::string_view text) noexcept;

/// Its first `count` characters.
[[nodiscard]] std::string_view left(std::string_view text, std::size_t count) noexcept;

/// How letters are changed: those of ASCII and the Latin ones to U+017F; all other characters stay as they are.
enum class letter_change
{
    lower,
    upper,
    ascii,  ///< Without what stands upon them, ß as ss; what is no letter of these is left out.
};

/// Writes the changed text to `into`, which has room for as many bytes as the text has, and answers with how many they are.
[[nodiscard]] std::size_t changed(std::string_view text, letter_change how, char* into) noexcept;

}  // namespace bazaar::scenario::declared
