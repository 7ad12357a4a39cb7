#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "bazaar/postgres/classify.hpp"
#include "bazaar/postgres/connection.hpp"
#include "bazaar/postgres/encode.hpp"

struct pg_conn;
struct pg_result;

namespace bazaar::postgres
{

/// Rows of one statement.
class result
{
public:
    result() = default;
    explicit result(pg_result* raw) noexcept : raw_(raw) {}

    [[nodiscard]] int rows() const noexcept;
    [[nodiscard]] int columns() const noexcept;
    [[nodiscard]] bool null(int row, int column) const noexcept;

    /// The value as the server sent it; empty if NULL. Valid as long as the result.
    [[nodiscard]] std::string_view get(int row, int column) const noexcept;

    /// A text value as a number; throws `internal` if it is not a number.
    [[nodiscard]] std::int64_t number(int row, int column) const;

    /// Command tag, e.g. "COMMIT" or "INSERT 0 1".
    [[nodiscard]] std::string_view tag() const noexcept;

private:
    struct clear
    {
        void operator()(pg_result* raw) const noexcept;
    };
    std::unique_ptr<pg_result, clear> raw_;
};

/// Either rows or a failure.
struct reply
{
    result value;
    std::optional<failure> failed;
};

/// One parameter in text form; nothing is NULL.
using text_parameter = std::optional<std::string_view>;

/// One connection.
///
/// Lifetime: connected by its constructor; once lost it stays lost, nothing reconnects silently.
/// Threads:  belongs to one thread at a time.
/// Errors:   `try_` functions return failures of the server and the connection; the others throw `query_error`. If a
///           request is not answered before its deadline, the connection is closed, and the request is in doubt.
class session
{
public:
    struct options
    {
        /// For TCP, TLS and login together.
        std::chrono::milliseconds connect_deadline = std::chrono::seconds{10};
        /// For each request.
        std::chrono::milliseconds call_deadline = std::chrono::seconds{10};
        /// Ends every wait at once, as if its deadline had passed.
        std::stop_token cut{};
        /// Does the same, but only until `opened` is called: for whoever still examines a new connection.
        std::stop_token opening_cut{};
    };

    /// Connects, and checks that the server is PostgreSQL 14 or later.
    ///
    /// Errors: throws `unavailable` (nobody answers), `permission` (login or TLS refused), `config` (no such
    /// database, server too old), `no_input` (password file).
    explicit session(const connection_parameters& to) : session(to, options{}) {}
    session(const connection_parameters& to, options opts);
    ~session();
    session(session&&) noexcept;
    session& operator=(session&&) noexcept;

    /// Runs one or more statements without parameters; returns the rows of the last one.
    result exec(std::string_view sql);

    /// Runs one statement.
    result exec(std::string_view sql, std::span<const text_parameter> parameters);
    result exec(std::string_view sql, std::initializer_list<text_parameter> parameters)
    {
        return exec(sql, std::span(parameters.begin(), parameters.size()));
    }

    [[nodiscard]] reply try_exec(std::string_view sql);
    [[nodiscard]] reply try_exec(std::string_view sql, std::span<const text_parameter> parameters);

    /// Binary parameters and binary results. `name` of a prepared statement, `sql` of an unnamed one.
    [[nodiscard]] reply try_prepare(const char* name, const char* sql, std::span<const unsigned> types);
    [[nodiscard]] reply try_call_prepared(const char* name, const parameters& arguments);
    [[nodiscard]] reply try_call(const char* sql, const parameters& arguments);
    result call(const char* sql, const parameters& arguments);

    /// COPY ... FROM STDIN: begin, any number of puts, end.
    void begin_copy(std::string_view sql);
    void put_copy(std::string_view bytes);
    void end_copy();

    /// START_REPLICATION; `change_log` does the rest.
    void begin_stream(std::string_view sql);

    /// COPY ... TO STDOUT: begin, then pieces until false. A piece is valid until the next call. In the binary format
    /// it consists of whole rows. `call_deadline` applies to each piece.
    void begin_copy_out(std::string_view sql);
    [[nodiscard]] bool next_copy(std::string_view& piece);

    /// False once the connection is lost or was given up.
    [[nodiscard]] bool alive() const noexcept;

    /// Outside any transaction.
    [[nodiscard]] bool idle() const noexcept;

    /// True if there is a pooler in between that forbids start-up settings.
    [[nodiscard]] bool pooled() const noexcept { return pooled_; }

    /// Process id of the server process; 0 if unknown.
    [[nodiscard]] int backend() const noexcept;

    /// As reported by the server: 150020 is 15.20.
    [[nodiscard]] int server_version() const noexcept;

    /// Encoding of the database; empty if a pooler does not report it.
    [[nodiscard]] std::string server_encoding() const;

    /// "TLSv1.3" and the like; empty if the connection is not encrypted.
    [[nodiscard]] std::string tls() const;

    /// "user@host:port/dbname".
    [[nodiscard]] const std::string& where() const noexcept { return where_; }
    [[nodiscard]] const std::string& user() const noexcept { return user_; }

    /// A hashed password, which CREATE ROLE accepts instead of the password itself, so that no log of the server
    /// contains it.
    [[nodiscard]] std::string hashed_password(const std::string& role, const std::string& password);

    /// Changes the deadline of later requests.
    void call_deadline(std::chrono::milliseconds limit) noexcept { options_.call_deadline = limit; }

    /// From now on `opening_cut` ends nothing.
    void opened() noexcept { options_.opening_cut = {}; }
    [[nodiscard]] std::chrono::milliseconds call_deadline() const noexcept { return options_.call_deadline; }

    /// Gives the connection up at once.
    void close() noexcept;

private:
    friend class change_log;

    struct finish
    {
        void operator()(pg_conn* raw) const noexcept;
    };

    struct free_piece
    {
        void operator()(char* piece) const noexcept;
    };

    void connect(const connection_parameters& to);
    [[nodiscard]] std::optional<failure> ready();
    [[nodiscard]] std::optional<failure> flush(phase at, std::chrono::steady_clock::time_point deadline);
    [[nodiscard]] reply collect(phase at);
    [[nodiscard]] reply after_send(int sent, phase at);
    [[nodiscard]] failure lost(phase at, std::string message);
    [[nodiscard]] result checked(reply&& answer) const;
    [[noreturn]] void raise(failure what) const;

    options options_;
    std::string where_;
    std::string user_;
    bool pooled_ = false;
    std::unique_ptr<pg_conn, finish> raw_;
    std::unique_ptr<char, free_piece> piece_;  ///< Of a COPY TO STDOUT.
};

/// How to fix a failure, according to what the server says; begins with "; ", or is empty.
[[nodiscard]] std::string_view remedy(const failure& what) noexcept;

/// One line for people: what failed, where, and what would be right.
[[nodiscard]] std::string explain(const failure& what, std::string_view where, std::string_view user);

/// A transaction that rolls back unless it was committed.
class transaction
{
public:
    explicit transaction(session& on, std::string_view begin = "BEGIN");
    ~transaction();
    transaction(const transaction&) = delete;
    transaction& operator=(const transaction&) = delete;

    /// Errors: throws if the server answers ROLLBACK, as it does in a failed transaction.
    void commit();

private:
    session& session_;
    bool open_ = true;
};

}  // namespace bazaar::postgres
