// A daemon on a real PostgreSQL that is looked at and steered while it runs.

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/daemon.hpp"
#include "support/eventually.hpp"
#include "support/other_daemons.hpp"
#include "support/places.hpp"
#include "support/postgres_server.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

using namespace std::chrono_literals;
using nlohmann::json;
namespace http = boost::beast::http;

const std::string token = "the-token-of-this-test";

struct response
{
    unsigned status = 0;
    std::string body;
    [[nodiscard]] json document() const { return json::parse(body, nullptr, false); }
};

class observed : public testing::Test
{
protected:
    observed() { std::filesystem::create_directory(directory_); }
    ~observed() override { std::filesystem::remove_all(directory_); }

    /// What a daemon that was killed leaves behind.
    static void leave_socket(const std::string& path)
    {
        using local = boost::asio::local::stream_protocol;
        boost::asio::io_context loop;
        const local::socket bound(loop, local::endpoint(path));
    }

    /// A daemon with a control socket and HTTP.
    [[nodiscard]] process start(std::vector<std::string> more)
    {
        more.insert(more.end(), {"--seed", "5", "--control-socket", socket_, "--http-listen", "0", "--workers", "3"});
        return start_bazaard("run", database_, more);
    }

    /// Waits until it is live.
    [[nodiscard]] bool up()
    {
        return eventually([&] { return state() == "running"; });
    }

    finished ctl(std::vector<std::string> words)
    {
        words.insert(words.begin(), {test::program_path(), "ctl"});
        words.insert(words.end(), {"--control-socket", socket_});
        return process(std::move(words)).wait();
    }

    json status() { return json::parse(ctl({"status", "--json"}).out, nullptr, false); }

    std::string state()
    {
        const auto now = status();
        return now.is_object() ? now["state"].get<std::string>() : std::string("none");
    }

    /// The port on which a process listens.
    static std::string port_of(pid_t process_id)
    {
        std::ifstream file("/proc/" + std::to_string(process_id) + "/net/tcp");
        std::string line;
        const auto inodes = [&]
        {
            std::string all;
            for (const auto& one : std::filesystem::directory_iterator("/proc/" + std::to_string(process_id) + "/fd"))
            {
                std::error_code failed;
                all += std::filesystem::read_symlink(one, failed).string() + ' ';
            }
            return all;
        }();
        for (std::getline(file, line); std::getline(file, line);)
        {
            std::istringstream words(line);
            std::vector<std::string> fields(std::istream_iterator<std::string>(words), {});
            if (fields.size() > 9 && fields[3] == "0A" && inodes.find("socket:[" + fields[9] + "]") != inodes.npos)
                return std::to_string(std::stoul(fields[1].substr(fields[1].find(':') + 1), nullptr, 16));
        }
        return {};
    }

    response ask(http::verb method, const std::string& target, const std::string& body = {},
                 const std::string& authorization = {})
    {
        boost::asio::io_context loop;
        boost::beast::tcp_stream stream(loop);
        http::request<http::string_body> question{method, target, 11};
        question.set(http::field::host, "localhost");
        question.set(http::field::content_type, "application/json");
        if (!authorization.empty())
            question.set(http::field::authorization, authorization);
        question.keep_alive(false);
        question.body() = body;
        question.prepare_payload();
        boost::beast::flat_buffer buffer;
        http::response_parser<http::string_body> answer;
        answer.body_limit(16U << 20);
        boost::asio::ip::tcp::resolver resolver(loop);
        boost::beast::error_code failed;
        stream.connect(resolver.resolve("127.0.0.1", port_, failed), failed);
        if (!failed)
            http::write(stream, question, failed);
        if (!failed)
            http::read(stream, buffer, answer, failed);
        return failed ? response{} : response{answer.get().result_int(), answer.get().body()};
    }

    [[nodiscard]] std::int64_t commits()
    {
        return std::stoll(one(on_, "SELECT (SELECT count(*) FROM demo.orders) + (SELECT count(*) FROM demo.users)"));
    }

    /// Kinds and fields of the control log.
    [[nodiscard]] std::string entries()
    {
        return one(on_,
                   "SELECT coalesce(string_agg(kind || coalesce(':' || field, ''), ' ' ORDER BY sequence), '') FROM "
                   "bazaard.control");
    }

    void expect_clean()
    {
        const auto verified = run_bazaard("verify", database_, {"tables", "--progress", "off"});
        EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
    }

    postgres_server server_{[]
                            {
                                postgres_server::options how;
                                how.settings = {{"wal_level", "logical"}};
                                how.fsync = false;
                                return how;
                            }()};
    postgres::connection_flags database_ = server_.fresh_database();
    sql_client on_{database_};
    const std::string directory_ = testing::TempDir() + "bazaard-observe-" + std::to_string(::getpid());
    const std::string socket_ = directory_ + "/control";
    std::string port_;
};

// A pause commits nothing; its end is a shift; what is set is an entry; and verify finds all as planned.
TEST_F(observed, IsPausedSetResumedAndDrained)
{
    auto daemon = start({"--avg-qps", "60", "--lifecycle", "complete", "--lifecycle-scale", "0.01"});
    ASSERT_TRUE(up());
    EXPECT_EQ(status()["settings"]["avg-qps"], "60");
    EXPECT_EQ(ctl({"pause"}).status, 0);
    EXPECT_EQ(state(), "paused");
    ASSERT_TRUE(eventually([&] { return status()["units"]["in_flight"] == 0; }));
    const auto before = commits();
    const auto planned = status()["units"]["planned"].get<std::uint64_t>();
    // Long enough that a run that went on would show.
    const auto asked = one(on_, "SELECT clock_timestamp()");
    ASSERT_TRUE(
        eventually([&] { return one(on_, "SELECT clock_timestamp() > '" + asked + "'::timestamptz + '2s'") == "t"; }));
    EXPECT_EQ(commits(), before);
    EXPECT_TRUE(status()["ready"].get<bool>()) << "a pause is no illness";
    EXPECT_NE(status()["line"].get<std::string>().find("paused"), std::string::npos);
    EXPECT_EQ(entries(), "");
    EXPECT_EQ(ctl({"set", "avg-qps=120", "user-create-prob=0.5"}).status, 0);
    EXPECT_EQ(entries(), "set:avg-qps set:user-create-prob") << "durable when it says so";
    EXPECT_EQ(commits(), before);
    EXPECT_EQ(ctl({"resume"}).status, 0);
    EXPECT_EQ(entries(), "set:avg-qps set:user-create-prob shift");
    EXPECT_EQ(one(on_, "SELECT count(*) FROM bazaard.control WHERE unit = " + std::to_string(planned)), "3");
    EXPECT_GT(std::stoll(one(on_, "SELECT value FROM bazaard.control WHERE kind = 'shift'")), 2'000'000);
    EXPECT_TRUE(eventually([&] { return commits() > before + 100; }));
    EXPECT_EQ(status()["settings"]["avg-qps"], "120");
    EXPECT_EQ(status()["rate"]["target"], 120.0);

    // What is refused changes nothing.
    const auto refused = ctl({"set", "avg-qps=many", "no-such-thing=1", "erase-prob=0.1"});
    EXPECT_EQ(refused.status, 64);
    EXPECT_NE(refused.err.find("no-such-thing"), std::string::npos) << refused.err;
    EXPECT_EQ(status()["settings"]["erase-prob"], "0");
    EXPECT_EQ(entries(), "set:avg-qps set:user-create-prob shift");

    EXPECT_EQ(ctl({"drain"}).status, 0);
    EXPECT_EQ(daemon.wait().status, 0);
    EXPECT_EQ(one(on_, "SELECT clean FROM bazaard.run"), "t");
    EXPECT_EQ(ctl({"status"}).status, 69);
    EXPECT_FALSE(std::filesystem::exists(socket_));
    expect_clean();
    EXPECT_EQ(broken_invariants(on_), "");
}

// What befell a daemon and what it sold are there for those who watch: no more than a few, and as the rows have them.
TEST_F(observed, TellsItsNewestSalesAndWhatBefellIt)
{
    auto daemon = start({"--avg-qps", "200"});
    ASSERT_TRUE(up());
    ASSERT_TRUE(eventually([&] { return status()["figures"]["rows"]["orders"].get<int>() > 60; }));
    EXPECT_EQ(ctl({"pause"}).status, 0);
    ASSERT_TRUE(eventually([&] { return status()["units"]["in_flight"] == 0; }));
    const auto now = status();
    ASSERT_EQ(now["sales"].size(), 20U);
    for (const auto& sale : now["sales"])
    {
        const auto id = sale["id"].get<std::string>();
        EXPECT_EQ(
            one(on_, "SELECT o.num_of_items || ' ' || o.ship_country || ' ' || sum(i.quantity * i.sale_price) FROM "
                     "demo.orders o JOIN demo.order_items i ON i.order_id = o.id WHERE o.id = '" +
                         id + "' GROUP BY o.id"),
            std::to_string(sale["items"].get<int>()) + ' ' + sale["country"].get<std::string>() + ' ' +
                sale["amount"].get<std::string>());
        EXPECT_EQ(one(on_, "SELECT created_at = '" + sale["at"].get<std::string>() + "' FROM demo.orders WHERE id = '" +
                               id + "'"),
                  "t");
    }
    EXPECT_EQ(status()["sales"], now["sales"]) << "a second look shows the same";
    EXPECT_EQ(ctl({"set", "avg-qps=50"}).status, 0);
    EXPECT_EQ(ctl({"resume"}).status, 0);
    const auto told = status();
    std::string kinds;
    for (const auto& happened : told["happenings"])
        kinds += happened["kind"].get<std::string>() + ' ';
    EXPECT_EQ(kinds, "pause set resume shift ");
    EXPECT_FALSE(told["control"].get<bool>()) << "by HTTP, without a token";
    EXPECT_TRUE(eventually([&] { return status()["sales"] != now["sales"]; }));
    EXPECT_EQ(ctl({"drain"}).status, 0);
    EXPECT_EQ(daemon.wait().status, 0);
}

// A pause, and what was set, outlive the database.
TEST_F(observed, APauseAndARateOutliveTheServersDeath)
{
    auto daemon = start({"--avg-qps", "60", "--max-outage", "0"});
    ASSERT_TRUE(up());
    port_ = port_of(daemon.id());
    EXPECT_EQ(ctl({"set", "avg-qps=90"}).status, 0);
    EXPECT_EQ(ctl({"pause"}).status, 0);
    ASSERT_TRUE(eventually([&] { return status()["units"]["in_flight"] == 0; }));
    const auto before = commits();
    EXPECT_EQ(ask(http::verb::get, "/readyz").status, 200U);
    server_.kill_hard();
    EXPECT_TRUE(eventually([&] { return ask(http::verb::get, "/readyz").status == 503; }));
    EXPECT_EQ(ask(http::verb::get, "/livez").status, 200U);
    server_.start();
    on_ = sql_client(database_);
    EXPECT_TRUE(eventually([&] { return ask(http::verb::get, "/readyz").status == 200; }));
    EXPECT_EQ(state(), "paused");
    EXPECT_EQ(commits(), before);
    EXPECT_EQ(ctl({"resume"}).status, 0);
    EXPECT_TRUE(eventually([&] { return commits() > before + 50; }));
    EXPECT_EQ(status()["settings"]["avg-qps"], "90");
    EXPECT_EQ(entries(), "set:avg-qps shift") << "the flags put nothing back";
    daemon.send(SIGTERM);
    EXPECT_EQ(daemon.wait().status, 0);
    expect_clean();
}

// Ready is false within two seconds of losing the server, however it is lost; alive it is all along.
TEST_F(observed, SaysWhetherItCanWrite)
{
    // Slow enough that no unit finds out.
    auto daemon = start({"--avg-qps", "0.01", "--max-outage", "0"});
    ASSERT_TRUE(up());
    port_ = port_of(daemon.id());
    ASSERT_NE(port_, "");
    ASSERT_EQ(ask(http::verb::get, "/readyz").status, 200U);
    EXPECT_EQ(ctl({"health"}).status, 0);
    const auto expect_lost = [&](const char* what)
    {
        const auto begun = std::chrono::steady_clock::now();
        bool alive = true;
        const bool lost = eventually(
            [&]
            {
                alive = alive && ask(http::verb::get, "/livez").status == 200;
                return ask(http::verb::get, "/readyz").status == 503;
            });
        EXPECT_TRUE(alive);
        EXPECT_TRUE(lost);
        const auto took = std::chrono::steady_clock::now() - begun;
        std::cout << what << ": not ready after " << took / 1ms << " ms\n";
        // Two seconds where the machine has time; without a probe, a server that is silent is found out after ten.
        EXPECT_LT(took, 8s);
    };
    ASSERT_TRUE(server_.stop(postgres_server::stop_mode::fast));
    expect_lost("stopped");
    EXPECT_FALSE(ask(http::verb::get, "/readyz").document()["reasons"].empty());
    const auto health = ctl({"health"});
    EXPECT_EQ(health.status, 75) << health.out;
    EXPECT_NE(health.err.find("PostgreSQL"), health.err.npos) << health.err;
    EXPECT_EQ(ctl({"set", "avg-qps=0.02"}).status, 75) << "taken, and not recorded";
    server_.start();
    EXPECT_TRUE(eventually([&] { return ask(http::verb::get, "/readyz").status == 200; }));
    // A server that is there and says nothing.
    server_.pause_backends();
    expect_lost("frozen");
    server_.resume();
    EXPECT_TRUE(eventually([&] { return ask(http::verb::get, "/readyz").status == 200; }));
    daemon.send(SIGTERM);
    EXPECT_EQ(daemon.wait().status, 0);
    EXPECT_EQ(ctl({"health"}).status, 69);
}

// Who has no token changes nothing.
TEST_F(observed, IsControlledByHttpWithTheTokenAlone)
{
    std::ofstream(directory_ + "/token") << token << '\n';
    auto daemon = start({"--avg-qps", "20", "--http-token-file", directory_ + "/token"});
    ASSERT_TRUE(up());
    port_ = port_of(daemon.id());
    const std::string pause = R"({"verb":"pause"})";
    EXPECT_EQ(ask(http::verb::post, "/control", pause).status, 401U);
    EXPECT_EQ(ask(http::verb::post, "/control", pause, "Bearer " + token + "x").status, 403U);
    EXPECT_EQ(ask(http::verb::get, "/control").status, 405U);
    EXPECT_EQ(
        ask(http::verb::post, "/control", R"({"verb":"set","settings":{"avg-qps":"x"}})", "Bearer " + token).status,
        422U);
    EXPECT_EQ(state(), "running");
    EXPECT_EQ(entries(), "");
    const auto set = ask(http::verb::post, "/control", R"({"verb":"set","settings":{"avg-qps":40}})",
                         "Bearer " + token);
    EXPECT_EQ(set.status, 202U) << set.body;
    EXPECT_TRUE(eventually([&] { return entries() == "set:avg-qps"; }));
    EXPECT_EQ(ask(http::verb::post, "/control", pause, "Bearer " + token).status, 202U);
    EXPECT_EQ(state(), "paused");
    EXPECT_EQ(ask(http::verb::post, "/control", R"({"verb":"drain"})", "Bearer " + token).status, 202U);
    const auto done = daemon.wait();
    EXPECT_EQ(done.status, 0);
    EXPECT_EQ((done.out + done.err).find(token), std::string::npos);
    expect_clean();
}

/// Sums of the samples of a family by the value of one label, or all of them where it is empty.
std::map<std::string, double> sums(const std::string& text, const std::string& family, const std::string& label)
{
    std::map<std::string, double> all;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
    {
        if (!line.starts_with(family + "{") && !line.starts_with(family + " "))
            continue;
        const auto key = label + "=\"";
        const auto at = label.empty() ? line.npos : line.find(key);
        const auto value = at == line.npos
                               ? std::string()
                               : line.substr(at + key.size(), line.find('"', at + key.size()) - at - key.size());
        all[value] += std::stod(line.substr(line.rfind(' ')));
    }
    return all;
}

// The counters are what is in the database: a run from its first unit on, by one process.
TEST_F(observed, MetricsAgreeWithTheRows)
{
    auto daemon = start({"--avg-qps", "80", "--lifecycle", "complete", "--lifecycle-scale", "0.01", "--history", "60s",
                         "--history-as", "changes"});
    ASSERT_TRUE(up());
    port_ = port_of(daemon.id());
    ASSERT_TRUE(eventually([&] { return commits() > 2'000; }));
    EXPECT_EQ(ctl({"pause"}).status, 0);
    ASSERT_TRUE(eventually([&] { return status()["units"]["in_flight"] == 0; }));
    const auto text = ask(http::verb::get, "/metrics").body;
    for (const std::string table : {"orders", "order_items", "events"})
    {
        std::istringstream lines(text);
        double inserted = -1;
        for (std::string line; std::getline(lines, line);)
            if (line.starts_with("bazaard_rows_written_total{table=\"" + table + "\",op=\"insert\"}"))
                inserted = std::stod(line.substr(line.rfind(' ')));
        EXPECT_EQ(inserted, std::stod(one(on_, "SELECT count(*) FROM demo." + table))) << table;
        EXPECT_EQ(sums(text, "bazaard_planned_rows", "table").at(table), inserted);
    }
    double in_states = 0;
    for (const auto& [state, orders] : sums(text, "bazaard_planned_states", "state"))
    {
        EXPECT_EQ(orders, std::stod(one(on_, "SELECT count(*) FROM demo.orders WHERE status = '" + state + "'")))
            << state;
        in_states += orders;
    }
    EXPECT_EQ(in_states, std::stod(one(on_, "SELECT count(*) FROM demo.orders")));
    const auto committed = sums(text, "bazaard_units_total", "outcome").at("committed");
    EXPECT_EQ(committed, sums(text, "bazaard_settled_unit", "").at(""));
    EXPECT_EQ(committed, sums(text, "bazaard_unit_service_seconds_count", "").at(""));
    EXPECT_EQ(committed, sums(text, "bazaard_unit_lag_seconds_count", "").at(""));
    EXPECT_EQ(sums(text, "bazaard_lease_held", "").at(""), 1);
    EXPECT_EQ(sums(text, "bazaard_paused", "").at(""), 1);
    EXPECT_EQ(sums(text, "bazaard_db_up", "").at(""), 1);
    EXPECT_EQ(sums(text, "bazaard_target_ticks_per_second", "").at(""), 80);
    EXPECT_GT(sums(text, "process_resident_memory_bytes", "").at(""), 1e6);
    EXPECT_EQ(ctl({"resume"}).status, 0);
    EXPECT_EQ(sums(ask(http::verb::get, "/metrics").body, "bazaard_control_entries_total", "kind").at("shift"), 1);
    // A slot that nobody reads is seen within its interval.
    on_.exec("SELECT pg_create_logical_replication_slot('watched', 'pgoutput')");
    EXPECT_TRUE(eventually(
        [&]
        { return sums(ask(http::verb::get, "/metrics").body, "bazaard_slot_active", "slot").contains("watched"); }));
    EXPECT_EQ(sums(ask(http::verb::get, "/metrics").body, "bazaard_slot_active", "slot").at("watched"), 0);
    on_.exec("SELECT pg_drop_replication_slot('watched')");
    EXPECT_EQ(ctl({"drain"}).status, 0);
    EXPECT_EQ(daemon.wait().status, 0);
}

// A living daemon's socket is its own; a dead one's is replaced.
TEST_F(observed, ASocketHasOneOwner)
{
    auto daemon = start({"--avg-qps", "20"});
    ASSERT_TRUE(up());
    const auto other = run_bazaard("run", database_,
                                   {"--run", "other", "--control-socket", socket_, "--max-iter", "1"});
    EXPECT_EQ(other.status, 75) << other.err;
    EXPECT_EQ(state(), "running");
    daemon.send(SIGKILL);
    EXPECT_EQ(daemon.wait().status, 128 + SIGKILL);
    EXPECT_EQ(ctl({"status"}).status, 69);
    auto next = start({"--avg-qps", "20"});
    ASSERT_TRUE(up());
    EXPECT_EQ(ctl({"drain"}).status, 0);
    EXPECT_EQ(next.wait().status, 0);
}

// The default place is found again by schema, run and database.
TEST_F(observed, IsFoundByTheNameOfItsRun)
{
    if (!hide_other_daemons())
        GTEST_SKIP() << "other daemons of this user run here";
    const std::map<std::string, std::string> place{{"XDG_RUNTIME_DIR", directory_}};
    auto words = database_arguments(database_);
    words.insert(words.begin(), {test::program_path(), "run"});
    words.insert(words.end(), {"--avg-qps", "20"});
    process daemon(words, place);
    EXPECT_TRUE(eventually([&] { return bazaard({"ctl", "status"}, place).status == 0; }));
    EXPECT_EQ(bazaard({"ctl", "status", "--run", "other"}, place).status, 69);
    struct stat found = {};
    ASSERT_EQ(::stat((directory_ + "/bazaard").c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0700U);
    EXPECT_EQ(bazaard({"ctl", "drain"}, place).status, 0);
    EXPECT_EQ(daemon.wait().status, 0);
}

// Two databases with the same schema and run: each daemon has its socket, and `ctl` speaks with the one that it is asked for.
TEST_F(observed, IsNotTakenForTheDaemonOfAnotherDatabase)
{
    const std::map<std::string, std::string> place{{"XDG_RUNTIME_DIR", directory_}};
    const auto start_at = [&](const postgres::connection_flags& at)
    {
        auto words = database_arguments(at);
        words.insert(words.begin(), {test::program_path(), "run"});
        words.insert(words.end(), {"--avg-qps", "20"});
        return process(words, place);
    };
    const auto ask = [&](const char* verb, std::vector<std::string> where)
    {
        where.insert(where.begin(), {"ctl", verb});
        return bazaard(where, place);
    };
    const auto elsewhere = server_.fresh_database();
    auto one = start_at(database_);
    auto other = start_at(elsewhere);
    const std::vector<std::string> by_name{"--db-name", *database_.name};
    const std::vector<std::string> by_other_name{"--db-name", *elsewhere.name};
    for (const auto& which : {by_name, by_other_name, database_arguments(database_), database_arguments(elsewhere)})
        EXPECT_TRUE(eventually([&] { return ask("health", which).status == 0; })) << testing::PrintToString(which);
    for (const auto& [where, name] : {std::pair(by_name, *database_.name), std::pair(by_other_name, *elsewhere.name),
                                      std::pair(database_arguments(elsewhere), *elsewhere.name)})
    {
        const auto told = ask("status", where);
        EXPECT_NE(told.out.find('/' + name + ": up"), std::string::npos) << told.out;
    }
    // Who names neither gets neither, and hears of both.
    const auto either = ask("drain", {});
    EXPECT_EQ(either.status, 69);
    for (const auto& at : {database_, elsewhere})
        EXPECT_NE(either.err.find('/' + *at.name + ')'), std::string::npos) << either.err;
    EXPECT_EQ(ask("status", {"--run", "main"}).status, 69);
    EXPECT_EQ(ask("status", {"--db-name", "neither"}).status, 69);

    EXPECT_EQ(ask("drain", by_name).status, 0);
    EXPECT_EQ(one.wait().status, 0);
    // The other one is not shown in its place, by whatever says which is meant.
    EXPECT_EQ(ask("status", by_name).status, 69);
    EXPECT_EQ(ask("status", database_arguments(database_)).status, 69);
    auto by_environment = place;
    by_environment["BAZAARD_DB_NAME"] = *database_.name;
    EXPECT_EQ(bazaard({"ctl", "status"}, by_environment).status, 69);
    auto by_libpq = place;
    by_libpq["PGDATABASE"] = *database_.name;
    EXPECT_EQ(bazaard({"ctl", "status"}, by_libpq).status, 69);
    EXPECT_EQ(ask("status", {}).status, 0) << "the only one";
    EXPECT_EQ(ask("drain", by_other_name).status, 0);
    EXPECT_EQ(other.wait().status, 0);
}

// Without a name it is the only one that is meant; with two there is none.
TEST_F(observed, TheOnlyDaemonNeedsNoName)
{
    if (!hide_other_daemons())
        GTEST_SKIP() << "other daemons of this user run here";
    const std::map<std::string, std::string> place{{"XDG_RUNTIME_DIR", directory_}};
    const auto start_run = [&](const std::string& run)
    {
        auto words = database_arguments(database_);
        words.insert(words.begin(), {test::program_path(), "run"});
        words.insert(words.end(), {"--avg-qps", "20", "--run", run});
        return process(words, place);
    };
    // Those that were killed do not count, whatever their names.
    std::filesystem::create_directory(directory_ + "/bazaard");
    std::filesystem::permissions(directory_ + "/bazaard", std::filesystem::perms::owner_all);
    for (const char* name : {"demo.main.sock", "demo.gone.sock"})
        leave_socket(directory_ + "/bazaard/" + name);
    auto one = start_run("one");
    EXPECT_TRUE(eventually([&] { return bazaard({"ctl", "status"}, place).status == 0; }));
    EXPECT_EQ(bazaard({"ctl", "status", "--run", "main"}, place).status, 69);
    auto two = start_run("two");
    EXPECT_TRUE(eventually([&] { return bazaard({"ctl", "status", "--run", "two"}, place).status == 0; }));
    const auto either = bazaard({"ctl", "drain"}, place);
    EXPECT_EQ(either.status, 69);
    EXPECT_NE(either.err.find("demo.two.sock"), std::string::npos) << either.err;
    for (const char* run : {"one", "two"})
        EXPECT_EQ(bazaard({"ctl", "drain", "--run", run}, place).status, 0);
    EXPECT_EQ(one.wait().status, 0);
    EXPECT_EQ(two.wait().status, 0);
}

}  // namespace
}  // namespace bazaar::test
