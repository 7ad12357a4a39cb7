#pragma once

#include <string_view>

#include "bazaar/postgres/classify.hpp"

namespace bazaar::postgres
{

/// What a failed connect was, from libpq's verbose text. Where the server said no code, one of the standard that says the same
/// stands in. `never_tried`: libpq refused the options themselves.
[[nodiscard]] failure connect_failure(std::string_view text, bool needs_password, bool never_tried);

}  // namespace bazaar::postgres
