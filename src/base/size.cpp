#include "bazaar/base/size.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <system_error>

#include <fmt/format.h>

namespace bazaar
{

std::optional<std::uint64_t> parse_count(std::string_view text)
{
    std::uint64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, number);
    if (problem != std::errc() || stop != end)
        return std::nullopt;
    return number;
}

bool is_port(std::string_view text)
{
    const auto number = parse_count(text);
    return number && *number >= 1 && *number <= 65'535;
}

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

}  // namespace bazaar
