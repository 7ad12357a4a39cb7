#pragma once

#include <cstdint>
#include <span>

#include "bazaar/scenario/state.hpp"
#include "clockwork.hpp"

namespace bazaar::scenario::declared
{

/// When the units of one arrival come. What is left of the gap to the next one is used up as fast as its factors say, so that a new rate
/// works at once.
///
/// Limits: a gap costs as many steps as hours and windows that it crosses.
class flow
{
public:
    /// `values` are those of the settings.
    flow(const compiled& all, const clockwork& clock, const arrival& of, stream name, std::span<const operand> values);

    /// Business time of the next one; `times_end` where there is none.
    [[nodiscard]] std::int64_t next() const noexcept { return next_; }

    /// The next one has come.
    void advance();

    /// At `at`, which is not before the last one, the settings change, or time goes on at `then`.
    void steer(std::int64_t at, std::int64_t then, std::span<const operand> values);

    [[nodiscard]] const arrival& of() const noexcept { return *of_; }

    void save(state_writer& to) const;
    void load(state_reader& from, std::span<const operand> values);

private:
    using wide = unsigned __int128;

    void read_settings(std::span<const operand> values);
    void draw_gap();
    void draw_count();
    void aim();
    [[nodiscard]] bool is_over() const noexcept;
    [[nodiscard]] wide mass(std::int64_t from, std::int64_t to) const;
    [[nodiscard]] wide used(std::int64_t from, std::int64_t to);
    [[nodiscard]] const clockwork::stretch& stretch_at(std::int64_t at);

    const compiled* all_;
    const clockwork* clock_;
    const arrival* of_;
    stream name_;
    std::uint64_t speed_micro_ = whole_share;
    std::uint64_t limit_ = 0;  ///< Of count; else most units, 0 for no end.
    std::uint64_t drawn_ = 0;  ///< Gaps.
    std::uint64_t come_ = 0;   ///< Units.
    std::int64_t from_ = 0;
    std::int64_t next_ = 0;
    wide gap_ = 0;   ///< What is left as of `from_`: microseconds at factor 1, in units of 2^-32.
    wide rest_ = 0;  ///< Of count: what is left of the stage, in the same units.
    clockwork::stretch here_{};
};

}  // namespace bazaar::scenario::declared
