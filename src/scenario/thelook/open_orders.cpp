#include "scenario/thelook/open_orders.hpp"

#include <algorithm>

#include "bazaar/base/error.hpp"
#include "bazaar/base/random.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

constexpr std::int64_t due_low = -(std::int64_t{1} << (due_bits - 1));

/// Whether a number has at most so many binary digits.
constexpr bool fits(std::uint64_t number, std::size_t bits) noexcept
{
    return number >> bits == 0;
}

/// The moments of the purchase and the steps so far follow each other, and there are no others.
bool are_possible(const moments& at, std::size_t taken) noexcept
{
    for (std::size_t i = 0; i < at.size(); ++i)
        if (!fits(static_cast<std::uint64_t>(at[i].us), moment_bits) ||
            (i > taken ? at[i].us != 0 : i > 0 && at[i] <= at[i - 1]))
            return false;
    return true;
}

/// What stands in the queue as it is.
template <typename To, typename From>
void copy_numbers(To& to, const From& from) noexcept
{
    to.order = from.order;
    to.user = from.user;
    to.unit = from.unit;
    to.user_unit = from.user_unit;
    to.writer = from.writer;
    to.moves = from.moves;
    to.life = from.life;
    to.taken = from.taken;
}

}  // namespace

std::uint64_t open_order::hash() const noexcept
{
    std::uint64_t h = mix(static_cast<std::uint64_t>(due) + order);
    // The last step of the longest life has no moment in an order that is open.
    for (std::size_t i = 0; i < steps_most; ++i)
        h = mix(h ^ static_cast<std::uint64_t>(at[i].us));
    for (const std::uint64_t part : {user, unit, user_unit, writer})
        h = mix(h ^ part);
    for (const auto s : paths[life])
        h = mix(h ^ s);
    return mix(h ^ (std::uint64_t{moves} << 8 | taken)) + touches;
}

bool is_possible(const open_order& o) noexcept
{
    return o.life < states.size() && o.taken < steps_to[o.life] && are_possible(o.at, o.taken) &&
           fits(static_cast<std::uint64_t>(o.due) - static_cast<std::uint64_t>(due_low), due_bits) &&
           fits(o.order, row_bits) && fits(o.user, row_bits) && fits(o.unit, row_bits) && fits(o.user_unit, row_bits) &&
           fits(o.writer, row_bits) && fits(o.moves, moves_bits);
}

void open_orders::push(const open_order& o)
{
    queue_.push(packed_of(o));
    if (!is_near(o))
        moments_.emplace(o.order, o.at);
    if (o.touches != 0)
        touches_.emplace(o.order, o.touches);
    digest_ += o.hash();
}

open_order open_orders::pop()
{
    const auto o = unpacked(queue_.first());
    static_cast<void>(queue_.pop());
    if (!is_near(o))
        moments_.erase(o.order);
    if (o.touches != 0)
        touches_.erase(o.order);
    digest_ -= o.hash();
    return o;
}

std::int64_t packed_order::due() const noexcept
{
    return static_cast<std::int64_t>(shifted_due()) + due_low;
}

bool open_orders::is_near(const open_order& o) noexcept
{
    // Later steps lie further from the purchase.
    return o.taken <= steps_near &&
           (o.taken == 0 || static_cast<std::uint64_t>((o.at[o.taken] - o.at[0]).count()) < elsewhere);
}

packed_order open_orders::packed_of(const open_order& o)
{
    expect(is_possible(o), "an open order is within its limits");
    order_numbers n{};
    copy_numbers(n, o);
    n.due = static_cast<std::uint64_t>(o.due - due_low);
    n.created = static_cast<std::uint64_t>(o.at[0].us);
    const bool near = is_near(o);
    for (std::size_t i = 0; i < std::min<std::size_t>(o.taken, steps_near); ++i)
        n.since[i] = near ? static_cast<std::uint64_t>((o.at[i + 1] - o.at[0]).count()) : elsewhere;
    packed_order p;
    kit::pack(n, p.words);
    return p;
}

open_order open_orders::unpacked(const packed_order& p) const
{
    const auto n = kit::unpack<order_numbers>(p.words);
    open_order o{};
    copy_numbers(o, n);
    o.due = p.due();
    if (o.taken > steps_near || (o.taken > 0 && n.since[0] == elsewhere))
        o.at = moments_.at(o.order);
    else
    {
        o.at[0].us = static_cast<std::int64_t>(n.created);
        for (std::size_t i = 0; i < o.taken; ++i)
            o.at[i + 1] = o.at[0] + microseconds(n.since[i]);
    }
    if (const auto touches = touches_.find(o.order); touches != touches_.end())
        o.touches = touches->second;
    return o;
}

}  // namespace bazaar::scenario::thelook
