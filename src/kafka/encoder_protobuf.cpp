#include <algorithm>
#include <bit>
#include <utility>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>

#include "encoders.hpp"

namespace bazaar::kafka
{
namespace
{

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::StringOutputStream;

/// Fields ascend by their numbers, as every library of Protobuf writes them.
void sort_by_number(std::vector<record_field>& fields)
{
    std::ranges::sort(fields, {}, &record_field::number);
    for (auto& field : fields)
        sort_by_number(field.fields);
}

class protobuf_encoder final : public encoder
{
public:
    protobuf_encoder(record_shape shape, const model::key_codec& keys) : shape_(std::move(shape)), keys_(keys)
    {
        sort_by_number(shape_.fields);
    }

    void encode(std::span<const model::value> row, std::string& out) override
    {
        StringOutputStream raw(&out);
        CodedOutputStream to(&raw);
        message(shape_.fields, row, to);
    }

private:
    void message(const std::vector<record_field>& fields, std::span<const model::value> row, CodedOutputStream& to)
    {
        for (const auto& field : fields)
        {
            if (field.form != field_form::record)
            {
                value(field, row[field.column], to);
                continue;
            }
            nested_.clear();
            {
                StringOutputStream raw(&nested_);
                CodedOutputStream inner(&raw);
                message(field.fields, row, inner);  // It has no records of its own.
            }
            bytes(field, nested_, to);
        }
    }

    void value(const record_field& field, const model::value& v, CodedOutputStream& to)
    {
        if (v.null())
        {
            if (!field.nullable)
                refuse_null(shape_, field);
            return;
        }
        // A field without presence is left out when it is zero or empty.
        const bool always = field.nullable;
        switch (field.form)
        {
        case field_form::boolean:
            if (always || v.integer() != 0)
                varint(field, v.integer() != 0 ? 1 : 0, to);
            return;
        case field_form::int32:
        case field_form::int64:
        case field_form::epoch:
            if (const auto number = number_of(field, v, keys_); always || number != 0)
                varint(field, static_cast<std::uint64_t>(number), to);
            return;
        case field_form::float32:
            if (const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(double_of(field, v)));
                always || bits != 0)
            {
                tag(field, WireFormatLite::WIRETYPE_FIXED32, to);
                to.WriteLittleEndian32(bits);
            }
            return;
        case field_form::float64:
            if (const auto bits = std::bit_cast<std::uint64_t>(double_of(field, v)); always || bits != 0)
            {
                tag(field, WireFormatLite::WIRETYPE_FIXED64, to);
                to.WriteLittleEndian64(bits);
            }
            return;
        case field_form::timestamp:
            return timestamp(field, v.moment(), to);
        case field_form::bytes:
        case field_form::text:
        case field_form::uuid:
        case field_form::json:
        {
            text_room room;
            if (const auto text = text_of(field, v, keys_, room); always || !text.empty())
                bytes(field, text, to);
            return;
        }
        case field_form::decimal:
        case field_form::date:
        case field_form::record:
            break;
        }
        broken("Protobuf has neither decimals nor dates");
    }

    static void tag(const record_field& field, WireFormatLite::WireType type, CodedOutputStream& to)
    {
        to.WriteTag(WireFormatLite::MakeTag(static_cast<int>(field.number), type));
    }

    static void varint(const record_field& field, std::uint64_t number, CodedOutputStream& to)
    {
        tag(field, WireFormatLite::WIRETYPE_VARINT, to);
        to.WriteVarint64(number);
    }

    static void bytes(const record_field& field, std::string_view text, CodedOutputStream& to)
    {
        tag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED, to);
        to.WriteVarint64(text.size());
        to.WriteRaw(text.data(), static_cast<int>(text.size()));
    }

    /// google.protobuf.Timestamp: seconds in field 1, nanoseconds in field 2, which count forward.
    void timestamp(const record_field& field, time t, CodedOutputStream& to)
    {
        auto seconds = t.us / 1'000'000;
        auto rest = t.us % 1'000'000;
        if (rest < 0)
        {
            rest += 1'000'000;
            --seconds;
        }
        if (seconds < first_day * 86'400 || seconds >= (last_day + 1) * 86'400)
            throw unencodable("field " + field.name + ": a time beyond the years 0001 to 9999");
        static constexpr record_field first{.name = "seconds", .number = 1};
        static constexpr record_field second{.name = "nanos", .number = 2};
        stamp_.clear();
        {
            StringOutputStream raw(&stamp_);
            CodedOutputStream inner(&raw);
            if (seconds != 0)
                varint(first, static_cast<std::uint64_t>(seconds), inner);
            if (rest != 0)
                varint(second, static_cast<std::uint64_t>(rest * 1'000), inner);
        }
        bytes(field, stamp_, to);
    }

    record_shape shape_;
    model::key_codec keys_;
    std::string nested_, stamp_;
};

}  // namespace

std::unique_ptr<encoder> make_protobuf_encoder(record_shape shape, const model::key_codec& keys)
{
    return std::make_unique<protobuf_encoder>(std::move(shape), keys);
}

}  // namespace bazaar::kafka
