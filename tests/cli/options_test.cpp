#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "process.hpp"
#include "scenario/thelook/states.hpp"
#include "support/contents.hpp"
#include "support/places.hpp"

namespace bazaar::test
{
namespace
{

std::vector<std::string> split_lines(const std::string& text)
{
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

struct bad_line
{
    const char* name;
    std::vector<std::string> arguments;
    std::vector<std::string> says;  ///< Parts of stderr.
    int status = 64;
};

class bad_lines : public testing::TestWithParam<bad_line>
{
};

TEST_P(bad_lines, is_refused_with_a_clear_line)
{
    const auto& it = GetParam();
    const auto left = bazaard(it.arguments);
    EXPECT_EQ(left.status, it.status) << left.err;
    EXPECT_EQ(left.out, "");
    EXPECT_TRUE(left.err.starts_with("bazaard: ")) << left.err;
    for (const auto& part : it.says)
        EXPECT_NE(left.err.find(part), std::string::npos) << "wanted: " << part << "\ngot: " << left.err;
    EXPECT_EQ(left.err.find("\nTry 'bazaard ") != std::string::npos, it.status == 64) << left.err;
}

const std::vector<bad_line> bad_line_table{
    {"rate_zero", {"--avg-qps", "0"}, {"--avg-qps 0: must be a number from"}},
    {"rate_negative", {"--avg-qps", "-1"}, {"--avg-qps -1: must be a number from"}},
    {"rate_nan", {"--avg-qps", "nan"}, {"--avg-qps nan: must be a number from"}},
    {"rate_huge", {"--avg-qps", "1e9"}, {"--avg-qps 1e9: must be a number from"}},
    {"rate_empty", {"--avg-qps", ""}, {"--avg-qps '': must be a number from"}},
    {"probability_above_one", {"--user-create-prob", "1.2"}, {"--user-create-prob 1.2: must be a number from 0 to 1"}},
    {"order_updates_out_of_reach",
     {"--order-update-prob", "9"},
     {fmt::format("--order-update-prob 9: must be a number from 0 to {}",
                  static_cast<double>(scenario::thelook::steps_mean_most) / 1e9)}},
    {"iterations_no_number", {"--max-iter", "abc"}, {"--max-iter abc: must be -1 (endless) or a whole number from 1"}},
    {"iterations_zero", {"--max-iter", "0"}, {"--max-iter 0: must be -1"}},
    {"iterations_below", {"--max-iter=-2"}, {"--max-iter -2: must be -1"}},
    {"unpaced_endless", {"--unpaced"}, {"--unpaced: needs --max-iter N"}},
    {"unpaced_explicitly_endless", {"--unpaced", "--max-iter", "-1"}, {"--unpaced: needs --max-iter N"}},
    {"start_in_the_future", {"--start-time", "9000-01-01"}, {"--start-time 9000-01-01: must not be in the future"}},
    {"history_before_all_runs",
     {"load", "--history", "20800d", "--avg-qps", "0.0001"},
     {"--history 20800d: no run begins before 1975-01-01"}},
    {"more_ticks_than_time",
     {"load", "--to", "/nowhere/x", "--seed", "1", "--avg-qps", "0.000001", "--max-iter", "1000000"},
     {"--max-iter 1000000: the last tick would be now and the first before 1975-01-01"}},
    {"more_ticks_than_time_unpaced",
     {"plan", "--seed", "1", "--unpaced", "--avg-qps", "0.000001", "--max-iter", "1000000"},
     {"--max-iter 1000000: the last tick would be now and the first before 1975-01-01"}},
    {"more_sessions_than_ids",
     {"load", "--to", "/nowhere/x", "--history", "9000d", "--avg-qps", "100000"},
     {"--history 9000d: --avg-qps 100000 makes about", "ids have room for"}},
    {"more_price_changes_than_count",
     {"load", "--to", "/nowhere/x", "--history", "9000d", "--touch-interval", "100ms"},
     {"--history 9000d: --touch-interval 100ms makes about"}},
    {"units_beyond_the_plan",
     {"plan", "--seed", "1", "--avg-qps", "0.000001", "--units", "100000..100001", "--log-level", "error"},
     {"--units 100000..100001: the plan ends here: there is no unit", "2199"}},
    {"start_no_time", {"--start-time", "yesterday"}, {"--start-time yesterday: must be a date or a time"}},
    {"run_name", {"--run", "Main!"}, {"--run Main!: must be 1 to 31 of the characters"}},
    {"seed_negative", {"--seed", "-1"}, {"--seed -1: must be a whole number from 0 to 18446744073709551615"}},
    {"seed_too_large", {"--seed", "18446744073709551616"}, {"must be a whole number from 0 to"}},
    {"workers", {"--workers", "65"}, {"--workers 65: must be a whole number from 1 to 64"}},
    {"window", {"--window", "15"}, {"--window 15: must be a whole number from 16 to 65536"}},
    {"lag", {"--max-lag", "10x"}, {"--max-lag 10x: must be a duration"}},
    {"heartbeat", {"--heartbeat-interval", "1ms"}, {"--heartbeat-interval 1ms: must be 0 (off) or a duration"}},
    {"batch", {"--batch-size", "0"}, {"--batch-size 0: must be a whole number from 1 to 1000000"}},
    {"schema_of_postgres", {"--schema", "pg_catalog"}, {"--schema pg_catalog: is reserved by PostgreSQL"}},
    {"schema_too_long", {"--db-schema", std::string(64, 'a')}, {"must be a name of 1 to 63 bytes"}},
    {"schema_of_the_daemon", {"--db-schema", "bazaard"}, {"is the daemon's own schema"}},
    {"port", {"--db-port", "70000"}, {"--db-port 70000: must be a whole number from 1 to 65535"}},
    {"sslmode", {"--db-sslmode", "on"}, {"--db-sslmode on: must be one of: disable"}},
    {"servers", {"--bootstrap-servers", "localhost"}, {"--bootstrap-servers localhost: must be HOST:PORT"}},
    {"topic_prefix", {"--topic-prefix", "a b"}, {"--topic-prefix 'a b': must be 1 to 120 of the characters"}},
    {"sasl", {"--sasl-username", "u"}, {"--sasl-username u: needs --security-protocol sasl_plaintext or sasl_ssl"}},
    {"sasl_password",
     {"topics", "check", "--security-protocol", "sasl_ssl", "--sasl-password", "p", "--sasl-password-file", "f"},
     {"--sasl-password-file f: give this or --sasl-password, not both"}},
    {"kafka_ca", {"--kafka-ca-file", "f"}, {"--kafka-ca-file f: needs --security-protocol ssl or sasl_ssl"}},
    {"kafka_conf", {"--kafka-conf", "linger"}, {"must be KEY=VALUE, or several behind commas"}},
    {"retention", {"topics", "check", "--retention", "1s"}, {"--retention 1s: must be a duration from 1m"}},
    {"topics", {"topics"}, {"topics: needs a word: ensure, check, delete"}},
    {"http_host",
     {"--http-listen", "0", "--http-host", "shop:80"},
     {"--http-host shop:80: must be names of hosts without a port"}},
    {"http_host_empty",
     {"--http-listen", "0", "--http-host", "shop,,x"},
     {"--http-host shop,,x: must be names of hosts"}},
    {"http_host_alone", {"--http-host", "shop"}, {"--http-host shop: needs --http-listen"}},
    {"log_level", {"--log-level", "loud"}, {"--log-level loud: must be one of: trace"}},
    {"units", {"plan", "--units", "9..0"}, {"--units 9..0: must be A..B"}},
    {"units_too_many", {"plan", "--units", "0..1000000"}, {"--units 0..1000000: must be at most 1000000 units"}},
    {"units_of_plan", {"run", "--units", "0..9"}, {"--units: is a flag of plan and answers, not of run"}},
    {"format_of_answers", {"answers", "--format", "text"}, {"--format text: must be one of: jsonl, csv"}},
    {"format_of_plan", {"plan", "--format", "csv"}, {"--format csv: must be one of: text, jsonl"}},
    {"csv_of_all", {"answers", "--format", "csv"}, {"--format csv: needs --table NAME: a file for each table"}},
    {"answers_as", {"answers", "--as", "events"}, {"--as events: must be one of: changes, rows"}},
    {"workers_of_run",
     {"init", "--workers", "2"},
     {"--workers: is a flag of run and load, not of init", "Try 'bazaard init --help'"}},
    {"unknown_flag", {"--avg-qsp", "20"}, {"--avg-qsp: unknown flag; did you mean --avg-qps?"}},
    {"unknown_flag_start", {"--lifecycle-s=2"}, {"--lifecycle-s: unknown flag; did you mean --lifecycle-scale?"}},
    {"unknown_flag_far", {"--quux"}, {"--quux: unknown flag\n"}},
    {"single_dash", {"-avg-qps", "20"}, {"-avg-qps: unknown flag; did you mean --avg-qps?"}},
    {"unknown_command",
     {"rnu"},
     {"'rnu': unknown command; did you mean run? (commands: run, load, init, plan, answers, explain, card, reset, "
      "cdc, connector, topics, doctor, verify, ctl, scenario, views, describe)"}},
    {"stray_word", {"run", "fast"}, {"'fast': unexpected word after run"}},
    {"explain_what", {"explain"}, {"explain: needs the ID", "Try 'bazaard explain --help'"}},
    {"value_missing", {"--max-iter"}, {"--max-iter: needs a value, N"}},
    {"value_is_a_flag", {"--max-iter", "--seed", "5"}, {"--max-iter: needs a value, N"}},
    {"mark_with_value", {"--unpaced=yes"}, {"--unpaced: takes no value"}},
    {"twice", {"--seed", "1", "--seed", "2"}, {"--seed: given twice"}},
    {"twice_by_alias", {"--host", "a", "--db-host", "b"}, {"--db-host: given twice, also as --host"}},
    {"both_ways", {"--echo", "--no-echo"}, {"--no-echo: given twice, also as --echo"}},
    {"config_missing",
     {"--config", "/nonexistent/shop.conf"},
     {"--config /nonexistent/shop.conf: the file is missing"},
     66},
    {"config_directory", {"--config", "/"}, {"--config /: the file is missing or not readable"}, 66},
    {"url", {"--db-url", "mysql://a:geheim@b"}, {"--db-url mysql://a:***@b: must be like postgresql://"}},
};

INSTANTIATE_TEST_SUITE_P(cli, bad_lines, testing::ValuesIn(bad_line_table),
                         [](const auto& it) { return it.param.name; });

TEST(cli_options, near_countries_are_listed)
{
    const auto left = bazaard({"plan", "--country", "Germny"});
    EXPECT_EQ(left.status, 64) << left.err;
    EXPECT_NE(left.err.find("Germany"), std::string::npos) << left.err;
}

TEST(cli_options, all_mistakes_at_once)
{
    const temporary_file file("workers = 0\nno equals here\nturbo = 1\n");
    const auto left = bazaard({"--avg-qps", "0", "--user-create-prob", "1.2", "--sed", "7", "--config", file.path()},
                              {{"BAZAARD_WINDOW", "1"}});
    EXPECT_EQ(left.status, 64);
    const auto lines = split_lines(left.err);
    ASSERT_EQ(lines.size(), 8U) << left.err;
    for (std::size_t i = 0; i < 7; ++i)
        EXPECT_TRUE(lines[i].starts_with("bazaard: ")) << lines[i];
    EXPECT_EQ(lines[7], "Try 'bazaard run --help'.");
    for (const auto* part : {"--sed: unknown flag; did you mean --seed?", "--avg-qps 0: ", "--user-create-prob 1.2: ",
                             "BAZAARD_WINDOW=1 in the environment: must be", ":1: workers 0: must be",
                             ":2: must be `name = value`", ":3: turbo: unknown name"})
        EXPECT_NE(left.err.find(part), std::string::npos) << part << "\n" << left.err;
}

TEST(cli_options, a_bad_file_alone_is_a_configuration_error)
{
    const temporary_file file("# shop\navg-qps = fast\n");
    const auto left = bazaard({"--config", file.path()});
    EXPECT_EQ(left.status, 78);
    EXPECT_EQ(split_lines(left.err).at(0).find("bazaard: " + file.path() + ":2: avg-qps fast: must be"), 0U)
        << left.err;
}

TEST(cli_options, flag_before_environment_before_file_before_default)
{
    const temporary_file file("avg-qps = 10\nworkers = 2  # few\nwindow = 64\n");
    const auto left = bazaard({"--config", file.path(), "--avg-qps", "30", "--print-config"},
                              {{"BAZAARD_AVG_QPS", "20"}, {"BAZAARD_WORKERS", "3"}, {"BAZAARD_LOG_FORMAT", ""}});
    EXPECT_EQ(left.status, 0) << left.err;
    EXPECT_EQ(left.err, "");
    for (const auto& line :
         {std::string("\navg-qps = 30  # command line\n"),
          std::string("\nworkers = 3  # environment BAZAARD_WORKERS\n"), "\nwindow = 64  # " + file.path() + ":3\n",
          std::string("\nmax-lag = 10s  # default\n"), std::string("\nlog-format = auto  # default\n")})
        EXPECT_NE(left.out.find(line), std::string::npos) << line << "\n" << left.out;
}

TEST(cli_options, the_printed_configuration_is_a_configuration)
{
    const auto first = bazaard({"--print-config", "--country", "Japan # 1", "--schema", "shop 1", "--seed", "9"});
    ASSERT_EQ(first.status, 0) << first.err;
    const temporary_file file(first.out);
    const auto second = bazaard({"--print-config", "--config", file.path()});
    EXPECT_EQ(second.status, 0) << second.err;
    EXPECT_NE(second.out.find("\ncountry = \"Japan # 1\"  # " + file.path()), std::string::npos) << second.out;
    EXPECT_NE(second.out.find("\ndb-schema = shop 1  # " + file.path()), std::string::npos) << second.out;
}

TEST(cli_options, the_file_may_be_named_by_the_environment)
{
    const temporary_file file("seed = 11\n");
    const auto left = bazaard({"plan", "--print-config"}, {{"BAZAARD_CONFIG", file.path()}});
    EXPECT_EQ(left.status, 0) << left.err;
    EXPECT_NE(left.out.find("\nseed = 11  # " + file.path() + ":1\n"), std::string::npos) << left.out;
}

TEST(cli_options, an_unknown_variable_is_a_warning)
{
    const auto left = bazaard({"--print-config"}, {{"BAZAARD_AVG_QSP", "1"}, {"BAZAARD_TEST_URL", "x"}});
    EXPECT_EQ(left.status, 0);
    EXPECT_NE(left.err.find("BAZAARD_AVG_QSP in the environment is not known; did you mean BAZAARD_AVG_QPS?"),
              std::string::npos)
        << left.err;
    EXPECT_EQ(left.err.find("BAZAARD_TEST_URL"), std::string::npos) << left.err;
}

TEST(cli_secrets, are_never_in_any_output)
{
    const std::string secret = "swordfish";
    const temporary_file file("db-password = " + secret + "\n");
    const temporary_file bare(secret + "\n");
    const std::string url = "postgresql://u:" + secret + "@127.0.0.1:1/db?sslpassword=" + secret;
    const temporary_file service("[s]\nhost=127.0.0.1\nport=1\ndbname=postgres://u:" + secret + "@h/d\n");
    const std::vector<std::pair<std::vector<std::string>, std::map<std::string, std::string>>> lines{
        {{"--password", secret, "--print-config"}, {}},
        {{"--db-password=" + secret, "--print-config", "--log-level", "trace"}, {}},
        {{"--db-password", secret, "--password", secret}, {}},
        {{"--db-password", secret, "--avg-qps", "0"}, {}},
        {{"--db-passwrod", secret}, {}},
        {{"--db-password", "half", secret}, {}},
        {{"run", "--db-password", "half", secret}, {}},
        {{url}, {}},
        {{"--run", url}, {}},
        {{"--db-passwrod=" + secret}, {}},
        {{"--db-password", secret, "--db-password-file", "x"}, {}},
        {{"--db-url", url, "--print-config"}, {}},
        {{"--db-url", url, "--db-url", url}, {}},
        {{"--db-url", "host=h password='" + secret + " " + secret + "' user=u", "--print-config"}, {}},
        {{"--db-url", "nonsense://u:" + secret + "@h"}, {}},
        {{"plan", "--db-password", secret}, {}},
        {{"--print-config"}, {{"BAZAARD_DB_PASSWORD", secret}}},
        {{"--print-config"}, {{"BAZAARD_DB_URL", url}}},
        {{"--print-config", "--config", file.path()}, {}},
        {{"--print-config", "--config", bare.path()}, {}},
        {{"--db-password", "--", secret}, {}},
        {{"--db-passwrod", "half", secret}, {}},
        {{"--db-password" + secret}, {}},
        {{"-p" + secret}, {}},
        {{"--db-url", "u:" + secret + "@h", "--print-config"}, {}},
        {{"--db-url", "postgres://u:" + secret, "--print-config"}, {}},
        {{"--db-url", "passWord=" + secret, "--print-config"}, {}},
        {{"--db-url", "host=h PASSWORD=" + secret, "--print-config"}, {}},
        {{"--db-url", "postgresql://u:x@h:1/" + secret + "@h/x", "--print-config"}, {}},
        {{"--db-name", "postgres://u:" + secret + "@h/d", "--print-config"}, {}},
        {{"--db-name", "dbname=d password=" + secret, "--print-config"}, {}},
        {{"--db-host", "u:" + secret + "@h", "--print-config"}, {}},
        {{"card"}, {{"PGDATABASE", "postgres://u:" + secret + "@127.0.0.1:1/d"}}},
        {{"card"}, {{"PGHOST", "u:" + secret + "@127.0.0.1"}}},
        {{"card"}, {{"PGUSER", "password=" + secret}}},
        {{"card"}, {{"PGPORT", secret}}},
        {{"card"}, {{"PGSSLMODE", "postgresql://u:" + secret + "@h/x"}}},
        {{"card"}, {{"PGREQUIREPEER", "postgresql://u:" + secret + "@h/x"}}},
        {{"card"}, {{"PGDATESTYLE", "password=" + secret}}},
        {{"card"}, {{"PGOPTIONS", "-c x=postgresql://u:" + secret + "@h/x"}}},
        {{"card"}, {{"PGSERVICEFILE", service.path()}, {"PGSERVICE", "s"}}},
        {{"run", "--wait-for-db", "1s"}, {{"PGSERVICEFILE", service.path()}, {"PGSERVICE", "s"}}},
        {{"connector", "config", "--connector-password", secret}, {}},
        {{"connector", "config", "--connector-password", secret, "--print-config"}, {}},
        {{"connector", "status", "--connect-url", "http://u:" + secret + "@127.0.0.1:1"}, {}},
        {{"connector", "status", "--connect-url", "http://" + secret + "@127.0.0.1:1", "--print-config"}, {}},
        {{"connector", "config", "--format", "avro", "--registry-url", "http://u:" + secret + "@h/${env:X}"}, {}},
        {{"topics", "check", "--kafka-timeout", "1s", "--kafka-conf", "sasl.password=a,pw=" + secret}, {}},
        {{"topics", "check", "--kafka-timeout", "1s", "--kafka-conf", "metadata.broker.list=u:" + secret + "@h:1"}, {}},
        {{"topics", "check", "--bootstrap-servers", "u:" + secret + "@h:1"}, {}},
        {{"card", "--db-url", "postgresql://u@127.0.0.1:1/d", "--db-password-file", secret}, {}},
        {{"doctor", "--skip", "connect,kafka", "--db-url", "postgresql://u:" + secret + "@127.0.0.1:1/d"}, {}},
    };
    for (const auto& [arguments, environment] : lines)
    {
        const auto left = bazaard(arguments, environment);
        EXPECT_EQ((left.out + left.err).find(secret), std::string::npos)
            << testing::PrintToString(arguments) << left.out << left.err;
        EXPECT_NE(left.status, -1);
    }
    // Negative control: what is no secret is there.
    EXPECT_NE(bazaard({"--run", secret, "--print-config"}).out.find(secret), std::string::npos);
}

TEST(cli_secrets, what_may_be_one_is_refused_before_anything_is_done)
{
    for (const auto& [variable, value] : std::vector<std::pair<std::string, std::string>>{
             {"PGDATABASE", "postgres://u:x@h/d"}, {"PGHOST", "u:x@h"}, {"PGPORT", "x"}, {"PGUSER", "u:x@h"}})
    {
        const auto left = bazaard({"card"}, {{variable, value}});
        EXPECT_EQ(left.status, 64) << left.err;
        EXPECT_TRUE(left.err.starts_with("bazaard: " + variable + " in the environment: must be")) << left.err;
    }
    for (const auto& line : std::vector<std::vector<std::string>>{{"--db-url", "u:x@h"},
                                                                  {"--db-url", "postgres://u:x"},
                                                                  {"--db-url", "passWord=x"},
                                                                  {"--db-name", "postgres://u:x@h/d"},
                                                                  {"--db-host", "u:x@h"},
                                                                  {"--run", "postgres://u:x@h/d"},
                                                                  {"--card", "postgres://u:x@h/d"}})
    {
        auto words = line;
        words.emplace_back("--print-config");
        const auto left = bazaard(words);
        EXPECT_EQ(left.status, 64) << left.err;
        EXPECT_TRUE(left.err.starts_with("bazaard: " + line[0])) << left.err;
    }
    // Negative control: a flag goes before the variable, and these are as they should be.
    EXPECT_EQ(
        bazaard({"card", "--db-url", "postgresql://u@127.0.0.1:1/d"}, {{"PGDATABASE", "postgres://u:x@h/d"}}).status,
        69);
    for (const auto* url : {"postgresql://u:p%40q@h:1/d?sslmode=require", "host=/tmp dbname='a b' user=u password=x"})
        EXPECT_EQ(bazaard({"--db-url", url, "--print-config"}).status, 0) << url;
}

TEST(cli_secrets, a_password_on_the_command_line_brings_advice)
{
    const auto left = bazaard({"--print-config", "--password", "x"});
    EXPECT_NE(left.err.find("a password on the command line (--password)"), std::string::npos) << left.err;
    EXPECT_NE(left.err.find("--db-password-file"), std::string::npos) << left.err;
    EXPECT_NE(left.out.find("\ndb-password = ***  # command line\n"), std::string::npos) << left.out;
}

TEST(cli_secrets, are_wiped_from_the_process_list)
{
    // The program waits for the pipe that it takes for its configuration, long after it should have wiped its arguments.
    int both[2];
    ASSERT_EQ(::pipe(both), 0);
    ASSERT_EQ(::fcntl(both[1], F_SETFD, FD_CLOEXEC), 0);
    const std::string secret = "swordfish";
    process running({test::program_path(), "--db-password", secret, "--db-url", "postgresql://u:" + secret + "@h/d",
                     "--config", "/proc/self/fd/" + std::to_string(both[0]), "--print-config"});
    const auto line = [&] { return contents("/proc/" + std::to_string(running.id()) + "/cmdline"); };
    const auto is_wiped = [&]
    {
        const auto now = line();
        return now.find("--db-password") != now.npos && now.find(secret) == now.npos;
    };
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!is_wiped() && std::chrono::steady_clock::now() < end)
        std::this_thread::yield();
    EXPECT_TRUE(is_wiped()) << line();
    ::close(both[1]);
    EXPECT_EQ(running.wait().status, 0);
    ::close(both[0]);
}

class helps : public testing::TestWithParam<std::vector<std::string>>
{
};

TEST_P(helps, fits_80_columns)
{
    const auto left = bazaard(GetParam());
    EXPECT_EQ(left.status, 0);
    EXPECT_EQ(left.err, "");
    EXPECT_GT(left.out.size(), 200U);
    for (const auto& line : split_lines(left.out))
        EXPECT_LE(line.size(), 80U) << line;
}

INSTANTIATE_TEST_SUITE_P(cli, helps,
                         testing::Values(std::vector<std::string>{"--help"}, std::vector<std::string>{"-h"},
                                         std::vector<std::string>{"run", "--help"},
                                         std::vector<std::string>{"init", "--help"},
                                         std::vector<std::string>{"plan", "-h"},
                                         std::vector<std::string>{"explain", "--help"}));

TEST(cli_help, lists_the_commands)
{
    const auto left = bazaard({"--help"});
    for (const auto* word : {"\n  run", "\n  init", "\n  plan", "\n  explain", "\n  views", "\n  describe"})
        EXPECT_NE(left.out.find(word), std::string::npos) << word;
}

TEST(cli_help, tells_default_and_range)
{
    const auto left = bazaard({"run", "--help"});
    EXPECT_NE(left.out.find("[from 1 to 64; default: 4]"), std::string::npos) << left.out;
    EXPECT_EQ(left.out.find("--units A..B"), std::string::npos);
    EXPECT_NE(bazaard({"plan", "--help"}).out.find("--units A..B"), std::string::npos);
}

TEST(cli_help, wins_over_other_mistakes_in_values)
{
    EXPECT_EQ(bazaard({"run", "--avg-qps", "0", "--help"}).status, 0);
}

TEST(cli_version, names_the_libraries)
{
    const auto left = bazaard({"--version"});
    EXPECT_EQ(left.status, 0);
    EXPECT_TRUE(left.out.starts_with("bazaard ")) << left.out;
    for (const auto* word :
         {"\ncommit ", "\nbuild ", "\nBoost ", "\nspdlog ", "\nfmt ", "\nlibpq ", "\nlibyaml ", "\nsimdjson "})
        EXPECT_NE(left.out.find(word), std::string::npos) << word;
}

TEST(cli_documents, flags_are_those_of_the_program)
{
    EXPECT_EQ(bazaard({"--help-markdown"}).out, contents(test::source_dir() + "/docs/flags.md"))
        << "renew it: bazaard --help-markdown > docs/flags.md";
}

TEST(cli_run, a_closed_port_is_unavailable)
{
    // Nobody listens on port 1.
    const auto left = bazaard(
        {"run", "--db-host", "127.0.0.1", "--db-port", "1", "--max-iter", "1", "--wait-for-db", "0"});
    EXPECT_EQ(left.status, 69) << left.err;
}

TEST(cli_run, a_full_stdout_is_an_io_error)
{
    const auto left = process({"/bin/sh", "-c", test::program_path() + " --help > /dev/full"}).wait();
    EXPECT_EQ(left.status, 74);
    EXPECT_NE(left.err.find("bazaard: stdout: "), std::string::npos) << left.err;
}

TEST(cli_verify, what_reads_once_does_not_follow)
{
    for (const auto* const verb : {"events", "stream"})
    {
        const auto left = bazaard({"verify", verb, "--follow", "--card", "none.json", "-"});
        EXPECT_EQ(left.status, 64) << verb;
        EXPECT_NE(left.err.find("--follow: verify " + std::string(verb) + " does not do that"), std::string::npos)
            << left.err;
    }
    // The others come as far as the card.
    EXPECT_EQ(bazaard({"verify", "topics", "--follow", "--card", "none.json"}).status, 66);
}

TEST(cli_run, a_reader_that_goes_is_no_error)
{
    // Far more than a pipe holds.
    const auto left = process({"/bin/sh", "-c",
                               "{ " + test::program_path() +
                                   " plan --seed 1 --units 0..100000; echo $? >&2; } | head -n 1"})
                          .wait();
    EXPECT_EQ(left.err.substr(left.err.rfind('\n', left.err.size() - 2) + 1), "141\n") << left.err;
    EXPECT_EQ(left.err.find("stdout"), std::string::npos) << left.err;
    EXPECT_EQ(std::count(left.out.begin(), left.out.end(), '\n'), 1);
}

}  // namespace
}  // namespace bazaar::test
