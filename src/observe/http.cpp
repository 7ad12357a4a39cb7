#include "bazaar/observe/http.hpp"

#include <algorithm>
#include <cstddef>

#include <boost/asio/ip/address.hpp>
#include <nlohmann/json.hpp>

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

}  // namespace

answer refusal(unsigned status, std::string_view why)
{
    nlohmann::ordered_json body;
    body["error"] = why;
    return {status, "application/json",
            body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n"};
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

bool own_host(std::string_view header, const std::vector<std::string>& own)
{
    auto name = header;
    if (name.starts_with('['))
    {
        const auto end = name.find(']');
        if (end == name.npos)
            return false;
        name = name.substr(1, end - 1);
    }
    else if (const auto colon = name.rfind(':'); colon != name.npos)
    {
        if (name.substr(colon + 1).find_first_not_of("0123456789") != name.npos)
            return false;
        name = name.substr(0, colon);
    }
    if (name.empty())
        return false;
    boost::system::error_code none;
    static_cast<void>(boost::asio::ip::make_address(std::string(name), none));
    if (!none || name.find('.') == name.npos)
        return name.find_first_of(" \t/\\@<>\"'") == name.npos;
    return std::any_of(own.begin(), own.end(), [&](const std::string& one) { return same_name(one, name); });
}

}  // namespace bazaar::observe
