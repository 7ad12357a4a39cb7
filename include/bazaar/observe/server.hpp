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
/// The next client is always served: if all places are taken, or no descriptor is left, another connection is closed
/// for it. That is one whose answer has been sent or is being delayed; otherwise the one that has been idle longest;
/// otherwise, of the client with the most connections, the one whose request began first.
///
/// Lifetime: serves until it is destroyed, which cuts answers that are being sent.
/// Threads:  only the loop's.
/// Errors:   `listen` throws `usage` (no such address), `permission`, `unavailable` (taken). Errors of a client only
///           affect that client: it gets an answer, or the connection is closed.
/// Limits:   as in `limits`, separately for each listener: flooding one does not block the other.
class server
{
public:
    struct limits
    {
        std::size_t connections = 128;  ///< Fewer if the process may open only few descriptors.
        bool evict = true;              ///< Otherwise the next one is closed.
        std::size_t bytes = 8192;       ///< Maximum size of a request.
        /// Time for a request and its answer; the same for the idle time between two.
        std::chrono::milliseconds request{5'000};
        std::chrono::milliseconds pipelined{20};  ///< Delay before a pipelined request.
        std::size_t linger_bytes = 65'536;  ///< Input that is read after the last answer, so that the answer arrives.
        std::chrono::milliseconds linger{1'000};  ///< Time for this.
    };

    using answerer = std::function<answer(const question&)>;

    server(boost::asio::io_context& loop, answerer answers) : server(loop, std::move(answers), limits{}) {}
    server(boost::asio::io_context& loop, answerer answers, limits bounds);
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// Takes over a listening Unix socket. Answers only processes of this user or of root.
    void listen(int descriptor);

    /// Returns the port; `port` 0 means any free one.
    std::uint16_t listen(const std::string& host, std::uint16_t port);

    /// Number of connections that were closed for others.
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
