#include "bazaar/process/notify.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <limits>

#include <fmt/format.h>
#include <unistd.h>

namespace bazaar::process
{

namespace
{

/// The manager drops a message of more than 4096 bytes as a whole.
constexpr std::size_t status_max = 1000;

std::optional<std::uint64_t> number(const std::optional<std::string>& text)
{
    if (!text)
        return std::nullopt;
    std::uint64_t value = 0;
    const char* const end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, value);
    return read.ec == std::errc{} && read.ptr == end ? std::optional(value) : std::nullopt;
}

std::optional<microseconds> half_of(const std::optional<std::string>& usec, const std::optional<std::string>& pid)
{
    if (pid && number(pid) != static_cast<std::uint64_t>(::getpid()))
        return std::nullopt;
    const std::uint64_t allowed = number(usec).value_or(0);
    // The largest number stands for infinity.
    if (allowed < 2 || allowed == std::numeric_limits<std::uint64_t>::max())
        return std::nullopt;
    return microseconds(static_cast<std::int64_t>(allowed / 2));
}

/// One line: with a line break in it the rest would be another assignment.
std::string status_assignment(std::string_view text)
{
    if (text.size() > status_max)
    {
        std::size_t end = status_max;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
            --end;
        text = text.substr(0, end);
    }
    std::string line = "STATUS=";
    for (const char c : text)
        line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    return line;
}

std::optional<std::string> variable(const char* name)
{
    const char* const value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

notifier::notifier(const std::optional<std::string>& socket, const std::optional<std::string>& watchdog_usec,
                   const std::optional<std::string>& watchdog_pid)
    : interval_(half_of(watchdog_usec, watchdog_pid))
{
    if (!socket || socket->empty() || (socket->front() != '/' && socket->front() != '@'))
        return;
    const bool abstract = socket->front() == '@';
    // A path ends in a NUL; an abstract name begins with one instead of the '@', and ends where the size says.
    const std::size_t size = socket->size() + (abstract ? 0 : 1);
    if (size > sizeof to_.sun_path)
        return;
    to_.sun_family = AF_UNIX;
    std::copy(socket->begin(), socket->end(), to_.sun_path);
    if (abstract)
        to_.sun_path[0] = '\0';
    to_size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

notifier::~notifier()
{
    if (socket_ >= 0)
        ::close(socket_);
}

notifier notifier::from_environment()
{
    return {variable("NOTIFY_SOCKET"), variable("WATCHDOG_USEC"), variable("WATCHDOG_PID")};
}

void notifier::ready(std::string_view status) const
{
    send("READY=1\n" + status_assignment(status));
}

void notifier::status(std::string_view text) const
{
    send(status_assignment(text));
}

void notifier::reloading() const
{
    // By name: the manager compares it with this very clock.
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000));
}

void notifier::stopping() const
{
    send("STOPPING=1");
}

void notifier::watchdog() const
{
    send("WATCHDOG=1");
}

void notifier::extend_timeout(microseconds more) const
{
    if (more.count() > 0)
        send(fmt::format("EXTEND_TIMEOUT_USEC={}", more.count()));
}

void notifier::send(std::string_view message) const noexcept
{
    if (socket_ < 0)
        return;
    // The address goes with each message, so that a manager that was restarted is found again.
    (void)::sendto(socket_, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                   reinterpret_cast<const sockaddr*>(&to_), to_size_);
}

}  // namespace bazaar::process
