#include "app/connect_rest.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include "bazaar/base/error.hpp"

namespace bazaar::app
{
namespace
{

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

/// An answer that is longer is none of Connect's.
constexpr std::size_t body_max = 16 << 20;

}  // namespace

connect_rest::connect_rest(std::string_view url, std::chrono::milliseconds timeout) : url_(url), timeout_(timeout)
{
    constexpr std::string_view scheme = "http://";
    if (!url.starts_with(scheme))
        throw error(error_kind::usage, fmt::format("--connect-url {}: must be http://HOST:PORT", url));
    auto rest = url.substr(scheme.size());
    const auto slash = std::min(rest.find('/'), rest.size());
    path_ = rest.substr(slash);
    while (path_.ends_with('/'))
        path_.pop_back();
    rest = rest.substr(0, slash);
    const auto colon = rest.rfind(':');
    const bool port = colon != rest.npos && rest.find(']', colon) == rest.npos;
    host_ = rest.substr(0, port ? colon : rest.size());
    port_ = port ? rest.substr(colon + 1) : "8083";
    if (host_.starts_with('[') && host_.ends_with(']'))
        host_ = host_.substr(1, host_.size() - 2);
    if (host_.empty() || port_.empty() || port_.find_first_not_of("0123456789") != port_.npos)
        throw error(error_kind::usage, fmt::format("--connect-url {}: must be http://HOST:PORT", url));
}

rest_answer connect_rest::ask(std::string_view verb, std::string_view target, std::string_view body) const
{
    const auto view = [](std::string_view text) { return beast::string_view(text.data(), text.size()); };
    asio::io_context loop;
    beast::tcp_stream stream(loop);
    asio::ip::tcp::resolver resolver(loop);
    http::request<http::string_body> question{http::string_to_verb(view(verb)), path_ + std::string(target), 11};
    question.set(http::field::host, host_ + ':' + port_);
    question.set(http::field::accept, "application/json");
    question.set(http::field::content_type, "application/json");
    question.body() = body;
    question.prepare_payload();
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> answer;
    answer.body_limit(body_max);
    beast::error_code failed;

    // One step after the other; the deadline of the stream holds for asynchronous steps alone.
    const auto then = [&](auto&& next)
    {
        return [&failed, next](const beast::error_code& problem, auto&&...)
        {
            failed = problem;
            if (!failed)
                next();
        };
    };
    const auto read = [&] { http::async_read(stream, buffer, answer, then([] {})); };
    const auto write = [&] { http::async_write(stream, question, then(read)); };
    stream.expires_after(timeout_);
    const auto places = resolver.resolve(host_, port_, failed);
    if (!failed)
    {
        stream.async_connect(places, then(write));
        loop.run();
    }
    if (failed)
        throw error(error_kind::unavailable,
                    fmt::format("Kafka Connect does not answer at {}: {}; is it running, and is --connect-url right?",
                                url_, failed.message()));
    return {static_cast<int>(answer.get().result_int()), answer.get().body()};
}

}  // namespace bazaar::app
