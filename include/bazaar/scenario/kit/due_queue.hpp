#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "bazaar/base/random.hpp"

namespace bazaar::scenario::kit
{

/// Follow-ups waiting for their time: what is due first comes first.
///
/// `T` is trivially copyable and has `std::int64_t due`, `std::uint64_t order` (unique among equal dues) and
/// `std::uint64_t hash() const`.
template <typename T>
class due_queue
{
public:
    [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }
    [[nodiscard]] const T& first() const noexcept { return heap_.front(); }

    void push(const T& entry)
    {
        heap_.push_back(entry);
        std::push_heap(heap_.begin(), heap_.end(), later);
        digest_ += entry.hash();
    }

    T pop()
    {
        std::pop_heap(heap_.begin(), heap_.end(), later);
        const T entry = heap_.back();
        heap_.pop_back();
        digest_ -= entry.hash();
        return entry;
    }

    /// Independent of the heap's inner order.
    [[nodiscard]] std::uint64_t digest() const noexcept { return digest_; }

private:
    static bool later(const T& a, const T& b) noexcept { return a.due != b.due ? a.due > b.due : a.order > b.order; }

    std::vector<T> heap_;
    std::uint64_t digest_ = 0;
};

}  // namespace bazaar::scenario::kit
