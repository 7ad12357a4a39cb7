#include <fmt/format.h>

#include "app/chosen.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/daemon/card.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/postgres/store.hpp"
#include "bazaar/postgres/trust.hpp"
#include "bazaar/process/output.hpp"

namespace bazaar::app
{

int card(const options& opts)
{
    postgres::session link(postgres::resolve(opts.database, opts.run));
    postgres::check_trust(link, opts.schema, daemon::scenario_in(link, opts).tables, postgres::trust_use::read);
    const auto recorded = postgres::load(link, opts.schema, opts.run, daemon::fields_of);
    if (!recorded)
        throw error(error_kind::config, fmt::format("there is no run {} in schema {} of {}; bazaard run begins one",
                                                    opts.run, opts.schema, link.where()));
    process::print_out(daemon::card_text(*recorded));
    return 0;
}

}  // namespace bazaar::app
