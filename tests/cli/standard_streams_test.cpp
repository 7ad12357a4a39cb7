// What becomes of descriptors 0 to 2, and of texts of others on their way to a terminal.

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/places.hpp"
#include "support/stopped.hpp"

namespace bazaar::test
{
namespace
{

using namespace std::chrono_literals;
using words = std::vector<std::string>;

const words plan{"plan", "--seed", "1", "--start-time", "2024-05-01T00:00:00Z"};

words with(words first, const words& more)
{
    first.insert(first.begin(), program_path());
    first.insert(first.end(), more.begin(), more.end());
    return first;
}

/// /dev/null, or another file, for as long as it lives.
class opened
{
public:
    explicit opened(const char* path, int flags = O_RDWR) : descriptor_(::open(path, flags | O_CLOEXEC)) {}
    ~opened() { ::close(descriptor_); }
    opened(const opened&) = delete;
    opened& operator=(const opened&) = delete;
    operator int() const { return descriptor_; }

private:
    int descriptor_;
};

TEST(streams, output_to_a_closed_or_full_stdout_is_an_io_error)
{
    const opened nothing("/dev/null"), full("/dev/full"), read_only("/dev/null", O_RDONLY);
    for (const words& command : {words{"--version"}, words{"--help"}, words{"run", "--print-config"}, plan,
                                 words{"connector", "config"}, words{"--help-man"}})
    {
        SCOPED_TRACE(command.front());
        EXPECT_EQ(child(with(command, {}), {nothing, nothing, nothing}).wait(), 0) << "the control";
        EXPECT_EQ(child(with(command, {}), {nothing, -1, nothing}).wait(), 74);
        EXPECT_EQ(child(with(command, {}), {nothing, full, nothing}).wait(), 74);
        EXPECT_EQ(child(with(command, {}), {nothing, read_only, nothing}).wait(), 74);
        EXPECT_EQ(child(with(command, {}), {-1, -1, -1}).wait(), 74);
    }
}

TEST(streams, a_closed_stderr_or_stdin_is_no_error)
{
    const opened nothing("/dev/null");
    EXPECT_EQ(child(with(plan, {}), {-1, nothing, -1}).wait(), 0);
    EXPECT_EQ(child(with({"--no-such-flag"}, {}), {nothing, nothing, -1}).wait(), 64);
    EXPECT_EQ(child(with({"--no-such-flag"}, {}), {nothing, -1, -1}).wait(), 64);
}

/// Signals and how a program ends by them.
const std::pair<int, int> ends[] = {{SIGINT, 130}, {SIGTERM, 143}};

TEST(streams, a_signal_ends_a_command_whose_reader_stands_still)
{
    const opened nothing("/dev/null");
    for (const auto& [signal, status] : ends)
    {
        const terminal screen;
        screen.stop();
        const full_pipe pipe;
        for (const far_end* to : {static_cast<const far_end*>(&screen), static_cast<const far_end*>(&pipe)})
        {
            child on_stdout(with(plan, {"--units", "0..100000", "--core-dumps"}), {nothing, to->descriptor(), nothing});
            ASSERT_TRUE(on_stdout.hangs_in_write());
            on_stdout.send(signal);
            EXPECT_EQ(on_stdout.wait(5s), status);

            child on_stderr(with({"plan", "--seed", "x"}, {"--core-dumps"}), {nothing, nothing, to->descriptor()});
            ASSERT_TRUE(on_stderr.hangs_in_write());
            on_stderr.send(signal);
            EXPECT_EQ(on_stderr.wait(5s), status);
        }
    }
}

/// `verify` takes the first signal to end with what it knows.
TEST(streams, a_first_signal_ends_a_verdict_that_nobody_takes)
{
    const opened nothing("/dev/null");
    std::string directory = testing::TempDir() + "bazaard-streams-XXXXXX";
    ASSERT_NE(::mkdtemp(directory.data()), nullptr);
    ASSERT_EQ(bazaard({"load", "--to", directory, "--seed", "1", "--start-time", "2024-05-01T00:00:00Z", "--max-iter",
                       "3", "--init-num-users", "10"})
                  .status,
              0);
    for (const auto& [signal, status] : ends)
    {
        const full_pipe pipe;
        child one(with({"verify", "events", "/dev/null", "--card", directory + "/card.json", "--core-dumps"}, {}),
                  {nothing, pipe.descriptor(), nothing});
        ASSERT_TRUE(one.hangs_in_write());
        one.send(signal);
        EXPECT_EQ(one.wait(5s), status);
    }
    EXPECT_EQ(
        child(with({"verify", "events", "-", "--card", directory + "/card.json"}, {}), {-1, nothing, nothing}).wait(),
        74)
        << "a closed stdin is no empty file";
    std::filesystem::remove_all(directory);
}

/// Nothing that a terminal would obey, line ends aside.
testing::AssertionResult harmless(const std::string& text)
{
    for (std::size_t i = 0; i < text.size(); ++i)
    {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool control = (byte < 0x20 && byte != '\n') || byte == 0x7f;
        const bool c1 = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
        if (control || c1 || text.compare(i, 3, "\u202e") == 0 || text.compare(i, 3, "\u2066") == 0 || byte == 0xff)
            return testing::AssertionFailure() << "byte " << i << " of " << testing::PrintToString(text);
    }
    return testing::AssertionSuccess();
}

const std::string hostile = "x\x1b]0;owned\a\x1b[2J\rforged\nbazaard: fine\x7f\u009b31m\u202etxt\u2066\xffz";

TEST(streams, the_check_of_harmless_texts_finds_each)
{
    EXPECT_TRUE(harmless("Zoë\n東京"));
    for (const char* bad : {"\x1b", "\r", "\t", "\x7f", "\u009b", "\u202e", "\u2066", "\xff"})
        EXPECT_FALSE(harmless(std::string("a") + bad + "b"));
}

TEST(streams, texts_of_others_do_not_reach_the_terminal_raw)
{
    const std::vector<std::pair<words, std::map<std::string, std::string>>> runs{
        {{"--" + hostile}, {}},
        {{hostile}, {}},
        {{"plan", "--seed", hostile}, {}},
        {{"plan", "--log-level", hostile}, {}},
        {{"plan", "--config", "/nowhere/" + hostile}, {}},
        {{"plan", "--seed", "1", "--seed-dir", "/nowhere/" + hostile}, {}},
        {{"plan", "--card", "/nowhere/" + hostile}, {}},
        {{"verify", "events", "/nowhere/" + hostile, "--seed", "1"}, {}},
        {{"explain", "--seed", "1", hostile}, {}},
        {{"ctl", "status", "--control-socket", "/nowhere/" + hostile}, {}},
        {{"ctl", "set", hostile + "=1", "--control-socket", "/nowhere/socket"}, {}},
        {{"init", "--wait-for-db", "0s", "--db-host", hostile}, {}},
        {{"init", "--wait-for-db", "0s", "--db-host", "127.0.0.1", "--db-port", "1", "--db-name", hostile}, {}},
        {{"init", "--wait-for-db", "0s"}, {{"PGHOST", hostile}}},
        {{"init", "--wait-for-db", "0s"}, {{"PGSERVICE", hostile}}},
        {{"init", "--wait-for-db", "0s"}, {{"PGSSLMODE", hostile}}},
        {{"plan"}, {{"BAZAARD_SEED", hostile}}},
        {{"plan"}, {{"BAZAARD_CONFIG", hostile}}},
        {{"topics", "check", "--bootstrap-servers", hostile, "--kafka-timeout", "1s"}, {}},
        {{"connector", "status", "--connect-url", "http://127.0.0.1:1/" + hostile}, {}},
        {{"connector", "config", "--db-name", hostile}, {}},
        {{"run", "--print-config", "--db-host", hostile, "--db-name", hostile}, {}},
        {{"run", "--print-config"}, {{"BAZAARD_DB_HOST", hostile}}},
        {{"run", "--help"}, {{"BAZAARD_DB_HOST", hostile}}},
        {{"doctor", "--db-host", hostile, "--skip", "connect,kafka"}, {}},
    };
    for (const auto& [arguments, environment] : runs)
    {
        SCOPED_TRACE(testing::PrintToString(arguments));
        const auto done = bazaard(arguments, environment);
        EXPECT_FALSE((done.out + done.err).empty());
        EXPECT_TRUE(harmless(done.out));
        EXPECT_TRUE(harmless(done.err));
        EXPECT_EQ((done.out + done.err).find("\nbazaard: fine"), std::string::npos) << "a forged line";
        EXPECT_NE(done.status, 70) << done.err;
    }
    const auto config = bazaard({"connector", "config", "--db-name", hostile});
    EXPECT_TRUE(config.status != 0 || nlohmann::json::accept(config.out)) << config.out;
}

}  // namespace
}  // namespace bazaar::test
