#include "scenario/thelook/survey.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "bazaar/scenario/thelook/tables.hpp"
#include "scenario/thelook/states.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

/// Cohorts of buyers by the period of their first order: how many of them order again in each later one.
class cohorts
{
public:
    cohorts(time start, time end)
        : over_(start, end, 12), active_(over_.count(), std::vector<std::uint64_t>(over_.count()))
    {
    }

    void add(std::uint64_t user, time at)
    {
        if (user >= buyers_.size())
            buyers_.resize(static_cast<std::size_t>(user) + 1);
        auto& one = buyers_[static_cast<std::size_t>(user)];
        const auto now = static_cast<std::uint16_t>(over_.of(at));
        if (one.orders < 2 && ++one.orders == 2)
            ++repeaters_;
        if (one.orders == 1)
        {
            ++size_;
            one.first = now;
        }
        else if (one.last == now)
            return;
        one.last = now;
        ++active_[one.first][static_cast<std::size_t>(now - one.first)];
    }

    [[nodiscard]] std::uint64_t buyers() const { return size_; }
    [[nodiscard]] std::uint64_t repeaters() const { return repeaters_; }

    [[nodiscard]] shaded_table draw() const
    {
        shaded_table made;
        made.title = fmt::format("Buyers by the {} of their first order; % of them who order again later",
                                 over_.length());
        made.columns = {"first order", "buyers"};
        for (std::size_t i = 1; i < over_.count(); ++i)
            made.columns.push_back(fmt::format("+{}", i));
        for (std::size_t first = 0; first < over_.count(); ++first)
        {
            const auto& row = active_[first];
            shaded_table::row line{over_.label(first), {{with_commas(row[0]), 0}}};
            for (std::size_t i = 1; first + i < over_.count(); ++i)
            {
                const auto permille = row[0] == 0 ? 0 : (row[i] * 1000 + row[0] / 2) / row[0];
                line.cells.push_back(
                    {row[0] == 0 ? "-" : fmt::format("{}", (permille + 5) / 10), static_cast<std::uint32_t>(permille)});
            }
            made.rows.push_back(std::move(line));
        }
        return made;
    }

private:
    struct buyer
    {
        std::uint8_t orders = 0;  ///< Two are many.
        std::uint16_t first = 0;
        std::uint16_t last = 0;
    };

    periods over_;
    std::vector<buyer> buyers_;
    std::vector<std::vector<std::uint64_t>> active_;  ///< By cohort, then by distance.
    std::uint64_t size_ = 0, repeaters_ = 0;
};

using amounts = std::map<std::string, std::uint64_t, std::less<>>;

/// The greatest ten as bars.
chart greatest(std::string title, const amounts& of, std::string (*print)(std::uint64_t))
{
    std::vector<std::pair<std::string, std::uint64_t>> all(of.begin(), of.end());
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    all.resize(std::min<std::size_t>(all.size(), 10));
    chart made{std::move(title), chart::form::bars, {}};
    for (const auto& [name, amount] : all)
        made.bars.push_back({name, amount, print(amount)});
    return made;
}

/// "90 days", "36 hours": whole ones of the largest unit of which there are two.
std::string as_span(microseconds span)
{
    const auto seconds = span.count() / 1'000'000;
    if (seconds >= 2 * 86'400)
        return fmt::format("{} days", seconds / 86'400);
    if (seconds >= 2 * 3'600)
        return fmt::format("{} hours", seconds / 3'600);
    if (seconds >= 2 * 60)
        return fmt::format("{} minutes", seconds / 60);
    return fmt::format("{} s", seconds);
}

class shop_counts final : public survey
{
public:
    shop_counts(const scenario& shop, time start, time end)
        : start_(start),
          end_(end),
          over_(start, end, 30),
          cohorts_(start, end),
          orders_(over_.count()),
          revenue_(over_.count())
    {
        shop.fixed_rows(table::products,
                        [this](std::span<const model::value> row)
                        {
                            const auto id = static_cast<std::size_t>(row[products_column::id].integer());
                            categories_.resize(std::max(categories_.size(), id + 1));
                            categories_[id] = row[products_column::category].text();
                        });
        shop.initial_rows(table::users, start, [this](std::span<const model::value>) { ++users_before_; });
    }

    void add(const model::unit& built) override
    {
        ++units_;
        steps seen{};
        std::uint64_t cents = 0;
        for (const auto& one : built.changes)
        {
            ++rows_;
            if (one.what == model::op::erase)
                continue;
            if (one.table == table::orders)
                order(one);
            else if (one.what == model::op::update)
                continue;
            else if (one.table == table::users)
                ++users_new_;
            else if (one.table == table::order_items)
                cents += item(one.after);
            else if (one.table == table::events)
                event(one.after[events_column::event_type].text(), seen);
        }
        if (cents > 0)
            bought(built.decision.at, cents);
        for (std::size_t i = 0; i < seen.size(); ++i)
            sessions_[i] += seen[i] ? 1 : 0;
    }

    [[nodiscard]] portrait draw() const override
    {
        portrait made;
        made.figures = figures();
        made.charts.push_back(by_hour("Orders by hour of the day (UTC)", hours_));
        made.charts.push_back(by_weekday("Orders by weekday (UTC)", weekdays_));
        made.charts.push_back(by_period("Orders", over_, orders_));
        made.charts.push_back(order_values_over_time());
        made.charts.push_back(order_values());
        made.charts.push_back(funnel());
        made.charts.push_back(states_of_orders());
        made.charts.push_back(greatest("Categories by revenue", by_category_, as_money));
        made.charts.push_back(greatest("Countries by orders", by_country_, with_commas));
        made.tables.push_back(cohorts_.draw());
        return made;
    }

private:
    /// What a session can contain; a session is counted once at each.
    enum step : std::uint8_t
    {
        any,
        product,
        cart,
        purchase,
        steps_count
    };
    using steps = std::array<bool, steps_count>;

    static constexpr std::array<std::uint64_t, 6> value_limits{2'500, 5'000, 10'000, 20'000, 40'000, 80'000};

    void order(const model::change& one)
    {
        namespace c = orders_column;
        ++by_state_[std::string(one.after[c::status].text())];
        if (one.what == model::op::update)
        {
            --by_state_[std::string(one.before[c::status].text())];
            return;
        }
        ++orders_all_;
        const auto at = one.after[c::created_at].moment();
        ++hours_[hour_of(at)];
        ++weekdays_[weekday_of(at)];
        ++orders_[over_.of(at)];
        ++by_country_[std::string(one.after[c::ship_country].text())];
        cohorts_.add(one.after[c::user_id].row().row, at);
    }

    /// Returns what it costs.
    std::uint64_t item(std::span<const model::value> row)
    {
        namespace c = order_items_column;
        const auto quantity = static_cast<std::uint64_t>(row[c::quantity].integer());
        const auto cents = quantity * static_cast<std::uint64_t>(row[c::sale_price].integer());
        pieces_ += quantity;
        by_category_[std::string(categories_[static_cast<std::size_t>(row[c::product_id].integer())])] += cents;
        return cents;
    }

    static void event(std::string_view type, steps& seen)
    {
        seen[any] = true;
        seen[product] = seen[product] || type == "product";
        seen[cart] = seen[cart] || type == "cart";
        seen[purchase] = seen[purchase] || type == "purchase";
    }

    void bought(time at, std::uint64_t cents)
    {
        revenue_all_ += cents;
        revenue_[over_.of(at)] += cents;
        const auto* const limit = std::upper_bound(value_limits.begin(), value_limits.end(), cents);
        ++values_[static_cast<std::size_t>(limit - value_limits.begin())];
    }

    [[nodiscard]] std::uint64_t in_state(std::string_view status) const
    {
        const auto found = by_state_.find(status);
        return found == by_state_.end() ? 0 : found->second;
    }

    [[nodiscard]] static std::string hundredths(std::uint64_t part, std::uint64_t whole)
    {
        return whole == 0 ? "-" : as_money((part * 100 + whole / 2) / whole);
    }

    [[nodiscard]] std::vector<portrait_figure> figures() const
    {
        return {
            {"Time", as_span(end_ - start_),
             fmt::format("{} to {}", to_string(start_).substr(0, 16), to_string(end_).substr(0, 16))},
            {"Units of work", with_commas(units_), fmt::format("{} changes of rows", with_commas(rows_))},
            {"Users", with_commas(users_before_ + users_new_), fmt::format("{} of them new", with_commas(users_new_))},
            {"Buyers", with_commas(cohorts_.buyers()),
             fmt::format("{} of them order again", as_share(cohorts_.repeaters(), cohorts_.buyers()))},
            {"Orders", with_commas(orders_all_),
             fmt::format("{} per buyer", hundredths(orders_all_, cohorts_.buyers()))},
            {"Revenue", as_money(revenue_all_), "cancelled and returned orders included"},
            {"Average order value", orders_all_ == 0 ? "-" : as_money((revenue_all_ + orders_all_ / 2) / orders_all_),
             ""},
            {"Pieces per order", hundredths(pieces_, orders_all_), ""},
            {"Sessions", with_commas(sessions_[any]), ""},
            {"Conversion", as_share(sessions_[purchase], sessions_[any]), "sessions with a purchase"},
            {"Cancelled orders", as_share(in_state("Cancelled"), orders_all_), "so far"},
            {"Returned orders", as_share(in_state("Returned"), orders_all_), "so far"},
        };
    }

    [[nodiscard]] chart order_values_over_time() const
    {
        chart made{fmt::format("Average order value per {}", over_.length()), chart::form::bars, {}};
        for (std::size_t i = 0; i < over_.count(); ++i)
        {
            const auto value = orders_[i] == 0 ? 0 : (revenue_[i] + orders_[i] / 2) / orders_[i];
            made.bars.push_back({over_.label(i), value, orders_[i] == 0 ? "-" : as_money(value)});
        }
        return made;
    }

    [[nodiscard]] chart order_values() const
    {
        chart made{"Orders by value", chart::form::bars, {}};
        for (std::size_t i = 0; i < values_.size(); ++i)
        {
            const auto low = i == 0 ? 0 : value_limits[i - 1] / 100;
            made.bars.push_back({i == value_limits.size() ? fmt::format("from {}", low)
                                                          : fmt::format("{} to {}", low, value_limits[i] / 100),
                                 values_[i], with_commas(values_[i])});
        }
        return made;
    }

    [[nodiscard]] chart funnel() const
    {
        static constexpr std::array<std::string_view, steps_count> names{"all sessions", "with a product page",
                                                                         "with a cart", "with a purchase"};
        chart made{"Funnel: sessions that come so far, and their share of those before", chart::form::bars, {}};
        for (std::size_t i = 0; i < names.size(); ++i)
            made.bars.push_back(
                {std::string(names[i]), sessions_[i],
                 i == 0 ? with_commas(sessions_[i])
                        : fmt::format("{} ({})", with_commas(sessions_[i]), as_share(sessions_[i], sessions_[i - 1]))});
        return made;
    }

    [[nodiscard]] chart states_of_orders() const
    {
        chart made{"States of the orders at the end", chart::form::bars, {}};
        for (const auto& state : states)
            made.bars.push_back({std::string(state.status), in_state(state.status),
                                 fmt::format("{} ({})", with_commas(in_state(state.status)),
                                             as_share(in_state(state.status), orders_all_))});
        return made;
    }

    time start_, end_;
    periods over_;
    cohorts cohorts_;
    std::vector<std::string> categories_;  ///< By the product's number.
    std::vector<std::uint64_t> hours_ = std::vector<std::uint64_t>(24), weekdays_ = std::vector<std::uint64_t>(7);
    std::vector<std::uint64_t> orders_, revenue_;  ///< By period.
    std::array<std::uint64_t, value_limits.size() + 1> values_{};
    std::array<std::uint64_t, steps_count> sessions_{};
    amounts by_state_, by_category_, by_country_;
    std::uint64_t units_ = 0, rows_ = 0, users_before_ = 0, users_new_ = 0, orders_all_ = 0, revenue_all_ = 0,
                  pieces_ = 0;
};

}  // namespace

std::unique_ptr<survey> shop_survey(const scenario& shop, time start, time end)
{
    return std::make_unique<shop_counts>(shop, start, end);
}

}  // namespace bazaar::scenario::thelook
