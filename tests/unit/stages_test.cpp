// The states of a runner: every successor as it is documented, and the whole against the flags that they replace.

#include "bazaar/run/stages.hpp"

#include <set>

#include <gtest/gtest.h>

#include "bazaar/base/random.hpp"

namespace bazaar::run
{
namespace
{

constexpr std::array all_stages{stage::planning, stage::recording, stage::draining, stage::last_entry, stage::finished};
constexpr std::array all_stage_events{stage_event::record, stage_event::recorded, stage_event::drain,
                                      stage_event::finish};
constexpr std::array all_pauses{pause::none, pause::paused, pause::ending, pause::moving, pause::paused_anew};
constexpr std::array all_pause_events{pause_event::pause, pause_event::resume, pause_event::move, pause_event::moved,
                                      pause_event::leave};

template <typename State, typename Events>
std::set<State> reachable(State from, const Events& events)
{
    std::set<State> seen{from};
    for (bool more = true; more;)
    {
        more = false;
        for (const auto state : std::set<State>(seen))
            for (const auto event : events)
                if (const auto then = next(state, event))
                    more = seen.insert(*then).second || more;
    }
    return seen;
}

TEST(stages, are_all_reached_and_all_end)
{
    EXPECT_EQ(reachable(stage::planning, all_stage_events).size(), all_stages.size());
    for (const auto one : all_stages)
        EXPECT_TRUE(reachable(one, all_stage_events).contains(stage::finished)) << static_cast<int>(one);
    EXPECT_EQ(reachable(stage::finished, all_stage_events), std::set{stage::finished});
}

TEST(stages, a_drained_runner_never_plans_again)
{
    for (const auto one : {stage::draining, stage::last_entry})
    {
        const auto later = reachable(one, all_stage_events);
        EXPECT_FALSE(later.contains(stage::planning));
        EXPECT_FALSE(later.contains(stage::recording));
    }
}

TEST(stages, one_entry_at_a_time)
{
    for (const auto one : {stage::recording, stage::draining, stage::last_entry, stage::finished})
        EXPECT_FALSE(next(one, stage_event::record));
    EXPECT_FALSE(next(pause::moving, pause_event::move));
    EXPECT_FALSE(next(pause::paused_anew, pause_event::move));
}

TEST(stages, a_pause_can_begin_and_end_at_any_time)
{
    EXPECT_EQ(reachable(pause::none, all_pause_events).size(), all_pauses.size());
    for (const auto one : all_pauses)
    {
        EXPECT_TRUE(next(one, pause_event::pause));
        EXPECT_TRUE(next(one, pause_event::resume));
        EXPECT_NE(*next(one, pause_event::pause), pause::none);
        EXPECT_TRUE(reachable(one, all_pause_events).contains(pause::none));
    }
}

TEST(stages, an_event_that_cannot_come_is_an_error)
{
    auto now = stage::planning;
    EXPECT_THROW(advance(now, stage_event::recorded), error);
    EXPECT_THROW(advance(now, stage_event::finish), error);
    EXPECT_EQ(now, stage::planning);
    auto paused = pause::none;
    EXPECT_THROW(advance(paused, pause_event::leave), error);
}

/// Flags that say the same, each changed by itself.
struct flags
{
    bool planning = true, steering = false, finished = false;
    bool paused = false, resuming = false, of_pause = false;

    void take(stage_event what)
    {
        steering = what == stage_event::record || (steering && what != stage_event::recorded);
        planning = planning && what != stage_event::drain;
        finished = finished || what == stage_event::finish;
    }
    void take(pause_event what)
    {
        switch (what)
        {
        case pause_event::pause:
            resuming = false;
            paused = true;
            break;
        case pause_event::resume:
            resuming = paused;
            break;
        case pause_event::move:
            of_pause = true;
            break;
        case pause_event::moved:
            of_pause = false;
            if (resuming)
                paused = resuming = false;
            break;
        case pause_event::leave:
            paused = resuming = false;
            break;
        }
    }

    [[nodiscard]] bool are(stage now) const
    {
        if (finished)
            return now == stage::finished;
        return now == (planning   ? steering ? stage::recording : stage::planning
                       : steering ? stage::last_entry
                                  : stage::draining);
    }
    [[nodiscard]] bool are(pause now) const
    {
        if (of_pause)
            return now == (resuming ? pause::moving : pause::paused_anew);
        return now == (resuming ? pause::ending : paused ? pause::paused : pause::none);
    }
};

template <typename State, typename Events>
void compare(State first, const Events& events, random& draw)
{
    State now = first;
    flags same;
    for (int i = 0; i < 40; ++i)
    {
        const auto event = events[draw.below(events.size())];
        if (!next(now, event))
            continue;
        advance(now, event);
        same.take(event);
        ASSERT_TRUE(same.are(now)) << "event " << i << " leads to " << static_cast<int>(now);
    }
}

TEST(stages, say_what_flags_would_say)
{
    random draw(7);
    for (int i = 0; i < 2000; ++i)
    {
        compare(stage::planning, all_stage_events, draw);
        compare(pause::none, all_pause_events, draw);
    }
}

}  // namespace
}  // namespace bazaar::run
