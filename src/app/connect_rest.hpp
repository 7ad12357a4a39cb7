#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace bazaar::app
{

/// An answer of Kafka Connect's REST interface.
struct rest_answer
{
    int status = 0;
    std::string body;
};

/// Speaks to one Connect worker.
///
/// Errors: throws `usage` for an address that is none of http://HOST[:PORT][/PATH], `unavailable` when nobody answers in time.
class connect_rest
{
public:
    explicit connect_rest(std::string_view url, std::chrono::milliseconds timeout = std::chrono::seconds{10});

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

    [[nodiscard]] const std::string& url() const noexcept { return url_; }

private:
    [[nodiscard]] rest_answer ask(std::string_view verb, std::string_view target, std::string_view body) const;

    std::string url_, host_, port_, path_;
    std::chrono::milliseconds timeout_;
};

}  // namespace bazaar::app
