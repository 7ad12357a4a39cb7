#include "bazaar/verify/block_sums.hpp"

#include <algorithm>

namespace bazaar::verify
{

std::uint64_t& block_sums::grow(std::uint64_t block)
{
    if (block >= sums_.size() + leap)
        return far_[block];
    sums_.resize(block + 1);
    return sums_[block];
}

std::uint64_t block_sums::get(std::uint64_t block) const
{
    const auto far = far_.find(block);
    return (block < sums_.size() ? sums_[block] : 0) + (far == far_.end() ? 0 : far->second);
}

void block_sums::add(const block_sums& other)
{
    for (std::size_t i = 0; i < other.sums_.size(); ++i)
        at(i) += other.sums_[i];
    for (const auto& [block, sum] : other.far_)
        at(block) += sum;
}

std::vector<std::uint64_t> block_sums::differing(const block_sums& other) const
{
    std::vector<std::uint64_t> found;
    const auto dense = std::max(sums_.size(), other.sums_.size());
    for (std::uint64_t block = 0; block < dense; ++block)
        if (get(block) != other.get(block))
            found.push_back(block);
    for (const auto* sums : {this, &other})
        for (const auto& [block, sum] : sums->far_)
            if (block >= dense && get(block) != other.get(block))
                found.push_back(block);
    std::ranges::sort(found);
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

}  // namespace bazaar::verify
