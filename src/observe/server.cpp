#include "bazaar/observe/server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
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

struct server::connection : std::enable_shared_from_this<connection>
{
    connection(any_socket from, std::shared_ptr<const answerer> with, const limits& bounds,
               std::shared_ptr<std::size_t> number, bool is_local)
        : stream(std::move(from)),
          answers(std::move(with)),
          within(bounds),
          count(std::move(number)),
          local(is_local),
          buffer(bounds.bytes)
    {
        ++*count;
    }
    ~connection() { --*count; }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    void next()
    {
        parser.emplace();
        parser->header_limit(static_cast<std::uint32_t>(within.bytes));
        parser->body_limit(within.bytes);
        // One deadline for all of it: who sends a byte a second does not live longer.
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
        question one;
        one.method = text_of(asked.method_string());
        one.path = text_of(asked.target());
        one.path.resize(std::min(one.path.size(), one.path.find('?')));
        one.host = text_of(asked[http::field::host]);
        one.authorization = text_of(asked[http::field::authorization]);
        one.content_type = text_of(asked[http::field::content_type]);
        one.body = asked.body();
        one.local = local;
        answer made;
        try
        {
            made = asked.count(http::field::host) > 1 ? refusal(400, "more than one Host header") : (*answers)(one);
        }
        catch (const std::exception& problem)
        {
            made = refusal(500, problem.what());
        }
        send(std::move(made), asked.version(), asked.keep_alive(), asked.method() == http::verb::head);
    }

    void refuse(const error_code& failed)
    {
        if (const auto status = status_of(failed); status != 0)
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
                              if (keep)
                                  return self->next();
                              error_code ignored;
                              self->stream.socket().shutdown(any_socket::shutdown_send, ignored);
                              self->linger();
                          });
    }

    /// Reads on until the client has gone, or the deadline: closing at once could take the answer from it.
    void linger()
    {
        stream.async_read_some(asio::buffer(rest),
                               [self = shared_from_this()](const error_code& failed, std::size_t)
                               {
                                   if (!failed)
                                       self->linger();
                               });
    }

    beast::basic_stream<asio::generic::stream_protocol> stream;
    const std::shared_ptr<const answerer> answers;
    const limits within;
    const std::shared_ptr<std::size_t> count;
    const bool local;
    beast::flat_buffer buffer;
    std::optional<http::request_parser<http::string_body>> parser;
    std::optional<http::response<http::string_body>> response;
    std::array<char, 1024> rest{};
};

struct server::listener : std::enable_shared_from_this<listener>
{
    listener(asio::io_context& loop, std::shared_ptr<const answerer> with, const limits& bounds)
        : tcp(loop), local(loop), pause(loop), answers(std::move(with)), within(bounds)
    {
    }

    void close()
    {
        error_code ignored;
        tcp.close(ignored);
        local.close(ignored);
        pause.cancel();
    }

    void accept()
    {
        if (local.is_open())
            local.async_accept([self = shared_from_this()](const error_code& failed, auto from)
                               { self->accepted(failed, std::move(from)); });
        else if (tcp.is_open())
            tcp.async_accept([self = shared_from_this()](const error_code& failed, auto from)
                             { self->accepted(failed, std::move(from)); });
    }

    template <typename Socket>
    void accepted(const error_code& failed, Socket from)
    {
        if (failed == asio::error::operation_aborted || !(tcp.is_open() || local.is_open()))
            return;
        if (failed)
        {
            // No descriptors, mostly: whoever waits is taken when there are some.
            pause.expires_after(std::chrono::milliseconds(100));
            pause.async_wait(
                [self = shared_from_this()](const error_code& gone)
                {
                    if (!gone)
                        self->accept();
                });
            return;
        }
        constexpr bool is_local = std::is_same_v<Socket, asio::local::stream_protocol::socket>;
        if (*count < within.connections && (!is_local || ours(from.native_handle())))
            std::make_shared<connection>(any_socket(std::move(from)), answers, within, count, is_local)->next();
        accept();
    }

    asio::ip::tcp::acceptor tcp;
    asio::local::stream_protocol::acceptor local;
    asio::steady_timer pause;
    const std::shared_ptr<const answerer> answers;
    const limits within;
    const std::shared_ptr<std::size_t> count = std::make_shared<std::size_t>(0);
};

server::server(asio::io_context& loop, answerer answers, limits bounds)
    : loop_(loop), answers_(std::make_shared<const answerer>(std::move(answers))), limits_(bounds)
{
}

server::~server()
{
    for (const auto& one : listeners_)
        one->close();
}

void server::listen(int descriptor)
{
    auto made = std::make_shared<listener>(loop_, answers_, limits_);
    made->local.assign(asio::local::stream_protocol(), descriptor);
    made->accept();
    listeners_.push_back(std::move(made));
}

std::uint16_t server::listen(const std::string& host, std::uint16_t port)
{
    auto made = std::make_shared<listener>(loop_, answers_, limits_);
    const auto say = [&](error_kind kind, const error_code& failed)
    { return error(kind, fmt::format("--http-listen {}:{}: {}", host, port, failed.message())); };
    error_code failed;
    const auto places = asio::ip::tcp::resolver(loop_).resolve(host, std::to_string(port),
                                                               asio::ip::resolver_base::passive, failed);
    if (failed || places.empty())
        throw say(error_kind::usage, failed);
    const auto place = places.begin()->endpoint();
    made->tcp.open(place.protocol(), failed);
    if (!failed)
        made->tcp.set_option(asio::socket_base::reuse_address(true), failed);
    if (!failed)
        made->tcp.bind(place, failed);
    if (!failed)
        made->tcp.listen(asio::socket_base::max_listen_connections, failed);
    if (failed)
        throw say(failed == asio::error::access_denied ? error_kind::permission : error_kind::unavailable, failed);
    const auto got = made->tcp.local_endpoint().port();
    made->accept();
    listeners_.push_back(std::move(made));
    return got;
}

}  // namespace bazaar::observe
