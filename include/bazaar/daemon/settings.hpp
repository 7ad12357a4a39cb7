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
    rows,     ///< As the rows are at its end, by bulk load.
    changes,  ///< Unit by unit.
};

/// What a run is opened and written with, as flags, environment and configuration file say it, checked.
struct settings
{
    /// All defaults, with the fields of one scenario, which outlives this.
    explicit settings(const scenario::entry& of) : chosen(&of), configuration(of.fields) {}

    process::log_level level = process::log_level::info;
    process::progress progress = process::progress::automatic;

    // Database.
    postgres::connection_flags database;  ///< Only what was given: libpq's own sources and the defaults come after it.
    std::string schema = "demo";
    std::uint32_t batch_rows = 1000;  ///< Rows of one COPY chunk.

    /// The scenario of a new run, and of commands without a run; a run that is there has its own. Never null.
    const scenario::entry* chosen;

    // Run.
    std::string run = "main";
    std::optional<std::uint64_t> seed;    ///< Nothing: the recorded one, or a random one for a new run.
    std::optional<time> start;            ///< T0; nothing: now, or what `--unpaced` asks for.
    std::optional<microseconds> history;  ///< Of a new run: T0 lies so far back.
    daemon::history_as history_as = daemon::history_as::rows;
    bool fast_load = false;  ///< Keys and indexes are made when all rows are there.
    std::string to;          ///< Directory for the files of `load`; empty: the database.
    daemon::plan_format plan_format = daemon::plan_format::text;  ///< Of `answers` and `load` never text.
    std::optional<std::uint64_t> ticks_max;                       ///< `--max-iter`; nothing: endless.
    bool unpaced = false;
    bool loads = false;  ///< `load`: it ends when its history is there.
    std::uint32_t workers = 4;
    std::uint32_t window = 1024;
    microseconds lag_max{10'000'000};
    microseconds wait_for_db{60'000'000};    ///< At start; then `unavailable`.
    std::optional<microseconds> outage_max;  ///< Nothing: none for an endless run, five minutes for a bounded one.
    microseconds drain_timeout{20'000'000};
    std::uint64_t rejected_max = 100;
    bool wait = false;                            ///< For the lease, as long as somebody alive has it.
    std::string card;                             ///< File with what reproduces a run; empty: none.
    microseconds heartbeat_interval{10'000'000};  ///< Zero: none.
    std::string seed_dir;                         ///< Directory of the user's seed files; empty: the built-in ones.
    bool echo = false;
    bool plan_cache = true;  ///< Keeps the planner's state, and goes on from it.

    // Observation and control of a running daemon.
    std::string control_socket;  ///< Empty: the default place; "none": none.
    std::string http_host = "localhost";
    std::optional<std::uint16_t> http_port;  ///< Nothing: no HTTP; 0: any.
    std::vector<std::string> http_hosts;     ///< Names of the server beside its own.
    std::string http_token_file;             ///< Empty: HTTP only reads.

    // What is only shown, and watched beside the run.
    std::string topic_prefix = "ecomm";
    std::int64_t slot_wal_warn = 1 << 30;  ///< Bytes of the log that a slot may retain; zero: any.

    /// Values of the scenario's fields: defaults, and over them what was given.
    scenario::settings configuration;

    /// The scenario's fields that were given, as they were typed: a resumed run compares only these.
    std::map<std::string, std::string> given_settings;

    /// All flags that were given, by their main name.
    std::map<std::string, process::given_value, std::less<>> given;

    [[nodiscard]] bool is_given(std::string_view flag) const { return given.find(flag) != given.end(); }
};

}  // namespace bazaar::daemon
