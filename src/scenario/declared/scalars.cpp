#include "bazaar/scenario/declared/scalars.hpp"

#include <algorithm>
#include <limits>

#include "bazaar/base/duration.hpp"

namespace bazaar::scenario::declared
{
namespace
{

constexpr bool is_decimal_digit(char c)
{
    return c >= '0' && c <= '9';
}

std::string_view without_blanks(std::string_view text)
{
    while (text.starts_with(' '))
        text.remove_prefix(1);
    while (text.ends_with(' '))
        text.remove_suffix(1);
    return text;
}

/// Both sides of "a..b", without blanks; twice the text where it is no range.
struct sides
{
    std::string_view low;
    std::string_view high;
};

std::optional<sides> sides_of(std::string_view text)
{
    const auto dots = text.find("..");
    if (dots == text.npos)
        return sides{text, text};
    // "1...5" is no range.
    if (text.substr(dots).starts_with("..."))
        return std::nullopt;
    return sides{without_blanks(text.substr(0, dots)), without_blanks(text.substr(dots + 2))};
}

exact::integer power_of_ten(int digits)
{
    exact::integer power = 1;
    for (int i = 0; i < digits; ++i)
        power *= 10;
    return power;
}

std::optional<std::int64_t> in_64_bits(exact::integer value)
{
    if (value < std::numeric_limits<std::int64_t>::min() || value > std::numeric_limits<std::int64_t>::max())
        return std::nullopt;
    return static_cast<std::int64_t>(value);
}

}  // namespace

std::optional<exact_number> number_of(std::string_view text)
{
    constexpr int places_max = 18;
    const bool negative = text.starts_with('-');
    text.remove_prefix(negative ? 1 : 0);
    exact_number made;
    bool point = false;
    int digits = 0;
    for (const char c : text)
    {
        if (c == '.' && !point)
        {
            point = true;
            continue;
        }
        if (!is_decimal_digit(c) || ++digits > exact::digits_max || (point && made.scale == places_max))
            return std::nullopt;
        made.value = made.value * 10 + (c - '0');
        made.scale = static_cast<std::uint8_t>(made.scale + (point ? 1 : 0));
    }
    if (digits == 0)
        return std::nullopt;
    made.value = negative ? -made.value : made.value;
    return made;
}

int compare(const exact_number& a, const exact_number& b) noexcept
{
    // Whole parts first: 38 digits have no room for more places.
    const auto whole = [](const exact_number& of) { return exact::floor(of.value, of.scale); };
    const auto x = whole(a);
    const auto y = whole(b);
    if (x != y)
        return x < y ? -1 : 1;
    const int scale = std::max(a.scale, b.scale);
    const auto rest = [scale, &whole](const exact_number& of)
    { return (of.value - whole(of) * power_of_ten(of.scale)) * power_of_ten(scale - of.scale); };
    const auto s = rest(a);
    const auto t = rest(b);
    return s == t ? 0 : s < t ? -1 : 1;
}

std::optional<std::int64_t> units_of(const exact_number& what, int scale) noexcept
{
    if (scale >= what.scale)
    {
        const auto wanted = exact::rescaled(what.value, what.scale, scale);
        return wanted ? in_64_bits(*wanted) : std::nullopt;
    }
    const auto factor = power_of_ten(what.scale - scale);
    return what.value % factor == 0 ? in_64_bits(what.value / factor) : std::nullopt;
}

std::optional<std::int64_t> integer_of(std::string_view text)
{
    const auto read = number_of(text);
    return read && text.find('.') == text.npos ? in_64_bits(read->value) : std::nullopt;
}

std::optional<bool> boolean_of(std::string_view text)
{
    if (text == "true")
        return true;
    return text == "false" ? std::optional(false) : std::nullopt;
}

std::optional<microseconds> duration_of(std::string_view text)
{
    if (text == "0")
        return microseconds{0};
    // Without a unit nobody knows what it counts, and "1e3s" is no number here.
    if (text.empty() || is_decimal_digit(text.back()) || text.back() == '.' ||
        !std::ranges::all_of(text, [](char c) { return is_decimal_digit(c) || c == '.' || (c >= 'a' && c <= 'z'); }) ||
        text.find('e') != text.npos)
        return std::nullopt;
    return parse_duration(text);
}

std::optional<number_range> range_of(std::string_view text)
{
    const auto both = sides_of(text);
    const auto low = both ? number_of(both->low) : std::nullopt;
    const auto high = both ? number_of(both->high) : std::nullopt;
    if (!low || !high || compare(*low, *high) > 0)
        return std::nullopt;
    return number_range{*low, *high};
}

std::optional<range> durations_of(std::string_view text)
{
    const auto both = sides_of(text);
    const auto low = both ? duration_of(both->low) : std::nullopt;
    const auto high = both ? duration_of(both->high) : std::nullopt;
    if (!low || !high || *low > *high)
        return std::nullopt;
    return range{low->count(), high->count()};
}

std::optional<std::int64_t> date_of(std::string_view text)
{
    constexpr std::int64_t day_us = 86'400'000'000;
    const auto read = text.size() == 10 ? parse_time(text) : std::nullopt;
    if (!read)
        return std::nullopt;
    return read->us / day_us - (read->us % day_us < 0 ? 1 : 0);
}

std::optional<range> dates_of(std::string_view text)
{
    const auto both = sides_of(text);
    const auto low = both ? date_of(both->low) : std::nullopt;
    const auto high = both ? date_of(both->high) : std::nullopt;
    if (!low || !high || *low > *high)
        return std::nullopt;
    return range{*low, *high};
}

std::optional<std::uint32_t> share_of(std::string_view text)
{
    const bool percent = text.ends_with('%');
    text.remove_suffix(percent ? 1 : 0);
    const auto read = number_of(without_blanks(text));
    const auto units = read ? units_of(*read, percent ? 4 : 6) : std::nullopt;
    return units && *units >= 0 && *units <= whole_share ? std::optional(static_cast<std::uint32_t>(*units))
                                                         : std::nullopt;
}

std::optional<std::uint64_t> rate_of(std::string_view text)
{
    const auto slash = text.find('/');
    if (slash == text.npos)
        return std::nullopt;
    const auto read = number_of(without_blanks(text.substr(0, slash)));
    const auto unit = without_blanks(text.substr(slash + 1));
    const std::int64_t seconds = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3'600 : unit == "d" ? 86'400 : 0;
    const auto millionths = read && seconds > 0 ? units_of(*read, 6) : std::nullopt;
    // Such a rate has one in a microsecond at most.
    if (!millionths || *millionths < 0 || *millionths / seconds > 1'000'000'000'000)
        return std::nullopt;
    return static_cast<std::uint64_t>((*millionths + seconds / 2) / seconds);
}

std::optional<std::uint8_t> days_of(std::string_view text)
{
    constexpr std::string_view words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    const auto day = [&](std::string_view word)
    { return static_cast<std::size_t>(std::ranges::find(words, word) - std::begin(words)); };
    const auto dash = text.find('-');
    const auto first = day(without_blanks(text.substr(0, dash)));
    const auto last = dash == text.npos ? first : day(without_blanks(text.substr(dash + 1)));
    if (first == 7 || last == 7)
        return std::nullopt;
    unsigned days = 0;
    for (auto i = first;; i = (i + 1) % 7)
    {
        days |= 1U << i;
        if (i == last)
            return static_cast<std::uint8_t>(days);
    }
}

namespace
{

/// "08:30", in minutes.
std::optional<std::uint16_t> minute_of(std::string_view text)
{
    if (text.size() != 5 || text[2] != ':' || !is_decimal_digit(text[0]) || !is_decimal_digit(text[1]) ||
        !is_decimal_digit(text[3]) || !is_decimal_digit(text[4]))
        return std::nullopt;
    const int hour = (text[0] - '0') * 10 + (text[1] - '0');
    const int minute = (text[3] - '0') * 10 + (text[4] - '0');
    if (minute > 59 || hour * 60 + minute > 1'440)
        return std::nullopt;
    return static_cast<std::uint16_t>(hour * 60 + minute);
}

}  // namespace

std::optional<std::vector<opening>> openings_of(std::string_view text)
{
    std::vector<opening> all;
    for (;;)
    {
        const auto comma = text.find(',');
        const auto part = without_blanks(text.substr(0, comma));
        const auto dash = part.find('-');
        const auto begin = dash == part.npos ? std::nullopt : minute_of(without_blanks(part.substr(0, dash)));
        const auto end = dash == part.npos ? std::nullopt : minute_of(without_blanks(part.substr(dash + 1)));
        if (!begin || !end || *begin >= *end || (!all.empty() && *begin < all.back().close))
            return std::nullopt;
        all.push_back({*begin, *end});
        if (comma == text.npos)
            return all;
        text.remove_prefix(comma + 1);
    }
}

bool is_name(std::string_view text) noexcept
{
    const auto is_small = [](char c) { return c >= 'a' && c <= 'z'; };
    return !text.empty() && text.size() <= 63 && is_small(text.front()) &&
           std::ranges::all_of(text,
                               [&](char c) { return is_small(c) || is_decimal_digit(c) || c == '_' || c == '-'; });
}

bool is_identifier(std::string_view text) noexcept
{
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    return !text.empty() && text.size() <= 63 && is_letter(text.front()) &&
           std::ranges::all_of(text, [&](char c) { return is_letter(c) || is_decimal_digit(c); });
}

std::optional<gen::sequence> sequence_of(std::string_view text)
{
    const auto open = text.find('{');
    const auto close = text.find('}');
    if (open == text.npos || close == text.npos || close < open || text.find('{', open + 1) != text.npos ||
        text.find('}', close + 1) != text.npos)
        return std::nullopt;
    gen::sequence made;
    made.prefix = text.substr(0, open);
    made.suffix = text.substr(close + 1);
    const auto inside = text.substr(open + 1, close - open - 1);
    if (inside == "n")
        return made;
    // {n:04}
    if (inside.size() < 4 || inside.size() > 5 || !inside.starts_with("n:0"))
        return std::nullopt;
    const auto width = integer_of(inside.substr(3));
    if (!width || *width < 1 || *width > 18)
        return std::nullopt;
    made.digits = static_cast<std::uint8_t>(*width);
    return made;
}

namespace
{

/// The parts of a pattern, one after another. Each function answers with nothing where its part is wrong.
struct pattern_reader
{
    std::string_view rest;

    std::optional<char> plain()
    {
        const bool escaped = rest.front() == '\\';
        rest.remove_prefix(escaped ? 1 : 0);
        if (rest.empty() || rest.front() < ' ' || rest.front() > '~')
            return std::nullopt;
        const char c = rest.front();
        rest.remove_prefix(1);
        return c;
    }

    /// What stands between [ and ].
    std::optional<std::string> characters()
    {
        rest.remove_prefix(1);
        std::string all;
        while (!rest.empty() && rest.front() != ']')
        {
            const auto first = plain();
            auto last = first;
            if (rest.size() > 1 && rest.front() == '-' && rest[1] != ']')
            {
                rest.remove_prefix(1);
                last = plain();
            }
            if (!first || !last || *last < *first)
                return std::nullopt;
            for (char c = *first; c <= *last; ++c)
            {
                if (all.find(c) != all.npos)
                    return std::nullopt;
                all += c;
            }
        }
        if (rest.empty() || all.empty())
            return std::nullopt;
        rest.remove_prefix(1);
        return all;
    }

    /// {n} or {n,m}; once where there is none.
    std::optional<range> count()
    {
        if (!rest.starts_with('{'))
            return range{1, 1};
        const auto close = rest.find('}');
        if (close == rest.npos)
            return std::nullopt;
        const auto inside = rest.substr(1, close - 1);
        const auto comma = inside.find(',');
        const auto least = integer_of(inside.substr(0, comma));
        const auto most = comma == inside.npos ? least : integer_of(inside.substr(comma + 1));
        if (!least || !most || *least < 0 || *most < 1 || *least > *most || *most > 255)
            return std::nullopt;
        rest.remove_prefix(close + 1);
        return range{*least, *most};
    }
};

}  // namespace

std::optional<gen::pattern> pattern_of(std::string_view text)
{
    constexpr std::string_view meant = "]{}()|*+?.^$";
    gen::pattern all;
    std::int64_t length = 0;
    for (pattern_reader from{text}; !from.rest.empty();)
    {
        std::optional<std::string> letters;
        if (from.rest.front() == '[')
            letters = from.characters();
        else if (meant.find(from.rest.front()) == meant.npos)
        {
            const auto c = from.plain();
            letters = c ? std::optional(std::string(1, *c)) : std::nullopt;
        }
        const auto count = letters ? from.count() : std::nullopt;
        if (!count || (length += count->high) > 255)
            return std::nullopt;
        all.pieces.push_back(
            {*std::move(letters), static_cast<std::uint8_t>(count->low), static_cast<std::uint8_t>(count->high)});
    }
    return all.pieces.empty() ? std::nullopt : std::optional(std::move(all));
}

}  // namespace bazaar::scenario::declared
