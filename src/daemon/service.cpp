#include "bazaar/daemon/service.hpp"

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/capture/doctor.hpp"
#include "bazaar/daemon/chosen.hpp"
#include "bazaar/daemon/keeper.hpp"
#include "bazaar/daemon/load.hpp"
#include "bazaar/daemon/observing.hpp"
#include "bazaar/daemon/opening.hpp"
#include "bazaar/daemon/report.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/model/render.hpp"
#include "bazaar/postgres/diagnosis.hpp"
#include "bazaar/postgres/functions.hpp"
#include "bazaar/postgres/gateway.hpp"
#include "bazaar/postgres/heartbeat.hpp"
#include "bazaar/postgres/ledger.hpp"
#include "bazaar/postgres/schema.hpp"
#include "bazaar/postgres/writer.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/notify.hpp"
#include "bazaar/process/output.hpp"
#include "bazaar/process/program.hpp"
#include "bazaar/process/stop_by_signal.hpp"
#include "bazaar/run/clock.hpp"
#include "bazaar/run/runner.hpp"
#include "daemon/run_log.hpp"

namespace bazaar::daemon
{
namespace
{

using std::chrono::milliseconds;
using steady = std::chrono::steady_clock;

/// An outage that a run with an end waits for.
constexpr auto bounded_outage = std::chrono::minutes(5);

/// How often slots are looked at.
constexpr microseconds slots_interval = std::chrono::seconds(10);

std::optional<milliseconds> outage_limit(const settings& opts)
{
    if (!opts.outage_max)
        return opts.ticks_max ? std::optional<milliseconds>(bounded_outage) : std::nullopt;
    if (opts.outage_max->count() == 0)
        return std::nullopt;
    return std::chrono::duration_cast<milliseconds>(*opts.outage_max);
}

double seconds(microseconds d)
{
    return std::chrono::duration<double>(d).count();
}

constexpr std::array control_kinds{model::control::kind::set, model::control::kind::shift, model::control::kind::load,
                                   model::control::kind::ddl, model::control::kind::reject};

double since_1970(std::chrono::system_clock::time_point at)
{
    return std::chrono::duration<double>(at.time_since_epoch()).count();
}

/// What only the opening has needed goes back to the system: glibc would keep a third of the process for the run's whole life.
void give_back_memory()
{
#ifdef __GLIBC__
    ::malloc_trim(0);
#endif
}

/// A run from its opening to its end, around one event loop: signals, timers, and every time that history was lost another
/// opening.
class service
{
public:
    service(const settings& opts, const std::function<settings()>& reread, const std::optional<topic_states>& topics)
        : opts_(opts),
          reread_(reread),
          topics_(topics),
          session_name_(new_session_name(opts.run)),
          gateway_(std::make_shared<postgres::gateway>(postgres::resolve(opts.database, session_name_.substr(8)),
                                                       gateway_options())),
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

    ~service()
    {
        stop_.request_stop();
        cut_.request_stop();
        if (opener_.joinable())
            opener_.join();
    }

    service(const service&) = delete;
    service& operator=(const service&) = delete;

    /// Runs to the end. Throws what ended the run before its time.
    int go()
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
                keeper_->stop(run::progress{open_->recorded.settled, !open_->resumed || open_->recorded.clean,
                                            open_->recorded.live},
                              std::nullopt);
            if (stopping_ && !failure_)
                log(process::log_level::info, "stop", "stopped before the run had begun");
        }
        if (failure_)
            end_with(failure_);
        return 0;
    }

    /// By a signal, or by whoever controls it.
    [[nodiscard]] bool stopped() const noexcept { return stopping_; }

private:
    /// A table or column that is missing is named: the server says only what it stumbled over.
    [[noreturn]] void end_with(const std::exception_ptr& why)
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

    [[nodiscard]] std::vector<std::string> differences() const
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

    [[nodiscard]] postgres::gateway::options gateway_options()
    {
        postgres::gateway::options how;
        how.outage = {std::chrono::duration_cast<milliseconds>(opts_.wait_for_db), error_kind::unavailable,
                      "wait-for-db"};
        how.link.cut = cut_.get_token();
        how.tell = [this](bool good, const std::string& line)
        {
            log(good ? process::log_level::info : process::log_level::warning, "server", line);
            chronicle_.add(good ? "back" : "lost", line);
        };
        return how;
    }

    // ---- Opening, in a thread of its own: signals are heard meanwhile.

    void begin_opening()
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

    void open()
    {
        auto ledger = std::make_unique<postgres::ledger>(gateway_, opts_.schema, opts_.run, fields_of,
                                                         opts_.batch_rows);
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
    }

    /// `ledger` is the keeper's.
    [[nodiscard]] keeper::options keeper_options(postgres::ledger& ledger)
    {
        keeper::options how;
        how.sequence = open_->recorded.log.size();
        how.probe_interval = doors_.probe_interval();
        how.chores.push_back({opts_.heartbeat_interval, [this, &ledger] { return beat(ledger); }});
        how.chores.push_back(
            {slots_.on() ? slots_interval : microseconds{0}, [this, &ledger] { return look_at_slots(ledger); }});
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

    // ---- Chores, in the keeper's thread

    bool beat(postgres::ledger& ledger)
    {
        if (!progress(false).live)
            return true;
        ledger.with([&](postgres::session& on) { postgres::touch(on, opts_.schema, open_->shop()); });
        beaten_ = std::chrono::system_clock::now();
        return true;
    }

    bool look_at_slots(postgres::ledger& ledger)
    {
        try
        {
            const auto slots = ledger.with([](postgres::session& on) { return postgres::read_slots(on); });
            {
                const std::lock_guard lock(seen_mutex_);
                seen_slots_.clear();
                for (const auto& one : slots)
                    seen_slots_.push_back({one.name, one.active, one.retained});
            }
            for (const auto& line : slots_.see(slots))
                log(line.good ? process::log_level::info : process::log_level::warning, "slot", line.text);
            return true;
        }
        catch (const postgres::query_error& problem)
        {
            if (problem.cause().link_lost)
                throw;
            // The shop goes on without.
            log(process::log_level::warning, "slot",
                fmt::format("what slots retain is not watched: {}", problem.what()));
            return false;
        }
    }

    void opened(std::exception_ptr failed)
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
        of_ = &entry_named(open_->recorded.scenario);
        take_scenario(latest_, *of_);
        give_back_memory();
        if (!report_)
            report_.emplace(configured_rate(open_->current), steady::now());
        functions_ = postgres::make_write_functions(opts_.schema, open_->shop().tables(), open_->shop().kinds());
        render_.emplace(open_->shop().tables(), open_->shop().kinds(), open_->ids);
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

    // ---- Running

    [[nodiscard]] run::runner::options runner_options()
    {
        run::runner::options how;
        how.workers = opts_.workers;
        how.window = open_->recorded.window;
        how.ticks_max = opts_.ticks_max;
        how.pace = {opts_.lag_max, !opts_.unpaced, open_->recorded.live || was_live_};
        how.replay_below = open_->replay_below;
        how.sent_below = sent_below_;
        how.rejected = open_->rejected;
        how.rejected_max = opts_.rejected_max;
        how.outage_max = outage_limit(opts_);
        how.make_sink = [this](std::stop_token stop)
        {
            return std::make_unique<postgres::writer>(gateway_, opts_.schema, open_->shop(), open_->ids,
                                                      postgres::writer::options{.epoch = open_->epoch, .stop = stop});
        };
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
            how.echo = [this](const model::unit& unit) { echo(unit); };
        how.warn = [](const std::string& line) { log(process::log_level::warning, "run", line); };
        how.done = [this] { boost::asio::post(loop_, [this] { done(); }); };
        return how;
    }

    /// The planner's state, if it is to be kept.
    [[nodiscard]] std::optional<run::saved_plan> plan_to_save()
    {
        const auto program = opts_.plan_cache ? process::program_number() : std::nullopt;
        if (!program)
            return std::nullopt;
        return run::save_plan(open_->walk, open_->recorded, *program);
    }

    void echo(const model::unit& unit)
    {
        std::string text;
        if (unshown_ > 0)
            text = fmt::format("({} units are not shown: nobody read them in time)\n", unshown_);
        text += functions_[unit.decision.kind].call + "\n";
        render_->text(unit, text);
        if (!process::offer_text(text))
        {
            if (unshown_++ == 0)
                log(process::log_level::warning, "echo",
                    "nobody reads stdout: units are not shown there until somebody does");
            return;
        }
        if (const auto missed = std::exchange(unshown_, 0); missed > 0)
            log(process::log_level::warning, "echo",
                fmt::format("stdout is read again: {} units were not shown", missed), {{"units", missed}});
    }

    void steered(const model::control& entry)
    {
        if (entry.what == model::control::kind::shift)
            chronicle_.add("shift", fmt::format("business time moved by {:.1f} s", seconds(microseconds(entry.value))));
        if (entry.what != model::control::kind::set)
            return;
        open_->current.set(entry.field, entry.value);
        report_->rate(configured_rate(open_->current));
        const auto line = fmt::format("{} is {} from unit {} on", open_->current.fields()[entry.field].name,
                                      open_->current.printed(entry.field), entry.unit);
        log(process::log_level::info, "set", line);
        chronicle_.add("set", line);
    }

    /// The last unit is settled, or the runner has failed.
    void done()
    {
        const auto why = runner_->failure();
        if (why && !stopping_ && reopens(why))
            return;
        if (why && !failure_)
            failure_ = why;
        leave();
    }

    /// Commits were lost: what the rows say counts.
    bool reopens(const std::exception_ptr& why)
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
        open_.reset();
        given_up_ = false;
        begin_opening();
        return true;
    }

    void fail(std::exception_ptr why)
    {
        if (runner_)
            return runner_->fail(why);
        // Still opening: `opened` hears of it.
        early_failure_ = why;
        given_up_ = true;
    }

    void leave()
    {
        busy_.reset();
        loop_.stop();
    }

    [[nodiscard]] run::tally tally() const
    {
        auto all = runner_->now();
        all.add_earlier(earlier_);
        return all;
    }

    /// Any thread.
    [[nodiscard]] run::progress progress(bool clean) const
    {
        const auto* runner = active_.load();
        if (runner == nullptr)
            return {open_->recorded.settled, false, open_->recorded.live || was_live_};
        const auto now = runner->now();
        // What an earlier process sent beyond this point has not been found yet.
        return {now.settled, clean && !now.suspects, open_->recorded.live || was_live_ || now.live};
    }

    void end_run()
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

    // ---- Observation and live control

    /// What is shown to others. While the run is being opened, its parts belong to the opener.
    [[nodiscard]] observe::snapshot look()
    {
        observe::snapshot all;
        all.version = process::program_version();
        all.clock = run::machine_time();
        all.happenings = chronicle_.newest();
        all.control = doors_.control();
        all.run = opts_.run;
        all.schema = opts_.schema;
        all.where = gateway_->where();
        all.database = database_;
        all.database_up = !gateway_->away();
        all.compiler = process::compiler();
        all.connecting = gateway_->dialing();
        all.connects = gateway_->counts().connects;
        all.connect_failures = gateway_->counts().failed;
        all.sessions_lost = gateway_->counts().lost;
        all.connect_times = gateway_->connect_times();
        if (topics_)
            all.topics = {{"made", topics_->made}, {"there", topics_->there}, {"differing", topics_->differing}};
        all.loop_delay = loop_delay_;
        all.http_refused = doors_.refused();
        all.reloads = reloads_;
        all.reload_failures = reload_failures_;
        all.last_reload = last_reload_;
        all.log_lines_lost = process::log_lines_lost();
        all.sessions = gateway_->open_sessions();
        all.sales = shown_sales();
        all.shown = of_->shown;
        if (!runner_)
            all.done = earlier_;
        if (!runner_)
        {
            all.now = stopping_ ? observe::state::stopping : observe::state::opening;
            all.reasons.emplace_back(stopping_ ? "the daemon stops" : "the run is being opened");
            all.line = std::string(name(all.now));
            return all;
        }
        const auto own = runner_->now();
        all.done = own;
        all.done.add_earlier(earlier_);
        all.now = stopping_    ? observe::state::stopping
                  : own.paused ? observe::state::paused
                  : own.live   ? observe::state::running
                               : observe::state::history;
        all.scenario = open_->recorded.scenario;
        all.seed = open_->recorded.seed;
        all.start = open_->recorded.start;
        all.epoch = open_->epoch;
        all.ticks = open_->planner->ticks();
        all.planned = open_->planner->next_no();
        all.lag = runner_->late();
        all.target = configured_rate(open_->current);
        if (const auto* pace = scenario::pace_of(of_->fields))
            all.pace = pace->name;
        all.actual = meter_.ticks();
        all.units = meter_.units();
        open_->planner->figures(all.figures);
        const auto fields = open_->current.fields();
        for (std::size_t i = 0; i < fields.size(); ++i)
            if (fields[i].steerable)
                all.settings.emplace_back(fields[i].name, open_->current.printed(i));
        for (const auto& kind : open_->shop().kinds())
            all.kinds.push_back(kind.name);
        for (const auto& table : open_->shop().tables())
            all.tables.push_back(table.name);
        all.window = open_->recorded.window;
        all.lease_held = true;
        if (const auto at = beaten_.load(); at.time_since_epoch().count() != 0)
            all.last_heartbeat = since_1970(at);
        for (const auto kind : control_kinds)
            all.control_entries.emplace_back(model::name(kind), entries_of(kind));
        {
            const std::lock_guard lock(seen_mutex_);
            all.slots = seen_slots_;
        }
        if (stopping_)
            all.reasons.emplace_back("the daemon stops");
        if (!all.database_up)
            all.reasons.emplace_back("PostgreSQL is away");
        else if (!keeper_->reachable() || (keeper_->silence() > doors_.silence_max() && !gateway_->short_of_sessions()))
            all.reasons.emplace_back("PostgreSQL does not answer");
        all.ready = all.reasons.empty();
        all.database_up = all.database_up && keeper_->reachable();
        all.line = report_->line(all.units, all.done, *open_->planner);
        return all;
    }

    /// A sale is built again when it is first looked at, and not where it was written.
    [[nodiscard]] std::vector<observe::sold> shown_sales()
    {
        if (!runner_)
            return sales_;
        const auto newest = runner_->sales();
        std::vector<observe::sold> all;
        for (const auto& one : newest)
        {
            const auto known = std::find_if(sales_.begin(), sales_.end(),
                                            [&](const observe::sold& s) { return s.unit == one.no; });
            if (known != sales_.end())
            {
                all.push_back(std::move(*known));
                continue;
            }
            open_->shop().build(one, shown_unit_);
            auto told = open_->shop().sale_of(shown_unit_);
            all.push_back({one.no, to_string(open_->ids.encode(told.id)), one.at, std::move(told.cells)});
        }
        // Of a runner that has sold nothing yet: what was there before it.
        if (!all.empty())
            sales_ = std::move(all);
        return sales_;
    }

    /// Entries that this process has written.
    [[nodiscard]] std::uint64_t entries_of(model::control::kind what) const
    {
        return earlier_entries_[static_cast<std::size_t>(what)] + keeper_->entries(what);
    }

    [[nodiscard]] observe::obeyed obey(const observe::order& given)
    {
        using observe::verb;
        if (stopping_ && given.what != verb::drain)
            return {503, {"the daemon stops"}};
        switch (given.what)
        {
        case verb::pause:
            return pause();
        case verb::resume:
            return resume();
        case verb::set:
            return set(given);
        case verb::drain:
            break;
        }
        // Behind the answer.
        if (!stopping_)
            boost::asio::post(loop_,
                              [this]
                              {
                                  if (!stopping_)
                                      stop(SIGTERM);
                              });
        return {202, {"what is in flight is finished, then the daemon ends"}};
    }

    [[nodiscard]] observe::obeyed pause()
    {
        if (!std::exchange(paused_, true))
        {
            log(process::log_level::info, "pause", "paused: nothing more is planned until somebody resumes");
            chronicle_.add("pause", "paused");
        }
        if (!runner_)
            return {202, {"paused before the run has begun"}};
        const auto now = runner_->now();
        if (!now.paused)
            paused_since_ = clock_.now();
        runner_->pause(*paused_since_);
        return {202, {fmt::format("paused; {} units that were planned before are finished", now.span)}};
    }

    [[nodiscard]] observe::obeyed resume()
    {
        if (!std::exchange(paused_, false))
            return {202, {"it is not paused"}};
        log(process::log_level::info, "resume", "resumed");
        chronicle_.add("resume", "resumed");
        if (runner_)
            runner_->resume();
        return {202, {"the run goes on"}};
    }

    /// The values that will hold when all that was asked for is recorded.
    [[nodiscard]] scenario::settings coming() const
    {
        auto all = open_->current;
        for (const auto& entry : runner_->coming())
            all.set(entry.field, entry.value);
        return all;
    }

    /// What a reload reaches, value by value; it holds until flags and files are read again.
    [[nodiscard]] observe::obeyed set(const observe::order& given)
    {
        if (!runner_)
            return {503, {"the run is being opened: ask again"}};
        auto asked = with_settings(latest_, given.settings);
        auto wrong = std::move(asked.wrong);
        std::vector<model::control> entries;
        if (wrong.empty())
            entries = changes_of(asked.only, open_->recorded, coming(), wrong);
        if (!wrong.empty())
            return {422, wrong};
        latest_ = std::move(asked.all);
        for (const auto& entry : entries)
            runner_->set(entry);
        return {202,
                {entries.empty() ? std::string("nothing changes: these are the values already")
                                 : fmt::format("{} values change with the next unit", entries.size())}};
    }

    // ---- Signals and timers

    void await_signal()
    {
        signals_.async_wait(
            [this](const boost::system::error_code& failed, int number)
            {
                if (failed)
                    return;
                await_signal();
                switch (number)
                {
                case SIGHUP:
                    return reload();
                case SIGUSR1:
                    if (runner_)
                        log(process::log_level::info, "status",
                            report_->status(tally(), *open_->planner, steady::now()));
                    return;
                case SIGUSR2:
                    level_ = level_ == process::log_level::debug ? opts_.level : process::log_level::debug;
                    process::set_log_level(level_);
                    return;
                default:
                    return stop(number);
                }
            });
    }

    void stop(int number)
    {
        if (std::exchange(stopping_, true))
        {
            process::flush_log(std::chrono::milliseconds(200));
            std::_Exit(128 + number);
        }
        log(process::log_level::info, "stop",
            "stopping: what is in flight is finished first; a second signal stops at once");
        chronicle_.add("stop", "stopping");
        service_.stopping();
        service_.extend_timeout(opts_.drain_timeout + std::chrono::seconds(5));
        stop_.request_stop();
        ends_by_ = steady::now() + opts_.drain_timeout;
        process::end_output_by(*ends_by_);
        // What is left of it goes to the last mark and the last lines.
        drain_.expires_at(*ends_by_ - std::min<microseconds>(opts_.drain_timeout / 10, milliseconds(500)));
        drain_.async_wait(
            [this](const boost::system::error_code& failed)
            {
                if (failed)
                    return;
                cut_.request_stop();
                if (!runner_)
                    return;
                runner_->fail(std::make_exception_ptr(error(
                    error_kind::temporary, fmt::format("units in flight could not be finished within "
                                                       "--drain-timeout {:.0f} s; the next start finds out what became "
                                                       "of them",
                                                       seconds(opts_.drain_timeout)))));
            });
        if (runner_)
            runner_->drain();
    }

    /// Reads flags, environment and configuration file again: rates, probabilities and the log level take effect.
    void reload()
    {
        service_.reloading();
        try
        {
            const auto fresh = reread_();
            latest_ = fresh;
            level_ = fresh.level;
            process::set_log_level(level_);
            std::vector<std::string> refused;
            if (runner_)
            {
                for (const auto& entry : changes_of(fresh, open_->recorded, coming(), refused))
                    runner_->set(entry);
                take_scenario(latest_, *of_);
            }
            for (const auto& line : refused)
                log(process::log_level::warning, "reload", line);
            log(process::log_level::info, "reload", "the configuration was read again");
            ++reloads_;
            last_reload_ = since_1970(std::chrono::system_clock::now());
        }
        catch (const error& problem)
        {
            for (const auto& line : problem.lines())
                log(process::log_level::error, "reload", line);
            log(process::log_level::warning, "reload", "the configuration stays as it was");
            ++reload_failures_;
        }
        service_.ready("the configuration was read again");
    }

    void every_second()
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

    /// The loop turns: that is what the service manager wants to know.
    void watch()
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

    const settings& opts_;
    settings latest_ = opts_;                   ///< As they were read last.
    const scenario::entry* of_ = opts_.chosen;  ///< What the run is of, as far as is known.
    const std::function<settings()>& reread_;
    const std::optional<topic_states> topics_;
    const std::string session_name_;
    const postgres::database_place database_{database_of(opts_)};
    std::stop_source stop_;  ///< Ends the waiting for the server.
    std::stop_source cut_;   ///< Ends calls that are under way, too.
    observe::chronicle chronicle_;
    std::shared_ptr<postgres::gateway> gateway_;
    run::reference_clock clock_;

    boost::asio::io_context loop_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer tick_, watchdog_, drain_;
    bool stopping_ = false;
    std::optional<steady::time_point> ends_by_;
    process::log_level level_ = opts_.level;
    process::status_line status_;
    process::notifier service_;
    std::exception_ptr failure_;

    std::thread opener_;
    int opening_ = 0;                    ///< Number of the present one.
    std::exception_ptr early_failure_;   ///< Of the keeper, while the run was still being opened.
    std::atomic<bool> given_up_{false};  ///< There is one.
    std::unique_ptr<opened_run> open_;
    std::optional<reporter> report_;
    std::vector<postgres::write_function> functions_;
    std::optional<model::renderer> render_;
    run::tally earlier_;            ///< Of runners before the present one.
    unit_no sent_below_ = no_unit;  ///< As the last of them knew.
    capture::slot_watch slots_{opts_.slot_wal_warn};
    bool was_live_ = false;  ///< One of them had caught up with the clock.
    bool paused_ = false;    ///< As it was asked for last.
    std::optional<time> paused_since_;
    rate_meter meter_;
    std::uint64_t unshown_ = 0;  ///< Units in a row that stdout did not take.
    double loop_delay_ = 0;
    std::uint64_t reloads_ = 0, reload_failures_ = 0;
    std::optional<double> last_reload_;
    std::array<std::uint64_t, control_kinds.size()> earlier_entries_{};  ///< Of keepers before the present one.
    std::atomic<std::chrono::system_clock::time_point> beaten_{};        ///< When the heartbeat was written last.
    std::mutex seen_mutex_;
    std::vector<observe::slot> seen_slots_;
    std::vector<observe::sold> sales_;  ///< As they were shown last.
    model::unit shown_unit_;
    std::unique_ptr<run::runner> runner_;
    std::atomic<run::runner*> active_{nullptr};
    std::unique_ptr<keeper> keeper_;
    observing doors_{loop_,
                     {[this] { return look(); }, [this](const observe::order& given) { return obey(given); }, {}, {}}};
};

}  // namespace

served keep_alive(const settings& opts, const std::function<settings()>& reread,
                  const std::optional<topic_states>& topics)
{
    service one(opts, reread, topics);
    const int code = one.go();
    return {code, one.stopped()};
}

}  // namespace bazaar::daemon
