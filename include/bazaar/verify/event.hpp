#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/base/id.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/model/value.hpp"

namespace bazaar::verify
{

/// What a change event says about one column.
struct told
{
    enum class state : std::uint8_t
    {
        absent,  ///< The event does not have the column, or hides it.
        null,
        value,
        unreadable,  ///< Not in the form of any value of the column's type.
    };

    state what = state::absent;
    model::value v;               ///< The value, unless it is a uuid. Text points to the message.
    uuid id{};                    ///< The value of a ref whose key is a uuid.
    std::int64_t resolution = 1;  ///< Resolution of a timestamp, in microseconds.
    std::string_view text{};      ///< The text of an unreadable value.
};

/// A row in an event: one entry for each column of the plan.
using told_row = std::vector<told>;

/// One change of one row, as reported by a pipeline.
///
/// Lifetime: texts point to the message from which it was read.
struct change_event
{
    enum class kind : std::uint8_t
    {
        create,
        update,
        erase,
        read,      ///< A row of a snapshot.
        truncate,  ///< All rows of the table were removed; the event has no row and no key.
    };

    /// The origin of the event, according to the connector.
    enum class origin : std::uint8_t
    {
        unknown,
        stream,
        snapshot,
        snapshot_end,   ///< The last row of a table in the snapshot before the stream.
        snapshot_over,  ///< The last row of the whole snapshot.
        incremental,    ///< A snapshot during the stream, possibly of only some rows.
    };

    kind what = kind::create;
    std::uint8_t table = 0;
    bool has_before = false;
    bool has_after = false;
    origin from = origin::unknown;
    bool counted = false;  ///< The connector counts its transaction's changes.
    told key;              ///< The key column.
    told_row before, after;
    std::uint64_t transaction = 0;  ///< Number of the transaction; 0: unknown.
    std::uint64_t lsn = 0;          ///< Position in the source's log; 0: unknown.
    std::uint64_t stamp = 0;  ///< When the connector made the message: equal in two copies of one message, different in
                              ///< two messages of one change. 0: unknown.
    std::string_view stream;  ///< Topic or file.
    std::int32_t partition = -1;  ///< -1: none.
    std::int64_t offset = 0;      ///< Offset in the partition, or line of the file, from 1.
};

/// What a connector reports after the last change of a transaction: END in the topic of transaction metadata.
struct transaction_end
{
    std::uint64_t transaction = 0;
    std::uint64_t lsn = 0;                ///< Position after its changes; 0: unknown.
    std::vector<std::uint64_t> counts{};  ///< Changes of each table of the plan.

    /// The transaction has begun more than once: a connector that starts again sends each transaction's BEGIN and END
    /// again and counts only what it has not sent before (seen in Debezium 3.7.0, docs/verify.md).
    bool again = false;
};

/// "topic, partition 0, offset 17" or "file, line 17".
[[nodiscard]] std::string place_of(const change_event& e);

}  // namespace bazaar::verify
