#include "bazaar/kafka/decoder.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <nlohmann/json.hpp>

#include "avro_handles.hpp"
#include "bazaar/kafka/encoder.hpp"
#include "record_shape.hpp"

namespace bazaar::kafka
{
namespace
{

using fields = std::vector<read_field>;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// ---- JSON, and what Avro says as JSON

/// Fields of an object in the order of the shape, then the others.
void flatten(const nlohmann::json& from, const std::vector<record_field>& shape, const std::string& prefix, fields& to)
{
    for (const auto& one : shape)
        if (const auto at = from.find(one.name); at == from.end())
            continue;
        else if (one.form == field_form::record && at->is_object())
            flatten(*at, one.fields, prefix + one.name + '.', to);
        else
            to.push_back({prefix + one.name, at->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
    for (const auto& [name, value] : from.items())
        if (std::ranges::find(shape, name, &record_field::name) == shape.end())
            to.push_back({prefix + name, value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
}

std::optional<fields> of_json(const record_shape& shape, std::string_view value)
{
    const auto read = nlohmann::json::parse(value, nullptr, false);
    if (!read.is_object())
        return std::nullopt;
    fields made;
    flatten(read, shape.fields, {}, made);
    return made;
}

// ---- Avro

struct value_ender
{
    void operator()(avro_value_t* what) const { avro_value_decref(what); }
};

std::optional<fields> of_avro(const record_shape& shape, const std::string& schema, std::string_view value)
{
    avro_schema_t parsed = nullptr;
    expect(avro_schema_from_json_length(schema.data(), schema.size(), &parsed) == 0, "Avro reads its own schema");
    const avro_handle<avro_obj_t> own(parsed);
    const avro_handle<avro_value_iface> form(avro_generic_class_from_schema(parsed));
    avro_value_t record;
    expect(form != nullptr && avro_generic_value_new(form.get(), &record) == 0, "a parsed schema has a class");
    const std::unique_ptr<avro_value_t, value_ender> end(&record);
    const avro_handle<avro_reader_t_> reader(avro_reader_memory(value.data(), static_cast<std::int64_t>(value.size())));
    char* text = nullptr;
    if (avro_value_read(reader.get(), &record) != 0 || avro_value_to_json(&record, 1, &text) != 0)
        return std::nullopt;
    const std::unique_ptr<char, decltype(&std::free)> owned(text, &std::free);
    auto made = of_json(shape, text);
    // What stands behind the record belongs to none of its fields.
    char more = 0;
    if (made && avro_read(reader.get(), &more, 1) == 0)
        made->push_back({"behind the record", "bytes"});
    return made;
}

// ---- Protobuf

bool read_message(std::string_view value, const std::vector<record_field>& shape, const std::string& prefix,
                  fields& to);

/// A length-delimited field: a message, or a text.
bool read_delimited(const record_field* field, std::string_view bytes, const std::string& name, fields& to)
{
    if (field != nullptr && field->form == field_form::record)
        return read_message(bytes, field->fields, name + '.', to);
    if (field != nullptr && field->form == field_form::timestamp)
    {
        static const std::vector<record_field> parts{{.name = "seconds", .number = 1}, {.name = "nanos", .number = 2}};
        return read_message(bytes, parts, name + '.', to);
    }
    to.push_back({name, nlohmann::json(bytes).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
    return true;
}

bool read_message(std::string_view value, const std::vector<record_field>& shape, const std::string& prefix, fields& to)
{
    CodedInputStream in(reinterpret_cast<const std::uint8_t*>(value.data()), static_cast<int>(value.size()));
    while (const auto tag = in.ReadTag())
    {
        const auto number = static_cast<std::uint32_t>(WireFormatLite::GetTagFieldNumber(tag));
        const auto at = std::ranges::find(shape, number, &record_field::number);
        const auto* field = at == shape.end() ? nullptr : &*at;
        const auto name = prefix + (field != nullptr ? field->name : fmt::format("field {}", number));
        std::uint64_t whole = 0;
        std::uint32_t half = 0;
        switch (WireFormatLite::GetTagWireType(tag))
        {
        case WireFormatLite::WIRETYPE_VARINT:
            if (!in.ReadVarint64(&whole))
                return false;
            to.push_back({name, fmt::to_string(static_cast<std::int64_t>(whole))});
            break;
        case WireFormatLite::WIRETYPE_FIXED64:
            if (!in.ReadLittleEndian64(&whole))
                return false;
            to.push_back({name, fmt::to_string(WireFormatLite::DecodeDouble(whole))});
            break;
        case WireFormatLite::WIRETYPE_FIXED32:
            if (!in.ReadLittleEndian32(&half))
                return false;
            to.push_back({name, fmt::to_string(WireFormatLite::DecodeFloat(half))});
            break;
        case WireFormatLite::WIRETYPE_LENGTH_DELIMITED:
        {
            std::string bytes;
            if (!in.ReadVarint32(&half) || half > value.size() || !in.ReadString(&bytes, static_cast<int>(half)) ||
                !read_delimited(field, bytes, name, to))
                return false;
            break;
        }
        default:
            return false;
        }
    }
    return in.ConsumedEntireMessage();
}

}  // namespace

std::optional<std::vector<read_field>> fields_of(const outlet& to, const model::table& from, std::string_view value)
{
    const auto shape = shape_of(to, from);
    switch (to.format)
    {
    case record_format::json:
        return of_json(shape, value);
    case record_format::avro:
        return of_avro(shape, schema_text(to, from), value);
    case record_format::protobuf:
    {
        fields made;
        if (!read_message(value, shape.fields, {}, made))
            return std::nullopt;
        return made;
    }
    }
    return std::nullopt;
}

}  // namespace bazaar::kafka
