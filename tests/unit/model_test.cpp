#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/id.hpp"
#include "bazaar/model/arena.hpp"
#include "bazaar/model/control.hpp"
#include "bazaar/model/render.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/model/unit.hpp"
#include "bazaar/scenario/registry.hpp"

namespace bazaar::model
{
namespace
{

TEST(arena, gives_aligned_memory_that_does_not_overlap)
{
    arena a;
    std::vector<std::pair<std::byte*, std::size_t>> given;
    for (const std::size_t size : {std::size_t{1}, std::size_t{0}, std::size_t{17}, std::size_t{16'000},
                                   std::size_t{300}, std::size_t{100'000}, std::size_t{5}})
    {
        auto* place = a.allocate(size);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(place) % 16, 0U);
        std::memset(place, static_cast<int>(given.size()), size);
        given.emplace_back(place, size);
    }
    for (std::size_t i = 0; i < given.size(); ++i)
        for (std::size_t byte = 0; byte < given[i].second; ++byte)
            ASSERT_EQ(given[i].first[byte], static_cast<std::byte>(i));
}

TEST(arena, hands_out_the_same_memory_again_after_a_warm_up)
{
    arena a;
    const auto places = [&a]
    {
        a.clear();
        std::vector<const void*> all;
        for (std::size_t i = 0; i < 200; ++i)
        {
            all.push_back(a.allocate(i * 37 % 900));
            all.push_back(a.make<value>(i % 20).data());
            all.push_back(a.keep("a text of some length").data());
        }
        all.push_back(a.allocate(50'000));
        return all;
    };
    const auto first = places();
    for (int round = 0; round < 5; ++round)
        EXPECT_EQ(places(), first);
}

TEST(arena, keeps_copies_of_texts_and_makes_null_values)
{
    arena a;
    std::string text = "short-lived";
    const auto kept = a.keep(text);
    text.assign(text.size(), 'x');
    EXPECT_EQ(kept, "short-lived");
    EXPECT_TRUE(a.keep("").empty());
    std::memset(a.allocate(64), 0xff, 64);
    a.clear();
    for (const auto& v : a.make<value>(4))
        EXPECT_TRUE(v.null());
}

TEST(value, carries_what_it_was_made_of)
{
    EXPECT_TRUE(value().null());
    EXPECT_EQ(value::of(std::int64_t{-5}).integer(), -5);
    EXPECT_EQ(value::of_decimal(1234).integer(), 1234);
    EXPECT_EQ(value::of_decimal(1234).kind(), type::decimal);
    EXPECT_EQ(value::of_bool(true).integer(), 1);
    EXPECT_EQ(value::of_date(-1).integer(), -1);
    EXPECT_EQ(value::of(2.5).number(), 2.5);
    EXPECT_EQ(value::of(time{77}).moment(), time{77});
    EXPECT_EQ(value::of(std::string_view("text")).text(), "text");
    EXPECT_EQ(value::of("[1]", type::json).kind(), type::json);
    for (const unit_no unit : {unit_no{0}, unit_no{0x12'3456'789a}, no_unit})
    {
        const row_id id{15, row_end - 1, unit};
        EXPECT_EQ(value::of(id).row(), id);
    }
}

TEST(value, equality_looks_at_kind_and_content)
{
    const std::string a = "same";
    const std::string b = "same";
    EXPECT_EQ(value::of(std::string_view(a)), value::of(std::string_view(b)));
    EXPECT_FALSE(value::of(std::string_view("a")) == value::of(std::string_view("b")));
    EXPECT_EQ(value(), value());
    EXPECT_FALSE(value() == value::of(std::int64_t{0}));
    EXPECT_FALSE(value::of_decimal(1) == value::of(std::int64_t{1}));
    EXPECT_FALSE(value::of(row_id{1, 2, 3}) == value::of(row_id{1, 2, 4}));
    EXPECT_FALSE(value::of(row_id{1, 2, 3}) == value::of(row_id{2, 2, 3}));
    EXPECT_EQ(value::of(row_id{1, 2, 3}), value::of(row_id{1, 2, 3}));
}

TEST(unit, collects_changes_and_forgets_them)
{
    const auto& t = scenario::registry()[0].fields;
    EXPECT_FALSE(t.empty());
    const auto tables = scenario::registry()[0]
                            .make({.run = "main", .seed = 1, .configuration = scenario::settings(t), .files = {}})
                            ->tables();
    unit u;
    const auto row = u.insert(2, tables[2]);
    EXPECT_EQ(row.size(), tables[2].columns.size());
    row[tables[2].key] = value::of(row_id{2, 9, 1});
    const auto sides = u.update(3, tables[3]);
    EXPECT_EQ(sides.before.size(), sides.after.size());
    ASSERT_EQ(u.changes.size(), 2U);
    EXPECT_TRUE(u.changes[0].before.empty());
    EXPECT_EQ(u.changes[0].key(tables[2]).row().row, 9U);
    u.clear();
    EXPECT_TRUE(u.changes.empty());
}

TEST(decision, depends_on_units_but_not_on_none)
{
    decision d;
    d.depends_on(5);
    d.depends_on(no_unit);
    d.depends_on(7);
    EXPECT_EQ(d.after_count, 2);
    EXPECT_EQ(d.after[0], 5U);
    EXPECT_EQ(d.after[1], 7U);
}

TEST(control, every_kind_has_a_name_that_reads_back)
{
    for (int i = 0; i <= static_cast<int>(control::kind::reject); ++i)
    {
        const auto what = static_cast<control::kind>(i);
        EXPECT_EQ(control_kind(name(what)), what);
    }
    EXPECT_FALSE(control_kind("shifty"));
    EXPECT_FALSE(control_kind(""));
}

/// Tables as data must agree with themselves: whatever is made from them relies on it.
TEST(tables, refer_to_columns_and_tables_that_exist)
{
    for (const auto& entry : scenario::registry())
    {
        const auto shop = entry.make(
            {.run = "main", .seed = 1, .configuration = scenario::settings(entry.fields), .files = {}});
        const auto tables = shop->tables();
        EXPECT_LE(tables.size(), 16U);
        for (std::size_t i = 0; i < tables.size(); ++i)
        {
            const auto& t = tables[i];
            ASSERT_LT(t.key, t.columns.size()) << t.name;
            EXPECT_FALSE(t.columns[t.key].nullable);
            if (t.version != no_column)
            {
                ASSERT_LT(t.version, t.columns.size());
                EXPECT_EQ(t.columns[t.version].kind, type::timestamp);
                EXPECT_FALSE(t.columns[t.version].nullable);
            }
            for (const auto& c : t.columns)
                EXPECT_EQ(&c, &t.columns[column_number(t, c.name)]) << "twice: " << c.name;
            for (const auto& key : t.foreign_keys)
            {
                EXPECT_NE(column_number(t, key.column), no_column) << key.column;
                const auto parent = std::find_if(tables.begin(), tables.end(),
                                                 [&](const table& p) { return p.name == key.table; });
                ASSERT_NE(parent, tables.end());
                EXPECT_LT(parent - tables.begin(), static_cast<std::ptrdiff_t>(i)) << "parents stand first";
            }
        }
        EXPECT_EQ(column_number(tables[0], "no such"), no_column);
        for (const auto& kind : shop->kinds())
        {
            ASSERT_FALSE(kind.parts.empty());
            EXPECT_TRUE(!kind.parts[0].many || kind.parts.size() == 1) << kind.name << ": the gate is one row";
            for (const auto& part : kind.parts)
            {
                ASSERT_LT(part.table, tables.size());
                EXPECT_EQ(tables[part.table].kept_by, role::planned);
                EXPECT_EQ(part.what == op::update, !part.columns.empty());
                for (const auto c : part.columns)
                    EXPECT_TRUE(c < tables[part.table].columns.size() && c != tables[part.table].key &&
                                c != tables[part.table].version);
            }
        }
    }
}

TEST(renderer, prints_one_value_of_every_kind)
{
    const id_codec ids(run_tag("main"), 42);
    const renderer r({}, {}, ids);
    const auto printed = [&](const value& v, std::uint8_t scale = 0)
    {
        std::string out;
        r.value_text(v, {.name = "c", .sql_type = "", .kind = v.kind(), .scale = scale}, out);
        return out;
    };
    EXPECT_EQ(printed(value()), "NULL");
    EXPECT_EQ(printed(value::of(std::string_view("a \"b\"\n"))), "\"a \\\"b\\\"\\u000a\"");
    EXPECT_EQ(printed(value::of_decimal(-5), 2), "-0.05");
    EXPECT_EQ(printed(value::of_bool(false)), "false");
    EXPECT_EQ(printed(value::of_date(19'782)), "2024-02-29");
    EXPECT_EQ(printed(value::of(time{0})), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(printed(value::of(0.1)), "0.1");
    EXPECT_EQ(printed(value::of(row_id{3, 5, 7})), "b1374c00-0000-8001-9000-000000772790");
}

}  // namespace
}  // namespace bazaar::model
