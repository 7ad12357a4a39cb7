// A daemon on a real PostgreSQL under clients that mean it no good: however many there are and whatever they leave undone, probes get
// through, and a stop stops it.

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/daemon.hpp"
#include "support/eventually.hpp"
#include "support/places.hpp"
#include "support/postgres_server.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

using namespace std::chrono_literals;
using nlohmann::json;
using steady = std::chrono::steady_clock;

const std::string token = "the-token-of-this-test";

/// What a client does with its connection before it leaves it as it is.
struct misdeed
{
    const char* name;
    std::string sends;
    int reads = 0;  ///< Bytes of the answer that it waits for.
};

const std::array<misdeed, 7> misdeeds{{
    {"says nothing", ""},
    {"stays after its answer", "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 1},
    {"has half a header", "GET /livez HTTP/1.1\r\nHost: local"},
    {"has half a body", "POST /control HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        "Content-Length: 4000\r\n\r\n{\"verb\":"},
    {"reads no answer", "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"},
    {"asks much at once and reads nothing", ""},
    {"sends nonsense", std::string("\0\xff\r\n\r\n nonsense", 14)},
}};

class sockets
{
public:
    ~sockets()
    {
        for (const int one : all_)
            ::close(one);
    }
    void add(int one) { all_.push_back(one); }
    [[nodiscard]] std::size_t size() const { return all_.size(); }

private:
    std::vector<int> all_;
};

class loaded : public testing::Test
{
protected:
    loaded()
    {
        std::filesystem::create_directory(directory_);
        std::ofstream(directory_ + "/token") << token << '\n';
        rlimit bound{};
        ::getrlimit(RLIMIT_NOFILE, &bound);
        bound.rlim_cur = bound.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &bound);
        descriptors_ = bound.rlim_cur;
    }
    ~loaded() override { std::filesystem::remove_all(directory_); }

    /// `before` is put in front of the command line, as `prlimit` is.
    process start(std::vector<std::string> before = {}, std::vector<std::string> more = {})
    {
        auto words = std::move(before);
        words.insert(words.end(), {program_path(), "run"});
        for (auto& one : database_arguments(database_))
            words.push_back(std::move(one));
        words.insert(words.end(), {"--seed", "5", "--avg-qps", "50", "--control-socket", socket_, "--http-listen",
                                   "127.0.0.1:" + std::to_string(port_), "--http-token-file", directory_ + "/token",
                                   "--drain-timeout", "10s", "--progress", "off"});
        words.insert(words.end(), more.begin(), more.end());
        return process(std::move(words));
    }

    /// A port on which nobody listens now.
    static std::uint16_t free_port()
    {
        const int one = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        auto at = address(0);
        socklen_t size = sizeof at;
        EXPECT_EQ(::bind(one, reinterpret_cast<const sockaddr*>(&at), size), 0);
        EXPECT_EQ(::getsockname(one, reinterpret_cast<sockaddr*>(&at), &size), 0);
        ::close(one);
        return ntohs(at.sin_port);
    }

    static sockaddr_in address(std::uint16_t port)
    {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return at;
    }

    /// A connected socket; -1 where nobody takes it.
    [[nodiscard]] int connect(bool local = false) const
    {
        const int one = ::socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un path{};
        path.sun_family = AF_UNIX;
        std::strncpy(path.sun_path, socket_.c_str(), sizeof path.sun_path - 1);
        const auto at = address(port_);
        if (one >= 0 && (local ? ::connect(one, reinterpret_cast<const sockaddr*>(&path), sizeof path)
                               : ::connect(one, reinterpret_cast<const sockaddr*>(&at), sizeof at)) == 0)
            return one;
        ::close(one);
        return -1;
    }

    /// What a client gets until the other side closes; empty after `limit`.
    static std::string exchange(int with, std::string_view text, std::chrono::milliseconds limit = 10s)
    {
        std::string all;
        char buffer[4096];
        const auto end = steady::now() + limit;
        bool closed = with < 0 || ::send(with, text.data(), text.size(), MSG_NOSIGNAL) < 0;
        while (!closed)
        {
            pollfd wait{with, POLLIN, 0};
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - steady::now()).count();
            if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) <= 0)
                break;
            const auto got = ::recv(with, buffer, sizeof buffer, 0);
            closed = got <= 0;
            if (!closed)
                all.append(buffer, static_cast<std::size_t>(got));
        }
        ::close(with);
        return closed ? all : std::string();
    }

    /// Asks /livez as a probe does, on a connection of its own; nothing where it is not answered in ten seconds.
    std::optional<std::chrono::milliseconds> probe(bool local = false, const std::string& path = "/livez") const
    {
        const auto begun = steady::now();
        const auto text = exchange(connect(local),
                                   "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        if (!text.starts_with("HTTP/1.1 200 OK"))
            return std::nullopt;
        return std::chrono::duration_cast<std::chrono::milliseconds>(steady::now() - begun);
    }

    /// A probe of Kubernetes has a second, and three must fail one after the other.
    void expect_probes(const std::string& while_what, bool local = false, int times = 20) const
    {
        int failed = 0;
        std::chrono::milliseconds worst{0};
        for (int i = 0; i < times; ++i)
        {
            const auto took = probe(local);
            EXPECT_TRUE(took) << while_what << ": no answer to probe " << i;
            worst = std::max(worst, took.value_or(10s));
            failed = took && *took < 1s ? 0 : failed + 1;
            ASSERT_LT(failed, 3) << while_what << ": " << worst.count() << " ms";
        }
        std::cout << while_what << ": /livez within " << worst.count() << " ms\n";
    }

    /// So many that do the same.
    void misbehave(const misdeed& what, int times, sockets& to, bool local = false) const
    {
        auto text = what.sends;
        if (what.name == misdeeds[5].name)
            for (int i = 0; i < 2'000; ++i)
                text += "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
        for (int i = 0; i < times; ++i)
        {
            const int one = connect(local);
            ASSERT_GE(one, 0) << what.name << ", client " << i;
            to.add(one);
            static_cast<void>(::send(one, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
            char byte = 0;
            pollfd wait{one, POLLIN, 0};
            if (what.reads > 0 && ::poll(&wait, 1, 10'000) > 0)
                static_cast<void>(::recv(one, &byte, 1, 0));
        }
    }

    [[nodiscard]] finished ctl(std::vector<std::string> words) const
    {
        words.insert(words.begin(), {program_path(), "ctl"});
        words.insert(words.end(), {"--control-socket", socket_});
        return process(std::move(words)).wait();
    }

    [[nodiscard]] bool up() const
    {
        return eventually([&] { return probe(true, "/readyz").has_value(); });
    }

    /// It goes on selling.
    void expect_sales()
    {
        const auto orders = [&] { return std::stoll(one(on_, "SELECT count(*) FROM demo.orders")); };
        const auto before = orders();
        EXPECT_TRUE(eventually([&] { return orders() > before + 50; }));
    }

    void expect_stop(process& daemon) const
    {
        const auto begun = steady::now();
        daemon.send(SIGTERM);
        const auto done = daemon.wait();
        const auto took = steady::now() - begun;
        EXPECT_EQ(done.status, 0) << done.err;
        EXPECT_LT(took, 11s) << "--drain-timeout, and the end of the process";
        std::cout << "stopped after " << took / 1ms << " ms\n";
    }

    /// One answer, of those that come whole.
    static std::string answer_to(int with, std::string_view text)
    {
        char buffer[4096];
        if (::send(with, text.data(), text.size(), MSG_NOSIGNAL) < 0)
            return {};
        const auto got = ::recv(with, buffer, sizeof buffer, 0);
        return {buffer, static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
    }

    [[nodiscard]] static std::string order(std::string_view with, std::string_view body,
                                           std::string_view then = "close")
    {
        return "POST /control HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: " +
               std::string(then) + "\r\nAuthorization: Bearer " + std::string(with) +
               "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
    }

    postgres_server server_{[]
                            {
                                postgres_server::options how;
                                how.fsync = false;
                                return how;
                            }()};
    postgres::connection_flags database_ = server_.fresh_database();
    sql_client on_{database_};
    const std::string directory_ = testing::TempDir() + "bazaard-load-" + std::to_string(::getpid());
    const std::string socket_ = directory_ + "/control";
    const std::uint16_t port_ = free_port();
    rlim_t descriptors_ = 0;
};

TEST_F(loaded, TenThousandClientsOfAllKindsKeepNoProbeOutAndNoStopOff)
{
    constexpr int clients = 10'000;
    if (descriptors_ < clients + 200)
        GTEST_SKIP() << "a process may open " << descriptors_ << " files only";
    auto daemon = start();
    ASSERT_TRUE(up());
    expect_probes("undisturbed");
    sockets open;
    for (const auto& what : misdeeds)
    {
        misbehave(what, clients / static_cast<int>(misdeeds.size()) + 1, open);
        expect_probes(what.name);
    }
    ASSERT_GE(open.size(), static_cast<std::size_t>(clients));
    EXPECT_EQ(ctl({"health"}).status, 0);
    expect_sales();
    // Anew, so that there are some of each at the end.
    for (const auto& what : misdeeds)
        misbehave(what, 20, open);
    expect_stop(daemon);
}

TEST_F(loaded, TheControlSocketIsAsOpen)
{
    auto daemon = start();
    ASSERT_TRUE(up());
    sockets open;
    for (const auto& what : misdeeds)
    {
        misbehave(what, 300, open, true);
        expect_probes(what.name, true);
        EXPECT_EQ(ctl({"health"}).status, 0) << what.name;
    }
    EXPECT_EQ(ctl({"set", "avg-qps=70"}).status, 0);
    expect_stop(daemon);
}

// A process that may open few files serves few clients, and has some left for the server that comes back.
TEST_F(loaded, FewDescriptorsAreEnough)
{
    auto daemon = start({"/usr/bin/prlimit", "--nofile=40:40"}, {"--workers", "3", "--max-outage", "0"});
    ASSERT_TRUE(up());
    sockets open;
    for (const auto& what : misdeeds)
    {
        misbehave(what, 100, open);
        misbehave(what, 100, open, true);
        expect_probes(what.name);
        expect_probes(std::string(what.name) + ", control socket", true);
    }
    server_.kill_hard();
    server_.start();
    on_ = sql_client(database_);
    EXPECT_TRUE(up());
    expect_sales();
    expect_stop(daemon);
}

// 10 a second and 40 at once are taken; of what is taken the last holds.
TEST_F(loaded, ManyOrdersLeaveFewEntries)
{
    auto daemon = start();
    ASSERT_TRUE(up());
    const auto begun = steady::now();
    int taken = 0, refused = 0, last = 0;
    const int with = connect(true);
    for (int i = 1; i <= 5'000; ++i)
    {
        const auto text = answer_to(
            with, order("", R"({"verb":"set","settings":{"avg-qps":)" + std::to_string(50 + i) + "}}", "keep-alive"));
        if (text.substr(9, 3) == "202")
            ++taken, last = 50 + i;
        else if (text.substr(9, 3) == "429" && text.find("Retry-After: 1\r\n") != text.npos)
            ++refused;
    }
    ::close(with);
    const auto seconds = std::chrono::duration<double>(steady::now() - begun).count();
    EXPECT_EQ(taken + refused, 5'000);
    EXPECT_GE(taken, 40);
    EXPECT_LE(taken, 41 + 10 * seconds);
    EXPECT_TRUE(eventually(
        [&] {
            return json::parse(ctl({"status", "--json"}).out, nullptr, false)["settings"]["avg-qps"] ==
                   std::to_string(last);
        }));
    const auto entries = std::stoi(one(on_, "SELECT count(*) FROM bazaard.control WHERE kind = 'set'"));
    std::cout << taken << " of 5,000 were taken in " << seconds << " s, with " << entries << " entries\n";
    EXPECT_LE(entries, taken);
    daemon.send(SIGTERM);
    const auto done = daemon.wait();
    EXPECT_EQ(done.status, 0);
    EXPECT_NE(done.err.find("orders were refused: more than 10 a second"), done.err.npos) << done.err;
    const auto verified = run_bazaard("verify", database_, {"tables", "--progress", "off"});
    EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
}

TEST_F(loaded, NamesThatAreGivenAreServedAndNoOthers)
{
    auto daemon = start({}, {"--http-host", "shop.demo.svc,Shop.Example."});
    ASSERT_TRUE(up());
    const auto status = [&](const std::string& host) {
        return exchange(connect(), "GET /readyz HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
            .substr(9, 3);
    };
    for (const char* host : {"shop.demo.svc", "SHOP.demo.svc:9187", "shop.example", "127.0.0.1"})
        EXPECT_EQ(status(host), "200") << host;
    for (const char* host : {"other.demo.svc", "demo.svc", "x.shop.demo.svc", "[127.0.0.1]evil.com"})
        EXPECT_EQ(status(host), "421") << host;
    expect_stop(daemon);
}

TEST_F(loaded, GuessedTokensAreSlowedAndLogged)
{
    auto daemon = start();
    ASSERT_TRUE(up());
    const auto pause = [&](std::string_view with) { return order(with, R"({"verb":"pause"})"); };
    const auto begun = steady::now();
    int wrong = 0, late = 0;
    while (steady::now() - begun < 3s)
    {
        const auto text = exchange(connect(), pause("a-guess-of-that-length"));
        wrong += text.substr(9, 3) == "403" ? 1 : 0;
        late += text.substr(9, 3) == "429" ? 1 : 0;
    }
    EXPECT_GE(wrong, 10);
    EXPECT_GT(late, 0);
    EXPECT_LE(wrong + late, 100) << "8,400 a second before";
    // Many at the same time wait beside each other; the right one does not.
    sockets waiting;
    for (int i = 0; i < 500; ++i)
    {
        const int guess = connect();
        const auto text = pause("a-guess-of-that-length");
        ASSERT_GT(::send(guess, text.data(), text.size(), MSG_NOSIGNAL), 0);
        waiting.add(guess);
    }
    EXPECT_EQ(exchange(connect(), pause(token)).substr(9, 3), "202");
    expect_probes("tokens are guessed");
    daemon.send(SIGTERM);
    const auto done = daemon.wait();
    EXPECT_EQ(done.status, 0);
    EXPECT_NE(done.err.find("requests with a wrong token were refused, the last of them from 127.0.0.1"), done.err.npos)
        << done.err;
    EXPECT_EQ(done.err.find(token), done.err.npos);
    EXPECT_EQ(done.err.find("a-guess-of"), done.err.npos);
    EXPECT_LT(std::count(done.err.begin(), done.err.end(), '\n'), 60) << "in sum, once a second";
}

}  // namespace
}  // namespace bazaar::test
