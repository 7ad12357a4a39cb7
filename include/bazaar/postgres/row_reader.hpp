#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/model/table.hpp"
#include "bazaar/postgres/encode.hpp"
#include "bazaar/postgres/session.hpp"

namespace bazaar::postgres
{

/// A table of the model as found in some database: possibly with other types, with additional columns, or without some.
struct table_shape
{
    std::vector<std::uint8_t> columns;  ///< Numbers of the model's columns that exist, ascending; includes the key.
    std::vector<field_type> types;      ///< The model's types of `columns`: the database's are cast to these.
    std::vector<std::string> missing;   ///< Names of the model's columns that do not exist.
    std::string from;                   ///< "schema"."table"
    std::vector<std::string> list;      ///< The list for SELECT: an expression for each of `columns`.
    std::vector<std::string> cast;      ///< Their types if they differ from the model's, else empty.
    std::string key;                    ///< The key, in the model's type.
    std::uint64_t rows = 0;             ///< According to the server's statistics; 0 if it has none.

    /// Position of a column in `columns`; nothing if it does not exist.
    [[nodiscard]] std::optional<std::size_t> place(std::uint8_t column) const noexcept;
};

/// Looks a table up. Nothing if there is none, or it lacks the key.
[[nodiscard]] std::optional<table_shape> look_up(session& on, std::string_view schema, const model::table& t);

/// Values that cannot be cast to the model's types would make every read fail. Such columns are read with NULL in place
/// of these values or, if it cannot be known beforehand which values these are, treated as missing. Returns a line for
/// each such column, beginning with the table's name. `on` must be in a transaction.
[[nodiscard]] std::vector<std::string> make_readable(session& on, table_shape& of, const model::table& t);

/// One column of a row in PostgreSQL's binary format.
struct field
{
    const char* data = nullptr;  ///< Null: NULL.
    std::uint32_t size = 0;

    [[nodiscard]] std::string_view view() const noexcept { return {data, size}; }

    friend bool operator==(const field& a, const field& b) noexcept
    {
        return (a.data == nullptr) == (b.data == nullptr) && a.view() == b.view();
    }
};

/// The rows of one table, read by binary COPY: only the current row is kept.
///
/// Threads: one. Errors: those of the session; `internal` for anything that is not a binary COPY.
class row_reader
{
public:
    /// Reads the rows that satisfy `condition`, an SQL expression over the table's own columns; all rows if it is
    /// empty.
    row_reader(session& on, const table_shape& of, std::string_view condition = {});

    /// False after the last row.
    bool next();

    /// The current row, in the order of the shape's columns; valid until `next`.
    [[nodiscard]] std::span<const field> row() const noexcept { return row_; }

private:
    session& session_;
    std::string_view rest_;
    std::vector<field> row_;
    bool begun_ = false;
};

}  // namespace bazaar::postgres
