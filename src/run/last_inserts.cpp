#include "bazaar/run/last_inserts.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bazaar/scenario/does.hpp"

namespace bazaar::run
{

last_inserts::last_inserts(const scenario::scenario& shop)
    : shop_(shop), inserts_(shop.kinds().size()), last_(shop.kinds().size())
{
    for (std::size_t i = 0; i < inserts_.size(); ++i)
        inserts_[i] = std::ranges::any_of(shop.kinds()[i].parts,
                                          [](const model::part& one) { return one.what == model::op::insert; });
}

bool last_inserts::loses_rows(std::size_t table) const
{
    return scenario::does(shop_, model::op::erase, table);
}

bool last_inserts::has_first_rows(std::size_t table, time start) const
{
    bool any = false;
    shop_.initial_rows(static_cast<std::uint8_t>(table), start, [&](std::span<const model::value>) { any = true; });
    return any;
}

std::vector<std::string> last_inserts::missing(const ends& found, const record& of) const
{
    const auto tables = shop_.tables();
    std::vector<std::optional<unit_no>> wanted(tables.size());
    model::unit built;
    for (const auto& last : last_)
    {
        const bool refused = last && std::ranges::any_of(of.log,
                                                         [&](const model::control& entry) {
                                                             return entry.what == model::control::kind::reject &&
                                                                    entry.unit == last->no;
                                                         });
        if (!last || refused)
            continue;
        shop_.build(*last, built);
        for (const auto& change : built.changes)
            if (change.what == model::op::insert)
                wanted[change.table] = std::max(wanted[change.table].value_or(0), last->no);
    }
    const auto early = [&](std::size_t i)
    { return found[i] && wanted[i] && (*found[i] == no_unit || *found[i] < *wanted[i]); };
    // Somebody may have deleted the last rows of one table; of all of them, nobody.
    bool all = true;
    for (std::size_t i = 0; i < tables.size(); ++i)
        all = all && (!wanted[i] || loses_rows(i) || !found[i] || early(i));
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < tables.size(); ++i)
    {
        if (tables[i].kept_by != model::role::planned || loses_rows(i))
            continue;
        const auto place = fmt::format("table {}.{}", of.schema, tables[i].name);
        if (!found[i] && (wanted[i] || has_first_rows(i, of.start)))
            lines.push_back(fmt::format("{} has no row of run {}", place, of.run));
        else if (early(i) && (all || *found[i] == no_unit || *found[i] + of.window < *wanted[i]))
            lines.push_back(fmt::format("{} ends at {}, and unit {} has written to it, too", place,
                                        *found[i] == no_unit ? fmt::format("the rows that run {} began with", of.run)
                                                             : fmt::format("unit {} of run {}", *found[i], of.run),
                                        *wanted[i]));
    }
    return lines;
}

bool last_inserts::doubtful(const ends& found, const record& of) const
{
    const auto tables = shop_.tables();
    unit_no highest = 0;
    for (std::size_t i = 0; i < tables.size(); ++i)
    {
        if (tables[i].kept_by != model::role::planned)
            continue;
        if (found[i] && *found[i] != no_unit)
            highest = std::max(highest, *found[i]);
        if (!found[i] && !loses_rows(i) && (scenario::does(shop_, model::op::insert, i) || has_first_rows(i, of.start)))
            return true;
    }
    // So many units in a row without one that inserts are rare; planning once too often costs time alone.
    constexpr unit_no without_rows = 32;
    return highest + without_rows < of.settled;
}

}  // namespace bazaar::run
