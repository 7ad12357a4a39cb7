#include "app/keeper.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "bazaar/app/logging.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/postgres/classify.hpp"
#include "bazaar/postgres/diagnosis.hpp"
#include "bazaar/postgres/heartbeat.hpp"
#include "bazaar/run/reference_clock.hpp"

namespace bazaar::app
{
namespace
{

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto retry_interval = 200ms;
constexpr auto slots_interval = 10s;
constexpr auto records = postgres::session_use::records;
constexpr auto never = clock::time_point::max();

/// How long a stop goes on keeping the plan.
constexpr auto save_limit = 5s;

/// Of a saved plan, in bytes: it goes through the server's log.
constexpr std::size_t saved_plan_max = std::size_t{64} << 20;

bool fits(const run::saved_plan& plan)
{
    if (plan.bytes.size() <= saved_plan_max)
        return true;
    log(log_level::info, "plan",
        fmt::format("the plan's state has {} MB and is not kept", plan.bytes.size() / 1'000'000));
    return false;
}

}  // namespace

keeper::keeper(std::shared_ptr<postgres::gateway> to, postgres::session link, const scenario::scenario& shop,
               options opts)
    : to_(std::move(to)),
      shop_(shop),
      options_(std::move(opts)),
      link_(std::move(link)),
      mark_at_(clock::now()),
      beat_at_(options_.heartbeat_interval.count() > 0 ? clock::now() : never),
      slots_at_(options_.slots != nullptr && options_.slots->on() ? clock::now() : never),
      thread_([this] { work(); })
{
}

keeper::~keeper()
{
    stop(std::nullopt, std::nullopt);
}

void keeper::record(const model::control& entry, run::runner::recorded done)
{
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back({entry, {}, std::move(done)});
    }
    changed_.notify_all();
}

void keeper::check(const run::checkpoint& state)
{
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back({std::nullopt, state, [](std::exception_ptr) {}});
    }
    changed_.notify_all();
}

void keeper::mark_soon()
{
    {
        const std::lock_guard lock(mutex_);
        mark_wanted_ = true;
    }
    changed_.notify_all();
}

void keeper::save(run::saved_plan state)
{
    if (!fits(state))
        return;
    {
        const std::lock_guard lock(mutex_);
        saved_ = std::move(state);
    }
    changed_.notify_all();
}

void keeper::halt()
{
    {
        const std::lock_guard lock(mutex_);
        stop_.request_stop();
    }
    changed_.notify_all();
    if (thread_.joinable())
        thread_.join();
}

void keeper::stop(std::optional<postgres::progress> last, std::optional<run::checkpoint> state,
                  std::optional<run::saved_plan> plan)
{
    halt();
    const bool away = to_->away();
    if (link_ && !link_->alive())
        drop("the connection is gone");
    const bool counted = link_.has_value();
    try
    {
        // One attempt, and none where the server is away: a mark that is not left costs the next start a few replays.
        if (last && !link_ && !away)
            link_.emplace(to_->parameters(), to_->link());
        if (state && link_)
            postgres::append(*link_, options_.own, *state);
        if (last && link_)
            postgres::release(*link_, options_.own, *last);
        if (plan && link_ && fits(*plan))
        {
            postgres::plan_writer writer(std::move(*plan));
            const auto end = clock::now() + save_limit;
            link_->call_deadline(save_limit);
            while (clock::now() < end && writer.step(*link_, options_.own))
            {
            }
        }
    }
    catch (const error& problem)
    {
        log(log_level::warning, "mark", problem.what());
    }
    if (std::exchange(link_, std::nullopt) && counted)
        to_->closed(records);
}

void keeper::drop(std::string_view why)
{
    if (std::exchange(link_, std::nullopt))
        to_->lost(why, records);
}

void keeper::hang_up()
{
    if (std::exchange(link_, std::nullopt))
        to_->closed(records);
}

void keeper::work()
{
    try
    {
        serve();
    }
    catch (...)
    {
        options_.failed(std::current_exception());
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stop_.stop_requested(); });
    const auto ended = std::make_exception_ptr(error(error_kind::temporary, "the run ends"));
    for (auto& one : jobs_)
        one.done(ended);
    jobs_.clear();
}

void keeper::serve()
{
    std::unique_lock lock(mutex_);
    while (!stop_.stop_requested())
    {
        const auto now = clock::now();
        const bool probes = link_ && options_.probe_interval.count() > 0;
        const auto probe_at = probes ? heard_.load() + options_.probe_interval : never;
        const auto due = std::min({mark_at_, beat_at_, slots_at_, probe_at});
        if (saved_)
            plan_.emplace(*std::exchange(saved_, std::nullopt));
        if (jobs_.empty() && !mark_wanted_ && now < due && !can_save())
        {
            if (link_ && to_->gives_way(records))
                hang_up();
            changed_.wait_until(lock, to_->short_of_sessions() ? std::min(due, now + retry_interval) : due,
                                [this] { return stop_.stop_requested() || !jobs_.empty() || mark_wanted_ || saved_; });
            continue;
        }
        std::optional<job> one;
        if (!jobs_.empty())
            one = jobs_.front();
        const bool marks = !one && (now >= mark_at_ || (mark_wanted_ && now < std::min(beat_at_, slots_at_)));
        mark_wanted_ = mark_wanted_ && !marks;
        lock.unlock();
        try
        {
            if (link_ && !link_->alive())
                drop("the connection is gone");
            if (!link_)
                link_ = to_->dial(stop_.get_token(), records);
            if (!link_)
                return;
            if (one)
                append(*one);
            else if (marks)
                mark(options_.progress());
            else if (now >= beat_at_)
                beat();
            else if (now >= slots_at_)
                look_at_slots();
            else if (can_save())
                save_piece();
            else if (now >= probe_at)
                link_->exec("SELECT 1", {});
            reachable_ = true;
            heard_ = clock::now();
            lock.lock();
            if (one)
                jobs_.pop_front();
        }
        catch (...)
        {
            reachable_ = false;
            if (!passes(std::current_exception()))
                throw;
            lock.lock();
            changed_.wait_for(lock, retry_interval, [this] { return stop_.stop_requested(); });
        }
    }
}

/// Whether the same will work later.
bool keeper::passes(const std::exception_ptr& problem)
{
    try
    {
        std::rethrow_exception(problem);
    }
    catch (const postgres::query_error& found)
    {
        const auto what = postgres::classify(found.cause()).what;
        if (found.cause().link_lost || found.cause().state() == "25006")
            drop(found.what());
        return what == postgres::action::transient || what == postgres::action::in_doubt;
    }
    catch (const error&)
    {
        return false;
    }
}

void keeper::append(const job& one)
{
    if (!one.entry)
        return postgres::append(*link_, options_.own, one.state);
    postgres::append(*link_, options_.own, options_.sequence, *one.entry, shop_.configuration().fields());
    ++options_.sequence;
    ++entries_[static_cast<std::size_t>(one.entry->what)];
    one.done(nullptr);
}

void keeper::mark(const postgres::progress& now)
{
    const auto sent = run::reference_clock::steady();
    const auto shown = postgres::mark(*link_, options_.own, now);
    marked_ = now.settled;
    options_.clock(shown, sent, run::reference_clock::steady());
    mark_at_ = clock::now() + options_.mark_interval;
    if (options_.marked)
        options_.marked(now.settled);
}

void keeper::beat()
{
    if (options_.progress().live)
    {
        postgres::touch(*link_, options_.own.schema, shop_);
        beaten_ = std::chrono::system_clock::now();
    }
    beat_at_ = clock::now() + options_.heartbeat_interval;
}

void keeper::look_at_slots()
{
    try
    {
        const auto slots = postgres::read_slots(*link_);
        if (options_.seen)
            options_.seen(slots);
        for (const auto& line : options_.slots->see(slots))
            log(line.good ? log_level::info : log_level::warning, "slot", line.text);
        slots_at_ = clock::now() + slots_interval;
    }
    catch (const postgres::query_error& problem)
    {
        if (problem.cause().link_lost || postgres::classify(problem.cause()).what == postgres::action::transient)
            throw;
        // The shop goes on without.
        log(log_level::warning, "slot", fmt::format("what slots retain is not watched: {}", problem.what()));
        slots_at_ = never;
    }
}

void keeper::save_piece()
{
    try
    {
        if (!plan_->step(*link_, options_.own))
            plan_.reset();
    }
    catch (const postgres::query_error& problem)
    {
        // What failed once is not tried again before the next checkpoint: nothing of the run may wait for a cache.
        log(log_level::warning, "plan", fmt::format("the saved plan is not kept: {}", problem.what()));
        plan_.reset();
        if (problem.cause().link_lost)
            throw;
    }
}

}  // namespace bazaar::app
