#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "bazaar/capture/http_url.hpp"

namespace bazaar::capture
{

/// An answer of Kafka Connect's REST interface.
struct rest_answer
{
    int status = 0;
    std::string body;
};

/// How to reach a Connect worker, and as whom.
struct connect_place
{
    std::string url;
    std::string user;                                    ///< Takes precedence over the one in the URL; empty: that one.
    std::optional<std::string> password, password_file;  ///< The file takes precedence.
    std::string ca_file, cert_file, key_file;            ///< Empty: the system's CAs; no certificate.
    bool verify = true;                                  ///< Whether to check its certificate.
};

/// Client of one Connect worker, by HTTP, or by HTTPS with a check of its certificate.
///
/// Errors: throws `usage` for an invalid address, `no_input` for a file that cannot be read, `permission` if TLS is
/// refused on either side, `unavailable` if there is no answer in time. No text contains a password.
class connect_rest
{
public:
    explicit connect_rest(const connect_place& at, std::chrono::milliseconds timeout = std::chrono::seconds{10});

    [[nodiscard]] rest_answer get(std::string_view target) const { return ask("GET", target, {}); }
    [[nodiscard]] rest_answer put(std::string_view target, std::string_view body) const
    {
        return ask("PUT", target, body);
    }
    [[nodiscard]] rest_answer post(std::string_view target, std::string_view body) const
    {
        return ask("POST", target, body);
    }
    [[nodiscard]] rest_answer remove(std::string_view target) const { return ask("DELETE", target, {}); }

    /// Without user and password.
    [[nodiscard]] const std::string& url() const noexcept { return url_; }

private:
    [[nodiscard]] rest_answer ask(std::string_view verb, std::string_view target, std::string_view body) const;

    http_url at_;
    std::string url_;
    std::string authorization_;  ///< Value of the header; empty: none.
    std::string ca_file_, cert_file_, key_file_;
    bool verify_;
    std::chrono::milliseconds timeout_;
};

}  // namespace bazaar::capture
