#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "planned.hpp"

namespace bazaar::verify
{

/// The rows that units touch of which each may be there or not, with all their versions, by hash; and what became of each unit,
/// as the rows say.
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
        std::uint32_t versions = 0;  ///< Planned after `base`.
        /// So many of them have happened to the row that was read: at least, and at most. A row that is not there may be one
        /// that was not inserted yet, or one that was removed.
        std::uint32_t least = unknown, most = unknown;
        std::uint64_t wanted = 0;  ///< Hash of the last version whose unit is or must be there; without one `base`.

        [[nodiscard]] bool known() const noexcept { return least != unknown; }
        [[nodiscard]] bool has(std::uint32_t ordinal) const noexcept { return known() && least >= ordinal; }
        [[nodiscard]] bool lacks(std::uint32_t ordinal) const noexcept { return known() && most < ordinal; }
        /// It is not there, and no unit that is there has removed it, or has yet to insert it.
        [[nodiscard]] bool gone() const noexcept { return times == 0 && known() && wanted != 0; }
    };

    struct version
    {
        unit_no unit = 0;
        std::uint64_t hash = 0;  ///< 0: the unit removes the row.
        std::uint32_t row = 0;
        std::uint32_t ordinal = 0;  ///< From 1.
    };

    /// What became of a unit.
    enum class fate : std::uint8_t
    {
        absent,    ///< Nothing says that it is there.
        there,     ///< At least in part.
        early,     ///< There, but so far above the others that it cannot have been sent.
        demanded,  ///< Nothing says that it is there, but a later one is that waits for it.
    };

    struct unit_state
    {
        unit_no no = 0;
        fate what = fate::absent;
        std::size_t first = 0, end = 0;  ///< Its part of `versions`.
    };

    /// Units in order. Of tables that are not compared nothing is kept.
    void add(const model::unit& unit, const shapes& compared, std::span<const model::table> tables,
             row_encoder& encode);

    /// Nothing for a row with this number and another unit: it is another one.
    [[nodiscard]] row* find(const row_id& id);
    [[nodiscard]] std::span<row> rows() { return rows_; }

    /// By unit.
    [[nodiscard]] std::span<const version> versions() const { return versions_; }

    /// Once all rows were read: finds out what has happened to each row and unit. Units that come in order wait for those
    /// `window` before them.
    void settle(unit_no window, bool in_order);

    /// Those that touch rows, ascending.
    [[nodiscard]] std::span<const unit_state> units() const { return units_; }

private:
    [[nodiscard]] bool is_there(const unit_state& one, const std::vector<bool>& removed) const;
    [[nodiscard]] bool is_absent(const unit_state& one) const;
    void judge_order(unit_no window);

    std::unordered_map<row_key, std::uint32_t> places_;
    std::vector<row> rows_;
    std::vector<version> versions_;
    std::vector<unit_state> units_;
};

}  // namespace bazaar::verify
