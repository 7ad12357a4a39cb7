#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/error.hpp"
#include "scenario/thelook/catalogue.hpp"
#include "scenario/thelook/fields.hpp"
#include "scenario/thelook/prices.hpp"
#include "unit/thelook_ledger.hpp"

namespace bazaar::test
{
namespace
{

struct plan_history
{
    std::string_view name;
    std::uint64_t ticks;
    given settings;
    bool crowded = false;  ///< So few users that some tick waits for one, some microseconds, whatever the seed.

    friend std::ostream& operator<<(std::ostream& out, const plan_history& h) { return out << h.name; }
};

class thelook_history : public testing::TestWithParam<std::tuple<plan_history, std::uint64_t>>
{
};

const std::vector<plan_history> plan_histories{
    {"defaults", 300'000, {}},
    {"three_users", 25'000, {{"init-num-users", "3"}}},
    {"complete_lives", 25'000, {{"lifecycle", "complete"}}},
    {"few_active_users",
     40'000,
     {{"active-users", "20"},
      {"init-num-users", "5"},
      {"user-create-prob", "1"},
      {"lifecycle", "complete"},
      {"avg-qps", "5"}}},
    {"by_calendar", 25'000, {{"calendar", "retail"}, {"growth", "1"}, {"avg-qps", "0.01"}, {"lifecycle", "complete"}}},
    {"everyone_is_new", 25'000, {{"user-create-prob", "1"}}},
    {"slow_lives", 25'000, {{"lifecycle-scale", "3600"}, {"avg-qps", "0.2"}}},
    {"no_updates", 30'000, {{"order-update-prob", "0"}}},
    {"most_updates", 25'000, {{"order-update-prob", most_steps()}}},
    {"all_dice", 25'000, {{"user-create-prob", "1"}, {"user-update-prob", "1"}, {"ghost-create-prob", "1"}}},
    {"fast", 25'000, {{"avg-qps", "20000"}, {"init-num-users", "200"}, {"lifecycle", "complete"}}},
    {"two_users_in_a_hurry",
     25'000,
     {{"avg-qps", "30000"},
      {"init-num-users", "2"},
      {"user-create-prob", "0"},
      {"user-update-prob", "0.5"},
      {"lifecycle", "complete"}},
     true},
    {"forgetful", 60'000, {{"erase-prob", "0.1"}, {"user-update-prob", "0.5"}}},
    {"as_many_leave_as_come",
     60'000,
     {{"erase-prob", "1"}, {"user-create-prob", "1"}, {"init-num-users", "200"}, {"lifecycle", "complete"}}},
    {"nobody_comes_all_leave", 25'000, {{"erase-prob", "1"}, {"user-create-prob", "0"}, {"avg-qps", "2"}}},
    {"prices_move", 40'000, {{"touch-interval", "100ms"}, {"lifecycle", "complete"}, {"lifecycle-scale", "20"}}},
    {"few_active_leave",
     40'000,
     {{"active-users", "20"},
      {"init-num-users", "5"},
      {"user-create-prob", "0.5"},
      {"erase-prob", "0.7"},
      {"lifecycle", "complete"},
      {"avg-qps", "5"}}},
    {"one_city", 30'000, {{"country", "japan"}, {"state", "tokyo"}, {"user-update-prob", "0.5"}}},
};

TEST_P(thelook_history, keeps_every_rule_of_the_shop)
{
    const auto& [h, seed] = GetParam();
    const auto shop = shop_of(h.settings, seed);
    const auto planner = shop->plan(day_one);
    ledger books(*shop, day_one, seed);
    model::unit unit;
    unit_no no = 0;
    std::uint64_t late = 0;
    while (planner->ticks() < tries(h.ticks) && books.problems.empty())
    {
        EXPECT_EQ(planner->next_no(), no);
        const time announced = planner->next_at();
        const auto d = planner->next();
        ASSERT_LE(announced, d.at);
        ASSERT_LE(d.at - announced, microseconds(20));
        shop->build(d, unit);
        if (d.at != announced)
        {
            ++late;
            EXPECT_FALSE(books.somebody_may_buy(announced)) << "next_at() is the moment of the next unit: " << no;
        }
        books.take(unit);
        if (no++ % 50'000 == 0)
        {
            EXPECT_EQ(figures_of(*planner), books.figures());
        }
    }
    for (const auto& problem : books.problems)
        ADD_FAILURE() << problem;
    EXPECT_TRUE(!h.crowded || late > 0 || effort() > 1) << "no tick waits for a user";
    EXPECT_EQ(figures_of(*planner), books.figures());
    EXPECT_EQ(planner->ticks(), books.orders);
}

INSTANTIATE_TEST_SUITE_P(thelook, thelook_history,
                         testing::Combine(testing::ValuesIn(plan_histories), testing::ValuesIn(several_seeds())),
                         [](const auto& param)
                         { return fmt::format("{}_{}", std::get<0>(param.param).name, std::get<1>(param.param)); });

/// Plans, builds and books until so many ticks are decided.
void book(const scenario::scenario& shop, scenario::planner& planner, ledger& books, std::uint64_t ticks)
{
    model::unit unit;
    while (planner.ticks() < ticks && books.problems.empty())
    {
        shop.build(planner.next(), unit);
        books.take(unit);
    }
    for (const auto& problem : books.problems)
        ADD_FAILURE() << problem;
}

/// A `set` entry for the next unit, at a business moment.
model::control set(const scenario::scenario& shop, const scenario::planner& planner, std::string_view name,
                   std::int64_t value, time at)
{
    return {.unit = planner.next_no(),
            .what = model::control::kind::set,
            .field = static_cast<std::uint16_t>(shop.configuration().find(name)),
            .value = value,
            .at = at};
}

model::control shift(const scenario::planner& planner, microseconds by)
{
    return {.unit = planner.next_no(), .what = model::control::kind::shift, .field = 0, .value = by.count(), .at = {}};
}

// ---- The ledger itself: a test that cannot fail is none.

struct plan_corruption
{
    std::string_view name;
    std::uint16_t kind;  ///< The first unit of this kind is changed.
    std::size_t change;  ///< Its change, from the end if counted beyond.
    std::uint8_t column;
    model::value value;

    friend std::ostream& operator<<(std::ostream& out, const plan_corruption& c) { return out << c.name; }
};

class ledger_control : public testing::TestWithParam<plan_corruption>
{
};

constexpr std::size_t last = 999;

const std::vector<plan_corruption> plan_corruptions{
    {"order_without_user", look::kind::purchase, 0, look::orders_column::user_id,
     model::value::of(row_id{2, 5'000, 3})},
    {"order_of_a_stamp_too_many", look::kind::purchase, 0, look::orders_column::shipped_at, model::value::of(day_one)},
    {"order_with_a_wrong_count", look::kind::purchase, 0, look::orders_column::num_of_items,
     model::value::of(std::int64_t{9})},
    {"order_to_another_city", look::kind::purchase, 0, look::orders_column::ship_city, model::value::of("Atlantis")},
    {"item_of_another_price", look::kind::purchase, 1, look::order_items_column::sale_price,
     model::value::of_decimal(1)},
    {"item_of_another_order", look::kind::purchase, 1, look::order_items_column::order_id,
     model::value::of(row_id{3, 77, 0})},
    {"item_of_no_product", look::kind::purchase, 1, look::order_items_column::product_id,
     model::value::of(std::int64_t{-1})},
    {"purchase_event_early", look::kind::purchase, last, look::events_column::created_at, model::value::of(day_one)},
    {"purchase_event_anonymous", look::kind::purchase, last, look::events_column::user_id, model::value()},
    {"purchase_event_is_a_cart", look::kind::purchase, last, look::events_column::event_type, model::value::of("cart")},
    {"event_of_another_ip", look::kind::purchase, last, look::events_column::ip_address,
     model::value::of("198.18.0.1")},
    {"event_out_of_sequence", look::kind::purchase, last, look::events_column::sequence_number,
     model::value::of(std::int64_t{1})},
    {"user_of_another_country", look::kind::user_created, 0, look::users_column::country, model::value::of("Belgium")},
    {"user_far_from_home", look::kind::user_created, 0, look::users_column::latitude, model::value::of(-89.0)},
    {"user_with_anothers_mail", look::kind::user_created, 0, look::users_column::email,
     model::value::of("a.b.0@example.com")},
    {"user_too_young", look::kind::user_created, 0, look::users_column::age, model::value::of(std::int64_t{17})},
    {"move_without_a_version", look::kind::user_moved, 0, look::users_column::updated_at, model::value::of(time{0})},
    {"move_with_another_name", look::kind::user_moved, 0, look::users_column::first_name, model::value::of("Nobody")},
    {"shipped_before_created", look::kind::order_shipped, 0, look::orders_column::shipped_at,
     model::value::of(time{1})},
    {"shipped_with_another_status", look::kind::order_shipped, 0, look::orders_column::status,
     model::value::of("Delivered")},
    {"shipped_item_left_behind", look::kind::order_shipped, 1, look::order_items_column::status,
     model::value::of("Processing")},
    {"cancel_of_another_item", look::kind::order_cancelled, last, look::events_column::uri,
     model::value::of("/cancel/item/b1375000-0000-897b-8000-000272f65a2a")},
    {"price_that_stays", look::kind::price_changed, 0, look::products_column::updated_at, model::value()},
    {"price_below_cost", look::kind::price_changed, 0, look::products_column::retail_price,
     model::value::of_decimal(1)},
    {"price_change_of_another_name", look::kind::price_changed, 0, look::products_column::name,
     model::value::of("Nothing")},
    {"erasure_that_leaves_a_name", look::kind::user_erased, 0, look::users_column::first_name, model::value::of("Ann")},
    {"erasure_with_anothers_mail", look::kind::user_erased, 0, look::users_column::email,
     model::value::of("erased-5000@example.com")},
    {"erasure_that_changes_the_country", look::kind::user_erased, 0, look::users_column::country,
     model::value::of("Atlantis")},
    {"ghost_that_buys", look::kind::ghost, 0, look::events_column::event_type, model::value::of("purchase")},
    {"ghost_from_nowhere", look::kind::ghost, 0, look::events_column::city, model::value::of("Atlantis")},
};

TEST_P(ledger_control, is_noticed)
{
    const auto& c = GetParam();
    const auto shop = shop_of({{"erase-prob", "0.05"}, {"touch-interval", "500ms"}});
    const auto planner = shop->plan(day_one);
    ledger books(*shop, day_one);
    model::unit unit;
    do
    {
        shop->build(planner->next(), unit);
        if (unit.decision.kind == c.kind)
        {
            const auto& where = unit.changes[std::min(c.change, unit.changes.size() - 1)].after[c.column];
            const_cast<model::value&>(where) = c.value;
        }
        books.take(unit);
    } while (unit.decision.kind != c.kind);
    EXPECT_FALSE(books.problems.empty());
}

INSTANTIATE_TEST_SUITE_P(thelook, ledger_control, testing::ValuesIn(plan_corruptions),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(ledger_control, a_missing_unit_is_noticed)
{
    const auto shop = shop_of({});
    const auto planner = shop->plan(day_one);
    ledger books(*shop, day_one);
    model::unit unit;
    (void)planner->next();
    shop->build(planner->next(), unit);
    books.take(unit);
    EXPECT_FALSE(books.problems.empty());
}

// ---- Control entries

TEST(thelook_control, a_new_rate_works_at_once)
{
    const auto shop = shop_of({{"avg-qps", "10"}, {"order-update-prob", "0"}});
    const auto planner = shop->plan(day_one);
    ledger books(*shop, day_one);
    book(*shop, *planner, books, 1'000);
    const time changed = planner->next_at();
    planner->apply(set(*shop, *planner, "avg-qps", 1'000'000'000, changed));
    book(*shop, *planner, books, 11'000);
    const auto took = planner->next_at() - changed;
    // 10,000 gaps of a millisecond: four standard deviations are four per cent.
    EXPECT_NEAR(static_cast<double>(took.count()), 10e6, 0.4e6);
    EXPECT_EQ(figures_of(*planner), books.figures());
}

TEST(thelook_control, a_rate_set_late_makes_no_burst)
{
    const auto shop = shop_of({{"avg-qps", "0.001"}});
    const auto planner = shop->plan(day_one);
    ledger books(*shop, day_one);
    const time at = day_one + std::chrono::seconds(1);
    ASSERT_GT(planner->next_at(), at);
    planner->apply(set(*shop, *planner, "avg-qps", 10'000'000, at));
    EXPECT_GE(planner->next_at(), at);
    EXPECT_LT(planner->next_at(), at + std::chrono::seconds(2));
    book(*shop, *planner, books, 2'000);
    EXPECT_NEAR(static_cast<double>((planner->next_at() - at).count()), 200e6, 200e6 * 4 / 44);
}

TEST(thelook_control, probabilities_change_from_the_next_tick_on)
{
    const auto shop = shop_of({{"ghost-create-prob", "0"}, {"user-create-prob", "0"}});
    const auto planner = shop->plan(day_one);
    ledger books(*shop, day_one);
    book(*shop, *planner, books, 500);
    EXPECT_EQ(books.kinds[look::kind::ghost], 0U);
    planner->apply(set(*shop, *planner, "ghost-create-prob", 1'000'000'000, planner->next_at()));
    planner->apply(set(*shop, *planner, "order-update-prob", look::steps_mean_most, planner->next_at()));
    book(*shop, *planner, books, 1'500);
    EXPECT_EQ(books.kinds[look::kind::ghost], 1'000U);
    EXPECT_EQ(books.kinds[look::kind::user_created], 0U);
}

TEST(thelook_control, a_shift_moves_everything_later_and_keeps_the_order)
{
    constexpr auto night = std::chrono::hours(8);
    // Without new users: a shift makes them old enough to buy, so that others may be chosen.
    const auto shop = shop_of({{"lifecycle", "complete"}, {"user-create-prob", "0"}});
    const auto still = shop->plan(day_one);
    const auto moved = shop->plan(day_one);
    ledger books(*shop, day_one);
    book(*shop, *moved, books, 1'000);
    while (still->ticks() < 1'000)
        (void)still->next();
    const time before = moved->next_at();
    moved->apply(shift(*moved, night));
    EXPECT_EQ(moved->next_at(), before + night);
    model::unit unit;
    for (int i = 0; i < 20'000 && books.problems.empty(); ++i)
    {
        const auto a = still->next();
        const auto b = moved->next();
        ASSERT_EQ(b.at, a.at + night);
        ASSERT_EQ(b.no, a.no);
        ASSERT_EQ(b.kind, a.kind);
        ASSERT_EQ(b.tick, a.tick);
        ASSERT_EQ(b.after, a.after);
        shop->build(b, unit);
        books.take(unit);
    }
    for (const auto& problem : books.problems)
        ADD_FAILURE() << problem;
}

TEST(thelook_control, many_entries_leave_the_books_in_order)
{
    const auto shop = shop_of({{"lifecycle", "complete"}, {"user-create-prob", "0.5"}, {"init-num-users", "10"}});
    const auto planner = shop->plan(day_one);
    ledger books(*shop, day_one);
    auto draw = derive(99, stream("entries"), 0);
    for (std::uint64_t ticks = 500; ticks <= 20'000 && books.problems.empty(); ticks += 500)
    {
        book(*shop, *planner, books, ticks);
        if (draw.below(2) == 0)
            planner->apply(shift(*planner, microseconds(draw.between(1, 10'000'000'000))));
        else
            planner->apply(set(*shop, *planner, "avg-qps", draw.between(100'000, 2'000'000'000), planner->next_at()));
    }
    EXPECT_EQ(figures_of(*planner), books.figures());
}

TEST(thelook_control, an_entry_for_another_unit_is_refused)
{
    const auto shop = shop_of({});
    const auto planner = shop->plan(day_one);
    auto entry = shift(*planner, std::chrono::seconds(1));
    entry.unit = 1;
    EXPECT_THROW(planner->apply(entry), error);
    entry.unit = 0;
    entry.value = 0;
    EXPECT_THROW(planner->apply(entry), error);
}

// ---- Digest

TEST(thelook_digest, is_equal_for_equal_histories)
{
    const auto shop = shop_of({});
    const auto again = shop_of({});
    const auto a = shop->plan(day_one);
    const auto b = again->plan(day_one);
    for (int i = 0; i < 20'000; ++i)
    {
        ASSERT_EQ(a->digest(), b->digest());
        (void)a->next();
        (void)b->next();
        if (i == 10'000)
        {
            a->apply(set(*shop, *a, "avg-qps", 77'000'000, a->next_at()));
            b->apply(set(*again, *b, "avg-qps", 77'000'000, b->next_at()));
        }
    }
}

TEST(thelook_digest, differs_after_one_differing_entry)
{
    const auto shop = shop_of({});
    const std::vector<std::pair<std::string_view, std::int64_t>> entries{{"", 1'000'000},
                                                                         {"", 1'000'001},
                                                                         {"avg-qps", 20'000'001},
                                                                         {"ghost-create-prob", 200'000'001},
                                                                         {"user-create-prob", 0},
                                                                         {"erase-prob", 1},
                                                                         {"user-update-prob", 1'000'000'000},
                                                                         {"order-update-prob", 400'000'001}};
    std::map<std::uint64_t, std::string_view> digests;
    const auto digest_after = [&](std::string_view field, std::int64_t value)
    {
        const auto planner = shop->plan(day_one);
        for (int i = 0; i < 1'000; ++i)
            (void)planner->next();
        if (value != 0 || !field.empty())
            planner->apply(field.empty() ? shift(*planner, microseconds(value))
                                         : set(*shop, *planner, field, value, planner->next_at()));
        return planner->digest();
    };
    digests[digest_after("", 0)] = "none";
    for (const auto& [field, value] : entries)
        EXPECT_TRUE(digests.emplace(digest_after(field, value), field).second) << field << ' ' << value;
}

TEST(thelook_digest, differs_for_another_seed_start_or_setting)
{
    const auto digest = [](const given& settings, std::uint64_t seed, time start)
    {
        const auto planner = shop_of(settings, seed)->plan(start);
        for (int i = 0; i < 100; ++i)
            (void)planner->next();
        return planner->digest();
    };
    const auto reference = digest({}, 7, day_one);
    EXPECT_EQ(digest({}, 7, day_one), reference);
    EXPECT_NE(digest({}, 8, day_one), reference);
    EXPECT_NE(digest({{"init-num-users", "1001"}}, 7, day_one), reference);
    EXPECT_NE(digest({}, 7, day_one + microseconds(1)), reference);
}

// ---- Erasure

TEST(thelook_erasure, happens_as_often_as_asked_and_steers)
{
    const auto shop = shop_of({{"erase-prob", "0.04"}});
    const auto planner = shop->plan(day_one);
    ledger books(*shop, day_one);
    book(*shop, *planner, books, 20'000);
    // Four standard deviations of a binomial: 4 * sqrt(20,000 * .04 * .96).
    EXPECT_NEAR(static_cast<double>(books.kinds[look::kind::user_erased]), 800, 111);
    planner->apply(set(*shop, *planner, "erase-prob", 0, planner->next_at()));
    const auto so_far = books.kinds[look::kind::user_erased];
    book(*shop, *planner, books, 30'000);
    EXPECT_EQ(books.kinds[look::kind::user_erased], so_far);
    planner->apply(shift(*planner, std::chrono::hours(8)));
    planner->apply(set(*shop, *planner, "erase-prob", 1'000'000'000, planner->next_at()));
    book(*shop, *planner, books, 30'100);
    EXPECT_EQ(books.kinds[look::kind::user_erased], so_far + 100);
}

/// Ticks with their units, without what follows later and without erasures.
std::vector<std::pair<std::uint64_t, std::uint16_t>> arrivals_of(const given& settings)
{
    const auto planner = shop_of(settings)->plan(day_one);
    std::vector<std::pair<std::uint64_t, std::uint16_t>> all;
    while (planner->ticks() < 5'000)
    {
        const auto d = planner->next();
        if (d.kind != look::kind::user_erased && !is_step(d.kind))
            all.emplace_back(d.tick, d.kind);
    }
    return all;
}

TEST(thelook_erasure, moves_no_other_dice)
{
    EXPECT_EQ(arrivals_of({{"erase-prob", "0.3"}}), arrivals_of({}));
    EXPECT_NE(arrivals_of({{"ghost-create-prob", "0.3"}}), arrivals_of({}));
}

TEST(thelook_erasure, leaves_one_in_sixteen_who_all_go_on_buying)
{
    const auto shop = shop_of({{"erase-prob", "1"}, {"user-create-prob", "0"}, {"init-num-users", "3200"}});
    const auto planner = shop->plan(day_one);
    ledger books(*shop, day_one);
    book(*shop, *planner, books, 10'000);
    // The oldest who are erased are forgotten, and those who are left are more of the rest.
    const auto left = 3'200 - books.kinds[look::kind::user_erased];
    EXPECT_GT(left, 150U);
    EXPECT_LE(left, 200U);
    const auto before = books.buyers.size();
    book(*shop, *planner, books, 10'000 + left * 100);
    EXPECT_EQ(3'200 - books.kinds[look::kind::user_erased], left);
    std::map<std::uint64_t, int> bought;
    for (std::size_t i = before; i < books.buyers.size(); ++i)
        ++bought[books.buyers[i]];
    EXPECT_EQ(bought.size(), left);
    // Each is drawn alike: 100 times, and the least and greatest of 200 lie within five standard deviations.
    for (const auto& [row, times] : bought)
        EXPECT_NEAR(times, 100, 50) << row;
}

// ---- Price changes

TEST(thelook_prices, change_by_the_planners_own_time_and_in_turn)
{
    const auto shop = shop_of_few_products({{"touch-interval", "2s"}});
    const auto planner = shop->plan(day_one);
    ledger books(*shop, day_one);
    model::unit unit;
    std::vector<std::int64_t> round;
    std::int64_t touches = 0;
    microseconds shifted{0};
    while (planner->ticks() < 4'000 && books.problems.empty())
    {
        shop->build(planner->next(), unit);
        books.take(unit);
        if (unit.decision.kind != look::kind::price_changed)
            continue;
        ++touches;
        EXPECT_EQ(unit.decision.at, day_one + std::chrono::seconds(2) * touches + shifted);
        const auto& c = unit.changes[0];
        const auto id = c.after[look::products_column::id].integer();
        if (round.size() < 5)
            round.push_back(id);
        EXPECT_EQ(id, round[static_cast<std::size_t>(touches - 1) % 5]) << "they take turns";
        EXPECT_NE(c.after[look::products_column::retail_price], c.before[look::products_column::retail_price]);
        if (touches == 17)
        {
            planner->apply(shift(*planner, std::chrono::hours(3)));
            shifted = std::chrono::hours(3);
        }
        if (touches == 30)
            planner->apply(set(*shop, *planner, "avg-qps", 35'000'000, planner->next_at()));
    }
    for (const auto& problem : books.problems)
        ADD_FAILURE() << problem;
    std::ranges::sort(round);
    EXPECT_EQ(round, (std::vector<std::int64_t>{11, 12, 13, 17, 19}));
    EXPECT_GT(touches, 60);
}

TEST(thelook_prices, move_nothing_else)
{
    const auto quiet = shop_of({})->plan(day_one);
    const auto moving = shop_of({{"touch-interval", "300ms"}})->plan(day_one);
    for (int i = 0; i < 20'000; ++i)
    {
        const auto a = quiet->next();
        auto b = moving->next();
        while (b.kind == look::kind::price_changed)
            b = moving->next();
        ASSERT_EQ(a.at, b.at);
        ASSERT_EQ(a.kind, b.kind);
        ASSERT_EQ(a.tick, b.tick);
        ASSERT_EQ(a.arg[0], b.arg[0]);
    }
}

TEST(thelook_prices, of_any_number_of_touches_are_those_of_one_after_the_other)
{
    const look::catalogue goods({{"products.csv", few_products}}, {});
    const look::price_list list(7, goods.products());
    std::map<std::int64_t, std::uint64_t> changes;
    for (std::uint64_t touches = 0; touches < 200; ++touches)
    {
        for (const auto& p : goods.products())
        {
            const auto price = list.price(p, changes[p.id]);
            ASSERT_EQ(list.price_after(p, touches), price);
            ASSERT_GT(price, p.cost);
            ASSERT_LE(price * 10, std::max(p.price * 11, p.price * 10 + 10));
            ASSERT_NE(price, list.price(p, changes[p.id] + 1));
        }
        const auto& p = list.touched(touches);
        ASSERT_EQ(list.changes_before(touches), changes[p.id]++);
    }
}

// ---- Lives

TEST(thelook_lives, complete_ends_every_order)
{
    const auto shop = shop_of({{"lifecycle", "complete"}, {"order-update-prob", "0"}});
    const auto planner = shop->plan(day_one);
    ledger books(*shop, day_one);
    book(*shop, *planner, books, 5'000);
    // No more arrivals to speak of: what is open comes to its end.
    planner->apply(set(*shop, *planner, "avg-qps", 1, planner->next_at()));
    model::unit unit;
    while (books.open_orders() > 0 && planner->ticks() < 5'010 && books.problems.empty())
    {
        shop->build(planner->next(), unit);
        books.take(unit);
    }
    EXPECT_EQ(books.open_orders(), 0U);
    // Where none stays behind, an order is in a state when it came there and took none of the steps from there.
    for (look::state_no s = 0; s < look::states.size(); ++s)
    {
        double share = look::share_of(s, 1);
        for (look::state_no next = 1; next < look::states.size(); ++next)
            share -= look::came_from[next] == s ? look::share_of(next, 1) : 0;
        EXPECT_NEAR(static_cast<double>(books.by_state[s]), 5'000 * share,
                    5 * std::sqrt(5'000 * std::abs(share)) + 1e-6)
            << look::states[s].status;
    }
}

TEST(thelook_lives, no_updates_leaves_every_order_in_the_first_state)
{
    const auto shop = shop_of({{"order-update-prob", "0"}});
    const auto planner = shop->plan(day_one);
    ledger books(*shop, day_one);
    book(*shop, *planner, books, 5'000);
    EXPECT_EQ(books.by_state[0], 5'000U);
}

TEST(thelook_lives, the_share_of_steps_solves_its_equation)
{
    for (std::int64_t nano = 0; nano <= look::steps_mean_most; nano += look::steps_mean_most / 1'000)
    {
        const double a = look::share_of_steps(nano);
        double mean = 0;
        for (look::state_no s = 1; s < look::states.size(); ++s)
            mean += look::share_of(s, a);
        EXPECT_NEAR(mean, static_cast<double>(nano) / 1e9, 1e-12);
    }
    EXPECT_EQ(look::share_of_steps(look::steps_mean_most), 1.0);
    EXPECT_LT(look::share_of_steps(look::steps_mean_most - 1), 1.0);
}

TEST(thelook_lives, the_mean_number_of_updates_is_what_was_asked_for)
{
    for (const auto& [asked, mean] :
         std::vector<std::pair<std::string_view, double>>{{"0.1", 0.1}, {"0.4", 0.4}, {"1.5", 1.5}})
    {
        const auto shop = shop_of({{"order-update-prob", asked}});
        const auto planner = shop->plan(day_one);
        constexpr std::uint64_t orders = 60'000;
        std::uint64_t updates = 0;
        while (planner->ticks() < orders)
        {
            const auto kind = planner->next().kind;
            updates += is_step(kind) ? 1 : 0;
        }
        // A tick's updates have a standard deviation below 1; those still to come are some thousand of 60,000.
        EXPECT_NEAR(static_cast<double>(updates) / orders, mean, 0.04) << asked;
    }
}

// ---- Filters and seed files

void expect_usage(const given& settings, const std::vector<std::string>& words)
{
    try
    {
        (void)shop_of(settings);
        ADD_FAILURE() << "no error";
    }
    catch (const error& e)
    {
        EXPECT_EQ(e.kind(), error_kind::usage);
        for (const auto& word : words)
            EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << e.what() << " lacks " << word;
    }
}

TEST(thelook_filters, intersect)
{
    const auto shop = shop_of({{"country", "United States"}, {"state", "texas"}, {"user-update-prob", "1"}});
    const auto planner = shop->plan(day_one);
    model::unit unit;
    const auto check = [](std::span<const model::value> row)
    {
        EXPECT_EQ(row[look::users_column::country].text(), "United States");
        EXPECT_EQ(row[look::users_column::state].text(), "Texas");
    };
    shop->initial_rows(look::table::users, day_one, check);
    while (planner->ticks() < 2'000)
    {
        shop->build(planner->next(), unit);
        for (const auto& c : unit.changes)
            if (c.table == look::table::users)
                check(c.after);
    }
}

TEST(thelook_filters, no_match_names_near_matches)
{
    expect_usage({{"country", "Germny"}}, {"--country", "Germny", "Germany"});
    expect_usage({{"state", "Texsa"}}, {"--state", "Texas"});
    expect_usage({{"country", "Brazil"}, {"state", "Texas"}}, {"--state", "in Brazil"});
    expect_usage({{"country", "Germany"}, {"postal-code", "00000"}}, {"--postal-code", "in Germany"});
}

TEST(thelook_seed_files, all_problems_are_told_with_their_place)
{
    auto request = request_of({});
    request.files["products.csv"] = "id,cost,category,name,brand,retail_price,department,sku,distribution_center_id\n"
                                    "1,2.00,A,Name,Brand,\"3,00\",Men,S1,1\n"
                                    "1,5.00,A,Name,Brand,4.00,Women,S1,99\n";
    request.files["names.csv"] = "country,kind,gender,name,ascii,weight\nJapan,first,X,A,a,1\nJapan,last,-,B,B,0\n";
    try
    {
        (void)look::registration().make(request);
        FAIL() << "no error";
    }
    catch (const error& e)
    {
        EXPECT_EQ(e.kind(), error_kind::data);
        std::string all;
        for (const auto& line : e.lines())
            all += line + '\n';
        for (const std::string_view word :
             {"products.csv:2:21: retail_price \"3,00\" is not a number", "products.csv:3:1: id 1 is there twice",
              "sku S1 is there twice", "distribution_center_id 99 is no id", "names.csv:2:7: kind",
              "names.csv:3:16: ascii", "names.csv:3:18: weight", "places.csv:"})
            EXPECT_NE(all.find(word), std::string::npos) << word << " is not in\n" << all;
    }
}

TEST(thelook_seed_files, a_catalogue_of_one_department_and_no_popularity_works)
{
    auto request = request_of({});
    std::string products = "id,cost,category,name,brand,retail_price,department,sku,distribution_center_id\r\n";
    for (int i = 1; i <= 4; ++i)
        products += fmt::format("{0},1.00,C & D,\"N \"\"{0}\"\"\",B,2.50,Kids,S{0},1\r\n", i);
    request.files["products.csv"] = products;
    const auto shop = look::registration().make(request);
    const auto planner = shop->plan(day_one);
    ledger books(*shop, day_one);
    book(*shop, *planner, books, 2'000);
    EXPECT_EQ(books.orders, 2'000U);
    int number = 0;
    shop->fixed_rows(look::table::products, [&](std::span<const model::value> row)
                     { EXPECT_EQ(row[look::products_column::name].text(), fmt::format("N \"{}\"", ++number)); });
    EXPECT_NE(shop->catalogue(), shop_of({})->catalogue());
}

}  // namespace
}  // namespace bazaar::test
