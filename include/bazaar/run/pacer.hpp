#pragma once

#include <optional>

#include "bazaar/base/time.hpp"

namespace bazaar::run
{

/// Decides when the next unit is sent. Pure arithmetic: it never reads a clock and never waits.
///
/// A unit is never sent before the clock has reached its business time. A run goes through its history at full speed
/// until it has caught up once; from then on it is live: a slow database shows up as lag that is caught up, and lag
/// beyond `lag_max` becomes one shift. Nothing is skipped, nothing lowered silently.
///
/// Threads: main thread only.
class pacer
{
public:
    struct options
    {
        /// Lag that is caught up once live; above it a shift is requested. Zero or more.
        microseconds lag_max = std::chrono::seconds{10};

        /// False: lag is always caught up, as unpaced runs do.
        bool shifts = true;

        /// True: the run was live before.
        bool live = false;
    };

    struct verdict
    {
        microseconds wait{0};               ///< Zero: send now.
        microseconds lag{0};                ///< How late the unit is; zero while `wait` is positive.
        std::optional<microseconds> shift;  ///< Set: record this shift, then ask again.
    };

    explicit pacer(options opts) : options_(opts) {}

    /// Judges the unit whose business time is `next_at`, as seen at `now`.
    [[nodiscard]] verdict judge(time next_at, time now);

    /// Whether the run has caught up with the clock once.
    [[nodiscard]] bool live() const noexcept { return options_.live; }

private:
    options options_;
};

}  // namespace bazaar::run
