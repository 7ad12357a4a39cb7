// Faults of the daemon itself: killed, stopped, frozen, replaced, short of something, not listened to. Each unit is
// there once and whole all the same, and the next start goes on.

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <fstream>
#include <list>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "bazaar/postgres/functions.hpp"
#include "support/chaos.hpp"
#include "support/contents.hpp"
#include "support/daemon.hpp"
#include "support/eventually.hpp"
#include "support/places.hpp"
#include "support/postgres_cluster.hpp"
#include "support/postgres_server.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto to_the_end = std::chrono::seconds(150);

double since(clock::time_point begin)
{
    return std::chrono::duration<double>(clock::now() - begin).count();
}

bool holds(const std::string& text, const std::string& part)
{
    return text.find(part) != text.npos;
}

void write_file(const std::string& path, const std::string& text)
{
    std::ofstream(path) << text;
}

/// The daemon's command line, as words.
std::vector<std::string> run_words(const postgres::connection_flags& database, const std::vector<std::string>& more)
{
    std::vector<std::string> words{test::program_path(), "run"};
    const auto where = database_arguments(database);
    words.insert(words.end(), where.begin(), where.end());
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

/// Runs a script whose arguments are the daemon's command line.
std::vector<std::string> in_shell(const std::string& script, const std::vector<std::string>& words)
{
    std::vector<std::string> all{"/bin/sh", "-c", script, "sh"};
    all.insert(all.end(), words.begin(), words.end());
    return all;
}

/// A service manager that listens.
class notify_socket
{
public:
    notify_socket() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        name_.copy(at.sun_path + 1, sizeof at.sun_path - 2, 1);
        if (bind(socket_, reinterpret_cast<const sockaddr*>(&at),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size())) != 0)
            throw std::runtime_error("no socket for notifications");
    }
    ~notify_socket() { close(socket_); }
    notify_socket(const notify_socket&) = delete;
    notify_socket& operator=(const notify_socket&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }

    /// The next message; empty when none comes in time.
    [[nodiscard]] std::string next(std::chrono::milliseconds limit) const
    {
        pollfd one{socket_, POLLIN, 0};
        if (poll(&one, 1, static_cast<int>(limit.count())) <= 0)
            return {};
        std::array<char, 5000> text;
        const auto size = recv(socket_, text.data(), text.size(), 0);
        return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
    }

private:
    std::string name_ = "@bazaard-test-" + std::to_string(getpid());
    int socket_;
};

class DaemonFaults : public chaos_test
{
protected:
    static void SetUpTestSuite()
    {
        postgres_server::options how;
        how.fsync = false;  // The server itself stays well.
        how.settings = {{"max_connections", "150"}};
        server_ = std::make_unique<postgres_server>(how);
    }
    static void TearDownTestSuite() { server_.reset(); }

    void SetUp() override
    {
        plan_.seed = seed();
        plan_.qps = 150;
        plan_.ticks = 1200;
        // Orders live fast, so that there are updates among the units.
        plan_.more = {"--lifecycle", "complete", "--lifecycle-scale", "0.05"};
        prepare();
    }

    void TearDown() override
    {
        drop_tap();
        chaos_test::TearDown();
    }

    /// A new database with a tapped change stream; one at a time.
    void prepare()
    {
        drop_tap();
        database_ = server_->fresh_database();
        prepare_shop(database_);
        plan_.start = chaos_plan::now();
    }

    static void drop_tap()
    {
        auto link = server_->superuser();
        // A slot is busy until its reader's session is gone.
        (void)eventually(
            [&]
            { return link.refusal("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots").empty(); });
    }

    void run_for(double seconds) { plan_.ticks = static_cast<std::int64_t>(seconds * plan_.qps); }

    [[nodiscard]] process start() const { return start_bazaard("run", database_, plan_.disturbed()); }

    /// A later start: what makes the plan is recorded.
    [[nodiscard]] std::vector<std::string> again() const
    {
        return {"--max-iter", std::to_string(plan_.ticks), "--max-lag", "1h"};
    }
    [[nodiscard]] process start_again() const { return start_bazaard("run", database_, again()); }

    [[nodiscard]] bool wait_for(std::int64_t orders) const { return wait_for_orders(*server_, database_, orders); }

    [[nodiscard]] std::string ask(const std::string& sql) const
    {
        auto link = server_->superuser(*database_.name);
        return one(link, sql);
    }
    [[nodiscard]] std::int64_t number(const std::string& sql) const { return std::stoll(ask(sql)); }

    [[nodiscard]] std::int64_t epoch() const { return number("SELECT coalesce(max(epoch), 0) FROM bazaard.lease"); }

    [[nodiscard]] std::chrono::milliseconds some_time(int from, int to)
    {
        return std::chrono::milliseconds(from + static_cast<int>(draw(static_cast<std::uint64_t>(to - from))));
    }

    /// Waits until a new owner has committed a unit.
    [[nodiscard]] bool first_commit_under(std::int64_t epoch_before) const
    {
        auto link = server_->superuser(*database_.name);
        std::string orders;
        return eventually(
            [&]
            {
                if (orders.empty())
                {
                    if (std::stoll(one(link, "SELECT coalesce(max(epoch), 0) FROM bazaard.lease")) > epoch_before)
                        orders = one(link, "SELECT count(*) FROM demo.orders");
                    return false;
                }
                return one(link, "SELECT count(*) FROM demo.orders") != orders;
            });
    }

    /// The run is complete and exact. Within W units behind an unclean end it may not be left cleanly.
    void expect_done(const finished& daemon) const
    {
        EXPECT_EQ(daemon.status, 0) << daemon.err;
        expect_exactly_once(plan_, database_);
    }

    /// Kills daemons, one after the other, and ends with more ticks than any of them can have planned.
    void kill_at_random(const std::vector<std::string>& flags)
    {
        const int kills = long_form() ? 50 : 10;
        double longest = 0;
        for (int i = 0; i < kills; ++i)
        {
            const bool begun = number("SELECT count(*) FROM bazaard.run") == 1;
            auto words = begun ? flags : plan_.disturbed();
            if (!begun)
            {
                words.resize(words.size() - 2);  // Without the --max-lag of a plan.
                words.insert(words.end(), flags.begin(), flags.end());
            }
            const auto before = epoch();
            const auto begin = clock::now();
            auto daemon = start_bazaard("run", database_, words);
            // Each second one is on its way, the others at work.
            if (i % 2 == 1)
            {
                ASSERT_TRUE(first_commit_under(before)) << "kill " << i;
                longest = std::max(longest, since(begin));
            }
            std::this_thread::sleep_for(some_time(50, 600));
            daemon.send(SIGKILL);
            EXPECT_EQ(daemon.wait().status, 128 + SIGKILL);
            auto link = server_->superuser(*database_.name);
            EXPECT_EQ(broken_invariants(link), "") << "kill " << i;
        }
        measured("start_to_commit_s", longest);
        EXPECT_LE(longest, 5.0) << "nobody waits for the lease of a daemon that is gone";
        plan_.ticks = number("SELECT count(*) FROM demo.orders") + 200;
    }

    static std::unique_ptr<postgres_server> server_;
    postgres::connection_flags database_;
    chaos_plan plan_;
};

std::unique_ptr<postgres_server> DaemonFaults::server_;

// F24: started again without any flag.
TEST_P(DaemonFaults, F24Killed)
{
    plan_.ticks = 1'000'000;
    kill_at_random({});
    plan_.ticks += 400;  // W units beyond what the killed ones wrote, the run is known to be clean again.
    expect_clean_end(plan_, database_, run_bazaard("run", database_, {"--max-iter", std::to_string(plan_.ticks)}));
    // Each second one had the lease for certain, and the last one.
    EXPECT_GE(epoch(), long_form() ? 26 : 6);
    // Negative control: what a killed daemon must not leave.
    server_->superuser(*database_.name)
        .exec("UPDATE demo.users SET age = age + 1 WHERE id = (SELECT id FROM demo.users LIMIT 1)");
    const auto wrong = compare(plan_, database_);
    EXPECT_NE(wrong.disturbed, wrong.undisturbed);
}

// F24: each pause shifts the business time, and the log of that is what makes the rows.
TEST_P(DaemonFaults, F24KilledAndShifted)
{
    plan_.ticks = 1'000'000;
    // Business time is shifted behind what an earlier daemon may have sent; a small window gets there soon.
    plan_.more.insert(plan_.more.end(), {"--window", "64"});
    const std::vector<std::string> flags{"--max-lag", "300ms"};
    {
        // A run is behind only once it was known to be live: the first mark says so.
        auto daemon = start();
        ASSERT_TRUE(eventually([&] { return number("SELECT count(*) FROM bazaard.run WHERE live") == 1; }));
        daemon.send(SIGKILL);
    }
    kill_at_random(flags);
    const auto done = run_bazaard("run", database_, {"--max-lag", "300ms", "--max-iter", std::to_string(plan_.ticks)});
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_GE(number("SELECT count(*) FROM bazaard.control WHERE kind = 'shift'"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM demo.orders WHERE greatest(created_at, updated_at) > now()"), 0);
    expect_as_its_card(database_, plan_.ticks);
    // Negative control: without the log the plan is another.
    EXPECT_NE(compare(plan_, database_).undisturbed, compare_with_card(database_, plan_.ticks).undisturbed);
}

// F21
TEST_P(DaemonFaults, F21StoppedByASignal)
{
    plan_.ticks = 1'000'000;
    const int stops = long_form() ? 200 : 10;
    double longest = 0;
    for (int i = 0; i < stops; ++i)
    {
        const bool begun = number("SELECT count(*) FROM bazaard.run") == 1;
        auto daemon = begun ? start_bazaard("run", database_, {"--max-lag", "1h"}) : start();
        // Some of them while they open the run.
        std::this_thread::sleep_for(i % 2 == 0 ? some_time(40, 200) : some_time(200, 700));
        const auto begin = clock::now();
        daemon.send(draw(2) == 0 ? SIGTERM : SIGINT);
        const auto done = daemon.wait();
        longest = std::max(longest, since(begin));
        EXPECT_EQ(done.status, 0) << "stop " << i << ": " << done.err;
        if (number("SELECT count(*) FROM bazaard.run") == 1)
        {
            EXPECT_EQ(ask("SELECT clean FROM bazaard.run"), "t") << "stop " << i << ": " << done.err;
        }
    }
    measured("stop_s", longest);
    // On a slow machine none of them may have come as far as its run.
    const bool begun = number("SELECT count(*) FROM bazaard.run") == 1;
    plan_.ticks = number("SELECT count(*) FROM demo.orders") + 200;
    expect_clean_end(plan_, database_, (begun ? start_again() : start()).wait(to_the_end));
}

// F21: the second signal ends it at once, in the middle of what the first one waits for.
TEST_P(DaemonFaults, F21SecondSignal)
{
    run_for(3);
    auto daemon = start();
    ASSERT_TRUE(wait_for(100 + static_cast<std::int64_t>(draw(100))));
    auto link = server_->superuser(*database_.name);
    link.exec("BEGIN; LOCK TABLE demo.orders IN SHARE MODE");
    ASSERT_TRUE(eventually([&] { return !server_->backends("wait_event_type = 'Lock'").empty(); }));
    daemon.send(SIGINT);
    std::this_thread::sleep_for(300ms);
    const auto begin = clock::now();
    daemon.send(SIGINT);
    const auto done = daemon.wait();
    EXPECT_EQ(done.status, 128 + SIGINT) << done.err;
    EXPECT_LE(since(begin), 1.0);
    EXPECT_TRUE(holds(done.err, "a second signal stops at once")) << done.err;
    EXPECT_EQ(ask("SELECT clean FROM bazaard.run"), "f");
    link.exec("ROLLBACK");
    expect_done(start_again().wait(to_the_end));
}

// F22: a configuration file that changes, breaks, and asks for what cannot be; a look at the status; more lines.
TEST_P(DaemonFaults, F22ReloadedUnderLoad)
{
    run_for(7);
    const auto seed_line = "seed = " + std::to_string(plan_.seed) + "\n";
    const temporary_file file(seed_line + "avg-qps = 150\nuser-create-prob = 0.05\nlog-level = info\n");
    const temporary_file log("");
    const auto said = [&](const std::string& text)
    { return eventually([&] { return holds(contents(log.path()), text); }); };
    const auto entries = [&]
    { return ask("SELECT coalesce(string_agg(field || '@', '' ORDER BY field, sequence), '') FROM bazaard.control"); };
    process daemon(in_shell("log=$1; shift; exec \"$@\" 2>\"$log\"",
                            [&]
                            {
                                auto words = run_words(database_,
                                                       {"--config", file.path(), "--start-time", plan_.start,
                                                        "--max-iter", std::to_string(plan_.ticks), "--max-lag", "1h",
                                                        "--lifecycle", "complete", "--lifecycle-scale", "0.05"});
                                words.insert(words.begin(), log.path());
                                return words;
                            }()));
    ASSERT_TRUE(wait_for(150));
    EXPECT_EQ(entries(), "");

    daemon.send(SIGUSR1);
    EXPECT_TRUE(said("\"event\":\"status\""));
    EXPECT_FALSE(holds(contents(log.path()), "\"level\":\"debug\""));

    write_file(file.path(), seed_line + "avg-qps = 300\nuser-create-prob = 0.3\nlog-level = debug\n");
    daemon.send(SIGHUP);
    EXPECT_TRUE(said("the configuration was read again"));
    EXPECT_TRUE(eventually([&] { return entries() == "avg-qps@user-create-prob@"; })) << entries();

    write_file(file.path(), seed_line + "avg-qps = many\nno-such-flag = 1\n");
    daemon.send(SIGHUP);
    EXPECT_TRUE(said("the configuration stays as it was"));
    EXPECT_TRUE(holds(contents(log.path()), "no-such-flag")) << contents(log.path());
    expect_progress(*server_, database_);

    write_file(file.path(), "seed = 987654321\navg-qps = 200\nuser-create-prob = 0.3\n");
    daemon.send(SIGHUP);
    EXPECT_TRUE(said("987654321")) << contents(log.path());
    EXPECT_TRUE(holds(contents(log.path()), "that cannot change"));
    EXPECT_TRUE(eventually([&] { return entries() == "avg-qps@avg-qps@user-create-prob@"; })) << entries();
    EXPECT_EQ(ask("SELECT seed FROM bazaard.run"), std::to_string(plan_.seed));

    for (int i = 0; i < 20; ++i)
    {
        daemon.send(i % 2 == 0 ? SIGUSR1 : SIGUSR2);
        std::this_thread::sleep_for(10ms);
    }
    expect_progress(*server_, database_);
    const auto done = daemon.wait(to_the_end);
    EXPECT_EQ(done.status, 0) << contents(log.path());
    EXPECT_EQ(entries(), "avg-qps@avg-qps@user-create-prob@");
    expect_as_its_card(database_, plan_.ticks);
}

// F23: whoever reads what the daemon says is gone.
TEST_P(DaemonFaults, F23NobodyReads)
{
    run_for(1);
    for (const bool echo : {true, false})
    {
        if (!echo)
            prepare();
        const temporary_file status("");
        auto words = run_words(database_, plan_.disturbed());
        words.insert(words.end(), {"--log-level", "debug", "--progress", "on"});
        if (echo)
            words.emplace_back("--echo");
        words.insert(words.begin(), status.path());
        const std::string script = echo ? "s=$1; shift; { \"$@\" 2>/dev/null; echo $? >\"$s\"; } | head -1"
                                        : "s=$1; shift; { \"$@\" 2>&1 >/dev/null; echo $? >\"$s\"; } | head -1";
        const auto seen = process(in_shell(script, words)).wait(to_the_end);
        EXPECT_NE(seen.out, "");
        // stdout is the product: that it cannot be written is said by the exit code. The log is not worth a run.
        EXPECT_EQ(contents(status.path()), echo ? "141\n" : "0\n");
        if (echo)
        {
            expect_done(start_again().wait(to_the_end));
        }
        else
        {
            expect_exactly_once(plan_, database_);
        }
    }
}

// F26
TEST_P(DaemonFaults, F26NoRoomForTheLog)
{
    run_for(1);
    const auto done = process(in_shell("exec \"$@\" 2>/dev/full", run_words(database_, plan_.disturbed())))
                          .wait(to_the_end);
    EXPECT_EQ(done.err, "");
    expect_clean_end(plan_, database_, done);

    // The summary: the run is complete, and the exit code says what is missing.
    prepare();
    const auto mute = process(in_shell("exec \"$@\" >/dev/full", run_words(database_, plan_.disturbed())))
                          .wait(to_the_end);
    EXPECT_EQ(mute.status, 74) << mute.err;
    EXPECT_TRUE(holds(mute.err, "stdout: ")) << mute.err;
    EXPECT_EQ(ask("SELECT clean FROM bazaard.run"), "t");
    expect_exactly_once(plan_, database_);
}

// F25: too few descriptors, too little memory: told, with a code of the table, or enough after all; nothing torn.
TEST_P(DaemonFaults, F25Limits)
{
    plan_.ticks = 0;
    const auto limited = [&](const std::string& limit)
    {
        plan_.ticks += 40;  // So that each one has something to do.
        auto words = run_words(database_, {"--seed", std::to_string(plan_.seed), "--start-time", plan_.start,
                                           "--avg-qps", "150", "--max-iter", std::to_string(plan_.ticks), "--max-lag",
                                           "1h", "--wait-for-db", "2s", "--max-outage", "2s"});
        words.insert(words.end(), plan_.more.begin(), plan_.more.end());
        words.insert(words.begin(), {"/usr/bin/prlimit", limit});
        return process(std::move(words)).wait(12s);
    };
    const auto told = [&](const std::string& limit)
    {
        const auto done = limited(limit);
        std::printf("%s: %d\n", limit.c_str(), done.status);
        const bool refused = done.status == 69 || done.status == 71 || done.status == 75;
        EXPECT_TRUE(done.status == 0 || refused) << limit << ": " << done.status << '\n' << done.err;
        EXPECT_TRUE(!refused || holds(done.err, "bazaard: ")) << limit << ": " << done.err;
        auto link = server_->superuser(*database_.name);
        EXPECT_EQ(broken_invariants(link), "") << limit;
        return done.status;
    };
    EXPECT_NE(told("--nofile=8"), 0);
    for (const char* limit : {"--nofile=10", "--nofile=14"})
        (void)told(limit);
    EXPECT_EQ(told("--as=" + std::to_string(60 << 20)), 71);
    for (int megabytes = 100; megabytes <= 160; megabytes += 12)
        (void)told("--as=" + std::to_string(megabytes << 20));
    expect_done(limited("--nofile=32"));
}

// F20: frozen for a while, as a sleeping machine is: what was missed is left out, and not made up for in a burst.
TEST_P(DaemonFaults, F20FrozenForSeconds)
{
    run_for(5);
    auto words = plan_.disturbed();
    words.back() = "1s";
    auto daemon = start_bazaard("run", database_, words);
    ASSERT_TRUE(wait_for(150 + static_cast<std::int64_t>(draw(150))));
    daemon.send(SIGSTOP);
    std::this_thread::sleep_for(3s);
    daemon.send(SIGCONT);
    const auto done = daemon.wait(to_the_end);
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(number("SELECT count(*) FROM demo.orders WHERE greatest(created_at, updated_at) > now()"), 0);
    EXPECT_EQ(ask("SELECT string_agg(kind || ' ' || round(value / 1e6), ',') FROM bazaard.control"), "shift 3")
        << done.err;
    // Seconds of business time, and orders in them; as written, and as the clock of the server saw them.
    EXPECT_LE(number("SELECT max(n) FROM (SELECT count(*) AS n FROM demo.orders GROUP BY date_trunc('second', "
                     "created_at)) AS s"),
              3 * 150);
    EXPECT_GE(number("SELECT max(gap)::bigint FROM (SELECT extract(epoch FROM created_at - lag(created_at) OVER (ORDER "
                     "BY created_at)) AS gap FROM demo.orders) AS g"),
              2)
        << "the pause is seen";
    expect_as_its_card(database_, plan_.ticks);
}

// F31: frozen for longer than its lease lasts, while another one is started.
TEST_P(DaemonFaults, F31FrozenAndReplaced)
{
    run_for(14.5);
    auto first = start();
    ASSERT_TRUE(wait_for(150 + static_cast<std::int64_t>(draw(150))));
    first.send(SIGSTOP);
    EXPECT_FALSE(server_->backends("application_name LIKE 'bazaard/%'").empty()) << "its sessions are there";
    const auto before = epoch();
    const auto begin = clock::now();
    auto second = start_again();
    ASSERT_TRUE(eventually([&] { return epoch() > before; }, 30s));
    const auto waited = since(begin);
    measured("take_over_s", waited);
    EXPECT_GE(waited, 8.0);
    EXPECT_LE(waited, 15.0);
    first.send(SIGCONT);
    const auto gone = first.wait();
    EXPECT_EQ(gone.status, 75) << gone.err;
    EXPECT_TRUE(holds(gone.err, "bazaard: ")) << gone.err;
    EXPECT_TRUE(holds(gone.err, "process " + std::to_string(second.id()) + " on"))
        << "it names the new holder: " << gone.err;
    EXPECT_EQ(epoch(), before + 1) << "it does not take the run back";
    expect_clean_end(plan_, database_, second.wait(to_the_end));
}

// F31: the fence, and its negative control: without it, the woken daemon writes under an epoch that is gone.
TEST_P(DaemonFaults, F31FenceHolds)
{
    for (const bool fence : {true, false})
    {
        if (!fence)
            prepare();
        plan_.ticks = 1'000'000;
        auto daemon = start();
        ASSERT_TRUE(wait_for(100));
        auto link = server_->superuser(*database_.name);
        if (!fence)
        {
            const auto functions = number("SELECT count(*) FROM pg_proc WHERE pronamespace = 'bazaard'::regnamespace");
            ASSERT_EQ(rewrite_functions(link, "", R"(IF NOT EXISTS \(SELECT FROM bazaard\.lease.*?END IF;)", ""),
                      functions);
        }
        daemon.send(SIGSTOP);
        // As one does that takes over.
        link.exec("BEGIN");
        link.exec("SELECT pg_advisory_xact_lock(" + std::to_string(postgres::lease_lock_key("demo")) +
                  ", tag) FROM "
                  "bazaard.lease");
        link.exec("UPDATE bazaard.lease SET epoch = epoch + 1, holder = 'the test', session_name = 'the test'");
        link.exec("COMMIT");
        const auto orders = number("SELECT count(*) FROM demo.orders");
        daemon.send(SIGCONT);
        const auto done = daemon.wait();
        EXPECT_EQ(done.status, 75) << done.err;
        const auto more = number("SELECT count(*) FROM demo.orders") - orders;
        if (fence)
        {
            EXPECT_EQ(more, 0) << "units of a daemon that was replaced";
            EXPECT_TRUE(holds(done.err, "the test")) << "it names the new holder: " << done.err;
        }
        else
        {
            EXPECT_GE(more, 1);
            // A daemon does not start with functions that are altered; it makes those that are not there.
            link.exec("DO $$ DECLARE f regprocedure; BEGIN FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = "
                      "'bazaard'::regnamespace LOOP EXECUTE 'DROP FUNCTION ' || f; END LOOP; END $$");
        }
        link.exec("UPDATE bazaard.lease SET holder = '', session_name = ''");
        plan_.ticks = number("SELECT count(*) FROM demo.orders") + 200;
        expect_done(start_again().wait(to_the_end));
    }
}

// F31: ten at once, of one run. Nothing is there yet, not even the schema.
TEST_P(DaemonFaults, F31TenOfOneRun)
{
    // Longer than it takes the slowest of them to see that it is too late.
    plan_.ticks = 1'000'000;
    drop_tap();
    database_ = server_->fresh_database();
    plan_.start = chaos_plan::now();
    std::list<process> daemons;
    for (int i = 0; i < 10; ++i)
        daemons.emplace_back(run_words(database_, plan_.disturbed()));
    ASSERT_TRUE(wait_for(300));
    const auto holder = ask("SELECT holder FROM bazaard.lease");
    process* winner = nullptr;
    int gone = 0;
    for (auto& daemon : daemons)
    {
        if (holder.starts_with("process " + std::to_string(daemon.id()) + " on "))
        {
            winner = &daemon;
            continue;
        }
        const auto done = daemon.wait(to_the_end);
        EXPECT_EQ(done.status, 75) << done.err;
        EXPECT_TRUE(holds(done.err, "belongs to " + holder)) << done.err;
        ++gone;
    }
    EXPECT_EQ(gone, 9);
    ASSERT_NE(winner, nullptr);
    winner->send(SIGTERM);
    const auto done = winner->wait(to_the_end);
    EXPECT_EQ(done.status, 0) << done.err;
    plan_.ticks = number("SELECT count(*) FROM demo.orders") + 200;
    expect_clean_end(plan_, database_, start_again().wait(to_the_end));
}

// F31: ten at once, each with a run of its own, in one schema that is not there yet.
TEST_P(DaemonFaults, F31TenRunsInOneSchema)
{
    drop_tap();
    database_ = server_->fresh_database();
    plan_.start = chaos_plan::now();
    plan_.qps = 20;
    run_for(5);
    plan_.more.insert(plan_.more.end(), {"--init-num-users", "50"});
    const auto calm = postgres_cluster::get().fresh_database();
    std::list<process> daemons;
    std::vector<chaos_plan> plans;
    for (int i = 0; i < 10; ++i)
    {
        auto one = plan_;
        one.run = "run-" + std::to_string(i);
        one.seed = seed() + static_cast<std::uint64_t>(i);
        daemons.emplace_back(run_words(database_, one.disturbed()));
        plans.push_back(one);
    }
    for (auto& daemon : daemons)
    {
        const auto done = daemon.wait(to_the_end);
        EXPECT_EQ(done.status, 0) << done.err;
    }
    // The same ten, one after the other.
    for (const auto& one : plans)
        EXPECT_EQ(run_bazaard("run", calm, one.undisturbed()).status, 0);
    sql_client here(database_);
    sql_client there(calm);
    EXPECT_EQ(table_digests(here), table_digests(there));
    EXPECT_EQ(broken_invariants(here), "");
    EXPECT_EQ(number("SELECT count(*) FROM bazaard.control"), 0);
    // Negative control: the runs differ.
    here.exec("DELETE FROM demo.events WHERE id = (SELECT id FROM demo.events LIMIT 1)");
    EXPECT_NE(table_digests(here), table_digests(there));
}

// F21: what a service manager hears.
TEST_P(DaemonFaults, F21ServiceManager)
{
    run_for(60);
    const notify_socket manager;
    process daemon(run_words(database_, plan_.disturbed()),
                   {{"NOTIFY_SOCKET", manager.name()}, {"WATCHDOG_USEC", "1000000"}});
    bool ready = false;
    int dogs = 0;
    double longest = 0;
    auto last = clock::now();
    const auto listen = [&](const std::string& text)
    {
        if (holds(text, "WATCHDOG=1"))
        {
            if (dogs++ > 0)
                longest = std::max(longest, since(last));
            last = clock::now();
        }
        ready = ready || holds(text, "READY=1");
    };
    const auto begin = clock::now();
    while (!ready && since(begin) < 20)
        listen(manager.next(1s));
    EXPECT_TRUE(ready);
    EXPECT_GE(number("SELECT count(*) FROM bazaard.run"), 1) << "ready is ready";
    const int before = dogs;
    const auto from = clock::now();
    while (since(from) < 3)
        listen(manager.next(100ms));
    EXPECT_GE(dogs - before, 3);
    measured("watchdog_gap_s", longest);
    EXPECT_LE(longest, 1.0);

    daemon.send(SIGHUP);
    std::string heard;
    EXPECT_TRUE(eventually(
        [&]
        {
            heard += manager.next(100ms) + '\n';
            return holds(heard, "RELOADING=1") && holds(heard.substr(heard.find("RELOADING=1")), "READY=1");
        }))
        << heard;
    daemon.send(SIGTERM);
    heard.clear();
    EXPECT_TRUE(eventually(
        [&]
        {
            heard += manager.next(100ms) + '\n';
            return holds(heard, "STOPPING=1");
        }))
        << heard;
    EXPECT_EQ(daemon.wait().status, 0);
    plan_.ticks = number("SELECT count(*) FROM demo.orders") + 100;
    expect_clean_end(plan_, database_, start_again().wait(to_the_end));
}

INSTANTIATE_TEST_SUITE_P(Seed, DaemonFaults, testing::ValuesIn(chaos_seeds()), testing::PrintToStringParamName());

}  // namespace
}  // namespace bazaar::test
