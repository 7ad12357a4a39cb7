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

/// Where the rows of a run have to end according to its plan. Tables that were emptied, or restored from another time,
/// end elsewhere.
///
/// Threads: one.
class last_inserts
{
public:
    /// For each table, the run's last existing row, with the unit that inserted it: `no_unit` for rows from before unit
    /// 0, `unknown_unit` if keys do not name it. Nothing if there is no row.
    using ends = std::vector<std::optional<row_id>>;

    explicit last_inserts(const scenario::scenario& shop);

    /// Takes the units of the plan, in order.
    void see(const model::decision& unit)
    {
        if (inserts_[unit.kind])
            last_[unit.kind] = unit;
    }

    /// A line for each table that ends before the last insert of the units seen. Tables from which the plan removes
    /// rows, and refused units, are ignored, and so is a single table that ends a little too early.
    [[nodiscard]] std::vector<std::string> missing(const ends& found, const record& of) const;

    /// If keys do not name their unit: the highest unit, within a window from the next one of `at`, of which the tables
    /// have a row. Plans ahead on a copy of the planner. `steps` as in `replanner`.
    [[nodiscard]] std::optional<unit_no> beyond(const ends& found, const record& of, const scenario::planner& at,
                                                std::uint64_t steps) const;

    /// Whether any key says which unit inserted its row.
    [[nodiscard]] static bool names_unit(const ends& found);

    /// Whether the units of the plan have to be examined: a table is unexpectedly empty, all tables end well before the
    /// mark, or no key shows how far the run has come.
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
