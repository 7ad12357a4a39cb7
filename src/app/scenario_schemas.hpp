#pragma once

#include <string>

#include "bazaar/scenario/declared/spec.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::app
{

/// What `scenario show --schemas` prints: the DDL that `init` runs for the tables in PostgreSQL, then the schema of the records of each
/// topic in their format: Avro's, a .proto, or JSON Schema.
///
/// Errors: those of `outlets_of`.
[[nodiscard]] std::string schemas_text(const scenario::declared::spec& what, const scenario::entry& as);

}  // namespace bazaar::app
