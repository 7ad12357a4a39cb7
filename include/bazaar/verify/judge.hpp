#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "bazaar/model/unit.hpp"
#include "bazaar/verify/event.hpp"
#include "bazaar/verify/report.hpp"
#include "bazaar/verify/subject.hpp"

namespace bazaar::verify
{

struct judge_options
{
    /// Units below may be missing. Nothing: where neither a snapshot nor the first rows are in the stream, those before the first
    /// unit that is.
    std::optional<unit_no> from;

    /// With `from`: units behind this business time are demanded even below it. A paced unit is not sent before its time, so
    /// those after the stream's beginning are in it.
    std::optional<time> from_time;

    /// What was committed before this place of the source's log has to be whole at the end of the stream.
    std::optional<std::uint64_t> barrier;

    /// A run that has ended may have gone on behind this place of the log. Nothing: it has not.
    std::optional<std::uint64_t> ended_until;

    /// No version of the run is later; one that is was not made by it.
    std::optional<time> latest;

    /// A change that comes again is a defect.
    bool exactly_once = false;

    /// Each demanded transaction that the connector counts has to have its end.
    bool ends = false;

    /// Units from `demanded` on are not here yet, or in part: `not_here_yet` counts them, and no line tells of them.
    bool cut = false;

    /// So many units stay at hand after the newest; what comes later is judged at the end, by its print.
    std::size_t keep = std::size_t{1} << 16;

    /// Rows of snapshots, first rows and late changes that are kept as prints, about 80 bytes each.
    std::size_t rows_max = std::size_t{4} << 20;
};

/// Compares change events with the plan, in the order in which they arrive.
///
/// An event is judged alone, by (table, row, version): is this exactly that version of the plan? What no event told is known at
/// the end. A row of a snapshot stands for all changes up to its version.
///
/// Threads: one.
/// Limits:  memory for the units of `keep`, for those that are not whole yet, and for `rows_max`.
class judge
{
public:
    judge(const subject& of, report& to, const judge_options& how);
    ~judge();
    judge(const judge&) = delete;
    judge& operator=(const judge&) = delete;

    /// False for an event of a unit of which nothing is known yet: it may be given again when more is.
    bool take(const change_event& e);

    /// The row of the plan that an event is of; nothing where it is of none. Its unit is `unknown_unit` where neither its key nor the
    /// plan, as far as it is known, says it.
    [[nodiscard]] std::optional<row_id> row_of_event(const change_event& e);

    /// Compares the count of a connector with what has arrived of the transaction: no proof of completeness, since a connector that
    /// loses changes does not count them, but a sign of what was lost behind it.
    void take(const transaction_end& end);

    /// Nothing of this table is compared or demanded. Before the first event.
    void leave_out(std::uint8_t table);

    /// What is missing of this table is not proven, for this reason.
    void excuse(std::uint8_t table, std::string reason);

    /// Changes of this kind that are missing of the table are not proven, for this reason.
    void excuse_operation(std::uint8_t table, model::op what, std::string reason);

    /// The same for all changes of a table whose rows are filtered: where an update takes a row out of the filter or into it, it comes
    /// as a delete or as an insert.
    void excuse_filtered(std::uint8_t table, std::string reason);

    /// Values of the column are not compared: "not proven", for this reason. Before the first event.
    void excuse_column(std::uint8_t table, std::size_t column, std::string reason);

    /// Judges what is missing; nothing may be taken afterwards. `partial`: the stream was left early, so nothing is demanded.
    void finish(bool partial = false);

    /// The highest unit of which an event was taken so far; nothing before the first.
    [[nodiscard]] std::optional<unit_no> highest() const;

    /// The same of all events, none is taken afterwards; or the highest one whose change a row of a snapshot has. This plans the run once
    /// more.
    [[nodiscard]] std::optional<unit_no> highest_there();

    /// Known units that are not demanded and not whole; after `finish`.
    [[nodiscard]] std::uint64_t not_here_yet() const;

    /// Events that were taken.
    [[nodiscard]] std::uint64_t events() const;

private:
    class work;
    std::unique_ptr<work> work_;
};

}  // namespace bazaar::verify
