#include "bazaar/run/survivors.hpp"

#include <algorithm>

#include "bazaar/scenario/first_rows.hpp"

namespace bazaar::run
{

void survivors::add(const model::decision& d)
{
    for (std::uint8_t i = 0; i < d.after_count; ++i)
    {
        if ((d.rewrites >> i & 1U) != 0)
            set(rewritten_, d.after[i]);
        if ((d.removes >> i & 1U) != 0)
            set(removed_, d.after[i]);
    }
    if (d.initial != model::decision::none)
    {
        if (d.initial_table >= first_rows_.size())
            first_rows_.resize(d.initial_table + std::size_t{1});
        set(first_rows_[d.initial_table], d.initial);
    }
}

void survivors::first_rows(const scenario::scenario& shop, std::uint8_t table, time start,
                           const scenario::row_taker& take) const
{
    std::uint64_t place = 0;
    const bool versioned = shop.tables()[table].version != model::no_column;
    scenario::first_rows(shop, table, start,
                         [&](std::span<const model::value> row)
                         {
                             if (!versioned || initial(table, place++))
                                 take(row);
                         });
}

void survivors::keep(model::unit& unit, std::span<const model::table> tables) const
{
    const bool rows = versioned(unit.decision.no);
    const bool marks = unversioned(unit.decision.no);
    std::erase_if(unit.changes,
                  [&](const model::change& c)
                  {
                      const bool survives = tables[c.table].version == model::no_column ? marks : rows;
                      return !survives || c.what == model::op::erase;
                  });
    for (auto& c : unit.changes)
    {
        c.what = model::op::insert;
        c.before = {};
    }
}

}  // namespace bazaar::run
