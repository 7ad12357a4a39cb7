// Faults after which the server is another one, an older one, or one that lets the daemon in no longer: whatever was
// lost is written again, whatever was not is recognised, and the daemon goes on by itself.

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>

#include <pwd.h>

#include "chaos/live_faults.hpp"
#include "support/places.hpp"

namespace bazaar::test
{
namespace
{

namespace fs = std::filesystem;
using stop_mode = postgres_server::stop_mode;

/// The same database on either of two servers, whichever can be written to, in one text.
postgres::connection_flags on_either(const postgres_server& one, const postgres_server& other,
                                     const postgres::connection_flags& database)
{
    postgres::connection_flags made;
    made.url = "host=127.0.0.1,127.0.0.1 port=" + std::to_string(one.port()) + "," + std::to_string(other.port()) +
               " user=" + *database.user + " dbname=" + *database.name + " password=" + *database.password;
    return made;
}

void end_sessions(const postgres_server& server)
{
    server.superuser().exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE "
                            "'bazaard%'");
}

class FailoverFaults : public live_faults
{
};

// ---- Commits that were acknowledged are not there any more

// F15: what the primary said to the daemon it did not say to the standby.
TEST_P(FailoverFaults, F15AStandbyWithoutTheLastCommitsIsPromoted)
{
    postgres_server primary;
    const auto database = primary.fresh_database();
    const auto standby = primary.make_standby();
    const temporary_file settings("user-update-prob = 0.1\n");
    auto plan = plan_for(6);
    plan.more.insert(plan.more.end(), {"--config", settings.path()});
    auto either = database;
    either.host = "127.0.0.1,127.0.0.1";
    either.port = std::to_string(primary.port()) + "," + std::to_string(standby->port());
    auto daemon = start_bazaard("run", either, plan.disturbed());
    const auto set_to = [&](const char* value, int entries)
    {
        rewrite(settings.path(), std::string("user-update-prob = ") + value + "\n");
        daemon.send(SIGHUP);
        return eventually([&] { return number(primary, database, "SELECT count(*) FROM bazaard.control") == entries; });
    };
    ASSERT_TRUE(wait_for_orders(primary, database, 100 + static_cast<std::int64_t>(draw(50))));
    ASSERT_TRUE(set_to("0.3", 1));
    ASSERT_TRUE(wait_for_orders(primary, database, 200));
    standby->wait_for_catch_up();
    standby->pause_receiving();
    const auto known = orders_in(*standby, database);
    ASSERT_TRUE(set_to("0.5", 2));
    ASSERT_TRUE(wait_for_orders(primary, database, known + 150 + static_cast<std::int64_t>(draw(50))));
    const auto acknowledged = orders_in(primary, database);
    primary.kill_hard();
    // Negative control: there is something to write again.
    EXPECT_EQ(orders_in(*standby, database), known);
    EXPECT_GE(acknowledged - known, 150);
    EXPECT_EQ(number(*standby, database, "SELECT count(*) FROM bazaard.control"), 1);
    standby->promote();
    expect_progress(*standby, database);
    const auto done = daemon.wait(to_the_end);
    EXPECT_EQ(done.status, 0);
    EXPECT_GE(told(done, "timeline 00000002"), 1);
    EXPECT_GE(told(done, "the run is opened again"), 1);
    EXPECT_EQ(number(*standby, database, "SELECT count(*) FROM bazaard.run WHERE clean"), 1);
    // The plan as it was steered: what was set before the failover still holds after it, and what the file says now.
    const auto set = "SELECT string_agg(value::text, ' ' ORDER BY sequence) FROM bazaard.control";
    EXPECT_EQ(ask(*standby, set, *database.name), "300000000 500000000");
    auto there = standby->flags(*database.name);
    expect_same_as_card(plan, there);
    auto link = standby->superuser(*database.name);
    EXPECT_EQ(broken_invariants(link), "");
    show(done);
}

// F14: nobody may write for a while.
TEST_P(FailoverFaults, F14ReadOnlyForAWhile)
{
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto plan = plan_for(5);
    auto daemon = start_bazaard("run", database, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, 150 + static_cast<std::int64_t>(draw(100))));
    server.set("default_transaction_read_only", "on");
    server.reload();
    ASSERT_TRUE(eventually([&] { return server.logged("in a read-only transaction") > 0; }));
    ASSERT_TRUE(eventually([&] { return server.backends().empty(); })) << "it looks for one that can be written to";
    const auto before = orders_in(server, database);
    std::this_thread::sleep_for(1s);
    EXPECT_EQ(orders_in(server, database), before);
    server.set("default_transaction_read_only", "off");
    server.reload();
    expect_progress(server, database);
    const auto done = daemon.wait(to_the_end);
    EXPECT_GE(told(done, "read-only"), 1);
    expect_clean_end(plan, database, done);
}

// F14: an orderly demotion, of which nothing is lost.
TEST_P(FailoverFaults, F14ThePrimaryBecomesReadOnlyAndTheStandbyTakesOver)
{
    postgres_server primary;
    const auto database = primary.fresh_database();
    const auto standby = primary.make_standby();
    const auto plan = plan_for(5);
    auto daemon = start_bazaard("run", on_either(primary, *standby, database), plan.disturbed());
    ASSERT_TRUE(wait_for_orders(primary, database, 150 + static_cast<std::int64_t>(draw(100))));
    daemon.send(SIGHUP);
    primary.set("default_transaction_read_only", "on");
    primary.reload();
    ASSERT_TRUE(eventually([&] { return primary.backends().empty(); }));
    standby->wait_for_catch_up();
    const auto before = orders_in(primary, database);
    standby->promote();
    expect_progress(*standby, database);
    const auto done = daemon.wait(to_the_end);
    EXPECT_EQ(orders_in(primary, database), before) << "the old one is left alone, though it answers";
    EXPECT_EQ(told(done, "the configuration was read again"), 1) << "whatever form the address had";
    EXPECT_GE(told(done, "timeline 00000002"), 1);
    expect_clean_end(plan, standby->flags(*database.name), done);
}

// F15: commits do not wait for the disk, and the whole machine dies.
TEST_P(FailoverFaults, F15AsynchronousCommitsAreForgottenInACrash)
{
    postgres_server::options how;
    // Nobody but its writer has a reason to bring the log to the disk.
    how.settings = {{"wal_writer_delay", "10s"},
                    {"wal_buffers", "64MB"},
                    {"shared_buffers", "128MB"},
                    {"bgwriter_lru_maxpages", "0"},
                    {"autovacuum", "off"}};
    postgres_server server(how);
    const auto database = server.fresh_database();
    prepare_shop(database);
    server.superuser().exec("ALTER DATABASE " + *database.name + " SET synchronous_commit = off");
    const auto plan = plan_for(5);
    auto daemon = start_bazaard("run", database, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, 100 + static_cast<std::int64_t>(draw(50))));
    server.superuser().exec("CHECKPOINT");
    const auto kept = orders_in(server, database);
    // What it has passed to the kernel would survive a kill. So it is held, as a slow disk would hold it.
    server.pause_backends(
        {std::stoi(ask(server, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'"))});
    ASSERT_TRUE(wait_for_orders(server, database, kept + 100 + static_cast<std::int64_t>(draw(50))));
    std::int64_t acknowledged = 0, left = 0;
    {
        const frozen meanwhile(daemon);
        acknowledged = orders_in(server, database);
        server.kill_hard();
        server.start();
        left = orders_in(server, database);
    }
    EXPECT_LE(left + 50, acknowledged) << "negative control: commits were lost";
    measured("lost orders", static_cast<double>(acknowledged - left));
    expect_progress(server, database);
    const auto done = daemon.wait(to_the_end);
    EXPECT_GE(told(done, "may have forgotten commits"), 1);
    EXPECT_GE(told(done, "the run is opened again"), 1);
    server.superuser().exec("CHECKPOINT");  // The stream ends where the log is on disk.
    expect_clean_end(plan, database, done);
}

/// A server of which a cold copy is kept, to be put back.
class copied_server
{
public:
    postgres_server server;

    void copy()
    {
        stop();
        fs::copy(data(), kept(), fs::copy_options::recursive | fs::copy_options::copy_symlinks);
        server.start();
    }

    /// Of one moment, while it works, as a snapshot of the disk has it.
    void snapshot() const
    {
        const auto all = server.processes();
        for (const pid_t one : all)
            kill(one, SIGSTOP);
        fs::copy(data(), kept(), fs::copy_options::recursive | fs::copy_options::copy_symlinks);
        fs::remove(kept() + "/postmaster.pid");
        for (const pid_t one : all)
            kill(one, SIGCONT);
    }

    void put_back()
    {
        stop();
        fs::remove_all(data());
        fs::copy(kept(), data(), fs::copy_options::recursive | fs::copy_options::copy_symlinks);
        own(data());
        server.start();
    }

private:
    [[nodiscard]] std::string data() const { return server.directory() + "/data"; }
    [[nodiscard]] std::string kept() const { return server.directory() + "/kept"; }

    void stop()
    {
        if (!server.stop(stop_mode::fast))
            throw std::runtime_error("the server does not stop");
    }

    /// To whom the directory above belongs.
    void own(const std::string& path) const
    {
        struct stat owner = {};
        if (stat(server.directory().c_str(), &owner) != 0)
            throw std::runtime_error("stat");
        const auto give = [&](const fs::path& to)
        {
            if (lchown(to.c_str(), owner.st_uid, owner.st_gid) != 0)
                throw std::runtime_error("chown");
        };
        give(path);
        for (const auto& entry : fs::recursive_directory_iterator(path))
            give(entry.path());
        fs::permissions(path, fs::perms::owner_all);
    }
};

// F15: an older copy of the data, under the eyes of the daemon.
TEST_P(FailoverFaults, F15AnOlderCopyIsPutBackUnderTheDaemon)
{
    copied_server copied;
    auto& server = copied.server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto plan = plan_for(7);
    auto daemon = start_bazaard("run", database, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, 100 + static_cast<std::int64_t>(draw(50))));
    copied.copy();
    const auto kept = orders_in(server, database);
    ASSERT_TRUE(wait_for_orders(server, database, kept + 200));
    std::int64_t acknowledged = 0, left = 0;
    {
        const frozen meanwhile(daemon);
        acknowledged = orders_in(server, database);
        copied.put_back();
        left = orders_in(server, database);
    }
    EXPECT_GE(acknowledged, left + 100) << "negative control: commits were lost";
    EXPECT_LE(left, kept);
    expect_progress(server, database);
    const auto done = daemon.wait(to_the_end);
    EXPECT_GE(told(done, "the run is opened again"), 2) << "after the stop for the copy, and after this";
    expect_clean_end(plan, database, done);
}

// F15: the disk forgets what it had promised to keep, a moment only: less than the time between two marks.
TEST_P(FailoverFaults, F15TheDiskForgetsAMoment)
{
    copied_server copied;
    auto& server = copied.server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto plan = plan_for(8);
    auto daemon = start_bazaard("run", database, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, 150 + static_cast<std::int64_t>(draw(50))));
    const auto mark = [&] { return ask(server, "SELECT renewed_at FROM bazaard.run", *database.name); };
    const auto before = mark();
    ASSERT_TRUE(eventually([&] { return mark() != before; }));
    // No mark from here on, however slow the machine: the keeper waits for this row.
    auto holder = server.superuser(*database.name);
    holder.exec("BEGIN");
    holder.exec("SELECT FROM bazaard.run FOR UPDATE");
    const auto marked = mark();
    ASSERT_TRUE(wait_for_orders(server, database, orders_in(server, database) + 5));
    copied.snapshot();
    ASSERT_TRUE(wait_for_orders(server, database, orders_in(server, database) + 25));
    std::int64_t acknowledged = 0, left = 0;
    {
        const frozen meanwhile(daemon);
        acknowledged = orders_in(server, database);
        EXPECT_EQ(mark(), marked) << "no mark tells of it";
        server.kill_hard();
        copied.put_back();
        left = orders_in(server, database);
    }
    EXPECT_GE(acknowledged, left + 20) << "negative control: commits were lost";
    measured("lost orders", static_cast<double>(acknowledged - left));
    expect_progress(server, database);
    expect_clean_end(plan, database, daemon.wait(to_the_end));
}

// F15: the same between two lives of the daemon, the first of which ended well.
TEST_P(FailoverFaults, F15AnOlderCopyIsPutBackBetweenTwoRuns)
{
    if (!long_form())
        GTEST_SKIP() << "another test has this fault in the short form";
    copied_server copied;
    auto& server = copied.server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto plan = plan_for(5);
    std::int64_t acknowledged = 0;
    {
        auto daemon = start_bazaard("run", database, plan.disturbed());
        ASSERT_TRUE(wait_for_orders(server, database, 100 + static_cast<std::int64_t>(draw(50))));
        copied.copy();
        ASSERT_TRUE(wait_for_orders(server, database, orders_in(server, database) + 150));
        daemon.send(SIGTERM);
        const auto done = daemon.wait();
        EXPECT_EQ(done.status, 0) << done.err;
        acknowledged = orders_in(server, database);
    }
    copied.put_back();
    EXPECT_GE(acknowledged, orders_in(server, database) + 100) << "negative control: commits were lost";
    EXPECT_EQ(number(server, database, "SELECT count(*) FROM bazaard.run WHERE NOT clean"), 1);
    const auto done = start_bazaard("run", database, plan.disturbed()).wait(to_the_end);
    EXPECT_GE(told(done, "it was not stopped cleanly"), 1);
    expect_exactly_once(plan, database);
    EXPECT_EQ(done.status, 0);
    show(done);
}

// ---- Who may come in

// F35: the password is changed on the server first, then in the file; then the role may not log in for a while.
TEST_P(FailoverFaults, F35ThePasswordChangesAndTheRoleIsLocked)
{
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    auto clerk = clerk_of(server, database);
    const temporary_file secret("first\n");
    clerk.password.reset();
    clerk.password_file = secret.path();
    const auto plan = plan_for(long_form() ? 12 : 7);
    auto daemon = start_bazaard("run", clerk, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, 100 + static_cast<std::int64_t>(draw(100))));
    server.superuser().exec("ALTER ROLE clerk PASSWORD 'second'");
    expect_progress(server, database);
    end_sessions(server);
    std::this_thread::sleep_for(long_form() ? 5s : 2s);
    EXPECT_GE(server.logged("password authentication failed for user \"clerk\""), 1);
    rewrite(secret.path(), "second\n");
    expect_progress(server, database);
    server.superuser().exec("ALTER ROLE clerk NOLOGIN");
    end_sessions(server);
    std::this_thread::sleep_for(long_form() ? 3s : 1s);
    EXPECT_GE(server.logged("role \"clerk\" is not permitted to log in"), 1);
    server.superuser().exec("ALTER ROLE clerk LOGIN");
    expect_progress(server, database);
    const auto done = daemon.wait(to_the_end);
    EXPECT_GE(told(done, "PostgreSQL is back after") + told(done, "connected again: "), 2);
    expect_clean_end(plan, database, done);
}

// F35: nobody changes the file.
TEST_P(FailoverFaults, F35ThePasswordIsWrongForGood)
{
    if (!long_form())
        GTEST_SKIP() << "the grace lasts a minute: long form only";
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto clerk = clerk_of(server, database);
    const auto plan = plan_for(600);
    auto daemon = start_bazaard("run", clerk, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, 100));
    server.superuser().exec("ALTER ROLE clerk PASSWORD 'second'");
    const auto begin = std::chrono::steady_clock::now();
    end_sessions(server);
    const auto done = daemon.wait(to_the_end);
    EXPECT_EQ(done.status, 77) << done.err;
    const auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_GE(took, 55s);
    EXPECT_LE(took, 75s);
    EXPECT_EQ(told(done, "bazaard: "), 1) << done.err;
}

/// A daemon whose way to the server is a service file.
process start_by_service(const std::string& file, const chaos_plan& plan)
{
    std::vector<std::string> words{test::program_path(), "run"};
    for (auto& word : plan.disturbed())
        words.push_back(std::move(word));
    return process(std::move(words), {{"PGSERVICEFILE", file}, {"PGSERVICE", "shop"}});
}

// F35: the server moves, and a file says where to.
TEST_P(FailoverFaults, F35TheServerMovesAndTheServiceFileWithIt)
{
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto service = [&]
    {
        const auto now = server.flags(*database.name);
        return "[shop]\nhost=127.0.0.1\nport=" + *now.port + "\nuser=" + *now.user + "\ndbname=" + *now.name +
               "\npassword=" + *now.password + "\n";
    };
    const temporary_file file(service());
    const auto plan = plan_for(5);
    auto daemon = start_by_service(file.path(), plan);
    ASSERT_TRUE(wait_for_orders(server, database, 150 + static_cast<std::int64_t>(draw(100))));
    const int before = server.port();
    server.move_to_another_port();
    ASSERT_NE(server.port(), before);
    EXPECT_TRUE(server.backends("client_addr IS NOT NULL").empty()) << "negative control: the old place leads nowhere";
    rewrite(file.path(), service());
    expect_progress(server, database);
    expect_clean_end(plan, server.flags(*database.name), daemon.wait(to_the_end));
}

/// Sessions of somebody else, as many as the server lets in.
class crowd
{
public:
    explicit crowd(const postgres::connection_flags& as) : to_(postgres::resolve(as))
    {
        to_.set("application_name", "crowd");
    }

    /// False when there was no room for another one.
    bool one_more()
    {
        try
        {
            sessions_.push_back(std::make_unique<postgres::session>(to_));
            return true;
        }
        catch (const postgres::query_error&)
        {
            return false;
        }
    }

    void fill()
    {
        while (one_more())
        {
        }
    }

    void leave(std::size_t number) { sessions_.resize(sessions_.size() - std::min(number, sessions_.size())); }

private:
    postgres::connection_parameters to_;
    std::vector<std::unique_ptr<postgres::session>> sessions_;
};

// F11
TEST_P(FailoverFaults, F11OthersTakeAllSlots)
{
    postgres_server::options how;
    how.settings = {{"max_connections", "20"}, {"superuser_reserved_connections", "5"}};
    postgres_server server(how);
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto clerk = clerk_of(server, database);
    crowd others(clerk);
    others.fill();
    others.leave(2);
    const auto plan = plan_for(7);
    auto daemon = start_bazaard("run", clerk, plan.disturbed());
    expect_progress(server, database);
    ASSERT_TRUE(wait_for_orders(server, database, 100));
    EXPECT_LE(server.backends().size(), 2U) << "it makes do with what there is";
    others.leave(8);
    EXPECT_TRUE(eventually([&] { return server.backends().size() == 5; })) << "four workers and the keeper";
    {
        const frozen meanwhile(daemon);
        end_sessions(server);
        EXPECT_TRUE(eventually([&] { return server.backends().empty(); }));
        others.fill();
    }
    const auto refused = server.logged("remaining connection slots are reserved");
    EXPECT_TRUE(eventually([&] { return server.logged("remaining connection slots are reserved") > refused + 1; }));
    EXPECT_TRUE(server.backends().empty());
    others.leave(1);
    // Units and the run's own records share it.
    expect_progress(server, database);
    const auto mark = [&] { return ask(server, "SELECT renewed_at FROM bazaard.run", *database.name); };
    const auto before = mark();
    EXPECT_TRUE(eventually([&] { return mark() != before; }));
    expect_progress(server, database);
    others.leave(8);
    const auto done = daemon.wait(to_the_end);
    EXPECT_GE(told(done, "no further session, going on with"), 1);
    EXPECT_GE(told(done, "PostgreSQL is back after") + told(done, "connected again: "), 2);
    expect_clean_end(plan, database, done);
}

/// A PgBouncer in transaction mode that can be killed and started again in its place.
class pooler
{
public:
    explicit pooler(const postgres_server& to) : port_(free_port())
    {
        if (mkdtemp(directory_.data()) == nullptr)
            throw std::runtime_error("mkdtemp");
        const auto server = to.flags();
        std::ofstream(directory_ + "/ini")
            << "[databases]\n* = host=127.0.0.1 port=" << *server.port << " user=" << *server.user
            << " password=" << *server.password << "\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port=" << port_
            << "\nunix_socket_dir=\nauth_type=any\npool_mode=transaction\ndefault_pool_size=3\nserver_login_retry=1\n"
            << "logfile=" << directory_ << "/log\n";
        const passwd* nobody = getuid() == 0 ? getpwnam("nobody") : nullptr;
        if (nobody != nullptr && chown(directory_.c_str(), nobody->pw_uid, nobody->pw_gid) != 0)
            throw std::runtime_error("chown");
        start();
    }
    ~pooler()
    {
        kill_hard();
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
    }
    pooler(const pooler&) = delete;
    pooler& operator=(const pooler&) = delete;

    void start()
    {
        std::vector<std::string> words{"/usr/sbin/pgbouncer", "-q"};
        if (getuid() == 0)
            words.insert(words.end(), {"-u", "nobody"});
        words.push_back(directory_ + "/ini");
        process_.emplace(std::move(words));
    }

    void kill_hard() { process_.reset(); }

    [[nodiscard]] postgres::connection_flags before(const postgres::connection_flags& flags) const
    {
        auto through = flags;
        through.host = "127.0.0.1";
        through.port = std::to_string(port_);
        through.password = "any";
        return through;
    }

private:
    std::string directory_ = "/tmp/bazaard-test-pooler.XXXXXX";
    int port_;
    std::optional<process> process_;
};

// F36: the pooler dies, the server behind it dies, and then the daemon.
TEST_P(FailoverFaults, F36ThePoolerAndTheServerBehindItAndTheDaemonAreKilled)
{
    if (!pgbouncer::installed())
        GTEST_SKIP() << "the package pgbouncer is not installed";
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    pooler between(server);
    const auto plan = plan_for(7);
    std::optional<process> daemon;
    const auto begin = [&]
    {
        auto words = database_arguments(between.before(database));
        words.insert(words.begin(), {test::program_path(), "run"});
        for (auto& word : plan.disturbed())
            words.push_back(std::move(word));
        daemon.emplace(std::move(words));
    };
    begin();
    ASSERT_TRUE(wait_for_orders(server, database, 100 + static_cast<std::int64_t>(draw(50))));
    between.kill_hard();
    std::this_thread::sleep_for(300ms);
    between.start();
    expect_progress(server, database);
    ASSERT_TRUE(wait_for_orders(server, database, 250));
    server.kill_hard();
    server.start();
    expect_progress(server, database);
    EXPECT_TRUE(wait_for_orders(server, database, 350));
    daemon->send(SIGKILL);
    const auto killed = daemon->wait();
    EXPECT_EQ(killed.status, 128 + SIGKILL);
    show(killed);
    begin();
    expect_progress(server, database, 25s);
    const auto done = daemon->wait(to_the_end);
    EXPECT_GE(told(done, "it was not stopped cleanly"), 1);
    expect_exactly_once(plan, database);
    EXPECT_EQ(done.status, 0);
    show(done);
}

// F29: who listens to the change stream is none of the daemon's business. The tap is inactive all along.
TEST_P(FailoverFaults, F29ASlotIsDropped)
{
    postgres_server server;
    const auto database = server.fresh_database();
    prepare_shop(database);
    const auto plan = plan_for(3);
    server.superuser(*database.name).exec("SELECT pg_create_logical_replication_slot('other', 'test_decoding')");
    auto daemon = start_bazaard("run", database, plan.disturbed());
    ASSERT_TRUE(wait_for_orders(server, database, 100 + static_cast<std::int64_t>(draw(100))));
    auto link = server.superuser(*database.name);
    EXPECT_GT(std::stoll(one(link, "SELECT count(*) FROM pg_logical_slot_get_changes('other', NULL, NULL)")), 100);
    EXPECT_EQ(one(link, "SELECT string_agg(active::text, ' ') FROM pg_replication_slots"), "false false");
    link.exec("SELECT pg_drop_replication_slot('other')");
    expect_progress(server, database);
    const auto done = daemon.wait(to_the_end);
    EXPECT_EQ(told(done, R"("event":"server")"), 0);
    expect_clean_end(plan, database, done);
}

INSTANTIATE_TEST_SUITE_P(Seed, FailoverFaults, testing::ValuesIn(chaos_seeds()), testing::PrintToStringParamName());

}  // namespace
}  // namespace bazaar::test
