// The clock that is set by the database: both clocks are simulated, but for the threads.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/random.hpp"
#include "bazaar/run/reference_clock.hpp"

namespace bazaar
{

namespace run
{

void PrintTo(const adjustment& a, std::ostream* out)
{
    constexpr const char* names[] = {"none", "forward", "standing", "set_back", "caught_up"};
    *out << names[static_cast<std::size_t>(a.what)] << ' ' << a.by.count() << " us";
}

}  // namespace run

namespace
{

using namespace std::chrono_literals;
using kind = run::adjustment::kind;
using run::adjustment;

/// True time in nanoseconds; each clock runs off it by its own parts in a million, and shows whole microseconds.
struct drifting_clocks
{
    std::int64_t ns = 0;
    std::int64_t boot_ns = 7'000'000'000'123;
    std::int64_t database_ns = 1'780'000'000'000'000'456;
    std::int64_t machine_ppm = 0, database_ppm = 0;

    void pass(std::chrono::nanoseconds d)
    {
        ns += d.count();
        boot_ns += d.count() + d.count() * machine_ppm / 1'000'000;
        database_ns += d.count() + d.count() * database_ppm / 1'000'000;
    }
    /// The machine sleeps: its monotonic clock stands still.
    void sleep(std::chrono::nanoseconds d) { database_ns += d.count(); }
    void set_database(std::chrono::nanoseconds by) { database_ns += by.count(); }

    [[nodiscard]] microseconds monotonic() const { return microseconds(boot_ns / 1000); }
    [[nodiscard]] time database() const { return {database_ns / 1000}; }

    adjustment sample(run::reference_clock& clock, std::chrono::nanoseconds there, std::chrono::nanoseconds back)
    {
        const auto sent = monotonic();
        pass(there);
        const auto shown = database();
        pass(back);
        return clock.sync(shown, sent, monotonic());
    }
};

struct fixture
{
    drifting_clocks w;
    run::reference_clock clock;

    explicit fixture(microseconds step_max = 10s) : clock([this] { return w.monotonic(); }, step_max) {}

    /// A usual sample: 300 and 200 microseconds on the way.
    adjustment sample() { return w.sample(clock, 300us, 200us); }
    microseconds behind() { return w.database() - clock.now(); }
};

/// What a step of one second does: every sample is taken a second after the one before.
struct step
{
    enum class act : std::uint8_t
    {
        nothing,
        set,
        sleep
    } what = act::nothing;
    std::chrono::nanoseconds by{0};
    kind says = kind::none;
    std::chrono::milliseconds said{0};  // rounded
};

struct story
{
    const char* name;
    std::vector<step> steps;
    std::chrono::milliseconds behind{0};  // after it, rounded; negative: ahead
};

using act = step::act;

const std::vector<story> stories{
    {"quiet", {{}, {}, {}}},
    {"slept 8 h", {{act::sleep, 8h, kind::forward, 8h}, {}}},
    {"slept 8 h twice", {{act::sleep, 8h, kind::forward, 8h}, {act::sleep, 8h, kind::forward, 8h}, {}}},
    {"set forward 1 h", {{act::set, 1h, kind::forward, 1h}, {}}},
    {"set forward 0.9 s: no news", {{act::set, 900ms}, {}}},
    {"set back 0.9 s: no news", {{act::set, -900ms}, {}, {}}},
    {"set back 1 h", {{act::set, -1h, kind::set_back, 1h}, {}, {}}, -1h},
    {"set back 1 h, and right again", {{act::set, -1h, kind::set_back, 1h}, {}, {act::set, 1h, kind::caught_up}, {}}},
    {"set back 1 h, then forward 3 h",
     {{act::set, -1h, kind::set_back, 1h}, {act::set, 3h, kind::caught_up, 2h}, {act::set, 2h, kind::forward, 2h}}},
    {"set back 1 h twice", {{act::set, -1h, kind::set_back, 1h}, {}, {act::set, -1h, kind::set_back, 2h}, {}, {}}, -2h},
    {"set back 1 h, then 0.9 s: no news", {{act::set, -1h, kind::set_back, 1h}, {act::set, -900ms}}, -3'600'900ms},
    {"set back 1 h, then 2 s", {{act::set, -1h, kind::set_back, 1h}, {act::set, -2s, kind::set_back, 3602s}}, -3602s},
    {"set back 1 h, then forward to 5 s: goes on", {{act::set, -1h, kind::set_back, 1h}, {act::set, 3595s}, {}}, -5s},
    {"set back 1 h, slept 8 h", {{act::set, -1h, kind::set_back, 1h}, {act::sleep, 8h, kind::caught_up, 7h}, {}}},
    {"set back 3 s", {{act::set, -3s, kind::standing, 3s}, {}, {}, {act::nothing, 0s, kind::caught_up}, {}}},
    {"set back 1 h, right again, set back 3 s",
     {{act::set, -1h, kind::set_back, 1h}, {act::set, 1h, kind::caught_up}, {act::set, -3s, kind::standing, 3s}},
     -3s},
    {"set back 3 s, forward 1 h", {{act::set, -3s, kind::standing, 3s}, {act::set, 1h, kind::caught_up, 3598s}, {}}},
    {"set back 6 s twice: together too much",
     {{act::set, -6s, kind::standing, 6s}, {act::set, -6s, kind::set_back, 11s}, {}},
     -11s},
    {"set back 3 s twice", {{act::set, -3s, kind::standing, 3s}, {act::set, -3s, kind::standing, 5s}, {}}, -4s},
    {"set back 3 s and again later",
     {{act::set, -3s, kind::standing, 3s},
      {},
      {},
      {act::nothing, 0s, kind::caught_up},
      {act::set, -3s, kind::standing, 3s}},
     -3s},
};

TEST(ReferenceClock, FollowsTheDatabaseThroughEveryStory)
{
    for (const auto& s : stories)
    {
        SCOPED_TRACE(s.name);
        fixture f;
        EXPECT_EQ(f.sample(), adjustment{});
        time last = f.clock.now();
        for (std::size_t i = 0; i < s.steps.size(); ++i)
        {
            SCOPED_TRACE(i);
            const auto& now = s.steps[i];
            f.w.pass(1s);
            // What this clock showed just before the step is what the step is measured against.
            ASSERT_GE(f.clock.now(), last);
            last = f.clock.now();
            if (now.what == act::set)
                f.w.set_database(now.by);
            else if (now.what == act::sleep)
                f.w.sleep(now.by);
            const auto said = f.sample();
            EXPECT_EQ(said.what, now.says);
            EXPECT_NEAR(std::chrono::duration<double>(said.by).count(), std::chrono::duration<double>(now.said).count(),
                        0.002);
        }
        EXPECT_GE(f.clock.now(), last);
        EXPECT_NEAR(std::chrono::duration<double>(f.behind()).count(), std::chrono::duration<double>(s.behind).count(),
                    0.002);
    }
}

TEST(ReferenceClock, TheFirstSampleSetsIt)
{
    fixture f;
    EXPECT_EQ(f.sample(), adjustment{}) << "the wall clock of this machine is years off the simulated one: no news";
    EXPECT_GE(f.behind(), 0us);
    EXPECT_LE(f.behind(), 210us) << "the way back, and the rounding";
}

TEST(ReferenceClock, IsTheWallClockBeforeTheFirstSampleAndDoesNotFollowIt)
{
    const auto wall = [] { return std::chrono::system_clock::now().time_since_epoch(); };
    const auto before = std::chrono::duration_cast<microseconds>(wall());
    microseconds monotonic = 5s;
    run::reference_clock clock([&] { return monotonic; });
    const auto made = clock.now();
    EXPECT_GE(made.us, before.count() - 2);
    EXPECT_LE(made.us, std::chrono::duration_cast<microseconds>(wall()).count());
    std::this_thread::sleep_for(2ms);
    EXPECT_EQ(clock.now(), made) << "the monotonic clock did not move";
    monotonic += 1h;
    EXPECT_NEAR(static_cast<double>((clock.now() - made).count()), 3600e6, 3600e6 / run::reference_clock::slack + 2);
}

TEST(ReferenceClock, TrustsTheLowBoundAloneEvenWhereItAgreesWithTheSample)
{
    microseconds monotonic = 5s;
    run::reference_clock clock([&] { return monotonic; });
    const auto wall = time{
        std::chrono::duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
    monotonic += 1h;
    clock.sync(wall, 5s, monotonic);
    EXPECT_LE(clock.now(), wall) << "an hour on the way: the wall clock may be right, or an hour ahead";

    fixture f;
    f.sample();
    f.w.set_database(-1h);
    EXPECT_EQ(f.sample().what, kind::set_back);
    f.w.set_database(1h - 2ms);
    EXPECT_EQ(f.w.sample(f.clock, 5ms, 0s).what, kind::caught_up) << "perhaps";
    EXPECT_GE(f.behind(), 0us);
}

TEST(ReferenceClock, NeverTakesBackWhatItGaveBeforeTheFirstSample)
{
    const auto given = [](microseconds database_off)
    {
        run::reference_clock clock([] { return microseconds(5s); });
        const auto early = clock.now();
        const auto said = clock.sync(early + database_off, 5s, 5s);
        EXPECT_GE(clock.now(), early);
        return said;
    };
    EXPECT_EQ(given(-1h), (adjustment{kind::set_back, 1h}));
    EXPECT_EQ(given(-5s), (adjustment{kind::standing, 5s}));
    EXPECT_EQ(given(1h), adjustment{});
}

TEST(ReferenceClock, StandsStillUntilTheDatabaseHasCaughtUp)
{
    fixture f;
    f.sample();
    const auto held = f.clock.now();
    f.w.set_database(-5s);
    EXPECT_EQ(f.sample().what, kind::standing);
    EXPECT_EQ(f.clock.now(), held);
    f.w.pass(4900ms);
    EXPECT_EQ(f.clock.now(), held);
    f.w.pass(200ms);
    EXPECT_GT(f.clock.now(), held) << "no sample is needed to go on";
    EXPECT_GE(f.behind(), 0us);
    EXPECT_LT(f.behind(), 2ms);
    EXPECT_EQ(f.sample().what, kind::caught_up);
}

TEST(ReferenceClock, GoesOnWhenTheDatabaseWasSetFarBack)
{
    fixture f;
    f.sample();
    auto last = f.clock.now();
    f.w.set_database(-1h);
    EXPECT_EQ(f.sample().what, kind::set_back);
    for (int i = 0; i < 100; ++i)
    {
        f.w.pass(100ms);
        const auto moved = f.clock.now() - last;
        EXPECT_GT(moved, 99ms);
        EXPECT_LT(moved, 101ms);
        last = f.clock.now();
        EXPECT_EQ(f.sample(), adjustment{});
    }
}

TEST(ReferenceClock, TheLimitDecidesBetweenStandingAndGoingOn)
{
    for (const microseconds limit : {microseconds(100ms), microseconds(10s), microseconds(1h)})
    {
        for (const bool beyond : {false, true})
        {
            fixture f(limit);
            f.sample();
            f.w.pass(1s);
            auto held = f.clock.now();
            f.w.set_database(-limit + (beyond ? -5ms : 5ms));
            const auto said = f.sample();
            EXPECT_EQ(said.what, beyond ? kind::set_back : limit < 1s ? kind::none : kind::standing);
            held = f.clock.now();
            f.w.pass(10ms);
            EXPECT_EQ(f.clock.now() > held, beyond);
        }
    }
}

TEST(ReferenceClock, ASlowSampleTellsNothingNew)
{
    fixture f;
    f.w.sample(f.clock, 100us, 100us);
    for (const auto& [there, back] : {std::pair{0s, 20s}, std::pair{20s, 0s}, std::pair{0s, 20s}, std::pair{10s, 10s}})
    {
        EXPECT_EQ(f.w.sample(f.clock, there, back), adjustment{});
        EXPECT_GE(f.behind(), 0us);
        EXPECT_LE(f.behind(), 20ms) << "as good as the quick sample before, but for the slack";
    }
}

TEST(ReferenceClock, SlowSamplesDoNotRepeatTheWarning)
{
    fixture f;
    f.sample();
    f.w.set_database(-1h);
    EXPECT_EQ(f.sample().what, kind::set_back);
    for (int i = 0; i < 4; ++i)
    {
        EXPECT_EQ(f.w.sample(f.clock, 5s, 0s), adjustment{});
        EXPECT_EQ(f.w.sample(f.clock, 0s, 5s), adjustment{});
        EXPECT_EQ(f.sample(), adjustment{});
    }
}

TEST(ReferenceClock, LeavesOutSamplesThatAreOldOrCannotBe)
{
    fixture f;
    f.sample();
    const auto shown = f.clock.now();
    const auto at = f.w.monotonic();
    EXPECT_EQ(f.clock.sync(shown + 1h, at + 1us, at), adjustment{}) << "answered before it was sent";
    EXPECT_EQ(f.clock.sync(shown + 1h, at - 10s, at - 5s), adjustment{}) << "older than the last";
    EXPECT_EQ(f.clock.sync(shown - 1h, at - 10s, at - 5s), adjustment{});
    EXPECT_EQ(f.clock.now(), shown);
    EXPECT_EQ(f.clock.sync(shown + 1h, at, at).what, kind::forward) << "the same sample, in time";
}

/// Random round trips, pauses and rates: never ahead of the database, never backwards, never far behind.
void run_world(std::uint64_t seed)
{
    SCOPED_TRACE(seed);
    auto draw = derive(seed, stream("world"), 0);
    const auto span = [&](std::int64_t low, std::int64_t high)
    {
        // Each order of magnitude alike.
        const std::int64_t scale = std::int64_t{1} << draw.below(32);
        return std::chrono::nanoseconds(low + draw.between(0, (high - low) / scale));
    };
    fixture f;
    f.w.machine_ppm = draw.between(-50, 50);
    f.w.database_ppm = draw.between(-50, 50);
    const auto sample = [&]
    {
        const auto back = span(0, 2'000'000'000);
        EXPECT_EQ(f.w.sample(f.clock, span(0, 2'000'000'000), back), adjustment{});
        const auto behind = f.behind();
        ASSERT_GE(behind, 0us);
        ASSERT_LE(behind, back + back / 1000 + 4us);
    };
    sample();
    time last = f.clock.now();
    for (int i = 0; i < 500; ++i)
    {
        f.w.pass(span(0, 20'000'000'000));
        const auto now = f.clock.now();
        ASSERT_GE(f.w.database(), now) << i;
        ASSERT_GE(now, last) << i;
        last = now;
        if (draw.below(3) == 0)
        {
            sample();
            ASSERT_GE(f.clock.now(), last) << i;
        }
        f.w.machine_ppm = std::clamp(f.w.machine_ppm + draw.between(-5, 5), std::int64_t{-50}, std::int64_t{50});
        f.w.database_ppm = std::clamp(f.w.database_ppm + draw.between(-5, 5), std::int64_t{-50}, std::int64_t{50});
    }
}

TEST(ReferenceClock, IsNeverAheadOfTheDatabaseInRandomWorlds)
{
    for (std::uint64_t seed = 0; seed < 200; ++seed)
    {
        run_world(seed);
        if (HasFatalFailure())
            return;
    }
}

/// The same with steps of the database's clock: never backwards; ahead only by a step that nobody could know, or too
/// far back to wait for.
void run_stepping_world(std::uint64_t seed)
{
    SCOPED_TRACE(seed);
    auto draw = derive(seed, stream("stepping world"), 0);
    fixture f;
    f.w.machine_ppm = draw.between(-50, 50);
    f.w.database_ppm = draw.between(-50, 50);
    const auto way = [&] { return std::chrono::nanoseconds(draw.between(1'000, 5'000'000)); };
    f.w.sample(f.clock, way(), way());
    time last = f.clock.now();
    bool goes_on = false;
    for (int i = 0; i < 500; ++i)
    {
        f.w.pass(std::chrono::nanoseconds(draw.between(0, 2'000'000'000)));
        switch (draw.below(20))
        {
        case 0:
            f.w.set_database(std::chrono::milliseconds(draw.between(-9'000, 9'000)));
            break;
        case 1:
            f.w.set_database(std::chrono::milliseconds(draw.between(-90'000, 90'000)));
            break;
        case 2:
            f.w.sleep(std::chrono::milliseconds(draw.between(0, 90'000)));
            break;
        default:
            break;
        }
        const auto before = f.clock.now();
        const bool went_on = goes_on;
        ASSERT_GE(before, last) << i;
        const auto said = f.w.sample(f.clock, way(), way());
        goes_on = said.what == kind::set_back || (goes_on && said.what != kind::caught_up);
        last = f.clock.now();
        ASSERT_GE(last, before) << i;
        if (said.what == kind::set_back)
        {
            ASSERT_GT(said.by, went_on ? 1s : 10s) << i;
        }
        if (said.what == kind::standing)
        {
            ASSERT_GT(said.by, 1s) << i;
            ASSERT_LE(said.by, 10s) << i;
        }
        if (!goes_on)
        {
            // Behind, or waiting for at most the limit.
            ASSERT_LE(last - f.w.database(), 10s + 10ms) << i;
            if (last > f.w.database() + 10ms)
            {
                ASSERT_EQ(last, before) << i;
            }
            ASSERT_LE(f.w.database() - last, 6ms) << i;
        }
        else if (went_on)
        {
            ASSERT_GT(last, before) << i;
        }
    }
}

TEST(ReferenceClock, NeverRunsBackwardsInWorldsThatStep)
{
    for (std::uint64_t seed = 0; seed < 200; ++seed)
    {
        run_stepping_world(seed);
        if (HasFatalFailure())
            return;
    }
}

TEST(ReferenceClock, FollowsASlowDriftWithoutJumps)
{
    for (const std::int64_t ppm : {-100, -5, 0, 5, 100})
    {
        SCOPED_TRACE(ppm);
        fixture f;
        f.w.database_ppm = ppm;
        f.sample();
        auto last = f.clock.now();
        for (int i = 0; i < 24 * 60; ++i)
        {
            for (int part = 0; part < 10; ++part)
            {
                f.w.pass(100ms);
                const auto moved = f.clock.now() - last;
                ASSERT_GE(moved, 99ms);
                ASSERT_LE(moved, 102ms);
                last = f.clock.now();
            }
            ASSERT_EQ(f.sample(), adjustment{});
            ASSERT_LE(f.behind(), 1ms);
        }
    }
}

TEST(ReferenceClock, NoThreadSeesItRunBackwards)
{
    run::reference_clock clock;
    std::atomic<bool> stop = false;
    std::atomic<std::int64_t> highest = 0;
    std::atomic<int> wrong = 0;
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i)
    {
        readers.emplace_back(
            [&]
            {
                while (!stop)
                {
                    const auto floor = highest.load();
                    const auto now = clock.now().us;
                    wrong += now < floor;
                    auto seen = floor;
                    while (seen < now && !highest.compare_exchange_weak(seen, now))
                    {
                    }
                }
            });
    }
    auto draw = derive(1, stream("threads"), 0);
    time database = clock.now();
    microseconds at = run::reference_clock::steady();
    for (int i = 0; i < 2000; ++i)
    {
        const auto now = run::reference_clock::steady();
        database = database + (now - at) + microseconds(draw.between(-30'000'000, 30'000'000));
        at = now;
        clock.sync(database, now, now);
        if (i % 64 == 0)
            std::this_thread::yield();
    }
    while (highest == 0)
        std::this_thread::yield();
    stop = true;
    for (auto& reader : readers)
        reader.join();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace bazaar
