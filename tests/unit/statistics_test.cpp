// What is drawn is distributed as the model says. Seeds are pinned, so no test can flake; each rejects at p < 0.001, and
// each proves on a deliberately wrong sample that it can.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/random.hpp"
#include "scenario/thelook/fields.hpp"
#include "unit/thelook_ledger.hpp"

namespace bazaar::test
{
namespace
{

constexpr double reject_below = 0.001;

// ---- Tests

/// Upper tail of the regularised incomplete gamma function (series and continued fraction).
double gamma_tail(double a, double x)
{
    if (x <= 0)
        return 1;
    const double front = std::exp(-x + a * std::log(x) - std::lgamma(a));
    if (x < a + 1)
    {
        double term = 1 / a;
        double sum = term;
        for (double n = a + 1; term > sum * 1e-15; ++n)
            sum += term *= x / n;
        return 1 - front * sum;
    }
    double b = x + 1 - a;
    double c = 1e300;
    double d = 1 / b;
    double h = d;
    for (int i = 1; i < 10'000; ++i)
    {
        const double an = -i * (i - a);
        b += 2;
        d = 1 / (an * d + b);
        c = b + an / c;
        h *= d * c;
        if (std::fabs(d * c - 1) < 1e-15)
            break;
    }
    return front * h;
}

/// p of Pearson's chi-square; cells that expect less than five are merged.
double chi_square_p(const std::vector<double>& observed, const std::vector<double>& weights)
{
    const double n = std::accumulate(observed.begin(), observed.end(), 0.0);
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    double sum = 0;
    double small_observed = 0;
    double small_expected = 0;
    int cells = 0;
    const auto cell = [&](double o, double e)
    {
        sum += (o - e) * (o - e) / e;
        ++cells;
    };
    for (std::size_t i = 0; i < observed.size(); ++i)
    {
        const double e = n * weights[i] / total;
        if (e == 0 && observed[i] > 0)
            return 0;
        if (e >= 5)
            cell(observed[i], e);
        else
            small_observed += observed[i], small_expected += e;
    }
    if (small_expected >= 1)
        cell(small_observed, small_expected);
    return gamma_tail((cells - 1) / 2.0, sum / 2);
}

/// p of a share, by the normal approximation.
double proportion_p(double count, double n, double p)
{
    return std::erfc(std::fabs(count - n * p) / std::sqrt(2 * n * p * (1 - p)));
}

/// p of Kolmogorov and Smirnov against the exponential of mean 1.
double exponential_p(std::vector<double> sample)
{
    std::sort(sample.begin(), sample.end());
    const auto n = static_cast<double>(sample.size());
    double distance = 0;
    for (std::size_t i = 0; i < sample.size(); ++i)
    {
        const double f = -std::expm1(-sample[i]);
        distance = std::max({distance, f - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - f});
    }
    const double t = distance * std::sqrt(n);
    double p = 0;
    for (int k = 1; k < 100; ++k)
        p += (k % 2 == 1 ? 2 : -2) * std::exp(-2.0 * k * k * t * t);
    return std::clamp(t < 0.2 ? 1.0 : p, 0.0, 1.0);
}

/// Exponent of a Zipf law over ranks 1..n, by maximum likelihood.
double zipf_exponent(const std::vector<double>& count_by_rank)
{
    const double n = std::accumulate(count_by_rank.begin(), count_by_rank.end(), 0.0);
    double mean_log = 0;
    for (std::size_t i = 0; i < count_by_rank.size(); ++i)
        mean_log += count_by_rank[i] * std::log(static_cast<double>(i + 1)) / n;
    double low = -1;
    double high = 3;
    for (int round = 0; round < 60; ++round)
    {
        const double s = (low + high) / 2;
        double sum = 0;
        double log_sum = 0;
        for (std::size_t i = 0; i < count_by_rank.size(); ++i)
        {
            const double w = std::pow(static_cast<double>(i + 1), -s);
            sum += w;
            log_sum += w * std::log(static_cast<double>(i + 1));
        }
        (log_sum / sum > mean_log ? low : high) = s;
    }
    return (low + high) / 2;
}

// ---- Samples

using counts = std::map<std::string, double, std::less<>>;

std::vector<double> in_order(const counts& c, const std::vector<std::string_view>& names)
{
    std::vector<double> all;
    double known = 0;
    for (const auto name : names)
    {
        const auto found = c.find(name);
        all.push_back(found == c.end() ? 0 : found->second);
        known += all.back();
    }
    double total = 0;
    for (const auto& [name, count] : c)
        total += count;
    EXPECT_EQ(known, total) << "something else was drawn too";
    return all;
}

/// Numbers of a history of the defaults, run until every order has reached what its life has in store.
struct history
{
    static constexpr std::uint64_t ticks = 60'000;

    std::vector<double> gaps;  ///< Of arrivals, in units of the mean gap.
    counts sizes, quantities, browsers, sources_of_strangers, sources_again, ghost_sizes, ghost_pages, statuses, kinds;
    double home_first = 0, department_page = 0;
    double newcomers = 0;    ///< New users who could have bought.
    double bought_soon = 0;  ///< Those of them who did so within a second.
    double own_department = 0;
    std::map<std::int64_t, double> first_products;

    static const history& get()
    {
        static const history h;
        return h;
    }

private:
    history()
    {
        const auto shop = shop_of({}, 3);
        std::vector<bool> woman;
        shop->initial_rows(look::table::users, day_one,
                           [&](std::span<const model::value> row)
                           { woman.push_back(row[look::users_column::gender].text() == "F"); });
        std::map<std::int64_t, bool> for_women;
        shop->fixed_rows(look::table::products, [&](std::span<const model::value> row)
                         { for_women[row[0].integer()] = row[6].text() == "Women"; });
        const auto planner = shop->plan(day_one);
        model::unit unit;
        time before = day_one;
        std::vector<std::string> status;
        visitors_ = std::vector<visitor>(woman.size());
        while (planner->ticks() < ticks)
            take(*shop, *planner, unit, before, woman, for_women, status);
        planner->apply({.unit = planner->next_no(),
                        .what = model::control::kind::set,
                        .field = static_cast<std::uint16_t>(shop->configuration().find("avg-qps")),
                        .value = 1,
                        .at = planner->next_at()});
        for (const auto& who : visitors_)
            newcomers += who.created && before - *who.created > look::session_max + std::chrono::seconds(1) ? 1 : 0;
        // The longest life is far shorter than the gap to the next arrival now.
        while (true)
        {
            shop->build(planner->next(), unit);
            if (unit.decision.tick > ticks)
                break;
            status[unit.changes[0].after[look::orders_column::id].row().row] =
                unit.changes[0].after[look::orders_column::status].text();
        }
        for (const auto& s : status)
            ++statuses[s];
    }

    struct visitor
    {
        bool known = false;
        std::optional<time> created{};  ///< In the history.
    };

    std::vector<visitor> visitors_;  ///< By user.

    /// Whether the user has been there before.
    bool came(std::uint64_t user, time at)
    {
        auto& who = visitors_[user];
        if (std::exchange(who.known, true))
            return true;
        bought_soon += who.created && at - *who.created < look::session_max + std::chrono::seconds(1) ? 1 : 0;
        return false;
    }

    void take(const scenario::scenario& shop, scenario::planner& planner, model::unit& unit, time& before,
              std::vector<bool>& woman, const std::map<std::int64_t, bool>& for_women, std::vector<std::string>& status)
    {
        shop.build(planner.next(), unit);
        ++kinds[std::string(shop.kinds()[unit.decision.kind].name)];
        const auto& first = unit.changes[0].after;
        if (unit.decision.kind == look::kind::user_created)
            visitors_.push_back({false, unit.decision.at});
        if (unit.decision.kind == look::kind::user_created)
            woman.push_back(first[look::users_column::gender].text() == "F");
        if (is_step(unit.decision.kind))
            status[first[look::orders_column::id].row().row] = first[look::orders_column::status].text();
        if (unit.decision.kind != look::kind::purchase && unit.decision.kind != look::kind::ghost)
            return;
        const auto& last = unit.changes.back().after;
        const std::string source(last[look::events_column::traffic_source].text());
        const bool known = unit.decision.kind == look::kind::purchase &&
                           came(last[look::events_column::user_id].row().row, unit.decision.at);
        // A user keeps what they come with: each is counted once.
        if (!known)
            ++browsers[std::string(last[look::events_column::browser].text())];
        else
            ++sources_again[source];
        if (unit.decision.kind == look::kind::ghost)
        {
            ++sources_of_strangers[source];
            ++ghost_sizes[std::to_string(unit.changes.size())];
            for (const auto& c : unit.changes)
                if (c.after[look::events_column::event_type].text() != "cart")
                    ++ghost_pages[std::string(c.after[look::events_column::event_type].text())];
            return;
        }
        gaps.push_back(static_cast<double>((unit.decision.at - before).count()) * 20 / 1e6);
        before = unit.decision.at;
        status.emplace_back(look::states[look::first_state].status);
        ++sizes[std::to_string(first[look::orders_column::num_of_items].integer())];
        const auto product = unit.changes[1].after[look::order_items_column::product_id].integer();
        ++first_products[product];
        own_department += for_women.at(product) == woman[first[look::orders_column::user_id].row().row] ? 1 : 0;
        for (const auto& c : unit.changes)
        {
            if (c.table == look::table::order_items)
                ++quantities[std::to_string(c.after[look::order_items_column::quantity].integer())];
            if (c.table == look::table::events)
            {
                const auto type = c.after[look::events_column::event_type].text();
                home_first += type == "home" ? 1 : 0;
                department_page += type == "department" ? 1 : 0;
            }
        }
    }
};

/// Users of a population of twenty thousand.
struct users
{
    static constexpr double number = 20'000;
    counts genders, sources, countries;
    std::vector<double> ages = std::vector<double>(121);

    static const users& get()
    {
        static const users u;
        return u;
    }

private:
    users()
    {
        const auto shop = shop_of({{"init-num-users", "20000"}});
        shop->initial_rows(look::table::users, day_one,
                           [&](std::span<const model::value> row)
                           {
                               ++genders[std::string(row[look::users_column::gender].text())];
                               ++sources[std::string(row[look::users_column::traffic_source].text())];
                               ++countries[std::string(row[look::users_column::country].text())];
                               ++ages[static_cast<std::size_t>(row[look::users_column::age].integer())];
                           });
    }
};

/// A sample of the wrong model: `n` draws by weights.
std::vector<double> drawn(double n, const std::vector<double>& weights)
{
    auto draw = derive(21, stream("control"), weights.size());
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    std::vector<double> all(weights.size());
    for (int i = 0; i < static_cast<int>(n); ++i)
    {
        double x = static_cast<double>(draw.next() >> 11) / 9007199254740992.0 * total;
        std::size_t cell = 0;
        while (cell + 1 < weights.size() && x >= weights[cell])
            x -= weights[cell++];
        ++all[cell];
    }
    return all;
}

/// The sample fits the weights, and a sample of other weights would not have.
void expect_weights(const std::vector<double>& observed, const std::vector<double>& weights,
                    const std::vector<double>& wrong)
{
    EXPECT_GT(chi_square_p(observed, weights), reject_below) << testing::PrintToString(observed);
    const double n = std::accumulate(observed.begin(), observed.end(), 0.0);
    EXPECT_LT(chi_square_p(drawn(n, wrong), weights), reject_below) << "the negative control passes";
    EXPECT_GT(chi_square_p(drawn(n, weights), weights), reject_below) << "the positive control fails";
}

/// The share is `p`, and one of `wrong` would not have been.
void expect_share(double count, double n, double p, double wrong)
{
    EXPECT_GT(proportion_p(count, n, p), reject_below) << count / n << " instead of " << p;
    EXPECT_LT(proportion_p(drawn(n, {wrong, 1 - wrong})[0], n, p), reject_below) << "the negative control passes";
}

TEST(statistics, the_tests_know_their_tables)
{
    EXPECT_NEAR(gamma_tail(0.5, 3.841458821 / 2), 0.05, 1e-9);
    EXPECT_NEAR(gamma_tail(5, 18.307038053 / 2), 0.05, 1e-9);
    EXPECT_NEAR(gamma_tail(50, 149.449253 / 2), 0.001, 1e-8);
    EXPECT_NEAR(proportion_p(500 + 1.959964 * std::sqrt(250.0), 1000, 0.5), 0.05, 1e-6);
}

TEST(statistics, arrivals_are_a_poisson_process)
{
    const auto& gaps = history::get().gaps;
    EXPECT_GT(exponential_p(gaps), reject_below);
    const auto n = static_cast<double>(gaps.size());
    double product = 0;
    for (std::size_t i = 1; i < gaps.size(); ++i)
        product += (gaps[i] - 1) * (gaps[i - 1] - 1);
    EXPECT_LT(std::fabs(product / n), 3.29 / std::sqrt(n)) << "one gap tells of the next";
    const std::vector<double> constant(gaps.size(), 1.0);
    EXPECT_LT(exponential_p(constant), reject_below);
    std::vector<double> uniform;
    auto draw = derive(22, stream("uniform gaps"), 0);
    for (std::size_t i = 0; i < gaps.size(); ++i)
        uniform.push_back(static_cast<double>(draw.below(2'000'001)) / 1e6);
    EXPECT_LT(exponential_p(uniform), reject_below);
    std::vector<double> three_percent_slow = gaps;
    for (auto& g : three_percent_slow)
        g *= 1.03;
    EXPECT_LT(exponential_p(three_percent_slow), reject_below);
}

TEST(statistics, orders_have_one_to_four_items)
{
    expect_weights(in_order(history::get().sizes, {"1", "2", "3", "4"}), {70, 20, 5, 5}, {68, 21, 6, 5});
}

TEST(statistics, quantities_are_uniform)
{
    expect_weights(in_order(history::get().quantities, {"1", "2", "3"}), {1, 1, 1}, {1.05, 1, 1});
}

TEST(statistics, half_of_the_users_are_women)
{
    expect_share(users::get().genders.at("F"), users::number, 0.5, 0.53);
}

TEST(statistics, ages_are_uniform)
{
    const auto& ages = users::get().ages;
    EXPECT_EQ(
        std::accumulate(ages.begin(), ages.begin() + 18, 0.0) + std::accumulate(ages.begin() + 71, ages.end(), 0.0), 0);
    std::vector<double> sloping;
    for (int age = 18; age <= 70; ++age)
        sloping.push_back(100 - age / 1.5);
    expect_weights({ages.begin() + 18, ages.begin() + 71}, std::vector<double>(53, 1.0), sloping);
}

TEST(statistics, users_come_by_their_traffic_sources)
{
    expect_weights(in_order(users::get().sources, {"Organic", "Facebook", "Search", "Email", "Display"}),
                   {15, 6, 70, 5, 4}, {15, 6, 68, 6, 5});
}

TEST(statistics, sessions_come_by_their_traffic_sources_and_browsers)
{
    const auto& h = history::get();
    expect_weights(in_order(h.sources_again, {"Organic", "Facebook", "Search", "Email", "Display"}),
                   {5, 10, 30, 45, 10}, {6, 10, 29, 45, 10});
    expect_weights(in_order(h.sources_of_strangers, {"Organic", "Facebook", "Search", "Email", "Display"}),
                   {15, 6, 70, 5, 4}, {15, 6, 67, 7, 5});
    expect_weights(in_order(h.browsers, {"Chrome", "Safari", "Edge", "Firefox", "Other"}), {69, 16, 4, 2, 9},
                   {66, 18, 4, 3, 9});
}

TEST(statistics, most_new_users_buy_as_soon_as_they_may)
{
    const auto& h = history::get();
    EXPECT_GT(h.newcomers, 1'000);
    expect_share(h.bought_soon, h.newcomers, 0.75, 0.70);
}

TEST(statistics, countries_have_users_by_their_people)
{
    std::map<std::string_view, double> people, rows;
    for (const auto& p : seed_facts::get().places)
    {
        people[p.country] += static_cast<double>(p.people);
        ++rows[p.country];
    }
    std::vector<std::string_view> names;
    std::vector<double> weights, by_rows;
    for (const auto& [name, number] : people)
    {
        names.push_back(name);
        weights.push_back(number);
        by_rows.push_back(rows[name]);
    }
    expect_weights(in_order(users::get().countries, names), weights, by_rows);
}

TEST(statistics, the_dice_of_a_tick_fall_as_often_as_they_should)
{
    const auto& kinds = history::get().kinds;
    constexpr double n = history::ticks;
    expect_share(kinds.at("user_created"), n, 0.05, 0.055);
    expect_share(kinds.at("user_moved"), n, 0.10, 0.106);
    expect_share(kinds.at("ghost"), n, 0.20, 0.21);
}

TEST(statistics, pages_of_a_session_come_as_often_as_they_should)
{
    const auto& h = history::get();
    expect_share(h.home_first, history::ticks, 2.0 / 3, 0.65);
    expect_share(h.department_page, history::ticks, 2.0 / 3, 0.68);
    expect_weights(in_order(h.ghost_sizes, {"3", "4", "5", "6"}), {1, 1, 1, 1}, {1.1, 1, 1, 1});
    expect_weights(in_order(h.ghost_pages, {"home", "department", "category", "product"}), {1, 1, 1, 1},
                   {1.05, 1, 1, 1});
}

TEST(statistics, orders_end_in_the_shares_of_the_life_they_were_given)
{
    // In a state are those who came there but for those who went on. They went on with a mean of 0.4 steps, as --order-update-prob says.
    const double a = look::share_of_steps(400'000'000);
    std::vector<std::string_view> names;
    std::vector<double> shares;
    double all = 0, steps = 0;
    for (look::state_no s = 0; s < look::states.size(); ++s)
    {
        double share = look::share_of(s, a);
        for (look::state_no next = 1; next < look::states.size(); ++next)
            share -= look::came_from[next] == s ? look::share_of(next, a) : 0;
        names.push_back(look::states[s].status);
        shares.push_back(share);
        all += share;
        steps += share * look::steps_to[s];
    }
    EXPECT_NEAR(all, 1, 1e-12);
    EXPECT_NEAR(steps, 0.4, 1e-12);
    // The control is more orders that stay where they begin, as picking orders at random leaves behind.
    auto wrong = shares;
    for (auto& share : wrong)
        share *= (1 - shares[0] - 0.024) / (1 - shares[0]);
    wrong[0] = shares[0] + 0.024;
    expect_weights(in_order(history::get().statuses, names), shares, wrong);
}

TEST(statistics, most_buy_from_their_own_department)
{
    expect_share(history::get().own_department, history::ticks, 0.85, 0.84);
}

TEST(statistics, products_of_a_department_sell_by_a_zipf_law_of_exponent_0_8)
{
    struct ware
    {
        std::int64_t weight, id;
    };
    std::map<std::string, std::vector<ware>> by_department;
    scenario::kit::csv file("products.csv", scenario::embedded("products.csv"), {"id", "department", "popularity"});
    while (file.next())
        by_department[std::string(file.text(1))].push_back(
            {std::stoll(std::string(file.text(2))), std::stoll(std::string(file.text(0)))});
    EXPECT_EQ(by_department.size(), 2U);
    const auto& sold = history::get().first_products;
    for (auto& [department, wares] : by_department)
    {
        std::sort(wares.begin(), wares.end(),
                  [](const ware& a, const ware& b)
                  { return a.weight != b.weight ? a.weight > b.weight : a.id < b.id; });
        std::vector<double> by_rank, weights;
        for (const auto& w : wares)
        {
            const auto found = sold.find(w.id);
            by_rank.push_back(found == sold.end() ? 0 : found->second);
            weights.push_back(static_cast<double>(w.weight));
        }
        EXPECT_NEAR(zipf_exponent(by_rank), 0.8, 0.02) << department;
        EXPECT_NEAR(zipf_exponent(weights), 0.8, 0.01) << department;
        EXPECT_GT(chi_square_p(by_rank, weights), reject_below) << department;
        // Control: products drawn without regard to their popularity.
        const auto n = std::accumulate(by_rank.begin(), by_rank.end(), 0.0);
        std::vector<double> uniform(by_rank.size());
        auto draw = derive(23, stream("uniform products"), wares.size());
        for (int i = 0; i < static_cast<int>(n); ++i)
            ++uniform[draw.below(uniform.size())];
        EXPECT_NEAR(zipf_exponent(uniform), 0.0, 0.02);
        EXPECT_LT(chi_square_p(uniform, weights), reject_below);
    }
}

}  // namespace
}  // namespace bazaar::test
