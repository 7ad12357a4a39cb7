#pragma once

#include <optional>

#include "bazaar/postgres/store.hpp"

namespace bazaar::postgres
{

/// Takes the lease of a run over, with a new epoch, for the holder `how.by`. The run counts as not stopped cleanly from
/// then on. Nothing if `how.stop` was requested.
///
/// It takes the lease at once if nobody holds it or the holder's sessions are gone; otherwise when the holder has not
/// renewed it for a lease time. Waits for all units that are being written under an older epoch; later ones are refused
/// by the fence of their function. Works through a pooler: nothing depends on a session.
///
/// Errors: throws `temporary` if the holder is alive, naming it; `config` if the run is gone.
[[nodiscard]] std::optional<run::taken_lease> take_lease(session& on, const ownership& own,
                                                         const run::lease_options& how);

}  // namespace bazaar::postgres
