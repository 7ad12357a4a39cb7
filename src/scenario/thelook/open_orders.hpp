#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>

#include "bazaar/base/id.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/scenario/kit/bits.hpp"
#include "bazaar/scenario/kit/due_queue.hpp"
#include "bazaar/scenario/state.hpp"
#include "scenario/thelook/lives.hpp"

namespace bazaar::scenario::thelook
{

/// Of the time at which a step is due, in planner's own time.
inline constexpr std::size_t due_bits = 54;

/// An order that has a step before it.
struct open_order
{
    std::int64_t due;
    std::uint64_t order;
    moments at;  ///< Of the purchase and the steps so far.
    std::uint64_t user;
    unit_no unit, user_unit, writer;
    std::uint32_t moves, touches;
    state_no life;       ///< The state that it ends in.
    std::uint8_t taken;  ///< Steps so far.

    /// The state that it is in.
    [[nodiscard]] state_no state() const noexcept { return taken == 0 ? first_state : paths[life][taken - 1U]; }

    /// The state that it comes to when it is due.
    [[nodiscard]] state_no next() const noexcept { return paths[life][taken]; }

    [[nodiscard]] std::uint64_t hash() const noexcept;

    friend bool operator==(const open_order&, const open_order&) = default;
};

/// Whether a plan can have such an order.
[[nodiscard]] bool is_possible(const open_order& o) noexcept;

/// So many steps may have been taken by an order that waits for one that most take: their moments stand in the queue.
inline constexpr std::size_t steps_near = []
{
    std::size_t most = 0;
    for (std::size_t i = 1; i < states.size(); ++i)
        if (most_go_to[i] != first_state)
            most = std::max<std::size_t>(most, steps_to[i]);
    return most;
}();

inline constexpr std::size_t since_bits = 48;

/// Instead of the time from a purchase to a step: it stands elsewhere.
inline constexpr std::uint64_t elsewhere = (std::uint64_t{1} << since_bits) - 1;

/// What stands of an order in the queue.
struct order_numbers
{
    std::uint64_t due;  ///< Shifted, so that it is none below zero.
    std::uint64_t order, created, user;
    unit_no unit, user_unit, writer;
    std::uint32_t moves;
    state_no life;
    std::uint8_t taken;
    std::array<std::uint64_t, steps_near> since;  ///< From the purchase to each step.

    static constexpr void each(auto& n, const auto& f)
    {
        f(n.due, due_bits);
        f(n.life, state_bits);
        f(n.taken, static_cast<std::size_t>(std::bit_width(steps_most - 1)));
        f(n.order, row_bits);
        f(n.created, moment_bits);
        f(n.user, row_bits);
        f(n.moves, moves_bits);
        f(n.unit, row_bits);
        f(n.user_unit, row_bits);
        f(n.writer, row_bits);
        for (auto& one : n.since)
            f(one, since_bits);
    }
};

struct packed_order
{
    std::array<std::uint64_t, kit::words_of<order_numbers>> words;

    [[nodiscard]] std::uint64_t shifted_due() const noexcept { return words[0] & ((std::uint64_t{1} << due_bits) - 1); }
    [[nodiscard]] std::int64_t due() const noexcept;
    [[nodiscard]] std::uint64_t order() const noexcept { return kit::unpack<order_numbers>(words).order; }

    friend bool earlier(const packed_order& a, const packed_order& b) noexcept
    {
        return a.shifted_due() != b.shifted_due() ? a.shifted_due() < b.shifted_due() : a.order() < b.order();
    }
};
// Millions of orders may be open.
static_assert(sizeof(packed_order) == (42 + 6 * steps_near + 7) / 8 * 8);

/// Orders waiting for their next step, the one that is due first in front.
///
/// Limits: as many bytes an order as `packed_order` has; those from behind a price change, and the few that wait for a step that few
/// take or took one after 8.9 years, about 80 more. Dues below 285 years, times from 1970 to the year 2255: more than `start_min` and
/// `times_end` allow.
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
        queue_.save(to, [&](state_writer& out, const packed_order& one) { put_one(out, unpacked(one)); });
    }

    /// `get_one(from)` reads one.
    template <typename Get>
    void load(state_reader& from, const Get& get_one)
    {
        *this = {};
        for (auto count = from.get_count(); count > 0 && from.good(); --count)
        {
            const open_order o = get_one(from);
            if (!from.good() || !is_possible(o))
                return static_cast<void>(from.fail());
            push(o);
        }
    }

private:
    [[nodiscard]] static bool is_near(const open_order& o) noexcept;
    [[nodiscard]] static packed_order packed_of(const open_order& o);
    [[nodiscard]] open_order unpacked(const packed_order& p) const;

    kit::due_queue<packed_order> queue_;
    std::map<std::uint64_t, moments> moments_;        ///< By order: those of steps that do not stand in the queue.
    std::map<std::uint64_t, std::uint32_t> touches_;  ///< By order: those from behind a price change.
    std::uint64_t digest_ = 0;
};

}  // namespace bazaar::scenario::thelook
