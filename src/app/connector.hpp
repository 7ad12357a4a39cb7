#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "app/connect_rest.hpp"
#include "bazaar/app/options.hpp"

namespace bazaar::app
{

/// The name that was given, or else that of the schema.
[[nodiscard]] std::string connector_name(const options& opts);

/// The configuration that `connector config` prints: names and texts, in the order in which people read it.
[[nodiscard]] nlohmann::ordered_json wished_connector(const options& opts);

/// Names that were given, and that Connect or Debezium would take for something else: a line for each.
[[nodiscard]] std::vector<std::string> impossible_names(const options& opts);

/// What a Connect worker says of one connector.
struct connector_facts
{
    bool there = false;
    std::string state = "not there";
    std::vector<std::string> tasks{};             ///< States.
    std::string trace{};                          ///< First line of the first failure, and its deepest cause.
    std::map<std::string, std::string> config{};  ///< Only of `read_connector`.
    std::optional<std::string> debezium{};        ///< Version of the worker's plugin for PostgreSQL; the same.
};

/// State alone.
///
/// Errors: `unavailable` when nobody answers, `permission` when the answer is 401 or 403, `config` for any other refusal and for
///         what is not Kafka Connect.
[[nodiscard]] connector_facts connector_state(const connect_rest& at, const std::string& name);

/// All of it. Errors: the same.
[[nodiscard]] connector_facts read_connector(const connect_rest& at, const std::string& name);

/// Throws what Connect says of a request that it refused.
[[noreturn]] void refused(const connect_rest& at, const rest_answer& answer, const std::string& what);

}  // namespace bazaar::app
