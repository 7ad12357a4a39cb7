#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "bazaar/base/random.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/postgres/connection.hpp"
#include "bazaar/postgres/session.hpp"
#include "bazaar/run/buckets.hpp"

namespace bazaar::postgres
{

/// Identifies one life of a server. Parts that the role may not read are empty.
struct server_life
{
    std::string system;     ///< System identifier.
    std::string timeline;   ///< Eight hexadecimal digits.
    std::string started;    ///< Start time of the postmaster.
    std::string recovered;  ///< Where the last recovery ended: reveals a crash that the postmaster survived.

    friend bool operator==(const server_life&, const server_life&) = default;
};

/// The columns of a server's life as SQL, in the order in which `life_of` reads them; `whole` needs functions that a
/// hardened server may deny to the role.
[[nodiscard]] std::string life_sql(bool whole);
[[nodiscard]] server_life life_of(const result& rows, int row, int first_column);

/// Why commits that were seen in life `before` may be missing now; empty if they cannot be.
///
/// A plain restart counts, too: the server may be configured not to wait for its disk, the disk may have lost data that
/// it had confirmed, or an older copy may have been restored.
[[nodiscard]] std::string lost_commits(const server_life& before, const server_life& now);

/// What a session is for.
enum class session_use
{
    units,   ///< Writing units.
    records  ///< Keeping the run's own records: mark, control log.
};

/// Opens all sessions of a run, one at a time, with full jitter, while the others wait, so that a server that comes
/// back is not flooded with connections. If the server has few connection slots, neither use of sessions starves the
/// other.
///
/// Threads: any.
class gateway
{
public:
    /// How long the server may be away, and what `dial` throws then.
    struct patience
    {
        std::optional<std::chrono::milliseconds> limit = std::nullopt;  ///< Nothing: no limit.
        error_kind kind = error_kind::temporary;
        std::string_view flag = "max-outage";  ///< Named in the message.
    };

    struct options
    {
        patience outage{};
        /// How long a login that worked before may be refused: passwords may be changed, and roles created again.
        std::chrono::milliseconds login_grace = std::chrono::seconds{60};
        session::options link{};
        /// Receives one line for the log when the server goes away and comes back, and once a minute in between. Any
        /// thread. May be empty.
        std::function<void(bool good, const std::string& line)> tell{};
    };

    explicit gateway(connection_parameters to) : gateway(std::move(to), options{}) {}
    gateway(connection_parameters to, options opts);

    /// Connects to a server that accepts writes; nothing if `stop` is requested.
    ///
    /// Errors: throws the kind of `patience` if the server was away too long; throws at once if waiting does not help:
    /// `permission`, `config`, `no_input`; `run::history_lost` if this is not the server that the run knew.
    [[nodiscard]] std::optional<session> dial(const std::stop_token& stop, session_use use = session_use::units);

    /// To be called when a session of `dial` is gone: it broke, or its owner has closed it.
    void lost(std::string_view why, session_use use = session_use::units);
    void closed(session_use use = session_use::units);

    /// Whether the caller, which has a session for `use`, must close it now, because the other use has none and cannot
    /// get one. Returns true to only one caller at a time.
    [[nodiscard]] bool gives_way(session_use use);

    /// Whether the last attempt to connect failed.
    [[nodiscard]] bool short_of_sessions() const noexcept { return short_; }

    /// Whether the server could not be reached at the last attempt.
    [[nodiscard]] bool away() const;

    /// Number of open sessions of `dial`, and whether another one is being opened.
    [[nodiscard]] int open_sessions() const;
    [[nodiscard]] bool dialing() const;

    /// Changes how long the server may be away from now on.
    void outage(patience limit);

    /// From now on, commits count only in the server's life that this session sees.
    void trust(session& on);

    /// Forgets the server's identity.
    void forget();

    /// Errors: throws `run::history_lost` if `on` is connected to a server on which commits may be missing.
    void check(session& on);

    /// The life that is trusted; nothing before `trust`.
    [[nodiscard]] std::optional<server_life> trusted() const;

    /// Whether the role may read all of `life_sql`.
    [[nodiscard]] bool reads_whole_life() const noexcept { return whole_life_; }

    struct counters
    {
        std::atomic<std::uint64_t> connects{0};
        std::atomic<std::uint64_t> failed{0};
        std::atomic<std::uint64_t> lost{0};
    };
    [[nodiscard]] const counters& counts() const noexcept { return counts_; }

    /// Durations of the successful attempts to connect.
    [[nodiscard]] run::buckets connect_times() const;

    [[nodiscard]] const connection_parameters& parameters() const noexcept { return to_; }

    [[nodiscard]] const session::options& link() const noexcept { return options_.link; }

    /// "user@host:port/dbname".
    [[nodiscard]] const std::string& where() const noexcept { return where_; }

private:
    using clock = std::chrono::steady_clock;

    [[nodiscard]] server_life read_life(session& on);
    [[nodiscard]] session open(const std::stop_token& stop);
    [[nodiscard]] std::optional<session> dial(std::unique_lock<std::mutex>& lock, const std::stop_token& stop,
                                              session_use use);
    [[nodiscard]] int sessions() const { return held_[0] + held_[1]; }
    void came_back(session_use use);
    void stays_away(const query_error& problem);
    [[nodiscard]] bool mended_by_waiting(const query_error& problem, clock::time_point now);
    void tell(bool good, const std::string& line) const;

    const connection_parameters to_;
    const std::string where_;
    const options options_;
    patience patience_;
    std::atomic<bool> whole_life_{true};
    counters counts_;

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    random jitter_;
    bool dialing_ = false;
    std::array<int, 2> held_{};     ///< Sessions, by use.
    std::array<int, 2> wanting_{};  ///< Threads that wait for one, by use.
    /// The only use that may connect now, because the other one gave way to it.
    std::optional<session_use> first_{};
    clock::time_point first_until_{};
    std::atomic<bool> short_{false};  ///< The last attempt failed.
    bool connected_once_ = false;
    run::buckets connect_times_;
    int tries_ = 0;  ///< Since the last success.
    clock::time_point next_try_{};
    std::optional<clock::time_point> away_since_;
    std::optional<clock::time_point> refused_since_;
    clock::time_point told_{};
    clock::time_point told_lost_{};
    int lost_untold_ = 0;
    std::optional<server_life> trusted_;
};

}  // namespace bazaar::postgres
