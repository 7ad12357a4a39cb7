// The messages to a service manager, read at the other end of its socket.

#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "bazaar/process/notify.hpp"

namespace bazaar::process
{
namespace
{

using namespace std::chrono_literals;

/// The manager's end: a datagram socket at a path, or with '@' an abstract name.
class manager
{
public:
    explicit manager(const std::string& name) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0))
    {
        sockaddr_un here{};
        here.sun_family = AF_UNIX;
        name.copy(here.sun_path, sizeof here.sun_path);
        const bool abstract = name.front() == '@';
        if (abstract)
            here.sun_path[0] = '\0';
        const auto size = offsetof(sockaddr_un, sun_path) + name.size() + (abstract ? 0 : 1);
        if (::bind(socket_, reinterpret_cast<const sockaddr*>(&here), static_cast<socklen_t>(size)) != 0)
            ADD_FAILURE() << "bind: " << name;
    }
    ~manager() { ::close(socket_); }
    manager(const manager&) = delete;
    manager& operator=(const manager&) = delete;

    /// The next datagram; nothing when none is there.
    std::optional<std::string> read() const
    {
        std::string message(65536, '\0');
        const auto size = ::recv(socket_, message.data(), message.size(), 0);
        if (size < 0)
            return std::nullopt;
        message.resize(static_cast<std::size_t>(size));
        return message;
    }

private:
    int socket_;
};

class Notify : public ::testing::Test
{
protected:
    Notify()
    {
        std::string name = std::filesystem::temp_directory_path() / "bazaard-notify-XXXXXX";
        folder_ = ::mkdtemp(name.data());
    }
    ~Notify() override { std::filesystem::remove_all(folder_); }

    std::string path() const { return folder_ / "socket"; }
    std::string abstract() const { return "@" + path(); }

    std::filesystem::path folder_;
};

void expect_all_messages(const std::string& name)
{
    SCOPED_TRACE(name);
    const manager there(name);
    const notifier here(name, std::nullopt, std::nullopt);
    EXPECT_EQ(there.read(), std::nullopt) << "nothing by itself";

    here.ready("12 units a second");
    EXPECT_EQ(there.read(), "READY=1\nSTATUS=12 units a second");
    here.status("waiting for the database");
    EXPECT_EQ(there.read(), "STATUS=waiting for the database");
    here.status("");
    EXPECT_EQ(there.read(), "STATUS=");
    here.stopping();
    EXPECT_EQ(there.read(), "STOPPING=1");
    here.watchdog();
    EXPECT_EQ(there.read(), "WATCHDOG=1");
    here.extend_timeout(90s);
    EXPECT_EQ(there.read(), "EXTEND_TIMEOUT_USEC=90000000");
    here.extend_timeout(0s);
    here.extend_timeout(-1s);
    EXPECT_EQ(there.read(), std::nullopt);

    const auto monotonic = []
    { return std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count(); };
    const auto before = monotonic();
    here.reloading();
    const auto message = there.read().value_or("");
    const std::string begin = "RELOADING=1\nMONOTONIC_USEC=";
    ASSERT_TRUE(message.starts_with(begin)) << message;
    const auto said = std::stoll(message.substr(begin.size()));
    EXPECT_GE(said, before);
    EXPECT_LE(said, monotonic());
    EXPECT_EQ(there.read(), std::nullopt);
}

TEST_F(Notify, SendsToAPath)
{
    expect_all_messages(path());
}

TEST_F(Notify, SendsToAnAbstractName)
{
    expect_all_messages(abstract());
    EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(Notify, AStatusCannotAddAssignments)
{
    const manager there(path());
    const notifier here(path(), std::nullopt, std::nullopt);
    here.status("a\nSTOPPING=1\r\n\tb\x7f" + std::string(1, '\0') + "c");
    EXPECT_EQ(there.read(), "STATUS=a STOPPING=1   b  c");
    here.ready("x\nMAINPID=1\n");
    EXPECT_EQ(there.read(), "READY=1\nSTATUS=x MAINPID=1 ");
    here.status("São Paulo, 東京");
    EXPECT_EQ(there.read(), "STATUS=São Paulo, 東京");
}

TEST_F(Notify, CutsALongStatusBetweenCharacters)
{
    const manager there(path());
    const notifier here(path(), std::nullopt, std::nullopt);
    here.ready(std::string(1000, 'x'));
    EXPECT_EQ(there.read(), "READY=1\nSTATUS=" + std::string(1000, 'x'));
    here.status(std::string(100'000, 'x'));
    EXPECT_EQ(there.read(), "STATUS=" + std::string(1000, 'x'));
    here.status(std::string(999, 'x') + "東");
    EXPECT_EQ(there.read(), "STATUS=" + std::string(999, 'x'));
    here.status(std::string(5000, '\x80'));
    EXPECT_EQ(there.read(), "STATUS=") << "no character at all";
}

TEST_F(Notify, DoesNothingWithoutASocket)
{
    const std::vector<std::optional<std::string>> none{std::nullopt,
                                                       "",
                                                       "@",
                                                       "/",
                                                       "relative/socket",
                                                       "vsock:2:1234",
                                                       path(),
                                                       abstract(),
                                                       "/" + std::string(107, 'x'),
                                                       "@" + std::string(108, 'x'),
                                                       "/" + std::string(5000, 'x')};
    for (const auto& name : none)
    {
        SCOPED_TRACE(name.value_or("unset"));
        const notifier here(name, std::nullopt, std::nullopt);
        here.ready("x");
        here.status("x");
        here.reloading();
        here.stopping();
        here.watchdog();
        here.extend_timeout(1s);
        EXPECT_EQ(here.watchdog_interval(), std::nullopt);
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder_)) << "it makes no socket there";
}

TEST_F(Notify, TakesTheLongestNames)
{
    const std::string at = "@" + path() + "-";
    expect_all_messages(at + std::string(108 - at.size(), 'x'));
    const std::string file = path() + "-";
    expect_all_messages(file + std::string(107 - file.size(), 'x'));
}

TEST_F(Notify, OutlivesTheManager)
{
    const notifier here(path(), std::nullopt, std::nullopt);
    here.ready("nobody is there yet");
    {
        const manager there(path());
        here.status("first");
        EXPECT_EQ(there.read(), "STATUS=first");
    }
    here.status("the file is there, its owner is not");
    std::filesystem::remove(path());
    here.status("gone");
    const manager again(path());
    here.status("second");
    EXPECT_EQ(again.read(), "STATUS=second") << "what was sent meanwhile is lost";
    EXPECT_EQ(again.read(), std::nullopt);
}

TEST_F(Notify, DoesNotWaitForAManagerThatDoesNotRead)
{
    const manager there(path());
    const notifier here(path(), std::nullopt, std::nullopt);
    // A call that waited would wait for ever: nobody reads.
    for (int i = 0; i < 10'000; ++i)
        here.watchdog();
    int read = 0;
    while (there.read())
        ++read;
    EXPECT_GT(read, 0);
    EXPECT_LT(read, 10'000) << "the queue was never full: nothing is tested here";
    here.stopping();
    EXPECT_EQ(there.read(), "STOPPING=1");
}

TEST_F(Notify, TheWatchdogIsAskedForByTimeAndProcess)
{
    const std::string self = std::to_string(::getpid());
    const auto interval = [](std::optional<std::string> usec, std::optional<std::string> pid)
    { return notifier(std::nullopt, usec, pid).watchdog_interval(); };
    EXPECT_EQ(interval("30000000", self), 15s);
    EXPECT_EQ(interval("30000000", std::nullopt), 15s);
    EXPECT_EQ(interval("3", self), 1us);

    EXPECT_EQ(interval(std::nullopt, self), std::nullopt);
    EXPECT_EQ(interval(std::nullopt, std::nullopt), std::nullopt);
    EXPECT_EQ(interval("30000000", std::to_string(::getppid())), std::nullopt);
    for (const char* pid : {"", "x", "0", "-1", "1 "})
        EXPECT_EQ(interval("30000000", pid), std::nullopt) << pid;
    EXPECT_EQ(interval("30000000", self + "x"), std::nullopt);
    for (const char* usec :
         {"", "0", "1", "-30000000", "+5", "30s", "x", " 30000000", "18446744073709551615", "18446744073709551616"})
        EXPECT_EQ(interval(usec, self), std::nullopt) << usec;
}

TEST_F(Notify, ReadsTheEnvironment)
{
    const manager there(path());
    ::setenv("NOTIFY_SOCKET", path().c_str(), 1);
    ::setenv("WATCHDOG_USEC", "4000000", 1);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    const auto here = notifier::from_environment();
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
        ::unsetenv(name);
    here.watchdog();
    EXPECT_EQ(there.read(), "WATCHDOG=1");
    EXPECT_EQ(here.watchdog_interval(), 2s);

    const auto bare = notifier::from_environment();
    bare.watchdog();
    EXPECT_EQ(there.read(), std::nullopt);
    EXPECT_EQ(bare.watchdog_interval(), std::nullopt);
}

}  // namespace
}  // namespace bazaar::process
