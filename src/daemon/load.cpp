#include "bazaar/daemon/load.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/daemon/card.hpp"
#include "bazaar/daemon/chosen.hpp"
#include "bazaar/daemon/keeper.hpp"
#include "bazaar/daemon/opening.hpp"
#include "bazaar/daemon/report.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/daemon/work_progress.hpp"
#include "bazaar/postgres/gateway.hpp"
#include "bazaar/postgres/ledger.hpp"
#include "bazaar/postgres/loader.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/output.hpp"
#include "bazaar/process/program.hpp"
#include "bazaar/run/load_plan.hpp"
#include "bazaar/run/sink.hpp"
#include "daemon/run_log.hpp"

namespace bazaar::daemon
{
namespace
{

using steady = std::chrono::steady_clock;

/// It was stopped, or something else has failed, in the middle of a chunk.
struct left
{
};

/// A load that goes on with its run open: the lease is ours.
class loading
{
public:
    loading(const settings& opts, const postgres::place& at, const std::stop_token& stop)
        : opts_(opts),
          session_name_(new_session_name(opts.run)),
          gateway_(std::make_shared<postgres::gateway>(at.named(session_name_).database, gateway_options())),
          outer_(stop, [this] { stop_.request_stop(); })
    {
    }

    load_end go()
    {
        for (;;)
        {
            try
            {
                if (!open())
                    return stopped() ? load_end::stopped : load_end::there;
                return load();
            }
            catch (const left&)
            {
                log(process::log_level::info, "stop", "stopped before the load had begun");
                return load_end::stopped;
            }
            catch (const run::history_lost& problem)
            {
                // What the log says of the chunks counts.
                log(process::log_level::warning, "server", fmt::format("{}; the load is opened again", problem.what()));
                keeper_.reset();
                gateway_->forget();
                failed_ = false;
            }
        }
    }

private:
    [[nodiscard]] bool stopped() const { return stop_.stop_requested(); }

    [[nodiscard]] postgres::gateway::options gateway_options() const
    {
        postgres::gateway::options how;
        how.outage = {std::chrono::duration_cast<std::chrono::milliseconds>(opts_.wait_for_db), error_kind::unavailable,
                      "wait-for-db"};
        how.tell = [](bool good, const std::string& line)
        { log(good ? process::log_level::info : process::log_level::warning, "server", line); };
        return how;
    }

    /// False when there is nothing to do.
    bool open()
    {
        ledger_ = std::make_unique<postgres::ledger>(gateway_, opts_.schema, opts_.run, fields_of, opts_.batch_rows);
        if (!ledger_->ready(stop_.get_token()))
            return false;
        const auto rights = ledger_->check_rights(scenario_of_run(*ledger_, opts_).tables);
        ledger_->trust();
        recorded_ = ledger_->load(opts_.run);
        if (recorded_)
            return resume();
        begin();
        tell_rights(opts_, rights);
        return !stopped();
    }

    /// Plans the history, and makes the run.
    void begin()
    {
        const auto seed = opts_.seed ? *opts_.seed : random_seed();
        made_ = opts_.card.empty() ? stage_of(opts_, seed) : make_stage(read_card(opts_.card), opts_.seed_dir);
        refuse_topics(*made_.shop);
        if (ledger_->prepare(*made_.shop))
            log(process::log_level::info, "schema",
                fmt::format("schema {} is made, with its static data", opts_.schema));
        if (opts_.fast_load)
            if (const auto filled = ledger_->with(
                    [&](postgres::session& on)
                    { return postgres::filled_tables(on, opts_.schema, made_.shop->tables()); });
                !filled.empty())
                throw error(error_kind::config,
                            fmt::format("--fast-load: the tables {} of schema {} are not empty: it makes their indexes "
                                        "anew, which is for empty ones; leave it out",
                                        fmt::join(filled, ", "), opts_.schema));
        check_no_rows(opts_, *ledger_, *made_.shop);
        const time now = ledger_->now();
        recorded_ = planned_record(opts_, *made_.shop, seed, now, [this] { return stopped(); });
        history_ = run::history::of(*made_.shop, *recorded_, {now, opts_.ticks_max}, [this] { return stopped(); });
        if (stopped())
            return;
        state_ = {history_.seam,
                  now,
                  chunk_units_of(history_.seam),
                  opts_.fast_load,
                  recorded_->log.size(),
                  std::vector<bool>(run::load_state::count(history_.seam, chunk_units_of(history_.seam)))};
        recorded_->log.push_back(state_.begin());
        ledger_->begin(*recorded_, *made_.shop, holder_of_this_process(session_name_),
                       [this](std::uint8_t table, std::uint64_t row)
                       {
                           // There may be a hundred millions of them.
                           if (stopped())
                               throw left{};
                           return made_.shop->tables()[table].version == model::no_column ||
                                  history_.rows.initial(table, row);
                       });
        log(process::log_level::info, "run",
            fmt::format("new run {} in schema {}: {} units of {} ticks are loaded, from {} to {}", recorded_->run,
                        recorded_->schema, grouped(state_.seam), grouped(history_.ticks), to_string(recorded_->start),
                        to_string(state_.at)),
            {{"seed", recorded_->seed}});
        keep();
    }

    /// Goes on with a load that was interrupted. False where there is none.
    bool resume()
    {
        check_same(opts_, *recorded_);
        const auto state = run::load_state::of(recorded_->log);
        if (!state)
        {
            if (opts_.loads)
                throw error(error_kind::config,
                            fmt::format("run {} of schema {} is there and began without a load: its units are written "
                                        "one by one; go on with bazaard run, load another with --run NEW, or remove "
                                        "this one with bazaard reset",
                                        opts_.run, opts_.schema));
            return false;
        }
        if (recorded_->settled >= state->seam && state->whole())
            return false;
        made_ = make_stage(*recorded_, opts_.seed_dir);
        const auto taken = ledger_->take(
            {holder_of_this_process(session_name_), std::chrono::seconds(10), opts_.wait, stop_.get_token(),
             [](const std::string& line) { log(process::log_level::info, "lease", line); }});
        if (!taken)
            return false;
        // Only now nobody else writes to it.
        recorded_ = ledger_->load(opts_.run);
        if (!recorded_)
            throw error(error_kind::config,
                        fmt::format("run {} of schema {} is not there any more", opts_.run, opts_.schema));
        state_ = run::load_state::of(recorded_->log).value();
        log(process::log_level::info, "run",
            fmt::format("run {}: the load goes on, {} of {} chunks are there", opts_.run,
                        std::ranges::count(state_.chunks, true), state_.chunks.size()));
        keep();
        history_ = run::history::of(*made_.shop, *recorded_, {std::nullopt, std::nullopt, state_.seam},
                                    [this] { return stopped(); });
        return !stopped();
    }

    /// The lease is renewed from now on.
    void keep()
    {
        own_ = ledger_->own();
        gateway_->outage(
            {std::chrono::duration_cast<std::chrono::milliseconds>(opts_.outage_max.value_or(std::chrono::minutes(5))),
             error_kind::temporary, "max-outage"});
        keeper::options how;
        how.sequence = recorded_->log.size();
        how.progress = [] { return run::progress{}; };
        how.failed = [this](std::exception_ptr why) { fail(why); };
        keeper_ = std::make_unique<keeper>(std::move(ledger_), std::move(how));
    }

    void fail(std::exception_ptr why)
    {
        const std::lock_guard lock(mutex_);
        if (!failure_)
            failure_ = why;
        failed_ = true;
    }

    [[nodiscard]] bool leaving() const { return failed_ || stopped(); }

    load_end load()
    {
        const auto tables = made_.shop->tables();
        rounds_ = postgres::rounds_of(*made_.shop);
        const auto begun = steady::now();
        if (state_.fast && !state_.whole())
            with_session([&](postgres::session& on) { postgres::drop_keys_and_indexes(on, opts_.schema, tables); });
        try
        {
            load_first_tables();
        }
        catch (const left&)
        {
        }
        load_chunks();
        tell_failure();
        if (stopped())
            return stop_here();
        const std::chrono::duration<double> took = steady::now() - begun;
        log(process::log_level::info, "load", fmt::format("{} rows loaded in {:.1f} s", grouped(rows_), took.count()),
            {{"rows_per_second", static_cast<double>(rows_) / std::max(took.count(), 1e-3)}});
        if (state_.fast)
            make_indexes();
        if (leaving())
        {
            tell_failure();
            return stop_here();
        }
        with_session([&](postgres::session& on) { postgres::analyze(on, opts_.schema, tables); });
        expect(end_.has_value(), "a load that is whole has come to its seam");
        const auto at = end_->at;
        keeper_->stop(run::progress{state_.seam, true, false}, at, opts_.plan_cache ? std::move(end_) : std::nullopt);
        process::print_text(
            fmt::format("rows      {} loaded in {:.1f} s ({}/s), {} units below the seam\n"
                        "again     bazaard run --run {} goes on here; seed {}, start {}\n",
                        grouped(rows_), took.count(),
                        grouped(static_cast<std::uint64_t>(static_cast<double>(rows_) / std::max(took.count(), 1e-3))),
                        grouped(state_.seam), opts_.run, recorded_->seed, to_string(recorded_->start)));
        return load_end::loaded;
    }

    void tell_failure()
    {
        const std::lock_guard lock(mutex_);
        if (!failure_)
            return;
        keeper_->stop(std::nullopt, std::nullopt);
        std::rethrow_exception(std::exchange(failure_, nullptr));
    }

    load_end stop_here()
    {
        keeper_->stop(run::progress{}, std::nullopt);
        log(process::log_level::info, "stop", "stopped; the same command goes on with the load");
        return load_end::stopped;
    }

    /// Does something on a session; again on another one when the link breaks.
    template <typename Work>
    void with_session(Work work)
    {
        std::optional<postgres::session> link;
        with_session(link, work);
        hang_up(link);
    }

    void hang_up(std::optional<postgres::session>& link)
    {
        if (!std::exchange(link, std::nullopt))
            return;
        gateway_->closed();
    }

    template <typename Work>
    void with_session(std::optional<postgres::session>& link, Work work)
    {
        while (!leaving())
        {
            if (!link && !(link = gateway_->dial(stop_.get_token())))
                return;
            try
            {
                return work(*link);
            }
            catch (const postgres::query_error& problem)
            {
                const auto what = postgres::classify(problem.cause()).what;
                const bool again = problem.cause().link_lost || what == postgres::action::in_doubt ||
                                   what == postgres::action::transient;
                if (!again)
                    throw;
                log(process::log_level::warning, "load", fmt::format("{}; that part is done again", problem.what()));
                link.reset();
                gateway_->lost(problem.what());
            }
        }
    }

    /// The units that write rows of tables of a round.
    [[nodiscard]] run::chunk_walk walk_of(std::size_t round) const
    {
        return {*made_.shop, *recorded_, state_.seam, state_.chunk_units, [this, round](const model::decision& d) {
                    return history_.rows.any(d.no) && rounds_.writes(made_.shop->kinds()[d.kind], round);
                }};
    }

    /// Adds the surviving rows of a unit in tables of a round.
    void add(const model::decision& d, std::size_t round, model::unit& room, const postgres::loader::row_taker& take,
             std::uint64_t& rows) const
    {
        if (leaving())
            throw left{};
        made_.shop->build(d, room);
        history_.rows.keep(room, made_.shop->tables());
        std::erase_if(room.changes, [&](const model::change& c) { return rounds_.of[c.table] != round; });
        rows += room.changes.size();
        std::ranges::for_each(room.changes, take);
    }

    /// What the rows of all chunks refer to.
    void load_first_tables()
    {
        if (state_.chunks[0])
            return;
        with_session(
            [&](postgres::session& on)
            {
                write(on, 0,
                      [&](const postgres::loader::row_taker& take, std::uint64_t& rows)
                      {
                          for (std::size_t round = 0; round < rounds_.last; ++round)
                              add_all(round, take, rows);
                      });
            });
    }

    /// Adds the surviving rows of all units in tables of a round.
    void add_all(std::size_t round, const postgres::loader::row_taker& take, std::uint64_t& rows) const
    {
        auto walk = walk_of(round);
        std::vector<model::decision> units;
        model::unit room;
        while (walk.next(units))
            for (const auto& d : units)
                add(d, round, room, take, rows);
    }

    template <typename Rows>
    void write(postgres::session& on, std::uint64_t number, Rows make)
    {
        const auto all = made_.shop->tables();
        postgres::loader to(opts_.schema, all, {recorded_->tag, recorded_->seed, all});
        std::uint64_t rows = 0;
        to.write(on, own_, state_.sequence + 1 + number, state_.done(number), made_.shop->configuration().fields(),
                 [&](const postgres::loader::row_taker& take) { make(take, rows); });
        rows_ += rows;
    }

    void load_chunks()
    {
        auto walk = walk_of(rounds_.last);
        work_progress line(opts_);
        const auto show = [&]
        {
            if (!line.due())
                return;
            const auto done = static_cast<double>(units_), all = static_cast<double>(std::max<unit_no>(1, state_.seam));
            const auto text = fmt::format("loading | {:.1f} % | {} rows", 100 * done / all, grouped(rows_));
            line.show(text, done, all, rows_, "rows");
        };
        side_by_side(
            opts_.workers, [&] { work(walk); }, show);
        end_ = walk.end(process::program_number().value_or(0));
    }

    void work(run::chunk_walk& walk)
    {
        std::vector<model::decision> units;
        model::unit room;
        std::optional<postgres::session> link;
        const auto skip = [this](std::uint64_t number) { return state_.chunks[number + 1]; };
        while (const auto chunk = walk.next(units, skip))
        {
            with_session(link,
                         [&](postgres::session& on)
                         {
                             write(on, chunk->number + 1,
                                   [&](const postgres::loader::row_taker& take, std::uint64_t& rows)
                                   {
                                       for (const auto& d : units)
                                           add(d, rounds_.last, room, take, rows);
                                   });
                         });
            units_ = (chunk->number + 1) * state_.chunk_units;
            if (leaving())
                break;
        }
        hang_up(link);
    }

    /// Does something in several threads; what they throw ends the load. `meanwhile` is called now and then.
    void side_by_side(std::size_t threads, const std::function<void()>& what, const std::function<void()>& meanwhile)
    {
        std::mutex mutex;
        std::condition_variable over;
        std::size_t at_work = threads;
        std::vector<std::jthread> workers;
        for (std::size_t i = 0; i < threads; ++i)
            workers.emplace_back(
                [&]
                {
                    try
                    {
                        what();
                    }
                    catch (const left&)
                    {
                    }
                    catch (...)
                    {
                        fail(std::current_exception());
                    }
                    const std::lock_guard lock(mutex);
                    --at_work;
                    over.notify_one();
                });
        std::unique_lock lock(mutex);
        while (!over.wait_for(lock, std::chrono::milliseconds(200), [&] { return at_work == 0; }))
            meanwhile();
    }

    void make_indexes()
    {
        const auto begun = steady::now();
        postgres::stages stages;
        with_session([&](postgres::session& on)
                     { stages = postgres::missing_keys_and_indexes(on, opts_.schema, made_.shop->tables()); });
        for (const auto& stage : stages)
        {
            std::atomic<std::size_t> next = 0;
            side_by_side(
                std::min<std::size_t>(opts_.workers, stage.size()),
                [&]
                {
                    for (std::size_t at = next++; at < stage.size() && !leaving(); at = next++)
                        with_session([&](postgres::session& on) { postgres::run_stage(on, stage[at]); });
                },
                [] {});
        }
        if (!leaving())
            log(process::log_level::info, "load",
                fmt::format("keys and indexes made in {:.1f} s",
                            std::chrono::duration<double>(steady::now() - begun).count()));
    }

    const settings& opts_;
    const std::string session_name_;
    std::stop_source stop_;
    std::shared_ptr<postgres::gateway> gateway_;
    std::stop_callback<std::function<void()>> outer_;
    stage made_;
    std::optional<run::record> recorded_;
    run::load_state state_;
    run::history history_;
    std::optional<run::saved_plan> end_;
    std::unique_ptr<postgres::ledger> ledger_;  ///< Until it is the keeper's.
    postgres::ownership own_;
    postgres::load_rounds rounds_;
    std::unique_ptr<keeper> keeper_;
    std::atomic<std::uint64_t> rows_ = 0, units_ = 0;
    std::atomic<bool> failed_ = false;
    std::mutex mutex_;
    std::exception_ptr failure_;
};

}  // namespace

unit_no chunk_units_of(unit_no seam) noexcept
{
    // Enough chunks for all workers, and each big enough for locks that rows share to count little.
    return std::clamp<unit_no>(seam / 32, 1024, 65'536);
}

load_end load_history(const settings& opts, const postgres::place& at, const std::stop_token& stop)
{
    return loading(opts, at, stop).go();
}

}  // namespace bazaar::daemon
