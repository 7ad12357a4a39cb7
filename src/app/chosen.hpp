#pragma once

#include "bazaar/app/options.hpp"
#include "bazaar/daemon/chosen.hpp"

namespace bazaar::app
{

/// The command line for a run of this scenario. Fields of another one are as if nobody had given them.
[[nodiscard]] inline options for_scenario(options opts, const scenario::entry& of)
{
    daemon::take_scenario(opts, of);
    return opts;
}

/// The command line for the run of its card. Errors: those of `take_card`.
[[nodiscard]] inline options for_card(options opts)
{
    daemon::take_card(opts);
    return opts;
}

}  // namespace bazaar::app
