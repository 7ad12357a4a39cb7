// What a connector's configuration tells of its messages: of a message that could mean two things, which one; and what is wrong
// with a configuration.

#include <gtest/gtest.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/capture/told_connector.hpp"
#include "bazaar/verify/debezium.hpp"
#include "cli/process.hpp"
#include "unit/connector_settings.hpp"
#include "unit/thelook_ledger.hpp"

namespace bazaar::test
{
namespace
{

using verify::debezium_reader;
using verify::encodings;
using settings = std::map<std::string, std::string>;

encodings told(const settings& more)
{
    return capture::told_by(connector_settings(more), "file").how;
}

std::string complaint(const settings& config)
{
    try
    {
        static_cast<void>(capture::told_by(config, "file"));
    }
    catch (const error& problem)
    {
        EXPECT_EQ(problem.kind(), error_kind::data);
        return problem.what();
    }
    return {};
}

/// One column of one message, read under a configuration.
struct read_value
{
    read_value(const encodings& how, const std::string& column, const std::string& json, const std::string& table)
    {
        const auto shop = shop_of({});
        debezium_reader reader(shop->tables(), "demo", how);
        verify::change_event e;
        const auto text = R"({"before":null,"after":{")" + column + "\":" + json +
                          R"(},"source":{"schema":"demo","table":")" + table +
                          R"(","txId":7,"lsn":9},"op":"c","ts_ms":1})";
        EXPECT_EQ(reader.read("ecomm.demo." + table, text, e), debezium_reader::outcome::change) << reader.problem();
        odd = reader.odd();
        const auto& columns = shop->tables()[e.table].columns;
        for (std::size_t i = 0; i < columns.size(); ++i)
            if (columns[i].name == column)
                value = e.after[i];
    }

    verify::told value;
    std::string odd;
};

TEST(told_connector, a_number_that_is_micro_or_milliseconds)
{
    // The first of March 1970 in microseconds is a day of 2131 in milliseconds.
    const auto moment = [](const encodings& how, const std::string& json)
    { return to_string(read_value(how, "created_at", json, "orders").value.v.moment()).substr(0, 10); };
    EXPECT_EQ(moment({}, "5097600000000"), "2131-07-16");
    EXPECT_EQ(moment(told({}), "5097600000000"), "1970-03-01");
    EXPECT_EQ(moment(told({{"time.precision.mode", "microseconds"}}), "5097600000000"), "1970-03-01");
    // In milliseconds it is taken for seconds.
    EXPECT_EQ(moment({}, "5097600000"), "2131-07-16");
    const auto connect = told({{"time.precision.mode", "connect"}});
    EXPECT_EQ(moment(connect, "5097600000"), "1970-03-01");
    EXPECT_EQ(read_value(connect, "created_at", "5097600000", "orders").value.resolution, 1000);
    EXPECT_EQ(moment(told({{"time.precision.mode", "nanoseconds"}}), "5097600000000000"), "1970-03-01");
    // Text stands for itself.
    EXPECT_EQ(moment(connect, R"("1970-03-01T00:00:00Z")"), "1970-03-01");
    // A transformation of its own may write anything.
    EXPECT_EQ(moment(told({{"transforms", "t"},
                           {"transforms.t.type", "org.apache.kafka.connect.transforms.TimestampConverter$Value"}}),
                     "5097600000000"),
              "2131-07-16");
}

TEST(told_connector, digits_that_are_a_number_or_base64)
{
    // numeric without a scale, in Debezium's string form: 1250, and not the two bytes that base64 makes of it.
    const auto units = [](const encodings& how, const std::string& json)
    { return read_value(how, "sale_price", json, "order_items").value.v.integer(); };
    EXPECT_EQ(units({}, R"("125")"), -10'386);
    EXPECT_EQ(units(told({{"decimal.handling.mode", "string"}}), R"("125")"), 12'500);
    EXPECT_EQ(units(told({{"decimal.handling.mode", "precise"}}), R"("125")"), -10'386);
    // It is what Debezium does unless told otherwise.
    EXPECT_EQ(units(told({}), R"("BOI=")"), 1250);
    EXPECT_EQ(units(told({}), R"({"scale":1,"value":"fQ=="})"), 1250);
    EXPECT_EQ(units(told({{"decimal.handling.mode", "double"}}), "12.5"), 1250);
}

TEST(told_connector, a_value_in_another_form_is_told_and_read_as_recognised)
{
    const auto price = [](const std::string& mode, const std::string& json)
    {
        const read_value read(told({{"decimal.handling.mode", mode}}), "sale_price", json, "order_items");
        EXPECT_EQ(read.value.v.integer(), 1250) << mode << json;
        return read.odd;
    };
    EXPECT_EQ(price("string", R"("12.50")"), "");
    EXPECT_EQ(price("precise", R"("12.50")"), "decimal.handling.mode");
    EXPECT_EQ(price("double", R"("12.50")"), "decimal.handling.mode");
    EXPECT_EQ(price("string", R"("BOI=")"), "decimal.handling.mode");
    EXPECT_EQ(price("string", "12.5"), "decimal.handling.mode");
    EXPECT_EQ(price("precise", "12.5"), "decimal.handling.mode");
    EXPECT_EQ(price("double", R"({"scale":1,"value":"fQ=="})"), "decimal.handling.mode");
    const auto odd = [](const settings& more, const std::string& json)
    { return read_value(told(more), "created_at", json, "orders").odd; };
    EXPECT_EQ(odd({{"time.precision.mode", "isostring"}}, "1790000000000000"), "time.precision.mode");
    EXPECT_EQ(odd({{"time.precision.mode", "isostring"}}, R"("2026-01-01T00:00:00Z")"), "");
    const settings schemas{{"value.converter", "org.apache.kafka.connect.json.JsonConverter"}};
    EXPECT_EQ(odd(schemas, "1790000000000000"), "value.converter.schemas.enable");
    const settings flat{{"transforms", "flat"},
                        {"transforms.flat.type", "io.debezium.transforms.ExtractNewRecordState"},
                        {"transforms.flat.add.fields", "op,lsn,txId"}};
    EXPECT_EQ(odd(flat, "1790000000000000"), "transforms");
    EXPECT_EQ(odd({}, "1790000000000000"), "");
}

TEST(told_connector, fields_of_flattened_rows_have_the_names_that_were_given)
{
    const auto how = told({{"transforms", "route, flat"},
                           {"transforms.route.type", "org.apache.kafka.connect.transforms.RegexRouter"},
                           {"transforms.flat.type", "io.debezium.transforms.ExtractNewRecordState"},
                           {"transforms.flat.add.fields.prefix", "meta_"},
                           {"transforms.flat.add.fields", "op:operation, source.lsn,txId"}});
    const auto shop = shop_of({});
    const std::string row =
        R"({"id":"b1375000-0002-8a8d-8000-00049c23f1c4","meta_operation":"u","meta_source_lsn":5,"meta_txId":6})";
    verify::change_event e;
    debezium_reader reader(shop->tables(), "demo", how);
    ASSERT_EQ(reader.read("ecomm.demo.orders", row, e), debezium_reader::outcome::change) << reader.problem();
    EXPECT_EQ(e.what, verify::change_event::kind::update);
    EXPECT_EQ(e.lsn, 5U);
    EXPECT_EQ(e.transaction, 6U);
    debezium_reader unknowing(shop->tables(), "demo");
    EXPECT_EQ(unknowing.read("ecomm.demo.orders", row, e), debezium_reader::outcome::broken);
}

TEST(told_connector, what_is_wrong_is_told_in_one_line)
{
    EXPECT_EQ(complaint(connector_settings({})), "");
    EXPECT_EQ(complaint({{"topic.prefix", "ecomm"}}), "file: there is no connector.class");
    EXPECT_EQ(complaint({{"connector.class", "PostgresConnector"}}), "file: there is no topic.prefix");
    const std::vector<std::pair<settings, std::string>> cases{
        {{{"connector.class", "io.debezium.connector.mysql.MySqlConnector"}},
         "connector.class is io.debezium.connector.mysql.MySqlConnector: no connector of Debezium for PostgreSQL"},
        {{{"decimal.handling.mode", "text"}},
         "decimal.handling.mode is text: it must be one of precise, string, double"},
        {{{"time.precision.mode", "exact"}}, "time.precision.mode is exact: it must be one of adaptive, "},
        {{{"value.converter", "io.confluent.connect.avro.AvroConverter"}}, "only messages in JSON can be read"},
        {{{"value.converter.schemas.enable", "no"}}, "value.converter.schemas.enable is no: it must be true or false"},
        {{{"transforms", "flat"}}, "transforms names flat, and there is no transforms.flat.type"},
        {{{"transforms", "flat"},
          {"transforms.flat.type", "io.debezium.transforms.ExtractNewRecordState"},
          {"transforms.flat.add.fields", "lsn"}},
         "transforms.flat.add.fields has no op"}};
    for (const auto& [config, line] : cases)
    {
        const auto said = complaint(connector_settings(config));
        EXPECT_NE(said.find("file: "), said.npos) << line;
        EXPECT_NE(said.find(line), said.npos) << said;
        EXPECT_EQ(said.find('\n'), said.npos) << said;
    }
}

TEST(told_connector, a_file_is_as_config_prints_it_or_as_connect_takes_it)
{
    const temporary_file plain(R"({"connector.class": "PostgresConnector", "tasks.max": 1, "flag": true})");
    const temporary_file posted(R"({"name": "x", "config": {"connector.class": "PostgresConnector", "tasks.max": "1",
                                    "flag": "true"}})");
    const settings expected{{"connector.class", "PostgresConnector"}, {"tasks.max", "1"}, {"flag", "true"}};
    EXPECT_EQ(capture::read_connector_config(plain.path()), expected);
    EXPECT_EQ(capture::read_connector_config(posted.path()), expected);
    for (const auto* const text : {"", "connector.class=PostgresConnector", "[]", R"({"config": []})"})
        EXPECT_THROW(static_cast<void>(capture::read_connector_config(temporary_file(text).path())), error) << text;
    EXPECT_THROW(static_cast<void>(capture::read_connector_config("/nowhere")), error);
}

}  // namespace
}  // namespace bazaar::test
