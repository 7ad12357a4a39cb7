#include "touched_rows.hpp"

#include "bazaar/verify/row_name.hpp"

namespace bazaar::verify
{

void touched_rows::add(const model::unit& unit, const shapes& compared, std::span<const model::table> tables,
                       row_encoder& encode)
{
    for (const auto& change : unit.changes)
    {
        if (!compared[change.table])
            continue;
        const auto id = row_named(change.table, change.key(tables[change.table]));
        const auto [place, fresh] = places_.try_emplace(key_of(id), static_cast<std::uint32_t>(rows_.size()));
        if (fresh)
            rows_.push_back({id, change.before.empty() ? 0 : encode.hash(change.table, change.before)});
        versions_.push_back({unit.decision.no, change.after.empty() ? 0 : encode.hash(change.table, change.after),
                             place->second, ++rows_[place->second].versions});
    }
}

touched_rows::row* touched_rows::find(row_key key)
{
    const auto place = places_.find(key);
    return place == places_.end() ? nullptr : &rows_[place->second];
}

void touched_rows::settle()
{
    for (auto& one : rows_)
        one.least = one.most = one.times <= 1 && one.found == one.base ? 0 : unknown;
    for (const auto& one : versions_)
        if (auto& at = rows_[one.row]; at.times <= 1 && at.found == one.hash)
        {
            at.most = one.ordinal;
            if (!at.known())
                at.least = one.ordinal;
        }
}

}  // namespace bazaar::verify
