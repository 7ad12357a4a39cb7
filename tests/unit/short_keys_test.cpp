// Keys that do not name their unit: the plan tells it.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/base/error.hpp"
#include "bazaar/base/random.hpp"
#include "bazaar/run/last_inserts.hpp"
#include "bazaar/run/replan.hpp"
#include "bazaar/verify/debezium.hpp"
#include "bazaar/verify/judge.hpp"
#include "bazaar/verify/logged.hpp"
#include "support/demo_scenario.hpp"
#include "support/told_stream.hpp"
#include "verify/row_units.hpp"

namespace bazaar::test
{
namespace
{

using verify::defect;
using verify::verdict;

TEST(row_index, tells_the_unit_of_each_row)
{
    verify::row_index index;
    std::vector<unit_no> wanted;
    auto dice = derive(3, stream("row index"), 0);
    for (int i = 0; i < 700; ++i)
    {
        index.add(wanted.size(), no_unit);
        wanted.push_back(no_unit);
    }
    for (unit_no unit = 0; unit < 5'000; unit += 1 + dice.below(unit % 7 == 0 ? 400 : 3))
        for (auto rows = dice.below(unit % 11 == 0 ? 900 : 4); rows > 0; --rows)
        {
            index.add(wanted.size(), unit);
            wanted.push_back(unit);
        }
    ASSERT_EQ(index.end(), wanted.size());
    ASSERT_GT(wanted.size(), 5'000U);
    for (std::size_t row = 0; row < wanted.size(); ++row)
        ASSERT_EQ(index.unit_of(row), wanted[row]) << row;
}

TEST(row_index, refuses_rows_that_do_not_ascend)
{
    verify::row_index index;
    index.add(4, 7);
    EXPECT_EQ(index.end(), 5U);
    EXPECT_EQ(index.unit_of(4), 7U);
    EXPECT_THROW(index.add(4, 8), error);
    EXPECT_THROW(index.add(9, 6), error);
    EXPECT_THROW(index.add(9, no_unit), error);
    index.add(9, 7);
    EXPECT_EQ(index.unit_of(9), 7U);
}

constexpr unit_no keyed_units = 1'500;

struct keyed_world
{
    demo_scenario shop{7, demo_scenario::keys::short_ones};
    run::record recorded;
    unit_no known = keyed_units;

    keyed_world()
    {
        recorded.seed = 7;
        recorded.tag = run_tag("main");
        recorded.start = {1'790'000'000'000'000};
    }

    [[nodiscard]] model::key_codec keys() const { return {recorded.tag, recorded.seed, shop.tables()}; }

    [[nodiscard]] std::vector<told_message> stream(const stream_form& form = {}) const
    {
        return told_stream(shop, recorded, keyed_units, form);
    }

    [[nodiscard]] verify::report judged(const std::vector<told_message>& all) const
    {
        const verify::subject of{shop, recorded, keys(), known, known};
        verify::report report;
        verify::judge judge(of, report, {});
        verify::debezium_reader reader(shop.tables(), "demo");
        verify::change_event e;
        for (std::size_t i = 0; i < all.size(); ++i)
        {
            const std::string topic = "ecomm.demo." + all[i].table;
            e.stream = topic;
            e.partition = 0;
            e.offset = static_cast<std::int64_t>(i);
            EXPECT_EQ(reader.read(topic, all[i].json, e), verify::debezium_reader::outcome::change)
                << reader.problem() << all[i].json;
            judge.take(e);
        }
        judge.finish();
        return report;
    }
};

std::size_t nth(const std::vector<told_message>& all, std::string_view table, std::string_view op, std::size_t which)
{
    const auto wanted = "\"op\":\"" + std::string(op) + '"';
    for (std::size_t i = 0; i < all.size(); ++i)
        if (all[i].table == table && all[i].unit != no_unit && all[i].json.find(wanted) != std::string::npos &&
            which-- == 0)
            return i;
    ADD_FAILURE() << "the stream has none";
    return 0;
}

void edit_json(told_message& message, const std::function<void(nlohmann::json&)>& how)
{
    auto value = nlohmann::json::parse(message.json);
    how(value);
    message.json = value.dump();
}

/// One finding, of this row.
void expect_this_one(const verify::report& report, defect what, const std::string& key, std::optional<unit_no> unit)
{
    EXPECT_EQ(report.count(what), 1U) << report.text();
    for (const auto& one : report.examples())
        if (one.what == what)
        {
            EXPECT_EQ(one.key, key) << report.text();
            EXPECT_EQ(unit && one.unit != *unit, false) << report.text();
        }
}

TEST(short_keys, a_stream_that_loses_nothing_is_clean)
{
    const keyed_world w;
    for (const auto& form : {stream_form{}, stream_form{.full = true}, stream_form{.flat = true},
                             stream_form{.snapshot = 600}, stream_form{.schemas = true}})
    {
        const auto report = w.judged(w.stream(form));
        EXPECT_EQ(report.judge(), verdict::clean) << report.text();
    }
    const auto all = w.stream();
    EXPECT_TRUE(std::ranges::any_of(all, [](const auto& m) { return m.key.starts_with("C20000000"); }));
}

TEST(short_keys, a_lost_change_is_named_by_its_key_and_unit)
{
    const keyed_world w;
    const auto whole = w.stream();
    for (const auto* table : {"sensor", "reading"})
        for (const auto* op : {"c", "u"})
            for (const std::size_t which : {0U, 17U, 90U})
            {
                if (table == std::string_view("reading") && *op == 'u')
                    continue;  // Readings never change.
                auto harmed = whole;
                const auto i = nth(harmed, table, op, which);
                const auto gone = harmed[i];
                harmed.erase(harmed.begin() + static_cast<std::ptrdiff_t>(i));
                const auto report = w.judged(harmed);
                EXPECT_EQ(report.judge(), verdict::mismatch) << table << op;
                expect_this_one(report, defect::lost, gone.key, gone.unit);
            }
}

TEST(short_keys, an_altered_column_and_a_wrong_reference_are_found)
{
    const keyed_world w;
    auto harmed = w.stream();
    const auto i = nth(harmed, "reading", "c", 40);
    edit_json(harmed[i], [](auto& v) { v["after"]["amount"] = "0.01"; });
    auto report = w.judged(harmed);
    expect_this_one(report, defect::altered, harmed[i].key, harmed[i].unit);
    harmed = w.stream();
    edit_json(harmed[i], [](auto& v) { v["after"]["sensor_id"] = "C299999999"; });
    report = w.judged(harmed);
    expect_this_one(report, defect::altered, harmed[i].key, harmed[i].unit);
    EXPECT_EQ(report.examples().front().column, "sensor_id");
    EXPECT_EQ(report.examples().front().found, "C299999999");
    EXPECT_TRUE(report.examples().front().expected.starts_with("C2000000")) << report.examples().front().expected;
}

TEST(short_keys, a_message_that_comes_twice_is_doubled)
{
    const keyed_world w;
    auto harmed = w.stream();
    const auto i = nth(harmed, "sensor", "u", 30);
    const auto message = harmed[i];
    harmed.insert(harmed.begin() + static_cast<std::ptrdiff_t>(i), message);
    const auto report = w.judged(harmed);
    expect_this_one(report, defect::doubled, message.key, message.unit);
}

TEST(short_keys, a_row_of_somebody_is_a_foreign_edit)
{
    const keyed_world w;
    const auto whole = w.stream();
    const auto i = nth(whole, "sensor", "c", 20);
    for (const auto* key : {"X1", "C199999999", "C299999999", "C2000000"})
    {
        auto harmed = whole;
        auto message = whole[i];
        edit_json(message,
                  [&](auto& v)
                  {
                      v["after"]["id"] = key;
                      v["source"]["txId"] = 999'999;
                  });
        harmed.insert(harmed.begin() + static_cast<std::ptrdiff_t>(i), message);
        const auto report = w.judged(harmed);
        EXPECT_EQ(report.judge(), verdict::not_proven) << key << report.text();
        expect_this_one(report, defect::foreign_edit, key, std::nullopt);
    }
}

TEST(short_keys, a_stream_that_is_judged_while_it_goes_on_is_clean)
{
    // Each round knows what is settled so far: nothing at first, at the end less than the stream has.
    keyed_world w;
    for (const std::uint64_t order : {1U, 2U, 3U})
        for (const std::size_t round : {1U, 7U, 60U, 1'000U})
        {
            const auto all = told_stream(w.shop, w.recorded, keyed_units, {}, order);
            const auto end = all.size() - 40;
            verify::subject of{w.shop, w.recorded, w.keys(), 0, 0};
            verify::report report;
            verify::judge judge(of, report, {});
            verify::debezium_reader reader(w.shop.tables(), "demo");
            verify::change_event e;
            const auto read = [&](std::size_t i) -> const verify::change_event&
            {
                e.stream = "one";
                e.offset = static_cast<std::int64_t>(i);
                EXPECT_EQ(reader.read("ecomm.demo." + all[i].table, all[i].json, e),
                          verify::debezium_reader::outcome::change);
                return e;
            };
            const auto settled = [&](std::size_t sent)
            {
                unit_no first = keyed_units;
                for (auto i = sent; i < all.size(); ++i)
                    first = std::min(first, all[i].unit == no_unit ? 0 : all[i].unit);
                return first;
            };
            std::size_t at = 0, waited = 0;
            for (std::size_t sent = round; sent < end; sent += round)
            {
                while (at < sent && judge.offer(read(at)))
                    ++at;
                waited += at < sent ? 1U : 0U;
                of.known = of.demanded = settled(sent);
            }
            of.known = of.demanded = settled(end);
            ASSERT_GT(of.demanded, 1'000U);
            std::size_t behind = 0;
            for (auto i = at; i < end; ++i)
                behind += all[i].unit != no_unit && all[i].unit >= of.known ? 1U : 0U;
            for (; at < end; ++at)
                judge.take(read(at));
            judge.finish();
            EXPECT_EQ(report.judge(), verdict::clean) << round << report.text();
            EXPECT_GT(waited, 0U);
            EXPECT_GT(behind, 0U);
            EXPECT_NE(report.text().find("events behind the cut " + std::to_string(behind)), std::string::npos)
                << behind << report.text();
        }
}

TEST(short_keys, no_change_is_judged_while_no_unit_is_known)
{
    const keyed_world w;
    const auto all = w.stream();
    for (const auto& [table, op] : {std::pair("sensor", "c"), std::pair("sensor", "u"), std::pair("reading", "c")})
    {
        const verify::subject of{w.shop, w.recorded, w.keys(), 0, 0};
        verify::report report;
        verify::judge judge(of, report, {});
        verify::debezium_reader reader(w.shop.tables(), "demo");
        verify::change_event e;
        const auto& message = all[nth(all, table, op, 0)];
        EXPECT_EQ(reader.read("ecomm.demo." + message.table, message.json, e),
                  verify::debezium_reader::outcome::change);
        EXPECT_FALSE(judge.offer(e)) << message.json;
    }
}

TEST(short_keys, a_row_after_the_known_units_waits_for_them)
{
    keyed_world w;
    const auto whole = w.stream();
    w.known = 1'000;
    const auto report = w.judged(whole);
    EXPECT_EQ(report.judge(), verdict::clean) << report.text();
    EXPECT_EQ(report.count(defect::unknown) + report.count(defect::foreign_edit), 0U) << report.text();
}

TEST(short_keys, the_change_stream_of_a_server_has_them_as_text)
{
    const keyed_world w;
    postgres::logged_change from;
    from.schema = "demo";
    from.table = "reading";
    from.what = postgres::logged_change::kind::insert;
    from.after = {{.name = "id", .text = "17"}, {.name = "sensor_id", .text = "C200000003"}};
    verify::change_event e;
    ASSERT_TRUE(verify::event_of(from, w.shop.tables(), "demo", e));
    EXPECT_EQ(e.key.v.integer(), 17);
    EXPECT_EQ(e.after[1].v.text(), "C200000003");
    from.after[0].text = "seventeen";
    ASSERT_TRUE(verify::event_of(from, w.shop.tables(), "demo", e));
    EXPECT_EQ(e.key.what, verify::told::state::unreadable);
}

/// Where the tables of a run end that has come to this unit.
run::last_inserts::ends ends_at(const keyed_world& w, unit_no end)
{
    run::last_inserts::ends ends(w.shop.tables().size());
    for (std::uint8_t i = 0; i < ends.size(); ++i)
        w.shop.initial_rows(i, w.recorded.start, [&](auto row) { ends[i] = {i, row[0].row().row, unknown_unit}; });
    const auto planner = w.shop.plan(w.recorded.start);
    model::unit unit;
    while (planner->next_no() < end)
    {
        w.shop.build(planner->next(), unit);
        for (const auto& c : unit.changes)
            if (c.what == model::op::insert)
                ends[c.table] = {c.table, c.after[0].row().row, unknown_unit};
    }
    return ends;
}

TEST(short_keys, rows_beyond_the_record_of_a_run_are_noticed)
{
    const keyed_world w;
    const run::last_inserts rows(w.shop);
    const auto planner = w.shop.plan(w.recorded.start);
    while (planner->next_no() < 400)
        static_cast<void>(planner->next());
    const auto before = planner->digest();
    EXPECT_FALSE(rows.beyond(ends_at(w, 400), w.recorded, *planner, 0));
    EXPECT_FALSE(rows.beyond(ends_at(w, 300), w.recorded, *planner, 0));
    const auto found = rows.beyond(ends_at(w, 450), w.recorded, *planner, 0);
    ASSERT_TRUE(found);
    EXPECT_GE(*found, 440U);
    EXPECT_LT(*found, 450U);
    EXPECT_EQ(planner->digest(), before) << "the run's own plan stays where it was";
}

TEST(short_keys, tables_that_end_before_the_record_of_a_run_are_noticed)
{
    const keyed_world w;
    run::last_inserts rows(w.shop);
    const auto planner = w.shop.plan(w.recorded.start);
    while (planner->next_no() < 400)
        rows.see(planner->next());
    auto recorded = w.recorded;
    recorded.settled = 400;
    EXPECT_EQ(rows.missing(ends_at(w, 400), recorded), std::vector<std::string>{});
    EXPECT_EQ(rows.missing(ends_at(w, 420), recorded), std::vector<std::string>{});
    EXPECT_EQ(rows.missing(ends_at(w, 200), recorded).size(), 2U);
    auto one = ends_at(w, 400);
    one[demo_scenario::reading].reset();
    EXPECT_EQ(rows.missing(one, recorded).size(), 1U);
    EXPECT_TRUE(rows.doubtful(ends_at(w, 400), recorded)) << "no key says how far the run has come";
}

}  // namespace
}  // namespace bazaar::test
