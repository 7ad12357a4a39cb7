// What verify says of a stream of change events: nothing of one that is as planned, and the very thing of one that is not.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/base/random.hpp"
#include "bazaar/run/load_plan.hpp"
#include "unit/judge_world.hpp"

namespace bazaar::test
{
namespace
{

TEST(judge, finds_nothing_in_a_whole_stream_of_any_form)
{
    const world w;
    using d = stream_form::decimals;
    const std::vector<std::pair<const char*, stream_form>> forms{
        {"plain", {}},
        {"precise decimals", {.money = d::precise}},
        {"floating decimals", {.money = d::real}},
        {"schemas", {.schemas = true}},
        {"full identity", {.full = true}},
        {"snapshot", {.snapshot = 1100}},
        {"flat", {.flat = true}},
    };
    for (const auto& [name, form] : forms)
    {
        const auto report = w.judged(w.stream(form));
        EXPECT_EQ(report.judge(), verify::verdict::clean) << name << '\n' << told(report);
    }
}

/// A run whose first units were loaded in bulk.
struct loaded_world : world
{
    stream_form form{.seam = 1300, .chunk_units = 100};

    loaded_world()
    {
        run::load_state load{form.seam, {}, form.chunk_units, false, 0, {}};
        recorded.log.push_back(load.begin());
        for (std::uint64_t i = 0; i < run::load_state::count(load.seam, load.chunk_units); ++i)
            recorded.log.push_back(load.done(i));
    }
};

TEST(judge, takes_what_a_load_leaves_of_its_units)
{
    loaded_world w;
    for (const std::size_t keep : {std::size_t{64}, std::size_t{1} << 16})
    {
        w.how.keep = keep;
        const auto report = w.judged(w.stream(w.form));
        EXPECT_EQ(report.judge(), verify::verdict::clean) << told(report);
    }
    // Control: the same rows are no plan of a run whose units were written one by one.
    const world live;
    EXPECT_EQ(live.judged(w.stream(w.form)).judge(), verify::verdict::mismatch);
}

TEST(judge, finds_each_damage_of_loaded_rows)
{
    const loaded_world w;
    const auto whole = w.stream(w.form);
    for (const auto& m : whole)
        EXPECT_EQ(m.json.find("\"op\":\"r\""), std::string::npos);
    for (const std::string table : {"users", "orders", "order_items", "events", "products"})
        for (std::uint64_t seed = 0; seed < tries(20); ++seed)
        {
            auto draw = derive(seed, stream("loaded victim"), 0);
            std::size_t victim = 0;
            do
                victim = draw.next() % whole.size();
            while (whole[victim].table != table || (table == "products" && whole[victim].unit == no_unit) ||
                   (whole[victim].unit != no_unit && whole[victim].unit >= w.form.seam));
            const auto at = static_cast<std::ptrdiff_t>(victim);
            const auto named = [&](const messages& harmed, defect what, const char* how)
            {
                const auto report = w.judged(harmed);
                const auto found = std::ranges::find_if(report.examples(), [&](const verify::finding& f)
                                                        { return f.what == what && f.key == whole[victim].key; });
                EXPECT_NE(found, report.examples().end()) << table << ' ' << how << ' ' << seed << '\n' << told(report);
                EXPECT_EQ(report.findings(), 1U) << table << ' ' << how << ' ' << seed << '\n' << told(report);
            };
            auto harmed = whole;
            harmed.erase(harmed.begin() + at);
            named(harmed, defect::lost, "dropped");
            harmed = whole;
            harmed.insert(harmed.begin() + at, whole[victim]);
            named(harmed, defect::doubled, "doubled");
            harmed = whole;
            edit(harmed[victim],
                 [&](json& m)
                 {
                     auto& city = m.at("after").at(table == "order_items" ? "quantity"
                                                   : table == "orders"    ? "ship_city"
                                                   : table == "products"  ? "name"
                                                                          : "city");
                     city = table == "order_items" ? json(77) : json("Atlantis");
                 });
            named(harmed, defect::altered, "altered");
        }
}

TEST(judge, keeps_few_units_and_finds_the_same)
{
    world w;
    w.how.keep = 64;
    const auto report = w.judged(w.stream());
    EXPECT_EQ(report.judge(), verify::verdict::clean) << told(report);
    // All of one table, then all of the next one: most come late.
    auto by_table = w.stream();
    std::ranges::stable_sort(by_table, {}, &told_message::table);
    const auto late = w.judged(by_table);
    EXPECT_EQ(late.findings(), 0U) << told(late);
    EXPECT_NE(told(late).find("so late that only their rows were judged"), std::string::npos) << told(late);
}

TEST(judge, finds_each_damage_every_time)
{
    const world w;
    const auto whole = w.stream();
    for (const auto& [name, expected, inflict, column] : damages())
        for (std::uint64_t seed = 0; seed < tries(20); ++seed)
        {
            auto harmed = whole;
            const auto victim = whole.at(inflict(harmed, seed));
            const auto report = w.judged(harmed);
            const auto found = std::ranges::find_if(report.examples(),
                                                    [&, e = expected, c = column](const verify::finding& f) {
                                                        return f.what == e && f.column == c &&
                                                               f.table == victim.table &&
                                                               (e == defect::reordered || f.key == victim.key);
                                                    });
            ASSERT_NE(found, report.examples().end()) << name << ", seed " << seed << '\n' << told(report);
            EXPECT_EQ(report.judge(), verify::verdict::mismatch);
            EXPECT_LE(report.examples().size(), 2U) << name << " is one thing\n" << told(report);
        }
}

TEST(judge, finds_what_is_altered_long_before_the_end)
{
    world w;
    w.recorded.window = 64;
    w.how.keep = 200;
    const auto whole = w.stream();
    for (std::uint64_t seed = 0; seed < tries(10); ++seed)
        for (const std::string column : {"status", "updated_at", "older updated_at"})
        {
            auto harmed = whole;
            std::size_t i = 0;
            for (auto draw = seed; i == 0 || whole[i].unit > 1000; draw += 100)
                i = find(harmed, "orders", 'u', draw);
            const bool older = column.starts_with("older");
            const auto name = older ? std::string("updated_at") : column;
            edit(harmed[i],
                 [&](json& v)
                 {
                     auto text = v["after"][name].get<std::string>();
                     auto& last = text[text.size() - 2];
                     last = last == '5' ? '6' : '5';
                     v["after"][name] = older ? "2026-09-21T14:13:21.000001Z" : text;
                 });
            const auto report = w.judged(harmed);
            ASSERT_FALSE(report.examples().empty());
            const auto& found = report.examples().front();
            EXPECT_EQ(std::tie(found.column, found.key), std::tie(name, whole[i].key)) << told(report);
            EXPECT_EQ(report.findings(), 1U) << told(report);
        }
}

TEST(judge, tells_a_wrong_row_before_a_change)
{
    const world w;
    auto harmed = w.stream({.full = true});
    const auto i = find(harmed, "orders", 'u', 1);
    edit(harmed[i], [](json& v) { v["before"]["status"] = "Lost"; });
    const auto report = w.judged(harmed);
    ASSERT_EQ(report.count(defect::wrong_before), 1U) << told(report);
    EXPECT_EQ(report.examples().front().column, "status");
    EXPECT_EQ(report.examples().front().key, harmed[i].key);
}

TEST(judge, tells_what_becomes_of_price_changes)
{
    world w;
    const auto whole = w.stream({.full = true});
    const auto i = find(whole, "products", 'u', 3);
    const auto only = [&](const messages& harmed, defect what, std::string_view column)
    {
        const auto report = w.judged(harmed);
        EXPECT_EQ(report.count(what), 1U) << told(report);
        ASSERT_EQ(report.findings(), 1U) << told(report);
        const auto& found = report.examples().front();
        EXPECT_EQ(found.table, "products");
        EXPECT_EQ(found.key, whole[i].key);
        EXPECT_EQ(found.column, column);
    };
    auto lost = whole;
    lost.erase(lost.begin() + static_cast<std::ptrdiff_t>(i));
    only(lost, defect::lost, "");
    auto altered = whole;
    edit(altered[i], [](json& v) { v["after"]["name"] = "Nothing"; });
    only(altered, defect::altered, "name");
    auto before = whole;
    edit(before[i], [](json& v) { v["before"]["updated_at"] = "2026-09-21T14:13:21.000001Z"; });
    only(before, defect::wrong_before, "updated_at");
    auto removed = whole;
    edit(removed[i], [](json& v) { v["op"] = "d", v["before"] = v["after"], v["after"] = nullptr; });
    EXPECT_EQ(w.judged(removed).count(defect::foreign_edit), 1U) << "nobody plans that a product goes";
    auto unversioned = whole;
    auto edit_of_another = whole[i];
    edit(edit_of_another, [](json& v)
         { v["after"]["retail_price"] = "1.23", v["after"]["updated_at"] = nullptr, v["source"]["txId"] = 999'999; });
    unversioned.push_back(edit_of_another);
    EXPECT_EQ(w.judged(unversioned).count(defect::foreign_edit), 1U);
    auto first = whole;
    const auto made = std::ranges::find_if(first, [](const told_message& m) { return m.table == "products"; });
    ASSERT_NE(made, first.end());
    const auto key = made->key;
    first.erase(made);
    const auto report = w.judged(first);
    EXPECT_EQ(report.count(defect::lost), 1U) << told(report);
    EXPECT_EQ(report.examples().front().key, key);
}

TEST(judge, tells_price_changes_in_another_order)
{
    const world w;
    const auto whole = w.stream();
    EXPECT_EQ(w.judged(whole).judge(), verify::verdict::clean) << told(w.judged(whole));
    EXPECT_EQ(w.judged(w.stream({.snapshot = 1100})).judge(), verify::verdict::clean);
    auto later = find(whole, "products", 'u', 5), earlier = later;
    for (--earlier; whole[earlier].key != whole[later].key;)
        --earlier;
    auto turned = whole;
    std::rotate(turned.begin() + static_cast<std::ptrdiff_t>(earlier),
                turned.begin() + static_cast<std::ptrdiff_t>(later),
                turned.begin() + static_cast<std::ptrdiff_t>(later) + 1);
    const auto report = w.judged(turned);
    EXPECT_EQ(report.count(defect::reordered), 1U) << told(report);
    EXPECT_EQ(report.findings(), 1U) << told(report);
    EXPECT_EQ(report.examples().front().key, whole[later].key);
}

TEST(judge, takes_what_a_connector_sends_again)
{
    const world w;
    auto again = w.stream();
    // From a restart on all comes again, made anew.
    const auto at = again.size() / 2;
    messages tail(again.begin() + static_cast<std::ptrdiff_t>(at),
                  again.begin() + static_cast<std::ptrdiff_t>(at + 500));
    for (auto& m : tail)
        edit(m, [](json& v) { v["ts_ns"] = v["ts_ns"].get<std::uint64_t>() + 77'000'000'000; });
    again.insert(again.begin() + static_cast<std::ptrdiff_t>(at + 500), tail.begin(), tail.end());
    const auto report = w.judged(again);
    EXPECT_EQ(report.judge(), verify::verdict::clean) << told(report);
    EXPECT_EQ(report.count(defect::repeated), 500U);

    world strict;
    strict.how.exactly_once = true;
    EXPECT_EQ(strict.judged(again).count(defect::doubled), 500U);
    EXPECT_EQ(strict.judged(w.stream()).judge(), verify::verdict::clean);
}

TEST(judge, a_snapshot_and_the_stream_behind_it_have_no_gap)
{
    const world w;
    const auto whole = w.stream({.snapshot = 1100});
    // A row of the snapshot is missing; one is altered; one is as old as before its last change.
    for (const std::string_view table : {"orders", "events", "users"})
    {
        auto harmed = whole;
        std::size_t victim = 0;
        while (harmed[victim].table != table || json::parse(harmed[victim].json)["op"] != "r" ||
               harmed[victim].unit == no_unit)
            ++victim;
        const auto message = harmed[victim];
        harmed.erase(harmed.begin() + static_cast<std::ptrdiff_t>(victim));
        const auto report = w.judged(harmed);
        EXPECT_GE(report.count(defect::lost), 1U) << told(report);
        ASSERT_FALSE(report.examples().empty());
        EXPECT_EQ(report.examples().front().key, message.key);

        auto altered = whole;
        edit(altered[victim], [](json& v) { v["after"]["city"] = "Atlantis", v["after"]["status"] = "Lost"; });
        const auto other = w.judged(altered);
        EXPECT_EQ(other.count(defect::altered), 1U) << told(other);
        EXPECT_EQ(other.examples().front().column, table == "orders" ? "status" : "city");
    }
    // A row of the snapshot comes twice: the same reading of it, or another snapshot's.
    for (const std::string_view table : {"orders", "users", "dist_centers"})
        for (const bool copy : {true, false})
        {
            auto twice = whole;
            // Of a row that no later unit changes.
            const auto read = std::ranges::find_if(twice,
                                                   [&](const told_message& m)
                                                   {
                                                       return m.table == table &&
                                                              m.json.find("\"op\":\"r\"") != std::string::npos &&
                                                              std::ranges::count(twice, m.key, &told_message::key) == 1;
                                                   });
            ASSERT_NE(read, twice.end());
            auto message = *read;
            edit(message, [&](json& v) { v["ts_ns"] = 7; });
            *read = message;
            if (!copy)
                edit(message, [](json& v) { v["ts_ns"] = 8; });
            twice.push_back(message);
            const auto report = w.judged(twice);
            EXPECT_EQ(report.count(defect::doubled), copy ? 1U : 0U) << table << told(report);
            EXPECT_EQ(report.findings(), copy ? 1U : 0U) << table << told(report);
        }
    auto stale = whole;
    const auto update = find(stale, "orders", 'u', 3);
    // The row's older version, read once more behind its update.
    auto old = update - 1;
    while (stale[old].key != stale[update].key)
        --old;
    auto message = stale[old];
    edit(message, [](json& v) { v["op"] = "r", v["before"] = nullptr; });
    stale.insert(stale.begin() + static_cast<std::ptrdiff_t>(update) + 1, message);
    EXPECT_EQ(w.judged(stale).count(defect::stale_read), 1U);
}

TEST(judge_of_removals, finds_nothing_in_a_whole_stream_of_any_form)
{
    const std::vector<std::pair<const char*, stream_form>> forms{
        {"plain", {}},
        {"schemas", {.schemas = true}},
        {"full identity", {.full = true}},
        {"snapshot", {.snapshot = 1100}},
        {"snapshot and full identity", {.full = true, .snapshot = 1700}},
        {"flat", {.flat = true}},
    };
    for (const auto& [name, form] : forms)
        for (const std::size_t keep : {std::size_t{1} << 16, std::size_t{200}})
        {
            auto w = removing();
            w.recorded.window = keep == 200 ? 64 : 1024;
            w.how.keep = keep;
            const auto report = w.judged(w.stream(form));
            EXPECT_EQ(report.judge(), verify::verdict::clean) << name << ", " << keep << '\n' << told(report);
        }
}

TEST(judge_of_removals, finds_each_damage_of_a_delete)
{
    for (const std::uint32_t window : {1024U, 64U})
        for (const std::string_view table : {"orders", "order_items", "events"})
            for (std::uint64_t seed = 0; seed < tries(2); ++seed)
            {
                auto w = removing();
                w.recorded.window = window;
                const auto whole = w.stream({.full = true});
                const auto victim = find(whole, table, 'd', seed);
                const auto place = static_cast<std::ptrdiff_t>(victim);
                const auto key = whole[victim].key;
                const auto says = [&](const messages& harmed, defect what, std::uint64_t others = 0)
                {
                    const auto report = w.judged(harmed);
                    EXPECT_EQ(report.count(what), 1U) << table << told(report);
                    EXPECT_LE(report.findings(), 1 + others) << table << told(report);
                    EXPECT_EQ(report.judge(), verify::verdict::mismatch);
                    for (const auto& one : report.examples())
                        EXPECT_TRUE(one.what != what ||
                                    (one.key == key && (what == defect::reordered || one.unit == whole[victim].unit)));
                };
                auto harmed = whole;
                harmed.erase(harmed.begin() + place);
                says(harmed, defect::lost);

                harmed = whole;
                harmed.insert(harmed.begin() + place, whole[victim]);
                says(harmed, defect::doubled);

                // Before the row was made.
                harmed = whole;
                harmed.erase(harmed.begin() + place);
                const auto made = std::ranges::find(harmed, key, &told_message::key);
                harmed.insert(made, whole[victim]);
                says(harmed, defect::reordered, 3);

                // Another row instead of this one.
                harmed = whole;
                const auto other = std::ranges::find_if(whole.begin() + place + 1, whole.end(),
                                                        [&](const told_message& m)
                                                        { return m.table == table && m.unit > whole[victim].unit; });
                ASSERT_NE(other, whole.end());
                edit(harmed[victim], [&](json& v) { v["before"]["id"] = other->key; });
                says(harmed, defect::lost, 30);

                harmed = whole;
                edit(harmed[victim], [](json& v) { v["before"]["created_at"] = "2020-01-01T00:00:00.000000Z"; });
                says(harmed, defect::wrong_before);
            }
}

TEST(judge_of_removals, a_row_of_the_snapshot_must_be_there_unless_it_was_removed_before)
{
    const auto w = removing();
    const auto whole = w.stream({.snapshot = 1100});
    for (const std::string_view table : {"orders", "events"})
    {
        auto harmed = whole;
        // The newest row: far from its removal.
        auto victim = harmed.size();
        for (std::size_t i = 0; i < harmed.size(); ++i)
            if (harmed[i].table == table && harmed[i].json.find("\"op\":\"r\"") != std::string::npos)
                victim = i;
        ASSERT_LT(victim, harmed.size());
        const auto key = harmed[victim].key;
        harmed.erase(harmed.begin() + static_cast<std::ptrdiff_t>(victim));
        const auto report = w.judged(harmed);
        EXPECT_GE(report.count(defect::lost), 1U) << told(report);
        for (const auto& one : report.examples())
            EXPECT_EQ(one.key, key) << told(report);
        // That it is deleted later is no excuse.
        const auto whole_units = w.judged(whole);
        EXPECT_EQ(whole_units.findings(), 0U) << told(whole_units);
    }
    // A delete behind the snapshot is missing, of a row that is in it.
    auto harmed = whole;
    const auto victim = find(whole, "orders", 'd', 1);
    harmed.erase(harmed.begin() + static_cast<std::ptrdiff_t>(victim));
    const auto report = w.judged(harmed);
    EXPECT_EQ(report.count(defect::lost), 1U) << told(report);
}

TEST(judge_of_removals, a_delete_by_hand_is_a_foreign_edit)
{
    auto w = removing();
    w.recorded.window = 64;
    const auto whole = w.stream();
    auto harmed = whole;
    const auto victim = find(whole, "events", 'd', 3);
    auto by_hand = whole[victim];
    edit(by_hand, [](json& v) { v["source"]["txId"] = 12; });
    // Long before its time, and the true one never comes: the unit is refused.
    const auto made = std::ranges::find(whole, by_hand.key, &told_message::key);
    harmed.insert(harmed.begin() + (made - whole.begin()) + 40, by_hand);
    std::erase_if(harmed,
                  [&](const told_message& m)
                  {
                      return m.unit == by_hand.unit && m.transaction != 0 &&
                             m.json.find("\"op\":\"d\"") != std::string::npos &&
                             m.json.find("\"txId\":12,") == std::string::npos;
                  });
    model::control refused;
    refused.unit = by_hand.unit;
    refused.what = model::control::kind::reject;
    w.recorded.log.push_back(refused);
    const auto report = w.judged(harmed);
    EXPECT_EQ(report.count(defect::foreign_edit), 1U) << told(report);
    EXPECT_EQ(report.findings(), 1U) << told(report);
}

TEST(judge, foreign_edits_are_told_apart_from_losses)
{
    const world w;
    const auto whole = w.stream();
    const auto i = find(whole, "orders", 'u', 5);
    for (const bool bumps : {true, false})
    {
        auto edited = whole;
        auto message = whole[i];
        edit(message,
             [&](json& v)
             {
                 v["after"]["status"] = "Edited";
                 v["source"]["txId"] = 999'999;
                 v["ts_ns"] = 5;
                 if (bumps)
                     v["after"]["updated_at"] = "2026-09-21T14:13:27.000001Z";
             });
        edited.insert(edited.begin() + static_cast<std::ptrdiff_t>(i) + 1, message);
        const auto report = w.judged(edited);
        EXPECT_EQ(report.count(defect::foreign_edit), 1U) << told(report);
        EXPECT_EQ(report.judge(), verify::verdict::not_proven) << told(report);
    }
    // A row whose own event is not in the stream: it was in the snapshot, or before the stream.
    for (const bool snapshot : {true, false})
    {
        world part;
        auto edited = snapshot ? w.stream({.snapshot = 1100}) : w.stream({.first = false, .begin = 1100});
        if (!snapshot)
            part.how.from = 1100;
        for (const char op : {'c', 'u'})
        {
            const auto old = std::ranges::find_if(
                whole, [&](const told_message& m)
                { return m.table == "orders" && m.unit < 1000 && json::parse(m.json)["op"] == std::string(1, op); });
            ASSERT_NE(old, whole.end());
            auto kept = *old;
            edit(kept,
                 [](json& v)
                 {
                     v["op"] = "u";
                     v["after"]["ship_city"] = "Nowhere";
                     v["source"]["txId"] = 999'999;
                     v["source"]["lsn"] = 1ULL << 40;
                 });
            edited.push_back(kept);
        }
        part.how.barrier = std::uint64_t{1} << 62;
        const auto report = part.judged(edited);
        EXPECT_EQ(report.count(defect::foreign_edit), 2U) << told(report);
        EXPECT_EQ(report.judge(), verify::verdict::not_proven) << told(report);
    }
    // A version behind the last unit: of a run that goes on it may be a later unit's, of one that has ended it is nobody's.
    for (const bool ended : {true, false})
    {
        world over;
        over.recorded.clean = ended;
        over.recorded.settled = units;
        over.how.barrier = std::uint64_t{1} << 62;
        auto edited = whole;
        auto message = whole[i];
        edit(message,
             [](json& v)
             {
                 v["after"]["updated_at"] = "2035-01-01T00:00:00.000001Z";
                 v["source"]["txId"] = 999'999;
             });
        edited.push_back(message);
        const auto report = over.judged(edited);
        EXPECT_EQ(report.count(defect::foreign_edit), ended ? 1U : 0U) << told(report);
    }
    // A delete, with made-up columns as replica identity DEFAULT has them.
    auto erased = whole;
    auto message = whole[i];
    edit(message,
         [](json& v)
         {
             v["before"] = {{"id", v["after"]["id"]}, {"updated_at", "1970-01-01T00:00:00.000000Z"}, {"status", ""}};
             v["after"] = nullptr;
             v["op"] = "d";
             v["source"]["txId"] = 999'999;
         });
    erased.push_back(message);
    const auto report = w.judged(erased);
    EXPECT_EQ(report.count(defect::foreign_edit), 1U) << told(report);
    EXPECT_EQ(report.judge(), verify::verdict::not_proven) << told(report);
}

TEST(judge, demands_what_is_below_the_cut_alone)
{
    world w;
    const auto whole = w.stream();
    // The stream goes on behind the cut.
    w.demanded = 1000;
    w.known = 1500;
    EXPECT_EQ(w.judged(whole).judge(), verify::verdict::clean);
    // A unit between, of several rows, may be missing as a whole, but not half.
    const auto between = std::ranges::find_if(
        whole, [&](const told_message& m)
        { return m.unit >= 1200 && m.unit < 1500 && std::ranges::count(whole, m.unit, &told_message::unit) > 1; });
    ASSERT_NE(between, whole.end());
    const auto missing = [unit = between->unit](const told_message& m) { return m.unit == unit; };
    auto without = whole;
    std::erase_if(without, missing);
    EXPECT_EQ(w.judged(without).judge(), verify::verdict::clean);
    without = whole;
    bool kept = false;
    std::erase_if(without, [&](const told_message& m) { return missing(m) && std::exchange(kept, true); });
    EXPECT_EQ(w.judged(without).judge(), verify::verdict::not_proven);
    w.how.barrier = std::uint64_t{1} << 62;
    EXPECT_GE(w.judged(without).count(defect::lost), 1U);
    without = whole;
    std::erase_if(without, [](const told_message& m) { return m.unit == 900; });
    EXPECT_GE(w.judged(without).count(defect::lost), 1U);
}

TEST(judge, a_stream_that_begins_later_proves_only_what_is_in_it)
{
    world w;
    const auto later = w.stream({.first = false, .begin = 800});
    const auto report = w.judged(later);
    EXPECT_EQ(report.judge(), verify::verdict::not_proven) << told(report);
    EXPECT_EQ(report.unproven().size(), 1U) << told(report);
    w.how.from = 800;
    EXPECT_EQ(w.judged(later).judge(), verify::verdict::clean) << told(w.judged(later));
    w.how.from = 700;
    EXPECT_GE(w.judged(later).count(defect::lost), 100U);
    // Below it, those of later than a moment are demanded still.
    const auto planner = w.shop->plan(w.recorded.start);
    time at;
    while (planner->next_no() < 900)
        at = planner->next().at;
    w.how.from = 1900;
    w.how.from_time = at;
    EXPECT_EQ(w.judged(later).judge(), verify::verdict::clean);
    auto without = later;
    std::erase_if(without, [](const told_message& m) { return m.unit == 950; });
    EXPECT_GE(w.judged(without).count(defect::lost), 1U);
    without = later;
    std::erase_if(without, [](const told_message& m) { return m.unit == 850; });
    EXPECT_EQ(w.judged(without).judge(), verify::verdict::clean);
}

TEST(judge, a_hidden_column_is_not_proven)
{
    const world w;
    auto hidden = w.stream();
    for (auto& m : hidden)
        if (m.table == "users")
            edit(m, [](json& v) { v["after"].erase("street_address"); });
    const auto report = w.judged(hidden);
    EXPECT_EQ(report.judge(), verify::verdict::not_proven) << told(report);
    EXPECT_NE(told(report).find("street_address"), std::string::npos);
    auto added = w.stream();
    for (auto& m : added)
        edit(m, [](json& v) { v["after"]["loyalty"] = 3; });
    EXPECT_EQ(w.judged(added).judge(), verify::verdict::clean) << "a column that the plan does not have";
}

TEST(judge, refused_units_are_not_missed)
{
    world w;
    w.recorded.log.push_back({777, model::control::kind::reject, 0, 0, {}});
    EXPECT_EQ(w.judged(w.stream()).judge(), verify::verdict::clean);
    world all;
    EXPECT_GE(all.judged(w.stream()).count(defect::lost), 1U);
}

TEST(judge, a_cut_between_two_units_of_one_moment_makes_no_foreign_edit)
{
    world w;
    const auto all = w.stream();
    const auto planner = w.shop->plan(w.recorded.start);
    time before{};
    int cuts = 0;
    for (unit_no no = 0; no < units && cuts < 5; ++no)
    {
        const auto d = planner->next();
        if (d.kind == look::kind::user_erased && d.at == before)
        {
            ++cuts;
            w.known = w.demanded = no;
            const auto report = w.judged(all);
            EXPECT_EQ(report.findings(), 0U) << "known below " << no << '\n' << told(report);
        }
        before = d.at;
    }
    EXPECT_EQ(cuts, 5);
}

TEST(judge, rows_of_others_are_none_of_ours)
{
    // Neither changes prices: that would be what the other one has.
    const world w({{"init-num-users", "60"}, {"lifecycle", "complete"}});
    auto mixed = w.stream();
    world other({{"init-num-users", "60"}, {"lifecycle", "complete"}});
    other.recorded.tag = run_tag("other");
    const auto theirs = other.stream({.first = false});
    mixed.insert(mixed.end(), theirs.begin(), theirs.begin() + 100);
    EXPECT_EQ(w.judged(mixed).judge(), verify::verdict::clean) << told(w.judged(mixed));
    // An id of our run that no plan gave.
    auto invented = w.stream();
    const auto i = find(invented, "orders", 'c', 2);
    edit(invented[i], [](json& v) { v["after"]["id"] = v["after"]["id"].get<std::string>().replace(35, 1, "0"); });
    const auto report = w.judged(invented);
    EXPECT_EQ(report.judge(), verify::verdict::mismatch) << told(report);
}

}  // namespace
}  // namespace bazaar::test
