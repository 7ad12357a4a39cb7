#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "study.hpp"

namespace bazaar::scenario::declared
{
namespace
{

constexpr std::int64_t study_minute_us = 60'000'000;
constexpr std::int64_t study_hour_us = 60 * study_minute_us;
constexpr std::int64_t study_day_us = 24 * study_hour_us;
constexpr double q32 = 4'294'967'296.0;

/// Where a moment is in its local week.
struct local_hour
{
    std::size_t weekday = 0;  ///< From Monday.
    std::size_t hour = 0;
    std::int64_t minute = 0;  ///< Of the day.
};

local_hour local_of(const kit::time_zone& zone, std::int64_t at)
{
    const auto local = zone.local({at});
    const auto day = local >= 0 ? local / study_day_us : -((study_day_us - 1 - local) / study_day_us);
    const auto of_day = local - day * study_day_us;
    return {static_cast<std::size_t>(((day + 3) % 7 + 7) % 7), static_cast<std::size_t>(of_day / study_hour_us),
            of_day / study_minute_us};
}

/// Tests whose answer is yes or no.
statistics::outcome exactly(bool holds)
{
    return {.p = holds ? 1.0 : 0.0};
}

/// What a distribution of gaps makes of counts: the variance of a count is `part` of what it expects, and `edges` more for each stretch of time.
struct spread
{
    double part = 1;
    double edges = 0;
};

spread spread_of(const arrival& of)
{
    if (of.is != arrival::form::every)
        return {};
    const auto width = static_cast<double>(of.gap.high - of.gap.low);
    const auto mean = static_cast<double>(of.gap.high + of.gap.low) / 2;
    const auto part = width * width / 12 / (mean * mean);
    return {part, 1.0 / 6 + part * part / 2};
}

/// In which steps a span is looked at: of a minute, unless there are more than a million.
std::int64_t step_of(std::int64_t from, std::int64_t stop)
{
    return std::max<std::int64_t>(study_minute_us, (stop - from) / 1'000'000 / study_minute_us * study_minute_us);
}

bool is_even(const arrival& of)
{
    return of.is == arrival::form::every ? of.gap.low == of.gap.high : of.even;
}

}  // namespace

arrival_study::arrival_study(const compiled& judged, const arrival& wished, std::string what)
    : judged_(&judged), of_(&wished), what_(std::move(what))
{
}

std::int64_t arrival_study::begin(const clockwork& clock) const
{
    return of_->stages.empty() ? clock.start().us : clock.stage(of_->stages.front()).begin;
}

double arrival_study::speed() const
{
    return of_->speed && of_->is != arrival::form::count
               ? static_cast<double>(setting_value(*of_->speed, judged_->constants, 6)) / 1e6
               : 1;
}

/// What hours, curve and windows make of the rate at a moment, read from the file itself.
double arrival_study::factor(const clockwork& clock, std::int64_t at) const
{
    const auto& times = judged_->file->clock;
    const auto stage = static_cast<item_no>(clock.stage_at({at}));
    if (!of_->stages.empty() && std::ranges::find(of_->stages, stage) == of_->stages.end())
        return 0;
    const auto here = local_of(judged_->zone, at);
    double made = 1;
    if (of_->hours != no_item)
        made = std::ranges::any_of(times.hours[of_->hours].days[here.weekday], [&](const opening& one)
                                   { return here.minute >= one.open && here.minute < one.close; })
                   ? 1
                   : 0;
    if (of_->curve != no_item)
        made *= times.curves[of_->curve].days[here.weekday] / 1e6 * (times.curves[of_->curve].hours[here.hour] / 1e6);
    for (const auto window : of_->windows)
        if (times.windows[window].times && clock.window_end(window, at))
            made *= *times.windows[window].times / 1e6;
    return made;
}

/// The integral of the factors.
double arrival_study::mass(const clockwork& clock, std::int64_t from, std::int64_t to) const
{
    double sum = 0;
    while (from < to)
    {
        const auto here = clock.at(*of_, from);
        const auto end = std::min(here.end, to);
        sum += static_cast<double>(end - from) * (static_cast<double>(here.factor_q32) / q32);
        from = end;
    }
    return sum;
}

std::string arrival_study::wished() const
{
    std::string text;
    if (of_->is == arrival::form::rate)
        text = fmt::format("{:g}/h", static_cast<double>(of_->rate) * 3600 / 1e6 * speed());
    else if (of_->is == arrival::form::every)
        text = of_->gap.low == of_->gap.high
                   ? "every " + shown_span(static_cast<double>(of_->gap.low) / speed())
                   : fmt::format("every {} to {}", shown_span(static_cast<double>(of_->gap.low) / speed()),
                                 shown_span(static_cast<double>(of_->gap.high) / speed()));
    else
        text = fmt::format("{} in {}", setting_value(*of_->count, judged_->constants),
                           judged_->file->clock.stages.at(of_->stages.front()).name);
    return text + (is_even(*of_) ? ", even" : of_->is == arrival::form::every ? "" : ", at random");
}

/// The gaps, as long as they would be at factor 1.
void arrival_study::tell_gaps(const clockwork& clock, std::vector<finding>& to) const
{
    places gaps;
    random within(stream::named(what_).number);
    auto last = begin(clock);
    double over = 0;  // What the last one came too late, by less than a microsecond at the factor of its moment.
    double longest_error = 0;
    const auto rate = static_cast<double>(of_->rate) / 1e12;
    const auto tempo = speed();
    for (const auto at : times_)
    {
        const auto gap = mass(clock, last, at) * tempo;
        const auto most_over = static_cast<double>(clock.at(*of_, at - 1).factor_q32) / q32 * tempo + 1e-3;
        if (of_->is == arrival::form::rate && !of_->even)
        {
            gaps.note(gap);
            const auto u = 1 - statistics::exponential(-gap * rate);
            gaps.see(u, u, within);
        }
        else
        {
            const auto low = of_->is == arrival::form::rate ? 1 / rate : static_cast<double>(of_->gap.low);
            const auto high = of_->is == arrival::form::rate ? low : static_cast<double>(of_->gap.high);
            gaps.note(gap);
            if (gap < low - over - 1 || gap > high + most_over + 1)
            {
                gaps.see_outside();
                longest_error = std::max({longest_error, low - gap, gap - high});
            }
            else if (low == high)
                gaps.see(0, 1, within);
            else
            {
                const auto u = std::clamp((gap - low) / (high - low), 0.0, 1.0);
                gaps.see(u, u, within);
            }
        }
        over = most_over;
        last = at;
    }
    if (gaps.count() == 0)
        return to.push_back(untested(what_ + " gaps", wished(), "not in the sample"));
    to.push_back(found_of(what_ + " gaps", wished(),
                          fmt::format("{} on average, {} to {}; {}{}", shown_span(gaps.mean() / tempo),
                                      shown_span(gaps.least() / tempo), shown_span(gaps.most() / tempo), gaps.count(),
                                      gaps.outside() > 0 ? fmt::format(", {} outside, by {} at most", gaps.outside(),
                                                                       shown_span(longest_error))
                                                         : ""),
                          is_even(*of_) ? "exact" : "Kolmogorov", gaps.test()));
}

/// So many in a stage.
void arrival_study::tell_count(const clockwork& clock, std::int64_t end, std::vector<finding>& to) const
{
    const auto wish = static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, setting_value(*of_->count, judged_->constants)));
    const auto close = clock.end_of(*of_);
    if (end < close)
        return to.push_back(untested(what_ + " count", wished(), "the sample ends before the stage does"));
    to.push_back(found_of(what_ + " count", wished(), fmt::format("{}", times_.size()), "exact",
                          exactly(times_.size() == wish)));
    const auto from = begin(clock);
    const auto all = mass(clock, from, close);
    if (times_.size() < 2 || all <= 0)
        return;
    places spots;
    random within(stream::named(what_).number);
    const auto step = all / static_cast<double>(times_.size());
    double sum = 0;
    double farthest = 0;
    auto last = from;
    for (std::size_t i = 0; i < times_.size(); ++i)
    {
        sum += mass(clock, last, times_[i]);
        last = times_[i];
        spots.see(sum / all, sum / all, within);
        const auto off = sum / step - (static_cast<double>(i) + 0.5);
        farthest = std::max(farthest, off < 0 ? -off : off);
    }
    constexpr double near = 0.01;
    if (of_->even)
        to.push_back(found_of(what_ + " spacing", "even", fmt::format("{:.3g} of a step off, at most", farthest),
                              "exact", exactly(farthest < near)));
    else
        to.push_back(found_of(what_ + " spacing", "at random", fmt::format("{} moments", spots.count()), "Kolmogorov",
                              spots.test()));
}

/// Counts by hour and by day against hours, curve and windows.
void arrival_study::tell_hours(const clockwork& clock, std::int64_t end, std::vector<finding>& to) const
{
    struct cells
    {
        std::vector<double> seen, expected, stretches;
        std::size_t last = SIZE_MAX;
    };
    std::array<cells, 2> by{{{std::vector<double>(24), std::vector<double>(24), std::vector<double>(24)},
                             {std::vector<double>(7), std::vector<double>(7), std::vector<double>(7)}}};
    const auto from = begin(clock);
    const auto stop = std::min(end, clock.end_of(*of_));
    const auto step = step_of(from, stop);
    double all = 0;
    for (auto at = from; at < stop; at += step)
    {
        const auto width = std::min(step, stop - at);
        const auto here = local_of(judged_->zone, at + width / 2);
        const auto so_much = factor(clock, at + width / 2) * static_cast<double>(width);
        all += so_much;
        for (std::size_t i = 0; i < 2; ++i)
        {
            const auto cell = i == 0 ? here.hour : here.weekday;
            by[i].expected[cell] += so_much;
            by[i].stretches[cell] += by[i].last != cell && so_much > 0 ? 1 : 0;
            by[i].last = so_much > 0 ? cell : SIZE_MAX;
        }
    }
    std::uint64_t closed = 0;
    for (const auto at : times_)
    {
        const auto here = local_of(judged_->zone, at);
        ++by[0].seen[here.hour];
        ++by[1].seen[here.weekday];
        closed += factor(clock, at) <= 0 && factor(clock, at - 1) <= 0 ? 1 : 0;
    }
    to.push_back(
        found_of(what_ + " when closed", "never", fmt::format("{} times", closed), "exact", exactly(closed == 0)));
    const auto mean = static_cast<double>(of_->gap.low + of_->gap.high) / 2;
    const auto per_us = of_->is == arrival::form::rate    ? static_cast<double>(of_->rate) / 1e12 * speed()
                        : of_->is == arrival::form::every ? speed() / mean
                        : all > 0                         ? static_cast<double>(times_.size()) / all
                                                          : 0;
    tell_factors(clock, end, per_us, to);
    const auto wide = spread_of(*of_);
    for (std::size_t i = 0; i < 2 && !is_even(*of_); ++i)
    {
        auto variances = by[i].expected;
        std::size_t busiest = 0;
        for (std::size_t k = 0; k < by[i].expected.size(); ++k)
        {
            by[i].expected[k] *= per_us;
            variances[k] = by[i].expected[k] * wide.part + by[i].stretches[k] * wide.edges;
            if (by[i].expected[k] > by[i].expected[busiest])
                busiest = k;
        }
        constexpr std::array<std::string_view, 7> days{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
        const auto name = i == 0 ? fmt::format("{}:00", busiest) : std::string(days[busiest]);
        to.push_back(found_of(
            what_ + (i == 0 ? " by hour" : " by day"), fmt::format("{} {:.1f}", name, by[i].expected[busiest]),
            fmt::format("{} {:.0f}", name, by[i].seen[busiest]), "chi-square",
            statistics::chi_square(by[i].seen, by[i].expected, variances, of_->is == arrival::form::count ? 1 : 0)));
    }
}

/// How often units come in each window that makes them more or less, by what its factor makes one expect.
void arrival_study::tell_factors(const clockwork& clock, std::int64_t end, double per_us,
                                 std::vector<finding>& to) const
{
    const auto from = begin(clock);
    const auto stop = std::min(end, clock.end_of(*of_));
    const auto step = step_of(from, stop);
    const auto wide = spread_of(*of_);
    for (const auto which : of_->windows)
    {
        const auto& window = judged_->file->clock.windows[which];
        if (!window.times || *window.times == 0 || is_even(*of_))
            continue;
        double expected = 0;
        double stretches = 0;
        bool inside = false;
        for (auto at = from; at < stop; at += step)
        {
            const auto width = std::min(step, stop - at);
            const auto middle = at + width / 2;
            const bool is_in = clock.window_end(which, middle).has_value();
            const auto so_much = is_in ? factor(clock, middle) * static_cast<double>(width) : 0;
            expected += so_much * per_us;
            stretches += so_much > 0 && !inside ? 1 : 0;
            inside = so_much > 0;
        }
        const auto seen = static_cast<double>(
            std::ranges::count_if(times_, [&](std::int64_t at) { return clock.window_end(which, at).has_value(); }));
        const auto name = fmt::format("{} in {}", what_, window.name);
        const auto wish = *window.times / 1e6;
        if (expected < 5)
            to.push_back(untested(name, fmt::format("{:g} times", wish), "not in the sample"));
        else
            to.push_back(
                found_of(name, fmt::format("{:g} times", wish),
                         fmt::format("{:.3f} times; {}", wish * seen / expected, seen), "normal",
                         statistics::deviations((seen - expected) /
                                                statistics::root(expected * wide.part + stretches * wide.edges))));
    }
}

void arrival_study::tell(const clockwork& clock, std::int64_t end, std::vector<finding>& to) const
{
    if (begin(clock) >= end)
        return to.push_back(untested(what_, wished(), "the sample ends before its stage begins"));
    if (of_->is == arrival::form::count)
        tell_count(clock, end, to);
    else if (speed() <= 0 || (of_->is == arrival::form::rate && of_->rate == 0))
        return to.push_back(untested(what_, wished(), "it never comes"));
    else
        tell_gaps(clock, to);
    if (of_->hours != no_item || of_->curve != no_item || !of_->windows.empty())
        tell_hours(clock, end, to);
}

void tell_windows(const compiled& judged, const clockwork& drawn, std::vector<finding>& to)
{
    constexpr std::int64_t periods = 5'000;
    const auto& windows = judged.file->clock.windows;
    for (item_no which = 0; which < windows.size(); ++which)
    {
        const auto& one = windows[which];
        const auto name = "window " + one.name;
        if (one.each == 0)
            continue;
        odds comes;
        places lengths;
        random within(stream::named(name).number);
        for (std::int64_t period = 0; period < periods; ++period)
        {
            const auto found = drawn.window_of(which, period);
            const auto length = found.end - found.begin;
            comes.see(std::int64_t{one.chance} * 1'000, length > 0);
            if (length == 0)
                continue;
            lengths.note(static_cast<double>(length));
            const auto width = static_cast<double>(one.lasts.high - one.lasts.low + 1);
            if (length > std::min(one.lasts.high, one.each) || length < std::min(one.lasts.low, one.each))
                lengths.see_outside();
            else if (one.lasts.high <= one.each)
                lengths.see(static_cast<double>(length - one.lasts.low) / width,
                            static_cast<double>(length - one.lasts.low + 1) / width, within);
        }
        comes.tell(name, to);
        if (lengths.count() > 0)
            to.push_back(found_of(name + " lasts",
                                  fmt::format("{} to {}", shown_span(static_cast<double>(one.lasts.low)),
                                              shown_span(static_cast<double>(one.lasts.high))),
                                  fmt::format("{} to {}, {} on average", shown_span(lengths.least()),
                                              shown_span(lengths.most()), shown_span(lengths.mean())),
                                  "Kolmogorov", lengths.test()));
    }
}

}  // namespace bazaar::scenario::declared
