#pragma once

#include <string>
#include <string_view>

namespace bazaar
{

/// The text as it may go to a terminal: what moves the cursor, forges a line, turns the order of characters or is no UTF-8 is
/// shown as \x1b (a byte) or \u202e (a character).
///
/// That is: C0 with line feed and tab, DEL, C1, the controls of bidirectional text, separators of lines and paragraphs.
[[nodiscard]] std::string plain(std::string_view text);

/// The same of a text of several lines: line feeds stay.
[[nodiscard]] std::string plain_lines(std::string_view text);

/// The same of a JSON document that is UTF-8: its value stays, as such characters are only in strings, where \u202e means the
/// character itself. Blanks between its parts stay, too.
[[nodiscard]] std::string plain_json(std::string_view document);

}  // namespace bazaar
