#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bazaar/model/value.hpp"

namespace bazaar::scenario::declared
{

/// A type of PostgreSQL that columns of scenario files may have.
struct sql_column_type
{
    std::string name;  ///< As format_type prints it.
    model::type kind = model::type::text;
    std::uint8_t digits = 0;   ///< Of numbers, in all,
    std::uint8_t scale = 0;    ///< and behind the point.
    std::uint32_t length = 0;  ///< Of texts, in characters; 0: without a limit.
};

/// "varchar(50)", "decimal(12,2)", "integer", "timestamptz": the names that people write. Nothing for others.
[[nodiscard]] std::optional<sql_column_type> sql_type_of(std::string_view text);

inline constexpr std::string_view sql_types_text = "boolean, smallint, integer, bigint, decimal(12,2), text, "
                                                   "varchar(50), char(2), timestamp with time zone, date, json, uuid";

}  // namespace bazaar::scenario::declared
