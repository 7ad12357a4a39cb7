#include "sql_types.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bazaar/scenario/declared/scalars.hpp"

namespace bazaar::scenario::declared
{
namespace
{

struct type_word
{
    std::string_view word;
    std::string_view name;
    model::type kind;
    std::uint8_t digits;
};

constexpr type_word type_words[] = {
    {"boolean", "boolean", model::type::boolean, 0},
    {"bool", "boolean", model::type::boolean, 0},
    {"smallint", "smallint", model::type::int64, 4},
    {"integer", "integer", model::type::int64, 9},
    {"int", "integer", model::type::int64, 9},
    {"bigint", "bigint", model::type::int64, 18},
    {"text", "text", model::type::text, 0},
    {"timestamp with time zone", "timestamp with time zone", model::type::timestamp, 0},
    {"timestamptz", "timestamp with time zone", model::type::timestamp, 0},
    {"date", "date", model::type::date, 0},
    {"uuid", "uuid", model::type::ref, 0},
    {"json", "json", model::type::json, 0},
};

struct long_word
{
    std::string_view word;
    std::string_view name;
};

constexpr long_word text_words[] = {{"varchar", "character varying"},
                                    {"character varying", "character varying"},
                                    {"char", "character"},
                                    {"character", "character"}};

}  // namespace

std::optional<sql_column_type> sql_type_of(std::string_view text)
{
    for (const auto& one : type_words)
        if (text == one.word)
            return sql_column_type{std::string(one.name), one.kind, one.digits, 0, 0};
    const auto open = text.find('(');
    if (open == text.npos || !text.ends_with(')'))
        return std::nullopt;
    const auto word = text.substr(0, open);
    auto inside = std::string(text.substr(open + 1, text.size() - open - 2));
    std::erase(inside, ' ');
    if (word == "decimal" || word == "numeric")
    {
        const auto comma = inside.find(',');
        const auto digits = integer_of(inside.substr(0, comma));
        const auto scale = comma == inside.npos ? std::optional<std::int64_t>(0) : integer_of(inside.substr(comma + 1));
        if (!digits || !scale || *digits < 1 || *digits > 18 || *scale < 0 || *scale > *digits)
            return std::nullopt;
        return sql_column_type{fmt::format("numeric({},{})", *digits, *scale), model::type::decimal,
                               static_cast<std::uint8_t>(*digits), static_cast<std::uint8_t>(*scale), 0};
    }
    const auto* const found = std::ranges::find(text_words, word, &long_word::word);
    const auto length = integer_of(inside);
    if (found == std::end(text_words) || !length || *length < 1 || *length > 10'485'760)
        return std::nullopt;
    return sql_column_type{fmt::format("{}({})", found->name, *length), model::type::text, 0, 0,
                           static_cast<std::uint32_t>(*length)};
}

}  // namespace bazaar::scenario::declared
