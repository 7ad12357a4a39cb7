// bazaard verify tables: whatever stands in the tables, there is a verdict, and it names the row that was edited and no other.

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "bazaar/base/id.hpp"
#include "bazaar/scenario/thelook/tables.hpp"
#include "support/eventually.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"
#include "support/verified_tables.hpp"

namespace bazaar::test
{
namespace
{

namespace thelook = scenario::thelook;

/// Findings by defect, as "table key".
std::map<std::string, std::multiset<std::string>> told(const outcome& found)
{
    std::map<std::string, std::multiset<std::string>> by_defect;
    for (const auto& e : found.report.at("examples"))
        by_defect[e.at("defect")].insert(e.at("table").get<std::string>() + ' ' + e.at("key").get<std::string>());
    return by_defect;
}

using findings = std::map<std::string, std::multiset<std::string>>;

class edited_tables : public verify_tables
{
protected:
    /// A run of its own for each list of flags, made once.
    static const postgres::connection_flags& made_by(const std::vector<std::string>& flags,
                                                     const std::string& before = {})
    {
        static std::map<std::vector<std::string>, postgres::connection_flags> made;
        const auto [place, fresh] = made.try_emplace(flags);
        if (!fresh)
            return place->second;
        auto& database = place->second = postgres_cluster::get().fresh_database();
        if (!before.empty())
        {
            EXPECT_EQ(run_bazaard("init", database, {}).status, 0);
            connect(database).exec(before);
        }
        auto words = flags;
        words.insert(words.end(), {"--unpaced", "--progress", "off"});
        const auto done = run_bazaard("run", database, words);
        EXPECT_EQ(done.status, 0) << done.err;
        return database;
    }

    /// Nobody is connected to the original. Its checks and references would forbid what tests do.
    static postgres::connection_flags copy_of(const postgres::connection_flags& original, bool free = true)
    {
        static int copies = 0;
        auto copy = original;
        auto maintenance = original;
        maintenance.name = "postgres";
        copy.name = "edited_" + std::to_string(++copies);
        auto link = connect(maintenance);
        link.exec("SET statement_timeout = '60s'");
        // On a busy machine sessions take their time to go.
        EXPECT_TRUE(eventually(
            [&]
            {
                try
                {
                    link.exec("CREATE DATABASE " + *copy.name + " TEMPLATE " + *original.name);
                    return true;
                }
                catch (const sql_failure& problem)
                {
                    if (problem.state() != "55006")
                        throw;
                    return false;
                }
            }));
        if (free)
        {
            auto rows = connect(copy);
            free_rows(rows);
        }
        return copy;
    }

    /// A copy of a row under another id, or of another table's.
    static std::string put(sql_client& on, const std::string& table, const std::string& id)
    {
        on.exec("INSERT INTO demo." + table + " SELECT (jsonb_populate_record(NULL::demo." + table +
                ", to_jsonb(r) || jsonb_build_object('id', '" + id + "'))).* FROM (SELECT * FROM demo." + table +
                " ORDER BY id LIMIT 1) r");
        return table + ' ' + id;
    }

    static const std::vector<std::string>& lively()
    {
        static const std::vector<std::string> flags{
            "--seed",    "21", "--max-iter",   "300", "--init-num-users", "150",   "--lifecycle",        "complete",
            "--avg-qps", "2",  "--erase-prob", "0.1", "--touch-interval", "300ms", "--user-update-prob", "0.5"};
        return flags;
    }

    static const std::vector<std::string>& retaining()
    {
        static const std::vector<std::string> flags{
            "--seed",   "11",  "--init-num-users", "50",  "--lifecycle", "complete", "--lifecycle-scale", "0.1",
            "--retain", "15s", "--avg-qps",        "100", "--window",    "4096",     "--max-iter",        "3000"};
        return flags;
    }

    /// As a run that was killed leaves it.
    static void kill(sql_client& on) { on.exec("UPDATE bazaard.run SET clean = false"); }
};

TEST_F(edited_tables, ids_that_no_unit_has_made_are_extra_and_demand_nothing)
{
    const auto& source = made_by(lively());
    const auto database = copy_of(source);
    auto link = connect(database);
    const auto settled = static_cast<unit_no>(std::stoull(one(link, "SELECT settled FROM bazaard.run")));
    const id_codec ids(run_tag("main"), 21);
    const auto id = [&](std::uint8_t table, std::uint64_t row, unit_no unit) {
        return to_string(ids.encode({table, row, unit}));
    };
    constexpr auto users = thelook::table::users, orders = thelook::table::orders, items = thelook::table::order_items,
                   events = thelook::table::events;
    // Known by any judge: numbers of rows that other units have, the last number of all, an id of another table.
    const findings wrong{{"extra",
                          {put(link, "orders", id(orders, 5, 0)), put(link, "events", id(events, 7, settled - 1)),
                           put(link, "events", id(events, 9, settled + 10'000)), put(link, "users", id(users, 3, 17)),
                           put(link, "order_items", id(items, row_end - 1, 17)),
                           put(link, "order_items", one(link, "SELECT max(id::text) FROM demo.users"))}}};
    // Far beyond the end: a card does not know where that is.
    const findings beyond{{"extra",
                           {put(link, "orders", id(orders, 70'000, settled + 100'000)),
                            put(link, "events", id(events, 70'001, no_unit - 1)),
                            put(link, "users", id(users, std::uint64_t{1} << 39, settled + 3'000))}}};
    auto all = wrong;
    all["extra"].insert(beyond.at("extra").begin(), beyond.at("extra").end());
    const auto card = file("card.json", run_bazaard("card", source, {}).out);

    const auto looks = [&](const std::string& where, const findings& expected, const std::vector<std::string>& how)
    {
        const auto found = verify(database, how);
        EXPECT_EQ(found.status, 1) << where << ": " << found.out << found.err;
        EXPECT_EQ(told(found), expected) << where << ": " << found.out;
        return found;
    };
    EXPECT_EQ(looks("ended", all, {}).figure("units demanded"), static_cast<int>(settled));
    looks("up to the end", all, {"--up-to", std::to_string(settled)});
    looks("up to a unit", all, {"--up-to", std::to_string(settled / 2)});
    looks("of a source that has ended", all, {"--source-url", url_of(source)});
    const auto by_card = looks("by card", wrong, {"--card", card});
    EXPECT_NE(by_card.out.find("3 rows are of units from " + std::to_string(settled) + " on, where the card ends"),
              std::string::npos)
        << by_card.out;
    kill(link);
    EXPECT_EQ(looks("killed", all, {}).figure("units demanded"), static_cast<int>(settled));
    looks("killed, up to a unit", all, {"--up-to", std::to_string(settled / 2)});
    const auto going = copy_of(source);
    auto on = connect(going);
    kill(on);
    looks("of a source that goes on", all, {"--source-url", url_of(going)});

    for (const auto& row : all.at("extra"))
        link.exec("DELETE FROM demo." + row.substr(0, row.find(' ')) + " WHERE id = '" + row.substr(row.find(' ') + 1) +
                  "'");
    EXPECT_EQ(verify(database).status, 0) << "without them all is as planned";
}

TEST_F(edited_tables, where_units_were_refused_are_clean_and_edits_are_named)
{
    // Orders, and updates of orders and users, of some ids; what builds on them is refused in turn.
    const auto& source = made_by(
        {"--seed", "8", "--init-num-users", "60", "--lifecycle", "complete", "--avg-qps", "2", "--max-iter", "250",
         "--user-update-prob", "0.6", "--max-rejected", "100000"},
        "CREATE FUNCTION demo.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'INSERT' AND "
        "hashtext(NEW.id::text) % 5 = 0 OR TG_OP = 'UPDATE' AND hashtext(NEW.id::text) % 3 = 0 THEN RAISE "
        "check_violation; END IF; RETURN NEW; END $$; CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON demo.orders FOR "
        "EACH ROW EXECUTE FUNCTION demo.refuse(); CREATE TRIGGER refuse BEFORE UPDATE ON demo.users FOR EACH ROW "
        "EXECUTE FUNCTION demo.refuse();");
    const auto database = copy_of(source);
    auto link = connect(database);
    ASSERT_GT(std::stoi(one(link, "SELECT count(*) FROM bazaard.control WHERE kind = 'reject'")), 30);
    const auto card = file("card.json", run_bazaard("card", source, {}).out);
    link.exec("DROP TRIGGER refuse ON demo.orders; DROP TRIGGER refuse ON demo.users");
    const auto half = std::to_string(std::stoi(one(link, "SELECT settled FROM bazaard.run")) / 2);
    const std::vector<std::vector<std::string>> ways{
        {}, {"--card", card}, {"--up-to", half}, {"--source-url", url_of(source)}};
    const auto edited = one(link, "SELECT id FROM demo.events ORDER BY id OFFSET 10 LIMIT 1");
    for (const bool killed : {false, true})
    {
        if (killed)
            kill(link);
        for (const auto& way : ways)
        {
            const auto found = verify(database, way);
            EXPECT_EQ(found.status, 0) << killed << (way.empty() ? "" : way.front()) << found.out << found.err;
        }
        link.exec("UPDATE demo.events SET city = city || '!' WHERE id = '" + edited + "'");
        for (const auto& way : ways)
        {
            const auto found = verify(database, way);
            EXPECT_EQ(found.status, 1) << found.out << found.err;
            EXPECT_EQ(told(found), (findings{{"different", {"events " + edited}}})) << found.out;
        }
        link.exec("UPDATE demo.events SET city = left(city, -1) WHERE id = '" + edited + "'");
    }
    link.exec("DELETE FROM bazaard.control WHERE kind = 'reject'");
    const auto without = verify(database);
    EXPECT_EQ(without.status, 1) << "without the entries they are missed";
    EXPECT_GT(without.count("missing"), 10);
    EXPECT_GT(without.count("stale"), 10);
}

TEST_F(edited_tables, that_lose_rows_by_plan_miss_those_that_somebody_has_deleted)
{
    const auto& source = made_by(retaining());
    const auto database = copy_of(source);
    auto link = connect(database);
    const auto settled = one(link, "SELECT settled FROM bazaard.run");
    const auto half = std::to_string(std::stoi(settled) / 2);
    for (const auto& way : {std::vector<std::string>{}, {"--up-to", settled}, {"--up-to", half}})
        EXPECT_EQ(verify(database, way).status, 0);

    // Of each table, of sessions and orders whose removal is near.
    const auto near = [&](const std::string& table, const std::string& what)
    { return one(link, "SELECT id FROM demo." + table + " t WHERE " + what + " ORDER BY created_at, id LIMIT 1"); };
    const findings deleted{
        {"missing",
         {"events " + near("events", "user_id IS NULL AND (SELECT count(*) FROM demo.events e WHERE e.session_id = "
                                     "t.session_id) > 2"),
          "events " + near("events", "user_id IS NOT NULL AND sequence_number = 3"),
          "order_items " + near("order_items", "status = 'Returned' AND (SELECT count(*) FROM demo.order_items i WHERE "
                                               "i.order_id = t.order_id) > 1"),
          "orders " + near("orders", "status = 'Cancelled'"),
          "users " + near("users", "NOT EXISTS (SELECT FROM demo.orders o WHERE o.user_id = t.id)")}}};
    const auto looks = [&](const std::vector<std::string>& how)
    {
        const auto found = verify(database, how);
        EXPECT_EQ(found.status, 1) << found.out << found.err;
        EXPECT_EQ(told(found), deleted) << found.out;
    };
    for (const auto& row : deleted.at("missing"))
        link.exec("DELETE FROM demo." + row.substr(0, row.find(' ')) + " WHERE id = '" + row.substr(row.find(' ') + 1) +
                  "'");
    looks({});
    looks({"--up-to", settled});
    kill(link);
    looks({});
    link.exec("UPDATE bazaard.run SET clean = true");

    // After the end no removal can come.
    for (const std::string table : {"order_items", "events"})
    {
        const auto emptied = copy_of(source);
        auto on = connect(emptied);
        const auto rows = std::stoi(one(on, "SELECT count(*) FROM demo." + table));
        on.exec("TRUNCATE demo." + table);
        for (const auto& way : {std::vector<std::string>{}, {"--up-to", settled}})
        {
            const auto found = verify(emptied, way);
            EXPECT_EQ(found.status, 1) << found.out << found.err;
            EXPECT_EQ(found.count("missing"), rows) << table;
            EXPECT_EQ(found.all(), rows) << table;
        }
        // Of a run that goes on some may be on their way out; none of another table is blamed.
        kill(on);
        const auto going = verify(emptied);
        EXPECT_EQ(going.status, 1) << going.out << going.err;
        EXPECT_GT(going.count("missing"), rows / 2) << table;
        for (const auto& e : going.report.at("examples"))
            EXPECT_EQ(e.at("table"), table) << e;
    }
}

TEST_F(edited_tables, a_card_tells_what_may_be_of_later_units_from_what_cannot)
{
    const auto& source = made_by(retaining());
    const auto database = copy_of(source, false);
    const auto card = file("card.json", run_bazaard("card", source, {}).out);
    EXPECT_EQ(verify(database, {"--card", card}).status, 0);
    auto link = connect(database);
    // It has not gone on: what is not there is missing.
    const auto first = one(link, "DELETE FROM demo.events WHERE id = (SELECT id FROM demo.events ORDER BY id LIMIT 1) "
                                 "RETURNING to_jsonb(events)");
    const auto early = verify(database, {"--card", card});
    EXPECT_EQ(early.status, 1);
    EXPECT_EQ(told(early), (findings{{"missing", {"events " + json::parse(first).at("id").get<std::string>()}}}));
    link.exec("INSERT INTO demo.events SELECT (jsonb_populate_record(NULL::demo.events, $1::jsonb)).*", {first});

    run(database, {"--max-iter", "4000"});
    const auto later = verify(database, {"--card", card});
    EXPECT_EQ(later.status, 2) << later.out << later.err;
    EXPECT_EQ(later.all(), 0) << later.out;
    EXPECT_NE(later.out.find("rows are of units from"), std::string::npos) << later.out;
    EXPECT_NE(later.out.find("may have removed; one of them: "), std::string::npos) << later.out;
    EXPECT_EQ(verify(database).status, 0);

    // Versions that no unit can have by then are somebody else's; users are never removed.
    free_rows(link);
    const auto user = [&](int n)
    { return one(link, "SELECT id FROM demo.users ORDER BY id OFFSET " + std::to_string(n) + " LIMIT 1"); };
    const auto forever = user(3), far = user(4), soon = user(5), gone = user(6);
    link.exec("UPDATE demo.users SET updated_at = 'infinity' WHERE id = '" + forever +
              "'; UPDATE demo.users SET updated_at = "
              "'2099-01-01Z', city = 'Nowhere' WHERE id = '" +
              far +
              "'; UPDATE demo.users SET updated_at = (SELECT "
              "max(created_at) FROM demo.orders) WHERE id = '" +
              soon + "'; DELETE FROM demo.users WHERE id = '" + gone + "'");
    const auto edited = verify(database, {"--card", card});
    EXPECT_EQ(edited.status, 1) << edited.out << edited.err;
    EXPECT_EQ(told(edited),
              (findings{{"foreign edit", {"users " + forever, "users " + far}}, {"missing", {"users " + gone}}}))
        << edited.out;
    // Without versions nobody knows whose the values are.
    link.exec("ALTER TABLE demo.users DROP updated_at");
    const auto without = verify(database, {"--card", card});
    EXPECT_EQ(without.status, 1) << without.err;
    EXPECT_EQ(told(without), (findings{{"missing", {"users " + gone}}})) << without.out;
}

TEST_F(edited_tables, of_any_type_and_content_have_a_verdict)
{
    const auto database = copy_of(made_by(lively()));
    auto link = connect(database);
    const auto some = [&](const std::string& table, int n)
    { return one(link, "SELECT id FROM demo." + table + " ORDER BY id OFFSET " + std::to_string(n) + " LIMIT 1"); };
    // All is text: the values are the same.
    for (const auto& t : thelook::tables())
        if (t.kept_by != model::role::heartbeat)
            for (const auto& column : t.columns)
                link.exec("ALTER TABLE demo." + std::string(t.name) + " ALTER " + std::string(column.name) +
                          " DROP DEFAULT, ALTER " + std::string(column.name) + " TYPE text");
    const auto same = verify(database);
    EXPECT_EQ(same.status, 0) << same.out << same.err;
    for (const char* table : {"users", "orders", "order_items", "events", "products"})
        link.exec(std::string("ALTER TABLE demo.") + table + " DROP CONSTRAINT IF EXISTS " + table +
                  "_pkey CASCADE; ALTER TABLE demo." + table + " ALTER id DROP NOT NULL");
    link.exec("ALTER TABLE demo.orders ALTER updated_at DROP NOT NULL");

    struct edit
    {
        std::string table, column, value;
    };
    int number = 0;
    findings expected;
    std::vector<edit> edits{{"order_items", "quantity", "'many'"},
                            {"order_items", "quantity", "'99999999999999999999999'"},
                            {"order_items", "sale_price", "'12345678901234567890.5'"},
                            {"order_items", "sale_price", "'NaN'"},
                            {"order_items", "created_at", "'2023-02-29T00:00:00Z'"},
                            {"order_items", "created_at", "'infinity'"},
                            {"users", "latitude", "'1e400'"},
                            {"users", "longitude", "'NaN'"},
                            {"users", "age", "''"},
                            {"users", "city", "repeat('x', 5000000)"},
                            {"users", "email", "NULL"},
                            {"orders", "user_id", "'nobody'"},
                            {"orders", "created_at", "'294276-12-31T23:59:59Z'"},
                            {"orders", "created_at", "'0044-03-15T12:00:00Z BC'"},
                            {"products", "cost", "'Infinity'"}};
    for (const auto& e : edits)
    {
        const auto id = some(e.table, ++number);
        link.exec("ALTER TABLE demo." + e.table + " ALTER " + e.column + " DROP NOT NULL; UPDATE demo." + e.table +
                  " SET " + e.column + " = " + e.value + " WHERE id = '" + id + "'");
        expected["different"].insert(e.table + ' ' + id);
    }
    const auto odd = verify(database);
    EXPECT_EQ(odd.status, 1) << odd.err;
    EXPECT_EQ(told(odd), expected) << odd.out.substr(0, 5'000);
    EXPECT_LT(odd.out.size(), 20'000U) << "a text of 5 MB is not printed";
    EXPECT_NE(
        odd.out.find("demo.order_items.quantity has 2 values that are no integer and count as NULL, one of them: "),
        std::string::npos)
        << odd.out;

    // Keys and versions that are none, and the same row twice.
    link.exec("UPDATE demo.events SET id = NULL WHERE id = '" + some("events", 3) + "'");
    link.exec("UPDATE demo.events SET id = 'no id at all' WHERE id = '" + some("events", 4) + "'");
    link.exec("UPDATE demo.products SET id = NULL WHERE id = (SELECT max(id) FROM demo.products)");
    link.exec(
        "UPDATE demo.products SET id = '-7' WHERE id = (SELECT max(id) FROM demo.products WHERE id NOT LIKE '-%')");
    link.exec("UPDATE demo.orders SET updated_at = NULL WHERE id = '" + some("orders", 20) + "'");
    link.exec("INSERT INTO demo.orders SELECT * FROM demo.orders WHERE id = '" + some("orders", 21) + "'");
    const auto keys = verify(database);
    EXPECT_EQ(keys.status, 1) << keys.err;
    EXPECT_EQ(keys.count("missing"), 4) << keys.out.substr(0, 5'000);
    EXPECT_EQ(keys.count("foreign edit"), 4);
    EXPECT_EQ(keys.count("extra"), 1);
    EXPECT_EQ(keys.count("different"), static_cast<int>(edits.size()) + 1);
    // A key of a type that can be none.
    link.exec("ALTER TABLE demo.events ALTER id TYPE bytea USING convert_to(id, 'UTF8')");
    const auto lost = verify(database);
    EXPECT_EQ(lost.status, 1) << lost.err;
    EXPECT_NE(lost.out.find("values that are no uuid and count as NULL, one of them: \\x"), std::string::npos)
        << lost.err;
}

TEST_F(edited_tables, of_a_copy_that_is_far_behind_its_source_are_not_here_yet)
{
    const auto begun = [](const std::string& ticks)
    {
        return std::vector<std::string>{"--seed",           "3",  "--start-time", "2026-01-01T00:00:00Z",
                                        "--init-num-users", "50", "--window",     "16",
                                        "--max-iter",       ticks};
    };
    const auto& source = made_by(begun("2000"));
    const auto copy = copy_of(made_by(begun("5")));
    auto link = connect(copy);
    link.exec("DROP SCHEMA bazaard CASCADE");
    auto there = connect(source);
    const auto settled = std::stoi(one(there, "SELECT settled FROM bazaard.run"));
    const auto found = verify(copy, {"--source-url", url_of(source)});
    EXPECT_EQ(found.status, 2) << found.out << found.err;
    EXPECT_EQ(found.all(), 0) << found.out;
    // It names all that are not here, and has looked at W of them.
    const auto line = found.report.at("not_proven").at(0).get<std::string>();
    EXPECT_NE(line.find(" are not here yet"), std::string::npos) << line;
    EXPECT_GT(std::stoi(line), settled - 60) << line;
    EXPECT_LE(std::stoi(line), settled) << line;
    // A row from far ahead demands none of them.
    const auto ahead = one(there, "SELECT to_jsonb(o) FROM demo.orders o ORDER BY id DESC LIMIT 1");
    link.exec("INSERT INTO demo.orders SELECT (jsonb_populate_record(NULL::demo.orders, $1::jsonb)).*", {ahead});
    const auto early = verify(copy, {"--source-url", url_of(source)});
    EXPECT_EQ(early.status, 1) << early.err;
    EXPECT_EQ(told(early), (findings{{"extra", {"orders " + json::parse(ahead).at("id").get<std::string>()}}}))
        << early.out;
}

TEST_F(edited_tables, that_are_demanded_up_to_no_unit_prove_nothing)
{
    const auto database = copy_of(made_by(lively()));
    auto link = connect(database);
    const auto settled = std::stoi(one(link, "SELECT settled FROM bazaard.run"));
    EXPECT_EQ(verify(database, {"--up-to", "1"}).status, 0);
    EXPECT_EQ(verify(database, {"--up-to", std::to_string(settled)}).status, 0);
    EXPECT_EQ(verify(database, {"--up-to", std::to_string(settled + 1)}).status, 64);
    const auto none = verify(database, {"--up-to", "0"});
    EXPECT_EQ(none.status, 2) << none.out << none.err;
    EXPECT_NE(none.out.find("no unit is demanded: --up-to 0"), std::string::npos) << none.out;
    // First rows are there before any unit.
    const auto first = one(
        link, "DELETE FROM demo.users WHERE id = (SELECT id FROM demo.users ORDER BY id LIMIT 1) RETURNING id");
    for (const char* unit : {"0", "1"})
        EXPECT_EQ(told(verify(database, {"--up-to", unit})), (findings{{"missing", {"users " + first}}}));
}

TEST_F(edited_tables, a_unit_that_is_gone_as_a_whole_is_missing_where_it_must_be_there)
{
    const auto& source = made_by(lively());
    const auto card = file("card.json", run_bazaard("card", source, {}).out);
    const auto order = [&](const std::string& which)
    {
        auto looked = connect(source);
        return one(looked, "SELECT id FROM demo.orders ORDER BY id " + which);
    };
    for (const auto& [id, last] :
         {std::pair{order("OFFSET 100 LIMIT 1"), false}, std::pair{order("DESC LIMIT 1"), true}})
    {
        const auto database = copy_of(source);
        auto link = connect(database);
        const auto unit = id_codec(run_tag("main"), 21).decode(*parse_uuid(id))->unit;
        int rows = 0;
        for (const char* table : {"orders", "order_items", "events"})
        {
            const auto ids = link.exec(std::string("SELECT id FROM demo.") + table);
            for (int i = 0; i < ids.rows(); ++i)
                if (id_codec(run_tag("main"), 21).decode(*parse_uuid(ids.get(i, 0)))->unit == unit)
                {
                    link.exec(std::string("DELETE FROM demo.") + table + " WHERE id = $1", {ids.get(i, 0)});
                    ++rows;
                }
        }
        ASSERT_GT(rows, 4);
        const auto ended = verify(database);
        EXPECT_EQ(ended.status, 1) << ended.out << ended.err;
        EXPECT_EQ(ended.count("missing"), rows);
        EXPECT_EQ(ended.all(), rows) << ended.out;
        EXPECT_EQ(verify(database, {"--card", card}).count("missing"), rows);
        // The mark stands where the run was killed, also when the rows above it are there.
        kill(link);
        EXPECT_EQ(verify(database).count("missing"), rows);
        // Of a copy nobody knows how far it is: the newest W units may be on their way.
        const auto by_source = verify(database, {"--source-url", url_of(source)});
        EXPECT_EQ(by_source.status, last ? 2 : 1) << by_source.out << by_source.err;
        EXPECT_EQ(by_source.count("missing"), last ? 0 : rows) << by_source.out;
        EXPECT_EQ(by_source.out.find("1 units from unit " + std::to_string(unit)) != std::string::npos, last)
            << by_source.out;
    }
}

}  // namespace
}  // namespace bazaar::test
