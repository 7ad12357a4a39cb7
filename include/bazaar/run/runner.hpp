#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "bazaar/run/clock.hpp"
#include "bazaar/run/histogram.hpp"
#include "bazaar/run/pacer.hpp"
#include "bazaar/run/sink.hpp"
#include "bazaar/run/window.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::run
{

/// What a runner has done so far.
struct tally
{
    std::uint64_t planned = 0;                ///< Units decided by this process.
    std::array<std::uint64_t, 6> outcomes{};  ///< Units by `outcome`; attempts for `not_done` and `in_doubt`.
    std::uint64_t shifts = 0;
    microseconds shifted{0};
    microseconds lag{0};  ///< Of the newest unit sent.
    histogram sent;       ///< From the planned time to the sending.
    histogram answered;   ///< From the sending to the answer.
    unit_no settled = 0;  ///< All units below are settled.
    std::uint64_t span = 0;
    bool live = false;

    [[nodiscard]] std::uint64_t of(outcome what) const { return outcomes[static_cast<std::size_t>(what)]; }
    [[nodiscard]] std::uint64_t written() const { return of(outcome::committed) + of(outcome::already_there); }
};

/// Plans units when they are due and hands them to the workers.
///
/// Lifetime: one run of the event loop: `start`, then the loop runs until the last unit is settled and `done` was called.
/// Threads:  all functions but `now` in the loop's thread; each worker builds and writes with a sink of its own.
/// Errors:   what a worker or a control entry throws ends the run: nothing more is sent, `failure` tells it.
class runner
{
public:
    struct options
    {
        std::uint32_t workers = 4;
        std::uint32_t window = 1024;
        std::optional<std::uint64_t> ticks_max;  ///< Counted from the run's beginning; nothing: endless.
        pacer::options pace;
        /// Units below may have been sent before, and so may those less than W behind one that is found done.
        unit_no replay_below = 0;
        std::function<std::unique_ptr<sink>()> make_sink;
        std::function<void(const model::control&)> record;  ///< Makes a control entry durable; throws.
        std::function<void(const model::unit&)> echo;       ///< Before a unit is sent; one at a time. May be empty.
        std::function<void(const std::string&)> warn;       ///< One line; any thread. May be empty.
        std::function<void()> done;                         ///< Once, in the loop.
    };

    /// `planner` stands before the first unit to send.
    runner(boost::asio::io_context& loop, const scenario::scenario& shop, scenario::planner& planner, clock& time,
           options opts);
    ~runner();

    void start();

    /// Plans nothing more; what is taken in is finished.
    void drain();

    [[nodiscard]] tally now() const;

    /// What ended the run before its time.
    [[nodiscard]] std::exception_ptr failure() const;

private:
    void pump();
    void wake();
    void plan_one();
    void shift_by(microseconds amount);
    void work();
    written write(sink& to, const model::unit& unit, form how);
    void note(const model::unit& unit, const written& answer);
    void fail(std::exception_ptr why);
    void finish_if_done();

    boost::asio::io_context& loop_;
    const scenario::scenario& shop_;
    scenario::planner& planner_;
    clock& clock_;
    options options_;
    pacer pacer_;
    boost::asio::steady_timer timer_;
    /// Keeps the loop running while only the workers have something to do.
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_;
    std::atomic<bool> live_{false};  ///< What the pacer says, for other threads.
    bool planning_ = true;
    bool finished_ = false;

    mutable std::mutex mutex_;
    std::condition_variable ready_;
    window window_;
    tally tally_;
    std::exception_ptr failure_;
    bool stop_ = false;
    bool starved_ = false;  ///< The loop waits for room in the window.
    std::mutex echo_mutex_;
    std::vector<std::thread> workers_;
};

}  // namespace bazaar::run
