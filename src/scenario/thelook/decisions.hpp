#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "bazaar/model/unit.hpp"
#include "scenario/thelook/lives.hpp"

namespace bazaar::scenario::thelook
{

/// What a purchase is decided by.
struct purchase_decision
{
    std::uint64_t order, user;
    unit_no user_unit;         ///< The unit that made the user.
    std::uint32_t moves;       ///< Address changes of the user so far: where the order goes.
    std::uint32_t moves_then;  ///< The same when the session began: where the user sits.
    std::uint64_t session;
    time session_after;     ///< The session begins after this moment.
    std::uint64_t touches;  ///< Price changes so far.
};

struct user_created_decision
{
    std::uint64_t user;
};

/// An address change, or the end of what is known of a user.
struct user_changed_decision
{
    std::uint64_t user;
    unit_no user_unit;
    time created, updated;
    std::uint32_t moves;  ///< Before this unit.
    std::uint32_t unused = 0;
};

/// A step of an order's life.
struct step_decision
{
    std::uint64_t order;
    unit_no order_unit;
    std::uint64_t user;
    unit_no user_unit;
    time created, shipped, delivered;  ///< As far as they happened.
    std::uint64_t session : 40;        ///< Of a cancellation or return.
    std::uint64_t moves_then : 24;     ///< Address of the user.
    time session_after;
    std::uint32_t moves;    ///< Address of the order.
    std::uint32_t touches;  ///< Price changes before the order.
};

struct price_changed_decision
{
    std::uint64_t touch;  ///< From 0.
    time updated;         ///< By the product's touch before it, if there was one.
};

struct ghost_decision
{
    std::uint64_t session;
};

/// The end of an order that is over: `after` names the purchase first and the last step, if there was one, behind it.
struct order_removed_decision
{
    std::uint64_t order : 40, moves : 24;             ///< `moves`: address of the order.
    std::uint64_t user : 40, moves_bought : 24;       ///< Where the user sat in the session of the purchase,
    std::uint64_t user_unit : 40, moves_closed : 24;  ///< and in that of the cancellation or return.
    time created, shipped, delivered, closed;         ///< As far as they happened.
    std::uint64_t session : 40, touches_high : 24;    ///< Price changes before the order.
    std::uint64_t closing_session : 40, touches_low : 24;
    std::uint32_t bought_after,
        closed_after;  ///< The sessions begin at most so long before their end, in microseconds.
};

inline void set_touches(order_removed_decision& what, std::uint64_t touches) noexcept
{
    what.touches_high = touches >> 24 & 0xffffffU;
    what.touches_low = touches & 0xffffffU;
}

[[nodiscard]] inline std::uint64_t touches_of(const order_removed_decision& what) noexcept
{
    return std::uint64_t{what.touches_high} << 24 | what.touches_low;
}

/// How far the order had come.
[[nodiscard]] inline step last_step(const order_removed_decision& what) noexcept
{
    if (what.closed.us != 0)
        return what.delivered.us != 0 ? step::returned : step::cancelled;
    if (what.shipped.us == 0)
        return step::none;
    return what.delivered.us != 0 ? step::delivered : step::shipped;
}

struct ghost_removed_decision
{
    std::uint64_t session;
    time end;
};

template <typename T>
void put(model::decision& where, const T& what) noexcept
{
    // Without padding: equal decisions are equal in each byte.
    static_assert(std::has_unique_object_representations_v<T> && sizeof(T) <= sizeof(where.arg));
    std::memcpy(where.arg.data(), &what, sizeof(T));
}

template <typename T>
[[nodiscard]] T get(const model::decision& where) noexcept
{
    T what;
    std::memcpy(static_cast<void*>(&what), where.arg.data(), sizeof(T));
    return what;
}

}  // namespace bazaar::scenario::thelook
