#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "bazaar/base/error.hpp"
#include "bazaar/scenario/state.hpp"

namespace bazaar::scenario::kit
{

/// Members of a growing population by row number, of which only the newest are remembered.
///
/// Limits: memory is proportional to the number remembered, not to the number ever added.
template <typename T>
class population
{
public:
    /// One past the newest row.
    [[nodiscard]] std::uint64_t end() const noexcept { return end_; }

    /// The oldest row that is remembered.
    [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }

    [[nodiscard]] bool knows(std::uint64_t row) const noexcept { return row >= begin_ && row < end_; }

    [[nodiscard]] T& operator[](std::uint64_t row) noexcept { return ring_[row & (ring_.size() - 1)]; }
    [[nodiscard]] const T& operator[](std::uint64_t row) const noexcept { return ring_[row & (ring_.size() - 1)]; }

    void push(const T& member)
    {
        if (end_ - begin_ == ring_.size())
            grow(ring_.empty() ? 1024 : ring_.size() * 2);
        ring_[end_++ & (ring_.size() - 1)] = member;
    }

    /// Makes room for `count` members at once.
    void reserve(std::uint64_t count)
    {
        if (count > ring_.size())
            grow(std::bit_ceil(count));
    }

    /// Forgets the rows below `row`.
    void forget_below(std::uint64_t row) noexcept
    {
        if (row > begin_)
            begin_ = row < end_ ? row : end_;
    }

    /// `put_one(to, row, member)` writes one member.
    template <typename Put>
    void save(state_writer& to, const Put& put_one) const
    {
        to.put(begin_);
        to.put(end_ - begin_);
        for (auto row = begin_; row < end_; ++row)
            put_one(to, row, (*this)[row]);
    }

    /// `get_one(from, row)` reads one member.
    template <typename Get>
    void load(state_reader& from, const Get& get_one)
    {
        ring_.clear();
        begin_ = end_ = from.get();
        const auto count = from.get_count();
        reserve(count);
        while (end_ - begin_ < count && from.good())
            push(get_one(from, end_));
    }

private:
    void grow(std::size_t size)
    {
        std::vector<T> wider(size);
        for (std::uint64_t row = begin_; row < end_; ++row)
            wider[row & (size - 1)] = ring_[row & (ring_.size() - 1)];
        ring_ = std::move(wider);
    }

    std::vector<T> ring_;
    std::uint64_t begin_ = 0;
    std::uint64_t end_ = 0;
};

}  // namespace bazaar::scenario::kit
