#pragma once

#include <cstdint>
#include <map>

#include "bazaar/base/id.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/scenario/kit/due_queue.hpp"
#include "bazaar/scenario/state.hpp"
#include "scenario/thelook/lives.hpp"

namespace bazaar::scenario::thelook
{

/// An order that has a step before it.
struct open_order
{
    std::int64_t due;
    std::uint64_t order;
    time created, shipped, delivered;
    std::uint64_t user;
    unit_no unit, user_unit, writer;
    std::uint32_t moves, touches;
    life steps;
    std::uint8_t at;  ///< The step that is due.

    [[nodiscard]] std::uint64_t hash() const noexcept;

    friend bool operator==(const open_order&, const open_order&) = default;
};

/// Whether a plan can have such an order.
[[nodiscard]] bool is_possible(const open_order& o) noexcept;

/// Orders waiting for their next step, the one that is due first in front.
///
/// Limits: 48 bytes an order; those from behind a price change, and the few that wait for their return or were shipped after 8.9
/// years, about 80 more. Dues below 285 years, times from 1970 to the year 2255: more than `start_min` and `times_end` allow.
class open_orders
{
public:
    [[nodiscard]] bool empty() const noexcept { return queue_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return queue_.size(); }
    [[nodiscard]] std::int64_t first_due() const noexcept { return queue_.first().due(); }
    [[nodiscard]] open_order first() const { return unpacked(queue_.first()); }

    void push(const open_order& o);
    open_order pop();

    /// Independent of the order in which they came.
    [[nodiscard]] std::uint64_t digest() const noexcept { return digest_; }

    /// `put_one(to, order)` writes one.
    template <typename Put>
    void save(state_writer& to, const Put& put_one) const
    {
        queue_.save(to, [&](state_writer& out, const packed& one) { put_one(out, unpacked(one)); });
    }

    /// `get_one(from)` reads one.
    template <typename Get>
    void load(state_reader& from, const Get& get_one)
    {
        *this = {};
        for (auto count = from.get_count(); count > 0 && from.good(); --count)
        {
            const open_order o = get_one(from);
            if (!from.good() || !is_possible(o) || (o.steps[o.at] == step::returned) != (o.delivered.us != 0))
                return static_cast<void>(from.fail());
            push(o);
        }
    }

private:
    struct packed
    {
        std::uint64_t created_high : 5, life : 3, at : 2, due_from_low : 54;
        std::uint64_t user : 40, moves : 24;
        std::uint64_t order : 40, created_middle : 24;
        std::uint64_t unit : 40, created_low : 24;
        std::uint64_t user_unit : 40, shipped_high : 24;  ///< From its creation; zero: not yet.
        std::uint64_t writer : 40, shipped_low : 24;

        [[nodiscard]] std::int64_t due() const noexcept;

        friend bool earlier(const packed& a, const packed& b) noexcept
        {
            return a.due_from_low != b.due_from_low ? a.due_from_low < b.due_from_low : a.order < b.order;
        }
    };
    static_assert(sizeof(packed) == 48);

    [[nodiscard]] static packed packed_of(const open_order& o);
    [[nodiscard]] open_order unpacked(const packed& p) const;

    kit::due_queue<packed> queue_;
    std::map<std::uint64_t, time> delivered_;         ///< By order: those that wait for their return.
    std::map<std::uint64_t, time> shipped_late_;      ///< By order: a shift stood before the shipment.
    std::map<std::uint64_t, std::uint32_t> touches_;  ///< By order: those from behind a price change.
    std::uint64_t digest_ = 0;
};

}  // namespace bazaar::scenario::thelook
