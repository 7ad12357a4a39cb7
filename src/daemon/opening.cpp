#include "bazaar/daemon/opening.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "bazaar/base/duration.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/daemon/card.hpp"
#include "bazaar/daemon/chosen.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/program.hpp"
#include "bazaar/run/load_plan.hpp"
#include "daemon/run_log.hpp"

namespace bazaar::daemon
{
namespace
{

/// Two machines' clocks may be so far apart: a start in the near future is waited for.
constexpr auto skew_max = std::chrono::minutes(1);

/// `given` is a flag with its value, or a place in a card.
void check_start(time start, time now, error_kind kind, const std::string& given)
{
    if (start > now + skew_max)
        throw error(kind, fmt::format("{}: lies in the future of the database, where it is {}; rows never do", given,
                                      to_string(now)));
    if (start < scenario::start_min)
        throw error(kind, fmt::format("{}: no run begins before {}", given, to_string(scenario::start_min)));
}

void check_start(const settings& opts, time now)
{
    if (opts.start)
        check_start(*opts.start, now, error_kind::usage, fmt::format("--start-time {}", to_string(*opts.start)));
}

/// Sets the clock by the server's, three times: the quickest answer says most.
void read_clock(run::ledger& to, run::reference_clock& clock)
{
    for (int i = 0; i < 3; ++i)
    {
        const auto sent = run::reference_clock::steady();
        const auto shown = to.now();
        clock.sync(shown, sent, run::reference_clock::steady());
    }
}

constexpr std::string_view ways_to_restore =
    "restore the schemas \"{0}\" and \"bazaard\" together, from one backup; or remove what is left of the run with "
    "bazaard "
    "reset --run {1}; or begin another with --run NEW, or in another schema with --db-schema";

/// After a clean stop no unit from the mark on was sent: rows of one mean that the record is an older one.
void check_not_older(const settings& opts, run::ledger& to, const scenario::scenario& shop, const run::record& recorded)
{
    if (!recorded.clean)
        return;
    const auto highest = to.highest_unit(recorded, shop);
    if (!highest || *highest < recorded.settled)
        return;
    // Another process may have gone on with it since.
    const auto now = to.load(opts.run);
    if (!now || !now->clean || now->settled != recorded.settled)
        return;
    throw error(
        error_kind::config,
        fmt::format("run {} of schema {} has rows of unit {}, and its record in the schema bazaard ends at unit "
                    "{}: it is older than the rows; {}",
                    opts.run, opts.schema, *highest, recorded.settled,
                    fmt::format(fmt::runtime(ways_to_restore), opts.schema, opts.run)));
}

/// Makes a run where there is none: T0, run row, initial rows, the log of its card. Nothing when another process was faster.
bool begin_run(const settings& opts, run::ledger& to, const stage& made, const run::record& fresh,
               const run::holder& by)
{
    check_no_rows(opts, to, *made.shop);
    try
    {
        to.begin(fresh, *made.shop, by);
    }
    catch (const error& problem)
    {
        if (problem.kind() == error_kind::config && to.load(opts.run))
            return false;
        throw;
    }
    log(process::log_level::info, "run", fmt::format("new run {} in schema {}", fresh.run, fresh.schema),
        {{"seed", fresh.seed}, {"start", to_string(fresh.start)}});
    return true;
}

/// The planner as the saved plan of the run has it, if that can be used.
run::restored_plan saved_state(const settings& opts, run::ledger& to, const scenario::scenario& shop,
                               const run::record& recorded)
{
    const auto program = opts.plan_cache ? process::program_number() : std::nullopt;
    const auto bytes = program ? to.kept_plan() : std::nullopt;
    if (!bytes)
        return {};
    auto saved = run::restore_plan(shop, recorded, *bytes, *program);
    if (saved.plan)
        log(process::log_level::info, "plan",
            fmt::format("the plan goes on from unit {}, as it was saved", saved.plan->next_no()));
    else
        log(process::log_level::info, "plan",
            fmt::format("the saved plan {}: the run is planned again from its beginning", saved.why_not));
    return saved;
}

/// One try to open a run: it is found, then taken, then gone on with.
class attempt
{
public:
    attempt(const settings& opts, run::ledger& to, run::reference_clock& clock, const run::holder& by,
            const std::stop_token& stop)
        : opts_(opts), to_(to), clock_(clock), by_(by), stop_(stop)
    {
    }

    /// Nothing if it was stopped.
    std::unique_ptr<opened_run> open()
    {
        if (!find())
            return nullptr;
        if (auto over = ended())
            return over;
        return take() ? go_on() : nullptr;
    }

private:
    /// Makes what is not there yet. False: stopped.
    bool find()
    {
        // What is wrong with settings, seed files and card is told before anything connects.
        seed_ = opts_.seed ? *opts_.seed : random_seed();
        made_ = opts_.card.empty() ? stage_of(opts_, seed_) : make_stage(read_card(opts_.card), opts_.seed_dir);
        if (!to_.ready(stop_))
            return false;
        rights_ = to_.check_rights(scenario_of_run(to_, opts_).tables);
        // Before a row is read: whatever the server forgets from now on is noticed.
        to_.trust();
        read_clock(to_, clock_);
        check_start(opts_, clock_.now());
        const auto peer = to_.other_end();
        log(process::log_level::info, "connected", fmt::format("connected to {}", peer.where),
            {{"server_version", peer.version}, {"tls", peer.tls.empty() ? "off" : peer.tls}});
        if (const auto there = to_.load(opts_.run))
        {
            // Its tables may be without indexes.
            if (const auto load = run::load_state::of(there->log); load && there->settled < load->seam)
                throw error(error_kind::config,
                            fmt::format("run {} of schema {} is not loaded to its end: bazaard load finishes that, "
                                        "bazaard reset removes the run",
                                        opts_.run, opts_.schema));
            take_recorded(opts_, *there, made_);
        }
        refuse_two_targets(*made_.shop);
        if (to_.prepare(*made_.shop))
            log(process::log_level::info, "schema",
                fmt::format("schema {} is made, with its static data", opts_.schema));
        recorded_ = to_.load(opts_.run);
        return true;
    }

    /// The run, if it has come to its end already. Otherwise what was planned for this is kept.
    std::unique_ptr<opened_run> ended()
    {
        if (!recorded_)
            return nullptr;
        check_same(opts_, *recorded_);
        check_not_older(opts_, to_, *made_.shop, *recorded_);
        if (!recorded_->clean || !opts_.ticks_max)
            return nullptr;
        known_ = make_stage(*recorded_, opts_.seed_dir);
        saved_ = saved_state(opts_, to_, *known_.shop, *recorded_);
        auto open = std::make_unique<opened_run>(std::move(known_), *recorded_, epoch_, std::move(saved_));
        open->walk.forward_to(open->recorded.settled);
        open->done = open->planner->ticks() >= *opts_.ticks_max;
        if (open->done)
            return open;
        known_ = std::move(open->made);
        saved_ = {std::move(open->planner), open->walk.steps(), {}};
        return nullptr;
    }

    /// Begins the run if there is none, or takes its lease. False: stopped.
    bool take()
    {
        if (!recorded_)
        {
            const auto fresh = planned_record(opts_, *made_.shop, seed_, clock_.now(),
                                              [this] { return stop_.stop_requested(); });
            if (stop_.stop_requested())
                return false;
            if (begin_run(opts_, to_, made_, fresh, by_))
                return true;
        }
        resumed_ = true;
        const auto taken = to_.take({by_, std::chrono::seconds(10), opts_.wait, stop_,
                                     [](const std::string& line) { log(process::log_level::info, "lease", line); }});
        if (!taken)
            return false;
        epoch_ = taken->epoch;
        clean_ = taken->clean;
        return true;
    }

    /// Nobody else writes to it now.
    std::unique_ptr<opened_run> go_on()
    {
        const auto before = std::exchange(recorded_, to_.load(opts_.run));
        if (!recorded_)
            throw error(error_kind::config,
                        fmt::format("run {} of schema {} is not there any more", opts_.run, opts_.schema));
        if (resumed_)
            check_same(opts_, *recorded_);
        recorded_->clean = clean_;
        run::last_inserts::ends ends;
        if (resumed_)
        {
            // What was planned before holds if it is still the same run.
            const bool holds = saved_.plan && of_same_plan(*before, *recorded_) &&
                               before->log.size() <= recorded_->log.size() && before->settled <= recorded_->settled;
            made_ = holds ? std::move(known_) : make_stage(*recorded_, opts_.seed_dir);
            if (!holds)
                saved_ = saved_state(opts_, to_, *made_.shop, *recorded_);
            ends = to_.last_rows(*recorded_, *made_.shop);
            if (saved_.plan && run::last_inserts(*made_.shop).doubtful(ends, *recorded_))
            {
                log(process::log_level::info, "plan",
                    fmt::format("{}: the run is planned again to be sure",
                                run::last_inserts::names_unit(ends) ? "rows that should be there are not"
                                                                    : "no key says how far the run has come"));
                saved_ = {};
            }
        }
        auto open = std::make_unique<opened_run>(std::move(made_), std::move(*recorded_), epoch_, std::move(saved_));
        open->resumed = resumed_;
        open->ends = std::move(ends);
        open->current = steered(open->shop(), open->recorded.log);
        // Units below may have been sent before. Those without a row that names them may lie behind it; the runner finds them.
        const auto highest = resumed_ && !clean_ ? to_.highest_unit(open->recorded, open->shop()) : std::nullopt;
        if (resumed_ && !clean_)
            open->replay_below = std::max(open->recorded.settled, highest ? *highest + 1 : 0) + open->recorded.window;
        tell_rights(opts_, rights_);
        return open;
    }

    const settings& opts_;
    run::ledger& to_;
    run::reference_clock& clock_;
    const run::holder& by_;
    const std::stop_token& stop_;

    std::uint64_t seed_ = 0;
    stage made_;  ///< Of the flags or of the card; then of the run.
    run::rights rights_;
    std::optional<run::record> recorded_;
    stage known_;               ///< Of the run as it was before its lease was had,
    run::restored_plan saved_;  ///< and how far it was planned.
    bool resumed_ = false;
    std::int64_t epoch_ = 1;
    bool clean_ = false;
};

}  // namespace

std::string new_session_name(std::string_view run)
{
    return fmt::format("bazaard/{}/{:08x}", run, static_cast<std::uint32_t>(random_seed()));
}

run::holder holder_of_this_process(const std::string& session_name)
{
    char host[256] = {};
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    return {fmt::format("process {} on {}", getpid(), host), session_name};
}

run::record planned_record(const settings& opts, const scenario::scenario& shop, std::uint64_t seed, time now,
                           const std::function<bool()>& stopped)
{
    if (!opts.card.empty())
    {
        auto copy = read_card(opts.card);
        check_start(copy.start, now, error_kind::data,
                    fmt::format("{}: \"start\" {}", opts.card, to_string(copy.start)));
        copy.schema = opts.schema;
        copy.settled = 0;
        // What was loaded there is not here.
        std::erase_if(copy.log, [](const model::control& entry) { return entry.what == model::control::kind::load; });
        return copy;
    }
    auto fresh = new_record(opts, seed, shop);
    const bool ends_now = opts.unpaced || opts.loads;
    fresh.start = now - past_of(opts, shop);
    if (!opts.start && !opts.history)
    {
        if (ends_now && opts.ticks_max)
            fresh.start = start_to_end_at(shop, *opts.ticks_max, now, stopped);
        return fresh;
    }
    fresh.start = opts.start ? *opts.start : now - *opts.history;
    const auto given = opts.start ? fmt::format("--start-time {}", to_string(*opts.start))
                                  : fmt::format("--history {}", to_string(*opts.history));
    check_start(fresh.start, now, error_kind::usage, given);
    if (const auto why = shop.ends_within(now - fresh.start, opts.ticks_max); !why.empty())
        throw error(error_kind::usage, fmt::format("{}: {}", given, why));
    return fresh;
}

void check_same(const settings& opts, const run::record& recorded)
{
    if (recorded.removing)
        throw error(error_kind::config,
                    fmt::format("run {} of schema {} is being removed: finish that with bazaard reset, "
                                "or begin another with --run NEW",
                                opts.run, opts.schema));
    const auto made = make_stage(recorded, opts.seed_dir);
    std::vector<std::string> refused;
    static_cast<void>(changes_of(opts, recorded, steered(*made.shop, recorded.log), refused));
    if (!opts.card.empty() && !of_same_plan(read_card(opts.card), recorded))
        refused.push_back(
            fmt::format("--card {}: run {} is there and is another one; choose another schema with --db-schema, "
                        "or remove it with bazaard reset",
                        opts.card, recorded.run));
    if (!refused.empty())
        throw error(error_kind::config, std::move(refused));
}

void check_no_rows(const settings& opts, run::ledger& to, const scenario::scenario& shop)
{
    // Another run with its tag is reported when this one is made; and one that was begun in the meantime is continued.
    const auto left = to.leftovers(shop, run_tag(opts.run));
    if (left.empty())
        return;
    throw error(
        error_kind::config,
        fmt::format("schema {0} has rows of a run {1} (tables {2}), and the record of that run is gone from the "
                    "schema bazaard: nothing was changed; restore both schemas together, from one backup; or "
                    "begin another run with --run NEW, or in another schema with --db-schema; or drop the "
                    "schema {0}",
                    opts.schema, opts.run, fmt::join(left, ", ")));
}

opened_run::opened_run(stage from, run::record what, std::int64_t lease, run::restored_plan saved)
    : made(std::move(from)),
      recorded(std::move(what)),
      epoch(lease),
      current(made.shop->configuration()),
      ids(recorded.tag, recorded.seed, made.shop->tables()),
      planner(saved.plan ? std::move(saved.plan) : made.shop->plan(recorded.start)),
      walk(*planner, recorded, saved.steps),
      seen(*made.shop)
{
    for (const auto& entry : recorded.log)
        if (entry.what == model::control::kind::reject)
            rejected.push_back(entry.unit);
}

std::unique_ptr<opened_run> open_run(const settings& opts, run::ledger& to, run::reference_clock& clock,
                                     const run::holder& by, const std::stop_token& stop)
{
    for (;;)
    {
        to.forget();
        try
        {
            return attempt(opts, to, clock, by, stop).open();
        }
        catch (const run::not_now& problem)
        {
            // The way there broke: `ready` waits for the server, and ends the waiting in time.
            if (!problem.link_lost() || stop.stop_requested())
                throw;
        }
        catch (const run::history_lost& problem)
        {
            log(process::log_level::warning, "server", problem.what());
        }
    }
}

void opened_run::plan_to(unit_no no)
{
    while (planner->next_no() < no && !planner->done())
        seen.see(walk.next());
    walk.catch_up();
}

void opened_run::check_rows() const
{
    if (!resumed)
        return;
    auto lines = seen.missing(ends, recorded);
    // What `check_not_older` cannot know of keys that do not name their unit.
    if (const auto highest = recorded.clean ? seen.beyond(ends, recorded, *planner, walk.steps()) : std::nullopt)
        lines.push_back(fmt::format("rows of unit {} are there, and the record of run {} ends at unit {}", *highest,
                                    recorded.run, recorded.settled));
    if (lines.empty())
        return;
    lines.push_back(
        fmt::format("nothing was changed: tables were emptied, or restored from another time than the record of "
                    "the run; {}",
                    fmt::format(fmt::runtime(ways_to_restore), recorded.schema, recorded.run)));
    throw error(error_kind::config, std::move(lines));
}

scenario::settings steered(const scenario::scenario& shop, std::span<const model::control> log)
{
    auto current = shop.configuration();
    for (const auto& entry : log)
        if (entry.what == model::control::kind::set)
            current.set(entry.field, entry.value);
    return current;
}

asked_settings with_settings(const settings& before, std::span<const std::pair<std::string, std::string>> settings)
{
    asked_settings made{before, before, {}};
    made.only.seed.reset();
    made.only.start.reset();
    made.only.given.clear();
    made.only.given_settings.clear();
    const auto fields = before.configuration.fields();
    std::vector<std::string_view> names;
    for (const auto& field : fields)
        if (field.steerable)
            names.push_back(field.name);
    for (const auto& [key, text] : settings)
    {
        const auto field = std::ranges::find(fields, key, &scenario::field::name);
        if (field == fields.end())
        {
            made.wrong.push_back(
                fmt::format("{}: there is nothing of this name; what can be set: {}", key, fmt::join(names, ", ")));
            continue;
        }
        const auto number = static_cast<std::size_t>(field - fields.begin());
        if (const auto wrong = made.only.configuration.set(number, text); !wrong.empty())
        {
            made.wrong.push_back(fmt::format("{}={}: {}", key, text, wrong));
            continue;
        }
        static_cast<void>(made.all.configuration.set(number, text));
        made.all.given_settings[key] = text;
        made.only.given_settings[key] = text;
    }
    return made;
}

std::vector<model::control> changes_of(const settings& opts, const run::record& recorded,
                                       const scenario::settings& current, std::vector<std::string>& refused)
{
    std::vector<model::control> changes;
    auto of_another = misfits(opts, recorded);
    refused.insert(refused.end(), of_another.begin(), of_another.end());
    const auto refuse = [&](std::string_view flag, std::string_view given, std::string_view is)
    {
        refused.push_back(
            fmt::format("--{} {}: run {} has {}, and that cannot change; leave the flag out, begin another "
                        "run with --run NEW, or remove this one with bazaard reset",
                        flag, given, recorded.run, is));
    };
    if (opts.seed && *opts.seed != recorded.seed)
        refuse("seed", std::to_string(*opts.seed), std::to_string(recorded.seed));
    if (opts.start && *opts.start != recorded.start)
        refuse("start-time", to_string(*opts.start), to_string(recorded.start));
    if (opts.is_given("window") && opts.window != recorded.window)
        refuse("window", std::to_string(opts.window), std::to_string(recorded.window));
    if (opts.chosen->name != recorded.scenario)
        return changes;
    for (const auto& [name, text] : opts.given_settings)
    {
        const auto number = current.find(name);
        if (opts.configuration.printed(number) == current.printed(number))
            continue;
        if (!current.fields()[number].steerable)
        {
            refuse(name, text, current.printed(number));
            continue;
        }
        model::control entry;
        entry.what = model::control::kind::set;
        entry.field = static_cast<std::uint16_t>(number);
        entry.value = opts.configuration.number(name);
        changes.push_back(entry);
    }
    return changes;
}

}  // namespace bazaar::daemon
