#include <csignal>
#include <cstdlib>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include "app/keeper.hpp"
#include "app/report.hpp"
#include "app/stage.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/app/logging.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/model/render.hpp"
#include "bazaar/postgres/functions.hpp"
#include "bazaar/postgres/schema.hpp"
#include "bazaar/postgres/store.hpp"
#include "bazaar/postgres/writer.hpp"
#include "bazaar/run/replan.hpp"
#include "bazaar/run/runner.hpp"

namespace bazaar::app
{
namespace
{

void check_start(time start, time now)
{
    if (start > now)
        throw error(error_kind::usage,
                    fmt::format("--start-time {}: lies in the future; rows never do", to_string(start)));
}

/// Makes a run where there is none: T0, run row, initial rows.
run::record begin_run(const options& opts, postgres::session& link, const stage& made, std::uint64_t seed)
{
    run::wall_clock clock;
    auto fresh = new_record(opts, seed, *made.shop);
    if (opts.start)
        fresh.start = *opts.start;
    else if (opts.unpaced)
        fresh.start = start_to_end_at(*made.shop, *opts.ticks_max, clock.now());
    else
        fresh.start = clock.now();
    check_start(fresh.start, clock.now());
    postgres::create(link, fresh, *made.shop, opts.batch_rows);
    log(log_level::info, "run", fmt::format("new run {} in schema {}", fresh.run, fresh.schema),
        {{"seed", fresh.seed}, {"start", to_string(fresh.start)}});
    return fresh;
}

/// What the command line asks of a run that exists: fields to set from now on. Everything else that shapes the plan must
/// be as recorded.
std::vector<model::control> changes_of(const options& opts, const run::record& recorded,
                                       const scenario::settings& current)
{
    std::vector<model::control> changes;
    std::vector<std::string> problems;
    const auto refuse = [&](std::string_view flag, std::string_view given, std::string_view is)
    {
        problems.push_back(fmt::format("--{} {}: run {} has {}, and that cannot change; leave the flag out, or begin "
                                       "another run with --run NEW",
                                       flag, given, recorded.run, is));
    };
    if (opts.seed && *opts.seed != recorded.seed)
        refuse("seed", std::to_string(*opts.seed), std::to_string(recorded.seed));
    if (opts.start && *opts.start != recorded.start)
        refuse("start-time", to_string(*opts.start), to_string(recorded.start));
    if (opts.is_given("window") && opts.window != recorded.window)
        refuse("window", std::to_string(opts.window), std::to_string(recorded.window));
    for (const auto& [name, text] : opts.given_settings)
    {
        const auto number = current.find(name);
        if (opts.configuration.printed(number) == current.printed(number))
            continue;
        if (!current.fields()[number].steerable)
        {
            refuse(name, text, current.printed(number));
            continue;
        }
        model::control entry;
        entry.what = model::control::kind::set;
        entry.field = static_cast<std::uint16_t>(number);
        entry.value = opts.configuration.number(name);
        changes.push_back(entry);
    }
    if (!problems.empty())
        throw error(error_kind::config, problems);
    return changes;
}

/// The configuration of a run as its log has left it.
scenario::settings steered(const scenario::scenario& shop, std::span<const model::control> log)
{
    auto current = shop.configuration();
    for (const auto& entry : log)
        if (entry.what == model::control::kind::set)
            current.set(entry.field, entry.value);
    return current;
}

}  // namespace

int run(const options& opts)
{
    // What is wrong with settings and seed files is told before anything connects.
    const auto seed = opts.seed ? *opts.seed : random_seed();
    auto made = make_stage(opts.run, seed, opts.configuration, opts.seed_dir);
    run::wall_clock clock;
    if (opts.start)
        check_start(*opts.start, clock.now());
    const auto to = postgres::resolve(opts.database, opts.run);
    postgres::session link(to);
    log(log_level::info, "connected", fmt::format("connected to {}", link.where()),
        {{"server_version", link.server_version() / 10000}, {"tls", link.tls().empty() ? "off" : link.tls()}});
    if (postgres::ensure_schema(link, opts.schema, *made.shop) == postgres::schema_state::created)
        log(log_level::info, "schema", fmt::format("schema {} is made, with its static data", opts.schema));

    auto recorded = postgres::load(link, opts.schema, opts.run, fields_of);
    const bool resumed = recorded.has_value();
    if (resumed)
        made = make_stage(*recorded, opts.seed_dir);
    else
        recorded = begin_run(opts, link, made, seed);
    const auto& shop = *made.shop;
    auto current = steered(shop, recorded->log);
    const auto changes = resumed ? changes_of(opts, *recorded, current) : std::vector<model::control>{};

    const auto planner = shop.plan(recorded->start);
    run::replanner(*planner, recorded->log).forward_to(recorded->settled);
    if (opts.ticks_max && planner->ticks() >= *opts.ticks_max)
    {
        log(log_level::info, "done",
            fmt::format(
                "run {} has {} ticks already: go on with --max-iter {} or more, or begin another with --run NEW",
                opts.run, planner->ticks(), planner->ticks() + *opts.ticks_max));
        return 0;
    }
    const id_codec ids(recorded->tag, recorded->seed);
    unit_no replay_below = 0;
    if (resumed && !recorded->clean)
    {
        const auto highest = postgres::highest_unit(link, opts.schema, shop, ids);
        replay_below = std::max(recorded->settled, highest ? *highest + 1 : 0) + recorded->window;
    }
    if (resumed)
        log(log_level::info, "run",
            fmt::format("run {} goes on at unit {}, tick {}{}", opts.run, recorded->settled, planner->ticks() + 1,
                        recorded->clean ? "" : "; it was not stopped cleanly: what may be there is recognised"),
            {{"seed", recorded->seed}, {"start", to_string(recorded->start)}});
    const auto record = [&](const model::control& entry)
    {
        const auto name = entry.what == model::control::kind::set ? current.fields()[entry.field].name
                                                                  : std::string_view();
        postgres::append(link, opts.schema, opts.run, entry, name);
    };
    for (auto entry : changes)
    {
        entry.unit = planner->next_no();
        record(entry);
        planner->apply(entry);
        current.set(entry.field, entry.value);
        log(log_level::info, "set",
            fmt::format("{} is {} from unit {} on", current.fields()[entry.field].name, current.printed(entry.field),
                        entry.unit));
    }
    for (const auto& line : shop.outlook())
        log(log_level::info, "outlook", line);
    for (const auto& t : shop.tables())
        log(log_level::debug, "topic", fmt::format("{}.{}.{}", opts.topic_prefix, opts.schema, t.name));

    boost::asio::io_context loop;
    boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
    boost::asio::steady_timer tick(loop);
    using steady = std::chrono::steady_clock;
    reporter report(configured_rate(current), steady::now());
    const auto functions = postgres::make_write_functions(opts.schema, shop.tables(), shop.kinds());
    const model::renderer render(shop.tables(), shop.kinds(), ids);

    run::runner::options how;
    how.workers = opts.workers;
    how.window = recorded->window;
    how.ticks_max = opts.ticks_max;
    how.pace = {opts.lag_max, !opts.unpaced, recorded->live};
    how.replay_below = replay_below;
    how.make_sink = [&] { return std::make_unique<postgres::writer>(to, opts.schema, shop, ids); };
    how.record = record;
    if (opts.echo)
        how.echo = [&](const model::unit& unit)
        {
            std::string text = functions[unit.decision.kind].call + "\n";
            render.text(unit, text);
            print_out(text);
        };
    how.warn = [](const std::string& line) { log(log_level::warning, "run", line); };
    how.done = [&] { loop.stop(); };
    run::runner runner(loop, shop, *planner, clock, how);

    int stops = 0;
    std::function<void()> await_signal = [&]
    {
        signals.async_wait(
            [&](const boost::system::error_code& failed, int number)
            {
                if (failed)
                    return;
                if (++stops > 1)
                    std::_Exit(128 + number);
                log(log_level::info, "stop",
                    "stopping: what is in flight is finished first; a second signal stops at once");
                runner.drain();
                await_signal();
            });
    };
    status_line status(opts.progress);
    std::function<void()> show = [&]
    {
        tick.expires_after(std::chrono::seconds(1));
        tick.async_wait(
            [&](const boost::system::error_code& failed)
            {
                if (failed)
                    return;
                if (status.on() && status.due())
                    status.show(report.status(runner.now(), *planner, steady::now()));
                show();
            });
    };
    const auto progress = [&](bool clean)
    {
        const auto done = runner.now();
        return postgres::progress{done.settled, clean, recorded->live || done.live};
    };

    postgres::mark(link, opts.schema, opts.run, progress(false));
    await_signal();
    show();
    runner.start();
    {
        keeper beside(to, shop, {opts.schema, opts.run, std::chrono::seconds(2), opts.heartbeat_interval, [&] {
                                     return progress(false);
                                 }});
        loop.run();
    }
    status.clear();
    const auto failure = runner.failure();
    if (link.alive())
        postgres::mark(link, opts.schema, opts.run, progress(failure == nullptr));
    const auto text = report.summary(runner.now(), *planner, steady::now());
    print_out(fmt::format("{}again     bazaard run --run {} goes on here; seed {}, start {}\n", text, opts.run,
                          recorded->seed, to_string(recorded->start)));
    if (failure)
        std::rethrow_exception(failure);
    return 0;
}

}  // namespace bazaar::app
