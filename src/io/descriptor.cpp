#include "bazaar/io/descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

namespace bazaar::io
{

descriptor::~descriptor()
{
    close();
}

descriptor::descriptor(descriptor&& other) noexcept : raw_(std::exchange(other.raw_, -1)) {}

descriptor& descriptor::operator=(descriptor&& other) noexcept
{
    std::swap(raw_, other.raw_);
    return *this;
}

int descriptor::close() noexcept
{
    return raw_ < 0 ? 0 : ::close(std::exchange(raw_, -1));
}

descriptor open_file(const std::string& path, int flags, mode_t mode) noexcept
{
    for (;;)
    {
        const int raw = ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, mode);
        if (raw >= 0 || errno != EINTR)
            return descriptor(raw);
    }
}

const char* type_name(mode_t mode) noexcept
{
    return S_ISREG(mode)                    ? "a file"
           : S_ISDIR(mode)                  ? "a directory"
           : S_ISFIFO(mode)                 ? "a pipe"
           : S_ISSOCK(mode)                 ? "a socket"
           : S_ISCHR(mode) || S_ISBLK(mode) ? "a device"
                                            : "no file";
}

bool is_unnamed_pipe(int raw) noexcept
{
    char target[64] = {};
    const auto self = "/proc/self/fd/" + std::to_string(raw);
    const auto length = ::readlink(self.c_str(), target, sizeof target - 1);
    return length > 0 && std::string_view(target).starts_with("pipe:");
}

}  // namespace bazaar::io
