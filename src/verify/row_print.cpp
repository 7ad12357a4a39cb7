#include "bazaar/verify/row_print.hpp"

#include <bit>
#include <cstring>
#include <string_view>

namespace bazaar::verify
{
namespace
{

constexpr std::size_t columns_max = 64;

/// Finaliser of MurmurHash3.
constexpr std::uint64_t mixed(std::uint64_t x) noexcept
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ULL;
    return x ^ x >> 33;
}

std::uint64_t of_bytes(std::string_view bytes, std::uint64_t seed) noexcept
{
    std::uint64_t hash = seed ^ mixed(bytes.size() + 1);
    for (std::size_t at = 0; at < bytes.size(); at += 8)
    {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + at, std::min<std::size_t>(8, bytes.size() - at));
        hash = mixed(hash ^ word) + 0x9e3779b97f4a7c15ULL;
    }
    return hash;
}

std::uint64_t of_uuid(const uuid& id, std::uint64_t seed) noexcept
{
    return of_bytes({reinterpret_cast<const char*>(id.data()), id.size()}, seed);
}

std::uint64_t of_value(const model::value& v, std::uint64_t seed) noexcept
{
    switch (v.kind())
    {
    case model::type::text:
    case model::type::bytes:
    case model::type::json:
        return of_bytes(v.text(), seed);
    case model::type::float64:
        return mixed(std::bit_cast<std::uint64_t>(v.number()) ^ seed);
    default:
        return mixed(static_cast<std::uint64_t>(v.integer()) ^ seed);
    }
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
    out.whole += mixed(hash + column);
    out.columns[column] = static_cast<std::uint8_t>(hash >> 56);
}

constexpr std::uint64_t null_hash = 0x6e756c6c;

constexpr std::uint64_t seed_of(std::size_t column) noexcept
{
    return mixed(column + 1);
}

}  // namespace

void print_row(std::span<const model::value> row, std::uint64_t mask, const id_codec& ids, row_print& out)
{
    begin(out, row.size());
    for (std::size_t i = 0; i < row.size() && i < columns_max; ++i)
    {
        if ((mask >> i & 1U) == 0)
            continue;
        const auto seed = seed_of(i);
        add(out, i,
            row[i].null()                       ? mixed(null_hash ^ seed)
            : row[i].kind() == model::type::ref ? of_uuid(ids.encode(row[i].row()), seed)
                                                : of_value(row[i], seed));
    }
}

void print_row(const told_row& row, row_print& out)
{
    begin(out, row.size());
    for (std::size_t i = 0; i < row.size() && i < columns_max; ++i)
    {
        const auto& t = row[i];
        const auto seed = seed_of(i);
        switch (t.what)
        {
        case told::state::absent:
            break;
        case told::state::null:
            add(out, i, mixed(null_hash ^ seed));
            break;
        case told::state::unreadable:
            add(out, i, of_bytes(t.text, ~seed));
            break;
        case told::state::value:
            if (t.resolution == 1)
                add(out, i, t.v.null() ? of_uuid(t.id, seed) : of_value(t.v, seed));
            break;
        }
    }
}

}  // namespace bazaar::verify
