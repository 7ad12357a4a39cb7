#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bazaar/app/commands.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/daemon/observing.hpp"
#include "bazaar/io/json.hpp"
#include "bazaar/io/json_text.hpp"
#include "bazaar/observe/control_socket.hpp"
#include "bazaar/process/output.hpp"

namespace bazaar::app
{
namespace
{

using json = nlohmann::ordered_json;
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

/// How long a daemon may take to answer, and to make true what it was asked for.
constexpr std::chrono::seconds answer_limit{5};
constexpr std::chrono::seconds effect_limit{10};
constexpr std::chrono::milliseconds reply_poll_interval{50};

struct reply
{
    unsigned status = 0;
    std::string body;
};

/// A control socket as seen from outside.
class daemon_link
{
public:
    explicit daemon_link(const options& opts) : path_(find(opts)) {}

    /// Errors: throws `unavailable`, `permission`.
    [[nodiscard]] reply ask(http::verb method, const char* target, const std::string& body = {}) const
    {
        asio::io_context loop;
        beast::basic_stream<asio::local::stream_protocol> stream(loop);
        beast::error_code failed;
        stream.socket().connect(asio::local::stream_protocol::endpoint(path_), failed);
        if (failed)
            refuse(failed);
        http::request<http::string_body> question{method, target, 11};
        question.set(http::field::host, "localhost");
        if (method == http::verb::post)
            question.set(http::field::content_type, "application/json");
        question.keep_alive(false);
        question.body() = body;
        question.prepare_payload();
        beast::flat_buffer buffer;
        http::response_parser<http::string_body> answer;
        stream.expires_after(answer_limit);
        http::async_write(stream, question,
                          [&](const beast::error_code& problem, std::size_t)
                          {
                              failed = problem;
                              if (!failed)
                                  http::async_read(stream, buffer, answer,
                                                   [&](const beast::error_code& wrong, std::size_t)
                                                   { failed = wrong; });
                          });
        loop.run();
        if (failed)
            refuse(failed);
        return {answer.get().result_int(), answer.get().body()};
    }

private:
    explicit daemon_link(std::string path) : path_(std::move(path)) {}

    static std::string find(const options& opts)
    {
        if (opts.control_socket == "none")
            throw error(error_kind::usage, "--control-socket none: leaves nothing to speak with");
        if (!opts.control_socket.empty())
            return opts.control_socket;
        const auto directories = observe::control_directories();
        const auto file = observe::control_file(opts.schema, opts.run, text_of(daemon::database_of(opts)));
        std::string dead;
        for (const auto& directory : directories)
        {
            auto path = directory + '/' + file;
            if (::access(path.c_str(), F_OK) != 0)
                continue;
            if (!observe::private_directory(directory))
                throw error(error_kind::permission,
                            fmt::format("{}: {} is not this user's own: ask as the user of the daemon, or name its "
                                        "socket with --control-socket",
                                        path, directory));
            if (!is_dead(path))
                return path;
            dead = std::move(path);
        }
        return find_other(opts, directories, dead);
    }

    /// None is named exactly so: the only one that fits what was said will be meant.
    static std::string find_other(const options& opts, const std::vector<std::string>& directories,
                                  const std::string& dead)
    {
        const auto all = sockets_in(directories);
        const auto said = postgres::given_place(opts.database);
        const bool run_said = opts.is_given("run") || opts.is_given("db-schema");
        std::vector<std::string> fit, listed;
        for (const auto& path : all)
        {
            const auto at = place_of(path);
            listed.push_back(at ? fmt::format("{} ({})", path, text_of(*at)) : path);
            const auto name = std::filesystem::path(path).filename().string();
            if ((!run_said || observe::is_control_file_of(name, opts.schema, opts.run)) && is_of(said, at))
                fit.push_back(path);
        }
        if (fit.size() == 1)
            return fit.front();
        if (!dead.empty() && all.empty())
            return dead;
        const auto there = listed.empty() ? std::string() : fmt::format(" There are {}", fmt::join(listed, ", "));
        throw error(error_kind::unavailable,
                    fit.size() > 1
                        ? fmt::format("several daemons have a control socket in {}: say which with --run, --db-schema, "
                                      "--db-name or --db-url, or with --control-socket.{}",
                                      fmt::join(directories, ", "), there)
                        : fmt::format("no daemon of run {} in schema {} of {} has a control socket in {}: is it "
                                      "running, under this user, with the same --run, --db-schema and database?{}",
                                      opts.run, opts.schema, text_of(daemon::database_of(opts)),
                                      fmt::join(directories, ", "), there));
    }

    /// Whether a daemon writes to the database of which these parts are given.
    static bool is_of(const postgres::database_place& given, const std::optional<postgres::database_place>& its)
    {
        if (given == postgres::database_place{})
            return true;
        const auto same = [](const std::string& one, const std::string& other) { return one.empty() || one == other; };
        return its && same(given.host, its->host) && same(given.port, its->port) && same(given.name, its->name);
    }

    /// As the daemon at a socket tells it; nothing where it does not.
    static std::optional<postgres::database_place> place_of(const std::string& path)
    {
        try
        {
            const auto status = io::read_json<json>(daemon_link(path).ask(http::verb::get, "/status").body);
            const auto& database = status.at("database");
            return postgres::database_place{database.at("host"), database.at("port"), database.at("name")};
        }
        catch (const std::exception&)
        {
            return std::nullopt;
        }
    }

    /// A daemon that was killed leaves its socket behind.
    static bool is_dead(const std::string& path)
    {
        asio::io_context loop;
        beast::error_code failed;
        asio::local::stream_protocol::socket(loop).connect(asio::local::stream_protocol::endpoint(path), failed);
        return failed == asio::error::connection_refused;
    }

    /// Those of this user's daemons.
    static std::vector<std::string> sockets_in(const std::vector<std::string>& directories)
    {
        std::vector<std::string> all;
        for (const auto& directory : directories)
        {
            if (!observe::private_directory(directory))
                continue;
            std::error_code ignored;
            for (const auto& one : std::filesystem::directory_iterator(directory, ignored))
                if (one.is_socket(ignored) && one.path().extension() == ".sock" && !is_dead(one.path()))
                    all.push_back(one.path());
        }
        std::ranges::sort(all);
        return all;
    }

    [[noreturn]] void refuse(const beast::error_code& failed) const
    {
        const bool forbidden = failed == asio::error::access_denied || failed == asio::error::no_permission;
        throw error(forbidden ? error_kind::permission : error_kind::unavailable,
                    fmt::format("{}: {}", path_,
                                forbidden                                   ? "the control socket is another user's"
                                : failed == http::error::end_of_stream      ? "the daemon has closed the connection"
                                : failed == asio::error::connection_refused ? "the daemon is not running any more"
                                                                            : failed.message()));
    }

    const std::string path_;
};

json document_of(const reply& answer)
{
    auto document = io::read_json<json>(answer.body);
    if (!document.is_object())
        throw error(error_kind::unavailable, "what answers at the control socket is no bazaard");
    return document;
}

json status_of(const daemon_link& link)
{
    const auto answer = link.ask(http::verb::get, "/status");
    auto document = document_of(answer);
    if (answer.status != 200)
        throw error(error_kind::temporary, document.value("error", "the daemon gives no status"));
    return document;
}

/// For people.
std::string page_of(const json& now)
{
    const auto& run = now.at("run");
    std::string text;
    const auto add = [&](const std::string& line) { text += plain(line) + '\n'; };
    add(fmt::format("run       {} of schema {}: {}{}", run.at("name").get<std::string>(),
                    run.at("schema").get<std::string>(), now.at("state").get<std::string>(),
                    now.at("ready").get<bool>() ? ", ready" : ", not ready"));
    for (const auto& line : now.at("reasons"))
        add(fmt::format("          {}", line.get<std::string>()));
    const auto& rate = now.at("rate");
    add(fmt::format("rate      {:.1f} ticks/s, target {:.1f}; lag {:.3f} s, {} shifts", rate.at("actual").get<double>(),
                    rate.at("target").get<double>(), now.at("lag_seconds").get<double>(),
                    now.at("shifts").at("count").get<std::uint64_t>()));
    add(fmt::format("now       {}", now.at("line").get<std::string>()));
    std::string settings;
    for (const auto& [key, value] : now.at("settings").items())
        settings += fmt::format("{}{}={}", settings.empty() ? "" : " ", key, value.get<std::string>());
    add(fmt::format("settings  {}", settings));
    add(fmt::format("database  {}: {}, {} sessions", now.at("database").at("where").get<std::string>(),
                    now.at("database").at("up").get<bool>() ? "up" : "away",
                    now.at("database").at("sessions").get<int>()));
    return text;
}

/// One line a second, in one place on a terminal, until the daemon ends.
int watch(const daemon_link& link, const options& opts)
{
    const bool terminal = ::isatty(STDOUT_FILENO) == 1 && !opts.json && opts.progress != process::progress::off;
    const auto look = [&]
    {
        try
        {
            return status_of(link);
        }
        catch (...)
        {
            if (terminal)
                process::print_out("\n");
            throw;
        }
    };
    for (;;)
    {
        const auto now = look();
        const auto line = fmt::format("{} | {}", now.at("state").get<std::string>(), now.at("line").get<std::string>());
        process::print_out(opts.json  ? io::json_text(now) + "\n"
                           : terminal ? fmt::format("\r\x1b[2K{}", plain(line))
                                      : plain(line) + "\n");
        std::this_thread::sleep_for(std::chrono::seconds(1));
    }
}

/// Waits until the status says so.
bool comes_true(const daemon_link& link, const std::function<bool(const json&)>& condition)
{
    for (const auto end = std::chrono::steady_clock::now() + effect_limit; !condition(status_of(link));)
    {
        if (std::chrono::steady_clock::now() > end)
            return false;
        std::this_thread::sleep_for(reply_poll_interval);
    }
    return true;
}

void obey(const daemon_link& link, const options& opts)
{
    json wish{{"verb", opts.verb}};
    for (const auto& [key, value] : opts.changes)
        wish["settings"][key] = value;
    const auto answer = link.ask(http::verb::post, "/control", io::json_text(wish));
    const auto document = document_of(answer);
    std::vector<std::string> lines;
    for (const auto& line : document.value("lines", json::array()))
        lines.push_back(line.get<std::string>());
    if (answer.status >= 300 && lines.empty())
        lines.push_back(document.value("error", "the daemon refuses it"));
    if (answer.status == 503 || answer.status == 429)
        throw error(error_kind::temporary, lines);
    if (answer.status >= 300)
        throw error(error_kind::usage, lines);
    for (const auto& line : lines)
        process::print_line(line);
}

/// For whoever has to know before others lean on the daemon. Errors: throws `temporary` with what is not ready.
void check_health(const daemon_link& link)
{
    const auto answer = link.ask(http::verb::get, "/readyz");
    std::vector<std::string> reasons;
    const auto document = document_of(answer);
    for (const auto& line : document.value("reasons", json::array()))
        reasons.push_back(line.get<std::string>());
    if (answer.status != 200)
        throw error(error_kind::temporary, reasons.empty() ? std::vector<std::string>{"not ready"} : reasons);
    process::print_out("ready\n");
}

int status(const daemon_link& link, const options& opts)
{
    if (opts.watch)
        return watch(link, opts);
    const auto now = status_of(link);
    process::print_out(opts.json ? io::json_text(now) + "\n" : page_of(now));
    return 0;
}

}  // namespace

int ctl(const options& opts)
try
{
    const daemon_link link(opts);
    if (opts.verb == "health")
    {
        check_health(link);
        return 0;
    }
    if (opts.verb == "status")
        return status(link, opts);
    obey(link, opts);
    const auto settled = [&](const json& now)
    {
        if (opts.verb == "set")
            return now.at("pending").get<std::uint64_t>() == 0;
        return now.at("state") != "paused";
    };
    if ((opts.verb == "set" || opts.verb == "resume") && !comes_true(link, settled))
        throw error(error_kind::temporary,
                    "taken, but not recorded yet: the database is away, or the run goes over what it had sent before");
    return 0;
}
catch (const json::exception&)
{
    throw error(error_kind::unavailable, "what answers at the control socket is no bazaard");
}

}  // namespace bazaar::app
