#include "scenario/thelook/planner.hpp"

#include <algorithm>

#include "bazaar/scenario/kit/settings_state.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

/// A unit number in so few digits that `no_unit` is small, too.
std::uint64_t shifted(unit_no unit)
{
    return (unit + 1) & no_unit;
}

unit_no unshifted(std::uint64_t number)
{
    return (number - 1) & no_unit;
}

std::int64_t difference(std::uint64_t a, std::uint64_t b)
{
    return static_cast<std::int64_t>(a - b);
}

}  // namespace

/// Numbers close to what stood before them: a user takes about 19 bytes, an open order 37.
void shop_planner::save(state_writer& to) const
{
    kit::save_steerable(settings_, to);
    to.put_signed(shift_);
    to.put_signed(now_);
    for (const std::uint64_t number : {next_no_, ticks_, orders_, items_, events_, sessions_})
        to.put(number);
    for (const auto number : orders_in_)
        to.put(number);
    arrivals_.save(to);
    to.put(touches_);
    touch last{time{0}, 0};
    for (const auto& one : touched_)
    {
        to.put_signed((one.at - last.at).count());
        to.put_signed(difference(one.unit, last.unit));
        last = one;
    }

    user before{};
    const auto put_user = [&](state_writer& out, std::uint64_t, const user& u)
    {
        out.put_signed((u.created - before.created).count());
        out.put_signed((u.updated - u.created).count());
        out.put_signed((u.busy - u.updated).count());
        out.put_signed(difference(shifted(u.unit), shifted(before.unit)));
        out.put_signed(difference(shifted(u.writer), shifted(u.unit)));
        out.put(u.moves);
        out.put(std::uint64_t{u.closings} << 1 | u.erased);
        before = u;
    };
    users_.save(to, put_user);
    to.put(eligible_);
    if (rules_ != edition::older)
        to.put(newcomers_);
    to.put(departed_.size());
    for (const auto& [row, member] : departed_)
    {
        to.put(row);
        put_user(to, row, member);
    }

    due_.save(to,
              [this](state_writer& out, const open_order& o)
              {
                  out.put_signed(o.due - now_);
                  out.put(orders_ - o.order);
                  out.put(o.life);
                  out.put(o.taken);
                  time from = business(now_);
                  for (std::size_t i = 0; i <= o.taken; ++i)
                  {
                      out.put_signed((o.at[i] - from).count());
                      from = o.at[i];
                  }
                  out.put(users_.end() - o.user);
                  out.put(next_no_ - o.unit);
                  out.put(o.writer - o.unit);
                  out.put(shifted(o.user_unit));
                  out.put(o.moves);
                  out.put(touches_ - o.touches);
              });

    to.put(pending_count_);
    for (std::uint8_t i = 0; i < pending_count_; ++i)
        to.put(static_cast<std::uint64_t>(pending_[i]));
    to.put(buyer_);
    to.put(leaver_);
    to.put(buyer_moves_then_);
    to.put(order_over_ ? 1 : 0);
}

bool shop_planner::may_apply(const model::control& entry) const noexcept
{
    const auto fields = settings_.fields();
    if (entry.what == model::control::kind::shift)
        return entry.value > 0 && entry.value < times_end.us;
    return entry.what == model::control::kind::set && entry.field < fields.size() && fields[entry.field].steerable &&
           takes(fields[entry.field], entry.value);
}

bool shop_planner::load(state_reader& from)
{
    load_part(from);
    return from.done();
}

void shop_planner::load_part(state_reader& from)
{
    load_settings(from);
    if (!from.good())
        return;
    for (auto* number : {&next_no_, &ticks_, &orders_, &items_, &events_, &sessions_})
        *number = from.get();
    for (auto& number : orders_in_)
        number = from.get();
    arrivals_.load(from);
    load_touches(from);
    load_users(from);
    if (!from.good())
        return;
    due_.load(from, [this](state_reader& in) { return loaded_order(in); });
    load_tick(from);
    const bool known = users_.begin() < users_.end() && eligible_ > users_.begin() && eligible_ <= users_.end() &&
                       newcomers_ <= users_.end() && users_.end() <= row_end &&
                       (pending_count_ == 0 || users_.knows(buyer_)) &&
                       std::none_of(pending_.begin(), pending_.begin() + pending_count_,
                                    [this](task what) { return what == task::user_erased && !users_.knows(leaver_); });
    if (!known)
        from.fail();
}

void shop_planner::load_settings(state_reader& from)
{
    kit::load_steerable(settings_, from);
    shift_ = from.get_signed();
    now_ = from.get_signed();
    const auto is_span = [](std::int64_t us) { return us >= 0 && us < times_end.us; };
    if (!from.good() || !is_span(shift_) || !is_span(now_))
        from.fail();
    else
    {
        configuration_ = configuration(settings_);
        if (clock_)
            clock_->set_shift(shift_);
    }
}

void shop_planner::load_touches(state_reader& from)
{
    touches_ = from.get();
    touched_.clear();
    touched_digest_ = 0;
    touch last{time{0}, 0};
    for (auto left = std::min<std::uint64_t>(touches_, round_->size()); left > 0 && from.good(); --left)
    {
        last.at.us = from.get_from(last.at.us);
        last.unit += static_cast<std::uint64_t>(from.get_signed());
        touched_digest_ += last.hash(touched_.size());
        touched_.push_back(last);
    }
}

void shop_planner::load_users(state_reader& from)
{
    user before{};
    users_digest_ = 0;
    const auto get_user = [&](state_reader& in, std::uint64_t row)
    {
        user u{};
        u.created.us = in.get_from(before.created.us);
        u.updated.us = in.get_from(u.created.us);
        u.busy.us = in.get_from(u.updated.us);
        const auto unit = shifted(before.unit) + static_cast<std::uint64_t>(in.get_signed());
        u.unit = unshifted(unit) & no_unit;
        u.writer = unshifted(unit + static_cast<std::uint64_t>(in.get_signed())) & no_unit;
        u.moves = in.get() & 0xffffffU;
        const auto ending = in.get();
        u.closings = ending >> 1 & 0x7fffffU;
        u.erased = ending & 1U;
        before = u;
        users_digest_ += u.hash(row);
        return u;
    };
    users_.load(from, get_user);
    erased_ = 0;
    for (auto row = users_.begin(); row < users_.end(); ++row)
        erased_ += users_[row].erased;
    eligible_ = from.get();
    if (rules_ != edition::older)
        newcomers_ = from.get();
    departed_.clear();
    for (auto count = from.get_count(); count > 0 && from.good(); --count)
    {
        const auto row = from.get();
        if (row >= users_.begin() || (!departed_.empty() && row <= departed_.rbegin()->first))
            return static_cast<void>(from.fail());
        departed_.emplace_hint(departed_.end(), row, get_user(from, row));
    }
}

open_order shop_planner::loaded_order(state_reader& in) const
{
    open_order o{};
    o.due = in.get_from(now_);
    o.order = orders_ - in.get();
    const auto life = in.get();
    const auto taken = in.get();
    if (life >= states.size() || taken >= steps_to[life])
        in.fail();
    else
    {
        o.life = static_cast<state_no>(life);
        o.taken = static_cast<std::uint8_t>(taken);
    }
    time step = business(now_);
    for (std::size_t i = 0; i <= o.taken; ++i)
    {
        step.us = in.get_from(step.us);
        o.at[i] = step;
    }
    o.user = users_.end() - in.get();
    o.unit = next_no_ - in.get();
    o.writer = o.unit + in.get();
    o.user_unit = unshifted(in.get());
    o.moves = static_cast<std::uint32_t>(in.get());
    o.touches = static_cast<std::uint32_t>(touches_ - in.get());
    if (closes(o.life) && !users_.knows(o.user) && !departed_.contains(o.user))
        in.fail();
    return o;
}

void shop_planner::load_tick(state_reader& from)
{
    pending_count_ = static_cast<std::uint8_t>(from.get_count());
    if (pending_count_ > pending_.size())
        pending_count_ = static_cast<std::uint8_t>(from.fail());
    for (std::uint8_t i = 0; i < pending_count_; ++i)
    {
        const auto number = from.get();
        pending_[i] = static_cast<task>(number <= static_cast<std::uint64_t>(task::user_erased) ? number : from.fail());
    }
    buyer_ = from.get();
    leaver_ = from.get();
    buyer_moves_then_ = static_cast<std::uint32_t>(from.get());
    order_over_ = from.get() != 0;
}

}  // namespace bazaar::scenario::thelook
