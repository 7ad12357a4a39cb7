#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "bazaar/base/random.hpp"

namespace bazaar::verify
{

/// Hash of a row from the binary forms of its columns, in their order; NULL and the empty text differ.
///
/// 16 bytes per multiplication (the folded product of wyhash). Not secure against deliberate collisions. Hashes of rows
/// may be summed: the last step spreads every bit.
class row_hash
{
public:
    void add(std::string_view bytes) noexcept
    {
        const char* at = bytes.data();
        std::size_t left = bytes.size();
        for (; left > 16; left -= 16, at += 16)
            state_ = fold(load<std::uint64_t>(at) ^ first, load<std::uint64_t>(at + 8) ^ state_);
        std::uint64_t low = 0;
        std::uint64_t high = 0;
        if (left >= 8)
        {
            low = load<std::uint64_t>(at);
            high = load<std::uint64_t>(at + left - 8);
        }
        else if (left >= 4)
        {
            low = load<std::uint32_t>(at);
            high = load<std::uint32_t>(at + left - 4);
        }
        else
            for (std::size_t i = 0; i < left; ++i)
                low = low << 8 | static_cast<std::uint8_t>(at[i]);
        state_ = fold(low ^ second, high ^ state_ ^ bytes.size() * first);
    }

    void add_null() noexcept { state_ = fold(state_ ^ third, fourth); }

    /// Never 0, which means "no row".
    [[nodiscard]] std::uint64_t value() const noexcept { return mix(state_ ^ third) | 1; }

private:
    static constexpr std::uint64_t first = 0x9e3779b97f4a7c15U;
    static constexpr std::uint64_t second = 0xd1342543de82ef95U;
    static constexpr std::uint64_t third = 0xbf58476d1ce4e5b9U;
    static constexpr std::uint64_t fourth = 0x94d049bb133111ebU;

    static std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept
    {
        const auto product = static_cast<unsigned __int128>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    }

    template <typename Unsigned>
    static Unsigned load(const char* from) noexcept
    {
        Unsigned value;
        std::memcpy(&value, from, sizeof value);
        return value;
    }

    std::uint64_t state_ = 0x2545f4914f6cdd1dU;  ///< None of the above: a factor of 0 would lose the other one.
};

}  // namespace bazaar::verify
