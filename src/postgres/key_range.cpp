#include "bazaar/postgres/key_range.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bazaar/postgres/identifier.hpp"

namespace bazaar::postgres
{

id_range key_range(const id_codec& ids, std::uint8_t table, std::uint64_t first, std::uint64_t last)
{
    id_range range{ids.encode({table, first, 0}), ids.encode({table, last, no_unit})};
    range.low[8] &= 0xf0;
    range.high[8] |= 0x0f;
    std::fill(range.low.begin() + 9, range.low.end(), std::uint8_t{0});
    std::fill(range.high.begin() + 9, range.high.end(), std::uint8_t{0xff});
    return range;
}

std::string key_sql::literal(std::string_view key) const
{
    return fmt::format("{}::{}", quote_literal(key), table_.columns[table_.key].sql_type);
}

std::string key_sql::between(std::uint64_t first, std::uint64_t last) const
{
    const auto& form = keys_.form(number_);
    const auto among = [&](std::string_view low, std::string_view high)
    { return fmt::format("{} BETWEEN {} AND {}", key_, literal(low), literal(high)); };
    switch (form.what)
    {
    case model::key_form::kind::uuid:
    {
        const auto range = key_range(keys_.ids(), number_, first, last);
        return among(to_string(range.low), to_string(range.high));
    }
    case model::key_form::kind::bigint:
    case model::key_form::kind::sequence:
    {
        // A block of rows may go beyond the last one that has a key.
        const auto end = form.rows() - 1;
        return first > end
                   ? std::string("false")
                   : among(keys_.text({number_, first, no_unit}), keys_.text({number_, std::min(last, end), no_unit}));
    }
    case model::key_form::kind::listed:
        break;
    }
    // Texts of a file have an order of their own.
    const auto end = std::min<std::uint64_t>(last, form.rows() - 1) + 1;
    return any_of(array_text(form.texts.subspan(std::min(first, end), end - std::min(first, end))));
}

std::string key_sql::any_of(std::string_view keys) const
{
    return fmt::format("{} = ANY ({}::{}[])", key_, quote_literal(keys), table_.columns[table_.key].sql_type);
}

std::string key_sql::before(std::string_view key) const
{
    return fmt::format("{} < {}", key_, literal(key));
}

std::string key_sql::after(std::string_view key) const
{
    return fmt::format("{} > {}", key_, literal(key));
}

}  // namespace bazaar::postgres
