// Changes that pick among some of the rows: those that are young enough, and each once.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "bazaar/base/time.hpp"
#include "bazaar/scenario/declared/check.hpp"
#include "bazaar/scenario/declared/conformance.hpp"
#include "declared_rows.hpp"

namespace bazaar::scenario::declared
{
namespace
{

const time changes_start{parse_time("2026-01-01T00:00:00Z")->us};
constexpr std::int64_t minute_of_changes = 60'000'000;

/// Things that come, or are all of T0, and change in one way.
std::string things_that_change(const std::string& how, const std::string& rows = "seed: 40, arrives: {rate: 1/s}")
{
    return fmt::format(
        "bazaar: 1\nscenario: small\ntables:\n"
        "  things:\n"
        "    {{key: id, version: at, {},\n"
        "     columns: {{id: {{uuid: row}}, sort: {{choice: [a, b]}}, size: {{int: 1..100}}, n: {{int: 1..1000000}}, "
        "born: {{time: now}}, at: {{time: now}}}},\n"
        "     changes: {{again: {{arrives: {{rate: 2/s}}, {}, set: {{n: {{int: 1..1000000}}}}}}}}}}\n",
        rows, how);
}

struct what_changed
{
    std::int64_t oldest = 0;
    std::size_t changes = 0;
    std::size_t things = 0;
    std::size_t again = 0;       ///< Rows that were changed before.
    std::size_t other_sort = 0;  ///< Not "a".
    std::size_t left = 0;        ///< Rows "a" that were not changed.
    bool in_turn = true;         ///< By the number of the row.
};

what_changed changed_by(const std::string& text, std::size_t units = 3'000)
{
    const made_scenario made(spec_of_text(text));
    what_changed found;
    std::set<std::uint64_t> rows;
    std::set<std::uint64_t> of_sort;
    play(*made.shop, changes_start, units,
         [&](const model::unit& unit)
         {
             for (const auto& one : unit.changes)
             {
                 if (made.shop->tables()[one.table].name != "things")
                     continue;
                 const auto row = one.after[0].row().row;
                 const bool is_a = one.after[1].text() == "a";
                 if (one.what == model::op::insert)
                 {
                     ++found.things;
                     if (is_a)
                         of_sort.insert(row);
                     continue;
                 }
                 ++found.changes;
                 found.in_turn = found.in_turn && (rows.empty() || row > *rows.rbegin());
                 found.again += rows.insert(row).second ? 0 : 1;
                 found.other_sort += is_a ? 0 : 1;
                 found.oldest = std::max(found.oldest, unit.decision.at.us - one.after[4].integer());
             }
         });
    for (const auto row : of_sort)
        found.left += rows.contains(row) ? 0 : 1;
    return found;
}

TEST(DeclaredChanges, LookAtTheAgeOfRows)
{
    const auto young = changed_by(things_that_change("pick: recent, within: 2m"));
    EXPECT_GT(young.changes, 1'700U);
    EXPECT_LE(young.oldest, 2 * minute_of_changes);
    EXPECT_GT(young.oldest, minute_of_changes);
    EXPECT_GT(young.again, 300U);
    // The control.
    EXPECT_GT(changed_by(things_that_change("pick: recent")).oldest, 2 * minute_of_changes);
    // Rows of T0 are young for a while.
    const auto seeds = changed_by(things_that_change("pick: recent, within: 2m", "seed: 40") +
                                  "  ticks: {key: id, arrives: {rate: 2/s}, columns: {id: {uuid: row}}}\n");
    EXPECT_GT(seeds.changes, 200U);
    EXPECT_LT(seeds.changes, 280U);
    EXPECT_LE(seeds.oldest, 2 * minute_of_changes);
}

TEST(DeclaredChanges, PickEachRowOnce)
{
    for (const auto* how : {"once: true", "pick: recent, once: true", "pick: recent, within: 5m, once: true"})
    {
        const auto once = changed_by(things_that_change(how));
        EXPECT_GT(once.changes, 1'200U) << how;
        EXPECT_EQ(once.again, 0U) << how;
        EXPECT_FALSE(once.in_turn) << how;
    }
    EXPECT_GT(changed_by(things_that_change("pick: uniform")).again, 300U) << "the control";
}

TEST(DeclaredChanges, NextTakesRowsInTurn)
{
    const auto next = changed_by(things_that_change("pick: next, once: true"));
    EXPECT_GT(next.changes, 1'200U);
    EXPECT_TRUE(next.in_turn);
    EXPECT_LT(next.things - next.changes, 30U) << "twice as many changes come as things do";
    const auto young = changed_by(things_that_change("pick: next, once: true, within: 10s"));
    EXPECT_GT(young.changes, 1'200U);
    EXPECT_TRUE(young.in_turn);
    EXPECT_LE(young.oldest, minute_of_changes / 6);
}

/// What `where` leaves out is not in the way of what it does not.
TEST(DeclaredChanges, LeaveOutWhatTheyDoNotWant)
{
    for (const auto* how : {"once: true", "pick: next, once: true", "pick: recent, once: true"})
    {
        const auto some = changed_by(things_that_change(fmt::format("{}, where: \"= sort = 'a'\"", how)));
        EXPECT_GT(some.changes, 500U) << how;
        EXPECT_EQ(some.other_sort, 0U) << how;
        EXPECT_EQ(some.again, 0U) << how;
        EXPECT_LT(some.left, 60U) << how;
    }
    EXPECT_GT(changed_by(things_that_change("once: true")).other_sort, 200U) << "the control";
}

/// `where` may read a setting that changes: then what it leaves out may be wanted later.
TEST(DeclaredChanges, SeeLiveSettingsAsTheyAre)
{
    const auto text = things_that_change("once: true, where: = size <= most");
    const made_scenario made(
        spec_of_text("bazaar: 1\nscenario: small\nsettings: {most: {number: 20, from: 1, to: 100, live: true}}\n" +
                     text.substr(text.find("tables:"))));
    const auto plan = made.shop->plan(changes_start);
    model::unit unit;
    std::map<std::int64_t, int> early;
    std::map<std::int64_t, int> late;
    std::uint64_t old_rows = 0;
    for (int i = 0; i < 3'000; ++i)
    {
        if (i == 1'000)
            plan->apply({.unit = plan->next_no(),
                         .what = model::control::kind::set,
                         .field = 0,
                         .value = 60,
                         .at = plan->next_at()});
        made.shop->build(plan->next(), unit);
        for (const auto& one : unit.changes)
            if (one.what == model::op::insert)
                old_rows += i < 1'000 ? 1 : 0;
            else if (i < 1'000)
                ++early[one.after[2].integer()];
            else if (one.after[0].row().row < old_rows)
                ++late[one.after[2].integer()];
    }
    ASSERT_FALSE(early.empty());
    EXPECT_LE(early.rbegin()->first, 20);
    ASSERT_FALSE(late.empty());
    EXPECT_GT(late.rbegin()->first, 50) << "rows that were not wanted before";
    EXPECT_LE(late.rbegin()->first, 60);
}

TEST(DeclaredChanges, TakeMemoryThatTheBoundHas)
{
    const auto bound = [](const std::string& how) { return state_bound(spec_of_text(things_that_change(how))); };
    EXPECT_EQ(bound("once: true") - bound("pick: uniform"), 5'000'000U);
    EXPECT_EQ(bound("pick: recent, within: 1m") - bound("pick: uniform"), 8'000'000U);
}

TEST(DeclaredChanges, AreJudgedByWhatTheyPick)
{
    const auto judged = [](const std::string& by, const std::string& drawn)
    {
        conformance_request of;
        of.judged = std::make_shared<const spec>(spec_of_text(things_that_change(by)));
        of.drawn = std::make_shared<const spec>(spec_of_text(things_that_change(drawn)));
        of.units = 4'000;
        std::map<std::string, finding::verdict> made;
        for (const auto& one : judge(of).findings)
            made[one.what] = one.is;
        return made;
    };
    const std::string limited = "pick: recent, within: 2m, once: true";
    auto found = judged(limited, limited);
    for (const auto* what : {"things.again picks", "things.again picks once", "things.again picks within"})
        EXPECT_EQ(found.at(what), finding::verdict::fits) << what;
    // The controls.
    EXPECT_EQ(judged(limited, "pick: recent, within: 2m").at("things.again picks once"), finding::verdict::fails);
    EXPECT_EQ(judged("pick: recent, within: 2m", "pick: recent").at("things.again picks within"),
              finding::verdict::fails);
    EXPECT_EQ(judged(limited, "pick: recent, bias: 5, within: 2m, once: true").at("things.again picks"),
              finding::verdict::fails);
}

/// Rows of T0 may refer to rows of a table that grows, and that change and go: to those of T0.
TEST(DeclaredSeeds, LinkToRowsOfTablesThatGrow)
{
    const made_scenario made(spec_of_text(R"(bazaar: 1
scenario: small
tables:
  people:
    {key: id, version: at, seed: 700, arrives: {rate: 1/s},
     columns: {id: {uuid: row}, name: {pattern: "[A-Z]{5}"}, n: {int: 1..9}, at: {time: now}},
     changes: {more: {arrives: {rate: 1/s}, set: {n: = n + 1}}, gone: {arrives: {rate: 6/m}, erase: true}}}
  cards:
    {key: id, version: at, seed: 1200, arrives: {rate: 1/s}, sql: {foreign_keys: false},
     links: {who: {to: people, pick: zipf, alpha: 1.2, missing: 10%}},
     columns: {id: {uuid: row}, who_id: = who.id, name: = who.name, then: = who.n, word: {choice: [a, b]}, at: {time: now}},
     changes: {again: {arrives: {rate: 3/s}, set: {word: {choice: [c, d]}}}}}
)"));
    const auto& shop = *made.shop;
    std::map<std::uint64_t, std::vector<model::value>> people;
    std::set<std::string> names;
    std::size_t linked = 0;
    std::size_t missing = 0;
    std::size_t barriers = 0;
    play(shop, changes_start, 1'500,
         [&](const model::unit& unit)
         {
             const auto kind = shop.kinds()[unit.decision.kind].name;
             barriers += unit.decision.barrier ? 1 : 0;
             if (kind == "people_seed")
                 for (const auto& one : unit.changes)
                 {
                     auto& known = people[one.after[0].row().row];
                     known.assign(one.after.begin(), one.after.end());
                     known[1] = model::value::of(std::string_view(*names.emplace(one.after[1].text()).first));
                 }
             if (kind != "cards_seed")
                 return;
             for (const auto& one : unit.changes)
             {
                 if (one.after[1].null())
                 {
                     ++missing;
                     EXPECT_TRUE(one.after[2].null());
                     continue;
                 }
                 const auto& who = people.at(one.after[1].row().row);
                 EXPECT_EQ(one.after[1], who[0]) << "with the unit that inserted it";
                 EXPECT_EQ(one.after[2], who[1]);
                 EXPECT_EQ(one.after[3], who[2]);
                 ++linked;
             }
         });
    EXPECT_EQ(linked + missing, 1'200U);
    EXPECT_NEAR(static_cast<double>(missing), 120, 50);
    EXPECT_EQ(barriers, 1U);
}

}  // namespace
}  // namespace bazaar::scenario::declared
