#pragma once

#include <cstdint>
#include <functional>
#include <mutex>

#include "bazaar/base/time.hpp"
#include "bazaar/run/clock.hpp"

namespace bazaar::run
{

/// What one sample did to the clock, for the log; changes below one second are normal and are no news.
struct adjustment
{
    enum class kind : std::uint8_t
    {
        none,
        forward,   ///< The clock moved forward `by`: the database's was set forward, or this machine slept.
        standing,  ///< The clock is ahead `by` and stands still until the database has caught up.
        set_back,  ///< The clock is ahead `by`, too much to wait, and goes on. Said once a step.
        caught_up  ///< Ends the two before; the clock moved forward `by`.
    };

    kind what = kind::none;
    microseconds by{0};

    friend bool operator==(const adjustment&, const adjustment&) = default;
};

/// The business clock that is never ahead of the database's: it runs on the monotonic clock of this machine, between
/// samples slower by `slack`, and each sample can bring it forward. The wall clock of this machine counts only until
/// the first sample.
///
/// Threads: any; no value is smaller than one given before in any thread.
/// Limits:  ahead after all when the two clocks run apart by more than `slack`, until the next sample; for as long as
///          it lasts when the database's was set back by more than `step_max`; and by what was given before the first
///          sample.
class reference_clock final : public clock
{
public:
    using monotonic = std::function<microseconds()>;

    /// One part in so many: twice what a bad crystal is off.
    static constexpr std::int64_t slack = 5000;

    explicit reference_clock(monotonic source = steady, microseconds step_max = std::chrono::seconds{10});

    [[nodiscard]] time now() override;

    /// One sample: the database's clock showed `database` at some moment between `sent` and `answered`, both monotonic.
    /// A sample that is older than the last one, or answered before it was sent, is left out.
    adjustment sync(time database, microseconds sent, microseconds answered);

    /// The default source.
    [[nodiscard]] static microseconds steady();

private:
    /// What the database's clock showed at the monotonic moment `at`, by one bound or the other.
    struct anchor
    {
        microseconds at{0};
        time shown;
    };

    [[nodiscard]] time reckon(microseconds at) const;

    const monotonic source_;
    const microseconds step_max_;
    std::mutex mutex_;
    anchor anchor_;  // the low bound that it runs on
    anchor most_;    // the high bound of the last sample
    time last_;
    microseconds newest_ = microseconds::min();  // `answered` of the last sample
    adjustment::kind state_ = adjustment::kind::none;
    microseconds ahead_max_{0};  // at the last sample: a step back is what goes beyond it
    bool sampled_ = false, told_ = false;
};

}  // namespace bazaar::run
