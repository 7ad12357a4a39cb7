#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "bazaar/postgres/connection.hpp"
#include "bazaar/postgres/store.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::app
{

/// Beside the units: moves the mark of settled units and, while the run is live, touches the heartbeat; on a session of
/// its own.
///
/// Lifetime: works from construction to `stop`.
/// Errors:   a failure is logged once, until it works again; it never stops the run.
class keeper
{
public:
    struct options
    {
        std::string schema, run;
        microseconds mark_interval = std::chrono::seconds(2);
        microseconds heartbeat_interval{0};  ///< Zero: no heartbeat.
        std::function<postgres::progress()> progress;
    };

    keeper(postgres::connection_parameters to, const scenario::scenario& shop, options opts);
    ~keeper();

    void stop();

private:
    void work();

    postgres::connection_parameters to_;
    const scenario::scenario& shop_;
    options options_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace bazaar::app
