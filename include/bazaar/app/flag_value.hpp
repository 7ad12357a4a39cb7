#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "bazaar/base/duration.hpp"
#include "bazaar/base/size.hpp"
#include "bazaar/postgres/secret.hpp"

namespace bazaar::app
{

/// Reads "A..B", both inclusive, A <= B.
[[nodiscard]] std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_units(std::string_view text);

/// One or more "host:port", separated by commas; a host may be "[address]".
[[nodiscard]] bool is_server_list(std::string_view text);

/// One port, or several separated by commas.
[[nodiscard]] bool is_port_list(std::string_view text);

/// Checks that PostgreSQL accepts the name without shortening it, and that it is not reserved. Returns what is wrong,
/// or an empty text.
[[nodiscard]] std::string check_schema(std::string_view text);

using postgres::masked_url;
using postgres::uri_problem;

}  // namespace bazaar::app
