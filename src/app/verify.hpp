#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "app/stage.hpp"
#include "bazaar/app/logging.hpp"
#include "bazaar/app/options.hpp"
#include "bazaar/postgres/session.hpp"
#include "bazaar/run/record.hpp"
#include "bazaar/verify/report.hpp"

// What the verbs of `verify` share.

namespace bazaar::app
{

/// The first SIGINT or SIGTERM asks to stop; a second one ends the process.
///
/// Lifetime: one at a time; before any other thread is started.
class stop_by_signal
{
public:
    stop_by_signal();
    ~stop_by_signal();
    stop_by_signal(const stop_by_signal&) = delete;
    stop_by_signal& operator=(const stop_by_signal&) = delete;

    [[nodiscard]] std::stop_token token() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// A session for long reading, which a stop cuts.
[[nodiscard]] postgres::session reading_session(const postgres::connection_parameters& to, const std::stop_token& stop);

/// One snapshot, for as long as it takes. The first query takes it.
class snapshot
{
public:
    explicit snapshot(postgres::session& on);

private:
    postgres::transaction transaction_;
};

/// The run of --run in a database. Errors: `config` when it is not there, or is being removed.
[[nodiscard]] run::record recorded_run(postgres::session& on, const options& opts);

/// Whether a bulk load of the run is under way: then what it lacks is no loss, and the report says so.
bool is_being_loaded(const run::record& of, verify::report& out);

/// The run of --card, for the schema of --db-schema. Errors: those of `read_card`; `usage` when --run names another.
[[nodiscard]] run::record run_of_that_card(const options& opts);

/// Empties --report: that of an earlier comparison would pass for this one's. Errors: `no_output`.
void begin_report_file(const options& opts);

/// Prints the report, and writes that of --report. The exit code.
int tell(const options& opts, const verify::report& what);

/// Waits; a stop ends it.
void pause(std::chrono::microseconds time, const std::stop_token& stop);

/// Adds what it finds.
using comparison = std::function<void(verify::report&)>;

/// Compares, and with --follow again and again, until there is a mismatch or a stop; a line of the log tells each verdict, and
/// --report is written each time. Before the first comparison --follow waits for what is `not_there`. Prints the last report as
/// `tell` does. The exit code.
int tell_again(const options& opts, const std::stop_token& stop, std::chrono::microseconds default_interval,
               const comparison& compare);

/// The status line of a comparison: how far, how fast, how long yet.
class verify_progress
{
public:
    using clock = std::chrono::steady_clock;

    explicit verify_progress(const options& opts) : line_(opts.progress), begun_(clock::now()) {}

    /// What is over in a moment shows nothing.
    [[nodiscard]] bool due() const
    {
        const auto now = clock::now();
        return line_.due(now) && now - begun_ >= std::chrono::seconds(1) &&
               now - shown_ >= std::chrono::milliseconds(200);
    }

    /// `done` of `all` counts whatever the rest is reckoned by, 0 when nobody knows; `counted` and `what` are shown as a rate.
    void show(std::string_view text, double done, double all, std::uint64_t counted, std::string_view what);

    void clear() { line_.clear(); }

private:
    status_line line_;
    clock::time_point begun_, shown_{};
};

/// The verbs.
int verify_tables(const options& opts);
int verify_topics(const options& opts);
int verify_events(const options& opts);
int verify_stream(const options& opts);

}  // namespace bazaar::app
