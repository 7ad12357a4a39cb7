#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bazaar/base/time.hpp"
#include "bazaar/postgres/connection.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/value_source.hpp"
#include "bazaar/scenario/scenario.hpp"
#include "bazaar/scenario/settings.hpp"

namespace bazaar::daemon
{

enum class plan_format : std::uint8_t
{
    text,
    jsonl,
    csv,
    binary,  ///< PostgreSQL's COPY.
};

/// How the history of a new run is written.
enum class history_as : std::uint8_t
{
    rows,     ///< The rows in their final state, by bulk load.
    changes,  ///< Unit by unit.
};

/// How a run is opened and written, from flags, environment and configuration file, checked.
struct settings
{
    /// All defaults, with the fields of one scenario, which outlives this.
    explicit settings(const scenario::entry& of) : chosen(&of), configuration(of.fields) {}

    process::log_level level = process::log_level::info;
    process::progress progress = process::progress::automatic;

    // Database.
    postgres::connection_flags database;  ///< Only what was given; libpq's own sources and the defaults come after it.
    std::string schema = "demo";
    std::uint32_t batch_rows = 1000;  ///< Rows of one COPY chunk.

    /// The scenario of a new run, and of commands without a run; an existing run has its own. Never null.
    const scenario::entry* chosen;

    // Run.
    std::string run = "main";
    std::optional<std::uint64_t> seed;    ///< Nothing: the recorded one, or a random one for a new run.
    std::optional<time> start;            ///< T0; nothing: now, or as `--unpaced` requires.
    std::optional<microseconds> history;  ///< For a new run: how far T0 lies in the past.
    daemon::history_as history_as = daemon::history_as::rows;
    bool fast_load = false;  ///< Keys and indexes are created when all rows are written.
    std::string to;          ///< Directory for the files of `load`; empty: the database.
    daemon::plan_format plan_format = daemon::plan_format::text;  ///< Never text for `answers` and `load`.
    std::optional<std::uint64_t> ticks_max;                       ///< `--max-iter`; nothing: unlimited.
    bool unpaced = false;
    bool loads = false;  ///< `load`: it ends when the history is written.
    std::uint32_t workers = 4;
    std::uint32_t window = 1024;
    microseconds lag_max{10'000'000};
    microseconds wait_for_db{60'000'000};    ///< At start; then `unavailable`.
    std::optional<microseconds> outage_max;  ///< Nothing: no limit for an endless run, five minutes for a bounded one.
    microseconds drain_timeout{20'000'000};
    std::uint64_t rejected_max = 100;
    bool wait = false;                            ///< Wait for the lease, as long as a living process has it.
    std::string card;                             ///< File of the card; empty: none.
    microseconds heartbeat_interval{10'000'000};  ///< Zero: none.
    std::string seed_dir;                         ///< Directory of the user's seed files; empty: the built-in ones.
    bool echo = false;
    bool plan_cache = true;  ///< Saves the planner's state, and continues from it.

    // Observation and control of a running daemon.
    std::string control_socket;  ///< Empty: the default place; "none": none.
    std::string http_host = "localhost";
    std::optional<std::uint16_t> http_port;  ///< Nothing: no HTTP; 0: any.
    std::vector<std::string> http_hosts;     ///< Names of the server besides its own.
    std::string http_token_file;             ///< Empty: HTTP is read-only.

    // Only shown, and watched during the run.
    std::string topic_prefix = "ecomm";
    std::int64_t slot_wal_warn = 1 << 30;  ///< Bytes of the log that a slot may retain; zero: any.

    /// Values of the scenario's fields: defaults, replaced by what was given.
    scenario::settings configuration;

    /// The scenario's fields that were given, as they were typed: a resumed run compares only these.
    std::map<std::string, std::string> given_settings;

    /// All flags that were given, by their main name.
    std::map<std::string, process::given_value, std::less<>> given;

    [[nodiscard]] bool is_given(std::string_view flag) const { return given.find(flag) != given.end(); }
};

}  // namespace bazaar::daemon
