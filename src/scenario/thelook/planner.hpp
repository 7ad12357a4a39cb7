#pragma once

#include <array>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "bazaar/scenario/kit/arrivals.hpp"
#include "bazaar/scenario/kit/population.hpp"
#include "bazaar/scenario/scenario.hpp"
#include "scenario/thelook/calendar.hpp"
#include "scenario/thelook/lives.hpp"
#include "scenario/thelook/open_orders.hpp"
#include "scenario/thelook/prices.hpp"

namespace bazaar::scenario::thelook
{

/// Ticks fewer than sessions, each with numbers of its own for its events; orders, with four items each, are fewer, too.
inline constexpr std::uint64_t sessions_most = row_end / 16;
inline constexpr std::uint64_t touches_most = UINT32_MAX;

/// Initial users are born this long before the start, at least; the rest is spread over `births_spread`.
inline constexpr microseconds births_before = std::chrono::days(90);
inline constexpr microseconds births_spread = std::chrono::days(640);

/// A session needs this much room before its end, so that its events have moments of their own.
inline constexpr microseconds session_min{20};

/// When an initial user was born.
[[nodiscard]] time initial_birth(std::uint64_t seed, std::uint64_t user, time start);

/// Decides theLook's units: the merge of the arrivals with the steps of the orders that are due.
class shop_planner final : public planner
{
public:
    /// `when` may be null: then ticks come at the same rate at all times.
    shop_planner(edition rules, std::uint64_t seed, const settings& given, time start, price_round round,
                 const calendar* when);

    [[nodiscard]] time next_at() const override { return business(due()); }
    model::decision next() override;
    [[nodiscard]] unit_no next_no() const override { return next_no_; }
    [[nodiscard]] std::uint64_t ticks() const override { return ticks_ - (pending_count_ > 0 ? 1 : 0); }
    void apply(const model::control& entry) override;
    [[nodiscard]] std::uint64_t digest() const override;
    void save(state_writer& to) const override;
    [[nodiscard]] bool load(state_reader& from) override;
    void figures(std::vector<figure>& out) const override;

    // For a plan that has other units between these.

    /// Planner's own time, in microseconds from the start: of the last unit, and before which the next one will not be.
    [[nodiscard]] std::int64_t now() const noexcept { return now_; }
    [[nodiscard]] std::int64_t due() const noexcept;
    [[nodiscard]] time business(std::int64_t planner_us) const noexcept { return {start_.us + shift_ + planner_us}; }

    /// Whether the next unit belongs to the tick of the last one.
    [[nodiscard]] bool in_tick() const noexcept { return pending_count_ > 0; }

    /// Whether the last unit bought or changed an order of which nothing is to come.
    [[nodiscard]] bool order_over() const noexcept { return order_over_; }

    void number_next(unit_no no) noexcept { next_no_ = no; }

    /// Whether there is a next unit, with this number and at this moment.
    ///
    /// Errors: throws `plan_over`.
    void check_end(unit_no no, time at) const;

    /// Whether an entry is one that steers, with a value that can be.
    [[nodiscard]] bool may_apply(const model::control& entry) const noexcept;

    /// As `load`, from a state in which more follows.
    void load_part(state_reader& from);

private:
    /// What the plan remembers of a user: 40 bytes.
    struct user
    {
        time created, updated, busy;  ///< `busy`: end of the last session.
        std::uint64_t unit : 40, moves : 24;
        std::uint64_t writer : 40, closings : 23;  ///< `closings`: its orders still to be cancelled or returned.
        std::uint64_t erased : 1;

        [[nodiscard]] std::uint64_t hash(std::uint64_t row) const noexcept;
    };

    /// The last price change of a product.
    struct touch
    {
        time at;
        unit_no unit;

        [[nodiscard]] std::uint64_t hash(std::uint64_t place) const noexcept;
    };

    enum class task : std::uint8_t
    {
        user_moved,
        purchase,
        user_created,
        ghost,
        user_erased,
    };

    [[nodiscard]] model::decision begin(std::uint16_t kind);
    void start_tick();
    void make_room();
    void choose_user(random& dice);
    [[nodiscard]] bool choose_newcomer(time at);
    [[nodiscard]] bool choose_erased(random& dice);
    [[nodiscard]] std::uint64_t next_buyer(std::uint64_t row) const;
    void forget_users_below(std::uint64_t row);
    [[nodiscard]] const user& remembered(std::uint64_t row) const;
    void change_user(std::uint64_t row, const user& changed);
    [[nodiscard]] model::decision decide(task what);
    [[nodiscard]] std::pair<std::uint32_t, time> session_home(const user& u, time at) const;
    [[nodiscard]] model::decision purchase();
    [[nodiscard]] model::decision user_created();
    [[nodiscard]] model::decision user_moved();
    [[nodiscard]] model::decision user_erased();
    [[nodiscard]] model::decision change_person(std::uint16_t kind, std::uint64_t row, user& u);
    [[nodiscard]] model::decision price_changed();
    [[nodiscard]] std::int64_t next_touch() const noexcept;
    [[nodiscard]] const touch& last_touch() const;
    [[nodiscard]] model::decision advance_order();
    [[nodiscard]] bool room_for_session(const open_order& o) const;
    void load_settings(state_reader& from);
    void load_touches(state_reader& from);
    void load_users(state_reader& from);
    [[nodiscard]] open_order loaded_order(state_reader& in) const;
    void load_tick(state_reader& from);

    edition rules_;
    std::uint64_t seed_;
    settings settings_;
    configuration configuration_;
    time start_;
    std::int64_t shift_ = 0;
    std::int64_t now_ = 0;  ///< Planner's own time of the last unit, in microseconds from the start.
    const calendar* calendar_;
    std::unique_ptr<calendar_clock> clock_;  ///< What the calendar does to the arrivals.
    kit::arrivals arrivals_;
    open_orders due_;
    kit::population<user> users_;
    std::map<std::uint64_t, user> departed_;  ///< No longer buying, but with a session to come that closes an order.
    std::uint64_t users_digest_ = 0;
    price_round round_;
    std::uint64_t touches_ = 0;   ///< Price changes so far.
    std::vector<touch> touched_;  ///< By a product's place in the round.
    std::uint64_t touched_digest_ = 0;
    std::uint64_t eligible_ = 0;   ///< Users below are old enough to buy.
    std::uint64_t newcomers_ = 0;  ///< Users below have had their turn to buy as new ones.
    std::uint64_t erased_ = 0;     ///< Of the remembered users.
    unit_no next_no_ = 0;
    std::uint64_t ticks_ = 0;  ///< Ticks begun.
    std::uint64_t orders_ = 0, items_ = 0, events_ = 0, sessions_ = 0;
    std::array<std::uint64_t, states.size()> orders_in_{};  ///< Orders by their state.

    // The tick under way.
    std::array<task, 5> pending_{};
    std::uint8_t pending_count_ = 0;
    bool order_over_ = false;
    std::uint64_t buyer_ = 0;
    std::uint32_t buyer_moves_then_ = 0;
    std::uint64_t leaver_ = 0;  ///< Who asks to be forgotten.
};

}  // namespace bazaar::scenario::thelook
