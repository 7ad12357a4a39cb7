#pragma once

#include <string>
#include <string_view>

#include "bazaar/postgres/session.hpp"
#include "support/sql_client.hpp"

namespace bazaar::test
{

/// All rows as text: columns with '|' between, rows with a line break after, NULL as "~".
[[nodiscard]] std::string rows(sql_client& on, std::string_view sql);

/// The only value of the only row.
[[nodiscard]] std::string one(sql_client& on, std::string_view sql);

/// The same as a session of the program sees it, where that is the question: its settings, its open transaction.
[[nodiscard]] std::string rows_within(postgres::session& on, std::string_view sql);
[[nodiscard]] std::string one_within(postgres::session& on, std::string_view sql);

}  // namespace bazaar::test
