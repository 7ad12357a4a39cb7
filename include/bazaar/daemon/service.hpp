#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "bazaar/daemon/kafka_target.hpp"
#include "bazaar/daemon/settings.hpp"
#include "bazaar/postgres/place.hpp"

namespace bazaar::daemon
{

/// Numbers of topics, by their state after `ensure`.
struct topic_states
{
    std::uint64_t made = 0;
    std::uint64_t there = 0;      ///< As they should be.
    std::uint64_t differing = 0;  ///< Left unchanged.
};

/// How a run ended.
struct served
{
    int code = 0;          ///< Exit code of the process.
    bool stopped = false;  ///< By a signal, or through the control interface.
};

/// Keeps the run at `at` alive to its end, or until it is stopped: opens it, paces and writes its units, serves the
/// interfaces to monitor and control it, and opens it again if the database has lost commits. `reread` reads flags,
/// environment and configuration file again; `topics` are shown; `kafka` says how to write to Kafka.
///
/// Errors: whatever ends a run prematurely.
[[nodiscard]] served keep_alive(const settings& opts, const postgres::place& at,
                                const std::function<settings()>& reread, const std::optional<topic_states>& topics,
                                const find_kafka& kafka);

}  // namespace bazaar::daemon
