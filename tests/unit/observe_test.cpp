// What a daemon serves: who may ask for what, limits of the server, control sockets; without a run.

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/base/error.hpp"
#include "bazaar/base/random.hpp"
#include "bazaar/daemon/opening.hpp"
#include "bazaar/daemon/report.hpp"
#include "bazaar/observe/control_socket.hpp"
#include "bazaar/observe/handler.hpp"
#include "bazaar/observe/metrics.hpp"
#include "bazaar/observe/page.hpp"
#include "bazaar/observe/server.hpp"
#include "bazaar/scenario/registry.hpp"
#include "support/contents.hpp"
#include "support/demo_scenario.hpp"
#include "support/places.hpp"

namespace bazaar::observe
{
namespace
{

using nlohmann::json;
using namespace std::chrono_literals;

const std::string token = "a token that nobody guesses";

snapshot some_snapshot()
{
    snapshot s;
    s.version = "0.1.0";
    s.now = state::running;
    s.ready = true;
    s.run = "main";
    s.schema = "demo";
    s.seed = 18'446'744'073'709'551'615U;
    s.start = time{0};
    s.figures = {{"rows", "users", 7}, {"orders", "Shipped", 2}};
    s.settings = {{"avg-qps", "20"}};
    s.slots = {{"odd \xff name", true, 5}};
    s.pace = "avg-qps";
    s.shown = scenario::default_entry().shown;
    s.sales = {{7, "an-id", time{0}, {"Brasil", std::int64_t{2}, "12.30"}}};
    s.happenings = {{1, time{0}, "lost", "the server is away"}};
    return s;
}

/// A handler that remembers what it was told.
struct desk
{
    std::vector<order> orders;
    obeyed result;
    std::optional<std::string> secret = token;
    handler made{{[] { return some_snapshot(); },
                  [this](const order& given)
                  {
                      orders.push_back(given);
                      return result;
                  },
                  token,
                  {"shop.example"}}};
};

question get(std::string path)
{
    question q;
    q.method = "GET";
    q.path = std::move(path);
    q.host = "localhost:9187";
    return q;
}

question post(std::string body)
{
    auto q = get("/control");
    q.method = "POST";
    q.authorization = "Bearer " + token;
    q.content_type = "application/json";
    q.body = std::move(body);
    return q;
}

TEST(Handler, AnswersWhatItHas)
{
    desk d;
    for (const char* path : {"/livez", "/healthz", "/readyz", "/status"})
    {
        const auto found = d.made(get(path));
        EXPECT_EQ(found.status, 200U) << path;
        EXPECT_TRUE(json::parse(found.body).is_object()) << path;
    }
    const auto status = json::parse(d.made(get("/status")).body);
    EXPECT_EQ(status["run"]["seed"], "18446744073709551615") << "a double would lose digits";
    EXPECT_EQ(status["figures"]["orders"]["Shipped"], 2);
    EXPECT_EQ(d.made(get("/")).status, 404U);
    d.made.page("/", "text/html", "<p>");
    EXPECT_EQ(d.made(get("/")).type, "text/html");
}

TEST(Status, ShowsSalesAndPaceAsTheScenarioHasThem)
{
    auto s = some_snapshot();
    const auto of_shop = json::parse(status_json(s));
    EXPECT_EQ(of_shop["rate"]["setting"], "avg-qps");
    EXPECT_EQ(of_shop["shown"]["title"], "Latest orders");
    EXPECT_EQ(of_shop["shown"]["columns"].size(), 3U);
    auto sale = of_shop["sales"][0];
    sale.erase("at");
    EXPECT_EQ(sale, json::parse(R"({"id": "an-id", "country": "Brasil", "items": 2, "amount": "12.30"})"));
    EXPECT_NE(metrics_text(s).find("\nbazaard_users 7\n"), std::string::npos);
    // Of one that sells other things, and one that sells nothing.
    constexpr std::array columns{scenario::sale_column{"where", "Site"}};
    s.shown = {.title = "Latest readings", .id = "Reading", .columns = columns, .people = "staff"};
    const auto of_lab = json::parse(status_json(s));
    EXPECT_EQ(of_lab["shown"]["columns"], json::parse(R"([{"key": "where", "title": "Site", "number": false}])"));
    EXPECT_EQ(of_lab["sales"][0]["where"], "Brasil");
    EXPECT_EQ(of_lab["sales"][0].size(), 3U);
    EXPECT_EQ(metrics_text(s).find("bazaard_users"), std::string::npos) << "users are no staff";
    s.shown = {};
    s.sales.clear();
    s.pace.clear();
    const auto of_none = json::parse(status_json(s));
    EXPECT_EQ(of_none["shown"], json::parse(R"({"title": "", "id": "", "columns": []})"));
    EXPECT_EQ(of_none["sales"], json::array());
    EXPECT_TRUE(of_none["rate"]["setting"].is_null());
    EXPECT_EQ(metrics_text(s).find("bazaard_users"), std::string::npos);
}

TEST(Handler, RefusesAsJsonAndChangesNothing)
{
    desk d;
    const auto status = [&](const question& q)
    {
        const auto found = d.made(q);
        EXPECT_TRUE(json::parse(found.body).contains("error")) << found.body;
        EXPECT_EQ(found.body.find(token), std::string::npos);
        return found.status;
    };
    auto q = get("/nothing");
    EXPECT_EQ(status(q), 404U);
    q = get("/status");
    q.method = "DELETE";
    EXPECT_EQ(status(q), 405U);
    q = get("/control");
    EXPECT_EQ(status(q), 405U);
    q = post(R"({"verb":"pause"})");
    q.authorization.clear();
    EXPECT_EQ(status(q), 401U);
    q.authorization = "Basic " + token;
    EXPECT_EQ(status(q), 401U);
    q.authorization = "Bearer ";
    EXPECT_EQ(status(q), 401U);
    for (const auto& wrong : {token + "x", token.substr(1), std::string("A") + token.substr(1)})
    {
        q.authorization = "Bearer " + wrong;
        EXPECT_EQ(status(q), 403U) << wrong;
    }
    q = post(R"({"verb":"pause"})");
    q.content_type = "text/plain";
    EXPECT_EQ(status(q), 415U) << "what a form of somebody else's page can send";
    for (const char* body :
         {"", "null", "[]", "{}", "{\"verb\":1}", "{\"verb\":\"stop\"}", "{\"verb\":\"pause\",\"more\":1}",
          "{\"verb\":\"pause\",\"settings\":{\"avg-qps\":1}}", "{\"verb\":\"set\"}",
          "{\"verb\":\"set\",\"settings\":{}}", "{\"verb\":\"set\",\"settings\":{\"avg-qps\":null}}",
          "{\"verb\":\"set\",\"settings\":{\"avg-qps\":[1]}}", "{\"verb\":\"pause\"", "\xff",
          "{\"verb\":\"drain\",\"verb\":\"pause\"}", "{\"verb\":\"set\",\"settings\":{\"avg-qps\":1,\"avg-qps\":2}}"})
        EXPECT_EQ(status(post(body)), 400U) << body;
    EXPECT_TRUE(d.orders.empty());
    handler reads_only({[] { return some_snapshot(); }, [](const order&) { return obeyed{}; }, std::nullopt, {}});
    EXPECT_EQ(reads_only(post(R"({"verb":"pause"})")).status, 403U);
}

TEST(Handler, TakesOrdersWithTheTokenOrThroughTheSocket)
{
    desk d;
    EXPECT_EQ(d.made(post(R"({"verb":"set","settings":{"avg-qps":50,"erase-prob":"0.1"}})")).status, 202U);
    ASSERT_EQ(d.orders.size(), 1U);
    EXPECT_EQ(d.orders[0].settings.at(0), (std::pair<std::string, std::string>("avg-qps", "50")));
    EXPECT_EQ(d.orders[0].settings.at(1).second, "0.1");
    for (const auto& [number, text] : std::map<std::string, std::string>{{"0.000001", "0.000001"},
                                                                         {"1e-6", "0.000001"},
                                                                         {"2.5e3", "2500"},
                                                                         {"1E5", "100000"},
                                                                         {"7", "7"},
                                                                         {"-0.5", "-0.5"}})
    {
        EXPECT_EQ(d.made(post(R"({"verb":"set","settings":{"avg-qps":)" + number + "}}")).status, 202U) << number;
        EXPECT_EQ(d.orders.back().settings.at(0).second, text);
    }
    auto q = post(R"({"verb":"drain"})");
    q.authorization.clear();
    q.host.reset();
    q.local = true;
    EXPECT_EQ(d.made(q).status, 202U);
    EXPECT_EQ(d.orders.back().what, verb::drain);
    d.result = {422, {"no"}};
    EXPECT_EQ(d.made(post(R"({"verb":"pause"})")).status, 422U);
}

TEST(Handler, AnswersNoNameThatCouldBeSomebodyElses)
{
    desk d;
    for (const char* host :
         {"localhost", "LOCALHOST:1", "127.0.0.1:9187", "[::1]:9187", "bazaard:9187", "10.1.2.3", "shop.example:9187",
          "Shop.Example", "localhost.", "shop.example.:80", "[::ffff:127.0.0.1]", "bazaard_1", "localhost:"})
    {
        auto q = get("/status");
        q.host = host;
        EXPECT_EQ(d.made(q).status, 200U) << host;
    }
    for (const char* host : {"",
                             "evil.example",
                             "evil.example:9187",
                             "127.0.0.1.evil.example",
                             "shop.example.evil.com",
                             "[::1",
                             "localhost:80@evil.com",
                             "a b",
                             "evil.example.",
                             "[127.0.0.1]evil.com",
                             "[::1]evil.com",
                             "[::1]:80evil.com",
                             "[127.0.0.1]",
                             "[localhost]",
                             "[evil.com]",
                             "[]",
                             "::1",
                             "127.0.0.1:80:90",
                             "localhost:x",
                             "127.1",
                             ".",
                             "..",
                             "a..b",
                             "localhost,evil.com",
                             "evil%2ecom",
                             "localhost/../evil.com",
                             "\xe9vil"})
    {
        auto q = get("/status");
        q.host = host;
        EXPECT_EQ(d.made(q).status, 421U) << host;
    }
}

TEST(Handler, TakesSchemesAndMediaTypesInAnyCase)
{
    desk d;
    auto q = post(R"({"verb":"pause"})");
    for (const std::string scheme : {"Bearer ", "bearer ", "BEARER ", "bEaReR   "})
    {
        q.authorization = scheme + token;
        EXPECT_EQ(d.made(q).status, 202U) << scheme;
    }
    for (const std::string& wrong :
         {"Bearer" + token, "Bearers " + token, token, std::string("Bearer"), std::string("Bearer "), "Basic " + token})
    {
        q.authorization = wrong;
        EXPECT_EQ(d.made(q).status, 401U) << wrong;
    }
    q.authorization = "Bearer " + token;
    for (const char* type : {"application/json", "Application/JSON", "application/json; charset=utf-8",
                             "APPLICATION/JSON ;charset=\"UTF-8\"", "application/json;"})
    {
        q.content_type = type;
        EXPECT_EQ(d.made(q).status, 202U) << type;
    }
    for (const char* type : {"", ";", "application/jsonx", "application/json x", "text/plain; application/json",
                             "application/vnd.api+json", "application/ json"})
    {
        q.content_type = type;
        EXPECT_EQ(d.made(q).status, 415U) << type;
    }
}

TEST(Handler, ReadsTargetsOfAllForms)
{
    const auto shown = [](std::string_view text)
    {
        const auto found = read_target(text);
        return found ? std::string(found->path) + '|' + std::string(found->authority.value_or("-")) : std::string();
    };
    EXPECT_EQ(shown("/livez"), "/livez|-");
    EXPECT_EQ(shown("/livez?a=b?c"), "/livez|-");
    EXPECT_EQ(shown("*"), "*|-");
    EXPECT_EQ(shown("http://shop:9187/livez?x"), "/livez|shop:9187");
    EXPECT_EQ(shown("HTTP://shop"), "/|shop");
    EXPECT_EQ(shown("http://shop?x"), "/|shop");
    EXPECT_EQ(shown("http:///livez"), "/livez|");
    EXPECT_EQ(shown("//evil.com/livez"), "//evil.com/livez|-") << "a path";
    for (const char* text : {"", "livez", "shop:80", "https://shop/livez", "ftp://shop/", "http:/livez", "?"})
        EXPECT_EQ(shown(text), "") << text;
}

/// A desk whose clock stands.
struct timed_desk
{
    explicit timed_desk(order_limits limits)
        : made({[] { return some_snapshot(); },
                [](const order&) { return obeyed{}; },
                token,
                {},
                limits,
                [this] { return now; }})
    {
    }

    /// Answers to so many of the same, by status.
    std::map<unsigned, int> ask(const question& q, int times)
    {
        std::map<unsigned, int> all;
        for (int i = 0; i < times; ++i)
            ++all[made(q).status];
        return all;
    }

    rate_limit::moment now{};
    handler made;
};

TEST(Handler, WrongTokensWaitAndTheRightOneDoesNot)
{
    using counts = std::map<unsigned, int>;
    timed_desk d{{}};
    auto guess = post(R"({"verb":"pause"})");
    guess.authorization = "Bearer a guess that is as long";
    guess.from = "10.0.0.7";
    EXPECT_EQ(d.ask(guess, 1000), (counts{{403, 10}, {429, 990}}));
    const auto late = d.made(guess);
    EXPECT_EQ(late.after, 1s);
    EXPECT_EQ(late.fields.at(0), (std::pair<std::string_view, std::string>("Retry-After", "1")));
    const auto right = d.made(post(R"({"verb":"pause"})"));
    EXPECT_EQ(right.status, 202U);
    EXPECT_EQ(right.after, 0s);
    EXPECT_EQ(d.made.refused().tokens, 1001U);
    EXPECT_EQ(d.made.refused().from, "10.0.0.7");
    d.now += 500ms;
    EXPECT_EQ(d.ask(guess, 100), (counts{{403, 5}, {429, 95}}));
    // Without the limit each is answered at once.
    order_limits none;
    none.guesses = 1e9;
    timed_desk open{none};
    EXPECT_EQ(open.ask(guess, 1000), (counts{{403, 1000}}));
}

TEST(Handler, TakesSoManyOrdersASecond)
{
    using counts = std::map<unsigned, int>;
    timed_desk d{{}};
    auto set = post(R"({"verb":"set","settings":{"avg-qps":50}})");
    EXPECT_EQ(d.ask(set, 5000), (counts{{202, 40}, {429, 4960}}));
    set.local = true;
    EXPECT_EQ(d.ask(set, 10), (counts{{429, 10}})) << "through the socket, too";
    EXPECT_EQ(d.ask(post(R"({"verb":"resume"})"), 10), (counts{{429, 10}})) << "each may leave a shift";
    EXPECT_EQ(d.ask(post(R"({"verb":"drain"})"), 3), (counts{{202, 3}})) << "a stop waits for nobody";
    EXPECT_EQ(d.made(get("/livez")).status, 200U);
    EXPECT_EQ(d.made.refused().orders, 4980U);
    d.now += 2s;
    EXPECT_EQ(d.ask(post(R"({"verb":"set","settings":{"avg-qps":1,"erase-prob":0,"user-create-prob":0}})"), 100),
              (counts{{202, 6}, {429, 94}}))
        << "each value counts";
    order_limits none;
    none.orders = none.orders_at_once = 1e9;
    timed_desk open{none};
    EXPECT_EQ(open.ask(set, 5000), (counts{{202, 5000}}));
}

TEST(Handler, TheDescriptionNamesWhatIsServed)
{
    std::ifstream file(test::source_dir() + "/docs/openapi.json");
    const auto described = json::parse(file);
    desk d;
    serve_page(d.made);
    std::vector<std::string> named;
    for (const auto& [path, methods] : described["paths"].items())
        named.push_back(path);
    auto served = d.made.paths();
    std::sort(served.begin(), served.end());
    EXPECT_EQ(named, served);
    // Every field of the status, and no other: the samples hold one entry of each list and map.
    const std::function<void(const json&, const json&, const std::string&)> compare =
        [&](const json& schema, const json& value, const std::string& place)
    {
        if (schema.contains("$ref"))
        {
            const auto name = schema["$ref"].get<std::string>();
            return compare(described["components"]["schemas"][name.substr(name.rfind('/') + 1)], value, place);
        }
        if (value.is_array() && schema.contains("items"))
            for (const auto& one : value)
                compare(schema["items"], one, place + "[]");
        if (!value.is_object())
            return;
        if (schema.contains("additionalProperties") && schema["additionalProperties"].is_object())
        {
            for (const auto& [key, one] : value.items())
                compare(schema["additionalProperties"], one, place + ".*");
            return;
        }
        for (const auto& [key, one] : value.items())
        {
            EXPECT_TRUE(schema["properties"].contains(key)) << place << '.' << key << " is not described";
            compare(schema["properties"].value(key, json::object()), one, place + '.' + key);
        }
        for (const auto& [key, one] : schema["properties"].items())
            EXPECT_TRUE(value.contains(key)) << place << '.' << key << " is described, but not there";
    };
    // What `set` takes, as flags do.
    const auto settable = described["components"]["schemas"]["Settings"]["properties"];
    std::size_t steerable = 0;
    for (const auto& one : scenario::default_entry().fields)
    {
        if (!one.steerable)
            continue;
        ++steerable;
        ASSERT_TRUE(settable.contains(std::string(one.name))) << one.name;
        const auto& range = settable[std::string(one.name)]["oneOf"][0];
        const auto scale = std::pow(10, one.scale);
        EXPECT_DOUBLE_EQ(range["minimum"].get<double>() * scale, static_cast<double>(one.low)) << one.name;
        EXPECT_DOUBLE_EQ(range["maximum"].get<double>() * scale, static_cast<double>(one.high)) << one.name;
    }
    EXPECT_EQ(settable.size(), steerable);
    for (const char* path : {"/status", "/readyz", "/livez"})
        compare(described["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"],
                json::parse(d.made(get(path)).body), path);
    compare(described["components"]["schemas"]["Error"], json::parse(d.made(get("/none")).body), "error");
}

TEST(Page, MayRunItsOwnScriptAlone)
{
    desk d;
    serve_page(d.made);
    const auto page = d.made(get("/"));
    EXPECT_EQ(page.status, 200U);
    EXPECT_EQ(page.type, "text/html; charset=utf-8");
    const auto field = std::find_if(page.fields.begin(), page.fields.end(),
                                    [](const auto& one) { return one.first == "Content-Security-Policy"; });
    ASSERT_NE(field, page.fields.end());
    EXPECT_TRUE(std::regex_search(field->second, std::regex("script-src 'sha256-[A-Za-z0-9+/]{43}='; ")))
        << field->second;
    EXPECT_EQ(field->second.find("unsafe"), std::string::npos);
}

TEST(Chronicle, KeepsTheNewestAndCutsThem)
{
    chronicle told;
    for (std::size_t i = 0; i < chronicle::kept + 3; ++i)
        told.add("set", std::to_string(i) + std::string(1'000, 'x'));
    const auto all = told.newest();
    ASSERT_EQ(all.size(), chronicle::kept);
    EXPECT_EQ(all.front().number, 4U);
    EXPECT_EQ(all.back().number, chronicle::kept + 3);
    EXPECT_EQ(all.back().text.size(), chronicle::length_max);
    EXPECT_TRUE(all.back().text.starts_with(std::to_string(chronicle::kept + 2)));
    EXPECT_LE(all.front().at, all.back().at);
}

// ---- Metrics

/// What is wrong with a text as Prometheus reads it, and with names by its conventions; empty when nothing is.
std::string fault_of(const std::string& text, const std::map<std::string, std::string>& types)
{
    static const std::regex sample(
        R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*",?)*\})? (-?[0-9.e+-]+|\+Inf|NaN))re");
    std::string family;
    std::map<std::string, double> buckets, counts;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
    {
        std::istringstream words(line);
        std::string mark, what, name, type;
        if (line.starts_with("# "))
        {
            words >> mark >> what >> name >> type;
            if (what != "HELP" && what != "TYPE")
                return line;
            family = name;
            if (!types.contains(name) || (what == "TYPE" && types.at(name) != type))
                return line;
            if (what == "TYPE" && (type == "counter") != name.ends_with("_total"))
                return "a counter, and nothing else, ends with _total: " + line;
            continue;
        }
        std::smatch parts;
        if (!std::regex_match(line, parts, sample))
            return line;
        name = parts[1];
        const auto value = std::stod(parts[5]);
        if (types.at(family) == "counter" && value < 0)
            return line;
        if (types.at(family) != "histogram")
        {
            if (name != family)
                return line;
            continue;
        }
        if (name != family + "_bucket" && name != family + "_sum" && name != family + "_count")
            return line;
        auto labels = parts[2].str();
        if (name == family + "_bucket")
        {
            labels = std::regex_replace(labels, std::regex(R"re(,?le="[^"]*")re"), "");
            auto& before = buckets[family + (labels == "{}" ? "" : labels)];
            if (value < before)
                return "buckets add up: " + line;
            before = value;
        }
        if (name == family + "_count")
            counts[family + labels] = value;
    }
    return counts == buckets ? "" : "the last bucket has all";
}

std::map<std::string, std::string> types_of_all()
{
    std::map<std::string, std::string> all;
    for (const auto& one : all_metrics())
        all[std::string(one.name)] = one.type == metric_type::counter     ? "counter"
                                     : one.type == metric_type::histogram ? "histogram"
                                                                          : "gauge";
    return all;
}

/// A snapshot in which every family has a figure.
snapshot full_snapshot()
{
    auto s = some_snapshot();
    s.slots = {{"shop", true, 5}};
    s.kinds = {"purchase"};
    s.tables = {"users"};
    s.done.kinds.resize(1);
    s.done.kinds[0].committed = 3;
    for (const std::uint64_t us : {1U, 700U, 90'000'000U})
        s.done.kinds[0].service.add(us);
    s.done.rows = {{3, 2, 1}};
    s.done.foreign_edits = {1};
    s.done.troubles = {{run::outcome::not_done, {"40001"}, 2}, {run::outcome::in_doubt, {}, 1}};
    s.done.last_commit = time{1'500'000};
    s.last_heartbeat = 1;
    s.topics = {{"made", 6}};
    s.last_reload = 1;
    s.http_refused = {{"token", 2}};
    s.control_entries = {{"set", 1}};
    return s;
}

TEST(Metrics, AreOfTheTableAndAsPrometheusReadsThem)
{
    const auto text = metrics_text(full_snapshot());
    EXPECT_EQ(fault_of(text, types_of_all()), "") << text;
    for (const auto& one : all_metrics())
        EXPECT_NE(text.find("# TYPE " + std::string(one.name) + ' '), text.npos) << one.name;
    EXPECT_NE(text.find("bazaard_unit_service_seconds_bucket{kind=\"purchase\",le=\"0.001\"} 2"), text.npos) << text;
    EXPECT_NE(text.find("bazaard_unit_service_seconds_count{kind=\"purchase\"} 3"), text.npos);
    EXPECT_NE(text.find("bazaard_db_errors_total{kind=\"in_doubt\",sqlstate=\"none\"} 1"), text.npos);
    EXPECT_EQ(fault_of(metrics_text({}), types_of_all()), "") << "also before anything is known";
    // What a fault looks like.
    for (const auto& [good, bad] :
         std::map<std::string, std::string>{{"TYPE bazaard_paused gauge", "TYPE bazaard_paused counter"},
                                            {"{slot=\"", "{slot=\"\""},
                                            {"le=\"0.001\"} 2", "le=\"0.001\"} 0"},
                                            {"_count{kind=\"purchase\"} 3", "_count{kind=\"purchase\"} 4"},
                                            {"bazaard_users ", "bazaard_somebody "}})
    {
        auto harmed = text;
        ASSERT_NE(harmed.find(good), harmed.npos) << good;
        harmed.replace(harmed.find(good), good.size(), bad);
        EXPECT_NE(fault_of(harmed, types_of_all()), "") << bad;
    }
}

TEST(Metrics, TheirDocumentIsMadeOfTheTable)
{
    const std::string path = test::source_dir() + "/docs/metrics.md";
    if (std::getenv("BAZAARD_TEST_UPDATE") != nullptr)
        std::ofstream(path) << metrics_markdown();
    EXPECT_EQ(test::contents(path), metrics_markdown())
        << "renew it: BAZAARD_TEST_UPDATE=1 unit_tests --gtest_filter='Metrics.*'";
}

// ---- The server

/// A server in a thread, and clients.
class served
{
public:
    explicit served(server::limits bounds)
        : answers_(
              loop_,
              [this](const question& asked)
              {
                  ++asked_;
                  return desk_.made(asked);
              },
              bounds),
          port_(answers_.listen("127.0.0.1", 0)),
          busy_(loop_.get_executor()),
          thread_([this] { loop_.run(); })
    {
    }
    ~served()
    {
        loop_.stop();
        thread_.join();
    }

    /// A connected socket.
    [[nodiscard]] int client() const { return connected(unconnected()); }

    static int unconnected() { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

    /// One from another address of this machine.
    [[nodiscard]] int client(const char* address) const
    {
        const int made = unconnected();
        sockaddr_in from{};
        from.sin_family = AF_INET;
        from.sin_addr.s_addr = ::inet_addr(address);
        EXPECT_EQ(::bind(made, reinterpret_cast<const sockaddr*>(&from), sizeof from), 0);
        return connected(made);
    }

    [[nodiscard]] int connected(int made) const
    {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port_);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(made, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
        return made;
    }

    /// All that comes until the server closes; what was sent may be cut by that.
    static std::string exchange(int with, std::string_view text, bool end = true)
    {
        // Nobody reads what is sent when it has been refused.
        static_cast<void>(::send(with, text.data(), text.size(), MSG_NOSIGNAL));
        if (end)
            ::shutdown(with, SHUT_WR);
        return rest(with);
    }

    static std::string rest(int with)
    {
        std::string all;
        char buffer[4096];
        pollfd wait{with, POLLIN, 0};
        while (::poll(&wait, 1, 20'000) > 0)
        {
            const auto got = ::recv(with, buffer, sizeof buffer, 0);
            if (got <= 0)
            {
                ::close(with);
                return all;
            }
            all.append(buffer, static_cast<std::size_t>(got));
        }
        ADD_FAILURE() << "the connection stays open";
        ::close(with);
        return all;
    }

    std::atomic<int> asked_{0};

private:
    desk desk_;
    boost::asio::io_context loop_;
    server answers_;
    std::uint16_t port_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_;
    std::thread thread_;
};

server::limits patient()
{
    server::limits bounds;
    bounds.request = 20s;
    return bounds;
}

std::string first_line(const std::string& text)
{
    return text.substr(0, text.find('\r'));
}

TEST(Server, AnswersOneRequestAfterTheOther)
{
    served s(patient());
    const auto text = served::exchange(s.client(),
                                       "GET /livez?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                       "HEAD /status HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                       "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(first_line(text), "HTTP/1.1 200 OK");
    const auto head = text.find("HTTP/1.1 200 OK", 1);
    const auto last = text.find("HTTP/1.1 404 Not Found");
    ASSERT_NE(head, text.npos);
    ASSERT_NE(last, text.npos);
    EXPECT_EQ(text.substr(head, last - head).find('{'), text.npos) << "a HEAD has no body";
    EXPECT_EQ(text.find("Access-Control"), text.npos);
    EXPECT_EQ(first_line(served::exchange(s.client(), "GET /status HTTP/1.0\r\n\r\n")), "HTTP/1.0 200 OK")
        << "no browser speaks so";
    EXPECT_EQ(first_line(served::exchange(s.client(), "GET /status HTTP/1.0\r\nHost: evil.example\r\n\r\n")),
              "HTTP/1.0 421 Misdirected Request");
}

TEST(Server, TakesTargetsOfAllForms)
{
    served s(patient());
    const auto status = [&](const std::string& target, const std::string& fields)
    { return served::exchange(s.client(), "GET " + target + " HTTP/1.1\r\n" + fields + "\r\n").substr(9, 3); };
    EXPECT_EQ(status("http://localhost:9187/livez?x", "Host: localhost\r\n"), "200");
    EXPECT_EQ(status("HTTP://shop.example/livez", "Host: evil.example\r\n"), "200")
        << "the target counts (RFC 9112, 3.2.2)";
    EXPECT_EQ(status("http://evil.example/livez", "Host: localhost\r\n"), "421");
    EXPECT_EQ(status("http://localhost@evil.example/livez", "Host: localhost\r\n"), "421");
    EXPECT_EQ(status("ftp://localhost/livez", "Host: localhost\r\n"), "400");
    EXPECT_EQ(status("livez", "Host: localhost\r\n"), "400");
    EXPECT_EQ(status("*", "Host: localhost\r\n"), "404");
    EXPECT_EQ(status("/livez", ""), "400") << "HTTP/1.1 names its host";
    EXPECT_EQ(status("/livez", "Host:\r\n"), "400");
    EXPECT_EQ(status("http://localhost/livez", "Host:\r\n"), "400");
    const auto options = served::exchange(s.client(), "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(first_line(options), "HTTP/1.1 200 OK");
    EXPECT_NE(options.find("\r\nAllow: GET, HEAD, POST, OPTIONS\r\n"), options.npos) << options;
    EXPECT_EQ(first_line(served::exchange(s.client(), "OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n\r\n")),
              "HTTP/1.1 421 Misdirected Request");
    EXPECT_EQ(status("/livez", "Host: localhost\r\nAuthorization: a\r\nAuthorization: b\r\n"), "400");
}

TEST(Server, NoBodyBecomesTheNextRequest)
{
    served s(patient());
    for (const auto* coding : {"xchunked", "identity", "chunked, gzip", "\"chunked\"", ""})
        for (const auto* length : {"", "Content-Length: 3\r\n"})
        {
            const auto text = served::exchange(s.client(),
                                               std::string("POST /livez HTTP/1.1\r\nHost: localhost\r\n") + length +
                                                   "Transfer-Encoding: " + coding +
                                                   "\r\n\r\nGET /status HTTP/1.1\r\nHost: localhost\r\n\r\n");
            const auto status = text.substr(9, 3);
            EXPECT_TRUE(status == "501" || status == "400") << coding << "\n" << text;
            EXPECT_EQ(text.find("HTTP/1.1", 1), text.npos) << "one answer, then it is closed: " << coding;
        }
    const auto chunked = served::exchange(
        s.client(), "POST /livez HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: Chunked\r\n\r\n"
                    "0\r\n\r\nGET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_NE(chunked.find("HTTP/1.1 200 OK"), chunked.npos) << "negative control: " << chunked;
}

TEST(Server, AsksForABodyThatIsWaitedWith)
{
    served s(patient());
    const int client = s.client();
    const std::string head =
        "POST /control HTTP/1.1\r\nHost: localhost\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
    ASSERT_GT(::send(client, head.data(), head.size(), MSG_NOSIGNAL), 0);
    char buffer[100];
    pollfd wait{client, POLLIN, 0};
    ASSERT_GT(::poll(&wait, 1, 20'000), 0);
    const auto got = ::recv(client, buffer, sizeof buffer, 0);
    ASSERT_GT(got, 0);
    EXPECT_EQ(std::string(buffer, static_cast<std::size_t>(got)), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(first_line(served::exchange(client, "{}")).substr(0, 8), "HTTP/1.1");
}

TEST(Server, TakesEmptyLinesBeforeARequest)
{
    served s(patient());
    const std::string asks = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const auto answer = [&](const std::string& text) { return first_line(served::exchange(s.client(), text)); };
    EXPECT_EQ(answer("\r\n" + asks), "HTTP/1.1 200 OK");
    const auto both = served::exchange(s.client(), asks + "\r\n\r\n" + asks);
    EXPECT_NE(both.find("HTTP/1.1 200 OK", 1), both.npos) << "a client of old ends a body with one";
    EXPECT_EQ(answer("\r\n\r\n\r\n" + asks).substr(9, 3), "400") << "not any number";
    EXPECT_EQ(answer("\r\n"), "");
    // In two parts.
    const int slow = s.client();
    static_cast<void>(::send(slow, "\r", 1, MSG_NOSIGNAL));
    std::this_thread::sleep_for(20ms);
    EXPECT_EQ(first_line(served::exchange(slow, "\n" + asks)), "HTTP/1.1 200 OK");
    EXPECT_EQ(answer("\rGET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").substr(9, 3), "400");
}

TEST(Server, RefusesWhatIsTooLongOrNoRequest)
{
    served s(patient());
    const auto answer = [&](const std::string& text) { return first_line(served::exchange(s.client(), text)); };
    const std::string head = "POST /control HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    EXPECT_EQ(answer("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n").substr(9, 3), "431");
    EXPECT_EQ(answer(head + "Content-Length: 9000\r\n\r\n" + std::string(9000, 'x')).substr(9, 3), "413");
    EXPECT_EQ(answer(head + "Content-Length: 99999999999\r\n\r\n").substr(9, 3), "413");
    EXPECT_EQ(answer(head + "Transfer-Encoding: chunked\r\n\r\n2328\r\n" + std::string(9000, 'x') + "\r\n0\r\n\r\n")
                  .substr(9, 3),
              "413");
    EXPECT_EQ(answer("NONSENSE\r\n\r\n").substr(9, 3), "400");
    EXPECT_EQ(answer("GET / HTTP/3.0\r\n\r\n").substr(9, 3), "505");
    EXPECT_EQ(answer("GET / HTTP/3.0\r\nX: y\n\r\n").substr(9, 3), "505");
    EXPECT_EQ(answer("GET / HTTP/1.1\nHost: localhost\n\n").substr(9, 3), "400") << "a line ends with CR LF";
    EXPECT_EQ(answer("GET /status HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n").substr(9, 3), "400");
    EXPECT_EQ(answer(head + "Content-Length: 5\r\n\r\nab"), "") << "half a request";
    EXPECT_EQ(answer(""), "");
}

TEST(Server, AHalfOpenOrSlowClientIsCut)
{
    server::limits bounds;
    bounds.request = 200ms;
    served s(bounds);
    EXPECT_EQ(served::rest(s.client()), "");
    EXPECT_EQ(served::exchange(s.client(), "GET /livez HTTP/1.1\r\nHost: ", false), "");
    // A byte now and then moves no deadline: it is of the request, not of the byte.
    const int slow = s.client();
    const auto begun = std::chrono::steady_clock::now();
    pollfd wait{slow, POLLIN, 0};
    while (::poll(&wait, 1, 20) == 0)
        if (::send(slow, "x", 1, MSG_NOSIGNAL) < 0 || std::chrono::steady_clock::now() - begun > 20s)
            break;
    EXPECT_EQ(served::rest(slow), "");
    EXPECT_EQ(s.asked_, 0);
}

const std::string livez = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Sends a request and reads its answer; false where the connection is closed.
bool is_answered(int with)
{
    char buffer[1024];
    pollfd wait{with, POLLIN, 0};
    return ::send(with, livez.data(), livez.size(), MSG_NOSIGNAL) > 0 && ::poll(&wait, 1, 20'000) > 0 &&
           ::recv(with, buffer, sizeof buffer, 0) > 0;
}

/// Whether the server has closed it, or does so within a time.
bool is_closed(int with, int within_ms)
{
    char byte = 0;
    pollfd wait{with, POLLIN, 0};
    return ::poll(&wait, 1, within_ms) > 0 && ::recv(with, &byte, 1, 0) <= 0;
}

/// Sends a part of a request, or one that is none, to which no answer comes or is read.
void leave_open(int with, std::string_view text)
{
    ASSERT_GT(::send(with, text.data(), text.size(), MSG_NOSIGNAL), 0);
}

server::limits places_for(std::size_t connections, bool evict = true)
{
    auto bounds = patient();
    bounds.connections = connections;
    bounds.evict = evict;
    return bounds;
}

TEST(Server, ThePlaceOfTheIdlestGoesToTheNext)
{
    served s(places_for(3));
    const int first = s.client(), second = s.client(), third = s.client();
    for (const int one : {first, second, third, first})
        ASSERT_TRUE(is_answered(one));
    const int next = s.client();
    EXPECT_TRUE(is_answered(next));
    EXPECT_TRUE(is_closed(second, 20'000)) << "idle for longest";
    EXPECT_TRUE(is_answered(first));
    EXPECT_TRUE(is_answered(third));
    for (const int one : {first, second, third, next})
        ::close(one);
}

TEST(Server, WhereAllAreBusyTheOldestIsClosedForTheNext)
{
    for (const bool evict : {true, false})
    {
        served s(places_for(3, evict));
        std::vector<int> slow;
        for (int i = 0; i < 3; ++i)
        {
            slow.push_back(s.client());
            leave_open(slow.back(), "GET /livez HTTP/1.1\r\nHo");
        }
        const auto text = served::exchange(s.client(), livez);
        EXPECT_EQ(first_line(text), evict ? "HTTP/1.1 200 OK" : "") << "without it, the next is refused";
        EXPECT_EQ(is_closed(slow[0], evict ? 20'000 : 0), evict);
        EXPECT_FALSE(is_closed(slow[2], 0));
        for (const int one : slow)
            ::close(one);
    }
}

TEST(Server, WhoseAnswerIsSentGoesBeforeTheIdle)
{
    served s(places_for(2));
    const int idle = s.client();
    ASSERT_TRUE(is_answered(idle));
    const int over = s.client();
    leave_open(over, "NONSENSE\r\n\r\n");
    char byte = 0;
    ASSERT_EQ(::recv(over, &byte, 1, 0), 1);
    EXPECT_TRUE(is_answered(s.client()));
    EXPECT_TRUE(is_answered(idle));
    EXPECT_NE(served::rest(over).find("400 Bad Request"), std::string::npos);
    ::close(idle);
}

TEST(Server, AClientWithManyPlacesTakesThemFromItself)
{
    served s(places_for(4));
    const int patient_one = s.client("127.0.0.2");
    leave_open(patient_one, "GET /livez HTTP/1.1\r\n");
    std::vector<int> flood;
    for (int i = 0; i < 50; ++i)
    {
        flood.push_back(s.client());
        leave_open(flood.back(), "GET /livez HTTP/1.1\r\n");
    }
    EXPECT_EQ(first_line(served::exchange(s.client(), livez)), "HTTP/1.1 200 OK");
    EXPECT_EQ(first_line(served::exchange(patient_one, "Host: localhost\r\n\r\n")), "HTTP/1.1 200 OK")
        << "though it is the oldest";
    for (const int one : flood)
        ::close(one);
}

/// How much of this many bytes a client can send after a bad request.
std::size_t streamed_after_nonsense(const server::limits& bounds, std::size_t most)
{
    served s(bounds);
    const int one = s.client();
    leave_open(one, "NONSENSE\r\n\r\n");
    const std::string block(1U << 16, 'x');
    std::size_t sent = 0;
    pollfd wait{one, POLLOUT, 0};
    while (sent<most&& ::poll(&wait, 1, 20'000)> 0)
    {
        const auto now = ::send(one, block.data(), block.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (now <= 0)
            break;
        sent += static_cast<std::size_t>(now);
    }
    ::close(one);
    return sent;
}

TEST(Server, WhoStreamsAfterABadRequestIsCut)
{
    // What is sent and not read lies in the buffers of two sockets.
    constexpr std::size_t much = 64U << 20;
    EXPECT_LT(streamed_after_nonsense(patient(), much), much / 2);
    auto endless = patient();
    endless.linger_bytes = 1U << 30;
    endless.linger = 20s;
    EXPECT_GE(streamed_after_nonsense(endless, much), much) << "without the limit, all of it is read";
}

/// Whether a client that sends a byte now and then after a bad request is cut within a time.
bool is_cut_after_nonsense(const server::limits& bounds, std::chrono::milliseconds time)
{
    served s(bounds);
    const int one = s.client();
    leave_open(one, "NONSENSE\r\n\r\n");
    bool cut = false;
    for (const auto end = std::chrono::steady_clock::now() + time; !cut && std::chrono::steady_clock::now() < end;)
    {
        pollfd wait{one, POLLHUP | POLLERR, 0};
        cut = ::poll(&wait, 1, 20) > 0 || ::send(one, "x", 1, MSG_NOSIGNAL) <= 0;
    }
    ::close(one);
    return cut;
}

TEST(Server, WhoStaysAfterTheLastAnswerIsCut)
{
    auto bounds = patient();
    bounds.linger = 100ms;
    EXPECT_TRUE(is_cut_after_nonsense(bounds, 20s));
    bounds.linger = 20s;
    EXPECT_FALSE(is_cut_after_nonsense(bounds, 500ms)) << "an answer is not taken from it";
}

TEST(Server, AWrongTokenWaitsForItsAnswerAndKeepsNoPlace)
{
    served s(places_for(60));
    const std::string body = R"({"verb":"pause"})";
    const auto order = [&](const std::string& with)
    {
        return "POST /control HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer " +
               with + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    };
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(served::exchange(s.client(), order("wrong")).substr(9, 3), "403");
    std::vector<int> waiting;
    for (int i = 0; i < 60; ++i)
    {
        waiting.push_back(s.client());
        leave_open(waiting.back(), order("wrong"));
    }
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(served::exchange(s.client(), order(token)).substr(9, 3), "202") << "the right one is taken meanwhile";
    const auto last = served::rest(waiting.back());
    EXPECT_EQ(last.substr(9, 3), "429");
    EXPECT_NE(last.find("Connection: close"), last.npos) << last;
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 500ms);
    waiting.pop_back();
    for (const int one : waiting)
        ::close(one);
}

/// Takes all descriptors from the process but those that are open.
class no_more_descriptors
{
public:
    no_more_descriptors()
    {
        EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
        const int lowest = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::close(lowest);
        auto few = before_;
        few.rlim_cur = static_cast<rlim_t>(lowest);
        EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    }
    ~no_more_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    no_more_descriptors(const no_more_descriptors&) = delete;
    no_more_descriptors& operator=(const no_more_descriptors&) = delete;

private:
    rlimit before_{};
};

TEST(Server, IsReachedWhenNoDescriptorIsLeft)
{
    for (const bool evict : {true, false})
    {
        served s(places_for(100, evict));
        const int idle = s.client();
        ASSERT_TRUE(is_answered(idle));
        std::vector<int> next{served::unconnected(), served::unconnected(), served::unconnected()};
        {
            const no_more_descriptors none;
            int answered = 0;
            for (const int one : next)
            {
                static_cast<void>(s.connected(one));
                ASSERT_GT(::send(one, livez.data(), livez.size(), MSG_NOSIGNAL), 0);
                pollfd wait{one, POLLIN, 0};
                answered += ::poll(&wait, 1, evict ? 20'000 : 300);
            }
            // The one that was kept back is enough for one.
            EXPECT_EQ(answered, evict ? 3 : 1);
        }
        for (const int one : next)
            ::close(one);
        ::close(idle);
    }
}

/// A request with a few bytes changed, taken out, doubled or put in.
std::string mutated(std::string text, random& draw)
{
    using namespace std::string_view_literals;
    static constexpr auto odd = "\0\r\n :;,\t\x7f\xff/?%[]{}\"\\0123456789abcXYZ-"sv;
    for (auto i = 1 + draw.below(6); i > 0 && !text.empty(); --i)
    {
        const auto at = draw.below(text.size());
        const auto size = 1 + draw.below(std::min<std::uint64_t>(40, text.size() - at));
        switch (draw.below(5))
        {
        case 0:
            text[at] = odd[draw.below(odd.size())];
            break;
        case 1:
            text.erase(at, size);
            break;
        case 2:
            text.insert(at, text.substr(at, size));
            break;
        case 3:
            text.insert(at, 1, static_cast<char>(draw.below(256)));
            break;
        default:
            text.resize(at);
        }
    }
    return text;
}

TEST(Server, MutatedRequestsGetOneAnswerOrAClosedConnection)
{
    served s(patient());
    const std::string body = R"({"verb":"set","settings":{"avg-qps":50}})";
    const std::vector<std::string> good{
        "GET /status?a=b HTTP/1.1\r\nHost: localhost:9187\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        "HEAD /readyz HTTP/1.0\r\nHost: [::1]:9187\r\n\r\n",
        "POST /control HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token +
            "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body,
        "POST /control HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" +
            std::string("4\r\n{\"ve\r\n3\r\nrb\"\r\n0\r\nX: y\r\n\r\n")};
    std::map<std::string, int> answers;
    for (std::uint64_t i = 0; i < 8000; ++i)
    {
        auto draw = derive(1, stream("mutated requests"), i);
        const auto text = mutated(good[i % good.size()], draw);
        const auto found = served::exchange(s.client(), text);
        const auto line = first_line(found);
        ++answers[line];
        ASSERT_TRUE(found.empty() || line.starts_with("HTTP/1.")) << i << ": " << line;
    }
    EXPECT_GT(answers["HTTP/1.1 400 Bad Request"], 100);
    EXPECT_GT(answers["HTTP/1.1 200 OK"], 100);
    EXPECT_GT(answers["HTTP/1.1 202 Accepted"], 10);
    EXPECT_EQ(first_line(served::exchange(s.client(), good[0])), "HTTP/1.1 200 OK") << "it is still there";
}

// ---- Control sockets

class ControlSocket : public testing::Test
{
protected:
    ControlSocket() { std::filesystem::create_directory(directory_); }
    ~ControlSocket() override { std::filesystem::remove_all(directory_); }

    /// Why it cannot be made; empty when it can.
    static std::string refusal_of(const std::string& path)
    {
        try
        {
            const control_socket made(path);
            return {};
        }
        catch (const error& problem)
        {
            return std::string(name(problem.kind()));
        }
    }

    const std::string directory_ = testing::TempDir() + "bazaard-control-" + std::to_string(::getpid());
    const std::string path_ = directory_ + "/s.sock";
};

TEST_F(ControlSocket, IsItsOwnersAloneAndGoesWithIt)
{
    {
        const control_socket made(path_);
        struct stat found = {};
        ASSERT_EQ(::lstat(path_.c_str(), &found), 0);
        EXPECT_TRUE(S_ISSOCK(found.st_mode));
        EXPECT_EQ(found.st_mode & 0777U, 0600U);
        EXPECT_EQ(refusal_of(path_), "temporary") << "a living one is not replaced";
        EXPECT_EQ(::lstat(path_.c_str(), &found), 0) << "nor taken away";
    }
    EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

TEST_F(ControlSocket, WhatADeadProcessHasLeftIsReplaced)
{
    const pid_t child = ::fork();
    if (child == 0)
    {
        const control_socket made(path_);
        ::_exit(0);  // Nothing is cleaned up.
    }
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    ASSERT_TRUE(std::filesystem::exists(path_));
    EXPECT_EQ(refusal_of(path_), "");
}

TEST_F(ControlSocket, NothingElseIsReplaced)
{
    std::ofstream(path_) << "somebody's";
    EXPECT_EQ(refusal_of(path_), "no output");
    EXPECT_TRUE(std::filesystem::exists(path_));
    EXPECT_EQ(refusal_of(directory_ + "/none/s.sock"), "no output");
    EXPECT_EQ(refusal_of(directory_ + '/' + std::string(120, 'x')), "usage");
    std::filesystem::create_symlink(path_, directory_ + "/link.lock");
    EXPECT_EQ(refusal_of(directory_ + "/link"), "no output") << "a lock is no link to elsewhere";
}

TEST_F(ControlSocket, ARefusedOneLeavesNothingBehind)
{
    const auto files = [&]
    {
        std::set<std::string> all;
        for (const auto& one : std::filesystem::directory_iterator(directory_))
            all.insert(one.path().filename());
        return all;
    };
    std::ofstream(path_) << "somebody's";
    EXPECT_EQ(refusal_of(path_), "no output");
    EXPECT_EQ(files(), std::set<std::string>({"s.sock"}));
    // A directory in its place, and a path that ends nowhere.
    std::filesystem::create_directory(directory_ + "/d");
    EXPECT_EQ(refusal_of(directory_ + "/d"), "no output");
    EXPECT_EQ(refusal_of(directory_ + "/none/s.sock"), "no output");
    EXPECT_EQ(refusal_of(directory_ + '/' + std::string(120, 'x')), "usage");
    EXPECT_EQ(files(), std::set<std::string>({"d", "s.sock"}));
    // What another process holds stays, lock and all.
    const auto held = directory_ + "/held";
    {
        const control_socket living(held);
        EXPECT_EQ(refusal_of(held), "temporary");
        EXPECT_EQ(files(), std::set<std::string>({"d", "held", "held.lock", "s.sock"}));
    }
    EXPECT_EQ(files(), std::set<std::string>({"d", "s.sock"}));
}

TEST_F(ControlSocket, NoNameLeadsElsewhere)
{
    EXPECT_EQ(control_file("demo", "main"), "demo.main.sock");
    EXPECT_EQ(control_file("../x y", "main"), "%2e%2e%2fx%20y.main.sock");
    const auto one = control_file(std::string(63, 'a') + "b", "main");
    const auto other = control_file(std::string(63, 'a') + "c", "main");
    EXPECT_NE(one, other);
    EXPECT_LE(one.size(), 60U);
    // The longest name and the directory of a user with a long number fit into a socket's address.
    const auto longest = control_file(std::string(63, 'a'), std::string(31, 'r'), "localhost:5432/fh_dev");
    EXPECT_LE(("/run/user/4294967295/bazaard/" + longest).size(), 107U);
    EXPECT_TRUE(private_directory(directory_));
    std::filesystem::permissions(directory_, std::filesystem::perms::others_write, std::filesystem::perm_options::add);
    EXPECT_FALSE(private_directory(directory_));
    EXPECT_FALSE(private_directory(path_));
}

TEST_F(ControlSocket, OfEachDatabaseHasANameOfItsOwn)
{
    const auto one = control_file("demo", "main", "localhost:5432/one");
    EXPECT_NE(one, control_file("demo", "main", "localhost:5432/two"));
    EXPECT_NE(one, control_file("demo", "main", "localhost:5433/one"));
    EXPECT_EQ(one, control_file("demo", "main", "localhost:5432/one"));
    EXPECT_TRUE(is_control_file_of(one, "demo", "main"));
    EXPECT_TRUE(is_control_file_of("demo.main.sock", "demo", "main")) << "of an older program";
    EXPECT_FALSE(is_control_file_of(one, "demo", "other"));
    EXPECT_FALSE(is_control_file_of(one, "dem", "main"));
    EXPECT_FALSE(is_control_file_of(control_file("demo", "main-2", "x"), "demo", "main"));
    EXPECT_FALSE(is_control_file_of(one + ".lock", "demo", "main"));
}

TEST(DatabasePlace, IsTheSameForAllNamesOfThisMachine)
{
    const auto place = [](const char* url)
    {
        postgres::connection_flags flags;
        flags.url = url;
        return postgres::place_of(postgres::resolve(flags));
    };
    EXPECT_EQ(postgres::text_of(place("postgresql://u:p@127.0.0.1:5433/shop")), "localhost:5433/shop");
    EXPECT_EQ(place("postgresql://localhost:5433/shop"), place("postgresql://[::1]:5433/shop"));
    EXPECT_NE(place("postgresql://localhost:5433/shop"), place("postgresql://localhost:5432/shop"));
    EXPECT_NE(place("host=/tmp/a dbname=shop"), place("host=/tmp/b dbname=shop"));
    EXPECT_EQ(postgres::text_of(place("host=10.0.0.1 port=6 dbname=d password=swordfish")), "10.0.0.1:6/d");
    postgres::connection_flags only;
    only.name = "shop";
    EXPECT_EQ(postgres::given_place(only), (postgres::database_place{"", "", "shop"}));
}

// ---- What a value must be, and rates

TEST(LiveControl, JudgesValuesAsFlagsDo)
{
    bazaar::daemon::settings before{scenario::default_entry()};
    const auto judge = [&](const char* key, const char* value)
    {
        const std::vector<std::pair<std::string, std::string>> one{{key, value}};
        return bazaar::daemon::with_settings(before, one);
    };
    const auto good = judge("avg-qps", "50");
    EXPECT_TRUE(good.wrong.empty());
    EXPECT_EQ(good.all.configuration.number("avg-qps"), 50'000'000);
    EXPECT_EQ(good.only.given_settings.size(), 1U);
    EXPECT_EQ(judge("avg-qps", "-1").wrong.size(), 1U);
    EXPECT_EQ(judge("no-such", "1").wrong.size(), 1U);
}

TEST(Pace, IsTheFieldThatTheScenarioSays)
{
    EXPECT_DOUBLE_EQ(bazaar::daemon::configured_rate(scenario::settings(scenario::default_entry().fields)), 20);
    const auto& demo = test::demo_scenario::entry();
    scenario::settings lab(demo.fields);
    EXPECT_DOUBLE_EQ(bazaar::daemon::configured_rate(lab), 10);
    ASSERT_EQ(lab.set(lab.find("rate"), "2.5"), "");
    EXPECT_DOUBLE_EQ(bazaar::daemon::configured_rate(lab), 2.5);
    EXPECT_DOUBLE_EQ(bazaar::daemon::configured_rate(scenario::settings(demo.fields.first(1))), 0)
        << "one without a pace";
}

TEST(RateMeter, LooksBackTenSeconds)
{
    bazaar::daemon::rate_meter m;
    const bazaar::daemon::rate_meter::clock::time_point begin{};
    EXPECT_EQ(m.units(), 0);
    for (int s = 0; s <= 30; ++s)
        m.add(begin + std::chrono::seconds(s), s < 20 ? 0U : static_cast<std::uint64_t>(s - 20) * 40U, 7U);
    EXPECT_DOUBLE_EQ(m.units(), 40);
    EXPECT_DOUBLE_EQ(m.ticks(), 0);
}

}  // namespace
}  // namespace bazaar::observe
