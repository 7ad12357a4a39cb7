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

/// Where the record of a run is kept does not answer now, or answered in doubt. Asking again is safe, and may succeed later.
class not_now : public error
{
public:
    explicit not_now(const std::string& why, bool link_lost = false)
        : error(error_kind::temporary, why), link_lost_(link_lost)
    {
    }

    /// The way there broke; the next `ready` waits for another.
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
    std::string session_name;  ///< Name of its sessions, no other process's.
};

/// How to wait for the lease of a run.
struct lease_options
{
    holder by;  ///< Who takes it.

    /// A holder that has not renewed its lease for so long may be replaced, although sessions of it are still there.
    std::chrono::milliseconds lease_time = std::chrono::seconds{10};

    bool wait = false;  ///< Goes on waiting while the holder renews its lease.

    /// Ends the waiting: nothing is taken then.
    std::stop_token stop{};

    /// One line for the log when there is something to wait for. May be empty.
    std::function<void(const std::string&)> tell{};
};

/// A lease that was taken over.
struct taken_lease
{
    std::int64_t epoch = 0;
    bool clean = false;  ///< The last holder had stopped cleanly: no unit at or above the mark was ever sent.
};

/// In whose name a run is written.
struct rights
{
    std::string role{};
    bool superuser = false;
    std::string taken_owner{};  ///< Owns all of it and is taken for the owner, although nothing else says so.
};

/// Which of the rows from before unit 0 are written; all where it is empty.
using first_rows = std::function<bool(std::uint8_t table, std::uint64_t row)>;

/// What a run writes about itself: its record, the lease with its epoch, the control log, the mark of settled units, checkpoints and
/// the saved plan. Seam: PostgreSQL, or a recording one in tests. Who only reads uses the `record_reader` of it.
///
/// Lifetime: one run. From `begin` or `take` to `release` the run is ours; what is written then is written under that epoch.
/// Threads:  one at a time.
/// Errors:   all but `ready` throw `not_now` where asking again may succeed; `temporary` where the lease is another's;
///           `history_lost` where commits may be missing; `config`, `permission` where no waiting helps. After an error of any kind
///           the next `ready` makes what is missing.
class ledger : public record_reader
{
public:
    // ---- The way to it

    /// Has what it takes to read and write, or waits until it has. False when `stop` was asked for.
    [[nodiscard]] virtual bool ready(const std::stop_token& stop) = 0;

    /// The same at the end of a run: one attempt, none where nobody could connect of late.
    [[nodiscard]] virtual bool ready_at_once() = 0;

    /// Holds what it takes, as far as it knows.
    [[nodiscard]] virtual bool connected() const = 0;

    /// Nothing is to be done for `wait`: others may have what it holds. How long to do nothing at most.
    [[nodiscard]] virtual std::chrono::milliseconds rest(std::chrono::milliseconds wait) = 0;

    /// Gives back what it holds.
    virtual void close() = 0;

    /// Asks for nothing but an answer.
    virtual void probe() = 0;

    /// Who is at the other end.
    struct peer
    {
        std::string where;
        std::int64_t version = 0;  ///< Major; 0: not known.
        std::string tls;           ///< Empty: none.
    };
    [[nodiscard]] virtual peer other_end() const = 0;

    /// Nothing is known of any server any more; `ready` takes any.
    virtual void forget() = 0;

    /// Commits are believed in the present life of the server alone: in another one, all others throw `history_lost`.
    virtual void trust() = 0;

    /// What the clock there shows.
    [[nodiscard]] virtual time now() = 0;

    // ---- What units are written to

    /// Looks whose it is, before anything of it is read or called.
    ///
    /// Errors: `config` where somebody who is not trusted could have code of his own run.
    [[nodiscard]] virtual rights check_rights(std::span<const model::table>) { return {}; }

    /// Makes or checks it. True when it was made.
    ///
    /// Errors: `config` where something else is there.
    virtual bool prepare(const scenario::scenario& shop) = 0;

    /// Names of tables that hold rows of a run of this tag, which no recorded run has.
    [[nodiscard]] virtual std::vector<std::string> leftovers(const scenario::scenario& shop, std::uint32_t tag) = 0;

    // ---- The record

    /// Writes the record with its log, a lease of epoch 1 for `by`, and the rows of before unit 0, all or nothing.
    ///
    /// Errors: `config` when the run is there, or another one has its tag.
    virtual void begin(const record& of, const scenario::scenario& shop, const holder& by,
                       const first_rows& wanted = {}) = 0;

    /// Takes the lease over, with a new epoch; the run counts as not stopped cleanly from then on. Waits for all units that are being
    /// written under an older epoch; later ones are refused. Nothing when `how.stop` was asked for.
    ///
    /// Errors: `temporary` when the holder is alive, naming it; `config` when the run is gone.
    [[nodiscard]] virtual std::optional<taken_lease> take(const lease_options& how) = 0;

    /// Adds one entry at its place in the log, counted from 0. It is durable when this returns. Calling it again with the same entry
    /// changes nothing, so a doubt is no harm. False when the entry was there already.
    virtual bool append(std::uint64_t sequence, const model::control& entry) = 0;

    /// Adds a checkpoint; one of the same unit stays.
    virtual void append(const checkpoint& state) = 0;

    /// Sets the mark of settled units, which never goes back, and renews the lease; what the clock there shows.
    virtual time mark(const progress& now) = 0;

    /// Sets the mark and gives the lease back.
    virtual void release(const progress& now) = 0;

    // ---- The plan's state: a cache, never the truth

    /// The newest saved plan that is whole, as bytes. Nothing when there is none.
    [[nodiscard]] virtual std::optional<std::vector<std::byte>> kept_plan() = 0;

    /// Keeps a saved plan from now on, piece by piece: other things of the run can be written in between. A piece takes at most
    /// `limit`.
    virtual void keep(saved_plan what, std::optional<std::chrono::milliseconds> limit = std::nullopt) = 0;

    /// Writes the next piece. False when nothing is left to write.
    virtual bool keep_piece() = 0;

    // ---- What units have left

    /// The unit that inserted the last row of each table.
    [[nodiscard]] virtual last_inserts::ends last_writers(const record& of, const scenario::scenario& shop) = 0;
};

}  // namespace bazaar::run
