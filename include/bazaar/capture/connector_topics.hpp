#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/capture/connector_limits.hpp"

namespace bazaar::capture
{

/// Parts of a list as Kafka Connect reads it.
[[nodiscard]] std::vector<std::string> words_of(std::string_view list);

/// Regular expressions of a list as Debezium reads it: a comma after a backslash is part of one.
[[nodiscard]] std::vector<std::string> expressions_of(std::string_view list);

/// Adds the topics that a configuration sends the events to, and what its transformations do to them on the way.
void add_topics(const std::map<std::string, std::string>& config, const verify::encodings& how,
                std::span<const model::table> tables, const std::string& schema, connector_limits& to);

}  // namespace bazaar::capture
