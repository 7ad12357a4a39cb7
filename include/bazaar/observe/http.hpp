#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bazaar::observe
{

/// The relevant parts of a request, independent of any library.
struct question
{
    std::string method;  ///< "GET"
    std::string path;    ///< Path of the target, without the query.
    /// The host that the client addresses: the authority of an absolute target, else the Host header; nothing if
    /// HTTP/1.0 names no host.
    std::optional<std::string> host;
    std::string authorization;  ///< Header fields; empty if not given.
    std::string content_type;
    std::string body;
    std::string from;    ///< Address of the client, for the log.
    bool local = false;  ///< Through the control socket: whoever can open it owns the daemon.
};

/// A request target: `/path?query`, or `http://host:port/path?query` as proxies get it.
struct target
{
    std::string_view path;                      ///< Without the query; "*" is one, too.
    std::optional<std::string_view> authority;  ///< Of an absolute target.
};

/// Returns nothing for any other text.
[[nodiscard]] std::optional<target> read_target(std::string_view text) noexcept;

struct answer
{
    unsigned status = 200;
    std::string type = "application/json";
    std::string body;
    std::vector<std::pair<std::string_view, std::string>> fields{};  ///< Additional header fields.
    std::chrono::milliseconds after{0};  ///< Delay before it is sent; the connection is then closed.
};

/// A refusal as JSON: `{"error": ...}`.
[[nodiscard]] answer refusal(unsigned status, std::string_view why);

/// Whether two texts are equal, compared in constant time.
[[nodiscard]] bool same_secret(std::string_view one, std::string_view other) noexcept;

/// The token of an Authorization header with the scheme Bearer, in upper or lower case; nothing for other schemes.
[[nodiscard]] std::optional<std::string_view> bearer_token(std::string_view header) noexcept;

/// Whether a Content-Type header names this type, ignoring case and parameters.
[[nodiscard]] bool is_media_type(std::string_view header, std::string_view type) noexcept;

/// Whether a text can be the name of a host: labels of letters, digits, `-` and `_`, with dots between.
[[nodiscard]] bool is_host_name(std::string_view text) noexcept;

/// Whether a Host header can be this server's own: a literal address, `localhost`, a name without a dot, or one of
/// `own`. A page from elsewhere whose name was bound to our address sends another name.
[[nodiscard]] bool own_host(std::string_view header, const std::vector<std::string>& own);

}  // namespace bazaar::observe
