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

/// What a change event tells of one column.
struct told
{
    enum class state : std::uint8_t
    {
        absent,  ///< The event does not have the column, or hides it.
        null,
        value,
        unreadable,  ///< In a form that stands for no value of the column's type.
    };

    state what = state::absent;
    model::value v;               ///< Not of a uuid. Text points to the message.
    uuid id{};                    ///< Of a ref whose key is one.
    std::int64_t resolution = 1;  ///< Of a moment, in microseconds.
    std::string_view text{};      ///< What stood there, where it is unreadable.
};

/// A row as an event tells it: one entry for each column of the plan.
using told_row = std::vector<told>;

/// One change of one row, as a pipeline tells it.
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
        truncate,  ///< All rows of the table are gone; no row, no key.
    };

    /// What the connector says of where the event comes from.
    enum class origin : std::uint8_t
    {
        unknown,
        stream,
        snapshot,
        snapshot_end,   ///< The last row of a table in the snapshot before the stream.
        snapshot_over,  ///< The last row of all.
        incremental,    ///< A snapshot beside the stream, which may be of a part.
    };

    kind what = kind::create;
    std::uint8_t table = 0;
    bool has_before = false;
    bool has_after = false;
    origin from = origin::unknown;
    bool counted = false;  ///< The connector counts its transaction's changes.
    told key;              ///< The key column.
    told_row before, after;
    std::uint64_t transaction = 0;  ///< Number of the transaction; 0: not told.
    std::uint64_t lsn = 0;          ///< Place in the source's log; 0: not told.
    std::uint64_t stamp = 0;  ///< When the connector made the message: equal in two copies of one message, different in
                              ///< two messages of one change. 0: not told.
    std::string_view stream;  ///< Topic or file.
    std::int32_t partition = -1;  ///< -1: none.
    std::int64_t offset = 0;      ///< In the partition; or line of the file, from 1.
};

/// What a connector tells of a transaction behind its last change: END in the topic of transaction metadata.
struct transaction_end
{
    std::uint64_t transaction = 0;
    std::uint64_t lsn = 0;                ///< Behind its changes; 0: not told.
    std::vector<std::uint64_t> counts{};  ///< Changes of each table of the plan.

    /// The transaction has begun more than once: a connector that starts again tells each transaction's BEGIN and END anew and counts
    /// only what it has not sent before (seen in Debezium 3.7.0, docs/verify.md).
    bool again = false;
};

/// "topic, partition 0, offset 17" or "file, line 17".
[[nodiscard]] std::string place_of(const change_event& e);

}  // namespace bazaar::verify
