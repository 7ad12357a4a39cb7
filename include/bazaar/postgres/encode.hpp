#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/model/value.hpp"

namespace bazaar::postgres
{

/// Types with a binary form that is supported here.
enum class wire : std::uint8_t
{
    boolean,
    int2,
    int4,
    int8,
    numeric,
    float8,
    text,
    varchar,
    bpchar,
    bytea,
    timestamptz,
    date,
    uuid,
    json,
    jsonb,
    inet,
};

/// The binary form of an SQL type as format_type prints it; its modifiers do not matter.
/// Errors: throws `internal` for an unsupported type.
[[nodiscard]] wire wire_of(std::string_view sql_type);

/// PostgreSQL's oid of the type, and of its array type.
[[nodiscard]] unsigned type_oid(wire type) noexcept;
[[nodiscard]] unsigned array_oid(wire type) noexcept;

/// A buffer for values: bytes in network order, reused without releasing memory.
class byte_buffer
{
public:
    void clear() noexcept { size_ = 0; }
    void add8(std::uint8_t x) { *grow(1) = static_cast<char>(x); }
    void add16(std::uint16_t x) { store(grow(2), x); }
    void add32(std::uint32_t x) { store(grow(4), x); }
    void add64(std::uint64_t x) { store(grow(8), x); }
    void add(std::string_view bytes)
    {
        if (!bytes.empty())
            std::memcpy(grow(bytes.size()), bytes.data(), bytes.size());
    }

    /// Overwrites four bytes written before.
    void put32(std::size_t at, std::uint32_t x) noexcept { store(bytes_.data() + at, x); }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] const char* data() const noexcept { return bytes_.data(); }
    [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), size_}; }

private:
    /// Compilers turn this into one instruction.
    template <typename Unsigned>
    static void store(char* to, Unsigned x) noexcept
    {
        for (std::size_t i = 0; i < sizeof(x); ++i)
            to[i] = static_cast<char>(x >> (8 * (sizeof(x) - 1 - i)) & 0xff);
    }

    /// Room for `more` bytes, counted as written.
    char* grow(std::size_t more)
    {
        if (more > bytes_.size() - size_) [[unlikely]]
            bytes_.resize(std::max(2 * bytes_.size(), size_ + more));
        size_ += more;
        return bytes_.data() + size_ - more;
    }

    std::vector<char> bytes_;  ///< Those from `size_` on are free.
    std::size_t size_ = 0;
};

/// Type of one column in the database.
struct field_type
{
    wire type = wire::text;
    std::uint8_t scale = 0;  ///< Digits after the point of a decimal.

    /// The type of a column of the model.
    [[nodiscard]] static field_type of(const model::column& c) { return {wire_of(c.sql_type), c.scale}; }
};

/// Appends the binary form of a value that is not NULL, without its length.
///
/// Errors: throws `internal` if the value does not fit the type: the scenario's table and its rows disagree.
void encode(byte_buffer& out, field_type type, const model::value& v, const model::key_codec& ids);

/// One row of COPY ... WITH (FORMAT binary). `types` and `row` have the same length.
void encode_copy_row(byte_buffer& out, std::span<const field_type> types, std::span<const model::value> row,
                     const model::key_codec& ids);

/// The bytes before the first and after the last row of a binary COPY.
void encode_copy_header(byte_buffer& out);
void encode_copy_trailer(byte_buffer& out);

/// Binary parameters of one call.
///
/// Limits: after warm-up no call allocates. `values` is valid until the next change.
class parameters
{
public:
    void clear() noexcept;

    void add_bool(bool b);
    void add_int8(std::int64_t i);
    void add_text(std::string_view text);
    void add_bytes(std::string_view bytes);
    void add(field_type type, const model::value& v, const model::key_codec& ids);

    /// A one-dimensional array, element by element; an empty one has no dimension.
    void begin_array(wire type);
    void add_element(field_type type, const model::value& v, const model::key_codec& ids);
    void end_array();

    [[nodiscard]] int count() const noexcept { return static_cast<int>(lengths_.size()); }
    [[nodiscard]] const unsigned* types() const noexcept { return types_.data(); }
    [[nodiscard]] const int* lengths() const noexcept { return lengths_.data(); }
    [[nodiscard]] const int* formats() const noexcept { return formats_.data(); }
    [[nodiscard]] const char* const* values() const;

private:
    void begin(unsigned type);
    void end();

    byte_buffer bytes_;
    std::vector<std::size_t> offsets_;  ///< For a NULL: no_offset.
    std::vector<unsigned> types_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
    std::size_t array_ = 0;
    std::uint32_t elements_ = 0;
    bool nulls_ = false;
    mutable std::vector<const char*> pointers_;
};

}  // namespace bazaar::postgres
