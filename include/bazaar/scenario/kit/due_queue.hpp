#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "bazaar/scenario/state.hpp"

namespace bazaar::scenario::kit
{

/// Follow-ups waiting for their time; the earliest comes first.
///
/// `T` is trivially copyable, and `earlier(a, b)` is a strict order of any two, so the order of insertion does not
/// matter.
/// Limits: memory is proportional to the number waiting, in steps of about a thousand entries; growing copies nothing.
template <typename T>
class due_queue
{
public:
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] const T& first() const noexcept { return at(0); }

    void push(const T& entry)
    {
        add(entry);
        std::size_t place = size_ - 1;
        while (place > 0 && earlier(entry, at((place - 1) / 2)))
        {
            at(place) = at((place - 1) / 2);
            place = (place - 1) / 2;
        }
        at(place) = entry;
    }

    T pop()
    {
        const T entry = at(0);
        const T last = at(--size_);
        // One block more than needed stays: at a block's edge none is given back to be fetched again.
        if (blocks_.size() > size_ / block + 2)
            blocks_.pop_back();
        if (size_ > 0)
            sink(0, last);
        return entry;
    }

    /// `put_one(to, entry)` writes one entry.
    template <typename Put>
    void save(state_writer& to, const Put& put_one) const
    {
        to.put(size_);
        for (std::size_t i = 0; i < size_; ++i)
            put_one(to, at(i));
    }

    /// `get_one(from)` reads one entry.
    template <typename Get>
    void load(state_reader& from, const Get& get_one)
    {
        blocks_.clear();
        size_ = 0;
        for (auto count = from.get_count(); count > 0 && from.good(); --count)
            push(get_one(from));
    }

private:
    static constexpr std::size_t block = 1024;  ///< Entries at a time.

    [[nodiscard]] T& at(std::size_t place) noexcept { return blocks_[place / block][place % block]; }
    [[nodiscard]] const T& at(std::size_t place) const noexcept { return blocks_[place / block][place % block]; }

    void add(const T& entry)
    {
        if (size_ == blocks_.size() * block)
            blocks_.push_back(std::make_unique<T[]>(block));
        at(size_++) = entry;
    }

    /// Puts `entry` at `place` or below, where it belongs.
    void sink(std::size_t place, const T& entry) noexcept
    {
        for (std::size_t child = 2 * place + 1; child < size_; child = 2 * place + 1)
        {
            if (child + 1 < size_ && earlier(at(child + 1), at(child)))
                ++child;
            if (!earlier(at(child), entry))
                break;
            at(place) = at(child);
            place = child;
        }
        at(place) = entry;
    }

    std::vector<std::unique_ptr<T[]>> blocks_;
    std::size_t size_ = 0;
};

}  // namespace bazaar::scenario::kit
