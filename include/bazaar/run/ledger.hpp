#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "bazaar/base/error.hpp"
#include "bazaar/base/id.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/model/control.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/run/last_inserts.hpp"
#include "bazaar/run/record.hpp"
#include "bazaar/run/record_reader.hpp"
#include "bazaar/run/saved_plan.hpp"
#include "bazaar/run/sink.hpp"

namespace bazaar::run
{

/// The place where the record of a run is stored does not answer now, or its answer is in doubt. Trying again is safe,
/// and may succeed later.
class not_now : public error
{
public:
    explicit not_now(const std::string& why, bool link_lost = false)
        : error(error_kind::temporary, why), link_lost_(link_lost)
    {
    }

    /// The connection broke; the next `ready` waits for another one.
    [[nodiscard]] bool link_lost() const noexcept { return link_lost_; }

private:
    bool link_lost_;
};

/// How far a run is.
struct progress
{
    unit_no settled = 0;
    bool clean = false;  ///< Stopped cleanly.
    bool live = false;   ///< Had caught up with the clock.

    friend bool operator==(const progress&, const progress&) = default;
};

/// Who holds the lease of a run.
struct holder
{
    std::string text;          ///< For people: process, host. Empty: nobody.
    std::string session_name;  ///< Name of its sessions; no other process uses it.
};

/// How to wait for the lease of a run.
struct lease_options
{
    holder by;  ///< Who takes it.

    /// A holder that has not renewed its lease for this long may be replaced, even if its sessions still exist.
    std::chrono::milliseconds lease_time = std::chrono::seconds{10};

    bool wait = false;  ///< Keeps waiting while the holder renews its lease.

    /// Ends the waiting; the lease is not taken then.
    std::stop_token stop{};

    /// Receives one line for the log if there is something to wait for. May be empty.
    std::function<void(const std::string&)> tell{};
};

/// A lease that was taken over.
struct taken_lease
{
    std::int64_t epoch = 0;
    bool clean = false;  ///< The last holder had stopped cleanly: no unit at or above the mark was ever sent.
};

/// The role in whose name a run is written.
struct rights
{
    std::string role{};
    bool superuser = false;
    std::string taken_owner{};  ///< Owns everything and is accepted as the owner, although nothing else confirms it.
};

/// Which of the rows from before unit 0 are written; all if it is empty.
using first_rows = std::function<bool(std::uint8_t table, std::uint64_t row)>;

/// What a run writes about itself: its record, the lease with its epoch, the control log, the mark of settled units,
/// checkpoints and the saved plan. Seam: PostgreSQL, or a recording one in tests. Whoever only reads uses its
/// `record_reader`.
///
/// Lifetime: one run. From `begin` or `take` to `release` the run is ours; everything is then written under that epoch.
/// Threads:  one at a time.
/// Errors:   all functions except `ready` throw `not_now` if trying again may succeed; `temporary` if another process
///           holds the lease; `history_lost` if commits may be missing; `config` or `permission` if waiting does not
///           help. After any error, the next `ready` connects again if necessary.
class ledger : public record_reader
{
public:
    virtual ~ledger() = default;

    // ---- Connection

    /// Makes sure that it can read and write, and waits until it can. False if `stop` was requested.
    [[nodiscard]] virtual bool ready(const std::stop_token& stop) = 0;

    /// Like `ready`, at the end of a run: makes one attempt, or none if connecting has failed recently.
    [[nodiscard]] virtual bool ready_at_once() = 0;

    /// Whether it is connected, as far as it knows.
    [[nodiscard]] virtual bool connected() const = 0;

    /// Nothing is to be done for `wait`: others may use its connection meanwhile. Returns how long to rest at most.
    [[nodiscard]] virtual std::chrono::milliseconds rest(std::chrono::milliseconds wait) = 0;

    /// Gives its connection back.
    virtual void close() = 0;

    /// Only checks that an answer comes.
    virtual void probe() = 0;

    /// Who is at the other end.
    struct peer
    {
        std::string where;
        std::int64_t version = 0;  ///< Major; 0: not known.
        std::string tls;           ///< Empty: none.
    };
    [[nodiscard]] virtual peer other_end() const = 0;

    /// Forgets the identity of the server; `ready` then accepts any.
    virtual void forget() = 0;

    /// From now on, commits count only in the server's present life: if it was started again or replaced, all other
    /// functions throw `history_lost`.
    virtual void trust() = 0;

    /// The time shown by the clock there.
    [[nodiscard]] virtual time now() = 0;

    // ---- The place to which units are written

    /// Checks who owns it, before anything of it is read or called.
    ///
    /// Errors: `config` if an untrusted role could have its own code run.
    [[nodiscard]] virtual rights check_rights(std::span<const model::table>) { return {}; }

    /// Creates or checks it. True if it was created.
    ///
    /// Errors: `config` if something else is there.
    virtual bool prepare(const scenario::scenario& shop) = 0;

    /// Names of tables that contain rows of a run with this tag, although no recorded run has it.
    [[nodiscard]] virtual std::vector<std::string> leftovers(const scenario::scenario& shop, std::uint32_t tag) = 0;

    // ---- The record

    /// Writes the record with its log, a lease of epoch 1 for `by`, and the rows from before unit 0, all or nothing.
    ///
    /// Errors: `config` if the run exists, or another one has its tag.
    virtual void begin(const record& of, const scenario::scenario& shop, const holder& by,
                       const first_rows& wanted = {}) = 0;

    /// Takes the lease over, with a new epoch; from then on the run counts as not stopped cleanly. Waits for all units
    /// that are being written under an older epoch; later ones are refused. Nothing if `how.stop` was requested.
    ///
    /// Errors: `temporary` if the holder is alive, naming it; `config` if the run is gone.
    [[nodiscard]] virtual std::optional<taken_lease> take(const lease_options& how) = 0;

    /// Adds one entry at its place in the log, counted from 0. It is durable when this returns. Calling it again with
    /// the same entry changes nothing, so it can be repeated when in doubt. False if the entry was there already.
    virtual bool append(std::uint64_t sequence, const model::control& entry) = 0;

    /// Adds a checkpoint; an existing one of the same unit is kept.
    virtual void append(const checkpoint& state) = 0;

    /// Sets the mark of settled units, which never goes back, and renews the lease. Returns the time shown by the clock
    /// there.
    virtual time mark(const progress& now) = 0;

    /// Sets the mark and gives the lease back.
    virtual void release(const progress& now) = 0;

    // ---- The plan's state: a cache, never the truth

    /// The newest complete saved plan, as bytes. Nothing if there is none.
    [[nodiscard]] virtual std::optional<std::vector<std::byte>> kept_plan() = 0;

    /// Begins to store a saved plan, piece by piece: other things of the run can be written in between. A piece takes
    /// at most `limit`.
    virtual void keep(saved_plan what, std::optional<std::chrono::milliseconds> limit = std::nullopt) = 0;

    /// Writes the next piece. False if nothing is left to write.
    virtual bool keep_piece() = 0;

    // ---- Traces of units

    /// The last row of each table.
    [[nodiscard]] virtual last_inserts::ends last_rows(const record& of, const scenario::scenario& shop) = 0;
};

}  // namespace bazaar::run
