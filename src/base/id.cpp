#include "bazaar/base/id.hpp"

#include "bazaar/base/random.hpp"

namespace bazaar
{
namespace
{

constexpr char hex[] = "0123456789abcdef";

int nibble(char c) noexcept
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool dash_at(std::size_t i) noexcept
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

}  // namespace

char* print(const uuid& id, char* out) noexcept
{
    for (std::size_t i = 0, at = 0; i < id.size(); ++i)
    {
        if (dash_at(at))
        {
            *out++ = '-';
            ++at;
        }
        *out++ = hex[id[i] >> 4];
        *out++ = hex[id[i] & 15];
        at += 2;
    }
    return out;
}

std::string to_string(const uuid& id)
{
    std::string text(36, '\0');
    print(id, text.data());
    return text;
}

std::optional<uuid> parse_uuid(std::string_view text)
{
    if (text.size() != 36)
        return std::nullopt;
    uuid id{};
    std::size_t digit = 0;
    for (std::size_t i = 0; i < text.size(); ++i)
    {
        if (dash_at(i))
        {
            if (text[i] != '-')
                return std::nullopt;
            continue;
        }
        const int value = nibble(text[i]);
        if (value < 0)
            return std::nullopt;
        auto& byte = id[digit / 2];
        byte = static_cast<std::uint8_t>(byte << 4 | value);
        ++digit;
    }
    return id;
}

id_codec::id_codec(std::uint32_t tag, std::uint64_t seed) noexcept
    : tag_(tag & 0x3ffff), key_(derive(seed, stream("id check"), tag_).next())
{
}

std::uint32_t id_codec::check(std::uint64_t high, std::uint64_t unit) const noexcept
{
    return static_cast<std::uint32_t>(mix(mix(key_ ^ high) + unit) >> 44);
}

uuid id_codec::encode(const row_id& id) const noexcept
{
    // 122 free bits: the upper 62 are tag, table and row; the lower 60 are unit and check.
    const std::uint64_t high = std::uint64_t{tag_} << 44 | std::uint64_t{id.table} << 40 | id.row;
    const std::uint64_t low = id.unit << 20 | check(high, id.unit);
    // Version and variant stand between: 48 bits, version 8, 12 bits, variant 2, 62 bits.
    const std::uint64_t first = high >> 14 << 16 | 0x8000 | (high >> 2 & 0xfff);
    const std::uint64_t second = std::uint64_t{2} << 62 | (high & 3) << 60 | low;
    uuid bytes{};
    for (std::size_t i = 0; i < 8; ++i)
    {
        bytes[i] = static_cast<std::uint8_t>(first >> (56 - 8 * i));
        bytes[i + 8] = static_cast<std::uint8_t>(second >> (56 - 8 * i));
    }
    return bytes;
}

std::optional<row_id> id_codec::decode(const uuid& id) const noexcept
{
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    for (std::size_t i = 0; i < 8; ++i)
    {
        first = first << 8 | id[i];
        second = second << 8 | id[i + 8];
    }
    if ((first >> 12 & 15) != 8 || second >> 62 != 2)
        return std::nullopt;
    const std::uint64_t high = first >> 16 << 14 | (first & 0xfff) << 2 | (second >> 60 & 3);
    const unit_no unit = second >> 20 & no_unit;
    if (high >> 44 != tag_ || (second & 0xfffff) != check(high, unit))
        return std::nullopt;
    return row_id{static_cast<std::uint8_t>(high >> 40 & 15), high & (row_end - 1), unit};
}

std::uint32_t run_tag(std::string_view run) noexcept
{
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : run)
    {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3U;
    }
    return static_cast<std::uint32_t>(mix(hash) >> 46);
}

}  // namespace bazaar
