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

    /// The next event; false at the end. Where several streams are read side by side, the one that is behind in the source's log
    /// goes first. Texts of the event are gone with the next call.
    virtual bool next(change_event& out) = 0;

    /// How far it is, and how far it goes, in a unit of its own; 0: nobody knows.
    [[nodiscard]] virtual std::uint64_t position() const = 0;
    [[nodiscard]] virtual std::uint64_t length() const = 0;
};

/// Messages that a source could not use, or not as it was told.
struct unused_messages
{
    std::uint64_t other = 0;   ///< Tombstones, heartbeats, transaction metadata and the like.
    std::uint64_t broken = 0;  ///< None of Debezium's.
    std::string first_broken;  ///< Place and reason of the first of these.
    std::uint64_t odd = 0;     ///< Changes that contradict the connector's configuration.
    std::string first_odd;     ///< Place and setting of the first of these.

    /// Counts what was read; whether it is a change.
    bool is_change(debezium_reader::outcome what, const change_event& where, const debezium_reader& by);
};

}  // namespace bazaar::verify
