#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bazaar/postgres/session.hpp"

namespace bazaar::postgres
{

inline constexpr std::string_view own_schema = "bazaard";

/// One lock for all that creates tables or views: "bazaard" as a number.
inline constexpr std::string_view making_lock = "27710116871070308";

/// One of the daemon's own tables. Outside any publication; nothing of the shop refers to them.
struct own_table
{
    struct column
    {
        std::string_view name;
        std::string_view type;  ///< As format_type prints it.
        std::string_view rest;  ///< Of its definition.
    };

    std::string_view name;
    std::span<const column> columns;
    std::string_view key;          ///< Columns of the primary key, comma separated.
    std::string_view constraints;  ///< Further ones, each behind a comma.
    std::string_view privileges;   ///< What a run needs, comma separated.
};

[[nodiscard]] std::span<const own_table> own_tables() noexcept;

/// Whether this one exists. Tables that are younger than the oldest runs may be missing until `init` is called again.
[[nodiscard]] bool has_own_table(session& on, std::string_view name);

/// CREATE TABLE ...
[[nodiscard]] std::string create_sql(const own_table& t);

}  // namespace bazaar::postgres
