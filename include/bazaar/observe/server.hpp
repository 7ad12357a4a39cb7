#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "bazaar/observe/http.hpp"

namespace bazaar::observe
{

/// Serves HTTP/1.1 over TCP and over Unix sockets.
///
/// Who comes next is always served: where all places are taken, or no descriptor is left, another connection is closed for it.
/// That is one whose answer has been sent or is kept from it, else the one that is idle for longest, else, of the client that holds
/// most places, the one whose request began first.
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
        std::size_t connections = 128;  ///< Fewer where the process may open few descriptors.
        bool evict = true;              ///< Else the next one is closed.
        std::size_t bytes = 8192;       ///< Of a request.
        /// For a request and its answer; between two, so long again.
        std::chrono::milliseconds request{5'000};
        std::chrono::milliseconds pipelined{20};  ///< Before a request that came before its turn.
        std::size_t linger_bytes = 65'536;        ///< Read after the last answer, so that it arrives.
        std::chrono::milliseconds linger{1'000};  ///< The same.
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

    /// Connections that were closed for others.
    [[nodiscard]] std::uint64_t evicted() const noexcept;

private:
    struct listener;
    struct connection;
    struct places;
    boost::asio::io_context& loop_;
    const std::shared_ptr<const answerer> answers_;
    limits limits_;
    std::vector<std::shared_ptr<listener>> listeners_;
};

}  // namespace bazaar::observe
