#include "scenario/thelook/planner.hpp"

#include <algorithm>

#include "bazaar/base/error.hpp"
#include "bazaar/scenario/thelook/tables.hpp"
#include "bazaar/scenario/thelook/thelook.hpp"
#include "scenario/thelook/decisions.hpp"
#include "scenario/thelook/events.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

/// So often a user moves at most, as moves are counted in 24 bits.
constexpr std::uint64_t moves_most = (1U << 24) - 1;

/// So many orders of a user may wait to be cancelled or returned, as they are counted in 23 bits.
constexpr std::uint64_t closings_most = (1U << 23) - 1;

}  // namespace

time initial_birth(std::uint64_t seed, std::uint64_t row, time start)
{
    auto r = derive(seed, stream("initial birth"), row);
    return start - births_before - microseconds(r.between(0, births_spread.count()));
}

std::uint64_t shop_planner::user::hash(std::uint64_t row) const noexcept
{
    std::uint64_t h = mix(row + static_cast<std::uint64_t>(created.us));
    h = mix(h ^ static_cast<std::uint64_t>(updated.us));
    h = mix(h ^ static_cast<std::uint64_t>(busy.us));
    return mix(mix(h ^ (std::uint64_t{unit} << 24 | moves)) ^
               (std::uint64_t{writer} << 24 | std::uint64_t{erased} << 23 | closings));
}

std::uint64_t shop_planner::touch::hash(std::uint64_t place) const noexcept
{
    return mix(mix(place + static_cast<std::uint64_t>(at.us)) ^ unit);
}

shop_planner::shop_planner(edition rules, std::uint64_t seed, const settings& given, time start, price_round round,
                           const calendar* when)
    : rules_(rules),
      seed_(seed),
      settings_(given),
      configuration_(given),
      start_(start),
      calendar_(when),
      clock_(when != nullptr ? std::make_unique<calendar_clock>(*when, start) : nullptr),
      arrivals_(seed, stream("arrivals"), configuration_.rate_micro, clock_.get()),
      round_(std::move(round))
{
    users_.reserve(std::min(configuration_.initial_users, configuration_.active_users));
    for (std::uint64_t row = 0; row < configuration_.initial_users; ++row)
    {
        const time born = initial_birth(seed, row, start);
        user u{born, born, born, no_unit, 0, no_unit, 0, 0};
        users_.push(u);
        if (users_.end() > configuration_.active_users)
            users_.forget_below(users_.end() - configuration_.active_users);
    }
    for (auto row = users_.begin(); row < users_.end(); ++row)
        users_digest_ += users_[row].hash(row);
    eligible_ = users_.end();
    newcomers_ = users_.end();
}

std::int64_t shop_planner::due() const noexcept
{
    if (pending_count_ > 0)
        return now_;
    const std::int64_t arrival = std::min(arrivals_.next(), next_touch());
    // Never before the last unit: a `set` or a late follow-up may leave something due behind it.
    return std::max(now_, due_.empty() ? arrival : std::min(arrival, due_.first_due()));
}

void shop_planner::check_end(unit_no no, time at) const
{
    if (at >= times_end)
        throw plan_over(no, "business times end with the year 2199");
    if (no >= no_unit || users_.end() >= row_end)
        throw plan_over(no, "its number, or that of a row, is the last one that ids have room for");
    if (sessions_ >= sessions_most)
        throw plan_over(no, "there are as many sessions as ids have room for");
    if (touches_ >= touches_most)
        throw plan_over(no, "prices have changed as often as can be counted");
}

model::decision shop_planner::next()
{
    check_end(next_no_, next_at());
    if (pending_count_ == 0)
    {
        if (next_touch() <= arrivals_.next() && (due_.empty() || next_touch() <= due_.first_due()))
        {
            const auto d = price_changed();
            make_room();
            return d;
        }
        if (!due_.empty() && due_.first_due() <= arrivals_.next())
        {
            now_ = std::max(now_, due_.first_due());
            const auto d = advance_order();
            make_room();
            return d;
        }
        start_tick();
    }
    const auto d = decide(pending_[0]);
    std::copy(pending_.begin() + 1, pending_.begin() + pending_count_, pending_.begin());
    --pending_count_;
    make_room();
    return d;
}

void shop_planner::make_room()
{
    // The user of a session that is due may be in the middle of another one: then it is due a moment later.
    while (!due_.empty() && !room_for_session(due_.first()))
    {
        auto later = due_.pop();
        later.due = std::max(now_, later.due) + 1000;
        due_.push(later);
    }
}

void shop_planner::start_tick()
{
    now_ = std::max(now_, arrivals_.next());
    arrivals_.advance();
    auto dice = derive(seed_, stream("tick"), ticks_);
    auto erasure = derive(seed_, stream("erasure"), ticks_++);
    const bool moves = configuration_.user_moved.happens(dice.next());
    const bool creates = configuration_.user_created.happens(dice.next());
    const bool ghost = configuration_.ghost.happens(dice.next());
    choose_user(dice);
    pending_count_ = 0;
    if (moves && users_[buyer_].moves < moves_most)
        pending_[pending_count_++] = task::user_moved;
    pending_[pending_count_++] = task::purchase;
    if (creates)
        pending_[pending_count_++] = task::user_created;
    if (ghost)
        pending_[pending_count_++] = task::ghost;
    if (configuration_.user_erased.happens(erasure.next()) && choose_erased(erasure))
        pending_[pending_count_++] = task::user_erased;
}

model::decision shop_planner::begin(std::uint16_t kind)
{
    model::decision d;
    order_over_ = false;
    d.no = next_no_++;
    d.at = business(now_);
    d.tick = ticks_;
    d.kind = kind;
    return d;
}

model::decision shop_planner::decide(task what)
{
    switch (what)
    {
    case task::user_moved:
        return user_moved();
    case task::purchase:
        return purchase();
    case task::user_created:
        return user_created();
    case task::user_erased:
        return user_erased();
    case task::ghost:
        break;
    }
    auto d = begin(kind::ghost);
    put(d, ghost_decision{sessions_});
    events_ += ghost_events(seed_, sessions_++);
    return d;
}

/// Where the buyer's session comes from, and after which moment it begins: from where the order goes. A buyer who has moved in the same
/// tick sits in the new home already when the move is entered.
///
/// By the older rules the beginning of a session lies before a move of the same tick, unless an entry of the control log has let time
/// pass since: then all of it comes after the move.
std::pair<std::uint32_t, time> shop_planner::session_home(const user& u, time at) const
{
    const auto moves = static_cast<std::uint32_t>(u.moves);
    if (rules_ != edition::older)
        return {moves, u.busy};
    const bool moved = moves != buyer_moves_then_;
    if (moved && at - u.updated >= session_min)
        return {moves, u.updated};
    return {buyer_moves_then_, u.busy};
}

model::decision shop_planner::purchase()
{
    if (users_[buyer_].closings == closings_most)
        throw plan_over(next_no_, "more orders of one user are open than can be counted");
    auto d = begin(kind::purchase);
    user u = users_[buyer_];
    const std::uint64_t order = orders_++;
    d.depends_on(u.writer);
    // What is sold at the new price is sold after the change.
    if (touches_ > 0)
        d.depends_on(last_touch().unit);
    const auto [home, free_from] = session_home(u, d.at);
    const bool first = rules_ != edition::older && u.busy == u.created;
    put(d, purchase_decision{order, buyer_, u.unit, static_cast<std::uint32_t>(u.moves), home, sessions_++, free_from,
                             touches_, first ? 1U : 0U});
    const std::uint32_t items = order_size(seed_, order);
    items_ += items;
    events_ += purchase_events(seed_, order, items);
    u.busy = d.at;
    const state_no life = draw_life(seed_, order, configuration_);
    u.closings = (u.closings + (closes(life) ? 1U : 0U)) & 0x7fffffU;
    change_user(buyer_, u);
    ++orders_in_[first_state];
    order_over_ = life == first_state;
    if (!order_over_)
        due_.push({.due = now_ + delay_before(rules_, seed_, order, paths[life][0], configuration_.scale_milli),
                   .order = order,
                   .at = {d.at},
                   .user = buyer_,
                   .unit = d.no,
                   .user_unit = u.unit,
                   .writer = d.no,
                   .moves = static_cast<std::uint32_t>(u.moves),
                   .touches = static_cast<std::uint32_t>(touches_),
                   .life = life,
                   .taken = 0});
    return d;
}

model::decision shop_planner::user_created()
{
    auto d = begin(kind::user_created);
    put(d, user_created_decision{users_.end()});
    const user u{d.at, d.at, d.at, d.no & no_unit, 0, d.no & no_unit, 0, 0};
    users_digest_ += u.hash(users_.end());
    users_.push(u);
    return d;
}

model::decision shop_planner::user_moved()
{
    user u = users_[buyer_];
    const auto d = change_person(kind::user_moved, buyer_, u);
    u.moves = (u.moves + 1) & 0xffffffU;
    change_user(buyer_, u);
    return d;
}

model::decision shop_planner::user_erased()
{
    user u = users_[leaver_];
    const auto d = change_person(kind::user_erased, leaver_, u);
    u.erased = 1;
    change_user(leaver_, u);
    ++erased_;
    // The oldest are forgotten at once, so that as many leave as come without the number of those remembered growing.
    auto first = users_.begin();
    while (users_[first].erased != 0)
        ++first;
    forget_users_below(first);
    return d;
}

model::decision shop_planner::change_person(std::uint16_t kind, std::uint64_t row, user& u)
{
    // Two versions of a row differ by a microsecond at least.
    now_ += std::max<std::int64_t>(0, (u.updated - business(now_)).count() + 1);
    auto d = begin(kind);
    d.depends_on(u.writer, true);
    if (u.writer == no_unit)
    {
        d.initial = row;
        d.initial_table = table::users;
    }
    put(d, user_changed_decision{row, u.unit, u.created, u.updated, static_cast<std::uint32_t>(u.moves)});
    u.updated = d.at;
    u.writer = d.no & no_unit;
    return d;
}

std::int64_t shop_planner::next_touch() const noexcept
{
    if (configuration_.touch_us == 0)
        return INT64_MAX;
    return configuration_.touch_us * static_cast<std::int64_t>(touches_ + 1);
}

const shop_planner::touch& shop_planner::last_touch() const
{
    return touched_[(touches_ - 1) % round_->size()];
}

model::decision shop_planner::price_changed()
{
    const std::uint64_t place = touches_ % round_->size();
    const bool first = place == touched_.size();
    const unit_no last = touches_ > 0 ? last_touch().unit : no_unit;
    if (first)
        touched_.push_back({time{0}, no_unit});
    else
        touched_digest_ -= touched_[place].hash(place);
    auto& product = touched_[place];
    now_ = std::max(now_, next_touch());
    // Two versions of a row differ by a microsecond at least.
    now_ += std::max<std::int64_t>(0, (product.at - business(now_)).count() + 1);
    auto d = begin(kind::price_changed);
    d.depends_on(product.unit, true);
    // One behind the other, so that what waits for the last one waits for all.
    if (last != product.unit)
        d.depends_on(last);
    if (first)
    {
        d.initial = (*round_)[place];
        d.initial_table = table::products;
    }
    put(d, price_changed_decision{touches_, product.at});
    product = {d.at, d.no};
    touched_digest_ += product.hash(place);
    ++touches_;
    return d;
}

bool shop_planner::room_for_session(const open_order& o) const
{
    return !closes(o.next()) || business(std::max(now_, o.due)) - remembered(o.user).busy >= session_min;
}

model::decision shop_planner::advance_order()
{
    open_order o = due_.pop();
    const state_no to = o.next();
    auto d = begin(states[to].kind);
    d.depends_on(o.writer, true);
    step_decision s{.order = o.order,
                    .user = o.user,
                    .order_unit = o.unit,
                    .user_unit = o.user_unit,
                    .at = o.at,
                    .moves = o.moves,
                    .touches = o.touches,
                    .session = 0,
                    .moves_then = o.moves,
                    .session_after = {}};
    if (closes(to))
    {
        user u = remembered(o.user);
        d.depends_on(u.writer);  // The session comes from where the user lives now.
        s.session = sessions_++;
        s.session_after = std::max(d.at - 2 * session_max, u.busy);
        s.moves_then = static_cast<std::uint32_t>(u.moves);
        events_ += closing_events(rules_, order_size(seed_, o.order));
        u.busy = d.at;
        --u.closings;
        change_user(o.user, u);
    }
    put(d, s);
    --orders_in_[o.state()];
    ++orders_in_[to];
    o.writer = d.no;
    o.at[++o.taken] = d.at;
    order_over_ = to == o.life;
    if (!order_over_)
    {
        o.due = now_ + delay_before(rules_, seed_, o.order, o.next(), configuration_.scale_milli);
        due_.push(o);
    }
    return d;
}

void shop_planner::apply(const model::control& entry)
{
    expect(entry.unit == next_no_, "a control entry is applied right before its unit");
    switch (entry.what)
    {
    case model::control::kind::shift:
        expect(entry.value > 0, "a shift moves forward");
        if (clock_)
            arrivals_.set_rate(configuration_.rate_micro, now_);  // Up to now, the hours before the shift count.
        shift_ += entry.value;
        if (clock_)
        {
            clock_->set_shift(shift_);
            arrivals_.set_rate(configuration_.rate_micro, now_);
        }
        return;
    case model::control::kind::set:
        settings_.set(entry.field, entry.value);
        configuration_ = configuration(settings_);
        now_ = std::max(now_, entry.at.us - start_.us - shift_);
        arrivals_.set_rate(configuration_.rate_micro, now_);
        make_room();
        return;
    case model::control::kind::load:
    case model::control::kind::ddl:
    case model::control::kind::reject:
        return;
    }
}

std::uint64_t shop_planner::digest() const
{
    std::uint64_t h = mix(arrivals_.digest() ^ due_.digest());
    for (std::size_t i = 0; i < settings_.fields().size(); ++i)
    {
        const auto& f = settings_.fields()[i];
        const auto value = f.steerable ? static_cast<std::uint64_t>(settings_.number(f.name)) : 0;
        // What is off by default and off changes no digest: runs from before there was such a field go on.
        if (f.steerable && f.initial == "0")
            h = value == 0 ? h : mix(h ^ value) + i;
        else if (f.steerable)
            h = mix(h ^ value);
    }
    for (const std::uint64_t part :
         {users_digest_, users_.begin(), users_.end(), eligible_, next_no_, ticks_, orders_, items_, events_, sessions_,
          static_cast<std::uint64_t>(now_), static_cast<std::uint64_t>(shift_), std::uint64_t{pending_count_}})
        h = mix(h ^ part) + 0x9e3779b97f4a7c15U;
    if (touches_ > 0)
        h = mix(mix(h ^ touches_) ^ touched_digest_);
    if (rules_ != edition::older)
        h = mix(h ^ newcomers_);
    return h;
}

void shop_planner::figures(std::vector<figure>& out) const
{
    out.assign({{"rows", "users", users_.end()},
                {"rows", "orders", orders_},
                {"rows", "order_items", items_},
                {"rows", "events", events_}});
    for (std::size_t i = 0; i < states.size(); ++i)
        out.push_back({"orders", states[i].status, orders_in_[i]});
}

}  // namespace bazaar::scenario::thelook
