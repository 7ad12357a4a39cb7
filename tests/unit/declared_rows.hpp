#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "bazaar/io/scenario_file.hpp"
#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/render.hpp"
#include "bazaar/scenario/scenario.hpp"
#include "bazaar/scenario/state.hpp"
#include "declared_spec.hpp"

namespace bazaar::scenario::declared
{

/// A scenario of the text of a file.
[[nodiscard]] inline spec spec_of_text(const std::string& text)
{
    auto read = io::read_scenario_text("shop.yaml", {{"shop.yaml", text}});
    if (!read.spec)
        throw std::runtime_error(fmt::format("{}", fmt::join(read.problems, "\n")));
    return *std::move(read.spec);
}

[[nodiscard]] inline std::string told_by(const scenario& shop, const model::unit& unit)
{
    const model::key_codec keys(run_tag("main"), 7, shop.tables());
    std::string text;
    model::renderer(shop.tables(), shop.kinds(), keys).text(unit, text);
    return text;
}

/// A unit has the changes of its kind: as many rows of each part as that takes, the gate at least one, and an update nothing but its columns.
inline void expect_of_its_kind(const scenario& shop, const model::unit& unit)
{
    const auto& kind = shop.kinds()[unit.decision.kind];
    std::size_t at = 0;
    for (std::size_t i = 0; i < kind.parts.size(); ++i)
    {
        const auto& part = kind.parts[i];
        std::size_t rows = 0;
        for (; at < unit.changes.size() && unit.changes[at].what == part.what && unit.changes[at].table == part.table &&
               (part.many || rows == 0);
             ++at, ++rows)
        {
            const auto& one = unit.changes[at];
            const auto& table = shop.tables()[one.table];
            for (std::uint8_t c = 0; part.what == model::op::update && c < table.columns.size(); ++c)
                if (c != table.key && c != table.version && std::ranges::find(part.columns, c) == part.columns.end())
                {
                    EXPECT_EQ(one.before[c], one.after[c]) << kind.name << ' ' << table.columns[c].name;
                }
        }
        EXPECT_TRUE(rows > 0 || (part.many && i > 0)) << kind.name << ": part " << i << " has no row";
    }
    EXPECT_EQ(at, unit.changes.size()) << kind.name << ": more than its parts";
}

/// Plays the changes of a plan onto rows; the first row that is not as it was is told.
class row_keeper
{
public:
    explicit row_keeper(const scenario& shop) : shop_(shop) {}

    void see(const model::unit& unit)
    {
        for (const auto& one : unit.changes)
        {
            const auto& table = shop_.tables()[one.table];
            const auto row = one.key(table).row().row;
            auto& rows = rows_[one.table];
            const auto known = rows.find(row);
            ASSERT_EQ(known != rows.end(), one.what != model::op::insert) << table.name << ' ' << row;
            if (known != rows.end())
            {
                EXPECT_TRUE(std::ranges::equal(known->second, one.before)) << table.name << ' ' << row;
            }
            ++seen_[one.what];
            if (one.what == model::op::erase)
                rows.erase(known);
            else
                rows[row] = copied(one.after);
        }
    }

    [[nodiscard]] int seen(model::op what) { return seen_[what]; }
    [[nodiscard]] bool has(std::uint8_t table, std::uint64_t row) { return rows_[table].contains(row); }

private:
    /// Texts of a unit are gone with it.
    std::vector<model::value> copied(std::span<const model::value> of)
    {
        std::vector<model::value> made(of.begin(), of.end());
        for (auto& one : made)
            if (!one.null() && one.kind() == model::type::text)
                one = model::value::of(std::string_view(*texts_.emplace(one.text()).first));
        return made;
    }

    const scenario& shop_;
    std::map<std::uint8_t, std::map<std::uint64_t, std::vector<model::value>>> rows_;
    std::map<model::op, int> seen_;
    std::set<std::string> texts_;
};

/// Plans so many units, sees each, and plans the second half once more from a state that was saved.
template <typename See>
void play(const scenario& shop, time start, std::size_t units, const See& see)
{
    const auto plan = shop.plan(start);
    std::unique_ptr<planner> loaded;
    row_keeper keeper(shop);
    model::unit unit;
    model::unit again;
    for (std::size_t i = 0; i < units && plan->next_at() < times_end && !::testing::Test::HasFailure(); ++i)
    {
        if (i == units / 2)
        {
            std::vector<std::byte> bytes;
            state_writer to(bytes);
            plan->save(to);
            loaded = shop.plan(start);
            state_reader from(bytes);
            ASSERT_TRUE(loaded->load(from));
        }
        const auto decision = plan->next();
        shop.build(decision, unit);
        expect_of_its_kind(shop, unit);
        keeper.see(unit);
        see(unit);
        if (!loaded)
            continue;
        shop.build(loaded->next(), again);
        ASSERT_EQ(told_by(shop, again), told_by(shop, unit));
    }
    if (loaded)
    {
        EXPECT_EQ(loaded->digest(), plan->digest());
    }
}

}  // namespace bazaar::scenario::declared
