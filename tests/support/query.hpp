#pragma once

#include <string>
#include <string_view>

#include "bazaar/postgres/session.hpp"

namespace bazaar::test
{

/// All rows as text: columns with '|' between, rows with a line break after, NULL as "~".
[[nodiscard]] std::string rows(postgres::session& on, std::string_view sql);

/// The only value of the only row.
[[nodiscard]] std::string one(postgres::session& on, std::string_view sql);

}  // namespace bazaar::test
