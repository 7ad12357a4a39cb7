#pragma once

#include <algorithm>
#include <chrono>

#include "bazaar/base/time.hpp"

namespace bazaar::run
{

/// The business clock. Seam: the wall, or a manual one in tests.
class clock
{
public:
    virtual ~clock() = default;
    [[nodiscard]] virtual time now() = 0;
};

/// The wall clock that never runs backwards: when it is set back, time stands still until it has caught up.
///
/// Threads: one.
class wall_clock final : public clock
{
public:
    [[nodiscard]] time now() override
    {
        const auto wall = std::chrono::system_clock::now().time_since_epoch();
        last_ = std::max(last_, time{std::chrono::duration_cast<microseconds>(wall).count()});
        return last_;
    }

private:
    time last_;
};

}  // namespace bazaar::run
