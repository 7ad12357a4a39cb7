#include "bazaar/capture/connector_config.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/cdc.hpp"
#include "bazaar/postgres/heartbeat.hpp"
#include "bazaar/postgres/identifier.hpp"

namespace bazaar::capture
{
namespace
{

constexpr std::string_view default_group = "default";  ///< Connect's name of the group of all that no other has.
constexpr std::string_view state_group = "state";      ///< Tables whose rows change.
constexpr std::string_view single_group = "single";    ///< One partition.

/// Characters that mean something in the regular expressions of Debezium and Connect.
std::string escaped(std::string_view name)
{
    std::string text;
    for (const char c : name)
    {
        // A blank at the end of an element is cut otherwise.
        if (std::string_view("\\.[]{}()*+?^$|, ").find(c) != std::string_view::npos)
            text += '\\';
        text += c;
    }
    return text;
}

/// As Debezium reads the name of one table: quoted where it would take characters for its own, or cut blanks.
std::string table_id(std::string_view schema, std::string_view table)
{
    const bool plain = schema.find_first_of(" .\"'`\t") == schema.npos;
    return fmt::format("{}.{}", plain ? std::string(schema) : postgres::quote_identifier(schema), table);
}

/// Rows of the table change: its topic may keep the newest of each key alone.
bool changes(const model::table& t)
{
    return t.version != model::no_column || t.kept_by != model::role::planned;
}

class configuration_maker
{
public:
    configuration_maker(const connector_options& how, std::span<const model::table> tables) : how_(how), tables_(tables)
    {
    }

    std::vector<std::pair<std::string, std::string>> make()
    {
        add("connector.class", "io.debezium.connector.postgresql.PostgresConnector");
        add("tasks.max", "1");
        source();
        messages();
        heartbeat();
        topics();
        speed();
        if (how_.exactly_once)
        {
            add("exactly.once.support", "required");
            add("transaction.boundary", "poll");
        }
        return std::move(made_);
    }

private:
    void add(std::string name, std::string value) { made_.emplace_back(std::move(name), std::move(value)); }

    void source()
    {
        add("database.hostname", how_.host);
        add("database.port", how_.port);
        add("database.dbname", how_.database);
        add("database.user", how_.user);
        add("database.password", how_.password);
        add("plugin.name", "pgoutput");
        add("slot.name", how_.slot);
        add("publication.name", how_.publication);
        // `cdc setup` makes it, for exactly these tables.
        add("publication.autocreate.mode", "disabled");
        std::string list;
        for (const auto table : postgres::captured_tables(tables_))
            list += fmt::format("{}{}\\.{}", list.empty() ? "" : ",", escaped(how_.schema), escaped(table));
        add("table.include.list", list);
        add("snapshot.mode", how_.snapshot);
        if (takes_signals(how_.schema))
            add("signal.data.collection", table_id(how_.schema, postgres::signal_table));
        add("errors.max.retries", "-1");
    }

    void messages()
    {
        add("topic.prefix", how_.topic_prefix);
        add("decimal.handling.mode", "string");
        add("provide.transaction.metadata", "true");
        add("tombstones.on.delete", "true");
        for (const std::string side : {"key", "value"})
            converter(side + ".converter");
        if (how_.format == message_format::avro)
        {
            add("schema.name.adjustment.mode", "avro");
            add("field.name.adjustment.mode", "avro");
        }
        if (how_.flat)
        {
            add("transforms", "flat");
            add("transforms.flat.type", "io.debezium.transforms.ExtractNewRecordState");
            add("transforms.flat.delete.tombstone.handling.mode", "rewrite-with-tombstone");
            add("transforms.flat.add.fields", "op,lsn,txId,ts_ns,source.snapshot,source.ts_us");
        }
    }

    void converter(const std::string& name)
    {
        if (how_.format != message_format::avro)
        {
            add(name, "org.apache.kafka.connect.json.JsonConverter");
            add(name + ".schemas.enable", how_.format == message_format::json_schema ? "true" : "false");
            return;
        }
        // Confluent's wire format, which most readers know.
        add(name, "io.apicurio.registry.utils.converter.AvroConverter");
        add(name + ".apicurio.registry.url", how_.registry_url + "/apis/registry/v2");
        add(name + ".apicurio.registry.auto-register", "true");
        add(name + ".apicurio.registry.find-latest", "true");
        add(name + ".apicurio.registry.as-confluent", "true");
        add(name + ".apicurio.use-id", "contentId");
        add(name + ".apicurio.registry.headers.enabled", "false");
    }

    /// Without it the slot of a quiet shop holds the log of all other databases back.
    void heartbeat()
    {
        add("heartbeat.interval.ms", "1000");
        for (const auto& t : tables_)
            if (t.kept_by == model::role::heartbeat && t.sink == model::target::postgres)
                add("heartbeat.action.query", postgres::heartbeat_sql(how_.schema, t));
    }

    /// What the worker creates when nobody has before.
    void topics()
    {
        std::map<std::string, std::vector<model::topic>> groups;
        for (auto& topic : wished_topics(how_, tables_))
            groups[topic.group].push_back(std::move(topic));
        std::string names;
        for (const auto& [group, members] : groups)
            if (group != default_group)
                names += (names.empty() ? "" : ",") + group;
        if (!names.empty())
            add("topic.creation.groups", names);
        for (const auto& [group, members] : groups)
        {
            const auto place = "topic.creation." + group;
            if (group != default_group)
            {
                std::string list;
                for (const auto& topic : members)
                    list += (list.empty() ? "" : ",") + escaped(topic.name);
                add(place + ".include", list);
            }
            add(place + ".partitions", std::to_string(members.front().partitions));
            add(place + ".replication.factor", std::to_string(members.front().replication));
            for (const auto& [name, value] : members.front().settings)
                add(place + "." + name, value);
        }
    }

    /// Twice the rate of the defaults, by measurement.
    void speed()
    {
        add("max.batch.size", "8192");
        add("max.queue.size", "32768");
        add("poll.interval.ms", "50");
        add("producer.override.batch.size", "262144");
        add("producer.override.linger.ms", "10");
        add("producer.override.compression.type", "lz4");
        // It fills the worker's log under load.
        add("statistics.metrics.enabled", "false");
    }

    const connector_options& how_;
    std::span<const model::table> tables_;
    std::vector<std::pair<std::string, std::string>> made_;
};

}  // namespace

std::vector<std::string> impossible_names(const connector_options& how)
{
    std::vector<std::string> wrong;
    const auto has = [](std::string_view name, std::string_view part) { return name.find(part) != name.npos; };
    for (const auto& [what, name] : {std::pair<std::string_view, std::string_view>{"--db-schema", how.schema},
                                     {"--publication-name", how.publication},
                                     {"--cdc-user", how.user},
                                     {"--db-name", how.database}})
        if (has(name, "${"))
            wrong.push_back(fmt::format("{} {}: Kafka Connect takes ${{...}} for a reference to a secret; use another",
                                        what, name));
    // Decoded by its driver; encoded, it finds no slot.
    if (how.database.find_first_of("%?&#/+;") != how.database.npos)
        wrong.push_back(fmt::format("--db-name {}: Debezium puts it into a URL, so it must be without the characters "
                                    "% ? & # / + ;; use another",
                                    how.database));
    const auto& schema = how.schema;
    if (schema.starts_with('"') || schema.ends_with('"') || has(schema, "\"\"") || has(schema, "''") ||
        has(schema, "``"))
        wrong.push_back(fmt::format("--db-schema {}: Debezium takes a double quote at an end of the name, and doubled "
                                    "quotes, for its own; use another schema",
                                    schema));
    if (how.publication.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ \t\"',\\") != how.publication.npos)
        wrong.push_back(fmt::format("--publication-name {}: Debezium does not quote it, so it must be without capital "
                                    "letters, blanks, quotes, commas and backslashes; use another",
                                    how.publication));
    return wrong;
}

bool takes_signals(std::string_view schema)
{
    return schema.find_first_of("\\[]{}()*+?^$|,") == schema.npos;
}

std::string topic_characters(std::string_view name)
{
    std::string text;
    for (const char c : name)
    {
        const auto byte = static_cast<unsigned char>(c);
        const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                          c == '_' || c == '-';
        if (good)
            text += c;
        // Java counts characters in units of UTF-16: those of four bytes in UTF-8 are two.
        else if (byte >= 0xf0)
            text += "__";
        else if (byte < 0x80 || byte >= 0xc0)
            text += '_';
    }
    return text;
}

std::string topic_name(std::string_view prefix, std::string_view schema, std::string_view table)
{
    return topic_characters(fmt::format("{}.{}.{}", prefix, schema, table)).substr(0, 249);
}

std::vector<model::topic> wished_topics(const connector_options& how, std::span<const model::table> tables)
{
    std::map<std::string, std::string> stream{{"cleanup.policy", "delete"},
                                              {"retention.ms", std::to_string(how.retention_ms)}};
    // Deletes and old versions stay longer than a consumer is away.
    std::map<std::string, std::string> state{
        {"cleanup.policy", "compact"}, {"min.compaction.lag.ms", "86400000"}, {"delete.retention.ms", "604800000"}};
    if (how.replication >= 3)
        for (auto* settings : {&stream, &state})
            settings->emplace("min.insync.replicas", "2");
    std::vector<model::topic> all;
    const auto wish = [&](std::string name, std::string_view group, int partitions)
    {
        all.push_back(
            {std::move(name), std::string(group), partitions, how.replication, group == state_group ? state : stream});
    };
    for (const auto& t : tables)
        if (t.sink == model::target::postgres)
            wish(topic_name(how.topic_prefix, how.schema, t.name),
                 how.compact && changes(t) ? state_group : default_group, how.partitions);
    // Each is in order by itself, whatever the number of partitions of the tables.
    wish(topic_name(how.topic_prefix, how.schema, postgres::signal_table), single_group, 1);
    wish(how.topic_prefix + ".transaction", single_group, 1);
    wish(how.topic_prefix + "-signal", single_group, 1);
    wish("__debezium-heartbeat." + how.topic_prefix, single_group, 1);
    std::ranges::sort(all, {}, &model::topic::name);
    std::vector<std::string> wrong;
    for (std::size_t i = 1; i < all.size(); ++i)
        if (all[i].name == all[i - 1].name)
            wrong.push_back(fmt::format("topic {}: two tables would share it", all[i].name));
    if (how.topic_prefix.starts_with("__"))
        wrong.push_back(fmt::format("--topic-prefix {}: names that begin with __ are reserved for Kafka's own topics",
                                    how.topic_prefix));
    if (!wrong.empty())
        throw error(error_kind::usage, std::move(wrong));
    return all;
}

std::vector<std::pair<std::string, std::string>> connector_config(const connector_options& how,
                                                                  std::span<const model::table> tables)
{
    return configuration_maker(how, tables).make();
}

}  // namespace bazaar::capture
