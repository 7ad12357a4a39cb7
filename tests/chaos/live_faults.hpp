#pragma once

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cli/process.hpp"
#include "support/chaos.hpp"
#include "support/daemon.hpp"
#include "support/eventually.hpp"
#include "support/postgres_cluster.hpp"
#include "support/postgres_server.hpp"
#include "support/query.hpp"

namespace bazaar::test
{

using namespace std::chrono_literals;

/// Longest that a disturbed run may take.
constexpr auto to_the_end = std::chrono::seconds(120);

/// Lines of the daemon that hold a text.
[[nodiscard]] inline int told(const finished& daemon, std::string_view text)
{
    int times = 0;
    for (std::size_t at = 0; (at = daemon.err.find(text, at)) != daemon.err.npos; at = daemon.err.find('\n', at))
        ++times;
    return times;
}

/// Frozen as long as it lives: what happens meanwhile, the daemon finds afterwards.
class frozen
{
public:
    explicit frozen(const process& what) : what_(what) { what_.send(SIGSTOP); }
    ~frozen() { what_.send(SIGCONT); }
    frozen(const frozen&) = delete;
    frozen& operator=(const frozen&) = delete;

private:
    const process& what_;
};

[[nodiscard]] inline std::string ask(const postgres_server& server, const std::string& sql,
                                     std::string_view database = "postgres")
{
    auto link = server.superuser(database);
    return one(link, sql);
}

[[nodiscard]] inline std::int64_t number(const postgres_server& server, const postgres::connection_flags& database,
                                         const std::string& sql)
{
    return std::stoll(ask(server, sql, *database.name));
}

/// Puts another text into a file that stays the same.
inline void rewrite(const std::string& path, const std::string& text)
{
    ASSERT_TRUE(std::ofstream(path) << text << std::flush);
}

/// A role that may write to the shop and no more.
[[nodiscard]] inline postgres::connection_flags clerk_of(const postgres_server& server,
                                                         const postgres::connection_flags& database)
{
    server.superuser(*database.name)
        .exec("CREATE ROLE clerk LOGIN PASSWORD 'first'; GRANT USAGE ON SCHEMA demo, bazaard TO clerk; "
              "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA demo, bazaard TO clerk; "
              "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bazaard TO clerk");
    auto made = database;
    made.user = "clerk";
    made.password = "first";
    return made;
}

/// A run that was steered, shifted or that gave units up, beside what its card makes of a fresh database.
struct card_comparison
{
    std::string disturbed, again;  ///< Digests of the tables.
    std::string card;
};

/// `alike` is done to the other database too, after its run: what people changed by hand.
[[nodiscard]] inline card_comparison compare_card(const chaos_plan& plan, const postgres::connection_flags& disturbed,
                                                  const postgres::connection_flags& fresh,
                                                  const std::string& alike = "SELECT")
{
    const auto card = run_bazaard("card", disturbed, {"--run", plan.run});
    if (card.status != 0)
        throw std::runtime_error("no card: " + card.err);
    const temporary_file file(card.out);
    const auto done = run_bazaard("run", fresh,
                                  {"--card", file.path(), "--unpaced", "--max-iter", std::to_string(plan.ticks)});
    if (done.status != 0)
        throw std::runtime_error("the run of the card failed: " + done.err);
    const auto digests = [](const postgres::connection_flags& of)
    {
        sql_client link(of);
        link.exec("SET statement_timeout = '120s'");
        return std::pair(table_digests(link), std::move(link));
    };
    card_comparison found;
    found.card = card.out;
    found.disturbed = digests(disturbed).first;
    digests(fresh).second.exec(alike);
    found.again = digests(fresh).first;
    return found;
}

inline void expect_same_as_card(const chaos_plan& plan, const postgres::connection_flags& disturbed,
                                const postgres::connection_flags& fresh, const std::string& alike = "SELECT")
{
    const auto found = compare_card(plan, disturbed, fresh, alike);
    EXPECT_EQ(found.disturbed, found.again) << "seed " << plan.seed << ", card\n" << found.card;
}

inline void expect_same_as_card(const chaos_plan& plan, const postgres::connection_flags& disturbed)
{
    expect_same_as_card(plan, disturbed, postgres_cluster::get().fresh_database());
}

/// A fault test of a live daemon.
class live_faults : public chaos_test
{
protected:
    /// So many units a second that something is always under way; no order of them waits long for its next step.
    [[nodiscard]] chaos_plan plan_for(double seconds, double qps = 150) const
    {
        chaos_plan made;
        made.seed = seed();
        made.qps = qps;
        made.ticks = static_cast<std::int64_t>(seconds * qps);
        made.more = {"--lifecycle", "complete", "--lifecycle-scale", "0.05"};
        return made;
    }

    /// Whatever a daemon said belongs to a failure.
    static void show(const finished& daemon)
    {
        if (HasFailure())
            std::printf("the daemon ended with %d and said:\n%s%s\n", daemon.status, daemon.err.c_str(),
                        daemon.out.c_str());
    }
};

}  // namespace bazaar::test
