#include "bazaar/base/decimal.hpp"

namespace bazaar
{

std::optional<std::int64_t> parse_decimal(std::string_view text, int scale)
{
    bool negative = false;
    if (!text.empty() && (text.front() == '-' || text.front() == '+'))
    {
        negative = text.front() == '-';
        text.remove_prefix(1);
    }
    // Digits first, then the place of the point: value = digits * 10^-places.
    __int128 digits = 0;
    int places = 0;
    bool any = false;
    bool point = false;
    std::size_t i = 0;
    constexpr auto limit = static_cast<__int128>(1) << 100;
    for (; i < text.size(); ++i)
    {
        const char c = text[i];
        if (c == '.' && !point)
        {
            point = true;
            continue;
        }
        if (c < '0' || c > '9')
            break;
        any = true;
        digits = digits * 10 + (c - '0');
        places += point ? 1 : 0;
        if (digits > limit)
            return std::nullopt;
    }
    if (!any)
        return std::nullopt;
    if (i < text.size())
    {
        if (text[i] != 'e' && text[i] != 'E')
            return std::nullopt;
        ++i;
        int sign = 1;
        if (i < text.size() && (text[i] == '-' || text[i] == '+'))
            sign = text[i++] == '-' ? -1 : 1;
        if (i == text.size() || text.size() - i > 3)
            return std::nullopt;
        int exponent = 0;
        for (; i < text.size(); ++i)
        {
            if (text[i] < '0' || text[i] > '9')
                return std::nullopt;
            exponent = exponent * 10 + (text[i] - '0');
        }
        places -= sign * exponent;
    }
    for (; places > scale && digits % 10 == 0 && digits != 0; --places)
        digits /= 10;
    if (digits == 0)
        return 0;
    if (places > scale)
        return std::nullopt;
    for (; places < scale; ++places)
    {
        digits *= 10;
        if (digits > limit)
            return std::nullopt;
    }
    if (digits > INT64_MAX)
        return std::nullopt;
    const auto number = static_cast<std::int64_t>(digits);
    return negative ? -number : number;
}

std::string to_decimal(std::int64_t units, int scale, zeros trailing)
{
    const bool negative = units < 0;
    auto digits = std::to_string(negative ? 0 - static_cast<std::uint64_t>(units) : static_cast<std::uint64_t>(units));
    if (scale > 0)
    {
        const auto places = static_cast<std::size_t>(scale);
        if (digits.size() <= places)
            digits.insert(0, places + 1 - digits.size(), '0');
        digits.insert(digits.size() - places, 1, '.');
        if (trailing == zeros::trim)
        {
            while (digits.back() == '0')
                digits.pop_back();
            if (digits.back() == '.')
                digits.pop_back();
        }
    }
    return negative ? "-" + digits : digits;
}

}  // namespace bazaar
