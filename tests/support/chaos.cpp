#include "support/chaos.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/random.hpp"
#include "bazaar/base/time.hpp"
#include "support/change_stream.hpp"
#include "support/daemon.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

using namespace std::chrono_literals;

/// What the summary says of rows and states, against the tables.
std::vector<std::string> summary_faults(const std::string& out, sql_client& on)
{
    std::vector<std::string> faults;
    const auto compare = [&](std::string_view head, std::string_view end, const auto& query)
    {
        const auto at = out.find(head);
        if (at == out.npos)
        {
            faults.push_back("the summary has no " + std::string(head));
            return;
        }
        std::istringstream words(out.substr(at + head.size()));
        for (std::string name, number; words >> name >> number && name != end;)
        {
            std::erase(number, ',');
            if (const auto there = one(on, query(name)); there != number)
                faults.push_back(fmt::format("the summary says {} {}, the tables say {}", name, number, there));
        }
    };
    compare("rows ", "states", [](const auto& table) { return "SELECT count(*) FROM demo." + table; });
    compare("states ", "lag",
            [](const auto& state) { return "SELECT count(*) FROM demo.orders WHERE status = '" + state + "'"; });
    return faults;
}

std::string lines(const std::vector<std::string>& texts)
{
    std::string all;
    for (const auto& text : texts)
        all += text + '\n';
    return all;
}

}  // namespace

bool long_form()
{
    const char* const asked = std::getenv("BAZAARD_CHAOS_LONG");
    return asked != nullptr && std::string_view(asked) == "1";
}

std::vector<std::uint64_t> chaos_seeds()
{
    if (const char* const only = std::getenv("BAZAARD_CHAOS_SEED"); only != nullptr && *only != '\0')
        return {std::strtoull(only, nullptr, 10)};
    std::vector<std::uint64_t> seeds(long_form() ? 20 : 1);
    std::iota(seeds.begin(), seeds.end(), 1);
    return seeds;
}

// ---- chaos_plan

std::string chaos_plan::now()
{
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return to_string(time{std::chrono::duration_cast<microseconds>(now).count()});
}

std::vector<std::string> chaos_plan::disturbed() const
{
    std::vector<std::string> words{
        "--seed",     std::to_string(seed), "--run", run, "--start-time", start, "--avg-qps", fmt::format("{}", qps),
        "--max-iter", std::to_string(ticks)};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"--max-lag", "1h"});
    return words;
}

std::vector<std::string> chaos_plan::undisturbed() const
{
    auto words = disturbed();
    words.emplace_back("--unpaced");
    return words;
}

void prepare_shop(const postgres::connection_flags& database)
{
    const auto made = run_bazaard("init", database, {});
    if (made.status != 0)
        throw std::runtime_error("init failed: " + made.err);
    sql_client link(database);
    tap_stream(link);
}

// ---- Comparison

namespace
{

/// The disturbed side of a comparison.
comparison look_at(const postgres::connection_flags& disturbed)
{
    comparison found;
    sql_client link(disturbed);
    found.disturbed = table_digests(link);
    found.broken = broken_invariants(link);
    found.shifts = std::stoll(one(link, "SELECT count(*) FROM bazaard.control"));
    if (one(link, "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'tap' AND database = "
                  "current_database()") == "1")
    {
        const auto changes = read_slot(link);
        found.stream = stream_faults(changes);
        for (const char* table : {"users", "orders", "order_items", "events"})
        {
            const auto inserts = std::count_if(changes.begin(), changes.end(),
                                               [&](const auto& c) { return c.table == table && c.op == "INSERT"; });
            const auto there = one(link, std::string("SELECT count(*) FROM demo.") + table);
            if (std::to_string(inserts) != there)
                found.stream.push_back(
                    fmt::format("{} rows of {} in the stream, {} in the table", inserts, table, there));
        }
    }
    return found;
}

/// Tables of a run that nobody disturbs.
std::string calm_digests(const std::vector<std::string>& arguments)
{
    const auto calm = postgres_cluster::get().fresh_database();
    if (const auto done = run_bazaard("run", calm, arguments); done.status != 0)
        throw std::runtime_error("the undisturbed run failed: " + done.err);
    sql_client link(calm);
    return table_digests(link);
}

}  // namespace

comparison compare(const chaos_plan& plan, const postgres::connection_flags& disturbed)
{
    auto found = look_at(disturbed);
    found.undisturbed = calm_digests(plan.undisturbed());
    return found;
}

comparison compare_with_card(const postgres::connection_flags& disturbed, std::int64_t ticks, const std::string& run)
{
    auto found = look_at(disturbed);
    const auto card = run_bazaard("card", disturbed, {"--run", run});
    if (card.status != 0)
        throw std::runtime_error("no card: " + card.err);
    const temporary_file file(card.out);
    found.undisturbed = calm_digests({"--card", file.path(), "--unpaced", "--max-iter", std::to_string(ticks)});
    return found;
}

void expect_exactly_once(const chaos_plan& plan, const postgres::connection_flags& disturbed)
{
    const auto found = compare(plan, disturbed);
    EXPECT_EQ(found.shifts, 0) << "the rows cannot be compared: business time was shifted; seed " << plan.seed;
    EXPECT_EQ(found.disturbed, found.undisturbed) << "tables with and without the fault; seed " << plan.seed;
    EXPECT_EQ(found.broken, "") << "invariants; seed " << plan.seed;
    EXPECT_EQ(lines(found.stream), "") << "change stream; seed " << plan.seed;
}

void expect_as_its_card(const postgres::connection_flags& disturbed, std::int64_t ticks, const std::string& run)
{
    const auto found = compare_with_card(disturbed, ticks, run);
    EXPECT_GT(found.shifts, 0) << "without entries expect_exactly_once() says more";
    EXPECT_EQ(found.disturbed, found.undisturbed) << "tables with the fault, and of the card";
    EXPECT_EQ(found.broken, "") << "invariants";
    EXPECT_EQ(lines(found.stream), "") << "change stream";
}

int rewrite_functions(sql_client& on, std::string_view kind, std::string_view pattern, std::string_view text)
{
    const auto found = on.exec(
        "SELECT pg_get_functiondef(p.oid), regexp_replace(pg_get_functiondef(p.oid), $2, $3, 'g') FROM pg_proc AS p "
        "WHERE p.pronamespace = 'bazaard'::regnamespace AND starts_with(p.proname, $1)",
        {kind, pattern, text});
    int changed = 0;
    for (int row = 0; row < found.rows(); ++row)
    {
        if (found.get(row, 0) == found.get(row, 1))
            continue;
        on.exec(found.get(row, 1));
        ++changed;
    }
    return changed;
}

void expect_clean_end(const chaos_plan& plan, const postgres::connection_flags& disturbed, const finished& daemon)
{
    EXPECT_EQ(daemon.status, 0);
    {
        sql_client link(disturbed);
        EXPECT_EQ(one(link, "SELECT clean FROM bazaard.run WHERE run = '" + plan.run + "'"), "t")
            << "the run was not left cleanly";
        EXPECT_EQ(one(link, "SELECT count(*) FROM pg_prepared_xacts"), "0");
        EXPECT_EQ(lines(summary_faults(daemon.out, link)), "");
    }
    expect_exactly_once(plan, disturbed);
    if (testing::Test::HasFailure())
        std::printf("the daemon said:\n%s%s\n", daemon.err.c_str(), daemon.out.c_str());
}

// ---- Looking on

std::int64_t orders_in(const postgres_server& server, const postgres::connection_flags& database)
{
    try
    {
        auto link = server.superuser(*database.name);
        if (one(link, "SELECT to_regclass('demo.orders') IS NOT NULL") != "t")
            return 0;
        return std::stoll(one(link, "SELECT count(*) FROM demo.orders"));
    }
    catch (const sql_failure&)
    {
        return -1;
    }
}

bool wait_for_orders(const postgres_server& server, const postgres::connection_flags& database, std::int64_t number,
                     std::chrono::seconds limit)
{
    const auto end = std::chrono::steady_clock::now() + limit;
    while (orders_in(server, database) < number)
    {
        if (std::chrono::steady_clock::now() >= end)
            return false;
        std::this_thread::sleep_for(20ms);
    }
    return true;
}

void expect_progress(const postgres_server& server, const postgres::connection_flags& database,
                     std::chrono::seconds limit)
{
    const auto before = orders_in(server, database);
    ASSERT_GE(before, 0) << "the server does not answer";
    EXPECT_TRUE(wait_for_orders(server, database, before + 5, limit)) << "no progress after the fault";
}

// ---- Results

void record_result(std::string_view fault, std::string_view test, std::string_view outcome, double seconds,
                   const std::vector<std::pair<std::string, double>>& measured)
{
    const char* const path = std::getenv("BAZAARD_CHAOS_RESULTS");
    if (path == nullptr || *path == '\0')
        return;
    std::string more;
    for (const auto& [name, value] : measured)
        more += fmt::format(R"(,"{}":{:.3f})", name, value);
    std::ofstream(path, std::ios::app) << fmt::format(
        R"({{"fault":"{}","test":"{}","outcome":"{}","seconds":{:.1f}{}}})"
        "\n",
        fault, test, outcome, seconds, more);
}

chaos_test::chaos_test() : begin_(std::chrono::steady_clock::now())
{
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed()));
}

void chaos_test::TearDown()
{
    const auto& info = *testing::UnitTest::GetInstance()->current_test_info();
    const std::string_view name = info.name();
    const auto end = name.find_first_not_of("0123456789", 1);
    record_result(name.substr(0, end), std::string(info.test_suite_name()) + "." + info.name(),
                  HasFailure()  ? "failed"
                  : IsSkipped() ? "skipped"
                                : "passed",
                  std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(), measured_);
}

void chaos_test::measured(const std::string& name, double value)
{
    std::printf("%s: %.3f\n", name.c_str(), value);
    measured_.emplace_back(name, value);
}

std::uint64_t chaos_test::draw(std::uint64_t bound)
{
    return mix(mix(seed()) + ++draws_) % bound;
}

}  // namespace bazaar::test
