#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/model/table.hpp"
#include "bazaar/model/unit.hpp"
#include "bazaar/postgres/row_reader.hpp"
#include "bazaar/verify/row_hash.hpp"
#include "bazaar/verify/subject.hpp"
#include "row_key.hpp"

namespace bazaar::verify
{

/// The columns of each table that are compared, by the table's number; empty for tables that are not.
using shapes = std::vector<std::optional<postgres::table_shape>>;

/// Rows of the plan in PostgreSQL's binary form, compared columns only.
///
/// Threads: one.
class row_encoder
{
public:
    row_encoder(const shapes& compared, const model::key_codec& ids) : shapes_(compared), ids_(ids) {}

    /// Of a table that is compared.
    [[nodiscard]] std::uint64_t hash(std::uint8_t table, std::span<const model::value> row);

    /// Each field with its length before it, NULL with the length -1: what `fields_of` reads.
    [[nodiscard]] std::string bytes(std::uint8_t table, std::span<const model::value> row);

private:
    const shapes& shapes_;
    model::key_codec ids_;
    postgres::byte_buffer buffer_;
};

/// The same of rows that were read.
[[nodiscard]] std::uint64_t hash_of(std::span<const postgres::field> row);
[[nodiscard]] std::string bytes_of(std::span<const postgres::field> row);

/// The fields in what `bytes` made; they point into it.
[[nodiscard]] std::vector<postgres::field> fields_of(std::string_view bytes);

/// Takes the rows of one unit; they are gone when it returns.
using unit_taker = std::function<void(const model::unit&)>;

/// Decides the units of a walk up to `end` and builds them in `threads` threads beside the calling one, in any order. Each
/// thread hands its units to a taker of its own. `decided` follows.
///
/// Errors: what walk, scenario or takers throw. A stop leaves units out.
void build_units(unit_walk& walk, const scenario::scenario& shop, unit_no end, unsigned threads,
                 const std::stop_token& stop, std::atomic<unit_no>& decided,
                 const std::function<unit_taker()>& make_taker);

}  // namespace bazaar::verify
