// What the settings of a connector keep from being proven: named, and never lost or altered; what is lost beside it is found.

#include <functional>
#include <regex>
#include <set>

#include <gtest/gtest.h>

#include "app/verify_changes.hpp"
#include "bazaar/capture/connector_limits.hpp"
#include "bazaar/capture/connector_topics.hpp"
#include "bazaar/capture/told_connector.hpp"
#include "bazaar/verify/debezium.hpp"
#include "bazaar/verify/judge.hpp"
#include "capture/java_regex.hpp"
#include "support/told_harm.hpp"
#include "support/told_stream.hpp"
#include "unit/connector_settings.hpp"
#include "unit/thelook_ledger.hpp"

namespace bazaar::test
{
namespace
{

using capture::java_regex;
using json = nlohmann::json;
using settings = std::map<std::string, std::string>;
using verify::defect;

constexpr unit_no units = 1200;

bool is_op(const told_message& m, char op)
{
    return m.json.find(fmt::format("\"op\":\"{}\"", op)) != std::string::npos ||
           m.json.find(fmt::format("\"__op\":\"{}\"", op)) != std::string::npos;
}

/// A stream as a connector would send it, and how it is judged under a configuration.
struct world
{
    std::unique_ptr<scenario::scenario> shop = shop_of_few_products(
        {{"init-num-users", "60"}, {"lifecycle", "complete"}, {"retain", "3s"}, {"touch-interval", "500ms"}});
    run::record recorded;
    std::set<std::string> only;  ///< Tables of --table.

    world()
    {
        recorded.seed = 7;
        recorded.tag = run_tag("main");
        recorded.start = {1'790'000'000'000'000};
    }

    [[nodiscard]] messages stream(const stream_form& form = {}) const
    {
        return told_stream(*shop, recorded, units, form);
    }

    [[nodiscard]] capture::connector_limits limits(const settings& config) const
    {
        return capture::limits_of(config, capture::told_by(config, "file").how, shop->tables(), "demo");
    }

    [[nodiscard]] verify::report judged(const messages& all, const settings& more,
                                        const capture::connector_limits& others = {}) const
    {
        const auto config = connector_settings(more);
        auto of_config = limits(config);
        of_config.merge(others);
        const verify::subject of{*shop, recorded, id_codec(recorded.tag, recorded.seed), units, units};
        verify::report report;
        verify::judge judge(of, report, {});
        if (!only.empty())
        {
            std::set<std::uint8_t> chosen;
            for (std::uint8_t i = 0; i < shop->tables().size(); ++i)
                if (only.contains(std::string(shop->tables()[i].name)))
                    chosen.insert(i);
            app::compare_only(chosen, shop->tables(), judge, report);
        }
        of_config.impose(judge);
        app::seen_changes seen(shop->tables());
        verify::debezium_reader reader(shop->tables(), "demo", capture::told_by(config, "file").how);
        verify::change_event e;
        for (const auto& m : all)
        {
            const std::string topic = "ecomm.demo." + m.table;
            e.stream = topic;
            if (reader.read(topic, m.json, e) != verify::debezium_reader::outcome::change)
                continue;
            judge.take(e);
            seen.take(e, judge);
        }
        app::excuse_silent(of_config, seen, judge);
        judge.finish();
        of_config.tell(shop->tables(), report);
        return report;
    }
};

/// Does the same to both sides of each event of a table.
void each_row(messages& all, std::string_view table, const std::function<void(json&)>& how)
{
    for (auto& m : all)
        if (m.table == table)
            edit(m,
                 [&](json& value)
                 {
                     for (const auto* side : {"before", "after"})
                         if (value.contains(side) && value[side].is_object())
                             how(value[side]);
                     if (!value.contains("source"))
                         how(value);
                 });
}

void each_value(messages& all, std::string_view table, const std::string& column,
                const std::function<std::string(const std::string&)>& how)
{
    each_row(all, table,
             [&](json& row)
             {
                 if (row.contains(column) && row[column].is_string())
                     row[column] = how(row[column].get<std::string>());
             });
}

void drop(messages& all, const std::function<bool(const told_message&)>& is_dropped)
{
    std::erase_if(all, is_dropped);
}

settings transform(const std::string& type, const settings& own)
{
    settings made{{"transforms", "x"}, {"transforms.x.type", type}};
    for (const auto& [name, value] : own)
        made["transforms.x." + name] = value;
    return made;
}

struct setting_case
{
    std::string name;
    settings config;
    std::function<void(messages&)> sent;  ///< What it makes of the stream.
    std::string said;                     ///< What the report names, table and column first.
    std::string beside;                   ///< A table whose losses must be found all the same.
    stream_form form{};
};

const std::vector<setting_case>& cases()
{
    const auto masked = [](const std::string& by)
    { return [by](messages& m) { each_value(m, "users", "email", [by](const std::string&) { return by; }); }; };
    const auto gone = [](std::string_view table, const std::string& column)
    { return [table, column](messages& m) { each_row(m, table, [&](json& row) { row.erase(column); }); }; };
    const auto without = [](std::string_view table)
    { return [table](messages& m) { drop(m, [&](const told_message& one) { return one.table == table; }); }; };
    const auto without_op = [](char op)
    { return [op](messages& m) { drop(m, [&](const told_message& one) { return is_op(one, op); }); }; };
    const auto nothing = [](messages&) {};
    const settings flat{{"transforms", "flat"},
                        {"transforms.flat.type", "io.debezium.transforms.ExtractNewRecordState"},
                        {"transforms.flat.add.fields", "op,lsn,txId"}};
    const auto flat_with = [flat](const settings& more)
    {
        auto made = flat;
        for (const auto& [name, value] : more)
            made[name] = value;
        return made;
    };
    const auto flat_then = [flat_with](const std::string& type, const settings& own)
    {
        auto made = flat_with({{"transforms", "flat,x"},
                               {"transforms.flat.delete.tombstone.handling.mode", "rewrite"},
                               {"transforms.x.type", type}});
        for (const auto& [name, value] : own)
            made["transforms.x." + name] = value;
        return made;
    };
    static const std::vector<setting_case> all{
        {"mask",
         {{"column.mask.with.10.chars", "demo.users.email"}},
         masked("**********"),
         "table users, column email: not compared: by column.mask.with.10.chars",
         "users"},
        {"mask of all by one expression",
         {{"column.mask.with.3.chars", "demo\\.users\\.(first|last)_name"}},
         [](messages& m)
         {
             for (const auto* column : {"first_name", "last_name"})
                 each_value(m, "users", column, [](const std::string&) { return "***"; });
         },
         "table users, columns first_name, last_name: not compared: by column.mask.with.3.chars",
         "orders"},
        {"hash",
         {{"column.mask.hash.SHA-256.with.salt.CzQMA0cB5K", "demo.users.email"}},
         masked(std::string(64, 'a')),
         "table users, column email: not compared: by column.mask.hash.SHA-256.with.salt",
         "users"},
        {"hash v2",
         {{"column.mask.hash.v2.SHA-256.with.salt.CzQMA0cB5K", "x, DEMO.users.EMAIL"}},
         masked(std::string(64, 'a')),
         "table users, column email: not compared: by column.mask.hash.v2.SHA-256.with.salt",
         "users"},
        {"truncate",
         {{"column.truncate.to.4.chars", "demo.users.email"}},
         [](messages& m)
         { each_value(m, "users", "email", [](const std::string& text) { return text.substr(0, 4); }); },
         "table users, column email: not compared: by column.truncate.to.4.chars",
         "users"},
        {"excluded column",
         {{"column.exclude.list", "demo.orders.num_of_items"}},
         gone("orders", "num_of_items"),
         "table orders, column num_of_items: not compared: by column.exclude.list",
         "orders"},
        {"included columns",
         {{"column.include.list", "demo.(?!users).*,demo\\.users\\.(?!email).*"}},
         gone("users", "email"),
         "table users, column email: not compared: by column.include.list",
         "users"},
        {"excluded key",
         {{"column.exclude.list", "demo.events.id"}},
         gone("events", "id"),
         "table events: (.* )?by column.exclude.list of its key id",
         "orders"},
        {"skipped updates", {{"skipped.operations", "u,t"}}, without_op('u'), "by skipped.operations u", "insert"},
        {"skipped deletes", {{"skipped.operations", "d"}}, without_op('d'), "by skipped.operations d", "users"},
        {"skipped inserts", {{"skipped.operations", "c"}}, without_op('c'), "by skipped.operations c", "update"},
        {"table list",
         {{"table.include.list", "demo.users,demo.orders,demo.order_items,demo.products,demo.dist_centers"}},
         without("events"),
         "table events: .*by table.include.list",
         "users"},
        {"excluded table",
         {{"table.exclude.list", "demo\\.order_.*"}},
         without("order_items"),
         "table order_items: .*by table.exclude.list",
         "users"},
        {"a table that tells nothing of the plan",
         {{"table.exclude.list", "demo.dist_centers"}},
         without("dist_centers"),
         "table dist_centers: by table.exclude.list",
         "users"},
        {"a converter of somebody's",
         {{"converters", "mine"}, {"mine.type", "com.example.Mine"}, {"mine.selector", "demo.order_items.sale_price"}},
         [](messages& m) { each_row(m, "order_items", [](json& row) { row["sale_price"] = "about 7"; }); },
         "table order_items, column sale_price: not compared: by converters mine",
         "order_items"},
        {"filter",
         transform("io.debezium.transforms.Filter",
                   {{"topic.regex", "ecomm\\.demo\\.events"}, {"condition", "value.op != 'c'"}}),
         without("events"), "table events: .*by transforms.x \\(Filter\\)", "users"},
        {"a filter of one topic",
         []
         {
             auto made = transform("org.apache.kafka.connect.transforms.Filter", {{"predicate", "p"}});
             made["predicates.p.type"] = "org.apache.kafka.connect.transforms.predicates.TopicNameMatches";
             made["predicates.p.pattern"] = ".*\\.events";
             return made;
         }(),
         without("events"), "table events: .*by transforms.x \\(Filter\\)", "users"},
        {"a program of somebody's", transform("com.example.Anything", {}), without("events"),
         "table events: .*by transforms.x \\(Anything\\)", ""},
        {"rows without deletes",
         flat,
         without_op('d'),
         "by transforms.flat.delete.tombstone.handling.mode tombstone",
         "users",
         {.flat = true}},
        {"rows without deletes, as it was once",
         flat_with({{"transforms.flat.delete.handling.mode", "drop"}}),
         without_op('d'),
         "by transforms.flat.delete.handling.mode drop",
         "users",
         {.flat = true}},
        {"a field replaced",
         flat_then("org.apache.kafka.connect.transforms.ReplaceField$Value", {{"exclude", "email"}}),
         gone("users", "email"),
         "table users, column email: not compared: by transforms.x",
         "orders",
         {.flat = true}},
        {"a field renamed",
         flat_then("org.apache.kafka.connect.transforms.ReplaceField$Value", {{"renames", "email:mail"}}),
         gone("users", "email"),
         "table users, column email: not compared: by transforms.x",
         "orders",
         {.flat = true}},
        {"a field masked",
         flat_then("org.apache.kafka.connect.transforms.MaskField$Value", {{"fields", "email"}}),
         masked(""),
         "table users, column email: not compared: by transforms.x",
         "users",
         {.flat = true}},
        {"a field in headers",
         flat_then("org.apache.kafka.connect.transforms.HeaderFrom$Value",
                   {{"fields", "email"}, {"headers", "email"}, {"operation", "move"}}),
         gone("users", "email"),
         "table users, column email: not compared: by transforms.x",
         "users",
         {.flat = true}},
        {"a field cast",
         flat_then("org.apache.kafka.connect.transforms.Cast$Value", {{"spec", "age:string,quantity:int8"}}),
         [](messages& m) { each_row(m, "users", [](json& row) { row["age"] = "old"; }); },
         "table users, column age: not compared: by transforms.x",
         "users",
         {.flat = true}},
        {"a moment converted",
         flat_then("org.apache.kafka.connect.transforms.TimestampConverter$Value",
                   {{"field", "shipped_at"}, {"target.type", "string"}, {"format", "yyyy"}}),
         [](messages& m)
         { each_value(m, "orders", "shipped_at", [](const std::string& text) { return text.substr(0, 4); }); },
         "table orders, column shipped_at: not compared: by transforms.x",
         "orders",
         {.flat = true}},
        {"not understood",
         {{"column.mask.with.2.chars", "demo\\.users\\.(?<name>e)mail"}},
         masked("**"),
         "table users, columns .*email.*: not compared: by column.mask.with.2.chars: regular expression .* is not "
         "understood",
         "orders"},
        {"no snapshot goes on",
         {{"snapshot.mode", "initial_only"}},
         [](messages& m) { drop(m, [](const told_message& one) { return one.unit != no_unit; }); },
         "table orders: .*by snapshot.mode initial_only",
         ""},
        {"a publication without tables",
         {{"publication.autocreate.mode", "no_tables"}},
         without("events"),
         "table events: .*by publication.autocreate.mode no_tables",
         "users"},
        {"nothing of it",
         {{"tombstones.on.delete", "false"},
          {"heartbeat.interval.ms", "0"},
          {"provide.transaction.metadata", "false"},
          {"message.key.columns", "demo.orders:user_id"},
          {"skipped.operations", "none"},
          {"snapshot.mode", "no_data"}},
         nothing,
         "",
         "users"},
    };
    return all;
}

std::uint64_t wrong_count(const verify::report& report)
{
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < verify::defect_count; ++i)
        count += report.count(static_cast<defect>(i));
    return count;
}

TEST(connector_limits, each_setting_is_named_and_no_loss)
{
    const world w;
    for (const auto& one : cases())
    {
        auto sent = w.stream(one.form);
        one.sent(sent);
        const auto report = w.judged(sent, one.config);
        EXPECT_EQ(wrong_count(report), 0U) << one.name << '\n' << report.text();
        EXPECT_EQ(report.judge(), one.said.empty() ? verify::verdict::clean : verify::verdict::not_proven)
            << one.name << '\n'
            << report.text();
        EXPECT_TRUE(std::regex_search(report.text(), std::regex(one.said))) << one.name << '\n' << report.text();
        EXPECT_EQ(report.text().find("CzQMA0cB5K"), std::string::npos) << "a salt is a secret\n" << report.text();
        // Control: without the configuration the same stream is none that is clean.
        if (!one.said.empty() && !one.form.flat && one.name.find("nothing of the plan") == std::string::npos)
        {
            EXPECT_NE(w.judged(sent, {}).judge(), verify::verdict::clean) << one.name;
        }
    }
}

TEST(connector_limits, a_loss_beside_a_setting_is_found)
{
    const world w;
    for (const auto& one : cases())
    {
        if (one.beside.empty())
            continue;
        auto sent = w.stream(one.form);
        one.sent(sent);
        const bool by_op = one.beside == "insert" || one.beside == "update";
        const char op = one.beside == "update" ? 'u' : 'c';
        const auto victim = std::ranges::find_if(
            sent.begin() + static_cast<std::ptrdiff_t>(sent.size() / 2), sent.end(),
            [&](const told_message& m)
            { return m.unit != no_unit && is_op(m, op) && (by_op ? m.table == "orders" : m.table == one.beside); });
        ASSERT_NE(victim, sent.end()) << one.name;
        const auto key = victim->key;
        sent.erase(victim);
        const auto report = w.judged(sent, one.config);
        EXPECT_EQ(report.judge(), verify::verdict::mismatch) << one.name << '\n' << report.text();
        EXPECT_GE(report.count(defect::lost), 1U) << one.name << '\n' << report.text();
        EXPECT_NE(report.text().find("lost: " + std::string(by_op ? "orders" : one.beside) + " " + key),
                  std::string::npos)
            << one.name << '\n'
            << report.text();
    }
}

TEST(connector_limits, another_column_of_a_masked_table_is_compared)
{
    const world w;
    auto sent = w.stream();
    each_value(sent, "users", "email", [](const std::string&) { return "****"; });
    const settings config{{"column.mask.with.4.chars", "demo.users.email"}};
    ASSERT_EQ(w.judged(sent, config).judge(), verify::verdict::not_proven);
    const auto victim = std::ranges::find_if(sent, [](const told_message& m)
                                             { return m.table == "users" && m.unit != no_unit; });
    edit(*victim, [](json& value) { value["after"]["city"] = "Nowhere"; });
    const auto report = w.judged(sent, config);
    EXPECT_EQ(report.count(defect::altered), 1U) << report.text();
    EXPECT_EQ(report.examples().at(0).column, "city");
}

TEST(connector_limits, a_version_that_is_not_sent_proves_no_update)
{
    const world w;
    auto sent = w.stream();
    for (const auto* table : {"orders", "order_items", "users", "products"})
        each_row(sent, table, [](json& row) { row.erase("updated_at"); });
    const settings config{{"column.exclude.list", "demo\\..*\\.updated_at"}};
    const auto report = w.judged(sent, config);
    EXPECT_EQ(report.judge(), verify::verdict::not_proven) << report.text();
    EXPECT_EQ(report.count(defect::lost) + report.count(defect::altered) + report.count(defect::unknown), 0U)
        << report.text();
    // Inserts are known by their keys.
    const auto victim = std::ranges::find_if(sent, [](const told_message& m)
                                             { return m.table == "orders" && m.unit != no_unit && is_op(m, 'c'); });
    sent.erase(victim);
    EXPECT_EQ(w.judged(sent, config).judge(), verify::verdict::mismatch);
}

TEST(connector_limits, a_publication_is_named_with_what_it_leaves_out)
{
    const world w;
    const auto tables = w.shop->tables();
    postgres::publication_content facts{true, true, true, true, {}};
    for (const auto& t : tables)
        for (const auto& c : t.columns)
            facts.tables[std::string(t.name)].columns.emplace(c.name);
    EXPECT_TRUE(capture::limits_of(facts, "p", tables).tables.empty());
    EXPECT_TRUE(capture::limits_of(facts, "p", tables).columns.empty());
    auto lists = facts;
    lists.tables["users"].columns.erase("email");
    lists.tables["orders"].filtered = true;
    lists.tables.erase("events");
    lists.deletes = false;
    auto sent = w.stream();
    each_row(sent, "users", [](json& row) { row.erase("email"); });
    drop(sent, [](const told_message& m)
         { return m.table == "events" || is_op(m, 'd') || (m.table == "orders" && m.unit % 3 == 0); });
    const auto report = w.judged(sent, {}, capture::limits_of(lists, "p", tables));
    EXPECT_EQ(wrong_count(report), 0U) << report.text();
    for (const auto* line : {"table users, column email: not compared: by the column list of publication p",
                             "by the row filter of publication p", "by publication p, which does not have it",
                             "by publication p, which does not publish deletes"})
        EXPECT_NE(report.text().find(line), std::string::npos) << line << '\n' << report.text();
    EXPECT_EQ(w.judged(sent, {}).judge(), verify::verdict::mismatch);
}

TEST(connector_limits, a_part_of_the_tables_is_proven)
{
    world w;
    auto sent = w.stream();
    w.only = {"orders", "order_items"};
    auto report = w.judged(sent, {});
    EXPECT_EQ(report.judge(), verify::verdict::clean) << report.text();
    EXPECT_NE(report.text().find(", of tables orders, order_items alone"), std::string::npos) << report.text();
    // What is wrong elsewhere is nothing of it, and what is wrong there is found.
    drop(sent, [](const told_message& m) { return m.table == "events"; });
    report = w.judged(sent, {});
    EXPECT_EQ(report.judge(), verify::verdict::clean) << report.text();
    sent.erase(std::ranges::find_if(sent, [](const told_message& m)
                                    { return m.table == "order_items" && m.unit != no_unit; }));
    report = w.judged(sent, {});
    EXPECT_EQ(report.count(defect::lost), 1U) << report.text();
}

TEST(connector_limits, topics_are_found_where_they_are_routed)
{
    const world w;
    const auto topic = [&](const settings& more, std::string_view table)
    {
        const auto made = w.limits(connector_settings(more));
        for (const auto& [number, names] : made.topics)
            if (w.shop->tables()[number].name == table)
                return names.size() == 1 ? *names.begin() : fmt::format("{} names", names.size());
        return std::string("none");
    };
    EXPECT_EQ(topic({}, "orders"), "ecomm.demo.orders");
    EXPECT_EQ(topic({{"topic.delimiter", "-"}}, "orders"), "ecomm-demo-orders");
    EXPECT_EQ(
        *w.limits(connector_settings({{"topic.delimiter", "-"}, {"topic.transaction", "tx"}})).transactions.begin(),
        "ecomm-tx");
    const auto route = [](const std::string& regex, const std::string& to) {
        return transform("org.apache.kafka.connect.transforms.RegexRouter", {{"regex", regex}, {"replacement", to}});
    };
    EXPECT_EQ(topic(route("([^.]+)\\.([^.]+)\\.([^.]+)", "cdc_$3"), "orders"), "cdc_orders");
    EXPECT_EQ(topic(route("ecomm\\.demo\\.(.*)", "$1"), "order_items"), "order_items");
    EXPECT_EQ(*w.limits(connector_settings(route("ecomm\\.(.*)", "all.$1"))).transactions.begin(), "all.transaction");
    // Not the whole name: no match.
    EXPECT_EQ(topic(route("demo\\.(.*)", "$1"), "orders"), "ecomm.demo.orders");
    EXPECT_EQ(topic(transform("io.debezium.transforms.ByLogicalTableRouter",
                              {{"topic.regex", "(.*)\\.order.*"}, {"topic.replacement", "$1.sales"}}),
                    "order_items"),
              "ecomm.demo.sales");
    EXPECT_EQ(topic({{"topic.naming.strategy", "io.debezium.schema.SchemaRegexTopicNamingStrategy"},
                     {"topic.regex", "(.*)demo(.*)"},
                     {"topic.replacement", "$1shop$2"}},
                    "orders"),
              "ecomm.shop.orders");
    EXPECT_EQ(topic({{"topic.naming.strategy", "com.example.Mine"}}, "orders"), "0 names");
    // One whose place cannot be computed is said, not guessed.
    const auto odd = w.limits(connector_settings(route("(?<a>.*)", "x")));
    EXPECT_NE(odd.tables.at(0).find("regular expression (?<a>.*) is not understood"), std::string::npos);
}

TEST(java_regex, means_what_java_means_or_is_not_understood)
{
    const auto is = [](std::string_view expression, std::string_view text, bool any_case = false)
    {
        const auto regex = java_regex::read(expression, any_case);
        return regex ? regex->is(text) : std::nullopt;
    };
    EXPECT_EQ(is("demo.users", "demo.users"), true);
    EXPECT_EQ(is("users", "demo.users"), false);
    EXPECT_EQ(is("DEMO\\.Users", "demo.users", true), true);
    EXPECT_EQ(is("DEMO\\.Users", "demo.users"), false);
    EXPECT_EQ(is("(?i)DEMO.*", "demo.users"), true);
    EXPECT_EQ(is("\\Qdemo.users\\E", "demo.users"), true);
    EXPECT_EQ(is("\\Qdemo.users\\E", "demoxusers"), false);
    EXPECT_EQ(is("demo\\.(users|orders)", "demo.orders"), true);
    EXPECT_EQ(is("Gr..e_1\\.[a-z]+", "Größe_1.users"), true);
    EXPECT_EQ(is("[^.]+\\.\\w{5}", "demo.users"), true);
    EXPECT_EQ(is("demo\\.(?!users).*", "demo.users"), false);
    for (const auto* odd :
         {"a*+", "(?<=a)b", "(?<n>a)", "\\p{L}", "[a&&b]", "[a[b]]", "(", "a{2", "\\", "[]a]", "(?s)a"})
        EXPECT_EQ(is(odd, "a"), std::nullopt) << odd;
    const auto replaced = [](std::string_view expression, std::string_view by, std::string_view text)
    { return java_regex::read(expression)->replaced(text, by); };
    EXPECT_EQ(replaced("(.*)\\.(.*)", "$2-$1", "a.b"), "b-a");
    EXPECT_EQ(replaced("(a)", "$12", "a"), "a2");
    EXPECT_EQ(replaced("a", "\\$1", "a"), "$1");
    EXPECT_EQ(replaced("a", "$1", "a"), std::nullopt);
    EXPECT_EQ(replaced("a", "${n}", "a"), std::nullopt);
}

TEST(connector_topics, lists_are_split_as_their_readers_do)
{
    EXPECT_EQ(capture::expressions_of(" a.b , c\\,d{1\\,2},,e\\. "),
              (std::vector<std::string>{"a.b", "c,d{1,2}", "e\\."}));
    EXPECT_EQ(capture::words_of(" a, b ,,c"), (std::vector<std::string>{"a", "b", "c"}));
}

}  // namespace
}  // namespace bazaar::test
