// What verify tables stands on: hashes that tell rows apart, and sums that do not hang on the order.

#include <algorithm>
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "bazaar/verify/block_sums.hpp"
#include "bazaar/verify/row_hash.hpp"
#include "support/demo_scenario.hpp"
#include "verify/field_text.hpp"
#include "verify/planned.hpp"
#include "verify/seen_units.hpp"
#include "verify/touched_rows.hpp"

namespace bazaar::verify
{
namespace
{

std::uint64_t hash(std::initializer_list<std::optional<std::string>> fields)
{
    row_hash made;
    for (const auto& one : fields)
        if (one)
            made.add(*one);
        else
            made.add_null();
    return made.value();
}

TEST(row_hash, tells_rows_apart)
{
    const std::string nul(1, '\0');
    std::set<std::uint64_t> seen;
    int rows = 0;
    const auto add = [&](std::initializer_list<std::optional<std::string>> fields)
    {
        ++rows;
        seen.insert(hash(fields));
    };
    add({});
    add({""});
    add({std::nullopt});
    add({std::nullopt, std::nullopt});
    add({"", ""});
    add({nul});
    add({nul + nul});
    add({"a"});
    add({nul + "b"});
    add({nul + nul + "c"});
    add({"ab", "c"});
    add({"a", "bc"});
    add({"c", "ab"});
    add({"abc", std::nullopt});
    add({std::nullopt, "abc"});
    for (std::size_t size = 3; size < 70; ++size)
        for (std::size_t at = 0; at < size; ++at)
        {
            std::string text(size, 'x');
            text[at] = 'y';
            add({text});
        }
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(rows));
    // One bit of one byte moves about half of the bits, so that sums of many do not cancel.
    int least = 64;
    for (int bit = 0; bit < 8; ++bit)
        for (std::size_t at = 0; at < 40; ++at)
        {
            std::string text(40, 'x');
            const auto before = hash({text});
            text[at] = static_cast<char>(text[at] ^ 1 << bit);
            least = std::min(least, std::popcount(before ^ hash({text})));
        }
    EXPECT_GT(least, 10);
}

TEST(block_sums, are_equal_where_the_rows_are_in_any_order)
{
    block_sums a, b, c;
    for (std::uint64_t row = 0; row < 20'000; ++row)
    {
        a.add(row, mix(row));
        b.add(19'999 - row, mix(19'999 - row));
    }
    EXPECT_TRUE(a.differing(b).empty());
    c.add(a);
    EXPECT_TRUE(c.differing(b).empty());
    // Each kind of damage shows in its block alone.
    b.subtract(4096, mix(4096));
    EXPECT_EQ(a.differing(b), std::vector<std::uint64_t>{1});
    b.add(4096, mix(1));
    EXPECT_EQ(b.differing(a), std::vector<std::uint64_t>{1});
    b.add(row_end - 1, 5);
    EXPECT_EQ(a.differing(b), (std::vector<std::uint64_t>{1, row_end / 4096 - 1}));
}

TEST(block_sums, count_a_block_that_was_far_and_is_reached_later)
{
    block_sums a, b;
    constexpr std::uint64_t far = 100'000 * block_sums::block_rows;
    a.add(far, 7);
    for (std::uint64_t block = 0; block <= 100'000; block += 10)
    {
        a.add(block * block_sums::block_rows, 1);
        b.add(block * block_sums::block_rows, 1);
    }
    EXPECT_EQ(a.differing(b), std::vector<std::uint64_t>{100'000});
    b.add(far, 7);
    EXPECT_TRUE(a.differing(b).empty());
}

TEST(field_text, prints_what_the_binary_form_holds)
{
    const id_codec ids(1, 2);
    const test::demo_scenario shop(7);
    const model::renderer print(shop.tables(), shop.kinds(), ids);
    const auto text = [&](std::string_view sql_type, model::type kind, const model::value& v, std::uint8_t scale = 0)
    {
        const model::column column{"c", sql_type, kind, scale};
        const auto type = postgres::field_type::of(column);
        postgres::byte_buffer bytes;
        postgres::encode(bytes, type, v, ids);
        return field_text(print, column, type, {bytes.data(), static_cast<std::uint32_t>(bytes.size())});
    };
    using model::type;
    using model::value;
    EXPECT_EQ(text("boolean", type::boolean, value::of_bool(true)), "true");
    EXPECT_EQ(text("smallint", type::int64, value::of(std::int64_t{-3})), "-3");
    EXPECT_EQ(text("integer", type::int64, value::of(std::int64_t{-70'000})), "-70000");
    EXPECT_EQ(text("bigint", type::int64, value::of(std::int64_t{-7'000'000'000})), "-7000000000");
    for (const auto& [units, wanted] :
         std::initializer_list<std::pair<std::int64_t, std::string>>{{0, "0.00"},
                                                                     {5, "0.05"},
                                                                     {-5, "-0.05"},
                                                                     {100, "1.00"},
                                                                     {1'234'567'890'12, "1234567890.12"},
                                                                     {1'000'000, "10000.00"}})
        EXPECT_EQ(text("numeric(14,2)", type::decimal, value::of_decimal(units), 2), wanted);
    EXPECT_EQ(text("numeric(14,6)", type::decimal, value::of_decimal(12), 6), "0.000012");
    EXPECT_EQ(text("double precision", type::float64, value::of(-0.25)), "-0.25");
    EXPECT_EQ(text("text", type::text, value::of("a\"b")), "\"a\\\"b\"");
    EXPECT_EQ(text("timestamp with time zone", type::timestamp, value::of(time{1'000'000})),
              "1970-01-01T00:00:01.000000Z");
    EXPECT_EQ(text("date", type::date, value::of_date(1)), "1970-01-02");
    const row_id row{3, 9, 4};
    EXPECT_EQ(text("uuid", type::ref, value::of(row)), to_string(ids.encode(row)));
    EXPECT_EQ(text("inet", type::text, value::of("10.0.255.1")), "10.0.255.1");
    EXPECT_EQ(field_text(print, {"c", "text", type::text}, {postgres::wire::text}, {}), "NULL");
}

TEST(field_text, prints_moments_of_all_years_and_the_beginning_of_long_texts)
{
    const test::demo_scenario shop(7);
    const id_codec ids(1, 2);
    const model::renderer print(shop.tables(), shop.kinds(), ids);
    const auto field = [](const std::string& bytes) {
        return postgres::field{bytes.data(), static_cast<std::uint32_t>(bytes.size())};
    };
    const auto big_endian = [](std::int64_t number, int size)
    {
        std::string bytes;
        for (int i = size - 1; i >= 0; --i)
            bytes += static_cast<char>(number >> 8 * i);
        return bytes;
    };
    const auto moment = [&](std::int64_t us)
    {
        return field_text(print, {"c", "timestamp with time zone", model::type::timestamp},
                          {postgres::wire::timestamptz}, field(big_endian(us, 8)));
    };
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(moment(0), "2000-01-01T00:00:00.000000Z");
    EXPECT_EQ(moment(-1), "1999-12-31T23:59:59.999999Z");
    EXPECT_EQ(moment(3'155'760'000'000'000), "2100-01-01T00:00:00.000000Z");
    EXPECT_EQ(moment(most), "infinity");
    EXPECT_EQ(moment(-most - 1), "-infinity");
    // What `to_char` of the server says of the last and the first moment that it knows.
    EXPECT_EQ(moment(9'223'371'331'199'999'999), "294276-12-31T23:59:59.999999Z");
    EXPECT_EQ(moment(-211'813'488'000'000'000), "4714-11-24T00:00:00.000000Z BC");
    EXPECT_EQ(moment_of(field(big_endian(most, 8))).us, most);
    EXPECT_EQ(moment_of(field(big_endian(9'223'371'331'199'999'999, 8))).us, most) << "no overflow";
    EXPECT_EQ(moment_of(field(big_endian(0, 8))).us, 946'684'800'000'000);
    const auto day = [&](std::int64_t days) {
        return field_text(print, {"c", "date", model::type::date}, {postgres::wire::date}, field(big_endian(days, 4)));
    };
    EXPECT_EQ(day(59), "2000-02-29");
    EXPECT_EQ(day(2'145'031'948), "5874897-12-31");
    EXPECT_EQ(day(std::numeric_limits<std::int32_t>::max()), "infinity");
    const auto text = [&](const std::string& bytes) {
        return field_text(print, {"c", "text", model::type::text}, {postgres::wire::text}, field(bytes));
    };
    EXPECT_EQ(text(std::string(1'000, 'x')), '"' + std::string(1'000, 'x') + '"');
    EXPECT_EQ(text(std::string(999, 'x') + "\u00fc" + std::string(5'000'000, 'y')),
              '"' + std::string(999, 'x') + "\"... (5001001 bytes)");
}

TEST(seen_units, believe_what_is_near_others)
{
    const auto of = [](std::initializer_list<unit_no> all)
    {
        seen_units made;
        for (const auto unit : all)
            made.add(unit);
        return made;
    };
    EXPECT_EQ(seen_units().believed(16, 0), std::nullopt);
    EXPECT_EQ(of({0, 3, 9, 15}).believed(16, 0), 15U);
    EXPECT_EQ(of({0, 1, 2, 3, 4, 9, 20}).believed(16, 0), 20U) << "it demands those up to 4";
    EXPECT_EQ(of({0, 1, 2, 3, 9, 20}).believed(16, 0), 9U) << "it would demand 4, and two are few";
    EXPECT_EQ(of({0, 1, 2, 3, 9, 19, 20}).believed(16, 0), 20U);
    // Alone and far: an id astray; so are a few.
    EXPECT_EQ(of({0, 9, 15, 100'000}).believed(16, 0), 15U);
    EXPECT_EQ(of({0, 9, 15, no_unit - 1}).believed(16, 0), 15U);
    EXPECT_EQ(of({0, 9, 15, 100'000, 100'001, 100'002, 7'000'000}).believed(16, 0), 15U);
    EXPECT_EQ(of({100'000}).believed(16, 0), std::nullopt);
    EXPECT_EQ(of({1'005}).believed(16, 990), 1'005U) << "it demands nothing new";
    EXPECT_EQ(of({1'006}).believed(16, 990), std::nullopt) << "it demands the unit 990";
    seen_units steps;
    for (const unit_no unit : {30, 45, 60, 75})
        steps.add(unit);
    for (unit_no unit = 0; unit < 16; ++unit)
        steps.add(unit);
    EXPECT_EQ(steps.believed(16, 0), 30U) << "a few do not lead to one another";
    // Many are believed, whatever is missing below them.
    seen_units many;
    many.add(5);
    for (unit_no unit = 1'000'000; unit < 1'000'300; ++unit)
        many.add(unit);
    EXPECT_EQ(many.believed(16, 0), 1'000'299U);
    // Nobody has looked at what is below.
    auto newest = of({100'000});
    newest.not_below(100'000);
    EXPECT_EQ(newest.believed(16, 0), 100'000U);
    // Nothing is missing between: these units insert nothing.
    EXPECT_EQ(of({3, 100}).believed(16, 0, [](unit_no, unit_no) { return unit_no{0}; }), 100U);
    EXPECT_EQ(of({3, 100}).believed(16, 0, [](unit_no, unit_no) { return unit_no{1}; }), 3U);
}

/// Units made by hand, of rows whose versions are numbers; what was read of a row is one of them.
class window_of_units : public testing::Test
{
protected:
    static constexpr std::uint8_t sensor = test::demo_scenario::sensor, reading = test::demo_scenario::reading;

    struct part
    {
        std::uint8_t table;
        std::uint64_t row;
        int before, after;  ///< 0: none.
    };

    window_of_units()
    {
        for (const auto& t : shop_.tables())
        {
            compared_.emplace_back();
            if (t.kept_by != model::role::planned)
                continue;
            compared_.back().emplace();
            for (std::uint8_t i = 0; i < t.columns.size(); ++i)
            {
                compared_.back()->columns.push_back(i);
                compared_.back()->types.push_back(postgres::field_type::of(t.columns[i]));
            }
        }
    }

    static row_id id_of(std::uint8_t table, std::uint64_t row) { return {table, row, 1}; }

    [[nodiscard]] std::vector<model::value> values(std::uint8_t table, std::uint64_t row, int version) const
    {
        std::vector<model::value> made(shop_.tables()[table].columns.size());
        made.front() = model::value::of(id_of(table, row));
        made.back() = model::value::of(time{version});
        return made;
    }

    void unit(unit_no no, const std::vector<part>& parts)
    {
        model::unit made;
        made.decision.no = no;
        std::vector<std::vector<model::value>> kept;
        kept.reserve(2 * parts.size());
        const auto side = [&](const part& p, int version) -> std::span<const model::value>
        {
            if (version == 0)
                return {};
            return kept.emplace_back(values(p.table, p.row, version));
        };
        for (const auto& p : parts)
            made.changes.push_back({p.before == 0  ? model::op::insert
                                    : p.after == 0 ? model::op::erase
                                                   : model::op::update,
                                    p.table, side(p, p.before), side(p, p.after)});
        rows_.add(made, compared_, shop_.tables(), encode_);
    }

    void read(std::uint8_t table, std::uint64_t row, int version)
    {
        auto* const at = rows_.find(id_of(table, row));
        ASSERT_NE(at, nullptr);
        ++at->times;
        at->found = encode_.hash(table, values(table, row, version));
    }

    [[nodiscard]] touched_rows::fate fate_of(unit_no no) const
    {
        const auto all = rows_.units();
        const auto found = std::ranges::find(all, no, &touched_rows::unit_state::no);
        EXPECT_NE(found, all.end());
        return found->what;
    }

    /// Numbers of the readings that are missing, whatever becomes of the units.
    [[nodiscard]] std::set<std::uint64_t> gone()
    {
        std::set<std::uint64_t> numbers;
        for (const auto& row : rows_.rows())
            if (row.gone())
                numbers.insert(row.id.row + (row.id.table == sensor ? 1'000U : 0U));
        return numbers;
    }

    const test::demo_scenario shop_{7};
    const id_codec ids_{1, 2};
    shapes compared_;
    row_encoder encode_{compared_, ids_};
    touched_rows rows_;
};

using fate = touched_rows::fate;

TEST_F(window_of_units, a_row_that_is_gone_is_no_removal_of_the_others)
{
    std::vector<part> all{{sensor, 1, 7, 0}};
    for (std::uint64_t row = 0; row < 5; ++row)
        all.push_back({reading, row, 7, 0});
    unit(100, all);
    read(sensor, 1, 7);
    for (const std::uint64_t row : {0, 1, 3, 4})
        read(reading, row, 7);
    rows_.settle(16, true);
    EXPECT_EQ(fate_of(100), fate::absent);
    EXPECT_EQ(gone(), std::set<std::uint64_t>{2});
}

TEST_F(window_of_units, a_table_that_is_emptied_is_no_removal_of_the_others)
{
    unit(100, {{sensor, 1, 7, 0}, {reading, 0, 7, 0}, {reading, 1, 7, 0}});
    read(sensor, 1, 7);
    rows_.settle(16, true);
    EXPECT_EQ(fate_of(100), fate::absent) << "one table of two";
    EXPECT_EQ(gone(), (std::set<std::uint64_t>{0, 1}));
}

TEST_F(window_of_units, a_removal_is_there_when_most_rows_are_gone)
{
    unit(100, {{sensor, 1, 7, 0}, {reading, 0, 7, 0}, {reading, 1, 7, 0}, {reading, 2, 7, 0}});
    read(reading, 1, 7);
    rows_.settle(16, true);
    EXPECT_EQ(fate_of(100), fate::there);
    EXPECT_TRUE(gone().empty());
    EXPECT_TRUE(rows_.find(id_of(reading, 1))->lacks(1)) << "this one is torn";
}

TEST_F(window_of_units, what_comes_and_goes_within_it_may_be_missing_between)
{
    unit(100, {{sensor, 1, 0, 7}, {reading, 0, 0, 7}, {reading, 1, 0, 7}, {reading, 2, 0, 7}});
    unit(110, {{sensor, 1, 7, 0}, {reading, 0, 7, 0}, {reading, 1, 7, 0}, {reading, 2, 7, 0}});
    read(sensor, 1, 7);
    read(reading, 0, 7);
    read(reading, 1, 7);
    rows_.settle(16, true);
    EXPECT_EQ(fate_of(100), fate::there);
    EXPECT_EQ(fate_of(110), fate::absent);
    EXPECT_EQ(gone(), std::set<std::uint64_t>{2});
    // Not there at all: not come, or gone again.
    for (auto& row : rows_.rows())
        row.times = 0, row.found = 0;
    rows_.settle(16, true);
    EXPECT_TRUE(gone().empty());
}

TEST_F(window_of_units, an_update_of_a_row_that_is_gone_is_not_there)
{
    unit(100, {{sensor, 1, 7, 8}, {reading, 0, 0, 8}});
    unit(110, {{sensor, 1, 8, 0}, {reading, 0, 8, 0}, {reading, 5, 7, 0}});
    read(reading, 5, 7);
    rows_.settle(16, true);
    EXPECT_EQ(fate_of(100), fate::absent);
    EXPECT_EQ(fate_of(110), fate::absent);
    EXPECT_EQ(gone(), std::set<std::uint64_t>{1'001});
}

TEST_F(window_of_units, one_row_far_above_the_others_demands_nothing)
{
    for (unit_no no = 0; no < 200; ++no)
        unit(no, {{reading, no, 0, 1}});
    for (unit_no no = 0; no < 50; ++no)
        read(reading, no, 1);
    read(reading, 180, 1);
    rows_.settle(16, true);
    EXPECT_EQ(fate_of(180), fate::early);
    EXPECT_EQ(fate_of(49), fate::there);
    EXPECT_EQ(fate_of(60), fate::absent);
    // With many of them, those between are what is missing.
    for (unit_no no = 150; no < 180; ++no)
        read(reading, no, 1);
    rows_.settle(16, true);
    EXPECT_EQ(fate_of(180), fate::there);
    EXPECT_EQ(fate_of(60), fate::demanded);
    EXPECT_EQ(fate_of(190), fate::absent);
    // A sink that fills table by table has no order.
    rows_.settle(16, false);
    EXPECT_EQ(fate_of(60), fate::absent);
}

TEST_F(window_of_units, a_row_with_the_number_of_another_is_not_this_one)
{
    unit(1, {{reading, 5, 0, 1}});
    EXPECT_NE(rows_.find({reading, 5, 1}), nullptr);
    EXPECT_EQ(rows_.find({reading, 5, 2}), nullptr);
    EXPECT_EQ(rows_.find({sensor, 5, 1}), nullptr);
}

}  // namespace
}  // namespace bazaar::verify
