#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/run/record.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::run
{

/// Where the rows of a run have to end, by its plan: tables that were emptied, or restored from another time, end elsewhere.
///
/// Threads: one.
class last_inserts
{
public:
    /// By table, the last row of the run that is there, with the unit that inserted it: `no_unit` for rows of before unit 0,
    /// `unknown_unit` where keys do not name it. Nothing where there is no row.
    using ends = std::vector<std::optional<row_id>>;

    explicit last_inserts(const scenario::scenario& shop);

    /// A unit of the plan, in its order.
    void see(const model::decision& unit)
    {
        if (inserts_[unit.kind])
            last_[unit.kind] = unit;
    }

    /// A line for each table that ends before its last insert of the units seen. Tables that lose rows by the plan, and units
    /// that were refused, say nothing; nor does one table that ends a little too early.
    [[nodiscard]] std::vector<std::string> missing(const ends& found, const record& of) const;

    /// The highest unit of which the tables have a row, from the next one of `at` on and no further than a window, where keys do not
    /// name their unit: planned on from there, on a copy of the planner. `steps` as `replanner` has them.
    [[nodiscard]] std::optional<unit_no> beyond(const ends& found, const record& of, const scenario::planner& at,
                                                std::uint64_t steps) const;

    /// Whether a key says which unit inserted a row.
    [[nodiscard]] static bool names_unit(const ends& found);

    /// Whether the units of the plan have to be seen: a table is empty where it hardly can be, or all end well before the mark, or
    /// no key tells how far the run has come.
    [[nodiscard]] bool doubtful(const ends& found, const record& of) const;

private:
    /// The last row of each table that the units seen have inserted, with its unit.
    [[nodiscard]] ends wanted(const record& of) const;

    [[nodiscard]] bool loses_rows(std::size_t table) const;
    [[nodiscard]] bool has_first_rows(std::size_t table, time start) const;

    const scenario::scenario& shop_;
    std::vector<bool> inserts_;                         ///< By kind.
    std::vector<std::optional<model::decision>> last_;  ///< By kind.
};

}  // namespace bazaar::run
