// The gate of the fault tests, between a fake server that speaks enough of the protocol and plain sockets.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "support/tcp_gate.hpp"

namespace bazaar::test
{
namespace
{

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds patience{20};

std::string int32(std::size_t number)
{
    const auto word = htonl(static_cast<std::uint32_t>(number));
    return {reinterpret_cast<const char*>(&word), sizeof word};
}

std::string message(char type, const std::string& body = {})
{
    return type + int32(body.size() + 4) + body;
}

/// A string of the protocol.
std::string zero(const std::string& text)
{
    return text + '\0';
}

std::string query(const std::string& sql)
{
    return message('Q', zero(sql));
}

std::string call(const std::string& statement, const std::string& argument)
{
    return message('B', zero("") + zero(statement) + argument) + message('E', zero("") + int32(0)) + message('S');
}

const std::string ready = message('Z', "I");
const std::string startup = int32(8 + 9) + int32(196608) + zero("user") + zero("me") + zero("");

/// What the server answers to a query.
std::string answer(const std::string& sql)
{
    return message('D', sql) + message('C', zero("SELECT 1")) + ready;
}

sockaddr_in loopback(int port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/// A socket with blocking calls; its reads give up after `patience`.
class plain_socket
{
public:
    explicit plain_socket(int fd) : fd_(fd)
    {
        const timeval limit{patience.count(), 0};
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    plain_socket(const plain_socket&) = delete;
    plain_socket& operator=(const plain_socket&) = delete;
    ~plain_socket() { close(fd_); }

    void send(const std::string& bytes) const
    {
        for (std::size_t at = 0; at < bytes.size();)
        {
            const auto size = ::send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
            if (size < 0)
                return;
            at += static_cast<std::size_t>(size);
        }
    }

    /// Fewer only when it ended.
    std::string read(std::size_t size)
    {
        std::string bytes(size, '\0');
        std::size_t got = 0;
        while (got < size)
        {
            const auto more = recv(fd_, bytes.data() + got, size - got, 0);
            if (more <= 0)
            {
                how_ = more == 0 ? "EOF" : errno == ECONNRESET ? "RST" : "timeout";
                break;
            }
            got += static_cast<std::size_t>(more);
        }
        bytes.resize(got);
        return bytes;
    }

    /// All bytes up to the end of the connection, and that.
    std::string read_end()
    {
        std::string all;
        while (how_.empty())
            all += read(1);
        return all + how_;
    }

    std::string read_message()
    {
        auto head = read(5);
        if (head.size() < 5)
            return head;
        std::uint32_t size = 0;
        std::memcpy(&size, head.data() + 1, sizeof size);
        return head + read(ntohl(size) - 4);
    }

    [[nodiscard]] bool silent() const
    {
        pollfd p{fd_, POLLIN, 0};
        return poll(&p, 1, 0) == 0;
    }

    [[nodiscard]] bool ended() const { return !how_.empty(); }

private:
    int fd_;
    std::string how_;
};

/// Remembers what it was asked and how each connection ended.
class fake_server
{
public:
    /// With a directory, on a Unix socket in it.
    explicit fake_server(const std::string& directory = {})
    {
        sockaddr_un local{};
        auto tcp = loopback(0);
        if (directory.empty())
        {
            fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            socklen_t size = sizeof tcp;
            if (bind(fd_, reinterpret_cast<sockaddr*>(&tcp), size) != 0 || listen(fd_, 100) != 0 ||
                getsockname(fd_, reinterpret_cast<sockaddr*>(&tcp), &size) != 0)
                throw std::runtime_error("no fake server");
            port_ = ntohs(tcp.sin_port);
        }
        else
        {
            port_ = 5432;
            fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
            local.sun_family = AF_UNIX;
            const auto path = directory + "/.s.PGSQL.5432";
            std::memcpy(local.sun_path, path.c_str(), path.size() + 1);
            if (bind(fd_, reinterpret_cast<sockaddr*>(&local), sizeof local) != 0 || listen(fd_, 100) != 0)
                throw std::runtime_error("no fake server");
        }
        acceptor_ = std::thread([this] { accept_all(); });
    }

    ~fake_server()
    {
        shutdown(fd_, SHUT_RDWR);
        acceptor_.join();
        for (auto& s : sessions_)
            s.join();
        close(fd_);
    }
    fake_server(const fake_server&) = delete;
    fake_server& operator=(const fake_server&) = delete;

    [[nodiscard]] int port() const { return port_; }

    /// Queries and calls executed, ends of connections with the bytes of an incomplete message before them.
    [[nodiscard]] std::vector<std::string> log() const
    {
        const std::lock_guard hold(lock_);
        return log_;
    }

    [[nodiscard]] bool wait_log(const std::vector<std::string>& wanted) const
    {
        std::unique_lock hold(lock_);
        return changed_.wait_for(hold, patience, [&] { return log_ == wanted; });
    }

private:
    void note(const std::string& line)
    {
        const std::lock_guard hold(lock_);
        log_.push_back(line);
        changed_.notify_all();
    }

    void accept_all()
    {
        for (int fd = -1; (fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;)
            sessions_.emplace_back([this, fd] { serve(fd); });
    }

    void serve(int fd)
    {
        plain_socket client(fd);
        for (std::string size; (size = client.read(4)).size() == 4;)
        {
            std::uint32_t word = 0;
            std::memcpy(&word, size.data(), sizeof word);
            if (client.read(ntohl(word) - 4).size() > 4)
                break;
            client.send("N");  // Asked for encryption.
        }
        client.send(message('R', int32(0)) + ready);
        std::string calls, last;
        while (last = client.read_message(), !client.ended() && last[0] != 'X')
        {
            const auto text = last.substr(5);
            if (last[0] == 'Q' && text.starts_with("COPY"))
            {
                note("COPY");
                client.send(message('G', "copy"));
            }
            else if (last[0] == 'c')
            {
                note("copied");
                client.send(message('C', zero("COPY 1")) + ready);
            }
            else if (last[0] == 'Q')
            {
                note(text.c_str());
                client.send(answer(text.c_str()));
            }
            else if (last[0] == 'P')
                client.send(message('1'));
            else if (last[0] == 'B')
            {
                calls = std::string(text.c_str() + 1) + '(' + (text.c_str() + 2 + std::strlen(text.c_str() + 1)) + ')';
                client.send(message('2'));
            }
            else if (last[0] == 'E')
            {
                note(calls);
                client.send(message('C', zero("SELECT 1")));
            }
            else if (last[0] == 'S')
                client.send(ready);
        }
        note(last.starts_with('X') ? "bye" : "end after " + std::to_string(last.size()));
    }

    int fd_ = -1;
    int port_ = 0;
    mutable std::mutex lock_;
    mutable std::condition_variable changed_;
    std::vector<std::string> log_;
    std::vector<std::thread> sessions_;
    std::thread acceptor_;
};

int connect_to(int port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = loopback(port);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

/// A client in a session that has begun.
struct session : plain_socket
{
    explicit session(const tcp_gate& gate) : plain_socket(connect_to(gate.port()))
    {
        send(startup);
        EXPECT_EQ(read_message(), message('R', int32(0)));
        EXPECT_EQ(read_message(), ready);
    }

    [[nodiscard]] std::string ask(const std::string& sql)
    {
        send(query(sql));
        return read(answer(sql).size());
    }
};

/// Server and gate outlive all clients.
class tcp_gate_test : public testing::Test
{
protected:
    fake_server server;
    tcp_gate gate{"127.0.0.1", server.port(), 42};

    void expect_hits(fault what, int number) const
    {
        EXPECT_TRUE(gate.wait_hits(what, number, patience));
        EXPECT_EQ(gate.hits(what), number);
    }

    /// The client's end comes from the gate's side of it.
    void expect_connections(int number) const
    {
        const auto limit = clock::now() + patience;
        while (gate.connections() != number && clock::now() < limit)
            std::this_thread::yield();
        EXPECT_EQ(gate.connections(), number);
    }
};

TEST_F(tcp_gate_test, RelaysAndCounts)
{
    {
        session one(gate), two(gate);
        EXPECT_EQ(one.ask("first"), answer("first"));
        EXPECT_EQ(two.ask("second"), answer("second"));
        one.send(message('P', zero("buy") + zero("SELECT buy()") + "00") + message('S'));
        EXPECT_EQ(one.read_message(), message('1'));
        EXPECT_EQ(one.read_message(), ready);
        one.send(call("buy", zero("7")));
        EXPECT_EQ(one.read_message(), message('2'));
        EXPECT_EQ(one.read_message(), message('C', zero("SELECT 1")));
        EXPECT_EQ(one.read_message(), ready);
        EXPECT_EQ(gate.connections(), 2);
        one.send(message('X'));
        EXPECT_EQ(one.read_end(), "EOF");
    }
    expect_connections(0);
    EXPECT_TRUE(server.wait_log({"first", "second", "buy(7)", "bye", "end after 0"}));
    EXPECT_EQ(gate.accepted(), 2);
    for (const auto& [type, number] : {std::pair{'Q', 2}, {'P', 1}, {'B', 1}, {'E', 1}, {'S', 2}, {'X', 1}, {'D', 0}})
        EXPECT_EQ(gate.from_clients(type), number) << type;
    for (const auto& [type, number] : {std::pair{'D', 2}, {'C', 3}, {'Z', 6}, {'E', 0}, {'R', 2}})
        EXPECT_EQ(gate.from_server(type), number) << type;
}

TEST_F(tcp_gate_test, RelaysPiecesAndPipelines)
{
    session one(gate);
    // Byte for byte, with a fault waiting for another request, so that nothing may go on early.
    gate.arm(fault::cut_before_request, "never");
    for (const char byte : query("slowly"))
        one.send(std::string(1, byte));
    EXPECT_EQ(one.read(answer("slowly").size()), answer("slowly"));
    one.send(query("a") + query("b") + query("c"));
    EXPECT_EQ(one.read((answer("a") + answer("b") + answer("c")).size()), answer("a") + answer("b") + answer("c"));
    const std::string large(3'000'000, 'x');
    EXPECT_TRUE(one.ask(large) == answer(large));
}

TEST_F(tcp_gate_test, PassesARefusedEncryption)
{
    plain_socket client(connect_to(gate.port()));
    client.send(int32(8) + int32(80877103));
    EXPECT_EQ(client.read(1), "N");
    client.send(int32(8) + int32(80877104));
    EXPECT_EQ(client.read(1), "N");
    client.send(startup);
    EXPECT_EQ(client.read_message(), message('R', int32(0)));
    EXPECT_EQ(client.read_message(), ready);
    gate.arm(fault::fatal_in_answer);
    client.send(query("q"));
    EXPECT_EQ(client.read_message().substr(5, 6), "SFATAL");
}

TEST_F(tcp_gate_test, ReachesAUnixSocket)
{
    std::string directory = "/tmp/bazaard-gate.XXXXXX";
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    {
        fake_server local(directory);
        tcp_gate before(directory, local.port());
        session one(before);
        EXPECT_EQ(one.ask("q"), answer("q"));
    }
    std::filesystem::remove_all(directory);
}

TEST_F(tcp_gate_test, CutsBeforeTheRequest)
{
    session one(gate);
    gate.arm(fault::cut_before_request);
    one.send(query("q"));
    EXPECT_EQ(one.read_end(), "EOF");
    expect_hits(fault::cut_before_request, 1);
    EXPECT_TRUE(server.wait_log({"end after 0"}));
    EXPECT_EQ(gate.connections(), 0);
    session two(gate);
    EXPECT_EQ(two.ask("q"), answer("q")) << "once";
}

TEST_F(tcp_gate_test, CutsWithinTheRequest)
{
    session one(gate);
    gate.arm(fault::cut_half_request);
    const auto request = query("to be cut in two halves");
    one.send(request);
    EXPECT_EQ(one.read_end(), "EOF");
    expect_hits(fault::cut_half_request, 1);
    EXPECT_TRUE(server.wait_log({"end after " + std::to_string(request.size() / 2)}));
}

TEST_F(tcp_gate_test, CutsAfterTheRequest)
{
    session one(gate);
    gate.arm(fault::cut_after_request);
    one.send(query("q"));
    EXPECT_EQ(one.read_end(), "EOF");
    expect_hits(fault::cut_after_request, 1);
    EXPECT_EQ(server.log().at(0), "q") << "the client knows nothing before it is done";
    EXPECT_TRUE(server.wait_log({"q", "end after 0"}));
}

TEST_F(tcp_gate_test, CutsWithinTheAnswer)
{
    session one(gate);
    gate.arm(fault::cut_half_answer);
    one.send(query("q"));
    EXPECT_EQ(one.read_end(), answer("q").substr(0, answer("q").size() / 2) + "EOF");
    expect_hits(fault::cut_half_answer, 1);
    EXPECT_TRUE(server.wait_log({"q", "end after 0"}));
}

TEST_F(tcp_gate_test, ResetsBeforeAndAfter)
{
    session one(gate);
    gate.arm(fault::reset_before_request);
    one.send(query("before"));
    EXPECT_EQ(one.read_end(), "RST");
    expect_hits(fault::reset_before_request, 1);
    EXPECT_TRUE(server.wait_log({"end after 0"}));
    session two(gate);
    gate.arm(fault::reset_after_request);
    two.send(query("after"));
    EXPECT_EQ(two.read_end(), "RST");
    expect_hits(fault::reset_after_request, 1);
    EXPECT_TRUE(server.wait_log({"end after 0", "after", "end after 0"}));
}

TEST_F(tcp_gate_test, EndsWithAFatalError)
{
    session one(gate);
    gate.arm(fault::fatal_in_answer);
    one.send(query("q"));
    EXPECT_EQ(one.read_message(),
              message('E', zero("SFATAL") + zero("VFATAL") + zero("C57P01") +
                               zero("Mterminating connection due to administrator command") + zero("")));
    EXPECT_EQ(one.read_end(), "EOF");
    expect_hits(fault::fatal_in_answer, 1);
    EXPECT_TRUE(server.wait_log({"q", "end after 0"}));
}

TEST_F(tcp_gate_test, CorruptsOneType)
{
    session one(gate);
    gate.arm(fault::corrupt_answer);
    const auto good = answer("q");
    const auto bad = one.ask("q");
    ASSERT_EQ(bad.size(), good.size());
    int differ = 0;
    for (std::size_t at = 0; at < good.size(); ++at)
        if (bad[at] != good[at])
        {
            ++differ;
            EXPECT_TRUE(good[at] == 'D' || good[at] == 'C' || good[at] == 'Z');
            EXPECT_LT(static_cast<signed char>(bad[at]), 0) << "no type of the protocol";
        }
    EXPECT_EQ(differ, 1);
    expect_hits(fault::corrupt_answer, 1);
    EXPECT_EQ(one.ask("again"), answer("again")) << "the connection lives";
    EXPECT_EQ(server.log(), (std::vector<std::string>{"q", "again"}));
}

TEST_F(tcp_gate_test, HitsWhatMatchesAsOftenAsArmed)
{
    session one(gate), two(gate), three(gate);
    gate.arm(fault::cut_after_request, "buy", 2, 'B');
    one.send(message('P', zero("buy") + zero("SELECT buy()") + "00") + message('S'));
    EXPECT_EQ(one.read_message(), message('1')) << "not the Parse";
    EXPECT_EQ(one.read_message(), ready);
    EXPECT_EQ(two.ask("SELECT 'buy'"), answer("SELECT 'buy'"));
    one.send(call("ship", zero("0")));
    EXPECT_EQ(one.read_message(), message('2'));
    one.send(call("buy", zero("1")));
    two.send(call("buy", zero("2")));
    EXPECT_TRUE(one.read_end().ends_with("EOF"));
    EXPECT_EQ(two.read_end(), "EOF");
    three.send(call("buy", zero("3")));
    EXPECT_EQ(three.read_message(), message('2'));
    expect_hits(fault::cut_after_request, 2);
    EXPECT_FALSE(gate.wait_hits(fault::cut_after_request, 3, milliseconds{0}));
}

TEST_F(tcp_gate_test, HitsOneOfAPipeline)
{
    session one(gate);
    gate.arm(fault::cut_half_answer, "second");
    one.send(query("first") + query("second") + query("third"));
    const auto half = answer("second").substr(0, answer("second").size() / 2);
    EXPECT_EQ(one.read_end(), answer("first") + half + "EOF");
    expect_hits(fault::cut_half_answer, 1);
}

TEST_F(tcp_gate_test, HitsACopyAtEitherEnd)
{
    {
        session one(gate);
        gate.arm(fault::cut_after_request, "COPY");
        one.send(query("COPY t FROM STDIN"));
        EXPECT_EQ(one.read_end(), "EOF");
        EXPECT_TRUE(server.wait_log({"COPY", "end after 0"}));
    }
    session two(gate);
    gate.arm(fault::cut_after_request, "some data");
    two.send(query("COPY t FROM STDIN"));
    EXPECT_EQ(two.read_message(), message('G', "copy"));
    two.send(message('d', "some data") + message('d', "more") + message('c'));
    EXPECT_EQ(two.read_end(), "EOF");
    expect_hits(fault::cut_after_request, 2);
    EXPECT_TRUE(server.wait_log({"COPY", "end after 0", "COPY", "copied", "end after 0"}));
    session three(gate);
    three.send(query("COPY t FROM STDIN"));
    EXPECT_EQ(three.read_message(), message('G', "copy"));
    three.send(message('d', "some data") + message('c'));
    EXPECT_EQ(three.read_message(), message('C', zero("COPY 1")));
    EXPECT_EQ(three.read_message(), ready);
    EXPECT_EQ(three.ask("q"), answer("q")) << "the COPY was one answer";
}

TEST_F(tcp_gate_test, SwallowsAllUntilHealed)
{
    session one(gate);
    gate.blackhole();
    one.send(query("held"));
    plain_socket late(connect_to(gate.port()));
    late.send(startup);
    EXPECT_EQ(gate.connections(), 2);
    EXPECT_EQ(gate.accepted(), 2);
    EXPECT_TRUE(one.silent());
    EXPECT_TRUE(late.silent());
    EXPECT_TRUE(server.log().empty());
    gate.heal();
    EXPECT_EQ(one.read(answer("held").size()), answer("held"));
    EXPECT_EQ(late.read_message(), message('R', int32(0)));
}

TEST_F(tcp_gate_test, DeliversAfterwardsWhatAClientLeftInTheHole)
{
    {
        session one(gate);
        gate.blackhole();
        one.send(query("late"));
    }
    EXPECT_EQ(gate.connections(), 1) << "nobody heard of the end";
    gate.heal();
    EXPECT_TRUE(server.wait_log({"late", "end after 0"}));
    expect_connections(0);
}

TEST_F(tcp_gate_test, RefusesUntilHealed)
{
    session one(gate);
    gate.refuse();
    EXPECT_EQ(one.read_end(), "EOF");
    EXPECT_EQ(connect_to(gate.port()), -1);
    EXPECT_EQ(errno, ECONNREFUSED);
    EXPECT_EQ(gate.connections(), 0);
    gate.heal();
    session two(gate);
    EXPECT_EQ(two.ask("q"), answer("q"));
    EXPECT_EQ(gate.accepted(), 2);
}

TEST_F(tcp_gate_test, Delays)
{
    session one(gate);
    gate.delay(milliseconds{40}, milliseconds{60});
    const auto before = clock::now();
    EXPECT_EQ(one.ask("q"), answer("q"));
    EXPECT_GE(clock::now() - before, milliseconds{80}) << "both ways";
    one.send(query("a") + query("b"));
    EXPECT_EQ(one.read((answer("a") + answer("b")).size()), answer("a") + answer("b"));
    gate.delay(seconds{1000}, seconds{1000});
    one.send(query("held"));
    EXPECT_TRUE(one.silent());
    gate.heal();
    EXPECT_EQ(one.read(answer("held").size()), answer("held"));
}

TEST_F(tcp_gate_test, Throttles)
{
    session one(gate);
    gate.throttle(20'000);
    const auto before = clock::now();
    const std::string text(4000, 'x');
    EXPECT_EQ(one.ask(text), answer(text));
    // The last piece of each direction goes out when it may.
    EXPECT_GE(clock::now() - before, milliseconds{200});
    gate.heal();
    const std::string large(3'000'000, 'x');
    EXPECT_TRUE(one.ask(large) == answer(large));
}

TEST_F(tcp_gate_test, DropsOneAndAll)
{
    session one(gate), two(gate), three(gate);
    EXPECT_EQ(gate.drop_random(), 1);
    EXPECT_EQ(gate.connections(), 2);
    EXPECT_TRUE(server.wait_log({"end after 0"}));
    std::vector<session*> living;
    for (auto* const s : {&one, &two, &three})
        if (s->silent())
            living.push_back(s);
    ASSERT_EQ(living.size(), 2U);
    for (auto* const s : living)
        EXPECT_EQ(s->ask("q"), answer("q"));
    EXPECT_EQ(gate.drop_all(), 2);
    EXPECT_EQ(gate.connections(), 0);
    for (auto* const s : {&one, &two, &three})
        EXPECT_EQ(s->read_end(), "EOF");
    EXPECT_TRUE(server.wait_log({"end after 0", "q", "q", "end after 0", "end after 0"}));
    EXPECT_EQ(gate.drop_random(), 0);
}

TEST_F(tcp_gate_test, DisarmsWhenHealed)
{
    session one(gate);
    gate.arm(fault::cut_before_request);
    gate.heal();
    EXPECT_EQ(one.ask("q"), answer("q"));
    EXPECT_EQ(gate.hits(fault::cut_before_request), 0);
}

TEST_F(tcp_gate_test, LeavesAFaultArmedThatCouldNotHappen)
{
    session one(gate);
    gate.arm(fault::cut_half_answer);
    // So long that the server never hears of the request.
    gate.delay(seconds{1000}, seconds{1000});
    one.send(query("lost"));
    while (gate.from_clients('Q') == 0)
        std::this_thread::yield();
    EXPECT_EQ(gate.drop_all(), 1);
    EXPECT_TRUE(server.wait_log({"end after 0"}));
    gate.delay(milliseconds{0}, milliseconds{0});
    EXPECT_EQ(gate.hits(fault::cut_half_answer), 0);
    session two(gate);
    two.send(query("q"));
    EXPECT_TRUE(two.read_end().ends_with("EOF"));
    expect_hits(fault::cut_half_answer, 1);
    EXPECT_TRUE(server.wait_log({"end after 0", "q", "end after 0"}));
}

TEST_F(tcp_gate_test, TellsTheClientWhenNoServerIsThere)
{
    int nobody = 0;
    {
        const fake_server gone;
        nobody = gone.port();
    }
    tcp_gate before("127.0.0.1", nobody);
    plain_socket client(connect_to(before.port()));
    EXPECT_EQ(client.read_end(), "EOF");
}

}  // namespace
}  // namespace bazaar::test
