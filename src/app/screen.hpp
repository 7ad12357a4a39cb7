#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace bazaar::app
{

/// Where charts are shown.
struct screen
{
    std::size_t width = 80;  ///< From `screen_least` to `screen_most` characters.
    bool blocks = true;      ///< It shows the block characters of Unicode; otherwise only ASCII.
};

inline constexpr std::size_t screen_least = 40;
inline constexpr std::size_t screen_most = 160;

/// Whether texts in this environment are UTF-8: what LC_ALL, LC_CTYPE or LANG says, the first of them that is set.
[[nodiscard]] bool has_utf8(const std::map<std::string, std::string>& environment);

/// What stdout leads to: a terminal has its own width, anything else the usual one.
[[nodiscard]] screen screen_of_stdout(const std::map<std::string, std::string>& environment);

}  // namespace bazaar::app
