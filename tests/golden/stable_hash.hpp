#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>

#include "bazaar/model/unit.hpp"
#include "bazaar/model/value.hpp"

namespace bazaar::test
{

/// A hash of rows that is the same on every machine: FNV-1a over bytes that are spelled out here, the least one first.
///
/// It shares no code with the program's own digests, so that one mistake cannot hide in both.
class stable_hash
{
public:
    void add(std::uint64_t word) noexcept
    {
        for (int shift = 0; shift < 64; shift += 8)
            byte(static_cast<unsigned char>(word >> shift));
    }

    void add(std::string_view text) noexcept
    {
        add(text.size());
        for (const char c : text)
            byte(static_cast<unsigned char>(c));
    }

    void add(const model::value& v) noexcept
    {
        if (v.null())
            return byte(0xff);
        byte(static_cast<unsigned char>(v.kind()));
        switch (v.kind())
        {
        case model::type::text:
        case model::type::bytes:
        case model::type::json:
            return add(v.text());
        case model::type::float64:
            return add(std::bit_cast<std::uint64_t>(v.number()));
        case model::type::ref:
            add(v.row().row);
            add(v.row().unit);
            return byte(v.row().table);
        default:
            return add(static_cast<std::uint64_t>(v.integer()));
        }
    }

    void add(std::span<const model::value> row) noexcept
    {
        add(row.size());
        for (const auto& v : row)
            add(v);
    }

    void add(const model::unit& u) noexcept
    {
        const auto& d = u.decision;
        add(d.no);
        add(static_cast<std::uint64_t>(d.at.us));
        add(d.tick);
        add(std::uint64_t{d.kind});
        for (std::size_t i = 0; i < d.after_count; ++i)
            add(d.after[i]);
        for (const auto& c : u.changes)
        {
            byte(static_cast<unsigned char>(c.what));
            byte(c.table);
            add(c.before);
            add(c.after);
        }
    }

    [[nodiscard]] std::uint64_t value() const noexcept { return state_; }

private:
    void byte(unsigned char b) noexcept { state_ = (state_ ^ b) * 0x100000001b3U; }

    std::uint64_t state_ = 0xcbf29ce484222325U;
};

}  // namespace bazaar::test
