#include "app/scenario_text.hpp"

#include <array>

#include <fmt/format.h>

namespace bazaar::app
{
namespace
{

namespace declared = scenario::declared;

std::string places_of(const declared::spec& what, const declared::destination& to)
{
    if (to.setting != declared::no_item)
        return fmt::format("as --{} says", what.settings[to.setting].name);
    if (to.postgres && to.kafka)
        return "PostgreSQL, then Kafka";
    return to.postgres ? "PostgreSQL" : to.kafka ? "Kafka" : "nowhere; it is only referred to";
}

std::string column_line(const declared::table& table, declared::item_no number)
{
    const auto& column = table.columns[number];
    std::string line = fmt::format("  {:24} {}", column.name, column.sql_type);
    if (number == table.keys.column)
        line += ", key";
    if (number == table.version)
        line += ", version";
    if (column.nullable)
        line += ", may be missing";
    if (column.unique)
        line += ", unique";
    if (column.in != declared::outlet::both)
        line += column.in == declared::outlet::postgres ? ", only in PostgreSQL" : ", only in Kafka";
    return line + '\n';
}

std::string commented(std::string_view line)
{
    return fmt::format("# {}\n", line);
}

}  // namespace

bool goes_to_kafka(const declared::spec& what, const declared::destination& to)
{
    if (to.setting == declared::no_item)
        return to.kafka;
    for (const auto& word : what.settings[to.setting].choices)
        if (word == "kafka")
            return true;
    return false;
}

std::string tables_text(const declared::spec& what)
{
    std::string text;
    for (const auto& table : what.tables)
    {
        text += fmt::format("{} ({})\n", table.name, places_of(what, table.to));
        for (declared::item_no i = 0; i < table.columns.size(); ++i)
            text += column_line(table, i);
        for (const auto& link : table.links)
            text += fmt::format("  link {} to {}\n", link.name, what.tables[link.to].name);
    }
    return text;
}

std::string topics_text(const declared::spec& what)
{
    std::string text;
    for (const auto& table : what.tables)
    {
        if (!goes_to_kafka(what, table.to))
            continue;
        const auto& topic = table.topic;
        const auto partitions = topic.partitions == 0 ? what.kafka.partitions : topic.partitions;
        text += fmt::format("{}{}: {} records {}, key {}, {} partition{}{}\n", what.kafka.prefix, topic.topic,
                            what.kafka.format, topic.record,
                            topic.key == declared::no_item ? "none" : table.columns[topic.key].name, partitions,
                            partitions == 1 ? "" : "s", topic.inserts_only ? ", inserts alone" : "");
    }
    return text;
}

std::string begun_text(std::string_view name, std::string_view from, const declared::spec& base)
{
    std::string text = fmt::format(
        "# yaml-language-server: $schema=scenario.schema.json\nbazaar: 1\nscenario: {}\nextends: {}\n\n", name, from);
    text += commented(
        "What stands here is laid over the file above: maps are merged, all else is replaced, KEY: ~ takes a key out.");
    text += commented("settings:");
    for (const auto& setting : base.settings)
    {
        constexpr std::array<std::string_view, 4> kinds{"number", "duration", "default", "text"};
        text += commented(fmt::format("  {}: {{{}: {}}}   {}", setting.name,
                                      kinds[static_cast<std::size_t>(setting.kind)], setting.initial, setting.help));
    }
    text += commented("tables:");
    for (const auto& table : base.tables)
        text += commented(fmt::format("  {}: {{columns: {{note: a new column}}}}", table.name));
    return text;
}

}  // namespace bazaar::app
