#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "bazaar/daemon/settings.hpp"
#include "bazaar/observe/control_socket.hpp"
#include "bazaar/observe/handler.hpp"
#include "bazaar/observe/server.hpp"
#include "bazaar/postgres/connection.hpp"

namespace bazaar::daemon
{

/// The database given by the options, as used in the name of the control socket and in /status.
[[nodiscard]] inline postgres::database_place database_of(const settings& opts)
{
    return postgres::place_of(postgres::resolve(opts.database));
}

/// The interfaces to monitor and control a daemon: its control socket, and HTTP if requested.
///
/// Threads: the loop's.
class observing
{
public:
    observing(boost::asio::io_context& loop, observe::handler::options how);

    /// Errors: throws if something that a flag asks for is not possible. If only the default socket is not possible, it
    /// logs a warning and does without.
    void open(const settings& opts);

    void close();

    /// Whether a client with the token can control the run by HTTP.
    [[nodiscard]] bool control() const noexcept { return how_.token.has_value(); }

    /// Number of refusals, by reason.
    [[nodiscard]] std::vector<std::pair<std::string_view, std::uint64_t>> refused() const;

    /// To be called once a second: logs what was refused since.
    void report();

    /// How often the server must be probed, and after which silence it counts as unreachable.
    [[nodiscard]] std::chrono::milliseconds probe_interval() const noexcept;
    [[nodiscard]] std::chrono::milliseconds silence_max() const noexcept;

private:
    void open_socket(const settings& opts);
    void open_http(const settings& opts);

    boost::asio::io_context& loop_;
    observe::handler::options how_;
    std::uint64_t told_tokens_ = 0, told_orders_ = 0, told_evicted_ = 0;
    bool probes_ = false;  ///< Clients of HTTP need to know soon.
    std::unique_ptr<observe::handler> handler_;
    std::unique_ptr<observe::server> server_;
    std::optional<observe::control_socket> socket_;
};

}  // namespace bazaar::daemon
