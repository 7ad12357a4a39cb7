#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "bazaar/kafka/registry.hpp"

namespace bazaar::kafka
{

struct http_answer
{
    int status = 0;
    std::string body;
};

/// Asks one HTTP server, one question after the other over one connection.
///
/// Errors: `usage` for an address that is none, `no_input` for a file that cannot be read, `permission` if TLS is
///         refused on either side, `unavailable` if no answer comes; a repetition may help then.
class http_client
{
public:
    http_client(const registry_place& at, std::chrono::milliseconds timeout, std::stop_token stop);
    ~http_client();
    http_client(const http_client&) = delete;
    http_client& operator=(const http_client&) = delete;

    /// A question with a body is a POST, one without is a GET.
    [[nodiscard]] http_answer ask(const std::string& path, const std::string* body);

    /// The address without user and password, which may be shown.
    [[nodiscard]] const std::string& shown() const noexcept { return url_; }

    /// As a part of a path.
    [[nodiscard]] std::string escaped(std::string_view text) const;

private:
    struct ender
    {
        void operator()(void* handle) const;
    };

    [[noreturn]] void fail(int code, const char* detail) const;

    std::string url_;
    std::string user_, password_;
    std::string ca_file_, cert_file_, key_file_;
    std::stop_token stop_;
    std::unique_ptr<void, ender> curl_;
};

}  // namespace bazaar::kafka
