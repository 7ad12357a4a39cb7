#pragma once

#include "app/opening.hpp"
#include "bazaar/app/options.hpp"
#include "bazaar/run/reference_clock.hpp"

// What a run logs when it begins, and when the clock of its database jumps.

namespace bazaar::app
{

void tell_clock(const run::adjustment& what);

void announce(const opened_run& open, const options& opts);

}  // namespace bazaar::app
