// What scenario files say of their topics, as outlets.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "bazaar/base/error.hpp"
#include "bazaar/io/offered_scenario.hpp"
#include "bazaar/io/scenario_file.hpp"
#include "bazaar/kafka/encoder.hpp"
#include "bazaar/kafka/scenario_outlets.hpp"

namespace bazaar::kafka
{
namespace
{

/// Outlets of a shipped scenario with these settings.
struct offered
{
    explicit offered(const char* name, std::vector<scenario::declared::given_setting> given = {})
        : of(io::offered_text(io::offered_file(name, "test").text, given)),
          file(io::spec_of_text(of.text)),
          configuration(of.fields)
    {
        for (const auto& [setting, value] : given)
            EXPECT_EQ(configuration.set(configuration.find(setting), value), "");
        outlets = outlets_of(file, configuration, of.tables);
    }

    const scenario::entry& of;
    const scenario::declared::spec& file;
    scenario::settings configuration;
    std::vector<outlet> outlets;
};

TEST(kafka_outlets, are_what_a_file_says)
{
    const offered shop("correlated-ecommerce");
    ASSERT_EQ(shop.outlets.size(), 3U);
    const auto& customers = shop.outlets[0];
    EXPECT_EQ(customers.topic, "customers");
    EXPECT_EQ(customers.format, record_format::json);
    EXPECT_FALSE(customers.framed) << "JSON has no registry unless the file says so";
    EXPECT_EQ(customers.record, "Customer");
    EXPECT_EQ(customers.key, 0);
    EXPECT_FALSE(customers.inserts_only);
    EXPECT_TRUE(customers.nested.empty()) << "only Protobuf has the address in a message";
    EXPECT_EQ(customers.columns[9].time, time_form::iso8601);
}

TEST(kafka_outlets, follow_the_setting_of_the_format)
{
    const offered shop("correlated-ecommerce", {{"records", "protobuf"}});
    const auto& customers = shop.outlets[0];
    EXPECT_EQ(customers.format, record_format::protobuf);
    EXPECT_TRUE(customers.framed) << "the default follows the format that is, not the one of the file";
    EXPECT_EQ(customers.space, "com.example.protobuf");
    ASSERT_EQ(customers.nested.size(), 1U);
    EXPECT_EQ(customers.nested[0].columns, (std::vector<std::uint8_t>{4, 5, 6, 7}));
    const auto& amount = shop.outlets[1].columns[4];
    EXPECT_EQ(amount.number, 9U);
    EXPECT_EQ(amount.type, field_type::float64);
    EXPECT_NE(schema_text(shop.outlets[1], shop.of.tables[1]).find("  double total_amount = 9;\n"), std::string::npos);

    const offered avro("correlated-ecommerce", {{"records", "avro"}});
    EXPECT_EQ(avro.outlets[1].columns[4].type, field_type::standard) << "that type is Protobuf's";
    EXPECT_EQ(avro.outlets[1].columns[4].number, 0U);
}

TEST(kafka_outlets, of_tables_that_go_elsewhere_are_empty)
{
    const offered shop("river-hotel");
    std::vector<std::string> topics;
    for (std::size_t i = 0; i < shop.outlets.size(); ++i)
    {
        EXPECT_EQ(shop.outlets[i].topic.empty(), shop.of.tables[i].sink == model::target::postgres);
        if (!shop.outlets[i].topic.empty())
            topics.push_back(shop.outlets[i].topic);
    }
    EXPECT_EQ(topics, (std::vector<std::string>{"clickstream", "bookings", "hotel_reviews"}));
    const auto wished = topics_of(shop.file, shop.outlets, shop.of.tables, 3);
    ASSERT_EQ(wished.size(), 3U);
    EXPECT_EQ(wished[0].partitions, 1);
    EXPECT_EQ(wished[0].replication, 3);
    EXPECT_EQ(wished[0].settings.at("retention.ms"), "-1");
    for (std::size_t i = 0; i < shop.outlets.size(); ++i)
        if (shop.outlets[i].topic == "clickstream")
        {
            EXPECT_EQ(shop.outlets[i].key, model::no_column);
            EXPECT_EQ(shop.outlets[i].times, time_form::local_timestamp_millis);
        }
    // A table of two places: the second is known by another name, the record by the file's.
    const offered smoothies("smoothie-shop");
    EXPECT_TRUE(
        std::ranges::any_of(smoothies.outlets, [](const outlet& one) { return one.topic.starts_with("demo."); }));
}

TEST(kafka_outlets, that_have_no_records_are_refused)
{
    const std::string text =
        "bazaar: 1\nscenario: odd\nkafka: {format: avro}\ntables:\n  things:\n    to: kafka\n    key: id\n    seed: 3\n"
        "    columns:\n      id: {uuid: row}\n      at: {time: now, avro: {type: boolean}}\n      size: {int: 1..5}\n";
    auto read = io::read_scenario_text("odd.yaml", {{"odd.yaml", text}});
    ASSERT_TRUE(read.spec) << (read.problems.empty() ? "" : read.problems.front());
    const auto* const of = &io::offered_file(read, "odd.yaml");
    try
    {
        static_cast<void>(outlets_of(*read.spec, scenario::settings(of->fields), of->tables));
        FAIL() << "a time as boolean";
    }
    catch (const error& why)
    {
        EXPECT_EQ(why.kind(), error_kind::data);
        EXPECT_EQ(std::string(why.what()),
                  "things.columns.at: a column of type timestamp with time zone cannot be written as boolean");
    }
}

}  // namespace
}  // namespace bazaar::kafka
