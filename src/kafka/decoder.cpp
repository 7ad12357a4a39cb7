#include "bazaar/kafka/decoder.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <nlohmann/json.hpp>

#include "bazaar/base/decimal.hpp"
#include "bazaar/io/json.hpp"
#include "record_shape.hpp"

namespace bazaar::kafka
{
namespace
{

using fields = std::vector<read_field>;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// ---- JSON

/// Fields of an object in the order of the shape, then the others.
void flatten(const nlohmann::json& from, const std::vector<record_field>& shape, const std::string& prefix, fields& to)
{
    for (const auto& one : shape)
        if (const auto at = from.find(one.name); at == from.end())
            continue;
        else if (one.form == field_form::record && at->is_object())
            flatten(*at, one.fields, prefix + one.name + '.', to);
        else
            to.push_back({prefix + one.name, io::write_json(*at)});
    for (const auto& [name, value] : from.items())
        if (std::ranges::find(shape, name, &record_field::name) == shape.end())
            to.push_back({prefix + name, io::write_json(value)});
}

std::optional<fields> of_json(const record_shape& shape, std::string_view value)
{
    const auto read = io::read_json<nlohmann::json>(value);
    if (!read.is_object())
        return std::nullopt;
    fields made;
    flatten(read, shape.fields, {}, made);
    return made;
}

// ---- Avro

/// Reads Avro's binary form along a shape. The library that writes it is no reader of foreign bytes: it makes room for as much as a
/// length says before it looks whether that is there.
class avro_reader
{
public:
    explicit avro_reader(std::string_view from) : left_(from) {}

    bool record(const std::vector<record_field>& shape, const std::string& prefix, fields& to)
    {
        return std::ranges::all_of(shape, [&](const record_field& one) { return field(one, prefix, to); });
    }

    [[nodiscard]] bool at_end() const noexcept { return left_.empty(); }

private:
    bool field(const record_field& of, const std::string& prefix, fields& to)
    {
        const auto name = prefix + of.name;
        const auto tell = [&](std::optional<std::string> text)
        {
            if (text)
                to.push_back({name, std::move(*text)});
            return text.has_value();
        };
        if (of.nullable)
        {
            const auto branch = number();
            if (branch != 0 && branch != 1)
                return false;
            if (branch == 0)
                return tell("null");
        }
        switch (of.form)
        {
        case field_form::record:
            return record(of.fields, name + '.', to);
        case field_form::boolean:
        {
            const auto byte = take(1);
            return tell(!byte || static_cast<unsigned char>(byte->front()) > 1 ? std::nullopt
                        : byte->front() == 1                                   ? std::optional<std::string>("true")
                                                                               : "false");
        }
        case field_form::float32:
        case field_form::float64:
            return tell(floating(of.form == field_form::float64));
        case field_form::text:
        case field_form::uuid:
        case field_form::json:
            return tell(text());
        case field_form::bytes:
        case field_form::decimal:
            return tell(of.form == field_form::bytes ? text() : decimal(of.scale));
        case field_form::int32:
        case field_form::int64:
        case field_form::timestamp:
        case field_form::epoch:
        case field_form::date:
        {
            const auto whole = number();
            return tell(whole ? std::optional(fmt::to_string(*whole)) : std::nullopt);
        }
        }
        return false;
    }

    std::optional<std::string_view> take(std::uint64_t count)
    {
        if (count > left_.size())
            return std::nullopt;
        const auto taken = left_.substr(0, count);
        left_.remove_prefix(count);
        return taken;
    }

    /// Seven bits a byte, the lowest ones first; the sign is the lowest bit of all.
    std::optional<std::int64_t> number()
    {
        std::uint64_t bits = 0;
        for (unsigned shift = 0; shift < 70; shift += 7)
        {
            const auto byte = take(1);
            if (!byte)
                return std::nullopt;
            const auto one = static_cast<unsigned char>(byte->front());
            bits |= std::uint64_t{one & 0x7fU} << std::min(shift, 63U);
            if ((one & 0x80U) == 0)
                return static_cast<std::int64_t>(bits >> 1U ^ (~(bits & 1U) + 1U));
        }
        return std::nullopt;
    }

    std::optional<std::string_view> block()
    {
        const auto length = number();
        return length && *length >= 0 ? take(static_cast<std::uint64_t>(*length)) : std::nullopt;
    }

    std::optional<std::string> text()
    {
        const auto bytes = block();
        return bytes ? std::optional(io::write_json(nlohmann::json(*bytes))) : std::nullopt;
    }

    std::optional<std::string> decimal(std::uint8_t scale)
    {
        const auto bytes = block();
        if (!bytes || bytes->empty() || bytes->size() > sizeof(std::int64_t))
            return std::nullopt;
        auto units = static_cast<unsigned char>(bytes->front()) < 0x80U ? std::uint64_t{0} : ~std::uint64_t{0};
        for (const auto one : *bytes)
            units = units << 8U | static_cast<unsigned char>(one);
        return to_decimal(static_cast<std::int64_t>(units), scale);
    }

    std::optional<std::string> floating(bool is_double)
    {
        const auto bytes = take(is_double ? 8 : 4);
        if (!bytes)
            return std::nullopt;
        std::uint64_t bits = 0;
        for (std::size_t i = bytes->size(); i-- > 0;)
            bits = bits << 8U | static_cast<unsigned char>((*bytes)[i]);
        return is_double ? fmt::to_string(std::bit_cast<double>(bits))
                         : fmt::to_string(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    }

    std::string_view left_;
};

std::optional<fields> of_avro(const record_shape& shape, std::string_view value)
{
    avro_reader reader(value);
    fields made;
    // What stands behind the record belongs to none of its fields.
    if (!reader.record(shape.fields, {}, made) || !reader.at_end())
        return std::nullopt;
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
    to.push_back({name, io::write_json(nlohmann::json(bytes))});
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
        return of_avro(shape, value);
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
