#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "bazaar/run/buckets.hpp"
#include "bazaar/run/clock.hpp"
#include "bazaar/run/dispatcher.hpp"
#include "bazaar/run/histogram.hpp"
#include "bazaar/run/pacer.hpp"
#include "bazaar/run/replan.hpp"
#include "bazaar/run/sink.hpp"
#include "bazaar/run/stages.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::run
{

/// Counts for the units of one kind.
struct kind_tally
{
    std::uint64_t committed = 0, already_there = 0, refused = 0;
    buckets response;  ///< From the planned time to the answer.
    buckets service;   ///< From the sending to the answer.
};

/// Failed attempts, by the answer of the sink.
struct trouble_tally
{
    outcome what = outcome::not_done;
    std::array<char, 6> code{};  ///< Empty: the connection broke.
    std::uint64_t count = 0;
};

/// What a runner has done so far.
struct tally
{
    std::uint64_t planned = 0;                ///< Units decided by this process.
    std::array<std::uint64_t, 6> outcomes{};  ///< Units by `outcome`; attempts for `not_done` and `in_doubt`.
    std::uint64_t skipped = 0;                ///< Units that were refused for good before and are not sent again.
    std::uint64_t shifts = 0;
    microseconds shifted{0};
    microseconds lag{0};  ///< Lag of the newest unit sent.
    histogram sent;       ///< From the planned time to the sending.
    histogram answered;   ///< From the sending to the answer.
    unit_no settled = 0;  ///< All units below are settled.
    std::uint64_t span = 0;
    unit_no sent_below = 0;  ///< No unit from this one on was ever sent, by this process or by one before it.
    bool suspects = false;   ///< An earlier process may have sent units that this one has not reached yet.
    bool live = false;
    bool paused = false;       ///< Nothing is being planned.
    std::uint64_t wanted = 0;  ///< New values that are not recorded yet.
    std::optional<time> last_commit;
    buckets lateness;                                ///< The same durations as in `sent`.
    std::vector<kind_tally> kinds;                   ///< By kind of unit.
    std::vector<std::array<std::uint64_t, 3>> rows;  ///< Written, by table and `op`.
    std::vector<std::uint64_t> foreign_edits;        ///< By table of the gate.
    std::vector<trouble_tally> troubles;         ///< At most a few dozen; all further kinds are counted in the last.
    std::uint64_t doubtful = 0;                  ///< Units in doubt at this moment.
    std::uint64_t replayed = 0, recognised = 0;  ///< Units in doubt that were written again; that were already there.

    [[nodiscard]] std::uint64_t of(outcome what) const { return outcomes[static_cast<std::size_t>(what)]; }
    [[nodiscard]] std::uint64_t written() const { return of(outcome::committed) + of(outcome::already_there); }

    /// Units that were refused for good, by this process.
    [[nodiscard]] std::uint64_t refused() const { return of(outcome::foreign) + of(outcome::rejected); }

    /// Adds the counts of an earlier runner of the same run.
    void add_earlier(const tally& other);

    void add_trouble(outcome what, const std::array<char, 6>& code, std::uint64_t number);
};

/// Plans units when they are due and hands them to the workers.
///
/// Changes of the plan (a shift, a new rate) are recorded first, and never before a unit that an earlier process may
/// have sent: those units were planned without the change.
///
/// Lifetime: one run of the event loop: `start`, then the loop runs until the last unit is settled and `done` was
///           called.
/// Threads:  all functions except `now` in the loop's thread; each worker builds and writes with its own sink.
/// Errors:   an exception from a worker or a control entry ends the run: nothing more is sent, and `failure` returns
///           it.
class runner
{
public:
    /// Called once, in any thread, without an exception if the entry is durable.
    using recorded = std::function<void(std::exception_ptr)>;

    struct options
    {
        std::uint32_t workers = 4;
        std::uint32_t window = 1024;
        std::optional<std::uint64_t> ticks_max;  ///< Counted from the run's beginning; nothing: unlimited.
        pacer::options pace;
        unit_no replay_below = 0;         ///< As in `dispatcher::options`.
        unit_no sent_below = no_unit;     ///< As in `dispatcher::options`.
        std::vector<unit_no> rejected{};  ///< As in `dispatcher::options`.
        std::uint64_t rejected_max =
            100;  ///< Units that may be refused for good; one more ends the run with `rejects`.
        /// How long to keep trying one unit; nothing: for ever.
        std::optional<std::chrono::milliseconds> outage_max = std::nullopt;
        /// `stop` ends the sink's wait for its connection.
        std::function<std::unique_ptr<sink>(std::stop_token stop)> make_sink;
        /// Control entries are sent to the sink together with units, and become durable with the first unit that they
        /// apply to. `record` is not called then, and there is only one worker: another one could overtake it.
        bool entries_with_units = false;
        std::function<void(const model::control&, recorded)> record;  ///< Makes a control entry durable. Any thread.
        std::function<bool()> can_record;              ///< Whether `record` would be quick now. If empty, it is.
        std::function<void(const checkpoint&)> check;  ///< Records a checkpoint. May be empty.
        std::function<void()>
            want_mark;  ///< Called when units wait until the mark is recorded. Any thread; may be empty: none waits.
        std::function<void(const model::control&)> steered;  ///< A `set` or `shift` takes effect. May be empty.
        std::function<void(const model::unit&)> echo;  ///< Called before a unit is sent; one at a time. May be empty.
        std::function<void(const std::string&)> warn;  ///< Receives one line; any thread. May be empty.
        std::function<void()> done;                    ///< Called once, in the loop.
    };

    /// The next unit of `plan` is the first one to send.
    runner(boost::asio::io_context& loop, const scenario::scenario& shop, replanner& plan, clock& time, options opts);
    ~runner();

    void start();

    /// Gives a steerable field a new value from the next unit on; `unit` and `at` of the entry are filled in. An
    /// earlier value of the field that is not recorded yet is replaced.
    void set(model::control entry);

    /// Values that have been set and do not apply yet, in their order.
    [[nodiscard]] std::vector<model::control> coming() const;

    /// Stops planning; `since` is the business time at which it stopped. Units that are already planned are finished.
    void pause(time since);

    /// Ends a pause. A live run records it as a shift first, so no backlog follows.
    void resume();

    /// To be called regularly, in the loop: warns, and finally ends the run, if no unit is settled although some are
    /// waiting.
    void watch();

    /// Reports that the mark of settled units is recorded. Any thread.
    void marked(unit_no mark);

    /// Stops planning for good; units that are already planned are finished.
    void drain();

    /// Ends the run; units in flight stay in doubt until the next start.
    void fail(std::exception_ptr why);

    [[nodiscard]] tally now() const;

    /// The newest sales that this runner has committed, oldest first: a few dozen at most.
    [[nodiscard]] std::vector<model::decision> sales() const;

    /// How late the oldest unsettled unit is, or else the next one; zero in a pause. In the loop.
    [[nodiscard]] microseconds late() const;

    /// The exception that ended the run prematurely.
    [[nodiscard]] std::exception_ptr failure() const;

private:
    /// What a worker has taken.
    struct hands
    {
        std::vector<dispatcher::task> tasks;
        std::deque<model::unit> units;  ///< May be more than `tasks`: their arenas are reused.
        std::vector<parcel> parcels;
        std::vector<model::control> entries;
        std::uint64_t entries_at = 0;  ///< As in `shipment`.
        int attempt = 0;               ///< Number of attempts in a row without success.
    };

    /// A unit that could not be written at once.
    struct trouble
    {
        std::chrono::steady_clock::time_point since;
        std::chrono::steady_clock::time_point told;
    };

    void later(std::function<void()> what);
    void post_pump();
    void pump();
    void pump_after(microseconds wait);
    void wake();
    void ask_for_mark();
    [[nodiscard]] bool end_pause(bool may_steer);
    void pause_changes(pause_event what);
    [[nodiscard]] bool recording() const noexcept { return stage_ == stage::recording || stage_ == stage::last_entry; }
    [[nodiscard]] bool await_suspects();
    void steer_shift(microseconds amount, bool of_pause);
    void plan_one();
    void steer(model::control entry);
    void steer_done(const model::control& entry, std::exception_ptr failed);
    void work();
    void serve(sink& to);
    void take(hands& into, std::size_t most);
    void make(hands& of);
    void try_later(hands& back, const written& answer, std::unique_lock<std::mutex>& lock);
    void settle(const hands& done, const written& answer, time sent, time answered);
    [[nodiscard]] bool has_work() const { return dispatcher_.has_ready() || (!riding_.empty() && dispatcher_.empty()); }
    void count(const model::unit& unit, outcome what, microseconds response, microseconds service);
    [[nodiscard]] bool refuse(const model::unit& unit, const written& answer);
    [[nodiscard]] bool record_now(const model::control& entry);
    void keep_trying(const model::decision& unit, const written& answer);
    void finish_if_done();

    const std::shared_ptr<bool> here_ = std::make_shared<bool>();  ///< Gone with this object; the loop may outlive it.
    boost::asio::io_context& loop_;
    const scenario::scenario& shop_;
    replanner& plan_;
    clock& clock_;
    options options_;
    std::vector<bool> deletes_;  ///< By kind of unit.
    std::vector<bool> sells_;    ///< By kind of unit.
    pacer pacer_;
    boost::asio::steady_timer timer_;
    /// Keeps the loop running while only the workers have something to do.
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_;
    std::atomic<bool> live_{false};  ///< The pacer's state, for other threads.
    std::atomic<bool> shown_paused_{false};
    std::atomic<std::uint64_t> shown_wanted_{0};
    stage stage_ = stage::planning;
    run::pause pause_ = run::pause::none;
    time paused_at_{};  ///< The business time at which the pause began.
    bool pump_posted_ = false;
    std::vector<model::control> wanted_;
    std::optional<model::control> recording_;  ///< The `set` among them that is being made durable.

    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::condition_variable halted_;  ///< For workers that wait before another attempt.
    dispatcher dispatcher_;
    tally tally_;
    std::array<model::decision, 20> sales_;  ///< A ring: nothing is allocated for a unit.
    std::uint64_t sales_count_ = 0;
    std::unordered_map<unit_no, trouble> troubles_;
    std::vector<model::control> riding_;  ///< Entries that are durable with the next shipment.
    std::uint64_t ridden_ = 0;            ///< Number of entries that are durable in this way.
    unit_no alone_below_ = 0;             ///< Units below are sent one by one: a group with some of them was refused.
    std::chrono::steady_clock::time_point settled_at_;  ///< The last unit, or when the first of those waiting came.
    std::chrono::steady_clock::time_point told_idle_;
    std::exception_ptr failure_;
    std::exception_ptr over_;  ///< The error at the end of the plan: all units before it are sent first.
    bool stop_ = false;
    bool starved_ = false;  ///< The loop waits for room in the window, or for replays to be settled.
    std::stop_source quit_;
    std::mutex echo_mutex_;
    std::vector<std::thread> workers_;
};

}  // namespace bazaar::run
