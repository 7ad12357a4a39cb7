#pragma once

#include <set>
#include <stop_token>

#include "app/verify_changes.hpp"

namespace bazaar::app
{

/// Compares the topics that the run itself writes with its plan. `shop`: of the run; its tables all go to Kafka.
///
/// Errors: `not_there` when none of the topics is; `usage` without --registry-url where records have schemas in one.
void compare_records(const options& opts, const cut& to, const scenario::scenario& shop,
                     const std::set<std::uint8_t>& chosen, const std::stop_token& stop, verify::report& out);

}  // namespace bazaar::app
