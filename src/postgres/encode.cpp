#include "bazaar/postgres/encode.hpp"

#include <arpa/inet.h>

#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <string>

#include "bazaar/base/error.hpp"
#include "columns.hpp"

namespace bazaar::postgres
{
namespace
{

struct row
{
    std::string_view name;  ///< As format_type prints it.
    wire type;
    unsigned oid;
    unsigned array;
};

/// In the order of `wire`. The numbers are part of PostgreSQL's protocol (pg_type.dat) and never change.
constexpr std::array<row, 16> table{{
    {"boolean", wire::boolean, 16, 1000},
    {"smallint", wire::int2, 21, 1005},
    {"integer", wire::int4, 23, 1007},
    {"bigint", wire::int8, 20, 1016},
    {"numeric", wire::numeric, 1700, 1231},
    {"double precision", wire::float8, 701, 1022},
    {"text", wire::text, 25, 1009},
    {"character varying", wire::varchar, 1043, 1015},
    {"character", wire::bpchar, 1042, 1014},
    {"bytea", wire::bytea, 17, 1001},
    {"timestamp with time zone", wire::timestamptz, 1184, 1185},
    {"date", wire::date, 1082, 1182},
    {"uuid", wire::uuid, 2950, 2951},
    {"json", wire::json, 114, 199},
    {"jsonb", wire::jsonb, 3802, 3807},
    {"inet", wire::inet, 869, 1041},
}};

constexpr bool ordered()
{
    for (std::size_t i = 0; i < table.size(); ++i)
        if (static_cast<std::size_t>(table[i].type) != i)
            return false;
    return true;
}
static_assert(ordered());

constexpr std::size_t no_offset = std::numeric_limits<std::size_t>::max();
constexpr std::uint32_t null_length = 0xffffffff;
constexpr std::int64_t epoch_us = 946'684'800'000'000;  ///< 2000-01-01, where PostgreSQL counts from.
constexpr std::int64_t epoch_days = 10'957;

/// "timestamp(3) with time zone" without its modifier.
std::string without_modifier(std::string_view sql_type)
{
    const auto open = sql_type.find('(');
    const auto close = sql_type.find(')');
    std::string name(sql_type.substr(0, open));
    if (close != sql_type.npos)
        name += sql_type.substr(close + 1);
    return name;
}

[[noreturn]] void misfit(field_type type, const model::value& v)
{
    broken("a value of kind " + std::to_string(static_cast<int>(v.kind())) + " fits the column's type " +
           std::string(table[static_cast<std::size_t>(type.type)].name));
}

void check_kind(field_type type, const model::value& v, model::type wanted)
{
    if (v.kind() != wanted) [[unlikely]]
        misfit(type, v);
}

template <typename Narrow>
Narrow narrowed(field_type type, const model::value& v)
{
    check_kind(type, v, model::type::int64);
    const std::int64_t i = v.integer();
    if (i < std::numeric_limits<Narrow>::min() || i > std::numeric_limits<Narrow>::max()) [[unlikely]]
        misfit(type, v);
    return static_cast<Narrow>(i);
}

/// Sign and base-10000 digits, as numeric_send writes them.
void encode_numeric(byte_buffer& out, std::int64_t units, unsigned scale)
{
    const bool negative = units < 0;
    unsigned __int128 magnitude = negative ? ~static_cast<std::uint64_t>(units) + 1 : static_cast<std::uint64_t>(units);
    // Groups of four digits are counted from the point, so the digits behind it are filled up to whole
    // groups.
    for (unsigned i = scale; i % 4 != 0; ++i)
        magnitude *= 10;
    const int behind = static_cast<int>((scale + 3) / 4);

    std::array<std::uint16_t, 12>
        groups{};  // From the right; 10^19 * 10^3 has six of them, the scale adds at most five.
    int count = 0;
    for (; magnitude != 0; magnitude /= 10'000)
        groups[static_cast<std::size_t>(count++)] = static_cast<std::uint16_t>(magnitude % 10'000);
    int first = 0;
    while (first < count && groups[static_cast<std::size_t>(first)] == 0)
        ++first;

    out.add16(static_cast<std::uint16_t>(count - first));
    out.add16(static_cast<std::uint16_t>(count == 0 ? 0 : count - behind - 1));
    out.add16(negative ? 0x4000 : 0);
    out.add16(static_cast<std::uint16_t>(scale));
    for (int i = count - 1; i >= first; --i)
        out.add16(groups[static_cast<std::size_t>(i)]);
}

void encode_inet(byte_buffer& out, field_type type, const model::value& v)
{
    check_kind(type, v, model::type::text);
    const auto text = v.text();
    const auto slash = text.find('/');
    std::array<char, INET6_ADDRSTRLEN + 1> address{};
    const auto host = text.substr(0, slash);
    if (host.size() >= address.size()) [[unlikely]]
        misfit(type, v);
    host.copy(address.data(), host.size());

    std::array<char, 16> bytes{};
    const bool wide = host.find(':') != host.npos;
    if (inet_pton(wide ? AF_INET6 : AF_INET, address.data(), bytes.data()) != 1) [[unlikely]]
        misfit(type, v);
    unsigned bits = wide ? 128 : 32;
    if (slash != text.npos)
    {
        unsigned given = 0;
        const auto rest = text.substr(slash + 1);
        const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), given);
        if (problem != std::errc{} || end != rest.data() + rest.size() || given > bits) [[unlikely]]
            misfit(type, v);
        bits = given;
    }
    const std::size_t size = wide ? 16 : 4;
    out.add8(wide ? 3 : 2);  // PGSQL_AF_INET6, PGSQL_AF_INET: the same on every system, unlike the C macros.
    out.add8(static_cast<std::uint8_t>(bits));
    out.add8(0);  // Not a cidr.
    out.add8(static_cast<std::uint8_t>(size));
    out.add({bytes.data(), size});
}

void encode_uuid(byte_buffer& out, const uuid& id)
{
    out.add({reinterpret_cast<const char*>(id.data()), id.size()});
}

void encode_uuid(byte_buffer& out, field_type type, const model::value& v)
{
    const auto id = v.kind() == model::type::text ? parse_uuid(v.text()) : std::nullopt;
    if (!id) [[unlikely]]
        misfit(type, v);
    encode_uuid(out, *id);
}

/// A row, by its key.
void encode_key(byte_buffer& out, field_type type, const model::value& v, const model::key_codec& ids)
{
    const auto row = v.row();
    const auto& form = ids.form(row.table);
    const bool text = type.type == wire::text || type.type == wire::varchar || type.type == wire::bpchar;
    if (type.type == wire::uuid)
        encode_uuid(out, ids.uuid_of(row));
    else if (type.type == wire::int8)
        out.add64(static_cast<std::uint64_t>(ids.number_of(row)));
    else if (text && form.is_text())
    {
        model::key_codec::room room;
        out.add(ids.text_of(row, room));
    }
    else
        misfit(type, v);
}

}  // namespace

wire wire_of(std::string_view sql_type)
{
    const auto name = without_modifier(sql_type);
    for (const auto& entry : table)
        if (entry.name == name)
            return entry.type;
    broken("the column type \"" + std::string(sql_type) + "\" has a binary form here");
}

unsigned type_oid(wire type) noexcept
{
    return table[static_cast<std::size_t>(type)].oid;
}

unsigned array_oid(wire type) noexcept
{
    return table[static_cast<std::size_t>(type)].array;
}

std::string_view sql_name(wire type) noexcept
{
    return table[static_cast<std::size_t>(type)].name;
}

void encode(byte_buffer& out, field_type type, const model::value& v, const model::key_codec& ids)
{
    const bool names_row = v.kind() == model::type::ref;
    switch (names_row ? wire::uuid : type.type)
    {
    case wire::boolean:
        check_kind(type, v, model::type::boolean);
        out.add8(v.integer() != 0 ? 1 : 0);
        return;
    case wire::int2:
        out.add16(static_cast<std::uint16_t>(narrowed<std::int16_t>(type, v)));
        return;
    case wire::int4:
        out.add32(static_cast<std::uint32_t>(narrowed<std::int32_t>(type, v)));
        return;
    case wire::int8:
        out.add64(static_cast<std::uint64_t>(narrowed<std::int64_t>(type, v)));
        return;
    case wire::numeric:
        if (v.kind() == model::type::int64)
            encode_numeric(out, v.integer(), 0);
        else
        {
            check_kind(type, v, model::type::decimal);
            encode_numeric(out, v.integer(), type.scale);
        }
        return;
    case wire::float8:
        check_kind(type, v, model::type::float64);
        out.add64(std::bit_cast<std::uint64_t>(v.number()));
        return;
    case wire::text:
    case wire::varchar:
    case wire::bpchar:
        check_kind(type, v, model::type::text);
        out.add(v.text());
        return;
    case wire::bytea:
        check_kind(type, v, model::type::bytes);
        out.add(v.text());
        return;
    case wire::timestamptz:
        check_kind(type, v, model::type::timestamp);
        // 4713 BC, the first moment that PostgreSQL knows.
        if (v.integer() < -210'866'803'200'000'000) [[unlikely]]
            misfit(type, v);
        out.add64(static_cast<std::uint64_t>(v.integer() - epoch_us));
        return;
    case wire::date:
    {
        check_kind(type, v, model::type::date);
        const std::int64_t days = v.integer();
        if (days < -2'440'588 || days > std::numeric_limits<std::int32_t>::max()) [[unlikely]]
            misfit(type, v);
        out.add32(static_cast<std::uint32_t>(days - epoch_days));
        return;
    }
    case wire::uuid:
        return names_row ? encode_key(out, type, v, ids) : encode_uuid(out, type, v);
    case wire::json:
        check_kind(type, v, model::type::json);
        out.add(v.text());
        return;
    case wire::jsonb:
        check_kind(type, v, model::type::json);
        out.add8(1);  // Version of the binary form.
        out.add(v.text());
        return;
    case wire::inet:
        encode_inet(out, type, v);
        return;
    }
}

namespace
{

/// With its length in front.
void encode_sized(byte_buffer& out, field_type type, const model::value& v, const model::key_codec& ids)
{
    const std::size_t at = out.size();
    out.add32(null_length);
    if (v.null())
        return;
    encode(out, type, v, ids);
    out.put32(at, static_cast<std::uint32_t>(out.size() - at - 4));
}

}  // namespace

void encode_copy_row(byte_buffer& out, std::span<const field_type> types, std::span<const model::value> row,
                     const model::key_codec& ids)
{
    expect(types.size() == row.size(), "a row has a value for each column");
    out.add16(static_cast<std::uint16_t>(row.size()));
    for (std::size_t i = 0; i < row.size(); ++i)
        encode_sized(out, types[i], row[i], ids);
}

void encode_copy_header(byte_buffer& out)
{
    using namespace std::string_view_literals;
    out.add("PGCOPY\n\xff\r\n\0"sv);
    out.add32(0);  // Flags.
    out.add32(0);  // No extension.
}

void encode_copy_trailer(byte_buffer& out)
{
    out.add16(0xffff);
}

void parameters::clear() noexcept
{
    bytes_.clear();
    offsets_.clear();
    types_.clear();
    lengths_.clear();
    formats_.clear();
}

void parameters::begin(unsigned type)
{
    offsets_.push_back(bytes_.size());
    types_.push_back(type);
    lengths_.push_back(0);
    formats_.push_back(1);
}

void parameters::end()
{
    lengths_.back() = static_cast<int>(bytes_.size() - offsets_.back());
}

void parameters::add_bool(bool b)
{
    begin(type_oid(wire::boolean));
    bytes_.add8(b ? 1 : 0);
    end();
}

void parameters::add_int8(std::int64_t i)
{
    begin(type_oid(wire::int8));
    bytes_.add64(static_cast<std::uint64_t>(i));
    end();
}

void parameters::add_text(std::string_view text)
{
    begin(type_oid(wire::text));
    bytes_.add(text);
    end();
}

void parameters::add_bytes(std::string_view bytes)
{
    begin(type_oid(wire::bytea));
    bytes_.add(bytes);
    end();
}

void parameters::add(field_type type, const model::value& v, const model::key_codec& ids)
{
    begin(type_oid(type.type));
    if (v.null())
    {
        offsets_.back() = no_offset;
        return;
    }
    encode(bytes_, type, v, ids);
    end();
}

void parameters::begin_array(wire type)
{
    begin(array_oid(type));
    array_ = bytes_.size();
    elements_ = 0;
    nulls_ = false;
    bytes_.add32(1);  // Dimensions.
    bytes_.add32(0);  // 1 when there are NULLs.
    bytes_.add32(type_oid(type));
    bytes_.add32(0);  // Elements.
    bytes_.add32(1);  // Lower bound.
}

void parameters::add_element(field_type type, const model::value& v, const model::key_codec& ids)
{
    ++elements_;
    nulls_ = nulls_ || v.null();
    encode_sized(bytes_, type, v, ids);
}

void parameters::end_array()
{
    end();
    bytes_.put32(array_ + 4, nulls_ ? 1 : 0);
    bytes_.put32(array_ + 12, elements_);
    if (elements_ == 0)
    {
        // An empty array has no dimension and ends before the first one.
        bytes_.put32(array_, 0);
        lengths_.back() = 12;
    }
}

const char* const* parameters::values() const
{
    // The buffer moves while it grows, so the addresses are known only now.
    pointers_.resize(offsets_.size());
    for (std::size_t i = 0; i < offsets_.size(); ++i)
    {
        // Null means NULL, and the address inside a buffer that never held a byte is null, too.
        const char* start = bytes_.size() == 0 ? "" : bytes_.data();
        pointers_[i] = offsets_[i] == no_offset ? nullptr : start + offsets_[i];
    }
    return pointers_.data();
}

}  // namespace bazaar::postgres
