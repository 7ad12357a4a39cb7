// bazaard verify tables: clean whatever moment it looks at, and every row that is not as planned is named.

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/base/id.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/postgres/store.hpp"
#include "bazaar/scenario/registry.hpp"
#include "bazaar/scenario/thelook/tables.hpp"
#include "bazaar/verify/tables.hpp"
#include "support/daemon.hpp"
#include "support/eventually.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"
#include "support/verified_tables.hpp"

namespace bazaar::test
{
namespace
{

using std::chrono::seconds;

constexpr std::array planned_tables{"users", "orders", "order_items", "events"};

/// The units of a recorded run, as `plan` prints them: an answer of its own to what stands where.
struct known_run
{
    known_run(const postgres::connection_flags& at, int units)
    {
        const auto done = run_bazaard("plan", at, {"--units", "0.." + std::to_string(units - 1), "--format", "jsonl"});
        EXPECT_EQ(done.status, 0) << done.err;
        std::istringstream lines(done.out);
        for (std::string line; std::getline(lines, line);)
            for (auto unit = json::parse(line); const auto& change : unit.at("changes"))
                versions[change.at("after").at("id").is_string() ? change.at("after").at("id").get<std::string>()
                                                                 : change.at("after").at("id").dump()]
                    .push_back({unit.at("unit"), change.at("table"), change.at("before"), change.at("after")});
    }

    struct version
    {
        std::uint64_t unit;
        std::string table;
        json before, after;
    };

    std::map<std::string, std::vector<version>> versions;  ///< By id; rows from before unit 0 begin with an update.

    /// Unit that made the last version of a row; nothing for one from before unit 0.
    [[nodiscard]] json last_unit(const std::string& id) const
    {
        const auto found = versions.find(id);
        return found == versions.end() ? json() : json(found->second.back().unit);
    }
};

/// A run of a few thousand rows, with lives complete, that tests copy and then damage.
class damaged_tables : public verify_tables
{
protected:
    static constexpr int ticks = 300;

    struct original
    {
        postgres::connection_flags database;
        int units = 0;
        std::unique_ptr<known_run> plan;
    };

    /// Made once.
    static const original& whole()
    {
        static const original made = []
        {
            original one;
            one.database = postgres_cluster::get().fresh_database();
            const auto done = run_bazaard("run", one.database,
                                          {"--seed", "21", "--max-iter", std::to_string(ticks), "--unpaced",
                                           "--init-num-users", "150", "--avg-qps", "2", "--lifecycle", "complete",
                                           "--erase-prob", "0.1", "--touch-interval", "300ms", "--progress", "off"});
            EXPECT_EQ(done.status, 0) << done.err;
            auto link = connect(one.database);
            one.units = std::stoi(test::one(link, "SELECT settled FROM bazaard.run"));
            one.plan = std::make_unique<known_run>(one.database, one.units);
            return one;
        }();
        return made;
    }

    damaged_tables() : database_(copy()), link_(connect(database_)) { free_rows(link_); }

    static postgres::connection_flags copy()
    {
        auto flags = whole().database;
        static int copies = 0;
        const auto name = "copy_" + std::to_string(++copies);
        auto maintenance = flags;
        maintenance.name = "postgres";
        auto link = connect(maintenance);
        link.exec("SET statement_timeout = '60s'");
        link.exec("CREATE DATABASE " + name + " TEMPLATE " + *flags.name);
        flags.name = name;
        return flags;
    }

    /// An id of the table, the n-th of those that a condition holds for.
    [[nodiscard]] std::string id_of(const std::string& table, int n, const std::string& condition = "true")
    {
        const auto rows = std::stoi(one(link_, "SELECT count(*) FROM demo." + table + " WHERE " + condition));
        expect(rows > 0, "there is a row of " + table + " with " + condition);
        return one(link_, "SELECT id FROM demo." + table + " WHERE " + condition + " ORDER BY id OFFSET " +
                              std::to_string(n % rows) + " LIMIT 1");
    }

    postgres::connection_flags database_;
    sql_client link_;
};

TEST_F(damaged_tables, as_they_were_are_clean)
{
    const auto found = verify(database_);
    EXPECT_EQ(found.status, 0) << found.out << found.err;
    EXPECT_EQ(found.all(), 0);
    EXPECT_EQ(found.figure("units demanded"), whole().units);
    EXPECT_EQ(std::to_string(found.figure("rows")),
              one(link_,
                  "SELECT (SELECT count(*) FROM demo.users) + (SELECT count(*) FROM demo.orders) + (SELECT count(*) "
                  "FROM demo.order_items) + (SELECT count(*) FROM demo.events) + (SELECT count(*) FROM "
                  "demo.products) + (SELECT count(*) FROM demo.dist_centers)"));
}

/// A value that no row of the column has.
std::string other_value(const std::string& type)
{
    if (type == "uuid")
        return "'00000000-0000-4000-8000-000000000001'";
    if (type.starts_with("timestamp"))
        return "timestamptz '2001-02-03 04:05:06.789Z'";
    if (type == "text")
        return "'not as it was'";
    if (type.starts_with("numeric"))
        return "123456.78";
    return "98765";
}

TEST_F(damaged_tables, tell_each_column_that_was_changed)
{
    struct change
    {
        std::string table, id, column;
    };
    std::vector<change> changes;
    int row = 0;
    for (const auto& t : scenario::thelook::tables())
    {
        if (t.kept_by == model::role::heartbeat)
            continue;
        for (std::size_t i = 0; i < t.columns.size(); ++i)
        {
            const std::string column(t.columns[i].name);
            if (i == t.key || i == t.version)
                continue;
            // The few distribution centers have a row for each of their columns, too.
            const auto id = id_of(std::string(t.name), t.name == "dist_centers" ? static_cast<int>(i) : 3 * ++row);
            link_.exec("UPDATE demo." + std::string(t.name) + " SET " + column + " = " +
                       other_value(std::string(t.columns[i].sql_type)) + " WHERE id = '" + id + "'");
            changes.push_back({std::string(t.name), id, column});
            // The same where there was something and now is nothing.
            if (t.kept_by != model::role::planned)
                continue;
            const auto emptied = id_of(std::string(t.name), 3 * row + 1,
                                       column + " <> " + other_value(std::string(t.columns[i].sql_type)));
            link_.exec("ALTER TABLE demo." + std::string(t.name) + " ALTER " + column + " DROP NOT NULL; UPDATE demo." +
                       std::string(t.name) + " SET " + column + " = NULL WHERE id = '" + emptied + "'");
            changes.push_back({std::string(t.name), emptied, column});
        }
    }
    ASSERT_GT(changes.size(), 80U);
    const auto found = verify(database_);
    EXPECT_EQ(found.status, 1) << found.err;
    EXPECT_EQ(found.count("different"), changes.size()) << found.out;
    EXPECT_EQ(found.all(), changes.size());
    for (const auto& c : changes)
    {
        const auto& all = found.report.at("examples");
        const auto told = std::find_if(all.begin(), all.end(),
                                       [&](const json& e) {
                                           return e.at("table") == c.table && e.at("key") == c.id &&
                                                  e.at("column") == c.column;
                                       });
        ASSERT_NE(told, all.end()) << c.table << ' ' << c.id << ' ' << c.column;
        EXPECT_EQ(told->at("defect"), "different");
        EXPECT_NE(told->at("expected"), told->at("found"));
        if (std::ranges::find(planned_tables, c.table) != planned_tables.end())
        {
            EXPECT_EQ(told->at("unit"), whole().plan->last_unit(c.id)) << c.table << ' ' << c.id;
        }
    }
}

TEST_F(damaged_tables, tell_rows_that_were_removed_added_and_put_back)
{
    // Removed, one of each table; the highest row of one, too.
    std::map<std::string, std::string> removed;  // id -> table
    for (const std::string table : planned_tables)
        removed[id_of(table, 20)] = table;
    removed[one(link_, "SELECT id FROM demo.orders ORDER BY id DESC LIMIT 1")] = "orders";
    for (const auto& [id, table] : removed)
        link_.exec("DELETE FROM demo." + table + " WHERE id = '" + id + "'");

    // Added: with an id of the run that no unit made, and with one of nobody.
    const id_codec ids(run_tag("main"), 21);
    std::set<std::string> extra;
    for (std::uint8_t table = 2; table < 6; ++table)
    {
        const std::string name(scenario::thelook::tables()[table].name);
        // One just behind the plan's rows, one far behind them.
        for (const std::uint64_t row : {std::uint64_t{70'000}, std::uint64_t{1} << 39})
        {
            const auto id = to_string(ids.encode({table, row, 17}));
            link_.exec("INSERT INTO demo." + name + " SELECT (jsonb_populate_record(r, jsonb_build_object('id', '" +
                       id + "'))).* FROM demo." + name + " r LIMIT 1");
            extra.insert(id);
        }
    }
    link_.exec("INSERT INTO demo.events SELECT (jsonb_populate_record(r, jsonb_build_object('id', "
               "'00000000-0000-4000-8000-000000000001'::uuid))).* FROM demo.events r LIMIT 1");

    // An older version put back; and one put back that was also changed.
    std::map<std::string, std::uint64_t> stale;
    std::string stale_and_changed;
    for (const auto& [id, versions] : whole().plan->versions)
        if (versions.size() >= 2 && !removed.contains(id) && stale.size() < 12 && versions[0].table != "users")
        {
            const auto& last = versions.back();
            link_.exec("DELETE FROM demo." + last.table + " WHERE id = '" + id + "'");
            link_.exec("INSERT INTO demo." + last.table + " SELECT (jsonb_populate_record(NULL::demo." + last.table +
                           ", $1::jsonb)).*",
                       {last.before.dump()});
            stale[id] = last.unit;
            stale_and_changed = last.table == "orders" ? id : stale_and_changed;
        }
    ASSERT_EQ(stale.size(), 12U);
    link_.exec("UPDATE demo.orders SET num_of_items = 99 WHERE id = '" + stale_and_changed + "'");

    const auto found = verify(database_);
    EXPECT_EQ(found.status, 1) << found.err;
    EXPECT_EQ(found.count("missing"), removed.size()) << found.out;
    EXPECT_EQ(found.count("extra"), extra.size()) << found.out;
    EXPECT_EQ(found.count("stale"), stale.size()) << found.out;
    EXPECT_EQ(found.count("different"), 1) << found.out;
    EXPECT_EQ(found.count("foreign edit"), 1) << found.out;
    EXPECT_EQ(found.all(), removed.size() + extra.size() + stale.size() + 2);
    for (const auto& e : found.report.at("examples"))
    {
        const auto key = e.at("key").get<std::string>();
        if (e.at("defect") == "missing")
        {
            EXPECT_EQ(removed[key], e.at("table").get<std::string>());
            const auto id = ids.decode(*parse_uuid(key));
            EXPECT_EQ(e.at("unit"), id->unit == no_unit ? json() : json(id->unit));
        }
        else if (e.at("defect") == "extra")
        {
            EXPECT_TRUE(extra.contains(key)) << e;
            EXPECT_EQ(e.at("unit"), 17);
        }
        else if (e.at("defect") == "stale")
        {
            EXPECT_EQ(stale[key], e.at("unit").get<unit_no>()) << e;
            EXPECT_EQ(e.at("column"), "updated_at");
        }
        else if (e.at("defect") == "different")
        {
            EXPECT_EQ(key, stale_and_changed);
            EXPECT_EQ(e.at("column"), "num_of_items");
        }
        else
            EXPECT_EQ(key, "00000000-0000-4000-8000-000000000001");
    }
}

TEST_F(damaged_tables, with_edits_of_somebody_else_are_not_proven)
{
    const auto user = id_of("users", 5);
    link_.exec("UPDATE demo.users SET city = 'Elsewhere', updated_at = updated_at + interval '1 s' WHERE id = '" +
               user + "'");
    const auto found = verify(database_);
    EXPECT_EQ(found.status, 2) << found.out << found.err;
    EXPECT_EQ(found.count("foreign edit"), 1);
    EXPECT_EQ(found.all(), 1);
    EXPECT_EQ(found.report.at("examples")[0].at("key"), user);
}

TEST_F(damaged_tables, tell_who_was_forgotten_and_is_known_again)
{
    const auto forgotten = std::ranges::find_if(whole().plan->versions, [](const auto& row)
                                                { return row.second.back().after.value("last_name", "") == "erased"; });
    ASSERT_NE(forgotten, whole().plan->versions.end());
    const auto& [id, versions] = *forgotten;
    const auto put_back = [&](const std::string& columns)
    {
        link_.exec("UPDATE demo.users AS u SET (" + columns + ") = (SELECT " + columns +
                       " FROM jsonb_populate_record(NULL::demo.users, $1::jsonb)) WHERE id = '" + id + "'",
                   {versions.back().before.dump()});
    };
    put_back("first_name, last_name");
    const auto named = verify(database_);
    EXPECT_EQ(named.status, 1) << named.out << named.err;
    EXPECT_EQ(named.count("different"), 2);
    EXPECT_EQ(named.all(), 2) << named.out;
    EXPECT_EQ(named.report.at("examples")[0].at("key"), id);
    EXPECT_EQ(named.report.at("examples")[0].at("expected"), "\"erased\"");
    put_back("first_name, last_name, email, age, street_address, postal_code, city, latitude, longitude, updated_at");
    const auto whole_row = verify(database_);
    EXPECT_EQ(whole_row.status, 1) << whole_row.out << whole_row.err;
    EXPECT_EQ(whole_row.count("stale"), 1);
    EXPECT_EQ(whole_row.all(), 1) << whole_row.out;
    EXPECT_EQ(whole_row.report.at("examples")[0].at("key"), id);
    EXPECT_EQ(whole_row.report.at("examples")[0].at("unit"), versions.back().unit);
}

TEST_F(damaged_tables, tell_prices_that_somebody_has_changed)
{
    const auto touched = id_of("products", 7, "updated_at IS NOT NULL");
    const std::string price = "UPDATE demo.products SET retail_price = retail_price + 1";
    link_.exec(price + " WHERE id = " + touched);
    const auto price_of_others = verify(database_);
    EXPECT_EQ(price_of_others.status, 1) << price_of_others.out << price_of_others.err;
    EXPECT_EQ(price_of_others.all(), 1);
    const auto& told = price_of_others.report.at("examples")[0];
    EXPECT_EQ(told.at("defect"), "different");
    EXPECT_EQ(told.at("key"), touched);
    EXPECT_EQ(told.at("column"), "retail_price");
    EXPECT_EQ(told.at("unit"), whole().plan->last_unit(touched));
    // The change undone, as if it had never come.
    const auto& versions = whole().plan->versions.at(touched);
    link_.exec("UPDATE demo.products SET updated_at = NULL, retail_price = " +
               versions.front().before.at("retail_price").get<std::string>() + " WHERE id = " + touched);
    const auto undone = verify(database_);
    EXPECT_EQ(undone.status, 1) << undone.out << undone.err;
    EXPECT_EQ(undone.all(), 1);
    EXPECT_EQ(undone.count("stale"), 1);
    EXPECT_EQ(undone.report.at("examples")[0].at("key"), touched);
    link_.exec("UPDATE demo.products SET updated_at = '" + versions.front().after.at("updated_at").get<std::string>() +
               "', retail_price = " + versions.front().after.at("retail_price").get<std::string>() +
               " WHERE id = " + touched);
    ASSERT_EQ(verify(database_).status, 0) << "as it was";
    // With a version of its own, and a product that nobody has planned: foreign edits.
    const auto other = id_of("products", 11, "updated_at IS NULL");
    link_.exec(price + ", updated_at = now() WHERE id = " + other);
    link_.exec("INSERT INTO demo.products SELECT (jsonb_populate_record(p, jsonb_build_object('id', 99000111, 'sku', "
               "'of another'))).* FROM demo.products p LIMIT 1");
    const auto foreign = verify(database_);
    EXPECT_EQ(foreign.status, 2) << foreign.out << foreign.err;
    EXPECT_EQ(foreign.count("foreign edit"), 2);
    EXPECT_EQ(foreign.all(), 2);
}

TEST_F(verify_tables, a_run_that_changes_prices_has_its_schema_to_itself)
{
    const auto database = postgres_cluster::get().fresh_database();
    auto link = connect(database);
    const std::vector<std::string> short_run{"--max-iter", "40", "--unpaced", "--progress", "off", "--avg-qps", "2"};
    const auto begin = [&](const std::string& name, std::vector<std::string> more)
    {
        more.insert(more.end(), short_run.begin(), short_run.end());
        more.insert(more.end(), {"--run", name});
        return run_bazaard("run", database, more);
    };
    ASSERT_EQ(begin("first", {"--touch-interval", "500ms"}).status, 0);
    const auto prices = [&]
    { return one(link, "SELECT md5(string_agg(p::text, ',' ORDER BY id)) FROM demo.products p"); };
    const auto moved = prices();
    EXPECT_GT(std::stoi(one(link, "SELECT count(updated_at) FROM demo.products")), 10);
    EXPECT_EQ(begin("first", {}).status, 0) << "it is done, and not refused";
    for (const auto& more : {std::vector<std::string>{}, std::vector<std::string>{"--touch-interval", "5s"}})
    {
        const auto refused = begin("second", more);
        EXPECT_EQ(refused.status, 78) << refused.err;
        EXPECT_NE(refused.err.find("--touch-interval 500ms"), std::string::npos) << refused.err;
        EXPECT_EQ(one(link, "SELECT count(*) FROM bazaard.run"), "1");
    }
    ASSERT_EQ(run_bazaard("reset", database, {"--run", "first", "--yes"}).status, 0);
    EXPECT_NE(prices(), moved);
    EXPECT_EQ(one(link, "SELECT count(updated_at) FROM demo.products"), "0");
    // As they were loaded: another run finds them as it wants them.
    ASSERT_EQ(begin("second", {}).status, 0);
    const auto found = verify(database, {"--run", "second"});
    EXPECT_EQ(found.status, 0) << found.out << found.err;
    const auto late = begin("third", {"--touch-interval", "5s"});
    EXPECT_EQ(late.status, 78) << late.err;
    EXPECT_EQ(begin("third", {}).status, 0);
}

TEST_F(damaged_tables, are_found_in_forty_random_ways)
{
    std::mt19937 draw(4242);
    const auto pick = [&](int n) { return static_cast<int>(draw() % static_cast<unsigned>(n)); };
    for (int round = 0; round < 44; ++round)
    {
        const std::string table = planned_tables[static_cast<std::size_t>(pick(4))];
        const int rows = std::stoi(one(link_, "SELECT count(*) FROM demo." + table));
        const auto id = id_of(table, pick(rows));
        const auto& t = *std::ranges::find(scenario::thelook::tables(), table, &model::table::name);
        link_.exec("CREATE TABLE public.kept AS SELECT * FROM demo." + table + " WHERE id = '" + id + "'");
        std::string defect, column;
        switch (round % 3)
        {
        case 0:
            link_.exec("DELETE FROM demo." + table + " WHERE id = '" + id + "'");
            defect = "missing";
            break;
        case 1:
        {
            std::size_t number = 0;
            do
                number = static_cast<std::size_t>(pick(static_cast<int>(t.columns.size())));
            while (number == t.key || number == t.version);
            column = t.columns[number].name;
            link_.exec("UPDATE demo." + table + " SET " + column + " = " +
                       other_value(std::string(t.columns[number].sql_type)) + " WHERE id = '" + id + "'");
            defect = "different";
            break;
        }
        default:
            // Two rows under one id, as a sink without a key may make them.
            link_.exec("ALTER TABLE demo." + table + " DROP CONSTRAINT IF EXISTS " + table +
                       "_pkey; INSERT INTO demo." + table + " SELECT * FROM public.kept");
            defect = "extra";
        }
        const auto found = verify(database_);
        EXPECT_EQ(found.status, 1) << round << ' ' << table << ' ' << id << ' ' << column << found.out << found.err;
        EXPECT_EQ(found.all(), 1) << found.out;
        const auto& e = found.report.at("examples").at(0);
        EXPECT_EQ(e.at("defect"), defect);
        EXPECT_EQ(e.at("table"), table);
        EXPECT_EQ(e.at("key"), id);
        EXPECT_EQ(e.value("column", ""), column);
        link_.exec("DELETE FROM demo." + table + " WHERE id = '" + id + "'; INSERT INTO demo." + table +
                   " SELECT * FROM public.kept; DROP TABLE public.kept");
        if (HasFailure())
            return;
    }
    EXPECT_EQ(verify(database_).status, 0) << "all is as it was";
}

TEST_F(damaged_tables, of_other_form_are_told_or_cast)
{
    // A sink's own types and columns: the values are the same.
    link_.exec(
        "ALTER TABLE demo.events ALTER id TYPE text, ALTER user_id TYPE text, ALTER sequence_number TYPE bigint, "
        "ADD loaded_at timestamptz DEFAULT now(); ALTER TABLE demo.order_items ALTER sale_price TYPE numeric, ALTER "
        "created_at TYPE timestamp; ALTER TABLE demo.orders ALTER status TYPE varchar(40)");
    const auto same = verify(database_);
    EXPECT_EQ(same.status, 0) << same.out << same.err;
    link_.exec("UPDATE demo.events SET sequence_number = 7777 WHERE id = (SELECT max(id) FROM demo.events)");
    const auto changed = verify(database_);
    EXPECT_EQ(changed.status, 1);
    EXPECT_EQ(changed.all(), 1) << changed.out;
    // A column less: the rest is compared.
    link_.exec("ALTER TABLE demo.events DROP sequence_number; ALTER TABLE demo.users DROP updated_at");
    const auto less = verify(database_);
    EXPECT_EQ(less.status, 2) << less.out << less.err;
    EXPECT_EQ(less.report.at("not_proven"),
              json::array({"demo.users has no column updated_at", "demo.events has no column sequence_number"}));
    link_.exec("UPDATE demo.users SET age = 77 WHERE id = (SELECT id FROM demo.users ORDER BY id LIMIT 1)");
    EXPECT_EQ(verify(database_).count("different"), 1);
    // Values that no type of the plan takes, no key, no table.
    link_.exec("ALTER TABLE demo.order_items ALTER quantity TYPE text; UPDATE demo.order_items SET quantity = 'many'");
    const auto uncastable = verify(database_);
    EXPECT_EQ(uncastable.status, 1) << uncastable.err;
    EXPECT_EQ(std::to_string(uncastable.count("different") - 1), one(link_, "SELECT count(*) FROM demo.order_items"));
    EXPECT_NE(uncastable.out.find("values that are no integer and count as NULL, one of them: many"), std::string::npos)
        << uncastable.out;
    link_.exec("ALTER TABLE demo.order_items RENAME id TO ident; DROP TABLE demo.events");
    const auto gone = verify(database_);
    EXPECT_EQ(gone.status, 78) << gone.out;
    EXPECT_NE(gone.err.find("demo.events"), std::string::npos) << gone.err;
    EXPECT_NE(gone.err.find("demo.order_items"), std::string::npos) << gone.err;
}

TEST_F(verify_tables, is_clean_at_any_moment_of_a_run_and_after_its_death)
{
    const auto database = postgres_cluster::get().fresh_database();
    auto daemon = start_bazaard("run", database,
                                {"--seed", "31", "--unpaced", "--max-iter", "1000000", "--init-num-users", "500",
                                 "--lifecycle", "complete", "--erase-prob", "0.05", "--touch-interval", "100ms",
                                 "--workers", "8", "--progress", "off"});
    auto link = connect(database);
    ASSERT_TRUE(eventually(
        [&]
        {
            return one(link, "SELECT to_regclass('demo.orders') IS NOT NULL") == "t" &&
                   one(link, "SELECT count(*) > 50 FROM demo.orders") == "t";
        }));
    int first = 0, last = 0, above = 0;
    for (int look = 0; look < 20; ++look)
    {
        const auto found = verify(database);
        ASSERT_EQ(found.status, 0) << look << ": " << found.out << found.err;
        last = found.figure("highest unit seen");
        first = look == 0 ? last : first;
        above = std::max(above, found.figure("units above them that are there"));
    }
    EXPECT_GT(last, first + 100) << "the run went on meanwhile";
    EXPECT_GT(above, 0) << "it was seen in the middle of units";
    // No mark follows the units any more: above it, there will be something to tear.
    auto holder = connect(database);
    holder.exec("BEGIN");
    holder.exec("SELECT FROM bazaard.run FOR UPDATE");
    const auto marked = std::stoll(one(link, "SELECT count(*) FROM demo.orders"));
    ASSERT_TRUE(eventually([&] { return std::stoll(one(link, "SELECT count(*) FROM demo.orders")) > marked + 20; }));
    daemon.send(SIGKILL);
    static_cast<void>(daemon.wait());
    holder.exec("ROLLBACK");
    ASSERT_TRUE(eventually(
        [&]
        {
            return one(link, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE "
                             "'bazaard/main/%'") == "0";
        }));
    const auto dead = verify(database);
    ASSERT_EQ(dead.status, 0) << dead.out << dead.err;

    // Half of a unit above the mark goes: it is torn, whichever half.
    free_rows(link);
    const id_codec ids(run_tag("main"), 31);
    const auto demanded = static_cast<unit_no>(dead.figure("units demanded"));
    const auto highest = static_cast<unit_no>(dead.figure("highest unit seen"));
    ASSERT_GT(highest, demanded + 5);
    std::map<unit_no, std::vector<std::string>> items;
    const auto all = link.exec("SELECT id FROM demo.order_items ORDER BY id DESC LIMIT 3000");
    for (int i = 0; i < all.rows(); ++i)
        if (const auto id = ids.decode(*parse_uuid(all.get(i, 0))); id && id->unit >= demanded)
            items[id->unit].emplace_back(all.get(i, 0));
    ASSERT_GT(items.size(), 3U);
    const auto& [unit, rows] = *std::next(items.begin(), static_cast<std::ptrdiff_t>(items.size() / 2));
    for (const auto& id : rows)
        link.exec("DELETE FROM demo.order_items WHERE id = '" + id + "'");
    const auto torn = verify(database);
    EXPECT_EQ(torn.status, 1) << torn.out << torn.err;
    std::set<std::string> told;
    for (const auto& e : torn.report.at("examples"))
        if (e.at("defect") == "torn" && e.at("unit") == unit)
            told.insert(e.at("key"));
    EXPECT_EQ(told, std::set<std::string>(rows.begin(), rows.end())) << torn.out;
}

TEST_F(verify_tables, knows_the_runs_of_a_schema_apart)
{
    const auto database = postgres_cluster::get().fresh_database();
    run(database, {"--seed", "1", "--max-iter", "60", "--init-num-users", "50"});
    run(database, {"--run", "second", "--seed", "2", "--max-iter", "80", "--init-num-users", "50"});
    for (const char* name : {"main", "second"})
    {
        const auto found = verify(database, {"--run", name});
        EXPECT_EQ(found.status, 0) << found.out << found.err;
        EXPECT_GT(found.figure("rows of other runs"), 100);
    }
    auto link = connect(database);
    free_rows(link);
    // A row of the other run is not this one's matter.
    const id_codec second(run_tag("second"), 2);
    link.exec("DELETE FROM demo.users WHERE id = '" + to_string(second.encode({2, 3, no_unit})) + "'");
    EXPECT_EQ(verify(database).status, 0);
    EXPECT_EQ(verify(database, {"--run", "second"}).count("missing"), 1);
    const auto none = verify(database, {"--run", "third"});
    EXPECT_EQ(none.status, 78);
    EXPECT_NE(none.err.find("there is no run third in schema demo"), std::string::npos) << none.err;
}

TEST_F(verify_tables, leaves_out_units_that_were_refused)
{
    const auto database = postgres_cluster::get().fresh_database();
    const std::vector<std::string> plain{"--seed", "8", "--init-num-users", "50", "--lifecycle", "complete"};
    auto begin = plain;
    begin.insert(begin.end(), {"--max-iter", "50"});
    run(database, begin);
    auto link = connect(database);
    const auto settled = one(link, "SELECT settled FROM bazaard.run");
    // The next purchases are of orders with ascending numbers: one of them is not wanted.
    const auto next = run_bazaard(
        "plan", database, {"--units", settled + ".." + std::to_string(std::stoi(settled) + 60), "--format", "jsonl"});
    std::string order;
    std::istringstream lines(next.out);
    for (std::string line; order.empty() && std::getline(lines, line);)
        if (const auto unit = json::parse(line); unit.at("kind") == "purchase")
            order = unit.at("changes")[0].at("after").at("id");
    ASSERT_FALSE(order.empty());
    link.exec("ALTER TABLE demo.orders ADD CONSTRAINT unwanted CHECK (id <> '" + order + "')");
    run(database, {"--max-iter", "150"});
    ASSERT_NE(one(link, "SELECT count(*) FROM bazaard.control WHERE kind = 'reject'"), "0");
    const auto found = verify(database);
    EXPECT_EQ(found.status, 0) << found.out << found.err;
    // Without the entries the order is missed.
    link.exec("DELETE FROM bazaard.control WHERE kind = 'reject'");
    const auto missed = verify(database);
    EXPECT_EQ(missed.status, 1);
    EXPECT_NE(missed.out.find("missing: orders " + order), std::string::npos) << missed.out;
}

/// Tables of one database that another one fills by logical replication.
class replica : public verify_tables
{
protected:
    replica() : link_(connect(source_)), to_(connect(target_))
    {
        EXPECT_EQ(run_bazaard("init", source_, {}).status, 0);
        EXPECT_EQ(run_bazaard("init", target_, {}).status, 0);
        to_.exec("DROP SCHEMA bazaard CASCADE");
        link_.exec("CREATE PUBLICATION shop FOR TABLE demo.users, demo.orders, demo.order_items, demo.events");
        static_cast<void>(link_.exec("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", {slot()}));
        to_.exec("CREATE SUBSCRIPTION " + slot() + " CONNECTION '" + url_of(source_) +
                 "' PUBLICATION shop WITH (create_slot = false, copy_data = false)");
    }
    ~replica() override
    {
        try
        {
            to_.exec("DROP SUBSCRIPTION IF EXISTS " + slot());
        }
        catch (const sql_failure& problem)
        {
            ADD_FAILURE() << problem.what();
        }
    }

    [[nodiscard]] std::string slot() const { return "from_" + *source_.name; }

    [[nodiscard]] outcome compare(std::vector<std::string> more = {})
    {
        more.insert(more.end(), {"--source-url", url_of(source_)});
        return verify(target_, more);
    }

    [[nodiscard]] bool caught_up()
    {
        return eventually(
            [&]
            {
                return one(link_, "SELECT confirmed_flush_lsn >= pg_current_wal_lsn() FROM pg_replication_slots WHERE "
                                  "slot_name = '" +
                                      slot() + "'") == "t" ||
                       one(link_, "SELECT count(*) FROM demo.events") == one(to_, "SELECT count(*) FROM demo.events");
            });
    }

    postgres::connection_flags source_ = postgres_cluster::get().fresh_database();
    postgres::connection_flags target_ = postgres_cluster::get().fresh_database();
    sql_client link_, to_;
};

TEST_F(replica, is_compared_with_the_run_of_its_source)
{
    auto daemon = start_bazaard(
        "run", source_,
        {"--seed", "5", "--max-iter", "800", "--unpaced", "--init-num-users", "200", "--progress", "off"});
    ASSERT_TRUE(eventually([&] { return one(to_, "SELECT count(*) > 20 FROM demo.orders") == "t"; }));
    for (int look = 0; look < 5; ++look)
    {
        const auto found = compare();
        // What has not come yet is not proven; nothing is wrong.
        EXPECT_TRUE(found.status == 0 || found.status == 2) << found.out << found.err;
        EXPECT_EQ(found.all(), 0) << found.out;
    }
    ASSERT_EQ(daemon.wait(seconds(100)).status, 0);
    ASSERT_TRUE(caught_up());
    const auto end = compare();
    EXPECT_EQ(end.status, 0) << end.out << end.err;
    const auto alone = verify(target_);
    EXPECT_EQ(alone.status, 78);
    EXPECT_NE(alone.err.find("--source-url"), std::string::npos) << alone.err;

    // What is lost on the way is told, also when it is the newest.
    free_rows(to_);
    to_.exec("DELETE FROM demo.events WHERE id = (SELECT id FROM demo.events ORDER BY id OFFSET 10 LIMIT 1)");
    const auto lost = compare();
    EXPECT_EQ(lost.status, 1);
    EXPECT_EQ(lost.count("missing"), 1) << lost.out;

    // Stopped: the newest units are not here.
    to_.exec("ALTER SUBSCRIPTION " + slot() + " DISABLE");
    run(source_, {"--max-iter", "900"});
    to_.exec("INSERT INTO demo.events SELECT * FROM demo.events WHERE false");
    const auto behind = compare();
    EXPECT_EQ(behind.status, 1);
    EXPECT_NE(behind.out.find("which the source had settled, are not here yet"), std::string::npos) << behind.out;
    to_.exec("ALTER SUBSCRIPTION " + slot() + " ENABLE");
}

TEST_F(verify_tables, takes_a_card_for_what_it_tells)
{
    const auto database = postgres_cluster::get().fresh_database();
    run(database, {"--seed", "6", "--max-iter", "200", "--init-num-users", "80", "--lifecycle", "complete"});
    const auto text = run_bazaard("card", database, {}).out;
    const auto card = file("card.json", text);
    auto link = connect(database);
    link.exec("DROP SCHEMA bazaard CASCADE");
    const auto whole = verify(database, {"--card", card});
    EXPECT_EQ(whole.status, 0) << whole.out << whole.err;

    // The run goes on: what is behind the card is not proven, what is before it is.
    const auto later = postgres_cluster::get().fresh_database();
    EXPECT_EQ(run_bazaard("run", later, {"--card", card, "--unpaced", "--max-iter", "350"}).status, 0);
    const auto behind = verify(later, {"--card", card});
    EXPECT_EQ(behind.status, 2) << behind.out << behind.err;
    EXPECT_EQ(behind.all(), 0) << behind.out;
    EXPECT_NE(behind.out.find("where the card ends"), std::string::npos) << behind.out;
    EXPECT_EQ(verify(later).status, 0) << "with its own run row it is";
    auto more = connect(later);
    free_rows(more);
    more.exec("UPDATE demo.events SET city = 'Nowhere' WHERE id = (SELECT id FROM demo.events ORDER BY id LIMIT 1)");
    const auto changed = verify(later, {"--card", card});
    EXPECT_EQ(changed.status, 1);
    EXPECT_EQ(changed.all(), 1) << changed.out;
    EXPECT_EQ(verify(database, {"--card", card, "--up-to", "150"}).status, 0);

    // Cards of others.
    const auto with = [&](const std::string& what, const std::string& by)
    {
        auto other = text;
        const auto place = other.find(what);
        EXPECT_NE(place, other.npos) << what;
        return file("other.json", other.replace(place, what.size(), by));
    };
    const auto seed = verify(database, {"--card", with("\"seed\": \"6\"", "\"seed\": \"7\"")});
    EXPECT_EQ(seed.status, 78) << seed.out;
    EXPECT_NE(seed.err.find("another seed"), std::string::npos) << seed.err;
    const auto known = verify(later, {"--card", with("\"seed\": \"6\"", "\"seed\": \"7\"")});
    EXPECT_EQ(known.status, 78) << known.out;
    const auto version = verify(database, {"--card", with("\"scenario_version\": ", "\"scenario_version\": 9")});
    EXPECT_EQ(version.status, 78) << version.out;
    EXPECT_NE(version.err.find("version"), std::string::npos) << version.err;
    EXPECT_EQ(verify(database, {"--card", file("short.json", text.substr(0, text.size() / 2))}).status, 65);
    EXPECT_EQ(verify(database, {"--card", directory_ + "/none"}).status, 66);
    EXPECT_EQ(verify(database, {"--card", card, "--up-to", "100000"}).status, 64);
    EXPECT_EQ(verify(database, {"--card", card, "--source-url", url_of(later)}).status, 64);
}

TEST_F(verify_tables, up_to_a_unit_takes_tables_that_fill_one_by_one)
{
    const auto source = postgres_cluster::get().fresh_database();
    const auto sink = postgres_cluster::get().fresh_database();
    run(source, {"--seed", "9", "--max-iter", "300", "--init-num-users", "80", "--lifecycle", "complete"});
    auto from = connect(source);
    auto to = connect(sink);
    ASSERT_EQ(run_bazaard("init", sink, {}).status, 0);
    free_rows(to);
    const auto copy = [&](const std::string& table)
    {
        const auto rows = from.exec("SELECT coalesce(jsonb_agg(t), '[]') FROM demo." + table + " t");
        to.exec("INSERT INTO demo." + table + " SELECT * FROM jsonb_populate_recordset(NULL::demo." + table +
                    ", $1::jsonb)",
                {rows.get(0, 0)});
    };
    copy("users");
    copy("order_items");
    const auto early = one(from, "SELECT settled FROM bazaard.run");
    run(source, {"--max-iter", "600"});
    copy("orders");
    copy("events");
    const auto found = verify(sink, {"--source-url", url_of(source), "--up-to", early});
    EXPECT_EQ(found.status, 0) << found.out << found.err;
    EXPECT_EQ(verify(sink, {"--source-url", url_of(source)}).status, 1) << "negative control";
    to.exec("DELETE FROM demo.orders WHERE id = (SELECT id FROM demo.orders ORDER BY id OFFSET 100 LIMIT 1); UPDATE "
            "demo.orders SET num_of_items = 55 WHERE id = (SELECT id FROM demo.orders ORDER BY id DESC LIMIT 1)");
    const auto damaged = verify(sink, {"--source-url", url_of(source), "--up-to", early});
    EXPECT_EQ(damaged.status, 1);
    EXPECT_EQ(damaged.count("missing"), 1) << damaged.out;
    EXPECT_EQ(damaged.count("different"), 1) << damaged.out;
    EXPECT_EQ(damaged.all(), 2) << damaged.out;
}

TEST_F(verify_tables, ends_when_asked_to_and_goes_on_when_asked_to)
{
    const auto database = postgres_cluster::get().fresh_database();
    run(database, {"--seed", "10", "--max-iter", "50", "--init-num-users", "50"});
    auto link = connect(database);
    {
        // Somebody keeps a table: it waits, and Ctrl-C ends the waiting.
        link.exec("BEGIN; LOCK demo.events");
        auto waiting = start_bazaard("verify", database, {"tables", "--progress", "off"});
        auto look = connect(database);
        ASSERT_TRUE(eventually([&] { return one(look, "SELECT count(*) FROM pg_locks WHERE NOT granted") != "0"; }));
        waiting.send(SIGINT);
        const auto done = waiting.wait();
        EXPECT_EQ(done.status, 2) << done.err;
        EXPECT_NE(done.out.find("partial"), std::string::npos) << done.out;
        link.exec("ROLLBACK");
    }
    const auto comparing = [&]
    {
        return one(link,
                   "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = "
                   "'bazaard/main' AND pid <> pg_backend_pid()") != "0";
    };
    // The one before may still be on its way out.
    ASSERT_TRUE(eventually([&] { return !comparing(); }));
    {
        auto following = start_bazaard("verify", database, {"tables", "--follow", "--progress", "off"});
        ASSERT_TRUE(eventually(comparing));
        ASSERT_TRUE(eventually([&] { return !comparing(); }));
        following.send(SIGINT);
        const auto done = following.wait();
        EXPECT_EQ(done.status, 0) << done.out << done.err;
        EXPECT_NE(done.out.find("comparisons 1"), std::string::npos) << done.out;
    }
    ASSERT_TRUE(eventually([&] { return !comparing(); }));
    auto following = start_bazaard("verify", database, {"tables", "--follow", "--progress", "off"});
    ASSERT_TRUE(eventually(comparing));
    ASSERT_TRUE(eventually([&] { return !comparing(); }));
    free_rows(link);
    link.exec("DELETE FROM demo.users WHERE id = (SELECT id FROM demo.users ORDER BY id LIMIT 1)");
    const auto done = following.wait();
    EXPECT_EQ(done.status, 1) << done.out << done.err;
    EXPECT_NE(done.out.find("missing: users"), std::string::npos) << done.out;
    EXPECT_EQ(run_bazaard("verify", database, {"tables", "--report", "/nowhere/report"}).status, 73);
    EXPECT_EQ(run_bazaard("verify", database, {}).status, 64);
}

TEST_F(verify_tables, follow_waits_for_a_run_that_is_yet_to_come)
{
    const auto database = postgres_cluster::get().fresh_database();
    // Without it there is no waiting.
    EXPECT_EQ(run_bazaard("verify", database, {"tables"}).status, 78);
    const auto path = file("followed.json", "of last time");
    const std::vector<std::string> words{"tables",   "--follow", "--interval", "1s",
                                         "--report", path,       "--progress", "off"};
    {
        auto waiting = start_bazaard("verify", database, words);
        ASSERT_TRUE(waiting.says("waiting: there is no run main"));
        EXPECT_EQ(std::filesystem::file_size(path), 0U);
        waiting.send(SIGINT);
        const auto done = waiting.wait();
        EXPECT_EQ(done.status, 2) << done.err;
        EXPECT_NE(done.out.find("partial"), std::string::npos) << done.out;
    }
    auto following = start_bazaard("verify", database, words);
    ASSERT_TRUE(following.says("waiting: there is no run main"));
    run(database, {"--seed", "10", "--max-iter", "50", "--init-num-users", "50"});
    ASSERT_TRUE(following.says("clean: "));
    std::ifstream in(path);
    EXPECT_EQ(json::parse(in).at("verdict"), "clean");
    following.send(SIGINT);
    const auto done = following.wait();
    EXPECT_EQ(done.status, 0) << done.out << done.err;
    const auto first = done.err.find("waiting: ");
    EXPECT_EQ(done.err.find("waiting: ", first + 1), std::string::npos) << done.err;
}

TEST_F(damaged_tables, a_stop_before_blocks_are_looked_into_tells_that_they_differ)
{
    link_.exec("DELETE FROM demo.events WHERE id = (SELECT id FROM demo.events ORDER BY id LIMIT 1)");
    const auto fields = [](const run::record&) { return scenario::default_entry().fields; };
    postgres::session session(postgres::resolve(database_));
    const auto recorded = postgres::load(session, "demo", "main", fields);
    ASSERT_TRUE(recorded);
    const auto made = bazaar::daemon::make_stage(*recorded, "");
    for (const bool stops : {true, false})
    {
        std::stop_source stop;
        bazaar::verify::tables_request with{.shop = *made.shop, .recorded = *recorded};
        with.demanded = with.sent_below = recorded->settled;
        with.stop = stop.get_token();
        with.progress = [&](const bazaar::verify::tables_progress& at)
        {
            if (stops && at.step == "looking into blocks that differ")
                stop.request_stop();
        };
        bazaar::verify::report out;
        bazaar::verify::compare_tables(session, with, out);
        const auto text = out.text();
        EXPECT_EQ(text.find("sums of blocks of 4096 rows differ, and it was ended before it looked why: 1 of events") !=
                      text.npos,
                  stops)
            << text;
        EXPECT_EQ(out.judge(), stops ? bazaar::verify::verdict::not_proven : bazaar::verify::verdict::mismatch);
    }
}

}  // namespace
}  // namespace bazaar::test
