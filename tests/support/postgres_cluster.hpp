#pragma once

#include <map>
#include <string>
#include <string_view>

#include "bazaar/postgres/connection.hpp"

namespace bazaar::test
{

/// A private PostgreSQL: one a test program, started at its first use, stopped when the program ends, however
/// it ends.
///
/// BAZAARD_PG_BIN chooses another server version.
class postgres_cluster
{
public:
    static postgres_cluster& get();

    postgres_cluster(const postgres_cluster&) = delete;
    postgres_cluster& operator=(const postgres_cluster&) = delete;
    ~postgres_cluster();

    /// A new, empty database, reached as superuser through the Unix socket.
    [[nodiscard]] postgres::connection_flags fresh_database();

    /// The same database over TCP, where passwords are asked for.
    [[nodiscard]] postgres::connection_flags over_tcp(postgres::connection_flags flags) const;

    [[nodiscard]] std::string value(std::string_view name) const;
    [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
    [[nodiscard]] std::string superuser_password() const;

private:
    postgres_cluster();

    std::string directory_;
    std::map<std::string, std::string, std::less<>> values_;
    int databases_ = 0;
};

/// A PgBouncer in transaction mode before the cluster, for as long as it lives. It keeps no prepared statements.
class pgbouncer
{
public:
    /// False when the package is not there.
    [[nodiscard]] static bool installed();

    /// `server_sessions` for each database.
    explicit pgbouncer(const postgres_cluster& to, int server_sessions = 2);
    ~pgbouncer();
    pgbouncer(const pgbouncer&) = delete;
    pgbouncer& operator=(const pgbouncer&) = delete;

    /// The same database through it.
    [[nodiscard]] postgres::connection_flags before(const postgres::connection_flags& flags) const;

private:
    std::string directory_;
    int port_ = 0;
    int process_ = 0;
};

/// A loopback port that nobody listens on.
[[nodiscard]] int free_port();

}  // namespace bazaar::test
