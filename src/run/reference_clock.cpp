#include "bazaar/run/reference_clock.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "bazaar/run/clock.hpp"

namespace bazaar::run
{

namespace
{

using kind = adjustment::kind;

constexpr microseconds news_min = std::chrono::seconds{1};

}  // namespace

reference_clock::reference_clock(monotonic source, microseconds step_max)
    : source_(std::move(source)), step_max_(step_max)
{
    const auto wall = machine_time();
    anchor_ = {source_(), wall};
}

microseconds reference_clock::steady()
{
    return std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now().time_since_epoch());
}

time reference_clock::reckon(microseconds at) const
{
    const microseconds passed = at - anchor_.at;
    // Two more: the slack is rounded down, and so are the readings of both clocks.
    return anchor_.shown + passed - passed / slack - microseconds{2};
}

time reference_clock::now()
{
    const std::lock_guard lock(mutex_);
    last_ = std::max(last_, reckon(source_()));
    return last_;
}

adjustment reference_clock::sync(time database, microseconds sent, microseconds answered)
{
    const std::lock_guard lock(mutex_);
    if (answered < sent || answered < newest_)
        return {};
    newest_ = answered;

    // All at one moment: what the database's clock shows at least and at most, and this one.
    const microseconds at = std::max(source_(), answered);
    const time low = database + (at - answered);
    const time high = database + (at - sent);
    const bool first = !std::exchange(sampled_, true);
    const time reckoned = reckon(at);
    const time shown = first ? last_ : std::max(last_, reckoned);
    const microseconds ahead = shown - high;
    const microseconds passed = at - most_.at;
    const bool jumped = !first && low > most_.shown + passed + passed / slack + news_min;
    const kind before = state_;
    most_ = {at, high};

    // Once it goes on it does so until the database has caught up: no halt later because the rest has become small.
    if (ahead > (before == kind::set_back ? microseconds{0} : step_max_))
    {
        if (before != kind::set_back)
            anchor_ = {at, shown};
        const bool step = before != kind::set_back || ahead > ahead_max_ + news_min;
        state_ = kind::set_back;
        ahead_max_ = shown - low;
        told_ = true;
        return step ? adjustment{kind::set_back, ahead} : adjustment{};
    }

    // The low bound alone is safe. Within the bounds, an earlier and quicker answer knows better.
    if (first || before == kind::set_back || reckoned < low || reckoned > high)
        anchor_ = {answered, database};

    if (ahead.count() > 0)
    {
        const bool step = ahead > ahead_max_ + news_min;
        state_ = kind::standing;
        ahead_max_ = shown - low;
        told_ |= step;
        return step ? adjustment{kind::standing, ahead} : adjustment{};
    }

    state_ = kind::none;
    ahead_max_ = microseconds{0};
    const microseconds forward = std::max(low - shown, microseconds{0});
    if (std::exchange(told_, false))
        return {kind::caught_up, forward};
    // A better sample after a slow one brings it forward too, which is no news.
    return jumped ? adjustment{kind::forward, forward} : adjustment{};
}

}  // namespace bazaar::run
