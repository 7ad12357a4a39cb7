#include "bazaar/postgres/heartbeat.hpp"

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/identifier.hpp"
#include "columns.hpp"

namespace bazaar::postgres
{

std::string heartbeat_sql(std::string_view schema, const model::table& t)
{
    std::string_view moment;
    for (const auto& column : t.columns)
        if (column.kind == model::type::timestamp && live(column))
            moment = column.name;
    expect(!moment.empty(), "a heartbeat table has a column for the moment");
    return fmt::format(
        "INSERT INTO {0} ({1}, {2}) VALUES (1, now()) ON CONFLICT ({1}) DO UPDATE SET {2} = EXCLUDED.{2}",
        quote_qualified(schema, t.name), quote_identifier(t.columns[t.key].name), quote_identifier(moment));
}

void touch(session& on, std::string_view schema, const scenario::scenario& shop)
{
    for (const auto& t : shop.tables())
        if (t.kept_by == model::role::heartbeat && kept_here(t))
            on.exec(heartbeat_sql(schema, t));
}

}  // namespace bazaar::postgres
