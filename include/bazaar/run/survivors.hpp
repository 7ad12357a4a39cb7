#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bazaar/model/table.hpp"
#include "bazaar/model/unit.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::run
{

/// Which of the rows written by a plan are still unchanged at a certain unit: those that no later unit before it has
/// changed or removed.
///
/// Threads: one that adds; any that ask, once everything is added.
/// Limits:  two bits per unit, one bit per row from before unit 0.
class survivors
{
public:
    /// Adds the units in their order, from 0 on. A unit that was refused is not added: the rows that it would have
    /// changed stay.
    void add(const model::decision& d);

    /// Whether the rows of versioned tables that this unit wrote survive.
    [[nodiscard]] bool versioned(unit_no no) const noexcept { return !is_set(rewritten_, no); }

    /// Whether the rows of tables without versions that this unit wrote survive.
    [[nodiscard]] bool unversioned(unit_no no) const noexcept { return !is_set(removed_, no); }

    /// Whether a row of a versioned table from before unit 0 survives; `place` is its position among these rows.
    [[nodiscard]] bool initial(std::uint8_t table, std::uint64_t place) const noexcept
    {
        return table >= first_rows_.size() || !is_set(first_rows_[table], place);
    }

    /// The rows from before unit 0 that survive.
    void first_rows(const scenario::scenario& shop, std::uint8_t table, time start,
                    const scenario::row_taker& take) const;

    /// Whether anything that this unit wrote survives.
    [[nodiscard]] bool any(unit_no no) const noexcept { return versioned(no) || unversioned(no); }

    /// Keeps only the rows of a unit that survive, as inserts.
    void keep(model::unit& unit, std::span<const model::table> tables) const;

private:
    static void set(std::vector<bool>& bits, std::uint64_t at)
    {
        if (at >= bits.size())
            bits.resize(at + at / 4 + 1);
        bits[at] = true;
    }
    [[nodiscard]] static bool is_set(const std::vector<bool>& bits, std::uint64_t at) noexcept
    {
        return at < bits.size() && bits[at];
    }

    std::vector<bool> rewritten_, removed_;
    std::vector<std::vector<bool>> first_rows_;  ///< By table.
};

}  // namespace bazaar::run
