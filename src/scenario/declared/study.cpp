#include "study.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bazaar::scenario::declared
{
namespace
{

/// From 0 to 1, both left out.
double between(random& draw)
{
    return (static_cast<double>(draw.next() >> 11) + 0.5) / 9'007'199'254'740'992.0;
}

}  // namespace

void places::see(double low, double high, random& within)
{
    numbers_.push_back(low + (high - low) * between(within));
}

void places::note(double value) noexcept
{
    least_ = noted_ == 0 ? value : std::min(least_, value);
    most_ = noted_ == 0 ? value : std::max(most_, value);
    ++noted_;
    sum_ += value;
    squares_ += value * value;
}

double places::mean() const noexcept
{
    return noted_ == 0 ? 0 : sum_ / static_cast<double>(noted_);
}

double places::deviation() const noexcept
{
    if (noted_ < 2)
        return 0;
    const auto n = static_cast<double>(noted_);
    return statistics::root(std::max(0.0, (squares_ - sum_ * sum_ / n) / (n - 1)));
}

statistics::outcome places::test() const
{
    auto made = statistics::kolmogorov(numbers_);
    if (outside_ > 0)
        made.p = 0;
    return made;
}

std::size_t shares::add(std::string name)
{
    names_.push_back(std::move(name));
    expected_.push_back(0);
    seen_.push_back(0);
    return names_.size() - 1;
}

double shares::count() const noexcept
{
    double sum = others_;
    for (const auto one : seen_)
        sum += one;
    return sum;
}

statistics::outcome shares::test() const
{
    auto made = statistics::chi_square(seen_, expected_);
    if (others_ > 0)
        made.p = 0;
    return made;
}

std::string shares::shown(const std::vector<double>& of, const std::vector<double>& beside) const
{
    constexpr std::size_t few = 4;
    double all = 0;
    double all_beside = 0;
    for (std::size_t i = 0; i < of.size(); ++i)
    {
        all += of[i];
        all_beside += beside[i];
    }
    std::string text;
    if (of.size() > few)
    {
        std::size_t farthest = 0;
        const auto off = [&](std::size_t i)
        {
            const double a = all > 0 ? of[i] / all : 0;
            const double b = all_beside > 0 ? beside[i] / all_beside : 0;
            return a > b ? a - b : b - a;
        };
        for (std::size_t i = 1; i < of.size(); ++i)
            if (off(i) > off(farthest))
                farthest = i;
        return fmt::format("{} values; {} {}", of.size(), names_[farthest], percent(all > 0 ? of[farthest] / all : 0));
    }
    for (std::size_t i = 0; i < of.size(); ++i)
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", names_[i], percent(all > 0 ? of[i] / all : 0));
    return others_ > 0 && &of == &seen_ ? text + fmt::format(", {} others", others_) : text;
}

std::uint64_t odds::count() const noexcept
{
    std::uint64_t sum = 0;
    for (const auto& [share, seen] : by_share_)
        sum += seen.first;
    return sum;
}

void odds::tell(std::string what, std::vector<finding>& to) const
{
    std::vector<statistics::outcome> all;
    std::string wished;
    std::string found;
    for (const auto& [share, seen] : by_share_)
    {
        const double wish = static_cast<double>(share) / 1e9;
        all.push_back(statistics::binomial(seen.second, seen.first, wish));
        if (all.size() > 4)
            continue;
        wished += fmt::format("{}{}", wished.empty() ? "" : ", ", percent(wish));
        found += fmt::format("{}{} of {}", found.empty() ? "" : ", ", percent(all.back().statistic), seen.first);
    }
    if (all.empty())
        return to.push_back(untested(std::move(what), "", "not in the sample"));
    to.push_back(found_of(std::move(what), wished, found, "binomial", statistics::worst(all)));
}

finding found_of(std::string what, std::string wished, std::string found, std::string test,
                 const statistics::outcome& outcome)
{
    return {.what = std::move(what),
            .wished = std::move(wished),
            .found = std::move(found),
            .test = std::move(test),
            .p = outcome.p,
            .is = outcome.p < statistics::significance ? finding::verdict::fails : finding::verdict::fits};
}

finding untested(std::string what, std::string wished, std::string why)
{
    return {.what = std::move(what),
            .wished = std::move(wished),
            .found = std::move(why),
            .is = finding::verdict::untested};
}

std::string percent(double share)
{
    return fmt::format("{:.4g} %", share * 100);
}

std::string shown_span(double microseconds)
{
    struct unit
    {
        double size;
        std::string_view name;
    };
    constexpr std::array<unit, 6> units{{{864e8, "d"}, {36e8, "h"}, {6e7, "min"}, {1e6, "s"}, {1e3, "ms"}, {1, "us"}}};
    for (const auto& one : units)
        if (microseconds >= one.size)
            return fmt::format("{:.4g} {}", microseconds / one.size, one.name);
    return "0 s";
}

void delay_study::end(std::uint64_t key, std::int64_t at, bool also_later)
{
    const auto found = open_.find(key);
    if (found == open_.end())
        return;
    closed_.push_back({found->second, at - found->second, also_later});
    open_.erase(found);
}

namespace
{

/// A unit comes a microsecond later where another one is planned at the same; in a crowd, several ones.
constexpr std::int64_t crowd_us = 1'000;

void see_delay(places& to, const range& after, std::int64_t delay, random& within)
{
    to.note(static_cast<double>(delay));
    if (delay < after.low || delay > after.high + crowd_us)
        return to.see_outside();
    const auto width = static_cast<double>(after.high - after.low + 1);
    const auto at = static_cast<double>(std::min(delay, after.high) - after.low);
    if (after.low == after.high)
        to.see(0, 1, within);
    else
        to.see(at / width, (at + 1) / width, within);
}

std::string shown_range(const range& of)
{
    return of.low == of.high ? shown_span(static_cast<double>(of.low))
                             : fmt::format("{} to {}", shown_span(static_cast<double>(of.low)),
                                           shown_span(static_cast<double>(of.high)));
}

std::string shown_delays(const places& of)
{
    return fmt::format("{} to {}, {} on average; {}{}", shown_span(of.least()), shown_span(of.most()),
                       shown_span(of.mean()), of.count(),
                       of.outside() > 0 ? fmt::format(", {} outside", of.outside()) : "");
}

}  // namespace

void delay_study::tell(std::int64_t end, std::optional<std::uint32_t> chance, std::vector<finding>& to) const
{
    places delays;
    odds come;
    auto within = within_;
    const auto share = std::int64_t{chance.value_or(0)} * 1'000;
    const auto early = [&](std::int64_t begin) { return begin + after_.high + crowd_us < end; };
    bool waits = false;
    for (const auto& one : closed_)
    {
        if (!early(one.begin))
            continue;
        come.see(share, true);
        if (one.later)
            waits = true;
        else
            see_delay(delays, after_, one.delay, within);
    }
    for (const auto& [key, begin] : open_)
        if (early(begin))
            come.see(share, false);
    if (chance)
        come.tell(what_ + " follows", to);
    if (delays.count() == 0)
        return to.push_back(untested(what_ + " after", shown_range(after_), "not in the sample"));
    to.push_back(found_of(what_ + " after", shown_range(after_),
                          shown_delays(delays) + (waits ? ", without those that wait" : ""),
                          after_.low == after_.high ? "exact" : "Kolmogorov", delays.test()));
}

void life_study::step(std::uint64_t row, item_no state, item_no step, std::int64_t at, bool left_out)
{
    const auto found = now_.find(row);
    if (found == now_.end() || found->second.state != state)
        return;
    taken_.push_back({found->second, step, at - found->second.since, left_out});
    now_.erase(found);
    if (!left_out)
        enter(row, of_->states[state].steps[step].to, at);
}

std::string life_study::name_of(item_no state, item_no step) const
{
    const auto& from = of_->states[state];
    return from.name + " -> " + of_->states[from.steps[step].to].name;
}

void life_study::tell(std::int64_t end, std::vector<finding>& to) const
{
    for (item_no s = 0; s < of_->states.size(); ++s)
    {
        const auto& state = of_->states[s];
        if (state.steps.empty())
            continue;
        std::int64_t longest = 0;
        for (const auto& one : state.steps)
            longest = std::max(longest, one.after.high);
        shares steps;
        std::vector<places> delays(state.steps.size());
        double left = 1;
        std::vector<double> chances;
        for (item_no i = 0; i < state.steps.size(); ++i)
        {
            static_cast<void>(steps.add(of_->states[state.steps[i].to].name));
            chances.push_back(state.steps[i].chance / 1e6);
            left -= chances.back();
        }
        const bool stays = left > 1e-9;
        if (stays)
        {
            static_cast<void>(steps.add("stays"));
            chances.push_back(left);
        }
        random within(mix(s));
        const auto early = [&](const stay& of) { return of.state == s && of.since + longest + crowd_us < end; };
        const auto count = [&](std::size_t which)
        {
            for (std::size_t i = 0; i < chances.size(); ++i)
                steps.expect(i, chances[i]);
            if (which < chances.size())
                steps.see(which);
            else
                steps.see_another();
        };
        for (const auto& one : taken_)
            if (early(one.from))
            {
                count(one.step);
                if (!one.left_out)
                    see_delay(delays[one.step], state.steps[one.step].after, one.delay, within);
            }
        for (const auto& [row, one] : now_)
            if (early(one))
                count(state.steps.size());
        const auto name = fmt::format("{} from {}", what_, state.name);
        if (steps.count() == 0)
            to.push_back(untested(name, "", "not in the sample"));
        else if (steps.size() > 1)
            to.push_back(found_of(name, steps.wished(), steps.found(), "chi-square", steps.test()));
        for (item_no i = 0; i < state.steps.size(); ++i)
            if (delays[i].count() > 0)
                to.push_back(found_of(fmt::format("{} {} after", what_, name_of(s, i)),
                                      shown_range(state.steps[i].after), shown_delays(delays[i]),
                                      state.steps[i].after.low == state.steps[i].after.high ? "exact" : "Kolmogorov",
                                      delays[i].test()));
    }
}

}  // namespace bazaar::scenario::declared
