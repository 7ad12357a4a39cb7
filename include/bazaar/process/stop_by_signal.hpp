#pragma once

#include <memory>
#include <stop_token>

namespace bazaar::process
{

/// The first SIGINT or SIGTERM requests a stop; a second one ends the process, and so does the first one while
/// `print_out` waits for a blocked stdout.
///
/// Lifetime: one at a time; before any other thread is started.
class stop_by_signal
{
public:
    stop_by_signal();
    ~stop_by_signal();
    stop_by_signal(const stop_by_signal&) = delete;
    stop_by_signal& operator=(const stop_by_signal&) = delete;

    [[nodiscard]] std::stop_token token() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// Whether a signal has requested a stop.
[[nodiscard]] bool stop_was_asked_for() noexcept;

}  // namespace bazaar::process
