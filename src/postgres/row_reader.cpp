#include "bazaar/postgres/row_reader.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/identifier.hpp"
#include "columns.hpp"

namespace bazaar::postgres
{
namespace
{

template <typename Unsigned>
Unsigned take(std::string_view& from)
{
    expect(from.size() >= sizeof(Unsigned), "a row of a binary COPY is whole");
    Unsigned value = 0;
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i)
        value = static_cast<Unsigned>(value << 8 | static_cast<std::uint8_t>(from[i]));
    from.remove_prefix(sizeof(Unsigned));
    return value;
}

constexpr std::size_t signature_size = 11;

}  // namespace

std::optional<std::size_t> table_shape::place(std::uint8_t column) const noexcept
{
    const auto found = std::ranges::find(columns, column);
    if (found == columns.end())
        return std::nullopt;
    return static_cast<std::size_t>(found - columns.begin());
}

std::optional<table_shape> look_up(session& on, std::string_view schema, const model::table& t)
{
    const auto there = on.exec(
        "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), greatest(c.reltuples, 0)::bigint "
        "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
        "WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
        {schema, t.name});
    table_shape shape;
    shape.from = quote_qualified(schema, t.name);
    for (const auto number : live_columns(t))
    {
        const auto& column = t.columns[number];
        int row = 0;
        while (row < there.rows() && there.get(row, 0) != column.name)
            ++row;
        if (row == there.rows())
        {
            shape.missing.emplace_back(column.name);
            continue;
        }
        auto sql = quote_identifier(column.name);
        const bool cast = there.get(row, 1) != column.sql_type;
        if (cast)
            sql += fmt::format("::{}", column.sql_type);
        shape.columns.push_back(number);
        shape.types.push_back(field_type::of(column));
        shape.cast.emplace_back(cast ? there.get(row, 1) : std::string_view());
        shape.rows = static_cast<std::uint64_t>(there.number(row, 2));
        if (number == t.key)
            shape.key = sql;
        shape.list.push_back(std::move(sql));
    }
    if (shape.key.empty())
        return std::nullopt;
    return shape;
}

row_reader::row_reader(session& on, const table_shape& of, std::string_view condition) : session_(on)
{
    row_.resize(of.columns.size());
    session_.begin_copy_out(fmt::format("COPY (SELECT {} FROM {}{}{}) TO STDOUT (FORMAT binary)",
                                        fmt::join(of.list, ", "), of.from, condition.empty() ? "" : " WHERE ",
                                        condition));
}

bool row_reader::next()
{
    while (rest_.empty())
    {
        if (!session_.next_copy(rest_))
            return false;
        if (begun_)
            continue;
        begun_ = true;
        expect(rest_.starts_with("PGCOPY\n\xff\r\n"), "a binary COPY begins with its signature");
        rest_.remove_prefix(signature_size);
        static_cast<void>(take<std::uint32_t>(rest_));  // Flags.
        const auto extension = take<std::uint32_t>(rest_);
        expect(extension <= rest_.size(), "the head of a binary COPY is whole");
        rest_.remove_prefix(extension);
    }
    const auto fields = take<std::uint16_t>(rest_);
    if (fields == 0xffff)
    {
        expect(!session_.next_copy(rest_), "nothing stands behind the end of a binary COPY");
        return false;
    }
    expect(fields == row_.size(), "a row of a COPY has the columns that were asked for");
    for (auto& one : row_)
    {
        const auto size = take<std::uint32_t>(rest_);
        if (size == 0xffffffff)
        {
            one = {};
            continue;
        }
        expect(size <= rest_.size(), "a row of a binary COPY is whole");
        one = {rest_.data(), size};
        rest_.remove_prefix(size);
    }
    return true;
}

}  // namespace bazaar::postgres
