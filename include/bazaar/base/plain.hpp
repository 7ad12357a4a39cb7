#pragma once

#include <string>
#include <string_view>

namespace bazaar
{

/// The text, safe for a terminal: anything that moves the cursor, forges a line, changes the order of characters or is
/// not UTF-8 is shown as \x1b (a byte) or \u202e (a character).
///
/// This includes C0 with line feed and tab, DEL, C1, bidirectional controls, line separators and paragraph separators.
[[nodiscard]] std::string plain(std::string_view text);

/// Like `plain`, for a text of several lines: line feeds stay.
[[nodiscard]] std::string plain_lines(std::string_view text);

/// Like `plain`, for a JSON document in UTF-8: its value stays, because such characters occur only in strings, where
/// \u202e means the character itself. White space between its tokens stays, too.
[[nodiscard]] std::string plain_json(std::string_view document);

}  // namespace bazaar
