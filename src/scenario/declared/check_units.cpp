#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "checker.hpp"
#include "shapes.hpp"

// Units of several rows.

namespace bazaar::scenario::declared
{

void checker::units()
{
    for (item_no u = 0; u < made_.units.size(); ++u)
        if (units_[u].at->value.is == shape::map)
            one_unit(u);
}

void checker::one_unit(item_no u)
{
    auto& work = units_[u];
    auto& made = made_.units[u];
    made.arrives = arrivals(work.body);
    if (work.body.head().empty())
        tell(work.at->at, {}, fmt::format("unit {} never comes; it needs arrives or follows", work.at->key));
    if (work.body.block("follows"))
        follow_of(u);
    for (std::size_t v = 0; v < work.vars.size(); ++v)
        static_cast<void>(var_type(work.names, static_cast<item_no>(v)));
    for (const auto& here : work.body.blocks("rows"))
    {
        row_step step;
        one_row(u, here, step);
        made.rows.push_back(std::move(step));
    }
}

void checker::one_row(item_no u, const fields& here, row_step& made)
{
    auto& names = units_[u].names;
    if (here.head() == "change")
    {
        made.is = row_step::form::change;
        const auto* const change = here.scalar("change");
        made.link = find(change, here.path(), "link", names_of(made_.units[u].links));
        if (made.link == no_item || made_.units[u].links[made.link].to == no_item)
            return;
        made.table = made_.units[u].links[made.link].to;
        made.set = assignments(here, made.table, names);
        for (const auto& set : made.set)
            touched(made.table, set.column, change->at, fmt::format("unit {}", made_.units[u].name));
        return;
    }
    const auto* const insert = here.scalar("insert");
    const auto found = insert == nullptr ? made_.tables.end()
                                         : std::ranges::find(made_.tables, insert->value.text, &table::name);
    if (found == made_.tables.end())
        return;
    made.table = static_cast<item_no>(found - made_.tables.begin());
    row_count(here, u, made);
    made.distinct = find(here.scalar("distinct"), here.path(), "link", names_of(found->links));
    if (made.distinct != no_item)
    {
        const auto to = found->links[made.distinct].to;
        const auto rows = to == no_item || !only_seeds(to) || !made_.tables[to].seed
                              ? -1
                              : value_of(*made_.tables[to].seed, true);
        if (rows >= 0 && rows < made.times_most)
            tell(here.find("distinct")->at, {},
                 fmt::format("distinct {}: up to {} of {} rows can never be had", found->links[made.distinct].name,
                             made.times_most, rows));
        if (made.times_most < 2)
            tell(here.find("distinct")->at, here.path(),
                 "\"distinct\" does nothing here; it goes with more than one row");
    }
    movements(here, u, made, false);
    movements(here, u, made, true);
    if (const auto* const otherwise = here.scalar("short"))
    {
        const auto& word = otherwise->value.text;
        made.when_short = word == "none"   ? row_step::shortage::none
                          : word == "drop" ? row_step::shortage::drop
                                           : row_step::shortage::table;
        const auto table_here = std::ranges::find(made_.tables, word, &table::name);
        if (made.when_short == row_step::shortage::table && table_here != made_.tables.end())
            made.short_to = static_cast<item_no>(table_here - made_.tables.begin());
    }
}

/// times: 3, 1..3, or a generator of whole numbers.
void checker::row_count(const fields& here, item_no u, row_step& made)
{
    const auto* const times = here.find("times");
    if (times == nullptr)
        return;
    const auto path = here.path_of("times");
    std::optional<generator> how;
    std::optional<range> of;
    if (times->value.is == shape::scalar && expression_start(times->value) == std::string::npos)
    {
        const auto read = range_of(times->value.text);
        const auto low = read ? units_of(read->low, 0) : std::nullopt;
        const auto high = read ? units_of(read->high, 0) : std::nullopt;
        if (!low || !high)
            return tell(times->value.at, path,
                        fmt::format("\"{}\" is no number of rows; e.g. 1..3", times->value.text));
        of = range{*low, *high};
        how = generator{};
        how->how = gen::even{*of};
        how->type = {kind::decimal, 0};
    }
    else
        how = value(times->value, {.in = units_[u].names, .path = path, .at = times->at});
    if (!how)
        return;
    if (how->type != value_type{kind::decimal, 0})
        return tell(times->at, path, "takes whole numbers");
    if (const auto* const drawn = std::get_if<gen::even>(&how->how))
        of = drawn->of;
    if (const auto* const chosen = std::get_if<gen::choice>(&how->how))
    {
        of = range{1, 1};
        const kit::time_zone utc;
        for (const auto& one : chosen->values)
        {
            model::arena texts;
            workspace with{.texts = texts, .zone = utc};
            const auto number_here = static_cast<std::int64_t>(one.evaluate({}, with).value.number);
            of = range{std::min(of->low, number_here), std::max(of->high, number_here)};
        }
    }
    if (!of)
        return tell(
            times->at, path,
            "takes a number, a range, or a choice of numbers, so that it is known how many rows there are at most");
    if (of->low < 0 || of->high < 1 || of->high > 16)
        return tell(times->at, path,
                    fmt::format("{}..{} rows; must be from 0 to 16, and 1 at least", of->low, of->high));
    made.times = std::move(how);
    made.times_most = static_cast<std::uint8_t>(of->high);
}

void checker::movements(const fields& here, item_no u, row_step& made, bool put)
{
    const auto key_here = put ? "put" : "take";
    for (const auto& one : here.entries(key_here))
    {
        const auto path = here.path_of(key_here);
        const auto dot = one.key.rfind('.');
        auto link_text = one.key.substr(0, dot);
        row_step::movement moved{put, false, 0, 0, {}};
        const auto prefix = made_.units[u].name + ".";
        moved.of_unit = link_text.starts_with(prefix);
        if (moved.of_unit)
            link_text.erase(0, prefix.size());
        const auto& links = moved.of_unit ? made_.units[u].links : made_.tables[made.table].links;
        moved.link = link_named(links, link_text);
        if (dot == std::string::npos || moved.link == no_item)
        {
            tell(one.at, path,
                 links.empty() ? fmt::format("no link \"{}\"; there is none here", link_text)
                               : fmt::format("no link \"{}\"; take LINK.COUNTER, links: {}", link_text,
                                             fmt::join(names_of(links), ", ")));
            continue;
        }
        const auto to = links[moved.link].to;
        if (to == no_item)
            continue;
        moved.counter = column_named(to, one.key.substr(dot + 1));
        const bool counts = moved.counter != no_item &&
                            tables_[to].columns[moved.counter].at->value.find("counter") != nullptr;
        if (!counts)
        {
            tell(one.at, path,
                 fmt::format("{} has no counter \"{}\"; a counter is a column {{counter: ...}}", made_.tables[to].name,
                             one.key.substr(dot + 1)));
            continue;
        }
        touched(to, moved.counter, one.at, fmt::format("unit {}", made_.units[u].name));
        auto amount = of_kind(one, tables_[made.table].names, kind::decimal, joined_path(path, one.key));
        if (!amount)
            continue;
        if (amount->type().scale != 0)
            tell(one.value.at, joined_path(path, one.key), "takes a whole number; take round() or floor()");
        moved.amount = *std::move(amount);
        made.moves.push_back(std::move(moved));
    }
}

void checker::follow_of(item_no u)
{
    const auto here = *units_[u].body.block("follows");
    follow made;
    const auto* const after = here.scalar("after");
    if (after != nullptr && expression_start(after->value) != std::string::npos)
        made.after_setting = of_settings(after->value, here.path_of("after"), kind::duration, false);
    else
        made.after = here.durations("after").value_or(range{});
    made.chance = here.share("chance").value_or(whole_share);
    if (const auto* const waits = here.scalar("waits"))
        made.waits = find(waits, here.path(), "window", names_of(made_.clock.windows));
    if (here.head() == "of")
    {
        const auto* const of = here.scalar("of");
        auto known = names_of(made_.tables);
        const auto tables = known.size();
        const auto units = names_of(made_.units);
        known.insert(known.end(), units.begin(), units.end());
        const auto which = find(of, here.path(), "table or unit", known);
        made.of_unit = which != no_item && which >= tables;
        made.of = made.of_unit ? static_cast<item_no>(which - tables) : which;
        if (made.of_unit && made.of == u)
            tell(of->at, here.path_of("of"), "a unit cannot follow itself");
    }
    else if (const auto* const low = here.scalar("low"))
    {
        made.is = follow::form::low;
        const auto dot = low->value.text.find('.');
        const auto name = low->value.text.substr(0, dot);
        const auto found = std::ranges::find(made_.tables, name, &table::name);
        made.of = static_cast<item_no>(found - made_.tables.begin());
        const auto column = dot == std::string::npos || found == made_.tables.end()
                                ? no_item
                                : column_named(made.of, low->value.text.substr(dot + 1));
        if (column == no_item || tables_[made.of].columns[column].at->value.find("counter") == nullptr)
            tell(low->at, here.path_of("low"),
                 fmt::format("\"{}\" is no counter of a table; write TABLE.COUNTER", low->value.text));
        made.counter = column;
        const auto* const at = here.scalar("at");
        if (at != nullptr)
            made.at = of_settings(at->value, here.path_of("at"), kind::decimal, true);
    }
    made_.units[u].follows = std::move(made);
}

}  // namespace bazaar::scenario::declared
