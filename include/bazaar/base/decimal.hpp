#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bazaar
{

/// Reads a plain decimal number ("12", "-0.5", "1e3") as an integer of units of 10^-scale, exactly.
///
/// Returns nothing if the text is not a number, has digits below the last unit, or does not fit. 0 <= scale <= 18.
[[nodiscard]] std::optional<std::int64_t> parse_decimal(std::string_view text, int scale);

/// Whether `to_decimal` keeps trailing zeros after the decimal point, or removes them.
enum class zeros
{
    keep,
    trim
};
[[nodiscard]] std::string to_decimal(std::int64_t units, int scale, zeros trailing = zeros::keep);

}  // namespace bazaar
