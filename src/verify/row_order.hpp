#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

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

    /// A row of which an older change came last.
    struct gone_back
    {
        rank needed = 0;           ///< The newest one that was seen before.
        std::uint64_t lsn = 0;     ///< Its place in the source's log.
        std::uint64_t number = 0;  ///< Of the event, among all.
        finding what{};
        bool sure = false;  ///< What came next was new, not the newest once more.
    };

    [[nodiscard]] const newest* of(row_key row) const;

    /// A change came for the first time.
    void saw(row_key row, const newest& change);

    /// Whether a change is older than the newest that was seen.
    [[nodiscard]] bool is_older(row_key row, rank at) const;

    /// An older one came; `what` is wrong unless the row comes forward again.
    void went_back(row_key row, std::uint64_t number, finding what);

    /// A change came again that is no older one.
    void came_forward(row_key row, rank at);

    /// Forgets the newest changes of before this moment.
    void forget_before(std::int64_t us);

    /// Rows that never came forward, in the order of the events.
    [[nodiscard]] std::vector<gone_back> gone() const;

private:
    std::unordered_map<row_key, newest> newest_;
    std::unordered_map<row_key, gone_back> back_;
    std::vector<gone_back> sure_;
};

}  // namespace bazaar::verify
