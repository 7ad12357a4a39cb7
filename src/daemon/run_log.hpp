#pragma once

#include "bazaar/daemon/opening.hpp"
#include "bazaar/daemon/settings.hpp"
#include "bazaar/run/reference_clock.hpp"

// What a run logs when it begins, and when the clock of its database jumps.

namespace bazaar::daemon
{

void tell_clock(const run::adjustment& what);

void announce(const opened_run& open, const settings& opts);

}  // namespace bazaar::daemon
