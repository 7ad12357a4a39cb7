#include "bazaar/base/duration.hpp"

#include <array>
#include <limits>

#include <fmt/format.h>

#include "bazaar/base/decimal.hpp"

namespace bazaar
{
namespace
{

struct unit
{
    std::string_view suffix;
    std::int64_t us;
};

// From the largest; "ms" stands before "s", which ends it too.
constexpr std::array<unit, 5> units{
    {{"d", 86'400'000'000}, {"h", 3'600'000'000}, {"ms", 1'000}, {"s", 1'000'000}, {"m", 60'000'000}}};

}  // namespace

std::optional<microseconds> parse_duration(std::string_view text)
{
    std::int64_t factor = 1'000'000;
    for (const auto& one : units)
        if (text.ends_with(one.suffix))
        {
            factor = one.us;
            text.remove_suffix(one.suffix.size());
            break;
        }
    const auto millionths = parse_decimal(text, 6);
    if (!millionths || *millionths < 0)
        return std::nullopt;
    const auto us = static_cast<__int128>(*millionths) * factor / 1'000'000;
    if (us > std::numeric_limits<std::int64_t>::max())
        return std::nullopt;
    return microseconds(static_cast<std::int64_t>(us));
}

std::string to_string(microseconds duration)
{
    const unit* best = nullptr;
    for (const auto& one : units)
        if (duration.count() % one.us == 0 && (best == nullptr || one.us > best->us))
            best = &one;
    if (duration.count() == 0)
        return "0";
    return best == nullptr ? to_decimal(duration.count(), 6, zeros::trim)
                           : fmt::format("{}{}", duration.count() / best->us, best->suffix);
}

}  // namespace bazaar
