#include "bazaar/process/stop_by_signal.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "bazaar/process/output.hpp"

namespace bazaar::process
{
namespace
{

std::atomic<bool> asked{false};

/// What stdout may take for the rest after a signal, before the signal does what it does by default.
constexpr std::chrono::seconds rest{1};
constexpr std::chrono::milliseconds between_looks{100};

}  // namespace

struct stop_by_signal::state
{
    state() : signals(loop, SIGINT, SIGTERM), timer(loop)
    {
        signals.async_wait(
            [this](const boost::system::error_code& failed, int number)
            {
                if (failed)
                    return;
                // From now on they do what they do by default.
                signals.clear();
                asked = true;
                stop.request_stop();
                watch(number);
            });
        waiting = std::jthread([this] { loop.run(); });
    }
    ~state() { loop.stop(); }
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    /// Whoever waits for a stopped terminal does not see that a stop was asked for.
    void watch(int number)
    {
        if (waits_for_stdout() > rest)
            ::kill(::getpid(), number);
        timer.expires_after(between_looks);
        timer.async_wait(
            [this, number](const boost::system::error_code& failed)
            {
                if (!failed)
                    watch(number);
            });
    }

    boost::asio::io_context loop;
    boost::asio::signal_set signals;
    boost::asio::steady_timer timer;
    std::stop_source stop;
    std::jthread waiting;
};

stop_by_signal::stop_by_signal() : state_(std::make_unique<state>()) {}
stop_by_signal::~stop_by_signal() = default;

std::stop_token stop_by_signal::token() const
{
    return state_->stop.get_token();
}

bool stop_was_asked_for() noexcept
{
    return asked;
}

}  // namespace bazaar::process
