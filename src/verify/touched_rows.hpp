#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "planned.hpp"

namespace bazaar::verify
{

/// The rows that units touch of which each may be there or not, with all their versions, by hash.
///
/// Limits: some 150 bytes a row.
class touched_rows
{
public:
    static constexpr std::uint32_t unknown = 0xffffffff;

    struct row
    {
        row_id id;
        std::uint64_t base = 0;      ///< Hash before the first of these units; 0: not there.
        std::uint64_t found = 0;     ///< Of the row that was read; 0: none.
        std::uint32_t times = 0;     ///< So often it was read.
        std::uint32_t versions = 0;  ///< Planned behind `base`.
        /// So many of them have happened to the row that was read: at least, and at most. A row that is not there may be one
        /// that was not inserted yet, or one that was removed.
        std::uint32_t least = unknown, most = unknown;

        [[nodiscard]] bool known() const noexcept { return least != unknown; }
        [[nodiscard]] bool has(std::uint32_t ordinal) const noexcept { return known() && least >= ordinal; }
        [[nodiscard]] bool lacks(std::uint32_t ordinal) const noexcept { return known() && most < ordinal; }
    };

    struct version
    {
        unit_no unit = 0;
        std::uint64_t hash = 0;
        std::uint32_t row = 0;
        std::uint32_t ordinal = 0;  ///< From 1.
    };

    /// Units in order. Of tables that are not compared nothing is kept.
    void add(const model::unit& unit, const shapes& compared, std::span<const model::table> tables,
             row_encoder& encode);

    [[nodiscard]] row* find(row_key key);
    [[nodiscard]] std::span<row> rows() { return rows_; }

    /// By unit.
    [[nodiscard]] std::span<const version> versions() const { return versions_; }

    /// Once all rows were read: finds out what has happened to each.
    void settle();

private:
    std::unordered_map<row_key, std::uint32_t> places_;
    std::vector<row> rows_;
    std::vector<version> versions_;
};

}  // namespace bazaar::verify
