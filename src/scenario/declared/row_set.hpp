#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "bazaar/scenario/state.hpp"

namespace bazaar::scenario::declared
{

/// Which of the newest rows of a growing table are still there, or not taken yet; the k-th of these is found quickly.
///
/// Limits: a bit and a half for each row since the oldest one that is there; a search looks at one number for 4,096 rows.
class row_set
{
public:
    [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }
    [[nodiscard]] std::uint64_t end() const noexcept { return end_; }

    /// How many there are.
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

    [[nodiscard]] bool has(std::uint64_t row) const noexcept
    {
        return row >= begin_ && row < end_ && (word(row) >> row % 64 & 1U) != 0;
    }

    /// One more row, which is there.
    void push()
    {
        if (sums_.empty())
            grow();
        if (end_ % group == 0)
        {
            if (end_ / group - begin_ / group == sums_.size())
                grow();
            clear(end_ / group);
        }
        word(end_) |= std::uint64_t{1} << end_ % 64;
        ++sum(end_);
        ++size_;
        ++end_;
    }

    void erase(std::uint64_t row) noexcept
    {
        if (!has(row))
            return;
        word(row) &= ~(std::uint64_t{1} << row % 64);
        --sum(row);
        --size_;
    }

    void forget_below(std::uint64_t row) noexcept
    {
        for (; begin_ < row && begin_ < end_; ++begin_)
            erase(begin_);
    }

    /// The k-th that is there, from 0; k is below `size`.
    [[nodiscard]] std::uint64_t select(std::uint64_t k) const noexcept
    {
        auto row = begin_ / group * group;
        for (; sum(row) <= k; row += group)
            k -= sum(row);
        for (;; row += 64)
        {
            const auto count = static_cast<std::uint64_t>(std::popcount(word(row)));
            if (k < count)
                break;
            k -= count;
        }
        auto bits = word(row);
        for (; k > 0; --k)
            bits &= bits - 1;
        return row + static_cast<std::uint64_t>(std::countr_zero(bits));
    }

    /// How many are there below a row.
    [[nodiscard]] std::uint64_t count_below(std::uint64_t row) const noexcept
    {
        row = row < end_ ? row : end_;
        if (row <= begin_)
            return 0;
        std::uint64_t count = 0;
        auto at = begin_ / group * group;
        for (; at + group <= row; at += group)
            count += sum(at);
        for (; at + 64 <= row; at += 64)
            count += static_cast<std::uint64_t>(std::popcount(word(at)));
        const auto last = row % 64;
        return last == 0
                   ? count
                   : count + static_cast<std::uint64_t>(std::popcount(word(at) & ((std::uint64_t{1} << last) - 1)));
    }

    void save(state_writer& to) const
    {
        to.put(begin_);
        to.put(end_ - begin_);
        for (auto row = begin_ / 64; row * 64 < end_; ++row)
            to.put(word(row * 64));
    }

    void load(state_reader& from)
    {
        *this = {};
        begin_ = end_ = from.get();
        const auto rows = from.get();
        if (rows >> 40 != 0 || begin_ >> 40 != 0)
            return static_cast<void>(from.fail());
        for (const auto last = begin_ + rows; end_ < last && from.good();)
        {
            const auto bits = from.get();
            for (const auto stop = (end_ / 64 + 1) * 64; end_ < stop && end_ < last;)
            {
                const auto row = end_;
                push();
                if ((bits >> row % 64 & 1U) == 0)
                    erase(row);
            }
        }
    }

private:
    static constexpr std::uint64_t group = 4096;
    static constexpr std::uint64_t words = group / 64;

    [[nodiscard]] std::size_t place(std::uint64_t of_group) const noexcept { return of_group & (sums_.size() - 1); }
    [[nodiscard]] std::uint64_t& word(std::uint64_t row) noexcept
    {
        return bits_[place(row / group) * words + row % group / 64];
    }
    [[nodiscard]] const std::uint64_t& word(std::uint64_t row) const noexcept
    {
        return bits_[place(row / group) * words + row % group / 64];
    }
    [[nodiscard]] std::uint32_t& sum(std::uint64_t row) noexcept { return sums_[place(row / group)]; }
    [[nodiscard]] const std::uint32_t& sum(std::uint64_t row) const noexcept { return sums_[place(row / group)]; }

    void clear(std::uint64_t of_group) noexcept
    {
        sums_[place(of_group)] = 0;
        for (std::uint64_t i = 0; i < words; ++i)
            bits_[place(of_group) * words + i] = 0;
    }

    void grow()
    {
        const auto before = sums_.size();
        const auto size = before == 0 ? 1 : before * 2;
        std::vector<std::uint64_t> bits(size * words);
        std::vector<std::uint32_t> sums(size);
        for (auto g = begin_ / group; g < begin_ / group + before; ++g)
        {
            sums[g & (size - 1)] = sums_[g & (before - 1)];
            for (std::uint64_t i = 0; i < words; ++i)
                bits[(g & (size - 1)) * words + i] = bits_[(g & (before - 1)) * words + i];
        }
        bits_ = std::move(bits);
        sums_ = std::move(sums);
    }

    std::uint64_t begin_ = 0;
    std::uint64_t end_ = 0;
    std::uint64_t size_ = 0;
    std::vector<std::uint64_t> bits_;
    std::vector<std::uint32_t> sums_;
};

}  // namespace bazaar::scenario::declared
