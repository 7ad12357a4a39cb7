// bazaard views, init --views: the shape of BigQuery's thelook_ecommerce over the rows of a run, exactly; what queries written for
// that need; whose views they are, who gets in their way, and when they go.

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/scenario/registry.hpp"
#include "support/daemon.hpp"
#include "support/places.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

using words = std::vector<std::string>;

std::string replaced(std::string text, const std::string& from, const std::string& to)
{
    for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

const words view_names{
    "distribution_centers", "events", "inventory_items", "order_items", "orders", "products", "users"};

/// A database with four weeks of the shop in schema demo, and its views in schema thelook.
class shop_with_views
{
public:
    shop_with_views()
    {
        expect_done("init", {"--views", "thelook"});
        expect_done("load", {"--history", "28d", "--avg-qps", "0.0015", "--init-num-users", "300", "--lifecycle",
                             "complete", "--lifecycle-scale", "3600", "--seed", "5", "--progress", "off"});
        on.exec("ANALYZE");
    }

    void expect_done(const std::string& command, const words& flags) const
    {
        const auto done = run_bazaard(command, database, flags);
        ASSERT_EQ(done.status, 0) << command << ": " << done.err;
    }

    postgres::connection_flags database = postgres_cluster::get().fresh_database();
    sql_client on{database};
};

/// One for all tests that leave it as it is.
shop_with_views& shop()
{
    static shop_with_views made;
    return made;
}

// ---- Shape -----------------------------------------------------------------------------------------------------------

/// Columns of the original data set, in their order.
const std::map<std::string, std::string>& original_columns()
{
    static const std::map<std::string, std::string> all{
        {"distribution_centers", "id name latitude longitude distribution_center_geom"},
        {"events", "id user_id sequence_number session_id created_at ip_address city state postal_code browser "
                   "traffic_source uri event_type"},
        {"inventory_items", "id product_id created_at sold_at cost product_category product_name product_brand "
                            "product_retail_price product_department product_sku product_distribution_center_id"},
        {"order_items", "id order_id user_id product_id inventory_item_id status created_at shipped_at delivered_at "
                        "returned_at sale_price"},
        {"orders", "order_id user_id status gender created_at returned_at shipped_at delivered_at num_of_item"},
        {"products", "id cost category name brand retail_price department sku distribution_center_id"},
        {"users", "id first_name last_name email age gender state street_address postal_code city country latitude "
                  "longitude traffic_source created_at user_geom"}};
    return all;
}

/// What differs from the original in a schema: columns, types of ids, comments. Empty if nothing does.
std::string misshapen(sql_client& on, const std::string& schema)
{
    std::string wrong;
    for (const auto& [view, columns] : original_columns())
    {
        const auto where = " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = '" +
                           schema + "'::regnamespace AND c.relname = '" + view +
                           "' AND a.attnum > 0 AND NOT attisdropped";
        if (one(on, "SELECT coalesce(string_agg(attname, ' ' ORDER BY attnum), '')" + where) != columns)
            wrong += view + ": columns\n";
        wrong += rows(on, "SELECT c.relname || '.' || attname || ': type'" + where +
                              " AND (attname = 'id' OR attname LIKE '%\\_id') AND atttypid <> CASE attname WHEN "
                              "'session_id' THEN 'text'::regtype ELSE 'bigint'::regtype END ORDER BY attnum");
        wrong += rows(on, "SELECT c.relname || '.' || attname || ': comment'" + where +
                              " AND coalesce(col_description(c.oid, attnum), '') = '' ORDER BY attnum");
        wrong += rows(on, "SELECT relname || ': comment' FROM pg_class WHERE relnamespace = '" + schema +
                              "'::regnamespace AND relname = '" + view +
                              "' AND coalesce(obj_description(oid, 'pg_class'), '') = ''");
    }
    return wrong;
}

TEST(views, have_the_shape_of_the_original)
{
    auto& on = shop().on;
    EXPECT_EQ(misshapen(on, "thelook"), "");
    EXPECT_EQ(one(on, "SELECT count(*) FROM pg_class WHERE relnamespace = 'thelook'::regnamespace"), "7");
    // What differs is seen: two columns swapped, one gone, an id of another type, a comment missing.
    on.exec("CREATE SCHEMA bent");
    for (const auto& view : view_names)
        on.exec("CREATE TABLE bent." + view + " (LIKE thelook." + view + "); COMMENT ON TABLE bent." + view +
                " IS 'some'");
    // A copy of a view has no comments.
    EXPECT_NE(misshapen(on, "bent").find("users.user_geom: comment\n"), std::string::npos);
    on.exec("DO $$DECLARE c record; BEGIN FOR c IN SELECT attrelid::regclass AS t, attname FROM pg_attribute a JOIN "
            "pg_class r ON r.oid = a.attrelid WHERE r.relnamespace = 'bent'::regnamespace AND attnum > 0 LOOP EXECUTE "
            "format('COMMENT ON COLUMN %s.%I IS %L', c.t, c.attname, 'some'); END LOOP; END$$");
    EXPECT_EQ(misshapen(on, "bent"), "");
    on.exec(
        "ALTER TABLE bent.orders RENAME gender TO sex; ALTER TABLE bent.users DROP user_geom; ALTER TABLE "
        "bent.events ALTER session_id TYPE uuid USING NULL::uuid; ALTER TABLE bent.products ALTER id TYPE int; COMMENT "
        "ON COLUMN bent.users.age IS NULL; COMMENT ON TABLE bent.order_items IS NULL");
    EXPECT_EQ(misshapen(on, "bent"), "events.session_id: type\norder_items: comment\norders: columns\nproducts.id: "
                                     "type\nusers: columns\nusers.age: comment\n");
    on.exec("DROP SCHEMA bent CASCADE");
}

// ---- Exactness -------------------------------------------------------------------------------------------------------

TEST(views, have_all_rows_of_the_run_and_its_money)
{
    auto& on = shop().on;
    EXPECT_EQ(one(on, "SELECT count(*) > 1000 FROM demo.orders"), "t") << "the shop is too small to prove anything";
    for (const auto& [view, table] :
         {std::pair("users", "users"), std::pair("orders", "orders"), std::pair("products", "products"),
          std::pair("events", "events"), std::pair("distribution_centers", "dist_centers")})
    {
        const auto id = std::string(view) == "orders" ? "order_id" : "id";
        EXPECT_EQ(one(on, "SELECT count(*) || ' ' || count(DISTINCT " + std::string(id) + ") FROM thelook." + view),
                  one(on, "SELECT count(*) || ' ' || count(*) FROM demo." + std::string(table)))
            << view;
    }
    const auto money = [&](const std::string& of)
    { return one(on, "SELECT sum(sale_price) || ' ' || count(*) || ' ' || count(DISTINCT id) FROM " + of); };
    const auto sold = one(on, "SELECT sum(quantity * sale_price) || ' ' || sum(quantity) || ' ' || sum(quantity) FROM "
                              "demo.order_items");
    EXPECT_EQ(money("thelook.order_items"), sold);
    // One row per item instead of one per piece, or a cent too much, is another sum.
    EXPECT_NE(money("demo.order_items"), sold);
    EXPECT_NE(money("(SELECT id, sale_price + CASE id WHEN 0 THEN 0.01 ELSE 0 END AS sale_price FROM "
                    "thelook.order_items) AS bent"),
              sold);
    EXPECT_EQ(one(on, "SELECT sum(num_of_item) FROM thelook.orders"),
              one(on, "SELECT sum(quantity) FROM demo.order_items"));
    EXPECT_EQ(
        rows(on, "SELECT status, count(*) FROM thelook.orders GROUP BY 1 ORDER BY 1"),
        rows(on, "SELECT replace(status, 'Delivered', 'Complete'), count(*) FROM demo.orders GROUP BY 1 ORDER BY 1"));
}

TEST(views, join_as_the_tables_do)
{
    auto& on = shop().on;
    const auto money =
        "SELECT u.email, sum(i.quantity * i.sale_price) FROM demo.users u JOIN demo.orders o ON o.user_id = "
        "u.id JOIN demo.order_items i ON i.order_id = o.id GROUP BY 1 ORDER BY 1";
    EXPECT_EQ(rows(on,
                   "SELECT u.email, sum(i.sale_price) FROM thelook.users u JOIN thelook.orders o ON o.user_id = u.id "
                   "JOIN thelook.order_items i ON i.order_id = o.order_id AND i.user_id = u.id GROUP BY 1 ORDER BY 1"),
              rows(on, money));
    EXPECT_EQ(rows(on, "SELECT u.email, count(DISTINCT e.session_id) FROM thelook.users u JOIN thelook.events e ON "
                       "e.user_id = u.id GROUP BY 1 ORDER BY 1"),
              rows(on,
                   "SELECT u.email, count(DISTINCT e.session_id) FROM demo.users u JOIN demo.events e ON e.user_id = "
                   "u.id GROUP BY 1 ORDER BY 1"));
    EXPECT_EQ(one(on,
                  "SELECT count(*) FROM thelook.orders o JOIN thelook.users u ON u.id = o.user_id WHERE u.gender <> "
                  "o.gender"),
              "0");
    EXPECT_EQ(one(on, "SELECT count(*) FROM thelook.orders o WHERE num_of_item <> (SELECT count(*) FROM "
                      "thelook.order_items i WHERE i.order_id = o.order_id)"),
              "0");
}

/// What is wrong with the stock in these two relations; empty if nothing is.
std::string wrong_stock(sql_client& on, const std::string& stock, const std::string& items)
{
    const std::vector<std::pair<std::string, std::string>> faults{
        {"sold share",
         "SELECT count(*) FROM (SELECT count(sold_at)::numeric / count(*) AS share FROM STOCK) AS s WHERE "
         "share NOT BETWEEN 0.30 AND 0.45"},
        {"a piece twice", "SELECT count(*) - count(DISTINCT id) FROM STOCK"},
        {"sold twice", "SELECT count(*) - count(DISTINCT inventory_item_id) FROM ITEMS"},
        {"sold before it came", "SELECT count(*) FROM STOCK WHERE created_at >= coalesce(sold_at, now())"},
        {"sold, and not in stock", "SELECT count(*) FROM ITEMS AS oi LEFT JOIN STOCK AS i ON i.id = "
                                   "oi.inventory_item_id AND i.sold_at = oi.created_at AND i.product_id = "
                                   "oi.product_id WHERE i.id IS NULL"},
        {"sold to nobody", "SELECT count(*) FROM STOCK AS i LEFT JOIN ITEMS AS oi ON oi.inventory_item_id = i.id WHERE "
                           "i.sold_at IS NOT NULL AND oi.id IS NULL"},
        {"another product", "SELECT count(*) FROM STOCK AS i LEFT JOIN thelook.products p ON p.id = i.product_id WHERE "
                            "(p.cost, p.retail_price, p.category, p.name, p.brand, p.department, p.sku, "
                            "p.distribution_center_id) IS DISTINCT FROM (i.cost, i.product_retail_price, "
                            "i.product_category, i.product_name, i.product_brand, i.product_department, "
                            "i.product_sku, i.product_distribution_center_id)"}};
    std::string wrong;
    for (const auto& [name, sql] : faults)
        if (one(on, replaced(replaced(sql, "STOCK", stock), "ITEMS", items)) != "0")
            wrong += name + "\n";
    return wrong;
}

TEST(views, have_stock_that_is_sold_once_and_after_it_came)
{
    auto& on = shop().on;
    EXPECT_EQ(wrong_stock(on, "thelook.inventory_items", "thelook.order_items"), "");
    // Each fault is seen where it is.
    on.exec("CREATE SCHEMA bent; CREATE TABLE bent.stock AS SELECT * FROM thelook.inventory_items; CREATE TABLE "
            "bent.items AS SELECT * FROM thelook.order_items");
    const std::vector<std::pair<std::string, std::string>> bends{
        {"sold share\nsold, and not in stock\n", "UPDATE bent.stock SET sold_at = NULL WHERE id % 3 = 0"},
        {"sold share\n", "DELETE FROM bent.stock WHERE sold_at IS NULL"},
        {"a piece twice\n", "INSERT INTO bent.stock SELECT * FROM bent.stock WHERE sold_at IS NULL LIMIT 1"},
        {"sold twice\nsold, and not in stock\nsold to nobody\n",
         "UPDATE bent.items SET inventory_item_id = (SELECT max(inventory_item_id) FROM bent.items) WHERE id = (SELECT "
         "min(id) FROM bent.items)"},
        {"sold before it came\n", "UPDATE bent.stock SET created_at = sold_at WHERE id = (SELECT min(id) FROM "
                                  "bent.stock WHERE sold_at IS NOT NULL)"},
        {"sold to nobody\n", "DELETE FROM bent.items WHERE id = (SELECT min(id) FROM bent.items)"},
        {"another product\n", "UPDATE bent.stock SET cost = cost + 1 WHERE id = (SELECT min(id) FROM bent.stock)"},
    };
    for (const auto& [wanted, sql] : bends)
    {
        on.exec("BEGIN; " + sql);
        EXPECT_EQ(wrong_stock(on, "bent.stock", "bent.items"), wanted) << sql;
        on.exec("ROLLBACK");
    }
    on.exec("DROP SCHEMA bent CASCADE");
}

/// The number that an id holds is that of its row: as `explain` says it.
TEST(views, number_rows_as_the_plan_does)
{
    auto& place = shop();
    for (const std::string table : {"users", "orders", "order_items", "events"})
    {
        const auto id = one(place.on, "SELECT id FROM demo." + table + " ORDER BY id DESC LIMIT 1");
        const auto said = run_bazaard("explain", place.database, {id});
        const auto row = one(place.on, "SELECT thelook.number_of('" + id + "')");
        EXPECT_NE(said.out.find(table + " row " + row + "\n"), std::string::npos) << said.out << said.err;
    }
    // Above the rows that a test makes: all bits of the number, none of the unit's or the table's.
    EXPECT_EQ(one(place.on, "SELECT thelook.number_of('00000fff-ffff-8fff-bfff-ffffffffffff')"), "1099511627775");
}

// ---- Needs of queries ------------------------------------------------------------------------------------------------

struct need
{
    std::string text;
    std::string sql;    ///< With S for the schema; a query as an analyst would write it, in little.
    std::string table;  ///< Of the column.
    std::string column;
    std::string type;
    bool value = false;  ///< The query gives true if the value occurs.
};

std::pair<std::string, std::string> halves(const std::string& text, const std::string& at)
{
    const auto place = text.find(at);
    return {text.substr(0, place), place == text.npos ? std::string() : text.substr(place + at.size())};
}

need read_need(const std::string& text)
{
    need made{text, {}, {}, {}, {}};
    if (const auto [what, value] = halves(text, "=="); !value.empty())
    {
        std::tie(made.table, made.column) = halves(what, ".");
        made.sql = "SELECT count(*) FILTER (WHERE " + made.column + " = '" + value + "') > 0 FROM S." + made.table;
        made.value = true;
        return made;
    }
    if (const auto [left, right] = halves(text, "="); !right.empty())
    {
        std::tie(made.table, made.column) = halves(left, ".");
        const auto other = halves(right, ".").first;
        made.sql = "SELECT count(*) FROM (SELECT * FROM S." + made.table + " LIMIT 50) AS " + made.table + " JOIN S." +
                   other + " ON " + text;
        return made;
    }
    const auto [what, type] = halves(text, ":");
    std::tie(made.table, made.column) = halves(what, ".");
    made.type = type;
    const auto used = type == "integer"     ? "sum(@ % 7)"
                      : type == "text"      ? "max(substr(@ || '', 1, 8))"
                      : type == "geography" ? "max(ST_X(@))"
                                            : "count(DISTINCT @::text)";
    made.sql = "SELECT " + replaced(used, "@", made.column) + " FROM (SELECT * FROM S." + made.table +
               " LIMIT 200) AS few";
    return made;
}

struct queries
{
    int count = 0;
    std::string about;
    std::vector<need> needs;
};

std::vector<queries> read_needs()
{
    std::ifstream file(source_dir() + "/tests/integration/analyst_needs.txt");
    std::vector<queries> all;
    for (std::string line; std::getline(file, line);)
    {
        if (line.empty() || line[0] == '#')
            continue;
        const auto [count, rest] = halves(line, " | ");
        const auto [about, needs] = halves(rest, " | ");
        queries made{std::stoi(count), about, {}};
        std::istringstream text(needs);
        for (std::string word; text >> word;)
            made.needs.push_back(read_need(word));
        all.push_back(std::move(made));
    }
    return all;
}

/// What is wrong with it in this schema, by the catalogue and by running it; empty if nothing is.
std::string wrong_with(sql_client& on, const need& one_need, const std::string& schema, bool values)
{
    static const std::map<std::string, std::set<std::string>> families{
        {"integer", {"bigint", "integer"}}, {"text", {"text"}}, {"geography", {"USER-DEFINED"}}};
    const auto type = rows(on, "SELECT data_type FROM information_schema.columns WHERE table_schema = '" + schema +
                                   "' AND table_name = '" + one_need.table + "' AND column_name = '" + one_need.column +
                                   "'");
    if (type.empty())
        return one_need.text + ": no such column";
    if (!one_need.type.empty() && !families.at(one_need.type).contains(type.substr(0, type.size() - 1)))
        return one_need.text + ": its type is " + type.substr(0, type.size() - 1);
    try
    {
        const auto answer = rows(on, replaced(one_need.sql, "S.", schema + "."));
        return values && one_need.value && answer != "t\n" ? one_need.text + ": does not occur" : "";
    }
    catch (const sql_failure& problem)
    {
        return one_need.text + ": " + problem.what();
    }
}

/// How many of the queries find all that they need; what the others lack is added to `lacking`.
int covered(sql_client& on, const std::string& schema, bool values, std::string& lacking)
{
    int sum = 0;
    for (const auto& some : read_needs())
    {
        std::string wrong;
        for (const auto& one_need : some.needs)
            if (wrong.empty())
                wrong = wrong_with(on, one_need, schema, values);
        sum += wrong.empty() ? some.count : 0;
        if (!wrong.empty())
            lacking += std::to_string(some.count) + " " + some.about + ": " + wrong + "\n";
    }
    return sum;
}

/// Schemas with less than the views have, as the study tried them; each extends the one before.
void make_lesser_schemas(sql_client& on)
{
    on.exec("DROP SCHEMA IF EXISTS ours, plain, stock CASCADE; CREATE SCHEMA ours; CREATE SCHEMA plain; CREATE SCHEMA "
            "stock");
    for (const auto& table : {"users", "orders", "order_items", "events", "products"})
        on.exec("CREATE VIEW ours." + std::string(table) + " AS SELECT * FROM demo." + table);
    on.exec("CREATE VIEW ours.distribution_centers AS SELECT * FROM demo.dist_centers");
    for (const auto& schema : {"plain", "stock"})
    {
        const auto in = "CREATE VIEW " + std::string(schema) + ".";
        for (const auto& table : {"users", "events", "products", "distribution_centers"})
            on.exec(in + table + " AS SELECT * FROM ours." + table);
        on.exec(in +
                "orders AS SELECT o.id AS order_id, o.user_id, replace(o.status, 'Delivered', 'Complete') AS status, "
                "o.created_at, o.shipped_at, o.delivered_at, o.returned_at, o.num_of_items AS num_of_item, u.gender "
                "FROM demo.orders o JOIN demo.users u ON u.id = o.user_id");
        on.exec(in +
                "order_items AS SELECT i.id, i.order_id, o.user_id, i.product_id, i.sale_price, i.created_at, "
                "i.returned_at, replace(i.status, 'Delivered', 'Complete') AS status" +
                (std::string(schema) == "stock" ? ", thelook.number_of(i.id)::text AS inventory_item_id" : "") +
                " FROM demo.order_items i JOIN demo.orders o ON o.id = i.order_id");
    }
    on.exec("CREATE VIEW stock.inventory_items AS SELECT id::text AS id, product_id, "
            "created_at, sold_at, cost, product_category, product_name, product_brand, product_retail_price, "
            "product_department, product_sku, product_distribution_center_id FROM thelook.inventory_items");
}

TEST(views, cover_what_queries_need)
{
    auto& on = shop().on;
    std::string lacking;
    const int found = covered(on, "thelook", true, lacking);
    EXPECT_GE(found, 339) << lacking;
    // What is left is geography.
    std::istringstream lines(lacking);
    for (std::string line; std::getline(lines, line);)
        EXPECT_NE(line.find(":geography"), std::string::npos) << line;
    // The list is of 346 queries, and tells lesser schemas apart as the study did.
    int all = 0;
    for (const auto& some : read_needs())
        all += some.count;
    EXPECT_EQ(all, 346);
    make_lesser_schemas(on);
    std::string unused;
    EXPECT_EQ(covered(on, "ours", false, unused), 133) << unused;
    EXPECT_EQ(covered(on, "plain", false, unused), 288) << unused;
    EXPECT_EQ(covered(on, "stock", false, unused), 323) << unused;
    on.exec("DROP SCHEMA ours, plain, stock CASCADE");
}

/// Queries in whole, as dashboards have them: none may fail, and none may be empty.
TEST(views, answer_the_usual_questions)
{
    auto& on = shop().on;
    on.exec("SET search_path = thelook");
    const std::map<std::string, std::string> questions{
        {"month-1 retention",
         "WITH firsts AS (SELECT user_id, min(created_at) AS first FROM orders GROUP BY 1) SELECT date_trunc('week', "
         "first), "
         "count(DISTINCT o.user_id) FILTER (WHERE o.created_at > first + interval '7 days')::numeric / count(DISTINCT "
         "o.user_id) FROM firsts JOIN orders o USING (user_id) GROUP BY 1"},
        {"lifetime value by source", "SELECT traffic_source, sum(sale_price) / count(DISTINCT u.id) FROM users u JOIN "
                                     "order_items oi ON oi.user_id = "
                                     "u.id WHERE oi.status = 'Complete' GROUP BY 1 HAVING sum(sale_price) > 0"},
        {"margin by category and centre",
         "SELECT ii.product_category, dc.name, sum(oi.sale_price - ii.cost) AS margin FROM order_items oi JOIN "
         "inventory_items ii ON oi.inventory_item_id = ii.id JOIN distribution_centers dc ON dc.id = "
         "ii.product_distribution_center_id GROUP BY 1, 2 HAVING sum(oi.sale_price - ii.cost) > 0"},
        {"days in stock", "SELECT product_department, avg(sold_at - created_at) FROM inventory_items WHERE sold_at IS "
                          "NOT NULL GROUP BY 1"},
        {"funnel by browser", "SELECT browser, count(DISTINCT session_id) FILTER (WHERE event_type = 'cart'), "
                              "count(DISTINCT session_id) FILTER "
                              "(WHERE event_type = 'purchase') FROM events GROUP BY 1 HAVING count(DISTINCT "
                              "session_id) FILTER (WHERE event_type "
                              "= 'purchase') > 0"},
        {"delivery by country", "SELECT u.country, avg(o.delivered_at - o.shipped_at) FROM orders o JOIN users u ON "
                                "u.id = o.user_id WHERE o.status "
                                "= 'Complete' GROUP BY 1"},
        {"size of orders by gender",
         "SELECT gender, avg(num_of_item) FROM orders GROUP BY 1 HAVING avg(num_of_item) > 1"},
        {"distance from the centre",
         "SELECT dc.name, avg(u.user_geom <-> dc.distribution_center_geom) FROM order_items oi JOIN users u ON u.id = "
         "oi.user_id JOIN products p ON p.id = oi.product_id JOIN distribution_centers dc ON dc.id = "
         "p.distribution_center_id GROUP BY 1"},
    };
    for (const auto& [name, sql] : questions)
        EXPECT_GE(std::stoi(one(on, "SELECT count(*) FROM (" + sql + ") AS answer")), 1) << name;
    on.exec("RESET search_path");
    // A status that nobody has shows that an empty answer is seen.
    EXPECT_EQ(one(on, "SELECT count(*) FROM thelook.orders WHERE status = 'Delivered'"), "0");
}

// ---- Documents -------------------------------------------------------------------------------------------------------

std::string documented(sql_client& on)
{
    std::string text;
    for (const auto& view : view_names)
    {
        const auto oid = "'thelook." + view + "'::regclass";
        text += "\n## " + view + "\n\n" + one(on, "SELECT coalesce(obj_description(" + oid + "), '')") +
                ".\n\n| column | type | meaning |\n| --- | --- | --- |\n";
        text += replaced(
            rows(on, "SELECT format('@ `%s` @ %s @ %s @', attname, format_type(atttypid, atttypmod), "
                     "coalesce(col_description(attrelid, attnum), '')) FROM pg_attribute WHERE attrelid = " +
                         oid + " AND attnum > 0 ORDER BY attnum"),
            "@", "|");
    }
    return text;
}

TEST(views, are_documented_column_by_column)
{
    const auto path = source_dir() + "/docs/views.md";
    std::ifstream file(path);
    std::stringstream content;
    content << file.rdbuf();
    const std::string mark = "<!-- From the comments of sql/thelook/views.sql. -->\n";
    const auto [head, tables] = halves(content.str(), mark);
    const auto wanted = documented(shop().on);
    if (std::getenv("BAZAARD_TEST_UPDATE") != nullptr)
        std::ofstream(path) << head << mark << wanted;
    else
        EXPECT_EQ(tables, wanted) << "BAZAARD_TEST_UPDATE=1 writes it";
    // The names that the program knows are those of the statements.
    const auto& sets = scenario::default_entry().views;
    ASSERT_EQ(sets.size(), 1U);
    EXPECT_EQ(words(sets[0].views.begin(), sets[0].views.end()), view_names);
    EXPECT_EQ(one(shop().on, "SELECT count(*) FROM pg_proc WHERE pronamespace = 'thelook'::regnamespace"),
              std::to_string(sets[0].functions.size()));
}

// ---- Made, found, replaced, dropped ----------------------------------------------------------------------------------

class views_of_their_own : public testing::Test
{
protected:
    views_of_their_own() { EXPECT_EQ(run_bazaard("init", database_, {}).status, 0); }

    finished views(words flags) { return run_bazaard("views", database_, std::move(flags)); }

    /// Nothing is done, and one line says why.
    void refused(const std::string& verb, const std::string& why)
    {
        const auto done = views({verb});
        EXPECT_EQ(done.status, 78) << verb << done.out;
        EXPECT_NE(done.err.find(why), std::string::npos) << done.err;
        EXPECT_EQ(std::ranges::count(done.err, '\n'), 1) << done.err;
    }

    [[nodiscard]] std::string schemas()
    {
        return rows(on_, "SELECT n.nspname, (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid) FROM "
                         "pg_namespace n WHERE nspname LIKE 'thelook%' ORDER BY 1");
    }

    void run(const std::string& name)
    {
        const auto done = run_bazaard("run", database_,
                                      {"--run", name, "--max-iter", "40", "--unpaced", "--init-num-users", "20"});
        ASSERT_EQ(done.status, 0) << done.err;
    }

    postgres::connection_flags database_ = postgres_cluster::get().fresh_database();
    sql_client on_{database_};
};

TEST_F(views_of_their_own, are_made_once_and_go_with_their_schema)
{
    EXPECT_EQ(views({"create"}).out.substr(0, 7), "created");
    EXPECT_EQ(schemas(), "thelook|7\n");
    const auto oid = one(on_, "SELECT 'thelook.users'::regclass::oid");
    EXPECT_EQ(views({"create"}).out.substr(0, 8), "is there");
    EXPECT_EQ(one(on_, "SELECT 'thelook.users'::regclass::oid"), oid) << "what is there was made again";
    on_.exec("DROP VIEW thelook.users");
    EXPECT_EQ(views({"create"}).out.substr(0, 8), "replaced");
    EXPECT_EQ(schemas(), "thelook|7\n");
    EXPECT_EQ(views({"drop"}).out.substr(0, 7), "dropped");
    EXPECT_EQ(schemas(), "");
    EXPECT_EQ(views({"drop"}).out.substr(0, 9), "not there");
}

TEST_F(views_of_their_own, keep_runs_of_one_schema_apart)
{
    run("main");
    run("other");
    EXPECT_EQ(views({"create"}).status, 0);
    // The name of the schema is taken.
    const auto taken = views({"create", "--run", "other"});
    EXPECT_EQ(taken.status, 78) << taken.out;
    EXPECT_NE(taken.err.find("over run main of schema demo; name another one with --views-schema"), std::string::npos)
        << taken.err;
    EXPECT_EQ(views({"create", "--run", "other", "--views-schema", "thelook_other"}).status, 0);
    EXPECT_EQ(one(on_, "SELECT count(*) FROM demo.orders"), "80");
    EXPECT_EQ(one(on_, "SELECT count(*) || ' ' || count(DISTINCT order_id) FROM thelook.orders"), "40 40");
    EXPECT_EQ(one(on_, "SELECT count(*) || ' ' || count(DISTINCT order_id) FROM thelook_other.orders"), "40 40");
    // A reset takes those of its run.
    const auto gone = run_bazaard("reset", database_, {"--run", "other", "--yes"});
    EXPECT_EQ(gone.status, 0) << gone.err;
    EXPECT_EQ(schemas(), "thelook|7\n");
    EXPECT_EQ(one(on_, "SELECT count(*) FROM thelook.orders"), "40");
}

TEST_F(views_of_their_own, stay_while_something_uses_them)
{
    run("main");
    EXPECT_EQ(views({"create"}).status, 0);
    on_.exec("CREATE VIEW public.names AS SELECT first_name FROM thelook.users");
    const auto left = views({"drop"});
    EXPECT_EQ(left.status, 78) << left.out;
    EXPECT_NE(left.err.find("drop what uses them first"), std::string::npos) << left.err;
    EXPECT_EQ(schemas(), "thelook|7\n");
    // The rows of the run go nevertheless.
    const auto gone = run_bazaard("reset", database_, {"--yes"});
    EXPECT_EQ(gone.status, 0) << gone.err;
    EXPECT_NE(gone.err.find("drop what uses them first"), std::string::npos) << gone.err;
    EXPECT_EQ(one(on_, "SELECT count(*) FROM thelook.users"), "0");
    on_.exec("DROP VIEW public.names");
    EXPECT_EQ(views({"drop"}).status, 0);
    EXPECT_EQ(schemas(), "");
}

TEST_F(views_of_their_own, leave_what_is_not_theirs)
{
    on_.exec("CREATE SCHEMA thelook; CREATE TABLE thelook.orders (id int)");
    for (const auto& verb : {"create", "drop"})
        refused(verb, "schema thelook has orders that bazaard did not make there");
    on_.exec("DROP TABLE thelook.orders; CREATE TABLE thelook.notes (id int)");
    EXPECT_EQ(views({"create"}).status, 0);
    EXPECT_EQ(views({"drop"}).status, 0);
    EXPECT_EQ(rows(on_, "SELECT relname FROM pg_class WHERE relnamespace = 'thelook'::regnamespace"), "notes\n");
    EXPECT_EQ(views({"create", "--views-schema", "demo"}).status, 64);
    EXPECT_EQ(views({"create", "--views", "other"}).status, 64);
}

TEST_F(views_of_their_own, need_the_tables)
{
    const auto empty = postgres_cluster::get().fresh_database();
    const auto done = run_bazaard("views", empty, {"create"});
    EXPECT_EQ(done.status, 78) << done.out << done.err;
    EXPECT_NE(done.err.find("bazaard init"), std::string::npos) << done.err;
}

/// Whoever could change the schema could put a function of his own where the views call one.
TEST_F(views_of_their_own, are_not_made_where_a_stranger_may_change_them)
{
    on_.exec("CREATE ROLE views_stranger; CREATE SCHEMA thelook AUTHORIZATION views_stranger");
    const auto owned = views({"create"});
    EXPECT_EQ(owned.status, 78) << owned.out;
    EXPECT_NE(owned.err.find("views_stranger"), std::string::npos) << owned.err;
    on_.exec("DROP SCHEMA thelook; CREATE SCHEMA thelook; GRANT CREATE ON SCHEMA thelook TO views_stranger");
    const auto shared = views({"create"});
    EXPECT_EQ(shared.status, 78) << shared.out;
    EXPECT_EQ(schemas(), "thelook|0\n");
    on_.exec("REVOKE CREATE ON SCHEMA thelook FROM views_stranger");
    EXPECT_EQ(views({"create"}).status, 0);
    // They are no part of what a run writes: its own check has nothing to say about them.
    on_.exec("GRANT CREATE ON SCHEMA thelook TO views_stranger");
    run("main");
    on_.exec("DROP SCHEMA thelook CASCADE; DROP ROLE views_stranger");
}

/// The tables are not what they seem: reading the views would run a stranger's code.
TEST_F(views_of_their_own, are_not_made_over_a_view_of_a_stranger)
{
    on_.exec("CREATE ROLE views_liar; GRANT CREATE ON SCHEMA demo TO views_liar; ALTER TABLE demo.heartbeat RENAME TO "
             "beats; "
             "SET ROLE views_liar; CREATE VIEW demo.heartbeat AS SELECT 1 AS id, now() AS ts; RESET ROLE; "
             "REVOKE CREATE ON SCHEMA demo FROM views_liar");
    const auto done = views({"create"});
    EXPECT_EQ(done.status, 78) << done.out;
    EXPECT_EQ(schemas(), "");
    on_.exec("DROP OWNED BY views_liar; DROP ROLE views_liar");
}

TEST_F(views_of_their_own, have_odd_names_of_schemas)
{
    const std::string odd = R"(o'dd "$1" :"shop" \ größe)";
    EXPECT_EQ(
        run_bazaard("init", database_, {"--db-schema", odd, "--views", "thelook", "--views-schema", odd + "!"}).status,
        0);
    EXPECT_EQ(
        run_bazaard("run", database_, {"--db-schema", odd, "--max-iter", "5", "--unpaced", "--init-num-users", "5"})
            .status,
        0);
    EXPECT_EQ(one(on_, R"(SELECT count(*) FROM "o'dd ""$1"" :""shop"" \ größe!".orders)"), "5");
    EXPECT_EQ(run_bazaard("reset", database_, {"--db-schema", odd, "--yes"}).status, 0);
    EXPECT_EQ(one(on_, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'o''dd%!'"), "0");
}

TEST_F(views_of_their_own, have_other_odd_names)
{
    for (const std::string odd : {"Größe_1", "with blank", "select"})
    {
        SCOPED_TRACE(odd);
        const words place{"--db-schema", odd, "--views-schema", odd + " views"};
        const auto asked = [&](const std::string& command, words flags)
        {
            flags.insert(flags.end(), place.begin(), place.end());
            const auto done = run_bazaard(command, database_, flags);
            EXPECT_EQ(done.status, 0) << command << ": " << done.err;
            return done.out;
        };
        const auto doctor = [&] {
            return run_bazaard("doctor", database_, {"--skip", "connect,kafka", "--db-schema", odd}).out;
        };
        const auto count = [&]
        {
            return one(on_,
                       "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname "
                       "= '" +
                           odd + " views'");
        };
        EXPECT_EQ(run_bazaard("init", database_, {"--db-schema", odd}).status, 0);
        EXPECT_EQ(asked("views", {"create"}).substr(0, 7), "created");
        EXPECT_EQ(count(), "7");
        EXPECT_EQ(asked("views", {"create"}).substr(0, 8), "is there");
        EXPECT_EQ(doctor().find("views-incomplete"), std::string::npos) << doctor();
        on_.exec("DROP VIEW \"" + odd + " views\".events");
        EXPECT_NE(doctor().find("it lacks events"), std::string::npos) << doctor();
        EXPECT_NE(doctor().find("views create --run main --views thelook --views-schema '" + odd + " views'"),
                  std::string::npos)
            << doctor();
        EXPECT_EQ(asked("views", {"create"}).substr(0, 8), "replaced");
        EXPECT_EQ(count(), "7");
        EXPECT_EQ(asked("views", {"drop"}).substr(0, 7), "dropped");
        EXPECT_EQ(asked("views", {"drop"}).substr(0, 9), "not there");
        EXPECT_EQ(count(), "0");
    }
}

/// In a schema of ours, too: what somebody has put in the place of a view is neither taken for it nor dropped.
TEST_F(views_of_their_own, leave_what_stands_in_the_place_of_one)
{
    for (const std::string other :
         {"CREATE TABLE thelook.users (id int)", "CREATE VIEW thelook.users AS SELECT 1 AS id"})
    {
        SCOPED_TRACE(other);
        EXPECT_EQ(views({"create"}).status, 0);
        on_.exec("DROP VIEW thelook.users; " + other);
        for (const auto& verb : {"create", "drop"})
            refused(verb, "schema thelook has users that bazaard did not make there; rename what is in the way");
        const auto found = run_bazaard("doctor", database_, {"--skip", "connect,kafka"}).out;
        EXPECT_NE(found.find("users is not what bazaard has made there"), std::string::npos) << found;
        EXPECT_EQ(
            one(on_, "SELECT count(*) FROM pg_attribute WHERE attrelid = 'thelook.users'::regclass AND attnum > 0"),
            "1");
        on_.exec(other.find("TABLE") != other.npos ? "DROP TABLE thelook.users" : "DROP VIEW thelook.users");
        EXPECT_EQ(views({"drop"}).out.substr(0, 7), "dropped");
    }
    on_.exec("CREATE SCHEMA thelook; CREATE FUNCTION thelook.number_of(uuid) RETURNS int LANGUAGE sql RETURN 1");
    refused("create", "schema thelook has number_of(uuid) that bazaard did not make there");
    EXPECT_EQ(one(on_, "SELECT count(*) FROM pg_class WHERE relnamespace = 'thelook'::regnamespace"), "0");
    on_.exec("DROP SCHEMA thelook CASCADE");
}

TEST_F(views_of_their_own, leave_a_schema_that_was_there_as_it_was)
{
    on_.exec("CREATE SCHEMA thelook");
    EXPECT_EQ(views({"create"}).out.substr(0, 7), "created");
    EXPECT_EQ(views({"create"}).out.substr(0, 8), "is there");
    on_.exec("DROP VIEW thelook.users");
    EXPECT_EQ(views({"create"}).out.substr(0, 8), "replaced");
    EXPECT_EQ(views({"drop"}).out.substr(0, 7), "dropped");
    EXPECT_EQ(schemas(), "thelook|0\n");
    EXPECT_EQ(one(on_, "SELECT obj_description('thelook'::regnamespace, 'pg_namespace') IS NULL"), "t");
    on_.exec("COMMENT ON SCHEMA thelook IS 'of the analysts'");
    refused("create", "schema thelook has a comment, where bazaard would write whose views it holds");
    EXPECT_EQ(one(on_, "SELECT obj_description('thelook'::regnamespace, 'pg_namespace')"), "of the analysts");
    on_.exec("DROP SCHEMA thelook");
}

TEST_F(views_of_their_own, are_read_by_whoever_may)
{
    run("main");
    // Also where a function is not everybody's.
    on_.exec("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC");
    EXPECT_EQ(views({"create"}).status, 0);
    on_.exec("CREATE ROLE views_reader; CREATE ROLE views_auditor IN ROLE pg_read_all_data");
    const auto read = [&](const std::string& role)
    {
        std::string said;
        for (const auto& view : view_names)
        {
            const auto state = on_.refusal("BEGIN; SET LOCAL ROLE " + role +
                                           "; SELECT count(*) FROM (SELECT * FROM "
                                           "thelook." +
                                           view + ") AS all_columns; COMMIT");
            said += state;
            on_.exec("ROLLBACK");
        }
        return said;
    };
    const std::string denied = "42501";
    EXPECT_EQ(read("views_reader"), denied + denied + denied + denied + denied + denied + denied);
    EXPECT_EQ(read("views_auditor"), "");
    on_.exec("GRANT USAGE ON SCHEMA thelook TO views_reader; GRANT SELECT ON ALL TABLES IN SCHEMA thelook TO "
             "views_reader; GRANT SELECT ON thelook.users TO PUBLIC");
    EXPECT_EQ(read("views_reader"), "");
    EXPECT_EQ(on_.refusal("SET ROLE views_reader; SELECT count(*) FROM demo.users"), denied);
    on_.exec("RESET ROLE");
    // Those of another version are replaced, and may be read by the same roles.
    on_.exec("COMMENT ON SCHEMA thelook IS 'Views thelook of bazaard over run main of schema demo, 0'");
    const auto rights = [&]
    {
        return rows(on_, "SELECT relname, (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(relacl) a) "
                         "FROM pg_class WHERE relnamespace = 'thelook'::regnamespace ORDER BY 1");
    };
    const auto before = rights();
    EXPECT_EQ(views({"create"}).out.substr(0, 8), "replaced");
    EXPECT_EQ(rights(), before);
    EXPECT_EQ(read("views_reader"), "");
    EXPECT_EQ(views({"drop"}).status, 0);
    on_.exec("DROP ROLE views_reader; DROP ROLE views_auditor");
}

/// What init does to tables and functions it does with views over them, too.
TEST_F(views_of_their_own, are_in_no_way_of_init)
{
    run("main");
    EXPECT_EQ(views({"create"}).status, 0);
    const auto init = [&](words flags = {}) { return run_bazaard("init", database_, std::move(flags)); };
    EXPECT_EQ(init().status, 0);
    // What another version of the program lacks in its own schema.
    on_.exec("DO $$DECLARE f text; BEGIN FOR f IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = "
             "'bazaard'::regnamespace LOOP EXECUTE 'DROP FUNCTION ' || f; END LOOP; END$$; DROP TABLE "
             "bazaard.scenario_text");
    EXPECT_EQ(init().status, 0);
    EXPECT_EQ(one(on_, "SELECT count(*) > 0 FROM pg_proc WHERE pronamespace = 'bazaard'::regnamespace"), "t");
    // A table of another version gets its column; a column that a view shows keeps its type while the view is there.
    EXPECT_EQ(on_.refusal("ALTER TABLE demo.products ADD more text; ALTER TABLE demo.products DROP more; ALTER TABLE "
                          "demo.products ALTER updated_at TYPE timestamptz(6)"),
              "");
    const std::string other_type = "ALTER TABLE demo.products ALTER brand TYPE varchar(200)";
    EXPECT_EQ(on_.refusal(other_type), "0A000");
    EXPECT_EQ(views({"drop"}).status, 0);
    EXPECT_EQ(on_.refusal("BEGIN; " + other_type + "; ROLLBACK"), "");
    EXPECT_EQ(views({"create"}).status, 0);
    // Tables of a version that has others are made anew in the same place.
    on_.exec("SET client_min_messages = warning; DROP SCHEMA demo, bazaard CASCADE");
    EXPECT_EQ(schemas(), "thelook|0\n");
    const auto again = init({"--views", "thelook"});
    EXPECT_EQ(again.status, 0) << again.err;
    EXPECT_EQ(again.out.substr(0, 8), "replaced");
    EXPECT_EQ(schemas(), "thelook|7\n");
}

/// What a connector captures is the same with and without them.
TEST_F(views_of_their_own, are_not_captured)
{
    const auto published = [&]
    { return rows(on_, "SELECT pubname, schemaname, tablename FROM pg_publication_tables ORDER BY 1, 2, 3"); };
    const auto config = [&] { return run_bazaard("connector", database_, {"config"}).out; };
    const temporary_file password("s3cret\n");
    EXPECT_EQ(run_bazaard("cdc", database_, {"setup", "--cdc-password-file", password.path()}).status, 0);
    const auto before = published(), config_before = config();
    EXPECT_NE(before.find("|demo|orders\n"), std::string::npos) << before;
    const auto doctor = [&] { return run_bazaard("doctor", database_, {"--skip", "connect,kafka"}).out; };
    const auto found = doctor();
    EXPECT_EQ(views({"create"}).status, 0);
    EXPECT_EQ(published(), before);
    EXPECT_EQ(config(), config_before);
    EXPECT_EQ(doctor(), found);
    const auto again = run_bazaard("cdc", database_, {"setup", "--cdc-password-file", password.path()});
    EXPECT_EQ(again.status, 0) << again.out;
    EXPECT_EQ(again.out.find("differs"), again.out.npos) << again.out;
    EXPECT_EQ(run_bazaard("cdc", database_, {"drop", "--yes", "--force"}).status, 0);
}

}  // namespace
}  // namespace bazaar::test
