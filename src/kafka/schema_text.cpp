#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "bazaar/kafka/encoder.hpp"
#include "record_shape.hpp"

namespace bazaar::kafka
{
namespace
{

using document = nlohmann::ordered_json;

// ---- Avro

std::string_view logical_type(time_form what)
{
    switch (what)
    {
    case time_form::timestamp_millis:
        return "timestamp-millis";
    case time_form::local_timestamp_micros:
        return "local-timestamp-micros";
    case time_form::local_timestamp_millis:
        return "local-timestamp-millis";
    default:
        return "timestamp-micros";
    }
}

document avro_fields(const std::vector<record_field>& fields);

document avro_type(const record_field& field)
{
    switch (field.form)
    {
    case field_form::boolean:
        return "boolean";
    case field_form::int32:
        return "int";
    case field_form::int64:
    case field_form::epoch:
        return "long";
    case field_form::float32:
        return "float";
    case field_form::float64:
        return "double";
    case field_form::text:
    case field_form::json:
        return "string";
    case field_form::bytes:
        return "bytes";
    case field_form::decimal:
        return {{"type", "bytes"}, {"logicalType", "decimal"}, {"precision", field.precision}, {"scale", field.scale}};
    case field_form::timestamp:
        return {{"type", "long"}, {"logicalType", logical_type(field.time)}};
    case field_form::date:
        return {{"type", "int"}, {"logicalType", "date"}};
    case field_form::uuid:
        return {{"type", "string"}, {"logicalType", "uuid"}};
    case field_form::record:
        return {{"type", "record"}, {"name", field.type_name}, {"fields", avro_fields(field.fields)}};
    }
    return {};
}

document avro_fields(const std::vector<record_field>& fields)
{
    auto made = document::array();
    for (const auto& field : fields)
    {
        document one{{"name", field.name}, {"type", avro_type(field)}};
        if (field.nullable)
        {
            one["type"] = document::array({"null", one["type"]});
            one["default"] = nullptr;
        }
        made.push_back(std::move(one));
    }
    return made;
}

std::string avro_text(const record_shape& shape)
{
    document made{{"type", "record"}, {"name", shape.name}};
    if (!shape.space.empty())
        made["namespace"] = shape.space;
    made["fields"] = avro_fields(shape.fields);
    return made.dump();
}

// ---- Protobuf

std::string_view protobuf_type(const record_field& field)
{
    switch (field.form)
    {
    case field_form::boolean:
        return "bool";
    case field_form::int32:
        return "int32";
    case field_form::int64:
    case field_form::epoch:
        return "int64";
    case field_form::float32:
        return "float";
    case field_form::float64:
        return "double";
    case field_form::bytes:
        return "bytes";
    case field_form::timestamp:
        return "google.protobuf.Timestamp";
    case field_form::record:
        return field.type_name;
    default:
        return "string";
    }
}

bool has_timestamp(const std::vector<record_field>& fields)
{
    for (const auto& field : fields)
        if (field.form == field_form::timestamp || has_timestamp(field.fields))
            return true;
    return false;
}

void print_message(std::string_view name, const std::vector<record_field>& fields, const std::string& indent,
                   std::string& out)
{
    out += fmt::format("{}message {} {{\n", indent, name);
    for (const auto& field : fields)
        if (field.form == field_form::record)
            print_message(field.type_name, field.fields, indent + "  ", out);
    for (const auto& field : fields)
        // A message may be absent in any case.
        out += fmt::format("{}  {}{} {} = {};\n", indent,
                           field.nullable && field.form != field_form::timestamp ? "optional " : "",
                           protobuf_type(field), field.name, field.number);
    out += indent + "}\n";
}

std::string protobuf_text(const record_shape& shape)
{
    std::string made = "syntax = \"proto3\";\n";
    if (!shape.space.empty())
        made += fmt::format("\npackage {};\n", shape.space);
    if (has_timestamp(shape.fields))
        made += "\nimport \"google/protobuf/timestamp.proto\";\n";
    made += '\n';
    print_message(shape.name, shape.fields, "", made);
    return made;
}

// ---- JSON Schema

document json_fields(const std::vector<record_field>& fields);

document json_type(const record_field& field)
{
    switch (field.form)
    {
    case field_form::boolean:
        return {{"type", "boolean"}};
    case field_form::int32:
    case field_form::int64:
    case field_form::epoch:
    case field_form::timestamp:
        return {{"type", "integer"}};
    case field_form::float32:
    case field_form::float64:
    case field_form::decimal:
        return {{"type", "number"}};
    case field_form::bytes:
        return {{"type", "string"}, {"contentEncoding", "base64"}};
    case field_form::text:
        if (field.how == conversion::iso8601)
            return {{"type", "string"}, {"format", "date-time"}};
        if (field.how == conversion::date_text)
            return {{"type", "string"}, {"format", "date"}};
        return {{"type", "string"}};
    case field_form::date:
    case field_form::uuid:
        return {{"type", "string"}};
    case field_form::json:
        return document::object();
    case field_form::record:
        return json_fields(field.fields);
    }
    return {};
}

document json_fields(const std::vector<record_field>& fields)
{
    auto properties = document::object();
    auto required = document::array();
    for (const auto& field : fields)
    {
        auto one = json_type(field);
        if (field.nullable && one.contains("type"))
            one["type"] = document::array({"null", one["type"]});
        properties[field.name] = std::move(one);
        required.push_back(field.name);
    }
    return {{"type", "object"},
            {"properties", std::move(properties)},
            {"required", std::move(required)},
            {"additionalProperties", false}};
}

std::string json_text(const record_shape& shape)
{
    document made{{"$schema", "http://json-schema.org/draft-07/schema#"},
                  {"title", shape.space.empty() ? shape.name : shape.space + "." + shape.name}};
    made.update(json_fields(shape.fields));
    return made.dump();
}

}  // namespace

std::string schema_text(const outlet& to, const model::table& from)
{
    const auto shape = shape_of(to, from);
    switch (to.format)
    {
    case record_format::avro:
        return avro_text(shape);
    case record_format::protobuf:
        return protobuf_text(shape);
    case record_format::json:
        return json_text(shape);
    }
    return {};
}

}  // namespace bazaar::kafka
