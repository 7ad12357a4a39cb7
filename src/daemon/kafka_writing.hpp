#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "bazaar/daemon/kafka_target.hpp"
#include "bazaar/daemon/opening.hpp"
#include "bazaar/kafka/sink.hpp"
#include "bazaar/run/sink.hpp"

namespace bazaar::daemon
{

/// Makes the sink of a run whose units go to Kafka.
///
/// Threads: any, one at a time. Lifetime: the run outlives it and its sinks.
class kafka_writing
{
public:
    /// Asks the registry for the schemas, and registers those that are missing.
    ///
    /// Errors: those of `outlets_of`, `bind_outlets` and `registry`.
    kafka_writing(kafka_target to, const opened_run& run, const std::stop_token& stop);

    [[nodiscard]] std::unique_ptr<run::sink> make_sink(std::stop_token stop) const;

private:
    kafka_target to_;
    const opened_run& run_;
    std::vector<kafka::bound_outlet> outlets_;
};

}  // namespace bazaar::daemon
