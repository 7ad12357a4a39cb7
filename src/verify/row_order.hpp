#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bazaar/verify/event.hpp"
#include "bazaar/verify/report.hpp"
#include "row_key.hpp"

namespace bazaar::verify
{

/// Rows whose state went back: a change came again after a newer one of its row. A connector that starts again does that, and then sends
/// the newer one again, too. Where it does not, readers are left with an old row.
///
/// Threads: one.
/// Limits:  memory for the rows that were changed by units at hand, and for those that went back and have not come forward.
class row_order
{
public:
    /// Place of a change among those of its row: 0 for the first row, n + 1 for unit n.
    using rank = std::uint64_t;

    /// The newest change of a row that was seen.
    struct newest
    {
        rank at = 0;
        std::int64_t us = 0;  ///< Business time of its unit.
        std::uint64_t lsn = 0;
        bool erased = false;
    };

    /// A row that an older change was the last to tell.
    struct gone_back
    {
        rank needed = 0;           ///< The newest one that was seen before.
        std::uint64_t lsn = 0;     ///< Its place in the source's log.
        std::uint64_t number = 0;  ///< Of the event, among all.
        std::pair<std::string, std::int32_t> partition{};
        finding what{};
    };

    [[nodiscard]] const newest* of(row_key row) const
    {
        const auto found = newest_.find(row);
        return found == newest_.end() ? nullptr : &found->second;
    }

    /// A change came for the first time.
    void saw(row_key row, const newest& change);

    /// A change came again, or the first row came: whether it is older than the newest that was seen.
    [[nodiscard]] bool is_older(row_key row, rank at) const;

    /// It was; `what` is told unless the row comes forward again.
    void went_back(row_key row, std::uint64_t number, const change_event& e, finding what);

    /// A change came again that is no older one.
    void came_forward(row_key row, rank at);

    /// Each event, while there are rows that have gone back: `position` grows in a partition that nothing is sent again in.
    void passed(const change_event& e, std::uint64_t number, std::uint64_t position);
    [[nodiscard]] bool waits() const noexcept { return !back_.empty(); }

    /// Forgets the newest changes of before this moment.
    void forget_before(std::int64_t us);

    /// Rows that never came forward. `sure`: the partition went on behind the newest change, or that lies before the barrier; else the
    /// stream may have ended within what is sent again.
    template <typename Take>
    void tell(std::optional<std::uint64_t> barrier, Take take) const
    {
        std::map<std::uint64_t, const gone_back*> by_number;
        for (const auto& [row, back] : back_)
            by_number.emplace(back.number, &back);
        for (const auto& [number, back] : by_number)
            take(back->what, (barrier && back->lsn != 0 && back->lsn < *barrier) || went_on(*back));
    }

private:
    [[nodiscard]] bool went_on(const gone_back& back) const;

    std::unordered_map<row_key, newest> newest_;
    std::unordered_map<row_key, gone_back> back_;
    /// By partition: event numbers with positions that no later event of it exceeds.
    std::map<std::pair<std::string, std::int32_t>, std::vector<std::pair<std::uint64_t, std::uint64_t>>> highest_;
};

}  // namespace bazaar::verify
