#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bazaar/base/duration.hpp"
#include "bazaar/base/size.hpp"
#include "bazaar/scenario/kit/time_zone.hpp"
#include "checker.hpp"
#include "shapes.hpp"

// What holds between parts of a file.

namespace bazaar::scenario::declared
{

std::int64_t checker::value_of(const setting_expression& what, bool highest) const
{
    std::vector<operand> values;
    for (const auto& one : made_.settings)
    {
        operand value;
        if (one.kind == field_kind::number)
        {
            const auto read = number_of(one.initial);
            const auto units = read ? units_of(*read, one.scale) : std::nullopt;
            value.number = highest ? one.high : units.value_or(0);
        }
        else if (one.kind == field_kind::duration)
        {
            const auto read = duration_of(one.initial);
            value.number = highest ? one.high : read ? read->count() : 0;
        }
        else
            value.text = one.initial;
        values.push_back(value);
    }
    model::arena texts;
    const kit::time_zone utc;
    workspace with{.texts = texts, .zone = utc};
    const auto found = what.evaluate(values, with).value;
    if (found.missing || found.number > std::numeric_limits<std::int64_t>::max() ||
        found.number < std::numeric_limits<std::int64_t>::min())
        return highest ? std::numeric_limits<std::int64_t>::max() : 0;
    return static_cast<std::int64_t>(found.number);
}

bool checker::only_seeds(item_no t) const
{
    return tables_[t].body.find("arrives") == nullptr &&
           std::ranges::all_of(tables_[t].made_by, [](const insertion& one) { return one.by == insertion::form::own; });
}

void checker::seed_of(item_no t)
{
    const auto& body = tables_[t].body;
    auto& made = made_.tables[t];
    made.remember = static_cast<std::uint64_t>(
        std::clamp<std::int64_t>(body.integer("remember").value_or(1'000'000), 1, 100'000'000));
    if (const auto* const rows_of = body.scalar("rows_of"))
    {
        made.rows_of = find(rows_of, body.path(), "file or list", names_of(made_.lists));
        if (made.rows_of != no_item)
            used_.insert(made_.lists[made.rows_of].name);
    }
    const auto* const seed = body.scalar("seed");
    if (seed == nullptr)
        return;
    const auto rows = made.rows_of == no_item ? std::size_t{0} : made_.lists[made.rows_of].rows();
    if (seed->value.text == "all")
    {
        if (body.find("rows_of") == nullptr)
            return tell(seed->value.at, body.path_of("seed"), "\"all\" needs rows_of");
        std::vector<fault> faults;
        made.seed = expression::compile(fmt::format("{}", rows), {}, faults);
        return;
    }
    if (expression_start(seed->value) == std::string::npos && !integer_of(seed->value.text))
        return tell(seed->value.at, body.path_of("seed"),
                    fmt::format("\"{}\" is no number of rows; e.g. 1000, all, or = SETTING", seed->value.text));
    made.seed = of_settings(seed->value, body.path_of("seed"), kind::decimal, true);
    if (!made.seed)
        return;
    if (made.seed->slots().empty() && value_of(*made.seed, true) < 0)
        tell(seed->value.at, body.path_of("seed"), "must be 0 or more");
    if (made.rows_of != no_item && value_of(*made.seed, true) > static_cast<std::int64_t>(rows))
        tell(seed->value.at, body.path_of("seed"), fmt::format("{} has {} rows", made_.lists[made.rows_of].name, rows));
}

void checker::tables()
{
    versions();
    for (item_no t = 0; t < made_.tables.size(); ++t)
    {
        const auto& work = tables_[t];
        if (work.at->value.is != shape::map)
            continue;
        if (work.made_by.empty())
            tell(work.at->at, {},
                 fmt::format("no row of {} is ever made; it needs arrives, seed, or a unit that inserts it",
                             work.at->key));
        if (work.body.find("rows_of") != nullptr && !only_seeds(t))
            tell(work.body.find("rows_of")->at, work.body.path(), "a table of rows_of has seed rows alone");
        fixed_columns(t);
        sources_by_unit(t);
    }
}

void checker::versions()
{
    for (item_no t = 0; t < made_.tables.size(); ++t)
    {
        auto& made = made_.tables[t];
        const auto& work = tables_[t];
        if (work.at->value.is != shape::map)
            continue;
        if (const auto* const version = work.body.scalar("version"))
        {
            made.version = column_of(t, version, work.body.path());
            if (made.version == no_item || work.columns[made.version].is != progress::done)
                continue;
            if (!std::holds_alternative<gen::now>(made.columns[made.version].how.how))
                tell(version->at, work.body.path_of("version"),
                     fmt::format("column {} must be {{time: now}}", version->value.text));
            continue;
        }
        if (!may_go_to(t, "postgres"))
            continue;
        if (!work.changed_by.empty())
            tell(work.changed_at, {},
                 fmt::format("{} changes but has no version; add \"version: updated_at\" and that column", made.name));
        else if (made.keys.column != no_item && made.keys.is != key::form::uuid &&
                 work.columns[made.keys.column].is == progress::done)
            tell(work.body.find("key")->at, {},
                 fmt::format(
                     "{} has a key that is no uuid but has no version; add \"version: created_at\" and that column",
                     made.name));
    }
}

void checker::fixed_columns(item_no t)
{
    const auto& work = tables_[t];
    const auto& made = made_.tables[t];
    for (const auto column : work.changes)
    {
        const auto& at = work.columns[column];
        std::string_view why;
        if (column == made.keys.column)
            why = "it is the key";
        else if (column == made.version)
            why = "the version changes by itself";
        else if (work.never_changes.contains(column))
            why = "a link or a where depends on it";
        if (!why.empty())
            tell(at.at->at, joined_path(work.body.path(), at.at->key),
                 fmt::format("changes by {}, but {}", work.changed_by, why));
    }
}

/// What only one unit knows may stand only in rows that this unit makes.
void checker::sources_by_unit(item_no t)
{
    const auto& work = tables_[t];
    for (const auto& what : work.names.used)
    {
        const bool of_line = what.is == source::form::line;
        const bool of_unit = what.is == source::form::unit_var || what.is == source::form::unit_cell ||
                             what.is == source::form::unit_link || what.is == source::form::unit_before ||
                             what.is == source::form::unit_number;
        if (!of_line && !of_unit)
            continue;
        const auto wrong = std::ranges::find_if(work.made_by, [&](const insertion& one)
                                                { return of_line ? one.line == no_item : one.unit != what.unit; });
        if (wrong == work.made_by.end())
            continue;
        const auto unit = made_.units[what.unit].name;
        return tell(work.at->at, {},
                    fmt::format("{} uses what only {} knows, but {}", work.at->key,
                                of_line ? "a row that fell short" : fmt::format("unit {}", unit),
                                wrong->unit == no_item
                                    ? "its rows come by themselves, too"
                                    : fmt::format("unit {} inserts it, too", made_.units[wrong->unit].name)));
    }
}

void checker::unused()
{
    const auto warn = [&](std::string_view key, std::string_view what)
    {
        for (const auto& one : root_.entries(key))
            if (!used_.contains(one.key))
                warnings_.add(one.at, key, fmt::format("{} \"{}\" is used by nothing", what, one.key));
    };
    warn("settings", "setting");
    warn("files", "file");
    warn("lists", "list");
}

void checker::limits()
{
    for (item_no u = 0; u < made_.units.size(); ++u)
    {
        std::size_t columns = 0;
        for (const auto& row : made_.units[u].rows)
            columns += row.is == row_step::form::insert && row.table < made_.tables.size()
                           ? made_.tables[row.table].columns.size()
                           : row.set.size() + 2;
        if (columns > function_arguments_max)
            tell(units_[u].at->at, {},
                 fmt::format("unit {} writes {} columns; {} are the most", made_.units[u].name, columns,
                             function_arguments_max));
    }
    for (item_no t = 0; t < made_.tables.size(); ++t)
        if (made_.tables[t].columns.size() > function_arguments_max)  // There are as many as in the file, or 400.
            tell(tables_[t].at->at, {},
                 fmt::format("{} has {} columns; {} are the most", made_.tables[t].name, made_.tables[t].columns.size(),
                             function_arguments_max));
    const auto bound = state_bound(made_);
    if (bound > state_bytes_max)
        tell(root_.here().at, {},
             fmt::format(
                 "the planner may need {}; {} is the most: lower \"remember\" of tables that change or are linked to",
                 shown_size(bound), shown_size(state_bytes_max)));
}

/// Rows in 10^6 seconds that come by themselves in the last stage, by the first values of settings.
std::uint64_t checker::last_rate(item_no t) const
{
    const auto last = static_cast<item_no>(made_.clock.stages.size() - 1);
    std::uint64_t sum = 0;
    for (const auto& one : made_.tables[t].arrives)
    {
        if (std::ranges::find(one.stages, last) == one.stages.end() || one.is == arrival::form::count)
            continue;
        const auto mean = std::max<std::int64_t>(one.gap.low / 2 + one.gap.high / 2, 1);
        auto rate = one.is == arrival::form::rate ? one.rate : static_cast<std::uint64_t>(1'000'000'000'000 / mean);
        if (one.speed)
        {
            auto factor = static_cast<unsigned __int128>(std::max<std::int64_t>(value_of(*one.speed, false), 0)) * rate;
            for (int i = 0; i < one.speed->type().scale; ++i)
                factor /= 10;
            rate = static_cast<std::uint64_t>(factor);
        }
        sum += rate;
    }
    return sum;
}

/// Links that pick each row once: whether there are rows enough, and whether what waits grows.
void checker::backlog()
{
    for (item_no t = 0; t < made_.tables.size(); ++t)
        for (std::size_t l = 0; l < made_.tables[t].links.size(); ++l)
        {
            const auto& one = made_.tables[t].links[l];
            if (!one.once || one.to == no_item)
                continue;
            const auto own = last_rate(t);
            const auto other = last_rate(one.to);
            const auto& at = tables_[t].body.entries("links")[l];
            const auto path = joined_path(tables_[t].body.path_of("links"), at.key);
            const auto day = [](std::uint64_t rate) { return rate * 86'400 / 1'000'000; };
            if (own > other && other > 0)
                warnings_.add(at.at, path,
                              fmt::format("{} {} a day want one of {} {} each; the others will not be", day(own),
                                          made_.tables[t].name, day(other), made_.tables[one.to].name));
            else if (own > 0 && own < other && one.within == 0 && one.pick != link::way::next)
                warnings_.add(at.at, path,
                              fmt::format("{} of {} {} a day are picked; what is not waits and grows: set within",
                                          day(own), day(other), made_.tables[one.to].name));
        }
}

}  // namespace bazaar::scenario::declared
