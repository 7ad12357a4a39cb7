#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "bazaar/base/id.hpp"
#include "bazaar/model/key_codec.hpp"

namespace bazaar::postgres
{

/// Two ids and all between them.
struct id_range
{
    uuid low{};
    uuid high{};
};

/// The ids among which the rows `first` to `last` of one run's table lie. Tag, table and row number lead an id; the
/// last 60 bits are the unit and the check.
[[nodiscard]] id_range key_range(const id_codec& ids, std::uint8_t table, std::uint64_t first, std::uint64_t last);

/// The ids of all rows of the table.
[[nodiscard]] inline id_range key_range(const id_codec& ids, std::uint8_t table)
{
    return key_range(ids, table, 0, row_end - 1);
}

/// SQL about the keys of one table of a run; `key` is its column, quoted. Keys of others may lie between those of a run: `decode`
/// of the codec tells.
///
/// Lifetime: of the table.
class key_sql
{
public:
    key_sql(const model::table& t, std::uint8_t number, const model::key_codec& keys, std::string key)
        : table_(t), number_(number), keys_(keys), key_(std::move(key))
    {
    }

    /// The rows `first` to `last`, as a condition.
    [[nodiscard]] std::string between(std::uint64_t first, std::uint64_t last) const;

    /// All rows of the run.
    [[nodiscard]] std::string own() const { return between(0, keys_.form(number_).rows() - 1); }

    /// Those with one of these keys, an array's text.
    [[nodiscard]] std::string any_of(std::string_view keys) const;

    /// Those whose key comes before this one, or after it, in the order of the column.
    [[nodiscard]] std::string before(std::string_view key) const;
    [[nodiscard]] std::string after(std::string_view key) const;

private:
    [[nodiscard]] std::string literal(std::string_view key) const;

    const model::table& table_;
    std::uint8_t number_;
    model::key_codec keys_;
    std::string key_;
};

}  // namespace bazaar::postgres
