#pragma once

#include <chrono>

#include "bazaar/base/time.hpp"

namespace bazaar::process
{

/// By this machine's clock.
[[nodiscard]] inline time present() noexcept
{
    return time{std::chrono::duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

}  // namespace bazaar::process
