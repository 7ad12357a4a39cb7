#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bazaar
{

/// Reads a whole number: only digits, within 64 bits.
[[nodiscard]] std::optional<std::uint64_t> parse_count(std::string_view text);

/// "512MiB", "1GiB"; a plain number counts bytes, and kB, MB, GB and TB mean the same as KiB, MiB, GiB and TiB, as with
/// PostgreSQL. Returns nothing if the text is not a size, or exceeds 63 bits.
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view text);

/// The size in readable form: "1.5 GiB".
[[nodiscard]] std::string shown_size(std::uint64_t bytes);

/// Whether the text is a TCP port: only digits, from 1 to 65535.
[[nodiscard]] bool is_port(std::string_view text);

}  // namespace bazaar
