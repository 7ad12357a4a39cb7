#include "bazaar/base/plain.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include <fmt/format.h>

namespace bazaar
{
namespace
{

/// A character at the beginning of a text, and its bytes; none where the text is no UTF-8.
struct character
{
    std::uint32_t code = 0;
    std::size_t size = 0;
};

character first(std::string_view text)
{
    const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
    const auto lead = byte(0);
    if (lead < 0x80)
        return {lead, 1};
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < size)
        return {};
    std::uint32_t code = lead & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i)
    {
        if ((byte(i) & 0xc0U) != 0x80)
            return {};
        code = code << 6 | (byte(i) & 0x3fU);
    }
    // Longer than need be; half of a pair; beyond the last one.
    const std::uint32_t least = size == 4 ? 0x10000 : size == 3 ? 0x800 : 0x80;
    if (code < least || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff)
        return {};
    return {code, size};
}

bool is_control(std::uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x061c || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

enum class form
{
    line,
    lines,
    json,
};

std::string escaped(std::string_view text, form what)
{
    std::string safe;
    safe.reserve(text.size());
    const auto end = std::back_inserter(safe);
    while (!text.empty())
    {
        const auto clear = std::ranges::find_if_not(text, [](char c) { return c >= ' ' && c < 0x7f; }) - text.begin();
        safe += text.substr(0, static_cast<std::size_t>(clear));
        text.remove_prefix(static_cast<std::size_t>(clear));
        if (text.empty())
            break;
        const auto one = first(text);
        if (one.size == 0)
        {
            fmt::format_to(end, "\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(text.front())));
            text.remove_prefix(1);
            continue;
        }
        // C0 in JSON is white space between parts: in strings it is escaped already.
        const bool kept = !is_control(one.code) || (what == form::lines && one.code == '\n') ||
                          (what == form::json && one.code < 0x20);
        if (kept)
            safe += text.substr(0, one.size);
        else if (one.code < 0x80 && what != form::json)
            fmt::format_to(end, "\\x{:02x}", one.code);
        else
            fmt::format_to(end, "\\u{:04x}", one.code);
        text.remove_prefix(one.size);
    }
    return safe;
}

}  // namespace

std::string plain(std::string_view text)
{
    return escaped(text, form::line);
}

std::string plain_lines(std::string_view text)
{
    return escaped(text, form::lines);
}

std::string plain_json(std::string_view document)
{
    return escaped(document, form::json);
}

}  // namespace bazaar
