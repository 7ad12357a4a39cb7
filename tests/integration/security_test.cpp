// Who may do what, who is let in, and where a password is not found: against real servers.

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "bazaar/postgres/connection.hpp"
#include "bazaar/postgres/session.hpp"
#include "support/contents.hpp"
#include "support/daemon.hpp"
#include "support/places.hpp"
#include "support/postgres_server.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

namespace fs = std::filesystem;
using postgres::connection_flags;
using namespace std::chrono_literals;

using words = std::vector<std::string>;
using variables = std::map<std::string, std::string>;

words with(words first, const words& more)
{
    first.insert(first.end(), more.begin(), more.end());
    return first;
}

/// bazaard with everything that leads it to a database in the environment: the password, too.
finished bazaard_by_environment(words arguments, const connection_flags& to, variables more = {})
{
    more.insert({{"BAZAARD_DB_HOST", *to.host},
                 {"BAZAARD_DB_PORT", *to.port},
                 {"BAZAARD_DB_USER", *to.user},
                 {"BAZAARD_DB_NAME", *to.name}});
    if (to.password)
        more.emplace("BAZAARD_DB_PASSWORD", *to.password);
    arguments.insert(arguments.begin(), test::program_path());
    return process(std::move(arguments), std::move(more)).wait(2min);
}

finished shell(const std::string& script, words arguments = {}, variables environment = {})
{
    if (const char* bin = std::getenv("BAZAARD_PG_BIN"); bin != nullptr && *bin != '\0')
        environment.emplace("PATH", std::string(bin) + ":/usr/bin:/bin");
    return process(with({"/bin/sh", "-euc", script, "sh"}, arguments), std::move(environment)).wait(60s);
}

postgres_server::options without_fsync()
{
    postgres_server::options how;
    how.fsync = false;
    return how;
}

const words short_run{"run", "--seed",           "11", "--unpaced", "--max-iter",
                      "60",  "--init-num-users", "40", "--workers", "2"};

// ---- Roles -----------------------------------------------------------------------------------------------------------

class roles : public testing::Test
{
protected:
    roles()
    {
        database_ = server_.fresh_database();
        const auto by_socket = server_.socket_flags(*database_.name);
        // The second time changes nothing.
        for (int i = 0; i < 2; ++i)
        {
            const auto made = shell(
                "exec psql -X -q -v ON_ERROR_STOP=1 -h \"$1\" -p \"$2\" -U \"$3\" -d \"$4\" -f \"$5\"",
                {*by_socket.host, *by_socket.port, *by_socket.user, *by_socket.name,
                 test::source_dir() + "/sql/roles.sql"});
            EXPECT_EQ(made.status, 0) << made.err;
        }
        server_.superuser().exec("CREATE ROLE deployer LOGIN PASSWORD 'd' IN ROLE bazaard_owner;"
                                 "ALTER ROLE bazaard_writer PASSWORD 'w'; ALTER ROLE bazaard_cdc PASSWORD 'c'");
    }

    [[nodiscard]] connection_flags as(const std::string& role) const
    {
        auto to = database_;
        to.user = role;
        to.password = role == "deployer" ? "d" : role == "bazaard_writer" ? "w" : "c";
        return to;
    }

    [[nodiscard]] finished init(const words& more = {}) const
    {
        return bazaard_by_environment(with({"init", "--writer-role", "bazaard_writer"}, more), as("deployer"),
                                      {{"PGOPTIONS", "-c role=bazaard_owner"}});
    }

    postgres_server server_{without_fsync()};
    connection_flags database_;
};

TEST_F(roles, the_owner_makes_the_writer_writes_and_nobody_does_more)
{
    const auto made = init({"--cdc", "--cdc-user", "bazaard_cdc"});
    ASSERT_EQ(made.status, 0) << made.err;
    auto super = server_.superuser(*database_.name);
    EXPECT_EQ(one(super, "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname IN "
                         "('demo', 'bazaard') AND relowner <> 'bazaard_owner'::regrole"),
              "0");

    const auto writer = as("bazaard_writer");
    const auto ran = bazaard_by_environment(short_run, writer);
    ASSERT_EQ(ran.status, 0) << ran.err;
    const auto verified = bazaard_by_environment({"verify", "tables"}, writer);
    EXPECT_EQ(verified.status, 0) << verified.err << verified.out;

    sql_client session(writer);
    EXPECT_EQ(session.refusal("UPDATE demo.users SET city = city WHERE false"), "");  // What it may, it may.
    for (const char* sql : {"DELETE FROM demo.orders",
                            "DELETE FROM demo.users",
                            "TRUNCATE demo.events",
                            "TRUNCATE bazaard.control",
                            "UPDATE demo.products SET cost = 0",
                            "INSERT INTO demo.products SELECT * FROM demo.products",
                            "UPDATE bazaard.control SET value = 0",
                            "DELETE FROM bazaard.control",
                            "DELETE FROM bazaard.run",
                            "UPDATE bazaard.digest SET digest = 0",
                            "ALTER TABLE demo.users ADD COLUMN x int",
                            "DROP TABLE demo.events",
                            "CREATE TABLE demo.mine (n int)",
                            "CREATE SCHEMA mine",
                            "CREATE INDEX ON demo.users (city)",
                            "CREATE FUNCTION bazaard.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                            "DROP SCHEMA bazaard CASCADE",
                            "SET ROLE bazaard_owner",
                            "CREATE ROLE mine",
                            "CREATE PUBLICATION mine FOR TABLE demo.users",
                            "SELECT pg_create_logical_replication_slot('mine', 'pgoutput')",
                            "SELECT pg_read_file('PG_VERSION')",
                            "COPY demo.users TO PROGRAM 'cat'",
                            "CREATE TEMPORARY TABLE mine (n int)",
                            "SELECT 1 AS n INTO TEMPORARY mine",
                            "SELECT lo_creat(-1)",
                            "SELECT lo_create(0)",
                            "SELECT lo_from_bytea(0, 'mine')",
                            "CREATE TABLE public.mine (n int)",
                            "GRANT SELECT ON demo.users TO public; SELECT 1 / count(*) FROM pg_class "
                            "WHERE oid = 'demo.users'::regclass AND relacl::text LIKE '%,=r/%'"})
    {
        const auto state = session.refusal(sql);
        EXPECT_TRUE(state == "42501" || (std::string_view(sql).starts_with("GRANT") && state == "22012"))
            << sql << ": " << state;
    }

    sql_client reader(as("bazaard_cdc"));
    EXPECT_EQ(reader.refusal("SELECT count(*) FROM demo.orders"), "");
    for (const char* sql : {"UPDATE demo.orders SET status = status", "DELETE FROM demo.users",
                            "INSERT INTO demo.users SELECT * FROM demo.users", "TRUNCATE demo.events",
                            "SELECT count(*) FROM bazaard.run"})
        EXPECT_EQ(reader.refusal(sql), "42501") << sql;
}

TEST_F(roles, what_everybody_may_do_in_a_shared_database_is_left)
{
    // As roles.sql found it: the writer has what everybody has.
    auto super = server_.superuser(*database_.name);
    super.exec("DO $$BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()); END$$; "
               "GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC");
    const auto by_socket = server_.socket_flags(*database_.name);
    const auto script = [&](const words& more)
    {
        const auto made = shell(
            "host=$1 port=$2 user=$3 name=$4 file=$5; shift 5; exec psql -X -q -v ON_ERROR_STOP=1 -h "
            "\"$host\" -p \"$port\" -U \"$user\" -d \"$name\" \"$@\" -f \"$file\"",
            with({*by_socket.host, *by_socket.port, *by_socket.user, *by_socket.name,
                  test::source_dir() + "/sql/roles.sql"},
                 more));
        EXPECT_EQ(made.status, 0) << made.err;
    };
    script({"-v", "shared=yes"});
    sql_client writer(as("bazaard_writer"));
    EXPECT_EQ(writer.refusal("CREATE TEMPORARY TABLE mine (n int)"), "");
    EXPECT_EQ(writer.refusal("SELECT lo_create(0)"), "");
    script({});
    EXPECT_EQ(writer.refusal("CREATE TEMPORARY TABLE another (n int)"), "42501");
    EXPECT_EQ(writer.refusal("SELECT lo_create(0)"), "42501");
}

TEST_F(roles, each_privilege_is_needed)
{
    ASSERT_EQ(init().status, 0);
    const auto writer = as("bazaard_writer");
    auto super = server_.superuser(*database_.name);
    const auto granted = super.exec(
        "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name), privilege_type "
        "FROM information_schema.role_table_grants WHERE grantee = 'bazaard_writer' ORDER BY 1, 2");
    ASSERT_GT(granted.rows(), 20);
    for (int row = 0; row < granted.rows(); ++row)
    {
        const std::string table(granted.get(row, 0));
        const std::string privilege(granted.get(row, 1));
        super.exec("REVOKE " + privilege + " ON " + table + " FROM bazaard_writer");
        const auto refused = bazaard_by_environment(short_run, writer);
        EXPECT_EQ(refused.status, 77) << privilege << ' ' << table << ": " << refused.err;
        // bazaard.run is read before anything else can be looked at.
        EXPECT_TRUE(
            refused.err.find("lacks " + privilege + " on the table " + table) != std::string::npos ||
            (table == "bazaard.run" && refused.err.find("permission denied for table run") != std::string::npos))
            << refused.err;
        super.exec("GRANT " + privilege + " ON " + table + " TO bazaard_writer");
    }
    super.exec("REVOKE USAGE ON SCHEMA bazaard FROM bazaard_writer");
    EXPECT_EQ(bazaard_by_environment(short_run, writer).status, 77);
    super.exec("GRANT USAGE ON SCHEMA bazaard TO bazaard_writer");
    EXPECT_EQ(bazaard_by_environment(short_run, writer).status, 0);
}

TEST_F(roles, removing_rows_needs_to_be_given)
{
    ASSERT_EQ(init().status, 0);
    const auto writer = as("bazaard_writer");
    const auto removing = with(short_run,
                               {"--run", "removing", "--retain", "1s", "--history", "1h", "--history-as", "changes"});
    const auto refused = bazaard_by_environment(removing, writer);
    EXPECT_EQ(refused.status, 77) << refused.err;
    EXPECT_NE(refused.err.find("lacks DELETE on the table demo.orders"), std::string::npos) << refused.err;
    ASSERT_EQ(init({"--writer-removes"}).status, 0);
    const auto ran = bazaard_by_environment(removing, writer);
    EXPECT_EQ(ran.status, 0) << ran.err;
    sql_client session(writer);
    EXPECT_EQ(session.refusal("DELETE FROM demo.products"), "42501");
    EXPECT_EQ(session.refusal("DELETE FROM demo.users"), "42501");
}

TEST_F(roles, changing_prices_needs_to_be_given)
{
    ASSERT_EQ(init().status, 0);
    const auto writer = as("bazaard_writer");
    const auto touching = with(short_run, {"--touch-interval", "1s"});
    const auto refused = bazaard_by_environment(touching, writer);
    EXPECT_EQ(refused.status, 77) << refused.err;
    EXPECT_NE(refused.err.find("lacks UPDATE on the table demo.products"), std::string::npos) << refused.err;
    ASSERT_EQ(init({"--writer-touches"}).status, 0);
    const auto ran = bazaard_by_environment(touching, writer);
    EXPECT_EQ(ran.status, 0) << ran.err;
    sql_client session(writer);
    EXPECT_EQ(session.refusal("DELETE FROM demo.products"), "42501");
    EXPECT_EQ(session.refusal("UPDATE demo.dist_centers SET name = name"), "42501");
}

TEST_F(roles, a_role_that_is_not_there_is_told)
{
    const auto refused = bazaard_by_environment({"init", "--writer-role", "nobody\"; DROP ROLE deployer"},
                                                as("deployer"), {{"PGOPTIONS", "-c role=bazaard_owner"}});
    EXPECT_EQ(refused.status, 78) << refused.err;
    EXPECT_NE(refused.err.find("there is no role"), std::string::npos) << refused.err;
}

// ---- TLS and passwords -----------------------------------------------------------------------------------------------

class tls : public testing::Test
{
protected:
    tls()
    {
        const auto made = shell(
            "cd \"$1\"\n"
            "for ca in ca other; do openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
            "-subj \"/CN=$ca\" -keyout $ca.key -out $ca.crt; done\n"
            "openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -addext "
            "subjectAltName=DNS:localhost -keyout server.key -out server.csr\n"
            "openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -copy_extensions copy "
            "-out server.crt\n"
            "chmod 0600 server.key; chown --reference=. server.key server.crt\n",
            {server_.directory()});
        EXPECT_EQ(made.status, 0) << made.err;
        database_ = server_.fresh_database();
        auto super = server_.superuser();
        super.exec("CREATE ROLE modern SUPERUSER LOGIN PASSWORD 'sesame-42'; SET password_encryption = 'md5'; "
                   "CREATE ROLE old SUPERUSER LOGIN PASSWORD 'sesame-42'");
        std::ofstream(one(super, "SHOW hba_file")) << "local all all trust\n"
                                                      "hostssl all modern 127.0.0.1/32 scram-sha-256\n"
                                                      "hostssl all old 127.0.0.1/32 md5\n";
        server_.set("ssl_cert_file", server_.directory() + "/server.crt");
        server_.set("ssl_key_file", server_.directory() + "/server.key");
        turn("on");
    }

    void turn(const char* ssl)
    {
        server_.set("ssl", ssl);
        server_.reload();
    }

    /// `init` of a role with these further words.
    [[nodiscard]] finished init(const std::string& role, const words& more, variables environment = {}) const
    {
        auto to = database_;
        to.host = "localhost";
        to.user = role;
        to.password = "sesame-42";
        return bazaard_by_environment(with({"init", "--wait-for-db", "2s"}, more), to, std::move(environment));
    }

    [[nodiscard]] words by(const std::string& authority) const
    {
        return {"--db-sslmode", "verify-full", "--db-sslrootcert", server_.directory() + "/" + authority + ".crt"};
    }

    /// Refused for good, in one line that says this.
    static void refused(const finished& left, std::string_view why)
    {
        EXPECT_EQ(left.status, 77) << left.err;
        EXPECT_NE(left.err.find(why), std::string::npos) << left.err;
        EXPECT_EQ(std::count(left.err.begin(), left.err.end(), '\n'), 1) << left.err;
        EXPECT_EQ(left.err.find("sesame-42"), std::string::npos) << left.err;
    }

    postgres_server server_{without_fsync()};
    connection_flags database_;
};

TEST_F(tls, verify_full_lets_in_and_keeps_out)
{
    const variables bound{{"PGCHANNELBINDING", "require"}};
    const auto good = init("modern", by("ca"), bound);
    EXPECT_EQ(good.status, 0) << good.err;

    refused(init("modern", by("other")), "certificate");
    refused(init("modern", with(by("ca"), {"--db-host", "127.0.0.1"})), "certificate");
    refused(init("modern", with(by("ca"), {"--db-password", "wrong", "--log-level", "error"})), "password");
    // What would do with less than SCRAM is not asked for the password.
    EXPECT_EQ(init("old", by("ca")).status, 0);
    refused(init("old", by("ca"), bound), "channel binding");
    // The server lets nobody in without TLS, and who demands TLS does not go without.
    refused(init("modern", {"--db-sslmode", "disable"}), "no encryption");
    turn("off");
    refused(init("modern", by("ca")), "SSL");
}

// ---- Secrets ---------------------------------------------------------------------------------------------------------

class secrets : public testing::Test
{
protected:
    secrets()
    {
        database_ = server_.fresh_database();
        server_.superuser().exec("CREATE ROLE clerk SUPERUSER LOGIN PASSWORD '" + password_ + "'");
        database_.user = "clerk";
        database_.password.reset();
        fs::create_directories(directory_ + "/credentials");
        std::ofstream(directory_ + "/credentials/db-password") << password_ << '\n';
        EXPECT_EQ(shell("chmod 0700 \"$1\"", {directory_}).status, 0);
    }
    ~secrets() override { fs::remove_all(directory_); }

    [[nodiscard]] std::string password_file() const { return directory_ + "/credentials/db-password"; }

    [[nodiscard]] process start(const words& more, variables environment = {}) const
    {
        auto line = with({test::program_path(), "run"}, database_arguments(database_));
        return process(with(line, with({"--seed", "3", "--init-num-users", "40", "--avg-qps", "50", "--log-level",
                                        "trace", "--log-format", "json"},
                                       more)),
                       std::move(environment));
    }

    /// Memory of a live process in which the password stands.
    [[nodiscard]] bool in_memory(pid_t process) const
    {
        const auto place = "/proc/" + std::to_string(process);
        std::ifstream maps(place + "/maps");
        std::ifstream memory(place + "/mem", std::ios::binary);
        for (std::string line; std::getline(maps, line);)
        {
            std::size_t from = 0;
            std::size_t to = 0;
            char rights[5] = {};
            if (std::sscanf(line.c_str(), "%zx-%zx %4s", &from, &to, rights) != 3 || rights[1] != 'w')
                continue;
            std::string bytes(to - from, '\0');
            memory.clear();
            memory.seekg(static_cast<std::streamoff>(from));
            memory.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
            if (bytes.find(password_) != bytes.npos)
                return true;
        }
        return false;
    }

    /// Core files in the directory; with the password in them, or all.
    [[nodiscard]] std::size_t cores(bool with_password) const
    {
        std::size_t found = 0;
        for (const auto& entry : fs::directory_iterator(directory_))
        {
            if (!entry.path().filename().string().starts_with("core"))
                continue;
            const auto bytes = contents(entry.path());
            found += !with_password || bytes.find(password_) != bytes.npos ? 1 : 0;
        }
        return found;
    }

    const std::string password_ = "pw-Zq7hV3xkT9mLw2-" + std::to_string(getpid());
    const std::string directory_ = testing::TempDir() + "bazaard-secrets-" + std::to_string(getpid());
    postgres_server server_{without_fsync()};
    connection_flags database_;
};

TEST_F(secrets, come_from_file_environment_credential_and_service_file)
{
    const words once{"--unpaced", "--max-iter", "60"};
    EXPECT_EQ(start(with(once, {"--db-password-file", password_file()})).wait(60s).status, 0);
    EXPECT_EQ(start(once, {{"BAZAARD_DB_PASSWORD", password_}}).wait(60s).status, 0);
    EXPECT_EQ(start(once, {{"BAZAARD_DB_PASSWORD_FILE", password_file()}}).wait(60s).status, 0);
    EXPECT_EQ(start(once, {{"PGPASSWORD", password_}}).wait(60s).status, 0);
    EXPECT_EQ(start(once, {{"CREDENTIALS_DIRECTORY", directory_ + "/credentials"}}).wait(60s).status, 0);
    // Without any, or with another one before it, nobody is let in.
    const words soon = with(once, {"--wait-for-db", "1s"});
    EXPECT_EQ(start(soon).wait(60s).status, 77);
    EXPECT_EQ(start(soon, {{"CREDENTIALS_DIRECTORY", directory_ + "/credentials"}, {"BAZAARD_DB_PASSWORD", "x"}})
                  .wait(60s)
                  .status,
              77);
    EXPECT_EQ(start(soon, {{"CREDENTIALS_DIRECTORY", directory_}}).wait(60s).status, 77);
}

TEST_F(secrets, are_not_in_logs_command_line_or_core_files)
{
    std::ifstream setting("/proc/sys/kernel/core_pattern");
    std::string pattern;
    std::getline(setting, pattern);
    const bool to_file = !pattern.empty() && pattern[0] != '|' && pattern[0] != '/';
    rlimit limit{};
    getrlimit(RLIMIT_CORE, &limit);
    const auto before = limit;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_CORE, &limit);
    const auto home = fs::current_path();
    fs::current_path(directory_);

    auto super = server_.superuser(*database_.name);
    const auto abort_one = [&](const words& more)
    {
        super.exec("DROP SCHEMA IF EXISTS demo CASCADE; DROP SCHEMA IF EXISTS bazaard CASCADE");
        auto daemon = start(with({"--db-password", password_}, more));
        const auto end = std::chrono::steady_clock::now() + 60s;
        const auto writes = [&]
        {
            return one(super, "SELECT to_regclass('demo.orders') IS NOT NULL") == "t" &&
                   one(super, "SELECT count(*) > 20 FROM demo.orders") == "t";
        };
        while (!writes() && std::chrono::steady_clock::now() < end)
            usleep(50'000);
        EXPECT_TRUE(writes());
        const auto words_seen = contents("/proc/" + std::to_string(daemon.id()) + "/cmdline");
        EXPECT_NE(words_seen.find("--db-password"), words_seen.npos);
        EXPECT_EQ(words_seen.find(password_), words_seen.npos);
        // libpq keeps it: what is searched here can find it, and a core file would have it.
        if (getuid() == 0)
        {
            EXPECT_TRUE(in_memory(daemon.id()));
        }
        daemon.send(SIGABRT);
        const auto left = daemon.wait();
        EXPECT_EQ(left.status, 128 + SIGABRT);
        EXPECT_GT(left.err.size(), 300U);
        EXPECT_EQ((left.out + left.err).find(password_), std::string::npos);
    };
    abort_one({});
    EXPECT_EQ(cores(false), 0U);
    abort_one({"--core-dumps"});
    if (to_file && limit.rlim_max == RLIM_INFINITY)
    {
        EXPECT_EQ(cores(true), 1U) << "the check finds no password where there is one";
    }

    fs::current_path(home);
    setrlimit(RLIMIT_CORE, &before);
    if (!to_file)
        GTEST_SKIP() << "core files go elsewhere on this machine: " << pattern;
}

/// What a daemon answers to a GET, or nothing.
std::string got(std::uint16_t port, const std::string& target)
{
    const int link = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string all;
    const auto question = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    if (::connect(link, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 &&
        ::send(link, question.data(), question.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(question.size()))
    {
        std::array<char, 4096> part;
        for (ssize_t count = 0; (count = ::recv(link, part.data(), part.size(), 0)) > 0;)
            all.append(part.data(), static_cast<std::size_t>(count));
    }
    ::close(link);
    return all;
}

TEST_F(secrets, are_in_nothing_that_a_daemon_shows_or_writes)
{
    // As it stands in a URL, and as it is.
    const std::string hard = "Zq7/hV3@xk:T9#m?L%w-" + std::to_string(getpid());
    const std::string encoded = "Zq7%2FhV3%40xk%3AT9%23m%3FL%25w-" + std::to_string(getpid());
    auto super = server_.superuser(*database_.name);
    super.exec("ALTER ROLE " + *database_.user + " PASSWORD '" + hard + "'");
    std::ofstream(directory_ + "/hard") << hard << "\nand a second line\n";
    std::ofstream(directory_ + "/conf") << "db-url = postgresql://" << *database_.user << ':' << encoded << '@'
                                        << *database_.host << ':' << *database_.port << '/' << *database_.name << '\n';
    const auto url = contents(directory_ + "/conf").substr(9, contents(directory_ + "/conf").size() - 10);
    const auto line = "host=" + *database_.host + " port=" + *database_.port + " user=" + *database_.user +
                      " dbname=" + *database_.name + " password='" + hard + "'";
    const words bare{"--db-host", *database_.host, "--db-port", *database_.port,
                     "--db-user", *database_.user, "--db-name", *database_.name};
    const std::vector<std::pair<words, variables>> ways{
        {{"--db-url", url}, {}},
        {{"--db-url", line}, {}},
        {{"--config", directory_ + "/conf"}, {}},
        {with(bare, {"--db-password", hard}), {}},
        {with(bare, {"--db-password-file", directory_ + "/hard"}), {}},
        {bare, {{"BAZAARD_DB_PASSWORD", hard}}},
        {{}, {{"BAZAARD_DB_URL", url}}},
        {bare, {{"PGPASSWORD", hard}}},
    };
    const auto holds = [&](const std::string& text)
    { return text.find(hard) != text.npos || text.find(encoded) != text.npos || text.find("xk:T9") != text.npos; };
    EXPECT_TRUE(holds(url));
    for (const auto& [words_of, environment] : ways)
    {
        SCOPED_TRACE(testing::PrintToString(words_of));
        super.exec("DROP SCHEMA IF EXISTS demo CASCADE; DROP SCHEMA IF EXISTS bazaard CASCADE");
        auto all = with({test::program_path(), "run"}, words_of);
        process daemon(with(all, {"--seed", "3", "--init-num-users", "40", "--avg-qps", "50", "--log-level", "trace",
                                  "--log-format", "json", "--http-listen", "0", "--heartbeat-interval", "1s"}),
                       environment);
        ASSERT_TRUE(daemon.says("HTTP at http://"));
        ASSERT_TRUE(daemon.says("\"port\":"));
        const auto& said = daemon.said();
        const auto place = said.find("\"port\":", said.find("HTTP at http://"));
        const auto port = static_cast<std::uint16_t>(std::stoi(said.substr(place + 7)));
        std::string shown;
        const auto end = std::chrono::steady_clock::now() + 60s;
        do
            shown = got(port, "/readyz");
        while (shown.find("200 OK") == shown.npos && std::chrono::steady_clock::now() < end);
        for (const auto* target : {"/status", "/metrics", "/", "/nowhere", "/livez", "/control"})
            shown += got(port, target);
        EXPECT_NE(shown.find(*database_.name), shown.npos) << "it says where it writes";
        EXPECT_FALSE(holds(shown)) << shown;
        const auto process_place = "/proc/" + std::to_string(daemon.id());
        EXPECT_FALSE(holds(contents(process_place + "/cmdline")));
        EXPECT_EQ(holds(contents(process_place + "/environ")), !environment.empty()) << "only where it was put there";
        for (const words& command : std::vector<words>{{"card"},
                                                       {"doctor", "--skip", "connect,kafka"},
                                                       {"doctor", "--skip", "connect,kafka", "--json"},
                                                       {"connector", "config"},
                                                       {"run", "--print-config"},
                                                       {"verify", "tables", "--report", directory_ + "/report"},
                                                       {"plan", "--units", "0..3"}})
        {
            auto one = command;
            one.insert(one.begin(), test::program_path());
            const auto left = process(with(one, words_of), environment).wait(60s);
            EXPECT_FALSE(holds(left.out + left.err)) << left.out << left.err;
            EXPECT_NE(left.status, 64) << left.err;
        }
        EXPECT_FALSE(contents(directory_ + "/report").empty());
        EXPECT_FALSE(holds(contents(directory_ + "/report")));
        daemon.send(SIGTERM);
        const auto left = daemon.wait(60s);
        EXPECT_EQ(left.status, 0) << left.err;
        EXPECT_FALSE(holds(left.out + left.err)) << left.err;
    }
}

}  // namespace
}  // namespace bazaar::test
