#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "bazaar/base/time.hpp"

namespace bazaar::scenario::kit
{

/// The local clock of a place by a rule of POSIX's TZ, as "EST5EDT,M3.2.0,M11.1.0": the same in all years, whatever tzdata this machine has.
///
/// Seconds and offsets are the rule's: from -24 to 24 hours, changes from -167 to 167 hours around their day.
class time_zone
{
public:
    /// UTC.
    time_zone() noexcept = default;

    /// Nothing for what is no such rule. A rule with a summer time must say when it begins and ends.
    [[nodiscard]] static std::optional<time_zone> parse(std::string_view rule);

    /// By how much the local clock is ahead of UTC at that moment.
    [[nodiscard]] microseconds offset(time at) const noexcept;

    /// What a local clock shows: microseconds since its 1970-01-01T00:00.
    [[nodiscard]] std::int64_t local(time at) const noexcept { return at.us + offset(at).count(); }

    /// When a local clock shows that: the first time, where it does twice; where it never does, as if it had not been put forward yet.
    [[nodiscard]] time moment(std::int64_t local) const noexcept;

private:
    enum class day_form : std::uint8_t
    {
        week_of_month,  ///< Mm.w.d
        julian,         ///< Jn: from 1, without the 29th of February.
        of_year,        ///< n: from 0, with it.
    };

    struct change
    {
        day_form form = day_form::of_year;
        int month = 1;
        int week = 1;
        int day = 0;
        std::int64_t seconds = 7'200;  ///< Of that day, by the clock as it was before.
    };

    struct text_reader;

    [[nodiscard]] static std::int64_t day_of(const change& when, int year) noexcept;
    [[nodiscard]] bool is_summer(std::int64_t utc_seconds) const noexcept;

    std::int64_t winter_ = 0;  ///< Seconds ahead of UTC.
    std::int64_t summer_ = 0;
    bool has_summer_ = false;
    change begin_{};
    change end_{};
};

}  // namespace bazaar::scenario::kit
