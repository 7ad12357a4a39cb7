#include "bazaar/daemon/keeper.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/run/reference_clock.hpp"

namespace bazaar::daemon
{
namespace
{

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto retry_interval = 200ms;
constexpr auto never = clock::time_point::max();

/// How long a stop goes on keeping the plan.
constexpr auto save_limit = 5s;

/// Of a saved plan, in bytes: it goes through the server's log.
constexpr std::size_t saved_plan_max = std::size_t{64} << 20;

bool fits(const run::saved_plan& plan)
{
    if (plan.bytes.size() <= saved_plan_max)
        return true;
    log(process::log_level::info, "plan",
        fmt::format("the plan's state has {} MB and is not kept", plan.bytes.size() / 1'000'000));
    return false;
}

}  // namespace

keeper::keeper(std::unique_ptr<run::ledger> to, options opts)
    : to_(std::move(to)), options_(std::move(opts)), mark_at_(clock::now())
{
    for (auto& one : options_.chores)
        if (one.interval.count() > 0)
            chores_.push_back({std::move(one), clock::now()});
    thread_ = std::thread([this] { work(); });
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

void keeper::stop(std::optional<run::progress> last, std::optional<run::checkpoint> state,
                  std::optional<run::saved_plan> plan)
{
    halt();
    try
    {
        // One attempt: a mark that is not left costs the next start a few replays.
        if (last && to_->ready_at_once())
        {
            if (state)
                to_->append(*state);
            to_->release(*last);
            if (plan && fits(*plan))
            {
                const auto end = clock::now() + save_limit;
                to_->keep(std::move(*plan), save_limit);
                while (clock::now() < end && to_->keep_piece())
                {
                }
            }
        }
    }
    catch (const error& problem)
    {
        log(process::log_level::warning, "mark", problem.what());
    }
    to_->close();
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
        const bool probes = to_->connected() && options_.probe_interval.count() > 0;
        const auto probe_at = probes ? heard_.load() + options_.probe_interval : never;
        auto* const next = first_chore();
        const auto chore_at = next != nullptr ? next->at : never;
        const auto due = std::min({mark_at_, chore_at, probe_at});
        if (saved_)
        {
            plan_unit_ = saved_->at.unit;
            to_->keep(*std::exchange(saved_, std::nullopt));
        }
        if (jobs_.empty() && !mark_wanted_ && now < due && !can_save())
        {
            const auto wait = std::chrono::ceil<std::chrono::milliseconds>(due - now);
            const auto most = to_->rest(wait);
            changed_.wait_until(lock, most < wait ? now + most : due,
                                [this] { return stop_.stop_requested() || !jobs_.empty() || mark_wanted_ || saved_; });
            continue;
        }
        std::optional<job> one;
        if (!jobs_.empty())
            one = jobs_.front();
        const bool marks = !one && (now >= mark_at_ || (mark_wanted_ && now < chore_at));
        mark_wanted_ = mark_wanted_ && !marks;
        lock.unlock();
        try
        {
            if (!to_->ready(stop_.get_token()))
                return;
            if (one)
                append(*one);
            else if (marks)
                mark();
            else if (now >= chore_at)
                do_chore(*next);
            else if (can_save())
                save_piece();
            else if (now >= probe_at)
                to_->probe();
            reachable_ = true;
            heard_ = clock::now();
            lock.lock();
            if (one)
                jobs_.pop_front();
        }
        catch (const run::not_now&)
        {
            reachable_ = false;
            lock.lock();
            changed_.wait_for(lock, retry_interval, [this] { return stop_.stop_requested(); });
        }
        catch (...)
        {
            reachable_ = false;
            throw;
        }
    }
}

void keeper::append(const job& one)
{
    if (!one.entry)
        return to_->append(one.state);
    to_->append(options_.sequence, *one.entry);
    ++options_.sequence;
    ++entries_[static_cast<std::size_t>(one.entry->what)];
    one.done(nullptr);
}

void keeper::mark()
{
    const auto progress = options_.progress();
    const auto sent = run::reference_clock::steady();
    const auto shown = to_->mark(progress);
    marked_ = progress.settled;
    if (options_.clock)
        options_.clock(shown, sent, run::reference_clock::steady());
    mark_at_ = clock::now() + options_.mark_interval;
    if (options_.marked)
        options_.marked(progress.settled);
}

keeper::due_chore* keeper::first_chore()
{
    const auto first = std::ranges::min_element(chores_, {}, &due_chore::at);
    return first == chores_.end() ? nullptr : &*first;
}

void keeper::do_chore(due_chore& one)
{
    const bool again = one.what.what();
    one.at = again ? clock::now() + one.what.interval : never;
}

void keeper::save_piece()
{
    try
    {
        if (!to_->keep_piece())
            plan_unit_.reset();
    }
    catch (const error& problem)
    {
        // What failed once is not tried again before the next checkpoint: nothing of the run may wait for a cache.
        plan_unit_.reset();
        log(process::log_level::warning, "plan", fmt::format("the saved plan is not kept: {}", problem.what()));
        if (dynamic_cast<const run::not_now*>(&problem) != nullptr)
            throw;
    }
}

}  // namespace bazaar::daemon
