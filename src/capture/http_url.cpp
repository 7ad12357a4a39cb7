#include "bazaar/capture/http_url.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bazaar/base/size.hpp"
#include "bazaar/postgres/secret.hpp"

namespace bazaar::capture
{
namespace
{

/// Two digits of base 16 behind each %, as `uri_problem` has made sure.
std::string decoded(std::string_view text)
{
    std::string made;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] != '%')
            made += text[i];
        else
        {
            made += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        }
    return made;
}

}  // namespace

std::string http_url::shown() const
{
    const bool bare = host.find(':') == std::string::npos;
    return fmt::format("{}://{}{}{}:{}{}", tls ? "https" : "http", bare ? "" : "[", host, bare ? "" : "]", port, path);
}

std::string parse_http_url(std::string_view text, std::string_view default_port, http_url& to)
{
    static constexpr std::string_view wanted = "must be http://HOST:PORT or https://HOST:PORT";
    http_url made;
    made.tls = text.starts_with("https://");
    if (!made.tls && !text.starts_with("http://"))
        return std::string(wanted);
    if (auto wrong = postgres::uri_problem(text); !wrong.empty())
        return wrong;
    auto rest = text.substr(text.find("://") + 3);
    const auto end = std::min(rest.find_first_of("/?#"), rest.size());
    made.path = rest.substr(end);
    if (made.path.find_first_of("?# ") != std::string::npos)
        return fmt::format("{}, with a path at most", wanted);
    while (made.path.ends_with('/'))
        made.path.pop_back();
    rest = rest.substr(0, end);
    if (const auto at = rest.rfind('@'); at != rest.npos)
    {
        const auto who = rest.substr(0, at);
        const auto colon = std::min(who.find(':'), who.size());
        made.user = decoded(who.substr(0, colon));
        if (colon < who.size())
            made.password = decoded(who.substr(colon + 1));
        rest = rest.substr(at + 1);
    }
    const auto colon = rest.rfind(':');
    const bool port = colon != rest.npos && rest.find(']', colon) == rest.npos;
    made.host = rest.substr(0, port ? colon : rest.size());
    made.port = port ? rest.substr(colon + 1) : made.tls ? "443" : default_port;
    if (made.host.starts_with('[') && made.host.ends_with(']'))
        made.host = made.host.substr(1, made.host.size() - 2);
    if (made.host.empty() || !is_port(made.port))
        return std::string(wanted);
    to = std::move(made);
    return {};
}

}  // namespace bazaar::capture
