// What the checker of scenario files takes, and the line that each mistake prints.

#include "bazaar/scenario/declared/check.hpp"

#include <charconv>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/io/scenario_file.hpp"

namespace bazaar::scenario::declared
{
namespace
{

using told_lines = std::vector<std::string>;
using texts = std::map<std::string, std::string, std::less<>>;

/// The text, in which a line "@20" is as many empty lines as make the next one line 20.
std::string lined(std::string_view text)
{
    std::string made;
    int line = 1;
    while (!text.empty())
    {
        const auto end = std::min(text.find('\n'), text.size());
        const auto one = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        int wanted = 0;
        if (one.starts_with('@'))
        {
            std::from_chars(one.data() + 1, one.data() + one.size(), wanted);
            for (; line < wanted; ++line)
                made += '\n';
            continue;
        }
        made += std::string(one) + '\n';
        ++line;
    }
    return made;
}

io::scenario_file checked(std::string_view text, texts files = {})
{
    files["s.yaml"] = lined(text);
    return io::read_scenario_text("s.yaml", files);
}

const std::string head = "bazaar: 1\nscenario: s\n";
const std::string tables =
    head + "tables:\n"
           "  customer: {to: kafka, key: id, seed: 3, columns: {id: {uuid: row}, email: {fake: email}}}\n"
           "  hotel: {to: kafka, key: id, seed: 3, columns: {id: {uuid: row}}}\n";
const std::string orders = tables + "  orders:\n"
                                    "    to: kafka\n"
                                    "    key: id\n"
                                    "    arrives: {rate: 1/s}\n"
                                    "    links: {customer: {to: customer}, hotel: {to: hotel}}\n"
                                    "    columns:\n"
                                    "      id: {uuid: row}\n";

struct mistake
{
    std::string text;
    std::string line;
};

TEST(declared_check, prints_the_lines_of_the_design)
{
    const std::vector<mistake> mistakes{
        {head + "@4\ntable: {}\n" + tables.substr(head.size()), "s.yaml:4:1: unknown key \"table\"; near: tables"},
        {tables + "  a:\n   arrives:\n    rate: 8/s\n    rate: 9/s\n   to: kafka\n   key: id\n"
                  "   columns: {id: {uuid: row}}\n",
         "s.yaml:9:5: \"rate\" stands twice, first in line 8"},
        {head + "tables:\n@12\n\tcustomer: {}\n", "s.yaml:12:1: a tab; indent with spaces"},
        {tables + "  a:\n   to: kafka\n   key: id\n   seed: 1\n   columns: {id: {uuid: row}}\n@14\n   kafka: {topic: "
                  "at this level or so, more is ordered}\n",
         "s.yaml:14:40: \"more is ordered\" is no key here; a comma ends a text inside {}: quote it"},
        {head + "tables:\n  customers: {to: kafka, key: id, seed: 3, columns: {id: {uuid: row}}}\n  orders:\n    to: "
                "kafka\n    key: id\n"
                "    arrives: {rate: 1/s}\n    columns: {id: {uuid: row}}\n    links:\n      cust:\n@20\n        to: "
                "custmers\n",
         "s.yaml:20:9: orders.links.cust.to: no table \"custmers\"; near: customers"},
        {orders + "@23\n      customer_mail: = custmer.email\n",
         "s.yaml:23:24: \"custmer.email\": no link \"custmer\"; links: customer, hotel"},
        {orders + "@25\n      their_email: = customer.mail\n", "s.yaml:25:22: customer.mail: no column; near: email"},
        {orders + "@28\n      total: = tax * 2\n      tax: = total + 1\n",
         "s.yaml:28:7: orders.total uses itself: total -> tax -> total"},
        {tables + "  orders:\n    to: kafka\n    key: id\n    columns: {id: {uuid: row}}\n    arrives:\n@31\n      "
                  "every: 10-15s\n",
         "s.yaml:31:14: every: \"10-15s\" is no duration or range; e.g. 10s..15s"},
        {tables + "  orders:\n    to: kafka\n    key: id\n    arrives: {rate: 1/s}\n    columns: {id: {uuid: row}}\n   "
                  " links:\n@33\n"
                  "      c: {alpha: 0.8, pick: zipf, to: customer}\n",
         "s.yaml:33:18: alpha: 0.8; must be from 1.01 to 10"},
        {tables + "  orders:\n    to: kafka\n    key: id\n    arrives: {rate: 1/s}\n    columns: {id: {uuid: row}}\n   "
                  " links:\n"
                  "      c:\n        to: customer\n@36\n        pick: zipff\n",
         "s.yaml:36:9: \"zipff\" is no way to pick; near: zipf"},
        {head + "tables:\n  hotel:\n    key: id\n    seed: 3\n    columns: {id: {uuid: row}, name: x}\n@40\n"
                "    changes: {renamed: {arrives: {every: 1h}, set: {name: y}}}\n",
         "s.yaml:40:5: hotel changes but has no version; add \"version: updated_at\" and that column"},
        {orders + "      status:\n@44\n        choice: {a: 0, b: 0}\n",
         "s.yaml:44:9: the weights of choice add up to 0"},
        {head + "tables:\n orders:\n   to: kafka\n   key: id\n   seed: 1\n   columns:\n    id: {uuid: row}\n@47\n    "
                "x: = 1 + 60s\n",
         "s.yaml:47:12: decimal + duration: a number and a span of time do not add"},
        {orders + "units:\n  sale:\n    arrives: {rate: 1/s}\n    rows:\n      - insert: lines\n@52\n        distinct: "
                  "product\n        times: 1..9\n",
         "s.yaml:52:9: distinct product: up to 9 of 3 rows can never be had"},
    };
    for (const auto& one : mistakes)
    {
        auto text = one.text;
        if (text.find("insert: lines") != text.npos)
            text.replace(text.find("  orders:\n"), text.find("units:") - text.find("  orders:\n"),
                         "  lines: {to: kafka, key: id, links: {product: {to: hotel}}, columns: {id: {uuid: row}}}\n");
        const auto found = checked(text);
        EXPECT_EQ(found.problems, told_lines{one.line}) << lined(text);
        EXPECT_FALSE(found.spec);
    }
}

/// A table of these lines, with what it needs besides.
std::string of_table(const std::string& lines)
{
    return tables + "  orders:\n    to: kafka\n    key: id\n@10\n" + lines;
}

const std::string plain_columns = "    columns: {id: {uuid: row}}\n";
const std::string plain_table = "    arrives: {rate: 1/s}\n" + plain_columns;

TEST(declared_check, prints_a_line_of_each_other_mistake)
{
    const std::vector<mistake> mistakes{
        {"bazaar: 1\n" + tables.substr(head.size()), "s.yaml:1:1: \"scenario\" is missing"},
        {"bazaar: 2\n" + tables.substr(10), "s.yaml:1:9: bazaar: 2; must be 1"},
        {of_table("    arrives: {rate: 1/s, every: 5s}\n" + plain_columns),
         "s.yaml:10:26: orders.arrives: \"rate\" and \"every\" exclude each other; take one of them"},
        {of_table("    arrives: {in: live}\n" + plain_columns),
         "s.yaml:10:14: orders.arrives: an arrival needs one of: rate, every, count"},
        {of_table("    links: {c: {to: hotel, alpha: 1.5}}\n" + plain_table),
         "s.yaml:10:28: orders.links.c: \"alpha\" does nothing here; it goes with \"pick: zipf\""},
        {of_table("    links: {c: {to: hotel, pick: zipf}}\n" + plain_table),
         "s.yaml:10:16: orders.links.c: \"alpha\" is missing; it is needed with \"pick: zipf\""},
        {of_table("    links: {c: {to: hotel, missing: 130%}}\n" + plain_table),
         "s.yaml:10:37: missing: \"130%\" is no share from 0 to 1; e.g. 30% or 0.3"},
        {tables + "@10\nclock: {zone: Europe/Berln}\n",
         "s.yaml:10:15: zone: \"Europe/Berln\" is no time zone; near: Europe/Berlin"},
        {tables + "@10\nclock: {hours: {shop: {mon-fri: '20:00-08:00'}}}\n",
         "s.yaml:10:33: mon-fri: \"20:00-08:00\" is no opening; e.g. 08:00-12:00, 13:00-20:00, each before the next "
         "and at most to 24:00"},
        {tables + "@10\nclock: {stages: {live: open, later: 1d}}\n",
         "s.yaml:10:18: clock.stages: \"live\" is open, but not the last; only the last stage has no end"},
        {of_table("    arrives: {count: 5}\n" + plain_columns),
         "s.yaml:10:15: orders.arrives: count has no end in the open stage live; take rate or every"},
        {of_table("    arrives: {rate: 1/s, hours: shp}\n" + plain_columns +
                  "clock: {hours: {shop: {mon: 08:00-09:00}}}\n"),
         "s.yaml:10:26: orders.arrives.hours: no hours \"shp\"; near: shop"},
        {of_table("    arrives: {rate: 1/s, windows: [strike]}\n" + plain_columns +
                  "clock: {windows: {strike: {each: 30d, for: 1d}}}\n"),
         "s.yaml:10:36: orders.arrives: window \"strike\" has no factor, so it does nothing here; give it times"},
        {tables + "@10\nsettings: {pace: {number: 5, from: 1, to: 3}}\n",
         "s.yaml:10:27: number: 5; must be from 1 to 3"},
        {of_table("    arrives: {rate: 1/s}\n@12\n    columns: {id: {uuid: row}, x: {int: 1..2, when: 5}}\n"),
         "s.yaml:12:53: orders.x.when: takes a boolean, not a decimal"},
        {of_table("    arrives: {rate: 1/s}\n@12\n    columns: {id: {uuid: row}, x: {is: 0.25, type: integer}}\n"),
         "s.yaml:12:52: orders.x: 2 digits behind the point do not fit integer; round() it"},
        {of_table("    arrives: {rate: 1/s}\n@12\n    columns: {id: {uuid: row}, x: {is: 1, type: number}}\n"),
         "s.yaml:12:49: orders.x: \"number\" is no type of a column; one of: boolean, smallint, integer, bigint, "
         "decimal(12,2), text, "
         "varchar(50), char(2), timestamp with time zone, date, json, uuid"},
        {tables + "@10\n  orders: {to: kafka, key: x, seed: 1, columns: {x: {fake: email}}}\n",
         "s.yaml:10:23: orders.key: column x names no row; a key is {uuid: row}, a sequence, or a column of rows_of "
         "whose values all differ"},
        {of_table(plain_table + "@13\n    vars: {n: {sequence: 'C{n}'}}\n"),
         "s.yaml:13:16: orders.vars.n: sequence is for columns; a var, a change or a part of a value has none"},
        {of_table("    arrives: {rate: 1/s}\n@12\n    columns: {id: {uuid: row}, x: {row_of: sizes}}\nlists: {sizes: "
                  "[S, M]}\n"),
         "s.yaml:12:36: orders.x: row_of is for vars; make a var of it, and take its columns as VAR.COLUMN"},
        {of_table("    links: {c: {to: hotel, pick: weighted, by: id}}\n" + plain_table),
         "s.yaml:10:44: orders.links.c.by: column id has no whole numbers"},
        {of_table("    links: {c: {to: hotel, pick: cause}}\n" + plain_table),
         "s.yaml:10:13: orders.links.c: \"pick: cause\" needs something that causes the row; orders comes by itself"},
        {of_table(plain_columns),
         "s.yaml:6:3: no row of orders is ever made; it needs arrives, seed, or a unit that inserts it"},
        {of_table(plain_table + "@13\nunits: {sale: {rows: [{insert: orders}]}}\n"),
         "s.yaml:13:9: unit sale never comes; it needs arrives or follows"},
        {of_table(plain_table + "@13\nunits: {hotel: {arrives: {rate: 1/s}, rows: [{insert: orders}]}}\n"),
         "s.yaml:13:9: unit \"hotel\" has the name of a table; each needs a name of its own"},
        {of_table("    links: {l: {to: later}}\n" + plain_table +
                  "  later: {to: kafka, key: id, seed: 1, columns: {id: {uuid: row}}}\n"),
         "s.yaml:10:13: orders.links: later stands behind orders; tables that others refer to come first"},
        {of_table("    arrives: {rate: 1/s}\n    columns: {id: {uuid: row}, state: new}\n    life:\n      column: "
                  "state\n      starts: new\n"
                  "      states:\n@16\n        new: [{to: old, chance: 80%, after: 1h}, {to: new, chance: 30%, after: "
                  "1h}]\n        old: []\n"),
         "s.yaml:16:9: orders.life.states: new: the chances add up to more than 100%"},
        {of_table("    arrives: {rate: 1/s}\n@12\n    columns: {id: {uuid: row}, x: {pattern: '[A-Z'}}\n"),
         "s.yaml:12:45: pattern: \"[A-Z\" is no pattern; e.g. [A-Z]{2}-[0-9]{4}"},
        {tables + "@10\nlists: {sizes: {S: 0, M: 0}}\n", "s.yaml:10:9: the weights of sizes add up to 0"},
        {of_table(plain_table +
                  "@13\nunits: {sale: {arrives: {rate: 1/s}, rows: [{insert: orders, take: {hotel.stock: 1}}]}}\n"),
         "s.yaml:13:69: sale.rows[1].take: no link \"hotel\"; there is none here"},
        {tables + "@10\nfiles: {menu: {csv: menu.csv}}\n",
         "s.yaml:10:21: files.menu: no file \"menu.csv\" beside the scenario file"},
        {tables + "@10\nkafka: {format: xml}\n", "s.yaml:10:9: \"xml\" is no form of records; near: json"},
        {of_table("    arrives: {rate: 1/s, speed: = pase}\n" + plain_columns + "settings: {pace: {number: 1}}\n"),
         "s.yaml:10:35: no name \"pase\"; near: pace"},
        {of_table("    arrives: {rate: 1/s}\n    version: id\n@12\n" + plain_columns),
         "s.yaml:11:5: orders.version: column id must be {time: now}"},
        {of_table("    arrives: {rate: 1/s}\n    seed: few\n" + plain_columns),
         "s.yaml:11:11: orders.seed: \"few\" is no number of rows; e.g. 1000, all, or = SETTING"},
        {of_table("    arrives: {rate: 1/s}\n@12\n    columns: {id: {uuid: row}, x: [1, 2]}\n"),
         "s.yaml:12:35: orders.x: a list where a value must stand; a constant, \"= EXPR\" or a generator {...}"},
        {of_table("    arrives: {rate: 1/s}\n@12\n    columns: {id: {uuid: row}, x: {is: = customer.email}}\n"),
         "s.yaml:12:42: \"customer.email\": no link \"customer\"; there is none here"},
    };
    for (const auto& one : mistakes)
        EXPECT_EQ(checked(one.text).problems, told_lines{one.line}) << lined(one.text);
    EXPECT_EQ(checked(orders).problems, told_lines{}) << "a control: what the mistakes are made in is right";
    EXPECT_EQ(checked(of_table(plain_table)).problems, told_lines{});
}

TEST(declared_check, tells_of_all_mistakes_at_once_in_the_order_of_the_file)
{
    const auto found = checked(orders + "      a: = custmer.email\n      b: {choice: {x: 0}}\n      c: = 1 + "
                                        "60s\nunits: {u: {arrives: {every: never}, rows: [{insert: ordrs}]}}\n"
                                        "tabels: {}\n");
    EXPECT_EQ(found.problems,
              (told_lines{"s.yaml:13:12: \"custmer.email\": no link \"custmer\"; links: customer, hotel",
                          "s.yaml:14:11: the weights of choice add up to 0",
                          "s.yaml:15:14: decimal + duration: a number and a span of time do not add",
                          "s.yaml:16:30: every: \"never\" is no duration or range; e.g. 10s..15s",
                          "s.yaml:16:46: u.rows[1].insert: no table \"ordrs\"; near: orders",
                          "s.yaml:17:1: unknown key \"tabels\"; near: tables"}));
}

TEST(declared_check, has_limits_and_says_what_a_plan_needs)
{
    std::string many = head + "tables:\n";
    for (int i = 0; i < 17; ++i)
        many += "  t" + std::to_string(i) + ": {to: kafka, key: id, seed: 1, columns: {id: {uuid: row}}}\n";
    EXPECT_EQ(checked(many).problems, told_lines{"s.yaml:20:3: 17 tables; 16 are the most"});
    std::string wide = of_table("    arrives: {rate: 1/s}\n    columns:\n      id: {uuid: row}\n");
    for (int i = 0; i < 100; ++i)
        wide += "      c" + std::to_string(i) + ": x\n";
    EXPECT_EQ(checked(wide).problems, told_lines{"s.yaml:6:3: orders has 101 columns; 100 are the most"});

    const std::string changing = head +
                                 "tables:\n  t:\n    key: id\n    version: at\n    arrives: {rate: 1/s}\n    columns: "
                                 "{id: {uuid: row}, at: {time: now}, n: {int: 1..2}}\n"
                                 "    changes: {c: {arrives: {rate: 1/s}, set: {n: {int: 1..2}}}}\n    remember: ";
    const auto small = checked(changing + "1000000\n");
    ASSERT_TRUE(small.spec) << small.problems.front();
    const auto bound = state_bound(*small.spec);
    EXPECT_GT(bound, 25U << 20 >> 1);
    EXPECT_LT(bound, 32U << 20);
    EXPECT_EQ(checked(changing + "100000000\n").problems,
              told_lines{"s.yaml:1:1: the planner may need 2.4 GiB; 256 MiB is the most: lower \"remember\" of "
                         "tables that change or are linked to"});
}

TEST(declared_check, lays_a_file_over_another_one)
{
    const texts base{{"base.yaml", orders + "settings: {pace: {number: 1, help: old}}\n"}};
    const std::string over = "bazaar: 1\nscenario: mine\nextends: base.yaml\nsettings: {pace: {help: new}}\ntables:\n  "
                             "orders: {arrives: {rate: 2/s}, "
                             "columns: {note: x}}\n";
    const auto found = checked(over, base);
    EXPECT_EQ(found.problems, told_lines{});
    ASSERT_TRUE(found.spec);
    EXPECT_EQ(found.spec->name, "mine");
    EXPECT_EQ(found.spec->settings.at(0).help, "new");
    EXPECT_EQ(found.spec->settings.at(0).initial, "1");
    EXPECT_EQ(found.spec->tables.at(2).arrives.at(0).rate, 2'000'000U);
    EXPECT_EQ(found.spec->tables.at(2).columns.back().name, "note");
    EXPECT_EQ(found.texts.size(), 2U);

    const auto without = checked(
        "bazaar: 1\nscenario: mine\nextends: base.yaml\ntables: {customer: ~, hotel: ~, nothing: ~}\n", base);
    EXPECT_EQ(without.problems,
              (told_lines{"s.yaml:4:33: no key \"nothing\" to take out",
                          "base.yaml:10:24: orders.links.customer.to: no table \"customer\"; near: orders",
                          "base.yaml:10:47: orders.links.hotel.to: no table \"hotel\"; near: orders"}));
    EXPECT_EQ(checked("bazaar: 1\nscenario: mine\nextends: bse.yaml\n", base).problems,
              told_lines{"s.yaml:3:10: extends: bse.yaml: there is no such file"});
    EXPECT_EQ(checked("bazaar: 1\nscenario: mine\nextends: s.yaml\n").problems,
              told_lines{"s.yaml:3:10: extends: s.yaml extends itself"});
}

}  // namespace
}  // namespace bazaar::scenario::declared
