#include "bazaar/daemon/report.hpp"

#include <cmath>
#include <iterator>

#include <fmt/format.h>

namespace bazaar::daemon
{
namespace
{

std::string duration(std::uint64_t us)
{
    if (us < 1'000)
        return fmt::format("{} us", us);
    if (us < 10'000'000)
        return fmt::format("{:.1f} ms", static_cast<double>(us) / 1e3);
    return fmt::format("{:.1f} s", static_cast<double>(us) / 1e6);
}

double seconds(std::chrono::steady_clock::duration d)
{
    return std::chrono::duration<double>(d).count();
}

/// The figures of a group as "users 1,002 orders 40".
std::string group(std::span<const scenario::figure> figures, bool rows, std::string_view between)
{
    std::string text;
    for (const auto& f : figures)
        if ((f.group == "rows") == rows)
            fmt::format_to(std::back_inserter(text), "{}{} {}", text.empty() ? "" : between, f.name, grouped(f.value));
    return text;
}

std::uint64_t errors(const run::tally& done)
{
    using run::outcome;
    return done.of(outcome::foreign) + done.of(outcome::not_done) + done.of(outcome::in_doubt) +
           done.of(outcome::rejected);
}

}  // namespace

std::string grouped(std::uint64_t n)
{
    auto digits = std::to_string(n);
    for (std::size_t i = digits.size(); i > 3; i -= 3)
        digits.insert(i - 3, 1, ',');
    return digits;
}

double configured_rate(const scenario::settings& configuration)
{
    const auto* pace = scenario::pace_of(configuration.fields());
    return pace == nullptr ? 0 : static_cast<double>(configuration.number(pace->name)) / std::pow(10, pace->scale);
}

double reporter::target(const scenario::planner& plan) const
{
    const auto ticks = plan.ticks();
    return ticks == 0 ? rate_ : rate_ * static_cast<double>(plan.next_no()) / static_cast<double>(ticks);
}

std::string reporter::status(const run::tally& done, const scenario::planner& plan, clock::time_point now)
{
    const double span = seconds(now - last_);
    const double rate = span > 0 ? static_cast<double>(done.written() - last_written_) / span : 0;
    last_ = now;
    last_written_ = done.written();
    return line(rate, done, plan);
}

std::string reporter::line(double rate, const run::tally& done, const scenario::planner& plan)
{
    plan.figures(figures_);
    const auto states = group(figures_, false, " ");
    return fmt::format("{}{:.1f} units/s, target {:.1f} | lag {} | errors {} | {}{}{}", done.paused ? "paused | " : "",
                       rate, target(plan), duration(static_cast<std::uint64_t>(done.lag.count())), errors(done),
                       group(figures_, true, " "), states.empty() ? "" : " | ", states);
}

void rate_meter::add(clock::time_point now, std::uint64_t units, std::uint64_t ticks)
{
    samples_[count_++ % samples_.size()] = {now, units, ticks};
}

double rate_meter::rate(std::uint64_t sample::*what) const noexcept
{
    if (count_ < 2)
        return 0;
    const auto& oldest = samples_[count_ < samples_.size() ? 0 : count_ % samples_.size()];
    const auto& newest = samples_[(count_ - 1) % samples_.size()];
    const auto span = seconds(newest.at - oldest.at);
    // A run that was opened again counts from what it found.
    return span > 0 && newest.*what >= oldest.*what ? static_cast<double>(newest.*what - oldest.*what) / span : 0;
}

std::string reporter::summary(const run::tally& done, const scenario::planner& plan, clock::time_point now) const
{
    using run::outcome;
    std::vector<scenario::figure> figures;
    plan.figures(figures);
    const double took = seconds(now - begun_);
    std::string text;
    auto end = std::back_inserter(text);
    fmt::format_to(
        end, "units     {} written in {:.1f} s ({:.1f}/s), {} of them found done; {} of {} planned in all, {} ticks\n",
        grouped(done.written()), took, took > 0 ? static_cast<double>(done.written()) / took : 0,
        grouped(done.of(outcome::already_there)), grouped(done.settled), grouped(plan.next_no()),
        grouped(plan.ticks()));
    fmt::format_to(end, "rows      {}\n", group(figures, true, ", "));
    if (const auto states = group(figures, false, ", "); !states.empty())
        fmt::format_to(end, "states    {}\n", states);
    fmt::format_to(end, "lag       p50 {}, p99 {}, max {} from planned to sent; answered in p50 {}, p99 {}, max {}\n",
                   duration(done.sent.quantile(.5)), duration(done.sent.quantile(.99)), duration(done.sent.max()),
                   duration(done.answered.quantile(.5)), duration(done.answered.quantile(.99)),
                   duration(done.answered.max()));
    fmt::format_to(end, "trouble   {} foreign edits, {} retries, {} in doubt, {} refused; {} shifts, {:.1f} s\n",
                   done.of(outcome::foreign), done.of(outcome::not_done), done.of(outcome::in_doubt),
                   done.of(outcome::rejected) + done.skipped, done.shifts,
                   static_cast<double>(done.shifted.count()) / 1e6);
    return text;
}

}  // namespace bazaar::daemon
