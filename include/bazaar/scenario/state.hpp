#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bazaar::scenario
{

/// Writes the state of a planner as bytes: seven bits of a number per byte, lowest first, so that small numbers are
/// short.
///
/// Determinism: the same bytes on every machine.
class state_writer
{
public:
    /// Appends to `out`, which outlives this.
    explicit state_writer(std::vector<std::byte>& out) noexcept : out_(out) {}

    void put(std::uint64_t number)
    {
        for (; number >= 0x80; number >>= 7)
            out_.push_back(static_cast<std::byte>(number | 0x80));
        out_.push_back(static_cast<std::byte>(number));
    }

    /// Small numbers are short, whatever their sign.
    void put_signed(std::int64_t number)
    {
        put(static_cast<std::uint64_t>(number) << 1 ^ static_cast<std::uint64_t>(number >> 63));
    }

private:
    std::vector<std::byte>& out_;
};

/// Reads what a `state_writer` wrote.
///
/// Errors: where the bytes end too early, or are not a number, it returns zeros from there on, and `good` is false.
class state_reader
{
public:
    /// Far later than all business times, in microseconds; the sum of two of these still fits into a number.
    static constexpr std::int64_t far = std::int64_t{1} << 61;

    explicit state_reader(std::span<const std::byte> from) noexcept : rest_(from) {}

    std::uint64_t get() noexcept
    {
        std::uint64_t number = 0;
        for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7)
        {
            const auto next = std::to_integer<std::uint64_t>(rest_.front());
            rest_ = rest_.subspan(1);
            number |= (next & 0x7f) << shift;
            if (next < 0x80)
                return number;
        }
        return fail();
    }

    std::int64_t get_signed() noexcept
    {
        const auto number = get();
        return static_cast<std::int64_t>(number >> 1 ^ (~(number & 1) + 1));
    }

    /// A time or a duration in microseconds, stored as the difference from `before`. Fails if a value is outside of
    /// ±`far`.
    std::int64_t get_from(std::int64_t before) noexcept
    {
        const auto step = get_signed();
        if (step > far || step < -far || before + step > far || before + step < -far)
            return static_cast<std::int64_t>(fail());
        return before + step;
    }

    /// The number of items that follow, each of at least one byte.
    std::uint64_t get_count() noexcept
    {
        const auto number = get();
        return number <= rest_.size() ? number : fail();
    }

    /// The bytes cannot be a state.
    std::uint64_t fail() noexcept
    {
        rest_ = {};
        good_ = false;
        return 0;
    }

    [[nodiscard]] bool good() const noexcept { return good_; }

    /// Everything was read without error, and nothing is left.
    [[nodiscard]] bool done() const noexcept { return good_ && rest_.empty(); }

private:
    std::span<const std::byte> rest_;
    bool good_ = true;
};

}  // namespace bazaar::scenario
