#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "bazaar/model/unit.hpp"
#include "bazaar/verify/subject.hpp"

namespace bazaar::verify
{

/// The units that insert the rows of one table, in the order of the row numbers: a bit for each unit and a bit for each row.
class row_index
{
public:
    /// Row numbers ascend with the units; nothing is said of those between.
    ///
    /// Errors: `internal` where they do not ascend: the scenario numbers its rows otherwise.
    void add(std::uint64_t row, unit_no unit);

    /// Rows below have a unit.
    [[nodiscard]] std::uint64_t end() const noexcept { return rows_; }

    /// Of a row below `end`.
    [[nodiscard]] unit_no unit_of(std::uint64_t row) const;

private:
    void push(bool bit);

    std::vector<std::uint64_t> bits_;     ///< A one for each row, after a zero for each unit before it.
    std::vector<std::uint64_t> samples_;  ///< Where the bit of every so many rows is.
    std::uint64_t size_ = 0;
    std::uint64_t rows_ = 0;
    std::uint64_t place_ = 0;  ///< Of the newest unit: 0 for rows of before unit 0, then one more than its number.
};

/// A run that goes on is fewer units ahead of its mark.
inline constexpr unit_no units_ahead = unit_no{1} << 18;

/// Which unit inserts a row, of tables whose keys do not say it: planned again, on to the units that are asked for.
///
/// Limits:  a bit a unit and a bit a row, for each of these tables. Threads: one.
class row_units
{
public:
    explicit row_units(const subject& of);

    /// Whether the scenario has such tables.
    [[nodiscard]] bool any() const noexcept { return any_; }
    [[nodiscard]] bool has(std::uint8_t table) const noexcept { return numbered_[table]; }

    [[nodiscard]] unit_no next_no() const { return walk_ ? walk_->next_no() : 0; }

    /// When the last unit comes that it has planned.
    [[nodiscard]] time last_at() const noexcept { return at_; }

    /// Plans the next unit; the rows that it inserts into these tables. They are gone with the next call.
    std::span<const row_id> plan_one();

    /// The row with its unit, as far as it is planned; else as it was.
    [[nodiscard]] row_id named(const row_id& row) const;

    /// The same, planned on to it, or to all units that are known.
    [[nodiscard]] row_id find(const row_id& row);

private:
    const subject& subject_;
    std::optional<unit_walk> walk_;  ///< Where there are such tables.
    std::vector<bool> numbered_;     ///< By table.
    std::vector<bool> inserts_;      ///< By kind of unit.
    std::vector<row_index> index_;
    std::vector<row_id> rows_;
    model::unit room_;
    time at_{};
    bool any_ = false;
};

}  // namespace bazaar::verify
