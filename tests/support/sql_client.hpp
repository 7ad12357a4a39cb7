#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bazaar/postgres/connection.hpp"

namespace bazaar::test
{

/// Rows of one statement, as text.
class sql_rows
{
public:
    using value = std::optional<std::string>;  ///< Nothing is NULL.

    explicit sql_rows(std::vector<std::vector<value>> all) : all_(std::move(all)) {}

    [[nodiscard]] int rows() const { return static_cast<int>(all_.size()); }
    [[nodiscard]] int columns() const { return all_.empty() ? 0 : static_cast<int>(all_.front().size()); }
    [[nodiscard]] bool null(int row, int column) const { return !at(row, column); }

    /// The value as the server sent it; empty when NULL. Lives as long as the rows.
    [[nodiscard]] std::string_view get(int row, int column) const;

    /// A text value as a number; throws when it is none.
    [[nodiscard]] std::int64_t number(int row, int column) const;

private:
    [[nodiscard]] const value& at(int row, int column) const;

    std::vector<std::vector<value>> all_;
};

/// A statement that the server refused, or that had no answer.
class sql_failure : public std::runtime_error
{
public:
    sql_failure(const std::string& text, std::string state) : std::runtime_error(text), state_(std::move(state)) {}

    /// SQLSTATE; empty where the link broke, or where there was none.
    [[nodiscard]] const std::string& state() const noexcept { return state_; }

private:
    std::string state_;
};

/// How tests look at a database: through libpqxx, so that what judges shares no code with what is judged.
///
/// It is called "test", counts as no session of a daemon, and has no time limits of the server. As that of the program it takes
/// neither its own looks nor the meaning of its texts from the server, the database or the role. Once the link is lost it stays lost.
///
/// What is about a session of the program, or belongs into a transaction that one has open, needs a postgres::session.
class sql_client
{
public:
    /// Connects. A URL and a password file are not read.
    explicit sql_client(const postgres::connection_flags& to, std::string_view search_path = {});
    ~sql_client();
    sql_client(sql_client&&) noexcept;
    sql_client& operator=(sql_client&&) noexcept;

    /// Runs one or more statements; the last one's rows. Throws sql_failure.
    sql_rows exec(std::string_view sql);

    /// Runs one statement with parameters.
    sql_rows exec(std::string_view sql, std::initializer_list<std::string_view> parameters);

    /// Runs statements that may fail: the SQLSTATE, "lost" where none came with the failure, or empty when all is done.
    [[nodiscard]] std::string refusal(std::string_view sql);

    /// False once the link is lost.
    [[nodiscard]] bool alive() const;

    /// Process id of the server's side.
    [[nodiscard]] int backend() const;

    /// As the server says it: 150020 is 15.20.
    [[nodiscard]] int server_version() const;

private:
    struct link;
    std::unique_ptr<link> link_;
};

}  // namespace bazaar::test
