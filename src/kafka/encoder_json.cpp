#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <rapidjson/writer.h>

#include "encoders.hpp"

namespace bazaar::kafka
{
namespace
{

/// Where rapidjson writes: at the end of a text.
struct text_end
{
    using Ch = char;  // rapidjson's name.

    std::string* to;

    void Put(char c) const { to->push_back(c); }
    void Flush() const {}
};

void base64(std::string_view bytes, std::string& out)
{
    const auto begin = out.size();
    const auto size = (bytes.size() + 2) / 3 * 4;
    out.resize(begin + size + 1);  // It ends with a zero byte.
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + begin),
                    reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    out.resize(begin + size);
}

class json_encoder final : public encoder
{
public:
    json_encoder(record_shape shape, const model::key_codec& keys) : shape_(std::move(shape)), keys_(keys) {}

    void encode(std::span<const model::value> row, std::string& out) override
    {
        text_end end{&out};
        writer_.Reset(end);
        object(shape_.fields, row);
    }

private:
    void object(const std::vector<record_field>& fields, std::span<const model::value> row)
    {
        writer_.StartObject();
        for (const auto& field : fields)
        {
            string(field.name);
            if (field.form == field_form::record)
                object(field.fields, row);
            else
                value(field, row[field.column]);
        }
        writer_.EndObject();
    }

    void string(std::string_view text) { writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size())); }

    void value(const record_field& field, const model::value& v)
    {
        if (v.null())
        {
            if (!field.nullable)
                refuse_null(shape_, field);
            writer_.Null();
            return;
        }
        text_room room;
        switch (field.form)
        {
        case field_form::boolean:
            writer_.Bool(v.integer() != 0);
            return;
        case field_form::int32:
        case field_form::int64:
        case field_form::epoch:
        case field_form::timestamp:
            writer_.Int64(number_of(field, v, keys_));
            return;
        case field_form::float32:
            return single(field, v);
        case field_form::float64:
            if (!writer_.Double(double_of(field, v)))
                no_number(field);
            return;
        case field_form::decimal:
        {
            const auto digits = text_of(field, v, keys_, room);
            writer_.RawValue(digits.data(), digits.size(), rapidjson::kNumberType);
            return;
        }
        case field_form::json:
            writer_.RawValue(v.text().data(), v.text().size(), rapidjson::kObjectType);
            return;
        case field_form::bytes:
            scratch_.clear();
            base64(v.text(), scratch_);
            string(scratch_);
            return;
        case field_form::text:
        case field_form::date:
        case field_form::uuid:
            string(text_of(field, v, keys_, room));
            return;
        case field_form::record:
            break;
        }
        broken("a nested record has no value of its own");
    }

    /// The shortest text that is this number as a float.
    void single(const record_field& field, const model::value& v)
    {
        const auto number = static_cast<float>(double_of(field, v));
        if (!std::isfinite(number))
            no_number(field);
        text_room room;
        const auto end = std::to_chars(room.data(), room.data() + room.size(), number).ptr;
        writer_.RawValue(room.data(), static_cast<std::size_t>(end - room.data()), rapidjson::kNumberType);
    }

    [[noreturn]] void no_number(const record_field& field) const
    {
        throw unencodable(
            fmt::format("{}, field {}: not a finite number, and JSON has no others", shape_.place, field.name));
    }

    record_shape shape_;
    model::key_codec keys_;
    std::string scratch_;
    rapidjson::Writer<text_end> writer_;
};

}  // namespace

std::unique_ptr<encoder> make_json_encoder(record_shape shape, const model::key_codec& keys)
{
    return std::make_unique<json_encoder>(std::move(shape), keys);
}

}  // namespace bazaar::kafka
