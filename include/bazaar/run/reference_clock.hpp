#pragma once

#include <cstdint>
#include <functional>
#include <mutex>

#include "bazaar/base/time.hpp"
#include "bazaar/run/clock.hpp"

namespace bazaar::run
{

/// How one sample changed the clock, for the log; changes below one second are normal and not reported.
struct adjustment
{
    enum class kind : std::uint8_t
    {
        none,
        forward,   ///< The clock moved forward `by`: the database's was set forward, or this machine slept.
        standing,  ///< The clock is ahead `by` and stands still until the database has caught up.
        set_back,  ///< The clock is ahead `by`, too much to wait, and continues. Reported once per step.
        caught_up  ///< Ends the previous two; the clock moved forward `by`.
    };

    kind what = kind::none;
    microseconds by{0};

    friend bool operator==(const adjustment&, const adjustment&) = default;
};

/// The business clock, which is never ahead of the database's: it runs on the monotonic clock of this machine, slower
/// by `slack` between samples, and each sample can move it forward. The wall clock of this machine is used only until
/// the first sample.
///
/// Threads: any; no value is smaller than an earlier one in any thread.
/// Limits:  it can be ahead nevertheless: until the next sample, if the two clocks run apart by more than `slack`; as
///          long as the difference lasts, if the database's clock was set back by more than `step_max`; and by the
///          values given before the first sample.
class reference_clock final : public clock
{
public:
    using monotonic = std::function<microseconds()>;

    /// One part in this number: twice the error of a bad crystal.
    static constexpr std::int64_t slack = 5000;

    explicit reference_clock(monotonic source = steady, microseconds step_max = std::chrono::seconds{10});

    [[nodiscard]] time now() override;

    /// One sample: the database's clock showed `database` at some moment between `sent` and `answered`, both monotonic.
    /// A sample that is older than the last one, or answered before it was sent, is ignored.
    adjustment sync(time database, microseconds sent, microseconds answered);

    /// The default source.
    [[nodiscard]] static microseconds steady();

private:
    /// What the database's clock showed at the monotonic time `at`: a lower or an upper bound.
    struct anchor
    {
        microseconds at{0};
        time shown;
    };

    [[nodiscard]] time reckon(microseconds at) const;

    const monotonic source_;
    const microseconds step_max_;
    std::mutex mutex_;
    anchor anchor_;  // the lower bound, on which the clock runs
    anchor most_;    // the upper bound of the last sample
    time last_;
    microseconds newest_ = microseconds::min();  // `answered` of the last sample
    adjustment::kind state_ = adjustment::kind::none;
    microseconds ahead_max_{0};  // at the last sample: more than this is a step back
    bool sampled_ = false, told_ = false;
};

}  // namespace bazaar::run
