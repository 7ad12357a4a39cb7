// Files of TestDataPy: read as they stand, a construct at a time, and what is wrong with them.

#include "bazaar/scenario/declared/testdatapy.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/io/offered_scenario.hpp"
#include "bazaar/io/scenario_file.hpp"
#include "bazaar/io/yaml.hpp"
#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/render.hpp"
#include "support/places.hpp"

namespace bazaar::io
{
namespace
{

namespace fs = std::filesystem;

std::string bytes_of(const std::string& path)
{
    std::ostringstream all;
    all << std::ifstream(path).rdbuf();
    return all.str();
}

const std::string& example()
{
    static const auto text = bytes_of(test::source_dir() + "/tests/scenarios/testdatapy/ecommerce-correlated.yaml");
    return text;
}

std::string changed(std::string text, const std::string& old, const std::string& other)
{
    const auto at = text.find(old);
    EXPECT_NE(at, text.npos) << old;
    return at == text.npos ? text : text.replace(at, old.size(), other);
}

const std::string goods = "sku,price,parts\nA1,4.99,3\nB2,5.50,1\n";

scenario_file read_theirs(const std::string& text)
{
    return read_scenario_text("theirs.yaml", {{"theirs.yaml", text}, {"goods.csv", goods}});
}

std::string lines_of(const std::vector<std::string>& lines)
{
    return fmt::format("{}", fmt::join(lines, "\n"));
}

/// A row that was planned: its table, its moment, its values.
struct planned_row
{
    std::string table;
    time at;
    nlohmann::json values;
};

std::vector<planned_row> rows_of_theirs(const std::string& text, std::size_t units = 2'000)
{
    const auto folder = fs::temp_directory_path() / fmt::format("theirs-{}", std::hash<std::string>{}(text));
    fs::create_directories(folder);
    std::ofstream(folder / "goods.csv") << goods;
    std::ofstream(folder / "theirs.yaml") << text;
    const auto& of = offered_file((folder / "theirs.yaml").string(), "test");
    fs::remove_all(folder);
    const auto shop = of.make({"main", 1, scenario::settings(of.fields), {}});
    const model::key_codec ids(run_tag("main"), 1, shop->tables());
    const model::renderer print(shop->tables(), shop->kinds(), ids);
    const auto plan = shop->plan(*parse_time("2026-01-01"));
    std::vector<planned_row> all;
    model::unit unit;
    for (std::size_t i = 0; i < units && plan->next_at() < scenario::times_end; ++i)
    {
        const auto d = plan->next();
        shop->build(d, unit);
        for (const auto& one : unit.changes)
        {
            std::string line;
            print.row_json(one.table, d.no, one.after, line);
            auto values = nlohmann::json::parse(line);
            all.push_back(
                {std::string(shop->tables()[one.table].name), d.at, values.contains("row") ? values["row"] : values});
        }
    }
    return all;
}

TEST(theirs, the_example_is_read_as_it_stands)
{
    const auto read = read_theirs(example());
    ASSERT_TRUE(read.spec) << lines_of(read.problems);
    EXPECT_TRUE(read.is_foreign);
    EXPECT_EQ(read.spec->name, "theirs");
    ASSERT_EQ(read.spec->tables.size(), 3U);
    const auto notes = lines_of(read.notes);
    for (const std::string wanted :
         {"theirs.yaml:42:7: note: orders.relationships.customer_id: stays a field of the record",
          "theirs.yaml:44:9: note: orders.relationships.customer_id: Zipf's law runs over the rank of creation",
          "theirs.yaml:60:7: note: payments.relationships.order_id: stays a field of the record",
          "theirs.yaml:62:9: note: payments.relationships.order_id: no row of orders is referred to twice",
          "theirs.yaml:63:9: note: payments.relationships.order_id: is kept:",
          "theirs.yaml:5:5: note: customers: rows go to a table of PostgreSQL"})
        EXPECT_NE(notes.find(wanted), notes.npos) << wanted << "\nprinted\n" << notes;
    EXPECT_FALSE(read_scenario("correlated-ecommerce", "test").is_foreign);
}

/// What is wrong with the payments of a plan: paid twice, later than half an hour, of another amount or of no order.
struct faults_of_payments
{
    int twice = 0, late = 0, other_amounts = 0, of_nothing = 0, payments = 0;
};

faults_of_payments faults_in(const std::vector<planned_row>& rows)
{
    std::map<std::string, const planned_row*> orders;
    std::set<std::string> paid;
    faults_of_payments found;
    for (const auto& row : rows)
    {
        if (row.table == "orders")
            orders.emplace(row.values.at("order_id"), &row);
        if (row.table != "payments")
            continue;
        ++found.payments;
        const auto order = orders.find(row.values.at("order_id"));
        if (order == orders.end())
        {
            ++found.of_nothing;
            continue;
        }
        found.twice += paid.insert(order->first).second ? 0 : 1;
        found.late += row.at - order->second->at > std::chrono::minutes(30) ? 1 : 0;
        found.other_amounts += row.values.at("amount") != order->second->values.at("total_amount") ? 1 : 0;
    }
    return found;
}

TEST(theirs, the_example_has_none_of_their_faults)
{
    const auto rows = rows_of_theirs(example());
    std::map<std::string, int> counts;
    std::map<std::string, int> by_customer;
    for (const auto& row : rows)
    {
        ++counts[row.table];
        if (row.table == "orders")
            ++by_customer[row.values.at("customer_id")];
    }
    EXPECT_EQ(counts["customers"], 100);
    EXPECT_EQ(counts["orders"], 50);
    EXPECT_GE(counts["payments"], 38) << "one that comes before the first order is left out";
    EXPECT_GT(by_customer["CUST_0001"], 8) << "Zipf's law: the oldest has two fifths";
    const auto found = faults_in(rows);
    EXPECT_GE(found.payments, 38);
    EXPECT_EQ(found.twice, 0);
    EXPECT_EQ(found.late, 0);
    EXPECT_EQ(found.other_amounts, 0);
    EXPECT_EQ(found.of_nothing, 0);
}

TEST(theirs, the_limit_of_a_delay_is_kept)
{
    // Orders come in seconds, payments in hours: with the limit only the first of them find an order.
    const auto slow = changed(example(), "rate_per_second: 8", "rate_per_second: 0.005");
    const auto found = faults_in(rows_of_theirs(slow, 300));
    EXPECT_GT(found.payments, 0);
    EXPECT_LT(found.payments, 40);
    EXPECT_EQ(found.late, 0);
    const auto without = changed(slow, "        max_delay_minutes: 30\n", "");
    EXPECT_GT(faults_in(rows_of_theirs(without, 300)).late, 0) << "the control: there would be late ones";
}

TEST(theirs, no_order_is_paid_twice)
{
    // The control draws them as theirs does, with replacement.
    auto evenly = changed(example(), "        recency_bias: true  # Pay recent orders first\n", "");
    evenly = changed(evenly, "        max_delay_minutes: 30\n", "");
    EXPECT_GT(faults_in(rows_of_theirs(evenly)).twice, 0);
    // More payments than orders: each order cannot have its own, and a note says so.
    const auto many = changed(example(), "max_messages: 40", "max_messages: 90");
    EXPECT_NE(lines_of(read_theirs(many).notes).find("rows of orders are referred to more than once"),
              std::string::npos);
    EXPECT_GT(faults_in(rows_of_theirs(many)).payments, 80);
}

TEST(theirs, amounts_are_those_of_the_order_that_is_paid)
{
    const auto drawn = changed(example(),
                               "        type: reference     # Copy from referenced order\n"
                               "        source: orders.total_amount\n        via: order_id\n",
                               "        type: float\n        max: 1000.0\n");
    EXPECT_GT(faults_in(rows_of_theirs(drawn)).other_amounts, 30) << "the control: amounts of their own";
}

struct construct
{
    std::string theirs;  ///< A line of derived_fields, or of relationships.
    std::string ours;    ///< What stands in our file.
};

const std::string shop_head =
    "mappings:\n  labels: {premium: P, regular: R}\n"
    "master_data:\n"
    "  people:\n    kafka_topic: people\n    count: 20\n    id_field: id\n    schema:\n"
    "      id: {type: string, format: 'P{seq:04d}'}\n"
    "      tier: {type: choice, choices: [premium, regular]}\n"
    "      weight: {type: integer, min: 1, max: 9}\n"
    "      since: {type: timestamp}\n"
    "  goods:\n    source: csv\n    file: goods.csv\n    bulk_load: false\n    id_field: sku\n    schema:\n"
    "      sku: {type: string}\n      price: {type: float}\n      parts: {type: integer}\n"
    "transactional_data:\n"
    "  visits:\n    kafka_topic: visits\n    rate_per_second: 5\n    relationships:\n"
    "      person: {references: people.id}\n      good: {references: goods.sku}\n";

const std::vector<construct> fields_of_theirs{
    {"x: {type: uuid}", "x: {pattern: \"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\"}"},
    {"x: {type: integer, min: 2, max: 7}", "x: {int: 2..7}"},
    {"x: {type: integer}", "x: {int: 0..100}"},
    {"x: {type: float, min: 1, max: 2.5}", "x: {decimal: 1.00..2.50, protobuf: {type: double}, avro: {type: double}}"},
    {"x: {type: random_float}", "x: {decimal: 0.00..100.00, "},
    {"x: {type: random_boolean, probability: 0.25}", "x: {chance: 0.25}"},
    {"x: {type: timestamp}", "x: {time: now, as: iso8601}"},
    {"x: {type: timestamp, format: unix}", "x: {time: now, as: seconds}"},
    {"x: {type: timestamp_millis}", "x: {time: {after: = moment - 30m, by: 0s..60m}, as: millis}"},
    {"x: {type: timestamp_millis, offset_minutes_min: 5, offset_minutes_max: 9}",
     "x: {time: {after: = moment, by: 5m..9m}, as: millis}"},
    {"x: {type: timestamp_millis, relative_to_reference: people.since, offset_minutes_min: -9, offset_minutes_max: "
     "-1.5}",
     "x: {time: {before: = person_row.since, by: 1.5m..9m}, as: millis}"},
    {"x: {type: string, initial_value: pending}", "x: pending"},
    {"x: {type: string, initial_value: '7'}", "x: \"7\""},
    {"x: {type: string, initial_value: '= no'}", "x: {is: = '= no'}"},
    {"x: {type: string}", "x: x_value"},
    {"x: {type: string, format: 'V-{seq:06d}'}", "x: {sequence: \"V-{n:06}\"}"},
    {"x: {type: string, format: '{random_letters:2}.{random_digits:3}'}", "x: {pattern: \"[A-Z]{2}\\\\.[0-9]{3}\"}"},
    {"x: {type: faker, method: zipcode}", "x: {fake: postcode}"},
    {"x: {type: faker, method: bothify, text: 'A?-#'}", "x: {pattern: \"A[A-Za-z]-[0-9]\"}"},
    {"x: {type: faker, method: random_int, min: 3, max: 4}", "x: {int: 3..4}"},
    {"x: {type: faker, method: address}", "x: {text: \"{x_street_address}, {x_postcode} {x_city}\"}"},
    {"x: {type: faker, method: date_time_between, start_date: -1w, end_date: +2d}",
     "x: {time: {after: = moment - 7d, by: 0s..9d}}"},
    {"x: {type: choice, choices: [a, b]}", "x: {choice: [a, b]}"},
    {"x: {type: weighted_choice, choices: [a, b], weights: [0.7, 0.3]}", "x: {choice: {a: 0.7, b: 0.3}}"},
    {"x: {type: conditional, condition_field: person, condition_value: P0001, when_true: {type: string, initial_value: "
     "a}, "
     "when_false: {type: string, initial_value: b}}",
     "x: {is: = 'a', when: = person = 'P0001', else: b}"},
    {"x: {type: conditional, condition_field: person, condition_value: P0001, when_false: {type: integer}}",
     "x: {int: 0..100, when: \"= coalesce(not (person = 'P0001'), true)\"}"},
    {"x: {type: conditional, conditions: [{if: 'length(person) > 3', then: long}, {else: short}]}",
     "x: {is: = 'long', when: = length(person) > 3, else: {is: = 'short'}}"},
    {"x: {type: calculated, formula: 'length(person) * 2'}", "x: = length(person) * 2"},
    {"x: {type: template, template: '{person}/{nr}', fields: {nr: {type: integer, min: 1, max: 3}}}",
     "x: {text: \"{person}/{x_nr}\"}"},
    {"x: {type: string, template: 'for {person}'}", "x: {text: \"for {person}\"}"},
    {"x: {type: reference, source: people.tier, via: person}", "x: = person_row.tier"},
    {"x: {type: reference, source: goods.price, via: good}", "x: = good_row.price"},
    {"x: {type: reference, source: people.tier}", "x: = x_row.tier"},
    {"x: {type: reference, source: self.person}", "x: = person"},
    {"x: {type: object, properties: {a: {type: integer}, b: {type: faker, method: city}}}",
     "x: {object: {a: {int: 0..100}, b: {fake: city}}}"},
};

const std::vector<construct> relationships_of_theirs{
    {"x: {references: people.id, distribution: uniform}", "x_row: {to: people}"},
    {"x_id: {references: people.id, distribution: zipf}", "x: {to: people, pick: zipf, alpha: 1.5}"},
    {"x: {references: people.id, distribution: weighted, weight_field: weight}",
     "x_row: {to: people, pick: weighted, by: weight}"},
    {"x: {references: people.id, percentage: 87.5}", "x_row: {to: people, missing: 12.5%}"},
    {"x: {references: people.id, recency_bias: true}", "x_row: {to: people}"},
    {"x: {references: people.tier}", "x: = x_row.tier"},
    {"x: {references: people.id, mapped_field: {source_field: tier, target_field: label, mapping: labels}}",
     "label: {is: = label_found.target}"},
    {"x: {type: array, min_items: 1, max_items: 3, item_schema: {n: {type: integer}, what: {type: string, default: "
     "y}}}",
     "x: {list: {of: {object: {n: {int: 0..100}, what: y}}, times: 1..3}}"},
};

TEST(theirs, each_construct_becomes_one_of_ours_and_is_planned)
{
    std::vector<std::pair<std::string, construct>> all;
    for (const auto& one : fields_of_theirs)
        all.emplace_back(shop_head + "    derived_fields:\n      " + one.theirs + "\n", one);
    for (const auto& one : relationships_of_theirs)
        all.emplace_back(shop_head + "      " + one.theirs + "\n", one);
    for (const auto& [text, one] : all)
    {
        const auto read = read_theirs(text);
        ASSERT_TRUE(read.spec) << one.theirs << "\n" << lines_of(read.problems);
        const auto ours = write_yaml(read.tree);
        EXPECT_NE(ours.find(one.ours), ours.npos) << one.theirs << "\nbecame\n" << ours;
        // What is written is read again as the same.
        const auto again = read_scenario_text("ours.yaml", {{"ours.yaml", ours}, {"goods.csv", goods}});
        EXPECT_TRUE(again.spec) << ours << lines_of(again.problems);
        EXPECT_EQ(write_yaml(again.tree), ours);
        const auto rows = rows_of_theirs(text, 40);
        EXPECT_TRUE(std::ranges::any_of(rows, [](const planned_row& row) { return row.table == "visits"; }))
            << one.theirs;
    }
}

TEST(theirs, what_is_drawn_is_within_its_bounds)
{
    auto text = changed(shop_head, "transactional_data:\n",
                        "  ghosts: {bulk_load: false, schema: {id: {type: uuid}, n: {type: integer}}}\n"
                        "transactional_data:\n") +
                "      ghost: {references: ghosts.id}\n"
                "      maybe: {references: people.id, percentage: 40}\n"
                "      items: {type: array, min_items: 3, max_items: 3, item_schema: {n: {type: integer}}}\n";
    text += "    derived_fields:\n"
            "      told: {type: template, template: '{ghost}'}\n"
            "      n: {type: integer, min: 2, max: 7}\n"
            "      plate: {type: string, format: '{random_letters:2}-{random_digits:3}'}\n"
            "      kind: {type: conditional, condition_field: n, condition_value: 2, when_true: {type: string, "
            "initial_value: low}, "
            "when_false: {type: string, initial_value: other}}\n"
            "      label: {type: template, template: '{plate}:{tier}', fields: {tier: {type: reference, source: "
            "people.tier, via: person}}}\n";
    int missing = 0, rows = 0, alike = 0;
    std::set<std::string> bought;
    for (const auto& row : rows_of_theirs(text, 600))
    {
        if (row.table != "visits")
            continue;
        ++rows;
        const auto n = row.values.at("n").get<int>();
        EXPECT_TRUE(n >= 2 && n <= 7) << row.values;
        EXPECT_EQ(row.values.at("kind"), n == 2 ? "low" : "other");
        const auto plate = row.values.at("plate").get<std::string>();
        EXPECT_EQ(plate.size(), 6U);
        EXPECT_TRUE(row.values.at("label").get<std::string>().starts_with(plate + ":")) << row.values;
        missing += row.values.at("maybe").is_null() ? 1 : 0;
        EXPECT_EQ(row.values.at("told"), row.values.at("ghost")) << "one key, wherever it stands";
        EXPECT_EQ(row.values.at("ghost").get<std::string>().size(), 36U) << row.values;
        // Rows of goods are nowhere; what refers to them has their key all the same.
        bought.insert(row.values.at("good").get<std::string>());
        auto items = row.values.at("items");
        if (items.is_string())
            items = nlohmann::json::parse(items.get<std::string>());
        ASSERT_EQ(items.size(), 3U);
        alike += items[0] == items[1] ? 1 : 0;
    }
    ASSERT_GT(rows, 500);
    EXPECT_EQ(bought, (std::set<std::string>{"A1", "B2"}));
    EXPECT_LT(alike, rows / 20) << "each item is drawn by itself";
    EXPECT_NEAR(static_cast<double>(missing) / rows, 0.6, 0.1);
}

TEST(theirs, that_are_faulty_print_what_they_say_themselves)
{
    int files = 0;
    for (const auto& one : fs::directory_iterator(test::source_dir() + "/tests/scenarios/testdatapy/faulty"))
    {
        ++files;
        const auto file = one.path().string();
        const auto text = bytes_of(file);
        const auto first = text.substr(0, text.find('\n'));
        constexpr std::string_view mark = "# expect: ";
        ASSERT_TRUE(first.starts_with(mark)) << file;
        const auto wanted = fmt::format("{}:{}", file, first.substr(mark.size()));
        const auto read = read_scenario(file, "test");
        EXPECT_FALSE(read.spec) << file;
        EXPECT_NE(std::ranges::find(read.problems, wanted), read.problems.end()) << "wanted " << wanted << "\nprinted\n"
                                                                                 << lines_of(read.problems);
    }
    EXPECT_GE(files, 20);
}

TEST(theirs, mistakes_are_told_all_at_once)
{
    auto text = changed(example(), "count: 100", "count: many");
    text = changed(text, "method: city", "method: town");
    text = changed(text, "references: orders.order_id", "references: order.order_id");
    text = changed(text, "type: float", "type: flot");
    EXPECT_EQ(read_theirs(text).problems.size(), 4U) << lines_of(read_theirs(text).problems);
}

TEST(theirs, are_offered_again_from_the_text_that_a_run_carries)
{
    const auto file = test::source_dir() + "/tests/scenarios/testdatapy/ecommerce-correlated.yaml";
    const auto& of = offered_file(file, "test");
    EXPECT_EQ(of.name, "ecommerce-correlated");
    EXPECT_EQ(&offered_text(of.text), &of);
    const std::vector<scenario::declared::given_setting> given{{"sink", "kafka"}};
    const auto& sent = offered_text(of.text, given);
    EXPECT_EQ(sent.name, of.name);
    EXPECT_TRUE(std::ranges::all_of(sent.tables, [](const model::table& t) { return t.sink == model::target::kafka; }));
    EXPECT_TRUE(
        std::ranges::all_of(of.tables, [](const model::table& t) { return t.sink == model::target::postgres; }));
}

TEST(theirs, may_be_extended_by_a_file_of_ours)
{
    const auto read = read_scenario_text("mine.yaml", {{"mine.yaml", "bazaar: 1\nscenario: mine\nextends: theirs.yaml\n"
                                                                     "tables:\n  orders: {arrives: {rate: 1/s}}\n"},
                                                       {"theirs.yaml", example()}});
    ASSERT_TRUE(read.spec) << lines_of(read.problems);
    EXPECT_EQ(read.spec->name, "mine");
    EXPECT_FALSE(read.is_foreign);
    EXPECT_FALSE(read.notes.empty());
    EXPECT_TRUE(read.notes.front().starts_with("theirs.yaml:")) << read.notes.front();
}

}  // namespace
}  // namespace bazaar::io
