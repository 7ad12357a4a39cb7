#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "bazaar/model/table.hpp"

namespace bazaar::app
{

/// How a topic is kept.
struct topic_settings
{
    std::string name;
    int partitions = 1;
    int replication = -1;                          ///< -1: as the broker has it.
    std::map<std::string, std::string> config{};  ///< By Kafka's names.
};

/// What names and shapes a connector of a shop.
struct connector_options
{
    std::string schema;
    std::string topic_prefix;
    std::string name;         ///< Of the connector.
    std::string slot;
    std::string publication;
    std::string role;         ///< Logs in.
    std::string password;     ///< A reference that the worker resolves, as ${env:NAME}; never the password.
    std::string host, port, database;  ///< As the worker reaches the database.

    enum class encoding : std::uint8_t
    {
        json,
        json_schema,  ///< JSON with its schema in each message.
        avro,
    };
    encoding format = encoding::json;
    std::string registry_url;  ///< For Avro.
    std::string snapshot = "initial";
    bool flat = false;          ///< Rows instead of envelopes: ExtractNewRecordState.
    bool exactly_once = false;
    std::uint32_t heartbeat_ms = 1000;
    int partitions = 1;
    int replication = -1;
};

/// Configuration of a Debezium connector for exactly the shop's tables, by Debezium's names; needs no edit.
[[nodiscard]] std::map<std::string, std::string> connector_config(const connector_options& how,
                                                                  std::span<const model::table> tables);

/// The topics that it fills, one a table, and those beside them.
[[nodiscard]] std::vector<topic_settings> connector_topics(const connector_options& how, std::span<const model::table> tables);

}  // namespace bazaar::app
