#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <optional>
#include <string>
#include <string_view>

#include "bazaar/base/time.hpp"

namespace bazaar::process
{

/// Reports the state of the process to the service manager, by the protocol of sd_notify(3); does nothing if there is
/// none.
///
/// Threads: any.
/// Errors:  none: a message that cannot be sent at once is lost.
/// Limits:  a status is cut after 1000 bytes; control characters in it become spaces.
class notifier
{
public:
    /// The values of NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
    notifier(const std::optional<std::string>& socket, const std::optional<std::string>& watchdog_usec,
             const std::optional<std::string>& watchdog_pid);
    ~notifier();
    notifier(const notifier&) = delete;
    notifier& operator=(const notifier&) = delete;

    [[nodiscard]] static notifier from_environment();

    void ready(std::string_view status) const;
    void status(std::string_view text) const;
    void reloading() const;  ///< `ready` ends it.
    void stopping() const;
    void watchdog() const;

    /// Start or stop may take this much longer, from now; does nothing for zero or less.
    void extend_timeout(microseconds more) const;

    /// How often to call `watchdog`: half of the allowed interval. Nothing if this process has no watchdog.
    [[nodiscard]] std::optional<microseconds> watchdog_interval() const noexcept { return interval_; }

private:
    void send(std::string_view message) const noexcept;

    int socket_ = -1;
    sockaddr_un to_{};
    socklen_t to_size_ = 0;
    std::optional<microseconds> interval_;
};

}  // namespace bazaar::process
