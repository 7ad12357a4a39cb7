#include "bazaar/base/fixed.hpp"

#include <array>
#include <bit>

namespace bazaar
{
namespace
{

using wide = unsigned __int128;

constexpr std::uint64_t one_q62 = std::uint64_t{1} << 62;

/// ln(top / bottom) in Q62 for 1 <= top / bottom <= 2, by 2 artanh((top - bottom) / (top + bottom)).
constexpr std::uint64_t ln_ratio_q62(std::uint64_t top, std::uint64_t bottom)
{
    const auto y = static_cast<std::uint64_t>(static_cast<wide>(top - bottom) * one_q62 / (top + bottom));
    const auto y2 = static_cast<std::uint64_t>((static_cast<wide>(y) * y) >> 62);
    std::uint64_t power = y;
    std::uint64_t sum = 0;
    for (std::uint64_t k = 1; power != 0; k += 2)
    {
        sum += power / k;
        power = static_cast<std::uint64_t>((static_cast<wide>(power) * y2) >> 62);
    }
    return 2 * sum;
}

struct cell
{
    std::uint64_t neg_ln_q62;   ///< -ln of the cell's lower end, as a share of 2^64.
    std::uint64_t inverse_q63;  ///< 2^127 / the cell's lower end.
};

constexpr std::array<cell, 256> make_cells()
{
    std::array<cell, 256> cells{};
    for (std::uint64_t i = 0; i < cells.size(); ++i)
    {
        const std::uint64_t low = (256 + i) << 55;
        const wide inverse = (static_cast<wide>(1) << 127) / low;
        cells[i] = {ln_ratio_q62(512, 256 + i),
                    inverse >> 64 ? ~std::uint64_t{0} : static_cast<std::uint64_t>(inverse)};
    }
    return cells;
}

constexpr auto cells = make_cells();
constexpr std::uint64_t ln2_q62 = ln_ratio_q62(2, 1);

}  // namespace

std::uint64_t exponential_q32(std::uint64_t bits) noexcept
{
    bits |= 1;
    const int zeros = std::countl_zero(bits);
    const std::uint64_t mantissa = bits << zeros;  // in [2^63, 2^64)
    const auto index = (mantissa >> 55) & 0xff;
    const cell& c = cells[index];
    const std::uint64_t rest = mantissa - ((256 + index) << 55);
    // r = rest / low < 2^-8, in Q62; then ln(1 + r) by its series.
    const auto r = static_cast<std::uint64_t>((static_cast<wide>(rest) * c.inverse_q63) >> 65);
    const auto times = [](std::uint64_t a, std::uint64_t b)
    { return static_cast<std::uint64_t>((static_cast<wide>(a) * b) >> 62); };
    const std::uint64_t r2 = times(r, r);
    const std::uint64_t r3 = times(r2, r);
    const std::uint64_t r4 = times(r2, r2);
    const std::uint64_t ln1p = r - r2 / 2 + r3 / 3 - r4 / 4;
    const wide total = static_cast<wide>(ln2_q62) * static_cast<unsigned>(zeros) + c.neg_ln_q62;
    return static_cast<std::uint64_t>((total > ln1p ? total - ln1p : 0) >> 30);
}

}  // namespace bazaar
