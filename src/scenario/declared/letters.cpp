#include "letters.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace bazaar::scenario::declared
{
namespace
{

bool continues(char c) noexcept
{
    return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
}

/// U+00C0 to U+017F without what stands upon them; a blank for what is no letter.
constexpr std::array<std::string_view, 192> plain_letters{
    "A", "A", "A", "A", "A", "A", "AE", "C", "E", "E", "E", "E", "I", "I", "I", "I", "D", "N", "O", "O", "O", "O", "O",
    "", "O", "U", "U", "U", "U", "Y", "TH", "ss", "a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i",
    "i", "i", "d", "n", "o", "o", "o", "o", "o", "", "o", "u", "u", "u", "u", "y", "th", "y",
    // U+0100
    "A", "a", "A", "a", "A", "a", "C", "c", "C", "c", "C", "c", "C", "c", "D", "d", "D", "d", "E", "e", "E", "e", "E",
    "e", "E", "e", "E", "e", "G", "g", "G", "g",
    // U+0120
    "G", "g", "G", "g", "H", "h", "H", "h", "I", "i", "I", "i", "I", "i", "I", "i", "I", "i", "IJ", "ij", "J", "j", "K",
    "k", "q", "L", "l", "L", "l", "L", "l", "L",
    // U+0140
    "l", "L", "l", "N", "n", "N", "n", "N", "n", "n", "N", "n", "O", "o", "O", "o", "O", "o", "OE", "oe", "R", "r", "R",
    "r", "R", "r", "S", "s", "S", "s", "S", "s",
    // U+0160
    "S", "s", "T", "t", "T", "t", "T", "t", "U", "u", "U", "u", "U", "u", "U", "u", "U", "u", "U", "u", "W", "w", "Y",
    "y", "Y", "Z", "z", "Z", "z", "Z", "z", "s"};

/// The letter of the other case, or itself. Those of two bytes stay of two bytes.
std::uint32_t in_case(std::uint32_t code, bool upper) noexcept
{
    const auto between = [&](std::uint32_t low, std::uint32_t high) { return code >= low && code <= high; };
    // Pairs whose small letter is the one behind the great one, which is even here and odd there.
    const bool even = between(0x100, 0x12f) || between(0x132, 0x137) || between(0x14a, 0x177);
    const bool odd = between(0x139, 0x148) || between(0x179, 0x17e);
    if (even || odd)
    {
        const bool is_upper = (code % 2 == 0) == even;
        return is_upper == upper ? code : is_upper ? code + 1 : code - 1;
    }
    if (code == (upper ? 0xffU : 0x178U))
        return upper ? 0x178 : 0xff;
    if (upper)
        return between(0xe0, 0xfe) && code != 0xf7 ? code - 0x20 : code;
    return between(0xc0, 0xde) && code != 0xd7 ? code + 0x20 : code;
}

char ascii_in_case(char c, letter_change how) noexcept
{
    if (how == letter_change::lower && c >= 'A' && c <= 'Z')
        return static_cast<char>(c - 'A' + 'a');
    return how == letter_change::upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

std::size_t length(std::string_view text) noexcept
{
    return text.size() - static_cast<std::size_t>(std::ranges::count_if(text, continues));
}

std::string_view left(std::string_view text, std::size_t count) noexcept
{
    for (std::size_t i = 0; i < text.size(); ++i)
        if (!continues(text[i]) && count-- == 0)
            return text.substr(0, i);
    return text;
}

std::size_t changed(std::string_view text, letter_change how, char* into) noexcept
{
    char* end = into;
    while (!text.empty())
    {
        std::size_t size = 1;
        while (size < text.size() && continues(text[size]))
            ++size;
        const auto one = text.substr(0, size);
        text.remove_prefix(size);
        const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(one[i])); };
        const auto code = size == 1 ? byte(0) : size == 2 ? (byte(0) & 0x1fU) << 6 | (byte(1) & 0x3fU) : 0xffffU;
        if (code < 0x80)
            *end++ = ascii_in_case(one.front(), how);
        else if (code < 0xc0 || code >= 0x180)
            end = how == letter_change::ascii ? end : std::ranges::copy(one, end).out;
        else if (how == letter_change::ascii)
            end = std::ranges::copy(plain_letters[code - 0xc0], end).out;
        else
        {
            const auto other = in_case(code, how == letter_change::upper);
            *end++ = static_cast<char>(0xc0U | other >> 6);
            *end++ = static_cast<char>(0x80U | (other & 0x3fU));
        }
    }
    return static_cast<std::size_t>(end - into);
}

}  // namespace bazaar::scenario::declared
