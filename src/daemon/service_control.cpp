#include "daemon/service_work.hpp"

// How a run is steered while it is served: by signals, by a reload, by whoever controls it.

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/daemon/chosen.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/process/output.hpp"

namespace bazaar::daemon
{

using steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

void service::steered(const model::control& entry)
{
    if (entry.what == model::control::kind::shift)
        chronicle_.add("shift", fmt::format("business time moved by {:.1f} s", seconds(microseconds(entry.value))));
    if (entry.what != model::control::kind::set)
        return;
    open_->current.set(entry.field, entry.value);
    report_->rate(configured_rate(open_->current));
    const auto line = fmt::format("{} is {} from unit {} on", open_->current.fields()[entry.field].name,
                                  open_->current.printed(entry.field), entry.unit);
    log(process::log_level::info, "set", line);
    chronicle_.add("set", line);
}

observe::obeyed service::obey(const observe::order& given)
{
    using observe::verb;
    if (stopping_ && given.what != verb::drain)
        return {503, {"the daemon stops"}};
    switch (given.what)
    {
    case verb::pause:
        return pause();
    case verb::resume:
        return resume();
    case verb::set:
        return set(given);
    case verb::drain:
        break;
    }
    // After the answer.
    if (!stopping_)
        boost::asio::post(loop_,
                          [this]
                          {
                              if (!stopping_)
                                  stop(SIGTERM);
                          });
    return {202, {"what is in flight is finished, then the daemon ends"}};
}

observe::obeyed service::pause()
{
    if (!std::exchange(paused_, true))
    {
        log(process::log_level::info, "pause", "paused: nothing more is planned until somebody resumes");
        chronicle_.add("pause", "paused");
    }
    if (!runner_)
        return {202, {"paused before the run has begun"}};
    const auto now = runner_->now();
    if (!now.paused)
        paused_since_ = clock_.now();
    runner_->pause(*paused_since_);
    return {202, {fmt::format("paused; {} units that were planned before are finished", now.span)}};
}

observe::obeyed service::resume()
{
    if (!std::exchange(paused_, false))
        return {202, {"it is not paused"}};
    log(process::log_level::info, "resume", "resumed");
    chronicle_.add("resume", "resumed");
    if (runner_)
        runner_->resume();
    return {202, {"the run goes on"}};
}

scenario::settings service::coming() const
{
    auto all = open_->current;
    for (const auto& entry : runner_->coming())
        all.set(entry.field, entry.value);
    return all;
}

observe::obeyed service::set(const observe::order& given)
{
    if (!runner_)
        return {503, {"the run is being opened: ask again"}};
    auto asked = with_settings(latest_, given.settings);
    auto wrong = std::move(asked.wrong);
    std::vector<model::control> entries;
    if (wrong.empty())
        entries = changes_of(asked.only, open_->recorded, coming(), wrong);
    if (!wrong.empty())
        return {422, wrong};
    latest_ = std::move(asked.all);
    for (const auto& entry : entries)
        runner_->set(entry);
    return {202,
            {entries.empty() ? std::string("nothing changes: these are the values already")
                             : fmt::format("{} values change with the next unit", entries.size())}};
}

void service::await_signal()
{
    signals_.async_wait(
        [this](const boost::system::error_code& failed, int number)
        {
            if (failed)
                return;
            await_signal();
            switch (number)
            {
            case SIGHUP:
                return reload();
            case SIGUSR1:
                if (runner_)
                    log(process::log_level::info, "status", report_->status(tally(), *open_->planner, steady::now()));
                return;
            case SIGUSR2:
                level_ = level_ == process::log_level::debug ? opts_.level : process::log_level::debug;
                process::set_log_level(level_);
                return;
            default:
                return stop(number);
            }
        });
}

void service::stop(int number)
{
    if (std::exchange(stopping_, true))
    {
        process::flush_log(std::chrono::milliseconds(200));
        std::_Exit(128 + number);
    }
    log(process::log_level::info, "stop",
        "stopping: what is in flight is finished first; a second signal stops at once");
    chronicle_.add("stop", "stopping");
    service_.stopping();
    service_.extend_timeout(opts_.drain_timeout + std::chrono::seconds(5));
    stop_.request_stop();
    ends_by_ = steady::now() + opts_.drain_timeout;
    process::end_output_by(*ends_by_);
    // What is left of it goes to the last mark and the last lines.
    drain_.expires_at(*ends_by_ - std::min<microseconds>(opts_.drain_timeout / 10, milliseconds(500)));
    drain_.async_wait(
        [this](const boost::system::error_code& failed)
        {
            if (failed)
                return;
            cut_.request_stop();
            if (!runner_)
                return;
            runner_->fail(std::make_exception_ptr(error(
                error_kind::temporary, fmt::format("units in flight could not be finished within "
                                                   "--drain-timeout {:.0f} s; the next start finds out what became "
                                                   "of them",
                                                   seconds(opts_.drain_timeout)))));
        });
    if (runner_)
        runner_->drain();
}

void service::reload()
{
    service_.reloading();
    try
    {
        const auto fresh = reread_();
        latest_ = fresh;
        level_ = fresh.level;
        process::set_log_level(level_);
        std::vector<std::string> refused;
        if (runner_)
        {
            for (const auto& entry : changes_of(fresh, open_->recorded, coming(), refused))
                runner_->set(entry);
            take_scenario(latest_, *of_);
        }
        for (const auto& line : refused)
            log(process::log_level::warning, "reload", line);
        log(process::log_level::info, "reload", "the configuration was read again");
        ++reloads_;
        last_reload_ = since_1970(std::chrono::system_clock::now());
    }
    catch (const error& problem)
    {
        for (const auto& line : problem.lines())
            log(process::log_level::error, "reload", line);
        log(process::log_level::warning, "reload", "the configuration stays as it was");
        ++reload_failures_;
    }
    service_.ready("the configuration was read again");
}

}  // namespace bazaar::daemon
