#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "bazaar/kafka/client_settings.hpp"
#include "bazaar/kafka/registry.hpp"
#include "bazaar/kafka/sink.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::daemon
{

/// How units reach Kafka, where tables of the scenario go there.
struct kafka_target
{
    kafka::client_settings cluster;
    kafka::delivery promise = kafka::delivery::transactional;
    std::optional<kafka::registry_place> registry;  ///< Nothing: none was named.
    bool no_register = false;                       ///< A schema that is not there is an error.
    std::chrono::milliseconds timeout{10'000};      ///< How long to wait for an answer.
};

/// Called where tables go to Kafka. Errors: `no_input` for files that cannot be read.
using find_kafka = std::function<kafka_target()>;

/// Whether all units of this scenario go to Kafka.
[[nodiscard]] bool writes_to_kafka(const scenario::scenario& shop);

}  // namespace bazaar::daemon
