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
    return {number<std::int64_t>(what.view()) + epoch_us};
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
        return printed(model::value::of(bytes));
    case wire::json:
        return printed(model::value::of(bytes, model::type::json));
    case wire::jsonb:
        return printed(model::value::of(bytes.substr(std::min<std::size_t>(1, bytes.size())), model::type::json));
    case wire::bytea:
        for (const char one : bytes)
            fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned char>(one));
        return text;
    case wire::timestamptz:
    {
        const auto us = number<std::int64_t>(bytes);
        if (us == std::numeric_limits<std::int64_t>::max() || us == std::numeric_limits<std::int64_t>::min())
            return us > 0 ? "infinity" : "-infinity";
        return printed(model::value::of(time{us + epoch_us}));
    }
    case wire::date:
        return printed(model::value::of_date(number<std::int32_t>(bytes) + epoch_days));
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
