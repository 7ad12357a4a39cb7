// Units of several steps: rows that fall short beside rows that do not, and rows that change where others are inserted.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "bazaar/base/time.hpp"
#include "declared_rows.hpp"

namespace bazaar::scenario::declared
{
namespace
{

const time units_start{parse_time("2026-01-01T00:00:00Z")->us};

/// Visits: up to three sales, gifts, a note; what is not there is refused.
std::string visits(
    const std::string& first = "{insert: sales, times: 1..3, distinct: of, take: {of.level: = many}, short: refused}",
    const std::string& to = "postgres", const std::string& notes_to = "postgres")
{
    const auto refused = fmt::format(R"(  refused:
    {{key: id, to: {0}, links: {{of: {{to: stock, pick: cause}}}},
     columns: {{id: {{uuid: row}}, stock_id: = of.id, wanted: = line.many, had: = of.level}}}}
)",
                                     to);
    return fmt::format(R"(bazaar: 1
scenario: small
tables:
  stock:
    {{key: id, seed: 6, version: at, to: {0},
     columns: {{id: {{sequence: "S{{n}}"}}, level: {{counter: {{starts: 12}}}}, at: {{time: now}}}}}}
  sales:
    {{key: id, to: {0}, links: {{of: {{to: stock}}}},
     columns: {{id: {{uuid: row}}, stock_id: = of.id, many: {{int: 1..4}}, left: = of.level}}}}
{3}  gifts: {{key: id, to: {0}, columns: {{id: {{uuid: row}}, visit: = visit.number}}}}
  notes: {{key: id, to: {1}, columns: {{id: {{uuid: row}}, visit: = visit.number}}}}
  fills: {{key: id, to: {0}, links: {{of: {{to: stock, pick: cause}}}}, columns: {{id: {{uuid: row}}, stock_id: = of.id}}}}
units:
  visit:
    arrives: {{rate: 1/s}}
    rows:
      - {2}
      - {{insert: gifts, times: 0..2}}
      - {{insert: notes}}
  fill: {{follows: {{low: stock.level, at: 3, after: 20s}}, rows: [{{insert: fills, put: {{of.level: 10}}}}]}}
)",
                       to, notes_to, first, first.find("short: refused") == first.npos ? "" : refused);
}

/// How many rows of each table, and units of each kind.
std::map<std::string, std::size_t> counted(const std::string& text, std::size_t units = 3'000)
{
    const made_scenario made(spec_of_text(text));
    std::map<std::string, std::size_t> counts;
    play(*made.shop, units_start, units,
         [&](const model::unit& unit)
         {
             ++counts["unit " + std::string(made.shop->kinds()[unit.decision.kind].name)];
             for (const auto& one : unit.changes)
                 ++counts[std::string(made.shop->tables()[one.table].name)];
         });
    return counts;
}

TEST(DeclaredUnits, HaveRowsBesideThoseThatFallShort)
{
    auto counts = counted(visits());
    const auto all = counts["unit visit"];
    const auto gifts_first = counts["unit visit_gifts"];
    const auto notes_first = counts["unit visit_notes"];
    EXPECT_GT(all, 300U);
    EXPECT_GT(gifts_first, 60U) << "all sales fell short, and there are gifts";
    EXPECT_GT(notes_first, 30U) << "and there are none";
    EXPECT_EQ(counts["notes"], all + gifts_first + notes_first) << "a note a visit, whatever fell short";
    EXPECT_NEAR(static_cast<double>(counts["gifts"]), static_cast<double>(counts["notes"]), 200);
    EXPECT_NEAR(static_cast<double>(counts["sales"] + counts["refused"]), 2.0 * static_cast<double>(counts["notes"]),
                250);
    EXPECT_GT(counts["refused"], 300U);
    // The controls: nothing is refused where levels may fall below zero; `drop` writes no row for what falls short.
    counts = counted(visits("{insert: sales, times: 1..3, distinct: of, take: {of.level: = many}}"));
    EXPECT_EQ(counts["refused"], 0U);
    EXPECT_EQ(counts["unit visit_notes"], 0U);
    counts = counted(visits("{insert: sales, times: 1..3, distinct: of, take: {of.level: = many}, short: drop}"));
    EXPECT_EQ(counts["refused"], 0U);
    EXPECT_GT(counts["unit visit_notes"], 30U);
    EXPECT_EQ(counts["notes"], counts["unit visit"] + counts["unit visit_gifts"] + counts["unit visit_notes"]);
}

/// Levels in rows that a unit writes are those that its lines leave.
TEST(DeclaredUnits, BalanceTheirLevels)
{
    const made_scenario made(spec_of_text(visits()));
    const auto& shop = *made.shop;
    std::map<std::uint64_t, std::int64_t> levels;
    std::size_t seen = 0;
    play(shop, units_start, 2'500,
         [&](const model::unit& unit)
         {
             auto now = levels;
             for (const auto& one : unit.changes)
             {
                 const auto table = shop.tables()[one.table].name;
                 if (table == "sales")
                 {
                     auto& level = now[one.after[1].row().row];
                     level -= one.after[2].integer();
                     EXPECT_EQ(one.after[3].integer(), level);
                     EXPECT_GE(level, 0);
                     ++seen;
                 }
                 else if (table == "refused")
                 {
                     EXPECT_GT(one.after[2].integer(), one.after[3].integer());
                     EXPECT_EQ(one.after[3].integer(), now[one.after[1].row().row]);
                 }
                 else if (table == "fills")
                     now[one.after[1].row().row] += 10;
                 else if (table == "stock")
                     levels[one.after[0].row().row] = one.after[1].integer();
             }
             if (unit.changes.front().what != model::op::insert ||
                 shop.tables()[unit.changes.front().table].name != "stock")
             {
                 EXPECT_EQ(now, levels);
             }
         });
    EXPECT_GT(seen, 400U);
}

/// Records follow the rows of PostgreSQL where there are some, and come alone where there are none.
TEST(DeclaredUnits, SendRecordsWithAndWithoutRows)
{
    auto both = counted(visits("{insert: sales, times: 1..3, distinct: of, take: {of.level: = many}, short: refused}",
                               "[postgres, kafka]", "[postgres, kafka]"));
    EXPECT_EQ(both["notes"], both["notes_topic"]);
    EXPECT_EQ(both["unit visit_notes"], both["unit visit_notes_topic"]);
    EXPECT_GT(both["unit visit_notes_topic"], 15U);
    EXPECT_EQ(both["unit visit_notes_records"], 0U);
    auto apart = counted(visits("{insert: sales, times: 1..3, distinct: of, take: {of.level: = many}, short: drop}",
                                "postgres", "kafka"));
    EXPECT_GT(apart["unit visit_topic"], 150U);
    EXPECT_GT(apart["unit visit_records"], 15U) << "no sale and no gift, but a note";
    EXPECT_EQ(apart["notes"], apart["unit visit_topic"] + apart["unit visit_records"]);
}

/// Two steps of one table draw differently, and so do rows of it that come by themselves.
TEST(DeclaredUnits, DrawEachStepByItself)
{
    const auto text = visits("{insert: sales, take: {of.level: = many}, short: drop}\n"
                             "      - {insert: sales, take: {of.level: = many}, short: drop}");
    const made_scenario made(spec_of_text(text));
    std::size_t pairs = 0;
    std::size_t alike = 0;
    play(*made.shop, units_start, 1'500,
         [&](const model::unit& unit)
         {
             std::vector<std::int64_t> many;
             for (const auto& one : unit.changes)
                 if (made.shop->tables()[one.table].name == "sales")
                     many.push_back(one.after[2].integer());
             if (many.size() < 2)
                 return;
             ++pairs;
             alike += many[0] == many[1] ? 1 : 0;
         });
    ASSERT_GT(pairs, 80U);
    EXPECT_LT(alike, pairs / 2);
    EXPECT_GT(alike, pairs / 10);
}

/// Transfers between accounts, each with a row of its own, which close accounts, too.
std::string
transfers(const std::string& set = "{balance: = from.balance - amount, state: moved, seen: = transfer.number}",
          const std::string& other = "{balance: = to.balance + amount}")
{
    return fmt::format(R"(bazaar: 1
scenario: small
settings: {{fee: {{number: 2, from: 0, to: 50, live: true}}}}
tables:
  accounts:
    {{key: id, seed: 30, version: at, arrives: {{rate: 1/m}},
     columns: {{id: {{uuid: row}}, balance: {{is: = start * 10, type: integer}}, start: {{int: 1..9}}, state: {{choice: [new, old]}},
               seen: {{type: bigint, int: 1..5, missing: 50%}}, paid: {{is: = balance > 50}}, at: {{time: now}}}},
     changes: {{interest: {{arrives: {{rate: 6/m}}, set: {{balance: = balance + 1 + fee}}}},
               renewed: {{arrives: {{rate: 6/m}}, set: {{state: {{choice: [calm, busy]}}, start: {{int: 1..9}}}}}}}}}}
  moves:
    {{key: id, columns: {{id: {{uuid: row}}, amount: = transfer.amount, had: = transfer.from.balance, sum: {{int: 1..5}}}}}}
units:
  transfer:
    arrives: {{rate: 1/s}}
    links: {{from: {{to: accounts}}, to: {{to: accounts, pick: recent}}}}
    vars: {{amount: {{int: 1..9}}}}
    rows:
      - {{insert: moves}}
      - {{change: from, set: {0}}}
      - {{change: to, set: {1}}}
)",
                       set, other);
}

struct account
{
    std::int64_t balance = 0;
    std::int64_t start = 0;
};

TEST(DeclaredUnits, ChangeRowsWhereTheyInsertOthers)
{
    const made_scenario made(spec_of_text(transfers()));
    const auto& shop = *made.shop;
    std::map<std::uint64_t, account> accounts;
    std::map<std::string, std::size_t> states;
    std::size_t moved = 0;
    play(shop, units_start, 3'000,
         [&](const model::unit& unit)
         {
             const auto kind = shop.kinds()[unit.decision.kind].name;
             std::int64_t amount = 0;
             std::int64_t had = 0;
             std::multiset<std::int64_t> by;
             for (const auto& one : unit.changes)
             {
                 if (shop.tables()[one.table].name == "moves")
                 {
                     amount = one.after[1].integer();
                     had = one.after[2].integer();
                     continue;
                 }
                 auto& known = accounts[one.after[0].row().row];
                 const account now{one.after[1].integer(), one.after[2].integer()};
                 if (one.what == model::op::insert)
                 {
                     EXPECT_EQ(now.balance, now.start * 10);
                 }
                 else
                 {
                     by.insert(now.balance - known.balance);
                     ++states[std::string(one.after[3].text())];
                 }
                 if (kind == "accounts_interest")
                 {
                     EXPECT_EQ(now.balance, known.balance + 3);
                 }
                 if (kind == "transfer" && one.after[3].text() == "moved" && now.balance - known.balance == -amount)
                 {
                     EXPECT_EQ(had, known.balance);
                 }
                 EXPECT_EQ(one.after[5].integer() != 0, now.balance > 50) << "follows from what changes";
                 known = now;
             }
             if (kind != "transfer")
                 return;
             ++moved;
             ASSERT_GT(amount, 0);
             // The same account twice: what is set last counts.
             const auto wanted = by.size() == 1 ? std::multiset{amount} : std::multiset{-amount, amount};
             EXPECT_EQ(by, wanted);
         });
    EXPECT_GT(moved, 1'800U);
    for (const auto* state : {"moved", "calm", "busy"})
        EXPECT_GT(states[state], 50U) << state;
}

/// A live setting is what it was when a value was set, however often the row is made again.
TEST(DeclaredUnits, SetWhatSettingsAreThen)
{
    const made_scenario made(spec_of_text(transfers()));
    const auto& shop = *made.shop;
    const auto plan = shop.plan(units_start);
    row_keeper keeper(shop);
    model::unit unit;
    std::map<std::int64_t, int> by;
    for (int i = 0; i < 2'400 && !HasFailure(); ++i)
    {
        if (i == 1'200)
            plan->apply({.unit = plan->next_no(),
                         .what = model::control::kind::set,
                         .field = 0,
                         .value = 40,
                         .at = plan->next_at()});
        shop.build(plan->next(), unit);
        keeper.see(unit);
        if (shop.kinds()[unit.decision.kind].name == "accounts_interest")
            ++by[unit.changes[0].after[1].integer() - unit.changes[0].before[1].integer()];
    }
    EXPECT_EQ(by.size(), 2U);
    EXPECT_GT(by[3], 50);
    EXPECT_GT(by[41], 50);
}

/// A unit may change rows and insert none; rows that come to be, follow each other.
TEST(DeclaredUnits, ChangeRowsAlone)
{
    const std::string text = R"(bazaar: 1
scenario: small
tables:
  things:
    {key: id, version: at, arrives: {rate: 1/s},
     columns: {id: {uuid: row}, n: {int: 1..3}, state: fresh, stale_at: {type: timestamptz, missing: true}, at: {time: now}}}
units:
  stale:
    follows: {of: things, after: 30s, chance: 50%}
    links: {thing: {to: things, pick: cause}}
    rows: [{change: thing, set: {n: = thing.n * 2, state: stale, stale_at: {time: now}}}]
)";
    const made_scenario made(spec_of_text(text));
    std::size_t changed = 0;
    play(*made.shop, units_start, 1'500,
         [&](const model::unit& unit)
         {
             if (made.shop->kinds()[unit.decision.kind].name != "stale")
                 return;
             ASSERT_EQ(unit.changes.size(), 1U);
             const auto& one = unit.changes[0];
             EXPECT_EQ(one.after[1].integer(), 2 * one.before[1].integer());
             EXPECT_EQ(one.after[2].text(), "stale");
             EXPECT_TRUE(one.before[3].null());
             EXPECT_EQ(one.after[3].integer(), unit.decision.at.us);
             ++changed;
         });
    EXPECT_GT(changed, 350U);
}

/// A level that a row has from the unit that inserted it stays when the row changes.
TEST(DeclaredUnits, LevelsInRowsThatChangeStay)
{
    auto text = visits("{insert: sales, take: {of.level: = many}}");
    const std::string sales = "many: {int: 1..4}, left: = of.level}";
    const auto at = text.find(sales);
    ASSERT_NE(at, text.npos);
    text.replace(at, sales.size(),
                 "many: {int: 1..4}, left: = of.level, word: {choice: [a, b, c]}, at: {time: now}}, "
                 "version: at, changes: {again: {arrives: {rate: 1/s}, set: {word: {choice: [d, e]}}}}");
    const auto counts = counted(text);
    EXPECT_GT(counts.at("unit sales_again"), 400U);
}

}  // namespace
}  // namespace bazaar::scenario::declared
