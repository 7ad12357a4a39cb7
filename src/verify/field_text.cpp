#include "field_text.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <limits>

#include <fmt/format.h>

namespace bazaar::verify
{
namespace
{

using postgres::wire;

constexpr std::int64_t epoch_us = 946'684'800'000'000;  ///< 2000-01-01, where PostgreSQL counts from.
constexpr std::int64_t epoch_days = 10'957;

template <typename Signed>
Signed number(std::string_view bytes)
{
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < std::min(bytes.size(), sizeof(Signed)); ++i)
        value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
    return static_cast<Signed>(value);
}

/// Any numeric, also those that no decimal of the model can be.
std::string numeric_text(std::string_view bytes)
{
    const auto word = [&](std::size_t at)
    { return number<std::uint16_t>(bytes.substr(std::min(2 * at, bytes.size()), 2)); };
    const auto sign = word(2);
    if (sign == 0xc000)
        return "NaN";
    if (sign == 0xd000 || sign == 0xf000)
        return sign == 0xd000 ? "Infinity" : "-Infinity";
    const int count = word(0);
    const int weight = static_cast<std::int16_t>(word(1));
    const int scale = word(3);
    const auto group = [&](int i) { return i >= 0 && i < count ? word(static_cast<std::size_t>(4 + i)) : 0; };
    std::string text = sign == 0x4000 ? "-" : "";
    text += std::to_string(weight < 0 ? 0 : group(0));
    for (int i = 1; i <= weight; ++i)
        fmt::format_to(std::back_inserter(text), "{:04}", group(i));
    if (scale == 0)
        return text;
    std::string behind;
    for (int i = weight + 1; static_cast<int>(behind.size()) < scale; ++i)
        fmt::format_to(std::back_inserter(behind), "{:04}", group(i));
    return text + '.' + behind.substr(0, static_cast<std::size_t>(scale));
}

/// A day since 2000-01-01 of all that PostgreSQL knows: years from 4713 BC to 5874897.
std::string date_text(std::int64_t days)
{
    // Civil calendar from a day number: eras of 400 years that begin in March (H. Hinnant, "chrono-compatible low-level date
    // algorithms").
    const auto shifted = days + epoch_days + 719'468;
    const auto era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
    const auto of_era = shifted - era * 146'097;
    const auto year_of_era = (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
    const auto of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const auto from_march = (5 * of_year + 2) / 153;
    const auto day = of_year - (153 * from_march + 2) / 5 + 1;
    const auto month = from_march < 10 ? from_march + 3 : from_march - 9;
    const auto year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
    return fmt::format("{:04}-{:02}-{:02}{}", year > 0 ? year : 1 - year, month, day, year > 0 ? "" : " BC");
}

/// Microseconds since 2000-01-01.
std::string moment_text(std::int64_t us)
{
    constexpr std::int64_t us_per_day = 86'400'000'000;
    const auto days = us / us_per_day - (us % us_per_day < 0 ? 1 : 0);
    const auto rest = us - days * us_per_day;
    const auto seconds = rest / 1'000'000;
    auto date = date_text(days);
    const auto era = date.ends_with(" BC") ? date.substr(date.size() - 3) : std::string();
    date.resize(date.size() - era.size());
    return fmt::format("{}T{:02}:{:02}:{:02}.{:06}Z{}", date, seconds / 3600, seconds / 60 % 60, seconds % 60,
                       rest % 1'000'000, era);
}

/// More of a text says nothing to people.
constexpr std::size_t text_max = 1'000;

/// The beginning of a text, in whole characters.
std::string_view beginning(std::string_view bytes)
{
    auto end = std::min(bytes.size(), text_max);
    while (end < bytes.size() && end > 0 && (static_cast<std::uint8_t>(bytes[end]) & 0xc0U) == 0x80U)
        --end;
    return bytes.substr(0, end);
}

std::string rest_of(std::string_view bytes)
{
    return bytes.size() <= text_max ? std::string() : fmt::format("... ({} bytes)", bytes.size());
}

std::string inet_text(std::string_view bytes)
{
    if (bytes.size() < 4)
        return "?";
    const auto address = bytes.substr(4);
    const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<std::uint8_t>(address[i])); };
    std::string text;
    for (std::size_t i = 0; i < address.size(); ++i)
        text += address.size() == 4 ? fmt::format("{}{}", i == 0 ? "" : ".", byte(i))
                                    : fmt::format("{}{:02x}", i > 0 && i % 2 == 0 ? ":" : "", byte(i));
    const auto bits = static_cast<unsigned>(static_cast<std::uint8_t>(bytes[1]));
    return bits == 8 * address.size() ? text : fmt::format("{}/{}", text, bits);
}

}  // namespace

time moment_of(const postgres::field& what)
{
    const auto us = number<std::int64_t>(what.view());
    // "infinity" is the greatest number, and no time.
    return {us > std::numeric_limits<std::int64_t>::max() - epoch_us ? std::numeric_limits<std::int64_t>::max()
            : us == std::numeric_limits<std::int64_t>::min()         ? us
                                                                     : us + epoch_us};
}

std::string field_text(const model::renderer& print, const model::column& column, postgres::field_type type,
                       const postgres::field& what)
{
    const auto bytes = what.view();
    std::string text;
    const auto printed = [&](const model::value& v)
    {
        print.value_text(v, column, text);
        return text;
    };
    if (what.data == nullptr)
        return "NULL";
    switch (type.type)
    {
    case wire::boolean:
        return printed(model::value::of_bool(number<std::int8_t>(bytes) != 0));
    case wire::int2:
        return printed(model::value::of(std::int64_t{number<std::int16_t>(bytes)}));
    case wire::int4:
        return printed(model::value::of(std::int64_t{number<std::int32_t>(bytes)}));
    case wire::int8:
        return printed(model::value::of(number<std::int64_t>(bytes)));
    case wire::numeric:
        return numeric_text(bytes);
    case wire::float8:
        return printed(model::value::of(std::bit_cast<double>(number<std::uint64_t>(bytes))));
    case wire::text:
    case wire::varchar:
    case wire::bpchar:
        if (column.kind == model::type::ref)
            return std::string(beginning(bytes)) + rest_of(bytes);  // A key, without quotes as in all other places.
        return printed(model::value::of(beginning(bytes))) + rest_of(bytes);
    case wire::json:
        return printed(model::value::of(beginning(bytes), model::type::json)) + rest_of(bytes);
    case wire::jsonb:
    {
        const auto json = bytes.substr(std::min<std::size_t>(1, bytes.size()));
        return printed(model::value::of(beginning(json), model::type::json)) + rest_of(json);
    }
    case wire::bytea:
        for (const char one : beginning(bytes))
            fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned char>(one));
        return text + rest_of(bytes);
    case wire::timestamptz:
    {
        const auto us = number<std::int64_t>(bytes);
        if (us == std::numeric_limits<std::int64_t>::max() || us == std::numeric_limits<std::int64_t>::min())
            return us > 0 ? "infinity" : "-infinity";
        return moment_text(us);
    }
    case wire::date:
    {
        const auto days = number<std::int32_t>(bytes);
        if (days == std::numeric_limits<std::int32_t>::max() || days == std::numeric_limits<std::int32_t>::min())
            return days > 0 ? "infinity" : "-infinity";
        return date_text(days);
    }
    case wire::uuid:
    {
        uuid id{};
        std::copy_n(bytes.begin(), std::min(bytes.size(), id.size()), id.begin());
        return to_string(id);
    }
    case wire::inet:
        return inet_text(bytes);
    }
    return "?";
}

}  // namespace bazaar::verify
