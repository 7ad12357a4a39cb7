#pragma once

#include "bazaar/daemon/opening.hpp"
#include "bazaar/daemon/settings.hpp"
#include "bazaar/run/ledger.hpp"
#include "bazaar/run/reference_clock.hpp"

// What a run logs when it begins, and when the clock of its database jumps, and what is odd about its rights.

namespace bazaar::daemon
{

void tell_clock(const run::adjustment& what);

/// Warns of a superuser, and of an owner that is only taken for it.
void tell_rights(const settings& opts, const run::rights& found);

void announce(const opened_run& open, const settings& opts);

}  // namespace bazaar::daemon
