#include "bazaar/verify/logged.hpp"

#include <charconv>

#include "bazaar/base/decimal.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/model/key_codec.hpp"

namespace bazaar::verify
{
namespace
{

template <typename Number>
std::optional<Number> number_of(std::string_view text)
{
    Number made{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), made);
    return failed == std::errc() && end == text.data() + text.size() ? std::optional(made) : std::nullopt;
}

/// As PostgreSQL prints it for a session in UTC: "2026-01-31 23:59:59.123456+00".
std::optional<time> moment_of(std::string_view text)
{
    if (!text.ends_with("+00"))
        return std::nullopt;
    std::string moment(text.substr(0, text.size() - 3));
    moment += 'Z';
    return parse_time(moment);
}

std::optional<model::value> value_of(std::string_view text, const model::column& c)
{
    const auto kind = model::spelled(c);
    using model::value;
    const auto made = [](auto number) -> std::optional<value>
    { return number ? std::optional(value::of(*number)) : std::nullopt; };
    switch (kind)
    {
    case model::type::boolean:
        return text == "t" || text == "f" ? std::optional(value::of_bool(text == "t")) : std::nullopt;
    case model::type::int64:
        return made(number_of<std::int64_t>(text));
    case model::type::decimal:
    {
        const auto units = parse_decimal(text, c.scale);
        return units ? std::optional(value::of_decimal(*units)) : std::nullopt;
    }
    case model::type::float64:
        return made(number_of<double>(text));
    case model::type::timestamp:
        return made(moment_of(text));
    case model::type::date:
    {
        constexpr std::int64_t day = 86'400'000'000;
        const auto moment = parse_time(text);
        return moment ? std::optional(value::of_date(moment->us / day)) : std::nullopt;
    }
    case model::type::text:
    case model::type::json:
    case model::type::bytes:
        return value::of(text, kind);
    case model::type::ref:
        break;
    }
    return std::nullopt;
}

void fill(const std::vector<postgres::logged_column>& from, const model::table& t, told_row& out)
{
    out.assign(from.empty() ? 0 : t.columns.size(), {});
    for (const auto& column : from)
    {
        const auto at = model::column_number(t, column.name);
        if (at == model::no_column || column.unchanged)
            continue;
        auto& made = out[at];
        if (column.null)
        {
            made.what = told::state::null;
            continue;
        }
        made.what = told::state::unreadable;
        made.text = column.text;
        if (model::spelled(t.columns[at]) == model::type::ref)
        {
            const auto id = parse_uuid(column.text);
            if (id)
                made.id = *id, made.what = told::state::value;
        }
        else if (const auto v = value_of(column.text, t.columns[at]))
            made.v = *v, made.what = told::state::value;
    }
}

}  // namespace

bool event_of(const postgres::logged_change& from, std::span<const model::table> tables, std::string_view schema,
              change_event& out)
{
    std::size_t number = 0;
    while (number < tables.size() && tables[number].name != from.table)
        ++number;
    if (number == tables.size() || from.schema != schema)
        return false;
    const auto& t = tables[number];
    using kind = postgres::logged_change::kind;
    out.what = from.what == kind::insert   ? change_event::kind::create
               : from.what == kind::update ? change_event::kind::update
                                           : change_event::kind::erase;
    out.table = static_cast<std::uint8_t>(number);
    // Of a key alone nothing but the key is told.
    out.has_before = from.has_before && !from.key_only;
    out.has_after = !from.after.empty();
    fill(from.before, t, out.before);
    fill(from.after, t, out.after);
    out.key = (out.has_after ? out.after : out.before).at(t.key);
    out.transaction = from.transaction;
    out.lsn = from.lsn;
    out.stream = "change stream";
    out.partition = 0;
    out.offset = static_cast<std::int64_t>(from.lsn);
    return true;
}

}  // namespace bazaar::verify
