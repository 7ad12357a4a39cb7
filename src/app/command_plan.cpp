#include <algorithm>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "app/card.hpp"
#include "app/stage.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/app/logging.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/model/render.hpp"
#include "bazaar/postgres/store.hpp"
#include "bazaar/run/replan.hpp"

namespace bazaar::app
{
namespace
{

/// A run to look at: recorded in a database, or made of the command line alone.
struct subject
{
    run::record recorded;
    stage made;
};

subject from_flags(const options& opts)
{
    const auto seed = opts.seed ? *opts.seed : random_seed();
    subject s{{}, make_stage(opts.run, seed, opts.configuration, opts.seed_dir)};
    s.recorded = new_record(opts, seed, *s.made.shop);
    const auto now = process_surroundings().now;
    s.recorded.start = opts.start                       ? *opts.start
                       : opts.unpaced && opts.ticks_max ? start_to_end_at(*s.made.shop, *opts.ticks_max, now)
                                                        : now;
    return s;
}

bool names_a_database(const options& opts)
{
    return std::any_of(opts.given.begin(), opts.given.end(), [](const auto& g) { return g.first.starts_with("db-"); });
}

/// All runs of the schema with their logs.
std::vector<run::record> recorded_runs(const options& opts)
{
    postgres::session link(postgres::resolve(opts.database, opts.run));
    std::vector<run::record> runs;
    for (const auto& r : postgres::list(link, opts.schema))
        if (auto whole = postgres::load(link, opts.schema, r.run, fields_of))
            runs.push_back(std::move(*whole));
    return runs;
}

/// The recorded runs, or that of the card; nothing when the command line alone is meant: with --seed, or where no database was
/// named and none answers.
std::optional<std::vector<run::record>> known_runs(const options& opts)
{
    if (!opts.card.empty())
        return std::vector{read_card(opts.card)};
    if (opts.seed)
        return std::nullopt;
    try
    {
        return recorded_runs(opts);
    }
    catch (const error& problem)
    {
        if (names_a_database(opts) || problem.kind() != error_kind::unavailable)
            throw;
        return std::nullopt;
    }
}

model::decision decide(const subject& s, unit_no no)
{
    const auto planner = s.made.shop->plan(s.recorded.start);
    run::replanner plan(*planner, s.recorded);
    plan.forward_to(no);
    return plan.next();
}

void describe_unit(const subject& s, const id_codec& ids, const row_id& id, std::string& out)
{
    const auto tables = s.made.shop->tables();
    const auto end = std::back_inserter(out);
    const auto table = id.table < tables.size() ? tables[id.table].name : std::string_view("sessions");
    fmt::format_to(end, "run {} (seed {}, start {}), {} row {}\n", s.recorded.run, s.recorded.seed,
                   to_string(s.recorded.start), table, id.row);
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
    std::optional<subject> s;
    if (auto runs = known_runs(opts))
        for (auto& r : *runs)
            if (r.run == opts.run || !opts.card.empty())
            {
                auto made = make_stage(r, opts.seed_dir);
                s = subject{std::move(r), std::move(made)};
            }
    if (!s)
    {
        s = from_flags(opts);
        log(log_level::info, "plan",
            fmt::format("planned from the command line: --seed {} --start-time {} repeats it", s->recorded.seed,
                        to_string(s->recorded.start)));
    }
    const auto planner = s->made.shop->plan(s->recorded.start);
    run::replanner walk(*planner, s->recorded);
    walk.forward_to(opts.units_first);
    const id_codec ids(s->recorded.tag, s->recorded.seed);
    const model::renderer print(s->made.shop->tables(), s->made.shop->kinds(), ids);
    model::unit unit;
    std::string text;
    for (unit_no no = opts.units_first; no <= opts.units_last; ++no)
    {
        s->made.shop->build(walk.next(), unit);
        if (opts.plan_format == plan_format::jsonl)
            print.json(unit, text);
        else
            print.text(unit, text);
        if (text.size() > 65'536 || no == opts.units_last)
        {
            print_out(text);
            text.clear();
        }
    }
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
        candidates.push_back(from_flags(opts).recorded);
    for (const auto& r : candidates)
    {
        const id_codec ids(r.tag, r.seed);
        const auto row = ids.decode(*id);
        if (!row)
            continue;
        std::string text;
        describe_unit({r, make_stage(r, opts.seed_dir)}, ids, *row, text);
        print_out(text);
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
