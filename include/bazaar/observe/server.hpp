#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "bazaar/observe/http.hpp"

namespace bazaar::observe
{

/// Serves HTTP/1.1 over TCP and over Unix sockets.
///
/// Lifetime: serves until it is destroyed; answers that are under way end with it.
/// Threads:  the loop's alone.
/// Errors:   `listen` throws `usage` (no such address), `permission`, `unavailable` (taken). A client's are its own: it gets an
///           answer, or the connection is closed.
/// Limits:   as in `limits`, for each listener of its own: who floods the one does not shut the other.
class server
{
public:
    struct limits
    {
        std::size_t connections = 16;  ///< One more is closed at once.
        std::size_t bytes = 8192;      ///< Of a request.
        std::chrono::milliseconds request{
            5'000};  ///< From the first byte, or the end of the last answer, to the answer.
    };

    using answerer = std::function<answer(const question&)>;

    server(boost::asio::io_context& loop, answerer answers) : server(loop, std::move(answers), limits{}) {}
    server(boost::asio::io_context& loop, answerer answers, limits bounds);
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// Takes over a listening Unix socket. Only processes of this user, or root's, are answered.
    void listen(int descriptor);

    /// The port that it got: 0 asks for any.
    std::uint16_t listen(const std::string& host, std::uint16_t port);

private:
    struct listener;
    struct connection;
    boost::asio::io_context& loop_;
    const std::shared_ptr<const answerer> answers_;
    const limits limits_;
    std::vector<std::shared_ptr<listener>> listeners_;
};

}  // namespace bazaar::observe
