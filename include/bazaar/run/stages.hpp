#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "bazaar/base/error.hpp"

namespace bazaar::run
{

/// A state machine: the successor of each state for each event; nothing if the event cannot occur.
template <typename State, std::size_t States, typename Event, std::size_t Events>
using successors = std::array<std::array<std::optional<State>, Events>, States>;

/// Whether a runner plans, and whether a change of the plan is being recorded: nothing is planned meanwhile.
enum class stage : std::uint8_t
{
    planning,
    recording,   ///< Planning continues when the entry is durable.
    draining,    ///< Planned units are finished, nothing more is planned.
    last_entry,  ///< Draining, while an entry is being recorded.
    finished,
};

enum class stage_event : std::uint8_t
{
    record,    ///< An entry goes to the ledger.
    recorded,  ///< It is durable, or will never be.
    drain,     ///< The last tick is planned, a stop was requested, or something has failed.
    finish,    ///< Everything is settled, or something has failed.
};

inline constexpr successors<stage, 5, stage_event, 4> stage_successors{{
    // record            recorded         drain              finish
    {stage::recording, std::nullopt, stage::draining, std::nullopt},      // planning
    {std::nullopt, stage::planning, stage::last_entry, std::nullopt},     // recording
    {std::nullopt, std::nullopt, stage::draining, stage::finished},       // draining
    {std::nullopt, stage::draining, stage::last_entry, stage::finished},  // last_entry: only a failure finishes here
    {std::nullopt, stage::finished, stage::finished, stage::finished},    // finished
}};

/// The pause of a runner. If the run is live, a pause is recorded as a shift before it ends.
enum class pause : std::uint8_t
{
    none,
    paused,
    ending,       ///< Somebody resumes; a shift may have to be recorded first.
    moving,       ///< That shift is being recorded.
    paused_anew,  ///< Like `moving`, and somebody has paused again meanwhile.
};

enum class pause_event : std::uint8_t
{
    pause,
    resume,
    move,   ///< The shift goes to the ledger.
    moved,  ///< It is durable.
    leave,  ///< The pause ends without a shift.
};

inline constexpr successors<pause, 5, pause_event, 5> pause_successors{{
    // pause              resume          move           moved          leave
    {pause::paused, pause::none, std::nullopt, std::nullopt, std::nullopt},          // none
    {pause::paused, pause::ending, std::nullopt, std::nullopt, std::nullopt},        // paused
    {pause::paused, pause::ending, pause::moving, std::nullopt, pause::none},        // ending
    {pause::paused_anew, pause::moving, std::nullopt, pause::none, std::nullopt},    // moving
    {pause::paused_anew, pause::moving, std::nullopt, pause::paused, std::nullopt},  // paused_anew
}};

[[nodiscard]] constexpr std::optional<stage> next(stage now, stage_event what) noexcept
{
    return stage_successors[static_cast<std::size_t>(now)][static_cast<std::size_t>(what)];
}

[[nodiscard]] constexpr std::optional<pause> next(pause now, pause_event what) noexcept
{
    return pause_successors[static_cast<std::size_t>(now)][static_cast<std::size_t>(what)];
}

/// Moves to the next state; `what` must be possible in the present one.
template <typename State, typename Event>
void advance(State& now, Event what)
{
    const auto then = next(now, what);
    expect(then.has_value(), "an event comes where it can");
    now = *then;
}

}  // namespace bazaar::run
