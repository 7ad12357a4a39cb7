#include "app/verify.hpp"

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/daemon/card.hpp"
#include "bazaar/daemon/chosen.hpp"
#include "bazaar/daemon/report.hpp"
#include "bazaar/io/new_file.hpp"
#include "bazaar/io/small_file.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/output.hpp"
#include "bazaar/run/load_plan.hpp"
#include "bazaar/verify/not_there.hpp"

namespace bazaar::app
{
namespace
{

/// Of one answer: a table may be locked, or its rows sorted.
constexpr auto patience = std::chrono::minutes(10);

/// Between two looks for what is not there yet.
constexpr auto look_again = std::chrono::seconds(1);

std::string last_line(std::string text)
{
    while (!text.empty() && text.back() == '\n')
        text.pop_back();
    return text.substr(text.rfind('\n') + 1);
}

void write_report(const options& opts, const verify::report& what)
{
    if (opts.report_file.empty())
        return;
    io::new_file file(opts.report_file, "--report " + opts.report_file);
    file.write(what.json());
    file.commit();
}

/// One comparison. A stop cuts its sessions: then the report is partial.
verify::report compare_once(const options& opts, const std::stop_token& stop, const comparison& compare)
{
    verify::report out(opts.examples);
    try
    {
        compare(out);
    }
    catch (const postgres::query_error&)
    {
        if (!stop.stop_requested())
            throw;
        out.set_partial();
    }
    return out;
}

/// The first comparison of --follow, which waits for what is not there yet: one line of the log tells each thing.
/// Nothing where a stop ends the waiting.
std::optional<verify::report> compare_when_there(const options& opts, const std::stop_token& stop,
                                                 const comparison& compare)
{
    std::string awaited;
    for (;;)
    {
        try
        {
            return compare_once(opts, stop, compare);
        }
        catch (const verify::not_there& why)
        {
            if (awaited != why.lines().front())
                log(log_level::info, "verify", fmt::format("waiting: {}", awaited = why.lines().front()));
        }
        pause(look_again, stop);
        if (stop.stop_requested())
            return std::nullopt;
    }
}

}  // namespace

open_place open_for_long(const postgres::place& at, const options& opts, const std::stop_token& stop,
                         const scenario::entry* of)
{
    return open_for_reading(at, opts, {.call_deadline = patience, .cut = stop, .opening_cut = {}}, of);
}

run::record recorded_run(run::record_reader& in, const options& opts)
{
    auto recorded = in.load(opts.run);
    if (!recorded)
        throw verify::not_there(
            {fmt::format("there is no run {} in schema {} of {}; when it is written elsewhere, name that database with "
                         "--source-url, or give its --card",
                         opts.run, opts.schema, in.where())});
    if (recorded->removing)
        throw error(
            error_kind::config,
            fmt::format("run {} of schema {} is being removed: finish that with bazaard reset", opts.run, opts.schema));
    return std::move(*recorded);
}

bool is_being_loaded(const run::record& of, verify::report& out)
{
    const auto load = run::load_state::of(of.log);
    if (!load || of.settled >= load->seam)
        return false;
    out.not_proven(fmt::format("run {} is being loaded: {} of {} chunks are there", of.run,
                               std::ranges::count(load->chunks, true), load->chunks.size()));
    return true;
}

run::record run_of_that_card(const options& opts)
{
    auto recorded = daemon::given_card(opts);
    daemon::check_scenario(opts, recorded);
    recorded.schema = opts.schema;
    return recorded;
}

void check_report_file(const options& opts, const std::vector<std::string>& inputs)
{
    if (opts.report_file.empty())
        return;
    const bool is_file = io::odd_type(opts.report_file).empty();
    for (const auto& input : inputs)
        if (std::error_code not_there;
            is_file && !input.empty() && std::filesystem::equivalent(input, opts.report_file, not_there))
            throw error(error_kind::usage,
                        fmt::format("--report {}: is the file {} that is read; name another", opts.report_file, input));
    io::new_file::check(opts.report_file, "--report " + opts.report_file);
}

void begin_report_file(const options& opts, const std::vector<std::string>& inputs)
{
    check_report_file(opts, inputs);
    // Who waits for the first report must not take an older one for it.
    if (opts.follow && !opts.report_file.empty() && io::odd_type(opts.report_file).empty())
        io::new_file(opts.report_file, "--report " + opts.report_file).commit();
}

int tell(const options& opts, const verify::report& what)
{
    process::print_out(what.text());
    write_report(opts, what);
    return verify::exit_code(what.judge());
}

void pause(std::chrono::microseconds time, const std::stop_token& stop)
{
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, time, [] { return false; });
}

int tell_again(const options& opts, const std::stop_token& stop, std::chrono::microseconds default_interval,
               const comparison& compare)
{
    if (!opts.follow)
        return tell(opts, compare_once(opts, stop, compare));
    auto last = compare_when_there(opts, stop, compare);
    if (!last)
    {
        last.emplace(opts.examples).set_partial();
        return tell(opts, *last);
    }
    for (std::uint64_t round = 1;; ++round)
    {
        last->figure("comparisons", round);
        if (stop.stop_requested() || last->judge() == verify::verdict::mismatch)
            break;
        write_report(opts, *last);
        log(log_level::info, "verify", last_line(last->text()));
        pause(opts.interval.value_or(default_interval), stop);
        if (stop.stop_requested())
            break;
        auto now = compare_once(opts, stop, compare);
        if (stop.stop_requested())
            break;
        last = std::move(now);
    }
    return tell(opts, *last);
}

}  // namespace bazaar::app
