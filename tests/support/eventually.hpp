#pragma once

#include <chrono>
#include <thread>

namespace bazaar::test
{

/// Asks until the answer is yes; false when it stays no for so long.
template <typename Question>
[[nodiscard]] bool eventually(Question question, std::chrono::milliseconds limit = std::chrono::minutes(1))
{
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!question())
    {
        if (std::chrono::steady_clock::now() >= end)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

}  // namespace bazaar::test
