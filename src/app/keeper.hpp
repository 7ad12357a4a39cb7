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
#include <span>
#include <stop_token>
#include <thread>

#include "app/doctor.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/postgres/gateway.hpp"
#include "bazaar/postgres/plan_cache.hpp"
#include "bazaar/postgres/store.hpp"
#include "bazaar/run/runner.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::app
{

/// Keeps the record of a run beside its units, on a session of its own: control entries and checkpoints as they come, the
/// mark of settled units with the lease every few seconds, and the heartbeat; and looks at what slots retain of the log.
///
/// Lifetime: works until `stop` or its end.
/// Threads:  any; it has one of its own.
/// Errors:   trouble with the server is waited out. What no waiting mends goes to `failed`, once: a lost lease, a server that
///           is another one now.
class keeper
{
public:
    struct options
    {
        postgres::ownership own;
        std::uint64_t sequence = 0;  ///< Place of the next control entry.
        std::chrono::milliseconds mark_interval = std::chrono::seconds{2};
        microseconds heartbeat_interval{0};  ///< Zero: none.
        /// How long the server may be left without a word; zero: until there is one to say.
        std::chrono::milliseconds probe_interval{0};
        slot_watch* slots = nullptr;  ///< Outlives the keeper.
        /// What was seen of them; any thread. May be empty.
        std::function<void(const std::vector<postgres::slot_facts>&)> seen;
        std::function<postgres::progress()> progress;
        std::function<void(unit_no)> marked;  ///< The mark is recorded. May be empty.
        std::function<void(std::exception_ptr)> failed;
        /// The database's clock, between two moments of this machine's steady one.
        std::function<void(time database, microseconds sent, microseconds answered)> clock;
    };

    /// `link` is a session of `to`.
    keeper(std::shared_ptr<postgres::gateway> to, postgres::session link, const scenario::scenario& shop, options opts);
    ~keeper();

    keeper(const keeper&) = delete;
    keeper& operator=(const keeper&) = delete;

    /// Makes an entry durable, then calls `done`; also when it cannot.
    void record(const model::control& entry, run::runner::recorded done);

    void check(const run::checkpoint& state);

    /// Records the mark of settled units without waiting for its time.
    void mark_soon();

    /// Keeps the planner's state, when its units are settled and nothing else is to do.
    void save(run::saved_plan state);

    /// Whether the last word with the server went well.
    [[nodiscard]] bool reachable() const noexcept { return reachable_; }

    /// How long ago that was.
    [[nodiscard]] std::chrono::steady_clock::duration silence() const noexcept
    {
        return std::chrono::steady_clock::now() - heard_.load();
    }

    /// Entries of the control log that were written, by kind.
    [[nodiscard]] std::uint64_t entries(model::control::kind what) const noexcept
    {
        return entries_[static_cast<std::size_t>(what)];
    }

    /// When the heartbeat was written last; nothing before.
    [[nodiscard]] std::optional<std::chrono::system_clock::time_point> beaten() const noexcept
    {
        const auto at = beaten_.load();
        return at.time_since_epoch().count() == 0 ? std::nullopt : std::optional(at);
    }

    /// Ends the work; then, with a last progress, sets the mark and gives the lease back, if that can be done at once. `state`
    /// is recorded with it; `plan` is kept behind it.
    void stop(std::optional<postgres::progress> last, std::optional<run::checkpoint> state,
              std::optional<run::saved_plan> plan = std::nullopt);

private:
    struct job
    {
        std::optional<model::control> entry;
        run::checkpoint state;
        run::runner::recorded done;
    };

    void work();
    void serve();
    void append(const job& one);
    void mark(const postgres::progress& now);
    [[nodiscard]] bool can_save() const { return plan_ && plan_->unit() <= marked_; }
    void save_piece();
    void beat();
    void look_at_slots();
    void halt();
    void drop(std::string_view why);
    void hang_up();
    [[nodiscard]] bool passes(const std::exception_ptr& problem);

    const std::shared_ptr<postgres::gateway> to_;
    const scenario::scenario& shop_;
    options options_;
    std::optional<postgres::session> link_;
    std::chrono::steady_clock::time_point mark_at_;
    std::chrono::steady_clock::time_point beat_at_;
    std::chrono::steady_clock::time_point slots_at_;
    std::optional<postgres::plan_writer> plan_;
    unit_no marked_ = 0;

    std::atomic<bool> reachable_{true};
    std::atomic<std::chrono::steady_clock::time_point> heard_{std::chrono::steady_clock::now()};
    std::array<std::atomic<std::uint64_t>, 5> entries_{};
    std::atomic<std::chrono::system_clock::time_point> beaten_{};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<job> jobs_;
    bool mark_wanted_ = false;
    std::optional<run::saved_plan> saved_;
    std::stop_source stop_;
    std::thread thread_;
};

}  // namespace bazaar::app
