#include "bazaar/io/small_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/words.hpp"
#include "bazaar/io/descriptor.hpp"

namespace bazaar::io
{
namespace
{

using clock = std::chrono::steady_clock;

/// For a pipe, until it is at its end.
constexpr auto patience = std::chrono::seconds(10);

[[noreturn]] void refuse(std::string_view who, std::string_view why)
{
    throw error(error_kind::no_input, fmt::format("{}: cannot be read: {}", who, why));
}

/// Open for reading, and a regular file or, where that will do, a pipe without a name.
descriptor open_small(const std::string& path, std::string_view who, bool pipes, std::size_t& length)
{
    if (path.empty() || path.find('\0') != path.npos)
        refuse(who, "there is no such name");
    // Not to wait for the other end of a pipe. For a regular file it means nothing.
    auto file = open_file(path, O_RDONLY | O_NONBLOCK);
    struct stat facts
    {
    };
    if (!file.is_open() || ::fstat(file.get(), &facts) != 0)
        // A socket cannot even be opened.
        refuse(who, errno == ENXIO ? "it is a socket, or a device that is not there" : std::strerror(errno));
    if (!S_ISREG(facts.st_mode) && !(pipes && S_ISFIFO(facts.st_mode) && is_unnamed_pipe(file.get())))
        refuse(who, fmt::format("it is {}", type_name(facts.st_mode)));
    length = S_ISREG(facts.st_mode) ? static_cast<std::size_t>(facts.st_size) : 0;
    return file;
}

/// What is there now, at most so much; nothing where a pipe has nothing yet.
std::optional<std::size_t> read_some(int raw, char* to, std::size_t most, std::string_view who)
{
    for (;;)
    {
        const auto count = ::read(raw, to, most);
        if (count >= 0)
            return static_cast<std::size_t>(count);
        if (errno == EAGAIN)
            return std::nullopt;
        if (errno != EINTR)
            throw error(error_kind::io, fmt::format("{}: cannot be read to its end: {}", who, std::strerror(errno)));
    }
}

}  // namespace

std::string read_small_file(const std::string& path, std::string_view who, small_file how)
{
    std::size_t length = 0;
    const auto file = open_small(path, who, how.pipes, length);
    const auto too_long = [&]
    { throw error(error_kind::data, fmt::format("{}: is longer than {} bytes", who, how.most)); };
    if (length > how.most)
        too_long();
    std::string bytes;
    const auto end = clock::now() + patience;
    for (;;)
    {
        constexpr std::size_t piece = 65'536;
        const auto before = bytes.size();
        bytes.resize(std::min(std::max(length, before + piece), how.most) + 1);
        const auto count = read_some(file.get(), bytes.data() + before, bytes.size() - before, who);
        bytes.resize(before + count.value_or(0));
        if (bytes.size() > how.most)
            too_long();
        if (count == std::size_t{0})
            break;
        if (count)
            continue;
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - clock::now()).count();
        if (left <= 0)
            throw error(error_kind::io, fmt::format("{}: nobody has written it to its end in time", who));
        pollfd one{file.get(), POLLIN, 0};
        static_cast<void>(::poll(&one, 1, static_cast<int>(left)));
    }
    if (!how.text)
        return bytes;
    if (bytes.starts_with("\xef\xbb\xbf"))
        bytes.erase(0, 3);
    if (!is_utf8(bytes) || bytes.find('\0') != bytes.npos)
        throw error(error_kind::data, fmt::format("{}: is not a text file: it must be UTF-8", who));
    return bytes;
}

std::string read_secret(const std::string& path, std::string_view who)
{
    // Some have bytes of an encoding of their own.
    auto bytes = read_small_file(path, who, {.most = 1 << 20, .text = false});
    if (bytes.starts_with("\xef\xbb\xbf"))
        bytes.erase(0, 3);
    bytes.resize(std::min(bytes.find('\n'), bytes.size()));
    while (bytes.ends_with('\r'))
        bytes.pop_back();
    if (bytes.find('\0') != bytes.npos)
        throw error(error_kind::data, fmt::format("{}: is not a text file: its first line has a byte 0", who));
    return bytes;
}

void must_be_file(const std::string& path, std::string_view who)
{
    std::size_t ignored = 0;
    static_cast<void>(open_small(path, who, false, ignored));
}

std::string odd_type(const std::string& path)
{
    struct stat facts
    {
    };
    if (::stat(path.c_str(), &facts) != 0 || S_ISREG(facts.st_mode))
        return {};
    return fmt::format("it is {}", type_name(facts.st_mode));
}

bool is_readable_by_all(const std::string& path)
{
    struct stat facts
    {
    };
    return ::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && (facts.st_mode & S_IROTH) != 0;
}

}  // namespace bazaar::io
