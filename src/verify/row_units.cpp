#include "row_units.hpp"

#include <algorithm>
#include <bit>

#include "bazaar/base/error.hpp"

namespace bazaar::verify
{
namespace
{

constexpr std::uint64_t sample_rows = 512;
constexpr std::uint64_t word_bits = 64;

}  // namespace

void row_index::push(bool bit)
{
    if (size_ % word_bits == 0)
        bits_.push_back(0);
    if (bit)
        bits_.back() |= std::uint64_t{1} << (size_ % word_bits);
    ++size_;
}

void row_index::add(std::uint64_t row, unit_no unit)
{
    const auto place = unit == no_unit ? 0 : unit + 1;
    expect(row >= rows_ && place >= place_,
           "the rows of a table whose keys do not name their unit are numbered in the order of the units");
    for (; place_ < place; ++place_)
        push(false);
    for (; rows_ <= row; ++rows_)
    {
        if (rows_ % sample_rows == 0)
            samples_.push_back(size_);
        push(true);
    }
}

unit_no row_index::unit_of(std::uint64_t row) const
{
    auto left = row % sample_rows;
    const auto from = samples_[row / sample_rows];
    auto word = from / word_bits;
    auto bits = bits_[word] & (~std::uint64_t{0} << (from % word_bits));
    for (auto ones = static_cast<std::uint64_t>(std::popcount(bits)); left >= ones;
         ones = static_cast<std::uint64_t>(std::popcount(bits)))
    {
        left -= ones;
        bits = bits_[++word];
    }
    for (; left > 0; --left)
        bits &= bits - 1;
    // Before the bit of a row stand the bits of the rows before it, and those of the units.
    const auto place = word * word_bits + static_cast<std::uint64_t>(std::countr_zero(bits)) - row;
    return place == 0 ? no_unit : place - 1;
}

row_units::row_units(const subject& of)
    : subject_(of), numbered_(of.shop.tables().size()), index_(of.shop.tables().size())
{
    const auto tables = of.shop.tables();
    for (std::uint8_t i = 0; i < tables.size(); ++i)
    {
        numbered_[i] = tables[i].kept_by == model::role::planned && !tables[i].keys.names_unit();
        any_ = any_ || numbered_[i];
        if (numbered_[i])
            of.shop.initial_rows(i, of.recorded.start,
                                 [&](std::span<const model::value> row)
                                 { index_[i].add(row[tables[i].key].row().row, no_unit); });
    }
    if (any_)
        walk_.emplace(of);
    for (const auto& kind : of.shop.kinds())
        inserts_.push_back(std::ranges::any_of(kind.parts, [&](const model::part& part)
                                               { return part.what == model::op::insert && numbered_[part.table]; }));
}

std::span<const row_id> row_units::plan_one()
{
    rows_.clear();
    model::decision d;
    const bool sent = walk_->next(d);
    at_ = d.at;
    if (!sent || !inserts_[d.kind])
        return rows_;
    subject_.shop.build(d, room_);
    for (const auto& c : room_.changes)
        if (c.what == model::op::insert && numbered_[c.table])
        {
            const auto row = c.after[subject_.shop.tables()[c.table].key].row();
            index_[c.table].add(row.row, d.no);
            rows_.push_back(row);
        }
    return rows_;
}

row_id row_units::named(const row_id& row) const
{
    if (row.unit != unknown_unit || row.row >= index_[row.table].end())
        return row;
    return {row.table, row.row, index_[row.table].unit_of(row.row)};
}

row_id row_units::find(const row_id& row)
{
    if (row.unit == unknown_unit)
        while (row.row >= index_[row.table].end() && next_no() < subject_.known)
            plan_one();
    return named(row);
}

}  // namespace bazaar::verify
