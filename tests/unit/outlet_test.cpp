// Writing to what stands still, without standing still.

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bazaar/process/outlet.hpp"
#include "support/stopped.hpp"

namespace bazaar::process
{
namespace
{

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using test::full_pipe;
using test::terminal;

/// Of a call.
template <typename Call>
clock::duration time_of(Call call)
{
    const auto begun = clock::now();
    call();
    return clock::now() - begun;
}

class owner final : public outlet::owner
{
public:
    void failed(const outlet::piece& what, int error) override
    {
        const std::scoped_lock lock(mutex_);
        failures_.push_back(what.bytes + std::to_string(error));
    }
    void caught_up(bool) override {}
    std::vector<std::string> failures()
    {
        const std::scoped_lock lock(mutex_);
        return failures_;
    }

private:
    std::mutex mutex_;
    std::vector<std::string> failures_;
};

TEST(outlet, the_negative_control_a_plain_write_hangs_on_both)
{
    const full_pipe pipe;
    const terminal screen;
    screen.stop();
    for (const test::far_end* to :
         {static_cast<const test::far_end*>(&pipe), static_cast<const test::far_end*>(&screen)})
    {
        std::atomic<bool> through{false};
        std::thread writer(
            [&]
            {
                EXPECT_EQ(write_all(to->descriptor(), "last"), 0);
                through = true;
            });
        EXPECT_FALSE(test::eventually([&] { return through.load(); }, 300ms));
        if (to == &screen)
            screen.resume();
        EXPECT_TRUE(to->taken_until("last").ends_with("last"));
        writer.join();
    }
}

TEST(outlet, what_works_is_written_before_the_call_returns)
{
    const terminal screen;
    outlet to(screen.descriptor(), 1000, nullptr);
    for (const std::string text : {"a", "b", "c"})
    {
        to.settle(*to.offer({text}));
        EXPECT_EQ(screen.taken(), text);
    }
    EXPECT_TRUE(to.empty());
}

TEST(outlet, nobody_waits_for_a_pipe_that_nobody_reads)
{
    const full_pipe pipe;
    outlet to(pipe.descriptor(), 1000, nullptr);
    std::string taken;
    const auto took = time_of(
        [&]
        {
            for (int i = 0; i < 500; ++i)
            {
                const auto text = std::to_string(i) + ',';
                const auto number = to.offer({text});
                if (!number)
                    break;
                taken += text;
                to.settle(*number);
            }
        });
    EXPECT_LT(took, outlet::patience + 500ms) << "once, and not for each";
    EXPECT_GT(taken.size(), 990U);
    EXPECT_LE(taken.size(), 1000U) << "there is a bound";
    EXPECT_FALSE(to.empty());
    EXPECT_FALSE(to.flush(50ms, 50ms));

    EXPECT_EQ(pipe.taken_until(taken).substr(pipe.filled()), taken) << "whole and in order";
    EXPECT_TRUE(to.flush(30s, 30s));
    // Where there is patience left, and a processor for the thread that writes.
    const auto settles = [&]
    {
        const auto more = to.offer({"more"});
        if (!more)
            return false;
        to.settle(*more);
        if (pipe.taken() == "more")
            return true;
        EXPECT_TRUE(to.flush(30s, 30s));
        static_cast<void>(pipe.taken());
        return false;
    };
    EXPECT_TRUE(test::eventually(settles, 30s)) << "it is waited for again";
}

TEST(outlet, the_moments_of_a_second_have_a_bound)
{
    const full_pipe pipe;
    outlet to(pipe.descriptor(), 10, nullptr);
    ASSERT_TRUE(to.offer({"0123456789"}));
    EXPECT_LT(time_of(
                  [&]
                  {
                      for (int i = 0; i < 20; ++i)
                          to.await_room(1);
                  }),
              2 * outlet::patience + 300ms);
    EXPECT_FALSE(to.offer({"x"}));
}

TEST(outlet, its_end_does_not_wait_for_a_stopped_terminal)
{
    const terminal screen;
    screen.stop();
    EXPECT_LT(time_of(
                  [&]
                  {
                      outlet to(screen.descriptor(), 1000, nullptr);
                      EXPECT_TRUE(to.offer({"a"}));
                      EXPECT_TRUE(test::hangs_in_write(::getpid()));
                  }),
              5s);
    screen.resume();
    EXPECT_EQ(screen.taken_until("a"), "a") << "its thread was still at it";
}

TEST(outlet, what_cannot_be_written_is_told)
{
    std::signal(SIGPIPE, SIG_IGN);
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    ::close(ends[0]);
    owner of;
    {
        outlet to(ends[1], 1000, &of);
        ASSERT_TRUE(to.offer({"a"}));
        ASSERT_TRUE(to.flush(30s, 30s));
        EXPECT_EQ(to.failure(), EPIPE);
    }
    EXPECT_EQ(of.failures(), std::vector{"a" + std::to_string(EPIPE)});
    ::close(ends[1]);
}

TEST(outlet, waits_where_somebody_else_has_set_nonblocking)
{
    const full_pipe pipe;
    ::fcntl(pipe.descriptor(), F_SETFL, O_NONBLOCK);
    outlet to(pipe.descriptor(), 1000, nullptr);
    ASSERT_TRUE(to.offer({"late"}));
    EXPECT_FALSE(to.flush(50ms, 50ms));
    EXPECT_TRUE(pipe.taken_until("late").ends_with("late"));
    EXPECT_TRUE(to.flush(30s, 30s));
    EXPECT_EQ(to.failure(), 0);
}

}  // namespace
}  // namespace bazaar::process
