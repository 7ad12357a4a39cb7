#include <iterator>

#include <fmt/format.h>

#include "app/chosen.hpp"
#include "app/known_run.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/model/render.hpp"
#include "bazaar/process/output.hpp"
#include "bazaar/run/replan.hpp"

namespace bazaar::app
{
namespace
{

model::decision decide(const known_run& s, unit_no no)
{
    const auto planner = s.made.shop->plan(s.recorded.start);
    run::replanner plan(*planner, s.recorded);
    plan.forward_to(no);
    return plan.next();
}

void describe_unit(const known_run& s, const id_codec& ids, const row_id& id, std::string& out)
{
    const auto tables = s.made.shop->tables();
    const auto end = std::back_inserter(out);
    fmt::format_to(end, "run {} (seed {}, start {}), {} row {}\n", s.recorded.run, s.recorded.seed,
                   to_string(s.recorded.start), s.made.shop->name_of(id.table), id.row);
    if (id.unit == no_unit)
    {
        out += "made before unit 0, with the run itself\n";
        return;
    }
    model::unit unit;
    s.made.shop->build(decide(s, id.unit), unit);
    model::renderer(tables, s.made.shop->kinds(), ids).text(unit, out);
}

}  // namespace

int plan(const options& opts)
{
    const auto s = run_to_plan(opts);
    const auto planner = s.made.shop->plan(s.recorded.start);
    run::replanner walk(*planner, s.recorded);
    const id_codec ids(s.recorded.tag, s.recorded.seed);
    const model::renderer print(s.made.shop->tables(), s.made.shop->kinds(), ids);
    model::unit unit;
    std::string text;
    within_units(opts,
                 [&]
                 {
                     walk.forward_to(opts.units_first);
                     for (unit_no no = opts.units_first; no <= opts.units_last; ++no)
                     {
                         s.made.shop->build(walk.next(), unit);
                         if (opts.plan_format == plan_format::jsonl)
                             print.json(unit, text);
                         else
                             print.text(unit, text);
                         if (text.size() > 65'536 || no == opts.units_last)
                         {
                             if (opts.plan_format == plan_format::jsonl)
                                 process::print_out(text);
                             else
                                 process::print_text(text);
                             text.clear();
                         }
                     }
                 });
    return 0;
}

int explain(const options& opts)
{
    const auto id = parse_uuid(opts.id);
    if (!id)
        throw error(error_kind::data, fmt::format("{}: is no UUID", opts.id));
    const auto runs = known_runs(opts);
    std::vector<run::record> candidates;
    if (runs)
        candidates = *runs;
    else if (opts.seed)
        candidates.push_back(run_of_flags(opts).recorded);
    for (const auto& r : candidates)
    {
        const id_codec ids(r.tag, r.seed);
        const auto row = ids.decode(*id);
        if (!row)
            continue;
        daemon::check_scenario(opts, r);
        std::string text;
        describe_unit({r, daemon::make_stage(r, opts.seed_dir)}, ids, *row, text);
        process::print_text(text);
        return 0;
    }
    throw error(
        error_kind::data,
        candidates.empty()
            ? fmt::format("{}: no run is known to compare it with; give the database, or --seed and --run", opts.id)
            : fmt::format("{}: is no id of {} (foreign, or damaged)", opts.id,
                          candidates.size() == 1
                              ? "run " + candidates[0].run
                              : fmt::format("the {} runs of schema {}", candidates.size(), opts.schema)));
}

}  // namespace bazaar::app
