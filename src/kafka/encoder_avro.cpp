#include <cerrno>
#include <utility>

#include <avro.h>

#include "encoders.hpp"

namespace bazaar::kafka
{
namespace
{

/// Room for the first record; it doubles for a longer one.
constexpr std::size_t first_room = 1024;

void done(int failure)
{
    expect(failure == 0, "Avro takes a value of the type of its schema");
}

struct schema_ender
{
    void operator()(avro_obj_t* what) const { avro_schema_decref(what); }
};
struct class_ender
{
    void operator()(avro_value_iface* what) const { avro_value_iface_decref(what); }
};
struct writer_ender
{
    void operator()(avro_writer_t_* what) const { avro_writer_free(what); }
};

/// A value of Avro's generic kind, filled field by field.
class avro_encoder final : public encoder
{
public:
    avro_encoder(record_shape shape, const model::key_codec& keys, const std::string& schema)
        : shape_(std::move(shape)), keys_(keys)
    {
        avro_schema_t parsed = nullptr;
        if (avro_schema_from_json_length(schema.data(), schema.size(), &parsed) != 0)
            throw error(error_kind::config, shape_.place + ": Avro refuses the schema: " + avro_strerror());
        schema_.reset(parsed);
        class_.reset(avro_generic_class_from_schema(parsed));
        expect(class_ != nullptr, "a parsed schema has a class");
        done(avro_generic_value_new(class_.get(), &record_));
        writer_.reset(avro_writer_memory(nullptr, 0));
        collect(shape_.fields, record_);
    }

    ~avro_encoder() override { avro_value_decref(&record_); }
    avro_encoder(const avro_encoder&) = delete;
    avro_encoder& operator=(const avro_encoder&) = delete;

    void encode(std::span<const model::value> row, std::string& out) override
    {
        for (auto& one : slots_)
            fill(one, row[one.field->column]);
        const auto begin = out.size();
        for (;; room_ *= 2)
        {
            out.resize(begin + room_);
            avro_writer_memory_set_dest(writer_.get(), out.data() + begin, static_cast<std::int64_t>(room_));
            const auto failure = avro_value_write(writer_.get(), &record_);
            if (failure == 0)
                break;
            expect(failure == ENOSPC, "Avro writes a filled record");
        }
        out.resize(begin + static_cast<std::size_t>(avro_writer_tell(writer_.get())));
    }

private:
    /// A field that has a value.
    struct slot
    {
        const record_field* field;
        avro_value_t at;
        big_endian number{};  ///< Of a decimal.
        text_room room{};
    };

    void collect(const std::vector<record_field>& fields, const avro_value_t& in)
    {
        for (std::size_t i = 0; i < fields.size(); ++i)
        {
            avro_value_t at;
            done(avro_value_get_by_index(&in, i, &at, nullptr));
            if (fields[i].form == field_form::record)
                collect(fields[i].fields, at);
            else
                slots_.push_back({&fields[i], at});
        }
    }

    void fill(slot& to, const model::value& v)
    {
        const auto& field = *to.field;
        auto at = to.at;
        if (v.null() && !field.nullable)
            refuse_null(shape_, field);
        if (field.nullable)
            done(avro_value_set_branch(&to.at, v.null() ? 0 : 1, &at));
        if (v.null())
        {
            done(avro_value_set_null(&at));
            return;
        }
        switch (field.form)
        {
        case field_form::boolean:
            done(avro_value_set_boolean(&at, v.integer() != 0 ? 1 : 0));
            return;
        case field_form::int32:
        case field_form::date:
            done(avro_value_set_int(&at, static_cast<std::int32_t>(number_of(field, v, keys_))));
            return;
        case field_form::int64:
        case field_form::epoch:
        case field_form::timestamp:
            done(avro_value_set_long(&at, number_of(field, v, keys_)));
            return;
        case field_form::float32:
            done(avro_value_set_float(&at, static_cast<float>(double_of(field, v))));
            return;
        case field_form::float64:
            done(avro_value_set_double(&at, double_of(field, v)));
            return;
        case field_form::decimal:
            check_digits(field, v.integer());
            return give_bytes(at, shortest_bytes(v.integer(), to.number));
        case field_form::bytes:
            return give_bytes(at, v.text());
        case field_form::text:
        case field_form::json:
        case field_form::uuid:
            return give_text(at, text_of(field, v, keys_, to.room));
        case field_form::record:
            break;
        }
        broken("a nested record has no value of its own");
    }

    /// What is given is not copied: it lives until the record is written.
    static avro_wrapped_buffer_t wrapped(std::string_view text, std::size_t size)
    {
        return {text.data(), size, nullptr, nullptr, nullptr, nullptr};
    }

    static void give_bytes(avro_value_t& at, std::string_view bytes)
    {
        auto buffer = wrapped(bytes, bytes.size());
        done(avro_value_give_bytes(&at, &buffer));
    }

    static void give_text(avro_value_t& at, std::string_view text)
    {
        // Avro counts a zero byte at the end, and reads all but that.
        auto buffer = wrapped(text, text.size() + 1);
        done(avro_value_give_string_len(&at, &buffer));
    }

    record_shape shape_;
    model::key_codec keys_;
    std::unique_ptr<avro_obj_t, schema_ender> schema_;
    std::unique_ptr<avro_value_iface, class_ender> class_;
    std::unique_ptr<avro_writer_t_, writer_ender> writer_;
    avro_value_t record_{};
    std::vector<slot> slots_;
    std::size_t room_ = first_room;
};

}  // namespace

std::unique_ptr<encoder> make_avro_encoder(record_shape shape, const model::key_codec& keys, const std::string& schema)
{
    return std::make_unique<avro_encoder>(std::move(shape), keys, schema);
}

}  // namespace bazaar::kafka
