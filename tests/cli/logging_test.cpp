#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "bazaar/base/time.hpp"
#include "bazaar/process/logging.hpp"
#include "support/stopped.hpp"

namespace bazaar::process
{
namespace
{

/// Where the log of one test goes: a pipe, or a terminal.
class screen
{
public:
    explicit screen(bool terminal)
    {
        ::setenv("TERM", "xterm", 1);
        ::setenv("NO_COLOR", "1", 1);
        if (terminal)
            end_ = std::make_unique<test::terminal>(static_cast<unsigned short>(40));
        else
            end_ = std::make_unique<test::empty_pipe>();
    }
    ~screen() { start_logging({}); }
    screen(const screen&) = delete;
    screen& operator=(const screen&) = delete;

    [[nodiscard]] int descriptor() const { return end_->descriptor(); }

    /// What was written since the last call.
    [[nodiscard]] std::string taken() const { return end_->taken(); }

private:
    std::unique_ptr<test::far_end> end_;
};

const std::string erase = "\r\x1b[J";

/// A text line without its time.
std::string body(const std::string& line)
{
    EXPECT_GT(line.size(), 28U) << line;
    return line.substr(std::min<std::size_t>(28, line.size()));
}

TEST(logging, a_pipe_gets_json_lines)
{
    const screen to(false);
    start_logging({.descriptor = to.descriptor()});
    log(log_level::warning, "shift", "the \"time\"\nwas \xff shifted",
        {{"unit", std::uint64_t{7}}, {"lag", 1.5}, {"live", true}, {"who", std::string("a b")}, {"delta", -3}});
    const auto text = to.taken();
    ASSERT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
    const auto line = nlohmann::json::parse(text);
    EXPECT_TRUE(parse_time(line["ts"].get<std::string>())) << text;
    EXPECT_EQ(line["level"], "warning");
    EXPECT_EQ(line["event"], "shift");
    EXPECT_EQ(line["msg"], "the \"time\"\nwas \xef\xbf\xbd shifted");
    EXPECT_EQ(line["unit"], 7);
    EXPECT_EQ(line["lag"], 1.5);
    EXPECT_EQ(line["live"], true);
    EXPECT_EQ(line["who"], "a b");
    EXPECT_EQ(line["delta"], -3);
}

TEST(logging, text_lines_keep_to_one_line)
{
    const screen to(false);
    start_logging({.descriptor = to.descriptor(), .format = log_format::text});
    log(log_level::info, "start", "a\x1b[2J\nb", {{"run", "main"}, {"note", "x y"}, {"n", 3}});
    EXPECT_EQ(body(to.taken()), "info    a\\x1b[2J\\x0ab run=main note=\"x y\" n=3\n");
}

TEST(logging, lines_below_the_level_are_left_out)
{
    const screen to(false);
    start_logging({.descriptor = to.descriptor(), .level = log_level::warning});
    log(log_level::info, "a", "quiet");
    EXPECT_EQ(to.taken(), "");
    set_log_level(log_level::debug);
    log(log_level::debug, "a", "loud");
    EXPECT_NE(to.taken(), "");
}

TEST(logging, colours_only_where_they_are_wanted)
{
    const screen to(true);
    const auto coloured = [&]
    {
        start_logging({.descriptor = to.descriptor()});
        log(log_level::error, "a", "b");
        return to.taken().find('\x1b') != std::string::npos;
    };
    EXPECT_FALSE(coloured());
    ::unsetenv("NO_COLOR");
    EXPECT_TRUE(coloured());
    ::setenv("TERM", "dumb", 1);
    EXPECT_FALSE(coloured());
}

TEST(status, is_refreshed_below_the_log_on_a_terminal)
{
    const screen to(true);
    start_logging({.descriptor = to.descriptor()});
    {
        status_line line(progress::automatic);
        EXPECT_TRUE(line.on());
        line.show("20/s");
        EXPECT_EQ(to.taken(), "20/s") << "nothing is there yet to be erased";
        log(log_level::info, "a", "hello");
        const auto text = to.taken();
        EXPECT_TRUE(text.starts_with(erase)) << text;
        EXPECT_TRUE(text.ends_with("info    hello\n20/s")) << text;
        // A line that wraps could not be erased: the screen has 40 columns.
        line.show(std::string(100, 'x'));
        EXPECT_EQ(to.taken(), erase + std::string(39, 'x'));
        // What does not fit in one row goes on in the next, and all of them are erased.
        const std::string left(30, 'l'), right(30, 'r');
        line.show("a | " + left + " | " + right);
        EXPECT_EQ(to.taken(), erase + "a | " + left + "\n" + right);
        line.show("a | b");
        EXPECT_EQ(to.taken(), "\r\x1b[A\x1b[Ja | b");
    }
    EXPECT_EQ(to.taken(), erase);
    log(log_level::info, "a", "hello");
    EXPECT_EQ(body(to.taken()), "info    hello\n");
}

TEST(status, is_a_log_line_now_and_then_elsewhere)
{
    const screen to(false);
    start_logging({.descriptor = to.descriptor()});
    status_line line(progress::automatic);
    const status_line::clock::time_point start{std::chrono::hours(1)};
    EXPECT_TRUE(line.due(start));
    line.show("a", start);
    EXPECT_EQ(nlohmann::json::parse(to.taken())["event"], "progress");
    line.show("b", start + std::chrono::milliseconds(9'999));
    EXPECT_EQ(to.taken(), "");
    line.show("c", start + std::chrono::seconds(10));
    EXPECT_EQ(nlohmann::json::parse(to.taken())["msg"], "c");
}

TEST(status, never_tears_json_nor_a_dumb_terminal)
{
    const screen to(true);
    start_logging({.descriptor = to.descriptor(), .format = log_format::json});
    status_line(progress::on).show("a");
    EXPECT_EQ(nlohmann::json::parse(to.taken())["msg"], "a");

    ::setenv("TERM", "dumb", 1);
    start_logging({.descriptor = to.descriptor()});
    status_line(progress::automatic).show("a");
    EXPECT_EQ(body(to.taken()), "info    a\n");
}

TEST(status, on_and_off)
{
    const screen to(false);
    start_logging({.descriptor = to.descriptor(), .format = log_format::text});
    status_line(progress::off).show("a");
    EXPECT_EQ(to.taken(), "");
    EXPECT_FALSE(status_line(progress::off).on());
    status_line(progress::on).show("a");
    EXPECT_EQ(to.taken(), "a" + erase);
}

TEST(logging, a_closed_pipe_stops_nobody)
{
    ::signal(SIGPIPE, SIG_IGN);
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    ::close(ends[0]);
    start_logging({.descriptor = ends[1]});
    log(log_level::error, "a", "b");
    start_logging({});
    ::close(ends[1]);
}

TEST(logging, nobody_waits_for_a_reader_and_what_is_lost_is_told_where_it_was)
{
    const test::full_pipe pipe;
    start_logging({.descriptor = pipe.descriptor(), .format = log_format::text});
    const auto lost_before = log_lines_lost();
    const auto begun = std::chrono::steady_clock::now();
    const std::string much(100'000, '-');
    for (int i = 0; i < 30; ++i)
        log(log_level::info, "a", std::to_string(i) + much);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
    const auto lost = log_lines_lost() - lost_before;
    EXPECT_GT(lost, 10U) << "there is a bound";
    EXPECT_LT(lost, 30U) << "some wait";

    // Without another line: as soon as it is read again.
    const auto told = std::to_string(lost) +
                      " log lines were lost: the log could not be written, or nobody read it lines=" +
                      std::to_string(lost) + "\n";
    const auto text = pipe.taken_until(told);
    for (std::uint64_t i = 0; i < 30 - lost; ++i)
        EXPECT_NE(text.find(" " + std::to_string(i) + "-"), text.npos) << i;
    EXPECT_EQ(text.find(" 29-"), text.npos);
    EXPECT_TRUE(text.ends_with(told)) << "once, at the end";
    log(log_level::info, "a", "again");
    EXPECT_NE(pipe.taken_until("again\n").find("again\n"), text.npos);
    EXPECT_EQ(log_lines_lost() - lost_before, lost);
    start_logging({});
}

TEST(logging, a_full_disk_is_told_when_there_is_room)
{
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    start_logging({.descriptor = full, .format = log_format::text});
    const auto lost_before = log_lines_lost();
    log(log_level::info, "a", "b");
    log(log_level::info, "a", "b");
    EXPECT_EQ(log_lines_lost() - lost_before, 2U);
    start_logging({});
    ::close(full);
}

TEST(status, of_a_stopped_terminal_is_the_newest_when_it_goes_on)
{
    ::setenv("TERM", "xterm", 1);
    ::setenv("NO_COLOR", "1", 1);
    const test::terminal screen;
    screen.stop();
    start_logging({.descriptor = screen.descriptor()});
    {
        status_line line(progress::automatic);
        const auto begun = std::chrono::steady_clock::now();
        for (int i = 0; i < 1000; ++i)
            line.show("status " + std::to_string(i));
        log(log_level::info, "a", "hello");
        EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
        screen.resume();
        const auto text = screen.taken_until("status 999");
        EXPECT_TRUE(text.starts_with("status 0" + erase)) << text;
        EXPECT_TRUE(text.ends_with("info    hello\nstatus 999")) << text;
        EXPECT_EQ(text.find("status 500"), text.npos) << "nobody wants to see all that was";
    }
    EXPECT_EQ(screen.taken_until(erase), erase);
    start_logging({});
}

TEST(logging, json_lines_hold_nothing_that_a_terminal_obeys)
{
    const screen to(false);
    start_logging({.descriptor = to.descriptor(), .format = log_format::json});
    const std::string message = "a\x1b[2J\x7f\u009b31m\u202e";
    log(log_level::info, "a", message, {{"k", message}});
    const auto text = to.taken();
    EXPECT_EQ(text.find('\x7f'), text.npos);
    EXPECT_EQ(text.find("\u009b"), text.npos);
    EXPECT_EQ(text.find("\u202e"), text.npos);
    const auto line = nlohmann::json::parse(text);
    EXPECT_EQ(line["msg"], message);
    EXPECT_EQ(line["k"], message);
}

}  // namespace
}  // namespace bazaar::process
