// What verify tables stands on: hashes that tell rows apart, and sums that do not hang on the order.

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "bazaar/verify/block_sums.hpp"
#include "bazaar/verify/row_hash.hpp"
#include "support/demo_scenario.hpp"
#include "verify/field_text.hpp"
#include "verify/planned.hpp"
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

}  // namespace
}  // namespace bazaar::verify
