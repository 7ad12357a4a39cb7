#include "row_order.hpp"

#include <algorithm>
#include <utility>

namespace bazaar::verify
{

const row_order::newest* row_order::of(row_key row) const
{
    const auto found = newest_.find(row);
    return found == newest_.end() ? nullptr : &found->second;
}

void row_order::saw(row_key row, const newest& change)
{
    auto& known = newest_[row];
    if (change.at < known.at)
        return;
    known = change;
    // Whoever sends an older one again sends the newer one again before what is new.
    if (const auto found = back_.find(row); found != back_.end())
    {
        sure_.push_back(std::move(found->second));
        sure_.back().sure = true;
        back_.erase(found);
    }
}

bool row_order::is_older(row_key row, rank at) const
{
    const auto* const known = of(row);
    return known != nullptr && at < known->at;
}

void row_order::went_back(row_key row, std::uint64_t number, finding what)
{
    const auto& known = newest_.at(row);
    back_[row] = {known.at, known.lsn, number, std::move(what)};
}

void row_order::came_forward(row_key row, rank at)
{
    if (const auto found = back_.find(row); found != back_.end() && at >= found->second.needed)
        back_.erase(found);
}

void row_order::forget_before(std::int64_t us)
{
    std::erase_if(newest_, [&](const auto& entry) { return entry.second.us < us && !back_.contains(entry.first); });
}

std::vector<row_order::gone_back> row_order::gone() const
{
    auto all = sure_;
    for (const auto& [row, back] : back_)
        all.push_back(back);
    std::ranges::sort(all, {}, &gone_back::number);
    return all;
}

}  // namespace bazaar::verify
