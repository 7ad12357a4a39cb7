#include <array>
#include <bit>
#include <cstddef>

#include "bazaar/base/fixed.hpp"

namespace bazaar
{
namespace
{

/// Coefficients in Q44, of the constant first: those of Wichura's rational functions.
using polynomial = std::array<std::int64_t, 8>;

struct rational
{
    polynomial top;
    polynomial bottom;
};

/// For |u - 1/2| <= .425, in .180625 - (u - 1/2)^2; times (u - 1/2).
constexpr rational middle{
    {59'587'071'655'391, 2'342'252'991'816'119, 34'684'594'801'279'794, 241'570'511'427'789'735,
     807'867'557'086'926'113, 1'183'351'956'569'005'971, 588'116'905'238'393'342, 44'140'218'498'716'400},
    {17'592'186'044'416, 744'383'985'861'463, 12'089'121'683'105'774, 94'895'699'968'952'817, 373'197'016'061'483'377,
     691'511'815'929'749'282, 505'407'421'148'798'332, 91'945'477'305'841'298}};

/// Outside, in sqrt(-ln min(u, 1 - u)) - 1.6 where that root is at most 5.
constexpr rational outer{{25'041'370'474'834, 81'457'764'838'086, 101'498'068'502'678, 64'173'626'391'046,
                          22'350'137'938'806, 4'253'451'499'276, 399'762'108'696, 13'625'939'991},
                         {17'592'186'044'416, 36'120'129'080'649, 29'491'273'814'630, 12'134'515'284'419,
                          2'605'472'707'230, 267'377'769'814, 9'633'372'156, 18'485}};

/// Beyond, in the root less 5.
constexpr rational tail{{117'127'097'154'453, 96'119'920'663'872, 31'399'000'547'236, 5'217'148'753'045,
                         466'759'214'317, 21'861'122'577, 477'021'900, 3'536'618},
                        {17'592'186'044'416, 10'552'359'773'164, 2'408'895'940'232, 261'690'123'307, 13'842'748'148,
                         324'807'753, 2'500'750, 0}};

/// The value at r, which is in Q60 and below 8.
std::int64_t value_at(const polynomial& of, std::int64_t r)
{
    std::int64_t sum = of.back();
    for (std::size_t i = of.size() - 1; i > 0; --i)
        sum = static_cast<std::int64_t>((static_cast<__int128>(sum) * r) >> 60) + of[i - 1];
    return sum;
}

/// In Q44.
std::int64_t value_at(const rational& of, std::int64_t r)
{
    return static_cast<std::int64_t>((static_cast<__int128>(value_at(of.top, r)) << 44) / value_at(of.bottom, r));
}

/// The root of a number in Q56 that is in [2, 64), in Q60: by digits in 32 bits, and a step of Newton's for the others.
std::int64_t root_q60(std::int64_t square)
{
    auto rest = static_cast<std::uint64_t>(square);  // The root of this is the wished one in Q28.
    std::uint64_t root = 0;
    for (std::uint64_t bit = std::uint64_t{1} << 62; bit != 0; bit >>= 2)
    {
        const bool one = rest >= root + bit;
        rest -= one ? root + bit : 0;
        root = (root >> 1) + (one ? bit : 0);
    }
    const auto near = root << 32;
    return static_cast<std::int64_t>(
        (near + static_cast<std::uint64_t>((static_cast<unsigned __int128>(square) << 64) / near)) / 2);
}

/// For u = tail_q64 / 2^64 of at most .075: how far below zero its quantile is, in Q44.
std::int64_t distance(std::uint64_t tail_q64)
{
    constexpr std::int64_t one = std::int64_t{1} << 60;
    const auto root = root_q60(-ln_q56(tail_q64, 64));
    return root <= 5 * one ? value_at(outer, root - one / 5 * 8) : value_at(tail, root - 5 * one);
}

}  // namespace

std::int64_t normal_q32(std::uint64_t bits) noexcept
{
    bits |= 1;
    const auto half = std::uint64_t{1} << 63;
    const bool below = bits < half;
    const auto from_middle = below ? half - bits : bits - half;
    std::int64_t far = 0;
    constexpr std::uint64_t middle_q64 = 7'839'866'231'326'559'436;  // .425
    constexpr std::int64_t edge_q60 = 208'246'446'769'611'735;       // .180625
    if (from_middle <= middle_q64)
    {
        const auto square_q64 = static_cast<std::uint64_t>(
            (static_cast<unsigned __int128>(from_middle) * from_middle) >> 64);
        const auto slope = value_at(middle, edge_q60 - static_cast<std::int64_t>(square_q64 >> 4));
        far = static_cast<std::int64_t>((static_cast<__int128>(slope) * from_middle) >> 64);
    }
    else
        far = distance(half - from_middle);
    const auto rounded_q32 = (far + (1 << 11)) >> 12;
    return below ? -rounded_q32 : rounded_q32;
}

}  // namespace bazaar
