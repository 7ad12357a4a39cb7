#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bazaar/model/table.hpp"
#include "bazaar/verify/encodings.hpp"
#include "bazaar/verify/event.hpp"

namespace bazaar::verify
{

/// Reads the messages of a Debezium connector for PostgreSQL: JSON with or without schemas, envelopes or flattened rows
/// (ExtractNewRecordState), values in any encoding that the connector's options allow. What the configuration does not
/// say is recognised by its form.
///
/// Lifetime: texts of an event are valid until the next message.
/// Threads:  one.
/// Limits:   a message of 4 GiB.
class debezium_reader
{
public:
    enum class outcome : std::uint8_t
    {
        change,
        other,   ///< A tombstone, a heartbeat, transaction metadata, a signal, another schema's table.
        broken,  ///< Not written by Debezium; `problem` says why.
    };

    /// `schema` is that of the shop's tables.
    debezium_reader(std::span<const model::table> tables, std::string schema, encodings how = {});
    ~debezium_reader();

    /// Reads a message of a topic. The table of a flattened one is given by the topic's name or by a field __table.
    outcome read(std::string_view topic, std::string_view payload, change_event& out);

    /// Reads a line of a dump: an envelope, a flattened row, or the output of kcat -J ({"topic": ..., "partition": ...,
    /// "offset": ..., "key": ..., "payload": ...}; "value" may replace "payload"). Fills in stream, partition and
    /// offset if the line has them.
    outcome read_line(std::string_view line, change_event& out);

    /// Reads a message of the topic of transaction metadata; all messages of a partition have to be read in order.
    /// False if it does not end a transaction.
    bool read_end(std::string_view payload, transaction_end& out);

    [[nodiscard]] const std::string& problem() const noexcept;

    /// The setting of the connector that the last message contradicts; it was read as recognised. Empty: none.
    [[nodiscard]] std::string_view odd() const noexcept;

private:
    class work;
    std::unique_ptr<work> work_;
};

}  // namespace bazaar::verify
