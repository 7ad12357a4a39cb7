#include <algorithm>

#include <fmt/format.h>

#include "bazaar/app/commands.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/postgres/gateway.hpp"
#include "bazaar/postgres/schema.hpp"
#include "bazaar/process/logging.hpp"

namespace bazaar::app
{

int init(const options& opts)
{
    if (!opts.view_set.empty())
        check_views(opts, *opts.chosen);
    const auto made = daemon::stage_of(opts, 0);
    daemon::refuse_two_targets(*made.shop);
    postgres::gateway::options how;
    how.outage = {std::chrono::duration_cast<std::chrono::milliseconds>(opts.wait_for_db), error_kind::unavailable,
                  "wait-for-db"};
    how.tell = [](bool good, const std::string& line)
    { log(good ? log_level::info : log_level::warning, "server", line); };
    postgres::gateway to(postgres::resolve(opts.database, opts.run), how);
    auto link = std::move(*to.dial({}));
    const auto state = postgres::ensure_schema(link, opts.schema, *made.shop);
    log(log_level::info, "schema",
        fmt::format("schema {} of {} {}", opts.schema, link.where(),
                    state == postgres::schema_state::created ? "is made, with its static data" : "is as it should be"));
    if (!opts.writer_role.empty())
    {
        postgres::grant_use(link, opts.schema, *made.shop, opts.writer_role,
                            {opts.writer_removes, opts.writer_touches});
        log(log_level::info, "schema",
            fmt::format("the role {} has what a run in schema {} needs{}", opts.writer_role, opts.schema,
                        opts.writer_removes ? ", with DELETE" : ""));
    }
    if (!opts.view_set.empty())
        create_views(opts, link, *opts.chosen);
    const int captured = opts.with_cdc ? cdc_setup(opts, link, made.shop->tables()) : 0;
    const int topics = opts.create_topics ? exit_code(ensure_topics(opts, *opts.chosen)) : 0;
    return std::max(captured, topics);
}

}  // namespace bazaar::app
