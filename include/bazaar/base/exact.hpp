#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

/// Exact decimals of up to 38 digits: whole numbers of units of 10^-scale, where the caller knows the scale.
///
/// What is rounded is rounded to the nearest, halves away from zero, as PostgreSQL's `numeric` is.
/// Errors: nothing for a result of more than 38 digits.
namespace bazaar::exact
{

using integer = __int128;

inline constexpr int digits_max = 38;

/// The largest number of 38 digits; the least is its opposite.
inline constexpr integer most = []
{
    integer power = 1;
    for (int i = 0; i < digits_max; ++i)
        power *= 10;
    return power - 1;
}();

[[nodiscard]] constexpr bool fits(integer number) noexcept
{
    return number >= -most && number <= most;
}

/// Of one scale; so is the result.
[[nodiscard]] constexpr std::optional<integer> sum(integer a, integer b) noexcept
{
    const integer all = a + b;  // Below 2^128: two numbers of 38 digits.
    return fits(all) ? std::optional(all) : std::nullopt;
}

/// Its scale is the sum of theirs.
[[nodiscard]] std::optional<integer> product(integer a, integer b) noexcept;

/// a * 10^places / b for b other than 0, 0 <= places.
[[nodiscard]] std::optional<integer> quotient(integer a, integer b, int places) noexcept;

/// The same number in units of 10^-to; 0 <= from, to <= 38.
[[nodiscard]] std::optional<integer> rescaled(integer number, int from, int to) noexcept;

/// The greatest whole number that is not above it.
[[nodiscard]] integer floor(integer number, int scale) noexcept;

/// Room for any number as text.
using text_buffer = std::array<char, digits_max + 3>;

/// The number with `scale` digits behind its point, at the end of the buffer.
[[nodiscard]] std::string_view to_text(integer number, int scale, text_buffer& into) noexcept;

}  // namespace bazaar::exact
