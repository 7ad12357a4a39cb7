#include "bazaar/run/survivors.hpp"

#include <algorithm>

#include "bazaar/base/error.hpp"
#include "bazaar/scenario/first_rows.hpp"

namespace bazaar::run
{

survivors::survivors(const scenario::scenario& shop)
{
    if (shop.rewrites_whole_units())
        return;
    shop_ = &shop;
    for (const auto& kind : shop.kinds())
        changes_.push_back(
            std::ranges::any_of(kind.parts, [](const model::part& part) { return part.what != model::op::insert; }));
    writers_.resize(shop.tables().size());
    room_ = std::make_unique<model::unit>();
}

void survivors::add_unit(const model::decision& d)
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

void survivors::add_rows(const model::decision& d)
{
    expect(d.initial == model::decision::none, "units that change single rows find no rows from before unit 0");
    if (!changes_[d.kind])
        return;
    const auto tables = shop_->tables();
    shop_->build(d, *room_);
    bool any_left = false;
    for (const auto& c : room_->changes)
    {
        any_left = any_left || c.what != model::op::erase;
        if (c.what == model::op::insert)
            continue;
        auto& rows = writers_[c.table];
        const auto row = c.key(tables[c.table]).row().row;
        if (row >= rows.size())
            rows.resize(row + row / 4 + 1);
        if (rows[row].sole())
            set(rewritten_, rows[row].unit());
        rows[row] = c.what == model::op::erase ? writer{writer::removed} : writer::of(d.no, room_->changes.size() == 1);
    }
    if (!any_left)
        set(rewritten_, d.no);
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

bool survivors::survives(const model::change& c, unit_no by, const model::table& t) const
{
    if (c.what == model::op::erase)
        return false;
    if (shop_ == nullptr)
        return t.version == model::no_column ? unversioned(by) : versioned(by);
    const auto& rows = writers_[c.table];
    const auto row = c.key(t).row().row;
    const auto last = row < rows.size() ? rows[row] : writer{};
    return c.what == model::op::insert ? last.word == 0 : last.is(by);
}

void survivors::keep(model::unit& unit, std::span<const model::table> tables) const
{
    std::erase_if(unit.changes,
                  [&](const model::change& c) { return !survives(c, unit.decision.no, tables[c.table]); });
    for (auto& c : unit.changes)
    {
        c.what = model::op::insert;
        c.before = {};
    }
}

}  // namespace bazaar::run
