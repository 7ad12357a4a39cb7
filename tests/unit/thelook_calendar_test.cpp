// Ticks that come by hour, weekday and season where their buyers live. Each check fails on the flat shop.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/random.hpp"
#include "bazaar/scenario/kit/arrivals.hpp"
#include "bazaar/scenario/statistics.hpp"
#include "unit/thelook_ledger.hpp"

namespace bazaar::test
{
namespace
{

constexpr std::int64_t hour_us = 3'600'000'000;
constexpr std::int64_t day_us = 24 * hour_us;
constexpr double p_least = 0.001;
constexpr time monday{1'767'571'200'000'000};  // 2026-01-05.

// ---- Arrivals along a curve

/// A minute in three: a quarter, the mean, and three times as much.
struct steps final : scenario::kit::rate_curve
{
    static constexpr std::int64_t minute = 60'000'000;
    static constexpr std::array<double, 3> factors{0.25, 1, 3};

    [[nodiscard]] stretch at(std::int64_t at) const override
    {
        const auto which = static_cast<std::size_t>(at / minute % 3);
        return {(at / minute + 1) * minute, static_cast<std::uint64_t>(factors[which] * 4294967296.0)};
    }

    /// The curve's integral from 0 to there.
    [[nodiscard]] static double passed(std::int64_t to)
    {
        double sum = static_cast<double>(to / minute / 3) * (0.25 + 1 + 3) * static_cast<double>(minute);
        for (std::int64_t at = to / minute / 3 * 3 * minute; at < to; at = (at / minute + 1) * minute)
            sum += factors[static_cast<std::size_t>(at / minute % 3)] *
                   static_cast<double>(std::min(to, (at / minute + 1) * minute) - at);
        return sum;
    }
};

std::vector<double> gaps_of(const scenario::kit::rate_curve* curve, bool along)
{
    scenario::kit::arrivals coming(7, stream("along"), 500'000, curve);  // One in two seconds.
    std::vector<double> gaps;
    for (std::int64_t last = 0; gaps.size() < 20'000; coming.advance())
    {
        const auto next = coming.next();
        gaps.push_back((along ? steps::passed(next) - steps::passed(last) : static_cast<double>(next - last)) / 2e6);
        last = next;
    }
    return gaps;
}

/// p of their being exponential with mean 1.
double p_exponential(std::vector<double> sample)
{
    for (auto& gap : sample)
        gap = -std::expm1(-gap);
    return scenario::statistics::kolmogorov(std::move(sample)).p;
}

TEST(arrivals_along_a_curve, are_a_poisson_process_on_the_curves_time)
{
    const steps curve;
    EXPECT_GT(p_exponential(gaps_of(&curve, true)), p_least);
    EXPECT_GT(p_exponential(gaps_of(nullptr, false)), p_least);
    EXPECT_LT(p_exponential(gaps_of(&curve, false)), p_least);
    EXPECT_LT(p_exponential(gaps_of(nullptr, true)), p_least);
}

TEST(arrivals_along_a_curve, a_rate_that_is_set_again_changes_nothing)
{
    const steps curve;
    scenario::kit::arrivals one(7, stream("along"), 50'000, &curve), other(7, stream("along"), 50'000, &curve);
    auto dice = derive(3, stream("moments"), 0);
    std::int64_t last = 0;
    for (int i = 0; i < 2'000; ++i)
    {
        for (int k = 0; k < 3; ++k)
        {
            last += dice.between(0, one.next() - last);
            other.set_rate(50'000, last);
        }
        // Each time some hundredths of a microsecond are rounded off.
        ASSERT_NEAR(static_cast<double>(one.next()), static_cast<double>(other.next()), 1 + 0.1 * i) << i;
        last = std::max(one.next(), other.next());
        one.advance();
        other.advance();
    }
    // At twice the rate what is left of the gap takes half of the time, in a minute of one factor.
    scenario::kit::arrivals plain(7, stream("along"), 50'000), twice(7, stream("along"), 50'000);
    const auto half = plain.next() / 2;
    twice.set_rate(100'000, half);
    EXPECT_NEAR(static_cast<double>(twice.next() - half), static_cast<double>(plain.next() - half) / 2, 1);
}

TEST(arrivals_along_a_curve, go_on_from_where_they_were_saved)
{
    const steps curve;
    scenario::kit::arrivals one(7, stream("along"), 50'000, &curve);
    for (int i = 0; i < 1'000; ++i)
    {
        std::vector<std::byte> bytes;
        scenario::state_writer out(bytes);
        one.save(out);
        scenario::kit::arrivals other(7, stream("along"), 50'000, &curve);
        scenario::state_reader in(bytes);
        other.load(in);
        ASSERT_TRUE(in.done());
        ASSERT_EQ(one.next(), other.next());
        one.advance();
        other.advance();
        ASSERT_EQ(one.next(), other.next());
        ASSERT_EQ(one.digest(), other.digest());
    }
}

// ---- A shop by the calendar

struct one_sale
{
    time at;
    std::string country, state;
};

std::vector<one_sale> sales_of(const given& settings, std::int64_t days, std::uint64_t seed = 7)
{
    const auto shop = shop_of(settings, seed);
    const auto plan = shop->plan(monday);
    std::vector<one_sale> all;
    model::unit unit;
    while (plan->next_at().us < monday.us + days * day_us)
    {
        const auto d = plan->next();
        if (d.kind != look::kind::purchase)
            continue;
        shop->build(d, unit);
        for (const auto& c : unit.changes)
            if (c.table == look::table::orders)
                all.push_back({d.at, std::string(c.after[look::orders_column::ship_country].text()),
                               std::string(c.after[look::orders_column::ship_state].text())});
    }
    return all;
}

std::vector<double> by_hour(const std::vector<one_sale>& all, std::int64_t east, std::string_view country = {},
                            std::string_view state = {})
{
    std::vector<double> hours(24);
    for (const auto& one : all)
        if ((country.empty() || one.country == country) && (state.empty() || one.state == state))
            ++hours[static_cast<std::size_t>((one.at.us / hour_us + east + 24) % 24)];
    return hours;
}

double ratio(const std::vector<double>& of)
{
    return *std::ranges::max_element(of) / *std::ranges::min_element(of);
}

/// The curve of docs/calendar.md, in the middle of each hour.
std::vector<double> curve_of_hours()
{
    std::vector<double> made;
    for (int hour = 0; hour < 24; ++hour)
    {
        const double w = 2 * M_PI * (hour + 0.5) / 24;
        made.push_back(std::exp(-0.133 + 0.071 * std::cos(w) - 0.737 * std::sin(w) + 0.035 * std::cos(2 * w) -
                                0.047 * std::sin(2 * w) - 0.025 * std::cos(3 * w) + 0.005 * std::sin(3 * w)));
    }
    return made;
}

/// p of these counts where such weights are meant.
double p_of(const std::vector<double>& counts, std::vector<double> weights)
{
    const double n = std::accumulate(counts.begin(), counts.end(), 0.0);
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (auto& weight : weights)
        weight *= n / total;
    return scenario::statistics::chi_square(counts, weights).p;
}

const given retail{{"calendar", "retail"}, {"avg-qps", "0.002"}};
const given flat{{"avg-qps", "0.002"}};

TEST(thelook_calendar, people_buy_by_the_clock_where_they_live)
{
    // New users buy at once, whatever the hour; few users are not spread over the zones as people are.
    auto settled = retail;
    settled.emplace_back("user-create-prob", "0");
    settled.emplace_back("init-num-users", "50000");
    const auto all = sales_of(settled, 2 * 364);
    const auto none = sales_of(flat, 364);
    const auto weights = curve_of_hours();
    struct
    {
        std::string_view country, state;
        std::int64_t east;
    } const regions[] = {{"Japan", "", 9},
                         {"China", "", 8},
                         {"Germany", "", 1},
                         {"United States", "California", -8},
                         {"Colombia", "", -5}};
    for (const auto& [country, state, east] : regions)
    {
        const auto hours = by_hour(all, east, country, state);
        ASSERT_GT(*std::ranges::min_element(hours), 10) << country;
        EXPECT_GT(p_of(hours, weights), p_least) << country;
        EXPECT_LT(p_of(by_hour(all, east + 3, country, state), weights), p_least) << country << ", wrong zone";
        EXPECT_LT(p_of(by_hour(none, east, country, state), weights), p_least) << country << ", flat";
    }
    const auto peak = ratio(by_hour(all, 8, "China"));
    EXPECT_GT(peak, 3);
    EXPECT_LT(peak, 8);
    EXPECT_LT(ratio(by_hour(none, 8, "China")), 3);
}

TEST(thelook_calendar, weekdays_months_and_days_differ_and_the_mean_stays)
{
    for (const bool is_flat : {false, true})
    {
        const auto all = sales_of(is_flat ? flat : retail, 2 * 364);
        std::vector<double> weekdays(7), days(2 * 364);
        std::map<unsigned, double> sum;
        std::map<unsigned, double> of;
        for (const auto& one : all)
        {
            const auto day = static_cast<std::size_t>((one.at.us - monday.us) / day_us);
            ++weekdays[day % 7];
            ++days[day];
        }
        for (std::size_t day = 0; day < days.size(); ++day)
        {
            const std::chrono::year_month_day date{
                std::chrono::sys_days{std::chrono::days{monday.us / day_us + static_cast<std::int64_t>(day)}}};
            sum[static_cast<unsigned>(date.month())] += days[day];
            ++of[static_cast<unsigned>(date.month())];
        }
        const double mean = static_cast<double>(all.size()) / static_cast<double>(days.size());
        const double november = sum[11] / of[11] / mean;
        // Between neighbouring weeks neither season nor weekday changes much: what is left is the day's own, and chance.
        double apart = 0;
        for (std::size_t day = 7; day < days.size(); ++day)
            apart += std::pow(days[day] - days[day - 7], 2) / 2;
        const double dispersion = apart / static_cast<double>(days.size() - 7) / mean;
        const double expected = 0.002 * 86'400;
        EXPECT_NEAR(mean / expected, 1, 0.03);
        EXPECT_EQ(ratio(weekdays) > 1.05, !is_flat) << ratio(weekdays);
        EXPECT_LT(ratio(weekdays), 1.25);
        EXPECT_EQ(november > 1.3, !is_flat) << november;
        EXPECT_EQ(dispersion > 1.5, !is_flat) << dispersion;
        // Black Friday of 2026 is 27 November.
        const auto black_friday = static_cast<std::size_t>((1'795'737'600'000'000 - monday.us) / day_us);
        EXPECT_EQ(days[black_friday] > 1.4 * days[black_friday - 7], !is_flat);
        EXPECT_EQ(days[black_friday] > 1.4 * days[black_friday + 7], !is_flat);
    }
}

TEST(thelook_calendar, a_shop_grows_as_it_says)
{
    for (const auto* calendar : {"flat", "retail"})
        for (const auto* growth : {"0.25", "0"})
        {
            const bool by_day = calendar == std::string_view("retail");
            if (by_day && (effort() > 1 || growth == std::string_view("0")))
                continue;
            // Days of one seed differ; those of several less.
            double first = 0, second = 0;
            for (std::uint64_t seed = 1; seed <= (by_day ? 4 : 1); ++seed)
                for (const auto& one :
                     sales_of({{"calendar", calendar}, {"growth", growth}, {"avg-qps", "0.002"}}, 2 * 364, seed))
                    ++(one.at.us < monday.us + 364 * day_us ? first : second);
            EXPECT_NEAR(second / first, growth[1] == '.' ? std::pow(1.25, 364 / 365.25) : 1, 0.03) << calendar;
        }
}

/// Share of the category among the items of each month, in a country.
std::vector<double> by_month(const given& settings, std::string_view country, std::string_view category)
{
    static const auto categories = []
    {
        std::map<std::int64_t, std::string> made;
        scenario::kit::csv file("products.csv", scenario::embedded("products.csv"), {"id", "category"});
        while (file.next())
            made.emplace(std::stoll(std::string(file.text(0))), file.text(1));
        return made;
    }();
    auto filtered = settings;
    filtered.emplace_back("country", country);
    const auto shop = shop_of(filtered);
    const auto plan = shop->plan(monday);
    std::vector<double> found(12), all(12);
    model::unit unit;
    while (plan->next_at().us < monday.us + 364 * day_us)
    {
        const auto d = plan->next();
        if (d.kind != look::kind::purchase)
            continue;
        shop->build(d, unit);
        const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{d.at.us / day_us}}};
        const auto month = static_cast<std::size_t>(static_cast<unsigned>(date.month()) - 1);
        for (const auto& c : unit.changes)
            if (c.table == look::table::order_items)
            {
                ++all[month];
                found[month] += categories.at(c.after[look::order_items_column::product_id].integer()) == category ? 1
                                                                                                                   : 0;
            }
    }
    for (std::size_t i = 0; i < 12; ++i)
        found[i] /= all[i];
    return found;
}

TEST(thelook_calendar, categories_have_their_season_on_both_sides_of_the_equator)
{
    struct
    {
        std::string_view category;
        int most;  ///< The month of the most in the north.
    } const seasons[] = {{"Swim", 5}, {"Shorts", 5}, {"Outerwear & Coats", 11}, {"Sweaters", 11}};
    const auto peak = [](const std::vector<double>& of)
    { return static_cast<int>(std::ranges::max_element(of) - of.begin()); };
    for (const auto& [category, most] : std::span(seasons).first(tries(std::size(seasons))))
        for (const auto* country : {"Germany", "Australia"})
        {
            const bool north = country == std::string_view("Germany");
            const auto shares = by_month(retail, country, category);
            EXPECT_GT(ratio(shares), 2) << category << country;
            const int apart = std::abs(peak(shares) - (north ? most : (most + 6) % 12));
            EXPECT_LE(std::min(apart, 12 - apart), 1) << category << country;
            EXPECT_LT(ratio(by_month(flat, country, category)), 2) << category << country;
        }
    EXPECT_LT(ratio(by_month(retail, "Germany", "Jeans")), 2);
}

}  // namespace
}  // namespace bazaar::test
