#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/verify/debezium.hpp"
#include "bazaar/verify/judge.hpp"
#include "support/told_harm.hpp"
#include "support/told_stream.hpp"
#include "unit/thelook_ledger.hpp"

// A small run, its stream of change events, and what the judge says of it.

namespace bazaar::test
{

using verify::defect;
using json = nlohmann::json;

constexpr unit_no units = 2000;

struct world
{
    std::unique_ptr<scenario::scenario> shop;
    run::record recorded;
    verify::judge_options how;
    unit_no demanded = units;
    unit_no known = units;

    world()
        : world(given{
              {"init-num-users", "60"}, {"lifecycle", "complete"}, {"erase-prob", "0.05"}, {"touch-interval", "200ms"}})
    {
    }

    explicit world(const given& settings) : shop(shop_of_few_products(settings))
    {
        recorded.seed = 7;
        recorded.tag = run_tag("main");
        recorded.start = {1'790'000'000'000'000};
    }

    [[nodiscard]] messages stream(const stream_form& form = {}) const
    {
        return told_stream(*shop, recorded, units, form);
    }

    [[nodiscard]] verify::report judged(const messages& all) const
    {
        const verify::subject of{*shop, recorded, id_codec(recorded.tag, recorded.seed), demanded, known};
        verify::report report;
        verify::judge judge(of, report, how);
        verify::debezium_reader reader(shop->tables(), "demo");
        verify::change_event e;
        for (std::size_t i = 0; i < all.size(); ++i)
        {
            const std::string topic = "ecomm.demo." + all[i].table;
            e.stream = topic;
            e.partition = 0;
            e.offset = static_cast<std::int64_t>(i);
            const auto what = reader.read(topic, all[i].json, e);
            EXPECT_EQ(what, verify::debezium_reader::outcome::change) << reader.problem() << all[i].json;
            judge.take(e);
        }
        judge.finish();
        return report;
    }
};

inline std::string told(const verify::report& report)
{
    return report.text();
}

/// A shop in which a third of the units remove what others made a few seconds before.
inline world removing()
{
    return world({{"init-num-users", "60"},
                  {"lifecycle", "complete"},
                  {"lifecycle-scale", "0.05"},
                  {"retain", "3s"},
                  {"erase-prob", "0.05"},
                  {"touch-interval", "300ms"}});
}

}  // namespace bazaar::test
