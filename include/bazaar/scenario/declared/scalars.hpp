#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/base/exact.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/scenario/declared/spec.hpp"

namespace bazaar::scenario::declared
{

/// Scalars of scenario files, each from its text. All answer with nothing for a text that is none.

/// An exact number: `value` units of 10^-scale.
struct exact_number
{
    exact::integer value = 0;
    std::uint8_t scale = 0;
};

/// "12", "-0.50", ".8". At most 38 digits, 18 of them behind the point.
[[nodiscard]] std::optional<exact_number> number_of(std::string_view text);

/// -1, 0 or 1.
[[nodiscard]] int compare(const exact_number& a, const exact_number& b) noexcept;

/// The number in units of 10^-scale; nothing where it has digits below that or has no 64 bits.
[[nodiscard]] std::optional<std::int64_t> units_of(const exact_number& what, int scale) noexcept;

[[nodiscard]] std::optional<std::int64_t> integer_of(std::string_view text);

[[nodiscard]] std::optional<bool> boolean_of(std::string_view text);

/// "500ms", "60s", "15m", "2h", "14d", "1.5h"; 0 needs no unit.
[[nodiscard]] std::optional<microseconds> duration_of(std::string_view text);

/// "a..b", both ends included, or "a" for a..a.
struct number_range
{
    exact_number low;
    exact_number high;
};
[[nodiscard]] std::optional<number_range> range_of(std::string_view text);

/// The same of durations, in microseconds.
[[nodiscard]] std::optional<range> durations_of(std::string_view text);

/// "2024-12-31", and "2020-01-01..2024-12-31": days since 1970.
[[nodiscard]] std::optional<std::int64_t> date_of(std::string_view text);
[[nodiscard]] std::optional<range> dates_of(std::string_view text);

/// "30%" or "0.3": from 0 to 1, in units of 10^-6.
[[nodiscard]] std::optional<std::uint32_t> share_of(std::string_view text);

/// "8/s", "0.5/m", "500/h", "20/d": per 10^6 seconds, to the nearest.
[[nodiscard]] std::optional<std::uint64_t> rate_of(std::string_view text);

/// "mon", or "mon-fri", also across Sunday: bit 0 is Monday.
[[nodiscard]] std::optional<std::uint8_t> days_of(std::string_view text);

/// "08:00-12:00, 13:00-20:00", in order and apart, to 24:00 at the latest.
[[nodiscard]] std::optional<std::vector<opening>> openings_of(std::string_view text);

/// [a-z][a-z0-9_-]*, at most 63 bytes.
[[nodiscard]] bool is_name(std::string_view text) noexcept;

/// [A-Za-z_][A-Za-z0-9_]*, at most 63 bytes: what PostgreSQL, Avro and Protobuf all take as a name.
[[nodiscard]] bool is_identifier(std::string_view text) noexcept;

/// "C{n}", "ORDER_{n:05}"; `from` is not its.
[[nodiscard]] std::optional<gen::sequence> sequence_of(std::string_view text);

/// Plain characters, \ before one that means something, classes as [A-Z0-9], each with {n} or {n,m} behind it or without.
/// Printable ASCII, and 255 characters at most.
[[nodiscard]] std::optional<gen::pattern> pattern_of(std::string_view text);

}  // namespace bazaar::scenario::declared
