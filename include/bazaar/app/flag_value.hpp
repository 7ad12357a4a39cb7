#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "bazaar/base/duration.hpp"
#include "bazaar/postgres/secret.hpp"

namespace bazaar::app
{

/// "512MiB", "1GiB"; a plain number counts bytes, and kB, MB, GB and TB mean the same as KiB, MiB, GiB and TiB, as with
/// PostgreSQL. Nothing when the text is no size, or beyond 63 bits.
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view text);

/// The size for people: "1.5 GiB".
[[nodiscard]] std::string shown_size(std::uint64_t bytes);

/// Digits only, within 64 bits.
[[nodiscard]] std::optional<std::uint64_t> parse_count(std::string_view text);

/// "A..B", both inclusive, A <= B.
[[nodiscard]] std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_units(std::string_view text);

/// "host:port" and more of it behind commas; a host may be "[address]".
[[nodiscard]] bool is_server_list(std::string_view text);

/// One port, or several behind commas.
[[nodiscard]] bool is_port_list(std::string_view text);

/// A name that PostgreSQL takes whole and that is nobody else's. Returns what is wrong, or nothing.
[[nodiscard]] std::string check_schema(std::string_view text);

[[nodiscard]] bool is_run_name(std::string_view text);

using postgres::masked_url;
using postgres::uri_problem;

}  // namespace bazaar::app
