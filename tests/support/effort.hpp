#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace bazaar::test
{

/// By how much less is tested. Sanitizers make everything some ten times slower, and they look for other things than rare histories.
constexpr std::uint64_t effort()
{
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    return 10;
#else
    return 1;
#endif
}

/// How many of `all` tries are made with that effort: one at least.
constexpr std::uint64_t tries(std::uint64_t all)
{
    return std::max<std::uint64_t>(1, all / effort());
}

/// Seeds of what is tested with several; BAZAARD_SEEDS is another number of them. With 23 `forgetful` waits for a user.
inline std::vector<std::uint64_t> several_seeds()
{
    const char* const asked = std::getenv("BAZAARD_SEEDS");
    if (asked == nullptr)
        return effort() > 1 ? std::vector<std::uint64_t>{23} : std::vector<std::uint64_t>{7, 16, 23};
    std::vector<std::uint64_t> all;
    for (std::uint64_t seed = 1; seed <= std::stoull(asked); ++seed)
        all.push_back(seed);
    return all;
}

}  // namespace bazaar::test
