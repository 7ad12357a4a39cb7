#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bazaar/base/id.hpp"
#include "bazaar/model/table.hpp"

namespace bazaar::model
{

/// Turns rows of one run into keys as others see them, and keys back into rows: nobody else knows how keys are spelled.
///
/// A key that is no uuid names its row alone. `decode` gives such a row the unit `unknown_unit`, and the keys of all runs are
/// the same, so a schema has one run of such tables.
///
/// Threads:  immutable. Lifetime: of the tables.
class key_codec
{
public:
    /// Of a run with this tag and seed, as `id_codec` has them.
    key_codec(std::uint32_t tag, std::uint64_t seed, std::span<const table> tables) noexcept
        : ids_(tag, seed), tables_(tables)
    {
    }

    /// Of tables whose keys are all uuids.
    key_codec(const id_codec& ids) noexcept : ids_(ids) {}

    [[nodiscard]] std::uint32_t tag() const noexcept { return ids_.tag(); }

    /// The uuids among the keys.
    [[nodiscard]] const id_codec& ids() const noexcept { return ids_; }

    /// Of a number that has no table: uuids.
    [[nodiscard]] const key_form& form(std::uint8_t table) const noexcept
    {
        static constexpr key_form uuids{};
        return table < tables_.size() ? tables_[table].keys : uuids;
    }

    /// The key of a row, by the form of its table.
    ///
    /// Errors: `internal` for a row beyond the last one that has a key, and where the table's form is another one.
    [[nodiscard]] uuid uuid_of(const row_id& row) const;
    [[nodiscard]] std::int64_t number_of(const row_id& row) const;

    /// Room for the text of any key that is not in a list.
    static constexpr std::size_t text_max = 64;
    using room = std::array<char, text_max>;

    /// The key of a row as PostgreSQL prints it, of every form. It points into `in`, or into the list.
    [[nodiscard]] std::string_view text_of(const row_id& row, room& in) const;
    [[nodiscard]] std::string text(const row_id& row) const;

    /// The row of a key, by the form of the table; nothing for one that the table of this run cannot have.
    [[nodiscard]] std::optional<row_id> decode(std::uint8_t table, const uuid& key) const noexcept;
    [[nodiscard]] std::optional<row_id> decode(std::uint8_t table, std::int64_t key) const noexcept;

    /// Of a text as PostgreSQL prints a key, of every form.
    [[nodiscard]] std::optional<row_id> decode(std::uint8_t table, std::string_view key) const noexcept;

private:
    id_codec ids_;
    std::span<const table> tables_;
};

/// The form in which a column that refers to a row is read and printed: that of a ref for uuids, of a number, or of a text.
[[nodiscard]] constexpr type spelled(const column& c) noexcept
{
    if (c.kind != type::ref || c.sql_type == "uuid")
        return c.kind;
    return c.sql_type == "bigint" ? type::int64 : type::text;
}

}  // namespace bazaar::model
