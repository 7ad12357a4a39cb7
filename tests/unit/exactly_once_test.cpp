// Exactly once, as a model: the real dispatcher and window under random schedules, with a ledger in memory, against a simulated
// server that fails over and answers late, and processes that die and resume. One thread, no clock: a seed is a schedule.
// (With the real runner, keeper and threads: ledger_run_test.)
//
// BAZAARD_SCHEDULES sets the number of schedules. A schedule that fails is made smaller and printed step by step.
//
// What the model takes for granted of the rest of the program:
// * a take-over waits for the calls that the server executes, and calls that reach it later are refused by their epoch;
// * a session learns when it connects that commits may be missing, and so does the ledger: then all is read anew;
// * two attempts of one unit never run at the same time in the server: the later one waits for the rows, or gives up;
// * an attempt that was given up has ended in the server before what the unit wrote is removed;
// * what refuses a unit refuses all its attempts of one process, and a row changed by somebody else stays changed.

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/random.hpp"
#include "bazaar/run/dispatcher.hpp"
#include "support/effort.hpp"
#include "support/memory_ledger.hpp"

namespace bazaar
{
namespace
{

using run::form;
using run::outcome;
using test::ledger_mistake;
using test::memory_ledger;

/// What the process, its ledger or the server of the model does wrong, to see that the model notices.
enum class mistake
{
    none,
    no_replays,          ///< After a crash all units are sent as first attempts.
    no_window,           ///< Only what the rows and the mark show is sent as replays, not the window behind it.
    window_too_short,    ///< The window behind it is one unit short.
    mark_ahead,          ///< The mark claims one unit that is not settled.
    doubt_forgotten,     ///< A unit in doubt is sent again as a first attempt.
    no_take_over,        ///< Calls of a dead process go on beside the next one.
    refusals_forgotten,  ///< What was refused is sent again.
    clean_too_early,     ///< A stop counts as clean among units that an earlier process may have sent.
    steered_too_early,   ///< The plan is changed from a unit on that an earlier process may have sent.
    removed_too_early,   ///< What a unit wrote is removed as soon as the unit is settled, recorded or not.
    bound_too_low,       ///< A process that reads the server anew believes that only settled units were ever sent.
    entry_late,          ///< The ledger's entry is durable only after its next call.
    mark_runs_ahead,     ///< The ledger's mark is one unit further than what is settled.
    lease_lost,          ///< The ledger of a process that has lost its lease goes on writing.
    mark_anywhere,       ///< The ledger writes whatever became of the server.
};

ledger_mistake of_ledger(mistake wrong)
{
    switch (wrong)
    {
    case mistake::entry_late:
        return ledger_mistake::durable_too_late;
    case mistake::mark_runs_ahead:
        return ledger_mistake::mark_runs_ahead;
    case mistake::lease_lost:
    case mistake::no_take_over:
        return ledger_mistake::lease_lost_unseen;
    case mistake::mark_anywhere:
        return ledger_mistake::server_unseen;
    default:
        return ledger_mistake::none;
    }
}

/// All that determines a schedule.
struct schedule
{
    std::uint64_t seed = 0;
    std::uint64_t units = 0, window = 1, workers = 1;
    std::uint64_t crashes = 0, failovers = 0, stops = 0;                          ///< How often at most.
    std::uint64_t doubts = 0, busy = 0, refusals = 0, edits = 0, steers = 0;      ///< Also.
    std::uint64_t barriers = 0, marks = 0, syncs = 0, updates = 0, removals = 0;  ///< How frequent: of 64.

    friend bool operator==(const schedule&, const schedule&) = default;
};

/// The numbers that shrink, and how small they may get.
struct dimension
{
    const char* name;
    std::uint64_t schedule::*value;
    std::uint64_t least;
};

constexpr std::array<dimension, 16> dimensions{{
    {"failovers", &schedule::failovers, 0},
    {"crashes", &schedule::crashes, 0},
    {"stops", &schedule::stops, 0},
    {"refusals", &schedule::refusals, 0},
    {"edits", &schedule::edits, 0},
    {"steers", &schedule::steers, 0},
    {"doubts", &schedule::doubts, 0},
    {"busy", &schedule::busy, 0},
    {"barriers", &schedule::barriers, 0},
    {"units", &schedule::units, 1},
    {"workers", &schedule::workers, 1},
    {"window", &schedule::window, 1},
    {"marks", &schedule::marks, 0},
    {"syncs", &schedule::syncs, 0},
    {"updates", &schedule::updates, 0},
    {"removals", &schedule::removals, 0},
}};

schedule drawn(std::uint64_t seed)
{
    auto draw = derive(seed, stream("parameters"), 0);
    const auto sometimes = [&](std::uint64_t below) { return draw.below(2) == 0 ? 0 : draw.below(below); };
    schedule s;
    s.seed = seed;
    s.units = 20 + draw.below(131);
    s.window = 1 + draw.below(24);
    s.workers = 1 + draw.below(8);
    s.crashes = draw.below(4);
    s.failovers = sometimes(3);
    s.stops = sometimes(4);
    s.doubts = sometimes(16);
    s.busy = sometimes(10);
    s.refusals = sometimes(5);
    s.edits = sometimes(4);
    s.steers = sometimes(5);
    s.barriers = sometimes(8);
    s.marks = std::array{1U, 8U, 40U}[draw.below(3)];
    s.syncs = std::array{0U, 4U, 32U}[draw.below(3)];
    s.updates = draw.below(65);
    s.removals = sometimes(32);
    return s;
}

std::string describe(const schedule& s)
{
    auto text = fmt::format("seed={}", s.seed);
    for (const auto& d : dimensions)
        text += fmt::format(" {}={}", d.name, s.*d.value);
    return text;
}

class violation : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

/// What happened in many schedules: a model in which nothing happens proves nothing.
struct totals
{
    std::uint64_t steps = 0, processes = 0, crashes = 0, failovers = 0, lost = 0, clean = 0, unclean = 0;
    std::uint64_t fenced = 0, late = 0, doubts = 0, busy = 0, waits = 0, found = 0, refused = 0, foreign = 0,
                  skipped = 0;
    std::uint64_t steered = 0, waited_for = 0, noticed = 0, extended = 0, removed = 0, marked = 0;
    std::uint64_t left_entries = 0, late_entries = 0, fenced_writes = 0;
};

class world
{
public:
    world(const schedule& what, mistake wrong, totals& sum, bool tracing = false)
        : what_(what),
          wrong_(wrong),
          sum_(sum),
          tracing_(tracing),
          draw_(derive(what.seed, stream("schedule"), 0)),
          left_(what)
    {
        make_plan();
        wal_.reserve(2 * units() + 64);
        units_.resize(units());
        refusing_.assign(units(), 0);
        store_.recorded.emplace();
        store_.progress.clean = true;
        store_.wrote = [this] { ledger_wrote(); };
        written_.push_back(store_);
    }

    /// Brings the run to its end. Throws `violation`.
    void run()
    {
        try
        {
            start_process();
            while (!finished())
                step();
            while (!calls_.empty())
                serve(0);
            check_end();
        }
        catch (const error& problem)
        {
            fail(fmt::format("an expectation of the dispatcher broke: {}", problem.what()));
        }
    }

    [[nodiscard]] const std::vector<std::string>& trace() const noexcept { return trace_; }

private:
    static constexpr std::size_t nobody = ~std::size_t{0};
    static constexpr std::int32_t nowhere = -1;

    // ---- The plan

    struct planned
    {
        model::decision unit;
        bool inserts = false;  ///< Its number shows in a row.
        bool removes = false;  ///< What the units wrote that it names.
        unit_no remover = no_unit;
    };

    void make_plan()
    {
        auto draw = derive(what_.seed, stream("plan"), 0);
        plan_.resize(what_.units);
        for (unit_no no = 0; no < what_.units; ++no)
        {
            auto& p = plan_[no];
            p.unit.no = no;
            p.inserts = draw.below(64) >= what_.updates;
            p.unit.barrier = draw.below(64) < what_.barriers;
            if (draw.below(64) < what_.removals && no > 0)
            {
                // One or two of which nothing else was to come.
                const auto first = draw.below(draw.below(2) == 0 ? no : std::min<unit_no>(no, 6));
                for (auto gone = no - 1 - first; gone < std::min(no, no - first + 1); ++gone)
                    if (auto& g = plan_[gone]; !g.removes && g.remover == no_unit)
                    {
                        g.remover = no;
                        p.unit.depends_on(gone, true, true);
                    }
                p.removes = p.unit.after_count > 0;
                p.inserts = p.inserts && !p.removes;
                continue;
            }
            for (auto links = draw.below(4); links > 0 && no > 0; --links)
                if (const auto earlier = no - 1 - draw.below(draw.below(2) == 0 ? no : std::min<unit_no>(no, 6));
                    plan_[earlier].remover == no_unit)
                    p.unit.depends_on(earlier);
        }
    }

    [[nodiscard]] std::size_t units() const noexcept { return plan_.size(); }

    // ---- The server: a log of commits, and what follows from it

    enum class kind : std::uint8_t
    {
        unit,
        edit,    ///< Somebody else changes a row of the unit, which can then not be as planned.
        ledger,  ///< A take-over, an entry or a mark.
    };

    struct record
    {
        kind what;
        std::uint64_t value = 0;    ///< The unit; of the ledger, where its new state is.
        std::uint64_t content = 0;  ///< Of a unit: the change of the plan that shaped it.
    };

    using control_log = std::vector<model::control>;

    /// The change of the plan that shapes a unit: the last one from that unit on, or from an earlier one.
    static std::uint64_t content_of(unit_no no, const control_log& log)
    {
        for (auto e = log.rbegin(); e != log.rend(); ++e)
            if (e->what == model::control::kind::set && e->unit <= no)
                return static_cast<std::uint64_t>(e->value);
        return 0;
    }

    struct unit_state
    {
        std::int32_t committed = nowhere;
        std::int32_t edited = nowhere;
        std::int32_t refused = nowhere;
        std::uint64_t content = 0;
    };

    void append(record r)
    {
        wal_.push_back(r);
        apply(wal_.size() - 1);
    }

    /// The ledger's part of the server has changed.
    void ledger_wrote()
    {
        written_.push_back(store_);
        append({kind::ledger, written_.size() - 1});
    }

    void apply(std::size_t place)
    {
        const auto& r = wal_[place];
        const auto at = static_cast<std::int32_t>(place);
        switch (r.what)
        {
        case kind::unit:
            units_[r.value].committed = at;
            units_[r.value].content = r.content;
            break;
        case kind::edit:
            units_[r.value].edited = at;
            break;
        case kind::ledger:
            for (const auto& e : written_[r.value].recorded->log)
                if (e.what == model::control::kind::reject && units_[e.unit].refused == nowhere)
                    units_[e.unit].refused = at;
            break;
        }
    }

    /// Another server goes on, with the log up to somewhere behind what is known to be everywhere.
    void fail_over()
    {
        const auto cut = durable_ + draw_.below(wal_.size() - durable_ + 1);
        note([&] { return fmt::format("failover: {} of {} records are lost", wal_.size() - cut, wal_.size()); });
        ++sum_.failovers;
        sum_.lost += wal_.size() - cut;
        wal_.resize(cut);
        durable_ = cut;
        units_.assign(units(), {});
        std::size_t newest = 0;
        for (std::size_t place = 0; place < wal_.size(); ++place)
        {
            apply(place);
            if (wal_[place].what == kind::ledger)
                newest = wal_[place].value;
        }
        static_cast<memory_ledger::state&>(store_) = written_[newest];
        ++store_.life;
        // Who waited for the old one has lost the link.
        calls_.clear();
        for (auto& w : workers_)
            if (w.at == worker::stage::calling)
                hear(w, outcome::in_doubt);
    }

    /// A statement on its way: of a unit, or of the ledger.
    struct call
    {
        bool arrived = false;  ///< The server executes it: that of a unit has passed the fence and holds its lock.
        form how = form::first;
        std::uint64_t value = 0;  ///< The unit, or the mark.
        std::int64_t epoch = 0;
        std::uint64_t process = 0;
        std::size_t worker = nobody;  ///< Who waits for the answer.
        std::uint64_t content = 0;
        std::shared_ptr<memory_ledger> by{};    ///< Null: of a unit.
        bool clean = false;                     ///< The mark says so.
        std::optional<model::control> entry{};  ///< Else it is a mark.
        std::uint64_t sequence = 0;
    };

    void serve(std::size_t which)
    {
        auto& c = calls_[which];
        if (c.arrived)
        {
            execute(which);
            return;
        }
        if (c.by != nullptr)
        {
            c.arrived = true;
            return;
        }
        if (c.epoch != store_.epoch && wrong_ != mistake::no_take_over)
        {
            require(c.worker == nobody, c.value, "a call of the process that owns the run is refused by its epoch");
            note([&] { return fmt::format("  server: late call {} of epoch {} is refused", c.value, c.epoch); });
            ++sum_.fenced;
            drop(which);
            return;
        }
        const bool taken = std::any_of(calls_.begin(), calls_.end(),
                                       [&](const call& other)
                                       { return other.arrived && other.by == nullptr && other.value == c.value; });
        if (taken)
        {
            // It waits for the rows, and after some time no longer.
            if (draw_.below(2) == 0)
                return;
            ++sum_.waits;
            answer(which, outcome::not_done);
            return;
        }
        c.arrived = true;
    }

    void execute(std::size_t which)
    {
        const auto c = calls_[which];
        if (c.worker == nobody)
            ++sum_.late;
        if (c.by == nullptr)
        {
            answer(which, judge(c));
            return;
        }
        drop(which);
        write(c);
    }

    /// A call of the ledger's; nobody waits for its answer but for that of a mark.
    void write(const call& c)
    {
        try
        {
            if (c.entry)
            {
                c.by->append(c.sequence, *c.entry);
                ++sum_.late_entries;
                note([&] { return fmt::format("  server: late entry {} of process {}", c.sequence, c.process); });
                return;
            }
            c.by->mark({c.value, c.clean, true});
            note([&] { return fmt::format("  server: mark {}{}", c.value, c.clean ? ", clean" : ""); });
            if (c.process == process_ && !stale_)
                dispatcher_->marked(c.value);
        }
        catch (const error& problem)
        {
            require(c.process != process_ || stale_, c.value, "the ledger refuses the process that owns the run");
            note([&] { return fmt::format("  server: process {} is refused: {}", c.process, problem.what()); });
            ++sum_.fenced_writes;
        }
    }

    /// What a call of a unit comes to.
    outcome judge(const call& c)
    {
        const auto no = c.value;
        const auto& there = units_[no];
        if (there.committed != nowhere && gone(no))
        {
            require(c.worker == nobody, no, "a replay brings back what was removed");
            return outcome::not_done;
        }
        if (there.committed != nowhere)
        {
            if (c.how == form::replay)
            {
                require(c.worker == nobody || there.content == c.content, no, "committed, but planned otherwise now");
                return outcome::already_there;
            }
            // Nobody hears the conflict of an attempt that was given up, and it changes nothing.
            require(c.worker == nobody, no, "a first attempt finds the unit committed");
            return outcome::not_done;
        }
        if (refusing_[no] == c.process)
            return outcome::rejected;
        if (there.edited != nowhere)
            return outcome::foreign;
        if (draw_.below(16) == 0 && spend(&schedule::busy))
        {
            ++sum_.busy;
            return outcome::not_done;
        }
        bool hopeless = false;
        const auto& unit = plan_[no].unit;
        for (std::size_t i = 0; i < unit.after_count; ++i)
            hopeless = hopeless || units_[unit.after[i]].refused != nowhere;
        if ((hopeless && draw_.below(2) == 0) || (draw_.below(24) == 0 && spend(&schedule::refusals)))
        {
            refusing_[no] = c.process;
            return outcome::rejected;
        }
        if (draw_.below(24) == 0 && spend(&schedule::edits))
        {
            append({kind::edit, no});
            return outcome::foreign;
        }
        for (std::size_t i = 0; i < unit.after_count; ++i)
            require(place_of(unit.after[i]) != nowhere, no, "executed before a unit that it names");
        append({kind::unit, no, c.content});
        sum_.removed += plan_[no].removes ? 1 : 0;
        return outcome::committed;
    }

    /// Whether what the unit wrote was removed.
    [[nodiscard]] bool gone(unit_no no) const
    {
        const auto by = plan_[no].remover;
        return by != no_unit && units_[by].committed != nowhere;
    }

    /// Where in the log a unit was done with.
    [[nodiscard]] std::int32_t place_of(unit_no no) const
    {
        const auto& u = units_[no];
        return std::max({u.committed, u.edited, u.refused});
    }

    void answer(std::size_t which, outcome what)
    {
        const auto c = calls_[which];
        drop(which);
        const bool heard = c.worker != nobody;
        const bool lost = heard && draw_.below(12) == 0 && spend(&schedule::doubts);
        note(
            [&]
            {
                return fmt::format("  server: {} {} of process {}: {}{}", c.how == form::first ? "first" : "replay",
                                   c.value, c.process, name(what),
                                   heard ? lost ? ", the answer is lost" : "" : ", nobody hears");
            });
        if (heard)
            hear(workers_[c.worker], lost ? outcome::in_doubt : what);
    }

    void drop(std::size_t which)
    {
        calls_[which] = calls_.back();
        calls_.pop_back();
    }

    // ---- The process

    struct worker
    {
        enum class stage : std::uint8_t
        {
            idle,
            calling,
            answered,
        };
        stage at = stage::idle;
        outcome heard = outcome::committed;
        run::dispatcher::task sent{};
    };

    static void hear(worker& w, outcome what)
    {
        w.at = worker::stage::answered;
        w.heard = what;
    }

    /// A process takes the run over and reads what is there.
    ///
    /// `sent_below` is known to one that has read it before: no unit from there on was ever sent.
    void start_process(unit_no sent_below = no_unit)
    {
        ++process_;
        ++sum_.processes;
        for (auto& c : calls_)
            c.worker = nobody;
        if (wrong_ != mistake::no_take_over)
            wait_for_calls();
        ledger_ = std::make_shared<memory_ledger>(store_, of_ledger(wrong_));
        const auto taken = ledger_->take({});
        const auto recorded = ledger_->load("main");
        require(taken && recorded, 0, "the run is there and can be had");
        const bool clean = taken->clean;
        epoch_ = taken->epoch;
        ++(clean ? sum_.clean : sum_.unclean);

        first_ = std::min<unit_no>(recorded->settled, units());
        unit_no seen = first_;
        refused_before_.assign(units(), false);
        std::vector<unit_no> rejected;
        for (unit_no no = 0; no < units(); ++no)
        {
            const auto& u = units_[no];
            if (u.committed != nowhere && plan_[no].inserts && !gone(no))
                seen = std::max(seen, no + 1);
            if (u.refused != nowhere && wrong_ != mistake::refusals_forgotten)
            {
                rejected.push_back(no);
                refused_before_[no] = true;
            }
        }
        suspect_below_ = clean || wrong_ == mistake::no_replays ? 0 : seen + margin();
        note(
            [&]
            {
                return fmt::format("process {}: mark {}, rows show units below {}, {} refused, {}: replays below {}",
                                   process_, first_, seen, rejected.size(), clean ? "clean" : "not clean",
                                   suspect_below_);
            });

        dispatcher_.emplace(run::dispatcher::options{.first = first_,
                                                     .span = static_cast<std::uint32_t>(what_.window),
                                                     .replay_below = suspect_below_,
                                                     .sent_below = sent_below,
                                                     .rejected = std::move(rejected)});
        workers_.assign(what_.workers, {});
        settled_.assign(units(), false);
        found_.assign(units(), false);
        doubted_.assign(units(), false);
        content_.assign(units(), 0);
        log_ = recorded->log;
        lowest_ = next_ = first_;
        skipped_ = 0;
        stale_ = stopping_ = false;
    }

    [[nodiscard]] unit_no margin() const
    {
        if (wrong_ == mistake::no_window)
            return 0;
        return wrong_ == mistake::window_too_short ? what_.window - 1 : what_.window;
    }

    /// The lock of a take-over: what the server executes ends first. What has not arrived comes too late.
    void wait_for_calls()
    {
        for (std::size_t i = 0; i < calls_.size();)
        {
            if (!calls_[i].arrived)
            {
                ++i;
                continue;
            }
            ++sum_.waited_for;
            if (draw_.below(3) == 0)
                drop(i);
            else
                execute(i);
        }
    }

    /// The server is another one: the process reads it anew, before anything else.
    void notice()
    {
        note([] { return std::string("the process notices the failover"); });
        ++sum_.noticed;
        start_process(wrong_ == mistake::bound_too_low ? dispatcher_->settled() : dispatcher_->sent_below());
    }

    void die(const char* how)
    {
        note([&] { return fmt::format("process {} {}", process_, how); });
        for (auto& c : calls_)
            c.worker = nobody;
        // In between anything may happen to the server, and to another process that has only taken the lease.
        if (draw_.below(4) == 0 && spend(&schedule::failovers))
            fail_over();
        if (draw_.below(8) == 0 && spend(&schedule::crashes))
            start_process();
        start_process();
    }

    void plan_one()
    {
        if (stopping_ || next_ == units() || !dispatcher_->has_room())
            return;
        content_[next_] = content_of(next_, log_);
        const auto& p = plan_[next_++];
        dispatcher_->add(p.unit, p.removes && wrong_ != mistake::removed_too_early);
    }

    /// Changes the plan from the next unit on: the entry is durable before that unit is sent.
    void steer()
    {
        if (stopping_ || next_ == units() || steered_behind(next_))
            return;
        if (wrong_ != mistake::steered_too_early && !leaves_nothing())
            return;
        if (!spend(&schedule::steers))
            return;
        model::control made;
        made.what = model::control::kind::set;
        made.unit = next_;
        made.value = ++entries_;
        note([&] { return fmt::format("the plan changes from unit {} on, change {}", made.unit, made.value); });
        sum_.steered += record_entry(made) ? 1 : 0;
    }

    /// Whether the plan changes behind that unit: then it has to come to that first.
    [[nodiscard]] bool steered_behind(unit_no no) const
    {
        return std::any_of(log_.begin(), log_.end(),
                           [&](const model::control& e) { return e.what == model::control::kind::set && e.unit > no; });
    }

    /// Makes an entry durable. False when the process dies meanwhile, or has to read all anew.
    bool record_entry(const model::control& made)
    {
        if (draw_.below(8) == 0 && spend(&schedule::crashes))
        {
            ++sum_.crashes;
            ++sum_.left_entries;
            calls_.push_back({.arrived = draw_.below(2) == 0,
                              .value = made.unit,
                              .epoch = epoch_,
                              .process = process_,
                              .by = ledger_,
                              .entry = made,
                              .sequence = log_.size()});
            die("crashes, with an entry on its way");
            return false;
        }
        try
        {
            require(ledger_->append(log_.size(), made), made.unit, "an entry comes at its place");
        }
        catch (const run::history_lost&)
        {
            notice();
            return false;
        }
        catch (const error& problem)
        {
            // The server may be another one, and the ledger does not say so.
            require(stale_, made.unit, "the ledger refuses the process that owns the run");
            notice();
            return false;
        }
        log_.push_back(made);
        return true;
    }

    void send()
    {
        if (!dispatcher_->has_ready())
            return;
        const auto idle = std::find_if(workers_.begin(), workers_.end(),
                                       [](const worker& w) { return w.at == worker::stage::idle; });
        if (idle == workers_.end())
            return;
        if (stale_)
        {
            notice();
            return;
        }
        const auto task = dispatcher_->take();
        if (dispatcher_->skipped() != skipped_)
        {
            sum_.skipped += dispatcher_->skipped() - skipped_;
            skipped_ = dispatcher_->skipped();
        }
        if (!task)
            return;
        note(
            [&]
            {
                return fmt::format("send {} as {}, worker {}", task->unit.no,
                                   task->how == form::first ? "first" : "replay", idle - workers_.begin());
            });
        check_sent(*task);
        *idle = {worker::stage::calling, outcome::committed, *task};
        calls_.push_back({.how = task->how,
                          .value = task->unit.no,
                          .epoch = epoch_,
                          .process = process_,
                          .worker = static_cast<std::size_t>(idle - workers_.begin()),
                          .content = content_[task->unit.no]});
    }

    void check_sent(const run::dispatcher::task& task)
    {
        const auto& unit = task.unit;
        const auto no = unit.no;
        require(no >= first_ && no < next_, no, "sent below the mark, or not planned");
        require(!done_with(no), no, "sent again after it was settled");
        require(no < lowest() + what_.window, no, "sent a window or more beyond the lowest unsettled unit");
        require(units_[no].refused == nowhere, no, "sent again after it was refused for good");
        require(task.how == form::replay || units_[no].committed == nowhere, no,
                "sent as a first attempt though it is committed");
        for (std::size_t i = 0; i < unit.after_count; ++i)
            require(unit.after[i] < first_ || done_with(unit.after[i]), no, "sent before a unit that it names");
        require(!unit.barrier || lowest() == no, no, "a barrier sent while earlier units are open");
        for (const auto& w : workers_)
        {
            if (w.at == worker::stage::idle)
                continue;
            require(w.sent.unit.no != no, no, "sent twice at the same time");
            require(!w.sent.unit.barrier && !unit.barrier, no, "sent beside a barrier");
        }
        if (task.how == form::replay && no >= suspect_below_ && !doubted_[no])
            ++sum_.extended;
    }

    [[nodiscard]] bool done_with(unit_no no) const { return settled_[no] || refused_before_[no]; }

    /// The lowest unit with which the process is not done.
    unit_no lowest()
    {
        while (lowest_ < next_ && done_with(lowest_))
            ++lowest_;
        return lowest_;
    }

    /// A worker acts on its answer.
    void act()
    {
        const auto from = draw_.below(workers_.size());
        for (std::size_t i = 0; i < workers_.size(); ++i)
        {
            auto& w = workers_[(from + i) % workers_.size()];
            if (w.at == worker::stage::answered)
            {
                act(w);
                return;
            }
        }
    }

    void act(worker& w)
    {
        const auto no = w.sent.unit.no;
        switch (w.heard)
        {
        case outcome::not_done:
            dispatcher_->put_back(w.sent, outcome::not_done);
            break;
        case outcome::in_doubt:
            ++sum_.doubts;
            doubted_[no] = true;
            dispatcher_->put_back(w.sent, wrong_ == mistake::doubt_forgotten ? outcome::not_done : outcome::in_doubt);
            break;
        case outcome::rejected:
        {
            model::control refusal;
            refusal.what = model::control::kind::reject;
            refusal.unit = no;
            if (!record_entry(refusal))
                return;
            ++sum_.refused;
            settle(w);
            break;
        }
        case outcome::foreign:
            ++sum_.foreign;
            settle(w);
            break;
        case outcome::already_there:
            ++sum_.found;
            settle(w);
            break;
        case outcome::committed:
            settle(w);
            break;
        }
        w.at = worker::stage::idle;
    }

    void settle(const worker& w)
    {
        const auto no = w.sent.unit.no;
        note([&] { return fmt::format("settle {}: {}", no, name(w.heard)); });
        dispatcher_->settle(w.sent, w.heard);
        settled_[no] = true;
        found_[no] = w.heard != outcome::committed;
        require(dispatcher_->settled() <= lowest(), no, "settled() claims a unit that is not");
    }

    void leave_mark(bool clean)
    {
        try
        {
            ledger_->probe();
        }
        catch (const run::history_lost&)
        {
            notice();
            return;
        }
        const auto value = dispatcher_->settled() + (wrong_ == mistake::mark_ahead && !clean ? 1 : 0);
        calls_.push_back({.value = std::min<unit_no>(value, units()),
                          .epoch = epoch_,
                          .process = process_,
                          .by = ledger_,
                          .clean = clean});
    }

    /// Whether no unit at or above the settled ones was ever sent, by this process when all is drained, or by an
    /// earlier one, which may have come further.
    [[nodiscard]] bool leaves_nothing() const { return !dispatcher_->suspects(); }

    [[nodiscard]] bool drained() const
    {
        return dispatcher_->empty() && std::all_of(workers_.begin(), workers_.end(),
                                                   [](const worker& w) { return w.at == worker::stage::idle; });
    }

    void stop()
    {
        if (stale_)
        {
            notice();
            return;
        }
        const bool clean = wrong_ == mistake::clean_too_early || leaves_nothing();
        leave_mark(clean);
        // Most of the time it waits for the answer.
        if (draw_.below(4) != 0)
        {
            serve(calls_.size() - 1);
            serve(calls_.size() - 1);
        }
        die(clean ? "stops cleanly" : "stops");
    }

    // ---- The schedule

    /// Whether something of which there is a limited number happens once more.
    bool spend(std::uint64_t schedule::*budget)
    {
        if (left_.*budget == 0)
            return false;
        --(left_.*budget);
        return true;
    }

    void step()
    {
        ++sum_.steps;
        require(++steps_ < 400 * units() + 40'000, next_, "no end is in sight");
        if (stopping_ && drained())
        {
            stop();
            return;
        }
        const auto what = draw_.below(1024);
        if (what < 64 && dispatcher_->wants_mark())
        {
            ++sum_.marked;
            leave_mark(false);
        }
        else if (what < 250)
            plan_one();
        else if (what < 500)
            send();
        else if (what < 760)
        {
            if (!calls_.empty())
                serve(draw_.below(calls_.size()));
        }
        else if (what < 920)
            act();
        else if (what < 984)
        {
            if (what - 920 < what_.marks)
                leave_mark(false);
            if (what - 920 < what_.syncs)
                durable_ += draw_.below(wal_.size() - durable_ + 1);
        }
        else if (what < 1004)
            break_link();
        else if (what < 1008)
            steer();
        else if (what < 1014)
        {
            if (spend(&schedule::crashes))
            {
                ++sum_.crashes;
                die("crashes");
            }
        }
        else if (what < 1019)
        {
            if (!stale_ && spend(&schedule::failovers))
            {
                fail_over();
                stale_ = true;
            }
        }
        else if (!stopping_ && spend(&schedule::stops))
        {
            note([] { return std::string("the process is asked to stop"); });
            stopping_ = true;
        }
    }

    /// A worker loses its link; what it sent may have been lost too, or executes, or is still on its way.
    void break_link()
    {
        if (calls_.empty())
            return;
        const auto which = draw_.below(calls_.size());
        auto& c = calls_[which];
        if (c.worker == nobody || !spend(&schedule::doubts))
            return;
        note([&] { return fmt::format("the link of worker {} breaks, with unit {}", c.worker, c.value); });
        hear(workers_[c.worker], outcome::in_doubt);
        c.worker = nobody;
        if (draw_.below(3) == 0)
            drop(which);
    }

    /// Whether all is settled; a process that is at its end may still crash, or the server change.
    bool finished()
    {
        if (next_ < units() || !drained() || stopping_)
            return false;
        if (stale_)
        {
            notice();
            return false;
        }
        if (draw_.below(2) == 0 && spend(&schedule::crashes))
        {
            die("crashes at its end");
            return false;
        }
        if (draw_.below(2) == 0 && spend(&schedule::stops))
        {
            stopping_ = true;
            return false;
        }
        return true;
    }

    void check_end()
    {
        require(dispatcher_->settled() == units(), units(), "the end is reached, and not all is settled");
        std::vector<std::uint32_t> times(units());
        for (const auto& r : wal_)
            if (r.what == kind::unit)
                ++times[r.value];
        for (unit_no no = 0; no < units(); ++no)
        {
            const auto& u = units_[no];
            require(times[no] <= 1, no, "committed twice");
            const int ends = (u.committed != nowhere) + (u.edited != nowhere) + (u.refused != nowhere);
            require(ends > 0, no, "never done");
            require(u.committed == nowhere || u.content == content_of(no, store_.recorded->log), no,
                    "committed otherwise than the plan and its changes say");
            require(ends < 2, no, "committed though it was refused or met a foreign edit");
            const auto& unit = plan_[no].unit;
            for (std::size_t i = 0; i < unit.after_count; ++i)
                require(place_of(unit.after[i]) < place_of(no), no, "in the log before a unit that it names");
        }
        // Around a barrier: all earlier units before it, all later ones behind it.
        std::int32_t last = nowhere;
        for (unit_no no = 0; no < units(); ++no)
        {
            require(!plan_[no].unit.barrier || place_of(no) > last, no, "a barrier in the log before an earlier unit");
            last = std::max(last, place_of(no));
        }
        auto next = static_cast<std::int32_t>(wal_.size());
        for (unit_no no = units(); no-- > 0;)
        {
            require(!plan_[no].unit.barrier || place_of(no) < next, no, "a barrier in the log behind a later unit");
            next = std::min(next, place_of(no));
        }
    }

    void require(bool holds, unit_no no, const char* rule)
    {
        if (!holds) [[unlikely]]
            fail(fmt::format("unit {}: {}", no, rule));
    }

    [[noreturn]] void fail(const std::string& why)
    {
        note([&] { return "VIOLATION: " + why; });
        throw violation(why);
    }

    template <typename Line>
    void note(Line line)
    {
        if (tracing_) [[unlikely]]
            trace_.push_back(line());
    }

    const schedule what_;
    const mistake wrong_;
    totals& sum_;
    const bool tracing_;
    random draw_;
    schedule left_;  ///< What may still happen.
    std::uint64_t steps_ = 0;
    std::vector<std::string> trace_;

    std::vector<planned> plan_;

    std::vector<record> wal_;
    std::size_t durable_ = 0;  ///< Records that no failover takes away.
    std::vector<unit_state> units_;
    memory_ledger::server store_;
    std::vector<memory_ledger::state> written_;  ///< What it was after each of its changes; first, what it began with.
    std::vector<call> calls_;                    ///< Of the process and of dead ones.
    std::vector<std::uint64_t> refusing_;        ///< The process of which attempts of the unit are refused.

    std::optional<run::dispatcher> dispatcher_;
    std::vector<worker> workers_;
    std::uint64_t process_ = 0;
    std::shared_ptr<memory_ledger> ledger_;
    std::int64_t epoch_ = 0;
    std::int64_t entries_ = 0;
    control_log log_;                     ///< As the process knows it.
    std::vector<std::uint64_t> content_;  ///< Of the units that it has planned.
    unit_no first_ = 0, next_ = 0, lowest_ = 0, suspect_below_ = 0;
    std::uint64_t skipped_ = 0;
    std::vector<bool> settled_, found_, doubted_, refused_before_;
    bool stale_ = false;     ///< The server is another one, and the process does not know.
    bool stopping_ = false;  ///< Nothing is planned any more.
};

/// What goes wrong in a schedule; empty when nothing does.
std::string trouble_of(const schedule& s, mistake wrong, totals& sum)
{
    try
    {
        world(s, wrong, sum).run();
    }
    catch (const violation& found)
    {
        return found.what();
    }
    return {};
}

/// A failing schedule of the same kind that is smaller in no respect any more.
schedule shrunk(schedule s, mistake wrong)
{
    constexpr std::uint64_t tries = 300;
    totals ignored;
    // Another number makes another schedule: the smaller parameters get some seeds to fail with.
    const auto still_fails = [&](schedule candidate)
    {
        for (std::uint64_t i = 0; i < tries; ++i, ++candidate.seed)
            if (!trouble_of(candidate, wrong, ignored).empty())
                return std::optional(candidate);
        return std::optional<schedule>();
    };
    for (bool better = true; better;)
    {
        better = false;
        for (const auto& d : dimensions)
            for (auto value = d.least; value < s.*d.value; value += (s.*d.value - value + 1) / 2)
            {
                auto candidate = s;
                candidate.*d.value = value;
                if (const auto found = still_fails(candidate))
                {
                    s = *found;
                    better = true;
                    break;
                }
            }
    }
    return s;
}

std::vector<std::string> trace_of(const schedule& s, mistake wrong)
{
    totals ignored;
    world w(s, wrong, ignored, true);
    try
    {
        w.run();
    }
    catch (const violation&)
    {
    }
    return w.trace();
}

/// All that is needed to understand a failure.
std::string story(const schedule& failed, mistake wrong)
{
    totals ignored;
    const auto small = shrunk(failed, wrong);
    auto text = fmt::format("found with   {}\n             {}\nsmallest     {}\n             {}\n", describe(failed),
                            trouble_of(failed, wrong, ignored), describe(small), trouble_of(small, wrong, ignored));
    for (const auto& line : trace_of(small, wrong))
        text += line + "\n";
    return text;
}

std::uint64_t schedules()
{
    auto count = test::tries(60'000);
    if (const char* asked = std::getenv("BAZAARD_SCHEDULES"))
        std::from_chars(asked, asked + std::strlen(asked), count);
    return count;
}

TEST(ExactlyOnce, HoldsUnderRandomSchedules)
{
    const auto count = schedules();
    const auto begin = std::chrono::steady_clock::now();
    totals sum;
    for (std::uint64_t seed = 0; seed < count; ++seed)
    {
        const auto s = drawn(seed);
        const auto trouble = trouble_of(s, mistake::none, sum);
        ASSERT_EQ(trouble, "") << story(s, mistake::none);
    }
    const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    fmt::print(
        "{} schedules in {:.1f} s: {:.0f} a second, {} steps each\n"
        "{} processes, {} after a clean stop; {} crashes, {} failovers that lost {} records, {} noticed\n"
        "{} calls nobody heard, {} refused by their epoch, {} waited for at a take-over, {} behind an earlier attempt\n"
        "{} units found done, {} in doubt, {} busy, {} refused, {} skipped, {} foreign, {} replays by suspicion, {} "
        "changes of the plan, {} removals, {} marks for them\n"
        "{} entries on their way at a crash, {} of them written; {} writes refused by the ledger\n",
        count, took, static_cast<double>(count) / took, sum.steps / count, sum.processes, sum.clean, sum.crashes,
        sum.failovers, sum.lost, sum.noticed, sum.late, sum.fenced, sum.waited_for, sum.waits, sum.found, sum.doubts,
        sum.busy, sum.refused, sum.skipped, sum.foreign, sum.extended, sum.steered, sum.removed, sum.marked,
        sum.left_entries, sum.late_entries, sum.fenced_writes);
    for (const auto happened :
         {sum.crashes,    sum.failovers,    sum.lost,         sum.noticed,      sum.late,    sum.fenced,
          sum.waited_for, sum.waits,        sum.found,        sum.doubts,       sum.busy,    sum.refused,
          sum.skipped,    sum.foreign,      sum.extended,     sum.unclean,      sum.steered, sum.removed,
          sum.marked,     sum.left_entries, sum.late_entries, sum.fenced_writes})
        EXPECT_GT(happened, count / 1000) << "the schedules do not try everything";
    EXPECT_GT(sum.clean, count + count / 1000) << "the first process of a run counts as clean";
}

/// Each thing done wrong breaks a promise, within a few thousand schedules.
class Mistake : public testing::Test
{
protected:
    static void expect_found(mistake wrong)
    {
        constexpr std::uint64_t enough = 5000;
        totals sum;
        for (std::uint64_t seed = 0; seed < enough; ++seed)
        {
            const auto trouble = trouble_of(drawn(seed), wrong, sum);
            if (trouble.empty())
                continue;
            fmt::print("schedule {}: {}\n", seed, trouble);
            return;
        }
        ADD_FAILURE() << "nothing was found in " << enough << " schedules";
    }
};

TEST_F(Mistake, NoReplaysAfterACrash)
{
    expect_found(mistake::no_replays);
}

// Units without a row of their own may lie anywhere in the window above what is seen, and the first of them is sent
// before any unit was found done: the dispatcher cannot know better.
TEST_F(Mistake, NoWindowBehindWhatTheRowsShow)
{
    expect_found(mistake::no_window);
}

TEST_F(Mistake, AWindowOneUnitTooShort)
{
    expect_found(mistake::window_too_short);
}

TEST_F(Mistake, TheMarkIsOneAhead)
{
    expect_found(mistake::mark_ahead);
}

TEST_F(Mistake, ADoubtIsForgotten)
{
    expect_found(mistake::doubt_forgotten);
}

// A unit of a dead process alone does no harm, it is below the replays. But it may be refused meanwhile, and a late
// mark may say "clean".
TEST_F(Mistake, CallsOfADeadProcessGoOn)
{
    expect_found(mistake::no_take_over);
}

TEST_F(Mistake, RefusalsAreForgotten)
{
    expect_found(mistake::refusals_forgotten);
}

// One process commits units up to W ahead and dies; the next one is stopped before it came to them. The mark of the
// latter does not say that nothing above it was ever sent.
TEST_F(Mistake, AStopIsCleanAmongUnitsSentBefore)
{
    expect_found(mistake::clean_too_early);
}

// A change of the plan among units that may have been sent: they are there in their old shape.
TEST_F(Mistake, ThePlanChangesAmongUnitsSentBefore)
{
    expect_found(mistake::steered_too_early);
}

// The design's rule: a delete waits until the mark has passed the rows that it removes.
TEST_F(Mistake, WhatAUnitWroteIsRemovedBeforeTheMarkHasPassedIt)
{
    expect_found(mistake::removed_too_early);
}

TEST_F(Mistake, TheBoundOfWhatWasSentIsTooLow)
{
    expect_found(mistake::bound_too_low);
}

// The process goes on as its entry says, and dies before that is durable: the next one plans otherwise.
TEST_F(Mistake, AnEntryOfTheLedgerIsDurableTooLate)
{
    expect_found(mistake::entry_late);
}

TEST_F(Mistake, TheMarkOfTheLedgerRunsAhead)
{
    expect_found(mistake::mark_runs_ahead);
}

// Units of the dead process are refused by their epoch as they should be; its entries and its mark are not.
TEST_F(Mistake, TheLedgerDoesNotNoticeThatTheLeaseIsLost)
{
    expect_found(mistake::lease_lost);
}

TEST_F(Mistake, TheLedgerWritesToAnotherServer)
{
    expect_found(mistake::mark_anywhere);
}

TEST(ExactlyOnce, AFailureIsMadeSmallAndTold)
{
    totals sum;
    std::uint64_t seed = 0;
    while (trouble_of(drawn(seed), mistake::clean_too_early, sum).empty())
        ASSERT_LT(++seed, 5000U);
    const auto small = shrunk(drawn(seed), mistake::clean_too_early);
    EXPECT_NE(trouble_of(small, mistake::clean_too_early, sum), "");
    EXPECT_EQ(trouble_of(small, mistake::none, sum), "");
    EXPECT_LE(small.units, 6U) << describe(small);
    EXPECT_EQ(small.failovers + small.refusals + small.edits + small.busy, 0U) << describe(small);
    EXPECT_GT(small.stops, 0U);
    const auto told = story(drawn(seed), mistake::clean_too_early);
    EXPECT_NE(told.find("VIOLATION"), std::string::npos);
    if (std::getenv("BAZAARD_TELL") != nullptr)
        fmt::print("{}", told);
}

TEST(ExactlyOnce, ASeedIsASchedule)
{
    totals sum;
    for (std::uint64_t seed = 0; seed < 20; ++seed)
        EXPECT_EQ(trace_of(drawn(seed), mistake::none), trace_of(drawn(seed), mistake::none));
}

}  // namespace
}  // namespace bazaar
