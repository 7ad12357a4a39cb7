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
    const auto tables = scenario::default_entry().tables;
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

TEST(decision, depends_on_eight_units_and_no_more)
{
    decision d;
    for (unit_no no = 0; no < 8; ++no)
        d.depends_on(no, no % 2 == 0, no == 7);
    const auto full = d;
    EXPECT_EQ(full.after_count, 8);
    EXPECT_EQ(full.rewrites, 0b0101'0101);
    EXPECT_EQ(full.removes, 0b1000'0000);
    EXPECT_THROW(d.depends_on(8, true, true), error);
    EXPECT_EQ(d.after_count, 8);
    EXPECT_EQ(d.rewrites, full.rewrites);
    EXPECT_EQ(d.removes, full.removes);
    EXPECT_NO_THROW(d.depends_on(no_unit));
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
                // NULL is the version of a row that the schema came with.
                EXPECT_EQ(t.columns[t.version].nullable, t.kept_by == role::fixed);
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
            EXPECT_TRUE(!kind.parts[0].many || kind.parts.size() == 1 || kind.parts[0].what == op::erase)
                << kind.name << ": the gate is one row";
            for (const auto& part : kind.parts)
            {
                ASSERT_LT(part.table, tables.size());
                EXPECT_TRUE(tables[part.table].kept_by == role::planned ||
                            (tables[part.table].kept_by == role::fixed && part.what == op::update));
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

/// A table with a column of each sort that CSV and JSON spell differently.
constexpr column odd_columns[] = {{.name = "id", .sql_type = "bigint", .kind = type::int64},
                                  {.name = "words", .sql_type = "text", .kind = type::text, .nullable = true},
                                  {.name = "raw", .sql_type = "bytea", .kind = type::bytes, .nullable = true},
                                  {.name = "price", .sql_type = "numeric(12,2)", .kind = type::decimal, .scale = 2}};
constexpr table odd_table[] = {{.name = "odd", .columns = odd_columns}};
constexpr unit_kind odd_kind[] = {{.name = "happens", .parts = {}}};

TEST(renderer, prints_changes_and_rows_as_lines_of_json)
{
    const id_codec ids(run_tag("main"), 42);
    const renderer r(odd_table, odd_kind, ids);
    const value before[] = {value::of(std::int64_t{7}), value(), value::of(std::string_view("\xff\0", 2), type::bytes),
                            value::of_decimal(-5)};
    const value after[] = {value::of(std::int64_t{7}), value::of(std::string_view("a\"b\n")), value(),
                           value::of_decimal(5)};
    const decision of{.no = 12, .at = time{0}, .tick = 3};
    std::string out;
    r.change_json(of, {op::update, 0, before, after}, out);
    EXPECT_EQ(out, R"({"unit":12,"tick":3,"kind":"happens","at":"1970-01-01T00:00:00.000000Z","op":"update",)"
                   R"("table":"odd","key":7,"before":{"id":7,"words":null,"raw":"ff00","price":"-0.05"},)"
                   R"("after":{"id":7,"words":"a\"b\u000a","raw":null,"price":"0.05"}})"
                   "\n");
    out.clear();
    r.change_json(of, {op::erase, 0, before, {}}, out);
    EXPECT_NE(out.find(R"("op":"delete","table":"odd","key":7,)"), out.npos) << out;
    EXPECT_NE(out.find(R"("after":null})"), out.npos) << out;
    out.clear();
    r.row_json(0, 12, after, out);
    r.row_json(0, std::nullopt, after, out);
    const std::string row = R"(,"row":{"id":7,"words":"a\"b\u000a","raw":null,"price":"0.05"}})"
                            "\n";
    EXPECT_EQ(out, R"({"table":"odd","key":7,"unit":12)" + row + R"({"table":"odd","key":7,"unit":null)" + row);
}

TEST(renderer, prints_csv_that_tells_null_from_empty)
{
    const id_codec ids(run_tag("main"), 42);
    const renderer r(odd_table, odd_kind, ids);
    const auto printed = [&](std::string_view words, bool null = false)
    {
        const value row[] = {value::of(std::int64_t{7}), null ? value() : value::of(words),
                             value::of(std::string_view("\xff\0", 2), type::bytes), value::of_decimal(5)};
        std::string out;
        r.row_csv(0, 12, row, out);
        return out;
    };
    EXPECT_EQ(printed("plain text"), "12,7,plain text,\\xff00,0.05\n");
    EXPECT_EQ(printed("", true), "12,7,,\\xff00,0.05\n");
    EXPECT_EQ(printed(""), "12,7,\"\",\\xff00,0.05\n");
    EXPECT_EQ(printed("a,b"), "12,7,\"a,b\",\\xff00,0.05\n");
    EXPECT_EQ(printed("a\"b"), "12,7,\"a\"\"b\",\\xff00,0.05\n");
    EXPECT_EQ(printed("a\nb\r"), "12,7,\"a\nb\r\",\\xff00,0.05\n");
    EXPECT_EQ(printed("\\."), "12,7,\"\\.\",\\xff00,0.05\n");

    std::string out;
    r.row_csv_header(0, out);
    EXPECT_EQ(out, "unit,id,words,raw,price\n");
    out.clear();
    r.change_csv_header(0, out);
    const value after[] = {value::of(std::int64_t{7}), value(), value(), value::of_decimal(5)};
    r.change_csv({.no = 12, .at = time{0}, .tick = 3}, {op::insert, 0, {}, after}, out);
    EXPECT_EQ(out,
              "unit,tick,kind,at,op,key,before_id,before_words,before_raw,before_price,after_id,after_words,after_raw,"
              "after_price\n"
              "12,3,happens,1970-01-01T00:00:00.000000Z,insert,7,,,,,7,,,0.05\n");
}

}  // namespace
}  // namespace bazaar::model
