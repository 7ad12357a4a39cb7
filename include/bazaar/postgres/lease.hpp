#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "bazaar/postgres/store.hpp"

namespace bazaar::postgres
{

/// How to wait for the lease of a run.
struct lease_options
{
    holder by;  ///< Who takes it.

    /// A holder that has not renewed its lease for so long may be replaced, although sessions of it are still there.
    std::chrono::milliseconds lease_time = std::chrono::seconds{10};

    bool wait = false;  ///< Goes on waiting while the holder renews its lease.

    /// Ends the waiting: `take_lease` then answers nothing.
    std::stop_token stop{};

    /// One line for the log when there is something to wait for. May be empty.
    std::function<void(const std::string&)> tell{};
};

/// A lease taken over.
struct taken_lease
{
    std::int64_t epoch = 0;
    bool clean = false;  ///< The last holder had stopped cleanly: nothing at or above the mark was ever sent.
};

/// Takes the lease of a run over, with a new epoch, for the holder `how.by`. The run counts as not stopped cleanly from then
/// on. Nothing when `how.stop` was asked for.
///
/// At once when nobody has it or the holder's sessions are gone; else when the holder does not renew it within a lease time.
/// Waits for all units that are being written under an older epoch; later ones are refused by the fence of their function.
/// Works through a pooler: nothing hangs on a session.
///
/// Errors: throws `temporary` when the holder is alive, naming it; `config` when the run is gone.
[[nodiscard]] std::optional<taken_lease> take_lease(session& on, const ownership& own, const lease_options& how);

}  // namespace bazaar::postgres
