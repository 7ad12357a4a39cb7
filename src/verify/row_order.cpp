#include "row_order.hpp"

#include <algorithm>

namespace bazaar::verify
{

void row_order::saw(row_key row, const newest& change)
{
    auto& known = newest_[row];
    if (change.at >= known.at)
        known = change;
    came_forward(row, change.at);
}

bool row_order::is_older(row_key row, rank at) const
{
    const auto* const known = of(row);
    return known != nullptr && at < known->at;
}

void row_order::went_back(row_key row, std::uint64_t number, const change_event& e, finding what)
{
    const auto& known = newest_.at(row);
    back_[row] = {known.at, known.lsn, number, {std::string(e.stream), e.partition}, std::move(what)};
}

void row_order::came_forward(row_key row, rank at)
{
    if (const auto found = back_.find(row); found != back_.end() && at >= found->second.needed)
        back_.erase(found);
    if (back_.empty())
        highest_.clear();
}

void row_order::passed(const change_event& e, std::uint64_t number, std::uint64_t position)
{
    auto& highest = highest_[{std::string(e.stream), e.partition}];
    while (!highest.empty() && highest.back().second <= position)
        highest.pop_back();
    highest.emplace_back(number, position);
}

void row_order::forget_before(std::int64_t us)
{
    std::erase_if(newest_, [&](const auto& entry) { return entry.second.us < us && !back_.contains(entry.first); });
}

bool row_order::went_on(const gone_back& back) const
{
    const auto partition = highest_.find(back.partition);
    if (partition == highest_.end())
        return false;
    const auto after = std::ranges::upper_bound(partition->second, back.number, {},
                                                [](const auto& one) { return one.first; });
    return after != partition->second.end() && (back.lsn == 0 || after->second > back.lsn);
}

}  // namespace bazaar::verify
