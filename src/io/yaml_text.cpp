#include "io/yaml_text.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "bazaar/scenario/kit/csv.hpp"

namespace bazaar::io
{
namespace
{

using scenario::declared::mark;
using scenario::declared::problems;

bool continues(char c)
{
    return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
}

/// The character at a byte of a text that is UTF-8.
std::uint32_t character_at(std::string_view text, std::size_t at)
{
    const auto byte = [&](std::size_t i)
    { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i])); };
    if (byte(0) < 0x80)
        return byte(0);
    if (byte(0) < 0xe0)
        return (byte(0) & 0x1fU) << 6 | (byte(1) & 0x3fU);
    if (byte(0) < 0xf0)
        return (byte(0) & 0x0fU) << 12 | (byte(1) & 0x3fU) << 6 | (byte(2) & 0x3fU);
    return (byte(0) & 0x07U) << 18 | (byte(1) & 0x3fU) << 12 | (byte(2) & 0x3fU) << 6 | (byte(3) & 0x3fU);
}

/// What is wrong with a character; nothing for most.
std::string_view flaw(std::uint32_t code, bool ends_line)
{
    if (code == '\t' || code == '\n' || (code == '\r' && ends_line))
        return {};
    // libyaml ends a line here, and people see none.
    if (code == '\r' || code == 0x85 || code == 0x2028 || code == 0x2029)
        return "ends a line in YAML alone; end lines with LF or CRLF";
    const bool is_control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    if (is_control || code == 0xfffe || code == 0xffff)
        return "is no character of a text; leave it out";
    if (code == 0xfeff)
        return "is a byte order mark, which only begins a file; leave it out";
    return {};
}

}  // namespace

bool yaml_text::check(problems& to) const
{
    const auto wrong = scenario::kit::utf8_error(text_).value_or(text_.size());
    bool good = true;
    mark at;
    for (std::size_t i = 0; i < wrong; ++i)
    {
        if (continues(text_[i]))
            continue;
        const auto code = character_at(text_, i);
        const auto what = flaw(code, text_.substr(i).starts_with("\r\n"));
        if (!what.empty())
        {
            to.add(at, fmt::format("U+{:04X} {}", code, what));
            good = false;
        }
        at = code == '\n' ? mark{at.line + 1, 1} : mark{at.line, at.column + 1};
    }
    if (wrong == text_.size())
        return good;
    const auto byte = static_cast<unsigned>(static_cast<unsigned char>(text_[wrong]));
    to.add(at, byte == 0 ? std::string("a byte 0; the file must be text, in UTF-8")
                         : fmt::format("byte 0x{:02x} is no UTF-8; save the file as UTF-8", byte));
    return false;
}

bool yaml_text::tell_of_tabs(std::size_t line, problems& to) const
{
    bool any = false;
    mark at;
    for (std::size_t begin = 0; begin < text_.size(); ++at.line)
    {
        const auto end = std::min(text_.find('\n', begin), text_.size());
        const auto indent = text_.substr(begin, end - begin);
        const auto first = indent.find_first_not_of(' ');
        if (at.line >= line && first != indent.npos && indent[first] == '\t')
        {
            to.add({at.line, static_cast<std::uint32_t>(first + 1)}, "a tab; indent with spaces");
            any = true;
        }
        begin = end + 1;
    }
    return any;
}

std::size_t yaml_text::byte_of(std::size_t character) noexcept
{
    if (character < character_)
        character_ = byte_ = 0;
    for (; character_ < character && byte_ < text_.size(); ++character_)
    {
        ++byte_;
        while (byte_ < text_.size() && continues(text_[byte_]))
            ++byte_;
    }
    return byte_;
}

}  // namespace bazaar::io
