#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bazaar/postgres/connection.hpp"
#include "support/sql_client.hpp"

namespace bazaar::test
{

/// Cleans up when its object goes, and also when the test program ends in any other way, killed for instance.
class clean_up
{
public:
    /// What tests/support/clean-up does at the end.
    explicit clean_up(std::vector<std::string> words);
    ~clean_up();
    clean_up(const clean_up&) = delete;
    clean_up& operator=(const clean_up&) = delete;

private:
    pid_t process_ = -1;
    int pipe_ = -1;
};

/// A PostgreSQL server of one test, whose life and death the test controls. It keeps its promises to the disk
/// (fsync) unless told otherwise.
///
/// BAZAARD_PG_BIN chooses another server version. As root it runs as another user: PostgreSQL refuses root.
class postgres_server
{
public:
    using milliseconds = std::chrono::milliseconds;

    struct options
    {
        std::map<std::string, std::string> settings;     ///< As in postgresql.conf.
        bool fsync = true;                               ///< Commits wait for the disk.
        std::string wal_directory;                       ///< Where pg_wal lies; empty: within the data directory.
        int wal_segment_mb = 16;                         ///< A small file system wants small ones.
        std::vector<std::string> wrapper;                ///< Words before `postgres`.
        std::map<std::string, std::string> environment;  ///< Of the server; fake_clock makes some.
    };

    enum class stop_mode
    {
        smart,     ///< Waits for the sessions to end.
        fast,      ///< Ends the sessions.
        immediate  ///< Ends without a checkpoint.
    };

    /// Makes it and starts it.
    postgres_server() : postgres_server(options{}) {}
    explicit postgres_server(options how);
    ~postgres_server();
    postgres_server(const postgres_server&) = delete;
    postgres_server& operator=(const postgres_server&) = delete;

    /// Returns when it takes sessions. Throws with the end of its log when it does not come up.
    void start(milliseconds limit = std::chrono::seconds(60));

    /// False when it did not end in time: it is still on its way out then.
    bool stop(stop_mode mode, milliseconds limit = std::chrono::seconds(60));

    /// SIGKILL to the postmaster and to every process of its own. The next start finds what they left.
    void kill_hard();

    /// Waits until it has ended by itself, in a PANIC for instance.
    [[nodiscard]] bool ended(milliseconds limit);
    [[nodiscard]] bool running() const { return !processes().empty(); }

    /// Stops it and starts it on another port.
    void move_to_another_port();
    [[nodiscard]] int port() const noexcept { return port_; }

    /// Sets a setting, now or while stopped; reload() or a start makes it hold.
    void set(std::string_view name, std::string_view value);

    /// Returns when new sessions see the settings.
    void reload();

    /// A database over TCP with a password, as superuser.
    [[nodiscard]] postgres::connection_flags flags(std::string_view database = "postgres") const;

    /// The same through the Unix socket.
    [[nodiscard]] postgres::connection_flags socket_flags(std::string_view database = "postgres") const;

    /// A new, empty database, over TCP.
    [[nodiscard]] postgres::connection_flags fresh_database();

    /// A session that does not count as one of the daemon's, without time limits of the server.
    [[nodiscard]] sql_client superuser(std::string_view database = "postgres") const;

    /// Server processes of the daemon's sessions, in order of their age.
    [[nodiscard]] std::vector<pid_t> backends() const;

    /// Those of them for which a condition on pg_stat_activity holds.
    [[nodiscard]] std::vector<pid_t> backends(std::string_view condition) const;

    /// Ends one of the daemon's sessions; which one follows from the seed. Nothing when there is none.
    std::optional<pid_t> terminate_random_backend(std::uint64_t seed);

    /// SIGSTOP to these, or to all of the daemon's. resume() continues whatever is paused.
    void pause_backends(const std::vector<pid_t>& which);
    void pause_backends() { pause_backends(backends()); }
    void resume();

    /// A copy that streams from this one, asynchronously. It must go before this one goes.
    [[nodiscard]] std::unique_ptr<postgres_server> make_standby();

    /// Of a standby: nothing that the primary commits from now on arrives; a promotion loses it.
    void pause_receiving();
    void resume_receiving();

    /// Of a standby: returns when it shows what the primary has committed by now.
    void wait_for_catch_up(milliseconds limit = std::chrono::seconds(30));

    /// Makes a primary of a standby.
    void promote();

    /// The whole log, of all its lives.
    [[nodiscard]] std::string log() const;

    /// How often a text is in the log.
    [[nodiscard]] int logged(std::string_view text) const;

    [[nodiscard]] const std::string& directory() const noexcept { return directory_; }

    /// Process ids of everything that works in the data directory.
    [[nodiscard]] std::vector<pid_t> processes() const;

private:
    postgres_server(options how, const postgres_server* primary);

    [[nodiscard]] std::string data() const { return directory_ + "/data"; }
    [[nodiscard]] std::string program(std::string_view name) const { return bin_ + "/" + std::string(name); }
    [[nodiscard]] std::optional<pid_t> postmaster() const;
    void make_data();
    void copy_data();
    void configure() const;
    void launch();
    [[nodiscard]] std::string complaint() const;

    options options_;
    const postgres_server* primary_ = nullptr;
    std::string bin_;
    std::string directory_;
    std::string password_;
    std::optional<clean_up> clean_up_;
    int port_ = 0;
    pid_t child_ = -1;
    std::vector<pid_t> paused_;
    int databases_ = 0;
};

/// The clock of a server, as a file says it; the monotonic clock stays true.
class fake_clock
{
public:
    /// False when the package faketime is not installed.
    [[nodiscard]] static bool installed();

    fake_clock();
    ~fake_clock();
    fake_clock(const fake_clock&) = delete;
    fake_clock& operator=(const fake_clock&) = delete;

    /// Moves it against the true time.
    void offset(std::chrono::seconds by);

    /// For postgres_server::options or for any other process.
    [[nodiscard]] std::map<std::string, std::string> environment() const;

private:
    std::string path_;
};

/// A file system of a few megabytes, in memory, for a tablespace or for pg_wal.
class small_disk
{
public:
    /// Why there can be none here; empty when there can.
    [[nodiscard]] static std::string obstacle();

    explicit small_disk(int megabytes);
    ~small_disk();
    small_disk(const small_disk&) = delete;
    small_disk& operator=(const small_disk&) = delete;

    /// A new directory on it that servers can write to.
    [[nodiscard]] std::string make_directory(std::string_view name) const;

    /// Uses up what is left, and gives it back.
    void fill();
    void free();

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
    std::optional<clean_up> clean_up_;
};

}  // namespace bazaar::test
