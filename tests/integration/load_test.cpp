// bazaard load: the rows of a history, each once, as if its units had been written one by one, whatever interrupts it.

#include <signal.h>

#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "bazaar/base/time.hpp"
#include "support/daemon.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

using std::chrono::seconds;

sql_client connect(const postgres::connection_flags& flags)
{
    return sql_client(flags);
}

std::string ago(std::chrono::microseconds time_span)
{
    const auto now = std::chrono::system_clock::now().time_since_epoch() - time_span;
    return to_string(time{std::chrono::duration_cast<microseconds>(now).count()});
}

/// A zombie has no program any more.
bool running(const process& daemon)
{
    return std::filesystem::exists("/proc/" + std::to_string(daemon.id()) + "/exe");
}

finished must(const std::string& command, const postgres::connection_flags& at, std::vector<std::string> words)
{
    if (command != "init")
        words.insert(words.end(), {"--progress", "off"});
    auto done = run_bazaard(command, at, words);
    EXPECT_EQ(done.status, 0) << command << ": " << done.err;
    return done;
}

/// Moves and steps of orders happen within the history, and some after it.
const std::vector<std::string> shop{"--seed",      "21",       "--init-num-users",  "300", "--avg-qps",          "20",
                                    "--lifecycle", "complete", "--lifecycle-scale", "4",   "--user-update-prob", "0.1"};

std::vector<std::string> with(std::vector<std::string> words, const std::vector<std::string>& more)
{
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

void expect_clean(const postgres::connection_flags& at)
{
    const auto done = run_bazaard("verify", at, {"tables", "--progress", "off"});
    EXPECT_EQ(done.status, 0) << done.out << done.err;
    auto link = connect(at);
    EXPECT_EQ(broken_invariants(link), "");
}

std::string indexes_of(sql_client& on)
{
    return one(on,
               "SELECT string_agg(d, E'\\n' ORDER BY d) FROM (SELECT pg_get_indexdef(indexrelid) AS d FROM pg_index "
               "WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'demo'::regnamespace) UNION ALL "
               "SELECT conrelid::regclass || ' ' || conname || pg_get_constraintdef(oid) || convalidated FROM "
               "pg_constraint WHERE connamespace = 'demo'::regnamespace) AS all_of_them");
}

TEST(load, then_run_makes_the_rows_that_units_one_by_one_make)
{
    auto& cluster = postgres_cluster::get();
    const auto start = ago(seconds(400));
    const auto history = with(shop, {"--start-time", start});
    const auto changes = cluster.fresh_database();
    must("run", changes, with(history, {"--max-iter", "6000", "--unpaced"}));
    auto plain = connect(changes);
    const auto expected = table_digests(plain);
    const auto indexes = indexes_of(plain);

    for (const bool fast : {false, true})
    {
        SCOPED_TRACE(fast ? "fast" : "with keys and indexes");
        const auto at = cluster.fresh_database();
        auto words = with(history, {"--max-iter", "4000"});
        if (fast)
            words.emplace_back("--fast-load");
        const auto loaded = must("load", at, words);
        EXPECT_NE(loaded.out.find(" loaded in "), loaded.out.npos) << loaded.out;
        auto link = connect(at);
        EXPECT_EQ(one(link, "SELECT count(*) > 0 FROM bazaard.control WHERE kind = 'load'"), "t");
        EXPECT_EQ(one(link, "SELECT count(*) FROM demo.events WHERE created_at > now()"), "0");
        EXPECT_EQ(indexes_of(link), indexes);
        expect_clean(at);
        EXPECT_NE(table_digests(link), expected) << "2,000 ticks are missing";
        must("run", at, {"--max-iter", "6000", "--unpaced"});
        EXPECT_EQ(table_digests(link), expected);
        expect_clean(at);
    }
}

TEST(load, leaves_out_what_was_removed_and_forgotten_below_the_seam)
{
    auto& cluster = postgres_cluster::get();
    const auto words = with(shop, {"--start-time", ago(seconds(400)), "--retain", "60s", "--erase-prob", "0.05",
                                   "--touch-interval", "100ms"});
    const auto changes = cluster.fresh_database();
    must("run", changes, with(words, {"--max-iter", "6000", "--unpaced"}));
    auto plain = connect(changes);
    const auto at = cluster.fresh_database();
    must("load", at, with(words, {"--max-iter", "4000"}));
    auto link = connect(at);
    // Removed before the seam, and still to be removed behind it.
    const auto orders = std::stoi(one(link, "SELECT count(*) FROM demo.orders"));
    EXPECT_GT(orders, 500);
    EXPECT_LT(orders, 3900);
    EXPECT_GT(std::stoi(one(link, "SELECT count(*) FROM demo.users WHERE email LIKE 'erased%'")), 50);
    EXPECT_GT(std::stoi(one(link, "SELECT count(updated_at) FROM demo.products")), 1000);
    expect_clean(at);
    must("run", at, {"--max-iter", "6000", "--unpaced"});
    EXPECT_EQ(table_digests(link), table_digests(plain));
    expect_clean(at);
}

TEST(load, and_run_keep_the_calendar)
{
    auto& cluster = postgres_cluster::get();
    const std::vector<std::string> words{"--seed",      "21",       "--init-num-users",  "300",
                                         "--lifecycle", "complete", "--lifecycle-scale", "3600",
                                         "--avg-qps",   "0.0006",   "--calendar",        "retail",
                                         "--growth",    "0.5",      "--start-time",      ago(std::chrono::days(60))};
    const auto one_by_one = cluster.fresh_database();
    must("run", one_by_one, with(words, {"--max-iter", "2500", "--unpaced"}));
    auto plain = connect(one_by_one);
    const auto at = cluster.fresh_database();
    must("load", at, with(words, {"--max-iter", "1500"}));
    // The settings are those of the run; it goes on from what is saved.
    must("run", at, {"--max-iter", "2000", "--unpaced"});
    must("run", at, {"--max-iter", "2500", "--unpaced"});
    auto link = connect(at);
    EXPECT_EQ(table_digests(link), table_digests(plain));
    expect_clean(at);
    // By the hour of China's buyers, their evening against their night.
    const auto evening = std::stoi(one(link,
                                       "SELECT count(*) FROM demo.orders WHERE ship_country = 'China' AND "
                                       "extract(hour FROM created_at AT TIME ZONE 'Etc/GMT-8') BETWEEN 17 AND 20"));
    const auto night = std::stoi(one(link, "SELECT count(*) FROM demo.orders WHERE ship_country = 'China' AND "
                                           "extract(hour FROM created_at AT TIME ZONE 'Etc/GMT-8') BETWEEN 4 AND 7"));
    EXPECT_GT(evening, 2 * night);
    EXPECT_GT(night, 10);
}

TEST(load, leaves_each_product_as_its_last_price_change_below_the_seam)
{
    auto& cluster = postgres_cluster::get();
    // So few that each is changed again and again.
    const auto seeds = std::filesystem::path(testing::TempDir()) / ("bazaard-seeds-" + std::to_string(getpid()));
    std::filesystem::create_directories(seeds);
    {
        std::ofstream out(seeds / "products.csv");
        out << "id,cost,category,name,brand,retail_price,department,sku,distribution_center_id\n";
        for (int i = 0; i < 40; ++i)
            out << 10 + 3 * i << ",1.00,C,N" << i << ",B," << 10 + i << ".50," << (i % 2 == 0 ? "Men" : "Women") << ",S"
                << i << ",1\n";
    }
    const auto words = with(shop,
                            {"--start-time", ago(seconds(400)), "--touch-interval", "400ms", "--seed-dir", seeds});
    const auto changes = cluster.fresh_database();
    must("run", changes, with(words, {"--max-iter", "3000", "--unpaced"}));
    auto plain = connect(changes);
    const auto at = cluster.fresh_database();
    must("load", at, with(words, {"--max-iter", "2000"}));
    auto link = connect(at);
    EXPECT_EQ(one(link, "SELECT count(updated_at) || ' of ' || count(*) FROM demo.products"), "40 of 40");
    const auto clean = [&]
    {
        const auto done = run_bazaard("verify", at, {"tables", "--seed-dir", seeds, "--progress", "off"});
        EXPECT_EQ(done.status, 0) << done.out << done.err;
        EXPECT_EQ(broken_invariants(link), "");
    };
    clean();
    must("run", at, {"--max-iter", "3000", "--unpaced", "--seed-dir", seeds});
    EXPECT_EQ(table_digests(link), table_digests(plain));
    clean();
    // Control: one price is not what the last change has made it.
    link.exec("UPDATE demo.products SET retail_price = retail_price + 1 WHERE id = 13");
    EXPECT_EQ(run_bazaard("verify", at, {"tables", "--seed-dir", seeds, "--progress", "off"}).status, 1);
    std::filesystem::remove_all(seeds);
}

TEST(load, goes_on_where_it_was_killed)
{
    auto& cluster = postgres_cluster::get();
    const auto start = ago(seconds(3000));
    const auto history = with(shop, {"--start-time", start, "--max-iter", "20000", "--touch-interval", "50s"});
    const auto whole = cluster.fresh_database();
    must("load", whole, history);
    auto reference = connect(whole);
    const auto expected = table_digests(reference);

    for (const bool fast : {false, true})
    {
        SCOPED_TRACE(fast ? "fast" : "with keys and indexes");
        const auto at = cluster.fresh_database();
        const auto words = fast ? with(history, {"--fast-load"}) : history;
        auto link = connect(at);
        int kills = 0;
        for (int i = 0; i < 30; ++i)
        {
            const auto chunks = [&]
            {
                return one(link, "SELECT to_regclass('bazaard.control') IS NOT NULL") == "t"
                           ? std::stoi(one(link, "SELECT count(*) FROM bazaard.control WHERE kind = 'load'"))
                           : 0;
            };
            const auto before = chunks();
            auto daemon = start_bazaard("load", at, with(words, {"--progress", "off", "--workers", "2"}));
            // In the middle of chunks, and of the plan.
            const auto end = std::chrono::steady_clock::now() + seconds(30);
            while (chunks() < before + 1 + i % 4 && running(daemon) && std::chrono::steady_clock::now() < end)
                std::this_thread::sleep_for(std::chrono::milliseconds(3));
            if (!running(daemon))
                break;
            daemon.send(SIGKILL);
            static_cast<void>(daemon.wait());
            ++kills;
            if (i == 0)
            {
                // Neither is it a run yet, nor whole.
                const auto early = run_bazaard("run", at, {"--max-iter", "20001", "--progress", "off"});
                EXPECT_EQ(early.status, 78) << early.err;
                EXPECT_NE(early.err.find("is not loaded to its end"), early.err.npos) << early.err;
                const auto looked = run_bazaard("verify", at, {"tables", "--progress", "off"});
                EXPECT_EQ(looked.status, 2) << looked.out << looked.err;
                EXPECT_NE(looked.out.find("is being loaded"), looked.out.npos) << looked.out;
            }
        }
        EXPECT_GE(kills, 3);
        must("load", at, words);
        EXPECT_EQ(table_digests(link), expected);
        expect_clean(at);
        const auto again = run_bazaard("load", at, words);
        EXPECT_EQ(again.status, 0);
        EXPECT_NE(again.err.find("loaded already"), again.err.npos) << again.err;
        EXPECT_EQ(table_digests(link), expected);
    }
}

TEST(load, stops_when_asked_and_goes_on)
{
    const auto at = postgres_cluster::get().fresh_database();
    const auto words = with(shop, {"--start-time", ago(seconds(3000)), "--max-iter", "40000"});
    auto link = connect(at);
    auto daemon = start_bazaard("load", at, with(words, {"--progress", "off"}));
    const auto end = std::chrono::steady_clock::now() + seconds(60);
    while (one(link, "SELECT to_regclass('demo.events') IS NOT NULL") != "t" ||
           one(link, "SELECT EXISTS (SELECT FROM demo.events)") != "t")
        ASSERT_LT(std::chrono::steady_clock::now(), end);
    daemon.send(SIGTERM);
    const auto stopped = daemon.wait();
    EXPECT_EQ(stopped.status, 0) << stopped.err;
    EXPECT_NE(stopped.err.find("goes on with the load"), stopped.err.npos) << stopped.err;
    must("load", at, words);
    expect_clean(at);
}

TEST(load, a_run_with_history_is_live_without_a_seam)
{
    auto& cluster = postgres_cluster::get();
    for (const std::string as : {"rows", "changes"})
    {
        SCOPED_TRACE(as);
        const auto at = cluster.fresh_database();
        auto daemon = start_bazaard("run", at,
                                    with(shop, {"--history", "5m", "--history-as", as, "--progress", "off"}));
        auto link = connect(at);
        const auto live = [&]
        {
            return one(link, "SELECT to_regclass('bazaard.run') IS NOT NULL") == "t" &&
                   one(link, "SELECT coalesce(bool_or(live), false) FROM bazaard.run") == "t";
        };
        const auto end = std::chrono::steady_clock::now() + seconds(120);
        while (!live() && running(daemon))
            ASSERT_LT(std::chrono::steady_clock::now(), end);
        daemon.send(SIGTERM);
        const auto done = daemon.wait();
        EXPECT_EQ(done.status, 0) << done.err;
        EXPECT_EQ(one(link, "SELECT count(*) > 0 FROM bazaard.control WHERE kind = 'load'"), as == "rows" ? "t" : "f");
        EXPECT_EQ(one(link, "SELECT count(*) FROM bazaard.control WHERE kind = 'shift'"), "0");
        // A life that began in the history went on behind it: rows say so.
        EXPECT_EQ(one(link,
                      "SELECT count(*) > 0 FROM demo.orders o, bazaard.run r WHERE o.created_at < r.created_at AND "
                      "o.updated_at > r.created_at"),
                  "t");
        // No minute without purchases, none in the future.
        EXPECT_EQ(one(link,
                      "SELECT count(*) FROM generate_series(1, 4) AS m WHERE NOT EXISTS (SELECT FROM demo.orders o, "
                      "bazaard.run r WHERE o.created_at BETWEEN r.start + (m - 1) * interval '1 minute' AND r.start "
                      "+ m * interval '1 minute')"),
                  "0");
        EXPECT_EQ(one(link, "SELECT count(*) FROM demo.orders WHERE created_at > now()"), "0");
        expect_clean(at);
        // Started again, it goes on and loads nothing.
        const auto orders = std::stoll(one(link, "SELECT count(*) FROM demo.orders"));
        must("run", at, {"--history", "5m", "--history-as", as, "--max-iter", std::to_string(orders + 5)});
        EXPECT_EQ(std::stoll(one(link, "SELECT count(*) FROM demo.orders")), orders + 5);
        expect_clean(at);
    }
}

TEST(load, refuses_what_would_double)
{
    auto& cluster = postgres_cluster::get();
    const auto at = cluster.fresh_database();
    must("run", at, with(shop, {"--max-iter", "20", "--unpaced"}));
    const auto there = run_bazaard("load", at, {"--history", "1m"});
    EXPECT_EQ(there.status, 78) << there.err;
    EXPECT_NE(there.err.find("began without a load"), there.err.npos) << there.err;
    const auto fast = run_bazaard("load", at, {"--run", "second", "--history", "1m", "--fast-load"});
    EXPECT_EQ(fast.status, 78) << fast.err;
    EXPECT_NE(fast.err.find("--fast-load: the tables users, orders"), fast.err.npos) << fast.err;
    auto link = connect(at);
    EXPECT_EQ(one(link, "SELECT string_agg(run, ',') FROM bazaard.run"), "main");
    // Beside other runs with keys and indexes as they are.
    must("load", at, {"--run", "second", "--history", "1m", "--avg-qps", "10", "--init-num-users", "20"});
    EXPECT_EQ(run_bazaard("verify", at, {"tables", "--run", "second"}).status, 0);
    expect_clean(at);
}

TEST(load, files_have_the_same_rows)
{
    auto& cluster = postgres_cluster::get();
    const auto words = with(shop,
                            {"--start-time", ago(seconds(300)), "--max-iter", "3000", "--touch-interval", "100ms"});
    const auto loaded = cluster.fresh_database();
    must("load", loaded, words);
    auto reference = connect(loaded);
    const auto directory = std::filesystem::path(testing::TempDir()) / ("bazaard-load-" + std::to_string(getpid()));
    std::set<std::string> contents;
    for (const std::string format : {"csv", "binary"})
        for (const std::string workers : {"1", "3"})
        {
            SCOPED_TRACE(format + " " + workers);
            std::filesystem::remove_all(directory);
            must("load", {}, with(words, {"--to", directory, "--format", format, "--workers", workers}));
            std::string all;
            for (const auto* table : {"users", "orders", "order_items", "events", "products"})
            {
                std::ifstream in(directory / (std::string(table) + (format == "csv" ? ".csv" : ".bin")),
                                 std::ios::binary);
                all.append(std::istreambuf_iterator<char>(in), {});
            }
            contents.insert(all);
            const auto at = cluster.fresh_database();
            must("init", at, {});
            process psql({"/bin/sh", "-c",
                          "cd " + directory.string() + " && exec psql -X -q -v ON_ERROR_STOP=1 -h " + *at.host +
                              " -p " + *at.port + " -U " + *at.user + " -d " + *at.name + " -f load.sql"},
                         {{"PGPASSWORD", at.password.value_or("")}});
            const auto done = psql.wait(std::chrono::minutes(1));
            ASSERT_EQ(done.status, 0) << done.err;
            auto link = connect(at);
            EXPECT_EQ(table_digests(link), table_digests(reference));
            const auto verdict = run_bazaard("verify", at, {"tables", "--card", directory / "card.json"});
            EXPECT_EQ(verdict.status, 0) << verdict.out << verdict.err;
            // Not into what is there.
            const auto again = run_bazaard("load", {}, with(words, {"--to", directory}));
            EXPECT_EQ(again.status, 73) << again.err;
        }
    EXPECT_EQ(contents.size(), 2U) << "one for each form, whatever the number of workers";
    std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace bazaar::test
