#include <unistd.h>

#include <string>

#include <algorithm>

#include <fmt/format.h>

#include "app/place.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/daemon/chosen.hpp"
#include "bazaar/daemon/opening.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/postgres/blame.hpp"
#include "bazaar/postgres/lease.hpp"
#include "bazaar/postgres/removal.hpp"
#include "bazaar/postgres/views.hpp"
#include "bazaar/process/confirm.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/output.hpp"

namespace bazaar::app
{
namespace
{

/// Views that must stay are empty afterwards, and in nobody's way.
void drop_views_of_run(const options& opts, postgres::session& link, const scenario::entry& of)
{
    for (const auto& set : of.views)
        for (const auto& found : postgres::find_views(link, set, opts.schema))
            try
            {
                if (found.at.run == opts.run)
                    (void)postgres::drop_views(link, set, found.at);
            }
            catch (const error& problem)
            {
                if (!link.alive())
                    throw;
                for (const auto& line : problem.lines())
                    log(log_level::warning, "reset", line);
            }
}

}  // namespace

int reset(const options& opts)
{
    const auto session_name = daemon::new_session_name(opts.run);
    const open_place there(place_of_run(opts).named(session_name));
    there.check(daemon::scenario_in(there.records(), opts).tables, postgres::trust_use::write);
    auto& link = there.session();
    const auto recorded = there.records().load(opts.run);
    if (!recorded)
        throw error(error_kind::config,
                    fmt::format("there is no run {} in schema {} of {}", opts.run, opts.schema, link.where()));
    if (!opts.yes && !process::confirmed(fmt::format(
                         "Remove run {} of schema {} at {}, begun at {}, with all rows of its {} units?", opts.run,
                         opts.schema, link.where(), to_string(recorded->start), recorded->settled)))
    {
        log(log_level::info, "reset", "nothing was removed");
        return 0;
    }
    postgres::ownership own{opts.schema, opts.run, recorded->tag, 1, {}};
    const auto taken = postgres::take_lease(link, own,
                                            {{fmt::format("process {}, which removes the run", getpid()), session_name},
                                             std::chrono::seconds(10),
                                             opts.wait,
                                             {},
                                             [](const std::string& line) { log(log_level::info, "lease", line); }});
    own.epoch = taken->epoch;
    // Whatever version wrote it: only tables and keys count here.
    const auto& of = daemon::entry_of(*recorded);
    scenario::settings configuration(of.fields);
    for (const auto& [name, text] : recorded->settings)
        if (std::ranges::find(of.fields, name, &scenario::field::name) != of.fields.end())
            static_cast<void>(configuration.set(configuration.find(name), text));
    const auto made = daemon::make_stage(of, opts.run, recorded->seed, configuration, opts.seed_dir);
    drop_views_of_run(opts, link, of);
    std::string_view now;
    std::uint64_t rows = 0, all = 0;
    const auto count = [&](std::string_view table, std::uint64_t removed)
    {
        all += removed - (table == now ? rows : 0);
        now = table;
        rows = removed;
        log(log_level::debug, "reset", fmt::format("{}: {} rows removed", table, removed));
    };
    postgres::blaming(link, opts.schema, made.shop->tables(),
                      [&] { postgres::remove_run(link, own, *recorded, *made.shop, count); });
    process::print_line(
        fmt::format("removed   run {} of schema {}: {} rows and its record", opts.run, opts.schema, all));
    return 0;
}

}  // namespace bazaar::app
