#include "scenario/thelook/planner.hpp"

#include <algorithm>

#include "bazaar/scenario/thelook/thelook.hpp"

// Who buys, who asks to be forgotten, and what is remembered of users.

namespace bazaar::scenario::thelook
{
namespace
{

/// New users who buy as soon as they may.
constexpr chance buys_at_once{3, 4};

/// So often another user is looked for.
constexpr std::uint64_t tries = 64;

}  // namespace

void shop_planner::choose_user(random& dice)
{
    const time at = business(now_);
    while (eligible_ < users_.end() && users_[eligible_].created + session_max < at)
        ++eligible_;
    const std::uint64_t active = configuration_.active_users;
    const std::uint64_t first = std::max(users_.begin(), eligible_ > active ? eligible_ - active : 0);
    forget_users_below(first);
    // One who is not in the middle of another session.
    const std::uint64_t count = eligible_ - first;
    const auto room_at = [&](std::uint64_t row) { return users_[row].busy + session_min; };
    if (rules_ != edition::older && choose_newcomer(at))
        return;
    const auto suits = [&]
    {
        const auto& u = users_[buyer_];
        return u.erased == 0 &&
               (calendar_ == nullptr || calendar_->buys(buyer_, static_cast<std::uint32_t>(u.moves), at, dice));
    };
    buyer_ = first + dice.below(count);
    for (std::uint64_t i = 1; i < tries && !suits(); ++i)
        buyer_ = first + dice.below(count);
    if (users_[buyer_].erased != 0)
        buyer_ = next_buyer(buyer_);
    for (std::uint64_t i = 1; i < std::min(count, tries) && room_at(buyer_) > at; ++i)
        buyer_ = next_buyer(buyer_);
    // Nobody near: the tick waits these few microseconds.
    now_ += std::max<std::int64_t>(0, (room_at(buyer_) - at).count());
    buyer_moves_then_ = users_[buyer_].moves;
}

/// The first of the new users whose turn it is, and who takes it: a user signs up to buy. The others buy some day, or never.
bool shop_planner::choose_newcomer(time at)
{
    for (newcomers_ = std::max(newcomers_, users_.begin()); newcomers_ < eligible_;)
    {
        buyer_ = newcomers_++;
        buyer_moves_then_ = users_[buyer_].moves;
        if (buys_at_once.happens(derive(seed_, stream("newcomer"), buyer_).next()) && users_[buyer_].erased == 0 &&
            users_[buyer_].busy + session_min <= at)
            return true;
    }
    return false;
}

/// The next row that may buy; there always is one, as `choose_erased` leaves some.
std::uint64_t shop_planner::next_buyer(std::uint64_t row) const
{
    do
        row = row + 1 < eligible_ ? row + 1 : users_.begin();
    while (users_[row].erased != 0);
    return row;
}

/// Whether there is one whom nothing is still to come of. With one in sixteen of the buyers left, requests are put off: `choose_user`
/// stays fast, and the shop alive.
bool shop_planner::choose_erased(random& dice)
{
    const std::uint64_t count = eligible_ - users_.begin();
    if ((erased_ + 1) * 16 > count * 15)
        return false;
    const time at = business(now_);
    for (std::uint64_t i = 0; i < tries; ++i)
    {
        leaver_ = users_.begin() + dice.below(count);
        const user& u = users_[leaver_];
        if (leaver_ != buyer_ && u.erased == 0 && u.closings == 0 && u.busy + session_min <= at)
            return true;
    }
    return false;
}

void shop_planner::forget_users_below(std::uint64_t first)
{
    for (auto row = users_.begin(); row < first; ++row)
    {
        erased_ -= users_[row].erased;
        if (users_[row].closings > 0)
            departed_.emplace(row, users_[row]);
        else
            users_digest_ -= users_[row].hash(row);
    }
    users_.forget_below(first);
}

const shop_planner::user& shop_planner::remembered(std::uint64_t row) const
{
    return users_.knows(row) ? users_[row] : departed_.at(row);
}

void shop_planner::change_user(std::uint64_t row, const user& changed)
{
    users_digest_ += changed.hash(row) - remembered(row).hash(row);
    if (users_.knows(row))
        users_[row] = changed;
    else if (changed.closings > 0)
        departed_.at(row) = changed;
    else
    {
        users_digest_ -= changed.hash(row);
        departed_.erase(row);
    }
}

}  // namespace bazaar::scenario::thelook
