#include "bazaar/run/runner.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/random.hpp"

namespace bazaar::run
{
namespace
{

/// Attempts for one unit while the server answers "not now", and the bounds of the waiting between them.
constexpr int attempts_max = 100;
constexpr std::chrono::milliseconds backoff_base{5};
constexpr std::chrono::milliseconds backoff_max{1000};

/// Full jitter: uniform below a bound that doubles. Not of the plan's streams: it shapes no row.
std::chrono::microseconds backoff(int attempt, std::uint64_t salt)
{
    const auto bound = std::min<std::chrono::microseconds>(backoff_max, backoff_base * (1 << std::min(attempt, 10)));
    const auto moment = std::chrono::steady_clock::now().time_since_epoch().count();
    random draw(mix(salt) ^ static_cast<std::uint64_t>(moment));
    return std::chrono::microseconds(draw.below(static_cast<std::uint64_t>(bound.count()) + 1));
}

}  // namespace

runner::runner(boost::asio::io_context& loop, const scenario::scenario& shop, scenario::planner& planner, clock& time,
               options opts)
    : loop_(loop),
      shop_(shop),
      planner_(planner),
      clock_(time),
      options_(std::move(opts)),
      pacer_(options_.pace),
      timer_(loop),
      busy_(loop.get_executor()),
      window_(planner.next_no(), options_.window)
{
    tally_.settled = planner.next_no();
}

runner::~runner()
{
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    ready_.notify_all();
    for (auto& worker : workers_)
        worker.join();
}

void runner::start()
{
    for (std::uint32_t i = 0; i < options_.workers; ++i)
        workers_.emplace_back([this] { work(); });
    boost::asio::post(loop_, [this] { pump(); });
}

void runner::drain()
{
    planning_ = false;
    timer_.cancel();
    finish_if_done();
}

tally runner::now() const
{
    const std::lock_guard lock(mutex_);
    tally copy = tally_;
    copy.settled = window_.settled();
    copy.span = window_.span();
    copy.live = live_;
    return copy;
}

std::exception_ptr runner::failure() const
{
    const std::lock_guard lock(mutex_);
    return failure_;
}

void runner::pump()
{
    // A pause now and then keeps signals and status alive while a long history is planned.
    for (int i = 0; i < 256 && planning_; ++i)
    {
        if (options_.ticks_max && planner_.ticks() >= *options_.ticks_max)
        {
            planning_ = false;
            break;
        }
        {
            const std::lock_guard lock(mutex_);
            if (!window_.has_room())
            {
                starved_ = true;
                return;
            }
        }
        const auto verdict = pacer_.judge(planner_.next_at(), clock_.now());
        live_ = pacer_.live();
        if (verdict.wait.count() > 0)
        {
            timer_.expires_after(verdict.wait);
            timer_.async_wait(
                [this](const boost::system::error_code& failed)
                {
                    if (!failed)
                        pump();
                });
            return;
        }
        try
        {
            if (verdict.shift)
                shift_by(*verdict.shift);
            else
                plan_one();
        }
        catch (...)
        {
            fail(std::current_exception());
        }
    }
    if (planning_)
        boost::asio::post(loop_, [this] { pump(); });
    else
        finish_if_done();
}

void runner::plan_one()
{
    const auto decision = planner_.next();
    bool ready = false;
    {
        const std::lock_guard lock(mutex_);
        window_.add(decision);
        ++tally_.planned;
        ready = window_.has_ready();
    }
    if (ready)
        ready_.notify_one();
}

void runner::shift_by(microseconds amount)
{
    model::control entry;
    entry.unit = planner_.next_no();
    entry.what = model::control::kind::shift;
    entry.value = amount.count();
    entry.at = planner_.next_at();
    options_.record(entry);
    planner_.apply(entry);
    {
        const std::lock_guard lock(mutex_);
        ++tally_.shifts;
        tally_.shifted += amount;
    }
    if (options_.warn)
        options_.warn(fmt::format("business time shifted by {:.3f} s from unit {} on: the run was further behind than "
                                  "--max-lag",
                                  std::chrono::duration<double>(amount).count(), entry.unit));
}

void runner::work()
{
    try
    {
        const auto to = options_.make_sink();
        model::unit unit;
        std::unique_lock lock(mutex_);
        while (true)
        {
            ready_.wait(lock, [this] { return stop_ || window_.has_ready(); });
            if (stop_)
                return;
            const model::decision decision = *window_.take();
            const bool replays = decision.no < options_.replay_below;
            lock.unlock();
            shop_.build(decision, unit);
            if (options_.echo)
            {
                const std::lock_guard one_at_a_time(echo_mutex_);
                options_.echo(unit);
            }
            const auto sent = clock_.now();
            const auto answer = write(*to, unit, replays ? form::replay : form::first);
            const auto answered = clock_.now();
            note(unit, answer);
            lock.lock();
            ++tally_.outcomes[static_cast<std::size_t>(answer.what)];
            tally_.lag = std::max(microseconds{0}, sent - decision.at);
            tally_.sent.add(static_cast<std::uint64_t>(tally_.lag.count()));
            tally_.answered.add(static_cast<std::uint64_t>(std::max<std::int64_t>(0, (answered - sent).count())));
            // Units are found done until a whole window of them was new: a unit that was sent before lies less than W behind
            // one that was settled then, and that one is settled again before it is sent.
            if (replays && answer.what == outcome::already_there)
                options_.replay_below = std::max(options_.replay_below, decision.no + 1 + options_.window);
            window_.settle(decision.no);
            wake();
        }
    }
    catch (...)
    {
        // Nothing more is sent; the loop's thread ends the run.
        const auto why = std::current_exception();
        boost::asio::post(loop_, [this, why] { fail(why); });
    }
}

void runner::wake()
{
    if (window_.has_ready())
        ready_.notify_one();
    const bool roomy = window_.span() <= options_.window - std::max(1U, options_.window / 4);
    if (starved_ && roomy)
    {
        starved_ = false;
        boost::asio::post(loop_, [this] { pump(); });
    }
    else if (window_.empty())
        boost::asio::post(loop_,
                          [this]
                          {
                              if (!planning_)
                                  finish_if_done();
                          });
}

written runner::write(sink& to, const model::unit& unit, form how)
{
    for (int attempt = 0;; ++attempt)
    {
        auto answer = to.write(unit, how);
        if (answer.what != outcome::not_done && answer.what != outcome::in_doubt)
            return answer;
        if (answer.what == outcome::in_doubt)
            how = form::replay;
        if (attempt == attempts_max)
            throw error(error_kind::temporary, fmt::format("unit {} could not be written in {} attempts: {}",
                                                           unit.decision.no, attempt, answer.detail));
        std::unique_lock lock(mutex_);
        ++tally_.outcomes[static_cast<std::size_t>(answer.what)];
        const auto enough = [this] { return stop_; };
        if (ready_.wait_for(lock, backoff(attempt, unit.decision.no), enough))
            throw error(error_kind::temporary, fmt::format("unit {} was given up: the run ends", unit.decision.no));
    }
}

void runner::note(const model::unit& unit, const written& answer)
{
    const auto& kind = shop_.kinds()[unit.decision.kind].name;
    if (answer.what == outcome::rejected)
        throw error(error_kind::rejects, fmt::format("unit {} ({}) was refused for good: {} {}", unit.decision.no, kind,
                                                     answer.sqlstate.data(), answer.detail));
    if (answer.what == outcome::foreign && options_.warn)
        options_.warn(fmt::format("foreign edit met by unit {} ({}): {}", unit.decision.no, kind, answer.detail));
}

void runner::fail(std::exception_ptr why)
{
    {
        const std::lock_guard lock(mutex_);
        if (failure_ == nullptr)
            failure_ = why;
        stop_ = true;
    }
    ready_.notify_all();
    planning_ = false;
    timer_.cancel();
    finish_if_done();
}

void runner::finish_if_done()
{
    if (finished_)
        return;
    {
        const std::lock_guard lock(mutex_);
        if (!failure_ && !window_.empty())
            return;
        stop_ = true;
    }
    finished_ = true;
    ready_.notify_all();
    for (auto& worker : workers_)
        worker.join();
    workers_.clear();
    busy_.reset();
    options_.done();
}

}  // namespace bazaar::run
