#include "bazaar/app/flag_value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "bazaar/base/decimal.hpp"
#include "bazaar/postgres/connection.hpp"

namespace bazaar::app
{
namespace
{

bool is_port(std::string_view text)
{
    const auto number = parse_count(text);
    return number && *number >= 1 && *number <= 65'535;
}

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

/// Well-formed UTF-8 of RFC 3629: no overlong forms, no surrogates.
bool is_utf8(std::string_view text)
{
    for (std::size_t i = 0; i < text.size();)
    {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t length = lead < 0x80   ? 1
                                   : lead < 0xc2 ? 0
                                   : lead < 0xe0 ? 2
                                   : lead < 0xf0 ? 3
                                   : lead < 0xf5 ? 4
                                                 : 0;
        if (length == 0 || i + length > text.size())
            return false;
        for (std::size_t k = 1; k < length; ++k)
            if ((static_cast<unsigned char>(text[i + k]) & 0xc0U) != 0x80)
                return false;
        const auto second = length > 1 ? static_cast<unsigned char>(text[i + 1]) : 0U;
        if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
            (lead == 0xf4 && second > 0x8f))
            return false;
        i += length;
    }
    return true;
}

constexpr std::string_view mask = "***";

/// Where the value of a password ends, from its beginning: at the next keyword of libpq behind `between`, as a password may hold
/// whatever separates parameters.
std::size_t end_of_secret(std::string_view text, std::size_t from, std::string_view between)
{
    for (auto at = text.find_first_of(between, from); at != text.npos; at = text.find_first_of(between, at + 1))
    {
        const auto name = text.find_first_not_of(between, at);
        const auto end = std::min(text.find_first_of("= \t&", std::min(name, text.size())), text.size());
        const auto equals = text.find_first_not_of(" \t", end);
        if (name != text.npos && equals != text.npos && text[equals] == '=' &&
            postgres::is_keyword(text.substr(name, end - name)))
            return at;
    }
    return text.size();
}

/// A URI: the password of the user part, and the parameters that are passwords.
std::string masked_uri(std::string_view url)
{
    std::string text(url);
    // A password may hold '/', '@' or '?' that should have been percent-encoded, so the last '@' is taken for its end.
    const auto at = text.rfind('@');
    const auto begin = text.find("://") + 3;
    const auto colon = text.find(':', begin);
    if (at != std::string::npos && colon != std::string::npos && colon < at)
        text.replace(colon + 1, at - colon - 1, mask);
    else if (at == std::string::npos && colon != std::string::npos && text[begin] != '[')
    {
        // Without a host, the password stands where its port would.
        const auto end = std::min(text.find_first_of("/?#,", colon), text.size());
        if (!is_port(std::string_view(text).substr(colon + 1, end - colon - 1)))
            text.replace(colon + 1, text.size() - colon - 1, mask);
    }

    for (auto mark = text.find('?'); mark != std::string::npos; mark = text.find('&', mark + 1))
    {
        const auto end = std::min(text.find('&', mark + 1), text.size());
        const auto equals = text.find('=', mark);
        if (equals == std::string::npos || equals > end)
            continue;
        // A name in percent-encoding may be "password" too.
        const auto key = std::string_view(text).substr(mark + 1, equals - mark - 1);
        if (key.find("password") != std::string_view::npos || key.find('%') != std::string_view::npos)
            text.replace(equals + 1, end_of_secret(text, equals + 1, "&") - equals - 1, mask);
    }
    return text;
}

/// A line of "keyword=value": everything from a password's value to the next keyword.
std::string masked_words(std::string_view line)
{
    std::string text(line);
    for (auto found = text.find("password"); found != std::string::npos; found = text.find("password", found + 1))
    {
        const auto value = text.find_first_not_of(" \t", text.find('=', found) + 1);
        if (text.find('=', found) == std::string::npos || value == std::string::npos)
            break;
        auto end = value;
        for (bool quoted = false; end < text.size() && (quoted || (text[end] != ' ' && text[end] != '\t')); ++end)
        {
            if (text[end] == '\\')
                ++end;
            else if (text[end] == '\'')
                quoted = !quoted;
        }
        end = std::min(end, text.size());
        text.replace(value, end_of_secret(text, end, " \t") - value, mask);
    }
    return text;
}

bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

std::optional<std::int64_t> parse_size(std::string_view text)
{
    const auto unit = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = parse_count(text.substr(0, unit));
    if (!number)
        return std::nullopt;
    const auto word = text.substr(unit);
    unsigned shift = 0;
    if (word == "KiB" || word == "kB")
        shift = 10;
    else if (word == "MiB" || word == "MB")
        shift = 20;
    else if (word == "GiB" || word == "GB")
        shift = 30;
    else if (word == "TiB" || word == "TB")
        shift = 40;
    else if (!word.empty() && word != "B")
        return std::nullopt;
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (*number > most >> shift)
        return std::nullopt;
    return static_cast<std::int64_t>(*number << shift);
}

std::string shown_size(std::uint64_t bytes)
{
    static constexpr std::array<std::string_view, 5> units{"bytes", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    std::uint64_t tenths = bytes * 10;
    if (bytes > std::numeric_limits<std::uint64_t>::max() / 10)
        return fmt::format("{} bytes", bytes);
    for (; tenths >= 10240 && unit + 1 < units.size(); ++unit)
        tenths /= 1024;
    if (unit == 0 || tenths % 10 == 0)
        return fmt::format("{} {}", tenths / 10, units[unit]);
    return fmt::format("{}.{} {}", tenths / 10, tenths % 10, units[unit]);
}

std::optional<std::uint64_t> parse_count(std::string_view text)
{
    std::uint64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, number);
    if (problem != std::errc() || stop != end)
        return std::nullopt;
    return number;
}

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

bool is_run_name(std::string_view text)
{
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !text.empty() && text.size() <= 31 && plain(text.front()) &&
           std::all_of(text.begin(), text.end(), [&](char c) { return plain(c) || c == '-'; });
}

std::string uri_problem(std::string_view uri)
{
    const auto scheme = uri.find("://");
    if (scheme == uri.npos)
        return {};
    const auto problem = [](std::string_view what, std::string_view code)
    { return fmt::format("user or password has {} that is not percent-encoded: write {}", what, code); };
    const auto rest = uri.substr(scheme + 3);
    const auto last = rest.rfind('@');
    if (last == rest.npos)
        return {};
    const auto end = std::min(rest.find_first_of("/?#"), rest.size());
    const auto query = std::min(rest.find('?'), rest.size());
    // An @ of a parameter, behind a name that libpq knows, is none of the user part.
    const auto in_parameter = [&]
    {
        if (query > last || (query == end && rest.substr(0, end).find('@') == rest.npos))
            return false;
        for (auto at = query; at < last; at = std::min(rest.find('&', at + 1), rest.size()))
        {
            const auto part = rest.substr(at + 1, std::min(rest.find('&', at + 1), rest.size()) - at - 1);
            if (!postgres::is_keyword(part.substr(0, part.find('='))) || part.find('=') == part.npos)
                return false;
        }
        return true;
    };
    const bool in_path = query > end && rest.substr(end, query - end).find('@') != rest.npos;
    if (last > end && (in_path || !in_parameter()))
        return rest[end] == '/'   ? problem("a /", "%2F (and @ as %40)")
               : rest[end] == '?' ? problem("a ?", "%3F (and @ as %40)")
                                  : problem("a #", "%23 (and @ as %40)");
    const auto who = rest.substr(0, std::min(end, rest.substr(0, end).rfind('@')));
    if (rest.substr(0, end).find('@') == rest.npos)
        return {};
    if (who.find('@') != who.npos)
        return problem("an @", "%40");
    for (std::size_t i = 0; i < who.size(); ++i)
    {
        if (who[i] == '%' && (i + 2 >= who.size() || !is_hex(who[i + 1]) || !is_hex(who[i + 2])))
            return problem("a %", "%25");
        if (who[i] == '%' && who.substr(i, 3) == "%00")
            return "user or password has a zero byte, %00, which none can have";
        if (who[i] == ' ' || (who[i] >= 0 && who[i] < ' ') || who[i] == 0x7f)
            return problem("a blank or control character", "a blank as %20");
        if (who[i] == '[' || who[i] == ']')
            return problem("a bracket", "%5B and %5D");
    }
    return {};
}

std::string masked_url(std::string_view url)
{
    return url.find("://") == std::string_view::npos ? masked_words(url) : masked_uri(url);
}

}  // namespace bazaar::app
