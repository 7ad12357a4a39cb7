#pragma once

#include <optional>

#include "bazaar/postgres/store.hpp"

namespace bazaar::postgres
{

/// Takes the lease of a run over, with a new epoch, for the holder `how.by`. The run counts as not stopped cleanly from then
/// on. Nothing when `how.stop` was asked for.
///
/// At once when nobody has it or the holder's sessions are gone; else when the holder does not renew it within a lease time.
/// Waits for all units that are being written under an older epoch; later ones are refused by the fence of their function.
/// Works through a pooler: nothing hangs on a session.
///
/// Errors: throws `temporary` when the holder is alive, naming it; `config` when the run is gone.
[[nodiscard]] std::optional<run::taken_lease> take_lease(session& on, const ownership& own,
                                                         const run::lease_options& how);

}  // namespace bazaar::postgres
