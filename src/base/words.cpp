#include "bazaar/base/words.hpp"

#include <algorithm>
#include <utility>

namespace bazaar
{
namespace
{

char lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::size_t common_beginning(std::string_view a, std::string_view b) noexcept
{
    std::size_t i = 0;
    while (i < a.size() && i < b.size() && lower(a[i]) == lower(b[i]))
        ++i;
    return i;
}

}  // namespace

bool same_letters(std::string_view a, std::string_view b) noexcept
{
    return a.size() == b.size() && common_beginning(a, b) == a.size();
}

std::size_t edit_distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> older(b.size() + 1), old(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        old[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i)
    {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j)
        {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            row[j] = std::min({old[j] + 1, row[j - 1] + 1, old[j - 1] + (same ? 0 : 1)});
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
                row[j] = std::min(row[j], older[j - 2] + 1);
        }
        older.swap(old);
        old.swap(row);
    }
    return old[b.size()];
}

std::vector<std::string_view> nearest(std::string_view word, std::vector<std::string_view> known, std::size_t count)
{
    struct scored
    {
        std::size_t distance;
        std::size_t beginning;
        std::string_view text;
    };
    std::vector<scored> all;
    all.reserve(known.size());
    for (const auto text : known)
        all.push_back({edit_distance(word, text), common_beginning(word, text), text});
    std::stable_sort(all.begin(), all.end(),
                     [](const scored& a, const scored& b)
                     { return a.distance != b.distance ? a.distance < b.distance : a.beginning > b.beginning; });
    known.clear();
    for (std::size_t i = 0; i < all.size() && i < count; ++i)
        known.push_back(all[i].text);
    return known;
}

bool is_utf8(std::string_view text) noexcept
{
    for (std::size_t i = 0; i < text.size();)
    {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t length = lead < 0x80   ? 1
                                   : lead < 0xc2 ? 0
                                   : lead < 0xe0 ? 2
                                   : lead < 0xf0 ? 3
                                   : lead < 0xf5 ? 4
                                                 : 0;
        if (length == 0 || i + length > text.size())
            return false;
        for (std::size_t k = 1; k < length; ++k)
            if ((static_cast<unsigned char>(text[i + k]) & 0xc0U) != 0x80)
                return false;
        const auto second = length > 1 ? static_cast<unsigned char>(text[i + 1]) : 0U;
        if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
            (lead == 0xf4 && second > 0x8f))
            return false;
        i += length;
    }
    return true;
}

std::string one_line(std::string_view text)
{
    std::string line;
    for (const char c : text)
    {
        const bool space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
        if (!space)
            line += c;
        else if (!line.empty() && line.back() != ' ')
            line += ' ';
    }
    while (!line.empty() && line.back() == ' ')
        line.pop_back();
    return line;
}

std::size_t characters(std::string_view text) noexcept
{
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

std::vector<std::string> wrapped(std::string_view text, std::size_t columns)
{
    std::vector<std::string> lines(1);
    while (!text.empty())
    {
        const auto end = std::min(text.find(' '), text.size());
        const auto word = text.substr(0, end);
        if (!lines.back().empty() && characters(lines.back()) + 1 + characters(word) > columns)
            lines.emplace_back();
        if (!lines.back().empty())
            lines.back() += ' ';
        lines.back() += word;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

std::string shell_word(std::string_view text)
{
    if (!text.empty() &&
        text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-") == text.npos)
        return std::string(text);
    std::string made = "'";
    for (const char c : text)
        made += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return made + "'";
}

}  // namespace bazaar
