#include <fmt/format.h>

#include "app/stage.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/app/logging.hpp"
#include "bazaar/postgres/schema.hpp"

namespace bazaar::app
{

int init(const options& opts)
{
    const auto made = make_stage(opts.run, 0, opts.configuration, opts.seed_dir);
    postgres::session link(postgres::resolve(opts.database, opts.run));
    const auto state = postgres::ensure_schema(link, opts.schema, *made.shop);
    log(log_level::info, "schema",
        fmt::format("schema {} of {} {}", opts.schema, link.where(),
                    state == postgres::schema_state::created ? "is made, with its static data" : "is as it should be"));
    return 0;
}

}  // namespace bazaar::app
