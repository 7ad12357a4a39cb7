#include "scenario/thelook/prices.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "bazaar/base/random.hpp"

namespace bazaar::scenario::thelook
{

price_list::price_list(std::uint64_t seed, std::span<const product> products)
    : seed_(seed), products_(products), places_(products.size())
{
    std::vector<std::uint32_t> order(products.size());
    std::iota(order.begin(), order.end(), 0U);
    auto draw = derive(seed, stream("touch order"), 0);
    for (std::size_t i = order.size(); i > 1; --i)
        std::swap(order[i - 1], order[draw.below(i)]);
    for (std::uint32_t place = 0; place < order.size(); ++place)
        places_[order[place]] = place;
    round_ = std::make_shared<const std::vector<std::uint32_t>>(std::move(order));
}

std::int64_t price_list::price(const product& p, std::uint64_t changes) const
{
    if (changes == 0)
        return p.price;
    const auto number = static_cast<std::uint64_t>(&p - products_.data());
    auto draw = derive(seed_, stream("price"), number << 32 | changes);
    // Up above the list price, then down to it or below, and so on: each change is one.
    if (changes % 2 == 1)
        return p.price + std::max<std::int64_t>(1, p.price * draw.between(1, 10) / 100);
    return std::max(p.cost + 1, p.price - p.price * draw.between(0, 15) / 100);
}

std::int64_t price_list::price_after(const product& p, std::uint64_t touches) const
{
    const auto place = places_[static_cast<std::size_t>(&p - products_.data())];
    return price(p, touches / products_.size() + (place < touches % products_.size() ? 1 : 0));
}

}  // namespace bazaar::scenario::thelook
