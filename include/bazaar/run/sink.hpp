#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bazaar/base/error.hpp"
#include "bazaar/model/control.hpp"
#include "bazaar/model/unit.hpp"

namespace bazaar::run
{

/// How a unit is sent.
enum class form : std::uint8_t
{
    first,   ///< Plain: a conflict is a loud error.
    replay,  ///< After any doubt: recognises the rows of an earlier attempt.
};

enum class outcome : std::uint8_t
{
    committed,
    already_there,  ///< An earlier attempt had done it.
    foreign,        ///< A row was not as planned: somebody else changed it. Nothing was written.
    rejected,       ///< The server refuses the unit for good. Nothing was written.
    not_done,       ///< Nothing was written; trying again is safe in either form.
    in_doubt,       ///< The link broke after the call was sent; only a replay tells.
};

[[nodiscard]] std::string_view name(outcome what) noexcept;

struct written
{
    outcome what = outcome::committed;
    std::array<char, 6> code{};  ///< The sink's own word for what happened, e.g. a SQLSTATE; empty where it has none.
    std::string detail;          ///< One line for the log when the outcome is not a success.
};

/// A code as the value of a `reject` entry, and back; 0 for a foreign edit, which has none.
[[nodiscard]] std::int64_t reject_value(const written& answer) noexcept;
[[nodiscard]] std::string reject_code(std::int64_t value);

/// Commits that were acknowledged may be missing: a standby was promoted, a backup restored, an asynchronous commit
/// forgotten. What the rows say counts: the run is opened again and goes on from there.
class history_lost : public error
{
public:
    explicit history_lost(const std::string& why) : error(error_kind::temporary, why) {}
};

/// A unit on its way to a sink.
struct parcel
{
    const model::unit* unit = nullptr;
    form how = form::first;
};

/// What a sink takes at once: all of it becomes true, or nothing.
struct shipment
{
    std::span<const parcel> units;  ///< In planned order. A replay comes alone, as the answer is its own then.
    /// For a sink that takes them: durable with the units, or where those are there already.
    std::span<const model::control> entries;
    /// Place of the first of them among all that a runner has made durable so: asking again is no harm.
    std::uint64_t entries_at = 0;
};

/// Where units become true. Seam: PostgreSQL, or a recording sink in tests.
///
/// Threads: one sink per worker, used by that thread only.
/// Errors:  refusals are outcomes. Throws `error` where no retry helps: authentication, privilege, missing function, a lease
///          that is another's; `history_lost` where commits may be missing.
class sink
{
public:
    virtual ~sink() = default;

    /// Has what it takes to write, or has got it now; false when it was stopped meanwhile. A unit is taken only then, so
    /// that none waits in the hands of a worker without a session.
    virtual bool ready() { return true; }

    /// How many units it takes at once, 1 at least.
    [[nodiscard]] virtual std::size_t units_max() const noexcept { return 1; }

    /// Writes a shipment as one transaction; the answer is that of all of it. A refusal of several units is asked again, one by one.
    virtual written ship(const shipment& what) = 0;
};

/// A sink that takes one unit at a time, and no control entries: those are durable before.
class single_sink : public sink
{
public:
    written ship(const shipment& what) final;

    /// Writes one unit as one transaction.
    virtual written write(const model::unit& unit, form how) = 0;
};

}  // namespace bazaar::run
