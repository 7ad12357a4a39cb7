#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/model/table.hpp"

namespace bazaar::kafka
{

enum class record_format : std::uint8_t
{
    json,
    avro,
    protobuf,
};

[[nodiscard]] std::string_view name(record_format what) noexcept;

/// How a timestamp is written.
enum class time_form : std::uint8_t
{
    standard,  ///< Of the format: Avro timestamp-micros, Protobuf google.protobuf.Timestamp, JSON iso8601.
    timestamp_micros,
    timestamp_millis,
    local_timestamp_micros,
    local_timestamp_millis,
    iso8601,  ///< A text, with six digits of a second, in UTC.
    millis,   ///< A number without logical type, since 1970.
    seconds,
};

/// The type of a field when the column's own is not wanted.
enum class field_type : std::uint8_t
{
    standard,
    int32,
    int64,
    float32,
    float64,
    text,
    uuid,  ///< A text; in Avro with its logical type.
};

/// How one column is written.
struct column_form
{
    bool hidden = false;  ///< No field of the record.
    field_type type = field_type::standard;
    time_form time = time_form::standard;  ///< `standard`: as the outlet says.
    std::uint32_t number = 0;              ///< Of the field in Protobuf; 0: its position.
};

/// Columns that form a record of their own within the record, at the position of the first one.
struct nested_record
{
    std::string name;
    std::vector<std::uint8_t> columns;
};

/// Where the rows of a table go, and in which form: what a scenario says of a table whose target is Kafka.
struct outlet
{
    std::string topic;
    record_format format = record_format::json;
    bool framed = false;  ///< With the registry's frame before each value: a zero byte and the id of the schema.
    std::string record;   ///< Name of the record; empty: the table's.
    std::string space;    ///< Namespace of Avro, package of Protobuf; may be empty.
    std::uint8_t key = model::no_column;  ///< Column whose text is the key of a message; none: no key.
    bool inserts_only = false;            ///< Updates and deletions send nothing.
    time_form times = time_form::standard;
    std::vector<column_form> columns{};  ///< One for each column of the table, or none.
    std::vector<nested_record> nested{};
};

/// What is wrong with an outlet, a line each; nothing if records can be made.
[[nodiscard]] std::vector<std::string> problems_of(const outlet& to, const model::table& from);

}  // namespace bazaar::kafka
