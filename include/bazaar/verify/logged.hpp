#pragma once

#include <span>
#include <string_view>

#include "bazaar/model/table.hpp"
#include "bazaar/postgres/change_log.hpp"
#include "bazaar/verify/event.hpp"

namespace bazaar::verify
{

/// A change of the server's log as an event; false for one of another table. Texts point to those of the change.
[[nodiscard]] bool event_of(const postgres::logged_change& from, std::span<const model::table> tables,
                            std::string_view schema, change_event& out);

}  // namespace bazaar::verify
