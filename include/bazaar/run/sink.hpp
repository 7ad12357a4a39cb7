#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "bazaar/base/error.hpp"
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

    /// Writes one unit as one transaction.
    virtual written write(const model::unit& unit, form how) = 0;
};

}  // namespace bazaar::run
