#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/base/time.hpp"

namespace bazaar::observe
{

/// Something that happened to a daemon, or that somebody made it do.
struct happening
{
    std::uint64_t number = 0;  ///< Counted from 1, by the process.
    time at;                   ///< By this machine's clock.
    std::string_view kind;     ///< "lost", "back", "reopened", "shift", "pause", "resume", "set", "stop".
    std::string text;          ///< A line for people.
};

/// The newest happenings, for observers.
///
/// Threads: any.
/// Limits:  the newest few dozen; a line is cut where it is too long.
class chronicle
{
public:
    static constexpr std::size_t kept = 40;
    static constexpr std::size_t length_max = 200;

    /// `kind` is never freed.
    void add(std::string_view kind, std::string_view text);

    /// Oldest first.
    [[nodiscard]] std::vector<happening> newest() const;

private:
    mutable std::mutex mutex_;
    std::deque<happening> all_;
    std::uint64_t count_ = 0;
};

}  // namespace bazaar::observe
