#include "bazaar/observe/server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/io/descriptor.hpp"

namespace bazaar::observe
{
namespace
{

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using any_socket = asio::generic::stream_protocol::socket;
using boost::system::error_code;

std::string text_of(beast::string_view view)
{
    return {view.data(), view.size()};
}

/// Whether the process at the other end of a Unix socket is ours, or root's.
bool ours(int descriptor)
{
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == ::geteuid() || peer.uid == 0);
}

/// Whether the process, or the system, has too little to take one more connection.
bool is_shortage(const error_code& failed)
{
    return failed == boost::system::errc::too_many_files_open ||
           failed == boost::system::errc::too_many_files_open_in_system ||
           failed == boost::system::errc::no_buffer_space || failed == boost::system::errc::not_enough_memory;
}

std::string_view text_of(const beast::flat_buffer::const_buffers_type& bytes)
{
    return {static_cast<const char*>(bytes.data()), bytes.size()};
}

/// Takes so many empty lines from the beginning, at most; how many they were.
std::size_t skip_empty_lines(beast::flat_buffer& from, std::size_t most)
{
    constexpr std::string_view line = "\r\n";
    std::size_t taken = 0;
    for (; taken < most && text_of(from.cdata()).starts_with(line); ++taken)
        from.consume(line.size());
    return taken;
}

/// How to answer what is no request; 0: not at all.
unsigned status_of(const error_code& failed)
{
    if (failed == http::error::header_limit || failed == http::error::buffer_overflow)
        return 431;
    if (failed == http::error::body_limit)
        return 413;
    if (failed == http::error::bad_version)
        return 505;
    return failed.category() == make_error_code(http::error::bad_method).category() &&
                   failed != http::error::end_of_stream && failed != http::error::partial_message
               ? 400
               : 0;
}

std::string_view reason_of(unsigned status)
{
    switch (status)
    {
    case 413:
        return "the request is too long";
    case 431:
        return "the header is too long";
    case 505:
        return "this is not HTTP/1.0 or 1.1";
    default:
        return "this is no HTTP request";
    }
}

}  // namespace

/// Who of them has a place at a listener.
struct server::places
{
    /// Closed for others in this order; the busy ones by the beginning of their request.
    enum class rank : std::uint8_t
    {
        over,  ///< Answered for good, or its answer is kept from it.
        idle,  ///< Between two requests.
        busy,
    };

    /// Closes one for another; false where none may be.
    bool evict();

    const limits within;
    std::vector<connection*> taken{};
    std::uint64_t evicted = 0;
};

struct server::connection : std::enable_shared_from_this<connection>
{
    using rank = places::rank;
    using clock = std::chrono::steady_clock;

    connection(any_socket socket, std::string client, bool is_local, std::shared_ptr<const answerer> with,
               std::shared_ptr<places> among)
        : stream(std::move(socket)),
          wait(stream.get_executor()),
          from(std::move(client)),
          local(is_local),
          answers(std::move(with)),
          all(std::move(among)),
          within(all->within),
          buffer(within.bytes)
    {
        all->taken.push_back(this);
    }
    ~connection() { leave(); }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    void leave() { std::erase(all->taken, this); }

    /// Closes it at once, whatever is under way.
    void close()
    {
        leave();
        wait.cancel();
        stream.close();
    }

    void become(rank next)
    {
        now = next;
        since = clock::now();
    }

    void next()
    {
        parser.emplace();
        parser->header_limit(static_cast<std::uint32_t>(within.bytes));
        parser->body_limit(within.bytes);
        if (answered)
            become(rank::idle);
        if (buffer.size() > 0)
            return await_turn();
        stream.expires_after(within.request);
        await_request();
    }

    /// The first bytes of the next request. Before them a client may send an empty line (RFC 9112, 2.2).
    void await_request()
    {
        stream.async_read_some(buffer.prepare(read_size),
                               [self = shared_from_this()](const error_code& failed, std::size_t bytes)
                               {
                                   if (failed)
                                       return;
                                   self->buffer.commit(bytes);
                                   self->begin();
                               });
    }

    void begin()
    {
        skipped += skip_empty_lines(buffer, empty_lines_max - skipped);
        if (const auto all_of = text_of(buffer.cdata());
            skipped < empty_lines_max && (all_of.empty() || all_of == "\r"))
            return await_request();
        skipped = 0;
        read_header();
    }

    /// Who sends the next request before it has its answer gives way to others.
    void await_turn()
    {
        wait.expires_after(within.pipelined);
        wait.async_wait(
            [self = shared_from_this()](const error_code& gone)
            {
                if (!gone)
                {
                    self->stream.expires_after(self->within.request);
                    self->begin();
                }
            });
    }

    void read_header()
    {
        become(rank::busy);
        // One deadline for all of it: who sends a byte a second does not live longer.
        if (answered)
            stream.expires_after(within.request);
        http::async_read_header(stream, buffer, *parser,
                                [self = shared_from_this()](const error_code& failed, std::size_t bytes)
                                {
                                    if (failed)
                                        return self->refuse(failed);
                                    self->parser->body_limit(self->within.bytes - std::min(self->within.bytes, bytes));
                                    self->read_body();
                                });
    }

    void read_body()
    {
        const auto length = parser->content_length();
        // Told before it is sent, so that it need not be.
        if (length && *length > within.bytes)
            return refuse(make_error_code(http::error::body_limit));
        const auto& asked = parser->get();
        // What another server on the way takes for a body must be none of the next request.
        if (asked.count(http::field::transfer_encoding) > 0 && !parser->chunked())
            return send(refusal(501, "the body's Transfer-Encoding must be chunked"), 11, false, false);
        if (parser->is_done())
            return serve();
        if (const auto expects = asked[http::field::expect]; beast::iequals(expects, "100-continue"))
            return go_on();
        read_rest();
    }

    /// Tells a client that waits with its body to send it.
    void go_on()
    {
        asio::async_write(stream, asio::buffer(std::string_view("HTTP/1.1 100 Continue\r\n\r\n")),
                          [self = shared_from_this()](const error_code& failed, std::size_t)
                          {
                              if (!failed)
                                  self->read_rest();
                          });
    }

    void read_rest()
    {
        http::async_read(stream, buffer, *parser,
                         [self = shared_from_this()](const error_code& failed, std::size_t)
                         {
                             if (failed)
                                 return self->refuse(failed);
                             self->serve();
                         });
    }

    void serve()
    {
        const auto& asked = parser->get();
        const bool head = asked.method() == http::verb::head;
        answer made;
        try
        {
            question one;
            const auto wrong = read(asked, one);
            made = wrong.empty() ? (*answers)(one) : refusal(400, wrong);
        }
        catch (const std::exception& problem)
        {
            made = refusal(500, problem.what());
        }
        if (made.after.count() <= 0)
            return send(std::move(made), asked.version(), asked.keep_alive(), head);
        become(rank::over);
        wait.expires_after(made.after);
        wait.async_wait(
            [self = shared_from_this(), made = std::move(made), version = asked.version(), head](const error_code& gone)
            {
                if (gone)
                    return;
                self->stream.expires_after(self->within.request);
                self->send(made, version, false, head);
            });
    }

    /// What is wrong with a request that can be read; empty where nothing is.
    std::string read(const http::request<http::string_body>& asked, question& one) const
    {
        for (const auto field : {http::field::host, http::field::authorization, http::field::content_type})
            if (asked.count(field) > 1)
                return fmt::format("more than one {} header", text_of(http::to_string(field)));
        const auto full = text_of(asked.target());
        const auto parts = read_target(full);
        if (!parts)
            return "the target of the request is neither a path nor an http URL";
        // A page that was bound to our address names another; what speaks HTTP/1.0 is no browser.
        if (asked.version() >= 11 && asked[http::field::host].empty())
            return "HTTP/1.1 needs a Host header that names a server";
        one.method = text_of(asked.method_string());
        one.path = parts->path;
        if (parts->authority)
            one.host = *parts->authority;
        else if (asked.count(http::field::host) == 1)
            one.host = text_of(asked[http::field::host]);
        one.authorization = text_of(asked[http::field::authorization]);
        one.content_type = text_of(asked[http::field::content_type]);
        one.body = asked.body();
        one.from = from;
        one.local = local;
        return {};
    }

    void refuse(const error_code& failed)
    {
        auto status = status_of(failed);
        // A version that ends with a bare line feed is none to Beast.
        if (const auto line = text_of(buffer.cdata());
            status == 505 && line.find('\n') != 0 && line.find('\n') != line.find("\r\n") + 1)
            status = 400;
        if (status != 0)
            send(refusal(status, reason_of(status)), 11, false, false);
    }

    void send(answer made, unsigned version, bool keep, bool head)
    {
        auto& to = response.emplace(static_cast<http::status>(made.status), version);
        to.set(http::field::content_type, made.type);
        to.set(http::field::cache_control, "no-store");
        to.set("X-Content-Type-Options", "nosniff");
        for (const auto& [key, value] : made.fields)
            to.set(beast::string_view(key.data(), key.size()), value);
        to.keep_alive(keep);
        to.content_length(made.body.size());
        if (!head)
            to.body() = std::move(made.body);
        http::async_write(stream, to,
                          [self = shared_from_this(), keep](const error_code& problem, std::size_t)
                          {
                              if (problem)
                                  return;
                              self->answered = true;
                              if (keep)
                                  return self->next();
                              error_code ignored;
                              self->stream.socket().shutdown(any_socket::shutdown_send, ignored);
                              self->become(rank::over);
                              self->stream.expires_after(self->within.linger);
                              self->linger();
                          });
    }

    /// Reads on until the client has gone: closing at once could take the answer from it. But not all that it may send.
    void linger()
    {
        stream.async_read_some(asio::buffer(rest),
                               [self = shared_from_this()](const error_code& failed, std::size_t bytes)
                               {
                                   self->lingered += bytes;
                                   if (!failed && self->lingered < self->within.linger_bytes)
                                       self->linger();
                               });
    }

    static constexpr std::size_t read_size = 512;
    static constexpr std::size_t empty_lines_max = 2;

    beast::basic_stream<asio::generic::stream_protocol> stream;
    asio::steady_timer wait;
    const std::string from;
    const bool local;
    const std::shared_ptr<const answerer> answers;
    const std::shared_ptr<places> all;
    const limits& within;
    beast::flat_buffer buffer;
    std::optional<http::request_parser<http::string_body>> parser;
    std::optional<http::response<http::string_body>> response;
    std::array<char, 4096> rest{};
    std::size_t lingered = 0;
    std::size_t skipped = 0;  ///< Empty lines before the request.
    bool answered = false;
    rank now = rank::busy;
    clock::time_point since = clock::now();
};

bool server::places::evict()
{
    if (taken.empty() || !within.evict)
        return false;
    const auto first = std::min_element(taken.begin(), taken.end(),
                                        [](const connection* one, const connection* other) {
                                            return std::tie(one->now, one->since) < std::tie(other->now, other->since);
                                        });
    auto* chosen = *first;
    if (chosen->now == rank::busy)
    {
        // All are at work: who holds most places gives one.
        std::map<std::string_view, std::size_t> held;
        for (const auto* one : taken)
            ++held[one->from];
        const auto most = std::ranges::max_element(held, {}, [](const auto& one) { return one.second; })->second;
        for (auto* one : taken)
            if (held[one->from] == most && (held[chosen->from] != most || one->since < chosen->since))
                chosen = one;
    }
    ++evicted;
    chosen->close();
    return true;
}

struct server::listener : std::enable_shared_from_this<listener>
{
    listener(asio::io_context& loop, std::shared_ptr<const answerer> with, const limits& bounds)
        : tcp(loop), local(loop), pause(loop), answers(std::move(with)), all(std::make_shared<places>(places{bounds}))
    {
        reserve();
    }
    ~listener() { release(); }
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

    void close()
    {
        error_code ignored;
        tcp.close(ignored);
        local.close(ignored);
        pause.cancel();
        while (!all->taken.empty())
            all->taken.back()->close();
    }

    void accept()
    {
        if (local.is_open())
            accept(local);
        else if (tcp.is_open())
            accept(tcp);
    }

    template <typename Acceptor>
    void accept(Acceptor& from)
    {
        from.async_wait(asio::socket_base::wait_read,
                        [self = shared_from_this(), &from](const error_code& failed)
                        {
                            if (!failed && from.is_open())
                                self->take_some(from);
                        });
    }

    /// Several at once, else those that are served would hold up those that wait. Not all: a few turns later they are served.
    template <typename Acceptor>
    void take_some(Acceptor& from)
    {
        constexpr int at_once = 16;
        for (int i = 0; i < at_once; ++i)
        {
            error_code failed;
            auto next = from.accept(failed);
            if (!failed)
                take(std::move(next));
            else if (failed == asio::error::would_block)
                break;
            else if (is_shortage(failed) && !somebody_waits(from))
                break;  // It fails so where nobody waits, too.
            else if (!is_shortage(failed) || !(all->evict() || release()))
                return rest();
        }
        accept();
    }

    /// Whoever waits is taken when there is something to do it with.
    void rest()
    {
        pause.expires_after(std::chrono::milliseconds(100));
        pause.async_wait(
            [self = shared_from_this()](const error_code& gone)
            {
                if (!gone)
                    self->accept();
            });
    }

    template <typename Socket>
    void take(Socket from)
    {
        constexpr bool is_local = std::is_same_v<Socket, asio::local::stream_protocol::socket>;
        std::string client;
        if constexpr (is_local)
        {
            if (!ours(from.native_handle()))
                return;
        }
        else
        {
            error_code gone;
            const auto place = from.remote_endpoint(gone);
            if (!gone)
                client = place.address().to_string();
        }
        if (all->taken.size() < all->within.connections || all->evict())
            std::make_shared<connection>(any_socket(std::move(from)), std::move(client), is_local, answers, all)
                ->next();
        reserve();
    }

    template <typename Acceptor>
    static bool somebody_waits(Acceptor& from)
    {
        pollfd at{from.native_handle(), POLLIN, 0};
        return ::poll(&at, 1, 0) > 0;
    }

    /// Keeps a descriptor for the time when there is none left, nor a connection to close.
    void reserve()
    {
        if (!spare.is_open())
            spare = io::open_file("/dev/null", O_RDONLY);
    }

    bool release() { return spare.is_open() && spare.close() == 0; }

    asio::ip::tcp::acceptor tcp;
    asio::local::stream_protocol::acceptor local;
    asio::steady_timer pause;
    const std::shared_ptr<const answerer> answers;
    const std::shared_ptr<places> all;
    io::descriptor spare;
};

namespace
{

/// What a process with few descriptors can give: most of them are for the database.
std::size_t places_of(std::size_t wished)
{
    constexpr rlim_t others = 64;
    constexpr rlim_t fewest = 4;
    rlimit bound{};
    if (::getrlimit(RLIMIT_NOFILE, &bound) != 0 || bound.rlim_cur == RLIM_INFINITY)
        return wished;
    const auto left = bound.rlim_cur > others ? (bound.rlim_cur - others) / 4 : 0;
    return std::min<std::size_t>(wished, std::max(left, fewest));
}

}  // namespace

server::server(asio::io_context& loop, answerer answers, limits bounds)
    : loop_(loop), answers_(std::make_shared<const answerer>(std::move(answers))), limits_(bounds)
{
    limits_.connections = places_of(bounds.connections);
}

server::~server()
{
    for (const auto& one : listeners_)
        one->close();
}

std::uint64_t server::evicted() const noexcept
{
    std::uint64_t sum = 0;
    for (const auto& one : listeners_)
        sum += one->all->evicted;
    return sum;
}

void server::listen(int descriptor)
{
    auto made = std::make_shared<listener>(loop_, answers_, limits_);
    made->local.assign(asio::local::stream_protocol(), descriptor);
    made->local.non_blocking(true);
    made->accept();
    listeners_.push_back(std::move(made));
}

std::uint16_t server::listen(const std::string& host, std::uint16_t port)
{
    auto made = std::make_shared<listener>(loop_, answers_, limits_);
    const auto say = [&](error_kind kind, const error_code& failed)
    { return error(kind, fmt::format("--http-listen {}:{}: {}", host, port, failed.message())); };
    error_code failed;
    const auto found = asio::ip::tcp::resolver(loop_).resolve(host, std::to_string(port),
                                                              asio::ip::resolver_base::passive, failed);
    if (failed || found.empty())
        throw say(error_kind::usage, failed);
    const auto place = found.begin()->endpoint();
    made->tcp.open(place.protocol(), failed);
    if (!failed)
        made->tcp.set_option(asio::socket_base::reuse_address(true), failed);
    if (!failed)
        made->tcp.bind(place, failed);
    if (!failed)
        made->tcp.listen(asio::socket_base::max_listen_connections, failed);
    if (failed)
        throw say(failed == asio::error::access_denied ? error_kind::permission : error_kind::unavailable, failed);
    made->tcp.non_blocking(true);
    const auto got = made->tcp.local_endpoint().port();
    made->accept();
    listeners_.push_back(std::move(made));
    return got;
}

}  // namespace bazaar::observe
