#include "app/chosen.hpp"
#include "app/load.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/stop_by_signal.hpp"

#include <fmt/format.h>

namespace bazaar::app
{

int load(const options& given)
{
    const options opts = given.card.empty() ? given : for_card(given);
    const process::stop_by_signal signals;
    const auto end = opts.to.empty() ? load_history(opts, signals.token()) : load_into_files(opts, signals.token());
    if (end == load_end::there)
        log(log_level::info, "done",
            fmt::format("run {} is loaded already: go on with bazaard run, or load another with --run NEW", opts.run));
    return 0;
}

}  // namespace bazaar::app
