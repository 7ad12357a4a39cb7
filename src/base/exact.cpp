#include "bazaar/base/exact.hpp"

#include <cstdint>

namespace bazaar::exact
{
namespace
{

using natural = unsigned __int128;

constexpr auto powers_of_ten = []
{
    std::array<natural, digits_max + 1> made{};
    natural power = 1;
    for (auto& one : made)
    {
        one = power;
        power *= 10;
    }
    return made;
}();

constexpr natural magnitude(integer number)
{
    return number < 0 ? 0 - static_cast<natural>(number) : static_cast<natural>(number);
}

std::optional<integer> signed_as(bool negative, natural number)
{
    if (number > static_cast<natural>(most))
        return std::nullopt;
    const auto positive = static_cast<integer>(number);
    return negative ? -positive : positive;
}

/// Nothing beyond 128 bits.
std::optional<natural> natural_product(natural a, natural b)
{
    const auto a_high = static_cast<std::uint64_t>(a >> 64);
    const auto b_high = static_cast<std::uint64_t>(b >> 64);
    if (a_high == 0 && b_high == 0)
        return static_cast<natural>(static_cast<std::uint64_t>(a)) * static_cast<std::uint64_t>(b);
    if (a_high != 0 && b_high != 0)
        return std::nullopt;
    const natural cross = a_high != 0 ? static_cast<natural>(a_high) * static_cast<std::uint64_t>(b)
                                      : static_cast<natural>(b_high) * static_cast<std::uint64_t>(a);
    const natural low = static_cast<natural>(static_cast<std::uint64_t>(a)) * static_cast<std::uint64_t>(b);
    if (cross >> 64 != 0)
        return std::nullopt;
    const natural all = (cross << 64) + low;
    return all < low ? std::nullopt : std::optional(all);
}

/// Multiplies the rest of a division by 10: answers with the digit, and leaves the new rest. Both are below 2^127, 10 times one of them is not.
unsigned next_digit(natural& rest, natural divisor)
{
    unsigned digit = 0;
    natural all = 0;
    for (int i = 0; i < 10; ++i)
    {
        all += rest;
        if (all >= divisor)
        {
            all -= divisor;
            ++digit;
        }
    }
    rest = all;
    return digit;
}

}  // namespace

std::optional<integer> product(integer a, integer b) noexcept
{
    const auto all = natural_product(magnitude(a), magnitude(b));
    return all ? signed_as((a < 0) != (b < 0), *all) : std::nullopt;
}

std::optional<integer> quotient(integer a, integer b, int places) noexcept
{
    const auto divisor = magnitude(b);
    natural rest = magnitude(a);
    natural whole = 0;
    const auto larger = places > digits_max ? std::nullopt
                                            : natural_product(rest, powers_of_ten[static_cast<std::size_t>(places)]);
    if (larger)
    {
        whole = *larger / divisor;
        rest = *larger % divisor;
    }
    else
    {
        whole = rest / divisor;
        rest %= divisor;
        for (int i = 0; i < places; ++i)
        {
            if (whole > static_cast<natural>(most) / 10)
                return std::nullopt;
            whole = whole * 10 + next_digit(rest, divisor);
        }
    }
    const bool up = rest >= divisor - rest;
    return signed_as((a < 0) != (b < 0), whole + (up ? 1 : 0));
}

std::optional<integer> rescaled(integer number, int from, int to) noexcept
{
    if (to == from)
        return number;
    const auto power = static_cast<integer>(powers_of_ten[static_cast<std::size_t>(to > from ? to - from : from - to)]);
    return to > from ? product(number, power) : quotient(number, power, 0);
}

integer floor(integer number, int scale) noexcept
{
    const auto power = static_cast<integer>(powers_of_ten[static_cast<std::size_t>(scale)]);
    return number / power - (number % power < 0 ? 1 : 0);
}

std::string_view to_text(integer number, int scale, text_buffer& into) noexcept
{
    auto rest = magnitude(number);
    std::size_t at = into.size();
    for (int digits = 0; rest != 0 || digits <= scale; ++digits)
    {
        if (digits == scale && scale > 0)
            into[--at] = '.';
        // Most numbers are short, and 128 bits are slow to divide.
        const bool is_short = rest >> 64 == 0;
        const auto digit = is_short ? static_cast<unsigned>(static_cast<std::uint64_t>(rest) % 10)
                                    : static_cast<unsigned>(rest % 10);
        rest = is_short ? static_cast<std::uint64_t>(rest) / 10 : rest / 10;
        into[--at] = static_cast<char>('0' + digit);
    }
    if (number < 0)
        into[--at] = '-';
    return {into.data() + at, into.size() - at};
}

}  // namespace bazaar::exact
