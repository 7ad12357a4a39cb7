#include "bazaar/kafka/encoder.hpp"

#include <fmt/format.h>

#include "encoders.hpp"

namespace bazaar::kafka
{

void refuse_null(const record_shape& shape, const record_field& field)
{
    throw unencodable(fmt::format("{}, field {}: NULL, and the column is not nullable", shape.place, field.name));
}

std::unique_ptr<encoder> make_encoder(const outlet& to, const model::table& from, const model::key_codec& keys)
{
    auto shape = shape_of(to, from);
    switch (to.format)
    {
    case record_format::json:
        return make_json_encoder(std::move(shape), keys);
    case record_format::avro:
        return make_avro_encoder(std::move(shape), keys, schema_text(to, from));
    case record_format::protobuf:
        return make_protobuf_encoder(std::move(shape), keys);
    }
    broken("a record has a format");
}

void append_frame(record_format format, std::int32_t id, std::string& out)
{
    out += '\0';
    for (int shift = 24; shift >= 0; shift -= 8)
        out += static_cast<char>(static_cast<std::uint32_t>(id) >> shift);
    if (format == record_format::protobuf)
        out += '\0';
}

void append_key(const outlet& to, const model::table& from, const model::key_codec& keys,
                std::span<const model::value> row, std::string& out)
{
    const auto& column = from.columns[to.key];
    const auto& value = row[to.key];
    if (value.null())
        throw unencodable(fmt::format("topic {}, key {}: NULL", to.topic, column.name));
    record_field field;
    field.name = column.name;
    field.scale = column.scale;
    field.precision = 19;
    text_room room;
    out += text_of(field, value, keys, room);
}

}  // namespace bazaar::kafka
