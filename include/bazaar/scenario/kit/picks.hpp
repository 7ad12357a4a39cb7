#pragma once

#include <algorithm>
#include <cstdint>

#include "bazaar/base/error.hpp"
#include "bazaar/base/fixed.hpp"
#include "bazaar/base/random.hpp"

namespace bazaar::scenario::kit
{

/// One of `rows` rows, numbered from the oldest: the newest of bias + 1 that are drawn evenly, so that its weight goes as its place to the
/// power of `bias`. With 1 weights grow evenly with the place, with 0 all are alike.
///
/// `rows` is above zero. Draws bias + 1 times.
[[nodiscard]] constexpr std::uint64_t pick_recent(random& draw, std::uint64_t rows, unsigned bias) noexcept
{
    std::uint64_t newest = draw.below(rows);
    for (unsigned i = 0; i < bias; ++i)
        newest = std::max(newest, draw.below(rows));
    return newest;
}

/// A share of all rows that takes another share of all hits: "20 % of the customers make 80 % of the orders".
class hot
{
public:
    /// Both in units of 10^-6. Errors: throws `error` for what is no share, and for no row that takes hits.
    hot(std::uint64_t rows_micro, std::uint64_t hits_micro) : rows_micro_(rows_micro), hits_(hits_micro, whole)
    {
        expect(rows_micro > 0 && rows_micro <= whole && hits_micro <= whole,
               "shares are from 0 to 1, that of rows above 0");
    }

    /// How many of `rows`, the first ones, are hot: their share, rounded up.
    [[nodiscard]] constexpr std::uint64_t count(std::uint64_t rows) const noexcept
    {
        const auto down = scaled(rows, rows_micro_, whole);
        return down + (static_cast<unsigned __int128>(rows) * rows_micro_ % whole != 0 ? 1 : 0);
    }

    /// One of `rows` rows, from 0; alike within both parts. `rows` is above zero. Always draws twice.
    [[nodiscard]] std::uint64_t pick(random& draw, std::uint64_t rows) const noexcept
    {
        const auto hot_rows = count(rows);
        const bool hits = hits_.happens(draw.next());
        return hits || hot_rows == rows ? draw.below(hot_rows) : hot_rows + draw.below(rows - hot_rows);
    }

private:
    static constexpr std::uint64_t whole = 1'000'000;

    std::uint64_t rows_micro_;
    chance hits_;
};

}  // namespace bazaar::scenario::kit
