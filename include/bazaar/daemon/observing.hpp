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

/// The database that the options name, as the name of the control socket and /status have it.
[[nodiscard]] inline postgres::database_place database_of(const settings& opts)
{
    return postgres::place_of(postgres::resolve(opts.database));
}

/// Where a daemon can be looked at and told what to do: its control socket, and HTTP where that is asked for.
///
/// Threads: the loop's.
class observing
{
public:
    observing(boost::asio::io_context& loop, observe::handler::options how);

    /// Errors: throws where a flag asks for what cannot be had. The default socket is done without then, with a warning.
    void open(const settings& opts);

    void close();

    /// Whether whoever has the token can steer the run by HTTP.
    [[nodiscard]] bool control() const noexcept { return how_.token.has_value(); }

    /// What clients did not get, by reason.
    [[nodiscard]] std::vector<std::pair<std::string_view, std::uint64_t>> refused() const;

    /// Once a second: says what was refused since.
    void report();

    /// How often the server must be asked whether it is there, and when its silence means that it is not.
    [[nodiscard]] std::chrono::milliseconds probe_interval() const noexcept;
    [[nodiscard]] std::chrono::milliseconds silence_max() const noexcept;

private:
    void open_socket(const settings& opts);
    void open_http(const settings& opts);

    boost::asio::io_context& loop_;
    observe::handler::options how_;
    std::uint64_t told_tokens_ = 0, told_orders_ = 0, told_evicted_ = 0;
    bool probes_ = false;  ///< Somebody who asks by HTTP wants to know soon.
    std::unique_ptr<observe::handler> handler_;
    std::unique_ptr<observe::server> server_;
    std::optional<observe::control_socket> socket_;
};

}  // namespace bazaar::daemon
