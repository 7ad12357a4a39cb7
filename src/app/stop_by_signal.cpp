#include "app/stop_by_signal.hpp"

#include <csignal>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

namespace bazaar::app
{

struct stop_by_signal::state
{
    state() : signals(loop, SIGINT, SIGTERM)
    {
        signals.async_wait(
            [this](const boost::system::error_code& failed, int)
            {
                if (failed)
                    return;
                // From now on they do what they do by default.
                signals.clear();
                stop.request_stop();
            });
        waiting = std::jthread([this] { loop.run(); });
    }
    ~state() { loop.stop(); }
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    boost::asio::io_context loop;
    boost::asio::signal_set signals;
    std::stop_source stop;
    std::jthread waiting;
};

stop_by_signal::stop_by_signal() : state_(std::make_unique<state>()) {}
stop_by_signal::~stop_by_signal() = default;

std::stop_token stop_by_signal::token() const
{
    return state_->stop.get_token();
}

}  // namespace bazaar::app
