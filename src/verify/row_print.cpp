#include "bazaar/verify/row_print.hpp"

#include <string_view>

#include "bazaar/base/random.hpp"
#include "bazaar/verify/row_hash.hpp"

namespace bazaar::verify
{
namespace
{

constexpr std::size_t columns_max = 64;

template <typename Number>
std::string_view bytes_of(const Number& number) noexcept
{
    return {reinterpret_cast<const char*>(&number), sizeof number};
}

std::uint64_t of_bytes(std::string_view bytes) noexcept
{
    row_hash hash;
    hash.add(bytes);
    return hash.value();
}

std::uint64_t of_value(const model::value& v) noexcept
{
    switch (v.kind())
    {
    case model::type::text:
    case model::type::bytes:
    case model::type::json:
        return of_bytes(v.text());
    case model::type::float64:
        return of_bytes(bytes_of(v.number()));
    default:
        return of_bytes(bytes_of(v.integer()));
    }
}

/// As an event tells it.
std::uint64_t of_key(const row_id& row, const model::key_codec& ids)
{
    const auto& form = ids.form(row.table);
    if (form.names_unit())
        return of_bytes(bytes_of(ids.uuid_of(row)));
    if (!form.is_text())
        return of_bytes(bytes_of(ids.number_of(row)));
    model::key_codec::room room;
    return of_bytes(ids.text_of(row, room));
}

std::uint64_t of_null() noexcept
{
    row_hash hash;
    hash.add_null();
    return hash.value();
}

/// Of no value of the column's type.
std::uint64_t of_unreadable(std::string_view text) noexcept
{
    row_hash hash;
    hash.add_null();
    hash.add(text);
    return hash.value();
}

void begin(row_print& out, std::size_t columns)
{
    out.whole = 0;
    out.told = 0;
    out.columns.assign(columns, 0);
}

void add(row_print& out, std::size_t column, std::uint64_t hash)
{
    out.told |= std::uint64_t{1} << column;
    out.whole += mix(hash + column);
    out.columns[column] = static_cast<std::uint16_t>(hash >> 48);
}

}  // namespace

void print_row(std::span<const model::value> row, std::uint64_t mask, const model::key_codec& ids, row_print& out)
{
    begin(out, row.size());
    for (std::size_t i = 0; i < row.size() && i < columns_max; ++i)
    {
        if ((mask >> i & 1U) == 0)
            continue;
        const auto& v = row[i];
        add(out, i, v.null() ? of_null() : v.kind() == model::type::ref ? of_key(v.row(), ids) : of_value(v));
    }
}

void print_row(const told_row& row, row_print& out)
{
    begin(out, row.size());
    for (std::size_t i = 0; i < row.size() && i < columns_max; ++i)
    {
        const auto& t = row[i];
        switch (t.what)
        {
        case told::state::absent:
            break;
        case told::state::null:
            add(out, i, of_null());
            break;
        case told::state::unreadable:
            add(out, i, of_unreadable(t.text));
            break;
        case told::state::value:
            if (t.resolution == 1)
                add(out, i, t.v.null() ? of_bytes(bytes_of(t.id)) : of_value(t.v));
            break;
        }
    }
}

}  // namespace bazaar::verify
