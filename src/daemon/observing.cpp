#include "bazaar/daemon/observing.hpp"

#include <unistd.h>

#include <utility>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/observe/page.hpp"
#include "bazaar/postgres/password.hpp"
#include "bazaar/process/logging.hpp"

namespace bazaar::daemon
{

namespace
{

/// Shorter ones are guessed.
constexpr std::size_t token_min = 16;

}  // namespace

observing::observing(boost::asio::io_context& loop, observe::handler::options how) : loop_(loop), how_(std::move(how))
{
}

void observing::open(const settings& opts)
{
    if (!opts.http_token_file.empty())
    {
        how_.token = postgres::read_password(opts.http_token_file);
        if (how_.token->size() < token_min)
            throw error(error_kind::config, fmt::format("--http-token-file {}: a token has {} characters or more",
                                                        opts.http_token_file, token_min));
    }
    how_.hosts = opts.http_hosts;
    how_.hosts.push_back(opts.http_host);
    char own[256] = {};
    if (::gethostname(own, sizeof own - 1) == 0)
        how_.hosts.emplace_back(own);
    handler_ = std::make_unique<observe::handler>(how_);
    observe::serve_page(*handler_);
    server_ = std::make_unique<observe::server>(loop_,
                                                [this](const observe::question& asked) { return (*handler_)(asked); });
    if (opts.control_socket != "none")
        open_socket(opts);
    if (opts.http_port)
        open_http(opts);
}

void observing::open_http(const settings& opts)
{
    probes_ = true;
    const auto port = server_->listen(opts.http_host, *opts.http_port);
    const bool bare = opts.http_host.find(':') == std::string::npos;
    log(process::log_level::info, "http",
        fmt::format("HTTP at http://{}{}{}:{}/, {}", bare ? "" : "[", opts.http_host, bare ? "" : "]", port,
                    how_.token ? "which can be controlled with the token" : "which only reads"),
        {{"port", port}});
}

void observing::open_socket(const settings& opts)
{
    const bool wished = !opts.control_socket.empty();
    try
    {
        socket_.emplace(wished
                            ? opts.control_socket
                            : observe::control_socket::default_path(opts.schema, opts.run, text_of(database_of(opts))));
        server_->listen(socket_->release());
        log(process::log_level::debug, "control", fmt::format("control socket {}", socket_->path()));
    }
    catch (const error& problem)
    {
        if (wished)
            throw;
        log(process::log_level::warning, "control",
            fmt::format("{}; bazaard ctl cannot reach this run", problem.what()));
    }
}

std::vector<std::pair<std::string_view, std::uint64_t>> observing::refused() const
{
    if (!server_)
        return {};
    const auto& by_handler = handler_->refused();
    return {{"token", by_handler.tokens}, {"orders", by_handler.orders}, {"place", server_->evicted()}};
}

void observing::report()
{
    if (!server_)
        return;
    const auto grown = [](std::uint64_t& told, std::uint64_t now) { return now - std::exchange(told, now); };
    const auto& all = handler_->refused();
    if (const auto count = grown(told_tokens_, all.tokens); count > 0)
        log(process::log_level::warning, "http",
            fmt::format("{} requests with a wrong token were refused, the last of them from {}", count, all.from),
            {{"count", count}, {"from", all.from}});
    if (const auto count = grown(told_orders_, all.orders); count > 0)
        log(process::log_level::warning, "http",
            fmt::format("{} orders were refused: more than {} a second", count, how_.limits.orders),
            {{"count", count}});
    if (const auto count = grown(told_evicted_, server_->evicted()); count > 0)
        log(process::log_level::warning, "http",
            fmt::format("{} connections were closed for newer ones: too many clients at the same time", count),
            {{"count", count}});
}

void observing::close()
{
    report();
    server_.reset();
    socket_.reset();
}

std::chrono::milliseconds observing::probe_interval() const noexcept
{
    return std::chrono::milliseconds(probes_ ? 600 : 0);
}

std::chrono::milliseconds observing::silence_max() const noexcept
{
    return std::chrono::milliseconds(probes_ ? 1'700 : 5'000);
}

}  // namespace bazaar::daemon
