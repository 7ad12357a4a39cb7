// What the generators of scenario files make: right shares and bounds, texts that agree, the same on every machine.

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bazaar/base/time.hpp"
#include "declared_spec.hpp"

namespace bazaar::scenario::declared
{
namespace
{

const time values_start{parse_time("2026-06-01T00:00:00Z")->us};

/// A table of one column besides its key.
class one_column
{
public:
    one_column(value_type type, const std::string& sql_type, model::type stored, std::uint8_t scale = 0)
    {
        to.add_table("things");
        to.uuid_column(0, "id");
        to.add_column(0, "made", type, sql_type, stored, scale).nullable = true;
        to.file.tables[0].arrives.push_back({.is = arrival::form::every, .gap = {1'000'000, 1'000'000}});
    }

    [[nodiscard]] generator& how() { return to.at(0, "made").how; }

    /// Calls `see(value)` for so many rows.
    template <typename See>
    void each(std::size_t rows, const See& see) const
    {
        const made_scenario made(to.file);
        const auto plan = made.shop->plan(values_start);
        model::unit unit;
        for (std::size_t i = 0; i < rows; ++i)
        {
            made.shop->build(plan->next(), unit);
            see(unit.changes.at(0).after[1]);
        }
    }

    /// Mean and standard deviation of numbers.
    [[nodiscard]] std::pair<double, double> spread(std::size_t rows, double unit) const
    {
        double sum = 0;
        double squares = 0;
        each(rows,
             [&](const model::value& v)
             {
                 const auto x = static_cast<double>(v.integer()) * unit;
                 sum += x;
                 squares += x * x;
             });
        const auto mean = sum / static_cast<double>(rows);
        return {mean, std::sqrt(squares / static_cast<double>(rows) - mean * mean)};
    }

    [[nodiscard]] std::vector<std::string> texts(std::size_t rows) const
    {
        std::vector<std::string> all;
        each(rows, [&](const model::value& v) { all.emplace_back(v.null() ? "NULL" : v.text()); });
        return all;
    }

    spec_by_hand to{"things"};
};

one_column number_column(std::uint8_t scale = 0)
{
    return {number_type(scale), "numeric(12,2)", scale == 0 ? model::type::int64 : model::type::decimal, scale};
}

one_column word_column()
{
    return {text_type, "text", model::type::text};
}

TEST(DeclaredValues, NumbersHaveTheirDistribution)
{
    auto whole = number_column();
    whole.how().how = gen::even{{1, 6}};
    std::map<std::int64_t, int> faces;
    whole.each(12'000, [&](const model::value& v) { ++faces[v.integer()]; });
    ASSERT_EQ(faces.size(), 6);
    for (const auto& [face, count] : faces)
        EXPECT_NEAR(count, 2'000, 180) << face;

    auto normal = number_column(2);
    normal.how().how = gen::normal{200'000'000, 25'000'000, std::nullopt};
    const auto [mean, sd] = normal.spread(10'000, 0.01);
    EXPECT_NEAR(mean, 200, 1);
    EXPECT_NEAR(sd, 25, 0.8);

    auto clamped = number_column();
    clamped.how().how = gen::normal{200'000'000, 100'000'000, range{125'000'000, 400'000'000}};
    clamped.each(2'000, [](const model::value& v) { EXPECT_TRUE(v.integer() >= 125 && v.integer() <= 400); });

    auto waits = number_column(2);
    waits.how().how = gen::exponential{50'000'000, std::nullopt};
    EXPECT_NEAR(waits.spread(10'000, 0.01).first, 50, 2);

    auto wide = number_column(2);
    wide.how().how = gen::lognormal{100'000'000, 500'000, std::nullopt};
    int above = 0;
    wide.each(10'000, [&](const model::value& v) { above += v.integer() > 100'00 ? 1 : 0; });
    EXPECT_NEAR(above, 5'000, 200);
    EXPECT_NEAR(wide.spread(10'000, 0.01).first, 100 * std::exp(0.125), 3);
}

TEST(DeclaredValues, WordsHaveTheirForm)
{
    auto pattern = word_column();
    pattern.how().how = gen::pattern{{{"AB", 2, 2}, {"-", 1, 1}, {"0123456789", 1, 4}}};
    std::set<std::size_t> sizes;
    for (const auto& text : pattern.texts(500))
    {
        sizes.insert(text.size());
        ASSERT_TRUE(text.size() >= 4 && text.size() <= 7) << text;
        EXPECT_TRUE(text.find_first_not_of("AB") == 2 && text[2] == '-') << text;
        EXPECT_EQ(text.find_first_not_of("0123456789", 3), std::string::npos) << text;
    }
    EXPECT_EQ(sizes.size(), 4);

    auto sequence = word_column();
    sequence.how().how = gen::sequence{"A-", "/x", 4, 98};
    EXPECT_EQ(sequence.texts(3), (std::vector<std::string>{"A-0098/x", "A-0099/x", "A-0100/x"}));

    auto choice = word_column();
    choice.how() = choice_of({{"'view'", 5}, {"'click'", 3}, {"'book'", 2}});
    std::map<std::string, int> shares;
    for (const auto& text : choice.texts(10'000))
        ++shares[text];
    EXPECT_NEAR(shares["view"], 5'000, 200);
    EXPECT_NEAR(shares["click"], 3'000, 190);
    EXPECT_NEAR(shares["book"], 2'000, 170);
}

TEST(DeclaredValues, AShareIsMissingAndAConditionChooses)
{
    auto missing = number_column();
    missing.how().how = gen::even{{1, 6}};
    missing.how().missing = 250'000;
    int gone = 0;
    missing.each(8'000, [&](const model::value& v) { gone += v.null() ? 1 : 0; });
    EXPECT_NEAR(gone, 2'000, 160);

    auto chosen = number_column();
    chosen.to.add_var(0, "heads", {.how = gen::chance{spec_by_hand::compiled("0.3", {}, false)}, .type = truth_type});
    chosen.how().how = gen::even{{1, 1}};
    chosen.how().when = chosen.to.of(0, "heads");
    chosen.how().otherwise.push_back({.how = gen::even{{7, 9}}, .type = number_type()});
    std::map<std::int64_t, int> found;
    chosen.each(6'000, [&](const model::value& v) { ++found[v.integer()]; });
    EXPECT_NEAR(found[1], 1'800, 140);
    for (const int other : {7, 8, 9})
        EXPECT_NEAR(found[other], 1'400, 130);
}

TEST(DeclaredValues, ARowOfAListIsTheOneThatFits)
{
    auto text = word_column();
    auto& list = text.to.file.lists.emplace_back();
    list.name = "reviews";
    list.columns = {{"stars", number_type()}, {"text", text_type}};
    for (int i = 0; i < 15; ++i)
    {
        list.cells.push_back(std::to_string(i % 5 + 1));
        list.cells.push_back(std::to_string(i % 5 + 1) + " stars, " + std::to_string(i));
    }
    text.to.whole_column(0, "rating");
    text.to.add_var(0, "stars", choice_of({{"1", 1}, {"2", 2}, {"3", 3}, {"4", 2}, {"5", 1}}));
    text.to.add_var(0, "words", {.how = gen::row_of{0, {{0, text.to.of(0, "stars")}}}});
    text.to.set(0, "made", "words.text");
    text.to.set(0, "rating", "stars");
    const made_scenario made(text.to.file);
    const auto plan = made.shop->plan(values_start);
    model::unit unit;
    std::set<std::string> seen;
    for (int i = 0; i < 600; ++i)
    {
        made.shop->build(plan->next(), unit);
        const std::string words(unit.changes.at(0).after[1].text());
        EXPECT_EQ(words.substr(0, 1), std::to_string(unit.changes.at(0).after[2].integer())) << words;
        seen.insert(words);
    }
    EXPECT_EQ(seen.size(), 15);
}

TEST(DeclaredValues, WordsOfOnePersonAgree)
{
    auto words = word_column();
    words.how().how = gen::fake{"email", "", ""};
    for (const auto* name : {"first_name", "last_name", "name", "country_code"})
        words.to.text_column(0, name).how = {.how = gen::fake{name, "", ""}, .type = text_type};
    words.to.text_column(0, "city").how = {.how = gen::fake{"city", "other", "FR"}, .type = text_type};
    const made_scenario made(words.to.file);
    const auto plan = made.shop->plan(values_start);
    model::unit unit;
    std::set<std::string> mails;
    std::set<std::string> countries;
    for (int i = 0; i < 300; ++i)
    {
        made.shop->build(plan->next(), unit);
        const auto& row = unit.changes.at(0).after;
        mails.insert(std::string(row[1].text()));
        EXPECT_TRUE(row[1].text().ends_with("@example.com")) << row[1].text();
        EXPECT_EQ(std::string(row[4].text()), std::string(row[2].text()) + ' ' + std::string(row[3].text()));
        countries.insert(std::string(row[5].text()));
        EXPECT_FALSE(row[6].text().empty());
    }
    EXPECT_EQ(mails.size(), 300);
    EXPECT_GT(countries.size(), 5);
}

TEST(DeclaredValues, TimesAndDaysStandWhereTheyShould)
{
    one_column born(value_type{kind::date}, "text", model::type::text);
    born.how().how = gen::day{{18, 80}, true};
    std::string youngest;
    std::string oldest = "9999";
    for (const auto& text : born.texts(3'000))
    {
        ASSERT_EQ(text.size(), 10) << text;
        youngest = std::max(youngest, text);
        oldest = std::min(oldest, text);
    }
    EXPECT_LE(youngest, "2008-06-01");
    EXPECT_GT(youngest, "2008-01-01");
    EXPECT_GT(oldest, "1945-05-30");
    EXPECT_LT(oldest, "1946-03-01");

    one_column stay(time_type, "timestamp with time zone", model::type::timestamp);
    stay.to.time_column(0, "created_at").how.how = gen::now{};
    constexpr std::int64_t day = 86'400'000'000;
    stay.how().how = gen::apart{stay.to.of(0, "created_at"), {2 * day, 5 * day}};
    std::int64_t second = 0;
    stay.each(500,
              [&](const model::value& v)
              {
                  const auto after = v.moment().us - values_start.us - second;
                  EXPECT_TRUE(after >= 2 * day && after <= 5 * day + 2'000'000) << after;
                  second += 1'000'000;
              });
}

TEST(DeclaredValues, AStageHasItsOwnWords)
{
    auto word = word_column();
    word.to.file.clock.stages = {{"history", word.to.over_settings("10s")}, {"live", std::nullopt}};
    word.how().how = gen::by_stage{{constant("'old'"), constant("'new'")}};
    const auto texts = word.texts(30);
    EXPECT_EQ(std::ranges::count(texts, "old"), 9);
    EXPECT_EQ(std::ranges::count(texts, "new"), 21);
}

TEST(DeclaredValues, ObjectsAndListsAreJson)
{
    one_column made(text_type, "jsonb", model::type::json);
    gen::object object;
    object.names = {"a", "b", "c"};
    object.values.push_back(constant("1.50"));
    object.values.push_back(constant("'say \"hi\"'"));
    gen::list list;
    list.of.push_back({.how = gen::even{{4, 4}}, .type = number_type()});
    list.times = {0, 2};
    object.values.push_back({.how = std::move(list), .type = text_type});
    made.how().how = std::move(object);
    std::set<std::string> seen;
    for (const auto& text : made.texts(60))
        seen.insert(text);
    EXPECT_EQ(seen,
              (std::set<std::string>{R"({"a":1.50,"b":"say \"hi\"","c":[]})", R"({"a":1.50,"b":"say \"hi\"","c":[4]})",
                                     R"({"a":1.50,"b":"say \"hi\"","c":[4,4]})"}));
}

TEST(DeclaredValues, WhatHasNoValueIsTold)
{
    auto quotient = number_column(2);
    quotient.to.add_var(0, "parts", {.how = gen::even{{0, 3}}, .type = number_type()});
    quotient.to.set(0, "made", "1 / parts");
    try
    {
        quotient.each(200, [](const model::value&) {});
        FAIL() << "nothing was said";
    }
    catch (const error& wrong)
    {
        EXPECT_NE(std::string(wrong.what()).find("things.made, row "), std::string::npos) << wrong.what();
        EXPECT_NE(std::string(wrong.what()).find("divides by 0"), std::string::npos) << wrong.what();
    }
}

}  // namespace
}  // namespace bazaar::scenario::declared
