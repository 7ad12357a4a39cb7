#include <algorithm>
#include <vector>

#include "bazaar/scenario/declared/check.hpp"

namespace bazaar::scenario::declared
{
namespace
{

/// What is kept of the rows of one table.
struct kept_rows
{
    bool grows = false;
    bool mutable_rows = false;
    bool erased = false;
    std::uint64_t cells = 0;  ///< Columns that change.
    std::uint64_t links = 0;  ///< Bytes a row that links to it need.
    bool linked = false;
    std::uint64_t pending = 0;  ///< Steps under way a row.
};

void add_link(std::vector<kept_rows>& tables, const link& one)
{
    if (one.to >= tables.size())
        return;
    auto& to = tables[one.to];
    to.linked = true;
    if (one.pick == link::way::recent || one.within > 0)
        to.links += 8;
    if (one.pick == link::way::weighted)
        to.links += 12;
    if (one.once && one.pick != link::way::next)
        to.links += 5;
}

std::vector<kept_rows> kept_of(const spec& what)
{
    std::vector<kept_rows> all(what.tables.size());
    for (std::size_t t = 0; t < what.tables.size(); ++t)
    {
        const auto& table = what.tables[t];
        all[t].grows = all[t].grows || !table.arrives.empty();
        for (const auto& one : table.links)
            add_link(all, one);
        std::vector<item_no> cells;
        for (const auto& one : table.changes)
        {
            all[t].mutable_rows = true;
            all[t].erased = all[t].erased || one.erase;
            all[t].links += one.pick.once && one.pick.pick != link::way::next ? 5 : 0;
            all[t].links += one.pick.within > 0 ? 8 : 0;
            for (const auto& set : one.set)
                cells.push_back(set.column);
        }
        std::ranges::sort(cells);
        cells.erase(std::unique(cells.begin(), cells.end()), cells.end());  // No view: clang 14 takes none of GCC 12.
        all[t].cells += cells.size();
        for (const auto& column : table.columns)
            if (std::holds_alternative<gen::counter>(column.how.how))
            {
                all[t].mutable_rows = true;
                ++all[t].cells;
            }
        if (table.life)
        {
            all[t].mutable_rows = true;
            all[t].pending += 48;
            ++all[t].cells;
            for (const auto& state : table.life->states)
                for (const auto& step : state.steps)
                    if (step.insert < all.size())
                        all[step.insert].grows = true;
        }
    }
    for (const auto& unit : what.units)
    {
        for (const auto& one : unit.links)
            add_link(all, one);
        for (const auto& row : unit.rows)
        {
            if (row.table < all.size())
                (row.is == row_step::form::insert ? all[row.table].grows : all[row.table].mutable_rows) = true;
            if (row.table < all.size() && row.is == row_step::form::change)
                all[row.table].cells += row.set.size();
            if (row.short_to < all.size())
                all[row.short_to].grows = true;
        }
        if (unit.follows && !unit.follows->of_unit && unit.follows->of < all.size())
            all[unit.follows->of].pending += 48;
    }
    return all;
}

/// Rows at T0 at most; settings stand at their highest value.
std::uint64_t seeds_of(const spec& what, const table& one)
{
    if (!one.seed)
        return 0;
    std::vector<operand> values;
    for (const auto& setting : what.settings)
    {
        operand value;
        value.number = setting.high;
        values.push_back(value);
    }
    model::arena texts;
    const kit::time_zone utc;
    workspace with{.texts = texts, .zone = utc};
    const auto found = one.seed->evaluate(values, with).value;
    return found.missing || found.number < 0
               ? 0
               : static_cast<std::uint64_t>(std::min<exact::integer>(found.number, 1'000'000'000));
}

}  // namespace

std::uint64_t state_bound(const spec& what)
{
    constexpr std::uint64_t of_flow = 48;
    constexpr std::uint64_t of_window_row = 10;
    constexpr std::uint64_t window = 1'024;
    std::uint64_t bytes = window * of_window_row;
    const auto all = kept_of(what);
    for (std::size_t t = 0; t < all.size(); ++t)
    {
        const auto& table = what.tables[t];
        const auto& kept = all[t];
        bytes += of_flow * (table.arrives.size() + table.changes.size());
        const auto rows = kept.grows ? table.remember : std::min(table.remember, seeds_of(what, table));
        std::uint64_t each = kept.links + kept.pending;
        if (kept.mutable_rows)
            each += 8 + 5 + 8 * kept.cells;
        if (kept.grows && (kept.linked || kept.mutable_rows) && table.keys.is == key::form::uuid)
            each += 5;
        bytes += rows * each + (kept.erased ? rows / 8 + 1 : 0);
    }
    for (const auto& unit : what.units)
        bytes += of_flow * (unit.arrives.size() + 1);
    return bytes;
}

}  // namespace bazaar::scenario::declared
