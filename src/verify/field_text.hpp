#pragma once

#include <string>

#include "bazaar/model/render.hpp"
#include "bazaar/postgres/row_reader.hpp"

namespace bazaar::verify
{

/// A field as `plan` prints the value: text in quotes, moments of RFC 3339, "NULL".
[[nodiscard]] std::string field_text(const model::renderer& print, const model::column& column,
                                     postgres::field_type type, const postgres::field& what);

/// Of a `timestamp with time zone`.
[[nodiscard]] time moment_of(const postgres::field& what);

}  // namespace bazaar::verify
