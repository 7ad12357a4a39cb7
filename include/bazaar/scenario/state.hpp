#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bazaar::scenario
{

/// Writes the state of a planner as bytes: numbers of seven bits a byte, least first, so that small ones are short.
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

    /// Small whatever the sign.
    void put_signed(std::int64_t number)
    {
        put(static_cast<std::uint64_t>(number) << 1 ^ static_cast<std::uint64_t>(number >> 63));
    }

private:
    std::vector<std::byte>& out_;
};

/// Reads what a `state_writer` wrote.
///
/// Errors: bytes that end too early, or are no number, give zeros from there on, and `good` says so.
class state_reader
{
public:
    /// Far behind all business times, in microseconds, and so that two of these still add up to a number.
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

    /// A moment or a span of microseconds, told as a step from `before`. A step out of ±`far` leads nowhere and fails.
    std::int64_t get_from(std::int64_t before) noexcept
    {
        const auto step = get_signed();
        if (step > far || step < -far || before + step > far || before + step < -far)
            return static_cast<std::int64_t>(fail());
        return before + step;
    }

    /// How many things follow, each of one byte at least.
    std::uint64_t get_count() noexcept
    {
        const auto number = get();
        return number <= rest_.size() ? number : fail();
    }

    /// What was read can be no state.
    std::uint64_t fail() noexcept
    {
        rest_ = {};
        good_ = false;
        return 0;
    }

    [[nodiscard]] bool good() const noexcept { return good_; }

    /// All was good, and nothing is left.
    [[nodiscard]] bool done() const noexcept { return good_ && rest_.empty(); }

private:
    std::span<const std::byte> rest_;
    bool good_ = true;
};

}  // namespace bazaar::scenario
