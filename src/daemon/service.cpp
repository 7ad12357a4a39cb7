#include "daemon/service_work.hpp"

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/daemon/chosen.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/postgres/schema.hpp"
#include "bazaar/postgres/writer.hpp"
#include "bazaar/process/output.hpp"
#include "bazaar/process/program.hpp"
#include "daemon/run_log.hpp"

namespace bazaar::daemon
{
namespace
{

using std::chrono::milliseconds;
using steady = std::chrono::steady_clock;

/// An outage that a run with an end waits for.
constexpr auto bounded_outage = std::chrono::minutes(5);

std::optional<milliseconds> outage_limit(const settings& opts)
{
    if (!opts.outage_max)
        return opts.ticks_max ? std::optional<milliseconds>(bounded_outage) : std::nullopt;
    if (opts.outage_max->count() == 0)
        return std::nullopt;
    return std::chrono::duration_cast<milliseconds>(*opts.outage_max);
}

/// What only the opening has needed goes back to the system: glibc would keep a third of the process for the run's whole life.
void give_back_memory()
{
#ifdef __GLIBC__
    ::malloc_trim(0);
#endif
}

}  // namespace

service::service(const settings& opts, const postgres::place& at, const std::function<settings()>& reread,
                 const std::optional<topic_states>& topics, const find_kafka& kafka)
    : opts_(opts),
      reread_(reread),
      topics_(topics),
      kafka_(kafka),
      session_name_(new_session_name(opts.run)),
      database_(postgres::place_of(at.database)),
      gateway_(std::make_shared<postgres::gateway>(at.named(session_name_).database, gateway_options())),
      busy_(loop_.get_executor()),
      signals_(loop_, SIGINT, SIGTERM, SIGHUP),
      tick_(loop_),
      watchdog_(loop_),
      drain_(loop_),
      status_(opts.progress),
      service_(process::notifier::from_environment())
{
    signals_.add(SIGUSR1);
    signals_.add(SIGUSR2);
}

service::~service()
{
    stop_.request_stop();
    cut_.request_stop();
    if (opener_.joinable())
        opener_.join();
}

int service::go()
{
    doors_.open(opts_);
    await_signal();
    every_second();
    watch();
    begin_opening();
    loop_.run();
    doors_.close();
    if (opener_.joinable())
        opener_.join();
    status_.clear();
    service_.stopping();
    // What cannot be left in time is found out by the next start.
    const std::jthread limit(
        [this, until = ends_by_.value_or(steady::now() + opts_.drain_timeout)](const std::stop_token& stop)
        {
            std::mutex mutex;
            std::condition_variable_any never;
            std::unique_lock lock(mutex);
            if (!never.wait_until(lock, stop, until, [] { return false; }) && !stop.stop_requested())
                cut_.request_stop();
        });
    if (open_ && runner_)
        end_run();
    else
    {
        // Nothing was sent: the run is as it was found.
        if (keeper_)
            keeper_->stop(
                run::progress{open_->recorded.settled, !open_->resumed || open_->recorded.clean, open_->recorded.live},
                std::nullopt);
        if (stopping_ && !failure_)
            log(process::log_level::info, "stop", "stopped before the run had begun");
    }
    if (failure_)
        end_with(failure_);
    return 0;
}

void service::end_with(const std::exception_ptr& why)
{
    try
    {
        std::rethrow_exception(why);
    }
    catch (const postgres::query_error& problem)
    {
        const auto state = problem.cause().state();
        if (open_ && (state.starts_with("42") || state.starts_with("3F")) && problem.kind() == error_kind::config)
        {
            auto lines = differences();
            lines.insert(lines.begin(), problem.what());
            throw error(error_kind::config, lines);
        }
        throw;
    }
}

std::vector<std::string> service::differences() const
{
    try
    {
        postgres::session link(gateway_->parameters(), gateway_->link());
        return postgres::schema_differences(link, opts_.schema, open_->shop().tables());
    }
    catch (const error&)
    {
        return {};  // The first line says enough.
    }
}

postgres::gateway::options service::gateway_options()
{
    postgres::gateway::options how;
    how.outage = {std::chrono::duration_cast<milliseconds>(opts_.wait_for_db), error_kind::unavailable, "wait-for-db"};
    how.link.cut = cut_.get_token();
    how.tell = [this](bool good, const std::string& line)
    {
        log(good ? process::log_level::info : process::log_level::warning, "server", line);
        chronicle_.add(good ? "back" : "lost", line);
    };
    return how;
}

void service::begin_opening()
{
    ++opening_;
    opener_ = std::thread(
        [this]
        {
            std::exception_ptr failed;
            try
            {
                open();
            }
            catch (...)
            {
                failed = std::current_exception();
            }
            boost::asio::post(loop_, [this, failed] { opened(failed); });
        });
}

void service::open()
{
    auto ledger = std::make_unique<postgres::ledger>(gateway_, opts_.schema, opts_.run, fields_of, opts_.batch_rows);
    open_ = open_run(opts_, *ledger, clock_, holder_of_this_process(session_name_), stop_.get_token());
    if (!open_ || open_->done)
        return;
    gateway_->outage({outage_limit(opts_), error_kind::temporary, "max-outage"});
    // The lease is renewed from now on, however long the plan takes.
    auto how = keeper_options(*ledger);
    keeper_ = std::make_unique<keeper>(std::move(ledger), std::move(how));
    for (unit_no no = 0; no < open_->recorded.settled && !stop_.stop_requested() && !given_up_;)
    {
        no = std::min(open_->recorded.settled, no + (unit_no{1} << 18));
        open_->plan_to(no);
    }
    open_->plan_to(std::min(open_->recorded.settled, open_->planner->next_no()));
    if (open_->planner->next_no() >= open_->recorded.settled)
        open_->check_rows();
    if (writes_to_kafka(open_->shop()) && !stop_.stop_requested() && !given_up_)
        to_kafka_.emplace(kafka_(), *open_, stop_.get_token());
}

keeper::options service::keeper_options(postgres::ledger& ledger)
{
    keeper::options how;
    how.sequence = open_->recorded.log.size();
    how.probe_interval = doors_.probe_interval();
    how.chores = chores_.of(ledger, open_->shop(), [this] { return progress(false).live; });
    how.progress = [this] { return progress(false); };
    how.marked = [this](unit_no mark)
    {
        if (auto* runner = active_.load())
            runner->marked(mark);
    };
    // What comes of an opening that is over concerns nobody any more.
    how.failed = [this, opening = opening_](std::exception_ptr why)
    {
        boost::asio::post(loop_,
                          [this, why, opening]
                          {
                              if (opening == opening_)
                                  fail(why);
                          });
    };
    how.clock = [this](time server, microseconds sent, microseconds answered)
    { tell_clock(clock_.sync(server, sent, answered)); };
    return how;
}

void service::opened(std::exception_ptr failed)
{
    opener_.join();
    // Whoever stops the opening breaks it off.
    if (stopping_)
        return leave();
    if (const auto why = failed ? failed : std::exchange(early_failure_, nullptr))
    {
        if (!failed && reopens(why))
            return;
        failure_ = why;
    }
    if (!open_ || failure_)
        return leave();
    if (open_->done)
    {
        log(process::log_level::info, "done",
            fmt::format(
                "run {} has {} ticks already: go on with --max-iter {} or more, or begin another with --run NEW",
                opts_.run, open_->planner->ticks(), open_->planner->ticks() + 1));
        return leave();
    }
    announce(*open_, opts_);
    of_ = &entry_of(open_->recorded);
    take_scenario(latest_, *of_);
    give_back_memory();
    if (!report_)
        report_.emplace(configured_rate(open_->current), steady::now());
    if (opts_.echo)
        echo_.begin(opts_.schema, open_->shop(), open_->ids);
    runner_ = std::make_unique<run::runner>(loop_, open_->shop(), open_->walk, clock_, runner_options());
    active_ = runner_.get();
    std::vector<std::string> refused;
    if (open_->resumed)
        for (const auto& entry : changes_of(latest_, open_->recorded, open_->current, refused))
            runner_->set(entry);
    if (paused_ || paused_since_)
    {
        paused_since_ = paused_since_.value_or(clock_.now());
        runner_->pause(*paused_since_);
        if (!paused_)
            runner_->resume();
    }
    runner_->start();
    service_.ready("the shop is open");
}

run::runner::options service::runner_options()
{
    run::runner::options how;
    // One producer writes in planned order.
    how.workers = to_kafka_ ? 1 : opts_.workers;
    how.window = open_->recorded.window;
    how.ticks_max = opts_.ticks_max;
    how.pace = {opts_.lag_max, !opts_.unpaced, open_->recorded.live || was_live_};
    how.replay_below = open_->replay_below;
    how.sent_below = sent_below_;
    how.rejected = open_->rejected;
    how.rejected_max = opts_.rejected_max;
    how.outage_max = outage_limit(opts_);
    how.make_sink = [this](std::stop_token stop) { return make_sink(std::move(stop)); };
    how.record = [this](const model::control& entry, run::runner::recorded done)
    { keeper_->record(entry, std::move(done)); };
    how.can_record = [this] { return keeper_->reachable(); };
    how.want_mark = [this] { keeper_->mark_soon(); };
    how.check = [this](const run::checkpoint& state)
    {
        keeper_->check(state);
        if (auto saved = plan_to_save())
            keeper_->save(std::move(*saved));
    };
    how.steered = [this](const model::control& entry) { steered(entry); };
    if (opts_.echo)
        how.echo = [this](const model::unit& unit) { echo_.show(unit); };
    how.warn = [](const std::string& line) { log(process::log_level::warning, "run", line); };
    how.done = [this] { boost::asio::post(loop_, [this] { done(); }); };
    return how;
}

std::unique_ptr<run::sink> service::make_sink(std::stop_token stop) const
{
    if (to_kafka_)
        return to_kafka_->make_sink(std::move(stop));
    return std::make_unique<postgres::writer>(
        gateway_, opts_.schema, open_->shop(), open_->ids,
        postgres::writer::options{.epoch = open_->epoch, .stop = std::move(stop)});
}

std::optional<run::saved_plan> service::plan_to_save()
{
    const auto program = opts_.plan_cache ? process::program_number() : std::nullopt;
    if (!program)
        return std::nullopt;
    return run::save_plan(open_->walk, open_->recorded, *program);
}

void service::done()
{
    const auto why = runner_->failure();
    if (why && !stopping_ && reopens(why))
        return;
    if (why && !failure_)
        failure_ = why;
    leave();
}

bool service::reopens(const std::exception_ptr& why)
{
    try
    {
        std::rethrow_exception(why);
    }
    catch (const run::history_lost& lost)
    {
        log(process::log_level::warning, "server",
            fmt::format("{}; the run is opened again and goes on from what the rows say", lost.what()));
        chronicle_.add("reopened", lost.what());
    }
    catch (...)
    {
        return false;
    }
    keeper_->stop(std::nullopt, std::nullopt);
    for (const auto kind : control_kinds)
        earlier_entries_[static_cast<std::size_t>(kind)] += keeper_->entries(kind);
    if (runner_)
    {
        const auto now = runner_->now();
        earlier_.add_earlier(now);
        sent_below_ = now.sent_below;
        if (!now.paused)
            paused_since_.reset();
        was_live_ = was_live_ || now.live;
    }
    active_ = nullptr;
    runner_.reset();
    keeper_.reset();
    to_kafka_.reset();
    open_.reset();
    given_up_ = false;
    begin_opening();
    return true;
}

void service::fail(std::exception_ptr why)
{
    if (runner_)
        return runner_->fail(why);
    // Still opening: `opened` hears of it.
    early_failure_ = why;
    given_up_ = true;
}

void service::leave()
{
    busy_.reset();
    loop_.stop();
}

run::tally service::tally() const
{
    auto all = runner_->now();
    all.add_earlier(earlier_);
    return all;
}

run::progress service::progress(bool clean) const
{
    const auto* runner = active_.load();
    if (runner == nullptr)
        return {open_->recorded.settled, false, open_->recorded.live || was_live_};
    const auto now = runner->now();
    // What an earlier process sent beyond this point has not been found yet.
    return {now.settled, clean && !now.suspects, open_->recorded.live || was_live_ || now.live};
}

void service::end_run()
{
    const bool clean = failure_ == nullptr;
    std::optional<run::checkpoint> state;
    if (clean)
        state = run::checkpoint{open_->planner->next_no(), open_->walk.steps(), open_->planner->digest()};
    keeper_->stop(progress(clean), state,
                  clean && open_->planner->next_no() > open_->recorded.settled ? plan_to_save() : std::nullopt);
    process::print_text(fmt::format("{}again     bazaard run --run {} goes on here; seed {}, start {}\n",
                                    report_->summary(tally(), *open_->planner, steady::now()), opts_.run,
                                    open_->recorded.seed, to_string(open_->recorded.start)));
}

void service::every_second()
{
    tick_.expires_after(std::chrono::seconds(1));
    tick_.async_wait(
        [this](const boost::system::error_code& failed)
        {
            if (failed)
                return;
            loop_delay_ = std::chrono::duration<double>(steady::now() - tick_.expiry()).count();
            doors_.report();
            if (runner_)
            {
                runner_->watch();
                meter_.add(steady::now(), tally().written(), open_->planner->ticks());
            }
            if (runner_ && status_.on() && status_.due())
            {
                const auto line = report_->status(tally(), *open_->planner, steady::now());
                status_.show(line);
                service_.status(line);
            }
            every_second();
        });
}

void service::watch()
{
    const auto interval = service_.watchdog_interval();
    if (!interval)
        return;
    service_.watchdog();
    watchdog_.expires_after(*interval);
    watchdog_.async_wait(
        [this](const boost::system::error_code& failed)
        {
            if (!failed)
                watch();
        });
}

served keep_alive(const settings& opts, const postgres::place& at, const std::function<settings()>& reread,
                  const std::optional<topic_states>& topics, const find_kafka& kafka)
{
    service one(opts, at, reread, topics, kafka);
    const int code = one.go();
    return {code, one.stopped()};
}

}  // namespace bazaar::daemon
