#pragma once

#include <string>

#include "bazaar/scenario/declared/spec.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::app
{

/// What `scenario show --schemas` prints: the DDL that `init` runs for the tables in PostgreSQL, then the Avro schema of the records of
/// each topic. Nullable fields are unions with null, which is their default; numeric, time, date and uuid are logical types.
[[nodiscard]] std::string schemas_text(const scenario::declared::spec& what, const scenario::entry& as);

}  // namespace bazaar::app
