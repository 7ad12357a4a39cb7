#include "bazaar/postgres/secret.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

#include "bazaar/base/size.hpp"
#include "bazaar/postgres/connection.hpp"

namespace bazaar::postgres
{
namespace
{

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
            is_keyword(text.substr(name, end - name)))
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
    else if (at != std::string::npos && text.find('/', begin) > at && !text.starts_with("postgres"))
        // Of HTTP, a token.
        text.replace(begin, at - begin, mask);
    else if (at == std::string::npos && colon != std::string::npos && text[begin] != '[')
    {
        // Without a host, the password stands where its port would.
        const auto end = std::min(text.find_first_of("/?#,", colon), text.size());
        if (!is_port(std::string_view(text).substr(colon + 1, end - colon - 1)))
            text.replace(colon + 1, text.size() - colon - 1, mask);
    }

    for (auto from = text.find('?'); from != std::string::npos; from = text.find('&', from + 1))
    {
        const auto end = std::min(text.find('&', from + 1), text.size());
        const auto equals = text.find('=', from);
        if (equals == std::string::npos || equals > end)
            continue;
        // A name in percent-encoding may be "password" too.
        const auto key = std::string_view(text).substr(from + 1, equals - from - 1);
        if (is_secret_name(key) || key.find('%') != std::string_view::npos)
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

/// Two digits of base 16 behind each %; nothing where there are none.
std::optional<std::string> decoded(std::string_view text)
{
    std::string made;
    for (std::size_t i = 0; i < text.size(); ++i)
    {
        if (text[i] != '%')
        {
            made += text[i];
            continue;
        }
        if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))
            return std::nullopt;
        made += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
        if (made.back() == '\0')
            return std::nullopt;
        i += 2;
    }
    return made;
}

/// Calls `good` for each part between separators; false as soon as it says so.
template <typename Good>
bool all_parts(std::string_view text, char separator, Good good)
{
    for (;;)
    {
        const auto end = text.find(separator);
        if (!good(text.substr(0, end)))
            return false;
        if (end == text.npos)
            return true;
        text.remove_prefix(end + 1);
    }
}

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lowered(std::string_view text)
{
    std::string made(text);
    std::transform(made.begin(), made.end(), made.begin(), lower);
    return made;
}

bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_of_name(char c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' ||
           c == '%';
}

/// Calls `take` for each name before a "=", with blanks or without; true as soon as it says so.
template <typename Take>
bool any_assigned(std::string_view text, Take take)
{
    for (auto equals = text.find('='); equals != text.npos; equals = text.find('=', equals + 1))
    {
        auto end = equals;
        while (end > 0 && is_blank(text[end - 1]))
            --end;
        auto begin = end;
        while (begin > 0 && is_of_name(text[begin - 1]))
            --begin;
        if (begin < end && take(text.substr(begin, end - begin)))
            return true;
    }
    return false;
}

/// The ASCII character that a character of full width, U+FF01 to U+FF5E, stands for; nothing for others.
std::optional<char> of_full_width(std::string_view text)
{
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    if (text.size() < 3 || byte(0) != 0xef || (byte(1) != 0xbc && byte(1) != 0xbd))
        return std::nullopt;
    const unsigned code = 0xf000U | (byte(1) & 0x3fU) << 6U | (byte(2) & 0x3fU);
    return code >= 0xff01 && code <= 0xff5e ? std::optional(static_cast<char>(code - 0xff01 + '!')) : std::nullopt;
}

/// The text with each "%3A", and each character of full width, as the ASCII character that it stands for; what is no code stays.
std::string plainly(std::string_view text)
{
    std::string made;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (const auto code = text[i] == '%' ? decoded(text.substr(i, 3)) : std::nullopt)
        {
            made += *code;
            i += 2;
        }
        else if (const auto wide = of_full_width(text.substr(i)))
        {
            made += *wide;
            i += 2;
        }
        else
            made += text[i];
    return made;
}

/// The value of a keyword can be nothing else than what the keyword says.
bool is_clear_value(std::string_view keyword, std::string_view value)
{
    if (is_secret_name(keyword))
        return true;
    if (keyword == "host" || keyword == "hostaddr")
        return host_problem(value).empty();
    if (keyword == "port")
        return all_parts(value, ',', [](std::string_view one) { return one.empty() || is_port(one); });
    if (keyword == "user" && plainly(value).find(':') != value.npos)
        return false;
    if (keyword == "dbname" || keyword == "user" || keyword == "service")
        return name_problem(value).empty();
    return secrecy_of(value) == secrecy::none;
}

/// "password: p", or the same as JSON: the name of a secret before a colon, and no port after it.
bool has_named_secret(std::string_view text)
{
    constexpr std::string_view around = " \t\"'";
    for (auto colon = text.find(':'); colon != text.npos; colon = text.find(':', colon + 1))
    {
        auto name = text.substr(0, colon);
        name = name.substr(0, name.find_last_not_of(around) + 1);
        auto begin = name.size();
        while (begin > 0 && is_of_name(name[begin - 1]))
            --begin;
        const auto word = lowered(name.substr(begin));
        const bool secret = word == "password" || word == "passwd" || word == "pwd" || word == "secret" ||
                            word == "token" || word == "authorization" || word.ends_with("-password") ||
                            word.ends_with("_password");
        const auto value = text.substr(colon + 1);
        if (secret && !value.empty() && !is_port(value.substr(0, value.find_first_of("/,"))))
            return true;
    }
    return false;
}

/// "u:p@h", and whatever else has one of the characters and later an @, whether or not they are percent-encoded.
bool has_login(std::string_view text, std::string_view between = ":")
{
    const auto plain = plainly(text);
    const auto separator = plain.find_first_of(between);
    const auto at = plain.rfind('@');
    return separator != plain.npos && at != plain.npos && separator + 1 < at;
}

std::string_view user_of(std::string_view login)
{
    return login.substr(0, login.find(':'));
}

/// One host of a URI, with its port.
bool is_clear_host(std::string_view text)
{
    auto host = text;
    std::string_view port;
    if (text.starts_with('['))
    {
        const auto end = text.find(']');
        if (end == text.npos || (end + 1 < text.size() && text[end + 1] != ':'))
            return false;
        host = text.substr(1, end - 1);
        port = text.substr(std::min(end + 2, text.size()));
        if (host.find_first_not_of("0123456789abcdefABCDEF:.") != host.npos && host.find('%') == host.npos)
            return false;
    }
    else if (const auto colon = text.find(':'); colon != text.npos)
    {
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
    }
    const auto plain = decoded(host);
    return plain && (port.empty() || is_port(port)) && host.find('/') == host.npos &&
           (plain->empty() || host_problem(*plain).empty());
}

/// Reads a URI in the only way that it can be read; nothing where there are several. `has_secret`: a password, or a name alone
/// where a token may stand.
bool read_uri(std::string_view text, bool& has_secret)
{
    const auto colon = text.find("://");
    const auto scheme = text.substr(0, colon);
    if (colon == text.npos || colon == 0 ||
        scheme.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.") != scheme.npos)
        return false;
    if (std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7f || c == '#'; }))
        return false;
    const bool of_libpq = scheme == "postgresql" || scheme == "postgres";
    const auto rest = text.substr(colon + 3);
    const auto end = std::min(rest.find_first_of("/?"), rest.size());
    const auto query = std::min(rest.find('?'), rest.size());
    const auto path = rest.substr(end, query - end);
    auto hosts = rest.substr(0, end);
    const auto at = hosts.rfind('@');
    if (at != hosts.npos)
    {
        const auto who = hosts.substr(0, at);
        hosts = hosts.substr(at + 1);
        // A name with a colon, however it is written, or with what some take for one, is no name.
        const auto odd = [](std::string_view name) { return plainly(name).find_first_of(":;|") != name.npos; };
        if (who.find_first_of("@[] ") != who.npos || !decoded(who) || odd(user_of(who)))
            return false;
        const auto user = user_of(who);
        has_secret = user.size() + 1 < who.size() || (!of_libpq && !user.empty());
        if (of_libpq && !name_problem(*decoded(user)).empty())
            return false;
    }
    if (hosts.find(' ') != hosts.npos || !all_parts(hosts, ',', is_clear_host))
        return false;
    // An @ behind the hosts may be the end of a password that has what ends a host.
    if (path.find('@') != path.npos ||
        (at == hosts.npos && hosts.find(':') != hosts.npos && rest.find('@') != rest.npos))
        return false;
    const auto name = decoded(path.substr(std::min<std::size_t>(path.size(), 1)));
    if (!name || secrecy_of(*name) != secrecy::none)
        return false;
    if (query + 1 >= rest.size())
        return true;
    return of_libpq && all_parts(rest.substr(query + 1), '&',
                                 [&](std::string_view part)
                                 {
                                     const auto equals = part.find('=');
                                     const auto key = decoded(part.substr(0, equals));
                                     if (equals == part.npos || !key || !is_keyword(*key))
                                         return false;
                                     const auto value = decoded(part.substr(equals + 1));
                                     if (!value || part.find('=', equals + 1) != part.npos)
                                         return false;
                                     has_secret = has_secret || (is_secret_name(*key) && !value->empty());
                                     return is_clear_value(*key, *value);
                                 });
}

/// Reads a line of "keyword=value" as libpq does, but for what it would leave to chance. `masked` gets the line without its secrets.
bool read_line(std::string_view text, bool& has_secret, std::string* masked = nullptr)
{
    std::size_t i = 0;
    const auto skip = [&]
    {
        while (i < text.size() && is_blank(text[i]))
            ++i;
    };
    bool any = false;
    std::size_t copied = 0;
    for (skip(); i < text.size(); skip())
    {
        const auto begin = i;
        while (i < text.size() && text[i] != '=' && !is_blank(text[i]))
            ++i;
        const auto key = text.substr(begin, i - begin);
        skip();
        if (i == text.size() || text[i] != '=' || key == "ssl" || !is_keyword(key))
            return false;
        ++i;
        skip();
        std::string value;
        const auto value_begin = i;
        const bool quoted = i < text.size() && text[i] == '\'';
        i += quoted ? 1 : 0;
        while (i < text.size() && (quoted ? text[i] != '\'' : !is_blank(text[i])))
        {
            if (text[i] == '\\' && i + 1 < text.size())
                ++i;
            value += text[i++];
        }
        if (quoted && (i == text.size() || (++i < text.size() && !is_blank(text[i]))))
            return false;
        if (!is_clear_value(key, value))
            return false;
        any = true;
        if (!is_secret_name(key))
            continue;
        has_secret = true;
        if (masked != nullptr)
            masked->append(text.substr(copied, value_begin - copied)).append(mask);
        copied = i;
    }
    if (masked != nullptr)
        masked->append(text.substr(copied));
    return any;
}

}  // namespace

bool is_secret_name(std::string_view name)
{
    const auto word = lowered(name);
    // Where a password is found is none.
    if (word == "passfile" || word.ends_with("file") || word.ends_with("encryption"))
        return false;
    for (const auto* part :
         {"pass", "pwd", "secret", "token", "credential", "apikey", "api_key", "api-key", "client_key", "server_key"})
        if (word.find(part) != word.npos)
            return true;
    return word == "pw";
}

bool is_clear_uri(std::string_view text)
{
    bool ignored = false;
    return read_uri(text, ignored);
}

bool is_clear_line(std::string_view text)
{
    bool ignored = false;
    return read_line(text, ignored);
}

secrecy secrecy_of(std::string_view text)
{
    bool has_secret = false;
    if (text.find("://") != text.npos && read_uri(text, has_secret))
        return has_secret ? secrecy::apart : secrecy::none;
    if (text.find('=') != text.npos && read_line(text, has_secret))
        return has_secret ? secrecy::apart : secrecy::none;
    const bool odd = text.find("://") != text.npos || has_login(text) || any_assigned(plainly(text), is_secret_name) ||
                     has_named_secret(text);
    return odd ? secrecy::ambiguous : secrecy::none;
}

std::string without_secrets(std::string_view text)
{
    switch (secrecy_of(text))
    {
    case secrecy::none:
        return std::string(text);
    case secrecy::apart:
        return masked_url(text);
    case secrecy::ambiguous:
        break;
    }
    return std::string(mask);
}

std::string name_problem(std::string_view text)
{
    const bool assigned = any_assigned(plainly(text), [](std::string_view name) { return is_keyword(lowered(name)); });
    // "u/p@h", as another server's tools have it. What begins with a slash is the directory of a socket.
    const bool login = !text.starts_with('/') && has_login(text, "/");
    if (text.find("://") == text.npos && !assigned && !login && secrecy_of(text) == secrecy::none)
        return {};
    return "must be a name: what looks like a connection string, or has a password, belongs into --db-url";
}

std::string host_problem(std::string_view text)
{
    const auto is_host = [](std::string_view one)
    {
        if (one.starts_with('/') || one.starts_with('@'))
            return name_problem(one).empty();
        // IPv6, perhaps with a zone.
        if (std::count(one.begin(), one.end(), ':') >= 2)
            one = one.substr(0, one.find('%'));
        else if (one.find(':') != one.npos)
            return false;
        return std::all_of(one.begin(), one.end(),
                           [&](char c)
                           {
                               const bool hex = is_hex(c) || c == ':' || c == '.';
                               return one.find(':') != one.npos
                                          ? hex
                                          : static_cast<unsigned char>(c) >= 0x80 || (is_of_name(c) && c != '%');
                           });
    };
    if (all_parts(text, ',', is_host))
        return {};
    return "must be a host, an address, or the directory of a socket, or several behind commas: port, user and "
           "password "
           "have flags of their own";
}

std::string shown_name(std::string_view text)
{
    return secrecy_of(text) == secrecy::none ? std::string(text) : std::string(mask);
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
            if (!is_keyword(part.substr(0, part.find('='))) || part.find('=') == part.npos)
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
    // The value of a keyword may have what looks like a scheme.
    std::string made;
    bool ignored = false;
    if (read_line(url, ignored, &made))
        return made;
    return url.find("://") == url.npos ? masked_words(url) : masked_uri(url);
}

}  // namespace bazaar::postgres
