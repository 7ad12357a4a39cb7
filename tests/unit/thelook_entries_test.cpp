// One entry of the control log at every place where one can stand, one at a time: the shop's rules hold whatever it comes between.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "unit/thelook_ledger.hpp"

namespace bazaar::test
{
namespace
{

struct entry_history
{
    std::string_view name;
    given settings;

    friend std::ostream& operator<<(std::ostream& out, const entry_history& h) { return out << h.name; }
};

const std::vector<entry_history> entry_histories{
    {"defaults", {}},
    {"all_move", {{"user-update-prob", "1"}, {"lifecycle", "complete"}, {"lifecycle-scale", "0.02"}}},
    {"all_dice",
     {{"user-update-prob", "1"},
      {"user-create-prob", "1"},
      {"ghost-create-prob", "1"},
      {"erase-prob", "1"},
      {"lifecycle", "complete"},
      {"lifecycle-scale", "0.02"}}},
    {"crowded",
     {{"avg-qps", "30000"},
      {"init-num-users", "2"},
      {"user-create-prob", "0"},
      {"user-update-prob", "0.5"},
      {"lifecycle", "complete"},
      {"lifecycle-scale", "0.01"}}},
    {"prices_move",
     {{"touch-interval", "100ms"}, {"user-update-prob", "0.5"}, {"lifecycle", "complete"}, {"lifecycle-scale", "0.1"}}},
    {"retained",
     {{"retain", "1s"},
      {"user-update-prob", "0.5"},
      {"erase-prob", "0.2"},
      {"user-create-prob", "0.5"},
      {"ghost-create-prob", "0.5"},
      {"touch-interval", "100ms"},
      {"lifecycle", "complete"},
      {"lifecycle-scale", "0.1"}}},
};

/// Below, at and above the least room of a session, within one, and beyond it.
constexpr std::array<std::int64_t, 11> amounts{
    1, 7, 19, 20, 21, 1'000'000, 30'000'000, 90'000'000, 600'000'000, 3'600'000'000, 86'400'000'000};

constexpr std::uint64_t ticks = 150;
constexpr int units_after = 40;

std::unique_ptr<scenario::scenario> shop_at(const given& settings, std::uint64_t seed, std::uint32_t version = 0)
{
    auto request = request_of(settings, seed);
    request.files["products.csv"] = few_products;
    request.version = version;
    return look::registration().make(request);
}

model::control shift_at(const scenario::planner& plan, std::int64_t amount)
{
    return {.unit = plan.next_no(), .what = model::control::kind::shift, .value = amount, .at = plan.next_at()};
}

/// A new rate that holds only so much later.
model::control rate_at(const scenario::scenario& shop, const scenario::planner& plan, std::int64_t later)
{
    return {.unit = plan.next_no(),
            .what = model::control::kind::set,
            .field = static_cast<std::uint16_t>(shop.configuration().find("avg-qps")),
            .value = 50'000,
            .at = plan.next_at() + microseconds(later)};
}

/// Puts one entry before each unit of a plan, each time into a copy of it that goes on from there. Returns what breaks a rule.
std::vector<std::string> broken_by_entries(const scenario::scenario& shop, std::uint64_t seed)
{
    std::vector<std::string> problems;
    const auto plan = shop.plan(day_one);
    ledger books(shop, day_one, seed);
    model::unit unit;
    const auto go = [&](scenario::planner& on, ledger& in)
    {
        shop.build(on.next(), unit);
        in.take(unit);
    };
    for (std::uint64_t at = 0; plan->ticks() < tries(ticks) && problems.empty(); ++at)
    {
        std::vector<std::byte> state;
        scenario::state_writer writer(state);
        plan->save(writer);
        for (const bool shifts : {true, false})
        {
            const auto amount = amounts[(at + (shifts ? 0 : 3)) % amounts.size()];
            const auto copy = shop.plan(day_one);
            scenario::state_reader reader(state);
            EXPECT_TRUE(copy->load(reader));
            ledger its_books = books;
            copy->apply(shifts ? shift_at(*copy, amount) : rate_at(shop, *copy, amount));
            for (int i = 0; i < units_after && its_books.problems.empty(); ++i)
                go(*copy, its_books);
            for (const auto& problem : its_books.problems)
                problems.push_back(fmt::format("seed {}, {} of {} us before unit {}: {}", seed,
                                               shifts ? "shift" : "set", amount, at, problem));
        }
        go(*plan, books);
    }
    problems.insert(problems.end(), books.problems.begin(), books.problems.end());
    return problems;
}

class thelook_entries : public testing::TestWithParam<entry_history>
{
};

TEST_P(thelook_entries, may_stand_before_any_unit)
{
    for (std::uint64_t seed = 1; seed <= 3; ++seed)
        for (const auto& problem : broken_by_entries(*shop_at(GetParam().settings, seed), seed))
            ADD_FAILURE() << problem;
}

INSTANTIATE_TEST_SUITE_P(thelook, thelook_entries, testing::ValuesIn(entry_histories),
                         [](const auto& param) { return std::string(param.param.name); });

// The negative control: version 2 took the home from before the move, whatever stood between move and purchase.
TEST(thelook_entries_control, the_older_rule_is_found_out)
{
    if (!look::is_older(look::version_before))
        GTEST_SKIP() << "no older version can be planned";
    const auto shop = shop_at(entry_histories[1].settings, 1, look::version_before);
    EXPECT_EQ(shop->version(), look::version_before);
    const auto problems = broken_by_entries(*shop, 1);
    ASSERT_FALSE(problems.empty());
    EXPECT_NE(problems[0].find("a session comes from where its user lived when it began"), std::string::npos)
        << problems[0];
}

// A run of the older version goes on as it was planned, and without entries both versions plan the same rows.
TEST(thelook_entries_control, versions_differ_only_after_an_entry)
{
    if (!look::is_older(look::version_before))
        GTEST_SKIP() << "no older version can be planned";
    for (const auto& h : entry_histories)
    {
        const auto now = shop_at(h.settings, 3);
        const auto before = shop_at(h.settings, 3, look::version_before);
        EXPECT_EQ(now->version(), look::version_now);
        EXPECT_EQ(shop_at(h.settings, 3, 9)->version(), look::version_now)
            << "one that nobody knows is refused by its number";
        const auto a = now->plan(day_one);
        const auto b = before->plan(day_one);
        for (int i = 0; i < 2'000; ++i)
        {
            const auto one = a->next();
            const auto other = b->next();
            ASSERT_EQ(one.no, other.no);
            ASSERT_EQ(one.at, other.at);
            ASSERT_EQ(one.arg, other.arg) << h.name << ": unit " << one.no;
        }
    }
}

}  // namespace
}  // namespace bazaar::test
