#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "bazaar/capture/doctor.hpp"
#include "bazaar/daemon/keeper.hpp"
#include "bazaar/daemon/settings.hpp"
#include "bazaar/observe/snapshot.hpp"
#include "bazaar/postgres/ledger.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::daemon
{

/// What is done beside a run with its keeper's session: the heartbeat's row is touched, and what slots retain is watched.
///
/// Threads: the chores run in the keeper's; any thread may ask for what came of them.
class chores
{
public:
    explicit chores(const settings& opts) : opts_(opts), watch_(opts.slot_wal_warn) {}

    /// Those of a run that is open. `live` says whether its units are of the present: only then is the heartbeat written. `to` and `shop`
    /// outlive the keeper.
    [[nodiscard]] std::vector<keeper::chore> of(postgres::ledger& to, const scenario::scenario& shop,
                                                std::function<bool()> live);

    /// When the heartbeat was written last.
    [[nodiscard]] std::optional<std::chrono::system_clock::time_point> beaten() const;

    /// As they were seen last.
    [[nodiscard]] std::vector<observe::slot> slots() const;

private:
    [[nodiscard]] bool look_at_slots(postgres::ledger& with);

    const settings& opts_;
    capture::slot_watch watch_;
    std::atomic<std::chrono::system_clock::time_point> beaten_{};
    mutable std::mutex mutex_;
    std::vector<observe::slot> slots_;
};

}  // namespace bazaar::daemon
