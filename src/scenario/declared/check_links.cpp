#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "checker.hpp"
#include "shapes.hpp"

// Links: how rows are picked.

namespace bazaar::scenario::declared
{

void checker::links()
{
    for (item_no t = 0; t < made_.tables.size(); ++t)
    {
        if (tables_[t].at->value.is != shape::map)
            continue;
        const auto& body = tables_[t].body;
        const auto& entries = body.entries("links");
        for (std::size_t i = 0; i < made_.tables[t].links.size(); ++i)
        {
            auto& made = made_.tables[t].links[i];
            if (entries[i].value.is != shape::map || made.to == no_item)
                continue;
            pick_of(fields(entries[i].value, "link", joined_path(body.path_of("links"), entries[i].key)), made, made.to,
                    tables_[t].names);
            if (made.pick == link::way::cause)
                cause_of(t, made, entries[i]);
            if (made.to > t)
                tell(entries[i].at, body.path_of("links"),
                     fmt::format("{} stands behind {}; tables that others refer to come first",
                                 made_.tables[made.to].name, made_.tables[t].name));
        }
    }
    for (item_no u = 0; u < made_.units.size(); ++u)
    {
        if (units_[u].at->value.is != shape::map)
            continue;
        const auto& body = units_[u].body;
        const auto& entries = body.entries("links");
        for (std::size_t i = 0; i < made_.units[u].links.size(); ++i)
            if (entries[i].value.is == shape::map && made_.units[u].links[i].to != no_item)
                pick_of(fields(entries[i].value, "link", joined_path(body.path_of("links"), entries[i].key)),
                        made_.units[u].links[i], made_.units[u].links[i].to, units_[u].names);
    }
}

/// All but the table and the name of a link, or of a change's pick.
void checker::pick_of(const fields& here, link& made, item_no to, name_space& in)
{
    const bool is_link = !made.name.empty();
    made.pick = static_cast<link::way>(here.word("pick"));
    made.ranked = static_cast<link::rank>(here.word("rank"));
    made.alpha = static_cast<std::uint64_t>(std::max<std::int64_t>(here.units("alpha", 6).value_or(0), 0));
    const auto* const alpha = here.scalar("alpha");
    if (alpha != nullptr && number_of(alpha->value.text) && !here.units("alpha", 6))
        tell(alpha->value.at, "alpha", fmt::format("{}: six digits behind the point at most", alpha->value.text));
    made.rows = here.share("rows").value_or(0);
    made.hits = here.share("hits").value_or(0);
    made.bias = static_cast<std::uint8_t>(std::clamp<std::int64_t>(here.integer("bias").value_or(1), 0, 8));
    made.within = here.duration("within").value_or(0);
    made.once = here.boolean("once").value_or(false);
    if (made.pick == link::way::hot && here.share("rows") == std::optional(0U))
        tell(here.find("rows")->value.at, "rows", "no rows to pick; a share above 0");
    if (made.pick == link::way::next && !made.once && here.find("pick") != nullptr)
        tell(here.find("pick")->at, here.path(), "next picks each row once; say so: once: true");
    if (made.pick == link::way::weighted)
    {
        const auto* const by = here.scalar("by");
        made.by = by == nullptr ? no_item : column_of(to, by, here.path());
        if (made.by != no_item)
        {
            tables_[to].never_changes.insert(made.by);
            const auto type = column_type(to, made.by);
            if (type && *type != value_type{kind::decimal, 0})
                tell(by->at, here.path_of("by"), fmt::format("column {} has no whole numbers", by->value.text));
            if (!only_seeds(to))
                tell(by->at, here.path_of("by"),
                     fmt::format("weights need a table of seed rows alone; {} grows", made_.tables[to].name));
        }
    }
    if (is_link)
        made.missing = here.share("missing").value_or(0);
    if (made.pick == link::way::same && is_link)
        same_of(here, made, in);
    if (!is_link && (made.pick == link::way::same || made.pick == link::way::cause))
        tell(here.find("pick")->at, here.path(), fmt::format("a change cannot pick \"{}\"", here.text("pick")));
}

/// with: LINK, UNIT.LINK, LINK.LINK or UNIT.LINK.LINK
void checker::same_of(const fields& here, link& made, name_space& in)
{
    const auto* const one = here.scalar("with");
    if (one == nullptr)
        return;
    std::vector<std::string_view> words;
    for (std::string_view rest = one->value.text; !rest.empty();)
    {
        const auto dot = rest.find('.');
        words.push_back(rest.substr(0, dot));
        rest = dot == rest.npos ? std::string_view{} : rest.substr(dot + 1);
    }
    const auto* among = in.links;
    const auto unit = std::ranges::find(made_.units, words.empty() ? std::string_view{} : words.front(), &unit::name);
    if (in.table != no_item && unit != made_.units.end() && link_named(*among, words.front()) == no_item)
    {
        among = &unit->links;
        made.with_of_unit = true;
        words.erase(words.begin());
    }
    made.with = words.empty() ? no_item : link_named(*among, words.front());
    if (made.with == no_item || words.size() > 2)
        return no_such(*one, here.path(), "link", names_of(*among));
    auto to = (*among)[made.with].to;
    if (&(*among)[made.with] >= &made && among == in.links)
        tell(one->at, here.path_of("with"), "must be a link above this one");
    if (words.size() == 2 && to != no_item)
    {
        made.then = link_named(made_.tables[to].links, words.back());
        if (made.then == no_item)
            return tell(one->at, here.path_of("with"),
                        fmt::format("{} has no link \"{}\"", made_.tables[to].name, words.back()));
        to = made_.tables[to].links[made.then].to;
    }
    if (to != no_item && to != made.to)
        tell(one->at, here.path_of("with"),
             fmt::format("is a row of {}, not of {}", made_.tables[to].name, made_.tables[made.to].name));
}

/// Whether everything that makes rows of the table has a cause of the link's table.
void checker::cause_of(item_no t, const link& one, const entry& at)
{
    const auto path = joined_path(tables_[t].body.path_of("links"), at.key);
    const auto& made_by = tables_[t].made_by;
    if (made_by.empty())
        return;
    const auto wrong = std::ranges::find_if(made_by, [&](const insertion& from) { return from.from != one.to; });
    if (wrong == made_by.end())
        return;
    if (wrong->by == insertion::form::own)
        return tell(at.at, path,
                    fmt::format("\"pick: cause\" needs something that causes the row; {} comes by itself",
                                made_.tables[t].name));
    const auto by = wrong->unit == no_item ? std::string("a life")
                                           : fmt::format("unit {}", made_.units[wrong->unit].name);
    tell(at.at, path, fmt::format("\"pick: cause\": {} is caused by no row of {}", by, made_.tables[one.to].name));
}

}  // namespace bazaar::scenario::declared
