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
    first,   ///< Plain: a conflict is an error.
    replay,  ///< When in doubt: recognises the rows of an earlier attempt.
};

enum class outcome : std::uint8_t
{
    committed,
    already_there,  ///< An earlier attempt had written it.
    foreign,        ///< A row was not as planned, because somebody else had changed it. Nothing was written.
    rejected,       ///< The server refuses the unit for good. Nothing was written.
    not_done,       ///< Nothing was written; trying again is safe in either form.
    in_doubt,       ///< The connection broke after the call was sent; only a replay finds out.
};

[[nodiscard]] std::string_view name(outcome what) noexcept;

struct written
{
    outcome what = outcome::committed;
    std::array<char, 6> code{};  ///< The sink's own code for what happened, e.g. an SQLSTATE; empty if there is none.
    std::string detail;          ///< One line for the log if the outcome is not a success.
};

/// A code as the value of a `reject` entry, and back; 0 for a foreign edit, which has none.
[[nodiscard]] std::int64_t reject_value(const written& answer) noexcept;
[[nodiscard]] std::string reject_code(std::int64_t value);

/// Commits that were acknowledged may be missing: a standby was promoted, a backup restored, an asynchronous commit
/// forgotten. The rows decide: the run is opened again and continues from what they say.
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

/// What a sink takes at once: it is written completely or not at all.
struct shipment
{
    std::span<const parcel> units;  ///< In planned order. A replay is always alone, so that the answer belongs to it.
    /// For a sink that accepts them: durable with the units, also if those are there already.
    std::span<const model::control> entries;
    /// Position of the first entry among all that a runner has made durable in this way, so that a repetition does no
    /// harm.
    std::uint64_t entries_at = 0;
};

/// Where units are written. Seam: PostgreSQL, or a recording sink in tests.
///
/// Threads: one sink per worker, used by that thread only.
/// Errors:  refusals are outcomes. Throws `error` if no retry helps: authentication, privilege, missing function, a
///          lease that another process holds; `history_lost` if commits may be missing.
class sink
{
public:
    virtual ~sink() = default;

    /// Makes sure that it can write; false if it was stopped meanwhile. A worker takes a unit only after this, so that
    /// no unit waits for a worker without a session.
    virtual bool ready() { return true; }

    /// How many units it takes at once, at least 1.
    [[nodiscard]] virtual std::size_t units_max() const noexcept { return 1; }

    /// Writes a shipment as one transaction; the answer is for the whole shipment. If several units are refused
    /// together, they are sent again one by one.
    virtual written ship(const shipment& what) = 0;
};

/// A sink that takes one unit at a time, and no control entries: those must be durable before.
class single_sink : public sink
{
public:
    written ship(const shipment& what) final;

    /// Writes one unit as one transaction.
    virtual written write(const model::unit& unit, form how) = 0;
};

}  // namespace bazaar::run
