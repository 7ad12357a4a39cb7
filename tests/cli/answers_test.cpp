// bazaard answers: its changes are those of `plan`, its rows those of a real run's tables, also as PostgreSQL reads its CSV.

#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/process.hpp"
#include "support/daemon.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

using nlohmann::json;
using words = std::vector<std::string>;

const words all_tables{"dist_centers", "products", "users", "orders", "order_items", "events"};

std::vector<json> parsed(const std::string& lines)
{
    std::vector<json> made;
    std::istringstream in(lines);
    for (std::string line; std::getline(in, line);)
        made.push_back(json::parse(line));
    return made;
}

/// Lines that `answers --as changes` should print, made of those of `plan`.
std::vector<json> changes_of(const std::vector<json>& units, const std::string& table = "")
{
    std::vector<json> made;
    for (const auto& unit : units)
        for (const auto& change : unit["changes"])
            if (table.empty() || change["table"] == table)
            {
                auto line = change;
                for (const char* name : {"unit", "tick", "kind", "at"})
                    line[name] = unit[name];
                line["key"] = (change["after"].is_null() ? change["before"] : change["after"])["id"];
                made.push_back(std::move(line));
            }
    return made;
}

/// A run that has ended, with orders that have moved on and users who have moved house.
class answers : public testing::Test
{
protected:
    void SetUp() override
    {
        const auto left = run_bazaard("run", database_,
                                      {"--seed", "42", "--unpaced", "--max-iter", "400", "--init-num-users", "60",
                                       "--lifecycle", "complete", "--lifecycle-scale", "0.001", "--user-update-prob",
                                       "0.3", "--user-create-prob", "0.2", "--erase-prob", "0.1", "--touch-interval",
                                       "100ms"});
        ASSERT_EQ(left.status, 0) << left.err;
        settled_ = std::stoul(one(on_, "SELECT settled FROM bazaard.run"));
        ASSERT_GT(settled_, 800U);
    }

    [[nodiscard]] std::string printed(const std::string& command, const words& arguments) const
    {
        const auto left = run_bazaard(command, database_, arguments);
        EXPECT_EQ(left.status, 0) << left.err;
        EXPECT_EQ(left.err, "");
        return left.out;
    }

    [[nodiscard]] std::string units_to(std::size_t end) const { return "0.." + std::to_string(end - 1); }

    /// Makes a table of that definition in schema public, and reads the CSV into it.
    void load(const std::string& table, const std::string& definition, const std::string& csv)
    {
        on_.exec("DROP TABLE IF EXISTS public." + table + "; CREATE TABLE public." + table + " (" + definition + ")");
        postgres::session copying(postgres::resolve(database_));
        copying.begin_copy("COPY public." + table + " FROM STDIN WITH (FORMAT csv, HEADER" +
                           std::string(copying.server_version() >= 150'000 ? " MATCH" : "") + ")");
        copying.put_copy(csv);
        copying.end_copy();
    }

    /// The columns of a table of the shop with their types, each name behind `prefix`.
    [[nodiscard]] std::string columns(const std::string& table, const std::string& prefix)
    {
        return one(on_, "SELECT string_agg(format('%I %s', '" + prefix +
                            "' || attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum) FROM pg_attribute "
                            "WHERE attrelid = 'demo." +
                            table + "'::regclass AND attnum > 0 AND NOT attisdropped");
    }

    /// Rows that are in one of the queries and not in the other.
    [[nodiscard]] std::string difference(const std::string& a, const std::string& b)
    {
        return one(on_, "SELECT (SELECT count(*) FROM (" + a + " EXCEPT ALL " + b + ") x) + (SELECT count(*) FROM (" +
                            b + " EXCEPT ALL " + a + ") y)");
    }

    void load_rows(const std::string& table, std::size_t end)
    {
        load("rows_of_" + table, "unit bigint, LIKE demo." + table,
             printed("answers", {"--as", "rows", "--format", "csv", "--table", table, "--units", units_to(end)}));
    }

    /// Loaded rows against those of the shop.
    [[nodiscard]] std::string against_shop(const std::string& table)
    {
        const auto names = one(on_,
                               "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE "
                               "attrelid = 'demo." +
                                   table + "'::regclass AND attnum > 0 AND NOT attisdropped");
        return difference("SELECT " + names + " FROM public.rows_of_" + table,
                          "SELECT " + names + " FROM demo." + table);
    }

    postgres::connection_flags database_ = postgres_cluster::get().fresh_database();
    sql_client on_{database_};
    std::size_t settled_ = 0;
};

TEST_F(answers, changes_are_those_of_the_plan)
{
    const auto units = parsed(printed("plan", {"--units", units_to(settled_), "--format", "jsonl"}));
    ASSERT_EQ(units.size(), settled_);
    const auto expected = changes_of(units);
    ASSERT_GT(expected.size(), 5 * settled_ / 2);
    EXPECT_EQ(parsed(printed("answers", {"--units", units_to(settled_)})), expected);
    EXPECT_EQ(parsed(printed("answers", {"--units", units_to(settled_), "--table", "orders"})),
              changes_of(units, "orders"));
    // From the middle on.
    const std::vector<json> some(units.begin() + 300, units.begin() + 311);
    EXPECT_EQ(parsed(printed("answers", {"--units", "300..310", "--as", "changes", "--format", "jsonl"})),
              changes_of(some));
    // Control: units that are others.
    EXPECT_NE(parsed(printed("answers", {"--units", "301..311"})), changes_of(some));
}

TEST_F(answers, rows_are_those_of_the_tables)
{
    for (const auto& table : all_tables)
    {
        SCOPED_TRACE(table);
        load_rows(table, settled_);
        EXPECT_EQ(against_shop(table), "0");
        EXPECT_NE(one(on_, "SELECT count(*) FROM demo." + table), "0");
    }
    // Control: each way in which a row can differ counts.
    on_.exec("UPDATE demo.order_items SET sale_price = sale_price + 0.01 WHERE id = (SELECT min(id::text) FROM "
             "demo.order_items)::uuid");
    EXPECT_EQ(against_shop("order_items"), "2");
    on_.exec("DELETE FROM demo.events WHERE id = (SELECT min(id::text) FROM demo.events)::uuid");
    EXPECT_EQ(against_shop("events"), "1");
    load_rows("orders", settled_ / 2);
    EXPECT_NE(against_shop("orders"), "0") << "as of an earlier unit";
}

TEST_F(answers, rows_are_what_the_changes_leave)
{
    for (const auto end : {settled_ / 2, settled_})
        for (const words& parts : {words{"users", "60"}, words{"orders", "0"}, words{"order_items", "0"}})
        {
            const auto& table = parts[0];
            SCOPED_TRACE(table + " of " + units_to(end));
            load_rows(table, end);
            load("changes_of_" + table,
                 "unit bigint, tick bigint, kind text, at timestamptz, op text, key uuid, " +
                     columns(table, "before_") + ", " + columns(table, "after_"),
                 printed("answers", {"--format", "csv", "--table", table, "--units", units_to(end)}));
            const auto of = "public.changes_of_" + table;
            EXPECT_EQ(
                difference("SELECT * FROM (SELECT DISTINCT ON (key) unit, after_id, after_updated_at FROM " + of +
                               " ORDER BY key, unit DESC) l",
                           "SELECT unit, id, updated_at FROM public.rows_of_" + table + " WHERE unit IS NOT NULL"),
                "0");
            // Some change more than once, the first users never.
            EXPECT_NE(one(on_, "SELECT count(*) FROM (SELECT key FROM " + of + " GROUP BY key HAVING count(*) > 1) m"),
                      "0");
            EXPECT_EQ(one(on_, "SELECT count(*) FROM public.rows_of_" + table),
                      one(on_, "SELECT " + parts[1] + " + count(*) FROM " + of + " WHERE op = 'insert'"));
            EXPECT_EQ(one(on_, "SELECT count(*) FROM " + of + " WHERE (op = 'insert') <> (before_id IS NULL)"), "0");
        }
}

TEST_F(answers, json_and_csv_have_the_same_rows)
{
    const auto lines = parsed(printed("answers", {"--as", "rows", "--units", units_to(settled_)}));
    for (const auto& table : all_tables)
    {
        SCOPED_TRACE(table);
        json rows = json::array();
        for (const auto& line : lines)
            if (line["table"] == table)
            {
                EXPECT_EQ(line["key"], line["row"]["id"]);
                auto row = line["row"];
                row["unit"] = line["unit"];
                rows.push_back(std::move(row));
            }
        load_rows(table, settled_);
        const auto name = "public.rows_of_" + table;
        on_.exec("DROP TABLE IF EXISTS public.from_json");
        on_.exec("CREATE TABLE public.from_json (LIKE " + name + ")");
        on_.exec("INSERT INTO public.from_json SELECT * FROM jsonb_populate_recordset(NULL::" + name + ", $1::jsonb)",
                 {rows.dump()});
        EXPECT_EQ(difference("SELECT * FROM public.from_json", "SELECT * FROM " + name), "0");
        EXPECT_EQ(one(on_, "SELECT count(*) FROM public.from_json"), one(on_, "SELECT count(*) FROM demo." + table));
    }
}

TEST_F(answers, refused_units_are_left_out)
{
    auto card = json::parse(printed("card", {}));
    const auto units = parsed(printed("plan", {"--units", units_to(settled_), "--format", "jsonl"}));
    std::vector<json> others;
    for (const auto& unit : units)
        if (card["log"].empty() && unit["kind"] == "ghost")
            card["log"].push_back(
                {{"unit", unit["unit"]}, {"kind", "reject"}, {"sqlstate", "23514"}, {"value", 0}, {"at", unit["at"]}});
        else
            others.push_back(unit);
    ASSERT_EQ(others.size() + 1, units.size());
    const temporary_file file(card.dump());
    const auto left = bazaard({"answers", "--card", file.path(), "--units", units_to(settled_)});
    EXPECT_EQ(left.status, 0) << left.err;
    EXPECT_EQ(parsed(left.out), changes_of(others));
    EXPECT_EQ(parsed(printed("answers", {"--units", units_to(settled_)})), changes_of(units)) << "nothing was refused";
}

TEST_F(answers, units_that_are_not_written_yet_are_told)
{
    const auto left = run_bazaard("answers", database_, {"--units", "0.." + std::to_string(settled_)});
    EXPECT_EQ(left.status, 0);
    EXPECT_NE(left.err.find("unit " + std::to_string(settled_) + " was not settled"), std::string::npos) << left.err;
}

TEST(answers_command, tells_which_tables_there_are)
{
    const auto left = bazaard({"answers", "--seed", "1", "--log-level", "warning", "--table", "heartbeat"});
    EXPECT_EQ(left.status, 64);
    EXPECT_EQ(left.out, "");
    EXPECT_NE(
        left.err.find("--table heartbeat: must be one of: dist_centers, products, users, orders, order_items, events"),
        std::string::npos)
        << left.err;
}

}  // namespace
}  // namespace bazaar::test
