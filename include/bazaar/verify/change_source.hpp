#pragma once

#include <cstdint>
#include <string>

#include "bazaar/verify/debezium.hpp"
#include "bazaar/verify/event.hpp"

namespace bazaar::verify
{

/// Where change events come from.
///
/// Threads: one.
class change_source
{
public:
    virtual ~change_source() = default;

    /// The next event; false at the end. If several streams are read in parallel, the one with the lowest position in
    /// the source's log comes first. Texts of the event are valid until the next call.
    virtual bool next(change_event& out) = 0;

    /// The current position and the total length, in any unit; 0: unknown.
    [[nodiscard]] virtual std::uint64_t position() const = 0;
    [[nodiscard]] virtual std::uint64_t length() const = 0;
};

/// Messages that a source could not use, or that contradict the configuration.
struct unused_messages
{
    std::uint64_t other = 0;   ///< Tombstones, heartbeats, transaction metadata and the like.
    std::uint64_t broken = 0;  ///< Not from Debezium.
    std::string first_broken;  ///< Position and reason of the first of these.
    std::uint64_t odd = 0;     ///< Changes that contradict the connector's configuration.
    std::string first_odd;     ///< Position and setting of the first of these.

    /// Counts a message; returns whether it is a change.
    bool is_change(debezium_reader::outcome what, const change_event& where, const debezium_reader& by);
};

}  // namespace bazaar::verify
