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
/// (ExtractNewRecordState), values in any encoding that the connector's options give. What its configuration does not tell is told
/// apart by its form.
///
/// Lifetime: texts of an event are gone with the next message.
/// Threads:  one.
/// Limits:   a message of 4 GiB.
class debezium_reader
{
public:
    enum class outcome : std::uint8_t
    {
        change,
        other,   ///< A tombstone, a heartbeat, transaction metadata, a signal, another schema's table.
        broken,  ///< Nothing that Debezium writes; `problem` says why.
    };

    /// `schema`: of the shop's tables.
    debezium_reader(std::span<const model::table> tables, std::string schema, encodings how = {});
    ~debezium_reader();

    /// A message of a topic. A flattened one tells its table by the topic's name or by a field __table.
    outcome read(std::string_view topic, std::string_view payload, change_event& out);

    /// A line of a dump: an envelope, a flattened row, or what kcat -J prints ({"topic": ..., "partition": ..., "offset": ...,
    /// "key": ..., "payload": ...}; "value" stands for "payload" as well). Fills in stream, partition and offset where the line
    /// tells them.
    outcome read_line(std::string_view line, change_event& out);

    /// A message of the topic of transaction metadata; all of a partition's have to be read in their order. False: none that ends a
    /// transaction.
    bool read_end(std::string_view payload, transaction_end& out);

    [[nodiscard]] const std::string& problem() const noexcept;

    /// The setting of the connector that the last message contradicts; it was read as recognised. Empty: none.
    [[nodiscard]] std::string_view odd() const noexcept;

private:
    class work;
    std::unique_ptr<work> work_;
};

}  // namespace bazaar::verify
