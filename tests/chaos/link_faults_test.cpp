// Faults of the link between a daemon at work and its server: whatever becomes of a request or of its answer, each unit
// is there once and whole, as if nothing had happened.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "support/chaos.hpp"
#include "support/daemon.hpp"
#include "support/postgres_server.hpp"
#include "support/query.hpp"
#include "support/tcp_gate.hpp"

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

/// A number of the summary: the one that stands before `words`; -1 when they are not there.
std::int64_t figure(const std::string& summary, const std::string& words)
{
    const auto end = summary.find(' ' + words);
    if (end == summary.npos)
        return -1;
    const auto begin = summary.find_last_of(" \n", end - 1);
    std::string digits = summary.substr(begin + 1, end - begin - 1);
    std::erase(digits, ',');
    return std::stoll(digits);
}

/// Stands in for a server that is away: accepts where nobody listens, hangs up at once, and counts. After so many
/// `times` it says nothing any more.
class hanging_up
{
public:
    explicit hanging_up(int port, int times = 1'000'000) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        const int on = 1;
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(static_cast<std::uint16_t>(port));
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
            setsockopt(socket_, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
            bind(socket_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 || listen(socket_, 100) != 0)
            throw std::runtime_error("no second socket on the port of the gate");
        thread_ = std::thread(
            [this, times]
            {
                for (int one = 0; accepted_ < times; ++accepted_)
                {
                    one = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
                    if (one < 0)
                        return;
                    close(one);
                }
            });
    }

    ~hanging_up() { leave(); }
    hanging_up(const hanging_up&) = delete;
    hanging_up& operator=(const hanging_up&) = delete;

    void leave()
    {
        if (!thread_.joinable())
            return;
        shutdown(socket_, SHUT_RDWR);
        thread_.join();
        close(socket_);
    }

    [[nodiscard]] int accepted() const { return accepted_; }

private:
    int socket_;
    std::atomic<int> accepted_{0};
    std::thread thread_;
};

class LinkFaults : public chaos_test
{
protected:
    static void SetUpTestSuite()
    {
        postgres_server::options how;
        how.fsync = false;  // The server itself stays well.
        server_ = std::make_unique<postgres_server>(how);
    }
    static void TearDownTestSuite() { server_.reset(); }

    void SetUp() override
    {
        database_ = server_->fresh_database();
        prepare_shop(database_);
        gate_.emplace("127.0.0.1", server_->port(), seed());
        through_ = database_;
        through_.host = "127.0.0.1";
        through_.port = std::to_string(gate_->port());
        plan_.seed = seed();
        plan_.qps = 150;
        // Orders live fast, so that there are updates among the units.
        plan_.more = {"--lifecycle", "complete", "--lifecycle-scale", "0.05", "--db-sslmode", "disable"};
    }

    void TearDown() override
    {
        gate_.reset();
        auto link = server_->superuser();
        // The next test's has the same name; the slot is busy until its reader's session is gone.
        for (int tries = 0; tries < 500; ++tries)
            if (link.refusal("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots").empty())
                break;
            else
                std::this_thread::sleep_for(10ms);
        chaos_test::TearDown();
    }

    /// The plan's run, for so many seconds.
    void run_for(double seconds) { plan_.ticks = static_cast<std::int64_t>(seconds * plan_.qps); }

    [[nodiscard]] process start(const std::vector<std::string>& more = {})
    {
        auto words = plan_.disturbed();
        words.insert(words.end(), more.begin(), more.end());
        return start_bazaard("run", through_, words);
    }

    /// A later start: what makes the plan is recorded.
    [[nodiscard]] process start_again(const std::vector<std::string>& more = {})
    {
        std::vector<std::string> words{"--max-iter", std::to_string(plan_.ticks), "--max-lag", "1h", "--db-sslmode",
                                       "disable"};
        words.insert(words.end(), more.begin(), more.end());
        return start_bazaard("run", through_, words);
    }

    /// Arms the faults of `what` one after the other, evenly over the run, each at a call of another kind of unit.
    void hit_units(const std::vector<fault>& what)
    {
        // The first part of a unit differs: rows inserted, and rows changed under a version.
        static constexpr const char* kinds[] = {"purchase_", "order_shipped_", "user_moved_", "ghost_"};
        int number = 0;
        for (const auto one : what)
        {
            const auto share = plan_.ticks * ++number / static_cast<std::int64_t>(what.size() + 2);
            ASSERT_TRUE(wait_for_orders(*server_, database_, share + static_cast<std::int64_t>(draw(20))));
            const int before = gate_->hits(one);
            gate_->arm(one, kinds[draw(std::size(kinds))], 1, 'B');
            ASSERT_TRUE(gate_->wait_hits(one, before + 1, 20s)) << "fault " << number;
        }
    }

    /// Seconds until the next unit is committed.
    double until_commit()
    {
        const auto begin = clock::now();
        auto link = server_->superuser(*database_.name);
        const auto orders = [&] { return std::stoll(one(link, "SELECT count(*) FROM demo.orders")); };
        const auto before = orders();
        while (orders() == before && since(begin) < 30)
            std::this_thread::sleep_for(2ms);
        return since(begin);
    }

    [[nodiscard]] std::string ask(const std::string& sql) const
    {
        auto link = server_->superuser(*database_.name);
        return one(link, sql);
    }

    /// How many times each of the faults comes: five in the short form.
    [[nodiscard]] static int times() { return long_form() ? 50 : 5; }
    [[nodiscard]] static double seconds() { return 0.6 * times(); }

    static std::unique_ptr<postgres_server> server_;
    postgres::connection_flags database_;  ///< Without the gate.
    postgres::connection_flags through_;   ///< Through it.
    std::optional<tcp_gate> gate_;
    chaos_plan plan_;
};

std::unique_ptr<postgres_server> LinkFaults::server_;

// F4
TEST_P(LinkFaults, F4AnswerLost)
{
    run_for(seconds());
    auto daemon = start();
    hit_units(std::vector<fault>(static_cast<std::size_t>(times()), fault::cut_after_request));
    const auto done = daemon.wait(to_the_end);
    expect_clean_end(plan_, database_, done);
    EXPECT_EQ(figure(done.out, "in doubt"), times());
    EXPECT_EQ(figure(done.out, "of them found done"), times());
}

// F5
TEST_P(LinkFaults, F5RequestLost)
{
    run_for(seconds());
    auto daemon = start();
    hit_units(std::vector<fault>(static_cast<std::size_t>(times()), fault::cut_before_request));
    const auto done = daemon.wait(to_the_end);
    expect_clean_end(plan_, database_, done);
    EXPECT_EQ(figure(done.out, "in doubt"), times());
    EXPECT_EQ(figure(done.out, "of them found done"), 0) << "the server never got them";
}

// F6
TEST_P(LinkFaults, F6Reset)
{
    run_for(seconds());
    auto daemon = start();
    std::vector<fault> what;
    for (int i = 0; i < times(); ++i)
        what.push_back(i % 2 == 0 ? fault::reset_before_request : fault::reset_after_request);
    hit_units(what);
    const auto done = daemon.wait(to_the_end);
    expect_clean_end(plan_, database_, done);
    EXPECT_EQ(figure(done.out, "in doubt"), times());
    EXPECT_EQ(figure(done.out, "of them found done"), times() / 2);
}

// F7: half a request, half an answer, and an administrator's end in place of the answer.
TEST_P(LinkFaults, F7Halves)
{
    run_for(seconds() + 0.5);
    auto daemon = start();
    std::vector<fault> what;
    for (int i = 0; i < (times() + 2) / 3; ++i)
        what.insert(what.end(), {fault::cut_half_request, fault::cut_half_answer, fault::fatal_in_answer});
    hit_units(what);
    const auto done = daemon.wait(to_the_end);
    expect_clean_end(plan_, database_, done);
    EXPECT_EQ(figure(done.out, "in doubt"), static_cast<std::int64_t>(what.size()));
    EXPECT_EQ(figure(done.out, "of them found done"), static_cast<std::int64_t>(what.size() / 3 * 2));
}

// F37: an answer that makes no sense says nothing of the unit.
TEST_P(LinkFaults, F37CorruptAnswer)
{
    run_for(seconds());
    auto daemon = start();
    hit_units(std::vector<fault>(static_cast<std::size_t>(times()), fault::corrupt_answer));
    const auto done = daemon.wait(to_the_end);
    expect_clean_end(plan_, database_, done);
    EXPECT_EQ(figure(done.out, "in doubt"), times());
    EXPECT_EQ(figure(done.out, "of them found done"), times());
    EXPECT_NE(done.err.find("lost a session"), done.err.npos) << done.err;
}

// Negative controls: without the guards of the write functions, the same fault is seen in the comparison.
TEST_P(LinkFaults, F4WithoutGuards)
{
    // A replay that changes the row once more.
    run_for(2);
    {
        auto daemon = start();
        ASSERT_TRUE(wait_for_orders(*server_, database_, 50));
        // Only now: a daemon does not start with functions that are altered.
        auto link = server_->superuser(*database_.name);
        ASSERT_EQ(rewrite_functions(link, "user_moved", R"( AND t\."?updated_at"? = \$\d+;)", ";"), 1);
        gate_->arm(fault::cut_after_request, "user_moved_", 1, 'B');
        ASSERT_TRUE(gate_->wait_hits(fault::cut_after_request, 1, 20s));
        EXPECT_EQ(daemon.wait(to_the_end).status, 0);
    }
    const auto wrong = compare(plan_, database_);
    EXPECT_GE(wrong.stream.size(), 1U) << "an update that changes nothing";

    // A replay that does not know the rows of the first attempt.
    server_->superuser(*database_.name).exec("SELECT pg_drop_replication_slot('tap')");
    database_ = server_->fresh_database();
    prepare_shop(database_);
    through_.name = database_.name;
    plan_.start = chaos_plan::now();
    auto daemon = start();
    ASSERT_TRUE(wait_for_orders(*server_, database_, 50));
    {
        auto link = server_->superuser(*database_.name);
        ASSERT_EQ(rewrite_functions(link, "purchase", R"( ON CONFLICT \("?id"?\) DO NOTHING)", ""), 1);
    }
    gate_->arm(fault::cut_after_request, "purchase_", 1, 'B');
    ASSERT_TRUE(gate_->wait_hits(fault::cut_after_request, 2, 20s));
    EXPECT_EQ(daemon.wait(to_the_end).status, 0);
    EXPECT_NE(compare(plan_, database_).shifts, 0) << "the unit was given up, and that is in the log";
}

// Negative control of the comparison: a row that is another, one that is not there, one that came twice.
TEST_P(LinkFaults, F4ComparisonNotices)
{
    plan_.ticks = 150;
    ASSERT_EQ(start({"--unpaced"}).wait(to_the_end).status, 0);
    const auto differs = [&](const std::string& harm)
    {
        auto link = server_->superuser(*database_.name);
        const auto before = table_digests(link);
        link.exec("BEGIN");
        link.exec("SET LOCAL search_path = demo, pg_catalog");
        link.exec(harm);
        const bool found = table_digests(link) != before;
        link.exec("ROLLBACK");
        return found && table_digests(link) == before;
    };
    EXPECT_TRUE(differs("UPDATE users SET age = age + 1 WHERE id = (SELECT id FROM users LIMIT 1)"));
    EXPECT_TRUE(differs("DELETE FROM events WHERE id = (SELECT id FROM events LIMIT 1)"));
    EXPECT_TRUE(differs("INSERT INTO events SELECT (jsonb_populate_record(e, jsonb_build_object('id', "
                        "gen_random_uuid(), 'sequence_number', 1000))).* FROM events AS e LIMIT 1"));
    expect_exactly_once(plan_, database_);
    server_->superuser(*database_.name)
        .exec("DELETE FROM demo.events WHERE id = (SELECT id FROM demo.events WHERE event_type = 'purchase' LIMIT 1)");
    const auto wrong = compare(plan_, database_);
    EXPECT_NE(wrong.disturbed, wrong.undisturbed);
    EXPECT_NE(wrong.broken, "");
}

// F8: nothing comes through for longer than the daemon waits; what was held arrives afterwards, beside the replays.
TEST_P(LinkFaults, F8BlackHole)
{
    run_for(6);
    auto daemon = start();
    ASSERT_TRUE(wait_for_orders(*server_, database_, 150 + static_cast<std::int64_t>(draw(300))));
    gate_->blackhole();
    std::this_thread::sleep_for(500ms);
    const auto before = orders_in(*server_, database_);
    std::this_thread::sleep_for(11500ms);
    EXPECT_EQ(orders_in(*server_, database_), before) << "nothing comes through";
    gate_->heal();
    measured("recovery_s", until_commit());
    expect_progress(*server_, database_);
    const auto done = daemon.wait(to_the_end);
    EXPECT_NE(done.err.find("no answer before our deadline"), done.err.npos) << done.err;
    EXPECT_GE(figure(done.out, "in doubt"), 1);
    expect_clean_end(plan_, database_, done);
}

// F8: a stop does not wait for a server that does not answer.
TEST_P(LinkFaults, F8StoppedInABlackHole)
{
    run_for(6);
    auto daemon = start({"--drain-timeout", "3s"});
    ASSERT_TRUE(wait_for_orders(*server_, database_, 150 + static_cast<std::int64_t>(draw(100))));
    gate_->blackhole();
    std::this_thread::sleep_for(300ms);  // Units are in flight now.
    const auto begin = clock::now();
    daemon.send(draw(2) == 0 ? SIGTERM : SIGINT);
    const auto stopped = daemon.wait();
    measured("stop_s", since(begin));
    EXPECT_LE(since(begin), 5.0);
    EXPECT_EQ(stopped.status, 75) << stopped.err;
    EXPECT_NE(stopped.err.find("--drain-timeout"), stopped.err.npos) << stopped.err;
    // What was held reaches the server beside the next start.
    gate_->heal();
    expect_clean_end(plan_, database_, start_again().wait(to_the_end));
}

// F8: the same while nothing is in flight, but for the mark that a stop leaves.
TEST_P(LinkFaults, F8StoppedInABlackHoleWithNothingInFlight)
{
    plan_.qps = 2;
    plan_.ticks = 14;
    plan_.more = {"--ghost-create-prob", "0", "--db-sslmode", "disable"};
    auto daemon = start({"--drain-timeout", "3s"});
    ASSERT_TRUE(wait_for_orders(*server_, database_, 2));
    // Right behind a commit there is time until the next.
    ASSERT_LT(until_commit(), 30);
    gate_->blackhole();
    const auto begin = clock::now();
    daemon.send(SIGTERM);
    const auto stopped = daemon.wait(60s);
    measured("stop_s", since(begin));
    EXPECT_LE(since(begin), 5.0) << stopped.err;
    EXPECT_TRUE(stopped.status == 0 || stopped.status == 75) << stopped.err;
    gate_->heal();
    const auto done = start_again().wait(to_the_end);
    EXPECT_EQ(done.status, 0) << done.err;
    expect_exactly_once(plan_, database_);
}

// F8: a server that hangs up, and then swallows everything.
TEST_P(LinkFaults, F8HangUpAndBlackHole)
{
    if (!long_form())
        GTEST_SKIP() << "another test has this fault in the short form";
    gate_->refuse();
    hanging_up away(gate_->port(), 1);
    if (long_form())
    {
        const auto done = start({"--wait-for-db", "1s"}).wait(25s);
        EXPECT_EQ(done.status, 69) << done.err;
    }
    else
    {
        auto daemon = start();
        while (away.accepted() < 1)
            std::this_thread::sleep_for(5ms);
        const auto begin = clock::now();
        daemon.send(SIGTERM);
        const auto done = daemon.wait(25s);
        measured("stop_s", since(begin));
        EXPECT_LE(since(begin), 7.0);
        EXPECT_EQ(done.status, 0) << done.err;
    }
    EXPECT_EQ(away.accepted(), 1);
    away.leave();
    gate_->heal();
    run_for(1);
    plan_.start = chaos_plan::now();
    expect_clean_end(plan_, database_, start().wait(to_the_end));
}

// F10: slow is no fault.
TEST_P(LinkFaults, F10DelayedAndThrottled)
{
    plan_.qps = 40;
    run_for(2.5);
    gate_->delay(10ms, 30ms);
    gate_->throttle(100'000);
    auto daemon = start({"--workers", "16"});
    const auto done = daemon.wait(to_the_end);
    EXPECT_EQ(figure(done.out, "retries"), 0);
    EXPECT_EQ(figure(done.out, "in doubt"), 0);
    EXPECT_EQ(done.err.find("lost"), done.err.npos) << done.err;
    // That it was really slow.
    const auto answered = done.out.substr(done.out.find("answered in p50 ") + 16, 8);
    EXPECT_NE(answered.find("ms"), answered.npos) << done.out;
    EXPECT_GE(std::atof(answered.c_str()), 20.0) << done.out;
    expect_clean_end(plan_, database_, done);
}

// F8: sixteen writers lose their sessions at once: one of them asks whether the server is back, not all.
TEST_P(LinkFaults, F8ReconnectStorm)
{
    run_for(6);
    auto daemon = start({"--workers", "16"});
    ASSERT_TRUE(wait_for_orders(*server_, database_, 150 + static_cast<std::int64_t>(draw(100))));
    const int before = gate_->accepted();
    gate_->refuse();
    hanging_up away(gate_->port());
    std::this_thread::sleep_for(5s);
    away.leave();
    measured("attempts", away.accepted());
    EXPECT_GE(away.accepted(), 3) << "it goes on trying";
    EXPECT_LE(away.accepted(), 40);
    EXPECT_EQ(gate_->accepted(), before);
    gate_->heal();
    const auto recovery = until_commit();
    measured("recovery_s", recovery);
    EXPECT_LE(recovery, 10.0);
    const auto done = daemon.wait(to_the_end);
    EXPECT_LE(gate_->accepted() - before, 40) << "one session for each writer and the keeper, and a few more";
    EXPECT_NE(done.err.find("PostgreSQL is back after"), done.err.npos) << done.err;
    expect_clean_end(plan_, database_, done);
}

// F4: an entry of the log whose answer was lost, or which never came, is there once, and the plan goes by it.
TEST_P(LinkFaults, F4ControlEntry)
{
    plan_.ticks = 1'000'000;
    const auto entries = [&]
    {
        return ask("SELECT string_agg(kind || ' ' || field, ',' ORDER BY sequence) FROM "
                   "bazaard.control");
    };
    const auto part = [&](std::optional<fault> what, const std::vector<std::string>& more)
    {
        if (what)
            gate_->arm(*what, "INSERT INTO bazaard.control", 1, 'P');
        // So many more than there are: all entries stand before new orders.
        const auto enough = what ? orders_in(*server_, database_) + 150 : 150;
        auto daemon = what ? start_again(more) : start(more);
        if (what)
        {
            ASSERT_TRUE(gate_->wait_hits(*what, 1, 20s));
        }
        ASSERT_TRUE(wait_for_orders(*server_, database_, enough));
        daemon.send(SIGTERM);
        const auto done = daemon.wait();
        EXPECT_EQ(done.status, 0) << done.err;
    };
    part(std::nullopt, {});
    part(fault::cut_after_request, {"--avg-qps", "300"});
    EXPECT_EQ(entries(), "set avg-qps");
    part(fault::cut_before_request, {"--avg-qps", "150", "--user-create-prob", "0.2"});
    EXPECT_EQ(entries(), "set avg-qps,set avg-qps,set user-create-prob");
    part(fault::fatal_in_answer, {"--user-create-prob", "0.1"});
    EXPECT_EQ(entries(), "set avg-qps,set avg-qps,set user-create-prob,set user-create-prob");
    EXPECT_EQ(gate_->hits(fault::cut_after_request), 1);
    plan_.ticks = orders_in(*server_, database_) + 200;
    const auto done = start_again().wait(to_the_end);
    EXPECT_EQ(done.status, 0) << done.err;
    expect_as_its_card(database_, plan_.ticks);
    // Negative control: without the entries the plan is another.
    EXPECT_NE(compare(plan_, database_).undisturbed, compare_with_card(database_, plan_.ticks).undisturbed);
}

// F4: marks, and everything that a start and an end write.
TEST_P(LinkFaults, F4MarksAndLease)
{
    plan_.ticks = 1'000'000;
    // The commit that makes the run.
    gate_->arm(fault::cut_after_request, "COMMIT", 1, 'Q');
    {
        auto daemon = start();
        ASSERT_TRUE(gate_->wait_hits(fault::cut_after_request, 1, 20s));
        ASSERT_TRUE(wait_for_orders(*server_, database_, 50));
        gate_->arm(fault::cut_after_request, "UPDATE bazaard.run", 1, 'P');
        ASSERT_TRUE(gate_->wait_hits(fault::cut_after_request, 2, 20s));
        gate_->arm(fault::cut_before_request, "UPDATE bazaard.run", 1, 'P');
        ASSERT_TRUE(gate_->wait_hits(fault::cut_before_request, 1, 20s));
        const auto marked = ask("SELECT renewed_at FROM bazaard.run");
        for (int tries = 0; tries < 1000 && ask("SELECT renewed_at FROM bazaard.run") == marked; ++tries)
            std::this_thread::sleep_for(10ms);
        // The end's: the run is left without a word.
        gate_->arm(fault::cut_before_request, "UPDATE bazaard.lease SET holder", 1, 'P');
        daemon.send(SIGTERM);
        const auto done = daemon.wait();
        EXPECT_EQ(done.status, 0) << done.err;
        EXPECT_EQ(gate_->hits(fault::cut_before_request), 2) << done.err;
        EXPECT_NE(done.err.find("\"event\":\"mark\""), done.err.npos) << done.err;
        EXPECT_EQ(ask("SELECT clean FROM bazaard.run"), "f");
    }
    // More units than are looked through for what the first one left.
    plan_.ticks = orders_in(*server_, database_) + 600;
    const auto epoch = ask("SELECT epoch FROM bazaard.lease");
    gate_->arm(fault::cut_before_request, "UPDATE bazaard.lease SET epoch", 1, 'P');
    gate_->arm(fault::cut_after_request, "COMMIT", 1, 'Q');
    auto daemon = start_again();
    ASSERT_TRUE(gate_->wait_hits(fault::cut_before_request, 3, 20s));
    ASSERT_TRUE(gate_->wait_hits(fault::cut_after_request, 3, 20s));
    const auto done = daemon.wait(to_the_end);
    expect_clean_end(plan_, database_, done);
    EXPECT_EQ(ask("SELECT epoch - " + epoch + " FROM bazaard.lease"), "2") << "taken, not heard of, and taken again";
}

INSTANTIATE_TEST_SUITE_P(Seed, LinkFaults, testing::ValuesIn(chaos_seeds()), testing::PrintToStringParamName());

}  // namespace
}  // namespace bazaar::test
