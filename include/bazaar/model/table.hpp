#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "bazaar/model/key_form.hpp"
#include "bazaar/model/value.hpp"

namespace bazaar::model
{

/// Means "no column"; as the version column: the table's rows never change.
inline constexpr std::uint8_t no_column = 255;

struct column
{
    std::string_view name;
    std::string_view sql_type;  ///< As PostgreSQL's format_type prints it, e.g. "timestamp with time zone".
    type kind = type::text;
    std::uint8_t scale = 0;  ///< Digits after the point of a decimal.
    bool nullable = false;
    std::uint16_t since = 0;      ///< First schema version that has the column.
    std::uint16_t until = 65535;  ///< First schema version without it.
};

/// Who writes a table.
enum class role : std::uint8_t
{
    planned,    ///< The units of the plan.
    fixed,      ///< Written once, when the schema is made.
    heartbeat,  ///< One row, updated by the wall clock; not part of the plan.
};

enum class target : std::uint8_t
{
    postgres,
    kafka,
};

struct foreign_key
{
    std::string_view column;
    std::string_view table;  ///< The reference is to its key.
};

struct check
{
    std::string_view name;
    std::string_view expression;
};

struct index
{
    std::string_view name;
    std::string_view columns;  ///< As in CREATE INDEX, comma separated; an expression is allowed.
    bool unique = false;
};

/// Description of a table. Schema, writer, plan, connector and topics are made from it, or checked against it.
struct table
{
    std::string_view name;
    std::span<const column> columns;
    std::uint8_t key = 0;              ///< Column number of the primary key.
    std::uint8_t version = no_column;  ///< Column with the version of a row; increases with every change.
    role kept_by = role::planned;
    target sink = target::postgres;
    std::span<const foreign_key> foreign_keys{};
    std::span<const check> checks{};
    std::span<const index> indexes{};
    key_form keys{};  ///< How the keys of its rows are spelled. Of a planned table: others have keys of their own.
};

/// Number of the column with this name, or `no_column`.
[[nodiscard]] constexpr std::uint8_t column_number(const table& t, std::string_view name)
{
    for (std::size_t i = 0; i < t.columns.size(); ++i)
        if (t.columns[i].name == name)
            return static_cast<std::uint8_t>(i);
    return no_column;
}

}  // namespace bazaar::model
