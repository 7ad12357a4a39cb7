#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/postgres/session.hpp"

namespace bazaar::postgres
{

/// A column of a change as sent by pgoutput.
struct logged_column
{
    std::string_view name;
    std::string_view text;  ///< As PostgreSQL prints the value.
    bool null = false;
    bool unchanged = false;  ///< A large value that the change did not touch, and that is not sent.
};

/// A change of one row from the server's log.
///
/// Lifetime: texts are valid until `pop`.
struct logged_change
{
    enum class kind : std::uint8_t
    {
        insert,
        update,
        erase,
    };

    kind what = kind::insert;
    std::string_view schema, table;
    bool has_before = false;
    bool key_only = false;  ///< `before` has only the key.
    std::vector<logged_column> before, after;
    std::uint32_t transaction = 0;
    std::uint64_t lsn = 0;         ///< Position of the change.
    std::uint64_t commit_lsn = 0;  ///< Position of its transaction's commit.
};

/// The server's own change stream: plugin pgoutput through a temporary slot, which is dropped with the session.
///
/// Threads: one.
/// Errors:  `permission` without REPLICATION, `config` if wal_level is not logical, no slot is free, or there is no
/// such publication; `temporary` if the connection is lost.
class change_log
{
public:
    /// Creates the slot, and streams published changes from there on.
    change_log(const connection_parameters& to, const std::string& publication, std::stop_token stop);

    /// Waits for one message of the stream and stores it; false if none came before the deadline, or at a stop.
    bool fetch(std::chrono::steady_clock::time_point deadline);

    /// Bytes of stored messages.
    [[nodiscard]] std::size_t kept() const noexcept { return kept_bytes_; }

    /// The first stored change; null if there is none. `pop` removes it.
    [[nodiscard]] const logged_change* front();
    void pop();

    /// Everything before this position of the log has been read, whether or not it was published.
    [[nodiscard]] std::uint64_t passed() const noexcept { return passed_; }

private:
    struct relation
    {
        std::string schema, table;
        std::vector<std::string> columns;
    };

    [[nodiscard]] bool receive(std::chrono::steady_clock::time_point deadline, std::string& message);
    [[nodiscard]] bool decode(std::string_view message);
    void confirm();
    void drop();

    session on_;
    std::stop_token stop_;
    std::map<std::uint32_t, relation> relations_;
    std::deque<std::string> kept_;
    std::size_t kept_bytes_ = 0;
    logged_change front_;
    bool has_front_ = false;
    std::uint32_t transaction_ = 0;
    std::uint64_t commit_lsn_ = 0;
    std::uint64_t passed_ = 0;
    std::chrono::steady_clock::time_point confirmed_at_{};
};

/// Where the server's log is now; of a standby, how far it has replayed. What was committed before lies before.
[[nodiscard]] std::uint64_t log_position(session& on);

}  // namespace bazaar::postgres
