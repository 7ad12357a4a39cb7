#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/model/table.hpp"
#include "bazaar/postgres/encode.hpp"

namespace bazaar::postgres
{

/// Schema version that is made and written. Later ones come with the DDL units.
inline constexpr std::uint16_t schema_version = 0;

/// The column exists in that version.
[[nodiscard]] constexpr bool live(const model::column& c) noexcept
{
    return c.since <= schema_version && schema_version < c.until;
}

/// The table is kept in PostgreSQL.
[[nodiscard]] constexpr bool kept_here(const model::table& t) noexcept
{
    return t.sink == model::target::postgres;
}

[[nodiscard]] inline std::vector<std::uint8_t> live_columns(const model::table& t)
{
    std::vector<std::uint8_t> numbers;
    for (std::size_t i = 0; i < t.columns.size(); ++i)
        if (live(t.columns[i]))
            numbers.push_back(static_cast<std::uint8_t>(i));
    return numbers;
}

/// SQL name of a type without modifiers.
[[nodiscard]] std::string_view sql_name(wire type) noexcept;

/// Numbers of the tables kept here, each after the tables that its foreign keys name.
[[nodiscard]] std::vector<std::uint8_t> parents_first(std::span<const model::table> tables);

}  // namespace bazaar::postgres
