#include "bazaar/postgres/gateway.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/run/sink.hpp"

namespace bazaar::postgres
{
namespace
{

using namespace std::chrono_literals;

constexpr auto backoff_base = 100ms;
constexpr auto backoff_floor = 50ms;  ///< Full jitter can draw next to nothing.
constexpr auto backoff_cap = 5000ms;
constexpr auto reminder = 60s;
constexpr auto lost_interval = 5s;
constexpr auto way_given = 1s;

constexpr std::size_t index(session_use use)
{
    return static_cast<std::size_t>(use);
}

double in_seconds(std::chrono::steady_clock::duration d)
{
    return std::chrono::duration<double>(d).count();
}

}  // namespace

/// Whose default_transaction_read_only it is, where the options of the connection say so.
constexpr std::string_view of_session = "session";

/// Standby; read-only; commits that wait for a synchronous standby: nobody who may be one is connected, or a session of ours
/// has been waiting for one. Who may not see the state of a standby takes it for one.
constexpr const char* mode_sql =
    "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only') = 'on', "
    "pg_catalog.current_setting('synchronous_commit') NOT IN ('off', 'local') AND "
    "pg_catalog.current_setting('synchronous_standby_names') <> '' AND (NOT EXISTS (SELECT FROM "
    "pg_catalog.pg_stat_replication WHERE coalesce(sync_state, 'sync') <> 'async') OR EXISTS (SELECT FROM "
    "pg_catalog.pg_stat_activity WHERE usename = current_user AND wait_event = 'SyncRep' AND query_start < "
    "pg_catalog.clock_timestamp() - interval '5 s')), "
    "pg_catalog.current_setting('synchronous_standby_names'), "
    "(SELECT CASE source WHEN 'database' THEN 'database' WHEN 'user' THEN 'role' WHEN 'database user' THEN 'role in "
    "this "
    "database' WHEN 'client' THEN 'session' ELSE 'server' END FROM pg_catalog.pg_settings "
    "WHERE name = 'default_transaction_read_only')";

std::string life_sql(bool whole)
{
    const std::string started = "pg_catalog.pg_postmaster_start_time()::text, ";
    if (!whole)
        return "'', '', " + started + "''";
    return "(SELECT s.system_identifier::text FROM pg_catalog.pg_control_system() s), "
           "substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_flush_lsn()), 1, 8), " +
           started + "coalesce(pg_catalog.pg_last_wal_replay_lsn()::text, '')";
}

server_life life_of(const result& rows, int row, int first_column)
{
    server_life life;
    life.system = rows.get(row, first_column);
    life.timeline = rows.get(row, first_column + 1);
    life.started = rows.get(row, first_column + 2);
    life.recovered = rows.get(row, first_column + 3);
    return life;
}

std::string lost_commits(const server_life& before, const server_life& now)
{
    const auto differ = [](const std::string& a, const std::string& b) { return !a.empty() && !b.empty() && a != b; };
    if (differ(before.system, now.system))
        return fmt::format("another database cluster answers now (system identifier {}, was {})", now.system,
                           before.system);
    if (differ(before.timeline, now.timeline))
        return fmt::format("the server is on timeline {} now, was on {}: a standby was promoted, or a backup restored",
                           now.timeline, before.timeline);
    if (differ(before.started, now.started))
        return "the server was started again, and may have forgotten commits";
    // Empty after a start without recovery.
    if (!before.started.empty() && before.recovered != now.recovered)
        return "the server has recovered from a crash, and may have forgotten commits";
    return {};
}

gateway::gateway(connection_parameters to, options opts)
    : to_(std::move(to)),
      where_(describe(to_)),
      options_(std::move(opts)),
      patience_(options_.outage),
      // Spreads processes that lost the same server; no row hangs on it.
      jitter_(mix(static_cast<std::uint64_t>(clock::now().time_since_epoch().count()) ^
                  reinterpret_cast<std::uintptr_t>(this)))
{
}

void gateway::tell(bool good, const std::string& line) const
{
    if (options_.tell)
        options_.tell(good, line);
}

server_life gateway::read_life(session& on)
{
    for (;;)
    {
        const bool whole = whole_life_;
        const auto answer = on.try_exec("SELECT " + life_sql(whole), {});
        if (!answer.failed)
            return life_of(answer.value, 0, 0);
        const auto state = answer.failed->state();
        if (whole && (state == "42501" || state == "42883" || state == "0A000"))
        {
            whole_life_ = false;
            continue;
        }
        throw query_error(*answer.failed, explain(*answer.failed, on.where(), on.user()));
    }
}

void gateway::trust(session& on)
{
    auto life = read_life(on);
    const std::lock_guard lock(mutex_);
    trusted_ = std::move(life);
}

void gateway::forget()
{
    const std::lock_guard lock(mutex_);
    trusted_.reset();
}

void gateway::outage(patience limit)
{
    const std::lock_guard lock(mutex_);
    patience_ = limit;
    away_since_.reset();
}

void gateway::check(session& on)
{
    const auto now = read_life(on);
    const auto before = trusted();
    if (!before)
        return;
    if (const auto why = lost_commits(*before, now); !why.empty())
        throw run::history_lost(why);
}

run::buckets gateway::connect_times() const
{
    const std::lock_guard lock(mutex_);
    return connect_times_;
}

std::optional<server_life> gateway::trusted() const
{
    const std::lock_guard lock(mutex_);
    return trusted_;
}

/// A session that leads to a server which can be written to.
session gateway::open(const std::stop_token& stop)
{
    auto how = options_.link;
    how.opening_cut = stop;
    session made(to_, how);
    const auto mode = made.try_exec(mode_sql, {});
    auto problem = mode.failed;
    std::string line;
    if (!problem && mode.value.get(0, 0) != "t" && mode.value.get(0, 1) != "t" && mode.value.get(0, 2) == "t")
    {
        // Nothing else is wrong with the server, and it may be mended at any time: it counts as away.
        problem = failure{.at = phase::prepare, .link_lost = true, .message = "no synchronous standby"};
        line = fmt::format("PostgreSQL at {} cannot end a commit: it waits for a synchronous standby "
                           "(synchronous_standby_names is '{}'), and none answers; start the standby, or ALTER SYSTEM "
                           "SET synchronous_standby_names = '' and SELECT pg_reload_conf()",
                           made.where(), mode.value.get(0, 3));
    }
    else if (!problem && mode.value.get(0, 0) != "t" && mode.value.get(0, 1) == "t" &&
             mode.value.get(0, 4) == of_session)
        // Nobody but the caller can change that, and he does not while we run.
        throw error(error_kind::config,
                    fmt::format("default_transaction_read_only is on for our sessions alone at {}, by PGOPTIONS or the "
                                "options of --db-url: take it out there",
                                made.where()));
    else if (!problem && (mode.value.get(0, 0) == "t" || mode.value.get(0, 1) == "t"))
    {
        // As the server itself would say of the first write.
        problem = failure{
            .at = phase::prepare, .severity = "ERROR", .message = "cannot write in a read-only transaction"};
        std::string_view("25006").copy(problem->sqlstate.data(), 5);
        line = mode.value.get(0, 0) == "t"
                   ? fmt::format("the server at {} is read-only, as it is a standby [25006]; name the primary with "
                                 "--db-host",
                                 made.where())
                   : fmt::format("the server at {} is read-only by default_transaction_read_only, which is set for the "
                                 "{} [25006]: bazaard doctor says how to take it back; or name another with --db-host",
                                 made.where(), mode.value.get(0, 4));
    }
    if (problem)
    {
        if (problem->link_lost)
            problem->at = phase::prepare;  // Nothing was asked that could be in doubt.
        if (line.empty())
            line = explain(*problem, made.where(), made.user());
        throw query_error(*problem, line);
    }
    check(made);
    made.opened();
    return made;
}

std::optional<session> gateway::dial(const std::stop_token& stop, session_use use)
{
    std::unique_lock lock(mutex_);
    const auto leave = [&]
    {
        --wanting_[index(use)];
        if (first_ == use)
            first_.reset();
        changed_.notify_all();
    };
    ++wanting_[index(use)];
    try
    {
        auto made = dial(lock, stop, use);
        leave();
        return made;
    }
    catch (...)
    {
        leave();
        throw;
    }
}

/// Locked, but for the attempt itself.
std::optional<session> gateway::dial(std::unique_lock<std::mutex>& lock, const std::stop_token& stop, session_use use)
{
    for (;;)
    {
        const bool mine = changed_.wait(lock, stop, [&] { return !dialing_ && first_.value_or(use) == use; });
        if (!mine || stop.stop_requested())
            return std::nullopt;
        if (const auto due = next_try_; clock::now() < due)
        {
            changed_.wait_until(lock, stop, due, [&] { return next_try_ != due; });
            continue;
        }
        dialing_ = true;
        lock.unlock();
        const auto began = clock::now();
        std::exception_ptr failed;
        std::optional<session> made;
        try
        {
            made.emplace(open(stop));
        }
        catch (...)
        {
            failed = std::current_exception();
        }
        lock.lock();
        dialing_ = false;
        changed_.notify_all();
        if (made)
        {
            const auto took = std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - began);
            connect_times_.add(static_cast<std::uint64_t>(took.count()));
            came_back(use);
            return made;
        }
        try
        {
            std::rethrow_exception(failed);
        }
        catch (const query_error& problem)
        {
            if (stop.stop_requested())
                return std::nullopt;
            if (!mended_by_waiting(problem, clock::now()))
                throw;
            // A session that gave way takes a moment to be gone on the server.
            if (first_ == use && clock::now() < first_until_)
            {
                next_try_ = clock::now() + backoff_floor;
                continue;
            }
            first_.reset();
            stays_away(problem);
        }
    }
}

/// Locked.
void gateway::came_back(session_use use)
{
    ++counts_.connects;
    ++held_[index(use)];
    // Others go on waiting as they did.
    if (first_ == use && !away_since_)
        return;
    if (away_since_)
        tell(true,
             fmt::format("PostgreSQL is back after {:.1f} s: {}", in_seconds(clock::now() - *away_since_), where_));
    else if (tries_ > 0)
        tell(true, fmt::format("connected again: {} sessions", sessions()));
    connected_once_ = true;
    tries_ = 0;
    short_ = false;
    next_try_ = {};
    away_since_.reset();
    refused_since_.reset();
}

/// Locked.
bool gateway::mended_by_waiting(const query_error& problem, clock::time_point now)
{
    const auto state = problem.cause().state();
    if (state != "28P01" && state != "28000")
    {
        refused_since_.reset();
        const auto what = classify(problem.cause()).what;
        return what == action::transient || what == action::in_doubt;
    }
    // A password that is being changed, a role that is made anew: it worked before.
    if (!connected_once_)
        return false;
    if (!refused_since_)
        refused_since_ = now;
    return now - *refused_since_ < options_.login_grace;
}

/// Locked. One line when it begins, then one a minute.
void gateway::stays_away(const query_error& problem)
{
    const auto now = clock::now();
    ++counts_.failed;
    const bool first = tries_ == 0;
    short_ = true;
    if (sessions() == 0 && !away_since_)
        away_since_ = now;
    if (away_since_ && patience_.limit && now - *away_since_ >= *patience_.limit)
        throw error(patience_.kind, patience_.limit->count() == 0
                                        ? std::string(problem.what())
                                        : fmt::format("{} (waited for {:.0f} s: --{})", problem.what(),
                                                      in_seconds(now - *away_since_), patience_.flag));
    if (first || now - told_ >= reminder)
    {
        told_ = now;
        if (sessions() == 0)
            tell(false, fmt::format("{}; trying again{}", problem.what(),
                                    first ? "" : fmt::format(", for {:.0f} s now", in_seconds(now - *away_since_))));
        else
            tell(false, fmt::format("no further session, going on with {}: {}", sessions(), problem.what()));
    }
    const auto reach = std::min<std::chrono::milliseconds>(backoff_cap, backoff_base * (1 << std::min(tries_, 10)));
    const auto draw = jitter_.below(static_cast<std::uint64_t>(reach.count()) + 1);
    next_try_ = now + std::max(backoff_floor, std::chrono::milliseconds(static_cast<std::int64_t>(draw)));
    ++tries_;
}

bool gateway::away() const
{
    const std::lock_guard lock(mutex_);
    return away_since_.has_value();
}

int gateway::open_sessions() const
{
    const std::lock_guard lock(mutex_);
    return sessions();
}

bool gateway::dialing() const
{
    const std::lock_guard lock(mutex_);
    return dialing_;
}

void gateway::closed(session_use use)
{
    const std::lock_guard lock(mutex_);
    --held_[index(use)];
    if (first_ && *first_ != use)
        next_try_ = {};
    changed_.notify_all();
}

bool gateway::gives_way(session_use use)
{
    if (!short_)
        return false;
    const std::lock_guard lock(mutex_);
    const auto other = use == session_use::units ? session_use::records : session_use::units;
    if (first_ || held_[index(other)] > 0 || wanting_[index(other)] == 0)
        return false;
    first_ = other;
    first_until_ = clock::now() + way_given;
    return true;
}

void gateway::lost(std::string_view why, session_use use)
{
    const std::lock_guard lock(mutex_);
    const auto now = clock::now();
    ++counts_.lost;
    --held_[index(use)];
    if (sessions() == 0 && !away_since_)
        away_since_ = now;
    ++lost_untold_;
    if (now - told_lost_ < lost_interval || options_.link.cut.stop_requested())
        return;
    tell(false,
         fmt::format("lost {}, {} left: {}", lost_untold_ == 1 ? "a session" : fmt::format("{} sessions", lost_untold_),
                     sessions(), why));
    told_lost_ = now;
    lost_untold_ = 0;
}

}  // namespace bazaar::postgres
