// What the plans of scenario files draw is as the files say; and a plan that draws something else is found, in the line of just that.

#include "bazaar/scenario/declared/conformance.hpp"

#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bazaar/base/error.hpp"
#include "bazaar/io/scenario_file.hpp"
#include "bazaar/scenario/declared/declared.hpp"
#include "support/places.hpp"

namespace bazaar::scenario::declared
{
namespace
{

spec spec_of(const std::string& name)
{
    const auto path = name.find('/') == name.npos ? name : test::source_dir() + '/' + name;
    return io::read_scenario(path, "test").spec.value();
}

conformance judged(const spec& by, const spec& drawn, std::uint64_t units)
{
    conformance_request of;
    of.judged = std::make_shared<const spec>(by);
    of.drawn = std::make_shared<const spec>(drawn);
    of.units = units;
    return judge(of);
}

std::string told(const finding& one)
{
    return fmt::format("{}: {} wished, {} found, {} p {}", one.what, one.wished, one.found, one.test, one.p);
}

std::set<std::string> failing(const conformance& of)
{
    std::set<std::string> made;
    for (const auto& one : of.findings)
        if (one.is == finding::verdict::fails)
            made.insert(one.what);
    return made;
}

const finding& found_in(const conformance& of, const std::string& what)
{
    for (const auto& one : of.findings)
        if (one.what == what)
            return one;
    throw std::runtime_error("no finding " + what);
}

table& table_of(spec& file, const std::string& name)
{
    for (auto& one : file.tables)
        if (one.name == name)
            return one;
    throw std::runtime_error("no table " + name);
}

generator& column_of(spec& file, const std::string& table, const std::string& name)
{
    for (auto& one : table_of(file, table).columns)
        if (one.name == name)
            return one.how;
    throw std::runtime_error("no column " + name);
}

class each_file : public testing::TestWithParam<std::string>
{
};

TEST_P(each_file, draws_what_it_says)
{
    const auto file = spec_of(GetParam());
    const auto found = judged(file, file, 8'000);
    for (const auto& one : found.findings)
        EXPECT_NE(one.is, finding::verdict::fails) << told(one);
    std::size_t tested = 0;
    for (const auto& one : found.findings)
        tested += one.is == finding::verdict::fits ? 1 : 0;
    EXPECT_GE(tested, 7U);
}

INSTANTIATE_TEST_SUITE_P(conformance, each_file,
                         testing::Values("correlated-ecommerce", "river-hotel", "smoothie-shop",
                                         "tests/scenarios/card-payments.yaml", "tests/scenarios/gaming-sessions.yaml",
                                         "tests/scenarios/hospital-admissions.yaml", "tests/scenarios/iot-fleet.yaml",
                                         "tests/scenarios/ride-hailing.yaml"));

/// A plan of something else, and the lines that must tell of it: no other one.
struct control
{
    const char* file;
    const char* what;
    std::function<void(spec&)> alter;
    std::set<std::string> lines;
};

std::vector<control> controls()
{
    return {
        {"correlated-ecommerce",
         "weights",
         [](spec& to) {
             std::get<gen::choice>(column_of(to, "payments", "payment_method").how).weights = {6, 4, 4, 4};
         },
         {"payments.payment_method"}},
        {"correlated-ecommerce",
         "an end of an even distribution",
         [](spec& to) { std::get<gen::even>(column_of(to, "orders", "total_amount").how).of.high = 90'000; },
         {"orders.total_amount"}},
        {"correlated-ecommerce",
         "the exponent of Zipf's law",
         [](spec& to) { table_of(to, "orders").links[0].alpha = 1'350'000; },
         {"orders.customer"}},
        {"correlated-ecommerce",
         "a rate",
         [](spec& to) { table_of(to, "orders").arrives[0].rate = 12'000'000; },
         {"orders arrives gaps"}},
        {"correlated-ecommerce",
         "how much new rows are preferred",
         [](spec& to) { table_of(to, "payments").links[0].bias = 2; },
         {"payments.order"}},
        {"smoothie-shop",
         "a chance",
         [](spec& to)
         {
             std::vector<fault> none;
             std::get<gen::chance>(to.units[0].vars[0].how.how).share = expression::compile("0.36", {}, none).value();
         },
         {"sale.member"}},
        {"smoothie-shop",
         "how many rows a unit has",
         [](spec& to) {
             std::get<gen::choice>(to.units[0].rows[0].times->how).weights = {11, 6, 3};
         },
         {"sale.purchases times"}},
        {"smoothie-shop",
         "how often a window comes",
         [](spec& to) { to.clock.windows[2].chance = 700'000; },
         {"window promotion"}},
        {"smoothie-shop",
         "how long a window lasts",
         [](spec& to) { to.clock.windows[2].lasts.high = 17 * 3'600'000'000LL; },
         {"window promotion lasts"}},
        {"river-hotel",
         "a standard deviation",
         [](spec& to) { std::get<gen::normal>(column_of(to, "clickstream", "event_duration").how).sd = 35'000'000; },
         {"clickstream.event_duration"}},
        {"river-hotel",
         "the rows that are hot",
         [](spec& to) { table_of(to, "clickstream").links[0].rows = 700'000; },
         {"clickstream.customer"}},
    };
}

TEST(conformance, of_another_plan_fails_in_just_that)
{
    for (const auto& one : controls())
    {
        const auto file = spec_of(one.file);
        auto other = file;
        one.alter(other);
        const auto found = judged(file, other, 12'000);
        EXPECT_EQ(failing(found), one.lines)
            << one.file << ": " << one.what << ": " << told(found_in(found, *one.lines.begin()));
    }
}

TEST(conformance, of_other_hours_or_factors_fails_in_its_arrival)
{
    const auto file = spec_of("smoothie-shop");
    const std::vector<std::function<void(spec&)>> alterations{
        [](spec& to) { to.clock.curves[0].hours[12] = 2'200'000; },
        [](spec& to) { to.clock.hours[0].days[2][0].close = 21 * 60; },
        [](spec& to) { to.clock.windows[2].times = 2'000'000; },
    };
    for (std::size_t i = 0; i < alterations.size(); ++i)
    {
        auto other = file;
        alterations[i](other);
        const auto lines = failing(judged(file, other, 20'000));
        EXPECT_FALSE(lines.empty()) << i;
        for (const auto& line : lines)
            EXPECT_TRUE(line.starts_with("sale arrives")) << i << ": " << line;
    }
}

TEST(conformance, of_a_link_that_forgets_its_limits_fails)
{
    const auto file = spec_of("correlated-ecommerce");
    auto other = file;
    other.tables.at(2).links[0].once = false;
    auto lines = failing(judged(file, other, 4'000));
    EXPECT_TRUE(lines.contains("payments.order once")) << lines.size();
    auto strict = file;
    strict.tables.at(2).links[0].within = 60'000'000;
    EXPECT_EQ(found_in(judged(strict, strict, 4'000), "payments.order within").is, finding::verdict::fits);
    lines = failing(judged(strict, file, 4'000));
    EXPECT_TRUE(lines.contains("payments.order within")) << lines.size();
}

TEST(conformance, is_a_function_of_the_request)
{
    const auto file = spec_of("correlated-ecommerce");
    const auto one = judged(file, file, 2'000);
    const auto two = judged(file, file, 2'000);
    ASSERT_EQ(one.findings.size(), two.findings.size());
    for (std::size_t i = 0; i < one.findings.size(); ++i)
        EXPECT_EQ(told(one.findings[i]), told(two.findings[i]));
}

// --- What is promised of the shipped files

/// The smoothie shop's promises, of which each is a line of the report.
TEST(promises, of_the_smoothie_shop_are_kept)
{
    const auto file = spec_of("smoothie-shop");
    const auto found = judged(file, file, 60'000);
    EXPECT_EQ(found_in(found, "sale arrives when closed").found, "0 times");
    EXPECT_GT(found_in(found, "sale arrives by hour").p, 0.01);
    EXPECT_GT(found_in(found, "sale arrives by day").p, 0.01);
    EXPECT_GT(found_in(found, "purchases.product").p, 0.01);
    const auto factor = [](const conformance& of)
    { return std::stod(found_in(of, "sale arrives in promotion").found); };
    EXPECT_NEAR(factor(found), 3, 0.1);
    // The negative controls.
    auto other = file;
    other.clock.windows[2].times = 2'750'000;
    EXPECT_GT(std::abs(factor(judged(file, other, 60'000)) - 3), 0.1);
    other = file;
    for (auto& day : other.clock.hours[0].days)
        day[0].open -= 30;
    EXPECT_NE(found_in(judged(file, other, 2'000), "sale arrives when closed").found, "0 times");
}

/// What payments of the correlated shop do wrong.
struct payment_faults
{
    std::uint64_t payments = 0;
    std::uint64_t late = 0;
    std::uint64_t doubled = 0;
    std::uint64_t other_amount = 0;
};

payment_faults faults_of(spec file, std::uint64_t units)
{
    for (auto& one : file.tables)
        for (auto& arrives : one.arrives)
            arrives.max.reset();
    const auto shared = std::make_shared<const spec>(file);
    const setting_fields fields(*shared);
    const auto shop = make(shared, {.run = "main", .seed = 5, .configuration = settings(fields.all()), .files = {}});
    const auto tables = shop->tables();
    const auto column = [&](std::uint8_t table, std::string_view name)
    { return model::column_number(tables[table], name); };
    constexpr std::uint8_t orders = 1;
    constexpr std::uint8_t payments = 2;
    const auto plan = shop->plan(time{1'767'225'600'000'000});
    std::map<std::uint64_t, std::pair<std::int64_t, std::int64_t>> known;
    std::set<std::uint64_t> paid;
    payment_faults made;
    model::unit unit;
    for (std::uint64_t i = 0; i < units; ++i)
    {
        shop->build(plan->next(), unit);
        for (const auto& change : unit.changes)
            if (change.table == orders)
                known[change.after[column(orders, "order_id")].row().row] = {
                    unit.decision.at.us, change.after[column(orders, "total_amount")].integer()};
            else if (change.table == payments)
            {
                const auto order = change.after[column(payments, "order_id")].row().row;
                const auto& [at, amount] = known.at(order);
                ++made.payments;
                made.late += unit.decision.at.us - at > 30 * 60'000'000LL ? 1 : 0;
                made.doubled += paid.insert(order).second ? 0 : 1;
                made.other_amount += change.after[column(payments, "amount")].integer() == amount ? 0 : 1;
            }
    }
    return made;
}

TEST(promises, of_the_correlated_shop_are_kept)
{
    const auto file = spec_of("correlated-ecommerce");
    ASSERT_EQ(file.tables.at(1).name, "orders");
    ASSERT_EQ(file.tables.at(2).name, "payments");
    // 18 a second: more than an hour.
    const auto kept = faults_of(file, 70'000);
    EXPECT_GT(kept.payments, 25'000U);
    EXPECT_EQ(kept.late, 0U);
    EXPECT_EQ(kept.doubled, 0U);
    EXPECT_EQ(kept.other_amount, 0U);
    // The negative controls.
    auto other = file;
    other.tables[2].links[0].within = 60 * 60'000'000LL;
    EXPECT_GT(faults_of(other, 70'000).late, 0U);
    other = file;
    other.tables[2].links[0].once = false;
    EXPECT_GT(faults_of(other, 5'000).doubled, 0U);
    other = file;
    column_of(other, "payments", "amount") = column_of(other, "orders", "total_amount");
    EXPECT_GT(faults_of(other, 5'000).other_amount, 0U);
}

}  // namespace
}  // namespace bazaar::scenario::declared
