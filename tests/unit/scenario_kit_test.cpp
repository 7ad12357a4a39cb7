#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/base/error.hpp"
#include "bazaar/scenario/embedded.hpp"
#include "bazaar/scenario/kit/arrivals.hpp"
#include "bazaar/scenario/kit/bits.hpp"
#include "bazaar/scenario/kit/csv.hpp"
#include "bazaar/scenario/kit/due_queue.hpp"
#include "bazaar/scenario/kit/population.hpp"
#include "bazaar/scenario/kit/weighted.hpp"
#include "bazaar/scenario/registry.hpp"
#include "bazaar/scenario/settings.hpp"
#include "support/demo_scenario.hpp"

namespace bazaar::scenario
{
namespace
{

using kit::arrivals;
using kit::csv;

constexpr std::uint64_t per_second = 1'000'000;  ///< Rates are per 10^6 seconds.

// ---- Arrivals

/// Mean gap in microseconds over so many arrivals.
double mean_gap(arrivals& a, int count)
{
    const auto begin = a.next();
    for (int i = 0; i < count; ++i)
        a.advance();
    return static_cast<double>(a.next() - begin) / count;
}

TEST(arrivals, keep_their_mean_from_slow_to_100000_a_second)
{
    for (const std::uint64_t rate : {std::uint64_t{1}, 20 * per_second, 20'000 * per_second, 100'000 * per_second})
    {
        arrivals a(11, stream("arrivals"), rate);
        constexpr int n = 200'000;
        const double wanted = 1e12 / static_cast<double>(rate);
        EXPECT_NEAR(mean_gap(a, n) / wanted, 1.0, 3.29 / std::sqrt(n)) << rate;
    }
}

TEST(arrivals, never_go_back)
{
    arrivals a(12, stream("arrivals"), 100'000 * per_second);
    auto before = a.next();
    for (int i = 0; i < 100'000; ++i)
    {
        a.advance();
        ASSERT_GE(a.next(), before);
        before = a.next();
    }
}

TEST(arrivals, a_new_rate_rescales_what_is_left_of_the_gap)
{
    // The same gaps at ten times the rate: from the change on, all is ten times as near.
    arrivals slow(13, stream("arrivals"), per_second);
    arrivals fast(13, stream("arrivals"), per_second);
    for (int i = 0; i < 100; ++i)
    {
        slow.advance();
        fast.advance();
    }
    const auto from = fast.next();
    slow.advance();
    fast.advance();
    const auto change = from + (fast.next() - from) / 3;
    fast.set_rate(10 * per_second, change);
    for (int i = 0; i < 1'000; ++i)
    {
        EXPECT_NEAR(static_cast<double>(fast.next() - change), static_cast<double>(slow.next() - change) / 10, 1.0);
        slow.advance();
        fast.advance();
    }
}

TEST(arrivals, going_to_another_rate_and_back_costs_less_than_a_microsecond)
{
    arrivals still(14, stream("arrivals"), 3 * per_second);
    arrivals changed(14, stream("arrivals"), 3 * per_second);
    for (int i = 0; i < 200; ++i)
    {
        const auto now = changed.next() - (changed.next() > 1 ? 1 : 0);
        changed.set_rate(777 * per_second, now);
        changed.set_rate(3 * per_second, now);
        ASSERT_NEAR(static_cast<double>(changed.next()), static_cast<double>(still.next()), 1.0 + i);
        still.advance();
        changed.advance();
    }
}

TEST(arrivals, a_rate_set_after_the_arrival_makes_it_due_at_once)
{
    arrivals a(15, stream("arrivals"), 1'000 * per_second);
    const auto late = a.next() + 5'000'000;
    a.set_rate(per_second, late);
    EXPECT_EQ(a.next(), late);
    a.advance();
    EXPECT_GE(a.next(), late);
}

TEST(arrivals, their_digest_tells_histories_apart)
{
    arrivals a(16, stream("arrivals"), per_second);
    arrivals b(16, stream("arrivals"), per_second);
    EXPECT_EQ(a.digest(), b.digest());
    a.advance();
    EXPECT_NE(a.digest(), b.digest());
    b.advance();
    EXPECT_EQ(a.digest(), b.digest());
    a.set_rate(2 * per_second, 0);
    EXPECT_NE(a.digest(), b.digest());
}

// ---- Due queue

struct waiting
{
    std::int64_t due;
    std::uint64_t order;

    friend bool operator==(const waiting&, const waiting&) = default;
    friend bool earlier(const waiting& a, const waiting& b)
    {
        return a.due != b.due ? a.due < b.due : a.order < b.order;
    }
};

TEST(due_queue, gives_what_is_due_first_and_equal_dues_by_their_order)
{
    kit::due_queue<waiting> queue;
    std::vector<waiting> all;
    auto draw = derive(17, stream("dues"), 0);
    for (std::uint64_t i = 0; i < 5'000; ++i)
        all.push_back({draw.between(-20, 1'000), i});
    for (const auto& d : all)
        queue.push(d);
    std::sort(all.begin(), all.end(), [](const waiting& a, const waiting& b) { return earlier(a, b); });
    EXPECT_EQ(queue.size(), all.size());
    for (const auto& d : all)
    {
        ASSERT_EQ(queue.first(), d);
        ASSERT_EQ(queue.pop(), d);
    }
    EXPECT_TRUE(queue.empty());
}

TEST(due_queue, keeps_its_order_while_it_grows_and_shrinks)
{
    kit::due_queue<waiting> queue;
    const auto less = [](const waiting& a, const waiting& b) { return earlier(a, b); };
    std::set<waiting, decltype(less)> all(less);
    auto draw = derive(18, stream("dues"), 0);
    for (std::uint64_t i = 0; i < 60'000; ++i)
    {
        // It swells to some 7,000 and empties again, over the edges of its blocks.
        if (all.empty() || draw.below(16) < (i / 15'000 % 2 == 0 ? 12U : 3U))
        {
            const waiting one{draw.between(0, 1'000), i};
            queue.push(one);
            all.insert(one);
            continue;
        }
        ASSERT_EQ(queue.pop(), *all.begin());
        all.erase(all.begin());
        ASSERT_EQ(queue.size(), all.size());
    }
}

// ---- Bits

/// Numbers that cross words, fill one, and have one bit.
struct numbers
{
    std::uint32_t a = 0;
    std::uint64_t b = 0, c = 0;
    std::int64_t d = 0;
    std::uint8_t e = 0;

    static constexpr void each(auto& n, const auto& f)
    {
        f(n.a, 27);
        f(n.b, 64);
        f(n.c, 40);
        f(n.d, 53);
        f(n.e, 1);
    }
    friend bool operator==(const numbers&, const numbers&) = default;
};
static_assert(kit::bits_of<numbers>() == 185 && kit::words_of<numbers> == 3);

TEST(bits, give_back_what_was_packed)
{
    auto draw = derive(6, stream("bits"), 0);
    const auto up_to = [&](unsigned bits) { return draw.next() >> (64 - bits); };
    for (int i = 0; i < 10'000; ++i)
    {
        const numbers n{static_cast<std::uint32_t>(up_to(27)), up_to(64), up_to(40),
                        static_cast<std::int64_t>(up_to(53)), static_cast<std::uint8_t>(up_to(1))};
        std::array<std::uint64_t, 4> words{1, 2, 3, 4};
        kit::pack(n, words);
        ASSERT_EQ(kit::unpack<numbers>(words), n);
        ASSERT_EQ(words[0] & ((1U << 27) - 1), n.a);
        ASSERT_EQ(words[2] >> 57, 0U) << "equal numbers are equal words";
        ASSERT_EQ(words[3], 4U) << "what is behind them stays";
    }
    const numbers most{(1U << 27) - 1, ~std::uint64_t{0}, (std::uint64_t{1} << 40) - 1, (std::int64_t{1} << 53) - 1, 1};
    std::array<std::uint64_t, 3> words{};
    kit::pack(most, words);
    EXPECT_EQ(words,
              (std::array<std::uint64_t, 3>{~std::uint64_t{0}, ~std::uint64_t{0}, (std::uint64_t{1} << 57) - 1}));
}

TEST(bits, refuse_what_would_not_come_out_again)
{
    std::array<std::uint64_t, 3> words{};
    for (const auto& n :
         {numbers{.a = 1U << 27}, numbers{.c = std::uint64_t{1} << 40}, numbers{.d = -1}, numbers{.e = 2}})
        EXPECT_THROW(kit::pack(n, words), error);
}

// ---- Population

TEST(population, remembers_the_newest_through_growth_and_forgetting)
{
    kit::population<std::uint64_t> p;
    std::uint64_t end = 0;
    auto draw = derive(18, stream("members"), 0);
    std::uint64_t begin = 0;
    for (int round = 0; round < 400; ++round)
    {
        for (auto n = draw.below(50); n > 0; --n)
            p.push(mix(end++));
        if (draw.below(3) == 0)
        {
            begin = std::max(begin, end > 300 ? end - 300 : 0);
            p.forget_below(begin);
        }
        ASSERT_EQ(p.end(), end);
        ASSERT_EQ(p.begin(), begin);
        for (auto row = begin; row < end; ++row)
            ASSERT_EQ(p[row], mix(row));
        ASSERT_FALSE(p.knows(end));
        ASSERT_TRUE(begin == 0 || !p.knows(begin - 1));
    }
    p.forget_below(0);
    EXPECT_EQ(p.begin(), begin);
    p.forget_below(end + 10);
    EXPECT_EQ(p.begin(), end);
    p.push(1);
    EXPECT_EQ(p[end], 1U);
}

// ---- Weighted

TEST(weighted, picks_by_weight_in_the_whole_and_in_a_range)
{
    kit::weighted w;
    const std::array<std::uint64_t, 6> weights{5, 0, 10, 1, 0, 84};
    for (const auto one : weights)
        w.push(one);
    EXPECT_EQ(w.size(), weights.size());
    EXPECT_EQ(w.total(), 100U);
    EXPECT_EQ(w.weight(1, 4), 11U);
    constexpr int n = 100'000;
    const auto check = [&](std::size_t first, std::size_t last)
    {
        auto draw = derive(19, stream("weights"), first);
        std::array<int, 6> seen{};
        for (int i = 0; i < n; ++i)
            ++seen[w.pick(draw, first, last)];
        for (std::size_t i = 0; i < weights.size(); ++i)
        {
            const double p = i < first || i >= last
                                 ? 0
                                 : static_cast<double>(weights[i]) / static_cast<double>(w.weight(first, last));
            EXPECT_NEAR(seen[i], n * p, 3.29 * std::sqrt(n * p * (1 - p))) << i;
        }
    };
    check(0, 6);
    check(1, 4);
    check(2, 3);
}

TEST(weighted, a_choice_among_few_follows_its_weights)
{
    constexpr std::array<std::uint32_t, 4> weights{70, 20, 0, 10};
    auto draw = derive(20, stream("few"), 0);
    std::array<int, 4> seen{};
    constexpr int n = 100'000;
    for (int i = 0; i < n; ++i)
        ++seen[kit::pick(draw, weights)];
    for (std::size_t i = 0; i < weights.size(); ++i)
    {
        const double p = weights[i] / 100.0;
        EXPECT_NEAR(seen[i], n * p, 3.29 * std::sqrt(n * p * (1 - p)));
    }
}

// ---- CSV

struct table_read
{
    std::vector<std::string> rows;
    std::vector<std::string> problems;
};

/// Reads columns a, b and, if there, c; b is a number with two decimals.
table_read read(std::string_view bytes)
{
    csv file("f.csv", bytes, {"a", "b"}, {"c"});
    table_read out;
    while (file.next())
    {
        const auto b = file.decimal(1, 2, 0, 100'000);
        out.rows.push_back(std::string(file.filled(0)) + '|' + std::to_string(b) + '|' + std::string(file.text(2)));
    }
    out.problems = file.problems();
    return out;
}

using lines = std::vector<std::string>;

TEST(csv, reads_wanted_columns_in_any_order)
{
    const auto t = read("x,b,a\n1,2.50,one\n,0,two");
    EXPECT_EQ(t.rows, (lines{"one|250|", "two|0|"}));
    EXPECT_TRUE(t.problems.empty());
}

TEST(csv, takes_crlf_a_byte_order_mark_empty_lines_and_no_last_line_feed)
{
    const auto t = read("\xef\xbb\xbf"
                        "a,b,c\r\n\r\none,1,x\r\n\ntwo,2,y");
    EXPECT_EQ(t.rows, (lines{"one|100|x", "two|200|y"}));
    EXPECT_TRUE(t.problems.empty());
}

TEST(csv, takes_quotes_commas_in_them_and_doubled_ones)
{
    const auto t = read("a,b,\"c\"\n\"one, or \"\"1\"\"\",\"1.5\",\"\"\n\"\",2,z\n");
    EXPECT_EQ(t.rows, (lines{"one, or \"1\"|150|", "|200|z"}));
    EXPECT_EQ(t.problems, lines{"f.csv:3:1: a must not be empty"});
}

TEST(csv, tells_where_a_quote_does_not_close)
{
    EXPECT_EQ(read("a,b\none,\"1\ntwo,2\n").problems,
              lines{"f.csv:2:5: opens a quote that does not close on this line before a comma"});
    EXPECT_EQ(read("a,b\n\"one\"x,1\n").problems,
              lines{"f.csv:2:1: opens a quote that does not close on this line before a comma"});
}

TEST(csv, tells_where_bytes_are_not_utf8)
{
    EXPECT_EQ(read("a,b\nM\xc3\xbcnchen,1\nK\xc3").problems,
              lines{"f.csv:3:2: is not UTF-8 here; save the file as UTF-8"});
    EXPECT_EQ(read("a,b\n\xfc,1\n").problems, lines{"f.csv:2:1: is not UTF-8 here; save the file as UTF-8"});
    EXPECT_TRUE(read("a,b\nM\xc3\xbcnchen,1\nK\xc3").rows.empty());
}

TEST(csv, tells_a_price_with_a_comma_by_its_field)
{
    EXPECT_EQ(read("a,b\none,\"12,50\"\n").problems,
              lines{"f.csv:2:5: b \"12,50\" is not a number with at most 2 decimals from 0 to 1000"});
    EXPECT_EQ(read("a,b\none,12,50\n").problems, lines{"f.csv:2:8: has 3 fields; the header names 2"});
}

TEST(csv, tells_numbers_out_of_range_or_too_fine)
{
    const auto t = read("a,b\none,1000.01\ntwo,0.001\nthree,-1\nfour,\nfive,5\n");
    EXPECT_EQ(t.problems.size(), 4U);
    EXPECT_EQ(t.problems[0], "f.csv:2:5: b \"1000.01\" is not a number with at most 2 decimals from 0 to 1000");
    EXPECT_EQ(t.problems[3], "f.csv:5:6: b \"\" is not a number with at most 2 decimals from 0 to 1000");
    EXPECT_EQ(t.rows.back(), "five|500|");
}

TEST(csv, tells_missing_columns_and_an_empty_file)
{
    EXPECT_EQ(read("x,y\n1,2\n").problems, (lines{"f.csv:1:1: has no column a", "f.csv:1:1: has no column b"}));
    EXPECT_TRUE(read("x,y\n1,2\n").rows.empty());
    EXPECT_EQ(read("").problems, lines{"f.csv:1:1: is empty; the header line \"a,b,c\" should be here"});
    EXPECT_EQ(read("\xef\xbb\xbf").problems.size(), 1U);
}

TEST(csv, keeps_twenty_problems_and_reads_on)
{
    std::string bytes = "a,b\n";
    for (int i = 0; i < 50; ++i)
        bytes += "x,y\n";
    bytes += "last,1\n";
    const auto t = read(bytes);
    EXPECT_EQ(t.problems.size(), 20U);
    EXPECT_EQ(t.rows.back(), "last|100|");
}

TEST(utf8, knows_overlong_forms_surrogates_and_what_is_beyond_unicode)
{
    for (const std::string_view good : {"", "plain", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                                        "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
        EXPECT_FALSE(kit::utf8_error(good));
    for (const std::string_view bad :
         {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
          "\xf5\x80\x80\x80", "\xff", "\xe2\x82", "\xf0\x9f\x98"})
        EXPECT_EQ(kit::utf8_error(bad), std::optional<std::size_t>(0)) << testing::PrintToString(bad);
    EXPECT_EQ(kit::utf8_error(std::string_view("ab\0c", 4)), std::optional<std::size_t>(2));
    EXPECT_EQ(kit::utf8_error("\xc3\xbc\xc3"), std::optional<std::size_t>(2));
}

// ---- Registry

/// Those of this program, and the one of the tests.
std::vector<entry> entries()
{
    std::vector<entry> all(registry().begin(), registry().end());
    all.push_back(test::demo_scenario::entry());
    return all;
}

TEST(registry, tells_without_seed_files_what_a_scenario_has)
{
    for (const auto& one : entries())
    {
        const auto shop = one.make({.run = "main", .seed = 1, .configuration = settings(one.fields), .files = {}});
        EXPECT_EQ(shop->name(), one.name);
        EXPECT_EQ(shop->version(), one.version) << one.name;
        EXPECT_EQ(shop->tables().data(), one.tables.data()) << one.name;
        EXPECT_EQ(shop->tables().size(), one.tables.size()) << one.name;
        EXPECT_EQ(shop->kinds().data(), one.kinds.data()) << one.name;
        EXPECT_EQ(shop->kinds().size(), one.kinds.size()) << one.name;
        EXPECT_EQ(shop->configuration().fields().data(), one.fields.data()) << one.name;
        EXPECT_FALSE(one.tables.empty()) << one.name;
        EXPECT_GT(one.version, 0U) << one.name;
        EXPECT_EQ(one.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), one.name.npos) << one.name;
    }
}

TEST(registry, says_what_is_shown_of_a_scenario)
{
    int selling = 0;
    for (const auto& one : entries())
    {
        const auto shop = one.make({.run = "main", .seed = 1, .configuration = settings(one.fields), .files = {}});
        EXPECT_TRUE(one.shown.people.empty() ||
                    std::ranges::find(one.tables, one.shown.people, &model::table::name) != one.tables.end())
            << one.name;
        EXPECT_EQ(std::ranges::count_if(one.fields, [](const field& f) { return f.pace; }), 1) << one.name;
        EXPECT_TRUE(pace_of(one.fields)->steerable && pace_of(one.fields)->kind == field_kind::number) << one.name;
        EXPECT_EQ(one.shown.title.empty(), one.shown.columns.empty()) << one.name;
        EXPECT_EQ(one.shown.title.empty(), one.shown.id.empty()) << one.name;
        const auto planner = shop->plan(time{0});
        model::unit unit;
        int sold = 0;
        for (int i = 0; i < 100; ++i)
        {
            shop->build(planner->next(), unit);
            if (!shop->sells(unit.decision.kind))
                continue;
            ++sold;
            const auto told = shop->sale_of(unit);
            ASSERT_EQ(told.cells.size(), one.shown.columns.size()) << one.name;
            EXPECT_LT(told.id.table, one.tables.size());
            EXPECT_EQ(told.id.unit, unit.decision.no);
        }
        EXPECT_EQ(sold == 0, one.shown.title.empty()) << one.name;
        selling += sold > 0 ? 1 : 0;
        for (std::uint8_t i = 0; i < one.tables.size(); ++i)
            EXPECT_EQ(shop->name_of(i), one.tables[i].name);
    }
    EXPECT_EQ(selling, 1) << "of the two, one sells";
    const auto look = default_entry().make(
        {.run = "main", .seed = 1, .configuration = settings(default_entry().fields), .files = {}});
    EXPECT_EQ(look->name_of(static_cast<std::uint8_t>(default_entry().tables.size() + 1)), "sessions");
    EXPECT_EQ(look->name_of(99), "no table");
}

TEST(registry, finds_a_scenario_by_its_name_alone)
{
    const auto all = entries();
    for (std::size_t i = 0; i < all.size(); ++i)
        EXPECT_EQ(find(all, all[i].name), &all[i]) << all[i].name << " is there twice";
    EXPECT_EQ(find(all, "demo"), &all.back());
    EXPECT_EQ(find("demo"), nullptr) << "the program does not have the one of the tests";
    EXPECT_EQ(find(all, ""), nullptr);
    EXPECT_EQ(find(all, "thelook "), nullptr);
    EXPECT_EQ(default_entry().name, "thelook");
    EXPECT_EQ(&default_entry(), find("thelook"));
}

TEST(embedded, every_seed_file_of_every_scenario_is_there)
{
    for (const auto& entry : registry())
        for (const auto name : entry.files)
            EXPECT_GT(embedded(name).size(), 100U) << name;
    EXPECT_TRUE(embedded("no-such.csv").empty());
}

// ---- Settings

constexpr std::array<field, 3> knobs{{
    {.name = "rate", .initial = "2.5", .scale = 3, .low = 1, .high = 10'000, .steerable = true},
    {.name = "mode", .kind = field_kind::choice, .initial = "slow", .choices = "slow fast"},
    {.name = "where", .kind = field_kind::text, .initial = "*"},
}};

TEST(settings, hold_their_defaults_and_take_texts_and_units)
{
    settings s(knobs);
    EXPECT_EQ(s.number("rate"), 2'500);
    EXPECT_EQ(s.text("mode"), "slow");
    EXPECT_EQ(s.set(0, "1e1"), "");
    EXPECT_EQ(s.printed(0), "10");
    EXPECT_EQ(s.set(1, "fast"), "");
    EXPECT_EQ(s.printed(1), "fast");
    EXPECT_EQ(s.set(2, "Japan"), "");
    s.set(0, 1'234);
    EXPECT_EQ(s.printed(0), "1.234");
    EXPECT_FALSE(s == settings(knobs));
}

TEST(settings, say_what_is_wrong_and_stay_as_they_were)
{
    settings s(knobs);
    for (const std::string_view bad : {"", "x", "0", "10.001", "0.0001", "-1"})
        EXPECT_EQ(s.set(0, bad), "must be a number from 0.001 to 10 with at most 3 decimals") << bad;
    for (const std::string_view bad : {"", "slo", "slow fast", "Slow", " "})
        EXPECT_EQ(s.set(1, bad), "must be one of: slow fast") << bad;
    EXPECT_EQ(s.set(2, ""), "must not be empty");
    EXPECT_THROW(s.set(0, std::int64_t{0}), error);
    EXPECT_THROW((void)s.number("no such"), error);
    EXPECT_TRUE(s == settings(knobs));
}

TEST(settings, every_field_of_every_scenario_prints_what_it_reads)
{
    for (const auto& entry : registry())
    {
        settings s(entry.fields);
        for (std::size_t i = 0; i < entry.fields.size(); ++i)
        {
            const auto printed = s.printed(i);
            EXPECT_EQ(s.set(i, printed), "") << entry.fields[i].name;
            EXPECT_EQ(printed, entry.fields[i].initial) << entry.fields[i].name;
            EXPECT_EQ(s.find(entry.fields[i].name), i);
            EXPECT_FALSE(entry.fields[i].help.empty());
        }
    }
}

}  // namespace
}  // namespace bazaar::scenario
