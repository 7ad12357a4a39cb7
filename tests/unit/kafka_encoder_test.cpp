// Encoders and schema texts: bytes that were worked out by hand, and what is refused. Stock readers read them in the label kafka.

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include <avro.h>

#include "bazaar/base/time.hpp"
#include "bazaar/kafka/encoder.hpp"
#include "support/every_type.hpp"

namespace bazaar::kafka
{
namespace
{

using namespace std::string_view_literals;
using model::type;
using model::value;
using test::every_type;

/// A table of one column beside its key.
struct one_column
{
    explicit one_column(const model::column& c) : columns{{"id", "bigint", type::ref}, c} {}

    [[nodiscard]] outlet to(record_format format) const
    {
        outlet made;
        made.topic = "t";
        made.format = format;
        made.columns.resize(2);
        made.columns[0].hidden = true;
        return made;
    }

    [[nodiscard]] std::string encode(const outlet& by, const value& v)
    {
        std::string out;
        const std::array row{value::of(row_id{0, 0, 0}), v};
        make_encoder(by, tables.front(), keys)->encode(row, out);
        return out;
    }
    [[nodiscard]] std::string encode(record_format format, const value& v) { return encode(to(format), v); }

    [[nodiscard]] std::string schema(const outlet& by) { return schema_text(by, tables.front()); }

    std::vector<model::column> columns;
    std::array<model::table, 1> tables{
        model::table{.name = "one", .columns = columns, .keys = model::key_form::of_bigint(1)}};
    model::key_codec keys{1, 2, tables};
};

constexpr auto avro = record_format::avro, protobuf = record_format::protobuf, json = record_format::json;

TEST(kafka_encoder, avro_numbers_are_zigzag_and_decimals_their_shortest_bytes)
{
    one_column count({"v", "bigint", type::int64});
    EXPECT_EQ(count.encode(avro, value::of(std::int64_t{0})), "\0"sv);
    EXPECT_EQ(count.encode(avro, value::of(std::int64_t{-1})), "\x01"sv);
    EXPECT_EQ(count.encode(avro, value::of(std::int64_t{64})), "\x80\x01"sv);
    one_column price({"v", "numeric", type::decimal, 2});
    // The length comes first, as a zigzag number.
    for (const auto& [units, bytes] : std::vector<std::pair<std::int64_t, std::string_view>>{
             {0, "\x02\0"sv},
             {127, "\x02\x7f"sv},
             {128, "\x04\0\x80"sv},
             {-1, "\x02\xff"sv},
             {-128, "\x02\x80"sv},
             {-129, "\x04\xff\x7f"sv},
             {std::numeric_limits<std::int64_t>::min(), "\x10\x80\0\0\0\0\0\0\0"sv},
             {std::numeric_limits<std::int64_t>::max(), "\x10\x7f\xff\xff\xff\xff\xff\xff\xff"sv}})
        EXPECT_EQ(price.encode(avro, value::of_decimal(units)), bytes) << units;
}

TEST(kafka_encoder, avro_nullable_fields_have_a_branch)
{
    one_column note({"v", "text", type::text, 0, true});
    EXPECT_EQ(note.encode(avro, value()), "\0"sv);
    EXPECT_EQ(note.encode(avro, value::of(""sv)), "\x02\0"sv);
    EXPECT_EQ(note.encode(avro, value::of("\xc3\xa9"sv)), "\x02\x04\xc3\xa9"sv);
    one_column plain({"v", "text", type::text});
    EXPECT_EQ(plain.encode(avro, value::of("\xc3\xa9"sv)), "\x04\xc3\xa9"sv);
    EXPECT_THROW(static_cast<void>(plain.encode(avro, value())), unencodable);
    EXPECT_THROW(static_cast<void>(plain.encode(json, value())), unencodable);
    EXPECT_THROW(static_cast<void>(plain.encode(protobuf, value())), unencodable);
}

TEST(kafka_encoder, times_are_rounded_down)
{
    one_column at({"v", "timestamp with time zone", type::timestamp});
    auto by = at.to(avro);
    by.times = time_form::timestamp_millis;
    EXPECT_EQ(at.encode(by, value::of(time{-1})), "\x01"sv) << "a microsecond before 1970 is in millisecond -1";
    EXPECT_EQ(at.encode(by, value::of(time{1'999})), "\x02"sv);
    by.times = time_form::seconds;
    EXPECT_EQ(at.encode(by, value::of(time{-1})), "\x01"sv);
    by.times = time_form::standard;
    EXPECT_EQ(at.encode(by, value::of(time{-1})), "\x01"sv);
    // Of Protobuf's two fields the nanoseconds count forward: -1 s and 999,999,000 ns.
    EXPECT_EQ(at.encode(protobuf, value::of(time{-1})),
              "\x0a\x11\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\x98\x8c\xeb\xdc\x03"sv);
    EXPECT_EQ(at.encode(protobuf, value::of(time{0})), "\x0a\0"sv);
}

TEST(kafka_encoder, texts_of_times_are_those_of_the_shop)
{
    one_column at({"v", "timestamp with time zone", type::timestamp});
    one_column day({"v", "date", type::date});
    for (const auto us : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1}, std::int64_t{-62'135'596'800'000'000},
                          std::int64_t{253'402'300'799'999'999}, std::int64_t{951'782'400'000'000},
                          std::int64_t{1'769'903'999'123'456}, std::int64_t{-86'400'000'000}})
        EXPECT_EQ(at.encode(json, value::of(time{us})), "{\"v\":\"" + to_string(time{us}) + "\"}");
    EXPECT_EQ(day.encode(json, value::of_date(-719'162)), R"({"v":"0001-01-01"})");
    EXPECT_EQ(day.encode(json, value::of_date(2'932'896)), R"({"v":"9999-12-31"})");
    for (const auto format : {json, protobuf})
    {
        EXPECT_THROW(static_cast<void>(day.encode(format, value::of_date(-719'163))), unencodable);
        EXPECT_THROW(static_cast<void>(day.encode(format, value::of_date(2'932'897))), unencodable);
        EXPECT_THROW(static_cast<void>(at.encode(format, value::of(time{253'402'300'800'000'000}))), unencodable);
        EXPECT_THROW(static_cast<void>(at.encode(format, value::of(time{-62'135'596'800'000'001}))), unencodable);
    }
    EXPECT_THROW(static_cast<void>(day.encode(avro, value::of_date(2'932'897))), unencodable);
}

TEST(kafka_encoder, protobuf_leaves_out_what_is_zero_unless_it_may_be_null)
{
    one_column count({"v", "bigint", type::int64});
    one_column count_or({"v", "bigint", type::int64, 0, true});
    EXPECT_EQ(count.encode(protobuf, value::of(std::int64_t{0})), "");
    EXPECT_EQ(count.encode(protobuf, value::of(std::int64_t{-1})), "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv);
    EXPECT_EQ(count_or.encode(protobuf, value::of(std::int64_t{0})), "\x08\0"sv);
    EXPECT_EQ(count_or.encode(protobuf, value()), "");
    one_column ratio({"v", "double precision", type::float64});
    EXPECT_EQ(ratio.encode(protobuf, value::of(0.0)), "");
    EXPECT_EQ(ratio.encode(protobuf, value::of(-0.0)), "\x09\0\0\0\0\0\0\0\x80"sv) << "it is not zero's bits";
    one_column price({"v", "numeric(10,2)", type::decimal, 2});
    EXPECT_EQ(price.encode(protobuf, value::of_decimal(-5)), "\x0a\x05-0.05"sv);
}

TEST(kafka_encoder, json_is_native)
{
    EXPECT_EQ(one_column({"v", "numeric(10,2)", type::decimal, 2}).encode(json, value::of_decimal(1'000)),
              R"({"v":10.00})");
    EXPECT_EQ(one_column({"v", "bytea", type::bytes}).encode(json, value::of("\xff"sv, type::bytes)),
              R"({"v":"/w=="})");
    EXPECT_EQ(one_column({"v", "bytea", type::bytes}).encode(json, value::of("ab"sv, type::bytes)), R"({"v":"YWI="})");
    EXPECT_EQ(one_column({"v", "bytea", type::bytes}).encode(json, value::of("abc"sv, type::bytes)), R"({"v":"YWJj"})");
    EXPECT_EQ(one_column({"v", "jsonb", type::json}).encode(json, value::of("{\"a\": 1}"sv, type::json)),
              R"({"v":{"a": 1}})");
    EXPECT_EQ(one_column({"v", "text", type::text}).encode(json, value::of("\"\\\n\xc3\xa9"sv)),
              "{\"v\":\"\\\"\\\\\\n\xc3\xa9\"}");
    one_column ratio({"v", "double precision", type::float64});
    EXPECT_EQ(ratio.encode(json, value::of(0.1)), R"({"v":0.1})");
    EXPECT_THROW(static_cast<void>(ratio.encode(json, value::of(std::numeric_limits<double>::infinity()))),
                 unencodable);
    EXPECT_THROW(static_cast<void>(ratio.encode(json, value::of(std::numeric_limits<double>::quiet_NaN()))),
                 unencodable);
}

TEST(kafka_encoder, a_decimal_with_more_digits_than_declared_is_refused)
{
    one_column price({"v", "numeric(4,2)", type::decimal, 2});
    for (const auto format : {avro, protobuf, json})
    {
        EXPECT_NO_THROW(static_cast<void>(price.encode(format, value::of_decimal(9'999))));
        EXPECT_NO_THROW(static_cast<void>(price.encode(format, value::of_decimal(-9'999))));
        EXPECT_THROW(static_cast<void>(price.encode(format, value::of_decimal(10'000))), unencodable);
        EXPECT_THROW(static_cast<void>(price.encode(format, value::of_decimal(-10'000))), unencodable);
    }
}

TEST(kafka_encoder, other_types_can_be_wished)
{
    one_column count({"v", "bigint", type::int64});
    auto by = count.to(avro);
    by.columns[1].type = field_type::int32;
    EXPECT_NE(count.schema(by).find(R"("type":"int")"), std::string::npos);
    EXPECT_NO_THROW(static_cast<void>(count.encode(by, value::of(std::int64_t{2'147'483'647}))));
    EXPECT_THROW(static_cast<void>(count.encode(by, value::of(std::int64_t{2'147'483'648}))), unencodable);
    one_column price({"v", "numeric(10,2)", type::decimal, 2});
    by = price.to(protobuf);
    by.columns[1] = {.type = field_type::float64, .number = 9};
    EXPECT_EQ(price.schema(by), "syntax = \"proto3\";\n\nmessage one {\n  double v = 9;\n}\n");
    EXPECT_EQ(price.encode(by, value::of_decimal(150)), "\x49\0\0\0\0\0\0\xf8\x3f"sv);
    by = price.to(json);
    by.columns[1].type = field_type::text;
    EXPECT_EQ(price.encode(by, value::of_decimal(150)), R"({"v":"1.50"})");
    by.columns[1].type = field_type::int32;
    EXPECT_EQ(problems_of(by, price.tables.front()),
              (std::vector<std::string>{"table one, topic t, field v: a column of type numeric(10,2) cannot be written "
                                        "as int32"}));
}

TEST(kafka_encoder, keys_go_out_in_the_form_of_their_table)
{
    every_type all;
    const auto row = all.ordinary();
    for (const auto& [column, text] :
         std::vector<std::pair<std::uint8_t, std::string>>{{every_type::id, all.keys.text({0, 7, 3})},
                                                           {every_type::number_id, "42"},
                                                           {every_type::code_id, "C000000303"},
                                                           {every_type::title, "Stuhl"},
                                                           {every_type::count, "-5"},
                                                           {every_type::price, "-123.45"}})
    {
        auto by = all.outlet(avro);
        by.key = column;
        std::string key;
        append_key(by, all.tables.front(), all.keys, row, key);
        EXPECT_EQ(key, text);
    }
    auto by = all.outlet(avro);
    by.key = every_type::id_or;
    std::string key;
    EXPECT_THROW(append_key(by, all.tables.front(), all.keys, all.empty(), key), unencodable);
}

TEST(kafka_encoder, the_frame_is_the_registrys)
{
    std::string out;
    append_frame(avro, 0x01020304, out);
    EXPECT_EQ(out, "\0\x01\x02\x03\x04"sv);
    out.clear();
    append_frame(protobuf, 7, out);
    EXPECT_EQ(out, "\0\0\0\0\x07\0"sv) << "the first message of the file";
}

TEST(kafka_encoder, long_records_are_written_whole)
{
    one_column text({"v", "text", type::text});
    const std::string large(100'000, 'x');
    const auto out = text.encode(avro, value::of(large));
    EXPECT_EQ(out.size(), large.size() + 3);
    EXPECT_EQ(out.substr(3), large);
}

TEST(kafka_encoder, an_encoder_is_used_for_many_rows)
{
    every_type all;
    for (const auto format : {avro, protobuf, json})
    {
        const auto one = make_encoder(all.outlet(format), all.tables.front(), all.keys);
        std::vector<std::string> first;
        for (const auto& row : all.rows())
            one->encode(row, first.emplace_back());
        std::size_t i = 0;
        for (const auto& row : all.rows())
        {
            std::string again = "before";
            one->encode(row, again);
            EXPECT_EQ(again, "before" + first[i++]);
        }
    }
}

TEST(kafka_schema, avro_is_accepted_by_avro_and_has_logical_types)
{
    every_type all;
    auto by = all.outlet(avro);
    by.nested = {{"address", {every_type::title, every_type::title_or}}};
    by.times = time_form::local_timestamp_millis;
    by.columns.resize(all.columns.size());
    by.columns[every_type::id].type = field_type::uuid;
    const auto text = schema_text(by, all.tables.front());
    EXPECT_TRUE(text.starts_with(R"({"type":"record","name":"EveryType","namespace":"shop.test","fields":[)")) << text;
    for (
        const auto* part :
        {R"({"name":"id","type":{"type":"string","logicalType":"uuid"}})", R"({"name":"number_id","type":"long"})",
         R"({"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":19,"scale":2}})",
         R"({"name":"price_or","type":["null",{"type":"bytes","logicalType":"decimal","precision":12,"scale":4}],"default":null})",
         R"({"name":"at","type":{"type":"long","logicalType":"local-timestamp-millis"}})",
         R"({"name":"address","type":{"type":"record","name":"Address","fields":[{"name":"title","type":"string"})"})
        EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
    avro_schema_t parsed = nullptr;
    ASSERT_EQ(avro_schema_from_json_length(text.data(), text.size(), &parsed), 0) << avro_strerror();
    avro_schema_decref(parsed);
    EXPECT_EQ(text, schema_text(by, all.tables.front())) << "canonical";
}

TEST(kafka_schema, protobuf_is_one_file_with_its_message_first)
{
    one_column at({"made_at", "timestamp with time zone", type::timestamp, 0, true});
    auto by = at.to(protobuf);
    by.record = "Made";
    by.space = "shop.test";
    by.columns[0].hidden = false;
    by.nested = {{"when", {1}}};
    EXPECT_EQ(at.schema(by), R"(syntax = "proto3";

package shop.test;

import "google/protobuf/timestamp.proto";

message Made {
  message When {
    google.protobuf.Timestamp made_at = 1;
  }
  int64 id = 1;
  When when = 2;
}
)");
}

TEST(kafka_schema, json_says_what_may_be_null)
{
    one_column note({"note", "text", type::text, 0, true});
    EXPECT_EQ(note.schema(note.to(json)),
              R"({"$schema":"http://json-schema.org/draft-07/schema#","title":"one","type":"object","properties":)"
              R"({"note":{"type":["null","string"]}},"required":["note"],"additionalProperties":false})");
}

TEST(kafka_outlet, problems_are_told_all_at_once)
{
    every_type all;
    EXPECT_TRUE(problems_of(all.outlet(avro), all.tables.front()).empty());
    outlet by;
    by.topic = "no such topic";
    by.format = protobuf;
    by.record = "1st";
    by.space = "a..b";
    by.key = 99;
    by.times = time_form::timestamp_micros;
    by.columns.resize(all.columns.size());
    by.columns[every_type::count].number = 19'000;
    by.columns[every_type::title].time = time_form::millis;
    by.nested = {{"flag", {every_type::title}}, {"other", {every_type::title, 77}}};
    const auto said = problems_of(by, all.tables.front());
    for (const auto* part :
         {"topic \"no such topic\" must be", "the record's name \"1st\" must", "\"a..b\": each part",
          "has no column 99 for its key", "field at: Protobuf has no logical types of Avro",
          "field count: number 19000; must", "field title: is no timestamp",
          "nested record flag: a column has the same name", "title is in two nested records", "column 77 is not there"})
        EXPECT_TRUE(std::ranges::any_of(said, [&](const auto& line) { return line.find(part) != line.npos; })) << part;
    EXPECT_THROW(static_cast<void>(schema_text(by, all.tables.front())), error);

    by = all.outlet(protobuf);
    by.columns.resize(all.columns.size());
    by.columns[every_type::count].number = 1;
    EXPECT_EQ(problems_of(by, all.tables.front()),
              (std::vector<std::string>{"table every_type, topic every.type: number 1 is that of id and of count"}));
    by.columns.assign(all.columns.size(), {.hidden = true});
    EXPECT_EQ(problems_of(by, all.tables.front()).size(), 1U);
}

}  // namespace
}  // namespace bazaar::kafka
