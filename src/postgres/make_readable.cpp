#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "bazaar/postgres/identifier.hpp"
#include "bazaar/postgres/row_reader.hpp"

namespace bazaar::postgres
{
namespace
{

constexpr std::string_view pattern_number = R"(^\s*[-+]?\d{1,40}(\.\d{0,40})?\s*$)";
constexpr std::string_view pattern_integer = R"(^\s*[-+]?\d{1,40}\s*$)";
constexpr std::string_view pattern_float = R"(^\s*[-+]?\d{1,40}(\.\d{0,40})?([eE][-+]?\d{1,2})?\s*$)";
constexpr std::string_view pattern_boolean = "^(t|f|true|false|1|0)$";
constexpr std::string_view pattern_uuid = "^([0-9a-fA-F]{4}-?){8}$";

/// Days of the calendar, with leap years; none of the year 0.
constexpr std::string_view date =
    R"((?!0000)(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])|\d{4}-(0[13-9]|1[0-2])-(29|30)|\d{4}-(0[13578]|1[02])-31|)"
    R"((\d\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29))";
constexpr std::string_view time_of_day =
    R"(([ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)? ?(Z|[-+](0\d|1[0-4])(:?[0-5]\d)?)?)?)";

/// The precision of "numeric(12,2)".
std::optional<int> precision_of(std::string_view sql_type)
{
    const auto open = sql_type.find('(');
    int digits = 0;
    if (open == sql_type.npos ||
        std::from_chars(sql_type.data() + open + 1, sql_type.data() + sql_type.size(), digits).ec != std::errc{})
        return std::nullopt;
    return digits;
}

/// No value of the type can be refused.
bool always_castable(std::string_view from, const model::column& to, wire type)
{
    switch (type)
    {
    case wire::text:
        return true;
    case wire::varchar:
    case wire::bpchar:
        return to.sql_type.find('(') == to.sql_type.npos;
    case wire::int8:
        return from == "integer" || from == "smallint";
    case wire::int4:
        return from == "smallint";
    case wire::float8:
        return from == "real" || from == "integer" || from == "smallint" || from == "bigint";
    case wire::numeric:
        return to.sql_type.find('(') == to.sql_type.npos && !from.starts_with("text") && !from.starts_with("char");
    case wire::timestamptz:
        return from.starts_with("timestamp") || from == "date";
    default:
        return false;
    }
}

/// The values of a column that its type takes, and NULL for the others; nothing where that cannot be said beforehand.
std::optional<std::string> what_fits(const std::string& name, const model::column& column, field_type type)
{
    const auto text = fmt::format("{}::text", name);
    const auto value = fmt::format("{}::{}", text, column.sql_type);
    const auto where = [&](std::string_view pattern, const std::string& then)
    { return fmt::format("CASE WHEN {} ~ {} THEN {} END", text, quote_literal(pattern), then); };
    const auto within = [&](std::string_view low, std::string_view high)
    {
        return where(pattern_integer,
                     fmt::format("CASE WHEN {}::numeric BETWEEN {} AND {} THEN {} END", text, low, high, value));
    };
    switch (type.type)
    {
    case wire::boolean:
        return where(pattern_boolean, value);
    case wire::int2:
        return within("-32768", "32767");
    case wire::int4:
        return within("-2147483648", "2147483647");
    case wire::int8:
        return within("-9223372036854775808", "9223372036854775807");
    case wire::numeric:
        if (const auto digits = precision_of(column.sql_type))
            return where(pattern_number,
                         fmt::format("CASE WHEN abs(round({}::numeric, {})) < 1e{} THEN {} END", text,
                                     static_cast<int>(type.scale), *digits - static_cast<int>(type.scale), value));
        return where(pattern_number, value);
    case wire::float8:
        return where(pattern_float, value);
    case wire::uuid:
        return where(pattern_uuid, value);
    case wire::timestamptz:
        return where(fmt::format("^{}{}$", date, time_of_day), value);
    case wire::date:
        return where(fmt::format("^{}$", date), value);
    default:
        return std::nullopt;
    }
}

/// What is wrong with reading all values of these; nothing when it is fine. Errors: those that are not the values'.
std::optional<std::string> refused(session& on, const std::string& from, const std::vector<std::string>& expressions)
{
    std::string list;
    for (const auto& one : expressions)
        list += fmt::format("{}count({})", list.empty() ? "" : ", ", one);
    on.exec("SAVEPOINT readable");
    try
    {
        static_cast<void>(on.exec(fmt::format("SELECT {} FROM {}", list, from)));
        on.exec("RELEASE SAVEPOINT readable");
        return std::nullopt;
    }
    catch (const query_error& problem)
    {
        // Values of a type are refused with class 22, casts that there are none of with 42846.
        const auto state = problem.cause().state();
        if (!state.starts_with("22") && state != "42846")
            throw;
        on.exec("ROLLBACK TO SAVEPOINT readable; RELEASE SAVEPOINT readable");
        return problem.cause().message;
    }
}

}  // namespace

std::vector<std::string> make_readable(session& on, table_shape& of, const model::table& t)
{
    std::vector<std::string> lines;
    std::vector<std::string> doubtful;
    const auto may_fail = [&](std::size_t i)
    { return !of.cast[i].empty() && !always_castable(of.cast[i], t.columns[of.columns[i]], of.types[i].type); };
    for (std::size_t i = 0; i < of.columns.size(); ++i)
        if (may_fail(i))
            doubtful.push_back(of.list[i]);
    if (doubtful.empty() || !refused(on, of.from, doubtful))
        return lines;
    for (std::size_t i = of.columns.size(); i-- > 0;)
    {
        const auto& column = t.columns[of.columns[i]];
        const auto why = may_fail(i) ? refused(on, of.from, {of.list[i]}) : std::nullopt;
        if (!why)
            continue;
        const auto name = quote_identifier(column.name);
        const auto fitting = what_fits(name, column, of.types[i]);
        if (fitting && !refused(on, of.from, {*fitting}))
        {
            const auto odd = on.exec(fmt::format("SELECT count(*), left(min({0}::text), 100) FROM {1} WHERE {0} IS NOT "
                                                 "NULL AND ({2}) IS NULL",
                                                 name, of.from, *fitting));
            lines.push_back(fmt::format("{}.{} has {} values that are no {} and count as NULL, one of them: {}", t.name,
                                        column.name, odd.get(0, 0), column.sql_type, odd.get(0, 1)));
            of.list[i] = *fitting;
            if (of.columns[i] == t.key)
                of.key = fmt::format("({})", *fitting);
            continue;
        }
        lines.push_back(fmt::format("{}.{} is of type {}, and not all of it can be read as {}: {}", t.name, column.name,
                                    of.cast[i], column.sql_type, *why));
        if (of.columns[i] == t.key)
        {
            // Without keys there is nothing to compare with: all rows are those of nobody.
            of.list[i] = of.key = fmt::format("NULL::{}", column.sql_type);
            continue;
        }
        const auto at = static_cast<std::ptrdiff_t>(i);
        of.columns.erase(of.columns.begin() + at);
        of.types.erase(of.types.begin() + at);
        of.list.erase(of.list.begin() + at);
        of.cast.erase(of.cast.begin() + at);
    }
    std::ranges::reverse(lines);
    return lines;
}

}  // namespace bazaar::postgres
