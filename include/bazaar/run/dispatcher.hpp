#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <unordered_set>
#include <utility>
#include <vector>

#include "bazaar/run/sink.hpp"
#include "bazaar/run/window.hpp"

namespace bazaar::run
{

/// Decides which unit is sent next, and in which form: knows the window, the refused units, and which units may have
/// been sent before.
///
/// Exactly once rests on four rules, which can be tested without a server: A unit below `replay_below` may have been
/// sent by an earlier process, so it is sent as a replay. Replays continue until a whole window of units has turned out
/// to be new. A unit in doubt is sent as a replay until it is settled. A unit that deletes rows is sent when the
/// recorded mark has passed them, because no replay begins below that mark: a replay of an earlier unit would bring the
/// rows back.
///
/// Threads: not synchronised; the caller locks.
class dispatcher
{
public:
    struct options
    {
        unit_no first = 0;          ///< Number of the first unit to come: all below are settled, by the recorded mark.
        std::uint32_t span = 1024;  ///< W, at least 1.
        /// Units below may have been sent before, and so may units less than W after one that is found to be done
        /// already.
        unit_no replay_below = 0;
        /// No unit from this one on was ever sent, if known: units above need no replay.
        unit_no sent_below = no_unit;
        std::vector<unit_no> rejected{};  ///< Refused for good by earlier processes: never sent again.
    };

    /// A unit in flight.
    struct task
    {
        model::decision unit;
        form how = form::first;
    };

    explicit dispatcher(options opts);

    [[nodiscard]] bool has_room() const noexcept { return window_.has_room(); }
    [[nodiscard]] bool has_ready() const noexcept { return window_.has_ready(); }
    [[nodiscard]] bool empty() const noexcept { return window_.empty(); }

    /// All units below are settled.
    [[nodiscard]] unit_no settled() const noexcept { return window_.settled(); }
    [[nodiscard]] std::uint64_t span() const noexcept { return window_.span(); }

    /// The lowest unit that is not settled; null when there is none.
    [[nodiscard]] const model::decision* oldest() const noexcept { return window_.oldest(); }

    /// Adds the next unit; numbers follow each other without gaps. The rows that a unit removes (`deletes`) were last
    /// written by the units that it depends on.
    void add(const model::decision& d, bool deletes = false);

    /// The mark is recorded and durable: no replay will begin below it.
    void marked(unit_no mark);

    /// Whether units wait only for the recording of the mark.
    [[nodiscard]] bool wants_mark() const noexcept
    {
        return !unmarked_.empty() && unmarked_.top().first <= window_.settled();
    }

    /// The lowest ready unit, now in flight. Units that were refused before are settled on the way. Nothing if no unit
    /// is ready.
    [[nodiscard]] std::optional<task> take();

    /// Replaces `group` by the lowest ready unit and those that follow it without gaps, at most `most`, all in flight
    /// now: each depends only on earlier ones of the group. A replay is always alone. Empty if no unit is ready.
    void take(std::size_t most, std::vector<task>& group);

    /// A unit in flight is settled: `what` is neither `not_done` nor `in_doubt`.
    void settle(const task& sent, outcome what);

    /// A unit in flight is to be sent again, by whoever takes it next.
    void put_back(const task& sent, outcome what);

    /// As far as known, no unit from this one on was ever sent; `no_unit` if nothing is known.
    [[nodiscard]] unit_no sent_below() const noexcept
    {
        const auto next = window_.settled() + window_.span();
        return suspects() ? std::max(next, sent_below_) : next;
    }

    /// Whether there are unsettled units that an earlier process may have sent; it may then have sent later units, too.
    [[nodiscard]] bool suspects() const noexcept { return window_.settled() < replay_below_; }

    /// Whether the next unit to come may have been sent by an earlier process.
    [[nodiscard]] bool suspects(unit_no next) const noexcept { return next < replay_below_; }

    /// Units that were refused before and were skipped now.
    [[nodiscard]] std::uint64_t skipped() const noexcept { return skipped_; }

    /// Units in doubt; and units that were in doubt, by the result of their replay: written again, or already there.
    [[nodiscard]] std::uint64_t doubtful() const noexcept { return doubtful_.size(); }
    [[nodiscard]] std::uint64_t replayed() const noexcept { return replayed_; }
    [[nodiscard]] std::uint64_t recognised() const noexcept { return recognised_; }

private:
    void suspect_behind(unit_no no);
    [[nodiscard]] bool is_replay(unit_no no) const { return no < replay_below_ || doubtful_.contains(no); }

    window window_;
    unit_no sent_below_;
    unit_no replay_below_;
    std::unordered_set<unit_no> rejected_;
    std::unordered_set<unit_no> doubtful_;
    using needed_mark = std::pair<unit_no, unit_no>;  ///< With the unit that needs it.
    std::priority_queue<needed_mark, std::vector<needed_mark>, std::greater<>> unmarked_;
    unit_no mark_;
    std::uint64_t skipped_ = 0;
    std::uint64_t replayed_ = 0;
    std::uint64_t recognised_ = 0;
};

}  // namespace bazaar::run
