#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bazaar
{

/// Equal but for the case of ASCII letters.
[[nodiscard]] bool same_letters(std::string_view a, std::string_view b) noexcept;

/// Least number of letters to change, insert, delete or swap with their neighbour, without regard to case.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The words of `known` nearest to `word`, nearest first (ties: a common beginning first, then by their order), at most `count`.
[[nodiscard]] std::vector<std::string_view> nearest(std::string_view word, std::vector<std::string_view> known,
                                                    std::size_t count);

/// Well-formed UTF-8 of RFC 3629: no overlong forms, no surrogates.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// The text as one line: a space for each run of spaces, tabs and line ends, and none at its ends.
[[nodiscard]] std::string one_line(std::string_view text);

}  // namespace bazaar
