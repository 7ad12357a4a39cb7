#include "bazaar/run/last_inserts.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bazaar/run/replan.hpp"
#include "bazaar/scenario/does.hpp"

namespace bazaar::run
{

namespace
{

/// Its last rows are known: those of tables that go elsewhere are told by whoever writes there.
bool is_told(const model::table& t)
{
    return t.kept_by == model::role::planned && t.sink == model::target::postgres;
}

}  // namespace

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

last_inserts::ends last_inserts::wanted(const record& of) const
{
    ends rows(shop_.tables().size());
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
        {
            auto& row = rows[change.table];
            const auto& key = change.key(shop_.tables()[change.table]);
            if (change.what == model::op::insert && (!row || row->unit <= last->no))
                row = {change.table, std::max(row ? row->row : 0, key.row().row), last->no};
        }
    }
    return rows;
}

std::vector<std::string> last_inserts::missing(const ends& found, const record& of) const
{
    const auto tables = shop_.tables();
    const auto rows = wanted(of);
    const auto first = [&](std::size_t i) { return found[i]->unit == no_unit; };
    const auto numbered = [&](std::size_t i) { return found[i]->unit == unknown_unit; };
    const auto early = [&](std::size_t i)
    {
        return found[i] && rows[i] &&
               (first(i) || (numbered(i) ? found[i]->row < rows[i]->row : found[i]->unit < rows[i]->unit));
    };
    // A unit inserts at least one row, so that so many rows are no more than so many units.
    const auto far = [&](std::size_t i)
    {
        return numbered(i) ? found[i]->row + of.window < rows[i]->row
                           : first(i) || found[i]->unit + of.window < rows[i]->unit;
    };
    // Somebody may have deleted the last rows of one table; of all of them, nobody.
    bool all = true;
    for (std::size_t i = 0; i < tables.size(); ++i)
        all = all && (!is_told(tables[i]) || !rows[i] || loses_rows(i) || !found[i] || early(i));
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < tables.size(); ++i)
    {
        if (!is_told(tables[i]) || loses_rows(i))
            continue;
        const auto place = fmt::format("table {}.{}", of.schema, tables[i].name);
        if (!found[i] && (rows[i] || has_first_rows(i, of.start)))
            lines.push_back(fmt::format("{} has no row of run {}", place, of.run));
        else if (early(i) && (all || far(i)))
            lines.push_back(fmt::format("{} ends at {}, and unit {} has written to it, too", place,
                                        first(i)      ? fmt::format("the rows that run {} began with", of.run)
                                        : numbered(i) ? fmt::format("row {} of run {}", found[i]->row, of.run)
                                                      : fmt::format("unit {} of run {}", found[i]->unit, of.run),
                                        rows[i]->unit));
    }
    return lines;
}

std::optional<unit_no> last_inserts::beyond(const ends& found, const record& of, const scenario::planner& at,
                                            std::uint64_t steps) const
{
    const auto numbered = [](const std::optional<row_id>& row) { return row && row->unit == unknown_unit; };
    if (std::ranges::none_of(found, numbered))
        return std::nullopt;
    std::vector<std::byte> state;
    scenario::state_writer to(state);
    at.save(to);
    const auto copy = shop_.plan(of.start);
    scenario::state_reader from(state);
    if (!copy->load(from))
        return std::nullopt;
    replanner walk(*copy, of, steps);
    std::optional<unit_no> highest;
    model::unit built;
    try
    {
        for (const auto end = at.next_no() + of.window; copy->next_no() < end;)
        {
            const auto unit = walk.next();
            if (!inserts_[unit.kind])
                continue;
            shop_.build(unit, built);
            for (const auto& change : built.changes)
                if (change.what == model::op::insert && numbered(found[change.table]) &&
                    change.key(shop_.tables()[change.table]).row().row <= found[change.table]->row)
                    highest = unit.no;
        }
    }
    catch (const scenario::plan_over&)
    {
        // There are no further units.
    }
    return highest;
}

bool last_inserts::names_unit(const ends& found)
{
    return std::ranges::any_of(found, [](const auto& row) { return row && row->unit != unknown_unit; });
}

bool last_inserts::doubtful(const ends& found, const record& of) const
{
    const auto tables = shop_.tables();
    std::optional<unit_no> highest;
    for (std::size_t i = 0; i < tables.size(); ++i)
    {
        if (!is_told(tables[i]))
            continue;
        if (found[i] && found[i]->unit != no_unit && found[i]->unit != unknown_unit)
            highest = std::max(highest.value_or(0), found[i]->unit);
        if (!found[i] && !loses_rows(i) && (scenario::does(shop_, model::op::insert, i) || has_first_rows(i, of.start)))
            return true;
    }
    // So many units in a row without one that inserts are rare; planning once too often costs time alone.
    constexpr unit_no without_rows = 32;
    return highest.value_or(0) + without_rows < of.settled;
}

}  // namespace bazaar::run
