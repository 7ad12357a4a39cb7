#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "bazaar/scenario/kit/rate_curve.hpp"
#include "scenario/thelook/fields.hpp"
#include "scenario/thelook/shoppers.hpp"

namespace bazaar::scenario::thelook
{

/// When people buy: by the hour and the weekday where they live, by season, around Black Friday, and as the shop grows.
///
/// Over a year without growth the mean of its factors is 1. Curves: docs/calendar.md.
///
/// Determinism: a function of seed, settings and catalogue. Threads: immutable.
class calendar
{
public:
    calendar(std::uint64_t seed, const configuration& of, const catalogue& c, const shoppers& who);

    /// Factor on the rate at a moment of a run that began at `start`, in units of 2^-32: constant within an hour of UTC.
    [[nodiscard]] std::uint64_t factor_q32(time at, time start) const;

    /// Whether this user is one who buys at that hour of his week: one of two or three, more in his evening than in his night.
    [[nodiscard]] bool buys(std::uint64_t user, std::uint32_t moves, time at, random& draw) const;

    /// Whether this product is one that is bought in that month where the buyer lives: of a swimsuit nearly always in June, hardly
    /// ever in December.
    [[nodiscard]] bool in_season(const product& what, const place& where, time at, random& draw) const;

private:
    static constexpr std::int64_t week_hours = 7 * 24;

    [[nodiscard]] std::uint64_t day_factor(std::int64_t day) const;
    [[nodiscard]] std::uint64_t grown(std::uint64_t value, time at, time start) const;

    std::uint64_t seed_;
    const catalogue& catalogue_;
    const shoppers& shoppers_;
    bool retail_;
    std::int64_t growth_q56_;                        ///< ln of what a year multiplies by.
    std::vector<std::int8_t> zones_;                 ///< Of each place, hours east of Greenwich.
    std::vector<std::uint8_t> seasons_;              ///< Of each product, its place among the categories with a season.
    std::array<std::uint64_t, week_hours> world_{};  ///< By hour of the week in UTC: mean over all who may buy.
};

/// The calendar on a planner's own time, which shifts move on.
class calendar_clock final : public kit::rate_curve
{
public:
    calendar_clock(const calendar& of, time start) : of_(of), start_(start) {}

    /// From here on, the planner's own time is this much behind.
    void set_shift(std::int64_t shift) noexcept { shift_ = shift; }

    [[nodiscard]] stretch at(std::int64_t at) const override;

private:
    const calendar& of_;
    time start_;
    std::int64_t shift_ = 0;
};

}  // namespace bazaar::scenario::thelook
