#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bazaar
{

using microseconds = std::chrono::microseconds;

/// A moment of business time: microseconds since 1970-01-01T00:00:00Z.
struct time
{
    std::int64_t us = 0;

    friend constexpr auto operator<=>(const time&, const time&) = default;
    friend constexpr time operator+(time t, microseconds d) { return {t.us + d.count()}; }
    friend constexpr time operator-(time t, microseconds d) { return {t.us - d.count()}; }
    friend constexpr microseconds operator-(time a, time b) { return microseconds(a.us - b.us); }
};

/// "2026-01-31T23:59:59.123456Z": RFC 3339, UTC, always six digits. Times outside of the years 0001 to 9999 are printed
/// in another form.
[[nodiscard]] std::string to_string(time t);

/// Reads RFC 3339 with `Z` or an offset, a `T` or a space, and up to six digits of a second; a date alone means
/// midnight UTC. Returns nothing for any other text.
[[nodiscard]] std::optional<time> parse_time(std::string_view text);

}  // namespace bazaar
