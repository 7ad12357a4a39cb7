#include "bazaar/postgres/lease.hpp"

#include <optional>
#include <thread>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/functions.hpp"

namespace bazaar::postgres
{
namespace
{

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto poll_interval = 200ms;
constexpr auto wait_reminder = 30s;

struct lease
{
    std::int64_t epoch = 0;
    std::string holder;
    std::string session_name;
    std::string renewed;  ///< Compared only with itself, so no two clocks are.
    bool sessions = false;
};

lease read_lease(session& on, const ownership& own)
{
    const auto tag = std::to_string(own.tag);
    const auto rows = on.exec(
        "SELECT l.epoch, l.holder, l.session_name, r.renewed_at::text, l.session_name <> '' AND EXISTS (SELECT FROM "
        "pg_catalog.pg_stat_activity AS a WHERE a.application_name = l.session_name) "
        "FROM bazaard.lease AS l JOIN bazaard.run AS r USING (schema_name, run) "
        "WHERE l.schema_name = $1 AND l.tag = $2::integer",
        {own.schema, tag});
    if (rows.rows() == 0)
        throw error(error_kind::config,
                    fmt::format("the run \"{}\" of schema \"{}\" is not there any more", own.run, own.schema));
    return {rows.number(0, 0), std::string(rows.get(0, 1)), std::string(rows.get(0, 2)), std::string(rows.get(0, 3)),
            rows.get(0, 4) == "t"};
}

/// Nothing when another process was faster.
std::optional<run::taken_lease> try_take(session& on, const ownership& own, const lease& seen, const run::holder& by)
{
    const auto key = std::to_string(lease_lock_key(own.schema));
    const auto tag = std::to_string(own.tag);
    const auto epoch = std::to_string(seen.epoch);
    transaction all(on);
    on.exec("SELECT pg_catalog.pg_advisory_xact_lock($1::integer, $2::integer)", {key, tag});
    const auto taken = on.exec(
        "UPDATE bazaard.lease SET epoch = epoch + 1, holder = $4, session_name = $5, taken_at = clock_timestamp() "
        "WHERE schema_name = $1 AND tag = $2::integer AND epoch = $3::bigint RETURNING epoch",
        {own.schema, tag, epoch, by.text, by.session_name});
    if (taken.rows() == 0)
        return std::nullopt;
    const auto before = on.exec("SELECT clean FROM bazaard.run WHERE schema_name = $1 AND run = $2 FOR UPDATE",
                                {own.schema, own.run});
    on.exec("UPDATE bazaard.run SET renewed_at = clock_timestamp(), clean = false WHERE schema_name = $1 AND run = $2",
            {own.schema, own.run});
    all.commit();
    return run::taken_lease{taken.number(0, 0), before.rows() > 0 && before.get(0, 0) == "t"};
}

/// Server processes that still write under an older epoch.
std::string writers(session& on, const ownership& own)
{
    const auto key = std::to_string(static_cast<std::uint32_t>(lease_lock_key(own.schema)));
    const auto tag = std::to_string(own.tag);
    return std::string(on.exec("SELECT coalesce(string_agg(DISTINCT pid::text, ', '), 'unknown') FROM "
                               "pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted AND "
                               "classid = $1::oid AND objid = $2::oid",
                               {key, tag})
                           .get(0, 0));
}

}  // namespace

std::optional<run::taken_lease> take_lease(session& on, const ownership& own, const run::lease_options& how)
{
    const auto tell = [&](const std::string& line)
    {
        if (how.tell)
            how.tell(line);
    };
    std::string watched;  // The state of the lease that is being waited for.
    auto since = clock::now();
    std::optional<clock::time_point> told;
    while (!how.stop.stop_requested())
    {
        const auto now = clock::now();
        const auto seen = read_lease(on, own);
        const bool ours = !how.by.session_name.empty() && seen.session_name == how.by.session_name;
        const auto state = fmt::format("{} {}", seen.epoch, seen.renewed);
        const bool free = seen.holder.empty() || ours || !seen.sessions;
        if (!free && watched.empty())
            watched = state;
        if (!free && state != watched)
        {
            if (!how.wait)
                throw error(
                    error_kind::temporary,
                    fmt::format("run {} of schema {} belongs to {}, which is alive; stop that one, wait for it with "
                                "--wait, or choose another name with --run",
                                own.run, own.schema, seen.holder));
            watched = state;
            since = now;
        }
        if (free || now - since >= how.lease_time)
        {
            if (!free)
                tell(fmt::format("the lease of run {} was not renewed for {:.0f} s: taking it over from {}", own.run,
                                 std::chrono::duration<double>(now - since).count(), seen.holder));
            try
            {
                if (const auto taken = try_take(on, own, seen, how.by))
                    return taken;
                continue;  // Another one was faster: it is alive.
            }
            catch (const query_error& problem)
            {
                if (problem.cause().state() != "55P03" && problem.cause().state() != "57014")
                    throw;
                if (!told || now - *told >= wait_reminder)
                    tell(fmt::format("waiting for what is still being written under the old lease of run {} (server "
                                     "processes {})",
                                     own.run, writers(on, own)));
                told = clock::now();
                continue;
            }
        }
        if (!told || now - *told >= wait_reminder)
        {
            tell(fmt::format("run {} belongs to {}: waiting {}", own.run, seen.holder,
                             how.wait ? "until it ends" : "to see whether it is alive"));
            told = now;
        }
        std::this_thread::sleep_for(poll_interval);
    }
    return std::nullopt;
}

}  // namespace bazaar::postgres
