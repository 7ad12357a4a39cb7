#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/app/options_database.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/base/id.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/capture/connector_config.hpp"
#include "bazaar/postgres/cdc.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/value_source.hpp"
#include "bazaar/scenario/registry.hpp"
#include "bazaar/scenario/scenario.hpp"
#include "bazaar/scenario/settings.hpp"

namespace bazaar::app
{

using process::given_value;
using process::log_format;
using process::log_level;

enum class command : std::uint8_t
{
    run,
    load,
    init,
    plan,
    answers,
    explain,
    card,
    reset,
    cdc,
    connector,
    topics,
    doctor,
    verify,
    ctl,
    scenario,
};

/// What was asked for instead of the command's own work.
enum class request : std::uint8_t
{
    work,             ///< Nothing: do the command's work.
    help,             ///< `--help`
    version,          ///< `--version`
    print_config,     ///< `--print-config`
    help_markdown,    ///< `--help-markdown`, the source of docs/flags.md.
    help_man,         ///< `--help-man`, the manual page.
    help_completion,  ///< `--help-completion SHELL`
    help_config,      ///< `--help-config`, a configuration file of all defaults, as comments.
};

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

/// What `answers` prints of its units.
enum class answers_as : std::uint8_t
{
    changes,  ///< Each change that they make.
    rows,     ///< The rows as they leave them.
};

/// Everything that the command line, the environment and the configuration file say, checked.
struct options
{
    /// All defaults, with the fields of one scenario, which outlives this.
    explicit options(const scenario::entry& of) : chosen(&of), configuration(of.fields) {}

    command what = command::run;
    bool named = false;  ///< The command was written; `run` goes without.
    request ask = request::work;
    std::string shell;  ///< Of `--help-completion`.

    // General.
    log_level level = log_level::info;
    log_format format = log_format::automatic;
    process::progress progress = process::progress::automatic;
    bool core_dumps = false;

    // Database.
    database_flags database;  ///< Only what was given: libpq's own sources and the defaults come after it.
    std::string schema = "demo";
    std::uint32_t batch_rows = 1000;  ///< Rows of one COPY chunk.
    std::string writer_role;          ///< Of `init`: it gets what `run` needs; empty: none.
    bool writer_removes = false;      ///< And what `--retain` needs.
    bool writer_touches = false;      ///< And what `--touch-interval` needs.

    /// The scenario of a new run, and of commands without a run; a run that is there has its own. Never null.
    const scenario::entry* chosen;

    // Run.
    std::string run = "main";
    std::optional<std::uint64_t> seed;    ///< Nothing: the recorded one, or a random one for a new run.
    std::optional<time> start;            ///< T0; nothing: now, or what `--unpaced` asks for.
    std::optional<microseconds> history;  ///< Of a new run: T0 lies so far back.
    app::history_as history_as = app::history_as::rows;
    bool fast_load = false;                  ///< Keys and indexes are made when all rows are there.
    std::string to;                          ///< Directory for the files of `load`; empty: the database.
    std::optional<std::uint64_t> ticks_max;  ///< `--max-iter`; nothing: endless.
    bool unpaced = false;
    std::uint32_t workers = 4;
    std::uint32_t window = 1024;
    microseconds lag_max{10'000'000};
    microseconds wait_for_db{60'000'000};    ///< At start; then `unavailable`.
    std::optional<microseconds> outage_max;  ///< Nothing: none for an endless run, five minutes for a bounded one.
    microseconds drain_timeout{20'000'000};
    std::uint64_t rejected_max = 100;
    bool wait = false;                            ///< For the lease, as long as somebody alive has it.
    bool yes = false;                             ///< Answers what is asked before something is removed.
    std::string card;                             ///< File with what reproduces a run; empty: none.
    microseconds heartbeat_interval{10'000'000};  ///< Zero: none.
    std::string seed_dir;                         ///< Directory of the user's seed files; empty: the built-in ones.
    bool echo = false;
    bool plan_cache = true;  ///< Keeps the planner's state, and goes on from it.

    // Observation and control of a running daemon.
    std::string control_socket;                                ///< Empty: the default place; "none": none.
    std::vector<std::pair<std::string, std::string>> changes;  ///< Of `ctl set`.
    bool watch = false;
    std::string http_host = "localhost";
    std::optional<std::uint16_t> http_port;  ///< Nothing: no HTTP; 0: any.
    std::vector<std::string> http_hosts;     ///< Names of the server beside its own.
    std::string http_token_file;             ///< Empty: HTTP only reads.

    // Kafka.
    std::string bootstrap_servers = "localhost:9092";
    std::string topic_prefix = "ecomm";
    bool create_topics = false;
    std::string security_protocol = "plaintext";
    std::string sasl_mechanism;  ///< Empty: none.
    std::string sasl_username;
    std::optional<std::string> sasl_password, sasl_password_file;
    std::string kafka_ca_file, kafka_cert_file, kafka_key_file;
    std::vector<std::pair<std::string, std::string>> kafka_conf;  ///< By librdkafka's names; goes before all others.
    microseconds kafka_timeout{10'000'000};
    bool compact = true;                                     ///< `--cleanup-policy by-table`
    std::optional<microseconds> retention{604'800'000'000};  ///< Nothing: for ever.
    bool validate = false;                                   ///< `topics ensure --dry-run`

    // Plan, answers and explain.
    unit_no units_first = 0;
    unit_no units_last = 9;                                 ///< Inclusive.
    app::plan_format plan_format = app::plan_format::text;  ///< Of `answers` and `load` never text.
    app::answers_as answers_as = app::answers_as::changes;
    std::string table;  ///< The only one that `answers` tells of, or those that `verify` compares; empty: all.
    std::string id;     ///< The one of `explain ID`.

    // Change data capture.
    std::string verb;         ///< Second word of `cdc`, `connector`, `topics`, `verify`, `ctl` and `scenario`.
    bool with_cdc = false;    ///< `init --cdc`.
    std::string publication;  ///< Empty: made of the schema.
    std::string slot;         ///< The same.
    std::string cdc_user = "bazaard_cdc";
    std::string cdc_password_file;
    std::map<std::string, postgres::replica_identity, std::less<>> replica_identities;  ///< By table; * stands for all.
    bool apply = false;
    bool force = false;

    // Connector.
    std::string connector_name;  ///< Empty: made of the schema.
    std::string connect_url = "http://localhost:8083";
    std::string connect_user;
    std::optional<std::string> connect_password, connect_password_file;
    std::string connect_ca_file, connect_cert_file, connect_key_file;
    bool connect_tls_verify = true;
    std::string connector_db_host, connector_db_port;  ///< Empty: as this program reaches the database.
    std::string connector_password = "${env:BAZAARD_DB_PASSWORD}";
    capture::message_format message_format = capture::message_format::json;
    std::string registry_url = "http://localhost:8080";
    std::string snapshot = "initial";
    bool flat = false;
    bool exactly_once = false;
    std::uint32_t partitions = 1;
    std::int32_t replication = -1;
    microseconds connect_timeout{60'000'000};

    // Doctor, and the watch that `run` keeps.
    std::int64_t slot_wal_warn = 1 << 30;  ///< Bytes of the log that a slot may retain; zero: any.
    bool skip_connect = false;
    bool skip_kafka = false;
    bool json = false;

    // Verify.
    std::optional<std::string> source_url;  ///< Of the database where the run is written; nothing: the tables' own.
    std::optional<unit_no> up_to;           ///< Units below are demanded, in tables that fill one by one.
    std::string report_file;                ///< For the report as JSON; empty: none.
    std::uint32_t examples = 20;            ///< Of each kind.
    bool follow = false;
    std::optional<microseconds> interval;  ///< Of `follow`; nothing: as the verb has it.
    std::vector<std::string> files;        ///< Of `verify events`; "-" is standard input.
    std::string topic_pattern;             ///< Names of the tables' topics; empty: as Debezium names them.
    std::optional<unit_no> from_unit;      ///< Units below may be missing.
    microseconds barrier_timeout{60'000'000};
    microseconds duration{10'000'000};  ///< Of `verify stream`.

    /// Values of the scenario's fields: defaults, and over them what was given.
    scenario::settings configuration;

    /// The scenario's fields that were given, as they were typed: a resumed run compares only these.
    std::map<std::string, std::string> given_settings;

    /// All flags that were given, by their main name.
    std::map<std::string, given_value, std::less<>> given;

    /// Lines for the log, once it is open.
    std::vector<std::string> warnings;

    [[nodiscard]] bool is_given(std::string_view flag) const { return given.find(flag) != given.end(); }
};

/// The world around the command line; tests put another one in.
struct surroundings
{
    std::map<std::string, std::string> environment;

    /// Contents of a file, or nothing when it cannot be read; an `error` says why.
    std::function<std::optional<std::string>(const std::string& path)> read;

    /// Whether everybody on the machine may read a file; may be missing.
    std::function<bool(const std::string& path)> is_readable_by_all = {};

    time now;

    /// Those that can be chosen: the default one, and others.
    std::span<const scenario::entry> scenarios = scenario::registry();
};

/// Those of this process.
[[nodiscard]] surroundings process_surroundings();

/// Reads flags, environment and configuration file, in this order of precedence: first for the scenario, whose fields are flags, then
/// for all.
///
/// Overwrites secrets in the memory of `argv`, also when it throws: `ps` shows that memory to everybody.
///
/// Errors: throws `usage`, `no_input` or `config` with the lines of all mistakes at once.
[[nodiscard]] options parse(int argc, char** argv, const surroundings& around);

[[nodiscard]] std::string_view name(command what) noexcept;

/// Words of which a command needs one behind its name; none for most.
[[nodiscard]] std::vector<std::string_view> verbs_of(command what);

/// The command that a command line seems to mean; used to point to its help when `parse` refuses it.
[[nodiscard]] command likely_command(int argc, const char* const* argv);

}  // namespace bazaar::app
