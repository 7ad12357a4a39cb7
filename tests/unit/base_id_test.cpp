#include "bazaar/base/id.hpp"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/random.hpp"

namespace bazaar
{
namespace
{

const std::uint32_t main_run = run_tag("main");

std::vector<row_id> samples()
{
    std::vector<row_id> all;
    for (const std::uint8_t table : std::array<std::uint8_t, 4>{0, 1, 8, 15})
        for (const std::uint64_t row : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0xa5a5a5a5a5}, row_end - 1})
            for (const unit_no unit : {unit_no{0}, unit_no{1}, unit_no{0x5a5a5a5a5a}, no_unit - 1, no_unit})
                all.push_back({table, row, unit});
    return all;
}

TEST(id_codec, gives_back_what_it_took)
{
    for (const std::uint32_t tag : {0U, 1U, main_run, (1U << 18) - 1})
        for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{42}, ~std::uint64_t{0}})
        {
            const id_codec codec(tag, seed);
            EXPECT_EQ(codec.tag(), tag);
            for (const auto& id : samples())
                EXPECT_EQ(codec.decode(codec.encode(id)), id);
        }
}

TEST(id_codec, is_fixed)
{
    const id_codec codec(main_run, 42);
    EXPECT_EQ(to_string(codec.encode({3, 5, 7})), "b1374c00-0000-8001-9000-000000772790");
    EXPECT_EQ(to_string(codec.encode({2, 0, no_unit})), "b1374800-0000-8000-8fff-fffffff724b9");
    EXPECT_EQ(main_run, 181'469U);
    EXPECT_NE(run_tag("main"), run_tag("main2"));
    EXPECT_LT(run_tag(""), 1U << 18);
}

TEST(id_codec, makes_uuids_of_version_8_and_the_rfc_variant)
{
    const id_codec codec(main_run, 42);
    for (const auto& id : samples())
    {
        const auto text = to_string(codec.encode(id));
        EXPECT_EQ(text[14], '8');
        EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos) << text;
    }
}

TEST(id_codec, ids_of_one_table_ascend_with_the_row_whatever_the_unit)
{
    const id_codec codec(main_run, 42);
    auto draw = derive(6, stream("units"), 0);
    for (const std::uint64_t base : {std::uint64_t{0}, std::uint64_t{0xfffe}, std::uint64_t{1} << 30, row_end - 3'000})
    {
        auto before = codec.encode({5, base, draw.below(no_unit)});
        for (std::uint64_t i = 1; i < 3'000; ++i)
        {
            const auto now = codec.encode({5, base + i, draw.below(no_unit)});
            ASSERT_LT(before, now);
            ASSERT_LT(to_string(before), to_string(now));
            before = now;
        }
    }
}

TEST(id_codec, recognises_every_flipped_bit)
{
    const id_codec codec(main_run, 42);
    int missed = 0;
    for (const auto& id : samples())
    {
        const auto good = codec.encode(id);
        for (std::size_t bit = 0; bit < 128; ++bit)
        {
            auto bad = good;
            bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1U << bit % 8));
            missed += codec.decode(bad) ? 1 : 0;
        }
    }
    // 10,240 flips at a chance of 2^-20 each: one would already be a surprise of one in a hundred.
    EXPECT_EQ(missed, 0);
}

TEST(id_codec, recognises_ids_of_another_run_or_seed)
{
    const id_codec ours(main_run, 42);
    const id_codec other_seed(main_run, 43);
    const id_codec other_run(run_tag("other"), 42);
    for (const auto& id : samples())
    {
        EXPECT_FALSE(ours.decode(other_seed.encode(id)));
        EXPECT_FALSE(ours.decode(other_run.encode(id)));
    }
    auto draw = derive(8, stream("foreign"), 0);
    for (int i = 0; i < 10'000; ++i)
    {
        uuid id{};
        for (auto& byte : id)
            byte = static_cast<std::uint8_t>(draw.next());
        EXPECT_FALSE(ours.decode(id));
    }
}

TEST(uuid, reads_what_it_prints_in_either_case)
{
    const auto id = id_codec(main_run, 1).encode({4, 0xabcdef, 99});
    auto text = to_string(id);
    EXPECT_EQ(parse_uuid(text), id);
    for (auto& c : text)
        c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
    EXPECT_EQ(parse_uuid(text), id);
}

TEST(uuid, refuses_other_texts)
{
    for (const std::string_view text :
         {"", "b1374c00-0000-8001-9000-00000077279", "b1374c00-0000-8001-9000-0000007727900",
          "b1374c0000008001900000000077279000000", "b1374c00-0000-8001-9000-00000077279g",
          "b1374c00_0000-8001-9000-000000772790", "-1374c00-0000-8001-9000-000000772790",
          "{1374c00-0000-8001-9000-00000077279}", "b1374c0-00000-8001-9000-000000772790"})
        EXPECT_FALSE(parse_uuid(text)) << text;
}

}  // namespace
}  // namespace bazaar
