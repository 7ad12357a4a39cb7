#include "bazaar/app/flag_value.hpp"

#include <algorithm>

#include "bazaar/base/words.hpp"

namespace bazaar::app
{
namespace
{

/// Calls `judge` for each part between commas; false as soon as it says so.
template <typename Judge>
bool all_parts(std::string_view text, Judge judge)
{
    while (true)
    {
        const auto end = text.find(',');
        if (!judge(text.substr(0, end)))
            return false;
        if (end == std::string_view::npos)
            return true;
        text.remove_prefix(end + 1);
    }
}

bool is_server(std::string_view text)
{
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || !is_port(text.substr(colon + 1)))
        return false;
    auto host = text.substr(0, colon);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed)
        host = host.substr(1, host.size() - 2);
    return !host.empty() && std::all_of(host.begin(), host.end(),
                                        [&](char c)
                                        {
                                            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                                   (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
                                                   (bracketed && (c == ':' || c == '%'));
                                        });
}

}  // namespace

std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_units(std::string_view text)
{
    const auto dots = text.find("..");
    if (dots == std::string_view::npos)
        return std::nullopt;
    const auto first = parse_count(text.substr(0, dots));
    const auto last = parse_count(text.substr(dots + 2));
    if (!first || !last || *first > *last)
        return std::nullopt;
    return std::pair(*first, *last);
}

bool is_server_list(std::string_view text)
{
    return all_parts(text, is_server);
}

bool is_port_list(std::string_view text)
{
    return all_parts(text, is_port);
}

std::string check_schema(std::string_view text)
{
    if (text.empty() || text.size() > 63)
        return "must be a name of 1 to 63 bytes";  // PostgreSQL cuts longer names silently.
    if (!is_utf8(text) ||
        std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }))
        return "must be printable UTF-8";
    if (text.starts_with("pg_") || text == "information_schema")
        return "is reserved by PostgreSQL";
    if (text == "bazaard")
        return "is the daemon's own schema; the shop's tables need another one";
    return {};
}

}  // namespace bazaar::app
