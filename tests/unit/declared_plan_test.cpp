// What scenario files can say, a construct at a time: what comes when, which rows are linked, how rows change and go.

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bazaar/base/time.hpp"
#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/render.hpp"
#include "bazaar/scenario/state.hpp"
#include "declared_rows.hpp"
#include "declared_spec.hpp"

namespace bazaar::scenario::declared
{
namespace
{

const time plan_start{parse_time("2026-01-01T00:00:00Z")->us};
constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t minute_us_of_plan = 60 * second_us;

/// Customers of T0 and orders that come.
spec customers_and_orders(std::uint64_t customers = 100)
{
    spec_by_hand to("orders");
    const auto people = to.add_table("customers", key::form::sequence);
    auto& keys = to.file.tables[people].keys;
    keys.prefix = "C";
    keys.digits = 6;
    keys.first = 100'001;
    to.add_column(people, "id", text_type, "character varying(7)", model::type::ref);
    to.text_column(people, "name").how = {.how = gen::pattern{{{"ABCDEFGH", 3, 5}}}, .type = text_type};
    to.file.tables[people].seed = to.over_settings(std::to_string(customers));
    const auto orders = to.add_table("orders");
    to.uuid_column(orders, "id");
    to.add_column(orders, "customer_id", text_type, "character varying(7)", model::type::ref);
    to.money_column(orders, "total").how = {.how = gen::even{{1'000, 99'999}}, .type = number_type(2)};
    to.text_column(orders, "label");
    to.time_column(orders, "ordered_at").how.how = gen::now{};
    to.add_link(orders, "customer", people);
    to.refer(orders, "customer_id", "customer.id");
    to.at(orders, "label").how = computed(to.template_of(orders, "for {customer.name} {customer.id}"));
    auto& arrives = to.file.tables[orders].arrives.emplace_back();
    arrives.rate = 1'000'000;
    return to.file;
}
enum orders_table : item_no
{
    people_table,
    orders_table_,
    payments_table,
};

/// Payments of young orders, each once.
spec with_payments(link::way pick, std::int64_t within, bool once)
{
    spec_by_hand to("orders");
    to.file = customers_and_orders();
    const auto payments = to.add_table("payments");
    to.uuid_column(payments, "id");
    to.add_column(payments, "order_id", text_type, "uuid", model::type::ref);
    to.money_column(payments, "amount");
    to.time_column(payments, "paid_at").how.how = gen::now{};
    auto& link = to.add_link(payments, "order", orders_table_, pick);
    link.within = within;
    link.once = once;
    to.refer(payments, "order_id", "order.id");
    to.set(payments, "amount", "order.total");
    auto& arrives = to.file.tables[payments].arrives.emplace_back();
    arrives.rate = 800'000;
    return to.file;
}

std::string plan_text(const scenario& shop, const model::unit& unit)
{
    const model::key_codec keys(run_tag("main"), 7, shop.tables());
    std::string text;
    model::renderer(shop.tables(), shop.kinds(), keys).text(unit, text);
    return text;
}

/// Units of a plan that insert into a table, up to a moment or a number.
template <typename See>
void each_row(const scenario& shop, std::string_view table, std::size_t units, const See& see)
{
    const auto plan = shop.plan(plan_start);
    model::unit unit;
    for (std::size_t i = 0; i < units && plan->next_at() < times_end; ++i)
    {
        const auto d = plan->next();
        shop.build(d, unit);
        for (const auto& one : unit.changes)
            if (shop.tables()[one.table].name == table && one.what == model::op::insert)
                see(d, one);
    }
}

TEST(DeclaredPlan, ACountIsExact)
{
    for (const bool even : {false, true})
        for (const std::uint64_t wanted : {0U, 1U, 400U})
        {
            spec_by_hand to("orders");
            to.file = customers_and_orders();
            to.duration_setting("history", "30d");
            auto& clock = to.file.clock;
            clock.stages.push_back({"quiet", to.over_settings("1d")});
            clock.stages.push_back({"history", to.over_settings("history")});
            clock.stages.push_back({"live", std::nullopt});
            auto& arrives = to.file.tables[orders_table_].arrives;
            arrives[0] = {.is = arrival::form::count,
                          .stages = {1},
                          .count = to.over_settings(std::to_string(wanted)),
                          .even = even};
            const made_scenario made(to.file);
            std::vector<std::int64_t> times;
            each_row(*made.shop, "orders", 1'000,
                     [&](const model::decision& d, const model::change&) { times.push_back(d.at.us - plan_start.us); });
            ASSERT_EQ(times.size(), wanted);
            constexpr std::int64_t day = 86'400 * second_us;
            for (const auto at : times)
            {
                EXPECT_GE(at, day);
                EXPECT_LT(at, 31 * day);
            }
            if (wanted < 400)
                continue;
            // A third of the time has a third of them.
            const auto early = std::ranges::count_if(times, [](std::int64_t at) { return at < 11 * day; });
            EXPECT_NEAR(static_cast<double>(early), 400.0 / 3, even ? 1.5 : 35);
            if (even)
            {
                EXPECT_NEAR(static_cast<double>(times[1] - times[0]), 30.0 * static_cast<double>(day) / 400, 1e6);
            }
        }
}

TEST(DeclaredPlan, ArrivalsHaveTheirRateAndAnEnd)
{
    spec_by_hand to("orders");
    to.file = customers_and_orders();
    to.file.tables[orders_table_].arrives[0].max = to.over_settings("5000");
    const made_scenario made(to.file);
    const auto plan = made.shop->plan(plan_start);
    std::uint64_t orders = 0;
    time last{};
    while (plan->next_at() < times_end)
    {
        const auto d = plan->next();
        EXPECT_GE(d.at, last);
        last = d.at;
        orders += d.kind == 1 ? 1 : 0;
    }
    EXPECT_EQ(orders, 5'000);
    EXPECT_NEAR(static_cast<double>(last.us - plan_start.us) / second_us, 5'000, 250);
    EXPECT_THROW(static_cast<void>(plan->next()), plan_over);
}

TEST(DeclaredPlan, TiesGoByTheOrderOfTheFile)
{
    spec_by_hand to("orders");
    to.file = with_payments(link::way::uniform, 0, false);
    for (auto& one : to.file.tables)
        for (auto& arrives : one.arrives)
            arrives = {.is = arrival::form::every, .gap = {minute_us_of_plan, minute_us_of_plan}};
    const made_scenario made(to.file);
    const auto plan = made.shop->plan(plan_start);
    static_cast<void>(plan->next());
    for (int i = 0; i < 50; ++i)
    {
        const auto order = plan->next();
        const auto payment = plan->next();
        EXPECT_EQ(made.shop->kinds()[order.kind].name, "orders");
        EXPECT_EQ(made.shop->kinds()[payment.kind].name, "payments");
        EXPECT_EQ(payment.at - order.at, microseconds(1));
    }
}

TEST(DeclaredPlan, ZipfHasItsExponent)
{
    spec_by_hand to("orders");
    to.file = customers_and_orders(1'000);
    auto& link = to.file.tables[orders_table_].links[0];
    link.pick = link::way::zipf;
    link.alpha = 1'500'000;
    const made_scenario made(to.file);
    std::map<std::uint64_t, double> hits;
    constexpr std::size_t draws = 60'000;
    each_row(*made.shop, "orders", draws + 2,
             [&](const model::decision&, const model::change& c) { ++hits[c.after[1].row().row]; });
    double norm = 0;
    for (int k = 1; k <= 1'000; ++k)
        norm += std::pow(k, -1.5);
    for (const std::uint64_t rank : {1U, 2U, 3U, 10U})
    {
        const auto wished = static_cast<double>(draws) * std::pow(rank, -1.5) / norm;
        EXPECT_NEAR(hits[rank - 1], wished, 4 * std::sqrt(wished)) << rank;
    }
}

TEST(DeclaredPlan, ALinkedRowIsThereAndMadeAgain)
{
    const made_scenario made(with_payments(link::way::recent, 0, false));
    std::map<std::uint64_t, std::pair<unit_no, std::int64_t>> orders;
    std::size_t payments = 0;
    const auto plan = made.shop->plan(plan_start);
    model::unit unit;
    for (int i = 0; i < 20'000; ++i)
    {
        const auto d = plan->next();
        made.shop->build(d, unit);
        for (const auto& one : unit.changes)
            if (made.shop->tables()[one.table].name == "orders")
                orders[one.after[0].row().row] = {d.no, one.after[2].integer()};
            else if (made.shop->tables()[one.table].name == "payments")
            {
                const auto order = one.after[1].row();
                ASSERT_TRUE(orders.contains(order.row));
                EXPECT_EQ(order.unit, orders[order.row].first);
                EXPECT_EQ(one.after[2].integer(), orders[order.row].second);
                EXPECT_TRUE(std::find(d.after.begin(), d.after.begin() + d.after_count, order.unit) !=
                            d.after.begin() + d.after_count);
                ++payments;
            }
    }
    EXPECT_GT(payments, 8'000);
}

/// What payments do with orders: how late they come at most, in microseconds, and how often one is paid at most.
std::pair<std::int64_t, int> latest_and_most(const spec& file, std::int64_t shift_at = -1)
{
    const made_scenario made(file);
    std::map<std::uint64_t, std::pair<std::int64_t, int>> orders;
    std::int64_t latest = 0;
    int most = 0;
    const auto plan = made.shop->plan(plan_start);
    model::unit unit;
    for (std::int64_t i = 0; i < 20'000 && plan->next_at() < times_end; ++i)
    {
        if (i == shift_at)
            plan->apply({.unit = plan->next_no(),
                         .what = model::control::kind::shift,
                         .value = 31 * minute_us_of_plan,
                         .at = {}});
        const auto d = plan->next();
        made.shop->build(d, unit);
        for (const auto& one : unit.changes)
            if (made.shop->tables()[one.table].name == "orders")
                orders[one.after[0].row().row] = {d.at.us, 0};
            else if (made.shop->tables()[one.table].name == "payments")
            {
                auto& [at, times] = orders[one.after[1].row().row];
                latest = std::max(latest, d.at.us - at);
                most = std::max(most, ++times);
            }
    }
    return {latest, most};
}

TEST(DeclaredPlan, AMaximalDelayAndOnceAreKept)
{
    const auto limit = 2 * minute_us_of_plan;
    for (const auto pick : {link::way::recent, link::way::uniform})
        for (const std::int64_t shift : {-1, 5'000})
        {
            const auto [latest, most] = latest_and_most(with_payments(pick, limit, true), shift);
            EXPECT_LE(latest, limit);
            EXPECT_GT(latest, limit / 2);
            EXPECT_EQ(most, 1);
        }
    const auto [latest, most] = latest_and_most(with_payments(link::way::uniform, 0, false));
    EXPECT_GT(latest, limit);
    EXPECT_GT(most, 1);
}

TEST(DeclaredPlan, NextTakesTheOldestFirst)
{
    const made_scenario made(with_payments(link::way::next, 0, true));
    std::uint64_t next = 0;
    each_row(*made.shop, "payments", 5'000,
             [&](const model::decision&, const model::change& c) { EXPECT_EQ(c.after[1].row().row, next++); });
    EXPECT_GT(next, 1'000);
}

/// Hotels whose occupancy changes, and customers who leave.
spec changing()
{
    spec_by_hand to("orders");
    to.file = customers_and_orders(600);
    auto& people = to.file.tables[people_table];
    to.add_column(people_table, "points", number_type(), "bigint", model::type::int64).nullable = true;
    to.at(people_table, "points").how.missing = whole_share;
    to.time_column(people_table, "updated_at").how.how = gen::now{};
    people.version = to.number_of(people_table, "updated_at");
    auto& rewards = people.changes.emplace_back();
    rewards.name = "rewards";
    rewards.pick.to = people_table;
    rewards.arrives.push_back({.is = arrival::form::every, .gap = {second_us, 3 * second_us}});
    static_cast<void>(to.names_of(rewards, people_table));
    rewards.set.push_back(
        {to.number_of(people_table, "points"), {.how = gen::even{{100, 2'000}}, .type = number_type()}});
    auto& leaves = people.changes.emplace_back();
    leaves.name = "leaves";
    leaves.pick.to = people_table;
    leaves.erase = true;
    leaves.arrives.push_back({.is = arrival::form::every, .gap = {10 * second_us, 30 * second_us}});
    static_cast<void>(to.names_of(leaves, people_table));
    to.file.tables[orders_table_].foreign_keys = false;
    return to.file;
}

TEST(DeclaredPlan, RowsChangeAndGoAsTheyStood)
{
    const made_scenario made(changing());
    row_keeper keeper(*made.shop);
    const auto plan = made.shop->plan(plan_start);
    model::unit unit;
    for (int i = 0; i < 12'000 && !::testing::Test::HasFailure(); ++i)
    {
        const auto d = plan->next();
        made.shop->build(d, unit);
        keeper.see(unit);
        for (const auto& one : unit.changes)
            if (made.shop->tables()[one.table].name == "orders")
            {
                EXPECT_TRUE(keeper.has(people_table, one.after[1].row().row)) << "an order of one who has left";
            }
    }
    EXPECT_GT(keeper.seen(model::op::update), 1'000);
    EXPECT_GT(keeper.seen(model::op::erase), 100);
}

/// Orders with a life.
spec living()
{
    spec_by_hand to("orders");
    to.file = customers_and_orders();
    auto& orders = to.file.tables[orders_table_];
    to.text_column(orders_table_, "status");
    to.time_column(orders_table_, "shipped_at").nullable = true;
    to.at(orders_table_, "shipped_at").how.missing = whole_share;
    to.time_column(orders_table_, "updated_at").how.how = gen::now{};
    orders.version = to.number_of(orders_table_, "updated_at");
    auto& life = orders.life.emplace();
    life.column = to.number_of(orders_table_, "status");
    life.states.resize(4);
    life.states[0] = {"open",
                      {{.to = 1,
                        .chance = 700'000,
                        .after = {second_us, 10 * second_us},
                        .stamp = to.number_of(orders_table_, "shipped_at")},
                       {.to = 2, .chance = 200'000, .after = {second_us, 5 * second_us}}}};
    life.states[1] = {"shipped", {{.to = 3, .after = {2 * second_us, 4 * second_us}}}};
    life.states[2] = {"cancelled", {}};
    life.states[3] = {"delivered", {}};
    life.removed_from = 2;
    life.removed_after = minute_us_of_plan;
    return to.file;
}

TEST(DeclaredPlan, ALifeGoesItsWay)
{
    const made_scenario made(living());
    row_keeper keeper(*made.shop);
    const auto plan = made.shop->plan(plan_start);
    model::unit unit;
    std::map<std::string, int> steps;
    for (int i = 0; i < 20'000 && !::testing::Test::HasFailure(); ++i)
    {
        const auto d = plan->next();
        made.shop->build(d, unit);
        keeper.see(unit);
        ++steps[std::string(made.shop->kinds()[d.kind].name)];
    }
    const double orders = steps["orders"];
    EXPECT_GT(orders, 5'000);
    EXPECT_NEAR(steps["orders_open_shipped"] / orders, 0.7, 0.03);
    EXPECT_NEAR(steps["orders_open_cancelled"] / orders, 0.2, 0.03);
    EXPECT_NEAR(steps["orders_shipped_delivered"] / orders, 0.7, 0.03);
    EXPECT_NEAR(steps["orders_removed"] / orders, 0.2, 0.03);
}

TEST(DeclaredPlan, EachConstructIsSavedAndLoaded)
{
    for (const auto& file : {changing(), living(), with_payments(link::way::recent, 2 * minute_us_of_plan, true),
                             with_payments(link::way::next, 0, true), with_payments(link::way::uniform, 0, true)})
    {
        const made_scenario made(file);
        const auto plan = made.shop->plan(plan_start);
        for (int i = 0; i < 3'000; ++i)
            static_cast<void>(plan->next());
        std::vector<std::byte> bytes;
        state_writer to(bytes);
        plan->save(to);
        const auto loaded = made.shop->plan(plan_start);
        state_reader from(bytes);
        ASSERT_TRUE(loaded->load(from));
        model::unit a;
        model::unit b;
        for (int i = 0; i < 2'000; ++i)
        {
            made.shop->build(plan->next(), a);
            made.shop->build(loaded->next(), b);
            ASSERT_EQ(plan_text(*made.shop, a), plan_text(*made.shop, b));
        }
        EXPECT_EQ(plan->digest(), loaded->digest());
    }
}

TEST(DeclaredPlan, WhatCannotBePlannedIsToldAtOnce)
{
    auto file = changing();
    file.tables[orders_table_].children.push_back(people_table);
    spec_by_hand to("orders");
    to.file = file;
    auto& change = to.file.tables[people_table].changes[0];
    const auto names = to.names_of(change, people_table);
    change.set[0] = {to.number_of(people_table, "name"),
                     computed(spec_by_hand::compiled("concat(name, 'a')", names, false))};
    try
    {
        const made_scenario made(to.file);
        FAIL() << "nothing was said";
    }
    catch (const error& wrong)
    {
        const std::string text = wrong.what();
        EXPECT_NE(text.find("orders.children"), std::string::npos) << text;
        EXPECT_NE(text.find("customers.changes.rewards.set.name: a text that is set is made of columns that stay"),
                  std::string::npos)
            << text;
    }
}

}  // namespace
}  // namespace bazaar::scenario::declared
