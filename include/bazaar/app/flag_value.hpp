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

/// "A..B", both inclusive, A <= B.
[[nodiscard]] std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_units(std::string_view text);

/// "host:port" and more of it behind commas; a host may be "[address]".
[[nodiscard]] bool is_server_list(std::string_view text);

/// One port, or several behind commas.
[[nodiscard]] bool is_port_list(std::string_view text);

/// A name that PostgreSQL takes whole and that is nobody else's. Returns what is wrong, or nothing.
[[nodiscard]] std::string check_schema(std::string_view text);

using postgres::masked_url;
using postgres::uri_problem;

}  // namespace bazaar::app
