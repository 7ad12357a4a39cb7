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

/// A table of the model as some database has it: perhaps in other types, with further columns, or without some.
struct table_shape
{
    std::vector<std::uint8_t> columns;  ///< Numbers of the model's columns that are there, ascending; with the key.
    std::vector<field_type> types;      ///< Of `columns`, as the model has them: what the database has is cast.
    std::vector<std::string> missing;   ///< Names of the model's columns that are not there.
    std::string from;                   ///< "schema"."table"
    std::vector<std::string> list;      ///< What SELECT names: an expression for each of `columns`.
    std::vector<std::string> cast;      ///< Their types where they are others than the model's, else empty.
    std::string key;                    ///< The key in its type of the model.
    std::uint64_t rows = 0;             ///< By the server's statistics; 0 when it has none.

    /// Place of a column in `columns`; nothing when it is not there.
    [[nodiscard]] std::optional<std::size_t> place(std::uint8_t column) const noexcept;
};

/// Looks a table up. Nothing when there is none, or without the key.
[[nodiscard]] std::optional<table_shape> look_up(session& on, std::string_view schema, const model::table& t);

/// Values that cannot be cast to the model's types would end each reading: such columns are read with NULL in the place of these
/// values, or, where it cannot be known beforehand which ones they are, not at all, as if they were missing. A line for each of
/// them, from the table's name on. `on` stands in a transaction.
[[nodiscard]] std::vector<std::string> make_readable(session& on, table_shape& of, const model::table& t);

/// One column of a row in PostgreSQL's binary form.
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

/// The rows of one table, read by binary COPY: nothing but the row at hand is kept.
///
/// Threads: one. Errors: those of the session; `internal` for what is no binary COPY.
class row_reader
{
public:
    /// Of `condition`, an SQL expression over the table's own columns; all rows when it is empty.
    row_reader(session& on, const table_shape& of, std::string_view condition = {});

    /// False behind the last row.
    bool next();

    /// Of the row at hand, in the order of the shape's columns; lives until `next`.
    [[nodiscard]] std::span<const field> row() const noexcept { return row_; }

private:
    session& session_;
    std::string_view rest_;
    std::vector<field> row_;
    bool begun_ = false;
};

}  // namespace bazaar::postgres
