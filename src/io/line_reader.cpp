#include "bazaar/io/line_reader.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"

namespace bazaar::io
{
namespace
{

constexpr std::size_t piece = 1 << 18;

/// Of Linux: ends at once.
bool is_null_device(const struct stat& facts)
{
    return S_ISCHR(facts.st_mode) && facts.st_rdev == makedev(1, 3);
}

}  // namespace

/// Wakes a poll when the stop is asked for.
struct line_reader::waker
{
    explicit waker(const std::stop_token& stop)
        : event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), then(stop, wake{event.get()})
    {
        if (!event.is_open())
            throw error(error_kind::os, fmt::format("no descriptor to wait with: {}", std::strerror(errno)));
    }

    struct wake
    {
        int raw;
        void operator()() const noexcept
        {
            const std::uint64_t one = 1;
            static_cast<void>(::write(raw, &one, sizeof one) == sizeof one);
        }
    };

    descriptor event;
    std::stop_callback<wake> then;
};

line_reader::line_reader(const std::string& path, std::stop_token stop, std::size_t most)
    : name_(path == "-" ? "standard input" : path), stop_(std::move(stop)), most_(most)
{
    const auto refuse = [&](std::string_view why)
    { throw error(error_kind::no_input, fmt::format("{}: the file is missing or not readable: {}", name_, why)); };
    if (path == "-")
        raw_ = STDIN_FILENO;
    else
    {
        // A pipe that nobody has opened yet is waited for where a stop is heard.
        file_ = open_file(path, O_RDONLY | O_NONBLOCK);
        raw_ = file_.get();
    }
    struct stat facts
    {
    };
    if (raw_ < 0 || ::fstat(raw_, &facts) != 0)
        refuse(errno == ENXIO ? "it is a socket, or a device that is not there" : std::strerror(errno));
    const bool device = S_ISBLK(facts.st_mode) ||
                        (S_ISCHR(facts.st_mode) && ::isatty(raw_) != 1 && !is_null_device(facts));
    if (S_ISDIR(facts.st_mode) || device)
        refuse(fmt::format("it is {}", type_name(facts.st_mode)));
    waits_ = !S_ISREG(facts.st_mode) && !is_null_device(facts);
    length_ = S_ISREG(facts.st_mode) ? static_cast<std::size_t>(facts.st_size) : 0;
    if (waits_ && stop_.stop_possible())
        waker_ = std::make_unique<waker>(stop_);
}

line_reader::~line_reader() = default;

/// False after a stop.
bool line_reader::wait_for_more()
{
    for (;;)
    {
        if (stop_.stop_requested())
            return false;
        std::array<pollfd, 2> both{pollfd{raw_, POLLIN, 0}, pollfd{waker_ ? waker_->event.get() : -1, POLLIN, 0}};
        if (::poll(both.data(), both.size(), -1) > 0 && both[0].revents != 0)
            return true;
    }
}

/// Takes what is there; false at the end, and after a stop.
bool line_reader::fill()
{
    if (begin_ > 0)
    {
        buffer_.erase(0, begin_);
        searched_ -= begin_;
        begin_ = 0;
    }
    for (;;)
    {
        if (waits_ && !wait_for_more())
            return false;
        const auto before = buffer_.size();
        buffer_.resize(before + piece);
        const auto count = ::read(raw_, buffer_.data() + before, piece);
        buffer_.resize(before + (count > 0 ? static_cast<std::size_t>(count) : 0));
        if (count > 0)
            return true;
        if (count == 0)
            return false;
        if (errno != EINTR && errno != EAGAIN)
            throw error(error_kind::io, fmt::format("{}: cannot be read to its end: {}", name_, std::strerror(errno)));
    }
}

bool line_reader::next(std::string_view& line)
{
    for (;;)
    {
        const auto end = buffer_.find('\n', searched_);
        if (end != buffer_.npos)
        {
            line = std::string_view(buffer_).substr(begin_, end - begin_);
            begin_ = searched_ = end + 1;
            ++number_;
            return true;
        }
        searched_ = buffer_.size();
        if (searched_ - begin_ > most_)
            throw error(error_kind::data,
                        fmt::format("{}: line {} is longer than {} bytes", name_, number_ + 1, most_));
        if (ended_ || stop_.stop_requested())
            return false;
        if (fill())
            continue;
        ended_ = true;
        // The last line may have no end; after a stop it is not whole.
        if (stop_.stop_requested() || begin_ == buffer_.size())
            return false;
        line = std::string_view(buffer_).substr(begin_);
        begin_ = searched_ = buffer_.size();
        ++number_;
        return true;
    }
}

}  // namespace bazaar::io
