// What `describe` shows: counts of a plan, against the same counts made in another way; and how a terminal and a page show them.

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "app/portrait_text.hpp"
#include "app/screen.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/base/words.hpp"
#include "bazaar/scenario/registry.hpp"
#include "bazaar/scenario/survey.hpp"
#include "bazaar/scenario/thelook/tables.hpp"
#include "support/demo_scenario.hpp"

namespace bazaar::test
{
namespace
{

using scenario::portrait;

const time survey_start = *parse_time("2026-03-02T00:00:00Z");  // A Monday.

std::unique_ptr<scenario::scenario> surveyed_shop(const scenario::entry& of,
                                                  const std::vector<std::pair<std::string, std::string>>& flags)
{
    scenario::settings with(of.fields);
    for (const auto& [name, value] : flags)
        for (std::size_t i = 0; i < of.fields.size(); ++i)
            if (of.fields[i].name == name)
            {
                EXPECT_EQ(with.set(i, value), "");
            }
    return of.make({"main", 11, with, {}, 0});
}

const std::vector<std::pair<std::string, std::string>> ninety_days{
    {"avg-qps", "0.0004"}, {"init-num-users", "300"}, {"lifecycle", "complete"}, {"lifecycle-scale", "3600"}};

/// Every unit of the first `span`, built.
template <typename Take>
void for_units(const scenario::scenario& shop, microseconds span, Take take)
{
    const auto plan = shop.plan(survey_start);
    model::unit unit;
    while (plan->next_at() <= survey_start + span)
    {
        shop.build(plan->next(), unit);
        take(unit);
    }
}

portrait drawn(const scenario::scenario& shop, microseconds span)
{
    const auto survey = shop.look(survey_start, survey_start + span);
    for_units(shop, span, [&](const model::unit& unit) { survey->add(unit); });
    return survey->draw();
}

const scenario::portrait_figure& figure_of(const portrait& of, std::string_view title)
{
    const auto found = std::ranges::find(of.figures, title, &scenario::portrait_figure::title);
    EXPECT_NE(found, of.figures.end()) << title;
    static const scenario::portrait_figure none;
    return found == of.figures.end() ? none : *found;
}

const scenario::chart& chart_of(const portrait& of, std::string_view beginning)
{
    const auto found = std::ranges::find_if(of.charts,
                                            [&](const auto& one) { return one.title.starts_with(beginning); });
    EXPECT_NE(found, of.charts.end()) << beginning;
    static const scenario::chart none;
    return found == of.charts.end() ? none : *found;
}

std::uint64_t sum_of(const scenario::chart& of)
{
    std::uint64_t sum = 0;
    for (const auto& one : of.bars)
        sum += one.size;
    return sum;
}

constexpr microseconds ninety = std::chrono::hours(24 * 90);

TEST(survey, of_thelook_counts_what_the_rows_say)
{
    namespace thelook = scenario::thelook;
    const auto shop = surveyed_shop(scenario::default_entry(), ninety_days);
    const auto seen = drawn(*shop, ninety);
    EXPECT_EQ(seen.figures.size(), 12U);

    // The same from the rows, in a simpler way: all orders and items are kept.
    std::map<std::uint64_t, std::vector<time>> orders_of;
    std::map<std::uint64_t, std::string> states;
    std::uint64_t cents = 0, pieces = 0, sessions = 0, bought = 0;
    for_units(*shop, ninety,
              [&](const model::unit& unit)
              {
                  std::set<std::string> types;
                  for (const auto& one : unit.changes)
                      if (one.table == thelook::table::orders)
                      {
                          const auto id = one.after[thelook::orders_column::id].row().row;
                          if (one.what == model::op::insert)
                              orders_of[one.after[thelook::orders_column::user_id].row().row].push_back(
                                  one.after[thelook::orders_column::created_at].moment());
                          states[id] = one.after[thelook::orders_column::status].text();
                      }
                      else if (one.table == thelook::table::order_items && one.what == model::op::insert)
                      {
                          const auto quantity = one.after[thelook::order_items_column::quantity].integer();
                          pieces += static_cast<std::uint64_t>(quantity);
                          cents += static_cast<std::uint64_t>(
                              quantity * one.after[thelook::order_items_column::sale_price].integer());
                      }
                      else if (one.table == thelook::table::events)
                          types.emplace(one.after[thelook::events_column::event_type].text());
                  sessions += types.empty() ? 0 : 1;
                  bought += types.contains("purchase") ? 1 : 0;
              });
    std::uint64_t orders = 0, repeaters = 0;
    std::vector<std::uint64_t> hours(24);
    for (const auto& [user, times] : orders_of)
    {
        orders += times.size();
        repeaters += times.size() > 1 ? 1 : 0;
        for (const auto at : times)
            ++hours[static_cast<std::size_t>((at - time{}).count() / 3'600'000'000 % 24)];
    }
    ASSERT_GT(orders, 1000U);
    EXPECT_EQ(figure_of(seen, "Orders").value, scenario::with_commas(orders));
    EXPECT_EQ(figure_of(seen, "Buyers").value, scenario::with_commas(orders_of.size()));
    EXPECT_EQ(figure_of(seen, "Buyers").note, scenario::as_share(repeaters, orders_of.size()) + " of them order again");
    EXPECT_EQ(figure_of(seen, "Revenue").value, scenario::as_money(cents));
    EXPECT_EQ(figure_of(seen, "Average order value").value, scenario::as_money((cents + orders / 2) / orders));
    EXPECT_EQ(figure_of(seen, "Sessions").value, scenario::with_commas(sessions));
    EXPECT_EQ(figure_of(seen, "Conversion").value, scenario::as_share(bought, sessions));
    const auto in_state = [&](const std::string& state)
    {
        return static_cast<std::uint64_t>(
            std::ranges::count_if(states, [&](const auto& one) { return one.second == state; }));
    };
    EXPECT_EQ(figure_of(seen, "Returned orders").value, scenario::as_share(in_state("Returned"), orders));
    const auto& by_hour = chart_of(seen, "Orders by hour");
    ASSERT_EQ(by_hour.bars.size(), 24U);
    for (std::size_t i = 0; i < hours.size(); ++i)
        EXPECT_EQ(by_hour.bars[i].size, hours[i]) << i;
    for (const auto* title : {"Orders by weekday", "Orders per", "Orders by value", "States of the orders"})
        EXPECT_EQ(sum_of(chart_of(seen, title)), orders) << title;
    const auto& states_shown = chart_of(seen, "States of the orders");
    for (const auto& bar : states_shown.bars)
        EXPECT_EQ(bar.size, in_state(bar.label)) << bar.label;
    EXPECT_EQ(chart_of(seen, "Funnel").bars.front().size, sessions);
    EXPECT_EQ(chart_of(seen, "Funnel").bars.back().size, bought);
    EXPECT_EQ(chart_of(seen, "Categories").bars.size(), 10U);
    EXPECT_LE(sum_of(chart_of(seen, "Categories")), cents);
    // Another seed is another shop: the figures do not come from somewhere else.
    EXPECT_NE(
        figure_of(drawn(*surveyed_shop(scenario::default_entry(), {{"avg-qps", "0.0005"}}), ninety), "Orders").value,
        figure_of(seen, "Orders").value);
}

TEST(survey, of_cohorts_is_a_triangle_that_adds_up)
{
    const auto shop = surveyed_shop(scenario::default_entry(), ninety_days);
    const auto seen = drawn(*shop, ninety);
    ASSERT_EQ(seen.tables.size(), 1U);
    const auto& triangle = seen.tables[0];
    ASSERT_GT(triangle.rows.size(), 2U);
    std::uint64_t buyers = 0;
    for (std::size_t i = 0; i < triangle.rows.size(); ++i)
    {
        const auto& row = triangle.rows[i];
        EXPECT_EQ(row.cells.size(), triangle.rows.size() - i);
        EXPECT_LE(row.cells.size() + 1, triangle.columns.size());
        auto count = row.cells[0].text;
        std::erase(count, ',');
        buyers += std::stoull(count);
        for (std::size_t k = 1; k < row.cells.size(); ++k)
            EXPECT_LE(row.cells[k].shade, 1000U);
    }
    EXPECT_EQ(scenario::with_commas(buyers), figure_of(seen, "Buyers").value);
}

/// A scenario that says nothing about its figures.
TEST(survey, of_any_scenario_counts_rows_and_units)
{
    const auto shop = surveyed_shop(demo_scenario::entry(), {});
    constexpr microseconds span = std::chrono::seconds(60);
    const auto seen = drawn(*shop, span);
    std::uint64_t units = 0;
    std::vector<std::uint64_t> inserts(shop->tables().size());
    for_units(*shop, span,
              [&](const model::unit& unit)
              {
                  ++units;
                  for (const auto& one : unit.changes)
                      inserts[one.table] += one.what == model::op::insert ? 1 : 0;
              });
    ASSERT_GT(units, 20U);
    EXPECT_EQ(figure_of(seen, "Units of work").value, scenario::with_commas(units));
    for (std::size_t i = 0; i < inserts.size(); ++i)
        if (shop->tables()[i].kept_by == model::role::planned)
        {
            const auto& note = figure_of(seen, "Rows of " + std::string(shop->tables()[i].name)).note;
            EXPECT_NE(note.find(", " + scenario::with_commas(inserts[i]) + " inserts, "), note.npos) << note;
        }
    for (const auto* title : {"Units by kind", "Units by hour", "Units by weekday", "Units per"})
        EXPECT_EQ(sum_of(chart_of(seen, title)), units) << title;
}

TEST(survey, periods_cover_a_time_and_nothing_is_lost_outside)
{
    for (const auto seconds : {1LL, 59LL, 3'600LL, 86'400LL, 90LL * 86'400, 730LL * 86'400, 20'000LL * 86'400})
    {
        const auto end = survey_start + std::chrono::seconds(seconds);
        const scenario::periods over(survey_start, end, 30);
        EXPECT_GE(over.count(), 1U);
        if (seconds < 10'000LL * 86'400)
        {
            EXPECT_LE(over.count(), 30U) << seconds;
        }
        EXPECT_EQ(over.of(survey_start), 0U);
        EXPECT_EQ(over.of(end), over.count() - 1);
        EXPECT_EQ(over.of(end + std::chrono::hours(1)), over.count() - 1);
        EXPECT_EQ(over.of(survey_start - std::chrono::hours(1)), 0U);
    }
    const scenario::periods weeks(survey_start, survey_start + ninety, 13);
    EXPECT_EQ(weeks.length(), "week");
    EXPECT_EQ(weeks.label(1), "2026-03-09");
    const scenario::periods minutes(survey_start, survey_start + std::chrono::minutes(30), 30);
    EXPECT_EQ(minutes.label(2), "03-02 00:02");
}

TEST(survey, knows_hours_and_weekdays)
{
    EXPECT_EQ(scenario::weekday_of(survey_start), 0U);
    EXPECT_EQ(scenario::weekday_of(survey_start - microseconds(1)), 6U);
    EXPECT_EQ(scenario::weekday_of(time{}), 3U);
    EXPECT_EQ(scenario::weekday_of(time{-1}), 2U);
    EXPECT_EQ(scenario::hour_of(time{-1}), 23U);
    EXPECT_EQ(scenario::hour_of(*parse_time("2026-03-02T17:59:59Z")), 17U);
}

TEST(survey, prints_numbers)
{
    EXPECT_EQ(scenario::with_commas(0), "0");
    EXPECT_EQ(scenario::with_commas(999), "999");
    EXPECT_EQ(scenario::with_commas(1'000), "1,000");
    EXPECT_EQ(scenario::with_commas(1'234'567), "1,234,567");
    EXPECT_EQ(scenario::as_money(123'456'705), "1,234,567.05");
    EXPECT_EQ(scenario::as_share(1, 3), "33.3 %");
    EXPECT_EQ(scenario::as_share(2, 3), "66.7 %");
    EXPECT_EQ(scenario::as_share(1, 0), "-");
}

portrait little_portrait()
{
    portrait made;
    made.figures = {{"Orders", "12", "<b>more</b>"}, {"Größe", "3", ""}};
    made.charts.push_back({"By <kind>",
                           scenario::chart::form::bars,
                           {{"größte", 72, "72"}, {"half", 36, "36"}, {"one", 1, "1"}, {"none", 0, "0"}}});
    made.charts.push_back({"Hours", scenario::chart::form::columns, {{"00", 8, "8"}, {"01", 0, "0"}, {"02", 4, "4"}}});
    made.tables.push_back({"Triangle", {"first", "all", "+1"}, {{"a", {{"10", 0}, {"50 %", 500}}}, {"b", {{"7", 0}}}}});
    return made;
}

std::string repeated(std::string_view what, std::size_t times)
{
    std::string text;
    for (std::size_t i = 0; i < times; ++i)
        text += what;
    return text;
}

TEST(portrait, is_shown_in_a_terminal)
{
    EXPECT_EQ(app::portrait_text(little_portrait(), {}), "Orders  12  <b>more</b>\n"
                                                         "Größe    3\n"
                                                         "\n"
                                                         "By <kind>\n"
                                                         "  größte  " +
                                                             repeated("█", 36) +
                                                             " 72\n"
                                                             "  half    " +
                                                             repeated("█", 18) +
                                                             " 36\n"
                                                             "  one     ▌ 1\n"
                                                             "  none    0\n"
                                                             "\n"
                                                             "Hours\n"
                                                             "  ██\n  ██\n  ██\n"
                                                             "  ██    ██\n  ██    ██\n  ██    ██\n"
                                                             "  00 01 02\n"
                                                             "  from 0 (01) to 8 (00)\n"
                                                             "\n"
                                                             "Triangle\n"
                                                             "  first  all    +1\n"
                                                             "  a       10  50 %\n"
                                                             "  b        7\n");
}

TEST(portrait, is_shown_where_only_ascii_is)
{
    const auto text = app::portrait_text(little_portrait(), {80, false});
    EXPECT_NE(
        text.find("  größte  " + repeated("#", 36) + " 72\n  half    " + repeated("#", 18) + " 36\n  one     - 1\n"),
        text.npos)
        << text;
    EXPECT_NE(text.find("  ##\n  ##\n  ##\n  ##    ##\n  ##    ##\n  ##    ##\n  00 01 02\n"), text.npos) << text;
    // Whatever else a title or a label contains is the scenario's.
    auto plain = little_portrait();
    plain.figures[1].title = plain.charts[0].bars[0].label = "big";
    const auto letters = app::portrait_text(plain, {80, false});
    EXPECT_TRUE(std::ranges::all_of(letters, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) << letters;
}

TEST(portrait, says_that_nothing_is_there)
{
    portrait empty;
    empty.charts.push_back({"Kinds", scenario::chart::form::bars, {}});
    EXPECT_EQ(app::portrait_text(empty, {}), "\nKinds\n  none\n");
    EXPECT_NE(app::portrait_html(empty, "x").find("<h2>Kinds</h2>\n<p>none</p></section>"), std::string::npos);
}

/// The longest line, in characters, and the number of lines.
std::pair<std::size_t, std::size_t> extent_of(const std::string& text)
{
    std::size_t longest = 0, lines = 0;
    for (std::size_t begin = 0, end = text.find('\n'); end != text.npos;
         begin = end + 1, end = text.find('\n', begin), ++lines)
        longest = std::max(longest, characters(std::string_view(text).substr(begin, end - begin)));
    return {longest, lines};
}

TEST(portrait, fits_wide_and_narrow_terminals)
{
    // A year has twelve cohorts, which need 67 characters.
    constexpr microseconds year = std::chrono::hours(24 * 360);
    const auto seen = drawn(*surveyed_shop(scenario::default_entry(), ninety_days), year);
    for (const std::size_t width :
         {app::screen_least, std::size_t{57}, std::size_t{75}, std::size_t{80}, app::screen_most})
    {
        const auto text = app::portrait_text(seen, {width, true});
        const auto [longest, lines] = extent_of(text);
        EXPECT_LE(longest, width) << text;
        EXPECT_GT(lines, 60U);
        EXPECT_EQ(text.find("more in a wider terminal") != text.npos, width < 67) << width << text;
        // The same numbers everywhere.
        for (const auto& one : seen.figures)
            EXPECT_NE(text.find(one.value), text.npos) << one.title;
    }
    // The measure sees lines that are too long.
    EXPECT_GT(extent_of(app::portrait_text(seen, {})).first, app::screen_least);
    EXPECT_NE(app::portrait_text(seen, {}).find("+11"), std::string::npos);
}

TEST(screen, knows_utf8_by_its_locale)
{
    using words = std::map<std::string, std::string>;
    for (const words& good :
         {words{{"LANG", "C.UTF-8"}}, words{{"LC_ALL", ""}, {"LANG", "de_DE.utf8"}},
          words{{"LANG", "C"}, {"LC_CTYPE", "UTF-8"}}, words{{"LANG", "C"}, {"LC_ALL", "en_US.UTF8"}}})
        EXPECT_TRUE(app::has_utf8(good));
    for (const words& bad : {words{}, words{{"LANG", "C"}}, words{{"LANG", "C.UTF-8"}, {"LC_ALL", "POSIX"}},
                             words{{"LANG", "de_DE.ISO-8859-1"}}, words{{"TERM", "utf8"}}})
        EXPECT_FALSE(app::has_utf8(bad));
}

TEST(portrait, is_a_page_without_scripts_and_other_files)
{
    const auto page = app::portrait_html(little_portrait(), "shop <&\">");
    EXPECT_TRUE(page.starts_with("<!DOCTYPE html>"));
    EXPECT_NE(page.find("<title>shop &lt;&amp;&quot;&gt;</title>"), page.npos);
    EXPECT_NE(page.find("By &lt;kind&gt;"), page.npos);
    EXPECT_NE(page.find("&lt;b&gt;more&lt;/b&gt;"), page.npos);
    EXPECT_EQ(page.find("<b>more"), page.npos);
    EXPECT_NE(page.find("style=\"width:50.0%\""), page.npos);
    EXPECT_NE(page.find("rgba(var(--bar),.500)"), page.npos);
    for (const auto* outside : {"<script", "http:", "https:", "url(", "@import", "src="})
        EXPECT_EQ(page.find(outside), page.npos) << outside;
    // Whatever is opened is closed.
    for (const std::string tag :
         {"section", "table", "tr", "td", "th", "div", "span", "i", "b", "small", "h1", "h2", "body", "html"})
    {
        const auto count = [&](const std::string& what)
        {
            std::size_t found = 0;
            for (auto at = page.find(what); at != page.npos; at = page.find(what, at + 1))
                ++found;
            return found;
        };
        EXPECT_EQ(count("<" + tag + ">") + count("<" + tag + " "), count("</" + tag + ">")) << tag;
    }
}

}  // namespace
}  // namespace bazaar::test
