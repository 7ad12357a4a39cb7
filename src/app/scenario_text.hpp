#pragma once

#include <string>
#include <string_view>

#include "bazaar/scenario/declared/spec.hpp"

namespace bazaar::app
{

/// What `scenario show` prints of a scenario file.
[[nodiscard]] std::string tables_text(const scenario::declared::spec& what);
[[nodiscard]] std::string topics_text(const scenario::declared::spec& what);

/// Whether a table goes to Kafka, with one of its settings at least.
[[nodiscard]] bool goes_to_kafka(const scenario::declared::spec& what, const scenario::declared::destination& to);

/// A scenario file to begin with, which extends `from`.
[[nodiscard]] std::string begun_text(std::string_view name, std::string_view from,
                                     const scenario::declared::spec& base);

}  // namespace bazaar::app
