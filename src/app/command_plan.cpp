#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "app/chosen.hpp"
#include "app/known_run.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/model/render.hpp"
#include "bazaar/process/output.hpp"
#include "bazaar/run/replan.hpp"
#include "bazaar/scenario/registry.hpp"
#include "verify/row_units.hpp"

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

void describe_unit(const known_run& s, const model::key_codec& ids, const row_id& id, std::string& out)
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

bool has_other_keys(const scenario::entry& of)
{
    return std::ranges::any_of(of.tables, [](const model::table& t) { return !t.keys.names_unit(); });
}

/// Whether any scenario that may be meant has rows whose keys are no UUIDs.
bool has_other_keys(const options& opts, const std::vector<run::record>& runs)
{
    return has_other_keys(*opts.chosen) ||
           std::ranges::any_of(scenario::registry(), [](const auto& one) { return has_other_keys(one); }) ||
           std::ranges::any_of(runs, [](const run::record& one) { return has_other_keys(daemon::entry_of(one)); });
}

/// The runs that a key may belong to. What is no UUID may be a key of none: then nobody waits for a database.
std::optional<std::vector<run::record>> runs_of_key(const options& opts, bool is_uuid)
{
    try
    {
        auto runs = known_runs(opts);
        if (!is_uuid && !has_other_keys(opts, runs.value_or(std::vector<run::record>())))
            throw error(error_kind::data, fmt::format("{}: is no UUID", opts.id));
        return runs;
    }
    catch (const error& problem)
    {
        if (is_uuid || problem.kind() != error_kind::unavailable || has_other_keys(opts, {}))
            throw;
        throw error(error_kind::data, fmt::format("{}: is no UUID", opts.id));
    }
}

/// The rows of this key: of each table that has one such. Which unit inserts it the plan tells.
///
/// Errors: `data` where a table has such keys, but no unit so far makes this row.
void describe_rows(const known_run& s, const model::key_codec& keys, const std::string& key, std::string& out)
{
    const verify::subject of{*s.made.shop, s.recorded, keys, 0, s.recorded.settled + verify::units_ahead};
    verify::row_units units(of);
    std::string unmade;
    for (std::uint8_t i = 0; i < s.made.shop->tables().size(); ++i)
    {
        if (!units.has(i))
            continue;
        const auto named = keys.decode(i, std::string_view(key));
        if (!named)
            continue;
        const auto row = units.find(*named);
        if (row.unit != unknown_unit)
            describe_unit(s, keys, row, out);
        else
            unmade = fmt::format("{}: is the key of row {} of table {}, and no unit of run {} below {} inserts it", key,
                                 row.row, s.made.shop->name_of(i), s.recorded.run, of.known);
    }
    if (out.empty() && !unmade.empty())
        throw error(error_kind::data, unmade);
}

}  // namespace

int plan(const options& opts)
{
    const auto s = run_to_plan(opts);
    const auto planner = s.made.shop->plan(s.recorded.start);
    run::replanner walk(*planner, s.recorded);
    const model::key_codec ids(s.recorded.tag, s.recorded.seed, s.made.shop->tables());
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
    const auto runs = runs_of_key(opts, id.has_value());
    std::vector<run::record> candidates;
    if (runs)
        candidates = *runs;
    else if (opts.seed)
        candidates.push_back(run_of_flags(opts).recorded);
    std::string text;
    for (const auto& r : candidates)
    {
        const auto row = id ? id_codec(r.tag, r.seed).decode(*id) : std::nullopt;
        if (id && !row)
            continue;
        daemon::check_scenario(opts, r);
        const known_run of{r, daemon::make_stage(r, opts.seed_dir)};
        const model::key_codec keys(r.tag, r.seed, of.made.shop->tables());
        if (row)
            describe_unit(of, keys, *row, text);
        else
            describe_rows(of, keys, opts.id, text);
        if (text.empty())
            continue;
        process::print_text(text);
        return 0;
    }
    throw error(
        error_kind::data,
        candidates.empty()
            ? fmt::format("{}: no run is known to compare it with; give the database, or --seed and --run", opts.id)
            : fmt::format("{}: is no {} of {} (foreign, or damaged)", opts.id, id ? "id" : "key",
                          candidates.size() == 1
                              ? "run " + candidates[0].run
                              : fmt::format("the {} runs of schema {}", candidates.size(), opts.schema)));
}

}  // namespace bazaar::app
