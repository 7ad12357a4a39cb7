#pragma once

#include <cstdint>
#include <string_view>

namespace bazaar
{

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014, constants of Stafford's variant 13): a bijection of 64 bits.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) noexcept
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9U;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebU;
    x ^= x >> 31;
    return x;
}

/// Name of a random stream: FNV-1a of its text. One stream per purpose, so that a new stream does not change the
/// others.
struct stream
{
    std::uint64_t number;

    consteval explicit stream(std::string_view text) : number(hash(text)) {}

    /// The stream of a name that is known only at run time, such as the name of a scenario file's column.
    [[nodiscard]] static stream named(std::string_view text) noexcept { return stream(hash(text)); }

private:
    constexpr explicit stream(std::uint64_t hashed) noexcept : number(hashed) {}

    static constexpr std::uint64_t hash(std::string_view text) noexcept
    {
        std::uint64_t sum = 0xcbf29ce484222325U;
        for (const char c : text)
        {
            sum ^= static_cast<unsigned char>(c);
            sum *= 0x100000001b3U;
        }
        return sum;
    }
};

/// Counter-based generator: draw number i is a pure function of (seed, stream, index, i).
///
/// Determinism: integers only; the sequence is fixed by tests.
class random
{
public:
    constexpr explicit random(std::uint64_t key) noexcept : state_(key) {}

    /// 64 uniform bits.
    constexpr std::uint64_t next() noexcept
    {
        state_ += 0x9e3779b97f4a7c15U;
        return mix(state_);
    }

    /// Uniform in [0, bound); the bias is below bound / 2^64. Zero for bound zero.
    constexpr std::uint64_t below(std::uint64_t bound) noexcept
    {
        return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
    }

    /// Uniform in [low, high], low <= high.
    constexpr std::int64_t between(std::int64_t low, std::int64_t high) noexcept
    {
        return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
    }

private:
    std::uint64_t state_;
};

/// The generator of one named stream at one index.
[[nodiscard]] constexpr random derive(std::uint64_t seed, stream name, std::uint64_t index) noexcept
{
    return random(mix(mix(seed ^ name.number) + index * 0xd1342543de82ef95U));
}

/// A probability as a 64-bit threshold: `happens` is true for a share of numerator / denominator of all draws.
class chance
{
public:
    constexpr chance() noexcept = default;

    /// `numerator` / `denominator`, 0 <= numerator <= denominator, denominator > 0.
    constexpr chance(std::uint64_t numerator, std::uint64_t denominator) noexcept
        : always_(numerator >= denominator),
          threshold_(
              always_ ? 0 : static_cast<std::uint64_t>((static_cast<unsigned __int128>(numerator) << 64) / denominator))
    {
    }

    [[nodiscard]] constexpr bool happens(std::uint64_t bits) const noexcept { return always_ || bits < threshold_; }

private:
    bool always_ = false;
    std::uint64_t threshold_ = 0;
};

}  // namespace bazaar
