#include "scenario/thelook/open_orders.hpp"

#include <algorithm>
#include <array>

#include "bazaar/base/error.hpp"
#include "bazaar/base/random.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

/// All lives that an order can have; one that is open has a step.
constexpr std::array<life, 4> lives{{{step::cancelled},
                                     {step::shipped},
                                     {step::shipped, step::delivered},
                                     {step::shipped, step::delivered, step::returned}}};

constexpr std::int64_t due_low = -(std::int64_t{1} << 53);
constexpr std::uint64_t low24 = (1U << 24) - 1;

/// Instead of a shipment's time after the order: it stands elsewhere.
constexpr std::uint64_t late = (std::uint64_t{1} << 48) - 1;

/// From an order to its shipment; 0: not yet.
std::uint64_t until_shipped(const open_order& o)
{
    if (o.shipped.us == 0)
        return 0;
    return std::min(static_cast<std::uint64_t>((o.shipped - o.created).count()), late);
}

/// Whether a number has at most so many binary digits.
constexpr bool fits(std::uint64_t number, unsigned bits) noexcept
{
    return number >> bits == 0;
}

}  // namespace

std::uint64_t open_order::hash() const noexcept
{
    std::uint64_t h = mix(static_cast<std::uint64_t>(due) + order);
    for (const std::uint64_t part : {static_cast<std::uint64_t>(created.us), static_cast<std::uint64_t>(shipped.us),
                                     static_cast<std::uint64_t>(delivered.us), user, unit, user_unit, writer})
        h = mix(h ^ part);
    for (const auto s : steps)
        h = mix(h ^ static_cast<std::uint64_t>(s));
    return mix(h ^ (std::uint64_t{moves} << 8 | at)) + touches;
}

bool is_possible(const open_order& o) noexcept
{
    return std::find(lives.begin(), lives.end(), o.steps) != lives.end() && o.at < o.steps.size() &&
           o.steps[o.at] != step::none &&
           fits(static_cast<std::uint64_t>(o.due) - static_cast<std::uint64_t>(due_low), 54) &&
           fits(static_cast<std::uint64_t>(o.created.us), 53) && (o.shipped.us == 0 || o.shipped > o.created) &&
           fits(o.order, 40) && fits(o.user, 40) && fits(o.unit, 40) && fits(o.user_unit, 40) && fits(o.writer, 40) &&
           fits(o.moves, 24);
}

void open_orders::push(const open_order& o)
{
    queue_.push(packed_of(o));
    if (o.delivered.us != 0)
        delivered_.emplace(o.order, o.delivered);
    if (until_shipped(o) == late)
        shipped_late_.emplace(o.order, o.shipped);
    if (o.touches != 0)
        touches_.emplace(o.order, o.touches);
    digest_ += o.hash();
}

open_order open_orders::pop()
{
    const auto o = unpacked(queue_.first());
    static_cast<void>(queue_.pop());
    if (o.delivered.us != 0)
        delivered_.erase(o.order);
    if (until_shipped(o) == late)
        shipped_late_.erase(o.order);
    if (o.touches != 0)
        touches_.erase(o.order);
    digest_ -= o.hash();
    return o;
}

std::int64_t open_orders::packed::due() const noexcept
{
    return static_cast<std::int64_t>(due_from_low) + due_low;
}

open_orders::packed open_orders::packed_of(const open_order& o)
{
    const auto which = static_cast<std::uint64_t>(std::find(lives.begin(), lives.end(), o.steps) - lives.begin());
    const auto due = static_cast<std::uint64_t>(o.due - due_low);
    const auto created = static_cast<std::uint64_t>(o.created.us);
    const auto shipped = until_shipped(o);
    expect(is_possible(o), "an open order is within its limits");
    packed p{};
    p.created_high = created >> 48 & 0x1f;
    p.created_middle = created >> 24 & low24;
    p.created_low = created & low24;
    p.life = which & 7;
    p.at = o.at & 3U;
    p.due_from_low = due & ((std::uint64_t{1} << 54) - 1);
    p.user = o.user & no_unit;
    p.moves = o.moves & low24;
    p.order = o.order & no_unit;
    p.unit = o.unit & no_unit;
    p.user_unit = o.user_unit & no_unit;
    p.shipped_high = shipped >> 24 & low24;
    p.shipped_low = shipped & low24;
    p.writer = o.writer & no_unit;
    return p;
}

open_order open_orders::unpacked(const packed& p) const
{
    open_order o{};
    o.due = p.due();
    o.order = p.order;
    o.created.us = static_cast<std::int64_t>(std::uint64_t{p.created_high} << 48 |
                                             std::uint64_t{p.created_middle} << 24 | p.created_low);
    if (const auto shipped = std::uint64_t{p.shipped_high} << 24 | p.shipped_low; shipped == late)
        o.shipped = shipped_late_.at(p.order);
    else if (shipped != 0)
        o.shipped = o.created + microseconds(shipped);
    o.user = p.user;
    o.unit = p.unit;
    o.user_unit = p.user_unit;
    o.writer = p.writer;
    o.moves = p.moves;
    o.steps = lives[p.life];
    o.at = p.at;
    if (o.steps[o.at] == step::returned)
        o.delivered = delivered_.at(o.order);
    if (const auto touches = touches_.find(o.order); touches != touches_.end())
        o.touches = touches->second;
    return o;
}

}  // namespace bazaar::scenario::thelook
