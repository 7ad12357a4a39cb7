#pragma once

#include <string>
#include <string_view>

#include "bazaar/postgres/session.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::postgres
{

/// The statement that sets row 1 of a heartbeat table to the database's clock.
[[nodiscard]] std::string heartbeat_sql(std::string_view schema, const model::table& t);

/// Sets row 1 of every heartbeat table to the database's clock. Not part of the plan.
void touch(session& on, std::string_view schema, const scenario::scenario& shop);

}  // namespace bazaar::postgres
