#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bazaar
{

/// Whether the texts are equal except for the case of ASCII letters.
[[nodiscard]] bool same_letters(std::string_view a, std::string_view b) noexcept;

/// Minimum number of letters to change, insert, delete or swap with their neighbour, ignoring case.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The words of `known` nearest to `word`, nearest first (ties: those with a common beginning first, then in their
/// order), at most `count`.
[[nodiscard]] std::vector<std::string_view> nearest(std::string_view word, std::vector<std::string_view> known,
                                                    std::size_t count);

/// Whether the text is well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// The text as one line: a single space for each sequence of spaces, tabs and line ends, and none at either end.
[[nodiscard]] std::string one_line(std::string_view text);

/// Number of characters, not bytes, of a text in UTF-8.
[[nodiscard]] std::size_t characters(std::string_view text) noexcept;

/// Breaks a text into lines of at most so many characters, at its spaces; a longer word stands alone.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t columns);

/// The text as a word for a POSIX shell: in single quotes if that is necessary.
[[nodiscard]] std::string shell_word(std::string_view text);

}  // namespace bazaar
