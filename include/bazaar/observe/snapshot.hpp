#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bazaar/base/time.hpp"
#include "bazaar/observe/chronicle.hpp"
#include "bazaar/postgres/connection.hpp"
#include "bazaar/run/runner.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::observe
{

enum class state : std::uint8_t
{
    opening,   ///< Connecting, checking the schema, planning up to the mark.
    history,   ///< Writes the past at full speed.
    running,   ///< Live.
    paused,    ///< Nothing is planned until the run is resumed.
    stopping,  ///< Units in flight are finished.
};

[[nodiscard]] std::string_view name(state what) noexcept;

/// A replication slot, and how much log the server keeps for it.
struct slot
{
    std::string name;
    bool active = false;
    std::int64_t retained = 0;  ///< Bytes.
};

/// A sale as it is shown.
struct sold
{
    unit_no unit = 0;
    std::string id;
    time at;  ///< Business time.
    std::vector<scenario::cell> cells;
};

/// Everything that is known about a daemon at one moment: the source of status and metrics.
///
/// Threads: a plain value.
struct snapshot
{
    std::string version;
    time clock;  ///< This machine's clock, at that moment.
    state now = state::opening;
    bool ready = false;
    std::vector<std::string> reasons;  ///< Why it is not ready.

    std::string run;
    std::string schema;
    std::string scenario;
    scenario::exhibit shown;            ///< Of the scenario.
    std::string where;                  ///< "user@host:port/dbname".
    postgres::database_place database;  ///< As given when the daemon was started.
    std::optional<std::uint64_t> seed;  ///< Nothing while the run is being opened.
    std::optional<time> start;
    std::int64_t epoch = 0;

    std::uint64_t ticks = 0;    ///< Of the whole run.
    std::uint64_t planned = 0;  ///< Units of the whole run.
    run::tally done;            ///< By this process.
    microseconds lag{0};
    double target = 0;  ///< Ticks per second.
    double actual = 0;
    double units = 0;  ///< Units per second.
    std::vector<scenario::figure> figures;
    std::vector<std::pair<std::string, std::string>> settings;  ///< Those that can be changed, as they are now.
    std::string pace;                                           ///< The one that is the target; empty: none.

    bool database_up = false;
    int sessions = 0;
    bool connecting = false;
    std::uint64_t connects = 0, connect_failures = 0, sessions_lost = 0;
    std::vector<slot> slots;
    std::vector<sold> sales;            ///< The newest ones, oldest first.
    std::vector<happening> happenings;  ///< Likewise.
    bool control = false;               ///< Whether there is a token to control it by HTTP.
    std::string line;                   ///< For a terminal.

    // Only for the metrics.
    std::string compiler;
    std::vector<std::string_view> kinds;   ///< Names, as `done.kinds` has them.
    std::vector<std::string_view> tables;  ///< Names, as `done.rows` has them.
    std::uint32_t window = 0;              ///< W.
    bool lease_held = false;
    std::optional<double> last_commit;  ///< Seconds since 1970.
    std::optional<double> last_heartbeat;
    std::vector<std::pair<std::string_view, std::uint64_t>> control_entries;  ///< By kind.
    run::buckets connect_times;
    std::vector<std::pair<std::string_view, std::uint64_t>> topics;  ///< By state, as found or created at the start.
    double loop_delay = 0;                                           ///< Seconds.
    std::uint64_t reloads = 0, reload_failures = 0;
    std::optional<double> last_reload;
    std::uint64_t log_lines_lost = 0;
    std::vector<std::pair<std::string_view, std::uint64_t>> http_refused;  ///< By reason.
};

/// GET /status: an object whose fields are always there.
[[nodiscard]] std::string status_json(const snapshot& of);

/// GET /readyz.
[[nodiscard]] std::string readiness_json(const snapshot& of);

}  // namespace bazaar::observe
