// The program against a real server: what it refuses and leaves untouched, what it resumes, prints and plans.

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <chrono>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "bazaar/base/id.hpp"
#include "process.hpp"
#include "support/contents.hpp"
#include "support/eventually.hpp"
#include "support/places.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

using nlohmann::json;
using postgres::connection_flags;
using words = std::vector<std::string>;
using clock = std::chrono::steady_clock;

const std::string wrong_password = "pa55-that-nobody-may-see";

// ---- Helpers --------------------------------------------------------------------------------------------------------

words lines_of(const std::string& text)
{
    words lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != text.npos;
}

words operator+(words one, const words& other)
{
    one.insert(one.end(), other.begin(), other.end());
    return one;
}

postgres_cluster& cluster()
{
    return postgres_cluster::get();
}

sql_client connect(const connection_flags& to)
{
    return sql_client(to);
}

/// The flags that lead there; everything is logged.
words told_at(const connection_flags& to)
{
    return {"--db-host", *to.host,    "--db-port", *to.port,       "--db-user",
            *to.user,    "--db-name", *to.name,    "--log-format", "text"};
}

/// The same; only what goes wrong is logged.
words at(const connection_flags& to)
{
    return told_at(to) + words{"--log-level", "warning"};
}

/// A small run that ends by itself; in the past, so that it need not wait for its time when it goes on.
words small(int ticks)
{
    return {"--unpaced",  "--init-num-users",   "30", "--start-time", "2024-05-01T00:00:00Z",
            "--max-iter", std::to_string(ticks)};
}

finished run(const connection_flags& to, const words& more, std::map<std::string, std::string> environment = {})
{
    if (to.password)
        environment["PGPASSWORD"] = *to.password;
    return bazaard(words{"run"} + at(to) + more, std::move(environment));
}

/// Everything in the database that is not the server's own: objects, and each row with the transaction that wrote it.
std::string everything(const connection_flags& in)
{
    auto on = connect(in);
    const std::string ours = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'";
    auto text = rows(on, "SELECT n.nspname, n.xmin FROM pg_catalog.pg_namespace n WHERE " + ours + " ORDER BY 1");
    text += rows(on, "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relfilenode, c.relacl, "
                     "(SELECT pg_catalog.string_agg(a.attname || ' ' || a.atttypid || ' ' || a.attnotnull, ', ' "
                     "ORDER BY a.attnum) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0) "
                     "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE " +
                         ours + " ORDER BY 1");
    text += rows(on, "SELECT p.oid, n.nspname, p.proname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n "
                     "ON n.oid = p.pronamespace WHERE " +
                         ours + " ORDER BY 1");
    const auto tables = rows(on, "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c "
                                 "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND " +
                                     ours + " ORDER BY 1");
    for (const auto& table : lines_of(tables))
        text += table + ' ' +
                rows(on, "SELECT count(*), pg_catalog.md5(coalesce(string_agg(t.xmin::text || t::text, '' "
                         "ORDER BY t.ctid), '')) FROM " +
                             table + " t");
    return text;
}

/// Refused with this status, and with exactly these lines: each wanted line is a list of parts that it holds.
void expect_refused(const finished& left, int status, const std::vector<words>& wanted)
{
    EXPECT_EQ(left.status, status) << left.err;
    EXPECT_EQ(left.out, "");
    const auto lines = lines_of(left.err);
    EXPECT_EQ(lines.size(), wanted.size()) << left.err;
    for (std::size_t i = 0; i < std::min(lines.size(), wanted.size()); ++i)
    {
        EXPECT_TRUE(lines[i].starts_with("bazaard: ")) << lines[i];
        for (const auto& part : wanted[i])
            EXPECT_TRUE(has(lines[i], part)) << "wanted: " << part << "\ngot: " << lines[i];
    }
}

/// "orders 1,234" of a printed summary, as a number; -1 when it is not there.
long figure(const std::string& summary, const std::string& name)
{
    const auto row = summary.find("\nrows ");
    auto place = row == summary.npos ? row : summary.find(' ' + name + ' ', row);
    if (place == summary.npos || place > summary.find('\n', row + 1))
        return -1;
    std::string digits;
    for (place += name.size() + 2; place < summary.size(); ++place)
        if (std::isdigit(static_cast<unsigned char>(summary[place])) != 0)
            digits += summary[place];
        else if (summary[place] != ',' || summary[place + 1] == ' ')
            break;
    return digits.empty() ? -1 : std::stol(digits);
}

void expect_summary_is_true(const std::string& summary, sql_client& on)
{
    for (const std::string table : {"users", "orders", "order_items", "events"})
        EXPECT_EQ(std::to_string(figure(summary, table)), one(on, "SELECT count(*) FROM demo." + table))
            << table << " of\n"
            << summary;
}

class refusal : public testing::Test
{
protected:
    /// Runs it; afterwards the database is byte for byte what it was.
    static finished untouched(const connection_flags& in, const std::function<finished()>& what)
    {
        const auto before = everything(in);
        auto left = what();
        EXPECT_EQ(everything(in), before);
        return left;
    }

    static connection_flags as(connection_flags to, const std::string& user)
    {
        to.user = user;
        return to;
    }
};

// ---- Login ----------------------------------------------------------------------------------------------------------

TEST_F(refusal, a_wrong_password)
{
    const auto database = cluster().fresh_database();
    auto to = cluster().over_tcp(database);
    to.password = wrong_password;
    for (const std::string level : {"warning", "trace"})
    {
        const auto left = untouched(database, [&] { return run(to, small(5)); });
        expect_refused(left, 77, {{"\"bazaar\"", "password authentication failed", "--db-password-file"}});
        EXPECT_FALSE(has(left.out + left.err, wrong_password));
    }
}

TEST_F(refusal, a_wrong_password_however_it_is_given_is_never_printed)
{
    const auto database = cluster().fresh_database();
    const auto to = cluster().over_tcp(database);
    const temporary_file file(wrong_password + "\n");
    const auto url = "postgresql://bazaar:" + wrong_password + "@127.0.0.1:" + *to.port + "/" + *to.name;
    const std::vector<words> ways{
        {"--db-password", wrong_password, "--db-host", "127.0.0.1", "--db-port", *to.port, "--db-user", "bazaar"},
        {"--password=" + wrong_password, "--db-host", "127.0.0.1", "--db-port", *to.port, "--db-user", "bazaar"},
        {"--db-password-file", file.path(), "--db-host", "127.0.0.1", "--db-port", *to.port, "--db-user", "bazaar"},
        {"--db-url", url},
    };
    for (const auto& way : ways)
        for (const words& command : {words{"run", "--log-level", "trace"}, words{"init", "--log-level", "trace"},
                                     words{"run", "--print-config"}})
        {
            SCOPED_TRACE(way[0] + " of " + command[0] + ' ' + command[1]);
            const auto left = untouched(database, [&] { return bazaard(command + way); });
            EXPECT_EQ(left.status, command[1] == "--print-config" ? 0 : 77) << left.err;
            EXPECT_FALSE(has(left.out + left.err, wrong_password)) << left.out << left.err;
        }
}

TEST_F(refusal, a_role_that_does_not_exist)
{
    const auto database = cluster().fresh_database();
    auto over_tcp = as(cluster().over_tcp(database), "nobody_here");
    over_tcp.password = wrong_password;
    for (const auto& to : {over_tcp, as(database, "nobody_here")})
    {
        const auto left = untouched(database, [&] { return run(to, small(5)); });
        expect_refused(left, 77, {{"\"nobody_here\""}});
        EXPECT_FALSE(has(left.err, wrong_password));
    }
}

TEST_F(refusal, a_database_that_does_not_exist)
{
    auto to = cluster().over_tcp(cluster().fresh_database());
    to.name = "not_made";
    const auto left = run(to, small(5));
    expect_refused(left, 78, {{"\"not_made\" does not exist", "--db-name"}});
    EXPECT_FALSE(has(left.err, *to.password));
}

TEST_F(refusal, a_role_that_may_not_connect)
{
    const auto database = cluster().fresh_database();
    auto on = connect(database);
    on.exec("CREATE ROLE outsider LOGIN");
    on.exec("REVOKE CONNECT ON DATABASE " + *database.name + " FROM PUBLIC");
    const auto left = untouched(database, [&] { return run(as(database, "outsider"), small(5)); });
    expect_refused(left, 77, {{"\"outsider\"", "CONNECT"}});
}

/// No waiting for a server that is away.
const words at_once{"--wait-for-db", "0"};

TEST_F(refusal, a_server_that_is_away_within_seconds)
{
    connection_flags to;
    to.host = "127.0.0.1";
    to.port = std::to_string(free_port());
    to.user = "bazaar";
    to.name = "fh_dev";
    to.password = wrong_password;
    const auto begun = clock::now();
    const auto left = run(to, small(5) + at_once);
    EXPECT_LT(clock::now() - begun, std::chrono::seconds(15));
    expect_refused(left, 69, {{"127.0.0.1:" + *to.port, "--db-port"}});
    EXPECT_FALSE(has(left.err, wrong_password));
}

// ---- Servers of the test's own --------------------------------------------------------------------------------------

/// Answers one client at a time on a loopback port; `answer` gets the connected socket.
class small_server
{
public:
    explicit small_server(std::function<void(int)> answer) : answer_(std::move(answer))
    {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 8) != 0 ||
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
            throw std::runtime_error("no server of the test's own");
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }

    ~small_server()
    {
        ::shutdown(listener_, SHUT_RDWR);  // Ends the accept.
        thread_.join();
        ::close(listener_);
    }

    small_server(const small_server&) = delete;
    small_server& operator=(const small_server&) = delete;

    [[nodiscard]] connection_flags reach() const
    {
        connection_flags to;
        to.host = "127.0.0.1";
        to.port = std::to_string(port_);
        to.user = "bazaar";
        to.name = "fh_dev";
        to.password = wrong_password;
        return to;
    }

    [[nodiscard]] int clients() const { return clients_; }

private:
    void serve()
    {
        for (int client = 0; (client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;)
        {
            ++clients_;
            const timeval limit{20, 0};
            ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
            answer_(client);
            std::array<char, 512> rest;
            while (::recv(client, rest.data(), rest.size(), 0) > 0)
                ;
            ::close(client);
        }
    }

    std::function<void(int)> answer_;
    int listener_ = -1;
    int port_ = 0;
    std::atomic<int> clients_{0};
    std::thread thread_;
};

std::string network(std::uint32_t number)
{
    const auto bytes = htonl(number);
    return {reinterpret_cast<const char*>(&bytes), sizeof bytes};
}

std::string message(char type, const std::string& body)
{
    return type + network(static_cast<std::uint32_t>(body.size()) + 4) + body;
}

bool take(int client, void* into, std::size_t size)
{
    return ::recv(client, into, size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

/// As much of the protocol as a login without a password needs.
void log_in(int client, const std::string& version)
{
    for (std::array<std::uint32_t, 2> head; take(client, head.data(), sizeof head);)
    {
        const auto length = ntohl(head[0]);
        const auto code = ntohl(head[1]);
        if (code == 80877103 || code == 80877104)  // Asks for TLS or GSS.
        {
            static_cast<void>(::send(client, "N", 1, MSG_NOSIGNAL));
            continue;
        }
        std::string rest(length - sizeof head, '\0');
        if (code != 196608 || !take(client, rest.data(), rest.size()))
            return;
        const auto parameter = [](const std::string& name, const std::string& value)
        { return message('S', name + '\0' + value + '\0'); };
        const auto answer = message('R', network(0)) + parameter("server_version", version) +
                            parameter("client_encoding", "UTF8") + parameter("standard_conforming_strings", "on") +
                            message('K', network(1) + network(2)) + message('Z', "I");
        static_cast<void>(::send(client, answer.data(), answer.size(), MSG_NOSIGNAL));
        return;
    }
}

TEST_F(refusal, a_server_that_is_too_old)
{
    const small_server old([](int client) { log_in(client, "13.9"); });
    const auto left = run(old.reach(), small(5));
    EXPECT_GE(old.clients(), 1);
    expect_refused(left, 78, {{"PostgreSQL 13.9", "14 or later"}});
    EXPECT_FALSE(has(left.err, wrong_password));
}

TEST_F(refusal, a_server_that_accepts_and_never_answers)
{
    const small_server silent([](int) {});
    const auto begun = clock::now();
    const auto left = run(silent.reach(), small(5) + at_once);
    EXPECT_LT(clock::now() - begun, std::chrono::seconds(15));
    EXPECT_GE(silent.clients(), 1);
    expect_refused(left, 69, {{"no answer in time"}});
    EXPECT_FALSE(has(left.err, wrong_password));
}

// ---- Rights ---------------------------------------------------------------------------------------------------------

TEST_F(refusal, a_role_that_may_not_create_the_schema)
{
    const auto database = cluster().fresh_database();
    connect(database).exec("CREATE ROLE visitor LOGIN");
    for (const words& command : {words{"run"}, words{"init"}})
    {
        const auto more = command[0] == "run" ? small(5) : words{};
        const auto left = untouched(database, [&] { return bazaard(command + at(as(database, "visitor")) + more); });
        expect_refused(left, 77, {{"\"visitor\"", "CREATE on the database \"" + *database.name + '"'}});
    }
}

TEST_F(refusal, a_role_that_lacks_rights_on_tables)
{
    const auto database = cluster().fresh_database();
    ASSERT_EQ(run(database, small(5)).status, 0);
    auto on = connect(database);
    on.exec("CREATE ROLE clerk LOGIN");
    on.exec("GRANT USAGE ON SCHEMA demo, bazaard TO clerk");
    on.exec("GRANT ALL ON ALL TABLES IN SCHEMA demo, bazaard TO clerk");
    on.exec("REVOKE INSERT ON demo.orders FROM clerk");
    on.exec("REVOKE UPDATE ON demo.users FROM clerk");
    const auto left = untouched(database, [&] { return run(as(database, "clerk"), small(9)); });
    expect_refused(left, 77,
                   {{"\"clerk\"", "lacks UPDATE on the table demo.users"},
                    {"\"clerk\"", "lacks INSERT on the table demo.orders"}});
    on.exec("GRANT ALL ON ALL TABLES IN SCHEMA demo TO clerk");
    EXPECT_EQ(run(as(database, "clerk"), small(9)).status, 0);
    EXPECT_EQ(one(on, "SELECT count(*) FROM demo.orders"), "9");
}

TEST_F(refusal, a_server_that_only_reads)
{
    const auto database = cluster().fresh_database();
    auto on = connect(database);
    on.exec("CREATE ROLE reader LOGIN SUPERUSER");
    on.exec("ALTER ROLE reader SET default_transaction_read_only = on");
    const auto left = untouched(database, [&] { return run(as(database, "reader"), small(5) + at_once); });
    expect_refused(left, 69, {{"read-only", "--db-host"}});
}

// ---- Schemas of others ----------------------------------------------------------------------------------------------

TEST_F(refusal, the_schema_of_another_program)
{
    const auto database = cluster().fresh_database();
    auto on = connect(database);
    on.exec("CREATE SCHEMA demo");
    on.exec("CREATE TABLE demo.users (id serial PRIMARY KEY, nick varchar(20), created_at date)");
    on.exec("CREATE VIEW demo.orders AS SELECT 1 AS id");
    on.exec("INSERT INTO demo.users (nick) VALUES ('kept')");
    for (const words& command : {words{"run"} + small(5), words{"init"}})
    {
        const auto left = untouched(database, [&] { return bazaard(command + at(database)); });
        EXPECT_EQ(left.status, 78);
        EXPECT_EQ(left.out, "");
        const auto lines = lines_of(left.err);
        for (const auto& line : lines)
            EXPECT_TRUE(line.starts_with("bazaard: ")) << line;
        for (const std::string wanted :
             {"table demo.users: column id is integer; it must be uuid",
              "table demo.users: column created_at is date; it must be timestamp with time zone",
              "table demo.users: column email is missing; it must be text NOT NULL", "table demo.orders is not a table",
              "table demo.events is missing"})
            EXPECT_EQ(std::count_if(lines.begin(), lines.end(), [&](const auto& line) { return has(line, wanted); }), 1)
                << wanted << "\n"
                << left.err;
        ASSERT_FALSE(lines.empty());
        EXPECT_TRUE(has(lines.back(), "nothing was changed")) << lines.back();
        EXPECT_TRUE(has(lines.back(), "--db-schema")) << lines.back();
    }
    // Beside it there is room.
    EXPECT_EQ(run(database, small(5) + words{"--db-schema", "shop"}).status, 0);
    EXPECT_EQ(one(on, "SELECT nick FROM demo.users"), "kept");
}

TEST_F(refusal, a_schema_bazaard_of_another_program)
{
    const auto database = cluster().fresh_database();
    auto on = connect(database);
    on.exec("CREATE SCHEMA bazaard");
    on.exec("CREATE TABLE bazaard.run (name text)");
    on.exec("CREATE TABLE bazaard.stalls (id integer)");
    const auto left = untouched(database, [&] { return run(database, small(5)); });
    EXPECT_EQ(left.status, 78);
    EXPECT_TRUE(has(left.err, "bazaard: table bazaard.run: column seed is missing\n")) << left.err;
    EXPECT_TRUE(has(left.err, "bazaard: schema bazaard holds stalls")) << left.err;
    const auto lines = lines_of(left.err);
    ASSERT_FALSE(lines.empty());
    EXPECT_TRUE(has(lines.back(), "nothing was changed")) << lines.back();
    EXPECT_TRUE(has(lines.back(), "in \"bazaard\"")) << lines.back();
    EXPECT_FALSE(has(lines.back(), "--db-schema")) << "another schema for the shop is no way out: " << lines.back();
}

// ---- Runs that exist ------------------------------------------------------------------------------------------------

TEST_F(refusal, another_seed_and_whatever_else_makes_the_plan)
{
    const auto database = cluster().fresh_database();
    ASSERT_EQ(run(database, {"--unpaced", "--max-iter", "10", "--init-num-users", "30", "--seed", "7", "--start-time",
                             "2024-01-01T00:00:00Z"})
                  .status,
              0);
    const auto left = untouched(database,
                                [&]
                                {
                                    return run(database,
                                               {"--unpaced", "--max-iter", "20", "--seed", "8", "--init-num-users",
                                                "31", "--country", "Brazil", "--lifecycle", "complete", "--start-time",
                                                "2024-01-02T00:00:00Z", "--window", "64"});
                                });
    EXPECT_EQ(left.status, 78);
    EXPECT_EQ(left.out, "");
    const auto lines = lines_of(left.err);
    EXPECT_EQ(lines.size(), 6U) << left.err;
    for (const auto& line : lines)
        EXPECT_TRUE(line.starts_with("bazaard: --") && has(line, "run main has ") && has(line, "--run NEW")) << line;
    for (const std::string wanted :
         {"--seed 8: run main has 7,", "--init-num-users 31: run main has 30,", "--country Brazil: run main has *,",
          "--lifecycle complete: run main has partial,",
          "--start-time 2024-01-02T00:00:00.000000Z: run main has 2024-01-01T00:00:00.000000Z,",
          "--window 64: run main has 1024,"})
        EXPECT_TRUE(has(left.err, wanted)) << wanted << "\n" << left.err;

    // The same values again are no change, and another run may have its own.
    EXPECT_EQ(run(database, {"--unpaced", "--max-iter", "20", "--seed", "7", "--init-num-users", "30", "--window",
                             "1024", "--start-time", "2024-01-01T00:00:00Z"})
                  .status,
              0);
    EXPECT_EQ(run(database, small(5) + words{"--seed", "8", "--run", "other"}).status, 0);
}

TEST(resumed, takes_a_new_rate_and_records_it)
{
    const auto database = cluster().fresh_database();
    auto on = connect(database);
    ASSERT_EQ(run(database, small(10)).status, 0);
    ASSERT_EQ(run(database, {"--unpaced", "--max-iter", "20", "--avg-qps", "50"}).status, 0);
    EXPECT_EQ(rows(on, "SELECT kind, field, value FROM bazaard.control WHERE kind = 'set'"), "set|avg-qps|50000000\n");
    ASSERT_EQ(run(database, {"--unpaced", "--max-iter", "30", "--avg-qps", "50"}).status, 0);
    EXPECT_EQ(one(on, "SELECT count(*) FROM bazaard.control WHERE kind = 'set'"), "1");
    EXPECT_EQ(one(on, "SELECT count(*) FROM demo.orders"), "30");
}

TEST(max_iter, counts_the_whole_run)
{
    const auto database = cluster().fresh_database();
    auto on = connect(database);
    const auto orders = [&] { return one(on, "SELECT count(*) FROM demo.orders"); };

    ASSERT_EQ(run(database, small(30)).status, 0);
    EXPECT_EQ(orders(), "30");

    // What is done already is not done again, and not touched.
    for (const int ticks : {30, 12})
    {
        const auto before = everything(database);
        const auto left = bazaard(words{"run"} + told_at(database) + small(ticks));
        EXPECT_EQ(left.status, 0) << left.err;
        EXPECT_EQ(left.out, "");
        EXPECT_EQ(everything(database), before);
        std::string told;
        for (const auto& line : lines_of(left.err))
            if (has(line, "--max-iter"))
                told += line + '\n';
        EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 1) << left.err;
        EXPECT_TRUE(has(told, "run main has 30 ticks already")) << left.err;
        EXPECT_TRUE(has(told, "--run NEW")) << told;
        const auto place = told.find("--max-iter ");
        ASSERT_NE(place, told.npos);
        EXPECT_GT(std::stol(told.substr(place + 11)), 30) << "a number that goes on: " << told;
    }

    const auto more = run(database, small(45));
    EXPECT_EQ(more.status, 0) << more.err;
    EXPECT_EQ(orders(), "45");
    expect_summary_is_true(more.out, on);
}

TEST_F(refusal, without_the_kafka_that_create_topic_needs)
{
    const auto database = cluster().fresh_database();
    const words topics{"--create-topic", "--bootstrap-servers", "127.0.0.1:" + std::to_string(free_port()),
                       "--kafka-timeout", "1s"};
    const auto left = untouched(database, [&] { return run(database, small(5) + topics); });
    EXPECT_EQ(left.status, 69);
    EXPECT_NE(left.err.find("Kafka does not answer at 127.0.0.1:"), std::string::npos) << left.err;
    EXPECT_EQ(run(database, small(5) + words{"--no-create-topic"}).status, 0);
}

// ---- Looking without touching ---------------------------------------------------------------------------------------

TEST(plan, never_writes)
{
    const auto database = cluster().fresh_database();
    for (const bool there : {false, true})
    {
        SCOPED_TRACE(there ? "with a run" : "without a schema");
        if (there)
        {
            ASSERT_EQ(run(database, small(10)).status, 0);
        }
        const auto before = everything(database);
        for (const words& command : {words{"plan"}, words{"plan", "--units", "5..30", "--format", "jsonl"},
                                     words{"plan", "--seed", "3"}, words{"run", "--dry-run"}})
        {
            const auto left = bazaard(command + at(database));
            EXPECT_EQ(left.status, 0) << left.err;
            EXPECT_NE(left.out, "");
            EXPECT_EQ(everything(database), before) << command[0] << ' ' << left.err;
        }
    }
}

TEST(plan, shows_the_recorded_run)
{
    const auto database = cluster().fresh_database();
    ASSERT_EQ(run(database, small(10)).status, 0);
    auto on = connect(database);
    const auto left = bazaard(words{"plan", "--units", "0..0", "--format", "jsonl"} + at(database));
    ASSERT_EQ(left.status, 0) << left.err;
    const auto unit = json::parse(left.out);
    const auto id = unit["changes"][0]["after"]["id"].get<std::string>();
    EXPECT_EQ(one(on, "SELECT count(*) FROM demo." + unit["changes"][0]["table"].get<std::string>() + " WHERE id = '" +
                          id + "'"),
              "1");
}

/// The rows of a plan as its changes leave them, by table and id.
using planned = std::map<std::string, std::map<std::string, json>>;

TEST(plan, says_before_the_run_what_the_tables_hold_after_it)
{
    const auto database = cluster().fresh_database();
    const words shop{"--seed",
                     "42",
                     "--start-time",
                     "2024-03-01T08:00:00Z",
                     "--init-num-users",
                     "60",
                     "--lifecycle",
                     "complete",
                     "--lifecycle-scale",
                     "0.001",
                     "--user-update-prob",
                     "0.3",
                     "--ghost-create-prob",
                     "0.3",
                     "--user-create-prob",
                     "0.2"};
    const auto plan = bazaard(words{"plan", "--units", "0..4999", "--format", "jsonl"} + at(database) + shop);
    ASSERT_EQ(plan.status, 0) << plan.err;
    const auto lines = lines_of(plan.out);
    ASSERT_EQ(lines.size(), 5000U);

    ASSERT_EQ(run(database, shop + words{"--unpaced", "--max-iter", "300"}).status, 0);
    auto on = connect(database);
    const auto units = std::stoul(one(on, "SELECT settled FROM bazaard.run"));
    ASSERT_GT(units, 300U);
    ASSERT_LE(units, lines.size());

    planned expected;
    std::map<std::string, long> inserted;
    std::map<std::string, long> updated;
    for (std::size_t no = 0; no < units; ++no)
    {
        const auto unit = json::parse(lines[no]);
        ASSERT_EQ(unit["unit"], no);
        for (const auto& change : unit["changes"])
        {
            const auto table = change["table"].get<std::string>();
            const auto op = change["op"].get<std::string>();
            ASSERT_TRUE(op == "insert" || op == "update") << op;
            auto& row = expected[table][change["after"]["id"].get<std::string>()];
            ++(op == "insert" ? inserted : updated)[table];
            if (op == "insert")
            {
                EXPECT_TRUE(row.is_null()) << "inserted twice: " << change;
                EXPECT_TRUE(change["before"].is_null());
            }
            else if (!row.is_null())
            {
                EXPECT_EQ(change["before"], row) << "an update starts from what the row was";
            }
            row = change["after"];
        }
    }
    // Otherwise this proves little.
    EXPECT_GT(updated["orders"], 20);
    EXPECT_GT(updated["order_items"], 20);
    EXPECT_GT(updated["users"], 20);
    EXPECT_GT(inserted["users"], 20);
    inserted["users"] += 60;

    ASSERT_EQ(expected.size(), 4U);
    for (const auto& [table, by_id] : expected)
    {
        SCOPED_TRACE(table);
        const auto name = "demo." + table;
        std::set<std::string> columns;
        for (const auto& column : lines_of(rows(on, "SELECT column_name FROM information_schema.columns WHERE "
                                                    "table_schema = 'demo' AND table_name = '" +
                                                        table + "'")))
            columns.insert(column);
        json all = json::array();
        for (const auto& [id, row] : by_id)
        {
            std::set<std::string> keys;
            for (const auto& [key, value] : row.items())
                keys.insert(key);
            ASSERT_EQ(keys, columns) << id;
            all.push_back(row);
        }
        const auto text = all.dump();
        const auto missing = on.exec("SELECT e.id FROM (SELECT * FROM jsonb_populate_recordset(NULL::" + name +
                                         ", $1::jsonb) EXCEPT SELECT * FROM " + name + ") e LIMIT 5",
                                     {text});
        EXPECT_EQ(missing.rows(), 0) << "not in the table as planned: " << by_id.at(std::string(missing.get(0, 0)));
        EXPECT_EQ(one(on, "SELECT count(*) FROM " + name), std::to_string(inserted[table]));
    }
}

// ---- explain --------------------------------------------------------------------------------------------------------

class explain : public testing::Test
{
protected:
    void SetUp() override { ASSERT_EQ(run(database, small(10) + words{"--seed", "11"}).status, 0); }

    [[nodiscard]] finished of(const std::string& id) const
    {
        return bazaard(words{"explain"} + at(database) + words{id});
    }

    connection_flags database = cluster().fresh_database();
    sql_client on = connect(database);
};

TEST_F(explain, an_id_of_the_run)
{
    const auto before = everything(database);
    const auto order = one(on, "SELECT id FROM demo.orders ORDER BY id DESC LIMIT 1");
    const auto left = of(order);
    EXPECT_EQ(left.status, 0) << left.err;
    EXPECT_EQ(left.err, "");
    EXPECT_TRUE(left.out.starts_with("run main (seed 11, ")) << left.out;
    EXPECT_TRUE(has(left.out, "orders row 9\n")) << left.out;
    EXPECT_TRUE(has(left.out, "tick 10  purchase")) << left.out;
    EXPECT_TRUE(has(left.out, "insert orders  id=" + order)) << left.out;
    const auto user = one(on, "SELECT user_id FROM demo.orders WHERE id = '" + order + "'");
    EXPECT_TRUE(has(left.out, "user_id=" + user)) << left.out;

    const auto first = of(one(on, "SELECT id FROM demo.users ORDER BY created_at LIMIT 1"));
    EXPECT_EQ(first.status, 0) << first.err;
    EXPECT_TRUE(has(first.out, "users row ")) << first.out;
    EXPECT_TRUE(has(first.out, "before unit 0")) << first.out;
    EXPECT_EQ(everything(database), before);
}

TEST_F(explain, without_a_database_by_the_seed)
{
    const auto start = one(on, "SELECT to_char(start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') "
                               "FROM bazaard.run");
    const auto id = one(on, "SELECT id FROM demo.order_items ORDER BY id LIMIT 1");
    const auto left = bazaard(
        {"explain", "--seed", "11", "--init-num-users", "30", "--start-time", start, "--log-format", "text", id});
    EXPECT_EQ(left.status, 0) << left.err;
    EXPECT_EQ(left.out, of(id).out);
}

TEST_F(explain, refuses_what_is_not_of_the_run)
{
    auto damaged = one(on, "SELECT id FROM demo.orders ORDER BY id LIMIT 1");
    damaged.back() = damaged.back() == '0' ? '1' : '0';
    for (const std::string& id : {std::string("6ba7b810-9dad-41d1-80b4-00c04fd430c8"), damaged})
        expect_refused(of(id), 65, {{id, "run main", "foreign"}});
    for (const std::string id : {"", "zzz", "42", "6ba7b810-9dad-41d1-80b4-00c04fd430c"})
    {
        const auto left = of(id);
        if (id.empty())
            EXPECT_EQ(left.status, 64) << left.err;
        else
            expect_refused(left, 65, {{id + ": is no UUID"}});
    }
}

TEST_F(explain, finds_the_run_among_several)
{
    ASSERT_EQ(run(database, small(10) + words{"--run", "second", "--seed", "11"}).status, 0);
    for (const auto& id : lines_of(rows(on, "SELECT id FROM demo.orders ORDER BY id")))
    {
        const bool main = id_codec(run_tag("main"), 11).decode(*parse_uuid(id)).has_value();
        const auto left = of(id);
        EXPECT_EQ(left.status, 0) << left.err;
        EXPECT_TRUE(left.out.starts_with(main ? "run main (" : "run second (")) << left.out;
    }
}

// ---- echo -----------------------------------------------------------------------------------------------------------

TEST(echo, prints_statement_and_values_whatever_the_log_level)
{
    const auto database = cluster().fresh_database();
    const auto left = bazaard(words{"run"} + told_at(database) + words{"--log-level", "error", "--echo"} + small(10));
    EXPECT_EQ(left.status, 0) << left.err;
    EXPECT_EQ(left.err, "");
    auto on = connect(database);
    for (const std::string table : {"orders", "order_items", "events"})
        for (const auto& id : lines_of(rows(on, "SELECT id FROM demo." + table)))
            EXPECT_TRUE(has(left.out, "insert " + table + "  id=" + id)) << id;
    const auto units = std::stol(one(on, "SELECT settled FROM bazaard.run"));
    long statements = 0;
    for (const auto& line : lines_of(left.out))
        statements += line.starts_with("SELECT \"bazaard\".\"") ? 1 : 0;
    EXPECT_EQ(statements, units);
    EXPECT_TRUE(has(left.out, "sale_price=" + one(on, "SELECT sale_price FROM demo.order_items LIMIT 1")));
    EXPECT_TRUE(has(left.out, "status=\"Processing\""));
}

// ---- Several runs ---------------------------------------------------------------------------------------------------

TEST(two_runs, live_side_by_side_in_one_schema)
{
    const auto database = cluster().fresh_database();
    const auto begin = [&](const std::string& name)
    {
        return process(words{test::program_path(), "run", "--run", name, "--unpaced", "--max-iter", "200",
                             "--init-num-users", "50", "--seed", "5"} +
                       at(database));
    };
    // Both find an empty database, so both want to make the schema.
    auto a = begin("a");
    auto b = begin("b");
    for (auto* one_of_them : {&a, &b})
    {
        const auto left = one_of_them->wait();
        EXPECT_EQ(left.status, 0) << left.err;
    }

    auto on = connect(database);
    EXPECT_EQ(one(on, "SELECT count(*) = count(DISTINCT email) FROM demo.users"), "t");
    EXPECT_EQ(rows(on, "SELECT run, clean FROM bazaard.run ORDER BY run"), "a|t\nb|t\n");
    const id_codec of_a(run_tag("a"), 5);
    const id_codec of_b(run_tag("b"), 5);
    for (const std::string table : {"users", "orders", "order_items", "events"})
    {
        long in_a = 0;
        long in_b = 0;
        long in_one = 0;
        const auto ids = lines_of(rows(on, "SELECT id FROM demo." + table));
        for (const auto& id : ids)
        {
            const auto uuid = parse_uuid(id);
            ASSERT_TRUE(uuid) << id;
            const bool a_knows = of_a.decode(*uuid).has_value();
            const bool b_knows = of_b.decode(*uuid).has_value();
            in_a += a_knows ? 1 : 0;
            in_b += b_knows ? 1 : 0;
            in_one += a_knows != b_knows ? 1 : 0;
        }
        EXPECT_EQ(in_one, static_cast<long>(ids.size())) << table;
        EXPECT_GE(std::min(in_a, in_b), 50) << table;
        if (table == "orders")
        {
            EXPECT_EQ(in_a, 200) << in_b;
        }
    }
    // Nobody buys in the other run's name.
    for (const auto& pair : lines_of(rows(on, "SELECT id, user_id FROM demo.orders")))
        EXPECT_EQ(of_a.decode(*parse_uuid(pair.substr(0, 36))).has_value(),
                  of_a.decode(*parse_uuid(pair.substr(37))).has_value());

    const auto fixed = [&]
    {
        std::string text;
        for (const std::string table : {"products", "dist_centers"})
            text += rows(on, "SELECT count(*), min(xmin::text), max(xmin::text), md5(string_agg(t::text, '' ORDER BY "
                             "id)) FROM demo." +
                                 table + " t");
        return text;
    };
    const auto once = fixed();
    for (const std::string table : {"products", "dist_centers"})
        EXPECT_EQ(one(on, "SELECT count(DISTINCT xmin::text) FROM demo." + table), "1") << "written more than once";
    EXPECT_EQ(run(database, small(20) + words{"--run", "c"}).status, 0);
    EXPECT_EQ(fixed(), once);
}

// ---- Signals --------------------------------------------------------------------------------------------------------

class stopped_by : public testing::TestWithParam<int>
{
};

TEST_P(stopped_by, a_signal_drains_and_tells_what_was_done)
{
    const auto database = cluster().fresh_database();
    auto on = connect(database);
    process live(words{test::program_path(), "run", "--avg-qps", "100", "--init-num-users", "50"} + at(database));
    const auto orders = [&] { return on.exec("SELECT count(*) FROM demo.orders").number(0, 0); };
    ASSERT_TRUE(eventually([&] { return one(on, "SELECT pg_catalog.to_regclass('demo.orders') IS NOT NULL") == "t"; }));
    ASSERT_TRUE(eventually([&] { return orders() >= 10; }));
    live.send(GetParam());
    const auto left = live.wait(std::chrono::seconds(10));
    EXPECT_EQ(left.status, 0) << left.err;
    expect_summary_is_true(left.out, on);
    EXPECT_TRUE(has(left.out, "bazaard run --run main goes on here")) << left.out;
    EXPECT_EQ(one(on, "SELECT clean FROM bazaard.run"), "t");
    // The server notices a closed connection a moment later.
    EXPECT_TRUE(eventually(
        [&]
        {
            return one(on, "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE application_name LIKE 'bazaard/%' "
                           "AND datname = current_database()") == "0";
        }));

    const auto ticks = orders() + 5;
    const auto again = bazaard(words{"run", "--max-iter", std::to_string(ticks)} + told_at(database));
    EXPECT_EQ(again.status, 0) << again.err;
    EXPECT_TRUE(has(again.err, "run main goes on at unit ")) << again.err;
    EXPECT_FALSE(has(again.err, "not stopped cleanly")) << again.err;
    EXPECT_EQ(orders(), ticks);
}

INSTANTIATE_TEST_SUITE_P(signals, stopped_by, testing::Values(SIGINT, SIGTERM),
                         [](const auto& it) { return it.param == SIGINT ? "int" : "term"; });

TEST(second_signal, ends_at_once_and_the_run_can_go_on)
{
    const auto database = cluster().fresh_database();
    ASSERT_EQ(run(database, small(5)).status, 0);
    auto on = connect(database);

    // Whoever wants to buy waits for this lock, so that a drain cannot end.
    auto holder = connect(database);
    holder.exec("SET idle_in_transaction_session_timeout = 0");
    holder.exec("BEGIN");
    holder.exec("LOCK TABLE demo.orders IN SHARE ROW EXCLUSIVE MODE");
    const temporary_file log("");
    process live(
        words{"/bin/sh", "-c", "exec \"$@\" 2>" + log.path(), "sh", test::program_path(), "run", "--avg-qps", "100"} +
        told_at(database));
    ASSERT_TRUE(eventually(
        [&]
        {
            return one(on,
                       "SELECT count(*) > 0 FROM pg_catalog.pg_stat_activity WHERE datname = current_database() AND "
                       "application_name LIKE 'bazaard/%' AND wait_event_type = 'Lock'") == "t";
        }))
        << contents(log.path());
    live.send(SIGINT);
    ASSERT_TRUE(eventually([&] { return has(contents(log.path()), "a second signal stops at once"); }))
        << contents(log.path());
    const auto begun = clock::now();
    live.send(SIGINT);
    const auto left = live.wait(std::chrono::seconds(10));
    EXPECT_LT(clock::now() - begun, std::chrono::seconds(2));
    EXPECT_EQ(left.status, 130) << contents(log.path());
    EXPECT_EQ(left.out, "");
    holder.exec("ROLLBACK");
    EXPECT_EQ(one(on, "SELECT clean FROM bazaard.run"), "f");

    const auto ticks = on.exec("SELECT count(*) FROM demo.orders").number(0, 0) + 20;
    const auto again = bazaard(words{"run", "--unpaced", "--max-iter", std::to_string(ticks)} + told_at(database));
    EXPECT_EQ(again.status, 0) << again.err;
    EXPECT_TRUE(has(again.err, "not stopped cleanly")) << again.err;
    EXPECT_EQ(on.exec("SELECT count(*) FROM demo.orders").number(0, 0), ticks);
    EXPECT_EQ(one(on, "SELECT count(*) FROM demo.orders o WHERE num_of_items <> (SELECT count(*) FROM "
                      "demo.order_items i WHERE i.order_id = o.id)"),
              "0");
    // The process that was stopped at once may have sent units behind these.
    EXPECT_EQ(one(on, "SELECT clean FROM bazaard.run"), "f");
}

// ---- Seed files -----------------------------------------------------------------------------------------------------

/// A directory with one file of the test's own, gone with the object.
class seed_directory
{
public:
    explicit seed_directory(const std::string& products)
    {
        if (::mkdtemp(path_.data()) == nullptr)
            throw std::runtime_error("mkdtemp");
        std::ofstream(path_ + "/products.csv", std::ios::binary) << products;
    }
    ~seed_directory()
    {
        ::unlink((path_ + "/products.csv").c_str());
        ::rmdir((path_ + "/products.csv").c_str());
        ::rmdir(path_.c_str());
    }
    seed_directory(const seed_directory&) = delete;
    seed_directory& operator=(const seed_directory&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_ = "/tmp/bazaard-test-seed-XXXXXX";
};

struct bad_products
{
    std::string name;
    std::string text;
    words says;
};

const std::string header =
    "id,cost,category,name,brand,retail_price,department,sku,distribution_center_id,popularity\n";

/// Takes the real file and spoils it.
std::vector<bad_products> spoiled()
{
    const auto real = contents(test::source_dir() + "/seed/products.csv");
    auto cut = real.substr(0, 5000);
    while (std::count(cut.begin() + static_cast<std::ptrdiff_t>(cut.rfind('\n')), cut.end(), ',') != 4)
        cut.pop_back();
    const auto last = std::count(cut.begin(), cut.end(), '\n') + 1;
    return {
        {"truncated", cut, {"products.csv:" + std::to_string(last) + ":", "has 5 fields", "10"}},
        {"not_utf8",
         header + "1,86.91,Swim,Na\xefve,B,201.95,Women,37BE8385BE77F0F5C7232CBB7B1CF383,6,3202\n",
         {"products.csv:2:16: ", "UTF-8"}},
        {"price_with_a_comma_in_quotes",
         header + "1,86.91,Swim,N,B,\"201,95\",Women,37BE8385BE77F0F5C7232CBB7B1CF383,6,3202\n",
         {"products.csv:2:18: retail_price \"201,95\" is not a number"}},
        {"price_with_a_comma",
         header + "1,86.91,Swim,N,B,201,95,Women,37BE8385BE77F0F5C7232CBB7B1CF383,6,3202\n",
         {"products.csv:2:", "has 11 fields", "10"}},
        {"missing_column",
         "id,cost,category,name,brand,department,sku,distribution_center_id,popularity\n"
         "1,86.91,Swim,N,B,Women,37BE8385BE77F0F5C7232CBB7B1CF383,6,3202\n",
         {"products.csv:1:1: ", "retail_price"}},
        {"empty", "", {"products.csv:1:1: "}},
    };
}

TEST_F(refusal, a_seed_file_that_is_not_right)
{
    const auto database = cluster().fresh_database();
    for (const auto& it : spoiled())
    {
        SCOPED_TRACE(it.name);
        const seed_directory seed(it.text);
        for (const words& command : {words{"run"} + small(5), words{"init"}})
        {
            const auto left = untouched(database,
                                        [&] {
                                            return bazaard(command + at(database) + words{"--seed-dir", seed.path()});
                                        });
            expect_refused(left, 65, {it.says});
        }
    }
}

TEST_F(refusal, a_seed_directory_that_cannot_be_read)
{
    const auto database = cluster().fresh_database();
    const auto with = [&](const std::string& path) {
        return untouched(database, [&] { return run(database, small(5) + words{"--seed-dir", path}); });
    };

    expect_refused(with("/not/there"), 66, {{"--seed-dir /not/there"}});
    const temporary_file file("no directory");
    expect_refused(with(file.path()), 66, {{"--seed-dir " + file.path()}});
    {
        const seed_directory empty("");
        ::unlink((empty.path() + "/products.csv").c_str());
        expect_refused(with(empty.path()), 66, {{"--seed-dir " + empty.path(), "products.csv"}});
        ASSERT_EQ(::mkdir((empty.path() + "/products.csv").c_str(), 0755), 0);
        expect_refused(with(empty.path()), 66, {{empty.path() + "/products.csv", "cannot be read"}});
        ::rmdir((empty.path() + "/products.csv").c_str());
        ASSERT_EQ(::mkfifo((empty.path() + "/products.csv").c_str(), 0644), 0);
        expect_refused(with(empty.path()), 66, {{empty.path() + "/products.csv", "cannot be read"}});
    }
}

TEST_F(refusal, other_seed_files_than_the_run_was_begun_with)
{
    const auto database = cluster().fresh_database();
    ASSERT_EQ(run(database, small(5)).status, 0);
    auto other = contents(test::source_dir() + "/seed/products.csv");
    const auto place = other.find("86.91");
    ASSERT_NE(place, other.npos);
    other.replace(place, 5, "86.92");
    const seed_directory seed(other);
    const auto left = untouched(database, [&] { return run(database, small(9) + words{"--seed-dir", seed.path()}); });
    expect_refused(left, 78, {{"run main was begun with other seed data", "--seed-dir", "--run NEW"}});
}

}  // namespace
}  // namespace bazaar::test
