#include "columns.hpp"

#include <algorithm>

namespace bazaar::postgres
{

std::vector<std::uint8_t> parents_first(std::span<const model::table> tables)
{
    std::vector<std::uint8_t> order;
    const auto placed = [&](std::size_t number)
    { return std::ranges::find(order, static_cast<std::uint8_t>(number)) != order.end(); };
    const auto ready = [&](std::size_t number)
    {
        return std::ranges::all_of(tables[number].foreign_keys,
                                   [&](const model::foreign_key& link)
                                   {
                                       const auto parent = std::ranges::find(tables, link.table, &model::table::name);
                                       const auto at = static_cast<std::size_t>(parent - tables.begin());
                                       return parent == tables.end() || at == number || placed(at);
                                   });
    };
    std::size_t wanted = 0;
    for (const auto& t : tables)
        wanted += kept_here(t) ? 1U : 0U;
    while (order.size() < wanted)
    {
        const std::size_t before = order.size();
        for (std::size_t i = 0; i < tables.size(); ++i)
            if (kept_here(tables[i]) && !placed(i) && ready(i))
                order.push_back(static_cast<std::uint8_t>(i));
        if (order.size() != before)
            continue;
        // Tables that name each other: no order suits them, so theirs is as good as any.
        for (std::size_t i = 0; i < tables.size(); ++i)
            if (kept_here(tables[i]) && !placed(i))
                order.push_back(static_cast<std::uint8_t>(i));
    }
    return order;
}

}  // namespace bazaar::postgres
