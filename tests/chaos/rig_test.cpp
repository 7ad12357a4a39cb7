// The rig of the fault tests itself: each verb once, its effect seen through SQL.

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "support/chaos.hpp"
#include "support/daemon.hpp"
#include "support/postgres_server.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

using namespace std::chrono_literals;
using stop_mode = postgres_server::stop_mode;

std::string ask(const postgres_server& server, const std::string& sql, std::string_view database = "postgres")
{
    auto link = server.superuser(database);
    return one(link, sql);
}

std::string started(const postgres_server& server)
{
    return ask(server, "SELECT pg_postmaster_start_time()");
}

postgres_server::options quick()
{
    postgres_server::options how;
    how.fsync = false;
    return how;
}

TEST(Rig, AServerHasTheSettingsItWasGivenAndTakesOthers)
{
    postgres_server::options how;
    how.settings = {{"work_mem", "5MB"}};
    postgres_server server(how);
    EXPECT_EQ(ask(server, "SHOW fsync"), "on");
    EXPECT_EQ(ask(server, "SHOW wal_level"), "logical");
    EXPECT_EQ(ask(server, "SHOW work_mem"), "5MB");
    server.set("work_mem", "6MB");
    EXPECT_EQ(ask(server, "SHOW work_mem"), "5MB");
    server.reload();
    EXPECT_EQ(ask(server, "SHOW work_mem"), "6MB");

    const auto database = server.fresh_database();
    sql_client over_tcp(database);
    EXPECT_EQ(one(over_tcp, "SELECT inet_server_addr()"), "127.0.0.1");
    EXPECT_EQ(one(over_tcp, "SELECT current_database()"), *database.name);
    auto wrong = database;
    wrong.password = "wrong";
    EXPECT_ANY_THROW(sql_client{wrong});
    sql_client over_socket(server.socket_flags(*database.name));
    EXPECT_EQ(one(over_socket, "SELECT inet_server_addr() IS NULL"), "t");
}

TEST(Rig, StopsInEachWayAndStartsAgain)
{
    postgres_server server;
    server.superuser().exec("CREATE TABLE kept (n int)");
    for (const auto mode : {stop_mode::smart, stop_mode::fast, stop_mode::immediate})
    {
        const auto before = started(server);
        server.superuser().exec("INSERT INTO kept VALUES (1)");
        ASSERT_TRUE(server.stop(mode));
        EXPECT_FALSE(server.running());
        EXPECT_ANY_THROW(static_cast<void>(server.superuser()));
        server.start();
        EXPECT_NE(started(server), before);
    }
    EXPECT_EQ(server.logged("received smart shutdown request"), 1);
    EXPECT_EQ(server.logged("received fast shutdown request"), 1);
    EXPECT_EQ(server.logged("received immediate shutdown request"), 1);

    // A smart stop waits for sessions.
    {
        auto idle = server.superuser();
        EXPECT_FALSE(server.stop(stop_mode::smart, 300ms));
        EXPECT_EQ(one(idle, "SELECT count(*) FROM kept"), "3");
    }
    EXPECT_TRUE(server.ended(10s));
    server.start();

    server.superuser().exec("INSERT INTO kept VALUES (1)");
    server.kill_hard();
    EXPECT_FALSE(server.running());
    server.start();
    EXPECT_EQ(ask(server, "SELECT count(*) FROM kept"), "4");
    EXPECT_GE(server.logged("was not properly shut down"), 2) << "after the immediate stop and after SIGKILL";

    const int port = server.port();
    server.move_to_another_port();
    EXPECT_NE(server.port(), port);
    sql_client moved(server.flags());
    EXPECT_EQ(one(moved, "SHOW port"), std::to_string(server.port()));
    server.set("work_mem", "7MB");
    ASSERT_TRUE(server.stop(stop_mode::fast));
    server.set("work_mem", "8MB");
    server.start();
    EXPECT_EQ(ask(server, "SHOW work_mem"), "8MB");
    ASSERT_TRUE(server.stop(stop_mode::immediate));
    server.set("work_mem", "nonsense");
    EXPECT_ANY_THROW(server.start());
    EXPECT_FALSE(server.running());
    server.set("work_mem", "9MB");
    server.start();
    EXPECT_EQ(ask(server, "SHOW work_mem"), "9MB");
}

TEST(Rig, KnowsTheSessionsOfTheDaemonAndDisturbsThem)
{
    postgres_server server(quick());
    const auto database = server.fresh_database();
    EXPECT_TRUE(server.backends().empty());
    EXPECT_EQ(server.terminate_random_backend(1), std::nullopt);
    postgres::session first(postgres::resolve(database, "main"));
    postgres::session second(postgres::resolve(database, "main"), {10s, 500ms});
    EXPECT_EQ(server.backends(), (std::vector<pid_t>{first.backend(), second.backend()}));
    EXPECT_EQ(server.backends("pid = " + std::to_string(second.backend())), std::vector<pid_t>{second.backend()});

    const auto ended = server.terminate_random_backend(7);
    ASSERT_TRUE(ended);
    auto& left = *ended == first.backend() ? second : first;
    left.call_deadline(500ms);
    auto& gone = *ended == first.backend() ? first : second;
    EXPECT_TRUE(gone.try_exec("SELECT 1").failed);
    EXPECT_EQ(one_within(left, "SELECT 1"), "1");

    server.pause_backends();
    std::thread later(
        [&]
        {
            std::this_thread::sleep_for(200ms);
            server.resume();
        });
    EXPECT_EQ(one_within(left, "SELECT 2"), "2") << "late, but it comes";
    later.join();
    server.pause_backends({left.backend()});
    EXPECT_TRUE(left.try_exec("SELECT 3").failed) << "the deadline passes";
    server.resume();
}

TEST(Rig, AStandbyFollowsAndLosesWhatItWasNotTold)
{
    postgres_server primary(quick());
    primary.superuser().exec("CREATE TABLE told (n int)");
    const auto standby = primary.make_standby();
    EXPECT_EQ(ask(*standby, "SELECT pg_is_in_recovery()"), "t");
    primary.superuser().exec("INSERT INTO told VALUES (1)");
    standby->wait_for_catch_up();
    EXPECT_EQ(ask(*standby, "SELECT count(*) FROM told"), "1");

    standby->pause_receiving();
    primary.superuser().exec("INSERT INTO told VALUES (2)");
    standby->resume_receiving();
    standby->wait_for_catch_up();
    EXPECT_EQ(ask(*standby, "SELECT count(*) FROM told"), "2");

    standby->pause_receiving();
    primary.superuser().exec("INSERT INTO told VALUES (3)");
    primary.kill_hard();
    standby->promote();
    EXPECT_EQ(ask(*standby, "SELECT pg_is_in_recovery()"), "f");
    EXPECT_EQ(ask(*standby, "SELECT count(*) FROM told"), "2") << "the third is lost";
    standby->superuser().exec("INSERT INTO told VALUES (4)");
    EXPECT_EQ(ask(*standby, "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)"), "00000002");
}

TEST(Rig, TheClockOfAServerCanBeWrong)
{
    if (!fake_clock::installed())
        GTEST_SKIP() << "the package faketime is not installed";
    fake_clock clock;
    auto how = quick();
    how.environment = clock.environment();
    postgres_server server(how);
    auto link = server.superuser();
    const auto ahead = [&]
    {
        const auto true_time = std::chrono::duration_cast<std::chrono::seconds>(
            std::chrono::system_clock::now().time_since_epoch());
        return std::stoll(one(link, "SELECT extract(epoch FROM clock_timestamp())::bigint")) - true_time.count();
    };
    EXPECT_NEAR(static_cast<double>(ahead()), 0, 5);
    clock.offset(1h);
    EXPECT_NEAR(static_cast<double>(ahead()), 3600, 5);
    clock.offset(-1h);
    EXPECT_NEAR(static_cast<double>(ahead()), -3600, 5);
}

TEST(Rig, AServerRunsInAWrapper)
{
    auto how = quick();
    how.wrapper = {"nice", "-n", "5"};
    postgres_server server(how);
    auto link = server.superuser();
    std::ifstream stat("/proc/" + std::to_string(link.backend()) + "/stat");
    std::string word;
    for (int i = 0; i < 19; ++i)
        stat >> word;
    EXPECT_EQ(word, "5");
}

TEST(Rig, ADiskForATablespaceFillsUp)
{
    if (const auto why = small_disk::obstacle(); !why.empty())
        GTEST_SKIP() << why;
    small_disk disk(8);
    postgres_server server(quick());
    auto link = server.superuser();
    link.exec("CREATE TABLESPACE small LOCATION '" + disk.make_directory("space") + "'");
    link.exec("CREATE TABLE wide (t text) TABLESPACE small");
    link.exec("INSERT INTO wide VALUES (repeat('a', 100))");
    disk.fill();
    const auto add = "INSERT INTO wide SELECT repeat('b', 1000) FROM generate_series(1, 1000)";
    EXPECT_EQ(link.refusal(add), "53100");
    disk.free();
    link.exec(add);
    EXPECT_EQ(one(link, "SELECT count(*) FROM wide"), "1001");
}

TEST(Rig, AServerWhoseLogDiskIsFullPanicsAndStartsWhenThereIsRoom)
{
    if (const auto why = small_disk::obstacle(); !why.empty())
        GTEST_SKIP() << why;
    small_disk disk(16);
    auto how = quick();
    how.wal_directory = disk.make_directory("wal");
    how.wal_segment_mb = 1;
    how.settings = {{"max_wal_size", "4MB"}, {"min_wal_size", "2MB"}, {"restart_after_crash", "off"}};
    postgres_server server(how);
    EXPECT_EQ(ask(server, "SHOW wal_segment_size"), "1MB");
    server.superuser().exec("CREATE TABLE kept AS SELECT 1 AS n");
    disk.fill();
    {
        auto link = server.superuser();
        for (int i = 0; i < 100 && link.alive(); ++i)
            (void)link.refusal("INSERT INTO kept SELECT generate_series(1, 10000)");
        EXPECT_FALSE(link.alive());
    }
    EXPECT_TRUE(server.ended(30s));
    EXPECT_GE(server.logged("PANIC"), 1);
    disk.free();
    server.start();
    EXPECT_EQ(ask(server, "SELECT count(*) >= 1 FROM kept"), "t");
}

// Negative controls of what the fault tests compare.
TEST(Rig, TheComparisonFindsWhatIsWrong)
{
    postgres_server server(quick());
    chaos_plan plan;
    plan.ticks = 150;
    plan.more = {"--lifecycle", "complete", "--lifecycle-scale", "0.01"};
    const auto run = [&]
    {
        const auto database = server.fresh_database();
        prepare_shop(database);
        const auto done = run_bazaard("run", database, plan.disturbed());
        EXPECT_EQ(done.status, 0) << done.err;
        return database;
    };
    const auto good = run();
    const auto right = compare(plan, good);
    EXPECT_EQ(right.disturbed, right.undisturbed);
    EXPECT_EQ(right.broken, "");
    EXPECT_EQ(right.stream, std::vector<std::string>{});
    EXPECT_EQ(right.shifts, 0);
    server.superuser(*good.name).exec("SELECT pg_drop_replication_slot('tap')");

    plan.start = chaos_plan::now();
    const auto bad = run();
    server.superuser(*bad.name).exec(
        "UPDATE demo.users SET age = age WHERE id = (SELECT min(id::text)::uuid FROM demo.users); "
        "DELETE FROM demo.events WHERE id = (SELECT min(id::text)::uuid FROM demo.events "
        "WHERE event_type = 'purchase')");
    const auto wrong = compare(plan, bad);
    EXPECT_NE(wrong.disturbed, wrong.undisturbed);
    EXPECT_NE(wrong.broken, "");
    EXPECT_GE(wrong.stream.size(), 3U) << "idle update, delete, count of events";
}

bool there(const std::string& path)
{
    return access(path.c_str(), F_OK) == 0;
}

TEST(Rig, NothingIsLeftBehindNotEvenByAKilledProgram)
{
    std::string directory;
    {
        const postgres_server server(quick());
        directory = server.directory();
        EXPECT_TRUE(there(directory));
    }
    EXPECT_FALSE(there(directory));

    const bool disks = small_disk::obstacle().empty();
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = fork();
    if (child == 0)
    {
        std::optional<small_disk> disk;
        if (disks)
            disk.emplace(4);
        const postgres_server server(quick());
        const auto made = server.directory() + "\n" + (disk ? disk->path() : "/nowhere") + "\n";
        if (write(ends[1], made.data(), made.size()) > 0)
            raise(SIGKILL);
        _exit(1);
    }
    close(ends[1]);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    std::array<char, 1000> text{};
    ASSERT_GT(read(ends[0], text.data(), text.size() - 1), 0);
    close(ends[0]);
    std::istringstream lines(text.data());
    std::string server, disk;
    lines >> server >> disk;
    for (int tries = 0; tries < 1000 && (there(server) || there(disk)); ++tries)
        std::this_thread::sleep_for(10ms);
    EXPECT_FALSE(there(server));
    EXPECT_FALSE(there(disk));
}

// A daemon on a busy machine: the signal comes before it has a handler for it.
TEST(Rig, ASignalWaitsForItsHandler)
{
    process slow({"/bin/sh", "-c", "sleep 0.5; trap 'exit 7' TERM; while :; do sleep 0.05; done"});
    slow.send(SIGTERM);
    EXPECT_EQ(slow.wait().status, 7);
}

}  // namespace
}  // namespace bazaar::test
