#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "bazaar/postgres/connection.hpp"
#include "cli/process.hpp"
#include "support/postgres_server.hpp"
#include "support/sql_client.hpp"

namespace bazaar::test
{

/// BAZAARD_CHAOS_LONG=1 asks for the long form of the fault tests.
[[nodiscard]] bool long_form();

/// Seeds that a fault test runs with: one in the short form, many in the long one, or only BAZAARD_CHAOS_SEED.
[[nodiscard]] std::vector<std::uint64_t> chaos_seeds();

/// What a daemon is to write while it is disturbed. It is live from its first unit on, so that its rows depend on
/// nothing but this.
struct chaos_plan
{
    std::uint64_t seed = 1;
    std::int64_t ticks = 600;
    double qps = 100;               ///< ticks / qps is how long the run takes, in seconds.
    std::vector<std::string> more;  ///< Flags that both runs get.
    std::string run = "main";
    std::string start = now();  ///< Business time of the first unit.

    /// Arguments of the run that is disturbed. No lag shifts the business time.
    [[nodiscard]] std::vector<std::string> disturbed() const;
    /// Arguments of the run that nobody disturbs, as fast as it goes.
    [[nodiscard]] std::vector<std::string> undisturbed() const;

    /// The wall clock, as --start-time wants it.
    [[nodiscard]] static std::string now();
};

/// Makes the shop's schema with a tapped change stream, before the run that expect_exactly_once() looks at.
void prepare_shop(const postgres::connection_flags& database);

/// A disturbed database beside what the same plan makes undisturbed.
struct comparison
{
    std::string disturbed;            ///< Digests of the tables.
    std::string undisturbed;          ///< The same in a database of postgres_cluster that nobody disturbs.
    std::string broken;               ///< Invariants that do not hold.
    std::vector<std::string> stream;  ///< Faults of the change stream, where prepare_shop() has tapped it.
    std::int64_t shifts = 0;          ///< Entries in the control log: there must be none, or the rows are others.
};

[[nodiscard]] comparison compare(const chaos_plan& plan, const postgres::connection_flags& disturbed);

/// Each unit of the plan is there once and whole, in the tables and in the change stream, and nothing else is.
void expect_exactly_once(const chaos_plan& plan, const postgres::connection_flags& disturbed);

/// For a run whose log has entries, shifts for instance: its card makes the same rows in a database that nobody
/// disturbs.
[[nodiscard]] comparison compare_with_card(const postgres::connection_flags& disturbed, std::int64_t ticks,
                                           const std::string& run = "main");

/// As expect_exactly_once(), for such a run.
void expect_as_its_card(const postgres::connection_flags& disturbed, std::int64_t ticks,
                        const std::string& run = "main");

/// Puts text in place of what a regular expression finds in the write functions whose names begin with `kind`: takes a
/// guard away. Returns how many functions have changed.
int rewrite_functions(sql_client& on, std::string_view kind, std::string_view pattern, std::string_view text);

/// The same of a daemon that has ended: its exit status, that it left its run cleanly, and its summary too.
void expect_clean_end(const chaos_plan& plan, const postgres::connection_flags& disturbed, const finished& daemon);

/// Number of orders; -1 when the database cannot be asked now.
[[nodiscard]] std::int64_t orders_in(const postgres_server& server, const postgres::connection_flags& database);

/// Waits until there are so many orders; false when there are not in time.
[[nodiscard]] bool wait_for_orders(const postgres_server& server, const postgres::connection_flags& database,
                                   std::int64_t number, std::chrono::seconds limit = std::chrono::seconds(30));

/// After the fault is gone, units go on being committed within a bound: twice the cap of the daemon's backoff.
void expect_progress(const postgres_server& server, const postgres::connection_flags& database,
                     std::chrono::seconds limit = std::chrono::seconds(10));

/// Appends one JSON line to the file that BAZAARD_CHAOS_RESULTS names, if it does. `measured` is what else was
/// found, by name.
void record_result(std::string_view fault, std::string_view test, std::string_view outcome, double seconds,
                   const std::vector<std::pair<std::string, double>>& measured = {});

/// A fault test, run once a seed. Its name begins with the number of its fault, as in F1KilledServer; its result is
/// recorded.
class chaos_test : public testing::TestWithParam<std::uint64_t>
{
protected:
    chaos_test();
    void TearDown() override;

    [[nodiscard]] std::uint64_t seed() const { return GetParam(); }

    /// A number below `bound` that depends on the seed and on nothing else.
    [[nodiscard]] std::uint64_t draw(std::uint64_t bound);

    /// Prints a figure, and adds it to the result.
    void measured(const std::string& name, double value);

private:
    std::chrono::steady_clock::time_point begin_;
    std::uint64_t draws_ = 0;
    std::vector<std::pair<std::string, double>> measured_;
};

}  // namespace bazaar::test
