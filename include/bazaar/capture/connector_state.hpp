#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bazaar/capture/connect_rest.hpp"

namespace bazaar::capture
{

/// What a Connect worker reports about one connector.
struct connector_facts
{
    bool there = false;
    std::string state = "not there";
    std::vector<std::string> tasks{};             ///< States of its tasks.
    std::string trace{};                          ///< First line of the first failure, and its deepest cause.
    std::map<std::string, std::string> config{};  ///< Only from `read_connector`.
    std::optional<std::string> debezium{};        ///< Version of the worker's plugin for PostgreSQL; likewise.
};

/// Reads only the state.
///
/// Errors: `unavailable` if there is no answer, `permission` if the answer is 401 or 403, `config` for any other
/// refusal and for any server that is not Kafka Connect.
[[nodiscard]] connector_facts connector_state(const connect_rest& at, const std::string& name);

/// Reads everything. Errors: as for `connector_state`.
[[nodiscard]] connector_facts read_connector(const connect_rest& at, const std::string& name);

/// Throws an error with Connect's message about a request that it refused.
[[noreturn]] void refused(const connect_rest& at, const rest_answer& answer, const std::string& what);

}  // namespace bazaar::capture
