#include "support/tcp_gate.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace bazaar::test
{
namespace
{

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t read_size = 65536;
constexpr std::size_t enough_waiting = 1 << 20;
constexpr std::size_t faults = static_cast<std::size_t>(fault::corrupt_answer) + 1;

struct armed_fault
{
    fault what;
    std::string match;
    int left;
    char type;
};

using mark = std::shared_ptr<armed_fault>;

struct request
{
    mark harm;
    bool copying = false;
};

struct chunk
{
    std::string bytes;
    clock::time_point due;
};

/// One socket: what came from it and is not passed on yet, and what is to go out on it.
struct side
{
    int fd = -1;
    pollfd* polled = nullptr;
    std::string in;
    std::size_t parsed = 0;
    std::deque<chunk> out;
    std::size_t out_bytes = 0;
    clock::time_point free_at;
};

enum class stage
{
    startup,
    encryption_asked,
    messages,
    blind,
};

struct connection
{
    side client;
    side server;
    stage at = stage::startup;
    /// Requests passed on whose answers are not complete; the start of the session is the first.
    std::deque<request> open;
    bool part_gone = false;
    bool finishing = false;
    bool closed = false;
};

std::uint32_t be32(const std::string& bytes, std::size_t at)
{
    std::uint32_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    return ntohl(word);
}

std::string fatal_message()
{
    constexpr char fields[] = "SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0";
    const std::uint32_t size = htonl(static_cast<std::uint32_t>(sizeof fields + 4));
    return 'E' + std::string(reinterpret_cast<const char*>(&size), sizeof size) + std::string(fields, sizeof fields);
}

sockaddr_in ipv4(const std::string& host, int port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host.c_str(), &address.sin_addr) != 1)
        throw std::runtime_error("the gate needs an IPv4 address, not " + host);
    return address;
}

/// Several may be bound to one port: the gate keeps its port with a second socket that never listens.
int bound_socket(int port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    const auto address = ipv4("127.0.0.1", port);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    {
        close(fd);
        throw std::runtime_error("the gate gets no port");
    }
    return fd;
}

void no_delay(int fd)
{
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void forget_output(side& s)
{
    s.out.clear();
    s.out_bytes = 0;
}

/// What is unread would make an RST of the end.
void close_gently(side& s)
{
    std::array<char, 4096> unread;
    for (int pieces = 0; pieces < 256 && s.fd >= 0 && recv(s.fd, unread.data(), unread.size(), 0) > 0; ++pieces)
        ;
    if (s.fd >= 0)
        close(s.fd);
    s.fd = -1;
}

struct command
{
    std::function<void()> what;
    bool done = false;
};

}  // namespace

/// All at work on the thread of the gate, which alone touches what has no lock.
class tcp_gate::relay
{
public:
    relay(const std::string& host, int port, std::uint64_t seed) : random_(seed)
    {
        if (host.starts_with('/'))
        {
            const auto path = host + "/.s.PGSQL." + std::to_string(port);
            if (path.size() >= sizeof unix_.sun_path)
                throw std::runtime_error("too long for a Unix socket: " + path);
            unix_.sun_family = AF_UNIX;
            std::memcpy(unix_.sun_path, path.c_str(), path.size() + 1);
        }
        else
            tcp_ = ipv4(host, port);
        holder_ = bound_socket(0);
        sockaddr_in address{};
        socklen_t size = sizeof address;
        getsockname(holder_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        listen_again();
        thread_ = std::thread([this] { serve(); });
    }

    ~relay()
    {
        ask([this] { stop_ = true; });
        thread_.join();
        for (auto& c : connections_)
            close_both(c);
        for (const int fd : {listener_, holder_, wake_})
            close(fd);
    }

private:
    friend tcp_gate;

    void listen_again()
    {
        if (listener_ < 0)
            listener_ = bound_socket(port_);
        if (listen(listener_, 1024) != 0)
            throw std::runtime_error("the gate cannot listen");
    }

    /// Done when it returns.
    void ask(std::function<void()> what)
    {
        command mine{std::move(what)};
        std::unique_lock hold(lock_);
        commands_.push_back(&mine);
        eventfd_write(wake_, 1);
        changed_.wait(hold, [&] { return mine.done; });
    }

    int answer(const std::function<int()>& what)
    {
        int number = 0;
        ask([&] { number = what(); });
        return number;
    }

    void run_commands()
    {
        eventfd_t ignored = 0;
        eventfd_read(wake_, &ignored);
        const std::lock_guard hold(lock_);
        for (auto* const c : commands_)
        {
            c->what();
            c->done = true;
        }
        commands_.clear();
        changed_.notify_all();
    }

    void serve()
    {
        while (!stop_)
        {
            const int timeout = fill_poll();
            poll(polled_.data(), polled_.size(), timeout);
            if (listener_ >= 0)
                accept_all();
            if (!black_)
                for (auto& c : connections_)
                    exchange(c);
            sweep();
            run_commands();
            sweep();
        }
    }

    /// Milliseconds until something is due that no socket tells.
    int fill_poll()
    {
        for (auto& c : connections_)
            if (!black_ && c.server.fd < 0)
                connect_to_server(c);
        sweep();
        polled_.assign({{wake_, POLLIN, 0}, {listener_, POLLIN, 0}});
        // The pointers into it must last.
        polled_.reserve(2 + 2 * connections_.size());
        const auto now = clock::now();
        auto next = clock::time_point::max();
        for (auto& c : connections_)
            for (side* const s : {&c.client, &c.server})
            {
                const side& other = s == &c.client ? c.server : c.client;
                int events = 0;
                if (!black_ && !c.finishing && other.out_bytes < enough_waiting)
                    events |= POLLIN;
                if (!black_ && !s->out.empty() && next_write(*s) <= now)
                    events |= POLLOUT;
                else if (!black_ && !s->out.empty())
                    next = std::min(next, next_write(*s));
                // Without events an end would still be told, over and over.
                polled_.push_back({events == 0 ? -1 : s->fd, static_cast<short>(events), 0});
                s->polled = &polled_.back();
            }
        if (next == clock::time_point::max())
            return -1;
        return static_cast<int>(std::chrono::ceil<milliseconds>(next - now).count());
    }

    void accept_all()
    {
        for (int fd = -1; (fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;)
        {
            no_delay(fd);
            connections_.emplace_back().client.fd = fd;
            ++accepted_;
        }
    }

    void connect_to_server(connection& c)
    {
        const bool local = unix_.sun_family == AF_UNIX;
        c.server.fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        const auto* address = local ? reinterpret_cast<const sockaddr*>(&unix_)
                                    : reinterpret_cast<const sockaddr*>(&tcp_);
        if (!local)
            no_delay(c.server.fd);
        // A refusal that comes later is an error of the first recv.
        if (connect(c.server.fd, address, local ? sizeof unix_ : sizeof tcp_) != 0 && errno != EINPROGRESS)
            close_both(c);
    }

    void exchange(connection& c)
    {
        if (c.client.polled == nullptr || c.closed)
            return;
        // The server first: its answer came before whatever the client does now.
        for (const bool server : {true, false})
        {
            side& from = server ? c.server : c.client;
            side& to = server ? c.client : c.server;
            if (c.finishing || c.closed || from.polled->revents == 0 || (from.polled->events & POLLIN) == 0)
                continue;
            const bool alive = read_from(from);
            server ? take_from_server(c) : take_from_client(c);
            if (alive || c.finishing || c.closed)
                continue;
            forget_output(from);
            pass(from, to, from.in.size());
            c.finishing = true;
        }
        write_to(c.server);
        write_to(c.client);
    }

    /// False at its end.
    bool read_from(side& s)
    {
        std::array<char, read_size> piece;
        const auto size = recv(s.fd, piece.data(), piece.size(), 0);
        if (size > 0)
            s.in.append(piece.data(), static_cast<std::size_t>(size));
        return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
    }

    clock::time_point next_write(const side& s) const
    {
        const auto due = max_delay_.count() > 0 ? s.out.front().due : clock::time_point{};
        return rate_ > 0 ? std::max(due, s.free_at) : due;
    }

    void write_to(side& s)
    {
        while (s.fd >= 0 && !s.out.empty() && next_write(s) <= clock::now())
        {
            auto& bytes = s.out.front().bytes;
            const auto most = rate_ > 0 ? std::max<std::size_t>(1, static_cast<std::size_t>(rate_) / 100)
                                        : bytes.size();
            const auto size = send(s.fd, bytes.data(), std::min(most, bytes.size()), MSG_NOSIGNAL);
            if (size < 0 && (errno == EAGAIN || errno == EINTR))
                return;
            if (size < 0)
            {
                // Its end shows at the next recv.
                forget_output(s);
                return;
            }
            if (rate_ > 0)
                s.free_at = clock::now() + std::chrono::nanoseconds{std::int64_t{size} * 1'000'000'000 / rate_};
            s.out_bytes -= static_cast<std::size_t>(size);
            bytes.erase(0, static_cast<std::size_t>(size));
            if (bytes.empty())
                s.out.pop_front();
        }
    }

    void sweep()
    {
        for (auto& c : connections_)
            if (c.finishing && c.client.out.empty() && c.server.out.empty())
                close_both(c);
        connections_.remove_if([](const connection& c) { return c.closed; });
    }

    void put(side& to, std::string bytes)
    {
        if (bytes.empty())
            return;
        auto due = clock::now() + min_delay_;
        if (max_delay_ > min_delay_)
            due += milliseconds{random_() % static_cast<std::uint64_t>((max_delay_ - min_delay_).count() + 1)};
        if (!to.out.empty())
            due = std::max(due, to.out.back().due);
        to.out_bytes += bytes.size();
        to.out.push_back({std::move(bytes), due});
    }

    void pass(side& from, side& to, std::size_t size)
    {
        put(to, from.in.substr(0, size));
        from.in.erase(0, size);
        from.parsed -= std::min(from.parsed, size);
    }

    void go_blind(connection& c)
    {
        c.at = stage::blind;
        pass(c.client, c.server, c.client.in.size());
        pass(c.server, c.client, c.server.in.size());
    }

    /// True when a whole message follows what is parsed; it is parsed then.
    bool next_message(connection& c, side& from, char& type)
    {
        if (c.at != stage::messages || c.finishing || c.closed || from.in.size() < from.parsed + 5)
            return false;
        const auto size = be32(from.in, from.parsed + 1);
        if (size < 4 || size > 0x3fffffff)
        {
            go_blind(c);
            return false;
        }
        if (from.in.size() < from.parsed + 1 + size)
            return false;
        type = from.in[from.parsed];
        from.parsed += 1 + size;
        ++seen_[&from == &c.server ? 1 : 0][static_cast<unsigned char>(type)];
        return true;
    }

    /// These packets have no type byte. False when there is none.
    bool take_startup(connection& c)
    {
        if (c.at != stage::startup || c.client.in.size() < 8)
            return false;
        const auto size = be32(c.client.in, 0);
        const auto code = be32(c.client.in, 4);
        if (size < 8 || size > 10000)
        {
            go_blind(c);
            return false;
        }
        if (c.client.in.size() < size)
            return false;
        pass(c.client, c.server, size);
        if (code == 80877103 || code == 80877104)  // SSL, GSSAPI
            c.at = stage::encryption_asked;
        else if (code == 80877102)  // cancel
            c.at = stage::blind;
        else
        {
            c.at = stage::messages;
            c.open.emplace_back();
        }
        return true;
    }

    void take_from_client(connection& c)
    {
        while (take_startup(c))
            ;
        for (char type = 0; next_message(c, c.client, type);)
        {
            const bool copying = !c.open.empty() && c.open.back().copying;
            const bool of_copy = type == 'd' || type == 'c' || type == 'f';
            if (type == 'Q' || type == 'S' || type == 'F' || (copying && (type == 'c' || type == 'f')))
                request_complete(c, copying && of_copy);
            else if (type == 'p' || type == 'X' || type == 'H' || (of_copy && !copying))
            {
                // Passwords and the end are no requests, Flush wants an answer now, and a server that has ended the
                // COPY with an error answers nothing to the rest of the data.
                c.part_gone = type == 'H';
                pass(c.client, c.server, c.client.parsed);
            }
        }
        if (c.finishing || c.closed)
            return;
        if (c.at == stage::blind)
            pass(c.client, c.server, c.client.in.size());
        else if (c.client.parsed > 0 && !any_armed())
        {
            pass(c.client, c.server, c.client.parsed);
            c.part_gone = true;
        }
    }

    bool any_armed() const
    {
        return std::any_of(armed_.begin(), armed_.end(), [](const mark& a) { return a->left > 0; });
    }

    mark hit_by(const std::string& bytes, std::size_t size)
    {
        const auto fits = [&](const armed_fault& a)
        {
            for (std::size_t at = 0; at < size; at += 1 + be32(bytes, at + 1))
                if ((a.type == 0 || a.type == bytes[at]) &&
                    std::string_view(bytes).substr(at, 1 + be32(bytes, at + 1)).find(a.match) != std::string_view::npos)
                    return true;
            return false;
        };
        for (const auto& a : armed_)
            if (a->left > 0 && fits(*a))
            {
                --a->left;
                return a;
            }
        return nullptr;
    }

    void request_complete(connection& c, bool copied)
    {
        auto harm = c.part_gone ? nullptr : hit_by(c.client.in, c.client.parsed);
        c.part_gone = false;
        const auto size = c.client.parsed;
        if (harm != nullptr && (harm->what == fault::cut_before_request || harm->what == fault::cut_half_request ||
                                harm->what == fault::reset_before_request))
        {
            if (harm->what == fault::cut_half_request)
                pass(c.client, c.server, size / 2);
            if (harm->what == fault::reset_before_request)
                reset(c);
            c.finishing = true;
            count(harm->what);
            return;
        }
        pass(c.client, c.server, size);
        // The answer to the data of a COPY is the rest of the answer to its statement.
        if (copied)
            c.open.back() = {std::move(harm)};
        else
            c.open.push_back({std::move(harm)});
    }

    void take_from_server(connection& c)
    {
        if (c.at == stage::encryption_asked && !c.server.in.empty() && !c.finishing)
        {
            c.at = c.server.in == "N" ? stage::startup : stage::blind;
            pass(c.server, c.client, c.server.in.size());
            take_from_client(c);
        }
        const auto held = [&] { return !c.open.empty() && c.open.front().harm != nullptr; };
        for (char type = 0; next_message(c, c.server, type);)
        {
            const bool end = type == 'Z' || type == 'G';
            if (held() && end)
                answer_complete(c);
            else if (end)
                pass(c.server, c.client, c.server.parsed);
            if (end && !c.open.empty())
            {
                c.open.front().copying = type == 'G';
                if (type == 'Z')
                    c.open.pop_front();
            }
        }
        if (c.finishing || c.closed)
            return;
        if (c.at == stage::blind)
            pass(c.server, c.client, c.server.in.size());
        else if (c.server.parsed > 0 && !held())
            pass(c.server, c.client, c.server.parsed);
    }

    /// What the server gave is all there, and nothing of it has gone on.
    void answer_complete(connection& c)
    {
        const auto what = std::exchange(c.open.front().harm, nullptr)->what;
        const auto size = c.server.parsed;
        if (what == fault::corrupt_answer)
        {
            std::vector<std::size_t> types;
            for (std::size_t at = 0; at < size; at += 1 + be32(c.server.in, at + 1))
                types.push_back(at);
            c.server.in[types[random_() % types.size()]] ^= static_cast<char>(0x80);
            pass(c.server, c.client, size);
        }
        else if (what == fault::reset_after_request)
            reset(c);
        else
        {
            if (what == fault::cut_half_answer)
                pass(c.server, c.client, size / 2);
            if (what == fault::fatal_in_answer)
                put(c.client, fatal_message());
            c.finishing = true;
        }
        count(what);
    }

    void count(fault what)
    {
        const std::lock_guard hold(lock_);
        ++hits_[static_cast<std::size_t>(what)];
        changed_.notify_all();
    }

    void close_both(connection& c)
    {
        close_gently(c.client);
        close_gently(c.server);
        c.closed = true;
        for (const auto& r : c.open)
            if (r.harm != nullptr)
                ++r.harm->left;
        c.open.clear();
    }

    void reset(connection& c)
    {
        const linger at_once{1, 0};
        setsockopt(c.client.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close_both(c);
    }

    void refuse()
    {
        if (listener_ >= 0)
            close(std::exchange(listener_, -1));
        drop(true);
    }

    void heal()
    {
        black_ = false;
        rate_ = 0;
        min_delay_ = max_delay_ = milliseconds{0};
        armed_.clear();
        for (auto& c : connections_)
        {
            for (auto& r : c.open)
                r.harm = nullptr;
            take_from_server(c);
            take_from_client(c);
        }
        listen_again();
    }

    int drop(bool all)
    {
        std::vector<connection*> chosen;
        for (auto& c : connections_)
            if (!c.closed)
                chosen.push_back(&c);
        if (!all && !chosen.empty())
        {
            auto* const one = chosen[random_() % chosen.size()];
            chosen.assign(1, one);
        }
        for (auto* const c : chosen)
            close_both(*c);
        return static_cast<int>(chosen.size());
    }

    sockaddr_in tcp_{};
    sockaddr_un unix_{};
    int holder_ = -1;
    int listener_ = -1;
    int wake_ = -1;
    int port_ = 0;
    int accepted_ = 0;
    bool stop_ = false;
    bool black_ = false;
    std::int64_t rate_ = 0;
    milliseconds min_delay_{0};
    milliseconds max_delay_{0};
    std::mt19937_64 random_;
    std::list<connection> connections_;
    std::vector<mark> armed_;
    std::vector<pollfd> polled_;
    /// From clients, from the server.
    std::array<std::array<std::atomic<std::int64_t>, 256>, 2> seen_{};

    std::mutex lock_;
    std::condition_variable changed_;
    std::deque<command*> commands_;
    std::array<int, faults> hits_{};
    std::thread thread_;
};

tcp_gate::tcp_gate(const std::string& host, int port, std::uint64_t seed)
    : relay_(std::make_unique<relay>(host, port, seed))
{
}

tcp_gate::~tcp_gate() = default;

int tcp_gate::port() const noexcept
{
    return relay_->port_;
}

void tcp_gate::arm(fault what, std::string match, int times, char type)
{
    auto armed = std::make_shared<armed_fault>(armed_fault{what, std::move(match), times, type});
    relay_->ask([&] { relay_->armed_.push_back(std::move(armed)); });
}

int tcp_gate::hits(fault what) const
{
    const std::lock_guard hold(relay_->lock_);
    return relay_->hits_[static_cast<std::size_t>(what)];
}

bool tcp_gate::wait_hits(fault what, int at_least, milliseconds timeout) const
{
    std::unique_lock hold(relay_->lock_);
    const auto& hits = relay_->hits_[static_cast<std::size_t>(what)];
    return relay_->changed_.wait_for(hold, timeout, [&] { return hits >= at_least; });
}

void tcp_gate::blackhole()
{
    relay_->ask([&] { relay_->black_ = true; });
}

void tcp_gate::refuse()
{
    relay_->ask([&] { relay_->refuse(); });
}

void tcp_gate::delay(milliseconds min, milliseconds max)
{
    relay_->ask([&] { std::tie(relay_->min_delay_, relay_->max_delay_) = std::tie(min, max); });
}

void tcp_gate::throttle(std::int64_t bytes_per_second)
{
    relay_->ask([&] { relay_->rate_ = bytes_per_second; });
}

void tcp_gate::heal()
{
    relay_->ask([&] { relay_->heal(); });
}

int tcp_gate::drop_all()
{
    return relay_->answer([&] { return relay_->drop(true); });
}

int tcp_gate::drop_random()
{
    return relay_->answer([&] { return relay_->drop(false); });
}

int tcp_gate::connections() const
{
    return relay_->answer([&] { return static_cast<int>(relay_->connections_.size()); });
}

int tcp_gate::accepted() const
{
    return relay_->answer([&] { return relay_->accepted_; });
}

std::int64_t tcp_gate::from_clients(char type) const
{
    return relay_->seen_[0][static_cast<unsigned char>(type)];
}

std::int64_t tcp_gate::from_server(char type) const
{
    return relay_->seen_[1][static_cast<unsigned char>(type)];
}

}  // namespace bazaar::test
