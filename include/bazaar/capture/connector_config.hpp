#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bazaar/model/table.hpp"
#include "bazaar/model/topic.hpp"

namespace bazaar::capture
{

/// How a connector writes keys and values.
enum class message_format : std::uint8_t
{
    json,         ///< Without schemas.
    json_schema,  ///< Each message with its schema.
    avro,         ///< With a registry.
};

/// Options of a shop's Debezium connector.
struct connector_options
{
    std::string schema;
    std::string topic_prefix;
    std::string slot;
    std::string publication;
    std::string user;
    std::string password;  ///< A reference that the worker resolves, like ${env:NAME}; never the password itself.
    std::string host, port, database;  ///< Where the worker reaches the database.
    message_format format = message_format::json;
    std::string registry_url;          ///< Only for Avro.
    std::string snapshot = "initial";  ///< Debezium's snapshot.mode.
    bool flat = false;                 ///< Rows instead of envelopes.
    bool exactly_once = false;
    int partitions = 1;              ///< Partitions of each table's topic.
    int replication = -1;            ///< Copies of each topic; -1: as the broker has it.
    bool compact = true;             ///< Topics of tables whose rows change keep only the newest message of each key.
    std::int64_t retention_ms = -1;  ///< For topics that are not compacted; -1: for ever.
};

/// Names that Debezium 3.7 or Kafka Connect misinterpret, found by trial: a line for each, with the flag.
[[nodiscard]] std::vector<std::string> impossible_names(const connector_options& how);

/// Whether a connector can be configured with a signal table in that schema: Debezium reads its name as a list and a
/// regular expression at once.
[[nodiscard]] bool takes_signals(std::string_view schema);

/// The name as Debezium uses it in topics: each character that topics may not have becomes an underscore.
[[nodiscard]] std::string topic_characters(std::string_view name);

/// Topic of one table, as Debezium names it.
[[nodiscard]] std::string topic_name(std::string_view prefix, std::string_view schema, std::string_view table);

/// The topics that a connector fills, by name: one for each captured table, and the others that Debezium writes
/// (transactions, heartbeats, signals). Topics of a group are configured alike, so that the connector's
/// `topic.creation` can say the same.
///
/// Errors: `usage` for names that Kafka does not accept, or that two tables would share.
[[nodiscard]] std::vector<model::topic> wished_topics(const connector_options& how,
                                                      std::span<const model::table> tables);

/// Configuration of a Debezium connector for exactly the captured tables, by Debezium's names and in a readable order.
/// Works as it is.
///
/// Determinism: depends only on its arguments.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> connector_config(const connector_options& how,
                                                                                std::span<const model::table> tables);

}  // namespace bazaar::capture
