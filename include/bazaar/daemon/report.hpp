#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bazaar/run/runner.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::daemon
{

/// Makes the status line and the summary of a run from the planner's figures and the runner's tally: never from a
/// query.
class reporter
{
public:
    using clock = std::chrono::steady_clock;

    /// `rate` is the configured number of ticks per second, 0 if the scenario has none.
    reporter(double rate, clock::time_point now) : rate_(rate), begun_(now), last_(now) {}

    /// A new configured rate.
    void rate(double now) noexcept { rate_ = now; }

    /// The same line as `status`, for a rate of units that the caller has measured.
    [[nodiscard]] std::string line(double units, const run::tally& done, const scenario::planner& plan);

    /// One line: units/s now and target, lag, rows per table, orders by status, errors.
    [[nodiscard]] std::string status(const run::tally& done, const scenario::planner& plan, clock::time_point now);

    /// Lines for the end of a run.
    [[nodiscard]] std::string summary(const run::tally& done, const scenario::planner& plan,
                                      clock::time_point now) const;

private:
    /// Mean number of units per second that the plan requires, according to its own history.
    [[nodiscard]] double target(const scenario::planner& plan) const;

    double rate_;
    clock::time_point begun_, last_;
    std::uint64_t last_written_ = 0;
    std::vector<scenario::figure> figures_;
};

/// Measures the rate over the last ten seconds.
class rate_meter
{
public:
    using clock = std::chrono::steady_clock;

    void add(clock::time_point now, std::uint64_t units, std::uint64_t ticks);

    /// Per second, since the oldest stored sample.
    [[nodiscard]] double units() const noexcept { return rate(&sample::units); }
    [[nodiscard]] double ticks() const noexcept { return rate(&sample::ticks); }

private:
    struct sample
    {
        clock::time_point at;
        std::uint64_t units = 0, ticks = 0;
    };

    [[nodiscard]] double rate(std::uint64_t sample::*what) const noexcept;

    std::array<sample, 11> samples_{};
    std::size_t count_ = 0;
};

/// "1,234,567": readable at a glance.
[[nodiscard]] std::string grouped(std::uint64_t n);

/// The configured pace of a scenario, in ticks per second; 0 if it has no field for that.
[[nodiscard]] double configured_rate(const scenario::settings& configuration);

}  // namespace bazaar::daemon
