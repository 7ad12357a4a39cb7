#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/kafka/outlet.hpp"
#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/model/value.hpp"

namespace bazaar::kafka
{

/// What a field of a record is, in any format.
enum class field_form : std::uint8_t
{
    boolean,
    int32,
    int64,
    float32,
    float64,
    text,
    bytes,
    decimal,  ///< Avro's logical type, a number in JSON.
    timestamp,
    epoch,  ///< A number since 1970, without logical type.
    date,   ///< Avro's logical type.
    uuid,   ///< A text with Avro's logical type.
    json,   ///< The value itself in JSON.
    record,
};

/// How a value becomes a number or a text of its form.
enum class conversion : std::uint8_t
{
    none,
    micros,
    millis,
    seconds,
    iso8601,
    date_text,
    decimal_text,
    key_text,
};

struct record_field
{
    std::string name;
    field_form form = field_form::text;
    conversion how = conversion::none;
    time_form time = time_form::standard;  ///< Of a timestamp: its logical type.
    std::uint8_t column = 0;
    std::uint8_t scale = 0, precision = 0;  ///< Of a decimal.
    bool nullable = false;
    std::uint32_t number = 0;            ///< In Protobuf.
    std::string type_name{};             ///< Of a record.
    std::vector<record_field> fields{};  ///< Of a record.
};

/// The fields of the records of one table, in order.
struct record_shape
{
    std::string name, space;
    std::string place;  ///< "topic T, record R": for messages.
    std::vector<record_field> fields;
};

/// Errors: `config` for an outlet with problems, all of them at once.
[[nodiscard]] record_shape shape_of(const outlet& to, const model::table& from);

/// Room for a number, a time, or a key as text.
using text_room = std::array<char, 64>;

/// The text of a value whose field has a text. It points into the row, into the room or into a list of keys.
///
/// Errors: those of `unencodable`.
[[nodiscard]] std::string_view text_of(const record_field& field, const model::value& v, const model::key_codec& keys,
                                       text_room& room);

/// The number of a value whose field is a whole number; times are rounded down.
///
/// Errors: those of `unencodable`.
[[nodiscard]] std::int64_t number_of(const record_field& field, const model::value& v, const model::key_codec& keys);

/// As the field has it: a decimal of the shop may be wanted as a double.
[[nodiscard]] double double_of(const record_field& field, const model::value& v);

/// Checks that a decimal has no more digits than declared. Readers round one that has more, and say nothing.
///
/// Errors: those of `unencodable`.
void check_digits(const record_field& field, std::int64_t units);

/// Room for the longest exact form of an integer: its shortest two's complement, the first byte first.
using big_endian = std::array<char, 8>;
[[nodiscard]] std::string_view shortest_bytes(std::int64_t units, big_endian& room) noexcept;

/// The first day of 0001 and the last of 9999 as days since 1970: others have no text that readers know.
inline constexpr std::int64_t first_day = -719'162;
inline constexpr std::int64_t last_day = 2'932'896;

}  // namespace bazaar::kafka
