#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "bazaar/base/error.hpp"
#include "bazaar/scenario/thelook/tables.hpp"

namespace bazaar::scenario::thelook
{

/// Time between a step and the one before it: `least` and an exponential of mean `mean`, at most `most`. Seconds at scale 1.
struct delay
{
    std::uint64_t least, mean, most;
};

/// Instead of a share: the step of all that take no other one.
inline constexpr std::uint32_t all_others = 0;

/// A state of an order, and the step that leads to it.
struct state_row
{
    std::string_view status;   ///< What the column `status` says.
    std::uint16_t kind;        ///< Of the unit that takes the step.
    std::uint8_t order_stamp;  ///< Column of `orders` that tells when.
    std::uint8_t item_stamp;   ///< The same of `order_items`.
    std::string_view from;     ///< Status of the state before.
    std::uint32_t percent;     ///< Of the orders that go on from there, or `all_others`.
    delay after;               ///< The step before.
    std::string_view
        closing;  ///< Type of the event that each item has in a session of the step's own; empty: there is no session.
};

/// The lives of orders, which all else follows from: draws, delays, stamps, checks, sizes, figures. An order goes on from each state
/// with the configured share (`configuration::step`), as far as there is a step.
///
/// A row's place is its state's number, and parents stand before what comes of them. Moving a row changes what is drawn.
inline constexpr std::array states{
    state_row{"Processing", kind::purchase, orders_column::created_at, order_items_column::created_at, {}, 0, {}, {}},
    state_row{"Shipped",
              kind::order_shipped,
              orders_column::shipped_at,
              order_items_column::shipped_at,
              "Processing",
              all_others,
              {5, 15, 60},
              {}},
    state_row{"Delivered",
              kind::order_delivered,
              orders_column::delivered_at,
              order_items_column::delivered_at,
              "Shipped",
              all_others,
              {10, 20, 90},
              {}},
    state_row{"Cancelled",
              kind::order_cancelled,
              orders_column::cancelled_at,
              order_items_column::cancelled_at,
              "Processing",
              5,
              {3, 10, 45},
              "cancel"},
    state_row{"Returned",
              kind::order_returned,
              orders_column::returned_at,
              order_items_column::returned_at,
              "Delivered",
              2,
              {15, 30, 120},
              "return"},
};

/// A state by its place in `states`.
using state_no = std::uint8_t;

inline constexpr auto state_bits = static_cast<std::size_t>(std::bit_width(states.size() - 1));

/// Where each order begins; of a step, that there is none.
inline constexpr state_no first_state = 0;

/// Why a table of states is none, or nothing.
[[nodiscard]] constexpr std::string_view wrong_with(std::span<const state_row> table)
{
    // Their number is a part of the index of the draws of delays.
    if (table.size() < 2 || table.size() > 8)
        return "there are 2 to 8 states";
    if (!table[0].from.empty() || !table[0].closing.empty() || table[0].kind != kind::purchase)
        return "the first state is that of a purchase";
    for (std::size_t i = 1; i < table.size(); ++i)
    {
        const auto& one = table[i];
        const auto parent = std::find_if(table.begin(), table.end(),
                                         [&](const auto& s) { return s.status == one.from; });
        if (parent >= table.begin() + static_cast<std::ptrdiff_t>(i))
            return "a state comes from one that stands before it";
        if (!parent->closing.empty())
            return "a step with a session of its own is the last one";
        if (one.order_stamp <= parent->order_stamp || one.item_stamp <= parent->item_stamp)
            return "stamps stand in the order in which they are taken";
        if (one.after.mean == 0 || one.after.least + one.after.mean > one.after.most)
            return "a delay is at least, in the mean and at most";
        std::uint32_t percents = 0, others = 0;
        for (std::size_t k = 0; k < table.size(); ++k)
        {
            if (k != i && (table[k].status == one.status || table[k].kind == one.kind ||
                           table[k].order_stamp == one.order_stamp || table[k].item_stamp == one.item_stamp))
                return "each state has a status, a kind of unit and stamps of its own";
            if (k > 0 && table[k].from == one.from)
            {
                percents += table[k].percent;
                others += table[k].percent == all_others ? 1U : 0U;
            }
        }
        if (others > 1 || percents + others > 100)
            return "shares of a state's steps are 100 per cent";
    }
    return {};
}
static_assert(wrong_with(states).empty());

/// Number of the state with this status.
[[nodiscard]] constexpr state_no state_named(std::string_view status)
{
    for (std::size_t i = 0; i < states.size(); ++i)
        if (states[i].status == status)
            return static_cast<state_no>(i);
    broken("there is a state of this name");
}

/// The state before each.
inline constexpr auto came_from = []
{
    std::array<state_no, states.size()> all{};
    for (std::size_t i = 1; i < states.size(); ++i)
        all[i] = state_named(states[i].from);
    return all;
}();

/// How many steps lead to each state.
inline constexpr auto steps_to = []
{
    std::array<std::uint8_t, states.size()> all{};
    for (std::size_t i = 1; i < states.size(); ++i)
        all[i] = static_cast<std::uint8_t>(all[came_from[i]] + 1);
    return all;
}();

/// Steps of the longest life.
inline constexpr std::size_t steps_most = *std::max_element(steps_to.begin(), steps_to.end());

/// The steps to each state, by the states that they lead to; `first_state` behind the last one.
inline constexpr auto paths = []
{
    std::array<std::array<state_no, steps_most>, states.size()> all{};
    for (std::size_t i = 1; i < states.size(); ++i)
    {
        all[i] = all[came_from[i]];
        all[i][steps_to[i] - 1U] = static_cast<state_no>(i);
    }
    return all;
}();

/// The step of all others from each state; `first_state`: there is none.
inline constexpr auto most_go_to = []
{
    std::array<state_no, states.size()> all{};
    for (std::size_t i = 1; i < states.size(); ++i)
        if (states[i].percent == all_others)
            all[came_from[i]] = static_cast<state_no>(i);
    return all;
}();

/// Of the orders that go on from the state before, in percent.
[[nodiscard]] constexpr std::uint32_t percent_to(state_no s)
{
    if (states[s].percent != all_others)
        return states[s].percent;
    std::uint32_t left = 100;
    for (std::size_t i = 1; i < states.size(); ++i)
        left -= came_from[i] == came_from[s] ? states[i].percent : 0;
    return left;
}

/// Of all orders, if each goes on wherever there is a step: those that come to each state, as a multiple of 1 / 100^`steps_to`.
inline constexpr auto come_to = []
{
    std::array<std::uint64_t, states.size()> all{1};
    for (std::size_t i = 1; i < states.size(); ++i)
        all[i] = all[came_from[i]] * percent_to(static_cast<state_no>(i));
    return all;
}();

/// The same of all states to which so many steps lead: they are a polynomial of the share with which orders go on.
inline constexpr auto come_after = []
{
    std::array<std::uint64_t, steps_most + 1> all{};
    for (std::size_t i = 0; i < states.size(); ++i)
        all[steps_to[i]] += come_to[i];
    return all;
}();

/// Share of the orders that come to a state, where each goes on with this share.
[[nodiscard]] constexpr double share_of(state_no s, double going_on)
{
    auto share = static_cast<double>(come_to[s]);
    for (std::size_t i = 0; i < steps_to[s]; ++i)
        share = share / 100 * going_on;
    return share;
}

/// Mean number of steps of an order, where each goes on with this share.
///
/// Determinism: the draws of lives hang on each bit. Divided once, then multiplied, and summed from the first step on.
[[nodiscard]] constexpr double steps_mean(double going_on)
{
    double sum = 0, whole = 1;
    for (std::size_t steps = 1; steps <= steps_most; ++steps)
    {
        whole *= 100;
        double share = static_cast<double>(come_after[steps]) / whole;
        for (std::size_t i = 0; i < steps; ++i)
            share *= going_on;
        sum += share;
    }
    return sum;
}

/// The same where all go on, times 10^9.
inline constexpr std::int64_t steps_mean_most = []
{
    std::int64_t sum = 0, unit = 1'000'000'000;
    for (std::size_t steps = 1; steps <= steps_most; ++steps)
    {
        unit /= 100;
        sum += static_cast<std::int64_t>(come_after[steps]) * unit;
    }
    return sum;
}();
static_assert(steps_most <= 4, "their shares are exact in 10^-9");

/// State to which the step of a unit of this kind leads; `first_state`: such a unit takes none.
[[nodiscard]] constexpr state_no step_of(std::uint16_t kind) noexcept
{
    for (std::size_t i = 1; i < states.size(); ++i)
        if (states[i].kind == kind)
            return static_cast<state_no>(i);
    return first_state;
}

/// Whether the step to a state has a session of its own, which ends the order.
[[nodiscard]] constexpr bool closes(state_no s) noexcept
{
    return !states[s].closing.empty();
}

}  // namespace bazaar::scenario::thelook
