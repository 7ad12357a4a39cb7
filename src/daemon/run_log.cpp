#include "daemon/run_log.hpp"

#include <chrono>

#include <fmt/format.h>

#include "bazaar/base/time.hpp"
#include "bazaar/process/logging.hpp"

namespace bazaar::daemon
{

void tell_clock(const run::adjustment& what)
{
    using kind = run::adjustment::kind;
    const auto seconds = std::chrono::duration<double>(what.by).count();
    switch (what.what)
    {
    case kind::none:
        return;
    case kind::forward:
        log(process::log_level::info, "clock",
            fmt::format("the clock moves forward by {:.1f} s: the database's was set, or this machine slept", seconds));
        return;
    case kind::standing:
        log(process::log_level::warning, "clock",
            fmt::format("the database's clock was set back by {:.1f} s: waiting until it has caught up", seconds));
        return;
    case kind::set_back:
        log(process::log_level::warning, "clock",
            fmt::format(
                "the database's clock was set back by {:.1f} s: times of rows go on from where they were, ahead of it",
                seconds));
        return;
    case kind::caught_up:
        log(process::log_level::info, "clock", "the database's clock has caught up");
        return;
    }
}

void tell_rights(const settings& opts, const run::rights& found)
{
    if (found.superuser)
        log(process::log_level::warning, "superuser",
            fmt::format(
                "\"{}\" is a superuser: whoever finds a way into this run has the whole server; run as a role that "
                "only writes: docs/security.md",
                found.role));
    if (!found.taken_owner.empty())
        log(process::log_level::warning, "owner",
            fmt::format(
                "schema {} and bazaard are of \"{}\", and nothing says that \"{}\" trusts it; if it does: GRANT "
                "\"{}\" TO \"{}\"",
                opts.schema, found.taken_owner, found.role, found.role, found.taken_owner));
}

void announce(const opened_run& open, const settings& opts)
{
    if (open.resumed)
        log(process::log_level::info, "run",
            fmt::format("run {} goes on at unit {}, tick {}{}", opts.run, open.recorded.settled,
                        open.planner->ticks() + 1,
                        open.recorded.clean ? "" : "; it was not stopped cleanly: what may be there is recognised"),
            {{"seed", open.recorded.seed}, {"start", to_string(open.recorded.start)}, {"epoch", open.epoch}});
    for (const auto& line : open.shop().outlook(open.current))
        log(process::log_level::info, "outlook", line);
    for (const auto& t : open.shop().tables())
        if (t.sink == model::target::postgres)
            log(process::log_level::debug, "topic", fmt::format("{}.{}.{}", opts.topic_prefix, opts.schema, t.name));
}

}  // namespace bazaar::daemon
