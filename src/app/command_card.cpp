#include <fmt/format.h>

#include "app/place.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/daemon/card.hpp"
#include "bazaar/process/output.hpp"

namespace bazaar::app
{

int card(const options& opts)
{
    const auto there = open_for_reading(place_of_run(opts), opts);
    const auto recorded = there.records().load(opts.run);
    if (!recorded)
        throw error(error_kind::config, fmt::format("there is no run {} in schema {} of {}; bazaard run begins one",
                                                    opts.run, opts.schema, there.records().where()));
    process::print_out(daemon::card_text(*recorded));
    return 0;
}

}  // namespace bazaar::app
