#include "app/known_run.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "app/chosen.hpp"
#include "app/place.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/daemon/card.hpp"
#include "bazaar/process/logging.hpp"

namespace bazaar::app
{
namespace
{

bool names_a_database(const options& opts)
{
    return std::any_of(opts.given.begin(), opts.given.end(), [](const auto& g) { return g.first.starts_with("db-"); });
}

std::vector<run::record> recorded_runs(const options& opts)
{
    const auto there = open_for_reading(place_of_run(opts), opts);
    std::vector<run::record> runs;
    for (const auto& r : there.records().list())
        if (auto whole = there.records().load(r.run))
            runs.push_back(std::move(*whole));
    return runs;
}

}  // namespace

known_run run_of_flags(const options& opts)
{
    const auto seed = opts.seed ? *opts.seed : daemon::random_seed();
    known_run s{{}, daemon::stage_of(opts, seed)};
    s.recorded = daemon::new_record(opts, seed, *s.made.shop);
    const auto now = process_surroundings().now;
    s.recorded.start = opts.start                       ? *opts.start
                       : opts.unpaced && opts.ticks_max ? daemon::start_to_end_at(*s.made.shop, *opts.ticks_max, now)

                                                        : now - s.made.shop->past();
    return s;
}

std::optional<std::vector<run::record>> known_runs(const options& opts)
{
    if (!opts.card.empty())
        return std::vector{daemon::read_card(opts.card)};
    if (opts.seed)
        return std::nullopt;
    try
    {
        return recorded_runs(opts);
    }
    catch (const error& problem)
    {
        if (names_a_database(opts) || problem.kind() != error_kind::unavailable)
            throw;
        return std::nullopt;
    }
}

known_run run_to_plan(const options& opts)
{
    if (auto runs = known_runs(opts))
        for (auto& r : *runs)
            if (r.run == opts.run || !opts.card.empty())
            {
                daemon::check_scenario(opts, r);
                auto made = daemon::make_stage(r, opts.seed_dir);
                return {std::move(r), std::move(made)};
            }
    auto s = run_of_flags(opts);
    log(log_level::info, name(opts.what),
        fmt::format("planned from the command line: --seed {} --start-time {} repeats it", s.recorded.seed,
                    to_string(s.recorded.start)));
    return s;
}

void within_units(const options& opts, const std::function<void()>& walk)
{
    try
    {
        walk();
    }
    catch (const scenario::plan_over& end)
    {
        throw error(error_kind::usage,
                    fmt::format("--units {}..{}: {}", opts.units_first, opts.units_last, end.what()));
    }
}

}  // namespace bazaar::app
