// A daemon whose terminal is stopped, or whose pipes nobody reads; commands whose descriptors are closed.

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <map>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <gtest/gtest.h>

#include "support/daemon.hpp"
#include "support/eventually.hpp"
#include "support/places.hpp"
#include "support/postgres_cluster.hpp"
#include "support/query.hpp"
#include "support/stopped.hpp"

namespace bazaar::test
{
namespace
{

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using words = std::vector<std::string>;
namespace http = boost::beast::http;

/// The status of /livez; 0 when it does not come within a second.
unsigned livez(int port)
{
    boost::asio::io_context loop;
    boost::beast::tcp_stream stream(loop);
    stream.expires_after(1s);
    http::request<http::empty_body> question{http::verb::get, "/livez", 11};
    question.set(http::field::host, "localhost");
    question.keep_alive(false);
    boost::beast::flat_buffer buffer;
    http::response<http::string_body> answer;
    unsigned status = 0;
    stream.async_connect({boost::asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(port)},
                         [&](const boost::beast::error_code& failed)
                         {
                             if (failed)
                                 return;
                             http::async_write(stream, question,
                                               [&](const boost::beast::error_code& problem, std::size_t)
                                               {
                                                   if (problem)
                                                       return;
                                                   http::async_read(
                                                       stream, buffer, answer,
                                                       [&](const boost::beast::error_code& wrong, std::size_t)
                                                       { status = wrong ? 0 : answer.result_int(); });
                                               });
                         });
    loop.run();
    return status;
}

class stopped_output : public testing::Test
{
protected:
    stopped_output() : at_(postgres_cluster::get().fresh_database()), on_(at_) {}

    [[nodiscard]] words command(const std::string& name, const words& more) const
    {
        words all{program_path(), name};
        for (const auto& part : {database_arguments(at_), more})
            all.insert(all.end(), part.begin(), part.end());
        return all;
    }

    [[nodiscard]] words daemon(const words& more) const
    {
        auto all = command("run", {"--seed", "5", "--avg-qps", "200", "--max-lag", "1h", "--http-listen",
                                   std::to_string(port_), "--drain-timeout", "10s", "--core-dumps"});
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }

    [[nodiscard]] long orders() { return std::stol(one(on_, "SELECT count(*) FROM demo.orders")); }

    /// It answers, writes rows and ends as if somebody read.
    void expect_unmoved(child& daemon)
    {
        ASSERT_TRUE(eventually([&] { return livez(port_) == 200; }, 1min));
        ASSERT_TRUE(eventually([&] { return one(on_, "SELECT to_regclass('demo.orders') IS NOT NULL") == "t"; }, 1min));
        ASSERT_TRUE(daemon.hangs_in_write()) << "the test's own terminal or pipe takes all";
        const auto before = orders();
        ASSERT_TRUE(eventually(
            [&]
            {
                EXPECT_EQ(livez(port_), 200U);
                return testing::Test::HasFailure() || orders() > before + 300;
            },
            1min));
        daemon.send(SIGTERM);
        EXPECT_EQ(daemon.wait(15s), 0);
    }

    const postgres::connection_flags at_;
    sql_client on_;
    const int port_ = free_port();
    const int nothing_ = ::open("/dev/null", O_RDWR | O_CLOEXEC);
};

TEST_F(stopped_output, a_stopped_terminal_stops_no_daemon)
{
    const terminal screen;
    screen.stop();
    child one(daemon({"--log-level", "debug"}), {nothing_, screen.descriptor(), screen.descriptor()},
              {{"TERM", "xterm"}});
    expect_unmoved(one);
}

TEST_F(stopped_output, nor_does_one_that_is_stopped_later_and_shows_units)
{
    const terminal screen;
    child one(daemon({"--echo"}), {nothing_, screen.descriptor(), screen.descriptor()}, {{"TERM", "xterm"}});
    ASSERT_NE(screen.taken_until("insert orders", 1min).find("insert orders"), std::string::npos);
    screen.stop();
    expect_unmoved(one);
}

TEST_F(stopped_output, pipes_that_nobody_reads_stop_no_daemon)
{
    const full_pipe log, units;
    child one(daemon({"--echo", "--log-level", "debug"}), {nothing_, units.descriptor(), log.descriptor()});
    expect_unmoved(one);
}

TEST_F(stopped_output, a_second_signal_ends_it_at_once)
{
    const full_pipe log;
    child one(daemon({}), {nothing_, nothing_, log.descriptor()});
    ASSERT_TRUE(eventually([&] { return livez(port_) == 200; }, 1min));
    ASSERT_TRUE(one.hangs_in_write());
    one.send(SIGTERM);
    one.send(SIGTERM);
    const auto status = one.wait(15s);
    EXPECT_TRUE(status == 143 || status == 0) << status.value_or(-1);
}

TEST_F(stopped_output, history_and_a_failure_end_it_too)
{
    const full_pipe both;
    child loads(command("run", {"--seed", "5", "--history", "1d", "--max-iter", "1", "--core-dumps"}),
                {nothing_, both.descriptor(), both.descriptor()});
    EXPECT_EQ(loads.wait(2min), 0);
    child fails(command("run", {"--seed", "6", "--core-dumps"}), {nothing_, both.descriptor(), both.descriptor()});
    EXPECT_EQ(fails.wait(30s), 78);
}

/// Whoever reads gets the last lines.
TEST_F(stopped_output, the_last_lines_are_there_and_in_order)
{
    const terminal screen;
    child one(command("run", {"--seed", "5", "--max-iter", "20", "--unpaced", "--echo", "--log-format", "text"}),
              {nothing_, screen.descriptor(), screen.descriptor()}, {{"TERM", "dumb"}});
    auto text = screen.taken_until("\nagain ", 1min);
    EXPECT_EQ(one.wait(30s), 0);
    text += screen.taken();
    EXPECT_NE(text.find("\nagain     bazaard run --run main goes on here; seed 5"), text.npos) << text;
    EXPECT_LT(text.find("is made, with its static data"), text.find("insert orders"));
}

/// A socket to the database does not become 1 or 2.
TEST_F(stopped_output, closed_descriptors_get_no_socket)
{
    for (const std::array<int, 3> given :
         {std::array{nothing_, nothing_, -1}, {-1, nothing_, -1}, {-1, nothing_, nothing_}})
        EXPECT_EQ(child(command("init", {}), given).wait(), 0);
    EXPECT_EQ(child(command("run", {"--seed", "5", "--max-iter", "5", "--unpaced"}), {-1, nothing_, -1}).wait(), 0);
    for (const auto& more : {words{"card"}, words{"doctor", "--skip", "connect,kafka"}, words{"plan"}})
        EXPECT_EQ(child(command(more.front(), {more.begin() + 1, more.end()}), {-1, -1, -1}).wait(), 74);
    EXPECT_EQ(child(command("run", {"--max-iter", "6", "--unpaced"}), {-1, -1, -1}).wait(), 74);
    EXPECT_EQ(orders(), 6) << "what was to be written is there all the same";
}

// ---- Texts of the server

TEST_F(stopped_output, settings_that_the_server_refuses_are_told_at_once)
{
    struct row
    {
        const char *variable, *value;
        int status;
        const char* names;
    };
    const row rows[] = {
        {"PGOPTIONS", "-c role=nosuch", 78, "PGOPTIONS"},
        {"PGOPTIONS", "-c session_authorization=nosuch", 78, "PGOPTIONS"},
        {"PGOPTIONS", "-c nosuch=1", 78, "PGOPTIONS"},
        {"PGOPTIONS", "-c work_mem=tiny", 78, "PGOPTIONS"},
        {"PGOPTIONS", "-c max_connections=3", 78, "PGOPTIONS"},
        {"PGOPTIONS", "--badly", 78, "PGOPTIONS"},
        {"PGOPTIONS", "-Z", 78, "PGOPTIONS"},
        {"PGOPTIONS", "foo", 78, "PGOPTIONS"},
        {"PGOPTIONS", "-c session_preload_libraries=nosuch", 78, "PGOPTIONS"},
        {"PGOPTIONS", "-c default_transaction_read_only=on", 78, "PGOPTIONS"},
        {"PGTZ", "Nowhere/City", 78, "PGTZ"},
        {"PGDATESTYLE", "foo", 78, "PGDATESTYLE"},
        {"PGGEQO", "maybe", 78, "PGGEQO"},
        {"PGDATABASE", "nosuch", 78, "nosuch"},
        {"PGUSER", "nosuch", 77, "nosuch"},
        {"PGSSLMODE", "foo", 78, "sslmode"},
        {"PGTARGETSESSIONATTRS", "foo", 78, "target_session_attrs"},
        {"PGSERVICE", "nosuch", 78, "nosuch"},
        {"PGHOSTADDR", "300.1.1.1", 78, "300.1.1.1"},
        {"PGREQUIREPEER", "nobody-at-all", 77, "requirepeer"},
        {"PGGSSENCMODE", "require", 77, "GSSAPI"},
    };
    for (const auto& row : rows)
        for (const std::string name : {"init", "run", "card"})
        {
            // Who only reads may.
            if (name == "card" && std::string_view(row.value).find("read_only") != std::string_view::npos)
                continue;
            SCOPED_TRACE(std::string(row.variable) + '=' + row.value + ' ' + name);
            std::map<std::string, std::string> environment{
                {"PGHOST", *at_.host}, {"PGPORT", *at_.port}, {"PGUSER", *at_.user}, {"PGDATABASE", *at_.name}};
            environment[row.variable] = row.value;
            const auto begun = clock::now();
            const auto done = bazaard({name}, environment);
            EXPECT_EQ(done.status, row.status) << done.err;
            EXPECT_LT(clock::now() - begun, 20s) << "it is not tried again";
            EXPECT_NE(done.err.find(row.names), std::string::npos) << done.err;
            EXPECT_EQ(done.err.find("is it running"), std::string::npos) << done.err;
        }
}

TEST_F(stopped_output, a_setting_that_a_role_may_not_make_is_a_permission)
{
    on_.exec("DROP ROLE IF EXISTS modest; CREATE ROLE modest LOGIN PASSWORD 'x'");
    auto modest = postgres_cluster::get().over_tcp(at_);
    modest.user = "modest";
    modest.password = "x";
    modest.url = "options='-c log_statement=all'";
    const auto done = run_bazaard("init", modest, {});
    EXPECT_EQ(done.status, 77) << done.err;
    EXPECT_NE(done.err.find("log_statement"), std::string::npos) << done.err;
    EXPECT_NE(done.err.find("--db-url"), std::string::npos) << done.err;
    EXPECT_EQ(done.err.find("grant it CONNECT"), std::string::npos) << done.err;
    on_.exec("DROP ROLE modest");
}

TEST_F(stopped_output, what_a_server_says_does_not_reach_the_terminal_raw)
{
    ASSERT_EQ(child(command("init", {}), {nothing_, nothing_, nothing_}).wait(), 0);
    on_.exec("CREATE FUNCTION public.hostile() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION '%', "
             "E'x\\x1b[2J\\u009b31m\\u202etxt\\nbazaard: fine'; END$$; CREATE TRIGGER hostile BEFORE INSERT "
             "ON demo.users FOR EACH ROW EXECUTE FUNCTION public.hostile()");
    for (const std::string format : {"text", "json"})
    {
        const auto done = run_bazaard("run", at_, {"--max-iter", "50", "--unpaced", "--log-format", format});
        EXPECT_NE(done.status, 0);
        EXPECT_NE(done.err.find("[2J"), std::string::npos) << done.err;
        for (const char* bad : {"\x1b", "\u009b", "\u202e", "\nbazaard: fine"})
            EXPECT_EQ(done.err.find(bad), std::string::npos) << done.err;
    }
}

}  // namespace
}  // namespace bazaar::test
