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
    /// Units below may be missing. Nothing: if the stream contains neither a snapshot nor the first rows, units before
    /// the first one in it may be missing.
    std::optional<unit_no> from;

    /// With `from`: units after this business time are demanded even below it. A paced unit is not sent before its
    /// time, so those after the stream's beginning are in it.
    std::optional<time> from_time;

    /// Everything that was committed before this position of the source's log has to be complete at the end of the
    /// stream.
    std::optional<std::uint64_t> barrier;

    /// A run that has ended may have been continued after this position of the log. Nothing: it has not.
    std::optional<std::uint64_t> ended_until;

    /// No version of the run is later than this; a later one was not made by it.
    std::optional<time> latest;

    /// A change that comes again is a defect.
    bool exactly_once = false;

    /// Each demanded transaction that the connector counts has to have its end.
    bool ends = false;

    /// Units from `demanded` on may be missing or incomplete: `not_here_yet` counts them, and no line reports them.
    bool cut = false;

    /// Number of units that are kept, up to the newest; later events of older units are judged at the end, by their
    /// prints.
    std::size_t keep = std::size_t{1} << 16;

    /// Maximum number of rows of snapshots, first rows and late changes that are kept as prints, about 80 bytes each.
    std::size_t rows_max = std::size_t{4} << 20;
};

/// Compares change events with the plan, in the order in which they arrive.
///
/// Each event is judged by itself, by (table, row, version): is this exactly that version of the plan? Changes without
/// an event are known at the end. A row of a snapshot stands for all changes up to its version.
///
/// Threads: one.
/// Limits:  memory for the units of `keep`, for those that are not complete yet, and for `rows_max`.
class judge
{
public:
    judge(const subject& of, report& to, const judge_options& how);
    ~judge();
    judge(const judge&) = delete;
    judge& operator=(const judge&) = delete;

    /// An event of a unit about which nothing is known yet is counted, and not judged.
    void take(const change_event& e);

    /// The same, of a stream that goes on: such an event is not counted. False: offer it again when more is known.
    bool offer(const change_event& e);

    /// The row of the plan that an event is about; nothing if there is none. Its unit is `unknown_unit` if neither its
    /// key nor the plan, as far as it is known, names it.
    [[nodiscard]] std::optional<row_id> row_of_event(const change_event& e);

    /// Compares a connector's count with what has arrived of the transaction. This does not prove completeness, because
    /// a connector that loses changes does not count them, but it shows what was lost after the connector.
    void take(const transaction_end& end);

    /// Nothing of this table is compared or demanded. To be called before the first event.
    void leave_out(std::uint8_t table);

    /// Missing changes of this table are not proven, for this reason.
    void excuse(std::uint8_t table, std::string reason);

    /// Missing changes of this kind in the table are not proven, for this reason.
    void excuse_operation(std::uint8_t table, model::op what, std::string reason);

    /// Missing changes of a table with a row filter are not proven: an update that moves a row out of the filter or
    /// into it arrives as a delete or an insert.
    void excuse_filtered(std::uint8_t table, std::string reason);

    /// Values of the column are not compared: "not proven", for this reason. To be called before the first event.
    void excuse_column(std::uint8_t table, std::size_t column, std::string reason);

    /// Judges what is missing; no event may be taken afterwards. `partial`: reading ended early, so nothing is
    /// demanded.
    void finish(bool partial = false);

    /// The highest unit with an event so far; nothing before the first event.
    [[nodiscard]] std::optional<unit_no> highest() const;

    /// The highest unit with an event, or with a change that a row of a snapshot contains. No event may be taken
    /// afterwards. This plans the run once more.
    [[nodiscard]] std::optional<unit_no> highest_there();

    /// Number of known units that are neither demanded nor complete; after `finish`.
    [[nodiscard]] std::uint64_t not_here_yet() const;

    /// Number of events that were taken.
    [[nodiscard]] std::uint64_t events() const;

private:
    class work;
    std::unique_ptr<work> work_;
};

}  // namespace bazaar::verify
