#pragma once

#include "block_scan.hpp"
#include "column_compare.hpp"
#include "seen_units.hpp"
#include "touched_rows.hpp"

namespace bazaar::verify
{

/// Rows that units from `demanded` on touch: each of these units may be there, whole, or not.
class open_window
{
public:
    explicit open_window(tables_work& work) : work_(work) {}

    /// Plans these units, and says where they end. None can be W or more after the first inserting one that is not there: that
    /// one is not settled. One whose rows were removed again was settled, by the mark that the removal had waited for.
    void plan(unit_walk& walk, const seen_units& seen, std::optional<unit_no> highest);

    /// Takes the rows out of both sums.
    void read(block_scan& scan);

    /// Says what is wrong with them.
    void judge(column_compare& columns);

    [[nodiscard]] const touched_rows::row* find(const row_id& id) { return touched_.find(id); }
    [[nodiscard]] std::span<const touched_rows::row> rows() { return touched_.rows(); }

private:
    void tell(const touched_rows::row& row, unit_no unit, defect what, std::string expected, std::string found);
    void tell_part(const touched_rows::version& version, touched_rows::fate what);
    void judge_order();
    void tell_not_here_yet();
    void look_at_columns(column_compare& columns);

    tables_work& work_;
    touched_rows touched_;
};

}  // namespace bazaar::verify
