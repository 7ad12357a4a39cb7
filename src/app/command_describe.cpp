#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "app/portrait_text.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/base/error.hpp"
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

subject of_flags(const options& opts)
{
    const auto seed = opts.seed ? *opts.seed : daemon::random_seed();
    subject s;
    s.made = daemon::stage_of(opts, seed);
    s.recorded = daemon::new_record(opts, seed, *s.made.shop);
    s.ticks = opts.ticks_max;
    s.end = process_surroundings().now;
    if (opts.start || opts.history)
        s.recorded.start = opts.start ? *opts.start : s.end - *opts.history;
    else if (opts.ticks_max)
        s.recorded.start = daemon::start_to_end_at(*s.made.shop, *opts.ticks_max, s.end);
    else
    {
        s.recorded.start = s.end - usual_history;
        s.ticks = usual_ticks;
        s.usual = true;
    }
    if (!opts.seed)
        log(log_level::info, "describe",
            fmt::format("planned from the command line: --seed {} repeats it", s.recorded.seed));
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
            const bool more = planner_->next_at() <= of_.end && (!of_.ticks || planner_->ticks() < *of_.ticks) &&
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

private:
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
    daemon::work_progress progress(opts);
    const auto all = measure(s, progress);
    const auto drawn = look_at_all(s, all, progress);
    const auto title = fmt::format("{}, run {}, seed {}, start {}", s.recorded.scenario, s.recorded.run,
                                   s.recorded.seed, to_string(s.recorded.start));
    process::print_text(fmt::format("{}\n\n{}", title, portrait_text(drawn)));
    if (s.usual && s.ticks && all.ticks >= *s.ticks)
        log(log_level::info, "describe",
            fmt::format("this is the beginning, {} ticks: --history or --max-iter shows more", grouped(*s.ticks)));
    if (!opts.html_file.empty())
    {
        io::new_file to(opts.html_file, "--html " + opts.html_file);
        to.write(portrait_html(drawn, title));
        to.commit();
    }
    return 0;
}

}  // namespace bazaar::app
