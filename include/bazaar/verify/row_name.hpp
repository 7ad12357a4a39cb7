#pragma once

#include <cstdint>
#include <string>

#include "bazaar/base/id.hpp"
#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/table.hpp"

namespace bazaar::verify
{

/// Whether units insert or change rows of the table. Its first rows are the initial ones of a planned table, or those
/// of a fixed one.
[[nodiscard]] constexpr bool planned_rows(const model::table& t) noexcept
{
    return t.kept_by == model::role::planned || (t.kept_by == model::role::fixed && t.version != model::no_column &&
                                                 t.columns[t.key].kind == model::type::int64);
}

/// The row that a key identifies: by its key in a planned table, by its number in a fixed one.
[[nodiscard]] inline row_id row_named(std::uint8_t table, const model::value& key) noexcept
{
    return key.kind() == model::type::ref ? key.row()
                                          : row_id{table, static_cast<std::uint64_t>(key.integer()), no_unit};
}

/// The key of a row, as the database prints it.
[[nodiscard]] inline std::string key_text(const model::table& t, const row_id& row, const model::key_codec& ids)
{
    return t.kept_by == model::role::fixed ? std::to_string(row.row) : ids.text(row);
}

}  // namespace bazaar::verify
