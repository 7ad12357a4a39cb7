#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"

// What the fuzz targets of the readers share. Each target is one function LLVMFuzzerTestOneInput.

namespace bazaar::fuzz
{

/// A file in memory, with a name that can be opened.
class memory_file
{
public:
    explicit memory_file(std::string_view bytes) : descriptor_(memfd_create("input", MFD_CLOEXEC))
    {
        if (descriptor_ < 0 || write(descriptor_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
            std::abort();
    }
    ~memory_file() { close(descriptor_); }
    memory_file(const memory_file&) = delete;
    memory_file& operator=(const memory_file&) = delete;

    [[nodiscard]] std::string path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

private:
    int descriptor_;
};

/// What must hold whatever was read.
inline void require(bool holds, std::string_view what)
{
    if (holds)
        return;
    fmt::print(stderr, "does not hold: {}\n", what);
    std::abort();
}

/// Reads; a refusal is right when it is one of the input's and says why.
template <typename Read>
bool is_taken(Read read)
{
    try
    {
        read();
        return true;
    }
    catch (const error& refusal)
    {
        require(refusal.kind() != error_kind::internal, refusal.what());
        require(!std::string_view(refusal.what()).empty(), "a refusal says why");
        return false;
    }
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size)
{
    return {reinterpret_cast<const char*>(data), size};
}

}  // namespace bazaar::fuzz
