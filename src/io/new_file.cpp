#include "bazaar/io/new_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace bazaar::io
{
namespace
{

/// For whoever reads a pipe.
constexpr int patience_ms = 10'000;

constexpr std::size_t buffer_max = 1 << 16;

/// What a path leads to, links followed; of a link to nothing, what it would be.
std::string real_path(std::string path)
{
    constexpr int links_max = 40;  // As the kernel has it.
    for (int links = 0; links < links_max; ++links)
    {
        const std::unique_ptr<char, decltype(&std::free)> found(::realpath(path.c_str(), nullptr), &std::free);
        if (found)
            return found.get();
        std::error_code none;
        const auto next = std::filesystem::read_symlink(path, none);
        if (none)
            return path;
        path = std::filesystem::path(path).replace_filename(next);
    }
    return path;
}

/// The number in "/dev/stdout" and the like; -1 for other paths.
int own_descriptor(std::string_view path)
{
    if (path == "/dev/stdout")
        return STDOUT_FILENO;
    if (path == "/dev/stderr")
        return STDERR_FILENO;
    for (const std::string_view place : {"/dev/fd/", "/proc/self/fd/"})
        if (path.starts_with(place))
        {
            int number = -1;
            const auto* const end = path.data() + path.size();
            const auto [stop, wrong] = std::from_chars(path.data() + place.size(), end, number);
            return wrong == std::errc() && stop == end ? number : -1;
        }
    return -1;
}

/// A name beside it that nobody else has: hidden, and of one directory entry's length.
std::string name_beside(const std::string& path)
{
    static std::atomic<unsigned> number{0};
    const auto slash = path.rfind('/') + 1;
    auto name = path.substr(slash);
    name.resize(std::min<std::size_t>(name.size(), 200));
    return fmt::format("{}.{}.{}-{}.part", path.substr(0, slash), name, ::getpid(), number++);
}

}  // namespace

new_file::new_file(std::string path, std::string who) : path_(std::move(path)), who_(std::move(who))
{
    struct stat there
    {
    };
    const bool exists = ::stat(path_.c_str(), &there) == 0;
    if (!exists && errno != ENOENT)
        fail(error_kind::no_output);
    if (exists && !S_ISREG(there.st_mode))
    {
        // Not to wait for a reader that is not there.
        file_ = open_file(path_, O_WRONLY | O_NONBLOCK);
        if (!file_.is_open())
            fail(error_kind::no_output);
        return;
    }
    if (const int own = own_descriptor(path_); exists && own >= 0)
    {
        // Others write there, too: behind what they have written.
        file_ = descriptor(::fcntl(own, F_DUPFD_CLOEXEC, 3));
        if (!file_.is_open())
            fail(error_kind::no_output);
        return;
    }
    if (exists && ::access(path_.c_str(), W_OK) != 0)
        fail(error_kind::no_output);
    // `stat` has followed the links, and so refused those of a stranger in a directory of everybody's.
    path_ = real_path(path_);
    constexpr mode_t by_umask = 0666;
    for (int tries = 0; !file_.is_open() && tries < 100; ++tries)
    {
        temporary_ = name_beside(path_);
        file_ = open_file(temporary_, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, by_umask);
        if (!file_.is_open() && errno != EEXIST)
            break;
    }
    if (file_.is_open())
    {
        // Who could not read the old one cannot read the new one.
        if (exists)
            static_cast<void>(::fchmod(file_.get(), there.st_mode & 0777));
        return;
    }
    temporary_.clear();
    if (exists && (errno == EACCES || errno == EPERM || errno == EROFS))
        file_ = open_file(path_, O_WRONLY | O_TRUNC);
    if (!file_.is_open())
        fail(error_kind::no_output);
}

new_file::new_file(new_file&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      who_(std::move(other.who_)),
      buffer_(std::move(other.buffer_)),
      file_(std::move(other.file_))
{
}

new_file::~new_file()
{
    if (!temporary_.empty())
        ::unlink(temporary_.c_str());
}

void new_file::fail(error_kind kind) const
{
    const auto why = errno == ENXIO ? "nobody reads it" : std::strerror(errno);
    throw error(kind, fmt::format("{}: cannot be written: {}", who_, why));
}

void new_file::write(std::string_view bytes)
{
    buffer_ += bytes;
    if (buffer_.size() >= buffer_max)
        flush();
}

void new_file::flush()
{
    for (std::string_view left = buffer_; !left.empty();)
    {
        const auto count = ::write(file_.get(), left.data(), left.size());
        if (count >= 0)
            left.remove_prefix(static_cast<std::size_t>(count));
        else if (errno == EAGAIN)
        {
            pollfd one{file_.get(), POLLOUT, 0};
            if (::poll(&one, 1, patience_ms) == 0)
            {
                errno = ETIMEDOUT;
                fail(error_kind::io);
            }
        }
        else if (errno != EINTR)
            fail(error_kind::io);
    }
    buffer_.clear();
}

void new_file::commit()
{
    flush();
    if (file_.close() != 0)
        fail(error_kind::io);
    if (temporary_.empty())
        return;
    if (::rename(temporary_.c_str(), path_.c_str()) != 0)
    {
        const int why = errno;
        ::unlink(std::exchange(temporary_, {}).c_str());
        errno = why;
        fail(error_kind::io);
    }
    temporary_.clear();
}

void new_file::check(const std::string& path, const std::string& who)
{
    struct stat there
    {
    };
    // Whoever reads a pipe may come later, and would take it for the end that it is opened and closed.
    if (::stat(path.c_str(), &there) != 0 || !S_ISFIFO(there.st_mode))
        static_cast<void>(new_file(path, who));
}

}  // namespace bazaar::io
