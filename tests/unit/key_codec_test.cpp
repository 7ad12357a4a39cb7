#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/error.hpp"
#include "bazaar/model/check.hpp"
#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/render.hpp"
#include "bazaar/scenario/registry.hpp"

namespace bazaar::model
{
namespace
{

constexpr std::string_view airports[] = {"CS02", "CS01", "AB-7"};

enum : std::uint8_t
{
    by_uuid,
    by_number,
    by_sequence,
    by_list,
};

/// One table of each form.
class key_codec_test : public testing::Test
{
protected:
    const key_list list_{{std::begin(airports), std::end(airports)}};
    const std::array<column, 1> uuid_{column{"id", "uuid", type::ref}};
    const std::array<column, 1> number_{column{"id", "bigint", type::ref}};
    const std::array<column, 1> text_{column{"id", "text", type::ref}};
    const std::array<table, 4> tables_{
        table{.name = "by_uuid", .columns = uuid_},
        table{.name = "by_number", .columns = number_, .keys = key_form::of_bigint(1000)},
        table{.name = "by_sequence", .columns = text_, .keys = key_form::of_sequence("C", 9, 200'000'000)},
        table{.name = "by_list", .columns = text_, .keys = list_.form()},
    };
    const key_codec keys_{run_tag("main"), 42, tables_};

    [[nodiscard]] std::optional<std::uint64_t> row(std::uint8_t table, std::string_view text) const
    {
        const auto found = keys_.decode(table, text);
        return found ? std::optional(found->row) : std::nullopt;
    }
};

TEST_F(key_codec_test, spells_a_key_by_the_form_of_its_table)
{
    EXPECT_EQ(keys_.text({by_uuid, 303, 7}), to_string(id_codec(run_tag("main"), 42).encode({by_uuid, 303, 7})));
    EXPECT_EQ(keys_.text({by_number, 0, 7}), "1000");
    EXPECT_EQ(keys_.text({by_number, 303, 7}), "1303");
    EXPECT_EQ(keys_.text({by_sequence, 303, 7}), "C200000303");
    EXPECT_EQ(keys_.text({by_list, 1, 7}), "CS01");
    EXPECT_EQ(keys_.number_of({by_number, 5, 7}), 1005);
    EXPECT_EQ(keys_.uuid_of({by_uuid, 5, 7}), id_codec(run_tag("main"), 42).encode({by_uuid, 5, 7}));
    // What has a number and no table has a uuid.
    EXPECT_EQ(keys_.text({9, 1, 2}), to_string(id_codec(run_tag("main"), 42).encode({9, 1, 2})));
}

TEST_F(key_codec_test, gives_back_the_rows_of_its_keys)
{
    for (const auto table : {by_uuid, by_number, by_sequence, by_list})
    {
        const auto end = keys_.form(table).rows();
        for (const auto number : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, end / 2, end - 2, end - 1})
        {
            const auto text = keys_.text({table, number, 12});
            const auto found = keys_.decode(table, text);
            ASSERT_TRUE(found) << text;
            EXPECT_EQ(*found, (row_id{table, number, table == by_uuid ? unit_no{12} : unknown_unit})) << text;
        }
    }
    EXPECT_EQ(keys_.decode(by_number, std::int64_t{1303}), (row_id{by_number, 303, unknown_unit}));
    EXPECT_EQ(keys_.decode(by_uuid, keys_.uuid_of({by_uuid, 3, 4})), (row_id{by_uuid, 3, 4}));
}

TEST_F(key_codec_test, keys_of_a_sequence_ascend_with_their_rows)
{
    auto before = keys_.text({by_sequence, 0, 0});
    for (const std::uint64_t number : {1U, 9U, 10U, 99U, 100U, 12'345U, 799'999'999U})
    {
        const auto now = keys_.text({by_sequence, number, 0});
        EXPECT_EQ(now.size(), before.size());
        EXPECT_LT(before, now);
        before = now;
    }
}

TEST_F(key_codec_test, knows_what_is_no_key_of_a_table)
{
    for (const auto* text : {"", "C", "C19999999", "C199999999", "C20000000", "C2000000000", "c200000000", "D200000000",
                             "C2000000a0", "C+00000001", " C200000000", "C200000000 ", "C-00000001", "200000000"})
        EXPECT_FALSE(row(by_sequence, text)) << text;
    EXPECT_EQ(row(by_sequence, "C200000000"), 0U);
    EXPECT_EQ(row(by_sequence, "C999999999"), 799'999'999U);
    for (const auto* text : {"", "999", "0", "-1", "+1000", "01000", " 1000", "1000 ", "1e3", "1000.0", "1099511628776",
                             "18446744073709551615", "99999999999999999999999"})
        EXPECT_FALSE(row(by_number, text)) << text;
    EXPECT_EQ(row(by_number, "1000"), 0U);
    EXPECT_EQ(row(by_number, "1099511628775"), row_end - 1);
    EXPECT_FALSE(keys_.decode(by_number, std::int64_t{999}));
    EXPECT_FALSE(keys_.decode(by_number, std::int64_t{-1}));
    EXPECT_FALSE(keys_.decode(by_number, std::numeric_limits<std::int64_t>::max()));
    EXPECT_FALSE(keys_.decode(by_number, std::numeric_limits<std::int64_t>::min()));
    for (const auto* text : {"", "CS0", "CS03", "cs01", "CS01 ", "AB-", "ZZ"})
        EXPECT_FALSE(row(by_list, text)) << text;
    EXPECT_EQ(row(by_list, "AB-7"), 2U);
    // A key of another table, run or seed.
    EXPECT_FALSE(row(by_uuid, keys_.text({by_sequence, 1, 1})));
    EXPECT_FALSE(row(by_uuid, to_string(keys_.ids().encode({by_sequence, 1, 1}))));
    EXPECT_FALSE(row(by_uuid, to_string(id_codec(run_tag("main"), 43).encode({by_uuid, 1, 1}))));
    EXPECT_FALSE(keys_.decode(by_sequence, std::int64_t{200'000'000}));
    EXPECT_FALSE(keys_.decode(by_sequence, keys_.uuid_of({by_uuid, 0, 1})));
}

TEST_F(key_codec_test, a_row_without_room_in_the_keys_is_loud)
{
    EXPECT_EQ(keys_.text({by_sequence, 799'999'999, 0}), "C999999999");
    EXPECT_THROW(static_cast<void>(keys_.text({by_sequence, 800'000'000, 0})), error);
    EXPECT_THROW(static_cast<void>(keys_.text({by_list, 3, 0})), error);
    EXPECT_THROW(static_cast<void>(keys_.number_of({by_sequence, 0, 0})), error);
    EXPECT_THROW(static_cast<void>(keys_.uuid_of({by_number, 0, 0})), error);
}

TEST_F(key_codec_test, plans_print_keys_as_the_database_has_them)
{
    const renderer print(tables_, {}, keys_);
    const auto row = [&](std::uint8_t table)
    {
        const value values[] = {value::of(row_id{table, 1, 3})};
        std::string out;
        print.row_json(table, 3, values, out);
        return out;
    };
    EXPECT_EQ(row(by_number), "{\"table\":\"by_number\",\"key\":1001,\"unit\":3,\"row\":{\"id\":1001}}\n");
    EXPECT_EQ(row(by_sequence),
              "{\"table\":\"by_sequence\",\"key\":\"C200000001\",\"unit\":3,\"row\":{\"id\":\"C200000001\"}}\n");
    EXPECT_EQ(row(by_list), "{\"table\":\"by_list\",\"key\":\"CS01\",\"unit\":3,\"row\":{\"id\":\"CS01\"}}\n");
}

std::vector<std::string> problems_with(const table& t)
{
    return problems_of(std::span(&t, 1), {});
}

TEST_F(key_codec_test, tables_of_every_form_have_no_problem)
{
    EXPECT_EQ(problems_of(tables_, {}), std::vector<std::string>{});
    for (const auto& entry : scenario::registry())
        EXPECT_EQ(problems_of(entry.tables, entry.kinds), std::vector<std::string>{}) << entry.name;
}

TEST_F(key_codec_test, a_key_that_does_not_fit_its_column_is_one_line)
{
    const auto only = [](const table& t)
    {
        const auto all = problems_with(t);
        EXPECT_EQ(all.size(), 1U) << testing::PrintToString(all);
        return all.empty() ? std::string() : all.front();
    };
    EXPECT_EQ(only({.name = "t", .columns = text_}), "table t, key id: type text; a key of this form is a uuid");
    EXPECT_EQ(only({.name = "t", .columns = uuid_, .keys = key_form::of_bigint()}),
              "table t, key id: type uuid; a key of this form is a bigint");
    EXPECT_EQ(only({.name = "t", .columns = number_, .keys = key_form::of_sequence("C", 9)}),
              "table t, key id: type bigint; keys of 10 characters need text, character varying(10) or more, or "
              "character(10)");
    EXPECT_EQ(only({.name = "t", .columns = text_, .keys = key_form::of_sequence("C", 0)}),
              "table t, key id: 0 digits after \"C\"; must be from 1 to 18");
    EXPECT_EQ(only({.name = "t", .columns = text_, .keys = key_form::of_sequence("C", 3, 1000)}),
              "table t, key id: 3 digits have no room for the number 1000 of the first row; more digits, or a lower "
              "first number");
    EXPECT_EQ(only({.name = "t", .columns = text_, .keys = key_form::of_sequence("C ", 3)}),
              "table t, key id: the beginning \"C \" must be up to 32 letters of ASCII, digits and -_./:+#");
    const std::array narrow{column{"id", "character varying(4)", type::ref}};
    EXPECT_EQ(problems_with({.name = "t", .columns = narrow, .keys = key_form::of_sequence("C", 9)}).size(), 1U);
    EXPECT_EQ(problems_with({.name = "t", .columns = narrow, .keys = key_form::of_sequence("C", 3)}).size(), 0U);
    EXPECT_EQ(problems_with({.name = "t", .columns = narrow, .keys = list_.form()}).size(), 0U);
    const std::array fixed_width{column{"id", "character(4)", type::ref}};
    EXPECT_EQ(problems_with({.name = "t", .columns = fixed_width, .keys = list_.form()}).size(), 0U);
    EXPECT_EQ(problems_with({.name = "t", .columns = fixed_width, .keys = key_form::of_sequence("C", 4)}).size(), 1U);
    const std::array plain{column{"id", "bigint", type::int64}};
    EXPECT_EQ(only({.name = "t", .columns = plain, .keys = key_form::of_bigint()}),
              "table t, key id: must be a reference to the row itself");
    EXPECT_EQ(only({.name = "t", .columns = plain, .kept_by = role::fixed, .keys = key_form::of_bigint()}),
              "table t, key id: units do not make these rows; only a planned table has a form of keys");
    EXPECT_EQ(problems_with({.name = "t", .columns = plain, .kept_by = role::fixed}).size(), 0U);
}

TEST_F(key_codec_test, each_key_of_a_file_stands_in_it_once)
{
    const key_list twice({"CS01", "CS02", "CS01", ""});
    EXPECT_EQ(
        problems_with({.name = "t", .columns = text_, .keys = twice.form()}),
        (std::vector<std::string>{"table t, key id: key 4 \"\" must be 1 to 64 letters of ASCII, digits and -_./:+#",
                                  "table t, key id: \"CS01\" is key 1 and key 3; each key once"}));
    const key_list none({});
    EXPECT_EQ(problems_with({.name = "t", .columns = text_, .keys = none.form()}),
              std::vector<std::string>{"table t, key id: the file has no keys; a line for each row"});
}

TEST_F(key_codec_test, a_column_refers_to_the_kind_of_key_that_is_there)
{
    const std::array child{column{"id", "uuid", type::ref}, column{"parent", "uuid", type::ref}};
    const std::array links{foreign_key{"parent", "by_sequence"}};
    auto all = std::vector<table>(tables_.begin(), tables_.end());
    all.push_back({.name = "child", .columns = child, .foreign_keys = links});
    EXPECT_EQ(
        problems_of(all, {}),
        std::vector<std::string>{"table child, column parent: type uuid; it refers to by_sequence.id, which is text"});
    const std::array right{column{"id", "uuid", type::ref}, column{"parent", "character varying(10)", type::ref}};
    const std::array narrow{column{"id", "character varying(20)", type::ref}};
    all[by_sequence].columns = narrow;
    all.back().columns = right;
    EXPECT_EQ(problems_of(all, {}), std::vector<std::string>{});
    const std::array astray{foreign_key{"parent", "nobody"}};
    all.back().foreign_keys = astray;
    EXPECT_EQ(problems_of(all, {}).size(), 1U);
}

TEST_F(key_codec_test, a_kind_of_unit_has_one_target)
{
    auto all = std::vector<table>(tables_.begin(), tables_.end());
    const std::array parts{part{op::insert, by_number}, part{op::insert, by_list}};
    const std::array astray{part{op::insert, 17}};
    const std::array kinds{unit_kind{"sale", parts}, unit_kind{"astray", astray}, unit_kind{"empty", {}}};
    EXPECT_EQ(problems_of(all, std::span(kinds).first(1)), std::vector<std::string>{});
    EXPECT_EQ(problems_of(all, std::span(kinds).subspan(1)),
              (std::vector<std::string>{"kind of unit astray: writes table 17, and there are 4",
                                        "kind of unit empty: writes nothing; it needs a part"}));
    all[by_list].sink = target::kafka;
    EXPECT_EQ(problems_of(all, std::span(kinds).first(1)),
              std::vector<std::string>{
                  "kind of unit sale: writes by_number in PostgreSQL and by_list in Kafka, and a unit has one target; "
                  "make two kinds of it, the second after the first"});
    // Both in Kafka is one target, too.
    all[by_number].sink = target::kafka;
    EXPECT_EQ(problems_of(all, std::span(kinds).first(1)), std::vector<std::string>{});
}

}  // namespace
}  // namespace bazaar::model
