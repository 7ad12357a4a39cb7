#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "bazaar/base/time.hpp"
#include "compiled.hpp"

namespace bazaar::scenario::declared
{

/// Business time of one run: its stages, and how often units of an arrival come at a moment.
///
/// Determinism: a function of file, seed, start and settings. Threads: one.
class clockwork
{
public:
    clockwork(const compiled& all, time start);

    /// In which stage a moment is; the last one never ends, but for arrivals.
    [[nodiscard]] std::size_t stage_at(time at) const noexcept;

    struct span
    {
        std::int64_t begin = 0;
        std::int64_t end = 0;
    };

    /// When a stage is; one that is open ends with all plans.
    [[nodiscard]] span stage(std::size_t which) const noexcept { return stages_[which]; }

    /// From `begin` to `end`, in which a factor does not change: in units of 2^-32.
    struct stretch
    {
        std::int64_t begin = 0;
        std::int64_t end = 0;
        std::uint64_t factor_q32 = 0;
    };

    /// The one that `at` is in. Factors of hours, curve and windows, and 0 where none of the stages is.
    [[nodiscard]] stretch at(const arrival& of, std::int64_t at) const;

    /// The end of a window that is open at that moment; nothing if it is not.
    [[nodiscard]] std::optional<std::int64_t> window_end(item_no which, std::int64_t at) const;

    /// The time in which nothing more comes: the end of the last stage of an arrival.
    [[nodiscard]] std::int64_t end_of(const arrival& of) const noexcept;

    [[nodiscard]] time start() const noexcept { return start_; }

    /// A window that comes once in each period, in that one: where it does not come, it ends where it begins.
    [[nodiscard]] span window_of(item_no which, std::int64_t period) const;

private:
    void by_stages(const arrival& of, stretch& to) const noexcept;
    void by_day(const arrival& of, stretch& to) const;
    void by_window(item_no which, stretch& to) const;

    const compiled& all_;
    time start_;
    std::vector<span> stages_;
    std::vector<stream> windows_;  ///< What is drawn of each.
};

}  // namespace bazaar::scenario::declared
