#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "bazaar/postgres/copy_form.hpp"
#include "bazaar/postgres/session.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::postgres
{

/// Rows of one table on their way by binary COPY.
class table_copy
{
public:
    /// Into `table`, a quoted name.
    table_copy(const std::string& table, const model::table& t);

    void add(std::span<const model::value> row, const model::key_codec& ids);

    /// Rows and bytes that wait.
    [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return out_.size(); }

    /// Sends what waits, and leaves the COPY open for more.
    void send(session& on);

    /// Ends the COPY, also one without rows.
    void end(session& on);

    /// Forgets what waits.
    void clear() noexcept;

private:
    copy_form form_;
    std::string sql_;
    byte_buffer out_;
    std::uint64_t rows_ = 0;
    bool begun_ = false;
};

/// Calls its argument with each row.
using row_source = std::function<void(const scenario::row_taker& take)>;

/// Writes rows by binary COPY, `batch_rows` of them a message.
void copy_rows(session& on, std::string_view schema, const model::table& t, const model::key_codec& ids,
               std::size_t batch_rows, const row_source& rows);

/// A transaction of work that is longer than a unit: more patience on both sides while it lives.
class long_transaction
{
public:
    explicit long_transaction(session& on);
    ~long_transaction();
    long_transaction(const long_transaction&) = delete;
    long_transaction& operator=(const long_transaction&) = delete;

    void commit();

private:
    session& session_;
    std::chrono::milliseconds usual_deadline_;
    transaction transaction_;
};

/// Name of a temporary table, gone at the end of the transaction, for rows that take the place of those in a fixed table,
inline constexpr std::string_view newer_rows = "bazaard_newer_rows";

/// what makes it, and what replaces the rows that have another version there.
[[nodiscard]] std::string make_newer_rows(std::string_view place);
[[nodiscard]] std::string take_newer_rows(std::string_view place, const model::table& t);

}  // namespace bazaar::postgres
