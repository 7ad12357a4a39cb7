#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "scenario/thelook/catalogue.hpp"

namespace bazaar::scenario::thelook
{

/// Numbers of the products in the order in which their prices change.
using price_round = std::shared_ptr<const std::vector<std::uint32_t>>;

/// What products cost after so many price changes, which they take turns in: arithmetic alone.
///
/// Threads: immutable.
class price_list
{
public:
    price_list(std::uint64_t seed, std::span<const product> products);

    /// The product whose price is changed by this touch, counted from 0.
    [[nodiscard]] const product& touched(std::uint64_t touch) const
    {
        return products_[(*round_)[touch % products_.size()]];
    }

    /// So many of the changes before this touch were of its product.
    [[nodiscard]] std::uint64_t changes_before(std::uint64_t touch) const { return touch / products_.size(); }

    /// Cents, when the product has had so many changes. Never what it cost before the last of them, and above its cost.
    [[nodiscard]] std::int64_t price(const product& p, std::uint64_t changes) const;

    /// Cents, when there have been so many touches of all products.
    [[nodiscard]] std::int64_t price_after(const product& p, std::uint64_t touches) const;

    [[nodiscard]] const price_round& round() const noexcept { return round_; }

private:
    std::uint64_t seed_;
    std::span<const product> products_;
    price_round round_;
    std::vector<std::uint32_t> places_;  ///< In the round, by the number of the product.
};

}  // namespace bazaar::scenario::thelook
