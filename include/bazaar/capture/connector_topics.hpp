#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/capture/connector_limits.hpp"

namespace bazaar::capture
{

/// Items of a list, as Kafka Connect reads it.
[[nodiscard]] std::vector<std::string> words_of(std::string_view list);

/// Regular expressions of a list, as Debezium reads it: a comma after a backslash is part of an expression.
[[nodiscard]] std::vector<std::string> expressions_of(std::string_view list);

/// Adds the topics to which a configuration sends events, and the effects of its transformations.
void add_topics(const std::map<std::string, std::string>& config, const verify::encodings& how,
                std::span<const model::table> tables, const std::string& schema, connector_limits& to);

}  // namespace bazaar::capture
