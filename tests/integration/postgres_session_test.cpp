#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <limits>
#include <stop_token>
#include <string>
#include <thread>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/classify.hpp"
#include "bazaar/postgres/connection.hpp"
#include "bazaar/postgres/encode.hpp"
#include "bazaar/postgres/functions.hpp"
#include "bazaar/postgres/schema.hpp"
#include "bazaar/postgres/session.hpp"
#include "postgres/connect_failure.hpp"
#include "postgres/copy.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"

namespace bazaar
{
namespace
{

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using model::value;
using postgres::connection_flags;
using postgres::resolve;
using postgres::session;
using test::one;
using test::one_within;
using test::postgres_cluster;
using test::rows;

// ---- Who says what

/// Sets environment variables for one test.
class environment
{
public:
    environment()
    {
        // A home without a .pgpass.
        set("HOME", "/nonexistent");
        for (const char* name :
             {"PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGPASSFILE", "PGSERVICE"})
            unsetenv(name);
    }
    ~environment()
    {
        for (const auto& name : names_)
            unsetenv(name.c_str());
    }
    environment(const environment&) = delete;
    environment& operator=(const environment&) = delete;

    void set(const char* name, const char* text)
    {
        names_.emplace_back(name);
        setenv(name, text, 1);
    }

private:
    std::vector<std::string> names_;
};

TEST(connection_test, without_a_word_from_anybody_the_defaults_hold)
{
    const environment clean;
    const auto to = resolve({}, "night");
    EXPECT_EQ(postgres::describe(to), "db_user@localhost:5432/fh_dev");
    EXPECT_EQ(to.find("password"), "db_password");
    EXPECT_EQ(to.find("application_name"), "bazaard/night");
    EXPECT_EQ(to.find("client_encoding"), "UTF8");
    EXPECT_EQ(to.find("tcp_user_timeout"), "10000");
    EXPECT_EQ(to.find("connect_timeout"), "5");
}

TEST(connection_test, flags_stand_before_the_url_and_the_url_before_the_environment)
{
    environment given;
    given.set("PGHOST", "env-host");
    given.set("PGPORT", "1111");
    given.set("PGDATABASE", "env_db");
    given.set("PGUSER", "env_user");
    connection_flags flags;
    EXPECT_EQ(postgres::describe(resolve(flags)), "env_user@env-host:1111/env_db");
    flags.url = "postgresql://url_user:s%40crecy@url-host/url_db?sslmode=disable";
    EXPECT_EQ(postgres::describe(resolve(flags)), "url_user@url-host:1111/url_db");
    EXPECT_EQ(resolve(flags).find("password"), "s@crecy");
    EXPECT_EQ(resolve(flags).find("sslmode"), "disable");
    flags.url = "host=words-host dbname='with space' user=me";
    flags.name = "host=evil";
    flags.port = "2222";
    const auto to = resolve(flags);
    EXPECT_EQ(postgres::describe(to), "me@words-host:2222/host=evil");
    EXPECT_EQ(to.find("password"), "") << "our password is our user's alone";
}

TEST(connection_test, passwords_from_elsewhere_keep_ours_away)
{
    environment given;
    given.set("PGPASSFILE", "/somewhere");
    EXPECT_EQ(resolve({}).find("password"), "");
    connection_flags flags;
    flags.password = "flag";
    EXPECT_EQ(resolve(flags).find("password"), "flag");
    flags = {};
    flags.url = "postgresql://u:p@h/d";
    flags.password_file = "/run/secret";
    EXPECT_EQ(resolve(flags).find("password"), "");
    EXPECT_EQ(resolve(flags).password_file, "/run/secret");
}

TEST(connection_test, with_a_service_nothing_of_ours_is_added)
{
    const environment clean;
    connection_flags flags;
    flags.url = "service=mine";
    const auto to = resolve(flags);
    for (const auto word : {"host", "port", "user", "dbname", "password"})
        EXPECT_EQ(to.find(word), "") << word;
}

TEST(connection_test, a_bad_url_is_not_echoed)
{
    connection_flags flags;
    for (const auto* url :
         {"postgresql://user:secret@host/x?unknown=1", "password secret", "secret", "postgresql://[secret/"})
    {
        flags.url = url;
        try
        {
            static_cast<void>(resolve(flags));
            ADD_FAILURE() << url;
        }
        catch (const error& problem)
        {
            EXPECT_EQ(problem.kind(), error_kind::usage);
            EXPECT_EQ(std::string(problem.what()).find("secret"), std::string::npos);
        }
    }
}

// ---- Connecting

class session_test : public ::testing::Test
{
protected:
    error refused(const connection_flags& to)
    {
        try
        {
            session on(resolve(to));
        }
        catch (const error& problem)
        {
            const std::string line = problem.what();
            EXPECT_EQ(line.find('\n'), line.npos) << line;
            EXPECT_EQ(line.find("hunter2"), line.npos) << line;
            return problem;
        }
        ADD_FAILURE() << "connected";
        return {error_kind::internal, ""};
    }

    postgres_cluster& cluster = postgres_cluster::get();
    connection_flags flags = cluster.fresh_database();
};

#define EXPECT_SAYS(problem, part)                                                                                     \
    EXPECT_NE(std::string((problem).what()).find(part), std::string::npos) << (problem).what()

TEST_F(session_test, a_wrong_password_is_a_permission)
{
    auto to = cluster.over_tcp(flags);
    to.password = "hunter2";
    const auto problem = refused(to);
    EXPECT_EQ(problem.kind(), error_kind::permission);
    EXPECT_SAYS(problem, "the login of \"bazaar\" failed at bazaar@127.0.0.1:" + *flags.port + "/" + *flags.name);
    EXPECT_SAYS(problem, "28P01");
}

TEST_F(session_test, no_password_is_a_permission)
{
    auto to = cluster.over_tcp(flags);
    to.password.reset();
    setenv("PGPASSFILE", "/nonexistent", 1);
    const auto problem = refused(to);
    unsetenv("PGPASSFILE");
    EXPECT_EQ(problem.kind(), error_kind::permission);
    EXPECT_SAYS(problem, "28P01");
}

TEST_F(session_test, a_missing_database_is_a_configuration)
{
    flags.name = "nowhere";
    const auto problem = refused(flags);
    EXPECT_EQ(problem.kind(), error_kind::config);
    EXPECT_SAYS(problem, "the database does not exist");
    EXPECT_SAYS(problem, "/nowhere");
}

TEST_F(session_test, a_role_that_may_not_log_in_is_a_permission)
{
    session admin(resolve(flags));
    admin.exec("CREATE ROLE locked NOLOGIN");
    flags.user = "locked";
    EXPECT_EQ(refused(flags).kind(), error_kind::permission);
    flags.user = "nobody_at_all";
    EXPECT_EQ(refused(flags).kind(), error_kind::permission);
    admin.exec("DROP ROLE locked");
}

TEST_F(session_test, a_role_without_connect_is_a_permission)
{
    session admin(resolve(flags));
    admin.exec("CREATE ROLE outside LOGIN; REVOKE CONNECT ON DATABASE " + *flags.name + " FROM PUBLIC");
    flags.user = "outside";
    EXPECT_EQ(refused(flags).kind(), error_kind::permission);
    admin.exec("DROP ROLE outside");
}

TEST_F(session_test, a_server_that_is_away_is_unavailable)
{
    flags.host = "127.0.0.1";
    flags.port = std::to_string(test::free_port());
    const auto problem = refused(flags);
    EXPECT_EQ(problem.kind(), error_kind::unavailable);
    EXPECT_SAYS(problem, "PostgreSQL is not available at bazaar@127.0.0.1:" + *flags.port);
}

TEST_F(session_test, too_many_connections_are_unavailable)
{
    session admin(resolve(flags));
    admin.exec("CREATE ROLE narrow LOGIN CONNECTION LIMIT 0");
    flags.user = "narrow";
    EXPECT_EQ(refused(flags).kind(), error_kind::unavailable);
    admin.exec("DROP ROLE narrow");
}

TEST_F(session_test, tls_that_was_asked_for_and_is_not_there_is_a_permission)
{
    auto to = cluster.over_tcp(flags);
    to.sslmode = "require";
    EXPECT_EQ(refused(to).kind(), error_kind::permission);
    to.sslmode = "nonsense";
    EXPECT_EQ(refused(to).kind(), error_kind::config);
}

TEST_F(session_test, the_password_file_is_read_at_each_connect)
{
    auto to = cluster.over_tcp(flags);
    to.password.reset();
    to.password_file = ::testing::TempDir() + "bazaard-password";
    std::ofstream(*to.password_file) << "hunter2\n";
    EXPECT_EQ(refused(to).kind(), error_kind::permission);
    std::ofstream(*to.password_file) << cluster.superuser_password() << "\n";
    session on(resolve(to));
    EXPECT_TRUE(on.alive());
    std::remove(to.password_file->c_str());
    EXPECT_EQ(refused(to).kind(), error_kind::no_input);
}

TEST_F(session_test, the_session_has_our_settings)
{
    session on(resolve(flags, "main"));
    EXPECT_EQ(one_within(on, "SHOW search_path"), "");
    EXPECT_EQ(one_within(on, "SHOW lock_timeout"), "2s");
    EXPECT_EQ(one_within(on, "SHOW statement_timeout"), "8s");
    EXPECT_EQ(one_within(on, "SHOW timezone"), "UTC");
    EXPECT_EQ(one_within(on, "SHOW transaction_isolation"), "read committed");
    EXPECT_EQ(one_within(on, "SHOW application_name"), "bazaard/main");
    EXPECT_FALSE(on.pooled());
    EXPECT_EQ(one_within(on, "SELECT pg_backend_pid()"), std::to_string(on.backend()));
    EXPECT_EQ(on.where(), "bazaar@" + *flags.host + ":" + *flags.port + "/" + *flags.name);
}

// ---- Failures of requests

TEST_F(session_test, a_link_that_broke_while_idle_is_no_doubt)
{
    session on(resolve(flags));
    test::sql_client killer(flags);
    EXPECT_EQ(one(killer, "SELECT pg_terminate_backend(" + std::to_string(on.backend()) + ", 10000)"), "t");
    const auto answer = on.try_exec("SELECT 1");
    ASSERT_TRUE(answer.failed);
    EXPECT_EQ(answer.failed->at, postgres::phase::send);
    EXPECT_EQ(classify(*answer.failed).what, postgres::action::transient);
    EXPECT_FALSE(on.alive());
    EXPECT_EQ(classify(*on.try_exec("SELECT 1").failed).what, postgres::action::transient);
}

TEST_F(session_test, a_link_that_broke_under_a_request_is_in_doubt)
{
    session on(resolve(flags));
    const auto answer = on.try_exec("SELECT pg_terminate_backend(pg_backend_pid())");
    ASSERT_TRUE(answer.failed);
    EXPECT_TRUE(answer.failed->link_lost);
    EXPECT_EQ(classify(*answer.failed).what, postgres::action::in_doubt);
    EXPECT_FALSE(on.alive());
}

TEST_F(session_test, no_answer_before_the_deadline_is_in_doubt)
{
    session on(resolve(flags), {.call_deadline = 50ms});
    const auto answer = on.try_exec("SELECT pg_sleep(5)");
    ASSERT_TRUE(answer.failed);
    EXPECT_EQ(classify(*answer.failed).what, postgres::action::in_doubt);
    EXPECT_FALSE(on.alive());
}

TEST_F(session_test, an_error_in_the_answer_leaves_the_session_usable)
{
    session on(resolve(flags));
    const auto answer = on.try_exec("SELECT 1/0");
    ASSERT_TRUE(answer.failed);
    EXPECT_EQ(answer.failed->state(), "22012");
    EXPECT_TRUE(on.idle());
    EXPECT_EQ(one_within(on, "SELECT 2"), "2");
    EXPECT_THROW(on.exec("SELECT * FROM nothing"), postgres::query_error);
}

TEST_F(session_test, a_deferred_constraint_fails_the_call_although_rows_came)
{
    session on(resolve(flags));
    on.exec("CREATE TABLE public.a (id integer PRIMARY KEY, b integer REFERENCES public.a DEFERRABLE "
            "INITIALLY DEFERRED)");
    const auto answer = on.try_exec("INSERT INTO public.a VALUES (1, 2) RETURNING id", {});
    ASSERT_TRUE(answer.failed);
    EXPECT_EQ(answer.failed->state(), "23503");
    EXPECT_EQ(classify(*answer.failed).what, postgres::action::refused);
}

TEST_F(session_test, a_transaction_rolls_back_unless_committed)
{
    session on(resolve(flags));
    on.exec("CREATE TABLE public.t (i integer)");
    {
        postgres::transaction undone(on);
        on.exec("INSERT INTO public.t VALUES (1)");
    }
    EXPECT_TRUE(on.idle());
    EXPECT_EQ(one_within(on, "SELECT count(*) FROM public.t"), "0");
    postgres::transaction failed(on);
    EXPECT_TRUE(on.try_exec("SELECT 1/0").failed);
    EXPECT_THROW(failed.commit(), error) << "COMMIT answers ROLLBACK";
}

TEST(classify_test, the_table)
{
    using postgres::action;
    using postgres::failure;
    using postgres::phase;
    struct row
    {
        phase at;
        bool lost;
        const char* state;
        action what;
        error_kind kind;
    };
    constexpr auto any = error_kind::temporary;
    const row table[] = {
        {phase::answer, false, "40001", action::transient, any},
        {phase::answer, false, "40P01", action::transient, any},
        {phase::answer, false, "40003", action::in_doubt, any},
        {phase::answer, false, "55P03", action::transient, any},
        {phase::answer, false, "57014", action::transient, any},
        {phase::answer, false, "53100", action::transient, any},
        {phase::answer, false, "53300", action::transient, any},
        {phase::answer, false, "58030", action::transient, any},
        {phase::answer, false, "57P03", action::transient, error_kind::unavailable},
        {phase::answer, false, "25006", action::transient, error_kind::unavailable},
        {phase::answer, true, "57P01", action::in_doubt, any},
        {phase::answer, true, "", action::in_doubt, any},
        {phase::answer, true, "40001", action::in_doubt, any},
        {phase::answer, false, "08007", action::in_doubt, any},
        {phase::answer, false, "26000", action::unprepared, error_kind::internal},
        {phase::prepare, false, "42P05", action::unprepared, error_kind::internal},
        {phase::prepare, true, "", action::transient, any},
        {phase::prepare, false, "42883", action::permanent, error_kind::config},
        {phase::send, true, "", action::transient, any},
        {phase::answer, false, "BZ001", action::mismatch, error_kind::config},
        {phase::answer, false, "23505", action::refused, error_kind::config},
        {phase::answer, false, "23503", action::refused, error_kind::config},
        {phase::answer, false, "P0001", action::refused, error_kind::config},
        {phase::answer, false, "ZZ999", action::refused, error_kind::config},
        {phase::answer, false, "42501", action::permanent, error_kind::permission},
        {phase::answer, false, "28000", action::permanent, error_kind::permission},
        {phase::answer, false, "42P01", action::permanent, error_kind::config},
        {phase::answer, false, "42883", action::permanent, error_kind::config},
        {phase::answer, false, "3F000", action::permanent, error_kind::config},
        {phase::answer, false, "42601", action::permanent, error_kind::internal},
        {phase::answer, false, "22021", action::permanent, error_kind::internal},
        {phase::answer, false, "XX000", action::broken, error_kind::internal},
        {phase::answer, false, "XX001", action::permanent, error_kind::internal},
        {phase::answer, false, "XX002", action::permanent, error_kind::internal},
        {phase::answer, false, "25P03", action::in_doubt, any},
        {phase::answer, false, "58000", action::transient, any},
        {phase::answer, false, "53200", action::transient, any},
        {phase::answer, false, "53400", action::transient, any},
        {phase::answer, false, "55006", action::transient, any},
        {phase::answer, false, "55000", action::transient, any},
        {phase::answer, false, "08P01", action::in_doubt, any},
        {phase::answer, true, "57P02", action::in_doubt, any},
        {phase::answer, true, "57P05", action::in_doubt, any},
        {phase::answer, false, "42P10", action::permanent, error_kind::config},
        {phase::answer, false, "42703", action::permanent, error_kind::config},
        {phase::answer, false, "42804", action::permanent, error_kind::config},
        {phase::answer, false, "23502", action::refused, error_kind::config},
        {phase::answer, false, "23514", action::refused, error_kind::config},
        {phase::answer, false, "54000", action::permanent, error_kind::internal},
        {phase::answer, false, "0A000", action::permanent, error_kind::config},
        {phase::answer, false, "57P04", action::permanent, error_kind::config},
        {phase::connect, true, "", action::transient, error_kind::unavailable},
        {phase::connect, true, "57P03", action::transient, error_kind::unavailable},
        {phase::connect, true, "53300", action::transient, error_kind::unavailable},
        {phase::connect, true, "28P01", action::permanent, error_kind::permission},
        {phase::connect, true, "3D000", action::permanent, error_kind::config},
        // Whoever may not, from the start.
        {phase::connect, true, "28000", action::permanent, error_kind::permission},
        {phase::connect, true, "42501", action::permanent, error_kind::permission},
        // Settings of the session that the server refuses, and a protocol that it does not speak.
        {phase::connect, true, "22023", action::permanent, error_kind::config},
        {phase::connect, true, "22021", action::permanent, error_kind::config},
        {phase::connect, true, "22P02", action::permanent, error_kind::config},
        {phase::connect, true, "42601", action::permanent, error_kind::config},
        {phase::connect, true, "42602", action::permanent, error_kind::config},
        {phase::connect, true, "42704", action::permanent, error_kind::config},
        {phase::connect, true, "55P02", action::permanent, error_kind::config},
        {phase::connect, true, "0A000", action::permanent, error_kind::config},
        {phase::connect, true, "F0000", action::permanent, error_kind::config},
        {phase::connect, true, "57P04", action::permanent, error_kind::config},
        // Away for now: full, stopping, being made ready, closed by an administrator, or sick.
        {phase::connect, true, "53200", action::transient, error_kind::unavailable},
        {phase::connect, true, "53100", action::transient, error_kind::unavailable},
        {phase::connect, true, "53400", action::transient, error_kind::unavailable},
        {phase::connect, true, "55000", action::transient, error_kind::unavailable},
        {phase::connect, true, "55006", action::transient, error_kind::unavailable},
        {phase::connect, true, "55P03", action::transient, error_kind::unavailable},
        {phase::connect, true, "57P01", action::transient, error_kind::unavailable},
        {phase::connect, true, "57P02", action::transient, error_kind::unavailable},
        {phase::connect, true, "57P05", action::transient, error_kind::unavailable},
        {phase::connect, true, "57014", action::transient, error_kind::unavailable},
        {phase::connect, true, "58P01", action::transient, error_kind::unavailable},
        {phase::connect, true, "58030", action::transient, error_kind::unavailable},
        {phase::connect, true, "08P01", action::transient, error_kind::unavailable},
        {phase::connect, true, "08006", action::transient, error_kind::unavailable},
        {phase::connect, true, "XX000", action::transient, error_kind::unavailable},
        {phase::connect, true, "XX001", action::transient, error_kind::unavailable},
        // A trigger at the login may refuse today and not tomorrow.
        {phase::connect, true, "P0001", action::transient, error_kind::unavailable},
    };
    for (const auto& entry : table)
    {
        SCOPED_TRACE(entry.state);
        failure what{.at = entry.at, .link_lost = entry.lost};
        std::string_view(entry.state).copy(what.sqlstate.data(), 5);
        EXPECT_EQ(classify(what).what, entry.what);
        EXPECT_EQ(classify(what).kind, entry.kind);
    }
}

TEST(classify_test, what_libpq_says_of_a_failed_connect)
{
    using postgres::action;
    struct row
    {
        const char *text, *state, *message;
        action what;
        error_kind kind;
        bool needs_password = false, never_tried = false;
    };
    const std::string at = "connection to server at \"h\" (1.2.3.4), port 5432 failed: ";
    constexpr auto permanent = action::permanent, transient = action::transient;
    constexpr auto config = error_kind::config, permission = error_kind::permission, away = error_kind::unavailable;
    const row table[] = {
        {"FATAL:  22023: role \"nosuch\" does not exist\nLOCATION:  call_string_check_hook, guc.c:12055\n", "22023",
         "role \"nosuch\" does not exist", permanent, config},
        {"FATAL:  28P01: password authentication failed for user \"x\"\nLOCATION:  auth_failed, auth.c:326\n", "28P01",
         "password authentication failed for user \"x\"", permanent, permission},
        {"FATAL:  57P03: the database system is starting up\n", "57P03", "the database system is starting up",
         transient, away},
        // Of several hosts the last one counts.
        {"FATAL:  28000: no\nconnection to server at \"i\", port 1 failed: FATAL:  53300: too many\n", "53300",
         "too many", transient, away},
        {"FATAL:  08P01: no such database: x\n", "3D000", "no such database: x", permanent, config},
        {"FATAL:  08P01: database \"x\" does not exist\n", "3D000", "database \"x\" does not exist", permanent, config},
        {"FATAL:  08P01: no such user: x\n", "28000", "no such user: x", permanent, permission},
        {"FATAL:  08P01: unsupported startup parameter: geqo\n", "22023", "unsupported startup parameter: geqo",
         permanent, config},
        {"FATAL:  08P01: no more connections allowed (max_client_conn)\n", "08P01",
         "no more connections allowed (max_client_conn)", transient, away},
        {"fe_sendauth: no password supplied\n", "28P01", "fe_sendauth: no password supplied", permanent, permission,
         true},
        {"Connection refused\n\tIs the server running on that host?\n", "",
         "Connection refused Is the server running on that host?", transient, away},
        {"timeout expired\n", "", "timeout expired", transient, away},
        {"server closed the connection unexpectedly\n", "", "server closed the connection unexpectedly", transient,
         away},
        {"could not translate host name \"h\" to address: Name or service not known\n", "",
         "could not translate host name \"h\" to address: Name or service not known", transient, away},
        {"server is not in hot standby mode\n", "", "server is not in hot standby mode", transient, away},
        {"received invalid response to SSL negotiation: H\n", "", "received invalid response to SSL negotiation: H",
         transient, away},
        {"SSL SYSCALL error: EOF detected\n", "", "SSL SYSCALL error: EOF detected", transient, away},
        {"SSL connection has been closed unexpectedly\n", "", "SSL connection has been closed unexpectedly", transient,
         away},
        {"SSL error: certificate verify failed\n", "28000", "SSL error: certificate verify failed", permanent,
         permission},
        {"server does not support SSL, but SSL was required\n", "28000",
         "server does not support SSL, but SSL was required", permanent, permission},
        {"channel binding required, but server authenticated client without channel binding\n", "28000",
         "channel binding required, but server authenticated client without channel binding", permanent, permission},
        {"authentication method 7 not supported\n", "28000", "authentication method 7 not supported", permanent,
         permission},
        {"incorrect server signature\n", "28000", "incorrect server signature", permanent, permission},
        {"requirepeer specifies \"a\", but actual peer user name is \"b\"\n", "28000",
         "requirepeer specifies \"a\", but actual peer user name is \"b\"", permanent, permission},
        {"GSSAPI encryption required but was impossible\n", "28000", "GSSAPI encryption required but was impossible",
         permanent, permission},
        {"invalid sslmode value: \"foo\"\n", "F0000", "invalid sslmode value: \"foo\"", permanent, config},
        {"could not parse network address \"300.1.1.1\": Name or service not known\n", "F0000",
         "could not parse network address \"300.1.1.1\": Name or service not known", permanent, config},
        {"Unix-domain socket path \"/x\" is too long (maximum 107 bytes)\n", "F0000",
         "Unix-domain socket path \"/x\" is too long (maximum 107 bytes)", permanent, config},
        {"definition of service \"x\" not found\n", "F0000", "definition of service \"x\" not found", permanent, config,
         false, true},
    };
    for (const auto& entry : table)
        for (const bool with_place : {false, true})
        {
            const auto text = (with_place ? at : "") + entry.text;
            SCOPED_TRACE(text);
            const auto what = postgres::connect_failure(text, entry.needs_password, entry.never_tried);
            EXPECT_EQ(what.state(), entry.state);
            const bool by_server = std::string_view(entry.text).starts_with("FATAL");
            EXPECT_EQ(what.message, (with_place && !by_server ? at : "") + entry.message);
            EXPECT_EQ(classify(what).what, entry.what);
            EXPECT_EQ(classify(what).kind, entry.kind);
        }
    EXPECT_EQ(postgres::connect_failure(
                  "connection to server on socket \"/SSL certificate/.s\" failed: Connection refused\n", false, false)
                  .state(),
              "")
        << "a name is no complaint";
    EXPECT_EQ(postgres::connect_failure(table[0].text, false, false).routine, "call_string_check_hook");
}

// ---- Types

using model::column;
using model::type;

constexpr std::array all_columns{
    column{"id", "uuid", type::ref},
    column{"flag", "boolean", type::boolean, 0, true},
    column{"small", "smallint", type::int64, 0, true},
    column{"middle", "integer", type::int64, 0, true},
    column{"big", "bigint", type::int64, 0, true},
    column{"whole", "numeric(20,0)", type::int64, 0, true},
    column{"money", "numeric(20,2)", type::decimal, 2, true},
    column{"fine", "numeric(38,18)", type::decimal, 18, true},
    column{"odd", "numeric(30,5)", type::decimal, 5, true},
    column{"real", "double precision", type::float64, 0, true},
    column{"words", "text", type::text, 0, true},
    column{"short", "character varying(30)", type::text, 0, true},
    column{"code", "character(2)", type::text, 0, true},
    column{"raw", "bytea", type::bytes, 0, true},
    column{"moment", "timestamp with time zone", type::timestamp, 0, true},
    column{"third", "timestamp(3) with time zone", type::timestamp, 0, true},
    column{"day", "date", type::date, 0, true},
    column{"given", "uuid", type::text, 0, true},
    column{"doc", "jsonb", type::json, 0, true},
    column{"old_doc", "json", type::json, 0, true},
    column{"address", "inet", type::text, 0, true},
};
constexpr std::array all_tables{model::table{.name = "all", .columns = all_columns}};
constexpr std::array single{model::part{model::op::insert, 0}};
constexpr std::array several{model::part{model::op::insert, 0, true}};

constexpr auto least = std::numeric_limits<std::int64_t>::min();
constexpr auto most = std::numeric_limits<std::int64_t>::max();

std::vector<std::vector<value>> extremes()
{
    const auto id = [](std::uint64_t row) { return value::of(row_id{0, row, row}); };
    const auto number = [](std::int64_t i) { return value::of(i); };
    const auto text = [](std::string_view words) { return value::of(words); };
    const auto units = [](std::int64_t i) { return value::of_decimal(i); };
    const auto json = [](std::string_view words) { return value::of(words, type::json); };
    std::vector<std::vector<value>> rows;
    rows.push_back({id(0),
                    value::of_bool(true),
                    number(-32768),
                    number(-2147483648LL),
                    number(least),
                    number(least),
                    units(least),
                    units(least),
                    units(least),
                    value::of(-0.0),
                    text("it's \"quoted\" \\ $1 \t\n|"),
                    text("Zürich ☃ 🛒"),
                    text("ab"),
                    value::of("\0\xff\\x"sv, type::bytes),
                    value::of(time{-210'866'803'200'000'000}),
                    value::of(time{1'999}),
                    value::of_date(-2'440'588),
                    text("00000000-0000-0000-0000-000000000000"),
                    json(R"({"a": [1, null, "\u2603"]})"),
                    json("[]"),
                    text("::ffff:1.2.3.4")});
    rows.push_back({id(row_end - 1),
                    value::of_bool(false),
                    number(32767),
                    number(2147483647),
                    number(most),
                    number(most),
                    units(most),
                    units(most),
                    units(most),
                    value::of(1.7976931348623157e308),
                    text(""),
                    text(""),
                    text(""),
                    value::of(""sv, type::bytes),
                    value::of(time{253'402'300'799'999'999}),
                    value::of(time{0}),
                    value::of_date(2'932'896),
                    text("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"),
                    json("{}"),
                    json("null"),
                    text("10.0.0.0/8")});
    rows.push_back({id(1),
                    value::of_bool(true),
                    number(0),
                    number(-1),
                    number(10'000),
                    number(0),
                    units(1),
                    units(1),
                    units(1),
                    value::of(5e-324),
                    text("'"),
                    text("x"),
                    text("y"),
                    value::of("\\"sv, type::bytes),
                    value::of(time{946'684'800'000'000}),
                    value::of(time{-1'000}),
                    value::of_date(0),
                    text("123e4567-e89b-12d3-a456-426614174000"),
                    json("0"),
                    json("\"x\""),
                    text("2001:db8::1")});
    rows.push_back({id(2),
                    value::of_bool(false),
                    number(1),
                    number(10'000),
                    number(-10'001),
                    number(100'000'000),
                    units(-1),
                    units(0),
                    units(-100'000),
                    value::of(0.1),
                    text("NULL"),
                    text("NULL"),
                    text("N"),
                    value::of("a"sv, type::bytes),
                    value::of(time{1}),
                    value::of(time{500}),
                    value::of_date(-1),
                    text("123e4567-e89b-12d3-a456-426614174001"),
                    json("true"),
                    json("true"),
                    text("255.255.255.255")});
    rows.push_back({id(3),
                    value(),
                    number(12),
                    number(123'456'789),
                    number(99'999'999),
                    number(10'000),
                    units(12'345'678'901),
                    units(1'000'000'000'000'000'000),
                    units(10'000),
                    value::of(-179.999999),
                    text(" "),
                    text(" "),
                    text(" "),
                    value(),
                    value::of(time{-1}),
                    value(),
                    value::of_date(19'000),
                    value(),
                    value(),
                    value(),
                    value()});
    rows.push_back({id(4)});
    rows.back().resize(all_columns.size());
    return rows;
}

/// What the server must say of those rows, written by hand.
constexpr std::string_view expected_start =
    "t|-32768|-2147483648|-9223372036854775808|-9223372036854775808|-92233720368547758.08|-9."
    "223372036854775808|"
    "-92233720368547.75808|-0|it's \"quoted\" \\ $1 \t\n||Zürich ☃ 🛒|ab|\\x00ff5c78|4714-11-24 "
    "00:00:00+00 BC|"
    "1970-01-01 00:00:00.002+00|4714-11-24 BC|00000000-0000-0000-0000-000000000000|{\"a\": [1, null, "
    "\"☃\"]}|[]|::ffff:1.2.3.4\n"
    "f|32767|2147483647|9223372036854775807|9223372036854775807|92233720368547758.07|9.223372036854775807|"
    "92233720368547.75807|"
    "1.7976931348623157e+308|||  |\\x|9999-12-31 23:59:59.999999+00|1970-01-01 00:00:00+00|9999-12-31|"
    "ffffffff-ffff-ffff-ffff-ffffffffffff|{}|null|10.0.0.0/8\n"
    "t|0|-1|10000|0|0.01|0.000000000000000001|0.00001|5e-324|'|x|y |\\x5c|2000-01-01 00:00:00+00|1969-12-31 "
    "23:59:59.999+00|"
    "1970-01-01|123e4567-e89b-12d3-a456-426614174000|0|\"x\"|2001:db8::1\n"
    "f|1|10000|-10001|100000000|-0.01|0.000000000000000000|-1.00000|0.1|NULL|NULL|N |\\x61|1970-01-01 "
    "00:00:00.000001+00|"
    "1970-01-01 00:00:00+00|1969-12-31|123e4567-e89b-12d3-a456-426614174001|true|true|255.255.255.255\n"
    "~|12|123456789|99999999|10000|123456789.01|1.000000000000000000|0.10000|-179.999999| | |  |~|"
    "1969-12-31 23:59:59.999999+00|~|2022-01-08|~|~|~|~\n"
    "~|~|~|~|~|~|~|~|~|~|~|~|~|~|~|~|~|~|~|~\n";

class types_test : public session_test
{
protected:
    types_test()
    {
        on.exec("CREATE SCHEMA shop; CREATE SCHEMA bazaard; SET search_path = shop");
        on.exec("CREATE TABLE bazaard.lease AS SELECT 'shop' AS schema_name, " + std::to_string(ids.tag()) +
                " AS tag, 1::bigint AS epoch");
        on.exec(postgres::schema_sql(all_tables));
        on.exec("SET search_path = ''");
    }

    void expect_extremes(std::string_view way)
    {
        SCOPED_TRACE(way);
        std::string list;
        for (std::size_t i = 1; i < all_columns.size(); ++i)
            list += (i == 1 ? "t." : ", t.") + std::string(all_columns[i].name);
        // Row numbers lead the ids; the order is that of `extremes`.
        EXPECT_EQ(rows(look, "SELECT " + list + " FROM shop.\"all\" t ORDER BY array_position(ARRAY[" + ids_text() +
                                 "]::uuid[], t.id)"),
                  expected_start);
        EXPECT_EQ(one(look, "SELECT count(*) FROM shop.\"all\""), std::to_string(extremes().size()));
        on.exec("TRUNCATE shop.\"all\"");
    }

    std::string ids_text() const
    {
        std::string list;
        for (const auto& row : extremes())
            list += (list.empty() ? "'" : ", '") + to_string(ids.encode(row[0].row())) + "'";
        return list;
    }

    std::int64_t call(const postgres::write_function& function, const postgres::parameters& arguments)
    {
        const auto answer = on.try_call(function.call.c_str(), arguments);
        EXPECT_FALSE(answer.failed) << answer.failed->message;
        return answer.failed ? -99 : answer.value.get(0, 0)[7];
    }

    session on{resolve(flags)};
    test::sql_client look{flags};
    id_codec ids{5, 99};
};

TEST_F(types_test, extremes_arrive_by_copy)
{
    postgres::transaction all(on);
    postgres::copy_rows(on, "shop", all_tables[0], ids, 2,
                        [](const scenario::row_taker& take)
                        {
                            for (const auto& row : extremes())
                                take(row);
                        });
    all.commit();
    expect_extremes("copy");
}

TEST_F(types_test, extremes_arrive_by_call_one_row_at_a_time)
{
    const model::unit_kind kind{"one", single};
    const auto function = postgres::make_write_function("shop", all_tables, kind);
    on.exec(function.create);
    const auto encoders = postgres::make_part_encoders(all_tables, kind);
    postgres::parameters arguments;
    for (const auto& row : extremes())
    {
        const model::change one_change{model::op::insert, 0, {}, row};
        postgres::encode_unit(arguments, encoders, {&one_change, 1}, ids, 1, false);
        EXPECT_EQ(call(function, arguments), 0);
    }
    expect_extremes("scalars");
}

TEST_F(types_test, extremes_arrive_by_call_as_arrays)
{
    const model::unit_kind kind{"several", several};
    const auto function = postgres::make_write_function("shop", all_tables, kind);
    on.exec(function.create);
    const auto encoders = postgres::make_part_encoders(all_tables, kind);
    std::vector<model::change> changes;
    const auto all = extremes();
    for (const auto& row : all)
        changes.push_back({model::op::insert, 0, {}, row});
    postgres::parameters arguments;
    postgres::encode_unit(arguments, encoders, changes, ids, 1, false);
    ASSERT_TRUE(on.try_prepare("p", function.call.c_str(), function.types).failed == std::nullopt);
    const auto answer = on.try_call_prepared("p", arguments);
    ASSERT_FALSE(answer.failed) << answer.failed->message;
    expect_extremes("arrays");
}

TEST_F(types_test, an_empty_array_is_one)
{
    postgres::parameters arguments;
    arguments.begin_array(postgres::wire::uuid);
    arguments.end_array();
    const auto answer = on.try_call("SELECT cardinality($1)::text || coalesce(array_ndims($1)::text, ' none')",
                                    arguments);
    ASSERT_FALSE(answer.failed) << answer.failed->message;
    EXPECT_EQ(answer.value.get(0, 0), "0 none");
}

TEST_F(types_test, a_copy_that_is_refused_says_why_and_leaves_the_session_usable)
{
    on.exec("ALTER TABLE shop.\"all\" ADD CHECK (middle > 0)");
    postgres::transaction undone(on);
    try
    {
        // Enough rows that the refusal comes while we still send.
        postgres::copy_rows(on, "shop", all_tables[0], ids, 1000,
                            [](const scenario::row_taker& take)
                            {
                                auto row = extremes()[0];
                                for (std::uint64_t i = 0; i < 50'000; ++i)
                                {
                                    row[0] = value::of(row_id{0, i, i});
                                    take(row);
                                }
                            });
        ADD_FAILURE() << "accepted";
    }
    catch (const postgres::query_error& problem)
    {
        EXPECT_EQ(problem.cause().state(), "23514") << problem.what();
    }
    EXPECT_TRUE(on.alive());
}

TEST_F(session_test, an_opening_that_is_cut_ends_what_is_asked_until_it_is_opened)
{
    const auto to = resolve(postgres_cluster::get().fresh_database());
    for (const bool opened : {false, true})
    {
        std::stop_source cut;
        session on(to, {.opening_cut = cut.get_token()});
        if (opened)
            on.opened();
        const std::jthread later(
            [&]
            {
                std::this_thread::sleep_for(100ms);
                cut.request_stop();
            });
        const auto begin = std::chrono::steady_clock::now();
        const auto answer = on.try_exec("SELECT pg_sleep(4)", {});
        EXPECT_EQ(answer.failed.has_value(), !opened);
        EXPECT_EQ(on.alive(), opened);
        if (!opened)
        {
            EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
        }
    }
}

TEST(encode_test, what_does_not_fit_is_our_bug)
{
    const id_codec ids(1, 1);
    postgres::byte_buffer out;
    const auto fails = [&](std::string_view sql_type, const value& v)
    {
        try
        {
            postgres::encode(out, {postgres::wire_of(sql_type), 0}, v, ids);
        }
        catch (const error& problem)
        {
            return problem.kind() == error_kind::internal;
        }
        return false;
    };
    EXPECT_TRUE(fails("smallint", value::of(std::int64_t{32768})));
    EXPECT_TRUE(fails("integer", value::of(std::int64_t{-2147483649LL})));
    EXPECT_TRUE(fails("uuid", value::of("not one"sv)));
    EXPECT_TRUE(fails("inet", value::of("1.2.3"sv)));
    EXPECT_TRUE(fails("inet", value::of("1.2.3.4/33"sv)));
    EXPECT_TRUE(fails("text", value::of(std::int64_t{1})));
    EXPECT_TRUE(fails("bigint", value::of("1"sv)));
    EXPECT_TRUE(fails("timestamp with time zone", value::of(time{least})));
    EXPECT_TRUE(fails("date", value::of_date(most)));
    EXPECT_THROW(static_cast<void>(postgres::wire_of("xml")), error);
}

}  // namespace
}  // namespace bazaar
