#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace bazaar::io
{

/// A descriptor that is closed with the object.
class descriptor
{
public:
    descriptor() = default;
    explicit descriptor(int raw) noexcept : raw_(raw) {}
    ~descriptor();
    descriptor(descriptor&& other) noexcept;
    descriptor& operator=(descriptor&& other) noexcept;

    [[nodiscard]] int get() const noexcept { return raw_; }
    [[nodiscard]] bool is_open() const noexcept { return raw_ >= 0; }

    /// Closes it now. Returns what close(2) says.
    int close() noexcept;

private:
    int raw_ = -1;
};

/// open(2) that continues after a signal; the descriptor is closed on exec. If it is not open, `errno` says why.
[[nodiscard]] descriptor open_file(const std::string& path, int flags, mode_t mode = 0) noexcept;

/// "a directory", "a pipe", "a device", "a socket".
[[nodiscard]] const char* type_name(mode_t mode) noexcept;

/// Whether it is a pipe without a name in the file system.
[[nodiscard]] bool is_unnamed_pipe(int raw) noexcept;

}  // namespace bazaar::io
