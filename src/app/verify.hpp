#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/place.hpp"
#include "bazaar/app/options.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/verify/report.hpp"

// What the verbs of `verify` share.

namespace bazaar::app
{

/// The place open for long reading, which a stop cuts. `of` and errors: as `open_for_reading`.
[[nodiscard]] open_place open_for_long(const postgres::place& at, const options& opts, const std::stop_token& stop,
                                       const scenario::entry* of = nullptr);

/// The run of --run there. Errors: `not_there`; `config` when it is being removed.
[[nodiscard]] run::record recorded_run(run::record_reader& in, const options& opts);

/// Whether a bulk load of the run is under way: then what it lacks is no loss, and the report says so.
bool is_being_loaded(const run::record& of, verify::report& out);

/// The run of --card, for the schema of --db-schema. Errors: those of `read_card`; `usage` when --run names another.
[[nodiscard]] run::record run_of_that_card(const options& opts);

/// Whether --report can be written. Errors: `no_output`; `usage` where it is one of the inputs.
void check_report_file(const options& opts, const std::vector<std::string>& inputs);

/// The same; with --follow it is emptied: that of an earlier comparison would pass for this one's. Errors: `no_output`.
void begin_report_file(const options& opts, const std::vector<std::string>& inputs);

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

/// The verbs.
int verify_tables(const options& opts);
int verify_topics(const options& opts);
int verify_events(const options& opts);
int verify_stream(const options& opts);

}  // namespace bazaar::app
