#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bazaar/verify/block_sums.hpp"
#include "tables_work.hpp"

namespace bazaar::verify
{

/// The first step: sums of the hashes by blocks, of the plan's rows up to `demanded` and of all that are there. Rows that
/// cannot be the plan's are reported at once.
class block_scan
{
public:
    explicit block_scan(tables_work& work)
        : work_(work), planned(work.tables.size()), found(work.tables.size()), last_row_(work.tables.size())
    {
    }

    /// Plans in threads, reads the tables in this one.
    void go(unit_walk& walk);

    /// Numbers of a table's blocks that differ.
    [[nodiscard]] std::vector<std::uint64_t> differing(std::uint8_t table) const
    {
        return planned[table].differing(found[table]);
    }

    /// Rows of units that nothing is known of: how many, one of them, and the latest moment of one.
    struct later_rows
    {
        std::uint64_t count = 0;
        std::string first;
        std::optional<time> at;
    };
    [[nodiscard]] const later_rows& later() const { return later_; }

    [[nodiscard]] std::uint64_t of_other_runs() const { return other_runs_; }

private:
    tables_work& work_;

public:
    std::vector<block_sums> planned, found;  ///< By table.

private:
    void plan(unit_walk& walk, const std::stop_token& stop);
    void read(std::uint8_t table);
    void take_later(const row_id& id, std::span<const postgres::field> row);
    void take_foreign(std::uint8_t table, std::span<const postgres::field> row);
    void tell_later();

    std::vector<std::optional<std::uint64_t>> last_row_;  ///< The highest number of a planned row.
    std::uint64_t other_runs_ = 0;
    later_rows later_;
    std::set<std::pair<row_key, unit_no>> lowest_later_;  ///< Some of them, of those with the lowest numbers.
};

}  // namespace bazaar::verify
