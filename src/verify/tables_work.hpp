#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bazaar/model/render.hpp"
#include "bazaar/verify/row_name.hpp"
#include "bazaar/verify/subject.hpp"
#include "bazaar/verify/tables.hpp"
#include "planned.hpp"
#include "row_units.hpp"

namespace bazaar::verify
{

/// How many rows are read between two looks at progress and stop.
inline constexpr std::uint64_t rows_between = 4'096;

/// Rows that are compared column by column at a time, and the bytes of them.
inline constexpr std::size_t suspects_max = 20'000;
inline constexpr std::size_t suspect_bytes_max = std::size_t{256} << 20;

/// It was stopped: the report is as it is.
struct stopped
{
};

/// What the steps of one comparison of tables share.
///
/// Threads: one, but `take_planned` starts others.
class tables_work
{
public:
    tables_work(postgres::session& session, const tables_request& request, report& to);

    postgres::session& on;
    const tables_request& with;
    report& out;
    std::span<const model::table> tables;
    model::key_codec ids;
    subject of;       ///< `demanded` and `known` follow.
    row_units units;  ///< Of tables whose keys do not name them.
    shapes compared;  ///< Follow, too.
    model::renderer print;
    tables_progress progress;

    /// Units make or change rows of the table.
    [[nodiscard]] bool planned(std::size_t table) const
    {
        return compared[table].has_value() && planned_rows(tables[table]);
    }

    /// Rows of the table have numbers of their own, and no ids.
    [[nodiscard]] bool numbered(std::uint8_t table) const { return tables[table].kept_by == model::role::fixed; }

    /// The rows `first` to `last` of a table, as a condition.
    [[nodiscard]] std::string between(std::uint8_t table, std::uint64_t first, std::uint64_t last) const;

    /// These rows of one table, as a condition.
    [[nodiscard]] std::string any_of(std::uint8_t table, std::span<const row_id> rows) const;

    [[nodiscard]] std::string text_of(const row_id& row) const { return key_text(tables[row.table], row, ids); }

    /// Of the row that was read; nothing when its key is none of this run and table. Its unit is `unknown_unit` where neither key nor
    /// plan, as far as it was planned, says it.
    [[nodiscard]] std::optional<row_id> id_of(std::uint8_t table, std::span<const postgres::field> row) const;

    /// The row may be of a unit that nothing is known of.
    [[nodiscard]] bool unknown(const row_id& row) const
    {
        return with.known && !with.ended && row.unit != no_unit && row.unit >= *with.known;
    }

    /// Each row from before unit 0 of the tables that units change.
    void first_rows(const std::function<void(const row_id&, std::span<const model::value>)>& take) const;

    /// Takes the changes of one unit in those tables; they are gone when it returns.
    using change_taker = std::function<void(const model::unit&, const model::change&, const row_id&, row_encoder&)>;

    /// Plans on up to `end`. Each thread has a taker of its own.
    void take_planned(unit_walk& walk, unit_no end, const std::stop_token& stop,
                      const std::function<change_taker()>& make_taker);

    /// Errors: throws `stopped`.
    void check_stop() const
    {
        if (with.stop.stop_requested())
            throw stopped{};
    }

    /// Tells how far it is.
    void tell();

private:
    [[nodiscard]] std::optional<row_id> row_of(std::uint8_t table, const postgres::field& key) const;

    std::atomic<unit_no> decided_ = 0;
};

}  // namespace bazaar::verify
