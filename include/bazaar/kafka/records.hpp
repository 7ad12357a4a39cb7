#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/kafka/encoder.hpp"
#include "bazaar/kafka/sink.hpp"
#include "bazaar/kafka/tail.hpp"
#include "bazaar/kafka/unit_header.hpp"
#include "bazaar/model/unit.hpp"

namespace bazaar::kafka
{

/// A record on its way.
struct outgoing
{
    const std::string* topic = nullptr;
    std::optional<std::string_view> key;
    std::optional<std::string_view> value;  ///< Nothing: a tombstone.
    std::int64_t at_ms = 0;
    unit_header_bytes header{};
    std::uint8_t table = 0;

    [[nodiscard]] std::size_t size() const noexcept
    {
        return (key ? key->size() : 0) + (value ? value->size() : 0) + unit_header_name.size() + header.size() + 16;
    }
};

/// The records of a shipment. Reused: after warm-up it allocates nothing.
///
/// Lifetime: what `outgoing` gives lives until the next `clear`.
class records
{
public:
    records(std::vector<bound_outlet> outlets, std::span<const model::table> tables, const model::key_codec& keys,
            std::uint32_t tag);

    void clear();

    /// Encodes the records of a unit, but for those that are there. Errors: `unencodable`.
    void add(const model::unit& unit, const tail& there);

    [[nodiscard]] std::span<const outgoing> all();
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.size(); }
    [[nodiscard]] std::size_t skipped() const noexcept { return skipped_; }

    /// How many records a unit has.
    [[nodiscard]] std::uint16_t count_of(const model::unit& unit) const;

    [[nodiscard]] std::span<const bound_outlet> outlets() const noexcept { return outlets_; }

private:
    /// Where a record lies in the bytes.
    struct place
    {
        const std::string* topic;
        std::size_t key, value, end;
        bool has_key, has_value;
        std::int64_t at_ms;
        unit_header_bytes header;
        std::uint8_t table;
    };

    [[nodiscard]] bool sends(const model::change& c) const;

    std::vector<bound_outlet> outlets_;
    std::span<const model::table> tables_;
    model::key_codec keys_;
    std::uint32_t tag_;
    std::vector<std::unique_ptr<encoder>> encoders_;  ///< By table; empty where none is needed.
    std::string bytes_;
    std::vector<place> places_;
    std::vector<outgoing> outgoing_;
    std::size_t skipped_ = 0;
};

}  // namespace bazaar::kafka
