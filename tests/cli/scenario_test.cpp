// Scenarios as the program lists them, and as a command line names them.

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/scenario/registry.hpp"
#include "cli/process.hpp"
#include "support/places.hpp"

namespace bazaar::test
{
namespace
{

using nlohmann::json;

/// Names of the flags of a scenario in docs/flags.md, whose heading names it only where there are several.
std::set<std::string> documented_fields(const std::string& scenario)
{
    std::ifstream file(source_dir() + "/docs/flags.md");
    std::set<std::string> names;
    bool there = false;
    for (std::string line; std::getline(file, line);)
    {
        if (line.starts_with("## "))
            there = line == "## Shop" || line == "## Shop of " + scenario;
        if (there && line.starts_with("| `--"))
            names.insert(line.substr(5, line.find_first_of(" `,", 5) - 5));
    }
    return names;
}

TEST(cli_scenarios, are_listed_for_programs)
{
    const auto left = bazaard({"scenario", "list", "--json"});
    ASSERT_EQ(left.status, 0) << left.err;
    const auto all = json::parse(left.out).at("scenarios");
    ASSERT_EQ(all.size(), scenario::registry().size());
    const auto& one = all[0];
    const auto& entry = scenario::default_entry();
    EXPECT_EQ(one.at("name"), "thelook");
    EXPECT_EQ(one.at("default"), true);
    EXPECT_EQ(one.at("version"), entry.version);
    ASSERT_EQ(one.at("tables").size(), entry.tables.size());
    for (std::size_t i = 0; i < entry.tables.size(); ++i)
        EXPECT_EQ(one["tables"][i], entry.tables[i].name);
    std::set<std::string> names;
    for (const auto& field : one.at("fields"))
        names.insert(field.at("name").get<std::string>());
    EXPECT_GT(names.size(), 10U);
    EXPECT_EQ(names, documented_fields("thelook"));
    const auto& rate = one["fields"][0];
    EXPECT_EQ(rate["name"], "avg-qps");
    EXPECT_EQ(rate["default"], "20");
    EXPECT_EQ(rate["range"], "from 0.000001 to 100000");
    EXPECT_EQ(rate["steerable"], true);
    EXPECT_EQ(one["fields"][1]["steerable"], false) << one["fields"][1];
    EXPECT_EQ(one.at("seed_files").size(), entry.files.size());
}

TEST(cli_scenarios, are_listed_for_people)
{
    const auto left = bazaard({"scenario", "list"});
    ASSERT_EQ(left.status, 0) << left.err;
    EXPECT_TRUE(left.out.starts_with(
        fmt::format("thelook, version {}, the default\n  tables: dist_centers, ", scenario::find("thelook")->version)))
        << left.out;
    for (const auto& name : documented_fields("thelook"))
        EXPECT_NE(left.out.find("\n    --" + name + ' '), std::string::npos) << name;
}

TEST(cli_scenarios, need_the_word_list)
{
    const auto bare = bazaard({"scenario"});
    EXPECT_EQ(bare.status, 64);
    EXPECT_NE(bare.err.find("scenario: needs a word: list, check, show, new"), std::string::npos) << bare.err;
    const auto wrong = bazaard({"scenario", "lists"});
    EXPECT_EQ(wrong.status, 64);
    EXPECT_NE(wrong.err.find("scenario: lists is none of list, check, show, new"), std::string::npos) << wrong.err;
}

/// A folder for scenario files, gone afterwards.
class scenario_folder
{
public:
    scenario_folder()
    {
        if (::mkdtemp(path_.data()) == nullptr)
            throw std::runtime_error("mkdtemp");
    }
    ~scenario_folder() { std::filesystem::remove_all(path_); }
    scenario_folder(const scenario_folder&) = delete;
    scenario_folder& operator=(const scenario_folder&) = delete;

    /// Writes a file, and answers with its path.
    [[nodiscard]] std::string write(const std::string& name, const std::string& text) const
    {
        const auto path = path_ + '/' + name;
        std::ofstream(path) << text;
        return path;
    }

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_ = (std::filesystem::temp_directory_path() / "scenarios-XXXXXX").string();
};

const std::string small_shop =
    "bazaar: 1\nscenario: small\nfiles: {menu: {csv: menu.csv}}\ntables:\n"
    "  dish: {to: [postgres, kafka], key: id, version: at, seed: all, rows_of: menu, columns: {id: = menu.id, price: = "
    "menu.price, at: {time: now}}}\n"
    "  sale: {key: id, arrives: {rate: 1/s}, links: {dish: {to: dish}}, columns: {id: {uuid: row}, dish: = dish.id}}\n";

TEST(cli_scenarios, in_files_are_checked_and_shown)
{
    const scenario_folder folder;
    static_cast<void>(folder.write("menu.csv", "id,price\nA1,4.99\nA2,5.50\n"));
    const auto right = folder.write("right.yaml", small_shop);
    const auto good = bazaard({"scenario", "check", right});
    EXPECT_EQ(good.status, 0) << good.out << good.err;
    EXPECT_TRUE(good.out.starts_with(right + ": right: 2 tables, 0 units; a planner needs up to ")) << good.out;

    auto text = small_shop;
    text.replace(text.find("rate: 1/s"), 9, "rate: 1/y");
    text.replace(text.find("= dish.id"), 9, "= dsh.id ");
    const auto wrong = folder.write("wrong.yaml", text);
    const auto bad = bazaard({"scenario", "check", right, wrong});
    EXPECT_EQ(bad.status, 65);
    EXPECT_NE(bad.out.find(wrong + ":6:35: rate: \"1/y\" is no rate; e.g. 8/s, 500/h\n"), bad.out.npos) << bad.out;
    EXPECT_NE(bad.out.find(": \"dsh.id\": no link \"dsh\"; links: dish\n"), bad.out.npos) << bad.out;
    EXPECT_NE(bad.out.find(right + ": right"), bad.out.npos) << "each file is told of";

    const auto shown = bazaard({"scenario", "show", right});
    EXPECT_EQ(shown.status, 0) << shown.out << shown.err;
    EXPECT_NE(shown.out.find("dish (PostgreSQL, then Kafka)\n"), shown.out.npos) << shown.out;
    EXPECT_NE(shown.out.find("dish: json records dish, key id, 1 partition\n"), shown.out.npos) << shown.out;
    const auto tables = bazaard({"scenario", "show", right, "--tables"});
    EXPECT_EQ(tables.out.find("json records"), tables.out.npos) << tables.out;
    // What cannot be planned yet is told by whoever checks, as by whoever plans.
    const auto ahead = folder.write("ahead.yaml", "bazaar: 1\nscenario: small\ntables:\n"
                                                  "  things: {key: id, seed: 9, columns: {id: {uuid: row}}}\n"
                                                  "units:\n  one: {arrives: {rate: 1/s}, rows: [{insert: things}]}\n");
    const auto refused = bazaard({"scenario", "check", ahead});
    EXPECT_EQ(refused.status, 65);
    EXPECT_NE(refused.out.find(":4:3: things: rows of T0 are not made by the unit one; one of both\n"),
              std::string::npos)
        << refused.out;
    EXPECT_EQ(refused.out.find("right"), std::string::npos) << refused.out;
    const auto planned = bazaard({"plan", "--scenario", ahead, "--units", "0..1"});
    EXPECT_EQ(planned.status, 65);
    EXPECT_NE(planned.err.find(refused.out), std::string::npos) << planned.err;
    EXPECT_EQ(bazaard({"scenario", "check", folder.path() + "/none.yaml"}).status, 66);
    EXPECT_EQ(bazaard({"scenario", "check"}).status, 64);
}

const std::vector<std::string> plan_words{"plan", "--seed", "3", "--start-time", "2026-03-01", "--units", "0..40"};

std::vector<std::string> together(std::vector<std::string> a, const std::vector<std::string>& b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

TEST(cli_scenarios, in_files_are_planned)
{
    const scenario_folder folder;
    static_cast<void>(folder.write("menu.csv", "id,price\nA1,4.99\nA2,5.50\n"));
    auto text = small_shop;
    text.replace(text.find("files:"), 6, "settings: {pace: {number: 1, from: 1, to: 9, help: how fast}}\nfiles:");
    text.replace(text.find("{rate: 1/s}"), 11, "{rate: 1/s, speed: = pace}");
    const auto file = folder.write("shop.yaml", text);
    const auto once = bazaard(together(plan_words, {"--scenario", file}));
    EXPECT_EQ(once.status, 0) << once.err;
    EXPECT_NE(once.out.find("insert dish"), once.out.npos) << once.out;
    EXPECT_NE(once.out.find("insert dish_topic"), once.out.npos) << "records for Kafka are plan_words, too";
    EXPECT_NE(once.out.find("insert sale"), once.out.npos) << once.out;
    EXPECT_EQ(bazaard(together(plan_words, {"--scenario", file})).out, once.out);
    // Its settings are flags; with one of them nothing goes to Kafka.
    EXPECT_NE(bazaard(together(plan_words, {"--scenario", file, "--pace", "3"})).out, once.out);
    const auto fast = bazaard(together(plan_words, {"--scenario", file, "--pace", "10"}));
    EXPECT_EQ(fast.status, 64);
    EXPECT_NE(fast.err.find("--pace 10: must be a whole number from 1 to 9"), fast.err.npos) << fast.err;
    const auto alone = bazaard(together(plan_words, {"--scenario", file, "--sink", "postgres"}));
    EXPECT_EQ(alone.status, 0) << alone.err;
    EXPECT_EQ(alone.out.find("dish_topic"), alone.out.npos) << alone.out;
    const auto help = bazaard({"plan", "--scenario", file, "--help"});
    EXPECT_NE(help.out.find("--pace"), help.out.npos) << help.out;
    const auto sample = bazaard({"scenario", "show", file, "--sample", "2"});
    EXPECT_EQ(sample.status, 0) << sample.err;
    EXPECT_NE(sample.out.find("\"A2\""), sample.out.npos) << sample.out;
}

/// The schemas behind lines that name their topics.
std::vector<nlohmann::json> schemas_in(const std::string& text)
{
    std::vector<nlohmann::json> made;
    for (auto at = text.find("-- topic "); at != text.npos; at = text.find("-- topic ", at + 1))
    {
        const auto begin = text.find('\n', at);
        made.push_back(nlohmann::json::parse(text.substr(begin, text.find("\n-- topic ", begin) - begin)));
    }
    return made;
}

TEST(cli_scenarios, in_files_have_schemas)
{
    const scenario_folder folder;
    static_cast<void>(folder.write("menu.csv", "id,price\nA1,4.99\nA2,5.50\n"));
    const auto file = folder.write("shop.yaml", small_shop);
    const auto shown = bazaard({"scenario", "show", file, "--schemas"});
    ASSERT_EQ(shown.status, 0) << shown.err;
    EXPECT_TRUE(shown.out.starts_with("CREATE TABLE \"small\".dish (\n")) << shown.out;
    EXPECT_NE(shown.out.find("CREATE TABLE \"small\".sale ("), shown.out.npos) << shown.out;
    const auto schemas = schemas_in(shown.out);
    ASSERT_EQ(schemas.size(), 1U) << shown.out;
    EXPECT_EQ(schemas.front()["title"], "dish") << schemas.front();
    const auto& fields = schemas.front()["properties"];
    ASSERT_EQ(fields.size(), 3U) << schemas.front();
    EXPECT_EQ(fields["id"]["type"], "string") << schemas.front();
    EXPECT_EQ(fields["price"]["type"], "number") << schemas.front();
    EXPECT_EQ(fields["at"]["format"], "date-time") << schemas.front();
    const auto sent = folder.write("sent.yaml", "kafka: {format: protobuf, package: org.small}\n" + small_shop);
    const auto message = bazaard({"scenario", "show", sent, "--schemas"}).out;
    EXPECT_NE(message.find("-- topic dish, Protobuf, key id\nsyntax = \"proto3\";\n\npackage org.small;\n"),
              message.npos)
        << message;
    EXPECT_NE(message.find("  google.protobuf.Timestamp at = 3;\n"), message.npos) << message;
    // What may be missing is null unless said.
    const auto hotels = schemas_in(bazaard({"scenario", "show", "river-hotel", "--schemas"}).out);
    ASSERT_EQ(hotels.size(), 3U);
    const auto& check_in = hotels[1]["fields"][3];
    EXPECT_EQ(check_in["name"], "check_in") << hotels[1];
    EXPECT_EQ(check_in["type"][0], "null") << hotels[1];
    EXPECT_EQ(check_in["type"][1]["logicalType"], "local-timestamp-millis") << hotels[1];
    EXPECT_TRUE(check_in.contains("default") && check_in["default"].is_null()) << hotels[1];
}

TEST(cli_scenarios, in_files_draw_what_they_say)
{
    const scenario_folder folder;
    static_cast<void>(folder.write("menu.csv", "id,price\nA1,4.99\nA2,5.50\n"));
    const auto file = folder.write("shop.yaml", small_shop);
    const auto told = bazaard({"scenario", "show", file, "--distributions", "--sample", "2000"});
    EXPECT_EQ(told.status, 0) << told.out << told.err;
    EXPECT_TRUE(told.out.starts_with("small: 2000 arrivals")) << told.out;
    EXPECT_NE(told.out.find("fits       sale arrives gaps"), told.out.npos) << told.out;
    EXPECT_NE(told.out.find("\n2 fit, 0 fail, 0 are not tested"), told.out.npos) << told.out;
    const auto document = nlohmann::json::parse(
        bazaard({"scenario", "show", file, "--distributions", "--sample", "2000", "--json"}).out);
    EXPECT_EQ(document["fits"], true) << document;
    EXPECT_EQ(document["distributions"].size(), 2U) << document;
    EXPECT_EQ(document["distributions"][1]["what"], "sale.dish") << document;
}

TEST(cli_scenarios, in_files_that_cannot_be_planned_are_refused_with_their_places)
{
    const scenario_folder folder;
    const auto file = folder.write(
        "up.yaml", "bazaar: 1\nscenario: up\ntables:\n  users:\n    key: id\n    version: at\n"
                   "    seed: 9\n    columns: {id: {uuid: row}, n: few, at: {time: now}}\n"
                   "    changes:\n      up: {arrives: {rate: 1/s}, set: {n: \"= if(n = 'few', 'many', 'few')\"}}\n");
    const auto refused = bazaard(together(plan_words, {"--scenario", file}));
    EXPECT_EQ(refused.status, 65) << refused.out << refused.err;
    EXPECT_NE(
        refused.err.find(file + ":10:40: users.changes.up.set.n: a text that is set is made of columns that stay"),
        refused.err.npos)
        << refused.err;

    static_cast<void>(folder.write("menu.csv", "id,price\nA1,4.99\n"));
    auto text = small_shop;
    text.replace(text.find("= dish.id"), 9, "= dsh.id ");
    const auto wrong = bazaard(together(plan_words, {"--scenario", folder.write("wrong.yaml", text)}));
    EXPECT_EQ(wrong.status, 65);
    EXPECT_NE(wrong.err.find("wrong.yaml:6:"), wrong.err.npos) << wrong.err;
    EXPECT_EQ(bazaard(together(plan_words, {"--scenario", folder.path() + "/none.yaml"})).status, 66);

    // Names that the program has already.
    text = small_shop;
    text.replace(text.find("scenario: small"), 15, "scenario: thelook");
    const auto taken = bazaard(together(plan_words, {"--scenario", folder.write("taken.yaml", text)}));
    EXPECT_EQ(taken.status, 65);
    EXPECT_NE(taken.err.find("thelook is one of the program"), taken.err.npos) << taken.err;
    text = small_shop;
    text.replace(text.find("files:"), 6, "settings: {workers: {number: 1, from: 1, to: 9}}\nfiles:");
    const auto flag = bazaard(together(plan_words, {"--scenario", folder.write("flag.yaml", text)}));
    EXPECT_EQ(flag.status, 65);
    EXPECT_NE(flag.err.find("settings.workers: --workers is a flag of the program"), flag.err.npos) << flag.err;
}

TEST(cli_scenarios, that_are_shipped_are_planned_by_name)
{
    for (const auto* name : {"smoothie-shop", "river-hotel", "correlated-ecommerce"})
    {
        const auto left = bazaard(together(plan_words, {"--scenario", name}));
        EXPECT_EQ(left.status, 0) << name << left.err;
        EXPECT_NE(left.out.find("unit 40"), left.out.npos) << name << left.out;
    }
}

TEST(cli_scenarios, begin_with_a_file_that_extends_another)
{
    const scenario_folder folder;
    static_cast<void>(folder.write("menu.csv", "id,price\nA1,4.99\n"));
    const auto base = folder.write("base.yaml", small_shop);
    const auto name = std::string("begun-by-a-test");
    const auto file = name + ".yaml";
    std::filesystem::remove(file);
    const auto made = bazaard({"scenario", "new", name, "--from", base});
    EXPECT_EQ(made.status, 0) << made.out << made.err;
    const auto checked = bazaard({"scenario", "check", "./" + file});
    EXPECT_EQ(checked.status, 0) << checked.out << checked.err;
    EXPECT_EQ(bazaard({"scenario", "new", name, "--from", base}).status, 73) << "what is there stays";
    std::filesystem::remove(file);
    EXPECT_EQ(bazaard({"scenario", "new", "Mine", "--from", base}).status, 64);
}

const std::string theirs = source_dir() + "/tests/scenarios/testdatapy/ecommerce-correlated.yaml";

TEST(cli_scenarios, of_testdatapy_are_taken_as_they_stand)
{
    const auto checked = bazaard({"scenario", "check", theirs});
    EXPECT_EQ(checked.status, 0) << checked.out << checked.err;
    EXPECT_NE(checked.out.find(theirs + ":63:9: note: payments.relationships.order_id: is kept"), checked.out.npos)
        << checked.out;
    EXPECT_NE(checked.out.find(theirs + ": right: 3 tables, 0 units"), checked.out.npos) << checked.out;
    const auto tables = bazaard({"scenario", "show", theirs, "--tables"});
    EXPECT_EQ(tables.status, 0) << tables.err;
    EXPECT_NE(tables.out.find("payments (as --sink says)\n"), tables.out.npos) << tables.out;
    const auto topics = bazaard({"scenario", "show", theirs, "--topics"});
    EXPECT_NE(topics.out.find("orders: json records orders, key order_id, 1 partition"), topics.out.npos) << topics.out;
    const auto planned = bazaard(together(plan_words, {"--scenario", theirs}));
    EXPECT_EQ(planned.status, 0) << planned.err;
    EXPECT_NE(planned.out.find("insert customers  customer_id=\"CUST_0001\""), planned.out.npos) << planned.out;
    EXPECT_NE(planned.out.find("insert orders  order_id=\"ORDER_00001\""), planned.out.npos) << planned.out;
    const auto sent = bazaard(together(plan_words, {"--scenario", theirs, "--sink", "kafka"}));
    EXPECT_EQ(sent.status, 0) << sent.err;
    EXPECT_EQ(sent.out.find("planned_at"), sent.out.npos) << "a column of tables alone";

    const scenario_folder folder;
    std::ostringstream text;
    text << std::ifstream(theirs).rdbuf();
    auto wrong = text.str();
    wrong.replace(wrong.find("type: float"), 11, "type: flot ");
    const auto refused = bazaard({"scenario", "check", folder.write("wrong.yaml", wrong)});
    EXPECT_EQ(refused.status, 65);
    EXPECT_NE(
        refused.out.find("wrong.yaml:51:15: orders.derived_fields.total_amount.type: \"flot\" is no type of a field; "
                         "near: float"),
        refused.out.npos)
        << refused.out;
}

TEST(cli_scenarios, of_testdatapy_are_written_anew)
{
    const auto name = std::string("anew-by-a-test");
    const auto file = name + ".yaml";
    std::filesystem::remove(file);
    const auto made = bazaard({"scenario", "new", name, "--from", theirs});
    EXPECT_EQ(made.status, 0) << made.out << made.err;
    const auto checked = bazaard({"scenario", "check", "./" + file});
    EXPECT_EQ(checked.status, 0) << checked.out << checked.err;
    EXPECT_EQ(checked.out.find("note:"), checked.out.npos) << "it is one of ours: " << checked.out;
    // The same shop: what is planned is the same.
    EXPECT_EQ(bazaard(together(plan_words, {"--scenario", "./" + file})).out,
              bazaard(together(plan_words, {"--scenario", theirs})).out);
    std::filesystem::remove(file);
    EXPECT_EQ(bazaard({"scenario", "new", name}).status, 64);
    EXPECT_EQ(bazaard({"scenario", "new", name, "smoothie-shop"}).status, 64);
}

TEST(cli_scenarios, of_an_unknown_name_are_refused)
{
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"plan", "--seed", "7"}, {"run"}, {"cdc", "setup"}, {"topics", "check"}, {"verify", "tables"}})
    {
        auto line = words;
        line.insert(line.end(), {"--scenario", "theloko"});
        const auto left = bazaard(line);
        EXPECT_EQ(left.status, 64) << left.err;
        EXPECT_NE(left.err.find("--scenario theloko: must be one of: thelook, correlated-ecommerce, river-hotel, "
                                "smoothie-shop; or a file, such as ./mine.yaml; "
                                "did you mean thelook?"),
                  std::string::npos)
            << left.err;
    }
    const auto named = bazaard({"plan", "--seed", "7", "--start-time", "2025-01-01", "--scenario", "thelook"});
    EXPECT_EQ(named.status, 0) << named.err;
    EXPECT_EQ(named.out, bazaard({"plan", "--seed", "7", "--start-time", "2025-01-01"}).out);
    EXPECT_GT(named.out.size(), 100U);
}

}  // namespace
}  // namespace bazaar::test
