#include "daemon/service_work.hpp"

// What is shown of a run while it is served.

#include "bazaar/daemon/stage.hpp"
#include "bazaar/process/program.hpp"
#include "bazaar/run/clock.hpp"

namespace bazaar::daemon
{

std::uint64_t service::entries_of(model::control::kind what) const
{
    return earlier_entries_[static_cast<std::size_t>(what)] + keeper_->entries(what);
}

observe::snapshot service::look()
{
    observe::snapshot all;
    all.version = process::program_version();
    all.clock = run::machine_time();
    all.happenings = chronicle_.newest();
    all.control = doors_.control();
    all.run = opts_.run;
    all.schema = opts_.schema;
    all.where = gateway_->where();
    all.database = database_;
    all.database_up = !gateway_->away();
    all.compiler = process::compiler();
    all.connecting = gateway_->dialing();
    all.connects = gateway_->counts().connects;
    all.connect_failures = gateway_->counts().failed;
    all.sessions_lost = gateway_->counts().lost;
    all.connect_times = gateway_->connect_times();
    if (topics_)
        all.topics = {{"made", topics_->made}, {"there", topics_->there}, {"differing", topics_->differing}};
    all.loop_delay = loop_delay_;
    all.http_refused = doors_.refused();
    all.reloads = reloads_;
    all.reload_failures = reload_failures_;
    all.last_reload = last_reload_;
    all.log_lines_lost = process::log_lines_lost();
    all.sessions = gateway_->open_sessions();
    all.sales = runner_ ? sales_.of(runner_->sales(), open_->shop(), open_->ids) : sales_.last();
    all.shown = of_->shown;
    if (!runner_)
        all.done = earlier_;
    if (!runner_)
    {
        all.now = stopping_ ? observe::state::stopping : observe::state::opening;
        all.reasons.emplace_back(stopping_ ? "the daemon stops" : "the run is being opened");
        all.line = std::string(name(all.now));
        return all;
    }
    add_run(all);
    return all;
}

void service::add_run(observe::snapshot& all)
{
    const auto own = runner_->now();
    all.done = own;
    all.done.add_earlier(earlier_);
    all.now = stopping_    ? observe::state::stopping
              : own.paused ? observe::state::paused
              : own.live   ? observe::state::running
                           : observe::state::history;
    all.scenario = open_->recorded.scenario;
    all.seed = open_->recorded.seed;
    all.start = open_->recorded.start;
    all.epoch = open_->epoch;
    all.ticks = open_->planner->ticks();
    all.planned = open_->planner->next_no();
    all.lag = runner_->late();
    all.target = configured_rate(open_->current);
    if (const auto* pace = scenario::pace_of(of_->fields))
        all.pace = pace->name;
    all.actual = meter_.ticks();
    all.units = meter_.units();
    open_->planner->figures(all.figures);
    const auto fields = open_->current.fields();
    for (std::size_t i = 0; i < fields.size(); ++i)
        if (fields[i].steerable)
            all.settings.emplace_back(fields[i].name, open_->current.printed(i));
    for (const auto& kind : open_->shop().kinds())
        all.kinds.push_back(kind.name);
    for (const auto& table : open_->shop().tables())
        all.tables.push_back(table.name);
    all.window = open_->recorded.window;
    all.lease_held = true;
    if (const auto at = chores_.beaten())
        all.last_heartbeat = since_1970(*at);
    for (const auto kind : control_kinds)
        all.control_entries.emplace_back(model::name(kind), entries_of(kind));
    all.slots = chores_.slots();
    if (stopping_)
        all.reasons.emplace_back("the daemon stops");
    if (!all.database_up)
        all.reasons.emplace_back("PostgreSQL is away");
    else if (!keeper_->reachable() || (keeper_->silence() > doors_.silence_max() && !gateway_->short_of_sessions()))
        all.reasons.emplace_back("PostgreSQL does not answer");
    all.ready = all.reasons.empty();
    all.database_up = all.database_up && keeper_->reachable();
    all.line = report_->line(all.units, all.done, *open_->planner);
}

}  // namespace bazaar::daemon
