#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "bazaar/base/id.hpp"

namespace bazaar::kafka
{

/// The header of each record that says which unit it is of. Its name in Kafka:
inline constexpr std::string_view unit_header_name = "bazaard";

/// Layout: tag of the run 4 bytes, unit 8, index of the record in its unit 2, number of its records 2; the first byte first.
struct unit_header
{
    std::uint32_t tag = 0;
    unit_no unit = 0;
    std::uint16_t index = 0;
    std::uint16_t count = 0;

    friend bool operator==(const unit_header&, const unit_header&) = default;
};

using unit_header_bytes = std::array<char, 16>;

[[nodiscard]] constexpr unit_header_bytes to_bytes(const unit_header& h) noexcept
{
    unit_header_bytes made{};
    std::size_t at = 0;
    const auto put = [&](std::uint64_t number, std::size_t width)
    {
        for (auto i = width; i-- > 0;)
            made[at++] = static_cast<char>(static_cast<unsigned char>(number >> (8 * i)));
    };
    put(h.tag, 4);
    put(h.unit, 8);
    put(h.index, 2);
    put(h.count, 2);
    return made;
}

/// Nothing for what is no such header.
[[nodiscard]] constexpr std::optional<unit_header> read_unit_header(std::string_view bytes) noexcept
{
    if (bytes.size() != unit_header_bytes{}.size())
        return std::nullopt;
    std::size_t at = 0;
    const auto take = [&](std::size_t width)
    {
        std::uint64_t number = 0;
        for (std::size_t i = 0; i < width; ++i)
            number = number << 8 | static_cast<unsigned char>(bytes[at++]);
        return number;
    };
    unit_header made;
    made.tag = static_cast<std::uint32_t>(take(4));
    made.unit = take(8);
    made.index = static_cast<std::uint16_t>(take(2));
    made.count = static_cast<std::uint16_t>(take(2));
    if (made.unit >= no_unit || made.count == 0 || made.index >= made.count)
        return std::nullopt;
    return made;
}

}  // namespace bazaar::kafka
