#pragma once

#include "declared_spec.hpp"

namespace bazaar::scenario::declared
{

/// The numbers of the smoothie shop's tables and units.
enum smoothie_table : item_no
{
    products,
    purchases,
    stockings,
    lost_sales,
};

inline void add_menu(spec_by_hand& to)
{
    auto& menu = to.file.lists.emplace_back();
    menu.name = "menu";
    menu.is_file = true;
    menu.columns = {{"id", text_type},         {"category", text_type},      {"cogs", number_type(2)},
                    {"price", number_type(2)}, {"inventory", number_type()}, {"weight", number_type()},
                    {"caffeine", truth_type}};
    for (int i = 0; i < 9; ++i)
        for (const auto& text :
             {fmt::format("CS{:02}", i), std::string(i < 3 ? "Superfoods Smoothies" : "Classic Smoothies"),
              fmt::format("{}.50", 1 + i % 3), fmt::format("{}.99", 4 + i), fmt::format("{}", 20 + i),
              fmt::format("{}", i + 1), std::string(i % 2 == 0 ? "true" : "false")})
            menu.cells.push_back(text);
}

inline void add_smoothie_tables(spec_by_hand& to)
{
    to.add_table("products", key::form::listed);
    to.add_table("purchases");
    to.add_table("stockings");
    to.add_table("lost_sales");
    auto& list = to.file.tables[products];
    list.to.kafka = true;
    list.topic.inserts_only = true;
    list.keys.list = 0;
    list.rows_of = 0;
    list.seed = to.over_settings("9");
    to.add_column(products, "product_id", text_type, "character varying(8)", model::type::ref);
    to.text_column(products, "category");
    to.money_column(products, "cogs");
    to.money_column(products, "price");
    to.whole_column(products, "opening");
    to.whole_column(products, "inventory").how.how = gen::counter{};
    to.truth_column(products, "caffeine");
    to.whole_column(products, "weight");
    to.time_column(products, "updated_at").how.how = gen::now{};
    list.version = to.number_of(products, "updated_at");
    to.file.tables[purchases].to.kafka = true;
    to.file.tables[stockings].to.kafka = true;
    auto& product = to.add_link(purchases, "product", products, link::way::weighted);
    product.by = to.number_of(products, "weight");
    to.add_link(stockings, "product", products, link::way::cause);
    to.add_link(lost_sales, "product", products, link::way::cause);
    to.uuid_column(purchases, "purchase_id");
    to.time_column(purchases, "transaction_time").how.how = gen::now{};
    to.whole_column(purchases, "transaction_id");
    to.add_column(purchases, "product_id", text_type, "character varying(8)", model::type::ref);
    to.money_column(purchases, "price");
    to.whole_column(purchases, "quantity").how = choice_of({{"1", 24}, {"2", 5}, {"3", 1}});
    to.truth_column(purchases, "is_member");
    to.truth_column(purchases, "add_supplements");
    to.money_column(purchases, "total_purchase");
    to.money_column(purchases, "profit").in = outlet::postgres;
    to.uuid_column(stockings, "stocking_id");
    to.time_column(stockings, "event_time").how.how = gen::now{};
    to.add_column(stockings, "product_id", text_type, "character varying(8)", model::type::ref);
    for (const auto* name : {"existing_level", "stock_quantity", "new_level"})
        to.whole_column(stockings, name);
    to.uuid_column(lost_sales, "lost_id");
    to.time_column(lost_sales, "lost_at").how.how = gen::now{};
    to.add_column(lost_sales, "product_id", text_type, "character varying(8)", model::type::ref);
    to.whole_column(lost_sales, "wanted");
    to.whole_column(lost_sales, "available");
}

inline void add_smoothie_clock(spec_by_hand& to)
{
    auto& clock = to.file.clock;
    clock.zone_name = "America/New_York";
    clock.zone_rule = "EST5EDT,M3.2.0,M11.1.0";
    clock.stages.push_back({"history", to.over_settings("history")});
    clock.stages.push_back({"live", std::nullopt});
    auto& hours = clock.hours.emplace_back();
    hours.name = "shop";
    for (std::size_t day = 0; day < 7; ++day)
        hours.days[day].push_back(day == 5   ? opening{9 * 60, 20 * 60}
                                  : day == 6 ? opening{10 * 60, 18 * 60}
                                             : opening{8 * 60, 20 * 60});
    auto& curve = clock.curves.emplace_back();
    curve.name = "demand";
    curve.days = {800'000, 800'000, 900'000, 1'000'000, 1'300'000, 1'400'000, 900'000};
    curve.hours.fill(1'000'000);
    curve.hours[12] = 1'600'000;
    constexpr std::int64_t hour = 3'600'000'000;
    clock.windows.push_back({"outage", 90 * 24 * hour, 500'000, {hour, 3 * hour}, 0, {}});
    clock.windows.push_back({"promotion", 14 * 24 * hour, 600'000, {6 * hour, 18 * hour}, 3'000'000, {}});
    clock.windows.push_back({"strike", 45 * 24 * hour, 600'000, {12 * hour, 36 * hour}, std::nullopt, {}});
}

inline void add_smoothie_units(spec_by_hand& to)
{
    auto& sale = to.file.units.emplace_back();
    sale.name = "sale";
    auto& arrives = sale.arrives.emplace_back();
    arrives.is = arrival::form::every;
    arrives.gap = {60'000'000, 240'000'000};
    arrives.speed = to.over_settings("pace");
    arrives.hours = 0;
    arrives.curve = 0;
    arrives.windows = {0, 1};
    const auto known = to.names_of(sale);
    sale.vars.push_back(
        {"member", {.how = gen::chance{spec_by_hand::compiled("member-share", known, false)}, .type = truth_type}});
    to.file.units.emplace_back().name = "restocking";
}

inline void fill_smoothies(spec_by_hand& to)
{
    for (const auto* name : {"category", "cogs", "price", "caffeine", "weight"})
        to.set(products, name, std::string("menu.") + name);
    to.set(products, "opening", "menu.inventory");
    to.at(products, "inventory").how.how = gen::counter{to.of(products, "menu.inventory")};
    to.add_var(purchases, "supplement",
               {.how = gen::chance{to.of(purchases, "if(product.category = 'Superfoods Smoothies', 0.5, 0.2)")},
                .type = truth_type});
    to.set(purchases, "transaction_id", "sale.number");
    to.refer(purchases, "product_id", "product.product_id");
    to.set(purchases, "price", "product.price");
    to.set(purchases, "is_member", "sale.member");
    to.set(purchases, "add_supplements", "supplement");
    to.set(purchases, "total_purchase",
           "round(quantity * (price + if(supplement, 1.99, 0)) * (1 - if(sale.member, 0.10, 0)), 2)");
    to.set(purchases, "profit", "total_purchase - quantity * product.cogs");
    to.refer(stockings, "product_id", "product.product_id");
    to.set(stockings, "existing_level", "before(product.inventory)");
    to.set(stockings, "stock_quantity", "restock");
    to.set(stockings, "new_level", "product.inventory");
    to.line_of(purchases);
    to.refer(lost_sales, "product_id", "product.product_id");
    to.set(lost_sales, "wanted", "line.quantity");
    to.set(lost_sales, "available", "product.inventory");
    to.line_of(no_item);
}

/// YASDG's shop with nine products.
inline spec smoothies()
{
    spec_by_hand to("smoothie-shop");
    to.duration_setting("history", "7d");
    to.number_setting("pace", "1", 2, true);
    to.number_setting("member-share", "0.30", 2, true);
    to.number_setting("min-stock", "10");
    to.number_setting("restock", "15", 0, true);
    to.duration_setting("delivery", "1h");
    add_menu(to);
    add_smoothie_tables(to);
    add_smoothie_clock(to);
    add_smoothie_units(to);
    fill_smoothies(to);
    auto& line = to.file.units[0].rows.emplace_back();
    line.table = purchases;
    line.times = choice_of({{"1", 13}, {"2", 5}, {"3", 2}});
    line.times_most = 3;
    line.distinct = 0;
    line.when_short = row_step::shortage::table;
    line.short_to = lost_sales;
    const auto inventory = to.number_of(products, "inventory");
    line.moves.push_back({.put = false, .link = 0, .counter = inventory, .amount = to.of(purchases, "quantity")});
    auto& restocking = to.file.units[1];
    auto& follows = restocking.follows.emplace();
    follows.is = follow::form::low;
    follows.of = products;
    follows.counter = inventory;
    follows.at = to.over_settings("min-stock");
    follows.after_setting = to.over_settings("delivery / pace");
    follows.waits = 2;
    auto& stocked = restocking.rows.emplace_back();
    stocked.table = stockings;
    stocked.moves.push_back({.put = true, .link = 0, .counter = inventory, .amount = to.of(stockings, "restock")});
    return to.file;
}

}  // namespace bazaar::scenario::declared
