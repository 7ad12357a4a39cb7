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
#include "bazaar/daemon/settings.hpp"
#include "bazaar/kafka/sink.hpp"
#include "bazaar/postgres/cdc.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/value_source.hpp"
#include "bazaar/scenario/registry.hpp"
#include "bazaar/scenario/scenario.hpp"
#include "bazaar/scenario/settings.hpp"

namespace bazaar::app
{

using daemon::history_as;
using daemon::plan_format;
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
    views,
    describe,
};

/// What was requested instead of the command's own work.
enum class request : std::uint8_t
{
    work,             ///< Nothing: do the command's work.
    help,             ///< `--help`
    version,          ///< `--version`
    print_config,     ///< `--print-config`
    help_markdown,    ///< `--help-markdown`, the source of docs/flags.md.
    help_man,         ///< `--help-man`, the manual page.
    help_completion,  ///< `--help-completion SHELL`
    help_config,      ///< `--help-config`, a configuration file with all defaults, as comments.
};

/// What `answers` prints about its units.
enum class answers_as : std::uint8_t
{
    changes,  ///< Each change that they make.
    rows,     ///< The resulting rows.
};

/// Everything that is given on the command line, in the environment and in the configuration file, checked.
struct options : daemon::settings
{
    /// All defaults, with the fields of one scenario, which outlives this.
    explicit options(const scenario::entry& of) : settings(of) {}

    command what = command::run;
    bool named = false;  ///< The command was given; `run` may be omitted.
    request ask = request::work;
    std::string shell;  ///< Of `--help-completion`.

    // General.
    log_format format = log_format::automatic;
    bool core_dumps = false;

    // Database.
    std::string writer_role;      ///< For `init`: this role gets the privileges that `run` needs; empty: none.
    bool writer_removes = false;  ///< And those that `--retain` needs.
    bool writer_touches = false;  ///< And those that `--touch-interval` needs.
    std::string view_set;         ///< Of `views`: empty: the first of the scenario; of `init`: empty: none.
    std::string views_schema;     ///< Empty: the name of the set.

    // Commands that ask, or control a daemon.
    bool yes = false;                                          ///< Confirms removals without asking.
    std::vector<std::pair<std::string, std::string>> changes;  ///< Of `ctl set`.
    bool watch = false;

    // Kafka.
    std::string bootstrap_servers = "localhost:9092";
    bool create_topics = false;
    std::string security_protocol = "plaintext";
    std::string sasl_mechanism;  ///< Empty: none.
    std::string sasl_username;
    std::optional<std::string> sasl_password, sasl_password_file;
    std::string kafka_ca_file, kafka_cert_file, kafka_key_file;
    std::vector<std::pair<std::string, std::string>> kafka_conf;  ///< By librdkafka's names; overrides all others.
    microseconds kafka_timeout{10'000'000};
    kafka::delivery kafka_delivery = kafka::delivery::transactional;
    bool register_schemas = true;
    bool compact = true;                                     ///< `--cleanup-policy by-table`
    std::optional<microseconds> retention{604'800'000'000};  ///< Nothing: for ever.
    bool validate = false;                                   ///< `topics ensure --dry-run`

    // Plan, answers and explain.
    unit_no units_first = 0;
    unit_no units_last = 9;  ///< Inclusive.
    app::answers_as answers_as = app::answers_as::changes;
    std::string table;      ///< The only table for `answers`, or those that `verify` compares; empty: all.
    std::string id;         ///< The id of `explain ID`.
    std::string html_file;  ///< For the page of `describe`; empty: none.

    // Change data capture.
    std::string verb;         ///< Second word of `cdc`, `connector`, `topics`, `verify`, `ctl`, `scenario` and `views`.
    bool with_cdc = false;    ///< `init --cdc`.
    std::string publication;  ///< Empty: derived from the schema.
    std::string slot;         ///< Empty: derived from the schema.
    std::string cdc_user = "bazaard_cdc";
    std::string cdc_password_file;
    std::map<std::string, postgres::replica_identity, std::less<>> replica_identities;  ///< By table; * stands for all.
    bool apply = false;
    bool force = false;

    // Connector.
    std::string connector_name;  ///< Empty: derived from the schema.
    std::string connect_url = "http://localhost:8083";
    std::string connect_user;
    std::optional<std::string> connect_password, connect_password_file;
    std::string connect_ca_file, connect_cert_file, connect_key_file;
    bool connect_tls_verify = true;
    std::string connector_db_host, connector_db_port;  ///< Empty: the same as for this program.
    std::string connector_password = "${env:BAZAARD_DB_PASSWORD}";
    capture::message_format message_format = capture::message_format::json;
    std::string registry_url = "http://localhost:8080";
    std::string snapshot = "initial";
    bool flat = false;
    bool exactly_once = false;
    std::uint32_t partitions = 1;
    std::int32_t replication = -1;
    microseconds connect_timeout{60'000'000};

    // Doctor.
    bool skip_connect = false;
    bool skip_kafka = false;
    bool json = false;

    // Verify.
    std::optional<std::string> source_url;  ///< The database where the run is written; nothing: the tables' own.
    std::optional<unit_no> up_to;           ///< Units below are demanded, in tables that are filled one by one.
    std::string report_file;                ///< For the report as JSON; empty: none.
    std::uint32_t examples = 20;            ///< Of each kind.
    bool follow = false;
    std::optional<microseconds> interval;  ///< For `follow`; nothing: the default of the verb.
    std::vector<std::string> files;        ///< Of `verify events`, where "-" is standard input, and of `scenario`.
    std::string topic_pattern;             ///< Names of the tables' topics; empty: as Debezium names them.
    std::optional<unit_no> from_unit;      ///< Units below may be missing.
    microseconds barrier_timeout{60'000'000};
    microseconds duration{10'000'000};  ///< Of `verify stream`.

    // Scenario.
    bool show_tables = false;
    bool show_topics = false;
    bool show_schemas = false;
    bool show_distributions = false;
    std::uint32_t sample = 0;  ///< Rows of each table, or units that are judged; 0: none, and as many as it has.
    std::string begun_from;    ///< What a new file begins with.

    /// Lines for the log, once it is open.
    std::vector<std::string> warnings;
};

/// The environment of the command line; tests replace it.
struct surroundings
{
    std::map<std::string, std::string> environment;

    /// Contents of a file, or nothing if it cannot be read; an `error` says why.
    std::function<std::optional<std::string>(const std::string& path)> read;

    /// Whether everybody on the machine may read a file; may be missing.
    std::function<bool(const std::string& path)> is_readable_by_all = {};

    time now;

    /// The available scenarios: the default one, and others.
    std::span<const scenario::entry> scenarios = scenario::registry();
};

/// The environment of this process.
[[nodiscard]] surroundings process_surroundings();

/// Reads flags, environment and configuration file, in this order of precedence: first for the scenario, whose fields
/// are flags, then for everything.
///
/// Overwrites secrets in the memory of `argv`, even if it throws: `ps` shows that memory to everybody.
///
/// Errors: throws `usage`, `no_input` or `config` with the lines of all mistakes at once.
[[nodiscard]] options parse(int argc, char** argv, const surroundings& around);

[[nodiscard]] std::string_view name(command what) noexcept;

/// The command with this name.
[[nodiscard]] std::optional<command> find_command(std::string_view word);

/// The second words of a command, one of which is required; none for most.
[[nodiscard]] std::vector<std::string_view> verbs_of(command what);

/// The command that a command line seems to mean; used to point to its help if `parse` refuses it.
[[nodiscard]] command likely_command(int argc, const char* const* argv);

}  // namespace bazaar::app
