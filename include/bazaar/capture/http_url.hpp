#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bazaar::capture
{

/// The parts of an HTTP address.
struct http_url
{
    bool tls = false;
    std::optional<std::string> user, password;  ///< Decoded.
    std::string host, port, path;               ///< The path has no slash at its end.

    /// The address without user and password, which may be shown.
    [[nodiscard]] std::string shown() const;
};

/// `default_port` is that of http; https has 443. Returns what is wrong, or an empty text; never shows a password.
[[nodiscard]] std::string parse_http_url(std::string_view text, std::string_view default_port, http_url& to);

}  // namespace bazaar::capture
