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

    /// The value as the server sent it; empty when NULL. Lives as long as the result.
    [[nodiscard]] std::string_view get(int row, int column) const noexcept;

    /// A text value as a number; throws `internal` when it is none.
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
/// Lifetime: connected by its constructor; once lost it stays lost, nothing reconnects in silence.
/// Threads:  belongs to one thread at a time.
/// Errors:   `try_` functions return failures of the server and the link; the others throw `query_error`. A
/// request that is
///           not answered before its deadline closes the connection: what was sent is then in doubt.
class session
{
public:
    struct options
    {
        /// Of TCP, TLS and login together.
        std::chrono::milliseconds connect_deadline = std::chrono::seconds{10};
        /// Of each request.
        std::chrono::milliseconds call_deadline = std::chrono::seconds{10};
        /// Ends every waiting at once, as if its deadline had passed.
        std::stop_token cut{};
        /// The same of connecting alone.
        std::stop_token connect_cut{};
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

    /// Runs one or more statements without parameters; the last one's rows.
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

    /// START_REPLICATION; what follows is `change_log`'s.
    void begin_stream(std::string_view sql);

    /// COPY ... TO STDOUT: begin, then pieces until false. A piece lives until the next call. In the binary form it holds whole
    /// rows. `call_deadline` is that of each piece.
    void begin_copy_out(std::string_view sql);
    [[nodiscard]] bool next_copy(std::string_view& piece);

    /// False once the link is lost or was given up.
    [[nodiscard]] bool alive() const noexcept;

    /// Outside any transaction.
    [[nodiscard]] bool idle() const noexcept;

    /// True when a pooler stands between that forbids start-up settings.
    [[nodiscard]] bool pooled() const noexcept { return pooled_; }

    /// Process id of the server's side; 0 when unknown.
    [[nodiscard]] int backend() const noexcept;

    /// As the server says it: 150020 is 15.20.
    [[nodiscard]] int server_version() const noexcept;

    /// Of the database; empty where a pooler does not say.
    [[nodiscard]] std::string server_encoding() const;

    /// "TLSv1.3" and the like; empty when the link is not encrypted.
    [[nodiscard]] std::string tls() const;

    /// "user@host:port/dbname".
    [[nodiscard]] const std::string& where() const noexcept { return where_; }
    [[nodiscard]] const std::string& user() const noexcept { return user_; }

    /// A password as CREATE ROLE takes it instead of the password itself, which then stands in no log of the server.
    [[nodiscard]] std::string hashed_password(const std::string& role, const std::string& password);

    /// Changes the deadline of the requests to come.
    void call_deadline(std::chrono::milliseconds limit) noexcept { options_.call_deadline = limit; }
    [[nodiscard]] std::chrono::milliseconds call_deadline() const noexcept { return options_.call_deadline; }

    /// Gives the link up at once.
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

/// What mends a failure, by what the server says of it; begins with "; ", or is empty.
[[nodiscard]] std::string_view remedy(const failure& what) noexcept;

/// The one line for people: what failed, where, and what would be right.
[[nodiscard]] std::string explain(const failure& what, std::string_view where, std::string_view user);

/// A transaction that rolls back unless it was committed.
class transaction
{
public:
    explicit transaction(session& on, std::string_view begin = "BEGIN");
    ~transaction();
    transaction(const transaction&) = delete;
    transaction& operator=(const transaction&) = delete;

    /// Errors: throws when the server answers ROLLBACK, as it does in a failed transaction.
    void commit();

private:
    session& session_;
    bool open_ = true;
};

}  // namespace bazaar::postgres
