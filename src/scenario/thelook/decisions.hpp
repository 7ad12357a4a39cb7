#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "bazaar/model/unit.hpp"
#include "bazaar/scenario/kit/bits.hpp"
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
    std::uint64_t first;    ///< 1: the user's first session. By the older rules always 0.
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
    std::uint64_t order, user;
    unit_no order_unit, user_unit;
    moments at;             ///< Of the purchase and the steps before this one.
    std::uint32_t moves;    ///< Address of the order.
    std::uint32_t touches;  ///< Price changes before the order.

    // Of a step with a session of its own.
    std::uint64_t session;
    std::uint32_t moves_then;  ///< Address of the user.
    time session_after;

    static constexpr void each(auto& d, const auto& f)
    {
        f(d.order, 64);
        f(d.user, row_bits);
        f(d.order_unit, row_bits);
        f(d.user_unit, row_bits);
        for (std::size_t i = 0; i < steps_most; ++i)
            f(d.at[i].us, moment_bits);
        f(d.moves, moves_bits);
        f(d.touches, 32);
        f(d.session, row_bits);
        f(d.moves_then, moves_bits);
        f(d.session_after.us, moment_bits);
    }
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
    std::uint64_t order, user;
    unit_no user_unit;
    state_no last;  ///< How far the order had come.
    moments at;
    std::uint64_t session, closing_session;    ///< Of the purchase; of the last step, if that has one.
    std::uint32_t bought_after, closed_after;  ///< They begin at most so long before their end, in microseconds.
    std::uint32_t moves_bought, moves_closed;  ///< Where the user sat in them.
    std::uint32_t moves;                       ///< Address of the order.
    std::uint32_t touches;                     ///< Price changes before the order.
    bool first;                                ///< The purchase was the user's first session.

    static constexpr void each(auto& d, const auto& f)
    {
        f(d.order, row_bits);
        f(d.moves, moves_bits);
        f(d.user, row_bits);
        f(d.user_unit, row_bits);
        f(d.last, state_bits);
        for (auto& moment : d.at)
            f(moment.us, moment_bits);
        f(d.session, row_bits);
        f(d.closing_session, row_bits);
        f(d.bought_after, 32);
        f(d.closed_after, 32);
        f(d.moves_bought, moves_bits);
        f(d.moves_closed, moves_bits);
        f(d.touches, 32);
        f(d.first, 1);
    }
};

struct ghost_removed_decision
{
    std::uint64_t session;
    time end;
};

/// How many of a decision's numbers `put` writes; all others stay zero.
template <typename T>
inline constexpr std::size_t args_of = sizeof(T) / sizeof(std::uint64_t);
template <kit::has_bits T>
inline constexpr std::size_t args_of<T> = kit::words_of<T>;

template <typename T>
void put(model::decision& where, const T& what)
{
    // Without padding: equal decisions are equal in each byte.
    if constexpr (kit::has_bits<T>)
        kit::pack(what, where.arg);
    else
    {
        static_assert(std::has_unique_object_representations_v<T> && sizeof(T) <= sizeof(where.arg));
        std::memcpy(where.arg.data(), &what, sizeof(T));
    }
}

template <typename T>
[[nodiscard]] T get(const model::decision& where)
{
    if constexpr (kit::has_bits<T>)
        return kit::unpack<T>(where.arg);
    else
    {
        T what;
        std::memcpy(static_cast<void*>(&what), where.arg.data(), sizeof(T));
        return what;
    }
}

}  // namespace bazaar::scenario::thelook
