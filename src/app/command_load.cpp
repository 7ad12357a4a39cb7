#include "app/chosen.hpp"
#include "app/place.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/daemon/load.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/stop_by_signal.hpp"

#include <fmt/format.h>

namespace bazaar::app
{

int load(const options& given)
{
    options opts = given.card.empty() ? given : for_card(given);
    opts.loads = true;
    const process::stop_by_signal signals;
    const auto end = opts.to.empty() ? daemon::load_history(opts, place_of_run(opts), signals.token())
                                     : daemon::load_into_files(opts, signals.token());
    if (end == daemon::load_end::there)
        log(log_level::info, "done",
            fmt::format("run {} is loaded already: go on with bazaard run, or load another with --run NEW", opts.run));
    return 0;
}

}  // namespace bazaar::app
