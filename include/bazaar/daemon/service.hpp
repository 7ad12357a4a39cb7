#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "bazaar/daemon/settings.hpp"
#include "bazaar/postgres/place.hpp"

namespace bazaar::daemon
{

/// How topics are when they have been ensured: numbers of them.
struct topic_states
{
    std::uint64_t made = 0;
    std::uint64_t there = 0;      ///< As they should be.
    std::uint64_t differing = 0;  ///< Left as they are.
};

/// How it ended.
struct served
{
    int code = 0;          ///< For the process.
    bool stopped = false;  ///< By a signal, or by whoever controls it.
};

/// Keeps the run that is at `at` alive to its end, or until it is stopped: opens it, paces and writes its units, answers those who watch
/// and steer it, and opens it again where the database has lost history. `reread` reads flags, environment and configuration file once
/// more; `topics` are shown.
///
/// Errors: what ends a run before its time.
[[nodiscard]] served keep_alive(const settings& opts, const postgres::place& at,
                                const std::function<settings()>& reread, const std::optional<topic_states>& topics);

}  // namespace bazaar::daemon
