// The rows that are left at a seam, against a model that carries out all units and keeps every row.

#include "bazaar/run/survivors.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bazaar/base/time.hpp"
#include "bazaar/io/offered_scenario.hpp"
#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/render.hpp"
#include "bazaar/scenario/first_rows.hpp"
#include "bazaar/scenario/registry.hpp"
#include "support/places.hpp"

namespace bazaar::test
{
namespace
{

const time plan_start{parse_time("2026-03-02T00:00:00Z")->us};

using words = std::vector<std::pair<std::string, std::string>>;

struct kept_history
{
    std::string file;  ///< Empty: theLook.
    unit_no units = 0;
    words given{};

    friend std::ostream& operator<<(std::ostream& out, const kept_history& one)
    {
        return out << (one.file.empty() ? "thelook" : one.file);
    }
};

std::unique_ptr<scenario::scenario> shop_that_keeps(const kept_history& one)
{
    const auto path = one.file.find('/') == one.file.npos ? one.file : source_dir() + '/' + one.file;
    const auto& entry = one.file.empty() ? *scenario::find(scenario::registry(), scenario::default_name)
                                         : io::offered_file(path, "test");
    scenario::settings configuration(entry.fields);
    for (const auto& [name, text] : one.given)
        EXPECT_EQ(configuration.set(configuration.find(name), text), "") << name;
    return entry.make({.run = "main", .seed = 11, .configuration = configuration, .files = {}});
}

/// The rows of a table by their keys, each as text. A row that is there twice is told in its text.
using contents = std::map<std::pair<std::string, std::string>, std::string>;

/// Carries out units, and what is left of them.
class replaying
{
public:
    explicit replaying(const scenario::scenario& shop)
        : shop_(shop), keys_(run_tag("main"), 11, shop.tables()), print_(shop.tables(), shop.kinds(), keys_)
    {
    }

    /// All units below, row by row.
    [[nodiscard]] contents model(unit_no seam)
    {
        contents all;
        first_rows([&](std::uint8_t table, const auto& take) { scenario::first_rows(shop_, table, plan_start, take); },
                   all);
        each_unit(seam,
                  [&](const model::unit& unit)
                  {
                      for (const auto& c : unit.changes)
                          if (c.what == model::op::erase)
                              all.erase(key(c.table, c.before));
                          else
                              all[key(c.table, c.after)] = text(c.table, c.after);
                  });
        return all;
    }

    /// The rows of units below the seam that survive the units that `added` takes.
    [[nodiscard]] contents left(unit_no seam, const run::survivors& rows)
    {
        contents all;
        first_rows([&](std::uint8_t table, const auto& take) { rows.first_rows(shop_, table, plan_start, take); }, all);
        each_unit(seam,
                  [&](model::unit& unit)
                  {
                      rows.keep(unit, shop_.tables());
                      useless_ += unit.changes.empty() ? 1U : 0U;
                      skipped_ += rows.any(unit.decision.no) ? 0U : 1U;
                      EXPECT_TRUE(rows.any(unit.decision.no) || unit.changes.empty()) << unit.decision.no;
                      for (const auto& c : unit.changes)
                      {
                          EXPECT_EQ(c.what, model::op::insert);
                          EXPECT_TRUE(c.before.empty());
                          // The row of a fixed table takes the place of the first one.
                          auto& row = all[key(c.table, c.after)];
                          const bool fixed = shop_.tables()[c.table].kept_by == model::role::fixed;
                          row = (row.empty() || fixed ? "" : "twice: ") + text(c.table, c.after);
                      }
                  });
        return all;
    }

    [[nodiscard]] run::survivors survivors(unit_no seam, unit_no without = no_unit) const
    {
        run::survivors made(shop_);
        const auto plan = shop_.plan(plan_start);
        while (plan->next_no() < seam && !plan->done())
            if (const auto d = plan->next(); d.no != without)
                made.add(d);
        return made;
    }

    /// The last unit below that changes or removes a row that is an older unit's.
    [[nodiscard]] unit_no last_change(unit_no seam, model::op what)
    {
        unit_no last = no_unit;
        each_unit(seam,
                  [&](const model::unit& unit)
                  {
                      if (std::ranges::any_of(unit.changes, [&](const model::change& c) { return c.what == what; }))
                          last = unit.decision.no;
                  });
        return last;
    }

    std::uint64_t useless_ = 0, skipped_ = 0;

private:
    template <typename See>
    void each_unit(unit_no seam, const See& see)
    {
        const auto plan = shop_.plan(plan_start);
        model::unit unit;
        while (plan->next_no() < seam && !plan->done())
        {
            shop_.build(plan->next(), unit);
            see(unit);
        }
    }

    template <typename From>
    void first_rows(const From& from, contents& to)
    {
        for (std::uint8_t i = 0; i < shop_.tables().size(); ++i)
            from(i, scenario::row_taker([&](std::span<const model::value> row) { to[key(i, row)] = text(i, row); }));
    }

    [[nodiscard]] std::pair<std::string, std::string> key(std::uint8_t table, std::span<const model::value> row) const
    {
        const auto& t = shop_.tables()[table];
        std::string made;
        print_.value_text(row[t.key], t.columns[t.key], made);
        return {std::string(t.name), made};
    }

    [[nodiscard]] std::string text(std::uint8_t table, std::span<const model::value> row) const
    {
        std::string made;
        print_.row_csv(table, std::nullopt, row, made);
        return made;
    }

    const scenario::scenario& shop_;
    const model::key_codec keys_;
    const model::renderer print_;
};

/// The first difference, and how many there are.
std::string difference(const contents& expected, const contents& found)
{
    std::size_t count = 0;
    std::string first;
    const auto tell = [&](const std::string& what)
    {
        if (++count == 1)
            first = what;
    };
    for (const auto& [key, text] : expected)
        if (const auto at = found.find(key); at == found.end())
            tell(fmt::format("{} {} is missing", key.first, key.second));
        else if (at->second != text)
            tell(fmt::format("{} {}: {}instead of {}", key.first, key.second, at->second, text));
    for (const auto& [key, text] : found)
        if (!expected.contains(key))
            tell(fmt::format("{} {} is too many", key.first, key.second));
    return count == 0 ? "" : fmt::format("{} differences: {}", count, first);
}

class Survivors : public testing::TestWithParam<kept_history>
{
};

TEST_P(Survivors, AreTheRowsThatAllUnitsLeave)
{
    const auto shop = shop_that_keeps(GetParam());
    const auto seam = GetParam().units;
    // At T0, in the middle of it, and far behind.
    for (const auto at : {unit_no{0}, unit_no{1}, seam / 7, seam})
    {
        replaying replay(*shop);
        const auto all = replay.model(at);
        EXPECT_EQ(difference(all, replay.left(at, replay.survivors(at))), "") << at;
        EXPECT_TRUE(at < seam || all.size() > 100U) << all.size();
    }
}

TEST_P(Survivors, AreOthersWhereAChangeIsForgottenOrComesLater)
{
    const auto shop = shop_that_keeps(GetParam());
    const auto seam = GetParam().units;
    replaying replay(*shop);
    const auto all = replay.model(seam);
    std::size_t changes = 0;
    for (const auto what : {model::op::update, model::op::erase})
    {
        const auto last = replay.last_change(seam, what);
        if (last == no_unit)
            continue;
        ++changes;
        // Without it, the row that it found is left too.
        EXPECT_NE(difference(all, replay.left(seam, replay.survivors(seam, last))), "") << last;
        // With it, below it, that row is not.
        EXPECT_NE(difference(replay.model(last), replay.left(last, replay.survivors(last + 1))), "") << last;
        EXPECT_NE(difference(replay.model(last), all), "");
    }
    const bool may_change = std::ranges::any_of(
        shop->kinds(), [](const model::unit_kind& kind)
        { return std::ranges::any_of(kind.parts, [](const model::part& p) { return p.what != model::op::insert; }); });
    EXPECT_EQ(changes > 0, may_change);
}

TEST_P(Survivors, SayOfMostUnitsThatLeaveNothingThatTheyDo)
{
    const auto shop = shop_that_keeps(GetParam());
    if (shop->rewrites_whole_units())
        GTEST_SKIP() << "it counts by unit";
    replaying replay(*shop);
    static_cast<void>(replay.left(GetParam().units, replay.survivors(GetParam().units)));
    EXPECT_GE(2 * replay.skipped_ + 5, replay.useless_);
}

INSTANTIATE_TEST_SUITE_P(of, Survivors,
                         testing::Values(kept_history{"",
                                                      6'000,
                                                      {{"init-num-users", "200"},
                                                       {"retain", "2h"},
                                                       {"erase-prob", "0.05"},
                                                       {"user-update-prob", "0.2"},
                                                       {"touch-interval", "30s"}}},
                                         kept_history{"correlated-ecommerce", 4'000},
                                         kept_history{"river-hotel", 5'000},
                                         kept_history{"river-hotel", 5'000, {{"sink", "postgres"}}},
                                         kept_history{"smoothie-shop", 5'000},
                                         kept_history{"smoothie-shop", 5'000, {{"sink", "postgres"}}},
                                         kept_history{"tests/scenarios/hospital-admissions.yaml", 5'000},
                                         kept_history{"tests/scenarios/iot-fleet.yaml", 5'000},
                                         kept_history{"tests/scenarios/ride-hailing.yaml", 5'000}));

}  // namespace
}  // namespace bazaar::test
