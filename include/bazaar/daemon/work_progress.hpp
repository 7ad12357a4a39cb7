#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "bazaar/daemon/settings.hpp"
#include "bazaar/process/logging.hpp"

namespace bazaar::daemon
{

/// The status line of long work: how far, how fast, how much longer.
class work_progress
{
public:
    using clock = std::chrono::steady_clock;

    explicit work_progress(const settings& opts) : line_(opts.progress), begun_(clock::now()) {}

    /// Work that is over in a moment shows nothing.
    [[nodiscard]] bool due() const
    {
        const auto now = clock::now();
        return line_.due(now) && now - begun_ >= std::chrono::seconds(1) &&
               now - shown_ >= std::chrono::milliseconds(200);
    }

    /// `done` and `all` are used to estimate the remaining time; `all` is 0 if unknown. `counted` and `what` are shown
    /// as a rate.
    void show(std::string_view text, double done, double all, std::uint64_t counted, std::string_view what);

    void clear() { line_.clear(); }

private:
    process::status_line line_;
    clock::time_point begun_, shown_{};
};

}  // namespace bazaar::daemon
