#include "clockwork.hpp"

#include <algorithm>

#include "bazaar/base/fixed.hpp"

namespace bazaar::scenario::declared
{
namespace
{

constexpr std::int64_t minute_us = 60'000'000;
constexpr std::int64_t hour_us = 60 * minute_us;
constexpr std::int64_t local_day_us = 24 * hour_us;

/// Clocks change at a multiple of this.
constexpr std::int64_t zone_step_us = 30 * minute_us;

constexpr std::int64_t down(std::int64_t number, std::int64_t step)
{
    return number / step - (number % step < 0 ? 1 : 0);
}

void times(clockwork::stretch& to, std::uint64_t factor)
{
    to.factor_q32 = scaled(to.factor_q32, factor, whole_share);
}

}  // namespace

clockwork::clockwork(const compiled& all, time start) : all_(all), start_(start)
{
    auto at = start.us;
    for (const auto& one : all.file->clock.stages)
    {
        const auto end = one.lasts ? std::min(times_end.us, at + setting_value(*one.lasts, all.constants))
                                   : times_end.us;
        stages_.push_back({at, end});
        at = end;
    }
    if (stages_.empty())
        stages_.push_back({at, times_end.us});
    for (const auto& one : all.file->clock.windows)
        windows_.push_back(stream::named("window." + one.name));
}

std::size_t clockwork::stage_at(time at) const noexcept
{
    for (std::size_t i = 0; i + 1 < stages_.size(); ++i)
        if (at.us < stages_[i].end)
            return i;
    return stages_.size() - 1;
}

std::int64_t clockwork::end_of(const arrival& of) const noexcept
{
    return of.stages.empty() ? stages_.back().end : stages_[of.stages.back()].end;
}

void clockwork::by_stages(const arrival& of, stretch& to) const noexcept
{
    for (std::size_t i = 0; i < stages_.size(); ++i)
    {
        if (to.begin >= stages_[i].end && i + 1 < stages_.size())
            continue;
        if (to.begin < stages_[i].end)
            to.end = std::min(to.end, stages_[i].end);
        const bool in = of.stages.empty() || std::ranges::find(of.stages, i) != of.stages.end();
        if (!in || to.begin >= stages_[i].end)
            to.factor_q32 = 0;
        return;
    }
}

void clockwork::by_day(const arrival& of, stretch& to) const
{
    const auto local = all_.zone.local({to.begin});
    const auto day = down(local, local_day_us);
    const auto of_day = local - day * local_day_us;
    // The first day of 1970 was a Thursday.
    const auto weekday = static_cast<std::size_t>(((day + 3) % 7 + 7) % 7);
    std::int64_t left = local_day_us - of_day;
    if (of.curve != no_item)
    {
        const auto& curve = all_.file->clock.curves[of.curve];
        const auto hour = static_cast<std::size_t>(of_day / hour_us);
        times(to, curve.days[weekday]);
        times(to, curve.hours[hour]);
        left = std::min(left, hour_us - of_day % hour_us);
    }
    if (of.hours != no_item)
    {
        bool open = false;
        for (const auto& one : all_.file->clock.hours[of.hours].days[weekday])
            for (const auto edge : {one.open * minute_us, one.close * minute_us})
            {
                if (of_day >= one.open * minute_us && of_day < one.close * minute_us)
                    open = true;
                if (edge > of_day)
                    left = std::min(left, edge - of_day);
            }
        if (!open)
            to.factor_q32 = 0;
    }
    // The local clock may be put forward or back meanwhile.
    if (!all_.file->clock.zone_rule.empty())
        left = std::min(left, zone_step_us - (to.begin - down(to.begin, zone_step_us) * zone_step_us));
    to.end = std::min(to.end, to.begin + left);
}

clockwork::span clockwork::window_of(item_no which, std::int64_t period) const
{
    const auto& window = all_.file->clock.windows[which];
    auto draw = derive(all_.seed, windows_[which], static_cast<std::uint64_t>(period));
    const bool opens = chance(window.chance, whole_share).happens(draw.next());
    const auto lasts = std::min(draw.between(window.lasts.low, window.lasts.high), window.each);
    const auto begin = start_.us + period * window.each + draw.between(0, window.each - lasts);
    return opens ? span{begin, begin + lasts} : span{begin, begin};
}

std::optional<std::int64_t> clockwork::window_end(item_no which, std::int64_t at) const
{
    const auto& window = all_.file->clock.windows[which];
    if (window.each > 0)
    {
        const auto found = window_of(which, down(at - start_.us, window.each));
        return at >= found.begin && at < found.end ? std::optional(found.end) : std::nullopt;
    }
    for (std::size_t i = 0; i < window.at.size(); ++i)
    {
        const auto begin = window.at[i].us + (window.at[i].after_start ? start_.us : 0);
        auto draw = derive(all_.seed, windows_[which], i);
        const auto end = begin + draw.between(window.lasts.low, window.lasts.high);
        if (at >= begin && at < end)
            return end;
    }
    return std::nullopt;
}

void clockwork::by_window(item_no which, stretch& to) const
{
    const auto& window = all_.file->clock.windows[which];
    if (!window.times)
        return;
    const auto edge = [&](std::int64_t at)
    {
        if (at > to.begin)
            to.end = std::min(to.end, at);
    };
    if (window.each > 0)
    {
        const auto period = down(to.begin - start_.us, window.each);
        const auto found = window_of(which, period);
        edge(found.begin);
        edge(found.end);
        edge(start_.us + (period + 1) * window.each);
    }
    else
        for (std::size_t i = 0; i < window.at.size(); ++i)
        {
            const auto begin = window.at[i].us + (window.at[i].after_start ? start_.us : 0);
            auto draw = derive(all_.seed, windows_[which], i);
            edge(begin);
            edge(begin + draw.between(window.lasts.low, window.lasts.high));
        }
    if (window_end(which, to.begin))
        times(to, *window.times);
}

clockwork::stretch clockwork::at(const arrival& of, std::int64_t at) const
{
    stretch made{at, times_end.us, std::uint64_t{1} << 32};
    by_stages(of, made);
    if (made.factor_q32 == 0)
        return made;
    if (of.curve != no_item || of.hours != no_item)
        by_day(of, made);
    for (const auto one : of.windows)
        by_window(one, made);
    return made;
}

}  // namespace bazaar::scenario::declared
