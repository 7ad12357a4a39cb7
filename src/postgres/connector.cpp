#include "bazaar/postgres/connector.hpp"

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/cdc.hpp"
#include "bazaar/postgres/heartbeat.hpp"
#include "columns.hpp"

namespace bazaar::postgres
{
namespace
{

/// Characters that mean something in the regular expressions of Debezium and Connect.
std::string escaped(std::string_view name)
{
    std::string text;
    for (const char c : name)
    {
        if (std::string_view("\\.[]{}()*+?^$|,").find(c) != std::string_view::npos)
            text += '\\';
        text += c;
    }
    return text;
}

/// Rows of the table change: its topic may keep the newest of each key alone.
bool changes(const model::table& t)
{
    return t.version != model::no_column || t.kept_by != model::role::planned;
}

class config
{
public:
    config(const connector_options& how, std::span<const model::table> tables) : how_(how), tables_(tables) {}

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
        for (const auto table : captured_tables(tables_))
            list += fmt::format("{}{}\\.{}", list.empty() ? "" : ",", escaped(how_.schema), escaped(table));
        add("table.include.list", list);
        add("snapshot.mode", how_.snapshot);
        add("signal.data.collection", fmt::format("{}.{}", how_.schema, signal_table));
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
            add("transforms.flat.add.fields", "op,lsn,txId,source.ts_us");
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
            if (t.kept_by == model::role::heartbeat && kept_here(t))
                add("heartbeat.action.query", heartbeat_sql(how_.schema, t));
    }

    void topics()
    {
        const auto group = [&](const std::string& name, std::string_view policy)
        {
            const auto place = "topic.creation." + name;
            add(place + ".partitions", std::to_string(how_.partitions));
            add(place + ".replication.factor", std::to_string(how_.replication));
            add(place + ".cleanup.policy", std::string(policy));
        };
        std::string list;
        for (const auto& t : tables_)
            if (kept_here(t) && changes(t))
                list += (list.empty() ? "" : ",") + escaped(topic_name(how_.topic_prefix, how_.schema, t.name));
        group("default", "delete");
        add("topic.creation.default.retention.ms", "-1");
        if (list.empty())
            return;
        // Deletes and old versions stay for a day at least: longer than a consumer is away.
        add("topic.creation.groups", "state");
        add("topic.creation.state.include", list);
        group("state", "compact");
        add("topic.creation.state.min.compaction.lag.ms", "86400000");
        add("topic.creation.state.delete.retention.ms", "604800000");
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

std::string topic_name(std::string_view prefix, std::string_view schema, std::string_view table)
{
    auto name = fmt::format("{}.{}.{}", prefix, schema, table);
    for (char& c : name)
    {
        const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                          c == '_' || c == '-';
        if (!good)
            c = '_';
    }
    return name;
}

std::vector<std::pair<std::string, std::string>> connector_config(const connector_options& how,
                                                                  std::span<const model::table> tables)
{
    return config(how, tables).make();
}

}  // namespace bazaar::postgres
