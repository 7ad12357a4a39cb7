#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "app/portrait_text.hpp"
#include "app/screen.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/base/words.hpp"
#include "bazaar/daemon/card.hpp"
#include "bazaar/daemon/report.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/daemon/work_progress.hpp"
#include "bazaar/io/new_file.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/output.hpp"
#include "bazaar/run/replan.hpp"

namespace bazaar::app
{
namespace
{

using daemon::grouped;

/// What is shown if nobody says how much.
constexpr auto usual_history = std::chrono::hours(24 * 30);
constexpr std::uint64_t usual_ticks = 200'000;

/// The run that is described, and where its description ends: at the first of these bounds.
struct subject
{
    run::record recorded;
    daemon::stage made;
    time end{scenario::times_end};
    std::optional<std::uint64_t> ticks;
    std::optional<unit_no> units;
    std::vector<unit_no> refused;  ///< Units that were refused for good.
    bool usual = false;            ///< The bounds are not the user's.
};

subject of_card(const options& opts)
{
    subject s;
    s.recorded = daemon::given_card(opts);
    for (const auto& entry : s.recorded.log)
        if (entry.what == model::control::kind::reject)
            s.refused.push_back(entry.unit);
    std::ranges::sort(s.refused);
    s.made = daemon::make_stage(s.recorded, opts.seed_dir);
    s.ticks = opts.ticks_max;
    if (s.recorded.settled > 0)
        s.units = s.recorded.settled;
    else if (!s.ticks)
    {
        s.ticks = usual_ticks;
        s.usual = true;
    }
    return s;
}

/// When its day begins, in UTC: what is described is the same all day.
time day_of(time now)
{
    constexpr microseconds day = std::chrono::hours(24);
    return now - microseconds((now - time{}).count() % day.count());
}

subject of_flags(const options& opts)
{
    const auto seed = opts.seed ? *opts.seed : daemon::random_seed();
    subject s;
    s.made = daemon::stage_of(opts, seed);
    s.recorded = daemon::new_record(opts, seed, *s.made.shop);
    s.ticks = opts.ticks_max;
    const auto now = process_surroundings().now;
    const auto today = day_of(now);
    if (opts.start)
    {
        s.recorded.start = *opts.start;
        s.end = *opts.start < today ? today : now;
    }
    else if (opts.history)
    {
        s.end = today;
        s.recorded.start = std::max(today - *opts.history, scenario::start_min);
    }
    else if (opts.ticks_max)
        s.recorded.start = opts.unpaced ? daemon::start_to_end_at(*s.made.shop, *opts.ticks_max, today) : today;
    else
    {
        s.end = today;
        s.recorded.start = today - usual_history;
        s.ticks = usual_ticks;
        s.usual = true;
    }
    if (!opts.seed)
        log(log_level::info, "describe",
            fmt::format("planned from the command line: --seed {} repeats it{}", s.recorded.seed,
                        opts.start && opts.ticks_max ? "" : ", until the day (UTC) is over"));
    return s;
}

/// Steps through the units of a plan up to the bounds of its subject.
class bounded_plan
{
public:
    explicit bounded_plan(const subject& of)
        : of_(of), planner_(of.made.shop->plan(of.recorded.start)), walk_(*planner_, of.recorded)
    {
    }

    /// False at the end.
    bool next(model::decision& out)
    {
        try
        {
            walk_.catch_up();
            over_ = planner_->next_at() > of_.end;
            const bool more = !over_ && (!of_.ticks || planner_->ticks() < *of_.ticks) &&
                              (!of_.units || planner_->next_no() < *of_.units);
            if (more)
                out = walk_.next();
            return more;
        }
        catch (const scenario::plan_over&)
        {
            return false;
        }
    }

    [[nodiscard]] const scenario::planner& at() const { return *planner_; }

    /// When it ended: the end that was asked for, if nothing else has ended it.
    [[nodiscard]] time end(time last) const { return over_ ? of_.end : last; }

private:
    bool over_ = false;
    const subject& of_;
    std::unique_ptr<scenario::planner> planner_;
    run::replanner walk_;
};

/// How long the plan is: the charts need its end before the first unit.
struct extent
{
    unit_no units = 0;
    std::uint64_t ticks = 0;
    time last;
};

extent measure(const subject& of, daemon::work_progress& progress)
{
    extent all{0, 0, of.recorded.start};
    bounded_plan plan(of);
    for (model::decision decision; plan.next(decision); ++all.units)
    {
        all.last = std::max(all.last, decision.at);
        if (all.units % 4096 == 0 && progress.due())
            progress.show(fmt::format("planned {} units", grouped(all.units)), 0, 0, all.units, "units");
    }
    all.last = plan.end(all.last);
    all.ticks = plan.at().ticks();
    return all;
}

scenario::portrait look_at_all(const subject& of, const extent& all, daemon::work_progress& progress)
{
    const auto survey = of.made.shop->look(of.recorded.start, all.last);
    bounded_plan plan(of);
    model::unit unit;
    unit_no done = 0;
    for (model::decision decision; plan.next(decision); ++done)
    {
        if (std::ranges::binary_search(of.refused, decision.no))
            continue;
        of.made.shop->build(decision, unit);
        survey->add(unit);
        if (done % 1024 == 0 && progress.due())
            progress.show(fmt::format("looked at {} of {} units", grouped(done), grouped(all.units)),
                          static_cast<double>(done), static_cast<double>(all.units), done, "units");
    }
    progress.clear();
    return survey->draw();
}

}  // namespace

int describe(const options& opts)
{
    if (!opts.html_file.empty())
        io::new_file::check(opts.html_file, "--html " + opts.html_file);
    const auto s = opts.card.empty() ? of_flags(opts) : of_card(opts);
    auto shown = opts;
    // Nobody waits for it where nobody looks.
    if (shown.progress == process::progress::automatic && ::isatty(STDERR_FILENO) != 1)
        shown.progress = process::progress::off;
    daemon::work_progress progress(shown);
    const auto all = measure(s, progress);
    const auto drawn = look_at_all(s, all, progress);
    const auto title = fmt::format("{}, run {}, seed {}, start {}", s.recorded.scenario, s.recorded.run,
                                   s.recorded.seed, to_string(s.recorded.start));
    if (s.usual && s.ticks && all.ticks >= *s.ticks)
        log(log_level::info, "describe",
            fmt::format("this is the beginning, {} ticks: --history or --max-iter shows more", grouped(*s.ticks)));
    // Before stdout, whose reader may go.
    if (!opts.html_file.empty())
    {
        io::new_file to(opts.html_file, "--html " + opts.html_file);
        to.write(portrait_html(drawn, title));
        to.commit();
    }
    const auto on = screen_of_stdout(process_surroundings().environment);
    std::string head;
    for (const auto& line : wrapped(title, on.width))
        head += line + '\n';
    process::print_text(fmt::format("{}\n{}", head, portrait_text(drawn, on)));
    return 0;
}

}  // namespace bazaar::app
