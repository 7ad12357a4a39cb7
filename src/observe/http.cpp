#include "bazaar/observe/http.hpp"

#include <algorithm>
#include <cstddef>

#include <boost/asio/ip/address.hpp>
#include <nlohmann/json.hpp>

#include "bazaar/io/json.hpp"

namespace bazaar::observe
{
namespace
{

char lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view one, std::string_view other) noexcept
{
    return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                      [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view without_blanks(std::string_view text) noexcept
{
    constexpr std::string_view blanks = " \t";
    const auto first = text.find_first_not_of(blanks);
    return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

}  // namespace

answer refusal(unsigned status, std::string_view why)
{
    nlohmann::ordered_json body;
    body["error"] = why;
    return {status, "application/json", io::write_json(body) + "\n"};
}

bool same_secret(std::string_view one, std::string_view other) noexcept
{
    // All of `one`, whatever the other is: its length is all that could be learnt.
    unsigned differ = one.size() == other.size() ? 0U : 1U;
    for (std::size_t i = 0; i < one.size(); ++i)
        differ |= static_cast<unsigned>(static_cast<unsigned char>(one[i])) ^
                  static_cast<unsigned char>(other.empty() ? '\0' : other[i % other.size()]);
    return differ == 0;
}

std::optional<target> read_target(std::string_view text) noexcept
{
    constexpr std::string_view scheme = "http://";
    target made;
    if (same_name(text.substr(0, scheme.size()), scheme))
    {
        text.remove_prefix(scheme.size());
        const auto end = std::min(text.find_first_of("/?"), text.size());
        made.authority = text.substr(0, end);
        text.remove_prefix(end);
    }
    else if (text != "*" && !text.starts_with('/'))
        return std::nullopt;
    made.path = text.substr(0, text.find('?'));
    if (made.path.empty())
        made.path = "/";
    return made;
}

std::optional<std::string_view> bearer_token(std::string_view header) noexcept
{
    constexpr std::string_view scheme = "Bearer";
    if (!same_name(header.substr(0, scheme.size()), scheme))
        return std::nullopt;
    header.remove_prefix(scheme.size());
    const auto token = without_blanks(header);
    return token.empty() || token.size() == header.size() ? std::nullopt : std::optional(token);
}

bool is_media_type(std::string_view header, std::string_view type) noexcept
{
    return same_name(without_blanks(header.substr(0, header.find(';'))), type);
}

bool is_host_name(std::string_view text) noexcept
{
    constexpr std::size_t longest = 253;
    if (text.empty() || text.size() > longest || text.front() == '.' || text.back() == '.' ||
        text.find("..") != text.npos)
        return false;
    return std::all_of(text.begin(), text.end(),
                       [](char c) {
                           return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                                  c == '_' || c == '.';
                       });
}

bool own_host(std::string_view header, const std::vector<std::string>& own)
{
    auto name = header;
    std::string_view port;
    const bool six = name.starts_with('[');
    if (const auto end = six ? name.find(']') : std::min(name.find(':'), name.size()); end != name.npos)
    {
        port = name.substr(end + (six ? 1 : 0));
        name = name.substr(six ? 1 : 0, end - (six ? 1 : 0));
    }
    else
        return false;
    if (!port.empty() && (port.front() != ':' || port.find_first_not_of("0123456789", 1) != port.npos))
        return false;
    boost::system::error_code none;
    if (six)
    {
        static_cast<void>(boost::asio::ip::make_address_v6(std::string(name), none));
        return !none;
    }
    // The dot at the end of a full name is of the root.
    if (name.ends_with('.'))
        name.remove_suffix(1);
    if (!is_host_name(name))
        return false;
    static_cast<void>(boost::asio::ip::make_address_v4(std::string(name), none));
    return !none || name.find('.') == name.npos ||
           std::any_of(own.begin(), own.end(), [&](const std::string& one) { return same_name(one, name); });
}

}  // namespace bazaar::observe
