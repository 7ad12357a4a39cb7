#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "bazaar/scenario/state.hpp"
#include "row_set.hpp"

namespace bazaar::scenario::declared
{

/// What the plan remembers of the newest rows of a table: numbers by row.
///
/// Limits: eight bytes a number; none where a row has none.
class row_memory
{
public:
    /// `width` numbers of `most` rows; where rows can go, also which ones are there.
    void set(std::size_t width, std::uint64_t most, bool may_go) noexcept
    {
        width_ = width;
        most_ = most;
        may_go_ = may_go;
    }

    [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }
    [[nodiscard]] std::uint64_t end() const noexcept { return end_; }
    [[nodiscard]] std::uint64_t count() const noexcept { return may_go_ ? there_.size() : end_ - begin_; }
    [[nodiscard]] bool has(std::uint64_t row) const noexcept
    {
        return row >= begin_ && row < end_ && (!may_go_ || there_.has(row));
    }

    /// How many are there from `first` on, below `row`; both are remembered, or the end.
    [[nodiscard]] std::uint64_t count_between(std::uint64_t first, std::uint64_t row) const noexcept
    {
        return may_go_ ? there_.count_below(row) - there_.count_below(first) : row - first;
    }

    /// The numbers of a row that is not forgotten.
    [[nodiscard]] std::span<std::uint64_t> of(std::uint64_t row) noexcept
    {
        return width_ == 0 ? std::span<std::uint64_t>{} : std::span(&numbers_[place(row)], width_);
    }
    [[nodiscard]] std::span<const std::uint64_t> of(std::uint64_t row) const noexcept
    {
        return width_ == 0 ? std::span<const std::uint64_t>{} : std::span(&numbers_[place(row)], width_);
    }

    /// One more row, with zeros.
    std::span<std::uint64_t> push()
    {
        if (width_ > 0 && end_ - begin_ == capacity_)
            grow();
        const auto row = end_++;
        if (may_go_)
            there_.push();
        const auto numbers = of(row);
        for (auto& one : numbers)
            one = 0;
        if (end_ - begin_ > most_)
            forget_below(end_ - most_);
        return numbers;
    }

    void erase(std::uint64_t row) noexcept { there_.erase(row); }

    void forget_below(std::uint64_t row) noexcept
    {
        begin_ = row > begin_ ? row : begin_;
        if (may_go_)
            there_.forget_below(row);
    }

    void save(state_writer& to) const
    {
        to.put(begin_);
        to.put(end_ - begin_);
        for (auto row = begin_; row < end_ && width_ > 0; ++row)
            for (const auto one : of(row))
                to.put(one);
        if (may_go_)
            there_.save(to);
    }

    void load(state_reader& from)
    {
        begin_ = end_ = from.get();
        const auto rows = from.get();
        if (begin_ >> 40 != 0 || rows > most_)
            return static_cast<void>(from.fail());
        capacity_ = 0;
        numbers_.clear();
        if (width_ == 0)
            end_ += rows;
        for (std::uint64_t i = 0; i < rows && width_ > 0 && from.good(); ++i)
        {
            if (end_ - begin_ == capacity_)
                grow();
            ++end_;
            for (auto& one : of(end_ - 1))
                one = from.get();
        }
        if (may_go_)
            there_.load(from);
        if (may_go_ && (there_.end() != end_ || there_.begin() != begin_))
            from.fail();
    }

private:
    [[nodiscard]] std::size_t place(std::uint64_t row) const noexcept { return (row & (capacity_ - 1)) * width_; }

    void grow()
    {
        const auto size = capacity_ == 0 ? 16 : capacity_ * 2;
        std::vector<std::uint64_t> wider(size * width_);
        for (auto row = begin_; row < end_; ++row)
            for (std::size_t i = 0; i < width_; ++i)
                wider[(row & (size - 1)) * width_ + i] = numbers_[place(row) + i];
        numbers_ = std::move(wider);
        capacity_ = size;
    }

    std::size_t width_ = 0;
    std::uint64_t most_ = 0;
    bool may_go_ = false;
    std::uint64_t begin_ = 0;
    std::uint64_t end_ = 0;
    std::uint64_t capacity_ = 0;
    std::vector<std::uint64_t> numbers_;
    row_set there_;
};

}  // namespace bazaar::scenario::declared
