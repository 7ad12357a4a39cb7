#include "app/scenario_schemas.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/scenario_text.hpp"
#include "bazaar/io/json_text.hpp"
#include "bazaar/postgres/schema.hpp"

namespace bazaar::app
{
namespace
{

namespace declared = scenario::declared;
using json = nlohmann::ordered_json;

/// The numbers between the parentheses of "numeric(12,2)"; one that is not there is 0.
std::pair<int, int> digits_of(std::string_view type)
{
    std::pair<int, int> made{0, 0};
    const auto open = type.find('(');
    if (open == std::string_view::npos)
        return made;
    auto* to = &made.first;
    for (const char c : type.substr(open))
        if (c == ',')
            to = &made.second;
        else if (c >= '0' && c <= '9')
            *to = *to * 10 + (c - '0');
    return made;
}

json logical(std::string_view type, std::string_view meaning)
{
    return {{"type", type}, {"logicalType", meaning}};
}

/// A time as `as` of the column says, else as `times` of the file does.
json time_type(const declared::spec& what, const declared::column& of)
{
    const auto& form = of.time_form.empty() ? what.kafka.times : of.time_form;
    if (form == "iso8601")
        return "string";
    if (form == "seconds")
        return "long";
    if (form == "millis")
        return logical("long", "timestamp-millis");
    return logical("long", form.empty() ? "timestamp-micros" : form);
}

json avro_type(const declared::spec& what, const declared::column& of)
{
    if (!of.avro_type.empty())
        return of.avro_type;
    const std::string_view type = of.sql_type;
    switch (of.kind)
    {
    case model::type::boolean:
        return "boolean";
    case model::type::int64:
        return type == "bigint" ? "long" : "int";
    case model::type::decimal:
    {
        constexpr int most = 38;
        auto made = logical("bytes", "decimal");
        const auto digits = digits_of(type);
        made["precision"] = digits.first == 0 ? most : digits.first;
        made["scale"] = digits.first == 0 ? of.scale : digits.second;
        return made;
    }
    case model::type::float64:
        return "double";
    case model::type::bytes:
        return "bytes";
    case model::type::timestamp:
        return time_type(what, of);
    case model::type::date:
        return logical("int", "date");
    case model::type::ref:
        return type == "uuid" ? logical("string", "uuid") : type == "bigint" ? json("long") : json("string");
    case model::type::text:
    case model::type::json:
        return "string";
    }
    return "string";
}

json field_of(const declared::spec& what, const declared::table& of, declared::item_no number)
{
    const auto& column = of.columns[number];
    json field{{"name", column.name}, {"doc", column.sql_type + (number == of.keys.column ? ", key" : "")}};
    const auto type = avro_type(what, column);
    if (column.nullable)
    {
        field["type"] = json::array({"null", type});
        field["default"] = nullptr;
    }
    else
        field["type"] = type;
    return field;
}

json record_of(const declared::spec& what, const declared::table& of)
{
    json record{{"type", "record"}, {"name", of.topic.record}};
    if (!what.kafka.name_space.empty())
        record["namespace"] = what.kafka.name_space;
    record["doc"] = fmt::format("A row of {}.", of.name);
    record["fields"] = json::array();
    std::vector<const declared::topic_options::nest*> done;
    for (declared::item_no i = 0; i < of.columns.size(); ++i)
    {
        if (of.columns[i].in == declared::outlet::postgres)
            continue;
        const auto nest = std::ranges::find_if(of.topic.nests, [&](const auto& one)
                                               { return std::ranges::find(one.columns, i) != one.columns.end(); });
        if (nest == of.topic.nests.end())
        {
            record["fields"].push_back(field_of(what, of, i));
            continue;
        }
        // Its columns stand where the first of them does.
        if (std::ranges::find(done, &*nest) != done.end())
            continue;
        done.push_back(&*nest);
        json inner{{"type", "record"}, {"name", of.topic.record + '_' + nest->name}, {"fields", json::array()}};
        for (const auto column : nest->columns)
            inner["fields"].push_back(field_of(what, of, column));
        record["fields"].push_back({{"name", nest->name}, {"type", std::move(inner)}});
    }
    return record;
}

}  // namespace

std::string schemas_text(const declared::spec& what, const scenario::entry& as)
{
    std::vector<model::table> tables;
    std::ranges::copy_if(as.tables, std::back_inserter(tables),
                         [](const model::table& one) { return one.sink == model::target::postgres; });
    auto text = tables.empty() ? std::string() : postgres::schema_sql(tables, what.schema);
    // What it says of itself is of a file of its own.
    text.erase(0, std::min(text.find("CREATE "), text.size()));
    for (const auto& table : what.tables)
        if (goes_to_kafka(what, table.to))
        {
            const auto& key = table.topic.key;
            text += fmt::format("{}-- topic {}{}, key {}\n{}\n", text.empty() ? "" : "\n", what.kafka.prefix,
                                table.topic.topic,
                                key == declared::no_item ? "none"
                                                         : io::json_text(avro_type(what, table.columns[key]), -1) +
                                                               " of " + table.columns[key].name,
                                io::json_text(record_of(what, table), 2));
        }
    return text;
}

}  // namespace bazaar::app
