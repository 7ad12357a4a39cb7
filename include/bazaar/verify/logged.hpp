#pragma once

#include <span>
#include <string_view>

#include "bazaar/model/table.hpp"
#include "bazaar/postgres/change_log.hpp"
#include "bazaar/verify/event.hpp"

namespace bazaar::verify
{

/// Converts a change of the server's log to an event; false for a change of another table. Texts point to those of the
/// change.
[[nodiscard]] bool event_of(const postgres::logged_change& from, std::span<const model::table> tables,
                            std::string_view schema, change_event& out);

}  // namespace bazaar::verify
