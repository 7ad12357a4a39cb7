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

/// Which unit is sent next, and in which form: the window, what was refused, and what may have been sent before.
///
/// Exactly once rests on four rules, which need no server to be tested:
/// a unit below `replay_below` may have been sent by an earlier process, so it goes out as a replay; units are found done
/// until a whole window of them was new; a unit in doubt goes out as a replay until it is settled;
/// a unit that deletes goes out when the recorded mark has passed what it deletes, as no replay begins below that mark: one of
/// an earlier unit would bring the rows back.
///
/// Threads: none of its own; the caller locks.
class dispatcher
{
public:
    struct options
    {
        unit_no first = 0;          ///< Number of the first unit to come: all below are settled, by the recorded mark.
        std::uint32_t span = 1024;  ///< W, at least 1.
        /// Units below may have been sent before, and so may those less than W behind one that is found done.
        unit_no replay_below = 0;
        /// None from this one on was ever sent, where that is known: suspicion ends there.
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

    /// Takes in the next unit; numbers follow each other without gap. What a unit that `deletes` removes was written last by
    /// the units that it names.
    void add(const model::decision& d, bool deletes = false);

    /// The mark is recorded, durable: no replay will begin below.
    void marked(unit_no mark);

    /// Whether units wait for nothing but that the mark is recorded.
    [[nodiscard]] bool wants_mark() const noexcept
    {
        return !unmarked_.empty() && unmarked_.top().first <= window_.settled();
    }

    /// The lowest ready unit, now in flight. What was refused before is settled on the way; nothing when no unit is left.
    [[nodiscard]] std::optional<task> take();

    /// Replaces `group` by the lowest ready unit and those that come after it without gap, `most` at most, all in flight now: each waits
    /// for earlier ones of the group alone. A replay is by itself. Empty when no unit is left.
    void take(std::size_t most, std::vector<task>& group);

    /// A unit in flight is done with: `what` is none of `not_done` and `in_doubt`.
    void settle(const task& sent, outcome what);

    /// A unit in flight is to be sent again, by whoever takes it next.
    void put_back(const task& sent, outcome what);

    /// None from this one on was ever sent, by what is known now; `no_unit` when nothing is.
    [[nodiscard]] unit_no sent_below() const noexcept
    {
        const auto next = window_.settled() + window_.span();
        return suspects() ? std::max(next, sent_below_) : next;
    }

    /// Whether units are open that an earlier process may have sent, and so perhaps others behind them.
    [[nodiscard]] bool suspects() const noexcept { return window_.settled() < replay_below_; }

    /// Whether the next unit to come may have been sent by an earlier process.
    [[nodiscard]] bool suspects(unit_no next) const noexcept { return next < replay_below_; }

    /// Units that were refused before and came by again.
    [[nodiscard]] std::uint64_t skipped() const noexcept { return skipped_; }

    /// Units in doubt; and those that were, by what their replay found: nothing there, or themselves.
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
