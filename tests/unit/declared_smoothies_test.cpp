// The smoothie shop as a scenario file: stock, opening hours, windows, and that its rows are always the same.

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "bazaar/base/time.hpp"
#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/render.hpp"
#include "bazaar/scenario/kit/time_zone.hpp"
#include "bazaar/scenario/state.hpp"
#include "declared_smoothies.hpp"

namespace bazaar::scenario::declared
{
namespace
{

const time smoothie_start{parse_time("2026-02-20T00:00:00Z")->us};
constexpr std::int64_t hour_of_shop = 3'600'000'000;

std::string smoothie_text(const scenario& shop, const model::unit& unit)
{
    const model::key_codec keys(run_tag("main"), 7, shop.tables());
    std::string text;
    model::renderer(shop.tables(), shop.kinds(), keys).text(unit, text);
    return text;
}

/// The text of the next units.
std::vector<std::string> smoothie_texts(const scenario& shop, planner& plan, std::size_t count)
{
    std::vector<std::string> made;
    model::unit unit;
    for (std::size_t i = 0; i < count; ++i)
    {
        shop.build(plan.next(), unit);
        made.push_back(smoothie_text(shop, unit));
    }
    return made;
}

std::int64_t whole(const scenario& shop, const model::change& of, std::string_view column, bool before = false)
{
    const auto& table = shop.tables()[of.table];
    return (before ? of.before : of.after)[model::column_number(table, column)].integer();
}

std::uint64_t product_of(const scenario& shop, const model::change& of)
{
    return of.after[model::column_number(shop.tables()[of.table], "product_id")].row().row;
}

/// Where the sales of a plan are counted.
struct sale_counts
{
    std::array<std::uint64_t, 7 * 24> by_hour{};  ///< Of a local week.
    std::uint64_t sales = 0;
    std::uint64_t inside = 0;  ///< The window that is asked about.
};

sale_counts count_sales(const scenario& shop, time until,
                        std::span<const std::pair<std::int64_t, std::int64_t>> inside = {})
{
    const auto zone = *kit::time_zone::parse("EST5EDT,M3.2.0,M11.1.0");
    sale_counts made;
    const auto plan = shop.plan(smoothie_start);
    while (plan->next_at() < until)
    {
        const auto d = plan->next();
        if (shop.kinds()[d.kind].name != "sale" && shop.kinds()[d.kind].name != "sale_short")
            continue;
        const auto local = zone.local(d.at) / hour_of_shop;
        ++made.by_hour[static_cast<std::size_t>((local + 3 * 24) % (7 * 24))];
        ++made.sales;
        for (const auto& [begin, end] : inside)
            made.inside += d.at.us >= begin && d.at.us < end ? 1 : 0;
    }
    return made;
}

std::uint64_t sales_while_closed(const sale_counts& counts)
{
    std::uint64_t sum = 0;
    for (std::size_t at = 0; at < counts.by_hour.size(); ++at)
    {
        const auto day = at / 24;
        const auto hour = at % 24;
        const bool open = hour >= (day == 6 ? 10U : day == 5 ? 9U : 8U) && hour < (day == 6 ? 18U : 20U);
        sum += open ? 0 : counts.by_hour[at];
    }
    return sum;
}

/// What happens to the stock, unit by unit; the first difference is told.
class stock_keeper
{
public:
    explicit stock_keeper(const scenario& shop) : shop_(shop) {}

    void see(const model::unit& unit)
    {
        std::map<std::uint64_t, std::int64_t> moved;
        for (const auto& one : unit.changes)
        {
            const auto table = shop_.tables()[one.table].name;
            if (table == "products" && one.what == model::op::insert)
                levels_[one.key(shop_.tables()[one.table]).row().row] = whole(shop_, one, "inventory");
            else if (table == "purchases")
                moved[product_of(shop_, one)] -= whole(shop_, one, "quantity");
            else if (table == "stockings")
                stocked(one, moved);
            else if (table == "lost_sales")
                lost(one, moved);
            else if (table == "products")
                changed(one, moved);
        }
        for (const auto& [row, by] : moved)
            EXPECT_EQ(by, 0) << "product " << row << " was sold or stocked without a change of its level";
    }

    [[nodiscard]] std::uint64_t lost_sales() const { return lost_; }
    [[nodiscard]] std::uint64_t deliveries() const { return deliveries_; }

private:
    void stocked(const model::change& one, std::map<std::uint64_t, std::int64_t>& moved)
    {
        const auto row = product_of(shop_, one);
        EXPECT_EQ(whole(shop_, one, "existing_level"), levels_[row]);
        EXPECT_EQ(whole(shop_, one, "new_level"), levels_[row] + whole(shop_, one, "stock_quantity"));
        moved[row] += whole(shop_, one, "stock_quantity");
        ++deliveries_;
    }

    void lost(const model::change& one, const std::map<std::uint64_t, std::int64_t>& moved)
    {
        const auto row = product_of(shop_, one);
        const auto sold = moved.find(row);
        EXPECT_EQ(whole(shop_, one, "available"), levels_[row] + (sold == moved.end() ? 0 : sold->second));
        EXPECT_GT(whole(shop_, one, "wanted"), whole(shop_, one, "available"));
        ++lost_;
    }

    void changed(const model::change& one, std::map<std::uint64_t, std::int64_t>& moved)
    {
        const auto row = one.key(shop_.tables()[one.table]).row().row;
        EXPECT_EQ(whole(shop_, one, "inventory", true), levels_[row]);
        EXPECT_EQ(whole(shop_, one, "inventory"), levels_[row] + moved[row]);
        EXPECT_GE(whole(shop_, one, "inventory"), 0);
        EXPECT_LT(whole(shop_, one, "updated_at", true), whole(shop_, one, "updated_at"));
        levels_[row] = whole(shop_, one, "inventory");
        moved.erase(row);
    }

    const scenario& shop_;
    std::map<std::uint64_t, std::int64_t> levels_;
    std::uint64_t lost_ = 0;
    std::uint64_t deliveries_ = 0;
};

TEST(DeclaredSmoothies, FirstUnits)
{
    const made_scenario made(smoothies());
    const auto plan = made.shop->plan(smoothie_start);
    const auto texts = smoothie_texts(*made.shop, *plan, 6);
    EXPECT_TRUE(texts[0].starts_with("unit 0  tick 0  products_seed  ")) << texts[0];
    EXPECT_TRUE(texts[1].starts_with("unit 1  tick 0  products_seed_topic  ")) << texts[1];
    EXPECT_EQ(texts[2] + texts[3] + texts[4] + texts[5], R"(unit 2  tick 1  sale  2026-02-20T00:03:14.479534Z  after 0
  insert purchases  purchase_id=b1374800-0000-8000-8000-000000272348  transaction_time=2026-02-20T00:03:14.479534Z  transaction_id=1  product_id="CS05"  price=9.99  quantity=1  is_member=true  add_supplements=false  total_purchase=8.99  profit=5.49
  update products  product_id="CS05"  inventory=25 -> 24  updated_at=2026-02-20T00:00:00.000000Z -> 2026-02-20T00:03:14.479534Z
unit 3  tick 1  sale_topic  2026-02-20T00:03:14.479534Z  after 2
  insert purchases_topic  purchase_id=b1374800-0000-8000-8000-000000272348  transaction_time=2026-02-20T00:03:14.479534Z  transaction_id=1  product_id="CS05"  price=9.99  quantity=1  is_member=true  add_supplements=false  total_purchase=8.99
unit 4  tick 2  sale  2026-02-20T00:06:29.336138Z  after 0
  insert purchases  purchase_id=b1374800-0000-8000-9000-00000040187a  transaction_time=2026-02-20T00:06:29.336138Z  transaction_id=2  product_id="CS08"  price=12.99  quantity=1  is_member=false  add_supplements=false  total_purchase=12.99  profit=9.49
  insert purchases  purchase_id=b1374800-0000-8000-a000-000000487f44  transaction_time=2026-02-20T00:06:29.336138Z  transaction_id=2  product_id="CS02"  price=6.99  quantity=1  is_member=false  add_supplements=true  total_purchase=8.98  profit=5.48
  update products  product_id="CS08"  inventory=28 -> 27  updated_at=2026-02-20T00:00:00.000000Z -> 2026-02-20T00:06:29.336138Z
  update products  product_id="CS02"  inventory=22 -> 21  updated_at=2026-02-20T00:00:00.000000Z -> 2026-02-20T00:06:29.336138Z
unit 5  tick 2  sale_topic  2026-02-20T00:06:29.336138Z  after 4
  insert purchases_topic  purchase_id=b1374800-0000-8000-9000-00000040187a  transaction_time=2026-02-20T00:06:29.336138Z  transaction_id=2  product_id="CS08"  price=12.99  quantity=1  is_member=false  add_supplements=false  total_purchase=12.99
  insert purchases_topic  purchase_id=b1374800-0000-8000-a000-000000487f44  transaction_time=2026-02-20T00:06:29.336138Z  transaction_id=2  product_id="CS02"  price=6.99  quantity=1  is_member=false  add_supplements=true  total_purchase=8.98
)");
}

TEST(DeclaredSmoothies, StockBalancesAtEveryUnit)
{
    auto file = smoothies();
    const made_scenario made(file, 11);
    const auto plan = made.shop->plan(smoothie_start);
    stock_keeper keeper(*made.shop);
    model::unit unit;
    for (int i = 0; i < 20'000 && !HasFailure(); ++i)
    {
        made.shop->build(plan->next(), unit);
        keeper.see(unit);
    }
    EXPECT_GT(keeper.lost_sales(), 20);
    EXPECT_GT(keeper.deliveries(), 500);
}

TEST(DeclaredSmoothies, NothingIsSoldOutsideOpeningHours)
{
    // Over the change to summer time on the 8th of March.
    const auto counts = count_sales(*made_scenario(smoothies()).shop, smoothie_start + std::chrono::days(40));
    EXPECT_GT(counts.sales, 5'000);
    EXPECT_EQ(sales_while_closed(counts), 0);

    auto always = smoothies();
    always.units[0].arrives[0].hours = no_item;
    EXPECT_GT(sales_while_closed(count_sales(*made_scenario(always).shop, smoothie_start + std::chrono::days(40))),
              5'000);
}

TEST(DeclaredSmoothies, AWindowChangesTheRateByItsFactor)
{
    auto file = smoothies();
    auto& arrival = file.units[0].arrives[0];
    arrival.hours = arrival.curve = no_item;
    arrival.windows = {1};
    constexpr std::int64_t day = 24 * hour_of_shop;
    auto& promotion = file.clock.windows[1];
    promotion.each = 0;
    promotion.lasts = {6 * hour_of_shop, 6 * hour_of_shop};
    std::vector<std::pair<std::int64_t, std::int64_t>> when;
    for (int i = 0; i < 40; ++i)
    {
        promotion.at.push_back({true, i * day + 3 * hour_of_shop});
        when.emplace_back(smoothie_start.us + promotion.at.back().us,
                          smoothie_start.us + promotion.at.back().us + 6 * hour_of_shop);
    }
    const auto counts = count_sales(*made_scenario(file).shop, smoothie_start + std::chrono::days(40), when);
    const auto inside = static_cast<double>(counts.inside) / (40 * 6);
    const auto outside = static_cast<double>(counts.sales - counts.inside) / (40 * 18);
    EXPECT_NEAR(inside / outside, 3.0, 0.1);
    EXPECT_NEAR(outside, 24, 0.5);  // A gap of 150 s in the mean.
}

TEST(DeclaredSmoothies, RowsAreTheSameInWhateverOrderTheyAreMade)
{
    const made_scenario made(smoothies());
    const auto plan = made.shop->plan(smoothie_start);
    std::vector<model::decision> decisions;
    for (int i = 0; i < 400; ++i)
        decisions.push_back(plan->next());
    std::vector<std::string> forth;
    model::unit unit;
    for (const auto& one : decisions)
    {
        made.shop->build(one, unit);
        forth.push_back(smoothie_text(*made.shop, unit));
    }
    const made_scenario again(smoothies());
    model::unit other;
    for (auto i = decisions.size(); i-- > 0;)
    {
        again.shop->build(decisions[i], other);
        EXPECT_EQ(smoothie_text(*again.shop, other), forth[i]);
    }
    const made_scenario another(smoothies(), 8);
    another.shop->build(decisions[100], other);
    EXPECT_NE(smoothie_text(*another.shop, other), forth[100]);
}

TEST(DeclaredSmoothies, ALoadedPlanGoesOnAsTheSavedOne)
{
    const made_scenario made(smoothies());
    for (const std::size_t at : {0U, 1U, 2U, 3U, 500U, 501U, 5'000U})
    {
        const auto plan = made.shop->plan(smoothie_start);
        for (std::size_t i = 0; i < at; ++i)
            static_cast<void>(plan->next());
        std::vector<std::byte> bytes;
        state_writer to(bytes);
        plan->save(to);
        EXPECT_LT(bytes.size(), 2'000);
        const auto loaded = made.shop->plan(smoothie_start);
        state_reader from(bytes);
        ASSERT_TRUE(loaded->load(from)) << at;
        EXPECT_EQ(loaded->digest(), plan->digest());
        EXPECT_EQ(smoothie_texts(*made.shop, *loaded, 200), smoothie_texts(*made.shop, *plan, 200)) << at;
        EXPECT_EQ(loaded->digest(), plan->digest());
        const auto cut = made.shop->plan(smoothie_start);
        state_reader part{std::span<const std::byte>(bytes).first(bytes.size() - 1)};
        EXPECT_FALSE(cut->load(part));
    }
}

TEST(DeclaredSmoothies, APauseAndANewPaceAreTakenUp)
{
    const made_scenario made(smoothies());
    const auto plan = made.shop->plan(smoothie_start);
    for (int i = 0; i < 100; ++i)
        static_cast<void>(plan->next());
    const auto before = plan->next_at();
    const auto half_a_minute = std::int64_t{30'000'000};
    plan->apply({.unit = plan->next_no(), .what = model::control::kind::shift, .value = half_a_minute, .at = {}});
    EXPECT_GE(plan->next_at().us, before.us);
    EXPECT_LE(plan->next_at().us, before.us + half_a_minute);

    const auto sold_in = [&](std::int64_t hours)
    {
        int sold = 0;
        for (const auto until = plan->next_at().us + hours * hour_of_shop; plan->next_at().us < until;)
            sold += made.shop->kinds()[plan->next().kind].name == "sale" ? 1 : 0;
        return sold;
    };
    const auto slow = sold_in(7 * 24);
    plan->apply({.unit = plan->next_no(),
                 .what = model::control::kind::set,
                 .field = 1,
                 .value = 1'000,
                 .at = plan->next_at()});
    const auto fast = sold_in(7 * 24);
    EXPECT_GT(fast, 7 * slow);
    EXPECT_LT(fast, 13 * slow);
}

TEST(DeclaredSmoothies, RecordsFollowTheirRows)
{
    const made_scenario made(smoothies());
    const auto plan = made.shop->plan(smoothie_start);
    model::unit unit;
    model::unit record;
    int twins = 0;
    for (int i = 0; i < 500; ++i)
    {
        const auto d = plan->next();
        made.shop->build(d, unit);
        if (made.shop->kinds()[d.kind].name != "sale")
            continue;
        const auto e = plan->next();
        ASSERT_EQ(made.shop->kinds()[e.kind].name, "sale_topic");
        ASSERT_EQ(e.after_count, 1);
        EXPECT_EQ(e.after[0], d.no);
        made.shop->build(e, record);
        const auto rows = static_cast<std::size_t>(std::ranges::count_if(
            unit.changes, [&](const model::change& c) { return made.shop->tables()[c.table].name == "purchases"; }));
        ASSERT_EQ(record.changes.size(), rows);
        for (std::size_t r = 0; r < rows; ++r)
        {
            // The profit stays in PostgreSQL.
            ASSERT_EQ(record.changes[r].after.size() + 1, unit.changes[r].after.size());
            for (std::size_t c = 0; c < record.changes[r].after.size(); ++c)
                EXPECT_EQ(record.changes[r].after[c], unit.changes[r].after[c]);
        }
        ++twins;
    }
    EXPECT_GT(twins, 100);
}

}  // namespace
}  // namespace bazaar::scenario::declared
