#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bazaar/capture/connect_rest.hpp"

namespace bazaar::capture
{

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

}  // namespace bazaar::capture
