#pragma once

#include <cstdint>
#include <memory>
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
/// Limits:  two bits per unit, one bit per row from before unit 0. If units do not rewrite whole units: one bit per unit,
///          eight bytes per row of a table up to its last row that was changed; units that change rows are built.
class survivors
{
public:
    /// Of a scenario whose units rewrite whole units.
    survivors() = default;

    /// `shop` outlives the calls of `add`.
    explicit survivors(const scenario::scenario& shop);

    /// Adds the units in their order, from 0 on. A unit that was refused is not added: the rows that it would have
    /// changed stay.
    void add(const model::decision& d) { shop_ == nullptr ? add_unit(d) : add_rows(d); }

    /// Whether a row of a versioned table from before unit 0 survives; `place` is its position among these rows.
    [[nodiscard]] bool initial(std::uint8_t table, std::uint64_t place) const noexcept
    {
        return table >= first_rows_.size() || !is_set(first_rows_[table], place);
    }

    /// The rows from before unit 0 that survive.
    void first_rows(const scenario::scenario& shop, std::uint8_t table, time start,
                    const scenario::row_taker& take) const;

    /// False if nothing that this unit wrote survives. Of units that change rows one by one, this is known only if they wrote
    /// a single row, or only removed rows.
    [[nodiscard]] bool any(unit_no no) const noexcept { return versioned(no) || unversioned(no); }

    /// Keeps only the rows of a unit that survive, as inserts.
    void keep(model::unit& unit, std::span<const model::table> tables) const;

private:
    void add_unit(const model::decision& d);
    void add_rows(const model::decision& d);

    [[nodiscard]] bool versioned(unit_no no) const noexcept { return !is_set(rewritten_, no); }
    [[nodiscard]] bool unversioned(unit_no no) const noexcept { return shop_ == nullptr && !is_set(removed_, no); }
    [[nodiscard]] bool survives(const model::change& c, unit_no by, const model::table& t) const;

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

    /// The unit that has changed or removed a row last.
    struct writer
    {
        std::uint64_t word = 0;  ///< 0: none.

        static constexpr std::uint64_t removed = ~std::uint64_t{0};
        [[nodiscard]] static writer of(unit_no no, bool sole) noexcept { return {(no + 1) << 1 | (sole ? 1U : 0U)}; }
        [[nodiscard]] bool is(unit_no no) const noexcept { return word >> 1 == no + 1; }
        /// Whether it wrote nothing but this row.
        [[nodiscard]] bool sole() const noexcept { return (word & 1) != 0 && word != removed; }
        [[nodiscard]] unit_no unit() const noexcept { return (word >> 1) - 1; }
    };

    std::vector<bool> rewritten_, removed_;
    std::vector<std::vector<bool>> first_rows_;  ///< By table.

    // If units change rows one by one.
    const scenario::scenario* shop_ = nullptr;
    std::vector<bool> changes_;                 ///< By kind of unit: whether it changes or removes rows.
    std::vector<std::vector<writer>> writers_;  ///< By table and row.
    std::unique_ptr<model::unit> room_;
};

}  // namespace bazaar::run
