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

/// A run with everything that belongs to it, ready to go on at its next unit.
struct opened_run
{
    postgres::connection_parameters to;
    postgres::session link;
    stage made;
    run::record recorded;
    bool resumed = false;
    scenario::settings current;  ///< As the log has left them.
    std::unique_ptr<scenario::planner> planner;
    id_codec ids;

    [[nodiscard]] const scenario::scenario& shop() const { return *made.shop; }

    /// Makes a control entry durable.
    void record(const model::control& entry)
    {
        const bool sets = entry.what == model::control::kind::set;
        postgres::append(link, recorded.schema, recorded.run, entry, sets ? current.fields()[entry.field].name : "");
    }
};

/// Connects, makes or checks the schema, and finds the run or begins it.
opened_run open_run(const options& opts)
{
    // What is wrong with settings and seed files is told before anything connects.
    const auto seed = opts.seed ? *opts.seed : random_seed();
    auto made = make_stage(opts.run, seed, opts.configuration, opts.seed_dir);
    if (opts.start)
        check_start(*opts.start, run::wall_clock().now());
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
    auto current = steered(*made.shop, recorded->log);
    auto planner = made.shop->plan(recorded->start);
    run::replanner(*planner, recorded->log).forward_to(recorded->settled);
    const id_codec ids(recorded->tag, recorded->seed);
    return {to,      std::move(link),    std::move(made),    std::move(*recorded),
            resumed, std::move(current), std::move(planner), ids};
}

/// Units below this one may have been sent before: after anything but a clean stop, the rows tell. Units without a row of
/// their own may lie behind it; the runner finds them.
unit_no replay_limit(opened_run& open)
{
    if (!open.resumed || open.recorded.clean)
        return 0;
    const auto highest = postgres::highest_unit(open.link, open.recorded.schema, open.shop(), open.ids);
    return std::max(open.recorded.settled, highest ? *highest + 1 : 0) + open.recorded.window;
}

/// Puts changes into the log and the plan.
void steer(opened_run& open, const std::vector<model::control>& changes)
{
    for (auto entry : changes)
    {
        entry.unit = open.planner->next_no();
        open.record(entry);
        open.planner->apply(entry);
        open.current.set(entry.field, entry.value);
        log(log_level::info, "set",
            fmt::format("{} is {} from unit {} on", open.current.fields()[entry.field].name,
                        open.current.printed(entry.field), entry.unit));
    }
}

void announce(const opened_run& open, const options& opts)
{
    if (open.resumed)
        log(log_level::info, "run",
            fmt::format("run {} goes on at unit {}, tick {}{}", opts.run, open.recorded.settled,
                        open.planner->ticks() + 1,
                        open.recorded.clean ? "" : "; it was not stopped cleanly: what may be there is recognised"),
            {{"seed", open.recorded.seed}, {"start", to_string(open.recorded.start)}});
    for (const auto& line : open.shop().outlook())
        log(log_level::info, "outlook", line);
    for (const auto& t : open.shop().tables())
        log(log_level::debug, "topic", fmt::format("{}.{}.{}", opts.topic_prefix, opts.schema, t.name));
}

/// The event loop around a runner: signals, status line, mark and heartbeat.
class main_loop
{
public:
    using steady = std::chrono::steady_clock;

    main_loop(opened_run& open, const options& opts, unit_no replay_below)
        : open_(open),
          opts_(opts),
          signals_(loop_, SIGINT, SIGTERM),
          tick_(loop_),
          status_(opts.progress),
          report_(configured_rate(open.current), steady::now()),
          functions_(postgres::make_write_functions(opts.schema, open.shop().tables(), open.shop().kinds())),
          render_(open.shop().tables(), open.shop().kinds(), open.ids),
          runner_(loop_, open.shop(), *open.planner, clock_, runner_options(replay_below))
    {
    }

    /// Runs to the end. Throws what ended the run before its time.
    void go()
    {
        postgres::mark(open_.link, opts_.schema, opts_.run, progress(false));
        await_signal();
        show_status();
        runner_.start();
        {
            const keeper beside(open_.to, open_.shop(),
                                {opts_.schema, opts_.run, std::chrono::seconds(2), opts_.heartbeat_interval,
                                 [this] { return progress(false); }});
            loop_.run();
        }
        status_.clear();
        const auto failure = runner_.failure();
        leave_mark(failure == nullptr);
        print_out(fmt::format("{}again     bazaard run --run {} goes on here; seed {}, start {}\n",
                              report_.summary(runner_.now(), *open_.planner, steady::now()), opts_.run,
                              open_.recorded.seed, to_string(open_.recorded.start)));
        if (failure)
            std::rethrow_exception(failure);
    }

private:
    run::runner::options runner_options(unit_no replay_below)
    {
        run::runner::options how;
        how.workers = opts_.workers;
        how.window = open_.recorded.window;
        how.ticks_max = opts_.ticks_max;
        how.pace = {opts_.lag_max, !opts_.unpaced, open_.recorded.live};
        how.replay_below = replay_below;
        how.make_sink = [this]
        { return std::make_unique<postgres::writer>(open_.to, opts_.schema, open_.shop(), open_.ids); };
        how.record = [this](const model::control& entry) { open_.record(entry); };
        if (opts_.echo)
            how.echo = [this](const model::unit& unit) { echo(unit); };
        how.warn = [](const std::string& line) { log(log_level::warning, "run", line); };
        how.done = [this] { loop_.stop(); };
        return how;
    }

    void echo(const model::unit& unit)
    {
        std::string text = functions_[unit.decision.kind].call + "\n";
        render_.text(unit, text);
        print_out(text);
    }

    void await_signal()
    {
        signals_.async_wait(
            [this](const boost::system::error_code& failed, int number)
            {
                if (failed)
                    return;
                if (stopping_)
                    std::_Exit(128 + number);
                stopping_ = true;
                log(log_level::info, "stop",
                    "stopping: what is in flight is finished first; a second signal stops at once");
                await_signal();
                runner_.drain();
            });
    }

    void show_status()
    {
        tick_.expires_after(std::chrono::seconds(1));
        tick_.async_wait(
            [this](const boost::system::error_code& failed)
            {
                if (failed)
                    return;
                if (status_.on() && status_.due())
                    status_.show(report_.status(runner_.now(), *open_.planner, steady::now()));
                show_status();
            });
    }

    [[nodiscard]] postgres::progress progress(bool clean) const
    {
        const auto done = runner_.now();
        return {done.settled, clean, open_.recorded.live || done.live};
    }

    /// A mark that cannot be left costs the next start a few replays, no more.
    void leave_mark(bool clean)
    {
        try
        {
            if (!open_.link.alive())
                open_.link = postgres::session(open_.to);
            postgres::mark(open_.link, opts_.schema, opts_.run, progress(clean));
        }
        catch (const error& problem)
        {
            log(log_level::warning, "mark", problem.what());
        }
    }

    opened_run& open_;
    const options& opts_;
    boost::asio::io_context loop_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer tick_;
    bool stopping_ = false;
    run::wall_clock clock_;
    status_line status_;
    reporter report_;
    std::vector<postgres::write_function> functions_;
    model::renderer render_;
    run::runner runner_;
};

}  // namespace

int run(const options& opts)
{
    auto open = open_run(opts);
    const auto changes = open.resumed ? changes_of(opts, open.recorded, open.current) : std::vector<model::control>{};
    if (opts.ticks_max && open.planner->ticks() >= *opts.ticks_max)
    {
        log(log_level::info, "done",
            fmt::format(
                "run {} has {} ticks already: go on with --max-iter {} or more, or begin another with --run NEW",
                opts.run, open.planner->ticks(), open.planner->ticks() + 1));
        return 0;
    }
    const auto replay_below = replay_limit(open);
    announce(open, opts);
    steer(open, changes);
    main_loop(open, opts, replay_below).go();
    return 0;
}

}  // namespace bazaar::app
