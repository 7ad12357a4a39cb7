#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "bazaar/base/time.hpp"
#include "bazaar/run/ledger.hpp"
#include "bazaar/run/runner.hpp"

namespace bazaar::daemon
{

/// Keeps the record of a run while its units are written: control entries and checkpoints as they come, the mark of
/// settled units with the lease every few seconds. Also does the chores that use the same connection to the server.
///
/// Lifetime: works until `stop` or its end.
/// Threads:  any; it has its own thread.
/// Errors:   it waits until problems with the server are over. Errors that waiting does not fix go to `failed`, once: a
///           lost lease, a server that was replaced.
class keeper
{
public:
    /// Something that is done regularly, in the keeper's thread, while the ledger is ready.
    struct chore
    {
        microseconds interval{0};    ///< Zero: never.
        std::function<bool()> what;  ///< False: never again. Errors: as for the ledger.
    };

    struct options
    {
        std::uint64_t sequence = 0;  ///< Position of the next control entry.
        std::chrono::milliseconds mark_interval = std::chrono::seconds{2};
        /// The server is contacted at least this often; zero: only when there is something to do.
        std::chrono::milliseconds probe_interval{0};
        std::vector<chore> chores;
        std::function<run::progress()> progress;
        std::function<void(unit_no)> marked;  ///< Called when the mark is recorded. May be empty.
        std::function<void(std::exception_ptr)> failed;
        /// Receives the server's clock, read between two times of this machine's steady clock. May be empty.
        std::function<void(time server, microseconds sent, microseconds answered)> clock;
    };

    /// The lease of the run of `to` must be ours.
    keeper(std::unique_ptr<run::ledger> to, options opts);
    ~keeper();

    keeper(const keeper&) = delete;
    keeper& operator=(const keeper&) = delete;

    /// Makes an entry durable, then calls `done`; calls it also on failure.
    void record(const model::control& entry, run::runner::recorded done);

    void check(const run::checkpoint& state);

    /// Records the mark of settled units without waiting for the next interval.
    void mark_soon();

    /// Saves the planner's state, when its units are settled and there is nothing else to do.
    void save(run::saved_plan state);

    /// Whether the last contact with the server was successful.
    [[nodiscard]] bool reachable() const noexcept { return reachable_; }

    /// Time since the last successful contact.
    [[nodiscard]] std::chrono::steady_clock::duration silence() const noexcept
    {
        return std::chrono::steady_clock::now() - heard_.load();
    }

    /// Entries of the control log that were written, by kind.
    [[nodiscard]] std::uint64_t entries(model::control::kind what) const noexcept
    {
        return entries_[static_cast<std::size_t>(what)];
    }

    /// Ends the work; then, given a last progress, sets the mark and gives the lease back, if that can be done at once.
    /// `state` is recorded with it; `plan` is saved after it.
    void stop(std::optional<run::progress> last, std::optional<run::checkpoint> state,
              std::optional<run::saved_plan> plan = std::nullopt);

private:
    struct job
    {
        std::optional<model::control> entry;
        run::checkpoint state;
        run::runner::recorded done;
    };

    struct due_chore
    {
        chore what;
        std::chrono::steady_clock::time_point at;
    };

    void work();
    void serve();
    void append(const job& one);
    void mark();
    [[nodiscard]] due_chore* first_chore();
    void do_chore(due_chore& one);
    [[nodiscard]] bool can_save() const { return plan_unit_ && *plan_unit_ <= marked_; }
    void save_piece();
    void halt();

    const std::unique_ptr<run::ledger> to_;
    options options_;
    std::chrono::steady_clock::time_point mark_at_;
    std::vector<due_chore> chores_;
    std::optional<unit_no> plan_unit_;  ///< Unit of the plan that is being saved.
    unit_no marked_ = 0;

    std::atomic<bool> reachable_{true};
    std::atomic<std::chrono::steady_clock::time_point> heard_{std::chrono::steady_clock::now()};
    std::array<std::atomic<std::uint64_t>, 5> entries_{};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<job> jobs_;
    bool mark_wanted_ = false;
    std::optional<run::saved_plan> saved_;
    std::stop_source stop_;
    std::thread thread_;
};

}  // namespace bazaar::daemon
