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
    /// For each table, the unit that inserted the run's last existing row; `no_unit` for rows from before unit 0,
    /// nothing if there is no row.
    using ends = std::vector<std::optional<unit_no>>;

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

    /// Whether the units of the plan have to be examined: a table is unexpectedly empty, or all tables end well before
    /// the mark.
    [[nodiscard]] bool doubtful(const ends& found, const record& of) const;

private:
    [[nodiscard]] bool loses_rows(std::size_t table) const;
    [[nodiscard]] bool has_first_rows(std::size_t table, time start) const;

    const scenario::scenario& shop_;
    std::vector<bool> inserts_;                         ///< By kind.
    std::vector<std::optional<model::decision>> last_;  ///< By kind.
};

}  // namespace bazaar::run
