#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/kafka/outlet.hpp"
#include "bazaar/model/table.hpp"

namespace bazaar::kafka
{

/// A field of a record as somebody reads it.
struct read_field
{
    std::string name;  ///< "total", "address.city".
    std::string text;  ///< As JSON has it. Of Protobuf the value as it stands there: a number, or a text.

    friend bool operator==(const read_field&, const read_field&) = default;
};

/// The fields of a record's value, without the frame of a registry, in the order of its schema; then those that the schema does not
/// have. Nothing for bytes that are no such record.
[[nodiscard]] std::optional<std::vector<read_field>> fields_of(const outlet& to, const model::table& from,
                                                               std::string_view value);

}  // namespace bazaar::kafka
