#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "bazaar/base/error.hpp"

namespace bazaar::scenario::kit
{

/// Receives a number and its number of bits.
struct bits_visitor
{
    constexpr void operator()(const auto&, std::size_t) const noexcept {}
};

/// Something with `T::each(what, f)`, which calls `f(number, bits)` for each of its numbers, with 1 to 64 bits, always
/// in the same order.
template <typename T>
concept has_bits = requires(const T& what, const bits_visitor& f)
{
    T::each(what, f);
};

/// How many bits the numbers of a `T` take.
template <has_bits T>
[[nodiscard]] constexpr std::size_t bits_of()
{
    const T any{};
    std::size_t sum = 0;
    T::each(any, [&sum](const auto&, std::size_t bits) { sum += bits; });
    return sum;
}

template <has_bits T>
inline constexpr std::size_t words_of = (bits_of<T>() + 63) / 64;

/// Packs the numbers of `what` one after another into words, from the lowest bit on. The words behind them stay as
/// they are.
///
/// Errors: throws `error` for a number that needs more bits than it has.
template <has_bits T, std::size_t Words>
void pack(const T& what, std::array<std::uint64_t, Words>& words)
{
    static_assert(words_of<T> <= Words, "these numbers have no room there");
    std::fill_n(words.begin(), words_of<T>, std::uint64_t{0});
    std::size_t at = 0;
    T::each(what,
            [&](const auto& number, std::size_t bits)
            {
                const auto value = static_cast<std::uint64_t>(number);
                expect(bits == 64 || value >> bits == 0, "a number has room in its bits");
                words[at / 64] |= value << at % 64;
                if (at % 64 + bits > 64)
                    words[at / 64 + 1] |= value >> (64 - at % 64);
                at += bits;
            });
}

/// Reverses `pack`.
template <has_bits T, std::size_t Words>
[[nodiscard]] T unpack(const std::array<std::uint64_t, Words>& words) noexcept
{
    static_assert(words_of<T> <= Words, "these numbers have no room there");
    T what{};
    std::size_t at = 0;
    T::each(what,
            [&]<typename Number>(Number& number, std::size_t bits)
            {
                auto value = words[at / 64] >> at % 64;
                if (at % 64 + bits > 64)
                    value |= words[at / 64 + 1] << (64 - at % 64);
                number = static_cast<Number>(bits == 64 ? value : value & ((std::uint64_t{1} << bits) - 1));
                at += bits;
            });
    return what;
}

}  // namespace bazaar::scenario::kit
