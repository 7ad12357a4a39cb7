// A scenario that is no shop and lives in tests/support alone goes through schema, planner, runner, writer and plan.

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/model/render.hpp"
#include "bazaar/postgres/identifier.hpp"
#include "bazaar/postgres/key_range.hpp"
#include "bazaar/postgres/removal.hpp"
#include "bazaar/postgres/schema.hpp"
#include "bazaar/postgres/store.hpp"
#include "bazaar/postgres/writer.hpp"
#include "bazaar/run/clock.hpp"
#include "bazaar/run/replan.hpp"
#include "bazaar/run/runner.hpp"
#include "support/demo_scenario.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

class second_scenario : public testing::TestWithParam<demo_scenario::keys>
{
};

TEST_P(second_scenario, runs_through_every_room_without_a_change_in_any)
{
    const demo_scenario sensors(77, GetParam());
    const auto database = postgres_cluster::get().fresh_database();
    const auto to = postgres::resolve(database);
    postgres::session link(to);
    ASSERT_EQ(postgres::ensure_schema(link, "lab", sensors), postgres::schema_state::created);
    ASSERT_EQ(postgres::ensure_schema(link, "lab", sensors), postgres::schema_state::found);
    run::record recorded;
    recorded.schema = "lab";
    recorded.tag = run_tag("main");
    recorded.seed = 77;
    recorded.scenario = sensors.name();
    recorded.scenario_version = sensors.version();
    recorded.catalogue = sensors.catalogue();
    recorded.start = *parse_time("2026-01-01");
    postgres::create(link, recorded, sensors);

    const model::key_codec ids(recorded.tag, recorded.seed, sensors.tables());
    const auto planner = sensors.plan(recorded.start);
    boost::asio::io_context loop;
    run::wall_clock clock;
    run::runner::options how;
    how.ticks_max = 200;
    const auto gateway = std::make_shared<postgres::gateway>(to);
    const postgres::ownership own{.schema = "lab", .tag = recorded.tag};
    how.make_sink = [&](std::stop_token stop) {
        return std::make_unique<postgres::writer>(gateway, "lab", sensors, ids,
                                                  postgres::writer::options{.stop = stop});
    };
    how.record = [&](const model::control& entry, const run::runner::recorded& done)
    {
        postgres::append(link, own, recorded.log.size(), entry, demo_scenario::fields());
        recorded.log.push_back(entry);
        done(nullptr);
    };
    how.done = [&] { loop.stop(); };
    run::replanner plan(*planner, recorded);
    run::runner runner(loop, sensors, plan, clock, how);
    runner.start();
    loop.run();
    ASSERT_EQ(runner.failure(), nullptr);

    // The plan, printed for programs, says what the tables hold: rows by key, the newest version of each.
    const auto again = sensors.plan(recorded.start);
    run::replanner walk(*again, recorded);
    const model::renderer print(sensors.tables(), sensors.kinds(), ids);
    model::unit unit;
    std::map<std::string, std::map<std::string, nlohmann::json>> expected;
    for (unit_no no = 0; no < runner.now().settled; ++no)
    {
        sensors.build(walk.next(), unit);
        std::string line;
        print.json(unit, line);
        const auto object = nlohmann::json::parse(line);
        ASSERT_EQ(object["unit"], no);
        for (const auto& change : object["changes"])
        {
            const auto& row = change["after"].is_null() ? change["before"] : change["after"];
            auto& table = expected[change["table"].get<std::string>()];
            if (change["after"].is_null())
                table.erase(row["id"].dump());
            else
                table[row["id"].dump()] = row;
        }
    }
    ASSERT_GE(expected.size(), 2U);
    sql_client look(database);
    for (const auto& [table, planned] : expected)
    {
        EXPECT_EQ(one(look, "SELECT count(*) FROM lab." + table), std::to_string(planned.size())) << table;
        for (const auto& [key, row] : planned)
        {
            const auto id = row["id"].is_string() ? row["id"].get<std::string>() : row["id"].dump();
            const auto stored = nlohmann::json::parse(
                one(look, "SELECT to_jsonb(t) FROM lab." + table + " t WHERE id = " + postgres::quote_literal(id)));
            for (const auto& [column, value] : row.items())
            {
                // Moments and decimals are spelled differently in jsonb; their binary forms are tested elsewhere.
                const bool same_spelling = value.is_null() || value.is_number_integer() ||
                                           (value.is_string() && stored[column].is_string() &&
                                            !parse_time(value.get<std::string>()));
                if (same_spelling)
                {
                    EXPECT_EQ(stored[column], value) << table << '.' << column;
                }
            }
        }
    }

    // Rows are numbered without gaps. A key far above all others is no row of the run, whatever it looks like.
    const auto last = [&]
    {
        std::vector<std::uint64_t> rows;
        for (const auto& row : postgres::last_rows(link, "lab", sensors, ids))
            rows.push_back(row ? row->row + 1 : 0);
        return rows;
    };
    const auto there = last();
    EXPECT_EQ(std::to_string(there.at(demo_scenario::sensor)), one(look, "SELECT count(*) FROM lab.sensor"));
    EXPECT_EQ(std::to_string(there.at(demo_scenario::reading)), one(look, "SELECT count(*) FROM lab.reading"));
    if (GetParam() == demo_scenario::keys::short_ones)
        link.exec("INSERT INTO lab.sensor VALUES ('C200900000', 1, 'stranger', NULL, NULL, now()), "
                  "('C2000000x0', 1, 'another', NULL, NULL, now())");
    EXPECT_EQ(last(), there);

    // Rows are found by their keys, and all that can be the run's are removed.
    for (const auto table : {demo_scenario::sensor, demo_scenario::reading})
    {
        const auto& t = sensors.tables()[table];
        const auto count = there.at(table);
        std::vector<std::string> some;
        for (std::uint64_t row = 0; row < std::min<std::uint64_t>(count, 12); ++row)
            some.push_back(one(look, fmt::format("SELECT id FROM lab.{0} WHERE {1}", t.name,
                                                 postgres::key_sql(t, table, ids, "id").between(row, row))));
        const auto found = postgres::key_sql(t, table, ids, "id").any_of(postgres::array_text(some));
        EXPECT_EQ(one(look, fmt::format("SELECT count(*) FROM lab.{} WHERE {}", t.name, found)),
                  std::to_string(some.size()));
    }
    postgres::remove_run(link, own, recorded, sensors, [](std::string_view, std::uint64_t) {});
    EXPECT_EQ(one(look, "SELECT count(*) FROM lab.reading"), "0");
    EXPECT_EQ(one(look, "SELECT count(*) FROM lab.sensor"), GetParam() == demo_scenario::keys::short_ones ? "1" : "0");
}

INSTANTIATE_TEST_SUITE_P(of_each_kind_of_key, second_scenario,
                         testing::Values(demo_scenario::keys::uuids, demo_scenario::keys::short_ones,
                                         demo_scenario::keys::listed_ones));

}  // namespace
}  // namespace bazaar::test
