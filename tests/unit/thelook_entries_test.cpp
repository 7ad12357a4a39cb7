// One entry of the control log at every place where one can stand, one at a time: the shop's rules hold whatever it comes between.

#include <array>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
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

// A run of the older version keeps its own rules, also where an entry stands between a move and its purchase; by those of today it breaks
// each of those that are new.
TEST(thelook_entries_control, the_older_rules_are_found_out)
{
    if (!look::is_older(look::version_before))
        GTEST_SKIP() << "no older version can be planned";
    const auto shop = shop_at(entry_histories[1].settings, 1, look::version_before);
    EXPECT_EQ(shop->version(), look::version_before);
    EXPECT_EQ(broken_by_entries(*shop, 1), std::vector<std::string>());

    const auto plan = shop->plan(day_one);
    ledger books(*shop, day_one, 1);
    books.older_rules = false;
    model::unit unit;
    std::set<std::string> broken;
    while (plan->ticks() < 3'000)
    {
        shop->build(plan->next(), unit);
        books.take(unit);
        for (const auto& problem : std::exchange(books.problems, {}))
            for (const std::string_view rule :
                 {"a session comes from where its user lives", "a user has three devices at most",
                  "nobody comes by Internet Explorer", "the first session comes by the user's source",
                  "a session that ends an order looks at nothing"})
                if (problem.find(rule) != problem.npos)
                    broken.emplace(rule);
    }
    EXPECT_EQ(broken.size(), 5U) << testing::PrintToString(broken);
}

// What a run of the older version has written is made again, byte by byte: hashes of what the program of that version planned.
TEST(thelook_entries_control, the_older_version_keeps_its_rows)
{
    if (look::version_before != 3)
        GTEST_SKIP() << "the hashes are of version 3";
    std::vector<std::uint64_t> found;
    for (const auto& h : entry_histories)
    {
        const auto shop = shop_at(h.settings, 3, 3);
        const auto plan = shop->plan(day_one);
        model::unit unit;
        stable_hash hash;
        while (plan->ticks() < 2'000)
        {
            shop->build(plan->next(), unit);
            hash.add(unit);
        }
        found.push_back(hash.value());
    }
    EXPECT_EQ(found, (std::vector<std::uint64_t>{811107997334326637U, 3176203752079009565U, 995118430137031100U,
                                                 6839473562646858740U, 10799924045267716313U, 8542108639744413446U}));
}

TEST(thelook_entries_control, a_version_that_nobody_knows_is_refused_by_its_number)
{
    EXPECT_EQ(shop_at({}, 3)->version(), look::version_now);
    EXPECT_EQ(shop_at({}, 3, 9)->version(), look::version_now);
}

}  // namespace
}  // namespace bazaar::test
