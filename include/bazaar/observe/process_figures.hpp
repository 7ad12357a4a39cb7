#pragma once

#include <cstdint>
#include <optional>

namespace bazaar::observe
{

/// The kernel's figures about this process.
struct process_figures
{
    double cpu_seconds = 0;
    double started = 0;  ///< Seconds since 1970.
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t threads = 0;
    std::uint64_t descriptors = 0;
    std::uint64_t descriptors_max = 0;
};

/// Nothing if there is no /proc.
[[nodiscard]] std::optional<process_figures> read_process();

}  // namespace bazaar::observe
