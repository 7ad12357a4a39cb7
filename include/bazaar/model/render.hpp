#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bazaar/base/id.hpp"
#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/model/unit.hpp"

namespace bazaar::model
{

/// Prints units for people and for programs; refs appear as the keys that PostgreSQL stores.
///
/// Threads: immutable.
class renderer
{
public:
    renderer(std::span<const table> tables, std::span<const unit_kind> kinds, const key_codec& keys)
        : tables_(tables), kinds_(kinds), keys_(keys)
    {
    }

    /// A head line and one line per change, indented.
    void text(const unit& what, std::string& out) const;

    /// One JSON object and a line feed: unit, tick, kind, at, after, changes (op, table, before, after). Decimals and
    /// timestamps are strings; an absent side is null.
    void json(const unit& what, std::string& out) const;

    /// One JSON object and a line feed: unit, tick, kind, at, op, table, key, before, after.
    void change_json(const decision& of, const change& c, std::string& out) const;

    /// One JSON object and a line feed: table, key, unit (null: before unit 0), row.
    void row_json(std::uint8_t table, std::optional<unit_no> by, std::span<const value> row, std::string& out) const;

    /// Changes and rows as CSV (RFC 4180), with line feeds and a header. The columns of a change are unit, tick, kind,
    /// at, op, key, then each column as before_NAME and as after_NAME; those of a row are unit and the columns. NULL is
    /// empty, an empty text is "". PostgreSQL's COPY can read it.
    void change_csv_header(std::uint8_t table, std::string& out) const;
    void change_csv(const decision& of, const change& c, std::string& out) const;
    void row_csv_header(std::uint8_t table, std::string& out) const;
    /// Without the unit: only the columns of the table, as COPY reads them.
    void copy_csv(std::uint8_t table, std::span<const value> row, std::string& out) const;
    void copy_csv_header(std::uint8_t table, std::string& out) const;
    void row_csv(std::uint8_t table, std::optional<unit_no> by, std::span<const value> row, std::string& out) const;

    /// One value as text; NULL as "NULL", text in quotes.
    void value_text(const value& v, const column& c, std::string& out) const;

private:
    void value_json(const value& v, const column& c, std::string& out) const;
    void value_csv(const value& v, const column& c, std::string& out) const;
    void side_csv(std::span<const value> side, const table& t, std::string& out) const;
    void side_json(std::span<const value> side, const table& t, std::string& out) const;
    void bare(const value& v, const column& c, std::string& out) const;
    /// What is printed as a text, of a key also; nothing for other values.
    [[nodiscard]] std::optional<std::string_view> text_in(const value& v, key_codec::room& room) const;

    std::span<const table> tables_;
    std::span<const unit_kind> kinds_;
    key_codec keys_;
};

}  // namespace bazaar::model
