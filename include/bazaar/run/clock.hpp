#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>

#include "bazaar/base/time.hpp"

namespace bazaar::run
{

/// The time shown by this machine's clock, as it is set.
[[nodiscard]] inline time machine_time() noexcept
{
    return {std::chrono::duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

/// The business clock. Seam: the wall clock, or a manual one in tests.
///
/// Threads: any.
class clock
{
public:
    virtual ~clock() = default;
    [[nodiscard]] virtual time now() = 0;
};

/// The wall clock that never runs backwards: when it is set back, time stands still until it has caught up.
///
/// Threads: any.
class wall_clock final : public clock
{
public:
    [[nodiscard]] time now() override
    {
        const auto wall = machine_time().us;
        std::int64_t last = last_.load(std::memory_order_relaxed);
        while (last < wall && !last_.compare_exchange_weak(last, wall, std::memory_order_relaxed))
        {
        }
        return {std::max(last, wall)};
    }

private:
    std::atomic<std::int64_t> last_{0};
};

}  // namespace bazaar::run
