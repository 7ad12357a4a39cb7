#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "bazaar/base/error.hpp"
#include "bazaar/kafka/outlet.hpp"
#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/model/value.hpp"

namespace bazaar::kafka
{

/// A value that has no place in its field: a decimal with too many digits, a year beyond 9999. Its unit is refused.
class unencodable : public error
{
public:
    explicit unencodable(const std::string& why) : error(error_kind::data, why) {}
};

/// Turns rows of one table into the bytes of records.
///
/// Threads: used by one. Lifetime: the table outlives it.
/// Errors:  `unencodable`, which names topic and field; what was appended then is no record.
class encoder
{
public:
    virtual ~encoder() = default;

    /// Appends the record of a row, without the registry's frame.
    virtual void encode(std::span<const model::value> row, std::string& out) = 0;
};

/// An encoder for what the outlet says.
///
/// Errors: `config` for an outlet with problems.
[[nodiscard]] std::unique_ptr<encoder> make_encoder(const outlet& to, const model::table& from,
                                                    const model::key_codec& keys);

/// The frame before a record whose schema has this id. In Protobuf it also says that the record is of the first message.
void append_frame(record_format format, std::int32_t id, std::string& out);

/// The key of a row's message: the text of its key column, of every type.
///
/// Errors: `unencodable` for NULL, and for times and dates beyond the years 1 to 9999.
void append_key(const outlet& to, const model::table& from, const model::key_codec& keys,
                std::span<const model::value> row, std::string& out);

/// The schema of the records as its registry gets it: Avro's JSON, Protobuf's .proto, JSON Schema. The same tables and
/// outlets give the same bytes.
///
/// Errors: `config` for an outlet with problems.
[[nodiscard]] std::string schema_text(const outlet& to, const model::table& from);

}  // namespace bazaar::kafka
