// Exact decimals of 38 digits, against whole numbers of any length that Python has computed, and against a second way here.

#include "bazaar/base/exact.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "bazaar/base/random.hpp"

namespace bazaar::exact
{
namespace
{

integer read(std::string_view text)
{
    const bool negative = text.starts_with('-');
    integer number = 0;
    for (const char c : text.substr(negative ? 1 : 0))
        number = number * 10 + (c - '0');
    return negative ? -number : number;
}

std::string shown(const std::optional<integer>& number, int scale = 0)
{
    text_buffer buffer{};
    return number ? std::string(to_text(*number, scale, buffer)) : "";
}

struct row
{
    std::string_view a;
    std::string_view b;
    int places;
    std::string_view product;   ///< Empty for what is beyond 38 digits, as the next.
    std::string_view quotient;  ///< a * 10^places / b.
};

// Made by Python, of whole numbers that have no end.
constexpr row rows[] = {
    {"7713914763314685786", "12175294", 40, "93919180134296713962171084", ""},
    {"-9264", "706426044461880", 40, "-6544330875894856320", "-131138992858861135049473372677"},
    {"9128802507679073074458948262474338704", "2661036548695044674", 40, "", ""},
    {"1797276903956378115", "9157231070389319135", 40, "16458079907002465888949808255464730525", ""},
    {"-357158154645985813552", "857700650132", 2, "-306334781439807428587599336188864", "-41641352912"},
    {"9306058086232608346505957841865351253", "-77657452520281561319429523976", 0, "", "-119834707"},
    {"-8415503028500634845", "967", 12, "-8137791428560113895115", "-8702691859876561370217166494"},
    {"-7952", "-4738865513715569179426832021540538635", 12, "", "0"},
    {"-69782937990168582729479", "-15508781368", 24, "1082248328506225883013910499547272",
     "4499575842506556297820330456798531870"},
    {"-3068916285533387239", "-4890032609297", 2, "15007100711460886693737892560983", "62758606"},
    {"-505693228200081016915523272432971072", "356416554", 2, "", "-141882643363439571584972810335"},
    {"546019244150942", "589949328727228", 2, "322123686558996646352377248776", "93"},
    {"7238113235921825480", "-1822758866093", 24, "-13193335074561601607515435449640",
     "-3970965864199244912425772407761"},
    {"-3122", "22842528558129", 0, "-71314374158478738", "0"},
    {"-1677", "747723391652359897888521576277969455", 2, "", "0"},
    {"-8861725518971213271", "-368871838", 0, "3268840980034415308363762098", "24023860339"},
    {"-23265754915447286", "50910516207736", 2, "-1184471592708092564174933404496", "-45699"},
    {"8965272122765107504635162053810950", "52847010708301848", 2, "", "16964577565702754236"},
    {"4415923083280067218", "-26832537", 40, "-118490419521266484989472066", ""},
    {"-42220725473902409998940", "-99802928982963972", 40, "", ""},
    {"-77209031104592442811655790287", "255404963985545", 24, "", ""},
    {"7167219356188223369", "3215963660368318", 24, "23049516995389738373499304594823342",
     "2228638166691030276356012403"},
    {"-839724", "-154241149813876495318224292174", 2, "129519995286307626154600575521519976", "0"},
    {"29580354", "93285955083772285026677405540550987410", 2, "", "0"},
    {"5", "2", 0, "10", "3"},
    {"-5", "2", 0, "-10", "-3"},
    {"99999999999999999999999999999999999999", "99999999999999999999999999999999999999", 0, "", "1"},
    {"99999999999999999999999999999999999999", "1", 0, "99999999999999999999999999999999999999",
     "99999999999999999999999999999999999999"},
    {"99999999999999999999999999999999999999", "1", 1, "99999999999999999999999999999999999999", ""},
    {"1", "99999999999999999999999999999999999999", 38, "99999999999999999999999999999999999999", "1"},
    {"1", "3", 38, "3", "33333333333333333333333333333333333333"},
    {"99999999999999999999999999999999999999", "7", 0, "", "14285714285714285714285714285714285714"},
    {"99999999999999999999999999999999999999", "99999999999999999999999999999999999998", 37, "",
     "10000000000000000000000000000000000000"},
    {"10000000000000000000000000000000000000", "10", 1, "", "10000000000000000000000000000000000000"},
};

TEST(exact, is_what_whole_numbers_of_any_length_say)
{
    for (const auto& [a, b, places, wanted_product, wanted_quotient] : rows)
    {
        EXPECT_EQ(shown(product(read(a), read(b))), wanted_product) << a << " * " << b;
        EXPECT_EQ(shown(quotient(read(a), read(b), places)), wanted_quotient) << a << " / " << b << " to " << places;
    }
}

TEST(exact, of_short_numbers_is_what_128_bits_say)
{
    auto draw = derive(1, stream("exact"), 0);
    const auto any = [&]
    { return draw.between(-1'000'000'000'000'000'000, 1'000'000'000'000'000'000) >> draw.below(60); };
    for (int i = 0; i < 50'000; ++i)
    {
        const integer a = any();
        const integer b = any();
        ASSERT_EQ(sum(a, b), a + b);
        ASSERT_EQ(product(a, b), a * b);
        if (b == 0)
            continue;
        const int places = static_cast<int>(draw.below(19));
        integer larger = a;
        for (int k = 0; k < places; ++k)
            larger *= 10;
        const auto found = quotient(a, b, places);
        ASSERT_TRUE(found);
        // Half a unit at most, and where it is half a unit, away from zero.
        const auto off = larger - *found * b;
        const auto twice = (off < 0 ? -off : off) * 2;
        const auto size = b < 0 ? -b : b;
        ASSERT_LE(twice, size);
        ASSERT_TRUE(twice < size || (*found < 0 ? -*found : *found) * size > (larger < 0 ? -larger : larger));
    }
}

TEST(exact, is_rescaled_with_halves_away_from_zero)
{
    const auto to = [](integer number, int from, int target) { return shown(rescaled(number, from, target), target); };
    EXPECT_EQ(to(12'345, 3, 2), "12.35");
    EXPECT_EQ(to(-12'345, 3, 2), "-12.35");
    EXPECT_EQ(to(12'344, 3, 2), "12.34");
    EXPECT_EQ(to(5, 1, 0), "1");
    EXPECT_EQ(to(-5, 1, 0), "-1");
    EXPECT_EQ(to(4, 1, 0), "0");
    EXPECT_EQ(to(7, 0, 3), "7.000");
    EXPECT_EQ(to(most, 0, 1), "");
    EXPECT_EQ(to(most, 38, 0), "1");
    EXPECT_EQ(to(0, 0, 38), "0." + std::string(38, '0'));
    EXPECT_EQ(to(1, 0, 38), "");
}

TEST(exact, has_floors_sums_and_ends)
{
    EXPECT_EQ(floor(19, 1), 1);
    EXPECT_EQ(floor(-11, 1), -2);
    EXPECT_EQ(floor(-10, 1), -1);
    EXPECT_EQ(sum(most, 0), most);
    EXPECT_FALSE(sum(most, 1));
    EXPECT_FALSE(sum(-most, -most));
    EXPECT_EQ(sum(-most, most), 0);
    EXPECT_TRUE(fits(-most));
    EXPECT_FALSE(fits(most + 1));
    EXPECT_EQ(shown(most), std::string(38, '9'));
    EXPECT_EQ(shown(-most, 38), "-0." + std::string(38, '9'));
    EXPECT_EQ(shown(-5, 2), "-0.05");
    EXPECT_EQ(shown(0), "0");
}

}  // namespace
}  // namespace bazaar::exact
