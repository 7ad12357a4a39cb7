#pragma once

#include <cstdint>
#include <string_view>

#include "bazaar/base/id.hpp"
#include "bazaar/base/time.hpp"

namespace bazaar::model
{

enum class type : std::uint8_t
{
    boolean,
    int64,
    decimal,  ///< Unscaled integer; the scale is the column's.
    float64,  ///< Only for coordinates: computed by plain IEEE operations.
    text,
    bytes,
    timestamp,
    date,  ///< Days since 1970-01-01.
    ref,   ///< A reference to a row of the plan; a uuid in the database.
    json,
};

/// One column of one row: 16 bytes, trivially copyable.
///
/// Lifetime: text, bytes and json point into the unit's arena or into the scenario's catalogue.
class value
{
public:
    value() noexcept = default;  ///< NULL.

    [[nodiscard]] static value of_bool(bool b) noexcept { return value(type::boolean, b ? 1 : 0); }
    [[nodiscard]] static value of(std::int64_t i) noexcept { return value(type::int64, i); }
    [[nodiscard]] static value of_decimal(std::int64_t units) noexcept { return value(type::decimal, units); }
    [[nodiscard]] static value of_date(std::int64_t days) noexcept { return value(type::date, days); }
    [[nodiscard]] static value of(time t) noexcept { return value(type::timestamp, t.us); }
    [[nodiscard]] static value of(double d) noexcept
    {
        value v(type::float64, 0);
        v.double_ = d;
        return v;
    }
    [[nodiscard]] static value of(std::string_view text, type kind = type::text) noexcept
    {
        value v(kind, 0);
        v.text_ = text.data();
        v.size_ = static_cast<std::uint32_t>(text.size());
        return v;
    }
    [[nodiscard]] static value of(const row_id& id) noexcept
    {
        value v(type::ref, static_cast<std::int64_t>(id.row));
        v.table_ = id.table;
        v.size_ = static_cast<std::uint32_t>(id.unit);
        v.unit_high_ = static_cast<std::uint8_t>(id.unit >> 32);
        return v;
    }

    [[nodiscard]] bool null() const noexcept { return null_; }
    [[nodiscard]] type kind() const noexcept { return kind_; }
    [[nodiscard]] std::int64_t integer() const noexcept { return integer_; }
    [[nodiscard]] double number() const noexcept { return double_; }
    [[nodiscard]] time moment() const noexcept { return {integer_}; }
    [[nodiscard]] std::string_view text() const noexcept { return {text_, size_}; }
    [[nodiscard]] row_id row() const noexcept
    {
        return {table_, static_cast<std::uint64_t>(integer_), std::uint64_t{unit_high_} << 32 | size_};
    }

    friend bool operator==(const value& a, const value& b) noexcept;

private:
    value(type kind, std::int64_t i) noexcept : integer_(i), kind_(kind), null_(false) {}

    union
    {
        std::int64_t integer_ = 0;
        double double_;
        const char* text_;
    };
    std::uint32_t size_ = 0;
    type kind_ = type::boolean;
    std::uint8_t table_ = 0;
    bool null_ = true;
    std::uint8_t unit_high_ = 0;
};

static_assert(sizeof(value) == 16);

inline bool operator==(const value& a, const value& b) noexcept
{
    if (a.null_ || b.null_)
        return a.null_ == b.null_;
    if (a.kind_ != b.kind_)
        return false;
    switch (a.kind_)
    {
    case type::text:
    case type::bytes:
    case type::json:
        return a.text() == b.text();
    case type::float64:
        return a.double_ == b.double_;
    case type::ref:
        return a.row() == b.row();
    default:
        return a.integer_ == b.integer_;
    }
}

}  // namespace bazaar::model
