// Kinds of faults that an attack on verify has found, each with the right word for the right row, and what is no fault.

#include <map>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/base/id.hpp"
#include "support/effort.hpp"
#include "unit/judge_world.hpp"

namespace bazaar::test
{
namespace
{

using verify::verdict;

/// The report names this key for this reason, and no other key for any.
void expect_only(const verify::report& report, defect what, const std::string& key, const char* which)
{
    bool named = false;
    for (const auto& f : report.examples())
    {
        named = named || (f.what == what && f.key == key);
        EXPECT_TRUE(f.key == key || f.what == defect::repeated) << which << ": blames " << f.key << '\n'
                                                                << told(report);
    }
    EXPECT_TRUE(named) << which << ": does not name " << key << '\n' << told(report);
}

std::size_t place_of_key(const messages& all, std::string_view key, std::size_t behind = 0)
{
    while (all[behind].key != key)
        ++behind;
    return behind;
}

messages::iterator at(messages& all, std::size_t place)
{
    return all.begin() + static_cast<std::ptrdiff_t>(place);
}

/// An update of a row that came before unit 0, and the row.
std::size_t update_of_first_row(const messages& all)
{
    for (std::size_t i = 0;; ++i)
        if (all[i].table == "users" && all[i].unit != no_unit &&
            std::ranges::count(all, all[i].key, &told_message::key) == 2 &&
            std::ranges::any_of(all.begin(), at(const_cast<messages&>(all), i),
                                [&](const told_message& m) { return m.key == all[i].key && m.unit == no_unit; }))
            return i;
}

TEST(judge_kinds, an_event_that_contradicts_its_operation_is_a_wrong_operation)
{
    for (const bool full : {false, true})
    {
        const auto w = removing();
        const auto whole = w.stream({.full = full});
        const std::vector<std::tuple<const char*, std::string_view, char, std::function<void(json&)>>> harms{
            {"insert with a row before", "orders", 'c', [](json& v) { v["before"] = v["after"]; }},
            {"insert with its row before", "events", 'c',
             [](json& v) { v["before"] = v["after"], v["after"] = nullptr; }},
            {"update with its row before", "orders", 'u',
             [](json& v) { v["before"] = v["after"], v["after"] = nullptr; }},
            {"delete with a row after", "orders", 'd', [](json& v) { v["after"] = v["before"]; }},
            {"delete with its row after", "events", 'd',
             [](json& v) { v["after"] = v["before"], v["before"] = nullptr; }},
            {"insert told as a delete", "orders", 'c',
             [](json& v) { v["before"] = v["after"], v["after"] = nullptr, v["op"] = "d"; }},
            {"insert told as an update", "orders", 'c', [](json& v) { v["op"] = "u"; }},
            {"insert told as a read", "orders", 'c', [](json& v) { v["op"] = "r"; }},
            {"update told as an insert", "orders", 'u', [](json& v) { v["op"] = "c", v["before"] = nullptr; }},
            {"update told as a read", "orders", 'u', [](json& v) { v["op"] = "r", v["before"] = nullptr; }},
            {"insert told as a snapshot's", "orders", 'c', [](json& v) { v["source"]["snapshot"] = "true"; }},
        };
        for (const auto& [name, table, op, how] : harms)
            for (std::uint64_t seed = 0; seed < tries(3); ++seed)
            {
                auto harmed = whole;
                const auto i = find(harmed, table, op, seed);
                edit(harmed[i], how);
                const auto report = w.judged(harmed);
                EXPECT_EQ(report.judge(), verdict::mismatch) << name << full << told(report);
                EXPECT_GE(report.count(defect::wrong_op), 1U) << name << full << told(report);
                expect_only(report, defect::wrong_op, whole[i].key, name);
            }
    }
}

// The row that an update has left is the one before the next update.
TEST(judge_kinds, an_update_told_by_the_row_that_it_left_is_not_the_next_one)
{
    const auto w = removing();
    const auto whole = w.stream({.full = true});
    std::size_t tried = 0;
    for (std::size_t i = 0; i < whole.size() && tried < tries(12); ++i)
    {
        const auto is_step = [&](const told_message& m)
        { return m.table == "orders" && m.key == whole[i].key && m.json.find("\"op\":\"u\"") != std::string::npos; };
        if (!is_step(whole[i]) || std::ranges::count_if(whole, is_step) < 2)
            continue;
        ++tried;
        auto harmed = whole;
        edit(harmed[i], [](json& v) { v["before"] = v["after"], v["after"] = nullptr; });
        expect_only(w.judged(harmed), defect::wrong_op, whole[i].key, "told by the row that it left");
        // As it must be, but without the row after it: still this one.
        harmed[i] = whole[i];
        edit(harmed[i], [](json& v) { v["after"] = nullptr; });
        expect_only(w.judged(harmed), defect::wrong_op, whole[i].key, "told without the row that it left");
    }
    EXPECT_GE(tried, tries(12));
}

TEST(judge_kinds, an_operation_that_nobody_knows_is_no_message_of_debezium)
{
    const world w;
    verify::debezium_reader reader(w.shop->tables(), "demo");
    verify::change_event e;
    auto message = w.stream()[100];
    edit(message, [](json& v) { v["op"] = "x"; });
    EXPECT_EQ(reader.read("ecomm.demo." + message.table, message.json, e), verify::debezium_reader::outcome::broken);
    edit(message, [](json& v) { v["op"] = "m"; });
    EXPECT_EQ(reader.read("ecomm.demo." + message.table, message.json, e), verify::debezium_reader::outcome::broken);
}

TEST(judge_kinds, ids_that_the_plan_does_not_have_are_unknown)
{
    const world w;
    const auto whole = w.stream();
    const id_codec ids(w.recorded.tag, w.recorded.seed);
    const auto i = find(whole, "orders", 'c', 4);
    const auto victim = *ids.decode(*parse_uuid(whole[i].key));
    const auto row = [&](std::uint64_t number, unit_no unit) {
        return to_string(ids.encode({victim.table, number, unit}));
    };
    const auto user_unit = whole[find(whole, "users", 'c', 4)].unit;
    const std::vector<std::pair<const char*, std::string>> keys{
        {"a row that its unit does not make", row(victim.row + 1'000'000, victim.unit)},
        {"another unit's row", row(victim.row, victim.unit - 1)},
        {"of a unit that makes no order", row(victim.row + 7, user_unit)},
        {"as if from before unit 0", row(3, no_unit)},
    };
    for (const auto& [name, key] : keys)
        for (const char op : {'c', 'u', 'd', 'r'})
            for (const bool own_transaction : {false, true})
            {
                auto harmed = whole;
                auto message = whole[op == 'u' ? find(whole, "orders", 'u', 9) : i];
                edit(message,
                     [&, &id = key](json& v)
                     {
                         v["after"]["id"] = id;
                         v["op"] = std::string(1, op);
                         if (op == 'd')
                             v["before"] = v["after"], v["after"] = nullptr;
                         if (op == 'r')
                             v["source"]["snapshot"] = "incremental";
                         if (own_transaction)
                             v["source"]["txId"] = 999'999;
                         v["ts_ns"] = 5;
                     });
                harmed.insert(at(harmed, i + 30), message);
                const auto report = w.judged(harmed);
                EXPECT_EQ(report.judge(), verdict::mismatch) << name << op << told(report);
                expect_only(report, defect::unknown, key, name);
            }
    for (const auto& key : {json(nullptr), json("hello"), json(17)})
    {
        auto harmed = whole;
        auto message = whole[i];
        edit(message, [&](json& v) { v["after"]["id"] = key; });
        harmed.insert(at(harmed, i + 30), message);
        const auto report = w.judged(harmed);
        EXPECT_EQ(report.count(defect::unknown), 1U) << told(report);
        EXPECT_EQ(report.findings(), 1U) << told(report);
    }
}

TEST(judge_kinds, a_row_that_goes_back_is_reordered)
{
    const world w;
    const auto whole = w.stream();
    for (std::uint64_t seed = 0; seed < tries(5); ++seed)
    {
        const auto newer = find(whole, "orders", 'u', seed);
        auto older = newer - 1;
        while (whole[older].key != whole[newer].key)
            --older;
        auto next = newer + 1;
        while (next < whole.size() && whole[next].key != whole[newer].key)
            ++next;
        for (const std::size_t later : {std::size_t{1}, std::size_t{50}})
        {
            auto harmed = whole;
            const auto place = std::min(newer + later, next);
            auto message = whole[older];
            edit(message, [](json& v) { v["ts_ns"] = 5; });
            harmed.insert(at(harmed, place), message);
            const auto report = w.judged(harmed);
            EXPECT_EQ(report.count(defect::reordered), 1U) << told(report);
            expect_only(report, defect::reordered, whole[newer].key, "once more");
            // Control: the newer one comes again, too, as behind a restart.
            auto forward = whole[newer];
            edit(forward, [](json& v) { v["ts_ns"] = 6; });
            harmed.insert(at(harmed, place + 1), forward);
            EXPECT_EQ(w.judged(harmed).judge(), verdict::clean) << told(w.judged(harmed));
        }
    }
    // A first row behind its update; below the barrier alone the connector is through with what it sends again.
    const auto update = update_of_first_row(whole);
    auto harmed = whole;
    const auto first = place_of_key(whole, whole[update].key);
    const auto message = harmed[first];
    harmed.insert(at(harmed, update + 1), message);
    harmed.erase(at(harmed, first));
    expect_only(w.judged(harmed), defect::reordered, whole[update].key, "first row");
    world barred;
    barred.how.barrier = 1;
    EXPECT_EQ(barred.judged(harmed).count(defect::reordered), 0U);
}

TEST(judge_kinds, an_insert_or_a_delete_in_a_second_transaction_is_torn)
{
    const auto w = removing();
    const auto whole = w.stream();
    for (const char op : {'c', 'd'})
        for (std::uint64_t seed = 0; seed < tries(5); ++seed)
        {
            auto harmed = whole;
            const auto i = find(whole, "orders", op, seed);
            auto message = whole[i];
            edit(message, [](json& v) { v["source"]["txId"] = 999'999, v["ts_ns"] = 5; });
            harmed.insert(at(harmed, i + 1), message);
            expect_only(w.judged(harmed), defect::torn, whole[i].key, op == 'c' ? "insert" : "delete");
            // Control: in its own transaction it was sent again.
            harmed = whole;
            edit(message, [&](json& v) { v["source"]["txId"] = whole[i].transaction; });
            harmed.insert(at(harmed, i + 1), message);
            EXPECT_EQ(w.judged(harmed).judge(), verdict::clean) << told(w.judged(harmed));
        }
}

TEST(judge_kinds, an_event_in_another_units_transaction_is_named_itself)
{
    const world w;
    const auto whole = w.stream();
    int moved = 0;
    for (std::uint64_t seed = 0; seed < tries(30); ++seed)
    {
        const auto i = find(whole, "", 0, seed);
        for (const int way : {-1, 1})
        {
            // Into the next unit of several changes, on either side.
            auto host = i;
            while (host > 0 && host + 1 < whole.size() &&
                   (whole[host].unit == whole[i].unit || whole[host].unit == no_unit ||
                    std::ranges::count(whole, whole[host].transaction, &told_message::transaction) < 3))
                host += static_cast<std::size_t>(way);
            if (whole[host].unit == no_unit || whole[host].unit == whole[i].unit)
                continue;
            ++moved;
            auto harmed = whole;
            edit(harmed[i], [&](json& v) { v["source"]["txId"] = whole[host].transaction; });
            const auto report = w.judged(harmed);
            EXPECT_EQ(report.judge(), verdict::mismatch) << told(report);
            bool named = false;
            for (const auto& f : report.examples())
            {
                EXPECT_EQ(f.what, defect::torn);
                EXPECT_EQ(f.unit, whole[i].unit) << "blames another unit\n" << told(report);
                named = named || f.key == whole[i].key;
            }
            EXPECT_TRUE(named) << whole[i].key << told(report);
        }
    }
    EXPECT_GT(moved, static_cast<int>(tries(30)));
}

TEST(judge_kinds, an_update_told_as_the_insert_of_a_first_row_is_a_wrong_operation)
{
    const world w;
    const auto whole = w.stream();
    const auto i = update_of_first_row(whole);
    auto harmed = whole;
    edit(harmed[i], [](json& v) { v["op"] = "c"; });
    expect_only(w.judged(harmed), defect::wrong_op, whole[i].key, "update");
    harmed = whole;
    edit(harmed[place_of_key(whole, whole[i].key)], [](json& v) { v["op"] = "u"; });
    expect_only(w.judged(harmed), defect::wrong_op, whole[i].key, "insert");
}

TEST(judge_kinds, a_truncated_table_is_somebodys_edit)
{
    const world w;
    auto harmed = w.stream();
    auto message = harmed[500];
    message.table = "events";
    edit(message,
         [](json& v)
         {
             v["op"] = "t", v["before"] = v["after"] = nullptr;
             v["source"]["table"] = "events";
         });
    harmed.insert(at(harmed, 500), message);
    const auto report = w.judged(harmed);
    EXPECT_EQ(report.count(defect::foreign_edit), 1U) << told(report);
    EXPECT_EQ(report.findings(), 1U) << told(report);
}

TEST(judge_kinds, a_row_that_was_deleted_is_not_read_again)
{
    const auto w = removing();
    const auto whole = w.stream();
    for (const std::string_view table : {"orders", "order_items", "events"})
    {
        const auto gone = find(whole, table, 'd', 2);
        auto message = whole[place_of_key(whole, whole[gone].key)];
        edit(message, [](json& v) { v["op"] = "r", v["source"]["snapshot"] = "incremental", v["ts_ns"] = 5; });
        auto harmed = whole;
        harmed.insert(at(harmed, gone + 1), message);
        expect_only(w.judged(harmed), defect::stale_read, whole[gone].key, "read");
        // Control: before it was deleted.
        harmed = whole;
        harmed.insert(at(harmed, place_of_key(whole, whole[gone].key) + 1), message);
        EXPECT_EQ(w.judged(harmed).findings(), 0U) << told(w.judged(harmed));
    }
}

TEST(judge_kinds, deletes_of_a_table_that_never_loses_rows_are_not_behind_the_cut)
{
    const auto w = removing();
    auto harmed = w.stream();
    const auto i = find(harmed, "users", 'c', 3);
    const auto key = harmed[i].key;
    auto message = harmed[i];
    edit(message,
         [](json& v) { v["op"] = "d", v["before"] = v["after"], v["after"] = nullptr, v["source"]["txId"] = 999'999; });
    harmed.push_back(message);
    expect_only(w.judged(harmed), defect::foreign_edit, key, "delete");
}

TEST(judge_kinds, a_stream_behind_the_end_of_a_run_is_nobodys)
{
    world w;
    const auto whole = w.stream();
    w.demanded = w.known = 1500;
    w.recorded.settled = 1500;
    EXPECT_EQ(w.judged(whole).judge(), verdict::clean) << "the run goes on\n" << told(w.judged(whole));
    w.recorded.clean = true;
    const auto report = w.judged(whole);
    EXPECT_EQ(report.judge(), verdict::mismatch);
    EXPECT_GT(report.count(defect::unknown), 100U);
    EXPECT_NE(told(report).find("a newer card knows them"), std::string::npos) << told(report);
    // Behind the cut it may have begun again.
    w.how.ended_until = 1;
    EXPECT_EQ(w.judged(whole).judge(), verdict::clean);
}

TEST(judge_kinds, what_a_card_does_not_know_is_no_finding)
{
    world w;
    for (const stream_form& form : {stream_form{.snapshot = 1100}, stream_form{.snapshot = 1900}})
    {
        const auto all = w.stream(form);
        w.demanded = w.known = w.recorded.settled = 800;
        const auto report = w.judged(all);
        EXPECT_EQ(report.judge(), verdict::clean) << form.snapshot << told(report);
        EXPECT_NE(told(report).find("events behind the cut"), std::string::npos) << told(report);
        // Control: what it knows must be there.
        auto harmed = all;
        const auto victim = std::ranges::find_if(harmed, [](const told_message& m)
                                                 { return m.table == "events" && m.unit < 700; });
        const auto key = victim->key;
        harmed.erase(victim);
        expect_only(w.judged(harmed), defect::lost, key, "lost");
    }
}

TEST(judge_kinds, one_row_of_a_snapshot_demands_no_other)
{
    world w;
    const auto behind = w.stream({.first = false});
    auto whole = w.stream({.snapshot = 1100});
    for (const std::string_view where : {"incremental", "true", "first_in_data_collection"})
        for (const std::string_view table : {"users", "products", "dist_centers", "orders"})
        {
            auto stream = behind;
            auto message = whole[0];
            for (const auto& m : whole)
                if (m.table == table && m.json.find("\"op\":\"r\"") != std::string::npos)
                    message = m;
            edit(message, [&](json& v) { v["source"]["snapshot"] = where; });
            stream.insert(stream.begin(), message);
            const auto report = w.judged(stream);
            EXPECT_EQ(report.findings(), 0U) << where << table << told(report);
            EXPECT_EQ(report.judge(), verdict::not_proven) << "no first rows are in it\n" << told(report);
        }
    // Control: where the connector says that the snapshot is over, all of it is demanded.
    std::size_t last = 0;
    for (std::size_t i = 0; i < whole.size(); ++i)
        if (whole[i].json.find("\"op\":\"r\"") != std::string::npos)
            last = i;
    edit(whole[last], [](json& v) { v["source"]["snapshot"] = "last"; });
    EXPECT_EQ(w.judged(whole).judge(), verdict::clean);
    std::erase_if(whole, [](const told_message& m)
                  { return m.table == "users" && m.unit == no_unit && m.json.find("\"last\"") == std::string::npos; });
    EXPECT_GE(w.judged(whole).count(defect::lost), 10U);
}

TEST(judge_kinds, an_edited_row_of_a_fixed_table_demands_no_other)
{
    const world w;
    for (const std::string_view table : {"products", "dist_centers"})
    {
        auto stream = w.stream({.snapshot = 1100});
        const auto made = std::ranges::find(stream, table, &told_message::table);
        auto message = *made;
        std::erase_if(stream, [&](const told_message& m) { return m.table == table && m.unit == no_unit; });
        edit(message,
             [](json& v) {
                 v["op"] = "u", v["after"]["name"] = "Nowhere", v["source"]["snapshot"] = "false",
                 v["source"]["txId"] = 99;
             });
        stream.push_back(message);
        const auto report = w.judged(stream);
        EXPECT_EQ(report.count(defect::foreign_edit), 1U) << table << told(report);
        EXPECT_EQ(report.count(defect::lost), 0U) << table << told(report);
    }
}

TEST(judge_kinds, a_version_of_the_future_makes_nothing_late)
{
    world w;
    w.recorded.window = 64;
    w.how.keep = 200;
    const auto whole = w.stream();
    for (const bool known_to_be_future : {true, false})
        for (const std::size_t edits : {std::size_t{1}, std::size_t{40}})
        {
            if (known_to_be_future)
                w.how.latest = time{w.recorded.start.us + 86'400'000'000};
            else
                w.how.latest = std::nullopt;
            auto harmed = whole;
            const auto i = find(whole, "orders", 'u', 6);
            // One statement of somebody else.
            for (std::size_t k = 0; k < edits; ++k)
            {
                auto message = whole[i];
                edit(message,
                     [&](json& v)
                     {
                         v["after"]["updated_at"] = fmt::format("2099-01-01T00:00:00.0000{:02}Z", k);
                         v["source"]["txId"] = 999'999;
                     });
                harmed.insert(at(harmed, 900), message);
            }
            // Torn units behind it are found still.
            const auto torn = std::ranges::find_if(
                harmed.begin() + 1500, harmed.end(),
                [&](const told_message& m) { return std::ranges::count(whole, m.unit, &told_message::unit) > 3; });
            edit(*torn, [](json& v) { v["source"]["txId"] = 4'000'000'000U; });
            const auto key = torn->key;
            const auto report = w.judged(harmed);
            EXPECT_EQ(report.count(defect::torn), 1U) << told(report);
            EXPECT_EQ(report.count(defect::lost), 0U) << told(report);
            EXPECT_EQ(told(report).find("so late"), std::string::npos) << told(report);
            if (known_to_be_future)
            {
                EXPECT_EQ(report.count(defect::foreign_edit), edits) << told(report);
            }
        }
}

TEST(judge_kinds, thousands_of_foreign_edits_hide_no_mismatch)
{
    const world w;
    const auto whole = w.stream();
    auto harmed = whole;
    const auto i = find(whole, "orders", 'u', 6);
    const auto altered = find(whole, "orders", 'u', 8);
    edit(harmed[altered], [](json& v) { v["after"]["updated_at"] = "2026-09-21T14:13:21.000001Z"; });
    messages edits;
    for (std::size_t k = 0; k < 10'050; ++k)
    {
        auto message = whole[i];
        message.json.replace(message.json.find("\"updated_at\":\"") + 14, 27,
                             fmt::format("2026-09-21T14:13:22.{:06}Z", k));
        message.json.replace(message.json.find("\"txId\":") + 7, std::to_string(whole[i].transaction).size(), "999999");
        edits.push_back(std::move(message));
    }
    harmed.insert(at(harmed, altered), edits.begin(), edits.end());
    const auto report = w.judged(harmed);
    EXPECT_EQ(report.count(defect::foreign_edit), edits.size()) << told(report);
    EXPECT_EQ(report.count(defect::altered), 1U) << told(report);
    EXPECT_EQ(report.findings(), edits.size() + 1) << told(report);
}

TEST(judge_kinds, from_that_leaves_out_everything_proves_nothing)
{
    world w;
    w.recorded.clean = true;
    w.recorded.settled = units;
    w.how.from = units;
    EXPECT_EQ(w.judged({}).judge(), verdict::not_proven);
    EXPECT_EQ(w.judged(w.stream()).judge(), verdict::not_proven);
    w.how.from = units - 1;
    EXPECT_EQ(w.judged(w.stream()).judge(), verdict::clean) << told(w.judged(w.stream()));
    w.how.from = std::nullopt;
    EXPECT_EQ(w.judged({}).judge(), verdict::not_proven);
}

TEST(judge_kinds, a_number_that_wraps_around_is_no_number)
{
    const world w;
    const auto whole = w.stream();
    const auto i = find(whole, "order_items", 'c', 3);
    const auto cents = json::parse(whole[i].json)["after"]["sale_price"].get<std::string>();
    const auto judged = [&](const json& value)
    {
        auto harmed = whole;
        edit(harmed[i], [&](json& v) { v["after"]["sale_price"] = value; });
        return w.judged(harmed);
    };
    // 2^64 more than the number that is meant, without and with another scale.
    auto units_text = cents;
    units_text.erase(units_text.find('.'), 1);
    const auto number = std::stoll(units_text);
    const auto base64_of = [](std::string head, std::uint64_t rest)
    {
        for (int shift = 56; shift >= 0; shift -= 8)
            head += static_cast<char>(rest >> shift & 0xff);
        return base64(head);
    };
    const auto low = static_cast<std::uint64_t>(number);
    EXPECT_EQ(judged(base64_of("\1", low)).count(defect::altered), 1U);
    // Times 100 is the number, modulo 2^64.
    const auto inverse_of_25 = 0x8f5c28f5c28f5c29ULL;
    if (low % 4 == 0)
    {
        const auto report = judged({{"scale", 0}, {"value", base64_of("", low / 4 * inverse_of_25)}});
        EXPECT_EQ(report.count(defect::altered), 1U) << told(report);
    }
    EXPECT_EQ(judged({{"scale", 0}, {"value", base64_of("", 1ULL << 62)}}).count(defect::altered), 1U);
    EXPECT_EQ(judged({{"scale", 9'000'000'000'000'000'000}, {"value", "AQ=="}}).count(defect::altered), 1U);
    EXPECT_EQ(judged(cents + "00000000000000000000").judge(), verdict::clean) << "zeros say nothing else";
    EXPECT_EQ(judged("184467440737095516" + cents).count(defect::altered), 1U);
    // Controls: the same number in these forms.
    EXPECT_EQ(judged(base64_of("", low)).judge(), verdict::clean);
    EXPECT_EQ(judged({{"scale", 2}, {"value", base64_of("", low)}}).judge(), verdict::clean);
    EXPECT_EQ(judged({{"scale", 4}, {"value", base64_of("", low * 100)}}).judge(), verdict::clean);
}

TEST(judge_kinds, flattened_rows_without_a_time_of_their_own_cannot_be_told_from_copies)
{
    const world w;
    auto stream = w.stream({.flat = true});
    const auto i = find(stream, "orders", 0, 3);
    stream.insert(at(stream, i + 1), stream[i]);
    EXPECT_EQ(w.judged(stream).count(defect::doubled), 1U) << told(w.judged(stream));
    for (auto& m : stream)
        edit(m, [](json& v) { v.erase("__ts_ns"); });
    const auto report = w.judged(stream);
    EXPECT_EQ(report.judge(), verdict::not_proven) << told(report);
    EXPECT_NE(told(report).find("transforms.*.add.fields"), std::string::npos) << told(report);
}

TEST(judge_kinds, a_hidden_version_excuses_updates_and_nothing_else)
{
    const world w;
    for (const stream_form& form : {stream_form{}, stream_form{.snapshot = 1100}, stream_form{.full = true}})
    {
        auto hidden = w.stream(form);
        for (auto& m : hidden)
            if (m.table == "orders")
                edit(m,
                     [](json& v)
                     {
                         for (const auto* side : {"before", "after"})
                             if (v[side].is_object())
                                 v[side].erase("updated_at");
                     });
        const auto report = w.judged(hidden);
        EXPECT_EQ(report.findings(), 0U) << told(report);
        EXPECT_EQ(report.judge(), verdict::not_proven) << told(report);
        EXPECT_NE(told(report).find("updated_at"), std::string::npos) << told(report);
        // Control: an insert is missed, and updates of other tables are.
        for (const auto& [table, op] :
             {std::pair("orders", 'c'), std::pair("order_items", 'c'), std::pair("users", 'u')})
        {
            auto harmed = hidden;
            const auto i = find(harmed, table, op, 5);
            const auto key = harmed[i].key;
            harmed.erase(at(harmed, i));
            expect_only(w.judged(harmed), defect::lost, key, table);
        }
    }
}

messages in_milliseconds(messages all)
{
    for (auto& m : all)
        edit(m,
             [](json& v)
             {
                 for (const auto* side : {"before", "after"})
                     for (auto& [name, value] : v[side].items())
                         if (value.is_string() && name.ends_with("_at"))
                             value = (parse_time(value.template get<std::string>())->us) / 1000;
             });
    return all;
}

TEST(judge_kinds, times_in_milliseconds_are_rounded_and_nothing_else)
{
    const world w;
    for (const stream_form& form : {stream_form{}, stream_form{.snapshot = 1100}})
    {
        const auto report = w.judged(in_milliseconds(w.stream(form)));
        EXPECT_EQ(report.findings(), 0U) << told(report);
        EXPECT_EQ(report.judge(), verdict::not_proven) << told(report);
    }
}

TEST(judge_kinds, changes_of_a_row_in_the_same_millisecond_are_told_apart)
{
    const world w({{"init-num-users", "3"},
                   {"avg-qps", "3000"},
                   {"lifecycle", "complete"},
                   {"user-create-prob", "0"},
                   {"user-update-prob", "1"}});
    for (const bool full : {false, true})
    {
        const auto rounded = in_milliseconds(w.stream({.full = full}));
        // Numbers of the second of two changes.
        std::vector<std::size_t> second;
        std::map<std::string, std::pair<std::int64_t, std::size_t>> before;
        std::map<std::size_t, std::size_t> first_of;
        for (std::size_t i = 0; i < rounded.size(); ++i)
        {
            if (rounded[i].table != "users" || rounded[i].json.find("\"op\":\"u\"") == std::string::npos)
                continue;
            const auto moment = json::parse(rounded[i].json).at("after").at("updated_at").get<std::int64_t>();
            if (const auto last = before.find(rounded[i].key); last != before.end() && last->second.first == moment)
            {
                second.push_back(i);
                first_of[i] = last->second.second;
            }
            before[rounded[i].key] = {moment, i};
        }
        ASSERT_GT(second.size(), 20U);
        const auto report = w.judged(rounded);
        EXPECT_EQ(report.findings(), 0U) << told(report);
        EXPECT_EQ(report.judge(), verdict::not_proven) << told(report);
        for (std::size_t n = 0; n < tries(5); ++n)
            for (const auto i : {second[n], first_of.at(second[n])})
            {
                auto harmed = rounded;
                harmed.erase(at(harmed, i));
                expect_only(w.judged(harmed), defect::lost, rounded[i].key, "dropped");
                harmed = rounded;
                edit(harmed[i], [](json& v) { v["after"]["city"] = "Atlantis"; });
                const auto altered = w.judged(harmed);
                EXPECT_NE(altered.findings(), 0U) << told(altered);
                for (const auto& one : altered.examples())
                    EXPECT_EQ(one.key, rounded[i].key) << told(altered);
            }
    }
}

}  // namespace
}  // namespace bazaar::test
